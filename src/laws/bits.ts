/** Equality to the last bit, and JSON as text: what "the same" means in the laws of codecs, runs and optimizers. */

const isObject = (a: unknown): a is Readonly<Record<string, unknown>> => typeof a === 'object' && a !== null

/** Whether plain data are the same to the last bit: −0 is not 0, NaN is NaN. Symbols, which only print, do not count. */
export const areSameBits = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (a instanceof Float64Array || b instanceof Float64Array)
    return (
      a instanceof Float64Array &&
      b instanceof Float64Array &&
      a.length === b.length &&
      a.every((x, i) => Object.is(x, b[i]))
    )
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && areSameBits(a[key], b[key]))
  )
}

/** Plain data that share nothing with what they are a copy of; functions are what they are. */
export const deepCopy = <A>(a: A): A => {
  const of = (a: unknown): unknown =>
    a instanceof Float64Array
      ? a.slice()
      : Array.isArray(a)
        ? a.map(of)
        : isObject(a)
          ? Object.fromEntries(Object.entries(a).map(([name, inner]) => [name, of(inner)]))
          : a
  // Of the same type, entry by entry.
  return of(a) as A
}

/** What is left of a value after it has been written to JSON text and read again. */
export const jsonRoundTrip = (written: unknown): unknown => JSON.parse(JSON.stringify(written)) as unknown
