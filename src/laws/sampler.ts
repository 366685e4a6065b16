/**
 * Laws of samplers, along the score of a normal law N(c, vI), whose flow and marginals are known in closed form: at every
 * time N(αc, u) with u = α²v + σ², carried by x ↦ α_s c + √(u_s/u_t) (x − α_t c).
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Vocabulary } from '../core/index.js'
import type { Points } from '../data/points.js'
import { Case as Of, Key, Sampler, Schedule, TimeGrid } from '../index.js'
import { eachDim, points as anyPoints, real, seeds } from './arbitraries.js'
import { copyOf, throughText } from './bits.js'
import { compiled, sumOf, average, moments, greatest, dot } from './check.js'
import { areFinite, forAll, ofRows, equals, atMost, sameBits, differs, type Stated } from './lawRows.js'
import { posteriors } from './guidance.js'
import type { Laws } from './law.js'

export interface SamplerOptions {
  /** Schedules that have the log-SNRs from 5 to −5. */
  readonly schedules?: fc.Arbitrary<Schedule.Schedule>
  /** What is believed to carry points along the grid; by default `Sampler.transport`. */
  readonly transport?: typeof Sampler.transport
  /** Whether it draws; by default what its case says. */
  readonly random?: boolean
  /** The order in the length of the steps that it converges with; by default what its case claims, null for none. */
  readonly order?: number | null
  /** The greatest error of one point where it chooses its steps, relative to 1 + |x|; null where it does not. By default a thousandfold what its case claims of a step. */
  readonly error?: number | null
  /** A sampler that takes the same steps. */
  readonly equals?: Sampler.Sampler | null
  /** How far moments may be off the law's, relative to its deviation and variance, beside the error of sampling. */
  readonly bias?: number
  /** Steps of the grid on which moments are compared. */
  readonly steps?: number
  /** Points that moments are taken over. */
  readonly rows?: number
  /** How many standard errors a moment may be off. */
  readonly errors?: number
}

interface Example {
  readonly schedule: Schedule.Schedule
  readonly mean: number
  readonly variance: number
  readonly points: Points
  readonly seed: number
}

// —— claims ——

/**
 * Steps of length h in log(σ/α): a bias of order h where the method is of order 1 or claims none, of h² else. Of
 * Euler–Maruyama more: with c = 1 − e^{−2h} a step adds c²σ⁴/α⁴ to the variance of x/α and forgets c of it, which comes to
 * e^{2h} − 1. Of Langevin moves of size δ, δ/2u = snr² σ²/u ≤ snr², for each at most.
 */
const biasOf = (h: number): ((sampler: Sampler.Sampler) => number) => {
  const known = Of.known<number>(
    Of.when(Sampler.eulerMaruyama, () => Elementary.expm1(2 * h)),
    Of.when(Sampler.dormandPrince, ({ tolerance }) => tolerance / h),
    Of.when(Sampler.predictorCorrector, ({ predictor, snr }) => of(predictor) + 2 * snr * snr),
    Of.when(Sampler.langevin, ({ step }) => step),
    Of.when(Sampler.annealedLangevin, ({ snr }) => 2 * snr * snr)
  )
  const of = (sampler: Sampler.Sampler): number =>
    pipe(
      known(sampler),
      O.getOrElse(() => (O.getOrElse(() => 1)(Sampler.order(sampler)) === 1 ? h : h * h))
    )
  return of
}

// —— a normal law ——

/** αc and u at a time. */
const marginal = (
  { schedule, mean, variance }: Example,
  time: number
): { readonly mean: number; readonly u: number } => {
  const { alpha, sigma } = Schedule.level(time)(schedule)
  return { mean: alpha * mean, u: alpha * alpha * variance + sigma * sigma }
}

/** −(x − αc)/u, every coordinate of c being the same. */
const scoreOf =
  (each: Example): Sampler.ScoreFunction =>
  ({ rows, dim, values }, time) => {
    const { mean, u } = marginal(each, time)
    return { rows, dim, values: values.map(x => (mean - x) / u) }
  }

