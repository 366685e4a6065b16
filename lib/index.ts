/**
 * Numerical foundations, independent of diffusion and mixtures: tensors and derivatives in double precision, random keys, quadrature.
 * The same code runs in browsers and in Node.
 *
 * @example Elementary functions, entry by entry
 * import { strict as assert } from 'node:assert'
 * import * as f from 'ornstein/float64'
 *
 * // Each function with its inverse, or with its definition.
 * const differences = f.compute(() => {
 *   const x = f.div(f.range(1, 10), 10)
 *   const equal: ReadonlyArray<readonly [f.Tensor, f.Tensor]> = [
 *     [f.tan(f.atan(x)), x],
 *     [f.sin(f.asin(x)), f.cos(f.acos(x))],
 *     [f.sinh(f.asinh(x)), f.tanh(f.atanh(x))],
 *     [f.acosh(f.cosh(x)), x],
 *     [f.atan2(f.sin(x), f.cos(x)), x],
 *     [f.log1p(f.expm1(x)), x],
 *     [f.sigmoid(x), f.reciprocal(f.add(1, f.exp(f.neg(x))))],
 *     [f.softplus(x), f.log(f.add(1, f.exp(x)))],
 *     [f.rsqrt(x), f.pow(x, -0.5)],
 *     [f.silu(x), f.mul(x, f.sigmoid(x))],
 *     [f.gelu(x), f.mul(x, f.div(f.add(1, f.erf(f.mul(Math.SQRT1_2, x))), 2))],
 *     [f.addN([x, x, x]), f.mul(3, x)]
 *   ]
 *   return f.stack(equal.map(([a, b]) => f.max(f.abs(f.sub(a, b)))))
 * })
 * // Within a few roundings.
 * assert(differences.values.every(difference => difference < 8 * Number.EPSILON))
 * assert.equal(f.compute(() => f.erf(0.5)).values[0], 0.5204998778130465)
 *
 * // Functions of numbers: log Γ(5) = log 4!, and ψ(2) = ψ(1) + 1.
 * const { digamma, logGamma } = f.Gamma
 * assert(Math.abs(logGamma(5) - Math.log(24)) < 1e-14 && Math.abs(digamma(2) - digamma(1) - 1) < 1e-14)
 *
 * // `expm1` keeps the digits that e^x − 1 loses.
 * const tiny = f.compute(() => ({ lost: f.sub(f.exp(1e-17), 1), kept: f.expm1(1e-17) }))
 * assert.deepEqual([tiny.lost.values[0], tiny.kept.values[0]], [0, 1e-17])
 *
 * @example Indices: gather, scatter, one-hot rows
 * import { strict as assert } from 'node:assert'
 * import * as f from 'ornstein/float64'
 *
 * const of = (tensor: () => f.Tensor): number[] => [...f.compute(tensor).values]
 * const x = () => f.tensor([10, 20, 30, 40], [4])
 *
 * // By index: read, write, and sum the rows of each segment.
 * assert.deepEqual(
 *   of(() => f.gather(x(), f.tensor([3, 0], [2]))),
 *   [40, 10]
 * )
 * assert.deepEqual(
 *   of(() => f.segmentSum(x(), f.tensor([0, 1, 0, 1], [4]), 2)),
 *   [40, 60]
 * )
 * // The same as a product with one-hot rows.
 * const ofClass = () => f.oneHot(f.tensor([0, 1, 0, 1], [4]), 2)
 * assert.deepEqual(
 *   of(() => f.matMul(f.reshape(x(), [1, 4]), ofClass())),
 *   [40, 60]
 * )
 *
 * @example Reductions along axes
 * import { strict as assert } from 'node:assert'
 * import * as f from 'ornstein/float64'
 *
 * const of = (tensor: () => f.Tensor): number[] => [...f.compute(tensor).values]
 * // Two rows of three columns; an axis is reduced, −1 being the last.
 * const x = () => f.tensor([3, 1, 2, 6, 4, 5], [2, 3])
 *
 * assert.deepEqual(
 *   of(() => f.mean(x(), 0)),
 *   [4.5, 2.5, 3.5]
 * )
 * assert.deepEqual(
 *   of(() => f.max(x(), 0)),
 *   [6, 4, 5]
 * )
 * assert.deepEqual(
 *   of(() => f.min(x(), 0)),
 *   [3, 1, 2]
 * )
 * assert.deepEqual(
 *   of(() => f.minimum(x(), 3)),
 *   [3, 1, 2, 3, 3, 3]
 * )
 * assert.deepEqual(
 *   of(() => f.argMax(x(), -1)),
 *   [0, 0]
 * )
 * assert.deepEqual(
 *   of(() => f.argMin(x(), -1)),
 *   [1, 1]
 * )
 * assert.deepEqual(
 *   of(() => f.norm(f.tensor([3, 4], [2]))),
 *   [5]
 * )
 * assert.deepEqual(
 *   of(() => f.dot(f.tensor([3, 4], [2]), f.tensor([1, 2], [2]))),
 *   [11]
 * )
 *
 * // Weights of each row that sum to 1: equal entries share evenly.
 * assert.deepEqual(
 *   of(() => f.softmax(f.tensor([7, 7, 0, 0], [2, 2]))),
 *   [0.5, 0.5, 0.5, 0.5]
 * )
 * assert.deepEqual(
 *   of(() => f.logSoftmax(f.zeros([2]))),
 *   [-Math.LN2, -Math.LN2]
 * )
 *
 * @example Rounding, and functions of network layers
 * import { strict as assert } from 'node:assert'
 * import * as f from 'ornstein/float64'
 *
 * const of = (tensor: () => f.Tensor): number[] => [...f.compute(tensor).values]
 * const x = () => f.tensor([-1.5, -0.5, 0.5, 2.5], [4])
 *
 * assert.deepEqual(
 *   of(() => f.floor(x())),
 *   [-2, -1, 0, 2]
 * )
 * assert.deepEqual(
 *   of(() => f.ceil(x())),
 *   [-1, -0, 1, 3]
 * )
 * // Ties are rounded to even.
 * assert.deepEqual(
 *   of(() => f.round(x())),
 *   [-2, -0, 0, 2]
 * )
 * assert.deepEqual(
 *   of(() => f.sign(x())),
 *   [-1, -1, 1, 1]
 * )
 * assert.deepEqual(
 *   of(() => f.abs(x())),
 *   [1.5, 0.5, 0.5, 2.5]
 * )
 * assert.deepEqual(
 *   of(() => f.clip(x(), -1, 1)),
 *   [-1, -0.5, 0.5, 1]
 * )
 *
 * // Functions of network layers.
 * assert.deepEqual(
 *   of(() => f.relu(x())),
 *   of(() => f.maximum(x(), 0))
 * )
 * assert.deepEqual(
 *   of(() => f.step(x())),
 *   [0, 0, 1, 1]
 * )
 * assert.deepEqual(
 *   of(() => f.elu(x())),
 *   of(() => f.where(f.less(x(), 0), f.expm1(x()), x()))
 * )
 * const [ratio] = of(() => f.div(f.selu(1), f.elu(1)))
 * assert(Math.abs(ratio - 1.0507009873554805) < 1e-15)
 *
 * @example Programs of rows, directions, threads
 * import { strict as assert } from 'node:assert'
 * import * as f from 'ornstein/float64'
 *
 * // The derivative along a direction costs one pass, whatever the number of entries.
 * const cube = (x: f.Tensor) => f.mul(x, f.square(x))
 * const along = f.compute(() => f.jvp(cube)(f.tensor([1, 2], [2]), f.tensor([1, 10], [2])))
 * assert.deepEqual([...along.values], [3, 120])
 *
 * // A row-wise function, compiled once for many rows. Each row has its own number, and all share the parameters.
 * const of = {}
 * const rows = { x: { shape: [4, 2], values: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8) } }
 * const centre = { shape: [2], values: Float64Array.of(1, 1) }
 * const distances = f.rowwise(of, ({ rows, params }) => ({
 *   squared: f.sum(f.square(f.sub(rows.x, params.centre)), 1)
 * }))({ params: { centre }, rows, constants: {} })
 * assert.deepEqual([...distances.squared.values], [1, 13, 41, 85])
 *
 * // The bits do not depend on the number of threads.
 * const before = f.threads()
 * f.useThreads(1)
 * assert.equal(f.threads(), 1)
 * f.useThreads(before)
 *
 * // A function to be compiled must not read entries; while they are sealed, reading one throws.
 * assert.throws(() => f.compute(() => f.sealed(() => f.scalar(f.toNdArray(f.ones([1])).values[0]))))
 * assert.deepEqual([...f.compute(() => f.sealed(() => f.opened(() => f.ones([1])))).values], [1])
 *
 * @example Shapes
 * import { strict as assert } from 'node:assert'
 * import * as f from 'ornstein/float64'
 *
 * const of = (tensor: () => f.Tensor): readonly [ReadonlyArray<number>, number[]] => {
 *   const { shape, values } = f.compute(tensor)
 *   return [shape, [...values]]
 * }
 * const x = () => f.tensor([1, 2, 3, 4, 5, 6], [2, 3])
 *
 * // Other views of the same entries.
 * assert.deepEqual(
 *   of(() => f.transpose(x())),
 *   [
 *     [3, 2],
 *     [1, 4, 2, 5, 3, 6]
 *   ]
 * )
 * assert.deepEqual(
 *   of(() => f.squeeze(f.expandDims(x(), 1))),
 *   of(x)
 * )
 * assert.deepEqual(
 *   of(() => f.reverse(x(), 1)),
 *   [
 *     [2, 3],
 *     [3, 2, 1, 6, 5, 4]
 *   ]
 * )
 *
 * // Split, and concatenated again.
 * assert.deepEqual(
 *   of(() => f.stack(f.unstack(x()))),
 *   of(x)
 * )
 * assert.deepEqual(
 *   of(() => f.concat(f.split(x(), [1, 2], 1), 1)),
 *   of(x)
 * )
 *
 * // Larger: repetition and padding.
 * assert.deepEqual(
 *   of(() => f.tile(f.tensor([1, 2], [2]), [2])),
 *   [[4], [1, 2, 1, 2]]
 * )
 * assert.deepEqual(
 *   of(() => f.broadcastTo(f.tensor([1, 2], [2]), [2, 2])),
 *   [
 *     [2, 2],
 *     [1, 2, 1, 2]
 *   ]
 * )
 * assert.deepEqual(
 *   of(() => f.pad(f.tensor([1, 2, 3], [3]), [[1, 0]], 9)),
 *   [[4], [9, 1, 2, 3]]
 * )
 *
 * // Filled with a number, or in the shape of another tensor.
 * assert.deepEqual(
 *   of(() => f.zeros([3])),
 *   of(() => f.zerosLike(f.range(0, 3)))
 * )
 * assert.deepEqual(
 *   of(() => f.diagonal(f.outer(f.range(1, 3), f.range(1, 3)))),
 *   [[2], [1, 4]]
 * )
 *
 * @example Truth values
 * import { strict as assert } from 'node:assert'
 * import * as f from 'ornstein/float64'
 *
 * const of = (tensor: () => f.Tensor): number[] => [...f.compute(tensor).values]
 * const [a, b] = [() => f.tensor([1, 2, 3], [3]), () => f.tensor([2, 2, 2], [3])]
 *
 * // Truth values are 1 and 0, and can be summed.
 * assert.deepEqual(
 *   of(() => f.greater(a(), b())),
 *   [0, 0, 1]
 * )
 * assert.deepEqual(
 *   of(() => f.logicalNot(f.greater(a(), b()))),
 *   of(() => f.lessEqual(a(), b()))
 * )
 * assert.deepEqual(
 *   of(() => f.logicalOr(f.greater(a(), b()), f.equal(a(), b()))),
 *   of(() => f.greaterEqual(a(), b()))
 * )
 * assert.deepEqual(
 *   of(() => f.logicalAnd(f.greaterEqual(a(), b()), f.lessEqual(a(), b()))),
 *   of(() => f.equal(a(), b()))
 * )
 * assert.deepEqual(
 *   of(() => f.logicalXor(f.less(a(), b()), f.greater(a(), b()))),
 *   of(() => f.notEqual(a(), b()))
 * )
 * assert.deepEqual(
 *   of(() => f.sum(f.cast(f.notEqual(a(), b()), 'float64'))),
 *   [2]
 * )
 * assert.deepEqual(
 *   of(() => f.all(f.less(a(), 4))),
 *   [1]
 * )
 * assert.deepEqual(
 *   of(() => f.any(f.greater(a(), 4))),
 *   [0]
 * )
 *
 * // NaN and infinities, and replacements for them: `where` selects entry by entry.
 * const x = () => f.tensor([NaN, Infinity, 7], [3])
 * assert.deepEqual(
 *   of(() => f.isNaN(x())),
 *   [1, 0, 0]
 * )
 * assert.deepEqual(
 *   of(() => f.isInf(x())),
 *   [0, 1, 0]
 * )
 * assert.deepEqual(
 *   of(() => f.where(f.isFinite(x()), x(), 0)),
 *   [0, 0, 7]
 * )
 * assert.deepEqual(
 *   of(() => f.cast(f.tensor([-1.7, 1.7, 0], [3]), 'int32')),
 *   [-1, 1, 0]
 * )
 */
export * from './tensors/autodiff.js'
export { bisect } from './numbers/bisect.js'
export * as Elementary from './numbers/elementary.js'
export * as Gamma from './numbers/gamma.js'
export * as Compiler from './compiler/index.js'
export { rowwise } from './compiler/rowwise.js'
export * as Key from './random/key.js'
export { type NdArray } from './arrays/ndarray.js'
export * as Npz from './formats/npz.js'
export * as Safetensors from './formats/safetensors.js'
export * as Quadrature from './numbers/quadrature.js'
export { opened, sealed } from './tensors/noRead.js'
export { logGamma } from './tensors/logGamma.js'
export * from './tensors/tensor.js'
export { threads, useThreads } from './wasm/threadPool.js'
