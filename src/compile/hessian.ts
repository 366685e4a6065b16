import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { symmetricPart } from '../../lib/arrays/linalg.js'
import type * as Compiler from '../../lib/compiler/index.js'
import type { Key, NdArray } from '../../lib/index.js'
import { plans, withCheckedData, type CompileOptions, type CompileErrors } from './compile.js'
import * as DrawTerms from './drawTerms.js'
import * as Loss from './loss.js'
import * as Backend from '../data/reductionBackend.js'
import type * as Source from '../data/source/source.js'
import * as Params from '../core/params.js'
import * as Nodes from '../mixture/nodes.js'
import * as Objective from '../objective/objective.js'
import * as Along from '../objective/along.js'
import type { DataLike } from '../data/dataArgument.js'
import * as Score from '../score/score.js'
import { explained, type Explained } from './explanation.js'
import * as HessianNodes from './hessianNodes.js'
import { scaleValueAndGradient, sumValueAndGradient } from './engines.js'
import * as Problem from '../core/problem.js'

/** Directional derivative ⟨∇L, v⟩ with its gradient ∇²L · v, compiled once, with v as an input. */
const hessianVectorProduct = <P extends string>(
  loss: Loss.Loss<P>,
  engine: Loss.LossPlan<P>['engine'],
  data: Source.Data,
  library: Compiler.Library = Loss.libraryOf(loss.score, 'float64')
): ((params: Params.Params<P>, direction: Params.Params<P>, key: Key.Key) => Loss.ValueAndGradient<P>) => {
  const towards = (direction: Params.Params<P>): Objective.Objective =>
    Along.directionalDerivative(direction)(loss.objective)
  const any = { ...loss, objective: towards(Params.zeros(Score.shapes(data.dim)(loss.score))) }
  const evaluate = Loss.evaluator(engine, any, data, { library, use: 'often', backend: Backend.localBackend })
  return (params: Params.Params<P>, direction: Params.Params<P>, key: Key.Key) =>
    evaluate(
      params,
      key,
      Objective.terms(towards(direction)).map(({ term }) =>
        Nodes.isPopulation(data) ? DrawTerms.exactTerm(term) : term
      )
    )
}

/**
 * Returns the Hessian–vector product ∇²L · v of an objective, exact to rounding, by one program for all directions. Equal keys give the
 * noise of `valueAndGrad`. For `Expectation.quadrature()` of the symmetric pair it is that of the limit of many nodes, up to the error of
 * the rule. `Expectation.projected()` is a problem, since the span of the centres changes with them.
 *
 * @throws RangeError, with the number, if the data are a population and the parameters need more rows than are allowed
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score } from 'ornstein'
 *
 * const product = Problem.orThrow(
 *   Compile.hessianVector({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.spherical({ components: 1 }),
 *     objective: Objective.likelihood,
 *     expectation: Expectation.monteCarlo()
 *   })({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
 * )
 * // (m − x)²/2 has the second derivative 1 in m.
 * assert.deepEqual([...product(Params.of({ means: [[7]] }), Params.of({ means: [[3]] }), Key.fromSeed(0)).means.values], [3])
 */
export const hessianVector =
  <P extends string>(loss: Loss.Loss<P>, planOptions: HessianOptions = {}) =>
  (data: DataLike): E.Either<CompileErrors, Explained & DirectionalDerivative<P, Params.Params<P>>> =>
    pipe(
      withCheckedData(data, 'Compile.hessianVector(loss)(data)', directionalDerivative(loss, planOptions)),
      E.map(derivative =>
        explained(
          (params: Params.Params<P>, direction: Params.Params<P>, key: Key.Key) =>
            Problem.valueOrThrow(derivative(params, direction, key), 'Compile.hessianVector').gradient,
          derivative.how
        )
      )
    )

type HessianOptions = Partial<Pick<CompileOptions, 'library' | 'isTried'>>

type DirectionalDerivative<P extends string, A = Loss.ValueAndGradient<P>> = (
  params: Params.Params<P>,
  direction: Params.Params<P>,
  key: Key.Key
) => A

/**
 * Returns the directional derivative ⟨∇L, v⟩ of an objective, with its gradient ∇²L · v. On a population, both are NaN if the parameters
 * need more rows than are allowed, and `problem` has the number.
 */
export const directionalDerivative =
  <P extends string>(loss: Loss.Loss<P>, planOptions: HessianOptions = {}) =>
  (points: Source.Data): E.Either<CompileErrors, Explained & DirectionalDerivative<P>> => {
    const data = Loss.dataSnapshot(points)
    const shapes = (): Params.Shapes<P> => Score.shapes(points.dim)(loss.score)
    return pipe(
      data,
      plans(loss, planOptions),
      E.flatMap(() => {
        const line = HessianNodes.hessianNodeRows(loss, data)
        // the plan does not depend on the direction and the noise
        const zeros = Params.zeros(shapes())
        const [{ expectation, data: met }] = line === null ? [{ ...loss, data }] : line(zeros, zeros)
        const objective = Along.directionalDerivative(zeros)(loss.objective)
        return pipe(
          met,
          plans({ ...loss, objective, expectation }, planOptions),
          E.map(([plan]) => ({ line, plan }))
        )
      }),
      E.map(({ line, plan }) => {
        const { engine, reason, parts } = plan
        const how = () => ({ engine, parts, reason: `of the derivative along a direction ${reason}` })
        const wanted = Params.checkedParams(shapes())
        if (line === null) {
          const derivative = hessianVectorProduct(loss, engine, data, planOptions.library)
          return explained(
            (params: Params.Params<P>, direction: Params.Params<P>, key: Key.Key) =>
              derivative(wanted(params), wanted(direction), key),
            how
          )
        }
        return explained(
          (params: Params.Params<P>, direction: Params.Params<P>, key: Key.Key) =>
            sumValueAndGradient(
              params,
              line(wanted(params), wanted(direction)).map(({ weight, data, expectation }) => {
                const derivative = hessianVectorProduct({ ...loss, expectation }, engine, data, planOptions.library)
                return scaleValueAndGradient(weight)(derivative(params, direction, key))
              })
            ),
          how
        )
      })
    )
  }

/**
 * Returns the Hessian of an objective in packed parameters (`Params.packed`), [n, n], symmetric, by n Hessian–vector products, with the
 * restrictions of `hessianVector`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score } from 'ornstein'
 *
 * const hessian = Problem.orThrow(
 *   Compile.hessian({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.spherical({ components: 1 }),
 *     objective: Objective.likelihood,
 *     expectation: Expectation.monteCarlo()
 *   })({ rows: 1, dim: 2, values: Float64Array.of(-1, 2) })
 * )
 * assert.deepEqual([...hessian(Params.of({ means: [[0, 0]] }), Key.fromSeed(0)).values], [1, 0, 0, 1])
 */
export const hessian =
  <P extends string>(loss: Loss.Loss<P>) =>
  (data: DataLike): E.Either<CompileErrors, Explained & ((params: Params.Params<P>, key: Key.Key) => NdArray)> =>
    withCheckedData(data, 'Compile.hessian(loss)(data)', points =>
      pipe(
        points,
        hessianVector(loss),
        E.map(product => {
          const shapes = Score.shapes(points.dim)(loss.score)
          const n = Params.paramsSize(shapes)
          const { engine, reason, parts } = product.how()
          return explained(
            (params: Params.Params<P>, key: Key.Key) =>
              symmetricPart(RA.makeBy(n, j => Params.packed(product(params, Params.unit(shapes, j), key)))),
            () => ({ engine, parts, reason: `${n} products with unit vectors, ${reason}` })
          )
        })
      )
    )
