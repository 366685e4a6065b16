import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import * as E from 'fp-ts/lib/Either.js'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { backendName, ensureBackend } from '../../../lib/tensors/backend.js'
import { gradientRules } from '../../../lib/tensors/gradients.js'
import * as F from '../../../lib/index.js'
import { type Tensor } from '../../../lib/index.js'

beforeAll(async () => {
  tf.enableProdMode()
  await tf.setBackend('cpu')
})

const entries = (f: () => Tensor): number[] => [...F.compute(f).values]

describe('registration', () => {
  it('happens when first needed, once', () => {
    expect(tf.engine().backendNames()).not.toContain('float64')
    const backend = ensureBackend()
    expect(backendName()).toBe('float64')
    expect(ensureBackend()).toBe(backend)
    expect(tf.getBackend()).toBe('cpu')
  })
})

describe('constants', () => {
  const odd = [0.1, 1 / 3, Math.PI, 1e-30, 123456.7, -1e10 / 3]
  it('are exact in the vocabulary', () => {
    for (const x of odd) {
      expect(entries(() => F.scalar(x))).toEqual([x])
      expect(entries(() => F.add(F.scalar(0), x))).toEqual([x])
      expect(entries(() => F.fill([2], x))).toEqual([x, x])
      expect(entries(() => F.tensor([x], [1]))).toEqual([x])
      expect(entries(() => F.where(F.scalar(1), x, 0))).toEqual([x])
      expect(entries(() => F.clip(x, x, x))).toEqual([x])
      expect(entries(() => F.pad(F.zeros([0]), [[0, 1]], x))).toEqual([x])
      expect(entries(() => F.grad(y => F.mul(x, y))(F.scalar(1)))).toEqual([x])
    }
    expect(entries(() => F.range(0, 0.35, 0.1))).toEqual([0, 0.1, 0.2, 3 * 0.1])
  })
  it('that tfjs rounded are rejected, with the remedy', () => {
    const remedy =
      "write scalar(x) or tensor(values, shape) of 'ornstein/float64', or pass a plain number to its functions"
    for (const x of odd) expect(() => F.compute(() => tf.mul(F.scalar(1) as tf.Tensor, x))).toThrow(remedy)
    expect(() => F.compute(() => tf.tensor([1, 0.1]))).toThrow('0.10000000149011612 was rounded to float32')
    expect(() => F.compute(() => tf.scalar(1e-8))).toThrow(remedy)
  })
  it('that float32 represents are accepted', () => {
    const short = [0, 1, -2, 0.5, 3 / 4096, 1e6, 20_000, 2 ** 40, Infinity, NaN]
    expect(entries(() => tf.tensor(short))).toEqual(short)
    expect(entries(() => tf.mul(F.scalar(0.1) as tf.Tensor, 2))).toEqual([0.2])
  })
})

describe('tensors', () => {
  it('live in their scope', () => {
    const message = 'tensors live inside compute(() => …), valueAndGrad(…) and their like; call it there'
    expect(() => F.scalar(1)).toThrow(`tensor: ${message}`)
    expect(() => F.exp(tf.scalar(1))).toThrow(message)
    expect(() => F.fill([2], 1)).toThrow(`Fill: ${message}`)
  })
  it.each(['cpu', 'wasm'])('of the backend %s are rejected with a remedy, and unchanged', async name => {
    await tf.setBackend(name)
    try {
      const theirs = tf.tensor([0.5, 2, 3, 4])
      const remedy = 'a tensor of another tfjs backend, or one that is disposed of: take its numbers'
      expect(() => F.compute(() => F.add(theirs, 1))).toThrow(remedy)
      expect(() => F.compute(() => F.stopGradient(theirs))).toThrow(remedy)
      expect(() => F.compute(() => theirs)).toThrow(remedy)
      expect([...theirs.dataSync()]).toEqual([0.5, 2, 3, 4])
      expect([...tf.mul(theirs, 2).dataSync()]).toEqual([1, 4, 6, 8])
      const taken = F.compute(() => F.add(F.tensor(Float64Array.from(theirs.dataSync()), theirs.shape), 0.1))
      expect([...taken.values]).toEqual([0.6, 2.1, 3.1, 4.1])
    } finally {
      await tf.setBackend('cpu')
    }
  })
  it('of strings or complex numbers are rejected', () => {
    expect(() => F.compute(() => tf.tensor(['a']))).toThrow('a tensor of dtype string')
  })
  it('are not changed through arrays that were read', () => {
    expect(
      entries(() => {
        const x = F.tensor([1], [1]) as tf.Tensor
        x.dataSync()[0] = 9
        return x
      })
    ).toEqual([1])
  })
  it('share their data if only the shape differs, until the last is freed', () => {
    expect(
      entries(() => {
        const x = F.tensor([1, 2, 3, 4], [4]) as tf.Tensor
        const y = F.reshape(x, [2, 2])
        x.dispose()
        return y
      })
    ).toEqual([1, 2, 3, 4])
  })
})

describe('derivatives of the process', () => {
  it('are restored, or none if it had none', () => {
    const names = Object.keys(gradientRules)
    const rules = () => names.map(name => tf.getGradient(name) as unknown)
    tf.registerGradient({ kernelName: 'Square', gradFunc: dy => ({ x: () => dy as tf.Tensor }) })
    const before = rules()
    expect(before).toContain(undefined)
    expect(entries(() => F.grad(F.square)(F.scalar(3)))).toEqual([6])
    expect(rules()).toEqual(before)
    // theirs, which is wrong, is the one that their functions meet
    expect([
      ...tf
        .grad(x => tf.square(x))(tf.tensor([3, 4]))
        .dataSync()
    ]).toEqual([1, 1])
    tf.unregisterGradient('Square')
  })
})

