/** Diagnostics of a fit: certainty of assignments, separation of components, and outliers. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Key from '../../lib/random/key.js'
import * as Points from '../data/index.js'
import * as Mixture from '../mixture/mixture.js'
import { rowLabel, type Findings } from './findings.js'

/** Maximum number of rows evaluated: enough for two digits of shares. */
const MAX_JUDGED_ROWS = 100_000
/** Minimum probability of a sure assignment. */
export const SURE_PROBABILITY = 0.95
/** Probability below which an assignment is undecided. */
export const UNDECIDED_PROBABILITY = 0.6

export interface TrustedRow {
  /** Label of the row in the table, such as `Adelie (12)`. */
  readonly name: string
  readonly values: ReadonlyArray<number>
  readonly component: number
  readonly logDensity: number
}

export interface Trust {
  /** Number of rows evaluated. */
  readonly rows: number
  /** For each component: weight of its assigned rows, and of the sure, undecided and outlying ones among these. */
  readonly components: ReadonlyArray<{
    readonly rows: number
    readonly sure: number
    readonly undecided: number
    readonly outliers: number
    /** Mean of p(k | x) over its rows; NaN if it has none. */
    readonly probability: number
  }>
  /**
   * [k][l]: share of component k assigned to l at random by responsibilities, Σ_n p(k | x_n) p(l | x_n) / Σ_n p(k | x_n). Rows sum to 1.
   */
  readonly mistaken: ReadonlyArray<ReadonlyArray<number>>
  /** Rows outside the 99.9 % region of every component, least likely first. */
  readonly outliers: ReadonlyArray<TrustedRow>
}

export const trust = (fit: Findings): Trust => {
  const { observed: all, mixture } = fit
  const { dim } = all
  const isAll = all.rows <= MAX_JUDGED_ROWS
  const chosen = isAll
    ? Int32Array.from({ length: all.rows }, (_, i) => i)
    : Key.permutation(all.rows)(Key.fromSeed(0)).slice(0, MAX_JUDGED_ROWS).sort()
  const points = isAll ? all : Points.select(chosen)(all)
  const weights = points.weights ?? new Float64Array(points.rows).fill(1)
  const found = pipe(mixture, Mixture.memberships(points))
  const { shape, values } = pipe(mixture, Mixture.responsibilities(points))
  const count = Mixture.components(mixture)
  // A background has one more column.
  const [, width] = shape
  const own = Array.from({ length: count }, () => ({ rows: 0, sure: 0, undecided: 0, outliers: 0, probable: 0 }))
  found.forEach(({ component, probability, isOutlier }, i) => {
    if (component < 0) return
    const one = own[component]
    const weight = weights[i]
    one.rows += weight
    one.probable += weight * probability
    if (probability >= SURE_PROBABILITY) one.sure += weight
    if (probability < UNDECIDED_PROBABILITY) one.undecided += weight
    if (isOutlier) one.outliers += weight
  })
  const mistaken = Array.from({ length: count }, (_, k) => {
    const shares = new Float64Array(count)
    for (let i = 0; i < points.rows; i++)
      for (let l = 0; l < count; l++) shares[l] += weights[i] * values[i * width + k] * values[i * width + l]
    const sum = shares.reduce((a, b) => a + b, 0)
    return Array.from(shares, share => (sum > 0 ? share / sum : 0))
  })
  return {
    rows: points.rows,
    components: own.map(({ probable, ...tallied }) => ({ ...tallied, probability: probable / tallied.rows })),
    mistaken,
    outliers: found
      .flatMap(({ isOutlier, component, logDensity }, i) =>
        isOutlier
          ? [
              {
                name: rowLabel(fit)(chosen[i]),
                values: Array.from(points.values.subarray(i * dim, (i + 1) * dim)),
                component,
                logDensity
              }
            ]
          : []
      )
      .sort((a, b) => a.logDensity - b.logDensity)
  }
}

/** Most confused pair of components, and the shares confused. */
export const mostConfusedPair = ({
  mistaken
}: Trust): { readonly of: number; readonly as: number; readonly share: number } | null =>
  mistaken
    .flatMap((row, k) => row.flatMap((share, l) => (k === l ? [] : [{ of: k, as: l, share }])))
    .reduce<{ readonly of: number; readonly as: number; readonly share: number } | null>(
      (most, one) => (most === null || one.share > most.share ? one : most),
      null
    )
