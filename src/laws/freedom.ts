/** Law of degrees of freedom: the rank of the log-density's slopes in the parameters. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import { compute, fill, Key, sum, tensor, valueAndGrad } from '../../lib/index.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import { Score } from '../index.js'
import * as Params from '../core/params.js'
import * as Arbitrary from './arbitraries.js'
import { flattenParams, euclideanLength, columnRank } from './check.js'
import { forAll, equals, type LawBuilder } from './lawRows.js'

type NumberColumn = ReadonlyArray<number>

/** Norm at which the remainder of a unit column counts as 0. */
const DEPENDENCE_TOLERANCE = 1e-9
/** Number of drawn parameters; some may have a lower rank. */
const PARAMETER_DRAWS = 5

/** Slopes of log p at points around all centres, one unit column for each parameter with a nonzero slope. */
const independentSlopes = <P extends string>(
  score: Score.Score<P>,
  { components, logDensity }: Score.Family<P>,
  dim: number,
  key: Key.Key
): ReadonlyArray<NumberColumn> => {
  const keys = pipe(key, Key.named('params', 'points'))
  const shapes = Score.shapes(dim)(score)
  const names = Params.names(shapes)
  const own = Key.split(names.length)(keys.params)
  const params = pipe(
    shapes,
    Params.map<ReadonlyArray<number>, Params.Params<P>[P]>((shape, name) => ({
      shape,
      values: Key.normal(shapeSize(shape))(own[names.findIndex(each => each === name)])
    }))
  )
  const centres = compute(() => components(Score.tensors(params), dim).centres).values
  const rows = 20 + 3 * Params.paramsSize(shapes)
  const noise = Key.normal(rows * dim)(keys.points)
  const level = (): Score.RowLevel => ({ alpha: fill([1, 1], 1), sigma: fill([1, 1], 0) })
  const gradients = Array.from({ length: rows }, (_, i) => {
    const x = Float64Array.from({ length: dim }, (_, j) => {
      const at = i * dim + j
      return centres[at % centres.length] + 1.5 * noise[at]
    })
    return flattenParams(
      valueAndGrad<P>(params => sum(logDensity(params, tensor(x, [1, dim]), level())))(params).gradient
    )
  })
  return gradients[0].flatMap((_, j) => {
    const column = gradients.map(row => row[j])
    const length = euclideanLength(column)
    return length > DEPENDENCE_TOLERANCE ? [column.map(x => x / length)] : []
  })
}

/** Law that the degrees of freedom are the rank of a family's slopes; not applicable to networks. */
export const degreesOfFreedomLaw = <P extends string>(score: Score.Score<P>): LawBuilder =>
  forAll(Arbitrary.acceptedDims(score).map(dim => fc.record({ dim: fc.constant(dim), seed: Arbitrary.seeds })))({
    name: 'has as many degrees of freedom as it says',
    quantity: 'degrees of freedom',
    statement: `∀ dimensions: the rank of ∂ log p(x_i; θ)/∂θ_j, of the first of ${PARAMETER_DRAWS} normal θ at which it is not less, at points about all centres, is the number of its degrees of freedom. Of columns of length 1, what is left of a dependent one is below ${DEPENDENCE_TOLERANCE}: rounding, times the condition of the others.`,
    source: 'Rothenberg 1971, Econometrica 39:577–591: what is free is what the information matrix sees',
    maxCases: 3,
    claim: Score.interpret(score).family,
    reason: 'it is no mixture',
    says: ({ dim, seed }, family) => {
      const said = Score.degreesOfFreedom(dim)(score)
      const found = Key.split(PARAMETER_DRAWS)(Key.fromSeed(seed)).reduce(
        (most, key) =>
          most < said
            ? Math.max(most, columnRank(independentSlopes(score, family, dim, key), DEPENDENCE_TOLERANCE))
            : most,
        0
      )
      return equals(found, said)
    }
  })
