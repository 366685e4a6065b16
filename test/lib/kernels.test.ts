import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adopt, runAll } from '../../lib/tensors/backend.js'
import { allocate, productOfSizes, type DType } from '../../lib/kernels/dense.js'
import { kernelsByName } from '../../lib/kernels/index.js'
import * as F from '../../lib/index.js'
import { functions, kernelOf } from './functions.js'

/**
 * One table for every kernel: what it is given, what tfjs's own cpu backend makes of it (in single precision), and, where
 * there is one, the function of doubles that it must equal.
 */
interface Given {
  readonly shape: ReadonlyArray<number>
  readonly dtype: DType
  readonly values: ReadonlyArray<number>
}
interface Case {
  readonly inputs: Readonly<Record<string, Given>>
  readonly attrs?: tf.NamedAttrMap
  /** The entry that a kernel working entry by entry gives for entries of its inputs. */
  readonly exact?: (...xs: number[]) => number
  /** All entries of the first output. */
  readonly expected?: ReadonlyArray<number>
  /** Why tfjs's cpu backend is no reference here; `exact` or `expected` then are the only one. */
  readonly alone?: string
}

// —— entries: reproducible, and exact in float32 so that both backends are given the same ones ——————————————————————————————

let state = 1
const uniform = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
type Draw = () => number
const within =
  (low: number, high: number): Draw =>
  () =>
    Math.fround(low + (high - low) * uniform())
const real = within(-3, 3)
const positive = within(0.05, 4)
const whole =
  (low: number, high: number): Draw =>
  () =>
    low + Math.floor(uniform() * (high - low))
const truth = whole(0, 2)

const given = (shape: ReadonlyArray<number>, draw: Draw = real, dtype: DType = 'float32'): Given => ({
  shape,
  dtype,
  values: Array.from({ length: productOfSizes(shape) }, draw)
})
const ints = (values: number[], shape = [values.length]): Given => ({ shape, dtype: 'int32', values })
const bools = (shape: number[]): Given => given(shape, truth, 'bool')

// —— families of cases ———————————————————————————————————————————————————————————————————————————————————————————————————————

const shapes = [[], [0], [1], [7], [3, 4], [2, 0, 3], [2, 3, 4]]
// prettier-ignore
const pairs = [
  [[], []], [[5], []], [[], [5]], [[2, 3], [2, 3]], [[4, 3], [3]], [[4, 3], [4, 1]], [[4, 1], [1, 3]], [[4, 1, 3], [2, 1]],
  [[2, 3, 4], [3, 1]], [[2, 1, 4, 1], [3, 1, 5]], [[0, 3], [3]], [[1], [1, 1]]
]
const unary = (draw: Draw, exact: (x: number) => number, attrs?: tf.NamedAttrMap): Case[] =>
  shapes.map(shape => ({ inputs: { x: given(shape, draw) }, exact, ...(attrs && { attrs }) }))
const predicate = (exact: (x: number) => boolean | number, values: number[]): Case[] => [
  { inputs: { x: { shape: [values.length], dtype: 'float32', values } }, exact: x => Number(exact(x)) }
]
const binary = (drawA: Draw, drawB: Draw, exact: (a: number, b: number) => number): Case[] =>
  pairs.map(([a, b]) => ({ inputs: { a: given(a, drawA), b: given(b, drawB) }, exact }))
/** Of doubles, and of whole numbers, which no vector kernel takes. */
const arithmetic = (exact: (a: number, b: number) => number): Case[] => [
  ...binary(real, real, exact),
  { inputs: { a: ints([5, -2, 3, 7], [2, 2]), b: ints([2, 9]) }, exact }
]
const relation = (exact: (a: number, b: number) => boolean): Case[] =>
  binary(whole(0, 3), whole(0, 3), (a, b) => Number(exact(a, b)))
const logical = (exact: (a: number, b: number) => boolean): Case[] =>
  pairs.map(([a, b]) => ({ inputs: { a: bools(a), b: bools(b) }, exact: (x, y) => Number(exact(x, y)) }))

