/** Scores: parametrized families s(x) ≈ ∇ log p_t(x). */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import { reason } from '../../lib/plain/said.js'
import type * as t from 'io-ts'
import { fromNdArray, type NdArray, type Tensor } from '../../lib/index.js'
import { rowwise, rowwisePlan, type RowwiseInputs, type RowwisePlan } from '../../lib/compiler/rowwise.js'
import { shapeText, shapeSize, scalarArray } from '../../lib/arrays/ndarray.js'
import * as Limits from '../core/limits.js'
import { Case, argumentWithFields, Vocabulary } from '../core/index.js'
import type * as Mixture from '../mixture/mixture.js'
import * as Params from '../core/params.js'
import { pointsArgument, type PointsLike } from '../data/rowsArgument.js'
import type { Points } from '../data/points.js'
import * as Problem from '../core/problem.js'
import * as Schedule from '../schedule/schedule.js'
import {
  centreCount,
  concept,
  interpret,
  levelFor,
  type Family,
  type RowLevel,
  type Model,
  type Score
} from '../mixture/family.js'
import {
  diagonal,
  full,
  isotropic,
  lowRank,
  mixture,
  spherical,
  symmetricPair,
  tied,
  tiedDiagonal,
  tiedIsotropic,
  withBackground,
  withFixed,
  withTails
} from '../mixture/families/index.js'
import { convert, custom, network } from './network.js'

export {
  centreCount,
  concept,
  interpret,
  levelFor,
  type MStepContext,
  type Capabilities,
  type ByDensities,
  type ComponentsOf,
  type Family,
  type Learned,
  type RowLevel,
  type Meaning,
  type Model,
  type Moments,
  type MStep,
  type Projection,
  type NamedOutputs,
  type Score,
  type Second,
  type Spec,
  type CentreConversion,
  type Sufficient,
  type Symmetries
} from '../mixture/family.js'
export { family, familyStart } from '../mixture/families/define.js'
export * from '../mixture/families/index.js'
export * from './network.js'

/** Names and shapes of the parameters for data of a dimension. */
export const shapes =
  (dim: number) =>
  <P extends string>(score: Score<P>): Params.Shapes<P> =>
    interpret(score).shapes(dim)

/** Converts parameters to tensors, for use inside `compute`. */
export const tensors: <P extends string>(params: Params.Params<P>) => Params.Tensors<P> = Params.map(fromNdArray)

/**
 * Evaluates a function of a model at rows of one noise level, [rows, …], as arrays; many rows by a compiled program. `of` identifies it in
 * the program cache; `others` are further inputs per row.
 */
export const evaluateAtLevel = <P extends string>(
  model: Model<P>,
  of: object,
  write: (params: Params.Tensors<P>, x: Tensor, level: RowLevel, beside: Readonly<Record<string, Tensor>>) => Tensor
): ((
  params: Params.Params<P>,
  level: Schedule.Level,
  points: Points,
  beside?: Readonly<Record<string, NdArray>>
) => NdArray) => {
  const all = allAtLevel(model, of, (...given) => ({ found: write(...given) }))
  return (...given) => all(...given).found
}

/** Evaluates named arrays at rows of one noise level. */
const allAtLevel =
  <P extends string, K extends string>(model: Model<P>, of: object, write: Parameters<typeof callAtLevel<P, K>>[1]) =>
  (...given: Parameters<ReturnType<typeof callAtLevel<P, K>>>): Readonly<Record<K, NdArray>> => {
    const call = callAtLevel(model, write)(...given)
    return rowwise(of, call.write)(call.given)
  }

/** Explains how `evaluateAtLevel` computes a model's score. */
export const scorePlan = <P extends string>(
  model: Model<P>,
  params: Params.Params<P>,
  level: Schedule.Level,
  points: Points
): RowwisePlan => {
  const call = callAtLevel(model, (...given: Parameters<typeof model.score>) => ({ found: model.score(...given) }))(
    params,
    level,
    points
  )
  return rowwisePlan(model.score, call.write)(call.given)
}

interface RowwiseCall {
  readonly write: Parameters<typeof rowwise>[1]
  readonly given: RowwiseInputs
}

