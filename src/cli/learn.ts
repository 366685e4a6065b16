/** Learns from a table and options, without access to files: checkpoints and progress go through `Control`. */
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
import * as Backend from '../data/reductionBackend.js'
import * as Source from '../data/source/index.js'
import { commandLineName } from '../fit/text.js'
import { type CandidateChoice, type Findings, type StageRun } from '../report/findings.js'
import { evaluatePipelineResult, evaluationData, type MixtureEvaluation } from '../fit/evaluation.js'
import * as Missing from '../mixture/em/missing.js'
import { magnitudeProblems, type TrainingData } from '../fit/trainingData.js'
import { faultless, problemInside } from './orProblems.js'
import { familyWord, learnsVariances, type NamedFamily } from './families.js'
import * as ScoreModel from '../fit/scoreModel.js'
import { GROWN, type RecipeName } from './recipeNames.js'
import * as Rows from './tableRows.js'
import {
  statesWithSignals,
  logScaleSum,
  tracePipeline,
  type CheckpointWriter,
  type Control,
  type TracedRun
} from './tracedRun.js'
import { speaker } from './tableOptions.js'
import { workFailure, rejectUsage, usageFailure, type CommandFailure, type Signal } from './world.js'

export type PipelineOrigin =
  | { readonly _tag: 'Recipe'; readonly score: Score.Score<string>; readonly recipe: RecipeName }
  | {
      readonly _tag: 'Chosen'
      readonly pipeline: Pipeline.Pipeline<string>
      /** True if the search converged. Otherwise a signal stopped it, or stages of `pipeline` remain to be run. */
      readonly isConverged: boolean
      /** Candidate reported without running the pipeline, such as a source's; otherwise null. */
      readonly candidate: Fit.Ranked | null
    }
  | { readonly _tag: 'Pipeline'; readonly path: string; readonly pipeline: Pipeline.Pipeline<string> }

export interface CandidateOptions {
  /** Default: all families that learn variances. */
  readonly families: ReadonlyArray<NamedFamily> | undefined
  readonly components: ReadonlyArray<number> | undefined
  readonly criterion: Fit.Criterion
  readonly starts: number
  /** Compares families also with Student-t tails and with a background. */
  readonly robust: boolean
  /** Null for none. */
  readonly background: 'cauchy' | 'box' | null
  /** By the table's columns; null for none. */
  readonly fixed: ReadonlyArray<Component.Fixed> | null
}

export interface LearningTask {
  readonly source: string
  readonly table: Rows.TableRows
  readonly backend: Backend.Backend
  readonly standardize: boolean
  readonly origin: PipelineOrigin
  readonly seed: number
  /** Weight of the prior in rows; null for none. */
  readonly prior: number | null
}

/** For rows in the units of learning. */
const taskBackend = ({ backend }: LearningTask, { scaling }: TrainingData): Backend.Backend =>
  scaling === null ? backend : Backend.scaledBackend(scaling, backend)

const RECIPES: Readonly<Record<RecipeName, Recipes.Recipe>> = {
  annealed: Recipes.annealed,
  'two-stage': Recipes.twoStage,
  em: Recipes.expectationMaximization,
  'maximum-likelihood': Recipes.maximumLikelihood,
  spectral: Recipes.spectral
}

/** Returns a recipe's pipeline for a score and data; with a prior, it converges to the posterior mode. */
const recipePipeline =
  <P extends string>(score: Score.Score<P>, recipe: RecipeName, prior: number | null) =>
  (points: Source.Data): E.Either<CommandFailure, Pipeline.Pipeline<string>> => {
    // The recipe reads the data, so known problems are reported first.
    const problems = pipe(score, Score.problems(points)).map(problem => ({ ...problem, field: `--${problem.field}` }))
    const checked = faultless(problems, undefined)
    if (E.isLeft(checked)) return E.left(usageFailure(checked.left))
    const pipeline: Pipeline.Pipeline<string> = RECIPES[recipe](score)(points)
    if (prior === null) return E.right(pipeline)
    const withPrior = Pipeline.pipelineUnderPrior(prior)(pipeline)
    return O.isSome(Pipeline.pipelinePrior(withPrior))
      ? E.right(withPrior)
      : rejectUsage(
          '--prior',
          prior,
          `available with --family ${commandLineName(score._tag)}, which is learned by descent`,
          'leave it out, or choose another family'
        )
  }