/** The start is drawn by a key of its own, which no sampler can make of the one that it is given. */
const keysOf = (seed: number): { readonly start: Key.Key; readonly sampler: Key.Key } =>
  pipe(Key.fromSeed(seed), Key.named('start', 'sampler'))

const VARIANCES = [0.25, 0.5, 2]

/** σ/α before a last step, and by how much its noise may be more: the step along the score is of order (σ/α)²/√v. */
const [LITTLE, MARGIN] = [0.01, 0.25]

const LATEST = -5
const EARLIEST = 5

const ends = (schedule: Schedule.Schedule): { readonly from: number; readonly to: number } => ({
  from: Schedule.timeOfLogSnr(LATEST)(schedule),
  to: Schedule.timeOfLogSnr(EARLIEST)(schedule)
})

/** Levels from noise to data by steps half and one and a half times as long, in turn. */
const unevenly = (steps: number): ReadonlyArray<number> =>
  Array.from({ length: steps + 1 }, (_, i) => LATEST + ((EARLIEST - LATEST) * (i + (i % 2 === 0 ? 0 : -0.5))) / steps)

/** A time as a step sees it. */
const nodeAt = (schedule: Schedule.Schedule, time: number): Sampler.Node => {
  const { alpha, sigma } = Schedule.level(time)(schedule)
  return {
    time,
    alpha,
    sigma,
    ratio: sigma / alpha,
    angle: Elementary.atan2(sigma, alpha),
    size: Elementary.hypot(alpha, sigma)
  }
}

// —— two modes with a covariance ——

/** A share of ½(1 + lean) at N(b, Σ), the rest at N(−b, Σ), Σ = `along` in the direction (1, …, 1) and `across` to it. */
interface TwoModes {
  readonly schedule: Schedule.Schedule
  readonly dim: number
  readonly lean: number
  readonly along: number
  readonly across: number
  readonly seed: number
}

const modeOf = (dim: number): ReadonlyArray<number> => Array.from({ length: dim }, (_, j) => (j % 2 === 0 ? 1.5 : -1))

/** By x ↦ f·(its part along (1, …, 1)) + g·(what is across). */
const parted = (f: number, g: number, x: ReadonlyArray<number>): ReadonlyArray<number> => {
  const part = sumOf(x) / x.length
  return x.map(value => g * value + (f - g) * part)
}

const rowsIn = ({ rows, dim, values }: Points): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: rows }, (_, i) => Array.from(values.subarray(i * dim, (i + 1) * dim)))

/** C⁻¹ (αb tanh(½ log-odds) − x), C = α²Σ + σ²I, as the two have one covariance. */
const scoreOfModes =
  ({ schedule, dim, lean, along, across }: TwoModes): Sampler.ScoreFunction =>
  (points, time) => {
    const { alpha, sigma } = Schedule.level(time)(schedule)
    const [f, g] = [along, across].map(v => 1 / (alpha * alpha * v + sigma * sigma))
    const b = modeOf(dim).map(x => alpha * x)
    const slope = parted(f, g, b)
    const odds = Elementary.log((1 + lean) / (1 - lean)) / 2
    const middle = sumOf(b) / dim
    const { rows, values } = points
    const overRow = (i: number, of: (x: number, j: number) => number): number =>
      b.reduce((sum, _, j) => sum + of(values[i * dim + j], j), 0)
    const sides = Float64Array.from({ length: rows }, (_, i) =>
      Elementary.tanh(odds + overRow(i, (x, j) => slope[j] * x))
    )
    const parts = sides.map((side, i) => (f - g) * (side * middle - overRow(i, x => x / dim)))
    return {
      ...points,
      values: values.map((x, at) => {
        const [i, j] = [Math.floor(at / dim), at % dim]
        return g * (b[j] * sides[i] - x) + parts[i]
      })
    }
  }

