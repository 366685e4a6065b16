/**
 * Inverse, hyperbolic and other functions of rows by those that have code: as entry-by-entry nodes, of the accuracy of the kernels except
 * for a rounding or two. Each is finite where its kernel is.
 */
import { selu } from '../kernels/elementwise.js'
import { type Algebra } from './algebra.js'
import { type Node } from './graph.js'

type In = Node | number
type Op = (...ins: ReadonlyArray<In>) => Node

/** Kernels by name, of nodes and numbers. */
const ops = <const K extends ReadonlyArray<string>>(make: Algebra, ...kernels: K): { readonly [I in keyof K]: Op } => {
  const node = (x: In): Node => (typeof x === 'number' ? make.constant(x) : x)
  // One for each name.
  return kernels.map(
    (kernel): Op =>
      (...ins) =>
        make.entrywise(kernel, ins.map(node))
  ) as { readonly [I in keyof K]: Op }
}

/** The function of |x| with the sign of x, which is 0 at 0; −0 stays. */
const odd =
  (of: (a: Node, make: Algebra) => Node) =>
  (x: Node, make: Algebra): Node => {
    const [abs, less, equal, select, neg] = ops(make, 'Abs', 'Less', 'Equal', 'Select', 'Neg')
    const value = of(abs(x), make)
    return select(equal(x, 0), x, select(less(x, 0), neg(value), value))
  }

/** arctan ½ and arctan 1, ½π and π, as sums of two doubles. */
const HALF = [4.63647609000806093515e-1, 2.26987774529616870924e-17] as const
const ONE = [7.85398163397448278999e-1, 3.06161699786838301793e-17] as const
const RIGHT = [Math.PI / 2, 6.12323399573676603587e-17] as const
const STRAIGHT = [Math.PI, 1.2246467991473532e-16] as const

/** The coefficients of 1 − arctan t/t in t², from the first on (fdlibm, `s_atan`). */
const ARCTAN = [
  3.33333333333329318027e-1, -1.99999999998764832476e-1, 1.42857142725034663711e-1, -1.1111110405462355788e-1,
  9.09088713343650656196e-2, -7.69187620504482999495e-2, 6.66107313738753120669e-2, -5.83357013379057348645e-2,
  4.97687799461593236017e-2, -3.6531572744216915527e-2, 1.62858201153657823623e-2
]

/** arctan q for q in [0, 1], by how far q is from 0, ½ or 1. */
const arctanOfShare = (q: Node, make: Algebra): Node => {
  const [less, select, add, sub, mul, div, square] = ops(
    make,
    'Less',
    'Select',
    'Add',
    'Sub',
    'Multiply',
    'RealDiv',
    'Square'
  )
  const [isNear, isMiddle] = [less(q, 0.4375), less(q, 0.6875)]
  const pick = (near: In, middle: In, far: In): Node => select(isNear, near, select(isMiddle, middle, far))
  const t = div(pick(q, sub(mul(2, q), 1), sub(q, 1)), pick(1, add(q, 2), add(q, 1)))
  const [z, w] = [square(t), square(square(t))]
  const series = (from: number): Node =>
    ARCTAN.filter((_, i) => i % 2 === from).reduceRight<In>(
      (sum, c) => (sum === 0 ? c : add(mul(sum, w), c)),
      0
    ) as Node
  const rest = add(mul(z, series(0)), mul(w, series(1)))
  return sub(pick(0, HALF[0], ONE[0]), sub(sub(mul(t, rest), pick(0, HALF[1], ONE[1])), t))
}

/** A constant of two doubles less x. */
const less = ([high, low]: readonly [number, number], x: Node, make: Algebra): Node => {
  const [sub] = ops(make, 'Sub')
  return sub(high, sub(x, low))
}

export const arctan = odd((a, make) => {
  const [isLess, select, minimum, maximum, div] = ops(make, 'Less', 'Select', 'Minimum', 'Maximum', 'RealDiv')
  const angle = arctanOfShare(div(minimum(a, 1), maximum(a, 1)), make)
  return select(isLess(1, a), less(RIGHT, angle, make), angle)
})