const axesOf3 = [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]]
const reduced = (name: 'axis' | 'reductionIndices', draw: Draw = real, dtype: DType = 'float32'): Case[] => [
  ...axesOf3.flatMap(axes =>
    [false, true].map(keepDims => ({
      inputs: { x: given([2, 3, 4], draw, dtype) },
      attrs: { [name]: axes, keepDims }
    }))
  ),
  { inputs: { x: given([], draw, dtype) }, attrs: { [name]: [], keepDims: false } },
  { inputs: { x: given([1, 5], draw, dtype) }, attrs: { [name]: [0], keepDims: false } },
  { inputs: { x: given([0, 3], draw, dtype) }, attrs: { [name]: [1], keepDims: false } },
  { inputs: { x: given([40, 33], draw, dtype) }, attrs: { [name]: [0], keepDims: false } },
  { inputs: { x: given([3, 300], draw, dtype) }, attrs: { [name]: [-1], keepDims: true } }
]
const arg: Case[] = [0, 1, 2].map(axis => ({ inputs: { x: given([2, 3, 4]) }, attrs: { axis } }))
/** Σ_l a[…, i, l] b[…, l, j] by the definition, batches broadcast. */
const naiveMatMul = (a: Given, b: Given, batch: number[], turnA: boolean, turnB: boolean): number[] => {
  const entry = (x: Given, turn: boolean, at: number[], i: number, j: number): number => {
    const own = x.shape.slice(0, -2)
    const where = own.reduce((sum, length, k) => sum * length + (length === 1 ? 0 : at[k + at.length - own.length]), 0)
    const [rows, columns] = x.shape.slice(-2)
    return x.values[(where * rows + (turn ? j : i)) * columns + (turn ? i : j)]
  }
  const [m, k] = turnA ? a.shape.slice(-2).reverse() : a.shape.slice(-2)
  const n = turnB ? b.shape[b.shape.length - 2] : b.shape[b.shape.length - 1]
  return Array.from({ length: productOfSizes(batch) }, (_, q) => {
    const at = batch.map((length, i) => Math.floor(q / productOfSizes(batch.slice(i + 1))) % length)
    return Array.from({ length: m * n }, (_, o) => {
      let sum = 0
      for (let l = 0; l < k; l++) sum += entry(a, turnA, at, Math.floor(o / n), l) * entry(b, turnB, at, l, o % n)
      return sum
    })
  }).flat()
}
const matMuls: Case[] = [
  { a: [1, 1], b: [1, 1], batch: [] },
  { a: [3, 4], b: [4, 5], batch: [] },
  { a: [7, 9], b: [9, 6], batch: [] },
  { a: [1, 5], b: [5, 1], batch: [] },
  { a: [3, 0], b: [0, 2], batch: [] },
  { a: [0, 3], b: [3, 2], batch: [] },
  { a: [2, 3, 4], b: [2, 4, 5], batch: [2] },
  { a: [1, 3, 4], b: [2, 4, 5], batch: [2] },
  { a: [2, 1, 3, 4], b: [1, 3, 4, 2], batch: [2, 3] },
  { a: [3, 4], b: [2, 2, 4, 1], batch: [2, 2] }
].flatMap(({ a, b, batch }) =>
  [false, true].flatMap(transposeA =>
    [false, true].map(transposeB => {
      const turned = (shape: number[], turn: boolean): number[] =>
        turn ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape
      const inputs = { a: given(turned(a, transposeA)), b: given(turned(b, transposeB)) }
      return {
        inputs,
        attrs: { transposeA, transposeB },
        expected: naiveMatMul(inputs.a, inputs.b, batch, transposeA, transposeB),
        ...(batch.length === 2 && { alone: 'it takes one batch axis at most, and misreads more' })
      }
    })
  )
)

const floats = (values: number[], shape: number[]): Given => ({ shape, dtype: 'float32', values })

const noKernel = 'tfjs has no such kernel'
/** By hand, of kernels that tfjs has not. */
const byHand = (inputs: Case['inputs'], expected: ReadonlyArray<number>, attrs?: tf.NamedAttrMap): Case => ({
  inputs,
  expected,
  alone: noKernel,
  ...(attrs && { attrs })
})

