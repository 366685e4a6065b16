/** Relations between an instance's result and the value that a law requires, as data. */
import { refuse } from '../../lib/plain/refuse.js'
import { areSameBits } from './bits.js'
import type { Relation } from './law.js'
import { codeOf } from './script.js'

export type { Relation } from './law.js'

/** Builds a relation with a tolerance `within`. Signs: =, ≤, <, ≥, >, ≡ (equal bits) or ≢. */
type Related = (yours: unknown, byTheLaw: unknown, within?: number) => Relation
const related =
  (sign: Relation['sign']): Related =>
  (left, right, within = 0) => ({ sign, left, right, within })

export const equals = related('=')
export const atMost = related('≤')
export const below = related('<')
export const atLeast = related('≥')
export const above = related('>')
export const sameBits = related('≡')
export const differs = related('≢')
/** Relation that all numbers are finite. */
export const areFinite = (yours: unknown): Relation => ({ sign: 'finite', left: yours, right: null, within: 0 })

interface ValueLeaf {
  readonly at: string
  readonly values: ReadonlyArray<number> | Float64Array
}

const isNumberList = (u: unknown): u is ValueLeaf['values'] =>
  u instanceof Float64Array || (Array.isArray(u) && u.every(x => typeof x === 'number'))
const isObject = (u: unknown): u is object => typeof u === 'object' && u !== null

/** Arrays of numbers with paths. A non-number counts as NaN, which equals nothing. */
const valueLeaves = (value: unknown, at = ''): ReadonlyArray<ValueLeaf> =>
  isNumberList(value)
    ? [{ at, values: value }]
    : isObject(value)
      ? Object.entries(value).flatMap(([name, inner]) => valueLeaves(inner, at === '' ? name : `${at}.${name}`))
      : [{ at, values: [typeof value === 'number' || typeof value === 'boolean' ? Number(value) : NaN] }]

const roundedText = (x: number, digits: number): string => String(Number(x.toPrecision(digits)))
/** Two numbers with enough digits to differ. */
const distinguishingDigits = (a: number, b: number): readonly [string, string] => {
  const digits = Array.from({ length: 11 }, (_, i) => 6 + i).find(n => roundedText(a, n) !== roundedText(b, n)) ?? 17
  return [roundedText(a, digits), roundedText(b, digits)]
}
const shortText = (value: unknown): string => {
  const code = codeOf(value)
  return code.length > 100 ? `${code.slice(0, 100)}…` : code
}
const prefixPath = (at: string, text: string): string => (at === '' ? text : `${at}: ${text}`)

const SIGN_HOLDS: Readonly<Record<string, (l: number, r: number, within: number) => boolean>> = {
  '=': (l, r, within) => Math.abs(l - r) <= within || (l === r && within === Infinity),
  '≤': (l, r, within) => l <= r + within,
  '<': (l, r, within) => l < r + within,
  '≥': (l, r, within) => l >= r - within,
  '>': (l, r, within) => l > r - within
}
const SIGN_WORDS: Readonly<Record<string, string>> = {
  '=': '',
  '≤': 'at most ',
  '<': 'less than ',
  '≥': 'at least ',
  '>': 'more than '
}

const firstDifference = (left: unknown, right: unknown, at = ''): string => {
  if (isObject(left) && isObject(right) && Array.isArray(left) === Array.isArray(right)) {
    const [a, b] = [left, right].map((side): ReadonlyMap<string, unknown> => new Map(Object.entries(side)))
    const name = [...new Set([...a.keys(), ...b.keys()])].find(name => !areSameBits(a.get(name), b.get(name)))
    if (name !== undefined) return firstDifference(a.get(name), b.get(name), at === '' ? name : `${at}.${name}`)
  }
  const isNumber = typeof left === 'number' && typeof right === 'number'
  const [yours, wanted] = isNumber ? distinguishingDigits(left, right) : [shortText(left), shortText(right)]
  return prefixPath(at, `yours is ${yours}, by the law ${wanted}${isNumber ? ', bit for bit' : ''}`)
}

