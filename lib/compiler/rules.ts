/**
 * Phase 3: rewriting rules that make a graph smaller. The comment above each rule is its equation, which tests read from this file. A rule
 * takes the inputs of a node about to be created and returns the node to create instead, or undefined.
 *
 * Rules hold in real arithmetic, and up to rounding in floating point. None drops an operand, even if the result is a constant (x − x), so
 * NaN and ±∞ propagate. Numbers computed once per call move outwards, so that equal expressions become equal nodes.
 */
import { productOfSizes as sizeOf } from '../kernels/dense.js'
import { arctan2 } from './functions.js'
import { isScalar, sameShape, constantValue, nodeWidth, type Algebra, type GraphNode, type Shape } from './graph.js'

export type EntrywiseRules = Readonly<Record<string, ReadonlyArray<EntrywiseRule>>>
type EntrywiseRule = (ins: ReadonlyArray<GraphNode>, make: Algebra) => GraphNode | undefined

/** Rule for a reduction of x over axes; a sum over the rows has no axes. */
export type FoldRule = (x: GraphNode, axes: ReadonlyArray<number>, make: Algebra) => GraphNode | undefined

export type ReshapeRule = (x: GraphNode, shape: Shape, make: Algebra) => GraphNode | undefined

/** Rule for a · b: rows times a shared matrix, possibly transposed, or over the rows. */
export type ProductRule = (a: GraphNode, b: GraphNode, make: Algebra, transposed: boolean) => GraphNode | undefined

export type PickRule = (
  x: GraphNode,
  table: ReadonlyArray<number>,
  shape: Shape,
  make: Algebra
) => GraphNode | undefined

const isKernel = ({ does }: GraphNode, kernel: string): boolean => does.kind === 'entrywise' && does.kernel === kernel

/** [s, y] if x = s · y with one number s for all entries and rows; otherwise, and if x is a number itself, undefined. */
const asScaled = (x: GraphNode, make: Algebra): readonly [GraphNode, GraphNode] | undefined =>
  isScalar(x)
    ? undefined
    : isKernel(x, 'Multiply') && isScalar(x.ins[0])
      ? [x.ins[0], x.ins[1]]
      : isKernel(x, 'Neg')
        ? [make.constant(-1), x.ins[0]]
        : undefined

/** Identity that fixes the type of a table of rules. */
const ruleTable = <T>(rules: T): T => rules

/** First result of `of` on two operands in either order. */
const eitherWay = <T>(
  [a, b]: ReadonlyArray<GraphNode>,
  of: (a: GraphNode, b: GraphNode) => T | undefined
): T | undefined => of(a, b) ?? of(b, a)

const inEitherOrder =
  (of: (a: GraphNode, b: GraphNode, make: Algebra) => GraphNode | undefined): EntrywiseRule =>
  (ins, make) =>
    eitherWay(ins, (a, b) => of(a, b, make))

const isConstantOf = (x: GraphNode, value: number): boolean => Object.is(constantValue(x), value)
const negated = (x: GraphNode): GraphNode | undefined => (isKernel(x, 'Neg') ? x.ins[0] : undefined)

/** power(s) · of(y) if x = s · y; otherwise undefined. */
const moveScalarOut = (
  x: GraphNode,
  make: Algebra,
  of: (y: GraphNode) => GraphNode,
  power: (s: GraphNode) => GraphNode = s => s
): GraphNode | undefined => {
  const found = asScaled(x, make)
  return found && make.mul(make.reshaped(power(found[0]), []), of(found[1]))
}

/** [c, x, y] if a = c · x and b = c · y, and c has fewer entries than a; otherwise undefined. */
const commonFactor = (a: GraphNode, b: GraphNode): readonly [GraphNode, GraphNode, GraphNode] | undefined => {
  if (!isKernel(a, 'Multiply') || !isKernel(b, 'Multiply')) return undefined
  const i = a.ins.findIndex(x => b.ins.includes(x) && (isScalar(x) || nodeWidth(x) < nodeWidth(a)))
  if (i < 0) return undefined
  const common = a.ins[i]
  return [common, a.ins[1 - i], b.ins[b.ins[0] === common ? 1 : 0]]
}

const factorOut =
  (kernel: 'Add' | 'Sub'): EntrywiseRule =>
  ([a, b], make) => {
    const found = commonFactor(a, b)
    return found && make.mul(found[0], make.entrywise(kernel, [found[1], found[2]]))
  }

const moveNumberOut: EntrywiseRule = ([a, b], make) =>
  isScalar(a) ? undefined : (moveScalarOut(a, make, x => make.mul(x, b)) ?? moveScalarOut(b, make, y => make.mul(a, y)))

