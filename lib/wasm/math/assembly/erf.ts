import { exp } from './exponential'
import { either, every, polynomial, signed } from './lanes'

/** p of erf x = x + x p(x²) for |x| ≤ 1: minimax polynomials, of degree 12 within 2⁻⁵⁶ of erf, of degree 6 for floats. */
const P = memory.data<f64>([
  5.945261529824205e-11, -1.1365666000861305e-9, 1.4657879901296016e-8, -1.6350025239598178e-7, 1.6460972819482972e-6,
  -1.4925593507102268e-5, 1.2055331036911085e-4, -8.548326978742595e-4, 5.223977624780875e-3, -2.6866170645072896e-2,
  1.1283791670954857e-1, -3.761263890318375e-1, 1.283791670955126e-1
])
const P_SINGLE = memory.data<f32>([
  7.853876e-5, -0.00080101984, 0.005188328, -0.026853813, 0.112835854, -0.37612626, 0.12837917
])

@inline
function centralErf<T>(x: v128): v128 {
  const z = v128.mul<T>(x, x)
  const p = sizeof<T>() == 8 ? polynomial<T>(z, P, 12) : polynomial<T>(z, P_SINGLE, 6)
  return v128.add<T>(x, v128.mul<T>(x, p))
}

/**
 * Q of erf |x| = 1 − e^{−Q} for |x| ≥ 1: minimax polynomials in |x| − 1. Of degree 18 on [0, 5], its error weighted by erfc/erf and then
 * below 2⁻⁵⁷: from 5.93 on erf is 1. Of degree 7 on [0, 3] for floats: from 3.92 on it is.
 */
const Q = memory.data<f64>([
  -1.0495970869229545e-12, 2.9066510253884078e-11, -3.7095772412781035e-10, 2.881544092768686e-9, -1.498698276871034e-8,
  5.2268115642611063e-8, -9.805867175915851e-8, -1.4203438868619197e-7, 2.058740444328035e-6, -9.607957490911576e-6,
  2.7158475272845425e-5, -2.62775619399561e-5, -2.373225907949631e-4, 1.977902594053416e-3, -1.003382537846156e-2,
  4.156109804218276e-2, 8.43107256358659e-1, 2.6389675142347886, 1.8496055099332482
])
const Q_SINGLE = memory.data<f32>([
  2.1697608e-5, -0.0002895893, 0.0020120987, -0.010046589, 0.041563552, 0.84310704, 2.6389675, 1.8496056
])

@inline
function outerErf<T>(a: v128): v128 {
  const t = v128.sub<T>(v128.pmin<T>(a, either<T>(6, 4)), every<T>(1))
  const q = sizeof<T>() == 8 ? polynomial<T>(t, Q, 18) : polynomial<T>(t, Q_SINGLE, 7)
  return v128.sub<T>(every<T>(1), exp<T>(v128.neg<T>(q)))
}

@inline
export function erf<T>(x: v128): v128 {
  const a = v128.abs<T>(x)
  return signed<T>(x, v128.bitselect(centralErf<T>(x), outerErf<T>(a), v128.lt<T>(a, every<T>(1))))
}
