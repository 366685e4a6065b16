/**
 * Time laws: over which noise levels an objective is taken, and with which weight each counts.
 *
 * A law that is spread over times is known by its quantile function: a random expectation draws a uniform number for
 * each row, a deterministic one takes Gauss–Legendre nodes in the quantile.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/elementary.js'
import { Key, Quadrature } from '../../lib/index.js'
import * as Normal from '../../lib/normal.js'
import * as Limits from '../core/Limits.js'
import * as Params from '../score/Params.js'
import * as Problem from '../core/Problem.js'
import * as Schedule from '../schedule/Schedule.js'
import * as Tagged from '../core/Tagged.js'

export interface Node {
  readonly time: number
  readonly weight: number
}

export interface At {
  readonly _tag: 'At'
  readonly time: number
}

export interface Uniform {
  readonly _tag: 'Uniform'
  readonly lo: number
  readonly hi: number
}

export interface Nodes {
  readonly _tag: 'Nodes'
  readonly nodes: ReadonlyArray<Node>
}

export interface Likelihood {
  readonly _tag: 'Likelihood'
  readonly until: number
  readonly nodes: number
  /** The least variance that a component may have at time 0; 1 unless given. */
  readonly leastVariance?: number
}

export interface UniformLogSnr {
  readonly _tag: 'UniformLogSnr'
  readonly lo: number
  readonly hi: number
}

export interface LogNormal {
  readonly _tag: 'LogNormal'
  readonly mean: number
  readonly deviation: number
}

export interface LogitNormal {
  readonly _tag: 'LogitNormal'
  readonly mean: number
  readonly deviation: number
  readonly until: number
}

export interface Importance {
  readonly _tag: 'Importance'
  readonly proposal: TimeLaw
  readonly target: TimeLaw
}

export interface Stratified {
  readonly _tag: 'Stratified'
  readonly law: TimeLaw
}

export interface Gauss {
  readonly _tag: 'Gauss'
  readonly nodes: number
  readonly law: TimeLaw
}

export type TimeLaw =
  At | Uniform | Nodes | Likelihood | UniformLogSnr | LogNormal | LogitNormal | Importance | Stratified | Gauss

/** One noise level: L = L_t. */
export const at = (time: number): TimeLaw => ({ _tag: 'At', time })

/**
 * Every time in [lo, hi] alike: L = E_t L_t, t uniform. A random expectation draws one time a row; a deterministic one
 * (`quadrature`, `fixed`) takes Gauss–Legendre nodes. From `lo` = 0 on where the mean is finite: that of the noise, of the
 * data or of the implicit form, not that of the score, which grows like 1/σ².
 */
export const uniform = (lo: number, hi: number): TimeLaw => ({ _tag: 'Uniform', lo, hi })

/** A weighted sum over given times: L = Σ weight · L_time. */
export const nodes = (nodes: ReadonlyArray<Node>): TimeLaw => ({ _tag: 'Nodes', nodes })

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
export const likelihood = ({ until, nodes, leastVariance }: Omit<Likelihood, '_tag'>): TimeLaw => ({
  _tag: 'Likelihood',
  until,
  nodes,
  ...(leastVariance !== undefined && { leastVariance })
})

/** Every log-SNR in [lo, hi] alike (Kingma et al. 2021, arXiv 2107.00630). */
export const uniformLogSnr = (lo: number, hi: number): TimeLaw => ({ _tag: 'UniformLogSnr', lo, hi })

/**
 * The logarithm of the noise-to-signal ratio is normal: log(σ/α) ~ N(mean, deviation²), restricted to the ratios that
 * the schedule has (Karras et al. 2022, arXiv 2206.00364, table 1, where α = 1: P_mean, P_std).
 */
export const logNormal = ({ mean = -1.2, deviation = 1.2 }: Partial<Omit<LogNormal, '_tag'>> = {}): TimeLaw => ({
  _tag: 'LogNormal',
  mean,
  deviation
})

