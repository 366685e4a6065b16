import { describe, expect, it } from 'vitest'
import { runAll } from '../../../lib/tensors/backend.js'
import { gradientRules } from '../../../lib/tensors/gradients.js'
import * as F from '../../../lib/index.js'
import { type NdArray, type Tensor } from '../../../lib/index.js'
import { kernelsByName } from '../../../lib/kernels/index.js'
import { shapeSize } from '../../../lib/arrays/ndarray.js'
import { functions, kernelOf } from '../functions.js'

/**
 * One table for every derivative. A row is a function of tensors and a point; the tests hold the gradient of Σ w·f there, and
 * the gradient of that gradient, against differences. A row may list several points.
 */
interface Row {
  readonly f: (...xs: Tensor[]) => Tensor
  readonly at: ReadonlyArray<NdArray>
  /** The derivative is zero all around the point. */
  readonly flat?: true
}

let state = 2
const uniform = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
/** One entry in each of equal cells, in the same stretch of it and shuffled: no two near each other, none near the middle. */
const at = (shape: number[], low = -2, high = 2, offset = 0): NdArray => {
  const n = shapeSize(shape)
  const cells = Array.from({ length: n }, (_, i) => ({ i, order: uniform() })).sort((a, b) => a.order - b.order)
  return {
    shape,
    values: Float64Array.from(cells, ({ i }) => low + ((high - low) * (i + offset + 0.1 + 0.3 * uniform())) / n)
  }
}
/** Between the stretches of the cells of six. */
const apart = at([3], -1.83, 2.17)
const exactly = (shape: number[], ...values: number[]): NdArray => ({ shape, values: Float64Array.from(values) })

const unary = (f: (x: Tensor) => Tensor, low = -2, high = 2): Row[] => [{ f, at: [at([2, 3], low, high)] }]
const pairs = [
  [
    [2, 3],
    [2, 3]
  ],
  [[2, 3], []],
  [[3], [2, 1]],
  [
    [2, 1, 3],
    [4, 1]
  ]
]
const binary = (f: (a: Tensor, b: Tensor) => Tensor, lowA = -2, highA = 2, lowB = lowA, highB = highA): Row[] =>
  pairs.map(([a, b]) => ({ f, at: [at(a, lowA, highA), at(b, lowB, highB, 0.5)] }))
const flat = (f: (...xs: Tensor[]) => Tensor, ...points: NdArray[]): Row[] => [
  { f: (...xs) => F.cast(f(...xs), 'float64'), at: points, flat: true }
]
const reduced = (f: (x: Tensor, axis?: F.Axes, keepDims?: boolean) => Tensor, ...points: NdArray[]): Row[] =>
  [undefined, 0, 1, [0, 2], [1, 2]].flatMap(axis =>
    [false, true].flatMap(keepDims =>
      [at([2, 3, 2]), ...points].map(x => ({ f: (x: Tensor) => f(x, axis, keepDims), at: [x] }))
    )
  )
const one = (f: (...xs: Tensor[]) => Tensor, ...shapes: number[][]): Row => ({ f, at: shapes.map(shape => at(shape)) })
const ids = (...values: number[]): Tensor => F.tensor(values, [values.length])
const weighed = (...parts: Tensor[]): Tensor => F.addN(parts.map((part, i) => F.mul(part, i + 1)))

/** Positive definite, of any square matrices. */
const definite = (x: Tensor): Tensor =>
  F.add(F.matMul(x, x, { transposeB: true }), F.mul(2, F.eye(x.shape[x.rank - 1])))
/** Symmetric, of any square matrices, with eigenvalues that are apart. */
const symmetricOf = (x: Tensor): Tensor => {
  const n = x.shape[x.rank - 1]
  const turned = F.transpose(x, [...x.shape.keys()].slice(0, -2).concat(x.rank - 1, x.rank - 2))
  return F.add(F.add(x, turned), F.mul(F.reshape(F.mul(3, F.range(0, n)), [n, 1]), F.eye(n)))
}
/** V f(Λ) Vᵀ */
const ofSpectrum = (f: (x: Tensor) => Tensor, s: Tensor): Tensor => {
  const { values, vectors } = F.eigh(s)
  return F.matMul(F.mul(vectors, F.expandDims(f(values), s.rank - 2)), vectors, { transposeB: true })
}
/** Any square matrices with a diagonal that divides well. */
const dominant = (x: Tensor): Tensor => F.add(x, F.mul(4, F.eye(x.shape[x.rank - 1])))

