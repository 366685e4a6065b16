/** Cases: values with their functions (codec, printer, checks, meaning). */
import { none, some, type Option } from './either.js'
import {
  ofCase,
  type AnyValue,
  type Call,
  type Case,
  type Field,
  type Fields,
  type NoFields,
  type Of,
  type Value
} from './caseTypes.js'
import * as Problem from './problem.js'
import { isRecord } from './record.js'
import { refuse } from '../../lib/plain/refuse.js'
import { collect, foldUp, splitResults } from './walk.js'
import { literalCode, nearestWords, quotedValue } from './spelling.js'

export { ofCase, type AnyValue, type Call, type Case, type Value } from './caseTypes.js'

/** True if a value is a description and has its case. */
export const isValue = (u: unknown): u is AnyValue =>
  typeof u === 'object' && u !== null && '_tag' in u && ofCase in u && typeof u[ofCase] === 'object'

/** Field of a value by name; undefined if there is none. */
export const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

// —— functions on nested descriptions ——

interface CaseNode {
  readonly path: string
  readonly depth: number
  readonly value: AnyValue
  /** True for the short form, such as a number, without field names. */
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

/** Description and all those nested in it, the outermost first. */
export const parts = (value: AnyValue): ReadonlyArray<AnyValue> =>
  collect<CaseNode, AnyValue>({ path: '', depth: 0, value, bare: false }, nestedNodes, ({ value }) => [value])

/** Nested description with its path: `stages[1].stage`. */
export interface PlacedCase {
  readonly path: string
  readonly value: AnyValue
}

/** Description and all nested ones, the outermost first, with paths. */
export const placedDescriptions = (value: AnyValue): ReadonlyArray<PlacedCase> =>
  collect<CaseNode, PlacedCase>({ path: '', depth: 0, value, bare: false }, nestedNodes, ({ path, value }) => [
    { path, value }
  ])

/** Descriptions nested directly in a description. */
export const innerDescriptions = (value: AnyValue): ReadonlyArray<PlacedCase> =>
  nestedNodes({ path: '', depth: 0, value, bare: false })

/** Copy of a description with other values of some fields. */
export const changed =
  (fields: Readonly<Record<string, unknown>>) =>
  <T extends AnyValue>(value: T): T => {
    const made: T = { ...value, ...fields }
    Object.freeze(made)
    return made
  }

/** Applies `f` to the descriptions nested directly in a description. */
export const mapInner =
  (f: (inner: AnyValue) => AnyValue) =>
  <T extends AnyValue>(value: T): T => {
    const made = innerDescriptions(value).map(({ value }) => f(value))
    const fields = perField(value[ofCase].fields, (one, k) => one.nested(field(value, k)).length, made)
    return changed(Object.fromEntries(fields.map(([k, one, parts]) => [k, one.rebuilt(field(value, k), parts)])))(value)
  }

/** Groups the results of nested values by field. */
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

/** Code that builds the description. */
export const show = (value: AnyValue): string => (isValue(value) ? printedCase(value) : literalCode(value))

/** Joins the code of a list's parts, without brackets: cutting it out of the printed list would take quadratic time. */
const spreadListCode = (f: Field<unknown, never>, list: unknown, inner: ReadonlyArray<string>): string =>
  inner.length > 0 ? inner.join(', ') : (f.show(list, inner)?.slice(1, -1) ?? '')

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
            // Omitted trailing fields have no text.
            .filter(text => text !== null)
            .join(', ')
    return `${word}(${args})${on === null ? '' : `(${parts.get(on)})`}`
  })

/** Maximum depth of nested descriptions. */
export const MAX_CASE_DEPTH = 500

/** Problems of a description and all nested ones. `bare`: true for the short form, whose field has no name. Default: false. */
export const problems = (
  value: AnyValue,
  { bare = false }: { readonly bare?: boolean } = {}
): ReadonlyArray<Problem.Problem> =>
  isValue(value)
    ? collect<CaseNode, Problem.Problem>({ path: '', depth: 0, value, bare }, nestedNodes, caseNodeProblems)
    : [lostCaseProblem(value)]

/** True if a description has a meaning: it has its case, and its fields have their types. */
export const isSound = (value: AnyValue): boolean =>
  isValue(value) && Object.entries(value[ofCase].fields).every(([name, f]) => f.is(field(value, name)))

/** Code of a constructor's call: `Rate.cosine({ rate, steps })`. */
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

/** Name and call of a constructor given instead of its result; otherwise null. Only a case without fields is itself a value. */
export const uncalled = (u: unknown): { readonly name: string; readonly remedy: string } | null => {
  const within: unknown = Array.isArray(u) ? u.find(one => typeof one === 'function') : u
  if (typeof within !== 'function') return null
  const made: unknown = Reflect.get(within, ofCase)
  if (typeof made !== 'object' || made === null) return { name: 'a function', remedy: 'call it' }
  // The value of this symbol is a case.
  const its = made as AnyValue[typeof ofCase]
  return { name: `${its.concept}.${its.name}`, remedy: `call it: ${callOf(its)}` }
}

