/**
 * The tensor vocabulary of objectives and scores. Functions take tensors or plain numbers, which are exact doubles. Tensors live inside
 * `compute`, `valueAndGrad` and similar functions, which free them.
 *
 * Names and conventions are those of tfjs: sizes align from the right and 1 broadcasts; axes count from 0, or from the end if negative; a
 * reduction without axes reduces all to a scalar. Derivatives exist to any order; those of piecewise constant functions (comparisons,
 * floor, argMax) are zero.
 */
import { adopt, detached, precision, run, runAll, tensorValues } from './backend.js'
import { powerOfTwo } from '../numbers/elementary.js'
import { sortedAxes, axisOf, productOfSizes } from '../kernels/dense.js'
import {
  type Axes,
  type BinaryOperation,
  type EntryType,
  type Operand,
  type Paddings,
  type ReduceAxes,
  type Shape,
  type UnaryOperation
} from '../kernels/tensorVocabulary.js'
import { fillNormal, type Key } from '../random/key.js'
import { type NdArray, type Tensor } from '../arrays/ndarray.js'
import { allocateDoubles } from '../wasm/index.js'

export type { Tensor }

export type { Axes, EntryType, Operand, Shape } from '../kernels/tensorVocabulary.js'

// —— creation ————————————————————————————————————————————————————————————————————————————————————————————————————————————————

/**
 * Tensor of a shape with these values, row by row, copied as doubles.
 *
 * @throws RangeError if the number of values is not that of the shape
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, mul, tensor } from 'ornstein/float64'
 *
 * const { shape, values } = compute(() => mul(tensor([0.1, 0.2, 0.3, 0.4], [2, 2]), 3))
 * assert.deepEqual(shape, [2, 2])
 * assert.deepEqual([...values], [0.1 * 3, 0.2 * 3, 0.3 * 3, 0.4 * 3])
 */
export const tensor = (values: ArrayLike<number>, shape: Shape): Tensor => {
  const copy = allocateDoubles(values.length)
  copy.set(values)
  return adopt(copy, shape, 'float32')
}

/** The scalar x, exactly. */
export const scalar = (x: number): Tensor => adopt(Float64Array.of(x), [], 'float32')

/** Tensor of an array's entries, not copied: the array must not change while the tensor lives. */
export const fromNdArray = ({ values, shape }: NdArray): Tensor => adopt(values, shape, 'float32')

/**
 * Standard normal numbers of a key, as `Key.normal` draws them, as a tensor of `shape`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, Key, randomNormal } from 'ornstein/float64'
 *
 * const key = Key.fromSeed(7)
 * assert.deepEqual(compute(() => randomNormal([2, 3])(key)).values, Key.normal(6)(key))
 */
export const randomNormal =
  (shape: Shape) =>
  (key: Key): Tensor => {
    const values = allocateDoubles(productOfSizes(shape))
    fillNormal(0, values)(key)
    return adopt(values, shape, 'float32')
  }

/** Copies the entries of a tensor, as doubles. */
export const toNdArray = (x: Tensor): NdArray => ({ shape: [...x.shape], values: new Float64Array(tensorValues(x)) })

/** `shape` filled with x, exactly. */
export const fill = (shape: Shape, x: number): Tensor =>
  run('Fill', {}, { shape: [...shape], value: x, dtype: 'float32' })
/** `shape` filled with 0. */
export const zeros = (shape: Shape): Tensor => fill(shape, 0)
/** `shape` filled with 1. */
export const ones = (shape: Shape): Tensor => fill(shape, 1)

/** start, start + step, … before stop. */
export const range = (start: number, stop: number, step = 1): Tensor => {
  if (step === 0 || Number.isNaN(step)) throw new RangeError(`range: step is ${step}; try ${stop < start ? -1 : 1}`)
  return run('Range', {}, { start, stop, step, dtype: 'float32' })
}

/** Rows of zeros with a one at the index: [...] → [..., depth]. An index outside [0, depth) gives zeros. */
export const oneHot = (indices: Operand, depth: number): Tensor =>
  run('OneHot', { indices: asTensor(indices) }, { depth, onValue: 1, offValue: 0, dtype: 'float32' })

/** The identity matrix, [n, n]. */
export const eye = (n: number): Tensor => oneHot(range(0, n), n)
/** Zeros of the shape and type of x. */
export const zerosLike = (x: Operand): Tensor => run('ZerosLike', { x: asTensor(x) })

