/** Output formats of tables: CSV, JSON lines, Parquet and Arrow, each gzipped or not. */
import { Absent, type Columns, type Type } from '../../lib/formats/columns.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import type { TableSheet } from '../data/tableSheet.js'
import { problemInside } from './orProblems.js'
import type { OutputFormat as Name } from './tableOptions.js'
import { FailureError, usageFailure, type OutputFile } from './world.js'

export interface FileFormat {
  /** `arrows` is Arrow's streaming format. Null: text with the delimiter of the input. */
  readonly name: Name | 'arrows' | null
  readonly isGzipped: boolean
}

const FORMAT_ENDINGS: ReadonlyArray<readonly [name: Exclude<FileFormat['name'], null>, end: RegExp]> = [
  ['csv', /\.csv$/],
  ['tsv', /\.(tsv|tab)$/],
  ['jsonl', /\.(jsonl|ndjson)$/],
  ['parquet', /\.(parquet|pq)$/],
  ['arrow', /\.(arrow|feather)$/],
  ['arrows', /\.arrows$/]
]

const FOREIGN_ENDINGS = /\.(xlsx?|ods|zip|bz2|xz|zst|json|npy|npz|rds|sqlite|db)$/

const withoutGzipEnding = (path: string): string => path.toLowerCase().replace(/\.gz$/, '')
const hasGzipEnding = (path: string): boolean => /\.gz$/i.test(path)

/** Returns the format named by `to`, otherwise that of the file's ending. */
export const fileFormat = (path: string, to?: Name): FileFormat => {
  const found = FORMAT_ENDINGS.find(([, end]) => end.test(withoutGzipEnding(path)))?.[0] ?? null
  // Arrow's file format needs seeking, which a pipe does not support.
  const name = to === 'arrow' && (path === '-' || found === 'arrows') ? 'arrows' : (to ?? found)
  return { name, isGzipped: hasGzipEnding(path) }
}

/** Rejects a file with the ending of an unsupported format, unless `to` names one. */
export const foreignFormatProblems = ({ option, path }: OutputFile, to?: Name): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    to !== undefined || !FOREIGN_ENDINGS.test(withoutGzipEnding(path)),
    option,
    path,
    'a table that is written here',
    'end it in .csv, .tsv, .jsonl, .parquet or .arrow'
  )

type Sheets = AsyncIterable<TableSheet> | Iterable<TableSheet>

/** Cell as a JSON value: infinite numbers become text, and text of a nested column is parsed. */
const jsonCell = (type: Type, cell: unknown): unknown =>
  typeof cell === 'number' && !Number.isFinite(cell)
    ? String(cell)
    : type === 'nested' && typeof cell === 'string'
      ? JSON.parse(cell)
      : cell

const jsonLines = ({ rows, columns }: Columns): string =>
  Array.from({ length: rows }, (_, i) => {
    const row = columns.map(({ name, type, cells }) => [name, jsonCell(type, cells[i])] as const)
    return `${JSON.stringify(Object.fromEntries(row))}\n`
  }).join('')

async function* mapAsync<A, B>(items: AsyncIterable<A> | Iterable<A>, f: (a: A) => B): AsyncGenerator<B> {
  for await (const item of items) yield f(item)
}

/** Columns of each sheet with the types of the first; throws `FailureError` if a later cell has another type. */
async function* typedColumns(sheets: Sheets, { option }: OutputFile): AsyncGenerator<Columns> {
  let types: ReadonlyArray<Type> | null = null
  for await (const { columns } of sheets) {
    const found = columns(types)
    if (E.isLeft(found)) throw new FailureError(usageFailure(problemInside(option)(found.left)))
    types ??= found.right.columns.map(({ type }) => type)
    yield found.right
  }
}

const encodePieces = async (
  name: FileFormat['name'],
  output: OutputFile,
  sheets: Sheets
): Promise<AsyncIterable<string | Uint8Array>> => {
  switch (name) {
    case null:
      return mapAsync(sheets, ({ text }) => text(null))
    case 'csv':
      return mapAsync(sheets, ({ text }) => text(','))
    case 'tsv':
      return mapAsync(sheets, ({ text }) => text('\t'))
    case 'jsonl':
      return mapAsync(typedColumns(sheets, output), jsonLines)
    case 'parquet':
      return (await import('../../lib/formats/parquet.js')).parquetOf(typedColumns(sheets, output))
    case 'arrow':
      return (await import('../../lib/formats/arrow.js')).arrowOf(typedColumns(sheets, output), 'file')
    case 'arrows':
      return (await import('../../lib/formats/arrow.js')).arrowOf(typedColumns(sheets, output), 'stream')
  }
}

/** Encodes a table piece by piece. Throws `FailureError` if the format's package is not installed. */
export async function* encodeTable(
  { name, isGzipped }: FileFormat,
  output: OutputFile,
  sheets: Sheets
): AsyncGenerator<string | Uint8Array> {
  try {
    const pieces = await encodePieces(name, output, sheets)
    if (isGzipped) yield* (await import('./gzip.js')).gzip(pieces)
    else yield* pieces
  } catch (error) {
    if (!(error instanceof Absent)) throw error
    const where = output.path === '-' ? 'standard output' : output.path
    const remedy = `install it: npm install ${error.library}`
    throw new FailureError(
      usageFailure(Problem.of(output.option, where, `written without the package ${error.library}`, remedy))
    )
  }
}
