/**
 * Randomness as a value: splittable, counter-based, labelled keys. Same key, same bits, on every machine and in every
 * engine.
 *
 * A key is two 32-bit words; the i-th draw of a key is a pure function of the key and i, so draws have a prefix
 * property (`normal(n)` begins `normal(m)`, n ≤ m) and no hidden state. A new consumer of randomness takes a key of its
 * own, by label, and shifts nobody else's stream.
 *
 * The block function is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: *Parallel random numbers: as easy as
 * 1, 2, 3*, SC 2011), a bijection of the 64-bit counter for each key. The top bits of the counter's high word separate
 * its uses, so that no stream of a key meets the derivation of the key's children:
 *
 * | high word | use |
 * |---|---|
 * | 0 … 2²¹ − 1 | draws |
 * | 2³⁰ + … | labels |
 * | 2³¹ + … | children |
 * | 2³¹ + 2³⁰ + … | elements of a distribution drawn by rejection |
 */
import { cosNear as cos, exp, ln, powerOfTwo, sinNear as sin } from '../numbers/elementary.js'
import * as Simd from '../simd/index.js'

export interface Key {
  readonly _tag: 'Key'
  /** An unsigned 32-bit integer. */
  readonly k0: number
  /** An unsigned 32-bit integer. */
  readonly k1: number
}

const TWO_32 = powerOfTwo(32)
const TWO_31 = powerOfTwo(31)
const TWO_MINUS_53 = powerOfTwo(-53)
const LABELS = 0x40000000
const CHILDREN = 0x80000000
const ELEMENTS = 0xc0000000

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by))

/** Writes the two words for the counter (c0, c1) into `out`; unrolled, since every draw passes here. */
const encrypt = (k0: number, k1: number, c0: number, c1: number, out: Uint32Array): void => {
  const k2 = k0 ^ k1 ^ 0x1bd11bda
  let x0 = (c0 + k0) | 0
  let x1 = (c1 + k1) | 0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 13) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 15) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 26) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 6) ^ x0
  x0 = (x0 + k1) | 0
  x1 = (x1 + k2 + 1) | 0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 17) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 29) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 16) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 24) ^ x0
  x0 = (x0 + k2) | 0
  x1 = (x1 + k0 + 2) | 0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 13) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 15) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 26) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 6) ^ x0
  x0 = (x0 + k0) | 0
  x1 = (x1 + k1 + 3) | 0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 17) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 29) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 16) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 24) ^ x0
  x0 = (x0 + k1) | 0
  x1 = (x1 + k2 + 4) | 0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 13) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 15) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 26) ^ x0
  x0 = (x0 + x1) | 0
  x1 = rotate(x1, 6) ^ x0
  out[0] = x0 + k2
  out[1] = x1 + k0 + 5
}

/** The block function itself: the two words of Threefry-2x32-20 for a counter. */
export const block =
  (c0: number, c1: number) =>
  ({ k0, k1 }: Key): readonly [number, number] => {
    const out = new Uint32Array(2)
    encrypt(k0, k1, c0, c1, out)
    return [out[0], out[1]]
  }

const derive =
  (c0: number, c1: number) =>
  (key: Key): Key => {
    const [k0, k1] = block(c0, c1)(key)
    return { _tag: 'Key', k0, k1 }
  }

// -- keys from seeds and keys ----------------------------------------------------------------------------------------

/** The bytes of "ornstein". */
const root: Key = { _tag: 'Key', k0: 0x6f726e73, k1: 0x7465696e }

/**
 * The key of a seed, a safe integer (negative ones too). The seed is encrypted as a counter, and encryption is a
 * bijection: different seeds have different keys, and neighbouring seeds unrelated ones.
 *
 * A seed that is no safe integer has no key to return: it throws a RangeError, which names the seed and the remedy.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key } from 'ornstein/float64'
 *
 * assert.deepEqual(Key.fromSeed(7), Key.fromSeed(7))
 * assert.notDeepEqual(Key.fromSeed(7), Key.fromSeed(8))
 * assert.throws(() => Key.fromSeed(2.6), /seed: 2.6 is not a safe integer; try 3/)
 */
export const fromSeed = (seed: number): Key => {
  if (!Number.isSafeInteger(seed)) {
    const near = Math.round(seed)
    throw new RangeError(`seed: ${seed} is not a safe integer; try ${Number.isSafeInteger(near) ? near : 7}`)
  }
  return derive(seed >>> 0, Math.floor(seed / TWO_32) >>> 0)(root)
}

