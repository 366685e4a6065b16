/** Tables in files, in several files and on standard input, by Node: text, Parquet and Arrow, told by their first bytes. */
import { constants } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { Readable } from 'node:stream'
import { chained } from '../../lib/plain/gather.js'
import * as E from '../core/either.js'
import { copiesOfTexts as pieces, copyOfText, gridOfCsv, gridReader, csvGrids } from '../data/csv.js'
import { gridToTable, type CsvOptions, type CellGrid } from '../data/grid.js'
import { partInFile, joinGrids, tablesOfGrids } from '../data/tableParts.js'
import type { DataError } from '../data/points.js'
import * as Source from '../data/source/index.js'
import { columnGrids, joinGridParts } from '../data/columnarTables.js'
import { writtenOfGrid, type CopiedPart } from '../data/appendedTable.js'
import { readPartsInThread } from './columnarFiles.js'
import { decodePieces, isGzipped, nonTextSignature, startsWithBytes } from './bytes.js'
import { copiedTables } from './copies.js'
import { fileSystemProblem } from './fileProblem.js'
import { unpackedBytes, gatherBytes, tableFiles, readText, gunzipped, type TableFile } from './inputFiles.js'
import { FailureError, usageFailure, type CommandFailure, type World } from './world.js'

type Stdin = AsyncIterable<Uint8Array | string>
type GridParts = AsyncIterable<E.Either<DataError, CellGrid>>

/** So many bytes tell a format. */
const FORMAT_BYTES = 8

type TableFormat = 'parquet' | 'arrow' | 'text'

/** What a file's name says that it is, packed or not: one that its first bytes deny is damaged, and no text. */
const formatOfName = (path: string): TableFormat =>
  /\.(parquet|pq)(\.gz)?$/i.test(path) ? 'parquet' : /\.(arrows?|feather)(\.gz)?$/i.test(path) ? 'arrow' : 'text'

/** `PAR1`; `ARROW1`, or the mark of a stream's first message; else by its name. */
const formatOf = (start: Uint8Array, path: string): TableFormat =>
  startsWithBytes(start, [0x50, 0x41, 0x52, 0x31])
    ? 'parquet'
    : startsWithBytes(start, [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31]) || startsWithBytes(start, [0xff, 0xff, 0xff, 0xff])
      ? 'arrow'
      : formatOfName(path)

async function* bytesOfPieces(pieces: Stdin): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece
}

/** Bytes that come once: the first of them, which tell their format, and all. */
const peekStart = async (
  pieces: AsyncIterable<Uint8Array>
): Promise<{ readonly start: Uint8Array; readonly all: AsyncGenerator<Uint8Array> }> => {
  const iterator = pieces[Symbol.asyncIterator]()
  let start = Buffer.alloc(0)
  while (start.length < FORMAT_BYTES) {
    const next = await iterator.next()
    if (next.done === true) break
    start = Buffer.concat([start, next.value])
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield start
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { start, all: all() }
}

/** The first bytes of what may be read again. */
const firstBytes = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  for await (const piece of pieces) return piece
  return new Uint8Array(0)
}

/** A table's bytes, of a known format. */
interface OpenedTable {
  readonly format: TableFormat
  /** A file that may be read again, and how long it is, packed or not; null where bytes come once. */
  readonly file: { readonly path: string; readonly size: number; readonly isGzipped: boolean } | null
  /** All of them, unpacked. */
  readonly bytes: AsyncIterable<Uint8Array>
}

const openTable = async (stdin: Stdin, path: string): Promise<OpenedTable> => {
  const found = path === '-' ? null : await stat(path).catch(() => null)
  if (path !== '-' && found?.isFIFO() !== true) {
    const own = {
      path,
      size: found?.size ?? 0,
      isGzipped: isGzipped(await firstBytes(createReadStream(path, { end: 1 })))
    }
    return { format: formatOf(await firstBytes(unpackedBytes(path)), path), file: own, bytes: unpackedBytes(path) }
  }
  const { start, all } = await peekStart(path === '-' ? bytesOfPieces(stdin) : createReadStream(path))
  if (!isGzipped(start)) return { format: formatOf(start, path), file: null, bytes: all }
  // What is packed is held whole, as a text of unknown grammar is.
  const content = await gunzipped(await gatherBytes(all))
  return { format: formatOf(content, path), file: null, bytes: Readable.from([content]) }
}

/** So many bytes are held at the most. */
const MAX_HELD_BYTES = 2_147_483_647

