/** Cuts a text that arrives in pieces at ends of records, whose cells may contain quoted line ends. */

export interface Marks {
  readonly separator: string
  /** Beginning of comment lines; null if there are none. */
  readonly comment: string | null
  /** Number of lines at the top that are not records. */
  readonly skip: number
}

/** Maximum number of characters of a record; longer text counts as an unclosed quote and is passed on unchanged. */
const MAX_RECORD_LENGTH = 1 << 24

/** Position after the first `lines` lines. */
export const endOfLines = (text: string, lines: number): number => {
  let at = 0
  for (let i = 0; i < lines; i++) {
    at = text.indexOf('\n', at) + 1
    if (at === 0) return text.length
  }
  return at
}

/** Replaces all line ends by \n. */
export const withLineFeeds = (text: string): string =>
  // Most texts have no \r, which a search finds quickly.
  text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text

/** Position after the last complete record of a text that begins with a record; 0 if there is none. */
const lastRecordEnd = (text: string, { separator, comment, skip }: Marks): number => {
  const start = endOfLines(text, skip)
  /** Position up to which quotes are closed. */
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
    let close = text.indexOf('"', open + 1)
    while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2)
    if (close < 0) return whole
    at = close + 1
    from = at
  }
}

/** Yields complete records of a text that arrives in pieces, about `atOnce` characters at a time; lines end with \n. */
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
    // A final \r waits for the next piece, which may begin with \n.
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

/** Error of bytes that are not UTF-8. */
export class NoText extends Error {}

/** Decodes UTF-8 bytes that arrive in pieces. */
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

/** Number of line ends in a text. */
export const linesIn = (text: string): number => {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

/** True if a line of the text satisfies a predicate. */
export const someLine = (text: string, is: (line: string) => boolean): boolean => {
  for (let from = 0; ;) {
    const end = text.indexOf('\n', from)
    if (is(end < 0 ? text.slice(from) : text.slice(from, end))) return true
    if (end < 0) return false
    from = end + 1
  }
}

/** Number of occurrences of any of the characters in a text. */
export const occurrences = (text: string, characters: string): number => {
  const codes = Array.from(characters, character => character.charCodeAt(0))
  let count = 0
  for (let i = 0; i < text.length; i++) if (codes.includes(text.charCodeAt(i))) count += 1
  return count
}
