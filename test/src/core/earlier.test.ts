/** JSON that the first version wrote is read: tags began with a capital, and some fields had other names. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { expect, it } from 'vitest'
import { Expectation, Objective, Parametrization, Rate, Schedule, Score, NoiseLevels, Vocabulary } from '../../../src/index.js' // prettier-ignore

const codecs: Readonly<Record<string, t.Mixed>> = Object.fromEntries(
  Object.entries({ Expectation, Objective, Parametrization, Rate, Schedule, Score, NoiseLevels }).map(
    ([name, { codec }]) => [name, codec(Vocabulary.standard)]
  )
)

/** What it wrote, and what is written now. */
const rows = JSON.parse(readFileSync('test/oracle/earlier.json', 'utf8')) as ReadonlyArray<{
  readonly concept: string
  readonly json: unknown
  readonly now: unknown
}>

it.each(rows)('$concept $json', ({ concept, json, now }) => {
  const codec = codecs[concept]
  expect(E.map(codec.encode)(codec.decode(json))).toEqual(E.right(now))
})
