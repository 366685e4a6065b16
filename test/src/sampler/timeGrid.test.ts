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

  it('times fall', () => {
    for (const grid of [
      ...all.slice(0, 4),
      TimeGrid.karras({ from: 0.999, to: 0, steps: 200 }),
      TimeGrid.logSnr({ from: 0.999, to: 1e-6, steps: 200 })
    ])
      Array.from(TimeGrid.times(schedule)(grid)).forEach((time, i, times) => {
        expect(i === 0 || time < times[i - 1]).toBe(true)
      })
  })
})

it('a constant grid has a time for each end of its steps', () => {
  expect(TimeGrid.times(Schedule.edm)(all[4])).toEqual(Float64Array.of(0.5, 0.5, 0.5, 0.5))
})

describe('refusals', () => {
  const [ou, cosine] = schedules.map(({ schedule }) => schedule)
  const refused = (grid: TimeGrid.TimeGrid, schedule = ou): ReadonlyArray<string> =>
    TimeGrid.problems(schedule)(grid).map(Problem.show)
  const fields = (grid: TimeGrid.TimeGrid, schedule = ou): ReadonlyArray<string> =>
    TimeGrid.problems(schedule)(grid).map(({ field }) => field)

  it('of a good grid there are none', () => {
    expect(all.flatMap(grid => refused(grid))).toEqual([])
    expect(refused(TimeGrid.karras({ from: 2, to: 0, steps: 1, rho: 1 }))).toEqual([])
  })

  it.each([
    TimeGrid.uniform({ from: 0.1, to: 6, steps: 0 }),
    TimeGrid.logSnr({ from: 0.1, to: 6, steps: 0 }),
    TimeGrid.karras({ from: 0.1, to: 6, steps: 0 })
  ])('a rising grid without steps: $_tag', grid => {
    expect(refused(grid)).toEqual([
      'to: 6 is not < 0.1: times fall from noise to data; swap the two',
      'steps: 0 is not a whole number ≥ 1; try 100'
    ])
  })

  it('times outside the schedule, and without signal', () => {
    expect(fields(TimeGrid.uniform({ from: 1.5, to: -0.1, steps: 3 }), cosine)).toEqual(['from', 'to'])
    expect(fields(TimeGrid.uniform({ from: Infinity, to: 0, steps: 3 }))).toEqual(['from'])
    expect(fields(TimeGrid.uniform({ from: NaN, to: NaN, steps: NaN }))).toEqual(['from', 'to', 'steps'])
    expect(refused(TimeGrid.uniform({ from: 1, to: 0, steps: 3 }), schedules[2].schedule)).toEqual([
      'from: 1 is not a time with signal left: alpha is 0 there, and a score says nothing of the data; try 0.999'
    ])
  })

  it('an end without noise, where the log-SNR is infinite', () => {
    expect(refused(TimeGrid.logSnr({ from: 2, to: 0, steps: 3 }))).toEqual([
      'to: 0 is not a time with noise, where the log-SNR is finite; try 0.001, or TimeGrid.karras'
    ])
  })

  it('what the other kinds need', () => {
    expect(fields(TimeGrid.karras({ from: 2, to: 0, steps: 3, rho: 0 }))).toEqual(['rho'])
    expect(refused(TimeGrid.listed([2]))).toEqual(['times: a list of 1 is not at least two times; add the clean end'])
    expect(refused(TimeGrid.listed([0.9, 1.5]), cosine)).toEqual([
      `times[1]: 1.5 is not a time of ${Schedule.show(cosine)}, ≥ 0; try 0.001`,
      'times[1]: 1.5 is not < 0.9: times fall from noise to data; swap the two'
    ])
    expect(refused(TimeGrid.uniform({ from: 0.5, to: 1, steps: 1 }), cosine)).toEqual([
      'to: 1 is not < 0.5: times fall from noise to data; swap the two'
    ])
    expect(fields(TimeGrid.listed([]))).toEqual(['times'])
    expect(fields(TimeGrid.listed([0, 1, 1, 0.5, -1]))).toEqual(['times[0]', 'times[1]', 'times[2]', 'times[4]'])
    expect(fields(TimeGrid.constant({ time: 0, steps: 0 }))).toEqual(['time', 'steps'])
  })
})
