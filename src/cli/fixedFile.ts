/** Fixed components in the file of `--fixed`: a table of centres, a model, or a JSON list of known parameters. */
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import * as Problem from '../core/problem.js'
import { standard } from '../standard.js'
import * as Points from '../data/index.js'
import { gaussianProblems } from '../mixture/component.js'
import * as Component from '../mixture/families/fixed.js'
import * as Mixture from '../mixture/index.js'
import { faultless, problemInside, type OrProblems } from './orProblems.js'
import * as json from '../core/json.js'
import * as Model from '../fit/model.js'
import { modelOfJson as modelOf } from './models.js'
import * as steps from './commandSteps.js'
import type { CommandFailure, World } from './world.js'

type KnownComponents = ReadonlyArray<Component.Fixed>

const FIXED_OPTION_NAME = '--fixed'

const columnPositions = (
  path: string,
  columns: ReadonlyArray<string>,
  fileColumns: ReadonlyArray<string>
): OrProblems<ReadonlyArray<number>> => {
  const missing = columns.filter(name => !fileColumns.includes(name))
  return faultless(
    missing.map(name =>
      Problem.of(
        `${FIXED_OPTION_NAME} ${path}`,
        `a file without the column ${name}`,
        'one with all columns that are learned from',
        `add it, or leave it out of the table by --exclude ${name}`
      )
    ),
    columns.map(name => fileColumns.indexOf(name))
  )
}

const numberOrListCodec = t.union([t.number, t.readonlyArray(t.number)])
const fixedComponentsCodec = t.readonlyArray(
  t.partial({
    mean: numberOrListCodec,
    covariance: t.union([numberOrListCodec, t.readonlyArray(t.readonlyArray(t.number))]),
    weight: t.number
  })
)

/** Takes means and covariances; weights are learned. */
const fixedOfModel =
  (path: string, columns: ReadonlyArray<string>) =>
  (model: Model.Model): OrProblems<KnownComponents> => {
    const mixture = Model.toMixture(model)
    return pipe(
      faultless(gaussianProblems(mixture).map(problemInside(`${FIXED_OPTION_NAME} ${path}`)), undefined),
      E.flatMap(() => columnPositions(path, columns, model.columns)),
      E.map(positions => {
        const marginal = Mixture.marginal(positions)(mixture)
        const d = columns.length
        const { values } = Mixture.covariances(marginal)
        return Mixture.marginals(marginal).means.map((mean, k) =>
          Component.fixed({
            mean,
            covariance: RA.makeBy(d, i => Array.from(values.subarray((k * d + i) * d, (k * d + i + 1) * d)))
          })
        )
      })
    )
  }

const fixedOfJson =
  (path: string, columns: ReadonlyArray<string>) =>
  (text: string): OrProblems<KnownComponents> =>
    pipe(
      text,
      json.parseJsonText(FIXED_OPTION_NAME, path),
      E.flatMap((value): OrProblems<KnownComponents> =>
        Model.claimsModel(value)
          ? pipe(value, modelOf(standard, path), E.flatMap(fixedOfModel(path, columns)))
          : pipe(
              value,
              json.decodeJson(fixedComponentsCodec, path),
              E.map(
                RA.map(({ mean, covariance, weight }) =>
                  Component.fixed({
                    ...(mean !== undefined && { mean }),
                    ...(covariance !== undefined && { covariance }),
                    ...(weight !== undefined && { weight })
                  })
                )
              )
            )
      )
    )

/** Reads the fixed components in a file, for the fit's columns, in their units. */
export const fixedOfFile =
  (world: World, path: string) =>
  (columns: ReadonlyArray<string>): TE.TaskEither<CommandFailure, KnownComponents> =>
    path.toLowerCase().endsWith('.json')
      ? pipe(
          world.readText(FIXED_OPTION_NAME, path),
          TE.flatMap(text => steps.fromCheck(fixedOfJson(path, columns)(text)))
        )
      : pipe(
          steps.readTableFile(world, FIXED_OPTION_NAME)(path, {}),
          TE.flatMap(({ points, columns: fileColumns }) =>
            steps.fromCheck(
              pipe(
                columnPositions(path, columns, fileColumns),
                E.map(positions =>
                  Points.toRows(points).map(row => Component.fixed({ mean: positions.map(j => row[j]) }))
                )
              )
            )
          )
        )
