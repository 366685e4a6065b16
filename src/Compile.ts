/**
 * Compile: a pure description and data in, a gradient computation out, or everything that is wrong with it at once.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import type * as t from 'io-ts'
import { type Key } from '../lib/index.js'
import * as ExpectationMaximization from './ExpectationMaximization.js'
import * as Expectation from './Expectation.js'
import * as Initializer from './Initializer.js'
import * as Loss from './Loss.js'
import * as Objective from './Objective.js'
import * as Optimizer from './Optimizer.js'
import * as Params from './Params.js'
import type { Pipeline } from './Pipeline.js'
import * as Points from './Points.js'
import * as Problem from './Problem.js'
import * as Schedule from './Schedule.js'
import * as Score from './Score.js'
import * as Stage from './Stage.js'
import * as Tagged from './Tagged.js'

export type CompileErrors = Problem.Problems

/** How a stage is computed, and why. */
export interface Plan {
  readonly stage: string
  readonly engine: Loss.Plan<string>['engine'] | 'closed form'
  readonly reason: string
}

/** What one step of a stage found and did. */
export interface Step<P extends string> {
  /** The objective at the parameters the step started from. */
  readonly value: number
  /** The Euclidean norm of the gradient there; for expectation–maximization, which has none, that of the step. */
  readonly norm: number
  readonly params: Params.Params<P>
  readonly optimizer: Optimizer.AnyState<P>
}

/** A stage ready to run. */
export interface CompiledStage<P extends string> {
  readonly stopping: Stage.Stopping
  readonly begin: (params: Params.Params<P>) => Optimizer.AnyState<P>
  readonly step: (params: Params.Params<P>, optimizer: Optimizer.AnyState<P>, key: Key.Key) => Step<P>
  readonly optimizerCodec: t.Type<Optimizer.AnyState<P>, unknown>
}

/** A pipeline that fits its data, ready to run. */
export interface Program<P extends string> {
  readonly pipeline: Pipeline<P>
  readonly start: (key: Key.Key) => Params.Params<P>
  readonly stages: ReadonlyArray<CompiledStage<P>>
  /** What was chosen for each stage, and why. */
  readonly plan: ReadonlyArray<Plan>
}

const refusals = <P extends string>(
  { score, objective, expectation }: Omit<Loss.Loss<P>, 'schedule'>,
  points: Points.Points
): ReadonlyArray<Problem.Problem> => {
  const isMixture = O.isSome(Score.interpret(score).family)
  const terms = Objective.terms(objective).map(({ term }) => term)
  const inExpectation = Tagged.fold<Expectation.Expectation>()<ReadonlyArray<Problem.Problem>>({
    MonteCarlo: () => [],
    Quadrature: () =>
      Problem.unless(
        score._tag === 'SymmetricPair',
        'expectation',
        `${Expectation.show(expectation)} of ${Score.show(score)}`,
        'of Score.symmetricPair, the score with a single direction that matters',
        'use Expectation.projected()'
      ),
    Projected: () =>
      Problem.unless(
        isMixture,
        'expectation',
        `${Expectation.show(expectation)} of ${Score.show(score)}`,
        'of the score of a mixture, whose centres say which noise matters',
        'use Expectation.monteCarlo()'
      ),
    Fixed: ({ noise }) =>
      Problem.unless(
        noise.shape[0] === points.rows && noise.shape[1] === points.dim,
        'expectation.noise',
        noise.shape.join(' × '),
        `${points.rows} × ${points.dim}, a row for each row of the data`,
        'draw as much noise as there is data'
      )
  })(expectation)
  const seesAllNoise = expectation._tag === 'MonteCarlo' || expectation._tag === 'Fixed'
  return [
    ...inExpectation,
    ...terms.flatMap(term => [
      ...Problem.unless(
        term._tag !== 'Custom' || seesAllNoise,
        'expectation',
        `${Expectation.show(expectation)} of ${Objective.show(term)}`,
        'one that draws the noise itself, which a custom objective may look at',
        'use Expectation.monteCarlo()'
      ),
      ...Problem.unless(
        term._tag !== 'Likelihood' || isMixture,
        'objective',
        `Objective.likelihood of ${Score.show(score)}`,
        'of the score of a mixture, which has a density',
        'use Objective.denoising or Objective.implicit'
      )
    ])
  ]
}

