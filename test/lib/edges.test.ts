/**
 * Every function of one number at numbers where it may go wrong, interpreted and compiled, held to what it is: `Math`'s, or a closed form of
 * these. Derivatives of the two engines are held to each other here, and to differences in `gradients.test.ts`.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as T from '../../lib/index.js'
import { compiled } from './compiler/programs.js'
import { functions, type Unary } from './functions.js'

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

describe('at the edges', () => {
  it.each(Object.entries(functions))('%s is right', (name, [f, of]) => {
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
