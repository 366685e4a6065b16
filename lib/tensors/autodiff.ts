/** Values and derivatives of functions in the tensor vocabulary, from arrays to arrays; all tensors are freed. */
import { isRecording, trackingOrigins, run } from './backend.js'
import { type NdArray, type Tensor } from '../arrays/ndarray.js'
import type { Origin } from './origin.js'
import { pullback, scope } from './tape.js'
import { addN, expandDims, eye, fromNdArray, mul, ones, reshape, slice, sum, toNdArray, zeros } from './tensor.js'
import { tfjs } from './tfjs.js'

const isTensor = (x: unknown): x is Tensor => x instanceof tfjs().Tensor

export type { Origin } from './origin.js'

type NdArraysOf<T> = { readonly [K in keyof T]: NdArray }

/**
 * Evaluates f in double precision and returns its tensor, or record of tensors, as plain arrays. All tensors are freed, and the tfjs
 * backend of the process is restored.
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

const typedKeys = <P extends string>(record: Readonly<Record<P, unknown>>): P[] => Object.keys(record) as P[]
/** Record of a value for each name. */
const recordOf = <P extends string, V>(
  names: ReadonlyArray<P>,
  value: (name: P, i: number) => V
): { readonly [K in P]: V } =>
  Object.fromEntries(names.map((name, i) => [name, value(name, i)])) as { readonly [K in P]: V }

/**
 * Value and gradient of a scalar function of named parameters; 0 in a parameter on which f does not depend. Neither need be finite.
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
 * Finds the first operation with an infinite or NaN result from finite inputs in a function of parameters or its gradient. Returns null if
 * value and gradient are finite; masked results, for instance by `where`, do not count.
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
      trackingOrigins(originOf => {
        const names = typedKeys(params)
        const xs = names.map(name => fromNdArray(params[name]))
        const { value, grads } = pullback(() => f(recordOf(names, (_, i) => xs[i])), xs)
        return [value, ...grads].reduce<Origin | null>(
          (found, x) => found ?? (x === undefined ? null : originOf(x)),
          null
        )
      })
    )

/** Copy of x: values computed from x before are constants for differentiation in the copy. */
const identityTensor = (x: Tensor): Tensor => run('Identity', { x })

/** Vector-Jacobian product Σ dy · ∂f/∂x. Differentiable in x, dy and all tensors that f closes over. */
export const vjp =
  (f: (x: Tensor) => Tensor) =>
  (x: Tensor, dy: Tensor): Tensor => {
    const y = identityTensor(x)
    return pullback(() => f(y), [y], dy).grads[0] ?? zeros(x.shape)
  }

/**
 * Gradient of Σ f, of the shape of x; nests to any order. Differentiable in all tensors that f closes over, which count as constants even
 * if computed from x.
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

/** Jacobian-vector product ∂f/∂x · v, of the shape of f(x): the derivative of `vjp`, which is linear in dy. */
export const jvp =
  (f: (x: Tensor) => Tensor) =>
  (x: Tensor, v: Tensor): Tensor =>
    grad(u => mul(vjp(f)(x, u), v))(zeros(f(x).shape))

/**
 * Divergence Σ_j ∂f_j/∂x_j, [rows, 1], of a row-wise map: x and f(x) are [rows, d]. Takes d gradients; differentiable in all tensors that f
 * closes over.
 *
 * @throws Error if x is not a matrix or f changes its shape
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
 * Divergence of a row-wise map. f reads other tensors of the rows, such as noise levels, as `again(t)`, since a compiled program computes
 * all directions at once on d copies of each row; the interpreter computes one after another.
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
