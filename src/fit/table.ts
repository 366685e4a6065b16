/** Table of a mixture's components, and formats of numbers. */
import * as Mixture from '../mixture/mixture.js'

export interface TextTable {
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** Decimal exponent of the first digit. */
const decimalExponent = (x: number): number => Number(x.toExponential().split('e')[1])

/** Returns a formatter with the decimals that show three digits of `size`. */
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
        : // A negative number that rounds to 0 has no minus sign.
          x.toFixed(Math.max(decimals, 0)).replace(/^-(?=[0.]*$)/, '')
  }

/** Formats a number with at most `digits` significant digits, all integer digits, and no exponent if possible. */
export const show = (x: number, digits = 6): string => {
  if (decimalExponent(x) >= digits && Math.abs(x) < 1e15) return x.toFixed(0)
  const text = x.toPrecision(digits)
  return text.includes('e') ? text : String(Number(text))
}

/** Formats two numbers with enough digits to differ if they do. */
export const showApart = (x: number, y: number, digits = 6): readonly [string, string] => {
  const a = show(x, digits)
  const b = show(y, digits)
  return a !== b || Object.is(x, y) || digits >= 17 ? [a, b] : showApart(x, y, digits + 1)
}

/** Shortens numbers in a text to four significant digits. */
export const tidy = (text: string): string => text.replace(/\d+\.\d{4,}/g, digits => show(Number(digits), 4))

/** Width of the table in characters. */
export const tableWidth = ({ header, rows }: TextTable): number =>
  header.reduce((sum, name, j) => sum + 2 + Math.max(name.length, ...rows.map(row => row[j].length)), 0)

/** Returns a formatter per column, to the third digit of the smallest standard deviation. */
export const columnFormats = (variances: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<(x: number) => string> =>
  variances[0].map((_, j) => roundToSize(Math.sqrt(Math.min(...variances.map(row => row[j])))))

/**
 * Table with a line per component: weight, means (to the third digit of the column's smallest standard deviation), standard deviations (one
 * per column if they differ). Transposed if too wide and narrower so; `isTurned` is then true.
 */
export const mixtureTable = (
  columns: ReadonlyArray<string>,
  mixture: Mixture.Mixture
): TextTable & { readonly isTurned: boolean } => {
  const { weights, means, variances } = Mixture.marginals(mixture)
  const { tails, background } = mixture
  const rest = 1 - (background?.share ?? 0)
  // A Student-t component's standard deviation is larger than its scale, or infinite.
  const widths = tails ? 'scale' : 'sd'
  const isRound = variances.every(row => row.every(variance => variance === row[0]))
  const format = columnFormats(variances)
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
