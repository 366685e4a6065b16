/** Validation of declared shapes and texts before memory is allocated for them. */
import { parseJson } from '../plain/jsonText.js'
import { quotedJson } from '../plain/said.js'

/** Maximum number of axes, as in NumPy. */
const MAX_AXES = 64

/** Number of entries of a declared shape, `width` bytes each, in a file of `bytes` bytes; the problem as a short text if it is invalid. */
export const entriesIn = (shape: ReadonlyArray<unknown>, width: number, bytes: number): number | string => {
  if (shape.length > MAX_AXES) return `${shape.length} axes, and not at most ${MAX_AXES}`
  // An axis of size 0 leaves no entries, but the other axes must still be bounded.
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

/** Maximum nesting of a stored model, since its reader recurses. */
const MAX_JSON_LEVELS = 64

/** Value of a JSON text; undefined if it is not JSON or nested too deeply. */
export const parsedJson = (text: string): unknown => {
  const found = parseJson(text, MAX_JSON_LEVELS)
  return 'fault' in found ? undefined : found.value
}