const asTensor = (x: Operand): Tensor => (typeof x === 'number' ? scalar(x) : x)
// —— entry by entry ————————————————————————————————————————————————————————————————————————————————————————————————————————

const unaryOf =
  (kernel: string): UnaryOperation =>
  x =>
    run(kernel, { x: asTensor(x) })
const binaryOf =
  (kernel: string): BinaryOperation =>
  (a, b) =>
    run(kernel, { a: asTensor(a), b: asTensor(b) })

/**
 * a + b, broadcast.
 *
 * @throws Error if the shapes do not broadcast
 * @example
 * import { strict as assert } from 'node:assert'
 * import { add, compute, tensor } from 'ornstein/float64'
 *
 * const sums = compute(() => add(tensor([1, 2], [2, 1]), tensor([10, 20, 30], [3])))
 * assert.deepEqual(sums.shape, [2, 3])
 * assert.deepEqual([...sums.values], [11, 21, 31, 12, 22, 32])
 */
export const add: BinaryOperation = binaryOf('Add')
/** a - b */
export const sub: BinaryOperation = binaryOf('Sub')
/** a · b, entry by entry */
export const mul: BinaryOperation = binaryOf('Multiply')
/** a / b, as doubles also for integers */
export const div: BinaryOperation = binaryOf('RealDiv')
/**
 * a^b; 1 at a = 1 for every b (IEEE 754). At a = 0 the derivative in b is 0, and that in a is the limit (1 for b = 1, 0 for b > 1 or b =
 * 0).
 */
export const pow: BinaryOperation = binaryOf('Pow')
/** The larger of a and b; NaN with derivative NaN if either is NaN. If a = b each gets half the derivative. */
export const maximum: BinaryOperation = binaryOf('Maximum')
/** The smaller of a and b; NaN with derivative NaN if either is NaN. If a = b each gets half the derivative. */
export const minimum: BinaryOperation = binaryOf('Minimum')
/** The angle of (b, a), in (-π, π] */
export const atan2: BinaryOperation = binaryOf('Atan2')

/** -x */
export const neg: UnaryOperation = unaryOf('Neg')
/** e^x */
export const exp: UnaryOperation = unaryOf('Exp')
/** The natural logarithm */
export const log: UnaryOperation = unaryOf('Log')
/** e^x - 1, accurate for small x */
export const expm1: UnaryOperation = unaryOf('Expm1')
/** log(1 + x), accurate for small x */
export const log1p: UnaryOperation = unaryOf('Log1p')
/** (e^x - e^{-x}) / (e^x + e^{-x}) */
export const tanh: UnaryOperation = unaryOf('Tanh')
/** 1 / (1 + e^{-x}) */
export const sigmoid: UnaryOperation = unaryOf('Sigmoid')
/** log(1 + e^x) */
export const softplus: UnaryOperation = unaryOf('Softplus')
/** 2/√π ∫₀ˣ e^{-t²} dt */
export const erf: UnaryOperation = unaryOf('Erf')
/** √x, NaN if x < 0; the derivative is ∞ at 0. */
export const sqrt: UnaryOperation = unaryOf('Sqrt')
/** 1 / √x */
export const rsqrt: UnaryOperation = unaryOf('Rsqrt')
/** x² */
export const square: UnaryOperation = unaryOf('Square')
/** sin x, x in radians */
export const sin: UnaryOperation = unaryOf('Sin')
/** cos x, x in radians */
export const cos: UnaryOperation = unaryOf('Cos')
/** |x|, derivative 0 at 0 */
export const abs: UnaryOperation = unaryOf('Abs')
/** -1, 0 or 1 */
export const sign: UnaryOperation = unaryOf('Sign')
/** ⌊x⌋ */
export const floor: UnaryOperation = unaryOf('Floor')
/** ⌈x⌉ */
export const ceil: UnaryOperation = unaryOf('Ceil')
/** The nearest integer, ties to even */
export const round: UnaryOperation = unaryOf('Round')
/** 1 / x */
export const reciprocal: UnaryOperation = unaryOf('Reciprocal')
/** max(x, 0), derivative 0 at 0 */
export const relu: UnaryOperation = unaryOf('Relu')
/** True for entries that are NaN */
export const isNaN: UnaryOperation = unaryOf('IsNan')
/** True for entries that are neither NaN nor infinite */
export const isFinite: UnaryOperation = unaryOf('IsFinite')

