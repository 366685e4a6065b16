/** Laws of JSON codecs: nothing is lost, nothing is thrown, and code is refused. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { areSameBits, jsonRoundTrip } from './bits.js'
import type { Laws } from './law.js'
import { forAll, ofRows, sameBits, type Relation, type LawRelations, above } from './lawRows.js'

export interface CodecOptions<A> {
  readonly equals?: (a: A, b: A) => boolean
  /** Values that hold code, and what their refusal says. */
  readonly code?: { readonly values: fc.Arbitrary<A>; readonly message: string } | null
}

type JsonValue = null | boolean | number | string | ReadonlyArray<JsonValue> | { readonly [key: string]: JsonValue }
type JsonPath = ReadonlyArray<string>

const isBranch = (json: JsonValue): json is ReadonlyArray<JsonValue> | { readonly [key: string]: JsonValue } =>
  typeof json === 'object' && json !== null

/** Where the leaves and branches of JSON stand, the root first, and what stands there. */
const jsonPlaces = (json: JsonValue): ReadonlyArray<readonly [JsonPath, JsonValue]> => [
  [[], json],
  ...(isBranch(json)
    ? Object.entries<JsonValue>(json).flatMap(([key, inner]) =>
        jsonPlaces(inner).map(([path, there]) => [[key, ...path], there] as const)
      )
    : [])
]

/** What stands at a place; undefined where there is none. */
const valueAtPath = (json: JsonValue, place: JsonPath): JsonValue | undefined =>
  jsonPlaces(json).find(([path]) => areSameBits(path, place))?.[1]

/** JSON with another value at a place, or with nothing there. */
const replaceAtPath = (json: JsonValue, place: JsonPath, by: JsonValue | undefined): JsonValue | undefined => {
  if (place.length === 0 || !isBranch(json)) return by
  const [key, ...rest] = place
  const changed = Object.entries<JsonValue>(json).flatMap(([name, inner]) => {
    const next = name === key ? replaceAtPath(inner, rest, by) : inner
    return next === undefined ? [] : [[name, next] as const]
  })
  return Array.isArray(json) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed)
}

/** Strings that a careless codec changes. */
const STRINGS = [' x', 'x ', '', 'É e\u0301', 'a\tb\n', '0', 'x'.repeat(300)]

const anyJson: fc.Arbitrary<JsonValue> = fc.jsonValue() as fc.Arbitrary<JsonValue>

/**
 * The laws of a codec, on values that it must write and read.
 *
 * @example
 * import fc from 'fast-check'
 * import { Rate, Vocabulary } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.codec(Rate.codec(Vocabulary.standard), laws.arbitraries.of(Rate.concept)).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 3 })
 * })
 */
export const codec = <A>(
  codec: t.Type<A, unknown>,
  values: fc.Arbitrary<A>,
  { equals = areSameBits, code = null }: CodecOptions<A> = {}
): Laws => {
  // What a codec writes is JSON once it has been through text.
  const jsonOf = (value: A): JsonValue => jsonRoundTrip(codec.encode(value)) as JsonValue
  /** That what is written of a value is read as that value; what is wrong shows. */
  const isReadAs = (value: A): Relation => {
    const read = codec.decode(jsonOf(value))
    return E.isRight(read) && codec.is(read.right) && equals(read.right, value)
      ? sameBits(read._tag, 'Right')
      : sameBits(E.isLeft(read) ? PathReporter.report(read) : read.right, value)
  }
  const placeIn = (json: JsonValue, at: number): readonly [JsonPath, JsonValue] => {
    const all = jsonPlaces(json)
    return all[at % all.length]
  }
  const broken = fc.oneof(anyJson, fc.constantFrom<JsonValue | undefined>(undefined, '', -1, 1e300, {}, []))
  /** Any JSON, and JSON that is right except in one place, or has there what stands in another that is right. */
  const nearly = fc.oneof(
    anyJson,
    fc
      .tuple(values.map(jsonOf), fc.nat(), broken)
      .map(([json, at, by]) => replaceAtPath(json, placeIn(json, at)[0], by) ?? null),
    fc.tuple(values.map(jsonOf), values.map(jsonOf), fc.nat()).map(([json, other, at]) => {
      const [place] = placeIn(json, at)
      const there = valueAtPath(other, place)
      return there === undefined ? json : (replaceAtPath(json, place, there) ?? null)
    })
  )
  return ofRows('codec', [
    forAll(fc.record({ value: values }))({
      name: 'what is written is read again',
      statement: '∀ a: decode(parse(text(encode(a)))) = a, to the last bit, −0, NaN and infinities included.',
      source: 'definition of a codec',
      says: ({ value }) => isReadAs(value)
    }),
    forAll(fc.record({ json: nearly }))({
      name: 'what is read is written again',
      statement:
        '∀ JSON j, right, nearly right or arbitrary, null and what is empty too: decode(j) is a value, whose text is read as it again, or errors that say something; it never throws.',
      source: 'decode ∘ encode = id on all that decode gives; parse at the edge',
      says: ({ json }) =>
        [json, null, true, 0, '', [], {}, [null]].map((json): LawRelations => {
          const read = codec.decode(json)
          if (E.isRight(read)) return isReadAs(read.right)
          const messages = PathReporter.report(read).map(message => message.length)
          return [above(messages.length, 0), above(messages, 0)]
        })
    }),
    // Values are functions as well as records.
    forAll(fc.record({ value: values, at: fc.nat(), way: fc.nat() }))({
      name: 'what is read is kept as it is',
      statement:
        '∀ a, places in the text of a: another string in the place of a string, empty, long or with blanks, is not read, or written again as it is; 2½ more in the place of a whole number is not read as a number near it. With true there (1 for true or false) it is not read.',
      source: 'a codec looks at all that it reads, and changes none of it',
      says: ({ value, at, way }) => {
        const json = jsonOf(value)
        const [place, there] = placeIn(json, at)
        const other = replaceAtPath(json, place, typeof there === 'boolean' ? 1 : true)
        const isRefused = E.isLeft(codec.decode(other))
        const put =
          typeof there === 'string'
            ? STRINGS[way % STRINGS.length]
            : typeof there === 'number' && Number.isSafeInteger(there)
              ? there + 2.5
              : there
        const read = codec.decode(replaceAtPath(json, place, put))
        const again = E.isLeft(read) ? put : valueAtPath(jsonOf(read.right), place)
        // What is farther off may have been normalized; a number that is rounded is near.
        const isOther = typeof put === 'number' && typeof again === 'number' && Math.abs(again - put) >= 1
        return [
          isRefused ? sameBits('Left', 'Left') : sameBits({ 'it is read': other }, { 'it is': 'refused' }),
          !isOther && sameBits({ 'read and written again': again }, { 'read and written again': put })
        ]
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
