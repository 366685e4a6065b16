/**
 * Stages of a pipeline. Simple stages take steps until a rule stops them: descent of an objective, expectation–maximization, split and
 * merge moves, power iteration. The others combine stages: attempts at one, a sequence, repeats, or annealing over noise levels.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Expectation, Objective, Optimizer, Stage, NoiseLevels } from 'ornstein'
 *
 * const descend = Stage.descend({
 *   objective: Objective.denoising(NoiseLevels.at(0.3)),
 *   expectation: Expectation.projected(),
 *   optimizer: Optimizer.adam({ rate: 0.1 }),
 *   steps: 50
 * })
 * const em = Stage.expectationMaximization({ steps: 10, varianceFloor: 1e-4, prior: 0.01 })
 * // In sequence: the second goes on where the first ends.
 * assert.match(Stage.show(Stage.sequence([descend, em])), /^Stage.sequence/)
 */
export {
  anneal,
  type Attempt,
  type By,
  type Composed,
  type Composite,
  concept,
  define,
  defineComposite,
  descend,
  expectationMaximization,
  guarded,
  type Loss,
  type Meaning,
  type Means,
  onSample,
  type Placed,
  powerIteration,
  problems,
  repeat,
  restart,
  sequence,
  type Setting,
  show,
  type Simple,
  splitAndMerge,
  type Stage,
  type Start,
  type Stepping,
  steps,
  type Steps,
  type Stopping,
  type Summed,
  type Summing,
  type Sums,
  type Taken,
  type Tools,
  type Trial
} from '../pipeline/stage.js'
