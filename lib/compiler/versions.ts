/**
 * Phase 3½. Several versions of some constants, as of the levels and nodes of one step: a program gives the sum of what it
 * gives for each. A node that varies gets an axis of versions, the first; one that does not is computed once for all. Sums over
 * the versions are taken as early as what follows is linear, in the rows: there is one sum over the rows for all versions.
 */
import { product as sizeOf } from '../kernels/dense.js'
import { algebra, type Algebra } from './algebra.js'
import { afterRows, describe, ordered, sameShape, valueOf, width, type Node, type Shape } from './graph.js'
import { refuse } from './refusal.js'

export interface Versions {
  readonly count: number
  /** The constants that each has its own of: [count, …]. */
  readonly of: ReadonlyArray<string>
}

/** A row of one version may hold so many numbers at most: of more it is the memory of all versions that costs. */
const WIDEST = 8
/** Entries that are moved are moved by code of their own, each. */
const MOST_MOVED = 256

/** What versions are summed with. */
interface Versioned {
  readonly count: number
  /** Makes the nodes of all versions. */
  readonly make: Algebra
  readonly varies: (x: Node) => boolean
  /** Whether it is a sum over the rows, or made of such. */
  readonly isLater: (x: Node) => boolean
  /** A node with an axis of versions, if it varies; else as it is, the same in all. */
  readonly lift: (x: Node) => Node
  /** 1 for each version, [count]. */
  readonly ones: Node
}

/** With the axis of versions, and as many others as there are where it is met. */
const ranked = ({ count, make }: Versioned, x: Node, own: Shape, rank: number): Node =>
  valueOf(x) === undefined ? make.reshaped(x, [count, ...new Array<number>(rank - own.length).fill(1), ...own]) : x

/** As it is: in all versions. */
const same = ({ make, lift }: Versioned, { does, ins, shape, place }: Node): Node => {
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
      return node(does, ins.map(lift), shape, place)
  }
}

