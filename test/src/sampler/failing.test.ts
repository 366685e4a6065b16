/** A score that fails a sampler is said to, with the time and the value. */
import { describe, expect, it } from 'vitest'
import { Key, Mixture, type Points, Problem, Sampler, Schedule, TimeGrid } from '../../../src/index.js'

describe('a score that fails a sampler', () => {
  const schedule = Schedule.ornsteinUhlenbeck
  const exact = Sampler.exact(Mixture.of({ means: [[0]] }), schedule)
  const program = Problem.orThrow(
    Sampler.compile({ sampler: Sampler.heun, grid: TimeGrid.uniform({ from: 2, to: 0.1, steps: 5 }), schedule })
  )
  const thrown = (work: () => unknown): unknown => {
    try {
      return work()
    } catch (error) {
      return error
    }
  }
  const sample = (score: Sampler.ScoreFunction): unknown =>
    thrown(() => Sampler.sample(program)(score)(4, 1)(Key.fromSeed(1)))

  it.each([NaN, Infinity])('by %d is said to', value => {
    const error = sample((points, time) =>
      time < 1 ? { ...points, values: points.values.map(() => value) } : exact(points, time)
    )
    expect(error).toBeInstanceOf(RangeError)
    const { problem } = error as RangeError & { readonly problem: Problem.Problem }
    expect(problem.field).toMatch(/^score at time 0\.\d+$/)
    expect(problem.value).toBe(String(value))
    expect((error as RangeError).message).toBe(Problem.show(problem))
  })

  it('by another shape is said to', () => {
    const error = sample(({ rows, values }) => ({ rows: rows - 1, dim: 1, values: values.slice(1) }))
    expect((error as RangeError).message).toMatch(
      /^score at time 2: 3 × 1, 3 numbers, is not 4 × 1, as the points are; /
    )
  })

  it('and so is one that fails a density', () => {
    const score = Object.assign((points: Points.Points) => ({ ...points, values: points.values.map(() => NaN) }), {
      divergence: exact.divergence
    })
    const error = thrown(() => Sampler.logDensity(program)(score)({ rows: 1, dim: 1, values: Float64Array.of(1) }))
    expect((error as RangeError).message).toMatch(/^score at time .*: NaN is not finite; /)
  })
})
