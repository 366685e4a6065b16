/** Inventions of families of mixtures and of covariances, and of codecs. */
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import * as t from 'io-ts'
import {
  add,
  div,
  exp,
  expandDims,
  log,
  log1p,
  logSoftmax,
  mul,
  softmax,
  square,
  squaredDistances,
  sub,
  sum,
  type Tensor
} from '../../../lib/index.js'
import { Field, Mixture, Params, type Schedule, Score } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { multiple, type Multiple } from '../../byHand.js'
import { about, ofConcept, word } from './invention.js'

// —— families by hand: one variance for each column, shared by all components ——

type Banded = 'means' | 'logits' | 'logVariances'
interface Columns {
  /** The variance at a level, of the clean one; by default α²v + σ². */
  readonly variance?: (v: Tensor, level: Score.RowLevel) => Tensor
  readonly centre?: (c: Tensor, level: Score.RowLevel) => Tensor
  /** Where it says that centres are. */
  readonly told?: (c: Tensor) => Tensor
  /** What is added to each column of −½ δ²/u, and to the logarithm of the weights. */
  readonly constant?: (u: Tensor) => Tensor
  readonly logWeights?: (logits: Tensor) => Tensor
  readonly power?: (distance: Tensor) => Tensor
  /** How many parameters it says are free. */
  readonly free?: (components: number, dim: number) => number
  /** The parameter of a variance that it starts with. */
  readonly starts?: (variance: number) => number
  /** What it says of itself beside its components. */
  readonly says?: Partial<Score.Capabilities<Banded>>
}
const banded = (
  {
    variance = (v, { alpha, sigma }) => add(mul(square(alpha), v), square(sigma)),
    centre = (c, { alpha }) => mul(expandDims(alpha, 2), c),
    told = c => c,
    constant = u => mul(-0.5, log(mul(2 * Math.PI, u))),
    logWeights = logSoftmax,
    power = distance => distance,
    free = (components, dim) => components * (dim + 1) - 1 + dim,
    says: { score, mStep, toMixture, scaled, shifted, distance, unitVariance, closedUnder } = {},
    starts = Math.log
  }: Columns,
  name: string
): ReadonlyArray<laws.Law> =>
  laws.score(
    Score.family({
      name: word(name),
      about: name,
      fields: { components: Field.count({ suggestion: 2 }) },
      parameters:
        ({ components }) =>
        (dim): Params.Shapes<Banded> => ({ means: [components, dim], logits: [components], logVariances: [dim] }),
      degreesOfFreedom:
        ({ components }) =>
        dim =>
          free(components, dim),
      components:
        () =>
        ({ means, logits, logVariances }) => ({
          logWeights: logWeights(logits),
          centres: told(means),
          logDensity: (x, level) => {
            const u = variance(expandDims(exp(logVariances), 0), level)
            const delta = sub(expandDims(x, 1), centre(expandDims(means, 0), level))
            const distance = div(square(delta), expandDims(u, 1))
            return sum(add(mul(-0.5, power(distance)), expandDims(constant(u), 1)), 2)
          }
        }),
      ...(score && { score: () => score }),
      ...(mStep && { mStep: () => mStep }),
      ...(toMixture && { toMixture: () => toMixture }),
      ...(scaled && { scaled: () => scaled }),
      ...(shifted && { shifted: () => shifted }),
      ...(distance && { distance: () => distance }),
      ...(unitVariance && { unitVariance }),
      ...(closedUnder && { closedUnder }),
      start: ({ components }) => ({
        count: components,
        centres: ({ means }) => means,
        fromCentres: (centres, v) => ({
          means: centres,
          logits: { shape: [components], values: new Float64Array(components) },
          logVariances: {
            shape: [centres.shape[1]],
            values: new Float64Array(centres.shape[1]).fill(starts(v))
          }
        })
      })
    })({ components: 2 })
  )
