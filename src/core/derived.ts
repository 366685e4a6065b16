/** What is derived of every concept, once for all of them. */
import type * as t from 'io-ts'
import { formula, problems, show, type AnyValue } from './case.js'
import type { Concept } from './concept.js'
import type * as Problem from './problem.js'
import { codec, type Vocabulary } from './vocabulary.js'

interface Derived<T extends AnyValue> {
  /** The description as the code that builds it. */
  readonly show: (value: T) => string
  /** The description in mathematics, where its case has a formula; else its code. */
  readonly formula: (value: T) => string
  /** The problems of the description in all its parts, before whatever it is used on. */
  readonly problems: (value: T) => ReadonlyArray<Problem.Problem>
  /** The JSON codec of the words of a vocabulary. */
  readonly codec: (vocabulary: Vocabulary) => t.Type<T, unknown>
}

/** The functions of a concept that its cases tell. */
export const derived = <T extends AnyValue>(concept: Concept<T>): Derived<T> => ({
  show,
  formula,
  problems: value => problems(value),
  codec: vocabulary => codec(vocabulary)(concept)
})
