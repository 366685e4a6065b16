/** From a table and a few choices to a fit: pure, except for who watches. */
import * as E from 'fp-ts/lib/Either.js'
import * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import {
  Checkpoint,
  Compile,
  Expectation,
  Fit,
  Key,
  type Mixture,
  type Params,
  Points,
  Rate,
  Recipe as Recipes,
  Run,
  Score,
  Statistics
} from '../index.js'
import * as Optimizer from '../optimizer/index.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Stage from '../pipeline/stage.js'
import * as Objective from '../objective/index.js'
import * as Problem from '../core/problem.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import type * as Component from '../mixture/families/fixed.js'
import type * as Program from '../compile/program.js'
import * as Place from '../data/place.js'
import * as Source from '../data/source/index.js'
import { word } from '../fit/text.js'
import { type Choice, type Findings, type StageRun } from '../report/findings.js'
import * as Candidates from '../fit/candidates.js'
import * as Missing from '../mixture/em/missing.js'
import * as Data from '../fit/scaledData.js'
import { show } from '../fit/table.js'
import { faultless, inside } from './checked.js'
import { familyOf, learnsVariances, type Named } from './families.js'
import type { Every } from './fitOptions.js'
import { History } from './history.js'
import * as ScoreModel from '../fit/scoreModel.js'
import { GROWN, type Recipe } from './recipes.js'
import { speaker } from './tableOptions.js'
import { failed, refused, type Failure, type Signal, type World } from './world.js'

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

/** A table to learn from, its rows in memory or not. */
export interface Rows extends Omit<Points.Table, 'points' | 'rowNumbers'> {
  readonly data: Source.Data
  /** How many rows were left out that have no cells. */
  readonly empty: number
  /** The number of each row in the table; null of rows that are counted as they come. */
  readonly rowNumbers: Uint32Array | null
}

type Beside = Pick<Points.Table, 'rowNumbers' | 'rowNames' | 'kept'>

/** What belongs to the rows at some places, from 0. */
const beside = (
  places: ReadonlyArray<number>,
  { rowNumbers, rowNames, kept = [] }: Pick<Rows, keyof Beside>
): Beside => {
  const at = ({ name, cells }: Points.Kept): Points.Kept => ({ name, cells: places.map(place => cells[place]) })
  return {
    rowNumbers: Uint32Array.from(places, place => rowNumbers?.[place] ?? place + 1),
    ...(rowNames !== undefined && { rowNames: at(rowNames) }),
    kept: kept.map(at)
  }
}

/** The rows at some places, from 0, and what belongs to each. */
export const part =
  (places: ReadonlyArray<number>) =>
  (table: Points.Table): Points.Table => ({
    ...table,
    points: Points.select(places)(table.points),
    ...beside(places, table)
  })

/** The places of the rows for which it holds. */
const placesOf = (data: Source.Data, holds: typeof Source.counts): ReadonlyArray<number> =>
  // A piece goes before the next is read.
  Array.from(Source.pieces(Source.from(data)), piece =>
    Array.from({ length: piece.rows }, (_, row) => holds(piece, row))
  )
    .flat()
    .flatMap((does, place) => (does ? [place] : []))

/** The rows that count: those of weight 0 and those without cells are left out, unless all are. */
const counting = (table: Rows): Rows => {
  const data = Source.counting(table.data)
  if (data === table.data || data.rows === 0) return table
  const weighing = placesOf(table.data, ({ weights }, row) => weights?.[row] !== 0)
  return {
    ...table,
    ...beside(placesOf(table.data, Source.counts), table),
    data,
    empty: table.empty + weighing.length - data.rows
  }
}

/** A table to learn from, its rows in memory or not. */
export const rowsOf = ({ points, ...table }: Points.Table): Rows => counting({ ...table, data: points, empty: 0 })
export const rowsOfSource = ({ source, ...table }: Source.SourceTable): Rows =>
  counting({ ...table, data: source, empty: 0, rowNumbers: null })

