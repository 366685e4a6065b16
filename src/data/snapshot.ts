/** Copies of points that do not change when the arrays of the original do. */
import { remembered } from '../../lib/plain/remembered.js'
import { hasNaN, sameNumbers } from '../../lib/rows/byColumn.js'
import type { Points } from './pointsData.js'

const isSameArray = (a: Float64Array | Int32Array | undefined, b: Float64Array | Int32Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && sameNumbers(a, b))

const ROW_ARRAYS = ['values', 'weights', 'labels', 'partner', 'errors'] as const

const copyByPoints = new WeakMap<Points, Points>()

/** Returns a copy; the previous one while the numbers are unchanged, so that results cached by copy are found again. */
export const snapshot = (points: Points): Points => {
  const { rows, dim, values, weights, labels, partner, errors } = points
  const old = copyByPoints.get(points)
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
  copyByPoints.set(points, copy)
  return markOwned(copy)
}

/** Marks points as their own copy; nobody else may hold or change their arrays. */
export const markOwned = (points: Points): Points => {
  copyByPoints.set(points, points)
  return points
}

/** Caches a function for points that are their own copy; for others each call evaluates it. */
export const rememberedIfOwned = <A>(of: (points: Points) => A): ((points: Points) => A) => {
  const once = remembered(of)
  return points => (copyByPoints.get(points) === points ? once(points) : of(points))
}

/** True if a cell is missing, NaN. */
export const pointsHaveMissing = rememberedIfOwned(({ values }) => hasNaN(values))