/** Returns the call of a model's function at rows of one noise level: its code and its inputs. */
const callAtLevel =
  <P extends string, K extends string>(
    model: Model<P>,
    write: (
      params: Params.Tensors<P>,
      x: Tensor,
      level: RowLevel,
      beside: Readonly<Record<string, Tensor>>
    ) => Readonly<Record<K, Tensor>>
  ) =>
  (
    params: Params.Params<P>,
    at: Schedule.Level,
    points: Points,
    beside: Readonly<Record<string, NdArray>> = {}
  ): RowwiseCall => {
    const call = 'Score.…(params, level, points)'
    const { alpha, sigma } = argumentWithFields(at, ['alpha', 'sigma'], 'a level, { alpha, sigma }', call)
    const { rows, dim, values, labels } = points
    return {
      write: inputs => {
        const { x, label, ...others } = inputs.rows as Readonly<Record<string, Tensor>> & { readonly label?: Tensor }
        const { alpha, sigma } = inputs.constants
        const level = { ...levelFor(model, x.shape[0], { alpha, sigma }), ...(label && { label }) }
        // Inputs are untyped; these are the model's parameters.
        return write(inputs.params as Params.Tensors<P>, x, level, others)
      },
      given: {
        params,
        rows: {
          ...beside,
          x: { shape: [rows, dim], values },
          ...(labels && { label: { shape: [rows, 1], values: Float64Array.from(labels) } })
        },
        constants: { alpha: scalarArray(alpha), sigma: scalarArray(sigma) }
      }
    }
  }

/**
 * Evaluates s(x) at every point. A network conditioned on a class uses the label of each row.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Params, Schedule, Score } from 'ornstein'
 *
 * // ½N(0, 1) + ½N(0, 1) with noise 1 is N(0, 2).
 * const score = Score.evaluate(Score.symmetricPair, Schedule.edm)
 * const { values } = score(Params.of({ mean: [0] }))(1)({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
 * assert.deepEqual([...values], [0.5, -1])
 */
export const evaluate =
  <P extends string>(score: Score<P>, schedule: Schedule.Schedule) =>
  (params: Params.Params<P>) =>
  (time: number) =>
  (given: PointsLike): Points => {
    const points = pointsArgument(given, 'Score.evaluate(score, schedule)(params)(time)(points)')
    const model = interpret(score)
    const own = Params.paramsArgument(
      params,
      Case.meaning(score).names(points.dim),
      'Score.evaluate(score, schedule)(params)'
    )
    const { values } = evaluateAtLevel(model, model.score, model.score)(own, Schedule.level(time)(schedule), points)
    return { rows: points.rows, dim: points.dim, values }
  }

/**
 * Evaluates each head at every point, by name; empty for a score with one output.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { mul, neg, square } from 'ornstein/float64'
 * import { Parametrization, Params, Schedule, Score } from 'ornstein'
 *
 * const score = Score.custom({
 *   name: 'two heads',
 *   shapes: () => ({ slope: [] }),
 *   says: ({ slope }, x) => ({ score: neg(mul(slope, x)), square: square(x) }),
 *   heads: { score: Parametrization.score }
 * })
 * const said = Score.heads(score, Schedule.edm)(Params.of({ slope: 2 }))(1)({ rows: 1, dim: 1, values: Float64Array.of(3) })
 * assert.deepEqual([said.score.values[0], said.square.values[0]], [-6, 9])
 */
export const heads =
  <P extends string, H extends string>(score: Score<P, H>, schedule: Schedule.Schedule) =>
  (params: Params.Params<P>) =>
  (time: number) =>
  (given: PointsLike): Readonly<Record<H, Points>> => {
    const points = pointsArgument(given, 'Score.heads(score, schedule)(params)(time)(points)')
    const model = interpret(score)
    const said = model.heads
    const found: Readonly<Record<string, NdArray>> =
      said === undefined ? {} : allAtLevel(model, said, said)(params, Schedule.level(time)(schedule), points)
    return pipe(
      // The names are the heads of the score's type.
      found as Readonly<Record<H, NdArray>>,
      RR.map(({ shape, values }) => ({ rows: points.rows, dim: shape[1], values }))
    )
  }

/** Mixture at time 0 with the given parameters; none for a network, or for components that are not Gaussian. */
export const toMixture =
  <P extends string>(score: Score<P>) =>
  (params: Params.Params<P>): O.Option<Mixture.Mixture> =>
    pipe(
      O.fromNullable(interpret(score).family?.toMixture),
      O.map(of => of(Params.paramsArgument(params, Case.meaning(score).names(1), 'Score.toMixture(score)(params)')))
    )

/**
 * Parameters of a mixture, for a run from `Initializer.values`: exact if the family contains the mixture, otherwise those of the nearest
 * one in the family. Returns problems if the number of components differs, or the score has no parameters for a mixture.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { fit, Initializer, Params, Problem, Score } from 'ornstein'
 *
 * const { mixture } = fit([[-3.1], [-2.9], [-3.2], [2.8], [3], [3.1]], { components: 2, family: 'isotropic' })
 * const params = Problem.orThrow(Score.fromMixture(Score.isotropic({ components: 2 }))(mixture))
 * assert.deepEqual([...Params.names(params)].sort(), ['logVariances', 'logits', 'means'])
 * export const goesOn = Initializer.values(params)
 */