/** Of one number, each where it is smooth; they are kernels, or composed of these. */
const ofOneNumber = Object.entries(functions).flatMap(([name, [f, , from, to]]) => {
  const key = kernelOf(name) in kernelsByName ? kernelOf(name) : name
  return from === undefined ? [] : [[key, unary(f, from, to)] as const]
})

const table: Readonly<Record<string, Row[]>> = {
  ...Object.fromEntries(ofOneNumber.filter(([name]) => name in kernelsByName)),
  Cholesky: [one(x => F.cholesky(definite(x)), [3, 3]), one(x => F.cholesky(definite(x)), [2, 2, 2])],
  // All entries of λ and V; a spectral function, which has no signs; stacks.
  Eigh: [
    one(x => F.concat([F.expandDims(F.eigh(symmetricOf(x)).values, 0), F.eigh(symmetricOf(x)).vectors]), [3, 3]),
    one(x => ofSpectrum(F.exp, symmetricOf(x)), [3, 3]),
    one(x => F.eigh(symmetricOf(x)).values, [2, 2, 2])
  ],
  FromTriangle: [one(F.lowerTriangle, [6]), one(F.lowerTriangle, [2, 3])],
  GramCholesky: [one(x => F.gramCholesky(x), [4, 2]), one(x => F.gramCholesky(x), [2, 3, 3])],
  ToTriangle: [one(F.packTriangle, [3, 3]), one(F.packTriangle, [2, 2, 2])],
  TriangularSolve: [false, true].flatMap(transposed => [
    one((l, b) => F.solveTriangular(dominant(l), b, { transposed }), [3, 3], [3, 2]),
    one((l, b) => F.solveTriangular(dominant(l), b, { transposed }), [2, 1, 2, 2], [3, 2, 1])
  ]),
  Add: binary(F.add),
  AddN: [one((a, b) => F.addN([a, b, a]), [2, 3], [2, 3])],
  All: flat(x => F.all(x, 0), at([2, 3])),
  Any: flat(x => F.any(x, 0), at([2, 3])),
  ArgMax: flat(x => F.argMax(x), at([2, 3])),
  Atan2: binary(F.atan2, 0.5, 2),
  BatchMatMul: [false, true].flatMap(transposeA =>
    [false, true].flatMap(transposeB =>
      [
        { a: [3, 2], b: [2, 4] },
        { a: [2, 3, 2], b: [2, 2, 4] },
        { a: [3, 2], b: [2, 2, 1] },
        { a: [2, 1, 3, 2], b: [1, 2, 2, 1] }
      ].map(({ a, b }) => {
        const turned = (shape: number[], turn: boolean): number[] =>
          turn ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape
        return one((x, y) => F.matMul(x, y, { transposeA, transposeB }), turned(a, transposeA), turned(b, transposeB))
      })
    )
  ),
  Cast: [...unary(x => F.cast(x, 'float64')), ...flat(x => F.cast(x, 'int32'), at([2, 3]))],
  Ceil: flat(F.ceil, at([2, 3])),
  ClipByValue: unary(x => F.clip(x, -1, 1)),
  Concat: [0, 1, -1].map(axis => one((a, b) => F.concat([a, b, a], axis), [2, 3], [2, 3])),
  Equal: flat(F.equal, at([2, 3]), apart),
  ExpandDims: [0, 1, -1].map(axis => one(x => F.expandDims(x, axis), [2, 3])),
  Floor: flat(F.floor, at([2, 3])),
  GatherV2: [
    ...[0, 1, -1].map(axis => one(x => F.gather(x, ids(1, 0, 1), axis), [2, 3, 2])),
    one(x => F.gather(x, F.tensor([1, 0, 1, 1], [2, 2])), [2, 3]),
    one(x => F.gather(x, F.tensor([2, 0, 1, 1], [2, 2]), 1), [2, 3, 2])
  ],
  Greater: flat(F.greater, at([2, 3]), apart),
  GreaterEqual: flat(F.greaterEqual, at([2, 3]), apart),
  Identity: [one(x => runAll('Identity', { x }) as unknown as Tensor, [2, 3])],
  IsFinite: flat(F.isFinite, at([2, 3])),
  IsNan: flat(F.isNaN, at([2, 3])),
  Less: flat(F.less, at([2, 3]), apart),
  LessEqual: flat(F.lessEqual, at([2, 3]), apart),
  LogSoftmax: [0, 1, -1].map(axis => one(x => F.logSoftmax(x, axis), [2, 3])),
  LogicalAnd: flat(F.logicalAnd, at([2, 3]), at([3])),
  LogicalNot: flat(F.logicalNot, at([2, 3])),
  LogicalOr: flat(F.logicalOr, at([2, 3]), at([3])),
  Max: reduced(F.max),
  Maximum: binary(F.maximum),
  Mean: reduced(F.mean),
  Min: reduced(F.min),
  Minimum: binary(F.minimum),
  Multiply: binary(F.mul),
  NotEqual: flat(F.notEqual, at([2, 3]), apart),
  OneHot: flat(x => F.oneHot(x, 3), exactly([3], 0, 2, 1)),
  PadV2: [
    one(
      x =>
        F.pad(
          x,
          [
            [1, 0],
            [2, 1]
          ],
          0.5
        ),
      [2, 3]
    )
  ],
  Pow: [
    ...binary(F.pow, 0.5, 2),
    { f: x => F.pow(x, 3), at: [exactly([3], -1.5, 0, 2)] },
    { f: x => F.pow(x, 2), at: [exactly([3], -1.5, 0, 2)] },
    { f: x => F.pow(x, 1), at: [exactly([2], 0, 2)] },
    { f: x => F.pow(x, 0), at: [exactly([2], 0, 2)] },
    { f: b => F.pow(F.tensor([0, 2], [2]), b), at: [exactly([2], 1.5, 0.5)] }
  ],
  RealDiv: binary(F.div, 0.5, 2),
  Reshape: [one(x => F.reshape(x, [3, -1]), [2, 3])],
  Round: flat(F.round, at([2, 3], -0.4, 0.4)),
  Select: [
    one((a, b) => F.where(F.tensor([1, 0, 1], [3]), a, b), [2, 3], [2, 1]),
    one(x => F.where(F.greater(x, 0), F.square(x), F.sin(x)), [2, 3])
  ],
  Sign: flat(F.sign, at([2, 3])),
  Slice: [one(x => F.slice(x, [0, 1], [-1, 2]), [2, 3]), one(x => F.slice(x, 1, 1), [2, 3])],
  Softmax: [0, 1, -1].map(axis => one(x => F.softmax(x, axis), [2, 3])),
  SplitV: [
    one(x => weighed(...F.split(x, 3)), [6, 2]),
    one(x => F.split(x, [1, 3], 1)[1], [2, 4]),
    one(x => weighed(...F.split(x, [-1], 1)), [2, 4])
  ],
  SquaredDistances: [
    one((x, c) => F.squaredDistances(x, c, 0.7), [3, 2], [4, 2]),
    one((x, s) => F.squaredDistances(x, F.mul(0.5, x), s), [3, 2], [3, 1])
  ],
  Step: flat(x => F.step(x, 0.5), at([2, 3])),
  Sub: binary(F.sub),
  Sum: reduced(F.sum),
  Tile: [one(x => F.tile(x, [2, 3]), [2, 3])],
  Transpose: [one(x => F.transpose(x), [2, 3]), one(x => F.transpose(x, [1, 2, 0]), [2, 3, 2])],
  UnsortedSegmentSum: [
    one(x => F.segmentSum(x, ids(0, 2, 0), 3), [3, 2]),
    one(x => F.segmentSum(x, ids(0, -1, 1), 2), [3])
  ],
  WithDerivative: [one((x, y) => F.withDerivativeOf(F.add(F.square(x), y), F.add(F.mul(x, x), y)), [2, 3], [2, 3])],
  ZerosLike: flat(F.zerosLike, at([2, 3]))
}

