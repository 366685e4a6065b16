/** Parquet files, one group of rows at a time, by hyparquet and hyparquet-writer, which are loaded on first use. */
import type * as Hyparquet from 'hyparquet'
import type { SchemaTree } from 'hyparquet'
import type * as Compressors from 'hyparquet-compressors'
import type * as HyparquetWriter from 'hyparquet-writer'
import { crc32 } from './crc32.js'
import {
  Absent,
  concatenatedCells,
  day,
  groupColumns,
  moment,
  type ColumnarReadOptions,
  type TypedCells,
  type Columns,
  type Type
} from './columns.js'

/** Random access to bytes: an ArrayBuffer, or a file. */
export interface Slices {
  readonly byteLength: number
  readonly slice: (from: number, to?: number) => ArrayBuffer | Promise<ArrayBuffer>
}

// Inside `try`, since bundlers otherwise reject programs that do not have the package.
const loadHyparquet = async (): Promise<typeof Hyparquet> => {
  try {
    return await import('hyparquet')
  } catch {
    throw new Absent('hyparquet')
  }
}

const decompressors = async (): Promise<Hyparquet.Compressors> => {
  let found: typeof Compressors
  try {
    found = await import('hyparquet-compressors')
  } catch {
    throw new Absent('hyparquet-compressors')
  }
  const { compressors, decompressGzip } = found
  return { ...compressors, GZIP: (input, length) => verifyGzip(input, decompressGzip(input, length)) }
}

/** Returns the content of a gzip member; throws if its CRC-32 or length, which the decompressor ignores, is wrong. */
const verifyGzip = (member: Uint8Array, content: Uint8Array): Uint8Array => {
  const end = new DataView(member.buffer, member.byteOffset, member.byteLength)
  // Pages may be deflated without the frame of gzip, and then have no checksum.
  if (member.length < 18 || end.getUint16(0) !== 0x1f8b) return content
  if (end.getUint32(member.length - 4, true) !== content.length) throw new Error('bytes that do not have their length')
  if (end.getUint32(member.length - 8, true) !== crc32(content)) throw new Error('bytes that do not have their CRC-32')
  return content
}

const writer = async (): Promise<typeof HyparquetWriter> => {
  try {
    return await import('hyparquet-writer')
  } catch {
    throw new Absent('hyparquet-writer')
  }
}

const DATE_TYPES = /^(DATE|TIMESTAMP)/
const NUMERIC_TYPES = /^(INT32|INT64|FLOAT|DOUBLE)$/

const parquetType = ({ element, children }: SchemaTree): Type => {
  const { type = '', converted_type: converted = '', logical_type: logical, repetition_type: repetition } = element
  const meant = logical?.type ?? ''
  return children.length > 0 || repetition === 'REPEATED'
    ? 'nested'
    : DATE_TYPES.test(converted) || DATE_TYPES.test(meant) || type === 'INT96'
      ? 'dates'
      : converted === 'DECIMAL' || meant === 'FLOAT16' || (NUMERIC_TYPES.test(type) && !/^TIME/.test(converted + meant))
        ? 'numbers'
        : 'text'
}

/** Applies a parser to values that are not missing. */
const parsePresent =
  <A>(parse: (value: A) => string) =>
  (value: A | null | undefined): string | null =>
    value === null || value === undefined ? null : parse(value)

const parsers = {
  dateFromDays: parsePresent(day),
  timestampFromMilliseconds: parsePresent((count: bigint) => moment(count, 1_000n)),
  timestampFromMicroseconds: parsePresent((count: bigint) => moment(count, 1_000_000n)),
  timestampFromNanoseconds: parsePresent((count: bigint) => moment(count, 1_000_000_000n))
}

/** Throws an error for metadata that disagree with the content. */
const throwInconsistent = (what: string, found: number, said: number): never => {
  throw new Error(`${what} ${found} and not ${said}`)
}

