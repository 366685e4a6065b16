/** Laws of keys: what is derived depends on what it is derived from and on nothing else, and no two uses meet. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import * as Chance from './chance.js'
import { average } from './check.js'
import type { Laws } from './law.js'
import * as arbitraries from './arbitraries.js'
import { forAll, ofRows, equals, atMost, below, sameBits, type Relation, type Said, type Stated } from './lawRows.js'

/** What a source of randomness has to offer: `Key` does. */
export type Source = Pick<typeof Key, 'child' | 'split' | 'named' | 'uniform' | 'normal' | 'permutation'>

export interface KeyOptions {
  /** The computation under test. */
  readonly source: Source
  readonly keys: fc.Arbitrary<Key.Key>
  readonly labels: fc.Arbitrary<string>
  /** Draws for a claim about their law. */
  readonly draws: number
  /** The probability that one such claim is refused though it is true. */
  readonly fault: number
}

const defaults: KeyOptions = {
  source: Key,
  keys: arbitraries.keys,
  labels: fc.string({ maxLength: 6 }),
  draws: 1000,
  fault: 1e-12
}

/** That no two are equal: the first that is met again is shown. */
const areDifferent = (values: ReadonlyArray<string | number>): Said => {
  const first = new Map([...values].reverse().map((value, i) => [value, values.length - 1 - i]))
  return sameBits(
    values.filter((value, i) => first.get(value) !== i),
    []
  )
}

const print = ({ k0, k1 }: Key.Key): string => `${k0} ${k1}`

/** The uniform draw that a key's words would make. */
const asDraw = ({ k0, k1 }: Key.Key): number =>
  ((k0 >>> 5) * Elementary.powerOfTwo(26) + (k1 >>> 6)) * Elementary.powerOfTwo(-53)

/** sup |F_n − F| over the draws, for the distribution F uniform on [0, 1). */
const deviation = (draws: Float64Array): number =>
  draws
    .slice()
    .sort()
    .reduce((worst, x, i) => Math.max(worst, x - i / draws.length, (i + 1) / draws.length - x), 0)

const count = fc.nat(20)

/**
 * The laws of keys. Those of a distribution hold with a stated confidence: 1 − `fault` for each case.
 *
 * @example
 * import fc from 'fast-check'
 * import * as laws from 'ornstein/laws'
 *
 * laws.key().forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 1 })
 * })
 */
export const key = (options: Partial<KeyOptions> = {}): Laws => {
  const all = { ...defaults, ...options }
  return ofRows('Key', [...ofDerivations(all), ...ofDraws(all)])
}

const labelled = ({ keys, labels }: KeyOptions) =>
  forAll(fc.record({ key: keys, labels: fc.uniqueArray(labels, { minLength: 2, maxLength: 6 }) }))