/** 3-4-5 triangles, a scale for all or one a row, and what the squares would lose. */
const squaredDistances: Case[] = [
  byHand(
    {
      x: floats([3, 4, 1e9 + 1, 0], [2, 2]),
      centres: floats([0, 0, 0, 4, 1e9, 0], [3, 2]),
      scale: floats([1], [1, 1])
    },
    [25, 9, (3 - 1e9) ** 2 + 16, (1e9 + 1) ** 2, (1e9 + 1) ** 2 + 16, 1]
  ),
  byHand({ x: floats([3, 5], [2, 1]), centres: floats([1, 2], [2, 1]), scale: floats([2, -1], [2, 1]) }, [1, 1, 36, 49])
]
/** Of whole numbers, of a stack, of what is not positive definite, and of what AᵀA would lose. */
const cholesky: Case[] = [
  byHand({ x: floats([4, 0, 0, 2, 10, 0, 6, 9, 26], [3, 3]) }, [2, 0, 0, 1, 3, 0, 3, 2, Math.sqrt(13)]),
  byHand({ x: floats([9, 0, 6, 5, 1, 2, 2, 1], [2, 2, 2]) }, [3, 0, 2, 1, NaN, NaN, NaN, NaN]),
  byHand({ x: given([2, 0, 0]) }, [])
]
const gramCholesky: Case[] = [
  byHand({ x: floats([3, 1, 4, 3], [2, 2]) }, [5, 0, 3, 1]),
  // negative entries first; columns that differ in the 30th bit alone; a column of zeros
  byHand({ x: floats([-3, -1, -4, -3], [2, 2]) }, [5, 0, 3, 1]),
  byHand({ x: floats([1, 1, 0, 2 ** -30, 0, 0], [3, 2]) }, [1, 0, 1, 2 ** -30]),
  byHand({ x: floats([2, 0, 0, 0, 0, 0], [1, 3, 2]) }, [2, 0, 0, 0]),
  byHand({ x: floats([2, 4, 0, -3], [2, 2]) }, [2, 0, 4, 3])
]
const lower = floats([2, 99, 1, 4], [2, 2])
const triangularSolve: Case[] = [
  byHand({ l: lower, b: floats([2, 4, 9, 6], [2, 2]) }, [1, 2, 2, 1], { transposed: false }),
  byHand({ l: lower, b: floats([4, 8], [2, 1]) }, [1, 2], { transposed: true }),
  byHand({ l: floats([2, 4], [2, 1, 1]), b: floats([4, 8, 12], [3, 1, 1, 1]) }, [2, 1, 4, 2, 6, 3], {
    transposed: false
  })
]

const sigmoid = functions.sigmoid[1]
const noLogSoftmax = 'tfjs composes this op of others'

/** Functions of one number, at any and at those where a rounding or a sign is decided. */
const ofOneNumber = Object.entries(functions).filter(
  ([name]) => kernelOf(name) in kernelsByName && !/^(is|step|logical)/.test(name)
)
const between = [-1.5, -0.5, -2, 0, 0.5, 1.5, 2.5, 3.5]

