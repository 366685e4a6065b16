/** A law: a property of every instance of a concept, with a name for tests. */
import type * as fc from 'fast-check'
import type { Relation } from './lawRows.js'

export interface Law {
  readonly name: string
  /** The law as mathematics, quantifiers included. */
  readonly statement: string
  /** Source: a paper, a theorem, a definition. */
  readonly source: string
  /** Property for fast-check: synchronous, seeded, shrinking. */
  readonly property: fc.IProperty<unknown>
  /** Number of cases that suffice if each is a mean over many or a whole run; further cases are skipped. */
  readonly maxCases?: number
  /** Check on one case: returns true or throws an error that names what fails. Printed scripts call it. */
  readonly on?: (value: unknown) => boolean
  /** Relations between two sides that must hold for a case. */
  readonly says?: (value: unknown) => ReadonlyArray<Relation>
  /** Option that claims the law, if not every instance must satisfy it. */
  readonly option?: string
  /** Returns the law with its cases printed by another printer. */
  readonly shownBy?: (show: (value: unknown) => string) => Law
}

/** A law that is not checked, because no option claims it. */
export interface NotApplicable {
  readonly law: string
  /** Option that would claim it. */
  readonly option?: string
  /** Reason if no option can claim it. */
  readonly why?: string
}

/** Laws that are checked, and those that are not applicable. */
export interface Laws extends ReadonlyArray<Law> {
  readonly notApplicable: ReadonlyArray<NotApplicable>
}
