/**
 * Factors of covariances: steps of expectation–maximization towards them (Rubin & Thayer 1982), O(q d²) each, and the nearest at once
 * (Jöreskog 1967). The arrays are small and the steps are many, so they are loops.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import { dot, factorGram, factorSymmetric, solveLower, symmetricEigen, type Eigen } from '../../../lib/arrays/linalg.js'
import type { NdArray } from '../../../lib/arrays/ndarray.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'

/** F [K, d, q] and ψ [K, d], or A and D at a level, of each component. */
export interface Analysis {
  readonly loads: NdArray
  readonly noise: NdArray
}

/** Once no noise moves by more than this share of itself, there are no more steps. */
const STILL = 1e-9

/**
 * Of a scatter S [d, d]: A⁺ = SBᵀ(V + BSBᵀ)⁻¹ and D⁺ = diag(S − A⁺BS), from below clipped at `least`, where LLᵀ = I + AᵀD⁻¹A by the QR of
 * [D^{−½}A; I], V = L⁻ᵀL⁻¹ and B = V AᵀD⁻¹. In place, so many times or until it converges.
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

/** What is seen of a covariance S [d, d] where the noise is ψ: the best factors, and how ψ is to change. */
interface Looked {
  readonly noise: Float64Array
  /** W = ψ^{−½} S ψ^{−½} = ΩᵀΛΩ. The factors of eigenvalues λ > 1, q at most, are ψ^½ ω √(λ − 1); the rest is left, and best were 1. */
  readonly eigen: Eigen
  /** Σ (λ − 1 − log λ) over what is left: twice the relative entropy to S, 0 where S is of the family. */
  readonly apart: number
  /** Its derivative by log ψ, [d]: −Σ (λ − 1) ω∘ω */
  readonly gradient: Float64Array
  /** Its second one where all that is left is 1, [d, d]: the squares of the entries of Σ ωωᵀ. Positive semidefinite everywhere. */
  readonly curvature: Float64Array
}

const isFactor = (j: number, rank: number, value: number): boolean => j < rank && value > 1

const look = (s: Float64Array, rank: number, noise: Float64Array): Looked => {
  const d = noise.length
  const roots = noise.map(Math.sqrt)
  const eigen = symmetricEigen({
    shape: [d, d],
    values: s.map((x, at) => x / (roots[Math.floor(at / d)] * roots[at % d]))
  })
  const vectors = eigen.vectors.values
  const [gradient, left] = [new Float64Array(d), new Float64Array(d * d)]
  let apart = 0
  eigen.values.forEach((value, j) => {
    if (isFactor(j, rank, value)) return
    apart += value - 1 - Elementary.log1p(value - 1)
    for (let i = 0; i < d; i++) {
      const w = vectors[j * d + i]
      gradient[i] -= (value - 1) * w * w
      for (let l = 0; l < d; l++) left[i * d + l] += w * vectors[j * d + l]
    }
  })
  return { noise, eigen, apart, gradient, curvature: left.map(p => p * p) }
}

const largest = (values: Float64Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)

/** Whether what is left is 1, up to the rounding of the largest eigenvalue: then it is so however flat the way there was. */
const isThere = ({ noise, eigen, apart }: Looked): boolean =>
  apart <= noise.length * Elementary.square(noise.length * Number.EPSILON * Math.max(1, eigen.values[0]))

/**
 * Where little is known of a noise, the best of ψ lie along a bent valley, where a step that is to go down at once is a short one: so
 * many may go up before there is one that is damped more.
 */
const PATIENCE = 4

/** No step changes a noise by more than a factor e². */
const LONGEST = 2

/** A step that gains no more than this share of what is left is the last. */
const GAIN = 1e-12

/** Steps to the nearest at most: a dozen is usual. */
const STEPS = 100

/** Gauss–Newton steps on log ψ, damped by the size of the gradient: near a covariance of the family their number of digits doubles. */
const descend = (s: Float64Array, rank: number, start: Float64Array, least: Float64Array): Looked => {
  const d = start.length
  const l = new Float64Array(d * d)
  let at = look(s, rank, start)
  let best = at
  let [damping, upwards] = [1, 0]
  for (let step = 0; step < STEPS; step++) {
    if (isThere(at)) break
    const size = largest(at.gradient)
    const curvature = at.curvature.slice()
    for (let i = 0; i < d; i++) curvature[i * d + i] += Math.max(damping * size, Number.EPSILON)
    // Always, but where an entry is not finite.
    if (!factorSymmetric(curvature, 0, d, l, 0)) break
    const change = at.gradient.map(g => -g)
    solveLower(l, 0, d, change, 0, 1, false)
    solveLower(l, 0, d, change, 0, 1, true)
    const length = largest(change)
    const by = length > LONGEST ? LONGEST / length : 1
    at = look(
      s,
      rank,
      at.noise.map((v, i) => Math.max(v * Elementary.exp(by * change[i]), least[i]))
    )
    if (at.apart < best.apart) {
      const gained = best.apart - at.apart
      best = at
      if (gained < GAIN * at.apart) break
      damping = Math.max(damping / 8, 1e-8)
      upwards = 0
    } else if (++upwards > PATIENCE) {
      at = best
      damping *= 64
      upwards = 0
    }
  }
  return best
}