/** 1 if x > 0, otherwise `below` (Default: 0) */
export const step = (x: Operand, below = 0): Tensor => run('Step', { x: asTensor(x) }, { alpha: below })
/** x clipped to [low, high]; derivative 1 on the closed interval, 0 outside. */
export const clip = (x: Operand, low: number, high: number): Tensor => {
  if (!(low <= high)) throw new RangeError(`clip: low ${low} is not <= high ${high}`)
  return run('ClipByValue', { x: asTensor(x) }, { clipValueMin: low, clipValueMax: high })
}

/** a > b, entry by entry */
export const greater: BinaryOperation = binaryOf('Greater')
/** a ≥ b */
export const greaterEqual: BinaryOperation = binaryOf('GreaterEqual')
/** a < b */
export const less: BinaryOperation = binaryOf('Less')
/** a ≤ b */
export const lessEqual: BinaryOperation = binaryOf('LessEqual')
/** a = b; NaN equals nothing */
export const equal: BinaryOperation = binaryOf('Equal')
/** a ≠ b */
export const notEqual: BinaryOperation = binaryOf('NotEqual')
/** True if both are true (not 0) */
export const logicalAnd: BinaryOperation = binaryOf('LogicalAnd')
/** True if at least one is true (not 0) */
export const logicalOr: BinaryOperation = binaryOf('LogicalOr')
/** True if exactly one is true (not 0) */
export const logicalXor: BinaryOperation = (a, b) => notEqual(cast(a, 'bool'), cast(b, 'bool'))
/** True if x is false (0) */
export const logicalNot: UnaryOperation = unaryOf('LogicalNot')

/**
 * a if the condition holds, otherwise b; all three broadcast. The side that is not chosen gets derivative 0, but its own derivative is
 * multiplied by that 0, so it must be finite (`log(where(greater(x, 0), x, 1))`, not `where(…, log(x), …)`).
 */
export const where = (condition: Operand, a: Operand, b: Operand): Tensor =>
  run('Select', { condition: asTensor(condition), t: asTensor(a), e: asTensor(b) })

const DTYPE_BY_ENTRY_TYPE = { float64: 'float32', int32: 'int32', bool: 'bool' } as const

/** Entries as another type: integers are truncated towards zero; numbers other than 0 are true. */
export const cast = (x: Operand, type: EntryType): Tensor =>
  run('Cast', { x: asTensor(x) }, { dtype: DTYPE_BY_ENTRY_TYPE[type] })

// —— compositions of these, from which the compiler and derivatives follow ———————————————————————————————————————————————————

/** tan x, x in radians */
export const tan: UnaryOperation = x => div(sin(x), cos(x))
/** The angle in (-π/2, π/2) whose tangent is x */
export const atan: UnaryOperation = x => atan2(x, 1)
/** The angle in [-π/2, π/2] whose sine is x; |x| ≤ 1 */
export const asin: UnaryOperation = x => atan2(x, sqrt(mul(sub(1, x), add(1, x))))
/** The angle in [0, π] whose cosine is x; |x| ≤ 1 */
export const acos: UnaryOperation = x => mul(2, atan2(sqrt(sub(1, x)), sqrt(add(1, x))))

/** (e^x - e^{-x}) / 2; by e^{|x| - 1} for |x| > 1, which overflows only if sinh x does. */
export const sinh: UnaryOperation = x => {
  const near = clip(x, -1, 1)
  const isBelow = less(x, 0)
  const a = where(isBelow, neg(x), x)
  const size = sub(mul(Math.E / 2, exp(sub(a, 1))), mul(0.5, exp(neg(a))))
  return where(greater(a, 1), where(isBelow, neg(size), size), mul(0.5, sub(expm1(near), expm1(neg(near)))))
}
/**
 * (e^x + e^{-x}) / 2, as 1 + 2 sinh² (x / 2); beyond ±700 as e^{|x| − 1} e / 2, which with its derivative overflows only if cosh x does.
 */
