/** Words in messages: similar names, articles, values. */
import { shortened } from '../../lib/plain/said.js'
import { maxLetters } from './limits.js'

/** Levenshtein distance, ignoring case. */
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

/** Known names by similarity to a word, first those that begin with it; very long words are truncated. */
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

/** Adds the indefinite article: `an Optimizer`. */
export const withArticle = (word: string): string => `${/^[AEIOU]/.test(word) ? 'an' : 'a'} ${word}`

/** Text as a string literal. */
export const quotedText = (text: string): string => (/['\\\n\r]/.test(text) ? JSON.stringify(text) : `'${text}'`)

/** Key of a record, as code. */
export const recordKey = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quotedText(name))

const beginning = (text: string): string => shortened(text, maxLetters)

/** Type and value of an argument that should be a number. */
export const typeAndValue = (u: unknown): string => {
  if (typeof u === 'number' || u === null || u === undefined) return String(u)
  if (typeof u === 'string') return `the text ${JSON.stringify(beginning(u))}`
  if (typeof u === 'bigint') return `the bigint ${u}n`
  if (Array.isArray(u)) return `a list of ${u.length}`
  const maker: unknown = typeof u === 'object' ? u.constructor : undefined
  return typeof maker === 'function' ? withArticle(maker.name) : `a ${typeof u}`
}

/** Code of a value as JSON; its type if JSON cannot represent it. */
export const literalCode = (u: unknown): string => {
  if (typeof u !== 'string' && (typeof u !== 'object' || u === null)) return String(u)
  try {
    return JSON.stringify(u, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
  } catch {
    // The value is cyclic, or nested too deeply.
    return typeAndValue(u)
  }
}

/** Value in a message: a long one is truncated, undefined is `missing`. */
export const quotedValue = (u: unknown): string => beginning(u === undefined ? 'missing' : literalCode(u))
