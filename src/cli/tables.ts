/** Reading of tables by Node: CSV, Parquet and Arrow, recognized by their first bytes, in files or standard input. */
import { constants } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { Readable } from 'node:stream'
import { chained } from '../../lib/plain/gather.js'
import * as E from '../core/either.js'
import { copiesOfTexts, copyOfText, csvGrids, gridOfCsv, gridReader } from '../data/csv.js'
import { gridToTable, type CsvOptions, type CellGrid } from '../data/grid.js'
import { partInFile, joinGrids, tablesOfGrids } from '../data/tableParts.js'
import type { DataError } from '../data/points.js'
import * as Source from '../data/source/index.js'
import { columnGrids, joinGridParts } from '../data/columnarTables.js'
import { gridOfSheets } from '../data/spreadsheet.js'
import { writtenOfGrid, type CopiedPart } from '../data/appendedTable.js'
import { readPartsInThread } from './columnarFiles.js'
import { decodePieces, isGzipped, nonTextSignature, startsWithBytes } from './bytes.js'
import { copyTableParts } from './copies.js'
import { fileSystemProblem } from './fileProblem.js'
import { unpackedBytes, gatherBytes, tableFiles, readText, gunzipped, type TableFile } from './inputFiles.js'
import { FailureError, usageFailure, type CommandFailure, type World } from './world.js'

type Stdin = AsyncIterable<Uint8Array | string>
type GridOrError = E.Either<DataError, CellGrid>
/** Failure if a file cannot be read, data error if it is no table. */
type ReadAttempt<A> = E.Either<CommandFailure, E.Either<DataError, A>>

// -- into memory -------------------------------------------------------------------------------------------------------

/** Reads a table into memory. */
export const readTableAt =
  (stdin: Stdin): World['readTable'] =>
  (argument, path, options) =>
  async () => {
    const grids = await readEachFile<CellGrid>(argument, path, async file => {
      const table = await openTable(stdin, file.path)
      const grid =
        table.format === 'text'
          ? await gridOfText(table, argument, options)
          : E.right(await joinGridParts(tableParts(table, argument, options)))
      return E.isLeft(grid) ? grid : E.right(withFileName(file)(grid.right))
    })
    return E.isLeft(grids) ? grids : E.right(chainRead(chainRead(grids.right, joinGrids), gridToTable(options)))
  }

const readEachFile = async <A>(
  argument: string,
  path: string,
  read: (file: TableFile) => Promise<ReadAttempt<A>>
): Promise<ReadAttempt<ReadonlyArray<A>>> => {
  const files = await tableFiles(argument, path)
  if (E.isLeft(files)) return files
  const all: A[] = []
  for (const file of files.right)
    try {
      const one = await read(file)
      if (E.isLeft(one)) return one
      if (E.isLeft(one.right)) return E.right(one.right)
      all.push(one.right.right)
    } catch (error) {
      return E.left(usageFailure(fileSystemProblem(argument, file.path, error)))
    }
  return E.right(E.right(all))
}

/** Names the file in rows and problems, if the table has several files. */
const withFileName = ({ name }: TableFile): ((part: GridOrError) => GridOrError) =>
  name === null ? part => part : partInFile(name)

const chainRead = <A, B>(
  read: E.Either<DataError, A>,
  next: (a: A) => E.Either<DataError, B>
): E.Either<DataError, B> => (E.isLeft(read) ? read : next(read.right))

/** Reads a text table by the fast reader of numbers, otherwise by the full grammar. */
const gridOfText = async (
  { file, bytes }: OpenedTable,
  argument: string,
  options: CsvOptions
): Promise<ReadAttempt<CellGrid>> => {
  // Bytes of a stream, which cannot be read again.
  const kept: Uint8Array[] = []
  const { push, grid } = gridReader(options, file?.size)
  try {
    let isPlain: boolean | null = null
    let length = 0
    for await (const piece of bytes) {
      if (file === null) kept.push(piece)
      length += piece.length
      // No text contains a byte 0, and a device may yield it forever.
      if (piece.includes(0) || (file === null && length > constants.MAX_STRING_LENGTH)) {
        isPlain = false
        break
      }
      isPlain = (isPlain ?? nonTextSignature(piece) === undefined) && push(piece)
      if (file !== null && !isPlain) break
    }
    const found = isPlain === true ? grid() : null
    if (found !== null) return E.right(found)
  } catch {
    // The text's reader reports the error.
  }
  const text = await readText(Readable.from(kept))(argument, file?.path ?? '-')()
  return E.isLeft(text) ? text : E.right(gridOfCsv(text.right, options))
}

// -- into a temporary file ---------------------------------------------------------------------------------------------

/** Reads a table into a temporary file of doubles (see `Source`). */
export const readSourceAt =
  (stdin: Stdin): World['readSource'] =>
  (argument, path, options) =>
  () =>
    storeTable(stdin, argument, path, options)

