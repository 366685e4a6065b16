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
  /** How many cases are enough, where each is a mean over many or a whole run; cases beyond them are passed over. */
  readonly enough?: number
  /** Awkward classes that its cases are to meet, of those that `awkward` knows. */
  readonly meets?: ReadonlyArray<string>
  /** Its check on one case: true, or an error that says what is not as it should be. A printed script calls it. */
  readonly on?: (value: unknown) => boolean
  /** The same law with its cases printed by another printer. */
  readonly shownBy?: (show: (value: unknown) => string) => Law
}