/** Prefixes the quantity's name to a message without one. */
const withQuantity = (message: string, quantity: string): string =>
  quantity === ''
    ? message
    : message
        .replace(/^\d+(?=[.:[])/, '[$&]')
        .replace(/^yours (?:is|are) /, ': $&')
        .replace(/^(?=\[|: )/, () => quantity)

/**
 * Failure message of a relation; null if it holds. A single number is compared with all of the other side. `quantity` names unnamed
 * numbers.
 */
export const relationFailure = (relation: Relation, quantity = ''): string | null => {
  const message = unnamedFailure(relation)
  return message === null ? null : withQuantity(message, quantity)
}

const unnamedFailure = ({ sign, left, right, within }: Relation): string | null => {
  if (sign === '≡') return areSameBits(left, right) ? null : firstDifference(left, right)
  if (sign === '≢') return areSameBits(left, right) ? `yours is ${shortText(left)} again, by the law another` : null
  const all = typeof left === 'number' && isObject(right) ? valueLeaves(right) : valueLeaves(left)
  const placed = (of: ValueLeaf, i: number): string => `${of.at}${of.values.length > 1 ? `[${i}]` : ''}`
  if (sign === 'finite') {
    const wrong = all.find(({ values }) => !values.every(Number.isFinite))
    if (wrong === undefined) return null
    const i = wrong.values.findIndex(x => !Number.isFinite(x))
    return prefixPath(placed(wrong, i), `yours is ${wrong.values[i]}, by the law finite`)
  }
  const sides = [left, right].map(side =>
    typeof side === 'number'
      ? all.map(({ at, values }) => ({ at, values: Array.from(values, () => side) }))
      : valueLeaves(side)
  )
  const [ls, rs] = sides
  if (ls.length !== rs.length) return `yours are ${ls.length} arrays, by the law ${rs.length}`
  const at = ls.findIndex(
    ({ values }, i) =>
      values.length !== rs[i].values.length || values.some((l, j) => !SIGN_HOLDS[sign](l, rs[i].values[j], within))
  )
  if (at < 0) return null
  const found = ls[at]
  const wanted = rs[at]
  if (found.values.length !== wanted.values.length)
    return prefixPath(found.at, `yours are ${found.values.length} numbers, by the law ${wanted.values.length}`)
  const j = found.values.findIndex((l, j) => !SIGN_HOLDS[sign](l, wanted.values[j], within))
  const l = found.values[j]
  const r = wanted.values[j]
  const [yours, theirs] = distinguishingDigits(l, r)
  const off = Number.isFinite(l - r) ? `, off by ${roundedText(Math.abs(l - r), 6)}` : ''
  const allowed = within > 0 ? `, where ${roundedText(within, 6)} is allowed` : ''
  return prefixPath(placed(found, j), `yours is ${yours}, by the law ${SIGN_WORDS[sign]}${theirs}${off}${allowed}`)
}

/**
 * Returns true if |found − wanted| ≤ tolerance entry by entry; throws an error that names the entry otherwise. Non-finite numbers never
 * agree.
 */
export const agree = (
  what: string,
  found: ArrayLike<number>,
  wanted: ArrayLike<number> | number,
  tolerance: number
): boolean => {
  const wrong = relationFailure(
    equals(
      { [what]: Array.from(found) },
      typeof wanted === 'number' ? wanted : { [what]: Array.from(wanted) },
      tolerance
    )
  )
  return wrong === null || refuse(wrong)
}

type RelationValues = ReadonlyArray<number>

/** Perturbations of a side's values; a relation that none makes fail is vacuous. */
const PERTURBATIONS: ReadonlyArray<(values: RelationValues) => RelationValues> = [
  values => values.map(() => 0),
  values => values.map(x => -x),
  values => values.map(x => 1.01 * x + 1e-3)
]

/** True if perturbing the left side can make the relation fail. */
const canFail = (relation: Relation): boolean => {
  const { sign, left, right, within } = relation
  // Fails if the value leaves the tolerance.
  if (!['=', '≡'].includes(sign) || (right === 0 && within > 0)) return true
  const changed = (of: unknown, change = (values: RelationValues) => values): ReadonlyArray<RelationValues> =>
    valueLeaves(of).map(({ values }) => change(Array.from(values)))
  return PERTURBATIONS.some(
    change =>
      relationFailure({
        ...relation,
        left: changed(left, change),
        right: typeof right === 'number' ? right : changed(right)
      }) !== null
  )
}

/** Reason why a law is vacuous: no case, or no perturbation that makes it fail; null otherwise. */
export const vacuityReason = (said: ReadonlyArray<ReadonlyArray<Relation>>): string | null =>
  said.every(relations => relations.length === 0)
    ? 'it says nothing about any case'
    : said.flat().some(canFail)
      ? null
      : 'it sees no change of a side'
