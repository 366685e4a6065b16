/** The plain path, for engines without WebAssembly SIMD: scalar loops over `Math`. */
import mathErf from '@stdlib/math-base-special-erf'
import type { Elementwise, Kernels } from './kernels.js'

const elementwise =
  (f: (x: number) => number): Elementwise =>
  (x, out = new Float64Array(x.length)) => {
    for (let i = 0; i < x.length; i++) out[i] = f(x[i])
    return out
  }

/** From e^{−|x|} on both sides: neither overflows, and the small side keeps its relative precision. */
const logistic = (x: number): number => {
  const e = Math.exp(-Math.abs(x))
  return (x < 0 ? e : 1) / (1 + e)
}

/** Neumaier's compensated sum of term(0), …, term(n − 1). */
const compensated = (n: number, term: (i: number) => number): number => {
  let sum = 0
  let error = 0
  for (let i = 0; i < n; i++) {
    const x = term(i)
    const next = sum + x
    error += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum
    sum = next
  }
  // Where the sum is not finite its error is NaN or cancels it.
  return Number.isFinite(sum) ? sum + error : sum
}

export const plain: Kernels = {
  exp: elementwise(Math.exp),
  expm1: elementwise(Math.expm1),
  log: elementwise(Math.log),
  log1p: elementwise(Math.log1p),
  tanh: elementwise(Math.tanh),
  sigmoid: elementwise(logistic),
  softplus: elementwise(x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  erf: elementwise(mathErf),
  sum: (x, from = 0, to = x.length) => compensated(to - from, i => x[from + i]),
  dot: (x, y) => compensated(x.length, i => x[i] * y[i]),
  matMul: (a, b, m, k, n, transposeA = false, transposeB = false, out = new Float64Array(m * n)) => {
    const [downA, alongA] = transposeA ? [1, m] : [k, 1]
    const [downB, alongB] = transposeB ? [1, k] : [n, 1]
    out.fill(0, 0, m * n)
    for (let i = 0; i < m; i++)
      for (let p = 0; p < k; p++) {
        const factor = a[i * downA + p * alongA]
        for (let j = 0; j < n; j++) out[i * n + j] += factor * b[p * downB + j * alongB]
      }
    return out
  }
}
