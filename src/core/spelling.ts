/** Words of messages: names that were nearly right, articles, values. */
import { shortened } from '../../lib/plain/said.js'
import { maxLetters } from './limits.js'

/** Edits (insert, delete, replace) that turn one word into another, whatever its capitals: Levenshtein's distance. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1].toLowerCase() === b[j - 1].toLowerCase() ? 0 : 1))
      )
    row = next
  }
  return row[b.length]
}

/** The known names, the nearest to a word first, before all those that begin with it; of a very long word only the beginning counts. */
export const nearestWords = (word: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  const begun = word.slice(0, maxLetters)
  const isBegun = (name: string): boolean => begun !== '' && name.toLowerCase().startsWith(begun.toLowerCase())
  return known
    .map(name => ({
      name,
      far: isBegun(name) && name.length > begun.length ? 0.5 : editDistance(begun, name.slice(0, maxLetters))
    }))
    .sort((a, b) => a.far - b.far)
    .map(({ name }) => name)
}

/** With its article: `an Optimizer`. */
export const withArticle = (word: string): string => `${/^[AEIOU]/.test(word) ? 'an' : 'a'} ${word}`

/** A text as it is written in code. */
export const quotedText = (text: string): string => (/['\\\n\r]/.test(text) ? JSON.stringify(text) : `'${text}'`)

/** The key of a record, as code. */
export const recordKey = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quotedText(name))

/** Of a long text the beginning. */
const beginning = (text: string): string => shortened(text, maxLetters)

/** What was given in place of a number: its type and value. */
export const typeAndValue = (u: unknown): string => {
  if (typeof u === 'number' || u === null || u === undefined) return String(u)
  if (typeof u === 'string') return `the text ${JSON.stringify(beginning(u))}`
  if (typeof u === 'bigint') return `the bigint ${u}n`
  if (Array.isArray(u)) return `a list of ${u.length}`
  const maker: unknown = typeof u === 'object' ? u.constructor : undefined
  return typeof maker === 'function' ? withArticle(maker.name) : `a ${typeof u}`
}

/** A value as code, as far as JSON knows it. */
export const literalCode = (u: unknown): string => {
  if (typeof u !== 'string' && (typeof u !== 'object' || u === null)) return String(u)
  try {
    return JSON.stringify(u, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
  } catch {
    // What contains itself, or is nested without end.
    return typeAndValue(u)
  }
}

/** A value in a message: of a long one the beginning, and `missing` where there is none. */
export const quotedValue = (u: unknown): string => beginning(u === undefined ? 'missing' : literalCode(u))
