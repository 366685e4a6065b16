/**
 * Laws as rows: for which cases which relation holds between two sides. The relations are data, so one engine draws the cases,
 * compares the sides, reports by how much they differ, prints the failure, and measures what the cases exercised.
 */
import type * as fc from 'fast-check'
import { refuse } from '../../lib/plain/refuse.js'
import { remembered } from '../../lib/plain/remembered.js'
import { areSameBits } from './bits.js'
import { law, held, claimsHeld } from './check.js'
import type { Law, NotApplicable, Laws } from './law.js'
import { codeOf } from './script.js'

/** A side is a number, or arrays and records of numbers; a failure names the entry. */
export interface Relation {
  /** `≡` and `≢` compare bits. */
  readonly sign: '=' | '≤' | '<' | '≡' | '≢'
  readonly left: unknown
  readonly right: unknown
  readonly within: number
}

/** A relation of two sides that a law states, `within` a tolerance; see the sign of `Relation`: =, ≤, <, ≡ (the same bits) or ≢. */
type Related = (left: unknown, right: unknown, within?: number) => Relation
const related =
  (sign: Relation['sign']): Related =>
  (left, right, within = 0) => ({ sign, left, right, within })

export const [equals, atMost, below, sameBits, differs] = (['=', '≤', '<', '≡', '≢'] as const).map(related)
/** Numbers that are finite, however large. */
export const areFinite = (value: unknown): Relation =>
  below(
    leaves(value).map(({ values }) => values.map(Math.abs)),
    Infinity
  )

// —— comparing ——

interface Leaf {
  readonly at: string
  readonly values: ReadonlyArray<number> | Float64Array
}

const isNumbers = (u: unknown): u is Leaf['values'] =>
  u instanceof Float64Array || (Array.isArray(u) && u.every(x => typeof x === 'number'))

/** The numbers of a side, each array by its place. What is not a number counts as NaN, which equals nothing. */
const leaves = (value: unknown, at = ''): ReadonlyArray<Leaf> =>
  isNumbers(value)
    ? [{ at, values: value }]
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, at === '' ? name : `${at}.${name}`))
      : [{ at, values: [typeof value === 'number' || typeof value === 'boolean' ? Number(value) : NaN] }]

const digits = (x: number): string => String(Number(x.toPrecision(6)))
const short = (value: unknown): string =>
  ((code: string) => (code.length > 300 ? `${code.slice(0, 300)}…` : code))(codeOf(value))

const within: Readonly<Record<string, (l: number, r: number, within: number) => boolean>> = {
  '=': (l, r, within) => Math.abs(l - r) <= within || (l === r && within === Infinity),
  '≤': (l, r, within) => l <= r + within,
  '<': (l, r, within) => l < r + within
}

/** How a relation fails, or null where it holds. A single number is compared with every number of the other side. */
export const misfit = ({ sign, left, right, within: tolerance }: Relation): string | null => {
  if (sign === '≡') return areSameBits(left, right) ? null : `${short(left)} is not ${short(right)}`
  if (sign === '≢') return areSameBits(left, right) ? `both are ${short(left)}` : null
  const all = typeof left === 'number' ? leaves(right) : leaves(left)
  const one = (side: unknown): Leaf['values'] | null => (typeof side === 'number' ? [side] : null)
  const [ls, rs] = [one(left), one(right)].map((single, i) =>
    single === null
      ? leaves([left, right][i])
      : all.map(({ at, values }) => ({ at, values: Array.from(values, () => single[0]) }))
  )
  const wrong = ls.findIndex(
    ({ values }, i) =>
      values.length !== rs[i]?.values.length || values.some((l, j) => !within[sign](l, rs[i].values[j], tolerance))
  )
  if (wrong < 0) return ls.length === rs.length ? null : `${ls.length} arrays are not ${rs.length}`
  const { at: place, values } = ls[wrong]
  const at = place === '' ? 'the left side' : place
  const others = rs[wrong]?.values ?? []
  if (others.length !== values.length) return `${at}: ${values.length} numbers are not ${others.length}`
  const j = values.findIndex((l, j) => !within[sign](l, others[j], tolerance))
  return (
    `${at}${values.length > 1 ? `[${j}]` : ''}: ${digits(values[j])} is not ${sign === '=' ? '' : `${sign} `}${digits(others[j])}, ` +
    `off by ${digits(values[j] - others[j])}, which is more than ${digits(tolerance)}`
  )
}

