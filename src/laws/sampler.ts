/**
 * Laws of samplers for the score of N(c, vI), which has marginals N(αc, u), u = α²v + σ², and flow x ↦ α_s c + √(u_s/u_t) (x − α_t c).
 * Orders are tested on the flow of a mixture, since errors may cancel on a linear flow.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import type { Points } from '../data/points.js'
import { Case, Key, Schedule, TimeGrid } from '../index.js'
import { mixtureQuantile, standardDistributionOf, type UnivariateComponent } from '../mixture/oneColumn.js'
import * as Sampler from '../sampler/sampler.js'
import { points as anyPoints, real, seeds } from './arbitraries.js'
import { deepCopy } from './bits.js'
import { meanNumber, compiledOrThrow, maxAbs, sampleMoments } from './check.js'
import type { Laws } from './law.js'
import { areFinite, atMost, differs, equals, forAll, ofRows, sameBits, atLeast, type LawBuilder } from './lawRows.js'

export interface SamplerOptions {
  /** True if the sampler is random. Default: as declared. */
  readonly random?: boolean
  /** Order of convergence in the step length; null claims none. Default: as declared. */
  readonly order?: number | null
  /**
   * Largest error of a point, relative to 1 + |x|, if the step size is adaptive; otherwise null. Default: 1000 times the declared error of
   * a step.
   */
  readonly error?: number | null
  readonly equals?: Sampler.Sampler | null
}

interface SamplerCase {
  readonly schedule: Schedule.Schedule
  readonly mean: number
  readonly variance: number
  readonly points: Points
  readonly seed: number
}

const DATA_VARIANCES = [0.25, 0.5, 2]

const samplerCases: fc.Arbitrary<SamplerCase> = fc.record({
  schedule: fc.constantFrom(
    Schedule.ornsteinUhlenbeck,
    Schedule.edm,
    Schedule.rectifiedFlow,
    Schedule.cosine(),
    Schedule.subVp()
  ),
  mean: real(2),
  variance: fc.constantFrom(...DATA_VARIANCES),
  points: anyPoints({ far: 1e6, weights: false })(2),
  seed: seeds
})

// —— a normal law ——

/** αc and u at a time. */
const marginalAt = ({ schedule, mean, variance }: SamplerCase, time: number) => {
  const { alpha, sigma } = Schedule.level(time)(schedule)
  return { mean: alpha * mean, u: alpha * alpha * variance + sigma * sigma }
}

/** −(x − αc)/u, with equal coordinates of c. */
const exactGaussianScore =
  (each: SamplerCase): Sampler.ScoreFunction =>
  ({ rows, dim, values }, time) => {
    const { mean, u } = marginalAt(each, time)
    return { rows, dim, values: values.map(x => (mean - x) / u) }
  }

/** Draws points of the marginal distribution at a time, with a key that no sampler derives. */
const drawMarginal = (each: SamplerCase, time: number, rows: number): Points => {
  const { mean, u } = marginalAt(each, time)
  const { start } = pipe(Key.fromSeed(each.seed), Key.named('start'))
  return { rows, dim: 2, values: Key.normal(2 * rows)(start).map(z => mean + Math.sqrt(u) * z) }
}

const flowMap = (each: SamplerCase, from: number, to: number): ((x: number) => number) => {
  const [a, b] = [from, to].map(time => marginalAt(each, time))
  return x => b.mean + Math.sqrt(b.u / a.u) * (x - a.mean)
}

// —— a mixture in every coordinate ——

/** Half the distance of the means, in standard deviations of the first component. */
const HALF_DISTANCE = 2
/** Variance of the second component, relative to the first. */
const VARIANCE_RATIO = 0.5
/** Unequal weights, so that odd terms of an error do not vanish by symmetry. */
const WEIGHTS = [0.4, 0.6]
const STANDARD_NORMAL = standardDistributionOf(Infinity)

