/** Laws of keys: derived streams depend on their key and label or index alone, and are independent. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import * as Chance from './chance.js'
import { meanNumber } from './check.js'
import type { Laws } from './law.js'
import * as arbitraries from './arbitraries.js'
import {
  forAll,
  ofRows,
  equals,
  atMost,
  below,
  sameBits,
  type LawBuilder,
  type Relation,
  type LawRelations,
  atLeast
} from './lawRows.js'

export type Source = Pick<typeof Key, 'child' | 'split' | 'named' | 'uniform' | 'normal' | 'permutation'>

export interface KeyOptions {
  readonly source?: Partial<Source>
}

/**
 * Returns the laws of keys. Statistical laws state their probability of failure for a correct source.
 *
 * @example
 * import fc from 'fast-check'
 * import * as laws from 'ornstein/laws'
 *
 * laws.key().forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 1 })
 * })
 */
export const key = (options: KeyOptions = {}): Laws => {
  const source: Source = { ...Key, ...options.source }
  return ofRows('Key', [
    splitDependsOnIndexAlone(source),
    streamsDependOnLabelAlone(source),
    uniformDrawsAreUniform(source),
    streamsAreIndependent(source),
    drawsDependOnIndexAlone(source),
    normalDrawsAreNormal(source),
    neighboursAreUnassociated(source),
    permutationsAreUniform(source)
  ])
}

const KEY_DRAWS = 1000

const FAILURE_PROBABILITY = 1e-12

const anyCount = fc.nat(20)

/** Labels, some different only in case or blanks. */
const labels = fc
  .uniqueArray(fc.string({ maxLength: 6 }), { minLength: 2, maxLength: 4 })
  .map(some => [...new Set([...some, 'noise', 'Noise', 'NOISE ', ' noise'])])

const { keys } = arbitraries
const ofKeys = forAll(fc.record({ key: keys }))
const ofCounts = forAll(fc.record({ key: keys, n: anyCount, more: anyCount }))
const ofLabels = forAll(fc.record({ key: keys, labels }))

const splitDependsOnIndexAlone = ({ split, child, uniform }: Source): LawBuilder =>
  ofCounts({
    name: 'splitting does not depend on how many',
    quantity: 'keys',
    statement:
      '∀ key, n, m: split(n + m) begins with split(n), split(n + 1) ends with child(n), and so it is whatever was asked for before.',
    source: 'a key is a value; a new consumer shifts nobody else’s stream',
    says: ({ key, n, more }) => {
      const drawn = uniform(3)(key)
      const children = split(n + more + 1)(key)
      return [
        sameBits(children.slice(0, n), split(n)(key)),
        sameBits(children[n], child(n)(key)),
        sameBits([child(n)(key), split(n)(key), uniform(3)(key)], [children[n], children.slice(0, n), drawn])
      ]
    }
  })

const streamsDependOnLabelAlone = ({ named, uniform }: Source): LawBuilder =>
  ofLabels({
    name: 'a stream depends on its label alone',
    statement:
      '∀ key, labels: named(label) is the same alone, among others, and in any order of them; and the streams of all labels are different, letter by letter, as are their draws.',
    source: 'a new consumer shifts nobody else’s stream; chance makes 53-bit draws meet with probability 2⁻⁴⁰ at most',
    says: ({ key, labels }) => {
      const together = named(...labels)(key)
      const reversed = named(...labels.slice().reverse())(key)
      const streams = Object.values<Key.Key>(together)
      return [
        labels.map(label => [
          sameBits(named(label)(key)[label], together[label]),
          sameBits(reversed[label], together[label])
        ]),
        equals(streams.length, labels.length),
        areDifferent(streams.map(({ k0, k1 }) => `${k0} ${k1}`)),
        areDifferent(streams.flatMap(stream => Array.from(uniform(8)(stream))))
      ]
    }
  })

const uniformDrawsAreUniform = ({ uniform }: Source): LawBuilder =>
  ofKeys({
    name: 'uniform draws are uniform',
    quantity: 'draws or their statistic',
    statement:
      '∀ key: every draw is a multiple of 2⁻⁵³ in [0, 1); sup |F_n − F| ≤ √(log(2/1e-12)/2n), F uniform on [0, 1); and each of the 53 bits is 1 as often as 0, within a bound that a right one fails with probability 1e-9.',
    source: 'Dvoretzky, Kiefer & Wolfowitz 1956, with the constant of Massart 1990; Hoeffding 1963',
    says: ({ key }) => {
      const found = uniform(KEY_DRAWS)(key)
      const bit = (u: number, at: number): number => Math.floor(u * Elementary.powerOfTwo(at)) % 2
      const steps = found.map(u => u * Elementary.powerOfTwo(53))
      return [
        atLeast(found, 0),
        below(found, 1),
        sameBits(steps.map(Math.floor), steps),
        atMost(uniformDeviation(found), Math.sqrt(Elementary.log(2 / FAILURE_PROBABILITY) / (2 * KEY_DRAWS))),
        ...Array.from({ length: 53 }, (_, i) =>
          Chance.shareIsProbability(meanNumber(found.map(u => bit(u, i + 1))), 1 / 2, KEY_DRAWS)
        )
      ]
    }
  })