/** t = until/(1 + e^{−x}), x ~ N(mean, deviation²) (Esser et al. 2024, arXiv 2403.03206, §3.1, where until is 1). */
export const logitNormal = ({
  mean = 0,
  deviation = 1,
  until = 1
}: Partial<Omit<LogitNormal, '_tag'>> = {}): TimeLaw => ({ _tag: 'LogitNormal', mean, deviation, until })

/**
 * Times drawn from one law and weighted to another: L = E_{t ~ proposal} [p_target(t)/p_proposal(t) · L_t]. The mean is
 * that over `target`, with less variance where the proposal draws more often what varies more. The target may be
 * `likelihood`, whose density is ½ g² and whose total need not be 1. The proposal must draw all times of the target, but
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
export const importance = ({ proposal, target }: Omit<Importance, '_tag'>): TimeLaw => ({
  _tag: 'Importance',
  proposal,
  target
})

/**
 * The same law, drawn evenly: [0, 1) is cut into one stratum for each row, and row i draws u_i = (π(i) + U)/rows with
 * a random order π and one random shift U. Each u_i is uniform, so the mean is that of independent draws; together they
 * leave no gaps, so the variance between times is gone but for one over the square of rows (Kingma et al. 2021, arXiv
 * 2107.00630, appendix I.1).
 */
export const stratified = (law: TimeLaw): TimeLaw => ({ _tag: 'Stratified', law })

/** The law by its Gauss nodes, the same at every step whatever the expectation: no randomness of time is left. */
export const gauss =
  (nodes: number) =>
  (law: TimeLaw): TimeLaw => ({ _tag: 'Gauss', nodes, law })

export const fold = Tagged.fold<TimeLaw>()

/** A law that is spread over times. */
interface Spread {
  /** The time below which lies a share u of the law, or above which; null where times are not drawn one a row. */
  readonly quantile: ((u: number) => number) | null
  readonly density: (time: number) => number
  readonly support: readonly [number, number]
}

/** The smallest number that a uniform draw of 53 bits may stand for, where 0 has no quantile. */
const LEAST = Elementary.powerOfTwo(-54)

const density = (x: number): number => Elementary.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

/** The ratios log(σ/α) that a schedule has, in deviations from a mean, and how much of the law they are. */
const restriction = (
  { mean, deviation }: Omit<LogNormal, '_tag'>,
  schedule: Schedule.Schedule
): { readonly from: number; readonly mass: number } => {
  const { greatest, least } = Schedule.logSnrRange(schedule)
  const share = (logSnr: number): number => Normal.cdf((-logSnr / 2 - mean) / deviation)
  return { from: share(greatest), mass: share(least) - share(greatest) }
}

const spread = (schedule: Schedule.Schedule): ((law: TimeLaw) => Spread | null) => {
  const { level, logSnr, diffusion } = Schedule.interpret(schedule)
  const timeOf = (logSnr: number): number => pipe(schedule, Schedule.timeOfLogSnr(logSnr))
  /** −dλ/dt */
  const fall = (time: number): number => diffusion(time) / Elementary.square(level(time).sigma)
  const within = (
    [lo, hi]: readonly [number, number],
    quantile: Spread['quantile'],
    density: (time: number) => number
  ): Spread => ({ quantile, density: time => (time >= lo && time <= hi ? density(time) : 0), support: [lo, hi] })
  const all = fold<Spread | null>({
    At: () => null,
    Uniform: ({ lo, hi }) =>
      within(
        [lo, hi],
        // Never at the end itself: at time 0 there is no noise.
        u => lo + (hi - lo) * Math.max(u, LEAST),
        () => 1 / (hi - lo)
      ),
    Nodes: () => null,
    Likelihood: ({ until }) => within([0, until], null, time => diffusion(time) / 2),
    UniformLogSnr: ({ lo, hi }) =>
      within(
        [timeOf(hi), timeOf(lo)],
        u => timeOf(hi - (hi - lo) * u),
        time => fall(time) / (hi - lo)
      ),
    LogNormal: ({ mean, deviation }) => {
      const { from, mass } = restriction({ mean, deviation }, schedule)
      return within(
        [0, Schedule.until(schedule)],
        u => timeOf(-2 * (mean + deviation * Normal.quantile(Math.max(from + mass * u, LEAST)))),
        time => (density((-logSnr(time) / 2 - mean) / deviation) * fall(time)) / (2 * deviation * mass)
      )
    },
    LogitNormal: ({ mean, deviation, until }) =>
      within(
        [0, until],
        u => until / (1 + Elementary.exp(-(mean + deviation * Normal.quantile(Math.max(u, LEAST))))),
        time =>
          (density((Elementary.log(time / (until - time)) - mean) / deviation) * until) /
          (deviation * time * (until - time))
      ),
    Importance: ({ target }): Spread | null => {
      const inner = all(target)
      return inner && { ...inner, quantile: null }
    },
    Stratified: ({ law }): Spread | null => all(law),
    Gauss: () => null
  })
  return all
}

