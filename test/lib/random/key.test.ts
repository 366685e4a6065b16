import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { erf } from '../../../lib/numbers/elementary.js'
import * as Key from '../../../lib/random/key.js'

const key: Key.Key = Key.fromSeed(20230703)
const keys = fc.maxSafeInteger().map(Key.fromSeed)
const N = 100_000

/**
 * Every statistical claim below is false with probability at most FAULT when the code is right: by a bound that holds at
 * any sample size (Dvoretzky–Kiefer–Wolfowitz, Hoeffding), or, for moments, by the normal limit. Keys are fixed.
 */
const FAULT = 1e-9
/** P(|Z| > SIGMAS) < FAULT for a standard normal Z. */
const SIGMAS = 6.2

const mean = (xs: Float64Array): number => xs.reduce((sum, x) => sum + x, 0) / xs.length

/** sup |F_n − F| is at most ε but with probability 2 exp(−2nε²) (DKW, with Massart's constant). */
const expectLaw = (draws: Float64Array, cdf: (x: number) => number): void => {
  const n = draws.length
  const deviation = draws
    .slice()
    .sort()
    .reduce((worst, x, i) => Math.max(worst, cdf(x) - i / n, (i + 1) / n - cdf(x)), 0)
  expect(deviation).toBeLessThan(Math.sqrt(Math.log(2 / FAULT) / (2 * n)))
}

/** Frequencies of 0, 1, …: each is within ε of its probability but with probability 2 exp(−2nε²) (Hoeffding). */
const expectFrequencies = (draws: ArrayLike<number>, probabilities: ReadonlyArray<number>): void => {
  const counts = probabilities.map(() => 0)
  for (let i = 0; i < draws.length; i++) counts[draws[i]] += 1
  const bound = Math.sqrt(Math.log((2 * probabilities.length) / FAULT) / (2 * draws.length))
  probabilities.forEach((p, k) => {
    expect(Math.abs(counts[k] / draws.length - p)).toBeLessThan(bound)
  })
}

/** The mean sign of (x − centre)(y − centre) is 0 within ε but with probability 2 exp(−nε²/2) (Hoeffding). */
const expectUncorrelated = (xs: Float64Array, ys: Float64Array, centre: number): void => {
  const signs = xs.map((x, i) => (x < centre === ys[i] < centre ? 1 : -1))
  expect(Math.abs(mean(signs))).toBeLessThan(Math.sqrt((2 * Math.log(2 / FAULT)) / signs.length))
}

describe('the block function of keys is Threefry-2x32-20', () => {
  const hex = (words: ReadonlyArray<number>): string => words.map(x => x.toString(16).padStart(8, '0')).join(' ')
  const of = (k0: number, k1: number): Key.Key => ({ _tag: 'Key', k0, k1 })
  it.each([
    [of(0, 0), 0, 0, '6b200159 99ba4efe'],
    [of(0xffffffff, 0xffffffff), 0xffffffff, 0xffffffff, '1cb996fc bb002be7'],
    [of(0x13198a2e, 0x03707344), 0x243f6a88, 0x85a308d3, 'c4923a9c 483df7a0']
  ])('known answer %#', (from, c0, c1, expected) => {
    expect(hex(Key.block(c0, c1)(from))).toBe(expected)
  })
})