/** Rows of the law at a time. */
const drawnOfModes = (
  { schedule, dim, lean, along, across }: TwoModes,
  time: number,
  rows: number,
  key: Key.Key
): Points => {
  const { alpha, sigma } = Schedule.level(time)(schedule)
  const keys = pipe(key, Key.named('side', 'normal'))
  const sides = Key.uniform(rows)(keys.side)
  const normals = Key.normal(rows * dim)(keys.normal)
  const [f, g] = [along, across].map(v => Math.sqrt(alpha * alpha * v + sigma * sigma))
  return {
    rows,
    dim,
    values: Float64Array.from(
      rowsIn({ rows, dim, values: normals }).flatMap((z, i) => {
        const sign = sides[i] < (1 + lean) / 2 ? alpha : -alpha
        const off = parted(f, g, z)
        return modeOf(dim).map((b, j) => sign * b + off[j])
      })
    )
  }
}

/** What the laws of a sampler share: its cases, and where it leads from them. */
const settingOf = (
  sampler: Sampler.Sampler,
  {
    schedules = fc.constantFrom(
      Schedule.ornsteinUhlenbeck,
      Schedule.edm,
      Schedule.rectifiedFlow,
      Schedule.cosine(),
      Schedule.subVp()
    ),
    transport = Sampler.transport,
    random = Sampler.draws(sampler),
    order = O.toNullable(Sampler.order(sampler)),
    error = pipe(
      Sampler.tolerance(sampler),
      O.match(
        () => null,
        tolerance => 1000 * tolerance
      )
    ),
    equals = null,
    steps = 60,
    bias = biasOf((EARLIEST - LATEST) / (2 * steps))(sampler),
    rows = 2000,
    errors = 6
  }: SamplerOptions = {}
) => {
  const code = Sampler.show(sampler)
  const stays = Sampler.movesAtLevel(sampler)
  // Its own words are enough.
  const codec = Sampler.codec(Vocabulary.of(Of.parts(sampler)))
  const cases: fc.Arbitrary<Example> = fc.record({
    schedule: schedules,
    mean: real(2),
    variance: fc.constantFrom(...VARIANCES),
    points: anyPoints({ far: 1e6, weights: false })(2),
    seed: seeds
  })
  const gridOf = (schedule: Schedule.Schedule, steps: number): TimeGrid.TimeGrid =>
    stays
      ? TimeGrid.constant({ time: Schedule.timeOfLogSnr(0)(schedule), steps })
      : TimeGrid.logSnr({ ...ends(schedule), steps })
  const statesOf = (
    each: Example,
    points: Points,
    grid: TimeGrid.TimeGrid,
    { of = sampler, seed = each.seed }: { readonly of?: Sampler.Sampler; readonly seed?: number } = {}
  ): ReadonlyArray<Sampler.State> =>
    Array.from(
      transport(compiled(Sampler.compile({ sampler: of, grid, schedule: each.schedule })))(scoreOf(each))(points)(
        keysOf(seed).sampler
      )
    )
  /** One step between two log-SNRs. */
  const stepOf = (
    each: Example,
    levels: ReadonlyArray<number>,
    points: Points,
    memory: unknown = null
  ): Sampler.Moved => {
    const { schedule } = each
    const [from, to] = levels.map(level => nodeAt(schedule, Schedule.timeOfLogSnr(level)(schedule)))
    const key = keysOf(each.seed).sampler
    return Of.meaning(sampler).step({ schedule, score: scoreOf(each), from, to, points, memory, key })
  }
  const endOf = (states: ReadonlyArray<Sampler.State>): Float64Array => states[states.length - 1].points.values
  /** Points of the law at the noisy end, or at the level of its moves. */
  const start = (each: Example, rows: number): Points => {
    const { mean, u } = marginal(each, TimeGrid.times(each.schedule)(gridOf(each.schedule, 1))[0])
    const values = Key.normal(2 * rows)(keysOf(each.seed).start).map(z => mean + Math.sqrt(u) * z)
    return { rows, dim: 2, values }
  }
  /** Where the flow carries a number from one time to another. */
  const carried =
    (each: Example, from: number, to: number): ((x: number) => number) =>
    x => {
      const [a, b] = [from, to].map(time => marginal(each, time))
      return b.mean + Math.sqrt(b.u / a.u) * (x - a.mean)
    }
  /** The greatest distance on the way from where the flow carries the points, relative to 1 + |x|. */
  const errorOf = (each: Example, steps: number, grid = gridOf(each.schedule, steps)): number => {
    const first = start(each, 8)
    const { from } = ends(each.schedule)
    return Math.max(
      ...statesOf(each, first, grid).flatMap(({ time, points: { values } }) => {
        const goal = carried(each, from, time)
        return Array.from(values, (value, i) => {
          const wanted = goal(first.values[i])
          return Math.abs(value - wanted) / (1 + Math.abs(wanted))
        })
      })
    )
  }
  const size = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 1)

  const lawOf = forAll(cases)
  return {
    bias,
    carried,
    code,
    codec,
    endOf,
    equals,
    error,
    errorOf,
    errors,
    gridOf,
    lawOf,
    order,
    random,
    rows,
    sampler,
    schedules,
    size,
    start,
    statesOf,
    stays,
    stepOf,
    steps,
    transport
  }
}

