/** Mixtures as scikit-learn and mclust write them: what is written reads back, and says the same by their own formulas. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, describe, expect, it } from 'vitest'
import { Key, Mixture, Problem } from '../../../src/index.js'
import * as Exchange from '../../../src/score/exchange.js'
import { SEED } from '../../cases.js'

const mixture = Mixture.of({
  means: [
    [-1, 0, 1],
    [2, 1, -1]
  ],
  covariances: [
    [
      [1, 0.6, 0.2],
      [0.6, 1.2, 0.3],
      [0.2, 0.3, 0.9]
    ],
    [
      [1, -0.4, 0],
      [-0.4, 2, 0.5],
      [0, 0.5, 1]
    ]
  ],
  weights: [0.4, 0.6]
})
const points = Mixture.sample(20)(Key.fromSeed(1))(mixture)

const same = (read: E.Either<Problem.Problems, Mixture.Mixture>): void => {
  if (E.isLeft(read)) throw new Error(read.left.map(Problem.show).join('; '))
  const [found, wanted] = [read.right, mixture].map(Mixture.logDensity(points))
  found.forEach((log, i) => {
    expect(log).toBeCloseTo(wanted[i], 12)
  })
}

it('scikit-learn: has the log-densities by its own formula, |xU − cU|² and log det U', () => {
  const { weights_, means_, precisions_cholesky_ } = Exchange.toScikitLearn(mixture)
  const { values } = points
  const logs = Mixture.logDensity(points)(mixture)
  logs.forEach((log, i) => {
    const x = values.subarray(3 * i, 3 * i + 3)
    const density = weights_.reduce((sum, weight, k) => {
      const u = precisions_cholesky_[k]
      const y = [0, 1, 2].map(j => u.reduce((sum, row, l) => sum + (x[l] - means_[k][l]) * row[j], 0))
      const det = u[0][0] * u[1][1] * u[2][2]
      expect([u[1][0], u[2][0], u[2][1]]).toEqual([0, 0, 0])
      return sum + (weight * det * Math.exp(-y.reduce((sum, v) => sum + v * v, 0) / 2)) / (2 * Math.PI) ** 1.5
    }, 0)
    expect(Math.log(density)).toBeCloseTo(log, 12)
  })
})

it('scikit-learn: is read in each covariance type', () => {
  const shared = { weights_: [0.5, 0.5], means_: [[0], [1]] }
  const variances = (found: object): ReadonlyArray<number> =>
    pipe(
      Exchange.fromScikitLearn({ ...shared, ...found }),
      E.match(
        () => [],
        ({ variances }) => Array.from(variances)
      )
    )
  expect(variances({ covariance_type: 'tied', covariances_: [[4]] })).toEqual([4, 4])
  expect(variances({ covariance_type: 'diag', covariances_: [[4], [9]] })).toEqual([4, 9])
  expect(variances({ covariance_type: 'spherical', covariances_: [4, 9] })).toEqual([4, 9])
})

it.each([
  [Exchange.fromScikitLearn, {}, 'covariance_type'],
  [
    Exchange.fromScikitLearn,
    { covariance_type: 'full', weights_: [1], means_: [[0]], covariances_: [[1]] },
    'covariances_'
  ],
  [
    Exchange.fromScikitLearn,
    { covariance_type: 'diag', weights_: [1], means_: [[0]], covariances_: [[-1]] },
    'variances'
  ],
  [Exchange.fromMclust, { pro: [1], mean: [[0]], variance: {} }, 'variance.sigma'],
  [Exchange.fromMclust, { pro: [0.5, 0.4, 0.1], mean: [0, 1], variance: { sigmasq: 1 }, Vinv: [0.1] }, 'Vinv: 0.1 is'],
  [Exchange.fromMclust, { pro: [0.5, 0.4, 0.1], mean: [0, 1], variance: { sigmasq: 1 }, Vinv: {} }, 'mean: of 2 comp'],
  [Exchange.fromMclust, { pro: [0.5, 0.5], mean: [[0, 1]], variance: { sigma: [[[1]]] } }, 'variance.sigma: of 1 comp'],
  [Exchange.fromMclust, { pro: [0.5, 0.5], mean: [0, 1], variance: { sigmasq: [1, 2, 3] } }, 'variances'],
  [Exchange.fromMclust, { pro: [], mean: [], variance: { sigmasq: 1 } }, 'means'],
  [Exchange.fromMclust, { pro: [1], mean: [[0], [1]], variance: { sigma: [[[1]]] } }, 'covariances[0]']
] as const)('refuses what is none', (read, json, field) => {
  const found = read(json)
  expect(E.isLeft(found) && Problem.show(found.left[0])).toContain(field)
})

const text = (written: string | Uint8Array): Uint8Array =>
  typeof written === 'string' ? new TextEncoder().encode(written) : written

it.each(Exchange.EXCHANGE_FORMS)('files: %s reads back, with the names of its columns', form => {
  const columns = ['a', 'b "c"', 'd']
  const found = Problem.orThrow(Exchange.read(text(Exchange.write(form)({ mixture, columns }))))
  same(E.right(found.mixture))
  expect(found.columns).toEqual(columns)
})

it('files: in a form that is none are refused by its name', () => {
  const form: string = 'pmml'
  const anything = (form: string): Exchange.Form => form as Exchange.Form
  expect(() => Exchange.write(anything(form))({ mixture: Mixture.of({ means: [[0], [3]] }), columns: null })).toThrow(
    /form: pmml is not one of sklearn, npz, safetensors, mclust, json; try/
  )
})

it('files: one column and one component, too', () => {
  const one = Mixture.of({ means: [[2]], variances: [9] })
  for (const form of Exchange.EXCHANGE_FORMS) {
    const found = Problem.orThrow(Exchange.read(text(Exchange.write(form)({ mixture: one, columns: null })))).mixture
    expect([...found.means.values, ...found.variances, ...found.weights]).toEqual([2, 9, 1])
  }
})

it('files: reads what scikit-learn learned and numpy.savez wrote, with its log-densities', () => {
  // GaussianMixture(2, random_state=0, tol=1e-8).fit(faithful).score_samples of the first five rows, scikit-learn 1.4.2
  const found = Problem.orThrow(
    Exchange.read(readFileSync(new URL('../../oracle/gaussianMixture.npz', import.meta.url)))
  )
  const values = Float64Array.of(3.6, 79, 1.8, 54, 3.333, 74, 2.283, 62, 4.533, 85)
  const logs = Mixture.logDensity({ rows: 5, dim: 2, values })(found.mixture)
  const theirs = [-4.636808315135151, -3.6721652982583803, -5.805710213566283, -4.267006855250222, -3.5004557187306897]
  theirs.forEach((log, i) => {
    expect(logs[i]).toBeCloseTo(log, 12)
  })
  expect(found.columns).toEqual(['eruptions', 'waiting'])
  // The same by numpy.savez_compressed, NumPy 2.4.6.
  const packed = readFileSync(new URL('../../oracle/gaussianMixture.compressed.npz', import.meta.url))
  expect(Problem.orThrow(Exchange.read(packed))).toEqual(found)
})

it('files: gives mclust the triangles that it takes its densities from, UᵀU = Σ', () => {
  const { cholsigma, sigma } = Exchange.toMclust(mixture).variance
  ;[0, 1].forEach(k => {
    ;[0, 1, 2].forEach(i => {
      ;[0, 1, 2].forEach(j => {
        const sum = [0, 1, 2].reduce((sum, l) => sum + cholsigma[l][i][k] * cholsigma[l][j][k], 0)
        expect(sum).toBeCloseTo(sigma[i][j][k], 14)
        if (i > j) expect(cholsigma[i][j][k]).toBe(0)
      })
    })
  })
})

it.each([
  ['{"weights_": [1]}', /covariance_type/],
  ['{"pro": [0.5, 0.5]}', /mean/],
  ['{}', /file: it is not a mixture/],
  ['x,y\n1,2', /file: it is not a mixture/],
  ['PK', /file: no zip archive, or one that is cut short is not a file of arrays/],
  ['{"means": [[0]], "variances": [-1]}', /file: it is not a mixture/]
])('files: refuses %s', (content, problem) => {
  const found = Exchange.read(text(content))
  expect(E.isLeft(found) && Problem.show(found.left[0])).toMatch(problem)
})

/** Whether a program runs here; where it does not, what it would check is skipped. */
const runs = (program: string, ...args: ReadonlyArray<string>): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('in their own programs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ornstein-exchange-'))
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })
  const saved = (form: Exchange.Form): string => {
    const path = join(folder, `mixture.${form}`)
    writeFileSync(path, Exchange.write(form)({ mixture, columns: null }))
    return path
  }
  const rows = Array.from({ length: points.rows }, (_, i) => Array.from(points.values.subarray(3 * i, 3 * i + 3)))
  const agrees = (printed: string): void => {
    const found = printed.trim().split(/\s+/).map(Number)
    const logs = Mixture.logDensity(points)(mixture)
    expect(found.length).toBe(points.rows)
    found.forEach((log, i) => {
      expect(log).toBeCloseTo(logs[i], 11)
    })
  }

  const PYTHON = '/usr/bin/python3'
  // Whether it is there is asked without loading it, which takes seconds; so are both files read by one process.
  it.skipIf(!runs(PYTHON, '-c', 'import importlib.util as u, sys; sys.exit(u.find_spec("sklearn") is None)'))(
    'scikit-learn has the same log-densities, from npz and from JSON',
    () => {
      const program = `
import sys, json, numpy
from sklearn.mixture import GaussianMixture
for path in sys.argv[2:]:
  found = numpy.load(path) if path.endswith('npz') else {k: numpy.array(v) for k, v in json.load(open(path)).items()}
  model = GaussianMixture(len(found['weights_']), covariance_type=str(found['covariance_type']))
  for name in ['weights_', 'means_', 'covariances_', 'precisions_cholesky_']: setattr(model, name, found[name])
  print(*[repr(float(x)) for x in model.score_samples(numpy.array(json.loads(sys.argv[1])))])`
      const files = (['npz', 'sklearn'] as const).map(saved)
      const printed = execFileSync(PYTHON, ['-c', program, JSON.stringify(rows), ...files], { encoding: 'utf8' })
      expect(printed.trim().split('\n')).toHaveLength(files.length)
      printed.trim().split('\n').forEach(agrees)
    }
  )

  it.skipIf(
    !runs(
      'Rscript',
      '-e',
      'quit(status = "" %in% c(system.file(package = "mclust"), system.file(package = "jsonlite")))'
    )
  )('mclust has the same log-densities, from JSON', () => {
    const program =
      `suppressMessages(library(mclust)); p <- jsonlite::read_json("${saved('mclust')}", simplifyVector = TRUE); ` +
      `x <- matrix(c(${rows.flat().join(',')}), ncol = 3, byrow = TRUE); ` +
      'cat(sprintf("%.14f", dens(x, modelName = p$variance$modelName, parameters = p, logarithm = TRUE)))'
    agrees(execFileSync('Rscript', ['-e', program], { encoding: 'utf8' }))
  })
})