describe('keys', () => {
  it('keep their bits from release to release', () => {
    const seven = Key.fromSeed(7)
    expect(seven).toEqual({ _tag: 'Key', k0: 4015000867, k1: 4055885788 })
    expect(Array.from(Key.uniform(3)(seven))).toEqual([0.5185269543587886, 0.5001714551912277, 0.9784720883761978])
    expect(Array.from(Key.normal(5)(seven))).toEqual([
      -0.0038657948904618784, -0.7263503751981122, -0.506139390225839, -0.5842868350938255, 0.017529045141112913
    ])
    expect(Array.from(Key.gamma(0.5)(2)(seven))).toEqual([0.7878093289266473, 0.15122805461769068])
    expect(Key.named('data')(seven).data).toEqual({ _tag: 'Key', k0: 1545208950, k1: 86441319 })
    expect(Key.child(1)(seven)).toEqual({ _tag: 'Key', k0: 372979070, k1: 2493489822 })
  })

  it('are plain JSON', () => {
    fc.assert(
      fc.property(keys, from => {
        expect(JSON.parse(JSON.stringify(from))).toEqual(from)
      })
    )
  })

  it('reject a seed that is not a safe integer, with a remedy', () => {
    expect(() => Key.fromSeed(2.6)).toThrow(new RangeError('seed: 2.6 is not a safe integer; try 3'))
    expect(() => Key.fromSeed(NaN)).toThrow(new RangeError('seed: NaN is not a safe integer; try 7'))
    expect(() => Key.fromSeed(2 ** 53)).toThrow(RangeError)
  })

  it('by label depend on the label only', () => {
    fc.assert(
      fc.property(keys, fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 6 }), (from, labels) => {
        const together = Key.named(...labels)(from)
        const reversed = Key.named(...labels.slice().reverse())(from)
        for (const text of labels) {
          expect(together[text]).toEqual(Key.named(text)(from)[text])
          expect(reversed[text]).toEqual(together[text])
        }
        expect(new Set(Object.values(together).map(({ k0, k1 }) => `${k0} ${k1}`)).size).toBe(labels.length)
      })
    )
  })

  it('by number depend on the number only', () => {
    fc.assert(
      fc.property(keys, fc.nat(20), fc.nat(20), (from, n, more) => {
        expect(Key.split(n + more)(from).slice(0, n)).toEqual(Key.split(n)(from))
        expect(Key.split(n + 1)(from)[n]).toEqual(Key.child(n)(from))
      })
    )
  })

  it('derived in different ways do not collide', () => {
    // 64-bit words: m keys collide by chance with probability m²/2⁶⁵, 1e-9 here.
    const seeds = Array.from({ length: 20_000 }, (_, i) => Key.fromSeed(i - 10_000))
    const children = Key.split(50_000)(key)
    const grandchildren = Key.split(200)(key).flatMap(Key.split(200))
    const large = Array.from({ length: 20_000 }, (_, i) => Key.child(2 ** 32 + i)(key))
    const labels = Array.from({ length: 50_000 }, (_, i) => String(i))
    const labelled = Object.values(Key.named(...labels, '', '\0', '\0\0', 'a', 'a\0', '\0a')(key))
    const nested = Object.values(Key.named('a', 'b', 'ab')(Key.named('a')(key).a))
    const all = [seeds, children, grandchildren, large, labelled, nested].flat()
    expect(all.length).toBeGreaterThan(180_000)
    expect(new Set(all.map(({ k0, k1 }) => (BigInt(k0) << 32n) | BigInt(k1))).size).toBe(all.length)
  })
})

describe('prefixes', () => {
  it.each<[string, (n: number) => (key: Key.Key) => Float64Array | Int32Array]>([
    ['uniform', Key.uniform],
    ['normal', Key.normal],
    ['integers', Key.integers(10)],
    ['categorical', Key.categorical([1, 2, 3])],
    ['gamma, shape < 1', Key.gamma(0.3)],
    ['gamma', Key.gamma(2.5)],
    ['chiSquared', Key.chiSquared(3)]
  ])('%s: n draws begin any more draws', (_, draw) => {
    fc.assert(
      fc.property(keys, fc.nat(40), fc.nat(40), (from, n, more) => {
        expect(draw(n + more)(from).slice(0, n)).toEqual(draw(n)(from))
        expect(draw(n)(from).length).toBe(n)
      })
    )
  })
})

describe('uniform', () => {
  const u = Key.uniform(N)(key)
  it('is uniform on [0, 1)', () => {
    expectLaw(u, x => x)
    expect(u.every(x => 0 <= x && x < 1)).toBe(true)
  })
  const stream = Key.uniform(N)
  const [first, second] = Key.split(2)(key)
  const { data, date } = Key.named('data', 'date')(key)
  it.each([
    ['neighbouring children', first, second],
    ['parent and child', key, first],
    ['parent and label', key, data],
    ['labels one letter apart', data, date],
    ['neighbouring seeds', Key.fromSeed(0), Key.fromSeed(1)],
    ['keys one bit apart', { ...key, k0: 0 }, { ...key, k0: 1 }]
  ])('is independent between %s', (_, one, other) => {
    expectUncorrelated(stream(one), stream(other), 0.5)
  })
  it('is uniform across the children of a key', () => {
    expectLaw(
      Float64Array.from(Key.split(20_000)(key), from => Key.uniform(1)(from)[0]),
      x => x
    )
  })
})

