/** `ornstein evaluate`: how well a model describes a table. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Points from '../../formats/index.js'
import * as Problem from '../../core/problem.js'
import * as Mixture from '../../mixture/mixture.js'
import * as Statistics from '../../mixture/statistics.js'
import * as Overlapping from '../../trust/overlapping.js'
import { sheetOfPoints, type Sheet } from '../../formats/write.js'
import * as Crossed from '../../report/crossed.js'
import { show, showApart } from '../../choice/table.js'
import { formed, formOf } from '../forms.js'
import * as Learned from '../learned.js'
import * as Model from '../model.js'
import * as options from '../options.js'
import { csvOf } from '../tableOptions.js'
import type { Evaluating } from '../usage.js'
import * as words from '../ownWords.js'
import { facts, paragraphs, table as showTable } from '../../fit/text.js'
import { refused, type Failure, type World } from '../world.js'

/** The model in a text that was read from a path. */
export const parseModel =
  (world: World, flags: words.Flags) =>
  (path: string, text: string): TE.TaskEither<Failure, Model.Model> =>
    pipe(
      words.words(world, flags),
      TE.flatMap(vocabulary => options.checked(Model.read(path, vocabulary)(text)))
    )

export const readModel =
  (world: World, flags: words.Flags) =>
  (path: string): TE.TaskEither<Failure, Model.Model> =>
    pipe(
      world.readText('MODEL', path),
      TE.flatMap(text => parseModel(world, flags)(path, text))
    )

/** How a table is read for a model: its own columns, by name, unless others are asked for. */
export const asLearned = (chosen: Points.CsvOptions, { columns }: Pick<Model.Model, 'columns'>): Points.CsvOptions => ({
  columns,
  ...chosen
})

/** A table of as many columns as the model has. */
export const ofItsWidth = <T extends Pick<Points.Table, 'columns'>>({
  columns
}: Pick<Model.Model, 'columns'>): ((table: T) => TE.TaskEither<Failure, T>) =>
  TE.fromPredicate(
    table => table.columns.length === columns.length,
    table =>
      refused(
        Problem.of(
          '--columns',
          table.columns.join(','),
          `${columns.length} column${columns.length === 1 ? '' : 's'}, as the model has`,
          `name one for each of ${columns.join(', ')}`
        )
      )
  )

/** A table read for a model. */
export const readTable =
  (world: World) =>
  (
    file: string,
    chosen: Points.CsvOptions,
    model: Pick<Model.Model, 'columns'>
  ): TE.TaskEither<Failure, Points.Table> =>
    pipe(options.readTable(world, 'FILE')(file, asLearned(chosen, model)), TE.flatMap(ofItsWidth(model)))

/** Each row's probabilities under its number in the table, which dropped rows do not shift. */
const numbered = ({ rowNumbers }: Points.Table, { rows, dim, values }: Points.Points): Sheet =>
  sheetOfPoints(
    {
      rows,
      dim: dim + 1,
      values: new Float64Array(rows * (dim + 1)).map((_, at) => {
        const [i, k] = [Math.floor(at / (dim + 1)), at % (dim + 1)]
        return k === 0 ? rowNumbers[i] : values[i * dim + k - 1]
      })
    },
    ['row', ...Array.from({ length: dim }, (_, k) => `component ${k + 1}`)]
  )

/** p(k | x) for each row, as points of dimension K. */
const probabilities =
  (points: Points.Points) =>
  (mixture: Mixture.Mixture): Points.Points => {
    const { shape, values } = pipe(mixture, Mixture.responsibilities(points))
    return { rows: shape[0], dim: shape[1], values }
  }

