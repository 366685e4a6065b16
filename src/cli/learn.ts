/** From a table and a few choices to a fit: pure, but for who watches. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import {
  Case,
  Compile,
  Expectation,
  Fit as Fits,
  Key,
  Objective,
  Optimizer,
  type Params,
  type Pipeline,
  type Points,
  Problem,
  Rate,
  Recipe as Recipes,
  Run,
  Score,
  Stage
} from '../index.js'
import type * as Program from '../compile/Program.js'
import { word, type Choice, type Fit, type StageRun } from '../report/Fit.js'
import { found } from '../fit/Candidates.js'
import * as Data from '../fit/Data.js'
import { show } from '../fit/table.js'
import { History } from './History.js'
import { failed, refused, type Failure } from './World.js'

/** The words of all families, those whose variances are 1 at the end. */
export const families = [...Object.keys(Fits.families).map(word), 'spherical', 'symmetric-pair']
export const recipes = ['annealed', 'two-stage', 'em', 'maximum-likelihood', 'spectral'] as const
export type Recipe = (typeof recipes)[number]

/** What is to be learned: by a recipe, as it was learned among others, or by a pipeline of one's own. */
export type Plan =
  | { readonly _tag: 'Recipe'; readonly score: Score.Score<string>; readonly recipe: Recipe }
  /** By what learned the candidate that was chosen. */
  | { readonly _tag: 'Chosen'; readonly pipeline: Pipeline.Pipeline<string> }
  | { readonly _tag: 'Pipeline'; readonly path: string; readonly pipeline: Pipeline.Pipeline<string> }

/** What is left open of a family and a number of components. */
export interface Open {
  /** All whose variances are learned, where it is left open too. */
  readonly families: ReadonlyArray<string> | undefined
  readonly components: ReadonlyArray<number> | undefined
  readonly criterion: Fits.Criterion
}

export interface Task {
  readonly source: string
  readonly table: Points.Table
  readonly standardize: boolean
  readonly plan: Plan
  readonly seed: number
}

/** The points as they are learned from. */
const scaled = ({ table: { points }, standardize }: Pick<Task, 'table' | 'standardize'>): Data.Data =>
  Data.brought(standardize)(points)

/** Whether variances are to be learned, or may be. */
const learnsVariances = (score: Score.Score<string>): boolean =>
  pipe(
    Score.interpret(score).family,
    O.exists(({ unitVariance }) => !unitVariance)
  )

const familyOf = (score: Score.Score<string>): string => word(Case.caseOf(score).name)

const recipeOf: Readonly<Record<Recipe, Recipes.Recipe>> = {
  annealed: Recipes.annealed,
  'two-stage': Recipes.twoStage,
  em: Recipes.expectationMaximization,
  'maximum-likelihood': Recipes.maximumLikelihood,
  spectral: Recipes.spectral
}

const byRecipe =
  <P extends string>(score: Score.Score<P>, recipe: Recipe) =>
  (points: Points.Points): E.Either<Failure, Pipeline.Pipeline<string>> => {
    // The recipe looks at the data, and at nothing that is already known to be wrong.
    const problems = pipe(score, Score.problems(points)).map(problem => ({ ...problem, field: `--${problem.field}` }))
    if (problems.length > 0) return E.left(refused(problems[0], ...problems.slice(1)))
    return E.right(recipeOf[recipe](score)(points))
  }

/** What a mixture can be learned from at all: columns within reach, and more rows than one for a variance. */
const learnable = ({ table: { points, columns }, source, plan }: Task): E.Either<Failure, void> => {
  const score = plan._tag === 'Recipe' ? plan.score : plan.pipeline.score
  const all = [
    ...Data.problems(columns)(points).map(problem => ({ ...problem, field: `${source}, ${problem.field}` })),
    ...Problem.unless(
      points.rows > 1 || !learnsVariances(score),
      source,
      'a table of one row',
      'at least two rows, which a variance needs',
      'give more rows, or choose a family with variance 1: --family spherical'
    )
  ]
  return all.length > 0 ? E.left(refused(all[0], ...all.slice(1))) : E.right(undefined)
}

/** The pipeline for these data. */
export const pipelineOf = (task: Task): E.Either<Failure, Pipeline.Pipeline<string>> =>
  pipe(
    learnable(task),
    E.flatMap(() => chosen(task))
  )

