/** Concepts: names of sets of cases, which a vocabulary contains. */
import * as Case from './case.js'
import { isValue, meaning } from './case.js'
import {
  ofCase,
  type AnyValue,
  type ConceptOf,
  type Fields,
  type MeaningOf,
  type NoFields,
  type Value
} from './caseTypes.js'
import type { Problem } from './problem.js'
import { mistaken } from './order.js'
import { isRecord } from './record.js'
import { withArticle } from './spelling.js'

export type { ConceptOf } from './caseTypes.js'

/** True for a copy by JSON or structuredClone; `Case.meaning` reports its lost case. */
const isCopy = (u: unknown): u is AnyValue => isRecord(u) && typeof u._tag === 'string' && !isValue(u)

/** Defines a concept: `concept<Weighting>('Weighting', 'how much each noise level counts')`. */
export function concept<T extends Value<string, unknown>>(
  name: T[typeof ofCase]['concept'],
  about: string
): ConceptOf<T> {
  const is = (u: unknown): u is T => isValue(u) && u[ofCase].concept === name
  return {
    name,
    about,
    is,
    // A case of the concept has a meaning of the concept.
    meaning: u => (is(u) || isCopy(u) ? meaning(u) : mistaken(withArticle(name), u)) as MeaningOf<T>
  }
}

/** Functions of a concept's module: definition of custom cases, and functions on any description. */
export interface ConceptModule<T extends Value<string, unknown>> {
  readonly concept: ConceptOf<T>
  /** Defines a case, printed, checked, stored and property-tested like a built-in one. Its meaning is a function of its fields. */
  readonly define: <
    const N extends string,
    M extends MeaningOf<T>,
    const F extends Fields = NoFields,
    const A extends Case.Call = null,
    const On extends string | null = null
  >(
    spec: Case.Spec<N, F, M, A, On>
  ) => Case.Constructor<Value<T[typeof ofCase]['concept'], M>, N, F, A, On>
  /** Code that builds the description. */
  readonly show: (value: T) => string
  /** Description as mathematics. */
  readonly formula: (value: T) => string
  /** Problems of its fields, and of nested descriptions. */
  readonly problems: (value: T) => ReadonlyArray<Problem>
}

export const conceptModule = <T extends Value<string, unknown>>(
  name: T[typeof ofCase]['concept'],
  about: string
): ConceptModule<T> => ({
  concept: concept<T>(name, about),
  define: spec => Case.define(name, spec),
  show: Case.show,
  formula: Case.formula,
  problems: value => Case.problems(value)
})
