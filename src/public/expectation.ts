/**
 * Expectations: how the mean over the noise z of x_t = α x_0 + σ z is taken.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as O from 'fp-ts/lib/Option.js'
 * import { Expectation } from 'ornstein'
 *
 * const { fixed, interpret, monteCarlo, projected, quadrature } = Expectation
 * // Where the noise is drawn, and whether each row has its own, drawn alone.
 * assert.deepEqual([monteCarlo(), projected()].map(Expectation.draws), ['everywhere', 'span'])
 * assert(Expectation.isPlain(monteCarlo()) && !Expectation.isPlain(projected()))
 * // Given noise is for data of its size.
 * assert.deepEqual(
 *   Expectation.size(fixed({ rows: 2, dim: 1, values: Float64Array.of(1, -1) })),
 *   O.some({ rows: 2, dim: 1 })
 * )
 * assert.deepEqual(Expectation.size(monteCarlo()), O.none)
 * // Steeper functions ask for more nodes; too few of them say what that costs.
 * assert.deepEqual(Expectation.tooFew(quadrature())(1), O.none)
 * const few = Expectation.tooFew(quadrature({ nodes: 4 }))(10)
 * assert(O.isSome(few) && few.value.asked > few.value.taken && few.value.error > 1e-7)
 * // Its meaning: quadrature has nodes on one line, and draws nothing.
 * assert.deepEqual(
 *   [quadrature(), monteCarlo()].map(each => interpret(each).where),
 *   ['line', 'everywhere']
 * )
 */
export * from '../objective/expectation.js'
/** `Objective.overStudent`: the expectation is over the student's own distribution. */
export { overStudent } from '../objective/index.js'
