/**
 * Fields: the parameters of a case, each with domain, default, printer, codec and arbitrary.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as t from 'io-ts'
 * import { Case, Field, Rate } from 'ornstein'
 *
 * // A case with a field of each kind; its meaning is of no matter here.
 * const settings = Case.define('Settings', {
 *   name: 'settings',
 *   about: 'a field of each kind',
 *   fields: {
 *     label: Field.text({ remedy: 'give it a name' }),
 *     mode: Field.oneOf(['fast', 'exact']),
 *     verbose: Field.boolean({ default: false }),
 *     threads: Field.count({ default: 1, most: 64 }),
 *     decay: Field.inside({ default: 0.9 }),
 *     share: Field.number({
 *       holds: x => x > 0 && x < 1,
 *       domain: 'in (0, 1)',
 *       suggestion: 0.5,
 *       default: 0.5,
 *       arbitrary: fc => fc.double({ min: 0.01, max: 0.99, noNaN: true })
 *     }),
 *     tolerance: Field.quiet(Field.notNegative({ default: 1e-8 })),
 *     limit: Field.optional(Field.finite({ suggestion: 10 })),
 *     columns: Field.withDefault(Field.array(Field.count({ suggestion: 0, least: 0 })), [0]),
 *     scales: Field.withDefault(Field.dictionary(Field.positive({ suggestion: 1 })), {}),
 *     rates: Field.withDefault(Field.list(Rate.concept), [Rate.constant(0.1)]),
 *     range: Field.withDefault(
 *       Field.record({ from: Field.finite({ default: 0 }), to: Field.finite({ default: 1 }) }),
 *       {
 *         from: 0,
 *         to: 1
 *       }
 *     ),
 *     pair: Field.withDefault(
 *       Field.codec(t.tuple([t.number, t.number]), {
 *         domain: 'a pair of numbers',
 *         remedy: 'try [0, 1]',
 *         arbitrary: fc => fc.tuple(fc.double(), fc.double()),
 *         sample: [0, 1]
 *       }),
 *       [0, 1]
 *     ),
 *     map: Field.withDefault(
 *       Field.code((x: number) => x),
 *       x => 2 * x
 *     )
 *   },
 *   meaning: () => null
 * })
 * const value = settings({ label: 'mine', columns: [2, 0], range: { from: -1, to: 1 } })
 *
 * // Defaults are filled in; the quiet one and the one that was left out are not printed.
 * assert.deepEqual([value.mode, value.threads, value.limit, value.map(3)], ['fast', 1, null, 6])
 * assert.match(Case.show(value), /label: "mine".*columns: \[2, 0\].*map: …/)
 * assert.doesNotMatch(Case.show(value), /tolerance|limit/)
 * // Each field knows its domain.
 * const wrong = Case.changed({ share: 2, threads: 0.5, mode: 'slow' })(value)
 * assert.deepEqual(
 *   Case.problems(wrong).map(({ field }) => field),
 *   ['mode', 'threads', 'share']
 * )
 *
 * // A field of a new type follows from what its values are, how they are drawn, and one of them.
 * const vowel = Field.leaf<string>({
 *   is: (u): u is string => typeof u === 'string' && /^[aeiou]$/.test(u),
 *   domain: 'a vowel',
 *   remedy: "try 'a'",
 *   arbitrary: fc => fc.constantFrom('a', 'e', 'i', 'o', 'u'),
 *   sample: 'a'
 * })
 * assert.deepEqual(
 *   vowel.problems('letter', 'x').map(({ domain }) => domain),
 *   ['a vowel']
 * )
 */
import type * as t from 'io-ts'
// oxlint-disable-next-line @typescript-eslint/ban-ts-comment -- where it is there, there is nothing to expect
/** @ts-ignore: an optional peer of users; without it, arbitraries are of any type */
import type * as Fc from 'fast-check'
import { exactText } from '../../lib/plain/said.js'
import type { AnyValue, ConceptOf, FastCheck, Field, Fields, Of, Problems, WithDefault } from './caseTypes.js'
import { left, none, right, some, type Either } from './either.js'
import * as Problem from './problem.js'
import { isRecord } from './record.js'
import { splitResults } from './walk.js'
import { recordKey, literalCode, nearestWords, withArticle, quotedValue } from './spelling.js'

