/** Inventions of what is made of others, or holds them: guidance and posteriors, codecs, families, correspondence with expectation–maximization, kinks. */
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import * as t from 'io-ts'
import {
  abs,
  add,
  div,
  exp,
  expandDims,
  eye,
  log,
  logSoftmax,
  mean,
  mul,
  neg,
  relu,
  reshape,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor
} from '../../../lib/index.js'
import {
  Covariance,
  Field,
  Guidance,
  Mixture,
  Objective,
  Params,
  type Sampler,
  Schedule,
  Score,
  TimeLaw
} from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { ofConcept, word, type Table } from './invention.js'

type PerRow = Parameters<typeof Objective.custom>[2]

// The names of the parameters are forgotten, so that one table holds all.
const two: Score.Score<string> = Score.spherical({ components: 2 })

// —— guidance, and posteriors of measurements ——

type Free = Parameters<laws.Guide['classifierFree']>[0]
const towards =
  (weightOf: (weight: number) => number): laws.Guide['classifierFree'] =>
  ({ free, given, weight }: Free) =>
    Guidance.classifierFree({ free, given, weight: weightOf(weight) })
const guides: { readonly wrong: Table<Partial<laws.Guide>>; readonly right: Table<Partial<laws.Guide>> } = {
  wrong: {
    'by the square of the weight | it goes along the line from the one to the other': {
      classifierFree: towards(w => w * w)
    },
    'by half of the weight | it goes along the line from the one to the other': { classifierFree: towards(w => w / 2) },
    'by a weight of one more | it goes along the line from the one to the other': {
      classifierFree: towards(w => 1 + w)
    },
    'a sum of both | a label that says nothing changes nothing, whatever the weight': {
      classifierFree: ({ free, given, weight }) => Guidance.combine([1, free], [weight, given])
    },
    'a posterior that takes the covariance for 0 | the score of a posterior tends to that of the exact posterior': {
      posterior: (seen, schedule) => Guidance.posterior(seen, schedule, { spread: 'none' })
    },
    'a posterior by the root of the deviation | the score of a posterior tends to that of the exact posterior': {
      posterior: ({ deviation, ...seen }, schedule) =>
        Guidance.posterior({ ...seen, deviation: [deviation].flat().map(d => Math.sqrt(2 * d)) }, schedule)
    },
    'a posterior of the opposite | the score of a posterior tends to that of the exact posterior': {
      posterior: (seen, schedule) => Guidance.posterior({ ...seen, observed: seen.observed.map(y => -y) }, schedule)
    },
    // (Γ + α V)⁻¹ = (Γ/α + V)⁻¹/α
    'a posterior whose covariance is σ² J, for (σ²/α) J | of normal data the score of a posterior is exact': {
      posterior: ({ deviation, ...seen }, schedule) => {
        const guided =
          (prior: Sampler.Smooth): Sampler.ScoreFunction =>
          (points, time) => {
            const { alpha } = Schedule.level(time)(schedule)
            const narrower = { ...seen, deviation: [deviation].flat().map(d => d / Math.sqrt(alpha)) }
            const inner = Guidance.posterior(narrower, schedule)(prior)
            return Guidance.combine([1 / alpha, inner], [1 - 1 / alpha, prior])(points, time)
          }
        return prior =>
          Object.assign(guided(prior), { field: prior.field, divergence: prior.divergence, vjp: prior.vjp })
      }
    }
  },
  right: {
    'by a sum of two': {
      classifierFree: ({ free, given, weight }) => Guidance.combine([weight, given], [1 - weight, free])
    },
    'a posterior of what is seen in halves': {
      posterior: ({ matrix, observed, deviation }, schedule) =>
        Guidance.posterior(
          {
            matrix: matrix.map(row => row.map(a => a / 2)),
            observed: observed.map(y => y / 2),
            deviation: typeof deviation === 'number' ? deviation / 2 : deviation.map(d => d / 2)
          },
          schedule
        )
    }
  }
}
const guided = (guide: Partial<laws.Guide>): ReadonlyArray<laws.Law> => [
  ...('classifierFree' in guide ? laws.guidance(two, { guide: { ...Guidance, ...guide } }) : []),
  ...('posterior' in guide ? laws.posterior({ guide: { ...Guidance, ...guide } }) : [])
]

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
const codecs: { readonly wrong: Table<t.Type<Setting, unknown>>; readonly right: Table<t.Type<Setting, unknown>> } = {
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
}

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
    says: { mStep, toMixture, scaled, shifted, distance, unitVariance, closedUnder } = {},
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
const families: { readonly wrong: Table<Columns>; readonly right: Table<Columns> } = {
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
    'with a distance': apart(Math.sqrt),
    'with its unit': unit((log, by) => log + 2 * Math.log(by)),
    'its constant in two parts': { constant: u => sub(-0.5 * Math.log(2 * Math.PI), div(log(u), 2)) }
  }
}