export const cosh: UnaryOperation = x => {
  const a = where(less(x, 0), neg(x), x)
  const near = add(1, mul(2, square(sinh(mul(0.5, clip(x, -700, 700))))))
  return where(greater(a, 700), mul(Math.E / 2, exp(sub(a, 1))), near)
}
/** Argument from which 1 + a² rounds to a². */
const LARGE_ARGUMENT = 268435456
/** The inverse of sinh: log(1 + a + a²/(1 + √(1 + a²))) with a = |x|, or log 2a if a is large */
export const asinh: UnaryOperation = x => {
  const isBelow = less(x, 0)
  const a = where(isBelow, neg(x), x)
  const near = clip(a, -1, LARGE_ARGUMENT)
  const small = log1p(mul(near, add(1, div(near, add(1, sqrt(add(1, square(near))))))))
  const size = where(greater(a, LARGE_ARGUMENT), add(log(maximum(a, LARGE_ARGUMENT)), Math.LN2), small)
  return where(isBelow, neg(size), size)
}
/** The inverse of cosh on [0, ∞); x ≥ 1 */
export const acosh: UnaryOperation = x => mul(2, asinh(sqrt(mul(0.5, sub(x, 1)))))
/** The inverse of tanh; |x| < 1 */
export const atanh: UnaryOperation = x => mul(0.5, sub(log1p(x), log1p(neg(x))))

/** x/(1 + e⁻ˣ), the sigmoid-weighted unit (Elfwing et al. 2017, arXiv 1702.03118) */
export const silu: UnaryOperation = x => mul(x, sigmoid(x))
/** x Φ(x), Φ the normal distribution function (Hendrycks & Gimpel 2016, arXiv 1606.08415) */
export const gelu: UnaryOperation = x => mul(x, add(0.5, mul(0.5, erf(mul(Math.SQRT1_2, x)))))
/** x, or e^x - 1 if x < 0 */
export const elu: UnaryOperation = x => where(less(x, 0), expm1(minimum(x, 0)), x)
/** The self-normalising unit (Klambauer et al. 2017, arXiv 1706.02515) */
export const selu: UnaryOperation = x =>
  mul(1.0507009873554805, where(less(x, 0), mul(1.6732632423543772, expm1(minimum(x, 0))), x))
/** True for entries that are ∞ or -∞ */
export const isInf: UnaryOperation = x => equal(abs(x), Infinity)

/** x as a constant: nothing is differentiated through it. */
export const stopGradient = (x: Operand): Tensor => (typeof x === 'number' ? scalar(x) : detached(x))

/**
 * The value of the first with the derivatives of the second, of equal shape, for a value that is computed with less work, or fewer
 * roundings, than its derivative.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { scalar, square, valueAndGrad, withDerivativeOf } from 'ornstein/float64'
 *
 * const { value, gradient } = valueAndGrad(({ x }) => withDerivativeOf(scalar(9), square(x)))({
 *   x: { shape: [], values: Float64Array.of(3) }
 * })
 * assert.deepEqual([value, gradient.x.values[0]], [9, 6])
 */
export const withDerivativeOf = (value: Operand, x: Tensor): Tensor =>
  run('WithDerivative', { value: stopGradient(value), x })

// —— along axes ————————————————————————————————————————————————————————————————————————————————————————————————————————————

const axesAttr = (axis: Axes | undefined, rank: number, op: string): number[] => sortedAxes(axis, rank, op)
const reduction =
  (kernel: string, op: string): ReduceAxes =>
  (x, axis, keepDims = false) => {
    const t = asTensor(x)
    const axes = axesAttr(axis, t.rank, op)
    return run(kernel, { x: t }, { axis: axes, reductionIndices: axes, keepDims })
  }

/**
 * Σ x over the axes (Default: all), pairwise, so that the error grows with the logarithm of the count.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, sum, tensor } from 'ornstein/float64'
 *
 * const x = () => tensor([1, 2, 3, 4, 5, 6], [2, 3])
 * assert.deepEqual([...compute(() => sum(x())).values], [21])
 * assert.deepEqual([...compute(() => sum(x(), 0)).values], [5, 7, 9])
 * assert.deepEqual(compute(() => sum(x(), -1, true)).shape, [2, 1])
 */
export const sum: ReduceAxes = reduction('Sum', 'sum')
/** The average over the axes */
export const mean: ReduceAxes = reduction('Mean', 'mean')
/** The largest over the axes; equal ones share the derivative evenly. NaN if any entry is NaN. */
export const max: ReduceAxes = reduction('Max', 'max')
/** The smallest over the axes; equal ones share the derivative evenly. NaN if any entry is NaN. */
export const min: ReduceAxes = reduction('Min', 'min')
/** True if all are true (not 0) */
export const all: ReduceAxes = reduction('All', 'all')
/** True if any is true (not 0) */
export const any: ReduceAxes = reduction('Any', 'any')

