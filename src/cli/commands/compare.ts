/** `ornstein compare`: compares two models on the same rows. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Points from '../../data/index.js'
import * as Source from '../../data/source/source.js'
import * as Metric from '../../mixture/metric.js'
import * as Mixture from '../../mixture/mixture.js'
import * as Statistics from '../../mixture/statistics.js'
import { show } from '../../fit/table.js'
import { tablePart as tableOf, textPart } from '../../report/document.js'
import * as Model from '../../fit/model.js'
import { readModel, readTableForModel } from '../models.js'
import * as steps from '../commandSteps.js'
import { csvOptions } from '../tableOptions.js'
import { printResult } from '../printResult.js'
import type { CompareFlags } from '../commandOptions.js'
import { rejectUsage, type CommandFailure, type World } from '../world.js'

interface ModelComparison {
  readonly statistics: readonly [Statistics.Statistics, Statistics.Statistics]
  /** Mean of log p_A − log p_B over the rows, in nats, and its standard error (Vuong 1989). */
  readonly difference: number
  readonly standardError: number
  /** Adjusted Rand index of the two assignments of rows to components. */
  readonly agreement: number
}

const compareModels = (a: Model.Model, b: Model.Model, points: Points.Points): ModelComparison => {
  const [mixtureA, mixtureB] = [a, b].map(Model.toMixture)
  const [logDensitiesA, logDensitiesB] = [mixtureA, mixtureB].map(Mixture.logDensity(points))
  const weights = Points.weightsOf(points)
  const differences = logDensitiesA.map((log, i) => log - logDensitiesB[i])
  const difference = differences.reduce((sum, d, i) => sum + weights[i] * d, 0)
  const variance = differences.reduce((sum, d, i) => sum + weights[i] * (d - difference) * (d - difference), 0)
  return {
    statistics: [
      Statistics.of(points, Model.modelParameters(a))(mixtureA),
      Statistics.of(points, Model.modelParameters(b))(mixtureB)
    ],
    difference,
    standardError: Math.sqrt(variance / Points.totalWeight(points)),
    agreement: Metric.adjustedRand(Mixture.assign(points)(mixtureA), Mixture.assign(points)(mixtureB), points.weights)
  }
}

/** Standard errors of a significant difference (two-sided, level 0.05). */
const SIGNIFICANT_ERRORS = 1.96

const verdict = ({ difference, standardError }: ModelComparison, names: readonly [string, string]): string => {
  const [better, worse] = difference >= 0 ? names : [names[1], names[0]]
  const size = `${show(Math.abs(difference), 3)} ± ${show(standardError, 2)} nats a row`
  return Math.abs(difference) > SIGNIFICANT_ERRORS * standardError
    ? `${better} describes these rows better than ${worse}, by ${size} (± a standard error).`
    : `The difference on these rows is not significant: ${size} (± a standard error).`
}

/** Runs `ornstein compare`. */
export const runCompare =
  (first: string, second: string, file: string, flags: CompareFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    const source = steps.inputName(file)
    return pipe(
      readModel(world, flags, first),
      TE.bindTo('a'),
      TE.bind('b', () => readModel(world, flags, second)),
      TE.tap(({ a, b }) =>
        a.columns.join() === b.columns.join()
          ? TE.right(undefined)
          : TE.fromEither(
              rejectUsage(
                second,
                b.columns.join(', '),
                `a model of ${a.columns.join(', ')}, as ${first} is`,
                'compare models of the same columns'
              )
            )
      ),
      TE.bind('table', ({ a }) => readTableForModel(world)(file, csvOptions(flags), a)),
      TE.flatMapTask(({ a, b, table }) => {
        const points = Source.onlyCountedRows(table.points)
        const comparison = compareModels(a, b, points)
        const { statistics, difference, standardError, agreement } = comparison
        const row = (name: string, model: Model.Model, at: 0 | 1): ReadonlyArray<string> => {
          const { logLikelihood, bic, icl } = statistics[at]
          const { family, mixture } = model
          return [name, family, String(mixture.weights.length), ...[logLikelihood, bic, icl].map(x => show(x))]
        }
        return printResult(world, flags, {
          json: { rows: points.rows, statistics, difference, standardError, agreement },
          parts: [
            textPart(`${points.rows} rows of ${source}:`),
            tableOf('Models', {
              header: ['model', 'family', 'components', 'log-likelihood per row', 'BIC', 'ICL'],
              rows: [row(first, a, 0), row(second, b, 1)]
            }),
            textPart(verdict(comparison, [first, second])),
            textPart(
              `Their components agree by an adjusted Rand index of ${agreement.toFixed(3)} (1: the same rows together).`
            )
          ]
        })
      })
    )
  }
