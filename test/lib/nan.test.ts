/** What the vocabulary does at NaN, infinities and signed zeros: as NumPy and IEEE 754 have it. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import * as Compiler from '../../lib/compiler/index.js'
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

describe('zeros keep their sign', () => {
  // odd functions, as IEEE 754 has them
  const odd = { asin: T.asin, asinh: T.asinh, atan: T.atan, atanh: T.atanh, ceil: T.ceil, erf: T.erf, expm1: T.expm1, floor: T.floor, log1p: T.log1p, neg: x => T.neg(T.neg(x)), round: T.round, sign: T.sign, sin: T.sin, sinh: T.sinh, sqrt: T.sqrt, tan: T.tan, tanh: T.tanh } satisfies Readonly<Record<string, (x: T.Tensor) => T.Tensor>> // prettier-ignore
  const zeros = [0, -0, -0, 0]
  it.each(Object.entries(odd))('of %s', (_, f) => {
    expect(valuesOf(() => f(vector(...zeros)))).toEqual(zeros)
  })
  it.each(
    Object.entries(odd).flatMap(([name, f]) => (['float64', 'float32'] as const).map(p => [name, p, f] as const))
  )('of %s, compiled in %s', (_, precision, f) => {
    const program = Compiler.compile(
      { params: {}, rows: { x: { shape: [], from: 'call' } }, constants: {} },
      ({ rows: { x } }) => ({ others: { y: f(x) } }),
      [null, null],
      false,
      precision
    )
    if (E.isLeft(program)) throw new Error(program.left)
    const given = { x: Float64Array.from(zeros) }
    const { y } = program.right.run({ rows: 4, params: {}, given, constants: {} }).others
    expect([...y.values]).toEqual(zeros)
  })
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
    const program = Compiler.compile(
      { params: {}, rows: { x: { shape: [x.length], from: 'call' } }, constants: {} },
      ({ rows: { x } }) => ({ others: { size: T.norm(x, 1), slope: T.grad(y => T.norm(y, 1))(x) } }),
      [null, null],
      false
    )
    if (E.isLeft(program)) throw new Error(program.left)
    const { size, slope } = program.right.run({
      rows: 1,
      params: {},
      given: { x: Float64Array.from(x) },
      constants: {}
    }).others
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
