import { show } from '../fit/table.js'
import { shellQuoted } from '../fit/text.js'
import { escape } from './svg.js'

export const capital = (text: string): string => text.replace(/^[a-z]/, first => first.toUpperCase())
/** File name without its folders. */
export const baseName = (path: string): string => path.replace(/^.*[\\/]/, '')
/** Argument of a command for the fit's table: quoted path, or `-` for standard input. */
export const fileArgument = (source: string): string => (source === 'standard input' ? '-' : shellQuoted(source))
/** Escapes a number for HTML, with a minus sign as wide as a plus. */
export const withMinusSign = (text: string): string => escape(text).replace(/^-/, '−')
export const wholePercent = (share: number): string =>
  share > 0 && share < 0.005
    ? 'less than 1 %'
    : share < 1 && share >= 0.995
      ? 'more than 99 %'
      : `${(100 * share).toFixed(0)} %`
export const countedNoun = (n: number, noun: string): string => `${show(n, 6)} ${noun}${n === 1 ? '' : 's'}`
