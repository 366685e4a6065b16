/** A concept: a name for what its cases have in common. It does not know them; a vocabulary does. */
import { isValue, meaning, ofCase, type AnyValue, type Value } from './case.js'
import { mistaken } from './order.js'
import { isRecord } from './record.js'
import { one } from './spelling.js'

type MeaningOf<T> = T extends Value<string, infer M> ? M : never

/** A concept: its name, a line about it, whether a value is a description of it, and what such a description means. */
export interface Concept<out T extends AnyValue> {
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
): Concept<T> {
  const is = (u: unknown): u is T => isValue(u) && u[ofCase].concept === name
  return {
    name,
    about,
    is,
    // a case of the concept has a meaning of the concept
    meaning: u => (is(u) || isCopy(u) ? meaning(u) : mistaken(one(name), u)) as MeaningOf<T>
  }
}
