/** Laws of weightings: of the weight of a level, and of what it does to a loss. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import type { Points } from '../data/points.js'
import {
  Expectation,
  Key,
  Objective,
  Parametrization,
  type Params,
  Schedule,
  Score,
  TimeLaw,
  Weighting
} from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { ofWeightings } from './capability.js'
import { compiled, evaluatedOnce, flat, greatest } from './check.js'
import { areFinite, over, ofRows, is, isAtMost, type Said } from './lawRows.js'
import type { Laws } from './law.js'
import type { Evaluate } from './objective.js'

export interface WeightingOptions {
  readonly schedules?: fc.Arbitrary<Schedule.Schedule>
  /** What is believed to be its weight at a time of a schedule; by default what `Weighting` makes of it. */
  readonly interpret?: (schedule: Schedule.Schedule) => (weighting: Weighting.Weighting) => (time: number) => number
  /** What it is of: claimed by default where its case says it; null: nothing is claimed. */
  readonly sees?: Weighting.Sees | null
  /** The parametrizations whose losses it carries into one another. */
  readonly carries?: readonly [from: Parametrization.Parametrization, to: Parametrization.Parametrization] | null
  readonly evaluate?: Evaluate
  /** Multiplies every tolerance below. */
  readonly slack?: number
}

interface Time {
  readonly schedule: Schedule.Schedule
  readonly time: number
}

interface Example extends Time {
  readonly other: Schedule.Schedule
  readonly later: number
  readonly points: Points
  readonly params: Params.Params<'means'>
  readonly parametrization: Parametrization.Parametrization
  readonly seed: number
}

const score = Score.spherical({ components: 2 })

/** Whether the schedule has the log-SNR at a time with signal and noise, clear of its ends. */
const has = (schedule: Schedule.Schedule, logSnr: number): boolean => {
  const { greatest, least } = Schedule.logSnrRange(schedule)
  return logSnr < greatest - 1e-3 && logSnr > least + 1e-3
}

/**
 * The laws of a weighting: a finite weight at every level, the same on every clock, and the loss of each level times it.
 *
 * @example
 * import fc from 'fast-check'
 * import { Weighting } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.weighting(Weighting.minSnr({ gamma: 5 })).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 10 })
 * })
 */
