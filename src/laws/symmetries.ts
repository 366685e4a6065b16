import type { Points } from '../data/points.js'
import { Key, type Params, Score } from '../index.js'
import { dotProduct } from './check.js'
import { subtractRows, pointsFromRows, listRows, scaleRow, type NumberRow } from './density.js'

type Change<P extends string> = (params: Params.Params<P>) => Params.Params<P>

/** Transformations of a score's parameters and gradients. */
export interface ScoreSymmetries<P extends string> {
  readonly relabel?: (seed: number) => Change<P>
  readonly rotate?: (map: (row: NumberRow) => NumberRow) => Change<P>
  readonly translate?: (by: NumberRow) => Change<P>
  readonly odd?: boolean
}

/** Symmetries declared by the score's family; none for a network. */
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

/** A random permutation of `count` components; if there are two, always their exchange. */
const otherOrder = (count: number, seed: number): ReadonlyArray<number> =>
  count === 2 ? [1, 0] : Array.from(Key.permutation(count)(Key.fromSeed(seed)))

/** A random reflection in `dim` dimensions, or the product of two. */
export const orthogonalMap = (seed: number, dim: number): ((row: NumberRow) => NumberRow) => {
  const reflections = Key.split(1 + (seed % 2))(Key.fromSeed(seed)).map(key => {
    const normal = Array.from(Key.normal(dim)(key))
    return (row: NumberRow): NumberRow =>
      subtractRows(row, scaleRow((2 * dotProduct(normal, row)) / dotProduct(normal, normal), normal))
  })
  return row => reflections.reduce((x, reflect) => reflect(x), row)
}

/** Maps each row of the points. */
export const mapPointRows =
  (change: (row: NumberRow) => NumberRow) =>
  (points: Points): Points => ({ ...points, values: pointsFromRows(points.dim, listRows(points).map(change)).values })
