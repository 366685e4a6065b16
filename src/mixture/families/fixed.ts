/**
 * Components of a mixture with known parameters: `Score.withFixed` fixes them while the rest is estimated.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as O from 'fp-ts/lib/Option.js'
 * import { Compile, Component, Key, Mixture, Problem, Recipe, Run, Score } from 'ornstein'
 *
 * // Two clusters beside rows that are known to be wide about 0, however many these are.
 * const truth = Mixture.of({ means: [[0], [-4], [3]], weights: [0.2, 0.3, 0.5], variances: [36, 0.25, 0.25] })
 * const points = Mixture.sample(600)(Key.fromSeed(1))(truth)
 * const known = Component.fixed({ mean: 0, covariance: 36 })
 * const score = pipe(Score.isotropic({ components: 3 }), Score.withFixed([known]))
 * const program = Problem.orThrow(Compile.pipeline(Recipe.expectationMaximization(score)(points))(points))
 * const found = pipe(Run.last(program)(Key.fromSeed(2)).params, Score.toMixture(score))
 * assert(O.isSome(found))
 * const { means, weights } = found.value
 * assert.equal(means.values[0], 0)
 * assert(Math.abs(weights[0] - 0.2) < 0.06)
 * assert.deepEqual([...means.values].map(Math.round).sort((a, b) => a - b), [-4, 0, 3])
 */
export { fixed, type Fixed, type Options, type Place, type Spread } from './known.js'
