/**
 * Phase 2. Lowering: from a trace to a graph of few kinds of nodes. The axis of the rows, wherever it stands, becomes a node's place;
 * what a trace stretches stays small; ops that only move entries become one kind of node, ops with the same meaning the
 * same nodes. What would mix rows, or pass over them twice, is refused.
 */
import { sortedAxes, axisOf, productOfSizes, type Dense } from '../kernels/dense.js'
import { shapeText as list } from '../arrays/ndarray.js'
import { computeKernel, operations } from '../kernels/index.js'
import { type LoweringKind } from '../kernels/operation.js'
import { sameShape, nodeWidth, type Attrs, type FoldOperation, type GraphNode, type Shape } from './graph.js'
import { type Algebra } from './algebra.js'
import { flagAttribute, numberAttribute, numbersAttribute, paddingsOf, plainAttrs } from './attributes.js'
import { refuseToCompile, Refusal } from './refusal.js'
import { type RowCount, type Counts, type FunctionTrace, type TracedNode } from './trace.js'
import { unfoldTrace } from './unfold.js'
import { constantEntries } from './zeros.js'

/** A tensor of the trace: its shape there, which axis is that of the rows (−1 for none), and a node that stretches to it. */
interface LoweredValue {
  readonly shape: Shape
  readonly row: number
  /** Of as many axes as `shape` has beside that of the rows, each as long or 1. */
  readonly node: GraphNode
}

type LoweredOperands = Readonly<Record<string, LoweredValue>>

/** What lowers an op: how many rows the trace has, and what makes the nodes. */
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

const withoutAxis = (shape: Shape, at: number): Shape => (at < 0 ? shape : shape.filter((_, i) => i !== at))
const insertAxis = (shape: Shape, at: number, length: number): Shape =>
  at < 0 ? shape : [...shape.slice(0, at), length, ...shape.slice(at)]
const padShape = (shape: Shape, rank: number): Shape => [...new Array<number>(rank - shape.length).fill(1), ...shape]

const innerShape = ({ shape, row }: LoweredValue): Shape => withoutAxis(shape, row)
/** The shape of a value's node, with an axis of one entry for the rows. */
const keptShape = ({ node, row }: LoweredValue): Shape => insertAxis(node.shape, row, 1)
/** An axis that is not that of the rows, among those beside it. */
const innerAxis = ({ row }: LoweredValue, axis: number): number => (row >= 0 && axis > row ? axis - 1 : axis)
const isOnce = ({ node, row }: LoweredValue): boolean => node.scope === 'once' && row < 0
/** Stretched to its shape, except for the rows. */
const stretchedNode = ({ make }: LoweringContext, value: LoweredValue): GraphNode =>
  make.stretched(value.node, innerShape(value))

const rowAxis = ({ rows }: LoweringContext, shape: Shape, name: string): number => {
  const at = shape.indexOf(rows)
  if (shape.includes(rows, at + 1))
    refuseToCompile(
      `${name} gives ${list(shape.map(n => (n === rows ? NaN : n))).replaceAll('NaN', 'rows')}, rows against rows`
    )
  return at
}

/** A value of this shape, its node made for the axes beside that of the rows. */
const shapedValue = (
  lowering: LoweringContext,
  shape: Shape,
  name: string,
  of: (own: Shape, row: number) => GraphNode
): LoweredValue => {
  const row = rowAxis(lowering, shape, name)
  return { shape, row, node: of(withoutAxis(shape, row), row) }
}

/** One number. */
const scalarValue = (lowering: LoweringContext, shape: Shape, value: GraphNode, name = 'Fill'): LoweredValue =>
  shapedValue(lowering, shape, name, own =>
    lowering.make.reshaped(
      value,
      own.map(() => 1)
    )
  )

/** Aligned from the right, to so many axes, the rows among them at `row`: the node as one of the inner axes. */
const alignedNode = (
  { make }: LoweringContext,
  value: LoweredValue,
  rank: number,
  row: number,
  name: string
): GraphNode => {
  const gap = rank - value.shape.length
  if (value.row >= 0 && value.row + gap !== row) refuseToCompile(`${name}: the rows meet another axis`)
  const own = padShape(keptShape(value), rank)
  if (row >= 0 && own[row] !== 1) refuseToCompile(`${name}: the rows meet an axis of ${own[row]}`)
  return make.reshaped(value.node, withoutAxis(own, row))
}

