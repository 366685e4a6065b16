/** How two Gaussians differ, on factors L and N of their covariances: no covariance is formed, and small differences keep their digits. */
import * as Factor from '../../lib/arrays/factor.js'
import { multiplied, singular, transposed } from '../../lib/arrays/linalg.js'
import type { NdArray } from '../../lib/arrays/ndarray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Normal from '../../lib/numbers/normal.js'
import type { Component } from '../mixture/component.js'

export type Gaussian = Omit<Component, 'weight'>

const apart = (p: Gaussian, q: Gaussian): Float64Array => p.mean.map((m, j) => m - q.mean[j])

const squared = (values: Float64Array): number => values.reduce((sum, x) => sum + x * x, 0)

/** Where t − log(1 + t) has lost digits to rounding, and how many terms of its series have all of them there. */
const SMALL = 0.1
const TERMS = 18

/** t − log(1 + t) ≥ 0 */
const excess = (t: number): number => {
  if (Math.abs(t) > SMALL) return t - Elementary.log1p(t)
  let sum = 0
  for (let n = TERMS; n >= 2; n--) sum = (n % 2 === 0 ? 1 : -1) / n + t * sum
  return t * t * sum
}

/**
 * KL(N(m, LLᵀ) ‖ N(n, NNᵀ)) = ½|N⁻¹(m − n)|² + ½|strictly lower E|² + Σ (½t² + t − log(1 + t)), E = N⁻¹(L − N) with the diagonal t: a sum
 * of terms that are none negative.
 */
export const relativeEntropy = (p: Gaussian, q: Gaussian): number => {
  const d = p.mean.length
  const [l, n] = [Factor.triangle(p.factor, d), Factor.triangle(q.factor, d)]
  // row j is column j of E
  const e = Factor.solve(
    n,
    d,
    transposed(
      l.values.map((x, at) => x - n.values[at]),
      d
    )
  )
  const diagonal = Array.from({ length: d }, (_, i) => e[i * (d + 1)])
  return squared(Factor.solve(n, d, apart(p, q))) / 2 + squared(e) / 2 + diagonal.reduce((sum, t) => sum + excess(t), 0)
}

/** N⁻¹L, lower triangular. */
const ratio = (l: NdArray, n: NdArray, d: number): NdArray => ({
  shape: [d, d],
  values: transposed(Factor.solve(n, d, transposed(Factor.triangle(l, d).values, d)), d)
})

/**
 * −log ∫√(pq) = ⅛ |M⁻¹(m − n)|² + ½ Σ log(1 + (s − 1)²/2s), MMᵀ the mean of the covariances and s the singular values of N⁻¹L
 * (Bhattacharyya 1943).
 */
export const bhattacharyya = (p: Gaussian, q: Gaussian): number => {
  const d = p.mean.length
  const both = Factor.sum([p.factor, q.factor], d)
  const { values } = singular(ratio(p.factor, q.factor, d))
  // MMᵀ is half of what `both` is the factor of.
  return (
    squared(Factor.solve(both, d, apart(p, q))) / 4 +
    values.reduce((sum, s) => sum + Elementary.log1p(((s - 1) * (s - 1)) / (2 * s)), 0) / 2
  )
}

/** log ∫ p q = log N(m; n, LLᵀ + NNᵀ) */
export const logIntegral = (p: Gaussian, q: Gaussian): number => {
  const d = p.mean.length
  const both = Factor.sum([p.factor, q.factor], d)
  return Factor.logNormal(both, d, 0, squared(Factor.solve(both, d, apart(p, q))))
}

/** W₂² = |m − n|² + |LUVᵀ − N|², U S Vᵀ = LᵀN (Bures 1969; Dowson & Landau 1982). */
export const transport = (p: Gaussian, q: Gaussian): number => {
  const d = p.mean.length
  const [l, n] = [Factor.triangle(p.factor, d).values, Factor.triangle(q.factor, d).values]
  const { left, right } = singular({ shape: [d, d], values: multiplied(transposed(l, d), n, d) })
  const turned = multiplied(l, multiplied(transposed(left.values, d), right.values, d), d)
  return squared(apart(p, q)) + squared(turned.map((x, at) => x - n[at]))
}

