/**
 * Orientations of covariances: orthonormal rows D with Σ = Dᵀ diag(v) D. Cayley's map D = (I − A)⁻¹(I + A), A = (low p − low pᵀ)/2,
 * parametrizes them by d(d − 1)/2 unbounded numbers p, row by row below a diagonal. Common axes are estimated by Jacobi rotations, then by
 * quasi-Newton steps that re-estimate the spectrum.
 */
import {
  dot,
  factorGram,
  largestEntry,
  multiplySquare,
  solveLower,
  solveLowerTransposed,
  symmetricEigen,
  transposed
} from '../../../lib/arrays/linalg.js'

/** Eigenvectors as rows, and eigenvalues in decreasing order, clipped at 0. */
export const principalAxes = (
  matrix: Float64Array,
  dim: number
): { readonly axes: Float64Array; readonly moments: Float64Array } => {
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: matrix })
  return { axes: vectors.values, moments: values.map(x => Math.max(x, 0)) }
}

/** Returns D W_k Dᵀ, [K, d, d]. */
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

/** Changes entries in the basis of the axes. */
export const changeAlongAxes = (
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

/** Returns diagonals of [K, d, d], clipped at 0. */
const stackDiagonals = (t: Float64Array, dim: number): Float64Array =>
  new Float64Array(t.length / dim).map((_, at) =>
    Math.max(t[Math.floor(at / dim) * dim * dim + (at % dim) * (dim + 1)], 0)
  )

/** Rotates coordinates i < j, with cosine c and sine s. */
interface GivensRotation {
  readonly i: number
  readonly j: number
  readonly c: number
  readonly s: number
}

/** Rotates the rows of x [d, d], in place. */
const rotateRows = (x: Float64Array, { i, j, c, s }: GivensRotation, dim: number): void => {
  for (let at = i * dim, to = j * dim; at < (i + 1) * dim; at++, to++) {
    const a = x[at]
    const b = x[to]
    x[at] = c * a + s * b
    x[to] = c * b - s * a
  }
}

/** Rotates rows and columns of the [d, d] from index `from` on, in place. */
const rotateRowsAndColumns = (t: Float64Array, from: number, { i, j, c, s }: GivensRotation, dim: number): void => {
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
 * Sweep of Jacobi rotations of the axes and of T_k = D W_k Dᵀ, in place: for each pair the optimal angle for Σ_kj T_kjj/u_kj. Returns the
 * largest sine.
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
      // The sum is ½(p cos 2θ + q sin 2θ) plus a constant: minimal at cos 2θ = −p/length, sin 2θ = −q/length.
      const c = Math.sqrt(Math.max(0, (1 - p / length) / 2))
      const s = p < 0 ? -q / (2 * c * length) : (q > 0 ? -1 : 1) * Math.sqrt(Math.max(0, (1 + p / length) / 2))
      if (s === 0) continue
      const cosine = p < 0 ? c : Math.abs(q) / (2 * Math.abs(s) * length)
      most = Math.max(most, Math.min(Math.abs(s), cosine))
      const rotation: GivensRotation = { i, j, c: cosine, s }
      rotateRows(axes, rotation, dim)
      for (let at = 0; at < t.length; at += size) rotateRowsAndColumns(t, at, rotation, dim)
    }
  return most
}

export interface SpectrumAlongAxes<S> {
  readonly found: S
  /** 1/u, [K, d]; 0 for components without mass. */
  readonly inverse: Float64Array
  readonly value: number
}

const MAX_AXES_SWEEPS = 5
/** Angles below this are skipped. */
const MIN_ANGLE = 1e-9
/** A sweep with a smaller reduction of the loss, in units of `lossUnit`, is the last. */
const MIN_SWEEP_GAIN = 1e-3
const MAX_QUASI_NEWTON_STEPS = 100

/** Number of steps in L-BFGS. */
const REMEMBERED_STEPS = 10
/**
 * Predicted gain, in units of `lossUnit`, below which quasi-Newton steps end: for a whole fit, and for a step of EM, which continues
 * anyway.
 */
const MIN_PREDICTED_GAIN = { whole: 1e-15, step: 1e-13 }
/** Minimum share of the predicted reduction (Armijo), and of the first step. */
const ARMIJO_SHARE = 1e-4

/** T_k = D W_k Dᵀ. */
interface AxesState<S> {
  readonly axes: Float64Array
  readonly t: Float64Array
  readonly now: SpectrumAlongAxes<S>
}

/** `w`: second moments W_k, [K, d, d]. */
interface AxesProblem<S> {
  readonly w: Float64Array
  readonly dim: number
  readonly precision: keyof typeof MIN_PREDICTED_GAIN
  /** Returns the optimal spectrum for moments ω along the axes, [K, d]; `last` is null at first. */
  readonly along: (omega: Float64Array, last: S | null) => SpectrumAlongAxes<S>
}

/** Σ_kj T_kjj/u_kj, equal to mass times d at the optimal spectrum. */
const lossUnit = <S>({ t, now }: AxesState<S>, dim: number): number =>
  stackDiagonals(t, dim).reduce((sum, omega, at) => sum + omega * now.inverse[at], 0)

