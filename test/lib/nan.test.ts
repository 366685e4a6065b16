/** What the vocabulary does at NaN, infinities and signed zeros: as NumPy and IEEE 754 have it. */
import { describe, expect, it } from 'vitest'
import * as T from '../../lib/index.js'
import { programOf } from './compiler/programs.js'

const of = (...values: ReadonlyArray<number>): T.NdArray => ({
  shape: [values.length],
  values: Float64Array.from(values)
})
const vector = (...values: ReadonlyArray<number>): T.Tensor => T.tensor(values, [values.length])
const valuesOf = (f: () => T.Tensor): ReadonlyArray<number> => [...T.compute(f).values]

describe('where the best stands', () => {
  // numpy.argmax, numpy.argmin
  it.each([
    [[1, NaN, 3], 1, 1],
    [[NaN, 1, 3], 0, 0],
    [[3, 1, NaN, NaN], 2, 2],
    [[3, 1, 3], 0, 1]
  ])('of %j', (values, most, least) => {
    expect(valuesOf(() => T.argMax(vector(...values)))).toEqual([most])
    expect(valuesOf(() => T.argMin(vector(...values)))).toEqual([least])
  })
})

describe('pow', () => {
  it('is 1 at 1, whatever the exponent', () => {
    expect(valuesOf(() => T.pow(vector(1, 1, 1, -1), vector(Infinity, -Infinity, NaN, Infinity)))).toEqual([1, 1, 1, 1])
  })
  it('has no derivative in the exponent at 0, negative exponents included', () => {
    const { gradient } = T.valueAndGrad(({ b }: { readonly b: T.Tensor }) => T.sum(T.pow(vector(0, 0, 0, 2), b)))({
      b: of(-1, 0, 2, 3)
    })
    expect([...gradient.b.values]).toEqual([0, 0, 0, 8 * Math.LN2])
  })
})

it.each([
  ['maximum', T.maximum],
  ['minimum', T.minimum]
] as const)('the derivative of %s is NaN where the value is', (_, f) => {
  const { value, gradient } = T.valueAndGrad(({ x, y }: { readonly x: T.Tensor; readonly y: T.Tensor }) =>
    T.sum(f(x, y))
  )({ x: of(1, NaN), y: of(NaN, 2) })
  expect(value).toBe(NaN)
  expect([...gradient.x.values, ...gradient.y.values]).toEqual([NaN, NaN, NaN, NaN])
})

describe('the norm', () => {
  const huge = Number.MAX_VALUE / 4
  it.each([
    [[1e308, -1e308], Math.SQRT2 * 1e308, [Math.SQRT1_2, -Math.SQRT1_2]],
    [[3e200, 4e200], 5e200, [0.6, 0.8]],
    [[3e-200, 4e-200], 5e-200, [0.6, 0.8]],
    [[5e-324, 0], 5e-324, [1, 0]],
    [[huge, huge, huge, huge], 2 * huge, [0.5, 0.5, 0.5, 0.5]],
    [[0, 0], 0, [0, 0]]
  ])('of %j is a double, and so is its derivative', (x, value, gradient) => {
    const found = T.valueAndGrad(({ x }: { readonly x: T.Tensor }) => T.norm(x))({ x: of(...x) })
    // a few roundings
    expect(Math.abs(found.value / (value || 1) - (value && 1))).toBeLessThan(1e-15)
    gradient.forEach((d, i) => {
      expect(Math.abs(found.gradient.x.values[i] - d)).toBeLessThan(1e-15)
    })
    // of each row, compiled
    const { size, slope } = programOf({
      signature: { params: {}, rows: { x: { shape: [x.length], from: 'call' } }, constants: {} },
      write: ({ rows: { x } }) => ({ others: { size: T.norm(x, 1), slope: T.grad(y => T.norm(y, 1))(x) } })
    }).run({ rows: 1, params: {}, given: { x: Float64Array.from(x) }, constants: {} }).others
    expect(Math.abs(size.values[0] / (value || 1) - (value && 1))).toBeLessThan(1e-15)
    gradient.forEach((d, i) => {
      expect(Math.abs(slope.values[i] - d)).toBeLessThan(1e-15)
    })
  })
  it('of what is not finite is not', () => {
    expect(valuesOf(() => T.norm(T.tensor([1, Infinity, 1, NaN, 3, 4], [3, 2]), 1))).toEqual([Infinity, NaN, 5])
  })
})

it('round keeps the sign of what becomes 0', () => {
  expect(valuesOf(() => T.round(vector(-0.3, -0.5, -0, 0.3, 0.5, -0.7, -1.5, 2.5)))).toEqual([
    -0, -0, -0, 0, 0, -1, -2, 2
  ])
})
