/** Newton's method to any stationary point, and gradient flow: loops over vectors, pure from outside. */
import { dot, symmetricEigen } from '../../lib/arrays/linalg.js'
import { exp, log, norm } from '../../lib/numbers/elementary.js'

/** A value with its gradient. */
export interface Slope {
  readonly value: number
  readonly gradient: Float64Array
}

export interface Smooth {
  readonly at: (x: Float64Array) => Slope
  /** [n, n], symmetric. */
  readonly hessian: (x: Float64Array) => Float64Array
}

export interface Ended extends Slope {
  readonly x: Float64Array
}

/** Steps go no further than that at once. */
const STEP = 1

/**
 * Levenberg–Marquardt on |∇L|², which converges to saddles as to minima: p = −(H² + λ)⁻¹H∇L, by the eigenvectors of H. It ends where
 * the gradient falls no more, or as soon as `left` says that x has gone too far.
 */
export const converge = (
  { at, hessian }: Smooth,
  start: Float64Array,
  { steps, left }: { readonly steps: number; readonly left: (x: Float64Array) => boolean }
): Ended => {
  const n = start.length
  let [x, here] = [start, at(start)]
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
      const scale = Math.min(1, STEP / norm(p))
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

/** A moment of a flow. */
export interface Moment extends Ended {
  readonly time: number
}

export interface Until {
  readonly gradientNorm: number
  readonly time: number
  readonly steps: number
}

/** θ′ = −∇L by the pair of orders 2 and 3 of Bogacki & Shampine (1989), its steps from the error of each; every step is kept. */
export const descend = (
  at: Smooth['at'],
  start: Float64Array,
  tolerance: number,
  until: Until
): ReadonlyArray<Moment> => {
  const course: Moment[] = [{ time: 0, x: start, ...at(start) }]
  let h = 0.1
  for (let i = 0; i < until.steps; i++) {
    const { time, x, gradient: k1 } = course[course.length - 1]
    if (norm(k1) <= until.gradientNorm || time >= until.time) break
    const step = Math.min(h, until.time - time)
    const k2 = at(x.map((v, j) => v - (step / 2) * k1[j])).gradient
    const k3 = at(x.map((v, j) => v - 0.75 * step * k2[j])).gradient
    const next = x.map((v, j) => v - step * ((2 / 9) * k1[j] + k2[j] / 3 + (4 / 9) * k3[j]))
    const there = at(next)
    const error = norm(next.map((_, j) => step * ((-5 / 72) * k1[j] + k2[j] / 12 + k3[j] / 9 - there.gradient[j] / 8)))
    // Beside how far the step goes: where a flow ends, its steps stay short enough to fall.
    const allowed = tolerance * norm(next.map((v, j) => v - x[j]))
    if (error <= allowed) course.push({ time: time + step, x: next, ...there })
    const ratio = error === 0 ? 5 : 0.9 * exp(log(allowed / error) / 3)
    h = step * Math.min(5, Math.max(0.2, ratio))
  }
  return course
}
