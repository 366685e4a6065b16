/** Equality of bits and JSON round trips. */

const isObject = (a: unknown): a is Readonly<Record<string, unknown>> => typeof a === 'object' && a !== null

/** True if plain data have equal bits: −0 differs from 0, NaN equals NaN. Symbols are ignored. */
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

/** Deep copy of plain data; functions are shared. */
export const deepCopy = <A>(a: A): A => {
  const of = (a: unknown): unknown =>
    a instanceof Float64Array
      ? a.slice()
      : Array.isArray(a)
        ? a.map(of)
        : isObject(a)
          ? Object.fromEntries(Object.entries(a).map(([name, inner]) => [name, of(inner)]))
          : a
  // The copy has the type of the original.
  return of(a) as A
}

/** Returns the value after JSON.stringify and JSON.parse. */
export const jsonRoundTrip = (written: unknown): unknown => JSON.parse(JSON.stringify(written)) as unknown