/** Problem of a constructor, or of a description whose case was lost in a copy by JSON or structuredClone. */
const lostCaseProblem = (value: unknown): Problem.Problem => {
  const one = uncalled(value)
  if (one !== null) return Problem.of('', one.name, 'a description', one.remedy)
  return Problem.of(
    '',
    literalCode(value),
    'a description: as a copy it has lost its case',
    'build it by its constructor, or read JSON by the codec of its concept'
  )
}

/** Problems of one description, with paths, without those of nested ones. */
const caseNodeProblems = ({ path, depth, value, bare }: CaseNode): ReadonlyArray<Problem.Problem> => {
  const { name, fields, check } = value[ofCase]
  const tooDeep =
    depth === MAX_CASE_DEPTH + 1
      ? [
          Problem.of(
            '',
            `${depth} levels`,
            `at most ${MAX_CASE_DEPTH} levels deep`,
            'put the parts of inner lists into the outer one'
          )
        ]
      : []
  const own = [
    ...Problem.unless(value._tag === name, '_tag', value._tag, `'${name}', its case`, 'build it by its constructor'),
    ...Object.entries(fields).flatMap(([name, f]) => f.problems(bare ? '' : name, field(value, name)))
  ]
  // Problems between fields require valid fields.
  const between = own.length > 0 ? [] : check(value)
  return [...tooDeep, ...own, ...between].map(problem => (path === '' ? problem : Problem.within(path)(problem)))
}

/** Description as JSON, without code, which the vocabulary contains by name. */
export const encode = (value: AnyValue): unknown =>
  foldUp<CaseNode, unknown>({ path: '', depth: 0, value, bare: false }, nestedNodes, ({ value }, results) => ({
    _tag: value[ofCase].name,
    ...Object.fromEntries(
      perField(value[ofCase].fields, (f, k) => f.nested(field(value, k)).length, results).flatMap(([k, f, inner]) =>
        f.code ? [] : [[k, f.encode(field(value, k), inner)]]
      )
    )
  }))

/** Formula of a description; its code if there is none. */
export const formula = (value: AnyValue): string => caseOf(value).formula(value) ?? show(value)

// —— constructors ——

/** Expands a type in full for editors. */
type Expanded<T> = T extends infer U ? { readonly [K in keyof U]: U[K] } : never

type Takes<F> = F extends Field<unknown, infer I> ? I : never
type Defaulted<F> = {
  readonly [K in keyof F]: F[K] extends { readonly fallback: { readonly _tag: 'Some' } } ? K : never
}[keyof F]
/** Record of given options, with each field's comment for editors by renaming keys with `as`. */
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
/** Positional arguments of a call form; `Rest` has the other fields. */
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

/** Description of the concept, with the fields of the case. */
export type Made<T, N extends string, V> = T & { readonly _tag: N } & V

/** Reference to a case of `T`: a constructor, or a description. */
export interface CaseOf<out T extends AnyValue> {
  readonly [ofCase]: T[typeof ofCase]
}

/** Constructor of descriptions; a case without fields is the description itself. */
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
  /** Name of the constructor and tag in JSON. */
  readonly name: N
  /** Description in one line, with its source. */
  readonly about: string
  readonly fields?: F
  readonly call?: A
  readonly on?: On
  readonly formula?: (fields: Of<F>) => string
  readonly check?: (fields: Of<F>) => ReadonlyArray<Problem.Problem>
  readonly meaning: (fields: Of<F>) => M
  /** Fields of its example, if defaults and suggestions do not suffice. */
  readonly example?: Partial<Of<F>>
}

/**
 * Given fields, completed by the defaults of the others.
 *
 * @throws RangeError for an unknown option, or a missing field without a default
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
  if (one !== null && !/function/.test(domain)) return `${one.name} is not ${domain}; ${one.remedy}`
  return `${quotedValue(value)} is not ${domain}; ${remedy}`
}

/** Defines a case. Each concept has its own `define`, which requires functions by name. */
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
  const { name, about, fields: given, call, on, formula, check, meaning, example } = spec
  const fields: Fields = given ?? {}
  const word = `${concept}.${name}`
  const self: Case<C, M> = {
    concept,
    name,
    about,
    fields,
    call: call ?? null,
    on: on ?? null,
    formula: formula === undefined ? () => null : onFieldsOf<F, string>(word, fields, formula),
    check: check === undefined ? () => [] : onFieldsOf<F, ReadonlyArray<Problem.Problem>>(word, fields, check),
    meaning: memoizedMeaning(onFieldsOf<F, M>(word, fields, meaning)),
    example: { ...example },
    ...printedByName(word)
  }
  const build = (record: Readonly<Record<string, unknown>>): unknown =>
    Object.freeze({ _tag: name, ...filledFields(word, fields, record), [ofCase]: self })
  const result: unknown =
    Object.keys(fields).length === 0
      ? build({})
      : Object.assign(
          typeof on === 'string'
            ? (...args: ReadonlyArray<unknown>) =>
                (last: unknown) =>
                  build({ ...namedArguments(word, self, args), [on]: last })
            : (...args: ReadonlyArray<unknown>) => build(namedArguments(word, self, args)),
          { [ofCase]: self }
        )
  // `build` has checked each field, so only this claim about types is unchecked.
  return result as Constructor<Value<C, M>, N, F, A, On>
}