/** Components of one coordinate at a time; the data are N(c − 2√v, v) with weight 0.4 and N(c + 2√v, v/2) with weight 0.6. */
const coordinateMixture = ({ schedule, mean, variance }: SamplerCase, time: number): UnivariateComponent[] => {
  const { alpha, sigma } = Schedule.level(time)(schedule)
  const distance = HALF_DISTANCE * Math.sqrt(variance)
  return [
    { weight: WEIGHTS[0], centre: mean - distance, v: variance },
    { weight: WEIGHTS[1], centre: mean + distance, v: VARIANCE_RATIO * variance }
  ].map(({ weight, centre, v }) => ({
    weight,
    mean: alpha * centre,
    deviation: Math.sqrt(alpha * alpha * v + sigma * sigma),
    standard: STANDARD_NORMAL
  }))
}

/** Σ r_k (m_k − x)/u_k with responsibilities r, in every coordinate. */
const exactMixtureScore =
  (each: SamplerCase): Sampler.ScoreFunction =>
  ({ rows, dim, values }, time) => {
    const [first, second] = coordinateMixture(each, time)
    const standardized = ({ mean, deviation }: UnivariateComponent, x: number): number => (x - mean) / deviation
    const logDensity = (component: UnivariateComponent, x: number): number =>
      Elementary.log(component.weight / component.deviation) - Elementary.square(standardized(component, x)) / 2
    const scoreAt = (x: number): number => {
      const responsibility = Elementary.sigmoid(logDensity(second, x) - logDensity(first, x))
      return (
        ((responsibility - 1) * standardized(first, x)) / first.deviation -
        (responsibility * standardized(second, x)) / second.deviation
      )
    }
    return { rows, dim, values: values.map(scoreAt) }
  }

/** Probability omitted in each tail of the drawn quantiles. */
const TAIL_PROBABILITY = 0.01

/** Points of the mixture's flow by time: each coordinate stays at one quantile of the marginals. */
const mixtureFlow = (each: SamplerCase, rows: number): ((time: number) => Points) => {
  const { start } = pipe(Key.fromSeed(each.seed), Key.named('start'))
  const probabilities = Key.uniform(2 * rows)(start).map(u => TAIL_PROBABILITY + (1 - 2 * TAIL_PROBABILITY) * u)
  return time => {
    const components = coordinateMixture(each, time)
    return { rows, dim: 2, values: probabilities.map(p => mixtureQuantile(components, p)) }
  }
}

const timeNode = (schedule: Schedule.Schedule, time: number): Sampler.Node => {
  const { alpha, sigma } = Schedule.level(time)(schedule)
  const angle = Elementary.atan2(sigma, alpha)
  const size = Elementary.hypot(alpha, sigma)
  return { time, alpha, sigma, ratio: sigma / alpha, angle, size }
}

const timeOf = ({ schedule }: SamplerCase, logSnr: number): number => Schedule.timeOfLogSnr(logSnr)(schedule)
const timeOfRatio = (each: SamplerCase, ratio: number): number => timeOf(each, -2 * Elementary.log(ratio))

const FIRST_LOG_SNR = -5
const LAST_LOG_SNR = 5

/** σ/α before the last step. */
const LAST_NOISE_RATIO = 0.01
/** Share of LAST_NOISE_RATIO by which a step along the score may move: (σ/α)²/√v. */
const SCORE_STEP_MARGIN = 0.25

/** Lengths of the previous step, relative to the step, in log(σ/α). */
const PREVIOUS_STEP_RATIOS = [1 / 3, 3]
/** Step lengths in log(σ/α); shorter ones leave methods of high order only rounding. */
const ORDER_TEST_STEPS = [0.02, 0.05, 0.1, 0.2, 0.4]
/** Smallest error, relative to 1 + |x|, to estimate an order from; rounding is 1.3e-15. */
const LEAST_ERROR = 1e-12
const ORDER_ROWS = 8

const COARSE_STEPS = 60
const FINE_FACTOR = 4
const MOMENT_ROWS = 4000
/** Length of a coarse step in log(σ/α). */
const COARSE_STEP_LENGTH = (LAST_LOG_SNR - FIRST_LOG_SNR) / (2 * COARSE_STEPS)

