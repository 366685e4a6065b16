/**
 * Laws as rows: for which cases which relation holds between two sides. The relations are data, so one engine draws the cases,
 * compares the sides, reports by how much they differ, prints the failure, and measures what the cases exercised.
 */
import type * as fc from 'fast-check'
import { refuse } from '../../lib/plain/refuse.js'
import { remembered } from '../../lib/plain/remembered.js'
import { requireTestedClaims, maxAbs, collectLaws, law } from './check.js'
import type { Law, NotApplicable, Laws } from './law.js'
import { atMost, equals, relationFailure, type Relation } from './relations.js'
import { codeOf } from './script.js'

export {
  above,
  agree,
  areFinite,
  atLeast,
  atMost,
  below,
  differs,
  equals,
  sameBits,
  vacuityReason,
  type Relation
} from './relations.js'

// —— rows ——

/** What a law says of a case: relations, however they are nested; false, or none, where it says nothing. */
export type LawRelations = Relation | false | ReadonlyArray<LawRelations>

const isRelationList = (said: LawRelations): said is ReadonlyArray<LawRelations> => Array.isArray(said)
const relationsIn = (said: LawRelations): ReadonlyArray<Relation> =>
  said === false ? [] : isRelationList(said) ? said.flatMap(relationsIn) : [said]

/** A law as a row. */
export interface LawSpec<X extends object, C> extends Pick<Law, 'name' | 'source' | 'maxCases'> {
  readonly statement: string | ((claim: C) => string)
  /** What an instance claims; a row whose claim is false, null or absent is not held, and a report says so. */
  readonly claim?: C | false | null | undefined
  /** Name of the quantity that is compared, for messages; records of numbers name their own. Default: none. */
  readonly quantity?: string
  /** The option that makes the claim. */
  readonly option?: string
  /** Why the claim is not held, where it is not that nobody made it. */
  readonly reason?: string
  /** The relations of a case, given what is claimed; none for a case that the law says nothing about. */
  readonly says: (each: X, claim: C) => LawRelations
}

/** A row, to which the code of the instance is given for failures to print. */
export type LawBuilder = (code: string) => Law | NotApplicable

/** What laws are made of: rows, and laws that are made; false stands in the place of what says nothing. */
export type LawSource = LawBuilder | Law | NotApplicable | ReadonlyArray<Law> | Laws | false

/** Rows over the same cases. */
export const forAll =
  <X extends object>(cases: fc.Arbitrary<X> | ReadonlyArray<fc.Arbitrary<X>>) =>
  <C = true>(row: LawSpec<X, C>): LawBuilder =>
  code => {
    const { statement, claim, says, option, reason, quantity, ...info } = row
    if ('claim' in row && (claim === false || claim === null || claim === undefined))
      return { law: info.name, ...(option !== undefined && { option }), ...(reason !== undefined && { why: reason }) }
    // A row without a claim is given none.
    const claimed = claim as C
    // A report measures what a run has already computed.
    const relations = remembered((each: X) => relationsIn(says(each, claimed)))
    const text = typeof statement === 'string' ? statement : statement(claimed)
    return law(
      {
        ...info,
        statement: text,
        ...(option !== undefined && { option }),
        says: value => relations(value as X)
      },
      cases,
      each => `${code} // ${codeOf(each)}`,
      each => {
        const wrong = relations(each)
          .map(relation => relationFailure(relation, quantity))
          .find(found => found !== null)
        return wrong === undefined || refuse(wrong)
      }
    )
  }

/**
 * The laws of an instance from rows, and which rows are not held since nobody claims them. What `options` claim and no row holds is an
 * error.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import fc from 'fast-check'
 * import * as laws from 'ornstein/laws'
 *
 * const root = { of: Math.sqrt, name: 'Math.sqrt' }
 * const each = laws.forAll(fc.record({ x: fc.double({ min: 0, max: 1e6, noNaN: true }) }))
 * const held = laws.ofRows(root.name, [
 *   each({
 *     name: 'its square is its argument',
 *     statement: '∀ x ≥ 0: √x √x = x, to 2⁻⁵² x: √x rounds by half a unit, twice.',
 *     source: 'definition',
 *     says: ({ x }) => laws.equals(root.of(x) * root.of(x), x, 2 ** -52 * x)
 *   }),
 *   each({
 *     name: 'it is odd',
 *     statement: '∀ x: √(−x) = −√x. Exactly.',
 *     source: 'definition',
 *     claim: false,
 *     option: 'odd',
 *     says: ({ x }) => laws.equals(root.of(-x), -root.of(x))
 *   })
 * ])
 * held.forEach(({ property }) => {
 *   fc.assert(property)
 * })
 * assert.deepEqual(held.notApplicable, [{ law: 'it is odd', option: 'odd' }])
 */
export const ofRows = (code: string, stated: ReadonlyArray<LawSource>, options: object = {}): Laws =>
  requireTestedClaims(code, options, collectLaws(stated.map(row => (typeof row === 'function' ? row(code) : row))))

/** To a share of 1 and the greatest of what is wanted. */
export const equalsRelatively = (found: ReadonlyArray<number>, wanted: ReadonlyArray<number>, to: number): Relation =>
  equals(found, wanted, to * (1 + maxAbs(wanted)))

/** What the rows of capabilities that an instance declares have in common: each is the plain meaning that it replaces, or holds what it promises. */
export const declarationInfo = (
  name: string
): Pick<LawSpec<object, unknown>, 'name' | 'quantity' | 'source' | 'reason' | 'maxCases'> => ({
  name: `its ‘${name}’ is what it stands for`,
  quantity: `by its ‘${name}’`,
  source: `definition of ‘${name}’`,
  reason: `it declares no ‘${name}’`,
  maxCases: 20
})

/** That each error is less than the one before by a factor, until it is as small as is asked. */
export const decreasesByFactor = (errors: ReadonlyArray<number>, factor: number, enough: number): Relation =>
  atMost(
    errors.slice(1),
    errors.slice(0, -1).map(before => Math.max(enough, factor * before))
  )

/** The law of one row, which is held whatever is claimed. */
export const ofRow = (code: string, stated: LawBuilder): Law => ofRows(code, [stated])[0]
