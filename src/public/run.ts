/**
 * Run: iterates a compiled pipeline, lazily and purely. A state is complete: it can be written, read and resumed.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compile, Key, Mixture, Problem, Recipe, Run, Score } from 'ornstein'
 *
 * // The last state of a run, or why it failed, as a value.
 * const points = Mixture.sample(200)(Key.fromSeed(1))(Mixture.of({ means: [[-3], [3]] }))
 * const pipeline = Recipe.expectationMaximization(Score.isotropic({ components: 2 }))(points)
 * const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
 * const state = [...Run.states(program)(Key.fromSeed(2))].at(-1)
 * assert(state !== undefined && E.isRight(Run.result(state)))
 */
export {
  codec,
  type Curve,
  curves,
  debug,
  estimate,
  type Failure,
  type Fault,
  last,
  result,
  resume,
  type Rule,
  showFault,
  smoothed,
  type State,
  states,
  type Status,
  together
} from '../compile/run.js'
export { readCheckpointText as readCheckpoint, show as showCheckpoint } from '../compile/checkpoint.js'
