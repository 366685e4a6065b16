/** `ornstein evaluate`: the log-likelihood of a table under a model. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { show, showApart } from '../../fit/table.js'
import * as Problem from '../../core/problem.js'
import * as Model from '../../fit/model.js'
import * as ScoreModel from '../../fit/scoreModel.js'
import * as Points from '../../data/index.js'
import { sheetOfPoints, type TableSheet } from '../../data/tableSheet.js'
import * as Mixture from '../../mixture/mixture.js'
import * as Statistics from '../../mixture/statistics.js'
import * as Crossed from '../../report/crossed.js'
import { factsPart, tablePart, textPart, type DocumentPart } from '../../report/document.js'
import { mergeOverlapping, overlapSentence } from '../../fit/overlapping.js'
import { encodeTable, fileFormat } from '../outputFormat.js'
import { withModelColumns, requireModelWidth, readMixtureOrScore, readTableForModel } from '../models.js'
import * as steps from '../commandSteps.js'
import { csvOptions } from '../tableOptions.js'
import { printResult } from '../printResult.js'
import type { EvaluateFlags } from '../tableCommandOptions.js'
import { usageFailure, type CommandFailure, type World } from '../world.js'

/** Responsibilities of each row, after its number in the table. */
const numberedResponsibilities = ({ rowNumbers, points }: Points.Table, mixture: Mixture.Mixture): TableSheet => {
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

interface ModelEvaluation<M> {
  readonly file: string
  readonly modelFile: string
  readonly model: M
  readonly flags: EvaluateFlags
}

const evaluationHeading = (
  { rows, dropped }: { readonly rows: number; readonly dropped: number },
  { file, modelFile }: Pick<ModelEvaluation<unknown>, 'file' | 'modelFile'>
): DocumentPart =>
  textPart(
    `${rows} rows of ${steps.inputName(file)}${dropped > 0 ? ` (${dropped} dropped for a missing cell)` : ''} under ${modelFile}:`
  )

/** Prints the log-likelihood under a score that is not a mixture, along its probability flow. */
const evaluateScore = (
  world: World,
  evaluation: ModelEvaluation<ScoreModel.ScoreModel>
): TE.TaskEither<CommandFailure, void> => {
  const { file, modelFile, model, flags } = evaluation
  return pipe(
    steps.fromCheck(
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
    TE.flatMap(() => steps.fromCheck(ScoreModel.densityOfScoreModel(model, modelFile))),
    TE.bindTo('density'),
    TE.bind('table', () => readTableForModel(world)(file, csvOptions(flags), model)),
    TE.flatMapTask(({ density: { of: logDensities, noise }, table: { points, columns, dropped } }) => {
      const { rows } = points
      const total = logDensities(points).reduce((sum, value, i) => sum + (points.weights?.[i] ?? 1) * value, 0)
      const logLikelihood = total / Points.totalWeight(points)
      return printResult(world, flags, {
        json: { rows, dropped, columns, logLikelihood, noise },
        parts: [
          evaluationHeading({ rows, dropped }, evaluation),
          factsPart([['log-likelihood per row', show(logLikelihood)]]),
          textPart(
            `Along the probability flow, of rows with noise of standard deviation ${show(noise, 3)}, the least that the score ` +
              'was trained at, in the units that it was learned in.'
          )
        ]
      })
    })
  )
}

/** Rows of the components, and of any background. */
const componentTableRows = (
  { mixture: { weights, background } }: Model.Model,
  statistics: Statistics.Statistics
): ReadonlyArray<ReadonlyArray<string>> => {
  const { sizes, backgroundCount = 0 } = statistics
  const share = background?.share ?? 0
  const total = Statistics.totalRowWeight(statistics)
  const row = (name: string, size: number, weight: number): ReadonlyArray<string> => [
    name,
    show(size, 4),
    (size / total).toFixed(3),
    weight.toFixed(3)
  ]
  return [
    ...sizes.map((size, k) => row(String(k + 1), size, (1 - share) * weights[k])),
    ...(background === undefined ? [] : [row('background', backgroundCount, share)])
  ]
}

interface EvaluatedRows extends Pick<Points.Table, 'columns' | 'dropped'> {
  readonly statistics: Statistics.Statistics
  /** Null if the rows were read in pieces. */
  readonly table: Points.Table | null
}

const evaluateTable = (
  world: World,
  { file, model, flags }: ModelEvaluation<Model.Model>
): TE.TaskEither<CommandFailure, EvaluatedRows> => {
  const { stream, labels } = flags
  const csv = withModelColumns(csvOptions(flags), model)
  const statisticsOf = (points: Parameters<typeof Statistics.of>[0]): Statistics.Statistics =>
    Statistics.of(points, Model.modelParameters(model))(Model.toMixture(model))
  return stream
    ? pipe(
        steps.readSourceFile(world, 'FILE')(file, csv),
        TE.flatMap(requireModelWidth(model)),
        TE.map(({ source, columns, dropped }) => {
          const statistics = statisticsOf(source)
          source.close()
          return { columns, dropped, statistics, table: null }
        })
      )
    : pipe(
        steps.readTableFile(world, 'FILE')(
          file,
          { ...csv, ...(labels !== undefined && { keep: { columns: [labels], classes: 0 } }) },
          labels
        ),
        TE.flatMap(requireModelWidth(model)),
        TE.map(table => ({ ...table, statistics: statisticsOf(table.points), table }))
      )
}

const describeEvaluation = (
  { columns, dropped, statistics, table }: EvaluatedRows,
  evaluation: ModelEvaluation<Model.Model>
): { readonly json: object; readonly parts: ReadonlyArray<DocumentPart> } => {
  const { model, flags } = evaluation
  const { rows, logLikelihood, bic, parameters, sizes } = statistics
  const mixture = Model.toMixture(model)
  const overlapping = table && mergeOverlapping(table.points, mixture)
  const labels = table?.kept?.at(0)
  const crossTable =
    table === null || labels === undefined
      ? null
      : Crossed.crossTabulate({ points: table.points, mixture, overlapping }, labels)
  const [value, trainingValue] =
    model.fit === null ? [show(logLikelihood)] : showApart(logLikelihood, model.fit.logLikelihood)
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
      ...(crossTable !== null && { labels: Crossed.crossTableAsJson(crossTable) })
    },
    parts: [
      evaluationHeading({ rows, dropped }, evaluation),
      factsPart([
        [
          'log-likelihood per row',
          trainingValue === undefined ? value : `${value} (${trainingValue} on the data it was learned from)`
        ],
        ['BIC', `${show(bic)} with ${parameters} parameters (lower is better)`]
      ]),
      tablePart('Components', {
        header: ['component', 'rows', 'share', 'weight'],
        rows: componentTableRows(model, statistics)
      }),
      ...(overlapping === null ? [] : [textPart(overlapSentence(overlapping))]),
      ...(crossTable === null
        ? []
        : [
            textPart(`Components beside ${crossTable.name}:`),
            tablePart(crossTable.name, Crossed.crossTableAsTable(crossTable)),
            textPart(Crossed.sentence(crossTable))
          ]),
      textPart(
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
  evaluation: ModelEvaluation<Model.Model>
): TE.TaskEither<CommandFailure, void> => {
  const { file, modelFile, model, flags } = evaluation
  const { responsibilities } = flags
  const outputs = responsibilities === undefined ? [] : [{ option: '--responsibilities', path: responsibilities }]
  return pipe(
    steps.checkWritableOutputs(world, [modelFile, file])(outputs),
    TE.flatMap(() => evaluateTable(world, evaluation)),
    TE.filterOrElse(
      ({ statistics }) => Number.isFinite(statistics.logLikelihood),
      ({ statistics }) =>
        usageFailure(
          Problem.of(
            steps.inputName(file),
            statistics.logLikelihood,
            'a finite log-likelihood',
            'look for a row far from all others'
          )
        )
    ),
    TE.tap(({ table }) => {
      const sheets = table === null ? [] : [numberedResponsibilities(table, Model.toMixture(model))]
      return steps.writeOutputs(world)(
        outputs.map(output => ({ ...output, text: encodeTable(fileFormat(output.path), output, sheets) }))
      )
    }),
    TE.flatMapTask(rows => {
      if (responsibilities === '-') return () => Promise.resolve()
      return printResult(world, flags, describeEvaluation(rows, evaluation))
    })
  )
}

/** Runs `ornstein evaluate`. */
export const runEvaluate =
  (modelFile: string, file: string, flags: EvaluateFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> =>
    pipe(
      readMixtureOrScore(world, flags, modelFile),
      TE.flatMap(read =>
        read._tag === 'Score'
          ? evaluateScore(world, { file, modelFile, flags, model: read.model })
          : evaluateMixture(world, { file, modelFile, flags, model: read.model })
      )
    )
