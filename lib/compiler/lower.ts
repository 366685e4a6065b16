/**
 * Phase 2: lowering, from a trace to a graph of few kinds of nodes. The axis of the rows becomes the scope of a node; broadcast values are
 * not expanded. Refuses operations that would mix rows, or need a second pass over them.
 */
import { sortedAxes, axisOf, productOfSizes, type Dense } from '../kernels/dense.js'
import { shapeText as list } from '../arrays/ndarray.js'
import { computeKernel, operations } from '../kernels/index.js'
import { type LoweringKind } from '../kernels/operation.js'
import {
  sameShape,
  nodeWidth,
  type Algebra,
  type Attrs,
  type FoldOperation,
  type GraphNode,
  type Shape
} from './graph.js'
import { flagAttribute, numberAttribute, numbersAttribute, paddingsOf, plainAttrs } from './attributes.js'
import { refuseToCompile, Refusal } from './refusal.js'
import { type RowCount, type Counts, type FunctionTrace, type TracedNode } from './trace.js'
import { unfoldTrace } from './unfold.js'
import { constantEntries } from './zeros.js'

/** Tensor of the trace with its node; `row` is the index of the rows' axis, −1 if none. */
interface LoweredValue {
  readonly shape: Shape
  readonly row: number
  /** Axes of `shape` without that of the rows, each of equal length or 1 (broadcast). */
  readonly node: GraphNode
}

type LoweredOperands = Readonly<Record<string, LoweredValue>>

interface LoweringContext {
  readonly rows: number
  readonly make: Algebra
}

type LoweringRule = (lowering: LoweringContext, traced: TracedNode, operands: LoweredOperands) => LoweredValue

export interface Lowered {
  readonly value: GraphNode | undefined
  readonly gradient: Readonly<Record<string, GraphNode>>
  readonly others: Readonly<Record<string, GraphNode>>
}

// —— the axis of the rows ——

/** Shape without an axis; unchanged if the axis is −1. */
const withoutAxis = (shape: Shape, at: number): Shape => (at < 0 ? shape : shape.filter((_, i) => i !== at))
const insertAxis = (shape: Shape, at: number, length: number): Shape =>
  at < 0 ? shape : [...shape.slice(0, at), length, ...shape.slice(at)]
const padShape = (shape: Shape, rank: number): Shape => [...new Array<number>(rank - shape.length).fill(1), ...shape]

const innerShape = ({ shape, row }: LoweredValue): Shape => withoutAxis(shape, row)
/** Shape of the node, with size 1 at the axis of the rows. */
const keptShape = ({ node, row }: LoweredValue): Shape => insertAxis(node.shape, row, 1)
/** Index of another axis in the shape for one row. */
const innerAxis = ({ row }: LoweredValue, axis: number): number => (row >= 0 && axis > row ? axis - 1 : axis)
const isOnce = ({ node, row }: LoweredValue): boolean => node.scope === 'once' && row < 0
const stretchedNode = ({ make }: LoweringContext, value: LoweredValue): GraphNode =>
  make.stretched(value.node, innerShape(value))

/** Index of the rows' axis in a shape, −1 if none; refuses two. */
const rowAxis = ({ rows }: LoweringContext, shape: Shape, name: string): number => {
  const at = shape.indexOf(rows)
  if (shape.includes(rows, at + 1))
    refuseToCompile(
      `${name} gives ${list(shape.map(n => (n === rows ? NaN : n))).replaceAll('NaN', 'rows')}, rows against rows`
    )
  return at
}

/** Value of a shape; `of` returns its node, given the shape for one row. */
const shapedValue = (
  lowering: LoweringContext,
  shape: Shape,
  name: string,
  of: (own: Shape, row: number) => GraphNode
): LoweredValue => {
  const row = rowAxis(lowering, shape, name)
  return { shape, row, node: of(withoutAxis(shape, row), row) }
}

/** Value whose entries are all one number. */
const scalarValue = (lowering: LoweringContext, shape: Shape, value: GraphNode, name = 'Fill'): LoweredValue =>
  shapedValue(lowering, shape, name, own =>
    lowering.make.reshaped(
      value,
      own.map(() => 1)
    )
  )

/** Number of axes to which operands are aligned, and the rows' axis (−1 if none). */
interface Alignment {
  readonly rank: number
  readonly row: number
  readonly name: string
}

/** Node with leading axes of size 1, aligned from the right. */
const alignedNode = ({ make }: LoweringContext, value: LoweredValue, { rank, row, name }: Alignment): GraphNode => {
  const gap = rank - value.shape.length
  if (value.row >= 0 && value.row + gap !== row) refuseToCompile(`${name}: the rows meet another axis`)
  const own = padShape(keptShape(value), rank)
  if (row >= 0 && own[row] !== 1) refuseToCompile(`${name}: the rows meet an axis of ${own[row]}`)
  return make.reshaped(value.node, withoutAxis(own, row))
}

