/** Learns a mixture from a table and options. Reads and writes no files: checkpoints and progress go through `Control`. */
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
import { statesWithSignals, logScaleSum, tracePipeline, type Control, type TracedRun } from './tracedRun.js'
import { speaker } from './tableOptions.js'
import { workFailure, rejectUsage, usageFailure, type CommandFailure, type Signal } from './world.js'

/** Origin of a pipeline: a recipe, the candidate that a search has chosen, or a file. */
export type PipelineOrigin =
  | { readonly _tag: 'Recipe'; readonly score: Score.Score<string>; readonly recipe: RecipeName }
  | {
      readonly _tag: 'Chosen'
      readonly pipeline: Pipeline.Pipeline<string>
      /** True if the search converged. Otherwise `pipeline` has the remaining stages, unless a signal stopped the search. */
      readonly isConverged: boolean
      /** Candidate that is reported as it is, such as that of a source, whose passes are not repeated. null if the pipeline is run. */
      readonly candidate: Fit.Ranked | null
    }
  | { readonly _tag: 'Pipeline'; readonly path: string; readonly pipeline: Pipeline.Pipeline<string> }

/** Families and numbers of components to choose from, and how. */
export interface CandidateOptions {
  /** Default: all families that learn variances. */
  readonly families: ReadonlyArray<NamedFamily> | undefined
  readonly components: ReadonlyArray<number> | undefined
  readonly criterion: Fit.Criterion
  /** Number of starts, of which the best is used. */
  readonly starts: number
  /** True if families are also compared with Student-t tails and with a background. */
  readonly robust: boolean
  /** Background with which families are also compared; null for none. */
  readonly background: 'cauchy' | 'box' | null
  /** Components with known parameters, by the table's columns; null for none. */
  readonly fixed: ReadonlyArray<Component.Fixed> | null
}

export interface LearningTask {
  readonly source: string
  readonly table: Rows.TableRows
  /** Backend that computes sums over the rows. */
  readonly backend: Backend.Backend
  readonly standardize: boolean
  readonly origin: PipelineOrigin
  readonly seed: number
  /** Strength of the prior in rows; null for none. */
  readonly prior: number | null
}

/** Backend for rows in the units in which they are learned from. */
const taskBackend = ({ backend }: LearningTask, { scaling }: TrainingData): Backend.Backend =>
  scaling === null ? backend : Backend.scaledBackend(scaling, backend)

const RECIPES: Readonly<Record<RecipeName, Recipes.Recipe>> = {
  annealed: Recipes.annealed,
  'two-stage': Recipes.twoStage,
  em: Recipes.expectationMaximization,
  'maximum-likelihood': Recipes.maximumLikelihood,
  spectral: Recipes.spectral
}

/** Returns the pipeline of a recipe for a score and data, which converges to the mode of the posterior if there is a prior. */
const recipePipeline =
  <P extends string>(score: Score.Score<P>, recipe: RecipeName, prior: number | null) =>
  (points: Source.Data): E.Either<CommandFailure, Pipeline.Pipeline<string>> => {
    // The recipe reads the data, so known problems are reported first.
    const problems = pipe(score, Score.problems(points)).map(problem => ({ ...problem, field: `--${problem.field}` }))
    const sound = faultless(problems, undefined)
    if (E.isLeft(sound)) return E.left(usageFailure(sound.left))
    const made: Pipeline.Pipeline<string> = RECIPES[recipe](score)(points)
    if (prior === null) return E.right(made)
    const under = Pipeline.pipelineUnderPrior(prior)(made)
    return O.isSome(Pipeline.pipelinePrior(under))
      ? E.right(under)
      : rejectUsage(
          '--prior',
          prior,
          `available with --family ${commandLineName(score._tag)}, which is learned by descent`,
          'leave it out, or choose another family'
        )
  }

