/**
 * Randomness as a value: splittable, counter-based, labelled keys, with equal bits on every machine and in every engine.
 *
 * A key is two 32-bit words; its i-th draw is a pure function of the key and i, so draws have a prefix property (`normal(n)` begins
 * `normal(m)`, n ≤ m) and no hidden state. A new consumer of randomness takes a key of its own, by label, and does not change the streams
 * of others.
 *
 * Keys are derived by Threefry-2x32 with 20 rounds (lib/random/threefry.ts), a bijection of the 64-bit counter for each key, so different
 * seeds, and different children of a key, have different keys. The top bits of the counter's high word separate labels (2³⁰) from children
 * (2³¹).
 *
 * Draws are made by Threefry-2x64 (lib/random/draws.ts). Uniform, normal and gamma draws of one key are independent of each other.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein'
 *
 * const key = Key.fromSeed(7)
 * // A stretch of a long stream, from the draw of an index on: the same numbers as all at once.
 * const uniform = new Float64Array(3)
 * pipe(key, Key.fillUniform(2, uniform))
 * assert.deepEqual(uniform, pipe(key, Key.uniform(5)).subarray(2))
 * const chi = new Float64Array(3)
 * pipe(key, Key.fillChiSquared(4, 2, chi))
 * assert.deepEqual(chi, pipe(key, Key.chiSquared(4)(5)).subarray(2))
 *
 * // Below them all: two words of 32 bits for each counter. A record of a run names the version of the draws.
 * const words = pipe(key, Key.block(0, 1))
 * assert(words.every(word => Number.isInteger(word) && word >= 0 && word < 2 ** 32))
 * assert.deepEqual(words, pipe(Key.fromSeed(7), Key.block(0, 1)))
 * assert.equal(Key.generator, 2)
 */
import { cumulative as cumulated } from '../arrays/entries.js'
import { drawsOfKey } from './draws.js'
import { powerOfTwo } from '../numbers/elementary.js'
import * as Simd from '../wasm/index.js'
import { isObject } from '../plain/object.js'
import { refuse } from '../plain/refuse.js'
import { block32 } from './threefry.js'

export interface Key {
  readonly _tag: 'Key'
  /** An unsigned 32-bit integer. */
  readonly k0: number
  /** An unsigned 32-bit integer. */
  readonly k1: number
}

/**
 * Version of the draws, which stored runs record; within a version the draws of a key keep their bits. 1: Threefry-2x32 and Box–Muller; 2:
 * Threefry-2x64 and a ziggurat.
 */
export const generator = 2

const TWO_32 = powerOfTwo(32)
const TWO_31 = powerOfTwo(31)
const LABEL_SPACE = 0x40000000
const CHILDREN = 0x80000000

/** Returns the key; throws if the argument is not a Key. */
const checkedKey = (key: Key): Key =>
  typeof (key as Partial<Key> | undefined | null)?.k0 === 'number'
    ? key
    : refuse(
        `key: ${argumentInWords(key)} is not a Key; make one by Key.fromSeed(7), and give it last: Key.normal(3)(key)`
      )

/** Needed, since JavaScript programs may pass anything. */
const isNumber = (u: unknown): boolean => typeof u === 'number'
const isText = (u: unknown): boolean => typeof u === 'string'

const argumentInWords = (u: unknown): string => (typeof u === 'object' && u !== null ? 'an object' : String(u))

/** Returns n; throws if it is not an integer ≥ 0. */
const checkedCount = (n: number): number =>
  Number.isSafeInteger(n) && n >= 0 ? n : refuse(`n: ${argumentInWords(n)} is not a whole number ≥ 0; try 100`)

/** The two words of Threefry-2x32-20 for a counter. */
export const block =
  (c0: number, c1: number) =>
  (key: Key): readonly [number, number] => {
    const { k0, k1 } = checkedKey(key)
    const out = new Uint32Array(2)
    block32(k0, k1, c0, c1, out)
    return [out[0], out[1]]
  }

const derivedWords = new Uint32Array(2)

const derive =
  (c0: number, c1: number) =>
  (key: Key): Key => {
    const { k0, k1 } = checkedKey(key)
    block32(k0, k1, c0, c1, derivedWords)
    return { _tag: 'Key', k0: derivedWords[0], k1: derivedWords[1] }
  }

// -- keys from seeds and keys ----------------------------------------------------------------------------------------

