/** The angle of a point of a row, by quotients and a polynomial: of the accuracy of the kernel except for a rounding or two. */
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
  const isNear = less(q, 0.4375)
  const isMiddle = less(q, 0.6875)
  const pick = (near: In, middle: In, far: In): Node => select(isNear, near, select(isMiddle, middle, far))
  const t = div(pick(q, sub(mul(2, q), 1), sub(q, 1)), pick(1, add(q, 2), add(q, 1)))
  const z = square(t)
  const w = square(square(t))
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
  const up = abs(y)
  const along = abs(x)
  const least = minimum(up, along)
  const most = maximum(up, along)
  // Of two zeros 0, of two infinities 1.
  const share = select(equal(least, most), select(equal(most, 0), 0, 1), div(least, most))
  const angle = arctanOfShare(share, make)
  const right = select(isLess(along, up), less(RIGHT, angle, make), angle)
  const isBelow = (x: Node): Node => or(isLess(x, 0), isLess(inverse(x), 0))
  const size = select(isBelow(x), less(STRAIGHT, right, make), right)
  return select(isBelow(y), neg(size), size)
}
