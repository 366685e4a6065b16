/** `ornstein sample`: new rows from a model. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as Key from '../../lib/key.js'
import * as E from '../core/either.js'
import type { Problems } from '../core/Problem.js'
import type { Points } from '../data/Points.js'
import { toCsv } from '../data/write.js'
import * as Draw from '../mixture/draw.js'
import { whole } from './checked.js'
import * as Drawable from './Drawable.js'
import type { Flags as Words } from './words.js'
import { refused, type Failure, type World } from './World.js'

export interface Flags extends Words {
  readonly rows: string
  readonly seed: string
}

/**
 * Rows drawn and written at a time, each time from a key of their own: memory does not grow with the number of rows, and
 * fewer rows are the first of more.
 */
const chunk = 4096

const refusedFor = ([first, ...rest]: Problems): Failure => refused(first, ...rest)

type Drawn = (rows: number) => (key: Key.Key) => Points

/** Of a score that is no mixture: along its flow. */
const drawOf = async (
  world: World,
  path: string,
  text: string,
  flags: Flags
): Promise<E.Either<Failure, { readonly columns: ReadonlyArray<string>; readonly draw: Drawn }>> => {
  const [Learned, words] = [await import('./Learned.js'), await import('./words.js')]
  const vocabulary = await words.words(world, flags)()
  if (E.isLeft(vocabulary)) return vocabulary
  const learned = Learned.read(path, vocabulary.right)(text)
  if (E.isLeft(learned)) return E.left(refusedFor(learned.left))
  const draw = Learned.sampler(learned.right, path)
  return E.isLeft(draw) ? E.left(refusedFor(draw.left)) : E.right({ columns: learned.right.columns, draw: draw.right })
}

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
    const found = text.right.includes('"ornstein-score"')
      ? await drawOf(world, modelFile, text.right, flags)
      : await modelIn(modelFile, text.right)
    if (E.isLeft(found)) return found
    const { columns } = found.right
    const draw: Drawn =
      'draw' in found.right
        ? found.right.draw
        : (
            mixture => rows => key =>
              Draw.sample(rows)(key)(mixture)
          )(found.right.mixture)
    const key = Key.fromSeed(seed.right)
    const header = toCsv({ rows: 0, dim: columns.length, values: new Float64Array(0) }, columns)
    for (let from = 0; from < rows.right; from += chunk) {
      const { dim, values } = draw(chunk)(Key.child(from / chunk)(key))
      const text = toCsv({ rows: Math.min(chunk, rows.right - from), dim, values }, columns)
      await world.stdout(from === 0 ? text : text.slice(header.length))()
    }
    return E.right(undefined)
  }