export type { AnyOf, Field, Fields, NoFields, Of, Problems, WithDefault } from './caseTypes.js'

// —— defining fields ——

interface LeafField<A> {
  readonly is: (u: unknown) => u is A
  readonly holds?: (a: A) => boolean
  readonly domain: string
  readonly remedy: string
  readonly show?: (a: A) => string
  readonly codec?: t.Type<A, unknown>
  readonly arbitrary: (fc: FastCheck) => Fc.Arbitrary<A>
  /** Plain value for examples. */
  readonly sample: A
}

/** Defines a field without nested descriptions, from its type, domain and codec. */
export function leaf<A>({
  is,
  holds = () => true,
  domain,
  remedy,
  show = literalCode,
  codec,
  arbitrary,
  sample
}: LeafField<A>): Field<A> {
  const check = (name: string, u: unknown): Problems =>
    is(u) && holds(u) ? [] : [Problem.of(name, quotedValue(u), domain, remedy)]
  return {
    is,
    accept: u => u,
    fallback: none,
    domain,
    remedy,
    problems: check,
    show: u => (is(u) ? show(u) : literalCode(u)),
    nested: () => [],
    nestedJson: () => [],
    rebuilt: u => u,
    encode: u => (codec !== undefined && is(u) ? codec.encode(u) : u),
    // Checks the form; `problems` checks the domain of all fields together.
    decode: (name, u) => {
      const read = codec === undefined ? (is(u) ? right(u) : left(null)) : codec.decode(u)
      return read._tag === 'Right' ? read : left([Problem.of(name, quotedValue(u), domain, remedy)])
    },
    arbitrary,
    sample: () => sample,
    code: false
  }
}

interface Options<A> {
  readonly default?: A
}

/** Makes a field optional, with a default. */
export function withDefault<A, I>(field: Field<A, I>, fallback: A): WithDefault<A, I> {
  return { ...field, fallback: some(fallback), sample: () => fallback }
}

/** Field of a boolean. */
export function boolean(options: { readonly default: boolean }): WithDefault<boolean> {
  const field = leaf({
    is: (u): u is boolean => typeof u === 'boolean',
    domain: 'true or false',
    remedy: `try ${String(options.default)}`,
    arbitrary: fc => fc.boolean(),
    sample: options.default
  })
  return withDefault(field, options.default)
}

/** True for numbers; JSON has −0, NaN and infinities as strings. */
const isNumber = (u: unknown): u is number => typeof u === 'number'
const SPECIAL_NUMBERS: Readonly<Record<string, number>> = { '-0': -0, NaN, Infinity, '-Infinity': -Infinity }

interface Numeric {
  readonly holds: (a: number) => boolean
  readonly domain: string
  readonly suggestion: number
  /** Default: `try` the suggestion. */
  readonly remedy?: string
  readonly arbitrary: (fc: FastCheck) => Fc.Arbitrary<number>
}

/** Field of numbers that satisfy a test; `domain` ends the sentence "it is not …". */
export function number(spec: Numeric & { readonly default: number }): WithDefault<number>
export function number(spec: Numeric & Options<number>): Field<number>
export function number({
  holds,
  domain,
  suggestion,
  remedy = `try ${suggestion}`,
  arbitrary,
  default: fallback
}: Numeric & Options<number>): Field<number> {
  const plain = leaf({
    is: isNumber,
    holds,
    domain,
    remedy,
    arbitrary,
    sample: suggestion,
    show: exactText
  })
  const field: Field<number> = {
    ...plain,
    encode: u => (!isNumber(u) || (Number.isFinite(u) && !Object.is(u, -0)) ? u : exactText(u)),
    decode: (name, u, inner) =>
      typeof u === 'string' && Object.hasOwn(SPECIAL_NUMBERS, u)
        ? right(SPECIAL_NUMBERS[u])
        : plain.decode(name, u, inner)
  }
  return fallback === undefined ? field : withDefault(field, fallback)
}