const lowerEntrywise = (
  lowering: LoweringContext,
  kernel: string,
  operands: ReadonlyArray<LoweredValue>,
  shape: Shape,
  attrs: Attrs = {}
): LoweredValue =>
  shapedValue(lowering, shape, kernel, (_, row) =>
    lowering.make.entrywise(
      kernel,
      operands.map(value => alignedNode(lowering, value, shape.length, row, kernel)),
      attrs
    )
  )

/** The same entries in the same order; the rows must stay an axis. */
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
    // only axes of size 1 come or go: what is stretched stays so
    const sizes = value.node.shape.filter((_, i) => from[i] !== 1)
    let at = 0
    return make.reshaped(
      value.node,
      to.map(n => (n === 1 ? 1 : sizes[at++]))
    )
  })
}

// —— sums and products ——

/** What a reduction folds by. */
const foldKind = (kernel: string): FoldOperation => {
  const { lowering } = operations[kernel]
  return lowering?.kind === 'fold' ? lowering.fold : refuseToCompile(`${kernel} is no reduction`)
}

const rowCountNode = ({ make }: LoweringContext): GraphNode => make.node({ kind: 'count' }, [], [], 'once')

/** A fold of what was folded along the other axes over the rows too. */
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
  name: string,
  value: LoweredValue,
  attrs: object,
  shape: Shape
): LoweredValue => {
  const { make } = lowering
  const axes = sortedAxes(numbersAttribute(attrs, 'axis', 'reductionIndices'), value.shape.length, name)
  const op = foldKind(name)
  const isLogical = name === 'All' || name === 'Any'
  const truth = isLogical ? make.entrywise('NotEqual', [value.node, make.constant(0)]) : value.node
  const own = axes.filter(i => i !== value.row).map(i => innerAxis(value, i))
  const sizes = innerShape(value)
  // a sum of what is stretched is a multiple of it
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

/** Σ over the rows and so many repeats of each: one that all repeats share is met by the sum of the other. */
const rowDots = (make: Algebra, x: GraphNode, y: GraphNode, repeats: number): GraphNode => {
  const isShared = (node: GraphNode): boolean => node.shape[0] === 1
  const flat = (node: GraphNode): GraphNode =>
    make.reshaped(isShared(node) ? node : make.sum(node, [0]), [node.shape[1]])
  if (isShared(x) && isShared(y)) return make.times(repeats, make.rowDot(flat(x), flat(y)))
  return isShared(x) || isShared(y) ? make.rowDot(flat(x), flat(y)) : make.rowDot(x, y)
}

/** Matrices multiplied entry by entry: a sum over k of products. */
const multiplyByEntries = (lowering: LoweringContext, a: LoweredValue, b: LoweredValue, shape: Shape): LoweredValue => {
  const wide = shape.at(-1) ?? 1
  const high = shape.at(-2) ?? 1
  const ranks = Math.max(a.shape.length, b.shape.length) + 1
  const spread = (value: LoweredValue, at: number): LoweredValue =>
    lowerReshape(lowering, value, insertAxis(padShape(value.shape, ranks - 1), ranks + at, 1))
  const x = spread(a, -1)
  const y = spread(b, -3)
  const full = [...shape.slice(0, -2), high, a.shape.at(-1) ?? 1, wide]
  return lowerReduction(
    lowering,
    'Sum',
    lowerEntrywise(lowering, 'Multiply', [x, y], full),
    { axis: [full.length - 2] },
    shape
  )
}

/** [..., m, k] · [..., k, n], the rows being m, n, k or among the axes before. */
const lowerMatMul = (
  lowering: LoweringContext,
  a: LoweredValue,
  b: LoweredValue,
  attrs: object,
  shape: Shape
): LoweredValue => {
  const { make } = lowering
  const turnA = flagAttribute(attrs, 'transposeA')
  const turnB = flagAttribute(attrs, 'transposeB')
  const row = rowAxis(lowering, shape, 'BatchMatMul')
  const isFlat = (value: LoweredValue): boolean => value.shape.slice(0, -2).every(n => n === 1)
  const [ra, rb] = [a, b].map(({ shape, row }) => (row < 0 ? null : row - shape.length))
  const [k, m] = turnA ? [-2, -1] : [-1, -2]
  const [q, n] = turnB ? [-1, -2] : [-2, -1]
  // a sum of no terms
  if (a.shape.at(k) === 0) return scalarValue(lowering, shape, make.constant(0))
  const done = (result: GraphNode): LoweredValue => ({
    shape,
    row,
    node: make.reshaped(result, withoutAxis(shape, row))
  })
  const wholly = (value: LoweredValue, own: Shape): GraphNode => make.reshaped(stretchedNode(lowering, value), own)
  // rows · matrix
  if (ra !== null && ra !== k && isOnce(b) && isFlat(b) && (ra === m ? isFlat(a) || !turnA : !turnA)) {
    const matrix = wholly(b, b.shape.slice(-2))
    // what is stretched along other axes stays so
    const lines = make.stretched(a.node, [...a.node.shape.slice(0, -1), a.shape.at(k) ?? 1])
    const result = make.product(lines, matrix, turnB)
    return { shape, row, node: make.reshaped(result, padShape(result.shape, shape.length - 1)) }
  }
  // matrix · rows, seen from the other side
  if (rb === n && isOnce(a) && isFlat(a) && isFlat(b)) {
    const vector = wholly(b, [b.shape.at(q) ?? 1])
    return done(make.product(vector, wholly(a, a.shape.slice(-2)), !turnA))
  }
  // over the rows
  if (ra === k && rb === q && isFlat(a) && isFlat(b)) {
    const x = wholly(a, [a.shape.at(m) ?? 1])
    const y = wholly(b, [b.shape.at(n) ?? 1])
    return done(make.rowDot(x, y))
  }
  // over the rows and the axis beside them, along which they were repeated
  const isRepeated = (value: LoweredValue, along: number, kept: number): boolean =>
    value.row === 0 && value.shape.length === 3 && along === -2 && kept === -1
  if (isRepeated(a, k, m) && isRepeated(b, q, n) && shape.length === 2) {
    const apart = ({ node }: LoweredValue, wide: number): GraphNode =>
      make.stretched(node, [node.shape.at(0) ?? 1, wide])
    return done(rowDots(make, apart(a, a.shape[2]), apart(b, b.shape[2]), a.shape[1]))
  }
  if (ra === null && rb === null) {
    const x = stretchedNode(lowering, a)
    const y = stretchedNode(lowering, b)
    if (x.scope !== 'once' || y.scope !== 'once') return refuseToCompile('a product whose rows are none')
    if ((make.varies(x) || make.varies(y)) && x.shape.length === 2 && y.shape.length === 2)
      return done(make.product(turnA ? make.flipped(x) : x, y, turnB))
    return done(
      make.node({ kind: 'kernel', kernel: 'BatchMatMul', attrs: plainAttrs(attrs), output: 0 }, [x, y], shape, 'once')
    )
  }
  const flip = (value: LoweredValue, turn: boolean): LoweredValue => {
    const rank = value.shape.length
    return turn
      ? lowerTranspose(lowering, value, [...value.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2))
      : value
  }
  return multiplyByEntries(lowering, flip(a, turnA), flip(b, turnB), shape)
}

/** |x − s c|² of every row x and c, s one number a row or for all: differences first, as far from 0 nothing else is right. */
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
  const scaled = lowerEntrywise(lowering, 'Multiply', [s, spread(centres, 0)], [s.shape[0], k, d])
  const apart = lowerEntrywise(lowering, 'Sub', [spread(x, 1), scaled], [n, k, d])
  return lowerReduction(lowering, 'Sum', lowerEntrywise(lowering, 'Square', [apart], [n, k, d]), { axis: [2] }, shape)
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

/** Parts side by side that are all stretched along another axis stay so. */
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
  const thin = (sizes: Shape): Shape => sizes.map((n, i) => (along.includes(i) ? 1 : n))
  const parts = Object.entries(operands).map(([name, value]) => [name, { ...value, shape: thin(value.shape) }] as const)
  return { shape, row, node: lowerMove(lowering, { ...traced, shape: thin(shape) }, Object.fromEntries(parts)).node }
}

