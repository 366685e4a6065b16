/** Values and derivatives of functions written in the tensor vocabulary: arrays in, arrays out, no tensor left behind. */
import { isRecording, noting, run } from './backend.js'
import { type NdArray, type Tensor } from '../arrays/ndarray.js'
import type { Origin } from './origin.js'
import { pullback, scope } from './tape.js'
import { addN, expandDims, eye, fromNdArray, mul, ones, reshape, slice, sum, toNdArray, zeros } from './tensor.js'
import { tfjs } from './tfjs.js'

/** Every tensor is one of tfjs, whose type says more than ours does. */
const isTensor = (x: unknown): x is Tensor => x instanceof tfjs().Tensor

export type { Origin } from './origin.js'

type NdArraysOf<T> = { readonly [K in keyof T]: NdArray }

/**
 * Evaluates f in double precision and returns its result, one tensor or a record of tensors, as plain arrays. Every tensor
 * made on the way is freed; the tfjs backend of the process, whichever it is, is in force again afterwards.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, mul, scalar } from 'ornstein/float64'
 *
 * assert.equal(compute(() => mul(scalar(0.1), 3)).values[0], 0.1 * 3)
 *
 * const { twice, thrice } = compute(() => ({ twice: mul(scalar(0.1), 2), thrice: mul(scalar(0.1), 3) }))
 * assert.deepEqual([twice.values[0], thrice.values[0]], [0.1 * 2, 0.1 * 3])
 */
export function compute(f: () => Tensor): NdArray
export function compute<T extends Readonly<Record<string, Tensor>>>(f: () => T): NdArraysOf<T>
export function compute(
  f: () => Tensor | Readonly<Record<string, Tensor>>
): NdArray | Readonly<Record<string, NdArray>> {
  return scope(() => {
    const result = f()
    return isTensor(result)
      ? toNdArray(result)
      : Object.fromEntries(Object.entries(result).map(([name, t]) => [name, toNdArray(t)]))
  })
}

/** The keys of a record, which the language types as mere strings. */
const typedKeys = <P extends string>(record: Readonly<Record<P, unknown>>): P[] => Object.keys(record) as P[]
/** A record over names that are all of its keys, which `Object.fromEntries` forgets. */
const recordOf = <P extends string, V>(
  names: ReadonlyArray<P>,
  value: (name: P, i: number) => V
): { readonly [K in P]: V } =>
  Object.fromEntries(names.map((name, i) => [name, value(name, i)])) as { readonly [K in P]: V }

/**
 * The value of a scalar function of named parameters, and its gradient in each of them. A parameter on which f does not
 * depend gets zeros; neither value nor gradient need be finite.
 *
 * @throws Error when f returns more than a scalar
 * @example
 * import { strict as assert } from 'node:assert'
 * import { mean, square, sub, valueAndGrad, type Tensor } from 'ornstein/float64'
 *
 * const loss = valueAndGrad(({ centre }: { readonly centre: Tensor }) => mean(square(sub(centre, 0.1))))
 * const { value, gradient } = loss({ centre: { shape: [2], values: Float64Array.of(1.1, 0.1) } })
 * assert.ok(Math.abs(value - 0.5) < 1e-15)
 * assert.deepEqual([...gradient.centre.values], [1.1 - 0.1, 0])
 */
export const valueAndGrad =
  <P extends string>(f: (params: { readonly [K in P]: Tensor }) => Tensor) =>
  (params: { readonly [K in P]: NdArray }): {
    readonly value: number
    readonly gradient: { readonly [K in P]: NdArray }
  } =>
    scope(() => {
      const names = typedKeys(params)
      const xs = names.map(name => fromNdArray(params[name]))
      const { value, grads } = pullback(() => {
        const y = f(recordOf(names, (_, i) => xs[i]))
        if (y.size !== 1)
          throw new Error(
            `valueAndGrad: the function returned shape [${y.shape.join(', ')}], not a scalar; take its mean or sum`
          )
        return y
      }, xs)
      return {
        value: toNdArray(value).values[0],
        gradient: recordOf(names, (name, i) => toNdArray(grads[i] ?? zeros(params[name].shape)))
      }
    })

/**
 * The operation by which a function of parameters, or its gradient, comes to be not finite: the first that made such numbers of
 * finite ones, with what it was given. Null where all is finite. What is not finite and then left out, by `where` say, is none.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { log, origin, sub, sum, type Tensor } from 'ornstein/float64'
 *
 * const found = origin(({ x }: { readonly x: Tensor }) => sum(log(sub(x, 2))))({ x: { shape: [1], values: Float64Array.of(1) } })
 * assert.equal(found?.operation, 'Log')
 * assert.equal(found.inputs.x.values[0], -1)
 */
