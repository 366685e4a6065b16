/** `ornstein sample`: draws rows from a model. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as Key from '../../../lib/random/key.js'
import * as E from '../../core/either.js'
import type { Points } from '../../data/points.js'
import { sheetOfPoints, type TableSheet } from '../../data/tableSheet.js'
import * as Draw from '../../mixture/draw.js'
import { encodeTable, fileFormat } from '../outputFormat.js'
import { parseJsonText } from '../../core/json.js'
import { scoreFormatCodec, mixtureOf, readModelBody } from '../../fit/modelBody.js'
import { checkWritableOutputs, writeOutputs } from '../outputs.js'
import type { SampleFlags } from '../commandOptions.js'
import type { VocabularyFlags } from '../customVocabulary.js'
import { usageFailure, type CommandFailure, type World } from '../world.js'

/** Number of rows per key and write: bounds memory, and makes a shorter sample a prefix. */
const ROWS_PER_CHUNK = 4096

type DrawPoints = (rows: number) => (key: Key.Key) => Points

interface SampledModel {
  readonly columns: ReadonlyArray<string>
  readonly draw: DrawPoints
}

const scoreSampler = async (
  world: World,
  path: string,
  value: unknown,
  flags: VocabularyFlags
): Promise<E.Either<CommandFailure, SampledModel>> => {
  const ScoreModel = await import('../../fit/scoreModel.js')
  const words = await import('../customVocabulary.js')
  const vocabulary = await words.customVocabulary(world, flags)()
  if (E.isLeft(vocabulary)) return vocabulary
  const learned = ScoreModel.readScoreModel(vocabulary.right, path)(value)
  if (E.isLeft(learned)) return E.left(usageFailure(learned.left))
  const draw = ScoreModel.sampleScoreModel(learned.right, path)
  return E.isLeft(draw)
    ? E.left(usageFailure(draw.left))
    : E.right({ columns: learned.right.columns, draw: draw.right })
}

/** Sampler of a mixture; does not load the language. */
const mixtureSampler = (path: string, value: unknown): E.Either<CommandFailure, SampledModel> => {
  const model = readModelBody(path, 'MODEL')(value)
  if (E.isLeft(model)) return E.left(usageFailure(model.left))
  const mixture = mixtureOf(model.right)
  return E.right({ columns: model.right.columns, draw: rows => key => Draw.sample(rows)(key)(mixture) })
}

/** Draws rows in chunks, on demand. */
function* drawnSheets(
  draw: DrawPoints,
  columns: ReadonlyArray<string>,
  rows: number,
  key: Key.Key
): Generator<TableSheet> {
  for (let from = 0; from < rows; from += ROWS_PER_CHUNK) {
    const { dim, values } = draw(ROWS_PER_CHUNK)(Key.child(from / ROWS_PER_CHUNK)(key))
    yield sheetOfPoints({ rows: Math.min(ROWS_PER_CHUNK, rows - from), dim, values }, columns, { isFirst: from === 0 })
  }
}

/** Runs `ornstein sample`. */
export const runSample =
  (modelFile: string, flags: SampleFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> =>
  async () => {
    const output = { option: '--out', path: flags.out }
    const writable = await checkWritableOutputs(world, [modelFile])([output])()
    if (E.isLeft(writable)) return writable
    const text = await world.readText('MODEL', modelFile)()
    if (E.isLeft(text)) return text
    const value = parseJsonText('MODEL', modelFile)(text.right)
    if (E.isLeft(value)) return E.left(usageFailure(value.left))
    const sampler = await (scoreFormatCodec.is(value.right)
      ? scoreSampler(world, modelFile, value.right, flags)
      : mixtureSampler(modelFile, value.right))
    if (E.isLeft(sampler)) return sampler
    const { columns, draw } = sampler.right
    const sheets = drawnSheets(draw, columns, flags.rows, Key.fromSeed(flags.seed))
    return writeOutputs(world)([{ ...output, text: encodeTable(fileFormat(flags.out, flags.to), output, sheets) }])()
  }