/** Composed in the vocabulary, of the kernels above. */
const composed: Readonly<Record<string, Row[]>> = {
  ...Object.fromEntries(ofOneNumber.filter(([name]) => !(name in kernelsByName))),
  logGamma: unary(F.logGamma, 0.5, 3),
  stack: [0, 1, -1].map(axis => one((a, b) => F.stack([a, b, a], axis), [2, 3], [2, 3])),
  reverse: [0, 1].map(axis => one(x => F.reverse(x, axis), [2, 3])),
  unstack: [
    one(x => weighed(...F.unstack(x, 1)), [2, 3]),
    one(x => F.unstack(x)[1], [2, 3]),
    one(x => F.unstack(x)[0], [1, 3])
  ],
  logSumExp: reduced(F.logSumExp),
  norm: reduced(F.norm),
  dot: [one(F.dot, [3], [3]), one(F.dot, [2, 3], [3]), one(F.dot, [3], [3, 2])],
  outer: [one(F.outer, [3], [2])],
  diagonal: [one(F.diagonal, [2, 3, 3])],
  logDet: [one(x => F.logDet(definite(x)), [2, 3, 3])],
  squeeze: [one(x => F.squeeze(x, 1), [2, 1, 3])],
  broadcastTo: [one(x => F.broadcastTo(x, [4, 2, 3]), [2, 1])]
}

