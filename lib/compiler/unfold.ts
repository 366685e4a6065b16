/**
 * Phase 1½: unfolding. A function may reshape [rows, m, …] to [rows · m, …], for instance for a divergence. The trace is rewritten with
 * both axes.
 */
import { sortedAxes, axisOf } from '../kernels/dense.js'
import { operations } from '../kernels/index.js'
import { type LoweringKind } from '../kernels/operation.js'
import { numberAttribute, numbersAttribute, paddingsOf } from './attributes.js'
import { refuseToCompile } from './refusal.js'
import { type RowCount, type Counts, type FunctionTrace, type TracedNode } from './trace.js'

type Shape = ReadonlyArray<number>

interface FoldedAxis {
  readonly at: number
  readonly repeats: number
}

/** Axis of repeated rows in a shape; null if there is none. */
const foldedAxis = (shape: Shape, rows: number): FoldedAxis | null => {
  const at = shape.findIndex(n => n > rows && n % rows === 0)
  return at < 0 ? null : { at, repeats: shape[at] / rows }
}

/** Shape with the axis of repeated rows split in two. */
const unfoldedShape = (shape: Shape, rows: number): Shape => {
  const fold = foldedAxis(shape, rows)
  return fold === null ? shape : [...shape.slice(0, fold.at), rows, fold.repeats, ...shape.slice(fold.at + 1)]
}

const LEAF = { attrs: {}, inputs: {}, output: 0 }

const reshapedTrace = (x: TracedNode, shape: Shape): TracedNode => ({
  ...LEAF,
  kernel: 'Reshape',
  inputs: { x },
  attrs: { shape },
  shape,
  dtype: x.dtype
})

const isLoweredAs = (kernel: string, kind: LoweringKind['kind']): boolean =>
  kernel in operations && operations[kernel].lowering?.kind === kind

/** Name of the attribute that holds the axis, by kernel. */
const AXIS_ATTRIBUTES: Readonly<Record<string, string>> = {
  Concat: 'axis',
  SplitV: 'axis',
  GatherV2: 'axis',
  Softmax: 'dim',
  LogSoftmax: 'axis',
  ArgMax: 'axis'
}
/** Operations whose attributes refer to no axes. */
const AXISLESS_KERNELS = new Set(['Identity', 'Cast', 'Fill', 'Number', 'ZerosLike', 'AddN'])
const isPlainKernel = (kernel: string): boolean => AXISLESS_KERNELS.has(kernel) || isLoweredAs(kernel, 'view')

/** Attributes for an operand of this rank whose axis `at` was split in two. */
const shiftedAttributes = (
  { kernel, attrs }: TracedNode,
  rank: number,
  { at, repeats }: FoldedAxis,
  rows: number
): object => {
  const moved = (axis: number): number => (axis > at ? axis + 1 : axis)
  const both = (axis: number): ReadonlyArray<number> => (axis === at ? [at, at + 1] : [moved(axis)])
  const refuseIf = (movesRows: () => boolean): void => {
    if (movesRows()) refuseToCompile(`${kernel} along rows that were repeated`)
  }
  if (isPlainKernel(kernel)) return attrs
  if (isLoweredAs(kernel, 'fold')) {
    const axis = sortedAxes(numbersAttribute(attrs, 'axis', 'reductionIndices'), rank, kernel).flatMap(both)
    return { ...attrs, axis }
  }
  if (kernel in AXIS_ATTRIBUTES) {
    const name = AXIS_ATTRIBUTES[kernel]
    const axis = axisOf(numberAttribute(attrs, name, kernel === 'Softmax' ? -1 : 0), rank, kernel)
    refuseIf(() => axis === at)
    return { ...attrs, [name]: moved(axis) }
  }
  if (kernel === 'UnsortedSegmentSum') {
    refuseIf(() => at <= 0)
    return attrs
  }
  if (kernel === 'Transpose') return { perm: numbersAttribute(attrs, 'perm').flatMap(both) }
  if (kernel === 'Slice') {
    const begin = numbersAttribute(attrs, 'begin')
    const size = numbersAttribute(attrs, 'size')
    refuseIf(() => (begin.at(at) ?? 0) !== 0 || (size[at] !== -1 && size[at] !== rows * repeats))
    const split = (all: Shape, here: Shape): Shape => [...all.slice(0, at), ...here, ...all.slice(at + 1)]
    return { begin: split(begin, [0, 0]), size: split(size, [rows, repeats]) }
  }
  if (kernel === 'PadV2') {
    const all = paddingsOf(attrs)
    refuseIf(() => all[at].some(n => n !== 0))
    return { ...attrs, paddings: [...all.slice(0, at), [0, 0], ...all.slice(at)] }
  }
  return refuseToCompile(`${kernel} of rows that were repeated`)
}

