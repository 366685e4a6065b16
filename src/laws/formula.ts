/** Evaluates printed formulas of α and σ: numbers, sums, juxtaposed products, quotients, roots and small powers. */
import * as Elementary from '../../lib/numbers/elementary.js'

const SUPERSCRIPTS = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹']

/** Value and the remaining tokens. */
type ParseResult = readonly [value: number, rest: ReadonlyArray<string>]

/** Value of the formula at a noise level; 1 for an empty text, NaN if it cannot be parsed. */
export const formulaAt = (
  text: string,
  { alpha, sigma }: { readonly alpha: number; readonly sigma: number }
): number => {
  const atom = ([token = '', ...rest]: ReadonlyArray<string>): ParseResult => {
    if (token === 'α') return [alpha, rest]
    if (token === 'σ') return [sigma, rest]
    if (token === '√') {
      const [inner, after] = power(rest)
      return [Math.sqrt(inner), after]
    }
    if (token !== '(') return [token === '' ? NaN : Number(token), rest]
    const [inner, [closing, ...after]] = sum(rest)
    return [closing === ')' ? inner : NaN, after]
  }
  const power = (tokens: ReadonlyArray<string>): ParseResult => {
    const [base, rest] = atom(tokens)
    const exponent = SUPERSCRIPTS.indexOf(rest[0])
    return exponent < 0 ? [base, rest] : [Elementary.pow(base, exponent), rest.slice(1)]
  }
  const product = (tokens: ReadonlyArray<string>): ParseResult => {
    const times = ([value, rest]: ParseResult): ParseResult => {
      const [sign] = rest
      const isProduct = /^[·*×]$/u.test(sign)
      // A number comes first in a juxtaposed product.
      if (!isProduct && sign !== '/' && !/^[(√ασ\d]/u.test(sign)) return [value, rest]
      const [by, after] = power(isProduct || sign === '/' ? rest.slice(1) : rest)
      return times([sign === '/' ? value / by : value * by, after])
    }
    return times(power(tokens))
  }
  const sum = (tokens: ReadonlyArray<string>): ParseResult => {
    const plus = ([value, rest]: ParseResult): ParseResult => {
      const [sign] = rest
      if (!/^[+−-]$/u.test(sign)) return [value, rest]
      const [by, after] = product(rest.slice(1))
      return plus([sign === '+' ? value + by : value - by, after])
    }
    return plus(product(tokens))
  }
  const tokens = text.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?|\S/gu) ?? []
  if (tokens.length === 0) return 1
  const [value, rest] = sum(tokens)
  return rest.length === 0 ? value : NaN
}
