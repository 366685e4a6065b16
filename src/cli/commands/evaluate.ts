/** `ornstein evaluate`: how well a model describes a table. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { show, showApart } from '../../fit/table.js'
import * as Problem from '../../core/problem.js'
import * as Model from '../../fit/model.js'
import * as ScoreModel from '../../fit/scoreModel.js'
import * as Points from '../../data/index.js'
import { sheetOfPoints, type Sheet } from '../../data/write.js'
import * as Mixture from '../../mixture/mixture.js'
import * as Statistics from '../../mixture/statistics.js'
import * as Crossed from '../../report/crossed.js'
import { facts, table, text, type Part } from '../../report/document.js'
import { mergeOverlapping, overlapSentence } from '../../fit/overlapping.js'
import { formed, formOf } from '../forms.js'
import { asLearned, ofItsWidth, readEither, readTable } from '../models.js'
import * as options from '../options.js'
import { csvOf } from '../tableOptions.js'
import { tell } from '../tell.js'
import type { Evaluating } from '../usage.js'
import { refused, type Failure, type World } from '../world.js'

/** Each row's probabilities under its number in the table, which dropped rows do not shift. */
const numbered = ({ rowNumbers, points }: Points.Table, mixture: Mixture.Mixture): Sheet => {
  const { shape, values } = pipe(mixture, Mixture.responsibilities(points))
  const [rows, count] = shape
  const dim = count + 1
  return sheetOfPoints(
    {
      rows,
      dim,
      values: new Float64Array(rows * dim).map((_, at) => {
        const row = Math.floor(at / dim)
        const k = at % dim
        return k === 0 ? rowNumbers[row] : values[row * count + k - 1]
      })
    },
    ['row', ...Array.from({ length: count }, (_, k) => `component ${k + 1}`)]
  )
}

/** Which rows are held to which model. */
const opening = (rows: number, dropped: number, file: string, modelFile: string): Part =>
  text(
    `${rows} rows of ${options.named(file)}${dropped > 0 ? ` (${dropped} dropped for a missing cell)` : ''} under ${modelFile}:`
  )

/** The log-likelihood of a table under a score that is no mixture, along its probability flow. */
const evaluateScore = (
  world: World,
  modelFile: string,
  file: string,
  flags: Evaluating,
  learned: ScoreModel.ScoreModel
): TE.TaskEither<Failure, void> =>
  pipe(
    options.checked(
      Problem.faultless(
        (['responsibilities', 'labels'] as const).flatMap(key =>
          Problem.unless(
            flags[key] === undefined,
            `--${key}`,
            modelFile,
            'a mixture, but a score that has no components',
            'leave it out'
          )
        ),
        undefined
      )
    ),
    TE.flatMap(() => options.checked(ScoreModel.density(learned, modelFile))),
    TE.bindTo('density'),
    TE.bind('table', () => readTable(world)(file, csvOf(flags), learned)),
    TE.flatMapTask(({ density: { of, noise }, table: { points, columns, dropped } }) => {
      const { rows } = points
      const total = of(points).reduce((sum, value, i) => sum + (points.weights?.[i] ?? 1) * value, 0)
      const logLikelihood = total / Points.totalWeight(points)
      return tell(world, flags.json, {
        json: { rows, dropped, columns, logLikelihood, noise },
        parts: [
          opening(rows, dropped, file, modelFile),
          facts([['log-likelihood per row', show(logLikelihood)]]),
          text(
            `Along the probability flow, of rows with noise of standard deviation ${show(noise, 3)}, the least that the score ` +
              'was trained at, in the units that it was learned in.'
          )
        ]
      })
    })
  )

/** The components, and the background after them where there is one, which has the rows of no component: a row of a table each. */
const partsOf = (
  { mixture: { weights, background } }: Model.Model,
  statistics: Statistics.Statistics
): ReadonlyArray<ReadonlyArray<string>> => {
  const { sizes, beyond = 0 } = statistics
  const share = background?.share ?? 0
  const total = Statistics.totalOf(statistics)
  const row = (name: string, size: number, weight: number): ReadonlyArray<string> => [
    name,
    show(size, 4),
    (size / total).toFixed(3),
    weight.toFixed(3)
  ]
  return [
    ...sizes.map((size, k) => row(String(k + 1), size, (1 - share) * weights[k])),
    ...(background === undefined ? [] : [row('background', beyond, share)])
  ]
}

/** Rows that a model is held to. */
interface Judged extends Pick<Points.Table, 'columns' | 'dropped'> {
  readonly statistics: Statistics.Statistics
  /** Null where the rows are not in memory. */
  readonly whole: Points.Table | null
}

