/** Laws of JSON codecs: round trips, errors for malformed JSON, rejection of functions. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { areSameBits, jsonRoundTrip } from './bits.js'
import type { Laws } from './law.js'
import { forAll, ofRows, sameBits, type LawBuilder, type Relation, type LawRelations, above } from './lawRows.js'

export interface CodecOptions<A> {
  readonly equals?: (a: A, b: A) => boolean
  /** Values that contain functions, and the message of their decoding error. */
  readonly code?: { readonly values: fc.Arbitrary<A>; readonly message: string } | null
}

/**
 * Returns the laws of a codec, tested on the given values.
 *
 * @example
 * import fc from 'fast-check'
 * import { Rate, Vocabulary } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.codec(Vocabulary.codec(Vocabulary.standard)(Rate.concept), laws.arbitraries.of(Rate.concept)).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 3 })
 * })
 */
export const codec = <A>(
  codec: t.Type<A, unknown>,
  values: fc.Arbitrary<A>,
  { equals = areSameBits, code = null }: CodecOptions<A> = {}
): Laws => {
  const isReadAs = (value: A): Relation => {
    const read = codec.decode(jsonOf(codec, value))
    return E.isRight(read) && codec.is(read.right) && equals(read.right, value)
      ? sameBits(read._tag, 'Right')
      : sameBits(E.isLeft(read) ? PathReporter.report(read) : read.right, value)
  }
  const subject: CodecSubject<A> = { codec, values, code, isReadAs }
  return ofRows('codec', [
    decodesWhatItEncodes(subject),
    encodesWhatItDecodes(subject),
    everyLeafMatters(subject),
    functionsAreRejected(subject)
  ])
}

interface CodecSubject<A> {
  readonly codec: t.Type<A, unknown>
  readonly values: fc.Arbitrary<A>
  readonly code: CodecOptions<A>['code']
  /** Relation of the value decoded from the JSON text to the original. */
  readonly isReadAs: (value: A) => Relation
}

const decodesWhatItEncodes = <A>({ values, isReadAs }: CodecSubject<A>): LawBuilder =>
  forAll(fc.record({ value: values }))({
    name: 'what is written is read again',
    statement: '∀ a: decode(parse(text(encode(a)))) = a, to the last bit, −0, NaN and infinities included.',
    source: 'definition of a codec',
    says: ({ value }) => isReadAs(value)
  })

const encodesWhatItDecodes = <A>({ codec, values, isReadAs }: CodecSubject<A>): LawBuilder =>
  forAll(fc.record({ json: nearlyValidJson(codec, values) }))({
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
  })

const everyLeafMatters = <A>({ codec, values }: CodecSubject<A>): LawBuilder =>
  forAll(fc.record({ value: values, at: fc.nat(), way: fc.nat() }))({
    name: 'what is read is kept as it is',
    statement:
      '∀ a, places in the text of a: another string in the place of a string, empty, long or with blanks, is not read, or written again as it is; 2½ more in the place of a whole number is not read as a number near it. With true there (1 for true or false) it is not read.',
    source: 'a codec looks at all that it reads, and changes none of it',
    says: ({ value, at, way: variant }) => {
      const json = jsonOf(codec, value)
      const [place, leaf] = nodeAt(json, at)
      const other = replaceAtPath(json, place, typeof leaf === 'boolean' ? 1 : true)
      const isRejected = E.isLeft(codec.decode(other))
      const replacement =
        typeof leaf === 'string'
          ? STRINGS[variant % STRINGS.length]
          : typeof leaf === 'number' && Number.isSafeInteger(leaf)
            ? leaf + 2.5
            : leaf
      const read = codec.decode(replaceAtPath(json, place, replacement))
      const again = E.isLeft(read) ? replacement : valueAtPath(jsonOf(codec, read.right), place)
      // A difference of 1 or more may be normalization, a smaller one is rounding.
      const isOther = typeof replacement === 'number' && typeof again === 'number' && Math.abs(again - replacement) >= 1
      return [
        isRejected ? sameBits('Left', 'Left') : sameBits({ 'it is read': other }, { 'it is': 'refused' }),
        !isOther && sameBits({ 'read and written again': again }, { 'read and written again': replacement })
      ]
    }
  })

