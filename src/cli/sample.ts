/** `ornstein sample`: new rows from a model. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Key } from '../../lib/index.js'
import * as Points from '../data/index.js'
import * as Mixture from '../mixture/Mixture.js'
import { readModel } from './evaluate.js'
import * as Model from './Model.js'
import * as options from './options.js'
import { type Failure, type World } from './World.js'

export interface Flags {
  readonly rows: string
  readonly seed: string
}

/**
 * Rows drawn and written at a time, each time from a key of their own: memory does not grow with the number of rows, and
 * fewer rows are the first of more.
 */
const chunk = 4096

export const sample =
  (modelFile: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, void> =>
    pipe(
      options.checked(
        options.all({
          rows: options.whole('--rows', flags.rows, 1, 100),
          seed: options.whole('--seed', flags.seed, 0, 0)
        })
      ),
      TE.bindTo('choices'),
      TE.bind('model', () => readModel(world)(modelFile)),
      TE.flatMapTask(({ choices: { rows, seed }, model }) => async () => {
        const key = Key.fromSeed(seed)
        const mixture = Model.toMixture(model)
        const header = Points.toCsv({ rows: 0, dim: model.columns.length, values: new Float64Array(0) }, model.columns)
        for (let from = 0; from < rows; from += chunk) {
          const { dim, values } = pipe(mixture, Mixture.sample(chunk)(Key.child(from / chunk)(key)))
          const text = Points.toCsv({ rows: Math.min(chunk, rows - from), dim, values }, model.columns)
          await world.stdout(from === 0 ? text : text.slice(header.length))()
        }
      })
    )
