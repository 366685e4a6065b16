/** The command line: what a user types, what is printed, and the exit code. */
import { chmodSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Key, Mixture, Points } from '../../../src/index.js'
import { example, place, type Told } from './harness.js'
import { played, replays } from '../../golden/sessions.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

/** Two round components on the columns as they are, but where a line says otherwise. */
const settled = (line: string): string =>
  line.includes('--pipeline')
    ? line
    : [
        line,
        ...(/ (-k|--components|--family symmetric-pair)\b/.test(line) ? [] : ['-k 2']),
        ...(line.includes('--family') ? [] : ['--family isotropic']),
        ...(line.includes('-standardize') ? [] : ['--no-standardize'])
      ].join(' ')

const learned = (line: string, stdin = ''): Promise<Told> => here.told(`fit ${settled(line)}`, { stdin })
const known = new Map<string, ReturnType<typeof learned>>()
/** Learned once, where a line names no file of the folder, which may be another by then. */
const fitted = (line: string, stdin?: string): ReturnType<typeof learned> => {
  if (line.includes('@') || stdin !== undefined) return learned(line, stdin)
  const found = known.get(line) ?? learned(line)
  known.set(line, found)
  return found
}

const rowsOf = (csv: string): ReadonlyArray<ReadonlyArray<number>> =>
  csv
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.split(',').map(Number))

/** Σ log Σ π_k N(x; c_k, diag v_k) / n, written out. */
const logLikelihood = (
  rows: ReadonlyArray<ReadonlyArray<number>>,
  { weights, means, variances }: Pick<Told, 'weights' | 'means' | 'variances'>
): number => {
  const density = (x: ReadonlyArray<number>, k: number): number =>
    x.reduce((p, xj, j) => {
      const v = variances[k][j]
      return (p * Math.exp(-((xj - means[k][j]) ** 2) / (2 * v))) / Math.sqrt(2 * Math.PI * v)
    }, weights[k])
  const logs = rows.map(x => Math.log(weights.reduce((sum, _, k) => sum + density(x, k), 0)))
  return logs.reduce((sum, value) => sum + value, 0) / rows.length
}

beforeAll(async () => {
  mkdirSync(here.at('folder'))
  await played('files', here)
  const plan = 'fit %faithful.csv --family isotropic --no-standardize -k 3 --recipe spectral --print-pipeline'
  here.write('own.json', (await ornstein(plan)).stdout)
})

replays('people', here)