/** Rejects magnitudes out of range, and one row for families that learn variances. */
const requireLearnable = ({
  table: { data, columns },
  source,
  origin
}: Pick<LearningTask, 'table' | 'source' | 'origin'>): E.Either<CommandFailure, void> => {
  const score = origin._tag === 'Recipe' ? origin.score : origin.pipeline.score
  const all = [
    ...magnitudeProblems(Rows.standardizedRows(data), columns).map(problemInside(source)),
    ...Problem.unless(
      data.rows > 1 || !learnsVariances(score),
      source,
      'a table of one row',
      'at least two rows, which a variance needs',
      'give more rows, or choose a family with variance 1: --family spherical'
    )
  ]
  return E.mapLeft(usageFailure)(faultless(all, undefined))
}

/** Rows of a task in the units of learning. */
export const taskTrainingData = ({ table: { data }, standardize }: LearningTask): TrainingData =>
  Rows.trainingData(data, { standardize })

/** Returns the pipeline of a task, or a failure. */
export const taskPipeline = (task: LearningTask): E.Either<CommandFailure, Pipeline.Pipeline<string>> =>
  pipe(
    requireLearnable(task),
    E.flatMap(() => {
      const { origin, prior } = task
      return origin._tag === 'Recipe'
        ? recipePipeline(origin.score, origin.recipe, prior)(taskTrainingData(task).scaled)
        : E.right(origin.pipeline)
    })
  )

const requireFinite = <F extends Pick<Findings, 'mixture' | 'statistics'>>(fit: F): E.Either<CommandFailure, F> => {
  const { mixture, statistics } = fit
  const isWrong = (x: number): boolean => !Number.isFinite(x)
  const problems = (
    [
      ['weights', Array.from(mixture.weights)],
      ['means', Array.from(mixture.means.values)],
      ['variances', Array.from(mixture.variances, v => (v > 0 ? v : NaN))],
      ['log-likelihood', [statistics.logLikelihood, statistics.bic]]
    ] as const
  ).flatMap(([name, numbers]) => {
    const wrongNumber = numbers.find(isWrong)
    return wrongNumber === undefined
      ? []
      : [
          Problem.of(
            `the ${name} learned`,
            wrongNumber,
            'finite and possible',
            'try --standardize, another seed or recipe'
          )
        ]
  })
  return E.mapLeft(workFailure)(faultless(problems, fit))
}

/** Prefixes problems' fields with the option or file that caused them. */
const locateProblems =
  (place: string) =>
  (failure: CommandFailure): CommandFailure => ({
    ...failure,
    problems: NEA.map(problemInside(place))(failure.problems)
  })

export interface LearnedFit {
  readonly fit: Findings
  readonly stopped: Signal | null
}

/** Converts parameters to a mixture; a failure if the score has none. */
const mixtureOfParams = (
  { score }: Pipeline.Pipeline<string>,
  params: Params.Params<string>
): E.Either<CommandFailure, Mixture.Mixture> =>
  pipe(
    params,
    Score.toMixture(score),
    E.fromOption(() => usageFailure(Problem.of('score', Score.show(score), 'that of a mixture', 'use Score.isotropic')))
  )

/** Findings of a task's mixture. `recipe` names the recipe, or the pipeline's file. */
const taskFindings = (
  { source, table, origin, seed, prior }: LearningTask,
  scaling: Points.Scaling | null,
  pipeline: Pipeline.Pipeline<string>,
  rest: MixtureEvaluation & Pick<Findings, 'recipe' | 'stages' | 'plan' | 'searchSteps'>
): E.Either<CommandFailure, Findings> =>
  requireFinite({
    ...rest,
    choice: null,
    starts: null,
    bootstrap: null,
    tests: null,
    robustnessHint: null,
    localOptimum: null,
    source,
    seed,
    scaling,
    pipeline,
    ...Rows.shownRows(table),
    isConverged: origin._tag === 'Chosen' ? origin.isConverged : null,
    isStreamed: Source.isSource(table.data),
    missing: Missing.missingCellCount(table.data),
    empty: table.empty,
    columns: table.columns,
    ignored: table.ignored,
    doubtful: table.doubtful,
    classes: table.kept ?? [],
    dropped: table.dropped,
    family: familyWord(pipeline.score),
    prior: prior ?? O.toNullable(Pipeline.pipelinePrior(pipeline))
  })

/** Converts log-likelihoods of stages to the original units: log p(x) = log p(z) − Σⱼ log sⱼ with z = (x − c)/s. */
const inDataUnits = (
  { stages: pipelineStages }: Pipeline.Pipeline<string>,
  scaling: Points.Scaling | null,
  stages: ReadonlyArray<StageRun>
): ReadonlyArray<StageRun> => {
  const shift = logScaleSum(scaling)
  const simple = pipelineStages.flatMap(Stage.simple)
  return stages.map((stage, i) =>
    simple[i].simple.loss !== undefined ? stage : { ...stage, values: stage.values.map(value => value + shift) }
  )
}

