/** From a table and a few choices to a fit: pure, except for who watches. */
import * as E from 'fp-ts/lib/Either.js'
import * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as O from 'fp-ts/lib/Option.js'
import { Compile, Fit, type Mixture, type Params, type Points, Recipe as Recipes, Score } from '../index.js'
import * as Statistics from '../mixture/statistics.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Stage from '../pipeline/stage.js'
import * as Problem from '../core/problem.js'
import type * as Component from '../mixture/families/fixed.js'
import * as Place from '../data/place.js'
import * as Source from '../data/source/index.js'
import { word } from '../fit/text.js'
import { type Choice, type Findings, type StageRun } from '../report/findings.js'
import { evaluatePipelineResult, evaluationData, type Evaluation } from '../fit/evaluation.js'
import * as Missing from '../mixture/em/missing.js'
import { magnitudeProblems, type TrainingData } from '../fit/trainingData.js'
import { faultless, inside } from './checked.js'
import { familyOf, learnsVariances, type Named } from './families.js'
import * as ScoreModel from '../fit/scoreModel.js'
import { GROWN, type Recipe } from './recipeNames.js'
import * as Rows from './rows.js'
import { heardAmong, shiftOf, traced, type Control, type Traced } from './running.js'
import { speaker } from './tableOptions.js'
import { failed, refusal, refused, type Failure, type Signal } from './world.js'

/** Where the pipeline comes from: a recipe, what learned the candidate that was chosen, or a file of one's own. */
export type Origin =
  | { readonly _tag: 'Recipe'; readonly score: Score.Score<string>; readonly recipe: Recipe }
  | {
      readonly _tag: 'Chosen'
      readonly pipeline: Pipeline.Pipeline<string>
      /**
       * Whether the search learned it to the end. If not, the pipeline has the steps that are left, unless a signal came
       * before.
       */
      readonly isSettled: boolean
      /** What is told as it stands, such as of a source, whose passes are not taken twice. Null where the pipeline is run. */
      readonly candidate: Fit.Ranked | null
    }
  | { readonly _tag: 'Pipeline'; readonly path: string; readonly pipeline: Pipeline.Pipeline<string> }

/** What is left open of a family and a number of components. */
export interface Open {
  /** All whose variances are learned, where it is left open too. */
  readonly families: ReadonlyArray<Named> | undefined
  readonly components: ReadonlyArray<number> | undefined
  readonly criterion: Fit.Criterion
  /** So many starts, of which the best is kept. */
  readonly starts: number
  /** Whether families are compared with tails and beside a background too. */
  readonly robust: boolean
  /** The background that families are compared beside too; null for none. */
  readonly background: 'cauchy' | 'box' | null
  /** Components that are known, by the table's columns; null where none is. */
  readonly fixed: ReadonlyArray<Component.Fixed> | null
}

export interface Task {
  readonly source: string
  readonly table: Rows.Rows
  /** Where sums over its rows are taken. */
  readonly place: Place.Place
  readonly standardize: boolean
  readonly origin: Origin
  readonly seed: number
  /** How many rows the mean of the prior counts as; null for none. */
  readonly prior: number | null
}

/** A place for rows as they are learned from. */
const placeOf = ({ place }: Task, { scaling }: TrainingData): Place.Place =>
  scaling === null ? place : Place.scaled(scaling, place)

const recipeOf: Readonly<Record<Recipe, Recipes.Recipe>> = {
  annealed: Recipes.annealed,
  'two-stage': Recipes.twoStage,
  em: Recipes.expectationMaximization,
  'maximum-likelihood': Recipes.maximumLikelihood,
  spectral: Recipes.spectral
}

/** The pipeline that a recipe makes of a score and data, to the mode of the posterior where there is a prior. */
const byRecipe =
  <P extends string>(score: Score.Score<P>, recipe: Recipe, prior: number | null) =>
  (points: Source.Data): E.Either<Failure, Pipeline.Pipeline<string>> => {
    // The recipe looks at the data, and at nothing that is already known to be wrong.
    const problems = pipe(score, Score.problems(points)).map(problem => ({ ...problem, field: `--${problem.field}` }))
    const sound = faultless(problems, undefined)
    if (E.isLeft(sound)) return E.left(refused(sound.left))
    const made: Pipeline.Pipeline<string> = recipeOf[recipe](score)(points)
    if (prior === null) return E.right(made)
    const under = Pipeline.underPrior(prior)(made)
    return O.isSome(Pipeline.prior(under))
      ? E.right(under)
      : refusal(
          '--prior',
          prior,
          `available with --family ${word(score._tag)}, which is learned by descent`,
          'leave it out, or choose another family'
        )
  }