describe('fit', () => {
  it('finds the eruptions of Old Faithful', async () => {
    for (const recipe of [
      '',
      '--recipe two-stage',
      '--recipe em',
      '--recipe maximum-likelihood',
      '--recipe spectral'
    ]) {
      const { means, weights, components, dim, columns, converged } = await fitted(
        `%faithful.csv --components 2 --standardize ${recipe}`
      )
      expect({ components, dim, columns }).toEqual({ components: 2, dim: 2, columns: ['eruptions', 'waiting'] })
      // Maximum likelihood of round components puts the centres near (2.04, 54.5) and (4.29, 80.0).
      const near = (found: ReadonlyArray<number>, wanted: readonly [number, number]): void => {
        expect(Math.abs(found[0] - wanted[0])).toBeLessThan(0.005)
        expect(Math.abs(found[1] - wanted[1])).toBeLessThan(0.05)
      }
      near(means[0], [2.04, 54.5])
      near(means[1], [4.29, 80.0])
      expect(weights[0] + weights[1]).toBeCloseTo(1, 14)
      expect(converged).toBe(true)
    }
  })

  // The scales of columns are parameters of families that have one scale, or none, of their own.
  it.each([
    ['isotropic', '--standardize --recipe em', 8],
    ['isotropic', '--recipe em', 7],
    ['spherical', '--standardize --family spherical --recipe em', 6],
    ['symmetric-pair', '--standardize --family symmetric-pair', 4],
    ['isotropic', '--standardize --recipe em -k 3', 12],
    ['isotropic', '--standardize --recipe em -k 1', 4]
  ])('tells the likelihood in the units of the data: %s %s', async (family, options, parameters) => {
    const found = await fitted(`%faithful.csv ${options}`)
    expect(found).toMatchObject({ family, parameters, rows: 272 })
    const { logLikelihood: told, bic, sizes } = found
    const rows = rowsOf(readFileSync(example('faithful.csv'), 'utf8'))
    const wanted = logLikelihood(rows, found)
    // 272 sums of a few exponentials: some 1e3 roundings of 2⁻⁵³ each, most of which cancel.
    expect(Math.abs(told - wanted)).toBeLessThan(1e-12 * Math.abs(wanted))
    expect(bic).toBeCloseTo(-2 * 272 * wanted + parameters * Math.log(272), 8)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeCloseTo(272, 10)
  })

  it('keeps a pair symmetric about 0, or about the mean of standardized data', async () => {
    const centred = await fitted('%faithful.csv --standardize --family symmetric-pair')
    const { stdout } = await ornstein('fit %faithful.csv --no-standardize --family symmetric-pair --out @raw.json')
    const { mixture: raw } = JSON.parse(here.read('raw.json')) as { mixture: typeof centred }
    const middle = ({ means: [a, b] }: { means: ReadonlyArray<ReadonlyArray<number>> }): ReadonlyArray<number> =>
      a.map((x, j) => (x + b[j]) / 2)
    expect(middle(centred)[0]).toBeCloseTo(3.4877830882352936, 10)
    expect(middle(centred)[1]).toBeCloseTo(70.8970588235294, 10)
    expect(middle(raw)).toEqual([0, 0])
    expect(stdout).toContain(
      'The pair is symmetric about 0, but the mean of the data is eruptions 3.49, waiting 70.9. --standardize moves it to 0.'
    )
  })

  it('counts a row of weight 2 as two rows', async () => {
    const rows = [1, 1.1, 1.3, 0.8, 5, 5.2, 4.9, 5.3, 5.1]
    const weights = rows.map((_, i) => (i % 3) + 1)
    here.write('weighted.csv', `x,w\n${rows.map((x, i) => `${x},${weights[i]}`).join('\n')}\n`)
    here.write('repeated.csv', `x\n${rows.flatMap((x, i) => Array<number>(weights[i]).fill(x)).join('\n')}\n`)
    const weighted = await fitted('@weighted.csv --weights w --recipe em --standardize')
    const repeated = await fitted('@repeated.csv --recipe em --standardize')
    expect(weighted.rows).toBe(9)
    expect(repeated.rows).toBe(18)
    // Expectation–maximization stops when it moves by 1e-8 of itself; these clusters are so far apart that it is then there.
    for (const key of ['logLikelihood', 'bic'] as const) expect(weighted[key]).toBeCloseTo(repeated[key], 6)
    expect(weighted.means[0][0]).toBeCloseTo(repeated.means[0][0], 6)
    expect(weighted.ignored).toEqual([])
  })

  const asked = (names: ReadonlyArray<string>): object => names.map(name => ({ name, why: 'not asked for' }))
  it.each([
    ['--columns, by place', '%faithful.csv --columns 2', { columns: ['waiting'], ignored: asked(['eruptions']) }],
    [
      '--columns, in another order',
      '%faithful.csv --columns waiting,eruptions',
      { columns: ['waiting', 'eruptions'], ignored: [] }
    ],
    ['words are ignored', '@names.csv', { columns: ['x'], ignored: [{ name: 'city', why: 'text' }], rows: 4 }],
    ['--missing drop', '@holes.csv --columns a,b --missing drop -k 1', { rows: 2, dropped: 2, ignored: asked(['w']) }],
    ['--no-header', '@bare.csv --no-header', { columns: ['column 1', 'column 2'], rows: 6 }],
    ['--header', '@bare.csv --header', { columns: ['1', '2'], rows: 5 }],
    ['--delimiter', '@semicolon.csv --delimiter |', { columns: ['a', 'b'], rows: 4 }],
    ['--seed', '%faithful.csv --seed 12', { seed: 12 }],
    ['--recipe', '%faithful.csv --recipe maximum-likelihood', { recipe: 'maximum-likelihood', standardized: false }],
    ['--components', '%iris.csv -k 3', { components: 3, dim: 4 }]
  ])('%s', async (_, line, wanted) => {
    expect(await fitted(line.includes('--recipe') ? line : `${line} --recipe em`)).toMatchObject(wanted)
  })

  it('tells by JSON what these fields say', async () => {
    const lists = ['columns', 'means', 'weights', 'variances', 'sizes', 'redundancies', 'unsupported', 'atMinVariance']
    const numbers = ['components', 'dim', 'logLikelihood', 'bic', 'parameters', 'rows', 'dropped', 'steps', 'seed']
    const found = (await fitted('%faithful.csv --recipe em')) as unknown as Readonly<Record<string, unknown>>
    for (const name of [...lists, 'ignored', 'stages']) expect(Array.isArray(found[name]), name).toBe(true)
    for (const name of numbers) expect(typeof found[name], name).toBe('number')
    expect(found).toMatchObject({ family: 'isotropic', recipe: 'em', converged: true, standardized: false })
  })

  it('reads standard input', async () => {
    expect(await fitted('- -k 1 --recipe em', 'p,q\n1,2\n3,4\n5,5\n')).toMatchObject({ columns: ['p', 'q'], rows: 3 })
  })

  it('gives the same numbers for the same seed, and others for another', async () => {
    // five steps on noise and starts that are drawn
    const line = '%faithful.csv --standardize --pipeline @pipeline.json --seed'
    const a = await fitted(`${line} 3`)
    const b = await fitted(`${line} 3`)
    const c = await fitted(`${line} 4`)
    expect(a).toEqual(b)
    expect(a.means).not.toEqual(c.means)
  })

  it('tells of each of the stages that a pipeline comes to', async () => {
    const { stages, ...rest } = JSON.parse(here.read('pipeline.json')) as { stages: ReadonlyArray<object> }
    const [stage] = stages
    const em = { _tag: 'expectationMaximization', steps: 50, relativeChange: 1e-3, varianceFloor: 1e-6 }
    here.write('nested.json', JSON.stringify({ ...rest, stages: [{ _tag: 'anneal', times: [1, 0.25], stage }, em] }))
    const { stages: told, steps, converged } = await fitted('%faithful.csv --standardize --pipeline @nested.json')
    expect(told.map(({ formula, endedBy }) => [formula, endedBy])).toEqual([
      ['minimise E |s(x_t) + z/σ|², at t = 1', 'steps'],
      ['minimise E |s(x_t) + z/σ|², at t = 0.25', 'steps'],
      ['θ ← argmax E[log p(x_0, i; θ) | x_0; θ_old]', 'relativeChange']
    ])
    expect(steps).toBe(told.reduce((sum, { steps }) => sum + steps, 0))
    expect(converged).toBe(true)
    const { stdout } = await ornstein('fit %faithful.csv --standardize --pipeline @nested.json --verbose')
    expect(stdout).toContain(
      'stage 2  minimise E |s(x_t) + z/σ|², at t = 0.25; gradient descent at rate 0.1, Expectation.monteCarlo(); all 5 steps\n'
    )
    expect(stdout).toContain('closed form;')
  })

  it('learns in other ways too when asked, in each as it does alone', async () => {
    const what = ['recipe', 'means', 'weights', 'logLikelihood', 'steps', 'converged'] as const
    const shown = (fit: Told): ReadonlyArray<unknown> => what.map(key => fit[key])
    for (const [how, ...others] of [
      ['--recipe two-stage', 'em', 'annealed'],
      ['--pipeline @pipeline.json', 'em']
    ]) {
      const line = settled(`%faithful.csv --standardize ${how}`)
      const all = await here.told(`fit ${line} --compare ${others.join(',')}`)
      const alone = await Promise.all(
        [how, ...others.map(name => `--recipe ${name}`)].map(each => fitted(`%faithful.csv --standardize ${each}`))
      )
      expect([all, ...all.compared].map(shown)).toEqual(alone.map(shown))
    }
  })

  it('tells of components that are at the minimum variance', async () => {
    // Two groups of deviation 1, and one row a million deviations off.
    const { rows, values } = Mixture.sample(200)(Key.fromSeed(1))(Mixture.of({ means: [[-5], [5]] }))
    here.write('wild.csv', `x\n${[...values.subarray(0, rows), 1e6].join('\n')}\n`)
    const { variances, atMinVariance } = await fitted('@wild.csv -k 3')
    expect(atMinVariance).toEqual([3])
    // Deviations of 100 rows have standard errors of 0.07.
    for (const [variance] of variances.slice(0, 2)) expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(0.35)
    expect((await ornstein('fit @wild.csv --family isotropic --no-standardize -k 3')).stdout).toContain(
      'Component 3 is at the minimum variance'
    )
    expect((await fitted('%faithful.csv --standardize')).atMinVariance).toEqual([])
  })

  it('names the components as it prints them', async () => {
    // Three centres out of order, two of them all but the same, and no stage that could move them.
    const { schedule } = JSON.parse(here.read('pipeline.json')) as { schedule: unknown }
    const score = { _tag: 'isotropic', components: 3 }
    const initializer = { _tag: 'centres', centres: [[9], [1.001], [1]] }
    here.write('unsorted.json', JSON.stringify({ schedule, score, initializer, stages: [] }))
    here.write('three.csv', `x\n${[0, 1, 2, 8, 9, 10].join('\n')}\n`)
    const line = '@three.csv --pipeline @unsorted.json'
    const { means, redundancies } = await fitted(line)
    expect(means).toEqual([[1], [1.001], [9]])
    expect(redundancies).toMatchObject([{ _tag: 'Merged', components: [1, 2] }])
    expect((await ornstein(`fit ${line}`)).stdout).toContain('Components 1 and 2 are all but the same')
  })

  it.each([1e100, 1e-100, 1e140])('learns in any unit: %d', async unit => {
    const values = [1, 1.5, 2, 8, 8.75, 9.25]
    here.write('unit.csv', `x\n${values.map(x => x * unit).join('\n')}\n`)
    here.write('one.csv', `x\n${values.join('\n')}\n`)
    const options = '--standardize --recipe em'
    const { means, variances } = await fitted(`@one.csv ${options}`)
    const inUnits = await fitted(`@unit.csv ${options} --out @unit.json`)
    // Standardized values differ by the roundings of x · unit, 2⁻⁵³ each, over a spread of a third of their size.
    inUnits.means.forEach(([m], k) => expect(m / unit).toBeCloseTo(means[k][0], 11))
    inUnits.variances.forEach(([v], k) => expect(v / unit / unit).toBeCloseTo(variances[k][0], 11))
    expect((await ornstein('evaluate @unit.json @unit.csv')).exit).toBe(0)
  })

  it('shows progress to a person alone, on a line that it clears', async () => {
    let clock = 0
    const now = (): number => (clock += 30)
    const watched = await ornstein('fit %faithful.csv -k 2 --family isotropic --standardize --recipe two-stage', {
      isTTY: true,
      now
    })
    const written = watched.stderr.split('\r\x1b[2K')
    expect([written[0], written.at(-1)]).toEqual(['', ''])
    // What nobody can say of how far it has come, and what stages tell.
    expect(written.filter(text => text.endsWith(' …'))).toEqual([
      'reading faithful.csv …',
      'looking for outliers and for better places of components …'
    ])
    const steps = written.filter(text => text !== '' && !text.endsWith(' …'))
    expect(steps[0]).toMatch(/^loss [\d.]+, step 1 of 150, stage 1 of 4$/)
    expect(steps.at(-1)).toMatch(
      /^(loss|log-likelihood per row) -?[\d.]+, step \d+ of \d+, stage [234] of 4(, at most \d+ s left)?$/
    )
    // Ten lines a second: with 30 ms between two looks at the clock, two for a step, not every step is told.
    expect(written.length).toBeLessThan(300)
    expect(watched.stderr).not.toContain('\n')
    const line = 'fit %faithful.csv -k 2 --family isotropic --recipe em'
    expect((await ornstein(line, { now })).stderr).toBe('')
    expect((await ornstein(`${line} --quiet`, { isTTY: true, now })).stderr).toBe('')
    expect((await ornstein(line, { isTTY: true, now })).stderr).not.toBe('')
  })

  it('prints its pipeline, which gives the same result when read back', async () => {
    const { stdout, exit } = await ornstein('fit %faithful.csv -k 2 --family isotropic --standardize --print-pipeline')
    expect(exit).toBe(0)
    here.write('printed.json', stdout)
    const byRecipe = await fitted('%faithful.csv --standardize')
    const byPipeline = await fitted('%faithful.csv --standardize --pipeline @printed.json')
    expect({ ...byPipeline, recipe: '' }).toEqual({ ...byRecipe, recipe: '' })
    expect((await fitted('%faithful.csv --standardize --pipeline @pipeline.json')).steps).toBe(5)
  })
})