export const origin =
  <P extends string>(f: (params: { readonly [K in P]: Tensor }) => Tensor) =>
  (params: { readonly [K in P]: NdArray }): Origin | null =>
    scope(() =>
      noting(originOf => {
        const names = typedKeys(params)
        const xs = names.map(name => fromNdArray(params[name]))
        const { value, grads } = pullback(() => f(recordOf(names, (_, i) => xs[i])), xs)
        return [value, ...grads].reduce<Origin | null>(
          (found, x) => found ?? (x === undefined ? null : originOf(x)),
          null
        )
      })
    )

/** A copy under a new name, so that what was computed from x before is a constant to whoever differentiates in the copy. */
const identityTensor = (x: Tensor): Tensor => run('Identity', { x })

/** Σ dy · ∂f/∂x: the product of a row vector with the Jacobian. Differentiable in x, dy and whatever f closes over. */
export const vjp =
  (f: (x: Tensor) => Tensor) =>
  (x: Tensor, dy: Tensor): Tensor => {
    const y = identityTensor(x)
    return pullback(() => f(y), [y], dy).grads[0] ?? zeros(x.shape)
  }

/**
 * The gradient of Σ f, of the shape of x. It is a tensor function like any other: it nests, to any order, and is
 * differentiable in whatever f closes over, which counts as constant here even where it was computed from x.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, grad, mul, square, tensor, type Tensor } from 'ornstein/float64'
 *
 * const cubed = (x: Tensor) => mul(x, square(x))
 * assert.deepEqual([...compute(() => grad(cubed)(tensor([1, 2], [2]))).values], [3, 12])
 * assert.deepEqual([...compute(() => grad(grad(cubed))(tensor([1, 2], [2]))).values], [6, 12])
 */
export const grad =
  (f: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor => {
    const y = identityTensor(x)
    return pullback(() => f(y), [y]).grads[0] ?? zeros(x.shape)
  }

/** ∂f/∂x · v: the derivative along v, of the shape of f(x). (The product with rows is linear in the row; this is its derivative.) */
export const jvp =
  (f: (x: Tensor) => Tensor) =>
  (x: Tensor, v: Tensor): Tensor =>
    grad(u => mul(vjp(f)(x, u), v))(zeros(f(x).shape))

/**
 * The divergence Σ_j ∂f_j/∂x_j of a map that treats each row alone: x is [rows, d], f(x) is [rows, d], the result [rows, 1].
 * It takes d gradients, and is itself differentiable in whatever f closes over.
 *
 * @throws Error when x is no matrix or f changes its shape
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, divergence, square, tensor } from 'ornstein/float64'
 *
 * const { shape, values } = compute(() => divergence(square)(tensor([1, 2, 3, 4], [2, 2])))
 * assert.deepEqual(shape, [2, 1])
 * assert.deepEqual([...values], [2 * (1 + 2), 2 * (3 + 4)])
 */
export const divergence =
  (f: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor => {
    const [rows, d] = x.shape
    if (x.rank !== 2) throw new Error(`divergence: x has shape [${x.shape.join(', ')}], not [rows, d]`)
    const column = (t: Tensor, j: number): Tensor => slice(t, [0, j], [rows, 1])
    const whole = (t: Tensor): Tensor => {
      if (t.rank !== 2 || t.shape[0] !== rows || t.shape[1] !== d)
        throw new Error(`divergence: f returned shape [${t.shape.join(', ')}] for x of [${rows}, ${d}]`)
      return t
    }
    const terms = Array.from({ length: d }, (_, j) => column(grad(y => column(whole(f(y)), j))(x), j))
    return d === 0 ? zeros([rows, 1]) : addN(terms)
  }

/**
 * The divergence of a map of rows that reads other things of them, such as their levels: it takes these through `again`, which
 * goes with x. Where a program is written down all directions are one computation, on d rows for each row, so that the program
 * does not grow with d. The interpreter goes through them one after another, which takes no more memory than one does.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, mul, rowDivergence, tensor } from 'ornstein/float64'
 *
 * const found = compute(() => {
 *   const scale = tensor([2, 3], [2, 1])
 *   return rowDivergence((x, again) => mul(again(scale), x))(tensor([1, 2, 3, 4], [2, 2]))
 * })
 * assert.deepEqual([...found.values], [2 + 2, 3 + 3])
 */
export const rowDivergence =
  (f: (x: Tensor, again: (ofRows: Tensor) => Tensor) => Tensor) =>
  (x: Tensor): Tensor => {
    const [rows, d] = x.shape
    if (!isRecording() || x.rank !== 2 || d === 0) return divergence(at => f(at, t => t))(x)
    const again = (t: Tensor): Tensor => {
      if (t.shape[0] !== rows) return t
      const rest = t.shape.slice(1)
      const apart = mul(expandDims(t, 1), ones([1, d, ...rest.map(() => 1)]))
      return reshape(apart, [rows * d, ...rest])
    }
    const directions = reshape(mul(ones([rows, 1, 1]), expandDims(eye(d), 0)), [rows * d, d])
    const pulled = vjp(at => f(at, again))(again(x), directions)
    return sum(reshape(sum(mul(directions, pulled), 1), [rows, d]), 1, true)
  }
