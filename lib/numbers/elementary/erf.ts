/** The error function, with the operations of lib/wasm/math/assembly/erf.ts in equal order. */
import { exp } from './exponential.js'
import { hornerPolynomial } from './words.js'

/** Coefficients of (erf a)/a − 1 in a², for a < 1, leading one first. */
const NEAR_ERF_COEFFICIENTS = Float64Array.of(
  ...[5.945261529824205e-11, -1.1365666000861305e-9, 1.4657879901296016e-8, -1.6350025239598178e-7],
  ...[1.6460972819482972e-6, -1.4925593507102268e-5, 1.2055331036911085e-4, -8.548326978742595e-4],
  ...[5.223977624780875e-3, -2.6866170645072896e-2, 1.1283791670954857e-1, -3.761263890318375e-1],
  1.283791670955126e-1
)

/** Coefficients of −ln(1 − erf a) in a − 1, for a in [1, 6], leading one first. */
const FAR_ERF_COEFFICIENTS = Float64Array.of(
  ...[-1.0495970869229545e-12, 2.9066510253884078e-11, -3.7095772412781035e-10, 2.881544092768686e-9],
  ...[-1.498698276871034e-8, 5.2268115642611063e-8, -9.805867175915851e-8, -1.4203438868619197e-7],
  ...[2.058740444328035e-6, -9.607957490911576e-6, 2.7158475272845425e-5, -2.62775619399561e-5],
  ...[-2.373225907949631e-4, 1.977902594053416e-3, -1.003382537846156e-2, 4.156109804218276e-2],
  ...[8.43107256358659e-1, 2.6389675142347886, 1.8496055099332482]
)

/** erf x = 2/√π ∫₀ˣ e^{−u²} du, within 2 ulp. */
export const erf = (x: number): number => {
  const a = Math.abs(x)
  const size =
    a < 1
      ? a + a * hornerPolynomial(NEAR_ERF_COEFFICIENTS, a * a)
      : 1 - exp(-hornerPolynomial(FAR_ERF_COEFFICIENTS, (a > 6 ? 6 : a) - 1))
  return x < 0 || Object.is(x, -0) ? -size : size
}
