/**
 * Merging of components into clusters: repeatedly joins the pair whose union reduces the entropy of the assignment most (Baudry, Raftery,
 * Celeux, Lo & Gottardo 2010).
 */
import * as Elementary from '../../lib/numbers/elementary.js'
import { sumOfNumbers } from '../../lib/numbers/mean.js'
import type { Points } from '../data/points.js'
import { pointsArgument, type PointsLike } from '../data/rowsArgument.js'
import { checkedMixture } from './calculus.js'
import { componentsAndBackground } from './component.js'
import * as Moments from './em/eStepLoops.js'
import { responsibilities, type Mixture } from './mixture.js'

/** A partition of the components into clusters. */
export interface Clusters {
  readonly count: number
  /** Cluster of each component, numbered from 0 by their first components. */
  readonly clusters: ReadonlyArray<number>
  /** Entropy of the assignment, −Σ w p(c | x) log p(c | x), in nats. */
  readonly entropy: number
}

export interface Merging {
  /** One partition per number of clusters, from 1 on. */
  readonly steps: ReadonlyArray<Clusters>
  /**
   * Partition at the elbow of the entropies, where two joined line segments fit best (a heuristic); unmerged with one or two components.
   */
  readonly chosen: Clusters
}

/** p log p; 0 at p = 0. */
const xLogX = (p: number): number => (p > 0 ? p * Elementary.log(p) : 0)

/** Residual sum of squares about the least-squares line. */
const lineResidual = (points: ReadonlyArray<readonly [number, number]>): number => {
  const n = points.length
  const [mx, my] = [0, 1].map(j => sumOfNumbers(points.map(point => point[j])) / n)
  const slope =
    sumOfNumbers(points.map(([x, y]) => (x - mx) * (y - my))) /
    sumOfNumbers(points.map(([x]) => Elementary.square(x - mx)))
  return sumOfNumbers(points.map(([x, y]) => Elementary.square(y - my - slope * (x - mx))))
}

/** Index at which two joined line segments fit best; the last if there are fewer than three values. */
const elbowIndex = (values: ReadonlyArray<number>): number => {
  const points = values.map((y, x) => [x, y] as const)
  const squares = points
    .slice(1, -1)
    .map((_, i) => lineResidual(points.slice(0, i + 2)) + lineResidual(points.slice(i + 1)))
  return squares.length === 0
    ? values.length - 1
    : 1 + squares.reduce((best, s, i) => (s < squares[best] ? i : best), 0)
}

/**
 * Merges components into clusters by weighted rows, those of the fit or drawn from the mixture. The density does not change.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Mixture } from 'ornstein'
 *
 * // a long cluster of two components, and one far away
 * const mixture = Mixture.of({ means: [[0], [2], [20]] })
 * const rows = Mixture.sample(1000)(Key.fromSeed(1))(mixture)
 * const { steps, chosen } = Mixture.merging(rows)(mixture)
 * assert.deepEqual(steps[1].clusters, [0, 0, 1])
 * assert.equal(chosen.count, 2)
 */
export const of =
  (given: PointsLike) =>
  (mixture: Mixture): Merging => {
    const points = pointsArgument(given, MERGING_CALL)
    checkedMixture(mixture, MERGING_CALL)
    const { shape, values } = responsibilities(points)(mixture)
    const [rows, count] = shape
    const weight = (i: number): number => points.weights?.[i] ?? 1
    const columns = Array.from({ length: count }, (_, k) =>
      Float64Array.from({ length: rows }, (_, i) => values[i * count + k])
    )
    /** Returns Σ w p log p. */
    const sum = (shares: Float64Array): number => shares.reduce((all, p, i) => all + weight(i) * xLogX(p), 0)
    const steps = mergeGroups(
      columns.map((shares, k) => ({ components: [k], shares, sum: sum(shares) })),
      sum
    )
    return { steps, chosen: steps[elbowIndex(steps.map(({ entropy }) => entropy))] }
  }

const MERGING_CALL = 'Mixture.merging(points)(mixture)'

interface ComponentGroup {
  readonly components: ReadonlyArray<number>
  readonly shares: Float64Array
  readonly sum: number
}

const clustersOfGroups = (groups: ReadonlyArray<ComponentGroup>): Clusters => {
  const count = sumOfNumbers(groups.map(({ components }) => components.length))
  return {
    count: groups.length,
    clusters: Array.from({ length: count }, (_, k) => groups.findIndex(({ components }) => components.includes(k))),
    entropy: Math.max(0, -sumOfNumbers(groups.map(({ sum }) => sum)))
  }
}

const addVectors = (a: Float64Array, b: Float64Array): Float64Array => a.map((p, i) => p + b[i])

/** Returns partitions by increasing number of clusters. */
const mergeGroups = (
  groups: ReadonlyArray<ComponentGroup>,
  sum: (shares: Float64Array) => number
): ReadonlyArray<Clusters> => {
  if (groups.length === 1) return [clustersOfGroups(groups)]
  const pairs = groups.flatMap((a, j) =>
    groups.slice(0, j).map((b, i) => {
      const shares = addVectors(a.shares, b.shares)
      const own = sum(shares)
      return { i, j, shares, own, less: own - a.sum - b.sum }
    })
  )
  const { i, j, shares, own } = pairs.reduce((best, one) => (one.less > best.less ? one : best))
  const group: ComponentGroup = { components: [...groups[i].components, ...groups[j].components], shares, sum: own }
  const rest = groups.flatMap((one, at) => (at === j ? [] : [at === i ? group : one]))
  return [...mergeGroups(rest, sum), clustersOfGroups(groups)]
}

export interface ClusterMembership {
  /** Index of the cluster, from 0. */
  readonly cluster: number
  readonly probability: number
}

/** Returns each row's most probable cluster, and its probability. */
export const assignClusters =
  ({ clusters }: Pick<Clusters, 'clusters'>) =>
  (points: Points) =>
  (mixture: Mixture): ReadonlyArray<ClusterMembership> => {
    const parts = componentsAndBackground(mixture)
    // In plain loops a row's result does not depend on the others.
    const { shares: values } = Moments.rowResponsibilities(parts, points)
    const groups = [...new Set(clusters)].sort((a, b) => a - b)
    return Array.from({ length: points.rows }, (_, i) => {
      const shares = groups.map(group =>
        sumOfNumbers(parts.map((_, k) => (clusters[k] === group ? values[i * parts.length + k] : 0)))
      )
      const best = shares.reduce((best, p, g) => (p > shares[best] ? g : best), 0)
      return { cluster: groups[best], probability: Math.min(1, shares[best]) }
    })
  }
