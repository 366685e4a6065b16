/** Numbers in bytes: held to `Number`, which rounds to the nearest, ties to even. */
import fc from 'fast-check'
import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { cellReader, sheetOf, type Grammar } from '../../../lib/formats/cells.js'

/** No cell is read but by the loop itself, so that what it does not know is seen. */
const strict: Grammar = { separator: () => ',', read: () => NaN }
const lenient: Grammar = { separator: () => ',', read: cell => (cell.trim() === '' ? NaN : Number(cell)) }

const numbersOf = (cells: ReadonlyArray<string>, grammar: Grammar): Float64Array =>
  sheetOf(`name\n${cells.join('\n')}\n`, grammar)?.numbers ?? new Float64Array(0)

const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 24 }).map(all => all.join(''))

/** Decimals of all lengths, with the point and the exponent anywhere. */
const written = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    digits,
    fc.nat(24),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), fc.nat(330)))
  )
  .map(([sign, all, at, exponent]) => {
    const point = at < all.length ? `${all.slice(0, at)}.${all.slice(at)}` : all
    return `${sign}${point}${exponent === null ? '' : `${exponent[0]}${exponent[1]}`}`
  })

/** What a program writes: the shortest digits of a double, or 17 of them, or a few. */
const printed = fc
  .tuple(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), fc.integer({ min: 1, max: 21 }))
  .map(([x, n]) => (n > 18 ? String(x) : x.toPrecision(n)))

/** The middle of two doubles and its neighbours, by their last digit: where a quotient's rounding is decided. */
const middles = fc.tuple(fc.integer({ min: 0, max: 2 ** 21 }), fc.integer({ min: -3, max: 3 })).map(([k, more]) => {
  // (2⁵³ + 2k + 1)/2⁵ · 10⁵ = (2⁵³ + 2k + 1) · 5⁵ has more digits than are read; of /2 and /4 all are written
  const odd = 2n ** 53n + 2n * BigInt(k) + 1n
  const whole = (odd * 5n + BigInt(more)).toString()
  return `${whole.slice(0, -1)}.${whole.slice(-1)}`
})

describe('numbers in bytes', () => {
  it('are the nearest doubles, or are left to a full parser', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(written, printed, middles), { minLength: 1, maxLength: 50 }), cells => {
        const found = numbersOf(cells, lenient)
        const wanted = cells.map(Number)
        expect(Array.from(found, (x, i) => (Number.isNaN(wanted[i]) ? NaN : x))).toEqual(wanted)
      }),
      { numRuns: 400 }
    )
  })

  it('are rarely left to a full parser as programs write them', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-4, max: 1e5, noNaN: true }), { minLength: 64, maxLength: 64 }), xs => {
        const missed = numbersOf(xs.map(String), strict).filter(x => Number.isNaN(x)).length
        // a double in a million is as near to a middle as that; some below 10⁻³ have more decimals than powers of ten are exact
        expect(missed).toBeLessThan(32)
      })
    )
    expect(
      Array.from(numbersOf(['0.1', '-3.5e-2', '.5', '5.', '1e5', '-0', '+7', '1.7976931348623157'], strict))
    ).toEqual([0.1, -0.035, 0.5, 5, 100000, -0, 7, 1.7976931348623157])
  })

  it('leaves other texts than decimals', () => {
    const words = ['', '0x10', '1_000', 'Infinity', 'NaN', '1 2']
    const cells = [...words, '.', '-', 'e5', '1e', '1e+', '1.2.3', '--1', '+-1', '1e5x']
    expect(
      numbersOf(['1', ...cells], strict)
        .slice(1)
        .every(x => Number.isNaN(x))
    ).toBe(true)
  })
})

