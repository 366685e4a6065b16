/** Compares what a reader returns with the table that was written. */
import type { ExpectedReading } from './dress.js'

/** Columns of numbers that a reader returns, NaN for a missing cell; null if it refuses the file. */
export type ReadColumns = {
  readonly names: ReadonlyArray<string>
  readonly columns: ReadonlyArray<ArrayLike<number>>
} | null

export type Verdict = 'read' | 'refused' | 'wrong'

/** `x.1` or `x (kg)` for `x`. */
const isNamed = (found: string, name: string): boolean =>
  found === name || /^(\.\d+)?( \(.*\))?(\.\d+)?$/.test(found.slice(name.length)) && found.startsWith(name) // prettier-ignore

/** Wrong if any number, name or missing cell differs, or the number of rows or columns. */
export const verdict = ({ names, columns }: ExpectedReading, read: ReadColumns): Verdict => {
  if (read === null) return 'refused'
  const isSame =
    read.columns.length === columns.length &&
    columns.every((column, j) => {
      const found = read.columns[j]
      return found.length === column.length && column.every((x, i) => Object.is(x, found[i]) || x === found[i])
    })
  return isSame && names.every((name, j) => isNamed(read.names[j], name)) ? 'read' : 'wrong'
}