type Setting = ReturnType<typeof settingOf>

const stateForEveryTime = ({ gridOf, lawOf, statesOf }: Setting): Stated =>
  lawOf({
    name: 'there is a state for every time of the grid',
    statement:
      '∀ schedules, x, keys: times and steps are those of the grid, the points as many, and the first given. Exactly.',
    source: 'definition of a trajectory',
    says: each => {
      const grid = gridOf(each.schedule, 5)
      const states = statesOf(each, each.points, grid)
      return [
        equals(
          {
            times: states.map(({ time }) => time),
            steps: states.map(({ step }) => step),
            'first points': states[0].points.values
          },
          { times: TimeGrid.times(each.schedule)(grid), steps: [0, 1, 2, 3, 4, 5], 'first points': each.points.values }
        ),
        states.map(({ points: { rows, dim } }) => equals([rows, dim], [each.points.rows, each.points.dim]))
      ]
    }
  })

const finite = ({ gridOf, lawOf, statesOf, stays }: Setting): Stated =>
  lawOf({
    name: 'points stay finite',
    statement:
      '∀ schedules, x, keys: every state is finite, of points far (1e6), equal, alone, and on a grid that ends where there is no noise. Exactly.',
    source: 'definition of a sampler',
    says: each => {
      const { from } = ends(each.schedule)
      const clean = TimeGrid.karras({ from, to: 0, steps: 6 })
      return [gridOf(each.schedule, 6), ...(stays ? [] : [clean])].map(grid =>
        areFinite(statesOf(each, each.points, grid).map(({ points }) => points.values))
      )
    }
  })

const cleanStep = ({ endOf, lawOf, rows, statesOf, stays }: Setting): Stated =>
  lawOf({
    claim: !stays,
    reason: 'it stays at its level',
    name: 'a step to no noise adds none',
    statement: `∀ schedules, c, v, keys: from σ/α = ${LITTLE} to 0 ${rows} points move, from x/α, by no more than the noise that there was: in the root of the mean square ${1 + MARGIN} σ/α.`,
    source: 'Ho et al. 2020, arXiv 2006.11239, algorithm 2: z = 0 in the last step',
    maxCases: 10,
    says: each => {
      if (Schedule.level(0)(each.schedule).sigma > 0) return []
      const from = Schedule.timeOfLogSnr(-2 * Elementary.log(LITTLE))(each.schedule)
      const { mean, u } = marginal(each, from)
      const values = Key.normal(2 * rows)(keysOf(each.seed).start).map(z => mean + Math.sqrt(u) * z)
      const { alpha } = Schedule.level(from)(each.schedule)
      const end = endOf(statesOf(each, { rows, dim: 2, values }, TimeGrid.listed([from, 0])))
      const off = Math.sqrt(average(end.map((x, i) => Elementary.square(x - values[i] / alpha))))
      return atMost(off, (1 + MARGIN) * LITTLE)
    }
  })