describe('integers, permutation, categorical', () => {
  it('integers are uniform below the bound', () => {
    expectFrequencies(Key.integers(7)(N)(key), Array<number>(7).fill(1 / 7))
    expect(Key.integers(2 ** 31)(N)(key).every(i => i >= 0)).toBe(true)
  })
  it('a permutation holds each number once', () => {
    fc.assert(
      fc.property(keys, fc.nat(100), (from, n) => {
        expect(Array.from(Key.permutation(n)(from)).sort((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i)
        )
      })
    )
  })
  it('the 24 orders of four are equally likely', () => {
    const orders = new Map<string, number>()
    const drawn = Key.split(24_000)(key).map(from => {
      const order = Key.permutation(4)(from).join()
      if (!orders.has(order)) orders.set(order, orders.size)
      return orders.get(order) ?? -1
    })
    expect(orders.size).toBe(24)
    expectFrequencies(drawn, Array<number>(24).fill(1 / 24))
  })
  it('categorical draws k with probability in proportion to its weight', () => {
    expectFrequencies(Key.categorical([1, 0, 4, 3])(N)(key), [1 / 8, 0, 4 / 8, 3 / 8])
    expectFrequencies(Key.categorical(Float64Array.of(0, 2e-3, 6e-3, 0))(N)(key), [0, 1 / 4, 3 / 4, 0])
  })
  it('categorical never draws a weight of 0', () => {
    const weights = fc
      .array(fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e3, noNaN: true })), { minLength: 1, maxLength: 8 })
      .filter(ws => ws.some(w => w > 0))
    fc.assert(
      fc.property(keys, weights, (from, ws) => {
        for (const k of Key.categorical(ws)(50)(from)) expect(ws[k]).toBeGreaterThan(0)
      })
    )
  })
})

describe('gamma and chi-squared', () => {
  const rootErf = (x: number): number => erf(Math.sqrt(x))
  it.each<[number, (x: number) => number]>([
    [0.5, rootErf],
    [1, x => -Math.expm1(-x)],
    [1.5, x => rootErf(x) - 2 * Math.sqrt(x / Math.PI) * Math.exp(-x)],
    [2, x => 1 - (1 + x) * Math.exp(-x)],
    [3, x => 1 - (1 + x + (x * x) / 2) * Math.exp(-x)]
  ])('gamma of shape %d has its distribution', (shape, cdf) => {
    expectLaw(Key.gamma(shape)(N)(key), cdf)
  })
  it.each([0.05, 0.3, 1, 2.5, 30, 1000])('gamma of shape %d has mean and variance equal to its shape', shape => {
    // Var (X − a)² = 2a² + 6a, since the fourth central moment is 3a² + 6a.
    const x = Key.gamma(shape)(N)(key)
    expect(Math.abs(mean(x) - shape)).toBeLessThan(SIGMAS * Math.sqrt(shape / N))
    expect(Math.abs(mean(x.map(y => (y - shape) ** 2)) - shape)).toBeLessThan(
      SIGMAS * Math.sqrt((2 * shape * shape + 6 * shape) / N)
    )
  })
  it('gamma is independent from element to element, and of the key’s own children and draws', () => {
    const median = Math.LN2
    const x = Key.gamma(1)(N)(key)
    expectUncorrelated(x.subarray(1), x.subarray(0, N - 1), median)
    const high = (u: number): number => -Math.log1p(-u)
    expectUncorrelated(x, Key.uniform(N)(key).map(high), median)
    expectUncorrelated(
      x,
      Float64Array.from(Key.split(N)(key), from => high(Key.uniform(2)(from)[1])),
      median
    )
  })
  it('chi-squared is the square of normals', () => {
    expectLaw(Key.chiSquared(1)(N)(key), x => rootErf(x / 2))
    expectLaw(Key.chiSquared(2)(N)(key), x => -Math.expm1(-x / 2))
  })
  it('the ends of the domain', () => {
    expect(pipe(key, Key.chiSquared(0)(3))).toEqual(new Float64Array(3))
    expect(pipe(key, Key.gamma(-1)(1))[0]).toBeNaN()
    expect(pipe(key, Key.gamma(Infinity)(1))[0]).toBeNaN()
    expect(Key.gamma(1e-4)(1000)(key).every(x => x >= 0 && x < Infinity)).toBe(true)
  })
})

it('invalid arguments throw an error with a remedy', () => {
  expect(() => Key.subset(3, 5)(key)).toThrow('count: 5 is not a whole number in [0, n], n = 3; try 3')
  expect(() => Key.subset(-1, 0)(key)).toThrow('n: -1')
  expect(() => Key.integers(2 ** 31 + 1)(1)).toThrow('bound: 2147483649 is not a whole number in [1, 2³¹]; try 2³¹')
  expect(() => Key.integers(0)(1)).toThrow('bound: 0 is not a whole number in [1, 2³¹]; try 2')
  expect(() => Key.integers(NaN)(1)).toThrow('bound: NaN')
  expect(Key.integers(2 ** 31)(100)(key).every(k => k >= 0)).toBe(true)
  expect(() => Key.categorical([0, 0])).toThrow('weights: their sum, 0, is not > 0 and finite; let at least one be > 0')
  expect(() => Key.categorical([])).toThrow('weights: their sum, 0,')
  expect(() => Key.categorical([1, NaN, 2])).toThrow('weights: number 1, NaN, is not ≥ 0 and finite')
  expect(() => Key.categorical([1, -1])).toThrow('weights: number 1, -1, is not ≥ 0 and finite')
})