interface Suggested extends Options<number> {
  readonly suggestion?: number
}

interface NumberFieldConstructor {
  (options: { readonly default: number }): WithDefault<number>
  (options: { readonly suggestion: number }): Field<number>
}

const numberFieldIn = (
  holds: (a: number) => boolean,
  words: string,
  arbitrary: (fc: FastCheck) => Fc.Arbitrary<number>
): NumberFieldConstructor => {
  function of(options: { readonly default: number }): WithDefault<number>
  function of(options: { readonly suggestion: number }): Field<number>
  function of({ default: fallback, suggestion }: Suggested): Field<number> {
    const spec = { holds, domain: words, arbitrary, suggestion: fallback ?? suggestion ?? 1 }
    return fallback === undefined ? number(spec) : number({ ...spec, default: fallback })
  }
  return of
}

const double =
  (min: number, max: number) =>
  (fc: FastCheck): Fc.Arbitrary<number> =>
    fc.double({ min, max, noNaN: true })

/** Field of a finite number > 0. */
export const positive = numberFieldIn(a => a > 0 && a < Infinity, '> 0 and finite', double(1e-6, 1e6))
/** Field of a finite number ≥ 0. */
export const notNegative = numberFieldIn(a => a >= 0 && a < Infinity, '≥ 0 and finite', double(0, 1e6))
/** Field of a finite number. */
export const finite = numberFieldIn(Number.isFinite, 'finite', double(-1e6, 1e6))
/** Field of a number in [0, 1). */
export const fraction = numberFieldIn(a => a >= 0 && a < 1, 'in [0, 1)', double(0, 0.999))
/** Field of a number in (0, 1). */
export const inside = numberFieldIn(a => a > 0 && a < 1, 'in (0, 1)', double(0.01, 0.99))

interface WholeNumber {
  /** Default: 1. */
  readonly least?: number
  readonly most?: number
}

/** Field of a whole number ≥ `least`, which is 1 by default. */
export function count(options: WholeNumber & { readonly default: number }): WithDefault<number>
export function count(options: WholeNumber & { readonly suggestion: number }): Field<number>
export function count({ default: fallback, suggestion, least = 1, most }: WholeNumber & Suggested): Field<number> {
  const spec = {
    holds: (a: number) => Number.isSafeInteger(a) && a >= least && (most === undefined || a <= most),
    domain: `a whole number ≥ ${least}`,
    suggestion: fallback ?? suggestion ?? least,
    arbitrary: (fc: FastCheck) => fc.integer({ min: least, max: Math.min(most ?? 1000, least + 1000) })
  }
  const problems = (name: string, u: unknown): Problems =>
    isNumber(u)
      ? Problem.requireCount(name, u, { least, suggestion: spec.suggestion, most })
      : number(spec).problems(name, u)
  return fallback === undefined
    ? { ...number(spec), problems }
    : { ...number({ ...spec, default: fallback }), problems }
}

/** Field of a text. */
export function text(options: { readonly remedy: string }): Field<string> {
  return leaf({
    is: (u): u is string => typeof u === 'string',
    domain: 'a text',
    remedy: options.remedy,
    show: JSON.stringify,
    arbitrary: fc => fc.string(),
    sample: 'mine'
  })
}

