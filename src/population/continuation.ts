/**
 * Numerical continuation of a stationary point in one parameter of its problem. Loops over vectors, pure from outside.
 */
import { dot, singular, symmetricEigen } from '../../lib/arrays/linalg.js'
import { norm } from '../../lib/numbers/elementary.js'

/** A function whose stationary points are followed, at one value of the continuation parameter. */
export interface StationaryProblem {
  readonly gradient: (x: Float64Array) => Float64Array
  /** [n, n], symmetric. */
  readonly hessian: (x: Float64Array) => Float64Array
}

/**
 * A stationary point of the problem at `at`, with the eigenvalues of its Hessian, descending, and their eigenvectors,
 * one per row.
 */
export interface CurvePoint {
  readonly at: number
  readonly x: Float64Array
  readonly values: Float64Array
  readonly vectors: Float64Array
}

export type CourseEnd = 'fold' | 'pitchfork' | 'until' | 'lost' | 'steps'

export interface Course {
  readonly path: ReadonlyArray<CurvePoint>
  readonly end: CourseEnd
  /** Eigenvector whose eigenvalue vanishes at a fold or a pitchfork. */
  readonly vanishing?: Float64Array
}

export interface Options {
  /** First step of the continuation parameter, signed. */
  readonly by: number
  readonly until: number
  readonly steps: number
  /** Length of x that is comparable to `by`. */
  readonly scale: number
}

/**
 * Singular values and eigenvalues below this share of the largest belong to directions in which the loss is constant,
 * such as a constant added to all logits.
 */
const FLAT_EIGENVALUE_SHARE = 1e-9
/**
 * Largest accepted length of a correction, as a share of the step, so that the path does not jump to another branch.
 */
const MAX_CORRECTION_SHARE = 0.3
/** Tolerance of the location of a fold or a pitchfork, as a share of a step or of the vanishing quantity. */
const EXACT = 1e-9

/**
 * Follows the curve of stationary points, ∇L(x; a) = 0, by pseudo-arclength continuation in (x/scale, a/by). The
 * tangent is the null vector of J = [H | ∂∇L/∂a], and Newton's steps −J⁺∇L are the shortest that lead back to the curve
 * (Allgower & Georg 1990), so a fold, where H is singular and a turns back, is an ordinary point of the curve. Ends at
 * a fold; at a pitchfork, where an eigenvalue passes 0 while a goes on; at `until`; or if no step is short enough.
 */