const rule = (count: number, lo: number, hi: number): ReadonlyArray<Node> => {
  const { nodes, weights } = Quadrature.gaussLegendre(count)(lo, hi)
  return Array.from(nodes, (time, i) => ({ time, weight: weights[i] }))
}

/** The law as weighted times, without randomness; `count` nodes where the law itself names none. */
export const quadrature = (schedule: Schedule.Schedule, count: number): ((law: TimeLaw) => ReadonlyArray<Node>) => {
  const spreadOf = spread(schedule)
  const inQuantile = (law: TimeLaw): ReadonlyArray<Node> => {
    const quantile = spreadOf(law)?.quantile
    return quantile ? rule(count, 0, 1).map(({ time: u, weight }) => ({ time: quantile(u), weight })) : []
  }
  const all = fold<ReadonlyArray<Node>>({
    At: ({ time }) => [{ time, weight: 1 }],
    Uniform: ({ lo, hi }) => rule(count, lo, hi).map(({ time, weight }) => ({ time, weight: weight / (hi - lo) })),
    Nodes: ({ nodes }) => nodes,
    Likelihood: ({ until, nodes, leastVariance = 1 }) => {
      const { level, logSnr } = Schedule.interpret(schedule)
      const least = leastVariance / 10
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
    UniformLogSnr: inQuantile,
    LogNormal: inQuantile,
    LogitNormal: inQuantile,
    Importance: ({ target }): ReadonlyArray<Node> => all(target),
    Stratified: ({ law }): ReadonlyArray<Node> => all(law),
    Gauss: ({ nodes, law }) => quadrature(schedule, nodes)(law)
  })
  return all
}

/** The times of one random evaluation, with their weights: shared by all rows, or one for each. */
export interface Times {
  readonly time: number | Float64Array
  readonly weight: number | Float64Array
}

/** A number in [0, 1) for each row, each uniform, together without gaps. */
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
  (key: Key.Key): ((law: TimeLaw) => ReadonlyArray<Times>) => {
    const shared = quadrature(schedule, 1)
    const spreadOf = spread(schedule)
    const by = (uniforms: (key: Key.Key) => Float64Array): ((law: TimeLaw) => ReadonlyArray<Times>) => {
      const perRow = (law: TimeLaw): ReadonlyArray<Times> => {
        const quantile = spreadOf(law)?.quantile
        return quantile ? [{ time: uniforms(key).map(quantile), weight: 1 }] : []
      }
      const all = fold<ReadonlyArray<Times>>({
        At: shared,
        Uniform: perRow,
        Nodes: shared,
        Likelihood: shared,
        UniformLogSnr: perRow,
        LogNormal: perRow,
        LogitNormal: perRow,
        Importance: ({ proposal, target }): ReadonlyArray<Times> => {
          const [from, to] = [spreadOf(proposal), spreadOf(target)]
          const ratio = (time: number): number => (from && to ? to.density(time) / from.density(time) : NaN)
          return all(proposal).map(({ time }) => ({
            time,
            weight: typeof time === 'number' ? ratio(time) : time.map(ratio)
          }))
        },
        Stratified: ({ law }) => by(evenly(rows))(law),
        Gauss: shared
      })
      return all
    }
    return by(Key.uniform(rows))
  }

/** Whether a random expectation takes the same times at every step. */
export const isDeterministic: (law: TimeLaw) => boolean = fold<boolean>({
  At: () => true,
  Uniform: () => false,
  Nodes: () => true,
  Likelihood: () => true,
  UniformLogSnr: () => false,
  LogNormal: () => false,
  LogitNormal: () => false,
  Importance: () => false,
  Stratified: ({ law }) => isDeterministic(law),
  Gauss: () => true
})

/**
 * Whether the nodes of a law lie where they do for components of variance 1 or more, because it names no least variance: those
 * of maximum likelihood. Times that are drawn suit any.
 */
export const assumesUnitVariance = (isDeterministic: boolean): ((law: TimeLaw) => boolean) => {
  const all: (law: TimeLaw) => boolean = fold<boolean>({
    At: () => false,
    Uniform: () => false,
    Nodes: () => false,
    Likelihood: ({ leastVariance }) => leastVariance === undefined,
    UniformLogSnr: () => false,
    LogNormal: () => false,
    LogitNormal: () => false,
    Importance: ({ target }) => isDeterministic && all(target),
    Stratified: ({ law }) => all(law),
    Gauss: ({ law }) => assumesUnitVariance(true)(law)
  })
  return all
}

export const show: (law: TimeLaw) => string = fold<string>({
  At: ({ time }) => `TimeLaw.at(${time})`,
  Uniform: ({ lo, hi }) => `TimeLaw.uniform(${lo}, ${hi})`,
  Nodes: ({ nodes }) =>
    `TimeLaw.nodes([${nodes.map(({ time, weight }) => `{ time: ${time}, weight: ${weight} }`).join(', ')}])`,
  Likelihood: ({ until, nodes, leastVariance }) =>
    `TimeLaw.likelihood({ until: ${until}, nodes: ${nodes}${leastVariance === undefined ? '' : `, leastVariance: ${leastVariance}`} })`,
  UniformLogSnr: ({ lo, hi }) => `TimeLaw.uniformLogSnr(${lo}, ${hi})`,
  LogNormal: ({ mean, deviation }) => `TimeLaw.logNormal({ mean: ${mean}, deviation: ${deviation} })`,
  LogitNormal: ({ mean, deviation, until }) =>
    `TimeLaw.logitNormal({ mean: ${mean}, deviation: ${deviation}, until: ${until} })`,
  Importance: ({ proposal, target }) => `TimeLaw.importance({ proposal: ${show(proposal)}, target: ${show(target)} })`,
  Stratified: ({ law }) => `TimeLaw.stratified(${show(law)})`,
  Gauss: ({ nodes, law }) => `TimeLaw.gauss(${nodes})(${show(law)})`
})

export const formula: (law: TimeLaw) => string = fold<string>({
  At: ({ time }) => `at t = ${time}`,
  Uniform: ({ lo, hi }) => `mean over t uniform in [${lo}, ${hi}]`,
  Nodes: ({ nodes }) => nodes.map(({ time, weight }) => `${weight} · at t = ${time}`).join(' + '),
  Likelihood: ({ until, nodes }) => `∫ ½ g² dt over t in [0, ${until}], ${nodes} nodes`,
  UniformLogSnr: ({ lo, hi }) => `mean over log(α²/σ²) uniform in [${lo}, ${hi}]`,
  LogNormal: ({ mean, deviation }) => `mean over log(σ/α) ~ N(${mean}, ${deviation}²)`,
  LogitNormal: ({ mean, deviation, until }) => `mean over log(t/(${until} − t)) ~ N(${mean}, ${deviation}²)`,
  Importance: ({ proposal, target }) => `${formula(target)}, drawn as ${formula(proposal).replace('mean over ', '')}`,
  Stratified: ({ law }) => `${formula(law)}, stratified`,
  Gauss: ({ nodes, law }) => `${formula(law)}, ${nodes} nodes`
})

/** A log-normal law with less than this on the schedule's own ratios is not meant for the schedule. */
const LEAST_MASS = 1e-3

/** A proposal may miss this share of the target's first times: no finite log-SNR is that of time 0. */
const MISSED = 1e-4

/** The latest time up to which every time from the clean end on is drawn alike; null where the clean end is not reached. */
export const fromClean: (law: TimeLaw) => number | null = fold<number | null>({
  At: () => null,
  Uniform: ({ lo, hi }) => (lo === 0 ? hi : null),
  Nodes: () => null,
  Likelihood: () => null,
  UniformLogSnr: () => null,
  LogNormal: () => null,
  LogitNormal: () => null,
  Importance: ({ target }) => fromClean(target),
  Stratified: ({ law }) => fromClean(law),
  Gauss: ({ law }) => fromClean(law)
})

/** What is wrong with a law on a schedule. */
export const problems = (schedule: Schedule.Schedule): ((law: TimeLaw) => ReadonlyArray<Problem.Problem>) => {
  const onSchedule = (field: string, time: number): ReadonlyArray<Problem.Problem> =>
    pipe(schedule, Schedule.timeProblems(field, time))
  const spreadOf = spread(schedule)
  const normal = ({ mean, deviation }: Omit<LogNormal, '_tag'>): ReadonlyArray<Problem.Problem> => [
    ...Problem.unless(Number.isFinite(mean), 'mean', mean, 'finite', 'try 0'),
    ...Problem.positive('deviation', deviation, 1)
  ]
  const drawn = (field: string, law: TimeLaw, remedy: string): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      typeof spreadOf(law)?.quantile === 'function',
      field,
      show(law),
      'a law that draws a time for each row',
      remedy
    )
  const all = fold<ReadonlyArray<Problem.Problem>>({
    At: ({ time }) => onSchedule('time', time),
    Uniform: ({ lo, hi }) => [
      // The clean end is never drawn. Whether the mean is finite there, the objective says.
      ...(lo === 0 ? [] : onSchedule('lo', lo)),
      ...onSchedule('hi', hi),
      ...Problem.unless(lo < hi, 'hi', hi, `> lo = ${lo}`, 'give the interval in rising order')
    ],
    Nodes: ({ nodes }) => [
      ...Problem.unless(nodes.length > 0, 'nodes', '[]', 'a list with at least one node', 'add { time, weight }'),
      ...nodes.flatMap(({ time, weight }, i) => [
        ...onSchedule(`nodes[${i}].time`, time),
        ...Problem.unless(Number.isFinite(weight), `nodes[${i}].weight`, weight, 'finite', 'try 1')
      ])
    ],
    Likelihood: ({ until, nodes, leastVariance }) => {
      const onIt = onSchedule('until', until)
      return [
        ...onIt,
        // The integral of ½ g² grows without bound towards a time without signal.
        ...Problem.unless(
          onIt.length > 0 || Schedule.level(until)(schedule).alpha > 0,
          'until',
          until,
          'a time with signal, α > 0, before which ∫ ½ g² dt is finite',
          `try ${0.99 * until}`
        ),
        ...Problem.count('nodes', nodes, 1, 48, Limits.nodes),
        ...(leastVariance === undefined ? [] : Problem.positive('leastVariance', leastVariance, 1e-3))
      ]
    },
    UniformLogSnr: ({ lo, hi }) => {
      const { greatest, least } = Schedule.logSnrRange(schedule)
      const ownRange = (field: string, logSnr: number): ReadonlyArray<Problem.Problem> =>
        Problem.unless(
          logSnr >= least && logSnr <= greatest && Number.isFinite(logSnr),
          field,
          logSnr,
          `a finite log-SNR of ${Schedule.show(schedule)}, in [${least}, ${greatest}]`,
          `try ${Math.min(Math.max(0, least), greatest)}`
        )
      return [
        ...ownRange('lo', lo),
        ...ownRange('hi', hi),
        ...Problem.unless(lo < hi, 'hi', hi, `> lo = ${lo}`, 'give the interval in rising order')
      ]
    },
    LogNormal: law => {
      const { mass } = restriction(law, schedule)
      const own = normal(law)
      return own.length > 0
        ? own
        : Problem.unless(
            mass >= LEAST_MASS,
            'mean',
            law.mean,
            `within reach of log(σ/α) of ${Schedule.show(schedule)}`,
            `bring it nearer, or raise deviation = ${law.deviation}`
          )
    },
    LogitNormal: ({ until, ...law }) => [...normal(law), ...onSchedule('until', until)],
    Importance: ({ proposal, target }): ReadonlyArray<Problem.Problem> => {
      const inside = [
        ...all(proposal).map(Problem.within('proposal')),
        ...all(target).map(Problem.within('target')),
        ...drawn('proposal', proposal, 'try TimeLaw.uniform'),
        ...Problem.unless(
          spreadOf(target) !== null,
          'target',
          show(target),
          'a law with a density',
          'draw from it directly, or try TimeLaw.likelihood'
        )
      ]
      const [from, to] = [spreadOf(proposal)?.support, spreadOf(target)?.support]
      return inside.length > 0 || !from || !to
        ? inside
        : Problem.unless(
            from[0] - to[0] <= MISSED * (to[1] - to[0]) && from[1] >= to[1],
            'proposal',
            show(proposal),
            `one that draws all times of the target, in [${to[0]}, ${to[1]}]`,
            'widen it'
          )
    },
    Stratified: ({ law }): ReadonlyArray<Problem.Problem> => {
      const inside = all(law).map(Problem.within('law'))
      return inside.length > 0 || law._tag === 'Importance'
        ? inside
        : drawn('law', law, 'leave it as it is, there is nothing to stratify')
    },
    Gauss: ({ nodes, law }): ReadonlyArray<Problem.Problem> => [
      ...Problem.count('nodes', nodes, 1, 16, Limits.nodes),
      ...all(law).map(Problem.within('law'))
    ]
  })
  return all
}