/** Of the exact M-step the variances, unless they are others. */
const maximising = (
  varianceOf: (second: number, shift: number) => number,
  logitOf: (share: number, kept: number) => number = share => Math.log(Math.max(share, 1e-300)),
  clean: (variance: number, level: Schedule.Level, floor: number) => number = (v, { alpha, sigma }, floor) =>
    Math.max(floor, (v - sigma * sigma) / (alpha * alpha))
): Columns => ({
  says: {
    mStep: {
      second: 'diagonal',
      isShared: true,
      maximise: ({ means, logits }, { mass, sums, second }, { level, floor, dim }) => {
        const shift = (at: number): number => {
          const own = mass[Math.floor(at / dim)]
          return own > 0 ? sums[at] / own : 0
        }
        const variances = Array.from({ length: dim }, (_, j) =>
          Array.from(mass).reduce(
            (sum, own, k) => sum + varianceOf(second[k * dim + j], own * shift(k * dim + j) * shift(k * dim + j)),
            0
          )
        )
        return {
          means: { ...means, values: means.values.map((c, at) => c + shift(at) / level.alpha) },
          logits: { ...logits, values: mass.map((own, k) => logitOf(own, logits.values[k])) },
          logVariances: {
            shape: [dim],
            values: Float64Array.from(variances, v => Math.log(clean(v, level, floor)))
          }
        }
      }
    }
  }
})
/** The mixture whose covariances have these diagonals. */
const saying = (diagonal: (logVariance: number) => number): Columns => ({
  says: {
    toMixture: ({ means, logits, logVariances }) => {
      const dim = means.shape[1]
      const shares = logits.values.map(Math.exp)
      const rows = Array.from(shares, (_, k) => Array.from(means.values.slice(k * dim, (k + 1) * dim)))
      const covariance = Array.from(logVariances.values, (log, i) =>
        Array.from({ length: dim }, (_, j) => (i === j ? diagonal(log) : 0))
      )
      return Mixture.of({ means: rows, weights: Array.from(shares), covariances: rows.map(() => covariance) })
    }
  }
})
const unit = (ofVariance: (log: number, by: number) => number): Columns => ({
  says: {
    scaled:
      by =>
      ({ means, logits, logVariances }) => ({
        means: { ...means, values: means.values.map((c, at) => c * by[at % by.length]) },
        logits,
        logVariances: { ...logVariances, values: logVariances.values.map((log, j) => ofVariance(log, by[j])) }
      })
  }
})
const shifting = (of: (c: number, at: number, by: Float64Array) => number): Columns => ({
  says: {
    shifted: by => params => ({
      ...params,
      means: { ...params.means, values: params.means.values.map((c, at) => of(c, at, by)) }
    })
  }
})
const apart = (of: (squares: number) => number): Columns => ({
  says: {
    distance: (from, to) =>
      of(Params.packed(from).reduce((sum, x, i) => sum + (x - Params.packed(to)[i]) * (x - Params.packed(to)[i]), 0))
  }
})
/** ∇ log p(x) of these families in closed form, times a factor. */
const slope = (factor: number): Columns => ({
  says: {
    score: ({ means, logits, logVariances }, x, { alpha, sigma }) => {
      const u = add(mul(square(alpha), expandDims(exp(logVariances), 0)), square(sigma))
      const delta = sub(mul(expandDims(alpha, 2), expandDims(means, 0)), expandDims(x, 1))
      const shares = softmax(add(sum(mul(-0.5, div(square(delta), expandDims(u, 1))), 2), expandDims(logits, 0)), 1)
      return mul(factor, div(sum(mul(expandDims(shares, 2), delta), 1), u))
    }
  }
})
const banding = ofConcept('family', banded, {
  wrong: {
    'densities without their constant | its density is one': { constant: u => mul(0, u) },
    'centres that do not shrink | a component is likeliest at its centre': {
      centre: (c, { alpha }) => add(mul(0, expandDims(alpha, 2)), c)
    },
    'centres that shrink twice | a component is likeliest at its centre': {
      centre: (c, { alpha }) => mul(square(expandDims(alpha, 2)), c)
    },
    'variances that do not shrink | its density is that of the data, diffused': {
      variance: (v, { sigma }) => add(v, square(sigma))
    },
    'variances by α | its density is that of the data, diffused': {
      variance: (v, { alpha, sigma }) => add(mul(alpha, v), square(sigma))
    },
    'no noise at all | its density is that of the data, diffused': {
      variance: (v, { alpha }) => mul(square(alpha), v)
    },
    'weights counted as if they did not sum to 1 | has as many degrees of freedom as it says': {
      free: (components, dim) => components * (dim + 1) + dim
    },
    'variances not counted | has as many degrees of freedom as it says': {
      free: (components, dim) => components * (dim + 1) - 1
    },
    'an M-step about the old centres | a step takes what is greatest of Q': maximising(second => second),
    'an M-step that keeps the weights | a step takes what is greatest of Q': maximising(
      (second, shift) => second - shift,
      (_, logit) => logit
    ),
    'an M-step that leaves the noise in | a step at a noise level takes the noise out': maximising(
      (second, shift) => second - shift,
      undefined,
      (v, { alpha }, floor) => Math.max(floor, v / (alpha * alpha))
    ),
    'an M-step that takes the noise out, and forgets the signal | a step at a noise level takes the noise out':
      maximising(
        (second, shift) => second - shift,
        undefined,
        (v, { sigma }, floor) => Math.max(floor, v - sigma * sigma)
      ),
    'an M-step without its floor | no variance falls below its floor': maximising(
      (second, shift) => second - shift,
      undefined,
      (v, { alpha, sigma }) => Math.max(1e-300, (v - sigma * sigma) / (alpha * alpha))
    ),
    'centres told a tenth too far out | a component is likeliest at its centre': { told: c => mul(1.1, c) },
    'closed under shifts, with no way back from a mixture | is closed under what it says': {
      says: { closedUnder: ['shift'] }
    },
    'a mixture of deviations for variances | is the mixture that it says': saying(log => Math.exp(log / 2)),
    'another unit of centres alone | scales with its columns': unit(log => log),
    'another unit of variances, once for twice | scales with its columns': unit((log, by) => log + Math.log(by)),
    'shifted back | moves with data and centres': shifting((c, at, by) => c - by[at % by.length]),
    'the first centre alone is shifted | moves with data and centres': shifting((c, at, by) =>
      at < by.length ? c + by[at] : c
    ),
    'a score three times too long | its score is the gradient of its log-density': slope(3),
    'the square of a distance | measures steps in proportion': apart(squares => squares),
    'a variance where its logarithm starts | starts at the centres that it is given': { starts: variance => variance },
    'variances of its own, said to be 1 | its components have the variance 1 that it says': {
      says: { unitVariance: true }
    }
  },
  right: {
    'by columns': {},
    'centres told as they are': { told: c => mul(1, c) },
    'with its M-step': maximising((second, shift) => second - shift),
    'with its mixture': saying(Math.exp),
    'with its shift': shifting((c, at, by) => c + by[at % by.length]),
    'with its score': slope(1),
    'with a distance': apart(Math.sqrt),
    'with its unit': unit((log, by) => log + 2 * Math.log(by)),
    'its constant in two parts': { constant: u => sub(-0.5 * Math.log(2 * Math.PI), div(log(u), 2)) }
  }
})