const chosen = (task: Task): E.Either<Failure, Pipeline.Pipeline<string>> => {
  const { plan } = task
  return plan._tag === 'Recipe' ? byRecipe(plan.score, plan.recipe)(scaled(task).points) : E.right(plan.pipeline)
}

/** An optimizer in a few words where it has them, over so many steps. */
const brief = (optimizer: Optimizer.Optimizer, steps: number): string =>
  pipe(
    Optimizer.brief(optimizer),
    O.filter(({ methods, rates }) => methods.length <= 1 && rates.length === 1),
    O.match(
      () => Optimizer.show(optimizer),
      ({ methods: [method = 'gradient descent'], rates: [rate], frozen }) => {
        const [from, to] = [0, Math.max(0, steps - 1)].map(step => show(Rate.at(step)(rate), 2))
        return `${method} at rate ${from}${to === from ? '' : ` to ${to}`}${frozen.length > 0 ? `, ${frozen.join(', ')} frozen` : ''}`
      }
    )
  )

/** By which means a stage works, in a few words. */
const means = ({ optimizer, loss, stopping }: Stage.Simple, { engine }: Program.Plan): string =>
  O.isNone(optimizer)
    ? engine
    : [
        brief(optimizer.value, stopping.steps),
        ...(O.isSome(loss) && Objective.terms(loss.value.objective).some(({ term }) => Objective.isMatching(term))
          ? [Expectation.show(loss.value.expectation)]
          : [])
      ].join(', ')

interface Trace {
  readonly params: Params.Params<string>
  readonly stages: ReadonlyArray<StageRun>
}

/** A run tells its caller that it holds a state; a command does not hand one on. */
const forUser = (problem: Problem.Problem): Problem.Problem => ({
  ...problem,
  remedy: problem.remedy.replace(/; the state is the last good one$/, '')
})

const run = (
  program: Program.Program<string>,
  seed: number,
  watch: (state: Run.State<string>) => void
): E.Either<Failure, Trace> => {
  const { pipeline, plan, stages } = program
  const histories = stages.map(() => new History())
  const rules = stages.map((): Run.Rule => 'steps')
  const key = Key.fromSeed(seed)
  let params = program.start(key)
  for (const state of Run.states(program)(key)) {
    const { status, stage, step, value } = state
    if (status._tag === 'Failed') return E.left(failed(forUser(status.problem)))
    if (step > 0 && value !== null) histories[stage].add(value)
    if (status._tag !== 'Running' && stage < rules.length) rules[stage] = status.rule
    params = state.params
    watch(state)
  }
  // A program's stages are the simple ones that the pipeline's come to.
  const written = pipeline.stages.flatMap(Stage.simple)
  return E.right({
    params,
    stages: written.map(({ stage, simple }, i) => ({
      formula: Stage.formula(stage),
      means: means(simple, plan[i]),
      limit: stages[i].stopping.steps,
      rule: rules[i],
      ...histories[i].kept()
    }))
  })
}

/** Numbers that are none are no result, however the run ended. */
const finite = (fit: Fit): E.Either<Failure, Fit> => {
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
  return wrong.length > 0 ? E.left(failed(wrong[0], ...wrong.slice(1))) : E.right(fit)
}

type Watch = (state: Run.State<string>, program: Program.Program<string>) => void

/** Problems of the part of the command line that asked for it. */
const of =
  (place: string) =>
  (failure: Failure): Failure => {
    const [first, ...rest] = failure.problems.map(problem => ({ ...problem, field: `${place}, ${problem.field}` }))
    return { ...failure, problems: [first, ...rest] }
  }

