/**
 * Phase 3½. Several versions of some constants, as of the levels and nodes of one step: a program gives the sum of what it
 * gives for each. A node that varies gets an axis of versions, the first; one that does not is computed once for all. Sums over
 * the versions are taken as early as what follows is linear, in the rows: there is one sum over the rows for all versions.
 */
import { productOfSizes as sizeOf } from '../kernels/dense.js'
import { algebra, type Algebra } from './algebra.js'
import {
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
  /** The constants that each has its own of: [count, …]. */
  readonly of: ReadonlyArray<string>
}

/** A row of one version may hold so many numbers at most: of more it is the memory of all versions that costs. */
const MAX_VERSION_WIDTH = 8
/** Entries that are moved are moved by code of their own, each. */
const MAX_MOVED_ENTRIES = 256

/** What versions are summed with. */
interface Versioned {
  readonly count: number
  /** Makes the nodes of all versions. */
  readonly make: Algebra
  readonly varies: (x: GraphNode) => boolean
  /** Whether it is a sum over the rows, or made of such. */
  readonly isLater: (x: GraphNode) => boolean
  /** A node with an axis of versions, if it varies; else as it is, the same in all. */
  readonly lift: (x: GraphNode) => GraphNode
  /** 1 for each version, [count]. */
  readonly ones: GraphNode
}

/** With the axis of versions, and as many others as there are where it is met. */
const withVersionAxis = ({ count, make }: Versioned, x: GraphNode, own: Shape, rank: number): GraphNode =>
  constantValue(x) === undefined
    ? make.reshaped(x, [count, ...new Array<number>(rank - own.length).fill(1), ...own])
    : x

/** As it is: in all versions. */
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

/** Of each version: [count, …]. */
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

/** Σ over the versions of x as it is in each. */
const sumOverVersions = ({ count, make }: Versioned, x: GraphNode, shape: Shape): GraphNode =>
  make.reshaped(make.sum(make.stretched(x, [count, ...shape]), [0]), shape)
/** Of a version as often as its weight says. */
const weightedNode = (versioned: Versioned, x: GraphNode, weight: GraphNode | null, rank: number): GraphNode =>
  weight === null ? x : versioned.make.mul(withVersionAxis(versioned, weight, [], rank), x)
const timesOrSelf = ({ make }: Versioned, a: GraphNode | null, b: GraphNode): GraphNode =>
  a === null ? b : make.mul(a, b)
/** A number of each version, [count]. */
const numberPerVersion = ({ count, make, varies, lift }: Versioned, x: GraphNode): GraphNode =>
  varies(x) ? make.reshaped(lift(x), [count]) : make.stretched(lift(x), [count])
const sumOfTerms = (make: Algebra, terms: ReadonlyArray<GraphNode>): GraphNode =>
  terms.reduce((all, term) => make.add(all, term))
/** A weight more: a number of each version, [count], null for 1. */
const plusWeights = (
  { make, ones }: Versioned,
  a: GraphNode | null | undefined,
  b: GraphNode | null
): GraphNode | null => (a === undefined ? b : make.add(a ?? ones, b ?? ones))

/** What a linear node passes on to what it is made of: an operand, the factor outside, and the weight. */
type PassWeight = (to: GraphNode, outside: GraphNode | null, own: GraphNode | null) => void

