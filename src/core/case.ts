/** A case is a value that holds everything the rest of the program asks of it. */
import { none, some, type Option } from './either.js'
import type { Field, Fields, NoFields, Of } from './field.js'
import * as Problem from './problem.js'
import { isRecord } from './record.js'
import { refuse } from '../../lib/plain/refuse.js'
import { collect, foldUp, splitResults } from './walk.js'
import { literalCode, nearestWords, quotedValue } from './spelling.js'

/** Shared by all copies of the library in a program. */
export const ofCase: unique symbol = Symbol.for('ornstein/case')

/**
 * How a case is called: its fields in order, the last perhaps as `'...parts'`, or `'{}'` for a record of the fields that are not
 * named; null: one record of options.
 */
export type Call = ReadonlyArray<string> | null

/** A case as the program sees it, whatever its fields: every function takes any value, and refuses what is not its own. */
export interface Case<out C extends string, out M> {
  readonly concept: C
  readonly name: string
  readonly about: string
  readonly fields: Fields
  readonly call: Call
  /** The field that is given last, alone: `reparametrized(clock)(schedule)`. */
  readonly on: string | null
  readonly formula: (value: unknown) => string | null
  /** What is wrong between fields; what is wrong within one is the field's own affair. */
  readonly check: (value: unknown) => ReadonlyArray<Problem.Problem>
  readonly meaning: (value: unknown) => M
  /** Fields of its example, where defaults and suggestions do not do. */
  readonly example: Readonly<Record<string, unknown>>
  /** Its JSON, from that of an earlier version. */
  readonly earlier: (json: unknown) => unknown
}

/** A description of a concept, of whatever case. */
export interface Value<out C extends string, out M> {
  readonly _tag: string
  readonly [ofCase]: Case<C, M>
}

export type AnyValue = Value<string, unknown>

/** Whether a value is a description that has its case. */
export const isValue = (u: unknown): u is AnyValue =>
  typeof u === 'object' && u !== null && '_tag' in u && ofCase in u && typeof u[ofCase] === 'object'

/** A field of a value by its name; undefined where it has none. */
export const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

// —— what follows from a case, at any depth ——

interface CaseNode {
  readonly path: string
  readonly depth: number
  readonly value: AnyValue
  /** Whether it was given in its short form, such as a number, and has no field names of its own. */
  readonly bare: boolean
}

const joinFieldPath = (path: string, inner: string): string => (path === '' ? inner : `${path}.${inner}`)

const nestedNodes = ({ path, depth, value }: CaseNode): ReadonlyArray<CaseNode> =>
  Object.entries(value[ofCase].fields).flatMap(([name, f]) =>
    f.nested(field(value, name)).map(({ at, value, bare }) => ({
      path: joinFieldPath(path, name + at),
      depth: depth + 1,
      value,
      bare: bare === true
    }))
  )

/** A description and all that stand in it, itself first. */
export const parts = (value: AnyValue): ReadonlyArray<AnyValue> =>
  collect<CaseNode, AnyValue>({ path: '', depth: 0, value, bare: false }, nestedNodes, ({ value }) => [value])

/** A description within another, and where it stands there: `stages[1].stage`. */
export interface PlacedCase {
  readonly path: string
  readonly value: AnyValue
}

/** A description and all that stand in it, itself first, each with where it stands. */
export const placedDescriptions = (value: AnyValue): ReadonlyArray<PlacedCase> =>
  collect<CaseNode, PlacedCase>({ path: '', depth: 0, value, bare: false }, nestedNodes, ({ path, value }) => [
    { path, value }
  ])

/** The descriptions that stand in it directly. */
export const innerDescriptions = (value: AnyValue): ReadonlyArray<PlacedCase> =>
  nestedNodes({ path: '', depth: 0, value, bare: false })

/** The same description with other values of some fields. */
export const changed =
  (fields: Readonly<Record<string, unknown>>) =>
  <T extends AnyValue>(value: T): T => {
    const made: T = { ...value, ...fields }
    Object.freeze(made)
    return made
  }

/** The same description, with what `f` makes of those that stand in it directly. */
export const mapInner =
  (f: (inner: AnyValue) => AnyValue) =>
  <T extends AnyValue>(value: T): T => {
    const made = innerDescriptions(value).map(({ value }) => f(value))
    const fields = perField(value[ofCase].fields, (one, k) => one.nested(field(value, k)).length, made)
    return changed(Object.fromEntries(fields.map(([k, one, parts]) => [k, one.rebuilt(field(value, k), parts)])))(value)
  }

