/**
 * Gaussian quadrature, exact for polynomials of degree up to 2n − 1 with n nodes, and equal steps.
 *
 * Both Gaussian rules have a symmetric weight, so their orthonormal polynomials satisfy √b_{k+1} p_{k+1} = x p_k − √b_k p_{k−1}, and the
 * nodes are the eigenvalues of the tridiagonal (Jacobi) matrix with zero diagonal and squared off-diagonal b (Golub & Welsch 1969;
 * Gautschi, *Orthogonal Polynomials*, 2004).
 */
import { exp, powerOfTwo } from './elementary.js'

/** Bound beyond which polynomials are scaled down, so that their squares do not overflow. */
const RESCALING_BOUND = powerOfTwo(300)
const DOWNSCALING_FACTOR = powerOfTwo(-300)

/** Σ weights[i] f(nodes[i]), with ascending nodes. */
export interface Rule {
  readonly nodes: Float64Array
  readonly weights: Float64Array
}

/**
 * Number of eigenvalues below x of the n × n Jacobi matrix J with squared off-diagonal b(1), …: that of negative pivots of J − x
 * (Sylvester's law of inertia).
 */
const eigenvaluesBelow = (n: number, b: (k: number) => number, x: number): number => {
  let count = 0
  let pivot = -x
  for (let k = 1; ; k++) {
    if (pivot < 0) count++
    if (k === n) return count
    // A pivot of 0 means that x is an eigenvalue of a leading block; either sign may be used.
    pivot = -x - b(k) / (pivot === 0 ? powerOfTwo(-537) : pivot)
  }
}

/**
 * p_n / p_n′ at x, the Newton step, and 1 / Σ_{k<n} p_k², the relative weight of a node at x (Christoffel). All values are scaled down
 * together before they overflow.
 */
const orthonormalPolynomials = (n: number, b: (k: number) => number, x: number): { step: number; weight: number } => {
  let previous = 0
  let current = 1
  let previousSlope = 0
  let slope = 0
  let squares = 0
  let scale = 1
  for (let k = 0; k < n; k++) {
    squares += current * current
    const below = k === 0 ? 0 : Math.sqrt(b(k))
    const above = Math.sqrt(b(k + 1))
    const next = (x * current - below * previous) / above
    const nextSlope = (current + x * slope - below * previousSlope) / above
    ;[previous, current, previousSlope, slope] = [current, next, slope, nextSlope]
    if (Math.abs(current) + Math.abs(slope) > RESCALING_BOUND) {
      previous *= DOWNSCALING_FACTOR
      current *= DOWNSCALING_FACTOR
      previousSlope *= DOWNSCALING_FACTOR
      slope *= DOWNSCALING_FACTOR
      squares *= DOWNSCALING_FACTOR * DOWNSCALING_FACTOR
      scale *= DOWNSCALING_FACTOR * DOWNSCALING_FACTOR
    }
  }
  return { step: current / slope, weight: scale / squares }
}

/** Rule with weights of sum 1 for the squared off-diagonals b_1, b_2, …, with nodes in (−bound, bound). */
const symmetricRule = (n: number, b: (k: number) => number, bound: number): Rule => {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new RangeError(`nodes: ${n} is not a whole number >= 1; try 16`)
  }
  const nodes = new Float64Array(n)
  const weights = new Float64Array(n)
  for (let i = n >> 1; i < n; i++) {
    // Bisection isolates the i-th eigenvalue; two Newton steps give it its last bits.
    let low = 0
    let high = bound
    const isMiddle = 2 * i + 1 === n
    while (!isMiddle && high - low > 1e-12 * high) {
      const middle = (low + high) / 2
      if (eigenvaluesBelow(n, b, middle) > i) high = middle
      else low = middle
    }
    let x = isMiddle ? 0 : (low + high) / 2
    if (!isMiddle) for (let polish = 0; polish < 2; polish++) x -= orthonormalPolynomials(n, b, x).step
    const { weight } = orthonormalPolynomials(n, b, x)
    nodes[i] = x
    weights[i] = weight
    nodes[n - 1 - i] = -x
    weights[n - 1 - i] = weight
  }
  if (n % 2 === 1) nodes[n >> 1] = 0
  // From the outside in, so from the smallest weights; the sum is 1 to a few ulps before normalization.
  let total = 0
  for (let i = 0; i < n >> 1; i++) total += 2 * weights[i]
  if (n % 2 === 1) total += weights[n >> 1]
  return { nodes, weights: weights.map(w => w / total) }
}