const lowerEntrywise = (
  lowering: LoweringContext,
  { kernel, attrs = {} }: { readonly kernel: string; readonly attrs?: Attrs },
  operands: ReadonlyArray<LoweredValue>,
  shape: Shape
): LoweredValue =>
  shapedValue(lowering, shape, kernel, (_, row) =>
    lowering.make.entrywise(
      kernel,
      operands.map(value => alignedNode(lowering, value, { rank: shape.length, row, name: kernel })),
      attrs
    )
  )

/** Reshapes a value; refuses if the rows do not remain an axis. */
const lowerReshape = (lowering: LoweringContext, value: LoweredValue, shape: Shape): LoweredValue => {
  if (nodeWidth(value.node) === 1 && value.node.scope === 'once')
    return scalarValue(lowering, shape, value.node, 'Reshape')
  const { make, rows } = lowering
  return shapedValue(lowering, shape, 'Reshape', (to, row) => {
    const before = (all: Shape, at: number): number => productOfSizes(all.slice(0, at))
    if (row >= 0 !== value.row >= 0 || (row >= 0 && before(shape, row) !== before(value.shape, value.row)))
      refuseToCompile(`Reshape from ${list(value.shape)} to ${list(shape)} at ${rows} rows mixes them`)
    const from = innerShape(value)
    const long = (all: Shape): Shape => all.filter(n => n !== 1)
    if (!sameShape(long(from), long(to))) return make.reshaped(stretchedNode(lowering, value), to)
    // only axes of size 1 are added or removed
    const sizes = value.node.shape.filter((_, i) => from[i] !== 1)
    let at = 0
    return make.reshaped(
      value.node,
      to.map(n => (n === 1 ? 1 : sizes[at++]))
    )
  })
}

const foldKind = (kernel: string): FoldOperation => {
  const { lowering } = operations[kernel]
  return lowering?.kind === 'fold' ? lowering.fold : refuseToCompile(`${kernel} is no reduction`)
}

const rowCountNode = ({ make }: LoweringContext): GraphNode => make.node({ kind: 'count' }, [], [], 'once')

/** Reduces a node over the rows, after its other axes. */
const reduceOverRows = (lowering: LoweringContext, name: string, x: GraphNode): GraphNode => {
  const { make } = lowering
  const op = foldKind(name)
  if (op === 'Max' || op === 'Min') return x.scope === 'once' ? x : refuseToCompile(`${name} over the rows`)
  const all = x.scope === 'once' ? x : make.rowSum(x)
  const rows = rowCountNode(lowering)
  if (name === 'Mean') return x.scope === 'once' ? all : make.div(all, rows)
  return x.scope === 'once' ? make.mul(all, rows) : all
}

const lowerReduction = (
  lowering: LoweringContext,
  { kernel: name, attrs }: { readonly kernel: string; readonly attrs: object },
  value: LoweredValue,
  shape: Shape
): LoweredValue => {
  const { make } = lowering
  const axes = sortedAxes(numbersAttribute(attrs, 'axis', 'reductionIndices'), value.shape.length, name)
  const op = foldKind(name)
  const isLogical = name === 'All' || name === 'Any'
  const truth = isLogical ? make.entrywise('NotEqual', [value.node, make.constant(0)]) : value.node
  const own = axes.filter(i => i !== value.row).map(i => innerAxis(value, i))
  const sizes = innerShape(value)
  // a sum over a broadcast axis is a multiple
  const isStretched = (i: number): boolean => (truth.shape[i] ?? 1) === 1
  const repeats = op === 'Sum' ? productOfSizes(own.filter(isStretched).map(i => sizes[i])) : 1
  const count = name === 'Mean' ? productOfSizes(own.map(i => sizes[i])) : 1
  const folded = make.reduce(
    op,
    truth,
    own.filter(i => !isStretched(i))
  )
  const scaled = make.times(repeats / count, folded)
  const isOverRows = axes.includes(value.row)
  const result = isOverRows ? reduceOverRows(lowering, name, scaled) : scaled
  const node = make.reshaped(result, isOverRows ? insertAxis(result.shape, value.row, 1) : result.shape)
  const sides = value.shape.map((n, i) => (axes.includes(i) ? 1 : n))
  return lowerReshape(lowering, { shape: sides, row: isOverRows ? -1 : value.row, node }, shape)
}

