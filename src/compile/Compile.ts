/**
 * Compile: a pure description and data in, a gradient computation out, or everything that is wrong with it at once.
 */
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import * as t from 'io-ts'
import { norm } from '../../lib/elementary.js'
import { compute, Key, matMul, mul, sub, tensor } from '../../lib/index.js'
import { isDeeper } from '../../lib/nesting.js'
import * as ExpectationMaximization from '../mixture/ExpectationMaximization.js'
import * as Dry from './Dry.js'
import * as Expectation from '../objective/Expectation.js'
import * as Fused from '../mixture/kernels/index.js'
import * as Initializer from '../pipeline/Initializer.js'
import * as Limits from '../core/Limits.js'
import * as Loss from './Loss.js'
import * as Noise from './Noise.js'
import * as Objective from '../objective/Objective.js'
import * as Optimizer from '../optimizer/Optimizer.js'
import * as Params from '../score/Params.js'
import { tooDeep, type Pipeline } from '../pipeline/Pipeline.js'
import * as Points from '../data/Points.js'
import * as Problem from '../core/Problem.js'
import { remembering, type Best, type CompiledStage, type Plan, type Program } from './Program.js'
import * as Reach from './Reach.js'
import * as Run from './Run.js'
import * as Schedule from '../schedule/Schedule.js'
import * as Score from '../score/Score.js'
import * as SplitAndMerge from '../mixture/SplitAndMerge.js'
import * as Stage from '../pipeline/Stage.js'
import * as Tagged from '../core/Tagged.js'
import * as TimeLaw from '../objective/TimeLaw.js'

export type CompileErrors = Problem.Problems

export type { Loss, Plan as LossPlan, ValueAndGradient } from './Loss.js'
export type { CompiledStage, Memory, Plan, Program, Step } from './Program.js'

/** √(Σ wᵢ|xᵢ|²), of weights that sum to 1. */
const rootMeanSquare = (points: Points.Points): number => {
  const weights = Points.weightsOf(points)
  return norm(points.values.map((x, k) => Math.sqrt(weights[Math.floor(k / points.dim)]) * x))
}

const refusals = <P extends string>(loss: Loss.Loss<P>, points: Points.Points): ReadonlyArray<Problem.Problem> => {
  const { score, objective, expectation } = loss
  const { family } = Score.interpret(score)
  const isMixture = O.isSome(family)
  const projection = pipe(
    family,
    O.chain(({ projection }) => projection)
  )
  const terms = Objective.terms(objective).map(({ term }) => term)
  const inExpectation = Tagged.fold<Expectation.Expectation>()<ReadonlyArray<Problem.Problem>>({
    MonteCarlo: () => [],
    Quadrature: ({ nodes }) => {
      // Data that are refused have no length.
      const length = nodes === undefined && E.isRight(Points.validate(points)) ? rootMeanSquare(points) : 0
      return [
        ...Problem.unless(
          pipe(
            projection,
            O.exists(({ slope }) => slope !== null)
          ),
          'expectation',
          `${Expectation.show(expectation)} of ${Score.show(score)}`,
          'of Score.symmetricPair, the score with a single direction that matters',
          'use Expectation.projected()'
        ),
        // The slope is at most half the length of the centre, which comes to lie within that of the data.
        ...Problem.unless(
          !(length > 2 * Noise.steepest),
          'expectation',
          `${Expectation.show(expectation)} of data whose root mean square length is ${length.toPrecision(3)}`,
          `of data within ${Math.floor(2 * Noise.steepest)}, for which ${Limits.nodes} nodes are enough`,
          'bring the components to variance 1 by a smaller unit, or give nodes and accept their error'
        )
      ]
    },
    Projected: () =>
      Problem.unless(
        O.isSome(projection),
        'expectation',
        `${Expectation.show(expectation)} of ${Score.show(score)}`,
        isMixture
          ? 'of a family that says which noise it sees, by its projection'
          : 'of the score of a mixture, whose centres say which noise matters',
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
  const seesAllNoise = Expectation.draws(expectation) === 'everywhere'
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
    ]),
    ...Loss.problems(loss, points)
  ]
}