/** e^x / Σ e^x along an axis (Default: the last) */
export const softmax = (x: Operand, axis = -1): Tensor => run('Softmax', { logits: asTensor(x) }, { dim: axis })
/** x - log Σ e^x along an axis (Default: the last) */
export const logSoftmax = (x: Operand, axis = -1): Tensor => run('LogSoftmax', { logits: asTensor(x) }, { axis })

/**
 * log Σ e^x over the axes, without overflow; -∞ if every entry is -∞.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, logSumExp, tensor } from 'ornstein/float64'
 *
 * const { values } = compute(() => logSumExp(tensor([1000, 1000], [2])))
 * assert.equal(values[0], 1000 + Math.log(2))
 */
export const logSumExp: ReduceAxes = (x, axis, keepDims = false) => {
  const t = asTensor(x)
  const axes = axesAttr(axis, t.rank, 'logSumExp')
  // The shift cancels in the value and in every derivative.
  const top = stopGradient(max(t, axes, true))
  const shift = where(isFinite(top), top, 0)
  const result = add(log(sum(exp(sub(t, shift)), axes, true)), shift)
  return keepDims ? result : squeeze(result, axes)
}

/** Index of the largest entry along an axis (Default: the first axis); the first of equal entries, or the first NaN. */
export const argMax = (x: Operand, axis = 0): Tensor => run('ArgMax', { x: asTensor(x) }, { axis })
/** Index of the smallest entry along an axis (Default: the first axis); the first of equal entries, or the first NaN. */
export const argMin = (x: Operand, axis = 0): Tensor => argMax(neg(x), axis)

/**
 * Sums of squares in [least, most] keep their digits; other numbers are first scaled by 2^±by. Each precision represents these powers, and
 * 2^by over a root, which the derivative needs.
 */
const NORM_RANGES = {
  float64: { least: powerOfTwo(-900), most: powerOfTwo(960), by: 600 },
  float32: { least: powerOfTwo(-90), most: powerOfTwo(100), by: 85 }
} as const

/** √(Σ x²) over the axes, derivative 0 at x = 0. Squares neither overflow nor underflow if the precision can represent the result. */
export const norm: ReduceAxes = (x, axis, keepDims) => {
  const t = asTensor(x)
  const { least, most, by } = NORM_RANGES[precision()]
  const shrinks = powerOfTwo(-by)
  const grows = powerOfTwo(by)
  const size = stopGradient(sum(square(t), axis, true))
  const isLarge = greater(size, most)
  const isSmall = less(size, least)
  const scaled = (y: Tensor, large: number, small: number): Tensor =>
    where(isLarge, mul(y, large), where(isSmall, mul(y, small), y))
  const squares = sum(square(scaled(t, shrinks, grows)), axis, true)
  const none = equal(squares, 0)
  const root = where(none, 0, sqrt(where(none, 1, squares)))
  return sum(scaled(root, grows, shrinks), axis, keepDims)
}

// —— products ——————————————————————————————————————————————————————————————————————————————————————————————————————————————

/**
 * The matrix product [..., m, k] · [..., k, n] → [..., m, n]; leading axes broadcast.
 *
 * @throws Error if either side is not a matrix or the inner sizes differ
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, matMul, tensor } from 'ornstein/float64'
 *
 * const gram = compute(() => {
 *   const x = tensor([1, 2, 3, 4], [2, 2])
 *   return matMul(x, x, { transposeA: true })
 * })
 * assert.deepEqual([...gram.values], [10, 14, 14, 20])
 */
export const matMul = (
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {}
): Tensor => run('BatchMatMul', { a, b }, { transposeA, transposeB })

/**
 * Σ_j (x_ij − s_i c_kj)², [n, k]: squared distances of the rows of x, [n, d], from centres, [k, d], scaled by one number, or one per row,
 * [n, 1] (Default: 1). Computed from differences, since |x|² − 2⟨x, c⟩ + |c|² cancels at small distances.
 *
 * @throws Error if the shapes do not match
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, squaredDistances, tensor } from 'ornstein/float64'
 *
 * const far = compute(() => squaredDistances(tensor([1e9 + 1], [1, 1]), tensor([1e9, 1e9 + 3], [2, 1])))
 * assert.deepEqual([...far.values], [1, 4])
 */
