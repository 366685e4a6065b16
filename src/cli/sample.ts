/** `ornstein sample`: new rows from a model. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as Key from '../../lib/key.js'
import * as E from '../core/either.js'
import type { Problems } from '../core/Problem.js'
import { toCsv } from '../data/write.js'
import * as Draw from '../mixture/draw.js'
import { whole } from './checked.js'
import * as Drawable from './Drawable.js'
import { refused, type Failure, type World } from './World.js'

export interface Flags {
  readonly rows: string
  readonly seed: string
}

/**
 * Rows drawn and written at a time, each time from a key of their own: memory does not grow with the number of rows, and
 * fewer rows are the first of more.
 */
const chunk = 4096

const refusedFor = ([first, ...rest]: Problems): Failure => refused(first, ...rest)

/** The model in a text: most need nothing of the language, which is loaded to say what is wrong with another. */
const modelIn = async (path: string, text: string): Promise<E.Either<Failure, Drawable.Model>> => {
  const found = Drawable.read(text)
  if (found !== null) return E.right(found)
  const Model = await import('./Model.js')
  const model = Model.read(path)(text)
  return E.isLeft(model)
    ? E.left(refusedFor(model.left))
    : E.right({ columns: model.right.columns, mixture: Model.toMixture(model.right) })
}

export const sample =
  (modelFile: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, void> =>
  async () => {
    const [rows, seed] = [whole('--rows', flags.rows, 1, 100), whole('--seed', flags.seed, 0, 0)]
    if (E.isLeft(rows)) {
      const [first, ...rest] = rows.left
      return E.left(refused(first, ...rest, ...(E.isLeft(seed) ? seed.left : [])))
    }
    if (E.isLeft(seed)) return E.left(refusedFor(seed.left))
    const text = await world.readText('MODEL', modelFile)()
    if (E.isLeft(text)) return text
    const model = await modelIn(modelFile, text.right)
    if (E.isLeft(model)) return model
    const { columns, mixture } = model.right
    const key = Key.fromSeed(seed.right)
    const header = toCsv({ rows: 0, dim: columns.length, values: new Float64Array(0) }, columns)
    for (let from = 0; from < rows.right; from += chunk) {
      const { dim, values } = Draw.sample(chunk)(Key.child(from / chunk)(key))(mixture)
      const text = toCsv({ rows: Math.min(chunk, rows.right - from), dim, values }, columns)
      await world.stdout(from === 0 ? text : text.slice(header.length))()
    }
    return E.right(undefined)
  }
