/** Compile: turns a description and data into a gradient computation, or returns all problems. */
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import type { Key } from '../../lib/index.js'
import { isDeeper } from '../../lib/plain/nesting.js'
import { argumentWithFields as checked, listGiven, mistaken } from '../core/index.js'
import * as SmokeTest from './smokeTest.js'
import { explained, type Explained, type Explanation } from './explanation.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Limits from '../core/limits.js'
import { isRecord } from '../core/record.js'
import * as Loss from './loss.js'
import * as Compatibility from './compatibility.js'
import * as Objective from '../objective/objective.js'
import * as Params from '../core/params.js'
import { concept as pipelines, tooDeep, type Pipeline } from '../pipeline/pipeline.js'
import * as Backend from '../data/reductionBackend.js'
import { toData, type DataLike } from '../data/dataArgument.js'
import * as Source from '../data/source/source.js'
import * as Problem from '../core/problem.js'
import type { Program } from './program.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as Stage from '../pipeline/stage.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import {
  dataProblems,
  lossProblems,
  findUnresolvedNodes,
  tooFewNodesRemark,
  eitherProblemsOr,
  problemsIn,
  singlePrecisionProblems,
  type CompileErrors
} from './lossChecks.js'
import { sizeProblems, stagePlanner, type RunSettings } from './stages.js'

export type { CompileErrors } from './lossChecks.js'
export type { Loss, LossPlan, Part, ValueAndGradient } from './loss.js'
export type { CompiledStage, Memory, Plan, Precision, Program, Step } from './program.js'
export { relativeChange } from './stages.js'

/** @throws TypeError if it is not a loss */
const checkedLoss = <P extends string>(loss: Loss.Loss<P>, call: string): Loss.Loss<P> =>
  checked(
    loss,
    ['schedule', 'score', 'objective', 'expectation'],
    'a loss, { schedule, score, objective, expectation }',
    call
  )

/**
 * Applies a compiler of data to a user's data; returns the problem if rows are not data.
 *
 * @throws TypeError, naming the call, if the argument belongs to another place
 */
export const withCheckedData = <A>(
  given: DataLike,
  call: string,
  of: (data: Source.Data) => E.Either<CompileErrors, A>
): E.Either<CompileErrors, A> => pipe(toData(given, call), E.mapLeft(Problem.singleProblem), E.flatMap(of))

/** True if the score can compute the shapes of its parameters. */
const hasShapes = <P extends string>(score: Score.Score<P>, data: Source.Data): boolean =>
  (Source.isSource(data) || (Number.isInteger(data.dim) && data.values.length === data.rows * data.dim)) &&
  E.isRight(E.tryCatch(() => Score.shapes(data.dim)(score), identity))

const commonProblems = <P extends string>(
  { schedule, score }: Pick<Loss.Loss<P>, 'schedule' | 'score'>,
  points: Source.Data
): ReadonlyArray<Problem.Problem> => [
  ...dataProblems(points).map(Problem.within('points')),
  ...Schedule.problems(schedule).map(Problem.within('schedule')),
  ...Score.problems(points)(score).map(Problem.within('score'))
]

/**
 * Returns the value of an objective and its gradient as a function of parameters and a key. Equal keys give equal bits. Parameters of the
 * wrong shape throw a RangeError. On a population, both are NaN if the parameters need more rows than are allowed, and `problem` has the
 * number.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key } from 'ornstein/float64'
 * import { Compile, Expectation, Objective, Params, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * const compiled = pipe(
 *   { rows: 2, dim: 1, values: Float64Array.of(-1, 1) },
 *   Compile.valueAndGrad({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.symmetricPair,
 *     objective: Objective.implicit(NoiseLevels.at(0.5)),
 *     expectation: Expectation.quadrature()
 *   })
 * )
 * assert.ok(E.isRight(compiled))
 * const { gradient } = compiled.right(Params.of({ mean: [0] }), Key.fromSeed(0))
 * assert.equal(gradient.mean.values[0], 0) // the saddle at 0
 */
