import { describe, expect, it } from 'vitest'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Key from '../../../lib/random/key.js'
import * as Simd from '../../../lib/wasm/index.js'
import { spread, once } from '../../cases.js'
import { angleOf, lengthOf, oracle, powerOf, ulps } from '../simd-oracle.js'

const uniform = (n: number, label: string): Float64Array => Key.uniform(n)(Key.named(label)(Key.fromSeed(11))[label])
const between = (from: number, to: number, n = 300): ReadonlyArray<number> =>
  Array.from(uniform(n, `${from} ${to}`), u => from + (to - from) * u)
/** Numbers of the sizes 2^from … 2^to, of both signs. */
const sized = (from: number, to: number, n = 300): ReadonlyArray<number> =>
  between(from, to, n).map((x, i) => (i % 2 === 0 ? 1 : -1) * 2 ** Math.floor(x) * (1 + (x - Math.floor(x))))

/** The doubles next to a number on both sides, and it. */
const around = (x: number): ReadonlyArray<number> => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const word = view.getBigInt64(0)
  return [word - 1n, word, word + 1n].map(bits => {
    view.setBigInt64(0, bits)
    return view.getFloat64(0)
  })
}
const edges = [
  ...[5e-324, 2.2250738585072014e-308, 2 ** -54, 2 ** -53, 2 ** -28, 0.34657359027997264, 0.5, Math.SQRT1_2],
  ...[1, Math.SQRT2, 1.0397207708399179, 2, 5.9215871957945, 19.06, 22, 36.7368005696771, 40],
  ...[708.3964185322641, 709.0895657128241, 709.782712893384, 745.1332191019411, 2 ** 53, 2 ** 54, 2 ** 1000]
].flatMap(x => [...around(x), ...around(-x)])
/** One number of every binade and sign, and the powers of two. */
const binades = Array.from(uniform(2097, 'binades'), (u, i) => 2 ** (i - 1074) * (1 + u)).flatMap((x, i) => [
  x,
  -x,
  2 ** (i - 1074),
  -(2 ** (i - 1074))
])

type Name = keyof typeof oracle

/** Where a function bends and its reductions change, around every edge, and in every binade, above where it is defined. */
const everywhere = (ranges: ReadonlyArray<readonly [number, number]>, above = -Infinity): ReadonlyArray<number> =>
  [...ranges.flatMap(([from, to]) => spread(4)(between(from, to, 700))), ...edges, ...spread(8)(binades)].filter(
    x => x > above && Math.abs(x) < Infinity
  )

/** The bound in ulp, no more than is promised, and where it is tried. */
const functions: Readonly<Record<Name, readonly [number, ReadonlyArray<number>]>> = {
  exp: [1, everywhere([[-1, 1], [-708, 709.79], [-745.2, -707]])], // prettier-ignore
  expm1: [1.35, everywhere([[-1.2, 1.2], [-40, 40], [708.5, 709.8]])], // prettier-ignore
  log: [0.9, everywhere([[0.5, 2], [0.99, 1.01], [0, 100], [0, 3e-308]], 0)], // prettier-ignore
  log1p: [0.9, everywhere([[-1, 1], [-0.6, -0.2], [0.2, 2], [0, 1e6]], -1)], // prettier-ignore
  tanh: [1.1, everywhere([[-0.5, 0.5], [-1.2, 1.2], [-23, 23]])], // prettier-ignore
  sigmoid: [1.75, everywhere([[-5, 5], [-40, 40], [-746, -700]])], // prettier-ignore
  softplus: [1.6, everywhere([[-5, 5], [-40, 40], [-746, -700]])], // prettier-ignore
  erf: [1.2, everywhere([[-1.1, 1.1], [0.9, 1.4], [-6.1, 6.1]])], // prettier-ignore
  // The last is the double that is nearest to a multiple of π/2, relative to its size (Muller 1997).
  sin: [1, [...between(-10, 10), ...between(-1e6, 1e6), ...sized(20, 1023), ...sized(-60, 0), 5.319372648326541e255]],
  cos: [1, [...between(-10, 10), ...between(-1e6, 1e6), ...sized(20, 1023), ...sized(-60, 0), 5.319372648326541e255]],
  tan: [2, [...between(-10, 10), ...between(-1e6, 1e6), ...sized(20, 1023), ...sized(-60, 0), 5.319372648326541e255]],
  atan: [1, [...between(-4, 4), ...sized(-60, 60)]],
  asin: [1, [...between(-1, 1), ...sized(-60, -1), ...between(0.97, 1)]],
  acos: [1, [...between(-1, 1), ...sized(-60, -1), ...between(0.97, 1)]],
  sinh: [2, [...between(-3, 3), ...between(-710, 710), ...sized(-60, 0)]],
  cosh: [2, [...between(-3, 3), ...between(-710, 710), ...sized(-60, 0)]],
  asinh: [2, [...between(-3, 3), ...sized(-60, 1000)]],
  acosh: [2, [...between(1, 4), ...sized(1, 1000).map(Math.abs), 1 + 2 ** -52]],
  atanh: [2, [...between(-1, 1), ...sized(-60, -1)]]
}