/**
 * Returns the laws of a sampler: moments and errors along the score of a normal distribution, and invariances.
 *
 * @example
 * import fc from 'fast-check'
 * import { Sampler } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.sampler(Sampler.ddim({ eta: 0.5 })).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 2 })
 * })
 */
export const sampler = (sampler: Sampler.Sampler, options: SamplerOptions = {}): Laws => {
  const subject = samplerSubject(sampler, options)
  return ofRows(
    Sampler.show(sampler),
    [
      pointsStayFinite(subject),
      lastStepAddsNoNoise(subject),
      stepKeepsArguments(subject),
      keyMattersIfRandom(subject),
      pointsMoveIndependently(subject),
      stepHasItsOrder(subject),
      meetsTolerance(subject),
      takesEqualSteps(subject),
      hasMarginalMoments(subject)
    ],
    options
  )
}

const samplerSubject = (sampler: Sampler.Sampler, options: SamplerOptions) => {
  const meaning = Case.meaning(sampler)
  const {
    random = meaning.draws,
    order = meaning.order ?? null,
    error = meaning.tolerance === undefined ? null : 1000 * meaning.tolerance,
    equals: other = null
  } = options
  const stays = Sampler.movesAtLevel(sampler)
  const statesOf = (
    each: SamplerCase,
    points: Points,
    grid: TimeGrid.TimeGrid,
    { of = sampler, seed = each.seed }: { readonly of?: Sampler.Sampler; readonly seed?: number } = {}
  ): ReadonlyArray<Sampler.State> => {
    const program = compiledOrThrow(Sampler.compile({ sampler: of, grid, schedule: each.schedule }))
    const { sampler: key } = pipe(Key.fromSeed(seed), Key.named('sampler'))
    return Array.from(Sampler.transport(program)(exactGaussianScore(each))(points)(key))
  }
  return {
    sampler,
    random,
    order,
    error,
    other,
    stays,
    gridOf: (each: SamplerCase, steps: number): TimeGrid.TimeGrid =>
      stays
        ? TimeGrid.constant({ time: timeOf(each, 0), steps })
        : TimeGrid.logSnr({ from: timeOf(each, FIRST_LOG_SNR), to: timeOf(each, LAST_LOG_SNR), steps }),
    statesOf,
    endOf: (...given: Parameters<typeof statesOf>): Float64Array => {
      const states = statesOf(...given)
      return states[states.length - 1].points.values
    },
    stepOf: (
      each: SamplerCase,
      [from, to]: readonly [from: number, to: number],
      points: Points,
      {
        memory = null,
        score = exactGaussianScore(each)
      }: { readonly memory?: unknown; readonly score?: Sampler.ScoreFunction } = {}
    ): Sampler.Moved => {
      const { schedule, seed } = each
      const { sampler: key } = pipe(Key.fromSeed(seed), Key.named('sampler'))
      const nodes = { from: timeNode(schedule, from), to: timeNode(schedule, to) }
      return meaning.step({ schedule, score, ...nodes, points, memory, key })
    }
  }
}
type SamplerSubject = ReturnType<typeof samplerSubject>

const onSamplerCases = forAll(samplerCases)

const magnitudeOf = (values: Float64Array): number => 1 + maxAbs(values)

const pointsStayFinite = ({ gridOf, statesOf, stays }: SamplerSubject): LawBuilder =>
  onSamplerCases({
    name: 'points stay finite',
    statement:
      '∀ schedules, x, keys: every state is finite and of as many points, of points far (1e6), equal, alone, and on grids that end where there is no noise, of six steps and of one. Exactly.',
    source: 'definition of a sampler',
    says: each => {
      const clean = [6, 1].map(steps => TimeGrid.karras({ from: timeOf(each, FIRST_LOG_SNR), to: 0, steps }))
      return [gridOf(each, 6), ...(stays ? [] : clean)].map(grid =>
        statesOf(each, each.points, grid).map(({ points }) => [
          areFinite(points.values),
          equals(points.values.length, each.points.values.length)
        ])
      )
    }
  })

