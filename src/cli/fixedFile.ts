/** Known components from a file: a table of centres, a model, or a list of what is known of each. */
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
import { faultless, inside, type Checked } from './checked.js'
import * as json from '../core/json.js'
import * as Model from '../fit/model.js'
import { ofJson as modelOf } from './models.js'
import * as options from './options.js'
import type { Failure, World } from './world.js'

type Known = ReadonlyArray<Component.Fixed>

const OPTION = '--fixed'

/** Where each column that is learned from stands among those of a file. */
const placesOf = (
  path: string,
  columns: ReadonlyArray<string>,
  given: ReadonlyArray<string>
): Checked<ReadonlyArray<number>> => {
  const missing = columns.filter(name => !given.includes(name))
  return faultless(
    missing.map(name =>
      Problem.of(
        `${OPTION} ${path}`,
        `a file without the column ${name}`,
        'one with all columns that are learned from',
        `add it, or leave it out of the table by --exclude ${name}`
      )
    ),
    columns.map(name => given.indexOf(name))
  )
}

const place = t.union([t.number, t.readonlyArray(t.number)])
const listed = t.readonlyArray(
  t.partial({ mean: place, covariance: t.union([place, t.readonlyArray(t.readonlyArray(t.number))]), weight: t.number })
)

/** Means and covariances of a model's components; how many rows are of each is learned. */
const ofModel =
  (path: string, columns: ReadonlyArray<string>) =>
  (model: Model.Model): Checked<Known> => {
    const mixture = Model.toMixture(model)
    return pipe(
      faultless(gaussianProblems(mixture).map(inside(`${OPTION} ${path}`)), undefined),
      E.flatMap(() => placesOf(path, columns, model.columns)),
      E.map(places => {
        const own = Mixture.marginal(places)(mixture)
        const d = columns.length
        const { values } = Mixture.covariances(own)
        return Mixture.marginals(own).means.map((mean, k) =>
          Component.fixed({
            mean,
            covariance: RA.makeBy(d, i => Array.from(values.subarray((k * d + i) * d, (k * d + i + 1) * d)))
          })
        )
      })
    )
  }

const ofJson =
  (path: string, columns: ReadonlyArray<string>) =>
  (text: string): Checked<Known> =>
    pipe(
      text,
      json.parse(OPTION, path),
      E.flatMap((value): Checked<Known> =>
        Model.claims(value)
          ? pipe(value, modelOf(standard, path), E.flatMap(ofModel(path, columns)))
          : pipe(
              value,
              json.decode(listed, path),
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

/** What a file knows of components, by the columns that are learned from, in the units of the data. */
export const fixedOf =
  (world: World, path: string) =>
  (columns: ReadonlyArray<string>): TE.TaskEither<Failure, Known> =>
    path.toLowerCase().endsWith('.json')
      ? pipe(
          world.readText(OPTION, path),
          TE.flatMap(text => options.checked(ofJson(path, columns)(text)))
        )
      : pipe(
          options.readTable(world, OPTION)(path, {}),
          TE.flatMap(({ points, columns: given }) =>
            options.checked(
              pipe(
                placesOf(path, columns, given),
                E.map(places => Points.toRows(points).map(row => Component.fixed({ mean: places.map(j => row[j]) })))
              )
            )
          )
        )