/** Runs a pipeline, and evaluates its mixture on all rows. */
const learnByPipeline =
  (control: Control, task: LearningTask, recipe: string) =>
  (requested: Pipeline.Pipeline<string>): TE.TaskEither<CommandFailure, LearnedFit> => {
    const data = taskTrainingData(task)
    return pipe(
      // Missing cells were completed, and a fit of these has no remaining stages.
      tracePipeline(control, requested, {
        seed: task.seed,
        points: Missing.completed(data.scaled),
        backend: taskBackend(task, data),
        scaling: data.scaling
      }),
      TE.flatMapEither(({ program, params, stages: ran, stopped }) => {
        const { pipeline } = program
        const mixture = mixtureOfParams(pipeline, params)
        if (E.isLeft(mixture)) return mixture
        const evaluation = evaluatePipelineResult(mixture.right, evaluationData(data, task.backend), pipeline)
        const stages = inDataUnits(pipeline, data.scaling, ran)
        const rest = { ...evaluation, recipe, stages, plan: Compile.explain(program), searchSteps: 0 }
        return pipe(
          taskFindings(task, data.scaling, pipeline, rest),
          E.map(fit => ({ fit, stopped }))
        )
      })
    )
  }

/** Findings of a candidate; an unconverged one is evaluated on all rows. */
const candidateFindings = (
  task: LearningTask,
  { pipeline, isConverged, steps, ...evaluation }: Fit.Ranked
): E.Either<CommandFailure, LearnedFit> => {
  const { data } = task.table
  const { mixture, statistics: known } = evaluation
  const statistics = isConverged ? known : Statistics.of(data, known.parameters, task.backend)(mixture)
  const scaling = task.standardize ? Rows.standardizedRows(data).scaling : null
  const rest = { ...evaluation, statistics, recipe: GROWN, stages: [], plan: '', searchSteps: steps }
  return pipe(
    taskFindings(task, scaling, pipeline, rest),
    E.map(fit => ({ fit, stopped: null }))
  )
}

export interface LearnedScore {
  readonly learned: ScoreModel.ScoreModel
  readonly stages: ReadonlyArray<StageRun>
  /** Backend of the program, and the reason. */
  readonly plan: string
  readonly stopped: Signal | null
}

/** Runs a pipeline whose score is not a mixture. */
export const learnScore =
  (control: Control) =>
  (task: LearningTask, path: string): TE.TaskEither<CommandFailure, LearnedScore> =>
    pipe(
      TE.fromEither(taskPipeline(task)),
      TE.flatMap(pipeline => {
        const data = taskTrainingData(task)
        return pipe(
          tracePipeline(control, pipeline, {
            seed: task.seed,
            points: data.scaled,
            backend: taskBackend(task, data),
            scaling: null
          }),
          TE.map(describeScore(task, data))
        )
      }),
      TE.mapLeft(locateProblems(path))
    )

const describeScore =
  ({ table: { columns }, seed }: LearningTask, { scaled: points, scaling }: TrainingData) =>
  ({ program, params, stages, stopped }: TracedRun): LearnedScore => {
    const last = stages.at(-1)
    const fit = {
      rows: points.rows,
      loss: recentMeanLoss(last),
      steps: stages.reduce((sum, { taken }) => sum + taken, 0),
      converged: last !== undefined && last.rule !== null && last.rule !== 'steps'
    }
    const learned = ScoreModel.of({ columns, seed, pipeline: program.pipeline, params, fit }, points, scaling)
    return { stages, plan: Compile.explain(program), stopped, learned }
  }

/** Mean of the last tenth of the losses, which are noisy; null if there are none. */
const recentMeanLoss = (stage: StageRun | undefined): number | null => {
  const values = stage?.values ?? []
  const last = values.slice(-Math.ceil(values.length / 10))
  return last.length === 0 ? null : last.reduce((sum, value) => sum + value, 0) / last.length
}

export interface ChosenPipeline {
  readonly origin: PipelineOrigin
  /** Null for a single candidate. */
  readonly choice: CandidateChoice | null
  /** Null for one start. */
  readonly starts: Fit.Starts | null
  /** Seed of the best start. */
  readonly seed: number
  readonly stopped: Signal | null
  /** True if steps remain, for which checkpoints can be written. */
  readonly hasRemainingRun: boolean
}