export const valueAndGrad =
  <P extends string>(loss: Loss.Loss<P>, planOptions: Partial<CompileOptions> = {}) =>
  (
    data: DataLike
  ): E.Either<CompileErrors, Explained & ((params: Params.Params<P>, key: Key.Key) => Loss.ValueAndGradient<P>)> =>
    withCheckedData(
      data,
      'Compile.valueAndGrad(loss)(data)',
      compileChosenPlan(loss, planOptions, ({ evaluate }) => evaluate)
    )

/**
 * Returns the value of an objective, equal to that of `valueAndGrad` up to rounding, in less time.
 *
 * @throws RangeError, with the number, if the data are a population and the parameters need more rows than are allowed
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score } from 'ornstein'
 *
 * const value = Problem.orThrow(
 *   Compile.value({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.spherical({ components: 1 }),
 *     objective: Objective.likelihood,
 *     expectation: Expectation.monteCarlo()
 *   })({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
 * )
 * // −log N(x; 0, 1) = x²/2 + ½ log 2π
 * assert.ok(Math.abs(value(Params.of({ means: [[0]] }), Key.fromSeed(0)) - (1.25 + Math.log(2 * Math.PI) / 2)) < 1e-14)
 */
export const value =
  <P extends string>(loss: Loss.Loss<P>) =>
  (data: DataLike): E.Either<CompileErrors, Explained & ((params: Params.Params<P>, key: Key.Key) => number)> =>
    withCheckedData(
      data,
      'Compile.value(loss)(data)',
      compileChosenPlan(loss, {}, ({ value, evaluate }) => (params, key) => {
        const found = value(params, key)
        // the evaluation with a gradient returns the reason for NaN
        return Number.isNaN(found) ? Problem.valueOrThrow(evaluate(params, key), 'Compile.value').value : found
      })
    )

/** Compiles a loss by its chosen plan; the result checks the shapes of parameters. */
const compileChosenPlan =
  <P extends string, A>(
    loss: Loss.Loss<P>,
    planOptions: Partial<CompileOptions>,
    evaluationOf: (plan: Loss.LossPlan<P>) => (params: Params.Params<P>, key: Key.Key) => A
  ) =>
  (points: Source.Data): E.Either<CompileErrors, Explained & ((params: Params.Params<P>, key: Key.Key) => A)> =>
    pipe(
      points,
      plans(loss, planOptions),
      E.map(([plan]) => {
        const compute = evaluationOf(plan)
        const checked = Params.checkedParams(Score.shapes(points.dim)(loss.score))
        return explained(
          (params: Params.Params<P>, key: Key.Key) => compute(checked(params), key),
          () => plan
        )
      })
    )

export interface CompileOptions extends Loss.PlanOptions {
  /** True if the loss has already passed the smoke test on similar data, which is then skipped. Default: false. */
  readonly isTried: boolean
}

/** Returns all plans for computing the loss on the data, the chosen one first; their results are equal up to rounding. */
export const plans =
  <P extends string>(loss: Loss.Loss<P>, { isTried = false, ...planOptions }: Partial<CompileOptions> = {}) =>
  (data: DataLike): E.Either<CompileErrors, RNEA.ReadonlyNonEmptyArray<Loss.LossPlan<P>>> =>
    withCheckedData(
      data,
      'Compile.plans(loss)(data)',
      plansOnData(checkedLoss(loss, 'Compile.plans(loss)(data)'), { isTried, ...planOptions })
    )

const plansOnData =
  <P extends string>(loss: Loss.Loss<P>, { isTried, ...planOptions }: Partial<CompileOptions>) =>
  (given: Source.Data): E.Either<CompileErrors, RNEA.ReadonlyNonEmptyArray<Loss.LossPlan<P>>> => {
    const points = Loss.dataSnapshot(given)
    const precision = planOptions.library?.precision ?? planOptions.precision ?? 'float64'
    const described = [
      ...commonProblems(loss, points),
      ...(hasShapes(loss.score, points)
        ? [...lossProblems(loss, points, precision), ...Compatibility.pairProblems(loss, points, points.rows)]
        : [])
    ]
    return pipe(
      eitherProblemsOr(
        described.length > 0 || isTried === true ? described : SmokeTest.problems(loss, points, null),
        () => Loss.lossPlans(loss, points, planOptions)
      ),
      E.flatMap(plans =>
        eitherProblemsOr(singlePrecisionProblems(plans[0], precision), () => {
          const remark = findUnresolvedNodes(loss, points, () => null)
            .map(tooFewNodesRemark)
            .join('')
          return RNEA.map((plan: Loss.LossPlan<P>) => ({ ...plan, reason: plan.reason + remark }))(plans)
        })
      )
    )
  }

