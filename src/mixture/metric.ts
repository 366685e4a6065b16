/** Errors of an estimate relative to the truth. */
import * as Elementary from '../../lib/numbers/elementary.js'
import { mistaken } from '../core/order.js'
import { isRecord } from '../core/record.js'
import type * as Params from '../core/params.js'
import { distance } from './overlap.js'
import { components, type Mixture } from './mixture.js'
import { sumsBy } from '../../lib/arrays/entries.js'
import { assignment } from '../../lib/arrays/assignment.js'
import { nestedRows } from '../../lib/arrays/ndarray.js'
import { type NdArray } from '../../lib/index.js'

/** A mixture, the parameters of a score, or a list of centres. */
export type Centred = Mixture | Params.Params<'mean'> | Params.Params<'means'> | ReadonlyArray<ReadonlyArray<number>>

const centresOf = (centred: Centred): ReadonlyArray<ReadonlyArray<number>> => {
  const given: unknown = centred
  const isKnown = Array.isArray(given) ? given.every(Array.isArray) : isRecord(given) && holdsCentres(given)
  if (!isKnown)
    return mistaken('a mixture, parameters or a list of centres', given, 'Metric.centreError(estimate, truth)')
  if (!('mean' in centred) && !('means' in centred)) return centred
  if ('mean' in centred) {
    const mean = Array.from(centred.mean.values)
    return [mean, mean.map(value => -value)]
  }
  const { shape, values }: NdArray = centred.means
  return nestedRows(values, shape[1])
}

const holdsCentres = ({ mean, means }: Readonly<Record<string, unknown>>): boolean =>
  isRecord(mean) ? 'values' in mean : isRecord(means) && 'values' in means && 'shape' in means

/**
 * Returns √(Σ_i |ĉ_π(i) − c_i|² / K) for estimated and true centres under the optimal matching π; for the symmetric pair's `mean`, min(|m −
 * c|, |m + c|). NaN if the numbers of centres differ, or a squared distance is not finite.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Metric, Mixture, Params } from 'ornstein'
 *
 * assert.equal(Metric.centreError(Params.of({ mean: [-3, 4] }), Mixture.symmetricPair([3, -4])), 0)
 * assert.equal(Metric.centreError([[0, 1], [5, 5]], [[5, 5], [0, 0]]), Math.SQRT1_2)
 */
export const centreError = (estimate: Centred, truth: Centred): number => {
  const learned = centresOf(estimate)
  const wanted = centresOf(truth)
  if (learned.length !== wanted.length) return NaN
  const count = wanted.length
  const squares = Float64Array.from(
    wanted.flatMap(c => learned.map(e => e.reduce((sum, value, j) => sum + Elementary.square(value - c[j]), 0)))
  )
  if (!squares.every(Number.isFinite)) return NaN
  const matched = assignment({ shape: [count, count], values: squares })
  return Math.sqrt(matched.reduce((sum, j, i) => sum + squares[i * count + j], 0) / count)
}

/**
 * Returns the permutation of components, for `Mixture.relabelled`, that matches the estimate to the reference: the assignment with the
 * least sum of Bhattacharyya distances −log ∫√(p q). Throws a RangeError if their numbers differ.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Metric, Mixture } from 'ornstein'
 *
 * // One centre: the widths tell them apart.
 * const reference = Mixture.of({ means: [[0], [0]], variances: [1, 9] })
 * const order = Metric.matching(Mixture.of({ means: [[0.1], [-0.1]], variances: [8, 1.1] }), reference)
 * assert.deepEqual(order, [1, 0])
 */
export const matching = (estimate: Mixture, reference: Mixture): ReadonlyArray<number> => {
  const rows = components(reference)
  const columns = components(estimate)
  const cost = new Float64Array(rows * columns).map((_, at) =>
    distance(reference, Math.floor(at / columns))(estimate, at % columns)
  )
  return assignment({ shape: [rows, columns], values: cost })
}

/** Replaces distinct values by indices, from 0 in order of appearance. */
const indexDistinct = (
  all: ReadonlyArray<unknown>
): { readonly numbers: ReadonlyArray<number>; readonly count: number } => {
  const places = new Map([...new Set(all)].map((one, i) => [one, i]))
  return { numbers: all.map(one => places.get(one) ?? NaN), count: places.size }
}

const isLabelList = (u: unknown): boolean => Array.isArray(u) || ArrayBuffer.isView(u)

/**
 * Returns the adjusted Rand index of two partitions of the same rows (Hubert & Arabie 1985): 1 if they are equal up to labels, about 0 if
 * independent. NaN if the lengths differ.
 *
 * Rows of total weight w form w(w − 1)/2 pairs; w(w − m)/2 if the smallest positive weight m is below 1, so equal weights have no effect.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Metric } from 'ornstein'
 *
 * assert.equal(Metric.adjustedRand(['a', 'a', 'b', 'b'], [1, 1, 0, 0]), 1)
 * // One row of six elsewhere: (4 − 6 · 7/15)/((6 + 7)/2 − 6 · 7/15) = 12/37.
 * assert.ok(Math.abs(Metric.adjustedRand([0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1]) - 12 / 37) < 1e-15)
 * assert.ok(Math.abs(Metric.adjustedRand([0, 0, 1, 1], [0, 0, 0, 1], [1, 2, 1, 2]) - 12 / 37) < 1e-15)
 */
export const adjustedRand = (
  one: ReadonlyArray<unknown>,
  other: ReadonlyArray<unknown>,
  weights?: ArrayLike<number>
): number => {
  if (!isLabelList(one) || !isLabelList(other))
    return mistaken('a label for each row', isLabelList(one) ? other : one, 'Metric.adjustedRand(one, other)')
  if (one.length !== other.length || (weights !== undefined && weights.length !== one.length)) return NaN
  const weightOf = (row: number): number => weights?.[row] ?? 1
  const once = one.reduce<number>((least, _, row) => (weightOf(row) > 0 ? Math.min(least, weightOf(row)) : least), 1)
  const pairs = (size: number): number => (size * (size - once)) / 2
  const pairsOf = (numbers: ReadonlyArray<number>): number =>
    sumsBy(numbers, weightOf).reduce((sum, size) => sum + (size > 0 ? pairs(size) : 0), 0)
  const left = indexDistinct(one)
  const right = indexDistinct(other)
  const both = pairsOf(left.numbers.map((number, i) => number * right.count + right.numbers[i]))
  const ofLeft = pairsOf(left.numbers)
  const ofRight = pairsOf(right.numbers)
  const all = pairsOf(one.map(() => 0))
  const chance = all > 0 ? (ofLeft * ofRight) / all : 0
  const most = (ofLeft + ofRight) / 2
  return most === chance ? 1 : (both - chance) / (most - chance)
}