/** Σ of x yᵀ over the rows and the repeats of each; a factor that repeats share is multiplied by the sum of the other. */
const rowDots = (make: Algebra, x: GraphNode, y: GraphNode, repeats: number): GraphNode => {
  const isShared = (node: GraphNode): boolean => node.shape[0] === 1
  const flat = (node: GraphNode): GraphNode =>
    make.reshaped(isShared(node) ? node : make.sum(node, [0]), [node.shape[1]])
  if (isShared(x) && isShared(y)) return make.times(repeats, make.rowDot(flat(x), flat(y)))
  return isShared(x) || isShared(y) ? make.rowDot(flat(x), flat(y)) : make.rowDot(x, y)
}

const multiplyByEntries = (lowering: LoweringContext, a: LoweredValue, b: LoweredValue, shape: Shape): LoweredValue => {
  const wide = shape.at(-1) ?? 1
  const high = shape.at(-2) ?? 1
  const ranks = Math.max(a.shape.length, b.shape.length) + 1
  const spread = (value: LoweredValue, at: number): LoweredValue =>
    lowerReshape(lowering, value, insertAxis(padShape(value.shape, ranks - 1), ranks + at, 1))
  const x = spread(a, -1)
  const y = spread(b, -3)
  const full = [...shape.slice(0, -2), high, a.shape.at(-1) ?? 1, wide]
  const products = lowerEntrywise(lowering, { kernel: 'Multiply' }, [x, y], full)
  return lowerReduction(lowering, { kernel: 'Sum', attrs: { axis: [full.length - 2] } }, products, shape)
}

/** Factors of a matrix product, with the roles of their last two axes. */
interface MatrixFactors {
  readonly a: LoweredValue
  readonly b: LoweredValue
  readonly turnA: boolean
  readonly turnB: boolean
  /** Summed axis of a, counted from the end: −1 or −2. */
  readonly k: number
  /** Kept axis of a. */
  readonly m: number
  /** Summed axis of b. */
  readonly q: number
  /** Kept axis of b. */
  readonly n: number
}

const isSingleMatrix = ({ shape }: LoweredValue): boolean => shape.slice(0, -2).every(n => n === 1)

/** Axis of the rows, counted from the end; null if none. */
const rowAxisFromEnd = ({ shape, row }: LoweredValue): number | null => (row < 0 ? null : row - shape.length)

/** Product over the rows, or of rows and a shared matrix; otherwise undefined. */
const lowerProductOfRows = (
  lowering: LoweringContext,
  { a, b, turnA, turnB, k, m, q, n }: MatrixFactors,
  shape: Shape,
  row: number
): LoweredValue | undefined => {
  const { make } = lowering
  const [ra, rb] = [a, b].map(rowAxisFromEnd)
  const valueOf = (result: GraphNode): LoweredValue => ({
    shape,
    row,
    node: make.reshaped(result, withoutAxis(shape, row))
  })
  const expanded = (value: LoweredValue, own: Shape): GraphNode => make.reshaped(stretchedNode(lowering, value), own)
  const isOfLines = ra === m ? isSingleMatrix(a) || !turnA : !turnA
  if (ra !== null && ra !== k && isOnce(b) && isSingleMatrix(b) && isOfLines) {
    const matrix = expanded(b, b.shape.slice(-2))
    // other broadcast axes are not expanded
    const lines = make.stretched(a.node, [...a.node.shape.slice(0, -1), a.shape.at(k) ?? 1])
    const result = make.product(lines, matrix, turnB)
    return { shape, row, node: make.reshaped(result, padShape(result.shape, shape.length - 1)) }
  }
  // matrix · rows, transposed
  if (rb === n && isOnce(a) && isSingleMatrix(a) && isSingleMatrix(b)) {
    const vector = expanded(b, [b.shape.at(q) ?? 1])
    return valueOf(make.product(vector, expanded(a, a.shape.slice(-2)), !turnA))
  }
  if (ra === k && rb === q && isSingleMatrix(a) && isSingleMatrix(b)) {
    const x = expanded(a, [a.shape.at(m) ?? 1])
    const y = expanded(b, [b.shape.at(n) ?? 1])
    return valueOf(make.rowDot(x, y))
  }
  // over the rows and the adjacent axis, along which they were repeated
  const isRepeated = (value: LoweredValue, along: number, kept: number): boolean =>
    value.row === 0 && value.shape.length === 3 && along === -2 && kept === -1
  if (isRepeated(a, k, m) && isRepeated(b, q, n) && shape.length === 2) {
    const lines = ({ node }: LoweredValue, wide: number): GraphNode =>
      make.stretched(node, [node.shape.at(0) ?? 1, wide])
    return valueOf(rowDots(make, lines(a, a.shape[2]), lines(b, b.shape[2]), a.shape[1]))
  }
  return undefined
}

