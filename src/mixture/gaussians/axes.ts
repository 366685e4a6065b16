/**
 * Axes of covariances: orthonormal rows D with Σ = Dᵀ diag(v) D, the transpose of D in λDADᵀ. They are given by d(d − 1)/2 numbers without bounds, p row by row below a
 * diagonal, through Cayley's map D = (I − A)⁻¹(I + A), A = (low p − low pᵀ)/2; and common ones are found by turning two after the
 * other, each pair as far as is best.
 */
import { factorGram, solveLower, symmetricEigen, transposed } from '../../../lib/arrays/linalg.js'

/** The eigenvectors of a symmetric [d, d] as rows, and its eigenvalues, the greatest first; none below 0. */
export const principal = (
  matrix: Float64Array,
  dim: number
): { readonly axes: Float64Array; readonly moments: Float64Array } => {
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: matrix })
  return { axes: vectors.values, moments: values.map(x => Math.max(x, 0)) }
}

/** D W_k Dᵀ of each of a stack, [K, d, d]. */
export const turned = (axes: Float64Array, w: Float64Array, dim: number): Float64Array => {
  const out = new Float64Array(w.length)
  const half = new Float64Array(dim * dim)
  for (let from = 0; from < w.length; from += dim * dim) {
    half.fill(0)
    for (let i = 0; i < dim; i++)
      for (let r = 0; r < dim; r++)
        for (let c = 0; c < dim; c++) half[i * dim + c] += axes[i * dim + r] * w[from + r * dim + c]
    for (let i = 0; i < dim; i++)
      for (let j = 0; j <= i; j++) {
        let sum = 0
        for (let c = 0; c < dim; c++) sum += half[i * dim + c] * axes[j * dim + c]
        out[from + i * dim + j] = out[from + j * dim + i] = sum
      }
  }
  return out
}

/** The same of one, with entries changed that it has along the axes, turned back. */
export const changedAlong = (
  axes: Float64Array,
  w: Float64Array,
  dim: number,
  change: (entry: number, i: number, j: number) => number
): Float64Array =>
  turned(
    transposed(axes, dim),
    turned(axes, w, dim).map((entry, at) => change(entry, Math.floor(at / dim), at % dim)),
    dim
  )

/** The diagonals of a stack [K, d, d], none below 0. */
const diagonals = (t: Float64Array, dim: number): Float64Array =>
  new Float64Array(t.length / dim).map((_, at) =>
    Math.max(t[Math.floor(at / dim) * dim * dim + (at % dim) * (dim + 1)], 0)
  )

/** Rows i and j of a [d, d] as a turn mixes them. */
const mixRows = (x: Float64Array, i: number, j: number, dim: number, c: number, s: number): void => {
  for (let at = i * dim, to = j * dim; at < (i + 1) * dim; at++, to++) {
    const [a, b] = [x[at], x[to]]
    x[at] = c * a + s * b
    x[to] = c * b - s * a
  }
}

/** Rows and columns i < j of a symmetric [d, d] that starts at `from`. */
const mixBoth = (t: Float64Array, from: number, i: number, j: number, dim: number, c: number, s: number): void => {
  const [row, other] = [from + i * dim, from + j * dim]
  const [ii, ij, jj] = [t[row + i], t[row + j], t[other + j]]
  for (let e = 0; e < dim; e++) {
    const [a, b] = [t[row + e], t[other + e]]
    const [x, y] = [c * a + s * b, c * b - s * a]
    const column = from + e * dim
    t[row + e] = x
    t[other + e] = y
    t[column + i] = x
    t[column + j] = y
  }
  t[row + i] = c * c * ii + 2 * c * s * ij + s * s * jj
  t[other + j] = s * s * ii - 2 * c * s * ij + c * c * jj
  t[row + j] = t[other + i] = (c * c - s * s) * ij - c * s * (ii - jj)
}

/**
 * One sweep of Jacobi's turns of axes and of T_k = D W_k Dᵀ, in place: for each pair the angle that makes Σ_kj T_kjj/u_kj least, of all
 * angles, and never more than a quarter turn. Returns the sine of the greatest. Pairs of which nothing tells an angle stay.
 */
const sweep = (axes: Float64Array, t: Float64Array, inverse: Float64Array, dim: number): number => {
  const size = dim * dim
  let most = 0
  for (let i = 0; i < dim; i++)
    for (let j = i + 1; j < dim; j++) {
      let [p, q, scale] = [0, 0, 0]
      for (let k = 0, at = 0; at < t.length; k++, at += size) {
        const h = inverse[k * dim + i] - inverse[k * dim + j]
        const [ii, jj] = [t[at + i * (dim + 1)], t[at + j * (dim + 1)]]
        p += h * (ii - jj)
        q += 2 * h * t[at + i * dim + j]
        scale += Math.abs(h) * (ii + jj)
      }
      const length = Math.sqrt(p * p + q * q)
      if (!(length > 1e-15 * scale)) continue
      // The sum is ½(p cos 2θ + q sin 2θ) and what does not change: least at cos 2θ = −p/length, sin 2θ = −q/length.
      const c = Math.sqrt(Math.max(0, (1 - p / length) / 2))
      const s = p < 0 ? -q / (2 * c * length) : (q > 0 ? -1 : 1) * Math.sqrt(Math.max(0, (1 + p / length) / 2))
      if (s === 0) continue
      const cosine = p < 0 ? c : Math.abs(q) / (2 * Math.abs(s) * length)
      most = Math.max(most, Math.min(Math.abs(s), cosine))
      mixRows(axes, i, j, dim, cosine, s)
      for (let at = 0; at < t.length; at += size) mixBoth(t, at, i, j, dim, cosine, s)
    }
  return most
}