/** The angle of (x, y), with the signs of zeros. */
export const arctan2 = (y: Node, x: Node, make: Algebra): Node => {
  const [abs, isLess, equal, or, select, minimum, maximum, div, inverse, neg] = ops(
    make,
    'Abs',
    'Less',
    'Equal',
    'LogicalOr',
    'Select',
    'Minimum',
    'Maximum',
    'RealDiv',
    'Reciprocal',
    'Neg'
  )
  const [up, along] = [abs(y), abs(x)]
  const [least, most] = [minimum(up, along), maximum(up, along)]
  // Of two zeros 0, of two infinities 1.
  const share = select(equal(least, most), select(equal(most, 0), 0, 1), div(least, most))
  const angle = arctanOfShare(share, make)
  const right = select(isLess(along, up), less(RIGHT, angle, make), angle)
  const isBelow = (x: Node): Node => or(isLess(x, 0), isLess(inverse(x), 0))
  const size = select(isBelow(x), less(STRAIGHT, right, make), right)
  return select(isBelow(y), neg(size), size)
}

/** arcsin x is the angle of (√(1 − x²), x). */
export const arcsin = (x: Node, make: Algebra): Node => {
  const [sqrt, mul, add, sub] = ops(make, 'Sqrt', 'Multiply', 'Add', 'Sub')
  return arctan2(x, sqrt(mul(sub(1, x), add(1, x))), make)
}

/** arccos x is twice the angle of (√(1 + x), √(1 − x)). */
export const arccos = (x: Node, make: Algebra): Node => {
  const [sqrt, mul, add, sub] = ops(make, 'Sqrt', 'Multiply', 'Add', 'Sub')
  return mul(2, arctan2(sqrt(sub(1, x)), sqrt(add(1, x)), make))
}

/** e = exp(a/2) − 1, whose square does not overflow where the function does not, and cosh(a/2) = 1 + e²/(2(1 + e)). */
const halves = (a: Node, make: Algebra): { readonly e: Node; readonly cosh: Node } => {
  const [expm1, mul, add, div] = ops(make, 'Expm1', 'Multiply', 'Add', 'RealDiv')
  const e = expm1(mul(0.5, a))
  return { e, cosh: add(1, mul(e, div(mul(0.5, e), add(1, e)))) }
}

/** 2 sinh(a/2) cosh(a/2) */
export const sinh = odd((a, make) => {
  const [mul, add, div] = ops(make, 'Multiply', 'Add', 'RealDiv')
  const { e, cosh } = halves(a, make)
  return mul(add(e, div(e, add(1, e))), cosh)
})

/** 2 cosh²(a/2) − 1 */
export const cosh = (x: Node, make: Algebra): Node => {
  const [abs, mul, sub, square] = ops(make, 'Abs', 'Multiply', 'Sub', 'Square')
  return sub(mul(2, square(halves(abs(x), make).cosh)), 1)
}

/** log 2a where a is large, else what is given. */
const logTwice = (a: Node, otherwise: Node, make: Algebra): Node => {
  const [isLess, select, add, log] = ops(make, 'Less', 'Select', 'Add', 'Log')
  return select(isLess(268435456, a), add(log(a), Math.LN2), otherwise)
}

/** log(1 + a + a²/(1 + √(a² + 1))) */
export const arsinh = odd((a, make) => {
  const [log1p, add, mul, div, sqrt, square] = ops(make, 'Log1p', 'Add', 'Multiply', 'RealDiv', 'Sqrt', 'Square')
  return logTwice(a, log1p(add(a, mul(a, div(a, add(1, sqrt(add(square(a), 1))))))), make)
})

/** log(1 + t + √(2t + t²)), t = x − 1 */
export const arcosh = (x: Node, make: Algebra): Node => {
  const [log1p, add, sub, mul, sqrt] = ops(make, 'Log1p', 'Add', 'Sub', 'Multiply', 'Sqrt')
  const t = sub(x, 1)
  return logTwice(x, log1p(add(t, sqrt(mul(t, add(t, 2))))), make)
}

/** ½ log(1 + 2a/(1 − a)) */
export const artanh = odd((a, make) => {
  const [log1p, sub, mul, div] = ops(make, 'Log1p', 'Sub', 'Multiply', 'RealDiv')
  return mul(0.5, log1p(div(mul(2, a), sub(1, a))))
})

export const tan = (x: Node, make: Algebra): Node => {
  const [sin, cos, div] = ops(make, 'Sin', 'Cos', 'RealDiv')
  return div(sin(x), cos(x))
}

/** x, and e^x − 1 below 0. */
export const elu = (x: Node, make: Algebra): Node => {
  const [isLess, select, expm1] = ops(make, 'Less', 'Select', 'Expm1')
  return select(isLess(x, 0), expm1(x), x)
}

export const scaledElu = (x: Node, make: Algebra): Node => {
  const [isLess, select, expm1, mul] = ops(make, 'Less', 'Select', 'Expm1', 'Multiply')
  return mul(selu.scale, select(isLess(x, 0), mul(selu.alpha, expm1(x)), x))
}
