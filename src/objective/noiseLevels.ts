/** Built-in noise level distributions. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Normal from '../../lib/numbers/normal.js'
import { Case, Field, Problem, type Vocabulary } from '../core/index.js'
import * as Limits from '../core/limits.js'
import {
  concept,
  define,
  densityOf,
  quantileForm,
  formula,
  LARGEST_BELOW_ONE,
  interval,
  SMALLEST_QUANTILE,
  requirementProblems,
  nodesOf,
  notDrawnProblem,
  timeRequirement,
  realField,
  intervalProblems,
  gaussLegendreTimes,
  show,
  timeField,
  type Density
} from './law.js'
import * as Schedule from '../schedule/schedule.js'

export * from './law.js'

/** A single noise level: L = L_t. */
export const at = define({
  name: 'at',
  about: 'one noise level',
  fields: {
    /** Time of every row. */
    time: timeField
  },
  call: ['time'],
  formula: ({ time }) => `at t = ${time}`,
  meaning: ({ time }) => ({ nodes: () => [{ time, weight: 1 }], requirements: timeRequirement('time', time) })
})

/**
 * No noise: x_t = x_0, for losses of the data themselves: discrepancies of their score, contrastive divergence, the original score matching
 * (Hyvärinen 2005). `noises` and `directions` remain available. Rejects a schedule with noise at time 0.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * // Score matching of N(m, 1) on rows 1 and 3: s = m − x, and the mean of s² − 2 at m = 2 is 1 − 2.
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.spherical({ components: 1 }),
 *   objective: Objective.implicit(NoiseLevels.clean),
 *   expectation: Expectation.monteCarlo()
 * }
 * const evaluate = Problem.orThrow(Compile.value(loss)({ rows: 2, dim: 1, values: Float64Array.of(1, 3) }))
 * assert.equal(evaluate(Params.of({ means: [[2]] }), Key.fromSeed(0)), -1)
 */
export const clean = define({
  name: 'clean',
  about: 'no noise: rows as the data have them',
  formula: () => 'without noise',
  meaning: () => ({
    nodes: () => [{ time: 0, weight: 1 }],
    isClean: true,
    requirements: schedule =>
      Problem.unless(
        Schedule.level(0)(schedule).sigma === 0,
        '',
        `NoiseLevels.clean on ${Schedule.show(schedule)}`,
        'of a schedule whose time 0 has no noise',
        'use NoiseLevels.at(0), the least noise of this one'
      )
  })
})

/**
 * Uniform distribution of the time on [lo, hi]: L = E_t L_t. A random expectation draws one time per row; a deterministic one uses
 * Gauss–Legendre nodes. `lo` = 0 is allowed if the mean is finite: for the loss of the noise, of the data or the implicit form, not of the
 * score, which grows like 1/σ².
 */
export const uniform = define({
  name: 'uniform',
  about: 'every time of an interval alike',
  fields: interval,
  call: ['lo', 'hi'],
  example: { lo: 0.1, hi: 0.9 },
  formula: ({ lo, hi }) => `mean over t uniform in [${lo}, ${hi}]`,
  meaning: ({ lo, hi }) => ({
    requirements: schedule => [
      // Time 0 is never drawn; the objective checks its mean there.
      ...(lo === 0 ? [] : timeRequirement('lo', lo)(schedule)),
      ...timeRequirement('hi', hi)(schedule),
      ...intervalProblems({ lo, hi })
    ],
    // Inside the interval, since time 0 has no noise.
    quantile: () => u => lo + (hi - lo) * Math.max(u, SMALLEST_QUANTILE),
    density: () => ({ at: () => 1 / (hi - lo), support: [lo, hi] }),
    nodes: (_, count) =>
      gaussLegendreTimes(count, lo, hi).map(({ time, weight }) => ({ time, weight: weight / (hi - lo) })),
    fromClean: lo === 0 ? hi : undefined
  })
})

const nodeListField = Field.array(Field.record({ time: timeField, weight: Field.finite({ suggestion: 1 }) }))

const nodeTableField: typeof nodeListField = {
  ...nodeListField,
  problems: (name, given) =>
    Array.isArray(given) && given.length === 0
      ? [Problem.of(name, '[]', 'a list with at least one node', 'add { time, weight }')]
      : nodeListField.problems(name, given)
}

const timeListField = Field.array(timeField)

