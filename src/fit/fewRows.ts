/** What a look at few rows is taken of: a fit of many is judged by some of them. */
import { Key } from '../../lib/index.js'
import * as Points from '../data/points.js'

/** Rows as they are; of more than `most` so many, the same each time. */
export const fewOf = (points: Points.Points, most: number): Points.Points =>
  points.rows <= most ? points : Points.select(Key.subset(points.rows, most)(Key.fromSeed(0)))(points)