interface CandidateSearch {
  readonly options: CandidateOptions
  readonly task: Omit<LearningTask, 'origin'>
  readonly recipe: RecipeName | typeof GROWN
  readonly hasMissingCells: boolean
  /** Fixed number of components of the first family; null if free. */
  readonly fixedCount: number | null
  /** True if only one family, with one number of components, is compared. */
  readonly hasOneCandidate: boolean
}

/** Chooses the family and number of components that options leave open. */
export const choosePipeline =
  (onProgress: (progress: Fit.Progress) => void, control: Omit<Control, 'watch'>) =>
  (
    options: CandidateOptions,
    task: Omit<LearningTask, 'origin'>,
    recipe: RecipeName | typeof GROWN
  ): TE.TaskEither<CommandFailure, ChosenPipeline> =>
  async () => {
    const search = candidateSearch(options, task, recipe)
    const given = onlyPipeline(search)
    if (given !== null) return E.right(given)
    const states = pipe(
      rejectCheckpoint(search, control.checkpointWriter),
      E.flatMap(() => requireLearnable({ ...task, origin: smallestOrigin(options) })),
      E.flatMap(() => searchStates(search, onProgress))
    )
    if (E.isLeft(states)) return states
    const { last, stopped } = await runSearch(control, states.right, search)
    return pipe(
      withOptionNames(last?.fit() ?? E.left([Problem.of('fit', 'nothing', 'a candidate', 'try again')])),
      E.map(found => chosenPipeline(search, found, last?.rest ?? null, stopped))
    )
  }

const candidateSearch = (
  options: CandidateOptions,
  task: CandidateSearch['task'],
  recipe: CandidateSearch['recipe']
): CandidateSearch => {
  const { families, components, robust, background } = options
  const fixedCount = families?.[0].count ?? null
  return {
    options,
    task,
    recipe,
    hasMissingCells: Missing.hasMissingCells(task.table.data),
    fixedCount,
    hasOneCandidate:
      !robust && background === null && families?.length === 1 && (components?.length === 1 || fixedCount !== null)
  }
}

/** Origin of a recipe; `annealed` instead of the default, which needs a free number of components. */
const recipeOrigin = (score: Score.Score<string>, recipe: CandidateSearch['recipe']): PipelineOrigin => ({
  _tag: 'Recipe',
  score,
  recipe: recipe === GROWN ? 'annealed' : recipe
})

/** Pipeline of a sole candidate that its recipe can learn; null if a search is needed. */
const onlyPipeline = ({
  options: { families, components },
  task: { seed },
  ...search
}: CandidateSearch): ChosenPipeline | null => {
  const { recipe, hasMissingCells, fixedCount, hasOneCandidate } = search
  if (families === undefined || hasMissingCells || !hasOneCandidate || (fixedCount === null && recipe === GROWN))
    return null
  const score = families[0].make({ components: components?.[0] ?? 1 })
  return {
    origin: recipeOrigin(score, recipe),
    choice: null,
    starts: null,
    seed,
    stopped: null,
    hasRemainingRun: true
  }
}

/** Rejects `--checkpoint` in memory, unless a single candidate with one start remains. */
const rejectCheckpoint = (
  { options: { starts }, hasMissingCells, hasOneCandidate }: CandidateSearch,
  checkpointWriter: CheckpointWriter | null
): E.Either<CommandFailure, void> =>
  checkpointWriter !== null && (hasMissingCells || !hasOneCandidate || starts > 1)
    ? rejectUsage(
        '--checkpoint',
        checkpointWriter.path,
        `available for ${hasMissingCells ? 'missing cells' : starts > 1 ? 'several starts' : 'a choice among candidates'} in memory`,
        'add --stream, by which each sum over the rows is kept'
      )
    : E.right(undefined)

/** Origin of the first family with one component, to check the table before the search. */
const smallestOrigin = ({ families }: CandidateOptions): PipelineOrigin => ({
  _tag: 'Recipe',
  score: (families?.[0].make ?? Score.isotropic)({ components: 1 }),
  recipe: 'annealed'
})

const searchStates = (
  { options, task, hasMissingCells, fixedCount }: CandidateSearch,
  onProgress: (progress: Fit.Progress) => void
): E.Either<CommandFailure, Iterable<Fit.State>> => {
  const { families, components, criterion, starts, robust, background, fixed } = options
  const { table, standardize, seed, prior, backend } = task
  return withOptionNames(
    Fit.states({
      backend,
      family: families?.map(({ make }) => make),
      components: fixedCount ?? components,
      criterion,
      seed,
      starts,
      robust,
      background: background ?? undefined,
      fixed: fixed ?? undefined,
      standardize,
      columns: table.columns,
      onProgress,
      missing: hasMissingCells ? 'em' : 'refuse',
      prior: prior ?? undefined
    })(table.data)
  )
}

