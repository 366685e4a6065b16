import { pipe } from 'fp-ts/lib/function.js'
import { predict } from '../mixture/predict.js'
import * as Merging from '../mixture/merging.js'
import * as Points from '../data/points.js'
import type { PointsLike } from '../data/rowsArgument.js'
import { ASSIGN_COLUMN_NAMES, CLUSTER_COLUMN_NAME } from '../data/grid.js'
import type { AddedColumns } from '../data/appendedTable.js'
import * as Mixture from '../mixture/mixture.js'

export type { AddedColumns }

/** Background rows belong to no cluster. */
const sumOverClusters = (
  clusters: Merging.Clusters,
  points: Points.Points,
  mixture: Mixture.Mixture,
  found: ReadonlyArray<Mixture.Membership>
): ReadonlyArray<Mixture.Membership> => {
  const of = pipe(mixture, Merging.assignClusters(clusters)(points))
  return found.map((one, i) =>
    one.component < 0
      ? one
      : {
          ...one,
          component: of[i].cluster,
          probability: of[i].probability,
          uncertainty: 1 - of[i].probability
        }
  )
}

/**
 * Returns the columns component (from 1, or `background`), its probability, 1 minus that, log p, and outside every 99.9 % region. With
 * clusters the first three are theirs.
 */
export const assigned =
  (points: Points.Points, clusters: Merging.Clusters | null = null) =>
  (mixture: Mixture.Mixture): AddedColumns => {
    const of = Mixture.memberships(points)(mixture)
    const found = clusters === null ? of : sumOverClusters(clusters, points, mixture, of)
    const [component, probability, uncertainty, logDensity, outlier] = ASSIGN_COLUMN_NAMES
    return [
      [
        clusters === null ? component : CLUSTER_COLUMN_NAME,
        mixture.background === undefined
          ? found.map(({ component }) => component + 1)
          : found.map(({ component }) => (component < 0 ? 'background' : String(component + 1)))
      ],
      [probability, found.map(({ probability }) => probability)],
      [uncertainty, found.map(({ uncertainty }) => uncertainty)],
      [logDensity, found.map(({ logDensity }) => logDensity)],
      [outlier, found.map(({ isOutlier }) => (isOutlier ? 'yes' : 'no'))]
    ]
  }

/** Formats 0.05 as 5 %, without the rounding error of 100 · 0.07. */
export const percentage = (p: number): string => `${Number((100 * p).toPrecision(12))} %`

/** Returns column j as a list. */
export const columnList = (points: Points.Points, j: number): ReadonlyArray<number> =>
  Array.from(Points.columnOfPoints(j)(points))

/**
 * Returns the mean, standard deviation and quantiles of each target (index, name) given the other columns, and any background's
 * probability.
 */
export const predicted =
  (
    points: Points.Points,
    targets: ReadonlyArray<readonly [column: number, name: string]>,
    quantiles: ReadonlyArray<number>
  ) =>
  (mixture: Mixture.Mixture): AddedColumns => {
    const { mean, sd, quantile, background } = predict(targets.map(([j]) => j))(points)(mixture)
    const limits = quantiles.map(p => [percentage(p), quantile(p)] as const)
    return [
      ...targets.flatMap(([, name], t): AddedColumns => [
        [`${name} predicted`, columnList(mean, t)],
        [`${name} sd`, columnList(sd, t)],
        ...limits.map(([label, found]) => [`${name} ${label}`, columnList(found, t)] as const)
      ]),
      ...(mixture.background === undefined ? [] : [['background', Array.from(background)] as const])
    ]
  }

/** Classifier, such as `Discriminant`, and the class probabilities of each row. */
export interface Classes {
  readonly classes: ReadonlyArray<string>
  readonly predict: (points: PointsLike) => ReadonlyArray<{
    readonly label: string
    readonly probability: number
    readonly probabilities: ArrayLike<number>
  }>
}

/** Returns the columns class, its probability, and all probabilities. */
export const classified =
  (points: PointsLike) =>
  ({ classes, predict }: Classes): AddedColumns => {
    const found = predict(points)
    return [
      ['class', found.map(({ label }) => label)],
      ['probability', found.map(({ probability }) => probability)],
      ...classes.map((label, c) => [`p(${label})`, found.map(({ probabilities }) => probabilities[c])] as const)
    ]
  }
