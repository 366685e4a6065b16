/** Arbitraries reach every case of their description, are in order, and print as code. */
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import * as vocabulary from '../../src/cli/glossary.js'
import * as ornstein from '../../src/index.js'
import { Pipeline, Sampler, Vocabulary } from '../../src/index.js'
import * as Rate from '../../src/optimizer/rate.js'
import { areSameBits } from '../../src/laws/bits.js'
import { SEED, spread } from '../cases.js'
import * as arbitraries from './generators.js'
import { points, rows, sampleOf } from './samples.js'

const evaluated = (code: string): unknown =>
  // The code of a value, with the names that a user would import.
  // oxlint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function(...Object.keys(ornstein), `return ${code}`)(...Object.values(ornstein))

it('there is a row for every concept of the vocabulary', () => {
  expect(rows.map(({ name }) => name)).toEqual(vocabulary.vocabulary.map(({ concept }) => concept))
})

describe.each(rows)('$name', row => {
  const { name, tags } = row
  const sample = sampleOf(row)

  it('every case is reached, in values of its own', () => {
    expect([...new Set(sample.map(({ value }) => value._tag))].sort()).toEqual(tags)
  })

  it('nothing is wrong with any', () => {
    expect(
      spread(sample.length / 12)(sample).flatMap(({ code, problems }) => problems.map(problem => ({ code, problem })))
    ).toEqual([])
  })

  it('each prints as the code that builds it', () => {
    // Custom parts are functions, and noise is many numbers: both are cut short.
    const whole = sample.filter(({ code }) => !/…|\d × \d/.test(code))
    expect(whole.length).toBeGreaterThan((name === 'Expectation' ? 0.1 : 0.5) * sample.length)
    for (const { value, code } of whole) {
      const built = evaluated(code)
      expect(areSameBits(typeof built === 'number' ? Rate.from(built) : built, value), code).toBe(true)
      expect(fc.stringify(value)).toBe(`\n${code}`)
    }
  })
})

it('what is sampled compiles, and pipelines without code survive JSON', () => {
  fc.assert(
    fc.property(arbitraries.samplings, description => E.isRight(Sampler.compile(description))),
    { seed: SEED, numRuns: 25 }
  )
  fc.assert(
    fc.property(arbitraries.pipelines({ code: false })(points), pipeline =>
      pipe(
        Pipeline.codec(Vocabulary.standard).decode(
          JSON.parse(JSON.stringify(Pipeline.codec(Vocabulary.standard).encode(pipeline)))
        ),
        E.match(
          () => false,
          read => areSameBits(read, pipeline)
        )
      )
    ),
    { seed: SEED, numRuns: 25 }
  )
})
