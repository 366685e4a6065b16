/**
 * Randomly shifted lattice rules: means of smooth functions over n points have errors of about n⁻¹ or less, against n^(−1/2) for
 * independent draws. Each shift gives an unbiased estimate, so several give a standard error.
 */
import { powerOfTwo } from './elementary.js'
import { normalQuantile } from './normal.js'

/**
 * Generating vector of an embedded lattice rule of up to 2²⁰ points: the first 60 of 250 numbers of F. Kuo’s lattice-32001 of order 2
 * (Cools, Kuo & Nuyens 2006, SIAM J. Sci. Comput. 28, 2162).
 */
const VECTOR = [
  1, 182667, 469891, 498753, 110745, 446247, 250185, 118627, 245333, 283199, 408519, 391023, 246327, 126539, 399185,
  461527, 300343, 69681, 516695, 436179, 106383, 238523, 413283, 70841, 47719, 300129, 113029, 123925, 410745, 211325,
  17489, 511893, 40767, 186077, 519471, 255369, 101819, 243573, 66189, 152143, 503455, 113217, 132603, 463967, 297717,
  157383, 224015, 502917, 36237, 94049, 170665, 79397, 123963, 223451, 323871, 303633, 98567, 318855, 494245, 477137
]

/** Maximum number of coordinates and of points. */
export const LATTICE_LIMITS = { dims: VECTOR.length, points: powerOfTwo(20) }

/** Smallest distance of a coordinate from 0 and 1, for finite normal quantiles. */
const MIN_COORDINATE = powerOfTwo(-54)

/**
 * Standard normal points, [n, s]: Φ⁻¹(1 − |2u − 1|) of u = {i z/n + Δ}, with n a power of two and Δ the shift in [0, 1)^s. The tent
 * transformation makes integrands periodic, so the error decreases faster than n⁻¹ (Hickernell 2002).
 */
export const normalLattice = (n: number, shift: ArrayLike<number>): Float64Array => {
  const s = shift.length
  const out = new Float64Array(n * s)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < s; j++) {
      const u = ((i * VECTOR[j]) % n) / n + shift[j]
      const tent = 1 - Math.abs(2 * (u - Math.floor(u)) - 1)
      out[i * s + j] = normalQuantile(Math.min(Math.max(tent, MIN_COORDINATE), 1 - 2 * MIN_COORDINATE))
    }
  return out
}
