/** The corpus, whole: what is wrong is caught by the law that is named for it, and what is right is let pass. `npm run laws:power` asks every law, by many seeds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSlow, once, SEED, spread } from '../cases.js'
import { corpus, type Invention } from './corpus/index.js'
import { summary } from './corpus/power.js'

/** Of a part the law bears where it stands. */
const isNamed = (name: string, law: string): boolean => name === law || name.endsWith(`: ${law}`)

/** True if a message begins with the quantity that it compares, not with its number or its index. */
const namesQuantity = (error: unknown): boolean =>
  !/^RangeError: (?:\[?\d+[^:]*: )?yours (?:is|are) /.test(String(error))

/** A mistake that its law does not catch, or catches with a message that does not name the quantity. */
const escapes = ({ name, law, held }: Invention): ReadonlyArray<string> => {
  if (law === null) return []
  const found = held().find(one => isNamed(one.name, law))
  if (found === undefined) return [`${name}: no law ‘${law}’`]
  const { failed, errorInstance } = fc.check(found.property, { seed: 1, numRuns: 100, endOnFailure: true })
  if (!failed) return [`${name}: not caught by ‘${law}’`]
  return namesQuantity(errorInstance) ? [] : [`${name}: ‘${law}’ names no quantity: ${String(errorInstance)}`]
}

/** Laws that refuse what is right. */
const alarms = ({ name, held }: Invention): ReadonlyArray<string> =>
  held().flatMap(({ name: law, property }) => {
    const { failed, errorInstance } = fc.check(property, { seed: SEED, numRuns: isSlow ? 4 : 1, endOnFailure: true })
    return failed ? [`${name}: refused by ‘${law}’ ${String(errorInstance)}`] : []
  })

describe.each([...new Set(corpus.map(({ concept }) => concept))])('%s', concept => {
  const own = corpus.filter(one => one.concept === concept)

  once('what is wrong is caught', () => {
    expect(own.flatMap(escapes)).toEqual([])
  })

  it('what is right is let pass', () => {
    expect(spread(4)(own.filter(({ law }) => law === null)).flatMap(alarms)).toEqual([])
  })
})

once('the corpus: names each invention once', () => {
  const names = corpus.map(({ concept, name, law }) => `${concept} ${name} ${String(law === null)}`)
  expect(new Set(names).size).toBe(names.length)
})

once(
  'the corpus: has three at most that are wrong of each law of a concept, three hundred in all, and a hundred and fifty that are right',
  () => {
    const wrong = corpus.flatMap(({ concept, law }) => (law === null ? [] : [`${concept}: ${law}`]))
    expect(wrong.filter(row => wrong.filter(other => other === row).length > 3)).toEqual([])
    expect(wrong.length).toBeGreaterThanOrEqual(300)
    expect(corpus.length - wrong.length).toBeGreaterThanOrEqual(150)
  }
)

once('the table counts what is caught, what escaped and false alarms', () => {
  const of = (name: string, wrong: boolean, by: ReadonlyArray<string>) => ({
    concept: 'c',
    name,
    wrong,
    seed: 1,
    by,
    seconds: 1
  })
  const text = summary([of('a', true, ['x']), of('b', true, []), of('d', false, ['x']), of('e', false, [])])
  expect(text).toContain('| c | 2 | 50 % | 2 | 1 | 0 | 0 | 0 |')
  expect(text).toContain('| x | 1 | 1 |')
  expect(text).toContain('Not caught by every seed: c: b.')
})
