/** Numerical continuation of a stationary point in one parameter. */
import { dot, singular, symmetricEigen } from '../../lib/arrays/linalg.js'
import { norm } from '../../lib/numbers/elementary.js'

/** Function at one value of the continuation parameter. */
export interface StationaryProblem {
  readonly gradient: (x: Float64Array) => Float64Array
  /** [n, n], symmetric. */
  readonly hessian: (x: Float64Array) => Float64Array
}

/** A stationary point at `at`, with the Hessian's eigenvalues, descending, and eigenvectors, one per row. */
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
  readonly by: number
  readonly until: number
  readonly steps: number
  /** Length of x that is comparable to `by`. */
  readonly scale: number
}

/**
 * Share of the largest singular value or eigenvalue below which the loss is constant in a direction, such as a constant added to all
 * logits.
 */
const FLAT_EIGENVALUE_SHARE = 1e-9
/** Maximum length of a correction, as a share of the step, to stay on the branch. */
const MAX_CORRECTION_SHARE = 0.3
/** Tolerance of a fold or pitchfork, as a share of the step or of the vanishing eigenvalue. */
const SINGULAR_POINT_TOLERANCE = 1e-9

/**
 * Follows stationary points, ∇L(x; a) = 0, by pseudo-arclength continuation in (x/scale, a/by). The tangent is the null vector of J = [H |
 * ∂∇L/∂a], and Newton's steps −J⁺∇L are the shortest back to the curve (Allgower & Georg 1990), so a fold is an ordinary point. Ends at a
 * fold, a pitchfork or `until`, or if no step is short enough.
 */
