import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import * as F from '../../../lib/index.js'
import { arraysInUse, releaseUnkept } from '../../../lib/wasm/index.js'
import { type NdArray, type Tensor } from '../../../lib/index.js'

const array = (shape: number[], ...values: number[]): NdArray => ({ shape, values: Float64Array.from(values) })
const entries = (f: () => Tensor): number[] => [...F.compute(f).values]

beforeEach(async () => {
  tf.enableProdMode()
  await tf.setBackend('cpu')
})

describe('compute', () => {
  it('returns a tensor, or a record of them, as arrays', () => {
    expect(F.compute(() => F.tensor([1, 2], [2]))).toEqual(array([2], 1, 2))
    expect(F.compute(() => ({ a: F.scalar(1), b: F.zeros([0, 2]) }))).toEqual({ a: array([], 1), b: array([0, 2]) })
  })

  it('leaves no tensor behind, also when the function throws, differentiated or not', () => {
    const before = tf.memory()
    releaseUnkept()
    const places = arraysInUse()
    const x = array([2, 2], 1, 2, 3, 4)
    F.compute(() => F.matMul(F.fromNdArray(x), F.fromNdArray(x)))
    F.compute(() => F.divergence(F.tanh)(F.fromNdArray(x)))
    F.valueAndGrad(({ x }: { x: Tensor }) => F.sum(F.grad(F.tanh)(F.mul(x, x))))({ x })
    const fails = (y: Tensor): Tensor => {
      F.exp(y)
      throw new Error('mine')
    }
    expect(() => F.compute(() => fails(F.fromNdArray(x)))).toThrow('mine')
    expect(() => F.valueAndGrad(({ x }: { x: Tensor }) => fails(F.tanh(x)))({ x })).toThrow('mine')
    expect(() => F.valueAndGrad(({ x }: { x: Tensor }) => F.sum(F.grad(fails)(x)))({ x })).toThrow('mine')
    F.valueAndGrad(({ x }: { x: Tensor }) => F.sum(x))({ x })
    const after = tf.memory()
    releaseUnkept()
    expect(arraysInUse()).toBe(places)
    expect([after.numTensors, after.numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers])
  })

  it('restores the backend that was active, or none', () => {
    F.compute(() => (F.compute(() => F.scalar(1)).values.length > 0 ? F.scalar(1) : F.scalar(2)))
    expect(tf.getBackend()).toBe('cpu')
    expect(() =>
      F.compute(() => {
        throw new Error('mine')
      })
    ).toThrow('mine')
    expect(tf.getBackend()).toBe('cpu')
    expect([...tf.add(tf.tensor([0.1]), 0.2).dataSync()]).toEqual([Math.fround(0.3)])
    const cpu = tf.engine().findBackendFactory('cpu')
    tf.removeBackend('cpu')
    expect(tf.getBackend()).toBeNull()
    F.compute(() => F.scalar(1))
    expect(tf.getBackend()).toBeNull()
    tf.registerBackend('cpu', cpu)
  })

  it('neither writes to its arguments nor shares its results', () => {
    const x = array([3], 1, 2, 3)
    const y = F.compute(() => F.reshape(F.fromNdArray(x), [3]))
    y.values[0] = 9
    expect([...x.values]).toEqual([1, 2, 3])
  })
})

describe('large arrays', () => {
  // over what the kernels' memory holds at first, so that it grows while earlier arrays live
  const n = 300_000
  const values = Float64Array.from({ length: n }, (_, i) => 1 + (i % 7))
  it('keep their entries while memory grows', () => {
    const { first, last } = F.compute(() => {
      const x = F.fromNdArray({ shape: [n / 4, 4], values })
      const first = F.mul(x, 2)
      let last = first
      for (let i = 0; i < 40; i++) last = F.sub(F.add(last, first), first)
      return { first, last }
    })
    expect(first.values.every((v, i) => v === 2 * values[i])).toBe(true)
    expect(last.values.every((v, i) => v === 2 * values[i])).toBe(true)
  })
})

