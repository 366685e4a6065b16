/** What is computed once a call has loops of its own, with the bits of the interpreter's kernels. */
import { describe, expect, it } from 'vitest'
import { Key } from '../../../lib/index.js'
import { perCall } from '../../../lib/compiler/perCall.js'
import { evaluateNode } from '../../../lib/compiler/evaluateNode.js'
import { nodeWidth, type ComputedOperation, type GraphNode, type Shape } from '../../../lib/compiler/graph.js'
import { SEED } from '../../cases.js'

const product = (transposeA: boolean, transposeB: boolean): ComputedOperation => ({
  kind: 'kernel',
  kernel: 'BatchMatMul',
  attrs: { transposeA, transposeB },
  output: 0
})
const entrywise = (kernel: string): ComputedOperation => ({ kind: 'entrywise', kernel, attrs: {} })

/** Products [2, 4] · [4, 5], each operand as it is or turned; of several, one of which may be one for all; under one axis more. */
const products = [false, true].flatMap(turnA =>
  [false, true].flatMap(turnB =>
    [[3], [1, 3], [1]].map(lead => {
      const a = [...(lead.length > 1 ? lead : [3]), ...(turnA ? [4, 2] : [2, 4])]
      const b = [...lead, ...(turnB ? [5, 4] : [4, 5])]
      return [product(turnA, turnB), [...a.slice(0, -2), 2, 5], [a, b]] as const
    })
  )
)

const cases: ReadonlyArray<readonly [does: ComputedOperation, shape: Shape, ins: ReadonlyArray<Shape>]> = [
  ...products,
  [{ kind: 'pick', table: [6, 0, 0, 3, 7] }, [5], [[2, 3], [2]]],
  ...['Exp', 'Log', 'Neg', 'Reciprocal', 'Sqrt', 'Square'].map(one => [entrywise(one), [2, 3], [[2, 3]]] as const),
  ...['Add', 'Multiply', 'RealDiv', 'Sub'].map(two => [entrywise(two), [2, 3], [[2, 1], [3]]] as const)
]

/** NaN, infinities, zeros of both signs and subnormals among numbers of many sizes. */
const numbersOf = (length: number, key: Key.Key): Float64Array => {
  const normal = Key.normal(length)(key)
  const u = Key.uniform(length)(Key.child(0)(key))
  const special = [NaN, Infinity, -Infinity, 0, -0, 5e-324, -1e-310, 709.9, -745.2]
  return normal.map((x, i) => (u[i] < 0.3 ? special[Math.floor((u[i] / 0.3) * special.length)] : x * 10))
}

describe('once a call', () => {
  it.each(cases)('%j of %j has the bits of the kernels', (does, shape, shapes) => {
    for (const seed of [SEED, SEED + 1, SEED + 2, SEED + 3]) {
      const ins = shapes.map((shape, id): GraphNode => ({
        id,
        does: { kind: 'input', name: `${id}` },
        ins: [],
        shape,
        scope: 'once'
      }))
      const node: GraphNode = { id: ins.length, does, ins, shape, scope: 'once' }
      const placeOf = ({ id }: GraphNode): number =>
        [...ins, node].slice(0, id).reduce((at, one) => at + nodeWidth(one), 0)
      const numbers = new Float64Array(placeOf(node) + nodeWidth(node))
      numbers.set(numbersOf(placeOf(node), Key.fromSeed(seed)))
      perCall(node, placeOf)?.(numbers)
      const values = ins.map(one => numbers.slice(placeOf(one), placeOf(one) + nodeWidth(one)))
      const wanted = evaluateNode(
        does,
        values.map((values, i) => ({ shape: shapes[i], dtype: 'float32', values })),
        shape
      )
      expect(numbers.slice(placeOf(node))).toEqual(Float64Array.from(wanted.values))
    }
  })
})
