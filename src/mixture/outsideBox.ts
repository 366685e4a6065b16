/**
 * Assignment of rows outside a box background. The density of the box integrates to 1 and is 0 outside, so Bayes' rule gives such a row to a
 * component, however distant. But the box is the range of the training rows, and new noise can exceed it: with m rows of noise in d columns, a
 * further one does with probability of about 2d/(m + 1). Rows are therefore assigned as if the density was 1/V everywhere, as in mclust.
 * Densities, and what is estimated from them, are not affected.
 */
import * as Elementary from '../../lib/numbers/elementary.js'
import type { Background, Mixture } from './mixtureData.js'
import type { Points } from '../data/points.js'

/** Logarithm of share/V in the columns that are not missing in a row. */
const logBoxHeight = ({ share, scale }: Background, { dim, values }: Points, row: number): number => {
  let sum = Elementary.log(share)
  for (let j = 0; j < dim; j++) if (!Number.isNaN(values[row * dim + j])) sum -= Elementary.log(2 * scale[j])
  return sum
}

interface Posterior {
  /** Responsibilities by Bayes' rule, those of the background last, [rows, K + 1]. */
  readonly shares: Float64Array
  /** Returns log p(x), [rows]. Called only if a row lies outside the box. */
  readonly logDensity: () => Float64Array
}

/** Returns the responsibilities by which rows are assigned, [rows, K + 1]. They differ from Bayes' rule for rows outside a box background only. */
export const assignmentShares = ({ background }: Mixture, points: Points, posterior: Posterior): Float64Array => {
  const { shares } = posterior
  if (background?.shape !== 'box' || background.share === 0) return shares
  const width = shares.length / points.rows
  const outside = Array.from({ length: points.rows }, (_, i) => i).filter(i => shares[(i + 1) * width - 1] === 0)
  if (outside.length === 0) return shares
  const logDensity = posterior.logDensity()
  const out = shares.slice()
  for (const i of outside) {
    // Outside the box p(x) is the density of the components alone. Inside, a share that has underflowed to 0 has odds that underflow too.
    const odds = Elementary.exp(logBoxHeight(background, points, i) - logDensity[i])
    for (let at = i * width; at < (i + 1) * width - 1; at++) out[at] = odds < Infinity ? shares[at] / (1 + odds) : 0
    out[(i + 1) * width - 1] = odds < Infinity ? odds / (1 + odds) : 1
  }
  return out
}