const either = <A>(problems: ReadonlyArray<Problem.Problem>, value: () => A): E.Either<CompileErrors, A> => {
  const [first, ...rest] = Problem.listed(Limits.problems)(problems)
  return problems.length === 0 ? E.right(value()) : E.left([first, ...rest])
}

const problemsIn = (either: E.Either<ReadonlyArray<Problem.Problem>, unknown>): ReadonlyArray<Problem.Problem> =>
  E.isLeft(either) ? either.left : []

const lossProblems = <P extends string>(loss: Loss.Loss<P>, points: Points.Points): ReadonlyArray<Problem.Problem> => [
  ...Objective.problems(loss.schedule)(loss.objective).map(Problem.within('objective')),
  ...Expectation.problems(loss.expectation).map(Problem.within('expectation')),
  ...refusals(loss, points)
]

/** Whether a score can say what its parameters are; one that throws has that as a problem of its own, and no other. */
const hasShapes = <P extends string>(score: Score.Score<P>, { dim }: Points.Points): boolean =>
  E.isRight(E.tryCatch(() => Score.shapes(dim)(score), identity))

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
 *     expectation: Expectation.quadrature()
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
  (given: Points.Points): E.Either<CompileErrors, RNEA.ReadonlyNonEmptyArray<Loss.Plan<P>>> => {
    const points = Points.snapshot(given)
    const described = [
      ...commonProblems(loss, points),
      ...(hasShapes(loss.score, points) ? lossProblems(loss, points) : [])
    ]
    return either(described.length > 0 ? described : Dry.problems(loss, points, O.none), () => Loss.plans(loss, points))
  }

/** How the steps of a stage are judged. */
type Judge<P extends string> = Pick<CompiledStage<P>, 'change' | 'leaves'>

/** Where nothing is known of the parameters: a share of them, and nothing that the data say of them. */
const blind: Judge<string> = {
  change: (before, after) => {
    const moved = Params.norm(Params.zipWith((a, b) => a - b)(after, before))
    return moved === 0 ? 0 : moved / Params.norm(before)
  },
  leaves: () => null
}

/** By the family's own measure, and by how far the data reach with the noise that a stage looks at. */
const judge = <P extends string>(
  { family }: Score.Model<P>,
  points: Points.Points,
  schedule: Schedule.Schedule,
  times: ReadonlyArray<number>
): Judge<P> =>
  pipe(
    family,
    O.fold(
      (): Judge<P> => blind,
      family => {
        const noise = times
          .map(time => Schedule.level(time)(schedule))
          .reduce((most, { alpha, sigma }) => Math.max(most, sigma / alpha), 0)
        return {
          change: pipe(
            family.distance,
            O.getOrElse((): Judge<P>['change'] => blind.change)
          ),
          leaves: Reach.leaves(family, points, noise)
        }
      }
    )
  )

const compileDescend = <P extends string>(
  { evaluate }: Loss.Plan<P>,
  { optimizer, ...stopping }: Stage.Descend,
  judge: Judge<P>
): CompiledStage<P> =>
  remembering({
    stopping,
    ...judge,
    begin: Optimizer.anyInterpret<P>(optimizer).init,
    step: (params, state, key) => {
      const step = Optimizer.step(optimizer, (at: Params.Params<P>) => evaluate(at, key))
      const { value, gradient, ...next } = step({ params, state })
      return { value, norm: Params.norm(gradient), params: next.params, memory: next.state }
    },
    finish: (params, state) => Optimizer.estimate(optimizer, params, state),
    memoryCodec: Optimizer.stateCodec<P>(optimizer)
  })

