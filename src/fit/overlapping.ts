/** Test for components that overlap enough to form one cluster. */
import * as Missing from '../mixture/em/missing.js'
import * as Merging from '../mixture/merging.js'
import type { Mixture } from '../mixture/mixture.js'
import * as Points from '../data/points.js'
import { subsample } from './scaledFit.js'

const MAX_OVERLAP_ROWS = 4000

/** In nats per row, decrease of assignment entropy by a merge: as if one row in fourteen had been split evenly between two clusters. */
export const MIN_ENTROPY_DECREASE = 0.05

/** Merges overlapping components into clusters (see `Mixture.merging`). Null if none overlap, and with missing cells. */
export const mergeOverlapping = (allRows: Points.Points, mixture: Mixture): Merging.Clusters | null => {
  if (mixture.weights.length < 2 || mixture.background !== undefined || Missing.hasMissingCells(allRows)) return null
  const points = subsample(allRows, MAX_OVERLAP_ROWS)
  const { steps, chosen } = Merging.of(points)(mixture)
  const unmerged = steps[steps.length - 1]
  // The entropy of two components has no elbow.
  const merged = mixture.weights.length === 2 ? steps[0] : chosen
  const decrease = (unmerged.entropy - merged.entropy) / Points.totalWeight(points)
  return merged.count < unmerged.count && decrease > MIN_ENTROPY_DECREASE ? merged : null
}

/** “Components 1 and 3, and components 2, 4 and 5 overlap: …” */
export const overlapSentence = ({ count, clusters }: Merging.Clusters): string => {
  const groups = Array.from({ length: count }, (_, cluster) =>
    clusters.flatMap((other, k) => (other === cluster ? [String(k + 1)] : []))
  ).filter(group => group.length > 1)
  const list = (group: ReadonlyArray<string>): string => `${group.slice(0, -1).join(', ')} and ${group.at(-1) ?? ''}`
  return (
    `Components ${groups.map(list).join(', and components ')} overlap: merged where rows are unsure of their component, the ` +
    `${clusters.length} components are ${count} cluster${count === 1 ? '' : 's'}. ornstein assign --merged tells the cluster of each row.`
  )
}