export const entrywiseRules = ruleTable<EntrywiseRules>({
  Add: [
    /** x + 0 = x */
    ([a, b]) => (isConstantOf(b, 0) ? a : isConstantOf(a, 0) ? b : undefined),
    /** x + (−y) = x − y */
    ([a, b], make) => {
      const minusA = negated(a)
      const minusB = negated(b)
      return minusB ? make.sub(a, minusB) : minusA && make.sub(b, minusA)
    },
    /** c · x + c · y = c · (x + y), where c is fewer numbers */
    factorOut('Add')
  ],
  Sub: [
    /** c · x − c · y = c · (x − y), where c is fewer numbers */
    factorOut('Sub'),
    /** x − 0 = x */
    ([a, b]) => (isConstantOf(b, 0) ? a : undefined),
    /** x − (−y) = x + y */
    ([a, b], make) => {
      const minus = negated(b)
      return minus && make.add(a, minus)
    }
  ],
  Multiply: [
    /** 1 · x = x */
    ([a, b]) => (isConstantOf(a, 1) ? b : undefined),
    /** (−1) · x = −x */
    ([a, b], make) => (isConstantOf(a, -1) ? make.neg(b) : undefined),
    /** x · x = x² */
    ([a, b], make) => (a === b ? make.square(a) : undefined),
    /** s · (t · x) = (s · t) · x */
    ([a, b], make) => {
      const inner = isScalar(a) ? asScaled(b, make) : undefined
      return inner && make.mul(make.mul(a, inner[0]), inner[1])
    },
    /** (s · x) · y = s · (x · y) */
    moveNumberOut
  ],
  RealDiv: [
    /** x / y = (1/y) · x, where y is fewer numbers */
    ([a, b], make) =>
      nodeWidth(b) < nodeWidth(a) || (b.scope === 'once' && a.scope === 'rows') || isConstantOf(a, 1)
        ? make.mul(make.reciprocal(b), a)
        : undefined,
    /** s / y = s · (1/y) */
    ([a, b], make) => (isScalar(a) && b.scope === 'rows' ? make.mul(a, make.reciprocal(b)) : undefined),
    /** (s · x) / y = s · (x / y) */
    ([a, b], make) => moveScalarOut(a, make, x => make.div(x, b)),
    /** x / (s · y) = (1/s) · (x / y) */
    ([a, b], make) => moveScalarOut(b, make, y => make.div(a, y), make.reciprocal)
  ],
  Neg: [
    /** −(−x) = x */
    ([a]) => negated(a),
    /** −(x − y) = y − x */
    ([a], make) => (isKernel(a, 'Sub') ? make.sub(a.ins[1], a.ins[0]) : undefined),
    /** −(s · x) = (−s) · x */
    ([a], make) => moveScalarOut(a, make, x => x, make.neg)
  ],
  Square: [
    /** (s · x)² = s² · x² */
    ([a], make) => moveScalarOut(a, make, make.square, make.square)
  ],
  Reciprocal: [
    /** 1/(s · x) = (1/s) · (1/x) */
    ([a], make) => moveScalarOut(a, make, make.reciprocal, make.reciprocal)
  ],
  Greater: [
    /** x > y is y < x */
    ([a, b], make) => make.entrywise('Less', [b, a])
  ],
  GreaterEqual: [
    /** x ≥ y is y ≤ x */
    ([a, b], make) => make.entrywise('LessEqual', [b, a])
  ],
  Pow: [
    /** x¹ = x, x² = x · x, x³ = x · x², x⁻¹ = 1/x, x⁰ = 1 */
    ([a, b], make) => {
      const power = constantValue(b)
      if (power === 0) return make.stretched(make.constant(1), a.shape)
      if (power === 1) return a
      if (power === 2) return make.square(a)
      if (power === 3) return make.mul(a, make.square(a))
      return power === -1 ? make.reciprocal(a) : undefined
    }
  ],
  Sigmoid: [
    /** 1/(1 + e^(−x)) = (x < 0 ? e : 1)/(1 + e), e = e^(−|x|), which σ(−x) shares */
    ([a], make) => {
      // once per call the kernel itself is used
      if (a.scope === 'once') return undefined
      const minus = negated(a)
      const x = minus ?? a
      const e = make.entrywise('Exp', [make.neg(make.entrywise('Abs', [x]))])
      const below = make.entrywise('Less', [x, make.constant(0)])
      const one = make.constant(1)
      const total = make.add(one, e)
      const share = make.div(make.entrywise('Select', minus === undefined ? [below, e, one] : [below, one, e]), total)
      // corrected for the rounding error of 1 + e, as in the kernel
      const lost = make.sub(e, make.sub(total, one))
      return make.sub(share, make.mul(share, lost))
    }
  ],
  Atan2: [
    /** the angle of a point, by arctan of the share of its lesser coordinate */
    ([y, x], make) => (y.scope === 'rows' || x.scope === 'rows' ? arctan2(y, x, make) : undefined)
  ]
})

