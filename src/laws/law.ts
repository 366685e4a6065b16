/** A law: a property of every instance of a concept. */
import type * as fc from 'fast-check'

/** Relation of the instance's value, on the left, to the law's: numbers, or arrays and records of them. */
export interface Relation {
  /** `≡` and `≢` compare bits. 'finite' has no right side. */
  readonly sign: '=' | '≤' | '<' | '≥' | '>' | '≡' | '≢' | 'finite'
  readonly left: unknown
  readonly right: unknown
  readonly within: number
}

export interface Law {
  readonly name: string
  /** Mathematical statement, quantifiers included. */
  readonly statement: string
  /** Paper, theorem or definition. */
  readonly source: string
  /** fast-check property: synchronous, seeded, shrinking. */
  readonly property: fc.IProperty<unknown>
  /** Number of cases that suffice if each is costly; further ones are skipped. */
  readonly maxCases?: number
  /** Check on one case, for printed scripts: returns true or throws an error that names the failure. */
  readonly on?: (value: unknown) => boolean
  /** Relations that must hold for a case. */
  readonly says?: (value: unknown) => ReadonlyArray<Relation>
  /** Option that claims the law, if not every instance must satisfy it. */
  readonly option?: string
  /** Returns the law with another printer of cases. */
  readonly shownBy?: (show: (value: unknown) => string) => Law
}

/** A law that no option claims. */
export interface NotApplicable {
  readonly law: string
  readonly option?: string
  /** Reason if no option can claim it. */
  readonly why?: string
}

export interface Laws extends ReadonlyArray<Law> {
  readonly notApplicable: ReadonlyArray<NotApplicable>
}
