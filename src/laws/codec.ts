/** Laws of JSON codecs: nothing is lost, nothing is thrown, and code is refused. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { areSameBits, throughText } from './bits.js'
import type { Laws } from './law.js'
import { forAll, ofRows, below, sameBits, type Relation } from './lawRows.js'

export interface CodecOptions<A> {
  readonly equals: (a: A, b: A) => boolean
  /** Values that hold code, and what their refusal says. */
  readonly code: { readonly values: fc.Arbitrary<A>; readonly message: string } | null
}

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** Where the leaves and branches of JSON stand: paths from the root, the root's own first. */
const paths = (json: Json): ReadonlyArray<ReadonlyArray<string>> => [
  [],
  ...(typeof json === 'object' && json !== null
    ? Object.entries<Json>(json).flatMap(([key, inner]) => paths(inner).map(path => [key, ...path]))
    : [])
]

/** JSON with another value at a path, or with nothing there. */
const replaced = (json: Json, path: ReadonlyArray<string>, by: Json | undefined): Json | undefined => {
  const [key, ...rest] = path
  if (path.length === 0 || typeof json !== 'object' || json === null) return by
  if (Array.isArray(json))
    return json.flatMap((inner: Json, i) => (String(i) === key ? (replaced(inner, rest, by) ?? []) : [inner]))
  return Object.fromEntries(
    Object.entries<Json>(json).flatMap(([name, inner]) => {
      const next = name === key ? replaced(inner, rest, by) : inner
      return next === undefined ? [] : [[name, next]]
    })
  )
}

/** What stands at a path. */
const standing = (json: Json, path: ReadonlyArray<string>): Json | undefined =>
  path.reduce<Json | undefined>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null
        ? Object.entries<Json>(inner).find(([name]) => name === key)?.[1]
        : undefined,
    json
  )

/** Strings that a careless codec changes. */
const STRINGS = [' x', 'x ', '', 'É e\u0301', 'a\tb\n', '0', 'x'.repeat(300)]

const anyJson: fc.Arbitrary<Json> = fc.jsonValue() as fc.Arbitrary<Json>

/** Any JSON, and JSON that is right except in one place, or has there what stands in another that is right. */
const nearly = <A>(codec: t.Type<A, unknown>, values: fc.Arbitrary<A>): fc.Arbitrary<Json> => {
  // What a codec writes is JSON once it has been through text.
  const right = values.map(value => throughText(codec.encode(value)) as Json)
  const placeIn = (json: Json, at: number): ReadonlyArray<string> => {
    const places = paths(json)
    return places[at % places.length]
  }
  return fc.oneof(
    anyJson,
    fc
      .tuple(right, fc.nat(), fc.oneof(anyJson, fc.constantFrom<Json | undefined>(undefined, '', -1, 1e300, {}, [])))
      .map(([json, at, by]) => replaced(json, placeIn(json, at), by) ?? null),
    fc.tuple(right, right, fc.nat()).map(([json, other, at]) => {
      const place = placeIn(json, at)
      const there = standing(other, place)
      return there === undefined ? json : (replaced(json, place, there) ?? null)
    })
  )
}

/**
 * The laws of a codec, on values that it must write and read.
 *
 * @example
 * import fc from 'fast-check'
 * import { Rate, Vocabulary } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.codec(Rate.codec(Vocabulary.standard), laws.arbitraries.rates).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 3 })
 * })
 */
export const codec = <A>(
  codec: t.Type<A, unknown>,
  values: fc.Arbitrary<A>,
  { equals = areSameBits, code = null }: Partial<CodecOptions<A>> = {}
): Laws => {
  const jsonOf = (value: A): Json => throughText(codec.encode(value)) as Json
  /** That what is written of a value is read as that value; what is wrong shows. */
  const isReadAs = (value: A): Relation => {
    const read = codec.decode(jsonOf(value))
    return E.isRight(read) && codec.is(read.right) && equals(read.right, value)
      ? sameBits(read._tag, 'Right')
      : sameBits(E.isLeft(read) ? PathReporter.report(read) : read.right, value)
  }
  const ofJson = forAll(fc.record({ json: nearly(codec, values) }))
  // Values are functions as well as records.
  const ofPlaces = { value: values, at: fc.nat() }
  const placeOf = (places: ReadonlyArray<ReadonlyArray<string>>, at: number): ReadonlyArray<string> =>
    places[at % places.length]
  return ofRows('codec', [
    forAll(fc.record({ value: values }))({
      name: 'what is written is read again',
      statement: '∀ a: decode(parse(text(encode(a)))) = a, to the last bit, −0, NaN and infinities included.',
      source: 'definition of a codec',
      says: ({ value }) => isReadAs(value)
    }),
    ofJson({
      name: 'what is read is written again',
      statement: '∀ JSON j: if j is read as a, the text of a is read as a again.',
      source: 'decode ∘ encode = id on all that decode gives',
      says: ({ json }) => {
        const read = codec.decode(json)
        return E.isRight(read) && isReadAs(read.right)
      }
    }),
    forAll(fc.record({ ...ofPlaces, put: fc.constantFrom(...STRINGS) }))({
      name: 'a string is kept as it is',
      statement:
        '∀ a, places in the text of a where a string stands: another in its place, empty, long or with blanks, is not read, or written again as it is. Exactly.',
      source: 'a codec changes no string that it reads',
      says: ({ value, at, put }) => {
        const json = jsonOf(value)
        const places = paths(json).filter(path => typeof standing(json, path) === 'string')
        if (places.length === 0) return []
        const place = placeOf(places, at)
        const read = codec.decode(replaced(json, place, put))
        return sameBits(E.isLeft(read) ? put : standing(jsonOf(read.right), place), put)
      }
    }),
    ofJson({
      name: 'reading is total',
      statement:
        '∀ JSON j, right, nearly right or arbitrary, null and what is empty too: decode(j) is a value or errors, and never throws.',
      source: 'parse at the edge',
      says: ({ json }) =>
        [json, null, true, 0, '', [], {}, [null]].map(json => {
          const read = codec.decode(json)
          if (E.isRight(read)) return sameBits(read._tag, 'Right')
          const messages = PathReporter.report(read).map(message => message.length)
          return [below(0, messages.length), below(0, messages)]
        })
    }),
    forAll(fc.record(ofPlaces))({
      name: 'a place of another kind is refused',
      statement:
        '∀ a, places in the text of a: with true there in place of what is written (1 for true or false), it is not read.',
      source: 'a codec looks at all that it reads',
      says: ({ value, at }) => {
        const json = jsonOf(value)
        const place = placeOf(paths(json), at)
        const other = replaced(json, place, typeof standing(json, place) === 'boolean' ? 1 : true)
        const read = codec.decode(other)
        return E.isLeft(read) ? sameBits(read._tag, 'Left') : sameBits({ 'it is read': other }, { 'it is': 'refused' })
      }
    }),
    forAll(fc.record({ value: code?.values ?? values }))({
      name: 'code is refused, and says so',
      statement: '∀ a that holds a function: it is written by name, and reading it gives the remedy.',
      source: 'a function does not survive JSON',
      claim: code,
      option: 'code',
      says: ({ value }, { message }) => {
        const read = codec.decode(jsonOf(value))
        const said = E.isLeft(read) ? read.left.find(error => error.message?.includes(message))?.message : undefined
        return sameBits(said?.includes(message) === true ? message : read, message)
      }
    })
  ])
}
