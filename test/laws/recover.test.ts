/** Pipelines that recover what is planted, and those that do not. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Pipeline,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../src/index.js'
import * as laws from '../../src/laws/index.js'

const pipeline = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<'means'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    initializer: Initializer.kMeansPlusPlus,
    stages
  })
const descent = (expectation: Expectation.Expectation): Stage.Stage =>
  Stage.descend({
    objective: Objective.implicit(TimeLaw.at(0.3)),
    expectation,
    optimizer: Optimizer.adam({ rate: 0.1 }),
    steps: 3
  })
const shared = Expectation.define({
  name: 'shared',
  about: 'one draw for all rows',
  meaning: () => ({
    where: 'everywhere',
    rows: 'together',
    draws:
      ({ rows, dim }) =>
      key => {
        const z = Key.normal(dim)(key)
        return [{ weight: 1, noise: Float64Array.from({ length: rows * dim }, (_, at) => z[at % dim]) }]
      }
  })
})
const fails = (name: string, held: ReadonlyArray<laws.Law>): boolean =>
  fc.check(laws.named(name)(held).property, { seed: 1, numRuns: 1, endOnFailure: true }).failed

describe('laws.recovers', () => {
  const right = laws.recovers(pipeline(Stage.expectationMaximization({ steps: 30 })))
  const start = laws.recovers(pipeline())
  it.each([
    'the planted truth is found',
    'the error falls as n^{−1/2}',
    'centres are found though the components are others'
  ])('%s: not where nothing is learned', name => {
    expect(fails(name, start)).toBe(true)
    expect(fails(name, right)).toBe(false)
  })

  const spread = 'gradients vary no more than those of plain noise'
  it(`${spread}: not those of one draw for all rows`, () => {
    expect(fails(spread, laws.recovers(pipeline(descent(shared))))).toBe(true)
    expect(fails(spread, laws.recovers(pipeline(descent(Expectation.projected()))))).toBe(false)
  })

  it('the other law of the data is an option', () => {
    const name = 'centres are found though the components are others'
    const given = pipeline(Stage.expectationMaximization({ steps: 30 }))
    const elsewhere = [
      [-3, 0],
      [9, 0]
    ]
    const [truth, data] = [3, 9].map(c =>
      Mixture.of({
        means: [
          [-3, 0],
          [c, 0]
        ]
      })
    )
    expect(fails(name, laws.recovers(given, { truth, misspecified: { data, centres: elsewhere } }))).toBe(false)
    expect(fails(name, laws.recovers(given, { truth, misspecified: { data: truth, centres: elsewhere } }))).toBe(true)
  })
})