const nonEmptyTimes: typeof timeListField = {
  ...timeListField,
  problems: (name, given) =>
    Array.isArray(given) && given.length === 0
      ? [Problem.of(name, '[]', 'a list with at least one time', 'add a time')]
      : timeListField.problems(name, given)
}

const MAX_WRITTEN_ENTRIES = 8

/** Shortens a long list to its first two entries, the number omitted, and the last. */
const abridge = <A>(all: ReadonlyArray<A>): ReadonlyArray<A | string> =>
  all.length <= MAX_WRITTEN_ENTRIES ? all : [...all.slice(0, 2), `… (${all.length - 3} more) …`, all[all.length - 1]]

/**
 * Discrete uniform distribution over given times, such as those of a sampler: L = Σ L_time/n, repeated times counted. A random expectation
 * draws one per row, a deterministic one uses all.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key, Schedule, NoiseLevels } from 'ornstein'
 *
 * const law = NoiseLevels.oneOf([0.1, 0.5, 0.9, 0.9])
 * const [{ time }] = pipe(law, NoiseLevels.draw(Schedule.ornsteinUhlenbeck, 1000)(Key.fromSeed(1)))
 * const times = typeof time === 'number' ? [time] : Array.from(time)
 * const last = times.filter(t => t === 0.9).length
 * assert.ok(Math.abs(last - 500) < 4 * Math.sqrt(250)) // half of them
 */
export const oneOf = define({
  name: 'oneOf',
  about: 'one of some times for each row, all alike',
  fields: {
    /** Times, at least one. */
    times: nonEmptyTimes
  },
  call: ['times'],
  example: { times: [0.2, 0.5, 0.8] },
  formula: ({ times }) => `mean over t in {${abridge(times).join(', ')}}`,
  meaning: ({ times }) => {
    const rising = [...times].sort((a, b) => a - b)
    return {
      requirements: schedule => times.flatMap((time, i) => timeRequirement(`times[${i}]`, time)(schedule)),
      quantile: () => u => rising[Math.min(rising.length - 1, Math.floor(u * rising.length))],
      nodes: () => rising.map(time => ({ time, weight: 1 / rising.length }))
    }
  }
})

/** Weighted sum over given times: L = Σ weight · L_time. */
export const nodes = define({
  name: 'nodes',
  about: 'a weighted sum over given times',
  fields: {
    /** Times and their weights. */
    nodes: nodeTableField
  },
  call: ['nodes'],
  example: {
    nodes: [
      { time: 0.2, weight: 1 },
      { time: 0.8, weight: 0.5 }
    ]
  },
  formula: ({ nodes }) => abridge(nodes.map(({ time, weight }) => `${weight} · at t = ${time}`)).join(' + '),
  meaning: ({ nodes }) => ({
    nodes: () => nodes,
    requirements: schedule => nodes.flatMap(({ time }, i) => timeRequirement(`nodes[${i}].time`, time)(schedule))
  })
})

/**
 * Maximum-likelihood weighting: L = ∫_0^until ½ g²(t) L_t dt, by Gauss–Legendre nodes in r, with ½ g² dt = (α² + σ²) dθ and θ = ½ log(1 +
 * σ²/α²) = θ_0(e^{Ar} − 1), θ_0 = leastVariance/10 (docs/landscapes.md). `Compile` requires `leastVariance` if variances are learned. The
 * integral diverges towards a time without signal. For one Gaussian of that variance and until = 12 the error is below 2e-5 with 16 nodes
 * and 1e-10 with 32, for variances from 1 to 1e-6.
 *
 * With the implicit objective the gradient tends to that of the mean negative log-likelihood as `until` and `nodes` grow (Song et al. 2021,
 * arXiv 2101.09258). For Ornstein–Uhlenbeck ½ g² = 1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule, NoiseLevels } from 'ornstein'
 *
 * const nodes = pipe(NoiseLevels.likelihood({ until: 12, nodes: 48 }), NoiseLevels.quadrature(Schedule.ornsteinUhlenbeck, 1))
 * const total = nodes.reduce((sum, { weight }) => sum + weight, 0)
 * assert.ok(Math.abs(total - 12) < 1e-12)
 */
