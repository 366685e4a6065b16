/** Text for a terminal. */
import { type Table } from './table.js'

/** How many cells of a terminal a text fills: one for each character that is not combining, two for East Asian ones. */
const width = (text: string): number =>
  Array.from(text.replace(/\p{M}/gu, '')).reduce(
    (sum, character) =>
      sum +
      (/[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uFF01-\uFF60]/u.test(character) ? 2 : 1),
    0
  )

/** A name of the language as the command line writes it: symmetric-pair; one of capitals alone, such as VVE, stays. */
export const word = (name: string): string =>
  /^[A-Z]+$/.test(name) ? name : name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

const left = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)))
const right = (text: string, to: number): string => ' '.repeat(Math.max(0, to - width(text))) + text

/**
 * Text that does nothing to a terminal but fill it: controls, which may come with a name, are written out (\\u001b), and so
 * are marks that turn the direction of writing.
 */
export const printable = (text: string, withLines = false): string =>
  text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, character =>
    withLines && character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )

/** A table under its header: the first column to the left, numbers to the right. */
export const table = ({ header, rows }: Table): string => {
  const all = [header, ...rows].map(row => row.map(cell => printable(cell)))
  const widths = header.map((_, j) => Math.max(...all.map(row => width(row[j]))))
  return all
    .map(row =>
      row
        .map((cell, j) => (j === 0 ? left : right)(cell, widths[j]))
        .join('  ')
        .trimEnd()
    )
    .map(line => `  ${line}`)
    .join('\n')
}

/** Names and what they stand for, in two columns. */
export const facts = (entries: ReadonlyArray<readonly [string, string]>): string => {
  const wide = Math.max(...entries.map(([name]) => width(name)))
  return entries.map(([name, value]) => `  ${left(name, wide)}  ${value}`).join('\n')
}

/** Parts with an empty line between them; empty parts are left out. */
export const paragraphs = (parts: ReadonlyArray<string>): string =>
  `${printable(parts.filter(part => part !== '').join('\n\n'), true)}\n`
