/**
 * `ornstein fit --stream`: learns a mixture from a table that need not fit in memory; with `--queue`, sums over its rows are taken by
 * workers.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Fit, Mixture, Pipeline, type Points, Problem, type Score, type Source, Statistics } from '../index.js'
import * as Place from '../data/Place.js'
import type * as Cluster from '../cluster/index.js'
import { foundOn } from '../fit/Candidates.js'
import * as Data from '../fit/Data.js'
import { ofMixture, show } from '../fit/table.js'
import { facts, paragraphs, table as tableOf, word } from '../fit/text.js'
import { ignored, ofPrior, type Findings } from '../report/Findings.js'
import { choicesOf, type Choices, type Flags, type Keep } from './choices.js'
import { isBegun, keeperOf, known, ownPipeline, stoppedBy } from './fit.js'
import { bootstrapAsJson, doubts, intervals, nextAfter } from './shown.js'
import {
  areFree,
  byRecipe,
  familyOf,
  GROWN,
  finite,
  HEARING,
  mixtureOf,
  problemsOf,
  scoreOf,
  traced,
  type Keeper,
  type Recipe
} from './learn.js'
import * as Learned from './Learned.js'
import * as look from './look.js'
import * as Model from './Model.js'
import * as options from './options.js'
import { progress } from './progress.js'
import { connectionOf } from './queue.js'
import * as words from './words.js'
import { failed, refused, type Failure, type Signal, type World } from './World.js'

/** What is told of a mixture. */
interface Told
  extends
    Pick<Fit.Fit, 'mixture' | 'family' | 'columns' | 'scaling' | 'seed' | 'prior' | 'logLikelihood' | 'bic'>,
    Pick<Findings, 'statistics' | 'pipeline' | 'redundancies' | 'floored' | 'unsupported' | 'bootstrap'> {
  readonly table: () => string
}

const human = (told: Told, table: Source.SourceTable, source: string, out: string | undefined): string => {
  const { statistics, mixture, family, columns, scaling, logLikelihood, bic } = told
  const components = Mixture.components(mixture)
  return paragraphs([
    [
      `Learned ${components} ${word(family)} Gaussian${components === 1 ? '' : 's'} from ${statistics.rows} rows ` +
        `of ${source}, read in pieces.`,
      `columns: ${columns.join(', ')}${scaling === null ? '' : ' (standardized to learn)'}`,
      ...(table.ignored.length > 0 ? [`ignored: ${ignored(table)}; --columns chooses others`] : []),
      ...(table.dropped > 0 ? [`dropped: ${table.dropped} with a missing cell`] : []),
      ...(table.source.misses === true
        ? ['missing: some cells, taken by what is to be expected of the rest of the row']
        : [])
    ].join('\n'),
    told.table(),
    ...intervals(told),
    facts([
      ['log-likelihood per row', show(logLikelihood)],
      ['BIC', `${show(bic)} with ${statistics.parameters} parameters (less is better)`]
    ]),
    ofPrior(told) ?? '',
    doubts(told).join('\n'),
    nextAfter(out)
  ])
}

const asJson = (told: Told, table: Source.SourceTable): string => {
  const { statistics, mixture, family, columns, logLikelihood, bic, seed, scaling, prior } = told
  const { redundancies, floored, unsupported } = told
  const { means, weights, variances } = Mixture.marginals(mixture)
  return `${JSON.stringify({
    family: word(family),
    components: Mixture.components(mixture),
    dim: columns.length,
    columns,
    means,
    weights,
    variances,
    ...(mixture.factors !== null && { factors: Mixture.toDescription(mixture).factors }),
    logLikelihood,
    bic,
    parameters: statistics.parameters,
    sizes: statistics.sizes,
    redundancies,
    floored,
    unsupported,
    rows: statistics.rows,
    dropped: table.dropped,
    ignored: table.ignored,
    seed,
    standardized: scaling !== null,
    ...(prior !== null && { prior }),
    ...bootstrapAsJson(told)
  })}\n`
}

/** Where sums are taken, until it is closed. */
type Summing = Pick<Cluster.Cluster, 'place' | 'close'>