const lastStepAddsNoNoise = ({ endOf, stays }: SamplerSubject): LawBuilder =>
  onSamplerCases({
    claim: !stays,
    reason: 'it stays at its level',
    name: 'a step to no noise adds none',
    quantity: 'root mean square move',
    statement: `∀ schedules, c, v, keys: from σ/α = ${LAST_NOISE_RATIO} to 0 points move, from x/α, by no more than on the way to a hundredth of it: in the root of the mean square, up to ${SCORE_STEP_MARGIN} σ/α, which the score may move.`,
    source: 'Ho et al. 2020, arXiv 2006.11239, algorithm 2: z = 0 in the last step',
    maxCases: 10,
    says: each => {
      if (Schedule.level(0)(each.schedule).sigma > 0) return []
      const from = timeOfRatio(each, LAST_NOISE_RATIO)
      const points = drawMarginal(each, from, 1000)
      const { alpha } = Schedule.level(from)(each.schedule)
      const movedTo = (to: number): number => {
        const ahead = Schedule.level(to)(each.schedule).alpha
        const end = endOf(each, points, TimeGrid.listed([from, to]))
        return Math.sqrt(meanNumber(end.map((x, i) => Elementary.square(x / ahead - points.values[i] / alpha))))
      }
      const before = movedTo(timeOfRatio(each, LAST_NOISE_RATIO / 100))
      return atMost(movedTo(0), before + SCORE_STEP_MARGIN * LAST_NOISE_RATIO)
    }
  })

const stepKeepsArguments = ({ stepOf, sampler }: SamplerSubject): LawBuilder =>
  onSamplerCases({
    name: 'a step leaves alone what it is given',
    quantity: 'what the step was given',
    statement:
      '∀ schedules, x, keys: the points of a step, what it remembers of the one before, and a vector that its solver is given are after it what they were. Exactly.',
    source: 'definition of a function',
    maxCases: 20,
    says: each => {
      const [before, from, to] = [-1, -0.5, 0].map(logSnr => timeOf(each, logSnr))
      const points = drawMarginal(each, before, 2)
      const given = { points, memory: stepOf(each, [before, from], points).memory ?? null }
      const kept = deepCopy(given)
      stepOf(each, [from, to], points, { memory: given.memory })
      const y = points.values.slice()
      const { solver } = Case.meaning(sampler)
      solver?.((_, at) => at.map(x => -x))(1, 0.5, y)
      return [sameBits(given, kept), equals(y, points.values)]
    }
  })

const keyMattersIfRandom = ({ gridOf, endOf, random }: SamplerSubject): LawBuilder =>
  onSamplerCases({
    name: 'looks at the key only if it draws',
    quantity: 'result with another key',
    statement:
      '∀ schedules, x, keys: the same key leads to the same bits; another to others where noise is drawn, else to the same (η = 0). Exactly.',
    source: 'randomness is a value',
    says: each => {
      const [once, again, another] = [each.seed, each.seed, each.seed + 1].map(seed =>
        endOf(each, each.points, gridOf(each, 4), { seed })
      )
      return [equals(again, once), random ? differs(another, once) : equals(another, once)]
    }
  })

const pointsMoveIndependently = ({ gridOf, endOf, random, error }: SamplerSubject): LawBuilder =>
  onSamplerCases({
    claim: !random,
    reason: 'it draws',
    name: 'no point knows of the others',
    statement:
      '∀ schedules, x: a point alone is led to where it is led among others. To 1e-12 (1 + |x|), or a thousandfold the tolerance where steps are chosen for all together.',
    source: 'the flow is of each point',
    says: each => {
      const grid = gridOf(each, 6)
      const points = drawMarginal(each, TimeGrid.times(each.schedule)(grid)[0], 5)
      const all = endOf(each, points, grid)
      const alone = endOf(each, { rows: 1, dim: 2, values: points.values.slice(4, 6) }, grid)
      return equals(alone, all.slice(4, 6), (error ?? 1e-12) * magnitudeOf(all))
    }
  })

