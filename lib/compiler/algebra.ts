/** How nodes are made: constants are folded, equal operands put in one order, and the rules of rules.ts applied. */
import { broadcastShape, product as sizeOf } from '../kernels/dense.js'
import {
  graph,
  isScalar,
  sameShape,
  valueOf,
  width,
  type Attrs,
  type Fold,
  type Graph,
  type Node,
  type Operation,
  type Shape
} from './graph.js'
import { meaning } from './meaning.js'
import * as Rules from './rules.js'

type Unary = (x: Node) => Node
type Binary = (a: Node, b: Node) => Node

export interface Algebra extends Graph {
  readonly constant: (value: number) => Node
  readonly entrywise: (kernel: string, ins: ReadonlyArray<Node>, attrs?: Attrs) => Node
  readonly add: Binary
  readonly sub: Binary
  /** a · b, entry by entry */
  readonly mul: Binary
  readonly div: Binary
  readonly neg: Unary
  readonly square: Unary
  readonly reciprocal: Unary
  /** Σ over the axes. */
  readonly sum: (x: Node, axes: ReadonlyArray<number>) => Node
  readonly reduce: (fold: Fold, x: Node, axes: ReadonlyArray<number>) => Node
  readonly reshaped: (x: Node, shape: Shape) => Node
  /** Every entry written out. */
  readonly stretched: (x: Node, shape: Shape) => Node
  readonly pick: (sources: ReadonlyArray<Node>, table: ReadonlyArray<number>, shape: Shape) => Node
  /** The transpose of a matrix. */
  readonly flipped: (matrix: Node) => Node
  readonly product: (x: Node, matrix: Node, transposed: boolean) => Node
  readonly distances: (x: Node, matrix: Node) => Node
  readonly rowSum: (x: Node) => Node
  readonly rowDot: (a: Node, b: Node) => Node
  /** c · x */
  readonly times: (c: number, x: Node) => Node
  /** Whether a node is of a version (`versions.ts`), and not the same in all of them. */
  readonly varies: (x: Node) => boolean
}

const COMMUTATIVE = new Set(['Add', 'Multiply', 'Maximum', 'Minimum', 'Equal', 'NotEqual', 'LogicalAnd', 'LogicalOr'])

/** Which rules are applied: none, those that always pay, also those that split sums, which may, or also those of several versions. */
export type Rewriting = 'none' | 'plain' | 'splitting' | 'versions'

/** The rules that are applied, by what they make other nodes of. */
const rulesOf = (rewriting: Rewriting) => {
  const entrywise: Rules.EntrywiseRules =
    rewriting === 'none' ? {} : rewriting === 'versions' ? Rules.versionRules : Rules.entrywiseRules
  const of = <T>(rules: ReadonlyArray<T>, splitting: ReadonlyArray<T> = []): ReadonlyArray<T> =>
    rewriting === 'none' ? [] : rewriting === 'splitting' ? [...rules, ...splitting] : rules
  const sums: Readonly<Partial<Record<Fold, ReadonlyArray<Rules.FoldRule>>>> = {
    Sum: of(Rules.sumRules, Rules.splittingSumRules)
  }
  return {
    entrywise,
    reshape: of(Rules.reshapeRules),
    folds: sums,
    pick: of(Rules.pickRules),
    product: of(Rules.productRules, Rules.splittingProductRules),
    distances: of(Rules.distanceRules, Rules.splittingDistanceRules),
    rowSum: of(Rules.rowSumRules),
    rowDot: of(Rules.rowDotRules, Rules.splittingRowDotRules)
  }
}
const tables = new Map<Rewriting, ReturnType<typeof rulesOf>>()

/** What the first rule makes that makes anything. */
const better = <A extends ReadonlyArray<unknown>>(
  rules: ReadonlyArray<(...of: A) => Node | undefined>,
  ...of: A
): Node | undefined => {
  for (const rule of rules) {
    const made = rule(...of)
    if (made !== undefined) return made
  }
  return undefined
}

const placeOf = (ins: ReadonlyArray<Node>): Node['place'] =>
  ins.some(({ place }) => place === 'rows') ? 'rows' : 'once'

const isStretch = ({ does }: Node): boolean => does.kind === 'entrywise' && does.kernel === 'Stretch'

