/**
 * Time laws: over which noise levels an objective is taken, and with which weight each counts.
 *
 * A law that is spread over times is known by its quantile function: a random expectation draws a uniform number for
 * each row, a deterministic one takes Gauss–Legendre nodes in the quantile.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as O from 'fp-ts/lib/Option.js'
 * import { Key, Schedule, TimeLaw } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const [one, spread] = [TimeLaw.at(0.3), TimeLaw.uniform(0.1, 0.5)]
 *
 * // What a law is like, asked of its meaning.
 * assert.deepEqual(TimeLaw.only(schedule)(one), O.some(0.3))
 * assert(TimeLaw.isDeterministic(one) && !TimeLaw.isDeterministic(spread))
 * assert.deepEqual(TimeLaw.fromClean(spread), O.none)
 * const density = TimeLaw.density(schedule)(spread)
 * assert(O.isSome(density) && density.value.support[1] === 0.5)
 * assert(density.value.at(0.2) > 0 && density.value.at(0.7) === 0)
 * // Nodes of a law that covers all noise levels lie where they do for components of variance 1.
 * assert(TimeLaw.assumesUnitVariance(true)(TimeLaw.likelihood({ until: 0.9, nodes: 6 })))
 * assert.equal(TimeLaw.NODES, 16)
 *
 * // A law spread over times draws one for each row; `drawing` says how they are held, here in memory.
 * const [{ time }] = TimeLaw.draw(schedule, 4)(Key.fromSeed(1))(spread)
 * const inMemory = ({ rows, read }: { rows: number; read: (first: number, out: Float64Array) => void }) => {
 *   const all = new Float64Array(rows)
 *   read(0, all)
 *   return all
 * }
 * const [held] = TimeLaw.drawing(schedule, 4, inMemory)(Key.fromSeed(1))(spread)
 * assert.deepEqual(held.time, time)
 *
 * // What a law's fields alone do not show: times that the schedule does not have.
 * assert.deepEqual(TimeLaw.incompatibilities(Schedule.cosine())(TimeLaw.at(0.5)), [])
 * assert.equal(TimeLaw.incompatibilities(Schedule.cosine())(TimeLaw.at(2)).length, 1)
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, Quadrature } from '../../lib/index.js'
import * as Normal from '../../lib/numbers/normal.js'
import * as Stretches from '../../lib/rows/stretches.js'
import { Case, concept as Concept, Field, Problem, Vocabulary } from '../core/index.js'
import * as Limits from '../core/limits.js'
import * as Schedule from '../schedule/schedule.js'

export interface Node {
  readonly time: number
  readonly weight: number
}

/** A density in time, 0 but between two times. */
export interface Density {
  readonly at: (time: number) => number
  readonly support: readonly [number, number]
}

interface Known {
  /** Capability, which laws hold it to: the density of the law in time; it may then stand in `importance`. Its total need not be 1. */
  readonly density?: (schedule: Schedule.Schedule) => Density
  /** Capability: the time up to which every time from the clean end on counts alike, where losses without bound have no mean. */
  readonly fromClean?: O.Option<number>
  /** Its nodes lie where they do for components of variance 1 or more: it does not suit variances that are learned. */
  readonly assumesUnitVariance?: boolean
}

/** A law that is drawn: one time for each row. */
export interface Drawn extends Known {
  /** The quantile function: the time below (or above) which a share u of the law lies, u in [0, 1). */
  readonly quantile: (schedule: Schedule.Schedule) => (u: number) => number
  /** The weight of a drawn time; 1 unless given. */
  readonly weight?: (schedule: Schedule.Schedule) => (time: number) => number
  /** Whether [0, 1) is cut into as many equal parts as there are rows, and each row draws its u from one of them. */
  readonly isStratified?: boolean
  /** Weighted times in place of the draws, for an expectation without randomness; unless given, Gauss–Legendre nodes in u, each weighted as a draw. */
  readonly nodes?: (schedule: Schedule.Schedule, count: number) => ReadonlyArray<Node>
}

/** A law of weighted times, the same at every step. */
export interface Listed extends Known {
  readonly quantile?: never
  /** The times; `count` of them where the law itself says no number. */
  readonly nodes: (schedule: Schedule.Schedule, count: number) => ReadonlyArray<Node>
}

export type Law = Drawn | Listed