const leavesAlone = ({ lawOf, sampler, start, stepOf }: Setting): Stated =>
  lawOf({
    name: 'a step leaves alone what it is given',
    statement:
      '∀ schedules, x, keys: the points of a step, what it remembers of the one before, and a vector that its solver is given are after it what they were. Exactly.',
    source: 'definition of a function',
    maxCases: 20,
    says: each => {
      const points = start(each, 2)
      const given = { points, memory: stepOf(each, [-1, -0.5], points).memory ?? null }
      const kept = copyOf(given)
      stepOf(each, [-0.5, 0], points, given.memory)
      const y = points.values.slice()
      const solved = pipe(
        O.fromNullable(Of.meaning(sampler).solver),
        O.map(solve => solve((_, at) => at.map(x => -x))(1, 0.5, y))
      )
      return [sameBits(given, kept), O.isSome(solved) && equals(y, points.values)]
    }
  })

/** How many times as long, in log(σ/α), the step before a step is. */
const BEFORE = [1 / 3, 3]

/** In log(σ/α): a method of order 4 is off by rounding alone where they are short. */
const STEPS_OF_ORDER = [0.02, 0.1, 0.4]

const ofLocalOrder = ({ carried, lawOf, order, start, stepOf }: Setting): Stated =>
  lawOf({
    claim: order,
    option: 'order',
    name: 'a step is of its order',
    statement: order =>
      `∀ schedules, c, levels: after a step a third or three times as long, both from where the flow has 8 points, a step of h in log(σ/α) is off by at least 2^p √2 times as much as one of h/2, p = ${order}, h one of the two shortest of ${STEPS_OF_ORDER.join(', ')} after which it is off by more than 1e-12, rounding; over the variances ${VARIANCES.join(', ')}: the next term of the error is h times as great.`,
    source: 'Hairer, Nørsett & Wanner 1993, definition II.1.2: the local error is of order h^{p + 1}',
    maxCases: 20,
    says: (each, order) => {
      const level = (each.seed % 7) / 2 - 1.5
      const errorOf = (h: number): number =>
        Math.max(
          ...VARIANCES.flatMap(variance =>
            BEFORE.map(times => {
              const own = { ...each, variance }
              const levels = [level - 2 * times * h, level, level + 2 * h]
              const [before, from, to] = levels.map(level => Schedule.timeOfLogSnr(level)(each.schedule))
              const first = start(own, 8)
              const at = (time: number): Points => ({ ...first, values: first.values.map(carried(own, before, time)) })
              const { memory = null } = stepOf(own, [levels[0], level], first)
              const { values } = stepOf(own, [level, levels[2]], at(from), memory).points
              return greatest(at(to).values.map((x, i) => (x - values[i]) / (1 + Math.abs(x))))
            })
          )
        )
      const found = STEPS_OF_ORDER.map(h => [errorOf(h), errorOf(h / 2)] as const).filter(([, fine]) => fine > 1e-12)
      // Of the two steps that which shows the order more.
      const falls = found.slice(0, 2).map(([coarse, fine]) => coarse / fine)
      return falls.length > 0 && atMost(order + 0.5, Elementary.log(Math.max(...falls)) / Math.LN2)
    }
  })

