/** Gradients of a loss for each row. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Compiler from '../../lib/compiler/index.js'
import { compute, Key, type NdArray } from '../../lib/index.js'
import { lazy } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import { plans, withCheckedData, type CompileErrors } from './compile.js'
import * as Inputs from './inputs.js'
import { explained, type Explained, type Explanation } from './explanation.js'
import type * as Projection from '../mixture/projection.js'
import * as NodeResolution from './nodeResolution.js'
import * as DrawTerms from './drawTerms.js'
import * as Loss from './loss.js'
import * as Matching from './matching.js'
import * as Limits from '../core/limits.js'
import type { PointsLike } from '../data/rowsArgument.js'
import * as Problem from '../core/problem.js'
import * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Params from '../core/params.js'
import * as Objective from '../objective/objective.js'
import { directionalDerivative } from '../objective/along.js'
import * as Score from '../score/score.js'

/** Gradients, [rows, n] with n packed parameters: the derivatives along all unit vectors, by one program. */
const gradientsPerRow = <P extends string>(
  loss: Loss.Loss<P>,
  data: Points.Points
): Explained & ((params: Params.Params<P>, key: Key.Key) => NdArray) => {
  const shapes = Score.shapes(data.dim)(loss.score)
  const size = Params.paramsSize(shapes)
  const { points, toInternal } = Loss.frameForLoss(loss)(data)
  const termValues = rowwiseTerm(loss, points, shapes)
  const draws = RA.makeBy(size, j =>
    DrawTerms.drawTerms({ ...loss, objective: directionalDerivative(Params.unit(shapes, j))(loss.objective) })(points)
  )
  const how = lazy((): Explanation => {
    const { basis, terms } = draws[0](Params.zeros(shapes), Key.fromSeed(0))
    return pipe(
      terms.filter(Loss.isDirect),
      E.traverseArray(drawn =>
        pipe(
          termValues.program(drawn.term, termValues.inputs(drawn, basis)[0]),
          E.map(program => ({ term: Objective.show(drawn.term.of), program }))
        )
      ),
      E.match(
        (why): Explanation => ({ engine: 'interpreted', reason: `it is not compiled: ${why}`, parts: () => [] }),
        programs => ({
          engine: 'compiled',
          reason: `the derivative of each row along a direction, one program for all ${size}${Compiler.how(
            programs.map(({ program }) => program),
            points.rows
          )}`,
          parts: () => programs.map(({ term, program }) => ({ term, ...program.profile() }))
        })
      )
    )
  })
  return explained((params: Params.Params<P>, key: Key.Key) => {
    const internal = toInternal(params)
    const columns = draws.map(draw => {
      const { basis, terms } = draw(internal, key)
      return terms
        .filter(Loss.isDirect)
        .flatMap(drawn =>
          termValues
            .inputs(drawn, basis)
            .map(inputs => termValues.values(internal, drawn.term, inputs).map(x => drawn.weight * x))
        )
        .reduce((a, b) => a.map((x, i) => x + b[i]), new Float64Array(points.rows))
    })
    return {
      shape: [points.rows, size],
      values: new Float64Array(points.rows * size).map((_, at) => columns[at % size][Math.floor(at / size)])
    }
  }, how)
}

/** Inputs, program and values of a term for each row; interpreted if it cannot be compiled. */
interface RowwiseTerm<P extends string> {
  /** Inputs for each sample. */
  readonly inputs: (
    drawn: DrawTerms.DrawnTerm<Matching.DirectTerm>,
    basis: Projection.Basis
  ) => ReadonlyArray<Inputs.NamedInputs>
  readonly program: (term: Matching.DirectTerm, inputs: Inputs.NamedInputs) => E.Either<string, Compiler.Program>
  readonly values: (params: Params.Params<P>, term: Matching.DirectTerm, inputs: Inputs.NamedInputs) => Float64Array
}

const rowwiseTerm = <P extends string>(
  { score }: Loss.Loss<P>,
  points: Source.Data,
  shapes: Params.Shapes<P>
): RowwiseTerm<P> => {
  const model = Score.interpret(score)
  const library = Loss.libraryOf(score, 'float64')
  const existing = Matching.dataInputs(points, 'often')
  const program: RowwiseTerm<P>['program'] = (term, inputs) =>
    library.program(
      Matching.programIdentity(term),
      Inputs.signature(shapes, inputs),
      ({ params, rows, constants }) => ({
        // the signature has the score's parameters
        others: { each: Matching.flatTermPerRow(model, term)(params as Params.Tensors<P>, { ...rows, ...constants }) }
      }),
      false
    )
  return {
    inputs: ({ term, samples }, basis) =>
      (Objective.isMatching(term)
        ? samples.map(sample => Matching.termInputs(model, term, sample, { basis, points }))
        : [Matching.termConstants(term)]
      ).map(inputs => ({ ...existing, ...inputs })),
    program,
    values: (params, term, inputs) =>
      pipe(
        program(term, inputs),
        E.fold(
          () =>
            compute(() =>
              Matching.flatTermPerRow(model, term)(Score.tensors(params), Inputs.inputTensors(0, points.rows)(inputs))
            ).values,
          found => found.run(Inputs.launchArgs(points.rows, params, inputs)).others.each.values
        )
      )
  }
}

/**
 * Returns the gradient of each row of points, [rows, n], with n parameters in the order of `Params.packed`, as a mean over the noise. Its
 * weighted mean over the rows is the gradient of the loss. Penalties and losses of pairs, which are not sums over rows, are problems.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score } from 'ornstein'
 *
 * const gradients = Problem.orThrow(
 *   Compile.rowGradients({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.spherical({ components: 1 }),
 *     objective: Objective.likelihood,
 *     expectation: Expectation.monteCarlo()
 *   })({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
 * )
 * // −log N(x; 1, 1) has the derivative 1 − x.
 * assert.deepEqual([...gradients(Params.of({ means: [[1]] }), Key.fromSeed(0)).values], [2, -1])
 */
export const rowGradients =
  <P extends string>(loss: Loss.Loss<P>) =>
  (rows: PointsLike): E.Either<CompileErrors, Explained & ((params: Params.Params<P>, key: Key.Key) => NdArray)> =>
    pipe(
      withCheckedData(rows, 'Compile.rowGradients(loss)(points)', given =>
        Source.isSource(given)
          ? E.left([Problem.of('data', 'a source', 'rows in memory', 'give a list for each row, or Points')])
          : E.right(given)
      ),
      E.tap(given => plans(loss)(given)),
      E.flatMap(given =>
        pipe(
          Objective.terms(loss.objective).flatMap(({ term }) =>
            Problem.unless(
              !Objective.isPenalty(term) && !('pairs' in term),
              'objective',
              Objective.show(term.of),
              'a sum over rows, to have a gradient of each',
              Objective.isPenalty(term) ? 'leave the penalty out' : 'use Objective.denoising'
            )
          ),
          Problem.listedProblems(Limits.problems),
          problems => Problem.faultless(problems, null),
          E.map(() => {
            const of = gradientsPerRow(loss, Points.snapshot(given))
            const wanted = Score.shapes(given.dim)(loss.score)
            const resolutionAt = NodeResolution.nodeResolutionCheck(loss)
            return explained((params: Params.Params<P>, key: Key.Key) => {
              const here = Params.checkedParams(wanted)(params)
              const coarse = resolutionAt(here)
              return coarse === null
                ? of(here, key)
                : refuse(`Compile.rowGradients: ${Problem.show(NodeResolution.tooFewNodes(coarse))}`)
            }, of.how)
          })
        )
      )
    )
