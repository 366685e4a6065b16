/**
 * Data about their own middle. What is far from 0 loses digits wherever it is multiplied, and a mixture does not care where 0
 * is: so where its family may be shifted, everything is computed about the mean of the data, and only the centres go there and
 * back. The digits that the data themselves lost at their distance c from 0, 2⁻⁵² c, do not return.
 */
import * as E from 'fp-ts/lib/Either.js'
import type * as Params from '../../core/params.js'
import { subtractColumns } from '../../../lib/rows/byColumn.js'
import { remembered } from '../../../lib/plain/remembered.js'
import * as Points from '../../data/points.js'
import { owned } from '../../data/snapshot.js'
import * as Source from '../../data/source/source.js'
import type { Family, Model } from '../family.js'
import { snapshotOfData } from '../dataRows.js'

export interface CentredFrame<P extends string, D extends Source.Data = Points.Points> {
  /** The data less `middle`. */
  readonly points: D
  /** The mean of the data; null where the family cannot be shifted, as where it means something by 0. */
  readonly middle: Float64Array | null
  /** Parameters for `points`, of those for the data. */
  readonly toInternal: (params: Params.Params<P>) => Params.Params<P>
  /** Parameters for the data, of those for `points`. */
  readonly fromInternal: (params: Params.Params<P>) => Params.Params<P>
}

interface CentredData {
  readonly points: Source.Data
  readonly middle: Float64Array
}

/** The same for the same numbers: passes keep data by who they are. */
const centredData = <D extends Source.Data>(given: D): CentredData & { readonly points: D } =>
  // What is made of points are points, and of a source a source.
  centredByIdentity(snapshotOfData(given)) as CentredData & { readonly points: D }

const centredByIdentity = remembered((data: Source.Data): CentredData => {
  const middle = Source.mean(data)
  const points = Source.isSource(data)
    ? Source.shiftRows(middle)(data)
    : owned({ ...data, values: subtractColumns(data.values, middle) })
  return { middle, points }
})

/** The data as they are. */
export const unmoved = <P extends string, D extends Source.Data = Points.Points>(points: D): CentredFrame<P, D> => ({
  points,
  middle: null,
  toInternal: params => params,
  fromInternal: params => params
})

/** Where a family's parameters are looked at with the data. */
export const of = <P extends string, D extends Source.Data>(family: Family<P>, data: D): CentredFrame<P, D> => {
  const { shifted } = family
  // Data with problems, which are told elsewhere, may have no mean.
  const isSound = Source.isSource(data) ? Source.problems(data).length === 0 : E.isRight(Points.validate(data))
  if (shifted === undefined || !isSound) return unmoved<P, D>(data)
  const { points, middle } = centredData(data)
  const opposite = middle.map(m => -m)
  return { points, middle, toInternal: shifted(opposite), fromInternal: shifted(middle) }
}

/** The same for a score that may have no family: then the data are as they are. */
export const frameOfModel = <P extends string, D extends Source.Data>(
  { family }: Model<P>,
  data: D
): CentredFrame<P, D> => (family === undefined ? unmoved<P, D>(data) : of(family, data))