/** What a mixture can be learned from at all: columns within reach, and more rows than one for a variance. */
const learnable = ({ table: { data, columns }, source, origin }: Omit<Task, 'place'>): E.Either<Failure, void> => {
  const score = origin._tag === 'Recipe' ? origin.score : origin.pipeline.score
  const all = [
    ...magnitudeProblems(Rows.standardized(data), columns).map(inside(source)),
    ...Problem.unless(
      data.rows > 1 || !learnsVariances(score),
      source,
      'a table of one row',
      'at least two rows, which a variance needs',
      'give more rows, or choose a family with variance 1: --family spherical'
    )
  ]
  return E.mapLeft(refused)(faultless(all, undefined))
}

/** The rows of a task as they are learned from. */
export const scaled = ({ table: { data }, standardize }: Task): TrainingData => Rows.scaled(data, standardize)

/** The pipeline for these data. */
export const pipelineOf = (task: Task): E.Either<Failure, Pipeline.Pipeline<string>> =>
  pipe(
    learnable(task),
    E.flatMap(() => {
      const { origin, prior } = task
      return origin._tag === 'Recipe'
        ? byRecipe(origin.score, origin.recipe, prior)(scaled(task).scaled)
        : E.right(origin.pipeline)
    })
  )

/** Parameters that are not finite are no result, however the run ended. */
const finite = <F extends Pick<Findings, 'mixture' | 'statistics'>>(fit: F): E.Either<Failure, F> => {
  const { mixture, statistics } = fit
  const isWrong = (x: number): boolean => !Number.isFinite(x)
  const wrong = (
    [
      ['weights', Array.from(mixture.weights)],
      ['means', Array.from(mixture.means.values)],
      ['variances', Array.from(mixture.variances, v => (v > 0 ? v : NaN))],
      ['log-likelihood', [statistics.logLikelihood, statistics.bic]]
    ] as const
  ).flatMap(([name, numbers]) => {
    const found = numbers.find(isWrong)
    return found === undefined
      ? []
      : [Problem.of(`the ${name} learned`, found, 'finite and possible', 'try --standardize, another seed or recipe')]
  })
  return E.mapLeft(failed)(faultless(wrong, fit))
}

/** Problems of the part of the command line that asked for it. */
const problemsOf =
  (place: string) =>
  (failure: Failure): Failure => ({ ...failure, problems: NEA.map(inside(place))(failure.problems) })

/** What was learned, to the end or until a signal stopped it. */
export interface Reached {
  readonly fit: Findings
  readonly stopped: Signal | null
}

/** The mixture that parameters are. */
const mixtureOf = (
  { score }: Pipeline.Pipeline<string>,
  params: Params.Params<string>
): E.Either<Failure, Mixture.Mixture> =>
  pipe(
    params,
    Score.toMixture(score),
    E.fromOption(() => refused(Problem.of('score', Score.show(score), 'that of a mixture', 'use Score.isotropic')))
  )

/** What is told of a mixture that was learned for a task. `recipe` is its recipe's name, or where the pipeline came from. */
const findingsOf = (
  { source, table, origin, seed, prior }: Task,
  scaling: Points.Scaling | null,
  pipeline: Pipeline.Pipeline<string>,
  rest: Evaluation & Pick<Findings, 'recipe' | 'stages' | 'plan' | 'searched'>
): E.Either<Failure, Findings> =>
  finite({
    ...rest,
    choice: null,
    starts: null,
    bootstrap: null,
    tests: null,
    hint: null,
    stuck: null,
    source,
    seed,
    scaling,
    pipeline,
    ...Rows.shown(table),
    isSettled: origin._tag === 'Chosen' ? origin.isSettled : null,
    isStreamed: Source.isSource(table.data),
    missing: Missing.count(table.data),
    empty: table.empty,
    columns: table.columns,
    ignored: table.ignored,
    doubtful: table.doubtful,
    classes: table.kept ?? [],
    dropped: table.dropped,
    family: familyOf(pipeline.score),
    prior: prior ?? O.toNullable(Pipeline.prior(pipeline))
  })

/**
 * Stages with log-likelihoods of rows in the data's own units: log p(x) = log p(z) − Σⱼ log sⱼ, where z = (x − c)/s is what was learned
 * from. Other objectives stay as they were minimised.
 */
const inOwnUnits = (
  { stages: written }: Pipeline.Pipeline<string>,
  scaling: Points.Scaling | null,
  stages: ReadonlyArray<StageRun>
): ReadonlyArray<StageRun> => {
  const shift = shiftOf(scaling)
  const simple = written.flatMap(Stage.simple)
  return stages.map((stage, i) =>
    simple[i].simple.loss !== undefined ? stage : { ...stage, values: stage.values.map(value => value + shift) }
  )
}

