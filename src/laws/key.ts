/** Laws of keys: what is derived depends on what it is derived from and on nothing else, and no two uses meet. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import { sameBits } from './bits.js'
import * as Chance from './chance.js'
import { greatest } from './check.js'
import type { Law } from './law.js'
import * as arbitraries from './pipelines.js'

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

const areDifferent = (values: ReadonlyArray<string | number>): boolean => new Set(values).size === values.length

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

/**
 * The laws of keys. Those of a distribution hold with a stated confidence: 1 − `fault` for each case.
 *
 * @example
 * import fc from 'fast-check'
 * import * as laws from 'ornstein/laws'
 *
 * laws.key().forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 10 })
 * })
 */
export const key = (options: Partial<KeyOptions> = {}): ReadonlyArray<Law> => {
  const all = { ...defaults, ...options }
  return [...ofDerivations(all), ...ofDraws(all)]
}

const count = fc.nat(20)
const someOf = (labels: fc.Arbitrary<string>): fc.Arbitrary<ReadonlyArray<string>> =>
  fc.uniqueArray(labels, { minLength: 2, maxLength: 6 })

/** That no derived key depends on another, nor meets one. */
const ofDerivations = ({ source, keys, labels }: KeyOptions): ReadonlyArray<Law> => {
  const { child, split, named, uniform } = source
  const some = someOf(labels)
  return [
    {
      name: 'splitting does not depend on how many',
      statement: '∀ key, n, m: split(n + m) begins with split(n), and split(n + 1) ends with child(n).',
      source: 'a new consumer shifts nobody else’s stream',
      property: fc.property(keys, count, count, (key, n, more) => {
        const children = split(n + more + 1)(key)
        return sameBits(children.slice(0, n), split(n)(key)) && sameBits(children[n], child(n)(key))
      })
    },
    {
      name: 'splitting does not depend on order',
      statement: '∀ key: a child is the same whichever children, labels and draws were asked for before it.',
      source: 'a key is a value',
      property: fc.property(keys, fc.uniqueArray(count, { minLength: 1 }), some, (key, order, labels) => {
        const forwards = order.map(n => child(n)(key))
        const labelled = named(...labels)(key)
        const drawn = uniform(3)(key)
        const backwards = order.map((_, i) => child(order[order.length - 1 - i])(key)).reverse()
        return (
          sameBits(forwards, backwards) &&
          sameBits(labelled, named(...labels)(key)) &&
          sameBits(drawn, uniform(3)(key)) &&
          sameBits(split(Math.max(...order) + 1)(key)[order[0]], forwards[0])
        )
      })
    },
    {
      name: 'a stream does not depend on its position or on other labels',
      statement: '∀ key, labels: named(label) is the same alone, among others, and in any order of them.',
      source: 'a new consumer shifts nobody else’s stream',
      property: fc.property(keys, some, (key, labels) => {
        const together = named(...labels)(key)
        const reversed = named(...labels.slice().reverse())(key)
        return labels.every(
          label => sameBits(together[label], named(label)(key)[label]) && sameBits(together[label], reversed[label])
        )
      })
    },
    {
      name: 'no two labelled streams are equal',
      statement: '∀ key, labels a ≠ b: the keys of a and b differ, and so does every draw of theirs.',
      source: 'chance makes 53-bit draws meet with probability 2⁻⁴⁰ at most',
      property: fc.property(keys, some, (key, labels) => {
        const streams = Object.values(named(...labels)(key))
        return (
          areDifferent(streams.map(print)) && areDifferent(streams.flatMap(stream => Array.from(uniform(8)(stream))))
        )
      })
    },
    {
      name: 'derivations never meet draws',
      statement:
        '∀ key: its children, grandchildren, labelled keys and draws are all different, and so are theirs of one another.',
      source: 'chance makes n of 53 bits meet with probability n² 2⁻⁵⁴: 1e-11 here',
      property: fc.property(keys, some, (key, labels) => {
        const children = split(100)(key)
        const derived = [
          key,
          ...children,
          ...split(10)(children[0]),
          ...Object.values<Key.Key>(named(...labels)(key)),
          ...Object.values<Key.Key>(named(...labels)(children[0]))
        ]
        const drawn = Array.from(uniform(200)(key))
        return areDifferent([...derived.map(asDraw), ...drawn])
      })
    }
  ]
}

