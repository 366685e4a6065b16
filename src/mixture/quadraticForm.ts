/** Distribution function of a quadratic form in independent standard normals. */
import { gaussLegendre } from '../../lib/numbers/quadrature.js'
import { bisect } from '../../lib/numbers/bisect.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Normal from '../../lib/numbers/normal.js'

/** Σ a y² + 2βy + b² of standard normals y, β² = (1 + a) b². */
export interface QuadraticForm {
  readonly a: Float64Array
  readonly beta: Float64Array
  readonly b: Float64Array
}

/** Shifts b below this share of the length of b change no digit. */
const NEGLIGIBLE_SHIFT = 1e-14

/**
 * P(Q < c), to a relative 1e-12: in closed form if only one y has an effect, otherwise by a contour integral; null if that does not
 * converge.
 */
export const probabilityBelow = (form: QuadraticForm, c: number): number | null => {
  const length = Elementary.norm(form.b)
  const relevant = Array.from(form.a, (_, j) => j).filter(
    j => form.a[j] !== 0 || Math.abs(form.b[j]) > NEGLIGIBLE_SHIFT * length
  )
  if (relevant.length === 1) {
    const [j] = relevant
    return probabilityOfParabola({ a: form.a[j], beta: form.beta[j], b: form.b[j] }, c)
  }
  const pick = (values: Float64Array): Float64Array => Float64Array.from(relevant, j => values[j])
  return probabilityByInversion({ a: pick(form.a), beta: pick(form.beta), b: pick(form.b) }, c)
}

interface Parabola {
  readonly a: number
  readonly beta: number
  readonly b: number
}

/** P(ay² + 2βy + b² < c), by the roots of the parabola; its discriminant β² − a(b² − c) is b² + ac. */
const probabilityOfParabola = ({ a, beta, b }: Parabola, c: number): number => {
  const discriminant = b * b + a * c
  const constant = b * b - c
  if (!(discriminant > 0)) return a > 0 || (a === 0 && constant >= 0) ? 0 : 1
  const sign = beta < 0 ? -1 : 1
  // The root without cancellation; the other, infinite if a = 0, follows from their product.
  const q = -sign * (Math.abs(beta) + Math.sqrt(discriminant))
  const [one, other] = [q / a, constant / q]
  if (a === 0) return beta > 0 ? Normal.normalTail(-other) : Normal.normalTail(other)
  const [low, high] = one < other ? [one, other] : [other, one]
  return a > 0
    ? intervalProbability(low, high, (2 * Math.sqrt(discriminant)) / a)
    : Math.min(1, Normal.normalTail(-low) + Normal.normalTail(high))
}

/** P(low < y < high); `width` is high − low with all its digits. */
const intervalProbability = (low: number, high: number, width: number): number => {
  const middle = (low + high) / 2
  // A difference of tails would lose digits.
  if (width * (1 + Math.abs(middle)) < 1) {
    const { nodes, weights } = gaussLegendre(16)(-0.5, 0.5)
    const sum = nodes.reduce((sum, node, i) => {
      const t = node * width
      return sum + weights[i] * Elementary.exp(-t * (middle + t / 2))
    }, 0)
    return (width * sum * Elementary.exp((-middle * middle) / 2)) / Math.sqrt(2 * Math.PI)
  }
  if (low > 0) return Normal.normalTail(low) - Normal.normalTail(high)
  return high < 0
    ? Normal.normalTail(-high) - Normal.normalTail(-low)
    : 1 - Normal.normalTail(-low) - Normal.normalTail(high)
}

/** K(s) − sc at a complex s, K(s) = log Π (1 − 2sa)^{−½} exp(sb² + 2s²β²/(1 − 2sa)) the cumulant generating function. */
const exponent = (
  { a, beta, b }: QuadraticForm,
  c: number,
  re: number,
  im: number
): readonly [re: number, im: number] => {
  let x = -re * c
  let y = -im * c
  for (let j = 0; j < a.length; j++) {
    const u = 1 - 2 * re * a[j]
    const v = -2 * im * a[j]
    const size = u * u + v * v
    x -= Elementary.log(size) / 4
    y -= Elementary.atan2(v, u) / 2
    // s²/(1 − 2sa), of s² = p + iq
    const p = re * re - im * im
    const q = 2 * re * im
    const twice = 2 * beta[j] * beta[j]
    x += re * b[j] * b[j] + (twice * (p * u + q * v)) / size
    y += im * b[j] * b[j] + (twice * (q * u - p * v)) / size
  }
  return [x, y]
}

/** Minimum of K(s) − sc − log|s| on one side of 0. */
interface Saddle {
  readonly at: number
  /** K(s) − sc */
  readonly exponent: number
  /** 1/√ of the second derivative */
  readonly width: number
}

/** Upper bound of log |s| in the search. */
const LARGEST_LOG = 700

