/**
 * Assignment of rows outside a box background. Its density is 0 there, but the box is only the range of m training rows, beyond which
 * another row of noise in d columns lies with a probability of about 2d/(m + 1). So rows are assigned as if the density were 1/V
 * everywhere, as in mclust.
 */
import * as Elementary from '../../lib/numbers/elementary.js'
import type { Background, Mixture } from './mixtureData.js'
import type { Points } from '../data/points.js'

/** log(share/V) in the observed columns of a row. */
const logBoxHeight = ({ share, scale }: Background, { dim, values }: Points, row: number): number =>
  scale.reduce(
    (sum, width, j) => (Number.isNaN(values[row * dim + j]) ? sum : sum - Elementary.log(2 * width)),
    Elementary.log(share)
  )

interface Posterior {
  /** By Bayes' rule, the background last, [rows, K + 1]. */
  readonly shares: Float64Array
  /** log p(x), [rows]; computed if a row lies outside the box. */
  readonly logDensity: () => Float64Array
}

/** Returns the responsibilities for assigning rows, [rows, K + 1]. */
export const assignmentShares = ({ background }: Mixture, points: Points, posterior: Posterior): Float64Array => {
  const { shares } = posterior
  if (background?.shape !== 'box' || background.share === 0) return shares
  const width = shares.length / points.rows
  const isOutside = (row: number): boolean => shares[(row + 1) * width - 1] === 0
  const rows = Array.from({ length: points.rows }, (_, row) => row)
  if (!rows.some(isOutside)) return shares
  const logDensity = posterior.logDensity()
  // Outside, p(x) is the density of the components alone. Inside, a share that underflowed to 0 has odds that underflow too.
  const odds = rows.map(row =>
    isOutside(row) ? Elementary.exp(logBoxHeight(background, points, row) - logDensity[row]) : null
  )
  return shares.map((share, at) => {
    const isBackground = at % width === width - 1
    const ratio = odds[Math.floor(at / width)]
    if (ratio === null) return share
    if (ratio === Infinity) return isBackground ? 1 : 0
    return (isBackground ? ratio : share) / (1 + ratio)
  })
}
