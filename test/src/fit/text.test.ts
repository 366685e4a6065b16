/** Text for a terminal: it is as wide as the terminal at most, and no cell of a table is cut. */
import { describe, expect, it } from 'vitest'
import { roundToSize } from '../../../src/fit/table.js'
import { factLines, paragraphs, printTable, wrapped } from '../../../src/fit/text.js'

const header = ['component', 'weight', 'Petal.Length', 'Petal.Width', 'sd Petal.Length', 'sd Petal.Width']
const rows = [1, 2, 3].map(k => [String(k), `0.${k}00`, `${k}.462`, `0.${k}46`, '0.172', '0.10442'])
const widest = (text: string): number => Math.max(...text.split('\n').map(line => line.length))

describe('a table', () => {
  it.each([30, 50, 64, 80])('is cut between columns at a width of %i, the first before each part', within => {
    const text = printTable({ header, rows }, within)
    expect(widest(text)).toBeLessThanOrEqual(within)
    const parts = text.split('\n\n').map(part => part.split('\n').map(line => line.trim().split(/ {2,}/)))
    expect(parts.length > 1).toBe(within < widest(printTable({ header, rows })))
    for (const part of parts) expect(part.map(([first]) => first)).toEqual(['component', '1', '2', '3'])
    // put together again, all that was there, in its order
    const joined = [header, ...rows].map((_, i) => parts.flatMap(part => part[i].slice(1)))
    expect(joined).toEqual([header, ...rows].map(row => row.slice(1)))
  })

  it('is whole where it fits, and where nothing says how wide it may be', () => {
    expect(printTable({ header, rows }, widest(printTable({ header, rows })))).toBe(printTable({ header, rows }))
    expect(printTable({ header, rows }).split('\n')).toHaveLength(4)
    // one column less than needed, and the last stands alone
    expect(printTable({ header, rows }, widest(printTable({ header, rows })) - 1).split('\n\n')).toHaveLength(2)
  })

  it('has each row by itself where two columns have no room, and keeps a cell that is too wide', () => {
    const wide = {
      header: ['model', 'log-likelihood'],
      rows: [['iris.json', '-1.5'], ['penguins.json', '-2']] // prettier-ignore
    }
    expect(printTable(wide, 25)).toBe(
      '  model iris.json\n    log-likelihood\n      -1.5\n\n  model penguins.json\n    log-likelihood\n      -2'
    )
    expect(printTable({ header: ['a', 'b'], rows: [['x', 'y'.repeat(40)]] }, 20)).toContain('y'.repeat(40))
    expect(printTable({ header: ['a'], rows: [['x']] }, 20)).toBe('  a\n  x')
  })
})

describe('a number', () => {
  it('that rounds to 0 from below has no sign', () => {
    expect([-0.3, -0.004, -0.006, -0].map(roundToSize(1))).toEqual(['-0.30', '0.00', '-0.01', '0.00'])
    expect(roundToSize(500)(-0.3)).toBe('0')
  })
})

describe('text', () => {
  const sentence = 'Chosen by ICL among 54 candidates: ICL is 20.4 less than that of 4 tied, a clear choice.'

  it.each([20, 50, 79])('is cut between words at a width of %i', within => {
    const text = paragraphs([sentence, sentence], within)
    expect(widest(text)).toBeLessThanOrEqual(within)
    expect(
      text
        .trim()
        .split('\n\n')
        .map(part => part.replaceAll('\n', ' '))
    ).toEqual([sentence, sentence])
  })

  it('is left alone where it is indented, as tables are', () => {
    expect(paragraphs([`  ${sentence}`], 20)).toBe(`  ${sentence}\n`)
  })

  it('of facts stands beside their names, or below where there is no room', () => {
    const entries = [
      ['log-likelihood per row', '-4.2'],
      ['start', sentence]
    ] as const
    for (const within of [40, 60, 100]) {
      const text = factLines(entries, within)
      expect(widest(text)).toBeLessThanOrEqual(within)
      expect(text.replace(/\s+/g, ' ').trim()).toBe(entries.flat().join(' '))
    }
    expect(factLines(entries, 60).split('\n')[0]).toBe('  log-likelihood per row  -4.2')
    expect(factLines(entries, 40).split('\n').slice(0, 2)).toEqual(['  log-likelihood per row', '    -4.2'])
    expect(factLines(entries)).toBe(`  log-likelihood per row  -4.2\n  start                   ${sentence}`)
  })

  it('counts cells, not letters: East Asian ones fill two', () => {
    expect(wrapped('東京 大阪 京都', 10)).toBe('東京 大阪\n京都')
  })
})