/** The log-likelihood of a table under a score that is no mixture, along its probability flow. */
const evaluateScore =
  (modelFile: string, file: string, flags: Evaluating, text: string) =>
  (world: World): TE.TaskEither<Failure, void> => {
    const source = options.named(file)
    return pipe(
      words.words(world, flags),
      TE.flatMap(vocabulary => options.checked(Learned.read(modelFile, vocabulary)(text))),
      TE.filterOrElse(
        () => flags.responsibilities === undefined && flags.labels === undefined,
        () => {
          const option = flags.labels === undefined ? '--responsibilities' : '--labels'
          return refused(Problem.of(option, modelFile, 'a mixture, but a score that has no components', 'leave it out'))
        }
      ),
      TE.bindTo('learned'),
      TE.bind('density', ({ learned }) => options.checked(Learned.density(learned, modelFile))),
      TE.bind('table', ({ learned }) => readTable(world)(file, csvOf(flags), learned)),
      TE.flatMapTask(({ density: { of, noise }, table: { points, columns, dropped } }) => {
        const all = of(points)
        const total = Points.totalWeight(points)
        const logLikelihood = all.reduce((sum, value, i) => sum + (points.weights?.[i] ?? 1) * value, 0) / total
        return world.stdout(
          flags.json
            ? `${JSON.stringify({ rows: points.rows, dropped, columns, logLikelihood, noise })}\n`
            : paragraphs(
                [
                  `${points.rows} rows of ${source}${dropped > 0 ? ` (${dropped} dropped for a missing cell)` : ''} under ${modelFile}:`,
                  facts([['log-likelihood per row', show(logLikelihood)]], world.terminal.out),
                  `Along the probability flow, of rows with noise of standard deviation ${show(noise, 3)}, the least that the score ` +
                    'was trained at, in the units that it was learned in.'
                ],
                world.terminal.out
              )
        )
      })
    )
  }

export const evaluate =
  (modelFile: string, file: string, flags: Evaluating) =>
  (world: World): TE.TaskEither<Failure, void> =>
    pipe(
      world.readText('MODEL', modelFile),
      TE.flatMap(text => (Learned.isText(text) ? evaluateScore : evaluateMixture)(modelFile, file, flags, text)(world))
    )

interface Part {
  readonly name: string
  /** Rows, by their weights. */
  readonly size: number
  readonly weight: number
}

/** The components, and the background after them where there is one, which has the rows of no component. */
const partsOf = (
  { mixture: { weights, background } }: Model.Model,
  { sizes, beyond = 0 }: Pick<Statistics.Statistics, 'sizes' | 'beyond'>
): ReadonlyArray<Part> => {
  const share = background?.share ?? 0
  return [
    ...sizes.map((size, k) => ({ name: String(k + 1), size, weight: (1 - share) * weights[k] })),
    ...(background === undefined ? [] : [{ name: 'background', size: beyond, weight: share }])
  ]
}

/** Rows that a model is held to. */
interface Judged extends Pick<Points.Table, 'columns' | 'dropped'> {
  readonly statistics: () => Statistics.Statistics
  /** Null where the rows are not in memory. */
  readonly whole: Points.Table | null
}

const judgedWhole =
  (world: World, labels?: string) =>
  (file: string, chosen: Points.CsvOptions, model: Model.Model): TE.TaskEither<Failure, Judged> =>
    pipe(
      options.readTable(world, 'FILE')(file, chosen, labels),
      TE.map(table => ({
        columns: table.columns,
        dropped: table.dropped,
        statistics: () => pipe(Model.toMixture(model), Statistics.of(table.points, Model.parameters(model))),
        whole: table
      }))
    )

const judgedInPieces =
  (world: World) =>
  (file: string, chosen: Points.CsvOptions, model: Model.Model): TE.TaskEither<Failure, Judged> =>
    pipe(
      options.readSource(world, 'FILE')(file, chosen),
      TE.map(({ source, columns, dropped }) => ({
        columns,
        dropped,
        statistics: () => {
          const found = pipe(Model.toMixture(model), Statistics.of(source, Model.parameters(model)))
          source.close()
          return found
        },
        whole: null
      }))
    )