export const followCurve = (
  problemAt: (at: number) => StationaryProblem,
  start: { readonly at: number; readonly x: Float64Array },
  { by, until, steps, scale }: Options
): Course => {
  const n = start.x.length
  const h = 1e-4
  // Points of the curve are y = (x / scale, (a − a_0) / by).
  const numberOf = (y: Float64Array): number => start.at + by * y[n]
  const placeOf = (y: Float64Array): Float64Array => y.subarray(0, n).map(v => v * scale)
  /** ∂∇L/∂a by second-order one-sided differences, on the side where the path lies. */
  const drift = (y: Float64Array): Float64Array => {
    const x = placeOf(y)
    const at = numberOf(y)
    const back = y[n] > 2 * h ? -1 : 1
    const [here, near, far] = [0, 1, 2].map(i => problemAt(at + back * i * h * by).gradient(x))
    return here.map((g, i) => (back * (4 * near[i] - 3 * g - far[i])) / (2 * h))
  }
  const hessianAt = (y: Float64Array): Float64Array => problemAt(numberOf(y)).hessian(placeOf(y))
  /** Singular vectors of J = [H | ∂∇L/∂a] with nonzero singular values. */
  const frameOf = (hessian: Float64Array, along: Float64Array) => {
    const turned = new Float64Array((n + 1) * n)
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) turned[j * n + i] = scale * hessian[i * n + j]
      turned[n * n + i] = along[i]
    }
    const { values, left, right } = singular({ shape: [n + 1, n], values: turned })
    const rank = values.filter(s => s > FLAT_EIGENVALUE_SHARE * values[0]).length
    return { values, left: left.values, right: right.values, rank }
  }
  /** Unit tangent: the last tangent projected onto the null space of J. */
  const tangentAt = (y: Float64Array, hessian: Float64Array, last: Float64Array): Float64Array => {
    const { left, rank } = frameOf(hessian, drift(y))
    const tangent = last.slice()
    for (let i = 0; i < rank; i++) {
      const share = dot(left, i * (n + 1), last, 0, n + 1)
      for (let j = 0; j <= n; j++) tangent[j] -= share * left[i * (n + 1) + j]
    }
    const length = norm(tangent)
    return tangent.map(t => t / length)
  }
  /** The point of the curve near y, or that at the same number; undefined where Newton's steps do not become shorter. */
  const corrected = (guess: Float64Array, isHeld = false): Float64Array | undefined => {
    const y = guess.slice()
    // With a fixed parameter, ∂∇L/∂a does not enter; otherwise that of the guess is accurate enough for all steps.
    const along = isHeld ? new Float64Array(n) : drift(y)
    let before = Infinity
    for (let i = 0; i < 12; i++) {
      const gradient = problemAt(numberOf(y)).gradient(placeOf(y))
      const { values, left, right, rank } = frameOf(hessianAt(y), along)
      const step = new Float64Array(n + 1)
      for (let k = 0; k < rank; k++) {
        const share = dot(right, k * n, gradient, 0, n) / values[k]
        for (let j = 0; j <= n; j++) step[j] -= share * left[k * (n + 1) + j]
      }
      const length = norm(step)
      // Near a singular Hessian, rounding alone gives steps of some length.
      if (!(length < before)) return before < 1e-7 ? y : undefined
      for (let j = 0; j <= n; j++) y[j] += step[j]
      if (length < 1e-11) break
      before = length
    }
    return y
  }
  const pointAt = (y: Float64Array, hessian: Float64Array): CurvePoint => {
    const { values, vectors } = symmetricEigen({ shape: [n, n], values: hessian })
    return { at: numberOf(y), x: placeOf(y), values, vectors: vectors.values }
  }
  const ahead = new Float64Array(n + 1)
  ahead[n] = 1
  let y: Float64Array = Float64Array.from(ahead, (_, i) => (i < n ? start.x[i] / scale : 0))
  const begin = hessianAt(y)
  let tangent = tangentAt(y, begin, ahead)
  let point = pointAt(y, begin)
  const path = [point]
  const flat = flatOf(point)
  const gauge = flat.length
  let length = 1 / tangent[n]
  for (let step = 0; step < steps;) {
    const rest = (until - start.at) / by - y[n]
    const isLast = length * tangent[n] >= rest
    if (isLast) length = rest / tangent[n]
    const guess = y.map((v, j) => v + length * tangent[j])
    const next = corrected(guess, isLast)
    const gap = next === undefined ? Infinity : norm(next.map((v, j) => v - guess[j]))
    if (next === undefined || gap > MAX_CORRECTION_SHARE * length) {
      length /= 2
      if (Math.abs(length) < 1e-6) return { path, end: 'lost' }
      continue
    }
    const hessian = hessianAt(next)
    const onwards = tangentAt(next, hessian, tangent)
    const there = pointAt(next, hessian)
    const turns = onwards[n] <= 0
    if (turns || indexOf(there, gauge) !== indexOf(point, gauge)) {
      const found = between(turns, there, hessian)
      return { path: [...path, found.point], end: turns ? 'fold' : 'pitchfork', vanishing: found.vanishing }
    }
    step++
    y = next
    tangent = onwards
    point = there
    path.push(point)
    if (isLast) return { path, end: 'until' }
    if (gap < 0.05 * length) length *= 1.5
  }
  return { path, end: 'steps' }

  /** Where within the step from y to `beyond` the number turns back, or an eigenvalue passes 0: by false position (Dowell & Jarratt 1971). */
  function between(turns: boolean, beyond: CurvePoint, hessianBeyond: Float64Array) {
    const rank = Math.min(indexOf(point, gauge), indexOf(beyond, gauge))
    const crossing = (of: CurvePoint): number => movable(of, gauge)[rank]
    let low = 0
    let high = length
    let atLow = turns ? tangent[n] : crossing(point)
    let atHigh = turns ? -1 : crossing(beyond)
    const size = Math.abs(atLow)
    let found = beyond
    let curved = hessianBeyond
    for (let i = 0; i < 60 && high - low > EXACT * length; i++) {
      const middle = low + ((high - low) * atLow) / (atLow - atHigh)
      const here = corrected(y.map((v, j) => v + middle * tangent[j]))
      if (here === undefined) break
      curved = hessianAt(here)
      found = pointAt(here, curved)
      const value = turns ? tangentAt(here, curved, tangent)[n] : crossing(found)
      if (Math.abs(value) < EXACT * size) break
      if (value * atLow > 0) {
        low = middle
        atLow = value
        atHigh /= 2
      } else {
        high = middle
        atHigh = value
        atLow /= 2
      }
    }
    // The vanishing eigenvector may mix with those of flat directions, so these are made stiff to isolate it.
    const most = Math.max(...point.values.map(Math.abs))
    const outer = (at: number): number => flat.reduce((sum, g) => sum + g[Math.floor(at / n)] * g[at % n], 0)
    const stiff = curved.map((v, at) => v + most * outer(at))
    const { values, vectors } = symmetricEigen({ shape: [n, n], values: stiff })
    const sizes = values.map(Math.abs)
    const row = sizes.indexOf(Math.min(...sizes))
    return { point: found, vanishing: vectors.values.slice(row * n, (row + 1) * n) }
  }
}

/** Flat directions: eigenvectors of negligible eigenvalues. */
const flatOf = ({ x: { length: n }, values, vectors }: CurvePoint): ReadonlyArray<Float64Array> => {
  const least = FLAT_EIGENVALUE_SHARE * Math.max(...values.map(Math.abs))
  return Array.from(values.keys())
    .filter(k => Math.abs(values[k]) <= least)
    .map(k => vectors.slice(k * n, (k + 1) * n))
}

/** Eigenvalues, ascending, without as many of the smallest in magnitude as there are flat directions. */
const movable = ({ values }: CurvePoint, gauge: number): ReadonlyArray<number> =>
  Array.from(values)
    .sort((a, b) => Math.abs(a) - Math.abs(b))
    .slice(gauge)
    .sort((a, b) => a - b)

/** Number of negative eigenvalues. */
const indexOf = (point: CurvePoint, gauge: number): number => movable(point, gauge).filter(value => value < 0).length