/** A spectrum along axes, as turning these asks for it. */
export interface Along<S> {
  readonly found: S
  /** 1/u, [K, d]; 0 of components without mass. */
  readonly inverse: Float64Array
  /** What is minimised. */
  readonly value: number
}

/** Sweeps, each followed by the spectrum: most need ten. After so few starts are compared. */
const SWEEPS = 100
const RACED = 5
/** An angle of less is no step. */
const STILL = 1e-9
/** A sweep that gains less of what is minimised is the last: to rounding, or where another step of expectation–maximization goes on. */
const GAINS = { whole: 4 * Number.EPSILON, step: 1e-8 }

/** Common axes and the spectrum along them, likelier with every sweep, from axes: `along` says the spectrum of moments ω [K, d]. */
export const together = <S>(
  start: Float64Array,
  w: Float64Array,
  dim: number,
  as: keyof typeof GAINS,
  along: (omega: Float64Array, last: S | null) => Along<S>,
  sweeps = SWEEPS
): { readonly axes: Float64Array; readonly found: S; readonly value: number } => {
  const axes = start.slice()
  const t = turned(axes, w, dim)
  let now = along(diagonals(t, dim), null)
  for (let i = 0; i < sweeps; i++) {
    if (!(sweep(axes, t, now.inverse, dim) > STILL)) break
    const next = along(diagonals(t, dim), now.found)
    const gained = now.value - next.value
    now = next
    if (!(gained > GAINS[as] * Math.abs(next.value))) break
  }
  return { axes, found: now.found, value: now.value }
}

/** The same from those of several axes that have led furthest after a few sweeps: there are several maxima. */
export const likeliest = <S>(
  starts: ReadonlyArray<Float64Array>,
  w: Float64Array,
  dim: number,
  along: (omega: Float64Array, last: S | null) => Along<S>
): { readonly axes: Float64Array; readonly found: S } => {
  const [first, ...others] = starts.map(start => together(start, w, dim, 'step', along, RACED))
  return together(others.reduce((a, b) => (b.value < a.value ? b : a), first).axes, w, dim, 'whole', along)
}

/** D of p: M⁻¹(I + A)², M = I + AᵀA = LLᵀ, of which L is that of the stack of I and A. */
export const ofAngles = (angles: Float64Array, dim: number): Float64Array => {
  const size = dim * dim
  const stack = new Float64Array(2 * size)
  for (let i = 0, at = 0; i < dim; i++) {
    stack[i * (dim + 1)] = 1
    for (let j = 0; j < i; j++, at++) {
      stack[size + i * dim + j] = angles[at] / 2
      stack[size + j * dim + i] = -angles[at] / 2
    }
  }
  const lower = new Float64Array(size)
  factorGram(stack, 0, 2 * dim, dim, lower, 0)
  const axes = new Float64Array(size)
  for (let i = 0; i < dim; i++)
    for (let j = 0; j < dim; j++) {
      // (I + A)² = I + 2A + A²
      let sum = (i === j ? 1 : 0) + 2 * stack[size + i * dim + j]
      for (let k = 0; k < dim; k++) sum += stack[size + i * dim + k] * stack[size + k * dim + j]
      axes[i * dim + j] = sum
    }
  solveLower(lower, 0, dim, axes, 0, dim, false)
  solveLower(lower, 0, dim, axes, 0, dim, true)
  return axes
}

/**
 * p of axes whose signs are free: chosen one after the other, no pivot of I + XS, X = Dᵀ and S the signs, is less than 1, so that
 * A = 2(I + XS)⁻¹ − I has no great entries, and no axes are out of reach (O’Dorney 2014).
 */
export const anglesOf = (axes: Float64Array, dim: number): Float64Array => {
  const width = 2 * dim
  const m = new Float64Array(dim * width)
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++) m[i * width + j] = axes[j * dim + i]
    m[i * width + dim + i] = 1
  }
  for (let j = 0; j < dim; j++) {
    // Column j is that of X, and column d + j still that of I where no row above has been taken off.
    const sign = m[j * width + j] < 0 ? -1 : 1
    for (let i = 0; i < dim; i++) m[i * width + j] = sign * m[i * width + j] + m[i * width + dim + j]
    const pivot = m[j * width + j]
    for (let c = 0; c < width; c++) m[j * width + c] /= pivot
    for (let i = 0; i < dim; i++) {
      const by = m[i * width + j]
      if (i === j || by === 0) continue
      for (let c = 0; c < width; c++) m[i * width + c] -= by * m[j * width + c]
    }
  }
  const out = new Float64Array((dim * (dim - 1)) / 2)
  for (let i = 1; i < dim; i++) for (let j = 0; j < i; j++) out[(i * (i - 1)) / 2 + j] = 4 * m[i * width + dim + j]
  return out
}
