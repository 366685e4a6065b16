/** Expectations: methods by which the mean over the noise z of x_t = α x_0 + σ z is computed. */
export {
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
/** Expectation over the model's own distribution (`Objective.underModel`). */
export { underModel } from '../objective/index.js'