export const squaredDistances = (x: Tensor, centres: Tensor, scale: Operand = 1): Tensor =>
  run('SquaredDistances', { x, centres, scale: reshape(scale, [-1, 1]) })

/** The product of vectors, or of vectors and matrices: [k]·[k] → [], [m, k]·[k] → [m], [k]·[k, n] → [n]. */
export const dot = (a: Tensor, b: Tensor): Tensor => {
  const left = a.rank === 1 ? expandDims(a, 0) : a
  const right = b.rank === 1 ? expandDims(b, 1) : b
  return reshape(matMul(left, right), [...a.shape.slice(0, -1), ...b.shape.slice(1)])
}

/** The outer product of two vectors, [m]·[n] → [m, n] */
export const outer = (a: Tensor, b: Tensor): Tensor => mul(reshape(a, [-1, 1]), reshape(b, [1, -1]))

// —— factors ——————————————————————————————————————————————————————————————————————————————————————————————————————————————

/**
 * L, lower triangular with a positive diagonal, with L Lᵀ = S for each matrix of a stack [..., n, n]. S counts as symmetric: its lower
 * triangle is read, and its derivative is symmetric. NaN if S is not positive definite.
 *
 * If S is a product, `gramCholesky` is more accurate.
 *
 * @throws Error if the matrices are not square
 * @example
 * import { strict as assert } from 'node:assert'
 * import { cholesky, compute, tensor } from 'ornstein/float64'
 *
 * const { values } = compute(() => cholesky(tensor([4, 2, 2, 10], [2, 2])))
 * assert.deepEqual([...values], [2, 0, 1, 3])
 */
export const cholesky = (s: Tensor): Tensor => run('Cholesky', { x: s })

/**
 * L, lower triangular with no negative diagonal, with L Lᵀ = AᵀA for each matrix of a stack [..., m, n], m ≥ n: [..., n, n]. It is Rᵀ of A
 * = QR; forming AᵀA would lose half of the digits. For a sum, stack the factors: B Bᵀ + C Cᵀ = [Bᵀ; Cᵀ]ᵀ[Bᵀ; Cᵀ].
 *
 * @throws Error if the matrices have fewer rows than columns
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, gramCholesky, tensor } from 'ornstein/float64'
 *
 * // The small one of two columns that are almost the same: in AᵀA, 1 + 1e-20 is 1.
 * const { values } = compute(() => gramCholesky(tensor([1, 1, 0, 1e-10], [2, 2])))
 * assert.deepEqual([...values], [1, 0, 1, 1e-10])
 */
export const gramCholesky = (a: Tensor): Tensor => run('GramCholesky', { x: a })

/**
 * L⁻¹B, or L⁻ᵀB if `transposed`, for stacks [..., n, n] and [..., n, m], which broadcast. Only the lower triangle of L is read.
 *
 * @throws Error if the shapes do not match
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, solveTriangular, tensor } from 'ornstein/float64'
 *
 * const l = () => tensor([2, 0, 1, 4], [2, 2])
 * const b = () => tensor([2, 9], [2, 1])
 * assert.deepEqual([...compute(() => solveTriangular(l(), b())).values], [1, 2])
 * assert.deepEqual([...compute(() => solveTriangular(l(), b(), { transposed: true })).values], [-0.125, 2.25])
 */
export const solveTriangular = (
  l: Tensor,
  b: Tensor,
  { transposed = false }: { readonly transposed?: boolean } = {}
): Tensor => run('TriangularSolve', { l, b }, { transposed })

/**
 * Eigenvalues and eigenvectors of a stack of symmetric matrices: `values` ascending, [..., n]; `vectors` orthonormal, in columns, [..., n,
 * n], with a positive entry of largest magnitude.
 */
export type Eigh = Readonly<Record<'values' | 'vectors', Tensor>>

