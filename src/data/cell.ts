/** Classification of a cell as a number, missing, almost a number, or a word. */
/** Longer texts are words, without trying a pattern. */
export const MAX_NUMBER_LENGTH = 200

/** Number of a cell, or NaN. `Number` also reads 0x, 0o and 0b literals; their letters reject them. */
export const readNumber = (cell: string): number => {
  const text = cell.trim()
  const x = text === '' ? NaN : Number(text)
  return Number.isFinite(x) && !/[xob]/i.test(text) ? x : NaN
}

/** `almost`: a number to a person, such as `1,5` or `$3`. */
export type CellKind = 'number' | 'missing' | 'almost' | 'word'

const MISSING_MARKERS = /^(#?n\/?a|<na>|n\.a\.?|#n\/a n\/a|-?nan|none|null|nil|missing|[?.]|[-\u2010-\u2015]{1,3})$/i

/** True if a cell is empty or one of the usual marks for a missing value. */
export const isMissing = (cell: string): boolean => {
  const text = cell.trim()
  return text === '' || (text.length < MAX_NUMBER_LENGTH && MISSING_MARKERS.test(text))
}

/** True if a text is a number with a decimal comma. */
export const hasDecimalComma = (text: string): boolean => /^[+-]?[\d.]*,[\d.,]*\d$/.test(text)

/** Removes the format of a number: currency, percent sign, thousands separators, typographic minus. */
export const withoutNumberFormat = (text: string): string =>
  text
    .replace(/[\u2212\u2010-\u2013]/g, '-')
    .replace(/^([+-]?)\p{Sc}\s*/u, '$1')
    .replace(/\s*[%‰\p{Sc}]$/u, '')
    .replace(/^\((.*)\)$/, '-$1')
    .replace(/(\d)[\s_'’\u00A0\u2009\u202F](?=\d{3}(?!\d))/g, '$1')

const isAlmost = (text: string): boolean => {
  if (!Number.isNaN(Number(text)) || /^([+-]?(inf|infinity)|0[xob][\da-f]+)$/i.test(text)) return true
  // neither formats nor numbers have letters, except for the exponent, so this rules out most words
  if (/[a-df-z]/i.test(text)) return false
  const bare = withoutNumberFormat(text)
  return hasDecimalComma(text) || !Number.isNaN(readNumber(bare)) || hasDecimalComma(bare)
}

/** Kind of a cell, by its text alone. */
export const cellKind = (cell: string): CellKind => {
  if (!Number.isNaN(readNumber(cell))) return 'number'
  if (isMissing(cell)) return 'missing'
  const text = cell.trim()
  return text.length < MAX_NUMBER_LENGTH && isAlmost(text) ? 'almost' : 'word'
}

/** True if some cells are not missing, and at most half of those are words. */
export const isNumericColumn = (count: number, kindOf: (i: number) => CellKind): boolean => {
  const kinds = Array.from({ length: count }, (_, i) => kindOf(i))
  const present = kinds.filter(kind => kind !== 'missing').length
  const words = kinds.filter(kind => kind === 'word').length
  return present > 0 && 2 * words <= present
}
