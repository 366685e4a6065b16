/**
 * How well a mixture describes data, and what that says of its number of components.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Statistics } from 'ornstein'
 *
 * // Two rows under N(0, 1), whose mean is a parameter: −2 log L = 2 log 2π + 4, of which the likelihood is that of a row; BIC adds log 2.
 * const points = { rows: 2, dim: 1, values: Float64Array.of(0, 2) }
 * const { logLikelihood, bic } = Statistics.of(points, 1)(Mixture.of({ means: [[0]] }))
 * const deviance = 2 * Math.log(2 * Math.PI) + 4
 * assert(Math.abs(logLikelihood - -deviance / 4) < 1e-12)
 * assert(Math.abs(bic - (deviance + Math.log(2))) < 1e-12)
 */
export { type Beside, of, type Statistics } from '../mixture/statistics.js'
