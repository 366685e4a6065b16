/**
 * Compile: a pure description and data in, a gradient computation out, or everything that is wrong with it at once.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Params } from 'ornstein'
 *
 * // How far a step goes, beside how large what it changes is: a stage ends by `tolerance` where this is less.
 * const [before, after] = [Params.of({ mean: [3, 4] }), Params.of({ mean: [3, 4.5] })]
 * assert.equal(Compile.relativeChange(before, after), 0.1)
 */
export * from './compile.js'
export { hessian, hessianVector } from './hessian.js'
export { rowGradients } from './rowGradients.js'