/** Sums over the rows, taken here or by the workers of a queue. */
const summing = (
  { queue }: Flags,
  file: string,
  how: Points.CsvOptions,
  source: Source.Source
): TE.TaskEither<Failure, Summing> =>
  queue === undefined
    ? TE.right({ place: Place.here, close: () => undefined })
    : pipe(
        TE.Do,
        TE.bind('connection', () => TE.fromEither(connectionOf(queue))),
        TE.bind('cluster', () => TE.fromTask(() => import('../cluster/index.js'))),
        TE.bind('shared', () => TE.fromTask(() => import('./shared.js'))),
        TE.flatMapEither(({ connection, cluster, shared }) =>
          pipe(
            source,
            cluster.bullmq({ connection, data: shared.described(file, how) }),
            E.mapLeft(problem => refused(problem))
          )
        )
      )

/** The same, what they came to kept in a file from which the fit goes on; `of` is what tells it from others. */
const keeping = (
  world: World,
  keep: Keep | null,
  of: (hashes: ReadonlyArray<string>) => unknown,
  source: Source.Source,
  { place, close }: Summing
): TE.TaskEither<Failure, Summing> =>
  keep === null
    ? TE.right({ place, close })
    : pipe(
        isBegun(world, keep),
        TE.flatMapTask(() => () => import('../cluster/index.js')),
        TE.flatMapEither(cluster =>
          pipe(
            place,
            cluster.kept(keep.path, of(cluster.hashesOf(source))),
            E.bimap(
              problem => refused(problem),
              kept => ({
                place: kept.place,
                close: () => {
                  kept.close()
                  close()
                }
              })
            )
          )
        )
      )

/** What a place throws that keeps a fit from its sums. */
const thrown = (error: unknown): E.Either<Failure, never> => {
  if (!(error instanceof RangeError && 'problems' in error)) throw error
  // as Problem.orThrow throws them
  const [first, ...rest] = error.problems as Problem.Problems
  return E.left(failed(first, ...rest))
}