const stepHasItsOrder = ({ stepOf, order }: SamplerSubject): LawBuilder =>
  onSamplerCases({
    claim: order,
    option: 'order',
    name: 'a step is of its order',
    quantity: 'order of the error',
    statement: order =>
      `∀ schedules, c, levels: along the flow of a mixture of two normal laws in every coordinate, c ± ${HALF_DISTANCE}√v with variances v and ${VARIANCE_RATIO} v, after a step a third or three times as long, both from where the flow has ${ORDER_ROWS} points, a step of h in log(σ/α) is off by at least 2^p √2 times as much as one of h/2, p = ${order}, h the shortest of ${ORDER_TEST_STEPS.join(', ')} with an error of h/2 of more than ${LEAST_ERROR.toExponential()} (1 + |x|), well above rounding; the error is the largest over the variances ${DATA_VARIANCES.join(', ')}. One of order p falls by 2^{p + 1}, one of order p − 1 by 2^p.`,
    source: 'Hairer, Nørsett & Wanner 1993, definition II.1.2: the local error is of order h^{p + 1}',
    maxCases: 20,
    says: (each, order) => {
      const level = (each.seed % 7) / 2 - 1.5
      const offAfter = (own: SamplerCase, h: number, times: number): number => {
        const [before, from, to] = [level - 2 * times * h, level, level + 2 * h].map(logSnr => timeOf(own, logSnr))
        const pointsAt = mixtureFlow(own, ORDER_ROWS)
        const score = exactMixtureScore(own)
        const { memory = null } = stepOf(own, [before, from], pointsAt(before), { score })
        const { values } = stepOf(own, [from, to], pointsAt(from), { memory, score }).points
        return maxAbs(pointsAt(to).values.map((x, i) => (x - values[i]) / (1 + Math.abs(x))))
      }
      const errorOf = (h: number): number =>
        maxAbs(
          DATA_VARIANCES.flatMap(variance =>
            PREVIOUS_STEP_RATIOS.map(times => offAfter({ ...each, variance }, h, times))
          )
        )
      const h = ORDER_TEST_STEPS.find(h => errorOf(h / 2) > LEAST_ERROR)
      return h !== undefined && atLeast(Elementary.log(errorOf(h) / errorOf(h / 2)) / Math.LN2, order + 0.5)
    }
  })

const meetsTolerance = ({ gridOf, endOf, error }: SamplerSubject): LawBuilder =>
  onSamplerCases({
    claim: error,
    option: 'error',
    name: 'meets its tolerance',
    statement: error =>
      `∀ schedules, c, v: one step of the grid leads 8 points to where the flow does, to ${error.toExponential()} (1 + |x|): a thousandfold the tolerance of each of its own steps.`,
    source: 'Dormand & Prince 1980; the closed form of the flow',
    says: (each, error) => {
      const [from, to] = [FIRST_LOG_SNR, LAST_LOG_SNR].map(logSnr => timeOf(each, logSnr))
      const first = drawMarginal(each, from, 8)
      const wanted = first.values.map(flowMap(each, from, to))
      const end = endOf(each, first, gridOf(each, 1))
      return atMost(maxAbs(end.map((x, i) => (x - wanted[i]) / (1 + Math.abs(wanted[i])))), error)
    }
  })

const takesEqualSteps = ({ gridOf, endOf, other, sampler }: SamplerSubject): LawBuilder =>
  onSamplerCases({
    claim: other,
    option: 'equals',
    name: 'takes the steps of the sampler that it equals',
    quantity: 'end points',
    statement: other =>
      `∀ schedules, x, keys: it leads to the points of ${Sampler.show(other)}. To 1e-12 (1 + |x|): rounding.`,
    source: 'Song, Meng & Ermon 2020, arXiv 2010.02502, §4.1: η = 1 is the DDPM',
    says: (each, other) => {
      const [found, wanted] = [sampler, other].map(of => endOf(each, each.points, gridOf(each, 8), { of }))
      return equals(found, wanted, 1e-12 * magnitudeOf(wanted))
    }
  })

