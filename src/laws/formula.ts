/** Formulas of α and σ as they are written for people: numbers, sums, products side by side, quotients, roots and small powers. */
import * as Elementary from '../../lib/numbers/elementary.js'

const POWERS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** Its value at a level; 1 of an empty text, NaN of one that is not such a formula. */
export const formulaAt = (
  text: string,
  { alpha, sigma }: { readonly alpha: number; readonly sigma: number }
): number => {
  const tokens = text.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?|\S/gu) ?? []
  const state = { at: 0 }
  const next = (...wanted: ReadonlyArray<string>): string | null => {
    const token = tokens[state.at]
    if (!wanted.includes(token)) return null
    state.at += 1
    return token
  }
  const atom = (): number => {
    if (next('(') !== null) {
      const inner = sum()
      return next(')') === null ? NaN : inner
    }
    if (next('√') !== null) return Math.sqrt(power())
    if (next('α') !== null) return alpha
    if (next('σ') !== null) return sigma
    const number = Number(tokens[state.at])
    state.at += 1
    return number
  }
  const power = (): number => {
    const base = atom()
    const exponent = next(...POWERS)
    return exponent === null ? base : Elementary.pow(base, POWERS.indexOf(exponent))
  }
  const product = (value = power()): number => {
    if (next('/') !== null) return product(value / power())
    if (next('·', '*', '×') !== null || /^[(√ασ\d]/u.test(tokens[state.at] ?? '')) return product(value * power())
    return value
  }
  const sum = (value = product()): number => {
    const sign = next('+', '−', '-')
    return sign === null ? value : sum(sign === '+' ? value + product() : value - product())
  }
  if (tokens.length === 0) return 1
  const value = sum()
  return state.at === tokens.length ? value : NaN
}