/** Rejects tables from which nothing can be learned: magnitudes out of range, or one row for families that learn variances. */
const requireLearnable = ({
  table: { data, columns },
  source,
  origin
}: Omit<LearningTask, 'backend'>): E.Either<CommandFailure, void> => {
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

/** Rows of a task in the units in which they are learned from. */
export const taskTrainingData = ({ table: { data }, standardize }: LearningTask): TrainingData =>
  Rows.trainingData(data, { standardize })

/** Returns the pipeline of a task; a failure if the table cannot be learned from. */
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

/** Rejects a fit with parameters or a likelihood that are not finite. */
const requireFinite = <F extends Pick<Findings, 'mixture' | 'statistics'>>(fit: F): E.Either<CommandFailure, F> => {
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
  return E.mapLeft(workFailure)(faultless(wrong, fit))
}

/** Prefixes the fields of problems with the option or file that caused them. */
const locateProblems =
  (place: string) =>
  (failure: CommandFailure): CommandFailure => ({
    ...failure,
    problems: NEA.map(problemInside(place))(failure.problems)
  })

/** A fit, and the signal that ended it early; null if none did. */
export interface LearnedFit {
  readonly fit: Findings
  readonly stopped: Signal | null
}

/** Converts parameters to a mixture; a failure if the score is not that of a mixture. */
const mixtureOfParams = (
  { score }: Pipeline.Pipeline<string>,
  params: Params.Params<string>
): E.Either<CommandFailure, Mixture.Mixture> =>
  pipe(
    params,
    Score.toMixture(score),
    E.fromOption(() => usageFailure(Problem.of('score', Score.show(score), 'that of a mixture', 'use Score.isotropic')))
  )

/** Findings of a task's mixture. `recipe` is the recipe's name, or the pipeline's file. */
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

/**
 * Converts log-likelihoods of stages to the data's original units: log p(x) = log p(z) − Σⱼ log sⱼ, where z = (x − c)/s is what was
 * learned from. Values of other objectives are unchanged.
 */
const inDataUnits = (
  { stages: written }: Pipeline.Pipeline<string>,
  scaling: Points.Scaling | null,
  stages: ReadonlyArray<StageRun>
): ReadonlyArray<StageRun> => {
  const shift = logScaleSum(scaling)
  const simple = written.flatMap(Stage.simple)
  return stages.map((stage, i) =>
    simple[i].simple.loss !== undefined ? stage : { ...stage, values: stage.values.map(value => value + shift) }
  )
}

/** Runs a pipeline, and evaluates its mixture on all rows. */
const learnByPipeline =
  (control: Control, task: LearningTask, recipe: string) =>
  (asked: Pipeline.Pipeline<string>): TE.TaskEither<CommandFailure, LearnedFit> => {
    const data = taskTrainingData(task)
    return pipe(
      // A fit with missing cells has no remaining stages, so the completed cells are not learned from.
      tracePipeline(control, asked, task.seed, Missing.completed(data.scaled), taskBackend(task, data), data.scaling),
      TE.flatMapEither(({ program, params, stages: ran, stopped }) => {
        const { pipeline } = program
        const mixture = mixtureOfParams(pipeline, params)
        if (E.isLeft(mixture)) return mixture
        const found = evaluatePipelineResult(mixture.right, evaluationData(data, task.backend), pipeline)
        const stages = inDataUnits(pipeline, data.scaling, ran)
        const rest = { ...found, recipe, stages, plan: Compile.explain(program), searchSteps: 0 }
        return pipe(
          taskFindings(task, data.scaling, pipeline, rest),
          E.map(fit => ({ fit, stopped }))
        )
      })
    )
  }

/** Findings of a candidate without further steps. One that has not converged is evaluated on all rows. */
const candidateFindings = (
  task: LearningTask,
  { pipeline, isConverged, steps, ...found }: Fit.Ranked
): E.Either<CommandFailure, LearnedFit> => {
  const { data } = task.table
  const { mixture, statistics: said } = found
  const statistics = isConverged ? said : Statistics.of(data, said.parameters, task.backend)(mixture)
  const scaling = task.standardize ? Rows.standardizedRows(data).scaling : null
  const rest = { ...found, statistics, recipe: GROWN, stages: [], plan: '', searchSteps: steps }
  return pipe(
    taskFindings(task, scaling, pipeline, rest),
    E.map(fit => ({ fit, stopped: null }))
  )
}

/** A learned score that is not a mixture. */
export interface LearnedScore {
  readonly learned: ScoreModel.ScoreModel
  readonly stages: ReadonlyArray<StageRun>
  /** How the program was computed, and why. */
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
          tracePipeline(control, pipeline, task.seed, data.scaled, taskBackend(task, data), null),
          TE.map(describeScore(task, data))
        )
      }),
      TE.mapLeft(locateProblems(path))
    )

/** Converts the result of a run to a learned score. */
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

/** Mean of the last tenth of the recorded losses, since the loss of one batch is noisy. null if there are none. */
const recentMeanLoss = (stage: StageRun | undefined): number | null => {
  const values = stage?.values ?? []
  const last = values.slice(-Math.ceil(values.length / 10))
  return last.length === 0 ? null : last.reduce((sum, value) => sum + value, 0) / last.length
}

/** A pipeline, and the candidates and starts from which it was chosen. */
export interface ChosenPipeline {
  readonly origin: PipelineOrigin
  /** Null if there was only one candidate. */
  readonly choice: CandidateChoice | null
  /** Agreement of the starts; null if there was one. */
  readonly starts: Fit.Starts | null
  /** Seed of the best start. */
  readonly seed: number
  /** Signal that ended the search early; null if none did. */
  readonly stopped: Signal | null
  /** True if steps remain, for which checkpoints can be written. */
  readonly hasRemainingRun: boolean
}

