import * as Elementary from './elementary.js'

/** Mean of independent, identically distributed numbers and its standard error √(Σ(x − x̄)²/(n(n − 1))); n ≥ 2. */
export const meanAndError = (
  all: ReadonlyArray<number>
): { readonly value: number; readonly standardError: number } => {
  const n = all.length
  const value = all.reduce((sum, x) => sum + x, 0) / n
  const squares = all.reduce((sum, x) => sum + Elementary.square(x - value), 0)
  return { value, standardError: Math.sqrt(squares / (n * (n - 1))) }
}

/** Σ x */
export const sumOfNumbers = (values: ReadonlyArray<number>): number => values.reduce((sum, x) => sum + x, 0)

/** log Σ e^x */
export const logSumExpOf = (logs: ReadonlyArray<number>): number => {
  const most = Math.max(...logs)
  return most === -Infinity
    ? most
    : most + Elementary.log(logs.reduce((sum, log) => sum + Elementary.exp(log - most), 0))
}
