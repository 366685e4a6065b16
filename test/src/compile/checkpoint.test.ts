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

const textOf = (of: Pipeline.Pipeline<string>): string => {
  const begun = program(of)
  return Checkpoint.show(begun, 'this')({ state: [...Run.states(begun)(Key.fromSeed(1))][1], beside: null })
}
const goesOn = (of: Pipeline.Pipeline<string>, text: string): boolean =>
  E.isRight(Checkpoint.readCheckpointText(program(of), 'this')(text))

describe('a checkpoint', () => {
  it('is refused where a field has another value, or is missing', () => {
    expect(goesOn(pipeline(3), textOf(pipeline(3)))).toBe(true)
    expect(goesOn(pipeline(4), textOf(pipeline(3)))).toBe(false)
    expect(goesOn(Pipeline.pipelineUnderPrior(0.01)(pipeline(3)), textOf(pipeline(3)))).toBe(false)
    expect(goesOn(pipeline(3), textOf(pipeline(3)).replace(/,"prior":null/, ''))).toBe(false)
  })

  it('with code of its own is of that by its name, and of all else that stands beside it', () => {
    const text = textOf(pipeline(3, mine(1)))
    expect(goesOn(pipeline(3, mine(2)), text)).toBe(true)
    expect(goesOn(pipeline(3), text)).toBe(false)
    expect(goesOn(pipeline(3, mine(1, 0.4)), text)).toBe(false)
  })
})

it('a checkpoint of another generator of random numbers is refused by its name', () => {
  const begun = program(pipeline(3))
  const text = textOf(pipeline(3))
  const named = `"generator":${Key.generator},`
  expect(text).toContain(named)
  const refusalOf = (other: string): string => {
    const found = Checkpoint.readCheckpointText(begun, 'this')(text.replace(named, other))
    return E.isLeft(found) ? Problem.show(found.left) : 'none'
  }
  expect(refusalOf('"generator":3,')).toMatch(
    /generator 3 is not of generator 2, .*; use the ornstein that wrote it, or start again/
  )
  expect(refusalOf('')).toContain('the text is not a checkpoint')
  expect(refusalOf(named)).toBe('none')
})