/** Attributes of an op that moves entries, for an axis of the rows, at `at`, that has one entry and stays as it is. */
const attributesWithoutRows = ({ kernel, attrs }: TracedNode, shape: Shape, at: number): object => {
  const untouched = (isSo: boolean, then: object = attrs): object =>
    isSo ? then : refuseToCompile(`${kernel} along the rows`)
  const atRow = (values: Shape): Shape => values.map((n, i) => (i === at ? 1 : n))
  const rank = shape.length
  switch (kernel) {
    case 'Slice': {
      const begin = shape.map((_, i) => numbersAttribute(attrs, 'begin')[i] ?? 0)
      const asked = numbersAttribute(attrs, 'size')
      const size = shape.map((length, i) => ((asked[i] ?? -1) < 0 ? length - begin[i] : asked[i]))
      return untouched(begin[at] === 0 && size[at] === shape[at], { begin, size: atRow(size) })
    }
    case 'PadV2':
      return untouched(paddingsOf(attrs)[at].every(n => n === 0))
    case 'FromTriangle':
    case 'ToTriangle':
      return untouched(at < rank - (kernel === 'ToTriangle' ? 2 : 1))
    case 'Tile':
      return untouched(numbersAttribute(attrs, 'reps')[at] === 1)
    default:
      return untouched(axisOf(numberAttribute(attrs, 'axis', 0), rank, kernel) !== at)
  }
}

