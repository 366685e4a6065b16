/**
 * The closed forms, in SIMD where the engine has it; the plain passes are the same to rounding. SIMD expands |x − c|², and is
 * not used where that loses digits.
 */
import * as Elementary from '../../../lib/elementary.js'
import { column } from '../../../lib/stretches.js'
import * as plain from './pass.js'
import { threads } from '../../../lib/simd/crew.js'
import { passes, worthThreads, type Passes } from './simd.js'

/** Undefined before first use; null where the engine has no SIMD or may not compile here. */
let found: Passes | null | undefined

const simd = (): Passes | null => {
  if (found !== undefined) return found
  try {
    found = passes()
  } catch {
    // No WebAssembly, no SIMD, a content policy against it, or an old browser's limit on compiling at once.
    found = null
  }
  return found
}

/** Whether the passes run in SIMD here. */
export const accelerated = (): boolean => simd() !== null

/** How a pass over data of this size runs here, in words. */
export const how = (data: Pick<plain.Rows, 'rows' | 'dim'>, components: number): string => {
  if (!accelerated()) return 'without SIMD, which this engine lacks'
  return threads() > 1 && worthThreads(data, components) ? `in SIMD by ${threads()} threads` : 'in SIMD'
}

/**
 * Up to so many deviations of the narrowest component, |x| + |c| together, |x|² − 2⟨x, c⟩ + |c|² leaves a log density what
 * 2⁻⁵² · 2¹⁶ = 1.5e-11 of rounding is.
 */
export const FURTHEST = 256

const known = new WeakMap<plain.Rows, number>()

/** The length of the longest row. */
const reach = (data: plain.Rows): number => {
  const found = known.get(data) ?? plain.longest(data.x, data.dim)
  if (data.passing === undefined) known.set(data, found)
  return found
}

const least = (values: Float64Array): number => values.reduce((a, b) => Math.min(a, b), Infinity)

/** The least (σ/α)² of a part, which is what noise adds to a variance in the units of the data. */
const ofNoise = ({ alpha, sigma }: plain.Part, rows: number): number => {
  const ofSome = (alpha: Float64Array, sigma: Float64Array): number => {
    const ratios = alpha.length >= sigma.length ? alpha : sigma
    return least(
      ratios.map((_, i) => Elementary.square(sigma[sigma.length === 1 ? 0 : i] / alpha[alpha.length === 1 ? 0 : i]))
    )
  }
  if (alpha instanceof Float64Array && sigma instanceof Float64Array) return ofSome(alpha, sigma)
  let smallest = Infinity
  for (let first = 0; first < rows; first += STRETCH) {
    const count = Math.min(STRETCH, rows - first)
    smallest = Math.min(smallest, ofSome(column(alpha, first, count), column(sigma, first, count)))
  }
  return smallest
}

/** So many rows' levels are looked at at once, where they are drawn as they are asked for. */
const STRETCH = 65_536

/** Whether no component is so narrow, at any level, that expanded squares of what is so far from the basis' origin would lose it. */
export const bears = (
  data: plain.Rows,
  { centres, variances }: plain.Arrays,
  { origin }: plain.Basis,
  parts: ReadonlyArray<plain.Part>
): boolean => {
  const narrowest =
    least(variances) + parts.reduce((smallest, part) => Math.min(smallest, ofNoise(part, data.rows)), Infinity)
  const furthest = reach(data) + plain.longest(centres, data.dim) + 2 * plain.longest(origin, data.dim)
  return Elementary.square(furthest) <= FURTHEST * FURTHEST * narrowest
}

export const scorePass: Passes['scorePass'] = (data, mixture, basis, parts) => {
  const fast = simd()
  return (fast !== null && bears(data, mixture, basis, parts) ? fast : plain).scorePass(data, mixture, basis, parts)
}
export const pairPass: Passes['pairPass'] = (...args) => (simd() ?? plain).pairPass(...args)
export const expectationPass: Passes['expectationPass'] = (...args) => (simd() ?? plain).expectationPass(...args)
export { likelihoodGradient } from './pass.js'