/** Field of one of a few words; the default is the first. */
export function oneOf<const A extends string>(words: readonly [A, ...ReadonlyArray<A>]): WithDefault<A> {
  const is = (u: unknown): u is A => words.some(word => word === u)
  const field = leaf<A>({
    is,
    domain: `one of ${words.map(w => `'${w}'`).join(', ')}`,
    remedy: `try '${words[0]}'`,
    show: a => `'${a}'`,
    arbitrary: fc => fc.constantFrom(...words),
    sample: words[0]
  })
  const decode: Field<A>['decode'] = (name, u) =>
    is(u)
      ? right(u)
      : left([
          Problem.of(
            name,
            quotedValue(u),
            field.domain,
            `try '${typeof u === 'string' ? nearestWords(u, words)[0] : words[0]}'`
          )
        ])
  return withDefault({ ...field, decode }, words[0])
}

/** Field of a type with a codec: arrays, tables, records. */
export function codec<A>(type: t.Type<A, unknown>, rest: Omit<LeafField<A>, 'is' | 'codec'>): Field<A> {
  return leaf({ ...rest, is: type.is, codec: type })
}

/** Field of a function, printed as …; JSON contains only its name in the vocabulary. */
export function code<A extends (...args: never) => unknown>(example: A): Field<A> {
  const is = (u: unknown): u is A => typeof u === 'function'
  return {
    ...leaf<A>({
      is,
      domain: 'a function',
      remedy: 'give one',
      show: () => '…',
      arbitrary: fc => fc.constant(example),
      sample: example
    }),
    code: true
  }
}

/** Omits a field from printed code if it has its default. */
export function quiet<A, I>(field: WithDefault<A, I>): WithDefault<A, I> {
  return { ...field, show: (u, inner) => (Object.is(u, field.fallback.value) ? null : field.show(u, inner)) }
}

/** Makes a field optional: null, and not printed, if it is not given. */
export function optional<A, I>(field: Field<A, I>): WithDefault<A | null, I | null> {
  const is = (u: unknown): u is A | null => u === null || field.is(u)
  return {
    ...field,
    is,
    takes: () => undefined,
    accept: u => (u === null ? null : field.accept(u)),
    fallback: some(null),
    problems: (name, u) => (u === null ? [] : field.problems(name, u)),
    show: (u, inner) => (u === null ? null : field.show(u, inner)),
    nested: u => (u === null ? [] : field.nested(u)),
    nestedJson: u => (u === null || u === undefined ? [] : field.nestedJson(u)),
    rebuilt: (u, inner) => (u === null ? null : field.rebuilt(u, inner)),
    encode: (u, inner) => (u === null ? null : field.encode(u, inner)),
    decode: (name, u, inner) => (u === null || u === undefined ? right(null) : field.decode(name, u, inner)),
    arbitrary: (fc, any, depth) => fc.option(field.arbitrary(fc, any, depth), { nil: null }),
    sample: () => null
  }
}

/** Short form of a description, such as a number for a constant rate, and its inverse. */
export interface Short<T, I> {
  readonly from: (given: I | T) => T
  readonly show: (value: T) => string | null
}

/** Field of a description of a concept; `short` adds a short form. */
export function of<T extends AnyValue, I = T>(concept: ConceptOf<T>, short?: Short<T, I>): Field<T, I | T> {
  const isGiven = (u: unknown): u is I | T => u !== undefined
  const domain = withArticle(concept.name)
  const remedy = `use a constructor of ${concept.name}`
  return {
    is: concept.is,
    accept: u => (short !== undefined && isGiven(u) ? short.from(u) : u),
    fallback: none,
    domain,
    remedy,
    problems: (name, u) => (concept.is(u) ? [] : [Problem.of(name, quotedValue(u), domain, remedy)]),
    show: (u, [inner]) => (short !== undefined && concept.is(u) ? (short.show(u) ?? inner) : inner),
    nested: u => (concept.is(u) ? [{ at: '', value: u, bare: short !== undefined && short.show(u) !== null }] : []),
    nestedJson: json => [{ at: '', concept: concept.name, json }],
    rebuilt: (_, [inner]) => inner,
    encode: (_, [inner]) => inner,
    decode: (_, __, [inner]) => right(inner),
    arbitrary: (_, any, depth) => any(concept.name, depth),
    sample: any => any(concept.name),
    code: false
  }
}

