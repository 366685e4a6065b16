/**
 * Phase 3½. Several versions of some constants, as of the levels and nodes of one step: a program gives the sum of what it
 * gives for each. A node that varies gets an axis of versions, the first; one that does not is computed once for all. Sums over
 * the versions are taken as early as what follows is linear, in the rows: there is one sum over the rows for all versions.
 */
import { product as sizeOf } from '../kernels/dense.js'
import { algebra } from './algebra.js'
import { describe, ordered, sameShape, valueOf, width, type Node, type Shape } from './graph.js'
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

export const summed = (
  outs: Readonly<Record<string, Node>>,
  { count, of }: Versions
): Readonly<Record<string, Node>> => {
  const { varies } = algebra('none', of)
  const make = algebra('versions')
  const { entrywise, node, reduce, reshaped, rowDot, rowSum, stretched } = make
  const isSum = ({ does }: Node): boolean => does.kind === 'rowSum' || does.kind === 'rowDot'
  const later = new Set<Node>()
  for (const one of ordered(Object.values(outs)))
    if (isSum(one) || one.ins.some(input => later.has(input))) later.add(one)

  /** With the axis of versions, and as many others as there are where it is met. */
  const ranked = (x: Node, own: Shape, rank: number): Node =>
    valueOf(x) === undefined ? reshaped(x, [count, ...new Array<number>(rank - own.length).fill(1), ...own]) : x

  const lifted = new Map<Node, Node>()
  const lift = (x: Node): Node => {
    const known = lifted.get(x)
    if (known !== undefined) return known
    const made = varies(x) ? each(x) : same(x)
    lifted.set(x, made)
    return made
  }
  /** As it is: in all versions. */
  const same = ({ does, ins, shape, place }: Node): Node => {
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
  const each = (x: Node): Node => {
    const { does, ins, shape, place } = x
    const all: Shape = [count, ...shape]
    const no = (): never => refuse(`${describe(does)} of each version`)
    if (place === 'rows' && width(x) > WIDEST) refuse(`${width(x)} numbers of a row for each version`)
    const [a, b] = ins
    switch (does.kind) {
      case 'input':
        return node(does, [], all, place)
      case 'entrywise': {
        const own = ins.map(input => (varies(input) ? ranked(lift(input), input.shape, shape.length) : lift(input)))
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
  const folded = (x: Node, shape: Shape): Node => reshaped(reduce('Sum', stretched(x, [count, ...shape]), [0]), shape)
  /** Of a version as often as its weight says. */
  const weighed = (x: Node, weight: Node | null, rank: number): Node =>
    weight === null ? x : entrywise('Multiply', [ranked(weight, [], rank), x])
  const times = (a: Node | null, b: Node): Node => (a === null ? b : entrywise('Multiply', [a, b]))
  /** A number of each version, [count]. */
  const numbers = (x: Node): Node => (varies(x) ? reshaped(lift(x), [count]) : stretched(lift(x), [count]))

  const added = ([first, ...rest]: ReadonlyArray<Node>): Node =>
    rest.reduce((all, term) => entrywise('Add', [all, term]), first)
  /** A number of each version, [count], as a weight. */
  const plus = (a: Node | null | undefined, b: Node | null): Node | null =>
    a === undefined ? b : entrywise('Add', [a ?? ones, b ?? ones])
  const ones = stretched(make.constant(1), [count])

  /**
   * Σ over the versions of weight · x, of the shape of x, weights being numbers once a call. What x is a linear combination of is
   * found from x back to what it is made of, each node with the weights that its users pass on, and outside of the sum the
   * factors that are the same in all versions.
   */
  const sum = (x: Node, weight: Node | null): Node => {
    const nodes = [...ordered([x])].reverse()
    /** For each node, the weight of each factor outside, null for none. */
    const weights = new Map<Node, Map<Node | null, Node | null>>([[x, new Map([[null, weight]])]])
    const pass = (to: Node, outside: Node | null, own: Node | null): void => {
      const all = weights.get(to) ?? new Map<Node | null, Node | null>()
      weights.set(to, all.set(outside, plus(all.get(outside), own)))
    }
    /** Whether it is handed on to what it is made of. */
    const isLinear = (node: Node, outside: Node | null, own: Node | null): boolean => {
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
          pass(b, outside, entrywise('Neg', [own ?? ones]))
          return true
        case 'Neg':
          pass(a, outside, entrywise('Neg', [own ?? ones]))
          return true
        case 'Multiply': {
          const isNumber = (input: Node): boolean => input.place === 'once' && width(input) === 1
          const at = ins.findIndex(input => isNumber(input) || !varies(input))
          if (at < 0) return false
          const [factor, rest] = [ins[at], ins[1 - at]]
          if (isNumber(factor)) pass(rest, outside, times(own, numbers(factor)))
          else pass(rest, times(outside, lift(factor)), own)
          return true
        }
        default:
          return false
      }
    }
    const terms: Node[] = []
    /** Of rows, of one shape and with one factor outside: they are added first. */
    const together = new Map<string, { readonly outside: Node | null; readonly shape: Shape; readonly all: Node[] }>()
    for (const node of nodes)
      for (const [outside, own] of weights.get(node) ?? []) {
        if (isLinear(node, outside, own)) continue
        const { place, shape, does } = node
        if (place === 'once' || !varies(node) || does.kind === 'reshape') terms.push(times(outside, summand(node, own)))
        else {
          const key = `${outside?.id} ${shape.join()}`
          const group = together.get(key) ?? { outside, shape, all: [] }
          together.set(key, group)
          group.all.push(weighed(lift(node), own, shape.length))
        }
      }
    for (const { outside, shape, all } of together.values()) terms.push(times(outside, folded(added(all), shape)))
    return stretched(added(terms), x.shape)
  }

  /** The same of what is no such combination, but what it is made of may be. */
  const summand = (x: Node, weight: Node | null): Node => {
    const { does, ins, shape } = x
    const rank = shape.length
    if (!varies(x))
      return weight === null
        ? make.times(count, lift(x))
        : entrywise('Multiply', [reshaped(reduce('Sum', weight, [0]), []), lift(x)])
    const apart = (): Node => folded(weighed(lift(x), weight, rank), shape)
    if (x.place === 'rows') return does.kind === 'reshape' ? reshaped(sum(ins[0], weight), shape) : apart()
    if (!later.has(x)) return apart()
    const [a, b] = ins
    const operand = (input: Node): Node => {
      const own = sum(input, weight)
      return sameShape(input.shape, shape) ? own : stretched(own, shape)
    }
    switch (does.kind) {
      case 'rowSum':
        return rowSum(sum(a, weight))
      case 'rowDot': {
        if (a.shape.length > 1) return apart()
        if (!varies(a)) return rowDot(lift(a), sum(b, weight))
        if (!varies(b)) return rowDot(sum(a, weight), lift(b))
        return rowDot(
          stretched(weighed(lift(a), weight, 1), [count, ...a.shape]),
          stretched(lift(b), [count, ...b.shape])
        )
      }
      case 'reshape':
        return reshaped(sum(a, weight), shape)
      case 'reduce':
        return does.fold === 'Sum' ? reduce('Sum', sum(a, weight), does.axes) : apart()
      case 'pick':
        return make.pick(
          ins.map(input => sum(input, weight)),
          does.table,
          shape
        )
      case 'product':
        if (!varies(b) && !later.has(b)) return make.product(sum(a, weight), lift(b), does.transposed)
        return varies(a) || later.has(a) ? apart() : make.product(lift(a), sum(b, weight), does.transposed)
      case 'entrywise':
        switch (does.kernel) {
          case 'Stretch':
            return stretched(sum(a, weight), shape)
          case 'Add':
          case 'Sub':
            return entrywise(does.kernel, ins.map(operand))
          case 'Neg':
            return entrywise('Neg', [operand(a)])
          case 'RealDiv':
            if (later.has(b)) return apart()
            if (!varies(b)) return entrywise('RealDiv', [operand(a), lift(b)])
            return width(b) === 1
              ? stretched(sum(a, times(weight, entrywise('Reciprocal', [numbers(b)]))), shape)
              : apart()
          case 'Multiply': {
            if (ins.every(input => later.has(input))) return apart()
            const [factor, rest] = later.has(a) ? [b, a] : [a, b]
            if (!varies(factor)) return entrywise('Multiply', [lift(factor), operand(rest)])
            return width(factor) === 1 ? stretched(sum(rest, times(weight, numbers(factor))), shape) : apart()
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
  return Object.fromEntries(Object.entries(outs).map(([name, out]) => [name, stretched(sum(out, null), out.shape)]))
}
