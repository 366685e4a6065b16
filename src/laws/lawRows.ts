/** Laws as data: cases, and relations between two sides. */
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

/** Relations of a case, nested in any way; false or empty if the law does not apply. */
export type LawRelations = Relation | false | ReadonlyArray<LawRelations>

const isRelationList = (said: LawRelations): said is ReadonlyArray<LawRelations> => Array.isArray(said)
const relationsIn = (said: LawRelations): ReadonlyArray<Relation> =>
  said === false ? [] : isRelationList(said) ? said.flatMap(relationsIn) : [said]

export interface LawSpec<X extends object, C> extends Pick<Law, 'name' | 'source' | 'maxCases'> {
  readonly statement: string | ((claim: C) => string)
  /** Claim of the instance; without one (false, null or undefined) the law is not tested, and reported as 'not held'. */
  readonly claim?: C | false | null | undefined
  /** Name of compared numbers in messages; records use their own names. Default: none. */
  readonly quantity?: string
  readonly option?: string
  /** Reason why no option can make the claim. */
  readonly reason?: string
  readonly says: (each: X, claim: C) => LawRelations
}

/** Builds a law from the code of the instance, which failures print. */
export type LawBuilder = (code: string) => Law | NotApplicable

/** Laws or their builders; false is ignored. */
export type LawSource = LawBuilder | Law | NotApplicable | ReadonlyArray<Law> | Laws | false

/** Builder of laws over the same cases. */
export const forAll =
  <X extends object>(cases: fc.Arbitrary<X> | ReadonlyArray<fc.Arbitrary<X>>) =>
  <C = true>(row: LawSpec<X, C>): LawBuilder =>
  code => {
    const { statement, claim, says, option, reason, quantity, ...info } = row
    if ('claim' in row && (claim === false || claim === null || claim === undefined))
      return { law: info.name, ...(option !== undefined && { option }), ...(reason !== undefined && { why: reason }) }
    // C is undefined for a law without `claim`.
    const claimed = claim as C
    // Cached, since reports reuse the relations of a run.
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
 * Builds the laws that the options of an instance claim, and lists the others. Throws if an option's claim is tested by no law.
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

/** Relation of equality within `to` (1 + max |wanted|). */
export const equalsRelatively = (found: ReadonlyArray<number>, wanted: ReadonlyArray<number>, to: number): Relation =>
  equals(found, wanted, to * (1 + maxAbs(wanted)))

/** Name, option and claim of a declared capability. */
export const declarationInfo = (
  name: string
): Pick<LawSpec<object, unknown>, 'name' | 'quantity' | 'source' | 'reason' | 'maxCases'> => ({
  name: `its ‘${name}’ is what it stands for`,
  quantity: `by its ‘${name}’`,
  source: `definition of ‘${name}’`,
  reason: `it declares no ‘${name}’`,
  maxCases: 20
})

/** Relations that each error falls by a factor, until it is below `enough`. */
export const decreasesByFactor = (errors: ReadonlyArray<number>, factor: number, enough: number): Relation =>
  atMost(
    errors.slice(1),
    errors.slice(0, -1).map(before => Math.max(enough, factor * before))
  )

/** Builds a law that needs no claim. */
export const ofRow = (code: string, stated: LawBuilder): Law => ofRows(code, [stated])[0]