const lowerProductPerCall = (
  lowering: LoweringContext,
  { a, b, turnA, turnB }: MatrixFactors,
  attrs: object,
  shape: Shape
): LoweredValue => {
  const { make } = lowering
  const x = stretchedNode(lowering, a)
  const y = stretchedNode(lowering, b)
  if (x.scope !== 'once' || y.scope !== 'once') return refuseToCompile('a product whose rows are none')
  const isVersioned = (make.varies(x) || make.varies(y)) && x.shape.length === 2 && y.shape.length === 2
  const node = isVersioned
    ? make.product(turnA ? make.flipped(x) : x, y, turnB)
    : make.node({ kind: 'kernel', kernel: 'BatchMatMul', attrs: plainAttrs(attrs), output: 0 }, [x, y], shape, 'once')
  const row = rowAxis(lowering, shape, 'BatchMatMul')
  return { shape, row, node: make.reshaped(node, withoutAxis(shape, row)) }
}

const transposeLast = (lowering: LoweringContext, value: LoweredValue): LoweredValue => {
  const rank = value.shape.length
  return lowerTranspose(lowering, value, [...value.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2))
}

/** [..., m, k] · [..., k, n]; the rows are m, n, k or an axis before. */
const lowerMatMul = (
  lowering: LoweringContext,
  { a, b }: { readonly a: LoweredValue; readonly b: LoweredValue },
  attrs: object,
  shape: Shape
): LoweredValue => {
  const turnA = flagAttribute(attrs, 'transposeA')
  const turnB = flagAttribute(attrs, 'transposeB')
  const row = rowAxis(lowering, shape, 'BatchMatMul')
  const [k, m] = turnA ? [-2, -1] : [-1, -2]
  const [q, n] = turnB ? [-1, -2] : [-2, -1]
  // a sum of no terms
  if (a.shape.at(k) === 0) return scalarValue(lowering, shape, lowering.make.constant(0))
  const factors: MatrixFactors = { a, b, turnA, turnB, k, m, q, n }
  const ofRows = lowerProductOfRows(lowering, factors, shape, row)
  if (ofRows !== undefined) return ofRows
  if (a.row < 0 && b.row < 0) return lowerProductPerCall(lowering, factors, attrs, shape)
  const x = turnA ? transposeLast(lowering, a) : a
  const y = turnB ? transposeLast(lowering, b) : b
  return multiplyByEntries(lowering, x, y, shape)
}

/** |x − s c|² for all pairs of rows x and c, with one number s, or one per row. Expanded squares would cancel far from 0. */
const lowerDistances: LoweringRule = (lowering, { shape }, { x, centres, scale }) => {
  const { make } = lowering
  if (x.row === 0 && isOnce(centres) && scale.node.scope === 'once' && nodeWidth(scale.node) === 1) {
    const matrix = make.mul(make.reshaped(scale.node, []), stretchedNode(lowering, centres))
    return { shape, row: 0, node: make.distances(stretchedNode(lowering, x), matrix) }
  }
  const [n, d] = x.shape
  const [k] = centres.shape
  const spread = (value: LoweredValue, at: number): LoweredValue =>
    lowerReshape(lowering, value, insertAxis(value.shape, at, 1))
  const s = spread(scale, 1)
  const scaled = lowerEntrywise(lowering, { kernel: 'Multiply' }, [s, spread(centres, 0)], [s.shape[0], k, d])
  const apart = lowerEntrywise(lowering, { kernel: 'Sub' }, [spread(x, 1), scaled], [n, k, d])
  const squares = lowerEntrywise(lowering, { kernel: 'Square' }, [apart], [n, k, d])
  return lowerReduction(lowering, { kernel: 'Sum', attrs: { axis: [2] } }, squares, shape)
}

// —— entries that are moved ——

const lowerTranspose = ({ make }: LoweringContext, value: LoweredValue, order: ReadonlyArray<number>): LoweredValue => {
  const shape = order.map(i => value.shape[i])
  const row = value.row < 0 ? -1 : order.indexOf(value.row)
  const own = keptShape(value)
  const turned = withoutAxis(
    order.map(i => own[i]),
    row
  )
  const moved = order.filter(i => own[i] !== 1)
  if (moved.every((i, at) => at === 0 || moved[at - 1] < i))
    return { shape, row, node: make.reshaped(value.node, turned) }
  const ids = Float64Array.from({ length: nodeWidth(value.node) }, (_, i) => i)
  const { values } = computeKernel('Transpose', { x: { shape: own, dtype: 'float32', values: ids } }, { perm: order })
  return { shape, row, node: make.pick([value.node], Array.from(values), turned) }
}

