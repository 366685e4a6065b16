/** Message of a thrown value. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Text of a number that parses to that number, −0 included. */
export const exactText = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))

/** Returns a text, or the beginning of one of more than `length` letters and `…`. */
export const shortened = (text: string, length: number): string =>
  // Not in the middle of a surrogate pair.
  text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…` : text

/** Maximum number of letters of a value or a name in a message. */
export const QUOTED_LETTERS = 100

/** Quotes a value of JSON for a message: `nothing` if there is none, the beginning of a long one. */
export const quotedJson = (value: unknown): string =>
  value === undefined ? 'nothing' : shortened(JSON.stringify(value), QUOTED_LETTERS)