/** A stage that remembers nothing: a map of the parameters, and of a key if it draws noise. */
const compileMap = <P extends string>(
  stopping: Omit<Stage.Stopping, 'gradientNorm'>,
  judge: Judge<P>,
  next: (params: Params.Params<P>, key: Key.Key) => { readonly value: number; readonly params: Params.Params<P> }
): CompiledStage<P> =>
  remembering<P, null>({
    stopping: { ...stopping, gradientNorm: 0 },
    ...judge,
    begin: () => null,
    step: (params, _, key) => {
      const taken = next(params, key)
      return { ...taken, norm: Params.norm(Params.zipWith((a, b) => a - b)(taken.params, params)), memory: null }
    },
    finish: identity,
    memoryCodec: t.null
  })

const bestCodec: t.Type<Best, unknown> = t.type({ best: t.union([t.number, t.null]) })

/** Attempt after attempt; the parameters are those of the best so far, by the likelihood where there is one. */
const compileRestart = <P extends string>(
  attempt: Program<P>,
  times: number,
  points: Points.Points
): CompiledStage<P> => {
  const loss: (state: Run.State<P>) => number = pipe(
    Score.interpret(attempt.pipeline.score).family,
    O.map(family => ExpectationMaximization.loss(family, points)),
    O.fold(
      () =>
        ({ value }) =>
          value ?? Infinity,
      loss =>
        ({ params }) =>
          loss(params)
    )
  )
  return remembering<P, Best>({
    stopping: { steps: times, gradientNorm: 0, relativeChange: 0 },
    ...blind,
    begin: () => ({ best: null }),
    step: (params, { best }, key) => {
      const keys = pipe(key, Key.named('start', 'steps'))
      const start = best === null ? params : attempt.start(keys.start)
      const last = Run.last({ ...attempt, start: () => start })(keys.steps)
      const found = last.status._tag === 'Failed' ? Infinity : loss(last)
      const better = found < (best ?? Infinity)
      return {
        value: better ? found : (best ?? Number.MAX_VALUE),
        norm: 0,
        params: better ? last.params : params,
        memory: { best: better ? found : (best ?? Number.MAX_VALUE) }
      }
    },
    finish: identity,
    memoryCodec: bestCodec
  })
}

/** All of a stage in one step, kept where it ends likelier and loses no component. */
const compileGuarded = <P extends string>(
  family: Score.Family<P>,
  inner: Program<P>,
  judged: Judge<P>,
  points: Points.Points
): CompiledStage<P> => {
  const judge = ExpectationMaximization.judge(family, points)
  return compileMap({ steps: 1, relativeChange: 0 }, judged, (params, key) => {
    const last = Run.last({ ...inner, start: () => params })(key)
    const [before, after] = [judge(params), judge(last.params)]
    const isBetter = last.status._tag !== 'Failed' && after.value < before.value && after.lost <= before.lost
    return { value: before.value, params: isBetter ? last.params : params }
  })
}

/** A batch is of rows that are there, and meets noise that is drawn for it. */
const batchProblems = (
  { batch, expectation }: Stage.Descend,
  { rows }: Points.Points
): ReadonlyArray<Problem.Problem> =>
  batch === undefined
    ? []
    : [
        ...Problem.unless(batch <= rows, 'batch', batch, `≤ ${rows}, the number of rows`, 'leave it out for all rows'),
        ...Problem.unless(
          expectation._tag !== 'Fixed',
          'expectation',
          Expectation.show(expectation),
          'one that draws noise for a batch',
          'use Expectation.monteCarlo(), or leave out the batch'
        )
      ]

/** What the optimizer of a stage asks of its loss, in vain. */
const optimizerProblems =
  <P extends string>({ score, objective, expectation }: Omit<Loss.Loss<P>, 'schedule'>, { dim }: Points.Points) =>
  ({ optimizer, batch }: Stage.Descend): ReadonlyArray<Problem.Problem> => {
    const noiseless = Objective.terms(objective).every(({ term }) => !Objective.isMatching(term))
    const noise = noiseless || Expectation.isDeterministic(expectation) ? null : Expectation.show(expectation)
    const random = batch === undefined ? noise : `a batch of ${batch} rows`
    return Optimizer.misfits({ shapes: Score.shapes(dim)(score), random })(optimizer)
  }