/** That no derived key depends on another, nor meets one. */
const ofDerivations = (options: KeyOptions): ReadonlyArray<Stated> => {
  const { source, keys } = options
  const { child, split, named, uniform } = source
  const ofLabelled = labelled(options)
  return [
    forAll(fc.record({ key: keys, n: count, more: count }))({
      name: 'splitting does not depend on how many',
      statement: '∀ key, n, m: split(n + m) begins with split(n), and split(n + 1) ends with child(n).',
      source: 'a new consumer shifts nobody else’s stream',
      says: ({ key, n, more }) => {
        const children = split(n + more + 1)(key)
        return [sameBits(children.slice(0, n), split(n)(key)), sameBits(children[n], child(n)(key))]
      }
    }),
    forAll(
      fc.record({
        key: keys,
        order: fc.uniqueArray(count, { minLength: 1 }),
        labels: fc.uniqueArray(options.labels, { minLength: 2, maxLength: 6 })
      })
    )({
      name: 'splitting does not depend on order',
      statement: '∀ key: a child is the same whichever children, labels and draws were asked for before it.',
      source: 'a key is a value',
      says: ({ key, order, labels }) => {
        const forwards = order.map(n => child(n)(key))
        const streams = named(...labels)(key)
        const drawn = uniform(3)(key)
        const backwards = order.map((_, i) => child(order[order.length - 1 - i])(key)).reverse()
        return [
          sameBits(forwards, backwards),
          sameBits(streams, named(...labels)(key)),
          sameBits(drawn, uniform(3)(key)),
          sameBits(split(Math.max(...order) + 1)(key)[order[0]], forwards[0])
        ]
      }
    }),
    ofLabelled({
      name: 'a stream does not depend on its position or on other labels',
      statement: '∀ key, labels: named(label) is the same alone, among others, and in any order of them.',
      source: 'a new consumer shifts nobody else’s stream',
      says: ({ key, labels }) => {
        const together = named(...labels)(key)
        const reversed = named(...labels.slice().reverse())(key)
        return labels.flatMap(label => [
          sameBits(together[label], named(label)(key)[label]),
          sameBits(together[label], reversed[label])
        ])
      }
    }),
    ofLabelled({
      name: 'no two labelled streams are equal',
      statement: '∀ key, labels a ≠ b: the keys of a and b differ, and so does every draw of theirs.',
      source: 'chance makes 53-bit draws meet with probability 2⁻⁴⁰ at most',
      says: ({ key, labels }) => {
        const streams = Object.values(named(...labels)(key))
        return [
          areDifferent(streams.map(print)),
          areDifferent(streams.flatMap(stream => Array.from(uniform(8)(stream))))
        ]
      }
    }),
    ofLabelled({
      name: 'derivations never meet draws',
      statement:
        '∀ key: its children, grandchildren, labelled keys and draws are all different, and so are theirs of one another.',
      source: 'chance makes n of 53 bits meet with probability n² 2⁻⁵⁴: 1e-11 here',
      says: ({ key, labels }) => {
        const children = split(100)(key)
        const derived = [
          key,
          ...children,
          ...split(10)(children[0]),
          ...Object.values<Key.Key>(named(...labels)(key)),
          ...Object.values<Key.Key>(named(...labels)(children[0]))
        ]
        return areDifferent([...derived.map(asDraw), ...uniform(200)(key)])
      }
    })
  ]
}