/** Concatenates parts that are broadcast along another axis, without expanding it; otherwise undefined. */
const concatUnstretched = (
  lowering: LoweringContext,
  traced: TracedNode,
  operands: LoweredOperands
): LoweredValue | undefined => {
  const { kernel, attrs, shape } = traced
  const axis = axisOf(numberAttribute(attrs, 'axis', 0), shape.length, kernel)
  const row = rowAxis(lowering, shape, kernel)
  const own = Object.values(operands).map(keptShape)
  const along = shape.flatMap((n, i) =>
    n > 1 && i !== axis && i !== row && own.every(sizes => sizes[i] === 1) ? [i] : []
  )
  if (along.length === 0) return undefined
  const unstretched = (sizes: Shape): Shape => sizes.map((n, i) => (along.includes(i) ? 1 : n))
  const parts = Object.entries(operands).map(
    ([name, value]) => [name, { ...value, shape: unstretched(value.shape) }] as const
  )
  return {
    shape,
    row,
    node: lowerMove(lowering, { ...traced, shape: unstretched(shape) }, Object.fromEntries(parts)).node
  }
}

/** Attributes of an operation that moves entries, with size 1 at the rows' axis `at`; refuses to move rows. */
const attributesWithoutRows = ({ kernel, attrs }: TracedNode, shape: Shape, at: number): object => {
  const refuse = (): never => refuseToCompile(`${kernel} along the rows`)
  const atRow = (values: Shape): Shape => values.map((n, i) => (i === at ? 1 : n))
  const rank = shape.length
  switch (kernel) {
    case 'Slice': {
      const begin = shape.map((_, i) => numbersAttribute(attrs, 'begin')[i] ?? 0)
      const asked = numbersAttribute(attrs, 'size')
      const size = shape.map((length, i) => ((asked[i] ?? -1) < 0 ? length - begin[i] : asked[i]))
      return begin[at] === 0 && size[at] === shape[at] ? { begin, size: atRow(size) } : refuse()
    }
    case 'PadV2':
      return paddingsOf(attrs)[at].every(n => n === 0) ? attrs : refuse()
    case 'FromTriangle':
    case 'ToTriangle':
      return at < rank - (kernel === 'ToTriangle' ? 2 : 1) ? attrs : refuse()
    case 'Tile':
      return numbersAttribute(attrs, 'reps')[at] === 1 ? attrs : refuse()
    default:
      return axisOf(numberAttribute(attrs, 'axis', 0), rank, kernel) !== at ? attrs : refuse()
  }
}

/** Lowers an operation that moves entries to a pick; the kernel computes its table. */
const lowerMove: LoweringRule = (lowering, traced, operands) => {
  const { kernel, attrs, shape, output } = traced
  const stays = kernel === 'Concat' ? concatUnstretched(lowering, traced, operands) : undefined
  if (stays !== undefined) return stays
  const { make } = lowering
  return shapedValue(lowering, shape, kernel, (to, row) => {
    const { indices, ...sources } = operands
    const own = Object.values(sources)
    if (own.some(value => value.row >= 0) && row < 0) return refuseToCompile(`${kernel} takes some of the rows`)
    const parts = own.map(value => stretchedNode(lowering, value))
    const at = own[0]?.row ?? -1
    const adjusted = at < 0 ? attrs : attributesWithoutRows(traced, own[0].shape, at)
    let count = 0
    const dense: Record<string, Dense> = {}
    for (const [name, value] of Object.entries(sources)) {
      const sides = value.shape.map((n, i) => (i === value.row ? 1 : n))
      const values = Float64Array.from({ length: productOfSizes(sides) }, () => count++)
      dense[name] = { shape: sides, dtype: 'float32', values }
    }
    if ((indices as LoweredValue | undefined) !== undefined) {
      const same =
        constantEntries(stretchedNode(lowering, indices)) ?? refuseToCompile(`${kernel} by indices that are computed`)
      dense.indices = { ...same, shape: indices.shape }
    }
    const way = operations[kernel].lowering
    const isPadding = way?.kind === 'move' && way.pads
    const { values } = computeKernel(kernel, dense, isPadding ? { ...adjusted, constantValue: -1 } : adjusted, output)
    if (isPadding) parts.push(make.constant(numberAttribute(attrs, 'constantValue', 0)))
    const table = Array.from(values, i => (i < 0 ? count : i))
    return make.pick(parts, table, to)
  })
}

/** Lowers a repetition; along axes of size 1 it is a broadcast. */
const lowerTile: LoweringRule = (lowering, traced, operands) => {
  const { shape } = traced
  const { x } = operands
  return x.shape.every((n, i) => n === 1 || n === shape[i])
    ? shapedValue(lowering, shape, 'Tile', (_, row) => lowering.make.reshaped(x.node, withoutAxis(keptShape(x), row)))
    : lowerMove(lowering, traced, operands)
}

// —— kernels of their own ——

