/**
 * Phase 3½: versions. Some constants come in several versions, such as noise levels and quadrature nodes, and outputs are sums over them. A
 * node that varies gets a first axis of versions; others are computed once. Versions are summed per row as soon as the rest is linear, so
 * there is one sum over the rows.
 */
import { productOfSizes as sizeOf } from '../kernels/dense.js'
import { algebra } from './algebra.js'
import {
  type Algebra,
  nodesAfterRows,
  operationText,
  topologicalOrder,
  sameShape,
  constantValue,
  nodeWidth,
  type GraphNode,
  type Shape
} from './graph.js'
import { refuseToCompile } from './refusal.js'

export interface Versions {
  readonly count: number
  /** Names of the constants with versions: [count, …]. */
  readonly of: ReadonlyArray<string>
}

/** Maximum width of a varying node per row; for wider ones, memory costs more than it saves. */
const MAX_VERSION_WIDTH = 8
/** Maximum number of entries of a varying pick per row, each with code of its own. */
const MAX_MOVED_ENTRIES = 256

interface Versioned {
  readonly count: number
  readonly make: Algebra
  readonly varies: (x: GraphNode) => boolean
  /** True if a node is or depends on a sum over the rows. */
  readonly isLater: (x: GraphNode) => boolean
  /** New node, with an axis of versions if the node varies. */
  readonly lift: (x: GraphNode) => GraphNode
  /** 1 for each version, [count]. */
  readonly ones: GraphNode
}

/** Reshapes [count, …own] so that its other axes align from the right with a shape of this rank. */
const withVersionAxis = ({ count, make }: Versioned, x: GraphNode, own: Shape, rank: number): GraphNode =>
  constantValue(x) === undefined
    ? make.reshaped(x, [count, ...new Array<number>(rank - own.length).fill(1), ...own])
    : x

/** New node of a node equal in all versions. */
const versionInvariant = ({ make, lift }: Versioned, { does, ins, shape, scope }: GraphNode): GraphNode => {
  const { entrywise, node, reduce, reshaped, rowDot, rowSum, stretched } = make
  const [a, b] = ins.map(lift)
  switch (does.kind) {
    case 'entrywise':
      return does.kernel === 'Stretch' ? stretched(a, shape) : entrywise(does.kernel, ins.map(lift), does.attrs)
    case 'constant':
      return make.constant(does.value)
    case 'reduce':
      return reduce(does.fold, a, does.axes)
    case 'reshape':
      return reshaped(a, shape)
    case 'pick':
      return make.pick(ins.map(lift), does.table, shape)
    case 'product':
      return make.product(a, b, does.transposed)
    case 'distances':
      return make.distances(a, b)
    case 'rowSum':
      return rowSum(a)
    case 'rowDot':
      return rowDot(a, b)
    case 'array':
    case 'count':
    case 'input':
    case 'kernel':
      return node(does, ins.map(lift), shape, scope)
  }
}