it.each([
  ['EII', 'tied-isotropic'],
  ['VII', 'isotropic'],
  ['EEI', 'tied-diagonal'],
  ['VVI', 'diagonal'],
  ['EEE', 'tied'],
  ['VVV', 'full']
])('%s of mclust is %s', async (name, family) => {
  const theirs = await ornstein(`fit %faithful.csv -k 1 --family ${name} --recipe em --json`)
  expect(theirs.exit).toBe(0)
  expect(theirs).toEqual(await ornstein(`fit %faithful.csv -k 1 --family ${family} --recipe em --json`))
})

it('covariances of mclust that have no other name are chosen among, kept and read', async () => {
  const { family, choice, logLikelihood } = await here.told(
    'fit %faithful.csv -k 2 --family VVE,EVI --criterion bic --out @vve.json'
  )
  expect(choice.candidates.map(one => one.family).sort()).toEqual(['EVI', 'VVE'])
  expect(['EVI', 'VVE']).toContain(family)
  expect((await here.told('evaluate @vve.json %faithful.csv')).logLikelihood).toBe(logLikelihood)
})

describe('what is wrong', () => {
  replays('wrong', here)

  it('reads a table as people have it: packed, with lines above, comments, decimal commas and missing cells', async () => {
    here.write('plain.csv', 'x,y\n1.5,2\n2,-0.25\n1000.5,3\n')
    here.write('dressed.csv.gz', gzipSync('made by X\nx;y\n1,5;2\n# so far\n2;-,25\n-999;1\n1.000,5;3\n'))
    const how = '-k 1 --family isotropic --recipe em'
    const read = await here.told(`fit @dressed.csv.gz --skip 1 --comment # --decimal , --na -999 --missing drop ${how}`)
    expect(read).toEqual({ ...(await here.told(`fit @plain.csv ${how}`)), dropped: 1 })
  })

  it('sends nothing to a terminal that comes with a name', async () => {
    here.write('escape.csv', 'a\u001b]0;mine\u0007,b,\u009b2J\n1,2,x\n3,5,y\n2,2,z\n')
    const { stdout } = await ornstein('fit @escape.csv --family isotropic --no-standardize --recipe em -k 1')
    const { stderr } = await ornstein('fit @escape.csv -k 2 --family isotropic --no-standardize --columns c')
    for (const text of [stdout, stderr]) {
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
      expect(text).toContain('a\\u001b]0;mine\\u0007')
    }
  })
})