const lowerAlongAxis: LoweringRule = (lowering, { kernel, attrs, shape, output }, { x }) => {
  const at = axisOf(numberAttribute(attrs, 'axis', 0), x.shape.length, kernel)
  if (at === x.row) return refuseToCompile(`${kernel} along the rows`)
  const own = { ...plainAttrs(attrs), axis: innerAxis(x, at) }
  return shapedValue(lowering, shape, kernel, sides => {
    const whose = stretchedNode(lowering, x)
    return lowering.make.node({ kind: 'kernel', kernel, attrs: own, output }, [whose], sides, whose.scope)
  })
}

/** Lowers a kernel on the matrices of the last two axes to one node; refuses matrices along the rows' axis. */
const lowerMatrixKernel: LoweringRule = (lowering, { kernel, attrs, shape }, operands) => {
  const all = Object.values(operands)
  if (all.some(value => value.row >= value.shape.length - 2)) return refuseToCompile(`${kernel} along the rows`)
  return shapedValue(lowering, shape, kernel, (own, row) => {
    const rank = shape.length
    const ins = all.map(value =>
      lowering.make.stretched(
        alignedNode(lowering, value, { rank, row, name: kernel }),
        withoutAxis(padShape(value.shape, rank), row)
      )
    )
    const scope = ins.every(({ scope }) => scope === 'once') ? 'once' : 'rows'
    return lowering.make.node({ kind: 'kernel', kernel, attrs: plainAttrs(attrs), output: 0 }, ins, own, scope)
  })
}

const lowerSoftmax =
  ({ attribute, isLog }: { readonly attribute: string; readonly isLog: boolean }): LoweringRule =>
  (lowering, { attrs }, operands) => {
    const [x] = Object.values(operands)
    const { entrywise, sub, div, reduce } = lowering.make
    const at = axisOf(numberAttribute(attrs, attribute, -1), x.shape.length, 'softmax')
    if (at === x.row) refuseToCompile('Softmax over the rows')
    const of = [innerAxis(x, at)]
    const own = stretchedNode(lowering, x)
    const shifted = sub(own, reduce('Max', own, of))
    const e = entrywise('Exp', [shifted])
    const total = reduce('Sum', e, of)
    const node = isLog ? sub(shifted, entrywise('Log', [total])) : div(e, total)
    return { ...x, node }
  }

const arrayValue = ({ make }: LoweringContext, shape: Shape, values: ArrayLike<number>): LoweredValue => ({
  shape,
  row: -1,
  node: make.node({ kind: 'array', values: Float64Array.from(values) }, [], shape, 'once')
})

// —— by computed indices ——

const lowerOneHot = (lowering: LoweringContext, indices: LoweredValue, depth: number): LoweredValue => {
  const digits = arrayValue(lowering, [depth], [...new Array<never>(depth).keys()])
  const { shape } = indices
  return lowerEntrywise(
    lowering,
    { kernel: 'Equal' },
    [lowerReshape(lowering, indices, [...shape, 1]), digits],
    [...shape, depth]
  )
}

const lowerFlatten = (lowering: LoweringContext, x: LoweredValue): LoweredValue =>
  lowerReshape(lowering, x, [x.shape[0], productOfSizes(x.shape.slice(1))])

/** Rows of a table at computed indices: one-hot matrix · table. */
const lowerGather: LoweringRule = (lowering, { attrs, shape }, { x, indices }) => {
  const isPlain =
    isOnce(x) &&
    axisOf(numberAttribute(attrs, 'axis', 0), x.shape.length, 'gather') === 0 &&
    numberAttribute(attrs, 'batchDims', 0) === 0
  if (!isPlain || indices.shape.length !== 1) return refuseToCompile('GatherV2 by indices that are computed')
  const ones = lowerOneHot(lowering, indices, x.shape[0])
  const table = lowerFlatten(lowering, x)
  return lowerReshape(
    lowering,
    lowerMatMul(lowering, { a: ones, b: table }, {}, [...indices.shape, table.shape[1]]),
    shape
  )
}

/** Maximum number of entries picked per row, each by code of its own. */
const MAX_PICKED_PER_ROW = 1024
/** Maximum number of entries picked once per call. */
const MAX_PICKED_PER_CALL = 100_000

/**
 * Segment sums for known segments, picked into lists of equal length, padded with zeros, so nothing is multiplied by 0. Undefined if too
 * many entries would be picked.
 */