/**
 * S = V diag(λ) Vᵀ for each matrix of a stack [..., n, n]. S counts as symmetric: its lower triangle is read, and its derivative is
 * symmetric. For equal eigenvalues the derivative of the eigenvectors is NaN.
 *
 * @throws Error if the matrices are not square
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, eigh, grad, sum, tensor } from 'ornstein/float64'
 *
 * const s = () => tensor([2, 1, 1, 2], [2, 2])
 * const { values, vectors } = compute(() => eigh(s()))
 * const near = (found: Float64Array, wanted: ReadonlyArray<number>) => wanted.every((w, i) => Math.abs(found[i] - w) < 1e-15)
 * assert.ok(near(values.values, [1, 3]))
 * // The second column is (1, 1)/√2.
 * assert.ok(near(vectors.values.filter((_, i) => i % 2 === 1), [Math.SQRT1_2, Math.SQRT1_2]))
 * // The sum of the eigenvalues is the trace, whose derivative is the identity.
 * assert.ok(near(compute(() => grad(x => sum(eigh(x).values))(s())).values, [1, 0, 0, 1]))
 */
export const eigh = (s: Tensor): Eigh => {
  const n = s.shape[s.rank - 1]
  const [values, vectors] = split(run('Eigh', { x: s }), [1, n], s.rank - 2)
  return { values: squeeze(values, s.rank - 2), vectors }
}

/** The diagonals of a stack of square matrices, [..., n, n] → [..., n] */
export const diagonal = (x: Tensor): Tensor => sum(mul(x, eye(x.shape[x.rank - 1])), -1)

/**
 * log det S of a stack of positive definite matrices, [..., n, n] → [...], by their Cholesky factors; NaN if S is not positive definite.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, logDet, tensor } from 'ornstein/float64'
 *
 * const { values } = compute(() => logDet(tensor([4, 2, 2, 10], [2, 2])))
 * assert.ok(Math.abs(values[0] - Math.log(36)) < 1e-15)
 */
export const logDet = (s: Tensor): Tensor => mul(2, sum(log(diagonal(cholesky(s))), -1))

/**
 * Lower triangular matrices from the entries of their triangles, row by row, [..., n(n + 1)/2] → [..., n, n]; inverse of `packTriangle`.
 *
 * @throws Error when the last axis has no such length
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, lowerTriangle, packTriangle, tensor } from 'ornstein/float64'
 *
 * const packed = () => tensor([1, 2, 3], [3])
 * assert.deepEqual([...compute(() => lowerTriangle(packed())).values], [1, 0, 2, 3])
 * assert.deepEqual([...compute(() => packTriangle(lowerTriangle(packed()))).values], [1, 2, 3])
 */
export const lowerTriangle = (x: Tensor): Tensor => run('FromTriangle', { x })
/** The entries of the lower triangles of square matrices, row by row, [..., n, n] → [..., n(n + 1)/2]. */
export const packTriangle = (x: Tensor): Tensor => run('ToTriangle', { x })

// —— shape —————————————————————————————————————————————————————————————————————————————————————————————————————————————————

/** Equal entries under another shape, one size of which may be −1, which is computed. */
export const reshape = (x: Operand, shape: Shape): Tensor => run('Reshape', { x: asTensor(x) }, { shape: [...shape] })

/** An axis of size 1 inserted before `axis`. */
export const expandDims = (x: Operand, axis = 0): Tensor => run('ExpandDims', { input: asTensor(x) }, { dim: axis })

/** Drops axes of size 1: those given, or all. */
export const squeeze = (x: Operand, axis?: Axes): Tensor => {
  const t = asTensor(x)
  const axes = axis === undefined ? undefined : sortedAxes(axis, t.rank, 'squeeze')
  const wrong = axes?.find(i => t.shape[i] !== 1)
  if (wrong !== undefined) throw new RangeError(`squeeze: axis ${wrong} has size ${t.shape[wrong]}, not 1`)
  return reshape(
    t,
    t.shape.filter((length, i) => (axes === undefined ? length !== 1 : !axes.includes(i)))
  )
}

/** Axis i of the result is axis perm[i] of x. Default: the reversed order. */
export const transpose = (x: Operand, perm?: ReadonlyArray<number>): Tensor => {
  const t = asTensor(x)
  const order =
    perm === undefined ? t.shape.map((_, i) => t.rank - 1 - i) : perm.map(i => axisOf(i, t.rank, 'transpose'))
  if (new Set(order).size !== t.rank || order.length !== t.rank)
    throw new RangeError(`transpose: [${order.join(', ')}] is no order of ${t.rank} axes`)
  return run('Transpose', { x: t }, { perm: order })
}