const streamsAreIndependent = ({ split, named, uniform }: Source): LawBuilder =>
  ofLabels({
    name: 'streams are independent',
    statement: '∀ key: the draws of a key, of its children and of its labels agree in their half as often as not.',
    source: 'Hoeffding 1963: |mean sign| ≤ √(2 log(2/1e-12)/n)',
    says: ({ key, labels }) => {
      const streams = [key, ...split(2)(key), ...Object.values<Key.Key>(named(...labels)(key))].map(uniform(KEY_DRAWS))
      const bound = Math.sqrt((2 * Elementary.log(2 / FAILURE_PROBABILITY)) / KEY_DRAWS)
      const agreement = (a: Float64Array, b: Float64Array): number =>
        a.reduce((sum, x, i) => sum + (x < 0.5 === b[i] < 0.5 ? 1 : -1), 0) / KEY_DRAWS
      return streams.flatMap((a, i) => streams.slice(i + 1).map(b => equals(agreement(a, b), 0, bound)))
    }
  })

const drawsDependOnIndexAlone = ({ uniform, normal }: Source): LawBuilder =>
  ofCounts({
    name: 'more draws begin with fewer',
    quantity: 'draws',
    statement: '∀ key, n, m: uniform(n + m) begins with uniform(n), normal(n + m) with normal(n).',
    source: 'the i-th draw is a function of the key and i',
    says: ({ key, n, more }) =>
      [uniform, normal].flatMap(draw => [
        equals(draw(n)(key).length, n),
        sameBits(draw(n + more)(key).slice(0, n), draw(n)(key))
      ])
  })

const normalDrawsAreNormal = ({ normal }: Source): LawBuilder =>
  ofKeys({
    name: 'normal draws are normal',
    quantity: 'statistic of the draws',
    statement:
      '∀ key: of a million draws none exceeds 8.58, the end of the 53-bit range; the distribution function at nine places, in the tails too, is Φ, and the mean square 1, within bounds that a right one fails with probability 1e-9.',
    source: 'Hoeffding 1963; Laurent & Massart 2000; √(106 log 2) = 8.57',
    maxCases: 3,
    says: ({ key }) => {
      const draws = Float64Array.from(normal(1_000_000)(key))
      return [
        below(
          draws.reduce((most, z) => Math.max(most, Math.abs(z)), 0),
          8.58
        ),
        Chance.areStandardNormal(draws)
      ]
    }
  })

const neighboursAreUnassociated = ({ normal }: Source): LawBuilder =>
  ofKeys({
    name: 'a draw knows nothing of the one before',
    quantity: 'association of neighbouring draws',
    statement:
      '∀ key: over 200 000 pairs of neighbours neither the ranks nor the sizes of the one go with those of the other, within Bernstein’s bound, which a right one fails with probability 1e-9.',
    source: 'Bernstein 1924',
    maxCases: 3,
    says: ({ key }) => {
      const z = normal(400_001)(key)
      const every = (from: number): Float64Array =>
        z.filter((_, i) => i % 2 === from % 2 && i >= from).slice(0, 200_000)
      return [Chance.areUnassociated(every(0), every(1)), Chance.areUnassociated(every(1), every(2))]
    }
  })

const permutationsAreUniform = ({ split, permutation }: Source): LawBuilder =>
  forAll(fc.record({ key: keys, n: anyCount }))({
    name: 'every place of a permutation is uniform',
    quantity: 'permutation',
    statement:
      '∀ key, n: permutation(n), sorted, is 0, …, n − 1; and over 40 000 children of a key each index of three comes at each place as often as any other, and each order, within a bound that a right one fails with probability 1e-9.',
    source: 'definition of a permutation; Hoeffding 1963',
    maxCases: 3,
    says: ({ key, n }) => {
      const sizes = [n, 0, 1, 2, 7, 20].map(n =>
        sameBits(
          Array.from(permutation(n)(key)).sort((a, b) => a - b),
          Array.from({ length: n }, (_, i) => i)
        )
      )
      const all = split(40_000)(key).map(one => permutation(3)(one))
      const share = (is: (order: ArrayLike<number>) => boolean, wanted: number): Relation =>
        Chance.shareIsProbability(all.filter(is).length / all.length, wanted, all.length)
      return [
        sizes,
        [0, 1, 2].flatMap(k => [
          ...[0, 1, 2].map(place => share(order => order[place] === k, 1 / 3)),
          ...[1, 2].map(next => share(order => order[0] === k && order[1] === (k + next) % 3, 1 / 6))
        ])
      ]
    }
  })

/** Relation that all values differ; a failure shows repeated ones. */
const areDifferent = (values: ReadonlyArray<string | number>): LawRelations => {
  const first = new Map([...values].reverse().map((value, i) => [value, values.length - 1 - i]))
  const again = values.filter((value, i) => first.get(value) !== i)
  return sameBits({ different: first.size, again }, { different: values.length, again: [] })
}

/** Kolmogorov–Smirnov statistic sup |F_n − F| of uniform draws on [0, 1). */
const uniformDeviation = (draws: Float64Array): number =>
  draws
    .slice()
    .sort()
    .reduce((worst, x, i) => Math.max(worst, x - i / draws.length, (i + 1) / draws.length - x), 0)