const either = <A>(problems: ReadonlyArray<Problem.Problem>, value: () => A): E.Either<CompileErrors, A> => {
  const [first, ...rest] = problems
  return problems.length === 0 ? E.right(value()) : E.left([first, ...rest])
}

const problemsIn = (either: E.Either<ReadonlyArray<Problem.Problem>, unknown>): ReadonlyArray<Problem.Problem> =>
  E.isLeft(either) ? either.left : []

const lossProblems = <P extends string>(loss: Loss.Loss<P>, points: Points.Points): ReadonlyArray<Problem.Problem> => [
  ...Objective.problems(loss.schedule)(loss.objective).map(Problem.within('objective')),
  ...Expectation.problems(loss.expectation).map(Problem.within('expectation')),
  ...refusals(loss, points)
]

const commonProblems = <P extends string>(
  { schedule, score }: Pick<Loss.Loss<P>, 'schedule' | 'score'>,
  points: Points.Points
): ReadonlyArray<Problem.Problem> => [
  ...pipe(
    Points.validate(points),
    E.mapLeft((problem): ReadonlyArray<Problem.Problem> => [problem]),
    problemsIn
  ).map(Problem.within('points')),
  ...Schedule.problems(schedule).map(Problem.within('schedule')),
  ...Score.problems(points)(score).map(Problem.within('score'))
]

/**
 * The value of an objective and its gradient with respect to the parameters at time 0, as a function of parameters and
 * a key. The same key gives the same noise and so the same bits. Parameters of the wrong shape throw a RangeError: they
 * are the caller's own.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key } from 'ornstein/float64'
 * import { Compile, Expectation, Objective, Params, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * const compiled = pipe(
 *   { rows: 2, dim: 1, values: Float64Array.of(-1, 1) },
 *   Compile.valueAndGrad({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.symmetricPair,
 *     objective: Objective.implicit(TimeLaw.at(0.5)),
 *     expectation: Expectation.quadrature({ nodes: 16 })
 *   })
 * )
 * assert.ok(E.isRight(compiled))
 * const { gradient } = compiled.right(Params.of({ mean: [0] }), Key.fromSeed(0))
 * assert.equal(gradient.mean.values[0], 0) // the saddle at 0
 */
export const valueAndGrad =
  <P extends string>(loss: Loss.Loss<P>) =>
  (
    points: Points.Points
  ): E.Either<CompileErrors, (params: Params.Params<P>, key: Key.Key) => Loss.ValueAndGradient<P>> =>
    pipe(
      points,
      plans(loss),
      E.map(([{ evaluate }]) => {
        const wanted = Score.shapes(points.dim)(loss.score)
        return (params, key) => evaluate(Params.checked(wanted)(params), key)
      })
    )

/** Every way to compute the loss on the data, the chosen one first: from the same key the same number, up to rounding. */
export const plans =
  <P extends string>(loss: Loss.Loss<P>) =>
  (points: Points.Points): E.Either<CompileErrors, RNEA.ReadonlyNonEmptyArray<Loss.Plan<P>>> =>
    either([...commonProblems(loss, points), ...lossProblems(loss, points)], () => Loss.plans(loss, points))

const compileDescend = <P extends string>({ evaluate }: Loss.Plan<P>, stage: Stage.Descend): CompiledStage<P> => {
  const { init, update } = Optimizer.anyInterpret<P>(stage.optimizer)
  return {
    stopping: stage,
    begin: init,
    step: (params, state, key) => {
      const { value, gradient } = evaluate(params, key)
      const [step, optimizer] = update(gradient, state, params)
      return { value, norm: Params.norm(gradient), params: Params.zipWith((p, s) => p + s)(params, step), optimizer }
    },
    optimizerCodec: Optimizer.stateCodec(stage.optimizer)
  }
}