/** Operand aligned to one whose axis was split: it gets an axis of size 1 there if it reaches that far. */
const alignedOperand = (x: TracedNode, rank: number, { at }: FoldedAxis): TracedNode => {
  const own = at - (rank - x.shape.length)
  return own < 0 ? x : reshapedTrace(x, [...x.shape.slice(0, own + 1), 1, ...x.shape.slice(own + 1)])
}

interface Unfolding {
  readonly rows: number
  readonly rewritten: (traced: TracedNode) => TracedNode
  readonly add: (node: TracedNode) => TracedNode
}

/** Rewrites a matrix product: rows of the first factor become a stack of matrices, and stacks of the second get an axis there. */
const unfoldMatMul = ({ rows, rewritten, add }: Unfolding, traced: TracedNode): TracedNode => {
  const { a, b } = traced.inputs
  const isStacked = foldedAxis(a.shape, rows)?.at === a.shape.length - 2 && foldedAxis(b.shape, rows) === null
  const stackShape = [...b.shape.slice(0, -2), 1, ...b.shape.slice(-2)]
  const stack = isStacked && b.shape.length > 2 ? add(reshapedTrace(rewritten(b), stackShape)) : rewritten(b)
  return { ...traced, inputs: { a: rewritten(a), b: stack }, shape: unfoldedShape(traced.shape, rows) }
}

/** Rewrites an entrywise operation or a repetition, whose operands align from the right. */
const unfoldAligned = ({ rows, rewritten, add }: Unfolding, traced: TracedNode, fold: FoldedAxis): TracedNode => {
  const { kernel, inputs, shape } = traced
  const result = unfoldedShape(shape, rows)
  const split = foldedAxis(shape, rows) ?? fold
  const operands = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      const x = rewritten(input)
      if (foldedAxis(input.shape, rows) !== null) return [name, x] as const
      const aligned = alignedOperand(x, shape.length, split)
      return [name, aligned === x ? x : add(aligned)] as const
    })
  )
  if (kernel !== 'Tile') return { ...traced, inputs: operands, shape: result }
  // repeating all rows in turn differs in order from repeating each
  if (inputs.x.shape[split.at] % rows === 0 && inputs.x.shape[split.at] !== shape[split.at])
    refuseToCompile('Tile repeats all rows one after another')
  return { ...traced, inputs: operands, attrs: { reps: result.map((n, i) => n / operands.x.shape[i]) }, shape: result }
}

const unfoldNode = (unfolding: Unfolding, traced: TracedNode): TracedNode => {
  const { rows, rewritten } = unfolding
  const { kernel, inputs, shape } = traced
  const operands = Object.values(inputs)
  const folds = operands.map(({ shape }) => foldedAxis(shape, rows))
  const fold = folds.find(found => found !== null) ?? foldedAxis(shape, rows)
  const own = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, rewritten(input)]))
  if (fold === null) return { ...traced, inputs: own }
  if (kernel === 'BatchMatMul') return unfoldMatMul(unfolding, traced)
  if (isLoweredAs(kernel, 'entries') || kernel === 'AddN' || kernel === 'Tile')
    return unfoldAligned(unfolding, traced, fold)
  const first = operands.at(0)
  const split = foldedAxis(first?.shape ?? shape, rows)
  // an operand without folded rows may only get another shape
  if (split === null && !isPlainKernel(kernel)) return refuseToCompile(`${kernel} of rows that were repeated`)
  const rank = first?.shape.length ?? shape.length
  const attrs = split === null ? traced.attrs : shiftedAttributes(traced, rank, split, rows)
  return { ...traced, inputs: own, attrs, shape: unfoldedShape(shape, rows) }
}

/** Returns a trace without folded axes, and its nodes that are a multiple of the number of rows. */
export const unfoldTrace = (
  trace: FunctionTrace,
  counts: Counts
): { readonly trace: FunctionTrace; readonly counts: Counts } => {
  const { rows } = trace
  if (trace.nodes.every(({ shape }) => foldedAxis(shape, rows) === null)) return { trace, counts }
  const nodes: TracedNode[] = []
  const known = new Map<TracedNode, TracedNode>()
  const rewritten = (traced: TracedNode): TracedNode => known.get(traced) ?? traced
  const add = (node: TracedNode): TracedNode => {
    nodes.push(node)
    return node
  }
  const newCounts = new Map<TracedNode, RowCount>()
  for (const traced of trace.nodes) {
    const node = add(unfoldNode({ rows, rewritten, add }, traced))
    known.set(traced, node)
    const count = counts.get(traced)
    if (count !== undefined) newCounts.set(node, count)
  }
  const mapNodes = <T>(record: Readonly<Record<string, T>>, of: (node: T) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(record).map(([name, node]) => [name, of(node)]))
  return {
    trace: {
      rows,
      nodes,
      ...(trace.value && { value: rewritten(trace.value) }),
      gradient: mapNodes(trace.gradient, node => node && rewritten(node)),
      others: mapNodes(trace.others, rewritten)
    },
    counts: newCounts
  }
}