/** [c, y] if x = c · y with c per call and y per row, of the shape of x; otherwise undefined. */
const asWeighted = (x: GraphNode): readonly [GraphNode, GraphNode] | undefined => {
  if (!isKernel(x, 'Multiply') || x.scope === 'once') return undefined
  const of = (c: GraphNode, y: GraphNode): readonly [GraphNode, GraphNode] | undefined =>
    c.scope === 'once' && y.scope === 'rows' && sameShape(y.shape, x.shape) ? [c, y] : undefined
  return eitherWay(x.ins, of)
}

/** Rules for nodes with an axis of versions: values per call then have many entries, so they are combined. */
export const versionRules = ruleTable<EntrywiseRules>({
  ...entrywiseRules,
  Multiply: [
    ...entrywiseRules.Multiply.filter(one => one !== moveNumberOut),
    /** c · (b · x) = (c · b) · x, c and b once a call */
    inEitherOrder((c, y, make) => {
      const found = c.scope === 'once' && y.scope === 'rows' && nodeWidth(y) >= nodeWidth(c) ? asWeighted(y) : undefined
      return found && make.mul(make.mul(c, found[0]), found[1])
    }),
    /** (c · x) · y = c · (x · y), c once a call */
    inEitherOrder((x, y, make) => {
      const found = y.scope === 'rows' && sameShape(x.shape, y.shape) ? asWeighted(x) : undefined
      return found && make.mul(found[0], make.mul(found[1], y))
    }),
    /** c · (a · x + b · y) = (c · a) · x + (c · b) · y, all of a, b and c once a call */
    inEitherOrder((c, sum, make) => {
      if (c.scope === 'rows' || !isKernel(sum, 'Add') || sum.scope === 'once') return undefined
      const [left, right] = sum.ins.map(asWeighted)
      return (
        left && right && make.add(make.mul(make.mul(c, left[0]), left[1]), make.mul(make.mul(c, right[0]), right[1]))
      )
    })
  ],
  Add: [
    ...entrywiseRules.Add,
    /** a · x + b · x = (a + b) · x, a and b once a call */
    ([left, right], make) => {
      const one = asWeighted(left)
      const other = asWeighted(right)
      return one && other && one[1] === other[1] ? make.mul(make.add(one[0], other[0]), one[1]) : undefined
    },
    /** Σ x + Σ y = Σ (x + y), over the rows or the same axes */
    ([a, b], make) => {
      const isAlike = a.scope === b.scope && sameShape(a.shape, b.shape) && [a, b].every(({ ins }) => ins.length === 1)
      if (!isAlike || !sameShape(a.ins[0].shape, b.ins[0].shape)) return undefined
      const sum = (): GraphNode => make.add(a.ins[0], b.ins[0])
      if (a.does.kind === 'rowSum' && b.does.kind === 'rowSum') return make.rowSum(sum())
      if (a.does.kind === 'reshape' && b.does.kind === 'reshape' && a.ins[0].scope === b.ins[0].scope)
        return make.reshaped(sum(), a.shape)
      return a.scope === 'rows' &&
        a.does.kind === 'reduce' &&
        b.does.kind === 'reduce' &&
        a.does.fold === 'Sum' &&
        b.does.fold === 'Sum' &&
        a.does.axes.join() === b.does.axes.join()
        ? make.sum(sum(), a.does.axes)
        : undefined
    },
    /** c + (b + x) = (c + b) + x, c and b once a call */
    inEitherOrder((c, sum, make) => {
      if (c.scope === 'rows' || !isKernel(sum, 'Add') || sum.scope === 'once') return undefined
      const at = sum.ins.findIndex(({ scope }) => scope === 'once')
      return at < 0 ? undefined : make.add(make.add(c, sum.ins[at]), sum.ins[1 - at])
    })
  ]
})

/** Maximum number of products that replace one loop, each with code of its own. */
const MAX_SEPARATE_PRODUCTS = 64

/** Integers from, …, from + count − 1. */
const indicesFrom = (count: number, from = 0): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, i) => from + i)

