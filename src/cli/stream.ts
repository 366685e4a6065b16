/** `ornstein fit --stream`: learns a mixture from a table that need not fit in memory. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Fit, Mixture, type Source } from '../index.js'
import { show } from '../fit/table.js'
import { facts, paragraphs, word } from '../fit/text.js'
import { ignored, ofPrior } from '../report/Fit.js'
import { choicesOf, nextAfter, type Flags } from './fit.js'
import { areFree, constructors } from './learn.js'
import * as Model from './Model.js'
import * as options from './options.js'
import { refused, type Failure, type World } from './World.js'

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

export const fit =
  (file: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, null> =>
    pipe(
      options.checked(choicesOf(flags)),
      TE.bindTo('choices'),
      TE.tap(({ choices }) => options.checkOutputs(world, [file])(choices.outputs)),
      TE.bind('table', ({ choices }) => options.readSource(world, 'FILE')(file, choices.table)),
      TE.bind('fit', ({ choices: { open, seed, prior }, table }) => {
        const { families, components, criterion } = open
        return pipe(
          table.source,
          Fit.ofSource({
            family: families?.map(name => constructors[name]),
            components: families?.includes('symmetric-pair') === true ? 2 : components,
            criterion,
            seed,
            prior: prior ?? undefined,
            standardize: flags.standardize ?? areFree(families),
            columns: table.columns
          }),
          E.mapLeft(([first, ...rest]) => refused(first, ...rest)),
          TE.fromEither,
          TE.tapIO(() => table.source.close)
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