/** That draws have their distribution, each alone. */
const ofDraws = ({ source, keys, labels, draws, fault }: KeyOptions): ReadonlyArray<Law> => {
  const { split, named, uniform, normal, permutation } = source
  const some = someOf(labels)
  return [
    {
      name: 'uniform draws lie in [0, 1)',
      statement: '∀ key: every draw is a multiple of 2⁻⁵³ in [0, 1).',
      source: 'definition of `uniform`',
      property: fc.property(keys, key =>
        uniform(100)(key).every(u => 0 <= u && u < 1 && Number.isInteger(u * Elementary.powerOfTwo(53)))
      )
    },
    {
      name: 'uniform draws are uniform',
      statement: '∀ key: sup |F_n − F| ≤ √(log(2/fault)/2n), F uniform on [0, 1).',
      source: 'Dvoretzky, Kiefer & Wolfowitz 1956, with the constant of Massart 1990',
      property: fc.property(
        keys,
        key => deviation(uniform(draws)(key)) <= Math.sqrt(Elementary.log(2 / fault) / (2 * draws))
      )
    },
    {
      name: 'streams are independent',
      statement: '∀ key: the draws of a key, of its children and of its labels agree in their half as often as not.',
      source: 'Hoeffding 1963: |mean sign| ≤ √(2 log(2/fault)/n)',
      property: fc.property(keys, some, (key, labels) => {
        const streams = [key, ...split(2)(key), ...Object.values<Key.Key>(named(...labels)(key))].map(uniform(draws))
        const bound = Math.sqrt((2 * Elementary.log(2 / fault)) / draws)
        const agreement = (a: Float64Array, b: Float64Array): number =>
          a.reduce((sum, x, i) => sum + (x < 0.5 === b[i] < 0.5 ? 1 : -1), 0) / draws
        return streams.every((a, i) => streams.slice(i + 1).every(b => Math.abs(agreement(a, b)) <= bound))
      })
    },
    {
      name: 'more draws begin with fewer',
      statement: '∀ key, n, m: uniform(n + m) begins with uniform(n), normal(n + m) with normal(n).',
      source: 'the i-th draw is a function of the key and i',
      property: fc.property(keys, count, count, (key, n, more) =>
        [uniform, normal].every(
          draw => draw(n)(key).length === n && sameBits(draw(n + more)(key).slice(0, n), draw(n)(key))
        )
      )
    },
    {
      name: 'normal draws have the moments 0 and 1',
      statement: '∀ key: |mean| and |mean square − 1| are within 7.5 standard errors of 0, and no draw exceeds 8.58.',
      source: 'E Z = 0, E Z² = 1, Var Z² = 2; P(|Z| > 7.5) < 1e-13; √(106 log 2) = 8.57 is the end of the 53-bit range',
      property: fc.property(keys, key => {
        const z = normal(draws)(key)
        const mean = (f: (z: number) => number): number => z.reduce((sum, x) => sum + f(x), 0) / draws
        return (
          greatest(z) < 8.58 &&
          Math.abs(mean(x => x)) <= 7.5 / Math.sqrt(draws) &&
          Math.abs(mean(x => x * x) - 1) <= 7.5 * Math.sqrt(2 / draws)
        )
      })
    },
    {
      name: 'normal draws are normal',
      statement:
        '∀ key: of 5000 draws the distribution function at seven places is Φ, and the mean square 1, within bounds that a right one fails with probability 1e-9.',
      source: 'Hoeffding 1963; Laurent & Massart 2000',
      property: fc.property(keys, key => Chance.areStandardNormal('draws', Float64Array.from(normal(5000)(key))))
    },
    {
      name: 'a permutation has every index once',
      statement: '∀ key, n: permutation(n), sorted, is 0, …, n − 1.',
      source: 'definition of a permutation',
      property: fc.property(keys, count, (key, n) =>
        sameBits(
          Array.from(permutation(n)(key)).sort((a, b) => a - b),
          Array.from({ length: n }, (_, i) => i)
        )
      )
    },
    {
      name: 'every place of a permutation is uniform',
      statement: '∀ key: over the children of a key, each index comes first as often as any other.',
      source: 'Hoeffding 1963: each frequency is within √(log(2·3/fault)/2n) of 1/3',
      property: fc.property(keys, key => {
        const firsts = split(draws)(key).map(one => pipe(one, permutation(3))[0])
        const bound = Math.sqrt(Elementary.log(6 / fault) / (2 * draws))
        return [0, 1, 2].every(k => Math.abs(firsts.filter(first => first === k).length / draws - 1 / 3) <= bound)
      })
    }
  ]
}
