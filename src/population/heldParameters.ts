/** Losses with parameters held at known values, without derivatives in them. */
import type { NdArray } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'

/** Throws if a name is no parameter. */
export const checkKnown = <P extends string>(
  shapes: Params.Shapes<P>,
  known: ReadonlyArray<string>,
  call: string
): void => {
  const wrong = known.flatMap(name => Problem.requireOneOf('known', name, Params.names(shapes)))
  if (wrong.length > 0) refuse(`${call}: ${wrong.map(Problem.show).join('\n')}`)
}

/** Positions of the unknown parameters' entries among the packed ones, ascending. */
export const freeEntries = <P extends string>(
  shapes: Params.Shapes<P>,
  known: ReadonlyArray<P>
): ReadonlyArray<number> => {
  const n = Params.paramsSize(shapes)
  const places = Params.unpacked(shapes)(Float64Array.from({ length: n }, (_, i) => i))
  const without = new Set(known.flatMap(name => Array.from(places[name].values)))
  return Array.from({ length: n }, (_, i) => i).filter(i => !without.has(i))
}

/** Rows and columns of a matrix [n, n] at the positions `kept`. */
export const submatrix = (matrix: Float64Array, n: number, kept: ReadonlyArray<number>): Float64Array =>
  Float64Array.from(
    { length: kept.length * kept.length },
    (_, at) => matrix[kept[Math.floor(at / kept.length)] * n + kept[at % kept.length]]
  )

/** Sets known parameters, as of a gradient, to 0. */
export const withoutKnown =
  <P extends string>(known: ReadonlyArray<P>) =>
  (params: Params.Params<P>): Params.Params<P> =>
    known.length === 0
      ? params
      : Params.map<NdArray, NdArray>(({ shape, values }, name) => ({
          shape,
          values: known.some(one => one === name) ? new Float64Array(values.length) : values
        }))(params)