interface FieldPart {
  readonly key: string
  readonly at: string
  readonly field: Field<unknown, never>
  readonly value: unknown
}

type ByKey<A> = ReadonlyArray<readonly [key: string, of: A]>

interface CompositeField<A> extends Pick<
  Field<A, never>,
  'is' | 'domain' | 'remedy' | 'arbitrary' | 'sample' | 'code'
> {
  /** True if a value may have parts. */
  readonly isWhole: (u: unknown) => boolean
  readonly write: string
  readonly parts: (u: unknown) => ReadonlyArray<FieldPart>
  /** Builds a value from its parts. */
  readonly made: (parts: ByKey<unknown>) => object
  /** Code of a value from that of its parts; null for omitted ones. */
  readonly shown: (parts: ByKey<string | null>) => string
  /** Problems of JSON outside the parts. */
  readonly strangers?: (name: string, u: unknown) => Problems
}

/** Pairs each part with the results of the descriptions nested in it. */
const partsWithResults = <R>(
  parts: ReadonlyArray<FieldPart>,
  results: ReadonlyArray<R>,
  nested: 'nested' | 'nestedJson'
): ReadonlyArray<readonly [FieldPart, ReadonlyArray<R>]> => {
  const cut = splitResults(
    parts.map(({ field, value }) => field[nested](value).length),
    results
  )
  return parts.map((part, i) => [part, cut[i]])
}

/** Field of composite values; all its functions work part by part. */
function compositeField<A, I>({
  isWhole,
  write,
  parts,
  made,
  shown,
  strangers = () => [],
  ...own
}: CompositeField<A>): Field<A, I> {
  const misread = (name: string, u: unknown, remedy: string): Problems => [
    Problem.of(name, quotedValue(u), own.domain, remedy)
  ]
  const withResults = <R>(u: unknown, results: ReadonlyArray<R>) => partsWithResults(parts(u), results, 'nested')
  return {
    ...own,
    fallback: none,
    accept: u =>
      isWhole(u) ? Object.freeze(made(parts(u).map(({ key, field, value }) => [key, field.accept(value)]))) : u,
    problems: (name, u) =>
      isWhole(u)
        ? parts(u).flatMap(({ at, field, value }) => field.problems(name + at, value))
        : misread(name, u, own.remedy),
    show: (u, results) =>
      shown(withResults(u, results).map(([{ key, field, value }, inner]) => [key, field.show(value, inner)])),
    nested: u =>
      parts(u).flatMap(({ at, field, value }) => field.nested(value).map(one => ({ ...one, at: at + one.at }))),
    nestedJson: u =>
      parts(u).flatMap(({ at, field, value }) => field.nestedJson(value).map(one => ({ ...one, at: at + one.at }))),
    rebuilt: (u, results) =>
      Object.freeze(
        made(withResults(u, results).map(([{ key, field, value }, inner]) => [key, field.rebuilt(value, inner)]))
      ),
    encode: (u, results) =>
      made(withResults(u, results).map(([{ key, field, value }, inner]) => [key, field.encode(value, inner)])),
    decode: (name, u, results) => {
      if (!isWhole(u)) return left(misread(name, u, write))
      const read = partsWithResults(parts(u), results, 'nestedJson').map(
        ([{ key, at, field, value }, inner]): Either<Problems, readonly [string, unknown]> => {
          if (value === undefined && field.fallback._tag === 'Some') return right([key, field.fallback.value])
          const one = field.decode(name + at, value, inner)
          return one._tag === 'Left' ? one : right([key, one.right])
        }
      )
      const bad = [...strangers(name, u), ...read.flatMap(one => (one._tag === 'Left' ? one.left : []))]
      return bad.length > 0
        ? left(bad)
        : right(Object.freeze(made(read.flatMap(one => (one._tag === 'Right' ? [one.right] : [])))))
    }
  }
}

