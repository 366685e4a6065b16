/** Laws of time grids: where they begin and end, and in what their steps are even. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/elementary.js'
import * as Schedule from '../Schedule.js'
import * as TimeGrid from '../TimeGrid.js'
import * as Arbitrary from './arbitraries.js'
import { agree, holds, law } from './check.js'
import type { Law } from './Law.js'

export interface TimeGridOptions {
  /** Schedules that have the times of the grid; by default those of `arbitraries.schedules` that do. */
  readonly schedules?: fc.Arbitrary<Schedule.Schedule>
  /** What is believed to be its times; by default what `TimeGrid` makes of it. */
  readonly times?: (schedule: Schedule.Schedule) => (grid: TimeGrid.TimeGrid) => Float64Array
}

interface Case {
  readonly schedule: Schedule.Schedule
}

/** Where a grid begins and ends, and after how many steps. */
const span = TimeGrid.fold<{ readonly from: number; readonly to: number; readonly steps: number }>({
  Uniform: grid => grid,
  LogSnr: grid => grid,
  Karras: grid => grid,
  Listed: ({ times }) => ({ from: times[0], to: times[times.length - 1], steps: times.length - 1 }),
  Constant: ({ time, steps }) => ({ from: time, to: time, steps })
})

/** What the steps of a grid are even in; null where they need not be. */
const coordinate = TimeGrid.fold<((level: Schedule.Level, time: number) => number) | null>({
  Uniform: () => (_, time) => time,
  LogSnr:
    () =>
    ({ alpha, sigma }) =>
      2 * Elementary.log(alpha / sigma),
  Karras:
    ({ rho }) =>
    ({ alpha, sigma }) =>
      Elementary.pow(sigma / alpha, 1 / rho),
  Listed: () => null,
  Constant: () => null
})

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
    schedules = Arbitrary.schedules.filter(schedule => TimeGrid.problems(schedule)(grid).length === 0),
    times = TimeGrid.times
  }: TimeGridOptions = {}
): ReadonlyArray<Law> => {
  const cases: fc.Arbitrary<Case> = fc.record({ schedule: schedules })
  const code = TimeGrid.show(grid)
  const show = ({ schedule }: Case): string => `pipe(${code}, TimeGrid.times(${Schedule.show(schedule)}))`
  const { from, to, steps } = span(grid)
  const evenIn = coordinate(grid)

  return [
    law(
      {
        name: 'it goes from its noisy end to its clean end in its steps',
        statement: '∀ schedules: steps + 1 times, the first `from`, the last `to`. Exactly.',
        source: 'definition of a time grid'
      },
      cases,
      show,
      ({ schedule }) => {
        const found = times(schedule)(grid)
        return (
          agree('how many times', [found.length], [steps + 1], 0) &&
          agree('ends', [found[0], found[found.length - 1]], [from, to], 0)
        )
      }
    ),
    law(
      {
        name: 'times fall',
        statement: '∀ schedules: every time is earlier than the one before; of one level, the same. Exactly.',
        source: 'a sampler goes from noise to data'
      },
      cases,
      show,
      ({ schedule }) => {
        const found = times(schedule)(grid)
        const at = found.findIndex((time, i) => i > 0 && !(from === to ? time === found[i - 1] : time < found[i - 1]))
        return holds(at < 0, () => `time ${found[at]} follows ${found[at - 1]}`)
      }
    ),
    ...(evenIn === null
      ? []
      : [
          law(
            {
              name: 'steps are even in its coordinate',
              statement:
                '∀ schedules: t, log(α²/σ²) or (σ/α)^(1/ρ) falls by equal steps. To 1e-9 of the whole: times are found from log-SNRs to ' +
                '1e-13 of their slope.',
              source: 'Lu et al. 2022, arXiv 2206.00927; Karras et al. 2022, arXiv 2206.00364, equation 5'
            },
            cases,
            show,
            ({ schedule }) => {
              const along = Array.from(times(schedule)(grid), time => evenIn(Schedule.level(time)(schedule), time))
              const [first, last] = [along[0], along[along.length - 1]]
              return agree(
                'places',
                along,
                along.map((_, i) => first + ((last - first) * i) / (along.length - 1)),
                1e-9 * Math.max(Math.abs(first), Math.abs(last))
              )
            }
          )
        ]),
    ...(grid._tag === 'LogSnr' || grid._tag === 'Karras'
      ? [
          law(
            {
              name: 'on another clock the levels are the same',
              statement:
                '∀ schedules: on a clock twice as fast the grid between the same levels has the same levels. To 1e-9 of the log-SNR.',
              source: 'a grid in noise knows no clock'
            },
            cases,
            show,
            ({ schedule }) => {
              const fast = Schedule.reparametrized(Schedule.affine({ scale: 2 }))(schedule)
              const ratios = (of: Schedule.Schedule, on: TimeGrid.TimeGrid): ReadonlyArray<number> =>
                Array.from(times(of)(on), time => {
                  const { alpha, sigma } = Schedule.level(time)(of)
                  return Elementary.log1p(sigma / alpha)
                })
              const [found, wanted] = [ratios(fast, { ...grid, from: from / 2, to: to / 2 }), ratios(schedule, grid)]
              return agree('log(1 + σ/α)', found, wanted, 1e-9 * (1 + wanted[0]))
            }
          )
        ]
      : [])
  ]
}