/**
 * Runs a search until the chosen candidate's remaining run (with missing cells to the end), or after a signal until a candidate is learned.
 * `last` is null without states.
 */
const runSearch = async (
  control: Omit<Control, 'watch'>,
  states: Iterable<Fit.State>,
  { hasMissingCells }: CandidateSearch
): Promise<{ readonly last: Fit.State | null; readonly stopped: Signal | null }> => {
  let last: Fit.State | null = null
  let signal: Signal | null = null
  for await (const { state, stopped } of statesWithSignals(control, states)) {
    last = state
    signal = stopped
    control.onFit?.(state.fit)
    if (state.rest !== null && !hasMissingCells) break
    if (stopped !== null && E.isRight(state.fit())) break
  }
  // A signal may have arrived during the last step.
  return { last, stopped: signal ?? (await control.pollSignal()) }
}

/** Pipeline of the best candidate: remaining stages, or the recipe's from its own start. */
const chosenPipeline = (
  { options: { criterion }, task: { table }, recipe, hasOneCandidate }: CandidateSearch,
  { candidates, refused, evidence, starts, seed }: Fit.Fit,
  rest: Pipeline.Pipeline<string> | null,
  stopped: Signal | null
): ChosenPipeline => {
  const [{ pipeline, isConverged }] = candidates
  const remaining = stopped === null ? rest : null
  // A candidate without remaining stages is reported unchanged: an empty pipeline has no variance floor.
  const isDone = remaining === null && (Source.isSource(table.data) || pipeline.stages.length === 0)
  return {
    origin:
      recipe === GROWN
        ? { _tag: 'Chosen', pipeline: remaining ?? pipeline, isConverged, candidate: isDone ? candidates[0] : null }
        : recipeOrigin(pipeline.score, recipe),
    choice: hasOneCandidate
      ? null
      : { criterion, candidates, refused, evidence, ...(stopped !== null && { isStopped: true }) },
    starts: starts.of === 1 ? null : starts,
    seed,
    stopped,
    hasRemainingRun: remaining !== null
  }
}

/** Converts problems of options, with the command line's names. */
const withOptionNames = <A>(result: E.Either<Problem.Problems, A>): E.Either<CommandFailure, A> =>
  E.mapLeft((problems: Problem.Problems) => usageFailure(NEA.map(asOptionProblem)(problems)))(result)

const asOptionProblem = (problem: Problem.Problem): Problem.Problem => ({
  ...Problem.rephrase(speaker)(problem),
  field: `--${problem.field}`
})

/** Learns the mixture of a task. */
export const learn =
  (control: Control) =>
  (task: LearningTask): TE.TaskEither<CommandFailure, LearnedFit> => {
    const { origin } = task
    return pipe(
      TE.fromEither(taskPipeline(task)),
      TE.flatMap(pipeline =>
        origin._tag === 'Recipe'
          ? learnByPipeline(control, task, origin.recipe)(pipeline)
          : origin._tag === 'Chosen'
            ? origin.candidate === null
              ? learnByPipeline(control, task, GROWN)(pipeline)
              : TE.fromEither(candidateFindings(task, origin.candidate))
            : pipe(pipeline, learnByPipeline(control, task, origin.path), TE.mapLeft(locateProblems(origin.path)))
      )
    )
  }

/** Learns a score by each recipe, with the task's data and seed, until a signal ends one. */
export const learnByRecipes =
  (
    control: Control,
    task: LearningTask,
    score: Score.Score<string>,
    recipes: ReadonlyArray<RecipeName>
  ): TE.TaskEither<CommandFailure, ReadonlyArray<LearnedFit>> =>
  async () => {
    const fits: LearnedFit[] = []
    for (const recipe of recipes) {
      const reached = await pipe(
        TE.fromEither(recipePipeline(score, recipe, task.prior)(taskTrainingData(task).scaled)),
        TE.flatMap(learnByPipeline(control, task, recipe)),
        TE.mapLeft(locateProblems(`--compare ${recipe}`))
      )()
      if (E.isLeft(reached)) return reached
      fits.push(reached.right)
      if (reached.right.stopped !== null) break
    }
    return E.right(fits)
  }
