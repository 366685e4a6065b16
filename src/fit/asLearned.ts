/** A fit as steps may go on from it: on few of its rows, and in the units in which it was learned. */
import { Key } from '../../lib/index.js'
import * as Points from '../data/points.js'
import * as Scaling from '../data/scaling.js'
import * as Mixture from '../mixture/mixture.js'

/** Rows as they are; of more than `most` so many, the same each time. */
export const fewOf = (points: Points.Points, most: number): Points.Points =>
  points.rows <= most ? points : Points.select(Key.subset(points.rows, most)(Key.fromSeed(0)))(points)

/** Components in the order of parameters: those that were known first. */
export const orderOf = (mixture: Mixture.Mixture, fixed: ReadonlyArray<number>): ReadonlyArray<number> => [
  ...fixed,
  ...Array.from(mixture.weights.keys()).filter(k => !fixed.includes(k))
]

/** A mixture in the units of the data, as it was learned. */
export const asLearned = (
  mixture: Mixture.Mixture,
  scaling: Points.Scaling | null,
  fixed: ReadonlyArray<number> = []
): Mixture.Mixture => {
  const ordered = fixed.length === 0 ? mixture : Mixture.relabelled(orderOf(mixture, fixed))(mixture)
  return scaling === null ? ordered : Mixture.rescaled(Scaling.inverse(scaling))(ordered)
}
