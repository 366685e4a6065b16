/** Time grids: equal steps in what each says, ends exact, and refusals. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Problem, Schedule } from '../../../src/index.js'
import * as TimeGrid from '../../../src/sampler/timeGrid.js'
import { schedules } from '../samplers.js'

const all = [
  TimeGrid.uniform({ from: 0.9, to: 0.001, steps: 7 }),
  TimeGrid.logSnr({ from: 0.9, to: 0.001, steps: 7 }),
  TimeGrid.karras({ from: 0.9, to: 0.001, steps: 7 }),
  TimeGrid.listed([0.9, 0.5, 0]),
  TimeGrid.constant({ time: 0.5, steps: 3 })
]

/** The largest difference between two steps in a row, as a share of the first. */
const unevenness = (values: ReadonlyArray<number>): number => {
  const steps = values.slice(1).map((value, i) => value - values[i])
  return Math.max(...steps.map(step => Math.abs(step / steps[0] - 1)))
}

describe.each(schedules)('on $name', ({ schedule }) => {
  it.each([
    { name: 'time', grid: all[0], measure: (time: number) => time },
    { name: 'log-SNR', grid: all[1], measure: (time: number) => pipe(schedule, Schedule.logSnr(time)) },
    {
      name: 'σ/α to the power 1/7',
      grid: all[2],
      measure: (time: number) => {
        const { alpha, sigma } = pipe(schedule, Schedule.level(time))
        return (sigma / alpha) ** (1 / 7)
      }
    }
  ])('steps are equal in $name, between the given ends', ({ grid, measure }) => {
    const times = Array.from(TimeGrid.times(schedule)(grid))
    expect(times).toHaveLength(8)
    expect([times[0], times[7]]).toEqual([0.9, 0.001])
    // Rounding of numbers up to 14, in steps of a seventh of their range.
    expect(unevenness(times.map(measure))).toBeLessThan(1e-12)
  })
})

it('a constant grid has a time for each end of its steps', () => {
  expect(TimeGrid.times(Schedule.edm)(all[4])).toEqual(Float64Array.of(0.5, 0.5, 0.5, 0.5))
})

const [ou, cosine, straight] = schedules.map(({ schedule }) => schedule)
const steps = 3
/** Of single numbers that no time decides test/golden/words.txt says what is refused. */
it.each<[TimeGrid.TimeGrid, Schedule.Schedule, ReadonlyArray<string>]>([
  ...all.map((grid): [TimeGrid.TimeGrid, Schedule.Schedule, string[]] => [grid, ou, []]),
  [TimeGrid.karras({ from: 2, to: 0, steps: 1, rho: 1 }), ou, []],
  ...[TimeGrid.uniform, TimeGrid.logSnr, TimeGrid.karras].map(
    (of): [TimeGrid.TimeGrid, Schedule.Schedule, string[]] => [
      of({ from: 0.1, to: 6, steps }),
      ou,
      ['to: 6 is not < 0.1: times fall from noise to data; swap the two']
    ]
  ),
  [
    TimeGrid.uniform({ from: 1.5, to: -0.1, steps }),
    cosine,
    [
      `from: 1.5 is not a time of ${Schedule.show(cosine)} with noise, in (0, 1]; try 0.1`,
      `to: -0.1 is not a time of ${Schedule.show(cosine)}, ≥ 0; try 0.001`
    ]
  ],
  [
    TimeGrid.uniform({ from: Infinity, to: 0, steps }),
    ou,
    ['from: Infinity is not a time of Schedule.ornsteinUhlenbeck with noise, in (0, ∞); try 0.1']
  ],
  [
    TimeGrid.uniform({ from: 1, to: 0, steps }),
    straight,
    ['from: 1 is not a time with signal left: alpha is 0 there, and a score says nothing about the data; try 0.999']
  ],
  [
    TimeGrid.logSnr({ from: 2, to: 0, steps }),
    ou,
    ['to: 0 is not a time with noise, where the log-SNR is finite; try 0.001, or TimeGrid.karras']
  ],
  // The last time of a schedule is one of its times.
  [
    TimeGrid.uniform({ from: 0.5, to: 1, steps }),
    cosine,
    ['to: 1 is not < 0.5: times fall from noise to data; swap the two']
  ],
  [TimeGrid.listed([2]), ou, ['times: a list of 1 is not at least two times; add the clean end']],
  [TimeGrid.listed([]), ou, ['times: a list of 0 is not at least two times; add the clean end']],
  [
    TimeGrid.listed([0.9, 1.5]),
    cosine,
    [
      `times[1]: 1.5 is not a time of ${Schedule.show(cosine)}, ≥ 0; try 0.001`,
      'times[1]: 1.5 is not < 0.9: times fall from noise to data; swap the two'
    ]
  ]
])('%j: what is wrong with it', (grid, schedule, wanted) => {
  expect(TimeGrid.problems(schedule)(grid).map(Problem.show)).toEqual(wanted)
})

it('all that is wrong with a list or a level is told', () => {
  const fields = (grid: TimeGrid.TimeGrid): ReadonlyArray<string> =>
    TimeGrid.problems(ou)(grid).map(({ field }) => field)
  expect(fields(TimeGrid.listed([0, 1, 1, 0.5, -1]))).toEqual(['times[0]', 'times[1]', 'times[2]', 'times[4]'])
  expect(fields(TimeGrid.constant({ time: 0, steps: 0 }))).toEqual(['time', 'steps'])
})