const compileEM = <P extends string>(
  family: Score.Family<P>,
  stage: Stage.ExpectationMaximization,
  points: Points.Points
): CompiledStage<P> => {
  const update = ExpectationMaximization.step(family, stage.varianceFloor, points)
  return {
    stopping: { ...stage, gradientNorm: 0 },
    begin: () => null,
    step: params => {
      const { value, params: next } = update(params)
      return { value, norm: Params.norm(Params.zipWith((a, b) => a - b)(next, params)), params: next, optimizer: null }
    },
    optimizerCodec: Optimizer.stateCodec(Optimizer.scale(1))
  }
}

interface Compiled<P extends string> {
  readonly plan: Plan
  readonly stage: E.Either<ReadonlyArray<Problem.Problem>, () => CompiledStage<P>>
}

/** How a stage of a pipeline is to be computed on the data, or what is wrong with it. */
const compileStage = <P extends string>(
  { schedule, score }: Pipeline<P>,
  points: Points.Points
): ((stage: Stage.Stage) => Compiled<P>) =>
  Stage.fold<Compiled<P>>({
    Descend: stage => {
      const loss = { schedule, score, objective: stage.objective, expectation: stage.expectation }
      const problems = [...Stage.problems(schedule)(stage), ...refusals(loss, points)]
      const [plan] = Loss.plans(loss, points)
      return {
        plan: { stage: Stage.formula(stage), engine: plan.engine, reason: plan.reason },
        stage: problems.length > 0 ? E.left(problems) : E.right(() => compileDescend(plan, stage))
      }
    },
    ExpectationMaximization: stage => {
      const problems = Stage.problems(schedule)(stage)
      const custom = Problem.of(
        'score',
        Score.show(score),
        'the score of a mixture, as expectation–maximization needs',
        'use Stage.descend'
      )
      return {
        plan: {
          stage: Stage.formula(stage),
          engine: 'closed form',
          reason: 'the maximiser of the expected log-likelihood is known'
        },
        stage: pipe(
          Score.interpret(score).family,
          E.fromOption(() => [...problems, custom]),
          E.chain(family => (problems.length > 0 ? E.left(problems) : E.right(() => compileEM(family, stage, points))))
        )
      }
    }
  })

/**
 * A pipeline on data, ready to run; or all that is wrong with it.
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
 *   'score.components: 3 is not ≤ 2, the number of rows; ask for fewer components or give more data'
 * )
 */
export const pipeline =
  <P extends string>(pipeline: Pipeline<P>) =>
  (points: Points.Points): E.Either<CompileErrors, Program<P>> => {
    const { score, initializer, stages } = pipeline
    const common = commonProblems(pipeline, points)
    // An initializer looks at the data, and at nothing that is already known to be wrong.
    const start: Initializer.Start<P> =
      common.length > 0 ? E.left([]) : pipe(initializer, Initializer.interpret(score, points))
    const compiled = stages.map(compileStage(pipeline, points))
    const problems = [
      ...common,
      ...problemsIn(start),
      ...compiled.flatMap(({ stage }, i) => problemsIn(stage).map(Problem.within(`stages[${i}]`)))
    ]
    return pipe(
      either(problems, () => compiled),
      E.chain(compiled =>
        pipe(
          E.Do,
          E.apS('start', start),
          E.apS('stages', E.sequenceArray(compiled.map(({ stage }) => stage))),
          E.bimap(
            ([first, ...rest]): CompileErrors => [first, ...rest],
            ({ start, stages }) => ({
              pipeline,
              start,
              stages: stages.map(begin => begin()),
              plan: compiled.map(({ plan }) => plan)
            })
          )
        )
      )
    )
  }

/** The plan as text, a line a stage. */
export const explain = <P extends string>({ plan }: Pick<Program<P>, 'plan'>): string =>
  plan.map(({ stage, engine, reason }, i) => `stage ${i + 1}: ${stage}\n  by ${engine}: ${reason}`).join('\n')
