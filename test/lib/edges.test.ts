/**
 * Every function of one number at numbers where it may go wrong, interpreted and compiled, held to what it is: `Math`'s, or a closed form of
 * these. Derivatives of the two engines are held to each other here, and to differences in `gradients.test.ts`.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as T from '../../lib/index.js'
import { SEED } from '../cases.js'
import { compiled, programOf } from './compiler/programs.js'
import { functions, type Unary } from './functions.js'
import { oracle, ulps } from './simd-oracle.js'

const edges = [
  ...[0, -0, 5e-324, -5e-324, 1e-310, 1e-160, -1e-160, 1e-20, -1e-8, 0.5, -0.5, 1, -1, 1.5, 2.5, -2.5, 20, 37, -37],
  ...[88, -88, 700, -700, 709.9, 710.4, -710.4, 711, -745.2, 1e5, 1e10, -1e10, 1e16, 1e160, -1e160, 1.7e308, -1.7e308],
  ...[Infinity, -Infinity, NaN]
]
/** And those between, by halves of a decade, for the functions that are composed of others. */
const sizes = Array.from({ length: 613 }, (_, i) => 10 ** ((i - 306) / 2))
const near = sizes.filter(x => x < 1)
const between = [...sizes, ...sizes.map(x => -x), ...near.flatMap(x => [1 - x, x - 1, 1 + x])]

