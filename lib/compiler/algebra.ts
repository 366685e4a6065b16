/** Constructors of graph nodes. They fold constants, sort commutative operands and apply the rules of rules.ts. */
import { broadcastShape, productOfSizes as sizeOf } from '../kernels/dense.js'
import {
  graph,
  isScalar,
  sameShape,
  constantValue,
  nodeWidth,
  type Algebra,
  type Attrs,
  type BinaryNode,
  type FoldOperation,
  type Graph,
  type GraphNode,
  type NodeOperation,
  type Shape,
  type UnaryNode
} from './graph.js'
import { evaluateNode } from './evaluateNode.js'
import * as Rules from './rules.js'

const COMMUTATIVE_KERNELS = new Set([
  'Add',
  'Multiply',
  'Maximum',
  'Minimum',
  'Equal',
  'NotEqual',
  'LogicalAnd',
  'LogicalOr'
])

/** Sets of rules: none; those that always pay; also those that split sums; those for several versions. */
export type Rewriting = 'none' | 'plain' | 'splitting' | 'versions'

const rulesForRewriting = (rewriting: Rewriting) => {
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
const rulesByRewriting = new Map<Rewriting, ReturnType<typeof rulesForRewriting>>()

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

/** 'rows' if an input is computed per row. */
const scopeOf = (ins: ReadonlyArray<GraphNode>): GraphNode['scope'] =>
  ins.some(({ scope }) => scope === 'rows') ? 'rows' : 'once'

const isStretch = ({ does }: GraphNode): boolean => does.kind === 'entrywise' && does.kernel === 'Stretch'

/** Index, in a value of shape `own`, of the entry broadcast to `at`. */
const entryBeforeStretch = (own: Shape, shape: Shape, at: number): number => {
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

/** Node that computes an entry, and the index in it. */
const entryOrigin = (x: GraphNode, at: number): readonly [GraphNode, number] => {
  const [first] = x.ins
  if (x.does.kind === 'reshape') return entryOrigin(first, at)
  if (isStretch(x)) return entryOrigin(first, entryBeforeStretch(first.shape, x.shape, at))
  if (x.does.kind === 'pick') {
    let index = x.does.table[at]
    for (const source of x.ins) {
      if (index < nodeWidth(source)) return entryOrigin(source, index)
      index -= nodeWidth(source)
    }
  }
  return [x, at]
}

interface Construction {
  readonly rules: ReturnType<typeof rulesForRewriting>
  readonly isSimplifying: boolean
  readonly node: Graph['node']
  readonly make: () => Algebra
}

const entrywiseNode = (
  { rules, isSimplifying, node, make }: Construction,
  kernel: string,
  operands: ReadonlyArray<GraphNode>,
  attrs: Attrs
): GraphNode => {
  const { constant, reshaped, stretched } = make()
  const shapeOf = (ins: ReadonlyArray<GraphNode>): Shape =>
    ins.map(({ shape }) => shape).reduce((a, b) => broadcastShape(a, b, kernel))
  const shape = shapeOf(operands)
  // an expanded operand is replaced by its source, a number by one without axes, if the shape stays
  const given = operands.reduce<ReadonlyArray<GraphNode>>((ins, x, i) => {
    const plain = isStretch(x) ? x.ins[0] : isSimplifying && isScalar(x) ? reshaped(x, []) : x
    const others = ins.map((other, k) => (k === i ? plain : other))
    return sameShape(shapeOf(others), shape) ? others : ins
  }, operands)
  const values = given.map(constantValue)
  if (isSimplifying && values.every(value => value !== undefined)) {
    const ins = values.map(value => ({ shape: [], dtype: 'float32' as const, values: Float64Array.of(value) }))
    return constant(evaluateNode({ kind: 'entrywise', kernel, attrs }, ins, []).values[0])
  }
  // constants first, then other numbers, then older nodes
  const rank = (x: GraphNode): number => (constantValue(x) !== undefined ? -2 : isScalar(x) ? -1 : x.id)
  const [a, b] = given
  const ins =
    COMMUTATIVE_KERNELS.has(kernel) && (rank(b) < rank(a) || (rank(a) === rank(b) && b.id < a.id)) ? [b, a] : given
  const found = applyFirstRule(kernel in rules.entrywise ? rules.entrywise[kernel] : [], ins, make())
  return found === undefined
    ? node({ kind: 'entrywise', kernel, attrs }, ins, shape, scopeOf(ins))
    : stretched(found, shape)
}

const reshapedNode = ({ rules, node, make }: Construction, x: GraphNode, shape: Shape): GraphNode => {
  if (sameShape(x.shape, shape) || constantValue(x) !== undefined) return x
  const found = applyFirstRule(rules.reshape, x, shape, make())
  if (found !== undefined) return found
  const source = x.does.kind === 'reshape' ? x.ins[0] : x
  return sameShape(source.shape, shape) ? source : node({ kind: 'reshape' }, [source], shape, x.scope)
}

const reducedNode = (
  { rules, node, make }: Construction,
  fold: FoldOperation,
  x: GraphNode,
  axes: ReadonlyArray<number>
): GraphNode => {
  const long = axes.filter(axis => x.shape[axis] !== 1)
  if (long.length === 0) return x
  const shape = x.shape.map((n, i) => (long.includes(i) ? 1 : n))
  return (
    applyFirstRule(rules.folds[fold] ?? [], x, long, make()) ??
    node({ kind: 'reduce', fold, axes: long }, [x], shape, x.scope)
  )
}

const pickNode = (
  { rules, node, make }: Construction,
  sources: ReadonlyArray<GraphNode>,
  table: ReadonlyArray<number>,
  shape: Shape
): GraphNode => {
  const { reshaped, stretched } = make()
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
  const found = used.length === 1 ? applyFirstRule(rules.pick, only, merged, shape, make()) : undefined
  return found ?? node({ kind: 'pick', table: merged }, used, shape, scopeOf(used))
}

/** Node Σ over the rows of aᵢ bⱼ; a factor computed once per call is multiplied by the sum of the other. */
const rowDotNode = ({ rules, node, make }: Construction, left: GraphNode, right: GraphNode): GraphNode => {
  const { mul, reshaped, rowSum } = make()
  // two vectors, or two matrices that are summed over a common first axis too
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
  return applyFirstRule(rules.rowDot, a, b, make(), false) ?? node({ kind: 'rowDot' }, [a, b], [m, n], 'once')
}

const dependsOnInputs = (names: ReadonlyArray<string>): ((x: GraphNode) => boolean) => {
  const known = new Map<GraphNode, boolean>()
  const depends = (x: GraphNode): boolean => {
    const cached = known.get(x)
    if (cached !== undefined) return cached
    const found =
      x.does.kind === 'input' ? x.does.isParameter !== true && names.includes(x.does.name) : x.ins.some(depends)
    known.set(x, found)
    return found
  }
  return depends
}

/** Constructors over a new graph; `varying` names the inputs that differ between versions. */
export const algebra = (rewriting: Rewriting = 'plain', varying: ReadonlyArray<string> = []): Algebra => {
  const rules = rulesByRewriting.get(rewriting) ?? rulesForRewriting(rewriting)
  rulesByRewriting.set(rewriting, rules)
  const { node } = graph()
  const construction: Construction = { rules, isSimplifying: rewriting !== 'none', node, make: () => make }
  const constant = (value: number): GraphNode => node({ kind: 'constant', value }, [], [], 'once')
  const entrywise: Algebra['entrywise'] = (kernel, ins, attrs = {}) => entrywiseNode(construction, kernel, ins, attrs)
  const unary =
    (kernel: string): UnaryNode =>
    x =>
      entrywise(kernel, [x])
  const binary =
    (kernel: string): BinaryNode =>
    (a, b) =>
      entrywise(kernel, [a, b])
  const mul = binary('Multiply')
  const reshaped: Algebra['reshaped'] = (x, shape) => reshapedNode(construction, x, shape)
  const pick: Algebra['pick'] = (sources, table, shape) => pickNode(construction, sources, table, shape)
  const rowsNode = (does: NodeOperation, x: GraphNode, matrix: GraphNode, columns: number): GraphNode =>
    node(does, [x, matrix], [...x.shape.slice(0, -1), columns], scopeOf([x, matrix]))
  const make: Algebra = {
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
    sum: (x, axes) => reducedNode(construction, 'Sum', x, axes),
    reduce: (fold, x, axes) => reducedNode(construction, fold, x, axes),
    reshaped,
    stretched: (x, shape) =>
      sameShape(x.shape, shape)
        ? x
        : nodeWidth(x) === sizeOf(shape) && constantValue(x) === undefined
          ? reshaped(x, shape)
          : node({ kind: 'entrywise', kernel: 'Stretch', attrs: { shape } }, [x], shape, x.scope),
    pick,
    flipped: matrix => {
      const [m, n] = matrix.shape
      const table = Array.from({ length: m * n }, (_, i) => (i % m) * n + Math.floor(i / m))
      return pick([matrix], table, [n, m])
    },
    product: (x, matrix, transposed) =>
      applyFirstRule(rules.product, x, matrix, make, transposed) ??
      rowsNode({ kind: 'product', transposed }, x, matrix, matrix.shape[transposed ? 0 : 1]),
    distances: (x, matrix) =>
      applyFirstRule(rules.distances, x, matrix, make, true) ??
      rowsNode({ kind: 'distances' }, x, matrix, matrix.shape[0]),
    rowSum: x => applyFirstRule(rules.rowSum, x, [], make) ?? node({ kind: 'rowSum' }, [x], x.shape, 'once'),
    rowDot: (left, right) => rowDotNode(construction, left, right),
    times: (c, x) => (c === 1 ? x : mul(constant(c), x)),
    varies: dependsOnInputs(varying)
  }
  return make
}
