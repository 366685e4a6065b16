/** A law: a property that holds of every instance of a concept, named so that a test can say which it is. */
import type * as fc from 'fast-check'
import type { Relation } from './lawRows.js'

export interface Law {
  readonly name: string
  /** The law as mathematics, quantifiers included. */
  readonly statement: string
  /** Where it comes from: a paper, a theorem, a definition. */
  readonly source: string
  /** What fast-check checks: synchronous, seeded, shrinking. */
  readonly property: fc.IProperty<unknown>
  /** How many cases are enough, where each is a mean over many or a whole run; cases beyond them are passed over. */
  readonly maxCases?: number
  /** Its check on one case: true, or an error that says what is not as it should be. A printed script calls it. */
  readonly on?: (value: unknown) => boolean
  /** What it says of one case, as relations between two sides. */
  readonly says?: (value: unknown) => ReadonlyArray<Relation>
  /** The option that claims it, where not every instance is held to it. */
  readonly option?: string
  /** The same law with its cases printed by another printer. */
  readonly shownBy?: (show: (value: unknown) => string) => Law
}

/** A law that an instance is not held to, as nobody claims it of it. */
export interface NotApplicable {
  readonly law: string
  /** The option that claims it. */
  readonly option?: string
  /** Why it is not held whatever is claimed. */
  readonly why?: string
}

/** Laws that are held, and those that are not. */
export interface Laws extends ReadonlyArray<Law> {
  readonly notApplicable: ReadonlyArray<NotApplicable>
}
