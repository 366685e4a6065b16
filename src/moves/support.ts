/**
 * What the rows gain by a component, each row left out of the component's own estimate: whether few rows vouch for more than
 * themselves. Left out with the responsibility r, of n rows in all, a row sees
 *
 *     δ' = gδ,    Σ' = g (Σ − r/(n − r) δδᵀ),    π' = π/g,    g = n/(n − r),
 *
 * or what the family keeps of Σ'; with q = δᵀΣ⁻¹δ and t = 1 − r q/(n − r), log|Σ'| = log|Σ| + d log g + log t and δ'ᵀΣ'⁻¹δ' = g q/t
 * (Sherman & Morrison 1950). Where t ≤ 0 the row alone keeps Σ from being singular, and without it nothing is left.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source.js'
import type { MStep } from '../family/family.js'
import { partsOf } from '../mixture/component.js'
import type { Mixture } from '../family/mixtureData.js'
import { responsibilities, whitened } from '../mixture/em/moments.js'

/** A component that is probably only outliers may be. */
export interface Unsupported {
  /** From 0. */
  readonly component: number
  /** Σ p(k | x) */
  readonly rows: number
  /** Its own: those of its mean, of its covariance where it has one of its own, and its weight. */
  readonly parameters: number
  /** What the log-likelihood of all rows gains by it, each row left out of its estimate; and what its parameters ask for. */
  readonly gain: number
  readonly due: number
}

/** How the covariance of a component is estimated: `second` is 'none' where it is given, or is that of others too. */
export interface Own extends Pick<MStep<string>, 'second'> {
  readonly parameters: number
}

/**
 * From so many times d + 2 rows on, likelihoods are too high by what parameters are counted as, except for a ninth, n/(n − d − 2): criteria
 * say what is to be said.
 */
const FEW = 10

const logAddExp = (a: number, b: number): number => {
  const top = Math.max(a, b)
  const least = Math.min(a, b)
  return least === -Infinity ? top : top + Elementary.log1p(Elementary.exp(least - top))
}

/** log N' − log N of a row left out, from the squares of its whitened deviation, one after another. */
const change = (second: Own['second'], squares: Float64Array, r: number, n: number): number => {
  const g = n / (n - r)
  const part = r / (n - r)
  const dim = squares.length
  const q = squares.reduce((sum, square) => sum + square, 0)
  /** Of so many dimensions that share a scale, where the rows' mean square is `mean`. */
  const of = (q: number, mean: number, dims: number): number => {
    const t = 1 - part * mean
    return t > 0 ? (q - (g * q) / t - dims * Elementary.log(g)) / 2 : -Infinity
  }
  if (second === 'none') return ((1 - g * g) * q) / 2
  if (second === 'diagonal')
    return squares.reduce((sum, square) => sum + of(square, square, 1) - logOf(1 - part * square) / 2, 0)
  if (second === 'trace') return of(q, q / dim, dim) - (dim * logOf(1 - (part * q) / dim)) / 2
  return of(q, q, dim) - logOf(1 - part * q) / 2
}

/** What components say of rows. */
interface Said {
  readonly own: Float64Array
  readonly rest: Float64Array
  readonly white: ReadonlyArray<Float64Array>
}

/** −∞ is told elsewhere. */
const logOf = (t: number): number => (t > 0 ? Elementary.log(t) : 0)

/**
 * Components whose gain is less than the ½ p log n that BIC asks for their p parameters. Where rows are many a row left out takes p
 * from the gain (Stone 1977), which is given back: there this is BIC's own question. Where they are few it takes more, and all where they do
 * not fix the component. A component alone is held against none.
 */
export const unsupported = (
  data: Source.Data,
  mixture: Mixture,
  { second, parameters }: Own
): ReadonlyArray<Unsupported> => {
  const { dim } = data
  const total = Source.totalOf(data)
  // A background is among the others.
  const components = partsOf(mixture)
  const count = components.length
  const few = Array.from(mixture.weights.keys()).filter(k => components[k].weight * total < FEW * (dim + 2))
  if (mixture.weights.length < 2 || few.length === 0) return []
  const source = Source.from(data)
  /** What the few say of rows: log π N, that of the others together, [few, rows], and whitened deviations. */
  const said = (points: Points.Points): Said => {
    const { rows } = points
    const all = Array.from({ length: rows }, (_, i) => i)
    const { logs } = responsibilities(components, points)
    const [own, rest] = [new Float64Array(few.length * rows), new Float64Array(few.length * rows).fill(-Infinity)]
    few.forEach((component, which) => {
      for (let i = 0, at = which * rows; i < rows; i++, at++)
        for (let k = 0; k < count; k++) {
          const log = logs[i * count + k]
          if (k === component) own[at] = log
          else rest[at] = logAddExp(rest[at], log)
        }
    })
    return { own, rest, white: few.map(k => whitened(components[k], points, all)) }
  }
  /** Of rows that are read at once it is said once. */
  let alone: Said | null = null
  const visited = (
    visit: (which: number, weight: number, own: number, rest: number, white: Float64Array) => void
  ): void => {
    pipe(
      source,
      Source.each(points => {
        const { rows, weights } = points
        const { own, rest, white } = alone ?? said(points)
        if (rows === source.rows) alone = { own, rest, white }
        for (let i = 0; i < rows; i++)
          for (let which = 0, at = i; which < few.length; which++, at += rows) {
            const deviation = white[which].subarray(i * dim, (i + 1) * dim)
            visit(which, weights === undefined ? 1 : weights[i], own[at], rest[at], deviation)
          }
      })
    )
  }
  const shareOf = (own: number, rest: number): number =>
    own === -Infinity ? 0 : Elementary.exp(own - logAddExp(own, rest))
  const sizes = new Float64Array(few.length)
  visited((which, weight, own, rest) => {
    sizes[which] += weight * shareOf(own, rest)
  })
  const gains = Float64Array.from(few, component => total * Elementary.log1p(-components[component].weight))
  visited((which, weight, own, rest, white) => {
    if (weight === 0) return
    const n = sizes[which]
    // of a row that counts as several one is left out
    const r = shareOf(own, rest) * Math.min(1, weight)
    const without =
      r < n ? own + change(second, white.map(Elementary.square), r, n) + Elementary.log1p(-r / n) : -Infinity
    gains[which] += weight * (logAddExp(rest, without) - rest)
  })
  const due = (parameters / 2) * Elementary.log(total) - parameters
  return few.flatMap((component, which) =>
    gains[which] < due ? [{ component, rows: sizes[which], parameters, gain: gains[which], due }] : []
  )
}