/** Alternates rotations and spectra. */
const sweepAxes = <S>(start: Float64Array, { w, dim, along }: AxesProblem<S>): AxesState<S> => {
  const axes = start.slice()
  const t = conjugatedStack(axes, w, dim)
  let now = along(stackDiagonals(t, dim), null)
  for (let i = 0; i < MAX_AXES_SWEEPS; i++) {
    if (!(jacobiSweep(axes, t, now.inverse, dim) > MIN_ANGLE)) break
    const next = along(stackDiagonals(t, dim), now.found)
    const gained = now.value - next.value
    now = next
    if (!(gained > MIN_SWEEP_GAIN * lossUnit({ axes, t, now }, dim))) break
  }
  return { axes, t, now }
}

/**
 * Derivatives of the loss by the rotation p_ij of each pair i > j. The slope Σ_k 2T_kij(1/u_ki − 1/u_kj) is exact by the envelope theorem;
 * the curvature is made positive.
 */
const rotationDerivatives = <S>(
  { t, now: { inverse } }: AxesState<S>,
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

const dotProduct = (a: Float64Array, b: Float64Array): number => dot(a, 0, b, 0, a.length)

interface CurvaturePair {
  readonly step: Float64Array
  readonly change: Float64Array
}

/** L-BFGS direction from earlier steps, the last first; the initial Hessian is `curvature` (Nocedal 1980). */
const quasiNewtonDirection = (
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

/** Minimizes over all rotations at once, re-estimating the spectrum at each step: sweeps converge slowly if the two interact. */
const refineAxes = <S>(from: AxesState<S>, problem: AxesProblem<S>): AxesState<S> => {
  const { w, dim, precision, along } = problem
  const unit = lossUnit(from, dim)
  let here = from
  let { slope, curvature } = rotationDerivatives(here, dim)
  let before: ReadonlyArray<CurvaturePair> = []
  /** With negative curvature four times the last step length is tried. */
  let longer = 1
  for (let turn = 0; turn < MAX_QUASI_NEWTON_STEPS; turn++) {
    const plain = quasiNewtonDirection(slope, curvature, [])
    const promised = -dotProduct(slope, plain)
    if (!(promised > MIN_PREDICTED_GAIN[precision] * unit)) break
    const wanted = before.length > 0 ? quasiNewtonDirection(slope, curvature, before) : plain
    const isDown = dotProduct(slope, wanted) < 0
    const towards = isDown ? wanted : plain
    if (!isDown) before = []
    const falls = -dotProduct(slope, towards)
    const most = largestEntry(towards)
    let taken: { readonly there: AxesState<S>; readonly step: Float64Array } | null = null
    const first = Math.min(longer, 0.5 / most)
    for (let share = first; share > ARMIJO_SHARE * first && taken === null; share /= 2) {
      const step = towards.map(x => share * x)
      const axes = multiplySquare(axesOfAngles(step, dim), here.axes, dim)
      const t = conjugatedStack(axes, w, dim)
      const there = { axes, t, now: along(stackDiagonals(t, dim), here.now.found) }
      if (here.now.value - there.now.value >= ARMIJO_SHARE * share * falls) taken = { there, step }
    }
    if (taken === null) {
      if (before.length === 0) break
      before = []
      longer = 1
      continue
    }
    const { there, step } = taken
    const at = rotationDerivatives(there, dim)
    const change = at.slope.map((x, i) => x - slope[i])
    if (dotProduct(step, change) > 0) {
      before = [{ step, change }, ...before].slice(0, REMEMBERED_STEPS)
      longer = 1
    } else longer *= 4
    here = there
    slope = at.slope
    curvature = at.curvature
  }
  return here
}

/** Returns the best common axes and their spectrum from several starts, as there are local optima. */
export const likeliestAxes = <S>(
  starts: ReadonlyArray<Float64Array>,
  problem: AxesProblem<S>
): { readonly axes: Float64Array; readonly found: S } => {
  const [first, ...others] = starts.map(start => refineAxes(sweepAxes(start, problem), problem))
  const { axes, now } = others.reduce((a, b) => (b.now.value < a.now.value ? b : a), first)
  return { axes, found: now.found }
}

/** Returns D from p: M⁻¹(I + A)², M = I + AᵀA = LLᵀ, L the triangle of the stack [I; A]. */
export const axesOfAngles = (angles: Float64Array, dim: number): Float64Array => {
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
  solveLower(lower, 0, dim, axes, 0, dim)
  solveLowerTransposed(lower, 0, dim, axes, 0, dim)
  return axes
}

/**
 * Returns p for axes up to their signs, chosen so that no pivot of I + XS, X = Dᵀ, is below 1: then A = 2(I + XS)⁻¹ − I has no large
 * entries (O’Dorney 2014).
 */
export const anglesOfAxes = (axes: Float64Array, dim: number): Float64Array => {
  const width = 2 * dim
  const m = new Float64Array(dim * width)
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++) m[i * width + j] = axes[j * dim + i]
    m[i * width + dim + i] = 1
  }
  for (let j = 0; j < dim; j++) {
    // Column j is that of X, column d + j still that of I.
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