/** Results of a field's nested values, field by field. */
export const perField = <R>(
  fields: Fields,
  count: (field: Field<unknown, never>, name: string) => number,
  results: ReadonlyArray<R>
): ReadonlyArray<readonly [string, Field<unknown, never>, ReadonlyArray<R>]> => {
  const entries = Object.entries(fields)
  const parts = splitResults(
    entries.map(([name, f]) => count(f, name)),
    results
  )
  return entries.map(([name, f], i) => [name, f, parts[i]])
}

/** The description as the code that builds it. */
export const show = (value: AnyValue): string => (isValue(value) ? printedCase(value) : literalCode(value))

/** A list without its brackets. Its parts are joined again, not cut out of the printed list, which would take quadratic time. */
const spreadListCode = (f: Field<unknown, never>, list: unknown, inner: ReadonlyArray<string>): string =>
  inner.length > 0 ? inner.join(', ') : (f.show(list, inner)?.slice(1, -1) ?? '')

/** The field at a place of a call, where its list may be spread. */
const fieldAt = (place: string): string => place.replace('...', '')

const optionsCode = (given: ReadonlyArray<readonly [string, string | null]>): string | null =>
  given.length === 0 ? null : `{ ${given.map(([k, text]) => `${k}: ${text}`).join(', ')} }`

const printedCase = (value: AnyValue): string =>
  foldUp<CaseNode, string>({ path: '', depth: 0, value, bare: false }, nestedNodes, ({ value }, results) => {
    const { concept, name, fields, call, on } = value[ofCase]
    const parts = new Map(
      perField(fields, (f, k) => f.nested(field(value, k)).length, results).map(([k, f, inner]) => [
        k,
        call?.includes(`...${k}`) === true ? spreadListCode(f, field(value, k), inner) : f.show(field(value, k), inner)
      ])
    )
    const given = [...parts].filter(([k, text]) => k !== on && text !== null)
    const word = `${concept}.${name}`
    if (parts.size === 0) return word
    const args =
      call === null
        ? (optionsCode(given) ?? '')
        : call
            .map(k => (k === '{}' ? optionsCode(given.filter(([k]) => !call.includes(k))) : parts.get(fieldAt(k))))
            // What is left out at the end.
            .filter(text => text !== null)
            .join(', ')
    return `${word}(${args})${on === null ? '' : `(${parts.get(on)})`}`
  })

/** How many levels of descriptions may stand in each other. */
export const MAX_CASE_DEPTH = 500

/** The problems of a description, in all its parts; a bare one was given as a number, and its field has no name. */
export const problems = (value: AnyValue, bare = false): ReadonlyArray<Problem.Problem> =>
  isValue(value) ? inAllParts(value, bare) : [lost(value)]

/** Whether a description has its case, and in every field a value of its type: then it has a meaning. */
export const isSound = (value: AnyValue): boolean =>
  isValue(value) && Object.entries(value[ofCase].fields).every(([name, f]) => f.is(field(value, name)))

/** How a constructor is called, its options as they may be written: `Rate.cosine({ rate, steps })`. */
const callOf = ({ concept, name, fields, call, on }: AnyValue[typeof ofCase]): string => {
  const needed = Object.keys(fields).filter(k => k !== on && fields[k].fallback._tag === 'None')
  const options = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
    names.length > 0 ? [`{ ${names.join(', ')} }`] : []
  const args =
    call === null
      ? options(needed)
      : call.flatMap(k =>
          k === '{}'
            ? options(needed.filter(k => !call.some(place => fieldAt(place) === k)))
            : k.startsWith('...') || needed.includes(k)
              ? [k]
              : []
        )
  return `${concept}.${name}(${args.join(', ')})${on === null ? '' : `(${on})`}`
}

/**
 * Of a function that was given in the place of what it makes, its name and how it is called; null of anything else. A word without fields
 * is a value, and one with fields is a function, also where all have defaults.
 */
export const uncalled = (u: unknown): { readonly name: string; readonly remedy: string } | null => {
  const within: unknown = Array.isArray(u) ? u.find(one => typeof one === 'function') : u
  if (typeof within !== 'function') return null
  const made: unknown = Reflect.get(within, ofCase)
  if (typeof made !== 'object' || made === null) return { name: 'a function', remedy: 'call it' }
  // What stands under the symbol is a case.
  const its = made as AnyValue[typeof ofCase]
  return { name: `${its.concept}.${its.name}`, remedy: `call it: ${callOf(its)}` }
}

