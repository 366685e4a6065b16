/** Detects copied rows, as opposed to equal rows of few decimals. */
import type * as Points from '../data/index.js'
import { show } from '../fit/table.js'
import { countedNoun } from './phrases.js'

const MIN_REPEATED_SHARE = 0.1

/** Minimum share of copies among pairs that agree in the finest column. */
const MIN_AGREEMENT = 0.9

/** Maximum share of pairs of rows that agree in all columns but the finest; above, equal rows are no evidence. */
const MAX_COARSE_AGREEMENT = 0.5

interface RepeatedRows {
  readonly rows: number
  readonly distinct: number
  /** Column with the most distinct numbers. */
  readonly finest: number
}

/**
 * Returns the number of distinct rows if many are copies; otherwise null. Copies that agree in the finest column agree in all, unlike
 * rounded cells. Null if there is a single column, where equal cells are no sign of copies.
 */
export const findRepeatedRows = ({ rows, dim, values }: Points.Points): RepeatedRows | null => {
  const indices = Array.from({ length: rows }, (_, i) => i)
  const cellsOf = (row: number): Float64Array => values.subarray(row * dim, (row + 1) * dim)
  const whole = countGroups(indices.map(row => cellsOf(row).join()))
  if (dim < 2 || rows - whole.size < MIN_REPEATED_SHARE * rows) return null
  const byColumn = Array.from({ length: dim }, (_, j) => countGroups(indices.map(row => values[row * dim + j])))
  const finest = byColumn.reduce((best, groups, j) => (groups.size > byColumn[best].size ? j : best), 0)
  const others = countGroups(
    indices.map(row =>
      cellsOf(row)
        .filter((_, j) => j !== finest)
        .join()
    )
  )
  const isCopied =
    countPairs(whole) >= MIN_AGREEMENT * countPairs(byColumn[finest]) &&
    countPairs(others) <= (MAX_COARSE_AGREEMENT * rows * (rows - 1)) / 2
  return isCopied ? { rows, distinct: whole.size, finest } : null
}

const countGroups = <K>(keys: ReadonlyArray<K>): ReadonlyMap<K, number> => {
  const groups = new Map<K, number>()
  keys.forEach(key => groups.set(key, (groups.get(key) ?? 0) + 1))
  return groups
}

/** Number of pairs in the same group. */
const countPairs = (groups: ReadonlyMap<unknown, number>): number =>
  Array.from(groups.values()).reduce((sum, size) => sum + (size * (size - 1)) / 2, 0)

/** “203 of 338 rows repeat another row: …” */
export const repeatedRowsSentence = (
  { rows, distinct, finest }: RepeatedRows,
  columns: ReadonlyArray<string>
): string =>
  `${show(rows - distinct)} of ${countedNoun(rows, 'row')} ${rows - distinct === 1 ? 'repeats' : 'repeat'} another row in every column, and rows that agree ` +
  `in ${columns[finest]} agree in all: they are probably copies. Copies make clusters of a few rows each look certain. ` +
  'If they are no separate observations, remove them and fit again.'
