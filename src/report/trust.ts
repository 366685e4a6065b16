/** What speaks for a fit and against it: how surely rows belong, how far components are apart, and which rows are none's. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Key from '../../lib/random/key.js'
import * as Points from '../data/index.js'
import * as Mixture from '../mixture/mixture.js'
import { rowLabel, type Findings } from './findings.js'

/** Rows judged at most: shares of them have two digits. */
const MAX_JUDGED_ROWS = 100_000
/** From this probability on a row is counted as surely its component's; below the other it is undecided. */
export const SURE_PROBABILITY = 0.95
export const UNDECIDED = 0.6

export interface TrustedRow {
  /** As it is called: its number in the table that was read, from 1, after its name where it has one. */
  readonly name: string
  readonly values: ReadonlyArray<number>
  readonly component: number
  readonly logDensity: number
}

export interface Trust {
  /** How many rows were looked at: all, or as many as are judged. */
  readonly rows: number
  /** Of each component: rows for which it is the most probable, those it surely has, those left undecided, those far out. */
  readonly components: ReadonlyArray<{
    readonly rows: number
    readonly sure: number
    readonly undecided: number
    readonly outliers: number
    /** Over its rows, of p(k | x); NaN without rows. */
    readonly probability: number
  }>
  /**
   * [k][l]: of what belongs to component k, the share that would be taken for l if each row were told by its probabilities,
   * Σ_n p(k | x_n) p(l | x_n) / Σ_n p(k | x_n); rows sum to 1.
   */
  readonly mistaken: ReadonlyArray<ReadonlyArray<number>>
  /** The rows further out than all but a thousandth of each component's, the least likely first. */
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
  // One more than there are components if there is a background.
  const [, width] = shape
  const own = Array.from({ length: count }, () => ({ rows: 0, sure: 0, undecided: 0, outliers: 0, probable: 0 }))
  found.forEach(({ component, probability, isOutlier }, i) => {
    // Rows of the background are no component's.
    if (component < 0) return
    const one = own[component]
    const weight = weights[i]
    one.rows += weight
    one.probable += weight * probability
    if (probability >= SURE_PROBABILITY) one.sure += weight
    if (probability < UNDECIDED) one.undecided += weight
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

/** The two components that are most often taken for each other, and how often. */
export const mostConfusedPair = ({
  mistaken
}: Trust): { readonly of: number; readonly as: number; readonly share: number } | null =>
  mistaken
    .flatMap((row, k) => row.flatMap((share, l) => (k === l ? [] : [{ of: k, as: l, share }])))
    .reduce<{ readonly of: number; readonly as: number; readonly share: number } | null>(
      (most, one) => (most === null || one.share > most.share ? one : most),
      null
    )