/** Concatenates `of` each matrix along the leading axes of x under `shape`; undefined if there are too many. */
const forEachMatrix = (
  { shape: own }: GraphNode,
  shape: Shape,
  make: Algebra,
  of: (part: (y: GraphNode, shape: Shape) => GraphNode) => GraphNode
): GraphNode | undefined => {
  const count = sizeOf(own.slice(0, -2))
  if (count > MAX_SEPARATE_PRODUCTS) return undefined
  const all = indicesFrom(count).map(k =>
    of((y, part) => {
      const length = sizeOf(part)
      return make.pick([y], indicesFrom(length, k * length), part)
    })
  )
  return make.pick(all, indicesFrom(sizeOf(shape)), shape)
}

/**
 * Terms of a varying x ± y of which one is per call, or a number times a value equal in all versions, so that its results are computed
 * once; otherwise undefined.
 */
const sharedSumTerms = (x: GraphNode, make: Algebra): readonly ['Add' | 'Sub', GraphNode, GraphNode] | undefined => {
  const kernel = isKernel(x, 'Add') ? 'Add' : isKernel(x, 'Sub') ? 'Sub' : undefined
  if (kernel === undefined || x.scope === 'once' || !make.varies(x)) return undefined
  const isShared = (y: GraphNode): boolean => y.scope === 'once' || !make.varies(asScaled(y, make)?.[1] ?? y)
  const [a, b] = x.ins
  return [a, b].every(y => sameShape(y.shape, x.shape)) && (isShared(a) || isShared(b)) ? [kernel, a, b] : undefined
}

const isSingleAlong = (x: GraphNode, rank: number, axes: ReadonlyArray<number>): boolean =>
  axes.every(axis => (x.shape[axis - rank + x.shape.length] ?? 1) === 1)

interface SummedProduct {
  readonly x: GraphNode
  readonly axes: ReadonlyArray<number>
}

/** Rule for a sum of x = a · b, with the factors in either order. */
const ruleOfProducts =
  (of: (a: GraphNode, b: GraphNode, sum: SummedProduct, make: Algebra) => GraphNode | undefined): FoldRule =>
  (x, axes, make) =>
    isKernel(x, 'Multiply') ? eitherWay(x.ins, (a, b) => of(a, b, { x, axes }, make)) : undefined

export const sumRules = ruleTable<ReadonlyArray<FoldRule>>([
  /** Σᵢ xᵢ Mᵢⱼ is a product, each of several alone, where M is the same in every row */
  (x, axes, make) => {
    const rank = x.shape.length
    const [high = 1, wide = 1] = x.shape.slice(-2)
    const isDown = axes.join() === `${rank - 2}`
    if (!isKernel(x, 'Multiply') || rank < 2 || !(isDown || axes.join() === `${rank - 1}`)) return undefined
    if (high === 1 || wide === 1) return undefined
    const folded = x.shape.map((n, i) => (axes.includes(i) ? 1 : n))
    const line = x.shape.map((n, i) => (i < rank - 2 || axes.includes(i) ? n : 1))
    const of = (matrix: GraphNode, y: GraphNode): GraphNode | undefined =>
      matrix.scope === 'once' && y.scope === 'rows' && sameShape(matrix.shape, x.shape) && sameShape(y.shape, line)
        ? forEachMatrix(x, folded, make, part =>
            make.product(part(y, [isDown ? high : wide]), part(matrix, [high, wide]), !isDown)
          )
        : undefined
    return eitherWay(x.ins, of)
  },
  /** ⟨v, x M⟩ = ⟨x, v Mᵀ⟩, where v is the same in every row */
  ruleOfProducts((v, y, { x, axes }, make) => {
    const { does, scope, ins } = y
    if (axes.join() !== `${x.shape.length - 1}` || does.kind !== 'product' || scope === 'once') return undefined
    const [left, matrix] = ins
    const isShared = v.scope === 'once' && matrix.scope === 'once'
    return isShared && sameShape(y.shape, x.shape) && v.shape.at(-1) === x.shape.at(-1)
      ? make.sum(make.mul(left, make.product(v, matrix, !does.transposed)), axes)
      : undefined
  }),
  /** Σ v (x M + c) = Σ v (x M) + Σ v c, where v and c are the same in every row */
  ruleOfProducts((v, y, { x, axes }, make) => {
    if (v.scope === 'rows' || !isKernel(y, 'Add') || !sameShape(y.shape, x.shape)) return undefined
    const [a, b] = y.ins
    const [c, z] = a.scope === 'once' ? [a, b] : [b, a]
    const isProduct = (asScaled(z, make)?.[1] ?? z).does.kind === 'product'
    return c.scope === 'once' && z.scope === 'rows' && isProduct && sameShape(z.shape, x.shape)
      ? make.add(make.sum(make.mul(v, z), axes), make.sum(make.stretched(make.mul(v, c), x.shape), axes))
      : undefined
  }),
  /** Σ a (x ± y) = Σ a x ± Σ a y, where x or y is the same in all versions, or once a call */
  ruleOfProducts((a, y, { x, axes }, make) => {
    const found = a.scope === 'once' && sameShape(y.shape, x.shape) ? sharedSumTerms(y, make) : undefined
    const along = (z: GraphNode): GraphNode => make.sum(make.mul(a, z), axes)
    return found && make.entrywise(found[0], [along(found[1]), along(found[2])])
  }),
  /** Σ (x ± y)² = Σ x² ± 2 Σ x y + Σ y², where x or y is the same in all versions, or once a call */
  (x, axes, make) => {
    const found = isKernel(x, 'Square') ? sharedSumTerms(x.ins[0], make) : undefined
    if (found === undefined) return undefined
    const [kernel, a, b] = found
    const squares = [a, b].map(y => make.sum(make.square(y), axes))
    const cross = make.times(2, make.sum(make.mul(a, b), axes))
    return make.add(make.entrywise(kernel, [squares[0], cross]), squares[1])
  },
  /** Σⱼ a · xⱼ = a · Σⱼ xⱼ */
  (x, axes, make) => {
    const rank = x.shape.length
    if (isKernel(x, 'Neg')) return make.neg(make.sum(x.ins[0], axes))
    if (!isKernel(x, 'Multiply')) return undefined
    const [a, b] = x.ins
    const out = (narrow: GraphNode, wide: GraphNode): GraphNode | undefined =>
      isSingleAlong(narrow, rank, axes) &&
      wide.shape.length === rank &&
      axes.every(axis => wide.shape[axis] === x.shape[axis])
        ? make.mul(narrow, make.sum(wide, axes))
        : undefined
    return eitherWay([a, b], out)
  }
])

