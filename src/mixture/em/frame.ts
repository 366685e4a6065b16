/**
 * Centred data: values far from 0 lose digits in products, so the parameters of a translation-invariant family are relative to the data's
 * mean.
 */
import * as E from 'fp-ts/lib/Either.js'
import type * as Params from '../../core/params.js'
import { subtractColumns } from '../../../lib/rows/byColumn.js'
import { remembered } from '../../../lib/plain/remembered.js'
import * as Points from '../../data/points.js'
import { markOwned } from '../../data/snapshot.js'
import * as Source from '../../data/source/source.js'
import type { Family, Model } from '../family.js'
import { snapshotOfData } from '../dataRows.js'

export interface CentredFrame<P extends string, D extends Source.Data = Points.Points> {
  readonly points: D
  /** null if the family is not translation-invariant. */
  readonly middle: Float64Array | null
  /** Maps parameters for the data to those for `points`. */
  readonly toInternal: (params: Params.Params<P>) => Params.Params<P>
  /** Inverse of `toInternal`. */
  readonly fromInternal: (params: Params.Params<P>) => Params.Params<P>
}

interface CentredData {
  readonly points: Source.Data
  readonly middle: Float64Array
}

/** Centred data, the same object for equal data, as caches need. */
const centredData = <D extends Source.Data>(given: D): CentredData & { readonly points: D } =>
  // Centring keeps the kind of data.
  centredByIdentity(snapshotOfData(given)) as CentredData & { readonly points: D }

const centredByIdentity = remembered((data: Source.Data): CentredData => {
  const middle = Source.mean(data)
  const points = Source.isSource(data)
    ? Source.shiftRows(middle)(data)
    : markOwned({ ...data, values: subtractColumns(data.values, middle) })
  return { middle, points }
})

/** Frame of data that are not centred. */
export const uncentredFrame = <P extends string, D extends Source.Data = Points.Points>(
  points: D
): CentredFrame<P, D> => ({
  points,
  middle: null,
  toInternal: params => params,
  fromInternal: params => params
})

/** Returns the centred frame; uncentred if the family cannot be shifted or the data are invalid. */
export const of = <P extends string, D extends Source.Data>(family: Family<P>, data: D): CentredFrame<P, D> => {
  const { shifted } = family
  // Invalid data may have no mean.
  const isSound = Source.isSource(data) ? Source.problems(data).length === 0 : E.isRight(Points.validate(data))
  if (shifted === undefined || !isSound) return uncentredFrame<P, D>(data)
  const { points, middle } = centredData(data)
  const opposite = middle.map(m => -m)
  return { points, middle, toInternal: shifted(opposite), fromInternal: shifted(middle) }
}

/** Returns the centred frame of a model's family; uncentred for a network. */
export const frameOfModel = <P extends string, D extends Source.Data>(
  { family }: Model<P>,
  data: D
): CentredFrame<P, D> => (family === undefined ? uncentredFrame<P, D>(data) : of(family, data))
