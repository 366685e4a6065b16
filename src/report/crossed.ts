/** Cross table of components and a column of classes that the fit did not use. */
import { pipe } from 'fp-ts/lib/function.js'
import type * as Points from '../data/index.js'
import { show, type TextTable } from '../fit/table.js'
import * as Metric from '../mixture/metric.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Merging from '../mixture/merging.js'

export interface CrossTable {
  readonly name: string
  readonly classes: ReadonlyArray<string>
  /** [class][component]: total weight of the class's rows for which the component is the most probable. */
  readonly counts: ReadonlyArray<ReadonlyArray<number>>
  /** Adjusted Rand index of Hubert & Arabie (1985). */
  readonly agreement: number
  /** Adjusted Rand index of merged clusters; absent if it equals `agreement`. */
  readonly merged?: number
}

interface ClassifiedRows {
  readonly points: Points.Points
  readonly mixture: Mixture.Mixture
  /** Null if no components overlap. */
  readonly overlapping: Merging.Clusters | null
}

export const crossTabulate = (
  { points, mixture, overlapping }: ClassifiedRows,
  { name, cells }: Points.Kept
): CrossTable => {
  const component = pipe(mixture, Mixture.assign(points))
  const classes = [...new Set(cells)].sort()
  const place = new Map(classes.map((one, c) => [one, c]))
  const counts = classes.map(() => Array.from(mixture.weights, () => 0))
  cells.forEach((cell, i) => {
    const c = place.get(cell)
    if (c !== undefined) counts[c][component[i]] += points.weights?.[i] ?? 1
  })
  const agreementOf = (cluster: ReadonlyArray<number>): number => Metric.adjustedRand(cells, cluster, points.weights)
  const agreement = agreementOf(component)
  const merged = overlapping === null ? agreement : agreementOf(component.map(k => overlapping.clusters[k]))
  return { name, classes, counts, agreement, ...(merged !== agreement && { merged }) }
}

/** Returns the label of a class: `(empty)` for an empty cell. */
export const classLabel = (cell: string): string => (cell === '' ? '(empty)' : cell)

/** Formats a number of rows, fractional with weights. */
export const rowCountText = (rows: number): string => (Number.isInteger(rows) ? String(rows) : show(rows, 4))

export const crossTableAsTable = ({ name, classes, counts }: CrossTable): TextTable => ({
  header: [name, ...(counts.at(0) ?? []).map((_, k) => String(k + 1))],
  rows: classes.map((one, c) => [classLabel(one), ...counts[c].map(rowCountText)])
})

export const sentence = ({ agreement, merged }: Pick<CrossTable, 'agreement' | 'merged'>): string =>
  `Adjusted Rand index ${agreement.toFixed(3)}: 1: each class is exactly one component; 0: no better than chance.` +
  (merged === undefined ? '' : ` After merging components that overlap: ${merged.toFixed(3)}.`)

export const crossTableAsJson = ({ name, classes, counts, agreement, merged }: CrossTable): object => ({
  column: name,
  classes,
  counts,
  adjustedRand: agreement,
  ...(merged !== undefined && { adjustedRandMerged: merged })
})