export const weighting = (
  weighting: Weighting.Weighting,
  {
    schedules = Arbitrary.schedules,
    interpret = Weighting.interpret,
    sees = O.toNullable(Weighting.sees(weighting)),
    carries = null,
    evaluate = evaluatedOnce,
    slack = 1
  }: WeightingOptions = {}
): Laws => {
  const code = Weighting.show(weighting)
  const at = ({ schedule, time }: Time): number => interpret(schedule)(weighting)(time)
  const cases: fc.Arbitrary<Example> = schedules.chain(schedule =>
    Arbitrary.dims.chain(dim =>
      fc.record({
        schedule: fc.constant(schedule),
        time: Arbitrary.times(schedule),
        other: schedules,
        later: Arbitrary.times(schedule),
        points: Arbitrary.points({ minRows: 2, maxRows: 3, far: 5 })(dim),
        params: Arbitrary.params(score)(dim),
        parametrization: Arbitrary.parametrizations,
        seed: Arbitrary.seeds
      })
    )
  )
  /** Value and gradient of an objective, in one row. */
  const loss = ({ schedule, points, params, seed }: Example, objective: Objective.Objective): ReadonlyArray<number> => {
    const expectation = Expectation.fixed(Arbitrary.noiseOf(points, seed))
    const { value, gradient } = compiled(evaluate({ schedule, score, objective, expectation })(points))(
      params,
      Key.fromSeed(seed)
    )
    return [value, ...flat(gradient)]
  }
  const close = (each: Example, found: ReadonlyArray<number>, wanted: ReadonlyArray<number>): Said => {
    const r = 4 + greatest([...each.points.values, ...flat(each.params)])
    return is(found, wanted, slack * 1e-13 * (greatest(found) + greatest(wanted)) * r * r)
  }

  const lawOf = over(cases)
  const sameSnr = cases.filter(each => has(each.other, Schedule.logSnr(each.time)(each.schedule)))
  return ofRows(code, [
    lawOf({
      name: 'weights are finite, and of one sign',
      statement:
        '∀ schedules, t and t′ with signal and noise: w(t) is finite, and w(t′) is not of the other sign. Exactly.',
      source: 'definition of a weighting',
      says: each => {
        const [weight, other] = [at(each), at({ ...each, time: each.later })]
        return [areFinite(weight), isAtMost(0, Math.sign(weight) * Math.sign(other))]
      }
    }),
    over(sameSnr)({
      claim: sees === 'snr',
      option: 'sees',
      name: 'the weight of a level is that of its SNR',
      statement:
        '∀ schedules, t, t′ of another schedule, of one log-SNR λ: w(t) = w′(t′). To 1e-12 (1 + |λ|) w: the rounding of λ, of which no weight is a power above 1.',
      source: 'Kingma et al. 2021, arXiv 2107.00630, §5.1: schedules differ by their clock and their scale alone',
      says: each => {
        const logSnr = Schedule.logSnr(each.time)(each.schedule)
        const time = Schedule.timeOfLogSnr(logSnr)(each.other)
        const off = Math.abs(Schedule.logSnr(time)(each.other) - logSnr)
        const weight = at(each)
        const tolerance = slack * (1e-12 * (1 + Math.abs(logSnr)) + 2 * off) * Math.abs(weight)
        return is(at({ schedule: each.other, time }), weight, tolerance)
      }
    }),
    lawOf({
      claim: sees,
      option: 'sees',
      name: 'another clock changes no weight but a rate',
      statement:
        '∀ schedules, t, c: on a clock c times as fast w(t/c) = w(t); of g², a rate, c w(t). To 1e-13 w: rounding.',
      source: 'a weight is of a level, g² dt of an interval of them',
      says: (each, sees) => {
        const scale = each.seed % 2 === 0 ? 2 : 0.5
        const schedule = Schedule.reparametrized(Schedule.affine({ scale }))(each.schedule)
        const wanted = (sees === 'rate' ? scale : 1) * at(each)
        const found = at({ schedule, time: each.time / scale })
        return is(found, wanted, slack * 1e-13 * Math.abs(wanted))
      }
    }),
    lawOf({
      name: 'the loss of each level is multiplied by its weight',
      statement:
        '∀ θ, x, z, t, t′, parametrizations: value and gradient of weight(w)(L) over ½ t + 2 t′ are ½ w(t) and 2 w(t′) times those of L at t and at t′, summed. To 1e-13 (|L| + |∇L|) r²: sums in another order.',
      source: 'definition of `weight`',
      says: each => {
        const of = (law: TimeLaw.TimeLaw): Objective.Objective => Objective.denoising(law, each.parametrization)
        const nodes = [
          { time: each.time, weight: 0.5 },
          { time: each.later, weight: 2 }
        ]
        const parts = nodes.map(({ time, weight }) => {
          const factor = weight * at({ ...each, time })
          return loss(each, of(TimeLaw.at(time))).map(value => factor * value)
        })
        const found = loss(each, Objective.weight(weighting)(of(TimeLaw.nodes(nodes))))
        return close(
          each,
          found,
          parts[0].map((value, i) => value + parts[1][i])
        )
      }
    }),
    lawOf({
      claim: carries,
      option: 'carries',
      name: 'it makes the loss of one parametrization that of another',
      statement: ([from, to]) =>
        `∀ θ, x, z, t: weight(w)(L) of ${Parametrization.show(from)} is L of ${Parametrization.show(to)}. To 1e-13 (|L| + |∇L|) r².`,
      source: 'the paper of the weighting',
      says: (each, carries) => {
        const [from, to] = carries.map(parametrization => Objective.denoising(TimeLaw.at(each.time), parametrization))
        return close(each, loss(each, Objective.weight(weighting)(from)), loss(each, to))
      }
    }),
    ofWeightings(weighting)
  ])
}