const storeTable = async (
  stdin: Stdin,
  argument: string,
  path: string,
  options: CsvOptions
): Promise<ReadAttempt<Source.SourceTable>> => {
  const files = await tableFiles(argument, path)
  if (E.isLeft(files)) return files
  let current = path
  const grids = files.right.map(file => () => {
    current = file.path
    return gridsOfFile(stdin, file, argument, options)
  })
  try {
    return E.right(await Source.fromTables(tablesOfGrids(options)(chained(grids))))
  } catch (error) {
    return E.left(
      error instanceof FailureError ? error.failure : usageFailure(fileSystemProblem(argument, current, error))
    )
  }
}

async function* gridsOfFile(
  stdin: Stdin,
  file: TableFile,
  argument: string,
  options: CsvOptions
): AsyncGenerator<GridOrError> {
  const named = withFileName(file)
  for await (const part of tableParts(await openTable(stdin, file.path), argument, options)) yield named(part)
}

// -- with the text of all cells ----------------------------------------------------------------------------------------

/** Larger tables are copied in pieces by default. */
const MAX_WHOLE_COPY_BYTES = 1 << 27

/** Reads a table with the text of all its cells, as one copy or in pieces. */
export const readCopies = (stdin: Stdin): World['readCopies'] =>
  async function* (argument, path, { csv, inPieces }) {
    const isStreamed = inPieces || (await isLarge(path, MAX_WHOLE_COPY_BYTES))
    const parts = copiedParts(stdin, argument, path, { csv, inPieces: isStreamed })
    yield* copyTableParts(csv)(isStreamed ? parts : joinCopies(parts))
  }

/** Throws `FailureError` if a file cannot be read. */
async function* copiedParts(
  stdin: Stdin,
  ...[argument, path, options]: Parameters<World['readCopies']>
): AsyncGenerator<E.Either<DataError, CopiedPart>> {
  const files = await tableFiles(argument, path)
  if (E.isLeft(files)) throw new FailureError(files.left)
  for (const file of files.right)
    try {
      for await (const part of copiedPartsOfFile(await openTable(stdin, file.path), argument, options))
        yield chainRead(withFileName(file)(chainRead(part, ([grid]) => E.right(grid))), grid =>
          chainRead(part, ([, written]) => E.right([grid, written]))
        )
    } catch (error) {
      throw error instanceof FailureError
        ? error
        : new FailureError(usageFailure(fileSystemProblem(argument, file.path, error)))
    }
}

/** Copied parts of a file: those of its format, pieces of its text, or all of it. */
async function* copiedPartsOfFile(
  table: OpenedTable,
  argument: string,
  { csv, inPieces }: Parameters<World['readCopies']>[2]
): AsyncGenerator<E.Either<DataError, CopiedPart>> {
  const path = table.file?.path ?? '-'
  if (table.format !== 'text')
    for await (const grid of tableParts(table, argument, csv, { readsNested: true }))
      yield chainRead(grid, grid => E.right([grid, writtenOfGrid(grid)]))
  else if (inPieces) yield* copiesOfTexts(csv, decodePieces(argument, path, table.bytes))
  else {
    const text = await readText(table.bytes)(argument, path)()
    if (E.isLeft(text)) throw new FailureError(text.left)
    yield copyOfText(text.right, csv)
  }
}

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

// -- formats -----------------------------------------------------------------------------------------------------------

type TableFormat = 'parquet' | 'arrow' | 'spreadsheet' | 'html' | 'text'

interface OpenedTable {
  readonly format: TableFormat
  /** File that can be read again, and its packed size in bytes; null for standard input and pipes. */
  readonly file: { readonly path: string; readonly size: number; readonly isGzipped: boolean } | null
  /** All bytes, unpacked. */
  readonly bytes: AsyncIterable<Uint8Array>
}

const openTable = async (stdin: Stdin, path: string): Promise<OpenedTable> => {
  const found = path === '-' ? null : await stat(path).catch(() => null)
  if (path !== '-' && found?.isFIFO() !== true) {
    const file = {
      path,
      size: found?.size ?? 0,
      isGzipped: isGzipped(await firstPiece(createReadStream(path, { end: 1 })))
    }
    return { format: formatOf(await firstPiece(unpackedBytes(path)), path), file, bytes: unpackedBytes(path) }
  }
  const { start, all } = await peekStart(path === '-' ? bytesOfPieces(stdin) : createReadStream(path))
  if (!isGzipped(start)) return { format: formatOf(start, path), file: null, bytes: all }
  // A gzipped stream is held in memory, like a text that the fast reader rejects.
  const content = await gunzipped(await gatherBytes(all))
  return { format: formatOf(content, path), file: null, bytes: Readable.from([content]) }
}

/** Number of first bytes by which a format is recognized. */
const FORMAT_BYTES = 8

