/** Goodness of fit and information criteria of a mixture. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Backend from '../data/reductionBackend.js'
import * as Source from '../data/source/source.js'
import { rowStatistics } from './em/eStep.js'
import type { WeightedRows } from './dataRows.js'
import * as Mixture from './mixture.js'
import { snapshotOfData, weightedRowsOf } from './dataRows.js'

export interface Statistics {
  readonly rows: number
  /** Mean of log p(x), weighted if rows have weights. */
  readonly logLikelihood: number
  /** Number of free parameters, without a standardization. */
  readonly parameters: number
  /** −2 n · logLikelihood + parameters · log n, n the total weight (Schwarz 1978). Lower is better, as for all criteria. */
  readonly bic: number
  /** −2 n · logLikelihood + 2 parameters (Akaike 1974). */
  readonly aic: number
  /**
   * BIC + 2 Σ −log max_k p(k | x) (Biernacki, Celeux & Govaert 2000), for well-separated clusters. With a background a row counts by 1 − b,
   * b its responsibility, and p(k | x) is conditional on a component.
   */
  readonly icl: number
  /**
   * ICL plus `smallSampleCorrection`: for few numbers per parameter, ICL favours small components. Infinity if there are at most
   * `parameters` + 1 cells.
   */
  readonly iclc: number
  /** Number of observed cells, weighted. */
  readonly cells: number
  /** −2 Σ w log p(x), each row under the fit without its fold (Smyth 2000). Absent unless requested. */
  readonly crossValidated?: number
  /** Effective counts Σ p(k | x), weighted, [K]. */
  readonly sizes: ReadonlyArray<number>
  /** Effective count of the background. */
  readonly backgroundCount?: number
}

/**
 * Evaluates a mixture on rows. `parameters` is the fit's number of free parameters. Rows of weight 0 or without cells are left out.
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
    const { points, close } = filterCountedRows(snapshotOfData(data))
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
      cells: countCells(data),
      logLikelihood: -value,
      assignmentEntropy: total * assignmentEntropy,
      parameters,
      sizes: Array.from(mass, share => total * share),
      ...(backgroundCount !== undefined && { backgroundCount: total * backgroundCount })
    })
  }

/** Keeps rows with positive weight and a cell; all rows if there are none. `close` releases the source. */
const filterCountedRows = (data: Source.Data): ReturnType<ReturnType<typeof Source.filterRows>> => {
  const count = Source.countedRows(data)
  return count === 0 || count === data.rows
    ? { points: data, close: () => undefined }
    : Source.filterRows(Source.rowCounts)(data)
}

/** Sums of log-likelihood, responsibilities and entropy over the rows' observed columns. */
export const describeRows: (
  rows: WeightedRows
) => (mixture: Mixture.Mixture) => ReturnType<ReturnType<typeof rowStatistics>> = rowStatistics

/** Σ w over the observed cells. */
const countCells = Source.memoizedForSources((data): number => {
  let count = 0
  pipe(
    Source.asSource(data),
    Source.visitRows(({ rows, dim, values, weights }) => {
      for (let i = 0; i < rows; i++)
        for (let at = i * dim; at < (i + 1) * dim; at++) if (!Number.isNaN(values[at])) count += weights?.[i] ?? 1
    })
  )
  return count
})

/**
 * ½ p log n · (p + 1)/(c − p − 1) for p parameters, n rows and c cells, weighted; Infinity if c ≤ p + 1. The factor (p + 1)/(c − p − 1) is
 * that by which AICc corrects AIC (Hurvich & Tsai 1989), with cells for observations; ½ is calibrated on tables without groups and on
 * samples of tables with known ones (docs/how-many-groups.md).
 */
export const smallSampleCorrection = ({
  parameters,
  total,
  cells
}: Pick<Statistics, 'parameters' | 'cells'> & { readonly total: number }): number => {
  const rest = cells - parameters - 1
  return rest > 0 ? (parameters * Elementary.log(total) * (parameters + 1)) / (2 * rest) : Infinity
}

/** Information criteria from sums over the rows: `total` is Σ w, `assignmentEntropy` Σ −w log max_k p(k | x). */
export const statisticsFrom = ({
  total,
  assignmentEntropy,
  ...sums
}: Pick<Statistics, 'rows' | 'cells' | 'logLikelihood' | 'parameters' | 'sizes' | 'backgroundCount'> & {
  readonly total: number
  readonly assignmentEntropy: number
}): Statistics => {
  const fitted = -2 * total * sums.logLikelihood
  const bic = fitted + sums.parameters * Elementary.log(total)
  const icl = bic + 2 * assignmentEntropy
  return { ...sums, bic, aic: fitted + 2 * sums.parameters, icl, iclc: icl + smallSampleCorrection({ ...sums, total }) }
}

/** Total weight, including a background's. */
export const totalRowWeight = ({ sizes, backgroundCount = 0 }: Pick<Statistics, 'sizes' | 'backgroundCount'>): number =>
  sizes.reduce((sum, size) => sum + size, backgroundCount)
