/** Whether components overlap so that several of them are one cluster, which components of a density often are. */
import * as Merging from '../mixture/merging.js'
import type { Mixture } from '../mixture/mixture.js'
import * as Missing from '../mixture/em/missing.js'
import * as Points from '../data/points.js'
import { fewOf } from './asLearned.js'

/** So many rows are looked at. */
const ROWS = 4000

/** Components overlap where merging leaves rows so much surer of their cluster, in nats a row: about as if every fourteenth was in even doubt. */
const OVERLAPPING = 0.05

/**
 * The clusters that components form where some of them overlap (see `Mixture.merging`); null where they do not, and of rows that miss cells. On at
 * most 4000 rows.
 */
export const of = (all: Points.Points, mixture: Mixture): Merging.Clusters | null => {
  if (mixture.weights.length < 2 || mixture.background !== undefined || Missing.has(all)) return null
  const points = fewOf(all, ROWS)
  const { steps, chosen } = Merging.of(points)(mixture)
  const apart = steps[steps.length - 1]
  const total = Points.totalWeight(points)
  const isSurer = (one: Merging.Clusters): boolean => (apart.entropy - one.entropy) / total > OVERLAPPING
  // Two components have no elbow.
  const merged = mixture.weights.length === 2 ? steps[0] : chosen
  return merged.count < apart.count && isSurer(merged) ? merged : null
}

/** “Components 1 and 3, and components 2, 4 and 5 overlap: …” */
export const sentence = ({ count, clusters }: Merging.Clusters): string => {
  const groups = Array.from({ length: count }, (_, cluster) =>
    clusters.flatMap((own, k) => (own === cluster ? [String(k + 1)] : []))
  ).filter(group => group.length > 1)
  const joined = (group: ReadonlyArray<string>): string => `${group.slice(0, -1).join(', ')} and ${group.at(-1) ?? ''}`
  return (
    `Components ${groups.map(joined).join(', and components ')} overlap: merged where rows are unsure of their component, the ` +
    `${clusters.length} components are ${count} cluster${count === 1 ? '' : 's'}. ornstein assign --merged tells the cluster of each row.`
  )
}