const table: Readonly<Record<string, Case[]>> = {
  ...Object.fromEntries(
    ofOneNumber.map(([name, [, exact, from, to]]) => [
      kernelOf(name),
      [
        ...unary(from === undefined || from < 0 ? real : within(from, to ?? 3), exact),
        ...(from === undefined ? predicate(exact, between) : [])
      ]
    ])
  ),
  Add: arithmetic((a, b) => a + b),
  AddN: [1, 2, 5].map(n => ({
    inputs: Object.fromEntries(Array.from({ length: n }, (_, i) => [i, given([2, 3])])),
    exact: (...xs) => xs.reduce((sum, x) => sum + x)
  })),
  All: reduced('axis', truth, 'bool'),
  Any: reduced('axis', truth, 'bool'),
  ArgMax: arg,
  Atan2: binary(real, real, Math.atan2),
  BatchMatMul: matMuls,
  Cast: (['float32', 'int32', 'bool'] as const).flatMap(from =>
    ['float32', 'int32', 'bool'].map(dtype => ({
      inputs: { x: given([9], from === 'bool' ? truth : from === 'int32' ? whole(-2, 3) : real, from) },
      attrs: { dtype }
    }))
  ),
  ClipByValue: unary(real, x => Math.min(Math.max(x, -1), 1.5), { clipValueMin: -1, clipValueMax: 1.5 }),
  Concat: [0, 1, 2].map(axis => ({
    inputs: Object.fromEntries(
      [1, 0, 3].map((n, i) => [i, given([2, 3, 4].map((length, k) => (k === axis ? n : length)))])
    ),
    attrs: { axis }
  })),
  Equal: relation((a, b) => a === b),
  ExpandDims: [0, 1, 2, -1].map(dim => ({ inputs: { input: given([2, 3]) }, attrs: { dim } })),
  Fill: [[], [0], [2, 3]].map(shape => ({ inputs: {}, attrs: { shape, value: 0.375, dtype: 'float32' } })),
  GatherV2: [
    ...[0, 1, 2].map(axis => ({
      inputs: { x: given([2, 3, 4]), indices: ints([1, 0, 1, 1]) },
      attrs: { axis, batchDims: 0 }
    })),
    { inputs: { x: given([5, 2]), indices: ints([4, 0, 2, 2, 1, 3], [2, 3]) }, attrs: { axis: 0, batchDims: 0 } },
    { inputs: { x: given([5, 2]), indices: ints([]) }, attrs: { axis: 0, batchDims: 0 } }
  ],
  Greater: relation((a, b) => a > b),
  GreaterEqual: relation((a, b) => a >= b),
  Identity: unary(real, x => x),
  IsFinite: predicate(Number.isFinite, [1, NaN, Infinity, -Infinity, 0]),
  IsNan: predicate(Number.isNaN, [1, NaN, Infinity, -Infinity, 0]),
  Less: relation((a, b) => a < b),
  LessEqual: relation((a, b) => a <= b),
  LogSoftmax: [
    {
      inputs: { logits: { shape: [2, 2], dtype: 'float32', values: [0, 0, 800, -800] } },
      attrs: { axis: -1 },
      expected: [-Math.LN2, -Math.LN2, 0, -1600],
      alone: noLogSoftmax
    },
    {
      inputs: { logits: { shape: [2, 2], dtype: 'float32', values: [0, 1, 0, 2] } },
      attrs: { axis: 0 },
      expected: [-Math.LN2, Math.log(sigmoid(-1)), -Math.LN2, Math.log(sigmoid(1))],
      alone: noLogSoftmax
    }
  ],
  LogicalAnd: logical((a, b) => a === 1 && b === 1),
  LogicalNot: [{ inputs: { x: bools([7]) }, exact: x => 1 - x }],
  LogicalOr: logical((a, b) => a === 1 || b === 1),
  Max: reduced('reductionIndices'),
  Maximum: arithmetic(Math.max),
  Mean: reduced('axis'),
  Min: reduced('axis'),
  Minimum: arithmetic(Math.min),
  Multiply: arithmetic((a, b) => a * b),
  NotEqual: relation((a, b) => a !== b),
  OneHot: [
    { inputs: { indices: ints([0, 2, 1, 3]) }, attrs: { depth: 3, onValue: 1, offValue: 0, dtype: 'float32' } },
    { inputs: { indices: ints([0, 2, 1, 1], [2, 2]) }, attrs: { depth: 4, onValue: 2, offValue: -1, dtype: 'int32' } }
  ],
  PadV2: [
    { inputs: { x: given([3]) }, attrs: { paddings: [[0, 0]], constantValue: 0 } },
    { inputs: { x: given([2, 3]) }, attrs: { paddings: [[1, 2], [3, 0]], constantValue: 0.5 } }, // prettier-ignore
    { inputs: { x: given([2, 3, 2]) }, attrs: { paddings: [[1, 0], [0, 1], [2, 1]], constantValue: 0 } } // prettier-ignore
  ],
  Pow: binary(positive, real, Math.pow),
  // prettier-ignore
  Range: [[0, 5, 1], [1, 2, 0.25], [5, 0, -2]].map(([start, stop, step]) => ({
    inputs: {},
    attrs: { start, stop, step, dtype: 'float32' }
  })),
  RealDiv: binary(real, positive, (a, b) => a / b),
  Reshape: [[24], [4, 6], [2, -1, 3]].map(shape => ({ inputs: { x: given([2, 3, 4]) }, attrs: { shape } })),
  Select: [
    { inputs: { condition: bools([]), t: given([]), e: given([]) } },
    { inputs: { condition: bools([2, 3]), t: given([2, 3]), e: given([2, 3]) } },
    {
      inputs: { condition: bools([4, 1]), t: given([4, 3]), e: given([]) },
      exact: (c, t, e) => (c === 1 ? t : e),
      alone: 'it does not broadcast'
    }
  ],
  Slice: [
    { inputs: { x: given([5]) }, attrs: { begin: [1], size: [3] } },
    { inputs: { x: given([4, 5]) }, attrs: { begin: [1, 2], size: [2, -1] } },
    { inputs: { x: given([2, 3, 4]) }, attrs: { begin: [1, 0, 1], size: [1, 3, 2] } },
    { inputs: { x: given([4, 5]) }, attrs: { begin: [4, 0], size: [0, 5] } },
    { inputs: { x: given([40, 3]) }, attrs: { begin: [10], size: [20] } }
  ],
  Softmax: [
    ...[[5], [3, 4], [2, 3, 4], [4, 1]].map(shape => ({
      inputs: { logits: given(shape) },
      attrs: { dim: shape.length - 1 }
    })),
    {
      inputs: { logits: { shape: [2], dtype: 'float32' as const, values: [1000, 1000] } },
      attrs: { dim: 0 },
      exact: () => 0.5
    }
  ],
  SplitV: [
    { inputs: { x: given([6, 2]) }, attrs: { numOrSizeSplits: 3, axis: 0 } },
    { inputs: { x: given([2, 6]) }, attrs: { numOrSizeSplits: [1, 2, 3], axis: 1 } },
    { inputs: { x: given([2, 6]) }, attrs: { numOrSizeSplits: [1, -1, 2], axis: 1 } },
    { inputs: { x: given([2, 6]) }, attrs: { numOrSizeSplits: 1, axis: 1 } }
  ],
  Cholesky: cholesky,
  Eigh: [
    // Diagonal; a reflection, whose vectors are (1, −1)/√2 and (1, 1)/√2; only the lower triangle is read; a stack.
    byHand({ x: floats([3, 0, 0, 0, 1, 0, 0, 0, 2], [3, 3]) }, [1, 2, 3, 0, 0, 1, 1, 0, 0, 0, 1, 0]),
    byHand({ x: floats([3, 99, 0, 1, 5, 7, 0, 6], [2, 2, 2]) }, [1, 3, 0, 1, 1, 0, 5, 6, 1, 0, 0, 1]),
    byHand({ x: given([2, 0, 0]) }, [])
  ],
  FromTriangle: [
    byHand({ x: floats([1, 2, 3, 4, 5, 6], [6]) }, [1, 0, 0, 2, 3, 0, 4, 5, 6]),
    byHand({ x: floats([1, 2], [2, 1]) }, [1, 2])
  ],
  GramCholesky: gramCholesky,
  ToTriangle: [byHand({ x: floats([1, 9, 2, 3, 4, 9, 5, 6], [2, 2, 2]) }, [1, 2, 3, 4, 5, 6])],
  TriangularSolve: triangularSolve,
  SquaredDistances: squaredDistances,
  Step: unary(real, x => (x > 0 ? 1 : 0.5), { alpha: 0.5 }),
  Sub: arithmetic((a, b) => a - b),
  Sum: reduced('axis'),
  Tile: [
    { inputs: { x: given([3]) }, attrs: { reps: [2] } },
    { inputs: { x: given([2, 3]) }, attrs: { reps: [2, 3] } },
    { inputs: { x: given([2, 1, 3]) }, attrs: { reps: [1, 4, 2] } },
    { inputs: { x: given([2, 3]) }, attrs: { reps: [0, 1] } }
  ],
  // prettier-ignore
  Transpose: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].map(perm => ({
    inputs: { x: given([2, 3, 4]) },
    attrs: { perm }
  })),
  UnsortedSegmentSum: [
    { inputs: { x: given([5]), segmentIds: ints([0, 2, 2, 1, 0]) }, attrs: { numSegments: 4 } },
    { inputs: { x: given([4, 3]), segmentIds: ints([1, 1, 0, 1]) }, attrs: { numSegments: 2 } },
    { inputs: { x: given([3]), segmentIds: ints([1, -1, 0]) }, attrs: { numSegments: 2 } }
  ],
  WithDerivative: [byHand({ value: floats([1, -2], [2]), x: floats([3, 4], [2]) }, [1, -2])],
  ZerosLike: shapes.map(shape => ({ inputs: { x: given(shape) }, exact: () => 0 }))
}