describe('valueAndGrad', () => {
  const loss = F.valueAndGrad(({ a, b }: { readonly a: Tensor; readonly b: Tensor; readonly unused: Tensor }) =>
    F.sum(F.mul(F.square(a), F.exp(b)))
  )
  it('returns value and gradient, 0 for parameters on which the function does not depend', () => {
    const { value, gradient } = loss({ a: array([2], 3, 0.1), b: array([], 0), unused: array([1, 2], 5, 6) })
    expect(value).toBe(9 + 0.1 * 0.1)
    expect(gradient).toEqual({ a: array([2], 6, 0.2), b: array([], 9 + 0.1 * 0.1), unused: array([1, 2], 0, 0) })
  })
  it('lets values be infinite', () => {
    const { value, gradient } = F.valueAndGrad(({ x }: { x: Tensor }) => F.log(x))({ x: array([], 0) })
    expect([value, gradient.x.values[0]]).toEqual([-Infinity, Infinity])
  })
  it('differentiates the identity and a constant', () => {
    const x = array([], 3)
    expect(F.valueAndGrad(({ x }: { x: Tensor }) => x)({ x }).gradient.x.values[0]).toBe(1)
    expect(F.valueAndGrad<'x'>(() => F.scalar(2))({ x })).toEqual({
      value: 2,
      gradient: { x: array([], 0) }
    })
  })
  it('rejects a result that is not a scalar', () => {
    expect(() => F.valueAndGrad(({ x }: { x: Tensor }) => x)({ x: array([2], 1, 2) })).toThrow(
      'valueAndGrad: the function returned shape [2], not a scalar; take its mean or sum'
    )
  })
})

describe('grad', () => {
  const at = (x: number) => (f: (x: Tensor) => Tensor) => entries(() => f(F.scalar(x)))[0]
  it('nests to the fifth order', () => {
    // the n-th derivative of e^{2x} is 2^n e^{2x}
    let f = (x: Tensor): Tensor => F.exp(F.mul(x, 2))
    for (let n = 1; n <= 5; n++) {
      f = F.grad(f)
      expect(at(0.3)(f)).toBeCloseTo(2 ** n * Math.exp(0.6), 12)
    }
  })
  it('treats tensors of its closure as constants, even if computed from the same x', () => {
    // d/dx [x · (d/dy (x + y·x²) at y = x)] = d/dx x³
    expect(at(2)(F.grad(x => F.mul(x, F.grad(y => F.add(x, F.mul(y, F.square(x))))(x))))).toBe(12)
    expect(
      at(2)(x => {
        const before = F.square(x)
        return F.grad(y => F.mul(y, before))(x)
      })
    ).toBe(4)
  })
  it('stops at stopGradient', () => {
    expect(at(3)(F.grad(x => F.mul(x, F.stopGradient(x))))).toBe(3)
    expect(at(3)(F.grad(x => F.stopGradient(F.square(x))))).toBe(0)
  })
  it('combines the value of one function with the derivatives of another', () => {
    const held = (x: F.Tensor): F.Tensor => F.withDerivativeOf(F.mul(5, x), F.mul(x, F.square(x)))
    expect(at(2)(held)).toBe(10)
    expect(at(2)(F.grad(held))).toBe(12)
    expect(at(2)(F.grad(F.grad(held)))).toBe(12)
    // neither what has no derivative nor what has no value is asked for the other
    expect(at(0)(F.grad(x => F.withDerivativeOf(F.sqrt(x), F.mul(3, x))))).toBe(3)
    expect(at(0)(x => F.withDerivativeOf(7, F.add(F.div(0, x), x)))).toBe(7)
    // and what is not finite stays so
    expect(at(0)(x => F.withDerivativeOf(F.div(0, x), x))).toBe(NaN)
    expect(() => at(0)(x => F.withDerivativeOf(F.tensor([1, 2], [2]), x))).toThrow(
      'withDerivativeOf: shapes [2] and [] are not the same'
    )
  })
  it('does not write to its cotangent', () => {
    const x = [1, 2]
    const y = [5, 7]
    const twice = entries(() => {
      const dy = F.tensor(y, [2])
      const first = F.vjp(z => F.addN([z, z]))(F.tensor(x, [2]), dy)
      return F.add(first, dy)
    })
    expect(twice).toEqual([15, 21])
  })
  it('passes through kinks, comparisons and choices', () => {
    expect(at(0)(F.grad(F.abs))).toBe(0)
    expect(at(0)(F.grad(F.relu))).toBe(0)
    expect(at(0)(F.grad(x => F.maximum(x, 0)))).toBe(0.5)
    expect(at(0)(F.grad(x => F.norm(F.reshape(x, [1]))))).toBe(0)
    expect(at(2)(F.grad(x => F.where(F.greater(x, 0), F.square(x), F.exp(x))))).toBe(4)
    expect(entries(() => F.grad(x => F.max(x))(F.tensor([1, 3, 3], [3])))).toEqual([0, 0.5, 0.5])
  })
})

