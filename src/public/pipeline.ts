/**
 * Pipelines: a schedule, a score, an initializer, and the stages that fit the score.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as O from 'fp-ts/lib/Option.js'
 * import { Initializer, Pipeline, Schedule, Score, Stage } from 'ornstein'
 *
 * const pipeline = Pipeline.of({
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.full({ components: 3 }),
 *   initializer: Initializer.kMeansPlusPlus,
 *   stages: [Stage.expectationMaximization({ steps: 100, varianceFloor: 1e-6 })]
 * })
 * // The floor of variances is that of the last stage that has one.
 * assert.deepEqual(Pipeline.varianceFloor(pipeline), O.some(1e-6))
 */
export { codec, concept, formula, of, type Parts, type Pipeline, show, varianceFloor } from '../pipeline/pipeline.js'