describe('help', () => {
  replays('help', here)

  it.each([
    ['-h', '--help'],
    ['help', '--help'],
    ['help fit', 'fit --help'],
    ['help sample', 'sample --help']
  ])('%s is %s', async (line, same) => {
    expect(await ornstein(line)).toEqual(await ornstein(same))
  })
})

describe('the README', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
  const shown = [...readme.matchAll(/```text\n\$ npx ornstein (.+)\n([\s\S]*?)```/g)]
  it.each(shown.map(([, args, output]) => ({ args, output })))('shows what is printed: $args', async shown => {
    const { exit, stdout } = await ornstein(shown.args.replace('examples/data/', '%'))
    // Here, the folder of the examples is left out.
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: shown.output.replaceAll('examples/data/', '') })
  })
})

describe('models', () => {
  it('come back with the same bits', async () => {
    const found = await fitted('%faithful.csv --standardize --recipe em')
    const { mixture, standardization, fit } = JSON.parse(here.read('model.json')) as Record<string, unknown>
    expect(mixture).toEqual({ weights: found.weights, means: found.means, variances: found.variances })
    expect(standardization).toMatchObject({ centre: [expect.closeTo(3.48778, 5), expect.closeTo(70.89706, 5)] })
    const { rows, logLikelihood, bic, parameters, steps, converged } = found
    expect(fit).toEqual({ rows, logLikelihood, bic, parameters, steps, converged })

    expect(await here.told('evaluate @model.json %faithful.csv')).toEqual({
      rows: 272,
      dropped: 0,
      columns: ['eruptions', 'waiting'],
      logLikelihood,
      bic,
      parameters,
      sizes: found.sizes
    })
  })

  it('write the probability of each component', async () => {
    const { exit, stdout } = await ornstein('evaluate @model.json %faithful.csv --responsibilities @parts.csv')
    expect(exit).toBe(0)
    const [header] = here.read('parts.csv').split('\n')
    expect(header).toBe('row,component 1,component 2')
    const rows = rowsOf(here.read('parts.csv'))
    expect(rows.length).toBe(272)
    for (const [, a, b] of rows) expect(a + b).toBeCloseTo(1, 12)
    const size = rows.reduce((sum, [, a]) => sum + a, 0)
    expect(stdout).toContain(`  1          ${String(Number(size.toPrecision(4)))}  `)
  })

  it('give rows: the same for the same seed, fewer the first of more, in the units of the data', async () => {
    const sample = async (options: string): Promise<string> => (await ornstein(`sample @model.json ${options}`)).stdout
    expect(await sample('-n 50 --seed 5')).toBe(await sample('-n 50 --seed 5'))
    expect(await sample('-n 50 --seed 5')).not.toBe(await sample('-n 50 --seed 6'))
    const many = await sample('-n 9000')
    expect(many.startsWith(await sample('-n 100'))).toBe(true)
    expect(many.match(/eruptions,waiting/g)?.length).toBe(1)
    expect(new Set(many.split('\n')).size).toBe(9002)
    const rows = rowsOf(many)
    expect(rows.length).toBe(9000)
    // Means 3.488 and 70.90, standard deviations 1.14 and 13.6: 5 standard errors of 9000 rows.
    expect(Math.abs(rows.reduce((sum, [x]) => sum + x, 0) / 9000 - 3.488)).toBeLessThan((5 * 1.14) / Math.sqrt(9000))
    expect(Math.abs(rows.reduce((sum, [, y]) => sum + y, 0) / 9000 - 70.897)).toBeLessThan((5 * 13.6) / Math.sqrt(9000))
  })

  type Changes = Readonly<Record<string, unknown>>
  const triangles = [[[0.5, 0], [-0.25, 2]], [[1, 0], [3, 0.125]]] // prettier-ignore
  it.each<[string, Changes]>([
    ['a variance for each component', {}],
    ['one for each column', { variances: [[1, 2], [0.25, 0.5]] }], // prettier-ignore
    ['columns that hang together', { factors: triangles }],
    ['weights that sum to 1 but for rounding', { weights: [0.3, 0.7 + 1e-12] }]
  ])('draw from their mixture: %s', async (_, changes) => {
    const model = JSON.parse(here.read('model.json')) as { columns: string[]; mixture: Mixture.Description }
    const written: Mixture.Description = { ...model.mixture, ...changes }
    here.write('changed.json', JSON.stringify({ ...model, mixture: written }))
    // With factors, variances are but their diagonal.
    const { weights = [], means, factors } = written
    const mixture = Mixture.of(factors === undefined ? written : { weights, means, factors })
    const { dim, values } = Mixture.sample(4096)(Key.child(0)(Key.fromSeed(3)))(mixture)
    expect((await ornstein('sample @changed.json -n 40 --seed 3')).stdout).toBe(
      Points.toCsv({ rows: 40, dim, values: values.slice(0, 40 * dim) }, model.columns)
    )
  })

  it('can be learned again from what they gave', async () => {
    here.write('drawn.csv', (await ornstein('sample @model.json -n 4000 --seed 9')).stdout)
    const { means } = await fitted('@drawn.csv --standardize --recipe em')
    const { mixture } = JSON.parse(here.read('model.json')) as { mixture: { means: ReadonlyArray<[number, number]> } }
    // 5 standard errors of the mean of a third of 4000 rows of standard deviation 0.46 and 5.5.
    means.forEach(([x, y], k) => {
      expect(Math.abs(x - mixture.means[k][0])).toBeLessThan((5 * 0.46) / Math.sqrt(1333))
      expect(Math.abs(y - mixture.means[k][1])).toBeLessThan((5 * 5.5) / Math.sqrt(1333))
    })
  })
})