const lowerKnownSegments = (
  lowering: LoweringContext,
  ids: ReadonlyArray<number>,
  x: LoweredValue,
  segments: number
): LoweredValue | undefined => {
  const { make } = lowering
  const own = Array.from({ length: segments }, (_, s) => ids.flatMap((id, at) => (id === s ? [at] : [])))
  const most = own.reduce((n, { length }) => Math.max(n, length), 1)
  const rest = x.shape.slice(1)
  const wide = productOfSizes(withoutAxis(rest, x.row - 1))
  if (segments * most * wide > (x.node.scope === 'rows' ? MAX_PICKED_PER_ROW : MAX_PICKED_PER_CALL)) return undefined
  const parts = [stretchedNode(lowering, x), make.constant(0)]
  const none = ids.length * wide
  const table = own.flatMap(all =>
    Array.from({ length: most * wide }, (_, at) => {
      const term = Math.floor(at / wide)
      return term < all.length ? all[term] * wide + (at % wide) : none
    })
  )
  const row = x.row < 0 ? -1 : x.row + 1
  const node = make.pick(parts, table, withoutAxis([segments, most, ...rest], row))
  const terms = { shape: [segments, most, ...rest], row, node }
  return lowerReduction(lowering, { kernel: 'Sum', attrs: { axis: [1] } }, terms, [segments, ...rest])
}

const lowerSegmentSum: LoweringRule = (lowering, { attrs, shape }, { x, segmentIds }) => {
  if (segmentIds.shape.length !== 1) return refuseToCompile('UnsortedSegmentSum by indices of several axes')
  const segments = numberAttribute(attrs, 'numSegments', 0)
  const ids = constantEntries(stretchedNode(lowering, segmentIds))
  const picked =
    ids === null || x.row === 0 ? undefined : lowerKnownSegments(lowering, Array.from(ids.values), x, segments)
  if (picked !== undefined) return picked
  const ones = lowerOneHot(lowering, segmentIds, segments)
  const terms = lowerFlatten(lowering, x)
  return lowerReshape(
    lowering,
    lowerMatMul(lowering, { a: ones, b: terms }, { transposeA: true }, [segments, terms.shape[1]]),
    shape
  )
}

// —— each kernel ——

const lowerEntrywiseKernel: LoweringRule = (lowering, { kernel, attrs, shape }, operands) =>
  lowerEntrywise(lowering, { kernel, attrs: plainAttrs(attrs) }, Object.values(operands), shape)

const lowerFold: LoweringRule = (lowering, { kernel, attrs, shape }, { x }) =>
  lowerReduction(lowering, { kernel, attrs }, x, shape)

const lowerView: LoweringRule = (lowering, { shape }, operands) =>
  lowerReshape(lowering, Object.values(operands)[0], shape)

const lowerConstant =
  (value: (traced: TracedNode) => number): LoweringRule =>
  (lowering, traced) =>
    scalarValue(lowering, traced.shape, lowering.make.constant(value(traced)))

/** Lowers a kernel without operands to an array; refuses as many entries as rows. */
const lowerGenerated: LoweringRule = (lowering, { kernel, attrs, shape }) =>
  shape[0] === lowering.rows
    ? refuseToCompile(`${kernel} numbers the rows`)
    : arrayValue(lowering, shape, computeKernel(kernel, {}, attrs).values)

const RULES_BY_KIND: Readonly<Record<LoweringKind['kind'], LoweringRule>> = {
  entries: lowerEntrywiseKernel,
  fold: lowerFold,
  move: lowerMove,
  view: lowerView,
  axis: lowerAlongAxis,
  matrices: lowerMatrixKernel
}

const LOWERING_RULES: Readonly<Record<string, LoweringRule>> = {
  ...Object.fromEntries(
    Object.entries(operations).flatMap(([name, { lowering }]) =>
      lowering ? [[name, RULES_BY_KIND[lowering.kind]]] : []
    )
  ),
  AddN: (lowering, { shape }, operands) =>
    Object.values(operands).reduce((sum, value) => lowerEntrywise(lowering, { kernel: 'Add' }, [sum, value], shape)),
  Array: (lowering, { shape, values }) =>
    rowAxis(lowering, shape, 'Array') >= 0
      ? refuseToCompile(`an array ${list(shape)} of as many rows as the trace has`)
      : arrayValue(lowering, shape, values ?? []),
  BatchMatMul: (lowering, { attrs, shape }, { a, b }) => lowerMatMul(lowering, { a, b }, attrs, shape),
  Cast: (lowering, traced, { x }) => {
    const { constant, entrywise } = lowering.make
    if (traced.dtype === 'bool')
      return lowerEntrywise(lowering, { kernel: 'NotEqual' }, [x, scalarValue(lowering, [], constant(0))], traced.shape)
    if (traced.dtype === 'float32' || traced.inputs.x.dtype !== 'float32') return x
    // truncation towards zero
    const below = entrywise('Ceil', [x.node])
    const above = entrywise('Floor', [x.node])
    return { ...x, node: entrywise('Select', [entrywise('Less', [x.node, constant(0)]), below, above]) }
  },
  Fill: lowerConstant(({ attrs }) => numberAttribute(attrs, 'value', 0)),
  GatherV2: (lowering, traced, operands) => {
    const isKnown = constantEntries(operands.indices.node) !== null
    return (isKnown ? lowerMove : lowerGather)(lowering, traced, operands)
  },
  Identity: (_, __, { x }) => x,
  Input: (lowering, { name = '', isParameter, shape }) =>
    shapedValue(lowering, shape, 'Input', (own, row) =>
      lowering.make.node(
        { kind: 'input', name, ...(isParameter && { isParameter }) },
        [],
        own,
        row === 0 ? 'rows' : 'once'
      )
    ),
  LogSoftmax: lowerSoftmax({ attribute: 'axis', isLog: true }),
  Number: lowerConstant(({ values }) => Number(values?.[0])),
  OneHot: (lowering, { attrs }, { indices }) => {
    const { constant, entrywise } = lowering.make
    const hit = lowerOneHot(lowering, indices, numberAttribute(attrs, 'depth', 0))
    const on = numberAttribute(attrs, 'onValue', 1)
    const off = numberAttribute(attrs, 'offValue', 0)
    return on === 1 && off === 0 ? hit : { ...hit, node: entrywise('Select', [hit.node, constant(on), constant(off)]) }
  },
  Range: lowerGenerated,
  Softmax: lowerSoftmax({ attribute: 'dim', isLog: false }),
  SquaredDistances: lowerDistances,
  Tile: lowerTile,
  Transpose: (lowering, { attrs }, { x }) => lowerTranspose(lowering, x, numbersAttribute(attrs, 'perm')),
  UnsortedSegmentSum: lowerSegmentSum,
  WithDerivative: (_, __, { value }) => value,
  ZerosLike: lowerConstant(() => 0)
}

