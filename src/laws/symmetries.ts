/** What may be done to data and parameters together without anything of substance changing. */
import { Key, type NdArray } from '../../lib/index.js'
import * as Params from '../score/Params.js'
import type { Points } from '../data/Points.js'
import type { Score } from '../score/Score.js'
import { dot } from './check.js'
import { minus, plus, pointsOf, rowsOf, scale, type Row } from './density.js'

type Change<P extends string> = (params: Params.Params<P>) => Params.Params<P>

/** How the parameters of a score follow; absent where they cannot. A gradient follows as its parameters do. */
export interface Symmetries<P extends string> {
  /** The same components in another order. */
  readonly relabel?: (seed: number) => Change<P>
  /** All centres moved by an orthogonal map. */
  readonly rotate?: (map: (row: Row) => Row) => Change<P>
  /** All centres moved by a vector. */
  readonly translate?: (by: Row) => Change<P>
  /** Whether s(−x) = −s(x) for every parameter. */
  readonly odd?: boolean
}

const inRows =
  (change: (row: Row) => Row) =>
  ({ shape, values }: NdArray): NdArray => {
    const dim = shape[shape.length - 1]
    return { shape, values: pointsOf(dim, rowsOf({ rows: values.length / dim, dim, values }).map(change)).values }
  }

/** The same change to the arrays that hold centres. */
const inCentres =
  (change: (row: Row) => Row) =>
  <P extends string>(params: Params.Params<P>): Params.Params<P> =>
    Params.map<NdArray, NdArray>((array, name) =>
      name === 'mean' || name === 'means' ? inRows(change)(array) : array
    )(params)

/** The first axis of every array in another order. */
const reordered =
  (seed: number) =>
  <P extends string>(params: Params.Params<P>): Params.Params<P> =>
    Params.map<NdArray, NdArray>(({ shape, values }) => {
      const stride = values.length / shape[0]
      const order = Key.permutation(shape[0])(Key.fromSeed(seed))
      return { shape, values: values.map((_, at) => values[order[Math.floor(at / stride)] * stride + (at % stride)]) }
    })(params)

/** Those of the built-in families. A score of one's own may have any, and claims them itself. */
export const symmetriesOf = <P extends string>(score: Score<P>): Symmetries<P> => {
  switch (score._tag) {
    case 'SymmetricPair':
      return { relabel: () => inCentres(row => scale(-1, row)), rotate: inCentres, odd: true }
    case 'Spherical':
    case 'Isotropic':
      return { relabel: reordered, rotate: inCentres, translate: by => inCentres(row => plus(row, by)) }
    case 'Custom':
      return {}
  }
}

/** An orthogonal map: the reflection in one hyperplane, or in two (a rotation). */
export const orthogonal = (seed: number, dim: number): ((row: Row) => Row) => {
  const reflections = Key.split(1 + (seed % 2))(Key.fromSeed(seed)).map(key => {
    const normal = Array.from(Key.normal(dim)(key))
    return (row: Row): Row => minus(row, scale((2 * dot(normal, row)) / dot(normal, normal), normal))
  })
  return row => reflections.reduce((x, reflect) => reflect(x), row)
}

/** The points with each row changed. */
export const mapRows =
  (change: (row: Row) => Row) =>
  (points: Points): Points => ({ ...points, values: pointsOf(points.dim, rowsOf(points).map(change)).values })
