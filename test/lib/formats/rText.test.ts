/** R's text of values. */
import { describe, expect, it } from 'vitest'
import * as RText from '../../../lib/formats/rText.js'

const plain = (text: string): unknown => {
  const value = RText.read(text)
  return value === null ? undefined : RText.plain(value)
}

describe("R's text", () => {
  it.each([
    ['c(1, -2.5e-3, 3L)', [1, -0.0025, 3]],
    ['model <- list(a = 1:3, `b c` = "x\\"y", d = NULL, e = TRUE)', { a: [1, 2, 3], 'b c': 'x"y', d: null, e: true }],
    ['list(x = -Inf, y = NA) # the end', { x: -Infinity, y: null }],
    // The first index fastest: row i, column j, slice k is 1 + i + 2j + 4k.
    [
      'structure(1:8, dim = c(2L, 2L, 2L))',
      [
        [
          [1, 5],
          [3, 7]
        ],
        [
          [2, 6],
          [4, 8]
        ]
      ]
    ],
    [
      'array(c(1, 2, 3, 4), c(2, 2))',
      [
        [1, 3],
        [2, 4]
      ]
    ],
    ['c(`1` = 5, b = 6)', [5, 6]],
    // As R writes c(2L, 1L, 0L, -1L), and the shape of an array of two rows and one column.
    ['2:-1', [2, 1, 0, -1]],
    ['structure(c(7, 8), dim = 2:1)', [[7], [8]]]
  ])('%s', (text, value) => {
    expect(plain(text)).toEqual(value)
  })

  it.each([
    '',
    'list(',
    'c(1,)',
    'f(1)',
    'list(x = quote(y))',
    'c(1) c(2)',
    '1 + 1',
    '@',
    '1:""',
    '9000000:1',
    `${'list('.repeat(300)}1${')'.repeat(300)}`
  ])('refuses %s', text => {
    expect(RText.read(text)).toBeNull()
  })
})