const functionsAreRejected = <A>({ codec, values, code }: CodecSubject<A>): LawBuilder =>
  forAll(fc.record({ value: code?.values ?? values }))({
    name: 'code is refused, and says so',
    statement: '∀ a that holds a function: it is written by name, and reading it gives the remedy.',
    source: 'a function does not survive JSON',
    claim: code,
    option: 'code',
    says: ({ value }, { message }) => {
      const read = codec.decode(jsonOf(codec, value))
      const found = E.isLeft(read) ? read.left.find(error => error.message?.includes(message))?.message : undefined
      return sameBits(found?.includes(message) === true ? message : read, message)
    }
  })

// —— JSON ——

type JsonValue = null | boolean | number | string | ReadonlyArray<JsonValue> | { readonly [key: string]: JsonValue }
type JsonPath = ReadonlyArray<string>

const isBranch = (json: JsonValue): json is ReadonlyArray<JsonValue> | { readonly [key: string]: JsonValue } =>
  typeof json === 'object' && json !== null

/** Paths and values of all nodes, the root first. */
const jsonNodes = (json: JsonValue): ReadonlyArray<readonly [JsonPath, JsonValue]> => [
  [[], json],
  ...(isBranch(json)
    ? Object.entries<JsonValue>(json).flatMap(([key, inner]) =>
        jsonNodes(inner).map(([path, value]) => [[key, ...path], value] as const)
      )
    : [])
]

const valueAtPath = (json: JsonValue, at: JsonPath): JsonValue | undefined =>
  jsonNodes(json).find(([path]) => areSameBits(path, at))?.[1]

/** Replaces the value at a path; removes it if `by` is undefined. */
const replaceAtPath = (json: JsonValue, at: JsonPath, by: JsonValue | undefined): JsonValue | undefined => {
  if (at.length === 0 || !isBranch(json)) return by
  const [key, ...rest] = at
  const changed = Object.entries<JsonValue>(json).flatMap(([name, inner]) => {
    const next = name === key ? replaceAtPath(inner, rest, by) : inner
    return next === undefined ? [] : [[name, next] as const]
  })
  return Array.isArray(json) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed)
}

const STRINGS = [' x', 'x ', '', 'É e\u0301', 'a\tb\n', '0', 'x'.repeat(300)]

const anyJson: fc.Arbitrary<JsonValue> = fc.jsonValue() as fc.Arbitrary<JsonValue>

const jsonOf = <A>(codec: t.Type<A, unknown>, value: A): JsonValue =>
  // An encoded value that was printed and parsed is JSON.
  jsonRoundTrip(codec.encode(value)) as JsonValue

const nodeAt = (json: JsonValue, index: number): readonly [JsonPath, JsonValue] => {
  const all = jsonNodes(json)
  return all[index % all.length]
}

/** Any JSON, and valid JSON with one node malformed or taken from another value at the same path. */
const nearlyValidJson = <A>(codec: t.Type<A, unknown>, values: fc.Arbitrary<A>): fc.Arbitrary<JsonValue> => {
  const valid = values.map(value => jsonOf(codec, value))
  const broken = fc.oneof(anyJson, fc.constantFrom<JsonValue | undefined>(undefined, '', -1, 1e300, {}, []))
  return fc.oneof(
    anyJson,
    fc.tuple(valid, fc.nat(), broken).map(([json, at, by]) => replaceAtPath(json, nodeAt(json, at)[0], by) ?? null),
    fc.tuple(valid, valid, fc.nat()).map(([json, other, at]) => {
      const [path] = nodeAt(json, at)
      const value = valueAtPath(other, path)
      return value === undefined ? json : (replaceAtPath(json, path, value) ?? null)
    })
  )
}