/** Learns by a pipeline. */
const learnBy =
  (control: Control, task: Task, recipe: string) =>
  (asked: Pipeline.Pipeline<string>): TE.TaskEither<Failure, Reached> => {
    const data = scaled(task)
    return pipe(
      // What was learned from missing cells has no more steps to take.
      traced(control, asked, task.seed, Missing.completed(data.scaled), placeOf(task, data), data.scaling),
      TE.flatMapEither(({ program, params, stages: ran, stopped }) => {
        const { pipeline } = program
        const mixture = mixtureOf(pipeline, params)
        if (E.isLeft(mixture)) return mixture
        const found = evaluatePipelineResult(mixture.right, evaluationData(data, task.place), pipeline)
        const stages = inOwnUnits(pipeline, data.scaling, ran)
        const rest = { ...found, recipe, stages, plan: Compile.explain(program), searched: 0 }
        return pipe(
          findingsOf(task, data.scaling, pipeline, rest),
          E.map(fit => ({ fit, stopped }))
        )
      })
    )
  }

/** A candidate as it stands; what was left before its passes is held to all rows. */
const standing = (task: Task, { pipeline, isSettled, steps, ...found }: Fit.Ranked): E.Either<Failure, Reached> => {
  const { data } = task.table
  const { mixture, statistics: said } = found
  const statistics = isSettled ? said : Statistics.of(data, said.parameters, task.place)(mixture)
  const scaling = task.standardize ? Rows.standardized(data).scaling : null
  const rest = { ...found, statistics, recipe: GROWN, stages: [], plan: '', searched: steps }
  return pipe(
    findingsOf(task, scaling, pipeline, rest),
    E.map(fit => ({ fit, stopped: null }))
  )
}

/** A score that is no mixture, as it was learned. */
export interface ReachedScore {
  readonly learned: ScoreModel.ScoreModel
  readonly stages: ReadonlyArray<StageRun>
  /** What was chosen to compute it, and why. */
  readonly plan: string
  readonly stopped: Signal | null
}

/** Learns by a pipeline whose score makes no mixture. */
export const learnScore =
  (control: Control) =>
  (task: Task, path: string): TE.TaskEither<Failure, ReachedScore> =>
    pipe(
      TE.fromEither(pipelineOf(task)),
      TE.flatMap(pipeline => {
        const data = scaled(task)
        return pipe(
          traced(control, pipeline, task.seed, data.scaled, placeOf(task, data), null),
          TE.map(scoreOf(task, data))
        )
      }),
      TE.mapLeft(problemsOf(path))
    )

/** What a run has learned of a score that is no mixture. */
const scoreOf =
  ({ table: { columns }, seed }: Task, { scaled: points, scaling }: TrainingData) =>
  ({ program, params, stages, stopped }: Traced): ReachedScore => {
    const last = stages.at(-1)
    const fit = {
      rows: points.rows,
      loss: lossOf(last),
      steps: stages.reduce((sum, { taken }) => sum + taken, 0),
      converged: last !== undefined && last.rule !== null && last.rule !== 'steps'
    }
    const learned = ScoreModel.of({ columns, seed, pipeline: program.pipeline, params, fit }, points, scaling)
    return { stages, plan: Compile.explain(program), stopped, learned }
  }

/** The mean of the last tenth of the values that were kept: a batch's own says little. */
const lossOf = (stage: StageRun | undefined): number | null => {
  const values = stage?.values ?? []
  const last = values.slice(-Math.ceil(values.length / 10))
  return last.length === 0 ? null : last.reduce((sum, value) => sum + value, 0) / last.length
}

/** What learns, and what it was chosen from. */
export interface Chosen {
  readonly origin: Origin
  /** Null where nothing was left open. */
  readonly choice: Choice | null
  /** How many starts agree; null where there was one. */
  readonly starts: Fit.Starts | null
  /** The seed of the start that was kept. */
  readonly seed: number
  /** By which signal the search was ended early. */
  readonly stopped: Signal | null
  /** Whether what is left is a run, which a checkpoint can be of. */
  readonly isRun: boolean
}