const rowCountValue = (lowering: LoweringContext, { multiple, isInverse }: RowCount, shape: Shape): LoweredValue => {
  const { make } = lowering
  const rows = make.times(multiple, rowCountNode(lowering))
  return scalarValue(lowering, shape, isInverse ? make.reciprocal(rows) : rows)
}

const liveNodes = ({ value, gradient, others }: FunctionTrace): ReadonlySet<TracedNode> => {
  const live = new Set<TracedNode>()
  const pending = [value, ...Object.values(gradient), ...Object.values(others)]
  while (pending.length > 0) {
    const traced = pending.pop()
    if (traced === undefined || live.has(traced)) continue
    live.add(traced)
    pending.push(...Object.values(traced.inputs))
  }
  return live
}

const mapToNodes = <A>(
  record: Readonly<Record<string, A>>,
  of: (a: A, name: string) => GraphNode
): Readonly<Record<string, GraphNode>> =>
  Object.fromEntries(Object.entries(record).map(([name, a]) => [name, of(a, name)]))

/** Lowers a trace to nodes of `make`. `found` are its multiples of the number of rows. */
export const lower = (written: FunctionTrace, found: Counts, make: Algebra): Lowered => {
  const { trace, counts } = unfoldTrace(written, found)
  const lowering: LoweringContext = { rows: trace.rows, make }
  const known = new Map<TracedNode, LoweredValue>()
  const of = (traced: TracedNode): LoweredValue => known.get(traced) ?? refuseToCompile('an op before its inputs')
  const lowered = (traced: TracedNode): LoweredValue => {
    const { kernel, inputs, shape } = traced
    const operands = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, of(input)]))
    const count = counts.get(traced)
    if (count !== undefined) return rowCountValue(lowering, count, shape)
    return kernel in LOWERING_RULES
      ? LOWERING_RULES[kernel](lowering, traced, operands)
      : refuseToCompile(`${kernel} has no code`)
  }
  // nodes on which no output depends cannot cause a refusal
  const live = liveNodes(trace)
  trace.nodes.forEach((traced, i) => {
    if (!live.has(traced)) return
    try {
      known.set(traced, lowered(traced))
    } catch (error) {
      if (error instanceof Refusal)
        refuseToCompile(`${error.message} (number ${i} of its operations, ${traced.kernel})`)
      throw error
    }
  })

  const output = (traced: TracedNode): GraphNode => {
    const value = of(traced)
    if (value.row > 0) refuseToCompile('an output whose rows are not its first axis')
    const full = stretchedNode(lowering, value)
    if (value.row < 0) return full
    // a value that all rows share
    return full.scope === 'rows' ? full : refuseToCompile('an output that is the same for all rows')
  }
  const shapeOf = (input: string): Shape =>
    trace.nodes.find(({ kernel, name }) => kernel === 'Input' && name === input)?.shape ?? []
  return {
    value: trace.value && output(trace.value),
    gradient: mapToNodes(trace.gradient, (traced, name) =>
      traced === undefined ? make.stretched(make.constant(0), shapeOf(name)) : output(traced)
    ),
    others: mapToNodes(trace.others, output)
  }
}