/** Learns by a pipeline. `name` is its recipe's, or where it came from. */
const learnBy =
  (watch: Watch, task: Task, name: string) =>
  (pipeline: Pipeline.Pipeline<string>): E.Either<Failure, Fit> => {
    const { source, table, seed } = task
    const data = scaled(task)
    const { points, scaling } = data
    return pipe(
      Compile.pipeline(pipeline)(points),
      E.mapLeft(([first, ...rest]) => refused(first, ...rest)),
      E.bindTo('program'),
      E.bind('trace', ({ program }) =>
        run(program, seed, state => {
          watch(state, program)
        })
      ),
      E.bind('mixture', ({ program: { pipeline }, trace: { params } }) =>
        pipe(
          params,
          Score.mixture(pipeline.score),
          E.fromOption(() =>
            refused(Problem.of('score', Score.show(pipeline.score), 'that of a mixture', 'use Score.isotropic'))
          )
        )
      ),
      E.map(({ program, trace: { stages }, mixture }) => {
        const { pipeline } = program
        return {
          choice: null,
          source,
          points: table.points,
          columns: table.columns,
          ignored: table.ignored,
          doubtful: table.doubtful,
          dropped: table.dropped,
          family: familyOf(pipeline.score),
          recipe: name,
          seed,
          scaling,
          ...found(data, pipeline)(mixture),
          stages,
          pipeline,
          plan: Compile.explain(program)
        }
      }),
      E.flatMap(finite)
    )
  }

const constructors: Readonly<Record<string, Fits.Family>> = {
  ...Object.fromEntries(Object.entries<Fits.Family>(Fits.families).map(([name, family]) => [word(name), family])),
  spherical: Score.spherical,
  'symmetric-pair': () => Score.symmetricPair
}

/** Whether families say nothing of a unit, so that columns may be brought to one. */
export const areFree = (families: ReadonlyArray<string> = []): boolean =>
  families.every(family => learnsVariances(constructors[family]({ components: 2 })))

/** The score that is to be learned: the only one, or the best of those left open with what learned it and what it was chosen from. */
export type Decided =
  | { readonly _tag: 'Asked'; readonly score: Score.Score<string> }
  | { readonly _tag: 'Chosen'; readonly pipeline: Pipeline.Pipeline<string>; readonly choice: Choice }

/** What is to be learned, of what the options leave open. */
export const choose =
  (onProgress: (progress: Fits.Progress) => void) =>
  (
    { families, components, criterion }: Open,
    { table, source, standardize, seed }: Omit<Task, 'plan'>
  ): E.Either<Failure, Decided> => {
    const family = families?.map(family => constructors[family])
    if (family?.length === 1 && (components?.length === 1 || families?.[0] === 'symmetric-pair'))
      return E.right({ _tag: 'Asked', score: family[0]({ components: components?.[0] ?? 2 }) })
    const score = (family?.[0] ?? Score.isotropic)({ components: 1 })
    return pipe(
      learnable({ table, source, standardize, seed, plan: { _tag: 'Recipe', score, recipe: 'annealed' } }),
      E.flatMap(() =>
        pipe(
          table.points,
          Fits.mixture({ family, components, criterion, seed, standardize, columns: table.columns, onProgress }),
          E.mapLeft(([first, ...rest]) => refused(asOption(first), ...rest.map(asOption)))
        )
      ),
      E.map(({ candidates, refused }) => ({
        _tag: 'Chosen' as const,
        pipeline: candidates[0].pipeline,
        choice: { criterion, candidates, refused }
      }))
    )
  }

const asOption = (problem: Problem.Problem): Problem.Problem => ({ ...problem, field: `--${problem.field}` })

/** Learns as the task says. `watch` sees every state on the way. */
export const learn =
  (watch: Watch) =>
  (task: Task): E.Either<Failure, Fit> => {
    const { plan } = task
    return pipe(
      pipelineOf(task),
      E.flatMap(pipeline =>
        plan._tag === 'Recipe'
          ? learnBy(watch, task, plan.recipe)(pipeline)
          : plan._tag === 'Chosen'
            ? learnBy(watch, task, 'grown')(pipeline)
            : pipe(pipeline, learnBy(watch, task, plan.path), E.mapLeft(of(plan.path)))
      )
    )
  }

/** Learns a score from the task's data by each of some recipes, with the task's seed. */
export const compare =
  (watch: Watch) =>
  (task: Task, score: Score.Score<string>) =>
  (recipes: ReadonlyArray<Recipe>): E.Either<Failure, ReadonlyArray<Fit>> =>
    pipe(
      recipes,
      E.traverseArray(recipe =>
        pipe(
          byRecipe(score, recipe)(scaled(task).points),
          E.flatMap(learnBy(watch, task, recipe)),
          E.mapLeft(of(`--compare ${recipe}`))
        )
      )
    )