/** The table without columns that are the same in every row, unless all are. */
export const varying = (table: Rows): Rows => {
  const { data, columns, ignored, doubtful } = table
  const places = Data.varying(data)
  if (places.length === columns.length) return table
  const left = columns.filter((_, j) => !places.includes(j))
  return counting({
    ...table,
    data: Source.columns(places)(data),
    columns: places.map(j => columns[j]),
    ignored: [...ignored, ...left.map(name => ({ name, why: 'constant' as const }))],
    doubtful: doubtful.filter(({ name }) => !left.includes(name))
  })
}

export interface Task {
  readonly source: string
  readonly table: Rows
  /** Where sums over its rows are taken. */
  readonly place: Place.Place
  readonly standardize: boolean
  readonly origin: Origin
  readonly seed: number
  /** How many rows the mean of the prior counts as; null for none. */
  readonly prior: number | null
}

const known = new WeakMap<Source.Data, Data.Data>()

/** The rows in units of their own spread: once a table. */
const standardized = (own: Source.Data): Data.Data => {
  const old = known.get(own)
  if (old !== undefined) return old
  const data = Data.standardized(own)
  const found = { ...data, ...Source.written(data.points) }
  known.set(own, found)
  return found
}

/** Gives back what was taken to bring rows there. */
export const release = (own: Source.Data): void => {
  known.get(own)?.close()
  known.delete(own)
}

/** The rows as they are learned from. */
export const scaled = ({ table: { data }, standardize }: Pick<Task, 'table' | 'standardize'>): Data.Data =>
  standardize ? standardized(data) : Data.asTheyAre(data)

/** A place for rows as they are learned from. */
const placeOf = ({ place }: Task, { scaling }: Data.Data): Place.Place =>
  scaling === null ? place : Place.scaled(scaling, place)

/** So many rows of a source are looked at, for pictures and for what is told of columns. */
const SHOWN = 4000

/** Rows to look at, and their numbers in the table. */
export const shown = ({
  data,
  rowNumbers,
  rowNames
}: Rows): Pick<Findings, 'points' | 'seen' | 'rowNumbers' | 'rowNames'> => {
  const places =
    Source.isHeld(data) || data.rows <= SHOWN
      ? Uint32Array.from({ length: data.rows }, (_, i) => i)
      : Key.subset(data.rows, SHOWN)(Key.fromSeed(0)).slice().sort()
  const points = Source.isHeld(data) ? data : Source.chosen(places)(data)
  const names = rowNames?.cells.length === points.rows ? rowNames.cells : null
  const numbers = Uint32Array.from(places, place => rowNumbers?.[place] ?? place + 1)
  return { points: Missing.completed(points), seen: points, rowNumbers: numbers, rowNames: names }
}

const recipeOf: Readonly<Record<Recipe, Recipes.Recipe>> = {
  annealed: Recipes.annealed,
  'two-stage': Recipes.twoStage,
  em: Recipes.expectationMaximization,
  'maximum-likelihood': Recipes.maximumLikelihood,
  spectral: Recipes.spectral
}

/** The pipeline that a recipe makes of a score and data, to the mode of the posterior where there is a prior. */
export const byRecipe =
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
      : E.left(
          refused(
            Problem.of(
              '--prior',
              prior,
              `available with --family ${word(score._tag)}, which is learned by descent`,
              'leave it out, or choose another family'
            )
          )
        )
  }

