/** Values drawn from the fields of their cases: every case is reached, each prints as the code that builds it, and survives JSON. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { standardVocabulary } from '../../src/cli/glossary.js'
import * as ornstein from '../../src/index.js'
import type { ConceptOf } from '../../src/core/index.js'
import { Case, Vocabulary } from '../../src/index.js'
import * as arbitraries from '../../src/laws/arbitraries.js'
import { areSameBits } from '../../src/laws/bits.js'
import { codec } from '../../src/laws/codec.js'
import { isBuiltByCode } from '../../src/laws/script.js'
import * as Rate from '../../src/optimizer/rate.js'
import { SEED } from '../cases.js'
import { allHold, holdsAndSpeaks } from './holds.js'

/** The concept of each namespace, whose values are of as many types. */
const concepts = ornstein as unknown as Readonly<Record<string, { readonly concept: ConceptOf<Case.AnyValue> }>>

const evaluated = (code: string): unknown =>
  // The code of a value, with the names that a user would import.
  // oxlint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function(...Object.keys(ornstein), `return ${code}`)(...Object.values(ornstein))

describe.each(standardVocabulary.map(({ concept, words }) => ({ name: concept, words })))(
  '$name',
  ({ name, words }) => {
    const { concept } = concepts[name]
    const values = arbitraries.of(concept)
    const sample = fc.sample(values, { seed: SEED, numRuns: 150 })

    it('every case is reached', () => {
      const tags = words.flatMap(({ example }) => (Case.isValue(example) ? [example._tag] : []))
      const found = new Set(sample.map(({ _tag }) => _tag))
      expect(tags.filter(tag => !found.has(tag))).toEqual([])
    })

    it('each prints as the code that builds it', () => {
      // Custom parts are functions, and noise is many numbers: both are cut short. A mixture that is converted is the mixture.
      const whole = sample.filter(value => !/…|\d × \d|Score\.convert/.test(Case.show(value)))
      expect(whole.length).toBeGreaterThan(0.1 * sample.length)
      for (const value of whole.slice(0, 60)) {
        const code = Case.show(value)
        const built = evaluated(code)
        expect(areSameBits(typeof built === 'number' ? Rate.asRate(built) : built, value), code).toBe(true)
        expect(fc.stringify(value)).toBe(`\n${code}`)
      }
    })

    it('each survives JSON', () => {
      const written = codec(Vocabulary.codec(Vocabulary.standard)(concept), arbitraries.of(concept, isBuiltByCode))
      allHold(written, law => holdsAndSpeaks(law, 4))
    })
  }
)