/** Ops that only move entries are known by what they do to their numbers. */
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

/** Repeated along axes of one entry, it is stretched only. */
const lowerTile: LoweringRule = (lowering, traced, operands) => {
  const { shape } = traced
  const { x } = operands
  return x.shape.every((n, i) => n === 1 || n === shape[i])
    ? shapedValue(lowering, shape, 'Tile', (_, row) => lowering.make.reshaped(x.node, withoutAxis(keptShape(x), row)))
    : lowerMove(lowering, traced, operands)
}

// —— kernels of their own ——

/** A kernel along an axis of each row. */
const lowerAlongAxis: LoweringRule = (lowering, { kernel, attrs, shape, output }, { x }) => {
  const at = axisOf(numberAttribute(attrs, 'axis', 0), x.shape.length, kernel)
  if (at === x.row) return refuseToCompile(`${kernel} along the rows`)
  const own = { ...plainAttrs(attrs), axis: innerAxis(x, at) }
  return shapedValue(lowering, shape, kernel, sides => {
    const whose = stretchedNode(lowering, x)
    return lowering.make.node({ kind: 'kernel', kernel, attrs: own, output }, [whose], sides, whose.scope)
  })
}

/** Of matrices, the last two axes, by the kernel itself: once a call where they do not depend on the row. */
const lowerMatrixKernel: LoweringRule = (lowering, { kernel, attrs, shape }, operands) => {
  const all = Object.values(operands)
  if (all.some(value => value.row >= value.shape.length - 2)) return refuseToCompile(`${kernel} along the rows`)
  return shapedValue(lowering, shape, kernel, (own, row) => {
    const rank = shape.length
    const ins = all.map(value =>
      lowering.make.stretched(
        alignedNode(lowering, value, rank, row, kernel),
        withoutAxis(padShape(value.shape, rank), row)
      )
    )
    const scope = ins.every(({ scope }) => scope === 'once') ? 'once' : 'rows'
    return lowering.make.node({ kind: 'kernel', kernel, attrs: plainAttrs(attrs), output: 0 }, ins, own, scope)
  })
}

const lowerSoftmax =
  (attribute: string, isLog: boolean): LoweringRule =>
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

// —— by indices that are computed ——

const lowerOneHot = (lowering: LoweringContext, indices: LoweredValue, depth: number): LoweredValue => {
  const digits = arrayValue(lowering, [depth], [...new Array<never>(depth).keys()])
  const { shape } = indices
  return lowerEntrywise(lowering, 'Equal', [lowerReshape(lowering, indices, [...shape, 1]), digits], [...shape, depth])
}

/** As a matrix of as many lines. */
const lowerFlatten = (lowering: LoweringContext, x: LoweredValue): LoweredValue =>
  lowerReshape(lowering, x, [x.shape[0], productOfSizes(x.shape.slice(1))])

/** Rows of a table at computed indices: a product with ones where they point. */
const lowerGather: LoweringRule = (lowering, { attrs, shape }, { x, indices }) => {
  const isPlain =
    isOnce(x) &&
    axisOf(numberAttribute(attrs, 'axis', 0), x.shape.length, 'gather') === 0 &&
    numberAttribute(attrs, 'batchDims', 0) === 0
  if (!isPlain || indices.shape.length !== 1) return refuseToCompile('GatherV2 by indices that are computed')
  const ones = lowerOneHot(lowering, indices, x.shape[0])
  const table = lowerFlatten(lowering, x)
  return lowerReshape(lowering, lowerMatMul(lowering, ones, table, {}, [...indices.shape, table.shape[1]]), shape)
}