// —— running a kernel on either backend —————————————————————————————————————————————————————————————————————————————————————

interface Output {
  readonly shape: ReadonlyArray<number>
  readonly dtype: string
  readonly values: ReadonlyArray<number>
}

const onFloat64 = (kernel: string, { inputs, attrs }: Case): Output[] => {
  const dtypes: string[] = []
  const arrays = F.compute(() => {
    const tensors = Object.entries(inputs).map(([name, { shape, dtype, values }]) => {
      const own = allocate(values.length, dtype)
      own.set(values)
      return [name, adopt(own, shape, dtype)] as const
    })
    const outputs = [runAll(kernel, Object.fromEntries(tensors), attrs)].flat()
    outputs.forEach(t => dtypes.push(t.dtype))
    return Object.fromEntries(outputs.map((t, i) => [i, t]))
  })
  return Object.values(arrays).map(({ shape, values }, i) => ({ shape, dtype: dtypes[i], values: [...values] }))
}

/** The shapes and types of a kernel's outputs, as a trace has them: of inputs without entries. */
const formsOf = (kernel: string, { inputs, attrs }: Case): object[] => {
  const own = Object.entries(inputs).map(([name, x]) => [name, { ...x, values: new Float64Array(0) }] as const)
  const forms = [kernelsByName[kernel](Object.fromEntries(own), attrs ?? {})].flat()
  return forms.map(({ shape, dtype }) => ({ shape: [...shape], dtype }))
}