/** Format by the first bytes (`PAR1`, `ARROW1`, or an Arrow stream's first message), otherwise by the file's name. */
const formatOf = (start: Uint8Array, path: string): TableFormat =>
  startsWithBytes(start, [0x50, 0x41, 0x52, 0x31])
    ? 'parquet'
    : startsWithBytes(start, [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31]) || startsWithBytes(start, [0xff, 0xff, 0xff, 0xff])
      ? 'arrow'
      : startsWithBytes(start, [0x50, 0x4b, 0x03, 0x04]) || startsWithBytes(start, [0xd0, 0xcf, 0x11, 0xe0])
        ? 'spreadsheet'
        : beginsAsHtml(start)
          ? 'html'
          : formatOfName(path)

/** True for a web page; XML is none. */
const beginsAsHtml = (start: Uint8Array): boolean =>
  /^(\u00ef\u00bb\u00bf)?\s*<(!doctyp|html|table|body|head)/i.test(
    Buffer.from(start.subarray(0, 64)).toString('latin1')
  )

/** Format by a file's ending, gzipped or not. A `.parquet` file with other first bytes is damaged, not text. */
const formatOfName = (path: string): TableFormat =>
  /\.(parquet|pq)(\.gz)?$/i.test(path) ? 'parquet' : /\.(arrows?|feather)(\.gz)?$/i.test(path) ? 'arrow' : 'text'

async function* bytesOfPieces(pieces: Stdin): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece
}

/** Returns the first bytes of a stream, and the whole stream. */
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

/** Returns the first piece of a stream, empty if there is none, and closes it. */
const firstPiece = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  for await (const piece of pieces) return piece
  return new Uint8Array(0)
}

const MAX_PARQUET_BYTES_IN_MEMORY = 2_147_483_647

/** Parts of a table as its format has them. Default: columns of lists and records are left out. */
const tableParts = (
  table: OpenedTable,
  argument: string,
  options: CsvOptions,
  { readsNested = false }: { readonly readsNested?: boolean } = {}
): AsyncIterable<GridOrError> => {
  const { format, file, bytes } = table
  switch (format) {
    case 'parquet':
      return parquetParts(table, options, { readsNested })
    case 'arrow':
      return columnGrids(
        'Arrow',
        options
      )(readPartsInThread({ format: 'Arrow', bytes, size: file?.size ?? null }, { readsNested }))
    case 'spreadsheet':
    case 'html':
      return containerParts(format, bytes, options)
    case 'text':
      return csvGrids(options, decodePieces(argument, file?.path ?? '-', bytes))
  }
}

/** The chosen sheet of a spreadsheet or table of a web page, which is held in memory. */
async function* containerParts(
  format: 'spreadsheet' | 'html',
  bytes: AsyncIterable<Uint8Array>,
  options: CsvOptions
): AsyncGenerator<GridOrError> {
  yield await gridOfSheets(format, await gatherBytes(bytes, MAX_SPREADSHEET_BYTES), options)
}

const MAX_SPREADSHEET_BYTES = 1 << 28

/** Row groups of a Parquet file, which is read from its end, so gzipped ones and streams are held in memory. */
async function* parquetParts(
  { file, bytes }: OpenedTable,
  options: CsvOptions,
  nested: { readonly readsNested: boolean }
): AsyncGenerator<GridOrError> {
  const grids = (content: string | ArrayBuffer, size: number): AsyncIterable<GridOrError> =>
    columnGrids('Parquet', options)(readPartsInThread({ format: 'Parquet', file: content, size }, nested))
  if (file !== null && !file.isGzipped) {
    yield* grids(file.path, file.size)
    return
  }
  const all = await gatherBytes(bytes, MAX_PARQUET_BYTES_IN_MEMORY)
  if (all.length > MAX_PARQUET_BYTES_IN_MEMORY) throw Object.assign(new Error(), { code: 'ERR_BUFFER_TOO_LARGE' })
  yield* grids(Uint8Array.from(all).buffer, all.length)
}

// -- sizes -------------------------------------------------------------------------------------------------------------

/** Maximum size of a text table read into memory by default: rows take four times as much, half of the memory. */
export const maxInMemoryTextBytes = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity) / 8

/** Approximate size ratio of a text table to Parquet. */
export const PARQUET_GROWTH = 4

/** True if a table's files unpack to more than `most` bytes; Parquet counts `parquetGrowth`-fold. */
export const isLarge = async (path: string, most: number, parquetGrowth = 1): Promise<boolean> => {
  const files = await tableFiles('', path)
  let rest = most
  for (const { path } of E.isLeft(files) ? [] : files.right) {
    const growth = formatOfName(path) === 'parquet' ? parquetGrowth : 1
    if (path !== '-') rest -= growth * (await unpackedSize(path, rest / growth))
    if (rest < 0) return true
  }
  return false
}

/** Unpacked bytes of a file, counted until above `most` or a damaged place; 0 unless it is a regular file. */
const unpackedSize = async (path: string, most: number): Promise<number> => {
  let count = 0
  try {
    const found = await stat(path)
    if (!found.isFile()) return 0
    if (found.size > most || !isGzipped(await firstPiece(createReadStream(path, { end: 1 })))) return found.size
    for await (const piece of unpackedBytes(path)) {
      count += piece.length
      if (count > most) break
    }
  } catch {
    // The reader of the file reports the problem.
  }
  return count
}