/**
 * Extends a function of a case's fields to any value.
 *
 * @throws RangeError for a value that does not have these fields
 */
const onFieldsOf = <F extends Fields, R>(word: string, fields: Fields, f: (fields: Of<F>) => R) => {
  const has = (u: unknown): u is Of<F> => Object.entries(fields).every(([k, f]) => f.is(field(u, k)))
  return (u: unknown): R => {
    if (has(u)) return f(u)
    const wrong = Object.entries(fields)
      .filter(([k, f]) => !f.is(field(u, k)))
      .map(([k, f]) => `${k}: ${quotedValue(field(u, k))} is not ${f.domain}`)
    return refuse(`${word}: ${wrong.join('; ')}; build it by its constructor`)
  }
}

/** Caches the meaning of each frozen value; other values may change. */
const memoizedMeaning = <M>(interpret: (u: unknown) => M): ((u: unknown) => M) => {
  const known = new WeakMap<object, M>()
  return u => {
    if (typeof u !== 'object' || u === null) return interpret(u)
    const met = known.get(u)
    if (met !== undefined) return met
    const made = interpret(u)
    if (Object.isFrozen(u)) known.set(u, made)
    return made
  }
}

/** Arguments of a constructor by field name, according to its call form. */
const namedArguments = (
  word: string,
  self: Case<string, unknown>,
  args: ReadonlyArray<unknown>
): Readonly<Record<string, unknown>> => {
  if (self.call === null) return optionsRecord(word, self, args[0])
  const [first] = self.call
  if (args.length === 1 && first !== '{}') rejectNamedArguments(word, self, args[0])
  return Object.fromEntries(
    self.call.flatMap((k, i): ReadonlyArray<readonly [string, unknown]> => {
      if (k === '{}') return Object.entries(optionsRecord(word, self, args[i]))
      return [[fieldAt(k), k.startsWith('...') ? args.slice(i) : args[i]]]
    })
  )
}

/**
 * Options of a constructor; an empty record if they are omitted.
 *
 * @throws RangeError if they are not a record
 */
const optionsRecord = (
  word: string,
  { fields, call, on }: Case<string, unknown>,
  given: unknown
): Readonly<Record<string, unknown>> => {
  if (given === undefined) return {}
  if (isRecord(given)) return given
  const names = Object.keys(fields).filter(k => k !== on && call?.includes(k) !== true)
  const [open, close] = call === null ? [`${word}(`, ')'] : ['', '']
  return refuse(
    `${word}: ${literalCode(given)} is not a record of options; write ${open}{ ${names.join(', ')} }${close}`
  )
}

/** Rejects named fields of a constructor with positions: `trace({ decay: 0.9 })` instead of `trace(0.9)`. */
const rejectNamedArguments = (word: string, { fields, call }: AnyValue[typeof ofCase], given: unknown): void => {
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

/** Makes `console.log` and fast-check print a case by name. */
const printedByName = (word: string): object => ({
  [Symbol.for('nodejs.util.inspect.custom')]: () => word,
  [Symbol.for('fast-check/toStringMethod')]: () => word
})

/**
 * Case of a description.
 *
 * @throws RangeError if it has lost its case, as a copy by JSON or structuredClone has
 */
export const caseOf = <C extends string, M>(value: Value<C, M>): Case<C, M> =>
  isValue(value) ? value[ofCase] : refuse(Problem.show(lostCaseProblem(value)))

/** Type of a constructor's result. */
export type MadeBy<K> = K extends (...args: never) => infer V ? (V extends (...args: never) => infer W ? W : V) : K

/** True if a description is of this case: `pipe(weighting, Case.isMadeBy(Weighting.minSnr))`. A test of a capability is better. */
export const isMadeBy =
  <K extends CaseOf<AnyValue>>(constructor: K) =>
  (value: AnyValue): value is AnyValue & MadeBy<K> =>
    value[ofCase] === constructor[ofCase]

/** Meaning of a description: the result of its case for its fields. */
export const meaning = <C extends string, M>(value: Value<C, M>): M => caseOf(value).meaning(value)

/** Constructor with a special call: names, or defaults that depend on other fields. */
export const caseCalledBy = <T extends AnyValue, G extends (...args: never) => unknown>(
  constructor: CaseOf<T>,
  call: G
): G & CaseOf<T> => Object.assign(call, { [ofCase]: constructor[ofCase] })

/** Rule for one case, such as in a list of oracles; none for others. */
export const when =
  <K extends CaseOf<AnyValue>, R>(constructor: K, known: (value: AnyValue & MadeBy<K>) => R) =>
  (value: AnyValue): Option<R> =>
    isMadeBy(constructor)(value) ? some(known(value)) : none

/** Tries rules in order; returns the first result, or none. */
export const firstRule =
  <R>(...rules: ReadonlyArray<(value: AnyValue) => Option<R>>) =>
  (value: AnyValue): Option<R> =>
    rules.reduce<Option<R>>((found, rule) => (found._tag === 'Some' ? found : rule(value)), none)