/** What is closed whatever comes of the work. */
const closing =
  (close: () => void) =>
  <A>(work: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
  async () => {
    try {
      return await work()
    } catch (error) {
      return thrown(error)
    } finally {
      close()
    }
  }

const asRefused = E.mapLeft(([first, ...rest]: Problem.Problems) => refused(first, ...rest))

/** A table, and what is asked of it. */
interface Asked {
  readonly choices: Choices
  readonly table: Source.SourceTable
}

/** What was learned: the text of its file, and what is printed of it. */
interface Done {
  readonly text: string
  readonly told: () => string
  readonly stopped: Signal | null
}

/** The same with what resamples of its rows say of it, where that is asked; of one that was stopped they say nothing. */
const doneOf =
  (world: World, file: string, flags: Flags, { table, choices }: Asked) =>
  (found: Omit<Told, 'bootstrap'>, text: string, stopped: Signal | null): TE.TaskEither<Failure, Done> => {
    const { resampling, end } = progress(world, flags)
    return pipe(
      TE.fromTask(known(world, resampling, stopped === null ? choices.bootstrap : null)(found, table.source)),
      TE.tapIO(() => end),
      TE.map(({ bootstrap, stopped: later }) => {
        const told = { ...found, bootstrap }
        return {
          text,
          told: () => (flags.json === true ? asJson(told, table) : human(told, table, options.named(file), flags.out)),
          stopped: stopped ?? later
        }
      })
    )
  }

/** The last state of a fit that goes on until a signal comes, or to its end. */
const reached =
  (world: World) =>
  (states: Iterable<Fit.State>): TE.TaskEither<Failure, { readonly fit: Fit.Fit; readonly stopped: Signal | null }> => {
    const work = async (
      heard: () => Promise<Signal | null>
    ): Promise<{ readonly last: Fit.State | null; readonly stopped: Signal | null }> => {
      let [looked, last, stopped]: [number, Fit.State | null, Signal | null] = [world.now(), null, null]
      for (const state of states) {
        last = state
        if (world.now() - looked < HEARING) continue
        stopped = await heard()
        looked = world.now()
        if (stopped !== null && E.isRight(state.fit())) break
      }
      return { last, stopped }
    }
    return pipe(
      TE.fromTask<Awaited<ReturnType<typeof work>>, Failure>(() => world.untilSignal(work)),
      TE.bind('fit', ({ last }) => TE.fromEither(asRefused(last?.fit() ?? E.left([nothing])))),
      TE.map(({ fit, stopped }) => ({ fit, stopped }))
    )
  }

const nothing = Problem.of('fit', 'nothing', 'a candidate', 'try again')

/** What leads to a score: a pipeline by its name, on data in their unit. */
interface Leading {
  readonly name: string
  readonly pipeline: Pipeline.Pipeline<string>
  readonly keeper: Keeper | null
  readonly data: Data.Scaled
}

/** What a pipeline leads to: a mixture, or a score that is none. */
const along =
  (world: World, file: string, flags: Flags, asked: Asked) =>
  ({ name, pipeline, keeper, data }: Leading) =>
  ({ place: own, close }: Summing): TE.TaskEither<Failure, Done> => {
    const { seed, keep } = asked.choices
    const { columns } = asked.table
    const line = progress(world, flags)
    const { points, scaling } = data
    const place = scaling === null ? own : Place.scaled(scaling, own)
    const work = pipe(
      () =>
        world.untilSignal(heard =>
          traced({ watch: line.watch, keeper, now: world.now, heard }, pipeline, seed, points, place)()
        ),
      TE.mapLeft(problemsOf(name)),
      TE.tapIO(() => line.end),
      TE.flatMap((reached): TE.TaskEither<Failure, Done> => {
        const { stages, params, stopped } = reached.trace
        if (stopped !== null) world.stderr(stoppedBy(stopped, stages, keep))
        if (Learned.isOne(pipeline.score)) {
          const found = scoreOf({ points, scaling, columns, seed })(reached)
          return TE.right({ text: Learned.show(found.learned), told: () => look.told(found, flags, null), stopped })
        }
        return pipe(
          mixtureOf(pipeline, params),
          E.map(mixture => ({
            ...foundOn(data, own, pipeline)(mixture),
            ...{ family: familyOf(pipeline.score), columns, scaling, seed, recipe: name, pipeline, stages },
            isSettled: null,
            prior: O.toNullable(Pipeline.prior(pipeline))
          })),
          E.flatMap(finite),
          TE.fromEither,
          TE.flatMap(fit => {
            const { logLikelihood, bic } = fit.statistics
            const table = (): string => tableOf(ofMixture(columns, fit.mixture))
            const told = { ...fit, logLikelihood, bic, table }
            return doneOf(world, file, flags, asked)(told, Model.show(Model.ofFit(fit)), stopped)
          })
        )
      })
    )
    return pipe(work, closing(close))
  }

/** What a pipeline of one's own leads to. */
const byPipeline =
  (world: World, file: string, flags: Flags, path: string) =>
  (asked: Asked): TE.TaskEither<Failure, Done> => {
    const { keep, table: how } = asked.choices
    const { source, columns } = asked.table
    return pipe(
      TE.Do,
      TE.bind('pipeline', () => ownPipeline(world, path, flags)),
      TE.bind('keeper', () => keeperOf(world, keep)),
      TE.bind('data', () =>
        TE.fromEither(pipe(source, Data.scaled(flags.standardize ?? false, columns), asRefused))
      ),
      TE.flatMap(({ data, ...leading }) =>
        pipe(
          summing(flags, file, how, source),
          TE.flatMap(along(world, file, flags, asked)({ name: path, data, ...leading })),
          closing(data.close)
        )
      )
    )
  }

/**
 * A mixture that is chosen on a sample and polished on all rows; or what a recipe leads to, of the score that is chosen so, where one is
 * left open. What is kept is what each sum came to, of either.
 */
const chosen =
  (world: World, file: string, flags: Flags) =>
  (asked: Asked): TE.TaskEither<Failure, Done> => {
    const { open, recipe, seed, prior, keep, table: how } = asked.choices
    const { source, columns } = asked.table
    const { families, components, criterion } = open
    const standardize = flags.standardize ?? areFree(families)
    const family = families?.map(({ make }) => make)
    const named = families?.map(({ word }) => word)
    const fixed = families?.[0].count ?? null
    const grown = (place: Place.Place): ReturnType<ReturnType<typeof reached>> =>
      pipe(
        source,
        Fit.states({
          ...{ family, criterion, seed, standardize, columns, place },
          components: fixed ?? components,
          prior: prior ?? undefined,
          ...(flags.missing === 'em' && { missing: 'em' })
        }),
        asRefused,
        TE.fromEither,
        TE.flatMap(reached(world))
      )
    const told = (
      { fit, stopped }: { readonly fit: Fit.Fit; readonly stopped: Signal | null },
      place: Place.Place
    ): TE.TaskEither<Failure, Done> => {
      const { mixture, candidates, refused } = fit
      const [{ isSettled, statistics: said, pipeline, redundancies, floored, unsupported }] = candidates
      // What was left before its passes is held to all rows.
      const statistics = isSettled ? said : Statistics.of(source, said.parameters, place)(mixture)
      if (stopped !== null) world.stderr(stoppedBy(stopped, [], keep, { criterion, candidates, refused }))
      const { logLikelihood, bic } = statistics
      const text = Model.show(Model.ofChosen(fit, statistics))
      const found = { ...fit, logLikelihood, bic, statistics, pipeline, redundancies, floored, unsupported }
      return doneOf(world, file, flags, asked)(found, text, stopped)
    }
    const byScore =
      (recipe: Recipe, there: Summing) =>
      (score: Score.Score<string>): TE.TaskEither<Failure, Done> =>
        pipe(
          source,
          Data.scaled(standardize, columns),
          asRefused,
          TE.fromEither,
          TE.flatMap(data =>
            pipe(
              TE.fromEither(byRecipe(score, recipe, prior)(data.points)),
              TE.flatMap(pipeline =>
                along(world, file, flags, asked)({ name: recipe, pipeline, keeper: null, data })({
                  ...there,
                  close: () => undefined
                })
              ),
              closing(data.close)
            )
          )
        )
    const isOne = family?.length === 1 && (components?.length === 1 || fixed !== null)
    const learned = (there: Summing): TE.TaskEither<Failure, Done> =>
      recipe === GROWN
        ? pipe(
            grown(there.place),
            TE.flatMap(found => told(found, there.place))
          )
        : isOne
          ? byScore(recipe, there)(family[0]({ components: components?.[0] ?? 2 }))
          : pipe(
              grown(there.place),
              TE.flatMap(found =>
                found.stopped === null
                  ? byScore(recipe, there)(found.fit.candidates[0].pipeline.score)
                  : told(found, there.place)
              )
            )
    return pipe(
      summing(flags, file, how, source),
      TE.flatMap(there =>
        keeping(
          world,
          keep,
          hashes => [hashes, named, components, criterion, seed, prior, standardize, recipe],
          source,
          there
        )
      ),
      TE.flatMap(there => pipe(learned(there), closing(there.close)))
    )
  }

/** How often a run is kept is asked of a pipeline alone: a choice writes each sum down as it comes. */
const everyOf = ({ every, pipeline }: Flags): options.Checked<null> =>
  every === undefined || pipeline !== undefined
    ? E.right(null)
    : E.left([Problem.of('--every', every, 'asked for here, where each sum is written as it comes', 'leave it out')])

/** What a person is told of a table that is read in pieces unasked: of it whole, what is chosen is learned once more at the end. */
const unasked = ({ open: { families, components }, recipe }: Choices, { pipeline }: Flags): string => {
  const isOpen = pipeline === undefined && recipe === GROWN && !(families?.length === 1 && components?.length === 1)
  const others = isOpen ? ', and its last digits may be others' : ''
  return `read in pieces, as the table is large for this memory: less is told of the fit${others}; --no-stream reads it whole\n`
}

export const fit =
  (file: string, flags: Flags, isUnasked = false) =>
  (world: World): TE.TaskEither<Failure, Signal | null> =>
    pipe(
      words.words(world, flags),
      TE.flatMap(vocabulary =>
        options.checked(options.all({ choices: choicesOf(flags, vocabulary), every: everyOf(flags) }))
      ),
      TE.tapIO(({ choices }) => () => {
        if (isUnasked && flags.quiet !== true) world.stderr(unasked(choices, flags))
      }),
      TE.tap(({ choices: { outputs, keep } }) =>
        options.checkOutputs(world, [file, ...(flags.pipeline === undefined ? [] : [flags.pipeline])])([
          ...outputs,
          ...(keep === null ? [] : [{ option: '--checkpoint', path: keep.path }])
        ])
      ),
      TE.bind('table', ({ choices }) => options.readSource(world, 'FILE')(file, choices.table)),
      TE.bind('done', asked =>
        pipe(
          asked,
          flags.pipeline === undefined ? chosen(world, file, flags) : byPipeline(world, file, flags, flags.pipeline),
          closing(asked.table.source.close)
        )
      ),
      TE.tap(({ done: { text }, choices: { outputs } }) =>
        options.write(world)(outputs.map(output => ({ ...output, text })))
      ),
      TE.tapTask(({ done }) =>
        (flags.quiet === true && flags.json !== true) || flags.out === '-'
          ? () => Promise.resolve()
          : world.stdout(done.told())
      ),
      TE.map(({ done: { stopped } }) => stopped)
    )
