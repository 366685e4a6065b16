/**
 * What data can explain. At a stationary point of a mixture's likelihood a centre is a mean of rows, and lies among them; at
 * one of a score-matching loss, among rows with noise. A centre ten times as far out as any of them, or a component ten times
 * as wide, is on its way to infinity, and what a loss says of it there is rounding.
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Frame from '../mixture/em/frame.js'
import type * as Params from '../core/params.js'
import type * as Source from '../data/source/source.js'
import { remembered } from '../../lib/plain/remembered.js'
import { longest } from '../../lib/rows/longest.js'
import { weightedRowsOf, type WeightedRows } from '../mixture/dataRows.js'
import type { Left } from './program.js'
import type { Family } from '../mixture/family.js'
import type { Mixture } from '../mixture/mixtureData.js'

/** So many times as far as the data reach, themselves and with their noise. */
const MAX_EXTENT_RATIO = 10

interface DataExtent {
  readonly distance: number
  readonly deviation: number
}

/** How far rows reach. */
const reachOf = remembered(({ x, dim }: WeightedRows) => longest(x, dim))

/**
 * What a step took beyond the reach of the data; null where nothing is there, or was there before: a start may be anywhere.
 * `noise` is the largest σ/α that the loss looks at, 0 for none.
 */
export const divergenceCheck = <P extends string>(
  family: Family<P>,
  data: Source.Data,
  noise: number
): ((before: Params.Params<P>, after: Params.Params<P>) => Left | null) => {
  const { dim } = data
  const { points: about, toInternal } = Frame.of(family, data)
  const far = MAX_EXTENT_RATIO * (reachOf(weightedRowsOf(about)) + Math.sqrt(dim) * noise)
  const free = !family.unitVariance
  const mixtureOf = family.toMixture
  if (mixtureOf === undefined) return () => null
  /** Of one component. */
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
    // Nearly always nothing is, and the parameters before need no look.
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
