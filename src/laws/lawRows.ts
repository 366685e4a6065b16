/**
 * Laws as rows: for which cases which relation holds between two sides. The relations are data, so one engine draws the cases,
 * compares the sides, reports by how much they differ, prints the failure, and measures what the cases exercised.
 */
import type * as fc from 'fast-check'
import { refuse } from '../../lib/plain/refuse.js'
import { remembered } from '../../lib/plain/remembered.js'
import { sameBits } from './bits.js'
import { law, held, claimsHeld, lengthOf, rank } from './check.js'
import type { Law, Unclaimed, Laws } from './law.js'
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

export const [is, isAtMost, isBelow, hasBits, differs] = (['=', '≤', '<', '≡', '≢'] as const).map(related)
/** Numbers that are finite, however large. */
export const areFinite = (value: unknown): Relation =>
  isBelow(
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
  if (sign === '≡') return sameBits(left, right) ? null : `${short(left)} is not ${short(right)}`
  if (sign === '≢') return sameBits(left, right) ? `both are ${short(left)}` : null
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
export interface Row<X extends object, C> extends Pick<Law, 'name' | 'source' | 'enough' | 'meets'> {
  readonly statement: string | ((claim: C) => string)
  /** What an instance claims; a row whose claim is false, null or absent is not held, and a report says so. */
  readonly claim?: C | false | null | undefined
  /** The option that makes the claim. */
  readonly option?: string
  /** Why the claim is not held, where it is not that nobody made it. */
  readonly unless?: string
  /** The relations of a case, given what is claimed; none for a case that the law says nothing about. */
  readonly says: (each: X, claim: C) => Said
}

/** A row, to which the code of the instance is given for failures to print. */
export type Stated = (code: string) => Law | Unclaimed

/** What laws are made of: rows, and laws that are made; false stands in the place of what says nothing. */
export type Stating = Stated | Law | Unclaimed | ReadonlyArray<Law> | Laws | false

/** Rows over the same cases. */
export const over =
  <X extends object>(cases: fc.Arbitrary<X> | ReadonlyArray<fc.Arbitrary<X>>) =>
  <C = true>(row: Row<X, C>): Stated =>
  code => {
    const { statement, claim, says, option, unless, ...info } = row
    if ('claim' in row && (claim === false || claim === null || claim === undefined))
      return { law: info.name, ...(option !== undefined && { option }), ...(unless !== undefined && { why: unless }) }
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
 * const each = laws.over(fc.record({ x: fc.double({ min: 0, max: 1e6, noNaN: true }) }))
 * const held = laws.ofRows(root.name, [
 *   each({
 *     name: 'its square is its argument',
 *     statement: '∀ x ≥ 0: √x √x = x, to 2⁻⁵² x: √x rounds by half a unit, twice.',
 *     source: 'definition',
 *     says: ({ x }) => laws.is(root.of(x) * root.of(x), x, 2 ** -52 * x)
 *   }),
 *   each({
 *     name: 'it is odd',
 *     statement: '∀ x: √(−x) = −√x. Exactly.',
 *     source: 'definition',
 *     claim: false,
 *     option: 'odd',
 *     says: ({ x }) => laws.is(root.of(-x), -root.of(x))
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
const CHANGES: Readonly<Record<string, (values: Values) => Values>> = {
  zero: values => values.map(() => 0),
  sign: values => values.map(x => -x),
  size: values => values.map(x => 1.01 * x),
  order: values => [...values].reverse(),
  last: values => values.map((x, i) => (i === values.length - 1 ? 1.01 * x + 1e-3 : x))
}

/** What a law said of the cases of a run. */
export interface Exercise {
  /** Why the law is vacuous: it said nothing of any case, or sees no change of a side. Null where it is not. */
  readonly vacuous: string | null
  readonly cases: number
  /** Cases of which the law said something. */
  readonly spoken: number
  /** Of each kind of change how many were seen, of how many. */
  readonly sees: Readonly<Record<string, readonly [seen: number, tried: number]>>
  /** The greatest of what relations were off by, as a share of their tolerances: 1 is the edge. 0 where all are exact. */
  readonly worst: number
  /** How many directions the left sides span, of how many numbers; null where they are of several lengths. */
  readonly rank: readonly [found: number, whole: number] | null
  readonly notes: ReadonlyArray<string>
}

/** Of length 1, unless it is 0. */
const toUnit = (values: Values): Values => values.map(x => x / (lengthOf(values) || 1))

const flatOf = (side: unknown): Values => leaves(side).flatMap(({ values }) => Array.from(values))

/** Which changes of its left side a relation sees. */
const changesSeen = (relation: Relation): ReadonlyArray<readonly [change: string, seen: boolean]> => {
  const { sign, left, right } = relation
  const seen = (left: unknown, right: unknown = relation.right): boolean =>
    misfit({ ...relation, left, right }) !== null
  if (sign === '≢') return [['same', seen(right)]]
  if (sign === '≤' || sign === '<') {
    const far = right === Infinity ? Infinity : 1.01 * flatOf(right).reduce((most, x) => Math.max(most, Math.abs(x)), 1)
    return [['more', seen(leaves(left).map(({ values }) => Array.from(values, x => x + far)))]]
  }
  const changed = (of: unknown, change = (values: Values) => values): ReadonlyArray<Values> =>
    leaves(of).map(({ values }) => change(Array.from(values)))
  return Object.entries(CHANGES).flatMap(([name, change]) => {
    const other = changed(left, change)
    return sameBits(other, changed(left))
      ? []
      : [[name, seen(other, typeof right === 'number' ? right : changed(right))]]
  })
}

/** What a relation is off by as a share of its tolerance; 0 of one that is exact. */
const shareOf = ({ sign, left, right, within }: Relation): number => {
  if (!(within > 0 && within < Infinity) || sign === '≡' || sign === '≢') return 0
  const [ls, rs] = [flatOf(left), flatOf(right)]
  const many = Math.max(ls.length, rs.length)
  const at = (side: Values, i: number): number => side[side.length === 1 ? 0 : i]
  return Array.from({ length: many }, (_, i) => at(ls, i) - at(rs, i)).reduce(
    (most, off) => Math.max(most, (sign === '=' ? Math.abs(off) : off) / within),
    0
  )
}

/** What a law said of cases. */
export const exerciseOf = (said: ReadonlyArray<ReadonlyArray<Relation>>): Exercise => {
  const all = said.flat()
  const changes = all.flatMap(changesSeen)
  const sees = Object.fromEntries(
    [...new Set(changes.map(([name]) => name))].map(name => {
      const of = changes.filter(([other]) => other === name)
      return [name, [of.filter(([, seen]) => seen).length, of.length] as const]
    })
  )
  const equal = all.filter(({ sign }) => sign === '=').map(({ left }) => flatOf(left))
  const isLong =
    equal.length > 1 && equal.every(({ length }) => length > 1 && length <= 32 && length === equal[0].length)
  const directions = isLong ? ([rank(equal.map(toUnit), 1e-6), Math.min(equal[0].length, equal.length)] as const) : null
  // The tolerance of a correlation, say, is all that tells what is seen.
  const isNull = all.length > 0 && all.every(({ sign, right, within }) => sign === '=' && right === 0 && within > 0)
  const distinct = new Set(said.map(codeOf)).size
  return {
    vacuous:
      all.length === 0
        ? 'it says nothing of any case'
        : !isNull && changes.length > 0 && changes.every(([, seen]) => !seen)
          ? 'it sees no change of a side'
          : null,
    cases: said.length,
    spoken: said.filter(relations => relations.length > 0).length,
    sees,
    worst: all.reduce((most, relation) => Math.max(most, shareOf(relation)), 0),
    rank: directions,
    notes: [
      ...(isNull ? ['compared with 0 up to chance'] : []),
      ...(distinct === 1 && said.length > 2 ? ['the same in every case'] : []),
      ...(directions === null || directions[0] === directions[1]
        ? []
        : [`${directions[0]} of ${directions[1]} directions`])
    ]
  }
}