// kernels without a tensor to differentiate in
const sources = ['Fill', 'Range']

// —— differences ————————————————————————————————————————————————————————————————————————————————————————————————————————————

/**
 * Central differences at h, h/2 and h/4, extrapolated twice: the truncation error is near h⁶ f⁽⁷⁾ / 300 000, which at h = 2^-7 is
 * 1e-18 f⁽⁷⁾; the rounding error is near 4 ε |f| / h, some 1e-13 |f|. Values here stay below 100.
 */
const h = 2 ** -7
const tolerance = 1e-10

type Scalar = (...xs: Tensor[]) => Tensor
const value = (f: Scalar, points: ReadonlyArray<NdArray>): number =>
  F.compute(() => f(...points.map(F.fromNdArray))).values[0]
const gradient = (f: Scalar, points: ReadonlyArray<NdArray>): Float64Array[] => {
  const names = points.map((_, i) => `x${i}`)
  const { gradient } = F.valueAndGrad((params: Readonly<Record<string, Tensor>>) => f(...names.map(n => params[n])))(
    Object.fromEntries(points.map((x, i) => [names[i], x]))
  )
  return names.map(name => gradient[name].values)
}

/** Holds the gradient against differences along a random direction, in which every wrong entry shows, in each input by itself. */
const expectGradient = (what: string, f: Scalar, points: ReadonlyArray<NdArray>): Float64Array[] => {
  const slopes = gradient(f, points)
  points.forEach((x, i) => {
    const direction = x.values.map(() => 2 * uniform() - 1)
    const along = (step: number): number =>
      value(
        f,
        points.map((p, k) =>
          k === i ? { shape: p.shape, values: p.values.map((v, j) => v + step * direction[j]) } : p
        )
      )
    const central = (step: number): number => (along(step) - along(-step)) / (2 * step)
    const d1 = central(h)
    const d2 = central(h / 2)
    const d4 = central(h / 4)
    const wanted = (64 * d4 - 20 * d2 + d1) / 45
    const actual = slopes[i].reduce((sum, slope, j) => sum + slope * direction[j], 0)
    const scale = slopes[i].reduce((top, slope) => Math.max(top, Math.abs(slope)), 1)
    if (!(Math.abs(actual - wanted) <= tolerance * scale))
      expect({ what, input: i, slope: actual }).toEqual({ what, input: i, slope: wanted })
  })
  return slopes
}

/** Weights that no symmetry hides behind. */
const weights = (count: number): Tensor => F.sin(F.add(F.mul(F.range(1, count + 1), 1.7), 0.3))
const weigh = (y: Tensor): Tensor => F.sum(F.mul(F.reshape(y, [-1]), weights(y.size)))

describe('every derivative', () => {
  it('is in the table, and every kernel has one', () => {
    expect(Object.keys(table).sort()).toEqual(Object.keys(gradientRules).sort())
    expect([...Object.keys(gradientRules), ...sources].sort()).toEqual(Object.keys(kernelsByName).sort())
  })

  it.each(Object.entries({ ...table, ...composed }))('%s, first and second', (_, rows) => {
    rows.forEach(({ f, at: points, flat }, row) => {
      const slopes = expectGradient(`row ${row}`, (...xs) => weigh(f(...xs)), points)
      if (flat) expect(slopes.every(slope => slope.every(x => x === 0))).toBe(true)
      points.forEach((_, i) => {
        const slope = (x: Tensor, xs: Tensor[]): Tensor => weigh(f(...xs.map((other, k) => (k === i ? x : other))))
        expectGradient(`row ${row}, again in ${i}`, (...xs) => weigh(F.grad(x => slope(x, xs))(xs[i])), points)
      })
    })
  })
})