// —— misclassification ——

/** Σ a y² + 2βy + b² of independent standard normals y. */
interface Quadratic {
  readonly a: Float64Array
  readonly beta: Float64Array
  readonly b: Float64Array
}

/** K(s) − sc at a complex s, K the logarithm of the moment generating function Π (1 − 2sa)^{−½} exp(sb² + 2s²β²/(1 − 2sa)). */
const exponent = ({ a, beta, b }: Quadratic, c: number, re: number, im: number): readonly [re: number, im: number] => {
  let [x, y] = [-re * c, -im * c]
  for (let j = 0; j < a.length; j++) {
    const [u, v] = [1 - 2 * re * a[j], -2 * im * a[j]]
    const size = u * u + v * v
    x -= Elementary.log(size) / 4
    y -= Elementary.atan2(v, u) / 2
    // s²/(1 − 2sa), of s² = p + iq
    const [p, q] = [re * re - im * im, 2 * re * im]
    const twice = 2 * beta[j] * beta[j]
    x += re * b[j] * b[j] + (twice * (p * u + q * v)) / size
    y += im * b[j] * b[j] + (twice * (q * u - p * v)) / size
  }
  return [x, y]
}

/** The least of a convex function between two ends, of which one may be infinite: golden sections of what s/(1 + |s|) is. */
const least = (of: (s: number) => number, from: number, to: number): number => {
  const at = (v: number): number => v / (1 - Math.abs(v))
  const ends = [from, to].map(s => (Number.isFinite(s) ? s / (1 + Math.abs(s)) : Math.sign(s)))
  const golden = (Math.sqrt(5) - 1) / 2
  let [low, high] = [Math.min(...ends), Math.max(...ends)]
  for (let step = 0; step < 80; step++) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)]
    const [f, g] = [of(at(left)), of(at(right))]
    // What is not finite lies beyond the end that is nearer.
    if (f < g || Number.isNaN(g)) high = right
    else low = left
  }
  return at((low + high) / 2)
}

/** The sine of the angle by which the hyperbola bends away from the imaginary axis: below that of 45°, beyond which Gaussians grow. */
const BENT = 0.4

/** Relative change at which halving the steps ends, and how many halvings there are at most. */
const SETTLED = 1e-12
const HALVINGS = 10

/**
 * P(Q < c) of Q = Σ a y² + 2βy + b², right to its own size: the inversion integral of its moment generating function (Gil-Pelaez 1951) along a
 * hyperbola through the saddle point that opens to the side on which the integrand vanishes, where equal steps converge exponentially
 * (Weideman & Trefethen 2007).
 */
