/**
 * `ornstein fit --stream`: learns a mixture from a table that need not fit in memory; with `--queue`, sums over its rows are taken by
 * workers.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Fit, Mixture, Pipeline, type Points, Problem, type Source, type Statistics } from '../index.js'
import * as Place from '../data/Place.js'
import type * as Cluster from '../cluster/index.js'
import { foundOn } from '../fit/Candidates.js'
import * as Data from '../fit/Data.js'
import { ofMixture, show } from '../fit/table.js'
import { facts, paragraphs, table as tableOf, word } from '../fit/text.js'
import { ignored, ofPrior } from '../report/Findings.js'
import { choicesOf, type Choices, type Flags, type Keep } from './choices.js'
import { isBegun, keeperOf, ownPipeline, stoppedBy } from './fit.js'
import { nextAfter } from './shown.js'
import {
  areFree,
  constructors,
  familyOf,
  finite,
  mixtureOf,
  problemsOf,
  scoreOf,
  traced,
  type Keeper
} from './learn.js'
import * as Learned from './Learned.js'
import * as look from './look.js'
import * as Model from './Model.js'
import * as options from './options.js'
import { progress, unwatched } from './progress.js'
import { connectionOf } from './queue.js'
import { failed, refused, type Failure, type Signal, type World } from './World.js'

/** What is told of a mixture. */
interface Told extends Pick<
  Fit.Fit,
  'mixture' | 'family' | 'columns' | 'scaling' | 'seed' | 'prior' | 'logLikelihood' | 'bic'
> {
  readonly statistics: Statistics.Statistics
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
      ...(table.dropped > 0 ? [`dropped: ${table.dropped} with a missing cell`] : [])
    ].join('\n'),
    told.table(),
    facts([
      ['log-likelihood per row', show(logLikelihood)],
      ['BIC', `${show(bic)} with ${statistics.parameters} parameters (less is better)`]
    ]),
    ofPrior(told) ?? '',
    nextAfter(out)
  ])
}