// —— covariances by hand: multiples of the identity ——

interface Rounded {
  readonly variance: (trace: number, dim: number) => number
  readonly freedom?: (components: number, dim: number) => number
}
const rounded = ({ variance, freedom }: Rounded, name: string): ReadonlyArray<laws.Law> =>
  laws.of(
    Covariance.define({
      name: word(name),
      about: name,
      shapes: () => components => ({ logSpread: [components] }),
      triangles:
        () =>
        ({ logSpread }, dim) =>
          mul(exp(reshape(logSpread, [-1, 1, 1])), eye(dim)),
      fit:
        () =>
        ({ scatters, dim }) => ({
          logSpread: {
            shape: [scatters.length],
            values: Float64Array.from(scatters, scatter => {
              const trace = scatter.reduce((sum, s, at) => (at % (dim + 1) === 0 ? sum + s : sum), 0)
              return Math.log(variance(trace, dim)) / 2
            })
          }
        }),
      ...(freedom && { freedom: () => freedom })
    })
  )
const covariances: { readonly wrong: Table<Rounded>; readonly right: Table<Rounded> } = {
  wrong: {
    'the trace, not divided | a step at a noise level takes the noise out': { variance: trace => trace },
    'a deviation for a variance | a step takes what is greatest of Q': {
      variance: (trace, dim) => Math.sqrt(trace / dim)
    },
    'one freedom for all | has as many degrees of freedom as it says': {
      variance: (trace, dim) => trace / dim,
      freedom: () => 1
    }
  },
  right: {
    'a mean of the diagonal': { variance: (trace, dim) => trace / dim },
    'its freedom said': { variance: (trace, dim) => trace / dim, freedom: components => components }
  }
}

// —— expectation–maximization of one's own objective ——

const at = TimeLaw.at(0.1)
const squared = (x: Tensor): Tensor => sum(square(x), 1)
const corresponding = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.correspondsToEM({ score: two, objective: Objective.custom(name, at, perRow) })
const correspondences: { readonly wrong: Table<PerRow>; readonly right: Table<PerRow> } = {
  wrong: {
    'uphill | a fixed point of EM is one of descent, within the correction': ({ score, target }) =>
      neg(squared(sub(score, target))),
    'rows discounted by their error | the truth is a fixed point of both': ({ score, target }) => {
      const error = squared(sub(score, target))
      return div(error, add(1, error))
    },
    'pulled to 0 | a fixed point of EM is one of descent, within the correction': ({ score, target, noisy }) =>
      add(squared(sub(score, target)), squared(add(score, noisy))),
    'nothing to learn from | apart, descent is EM’s step times one factor': ({ score, target }) =>
      squared(sub(stopGradient(score), target))
  },
  right: {
    'denoising by hand': ({ score, target }) => squared(sub(score, target)),
    'three times its mean': ({ score, target }) => mul(3, mean(square(sub(score, target)), 1)),
    'the noise, predicted': ({ score, noise, level }) => squared(add(mul(level.sigma, score), noise))
  }
}

// —— on a line, and with kinks ——

/** One loss where data are on a line, denoising elsewhere. */
const onLine = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.objective(
    Objective.custom(name, TimeLaw.at(0.3), row =>
      row.score.shape[1] === 1 ? perRow(row) : squared(sub(row.score, row.target))
    ),
    two,
    { proper: true, isotropic: true }
  )
const lines: { readonly wrong: Table<PerRow>; readonly right: Table<PerRow> } = {
  wrong: {
    'the negated objective | the truth is a minimum in population': ({ score, target }) =>
      neg(squared(sub(score, target))),
    'a target a tenth too long | the truth is stationary in population': ({ score, target }) =>
      squared(sub(score, mul(1.1, target))),
    'a target of the wrong sign | the truth is stationary in population': ({ score, target }) =>
      squared(add(score, target)),
    'a constant | the truth is a minimum in population': ({ score }) => mul(0, sum(score, 1)),
    'the absolute error | the truth is stationary in population': ({ score, target }) => sum(abs(sub(score, target)), 1)
  },
  right: {
    'without the completed square': ({ score, target }) => sub(squared(score), mul(2, sum(mul(score, target), 1))),
    'three times denoising': ({ score, target }) => mul(3, squared(sub(score, target)))
  }
}