export interface Meaning {
  readonly drawn: O.Option<Drawn>
  readonly nodes: Listed['nodes']
  readonly density: O.Option<(schedule: Schedule.Schedule) => Density>
  readonly fromClean: O.Option<number>
  readonly assumesUnitVariance: boolean
  /** Its problems on a schedule. */
  readonly misfits: (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>
}

export interface TimeLaw extends Case.Value<'TimeLaw', Meaning> {}

export const concept = Concept<TimeLaw>(
  'TimeLaw',
  'over which noise levels an objective is taken, and how much each counts'
)

export interface Spec<
  N extends string,
  F extends Field.Fields,
  A extends Case.Call,
  On extends string | null = null
> extends Omit<Case.Spec<N, F, never, A, On>, 'meaning'> {
  /** How times are drawn, or which they are. */
  readonly meaning: (fields: Field.Of<F>) => Law
  /** Its problems on a schedule, by the names of its fields; its times are looked at in any case. */
  readonly misfits?: (fields: Field.Of<F>) => (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>
}

const rule = (count: number, lo: number, hi: number): ReadonlyArray<Node> => {
  const { nodes, weights } = Quadrature.gaussLegendre(count)(lo, hi)
  return Array.from(nodes, (time, i) => ({ time, weight: weights[i] }))
}

const inQuantile =
  ({ quantile, weight }: Drawn): Listed['nodes'] =>
  (schedule, count) => {
    const timeOf = quantile(schedule)
    const weightOf = weight?.(schedule) ?? (() => 1)
    return rule(count, 0, 1).map(({ time: u, weight: share }) => {
      const time = timeOf(u)
      return { time, weight: share * weightOf(time) }
    })
  }

const within = ({ at, support: [lo, hi] }: Density): Density => ({
  at: time => (time >= lo && time <= hi ? at(time) : 0),
  support: [lo, hi]
})

/**
 * A law of one's own: the quantile function by which times are drawn, or a list of weighted times.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Field, Key, Schedule, TimeLaw } from 'ornstein'
 *
 * // The later, the more often: a density 2t/until².
 * const late = TimeLaw.define({
 *   name: 'late',
 *   about: 'a density that rises with time',
 *   fields: { until: Field.positive({ default: 1 }) },
 *   meaning: ({ until }) => ({
 *     quantile: () => u => until * Math.sqrt(u),
 *     density: () => ({ at: time => (2 * time) / until ** 2, support: [0, until] })
 *   })
 * })
 * const law = TimeLaw.stratified(late({ until: 2 }))
 * const [{ time }] = pipe(law, TimeLaw.draw(Schedule.ornsteinUhlenbeck, 100)(Key.fromSeed(1)))
 * const times = typeof time === 'number' ? [time] : Array.from(time)
 * assert(Math.abs(times.reduce((sum, t) => sum + t, 0) / 100 - 4 / 3) < 0.01)
 */
export function define<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>({ meaning, misfits, ...spec }: Spec<N, F, A, On>): Case.Constructor<TimeLaw, N, F, A, On> {
  return Case.define('TimeLaw', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning => {
      const law = meaning(fields)
      const { density } = law
      return {
        drawn: law.quantile === undefined ? O.none : O.some(law),
        nodes: law.quantile === undefined ? law.nodes : (law.nodes ?? inQuantile(law)),
        density: density === undefined ? O.none : O.some(schedule => within(density(schedule))),
        fromClean: law.fromClean ?? O.none,
        assumesUnitVariance: law.assumesUnitVariance ?? false,
        misfits: misfits?.(fields) ?? (() => [])
      }
    }
  })
}

/** A field for a time law. */
export const field: Field.Field<TimeLaw> = Field.of(concept)

// —— fields ——

const real = (domain: string, suggestion: number): Field.Field<number> =>
  Field.number({
    holds: () => true,
    domain,
    suggestion,
    arbitrary: fc => fc.double({ min: 0.01, max: 0.9, noNaN: true })
  })
const time = real('a time', 0.3)
const interval = {
  /** The earliest time. */
  lo: time,
  /** The latest. */
  hi: time
}

const each = Field.array(Field.record({ time, weight: Field.finite({ suggestion: 1 }) }))
const table: typeof each = {
  ...each,
  problems: (name, given) =>
    Array.isArray(given) && given.length === 0
      ? [Problem.of(name, '[]', 'a list with at least one node', 'add { time, weight }')]
      : each.problems(name, given)
}

const list = Field.array(time)
const some: typeof list = {
  ...list,
  problems: (name, given) =>
    Array.isArray(given) && given.length === 0
      ? [Problem.of(name, '[]', 'a list with at least one time', 'add a time')]
      : list.problems(name, given)
}

// —— what is wrong on a schedule ——

type Misfits = (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>

const onSchedule = (field: string, time: number): Misfits => Schedule.timeProblems(field, time)

const rising = ({ lo, hi }: { readonly lo: number; readonly hi: number }): ReadonlyArray<Problem.Problem> =>
  Problem.unless(lo < hi, 'hi', hi, `> lo = ${lo}`, 'give the interval in rising order')

/** The problems of a law on a schedule that its fields alone do not show. */
const misfitsOf =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): ReadonlyArray<Problem.Problem> =>
    isSound(law) ? concept.meaning(law).misfits(schedule) : []

/** Whether a law and all that stand in it have a meaning. */
const isSound = (law: TimeLaw): boolean => Case.isSound(law) && Case.parts(law).every(Case.isSound)

const notDrawn = (field: string, law: TimeLaw, remedy: string): ReadonlyArray<Problem.Problem> => [
  Problem.of(field, show(law), 'a law that draws a time for each row', remedy)
]

const drawnOf = (law: TimeLaw): O.Option<Drawn> => concept.meaning(law).drawn

const densityOf = (schedule: Schedule.Schedule, law: TimeLaw): O.Option<Density> =>
  pipe(
    concept.meaning(law).density,
    O.map(density => density(schedule))
  )

// —— laws ——

/** One noise level: L = L_t. */
export const at = define({
  name: 'at',
  about: 'one noise level',
  fields: {
    /** The time of every row. */
    time
  },
  call: ['time'],
  formula: ({ time }) => `at t = ${time}`,
  misfits: ({ time }) => onSchedule('time', time),
  meaning: ({ time }) => ({ nodes: () => [{ time, weight: 1 }] })
})

/** The smallest number that a uniform draw of 53 bits may stand for, where 0 has no quantile. */
const LEAST = Elementary.powerOfTwo(-54)
/** The greatest number below 1: 1 has no quantile either. */
const GREATEST = 1 - Elementary.powerOfTwo(-53)

/**
 * Every time in [lo, hi] alike: L = E_t L_t, t uniform. A random expectation draws one time a row; a deterministic one
 * (`quadrature`, `fixed`) takes Gauss–Legendre nodes. From `lo` = 0 on where the mean is finite: that of the noise, of the
 * data or of the implicit form, not that of the score, which grows like 1/σ².
 */
export const uniform = define({
  name: 'uniform',
  about: 'every time of an interval alike',
  fields: interval,
  call: ['lo', 'hi'],
  example: { lo: 0.1, hi: 0.9 },
  formula: ({ lo, hi }) => `mean over t uniform in [${lo}, ${hi}]`,
  misfits:
    ({ lo, hi }) =>
    schedule => [
      // The clean end is never drawn. Whether the mean is finite there, the objective says.
      ...(lo === 0 ? [] : onSchedule('lo', lo)(schedule)),
      ...onSchedule('hi', hi)(schedule),
      ...rising({ lo, hi })
    ],
  meaning: ({ lo, hi }) => ({
    // Never at the end itself: at time 0 there is no noise.
    quantile: () => u => lo + (hi - lo) * Math.max(u, LEAST),
    density: () => ({ at: () => 1 / (hi - lo), support: [lo, hi] }),
    nodes: (_, count) => rule(count, lo, hi).map(({ time, weight }) => ({ time, weight: weight / (hi - lo) })),
    fromClean: lo === 0 ? O.some(hi) : O.none
  })
})

/**
 * One of some times for each row, each as likely as it stands among them: L = Σ L_time/n. A random expectation draws one a row,
 * a deterministic one takes them all. The times of a sampler, say, or those of a discrete process.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key, Schedule, TimeLaw } from 'ornstein'
 *
 * const law = TimeLaw.oneOf([0.1, 0.5, 0.9, 0.9])
 * const [{ time }] = pipe(law, TimeLaw.draw(Schedule.ornsteinUhlenbeck, 1000)(Key.fromSeed(1)))
 * const times = typeof time === 'number' ? [time] : Array.from(time)
 * const last = times.filter(t => t === 0.9).length
 * assert.ok(Math.abs(last - 500) < 4 * Math.sqrt(250)) // half of them
 */
export const oneOf = define({
  name: 'oneOf',
  about: 'one of some times for each row, all alike',
  fields: {
    /** At least one; one that stands twice is drawn twice as often. */
    times: some
  },
  call: ['times'],
  example: { times: [0.2, 0.5, 0.8] },
  formula: ({ times }) => `mean over t in {${times.join(', ')}}`,
  misfits:
    ({ times }) =>
    schedule =>
      times.flatMap((time, i) => onSchedule(`times[${i}]`, time)(schedule)),
  meaning: ({ times }) => {
    const rising = [...times].sort((a, b) => a - b)
    return {
      quantile: () => u => rising[Math.min(rising.length - 1, Math.floor(u * rising.length))],
      nodes: () => rising.map(time => ({ time, weight: 1 / rising.length }))
    }
  }
})

/** A weighted sum over given times: L = Σ weight · L_time. */
export const nodes = define({
  name: 'nodes',
  about: 'a weighted sum over given times',
  fields: {
    /** Times and their weights. */
    nodes: table
  },
  call: ['nodes'],
  example: {
    nodes: [
      { time: 0.2, weight: 1 },
      { time: 0.8, weight: 0.5 }
    ]
  },
  formula: ({ nodes }) => nodes.map(({ time, weight }) => `${weight} · at t = ${time}`).join(' + '),
  misfits:
    ({ nodes }) =>
    schedule =>
      nodes.flatMap(({ time }, i) => onSchedule(`nodes[${i}].time`, time)(schedule)),
  meaning: ({ nodes }) => ({ nodes: () => nodes })
})

/**
 * The weighting of maximum likelihood: L = ∫_0^until ½ g²(t) L_t dt by Gauss–Legendre nodes in r. In the clock of
 * Ornstein–Uhlenbeck, θ = ½ log(1 + σ²/α²), where ½ g² dt = (α² + σ²) dθ on any schedule, θ = θ_0(e^{Ar} − 1), θ_0 =
 * leastVariance/10: L_t changes where the noise is of the size of a component. `leastVariance`, 1 unless given, is the least that
 * a component may have, the floor where variances are learned, of which `Compile` asks for it; so the nodes stay where they are
 * while it learns. `until` is a time with signal: towards one without, the integral has no bound. Of one Gaussian
 * of that variance, until = 12, the error is below 2e-5 by 16 nodes and 1e-10 by 32, for variances from 1 to 1e-6.
 *
 * With the implicit objective its gradient tends to that of the mean negative log-likelihood as `until` and `nodes`
 * grow (Song et al. 2021, arXiv 2101.09258). For Ornstein–Uhlenbeck ½ g² = 1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule, TimeLaw } from 'ornstein'
 *
 * const nodes = pipe(TimeLaw.likelihood({ until: 12, nodes: 48 }), TimeLaw.quadrature(Schedule.ornsteinUhlenbeck, 1))
 * const total = nodes.reduce((sum, { weight }) => sum + weight, 0)
 * assert.ok(Math.abs(total - 12) < 1e-12)
 */
export const likelihood = define({
  name: 'likelihood',
  about: 'the weighting of maximum likelihood (arXiv 2101.09258)',
  fields: {
    /** The time at which the integral ends; one with signal. */
    until: time,
    /** How many Gauss–Legendre nodes. */
    nodes: Field.count({ suggestion: 48, most: Limits.nodes }),
    /** The least variance that a component may have at time 0; 1 unless given. */
    leastVariance: Field.optional(Field.positive({ suggestion: 1e-3 }))
  },
  example: { until: 0.9, nodes: 6, leastVariance: 0.01 },
  formula: ({ until, nodes }) => `∫ ½ g² dt over t in [0, ${until}], ${nodes} nodes`,
  misfits:
    ({ until }) =>
    schedule => {
      const onIt = onSchedule('until', until)(schedule)
      return onIt.length > 0
        ? onIt
        : // The integral of ½ g² grows without bound towards a time without signal.
          Problem.unless(
            Schedule.level(until)(schedule).alpha > 0,
            'until',
            until,
            'a time with signal, α > 0, before which ∫ ½ g² dt is finite',
            `try ${0.99 * until}`
          )
    },
  meaning: ({ until, nodes, leastVariance }) => ({
    nodes: schedule => {
      const { level, logSnr } = Schedule.interpret(schedule)
      const least = (leastVariance ?? 1) / 10
      const clock = (time: number): number => Elementary.softplus(-logSnr(time)) / 2
      const from = clock(0) + least
      const reach = Elementary.log((clock(until) + least) / from)
      return rule(nodes, 0, 1).map(({ time: r, weight }) => {
        const shifted = from * Elementary.exp(reach * r)
        // From the start on, so that the first nodes keep their digits.
        const angle = from - least + from * Elementary.expm1(reach * r)
        const time = pipe(schedule, Schedule.timeOfLogSnr(-Elementary.log(Elementary.expm1(2 * angle))))
        const { alpha, sigma } = level(time)
        return { time, weight: weight * reach * shifted * (alpha * alpha + sigma * sigma) }
      })
    },
    density: schedule => {
      const { diffusion } = Schedule.interpret(schedule)
      return { at: time => diffusion(time) / 2, support: [0, until] }
    },
    assumesUnitVariance: leastVariance === null
  })
})

/** −dλ/dt */
const fall = ({ diffusion, level }: Schedule.Dynamics, time: number): number =>
  diffusion(time) / Elementary.square(level(time).sigma)

/** Every log-SNR in [lo, hi] alike (Kingma et al. 2021, arXiv 2107.00630). */
export const uniformLogSnr = define({
  name: 'uniformLogSnr',
  about: 'every log-SNR of an interval alike (arXiv 2107.00630)',
  fields: {
    /** The lowest log-SNR, where there is most noise. */
    lo: real('a log-SNR', -1),
    /** The highest. */
    hi: real('a log-SNR', 2)
  },
  call: ['lo', 'hi'],
  formula: ({ lo, hi }) => `mean over log(α²/σ²) uniform in [${lo}, ${hi}]`,
  misfits:
    ({ lo, hi }) =>
    schedule => {
      const { greatest, least } = Schedule.logSnrRange(schedule)
      const ownRange = (field: string, logSnr: number): ReadonlyArray<Problem.Problem> =>
        Problem.unless(
          logSnr >= least && logSnr <= greatest && Number.isFinite(logSnr),
          field,
          logSnr,
          `a finite log-SNR of ${Schedule.show(schedule)}, in [${least}, ${greatest}]`,
          `try ${Math.min(Math.max(0, least), greatest)}`
        )
      return [...ownRange('lo', lo), ...ownRange('hi', hi), ...rising({ lo, hi })]
    },
  meaning: ({ lo, hi }) => ({
    quantile: schedule => u => pipe(schedule, Schedule.timeOfLogSnr(hi - (hi - lo) * u)),
    density: schedule => {
      const dynamics = Schedule.interpret(schedule)
      const [from, to] = [hi, lo].map(logSnr => pipe(schedule, Schedule.timeOfLogSnr(logSnr)))
      return { at: time => fall(dynamics, time) / (hi - lo), support: [from, to] }
    }
  })
})

const gaussian = (x: number): number => Elementary.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

interface Normally {
  readonly mean: number
  readonly deviation: number
}

/** The range of log(σ/α) on a schedule, in standard deviations of the law from its mean, and the share of the law within it. */
const restriction = (
  { mean, deviation }: Normally,
  schedule: Schedule.Schedule
): { readonly from: number; readonly mass: number } => {
  const { greatest, least } = Schedule.logSnrRange(schedule)
  const share = (logSnr: number): number => Normal.cdf((-logSnr / 2 - mean) / deviation)
  return { from: share(greatest), mass: share(least) - share(greatest) }
}

/** A log-normal law of which a schedule has less than this share is not meant for that schedule. */
const LEAST_MASS = 1e-3

/**
 * The logarithm of the noise-to-signal ratio is normal: log(σ/α) ~ N(mean, deviation²), restricted to the ratios that
 * the schedule has (Karras et al. 2022, arXiv 2206.00364, table 1, where α = 1: P_mean, P_std).
 */
export const logNormal = define({
  name: 'logNormal',
  about: 'EDM: a normal log noise-to-signal ratio (arXiv 2206.00364)',
  fields: {
    /** Of log(σ/α). */
    mean: Field.finite({ default: -1.2 }),
    /** Standard deviation of log(σ/α). */
    deviation: Field.positive({ default: 1.2 })
  },
  formula: ({ mean, deviation }) => `mean over log(σ/α) ~ N(${mean}, ${deviation}²)`,
  misfits: law => schedule =>
    Problem.unless(
      // One that is not a number is a problem of the fields.
      !(restriction(law, schedule).mass < LEAST_MASS) || !(law.deviation > 0),
      'mean',
      law.mean,
      `within reach of log(σ/α) of ${Schedule.show(schedule)}`,
      `bring it nearer, or raise deviation = ${law.deviation}`
    ),
  meaning: ({ mean, deviation }) => ({
    quantile: schedule => {
      const { from, mass } = restriction({ mean, deviation }, schedule)
      return u =>
        pipe(
          schedule,
          Schedule.timeOfLogSnr(
            -2 * (mean + deviation * Normal.quantile(Math.min(Math.max(from + mass * u, LEAST), GREATEST)))
          )
        )
    },
    density: schedule => {
      const dynamics = Schedule.interpret(schedule)
      const { mass } = restriction({ mean, deviation }, schedule)
      return {
        at: time =>
          (gaussian((-dynamics.logSnr(time) / 2 - mean) / deviation) * fall(dynamics, time)) / (2 * deviation * mass),
        support: [0, Schedule.until(schedule)]
      }
    }
  })
})

/** t = until/(1 + e^{−x}), x ~ N(mean, deviation²) (Esser et al. 2024, arXiv 2403.03206, §3.1, where until is 1). */
export const logitNormal = define({
  name: 'logitNormal',
  about: 'most in the middle of the schedule (arXiv 2403.03206)',
  fields: {
    /** Of log(t/(until − t)). */
    mean: Field.finite({ default: 0 }),
    /** Standard deviation of log(t/(until − t)). */
    deviation: Field.positive({ default: 1 }),
    /** The latest time. */
    until: Field.withDefault(time, 1)
  },
  formula: ({ mean, deviation, until }) => `mean over log(t/(${until} − t)) ~ N(${mean}, ${deviation}²)`,
  misfits: ({ until }) => onSchedule('until', until),
  meaning: ({ mean, deviation, until }) => ({
    quantile: () => u => until / (1 + Elementary.exp(-(mean + deviation * Normal.quantile(Math.max(u, LEAST))))),
    density: () => ({
      at: time =>
        (gaussian((Elementary.log(time / (until - time)) - mean) / deviation) * until) /
        (deviation * time * (until - time)),
      support: [0, until]
    })
  })
})

/** A proposal may miss this share of the target's first times: no finite log-SNR is that of time 0. */
const MISSED = 1e-4

/**
 * Times drawn from one law and weighted to another: L = E_{t ~ proposal} [p_target(t)/p_proposal(t) · L_t]. The mean is
 * that over `target`, with less variance where the proposal draws more often what varies more. The target may be
 * `likelihood`, whose density is ½ g² and whose total need not be 1. The proposal must draw all times of the target, except
 * for the first 1e-4 of them.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key, Schedule, TimeLaw } from 'ornstein'
 *
 * // Maximum likelihood, with times drawn evenly in the log-SNR.
 * const law = TimeLaw.importance({
 *   proposal: TimeLaw.uniformLogSnr(-8, 10),
 *   target: TimeLaw.likelihood({ until: 4, nodes: 48 })
 * })
 * const [{ weight }] = pipe(law, TimeLaw.draw(Schedule.ornsteinUhlenbeck, 10_000)(Key.fromSeed(1)))
 * const weights = typeof weight === 'number' ? [weight] : Array.from(weight)
 * const mean = weights.reduce((sum, w) => sum + w, 0) / 10_000
 * assert.ok(Math.abs(mean - 4) < 0.2) // ∫ ½ g² dt = 4
 */
export const importance = define({
  name: 'importance',
  about: 'drawn from one law, weighted to another',
  fields: {
    /** By which times are drawn. */
    proposal: Field.of(concept),
    /** Over which the mean is taken. */
    target: Field.of(concept)
  },
  example: { proposal: uniform(0.1, 0.9), target: uniform(0.2, 0.8) },
  formula: ({ proposal, target }) => `${formula(target)}, drawn as ${formula(proposal).replace('mean over ', '')}`,
  misfits:
    ({ proposal, target }) =>
    schedule => {
      const [from, to] = [proposal, target].map(law => densityOf(schedule, law))
      const inside = [
        ...misfitsOf(schedule)(proposal).map(Problem.within('proposal')),
        ...misfitsOf(schedule)(target).map(Problem.within('target')),
        ...(O.isSome(from) && O.exists(({ weight }: Drawn) => weight === undefined)(drawnOf(proposal))
          ? []
          : notDrawn('proposal', proposal, 'try TimeLaw.uniform')),
        ...Problem.unless(
          O.isSome(to),
          'target',
          show(target),
          'a law with a density',
          'draw from it directly, or try TimeLaw.likelihood'
        )
      ]
      const inFields = [proposal, target].flatMap(law => Case.problems(law))
      if (inside.length + inFields.length > 0 || O.isNone(from) || O.isNone(to)) return inside
      const [proposed, wanted] = [from.value.support, to.value.support]
      return Problem.unless(
        proposed[0] - wanted[0] <= MISSED * (wanted[1] - wanted[0]) && proposed[1] >= wanted[1],
        'proposal',
        show(proposal),
        `one that draws all times of the target, in [${wanted[0]}, ${wanted[1]}]`,
        'widen it'
      )
    },
  meaning: ({ proposal, target }) => {
    const { nodes, density, fromClean, assumesUnitVariance } = concept.meaning(target)
    const known = { nodes, fromClean, assumesUnitVariance, ...(O.isSome(density) && { density: density.value }) }
    return pipe(
      drawnOf(proposal),
      O.fold(
        (): Law => known,
        ({ quantile, isStratified = false }) => ({
          ...known,
          quantile,
          isStratified,
          weight: schedule => {
            const [from, to] = [proposal, target].map(law => densityOf(schedule, law))
            return time => (O.isSome(from) && O.isSome(to) ? to.value.at(time) / from.value.at(time) : NaN)
          }
        })
      )
    )
  }
})

/**
 * The same law, drawn evenly: [0, 1) is cut into one stratum for each row, and row i draws u_i = (π(i) + U)/rows with
 * a random order π and one random shift U. Each u_i is uniform, so the mean is that of independent draws; together they
 * leave no gaps, so the variance between times is gone except for one over the square of rows (Kingma et al. 2021, arXiv
 * 2107.00630, appendix I.1).
 */
export const stratified = define({
  name: 'stratified',
  about: 'drawn evenly, without gaps (arXiv 2107.00630)',
  fields: {
    /** Whose draws are spread evenly over the rows. */
    law: Field.of(concept)
  },
  call: ['law'],
  example: { law: uniform(0.1, 0.9) },
  formula: ({ law }) => `${formula(law)}, stratified`,
  misfits:
    ({ law }) =>
    schedule => {
      const inside = misfitsOf(schedule)(law).map(Problem.within('law'))
      return inside.length + Case.problems(law).length === 0 && O.isNone(drawnOf(law))
        ? notDrawn('law', law, 'leave it as it is, there is nothing to stratify')
        : inside
    },
  meaning: ({ law }) => {
    const { drawn, nodes } = concept.meaning(law)
    return O.isSome(drawn) ? { ...drawn.value, isStratified: true } : { nodes }
  }
})

/** The law by its Gauss nodes, the same at every step whatever the expectation: no randomness of time is left. */
export const gauss = define({
  name: 'gauss',
  about: 'Gauss–Legendre nodes of a law, none of it random',
  fields: {
    /** How many nodes. */
    nodes: Field.count({ suggestion: 16, most: Limits.nodes }),
    /** Of which law. */
    law: Field.of(concept)
  },
  call: ['nodes'],
  on: 'law',
  example: { nodes: 4, law: uniform(0.1, 0.9) },
  formula: ({ nodes, law }) => `${formula(law)}, ${nodes} nodes`,
  misfits:
    ({ law }) =>
    schedule =>
      misfitsOf(schedule)(law).map(Problem.within('law')),
  meaning: ({ nodes: count, law }) => {
    const { nodes, fromClean, assumesUnitVariance } = concept.meaning(law)
    return { nodes: schedule => nodes(schedule, count), fromClean, assumesUnitVariance }
  }
})

// —— meaning ——

/** How many times stand for a law that names no number, where nobody says another. */
export const NODES = 16

/** The law as weighted times, without randomness; `count` nodes where the law itself names none. */
export const quadrature =
  (schedule: Schedule.Schedule, count: number) =>
  (law: TimeLaw): ReadonlyArray<Node> =>
    concept.meaning(law).nodes(schedule, count)

/** The times of one random evaluation, with their weights: shared by all rows, or one for each. */
export interface Times<N = Float64Array> {
  readonly time: number | N
  readonly weight: number | N
}

/** A number in [0, 1) for each row, each uniform, together without gaps: an order of all rows is held. */
const evenly =
  (rows: number) =>
  (key: Key.Key): Float64Array => {
    const keys = pipe(key, Key.named('shift', 'order'))
    const [shift] = Key.uniform(1)(keys.shift)
    return Float64Array.from(Key.permutation(rows)(keys.order), stratum => (stratum + shift) / rows)
  }

/** The law with its randomness drawn: nodes stay nodes, a law spread over times draws one for each row. */
export const draw =
  (schedule: Schedule.Schedule, rows: number) =>
  (key: Key.Key) =>
  (law: TimeLaw): ReadonlyArray<Times> =>
    pipe(law, drawing(schedule, rows, numbers => Stretches.part(numbers, 0, rows))(key))

/** The same of rows that need not be there all at once; `own` says how drawn numbers are held. */
export const drawing =
  <N extends Stretches.Numbers>(schedule: Schedule.Schedule, rows: number, own: (numbers: Stretches.Stretches) => N) =>
  (key: Key.Key) =>
  (law: TimeLaw): ReadonlyArray<Times<N>> =>
    pipe(
      drawnOf(law),
      O.fold(
        (): ReadonlyArray<Times<N>> => quadrature(schedule, NODES)(law),
        ({ quantile, weight, isStratified = false }) => {
          const drawn = isStratified
            ? Stretches.ofArray(evenly(rows)(key), 1)
            : Stretches.computed(rows, (first, out) => {
                Key.fillUniform(first, out)(key)
              })
          const time = own(Stretches.mapped(drawn, quantile(schedule)))
          return [{ time, weight: weight === undefined ? 1 : Stretches.every(time, weight(schedule)) }]
        }
      )
    )

/** The one time that it is at, where there is one that counts 1. */
export const only =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): O.Option<number> =>
    pipe(
      concept.meaning(law).nodes(schedule, 2),
      O.fromPredicate(nodes => O.isNone(drawnOf(law)) && nodes.length === 1 && nodes[0].weight === 1),
      O.map(([{ time }]) => time)
    )

