/** Shapes that a file declares: what they ask for is bounded by the bytes that are there, before anything is made of them. */

/** No array has more axes; NumPy has at most 64. */
const AXES = 64

/** The number of entries of a declared shape, each of so many bytes, in a file of so many; or its problem in a few words. */
export const entriesIn = (shape: ReadonlyArray<unknown>, width: number, bytes: number): number | string => {
  if (shape.length > AXES) return `${shape.length} axes, and not at most ${AXES}`
  // An axis of 0 leaves no entries, but what holds them is made of the others.
  let count = 1
  let least = 1
  for (const length of shape) {
    if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > bytes)
      return `an axis of ${JSON.stringify(length)} in ${bytes} bytes`
    count *= length
    least *= Math.max(1, length)
    if (least > bytes) return `more entries than ${bytes} bytes`
  }
  return count * width > bytes ? `${count * width} bytes of numbers in ${bytes}` : count
}

/** A text of JSON that deeper is nested is no model: readers of it take a step into each level. */
const LEVELS = 64

/** What a text of JSON holds; undefined where it is none, or nested more deeply than any model. */
export const parsedJson = (text: string): unknown => {
  let depth = 0
  let isInText = false
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === 34) isInText = !isInText
    else if (isInText) at += c === 92 ? 1 : 0
    else if (c === 91 || c === 123) {
      depth += 1
      if (depth > LEVELS) return undefined
    } else if (c === 93 || c === 125) depth -= 1
  }
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
