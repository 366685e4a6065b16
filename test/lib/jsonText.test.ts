/** Texts of JSON: what JSON.parse reads is read, and what it does not is located. */
import { describe, expect, it } from 'vitest'
import { faultPosition, isTextDeeper, parseJson } from '../../lib/plain/jsonText.js'
import { Key } from '../../lib/index.js'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const samples = [
  '{"a": [1, -2.5e-3, 0, true, false, null], "b\\u00e9\\n": {"c": {}, "d": []}}',
  ' [ "x", "\\"\\\\", { "": "" } , [[[]]] ] \n',
  '"only"',
  '-0.5E+7'
]

describe('JSON text', () => {
  it('is read as JSON.parse reads it', () => {
    for (const text of samples) expect(parseJson(text, 10)).toEqual({ value: JSON.parse(text) as unknown })
  })

  it('is reported as cut short if it ends inside a list, an object or a string', () => {
    for (const text of samples.slice(0, 3))
      for (let end = text.indexOf(text.trim()) + 1; end < text.trimEnd().length; end++)
        expect([text.slice(0, end), parseJson(text.slice(0, end), 10)]).toEqual([
          text.slice(0, end),
          { fault: 'it ends early' }
        ])
  })

  it.each([
    ['', 'it is empty'],
    ['{"a": 1,\n "b": x}', 'line 2, column 7 cannot be read'],
    ['[1 2]', 'column 4 cannot be read'],
    ['[1,]', 'column 4 cannot be read'],
    ['{"a" 1}', 'column 6 cannot be read'],
    ['[01]', 'column 2 cannot be read'],
    ['["\t"]', 'column 3 cannot be read'],
    ['["\\x"]', 'column 3 cannot be read'],
    ['[1}', 'column 3 cannot be read'],
    ['1 1', 'column 3 cannot be read'],
    ['[NaN]', 'column 2 cannot be read']
  ])('with a fault reports its position: %j', (text, fault) => {
    expect(parseJson(text, 10)).toEqual({ fault })
  })

  it('with characters replaced at random has a fault exactly if JSON.parse throws, and none before it', () => {
    const letters = '{}[]",:\\u0e-.t \n\u0001'
    const places = Key.uniform(4000)(Key.fromSeed(20))
    for (let trial = 0; trial < 2000; trial++) {
      const text = samples[trial % samples.length]
      const place = Math.floor(places[2 * trial] * text.length)
      const letter = letters[Math.floor(places[2 * trial + 1] * letters.length)]
      const changed = text.slice(0, place) + letter + text.slice(place + 1)
      expect([changed, 'value' in parseJson(changed, 100)]).toEqual([changed, isJson(changed)])
      // The beginning of an escape or of a number, of at most seven letters here, is where either is at fault.
      if (!isJson(changed)) expect(faultPosition(changed)).toBeGreaterThanOrEqual(place - 7)
    }
  })
})

describe('nesting of a text', () => {
  it('is counted outside of strings', () => {
    expect(isTextDeeper('[[1], {"a": [2]}]', 3)).toBe(false)
    expect(isTextDeeper('[[1], {"a": [2]}]', 2)).toBe(true)
    expect(isTextDeeper('["[[[", "\\"[[["]', 1)).toBe(false)
  })

  it('beyond a limit is refused without a value of that depth being made', () => {
    expect(parseJson('['.repeat(101), 100)).toEqual({ fault: 'nested deeper than 100 levels' })
    expect(parseJson('['.repeat(1e7), 100)).toEqual({ fault: 'nested deeper than 100 levels' })
  })
})