/** Which entry of what stretches to a shape is an entry there. */
const beforeStretch = (own: Shape, shape: Shape, at: number): number => {
  let from = 0
  let step = 1
  let rest = at
  for (let axis = 1; axis <= shape.length; axis++) {
    const length = shape[shape.length - axis]
    const size = own[own.length - axis] ?? 1
    if (size !== 1) from += (rest % length) * step
    step *= size
    rest = Math.floor(rest / length)
  }
  return from
}

/** Where an entry of a node comes from, through all that moves entries. */
const origin = (x: Node, at: number): readonly [Node, number] => {
  const [first] = x.ins
  if (x.does.kind === 'reshape') return origin(first, at)
  if (isStretch(x)) return origin(first, beforeStretch(first.shape, x.shape, at))
  if (x.does.kind === 'pick') {
    let index = x.does.table[at]
    for (const source of x.ins) {
      if (index < width(source)) return origin(source, index)
      index -= width(source)
    }
  }
  return [x, at]
}

/** Constructors over a graph of their own; without rewriting, of what is written and nothing else. Inputs of those names vary. */
export const algebra = (rewriting: Rewriting = 'plain', varying: ReadonlyArray<string> = []): Algebra => {
  const simplify = rewriting !== 'none'
  const rules = tables.get(rewriting) ?? rulesOf(rewriting)
  tables.set(rewriting, rules)
  const { node } = graph()
  const constant = (value: number): Node => node({ kind: 'constant', value }, [], [], 'once')

  const entrywise: Algebra['entrywise'] = (kernel, written, attrs = {}) => {
    const shapeOf = (ins: ReadonlyArray<Node>): Shape =>
      ins.map(({ shape }) => shape).reduce((a, b) => broadcastShape(a, b, kernel))
    const shape = shapeOf(written)
    // what is stretched for an operand that is as long is read as it was, and a number as one
    const given = written.reduce<ReadonlyArray<Node>>((ins, x, i) => {
      const plain = isStretch(x) ? x.ins[0] : simplify && isScalar(x) ? reshaped(x, []) : x
      const others = ins.map((other, k) => (k === i ? plain : other))
      return sameShape(shapeOf(others), shape) ? others : ins
    }, written)
    const values = given.map(valueOf)
    if (simplify && values.every(value => value !== undefined)) {
      const ins = values.map(value => ({ shape: [], dtype: 'float32' as const, values: Float64Array.of(value) }))
      return constant(meaning({ kind: 'entrywise', kernel, attrs }, ins, []).values[0])
    }
    // numbers first, then the older
    const rank = (x: Node): number => (valueOf(x) !== undefined ? -2 : isScalar(x) ? -1 : x.id)
    const [a, b] = given
    const ins = COMMUTATIVE.has(kernel) && (rank(b) < rank(a) || (rank(a) === rank(b) && b.id < a.id)) ? [b, a] : given
    const found = better(kernel in rules.entrywise ? rules.entrywise[kernel] : [], ins, made)
    return found === undefined
      ? node({ kind: 'entrywise', kernel, attrs }, ins, shape, placeOf(ins))
      : stretched(found, shape)
  }

  const unary =
    (kernel: string): Unary =>
    x =>
      entrywise(kernel, [x])
  const binary =
    (kernel: string): Binary =>
    (a, b) =>
      entrywise(kernel, [a, b])
  const mul = binary('Multiply')

  const reshaped: Algebra['reshaped'] = (x, shape) => {
    if (sameShape(x.shape, shape) || valueOf(x) !== undefined) return x
    const found = better(rules.reshape, x, shape, made)
    if (found !== undefined) return found
    const source = x.does.kind === 'reshape' ? x.ins[0] : x
    return sameShape(source.shape, shape) ? source : node({ kind: 'reshape' }, [source], shape, x.place)
  }

  const stretched: Algebra['stretched'] = (x, shape) =>
    sameShape(x.shape, shape)
      ? x
      : width(x) === sizeOf(shape) && valueOf(x) === undefined
        ? reshaped(x, shape)
        : node({ kind: 'entrywise', kernel: 'Stretch', attrs: { shape } }, [x], shape, x.place)

  const reduce: Algebra['reduce'] = (fold, x, axes) => {
    const long = axes.filter(axis => x.shape[axis] !== 1)
    if (long.length === 0) return x
    const shape = x.shape.map((n, i) => (long.includes(i) ? 1 : n))
    return (
      better(rules.folds[fold] ?? [], x, long, made) ?? node({ kind: 'reduce', fold, axes: long }, [x], shape, x.place)
    )
  }

  const pick: Algebra['pick'] = (sources, table, shape) => {
    if (table.length === 0) return node({ kind: 'array', values: new Float64Array(0) }, [], shape, 'once')
    const all = sources.flatMap(source => Array.from({ length: width(source) }, (_, i) => [source, i] as const))
    const entries = table.map(i => origin(...all[i]))
    const used = [...new Set(entries.map(([source]) => source))]
    const [only] = used
    if (used.length === 1 && width(only) === 1) return stretched(only, shape)
    if (used.length === 1 && width(only) === table.length && entries.every(([, i], at) => i === at))
      return reshaped(only, shape)
    const starts = new Map<Node, number>()
    let start = 0
    for (const source of used) {
      starts.set(source, start)
      start += width(source)
    }
    const merged = entries.map(([source, i]) => (starts.get(source) ?? 0) + i)
    const found = used.length === 1 ? better(rules.pick, only, merged, shape, made) : undefined
    return found ?? node({ kind: 'pick', table: merged }, used, shape, placeOf(used))
  }

  const flipped: Algebra['flipped'] = matrix => {
    const [m, n] = matrix.shape
    const table = Array.from({ length: m * n }, (_, i) => (i % m) * n + Math.floor(i / m))
    return pick([matrix], table, [n, m])
  }

  /** A node of the rows of x and a matrix, of so many columns. */
  const onRows = (does: Operation, x: Node, matrix: Node, columns: number): Node =>
    node(does, [x, matrix], [...x.shape.slice(0, -1), columns], placeOf([x, matrix]))

  const product: Algebra['product'] = (x, matrix, transposed) =>
    better(rules.product, x, matrix, made, transposed) ??
    onRows({ kind: 'product', transposed }, x, matrix, matrix.shape[transposed ? 0 : 1])

  const distances: Algebra['distances'] = (x, matrix) =>
    better(rules.distances, x, matrix, made, true) ?? onRows({ kind: 'distances' }, x, matrix, matrix.shape[0])

  const rowSum: Algebra['rowSum'] = x =>
    better(rules.rowSum, x, [], made) ?? node({ kind: 'rowSum' }, [x], x.shape, 'once')

  const rowDot: Algebra['rowDot'] = (left, right) => {
    // several of each row, all of which are summed, or one
    const isSeveral = [left, right].every(({ shape }) => shape.length === 2 && shape[0] === left.shape[0])
    const [a, b] = isSeveral ? [left, right] : [left, right].map(x => reshaped(x, [width(x)]))
    const [m, n] = [a, b].map(({ shape }) => shape.at(-1) ?? 1)
    const outer = (x: Node, y: Node): Node => {
      if (!isSeveral) return mul(reshaped(x, [m, 1]), reshaped(y, [1, n]))
      const attrs = { transposeA: true, transposeB: false }
      return node({ kind: 'kernel', kernel: 'BatchMatMul', attrs, output: 0 }, [x, y], [m, n], 'once')
    }
    if (a.place === 'once' && b.place === 'once') return mul(node({ kind: 'count' }, [], [], 'once'), outer(a, b))
    if (a.place === 'once') return outer(a, rowSum(b))
    if (b.place === 'once') return outer(rowSum(a), b)
    return better(rules.rowDot, a, b, made, false) ?? node({ kind: 'rowDot' }, [a, b], [m, n], 'once')
  }

  const times: Algebra['times'] = (c, x) => (c === 1 ? x : mul(constant(c), x))

  const knownToVary = new Map<Node, boolean>()
  const varies: Algebra['varies'] = x => {
    const known = knownToVary.get(x)
    if (known !== undefined) return known
    const found =
      x.does.kind === 'input' ? x.does.isParameter !== true && varying.includes(x.does.name) : x.ins.some(varies)
    knownToVary.set(x, found)
    return found
  }

  const made: Algebra = {
    node,
    constant,
    entrywise,
    add: binary('Add'),
    sub: binary('Sub'),
    mul,
    div: binary('RealDiv'),
    neg: unary('Neg'),
    square: unary('Square'),
    reciprocal: unary('Reciprocal'),
    sum: (x, axes) => reduce('Sum', x, axes),
    reduce,
    reshaped,
    stretched,
    pick,
    flipped,
    product,
    distances,
    rowSum,
    rowDot,
    times,
    varies
  }
  return made
}
