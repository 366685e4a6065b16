/** `ornstein predict`: predicts columns of a table from the others by a model. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Problem from '../../core/problem.js'
import type * as Points from '../../data/index.js'
import * as Mixture from '../../mixture/index.js'
import { show } from '../../fit/table.js'
import { tablePart as tableOf, textPart } from '../../report/document.js'
import { appendColumns } from '../appendColumns.js'
import { faultless, type OrProblems } from '../orProblems.js'
import { columnList, percentage, predicted } from '../../fit/addedColumns.js'
import * as Model from '../../fit/model.js'
import { readModel, readTableForModel } from '../models.js'
import * as steps from '../commandSteps.js'
import { csvOptions } from '../tableOptions.js'
import { printResult } from '../printResult.js'
import type { PredictFlags } from '../commandOptions.js'
import { rejectUsage, type CommandFailure, type World } from '../world.js'

/** Positions of the targets among the model's columns, from 0, and names of the others. */
interface ColumnSplit {
  readonly targets: ReadonlyArray<number>
  readonly others: ReadonlyArray<string>
}

const splitColumns = (model: Model.Model, names: ReadonlyArray<string>): OrProblems<ColumnSplit> => {
  const { columns } = model
  const targets = names.map(name => (columns.includes(name) ? columns.indexOf(name) : Number(name) - 1))
  const others = columns.filter((_, j) => !targets.includes(j))
  const problems = [
    ...names.flatMap((name, i) =>
      Number.isInteger(targets[i]) && targets[i] >= 0 && targets[i] < columns.length
        ? []
        : Problem.requireOneOf('--target', name, columns)
    ),
    ...Problem.unless(
      new Set(targets).size === targets.length,
      '--target',
      names.join(','),
      'a list without repeats',
      'name each column once'
    ),
    ...Problem.unless(
      others.length > 0,
      '--target',
      names.join(','),
      "a part of the model's columns",
      'leave one or more to predict by'
    )
  ]
  return faultless(problems, { targets, others })
}

/** Over the rows with a value of the column. */
export interface Accuracy {
  readonly target: string
  readonly rows: number
  readonly error: number
  /** 1 − mean squared error / variance of the column. */
  readonly explained: number
  /** Share of rows whose value is between the extreme quantiles. */
  readonly covered: number
}

const accuracies = (
  { points }: Points.Table,
  model: Model.Model,
  { targets }: ColumnSplit,
  quantiles: ReadonlyArray<number>
): ReadonlyArray<Accuracy> => {
  const { mean, quantile } = Mixture.predict(targets)(points)(Model.toMixture(model))
  const [low, high] = [Math.min(...quantiles), Math.max(...quantiles)].map(quantile)
  return targets.map((target, t) => {
    const truth = columnList(points, target)
    const rows = truth.flatMap((y, i) => (Number.isNaN(y) ? [] : [i]))
    const weights = rows.map(i => points.weights?.[i] ?? 1)
    const total = weights.reduce((sum, w) => sum + w, 0)
    const over = (of: (i: number) => number): number =>
      rows.reduce((sum, i, at) => sum + weights[at] * of(i), 0) / total
    const centre = over(i => truth[i])
    const [found, below, above] = [mean, low, high].map(of => columnList(of, t))
    const squared = over(i => (truth[i] - found[i]) * (truth[i] - found[i]))
    return {
      target: model.columns[target],
      rows: rows.length,
      error: Math.sqrt(squared),
      explained: 1 - squared / over(i => (truth[i] - centre) * (truth[i] - centre)),
      covered: over(i => (below[i] <= truth[i] && truth[i] <= above[i] ? 1 : 0))
    }
  })
}

const reportAccuracy =
  (file: string, flags: PredictFlags, model: Model.Model, split: ColumnSplit) =>
  (world: World): TE.TaskEither<CommandFailure, void> =>
    pipe(
      readTableForModel(world)(file, csvOptions(flags), model),
      TE.flatMapTask(table => {
        const { quantiles } = flags
        const found = accuracies(table, model, split, quantiles)
        const width = percentage(Math.max(...quantiles) - Math.min(...quantiles))
        return printResult(world, flags, {
          json: { by: split.others, quantiles, targets: found },
          parts: [
            textPart(
              `Predicted by ${split.others.join(', ')}, in ${table.points.rows} rows of ${steps.inputName(file)}:`
            ),
            tableOf('Errors', {
              header: ['target', 'rows', 'error', 'explained', `within ${width}`],
              rows: found.map(({ target, rows, error, explained, covered }) => [
                target,
                String(rows),
                show(error),
                show(explained, 3),
                percentage(Number(covered.toFixed(3)))
              ])
            }),
            textPart(
              `The error is the root mean square. Explained is the share of the variance. Of the rows ${width} should lie within the ` +
                'quantiles. On the rows that the model was learned from these numbers are too good: use others.'
            )
          ]
        })
      })
    )

/** Runs `ornstein predict`. */
export const runPredict =
  (modelFile: string, file: string, flags: PredictFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    return pipe(
      steps.checkWritableOutputs(world, [modelFile, file])([{ option: '--out', path: flags.out }]),
      TE.flatMap(() => readModel(world, flags, modelFile)),
      TE.bindTo('model'),
      TE.bind('split', ({ model }) => steps.fromCheck(splitColumns(model, flags.target))),
      TE.flatMap(({ model, split }) => {
        if (flags.check)
          return flags.columns === undefined
            ? reportAccuracy(file, flags, model, split)(world)
            : TE.fromEither(
                rejectUsage(
                  '--columns',
                  flags.columns.join(','),
                  'used with --check',
                  "name the table's columns as the model's"
                )
              )
        const mixture = Model.toMixture(model)
        const targets = split.targets.map(j => [j, model.columns[j]] as const)
        return appendColumns({
          argument: 'FILE',
          file,
          flags,
          inPieces: flags.stream,
          csv: { columns: split.others, ...csvOptions(flags) },
          columns: split.others,
          newColumns: ({ points }) => predicted(points, targets, flags.quantiles)(mixture)
        })(world)
      })
    )
  }