const judged = (world: World, file: string, flags: Evaluating, model: Model.Model): TE.TaskEither<Failure, Judged> => {
  const { stream, labels } = flags
  const how = asLearned(csvOf(flags), model)
  const of = (points: Parameters<typeof Statistics.of>[0]): Statistics.Statistics =>
    Statistics.of(points, Model.parameters(model))(Model.toMixture(model))
  return stream
    ? pipe(
        options.readSource(world, 'FILE')(file, how),
        TE.flatMap(ofItsWidth(model)),
        TE.map(({ source, columns, dropped }) => {
          const statistics = of(source)
          source.close()
          return { columns, dropped, statistics, whole: null }
        })
      )
    : pipe(
        options.readTable(world, 'FILE')(
          file,
          { ...how, ...(labels !== undefined && { keep: { columns: [labels], classes: 0 } }) },
          labels
        ),
        TE.flatMap(ofItsWidth(model)),
        TE.map(table => ({ ...table, statistics: of(table.points), whole: table }))
      )
}

/** What is told of a mixture, as JSON and as what a person reads. */
const told = (
  { columns, dropped, statistics, whole }: Judged,
  model: Model.Model,
  modelFile: string,
  file: string,
  flags: Evaluating
): { readonly json: object; readonly parts: ReadonlyArray<Part> } => {
  const { rows, logLikelihood, bic, parameters, sizes } = statistics
  const mixture = Model.toMixture(model)
  const overlapping = whole && mergeOverlapping(whole.points, mixture)
  const labels = whole?.kept?.at(0)
  const beside =
    whole === null || labels === undefined
      ? null
      : Crossed.crossed({ points: whole.points, mixture, overlapping }, labels)
  const [here, there] = model.fit === null ? [show(logLikelihood)] : showApart(logLikelihood, model.fit.logLikelihood)
  return {
    json: {
      rows,
      dropped,
      columns,
      logLikelihood,
      bic,
      parameters,
      sizes,
      ...(overlapping !== null && { clusters: overlapping.clusters.map(cluster => cluster + 1) }),
      ...(beside !== null && { labels: Crossed.asJson(beside) })
    },
    parts: [
      opening(rows, dropped, file, modelFile),
      facts([
        ['log-likelihood per row', there === undefined ? here : `${here} (${there} on the data it was learned from)`],
        ['BIC', `${show(bic)} with ${parameters} parameters (lower is better)`]
      ]),
      table('Components', { header: ['component', 'rows', 'share', 'weight'], rows: partsOf(model, statistics) }),
      ...(overlapping === null ? [] : [text(overlapSentence(overlapping))]),
      ...(beside === null
        ? []
        : [
            text(`Components beside ${beside.name}:`),
            table(beside.name, Crossed.table(beside)),
            text(Crossed.sentence(beside))
          ]),
      text(
        flags.stream
          ? 'The rows were read in pieces.'
          : flags.responsibilities === undefined
            ? 'Use --responsibilities out.csv to write the probability of each component for each row.'
            : `The probability of each component for each row is in ${flags.responsibilities}.`
      )
    ]
  }
}

const evaluateMixture = (
  world: World,
  modelFile: string,
  file: string,
  flags: Evaluating,
  model: Model.Model
): TE.TaskEither<Failure, void> => {
  const { responsibilities } = flags
  const outputs = responsibilities === undefined ? [] : [{ option: '--responsibilities', path: responsibilities }]
  return pipe(
    options.checkOutputs(world, [modelFile, file])(outputs),
    TE.flatMap(() => judged(world, file, flags, model)),
    TE.filterOrElse(
      ({ statistics }) => Number.isFinite(statistics.logLikelihood),
      ({ statistics }) =>
        refused(
          Problem.of(
            options.named(file),
            statistics.logLikelihood,
            'a finite log-likelihood',
            'look for a row far from all others'
          )
        )
    ),
    TE.tap(({ whole }) => {
      const sheets = whole === null ? [] : [numbered(whole, Model.toMixture(model))]
      return options.write(world)(
        outputs.map(output => ({ ...output, text: formed(formOf(output.path), output, sheets) }))
      )
    }),
    TE.flatMapTask(found => {
      if (responsibilities === '-') return () => Promise.resolve()
      return tell(world, flags.json, told(found, model, modelFile, file, flags))
    })
  )
}

export const evaluate =
  (modelFile: string, file: string, flags: Evaluating) =>
  (world: World): TE.TaskEither<Failure, void> =>
    pipe(
      readEither(world, flags, modelFile),
      TE.flatMap(read =>
        read._tag === 'Score'
          ? evaluateScore(world, modelFile, file, flags, read.model)
          : evaluateMixture(world, modelFile, file, flags, read.model)
      )
    )