/** New node [count, …] of a varying node. */
const nodePerVersion = (versioned: Versioned, x: GraphNode): GraphNode => {
  const { count, make, varies, lift } = versioned
  const { entrywise, node, reduce, reshaped, rowDot, rowSum, stretched } = make
  const { does, ins, shape, scope } = x
  const all: Shape = [count, ...shape]
  const no = (): never => refuseToCompile(`${operationText(does)} of each version`)
  if (scope === 'rows' && nodeWidth(x) > MAX_VERSION_WIDTH)
    refuseToCompile(`${nodeWidth(x)} numbers of a row for each version`)
  const [a, b] = ins
  switch (does.kind) {
    case 'input':
      return node(does, [], all, scope)
    case 'entrywise': {
      const own = ins.map(input =>
        varies(input) ? withVersionAxis(versioned, lift(input), input.shape, shape.length) : lift(input)
      )
      return does.kernel === 'Stretch' ? stretched(own[0], all) : entrywise(does.kernel, own, does.attrs)
    }
    case 'reduce':
      return reduce(
        does.fold,
        lift(a),
        does.axes.map(axis => axis + 1)
      )
    case 'reshape':
      return reshaped(lift(a), all)
    case 'pick': {
      if (scope === 'rows' && sizeOf(all) > MAX_MOVED_ENTRIES) no()
      const sizes = ins.map(input => nodeWidth(input) * (varies(input) ? count : 1))
      const entries = ins.flatMap((input, i) =>
        Array.from({ length: nodeWidth(input) }, (_, at) => ({
          first: sizes.slice(0, i).reduce((sum, n) => sum + n, at),
          step: varies(input) ? nodeWidth(input) : 0
        }))
      )
      const table = Array.from({ length: count }, (_, v) =>
        does.table.map(at => entries[at].first + v * entries[at].step)
      )
      return make.pick(ins.map(lift), table.flat(), all)
    }
    case 'product':
      return varies(b) ? no() : make.product(lift(a), lift(b), does.transposed)
    case 'rowSum':
      return rowSum(lift(a))
    case 'rowDot': {
      const [m, n] = shape
      if (a.shape.length > 1 || varies(b)) no()
      return reshaped(rowDot(reshaped(lift(a), [count * m]), lift(b)), [count, m, n])
    }
    case 'array':
    case 'constant':
    case 'count':
    case 'distances':
    case 'kernel':
      return no()
  }
}

/** Σ over the versions of a node [count, …]. */
const sumOverVersions = ({ count, make }: Versioned, x: GraphNode, shape: Shape): GraphNode =>
  make.reshaped(make.sum(make.stretched(x, [count, ...shape]), [0]), shape)
/** Multiplies each version by its weight (null: 1). */
const weightedNode = (versioned: Versioned, x: GraphNode, weight: GraphNode | null, rank: number): GraphNode =>
  weight === null ? x : versioned.make.mul(withVersionAxis(versioned, weight, [], rank), x)
const timesOrSelf = ({ make }: Versioned, a: GraphNode | null, b: GraphNode): GraphNode =>
  a === null ? b : make.mul(a, b)
/** Number x for each version, [count]. */
const numberPerVersion = ({ count, make, varies, lift }: Versioned, x: GraphNode): GraphNode =>
  varies(x) ? make.reshaped(lift(x), [count]) : make.stretched(lift(x), [count])
const sumOfTerms = (make: Algebra, terms: ReadonlyArray<GraphNode>): GraphNode =>
  terms.reduce((all, term) => make.add(all, term))
/** Sum of two weights, [count] or null for 1; b if there is no a. */
const addWeights = (
  { make, ones }: Versioned,
  a: GraphNode | null | undefined,
  b: GraphNode | null
): GraphNode | null => (a === undefined ? b : make.add(a ?? ones, b ?? ones))

/** Factors in a linear combination, null for 1: one for all versions, and a weight for each. */
interface TermFactors {
  readonly outside: GraphNode | null
  readonly own: GraphNode | null
}

/** Adds an operand of a linear node, with its factors, to the combination. */
type PassWeight = (to: GraphNode, outside: GraphNode | null, own: GraphNode | null) => void

/** Passes a linear node's factors on to its operands; false if it is not linear. */
const passIfLinear = (
  versioned: Versioned,
  node: GraphNode,
  { outside, own }: TermFactors,
  pass: PassWeight
): boolean => {
  const { make, varies, lift, ones } = versioned
  const { neg } = make
  const { does, ins } = node
  if (!varies(node) || does.kind !== 'entrywise' || node.scope === 'once') return false
  const [a, b] = ins
  switch (does.kernel) {
    case 'Add':
      pass(a, outside, own)
      pass(b, outside, own)
      return true
    case 'Sub':
      pass(a, outside, own)
      pass(b, outside, neg(own ?? ones))
      return true
    case 'Neg':
      pass(a, outside, neg(own ?? ones))
      return true
    case 'Multiply': {
      const isNumber = (input: GraphNode): boolean => input.scope === 'once' && nodeWidth(input) === 1
      const at = ins.findIndex(input => isNumber(input) || !varies(input))
      if (at < 0) return false
      const factor = ins[at]
      const rest = ins[1 - at]
      if (isNumber(factor)) pass(rest, outside, timesOrSelf(versioned, own, numberPerVersion(versioned, factor)))
      else pass(rest, timesOrSelf(versioned, outside, lift(factor)), own)
      return true
    }
    default:
      return false
  }
}

