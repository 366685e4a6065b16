/** Types of descriptions, of their cases, fields and concepts, which refer to each other. */
// oxlint-disable-next-line @typescript-eslint/ban-ts-comment -- where it is there, there is nothing to expect
/** @ts-ignore: an optional peer of users; without it, arbitraries are of any type */
import type * as Fc from 'fast-check'
import type { Either, Option, Some } from './either.js'
import type * as Problem from './problem.js'

/** Symbol of a value's case, shared by all copies of the library in a program. */
export const ofCase: unique symbol = Symbol.for('ornstein/case')

/** Call form: fields in order, the last possibly `'...parts'`, or `'{}'` for a record of the others; null: one record of options. */
export type Call = ReadonlyArray<string> | null

/** Case with any fields; its functions accept any value and throw for another case's. */
export interface Case<out C extends string, out M> {
  readonly concept: C
  readonly name: string
  readonly about: string
  readonly fields: Fields
  readonly call: Call
  /** Field that a second call gives: `schedule` in `reparametrized(clock)(schedule)`; null if there is none. */
  readonly on: string | null
  readonly formula: (value: unknown) => string | null
  /** Problems between fields. */
  readonly check: (value: unknown) => ReadonlyArray<Problem.Problem>
  readonly meaning: (value: unknown) => M
  /** Fields of the example, if defaults and suggestions do not suffice. */
  readonly example: Readonly<Record<string, unknown>>
}

/** Description of a concept, by any of its cases. */
export interface Value<out C extends string, out M> {
  readonly _tag: string
  readonly [ofCase]: Case<C, M>
}

export type AnyValue = Value<string, unknown>

export type MeaningOf<T> = T extends Value<string, infer M> ? M : never

/** Name, one-line description, test and meaning of a concept's descriptions. */
export interface ConceptOf<out T extends AnyValue> {
  readonly name: string
  readonly about: string
  readonly is: (u: unknown) => u is T
  /**
   * Meaning of a description of this concept.
   *
   * @throws TypeError for anything else, such as arguments in the wrong order
   */
  readonly meaning: (description: unknown) => MeaningOf<T>
}

export type FastCheck = typeof Fc
export type Problems = ReadonlyArray<Problem.Problem>

/** Arbitrary descriptions of a concept, required by fields that contain them. */
export type AnyOf = (concept: string, depth: number) => Fc.Arbitrary<AnyValue>

/** Field of type A that may be given as an I. Its functions accept any value and rely on `is`. */
export interface Field<out A, in I = A> {
  readonly is: (u: unknown) => u is A
  readonly accept: (given: unknown) => unknown
  /** Declares the type that a constructor accepts; absent at run time. */
  readonly takes?: (given: I) => void
  readonly fallback: Option<A>
  /** End of the sentence "it is not …", and the remedy. */
  readonly domain: string
  readonly remedy: string
  readonly problems: (name: string, u: unknown) => Problems
  /** Code of a value, given that of nested descriptions; null to omit it. */
  readonly show: (u: unknown, nested: ReadonlyArray<string>) => string | null
  /** Descriptions nested in a value, each with its path. */
  readonly nested: (
    u: unknown
  ) => ReadonlyArray<{ readonly at: string; readonly value: AnyValue; readonly bare?: boolean }>
  /** Nested JSON of descriptions, with their concepts. */
  readonly nestedJson: (
    u: unknown
  ) => ReadonlyArray<{ readonly at: string; readonly concept: string; readonly json: unknown }>
  /** Copy of a value with other nested descriptions, in their order. */
  readonly rebuilt: (u: unknown, nested: ReadonlyArray<AnyValue>) => unknown
  readonly encode: (u: unknown, nested: ReadonlyArray<unknown>) => unknown
  readonly decode: (name: string, u: unknown, nested: ReadonlyArray<AnyValue>) => Either<Problems, unknown>
  readonly arbitrary: (fc: FastCheck, any: AnyOf, depth: number) => Fc.Arbitrary<unknown>
  /** Plain value for examples; `any` returns a description of a concept. */
  readonly sample: (any: (concept: string) => AnyValue) => unknown
  /** True if it contains a function. */
  readonly code: boolean
}

export interface WithDefault<out A, in I = A> extends Field<A, I> {
  readonly fallback: Some<A>
}

export type Fields = Readonly<Record<string, Field<unknown, never>>>

/** Record without fields; its `keyof` is never. */
// oxlint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- that is what is meant
export type NoFields = Readonly<Record<never, never>>

/** Types of the fields in a description. */
export type Of<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer A, never> ? A : never }