/** Of each version: [count, …]. */
const each = (versioned: Versioned, x: Node): Node => {
  const { count, make, varies, lift } = versioned
  const { entrywise, node, reduce, reshaped, rowDot, rowSum, stretched } = make
  const { does, ins, shape, place } = x
  const all: Shape = [count, ...shape]
  const no = (): never => refuse(`${describe(does)} of each version`)
  if (place === 'rows' && width(x) > WIDEST) refuse(`${width(x)} numbers of a row for each version`)
  const [a, b] = ins
  switch (does.kind) {
    case 'input':
      return node(does, [], all, place)
    case 'entrywise': {
      const own = ins.map(input =>
        varies(input) ? ranked(versioned, lift(input), input.shape, shape.length) : lift(input)
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
      if (place === 'rows' && sizeOf(all) > MOST_MOVED) no()
      const sizes = ins.map(input => width(input) * (varies(input) ? count : 1))
      const entries = ins.flatMap((input, i) =>
        Array.from({ length: width(input) }, (_, at) => ({
          first: sizes.slice(0, i).reduce((sum, n) => sum + n, at),
          step: varies(input) ? width(input) : 0
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
const folded = ({ count, make }: Versioned, x: Node, shape: Shape): Node =>
  make.reshaped(make.sum(make.stretched(x, [count, ...shape]), [0]), shape)
/** Of a version as often as its weight says. */
const weighed = (versioned: Versioned, x: Node, weight: Node | null, rank: number): Node =>
  weight === null ? x : versioned.make.mul(ranked(versioned, weight, [], rank), x)
const times = ({ make }: Versioned, a: Node | null, b: Node): Node => (a === null ? b : make.mul(a, b))
/** A number of each version, [count]. */
const numbers = ({ count, make, varies, lift }: Versioned, x: Node): Node =>
  varies(x) ? make.reshaped(lift(x), [count]) : make.stretched(lift(x), [count])
const added = (make: Algebra, terms: ReadonlyArray<Node>): Node => terms.reduce((all, term) => make.add(all, term))
/** A weight more: a number of each version, [count], null for 1. */
const plus = ({ make, ones }: Versioned, a: Node | null | undefined, b: Node | null): Node | null =>
  a === undefined ? b : make.add(a ?? ones, b ?? ones)

/** What a linear node passes on to what it is made of: an operand, the factor outside, and the weight. */
type Pass = (to: Node, outside: Node | null, own: Node | null) => void

/** Whether it is handed on to what it is made of. */
const isLinear = (versioned: Versioned, node: Node, outside: Node | null, own: Node | null, pass: Pass): boolean => {
  const { make, varies, lift, ones } = versioned
  const { neg } = make
  const { does, ins } = node
  if (!varies(node) || does.kind !== 'entrywise' || node.place === 'once') return false
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
      const isNumber = (input: Node): boolean => input.place === 'once' && width(input) === 1
      const at = ins.findIndex(input => isNumber(input) || !varies(input))
      if (at < 0) return false
      const factor = ins[at]
      const rest = ins[1 - at]
      if (isNumber(factor)) pass(rest, outside, times(versioned, own, numbers(versioned, factor)))
      else pass(rest, times(versioned, outside, lift(factor)), own)
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
const sum = (versioned: Versioned, x: Node, weight: Node | null): Node => {
  const { make, varies, lift } = versioned
  const nodes = [...ordered([x])].reverse()
  /** For each node, the weight of each factor outside, null for none. */
  const weights = new Map<Node, Map<Node | null, Node | null>>([[x, new Map([[null, weight]])]])
  const pass: Pass = (to, outside, own) => {
    const all = weights.get(to) ?? new Map<Node | null, Node | null>()
    weights.set(to, all.set(outside, plus(versioned, all.get(outside), own)))
  }
  const terms: Node[] = []
  /** Of rows, of one shape and with one factor outside: they are added first. */
  const together = new Map<string, { readonly outside: Node | null; readonly shape: Shape; readonly all: Node[] }>()
  for (const node of nodes)
    for (const [outside, own] of weights.get(node) ?? []) {
      if (isLinear(versioned, node, outside, own, pass)) continue
      const { place, shape, does } = node
      if (place === 'once' || !varies(node) || does.kind === 'reshape')
        terms.push(times(versioned, outside, summand(versioned, node, own)))
      else {
        const key = `${outside?.id} ${shape.join()}`
        const group = together.get(key) ?? { outside, shape, all: [] }
        together.set(key, group)
        group.all.push(weighed(versioned, lift(node), own, shape.length))
      }
    }
  for (const { outside, shape, all } of together.values())
    terms.push(times(versioned, outside, folded(versioned, added(make, all), shape)))
  return make.stretched(added(make, terms), x.shape)
}

/** The same of what is no such combination, but what it is made of may be. */
const summand = (versioned: Versioned, x: Node, weight: Node | null): Node => {
  const { count, make, varies, isLater, lift } = versioned
  const { entrywise, mul, div, neg, reciprocal, reduce, reshaped, rowDot, rowSum, stretched } = make
  const sumOf = (of: Node, by = weight): Node => sum(versioned, of, by)
  const { does, ins, shape } = x
  const rank = shape.length
  if (!varies(x))
    return weight === null ? make.times(count, lift(x)) : mul(reshaped(reduce('Sum', weight, [0]), []), lift(x))
  const apart = (): Node => folded(versioned, weighed(versioned, lift(x), weight, rank), shape)
  if (x.place === 'rows') return does.kind === 'reshape' ? reshaped(sumOf(ins[0]), shape) : apart()
  if (!isLater(x)) return apart()
  const [a, b] = ins
  const operand = (input: Node): Node => {
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
        stretched(weighed(versioned, lift(a), weight, 1), [count, ...a.shape]),
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
          return width(b) === 1
            ? stretched(sumOf(a, times(versioned, weight, reciprocal(numbers(versioned, b)))), shape)
            : apart()
        case 'Multiply': {
          if (ins.every(isLater)) return apart()
          const [factor, rest] = isLater(a) ? [b, a] : [a, b]
          if (!varies(factor)) return mul(lift(factor), operand(rest))
          return width(factor) === 1
            ? stretched(sumOf(rest, times(versioned, weight, numbers(versioned, factor))), shape)
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

export const summed = (
  outs: Readonly<Record<string, Node>>,
  { count, of }: Versions
): Readonly<Record<string, Node>> => {
  const { varies } = algebra('none', of)
  const make = algebra('versions')
  const later = afterRows(ordered(Object.values(outs)))
  const lifted = new Map<Node, Node>()
  const versioned: Versioned = {
    count,
    make,
    varies,
    isLater: x => later.has(x),
    lift: x => {
      const made = lifted.get(x) ?? (varies(x) ? each(versioned, x) : same(versioned, x))
      lifted.set(x, made)
      return made
    },
    ones: make.stretched(make.constant(1), [count])
  }
  return Object.fromEntries(
    Object.entries(outs).map(([name, out]) => [name, make.stretched(sum(versioned, out, null), out.shape)])
  )
}
