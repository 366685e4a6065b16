/** Words of messages: what was meant, articles, and values that fit on a line. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { literalCode, nearestWords, withArticle, quotedText, quotedValue } from '../../../src/core/spelling.js'

describe('nearest', () => {
  const known = ['cosine', 'edm', 'betas', 'subVp', 'custom']

  it.each([
    // One letter too many, too few, another, in other capitals
    ['cossine', 'cosine'],
    ['beta', 'betas'],
    ['edn', 'edm'],
    ['SUBVP', 'subVp'],
    ['customs', 'custom']
  ])('%s was meant as %s', (word, meant) => {
    expect(nearestWords(word, known)[0]).toBe(meant)
  })

  it('is in order of the edits that are due, and of equals in the order given', () => {
    // kitten → sitting takes three edits, kitten → kit three, kitten → mitten one.
    expect(nearestWords('kitten', ['sitting', 'kit', 'mitten'])).toEqual(['mitten', 'sitting', 'kit'])
    expect(nearestWords('', ['abc', 'b', 'a'])).toEqual(['b', 'a', 'abc'])
  })

  it('puts a known word first, and keeps all of them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), fc.nat(), (words, at) => {
        const word = words[at % words.length]
        const found = nearestWords(word, words)
        expect(found[0]).toBe(word)
        expect([...found].sort()).toEqual([...words].sort())
      })
    )
  })

  it('reads of a text without end as much as tells what was meant', () => {
    expect(nearestWords(`cosine${'e'.repeat(5_000_000)}`, known)).toHaveLength(known.length)
  })
})

it('gives a word its article', () => {
  expect(['Optimizer', 'Schedule', 'Initializer', 'Rate', 'Expectation', 'UTime'].map(withArticle)).toEqual([
    'an Optimizer',
    'a Schedule',
    'an Initializer',
    'a Rate',
    'an Expectation',
    'an UTime'
  ])
})

it('writes a text as code that is that text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("'", '"', '\\', '\n', '\r', 'a') }), text => {
      const read: unknown = JSON.parse(
        quotedText(text).startsWith("'")
          ? `"${quotedText(text).slice(1, -1).replaceAll('"', '\\"')}"`
          : quotedText(text)
      )
      expect(read).toBe(text)
    })
  )
})

describe('a value in a message', () => {
  it.each([
    [undefined, 'missing'],
    [null, 'null'],
    [NaN, 'NaN'],
    [-0.5, '-0.5'],
    ['a"b', '"a\\"b"'],
    [[1, [2]], '[1,[2]]'],
    [{ a: 1 }, '{"a":1}']
  ])('%j is %s', (value, text) => {
    expect(quotedValue(value)).toBe(text)
  })

  it('is cut where it is long, and says so', () => {
    expect(quotedValue('x'.repeat(98))).toBe(`"${'x'.repeat(98)}"`)
    expect(quotedValue('x'.repeat(99))).toBe(`"${'x'.repeat(99)}…`)
    expect(literalCode('x'.repeat(99))).toBe(`"${'x'.repeat(99)}"`)
  })
})
