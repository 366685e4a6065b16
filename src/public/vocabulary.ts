/**
 * Vocabularies: sets of cases for JSON, lists and arbitraries. `standard` contains all cases of the language.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as fc from 'fast-check'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Rate, Region, Vocabulary } from 'ornstein'
 *
 * // A file names its version and its concept, and is read back by the words of a vocabulary.
 * const region = Region.ball({ radius: 2 })
 * const file: unknown = JSON.parse(JSON.stringify(Vocabulary.write(region)))
 * assert.deepEqual(file, { version: Vocabulary.version, concept: 'Region', value: { _tag: 'ball', radius: 2 } })
 * const regions = Vocabulary.of([Region.ball, Region.nonNegative])
 * assert.deepEqual(Vocabulary.read(regions)(Region.concept)(file), E.right(region))
 * assert(E.isLeft(Vocabulary.read(Vocabulary.empty)(Region.concept)(file)))
 *
 * // Its inner part alone, as an io-ts codec.
 * const json = { _tag: 'ball', radius: 2 }
 * assert.deepEqual(Vocabulary.codec(regions)(Region.concept).decode(json), E.right(region))
 *
 * // The words of a concept, as values and at random.
 * assert.deepEqual(
 *   Vocabulary.words(regions)(Region.concept).map(({ code }) => code),
 *   ['Region.ball({ radius: 4 })', 'Region.nonNegative']
 * )
 * fc.assert(
 *   fc.property(
 *     Vocabulary.arbitrary(fc, Vocabulary.standard)(Rate.concept),
 *     rate => Rate.problems(rate).length === 0
 *   ),
 *   { seed: 1 }
 * )
 */
export {
  arbitrary,
  codec,
  empty,
  type Entry,
  extend,
  type Misread,
  of,
  read,
  type Recipe,
  standard,
  version,
  type Vocabulary,
  type Word,
  words,
  write
} from '../standard.js'