/** The types say that a description has its case; a copy made by JSON or structuredClone has lost it. */
const lost = (value: unknown): Problem.Problem => {
  const one = uncalled(value)
  if (one !== null) return Problem.of('', one.name, 'a description: it is what makes one', one.remedy)
  return Problem.of(
    '',
    literalCode(value),
    'a description: as a copy it has lost its case',
    'build it by its constructor, or read JSON by the codec of its concept'
  )
}

const inAllParts = (value: AnyValue, bare: boolean): ReadonlyArray<Problem.Problem> =>
  collect<CaseNode, Problem.Problem>(
    { path: '', depth: 0, value, bare },
    nestedNodes,
    ({ path, depth, value, bare }) => {
      const { name, fields, check } = value[ofCase]
      const own = [
        ...Problem.unless(
          value._tag === name,
          '_tag',
          value._tag,
          `'${name}', its case`,
          'build it by its constructor'
        ),
        ...Object.entries(fields).flatMap(([name, f]) => f.problems(bare ? '' : name, field(value, name)))
      ]
      return [
        ...(depth === MAX_CASE_DEPTH + 1
          ? [
              Problem.of(
                '',
                `${depth} levels`,
                `at most ${MAX_CASE_DEPTH} levels deep`,
                'put the parts of inner lists into the outer one'
              )
            ]
          : []),
        ...own,
        // Between fields only where each is right.
        ...(own.length > 0 ? [] : check(value))
      ].map(problem => (path === '' ? problem : Problem.within(path)(problem)))
    }
  )

/** The description as JSON; code is left out, and stands in the vocabulary under its name. */
export const encode = (value: AnyValue): unknown =>
  foldUp<CaseNode, unknown>({ path: '', depth: 0, value, bare: false }, nestedNodes, ({ value }, results) => ({
    _tag: value[ofCase].name,
    ...Object.fromEntries(
      perField(value[ofCase].fields, (f, k) => f.nested(field(value, k)).length, results).flatMap(([k, f, inner]) =>
        f.code ? [] : [[k, f.encode(field(value, k), inner)]]
      )
    )
  }))

/** The description in mathematics, by the formula of its case; its code where that has none. */
export const formula = (value: AnyValue): string => caseOf(value).formula(value) ?? show(value)

// —— constructors ——

/** Types written out in full when an editor shows them. */
type Expanded<T> = T extends infer U ? { readonly [K in keyof U]: U[K] } : never

type Takes<F> = F extends Field<unknown, infer I> ? I : never
type Defaulted<F> = {
  readonly [K in keyof F]: F[K] extends { readonly fallback: { readonly _tag: 'Some' } } ? K : never
}[keyof F]
/** By `as`, which keeps what is written above each field: an editor shows it over an option. */
type GivenOptions<F> = Expanded<
  { readonly [K in keyof F as K extends Defaulted<F> ? never : K]: Takes<F[K]> } & {
    readonly [K in keyof F as K extends Defaulted<F> ? K : never]?: Takes<F[K]>
  }
>
type Elements<I> = I extends ReadonlyArray<infer E> ? ReadonlyArray<E> : never
type OptionsArgument<F> =
  Exclude<keyof F, Defaulted<F>> extends never
    ? readonly [options?: GivenOptions<F>]
    : readonly [options: GivenOptions<F>]
/** `Rest`: the fields that have had no place yet. */
type Positional<F, A extends ReadonlyArray<unknown>, Rest = F> = A extends readonly [infer H, ...infer T]
  ? H extends '{}'
    ? OptionsArgument<Rest>
    : H extends `...${infer K extends keyof F & string}`
      ? Elements<Takes<F[K]>>
      : H extends keyof F
        ? readonly [value: Takes<F[H]>, ...others: Positional<F, T, Omit<Rest, H>>]
        : never
  : readonly []
type Arguments<F, A, On> = A extends ReadonlyArray<unknown> ? Positional<F, A> : OptionsArgument<Omit<F, On & string>>

/** What a case makes: a description of the concept with the fields of the case. */
export type Made<T, N extends string, V> = T & { readonly _tag: N } & V

/** Something that refers to a case of `T`: a constructor, or a description. */
export interface CaseOf<out T extends AnyValue> {
  readonly [ofCase]: T[typeof ofCase]
}

/** A case without fields is the description itself; else it is what makes one. */
export type Constructor<
  T extends AnyValue,
  N extends string,
  F extends Fields,
  A extends Call,
  On extends string | null