// —— families of time 0 only ——

const logPi = Math.log(Math.PI)
/** −log of what Cauchy's density of scale 1 is at its centre, in one to three dimensions. */
const peaks: Readonly<Record<number, number>> = { 1: logPi, 2: Math.log(2 * Math.PI), 3: 2 * logPi }
const cauchy = (scaled: (logScales: Tensor, dim: number) => Tensor): ReadonlyArray<laws.Law> => {
  const family = Score.family({
    name: 'cauchy',
    about,
    fields: { components: Field.count({ default: 2 }) },
    parameters:
      ({ components: K }) =>
      dim => ({ means: [K, dim], logits: [K], logScales: [K] }),
    components:
      () =>
      ({ means, logits, logScales }, dim) => ({
        logWeights: logSoftmax(logits),
        centres: means,
        logDensity: x => {
          const distances = div(squaredDistances(x, means), exp(mul(2, logScales)))
          return sub(sub(-peaks[dim], scaled(logScales, dim)), mul((1 + dim) / 2, log1p(distances)))
        }
      }),
    onlyClean: 'its components know of no noise'
  })
  return laws.of(family())
}
const heavy = ofConcept('family of time 0', cauchy, {
  wrong: {
    'Cauchy’s without its scale | its density is one': logScales => mul(0, logScales),
    'Cauchy’s of a line, in a plane | its density is one': logScales => logScales
  },
  right: { 'Cauchy’s': (logScales, dim) => mul(dim, logScales) }
})

// —— covariances by hand: multiples of the identity ——