/** What is to be learned, of what the options leave open. */
export const choose =
  (onProgress: (progress: Fit.Progress) => void, control: Omit<Control, 'watch'>) =>
  (
    { families, components, criterion, starts, robust, background, fixed: known }: Open,
    { table, source, standardize, seed, prior, place }: Omit<Task, 'origin'>,
    recipe: Recipe | typeof GROWN
  ): TE.TaskEither<Failure, Chosen> =>
  async () => {
    const { heard, keeper } = control
    const family = families?.map(({ make }) => make)
    const misses = Missing.has(table.data)
    const count = families?.[0].count ?? null
    const isOne = !robust && background === null && family?.length === 1 && (components?.length === 1 || count !== null)
    const byRecipe = (score: Score.Score<string>): Origin => ({
      _tag: 'Recipe',
      score,
      // A family with a number of its own does not grow.
      recipe: recipe === GROWN ? 'annealed' : recipe
    })
    if (!misses && isOne && (count !== null || recipe !== GROWN)) {
      const score = family[0]({ components: components?.[0] ?? 1 })
      return E.right({ origin: byRecipe(score), choice: null, starts: null, seed, stopped: null, isRun: true })
    }
    // Where there is one candidate, its last steps are a run.
    if (keeper !== null && (misses || !isOne || starts > 1))
      return refusal(
        '--checkpoint',
        keeper.path,
        `available for ${misses ? 'missing cells' : starts > 1 ? 'several starts' : 'a choice among candidates'} in memory`,
        'add --stream, by which each sum over the rows is kept'
      )
    const score = (family?.[0] ?? Score.isotropic)({ components: 1 })
    const asRefused = E.mapLeft((problems: Problem.Problems) => refused(NEA.map(asOption)(problems)))
    const origin: Origin = { _tag: 'Recipe', score, recipe: 'annealed' }
    const sound = learnable({ table, source, standardize, seed, prior, origin })
    if (E.isLeft(sound)) return sound
    const states = asRefused(
      Fit.states({
        place,
        family,
        components: count ?? components,
        criterion,
        seed,
        starts,
        robust,
        background: background ?? undefined,
        fixed: known ?? undefined,
        standardize,
        columns: table.columns,
        onProgress,
        missing: misses ? 'em' : 'refuse',
        prior: prior ?? undefined
      })(table.data)
    )
    if (E.isLeft(states)) return states
    // Those that are learned when a signal comes are what is chosen from.
    let last: Fit.State | null = null
    let stopped: Signal | null = null
    for await (const looked of heardAmong(control, states.right)) {
      last = looked.state
      stopped = looked.stopped
      control.seen?.(last.fit)
      if (last.rest !== null && !misses) break
      if (stopped !== null && E.isRight(last.fit())) break
    }
    // The last step may have taken long, and a signal that came meanwhile is not to be lost.
    stopped ??= await heard()
    const fit = asRefused(last?.fit() ?? E.left([Problem.of('fit', 'nothing', 'a candidate', 'try again')]))
    if (E.isLeft(fit)) return fit
    const { candidates, refused: others, starts: agreeing, seed: kept } = fit.right
    const [{ pipeline, isSettled }] = candidates
    const rest = stopped === null ? (last?.rest ?? null) : null
    // One that no stage is left of is told as it stands: a pipeline without stages knows no floor.
    const isDone = rest === null && (Source.isSource(table.data) || pipeline.stages.length === 0)
    return E.right({
      // Another recipe learns the score that was chosen in its own way.
      origin:
        recipe === GROWN
          ? { _tag: 'Chosen', pipeline: rest ?? pipeline, isSettled, candidate: isDone ? candidates[0] : null }
          : byRecipe(pipeline.score),
      choice: isOne ? null : { criterion, candidates, refused: others, ...(stopped !== null && { isStopped: true }) },
      starts: agreeing.of === 1 ? null : agreeing,
      seed: kept,
      stopped,
      isRun: rest !== null
    })
  }

const asOption = (problem: Problem.Problem): Problem.Problem => ({
  ...Problem.spoken(speaker)(problem),
  field: `--${problem.field}`
})

/** Learns as the task says, under the control of who looks on. */
export const learn =
  (control: Control) =>
  (task: Task): TE.TaskEither<Failure, Reached> => {
    const { origin } = task
    return pipe(
      TE.fromEither(pipelineOf(task)),
      TE.flatMap(pipeline =>
        origin._tag === 'Recipe'
          ? learnBy(control, task, origin.recipe)(pipeline)
          : origin._tag === 'Chosen'
            ? origin.candidate === null
              ? learnBy(control, task, GROWN)(pipeline)
              : TE.fromEither(standing(task, origin.candidate))
            : pipe(pipeline, learnBy(control, task, origin.path), TE.mapLeft(problemsOf(origin.path)))
      )
    )
  }

/** Learns a score from the task's data by each of some recipes, with the task's seed; by no more once one was stopped. */
export const compare =
  (control: Control) =>
  (task: Task, score: Score.Score<string>) =>
  (recipes: ReadonlyArray<Recipe>): TE.TaskEither<Failure, ReadonlyArray<Reached>> =>
  async () => {
    const all: Reached[] = []
    for (const recipe of recipes) {
      const reached = await pipe(
        TE.fromEither(byRecipe(score, recipe, task.prior)(scaled(task).scaled)),
        TE.flatMap(learnBy(control, task, recipe)),
        TE.mapLeft(problemsOf(`--compare ${recipe}`))
      )()
      if (E.isLeft(reached)) return reached
      all.push(reached.right)
      if (reached.right.stopped !== null) break
    }
    return E.right(all)
  }
