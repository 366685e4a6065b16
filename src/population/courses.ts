/** Newton's method for stationary points, and gradient flow. */
import { dot, symmetricEigen } from '../../lib/arrays/linalg.js'
import { exp, log, norm } from '../../lib/numbers/elementary.js'
import type { Problem } from '../core/problem.js'

export interface ValueWithGradient {
  readonly value: number
  readonly gradient: Float64Array
  /** Reason why value and gradient are NaN. */
  readonly problem?: Problem
}

export interface SmoothFunction {
  readonly at: (x: Float64Array) => ValueWithGradient
  /** [n, n], symmetric. */
  readonly hessian: (x: Float64Array) => Float64Array
}

export interface EndedCourse extends ValueWithGradient {
  readonly x: Float64Array
}

const MAX_STEP_LENGTH = 1

/**
 * Levenberg–Marquardt on |∇L|², which also converges to saddles: p = −(H² + λ)⁻¹H∇L. Ends if the gradient no longer falls, or if `left`
 * returns true.
 */
export const converge = (
  { at, hessian }: SmoothFunction,
  start: Float64Array,
  { steps, left }: { readonly steps: number; readonly left: (x: Float64Array) => boolean }
): EndedCourse => {
  const n = start.length
  let x = start
  let here = at(start)
  let lambda = 1e-3
  for (let i = 0; i < steps && norm(here.gradient) > 0 && !left(x); i++) {
    const { values, vectors } = symmetricEigen({ shape: [n, n], values: hessian(x) })
    let moved = false
    for (let tries = 0; tries < 14 && !moved; tries++) {
      const p = new Float64Array(n)
      for (let k = 0; k < n; k++) {
        const share = (dot(vectors.values, k * n, here.gradient, 0, n) * values[k]) / (values[k] * values[k] + lambda)
        for (let j = 0; j < n; j++) p[j] -= share * vectors.values[k * n + j]
      }
      const scale = Math.min(1, MAX_STEP_LENGTH / norm(p))
      const next = x.map((v, j) => v + scale * p[j])
      const there = at(next)
      if (norm(there.gradient) < norm(here.gradient)) {
        x = next
        here = there
        lambda = Math.max(lambda / 10, 1e-24)
        moved = true
      } else lambda *= 8
    }
    if (!moved) break
  }
  return { x, ...here }
}

/** A point in time of a flow. */
export interface FlowMoment extends EndedCourse {
  readonly time: number
}

export interface Until {
  readonly gradientNorm: number
  readonly time: number
  readonly steps: number
}

/** Shortest step before a flow ends, as a share of 1 + |x|. */
const MIN_STEP_SHARE = 1e-12

const MAX_TIME_STEP = 1e12

/** φ₁, φ₂ and φ₃ of exponential integrators, φ_j(z) = Σ z^k/(k + j)!. */
const phi = (z: number): readonly [one: number, two: number, three: number] => {
  if (Math.abs(z) < 0.5) {
    // Downward recurrence from the series of φ₃; upwards digits are lost.
    let term = 1 / 6
    let three = 0
    for (let k = 1; k < 16; k++) {
      three += term
      term *= z / (k + 3)
    }
    const two = 0.5 + z * three
    return [1 + z * two, two, three]
  }
  const one = (exp(z) - 1) / z
  const two = (one - 1) / z
  return [one, two, (two - 0.5) / z]
}

/**
 * Gradient flow θ′ = −∇L by the exponential Rosenbrock pair of orders 3 and 2 of Hochbruck, Ostermann & Schweitzer (2009), exact for
 * quadratic L, so steps are long in valleys and near the end. Ends early if `left` returns true, or if even a short step reaches no value;
 * the last moment then has the `problem`.
 */
export const gradientFlow = (
  { at, hessian }: SmoothFunction,
  start: Float64Array,
  {
    tolerance,
    until,
    left
  }: { readonly tolerance: number; readonly until: Until; readonly left: (x: Float64Array) => boolean }
): ReadonlyArray<FlowMoment> => {
  const n = start.length
  const course: FlowMoment[] = [{ time: 0, x: start, ...at(start) }]
  if (course[0].problem !== undefined) return course
  let h = 0.1
  let curved = symmetricEigen({ shape: [n, n], values: hessian(start) })
  for (let i = 0; i < until.steps; i++) {
    const { time, x, gradient } = course[course.length - 1]
    if (norm(gradient) <= until.gradientNorm || time >= until.time || left(x)) break
    const step = Math.min(h, until.time - time)
    const { values, vectors } = curved
    const functions = Array.from(values, value => phi(-step * value))
    const along = (v: Float64Array, k: number): number => dot(vectors.values, k * n, v, 0, n)
    const sum = (a: (k: number) => number): Float64Array => {
      const out = new Float64Array(n)
      for (let k = 0; k < n; k++) {
        const size = a(k)
        for (let j = 0; j < n; j++) out[j] += size * vectors.values[k * n + j]
      }
      return out
    }
    const whole = sum(k => -step * functions[k][0] * along(gradient, k))
    const ahead = at(x.map((v, j) => v + whole[j]))
    const there = ahead.gradient
    // Deviation from the quadratic model at the end of the step.
    const rest = there.map((g, j) => g - gradient[j])
    const correction = sum(k => -2 * step * functions[k][2] * (along(rest, k) - values[k] * along(whole, k)))
    const next = x.map((v, j) => v + whole[j] + correction[j])
    const error = norm(correction)
    const allowed = tolerance * norm(whole)
    const found = error <= allowed ? at(next) : undefined
    const problem = ahead.problem ?? found?.problem
    if (problem !== undefined) {
      if (norm(whole) <= MIN_STEP_SHARE * (1 + norm(x))) {
        course[course.length - 1] = { ...course[course.length - 1], problem }
        break
      }
      h = step / 5
      continue
    }
    if (found !== undefined) {
      course.push({ time: time + step, x: next, ...found })
      curved = symmetricEigen({ shape: [n, n], values: hessian(next) })
    }
    const ratio = error === 0 ? 5 : 0.9 * exp(log(allowed / error) / 2)
    h = Math.min(MAX_TIME_STEP, step * Math.min(5, Math.max(0.2, Number.isNaN(ratio) ? 0.2 : ratio)))
  }
  return course
}

/** Iterates x ← f(x) until a step is short. A moment's value is the objective that f lowers; its gradient is the negative step. */
export const iterateMap = (
  next: (x: Float64Array) => Pick<FlowMoment, 'value' | 'x' | 'problem'>,
  start: Float64Array,
  until: Until,
  left: (x: Float64Array) => boolean
): ReadonlyArray<FlowMoment> => {
  const course: FlowMoment[] = []
  let x = start
  for (let time = 0; time <= Math.min(until.steps, until.time); time++) {
    const found = next(x)
    if (found.problem !== undefined) {
      course.push({ time, x, value: NaN, gradient: x.map(() => NaN), problem: found.problem })
      break
    }
    const gradient = x.map((v, j) => v - found.x[j])
    course.push({ time, x, value: found.value, gradient })
    // Also ends if the gradient is NaN.
    if (!(norm(gradient) > until.gradientNorm) || left(x)) break
    x = found.x
  }
  return course
}
