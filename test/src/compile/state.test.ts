/** A state that is stored and read, and what its optimizer remembers. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Pipeline,
  Problem,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../../src/index.js'
import * as Run from '../../../src/compile/run.js'

describe('a stored state', () => {
  const of = (values: ReadonlyArray<number>, optimizer = Optimizer.adam({ rate: 0.1 })) =>
    Problem.orThrow(
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
    const back = E.getOrElseW(() => expect.fail('not read'))(Run.codec(of([-2, -1, 1, 2])).decode(written))
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

describe('Run.memoryOf', () => {
  it('is what the optimizer remembers, typed; null of another', () => {
    const optimizer = Optimizer.adam({ rate: 0.1 })
    const program = Problem.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.symmetricPair,
          initializer: Initializer.values([[0.5]]),
          stages: [
            Stage.descend({
              objective: Objective.implicit(TimeLaw.at(0.5)),
              expectation: Expectation.quadrature(),
              optimizer,
              steps: 3
            })
          ]
        })
      )({ rows: 2, dim: 1, values: Float64Array.of(-1, 1) })
    )
    const state = Run.last(program)(Key.fromSeed(0))
    const memory = Run.memoryOf(optimizer)(state)
    expect(memory?.[0].count).toBe(3)
    expect(memory?.[0].first.mean.shape).toEqual([1])
    expect(Run.memoryOf(Optimizer.momentum({ rate: 1 }))(state)).toBeNull()
  })
})