> = keyof F extends never
  ? T & { readonly _tag: N }
  : (On extends keyof F & string
      ? (...args: Arguments<F, A, On>) => (on: Takes<F[On]>) => Made<T, N, Expanded<Of<F>>>
      : (...args: Arguments<F, A, never>) => Made<T, N, Expanded<Of<F>>>) &
      CaseOf<T>

export interface Spec<N extends string, F extends Fields, M, A extends Call, On extends string | null> {
  /** The constructor's name, the tag, the word in JSON. */
  readonly name: N
  /** One line about it: what it is, and where it is from. */
  readonly about: string
  readonly fields?: F
  readonly call?: A
  readonly on?: On
  readonly formula?: (fields: Of<F>) => string
  readonly check?: (fields: Of<F>) => ReadonlyArray<Problem.Problem>
  readonly meaning: (fields: Of<F>) => M
  /** Fields of its example in lists, where defaults and suggestions do not do. */
  readonly example?: Partial<Of<F>>
  /** The JSON of this version from that of an earlier one, whose fields were others. */
  readonly earlier?: (json: unknown) => unknown
}

/**
 * The given fields and the defaults of the others. An unknown option, or a missing field without default, is a fault in code.
 */
const filledFields = (
  word: string,
  fields: Fields,
  given: Readonly<Record<string, unknown>>
): Readonly<Record<string, unknown>> => {
  const unknown = Object.keys(given).find(k => !Object.hasOwn(fields, k))
  if (unknown !== undefined)
    return refuse(`${word}: ${unknown} is not a field; use ${nearestWords(unknown, Object.keys(fields)).join(', ')}`)
  return Object.fromEntries(
    Object.entries(fields).map(([k, f]) => {
      const value =
        given[k] !== undefined ? f.accept(given[k]) : f.fallback._tag === 'Some' ? f.fallback.value : undefined
      return f.is(value) ? [k, value] : refuse(`${word}: ${k}: ${misgiven(value, f)}`)
    })
  )
}

const misgiven = (value: unknown, { domain, remedy }: Field<unknown, never>): string => {
  const one = uncalled(value)
  if (one !== null && !/function/.test(domain))
    return `${one.name} is not ${domain}: it is what makes one; ${one.remedy}`
  return `${quotedValue(value)} is not ${domain}; ${remedy}`
}

/** Makes a case of a concept. A concept has its own `define`, which asks for what it needs by name. */
export function define<
  C extends string,
  const N extends string,
  M,
  F extends Fields = NoFields,
  const A extends Call = null,
  const On extends string | null = null