const kinked = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.objective(Objective.custom(name, TimeLaw.at(0.3), perRow), two, { smooth: false })
const kinks: { readonly wrong: Table<PerRow>; readonly right: Table<PerRow> } = {
  wrong: {
    'ReLU of which one side is held still | gradient is a slope of the value': ({ score, target }) => {
      const error = sub(score, target)
      return sum(add(relu(error), stopGradient(relu(neg(error)))), 1)
    },
    '|·| held still | gradient is a slope of the value': ({ score, target }) =>
      sum(stopGradient(abs(sub(score, target))), 1),
    'a slope of twice the size | gradient is a slope of the value': ({ score, target }) => {
      const error = sum(abs(sub(score, target)), 1)
      return sub(mul(2, error), stopGradient(error))
    },
    'a mean over the batch | is finite on edge cases': ({ score, target }) =>
      relu(sub(squared(sub(score, target)), mean(squared(sub(score, target)))))
  },
  right: {
    '|·| of the error': ({ score, target }) => sum(abs(sub(score, target)), 1),
    'ReLU of the error': ({ score, target }) => sum(relu(sub(score, target)), 1),
    'errors beyond 1 alone': ({ score, target }) => relu(sub(squared(sub(score, target)), 1))
  }
}

type Kinked = (x: Tensor, weights: Tensor) => Tensor
const networks: { readonly wrong: Table<Kinked>; readonly right: Table<Kinked> } = {
  wrong: {
    'ReLU of which one side is held still | divergence is a sum of slopes': (x, w) =>
      mul(w, add(relu(x), stopGradient(relu(neg(x))))),
    'weights held still beside ReLU | divergence is a sum of slopes': (x, w) => mul(w, stopGradient(relu(x))),
    'e^wx of each coordinate | is finite, a row for each row': (x, w) => exp(mul(w, x))
  },
  right: {
    'ReLU of each coordinate': (x, w) => mul(w, relu(x)),
    '|·| of each coordinate': (x, w) => mul(w, abs(x))
  }
}

// —— penalties ——

/** A value for each entry, and its slope. */
interface Pulling {
  readonly value: (x: number) => number
  readonly slope: (x: number, at: number) => number
}
const pulling = ({ value, slope }: Pulling, name: string): ReadonlyArray<laws.Law> =>
  laws.of(
    Objective.define({
      name: word(name),
      about: name,
      meaning: () => ({
        penalty: params => ({
          value: Object.values(params).reduce(
            (sum, { values }) => sum + values.reduce((all, x) => all + value(x), 0),
            0
          ),
          gradient: Params.map<Params.Params<string>[string], Params.Params<string>[string]>(array => ({
            ...array,
            values: array.values.map(slope)
          }))(params)
        })
      })
    }),
    { score: two }
  )
const penalties: { readonly wrong: Table<Pulling>; readonly right: Table<Pulling> } = {
  wrong: {
    'half of its slope | gradient is that of the value': { value: x => x * x, slope: x => x },
    'no slope at the first entry | gradient is that of the value': {
      value: x => x * x,
      slope: (x, at) => (at === 0 ? 0 : 2 * x)
    }
  },
  right: {
    'ridge by hand': { value: x => x * x, slope: x => 2 * x },
    'a double well': { value: x => (x * x - 1) * (x * x - 1), slope: x => 4 * x * (x * x - 1) }
  }
}

export const made = [
  ...ofConcept('penalty', penalties, pulling),
  ...ofConcept('guidance', guides, guided),
  ...ofConcept('codec', codecs, codec => laws.codec(codec, settings)),
  ...ofConcept('family', families, banded),
  ...ofConcept('covariance', covariances, rounded),
  ...ofConcept('correspondence', correspondences, corresponding),
  ...ofConcept('objective on a line', lines, onLine),
  ...ofConcept('objective with kinks', kinks, kinked),
  ...ofConcept('network with kinks', networks, (apply, name) =>
    laws.student(
      Score.custom({
        name,
        shapes: dim => ({ weights: [dim] }),
        apply: ({ weights }, x) => apply(x, expandDims(weights, 0))
      }),
      { smooth: false }
    )
  )
]
