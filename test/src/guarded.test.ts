/** What is given to a run or a sampler from outside, and does not fit. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Pipeline,
  Problem,
  Run,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  TimeLaw
} from '../../src/index.js'
import * as Points from '../../src/data/index.js'
import { right } from './samplers.js'

describe('a stored state', () => {
  const of = (values: ReadonlyArray<number>, optimizer = Optimizer.adam({ rate: 0.1 })) =>
    right(
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.spherical({ components: 2 }),
          initializer: Initializer.values([[-1], [1]]),
          stages: [Stage.descend({ objective: Objective.implicit(TimeLaw.at(0.5)), optimizer, steps: 5 })]
        })
      )({ rows: values.length, dim: 1, values: Float64Array.from(values) })
    )
  const program = of([-2, -1, 1, 2])
  const states = [...Run.states(program)(Key.fromSeed(1))]
  type Written = Record<string, unknown>
  const written = JSON.parse(JSON.stringify(Run.codec(program).encode(states[3]))) as Written
  const read = (json: unknown, on = program): string => {
    const found = Run.codec(on).decode(json)
    return E.isLeft(found) ? found.left.map(({ message }) => message ?? '?').join() : 'read'
  }

  it('is read by the same program on the same data, and goes on with the same bits', () => {
    const back = right(
      pipe(
        Run.codec(of([-2, -1, 1, 2])).decode(written),
        E.mapLeft(() => [])
      )
    )
    expect([...Run.resume(program)(back)].at(-1)).toEqual(states.at(-1))
  })

  it('of other data is refused', () => {
    expect(read(written, of([-2, -1, 1, 2.5]))).toBe('a state of other data; go on with those that it was begun on')
    expect(read(written, of([-2, -1, 1]))).toBe('a state of other data; go on with those that it was begun on')
    const without = { ...written, data: undefined }
    expect(read(without)).not.toBe('read')
  })

  it('beyond the steps of its stage is refused', () => {
    expect(read({ ...written, step: 1e9 })).toBe('a state after step 1000000000 of a stage of 5 steps')
    expect(read({ ...written, step: 5 })).toBe('read')
  })

  it('with a memory of other shapes or names is refused', () => {
    const text = JSON.stringify(written.memory)
    expect(text).toContain('"means":{"shape":[2,1]')
    const other = (from: RegExp, to: string): unknown => ({
      ...written,
      memory: JSON.parse(text.replace(from, to)) as unknown
    })
    const message = 'a memory of parameters of other names or shapes'
    expect(read(other(/"means":\{"shape":\[2,1\]/, '"means":{"shape":[1,2]'))).toBe(message)
    expect(read(other(/"means":\{"shape":\[2,1\],"values":\[[^\]]*\]/, '"means":{"shape":[1],"values":[0]'))).toBe(
      message
    )
    expect(read(other(/"means"/, '"others"'))).toBe(message)
  })
})

describe('Points.fingerprint', () => {
  const base: Points.Points = { rows: 2, dim: 2, values: Float64Array.of(1, 2, 3, 4) }
  it('is that of the numbers', () => {
    expect(Points.fingerprint({ ...base, values: base.values.slice() })).toBe(Points.fingerprint(base))
    expect(Points.fingerprint({ ...base, values: Float64Array.of(0, 2, 3, 4) })).toBe(
      Points.fingerprint({ ...base, values: Float64Array.of(-0, 2, 3, 4) })
    )
  })

  it('tells data apart that differ in one bit, in order, shape or weights', () => {
    const others: ReadonlyArray<Points.Points> = [
      base,
      { ...base, values: Float64Array.of(1 + Number.EPSILON, 2, 3, 4) },
      { ...base, values: Float64Array.of(2, 1, 3, 4) },
      { ...base, rows: 4, dim: 1 },
      { ...base, rows: 1, dim: 4 },
      { ...base, weights: Float64Array.of(1, 1) },
      { ...base, weights: Float64Array.of(1, 2) },
      // One bit each of 4 numbers.
      ...Array.from({ length: 208 }, (_, i) => ({
        ...base,
        values: base.values.map((x, j) => (j === i % 4 ? x * (1 + 2 ** -(1 + Math.floor(i / 4))) : x))
      }))
    ]
    expect(new Set(others.map(Points.fingerprint)).size).toBe(others.length - 1)
  })
})

describe('a score that fails a sampler', () => {
  const schedule = Schedule.ornsteinUhlenbeck
  const exact = Sampler.exact(Mixture.of({ means: [[0]] }), schedule)
  const program = right(
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
