/** Message of a thrown value. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Text of a number that parses to the same number, −0 included. */
export const exactText = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))

/** Returns a text of at most `length` letters: of a longer one the beginning, and `…`. */
export const shortened = (text: string, length: number): string =>
  // The text does not end in half of a surrogate pair.
  text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…` : text

/** Maximum number of letters of a value or a name in a message. */
export const QUOTED_LETTERS = 100

/** Returns a value of JSON as a message quotes it: `nothing` if there is none, the beginning of a long one. */
export const quotedJson = (value: unknown): string =>
  value === undefined ? 'nothing' : shortened(JSON.stringify(value), QUOTED_LETTERS)
