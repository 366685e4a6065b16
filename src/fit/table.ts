/** The table of a mixture's components: what the terminal and the report both show. */
import * as Mixture from '../mixture/mixture.js'

export interface TextTable {
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** Of the first digit. */
const decimalExponent = (x: number): number => Number(x.toExponential().split('e')[1])

/** With so many decimals that a number of this size shows three digits. */
export const roundToSize =
  (size: number) =>
  (x: number): string => {
    // A size of 0 has no first digit.
    const decimals = size === 0 ? NaN : 2 - decimalExponent(size)
    const before = x === 0 ? NaN : 1 + decimalExponent(x)
    return !Number.isFinite(decimals)
      ? x.toPrecision(4)
      : decimals > 9 || Math.abs(x) >= 1e9
        ? x.toPrecision(Number.isFinite(before) ? Math.min(17, Math.max(4, before + decimals)) : 4)
        : // What rounds to 0 from below is 0.
          x.toFixed(Math.max(decimals, 0)).replace(/^-(?=[0.]*$)/, '')
  }

/**
 * A number as people read it: up to so many significant digits, and all before the point, no exponent where it can be
 * helped.
 */
export const show = (x: number, digits = 6): string => {
  if (decimalExponent(x) >= digits && Math.abs(x) < 1e15) return x.toFixed(0)
  const text = x.toPrecision(digits)
  return text.includes('e') ? text : String(Number(text))
}

/** Two numbers beside each other, with so many digits that they look different where they are. */
export const showApart = (x: number, y: number, digits = 6): readonly [string, string] => {
  const a = show(x, digits)
  const b = show(y, digits)
  return a !== b || Object.is(x, y) || digits >= 17 ? [a, b] : showApart(x, y, digits + 1)
}

/** Text with its numbers cut to four digits: those chosen from the data have more than anybody reads. */
export const tidy = (text: string): string => text.replace(/\d+\.\d{4,}/g, digits => show(Number(digits), 4))

/** How wide the table is, in characters. */
export const tableWidth = ({ header, rows }: TextTable): number =>
  header.reduce((sum, name, j) => sum + 2 + Math.max(name.length, ...rows.map(row => row[j].length)), 0)

/** How the means of each column are written: to the third digit of the least standard deviation of the column. */
export const formats = (variances: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<(x: number) => string> =>
  variances[0].map((_, j) => roundToSize(Math.sqrt(Math.min(...variances.map(row => row[j])))))

/**
 * A line for each component: weight, mean of each column, standard deviation (of each column where they differ). Means
 * are rounded to the third digit of the least standard deviation of their column. A table that is too wide is turned
 * where that helps: then it has a line for each column, and `isTurned`.
 */
export const mixtureTable = (
  columns: ReadonlyArray<string>,
  mixture: Mixture.Mixture
): TextTable & { readonly isTurned: boolean } => {
  const { weights, means, variances } = Mixture.marginals(mixture)
  const { tails, background } = mixture
  const rest = 1 - (background?.share ?? 0)
  // Of a t it is no standard deviation, which is greater, or none.
  const widths = tails ? 'scale' : 'sd'
  const isRound = variances.every(row => row.every(variance => variance === row[0]))
  const format = formats(variances)
  const mean = (j: number): ReadonlyArray<string> => means.map(row => format[j](row[j]))
  const deviation = (j: number): ReadonlyArray<string> => variances.map(row => format[j](Math.sqrt(row[j])))
  const lines: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ['component', weights.map((_, k) => String(k + 1))],
    ['weight', weights.map(weight => (rest * weight).toFixed(3))],
    ...columns.map((column, j): [string, ReadonlyArray<string>] => [column, mean(j)]),
    ...(isRound
      ? [[widths, deviation(0)] as const]
      : columns.map((column, j): [string, ReadonlyArray<string>] => [`${widths} ${column}`, deviation(j)])),
    ...(tails ? [['ν', Array.from(tails, nu => (nu === Infinity ? '∞' : roundToSize(nu)(nu)))] as const] : [])
  ]
  const upright = {
    header: lines.map(([name]) => name),
    rows: weights.map((_, k) => lines.map(([, cells]) => cells[k]))
  }
  const [header, ...rows] = lines.map(([name, cells]) => [name, ...cells])
  const turned = { header, rows }
  const isTurned = tableWidth(upright) > 90 && tableWidth(turned) < tableWidth(upright)
  return { ...(isTurned ? turned : upright), isTurned }
}
