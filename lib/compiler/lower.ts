/**
 * Phase 2. From a trace to a graph of few kinds of nodes. The axis of the rows, wherever it stands, becomes a node's place;
 * what a trace stretches stays small; ops that only move entries become one kind of node, ops with the same meaning the
 * same nodes. What would mix rows, or pass over them twice, is refused.
 */
import { axesOf, axisOf, product, type Dense } from '../kernels/dense.js'
import { kernels } from '../kernels/index.js'
import { sameShape, width, type Attrs, type Fold, type Node, type Shape } from './graph.js'
import { type Algebra } from './algebra.js'
import { refuse, Refusal } from './refusal.js'
import { type Count, type Counts, type Trace, type Traced } from './trace.js'
import { unfold } from './unfold.js'

/** A tensor of the trace: its shape there, which axis is that of the rows (−1 for none), and a node that stretches to it. */
interface Value {
  readonly shape: Shape
  readonly row: number
  /** Of as many axes as `shape` has beside that of the rows, each as long or 1. */
  readonly node: Node
}

export interface Lowered {
  readonly value: Node | undefined
  readonly gradient: Readonly<Record<string, Node>>
  readonly others: Readonly<Record<string, Node>>
}

const list = (shape: Shape): string => `[${shape.join(', ')}]`
const without = (shape: Shape, at: number): Shape => (at < 0 ? shape : shape.filter((_, i) => i !== at))
const put = (shape: Shape, at: number, length: number): Shape =>
  at < 0 ? shape : [...shape.slice(0, at), length, ...shape.slice(at)]
const lead = (shape: Shape, rank: number): Shape => [...new Array<number>(rank - shape.length).fill(1), ...shape]

const ENTRYWISE = new Set(
  (
    'Abs Acos Acosh Asin Asinh Atan Atan2 Atanh Ceil ClipByValue Cos Cosh Elu Equal Erf Exp Expm1 Floor FloorDiv Greater ' +
    'GreaterEqual IsFinite IsInf IsNan LeakyRelu Less LessEqual Log Log1p LogicalAnd LogicalNot LogicalOr Maximum Minimum ' +
    'Mod Multiply Neg NotEqual Pow Prelu RealDiv Reciprocal Relu Relu6 Round Rsqrt Select Selu Sigmoid Sign Sin Sinh ' +
    'Softplus Sqrt Square SquaredDifference Step Sub Add Tan Tanh'
  ).split(' ')
)
const MOVING = new Set(
  (
    'Concat FromTriangle GatherV2 GatherNd MirrorPad Pack PadV2 Reverse Slice SplitV StridedSlice Tile ToTriangle Transpose ' +
    'Unpack'
  ).split(' ')
)
/** Of those, the ones that put a number between the entries. */
const PADDING = new Set(['FromTriangle', 'PadV2'])
const FOLDS: Readonly<Record<string, Fold>> = {
  Sum: 'Sum',
  Mean: 'Sum',
  Max: 'Max',
  Min: 'Min',
  Prod: 'Prod',
  All: 'Min',
  Any: 'Max'
}
/** Along one axis of a row, by the kernel itself. */
const ALONG = new Set(['ArgMax', 'ArgMin', 'Cumprod', 'Cumsum', 'TopK'])
/** Of matrices, the last two axes, by the kernel itself: once a call where they do not depend on the row. */
const MATRICES = new Set(['Cholesky', 'GramCholesky', 'TriangularSolve'])

/** A number, or a list of them, under a name among attributes that the engine passes as an object. */
const numbers = (attrs: object, ...names: ReadonlyArray<string>): ReadonlyArray<number> => {
  const fields = new Map<string, unknown>(Object.entries(attrs))
  const found = names.map(name => fields.get(name)).find(value => value !== undefined && value !== null)
  const all: ReadonlyArray<unknown> = Array.isArray(found) ? found : [found]
  return all.filter((x): x is number => typeof x === 'number')
}
const number = (attrs: object, name: string, otherwise: number): number => numbers(attrs, name)[0] ?? otherwise
const flag = (attrs: object, name: string): boolean =>
  new Map<string, unknown>(Object.entries(attrs)).get(name) === true