/**
 * Σ over the versions of weight · x, with weights per call. The terms of which x is a linear combination are found backwards from x: each
 * node gets the sum of its users' weights, and factors equal in all versions stay outside.
 */
const weightedVersionSum = (versioned: Versioned, x: GraphNode, weight: GraphNode | null): GraphNode => {
  const { make, varies, lift } = versioned
  const nodes = [...topologicalOrder([x])].reverse()
  /** For each node, its weight (null: 1) for each factor outside the sum. */
  const weights = new Map<GraphNode, Map<GraphNode | null, GraphNode | null>>([[x, new Map([[null, weight]])]])
  const pass: PassWeight = (to, outside, own) => {
    const all = weights.get(to) ?? new Map<GraphNode | null, GraphNode | null>()
    weights.set(to, all.set(outside, addWeights(versioned, all.get(outside), own)))
  }
  const terms: GraphNode[] = []
  /** Terms per row with equal shape and outside factor, added before the sum over the versions. */
  const groups = new Map<
    string,
    { readonly outside: GraphNode | null; readonly shape: Shape; readonly all: GraphNode[] }
  >()
  for (const node of nodes)
    for (const [outside, own] of weights.get(node) ?? []) {
      if (passIfLinear(versioned, node, { outside, own }, pass)) continue
      const { scope, shape, does } = node
      if (scope === 'once' || !varies(node) || does.kind === 'reshape')
        terms.push(timesOrSelf(versioned, outside, versionSumOfTerm(versioned, node, own)))
      else {
        const key = `${outside?.id} ${shape.join()}`
        const group = groups.get(key) ?? { outside, shape, all: [] }
        groups.set(key, group)
        group.all.push(weightedNode(versioned, lift(node), own, shape.length))
      }
    }
  for (const { outside, shape, all } of groups.values())
    terms.push(timesOrSelf(versioned, outside, sumOverVersions(versioned, sumOfTerms(make, all), shape)))
  return make.stretched(sumOfTerms(make, terms), x.shape)
}

interface VersionTerm {
  readonly x: GraphNode
  readonly weight: GraphNode | null
}

/** Σ over the versions of weight · x, with x computed for each version. */
const separateSum = (versioned: Versioned, { x, weight }: VersionTerm): GraphNode =>
  sumOverVersions(versioned, weightedNode(versioned, versioned.lift(x), weight, x.shape.length), x.shape)

/** Σ over the versions of weight · x for an entrywise x that depends on a sum over the rows. */
const entrywiseVersionSum = (versioned: Versioned, kernel: string, term: VersionTerm): GraphNode => {
  const { make, varies, isLater, lift } = versioned
  const { entrywise, mul, div, neg, reciprocal, stretched } = make
  const { x, weight } = term
  const { ins, shape } = x
  const [a, b] = ins
  const sumOf = (of: GraphNode, by = weight): GraphNode => weightedVersionSum(versioned, of, by)
  const operand = (input: GraphNode): GraphNode => {
    const own = sumOf(input)
    return sameShape(input.shape, shape) ? own : stretched(own, shape)
  }
  switch (kernel) {
    case 'Stretch':
      return stretched(sumOf(a), shape)
    case 'Add':
    case 'Sub':
      return entrywise(kernel, ins.map(operand))
    case 'Neg':
      return neg(operand(a))
    case 'RealDiv':
      if (isLater(b)) return separateSum(versioned, term)
      if (!varies(b)) return div(operand(a), lift(b))
      return nodeWidth(b) === 1
        ? stretched(sumOf(a, timesOrSelf(versioned, weight, reciprocal(numberPerVersion(versioned, b)))), shape)
        : separateSum(versioned, term)
    case 'Multiply': {
      if (ins.every(isLater)) return separateSum(versioned, term)
      const [factor, rest] = isLater(a) ? [b, a] : [a, b]
      if (!varies(factor)) return mul(lift(factor), operand(rest))
      return nodeWidth(factor) === 1
        ? stretched(sumOf(rest, timesOrSelf(versioned, weight, numberPerVersion(versioned, factor))), shape)
        : separateSum(versioned, term)
    }
    default:
      return separateSum(versioned, term)
  }
}

