/** What may be done to data and parameters together without anything of substance changing. */
import type { Points } from '../data/points.js'
import { Key, type Params, Score } from '../index.js'
import { dotProduct } from './check.js'
import { subtractRows, pointsFromRows, listRows, scaleRow, type NumberRow } from './density.js'

type Change<P extends string> = (params: Params.Params<P>) => Params.Params<P>

/** How the parameters of a score follow; absent where they cannot. A gradient follows as its parameters do. */
export interface ScoreSymmetries<P extends string> {
  /** The same components in another order. */
  readonly relabel?: (seed: number) => Change<P>
  /** All centres moved by an orthogonal map. */
  readonly rotate?: (map: (row: NumberRow) => NumberRow) => Change<P>
  /** All centres moved by a vector. */
  readonly translate?: (by: NumberRow) => Change<P>
  /** Whether s(−x) = −s(x) for every parameter. */
  readonly odd?: boolean
}

/** Those that its family says it has. A network of one's own may have any, and claims them itself. */
export const symmetriesOf = <P extends string>(score: Score.Score<P>): ScoreSymmetries<P> => {
  const { family } = Score.interpret(score)
  if (family === undefined) return {}
  const { relabel, rotate, odd } = family.symmetries ?? {}
  const translate = family.shifted
  return {
    ...(relabel && { relabel: seed => relabel(otherOrder(family.count(1), seed)) }),
    ...(rotate && { rotate }),
    ...(translate && { translate: by => translate(Float64Array.from(by)) }),
    ...(odd !== undefined && { odd })
  }
}

/** Another order; of two the other one. */
const otherOrder = (count: number, seed: number): ReadonlyArray<number> =>
  count === 2 ? [1, 0] : Array.from(Key.permutation(count)(Key.fromSeed(seed)))

/** An orthogonal map: the reflection in one hyperplane, or in two (a rotation). */
export const orthogonalMap = (seed: number, dim: number): ((row: NumberRow) => NumberRow) => {
  const reflections = Key.split(1 + (seed % 2))(Key.fromSeed(seed)).map(key => {
    const normal = Array.from(Key.normal(dim)(key))
    return (row: NumberRow): NumberRow =>
      subtractRows(row, scaleRow((2 * dotProduct(normal, row)) / dotProduct(normal, normal), normal))
  })
  return row => reflections.reduce((x, reflect) => reflect(x), row)
}

/** The points with each row changed. */
export const mapPointRows =
  (change: (row: NumberRow) => NumberRow) =>
  (points: Points): Points => ({ ...points, values: pointsFromRows(points.dim, listRows(points).map(change)).values })