const looksAtTheKey = ({ endOf, gridOf, lawOf, random, statesOf }: Setting): Stated =>
  lawOf({
    name: 'looks at the key only if it draws',
    statement:
      '∀ schedules, x, keys: the same key leads to the same bits; another to others where noise is drawn, else to the same (η = 0). Exactly.',
    source: 'randomness is a value',
    says: each => {
      const grid = gridOf(each.schedule, 4)
      const [once, again, other] = [each.seed, each.seed, each.seed + 1].map(seed =>
        endOf(statesOf(each, each.points, grid, { seed }))
      )
      return [equals(again, once), random ? differs(other, once) : equals(other, once)]
    }
  })

const throughJson = ({ codec, endOf, gridOf, lawOf, sampler, statesOf }: Setting): Stated =>
  lawOf({
    name: 'read from JSON it takes the same steps',
    statement: '∀ schedules, x, keys: written to JSON text and read again, it leads to the same bits. Exactly.',
    source: 'definition of a codec',
    says: each => {
      const read = codec.decode(throughText(codec.encode(sampler)))
      if (E.isLeft(read)) return sameBits(read, sampler)
      const grid = gridOf(each.schedule, 4)
      const [found, wanted] = [read.right, sampler].map(of => endOf(statesOf(each, each.points, grid, { of })))
      return sameBits(found, wanted)
    }
  })

const seesNoClock = ({ endOf, gridOf, lawOf, size, start, statesOf }: Setting): Stated =>
  lawOf({
    name: 'sees levels, and no clock',
    statement:
      '∀ schedules, x, keys: on a clock twice as fast, through the same levels, it leads to the same points. To 1e-9 (1 + |x|): times are found from levels and round.',
    source: 'every schedule is the same process in x/α and σ/α',
    says: each => {
      const fast = Schedule.reparametrized(Schedule.affine({ scale: 2 }))(each.schedule)
      const points = start(each, 4)
      const [found, wanted] = [{ ...each, schedule: fast }, each].map(of =>
        endOf(statesOf(of, points, gridOf(of.schedule, 6)))
      )
      return equals(found, wanted, 1e-9 * size(wanted))
    }
  })

const eachAlone = ({ endOf, error, gridOf, lawOf, random, size, start, statesOf }: Setting): Stated =>
  lawOf({
    claim: !random,
    reason: 'it draws',
    name: 'no point knows of the others',
    statement:
      '∀ schedules, x: a point alone is led to where it is led among others. To 1e-12 (1 + |x|), or a thousandfold the tolerance where steps are chosen for all together.',
    source: 'the flow is of each point',
    says: each => {
      const points = start(each, 5)
      const grid = gridOf(each.schedule, 6)
      const all = endOf(statesOf(each, points, grid))
      const alone = endOf(statesOf(each, { rows: 1, dim: 2, values: points.values.slice(4, 6) }, grid))
      return equals(alone, all.slice(4, 6), (error ?? 1e-12) * size(all))
    }
  })

const converges = ({ errorOf, lawOf, order }: Setting): Stated =>
  lawOf({
    claim: order,
    option: 'order',
    name: 'converges with its order',
    statement: order =>
      `∀ schedules, c: the greatest error on the way of 8 points, of each of the variances ${VARIANCES.join(', ')}, falls as steps^−${order} from 64 to 128 uneven steps, half and one and a half times as long in turn, or from 128 to 256, to ± 0.2 of the exponent, until it is below 1e-9: the next term of the error is h = 0.08 times as great, or 0.04. (At the last time alone, or of one variance, terms may cancel.)`,
    source: 'Hairer, Nørsett & Wanner 1993, Solving Ordinary Differential Equations I; the closed form of the flow',
    // Each is a run of hundreds of steps, whose order does not depend on c.
    maxCases: 12,
    says: (each, order) => {
      const errorAfter = (steps: number): number => {
        const grid = TimeGrid.listed(unevenly(steps).map(level => Schedule.timeOfLogSnr(level)(each.schedule)))
        return Math.max(...VARIANCES.map(variance => errorOf({ ...each, variance }, steps, grid)))
      }
      const orderFrom = (steps: number): number => {
        const [coarse, fine] = [errorAfter(steps), errorAfter(2 * steps)]
        return coarse < 1e-9 ? order : Elementary.log(coarse / fine) / Math.LN2
      }
      const first = orderFrom(64)
      return equals(Math.abs(first - order) < 0.2 ? first : orderFrom(128), order, 0.2)
    }
  })

