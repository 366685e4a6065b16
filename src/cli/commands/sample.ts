/** `ornstein sample`: new rows from a model. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as Key from '../../../lib/random/key.js'
import * as E from '../../core/either.js'
import type { Points } from '../../data/points.js'
import { sheetOfPoints, type Sheet } from '../../data/write.js'
import * as Draw from '../../mixture/draw.js'
import { formed, formOf } from '../forms.js'
import { parse } from '../../core/json.js'
import { isScore, mixtureOf, read } from '../../fit/modelBody.js'
import { checkOutputs, write } from '../outputs.js'
import type { Sampling } from '../usage.js'
import type { Flags } from '../ownWords.js'
import { refused, type Failure, type World } from '../world.js'

/**
 * Rows drawn and written at a time, each time from a key of their own: memory does not grow with the number of rows, and
 * fewer rows are the first of more.
 */
const chunk = 4096

type Drawn = (rows: number) => (key: Key.Key) => Points

interface Model {
  readonly columns: ReadonlyArray<string>
  readonly draw: Drawn
}

/** Of a score that is no mixture: along its flow. */
const drawOf = async (world: World, path: string, value: unknown, flags: Flags): Promise<E.Either<Failure, Model>> => {
  const ScoreModel = await import('../../fit/scoreModel.js')
  const words = await import('../ownWords.js')
  const vocabulary = await words.words(world, flags)()
  if (E.isLeft(vocabulary)) return vocabulary
  const learned = ScoreModel.read(vocabulary.right, path)(value)
  if (E.isLeft(learned)) return E.left(refused(learned.left))
  const draw = ScoreModel.sampler(learned.right, path)
  return E.isLeft(draw) ? E.left(refused(draw.left)) : E.right({ columns: learned.right.columns, draw: draw.right })
}

/** Of a mixture, which asks nothing of the language. */
const drawOfMixture = (path: string, value: unknown): E.Either<Failure, Model> => {
  const found = read(path, 'MODEL')(value)
  if (E.isLeft(found)) return E.left(refused(found.left))
  const mixture = mixtureOf(found.right)
  return E.right({ columns: found.right.columns, draw: rows => key => Draw.sample(rows)(key)(mixture) })
}

/** So many rows, drawn as they are asked for. */
function* drawn(draw: Drawn, columns: ReadonlyArray<string>, rows: number, key: Key.Key): Generator<Sheet> {
  for (let from = 0; from < rows; from += chunk) {
    const { dim, values } = draw(chunk)(Key.child(from / chunk)(key))
    yield sheetOfPoints({ rows: Math.min(chunk, rows - from), dim, values }, columns, from === 0)
  }
}

export const sample =
  (modelFile: string, flags: Sampling) =>
  (world: World): TE.TaskEither<Failure, void> =>
  async () => {
    const output = { option: '--out', path: flags.out }
    const free = await checkOutputs(world, [modelFile])([output])()
    if (E.isLeft(free)) return free
    const text = await world.readText('MODEL', modelFile)()
    if (E.isLeft(text)) return text
    const value = parse('MODEL', modelFile)(text.right)
    if (E.isLeft(value)) return E.left(refused(value.left))
    const found = await (isScore.is(value.right)
      ? drawOf(world, modelFile, value.right, flags)
      : drawOfMixture(modelFile, value.right))
    if (E.isLeft(found)) return found
    const { columns, draw } = found.right
    const sheets = drawn(draw, columns, flags.rows, Key.fromSeed(flags.seed))
    return write(world)([{ ...output, text: formed(formOf(flags.out, flags.to), output, sheets) }])()
  }
