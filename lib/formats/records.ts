/** Texts of records that come in pieces, cut again between records: none is in two pieces, whatever stands in quotes. */

/** How records are written. */
export interface Marks {
  /** What separates cells, a character. */
  readonly separator: string
  /** What begins a line that is none; null for nothing. */
  readonly comment: string | null
  /** So many lines at the top are none. */
  readonly skip: number
}

/** What is longer is no record but a quote that was forgotten: it is handed on as it is. */
const MAX_RECORD_LENGTH = 1 << 24

/** Where the lines at the top end. */
export const endOfLines = (text: string, lines: number): number => {
  let at = 0
  for (let i = 0; i < lines; i++) {
    at = text.indexOf('\n', at) + 1
    if (at === 0) return text.length
  }
  return at
}

/** A text whose lines end with \n, whichever way they ended. */
export const withLineFeeds = (text: string): string =>
  // Most have none, and a search for one letter is soon done.
  text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text

/** Where the last whole record ends in a text that begins with one; 0 where none does. */
const lastRecordEnd = (text: string, { separator, comment, skip }: Marks): number => {
  const start = endOfLines(text, skip)
  /** Outside quotes from here on. */
  let at = start
  let whole = 0
  for (let from = at; ;) {
    const open = text.indexOf('"', from)
    const line = open === 0 ? 0 : text.lastIndexOf('\n', open < 0 ? text.length : open - 1) + 1
    if (line > at) whole = line
    if (open < 0) return whole
    const before = text[open - 1]
    const opens = open === start || before === '\n' || before === separator
    if (!opens || (comment !== null && line >= at && text[line] === comment)) {
      from = open + 1
      continue
    }
    // Two quotes in a cell stand for one.
    let close = text.indexOf('"', open + 1)
    while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2)
    if (close < 0) return whole
    at = close + 1
    from = at
  }
}

/** The records of a text that comes in pieces, some `atOnce` characters together; lines end with \n. */
export async function* recordsOfPieces(
  texts: AsyncIterable<string>,
  marksOf: (head: string) => Marks,
  atOnce: number
): AsyncGenerator<string> {
  let marks: Marks | null = null
  let held: string[] = []
  let length = 0
  let due = atOnce
  for await (const text of texts) {
    held.push(text)
    length += text.length
    if (length < due) continue
    const all = held.join('')
    // What may be half of an end of a line waits for the other.
    const unified = withLineFeeds(all.endsWith('\r') ? all.slice(0, -1) : all)
    const rest = all.endsWith('\r') ? '\r' : ''
    marks ??= marksOf(unified.slice(0, unified.lastIndexOf('\n') + 1))
    const end = unified.length > MAX_RECORD_LENGTH ? unified.length : lastRecordEnd(unified, marks)
    if (end > 0) {
      yield unified.slice(0, end)
      marks = { ...marks, skip: 0 }
    }
    held = [unified.slice(end) + rest]
    length = held[0].length
    due = length + atOnce
  }
  const last = withLineFeeds(held.join(''))
  if (last !== '' || marks === null) yield last
}

/** Thrown where bytes are no text in UTF-8. */
export class NoText extends Error {}

/** The text of bytes in UTF-8 that come in pieces. */
export async function* decodeUtf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const text = (piece?: Uint8Array): string => {
    try {
      return decoder.decode(piece, { stream: piece !== undefined })
    } catch {
      throw new NoText()
    }
  }
  for await (const piece of bytes) yield text(piece)
  yield text()
}

/** How many lines end in a text. */
export const linesIn = (text: string): number => {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

/** Whether it is so of a line of a text; none after the first of which it is are looked at. */
export const someLine = (text: string, is: (line: string) => boolean): boolean => {
  for (let from = 0; ;) {
    const end = text.indexOf('\n', from)
    if (is(end < 0 ? text.slice(from) : text.slice(from, end))) return true
    if (end < 0) return false
    from = end + 1
  }
}

/** How often any of some characters stands in a text. */
export const occurrences = (text: string, characters: string): number => {
  const codes = Array.from(characters, character => character.charCodeAt(0))
  let count = 0
  for (let i = 0; i < text.length; i++) if (codes.includes(text.charCodeAt(i))) count += 1
  return count
}
