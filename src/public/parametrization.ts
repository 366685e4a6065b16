/**
 * Parametrizations: what a network says of a noisy point x = α x_0 + σ z. Each is a direction p x_0 + q z in the plane of
 * data and noise, so that any one and x together give every other.
 *
 * | | output | p | q | Δ = αq − σp |
 * |---|---|---|---|---|
 * | score | −ẑ/σ | 0 | −1/σ | −α/σ |
 * | noise | ẑ | 0 | 1 | α |
 * | data | x̂_0 | 1 | 0 | −σ |
 * | velocity | αẑ − σx̂_0 | −σ | α | α² + σ² |
 * | flow | ẑ − x̂_0 | −1 | 1 | α + σ |
 * | edm | (x̂_0 − c_skip x)/c_out | σ/(σ_d √n) | −ασ_d/√n | −√n/σ_d, n = α²σ_d² + σ² |
 *
 * From (p, q) to (p′, q′): y′ = (Δ′/Δ) y + ((p′q − q′p)/Δ) x. An error of y is one of y′ times Δ′/Δ: that is how the
 * losses of two parametrizations differ.
 *
 * What a level does not show is taken as 0: the noise where σ = 0, the data where α = 0. Everywhere else the conversions
 * are isomorphisms, and nothing is divided by zero; velocity, flow and EDM show both ends.
 */
export {
  type Arithmetic,
  type Behind,
  codec,
  type Coefficients,
  concept,
  convert,
  data,
  define,
  type Direction,
  edm,
  flow,
  type Formulas,
  type Levels,
  type Meaning,
  noise,
  type Parametrization,
  problems,
  score,
  show,
  type Spec,
  type SquaredDeterminant,
  velocity,
  type Written
} from '../schedule/parametrization.js'