const meetsTolerance = ({ error, errorOf, lawOf }: Setting): Stated =>
  lawOf({
    claim: error,
    option: 'error',
    name: 'meets its tolerance',
    statement: error =>
      `∀ schedules, c, v: one step of the grid leads 8 points to where the flow does, to ${error.toExponential()} (1 + |x|): a thousandfold the tolerance of each of its own steps.`,
    source: 'Dormand & Prince 1980; the closed form of the flow',
    says: (each, error) => atMost(errorOf(each, 1), error)
  })

const equalsAnother = ({ endOf, equals: other, gridOf, lawOf, sampler, size, statesOf }: Setting): Stated =>
  lawOf({
    claim: other,
    option: 'equals',
    name: 'takes the steps of the sampler that it equals',
    statement: equals =>
      `∀ schedules, x, keys: it leads to the points of ${Sampler.show(equals)}. To 1e-12 (1 + |x|): rounding.`,
    source: 'Song, Meng & Ermon 2020, arXiv 2010.02502, §4.1: η = 1 is the DDPM',
    says: (each, other) => {
      const grid = gridOf(each.schedule, 8)
      const [found, wanted] = [sampler, other].map(of => endOf(statesOf(each, each.points, grid, { of })))
      return equals(found, wanted, 1e-12 * size(wanted))
    }
  })

const toTwoModes = ({ bias, errors, gridOf, rows, sampler, schedules, stays, steps, transport }: Setting): Stated =>
  forAll(
    eachDim.map(dim =>
      fc.record({
        schedule: schedules,
        dim: fc.constant(dim),
        lean: fc.constantFrom(0.4, -0.4, 0),
        along: fc.constantFrom(1, 0.5),
        across: fc.constantFrom(0.25, 0.5),
        seed: seeds
      })
    )
  )({
    name: 'leads to a law of two modes',
    statement: `∀ schedules, d from one to three, N(±b, Σ) of unequal shares and a covariance that is not diagonal, keys: along ${steps} uneven steps ${rows} points of the law at the noisy end come to that at the clean end, by the first two moments of the coordinates and of the side of b, up to ${errors} standard errors, which the law gives, and three biases of ${Number(bias.toPrecision(2))} of their size. A comparison of a right one fails with probability 2e-9.`,
    source: 'Anderson 1982; the score of a mixture in closed form',
    maxCases: 6,
    says: each => {
      const times = stays
        ? TimeGrid.times(each.schedule)(gridOf(each.schedule, steps))
        : unevenly(steps).map(level => Schedule.timeOfLogSnr(level)(each.schedule))
      const grid = stays ? gridOf(each.schedule, steps) : TimeGrid.listed(Array.from(times))
      const keys = keysOf(each.seed)
      const first = drawnOfModes(each, times[0], rows, keys.start)
      const program = compiled(Sampler.compile({ sampler, grid, schedule: each.schedule }))
      const states = Array.from(transport(program)(scoreOfModes(each))(first)(keys.sampler))
      const last = states[states.length - 1]
      const { alpha, sigma } = Schedule.level(last.time)(each.schedule)
      const found = rowsIn(last.points)
      const b = modeOf(each.dim)
      const ones = b.map(() => 1 / Math.sqrt(each.dim))
      const across = each.dim === 1 ? ones : b.map((_, j) => (j === 0 ? Math.SQRT1_2 : j === 1 ? -Math.SQRT1_2 : 0))
      const directions: ReadonlyArray<readonly [ReadonlyArray<number>, number]> = [
        [ones, each.along],
        [across, each.dim === 1 ? each.along : each.across],
        [b.map((_, j) => (j === 0 ? 1 : 0)), each.across + (each.along - each.across) / each.dim]
      ]
      return directions.map(([u, variance]) => {
        const mode = alpha * dot(u, b)
        const inner = alpha * alpha * variance + sigma * sigma
        const whole = inner + mode * mode * (1 - each.lean * each.lean)
        const places = found.map(x => dot(u, x))
        const spread = places.map(x => Elementary.square(x - each.lean * mode))
        // E|x − μ|⁴ ≤ 8 (E|side|⁴ + 3 u²), by |a + b|⁴ ≤ 8(|a|⁴ + |b|⁴).
        const fourth = Math.sqrt(8 * (Elementary.square(mode * mode * (1 + Math.abs(each.lean))) + 3 * inner * inner))
        return [
          equals(
            { mean: average(places) },
            { mean: each.lean * mode },
            errors * Math.sqrt(whole / found.length) + 3 * bias * Math.sqrt(whole)
          ),
          equals(
            { variance: average(spread) },
            { variance: whole },
            (errors * fourth) / Math.sqrt(found.length) + 3 * bias * whole
          )
        ]
      })
    }
  })