/** Σ over the versions of weight · x for x = Σ_rows a bᵀ; if only one factor varies, it is summed before the product. */
const rowDotVersionSum = (versioned: Versioned, term: VersionTerm): GraphNode => {
  const { count, make, varies, lift } = versioned
  const { rowDot, stretched } = make
  const { x, weight } = term
  const [a, b] = x.ins
  if (a.shape.length > 1) return separateSum(versioned, term)
  if (!varies(a)) return rowDot(lift(a), weightedVersionSum(versioned, b, weight))
  if (!varies(b)) return rowDot(weightedVersionSum(versioned, a, weight), lift(b))
  return rowDot(
    stretched(weightedNode(versioned, lift(a), weight, 1), [count, ...a.shape]),
    stretched(lift(b), [count, ...b.shape])
  )
}

/** Σ over the versions of weight · x for an x that is no linear combination; the sum may move to its operands. */
const versionSumOfTerm = (versioned: Versioned, x: GraphNode, weight: GraphNode | null): GraphNode => {
  const { count, make, varies, isLater, lift } = versioned
  const { mul, reduce, reshaped, rowSum } = make
  const term = { x, weight }
  const sumOf = (of: GraphNode): GraphNode => weightedVersionSum(versioned, of, weight)
  const { does, ins, shape } = x
  if (!varies(x))
    return weight === null ? make.times(count, lift(x)) : mul(reshaped(reduce('Sum', weight, [0]), []), lift(x))
  if (x.scope === 'rows') return does.kind === 'reshape' ? reshaped(sumOf(ins[0]), shape) : separateSum(versioned, term)
  if (!isLater(x)) return separateSum(versioned, term)
  const [a, b] = ins
  switch (does.kind) {
    case 'rowSum':
      return rowSum(sumOf(a))
    case 'rowDot':
      return rowDotVersionSum(versioned, term)
    case 'reshape':
      return reshaped(sumOf(a), shape)
    case 'reduce':
      return does.fold === 'Sum' ? reduce('Sum', sumOf(a), does.axes) : separateSum(versioned, term)
    case 'pick':
      return make.pick(ins.map(sumOf), does.table, shape)
    case 'product':
      if (!varies(b) && !isLater(b)) return make.product(sumOf(a), lift(b), does.transposed)
      return varies(a) || isLater(a) ? separateSum(versioned, term) : make.product(lift(a), sumOf(b), does.transposed)
    case 'entrywise':
      return entrywiseVersionSum(versioned, does.kernel, term)
    case 'array':
    case 'constant':
    case 'count':
    case 'distances':
    case 'input':
    case 'kernel':
      return separateSum(versioned, term)
  }
}

/** Outputs as sums over the versions. */
export const summedOutputs = (
  outs: Readonly<Record<string, GraphNode>>,
  { count, of }: Versions
): Readonly<Record<string, GraphNode>> => {
  const { varies } = algebra('none', of)
  const make = algebra('versions')
  const later = nodesAfterRows(topologicalOrder(Object.values(outs)))
  const lifted = new Map<GraphNode, GraphNode>()
  const versioned: Versioned = {
    count,
    make,
    varies,
    isLater: x => later.has(x),
    lift: x => {
      const made = lifted.get(x) ?? (varies(x) ? nodePerVersion(versioned, x) : versionInvariant(versioned, x))
      lifted.set(x, made)
      return made
    },
    ones: make.stretched(make.constant(1), [count])
  }
  return Object.fromEntries(
    Object.entries(outs).map(([name, out]) => [
      name,
      make.stretched(weightedVersionSum(versioned, out, null), out.shape)
    ])
  )
}
