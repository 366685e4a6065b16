/**
 * Expectations: how the mean over the noise z of x_t = α x_0 + σ z is taken.
 */
export * from '../objective/expectation.js'
/** `Objective.overStudent`: the expectation is over the student's own distribution. */
export { overStudent } from './index.js'