const rounded = (own: Omit<Multiple, 'name' | 'about'>, name: string): ReadonlyArray<laws.Law> =>
  laws.of(multiple({ name: word(name), about: name, ...own }))
const covariances = ofConcept('covariance', rounded, {
  wrong: {
    'the trace, not divided | a step at a noise level takes the noise out': { variance: trace => trace },
    'a deviation for a variance | a step takes what is greatest of Q': {
      variance: (trace, dim) => Math.sqrt(trace / dim)
    },
    'one freedom for all | has as many degrees of freedom as it says': {
      variance: (trace, dim) => trace / dim,
      freedom: () => 1
    },
    'one for each component, said to be one for all | a step keeps the names and shapes of the parameters': {
      variance: (trace, dim) => trace / dim,
      isShared: true
    },
    'one for all, and not said | has a covariance for each component, or one for all if it says so': {
      variance: (trace, dim) => trace / dim,
      isOne: true
    }
  },
  right: {
    'a mean of the diagonal': { variance: (trace, dim) => trace / dim },
    'one for all': { variance: (trace, dim) => trace / dim, isOne: true, isShared: true },
    'its freedom said': { variance: (trace, dim) => trace / dim, freedom: components => components }
  }
})

// —— codecs ——

interface Setting {
  readonly rate: number
  readonly name: string
  readonly on: boolean
}
const settings: fc.Arbitrary<Setting> = fc.record({
  rate: fc.oneof(fc.double(), fc.constantFrom(NaN, -0, Infinity)),
  name: fc.oneof(fc.string(), fc.constantFrom(' a', 'b ')),
  on: fc.boolean()
})
const plain = t.type({ rate: t.number, name: t.string, on: t.boolean })
/** Every number as text: JSON has no NaN, no infinity and no −0. */
const spelt = (text: (x: number) => string, read: (text: string) => number = Number): t.Type<number, string> =>
  new t.Type<number, string>(
    'spelt',
    t.number.is,
    (u, context) =>
      typeof u === 'string' && (u === 'NaN' || (u !== '' && !Number.isNaN(Number(u))))
        ? t.success(read(u))
        : t.failure(u, context),
    text
  )
const exactly = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))
const kept = t.type({ rate: spelt(exactly), name: t.string, on: t.boolean })
const changed = (change: (setting: Setting) => Setting): t.Type<Setting, unknown> =>
  new t.Type<Setting, unknown>(
    'changed',
    kept.is,
    (u, context) => E.map(change)(kept.validate(u, context)),
    kept.encode
  )
const codecs = ofConcept('codec', (codec: t.Type<Setting, unknown>) => laws.codec(codec, settings), {
  wrong: {
    'numbers as JSON has them | what is written is read again': plain,
    'numbers to twelve digits | what is written is read again': t.type({
      rate: spelt(x => String(Number(x.toPrecision(12)))),
      name: t.string,
      on: t.boolean
    }),
    '−0 as 0 | what is written is read again': t.type({ rate: spelt(String), name: t.string, on: t.boolean }),
    'names without blanks | what is read is kept as it is': changed(setting => ({
      ...setting,
      name: setting.name.trim()
    })),
    'on when it is anything | what is read is kept as it is': new t.Type<Setting, unknown>(
      'loose',
      kept.is,
      (u, context) =>
        typeof u === 'object' && u !== null && 'on' in u
          ? kept.validate({ ...u, on: Boolean(u.on) }, context)
          : kept.validate(u, context),
      kept.encode
    ),
    'what throws where it cannot read | what is read is written again': new t.Type<Setting, unknown>(
      'throwing',
      kept.is,
      (u, context) => {
        if (typeof u !== 'object' || u === null) throw new Error('no record')
        return kept.validate(u, context)
      },
      kept.encode
    )
  },
  right: {
    'numbers as text': kept,
    'a record as a list': new t.Type<Setting, unknown>(
      'listed',
      kept.is,
      (u, context) =>
        t.UnknownArray.is(u) && u.length === 3
          ? kept.validate({ rate: u[0], name: u[1], on: u[2] }, context)
          : t.failure(u, context),
      ({ rate, name, on }) => [exactly(rate), name, on]
    )
  }
})

export const families = [...banding, ...heavy, ...covariances, ...codecs]