// —— rows ——

/** What a law says of a case: relations, however they are nested; false, or none, where it says nothing. */
export type Said = Relation | false | ReadonlyArray<Said>

const isList = (said: Said): said is ReadonlyArray<Said> => Array.isArray(said)
const relationsIn = (said: Said): ReadonlyArray<Relation> =>
  said === false ? [] : isList(said) ? said.flatMap(relationsIn) : [said]

/** A law as a row. */
export interface Row<X extends object, C> extends Pick<Law, 'name' | 'source' | 'maxCases'> {
  readonly statement: string | ((claim: C) => string)
  /** What an instance claims; a row whose claim is false, null or absent is not held, and a report says so. */
  readonly claim?: C | false | null | undefined
  /** The option that makes the claim. */
  readonly option?: string
  /** Why the claim is not held, where it is not that nobody made it. */
  readonly reason?: string
  /** The relations of a case, given what is claimed; none for a case that the law says nothing about. */
  readonly says: (each: X, claim: C) => Said
}

/** A row, to which the code of the instance is given for failures to print. */
export type Stated = (code: string) => Law | NotApplicable

/** What laws are made of: rows, and laws that are made; false stands in the place of what says nothing. */
export type Stating = Stated | Law | NotApplicable | ReadonlyArray<Law> | Laws | false

/** Rows over the same cases. */
export const forAll =
  <X extends object>(cases: fc.Arbitrary<X> | ReadonlyArray<fc.Arbitrary<X>>) =>
  <C = true>(row: Row<X, C>): Stated =>
  code => {
    const { statement, claim, says, option, reason, ...info } = row
    if ('claim' in row && (claim === false || claim === null || claim === undefined))
      return { law: info.name, ...(option !== undefined && { option }), ...(reason !== undefined && { why: reason }) }
    // A row without a claim is given none.
    const claimed = claim as C
    // A report measures what a run has already computed.
    const relations = remembered((each: X) => relationsIn(says(each, claimed)))
    const text = typeof statement === 'string' ? statement : statement(claimed)
    const made = law(
      { ...info, statement: text, ...(option !== undefined && { option }) },
      cases,
      each => `${code} // ${codeOf(each)}`,
      each => {
        const wrong = relations(each)
          .map(misfit)
          .find(found => found !== null)
        return wrong === undefined || refuse(wrong)
      }
    )
    // However its cases are printed, it says the same of them.
    const saying = (law: Law): Law => ({
      ...law,
      says: value => relations(value as X),
      shownBy: show => saying(made.shownBy?.(show) ?? law)
    })
    return saying(made)
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
 * assert.deepEqual(held.unclaimed, [{ law: 'it is odd', option: 'odd' }])
 */
export const ofRows = (code: string, stated: ReadonlyArray<Stating>, options: object = {}): Laws =>
  claimsHeld(code, options, held(stated.map(row => (typeof row === 'function' ? row(code) : row))))

/** The law of one row, which is held whatever is claimed. */
export const ofRow = (code: string, stated: Stated): Law => ofRows(code, [stated])[0]

// —— what the cases exercised ——

type Values = ReadonlyArray<number>

/** Changes of a side, of which a law sees those after which its relation no longer holds. */
const CHANGES: ReadonlyArray<(values: Values) => Values> = [
  values => values.map(() => 0),
  values => values.map(x => -x),
  values => values.map(x => 1.01 * x + 1e-3)
]

/** Whether a relation fails after some change of its left side. */
const sees = (relation: Relation): boolean => {
  const { sign, left, right, within } = relation
  // The tolerance of a correlation, say, is all that tells what is seen; a bound is seen by what is beyond it.
  if (sign === '≢' || sign === '≤' || sign === '<' || (right === 0 && within > 0)) return true
  const changed = (of: unknown, change = (values: Values) => values): ReadonlyArray<Values> =>
    leaves(of).map(({ values }) => change(Array.from(values)))
  return CHANGES.some(
    change =>
      misfit({
        ...relation,
        left: changed(left, change),
        right: typeof right === 'number' ? right : changed(right)
      }) !== null
  )
}

/** Why a law is vacuous, that said nothing of any case, or sees no change of a side; null where it is not. */
export const vacuous = (said: ReadonlyArray<ReadonlyArray<Relation>>): string | null =>
  said.every(relations => relations.length === 0)
    ? 'it says nothing of any case'
    : said.flat().some(sees)
      ? null
      : 'it sees no change of a side'
