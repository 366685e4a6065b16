import { type TextTable } from './table.js'

/** Number of terminal columns: 0 for combining characters, 2 for East Asian wide ones, otherwise 1. */
const displayWidth = (text: string): number =>
  Array.from(text.replace(/\p{M}/gu, '')).reduce(
    (sum, character) =>
      sum +
      (/[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uFF01-\uFF60]/u.test(character) ? 2 : 1),
    0
  )

/** Spelling on the command line, such as `symmetric-pair`; capitals, such as VVE, are kept. */
export const commandLineName = (name: string): string =>
  name
    .split(' ')
    .map(part => (/^[A-Z]+\d*$/.test(part) ? part : part.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)))
    .join(' ')

const padRight = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - displayWidth(text)))
const padLeft = (text: string, to: number): string => ' '.repeat(Math.max(0, to - displayWidth(text))) + text

/** Escapes control characters and bidirectional marks (as \\u001b), which could change the terminal. */
export const printableText = (text: string, { keepsLines = false }: { readonly keepsLines?: boolean } = {}): string =>
  text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, character =>
    keepsLines && character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )

/** Truncates a text to a number of terminal columns. */
export const clipText = (text: string, within: number): string =>
  displayWidth(text) <= within
    ? text
    : Array.from(text).reduce(
        (found, letter) =>
          found.endsWith('…') ? found : displayWidth(found + letter) < within ? found + letter : `${found}…`,
        ''
      )

/** Aligns the first column left, the others right. */
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

/** Groups the columns after the first into blocks of at most the width, at least one each. */
const columnBlocks = (widths: ReadonlyArray<number>, within: number): ReadonlyArray<ReadonlyArray<number>> =>
  widths.slice(1).reduce<ReadonlyArray<ReadonlyArray<number>>>((found, _, j) => {
    const last = found.at(-1) ?? []
    const wide = [0, ...last, j + 1].reduce((sum, column) => sum + 2 + widths[column], 0)
    return last.length > 0 && wide > within ? [...found, [j + 1]] : [...found.slice(0, -1), [...last, j + 1]]
  }, [])

/** Wraps text between words, indenting all lines but the first. */
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

/** A value with less room than this is placed below its name. */
const MIN_VALUE_WIDTH = 24

/** Formats names and values in two columns; values without room go below their names. */
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

/** Formats a table; if too wide, in parts that each begin with the first column. */
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

/** Joins non-empty parts by empty lines. Indented lines are not wrapped. */
export const paragraphs = (parts: ReadonlyArray<string>, within = Infinity): string =>
  `${printableText(parts.filter(part => part !== '').join('\n\n'), { keepsLines: true })
    .split('\n')
    .map(line => (line.startsWith(' ') ? line : wrapped(line, within)))
    .join('\n')}\n`

/** Quotes a word for a shell. */
export const shellQuoted = (word: string): string =>
  /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
