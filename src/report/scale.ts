/**
 * Scales map numbers to positions on an axis and back, and provide its ticks.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Picture } from 'ornstein'
 *
 * const { bands, extent, linear, log, reversed, scales, sqrt, squeezed, ticks, written } = Picture.Scale
 * // Positions on an axis, from 0 to 1, and back.
 * assert.equal(linear([0, 10]).unit(2.5), 0.25)
 * assert(Math.abs(log([1, 100]).unit(10) - 0.5) < 1e-12)
 * assert(Math.abs(sqrt([0, 100]).unit(25) - 0.5) < 1e-12)
 * assert(squeezed([0, 1000]).unit(1) > linear([0, 1000]).unit(1))
 * assert.equal(reversed(linear([0, 10])).unit(2.5), 0.75)
 * assert(Math.abs(log([1, 100]).value(0.5) - 10) < 1e-12)
 * assert.equal(scales.log, log)
 * // The range of some numbers, the round ones in it, and names in bands.
 * assert.deepEqual(extent([3, 1, 2], 0), [1, 3])
 * assert.deepEqual(
 *   ticks([0, 10], 5).map(({ label }) => label),
 *   ['0', '2', '4', '6', '8', '10']
 * )
 * assert.deepEqual(
 *   bands(['a', 'b']).ticks.map(({ label }) => label),
 *   ['a', 'b']
 * )
 * assert.deepEqual([0.1, -2, 1e6].map(written), ['0.1', '−2', '10⁶'])
 */
import * as Elementary from '../../lib/numbers/elementary.js'

export type Range = readonly [number, number]

export interface Tick {
  readonly value: number
  readonly label: string
}

export interface Scale {
  readonly domain: Range
  /** Position on the axis: 0 at its beginning, 1 at its end. */
  readonly unit: (value: number) => number
  /** Inverse of `unit`. */
  readonly value: (unit: number) => number
  readonly ticks: ReadonlyArray<Tick>
}

/** Range of the values with a margin; around the value if all are equal. */
export const extent = (values: Iterable<number>, margin = 0.04): Range => {
  const [lo, hi] = [...values].reduce<Range>(
    ([lo, hi], value) => [Math.min(lo, value), Math.max(hi, value)],
    [Infinity, -Infinity]
  )
  // Values that differ by rounding count as equal.
  const isApart = hi - lo > 1e-12 * Math.max(Math.abs(lo), Math.abs(hi))
  const wide = isApart ? hi - lo : Math.max(Math.abs(lo) * 0.1, 1e-9)
  return isApart ? [lo - margin * wide, hi + margin * wide] : [lo - wide, hi + wide]
}

// -- ticks -----------------------------------------------------------------------------------------------------------

const decimalExponent = (x: number): number => Number(x.toExponential().split('e')[1])

const labelWithMinus = (label: string): string => label.replace(/^-/, '−')

/** Returns about `count` round ticks with distinct labels, at steps of 1, 2 or 5 times a power of ten and at least `least`. */
export const ticks = ([lo, hi]: Range, count: number, least = 0): ReadonlyArray<Tick> => {
  const rough = (hi - lo) / count
  const unit = Number(`1e${decimalExponent(rough)}`)
  const step = Math.max(least, unit * (rough / unit > 5 ? 10 : rough / unit > 2 ? 5 : rough / unit > 1 ? 2 : 1))
  const decimals = Math.max(0, -decimalExponent(step))
  // Enough digits to distinguish neighbouring ticks.
  const digits = Math.min(
    16,
    Math.max(4, 1 + decimalExponent(Math.max(Math.abs(lo), Math.abs(hi))) - decimalExponent(step))
  )
  const first = Math.ceil(lo / step - 1e-9)
  const most = Math.floor(hi / step + 1e-9)
  // A single tick does not show the scale of the axis.
  if (most <= first && step > least && count < 20) return ticks([lo, hi], count + 1, least)
  return Array.from({ length: Math.max(0, most - first + 1) }, (_, i) => {
    const value = (first + i) * step
    const plain =
      decimals > 6 || Math.abs(value) >= 1e7
        ? Number(value.toPrecision(Math.max(12, digits))).toPrecision(digits)
        : value.toFixed(decimals)
    const label = Math.abs(value) < step / 2 ? '0' : /\..*e/.test(plain) ? plain.replace(/\.?0+e\+?/, 'e') : plain
    return { value, label: labelWithMinus(label) }
  })
}