describe('outputs', () => {
  it('leave the old file when the work fails, and no other', async () => {
    const before = here.list()
    for (const line of [
      'fit %faithful.csv --pipeline @wild.json --out @old.txt',
      'fit @ragged.csv -k 2 --family isotropic --no-standardize --out @old.txt',
      'fit %faithful.csv -k 2 --family isotropic --no-standardize --out @old.txt --report @none/r.html',
      'evaluate @model.json @ragged.csv --responsibilities @old.txt'
    ]) {
      const { exit, stdout } = await ornstein(line)
      expect(exit).toBeGreaterThan(0)
      expect(stdout).toBe('')
      expect(here.read('old.txt')).toBe('old')
      expect(here.list()).toEqual(before)
    }
  })

  it('are checked before the work starts', async () => {
    let read = 0
    const { exit } = await ornstein('fit %faithful.csv -k 2 --family isotropic --no-standardize --out @none/m.json', {
      readTable: () => () => {
        read++
        return Promise.resolve(E.right(Points.readCsv('1\n')))
      }
    })
    expect({ exit, read }).toEqual({ exit: 2, read: 0 })
  })

  it('keep the mode of a file and go through links', async () => {
    here.write('target.json', 'old')
    chmodSync(here.at('target.json'), 0o640)
    symlinkSync(here.at('target.json'), here.at('link.json'))
    expect(
      (
        await ornstein(
          'fit %faithful.csv -k 2 --family isotropic --no-standardize --recipe em --quiet --out @link.json'
        )
      ).exit
    ).toBe(0)
    expect(lstatSync(here.at('link.json')).isSymbolicLink()).toBe(true)
    expect(readlinkSync(here.at('link.json'))).toBe(here.at('target.json'))
    expect(statSync(here.at('target.json')).mode & 0o777).toBe(0o640)
    expect(here.read('target.json')).toContain('ornstein-model')
    expect(here.list().filter(name => name.endsWith('.tmp'))).toEqual([])
  })
})

describe('a world that changes under the work', () => {
  it('loses neither the old file nor the message when a folder is gone at the end', async () => {
    const { nodeFiles: files } = await import('../../../src/cli/files.js')
    const { writeFiles } = files([] as unknown as AsyncIterable<string>)
    const result = await writeFiles([
      { option: '--out', path: here.at('old.txt'), text: 'new' },
      { option: '--report', path: here.at('gone/r.html'), text: 'new' }
    ])()
    expect(
      pipe(
        result,
        E.match(
          ({ exit, problems: [{ field }] }) => ({ exit, field }),
          () => null
        )
      )
    ).toEqual({ exit: 1, field: '--report' })
    expect(here.read('old.txt')).toBe('old')
    expect(here.list().filter(name => name.endsWith('.tmp'))).toEqual([])
  })
})
