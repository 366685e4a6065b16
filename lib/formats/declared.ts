/** Shapes that a file declares: what they ask for is bounded by the bytes that are there, before anything is made of them. */
import { parseJson } from '../plain/jsonText.js'
import { quotedJson } from '../plain/said.js'

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
      return `an axis of ${quotedJson(length)} in ${bytes} bytes`
    count *= length
    least *= Math.max(1, length)
    if (least > bytes) return `more entries than ${bytes} bytes`
  }
  return count * width > bytes ? `${count * width} bytes of numbers in ${bytes}` : count
}

/** No model is nested deeper: what reads it takes a step into each level. */
const MAX_JSON_LEVELS = 64

/** The value of a text of JSON; undefined if it is none, or nested more deeply than any model. */
export const parsedJson = (text: string): unknown => {
  const found = parseJson(text, MAX_JSON_LEVELS)
  return 'fault' in found ? undefined : found.value
}