const onCpu = (kernel: string, { inputs, attrs }: Case): Output[] => {
  const outputs: Output[] = []
  tf.tidy(() => {
    const tensors = Object.entries(inputs).map(([name, { shape, dtype, values }]) => [
      name,
      tf.tensor([...values], [...shape], dtype)
    ])
    // kernels of any number of inputs take a list in place of a record
    const named = ('0' in inputs ? tensors.map(([, t]) => t) : Object.fromEntries(tensors)) as tf.NamedTensorMap
    const made = [tf.engine().runKernel<tf.Tensor | tf.Tensor[]>(kernel, named, attrs)].flat()
    made.forEach(t => outputs.push({ shape: t.shape, dtype: t.dtype, values: [...t.dataSync()] }))
  })
  return outputs
}

const close = (actual: number, wanted: number, tolerance: number): boolean =>
  Object.is(actual, wanted) || Math.abs(actual - wanted) <= tolerance * Math.max(1, Math.abs(wanted))
const expectClose = (actual: ReadonlyArray<number>, wanted: ReadonlyArray<number>, tolerance: number): void => {
  expect(actual.length).toBe(wanted.length)
  actual.forEach((x, i) => {
    if (!close(x, wanted[i], tolerance)) expect({ entry: i, value: x }).toEqual({ entry: i, value: wanted[i] })
  })
}

// Roundings of a float32 result, its inputs being exact: 2^-24 each, and a few of them in a sum or a softmax. tfjs's erf is an
// approximation good to 1.5e-7.
const single = 2 ** -20
const double = 8 * Number.EPSILON

/** Entries of each input as the output meets them, by the definition of broadcasting. */
const exactOf = ({ inputs, exact }: Case, shape: ReadonlyArray<number>): number[] | undefined =>
  exact &&
  Array.from({ length: productOfSizes(shape) }, (_, at) => {
    const index: number[] = []
    for (let k = shape.length - 1, rest = at; k >= 0; rest = Math.floor(rest / shape[k]), k--)
      index[k] = rest % shape[k]
    const entries = Object.values(inputs).map(({ shape: own, values }) => {
      const lead = shape.length - own.length
      return values[own.reduce((sum, length, k) => sum * length + (length === 1 ? 0 : index[k + lead]), 0)]
    })
    return exact(...entries)
  })

beforeAll(async () => {
  tf.enableProdMode()
  await tf.setBackend('cpu')
})
afterAll(() => {
  expect(tf.getBackend()).toBe('cpu')
})

describe('every kernel', () => {
  it('is in the table', () => {
    expect(Object.keys(table).sort()).toEqual(Object.keys(kernelsByName).sort())
  })
  describe.each(Object.entries(table))('%s', (kernel, cases) => {
    it.each(cases.map((given, i) => ({ given, i })))('case $i', ({ given }) => {
      const ours = onFloat64(kernel, given)
      expect(formsOf(kernel, given)).toEqual(ours.map(({ shape, dtype }) => ({ shape, dtype })))
      if (given.expected !== undefined) expectClose(ours[0].values, given.expected, double)
      if (given.alone === undefined) {
        const theirs = onCpu(kernel, given)
        expect(ours.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
          theirs.map(({ shape, dtype }) => ({ shape, dtype }))
        )
        ours.forEach(({ values }, i) => {
          expectClose(values, theirs[i].values, single)
        })
      }
      const wanted = exactOf(given, ours[0].shape)
      if (wanted !== undefined) expectClose(ours[0].values, wanted, double)
    })
  })
})
