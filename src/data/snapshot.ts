/** Points as they are now, whatever becomes of the arrays that they were given on. */
import { remembered } from '../../lib/plain/remembered.js'
import { hasNaN, sameNumbers } from '../../lib/rows/byColumn.js'
import type { Points } from './points.js'

const isSameArray = (a: Float64Array | Int32Array | undefined, b: Float64Array | Int32Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && sameNumbers(a, b))

/** What points may hold of each row. */
const ROW_ARRAYS = ['values', 'weights', 'labels', 'partner', 'errors'] as const

const copies = new WeakMap<Points, Points>()

/**
 * The points as they are now, on arrays that nobody else holds: what is computed from them later does not change when a
 * buffer is filled with other numbers. As long as they stay the same the copy does too, so that what is known of it
 * is found again.
 */
export const snapshot = (points: Points): Points => {
  const { rows, dim, values, weights, labels, partner, errors } = points
  const old = copies.get(points)
  if (
    old !== undefined &&
    (old === points ||
      (old.rows === rows && old.dim === dim && ROW_ARRAYS.every(name => isSameArray(old[name], points[name]))))
  )
    return old
  const copy = {
    rows,
    dim,
    values: values.slice(),
    ...(weights && { weights: weights.slice() }),
    ...(labels && { labels: labels.slice() }),
    ...(partner && { partner: partner.slice() }),
    ...(errors && { errors: errors.slice() })
  }
  copies.set(points, copy)
  return markOwned(copy)
}

/** Points on arrays that nobody else holds, and nobody fills: they are their own copy. */
export const markOwned = (points: Points): Points => {
  copies.set(points, points)
  return points
}

/** A function of points that remembers what it found of points that are their own copy, whose numbers do not change. */
export const rememberedIfOwned = <A>(of: (points: Points) => A): ((points: Points) => A) => {
  const once = remembered(of)
  return points => (copies.get(points) === points ? once(points) : of(points))
}

/** Whether a cell is missing, NaN. */
export const pointsHaveMissing = rememberedIfOwned(({ values }) => hasNaN(values))
