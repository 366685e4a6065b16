/** What was thrown, in its own words. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A number as text that is read as the same number: −0 too. */
export const exactText = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))

/** Returns a text of at most `length` letters: of a longer one the beginning, and `…`. */
export const shortened = (text: string, length: number): string =>
  // No half of a pair of surrogates ends it.
  text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…` : text

/** Letters of a value or a name that a message quotes. */
export const QUOTED_LETTERS = 100

/** Returns a value of JSON as a message quotes it: `nothing` if there is none, the beginning of a long one. */
export const quotedJson = (value: unknown): string =>
  value === undefined ? 'nothing' : shortened(JSON.stringify(value), QUOTED_LETTERS)