describe('a table that arrives in pieces', () => {
  const encoder = new TextEncoder()
  const line = fc.tuple(
    fc.oneof(printed, fc.constantFrom('', ' ', 'NA', 'ä', '猫', 'a b')),
    printed,
    fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\n  \n')
  )
  it('is the same for all pieces', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 40 }), (lines, size) => {
        const text = `\ufeffx,y\n${lines.map(([a, b, end]) => `${a},${b}${end}`).join('')}`
        const bytes = encoder.encode(text)
        const into = cellReader(lenient, bytes.length)
        for (let at = 0; at < bytes.length; at += size) expect(into.push(bytes.slice(at, at + size))).toBe(true)
        const found = into.sheet()
        const whole = sheetOf(text, lenient)
        expect(whole?.rows).toBe(lines.length + 1)
        expect({ ...found, text: null }).toEqual({ ...whole, text: null })
        lines.forEach(([a], i) => {
          if (Number.isNaN(lenient.read(a))) expect([found?.text(i, 0), whole?.text(i, 0)]).toEqual([a, a])
        })
      })
    )
  })

  it('may be longer than the first bytes, and its expected size may be wrong', () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => `${i < 1000 ? i : i * 1.0001},${i % 7}`)
    const bytes = encoder.encode(`x,y\n${rows.join('\n')}`)
    for (const length of [0, 10, bytes.length, 4 * bytes.length]) {
      const into = cellReader(lenient, length)
      for (let at = 0; at < bytes.length; at += 70_001) expect(into.push(bytes.subarray(at, at + 70_001))).toBe(true)
      const { numbers = new Float64Array(0) } = into.sheet() ?? {}
      expect(numbers.length).toBe(400_000)
      expect(numbers.every((x, k) => x === Number(rows[k >> 1].split(',')[k & 1]))).toBe(true)
    }
  })

  const quoted = fc
    .oneof(printed, fc.constantFrom('', ' ', 'a,b', '"', 'say ""x""', '猫', '1"', ',', 'NA'))
    .map(cell => `"${cell.replaceAll('"', '""')}"`)
  const cell = fc.oneof(quoted, printed, fc.constantFrom('', 'a"b', 'x'))
  it('has the cells of a full parser, quoted or not, for all pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, fc.constantFrom('\n', '\r\n', '\n\n')), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        (lines, size) => {
          const text = `"","a ""b"", c"\n${lines.map(([a, b, end]) => `${a},${b}${end}`).join('')}`
          const { data } = Papa.parse<ReadonlyArray<string>>(text.replaceAll('\r\n', '\n'), {
            delimiter: ',',
            newline: '\n'
          })
          const [names, ...rows] = data.filter(row => row.length > 1)
          const bytes = encoder.encode(text)
          const into = cellReader(lenient)
          for (let at = 0; at < bytes.length; at += size) expect(into.push(bytes.slice(at, at + size))).toBe(true)
          for (const found of [into.sheet(), sheetOf(text, lenient)]) {
            expect(found?.first).toEqual(names)
            expect(Array.from(found?.numbers ?? [])).toEqual(rows.flat().map(lenient.read))
            rows.forEach((row, i) => {
              row.forEach((of, j) => {
                if (Number.isNaN(lenient.read(of))) expect(found?.text(i, j)).toBe(of)
              })
            })
          }
        }
      ),
      { numRuns: 300 }
    )
  })

  it.each([
    ['a line that ends in a quote', 'x,y\n1,"2\n3"\n'],
    ['a quote without an end', 'x,y\n1,"2'],
    ['more after a quote', 'x,y\n1,"2" \n'],
    ['a single quote in quotes', 'x,y\n1,"2"3"\n'],
    ['a line that is a cell of nothing', 'x\n""\n1\n'],
    ['a line that is short', 'x,y\n1,2\n3\n'],
    ['a line that is long', 'x,y\n1,2\n3,4,5\n'],
    ['what is no text', 'x,y\n1,2\n3,\0\n'],
    ['nothing', '\n \n']
  ])('is left to a full parser if it has %s', (_, text) => {
    expect(sheetOf(text, lenient)).toBeNull()
  })

  it('is left to a full parser if bytes are not UTF-8', () => {
    const into = cellReader(lenient)
    into.push(Uint8Array.of(0x78, 10, 0x31, 10, 0xe4, 10))
    expect(into.sheet()).toBeNull()
  })
})