/**
 * The child of a key for an integer in [0, 2⁵³): folds a row, a step or a component's number into a key. Children of one
 * key are all different.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key } from 'ornstein/float64'
 *
 * const key = Key.fromSeed(7)
 * assert.deepEqual(Key.child(2)(key), Key.split(3)(key)[2])
 */
export const child = (index: number): ((key: Key) => Key) => derive(index >>> 0, CHILDREN + Math.floor(index / TWO_32))

/**
 * The first n children of a key: `split(n)(key)[i]` is `child(i)(key)`, whatever n.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key } from 'ornstein/float64'
 *
 * const [first, second] = Key.split(2)(Key.fromSeed(7))
 * assert.notDeepEqual(Key.normal(3)(first), Key.normal(3)(second))
 */
export const split =
  (n: number) =>
  (key: Key): ReadonlyArray<Key> =>
    Array.from({ length: n }, (_, index) => child(index)(key))

/** Length first, so that no label's derivation begins another's; then two UTF-16 code units a block. */
const label =
  (text: string) =>
  (key: Key): Key => {
    let derived = derive(text.length, LABELS)(key)
    for (let at = 0; at < text.length; at += 2) {
      const second = at + 1 < text.length ? text.charCodeAt(at + 1) : 0
      derived = derive(text.charCodeAt(at) + second * 65536, LABELS + 1)(derived)
    }
    return derived
  }

/**
 * Keys by label. A label's key depends on the parent key and the label's text only, neither on its position nor on the
 * other labels: adding a consumer of randomness leaves the others' streams as they were.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * const { data, noise } = pipe(Key.fromSeed(7), Key.named('data', 'noise'))
 * assert.deepEqual(pipe(Key.fromSeed(7), Key.named('noise')).noise, noise)
 * assert.notDeepEqual(data, noise)
 */
export const named =
  <L extends string>(...labels: ReadonlyArray<L>) =>
  (key: Key): { readonly [K in L]: Key } =>
    // The keys of the record are exactly the labels, which fromEntries cannot say.
    Object.fromEntries(labels.map(text => [text, label(text)(key)])) as { readonly [K in L]: Key }

// -- draws -----------------------------------------------------------------------------------------------------------

/** Words of a key's blocks as numbers: 53 bits, times 2⁻⁵³. */
const uniforms = ({ k0, k1 }: Key, from: number, out: Float64Array): void => {
  const words = new Uint32Array(2)
  for (let i = 0; i < out.length; i++) {
    const counter = from + i
    encrypt(k0, k1, counter, Math.floor(counter / TWO_32), words)
    out[i] = ((words[0] >>> 5) * 0x4000000 + (words[1] >>> 6)) * TWO_MINUS_53
  }
}

/**
 * n numbers uniform on [0, 1), multiples of 2⁻⁵³. The i-th is ((x₀ ≫ 5)·2²⁶ + (x₁ ≫ 6))·2⁻⁵³ for the block (x₀, x₁) of
 * counter (i mod 2³², ⌊i / 2³²⌋).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * const draws = pipe(Key.fromSeed(7), Key.uniform(1000))
 * assert.ok(draws.every(u => 0 <= u && u < 1))
 * assert.deepEqual(draws.subarray(0, 10), pipe(Key.fromSeed(7), Key.uniform(10)))
 */
export const uniform =
  (n: number) =>
  (key: Key): Float64Array => {
    const out = new Float64Array(n)
    fillUniform(0, out)(key)
    return out
  }

/** Writes the uniform draws first, first + 1, … of a key to all of `out`, as `fillNormal` does for normal ones. */
export const fillUniform =
  (first: number, out: Float64Array) =>
  (key: Key): void => {
    if (!Simd.uniforms(key.k0, key.k1, first, out.length, out)) uniforms(key, first, out)
  }

/**
 * Turns the uniform pairs (u, v) of an array of even length into pairs of independent standard normals, in place:
 * r = √(−2 ln(1 − u)), then r cos 2πv and r sin 2πv (Box–Muller).
 *
 * The angle is reduced exactly: q = ⌊4v + ½⌋ and f = 4v − q in [−½, ½) are exact, and cos and sin of f·π/2 are swapped
 * and signed by q mod 4. No branch depends on the values.
 */
const polar = (pairs: Float64Array): void => {
  for (let i = 0; i < pairs.length; i += 2) {
    const r = Math.sqrt(-2 * ln(1 - pairs[i]))
    const turns = 4 * pairs[i + 1]
    const q = Math.floor(turns + 0.5)
    const a = (turns - q) * (Math.PI / 2)
    const c = cos(a)
    const s = sin(a)
    const swap = (q & 1) === 1
    pairs[i] = r * (swap ? s : c) * (1 - ((q + 1) & 2))
    pairs[i + 1] = r * (swap ? c : s) * (1 - (q & 2))
  }
}

