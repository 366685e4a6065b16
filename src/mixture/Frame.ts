/**
 * Data about their own middle. What is far from 0 loses digits wherever it is multiplied, and a mixture does not care where 0
 * is: so where its family may be shifted, everything is computed about the mean of the data, and only the centres go there and
 * back. The digits that the data themselves lost at their distance c from 0, 2⁻⁵² c, do not return.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as Params from '../score/Params.js'
import * as Points from '../data/Points.js'
import type { Family, Model } from '../score/family.js'

export interface Frame<P extends string> {
  /** The data less `middle`. */
  readonly points: Points.Points
  /** The mean of the data; null where the family cannot be shifted, as where it means something by 0. */
  readonly middle: Float64Array | null
  /** Parameters for `points`, of those for the data. */
  readonly enter: (params: Params.Params<P>) => Params.Params<P>
  /** Parameters for the data, of those for `points`. */
  readonly leave: (params: Params.Params<P>) => Params.Params<P>
}

interface Centred {
  readonly points: Points.Points
  readonly middle: Float64Array
}

const known = new WeakMap<Points.Points, Centred>()

/** The same for the same points: passes keep data by who they are. */
const centred = (points: Points.Points): Centred => {
  const found = known.get(points)
  if (found !== undefined) return found
  const middle = Points.mean(points)
  const { dim } = points
  const made = { middle, points: { ...points, values: points.values.map((x, at) => x - middle[at % dim]) } }
  known.set(points, made)
  return made
}

/** The data as they are. */
export const unmoved = <P extends string>(points: Points.Points): Frame<P> => ({
  points,
  middle: null,
  enter: params => params,
  leave: params => params
})

/** Where a family's parameters are looked at with the data. */
export const of = <P extends string>(family: Family<P>, points: Points.Points): Frame<P> => {
  const { shifted } = family
  // What is wrong with data is said elsewhere, and they have no mean.
  if (O.isNone(shifted) || E.isLeft(Points.validate(points))) return unmoved(points)
  const { points: about, middle } = centred(points)
  const opposite = middle.map(m => -m)
  return { points: about, middle, enter: shifted.value(opposite), leave: shifted.value(middle) }
}

/** The same for a score that may have no family: then the data are as they are. */
export const ofModel = <P extends string>({ family }: Model<P>, points: Points.Points): Frame<P> =>
  O.isSome(family) ? of(family.value, points) : unmoved(points)