const names = Object.keys(functions) as ReadonlyArray<Name>

describe('elementary functions', () => {
  it.each(names)('%s is within its bound of the exact value', name => {
    const [bound, points] = functions[name]
    const bad = points
      .map(x => ({ x, y: Elementary[name](x), ulps: ulps(Elementary[name](x), oracle[name](x)) }))
      .filter(({ ulps }) => !(ulps <= bound))
    expect(bad.slice(0, 3)).toEqual([])
  })

  const engine: Readonly<Partial<Record<Name, (x: number) => number>>> = Object.fromEntries(
    names.flatMap(name => {
      const of: unknown = Object.getOwnPropertyDescriptor(Math, name)?.value
      return typeof of === 'function' ? [[name, of]] : []
    })
  )
  it.each(Object.entries(engine))(
    '%s has the special values of Math: zeros, infinities, NaN, and outside its domain',
    (name, of) => {
      for (const x of [NaN, 0, -0, Infinity, -Infinity, 5e-324, -5e-324, -1, -2, 2 ** 1023, -(2 ** 1023)]) {
        const found = Elementary[name as Name](x)
        const wanted = of(x)
        expect(ulpsBetween(found, wanted), `${name}(${x}) = ${found}`).toBeLessThanOrEqual(2)
      }
      if (of(1) === Infinity || of(1) === 0) expect(Elementary[name as Name](1)).toBe(of(1))
    }
  )

  once('have the limits of erf, sigmoid and softplus', () => {
    expect([NaN, -Infinity, -0, 0, Infinity].map(Elementary.erf)).toEqual([NaN, -1, -0, 0, 1])
    expect([NaN, -Infinity, 0, Infinity].map(Elementary.sigmoid)).toEqual([NaN, 0, 0.5, 1])
    expect([NaN, -Infinity, 0, Infinity].map(Elementary.softplus)).toEqual([NaN, 0, Math.LN2, Infinity])
  })

  it.each(['exp', 'expm1', 'log', 'log1p', 'tanh', 'sigmoid', 'softplus', 'erf'] as const)(
    '%s has the bits of the SIMD kernel, everywhere',
    name => {
      expect(Simd.hasSimd()).toBe(true)
      // as many as no lane comes back to, and each so often that it is met in every lane
      const ends = [709.782712893384, -745.1332191019412, 5e-324, 1e-310]
      const special = [0, -0, NaN, Infinity, -Infinity, 1, -1, 22, -22, ...ends]
      const x = Float64Array.from([
        ...functions[name][1],
        ...sized(-1074, 1023, 2000),
        ...Array.from({ length: 8 }, () => special).flat()
      ])
      const bits = Simd.simdOrPlainKernels()[name](x)
      expect(x.filter((v, i) => !Object.is(Elementary[name](v), bits[i]))).toEqual(new Float64Array(0))
    }
  )
})

const ulpsBetween = (a: number, b: number): number =>
  Object.is(a, b) ? 0 : Math.abs(a - b) / Math.max(Math.abs(b) * 2 ** -53, 5e-324)