/** Whether a random expectation takes the same times at every step. */
export const isDeterministic = (law: TimeLaw): boolean => O.isNone(drawnOf(law))

/** The density of the law in time on a schedule, where its case says it. */
export const density =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): O.Option<Density> =>
    densityOf(schedule, law)

/**
 * Whether the nodes of a law lie where they do for components of variance 1 or more, because it names no least variance: those
 * of maximum likelihood. Times that are drawn suit any.
 */
export const assumesUnitVariance =
  (isDeterministic: boolean) =>
  (law: TimeLaw): boolean => {
    const { assumesUnitVariance, drawn } = concept.meaning(law)
    return assumesUnitVariance && (isDeterministic || O.isNone(drawn))
  }

/** The latest time up to which every time from the clean end on is drawn alike; none where the clean end is not reached. */
export const fromClean = (law: TimeLaw): O.Option<number> => concept.meaning(law).fromClean

/** The law as the code that builds it. */
export const show = (law: TimeLaw): string => Case.show(law)

/** The law in mathematics. */
export const formula = (law: TimeLaw): string => Case.formula(law)

/** The shares at which a quantile function is looked at: both ends too. */
const LOOKS = [0, 0.1, 0.5, 0.9, GREATEST]

/** The problems of the times of a law, whatever its case says of its fields. */
const looked = (law: TimeLaw, schedule: Schedule.Schedule): ReadonlyArray<Problem.Problem> => {
  const until = Schedule.until(schedule)
  const drawn = pipe(
    drawnOf(law),
    O.fold(
      (): ReadonlyArray<Node> => [],
      ({ quantile, weight }) =>
        LOOKS.map(u => {
          const time = quantile(schedule)(u)
          return { time, weight: weight === undefined || !(u > 0 && u < 1) ? 1 : weight(schedule)(time) }
        })
    )
  )
  const bad = [...drawn, ...quadrature(schedule, LOOKS.length)(law)].find(
    ({ time, weight }) => !(time >= 0 && time <= until && time < Infinity && Number.isFinite(weight))
  )
  return bad === undefined
    ? []
    : [
        Problem.of(
          `times of ${show(law)}`,
          `${bad.time}, of weight ${bad.weight}`,
          `a time of ${Schedule.show(schedule)} with a finite weight`,
          'let it give times from 0 on, up to the last of the schedule'
        )
      ]
}

/** The problems of a law on a schedule that its fields alone do not show. */
export const incompatibilities =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): ReadonlyArray<Problem.Problem> => {
    const said = misfitsOf(schedule)(law)
    return said.length + Case.problems(law).length > 0 ? said : looked(law, schedule)
  }

/** @deprecated It is `incompatibilities`. */
export const misfits = incompatibilities

/** The problems of a law on a schedule. */
export const problems =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): ReadonlyArray<Problem.Problem> => [...Case.problems(law), ...incompatibilities(schedule)(law)]

export const all: ReadonlyArray<Vocabulary.Entry> = [
  at,
  uniform,
  oneOf,
  nodes,
  likelihood,
  uniformLogSnr,
  logNormal,
  logitNormal,
  importance,
  stratified,
  gauss
]

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<TimeLaw, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