const SUPERSCRIPT_DIGITS: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('-0123456789', (digit, i) => [digit, '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'[i]])
)

/** Label on an axis of powers of ten: 0.01, 300, 10⁻⁶, 2·10⁵. */
const powerLabel = (value: number): string => {
  const power = decimalExponent(value)
  if (power >= -3 && power < 5) return String(Number(value.toPrecision(3)))
  const ten = `10${Array.from(String(power), digit => SUPERSCRIPT_DIGITS[digit]).join('')}`
  const factor = Number(value.toExponential(2).split('e')[0])
  return factor === 1 ? ten : `${factor}·${ten}`
}

const log10 = (x: number): number => Elementary.log(x) / Math.LN10

const logTicks = ([lo, hi]: Range, count: number): ReadonlyArray<Tick> => {
  const first = Math.ceil(log10(lo) - 1e-9)
  const most = Math.floor(log10(hi) + 1e-9)
  const stride = Math.max(1, Math.ceil((most - first) / count))
  const factors = most - first >= 2 ? [1] : most - first >= 1 ? [1, 3] : [1, 2, 5]
  const powers = Array.from({ length: Math.max(0, most - first + 3) }, (_, i) => first - 1 + i)
  const found = powers
    .filter(power => power % stride === 0)
    .flatMap(power => factors.map(factor => Number(`${factor}e${power}`)))
    .filter(value => value >= lo * (1 - 1e-9) && value <= hi * (1 + 1e-9))
  return found.length < 3 && stride === 1 && hi / lo < 10
    ? ticks([lo, hi], count)
    : found.map(value => ({ value, label: powerLabel(value) }))
}

// -- scales ----------------------------------------------------------------------------------------------------------

/** Makes a scale that is linear in a new variable with inverse `back`. */
const transformedScale =
  (
    along: (value: number) => number,
    back: (spaced: number) => number,
    ticksOf: (domain: Range, count: number, least: number) => ReadonlyArray<Tick>
  ) =>
  (domain: Range, count = 5, least = 0): Scale => {
    const from = along(domain[0])
    const to = along(domain[1])
    return {
      domain,
      unit: value => (along(value) - from) / (to - from),
      value: unit => back(from + unit * (to - from)),
      ticks: ticksOf(domain, count, least)
    }
  }

const identityNumber = (x: number): number => x

/** Linear scale. */
export const linear = transformedScale(identityNumber, identityNumber, ticks)

/** Logarithmic scale, for positive numbers. */
export const log = transformedScale(Elementary.log, Elementary.exp, logTicks)

/** Square-root scale, for numbers ≥ 0. */
export const sqrt = transformedScale(
  x => Math.sqrt(Math.max(0, x)),
  x => x * x,
  ticks
)

/** Scale log(1 + x), for numbers ≥ 0, both units and thousands; with a small margin below 0. */
export const squeezed = transformedScale(
  x => (x < 0 ? x : Elementary.log1p(x)),
  x => (x < 0 ? x : Elementary.expm1(x)),
  ([, most]) =>
    [0, 2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7]
      .filter(value => value <= most)
      .map(value => ({ value, label: value === 0 ? '0' : `+${value}` }))
)

/** Categorical scale: 0, 1, 2, … are the middles of equal bands. */
export const bands = (names: ReadonlyArray<string>): Scale => ({
  ...linear([-0.5, names.length - 0.5]),
  ticks: names.map((label, value) => ({ value, label }))
})

/** Reverses the direction of a scale. */
export const reversed = ({ domain, unit, value, ticks }: Scale): Scale => ({
  domain,
  unit: x => 1 - unit(x),
  value: u => value(1 - u),
  ticks
})

/** Scales by name, for the options of pictures. */
export const scales = { linear, log, sqrt, squeezed } as const

/** Formats a number for an axis. */
export const written = (value: number): string => labelWithMinus(powerLabel(value))