/** That draws have their distribution, each alone. */
const ofDraws = (options: KeyOptions): ReadonlyArray<Stated> => {
  const { source, keys, draws, fault } = options
  const { split, named, uniform, normal, permutation } = source
  const ofKeys = forAll(fc.record({ key: keys }))
  return [
    ofKeys({
      name: 'uniform draws lie in [0, 1)',
      statement: '∀ key: every draw is a multiple of 2⁻⁵³ in [0, 1).',
      source: 'definition of `uniform`',
      says: ({ key }) => {
        const found = uniform(100)(key)
        const steps = found.map(u => u * Elementary.powerOfTwo(53))
        return [atMost(0, found), below(found, 1), sameBits(steps.map(Math.floor), steps)]
      }
    }),
    ofKeys({
      name: 'uniform draws are uniform',
      statement:
        '∀ key: sup |F_n − F| ≤ √(log(2/fault)/2n), F uniform on [0, 1); and each of the 53 bits is 1 as often as 0, within a bound that a right one fails with probability 1e-9.',
      source: 'Dvoretzky, Kiefer & Wolfowitz 1956, with the constant of Massart 1990; Hoeffding 1963',
      says: ({ key }) => {
        const found = uniform(draws)(key)
        const bit = (u: number, at: number): number => Math.floor(u * Elementary.powerOfTwo(at)) % 2
        return [
          atMost(deviation(found), Math.sqrt(Elementary.log(2 / fault) / (2 * draws))),
          ...Array.from({ length: 53 }, (_, i) => Chance.shareOf(average(found.map(u => bit(u, i + 1))), 1 / 2, draws))
        ]
      }
    }),
    labelled(options)({
      name: 'streams are independent',
      statement: '∀ key: the draws of a key, of its children and of its labels agree in their half as often as not.',
      source: 'Hoeffding 1963: |mean sign| ≤ √(2 log(2/fault)/n)',
      says: ({ key, labels }) => {
        const streams = [key, ...split(2)(key), ...Object.values<Key.Key>(named(...labels)(key))].map(uniform(draws))
        const bound = Math.sqrt((2 * Elementary.log(2 / fault)) / draws)
        const agreement = (a: Float64Array, b: Float64Array): number =>
          a.reduce((sum, x, i) => sum + (x < 0.5 === b[i] < 0.5 ? 1 : -1), 0) / draws
        return streams.flatMap((a, i) => streams.slice(i + 1).map(b => equals(agreement(a, b), 0, bound)))
      }
    }),
    forAll(fc.record({ key: keys, n: count, more: count }))({
      name: 'more draws begin with fewer',
      statement: '∀ key, n, m: uniform(n + m) begins with uniform(n), normal(n + m) with normal(n).',
      source: 'the i-th draw is a function of the key and i',
      says: ({ key, n, more }) =>
        [uniform, normal].flatMap(draw => [
          equals(draw(n)(key).length, n),
          sameBits(draw(n + more)(key).slice(0, n), draw(n)(key))
        ])
    }),
    ofKeys({
      name: 'normal draws have the moments 0 and 1',
      statement: '∀ key: |mean| and |mean square − 1| are within 7.5 standard errors of 0, and no draw exceeds 8.58.',
      source: 'E Z = 0, E Z² = 1, Var Z² = 2; P(|Z| > 7.5) < 1e-13; √(106 log 2) = 8.57 is the end of the 53-bit range',
      says: ({ key }) => {
        const z = normal(draws)(key)
        return [
          below(z.map(Math.abs), 8.58),
          equals(average(z), 0, 7.5 / Math.sqrt(draws)),
          equals(average(z.map(Elementary.square)), 1, 7.5 * Math.sqrt(2 / draws))
        ]
      }
    }),
    ofKeys({
      name: 'normal draws are normal',
      statement:
        '∀ key: of a million draws the distribution function at nine places, in the tails too, is Φ, and the mean square 1, within bounds that a right one fails with probability 1e-9.',
      source: 'Hoeffding 1963; Laurent & Massart 2000',
      maxCases: 3,
      says: ({ key }) => Chance.standardNormal(Float64Array.from(normal(1_000_000)(key)))
    }),
    ofKeys({
      name: 'a draw knows nothing of the one before',
      statement:
        '∀ key: over 200 000 pairs of neighbours neither the ranks nor the sizes of the one go with those of the other, within Bernstein’s bound, which a right one fails with probability 1e-9.',
      source: 'Bernstein 1924',
      maxCases: 3,
      says: ({ key }) => {
        const z = normal(400_001)(key)
        const every = (from: number): Float64Array =>
          z.filter((_, i) => i % 2 === from % 2 && i >= from).slice(0, 200_000)
        return [Chance.unrelated(every(0), every(1)), Chance.unrelated(every(1), every(2))]
      }
    }),
    forAll(fc.record({ key: keys, n: count }))({
      name: 'a permutation has every index once',
      statement: '∀ key, n: permutation(n), sorted, is 0, …, n − 1.',
      source: 'definition of a permutation',
      says: ({ key, n }) =>
        sameBits(
          Array.from(permutation(n)(key)).sort((a, b) => a - b),
          Array.from({ length: n }, (_, i) => i)
        )
    }),
    ofKeys({
      name: 'every place of a permutation is uniform',
      statement:
        '∀ key: over 40 000 children of a key each index of three comes at each place as often as any other, and each order, within a bound that a right one fails with probability 1e-9.',
      source: 'Hoeffding 1963',
      maxCases: 3,
      says: ({ key }) => {
        const all = split(40_000)(key).map(one => permutation(3)(one))
        const share = (is: (order: ArrayLike<number>) => boolean, wanted: number): Relation =>
          Chance.shareOf(all.filter(is).length / all.length, wanted, all.length)
        return [0, 1, 2].flatMap(k => [
          ...[0, 1, 2].map(place => share(order => order[place] === k, 1 / 3)),
          ...[1, 2].map(next => share(order => order[0] === k && order[1] === (k + next) % 3, 1 / 6))
        ])
      }
    })
  ]
}