/** Chooses the family and the number of components that the options leave open. */
export const choosePipeline =
  (onProgress: (progress: Fit.Progress) => void, control: Omit<Control, 'watch'>) =>
  (
    { families, components, criterion, starts, robust, background, fixed: known }: CandidateOptions,
    { table, source, standardize, seed, prior, backend }: Omit<LearningTask, 'origin'>,
    recipe: RecipeName | typeof GROWN
  ): TE.TaskEither<CommandFailure, ChosenPipeline> =>
  async () => {
    const { pollSignal: heard, checkpoint: keeper } = control
    const family = families?.map(({ make }) => make)
    const misses = Missing.hasMissingCells(table.data)
    const count = families?.[0].count ?? null
    const isOne = !robust && background === null && family?.length === 1 && (components?.length === 1 || count !== null)
    const byRecipe = (score: Score.Score<string>): PipelineOrigin => ({
      _tag: 'Recipe',
      score,
      // A family with a fixed number of components cannot grow.
      recipe: recipe === GROWN ? 'annealed' : recipe
    })
    if (!misses && isOne && (count !== null || recipe !== GROWN)) {
      const score = family[0]({ components: components?.[0] ?? 1 })
      return E.right({
        origin: byRecipe(score),
        choice: null,
        starts: null,
        seed,
        stopped: null,
        hasRemainingRun: true
      })
    }
    // In memory, checkpoints are written by the remaining run, which only a single candidate with one start has.
    if (keeper !== null && (misses || !isOne || starts > 1))
      return rejectUsage(
        '--checkpoint',
        keeper.path,
        `available for ${misses ? 'missing cells' : starts > 1 ? 'several starts' : 'a choice among candidates'} in memory`,
        'add --stream, by which each sum over the rows is kept'
      )
    const score = (family?.[0] ?? Score.isotropic)({ components: 1 })
    const asRefused = E.mapLeft((problems: Problem.Problems) => usageFailure(NEA.map(asOptionProblem)(problems)))
    const origin: PipelineOrigin = { _tag: 'Recipe', score, recipe: 'annealed' }
    const sound = requireLearnable({ table, source, standardize, seed, prior, origin })
    if (E.isLeft(sound)) return sound
    const states = asRefused(
      Fit.states({
        backend,
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
    // After a signal, the candidates learned so far are compared.
    let last: Fit.State | null = null
    let stopped: Signal | null = null
    for await (const looked of statesWithSignals(control, states.right)) {
      last = looked.state
      stopped = looked.stopped
      control.onFit?.(last.fit)
      if (last.rest !== null && !misses) break
      if (stopped !== null && E.isRight(last.fit())) break
    }
    // The last step may have taken long: a signal may have arrived meanwhile.
    stopped ??= await heard()
    const fit = asRefused(last?.fit() ?? E.left([Problem.of('fit', 'nothing', 'a candidate', 'try again')]))
    if (E.isLeft(fit)) return fit
    const { candidates, refused: others, starts: agreeing, seed: kept } = fit.right
    const [{ pipeline, isConverged }] = candidates
    const rest = stopped === null ? (last?.rest ?? null) : null
    // A candidate without remaining stages is reported as it is: an empty pipeline has no variance floor.
    const isDone = rest === null && (Source.isSource(table.data) || pipeline.stages.length === 0)
    return E.right({
      // Another recipe learns the chosen score from its own start.
      origin:
        recipe === GROWN
          ? { _tag: 'Chosen', pipeline: rest ?? pipeline, isConverged, candidate: isDone ? candidates[0] : null }
          : byRecipe(pipeline.score),
      choice: isOne ? null : { criterion, candidates, refused: others, ...(stopped !== null && { isStopped: true }) },
      starts: agreeing.of === 1 ? null : agreeing,
      seed: kept,
      stopped,
      hasRemainingRun: rest !== null
    })
  }

const asOptionProblem = (problem: Problem.Problem): Problem.Problem => ({
  ...Problem.spoken(speaker)(problem),
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

/** Learns a score by each of several recipes, with the task's data and seed. Stops after the first that a signal ends. */
export const learnByRecipes =
  (control: Control) =>
  (task: LearningTask, score: Score.Score<string>) =>
  (recipes: ReadonlyArray<RecipeName>): TE.TaskEither<CommandFailure, ReadonlyArray<LearnedFit>> =>
  async () => {
    const all: LearnedFit[] = []
    for (const recipe of recipes) {
      const reached = await pipe(
        TE.fromEither(recipePipeline(score, recipe, task.prior)(taskTrainingData(task).scaled)),
        TE.flatMap(learnByPipeline(control, task, recipe)),
        TE.mapLeft(locateProblems(`--compare ${recipe}`))
      )()
      if (E.isLeft(reached)) return reached
      all.push(reached.right)
      if (reached.right.stopped !== null) break
    }
    return E.right(all)
  }