/** Stages that come to more than a program holds, or to more attempts than anybody waits for. */
const sizeProblems = (stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<Problem.Problem> => {
  const { stages: count, attempts } = Stage.extent(Stage.sequence(stages))
  return [
    ...Problem.unless(
      count <= Limits.stages,
      'stages',
      `${count} stages when they are written out`,
      `at most ${Limits.stages}`,
      'repeat less, or let a stage take more steps'
    ),
    ...Problem.unless(
      attempts <= Limits.attempts,
      'stages',
      `${attempts} attempts of restarts within restarts`,
      `at most ${Limits.attempts}`,
      'restart once, around everything'
    )
  ]
}

interface Compiled<P extends string> {
  readonly plan: Plan
  /** It looks at the data, and so is made only when nothing is wrong with them. */
  readonly stage: E.Either<ReadonlyArray<Problem.Problem>, () => CompiledStage<P>>
}

/** How a stage of a pipeline is to be computed on the data, or what is wrong with it beside its description. */
const compileStage = <P extends string>(
  pipeline: Pipeline<P>,
  start: (key: Key.Key) => Params.Params<P>,
  points: Points.Points,
  sound: boolean
): ((stage: Stage.Simple) => Compiled<P>) => {
  const { schedule, score } = pipeline
  const dry = new WeakMap<Stage.Simple, ReadonlyArray<Problem.Problem>>()
  /** What is wrong with a user's own functions, tried once for each stage of the description, however often repeated. */
  const tried = (stage: Stage.Descend, loss: Loss.Loss<P>): ReadonlyArray<Problem.Problem> => {
    const found = dry.get(stage) ?? Dry.problems(loss, points, O.some(start(Key.fromSeed(0))))
    dry.set(stage, found)
    return found
  }
  const { family } = Score.interpret(score)
  const judged = (times: ReadonlyArray<number>): Judge<P> => judge(Score.interpret(score), points, schedule, times)
  const passes = (): string =>
    pipe(
      family,
      O.filter(({ kernel }) => O.isSome(kernel)),
      O.fold(
        () => 'responsibilities are interpreted',
        family => `a pass runs ${Fused.how(points, Score.centreCount(family, points.dim))}`
      )
    )
  const refused = (domain: string, remedy: string): ReadonlyArray<Problem.Problem> => [
    Problem.of('score', Score.show(score), domain, remedy)
  ]
  /** The family of the score, where it has one. */
  const needed = (domain: string, remedy: string): E.Either<ReadonlyArray<Problem.Problem>, Score.Family<P>> =>
    pipe(
      family,
      E.fromOption(() => refused(domain, remedy))
    )
  const all: (stage: Stage.Simple) => Compiled<P> = Tagged.fold<Stage.Simple>()<Compiled<P>>({
    Descend: stage => {
      const loss = { schedule, score, objective: stage.objective, expectation: stage.expectation }
      const evaluations = stage.steps
      const plan =
        stage.batch === undefined
          ? Loss.plans(loss, points, { evaluations })[0]
          : Loss.batched(loss, points, stage.batch, evaluations)
      return {
        plan: { stage: Stage.formula(stage), engine: plan.engine, reason: plan.reason },
        stage: pipe(
          [...refusals(loss, points), ...batchProblems(stage, points), ...optimizerProblems(loss, points)(stage)],
          problems => (problems.length > 0 || !sound ? problems : tried(stage, loss)),
          E.fromPredicate(RA.isEmpty, identity),
          E.map(() => () => {
            const times = Objective.terms(stage.objective).flatMap(({ term }) =>
              Objective.isMatching(term) ? TimeLaw.quadrature(schedule, Loss.TIME_NODES)(term.timeLaw) : []
            )
            return compileDescend(plan, stage, judged(times.map(({ time }) => time)))
          })
        )
      }
    },
    ExpectationMaximization: stage => ({
      plan: {
        stage: Stage.formula(stage),
        engine: 'closed form',
        reason: `the maximiser of the expected log-likelihood is known; ${passes()}`
      },
      stage: pipe(
        needed('the score of a mixture, as expectation–maximization needs', 'use Stage.descend'),
        E.filterOrElse(ExpectationMaximization.serves, () =>
          refused(
            'that of a family with an M-step, as expectation–maximization needs',
            'use Stage.descend, or give the family its mStep'
          )
        ),
        E.map(family => () => {
          const { time, varianceFloor } = stage
          return compileMap(
            stage,
            judged(time === undefined ? [] : [time]),
            time === undefined
              ? ExpectationMaximization.step(family, varianceFloor, points)
              : ExpectationMaximization.noisyStep(family, varianceFloor, points, Schedule.level(time)(schedule))
          )
        })
      )
    }),
    SplitAndMerge: stage => ({
      plan: {
        stage: Stage.formula(stage),
        engine: 'closed form',
        reason: `responsibilities say what a component costs and its halves gain; ${passes()}`
      },
      stage: pipe(
        needed('the score of a mixture, as split and merge needs', 'leave the stage out'),
        E.filterOrElse(
          ({ mirrored }) => !mirrored,
          () => refused('that of components with centres of their own, as split and merge needs', 'leave the stage out')
        ),
        E.filterOrElse(SplitAndMerge.serves, () =>
          refused(
            'that of a family that goes from and to mixtures and has an M-step, as split and merge needs',
            'leave the stage out, or give the family its fromMixture, toMixture and mStep'
          )
        ),
        // A step that keeps no move changes nothing, and is the last.
        E.map(
          family => () =>
            compileMap(
              { steps: stage.steps, relativeChange: Number.MIN_VALUE },
              judged([]),
              SplitAndMerge.step(family, stage, points)
            )
        )
      )
    }),
    PowerIteration: stage => ({
      plan: { stage: Stage.formula(stage), engine: 'closed form', reason: 'a product with the second moment' },
      stage: pipe(
        family,
        O.filter(({ mirrored }) => mirrored),
        O.chain(({ start }) => start),
        E.fromOption(() =>
          refused('Score.symmetricPair, whose centre is an eigenvector', 'start with Initializer.spectral')
        ),
        E.map(start => () => compileMap(stage, judged([]), powerIteration(start, points)))
      )
    }),
    Restart: ({ times, stage }) => {
      const { engines, program } = within(stage)
      return {
        plan: { stage: Stage.formula(stage), engine: 'restarts', reason: `${times} attempts, each by ${engines}` },
        stage: pipe(
          program,
          E.map(program => () => compileRestart(program(), times, points))
        )
      }
    },
    Guarded: ({ stage }) => {
      const { engines, program } = within(stage)
      return {
        plan: {
          stage: Stage.formula(stage),
          engine: 'guard',
          reason: `one attempt by ${engines}, kept where likelier`
        },
        stage: pipe(
          E.Do,
          E.apS('family', needed('the score of a mixture, whose likelihood is known', 'use the stage by itself')),
          E.apS('program', program),
          E.map(
            ({ family, program }) =>
              () =>
                compileGuarded(family, program(), judged([]), points)
          )
        )
      }
    }
  })
  /** A stage as a program of its own. */
  const within = (
    stage: Stage.Stage
  ): {
    readonly engines: string
    readonly program: E.Either<ReadonlyArray<Problem.Problem>, () => Program<P>>
  } => {
    const inner = Stage.simple(stage).map(({ path, stage }) => ({ path, compiled: all(stage) }))
    const problems = inner.flatMap(({ path, compiled }) =>
      problemsIn(compiled.stage).map(Problem.within(path === '' ? 'stage' : `stage.${path}`))
    )
    return {
      engines: inner.map(({ compiled }) => compiled.plan.engine).join(', '),
      program:
        problems.length > 0
          ? E.left(problems)
          : E.right(() => ({
              pipeline,
              start,
              data: () => Points.fingerprint(points),
              stages: inner.flatMap(({ compiled: { stage } }) => (E.isRight(stage) ? [stage.right()] : [])),
              plan: inner.map(({ compiled }) => compiled.plan)
            }))
    }
  }
  return all
}

const powerIteration = <P extends string>(
  { centres, fromCentres }: Score.Start<P>,
  points: Points.Points
): ((params: Params.Params<P>) => { readonly value: number; readonly params: Params.Params<P> }) => {
  const { rows, dim } = points
  const weights = Points.weightsOf(points)
  return params => {
    const { shape, values: centre } = centres(params)
    // Ĉc − c by two products with the data: Ĉ is dim × dim.
    const { values: moved } = compute(() => {
      const c = tensor(centre, [dim, 1])
      const x = Points.tensor(points)
      return sub(matMul(x, mul(tensor(weights, [rows, 1]), matMul(x, c)), { transposeA: true }), c)
    })
    const squared = (v: Float64Array): number => v.reduce((sum, x) => sum + x * x, 0)
    const along = centre.reduce((sum, c, i) => sum + c * moved[i], 0) / squared(centre)
    const length = Math.sqrt(Math.max(along, 1 / points.rows) / squared(moved))
    return {
      // What it minimises: minus the Rayleigh quotient.
      value: -along,
      params: fromCentres({ shape, values: moved.map(v => length * v) }, 1)
    }
  }
}

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
  (given: Points.Points): E.Either<CompileErrors, Program<P>> => {
    if (isDeeper(pipeline, Limits.depth)) return E.left([tooDeep('pipeline')])
    const points = Points.snapshot(given)
    const { score, initializer, stages } = pipeline
    const common = commonProblems(pipeline, points)
    // An initializer looks at the data, and at nothing that is already known to be wrong.
    const start: Initializer.Start<P> =
      common.length > 0
        ? E.left(Initializer.problems(initializer).map(Problem.within('initializer')))
        : pipe(initializer, Initializer.interpret(score, points))
    const described = stages.flatMap((stage, i) =>
      Stage.problems(pipeline.schedule)(stage).map(Problem.within(`stages[${i}]`))
    )
    const begin = E.isRight(start) ? start.right : () => Params.zeros(Score.shapes(points.dim)(score))
    // A stage that is wrong in itself is not looked at further, nor are stages that come to too many.
    const sound = stages.map(stage => Stage.problems(pipeline.schedule)(stage).length === 0)
    const compileSimple = compileStage(pipeline, begin, points, common.length === 0 && E.isRight(start))
    const oversized = sound.every(identity) ? sizeProblems(stages) : []
    const compiled = stages.flatMap((stage, i) =>
      !sound[i] || oversized.length > 0 || !hasShapes(score, points)
        ? []
        : Stage.simple(stage).map(({ path, stage }) => ({
            path: path === '' ? `stages[${i}]` : `stages[${i}].${path}`,
            ...compileSimple(stage)
          }))
    )
    const problems = [
      ...common,
      ...problemsIn(start),
      ...described,
      ...oversized,
      ...compiled.flatMap(({ path, stage }) => problemsIn(stage).map(Problem.within(path)))
    ]
    return either(problems, () => ({
      pipeline,
      start: begin,
      data: () => Points.fingerprint(points),
      stages: compiled.flatMap(({ stage }) => (E.isRight(stage) ? [stage.right()] : [])),
      plan: compiled.map(({ plan }) => plan)
    }))
  }

/** The plan as text, a line a stage. */
export const explain = <P extends string>({ plan }: Pick<Program<P>, 'plan'>): string =>
  plan.map(({ stage, engine, reason }, i) => `stage ${i + 1}: ${stage}\n  by ${engine}: ${reason}`).join('\n')
