/** How well a mixture describes data, and what that says of its number of components. */
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Backend from '../data/place.js'
import * as Source from '../data/source/source.js'
import { describedRows } from './em/eStep.js'
import type { WeightedRows } from './dataRows.js'
import * as Mixture from './mixture.js'
import { asTheyAre, weightedRowsOf } from './dataRows.js'

export interface Statistics {
  readonly rows: number
  /** Mean of log p(x) over the rows, weighted where they carry weights. */
  readonly logLikelihood: number
  /** Free parameters of the family; a standardization is counted as part of the data. */
  readonly parameters: number
  /** −2 n · logLikelihood + parameters · log n, n the total weight (Schwarz 1978). Less is better, here and below. */
  readonly bic: number
  /** −2 n · logLikelihood + 2 parameters (Akaike 1974). */
  readonly aic: number
  /**
   * BIC + 2 Σ −log max_k p(k | x): BIC of rows that come with their most probable component (Biernacki, Celeux & Govaert
   * 2000). It counts clusters that are apart, where BIC counts components that describe the density. Beside a background a row counts by
   * 1 − b, b its probability of that, and p(k | x) is that of a row of no background: what is apart from clusters is no overlap of them.
   */
  readonly icl: number
  /** −2 Σ w log p(x) over the rows, each by what was learned without its part of them (Smyth 2000); where it was asked. */
  readonly crossValidated?: number
  /** Σ p(k | x) over the rows, weighted, [K]. */
  readonly sizes: ReadonlyArray<number>
  /** The same of a background, where there is one. */
  readonly backgroundCount?: number
}

/**
 * How well a mixture explains rows, and how many each component has; `parameters` is how many numbers the mixture has learned. Rows of
 * weight 0 and rows without cells are none of them.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * // One standard normal at 0 and 2: the mean of −½ log 2π − ½x² is −½ log 2π − 1.
 * const { logLikelihood, sizes } = Mixture.statistics({ rows: 2, dim: 1, values: Float64Array.of(0, 2) }, 1)(
 *   Mixture.of({ means: [[0]] })
 * )
 * assert.ok(Math.abs(logLikelihood + Math.log(2 * Math.PI) / 2 + 1) < 1e-15)
 * assert.deepEqual(sizes, [2])
 */
export const of =
  (data: Source.Data, parameters: number, { evaluate } = Backend.localBackend) =>
  (mixture: Mixture.Mixture): Statistics => {
    const { points, close } = rowsThatCount(asTheyAre(data))
    const total = Source.sumOfWeights(points)
    const { value, assignmentEntropy, mass, backgroundCount } = evaluate(
      describeRows(weightedRowsOf(points))(mixture),
      () => ({
        sum: { name: 'statistics', mixture: Mixture.codec.encode(mixture) },
        numbers: new Float64Array(0)
      })
    )
    close()
    return statisticsFrom({
      rows: points.rows,
      total,
      logLikelihood: -value,
      assignmentEntropy: total * assignmentEntropy,
      parameters,
      sizes: Array.from(mass, share => total * share),
      ...(backgroundCount !== undefined && { backgroundCount: total * backgroundCount })
    })
  }

/** The rows that count, as long as one does; until they are closed. */
const rowsThatCount = (data: Source.Data): ReturnType<ReturnType<typeof Source.filtered>> => {
  const count = Source.countedRows(data)
  return count === 0 || count === data.rows
    ? { points: data, close: () => undefined }
    : Source.filtered(Source.rowCounts)(data)
}

/** What is summed over the rows, by the columns that each has. */
export const describeRows: (
  rows: WeightedRows
) => (mixture: Mixture.Mixture) => ReturnType<ReturnType<typeof describedRows>> = describedRows

/** What is summed over the rows, and what follows of it; `total` is Σ w, `assignmentEntropy` Σ −w log max_k p(k | x). */
export const statisticsFrom = ({
  total,
  assignmentEntropy,
  ...sums
}: Pick<Statistics, 'rows' | 'logLikelihood' | 'parameters' | 'sizes' | 'backgroundCount'> & {
  readonly total: number
  readonly assignmentEntropy: number
}): Statistics => {
  const fitted = -2 * total * sums.logLikelihood
  const bic = fitted + sums.parameters * Elementary.log(total)
  return { ...sums, bic, aic: fitted + 2 * sums.parameters, icl: bic + 2 * assignmentEntropy }
}

/** The weight of all rows, those of a background among them. */
export const totalRowWeight = ({ sizes, backgroundCount = 0 }: Pick<Statistics, 'sizes' | 'backgroundCount'>): number =>
  sizes.reduce((sum, size) => sum + size, backgroundCount)