/** A file of Parquet is read from its end: one that is packed, or comes once, is held. */
async function* parquetParts(
  { file, bytes }: OpenedTable,
  options: CsvOptions,
  readsNested: boolean
): AsyncGenerator<E.Either<DataError, CellGrid>> {
  const grids = (file: string | ArrayBuffer, size: number): GridParts =>
    columnGrids('Parquet', options)(readPartsInThread({ format: 'Parquet', file, size }, readsNested))
  if (file !== null && !file.isGzipped) {
    yield* grids(file.path, file.size)
    return
  }
  const all = await gatherBytes(bytes, MAX_HELD_BYTES)
  if (all.length > MAX_HELD_BYTES) throw Object.assign(new Error(), { code: 'ERR_BUFFER_TOO_LARGE' })
  yield* grids(Uint8Array.from(all).buffer, all.length)
}

/** The parts of a table as they come. */
const tableParts = (found: OpenedTable, argument: string, options: CsvOptions, readsNested = false): GridParts =>
  found.format === 'parquet'
    ? parquetParts(found, options, readsNested)
    : found.format === 'arrow'
      ? columnGrids(
          'Arrow',
          options
        )(readPartsInThread({ format: 'Arrow', bytes: found.bytes, size: found.file?.size ?? null }, readsNested))
      : csvGrids(options, decodePieces(argument, found.file?.path ?? '-', found.bytes))

/** A table of text, by the fast reader, or by the whole grammar where that gives up. */
const gridOfText = async (
  { file, bytes }: OpenedTable,
  argument: string,
  options: CsvOptions
): Promise<E.Either<CommandFailure, E.Either<DataError, CellGrid>>> => {
  const kept: Uint8Array[] = []
  const { push, grid } = gridReader(options, file?.size)
  try {
    let isPlain: boolean | null = null
    let held = 0
    for await (const piece of bytes) {
      if (file === null) kept.push(piece)
      held += piece.length
      // no text has it, and what has may never end
      if (piece.includes(0) || (file === null && held > constants.MAX_STRING_LENGTH)) {
        isPlain = false
        break
      }
      isPlain = (isPlain ?? nonTextSignature(piece) === undefined) && push(piece)
      if (file !== null && !isPlain) break
    }
    const found = isPlain === true ? grid() : null
    if (found !== null) return E.right(found)
  } catch {
    // What is wrong is told where the text is read.
  }
  const text = await readText(Readable.from(kept))(argument, file?.path ?? '-')()
  return E.isLeft(text) ? text : E.right(gridOfCsv(text.right, options))
}

type ReadAttempt<A> = E.Either<CommandFailure, E.Either<DataError, A>>

const chainRead = <A, B>(
  read: E.Either<DataError, A>,
  then: (a: A) => E.Either<DataError, B>
): E.Either<DataError, B> => (E.isLeft(read) ? read : then(read.right))

/** What is read of each file of a table, in their order, until one is at fault. */
const readEachFile = async <A>(
  argument: string,
  path: string,
  read: (input: TableFile) => Promise<ReadAttempt<A>>
): Promise<ReadAttempt<ReadonlyArray<A>>> => {
  const inputs = await tableFiles(argument, path)
  if (E.isLeft(inputs)) return inputs
  const all: A[] = []
  for (const input of inputs.right)
    try {
      const one = await read(input)
      if (E.isLeft(one)) return one
      if (E.isLeft(one.right)) return E.right(one.right)
      all.push(one.right.right)
    } catch (error) {
      return E.left(usageFailure(fileSystemProblem(argument, input.path, error)))
    }
  return E.right(E.right(all))
}

/** A part as one of its file, where the table has several. */
const withFileName = ({ name }: TableFile): ((part: E.Either<DataError, CellGrid>) => E.Either<DataError, CellGrid>) =>
  name === null ? part => part : partInFile(name)

export const readTableAt =
  (stdin: Stdin): World['readTable'] =>
  (argument, path, options) =>
  async () => {
    const grids = await readEachFile<CellGrid>(argument, path, async input => {
      const found = await openTable(stdin, input.path)
      const grid =
        found.format === 'text'
          ? await gridOfText(found, argument, options)
          : E.right(await joinGridParts(tableParts(found, argument, options)))
      return E.isLeft(grid) ? grid : E.right(withFileName(input)(grid.right))
    })
    return E.isLeft(grids) ? grids : E.right(chainRead(chainRead(grids.right, joinGrids), gridToTable(options)))
  }

