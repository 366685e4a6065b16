/** Text for a terminal. */
import { type TextTable } from './table.js'

/** How many cells of a terminal a text fills: one for each character that is not combining, two for East Asian ones. */
const displayWidth = (text: string): number =>
  Array.from(text.replace(/\p{M}/gu, '')).reduce(
    (sum, character) =>
      sum +
      (/[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uFF01-\uFF60]/u.test(character) ? 2 : 1),
    0
  )

/** A name of the language as the command line writes it: symmetric-pair; one of capitals, such as VVE or UUU2, stays. */
export const commandLineName = (name: string): string =>
  name
    .split(' ')
    .map(part => (/^[A-Z]+\d*$/.test(part) ? part : part.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)))
    .join(' ')

const padRight = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - displayWidth(text)))
const padLeft = (text: string, to: number): string => ' '.repeat(Math.max(0, to - displayWidth(text))) + text

/**
 * Text that does nothing to a terminal but fill it: controls, which may come with a name, are written out (\\u001b), and so
 * are marks that turn the direction of writing.
 */
export const printableText = (text: string, withLines = false): string =>
  text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, character =>
    withLines && character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )

/** The beginning of a text that is longer than so many cells. */
export const clipText = (text: string, within: number): string =>
  displayWidth(text) <= within
    ? text
    : Array.from(text).reduce(
        (found, letter) =>
          found.endsWith('…') ? found : displayWidth(found + letter) < within ? found + letter : `${found}…`,
        ''
      )

/** Columns side by side: the first to the left, numbers to the right. */
const alignedLines = (rows: ReadonlyArray<ReadonlyArray<string>>, widths: ReadonlyArray<number>): string =>
  rows
    .map(row =>
      row
        .map((cell, j) => (j === 0 ? padRight : padLeft)(cell, widths[j]))
        .join('  ')
        .trimEnd()
    )
    .map(line => `  ${line}`)
    .join('\n')

/** The columns after the first, as many at a time as fit beside it; one at least. */
const columnBlocks = (widths: ReadonlyArray<number>, within: number): ReadonlyArray<ReadonlyArray<number>> =>
  widths.slice(1).reduce<ReadonlyArray<ReadonlyArray<number>>>((found, _, j) => {
    const last = found.at(-1) ?? []
    const wide = [0, ...last, j + 1].reduce((sum, column) => sum + 2 + widths[column], 0)
    return last.length > 0 && wide > within ? [...found, [j + 1]] : [...found.slice(0, -1), [...last, j + 1]]
  }, [])

/** Text in lines of at most so many cells, cut between words; what follows the first is indented. */
export const wrapped = (text: string, within: number, indent = ''): string =>
  displayWidth(text) <= within
    ? text
    : text
        .split(' ')
        .reduce<ReadonlyArray<string>>((found, word) => {
          const last = found.at(-1)
          const longer = last === undefined ? word : `${last} ${word}`
          return last === undefined || displayWidth(longer) > within
            ? [...found, last === undefined ? word : `${indent}${word}`]
            : [...found.slice(0, -1), longer]
        }, [])
        .join('\n')

/** The least that a value has beside its name; with less it stands below it. */
const MIN_VALUE_WIDTH = 24

/** Names and what they stand for, in two columns. */
export const factLines = (entries: ReadonlyArray<readonly [string, string]>, within = Infinity): string => {
  const wide = Math.max(...entries.map(([name]) => displayWidth(name)))
  const indent = within - wide - 4 < MIN_VALUE_WIDTH ? '    ' : ' '.repeat(wide + 4)
  return entries
    .map(([name, value]) =>
      indent.length === wide + 4
        ? wrapped(`  ${padRight(name, wide)}  ${value}`, within, indent)
        : `  ${name}\n${wrapped(`${indent}${value}`, within, indent)}`
    )
    .join('\n')
}

/** Each row alone under its first cell, where a table has no room for two columns side by side. */
const recordLines = ([header, ...rows]: ReadonlyArray<ReadonlyArray<string>>, within: number): string =>
  rows
    .map(([first, ...cells]) => {
      const found = factLines(
        cells.map((cell, j) => [header[j + 1], cell]),
        within - 2
      )
      return `  ${header[0]} ${first}\n${found.replace(/^/gm, '  ')}`
    })
    .join('\n\n')

/**
 * A table under its header. One that is wider than the text may be is cut between columns, and the first column stands before
 * each of its parts.
 */
export const printTable = ({ header, rows }: TextTable, within = Infinity): string => {
  const all = [header, ...rows].map(row => row.map(cell => printableText(cell)))
  const widths = header.map((_, j) => Math.max(...all.map(row => displayWidth(row[j]))))
  if (widths.slice(1).some(wide => 4 + widths[0] + wide > within)) return recordLines(all, within)
  const cut = columnBlocks(widths, within)
  return (cut.length === 0 ? [[]] : cut)
    .map(columns => [0, ...columns])
    .map(columns =>
      alignedLines(
        all.map(row => columns.map(j => row[j])),
        columns.map(j => widths[j])
      )
    )
    .join('\n\n')
}

/** Parts with an empty line between them; empty parts are left out. Lines that are indented are as wide as they should be. */
export const paragraphs = (parts: ReadonlyArray<string>, within = Infinity): string =>
  `${printableText(parts.filter(part => part !== '').join('\n\n'), true)
    .split('\n')
    .map(line => (line.startsWith(' ') ? line : wrapped(line, within)))
    .join('\n')}\n`

/** A word as a shell takes it. */
export const shellQuoted = (word: string): string =>
  /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
