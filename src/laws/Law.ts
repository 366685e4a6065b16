/** A law: a property that holds of every instance of a concept, named so that a test can say which it is. */
import type * as fc from 'fast-check'

export interface Law {
  readonly name: string
  /** The law as mathematics, quantifiers included. */
  readonly statement: string
  /** Where it comes from: a paper, a theorem, a definition. */
  readonly source: string
  /** What fast-check checks: synchronous, seeded, shrinking. */
  readonly property: fc.IProperty<unknown>
}
