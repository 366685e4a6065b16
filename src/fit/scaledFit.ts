/** A fit brought back to where EM can continue it: sampled rows, parameters in the scaled units and in the order of the score. */
import { Key } from '../../lib/index.js'
import * as Points from '../data/points.js'
import * as Scaling from '../data/scaling.js'
import * as Mixture from '../mixture/mixture.js'

/** Returns at most `maxRows` rows, the same sample each time. */
export const subsample = (points: Points.Points, maxRows: number): Points.Points =>
  points.rows <= maxRows ? points : Points.select(Key.subset(points.rows, maxRows)(Key.fromSeed(0)))(points)

/** Returns the components in the order in which the score has them: fixed ones first. */
export const parameterOrder = (mixture: Mixture.Mixture, fixed: ReadonlyArray<number>): ReadonlyArray<number> => [
  ...fixed,
  ...Array.from(mixture.weights.keys()).filter(k => !fixed.includes(k))
]

/** Converts a mixture from the original units to those of the scaled data, with components in the order of the score. */
export const toScaledUnits = (
  mixture: Mixture.Mixture,
  scaling: Points.Scaling | null,
  fixed: ReadonlyArray<number> = []
): Mixture.Mixture => {
  const ordered = fixed.length === 0 ? mixture : Mixture.relabelled(parameterOrder(mixture, fixed))(mixture)
  return scaling === null ? ordered : Mixture.rescaled(Scaling.inverseScaling(scaling))(ordered)
}