export const followCurve = (
  problemAt: (at: number) => StationaryProblem,
  start: { readonly at: number; readonly x: Float64Array },
  { by, until, steps, scale }: Options
): Course => {
  const curve = buildStationaryCurve(problemAt, start, { by, scale })
  const n = start.x.length
  const ahead = new Float64Array(n + 1)
  ahead[n] = 1
  let y: Float64Array = Float64Array.from(ahead, (_, i) => (i < n ? start.x[i] / scale : 0))
  const begin = curve.hessianAt(y)
  let tangent = curve.tangentAt(y, begin, ahead)
  let point = curve.pointAt(y, begin)
  const path = [point]
  const flat = flatDirections(point)
  const flatCount = flat.length
  let length = 1 / tangent[n]
  for (let step = 0; step < steps;) {
    const rest = (until - start.at) / by - y[n]
    const isLast = length * tangent[n] >= rest
    if (isLast) length = rest / tangent[n]
    const guess = y.map((v, j) => v + length * tangent[j])
    const next = curve.correct(guess, { parameter: isLast ? 'fixed' : 'free' })
    const gap = next === undefined ? Infinity : norm(next.map((v, j) => v - guess[j]))
    if (next === undefined || gap > MAX_CORRECTION_SHARE * length) {
      length /= 2
      if (Math.abs(length) < 1e-6) return { path, end: 'lost' }
      continue
    }
    const hessian = curve.hessianAt(next)
    const onwards = curve.tangentAt(next, hessian, tangent)
    const there = curve.pointAt(next, hessian)
    const end = onwards[n] <= 0 ? 'fold' : 'pitchfork'
    if (end === 'fold' || morseIndex(there, flatCount) !== morseIndex(point, flatCount)) {
      const found = locateSingularPoint(curve, { y, tangent, length, point, flat }, { end, point: there, hessian })
      return { path: [...path, found.point], end, vanishing: found.vanishing }
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
}

/** Step of differences in a, as a share of `by`. */
const PARAMETER_STEP_SHARE = 1e-4

/** Curve of stationary points at y = (x / scale, (a − a_0) / by), [n + 1]. */
interface StationaryCurve {
  readonly hessianAt: (y: Float64Array) => Float64Array
  /** Unit tangent: `last` projected onto the null space of J = [H | ∂∇L/∂a]. */
  readonly tangentAt: (y: Float64Array, hessian: Float64Array, last: Float64Array) => Float64Array
  /** Point of the curve near a guess, by Newton's steps; undefined if the steps do not become shorter. */
  readonly correct: (guess: Float64Array, options: { readonly parameter: 'free' | 'fixed' }) => Float64Array | undefined
  readonly pointAt: (y: Float64Array, hessian: Float64Array) => CurvePoint
}

const buildStationaryCurve = (
  problemAt: (at: number) => StationaryProblem,
  start: { readonly at: number; readonly x: Float64Array },
  { by, scale }: Pick<Options, 'by' | 'scale'>
): StationaryCurve => {
  const n = start.x.length
  const numberOf = (y: Float64Array): number => start.at + by * y[n]
  const placeOf = (y: Float64Array): Float64Array => y.subarray(0, n).map(v => v * scale)
  const hessianAt = (y: Float64Array): Float64Array => problemAt(numberOf(y)).hessian(placeOf(y))
  /** ∂∇L/∂a by second-order differences, on the path's side. */
  const drift = (y: Float64Array): Float64Array => {
    const x = placeOf(y)
    const at = numberOf(y)
    const back = y[n] > 2 * PARAMETER_STEP_SHARE ? -1 : 1
    const [here, near, far] = [0, 1, 2].map(i => problemAt(at + back * i * PARAMETER_STEP_SHARE * by).gradient(x))
    return here.map((g, i) => (back * (4 * near[i] - 3 * g - far[i])) / (2 * PARAMETER_STEP_SHARE))
  }
  return {
    hessianAt,
    tangentAt: (y, hessian, last) => {
      const { left, rank } = jacobianSingularVectors(hessian, drift(y), scale)
      const tangent = last.slice()
      for (let i = 0; i < rank; i++) {
        const share = dot(left, i * (n + 1), last, 0, n + 1)
        for (let j = 0; j <= n; j++) tangent[j] -= share * left[i * (n + 1) + j]
      }
      const length = norm(tangent)
      return tangent.map(t => t / length)
    },
    correct: (guess, { parameter }) => {
      const y = guess.slice()
      // A fixed parameter needs no ∂∇L/∂a; otherwise one value is accurate enough for all steps.
      const along = parameter === 'fixed' ? new Float64Array(n) : drift(y)
      let before = Infinity
      for (let i = 0; i < 12; i++) {
        const gradient = problemAt(numberOf(y)).gradient(placeOf(y))
        const step = newtonStep(jacobianSingularVectors(hessianAt(y), along, scale), gradient)
        const length = norm(step)
        // Rounding keeps steps from vanishing near a singular Hessian.
        if (!(length < before)) return before < 1e-7 ? y : undefined
        for (let j = 0; j <= n; j++) y[j] += step[j]
        if (length < 1e-11) break
        before = length
      }
      return y
    },
    pointAt: (y, hessian) => {
      const { values, vectors } = symmetricEigen({ shape: [n, n], values: hessian })
      return { at: numberOf(y), x: placeOf(y), values, vectors: vectors.values }
    }
  }
}

/** Singular values and vectors of J = [H | ∂∇L/∂a]; the first `rank` values are nonzero. */
const jacobianSingularVectors = (hessian: Float64Array, along: Float64Array, scale: number) => {
  const n = along.length
  const turned = new Float64Array((n + 1) * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) turned[j * n + i] = scale * hessian[i * n + j]
    turned[n * n + i] = along[i]
  }
  const { values, left, right } = singular({ shape: [n + 1, n], values: turned })
  const rank = values.filter(s => s > FLAT_EIGENVALUE_SHARE * values[0]).length
  return { values, left: left.values, right: right.values, rank }
}

/** −J⁺∇L, [n + 1]. */
const newtonStep = (
  { values, left, right, rank }: ReturnType<typeof jacobianSingularVectors>,
  gradient: Float64Array
): Float64Array => {
  const n = gradient.length
  const step = new Float64Array(n + 1)
  for (let k = 0; k < rank; k++) {
    const share = dot(right, k * n, gradient, 0, n) / values[k]
    for (let j = 0; j <= n; j++) step[j] -= share * left[k * (n + 1) + j]
  }
  return step
}

interface CurveStep {
  readonly y: Float64Array
  readonly tangent: Float64Array
  readonly length: number
  readonly point: CurvePoint
  /** Flat directions of the Hessian. */
  readonly flat: ReadonlyArray<Float64Array>
}

/**
 * Point within a step at which the parameter turns back (fold) or an eigenvalue passes 0 (pitchfork), and that eigenvalue's vector, by
 * false position (Dowell & Jarratt 1971). `beyond` is the end of the step.
 */
const locateSingularPoint = (
  curve: StationaryCurve,
  { y, tangent, length, point, flat }: CurveStep,
  beyond: { readonly end: 'fold' | 'pitchfork'; readonly point: CurvePoint; readonly hessian: Float64Array }
): { readonly point: CurvePoint; readonly vanishing: Float64Array } => {
  const n = point.x.length
  const flatCount = flat.length
  const turns = beyond.end === 'fold'
  const rank = Math.min(morseIndex(point, flatCount), morseIndex(beyond.point, flatCount))
  const crossing = (of: CurvePoint): number => nonflatEigenvalues(of, flatCount)[rank]
  let low = 0
  let high = length
  let atLow = turns ? tangent[n] : crossing(point)
  let atHigh = turns ? -1 : crossing(beyond.point)
  const size = Math.abs(atLow)
  let found = beyond.point
  let hessian = beyond.hessian
  for (let i = 0; i < 60 && high - low > SINGULAR_POINT_TOLERANCE * length; i++) {
    const middle = low + ((high - low) * atLow) / (atLow - atHigh)
    const here = curve.correct(
      y.map((v, j) => v + middle * tangent[j]),
      { parameter: 'free' }
    )
    if (here === undefined) break
    hessian = curve.hessianAt(here)
    found = curve.pointAt(here, hessian)
    const value = turns ? curve.tangentAt(here, hessian, tangent)[n] : crossing(found)
    if (Math.abs(value) < SINGULAR_POINT_TOLERANCE * size) break
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
  // Flat directions are made stiff, since the vanishing eigenvector may mix with them.
  const most = Math.max(...point.values.map(Math.abs))
  return { point: found, vanishing: leastMagnitudeEigenvector(stiffenFlatDirections(hessian, flat, most)) }
}

const stiffenFlatDirections = (
  hessian: Float64Array,
  flat: ReadonlyArray<Float64Array>,
  stiffness: number
): Float64Array => {
  const n = Math.sqrt(hessian.length)
  const outer = (at: number): number => flat.reduce((sum, g) => sum + g[Math.floor(at / n)] * g[at % n], 0)
  return hessian.map((v, at) => v + stiffness * outer(at))
}

const leastMagnitudeEigenvector = (matrix: Float64Array): Float64Array => {
  const n = Math.sqrt(matrix.length)
  const { values, vectors } = symmetricEigen({ shape: [n, n], values: matrix })
  const sizes = values.map(Math.abs)
  const row = sizes.indexOf(Math.min(...sizes))
  return vectors.values.slice(row * n, (row + 1) * n)
}

/** Eigenvectors of the Hessian with eigenvalues of 0. */
const flatDirections = ({ x: { length: n }, values, vectors }: CurvePoint): ReadonlyArray<Float64Array> => {
  const least = FLAT_EIGENVALUE_SHARE * Math.max(...values.map(Math.abs))
  return Array.from(values.keys())
    .filter(k => Math.abs(values[k]) <= least)
    .map(k => vectors.slice(k * n, (k + 1) * n))
}

/** Eigenvalues, ascending, without the `flatCount` smallest in magnitude. */
const nonflatEigenvalues = ({ values }: CurvePoint, flatCount: number): ReadonlyArray<number> =>
  Array.from(values)
    .sort((a, b) => Math.abs(a) - Math.abs(b))
    .slice(flatCount)
    .sort((a, b) => a - b)

/** Number of negative eigenvalues, flat directions aside. */
const morseIndex = (point: CurvePoint, flatCount: number): number =>
  nonflatEigenvalues(point, flatCount).filter(value => value < 0).length
