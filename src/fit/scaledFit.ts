/** Preparation of a fit for further EM: sampled rows, scaled units, the score's order. */
import { Key } from '../../lib/index.js'
import * as Points from '../data/points.js'
import * as Scaling from '../data/scaling.js'
import * as Mixture from '../mixture/mixture.js'

/** Draws at most `maxRows` rows, always the same. */
export const subsample = (points: Points.Points, maxRows: number): Points.Points =>
  points.rows <= maxRows ? points : Points.select(Key.subset(points.rows, maxRows)(Key.fromSeed(0)))(points)

/** Returns the components in the score's order: fixed ones first. */
export const parameterOrder = (mixture: Mixture.Mixture, fixed: ReadonlyArray<number>): ReadonlyArray<number> => [
  ...fixed,
  ...Array.from(mixture.weights.keys()).filter(k => !fixed.includes(k))
]

/** Converts a mixture to the scaled units and the score's order of components. */
export const toScaledUnits = (
  mixture: Mixture.Mixture,
  scaling: Points.Scaling | null,
  fixed: ReadonlyArray<number> = []
): Mixture.Mixture => {
  const ordered = fixed.length === 0 ? mixture : Mixture.relabelled(parameterOrder(mixture, fixed))(mixture)
  return scaling === null ? ordered : Mixture.rescaled(Scaling.inverseScaling(scaling))(ordered)
}
