/** Checkpoints of runs: whose they are. The command line's tests hold what it does with them (`test/src/cli/checkpoint.test.ts`). */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { mul, square } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Checkpoint from '../../../src/compile/checkpoint.js'
import * as Pipeline from '../../../src/pipeline/pipeline.js'

const points = { rows: 4, dim: 1, values: Float64Array.of(-2, -1, 1, 2) }
const mine = (scale: number, time = 0.5): Objective.Objective =>
  Objective.custom('mine', NoiseLevels.at(time), ({ score }) => mul(scale, square(score)))
const pipeline = (
  steps: number,
  objective: Objective.Objective = Objective.denoising(NoiseLevels.at(0.5))
): Pipeline.Pipeline<string> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.isotropic({ components: 2 }),
    initializer: Initializer.kMeansPlusPlus,
    stages: [
      Stage.descend({
        objective,
        expectation: Expectation.monteCarlo(),
        optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
        steps: 2
      }),
      Stage.expectationMaximization({ steps })
    ]
  })
const program = (of: Pipeline.Pipeline<string>) => Problem.orThrow(Compile.pipeline(of)(points))

/** A checkpoint whose second stage is written otherwise. */
const rewritten = (
  of: Pipeline.Pipeline<string>,
  change: (fields: ReadonlyArray<[string, unknown]>) => ReadonlyArray<[string, unknown]>
): string => {
  const begun = program(of)
  const text = Checkpoint.show(begun, 'this')({ state: [...Run.states(begun)(Key.fromSeed(1))][1], beside: null })
  const json = JSON.parse(text) as { readonly pipeline: { readonly stages: Array<object> } }
  json.pipeline.stages[1] = Object.fromEntries(change(Object.entries(json.pipeline.stages[1])))
  return JSON.stringify(json)
}
/** As a version writes it that does not know a field. */
const without = (field: string, of = pipeline(3)): string =>
  rewritten(of, fields => {
    expect(fields.map(([name]) => name)).toContain(field)
    return fields.filter(([name]) => name !== field)
  })
const goesOn = (of: Pipeline.Pipeline<string>, text: string): boolean =>
  E.isRight(Checkpoint.readCheckpointText(program(of), 'this')(text))

describe('a checkpoint', () => {
  it.each(['prior', 'time', 'varianceFloor'])(
    'is gone on from where a version wrote it that did not know %s yet, which has its default',
    field => {
      expect(goesOn(pipeline(3), without(field))).toBe(true)
    }
  )

  it('is gone on from whatever the order of its fields', () => {
    expect(
      goesOn(
        pipeline(3),
        rewritten(pipeline(3), fields => [...fields].reverse())
      )
    ).toBe(true)
  })

  it('is refused where a field has another value, given or by default', () => {
    expect(goesOn(pipeline(4), without('prior'))).toBe(false)
    expect(goesOn(Pipeline.pipelineUnderPrior(0.01)(pipeline(3)), without('prior'))).toBe(false)
    // without a default
    expect(goesOn(pipeline(3), without('steps'))).toBe(false)
  })

  it('with code of its own is of that by its name, and of all else that stands beside it', () => {
    const text = without('prior', pipeline(3, mine(1)))
    expect(goesOn(pipeline(3, mine(2)), text)).toBe(true)
    expect(goesOn(pipeline(3), text)).toBe(false)
    expect(goesOn(pipeline(3, mine(1, 0.4)), text)).toBe(false)
  })
})

it('a checkpoint of another generator of random numbers is refused by its name', () => {
  const begun = program(pipeline(3))
  const text = Checkpoint.show(begun, 'this')({ state: [...Run.states(begun)(Key.fromSeed(1))][1], beside: null })
  const named = `"generator":${Key.generator},`
  expect(text).toContain(named)
  const refusalOf = (other: string): string => {
    const found = Checkpoint.readCheckpointText(begun, 'this')(text.replace(named, other))
    return E.isLeft(found) ? Problem.show(found.left) : 'none'
  }
  // The first generator was not named.
  expect(refusalOf('')).toMatch(/generator 1 is not of generator 2, .*; use the ornstein that wrote it, or start again/)
  expect(refusalOf('"generator":3,')).toContain('generator 3')
  expect(refusalOf(named)).toBe('none')
})