const momentsOfTheLaw = ({
  bias,
  carried,
  errors,
  gridOf,
  lawOf,
  random,
  rows,
  start,
  statesOf,
  steps
}: Setting): Stated =>
  lawOf({
    name: 'has the moments of the law at every time',
    statement: `∀ schedules, c, v, keys: at every one of ${steps} steps mean and variance of ${rows} points are αc and u, and their coordinates uncorrelated, up to ${errors} standard errors and a bias of ${Number(bias.toPrecision(2))} deviations and variances: steps of ${((EARLIEST - LATEST) / (2 * steps)).toPrecision(2)} in log(σ/α), of first or of second order; of Langevin moves of size δ, δ/u. A comparison of a right one fails with probability 2e-9. Where nothing is drawn they are those of 100 points that the flow carries, up to three times the bias.`,
    source: 'Song et al. 2021, arXiv 2011.13456, §3.4 and §4.3',
    maxCases: 30,
    says: each => {
      const first = start(each, random ? rows : 100)
      const grid = gridOf(each.schedule, steps)
      const [from] = TimeGrid.times(each.schedule)(grid)
      return statesOf(each, first, grid).map(({ time, points: { values } }) => {
        const { mean, u } = marginal(each, time)
        const count = values.length
        const found = moments(values)
        const wanted = random ? { mean, variance: u } : moments(first.values.map(carried(each, from, time)))
        const [ofMean, ofVariance] = random
          ? [errors / Math.sqrt(count) + bias, errors * Math.sqrt(2 / count) + bias]
          : [3 * bias + 1e-12, 3 * bias + 1e-12]
        return [
          equals({ mean: (found.mean - wanted.mean) / Math.sqrt(u) }, 0, ofMean),
          equals({ variance: found.variance / wanted.variance }, 1, ofVariance),
          random &&
            equals(
              {
                covariance:
                  average(values.filter((_, i) => i % 2 === 0).map((x, i) => (x - mean) * (values[2 * i + 1] - mean))) /
                  u
              },
              0,
              errors / Math.sqrt(count / 2) + bias
            )
        ]
      })
    }
  })

/**
 * The laws of a sampler: where it goes along the score of a normal law, and what it does not depend on.
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
  const setting = settingOf(sampler, options)
  return ofRows(
    setting.code,
    [
      ...[stateForEveryTime, finite, cleanStep, leavesAlone, looksAtTheKey, throughJson, seesNoClock, eachAlone],
      ...[converges, ofLocalOrder, meetsTolerance, equalsAnother, toTwoModes, momentsOfTheLaw]
    ]
      .map(law => law(setting))
      .concat(posteriors(sampler, { ...setting, rows: Math.min(setting.rows, 1000) })),
    options
  )
}
