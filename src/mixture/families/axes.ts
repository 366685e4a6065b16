/**
 * Axes of covariances: orthonormal rows D with Σ = Dᵀ diag(v) D, the transpose of D in λDADᵀ. They are given by d(d − 1)/2 numbers without bounds, p row by row below a
 * diagonal, through Cayley's map D = (I − A)⁻¹(I + A), A = (low p − low pᵀ)/2; and common ones are found by turning two after the
 * other, each pair as far as is best with the spectrum held, and then all at once, the spectrum following.
 */
import {
  dot,
  factorGram,
  largestEntry,
  multiplySquare,
  solveLower,
  symmetricEigen,
  transposed
} from '../../../lib/arrays/linalg.js'

/** The eigenvectors of a symmetric [d, d] as rows, and its eigenvalues, the greatest first; none below 0. */
export const principalAxes = (
  matrix: Float64Array,
  dim: number
): { readonly axes: Float64Array; readonly moments: Float64Array } => {
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: matrix })
  return { axes: vectors.values, moments: values.map(x => Math.max(x, 0)) }
}

/** D W_k Dᵀ of each of a stack, [K, d, d]. */
export const conjugatedStack = (axes: Float64Array, w: Float64Array, dim: number): Float64Array => {
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
  conjugatedStack(
    transposed(axes, dim),
    conjugatedStack(axes, w, dim).map((entry, at) => change(entry, Math.floor(at / dim), at % dim)),
    dim
  )

/** The diagonals of a stack [K, d, d], none below 0. */
const stackDiagonals = (t: Float64Array, dim: number): Float64Array =>
  new Float64Array(t.length / dim).map((_, at) =>
    Math.max(t[Math.floor(at / dim) * dim * dim + (at % dim) * (dim + 1)], 0)
  )

/** Rows i and j of a [d, d] as a turn mixes them. */
const mixRows = (x: Float64Array, i: number, j: number, dim: number, c: number, s: number): void => {
  for (let at = i * dim, to = j * dim; at < (i + 1) * dim; at++, to++) {
    const a = x[at]
    const b = x[to]
    x[at] = c * a + s * b
    x[to] = c * b - s * a
  }
}

/** Rows and columns i < j of a symmetric [d, d] that starts at `from`. */
const mixBoth = (t: Float64Array, from: number, i: number, j: number, dim: number, c: number, s: number): void => {
  const row = from + i * dim
  const other = from + j * dim
  const ii = t[row + i]
  const ij = t[row + j]
  const jj = t[other + j]
  for (let e = 0; e < dim; e++) {
    const a = t[row + e]
    const b = t[other + e]
    const x = c * a + s * b
    const y = c * b - s * a
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
const jacobiSweep = (axes: Float64Array, t: Float64Array, inverse: Float64Array, dim: number): number => {
  const size = dim * dim
  let most = 0
  for (let i = 0; i < dim; i++)
    for (let j = i + 1; j < dim; j++) {
      let p = 0
      let q = 0
      let scale = 0
      for (let k = 0, at = 0; at < t.length; k++, at += size) {
        const h = inverse[k * dim + i] - inverse[k * dim + j]
        const ii = t[at + i * (dim + 1)]
        const jj = t[at + j * (dim + 1)]
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
export interface SpectrumAlongAxes<S> {
  readonly found: S
  /** 1/u, [K, d]; 0 of components without mass. */
  readonly inverse: Float64Array
  /** What is minimised. */
  readonly value: number
}

/** Sweeps, each followed by the spectrum, at most: then turns of all pairs at once go on. */
const MAX_AXES_SWEEPS = 5
/** An angle of less is no step. */
const MIN_ANGLE = 1e-9
/** A sweep that gains less of what is minimised, in its own units, is the last: turns of all pairs at once go on faster. */
const SWEPT = 1e-3
/** So many turns of all pairs at most, each told by so many before it. */
const TURNS = 100
const REMEMBERED = 10
/** They end where they promise less, in the same units: to rounding, or where another step of expectation–maximization goes on. */
const PROMISED = { whole: 1e-15, step: 1e-13 }
/** Of what its slope promises a turn gains this share at least, and is shortened to no less of itself. */
const FALLS = 1e-4

/** Axes, T_k = D W_k Dᵀ, and the spectrum along them. */
interface Turning<S> {
  readonly axes: Float64Array
  readonly t: Float64Array
  readonly now: SpectrumAlongAxes<S>
}

type Spectrally<S> = (omega: Float64Array, last: S | null) => SpectrumAlongAxes<S>

/** Σ_kj T_kjj/u_kj, which is the mass times d where the spectrum is the likeliest: what differences of the value are measured by, in any unit. */
const turningUnit = <S>({ t, now }: Turning<S>, dim: number): number =>
  stackDiagonals(t, dim).reduce((sum, omega, at) => sum + omega * now.inverse[at], 0)

/** Sweeps from axes, each followed by the spectrum. */
const sweptAxes = <S>(start: Float64Array, w: Float64Array, dim: number, along: Spectrally<S>): Turning<S> => {
  const axes = start.slice()
  const t = conjugatedStack(axes, w, dim)
  let now = along(stackDiagonals(t, dim), null)
  for (let i = 0; i < MAX_AXES_SWEEPS; i++) {
    if (!(jacobiSweep(axes, t, now.inverse, dim) > MIN_ANGLE)) break
    const next = along(stackDiagonals(t, dim), now.found)
    const gained = now.value - next.value
    now = next
    if (!(gained > SWEPT * turningUnit({ axes, t, now }, dim))) break
  }
  return { axes, t, now }
}

/**
 * What a turn of each pair i > j by p_ij changes, the spectrum following: the slope is Σ_k 2T_kij(1/u_ki − 1/u_kj), as if the spectrum were
 * held, since of that it is the likeliest. The curvature of a pair is that with the spectrum held, and some where this has none.
 */
const slopesOf = <S>(
  { t, now: { inverse } }: Turning<S>,
  dim: number
): { readonly slope: Float64Array; readonly curvature: Float64Array } => {
  const slope = new Float64Array((dim * (dim - 1)) / 2)
  const held = new Float64Array(slope.length)
  const gained = new Float64Array(slope.length)
  for (let k = 0, from = 0; from < t.length; k++, from += dim * dim) {
    let mass = 0
    for (let i = 0; i < dim; i++) mass += (t[from + i * (dim + 1)] * inverse[k * dim + i]) / dim
    if (!(mass > 0)) continue
    for (let i = 1, at = 0; i < dim; i++)
      for (let j = 0; j < i; j++, at++) {
        const one = inverse[k * dim + i]
        const other = inverse[k * dim + j]
        const across = 2 * t[from + i * dim + j]
        slope[at] += across * (one - other)
        held[at] += 2 * (t[from + j * (dim + 1)] - t[from + i * (dim + 1)]) * (one - other)
        gained[at] += (across * across * (one * one + other * other)) / mass
      }
  }
  const curvature = held.map((x, at) => Math.max(Math.abs(x), 0.1 * gained[at]))
  return { slope, curvature }
}

/** ⟨a, b⟩ */
const dotProduct = (a: Float64Array, b: Float64Array): number => dot(a, 0, b, 0, a.length)

/** A turn that was taken, and by how much it changed slopes. */
interface CurvaturePair {
  readonly step: Float64Array
  readonly change: Float64Array
}

/** The quasi-Newton direction by the turns before it, the last first, from curvatures of pairs (Nocedal 1980). */
const directionOf = (
  slope: Float64Array,
  curvature: Float64Array,
  before: ReadonlyArray<CurvaturePair>
): Float64Array => {
  const out = slope.slice()
  const shares = before.map(({ step, change }) => {
    const share = dotProduct(step, out) / dotProduct(step, change)
    out.forEach((x, i) => (out[i] = x - share * change[i]))
    return share
  })
  out.forEach((x, i) => (out[i] = curvature[i] > 0 ? x / curvature[i] : 0))
  for (let at = before.length - 1; at >= 0; at--) {
    const { step, change } = before[at]
    const by = shares[at] - dotProduct(change, out) / dotProduct(step, change)
    out.forEach((x, i) => (out[i] = x + by * step[i]))
  }
  return out.map(x => -x)
}

/**
 * Turns of all pairs at once, the spectrum following each, to where none promises more: sweeps with the spectrum held alternate, and come
 * there slowly where the two go together.
 */
const refinedAxes = <S>(
  from: Turning<S>,
  w: Float64Array,
  dim: number,
  as: keyof typeof PROMISED,
  along: Spectrally<S>
): Turning<S> => {
  const unit = turningUnit(from, dim)
  let here = from
  let { slope, curvature } = slopesOf(here, dim)
  let before: ReadonlyArray<CurvaturePair> = []
  /** Where it curves down nothing tells how far: four times as far as the last. */
  let longer = 1
  for (let turn = 0; turn < TURNS; turn++) {
    const plain = directionOf(slope, curvature, [])
    const promised = -dotProduct(slope, plain)
    if (!(promised > PROMISED[as] * unit)) break
    const wanted = before.length > 0 ? directionOf(slope, curvature, before) : plain
    const isDown = dotProduct(slope, wanted) < 0
    const towards = isDown ? wanted : plain
    if (!isDown) before = []
    const falls = -dotProduct(slope, towards)
    const most = largestEntry(towards)
    let taken: { readonly there: Turning<S>; readonly step: Float64Array } | null = null
    const first = Math.min(longer, 0.5 / most)
    for (let share = first; share > FALLS * first && taken === null; share /= 2) {
      const step = towards.map(x => share * x)
      const axes = multiplySquare(ofAngles(step, dim), here.axes, dim)
      const t = conjugatedStack(axes, w, dim)
      const there = { axes, t, now: along(stackDiagonals(t, dim), here.now.found) }
      if (here.now.value - there.now.value >= FALLS * share * falls) taken = { there, step }
    }
    if (taken === null) {
      if (before.length === 0) break
      before = []
      longer = 1
      continue
    }
    const { there, step } = taken
    const at = slopesOf(there, dim)
    const change = at.slope.map((x, i) => x - slope[i])
    if (dotProduct(step, change) > 0) {
      before = [{ step, change }, ...before].slice(0, REMEMBERED)
      longer = 1
    } else longer *= 4
    here = there
    slope = at.slope
    curvature = at.curvature
  }
  return here
}

/**
 * Common axes and the likeliest spectrum along them: `along` says the spectrum of moments ω [K, d]. There are several maxima: the
 * greatest that some axes lead to.
 */
export const likeliestAxes = <S>(
  starts: ReadonlyArray<Float64Array>,
  w: Float64Array,
  dim: number,
  as: keyof typeof PROMISED,
  along: Spectrally<S>
): { readonly axes: Float64Array; readonly found: S } => {
  const [first, ...others] = starts.map(start => refinedAxes(sweptAxes(start, w, dim, along), w, dim, as, along))
  const { axes, now } = others.reduce((a, b) => (b.now.value < a.now.value ? b : a), first)
  return { axes, found: now.found }
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