/** The bytes of "ornstein". */
const ROOT_KEY: Key = { _tag: 'Key', k0: 0x6f726e73, k1: 0x7465696e }

/**
 * The key of a seed, a safe integer (negative ones too); throws a RangeError for other numbers. The seed is encrypted as a counter:
 * different seeds have different keys, and neighbouring seeds unrelated ones.
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
    const near = typeof seed === 'number' ? Math.round(seed) : NaN
    throw new RangeError(
      `seed: ${argumentInWords(seed)} is not a safe integer; try ${Number.isSafeInteger(near) ? near : 7}`
    )
  }
  return derive(seed >>> 0, Math.floor(seed / TWO_32) >>> 0)(ROOT_KEY)
}

/**
 * The child of a key for an integer in [0, 2⁵³), such as a row, a step or a component's number. Children of one key are all different.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key } from 'ornstein/float64'
 *
 * const key = Key.fromSeed(7)
 * assert.deepEqual(Key.child(2)(key), Key.split(3)(key)[2])
 */
export const child = (index: number): ((key: Key) => Key) =>
  isNumber(index)
    ? derive(index >>> 0, CHILDREN + Math.floor(index / TWO_32))
    : refuse(`index: ${argumentInWords(index)} is not a whole number ≥ 0; try 0`)

/**
 * The first n children of a key: `split(n)(key)[i]` is `child(i)(key)`.
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
  (key: Key): ReadonlyArray<Key> => {
    const keys = new Array<Key>(checkedCount(n))
    for (let index = 0; index < keys.length; index++) keys[index] = child(index)(key)
    return keys
  }

/**
 * Key of a label, derived from its length first, so that no label's derivation begins another's; then from two UTF-16 code units at a time.
 */
const labelKey =
  (text: string) =>
  (key: Key): Key => {
    if (!isText(text)) refuse(`label: ${argumentInWords(text)} is not a text; try 'noise'`)
    let derived = derive(text.length, LABEL_SPACE)(key)
    for (let at = 0; at < text.length; at += 2) {
      const second = at + 1 < text.length ? text.charCodeAt(at + 1) : 0
      derived = derive(text.charCodeAt(at) + second * 65536, LABEL_SPACE + 1)(derived)
    }
    return derived
  }

/**
 * Keys by label. A label's key depends on the parent key and the label's text only, so a new consumer of randomness leaves the streams of
 * others unchanged.
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
  (key: Key): { readonly [K in L]: Key } => {
    const keyOf = (text: L): Key => labelKey(text)(key)
    // A list of entries takes longer than a single key, which every step of a run derives.
    const found =
      labels.length === 1
        ? { [labels[0]]: keyOf(labels[0]) }
        : Object.fromEntries(labels.map(text => [text, keyOf(text)]))
    // The record has exactly the labels as keys, which TypeScript infers for neither expression.
    return found as { readonly [K in L]: Key }
  }

// -- draws -----------------------------------------------------------------------------------------------------------

/**
 * n numbers uniform on [0, 1), multiples of 2⁻⁵³: the highest 53 bits of a word.
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
    const out = new Float64Array(checkedCount(n))
    fillUniform(0, out)(key)
    return out
  }

/** Writes the uniform draws first, first + 1, … of a key to all of `out`. */
export const fillUniform =
  (first: number, out: Float64Array) =>
  (key: Key): void => {
    const { k0, k1 } = checkedKey(key)
    if (!Simd.uniforms(k0, k1, first, out)) drawsOfKey(k0, k1).uniforms(first, out)
  }

