/**
 * Steps of expectation–maximization on the factors of covariances (Rubin & Thayer 1982). The arrays are small and the steps are many,
 * so they are loops: a step takes O(q d²), hundreds of them no more than a pass over the rows.
 */
import { dot, factorGram, solveLower } from '../../../lib/linalg.js'
import type { NdArray } from '../../../lib/ndarray.js'
import { concatenated } from '../../../lib/ndarray.js'

/** F [K, d, q] and ψ [K, d], or A and D at a level, of each component. */
export interface Analysis {
  readonly loads: NdArray
  readonly noise: NdArray
}

/** Once no noise moves by more than this share of itself, there are no more steps. */
const STILL = 1e-9

/**
 * Of a scatter S [d, d]: A⁺ = SBᵀ(V + BSBᵀ)⁻¹ and D⁺ = diag(S − A⁺BS), from below clipped at `least`, where LLᵀ = I + AᵀD⁻¹A by the QR of
 * [D^{−½}A; I], V = L⁻ᵀL⁻¹ and B = V AᵀD⁻¹. In place, so many times or until it stands still.
 */
const analyseOne = (s: Float64Array, a: Float64Array, noise: Float64Array, least: number, steps: number): void => {
  const d = noise.length
  const q = a.length / d
  const stack = new Float64Array((d + q) * q)
  const [l, half, spread] = [new Float64Array(q * q), new Float64Array(q * q), new Float64Array(q * q)]
  const [b, across, next] = [new Float64Array(q * d), new Float64Array(q * d), new Float64Array(q * d)]
  for (let k = 0; k < q; k++) stack[(d + k) * q + k] = 1
  let moved = true
  for (let step = 0; step < steps && moved; step++) {
    for (let j = 0; j < d; j++)
      for (let k = 0; k < q; k++) {
        stack[j * q + k] = a[j * q + k] / Math.sqrt(noise[j])
        b[k * d + j] = a[j * q + k] / noise[j]
      }
    factorGram(stack, 0, d + q, q, l, 0)
    solveLower(l, 0, q, b, 0, d, false)
    solveLower(l, 0, q, b, 0, d, true)
    for (let k = 0; k < q; k++) for (let j = 0; j < d; j++) across[k * d + j] = dot(b, k * d, s, j * d, d)
    half.fill(0)
    for (let k = 0; k < q; k++) half[k * q + k] = 1
    solveLower(l, 0, q, half, 0, q, false)
    // V + BSBᵀ is the square of [L⁻¹; T] wherever S = TᵀT; formed, it is one of small numbers and q columns.
    for (let k = 0; k < q; k++)
      for (let m = 0; m <= k; m++) {
        let sum = dot(across, k * d, b, m * d, d)
        for (let i = 0; i < q; i++) sum += half[i * q + k] * half[i * q + m]
        for (let i = 0; i < m; i++) sum -= spread[k * q + i] * spread[m * q + i]
        spread[k * q + m] = k === m ? Math.sqrt(sum) : sum / spread[m * q + m]
      }
    next.set(across)
    solveLower(spread, 0, q, next, 0, d, false)
    solveLower(spread, 0, q, next, 0, d, true)
    moved = false
    for (let j = 0; j < d; j++) {
      let left = s[j * d + j]
      for (let k = 0; k < q; k++) {
        a[j * q + k] = next[k * d + j]
        left -= next[k * d + j] * across[k * d + j]
      }
      const now = left > least ? left : least
      moved ||= Math.abs(now - noise[j]) > STILL * noise[j]
      noise[j] = now
    }
  }
}

/**
 * So many steps on the factors of given scatters [K, d, d]: none lowers the likelihood; once the noise of a component is still there are
 * no more of it.
 */
export const analyse = (scatters: NdArray, start: Analysis, least: number, steps: number): Analysis => {
  const [count, dim] = start.noise.shape
  const width = start.loads.values.length / count
  const found = Array.from({ length: count }, (_, k) => {
    const loads = start.loads.values.slice(k * width, (k + 1) * width)
    const noise = start.noise.values.slice(k * dim, (k + 1) * dim)
    analyseOne(scatters.values.subarray(k * dim * dim, (k + 1) * dim * dim), loads, noise, least, steps)
    return { loads, noise }
  })
  return {
    loads: { shape: start.loads.shape, values: concatenated(found.map(({ loads }) => loads)) },
    noise: { shape: start.noise.shape, values: concatenated(found.map(({ noise }) => noise)) }
  }
}