const plainAttrs = (attrs: object): Attrs =>
  Object.fromEntries(
    Object.entries(attrs).filter((entry): entry is [string, number | boolean | ReadonlyArray<number>] =>
      ['number', 'boolean', 'object'].includes(typeof entry[1])
    )
  )

export const lower = (written: Trace, found: Counts, algebra: Algebra): Lowered => {
  const { trace, counts } = unfold(written, found, kernel => ENTRYWISE.has(kernel))
  const R = trace.rows
  const { node, constant, entrywise, reduce, reshaped, rowSum, rowDot, times, stretched } = algebra

  const inner = ({ shape, row }: Value): Shape => without(shape, row)
  /** Stretched to its shape, but for the rows. */
  const whole = (value: Value): Node => stretched(value.node, inner(value))
  const rowOf = (shape: Shape, name: string): number => {
    const at = shape.indexOf(R)
    if (shape.includes(R, at + 1))
      refuse(`${name} gives ${list(shape.map(n => (n === R ? NaN : n))).replaceAll('NaN', 'rows')}, rows against rows`)
    return at
  }
  const isOnce = ({ node, row }: Value): boolean => node.place === 'once' && row < 0

  /** Aligned from the right, to so many axes, the rows among them at `row`: the node as one of the inner axes. */
  const aligned = (value: Value, rank: number, row: number, name: string): Node => {
    const gap = rank - value.shape.length
    if (value.row >= 0 && value.row + gap !== row) refuse(`${name}: the rows meet another axis`)
    const own = lead(value.row >= 0 ? put(value.node.shape, value.row, 1) : value.node.shape, rank)
    if (row >= 0 && own[row] !== 1) refuse(`${name}: the rows meet an axis of ${own[row]}`)
    return reshaped(value.node, without(own, row))
  }
  const each = (kernel: string, operands: ReadonlyArray<Value>, shape: Shape, attrs: Attrs = {}): Value => {
    const row = rowOf(shape, kernel)
    return {
      shape,
      row,
      node: entrywise(
        kernel,
        operands.map(value => aligned(value, shape.length, row, kernel)),
        attrs
      )
    }
  }

  /** The same entries in the same order; the rows must stay an axis. */
  const reshape = (value: Value, shape: Shape): Value => {
    const row = rowOf(shape, 'Reshape')
    if (width(value.node) === 1 && value.node.place === 'once')
      return {
        shape,
        row,
        node: reshaped(
          value.node,
          without(shape, row).map(() => 1)
        )
      }
    const before = (all: Shape, at: number): number => product(all.slice(0, at))
    if (row >= 0 !== value.row >= 0 || (row >= 0 && before(shape, row) !== before(value.shape, value.row)))
      refuse(`Reshape from ${list(value.shape)} to ${list(shape)} at ${R} rows mixes them`)
    const [from, to] = [inner(value), without(shape, row)]
    const long = (all: Shape): Shape => all.filter(n => n !== 1)
    if (!sameShape(long(from), long(to))) return { shape, row, node: reshaped(whole(value), to) }
    // only axes of size 1 come or go: what is stretched stays so
    const sizes = value.node.shape.filter((_, i) => from[i] !== 1)
    let at = 0
    return {
      shape,
      row,
      node: reshaped(
        value.node,
        to.map(n => (n === 1 ? 1 : sizes[at++]))
      )
    }
  }

  const fold = (name: string, value: Value, attrs: object, shape: Shape): Value => {
    const axes = axesOf(numbers(attrs, 'axis', 'reductionIndices'), value.shape.length, name)
    const op = FOLDS[name]
    const isLogical = name === 'All' || name === 'Any'
    const truth = isLogical ? entrywise('NotEqual', [value.node, constant(0)]) : value.node
    const innerAxes = axes.filter(i => i !== value.row).map(i => (value.row >= 0 && i > value.row ? i - 1 : i))
    const sizes = inner(value)
    const source = op === 'Prod' ? stretched(truth, sizes) : truth
    // a sum of what is stretched is a multiple of it
    const repeats = op === 'Sum' ? product(innerAxes.filter(i => (source.shape[i] ?? 1) === 1).map(i => sizes[i])) : 1
    const count = name === 'Mean' ? product(innerAxes.map(i => sizes[i])) : 1
    const folded = reduce(
      op,
      source,
      innerAxes.filter(i => (source.shape[i] ?? 1) !== 1)
    )
    const scaled = times(repeats / count, folded)
    const isOverRows = axes.includes(value.row) && value.row >= 0
    const overRows = (): Node => {
      if (op === 'Max' || op === 'Min') return scaled.place === 'once' ? scaled : refuse(`${name} over the rows`)
      if (op === 'Prod') return refuse('Prod over the rows')
      const all = scaled.place === 'once' ? scaled : rowSum(scaled)
      const rows = node({ kind: 'count' }, [], [], 'once')
      if (name === 'Mean') return scaled.place === 'once' ? all : entrywise('RealDiv', [all, rows])
      return scaled.place === 'once' ? entrywise('Multiply', [all, rows]) : all
    }
    const result = isOverRows ? overRows() : scaled
    const row = isOverRows ? -1 : value.row
    const kept = value.shape.map((n, i) => (axes.includes(i) ? 1 : n))
    const full = isOverRows ? put(result.shape, value.row, 1) : result.shape
    return reshape({ shape: kept, row, node: reshaped(result, full) }, shape)
  }

  /** [..., m, k] · [..., k, n], the rows being m, n, k or among the axes before. */
  const matMul = (a: Value, b: Value, attrs: object, shape: Shape): Value => {
    const [turnA, turnB] = [flag(attrs, 'transposeA'), flag(attrs, 'transposeB')]
    const row = rowOf(shape, 'BatchMatMul')
    const flip = (value: Value, turn: boolean): Value => {
      if (!turn) return value
      const rank = value.shape.length
      const order = value.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i))
      return transpose(value, order)
    }
    const isFlat = (value: Value): boolean => value.shape.slice(0, -2).every(n => n === 1)
    const [ra, rb] = [a, b].map(({ shape, row }) => (row < 0 ? null : row - shape.length))
    const [k, m] = turnA ? [-2, -1] : [-1, -2]
    const [q, n] = turnB ? [-1, -2] : [-2, -1]
    // a sum of no terms
    if (a.shape.at(k) === 0) return single(shape, constant(0))
    const done = (result: Node): Value => ({ shape, row, node: reshaped(result, without(shape, row)) })
    // rows · matrix
    if (ra !== null && ra !== k && isOnce(b) && isFlat(b) && (ra === m ? isFlat(a) || !turnA : !turnA)) {
      const matrix = reshaped(whole(b), b.shape.slice(-2))
      // what is stretched along other axes stays so
      const lines = stretched(a.node, [...a.node.shape.slice(0, -1), a.shape.at(k) ?? 1])
      const result = algebra.product(lines, matrix, turnB)
      return { shape, row, node: reshaped(result, lead(result.shape, shape.length - 1)) }
    }
    // matrix · rows, seen from the other side
    if (rb === n && isOnce(a) && isFlat(a) && isFlat(b)) {
      const vector = reshaped(whole(b), [b.shape.at(q) ?? 1])
      return done(algebra.product(vector, reshaped(whole(a), a.shape.slice(-2)), !turnA))
    }
    // over the rows
    if (ra === k && rb === q && isFlat(a) && isFlat(b)) {
      const [x, y] = [reshaped(whole(a), [a.shape.at(m) ?? 1]), reshaped(whole(b), [b.shape.at(n) ?? 1])]
      return done(rowDot(x, y))
    }
    // over the rows and the axis beside them, along which they were repeated
    const isRepeated = (value: Value, along: number, kept: number): boolean =>
      value.row >= 0 && value.shape.length === 3 && along === -2 && kept === -1 && value.row === 0
    if (isRepeated(a, k, m) && isRepeated(b, q, n) && shape.length === 2) {
      const [x, y] = [a, b].map(value => value.node)
      const apart = (node: Node, wide: number): Node => stretched(node, [node.shape.at(0) ?? 1, wide])
      return done(rowDots(apart(x, a.shape[2]), apart(y, b.shape[2]), a.shape[1]))
    }
    if (ra === null && rb === null) {
      const [x, y] = [whole(a), whole(b)]
      if (x.place !== 'once' || y.place !== 'once') return refuse('a product whose rows are none')
      if ((algebra.varies(x) || algebra.varies(y)) && x.shape.length === 2 && y.shape.length === 2)
        return done(algebra.product(turnA ? algebra.flipped(x) : x, y, turnB))
      return done(
        node({ kind: 'kernel', kernel: 'BatchMatMul', attrs: plainAttrs(attrs), output: 0 }, [x, y], shape, 'once')
      )
    }
    // everything else by entries: a sum over k of products
    const left = flip(a, turnA)
    const right = flip(b, turnB)
    const [wide, high] = [shape.at(-1) ?? 1, shape.at(-2) ?? 1]
    const ranks = Math.max(left.shape.length, right.shape.length) + 1
    const spread = (value: Value, at: number): Value =>
      reshape(value, put(lead(value.shape, ranks - 1), at < 0 ? ranks + at : at, 1))
    const x = spread(left, -1)
    const y = spread(right, -3)
    const full = [...shape.slice(0, -2), high, left.shape.at(-1) ?? 1, wide]
    return fold('Sum', each('Multiply', [x, y], full), { axis: [full.length - 2] }, shape)
  }

  /** Σ over the rows and so many repeats of each: one that all repeats share is met by the sum of the other. */
  const rowDots = (x: Node, y: Node, repeats: number): Node => {
    const isShared = (node: Node): boolean => node.shape[0] === 1
    const flat = (node: Node): Node => reshaped(isShared(node) ? node : reduce('Sum', node, [0]), [node.shape[1]])
    if (isShared(x) && isShared(y)) return times(repeats, rowDot(flat(x), flat(y)))
    return isShared(x) || isShared(y) ? rowDot(flat(x), flat(y)) : rowDot(x, y)
  }

  const transpose = (value: Value, order: ReadonlyArray<number>): Value => {
    const shape = order.map(i => value.shape[i])
    const row = value.row < 0 ? -1 : order.indexOf(value.row)
    const own = put(value.node.shape, value.row, 1)
    const turned = without(
      order.map(i => own[i]),
      row
    )
    const moved = order.filter(i => own[i] !== 1)
    if (moved.every((i, at) => at === 0 || moved[at - 1] < i)) return { shape, row, node: reshaped(value.node, turned) }
    const ids = Float64Array.from({ length: width(value.node) }, (_, i) => i)
    const { values } = kernels.Transpose({ x: { shape: own, dtype: 'float32', values: ids } }, { perm: order }) as Dense
    return { shape, row, node: algebra.pick([value.node], Array.from(values), turned) }
  }

  /** Parts side by side that are all stretched along another axis stay so. */
  const narrowed = (traced: Traced, operands: Readonly<Record<string, Value>>): Value | undefined => {
    const { kernel, attrs, shape } = traced
    const all = Object.values(operands)
    const axis = axisOf(number(attrs, 'axis', 0), shape.length, kernel)
    const row = rowOf(shape, kernel)
    const own = all.map(({ node, row }) => put(node.shape, row, 1))
    const along = shape.flatMap((n, i) =>
      n > 1 && i !== axis && i !== row && own.every(sizes => sizes[i] === 1) ? [i] : []
    )
    if (along.length === 0) return undefined
    const thin = (sizes: Shape): Shape => sizes.map((n, i) => (along.includes(i) ? 1 : n))
    const parts = Object.entries(operands).map(
      ([name, value]) => [name, { ...value, shape: thin(value.shape) }] as const
    )
    return { shape, row, node: move({ ...traced, shape: thin(shape) }, Object.fromEntries(parts)).node }
  }

  /** Ops that only move entries are known by what they do to their numbers. */
  const move = (traced: Traced, operands: Readonly<Record<string, Value>>): Value => {
    const { kernel, attrs, shape, output } = traced
    const stays = kernel === 'Concat' ? narrowed(traced, operands) : undefined
    if (stays !== undefined) return stays
    const row = rowOf(shape, kernel)
    const entries = Object.entries(operands)
    const sources = entries.filter(([name]) => name !== 'indices')
    const indices = entries.filter(([name]) => name === 'indices')
    const own = sources.map(([, value]) => value)
    if (own.some(value => value.row >= 0) && row < 0) return refuse(`${kernel} takes some of the rows`)
    const parts = own.map(whole)
    let from = 0
    const numbered = sources.map(([name, value], i): [string, Dense] => {
      const length = width(parts[i])
      const first = from
      from += length
      return [
        name,
        {
          shape: value.row < 0 ? value.shape : value.shape.map((n, at) => (at === value.row ? 1 : n)),
          dtype: 'float32',
          values: Float64Array.from({ length }, (_, k) => first + k)
        }
      ]
    })
    const given = indices.map(([name, value]): [string, Dense] => {
      const { does } = value.node
      if (does.kind === 'array') return [name, { shape: value.shape, dtype: 'float32', values: does.values }]
      if (does.kind === 'constant')
        return [
          name,
          { shape: value.shape, dtype: 'float32', values: new Float64Array(product(value.shape)).fill(does.value) }
        ]
      return refuse(`${kernel} by indices that are computed`)
    })
    // the axis of the rows has one entry here, which stays as it is
    const atRow = <A>(values: ReadonlyArray<A>, of: number, one: A): A[] => values.map((x, i) => (i === of ? one : x))
    const at = own[0]?.row ?? -1
    const untouched = (isSo: boolean): void => {
      if (at >= 0 && !isSo) refuse(`${kernel} along the rows`)
    }
    const adjusted = ((): object => {
      if (at < 0) return attrs
      const axis = number(attrs, 'axis', 0)
      const rank = own[0].shape.length
      const fields = new Map<string, unknown>(Object.entries(attrs))
      switch (kernel) {
        case 'Slice': {
          const begin = own[0].shape.map((_, i) => numbers(attrs, 'begin')[i] ?? 0)
          const size = own[0].shape.map((length, i) =>
            (numbers(attrs, 'size')[i] ?? -1) < 0 ? length - begin[i] : numbers(attrs, 'size')[i]
          )
          untouched(begin[at] === 0 && size[at] === R)
          return { begin, size: atRow(size, at, 1) }
        }
        case 'StridedSlice': {
          const [begin, end, strides] = ['begin', 'end', 'strides'].map(name => numbers(attrs, name))
          untouched(at >= begin.length || (begin[at] === 0 && end[at] >= R && (strides[at] ?? 1) === 1))
          return { ...attrs, end: atRow(end, at, 1) }
        }
        case 'PadV2':
        case 'MirrorPad': {
          const paddings = fields.get('paddings')
          const own: unknown = Array.isArray(paddings) ? paddings[at] : undefined
          untouched(Array.isArray(own) && own.every(n => n === 0))
          return attrs
        }
        case 'FromTriangle':
        case 'ToTriangle':
          untouched(at < rank - (kernel === 'ToTriangle' ? 2 : 1))
          return attrs
        case 'Tile':
          untouched(numbers(attrs, 'reps')[at] === 1)
          return attrs
        case 'Reverse':
          untouched(!axesOf(numbers(attrs, 'dims'), rank, kernel).includes(at))
          return attrs
        case 'Pack':
          return attrs
        case 'GatherNd':
          untouched(false)
          return attrs
        default:
          untouched(axisOf(axis, rank, kernel) !== at)
          return attrs
      }
    })()
    const moved = kernels[kernel](
      Object.fromEntries([...numbered, ...given]),
      PADDING.has(kernel) ? { ...adjusted, constantValue: -1 } : adjusted
    )
    const { values } = moved instanceof Array ? moved[output] : moved
    const padding = number(attrs, 'constantValue', 0)
    const table = Array.from(values, i => (i < 0 ? from : i))
    return {
      shape,
      row,
      node: algebra.pick(PADDING.has(kernel) ? [...parts, constant(padding)] : parts, table, without(shape, row))
    }
  }

  const tile = (traced: Traced, value: Value): Value => {
    const { shape } = traced
    // stretched only
    if (value.shape.every((n, i) => n === 1 || n === shape[i])) {
      const row = rowOf(shape, 'Tile')
      const own = put(value.node.shape, value.row, 1)
      return { shape, row, node: reshaped(value.node, without(own, row)) }
    }
    return move(traced, { x: value })
  }

  const softmax = (value: Value, axis: number, isLog: boolean): Value => {
    const at = axisOf(axis, value.shape.length, 'softmax')
    if (at === value.row) refuse('Softmax over the rows')
    const of = value.row >= 0 && at > value.row ? at - 1 : at
    const x = whole(value)
    const shifted = entrywise('Sub', [x, reduce('Max', x, [of])])
    const e = entrywise('Exp', [shifted])
    const total = reduce('Sum', e, [of])
    return {
      ...value,
      node: isLog ? entrywise('Sub', [shifted, entrywise('Log', [total])]) : entrywise('RealDiv', [e, total])
    }
  }

  /** A kernel along an axis of each row. */
  const along = ({ kernel, attrs, shape, output }: Traced, value: Value): Value => {
    const at = kernel === 'TopK' ? value.shape.length - 1 : axisOf(number(attrs, 'axis', 0), value.shape.length, kernel)
    if (at === value.row) return refuse(`${kernel} along the rows`)
    const row = rowOf(shape, kernel)
    const axis = value.row >= 0 && at > value.row ? at - 1 : at
    const own = { ...plainAttrs(attrs), ...(kernel !== 'TopK' && { axis }) }
    const x = whole(value)
    return { shape, row, node: node({ kind: 'kernel', kernel, attrs: own, output }, [x], without(shape, row), x.place) }
  }

  const ofMatrices = ({ kernel, attrs, shape }: Traced, operands: ReadonlyArray<Value>): Value => {
    const row = rowOf(shape, kernel)
    if (operands.some(value => value.row >= value.shape.length - 2)) return refuse(`${kernel} along the rows`)
    const ins = operands.map(value =>
      stretched(aligned(value, shape.length, row, kernel), without(lead(value.shape, shape.length), row))
    )
    const place = ins.every(({ place }) => place === 'once') ? 'once' : 'rows'
    const own = without(shape, row)
    return { shape, row, node: node({ kind: 'kernel', kernel, attrs: plainAttrs(attrs), output: 0 }, ins, own, place) }
  }

  const oneHot = (value: Value, attrs: object, shape: Shape): Value => {
    const depth = number(attrs, 'depth', 0)
    const digits: Value = {
      shape: [depth],
      row: -1,
      node: node({ kind: 'array', values: Float64Array.from({ length: depth }, (_, i) => i) }, [], [depth], 'once')
    }
    const hit = each('Equal', [reshape(value, [...value.shape, 1]), digits], shape)
    const [on, off] = [number(attrs, 'onValue', 1), number(attrs, 'offValue', 0)]
    return on === 1 && off === 0 ? hit : { ...hit, node: entrywise('Select', [hit.node, constant(on), constant(off)]) }
  }

  /** Rows of a table at computed indices: a product with ones where they point. */
  const lookUp = (x: Value, indices: Value, attrs: object, shape: Shape): Value => {
    const isPlain =
      isOnce(x) &&
      axisOf(number(attrs, 'axis', 0), x.shape.length, 'gather') === 0 &&
      number(attrs, 'batchDims', 0) === 0
    if (!isPlain || indices.shape.length !== 1) return refuse('GatherV2 by indices that are computed')
    const [length] = x.shape
    const ones = oneHot(indices, { depth: length }, [...indices.shape, length])
    const flat = reshape(x, [length, product(x.shape.slice(1))])
    const found = matMul(ones, flat, {}, [...indices.shape, flat.shape[1]])
    return reshape(found, shape)
  }

  const segmentSum = (x: Value, ids: Value, segments: number, shape: Shape): Value => {
    if (ids.shape.length !== 1) return refuse('UnsortedSegmentSum by indices of several axes')
    const ones = oneHot(ids, { depth: segments }, [...ids.shape, segments])
    const flat = reshape(x, [x.shape[0], product(x.shape.slice(1))])
    return reshape(matMul(ones, flat, { transposeA: true }, [segments, flat.shape[1]]), shape)
  }

  /** |x − s c|² of every row x and c, s one number a row or for all: differences first, as far from 0 nothing else is right. */
  const distances = (x: Value, centres: Value, scale: Value, shape: Shape): Value => {
    const isShared = x.row === 0 && isOnce(centres) && scale.node.place === 'once' && width(scale.node) === 1
    if (isShared) {
      const matrix = entrywise('Multiply', [reshaped(scale.node, []), whole(centres)])
      return { shape, row: 0, node: algebra.distances(whole(x), matrix) }
    }
    const [[n, d], [k]] = [x.shape, centres.shape]
    const spread = (value: Value, at: number): Value => reshape(value, put(value.shape, at, 1))
    const s = spread(scale, 1)
    const scaled = each('Multiply', [s, spread(centres, 0)], [s.shape[0], k, d])
    const apart = each('Sub', [spread(x, 1), scaled], [n, k, d])
    return fold('Sum', each('Square', [apart], [n, k, d]), { axis: [2] }, shape)
  }

  const known = new Map<Traced, Value>()
  const of = (traced: Traced): Value => known.get(traced) ?? refuse('an op before its inputs')
  const single = (shape: Shape, value: Node): Value => {
    const row = rowOf(shape, 'Fill')
    return {
      shape,
      row,
      node: reshaped(
        value,
        without(shape, row).map(() => 1)
      )
    }
  }
  const counted = ({ multiple, isInverse }: Count, shape: Shape): Value => {
    const rows = times(multiple, node({ kind: 'count' }, [], [], 'once'))
    return single(shape, isInverse ? entrywise('Reciprocal', [rows]) : rows)
  }

  const lowered = (traced: Traced): Value => {
    const { kernel, attrs, shape } = traced
    const operands = Object.fromEntries(Object.entries(traced.inputs).map(([name, input]) => [name, of(input)]))
    const all = Object.values(operands)
    const [x] = all
    const count = counts.get(traced)
    if (count !== undefined) return counted(count, shape)
    if (ENTRYWISE.has(kernel)) return each(kernel, all, shape, plainAttrs(attrs))
    if (kernel === 'Tile') return tile(traced, x)
    if (kernel === 'Transpose') return transpose(x, numbers(attrs, 'perm'))
    if (
      kernel === 'GatherV2' &&
      operands.indices.node.does.kind !== 'array' &&
      operands.indices.node.does.kind !== 'constant'
    )
      return lookUp(operands.x, operands.indices, attrs, shape)
    if (MOVING.has(kernel)) return move(traced, operands)
    if (kernel in FOLDS) return fold(kernel, x, attrs, shape)
    if (ALONG.has(kernel)) return along(traced, x)
    if (MATRICES.has(kernel)) return ofMatrices(traced, all)
    switch (kernel) {
      case 'Input': {
        const row = rowOf(shape, kernel)
        const isRows = row === 0
        const own = node({ kind: 'input', name: traced.name ?? '' }, [], without(shape, row), isRows ? 'rows' : 'once')
        return { shape, row, node: own }
      }
      case 'Number':
        return single(shape, constant(Number(traced.values?.[0])))
      case 'Array': {
        const row = rowOf(shape, kernel)
        if (row >= 0) return refuse(`an array ${list(shape)} of as many rows as the trace has`)
        return {
          shape,
          row,
          node: node({ kind: 'array', values: Float64Array.from(traced.values ?? []) }, [], shape, 'once')
        }
      }
      case 'Fill':
        return single(shape, constant(number(attrs, 'value', 0)))
      case 'ZerosLike':
        return single(shape, constant(0))
      case 'OnesLike':
        return single(shape, constant(1))
      case 'Identity':
        return x
      case 'Reshape':
      case 'ExpandDims':
        return reshape(x, shape)
      case 'AddN':
        return all.slice(1).reduce((sum, value) => each('Add', [sum, value], shape), x)
      case 'Softmax':
        return softmax(x, number(attrs, 'dim', -1), false)
      case 'LogSoftmax':
        return softmax(x, number(attrs, 'axis', -1), true)
      case 'BatchMatMul':
        return matMul(operands.a, operands.b, attrs, shape)
      case 'SquaredDistances':
        return distances(operands.x, operands.centres, operands.scale, shape)
      case 'OneHot':
        return oneHot(x, attrs, shape)
      case 'UnsortedSegmentSum':
        return segmentSum(operands.x, operands.segmentIds, number(attrs, 'numSegments', 0), shape)
      case 'Range':
      case 'LinSpace': {
        if (shape[0] === R) return refuse(`${kernel} numbers the rows`)
        const { values } = kernels[kernel]({}, attrs) as Dense
        return { shape, row: -1, node: node({ kind: 'array', values: Float64Array.from(values) }, [], shape, 'once') }
      }
      case 'Cast': {
        if (traced.dtype === 'bool') return each('NotEqual', [x, single([], constant(0))], shape)
        const [{ dtype }] = Object.values(traced.inputs)
        if (traced.dtype === 'float32' || dtype !== 'float32') return x
        // towards zero
        const [below, above] = [entrywise('Ceil', [x.node]), entrywise('Floor', [x.node])]
        return { ...x, node: entrywise('Select', [entrywise('Less', [x.node, constant(0)]), below, above]) }
      }
      default:
        return refuse(`${kernel} has no code`)
    }
  }

  // an op that is refused stands in the way of those alone that need it
  const live = new Set<Traced>()
  const pending = [trace.value, ...Object.values(trace.gradient), ...Object.values(trace.others)].filter(
    (traced): traced is Traced => traced !== undefined
  )
  for (let traced = pending.pop(); traced !== undefined; traced = pending.pop()) {
    if (live.has(traced)) continue
    live.add(traced)
    pending.push(...Object.values(traced.inputs))
  }
  trace.nodes.forEach((traced, i) => {
    if (!live.has(traced)) return
    try {
      known.set(traced, lowered(traced))
    } catch (error) {
      if (error instanceof Refusal) refuse(`${error.message} (number ${i} of its operations, ${traced.kernel})`)
      throw error
    }
  })

  const output = (traced: Traced): Node => {
    const value = of(traced)
    if (value.row > 0) refuse('an output whose rows are not its first axis')
    const full = whole(value)
    if (value.row < 0) return full
    // the same in every row
    return full.place === 'rows' ? full : refuse('an output that is the same for all rows')
  }
  const zeros = (shape: Shape): Node => stretched(constant(0), shape)
  const params = new Map(
    trace.nodes.flatMap(({ kernel, name, shape }) => (kernel === 'Input' ? [[name, shape] as const] : []))
  )
  return {
    value: trace.value && output(trace.value),
    gradient: Object.fromEntries(
      Object.entries(trace.gradient).map(([name, traced]) => [
        name,
        traced === undefined ? zeros(params.get(name) ?? []) : output(traced)
      ])
    ),
    others: Object.fromEntries(Object.entries(trace.others).map(([name, traced]) => [name, output(traced)]))
  }
}