/** Those that are composed, beside silu and gelu, whose left tails lose digits as documented. */
const composed = ['acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'cosh', 'elu', 'selu', 'sinh', 'tan']

const interpreted = (f: Unary, xs: ReadonlyArray<number>): Float64Array =>
  T.compute(() => T.mul(f(T.tensor(xs, [xs.length])), 1)).values
/** Nine roundings: 1e-15. Below the least normal number an entry has fewer digits. */
const isNear = (found: number, wanted: number): boolean =>
  Object.is(found, wanted) || (Number.isNaN(found) && Number.isNaN(wanted)) || found === wanted || Math.abs(found - wanted) <= 9 * 2 ** -53 * Math.abs(wanted) + 5e-324 // prettier-ignore

const wrong = (xs: ReadonlyArray<number>, found: Float64Array, wanted: (x: number, i: number) => number): string[] =>
  xs.flatMap((x, i) => (isNear(found[i], wanted(x, i)) ? [] : [`${x}: ${found[i]} for ${wanted(x, i)}`]))

describe('special values', () => {
  it.each(Object.entries(functions))('%s is correct', (name, [f, of]) => {
    // 1 + erf has fewer digits in the left tail: three of them are lost at −2.5
    const asked = name === 'gelu' ? edges.filter(x => x !== -2.5) : edges
    expect(wrong(asked, interpreted(f, asked), of), 'interpreted').toEqual([])
    expect(wrong(asked, compiled(f, asked), of), 'compiled').toEqual([])
  })
  // those that are 0 at 0; the ones left out are sums or choices there
  const zeros = [0, -0, -0, 0]
  const atZero = Object.entries(functions).filter(([, [, of]]) => of(0) === 0)
  it.each(atZero)('%s has the sign of zero in every engine', (_, [f, of]) => {
    const wanted = zeros.map(of)
    expect([...interpreted(f, zeros)], 'interpreted').toEqual(wanted)
    expect([...compiled(f, zeros)], 'compiled').toEqual(wanted)
    expect([...compiled(f, zeros, 'float32')], 'compiled in float32').toEqual(wanted)
  })
  it.each(Object.entries(functions))('the derivative of %s is the same in both engines', (_, [f]) => {
    const slope: Unary = x => T.add(T.grad(y => T.sum(f(y)))(x), T.mul(0, T.step(x)))
    const own = interpreted(slope, edges)
    expect(wrong(edges, compiled(slope, edges), (_, i) => own[i])).toEqual([])
  })
  it('every function of one number is in the table', () => {
    const text = readFileSync(new URL('../../lib/tensors/tensor.ts', import.meta.url), 'utf8')
    const names = [...text.matchAll(/export const (\w+): Unary/g)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(30)
    expect(names.filter(name => !(name in functions))).toEqual([])
  })
})

describe('composed functions', () => {
  it.each(composed)('%s is within 1e-15', name => {
    const [f, of] = functions[name]
    const xs = name === 'tan' ? between.filter(x => Math.abs(x) < 1e6) : between
    expect(wrong(xs, interpreted(f, xs), of), 'interpreted').toEqual([])
    expect(wrong(xs, compiled(f, xs), of), 'compiled').toEqual([])
  })
})

const of = (...values: ReadonlyArray<number>): T.NdArray => ({
  shape: [values.length],
  values: Float64Array.from(values)
})
const vector = (...values: ReadonlyArray<number>): T.Tensor => T.tensor(values, [values.length])
const valuesOf = (f: () => T.Tensor): ReadonlyArray<number> => [...T.compute(f).values]

describe('argMax and argMin', () => {
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
  it('of infinities and NaN is not finite', () => {
    expect(valuesOf(() => T.norm(T.tensor([1, Infinity, 1, NaN, 3, 4], [3, 2]), 1))).toEqual([Infinity, NaN, 5])
  })
})

it('round keeps the sign of results that are 0', () => {
  expect(valuesOf(() => T.round(vector(-0.3, -0.5, -0, 0.3, 0.5, -0.7, -1.5, 2.5)))).toEqual([
    -0, -0, -0, 0, 0, -1, -2, 2
  ])
})

describe('log Γ of tensors', () => {
  const at = [1e-3, 0.2, 0.5, 1, 1.5, 2, 3.7, 9, 10, 40, 1e3, 1e6]
  it('equals log Γ of numbers', () => {
    const values = valuesOf(() => T.logGamma(vector(...at)))
    at.forEach((x, i) => {
      const wanted = T.Gamma.logGamma(x)
      // Ten products, and a difference of two numbers of its size or of log 10!, 15.
      expect(Math.abs(values[i] - wanted), String(x)).toBeLessThan(20 * 2 ** -52 * Math.max(15, Math.abs(wanted)))
    })
  })

  it('has the derivative ψ', () => {
    const { gradient } = T.valueAndGrad<'x'>(({ x }) => T.sum(T.logGamma(x)))({ x: of(...at) })
    at.forEach((x, i) => {
      const wanted = T.Gamma.digamma(x)
      expect(Math.abs(gradient.x.values[i] - wanted), String(x)).toBeLessThan(1e-13 * Math.max(1, Math.abs(wanted)))
    })
  })
})

describe('compiled functions have the bits of the interpreter', () => {
  const bits = (f: Unary, xs: ArrayLike<number>): Float64Array => T.compute(() => f(T.tensor(xs, [xs.length]))).values
  const far = [0, 1e-300, 0.7853981633974483, 0.7853981633974484, 1.5707963267948966, 355, 999_999.5, Infinity, NaN]
  const angles = [...far, ...far.map(x => -x), ...T.Key.normal(1000)(T.Key.fromSeed(2)).map(z => 1e4 * z)]
  // most errors of the logistic function are met where the exponential is near 1; the ends are those of the doubles
  const near = T.Key.uniform(1500)(T.Key.fromSeed(SEED)).map((u, i) => [4, 40, 720][i % 3] * (2 * u - 1))
  const logits = [...near, -745, -708.3, -37, 37, 745, 0, -0, 5e-324]
  it.each<[string, Unary, number[]]>([
    ['sine', T.sin, angles],
    ['cosine', T.cos, angles],
    ['sigmoid', T.sigmoid, logits],
    ['sigmoid of −x', x => T.sigmoid(T.neg(x)), logits]
  ])('%s', (_, f, x) => {
    expect(compiled(f, x)).toEqual(bits(f, x))
  })
  it('sigmoid, within 2 ulp', () => {
    const found = compiled(T.sigmoid, logits)
    expect(Math.max(...logits.map((x, i) => ulps(found[i], oracle.sigmoid(x))))).toBeLessThan(2)
  })
  it('sine and cosine of large numbers, in any number of threads', () => {
    const x = T.Key.normal(400_000)(T.Key.fromSeed(3))
    for (const [i, far] of [1e6, -1e22, 1.7e308].entries()) x[123_456 * (i + 1) + i] = far
    for (const f of [T.sin, T.cos]) {
      const right = bits(f, x)
      for (const count of [1, 2]) {
        T.useThreads(count)
        const found = compiled(f, x)
        // `toEqual` takes seconds for so many.
        expect(found.findIndex((y, i) => !Object.is(y, right[i]))).toBe(-1)
      }
    }
  })
})