describe('a file that is hostile or damaged', () => {
  const bytesOf = (form: Exchange.Form): Uint8Array => text(Exchange.write(form)({ mixture, columns: ['a', 'b', 'c'] }))
  const replaced = (bytes: Uint8Array, from: string, to: string): Uint8Array => {
    const found = Buffer.from(bytes)
    const at = found.indexOf(from, 0, 'latin1')
    if (at < 0 || from.length !== to.length) throw new Error(`${from} is not there, or not as long as ${to}`)
    found.write(to, at, 'latin1')
    return Uint8Array.from(found)
  }
  /** The header of an array of npz with other words; blanks fill it. */
  const npzWith = (from: string, to: string): Uint8Array => {
    const npz = bytesOf('npz')
    const found = Buffer.from(npz).toString('latin1')
    const at = found.indexOf(from)
    const rest = found.slice(at, found.indexOf('\n', at))
    return replaced(npz, rest, rest.replace(from, to).trimEnd().padEnd(rest.length))
  }
  const safetensorsWith = (header: string, data = 8): Uint8Array => {
    const about = text(header)
    const out = new Uint8Array(8 + about.length + data)
    new DataView(out.buffer).setBigUint64(0, BigInt(about.length), true)
    out.set(about, 8)
    return out
  }
  const one = (shape: string, to = 8): string => `{"means_":{"dtype":"F64","shape":${shape},"data_offsets":[0,${to}]}}`
  /** The directory names one member again and again. */
  const overlapping = (times: number): Uint8Array => {
    const npz = Buffer.from(bytesOf('npz'))
    const end = npz.lastIndexOf('PK\x05\x06', undefined, 'latin1')
    const from = npz.readUInt32LE(end + 16)
    const next = npz.indexOf('PK\x01\x02', from + 4, 'latin1')
    const all = Buffer.concat([npz.subarray(0, from), ...Array.from({ length: times }, () => npz.subarray(from, next)), npz.subarray(end)]) // prettier-ignore
    const last = all.length - (npz.length - end)
    all.writeUInt16LE(times, last + 8)
    all.writeUInt16LE(times, last + 10)
    return Uint8Array.from(all)
  }
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  it.each([
    ['a type that every object has', npzWith("'<f8'", "'toString'")],
    ['a type that is its prototype', npzWith("'<f8'", "'__proto__'")],
    ['words without letters', npzWith("'<U4', 'fortran_order': False, 'shape': ()", "'<U0', 'fortran_order': True, 'shape': (1000000000,)")], // prettier-ignore
    ['an axis of 0 beside a long one', npzWith('(2, 3)', '(1000000000, 0)')],
    ['an axis beyond whole numbers', npzWith('(2, 3)', '(9007199254740993, 3)')],
    ['an axis that is none', npzWith('(2, 3)', '(nan, -1)')],
    ['members that overlap', overlapping(4000)],
    ['the same of safetensors, an axis of 0', safetensorsWith(one('[1000000000,0]', 0), 0)],
    ['an axis of 2⁵³', safetensorsWith(one('[9007199254740992,0]', 0), 0)],
    ['3 000 axes', safetensorsWith(one(`[${'1,'.repeat(2999)}1]`))],
    ['brackets in a header', safetensorsWith(`{"a":${deep}}`)],
    ['brackets in names of columns', safetensorsWith(`{"__metadata__":{"feature_names_in_":"${'['.repeat(100_000)}"}}`, 0)], // prettier-ignore
    ['brackets', text(deep)],
    ['brackets in weights', text(`{"weights_":${deep}}`)],
    ['brackets in pro', text(`{"pro":${deep}}`)],
    ['brackets in means', text(`{"means":${deep}}`)],
    ['a prototype', text('{"__proto__":{"weights_":[1]},"pro":"constructor"}')]
  ])('is refused in a sentence: %s', (_, bytes) => {
    // Without bounds these take minutes, beyond the limit of a test, or all memory.
    const found = Exchange.read(bytes)
    if (E.isRight(found)) throw new Error('it was read')
    expect(found.left.map(Problem.show).join('; ').length).toBeLessThan(10_000)
  })

  it.each(Exchange.EXCHANGE_FORMS)('is read or refused, whatever has happened to it: %s', form => {
    const whole = bytesOf(form)
    const random = Key.uniform(4 * 200)(Key.child(form.length)(Key.fromSeed(SEED)))
    const sizes = [0, 1, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
    for (let i = 0; i < 200; i++) {
      const [what, place, by, other] = random.subarray(4 * i, 4 * i + 4)
      const at = Math.floor(place * whole.length)
      const damaged = new DataView(whole.slice().buffer)
      if (what < 0.5) damaged.setUint8(at, damaged.getUint8(at) ^ (1 << Math.floor(8 * by)))
      else if (what < 0.7) damaged.setUint32(Math.min(at, whole.length - 4), sizes[Math.floor(6 * by)], true)
      const bytes = new Uint8Array(damaged.buffer)
      const to = Math.floor(other * whole.length)
      const given = what < 0.7 ? bytes : what < 0.85 ? bytes.subarray(0, at) : Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(to)) // prettier-ignore
      expect(() => Exchange.read(given), `seed ${SEED}, ${i}`).not.toThrow()
    }
  })
})