const asJson = (told: Told, table: Source.SourceTable): string => {
  const { statistics, mixture, family, columns, logLikelihood, bic, seed, scaling, prior } = told
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
    rows: statistics.rows,
    dropped: table.dropped,
    ignored: table.ignored,
    seed,
    standardized: scaling !== null,
    ...(prior !== null && { prior })
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

/** What is closed whatever comes of the work. */
const closing =
  (close: () => void) =>
  <A>(work: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
  async () => {
    const done = await work()
    close()
    return done
  }

/** What a place throws that keeps a fit from its sums. */
const thrown = (error: unknown): E.Either<Failure, never> => {
  if (!(error instanceof RangeError && 'problems' in error)) throw error
  // as Problem.orThrow throws them
  const [first, ...rest] = error.problems as Problem.Problems
  return E.left(failed(first, ...rest))
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

const doneOf = (told: Told, text: string, { table }: Asked, file: string, flags: Flags): Done => ({
  text,
  told: () => (flags.json === true ? asJson(told, table) : human(told, table, options.named(file), flags.out)),
  stopped: null
})

/** A mixture that is chosen on a sample and polished on all rows. */
const chosen =
  (world: World, file: string, flags: Flags) =>
  (asked: Asked): TE.TaskEither<Failure, Done> => {
    const { open, seed, prior, keep, table: how } = asked.choices
    const { source, columns } = asked.table
    const { families, components, criterion } = open
    const standardize = flags.standardize ?? areFree(families)
    const learned =
      (place: Place.Place) =>
      (source: Source.Source): E.Either<Failure, Fit.Fit> => {
        try {
          return pipe(
            source,
            Fit.ofSource({
              family: families?.map(name => constructors[name]),
              components: families?.includes('symmetric-pair') === true ? 2 : components,
              criterion,
              seed,
              prior: prior ?? undefined,
              standardize,
              columns,
              place
            }),
            asRefused
          )
        } catch (error) {
          return thrown(error)
        }
      }
    return pipe(
      summing(flags, file, how, source),
      TE.flatMap(there =>
        keeping(
          world,
          keep,
          hashes => [hashes, families, components, criterion, seed, prior, standardize],
          source,
          there
        )
      ),
      TE.flatMap(({ place, close }) => pipe(source, learned(place), TE.fromEither, closing(close))),
      TE.map(fit => {
        const [{ statistics }] = fit.candidates
        return doneOf({ ...fit, statistics }, Model.show(Model.ofChosen(fit)), asked, file, flags)
      })
    )
  }

/** What a pipeline of one's own leads to: a mixture, or a score that is none. */
const byPipeline =
  (world: World, file: string, flags: Flags, path: string) =>
  (asked: Asked): TE.TaskEither<Failure, Done> => {
    const { seed, keep, table: how } = asked.choices
    const { source, columns } = asked.table
    const line = world.isTTY && flags.quiet !== true ? progress(world, '') : unwatched
    const learned =
      (pipeline: Pipeline.Pipeline<string>, keeper: Keeper | null, data: Data.Scaled) =>
      ({ place: own, close }: Summing): TE.TaskEither<Failure, Done> => {
        const { points, scaling } = data
        const place = scaling === null ? own : Place.scaled(scaling, own)
        const work = pipe(
          () =>
            world.untilSignal(heard =>
              traced({ watch: line.watch, keeper, now: world.now, heard }, pipeline, seed, points, place)()
            ),
          TE.mapLeft(problemsOf(path)),
          TE.flatMapEither((reached): E.Either<Failure, Done> => {
            const { stages, params, stopped } = reached.trace
            if (stopped !== null) world.stderr(stoppedBy(stopped, stages, keep))
            if (Learned.isOne(pipeline.score)) {
              const found = scoreOf({ points, scaling, columns, seed })(reached)
              return E.right({ text: Learned.show(found.learned), told: () => look.told(found, flags, null), stopped })
            }
            return pipe(
              mixtureOf(pipeline, params),
              E.map(mixture => ({
                ...foundOn(data, own, pipeline)(mixture),
                ...{ family: familyOf(pipeline.score), columns, scaling, seed, recipe: path, pipeline, stages },
                isSettled: null,
                prior: O.toNullable(Pipeline.prior(pipeline))
              })),
              E.flatMap(finite),
              E.map(fit => {
                const { logLikelihood, bic } = fit.statistics
                const table = (): string => tableOf(ofMixture(columns, fit.mixture))
                const told = { ...fit, logLikelihood, bic, table }
                return { ...doneOf(told, Model.show(Model.ofFit(fit)), asked, file, flags), stopped }
              })
            )
          }),
          TE.tapIO(() => line.end)
        )
        return pipe(async () => {
          try {
            return await work()
          } catch (error) {
            return thrown(error)
          }
        }, closing(close))
      }
    return pipe(
      TE.Do,
      TE.bind('pipeline', () => ownPipeline(world, path, flags)),
      TE.bind('keeper', () => keeperOf(world, keep)),
      TE.bind('data', () =>
        TE.fromEither(pipe(source, Data.scaledSource(flags.standardize ?? false, columns), asRefused))
      ),
      TE.flatMap(({ pipeline, keeper, data }) =>
        pipe(summing(flags, file, how, source), TE.flatMap(learned(pipeline, keeper, data)), closing(data.close))
      )
    )
  }

/** How often a run is kept is asked of a pipeline alone: a choice writes each sum down as it comes. */
const everyOf = ({ every, pipeline }: Flags): options.Checked<null> =>
  every === undefined || pipeline !== undefined
    ? E.right(null)
    : E.left([Problem.of('--every', every, 'asked for here, where each sum is written as it comes', 'leave it out')])

export const fit =
  (file: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, Signal | null> =>
    pipe(
      options.checked(options.all({ choices: choicesOf(flags), every: everyOf(flags) })),
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