/**
 * Writes the normal draws first, first + 1, … of a key to all of `out`, for loops that need one part of a long stream at a time.
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
    const { k0, k1 } = checkedKey(key)
    if (!Simd.normals(k0, k1, first, out)) drawsOfKey(k0, k1).normals(first, out)
  }

/**
 * n standard normal numbers: `normal(n)` begins `normal(m)` for n ≤ m. By a ziggurat (Marsaglia & Tsang 2000), each from a word of its own,
 * and one in 67 from further words too; none exceeds 13.8 in size.
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
    const out = new Float64Array(checkedCount(n))
    fillNormal(0, out)(key)
    return out
  }

/**
 * n integers uniform on {0, …, bound − 1}, 1 ≤ bound ≤ 2³¹: ⌊u · bound⌋, so probabilities have errors of at most 2⁻⁵³. Another bound throws
 * a RangeError.
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
    throw new RangeError(
      `bound: ${argumentInWords(bound)} is not a whole number in [1, 2³¹]; try ${Number.isInteger(bound) && bound > TWO_31 ? '2³¹' : 2}`
    )
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
    const order = new Int32Array(checkedCount(n))
    for (let i = 0; i < n; i++) order[i] = i
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
 * `count` different integers of 0 … n − 1, ascending; every such set is equally likely (Floyd's algorithm: time and memory grow with
 * `count`, not with n). 0 ≤ count ≤ n < 2³¹; others throw a RangeError.
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
      throw new RangeError(`n: ${argumentInWords(n)} is not a whole number in [0, 2³¹); try 100`)
    if (!(Number.isInteger(count) && count >= 0 && count <= n))
      throw new RangeError(`count: ${argumentInWords(count)} is not a whole number in [0, n], n = ${n}; try ${n}`)
    const chosen = new Set<number>()
    const draws = uniform(count)(key)
    for (let i = 0; i < count; i++) {
      const last = n - count + i
      const drawn = Math.floor(draws[i] * (last + 1))
      chosen.add(chosen.has(drawn) ? last : drawn)
    }
    return Int32Array.from(chosen).sort()
  }

/**
 * n indices into `weights`, each k with probability weights[k] / Σ weights, by inversion of the cumulative sum. Weights are finite, not
 * negative, and not all 0; others throw a RangeError. A weight of 0 is never drawn.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 *
 * assert.deepEqual(pipe(Key.fromSeed(7), Key.categorical([0, 3, 0])(4)), Int32Array.of(1, 1, 1, 1))
 */
export const categorical = (weights: ArrayLike<number>): ((n: number) => (key: Key) => Int32Array) => {
  if (!(isObject(weights) && Array.from<unknown>(weights).every(isNumber)))
    refuse(`weights: ${argumentInWords(weights)} is not a list of numbers; try [1, 1]`)
  const cumulative = cumulated(Float64Array.from(weights))
  const last = cumulative.length - 1
  const bad = Array.from(weights).findIndex(weight => !(weight >= 0 && weight < Infinity))
  if (bad >= 0)
    throw new RangeError(
      `weights: number ${bad}, ${weights[bad]}, is not ≥ 0 and finite; give 0 to what is never drawn`
    )
  if (!(cumulative[last] > 0 && cumulative[last] < Infinity))
    throw new RangeError(`weights: their sum, ${cumulative[last] ?? 0}, is not > 0 and finite; let at least one be > 0`)
  /** First k whose cumulative weight exceeds x, so a weight of 0 is never chosen. */
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
    if (!ArrayBuffer.isView(out))
      refuse(`out: ${argumentInWords(out)} is not a Float64Array; give one to be written to`)
    const { k0, k1 } = checkedKey(key)
    if (!(isNumber(shape) && shape > 0 && shape < Infinity)) {
      out.fill(shape === 0 ? 0 : NaN)
      return
    }
    drawsOfKey(k0, k1).gammas(shape, first, out)
  }

/**
 * n draws of the gamma distribution with the given shape and scale 1: density x^(shape − 1) e^(−x) / Γ(shape), mean and variance `shape`.
 *
 * Shape 0 is the point mass at 0; a shape that is negative or not finite gives NaN.
 *
 * Source: Marsaglia & Tsang, *A simple method for generating gamma variables*, 2000. For shape < 1, Γ(shape) = Γ(shape + 1)·U^(1/shape).
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
    const out = new Float64Array(checkedCount(n))
    fillGamma(shape, 0, out)(key)
    return out
  }

/**
 * n draws of the chi-squared distribution: the squared length of a standard normal vector of `degrees` dimensions, 2·Γ(degrees/2). Mean
 * `degrees`, variance 2·degrees; 0 degrees give zeros, negative ones NaN.
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
    const out = new Float64Array(checkedCount(n))
    fillChiSquared(degreesOfFreedom, 0, out)(key)
    return out
  }

/** Writes the chi-squared draws first, first + 1, … of a key to all of `out`. */
export const fillChiSquared =
  (degreesOfFreedom: number, first: number, out: Float64Array) =>
  (key: Key): void => {
    fillGamma(isNumber(degreesOfFreedom) ? degreesOfFreedom / 2 : NaN, first, out)(key)
    for (let i = 0; i < out.length; i++) out[i] *= 2
  }