const below = (quadratic: Quadratic, c: number): number => {
  const { a, b } = quadratic
  const [most, leastA] = [Math.max(...a), Math.min(...a)]
  const value = (s: number): number => {
    const isInside = a.every(a => 1 - 2 * s * a > 0)
    return isInside ? exponent(quadratic, c, s, 0)[0] - Elementary.log(Math.abs(s)) : Infinity
  }
  const ends = [leastA < 0 ? 1 / (2 * leastA) : -Infinity, most > 0 ? 1 / (2 * most) : Infinity]
  const mean = a.reduce((sum, x, j) => sum + x + b[j] * b[j], 0)
  // From the side of the smaller share: P(Q < c) left of the pole at 0, P(Q > c) right of it.
  const isLower = c < mean
  const saddle = least(value, 0, isLower ? ends[0] : ends[1])
  const top = value(saddle)
  if (!(Elementary.exp(top) > 0)) return isLower ? 0 : 1
  const step = Math.abs(saddle) * 1e-3
  const curvature = (value(saddle + step) - 2 * top + value(saddle - step)) / (step * step)
  const width = 1 / Math.sqrt(Math.max(curvature, 1 / (saddle * saddle)))
  /** e^{K − sc} over that of the saddle at a place of the hyperbola that opens so, and ds/dx: as s, e and ds. */
  const along = (sine: number, x: number) => {
    const cosine = Math.sqrt(1 - sine * sine)
    const [sinh, cosh] = [Elementary.sinh(x), Elementary.cosh(x)]
    const [re, im] = [saddle + width * sine * (cosh - 1), width * cosine * sinh]
    const [log, angle] = exponent(quadratic, c, re, im)
    return { re, im, log: log - top, angle, dre: width * sine * sinh, dim: width * cosine * cosh }
  }
  // To the side on which it vanishes soonest.
  const sine = [BENT, -BENT, 0]
    .map(sine => {
      const sizes = Array.from({ length: 24 }, (_, i) => Elementary.exp(Math.min(along(sine, (i + 1) / 2).log, 700)))
      return { sine, size: sizes.reduce((sum, x) => sum + x, 0) }
    })
    .reduce((best, one) => (one.size < best.size ? one : best)).sine
  /** The real part of e^{K − sc} ds/(i s). */
  const integrand = (x: number): number => {
    const { re, im, log, angle, dre, dim } = along(sine, x)
    const size = Elementary.exp(log)
    if (!(size > 0)) return 0
    const [p, q] = [size * Elementary.cos(angle), size * Elementary.sin(angle)]
    // (p + iq)(dre + i dim)/(i (re + i im))
    const [n, m] = [p * dre - q * dim, p * dim + q * dre]
    return (m * re - n * im) / (re * re + im * im)
  }
  // Beyond, what decays slowest has: |s|^{−1/2} where there is one column.
  const reach = 80
  const sum = (h: number, from: number): number => {
    let found = 0
    for (let x = from; x < reach; x += h) {
      const term = integrand(x)
      found += term
      if (x > 3 && Math.abs(term) <= 1e-18 * Math.abs(found)) break
    }
    return found
  }
  let h = 0.5
  let whole = h * (integrand(0) / 2 + sum(h, h))
  for (let halving = 0; halving < HALVINGS; halving++) {
    const finer = whole / 2 + (h / 2) * sum(h, h / 2)
    const isSettled = Math.abs(finer - whole) <= SETTLED * Math.abs(finer)
    whole = finer
    h /= 2
    if (isSettled) break
  }
  const share = Math.min(1, Math.max(0, (Math.abs(whole) / Math.PI) * Elementary.exp(top)))
  return isLower ? share : 1 - share
}

/** Singular values nearer to 1 are 1: covariances are equal except for rounding. */
const EQUAL = 1e-12

/**
 * How likely a row of one component is taken for one of another by p(k | x): with x = m + Lz and N⁻¹L = U diag(s) Vᵀ it is
 * P(Σ (s² − 1)y² + 2sby + b² < 2 log(ρ/π) − 2 log(|N|/|L|)), b = Uᵀ N⁻¹(m − n); a normal distribution's where covariances are equal.
 */
export const misclassified = (p: Component, q: Component): number => {
  if (q.weight === 0) return 0
  const d = p.mean.length
  const { values: s, left } = singular(ratio(p.factor, q.factor, d))
  const white = Factor.solve(q.factor, d, apart(p, q))
  const b = s.map((_, i) => white.reduce((sum, w, j) => sum + left.values[i * d + j] * w, 0))
  const logs = s.reduce((sum, x) => sum + Elementary.log(x), 0)
  const c = 2 * (Elementary.log(q.weight / Math.max(p.weight, Number.MIN_VALUE)) + logs)
  if (s.every(x => Math.abs(x - 1) <= EQUAL)) {
    const length = Elementary.norm(b)
    if (length === 0) return c > 0 ? 1 : c < 0 ? 0 : 0.5
    const z = (c - length * length) / (2 * length)
    return z < 0 ? Normal.tail(-z) : 1 - Normal.tail(z)
  }
  return below({ a: s.map(x => (x - 1) * (x + 1)), beta: s.map((x, i) => x * b[i]), b }, c)
}