export const codec: t.Type<TimeLaw, unknown> = t.recursion('TimeLaw', () =>
  t.union([
    t.type({ _tag: t.literal('At'), time: t.number }),
    t.type({ _tag: t.literal('Uniform'), lo: t.number, hi: t.number }),
    t.type({
      _tag: t.literal('Nodes'),
      nodes: t.readonlyArray(t.type({ time: t.number, weight: Params.numberCodec }))
    }),
    // io-ts lets an optional field be undefined, which JSON cannot say: one that is left out stays absent.
    t.intersection([
      t.type({ _tag: t.literal('Likelihood'), until: t.number, nodes: t.number }),
      t.partial({ leastVariance: t.number })
    ]) as unknown as t.Type<Likelihood, unknown>,
    t.type({ _tag: t.literal('UniformLogSnr'), lo: Params.numberCodec, hi: Params.numberCodec }),
    t.type({ _tag: t.literal('LogNormal'), mean: Params.numberCodec, deviation: t.number }),
    t.type({ _tag: t.literal('LogitNormal'), mean: Params.numberCodec, deviation: t.number, until: t.number }),
    t.type({ _tag: t.literal('Importance'), proposal: codec, target: codec }),
    t.type({ _tag: t.literal('Stratified'), law: codec }),
    t.type({ _tag: t.literal('Gauss'), nodes: t.number, law: codec })
  ])
)
