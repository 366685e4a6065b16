/** Laws of time grids: where they begin and end, and in what their steps are even. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Case as Of, Schedule, TimeGrid } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { over, ofRows, is, isBelow } from './lawRows.js'
import type { Laws } from './law.js'

export interface TimeGridOptions {
  /** Schedules that have the times of the grid; by default those of `arbitraries.schedules` that do. */
  readonly schedules?: fc.Arbitrary<Schedule.Schedule>
  /** What is believed to be its times; by default what `TimeGrid` makes of it. */
  readonly times?: (schedule: Schedule.Schedule) => (grid: TimeGrid.TimeGrid) => Float64Array
  /** What its steps are even in: claimed by default where its case says it; null: nothing is claimed. */
  readonly evenIn?: TimeGrid.Coordinate | null
  /** Where it begins and ends, and in how many steps; by default what its fields `from`, `to` and `steps` say; null: nothing is claimed. */
  readonly span?: Span | null
}

interface Example {
  readonly schedule: Schedule.Schedule
}

const span = t.type({ from: t.number, to: t.number, steps: t.number })
type Span = t.TypeOf<typeof span>

/** What fields of these names say. */
const said = (grid: TimeGrid.TimeGrid): Span | null => {
  const fields = { from: Of.field(grid, 'from'), to: Of.field(grid, 'to'), steps: Of.field(grid, 'steps') }
  return span.is(fields) ? fields : null
}

/** The grid between the same levels on a clock twice as fast, where its steps are even in what no clock changes. */
const faster = (grid: TimeGrid.TimeGrid, evenIn: TimeGrid.Coordinate | null): TimeGrid.TimeGrid | null => {
  const [level, ends] = [{ alpha: 0.6, sigma: 0.8 }, said(grid)]
  const isTimeless = evenIn !== null && evenIn(level, 1) === evenIn(level, 2)
  return isTimeless && ends !== null ? Of.changed({ from: ends.from / 2, to: ends.to / 2 })(grid) : null
}

/** The schedules that have its times; where there is none, Ornstein–Uhlenbeck, on which the laws say what is wrong. */
const fitting = (grid: TimeGrid.TimeGrid): fc.Arbitrary<Schedule.Schedule> => {
  const fits = (schedule: Schedule.Schedule): boolean => TimeGrid.problems(schedule)(grid).length === 0
  const few = [Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.cosine(), Schedule.rectifiedFlow, Schedule.subVp()]
  return few.some(fits) ? Arbitrary.schedules.filter(fits) : fc.constant(Schedule.ornsteinUhlenbeck)
}

/**
 * The laws of a time grid.
 *
 * @example
 * import fc from 'fast-check'
 * import { TimeGrid } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.timeGrid(TimeGrid.karras({ from: 0.9, to: 0, steps: 10 })).forEach(({ property }) => {
 *   fc.assert(property)
 * })
 */
export const timeGrid = (
  grid: TimeGrid.TimeGrid,
  {
    schedules = fitting(grid),
    times = TimeGrid.times,
    evenIn = O.toNullable(TimeGrid.evenIn(grid)),
    span = said(grid)
  }: TimeGridOptions = {}
): Laws => {
  const cases: fc.Arbitrary<Example> = fc.record({ schedule: schedules })
  const code = TimeGrid.show(grid)
  const twice = faster(grid, evenIn)

  const lawOf = over(cases)
  return ofRows(code, [
    lawOf({
      claim: span,
      option: 'span',
      name: 'it goes from its noisy end to its clean end in its steps',
      statement:
        '∀ schedules: steps + 1 times, the first `from`, the last `to`. To 1e-13 of the later: a power and its root round.',
      source: 'definition of a time grid',
      says: ({ schedule }, { from, to, steps }) => {
        const found = times(schedule)(grid)
        return [
          is(found.length, steps + 1),
          is([found[0], found[found.length - 1]], [from, to], 1e-13 * Math.abs(from))
        ]
      }
    }),
    lawOf({
      name: 'times fall',
      statement: '∀ schedules: every time is earlier than the one before; of one level, the same. Exactly.',
      source: 'a sampler goes from noise to data',
      says: ({ schedule }) => {
        const found = times(schedule)(grid)
        const isOne = found[0] === found[found.length - 1]
        const [before, after] = [found.slice(0, -1), found.slice(1)]
        return isOne ? is(after, before) : isBelow(after, before)
      }
    }),
    lawOf({
      claim: evenIn,
      option: 'evenIn',
      name: 'steps are even in its coordinate',
      statement:
        '∀ schedules: t, log(α²/σ²) or (σ/α)^(1/ρ) falls by equal steps. To 1e-9 of the whole: times are found from log-SNRs to 1e-13 of their slope.',
      source: 'Lu et al. 2022, arXiv 2206.00927; Karras et al. 2022, arXiv 2206.00364, equation 5',
      says: ({ schedule }, evenIn) => {
        const along = Array.from(times(schedule)(grid), time => evenIn(Schedule.level(time)(schedule), time))
        const [first, last] = [along[0], along[along.length - 1]]
        return is(
          along,
          along.map((_, i) => first + ((last - first) * i) / (along.length - 1)),
          1e-9 * Math.max(Math.abs(first), Math.abs(last))
        )
      }
    }),
    lawOf({
      claim: twice,
      unless: 'no grid of the same levels on another clock is known',
      name: 'on another clock the levels are the same',
      statement:
        '∀ schedules: on a clock twice as fast the grid between the same levels has the same levels. To 1e-9 of the log-SNR.',
      source: 'a grid in noise knows no clock',
      says: ({ schedule }, twice) => {
        const fast = Schedule.reparametrized(Schedule.affine({ scale: 2 }))(schedule)
        const ratios = (of: Schedule.Schedule, on: TimeGrid.TimeGrid): ReadonlyArray<number> =>
          Array.from(times(of)(on), time => {
            const { alpha, sigma } = Schedule.level(time)(of)
            return Elementary.log1p(sigma / alpha)
          })
        const [found, wanted] = [ratios(fast, twice), ratios(schedule, grid)]
        return is(found, wanted, 1e-9 * (1 + wanted[0]))
      }
    })
  ])
}