/** So many entries are picked of a row, each by code of its own. */
const MAX_PICKED_PER_ROW = 1024
/** And so many once a call. */
const MAX_PICKED_PER_CALL = 100_000

/** Terms of known segments are picked, each as often as the fullest segment has terms, with 0 where there are fewer: nothing is multiplied by 0. */
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
  return lowerReduction(lowering, 'Sum', terms, { axis: [1] }, [segments, ...rest])
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
    lowerMatMul(lowering, ones, terms, { transposeA: true }, [segments, terms.shape[1]]),
    shape
  )
}

// —— each kernel ——

const lowerEntrywiseKernel: LoweringRule = (lowering, { kernel, attrs, shape }, operands) =>
  lowerEntrywise(lowering, kernel, Object.values(operands), shape, plainAttrs(attrs))

const lowerFold: LoweringRule = (lowering, { kernel, attrs, shape }, { x }) =>
  lowerReduction(lowering, kernel, x, attrs, shape)

const lowerView: LoweringRule = (lowering, { shape }, operands) =>
  lowerReshape(lowering, Object.values(operands)[0], shape)

const lowerConstant =
  (value: (traced: TracedNode) => number): LoweringRule =>
  (lowering, traced) =>
    scalarValue(lowering, traced.shape, lowering.make.constant(value(traced)))

/** Numbers that a kernel makes of its attributes. */
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

/** Of operations that say how they are taken, and of all others by name. */
const LOWERING_RULES: Readonly<Record<string, LoweringRule>> = {
  ...Object.fromEntries(
    Object.entries(operations).flatMap(([name, { lowering }]) =>
      lowering ? [[name, RULES_BY_KIND[lowering.kind]]] : []
    )
  ),
  AddN: (lowering, { shape }, operands) =>
    Object.values(operands).reduce((sum, value) => lowerEntrywise(lowering, 'Add', [sum, value], shape)),
  Array: (lowering, { shape, values }) =>
    rowAxis(lowering, shape, 'Array') >= 0
      ? refuseToCompile(`an array ${list(shape)} of as many rows as the trace has`)
      : arrayValue(lowering, shape, values ?? []),
  BatchMatMul: (lowering, { attrs, shape }, { a, b }) => lowerMatMul(lowering, a, b, attrs, shape),
  Cast: (lowering, traced, { x }) => {
    const { constant, entrywise } = lowering.make
    if (traced.dtype === 'bool')
      return lowerEntrywise(lowering, 'NotEqual', [x, scalarValue(lowering, [], constant(0))], traced.shape)
    if (traced.dtype === 'float32' || traced.inputs.x.dtype !== 'float32') return x
    // towards zero
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
  LogSoftmax: lowerSoftmax('axis', true),
  Number: lowerConstant(({ values }) => Number(values?.[0])),
  OneHot: (lowering, { attrs }, { indices }) => {
    const { constant, entrywise } = lowering.make
    const hit = lowerOneHot(lowering, indices, numberAttribute(attrs, 'depth', 0))
    const on = numberAttribute(attrs, 'onValue', 1)
    const off = numberAttribute(attrs, 'offValue', 0)
    return on === 1 && off === 0 ? hit : { ...hit, node: entrywise('Select', [hit.node, constant(on), constant(off)]) }
  },
  Range: lowerGenerated,
  Softmax: lowerSoftmax('dim', false),
  SquaredDistances: lowerDistances,
  Tile: lowerTile,
  Transpose: (lowering, { attrs }, { x }) => lowerTranspose(lowering, x, numbersAttribute(attrs, 'perm')),
  UnsortedSegmentSum: lowerSegmentSum,
  WithDerivative: (_, __, { value }) => value,
  ZerosLike: lowerConstant(() => 0)
}

/** What stands for the number of rows. */
const rowCountValue = (lowering: LoweringContext, { multiple, isInverse }: RowCount, shape: Shape): LoweredValue => {
  const { make } = lowering
  const rows = make.times(multiple, rowCountNode(lowering))
  return scalarValue(lowering, shape, isInverse ? make.reciprocal(rows) : rows)
}

/** The ops that the outputs are made of. */
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
  // an op that is refused stands in the way of those alone that need it
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
    // the same in every row
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