export interface AtLevel {
  /** log(α²/σ²) */
  readonly logSnr: number
  readonly time: number
  readonly value: number
}

/**
 * Returns the loss at each of the given noise levels, by log-SNR log(α²/σ²), with the same noise at all levels of one key. The schedule
 * must have a time for each.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * // The score of N(0, 1), of which there is one point, 0: E|s + z/σ|² = (1/σ − σ)².
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: Objective.denoising(NoiseLevels.uniform(0.1, 2)),
 *   expectation: Expectation.quadrature()
 * }
 * const levels = Compile.byLevel(loss, [2, 0])({ rows: 1, dim: 1, values: Float64Array.of(0) })
 * const [little, much] = Problem.orThrow(levels)(Params.of({ mean: [0] }), Key.fromSeed(0))
 * assert.ok(Math.abs(much.value - 0.5) < 1e-9) // σ² = ½
 * assert.ok(little.value > much.value)
 */
export const byLevel =
  <P extends string>(loss: Loss.Loss<P>, logSnrs: ReadonlyArray<number>) =>
  (data: DataLike): E.Either<CompileErrors, (params: Params.Params<P>, key: Key.Key) => ReadonlyArray<AtLevel>> => {
    const call = 'Compile.byLevel(loss, logSnrs)(data)'
    return withCheckedData(data, call, points =>
      pipe(
        listGiven(logSnrs, 'a list of log-SNRs', call),
        E.traverseArray(logSnr => {
          checkedLoss(loss, call)
          const time = Schedule.timeOfLogSnr(logSnr)(loss.schedule)
          return pipe(
            points,
            valueAndGrad({ ...loss, objective: Objective.retimed(NoiseLevels.at(time))(loss.objective) }),
            E.map(evaluate => ({ logSnr, time, evaluate }))
          )
        }),
        E.map(
          levels => (params, key) =>
            levels.map(({ logSnr, time, evaluate }) => ({ logSnr, time, value: evaluate(params, key).value }))
        )
      )
    )
  }

/**
 * Compiles a pipeline for data: returns a program, or all problems. Rows of a source are read block by block at every step; results
 * have the bits of those of rows in memory. Sums over all rows are evaluated by `backend` (default: this process). With `precision: 'float32'`, losses of networks
 * are computed in single precision (see docs/compiler.md); parts that need double precision are problems.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compile, Initializer, Pipeline, Problem, Schedule, Score, Stage } from 'ornstein'
 *
 * const compiled = pipe(
 *   { rows: 2, dim: 1, values: Float64Array.of(-1, 1) },
 *   Compile.pipeline(
 *     Pipeline.of({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.spherical({ components: 3 }),
 *       initializer: Initializer.fromData,
 *       stages: [Stage.expectationMaximization({ steps: 10 })]
 *     })
 *   )
 * )
 * assert.ok(E.isLeft(compiled))
 * assert.equal(
 *   Problem.show(compiled.left[0]),
 *   'score.components: 3 exceeds the 2 rows of the table; ask for fewer components or give more data'
 * )
 */
export const pipeline =
  <P extends string>(
    pipeline: Pipeline<P>,
    { backend = Backend.localBackend, precision = 'float64' }: Partial<RunSettings> = {}
  ) =>
  (data: DataLike): E.Either<CompileErrors, Program<P>> => {
    const call = 'Compile.pipeline(pipeline)(data)'
    return withCheckedData(data, call, given =>
      pipelines.is(pipeline)
        ? compilePipeline(pipeline, { backend, precision }, given)
        : mistaken('a pipeline', pipeline, call)
    )
  }