describe('jvp and vjp', () => {
  const f = (x: Tensor): Tensor => F.mul(F.sin(x), F.sum(x))
  it('are the Jacobian from either side', () => {
    const x = [0.3, -0.2]
    const u = [0.7, 1.1]
    const v = [-0.4, 0.9]
    const both = F.compute(() => ({
      forward: F.dot(F.tensor(u, [2]), F.jvp(f)(F.tensor(x, [2]), F.tensor(v, [2]))),
      backward: F.dot(F.vjp(f)(F.tensor(x, [2]), F.tensor(u, [2])), F.tensor(v, [2]))
    }))
    const total = x[0] + x[1]
    const exact = u.reduce((sum, w, i) => sum + w * (Math.cos(x[i]) * v[i] * total + Math.sin(x[i]) * (v[0] + v[1])), 0)
    expect(both.forward.values[0]).toBeCloseTo(exact, 14)
    expect(both.backward.values[0]).toBeCloseTo(exact, 14)
  })
})

describe('divergence', () => {
  const rows = array([3, 2], 0.1, 0.2, -0.3, 0.4, 0.5, -0.6)
  // s(x) = tanh(<x, m>) m - x has divergence |m|² (1 - tanh²) - d
  const score = (m: Tensor) => (x: Tensor) => F.sub(F.mul(F.tanh(F.matMul(x, F.reshape(m, [-1, 1]))), m), x)
  const slope = (i: number, m: number[]): number => {
    const t = Math.tanh(rows.values[2 * i] * m[0] + rows.values[2 * i + 1] * m[1])
    return 1 - t * t
  }
  it('is the trace of the Jacobian, row by row', () => {
    const m = [0.6, 0.8]
    const { shape, values } = F.compute(() => F.divergence(score(F.tensor(m, [2])))(F.fromNdArray(rows)))
    expect(shape).toEqual([3, 1])
    values.forEach((v, i) => {
      expect(v).toBeCloseTo(1 * slope(i, m) - 2, 14)
    })
  })
  it('is differentiable in tensors of the closure', () => {
    const m = [0.5, -0.7]
    const { gradient } = F.valueAndGrad(({ m }: { m: Tensor }) => F.mean(F.divergence(score(m))(F.fromNdArray(rows))))({
      m: array([2], ...m)
    })
    const value = (m: number[]): number =>
      [0, 1, 2].reduce((sum, i) => sum + (m[0] ** 2 + m[1] ** 2) * slope(i, m) - 2, 0) / 3
    const h = 2 ** -17
    const wanted = [
      (value([m[0] + h, m[1]]) - value([m[0] - h, m[1]])) / (2 * h),
      (value([m[0], m[1] + h]) - value([m[0], m[1] - h])) / (2 * h)
    ]
    gradient.m.values.forEach((v, i) => {
      expect(v).toBeCloseTo(wanted[i], 9)
    })
  })
  it('rejects invalid shapes', () => {
    expect(() => F.compute(() => F.divergence(F.tanh)(F.zeros([3])))).toThrow(
      'divergence: x has shape [3], not [rows, d]'
    )
    expect(() => F.compute(() => F.divergence(x => F.sum(x, 1))(F.zeros([3, 2])))).toThrow(
      'divergence: f returned shape [3]'
    )
  })
})
