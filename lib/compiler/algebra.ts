/** How nodes are made: constants are folded, equal operands put in one order, and the rules of rules.ts applied. */
import { broadcastShape, productOfSizes as sizeOf } from '../kernels/dense.js'
import {
  graph,
  isScalar,
  sameShape,
  constantValue,
  nodeWidth,
  type Attrs,
  type FoldOperation,
  type Graph,
  type GraphNode,
  type NodeOperation,
  type Shape
} from './graph.js'
import { evaluateNode } from './evaluateNode.js'
import * as Rules from './rules.js'

type UnaryNode = (x: GraphNode) => GraphNode
type BinaryNode = (a: GraphNode, b: GraphNode) => GraphNode

export interface Algebra extends Graph {
  readonly constant: (value: number) => GraphNode
  readonly entrywise: (kernel: string, ins: ReadonlyArray<GraphNode>, attrs?: Attrs) => GraphNode
  readonly add: BinaryNode
  readonly sub: BinaryNode
  /** a · b, entry by entry */
  readonly mul: BinaryNode
  readonly div: BinaryNode
  readonly neg: UnaryNode
  readonly square: UnaryNode
  readonly reciprocal: UnaryNode
  /** Σ over the axes. */
  readonly sum: (x: GraphNode, axes: ReadonlyArray<number>) => GraphNode
  readonly reduce: (fold: FoldOperation, x: GraphNode, axes: ReadonlyArray<number>) => GraphNode
  readonly reshaped: (x: GraphNode, shape: Shape) => GraphNode
  /** Every entry written out. */
  readonly stretched: (x: GraphNode, shape: Shape) => GraphNode
  readonly pick: (sources: ReadonlyArray<GraphNode>, table: ReadonlyArray<number>, shape: Shape) => GraphNode
  /** The transpose of a matrix. */
  readonly flipped: (matrix: GraphNode) => GraphNode
  readonly product: (x: GraphNode, matrix: GraphNode, transposed: boolean) => GraphNode
  readonly distances: (x: GraphNode, matrix: GraphNode) => GraphNode
  readonly rowSum: (x: GraphNode) => GraphNode
  readonly rowDot: (a: GraphNode, b: GraphNode) => GraphNode
  /** c · x */
  readonly times: (c: number, x: GraphNode) => GraphNode
  /** Whether a node is of a version (`versions.ts`), and not the same in all of them. */
  readonly varies: (x: GraphNode) => boolean
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
  const sums: Readonly<Partial<Record<FoldOperation, ReadonlyArray<Rules.FoldRule>>>> = {
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
const rulesByRewriting = new Map<Rewriting, ReturnType<typeof rulesOf>>()

/** What the first rule makes that makes anything. */
const applyFirstRule = <A extends ReadonlyArray<unknown>>(
  rules: ReadonlyArray<(...of: A) => GraphNode | undefined>,
  ...of: A
): GraphNode | undefined => {
  for (const rule of rules) {
    const made = rule(...of)
    if (made !== undefined) return made
  }
  return undefined
}

const scopeOf = (ins: ReadonlyArray<GraphNode>): GraphNode['scope'] =>
  ins.some(({ scope }) => scope === 'rows') ? 'rows' : 'once'

const isStretch = ({ does }: GraphNode): boolean => does.kind === 'entrywise' && does.kernel === 'Stretch'

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
const entryOrigin = (x: GraphNode, at: number): readonly [GraphNode, number] => {
  const [first] = x.ins
  if (x.does.kind === 'reshape') return entryOrigin(first, at)
  if (isStretch(x)) return entryOrigin(first, beforeStretch(first.shape, x.shape, at))
  if (x.does.kind === 'pick') {
    let index = x.does.table[at]
    for (const source of x.ins) {
      if (index < nodeWidth(source)) return entryOrigin(source, index)
      index -= nodeWidth(source)
    }
  }
  return [x, at]
}

/** Constructors over a graph of their own; without rewriting, of what is written and nothing else. Inputs of those names vary. */
export const algebra = (rewriting: Rewriting = 'plain', varying: ReadonlyArray<string> = []): Algebra => {
  const simplify = rewriting !== 'none'
  const rules = rulesByRewriting.get(rewriting) ?? rulesOf(rewriting)
  rulesByRewriting.set(rewriting, rules)
  const { node } = graph()
  const constant = (value: number): GraphNode => node({ kind: 'constant', value }, [], [], 'once')

  const entrywise: Algebra['entrywise'] = (kernel, written, attrs = {}) => {
    const shapeOf = (ins: ReadonlyArray<GraphNode>): Shape =>
      ins.map(({ shape }) => shape).reduce((a, b) => broadcastShape(a, b, kernel))
    const shape = shapeOf(written)
    // what is stretched for an operand that is as long is read as it was, and a number as one
    const given = written.reduce<ReadonlyArray<GraphNode>>((ins, x, i) => {
      const plain = isStretch(x) ? x.ins[0] : simplify && isScalar(x) ? reshaped(x, []) : x
      const others = ins.map((other, k) => (k === i ? plain : other))
      return sameShape(shapeOf(others), shape) ? others : ins
    }, written)
    const values = given.map(constantValue)
    if (simplify && values.every(value => value !== undefined)) {
      const ins = values.map(value => ({ shape: [], dtype: 'float32' as const, values: Float64Array.of(value) }))
      return constant(evaluateNode({ kind: 'entrywise', kernel, attrs }, ins, []).values[0])
    }
    // numbers first, then the older
    const rank = (x: GraphNode): number => (constantValue(x) !== undefined ? -2 : isScalar(x) ? -1 : x.id)
    const [a, b] = given
    const ins = COMMUTATIVE.has(kernel) && (rank(b) < rank(a) || (rank(a) === rank(b) && b.id < a.id)) ? [b, a] : given
    const found = applyFirstRule(kernel in rules.entrywise ? rules.entrywise[kernel] : [], ins, made)
    return found === undefined
      ? node({ kind: 'entrywise', kernel, attrs }, ins, shape, scopeOf(ins))
      : stretched(found, shape)
  }

  const unary =
    (kernel: string): UnaryNode =>
    x =>
      entrywise(kernel, [x])
  const binary =
    (kernel: string): BinaryNode =>
    (a, b) =>
      entrywise(kernel, [a, b])
  const mul = binary('Multiply')

  const reshaped: Algebra['reshaped'] = (x, shape) => {
    if (sameShape(x.shape, shape) || constantValue(x) !== undefined) return x
    const found = applyFirstRule(rules.reshape, x, shape, made)
    if (found !== undefined) return found
    const source = x.does.kind === 'reshape' ? x.ins[0] : x
    return sameShape(source.shape, shape) ? source : node({ kind: 'reshape' }, [source], shape, x.scope)
  }

  const stretched: Algebra['stretched'] = (x, shape) =>
    sameShape(x.shape, shape)
      ? x
      : nodeWidth(x) === sizeOf(shape) && constantValue(x) === undefined
        ? reshaped(x, shape)
        : node({ kind: 'entrywise', kernel: 'Stretch', attrs: { shape } }, [x], shape, x.scope)

  const reduce: Algebra['reduce'] = (fold, x, axes) => {
    const long = axes.filter(axis => x.shape[axis] !== 1)
    if (long.length === 0) return x
    const shape = x.shape.map((n, i) => (long.includes(i) ? 1 : n))
    return (
      applyFirstRule(rules.folds[fold] ?? [], x, long, made) ??
      node({ kind: 'reduce', fold, axes: long }, [x], shape, x.scope)
    )
  }

  const pick: Algebra['pick'] = (sources, table, shape) => {
    if (table.length === 0) return node({ kind: 'array', values: new Float64Array(0) }, [], shape, 'once')
    const all = sources.flatMap(source => Array.from({ length: nodeWidth(source) }, (_, i) => [source, i] as const))
    const entries = table.map(i => entryOrigin(...all[i]))
    const used = [...new Set(entries.map(([source]) => source))]
    const [only] = used
    if (used.length === 1 && nodeWidth(only) === 1) return stretched(only, shape)
    if (used.length === 1 && nodeWidth(only) === table.length && entries.every(([, i], at) => i === at))
      return reshaped(only, shape)
    const starts = new Map<GraphNode, number>()
    let start = 0
    for (const source of used) {
      starts.set(source, start)
      start += nodeWidth(source)
    }
    const merged = entries.map(([source, i]) => (starts.get(source) ?? 0) + i)
    const found = used.length === 1 ? applyFirstRule(rules.pick, only, merged, shape, made) : undefined
    return found ?? node({ kind: 'pick', table: merged }, used, shape, scopeOf(used))
  }

  const flipped: Algebra['flipped'] = matrix => {
    const [m, n] = matrix.shape
    const table = Array.from({ length: m * n }, (_, i) => (i % m) * n + Math.floor(i / m))
    return pick([matrix], table, [n, m])
  }

  /** A node of the rows of x and a matrix, of so many columns. */
  const onRows = (does: NodeOperation, x: GraphNode, matrix: GraphNode, columns: number): GraphNode =>
    node(does, [x, matrix], [...x.shape.slice(0, -1), columns], scopeOf([x, matrix]))

  const product: Algebra['product'] = (x, matrix, transposed) =>
    applyFirstRule(rules.product, x, matrix, made, transposed) ??
    onRows({ kind: 'product', transposed }, x, matrix, matrix.shape[transposed ? 0 : 1])

  const distances: Algebra['distances'] = (x, matrix) =>
    applyFirstRule(rules.distances, x, matrix, made, true) ?? onRows({ kind: 'distances' }, x, matrix, matrix.shape[0])

  const rowSum: Algebra['rowSum'] = x =>
    applyFirstRule(rules.rowSum, x, [], made) ?? node({ kind: 'rowSum' }, [x], x.shape, 'once')

  const rowDot: Algebra['rowDot'] = (left, right) => {
    // several of each row, all of which are summed, or one
    const isSeveral = [left, right].every(({ shape }) => shape.length === 2 && shape[0] === left.shape[0])
    const [a, b] = isSeveral ? [left, right] : [left, right].map(x => reshaped(x, [nodeWidth(x)]))
    const [m, n] = [a, b].map(({ shape }) => shape.at(-1) ?? 1)
    const outer = (x: GraphNode, y: GraphNode): GraphNode => {
      if (!isSeveral) return mul(reshaped(x, [m, 1]), reshaped(y, [1, n]))
      const attrs = { transposeA: true, transposeB: false }
      return node({ kind: 'kernel', kernel: 'BatchMatMul', attrs, output: 0 }, [x, y], [m, n], 'once')
    }
    if (a.scope === 'once' && b.scope === 'once') return mul(node({ kind: 'count' }, [], [], 'once'), outer(a, b))
    if (a.scope === 'once') return outer(a, rowSum(b))
    if (b.scope === 'once') return outer(rowSum(a), b)
    return applyFirstRule(rules.rowDot, a, b, made, false) ?? node({ kind: 'rowDot' }, [a, b], [m, n], 'once')
  }

  const times: Algebra['times'] = (c, x) => (c === 1 ? x : mul(constant(c), x))

  const knownToVary = new Map<GraphNode, boolean>()
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