/** Saddle point on the side of 0 given by `sign`, by bisection on the derivative. */
const saddleOf = ({ a, beta, b }: QuadraticForm, c: number, sign: 1 | -1): Saddle => {
  const pole = Math.max(0, ...a.map(a => 2 * sign * a))
  const slopes = (s: number): readonly [first: number, second: number] => {
    let first = -c - 1 / s
    let second = 1 / (s * s)
    for (let j = 0; j < a.length; j++) {
      const u = 1 - 2 * s * a[j]
      const twice = 2 * beta[j] * beta[j]
      first += a[j] / u + b[j] * b[j] + (twice * s * (u + 1)) / (u * u)
      second += (2 * a[j] * a[j]) / (u * u) + (2 * twice) / (u * u * u)
    }
    return [first, second]
  }
  const last = pole > 0 ? Math.min(LARGEST_LOG, -Elementary.log(pole)) : LARGEST_LOG
  const isBefore = (log: number): boolean => sign * slopes(sign * Elementary.exp(log))[0] < 0
  const at = sign * Elementary.exp(bisect(isBefore, -LARGEST_LOG, last))
  return { at, exponent: exponent({ a, beta, b }, c, at, 0)[0], width: 1 / Math.sqrt(slopes(at)[1]) }
}

/** Sines of the contour's angle with the imaginary axis, below 45°. The first opens to the left. */
const BENDS = [-0.4, 0.4, 0]

/** Relative change at which halving of the steps ends. */
const RELATIVE_QUADRATURE_TOLERANCE = 1e-12
const MAX_HALVINGS = 10

/** x e^{−x/2}, the integrand's slowest decay, has fallen by e^{−40}. */
const INTEGRATION_END = 80

/**
 * P(Q < c) by inversion of the moment generating function (Gil-Pelaez 1951), along a hyperbola through the saddle point, on which equal
 * steps converge exponentially (Weideman & Trefethen 2007). It opens to the side on which the integrand, e^{rs} at infinity with r = −Σ
 * b²/a − c, vanishes; otherwise other hyperbolas are tried. Null if no sum converges.
 */
const probabilityByInversion = (form: QuadraticForm, c: number): number | null => {
  const { a, b } = form
  const mean = a.reduce((sum, x, j) => sum + x + b[j] * b[j], 0)
  // P(Q < c) left of the pole at 0, P(Q > c) right of it.
  const isLower = c < mean
  const saddle = saddleOf(form, c, isLower ? -1 : 1)
  if (!(Elementary.exp(saddle.exponent) / Math.abs(saddle.at) > 0)) return isLower ? 0 : 1
  const rate = a.reduce((sum, x, j) => (b[j] === 0 ? sum : sum - (b[j] / x) * b[j]), -c)
  const integral = (rate < 0 ? [BENDS[1], BENDS[0], BENDS[2]] : BENDS).reduce<number | null>(
    (found, sine) => found ?? integrateToInfinity(integrandOf(form, c, saddle, sine)),
    null
  )
  if (integral === null) return null
  const share = Math.min(1, Math.max(0, (Math.abs(integral) / Math.PI) * Elementary.exp(saddle.exponent)))
  return isLower ? share : 1 - share
}

/** Real part of e^{K − sc} ds/(i s), relative to e^{K − sc} at the saddle point. */
const integrandOf =
  (form: QuadraticForm, c: number, saddle: Saddle, sine: number) =>
  (x: number): number => {
    const cosine = Math.sqrt(1 - sine * sine)
    const sinh = Elementary.sinh(x)
    const cosh = Elementary.cosh(x)
    const re = saddle.at + saddle.width * sine * (cosh - 1)
    const im = saddle.width * cosine * sinh
    const [log, angle] = exponent(form, c, re, im)
    const size = Elementary.exp(log - saddle.exponent)
    if (!(size > 0)) return 0
    const dre = saddle.width * sine * sinh
    const dim = saddle.width * cosine * cosh
    const p = size * Elementary.cos(angle)
    const q = size * Elementary.sin(angle)
    // (p + iq)(dre + i dim)/(i (re + i im))
    const n = p * dre - q * dim
    const m = p * dim + q * dre
    return (m * re - n * im) / (re * re + im * im)
  }

/** ∫ from 0 to ∞ by the trapezoid rule, with steps halved until the sum converges; otherwise null. */
const integrateToInfinity = (integrand: (x: number) => number): number | null => {
  const sum = (h: number, from: number): number => {
    let found = 0
    for (let x = from; x < INTEGRATION_END; x += h) {
      const term = integrand(x)
      found += term
      if (x > 3 && Math.abs(term) <= 1e-18 * Math.abs(found)) break
    }
    return found
  }
  let h = 0.5
  let whole = h * (integrand(0) / 2 + sum(h, h))
  for (let halving = 0; halving < MAX_HALVINGS; halving++) {
    const finer = whole / 2 + (h / 2) * sum(h, h / 2)
    if (!Number.isFinite(finer)) return null
    if (Math.abs(finer - whole) <= RELATIVE_QUADRATURE_TOLERANCE * Math.abs(finer)) return finer
    whole = finer
    h /= 2
  }
  return null
}