export const fromMixture =
  <P extends string>(score: Score<P>) =>
  (mixture: Mixture.Mixture): E.Either<Problem.Problem, Params.Params<P>> => {
    const { family } = interpret(score)
    const from = family?.fromMixture
    const call = 'Score.fromMixture(score)(mixture)'
    const [found, dim] = argumentWithFields(mixture, ['means', 'weights'], 'a mixture', call).means.shape
    if (family === undefined || from === undefined)
      return E.left(
        Problem.of('score', show(score), 'a family that knows the parameters of a mixture', 'give it its fromMixture')
      )
    const count = family.count(dim)
    return found === count
      ? E.right(from(mixture))
      : E.left(
          Problem.of(
            'mixture',
            `one of ${found} components`,
            `one of ${count}, as ${show(score)} has`,
            'give both the same number'
          )
        )
  }

export { nameOf } from '../mixture/family.js'

/** Number of free parameters for information criteria; weights sum to one. */
export const degreesOfFreedom =
  (dim: number) =>
  (score: Score<string>): number =>
    interpret(score).degreesOfFreedom(dim)

/** Returns the code that builds the score. */
export const show = (score: Score<string>): string => Case.show(score)

/** Returns the score as a formula. */
export const formula = (score: Score<string>): string => Case.formula(score)

/** Problems of a score for data of a size. */
export const problems =
  (data: { readonly rows: number; readonly dim: number; readonly errors?: Float64Array }) =>
  (score: Score<string>): ReadonlyArray<Problem.Problem> => {
    const { rows, dim, errors } = argumentWithFields(data, ['rows', 'dim'], 'data', 'Score.problems(data)(score)')
    const own = Case.problems(score)
    if (own.length > 0) return own
    const { family, shapes, requirements } = interpret(score)
    const misfit = requirements?.(dim) ?? []
    if (misfit.length > 0) return misfit
    const crowded = family === undefined ? [] : tooFewRowsProblems(family, rows, dim)
    if (errors !== undefined && !(family !== undefined && supportsRowErrors(family)))
      return [
        Problem.of(
          'score',
          show(score),
          'a mixture of Gaussians, of which alone rows with errors are learned',
          'leave out tails and a background (`robust`), or the errors'
        )
      ]
    return crowded.length > 0 ? crowded : shapeProblems(shapes, dim)
  }

const supportsRowErrors = ({ toMixture, hasTails, hasBackground, mirrored }: Family<string>): boolean =>
  toMixture !== undefined && !hasTails && !hasBackground && !mirrored

/** Problem of fewer rows than components, if initial centres are at distinct rows. */
const tooFewRowsProblems = <P extends string>(
  family: Family<P>,
  rows: number,
  dim: number
): ReadonlyArray<Problem.Problem> => {
  // An error of `centreCount` is reported when rows are evaluated.
  const centres = pipe(
    E.tryCatch(() => centreCount(family, dim), String),
    E.getOrElse(() => 0)
  )
  return Problem.unless(
    !(centres > rows),
    'components',
    centres,
    `≤ ${rows}, the number of rows`,
    'ask for fewer components or give more data',
    `${centres} exceeds the ${rows} rows of the table`
  )
}

const shapeProblems = (shapes: (dim: number) => Params.Shapes<string>, dim: number): ReadonlyArray<Problem.Problem> =>
  pipe(
    E.tryCatch(
      () => Object.entries<ReadonlyArray<number>>(shapes(dim)),
      error => [
        Problem.of(
          'shapes',
          `an error, "${reason(error)}",`,
          'the shapes of the parameters by name',
          `return them for data of dimension ${dim}`
        )
      ]
    ),
    E.map(named => [
      ...named.flatMap(([name, shape]) =>
        Problem.unless(
          shape.every(length => Number.isSafeInteger(length) && length >= 0),
          `shapes.${name}`,
          shapeText(shape),
          'a list of whole numbers ≥ 0',
          'give the length of each axis'
        )
      ),
      ...Problem.unless(
        !(named.reduce((sum, [, shape]) => sum + shapeSize(shape), 0) > Limits.maxParameters),
        'shapes',
        `${named.reduce((sum, [, shape]) => sum + shapeSize(shape), 0)} numbers`,
        `at most ${Limits.maxParameters}`,
        'make the network smaller'
      )
    ]),
    E.fold(
      problems => problems,
      problems => problems
    )
  )

export const all: ReadonlyArray<Vocabulary.Entry> = [
  symmetricPair,
  spherical,
  mixture,
  isotropic,
  tiedIsotropic,
  diagonal,
  tiedDiagonal,
  tied,
  full,
  lowRank,
  withTails,
  withBackground,
  withFixed,
  network,
  custom,
  convert
]

/** JSON codec of the scores in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Score<string>, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
