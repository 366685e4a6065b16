/** JSON from outside: nesting is bounded before a text is parsed, and faults have equal words in every engine. */

/** The value of a text, or the fault, as the end of "it is not JSON: …". */
export type JsonResult = { readonly value: unknown } | { readonly fault: string }

/** Parses a text; returns a fault if it is not JSON or nested deeper than `maxDepth`, which takes V8 25 bytes of memory per byte of text. */
export const parseJson = (text: string, maxDepth: number): JsonResult => {
  if (isTextDeeper(text, maxDepth)) return { fault: `nested deeper than ${maxDepth} levels` }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { fault: faultPlace(text, faultPosition(text)) }
  }
}

const QUOTE = 34
const BACKSLASH = 92

/** True if lists and objects of a JSON text are nested deeper than `levels`; reads no further than that. */
export const isTextDeeper = (text: string, levels: number): boolean => {
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === QUOTE) isInString = !isInString
    else if (isInString) at += c === BACKSLASH ? 1 : 0
    else if (c === 91 || c === 123) {
      depth += 1
      if (depth > levels) return true
    } else if (c === 93 || c === 125) depth -= 1
  }
  return false
}

const faultPlace = (text: string, position: number): string => {
  if (text.trim() === '') return 'it is empty'
  if (position >= text.length) return 'it ends early'
  const before = text.slice(0, position).split('\n')
  const column = `column ${before[before.length - 1].length + 1} cannot be read`
  return text.includes('\n') ? `line ${before.length}, ${column}` : column
}

/** Next token: a value or key, perhaps an end instead (`first…`); a colon; a comma or an end (`next`). */
type ExpectedToken = 'value' | 'firstValue' | 'key' | 'firstKey' | 'colon' | 'next'

/** First position at which the text cannot be continued as JSON; the length of the text if there is none. */
export const faultPosition = (text: string): number => {
  const open: ('[' | '{')[] = []
  let expected = 'value' as ExpectedToken
  let at = 0
  while (at < text.length) {
    const c = text[at]
    const inner = open[open.length - 1] as '[' | '{' | undefined
    let end = at + 1
    if (/[ \t\n\r]/.test(c)) {
      at = end
      continue
    }
    const isEnd =
      (c === ']' && inner === '[' && (expected === 'firstValue' || expected === 'next')) ||
      (c === '}' && inner === '{' && (expected === 'firstKey' || expected === 'next'))
    if (isEnd) {
      open.pop()
      expected = 'next'
    } else if (expected === 'next') {
      if (c !== ',' || inner === undefined) return at
      expected = inner === '{' ? 'key' : 'value'
    } else if (expected === 'colon') {
      if (c !== ':') return at
      expected = 'value'
    } else if (c === '"') {
      const string = stringEnd(text, at)
      if (string.isFault) return string.at
      end = string.at
      expected = expected === 'key' || expected === 'firstKey' ? 'colon' : 'next'
    } else if (expected === 'key' || expected === 'firstKey') return at
    else if (c === '[' || c === '{') {
      open.push(c)
      expected = c === '[' ? 'firstValue' : 'firstKey'
    } else {
      end = wordEnd(text, at)
      if (!isJsonWord(text.slice(at, end))) return end === text.length && end > at ? end : at
      expected = 'next'
    }
    at = end
  }
  return text.length
}

/** Position after the string that begins at `from`; in case of a fault, that of its first invalid character. */
const stringEnd = (text: string, from: number): { readonly at: number; readonly isFault: boolean } => {
  let at = from + 1
  while (at < text.length) {
    const c = text.charCodeAt(at)
    if (c === QUOTE) return { at: at + 1, isFault: false }
    if (c < 32) return { at, isFault: true }
    if (c === BACKSLASH && at + 1 < text.length) {
      const isEscape =
        text[at + 1] === 'u' ? /^[\da-f]{0,4}$/i.test(text.slice(at + 2, at + 6)) : /["\\/bfnrt]/.test(text[at + 1])
      if (!isEscape) return { at, isFault: true }
      at += text[at + 1] === 'u' ? 6 : 2
    } else at += 1
  }
  return { at: text.length, isFault: true }
}

/** Position after the letters, digits and signs of a number, `true`, `false` or `null`. */
const wordEnd = (text: string, from: number): number => {
  let end = from
  while (end < text.length && /[\w.+-]/.test(text[end])) end += 1
  return end
}

const isJsonWord = (word: string): boolean => {
  try {
    JSON.parse(word)
    return true
  } catch {
    return false
  }
}
