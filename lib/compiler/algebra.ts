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
  type Shape
} from './graph.js'
import { meaning } from './meaning.js'
import {
  distanceRules,
  entrywiseRules,
  maxRules,
  pickRules,
  productRules,
  reshapeRules,
  rowDotRules,
  rowSumRules,
  splittingDistanceRules,
  splittingProductRules,
  splittingRowDotRules,
  splittingSumRules,
  sumRules,
  versionRules,
  type EntrywiseRule
} from './rules.js'

export interface Algebra extends Graph {
  readonly constant: (value: number) => Node
  readonly entrywise: (kernel: string, ins: ReadonlyArray<Node>, attrs?: Attrs) => Node
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

const byKernel = (rules: ReadonlyArray<EntrywiseRule>): ReadonlyMap<string, ReadonlyArray<EntrywiseRule>> => {
  const found = new Map<string, ReadonlyArray<EntrywiseRule>>()
  for (const rule of rules) found.set(rule.kernel, [...(found.get(rule.kernel) ?? []), rule])
  return found
}
const plainRules = byKernel(entrywiseRules)
const ofVersions = byKernel(versionRules)

/** Which rules are applied: none, those that always pay, also those that split sums, which may, or also those of several versions. */
export type Rewriting = 'none' | 'plain' | 'splitting' | 'versions'

/** Constructors over a graph of their own; without rewriting, of what is written and nothing else. Inputs of those names vary. */
export const algebra = (rewriting: Rewriting = 'plain', varying: ReadonlyArray<string> = []): Algebra => {
  const simplify = rewriting !== 'none'
  const also = <T>(rules: ReadonlyArray<T>, splitting: ReadonlyArray<T>): ReadonlyArray<T> =>
    rewriting === 'splitting' ? [...rules, ...splitting] : rules
  const rulesOf = rewriting === 'versions' ? ofVersions : plainRules
  const ofProducts = also(productRules, splittingProductRules)
  const ofRowDots = also(rowDotRules, splittingRowDotRules)
  const ofDistances = also(distanceRules, splittingDistanceRules)
  const ofSums = also(sumRules, splittingSumRules)
  const own = graph()
  const { node } = own
  const constant = (value: number): Node => node({ kind: 'constant', value }, [], [], 'once')
  const placeOf = (ins: ReadonlyArray<Node>): Node['place'] =>
    ins.some(({ place }) => place === 'rows') ? 'rows' : 'once'

  const entrywise: Algebra['entrywise'] = (kernel, written, attrs = {}) => {
    const shapeOf = (ins: ReadonlyArray<Node>): Shape =>
      ins.map(({ shape }) => shape).reduce((a, b) => broadcastShape(a, b, kernel))
    const shape = shapeOf(written)
    // what is stretched for an operand that is as long is read as it was, and a number as one
    const given = written.reduce<ReadonlyArray<Node>>((ins, x, i) => {
      const isStretched = x.does.kind === 'entrywise' && x.does.kernel === 'Stretch'
      const plain = isStretched ? x.ins[0] : simplify && isScalar(x) ? reshaped(x, []) : x
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
    if (simplify)
      for (const { apply } of rulesOf.get(kernel) ?? []) {
        const better = apply(ins, made)
        if (better !== undefined) return sameShape(better.shape, shape) ? better : stretched(better, shape)
      }
    return node({ kind: 'entrywise', kernel, attrs }, ins, shape, placeOf(ins))
  }

  const reshaped: Algebra['reshaped'] = (x, shape) => {
    if (sameShape(x.shape, shape)) return x
    if (valueOf(x) !== undefined) return x
    if (simplify)
      for (const { apply } of reshapeRules) {
        const better = apply(x, shape, made)
        if (better !== undefined) return better
      }
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
    if (simplify && (fold === 'Sum' || fold === 'Max'))
      for (const { apply } of fold === 'Sum' ? ofSums : maxRules) {
        const better = apply(x, long, made)
        if (better !== undefined) return better
      }
    const shape = x.shape.map((n, i) => (long.includes(i) ? 1 : n))
    return node({ kind: 'reduce', fold, axes: long }, [x], shape, x.place)
  }

  /** Where an entry of a node comes from, through all that moves entries. */
  const origin = (x: Node, at: number): readonly [Node, number] => {
    const [first] = x.ins
    if (x.does.kind === 'reshape') return origin(first, at)
    if (x.does.kind === 'pick') {
      let index = x.does.table[at]
      for (const source of x.ins) {
        if (index < width(source)) return origin(source, index)
        index -= width(source)
      }
    }
    if (x.does.kind === 'entrywise' && x.does.kernel === 'Stretch') {
      let from = 0
      let step = 1
      let rest = at
      for (let axis = 1; axis <= x.shape.length; axis++) {
        const length = x.shape[x.shape.length - axis]
        const own = first.shape[first.shape.length - axis] ?? 1
        if (own !== 1) from += (rest % length) * step
        step *= own
        rest = Math.floor(rest / length)
      }
      return origin(first, from)
    }
    return [x, at]
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
    if (simplify && used.length === 1)
      for (const { apply } of pickRules) {
        const better = apply(only, merged, shape, made)
        if (better !== undefined) return better
      }
    return node({ kind: 'pick', table: merged }, used, shape, placeOf(used))
  }

  const flipped: Algebra['flipped'] = matrix => {
    const [m, n] = matrix.shape
    const table = Array.from({ length: m * n }, (_, i) => (i % m) * n + Math.floor(i / m))
    return pick([matrix], table, [n, m])
  }

  const product: Algebra['product'] = (x, matrix, transposed) => {
    const columns = matrix.shape[transposed ? 0 : 1]
    if (simplify)
      for (const { apply } of ofProducts) {
        const better = apply(x, matrix, made, transposed)
        if (better !== undefined) return better
      }
    return node({ kind: 'product', transposed }, [x, matrix], [...x.shape.slice(0, -1), columns], placeOf([x, matrix]))
  }

  const distances: Algebra['distances'] = (x, matrix) => {
    if (simplify)
      for (const { apply } of ofDistances) {
        const better = apply(x, matrix, made, true)
        if (better !== undefined) return better
      }
    return node({ kind: 'distances' }, [x, matrix], [...x.shape.slice(0, -1), matrix.shape[0]], placeOf([x, matrix]))
  }

  const rowSum: Algebra['rowSum'] = x => {
    if (simplify)
      for (const { apply } of rowSumRules) {
        const better = apply(x, [], made)
        if (better !== undefined) return better
      }
    return node({ kind: 'rowSum' }, [x], x.shape, 'once')
  }

  const rowDot: Algebra['rowDot'] = (left, right) => {
    // several of each row, all of which are summed, or one
    const isSeveral = [left, right].every(({ shape }) => shape.length === 2 && shape[0] === left.shape[0])
    const [a, b] = isSeveral ? [left, right] : [left, right].map(x => reshaped(x, [width(x)]))
    const [m, n] = [a, b].map(({ shape }) => shape.at(-1) ?? 1)
    const outer = (x: Node, y: Node): Node => {
      if (!isSeveral) return entrywise('Multiply', [reshaped(x, [m, 1]), reshaped(y, [1, n])])
      const attrs = { transposeA: true, transposeB: false }
      return node({ kind: 'kernel', kernel: 'BatchMatMul', attrs, output: 0 }, [x, y], [m, n], 'once')
    }
    if (a.place === 'once' && b.place === 'once')
      return entrywise('Multiply', [node({ kind: 'count' }, [], [], 'once'), outer(a, b)])
    if (a.place === 'once') return outer(a, rowSum(b))
    if (b.place === 'once') return outer(rowSum(a), b)
    if (simplify)
      for (const { apply } of ofRowDots) {
        const better = apply(a, b, made, false)
        if (better !== undefined) return better
      }
    return node({ kind: 'rowDot' }, [a, b], [m, n], 'once')
  }

  const times: Algebra['times'] = (c, x) => (c === 1 ? x : entrywise('Multiply', [constant(c), x]))

  const knownToVary = new Map<Node, boolean>()
  const varies: Algebra['varies'] = x => {
    const known = knownToVary.get(x)
    if (known !== undefined) return known
    const found = x.does.kind === 'input' ? varying.includes(x.does.name) : x.ins.some(varies)
    knownToVary.set(x, found)
    return found
  }

  const made: Algebra = {
    node,
    constant,
    entrywise,
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
