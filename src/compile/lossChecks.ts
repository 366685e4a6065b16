/** Problems of a loss and its data that are found before anything is compiled. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { norm, square } from '../../lib/numbers/elementary.js'
import * as Expectation from '../objective/expectation.js'
import * as Limits from '../core/limits.js'
import * as NodeResolution from './nodeResolution.js'
import type * as Loss from './loss.js'
import * as Compatibility from './compatibility.js'
import * as Objective from '../objective/objective.js'
import * as Nodes from '../mixture/nodes.js'
import * as Params from '../core/params.js'
import * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Problem from '../core/problem.js'
import type { Plan, Precision } from './program.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'

export type CompileErrors = Problem.Problems

/** √(Σ wᵢ|xᵢ|²), with weights that sum to 1. */
const rootMeanSquare = (data: Source.Data): number => {
  if (Source.isSource(data)) return Math.sqrt(Source.meanSquares(data).reduce((sum, x) => sum + x, 0))
  const weights = Points.weightsOf(data)
  // row by row, since an array of all numbers would cost more than a step
  const lengths = weights.map((w, i) => Math.sqrt(w) * norm(data.values.subarray(i * data.dim, (i + 1) * data.dim)))
  return norm(lengths)
}

/** Returns the problems of the values of data. */
export const dataProblems = (data: Source.Data): ReadonlyArray<Problem.Problem> =>
  Source.isSource(data)
    ? Source.problems(data)
    : pipe(
        Points.validate(data),
        E.match(
          problem => [problem],
          () => []
        )
      )

/** Finds quadratures with too few nodes for the start, or for a centre of length √(E|x|² − d), to which the symmetric pair converges. */
export const findUnresolvedNodes = <P extends string>(
  loss: Loss.Loss<P>,
  data: Source.Data,
  start: () => Params.Params<P> | null
): ReadonlyArray<NodeResolution.Unresolved> => {
  const { schedule, score, objective, expectation } = loss
  if (
    Nodes.isPopulation(data) ||
    Expectation.noiseDomain(expectation) !== 'line' ||
    [...dataProblems(data), ...Schedule.problems(schedule), ...Objective.problems(schedule)(objective)].length > 0
  )
    return []
  const shapes = Score.shapes(data.dim)(score)
  const length = Math.sqrt(Math.max(0, square(rootMeanSquare(data)) - data.dim))
  const asLong = Params.mapValues(() => length / Math.sqrt(Params.paramsSize(shapes)))(Params.zeros(shapes))
  const of = NodeResolution.nodeResolutionCheck(loss)
  const own = start()
  const found = of(asLong) ?? (own && of(own))
  return found === null ? [] : [found]
}

/** Sentence about too few nodes for the reason of a plan. */
export const tooFewNodesRemark = ({ used, needed, error, length }: NodeResolution.Unresolved): string =>
  `; ${used} nodes, where a centre as long as the data say (${length.toPrecision(2)}) asks for ${needed}: means over the noise are off by up to ${error.toPrecision(1)}; leave nodes out`

/** Returns the incompatibilities of a loss with its data. */
export const lossCompatibilityProblems = <P extends string>(
  loss: Loss.Loss<P>,
  points: Source.Data,
  precision: Precision
): ReadonlyArray<Problem.Problem> =>
  Compatibility.incompatibilities(loss, points, precision, () => findUnresolvedNodes(loss, points, () => null))

/** Returns the value, or as many problems as are listed at most. */
export const eitherProblemsOr = <A>(
  problems: ReadonlyArray<Problem.Problem>,
  value: () => A
): E.Either<CompileErrors, A> =>
  pipe(
    Problem.faultless(Problem.listedProblems(Limits.problems)(problems), value),
    E.map(value => value())
  )

/** Returns the problems of a result; none if it is a value. */
export const problemsIn = (either: E.Either<ReadonlyArray<Problem.Problem>, unknown>): ReadonlyArray<Problem.Problem> =>
  E.isLeft(either) ? either.left : []

/** Returns the problems of a loss on data, including those of its objective and expectation. */
export const lossProblems = <P extends string>(
  loss: Loss.Loss<P>,
  points: Source.Data,
  precision: Precision
): ReadonlyArray<Problem.Problem> => [
  ...Objective.problems(loss.schedule)(loss.objective).map(Problem.within('objective')),
  ...Expectation.problems(loss.expectation).map(Problem.within('expectation')),
  ...lossCompatibilityProblems(loss, points, precision)
]

/** Returns the problems of single precision, which only compiled programs support. */
export const singlePrecisionProblems = (
  { engine, reason }: Pick<Plan, 'engine' | 'reason'>,
  precision: Precision
): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    precision === 'float64' || engine === 'compiled',
    'precision',
    "'float32'",
    `'float64', since ${reason}`,
    'leave precision out'
  )