const evaluateMixture =
  (modelFile: string, file: string, flags: Evaluating, text: string) =>
  (world: World): TE.TaskEither<Failure, void> => {
    const { responsibilities } = flags
    const outputs = responsibilities === undefined ? [] : [{ option: '--responsibilities', path: responsibilities }]
    const source = options.named(file)
    return pipe(
      options.checkOutputs(world, [modelFile, file])(outputs),
      TE.flatMap(() => parseModel(world, flags)(modelFile, text)),
      TE.bindTo('model'),
      TE.bind('table', ({ model }) =>
        pipe(
          (flags.stream ? judgedInPieces(world) : judgedWhole(world, flags.labels))(
            file,
            {
              ...asLearned(csvOf(flags), model),
              ...(flags.labels !== undefined && { keep: { columns: [flags.labels], classes: 0 } })
            },
            model
          ),
          TE.flatMap(ofItsWidth(model))
        )
      ),
      TE.bind('statistics', ({ table }) => {
        const statistics = table.statistics()
        return Number.isFinite(statistics.logLikelihood)
          ? TE.right(statistics)
          : TE.left(
              refused(
                Problem.of(
                  source,
                  statistics.logLikelihood,
                  'a finite log-likelihood',
                  'look for a row far from all others'
                )
              )
            )
      }),
      TE.tap(({ model, table }) =>
        options.write(world)(
          outputs.flatMap(output =>
            table.whole === null
              ? []
              : {
                  ...output,
                  text: formed(formOf(output.path), output, [
                    numbered(table.whole, pipe(Model.toMixture(model), probabilities(table.whole.points)))
                  ])
                }
          )
        )
      ),
      TE.flatMapTask(({ model, table, statistics }) => {
        const { rows, logLikelihood, bic, parameters, sizes } = statistics
        const { dropped } = table
        const total = Statistics.totalOf(statistics)
        const learned = model.fit?.logLikelihood ?? null
        const within = world.terminal.out
        const [here, there] = learned === null ? [show(logLikelihood), null] : showApart(logLikelihood, learned)
        if (responsibilities === '-') return () => Promise.resolve()
        const [labels = null] = table.whole?.kept ?? []
        const mixture = Model.toMixture(model)
        const overlapping = table.whole && Overlapping.of(table.whole.points, mixture)
        const beside =
          table.whole === null || labels === null
            ? null
            : Crossed.crossed({ points: table.whole.points, mixture, overlapping }, labels)
        return world.stdout(
          flags.json
            ? `${JSON.stringify({
                ...{ rows, dropped, columns: table.columns, logLikelihood, bic, parameters, sizes },
                ...(overlapping !== null && { clusters: overlapping.clusters.map(cluster => cluster + 1) }),
                ...(beside !== null && { labels: Crossed.asJson(beside) })
              })}\n`
            : paragraphs(
                [
                  `${rows} rows of ${source}${dropped > 0 ? ` (${dropped} dropped for a missing cell)` : ''} under ${modelFile}:`,
                  facts(
                    [
                      [
                        'log-likelihood per row',
                        there === null ? here : `${here} (${there} on the data it was learned from)`
                      ],
                      ['BIC', `${show(bic)} with ${parameters} parameters (lower is better)`]
                    ],
                    within
                  ),
                  showTable(
                    {
                      header: ['component', 'rows', 'share', 'weight'],
                      rows: partsOf(model, statistics).map(({ name, size, weight }) => [
                        name,
                        show(size, 4),
                        (size / total).toFixed(3),
                        weight.toFixed(3)
                      ])
                    },
                    within
                  ),
                  ...(overlapping === null ? [] : [Overlapping.sentence(overlapping)]),
                  ...(beside === null ? [] : Crossed.paragraphs(beside, within)),
                  flags.stream
                    ? 'The rows were read in pieces.'
                    : responsibilities === undefined
                      ? 'Use --responsibilities out.csv to write the probability of each component for each row.'
                      : `The probability of each component for each row is in ${responsibilities}.`
                ],
                within
              )
        )
      })
    )
  }