export const rowSumRules = ruleTable<ReadonlyArray<FoldRule>>([
  /** Σ_rows aᵢ bⱼ is a product over the rows, each of several alone */
  (x, _, make) => {
    const rank = x.shape.length
    const [m = 1, n = 1] = x.shape.slice(-2)
    if (!isKernel(x, 'Multiply') || rank < 2 || m === 1 || n === 1) return undefined
    const lead = x.shape.slice(0, -2)
    const of = (a: GraphNode, b: GraphNode): GraphNode | undefined =>
      [a, b].every(({ scope }) => scope === 'rows') &&
      sameShape(a.shape, [...lead, m, 1]) &&
      sameShape(b.shape, [...lead, 1, n])
        ? forEachMatrix(x, x.shape, make, part => make.rowDot(part(a, [m]), part(b, [n])))
        : undefined
    return eitherWay(x.ins, of)
  },
  /** Σ_rows a · x = a · Σ_rows x, a the same in every row */
  (x, _, make) => {
    if (isKernel(x, 'Neg')) return make.neg(make.rowSum(x.ins[0]))
    if (!isKernel(x, 'Multiply')) return undefined
    const [a, b] = x.ins
    const [once, rows] = a.scope === 'once' ? [a, b] : [b, a]
    return once.scope === 'once' && rows.scope === 'rows' && sameShape(rows.shape, x.shape)
      ? make.mul(once, make.rowSum(rows))
      : undefined
  }
])

/** [r, y] if x = r · y with one number r per row and y of the shape of x; otherwise undefined. */
const asRowScaled = (x: GraphNode): readonly [GraphNode, GraphNode] | undefined => {
  if (!isKernel(x, 'Multiply') || x.scope === 'once') return undefined
  const of = (r: GraphNode, y: GraphNode): readonly [GraphNode, GraphNode] | undefined =>
    r.scope === 'rows' && nodeWidth(r) === 1 && nodeWidth(x) > 1 && sameShape(y.shape, x.shape) ? [r, y] : undefined
  return eitherWay(x.ins, of)
}

/** True if a = b, or one is r times the other with one number r per row, so Σ_rows a bᵀ is a sum of squares. */
const isGram = (a: GraphNode, b: GraphNode): boolean =>
  a === b || asRowScaled(a)?.[1] === b || asRowScaled(b)?.[1] === a

export const reshapeRules = ruleTable<ReadonlyArray<ReshapeRule>>([
  /** s · x under another shape is s · (x under it) */
  (x, shape, make) =>
    moveScalarOut(x, make, y =>
      sameShape(x.shape, y.shape) ? make.reshaped(y, shape) : make.reshaped(make.stretched(y, x.shape), shape)
    )
])