/** Field of a list of values of another field. */
export function array<A, I>(field: Field<A, I>): Field<ReadonlyArray<A>, ReadonlyArray<I>> {
  return compositeField<ReadonlyArray<A>, ReadonlyArray<I>>({
    is: (u): u is ReadonlyArray<A> => Array.isArray(u) && u.every(field.is),
    isWhole: Array.isArray,
    write: 'write [ … ]',
    domain: `a list, each ${field.domain}`,
    remedy: field.remedy,
    parts: u =>
      Array.isArray(u) ? u.map((value: unknown, i) => ({ key: String(i), at: `[${i}]`, field, value })) : [],
    made: parts => parts.map(([, value]) => value),
    shown: parts => `[${parts.map(([, text]) => text).join(', ')}]`,
    arbitrary: (fc, any, depth) => fc.array(field.arbitrary(fc, any, depth), { minLength: 1, maxLength: 3 }),
    sample: any => Object.freeze([field.sample(any)]),
    code: field.code
  })
}

/** Field of a record with arbitrary names and values of another field. */
export function dictionary<A, I>(field: Field<A, I>): Field<Readonly<Record<string, A>>, Readonly<Record<string, I>>> {
  return compositeField<Readonly<Record<string, A>>, Readonly<Record<string, I>>>({
    is: (u): u is Readonly<Record<string, A>> => isRecord(u) && Object.values(u).every(field.is),
    isWhole: isRecord,
    write: 'write { … }',
    domain: `a record, each ${field.domain}`,
    remedy: field.remedy,
    parts: u => (isRecord(u) ? Object.entries(u).map(([key, value]) => ({ key, at: `.${key}`, field, value })) : []),
    made: Object.fromEntries,
    shown: parts =>
      parts.length === 0 ? '{}' : `{ ${parts.map(([k, text]) => `${recordKey(k)}: ${text}`).join(', ')} }`,
    arbitrary: (fc, any, depth) =>
      fc.dictionary(fc.constantFrom('means', 'logits'), field.arbitrary(fc, any, depth), {
        maxKeys: 2,
        noNullPrototype: true
      }),
    sample: any => Object.freeze({ means: field.sample(any) }),
    code: field.code
  })
}

/** Field of a list of descriptions of a concept. */
export const list = <T extends AnyValue>(concept: ConceptOf<T>): Field<ReadonlyArray<T>> => array(of(concept))

/** Type of a record of fields as given. */
type GivenRecord<F> = { readonly [K in keyof F]: F[K] extends Field<unknown, infer I> ? I : never }

/** Field of a record of fields, such as the pieces of a piecewise rate. */
export function record<F extends Fields>(fields: F): Field<Of<F>, GivenRecord<F>> {
  const entries = Object.entries(fields)
  const names = Object.keys(fields).join(', ')
  return compositeField<Of<F>, GivenRecord<F>>({
    is: (u): u is Of<F> => isRecord(u) && entries.every(([k, f]) => f.is(u[k])),
    isWhole: isRecord,
    write: 'give each of them',
    domain: `{ ${names} }`,
    remedy: 'give each of them',
    parts: u => entries.map(([key, field]) => ({ key, at: `.${key}`, field, value: isRecord(u) ? u[key] : undefined })),
    made: Object.fromEntries,
    shown: parts => `{ ${parts.flatMap(([k, text]) => (text === null ? [] : [`${k}: ${text}`])).join(', ')} }`,
    strangers: (name, u) =>
      Object.entries(isRecord(u) ? u : {})
        .filter(([k]) => !Object.hasOwn(fields, k))
        .map(([k, value]) => Problem.of(`${name}.${k}`, quotedValue(value), 'a known field', `use one of ${names}`)),
    arbitrary: (fc, any, depth) =>
      fc.record(Object.fromEntries(entries.map(([k, f]) => [k, f.arbitrary(fc, any, depth)]))),
    sample: any => Object.freeze(Object.fromEntries(entries.map(([k, f]) => [k, f.sample(any)]))),
    code: entries.some(([, f]) => f.code)
  })
}