const hasMarginalMoments = (subject: SamplerSubject): LawBuilder => {
  const { stays, random } = subject
  return onSamplerCases({
    name: 'has the moments of the law at every time',
    statement: `∀ schedules, c, v, keys: along ${FINE_FACTOR * COARSE_STEPS} steps, at every ${FINE_FACTOR}th of them, mean and variance of ${MOMENT_ROWS} points are αc and u, and their coordinates uncorrelated, up to six standard errors and a bias that falls with the length of the steps: of ${(COARSE_STEP_LENGTH / FINE_FACTOR).toPrecision(1)} deviations and variances, or a third of what it is along ${COARSE_STEPS}; and to the bias (1 − A)/(1 + A) of moves at a level, A what they keep of a difference, which falls with δ alone. A comparison of a right one fails with probability 2e-9. Where nothing is drawn they are those of 100 points that the flow carries.`,
    source: 'Song et al. 2021, arXiv 2011.13456, §3.4 and §4.3; Kloeden & Platen 1992, theorem 14.1.5',
    maxCases: 8,
    says: each => {
      const coarse = momentErrors(subject, each, COARSE_STEPS)
      const fine = stays
        ? coarse
        : momentErrors(subject, each, FINE_FACTOR * COARSE_STEPS).filter((_, i) => i % FINE_FACTOR === 0)
      const ofMoves = random ? stationaryVarianceBias(subject, each) : 0
      const errors = random ? 6 / Math.sqrt(2 * MOMENT_ROWS) : 1e-9
      const least = { mean: errors, variance: Math.SQRT2 * errors, covariance: Math.SQRT2 * errors }
      return fine.map((off, i) =>
        (['mean', 'variance', 'covariance'] as const).map(of => {
          const ofSteps = stays ? 0 : Math.max(COARSE_STEP_LENGTH / FINE_FACTOR, Math.abs(coarse[i][of]) / 3)
          return equals({ [of]: off[of] }, 0, least[of] + ofSteps + ofMoves)
        })
      )
    }
  })
}

/** Errors of mean, variance and covariance of two coordinates at each time of a grid, relative to those of the law. */
const momentErrors = ({ random, gridOf, statesOf }: SamplerSubject, each: SamplerCase, steps: number) => {
  const grid = gridOf(each, steps)
  const [from] = TimeGrid.times(each.schedule)(grid)
  const first = drawMarginal(each, from, random ? MOMENT_ROWS : 100)
  return statesOf(each, first, grid).map(({ time, points: { values } }) => {
    const { mean, u } = marginalAt(each, time)
    const found = sampleMoments(values)
    const wanted = random ? { mean, variance: u } : sampleMoments(first.values.map(flowMap(each, from, time)))
    const both = meanNumber(values.filter((_, i) => i % 2 === 0).map((x, i) => (x - mean) * (values[2 * i + 1] - mean)))
    return {
      mean: (found.mean - wanted.mean) / Math.sqrt(u),
      variance: found.variance / wanted.variance - 1,
      covariance: random ? both / u : 0
    }
  })
}

/**
 * Bias of the stationary variance at one noise level. In a step from a time to itself a difference of points falls by A = 1 − δ/u, and the
 * variance tends to u/(1 − δ/2u).
 */
const stationaryVarianceBias = ({ stays, stepOf }: SamplerSubject, each: SamplerCase): number =>
  maxAbs(
    (stays ? [0] : [-4, 0, 4]).map(logSnr => {
      const time = timeOf(each, logSnr)
      const points = drawMarginal(each, time, 1)
      const [there, beside] = [points, { ...points, values: points.values.map(x => x + 1) }].map(
        points => stepOf(each, [time, time], points).points.values[0]
      )
      const kept = beside - there
      return kept < 1 ? Math.min(1, (1 - kept) / Math.max(0, 1 + kept)) : 0
    })
  )