/** Of what the other columns leave of one, the share that is its own noise at least: for numbers to have digits … */
const DIGITS = 1e-12

/** … and for a covariance that is not of the family, whose nearest may have none: steps from there would leave it at none. */
const SHARE = 0.01

/** 1/(S⁻¹)_jj: what the other columns leave of each, [d]; S is positive definite. */
const unshared = (s: Float64Array, d: number): Float64Array => {
  const [l, inverse] = [new Float64Array(d * d), new Float64Array(d * d)]
  for (let i = 0; i < d; i++) inverse[i * d + i] = 1
  if (!factorSymmetric(s, 0, d, l, 0)) return new Float64Array(d).map((_, i) => s[i * d + i] * Number.EPSILON)
  solveLower(l, 0, d, inverse, 0, d, false)
  return new Float64Array(d).map((_, i) => {
    let sum = 0
    for (let k = 0; k < d; k++) sum += inverse[k * d + i] * inverse[k * d + i]
    return 1 / sum
  })
}

/** A descent may end where a noise is next to none, and a better end be elsewhere: so many more are begun with that noise large. */
const AGAIN = 4

const nearestOne = (s: Float64Array, rank: number, start: Float64Array): Looked => {
  const left = unshared(s, start.length)
  const least = left.map(v => DIGITS * v)
  const isNone = (v: number, i: number): boolean => v < 1e-3 * left[i]
  let best = descend(s, rank, start, least)
  let last = best
  for (let again = 0; again < AGAIN && !isThere(best) && last.noise.some(isNone); again++) {
    const from = last.noise.map((v, i) => (isNone(v, i) ? 0.9 : 0.3) * left[i])
    last = descend(s, rank, from, least)
    if (last.apart < best.apart) best = last
  }
  return isThere(best)
    ? best
    : look(
        s,
        rank,
        best.noise.map((v, i) => Math.max(v, SHARE * left[i]))
      )
}

/**
 * F [K, d, rank] and ψ [K, d] of the least relative entropy to given covariances [K, d, d], from a noise to begin with: the
 * covariance itself where it is of the family, up to 2⁻⁵² |Σ|/ψ of a noise (except for one in a hundred of as many factors as are just
 * known from a covariance, with noise of all sizes, e^±4); else, with its variances, near the nearest whose noise is a
 * hundredth at least of what the other columns leave of a column.
 */
export const nearest = (covariances: NdArray, rank: number, start: NdArray): Analysis => {
  const [count, dim] = start.shape
  const found = Array.from({ length: count }, (_, k) =>
    nearestOne(
      covariances.values.subarray(k * dim * dim, (k + 1) * dim * dim),
      rank,
      start.values.slice(k * dim, (k + 1) * dim)
    )
  )
  /** F of one. An eigenvector's sign, which rounding would choose, is that of Σ_i f_i/(i + 1), in which equal and opposite entries do not cancel. */
  const loads = ({ noise, eigen: { values, vectors } }: Looked): Float64Array => {
    const columns = Array.from({ length: rank }, (_, j) => {
      const column = noise.map((v, i) =>
        j < dim && values[j] > 1 ? Math.sqrt(v * (values[j] - 1)) * vectors.values[j * dim + i] : 0
      )
      return column.reduce((sum, f, i) => sum + f / (i + 1), 0) < 0 ? column.map(f => -f) : column
    })
    return new Float64Array(dim * rank).map((_, entry) => columns[entry % rank][Math.floor(entry / rank)])
  }
  return {
    loads: {
      shape: [count, dim, rank],
      values: concatenated(found.map(loads))
    },
    // With ψ(1 − ∂/∂log ψ) for ψ the variances are those of S; at the nearest the derivative is 0.
    noise: {
      shape: [count, dim],
      values: concatenated(found.map(({ noise, gradient }) => noise.map((v, i) => v * (1 - gradient[i]))))
    }
  }
}