/** The block that starts at `begin` and has `size` entries along each axis (-1 for all that follow). */
export const slice = (x: Operand, begin: Axes, size: Axes = -1): Tensor => {
  const t = asTensor(x)
  const begins = typeof begin === 'number' ? [begin] : [...begin]
  const sizes = typeof size === 'number' ? [size] : [...size]
  return run('Slice', { x: t }, { begin: begins, size: sizes })
}

/** tfjs passes lists of tensors as inputs in place of records, against its types. */
const tensorsAsInputs = (xs: ReadonlyArray<Operand>, op: string): Record<string, Tensor> => {
  if (xs.length === 0) throw new RangeError(`${op}: no tensors to join; give at least one`)
  return xs.map(asTensor) as unknown as Record<string, Tensor>
}

/** Joined along an existing axis */
export const concat = (xs: ReadonlyArray<Tensor>, axis = 0): Tensor =>
  run('Concat', tensorsAsInputs(xs, 'concat'), { axis })
/** Joined along a new axis */
export const stack = (xs: ReadonlyArray<Operand>, axis = 0): Tensor => {
  const parts = xs.map(x => expandDims(x, axis))
  return concat(parts, axis)
}
/** Cut along an axis into equal parts, or into parts of the sizes given */
export const split = (x: Tensor, parts: Axes, axis = 0): Tensor[] =>
  runAll('SplitV', { x }, { numOrSizeSplits: typeof parts === 'number' ? parts : [...parts], axis })

/** The parts along an axis, which is dropped */
export const unstack = (x: Tensor, axis = 0): Tensor[] =>
  split(x, x.shape[axisOf(axis, x.rank, 'unstack')], axis).map(part => squeeze(part, axis))

/** Repeated reps[i] times along axis i */
export const tile = (x: Operand, reps: ReadonlyArray<number>): Tensor => {
  const t = asTensor(x)
  if (reps.length !== t.rank) throw new RangeError(`tile: ${reps.length} repetitions for a tensor of rank ${t.rank}`)
  return run('Tile', { x: t }, { reps: [...reps] })
}

/** Broadcast to a shape */
export const broadcastTo = (x: Operand, shape: Shape): Tensor => {
  const t = asTensor(x)
  const lead = shape.length - t.rank
  const own = [...new Array<number>(Math.max(lead, 0)).fill(1), ...t.shape]
  if (lead < 0 || own.some((length, i) => length !== 1 && length !== shape[i]))
    throw new RangeError(`broadcastTo: [${t.shape.join(', ')}] does not stretch to [${shape.join(', ')}]`)
  if (productOfSizes(own) === productOfSizes(shape) && productOfSizes(shape) > 0) return reshape(t, shape)
  return tile(
    reshape(t, own),
    own.map((length, i) => (length === shape[i] ? 1 : shape[i]))
  )
}

const paddingPairs = (paddings: Paddings): number[][] => paddings.map(([before, after]) => [before, after])

/** x with `before` and `after` more entries at the ends of every axis */
export const pad = (x: Operand, paddings: Paddings, constant = 0): Tensor =>
  run('PadV2', { x: asTensor(x) }, { paddings: paddingPairs(paddings), constantValue: constant })

// —— by index ——————————————————————————————————————————————————————————————————————————————————————————————————————————————

/** The entries of x at `indices` along an axis: [..., n, ...] → [..., indices' shape, ...]. An index outside is an error. */
export const gather = (x: Tensor, indices: Operand, axis = 0): Tensor =>
  run('GatherV2', { x, indices: asTensor(indices) }, { axis })
/** Reversed along an axis (Default: the first) */
export const reverse = (x: Tensor, axis = 0): Tensor =>
  gather(x, range(x.shape[axisOf(axis, x.rank, 'reverse')] - 1, -1, -1), axis)
/** Sums of the rows of x by segment: row s is Σ x[i] over ids[i] = s. Negative ids are dropped. */
export const segmentSum = (x: Tensor, ids: Tensor, segments: number): Tensor =>
  run('UnsortedSegmentSum', { x, segmentIds: ids }, { numSegments: segments })
/** Σ of tensors of one shape, in one pass */
export const addN = (xs: ReadonlyArray<Tensor>): Tensor => run('AddN', tensorsAsInputs(xs, 'addN'))