describe('a second copy of the package', () => {
  const copy = async (): Promise<typeof F> => {
    vi.resetModules()
    return import('../../../lib/index.js')
  }
  const signature = { params: { w: [] }, rows: { x: { shape: [], from: 'call' } }, constants: {} } as const

  it('computes, differentiates and compiles by itself', async () => {
    F.compute(() => F.scalar(1))
    const other = await copy()
    expect(other.compute).not.toBe(F.compute)
    for (const { compute, valueAndGrad, scalar, mul, square, mean, Compiler } of [F, other, F]) {
      expect([...compute(() => mul(scalar(0.1), 3)).values]).toEqual([0.1 * 3])
      const w = { shape: [], values: Float64Array.of(3) }
      expect([...valueAndGrad(({ w }: { w: Tensor }) => square(w))({ w }).gradient.w.values]).toEqual([6])
      const program = Compiler.compile(
        signature,
        ({ params: { w }, rows: { x } }) => ({ value: mean(mul(square(w), x)) }),
        [null, null]
      )
      if (E.isLeft(program)) throw new Error(program.left)
      const call = { rows: 2, params: { w: w.values }, given: { x: Float64Array.of(1, 3) }, constants: {} }
      expect(program.right.run(call).value).toBe(18)
    }
  })
  it('can be used inside a computation of the first copy, as by a plug-in', async () => {
    const other = await copy()
    expect([...F.compute(() => other.add(other.mul(F.scalar(0.1), 3), F.scalar(1))).values]).toEqual([0.1 * 3 + 1])
    const w = { shape: [], values: Float64Array.of(3) }
    const { gradient } = F.valueAndGrad(({ w }) => other.mul(w, other.stopGradient(w)))({ w })
    expect([...gradient.w.values]).toEqual([3])
    const program = F.Compiler.compile(
      signature,
      ({ params: { w }, rows: { x } }) => ({ value: other.mean(other.mul(other.square(w), x)) }),
      [null, null]
    )
    if (E.isLeft(program)) throw new Error(program.left)
    const call = { rows: 2, params: { w: w.values }, given: { x: Float64Array.of(1, 3) }, constants: {} }
    expect(program.right.run(call).value).toBe(18)
  })
})

describe("tfjs's own composite ops", () => {
  // on inputs exact in float32
  const x = [0.5, -1.25, 2, 0.75, -0.5, 1.5]
  const ops: Readonly<Record<string, (x: tf.Tensor2D) => tf.Tensor | tf.Tensor[]>> = {
    logSumExp: x => tf.logSumExp(x, 1),
    logSoftmax: x => tf.logSoftmax(x),
    logSigmoid: x => tf.logSigmoid(x),
    variance: x => tf.moments(x, 1).variance,
    norm: x => tf.norm(x),
    maxNorm: x => tf.norm(x, Infinity, 1),
    dot: x => tf.dot(x, tf.transpose(x)),
    outerProduct: x => tf.outerProduct(tf.reshape(x, [6]), tf.range(0, 3)),
    meshgrid: () => tf.meshgrid(tf.range(0, 3), tf.range(0, 2)),
    eye: () => tf.eye(3),
    where: x => tf.where(tf.greater(x, 0), x, tf.zerosLike(x)),
    logicalXor: x => tf.logicalXor(tf.greater(x, 0), tf.less(x, 1)),
    divNoNan: x => tf.divNoNan(x, tf.relu(x)),
    expandDims: x => tf.expandDims(x, -1),
    squeeze: x => tf.squeeze(tf.expandDims(x)),
    softmax: x => tf.softmax(x),
    euclideanNorm: x => tf.euclideanNorm(x, 1),
    booleanOps: x => tf.all(tf.logicalNot(tf.isNaN(x))),
    oneHot: () => tf.oneHot(tf.tensor1d([0, 2], 'int32'), 3)
  }
  it.each(Object.entries(ops))('%s', (_, op) => {
    const run = (): number[] => tf.tidy(() => [op(tf.tensor2d(x, [2, 3]))].flat().flatMap(t => [...t.dataSync()]))
    const wanted = run()
    let actual: number[] = []
    F.compute(() => {
      actual = run()
      return F.scalar(0)
    })
    expect(actual.length).toBe(wanted.length)
    actual.forEach((v, i) => {
      expect(Math.abs(v - wanted[i])).toBeLessThan(2 ** -20)
    })
  })
})

describe('sums', () => {
  it('hold a million tenths, in every layout', () => {
    const n = 1_000_000
    // n · (the double nearest 1/10), rounded once
    const exact = 0.1 * n
    for (const shape of [[n], [n, 1], [1, n]]) {
      const [total] = entries(() => F.sum(F.fill(shape, 0.1)))
      expect(Math.abs(total - exact) / exact).toBeLessThan(1e-15)
    }
    const columns = entries(() => F.sum(F.fill([n / 4, 4], 0.1), 0))
    for (const total of columns) expect(Math.abs(4 * total - exact) / exact).toBeLessThan(1e-15)
    expect(Math.abs(entries(() => F.mean(F.fill([n], 0.1)))[0] - 0.1)).toBeLessThan(1e-16)
  })
})