/** A table that is kept in a file of doubles (see `Source`). */
export const readSourceAt =
  (stdin: Stdin): World['readSource'] =>
  (argument, path, options) =>
  async () => {
    const inputs = await tableFiles(argument, path)
    if (E.isLeft(inputs)) return inputs
    let current = path
    const parts = chained(
      inputs.right.map(
        input =>
          async function* (): AsyncGenerator<E.Either<DataError, CellGrid>> {
            current = input.path
            const name = withFileName(input)
            for await (const part of tableParts(await openTable(stdin, input.path), argument, options)) yield name(part)
          }
      )
    )
    try {
      return E.right(await Source.fromTables(tablesOfGrids(options)(parts)))
    } catch (error) {
      return E.left(
        error instanceof FailureError ? error.failure : usageFailure(fileSystemProblem(argument, current, error))
      )
    }
  }

/** The parts of a file with their cells as they are written; a text in pieces, or whole. */
async function* copiedPartsOfFile(
  found: OpenedTable,
  argument: string,
  options: CsvOptions,
  inPieces: boolean
): AsyncGenerator<E.Either<DataError, CopiedPart>> {
  const path = found.file?.path ?? '-'
  if (found.format !== 'text')
    for await (const grid of tableParts(found, argument, options, true))
      yield chainRead(grid, grid => E.right([grid, writtenOfGrid(grid)]))
  else if (inPieces) yield* pieces(options, decodePieces(argument, path, found.bytes))
  else {
    const text = await readText(found.bytes)(argument, path)()
    if (E.isLeft(text)) throw new FailureError(text.left)
    yield copyOfText(text.right, options)
  }
}

/** Those of all files of a table. */
async function* copiedParts(
  stdin: Stdin,
  [argument, path, options, inPieces]: Parameters<World['readCopies']>
): AsyncGenerator<E.Either<DataError, CopiedPart>> {
  const inputs = await tableFiles(argument, path)
  if (E.isLeft(inputs)) throw new FailureError(inputs.left)
  for (const input of inputs.right)
    try {
      for await (const part of copiedPartsOfFile(await openTable(stdin, input.path), argument, options, inPieces))
        yield chainRead(withFileName(input)(chainRead(part, ([grid]) => E.right(grid))), grid =>
          chainRead(part, ([, written]) => E.right([grid, written]))
        )
    } catch (error) {
      throw error instanceof FailureError
        ? error
        : new FailureError(usageFailure(fileSystemProblem(argument, input.path, error)))
    }
}

/** All parts as one. */
async function* joinCopies(
  parts: AsyncIterable<E.Either<DataError, CopiedPart>>
): AsyncGenerator<E.Either<DataError, CopiedPart>> {
  const all: CopiedPart[] = []
  for await (const part of parts) {
    if (E.isLeft(part)) {
      yield part
      return
    }
    all.push(part.right)
  }
  const [[, first]] = all
  const rows = all.flatMap(([, written]) => written.rows)
  yield chainRead(joinGrids(all.map(([grid]) => grid)), grid => E.right([grid, { ...first, rows }]))
}

/** Files of more bytes than that together are copied in pieces unasked. */
const STREAMED_BYTES = 1 << 27

/** Rows whole take about four times the bytes of their text, which is to be half of the memory at most. */
export const comfortableBytes = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity) / 8

/** A file of Parquet stands for about so many times its bytes. */
export const PARQUET_GROWTH = 4

/** Bytes of a file, unpacked if gzip packed it; counting stops beyond `most`, and where the file is damaged. 0 for what is no file. */
const unpackedSize = async (path: string, most: number): Promise<number> => {
  let count = 0
  try {
    const found = await stat(path)
    if (!found.isFile()) return 0
    if (found.size > most || !isGzipped(await firstBytes(createReadStream(path, { end: 1 })))) return found.size
    for await (const piece of unpackedBytes(path)) {
      count += piece.length
      if (count > most) break
    }
  } catch {
    // Whoever reads the file reports the problems.
  }
  return count
}

/** True if the files of a table have more than `most` bytes together, unpacked; those of Parquet count `parquetGrowth` times. */
export const isLarge = async (path: string, most: number, parquetGrowth = 1): Promise<boolean> => {
  const inputs = await tableFiles('', path)
  let rest = most
  for (const { path } of E.isLeft(inputs) ? [] : inputs.right) {
    const growth = formatOfName(path) === 'parquet' ? parquetGrowth : 1
    if (path !== '-') rest -= growth * (await unpackedSize(path, rest / growth))
    if (rest < 0) return true
  }
  return false
}

/** A table and its cells as they are written. */
export const readCopies = (stdin: Stdin): World['readCopies'] =>
  async function* (argument, path, options, asked) {
    const inPieces = asked || (await isLarge(path, STREAMED_BYTES))
    const parts = copiedParts(stdin, [argument, path, options, inPieces])
    yield* copiedTables(options)(inPieces ? parts : joinCopies(parts))
  }