export const likelihood = define({
  name: 'likelihood',
  about: 'the weighting of maximum likelihood (arXiv 2101.09258)',
  fields: {
    /** End of the integral, a time with signal. */
    until: timeField,
    /** Number of Gauss–Legendre nodes. */
    nodes: Field.count({ suggestion: 48, most: Limits.maxNodes }),
    /** Lower bound on a component's variance at time 0. Default: 1. */
    leastVariance: Field.optional(Field.positive({ suggestion: 1e-3 }))
  },
  example: { until: 0.9, nodes: 6, leastVariance: 0.01 },
  formula: ({ until, nodes }) => `∫ ½ g² dt over t in [0, ${until}], ${nodes} nodes`,
  meaning: ({ until, nodes, leastVariance }) => ({
    requirements: schedule => {
      const onIt = timeRequirement('until', until)(schedule)
      return onIt.length > 0
        ? onIt
        : // The integral of ½ g² diverges there.
          Problem.unless(
            Schedule.level(until)(schedule).alpha > 0,
            'until',
            until,
            'a time with signal, α > 0, before which ∫ ½ g² dt is finite',
            `try ${0.99 * until}`
          )
    },
    nodes: schedule => {
      const { level, logSnr } = Schedule.interpret(schedule)
      const least = (leastVariance ?? 1) / 10
      const clock = (time: number): number => Elementary.softplus(-logSnr(time)) / 2
      const from = clock(0) + least
      const reach = Elementary.log((clock(until) + least) / from)
      return gaussLegendreTimes(nodes, 0, 1).map(({ time: r, weight }) => {
        const shifted = from * Elementary.exp(reach * r)
        // expm1 keeps the digits of the first nodes.
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

/** −dλ/dt, λ the log-SNR. */
const logSnrDescentRate = ({ diffusion, level }: Schedule.Dynamics, time: number): number =>
  diffusion(time) / Elementary.square(level(time).sigma)

/** Uniform distribution of the log-SNR on [lo, hi] (Kingma et al. 2021, arXiv 2107.00630). */
export const uniformLogSnr = define({
  name: 'uniformLogSnr',
  about: 'every log-SNR of an interval alike (arXiv 2107.00630)',
  fields: {
    /** Lowest log-SNR, at the most noise. */
    lo: realField('a log-SNR', -1),
    /** Highest log-SNR. */
    hi: realField('a log-SNR', 2)
  },
  call: ['lo', 'hi'],
  formula: ({ lo, hi }) => `mean over log(α²/σ²) uniform in [${lo}, ${hi}]`,
  meaning: ({ lo, hi }) => ({
    requirements: schedule => {
      const { greatest, least } = Schedule.logSnrRange(schedule)
      const ownRange = (field: string, logSnr: number): ReadonlyArray<Problem.Problem> =>
        Problem.unless(
          logSnr >= least && logSnr <= greatest && Number.isFinite(logSnr),
          field,
          logSnr,
          `a finite log-SNR of ${Schedule.show(schedule)}, in [${least}, ${greatest}]`,
          `try ${Math.min(Math.max(0, least), greatest)}`
        )
      return [...ownRange('lo', lo), ...ownRange('hi', hi), ...intervalProblems({ lo, hi })]
    },
    quantile: schedule => u => pipe(schedule, Schedule.timeOfLogSnr(hi - (hi - lo) * u)),
    density: schedule => {
      const dynamics = Schedule.interpret(schedule)
      const [from, to] = [hi, lo].map(logSnr => pipe(schedule, Schedule.timeOfLogSnr(logSnr)))
      return { at: time => logSnrDescentRate(dynamics, time) / (hi - lo), support: [from, to] }
    }
  })
})

const standardNormalDensity = (x: number): number => Elementary.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

interface NormalLaw {
  readonly mean: number
  readonly deviation: number
}

/** Probability of log(σ/α) below the schedule's range (`from`), and within it (`mass`). */
const truncationToSchedule = (
  { mean, deviation }: NormalLaw,
  schedule: Schedule.Schedule
): { readonly from: number; readonly mass: number } => {
  const { greatest, least } = Schedule.logSnrRange(schedule)
  const share = (logSnr: number): number => Normal.normalCdf((-logSnr / 2 - mean) / deviation)
  return { from: share(greatest), mass: share(least) - share(greatest) }
}

/** Smallest probability that a schedule must cover; with less, the distribution was meant for another. */
const MIN_COVERED_SHARE = 1e-3

/**
 * Normal distribution of log(σ/α) ~ N(mean, deviation²), restricted to the ratios of the schedule (Karras et al. 2022, arXiv 2206.00364,
 * table 1, where α = 1: P_mean, P_std).
 */
export const logNormal = define({
  name: 'logNormal',
  about: 'EDM: a normal log noise-to-signal ratio (arXiv 2206.00364)',
  fields: {
    /** Mean of log(σ/α). */
    mean: Field.finite({ default: -1.2 }),
    /** Standard deviation of log(σ/α). */
    deviation: Field.positive({ default: 1.2 })
  },
  formula: ({ mean, deviation }) => `mean over log(σ/α) ~ N(${mean}, ${deviation}²)`,
  meaning: ({ mean, deviation }) => ({
    requirements: schedule =>
      Problem.unless(
        // NaN is a problem of the fields.
        !(truncationToSchedule({ mean, deviation }, schedule).mass < MIN_COVERED_SHARE) || !(deviation > 0),
        'mean',
        mean,
        `within reach of log(σ/α) of ${Schedule.show(schedule)}`,
        `bring it nearer, or raise deviation = ${deviation}`
      ),
    quantile: schedule => {
      const { from, mass } = truncationToSchedule({ mean, deviation }, schedule)
      return u =>
        pipe(
          schedule,
          Schedule.timeOfLogSnr(
            -2 *
              (mean +
                deviation *
                  Normal.normalQuantile(Math.min(Math.max(from + mass * u, SMALLEST_QUANTILE), LARGEST_BELOW_ONE)))
          )
        )
    },
    density: schedule => {
      const dynamics = Schedule.interpret(schedule)
      const { mass } = truncationToSchedule({ mean, deviation }, schedule)
      return {
        at: time =>
          (standardNormalDensity((-dynamics.logSnr(time) / 2 - mean) / deviation) * logSnrDescentRate(dynamics, time)) /
          (2 * deviation * mass),
        support: [0, Schedule.endTime(schedule)]
      }
    }
  })
})

/**
 * Logit-normal time: t = until/(1 + e^{−x}), x ~ N(mean, deviation²) (Esser et al. 2024, arXiv 2403.03206, §3.1, with
 * until = 1).
 */
export const logitNormal = define({
  name: 'logitNormal',
  about: 'most in the middle of the schedule (arXiv 2403.03206)',
  fields: {
    /** Mean of log(t/(until − t)). */
    mean: Field.finite({ default: 0 }),
    /** Standard deviation of log(t/(until − t)). */
    deviation: Field.positive({ default: 1 }),
    /** Latest time. */
    until: Field.withDefault(timeField, 1)
  },
  formula: ({ mean, deviation, until }) => `mean over log(t/(${until} − t)) ~ N(${mean}, ${deviation}²)`,
  meaning: ({ mean, deviation, until }) => ({
    requirements: timeRequirement('until', until),
    quantile: () => u =>
      until / (1 + Elementary.exp(-(mean + deviation * Normal.normalQuantile(Math.max(u, SMALLEST_QUANTILE))))),
    density: () => ({
      at: time =>
        (standardNormalDensity((Elementary.log(time / (until - time)) - mean) / deviation) * until) /
        (deviation * time * (until - time)),
      support: [0, until]
    })
  })
})

/** Share of the target's first times that a proposal may miss. */
const MAX_MISSED_SHARE = 1e-4

/**
 * Importance sampling of times: L = E_{t ~ proposal} [p_target(t)/p_proposal(t) · L_t], the mean over `target`, with less variance if the
 * proposal prefers times at which the loss varies more. The target's total need not be 1: `likelihood` has density ½ g². The proposal must
 * cover all times of the target but the first share of 1e-4.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key, Schedule, NoiseLevels } from 'ornstein'
 *
 * // Maximum likelihood, with times drawn evenly in the log-SNR.
 * const law = NoiseLevels.importance({
 *   proposal: NoiseLevels.uniformLogSnr(-8, 10),
 *   target: NoiseLevels.likelihood({ until: 4, nodes: 48 })
 * })
 * const [{ weight }] = pipe(law, NoiseLevels.draw(Schedule.ornsteinUhlenbeck, 10_000)(Key.fromSeed(1)))
 * const weights = typeof weight === 'number' ? [weight] : Array.from(weight)
 * const mean = weights.reduce((sum, w) => sum + w, 0) / 10_000
 * assert.ok(Math.abs(mean - 4) < 0.2) // ∫ ½ g² dt = 4
 */
export const importance = define({
  name: 'importance',
  about: 'drawn from one law, weighted to another',
  fields: {
    /** Distribution from which times are drawn. */
    proposal: Field.of(concept),
    /** Distribution of the mean. */
    target: Field.of(concept)
  },
  example: { proposal: uniform(0.1, 0.9), target: uniform(0.2, 0.8) },
  formula: ({ proposal, target }) => `${formula(target)}, drawn as ${formula(proposal).replace('mean over ', '')}`,
  meaning: ({ proposal, target }) => {
    const densities = (schedule: Schedule.Schedule): ReadonlyArray<Density | undefined> =>
      [proposal, target].map(law => densityOf(schedule, law))
    const drawn = quantileForm(proposal)
    const { density, fromClean, assumesUnitVariance } = concept.meaning(target)
    const known = {
      nodes: nodesOf(target),
      density,
      fromClean,
      assumesUnitVariance,
      requirements: (schedule: Schedule.Schedule): ReadonlyArray<Problem.Problem> => {
        const [from, to] = densities(schedule)
        const inside = [
          ...requirementProblems(schedule)(proposal).map(Problem.within('proposal')),
          ...requirementProblems(schedule)(target).map(Problem.within('target')),
          ...(from !== undefined && drawn !== undefined && drawn.weight === undefined
            ? []
            : notDrawnProblem('proposal', proposal, 'try NoiseLevels.uniform')),
          ...Problem.unless(
            to !== undefined,
            'target',
            show(target),
            'a law with a density',
            'draw from it directly, or try NoiseLevels.likelihood'
          )
        ]
        const inFields = [proposal, target].flatMap(law => Case.problems(law))
        if (inside.length + inFields.length > 0 || from === undefined || to === undefined) return inside
        const proposed = from.support
        const wanted = to.support
        return Problem.unless(
          proposed[0] - wanted[0] <= MAX_MISSED_SHARE * (wanted[1] - wanted[0]) && proposed[1] >= wanted[1],
          'proposal',
          show(proposal),
          `one that draws all times of the target, in [${wanted[0]}, ${wanted[1]}]`,
          'widen it'
        )
      }
    }
    if (drawn === undefined) return known
    return {
      ...known,
      quantile: drawn.quantile,
      isStratified: drawn.isStratified ?? false,
      weight: schedule => {
        const [from, to] = densities(schedule)
        return time => (from === undefined || to === undefined ? NaN : to.at(time) / from.at(time))
      }
    }
  }
})

/**
 * Stratified draws: row i draws u_i = (π(i) + U)/rows with a random permutation π and one random shift U. Each u_i is uniform, so the mean
 * is that of independent draws; jointly they leave no gaps, so the variance between times falls as rows⁻² (Kingma et al. 2021, arXiv
 * 2107.00630, appendix I.1).
 */
export const stratified = define({
  name: 'stratified',
  about: 'drawn evenly, without gaps (arXiv 2107.00630)',
  fields: {
    /** Distribution whose draws are stratified over the rows. */
    law: Field.of(concept)
  },
  call: ['law'],
  example: { law: uniform(0.1, 0.9) },
  formula: ({ law }) => `${formula(law)}, stratified`,
  meaning: ({ law }) => {
    const drawn = quantileForm(law)
    const requirements = (schedule: Schedule.Schedule): ReadonlyArray<Problem.Problem> => {
      const inside = requirementProblems(schedule)(law).map(Problem.within('law'))
      return inside.length + Case.problems(law).length === 0 && drawn === undefined
        ? notDrawnProblem('law', law, 'leave it as it is, there is nothing to stratify')
        : inside
    }
    return drawn === undefined ? { nodes: nodesOf(law), requirements } : { ...drawn, isStratified: true, requirements }
  }
})

/** Gauss nodes of a distribution, the same at every step for every expectation. */
export const gauss = define({
  name: 'gauss',
  about: 'Gauss–Legendre nodes of a law, none of it random',
  fields: {
    /** Number of nodes. */
    nodes: Field.count({ suggestion: 16, most: Limits.maxNodes }),
    /** Distribution that the nodes replace. */
    law: Field.of(concept)
  },
  call: ['nodes'],
  on: 'law',
  example: { nodes: 4, law: uniform(0.1, 0.9) },
  formula: ({ nodes, law }) => `${formula(law)}, ${nodes} nodes`,
  meaning: ({ nodes: count, law }) => {
    const { fromClean, assumesUnitVariance } = concept.meaning(law)
    return {
      nodes: schedule => nodesOf(law)(schedule, count),
      fromClean,
      assumesUnitVariance,
      requirements: schedule => requirementProblems(schedule)(law).map(Problem.within('law'))
    }
  }
})

export const all: ReadonlyArray<Vocabulary.Entry> = [
  at,
  clean,
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
