/**
 * Detects divergence. At a stationary point of a likelihood, a centre is a weighted mean of rows (noised ones for a score-matching loss),
 * so it lies among them. If it is ten times as far out as any row, or a component ten times as wide, the loss is rounding error.
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Frame from '../mixture/em/frame.js'
import type * as Params from '../core/params.js'
import type * as Source from '../data/source/source.js'
import { remembered } from '../../lib/plain/remembered.js'
import { longest } from '../../lib/rows/longest.js'
import { weightedRowsOf, type WeightedRows } from '../mixture/dataRows.js'
import type { DivergedParameter } from './program.js'
import type { Family } from '../mixture/family.js'
import type { Mixture } from '../mixture/mixtureData.js'

/** Maximum distance of a centre, and deviation of a component, in units of the extent of the noised data. */
const MAX_EXTENT_RATIO = 10

interface DataExtent {
  readonly distance: number
  readonly deviation: number
}

const largestRowNorm = remembered(({ x, dim }: WeightedRows) => longest(x, dim))

/**
 * Returns a check of one step: the first centre or component that it moved beyond the extent of the data; null if there is none. `noise` is
 * the largest σ/α of the loss, 0 without noise.
 */
export const divergenceCheck = <P extends string>(
  family: Family<P>,
  data: Source.Data,
  noise: number
): ((before: Params.Params<P>, after: Params.Params<P>) => DivergedParameter | null) => {
  const { dim } = data
  const { points: about, toInternal } = Frame.of(family, data)
  const far = MAX_EXTENT_RATIO * (largestRowNorm(weightedRowsOf(about)) + Math.sqrt(dim) * noise)
  const free = !family.unitVariance
  const mixtureOf = family.toMixture
  if (mixtureOf === undefined) return () => null
  /** Distance of a centre from the origin, and deviation over all columns. */
  const extent = ({ means: { values }, weights, variances }: Mixture, k: number): DataExtent => {
    const width = variances.length / weights.length
    const spread = variances.subarray(k * width, (k + 1) * width).reduce((sum, v) => sum + (v * dim) / width, 0)
    return { distance: longest(values.subarray(k * dim, (k + 1) * dim), dim), deviation: Math.sqrt(spread) }
  }
  return (before, after) => {
    const there = mixtureOf(toInternal(after))
    const found = RA.makeBy(there.weights.length, k => extent(there, k))
    const isWide = ({ deviation }: DataExtent): boolean => free && deviation > far
    const isOut = ({ distance, deviation }: DataExtent): boolean => distance > far + MAX_EXTENT_RATIO * deviation
    // usually no component is outside, so `before` is not needed
    if (!found.some(one => isWide(one) || isOut(one))) return null
    const here = mixtureOf(toInternal(before))
    const old = found.map((_, k) => extent(here, k))
    const wide = found.findIndex((one, k) => isWide(one) && one.deviation > old[k].deviation)
    const out = found.findIndex((one, k) => isOut(one) && one.distance > old[k].distance)
    const domain = (limit: number): string =>
      `≤ ${limit.toPrecision(3)}, ${MAX_EXTENT_RATIO} times as far as the data reach${noise > 0 ? ' with their noise' : ''}`
    return out >= 0
      ? {
          what: `the distance of centre ${out + 1} from the middle of the data`,
          value: found[out].distance,
          domain: domain(far + MAX_EXTENT_RATIO * found[out].deviation)
        }
      : wide >= 0
        ? { what: `the spread of component ${wide + 1}`, value: found[wide].deviation, domain: domain(far) }
        : null
  }
}
