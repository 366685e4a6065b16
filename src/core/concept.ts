/** A concept: a name for what its cases have in common. It does not know them; a vocabulary does. */
import * as Case from './case.js'
import { isValue, meaning, ofCase, type AnyValue, type Value } from './case.js'
import type { Fields, NoFields } from './field.js'
import type { Problem } from './problem.js'
import { mistaken } from './order.js'
import { isRecord } from './record.js'
import { withArticle } from './spelling.js'

type MeaningOf<T> = T extends Value<string, infer M> ? M : never

/** A concept: its name, a line about it, whether a value is a description of it, and what such a description means. */
export interface ConceptOf<out T extends AnyValue> {
  readonly name: string
  readonly about: string
  readonly is: (u: unknown) => u is T
  /** The meaning of a description of this concept. Anything else, as of a wrong order of arguments, is a TypeError. */
  readonly meaning: (description: unknown) => MeaningOf<T>
}

/** What JSON or structuredClone made of a description: `Case.meaning` says what it has lost. */
const isCopy = (u: unknown): u is AnyValue => isRecord(u) && typeof u._tag === 'string' && !isValue(u)

/** `concept<Weighting>()('Weighting', 'how much each noise level counts')` */
export function concept<T extends Value<string, unknown>>(
  name: T[typeof ofCase]['concept'],
  about: string
): ConceptOf<T> {
  const is = (u: unknown): u is T => isValue(u) && u[ofCase].concept === name
  return {
    name,
    about,
    is,
    // a case of the concept has a meaning of the concept
    meaning: u => (is(u) || isCopy(u) ? meaning(u) : mistaken(withArticle(name), u)) as MeaningOf<T>
  }
}

/** A concept with all that its module says of it: how one of one's own is made, and what is asked of any. */
export interface ConceptModule<T extends Value<string, unknown>> {
  readonly concept: ConceptOf<T>
  /** Makes a case, printed, checked, stored and property-tested as ours are. What it means is said at once, of its fields. */
  readonly define: <
    const N extends string,
    M extends MeaningOf<T>,
    const F extends Fields = NoFields,
    const A extends Case.Call = null,
    const On extends string | null = null
  >(
    spec: Case.Spec<N, F, M, A, On>
  ) => Case.Constructor<Value<T[typeof ofCase]['concept'], M>, N, F, A, On>
  /** It as the code that builds it. */
  readonly show: (value: T) => string
  /** It in mathematics. */
  readonly formula: (value: T) => string
  /** The problems of its fields, and of those of the values in it. */
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
