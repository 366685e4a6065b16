/**
 * `ornstein fit --stream`: learns a mixture from a table that need not fit in memory; with `--queue`, sums over its rows are taken by
 * workers.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Fit, Mixture, type Points, type Problem, type Source } from '../index.js'
import * as Place from '../data/Place.js'
import type * as Cluster from '../cluster/index.js'
import { show } from '../fit/table.js'
import { facts, paragraphs, word } from '../fit/text.js'
import { ignored, ofPrior } from '../report/Findings.js'
import { choicesOf, type Flags, type Keep } from './choices.js'
import { isBegun } from './fit.js'
import { nextAfter } from './shown.js'
import { areFree, constructors } from './learn.js'
import * as Model from './Model.js'
import * as options from './options.js'
import { connectionOf } from './queue.js'
import { failed, refused, type Failure, type World } from './World.js'

const human = (fit: Fit.Fit, table: Source.SourceTable, source: string, out: string | undefined): string => {
  const [{ statistics }] = fit.candidates
  return paragraphs([
    [
      `Learned ${fit.components} ${word(fit.family)} Gaussian${fit.components === 1 ? '' : 's'} from ${statistics.rows} rows ` +
        `of ${source}, read in pieces.`,
      `columns: ${fit.columns.join(', ')}${fit.scaling === null ? '' : ' (standardized to learn)'}`,
      ...(table.ignored.length > 0 ? [`ignored: ${ignored(table)}; --columns chooses others`] : []),
      ...(table.dropped > 0 ? [`dropped: ${table.dropped} with a missing cell`] : [])
    ].join('\n'),
    fit.table(),
    facts([
      ['log-likelihood per row', show(fit.logLikelihood)],
      ['BIC', `${show(fit.bic)} with ${statistics.parameters} parameters (less is better)`]
    ]),
    ofPrior(fit) ?? '',
    nextAfter(out)
  ])
}

const asJson = (fit: Fit.Fit, table: Source.SourceTable): string => {
  const [{ statistics }] = fit.candidates
  const { means, weights, variances } = Mixture.marginals(fit.mixture)
  return `${JSON.stringify({
    family: word(fit.family),
    components: fit.components,
    dim: fit.columns.length,
    columns: fit.columns,
    means,
    weights,
    variances,
    ...(fit.mixture.factors !== null && { factors: Mixture.toDescription(fit.mixture).factors }),
    logLikelihood: fit.logLikelihood,
    bic: fit.bic,
    parameters: statistics.parameters,
    sizes: statistics.sizes,
    rows: statistics.rows,
    dropped: table.dropped,
    ignored: table.ignored,
    seed: fit.seed,
    standardized: fit.scaling !== null,
    ...(fit.prior !== null && { prior: fit.prior })
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

/** A fit by sums of a place, which throws what keeps it from them. */
const placed =
  (place: Place.Place) =>
  (options: Parameters<typeof Fit.ofSource>[0]) =>
  (source: Source.Source): E.Either<Failure, Fit.Fit> => {
    try {
      return pipe(
        source,
        Fit.ofSource({ ...options, place }),
        E.mapLeft(([first, ...rest]) => refused(first, ...rest))
      )
    } catch (error) {
      if (error instanceof RangeError && 'problems' in error) {
        // as Problem.orThrow throws them
        const [first, ...rest] = error.problems as Problem.Problems
        return E.left(failed(first, ...rest))
      }
      throw error
    }
  }

export const fit =
  (file: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, null> =>
    pipe(
      options.checked(choicesOf(flags)),
      TE.bindTo('choices'),
      TE.tap(({ choices: { outputs, keep } }) =>
        options.checkOutputs(world, [file])([
          ...outputs,
          ...(keep === null ? [] : [{ option: '--checkpoint', path: keep.path }])
        ])
      ),
      TE.bind('table', ({ choices }) => options.readSource(world, 'FILE')(file, choices.table)),
      TE.bind('fit', ({ choices: { open, seed, prior, keep, table: how }, table: { source, columns } }) => {
        const { families, components, criterion } = open
        const standardize = flags.standardize ?? areFree(families)
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
          TE.flatMap(({ place, close }) =>
            pipe(
              source,
              placed(place)({
                family: families?.map(name => constructors[name]),
                components: families?.includes('symmetric-pair') === true ? 2 : components,
                criterion,
                seed,
                prior: prior ?? undefined,
                standardize,
                columns
              }),
              TE.fromEither,
              closing(close)
            )
          ),
          closing(source.close)
        )
      }),
      TE.tap(({ fit, choices: { outputs } }) =>
        options.write(world)(outputs.map(output => ({ ...output, text: Model.show(Model.ofChosen(fit)) })))
      ),
      TE.flatMapTask(({ fit, table }) =>
        flags.json === true
          ? world.stdout(asJson(fit, table))
          : flags.quiet === true || flags.out === '-'
            ? () => Promise.resolve()
            : world.stdout(human(fit, table, options.named(file), flags.out))
      ),
      TE.map(() => null)
    )
