/**
 * Phase 1½. A function may repeat its rows, [rows, m, …] as [rows · m, …], and go on with these: a divergence does, a row for
 * each direction. Here the axis that was folded into that of the rows is one of its own again, so that what follows knows of
 * rows alone. It is a rewriting of the trace, op by op.
 */
import { sortedAxes, axisOf } from '../kernels/dense.js'
import { operations } from '../kernels/index.js'
import { type LoweringKind } from '../kernels/operation.js'
import { numberAttribute, numbersAttribute, paddingsOf } from './attributes.js'
import { refuseToCompile } from './refusal.js'
import { type RowCount, type Counts, type FunctionTrace, type TracedNode } from './trace.js'

type Shape = ReadonlyArray<number>

/** Where such an axis is, and how often the rows are repeated; null where they are not. */
interface FoldedAxis {
  readonly at: number
  readonly repeats: number
}

const foldedAxis = (shape: Shape, rows: number): FoldedAxis | null => {
  const at = shape.findIndex(n => n > rows && n % rows === 0)
  return at < 0 ? null : { at, repeats: shape[at] / rows }
}

const unfolded = (shape: Shape, rows: number): Shape => {
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

/** Ops along one axis, by the name of its attribute. */
const AXIS_ATTRIBUTES: Readonly<Record<string, string>> = {
  Concat: 'axis',
  SplitV: 'axis',
  GatherV2: 'axis',
  Softmax: 'dim',
  LogSoftmax: 'axis',
  ArgMax: 'axis'
}
/** Ops whose attributes say nothing of axes. */
const AXISLESS_KERNELS = new Set(['Identity', 'Cast', 'Fill', 'Number', 'ZerosLike', 'AddN'])
const isPlainKernel = (kernel: string): boolean => AXISLESS_KERNELS.has(kernel) || isLoweredAs(kernel, 'view')

/** Attributes of an op on an operand of so many axes, the one at `at` being two now. */
const shiftedAttributes = (
  { kernel, attrs }: TracedNode,
  rank: number,
  { at, repeats }: FoldedAxis,
  rows: number
): object => {
  const moved = (axis: number): number => (axis > at ? axis + 1 : axis)
  const both = (axis: number): ReadonlyArray<number> => (axis === at ? [at, at + 1] : [moved(axis)])
  const untouched = (isSo: boolean): void => {
    if (!isSo) refuseToCompile(`${kernel} along rows that were repeated`)
  }
  if (isPlainKernel(kernel)) return attrs
  if (isLoweredAs(kernel, 'fold')) {
    const axis = sortedAxes(numbersAttribute(attrs, 'axis', 'reductionIndices'), rank, kernel).flatMap(both)
    return { ...attrs, axis }
  }
  if (kernel in AXIS_ATTRIBUTES) {
    const name = AXIS_ATTRIBUTES[kernel]
    const axis = axisOf(numberAttribute(attrs, name, kernel === 'Softmax' ? -1 : 0), rank, kernel)
    untouched(axis !== at)
    return { ...attrs, [name]: moved(axis) }
  }
  if (kernel === 'UnsortedSegmentSum') {
    untouched(at > 0)
    return attrs
  }
  if (kernel === 'Transpose') return { perm: numbersAttribute(attrs, 'perm').flatMap(both) }
  if (kernel === 'Slice') {
    const begin = numbersAttribute(attrs, 'begin')
    const size = numbersAttribute(attrs, 'size')
    untouched((begin.at(at) ?? 0) === 0 && (size[at] === -1 || size[at] === rows * repeats))
    const split = (all: Shape, here: Shape): Shape => [...all.slice(0, at), ...here, ...all.slice(at + 1)]
    return { begin: split(begin, [0, 0]), size: split(size, [rows, repeats]) }
  }
  if (kernel === 'PadV2') {
    const all = paddingsOf(attrs)
    untouched(all[at].every(n => n === 0))
    return { ...attrs, paddings: [...all.slice(0, at), [0, 0], ...all.slice(at)] }
  }
  return refuseToCompile(`${kernel} of rows that were repeated`)
}

/** An operand without rows beside one whose axis became two: aligned from the right, it has an axis more where it reaches as far. */
const alignedOperand = (x: TracedNode, rank: number, { at }: FoldedAxis): TracedNode => {
  const own = at - (rank - x.shape.length)
  return own < 0 ? x : reshapedTrace(x, [...x.shape.slice(0, own + 1), 1, ...x.shape.slice(own + 1)])
}

/** The trace without folded axes, and what in it stands for the number of rows. */
export const unfoldTrace = (
  trace: FunctionTrace,
  counts: Counts
): { readonly trace: FunctionTrace; readonly counts: Counts } => {
  const { rows } = trace
  if (trace.nodes.every(({ shape }) => foldedAxis(shape, rows) === null)) return { trace, counts }
  const nodes: TracedNode[] = []
  const known = new Map<TracedNode, TracedNode>()
  const now = (traced: TracedNode): TracedNode => known.get(traced) ?? traced
  const added = (node: TracedNode): TracedNode => {
    nodes.push(node)
    return node
  }
  const rewritten = (traced: TracedNode): TracedNode => {
    const { kernel, inputs, shape } = traced
    const result = unfolded(shape, rows)
    const before = Object.values(inputs)
    const folds = before.map(({ shape }) => foldedAxis(shape, rows))
    const fold = folds.find(found => found !== null) ?? foldedAxis(shape, rows)
    const own = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, now(input)]))
    if (fold === null) return { ...traced, inputs: own }
    if (kernel === 'BatchMatMul') {
      // Rows of the first factor become a stack of such: matrices that were a stack before get an axis there.
      const { a, b } = inputs
      const isStacked = foldedAxis(a.shape, rows)?.at === a.shape.length - 2 && foldedAxis(b.shape, rows) === null
      const apart = [...b.shape.slice(0, -2), 1, ...b.shape.slice(-2)]
      const stack = isStacked && b.shape.length > 2 ? added(reshapedTrace(own.b, apart)) : own.b
      return { ...traced, inputs: { ...own, b: stack }, shape: result }
    }
    if (isLoweredAs(kernel, 'entries') || kernel === 'AddN' || kernel === 'Tile') {
      const there = foldedAxis(shape, rows) ?? fold
      const aligned = Object.entries(inputs).map(([name, input]) => {
        const x = own[name]
        if (foldedAxis(input.shape, rows) !== null) return [name, x] as const
        const moved = alignedOperand(x, shape.length, there)
        return [name, moved === x ? x : added(moved)] as const
      })
      const now = Object.fromEntries(aligned)
      if (kernel !== 'Tile') return { ...traced, inputs: now, shape: result }
      // row after row, all of them again, is another order than each so many times
      if (inputs.x.shape[there.at] % rows === 0 && inputs.x.shape[there.at] !== shape[there.at])
        refuseToCompile('Tile repeats all rows one after another')
      return { ...traced, inputs: now, attrs: { reps: result.map((n, i) => n / now.x.shape[i]) }, shape: result }
    }
    const first = before.at(0)
    const of = foldedAxis(first?.shape ?? shape, rows)
    // a shape alone is asked of what had no such axis before
    if (of === null && !isPlainKernel(kernel)) return refuseToCompile(`${kernel} of rows that were repeated`)
    const attrs = of === null ? traced.attrs : shiftedAttributes(traced, first?.shape.length ?? shape.length, of, rows)
    return { ...traced, inputs: own, attrs, shape: result }
  }
  const counted = new Map<TracedNode, RowCount>()
  for (const traced of trace.nodes) {
    const node = added(rewritten(traced))
    known.set(traced, node)
    const count = counts.get(traced)
    if (count !== undefined) counted.set(node, count)
  }
  const all = <T>(record: Readonly<Record<string, T>>, of: (node: T) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(record).map(([name, node]) => [name, of(node)]))
  return {
    trace: {
      rows,
      nodes,
      ...(trace.value && { value: now(trace.value) }),
      gradient: all(trace.gradient, node => node && now(node)),
      others: all(trace.others, now)
    },
    counts: counted
  }
}