/** Whether it is handed on to what it is made of. */
const passIfLinear = (
  versioned: Versioned,
  node: GraphNode,
  outside: GraphNode | null,
  own: GraphNode | null,
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
 * Σ over the versions of weight · x, of the shape of x, weights being numbers once a call. What x is a linear combination of is
 * found from x back to what it is made of, each node with the weights that its users pass on, and outside of the sum the
 * factors that are the same in all versions.
 */
const weightedVersionSum = (versioned: Versioned, x: GraphNode, weight: GraphNode | null): GraphNode => {
  const { make, varies, lift } = versioned
  const nodes = [...topologicalOrder([x])].reverse()
  /** For each node, the weight of each factor outside, null for none. */
  const weights = new Map<GraphNode, Map<GraphNode | null, GraphNode | null>>([[x, new Map([[null, weight]])]])
  const pass: PassWeight = (to, outside, own) => {
    const all = weights.get(to) ?? new Map<GraphNode | null, GraphNode | null>()
    weights.set(to, all.set(outside, plusWeights(versioned, all.get(outside), own)))
  }
  const terms: GraphNode[] = []
  /** Of rows, of one shape and with one factor outside: they are added first. */
  const together = new Map<
    string,
    { readonly outside: GraphNode | null; readonly shape: Shape; readonly all: GraphNode[] }
  >()
  for (const node of nodes)
    for (const [outside, own] of weights.get(node) ?? []) {
      if (passIfLinear(versioned, node, outside, own, pass)) continue
      const { scope, shape, does } = node
      if (scope === 'once' || !varies(node) || does.kind === 'reshape')
        terms.push(timesOrSelf(versioned, outside, versionSumOfTerm(versioned, node, own)))
      else {
        const key = `${outside?.id} ${shape.join()}`
        const group = together.get(key) ?? { outside, shape, all: [] }
        together.set(key, group)
        group.all.push(weightedNode(versioned, lift(node), own, shape.length))
      }
    }
  for (const { outside, shape, all } of together.values())
    terms.push(timesOrSelf(versioned, outside, sumOverVersions(versioned, sumOfTerms(make, all), shape)))
  return make.stretched(sumOfTerms(make, terms), x.shape)
}

/** The same of what is no such combination, but what it is made of may be. */
const versionSumOfTerm = (versioned: Versioned, x: GraphNode, weight: GraphNode | null): GraphNode => {
  const { count, make, varies, isLater, lift } = versioned
  const { entrywise, mul, div, neg, reciprocal, reduce, reshaped, rowDot, rowSum, stretched } = make
  const sumOf = (of: GraphNode, by = weight): GraphNode => weightedVersionSum(versioned, of, by)
  const { does, ins, shape } = x
  const rank = shape.length
  if (!varies(x))
    return weight === null ? make.times(count, lift(x)) : mul(reshaped(reduce('Sum', weight, [0]), []), lift(x))
  const apart = (): GraphNode => sumOverVersions(versioned, weightedNode(versioned, lift(x), weight, rank), shape)
  if (x.scope === 'rows') return does.kind === 'reshape' ? reshaped(sumOf(ins[0]), shape) : apart()
  if (!isLater(x)) return apart()
  const [a, b] = ins
  const operand = (input: GraphNode): GraphNode => {
    const own = sumOf(input)
    return sameShape(input.shape, shape) ? own : stretched(own, shape)
  }
  switch (does.kind) {
    case 'rowSum':
      return rowSum(sumOf(a))
    case 'rowDot': {
      if (a.shape.length > 1) return apart()
      if (!varies(a)) return rowDot(lift(a), sumOf(b))
      if (!varies(b)) return rowDot(sumOf(a), lift(b))
      return rowDot(
        stretched(weightedNode(versioned, lift(a), weight, 1), [count, ...a.shape]),
        stretched(lift(b), [count, ...b.shape])
      )
    }
    case 'reshape':
      return reshaped(sumOf(a), shape)
    case 'reduce':
      return does.fold === 'Sum' ? reduce('Sum', sumOf(a), does.axes) : apart()
    case 'pick':
      return make.pick(
        ins.map(input => sumOf(input)),
        does.table,
        shape
      )
    case 'product':
      if (!varies(b) && !isLater(b)) return make.product(sumOf(a), lift(b), does.transposed)
      return varies(a) || isLater(a) ? apart() : make.product(lift(a), sumOf(b), does.transposed)
    case 'entrywise':
      switch (does.kernel) {
        case 'Stretch':
          return stretched(sumOf(a), shape)
        case 'Add':
        case 'Sub':
          return entrywise(does.kernel, ins.map(operand))
        case 'Neg':
          return neg(operand(a))
        case 'RealDiv':
          if (isLater(b)) return apart()
          if (!varies(b)) return div(operand(a), lift(b))
          return nodeWidth(b) === 1
            ? stretched(sumOf(a, timesOrSelf(versioned, weight, reciprocal(numberPerVersion(versioned, b)))), shape)
            : apart()
        case 'Multiply': {
          if (ins.every(isLater)) return apart()
          const [factor, rest] = isLater(a) ? [b, a] : [a, b]
          if (!varies(factor)) return mul(lift(factor), operand(rest))
          return nodeWidth(factor) === 1
            ? stretched(sumOf(rest, timesOrSelf(versioned, weight, numberPerVersion(versioned, factor))), shape)
            : apart()
        }
        default:
          return apart()
      }
    case 'array':
    case 'constant':
    case 'count':
    case 'distances':
    case 'input':
    case 'kernel':
      return apart()
  }
}

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
