/** What the vocabulary does at NaN, infinities and signed zeros: as NumPy and IEEE 754 have it. */
import { describe, expect, it } from 'vitest'
import * as T from '../../lib/index.js'

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
  it('topK has NaN first, and sorts the rest', () => {
    const x = [2, NaN, 5, -Infinity, Infinity, NaN, 5]
    expect(valuesOf(() => T.topK(vector(...x), 7).values)).toEqual([NaN, NaN, Infinity, 5, 5, 2, -Infinity])
    expect(valuesOf(() => T.topK(vector(...x), 7).indices)).toEqual([1, 5, 4, 2, 6, 0, 3])
    expect(valuesOf(() => T.topK(vector(Infinity, Infinity, 0), 2).indices)).toEqual([0, 1])
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

it('round keeps the sign of what becomes 0', () => {
  expect(valuesOf(() => T.round(vector(-0.3, -0.5, -0, 0.3, 0.5, -0.7, -1.5, 2.5)))).toEqual([
    -0, -0, -0, 0, 0, -1, -2, 2
  ])
})