/** What a mixture can be learned from at all: columns within reach, and more rows than one for a variance. */
const learnable = ({ table: { data, columns }, source, origin }: Omit<Task, 'place'>): E.Either<Failure, void> => {
  const score = origin._tag === 'Recipe' ? origin.score : origin.pipeline.score
  const all = [
    ...Data.problems(columns)(Data.standardized(data)).map(inside(source)),
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

/** The pipeline for these data. */
export const pipelineOf = (task: Task): E.Either<Failure, Pipeline.Pipeline<string>> =>
  pipe(
    learnable(task),
    E.flatMap(() => chosen(task))
  )

const chosen = (task: Task): E.Either<Failure, Pipeline.Pipeline<string>> => {
  const { origin, prior } = task
  return origin._tag === 'Recipe'
    ? byRecipe(origin.score, origin.recipe, prior)(scaled(task).points)
    : E.right(origin.pipeline)
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
  optimizer === undefined
    ? engine
    : [
        brief(optimizer, stopping.steps),
        ...(loss && Objective.terms(loss.objective).some(({ term }) => Objective.isMatching(term))
          ? [Expectation.show(loss.expectation)]
          : [])
      ].join(', ')

/** What the values of a stage measure. */
const scaleOf = ({ loss, times }: Stage.Simple, prior: O.Option<number>): string =>
  loss === undefined
    ? `−log-likelihood${O.isSome(prior) ? ' less log p(θ)' : ''} per row${times.length > 0 ? `, with the noise of t = ${times.join(', ')}` : ''}`
    : Objective.formula(loss.objective)

interface Trace {
  readonly params: Params.Params<string>
  readonly stages: ReadonlyArray<StageRun>
  readonly stopped: Signal | null
}

/** What a step's value is called, and how much it is in the units of the result. */
export interface Measured {
  readonly name: string
  readonly value: number
}

type Watch = (
  state: Run.State<string>,
  program: Program.Program<string>,
  measured: (stage: number, value: number) => Measured
) => void

/** Where a run is kept, that it may go on after a crash. */
export interface Keeper {
  readonly path: string
  /** The version of this program. */
  readonly writer: string
  /** The checkpoint to go on from; null for the start. */
  readonly begun: string | null
  readonly every: Every
  /** Says where it cannot: what is learned is worth more than its checkpoint. */
  readonly write: (text: string) => Promise<void>
}

/** Who looks at a run on its way. */
export interface Control {
  readonly watch: Watch
  readonly now: () => number
  /** Waits a moment in which signals are heard; the one that asks to stop, or null. */
  readonly heard: () => Promise<Signal | null>
  readonly keeper: Keeper | null
  /** Is shown what a search has found so far. */
  readonly seen?: World['seen']
}

/** Milliseconds from one look for signals to the next: a look takes a few microseconds. */
const HEARING = 50

/** States as they are computed, each with the moment, and the signal that has come by then. */
export async function* heardAmong<S>(
  { now, heard }: Pick<Control, 'now' | 'heard'>,
  states: Iterable<S>
): AsyncGenerator<{ readonly state: S; readonly at: number; readonly stopped: Signal | null }> {
  let looked = now()
  let stopped: Signal | null = null
  for (const state of states) {
    const at = now()
    if (at - looked >= HEARING) {
      stopped = await heard()
      looked = at
    }
    yield { state, at, stopped }
  }
}

const rule = t.union([t.keyof({ steps: null, gradientNorm: null, relativeChange: null }), t.null])

/** What stands beside a state in a checkpoint: what a report shows of the way to it. */
const way = t.type({
  seed: t.number,
  stages: t.readonlyArray(t.type({ rule, taken: t.number, values: t.readonlyArray(t.number), every: t.number }))
})

type Way = t.TypeOf<typeof way>

/** The way to where a run starts. */
const start = (program: Program.Program<string>, seed: number): Way => ({
  seed,
  stages: program.stages.map(() => ({ rule: null, ...new History().kept() }))
})

/** Where a run goes on, and the way there. */
const begun = (
  program: Program.Program<string>,
  seed: number,
  keeper: Keeper | null
): E.Either<Failure, { readonly state: Run.State<string> | null; readonly way: Way }> => {
  if (keeper === null || keeper.begun === null) return E.right({ state: null, way: start(program, seed) })
  const { writer, path } = keeper
  const other = (value: string, domain: string, remedy: string): Problem.Problem =>
    Problem.of('checkpoint', value, domain, remedy)
  return pipe(
    Checkpoint.read(program, writer)(keeper.begun),
    E.bindTo('kept'),
    E.bind('way', ({ kept: { beside } }) =>
      way.is(beside) && beside.stages.length === program.stages.length
        ? E.right(beside)
        : E.left(other('what stands beside the state', 'as ornstein fit writes it', 'start again with another file'))
    ),
    E.filterOrElse(
      ({ way }) => way.seed === seed,
      ({ way }) =>
        other(`of seed ${way.seed}`, `of seed ${seed}`, `give --seed ${way.seed}, or start again with another file`)
    ),
    E.bimap(
      problem => refused({ ...problem, field: `--checkpoint ${path}` }),
      ({ kept, way }) => ({ state: kept.state, way })
    )
  )
}

/** Whether a checkpoint is due at a step, so many milliseconds after the last. */
const isDue = (every: Every, step: number, passed: number): boolean =>
  every._tag === 'Steps' ? step > 0 && step % every.steps === 0 : passed >= every.milliseconds

/** Σⱼ log sⱼ, by which −log p in the data's own units is more than in those that are learned in. */
const shiftOf = (scaling: Points.Scaling | null): number =>
  Array.from(scaling?.scale ?? [], Elementary.log).reduce((sum, log) => sum + log, 0)

/**
 * Runs a program. Between two steps signals are heard periodically, and the state is kept: neither changes a bit of what is
 * learned.
 */
const run = async (
  control: Control,
  program: Program.Program<string>,
  seed: number,
  scaling: Points.Scaling | null
): Promise<E.Either<Failure, Trace>> => {
  const { watch, now, keeper } = control
  const from = begun(program, seed, keeper)
  if (E.isLeft(from)) return from
  const { state: first, way } = from.right
  const { pipeline, plan, stages } = program
  // A program's stages are the simple ones that the pipeline's come to.
  const written = pipeline.stages.flatMap(Stage.simple)
  const shift = shiftOf(scaling)
  const measured = (stage: number, value: number): Measured => {
    const { loss, times } = written[stage].simple
    const prior = O.isSome(Stage.priorOf(written[stage].stage)) ? ' + log-prior' : ''
    return loss !== undefined
      ? { name: 'loss', value }
      : { name: `log-likelihood${prior} per row${times.length > 0 ? ' with noise' : ''}`, value: -(value + shift) }
  }
  const histories = way.stages.map(kept => History.of(kept))
  const rules = way.stages.map(({ rule }) => rule)
  let kept = now()
  let ended: Signal | null = null
  let reached = { isFinished: false, params: (): Params.Params<string> => program.start(Key.fromSeed(seed)) }
  const states = first === null ? Run.states(program)(Key.fromSeed(seed)) : Run.resume(program)(first)
  for await (const { state, at, stopped } of heardAmong(control, states)) {
    const { status, stage, step, value } = state
    if (status._tag === 'Failed') return E.left(failed(Problem.spoken(speaker)(status.problem)))
    // What a run goes on from has been seen before.
    if (state !== first) {
      if (step > 0 && value !== null) histories[stage].add(value)
      if (status._tag !== 'Running' && stage < rules.length) rules[stage] = status.rule
    }
    reached = { isFinished: status._tag === 'Finished', params: () => Run.estimate(program)(state) }
    watch(state, program, measured)
    if (keeper !== null && (isDue(keeper.every, step, at - kept) || stopped !== null || status._tag === 'Finished')) {
      const beside: Way = {
        seed,
        stages: rules.map((rule, i) => ({ rule, ...histories[i].kept() }))
      }
      await keeper.write(Checkpoint.show(program, keeper.writer)({ state, beside }))
      kept = at
    }
    ended = stopped
    if (stopped !== null) break
  }
  return E.right({
    stopped: reached.isFinished ? null : ended,
    params: reached.params(),
    stages: written.map(({ stage, simple }, i) => ({
      formula: Stage.formula(stage),
      scale: scaleOf(simple, Stage.priorOf(stage)),
      means: means(simple, plan[i]),
      limit: stages[i].stopping.steps,
      rule: rules[i],
      ...histories[i].kept()
    }))
  })
}

/** Parameters that are not finite are no result, however the run ended. */
export const finite = <F extends Pick<Findings, 'mixture' | 'statistics'>>(fit: F): E.Either<Failure, F> => {
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
export const problemsOf =
  (place: string) =>
  (failure: Failure): Failure => ({ ...failure, problems: NEA.map(inside(place))(failure.problems) })

/** What was learned, to the end or until a signal stopped it. */
export interface Reached {
  readonly fit: Findings
  readonly stopped: Signal | null
}

/** The mixture that parameters are. */
export const mixtureOf = (
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
  { scaling }: Data.Data,
  pipeline: Pipeline.Pipeline<string>,
  rest: Candidates.Found & Pick<Findings, 'recipe' | 'stages' | 'plan' | 'searched'>
): E.Either<Failure, Findings> =>
  finite({
    ...rest,
    ...{
      choice: null,
      starts: null,
      bootstrap: null,
      tests: null,
      hint: null,
      stuck: null,
      source,
      seed,
      scaling,
      pipeline
    },
    ...shown(table),
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
  { scaling }: Data.Data,
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
  (pipeline: Pipeline.Pipeline<string>): TE.TaskEither<Failure, Reached> => {
    const data = scaled(task)
    return pipe(
      // What was learned from missing cells has no more steps to take.
      traced(control, pipeline, task.seed, Missing.completed(data.points), placeOf(task, data), data.scaling),
      TE.bind('mixture', ({ program: { pipeline }, trace: { params } }) => TE.fromEither(mixtureOf(pipeline, params))),
      TE.bind('fit', ({ program, trace, mixture }) => {
        const { pipeline } = program
        const stages = inOwnUnits(pipeline, data, trace.stages)
        const found = Candidates.found(data, pipeline, task.place)(mixture)
        const plan = Compile.explain(program)
        return TE.fromEither(findingsOf(task, data, pipeline, { ...found, recipe, stages, plan, searched: 0 }))
      }),
      TE.map(({ fit, trace: { stopped } }) => ({ fit, stopped }))
    )
  }

/** A candidate as it stands; what was left before its passes is held to all rows. */
const standing = (task: Task, { pipeline, isSettled, steps, ...found }: Fit.Ranked): E.Either<Failure, Reached> => {
  const data = scaled({ ...task, standardize: false })
  const { mixture, statistics: said } = found
  const statistics = isSettled ? said : Statistics.of(task.table.data, said.parameters, task.place)(mixture)
  return pipe(
    findingsOf(
      task,
      { ...data, scaling: task.standardize ? Data.standardized(task.table.data).scaling : null },
      pipeline,
      {
        ...{ ...found, statistics },
        ...{ recipe: GROWN, stages: [], plan: '', searched: steps }
      }
    ),
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
  (task: Task, path: string): TE.TaskEither<Failure, ReachedScore> => {
    const { table, seed } = task
    return pipe(
      TE.fromEither(pipelineOf(task)),
      TE.flatMap(pipeline => traced(control, pipeline, seed, scaled(task).points, placeOf(task, scaled(task)), null)),
      TE.mapLeft(problemsOf(path)),
      TE.map(scoreOf({ ...scaled(task), columns: table.columns, seed }))
    )
  }

/** A run of a pipeline on data, in memory or not, its sums taken at a place. */
export const traced = (
  control: Control,
  pipeline: Pipeline.Pipeline<string>,
  seed: number,
  points: Source.Data,
  place: Place.Place,
  scaling: Points.Scaling | null
): TE.TaskEither<Failure, { readonly program: Program.Program<string>; readonly trace: Trace }> =>
  pipe(
    Compile.pipeline(pipeline, { place })(points),
    E.mapLeft(refused),
    TE.fromEither,
    TE.bindTo('program'),
    TE.bind(
      'trace',
      ({ program }) =>
        () =>
          run(control, program, seed, scaling)
    )
  )

/** What a run has learned of a score that is no mixture. */
export const scoreOf =
  ({
    points,
    scaling,
    columns,
    seed
  }: {
    readonly points: Source.Data
    readonly scaling: Points.Scaling | null
    readonly columns: ReadonlyArray<string>
    readonly seed: number
  }) =>
  ({
    program,
    trace: { params, stages, stopped }
  }: {
    readonly program: Program.Program<string>
    readonly trace: Trace
  }): ReachedScore => {
    const { pipeline } = program
    const last = stages.at(-1)
    const fit = {
      rows: points.rows,
      loss: lossOf(last),
      steps: stages.reduce((sum, { taken }) => sum + taken, 0),
      converged: last !== undefined && last.rule !== null && last.rule !== 'steps'
    }
    const plan = Compile.explain(program)
    return { stages, plan, stopped, learned: ScoreModel.of({ columns, seed, pipeline, params, fit }, points, scaling) }
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
  ): TE.TaskEither<Failure, Chosen> => {
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
      return TE.right({ origin: byRecipe(score), choice: null, starts: null, seed, stopped: null, isRun: true })
    }
    // Where there is one candidate, its last steps are a run.
    if (keeper !== null && (misses || !isOne || starts > 1))
      return TE.left(
        refused(
          Problem.of(
            '--checkpoint',
            keeper.path,
            `available for ${misses ? 'missing cells' : starts > 1 ? 'several starts' : 'a choice among candidates'} in memory`,
            'add --stream, by which each sum over the rows is kept'
          )
        )
      )
    const score = (family?.[0] ?? Score.isotropic)({ components: 1 })
    const asRefused = E.mapLeft((problems: Problem.Problems) => refused(NEA.map(asOption)(problems)))
    return pipe(
      learnable({ table, source, standardize, seed, prior, origin: { _tag: 'Recipe', score, recipe: 'annealed' } }),
      E.flatMap(() =>
        pipe(
          table.data,
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
          }),
          asRefused
        )
      ),
      TE.fromEither,
      // Those that are learned when a signal comes are what is chosen from.
      TE.flatMapTask(states => async () => {
        let last: Fit.State | null = null
        let stopped: Signal | null = null
        for await (const looked of heardAmong(control, states)) {
          last = looked.state
          stopped = looked.stopped
          control.seen?.(last.fit)
          if (last.rest !== null && !misses) break
          if (stopped !== null && E.isRight(last.fit())) break
        }
        // The last step may have taken long, and a signal that came meanwhile is not to be lost.
        return { last, stopped: stopped ?? (await heard()) }
      }),
      TE.bindTo('end'),
      TE.bind('fit', ({ end: { last } }) =>
        TE.fromEither(asRefused(last?.fit() ?? E.left([Problem.of('fit', 'nothing', 'a candidate', 'try again')])))
      ),
      TE.map(({ fit: { candidates, refused, ...fit }, end: { last, stopped } }) => {
        const [{ pipeline, isSettled }] = candidates
        const rest = stopped === null ? (last?.rest ?? null) : null
        return {
          // Another recipe learns the score that was chosen in its own way.
          origin:
            recipe === GROWN
              ? {
                  _tag: 'Chosen',
                  pipeline: rest ?? pipeline,
                  isSettled,
                  // One that no stage is left of is told as it stands: a pipeline without stages knows no floor.
                  candidate:
                    rest === null && (Source.isSource(table.data) || pipeline.stages.length === 0)
                      ? candidates[0]
                      : null
                }
              : byRecipe(pipeline.score),
          choice: isOne ? null : { criterion, candidates, refused, ...(stopped !== null && { isStopped: true }) },
          starts: fit.starts.of === 1 ? null : fit.starts,
          seed: fit.seed,
          stopped,
          isRun: rest !== null
        }
      })
    )
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
        TE.fromEither(byRecipe(score, recipe, task.prior)(scaled(task).points)),
        TE.flatMap(learnBy(control, task, recipe)),
        TE.mapLeft(problemsOf(`--compare ${recipe}`))
      )()
      if (E.isLeft(reached)) return reached
      all.push(reached.right)
      if (reached.right.stopped !== null) break
    }
    return E.right(all)
  }