describe('pow', () => {
  it('is within 1 ulp, also if the exponent amplifies the error of the logarithm most', () => {
    const bases = [...between(0, 10), ...sized(-1000, 1000).map(Math.abs), ...sized(-45, -2).map(x => 1 + x)]
    const bad = bases.flatMap((x, i) => {
      const most = 740 / Math.abs(Math.log(x))
      return [-1, 0.37, 1].flatMap(part => {
        const y = part * most * uniform(bases.length, 'exponents')[i]
        const error = ulps(Elementary.pow(x, y), powerOf(x, y))
        return error <= 1 ? [] : [{ x, y, error }]
      })
    })
    expect(bad.slice(0, 3)).toEqual([])
  })

  once('is exact if the power is a double', () => {
    for (let base = 2; base < 100; base++)
      for (let n = 1; BigInt(base) ** BigInt(n) < 2n ** 53n; n++) {
        expect(Elementary.pow(base, n)).toBe(Number(BigInt(base) ** BigInt(n)))
        expect(Elementary.pow(-base, n)).toBe((n % 2 === 0 ? 1 : -1) * Number(BigInt(base) ** BigInt(n)))
      }
    for (let k = -1022; k <= 1023; k++) expect(Elementary.pow(2, k)).toBe(Elementary.powerOfTwo(k))
    expect(Elementary.pow(2, -1074)).toBe(5e-324)
    expect(Elementary.pow(2, 1024)).toBe(Infinity)
  })

  // IEEE 754-2019, 9.2.1, and ISO C, F.10.4.4
  it.each([
    [1, Infinity, 1],
    [1, -Infinity, 1],
    [1, NaN, 1],
    [-1, Infinity, 1],
    [-1, -Infinity, 1],
    [NaN, 0, 1],
    [NaN, 1, NaN],
    [2, NaN, NaN],
    [2, Infinity, Infinity],
    [2, -Infinity, 0],
    [0.5, Infinity, 0],
    [0.5, -Infinity, Infinity],
    [-2, Infinity, Infinity],
    [0, 3, 0],
    [-0, 3, -0],
    [-0, 2, 0],
    [-0, 0.5, 0],
    [0, -3, Infinity],
    [-0, -3, -Infinity],
    [-0, -2, Infinity],
    [Infinity, 0.5, Infinity],
    [Infinity, -1, 0],
    [-Infinity, 3, -Infinity],
    [-Infinity, 2, Infinity],
    [-Infinity, -3, -0],
    [-Infinity, -2, 0],
    [-8, 1 / 3, NaN],
    [-2, 3, -8],
    [1 + 2 ** -52, 1e300, Infinity],
    [1 - 2 ** -53, 1e300, 0],
    [10, 309, Infinity],
    [10, -400, 0]
  ])('%d to the power %d is %d', (x, y, wanted) => {
    expect(Elementary.pow(x, y)).toBe(wanted)
  })
})

describe('atan2', () => {
  it('is within 2 ulp in every quadrant', () => {
    const ys = sized(-20, 20)
    const xs = sized(-20.5, 20)
    const bad = ys
      .map((y, i) => [y, i % 4 < 2 ? xs[i] : -xs[i]] as const)
      .filter(([y, x]) => !(ulps(Elementary.atan2(y, x), angleOf(y, x)) <= 2))
    expect(bad.slice(0, 3)).toEqual([])
  })
  it('has the angles of the axes, zeros and infinities', () => {
    const ends = [0, -0, 1, -1, Infinity, -Infinity, NaN]
    for (const y of ends) for (const x of ends) expect(Elementary.atan2(y, x), `${y}, ${x}`).toBe(Math.atan2(y, x))
  })
})

describe('lengths', () => {
  it('are within 2 ulp', () => {
    const xs = sized(-30, 30)
    const ys = sized(-30.5, 30)
    for (let i = 0; i < xs.length; i++) {
      const exact = lengthOf([xs[i], ys[i]])
      expect(ulps(Elementary.hypot(xs[i], ys[i]), exact)).toBeLessThanOrEqual(2)
      expect(ulps(Elementary.norm([xs[i], ys[i]]), exact)).toBeLessThanOrEqual(2)
    }
    expect(ulps(Elementary.norm(xs), lengthOf(xs))).toBeLessThanOrEqual(2)
  })
  once.each([1e-320, 1e-300, 1, 1e300, 3e307])('neither overflows nor underflows at %d', size => {
    expect(Math.abs(Elementary.hypot(3 * size, 4 * size) / size / 5 - 1)).toBeLessThan(1e-3)
    expect(ulps(Elementary.norm([size, -size, size]), lengthOf([size, size, size]))).toBeLessThanOrEqual(2)
  })
  once('of no numbers, zeros, infinities and NaN', () => {
    expect(Elementary.norm([])).toBe(0)
    expect(Elementary.norm([-0, 0])).toBe(0)
    expect(Elementary.norm([1, NaN])).toBe(NaN)
    expect(Elementary.norm([NaN, -Infinity])).toBe(Infinity)
    expect(Elementary.hypot(-0, 0)).toBe(0)
    expect(Elementary.hypot(NaN, 1)).toBe(NaN)
    expect(Elementary.hypot(NaN, -Infinity)).toBe(Infinity)
  })
  once('norm takes ten million numbers', () => {
    expect(Elementary.norm(new Float64Array(10_000_000).fill(0.1))).toBeCloseTo(Math.sqrt(10_000_000) / 10, 12)
  })
})

once('powers of two are exact', () => {
  for (let k = -1022; k <= 1023; k++)
    expect(Elementary.powerOfTwo(k)).toBe(k < 0 ? 1 / Number(2n ** BigInt(-k)) : Number(2n ** BigInt(k)))
  expect(Elementary.exponentOf(1023)).toBe(9)
  expect(Elementary.exponentOf(-1024)).toBe(10)
})
