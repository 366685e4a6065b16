/** What a cell of a table says: a number, nothing, almost a number, or a word. */
/** No number is longer; what is, is a word, and no pattern is tried on it. */
export const MAX_NUMBER_LENGTH = 200

/**
 * The number in a cell, or NaN. `Number` reads decimal literals and nothing else but blanks and 0x, 0o and 0b literals,
 * which are refused: no decimal literal has a letter other than e.
 */
export const readNumber = (cell: string): number => {
  const text = cell.trim()
  const x = text === '' ? NaN : Number(text)
  return Number.isFinite(x) && !/[xob]/i.test(text) ? x : NaN
}

/** `almost`: a number to a person, which must not be passed over as a word. */
export type CellKind = 'number' | 'missing' | 'almost' | 'word'

const MISSING_MARKERS = /^(#?n\/?a|<na>|n\.a\.?|#n\/a n\/a|-?nan|none|null|nil|missing|[?.]|[-\u2010-\u2015]{1,3})$/i

/** Whether a cell says that it has no value: it is empty, or has one of the usual words or marks for that. */
export const isMissing = (cell: string): boolean => {
  const text = cell.trim()
  return text === '' || (text.length < MAX_NUMBER_LENGTH && MISSING_MARKERS.test(text))
}

/** Whether a text is a number whose decimals stand after a comma. */
export const hasDecimalComma = (text: string): boolean => /^[+-]?[\d.]*,[\d.,]*\d$/.test(text)

/** A number except for its dress: a currency, a percent sign, separated thousands, a typographic minus. */
export const withoutNumberFormat = (text: string): string =>
  text
    .replace(/[\u2212\u2010-\u2013]/g, '-')
    .replace(/^([+-]?)\p{Sc}\s*/u, '$1')
    .replace(/\s*[%‰\p{Sc}]$/u, '')
    .replace(/^\((.*)\)$/, '-$1')
    .replace(/(\d)[\s_'’\u00A0\u2009\u202F](?=\d{3}(?!\d))/g, '$1')

const isAlmost = (text: string): boolean => {
  if (!Number.isNaN(Number(text)) || /^([+-]?(inf|infinity)|0[xob][\da-f]+)$/i.test(text)) return true
  // No dress has letters, and no number but in its exponent: most words are told by one.
  if (/[a-df-z]/i.test(text)) return false
  const bare = withoutNumberFormat(text)
  return hasDecimalComma(text) || !Number.isNaN(readNumber(bare)) || hasDecimalComma(bare)
}

/** What a cell says, by its text alone. */
export const cellKind = (cell: string): CellKind => {
  if (!Number.isNaN(readNumber(cell))) return 'number'
  if (isMissing(cell)) return 'missing'
  const text = cell.trim()
  return text.length < MAX_NUMBER_LENGTH && isAlmost(text) ? 'almost' : 'word'
}

/** Whether at least half of so many cells that are not missing are numbers to a person. */
export const isNumericColumn = (count: number, kindOf: (i: number) => CellKind): boolean => {
  const kinds = Array.from({ length: count }, (_, i) => kindOf(i))
  const present = kinds.filter(kind => kind !== 'missing').length
  const words = kinds.filter(kind => kind === 'word').length
  return present > 0 && 2 * words <= present
}