/** Throws if a column has not one cell for each row, or not as many missing ones as declared. */
const checkCellCounts = (
  name: string,
  parts: ReadonlyArray<ArrayLike<unknown>>,
  group: number,
  { num_rows, columns }: Hyparquet.RowGroup
): void => {
  const where = `row group ${group}, column ${name}:`
  const count = parts.reduce((sum, { length }) => sum + length, 0)
  // Nothing can be read from a damaged footer.
  if (count !== Number(num_rows)) throwInconsistent(`${where} its cells are`, count, Number(num_rows))
  const own = columns.find(
    ({ meta_data: meta }) => meta?.path_in_schema.length === 1 && meta.path_in_schema[0] === name
  )
  const said = own?.meta_data?.statistics?.null_count
  if (said === undefined) return
  let missing = 0
  for (const part of parts)
    if (!ArrayBuffer.isView(part))
      for (let i = 0; i < part.length; i++) if (part[i] === null || part[i] === undefined) missing += 1
  if (missing !== Number(said)) throwInconsistent(`${where} its missing cells are`, missing, Number(said))
}

/** Yields groups of rows of a file, without empty ones, unless all are empty. Nested columns have cells only if `readsNested`. */
export async function* rowGroupsOf(
  file: Slices,
  { readsNested = false }: ColumnarReadOptions = {}
): AsyncGenerator<Columns> {
  const { parquetMetadataAsync, parquetRead, parquetSchema } = await loadHyparquet()
  const metadata = await parquetMetadataAsync(file)
  const isPacked = metadata.row_groups.some(({ columns }) =>
    columns.some(({ meta_data: meta }) => !/^(UNCOMPRESSED|SNAPPY)$/.test(meta?.codec ?? 'UNCOMPRESSED'))
  )
  const compressors = isPacked ? await decompressors() : undefined
  const columns = parquetSchema(metadata).children.map(tree => ({ name: tree.element.name, type: parquetType(tree) }))
  const wanted = columns.filter(({ type }) => readsNested || type !== 'nested').map(({ name }) => name)
  const of = (rows: number, cells: ReadonlyMap<string, ReadonlyArray<ArrayLike<unknown>>>): Columns => ({
    rows,
    columns: columns.map((column): TypedCells => ({
      ...column,
      cells: concatenatedCells(cells.get(column.name) ?? [[]])
    }))
  })
  let first = 0
  const all = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0)
  if (all !== Number(metadata.num_rows)) throwInconsistent('the rows of its groups are', all, Number(metadata.num_rows))
  for (const [group, own] of metadata.row_groups.entries()) {
    const rows = Number(own.num_rows)
    if (rows === 0) continue
    const cells = new Map(wanted.map((name): [string, ArrayLike<unknown>[]] => [name, []]))
    if (wanted.length > 0)
      await parquetRead({
        file,
        metadata,
        columns: wanted,
        rowStart: first,
        rowEnd: first + rows,
        parsers,
        ...(compressors && { compressors }),
        onChunk: ({ columnName, columnData }) => cells.get(columnName)?.push(columnData)
      })
    for (const [name, parts] of cells) checkCellCounts(name, parts, group + 1, own)
    first += rows
    yield of(rows, cells)
  }
  if (first === 0) yield of(0, new Map())
}

/**
 * Yields the bytes of a Parquet file, a group of rows at a time: numbers as doubles, other cells as texts, possibly missing. All parts have
 * the columns of the first.
 */
export async function* parquetOf(parts: AsyncIterable<Columns>): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await writer()
  const bytes = new ByteWriter()
  let file: HyparquetWriter.ParquetWriter | null = null
  const written = (): Uint8Array => {
    const all = bytes.getBytes().slice()
    bytes.index = 0
    return all
  }
  for await (const { rows, columns } of groupColumns(parts)) {
    file ??= new ParquetWriter({
      writer: bytes,
      createdBy: 'ornstein',
      schema: [
        { name: 'root', num_children: columns.length },
        ...columns.map(({ name, type }) =>
          type === 'numbers'
            ? ({ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' } as const)
            : ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as const)
        )
      ]
    })
    if (rows > 0)
      await file.write({
        rowGroupSize: rows,
        columnData: columns.map(({ name, cells }) => ({ name, data: Array.from(cells) }))
      })
    yield written()
  }
  await file?.finish()
  yield written()
}