>(concept: C, spec: Spec<N, F, M, A, On>): Constructor<Value<C, M>, N, F, A, On> {
  if (typeof field(spec, 'name') !== 'string' || typeof field(spec, 'meaning') !== 'function')
    return refuse(
      `${concept}: ${quotedValue(spec)} is not what a case says; give { name, about, meaning }, and fields where it has any`
    )
  const { name, about, fields: given, call, on, formula, check, meaning, example, earlier } = spec
  const fields: Fields = given ?? {}
  const word = `${concept}.${name}`
  const has = (u: unknown): u is Of<F> => Object.entries(fields).every(([k, f]) => f.is(field(u, k)))
  const on_ =
    <R>(f: (fields: Of<F>) => R) =>
    (u: unknown): R =>
      has(u)
        ? f(u)
        : refuse(
            `${word}: ${Object.entries(fields)
              .filter(([k, f]) => !f.is(field(u, k)))
              .map(([k, f]) => `${k}: ${quotedValue(field(u, k))} is not ${f.domain}`)
              .join('; ')}; build it by its constructor`
          )
  const known = new WeakMap<object, M>()
  const interpreted = on_(meaning)
  const self: Case<C, M> = {
    concept,
    name,
    about,
    fields,
    call: call ?? null,
    on: on ?? null,
    formula: formula === undefined ? () => null : on_(formula),
    check: check === undefined ? () => [] : on_(check),
    meaning: u => {
      if (typeof u !== 'object' || u === null) return interpreted(u)
      const met = known.get(u)
      if (met !== undefined) return met
      const made = interpreted(u)
      if (Object.isFrozen(u)) known.set(u, made)
      return made
    },
    example: { ...example },
    earlier: earlier ?? (json => json),
    ...printing(word)
  }
  const make = (record: Readonly<Record<string, unknown>>): unknown =>
    Object.freeze({ _tag: name, ...filledFields(word, fields, record), [ofCase]: self })
  const options = (given: unknown): Readonly<Record<string, unknown>> =>
    given === undefined
      ? {}
      : isRecord(given)
        ? given
        : refuse(
            `${word}: ${literalCode(given)} is not a record of options; write ${self.call === null ? `${word}(` : ''}{ ${Object.keys(
              fields
            )
              .filter(k => k !== on && self.call?.includes(k) !== true)
              .join(', ')} }${self.call === null ? ')' : ''}`
          )
  const named = (args: ReadonlyArray<unknown>): Readonly<Record<string, unknown>> => {
    if (self.call === null) return options(args[0])
    const [first] = self.call
    if (args.length === 1 && first !== '{}') byPlace(word, self, args[0])
    return Object.fromEntries(
      self.call.flatMap((k, i): ReadonlyArray<readonly [string, unknown]> => {
        if (k === '{}') return Object.entries(options(args[i]))
        return [[fieldAt(k), k.startsWith('...') ? args.slice(i) : args[i]]]
      })
    )
  }
  const result: unknown =
    Object.keys(fields).length === 0
      ? make({})
      : Object.assign(
          typeof on === 'string'
            ? (...args: ReadonlyArray<unknown>) =>
                (last: unknown) =>
                  make({ ...named(args), [on]: last })
            : (...args: ReadonlyArray<unknown>) => make(named(args)),
          { [ofCase]: self }
        )
  // The one claim about types: what `make` returns has been checked field by field.
  return result as Constructor<Value<C, M>, N, F, A, On>
}

/** Refuses fields by name where a constructor takes them by place: `trace({ decay: 0.9 })` for `trace(0.9)`. */
const byPlace = (word: string, { fields, call }: AnyValue[typeof ofCase], given: unknown): void => {
  const first = fields[fieldAt(call?.[0] ?? '')]
  if (!isRecord(given) || isValue(given) || first.is(first.accept(given))) return
  const names = Object.keys(given)
  if (names.length === 0 || !names.every(k => Object.hasOwn(fields, k))) return
  const args = (call ?? [])
    .filter(k => k === '{}' || names.includes(fieldAt(k)))
    .map(k => (k === '{}' ? '{ … }' : typeof given[k] === 'object' ? k : literalCode(given[k])))
  refuse(
    `${word}: { ${names.join(', ')} } is given by name, and is taken by its place; write ${word}(${args.join(', ')})`
  )
}

/** So that `console.log` and fast-check print a case by its name, not its contents. */
const printing = (word: string): object => ({
  [Symbol.for('nodejs.util.inspect.custom')]: () => word,
  [Symbol.for('fast-check/toStringMethod')]: () => word
})

/** The case of a description, as the types promise; a copy made by JSON or structuredClone has lost it. */
export const caseOf = <C extends string, M>(value: Value<C, M>): Case<C, M> =>
  isValue(value) ? value[ofCase] : refuse(Problem.show(lost(value)))

/** What a constructor makes. */
export type MadeBy<K> = K extends (...args: never) => infer V ? (V extends (...args: never) => infer W ? W : V) : K

/** Whether a description is of this case: `pipe(weighting, Case.isMadeBy(Weighting.minSnr))`. Capabilities are better asked for. */
export const isMadeBy =
  <K extends CaseOf<AnyValue>>(constructor: K) =>
  (value: AnyValue): value is AnyValue & MadeBy<K> =>
    value[ofCase] === constructor[ofCase]

/** What the description means: what its case makes of its fields. */
export const meaning = <C extends string, M>(value: Value<C, M>): M => caseOf(value).meaning(value)

/** A case that is called in another way than its fields say: with defaults that depend on other fields, or by names. */
export const caseCalledBy = <T extends AnyValue, G extends (...args: never) => unknown>(
  constructor: CaseOf<T>,
  call: G
): G & CaseOf<T> => Object.assign(call, { [ofCase]: constructor[ofCase] })

/** What is known of one case, and none of any other: an entry of a table by cases, such as a list of oracles. */
export const when =
  <K extends CaseOf<AnyValue>, R>(constructor: K, known: (value: AnyValue & MadeBy<K>) => R) =>
  (value: AnyValue): Option<R> =>
    isMadeBy(constructor)(value) ? some(known(value)) : none

/** The first of them that knows the case; none where none does. */
export const firstRule =
  <R>(...rules: ReadonlyArray<(value: AnyValue) => Option<R>>) =>
  (value: AnyValue): Option<R> =>
    rules.reduce<Option<R>>((found, rule) => (found._tag === 'Some' ? found : rule(value)), none)
