/** Two-argument arctangent as a graph, as accurate as the kernel up to two roundings. */
import { type Algebra, type GraphNode } from './graph.js'

/** arctan ½ as a sum of two doubles. */
const ARCTAN_HALF = [4.63647609000806093515e-1, 2.26987774529616870924e-17] as const
/** ¼π as a sum of two doubles. */
const ARCTAN_ONE = [7.85398163397448278999e-1, 3.06161699786838301793e-17] as const
/** ½π as a sum of two doubles. */
const HALF_PI = [Math.PI / 2, 6.12323399573676603587e-17] as const
/** π as a sum of two doubles. */
const PI = [Math.PI, 1.2246467991473532e-16] as const

/** Coefficients of 1 − arctan t/t in t², lowest first (fdlibm, `s_atan`). */
const ARCTAN_COEFFICIENTS = [
  3.33333333333329318027e-1, -1.99999999998764832476e-1, 1.42857142725034663711e-1, -1.1111110405462355788e-1,
  9.09088713343650656196e-2, -7.69187620504482999495e-2, 6.66107313738753120669e-2, -5.83357013379057348645e-2,
  4.97687799461593236017e-2, -3.6531572744216915527e-2, 1.62858201153657823623e-2
]

/** arctan q for q in [0, 1], reduced by the nearest of 0, ½ and 1. */
const arctanOfRatio = (q: GraphNode, make: Algebra): GraphNode => {
  const { add, sub, mul, div, square, entrywise, constant } = make
  const isNear = entrywise('Less', [q, constant(0.4375)])
  const isMiddle = entrywise('Less', [q, constant(0.6875)])
  const pick = (near: GraphNode, middle: GraphNode, far: GraphNode): GraphNode =>
    entrywise('Select', [isNear, near, entrywise('Select', [isMiddle, middle, far])])
  const picked = (near: number, middle: number, far: number): GraphNode =>
    pick(constant(near), constant(middle), constant(far))
  const one = constant(1)
  const two = constant(2)
  const t = div(pick(q, sub(mul(two, q), one), sub(q, one)), pick(one, add(q, two), add(q, one)))
  const z = square(t)
  const w = square(z)
  const series = (from: number): GraphNode => {
    const coefficients = ARCTAN_COEFFICIENTS.filter((_, i) => i % 2 === from).map(constant)
    return coefficients.reduceRight((sum, c) => add(mul(sum, w), c))
  }
  const rest = add(mul(z, series(0)), mul(w, series(1)))
  return sub(
    picked(0, ARCTAN_HALF[0], ARCTAN_ONE[0]),
    sub(sub(mul(t, rest), picked(0, ARCTAN_HALF[1], ARCTAN_ONE[1])), t)
  )
}

/** Angle of the point (x, y) as `Math.atan2` returns it, signs of zeros included. */
export const arctan2 = (y: GraphNode, x: GraphNode, make: Algebra): GraphNode => {
  const { sub, div, neg, reciprocal, entrywise, constant } = make
  const zero = constant(0)
  const less = (a: GraphNode, b: GraphNode): GraphNode => entrywise('Less', [a, b])
  const equal = (a: GraphNode, b: GraphNode): GraphNode => entrywise('Equal', [a, b])
  const select = (condition: GraphNode, a: GraphNode, b: GraphNode): GraphNode => entrywise('Select', [condition, a, b])
  /** high + low − angle. */
  const from = ([high, low]: readonly [number, number], angle: GraphNode): GraphNode =>
    sub(constant(high), sub(angle, constant(low)))
  const up = entrywise('Abs', [y])
  const along = entrywise('Abs', [x])
  const least = entrywise('Minimum', [up, along])
  const most = entrywise('Maximum', [up, along])
  // 0/0 becomes 0, and ∞/∞ becomes 1
  const share = select(equal(least, most), select(equal(most, zero), zero, constant(1)), div(least, most))
  const angle = arctanOfRatio(share, make)
  const right = select(less(along, up), from(HALF_PI, angle), angle)
  const isBelow = (x: GraphNode): GraphNode => entrywise('LogicalOr', [less(x, zero), less(reciprocal(x), zero)])
  const size = select(isBelow(x), from(PI, right), right)
  return select(isBelow(y), neg(size), size)
}