/**
 * Writes the normal draws first, first + 1, … of a key to all of `out`: those that `normal(first + out.length)` ends
 * with. For loops that need a stretch of a long stream at a time.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * const out = new Float64Array(3)
 * pipe(Key.fromSeed(7), Key.fillNormal(2, out))
 * assert.deepEqual(out, pipe(Key.fromSeed(7), Key.normal(5)).subarray(2))
 */
export const fillNormal =
  (first: number, out: Float64Array) =>
  (key: Key): void => {
    if (Simd.normals(key.k0, key.k1, first, out.length, out)) return
    const skip = first % 2
    const pairs = skip === 0 && out.length % 2 === 0 ? out : new Float64Array(2 * Math.ceil((skip + out.length) / 2))
    uniforms(key, first - skip, pairs)
    polar(pairs)
    if (pairs !== out) out.set(pairs.subarray(skip, skip + out.length))
  }

/**
 * n standard normal numbers, N(0, 1): `normal(n)` begins `normal(m)` for n ≤ m. Pair j of them is made of the uniform
 * draws 2j and 2j + 1 (Box & Muller 1958); none exceeds √(106 ln 2) ≈ 8.57 in size, which a normal number does with
 * probability 10⁻¹⁷.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * const z = pipe(Key.fromSeed(7), Key.normal(10_000))
 * assert.ok(Math.abs(z.reduce((sum, x) => sum + x, 0) / 10_000) < 0.05)
 * assert.deepEqual(z.subarray(0, 3), pipe(Key.fromSeed(7), Key.normal(3)))
 */
export const normal =
  (n: number) =>
  (key: Key): Float64Array => {
    const out = new Float64Array(n)
    fillNormal(0, out)(key)
    return out
  }

/**
 * n integers uniform on {0, …, bound − 1}, 1 ≤ bound ≤ 2³¹: ⌊u · bound⌋, never `bound` itself. No probability is off by
 * more than 2⁻⁵³, that is by more than bound · 2⁻⁵³ of itself. Another bound throws a RangeError.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * assert.ok(pipe(Key.fromSeed(7), Key.integers(6)(100)).every(face => 0 <= face && face < 6))
 */
export const integers = (bound: number) => (n: number) => {
  if (!(Number.isInteger(bound) && bound >= 1 && bound <= TWO_31))
    throw new RangeError(`bound: ${bound} is not a whole number in [1, 2³¹]; try ${bound > TWO_31 ? '2³¹' : 2}`)
  return (key: Key): Int32Array => Int32Array.from(uniform(n)(key), u => Math.floor(u * bound))
}

/**
 * A uniformly random order of 0, …, n − 1 (Fisher–Yates).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * assert.deepEqual([...pipe(Key.fromSeed(7), Key.permutation(5))].sort(), [0, 1, 2, 3, 4])
 */
export const permutation =
  (n: number) =>
  (key: Key): Int32Array => {
    const order = Int32Array.from({ length: n }, (_, i) => i)
    const draws = uniform(n)(key)
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(draws[i] * (i + 1))
      const held = order[i]
      order[i] = order[j]
      order[j] = held
    }
    return order
  }

/**
 * `count` different ones of 0 … n − 1, rising, every such set alike (Floyd's algorithm: time and memory grow with `count`,
 * not with n). 0 ≤ count ≤ n < 2³¹; others throw a RangeError.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * assert.deepEqual(pipe(Key.fromSeed(7), Key.subset(3, 3)), Int32Array.of(0, 1, 2))
 */
export const subset =
  (n: number, count: number) =>
  (key: Key): Int32Array => {
    if (!(Number.isInteger(n) && n >= 0 && n < TWO_31))
      throw new RangeError(`n: ${n} is not a whole number in [0, 2³¹); try 100`)
    if (!(Number.isInteger(count) && count >= 0 && count <= n))
      throw new RangeError(`count: ${count} is not a whole number in [0, n], n = ${n}; try ${n}`)
    const chosen = new Set<number>()
    uniform(count)(key).forEach((u, i) => {
      const last = n - count + i
      const drawn = Math.floor(u * (last + 1))
      chosen.add(chosen.has(drawn) ? last : drawn)
    })
    return Int32Array.from(chosen).sort()
  }

/**
 * n indices into `weights`, each k with probability weights[k] / Σ weights, by inversion of the cumulative sum. The
 * weights are finite, not negative, and not all 0; they need not be normalised; others throw a RangeError. A weight of 0
 * is never drawn.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * assert.deepEqual(pipe(Key.fromSeed(7), Key.categorical([0, 3, 0])(4)), Int32Array.of(1, 1, 1, 1))
 */
