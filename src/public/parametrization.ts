/**
 * Parametrizations: the output of a network at a noisy point x = α x_0 + σ z. Each is a direction p x_0 + q z in the plane of data and
 * noise, so any one and x determine all others.
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
 * From (p, q) to (p′, q′): y′ = (Δ′/Δ) y + ((p′q − q′p)/Δ) x. An error of y′ is that of y times Δ′/Δ, by which the losses of two
 * parametrizations differ.
 *
 * A quantity that a level does not determine is taken as 0: the noise if σ = 0, the data if α = 0. Everywhere else the conversions are
 * isomorphisms without division by zero; velocity, flow and EDM are defined at both ends.
 */
export {
  type Arithmetic,
  type Behind,
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