/** Columns that a table picks equally from every line of [..., from]; undefined if lines differ. */
const constantColumns = (
  table: ReadonlyArray<number>,
  lines: number,
  from: number
): ReadonlyArray<number> | undefined => {
  const wide = table.length / lines
  const columns = table.slice(0, wide)
  return Number.isInteger(wide) &&
    columns.every(i => i < from) &&
    table.every((i, at) => i === columns[at % wide] + Math.floor(at / wide) * from)
    ? columns
    : undefined
}

export const pickRules = ruleTable<ReadonlyArray<PickRule>>([
  /** entries of s · x are s · (entries of x) */
  (x, table, shape, make) =>
    moveScalarOut(x, make, y =>
      sameShape(x.shape, y.shape) ? make.pick([y], table, shape) : make.pick([make.stretched(y, x.shape)], table, shape)
    ),
  /** columns of x M are x (columns of M) */
  (x: GraphNode, table: ReadonlyArray<number>, shape: Shape, make: Algebra): GraphNode | undefined => {
    const { does, ins, scope } = x
    if (does.kind !== 'product' || scope === 'once' || ins[1].scope === 'rows') return undefined
    const from = x.shape.at(-1) ?? 1
    const lines = nodeWidth(x) / from
    const columns = constantColumns(table, lines, from)
    if (columns === undefined || columns.length >= from) return undefined
    const [left, matrix] = ins
    const [high, wide] = matrix.shape
    const taken = does.transposed
      ? make.pick(
          [matrix],
          columns.flatMap(i => Array.from({ length: wide }, (_, j) => i * wide + j)),
          [columns.length, wide]
        )
      : make.pick([matrix], Array.from({ length: high }, (_, i) => columns.map(j => i * wide + j)).flat(), [
          high,
          columns.length
        ])
    return make.reshaped(make.product(left, taken, does.transposed), shape)
  }
])

/** [u, B, true if B is transposed] if x = u B and u has fewer entries than x, so the product is better taken last; otherwise undefined. */
export const asThinProduct = (x: GraphNode): readonly [GraphNode, GraphNode, boolean] | undefined => {
  const { does, scope, shape } = x
  if (does.kind !== 'product' || scope === 'once') return undefined
  const [u, matrix] = x.ins
  return (u.shape.at(-1) ?? 1) < (shape.at(-1) ?? 1) ? [u, matrix, does.transposed] : undefined
}

/** True if x or x / s is a thin product, so that a sum with it should be split. */
const isThin = (x: GraphNode, make: Algebra): boolean => asThinProduct(asScaled(x, make)?.[1] ?? x) !== undefined

/** Terms of x ± y of which one is a thin product; otherwise undefined. */
const thinSumTerms = (x: GraphNode, make: Algebra): readonly ['Add' | 'Sub', GraphNode, GraphNode] | undefined => {
  const kernel = isKernel(x, 'Add') ? 'Add' : isKernel(x, 'Sub') ? 'Sub' : undefined
  if (kernel === undefined || x.scope === 'once') return undefined
  const [a, b] = x.ins
  const isWhole = [a, b].every(y => y.scope === 'rows' && sameShape(y.shape, x.shape))
  return isWhole && (isThin(a, make) || isThin(b, make)) ? [kernel, a, b] : undefined
}

export const distanceRules = ruleTable<ReadonlyArray<ProductRule>>([
  /** |s · x + w − s · m|² = s · (s · |x − m|² + 2 · (⟨w, x⟩ − ⟨w, m⟩)) + |w|², x and m the same in all versions, w once a call */
  (sum, matrix, make) => {
    const found = sharedSumTerms(sum, make)
    if (found === undefined || sum.shape.length !== 1) return undefined
    const [kernel, a, b] = found
    const [moved, by] = a.scope === 'once' ? [b, a] : [a, b]
    const of = kernel === 'Sub' && by === a ? make.neg(moved) : moved
    const w = kernel === 'Sub' && by === b ? make.neg(by) : by
    const [s, x] = asScaled(of, make) ?? [make.constant(1), of]
    const [t, m] = asScaled(matrix, make) ?? [make.constant(1), matrix]
    if (w.scope === 'rows' || make.varies(x) || make.varies(m) || make.reshaped(s, []) !== make.reshaped(t, []))
      return undefined
    const onX = make.sum(make.mul(w, x), [0])
    const onCentres = make.reshaped(make.product(make.reshaped(w, [1, nodeWidth(w)]), m, true), [m.shape[0]])
    const cross = make.times(2, make.sub(onX, onCentres))
    const factor = make.reshaped(s, [])
    const apart = make.mul(factor, make.distances(x, m))
    const ofBoth = make.mul(factor, make.add(apart, cross))
    return make.add(ofBoth, make.sum(make.square(w), [0]))
  },
  /** |s · x − s · m|² = s² · |x − m|² */
  (x, matrix, make) => {
    const left = asScaled(x, make)
    const right = asScaled(matrix, make)
    if (left === undefined || right === undefined) return undefined
    const [s, t] = [left, right].map(([factor]) => make.reshaped(factor, []))
    return s === t ? make.mul(make.square(s), make.distances(left[1], right[1])) : undefined
  }
])