const compilePipeline = <P extends string>(
  pipeline: Pipeline<P>,
  { backend, precision }: RunSettings,
  given: Source.Data
): E.Either<CompileErrors, Program<P>> => {
  if (isDeeper(pipeline, Limits.maxDepth)) return E.left([tooDeep('pipeline')])
  const points = Loss.dataSnapshot(given)
  const { score, initializer, stages } = pipeline
  const common = commonProblems(pipeline, points)
  // an initializer reads the data, so it requires data without problems
  const start: Initializer.Start<P> =
    common.length > 0
      ? E.left(Initializer.problems(initializer).map(Problem.within('initializer')))
      : pipe(initializer, Initializer.interpret(score, points))
  const described = stages.flatMap((stage, i) =>
    Stage.problems(pipeline.schedule)(stage).map(Problem.within(`stages[${i}]`))
  )
  const begin = E.isRight(start) ? start.right : () => Params.zeros(Score.shapes(points.dim)(score))
  const areStagesValid = stages.map(stage => Stage.problems(pipeline.schedule)(stage).length === 0)
  const compileSimple = stagePlanner({
    pipeline,
    start: begin,
    points,
    backend,
    precision,
    isValid: common.length === 0 && E.isRight(start)
  })
  const oversized = areStagesValid.every(identity) ? sizeProblems(stages) : []
  const compiled = stages.flatMap((stage, i) =>
    !areStagesValid[i] || oversized.length > 0 || !hasShapes(score, points)
      ? []
      : Stage.simple(stage).map(written => ({
          within: Stage.insideStage(`stages[${i}]`, written.path),
          ...compileSimple(written)
        }))
  )
  const problems = [
    ...common,
    ...problemsIn(start),
    ...described,
    ...oversized,
    ...compiled.flatMap(({ within, stage }) => problemsIn(stage).map(within))
  ]
  return eitherProblemsOr(problems, () => ({
    pipeline,
    start: begin,
    data: () => Source.dataFingerprint(points),
    precision,
    stages: compiled.flatMap(({ stage }) => (E.isRight(stage) ? [stage.right()] : [])),
    plan: compiled.map(({ plan }) => plan())
  }))
}

/** Maximum number of operations listed in a profile; the others are summed. */
const MAX_NAMED_SHARES = 4

const profileText = ({ term, operations, bytes, draws, shares, steps }: Loss.Part): string => {
  const percent = (share: number): string => `${Math.round(100 * share)} %`
  const rest = shares.slice(MAX_NAMED_SHARES).reduce((sum, [, share]) => sum + share, 0)
  const named = shares.slice(0, MAX_NAMED_SHARES).map(([kind, share]) => `${kind} ${percent(share)}`)
  return [
    `  ${term}`,
    `    a row: ${operations} operations, ${bytes} bytes read, ${draws} numbers drawn; ${steps} kernels if interpreted`,
    `    operations: ${[...named, ...(rest > 0 ? [`others ${percent(rest)}`] : [])].join(', ')}`
  ].join('\n')
}

/**
 * Returns a plan as text: for a program one line for each stage; for a loss the engine and, for each term, the operations, bytes and random
 * numbers of a row. Accepts everything that has `how`: the results of `Compile.plans`, `valueAndGrad`, `value`, `hessian`, `hessianVector`
 * and `rowGradients`, a `Population.loss`, and `Sampler.how`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Objective, Problem, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * const plans = Problem.orThrow(
 *   Compile.plans({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.spherical({ components: 2 }),
 *     objective: Objective.denoising(NoiseLevels.at(0.3)),
 *     expectation: Expectation.monteCarlo()
 *   })({ rows: 2, dim: 1, values: Float64Array.of(-1, 1) })
 * )
 * // One number is drawn for each row, which has one column of eight bytes.
 * assert.match(Compile.explain(plans[0]), /a row: \d+ operations, 8 bytes read, 1 numbers drawn/)
 */
export const explain = <P extends string>(what: Pick<Program<P>, 'plan'> | Explanation | Explained): string => {
  const is = (name: string): boolean => (isRecord(what) || typeof what === 'function') && name in what
  if (!is('how') && !is('plan') && !['engine', 'reason', 'parts'].every(is))
    return mistaken('a program or a plan, of Compile.pipeline or Compile.plans,', what, 'Compile.explain(program)')
  if ('how' in what) return explain(what.how())
  return 'plan' in what
    ? what.plan.map(({ stage, engine, reason }, i) => `stage ${i + 1}: ${stage}\n  by ${engine}: ${reason}`).join('\n')
    : [`by ${what.engine}: ${what.reason}`, ...what.parts().map(profileText)].join('\n')
}