/** Caches rules by number of nodes, since a rule costs as much as an optimizer's step on small data. */
const memoizedRule = (rule: (n: number) => Rule): ((n: number) => Rule) => {
  const known = new Map<number, Rule>()
  return n => {
    const found = known.get(n) ?? rule(n)
    known.set(n, found)
    return found
  }
}

/** For the standard normal weight, with weights of sum 1. */
const hermiteNodes = memoizedRule(n => symmetricRule(n, k => k, 2 * Math.sqrt(n)))
/** On [−1, 1], with weights of sum 1. */
const legendreOnUnit = memoizedRule(n => symmetricRule(n, k => (k * k) / (4 * k * k - 1), 1))

/**
 * The Gauss–Hermite rule of n nodes **for the standard normal weight** (the probabilists' rule): Σ wᵢ f(xᵢ) ≈ E f(Z), Z ~ N(0, 1), with
 * weights that **sum to 1**.
 *
 * Exact for polynomials of degree up to 2n − 1. Beyond n ≈ 370 the outermost weights underflow to 0. Throws a RangeError if n is no whole
 * number ≥ 1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Quadrature } from 'ornstein/float64'
 *
 * const { nodes, weights } = Quadrature.gaussHermite(16)
 * const fourthMoment = nodes.reduce((sum, x, i) => sum + weights[i] * x ** 4, 0)
 * assert.ok(Math.abs(fourthMoment - 3) < 1e-13)
 */
export const gaussHermite = (n: number): Rule => {
  const { nodes, weights } = hermiteNodes(n)
  return { nodes: nodes.slice(), weights: weights.slice() }
}

/**
 * The Gauss–Legendre rule of n nodes on [lo, hi]: Σ wᵢ f(xᵢ) ≈ ∫ f(x) dx from lo to hi, with weights that sum to hi − lo. Exact for
 * polynomials of degree up to 2n − 1. Throws a RangeError if n is no whole number ≥ 1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Quadrature } from 'ornstein/float64'
 *
 * const { nodes, weights } = Quadrature.gaussLegendre(20)(0, Math.PI)
 * const area = nodes.reduce((sum, x, i) => sum + weights[i] * Math.sin(x), 0)
 * assert.ok(Math.abs(area - 2) < 1e-14)
 */
export const gaussLegendre = (n: number): ((lo: number, hi: number) => Rule) => {
  const { nodes, weights } = legendreOnUnit(n)
  return (lo, hi) => ({
    nodes: nodes.map(x => (lo + hi) / 2 + ((hi - lo) / 2) * x),
    weights: weights.map(w => (hi - lo) * w)
  })
}

/** End of the interval: the normal density there is 5e-15, below the rounding of functions that grow like x². */
const NORMAL_REACH = 8

/**
 * Equal steps **for the standard normal weight**: Σ wᵢ f(xᵢ) ≈ E f(Z), Z ~ N(0, 1), n midpoints of [−8, 8] with weights that sum to 1. If f
 * is analytic up to a distance y from the real line, the error decreases as e^{−2πy/h}, h = 16/n, down to e^{−2π²/h²} (Trefethen & Weideman
 * 2014, SIAM Review 56, 385): a steep f (y small) needs a number of nodes proportional to 1/y, with Gauss–Hermite to 1/y². Throws a
 * RangeError if n is no whole number ≥ 1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Quadrature } from 'ornstein/float64'
 *
 * const { nodes, weights } = Quadrature.equalSteps(32)
 * const fourthMoment = nodes.reduce((sum, x, i) => sum + weights[i] * x ** 4, 0)
 * assert.ok(Math.abs(fourthMoment - 3) < 1e-11)
 */
export const equalSteps = (n: number): Rule => {
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`nodes: ${n} is not a whole number >= 1; try 32`)
  // Odd multiples of half a step, so nodes are symmetric to the last bit.
  const nodes = Float64Array.from({ length: n }, (_, i) => ((2 * i + 1 - n) * NORMAL_REACH) / n)
  const density = nodes.map(x => exp((-x * x) / 2))
  const total = density.reduce((sum, w) => sum + w, 0)
  return { nodes, weights: density.map(w => w / total) }
}