export const productRules = ruleTable<ReadonlyArray<ProductRule>>([
  /** (s · x) M = s · (x M) */
  (x, matrix, make, transposed) => moveScalarOut(x, make, y => make.product(y, matrix, transposed)),
  /** (r · x) M = r · (x M), where M has fewer columns than rows, or all rows share x */
  (x, matrix, make, transposed) => {
    const found = asRowScaled(x)
    const columns = nodeWidth(matrix) / (x.shape.at(-1) ?? 1)
    return found && (columns < (x.shape.at(-1) ?? 1) || found[1].scope === 'once')
      ? make.mul(found[0], make.product(found[1], matrix, transposed))
      : undefined
  },
  /** u m is u · m, where m is one line, all of it once a call, and a version’s own */
  (x, matrix, make, transposed) =>
    [x, matrix].every(({ scope }) => scope === 'once') &&
    (make.varies(x) || make.varies(matrix)) &&
    x.shape.at(-1) === 1
      ? make.mul(x, make.reshaped(matrix, [matrix.shape[transposed ? 0 : 1]]))
      : undefined,
  /** (x ± y) M = x M ± y M, where x or y is the same in all versions, or once a call */
  (x, matrix, make, transposed) => {
    const found = make.varies(matrix) ? undefined : sharedSumTerms(x, make)
    return (
      found &&
      make.entrywise(found[0], [make.product(found[1], matrix, transposed), make.product(found[2], matrix, transposed)])
    )
  },
  /** (u B) M = u (B M), where u is fewer numbers than u B */
  (x, matrix, make, transposed) => {
    const found = asThinProduct(x)
    if (found === undefined) return undefined
    const [u, inner, isFlipped] = found
    return transposed
      ? make.product(u, make.product(matrix, inner, !isFlipped), true)
      : make.product(u, make.product(isFlipped ? make.flipped(inner) : inner, matrix, false), false)
  }
])

export const rowDotRules = ruleTable<ReadonlyArray<ProductRule>>([
  /** Σ_rows x (y ± z)ᵀ = Σ_rows x yᵀ ± Σ_rows x zᵀ, where y or z is the same in all versions, or once a call */
  (a, b, make) => {
    const left = sharedSumTerms(a, make)
    const right = sharedSumTerms(b, make)
    if (isGram(a, b) || a.shape.length !== 1) return undefined
    return right
      ? make.entrywise(right[0], [make.rowDot(a, right[1]), make.rowDot(a, right[2])])
      : left && make.entrywise(left[0], [make.rowDot(left[1], b), make.rowDot(left[2], b)])
  },
  /** Σ_rows (s · x) yᵀ = s · Σ_rows x yᵀ */
  (a, b, make) => moveScalarOut(a, make, x => make.rowDot(x, b)) ?? moveScalarOut(b, make, y => make.rowDot(a, y)),
  /** Σ_rows (r · x) yᵀ = Σ_rows x (r · y)ᵀ, where y is fewer numbers, or all rows share x */
  (a, b, make) => {
    const left = asRowScaled(a)
    const right = asRowScaled(b)
    // otherwise it is no product over the rows
    if (left?.[1].scope === 'once') return make.rowDot(left[1], make.mul(left[0], b))
    if (right?.[1].scope === 'once') return make.rowDot(make.mul(right[0], a), right[1])
    if (left && nodeWidth(b) < nodeWidth(a)) return make.rowDot(left[1], make.mul(left[0], b))
    if (right && nodeWidth(a) < nodeWidth(b)) return make.rowDot(make.mul(right[0], a), right[1])
    return undefined
  },
  /** Σ_rows x (u B)ᵀ = (Σ_rows x uᵀ) B, where u is fewer numbers than u B */
  (a, b, make) => {
    const left = asThinProduct(a)
    const right = asThinProduct(b)
    if (right && b.shape.length === 1) return make.product(make.rowDot(a, right[0]), right[1], right[2])
    if (left && a.shape.length === 1)
      return make.product(left[2] ? left[1] : make.flipped(left[1]), make.rowDot(left[0], b), false)
    return undefined
  }
])

