/**
 * Expectations: how the mean over the noise z of x_t = α x_0 + σ z is taken.
 */
export {
  codec,
  concept,
  define,
  type Draw,
  type Everywhere,
  type Expectation,
  fixed,
  type InSpan,
  type KeyDraw,
  type Meaning,
  monteCarlo,
  type OnLine,
  problems,
  projected,
  quadrature,
  show,
  type Size
} from '../objective/expectation.js'
/** `Objective.underModel`: the expectation is over the student's own distribution. */
export { underModel } from '../objective/index.js'
