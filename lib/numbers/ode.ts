/** Explicit Runge–Kutta methods for dy/dt = f(t, y), forwards or backwards in t. */
import { pow } from './elementary.js'

export type VectorField = (t: number, y: Float64Array) => Float64Array

/** Solver: maps y at `from` to y at `to`, which may be earlier. */
export type Solver = (field: VectorField) => (from: number, to: number, y: Float64Array) => Float64Array

/** Σ coefficient · vector, all of one length. Vectors with coefficient 0 are not read. */
export const linearCombination = (terms: ReadonlyArray<readonly [number, Float64Array]>): Float64Array => {
  const out = new Float64Array(terms[0][1].length)
  const used = terms.filter(([coefficient]) => coefficient !== 0)
  // Two vectors in each pass over memory.
  for (let at = 0; at < used.length; at += 2) {
    const [a, x] = used[at]
    if (at + 1 < used.length) {
      const [b, y] = used[at + 1]
      for (let i = 0; i < out.length; i++) out[i] = out[i] + a * x[i] + b * y[i]
    } else for (let i = 0; i < out.length; i++) out[i] += a * x[i]
  }
  return out
}

/** Stage i is k_i = f(t + c_i h, y + h Σ_j a_ij k_j); the step is y + h Σ b_i k_i. */
export interface Tableau {
  readonly c: ReadonlyArray<number>
  readonly a: ReadonlyArray<ReadonlyArray<number>>
  readonly b: ReadonlyArray<number>
}

/** Euler 1768, order 1. */
export const EULER: Tableau = { c: [0], a: [[]], b: [1] }

/** Heun 1900, order 2: the explicit trapezium. */
export const HEUN: Tableau = { c: [0, 1], a: [[], [1]], b: [1 / 2, 1 / 2] }

/** Kutta 1901, order 4: the classical method. */
export const RUNGE_KUTTA_4: Tableau = {
  c: [0, 1 / 2, 1 / 2, 1],
  a: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
  b: [1 / 6, 1 / 3, 1 / 3, 1 / 6]
}

/** Dormand & Prince 1980, RK5(4)7M (Hairer, Nørsett & Wanner, *Solving ODEs I*, table II.5.2). Stage 7 is the slope at the end. */
const dormandPrince5: Tableau = {
  c: [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1],
  a: [
    [],
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]
  ],
  b: [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0]
}

/** b minus the weights of the embedded method of order 4. */
const dormandPrinceError = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40]

/** Step from `from` to `to`, with y at `from` and the slope if it is known. */
interface OdeStep {
  readonly from: number
  readonly to: number
  readonly y: Float64Array
  readonly first?: Float64Array
}

/** Slopes of all stages of a step; those with c = 1 are evaluated exactly at `to`. */
const stageSlopes = (
  { c, a }: Tableau,
  field: VectorField,
  { from, to, y, first }: OdeStep
): ReadonlyArray<Float64Array> => {
  const h = to - from
  const found: Float64Array[] = []
  for (let i = 0; i < c.length; i++)
    found.push(
      i === 0 && first !== undefined
        ? first
        : field(
            c[i] === 1 ? to : from + c[i] * h,
            linearCombination([[1, y], ...a[i].map((weight, j) => [h * weight, found[j]] as const)])
          )
    )
  return found
}

const advanceSolution = ({ b }: Tableau, h: number, y: Float64Array, k: ReadonlyArray<Float64Array>): Float64Array =>
  linearCombination([[1, y], ...b.map((weight, i) => [h * weight, k[i]] as const)])

/** Solver that takes one step of a method. */
export const step =
  (tableau: Tableau): Solver =>
  field =>
  (from, to, y) =>
    advanceSolution(tableau, to - from, y, stageSlopes(tableau, field, { from, to, y }))

const MAX_ODE_STEPS = 10_000

/**
 * Dormand–Prince 5(4) with local extrapolation and adaptive steps (Hairer, Nørsett & Wanner, §II.4), the first over the whole interval: the
 * error of each step is at most tolerance · (1 + |y|) in every entry. If steps become smaller than t can resolve, or exceed 10 000, one
 * step of any error covers the rest, so the result may be inaccurate or not finite.
 */
export const dormandPrinceSolver =
  (tolerance: number): Solver =>
  field =>
  (start, end, initial) => {
    let t = start
    let y = initial
    let h = end - start
    let first = field(t, y)
    for (let tries = 0; t !== end; tries++) {
      const isUnresolved = t + h === t || tries >= MAX_ODE_STEPS
      const to = isUnresolved || Math.abs(h) >= Math.abs(end - t) ? end : t + h
      const k = stageSlopes(dormandPrince5, field, { from: t, to, y, first })
      const next = advanceSolution(dormandPrince5, to - t, y, k)
      const difference = linearCombination(dormandPrinceError.map((weight, i) => [(to - t) * weight, k[i]] as const))
      let error = 0
      for (let i = 0; i < next.length; i++)
        error = Math.max(
          error,
          Math.abs(difference[i]) / (tolerance * (1 + Math.max(Math.abs(y[i]), Math.abs(next[i]))))
        )
      // If the error is NaN, so is this; the step is then repeated with a smaller length.
      const factor = error === 0 ? 5 : Math.min(5, Math.max(0.2, 0.9 * pow(error, -0.2)))
      h = (to - t) * (factor > 0 ? factor : 0.2)
      if (error <= 1 || isUnresolved) {
        t = to
        y = next
        first = k[6]
      }
    }
    return y
  }