/**
 * Rules that split sums, which pays only if the sum is not needed for another node. The graph with fewer operations, with or without them,
 * is used.
 */
export const splittingProductRules = ruleTable<ReadonlyArray<ProductRule>>([
  /** (x + u B) M = x M + u (B M) */
  (x, matrix, make, transposed) => {
    const found = thinSumTerms(x, make)
    return (
      found &&
      make.entrywise(found[0], [make.product(found[1], matrix, transposed), make.product(found[2], matrix, transposed)])
    )
  }
])

/** [x, ±s, u B] for x ± s · u B with u an input; otherwise undefined. A computed u may cancel large parts of x, so that sum is kept. */
const asSumWithThinProduct = (x: GraphNode, make: Algebra): readonly [GraphNode, GraphNode, GraphNode] | undefined => {
  const found = thinSumTerms(x, make)
  if (found === undefined) return undefined
  const [kernel, a, b] = found
  const [rest, last] = isThin(b, make) ? [a, b] : kernel === 'Add' ? [b, a] : []
  if (rest === undefined || last === undefined) return undefined
  const [s, product] = asScaled(last, make) ?? [make.constant(1), last]
  if (asThinProduct(product)?.[0].does.kind !== 'input') return undefined
  return [rest, kernel === 'Add' ? s : make.neg(s), product]
}

export const splittingDistanceRules = ruleTable<ReadonlyArray<ProductRule>>([
  /** |x + s · u B − m|² = |x − m|² + s · (s · |u B|² + 2 · ⟨u B, x⟩) − 2 · s · ⟨u B, m⟩, u an input */
  (x, matrix, make) => {
    const found = asSumWithThinProduct(x, make)
    if (found === undefined) return undefined
    const [rest, s, moved] = found
    const last = [x.shape.length - 1]
    const { add, mul } = make
    const square = mul(s, make.sum(make.square(moved), last))
    const cross = make.times(2, make.sum(mul(moved, rest), last))
    const perRow = mul(s, add(square, cross))
    const [t, centres] = asScaled(matrix, make) ?? [make.constant(1), matrix]
    const perCentre = mul(mul(make.times(2, s), make.reshaped(t, [])), make.product(moved, centres, true))
    return add(make.distances(rest, matrix), make.sub(perRow, perCentre))
  }
])

export const splittingSumRules = ruleTable<ReadonlyArray<FoldRule>>([
  /** Σ (u B)² = ⟨u, u (B Bᵀ)⟩ */
  (x, axes, make) => {
    const found = isKernel(x, 'Square') && axes.join() === `${x.shape.length - 1}` ? asThinProduct(x.ins[0]) : undefined
    if (found === undefined) return undefined
    const [u, matrix, transposed] = found
    const inner = transposed ? make.flipped(matrix) : matrix
    const gram = make.product(inner, inner, true)
    return make.sum(make.mul(u, make.product(u, gram, false)), axes)
  },
  /** ⟨u B, x + s · v C⟩ = ⟨u, x Bᵀ⟩ + s · ⟨u B, v C⟩, v an input */
  ruleOfProducts((p, y, { x, axes }, make) => {
    const found = axes.join() === `${x.shape.length - 1}` ? asThinProduct(p) : undefined
    if (found === undefined || y.scope === 'once' || !sameShape(p.shape, y.shape)) return undefined
    const [u, matrix, transposed] = found
    const split = asSumWithThinProduct(y, make)
    const along = (z: GraphNode): GraphNode => make.sum(make.mul(p, z), axes)
    return split === undefined
      ? make.sum(make.mul(u, make.product(y, matrix, !transposed)), axes)
      : make.add(along(split[0]), make.mul(split[1], along(split[2])))
  })
])

export const splittingRowDotRules = ruleTable<ReadonlyArray<ProductRule>>([
  /** Σ_rows x (y + u B)ᵀ = Σ_rows x yᵀ + (Σ_rows x uᵀ) B, except for squares, which would cancel */
  (a, b, make) => {
    if (isGram(a, b)) return undefined
    const left = thinSumTerms(a, make)
    const right = thinSumTerms(b, make)
    return right
      ? make.entrywise(right[0], [make.rowDot(a, right[1]), make.rowDot(a, right[2])])
      : left && make.entrywise(left[0], [make.rowDot(left[1], b), make.rowDot(left[2], b)])
  }
])