export const categorical = (weights: ArrayLike<number>): ((n: number) => (key: Key) => Int32Array) => {
  const cumulative = Float64Array.from(weights)
  for (let k = 1; k < cumulative.length; k++) cumulative[k] += cumulative[k - 1]
  const last = cumulative.length - 1
  const bad = Array.from(weights).findIndex(weight => !(weight >= 0 && weight < Infinity))
  if (bad >= 0)
    throw new RangeError(
      `weights: number ${bad}, ${weights[bad]}, is not ≥ 0 and finite; give 0 to what is never drawn`
    )
  if (!(cumulative[last] > 0 && cumulative[last] < Infinity))
    throw new RangeError(`weights: their sum, ${cumulative[last] ?? 0}, is not > 0 and finite; let at least one be > 0`)
  /** The first k whose cumulative weight exceeds x: so a weight of 0 is passed over. */
  const invert = (x: number): number => {
    let low = 0
    let high = last
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulative[middle] > x) high = middle
      else low = middle + 1
    }
    return low
  }
  return n => key => Int32Array.from(uniform(n)(key), u => invert(u * cumulative[last]))
}

/** Writes the gamma draws first, first + 1, … of a key to all of `out`. */
const fillGamma =
  (shape: number, first: number, out: Float64Array) =>
  (key: Key): void => {
    if (!(shape > 0 && shape < Infinity)) {
      out.fill(shape === 0 ? 0 : NaN)
      return
    }
    const boosted = shape < 1
    const d = shape + (boosted ? 1 : 0) - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    const pair = new Float64Array(2)
    const single = new Float64Array(1)
    /** An element's key has draw 0 for the boost and draws 1 + 3t … 3 + 3t for attempt t. */
    const attempt = (element: Key): number => {
      for (let at = 1; ; at += 3) {
        uniforms(element, at, pair)
        polar(pair)
        const x = pair[0]
        const root = 1 + c * x
        const v = root * root * root
        uniforms(element, at + 2, single)
        if (v > 0 && ln(1 - single[0]) < 0.5 * x * x + d * (1 - v + ln(v))) return d * v
      }
    }
    const boost = (element: Key): number => {
      uniforms(element, 0, single)
      return exp(ln(1 - single[0]) / shape)
    }
    for (let i = 0; i < out.length; i++) {
      const element = derive((first + i) >>> 0, ELEMENTS + Math.floor((first + i) / TWO_32))(key)
      out[i] = attempt(element) * (boosted ? boost(element) : 1)
    }
  }

/**
 * n draws of the gamma distribution with the given shape and scale 1: density x^(shape − 1) e^(−x) / Γ(shape), mean and
 * variance `shape`. Element i depends on the key and i only, however many attempts the others took.
 *
 * Shape 0 is the point mass at 0; a shape that is negative or not finite gives NaN.
 *
 * Source: Marsaglia & Tsang, *A simple method for generating gamma variables*, 2000. For shape < 1,
 * Γ(shape) = Γ(shape + 1)·U^(1/shape).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * const draws = pipe(Key.fromSeed(7), Key.gamma(2.5)(1000))
 * assert.ok(draws.every(x => x > 0))
 * assert.deepEqual(draws.subarray(0, 10), pipe(Key.fromSeed(7), Key.gamma(2.5)(10)))
 */
export const gamma =
  (shape: number) =>
  (n: number) =>
  (key: Key): Float64Array => {
    const out = new Float64Array(n)
    fillGamma(shape, 0, out)(key)
    return out
  }

/**
 * n draws of the chi-squared distribution: the squared length of a standard normal vector in as many dimensions as there
 * are degrees of freedom, 2·Γ(degrees/2). Mean `degrees`, variance 2·degrees; 0 degrees give zeros, negative ones NaN.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * assert.deepEqual(pipe(Key.fromSeed(7), Key.chiSquared(0)(2)), Float64Array.of(0, 0))
 */
export const chiSquared =
  (degreesOfFreedom: number) =>
  (n: number) =>
  (key: Key): Float64Array => {
    const out = new Float64Array(n)
    fillChiSquared(degreesOfFreedom, 0, out)(key)
    return out
  }

/** Writes the chi-squared draws first, first + 1, … of a key to all of `out`, as `fillNormal` does for normal ones. */
export const fillChiSquared =
  (degreesOfFreedom: number, first: number, out: Float64Array) =>
  (key: Key): void => {
    fillGamma(degreesOfFreedom / 2, first, out)(key)
    for (let i = 0; i < out.length; i++) out[i] *= 2
  }
