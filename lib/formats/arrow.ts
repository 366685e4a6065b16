/** Arrow IPC files and streams, a batch of rows at a time, by apache-arrow, which is loaded on first use. */
import type * as ApacheArrow from 'apache-arrow'
import type { DataType, Schema, Vector } from 'apache-arrow'
import {
  Absent,
  day,
  groupColumns,
  moment,
  type TypedCells,
  type ColumnarReadOptions,
  type Columns,
  type Type
} from './columns.js'
import { unpackedLz4 } from './lz4.js'

type Arrow = typeof ApacheArrow

// Inside `try`, since bundlers otherwise reject programs that do not have the package.
const loadArrow = async (): Promise<Arrow> => {
  try {
    return await import('apache-arrow')
  } catch {
    throw new Absent('apache-arrow')
  }
}

/** Registers decompressors of LZ4 and of zstd, which another package provides; otherwise compressed batches throw when read. */
const unpacking = async ({ compressionRegistry, CompressionType }: Arrow): Promise<void> => {
  if (compressionRegistry.get(CompressionType.LZ4_FRAME) === null)
    compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: unpackedLz4 })
  if (compressionRegistry.get(CompressionType.ZSTD) !== null) return
  try {
    const { decompressZstd } = await import('hyparquet-compressors')
    compressionRegistry.set(CompressionType.ZSTD, { decode: bytes => decompressZstd(bytes) })
  } catch {
    const decode = (): never => {
      throw new Absent('hyparquet-compressors')
    }
    compressionRegistry.set(CompressionType.ZSTD, { decode })
  }
}

/** Type of a column, or of the values of its dictionary. */
const arrowType = (of: Arrow['DataType'], type: DataType): Type => {
  // The types of apache-arrow declare these as any.
  const held = of.isDictionary(type) ? (type.dictionary as DataType) : type
  return of.isInt(held) || of.isFloat(held) || of.isDecimal(held)
    ? 'numbers'
    : of.isDate(held) || of.isTimestamp(held)
      ? 'dates'
      : of.isList(held) ||
          of.isLargeList(held) ||
          of.isFixedSizeList(held) ||
          of.isStruct(held) ||
          of.isMap(held) ||
          of.isUnion(held)
        ? 'nested'
        : 'text'
}

/** Units of a timestamp in a second, by Arrow's `TimeUnit`. */
const UNITS_PER_SECOND = [1n, 1_000n, 1_000_000n, 1_000_000_000n] as const

/** Integer in two's complement, lowest words first. */
const bigIntOfWords = (words: Uint32Array): bigint => {
  let value = 0n
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i])
  return BigInt.asIntN(32 * words.length, value)
}

/** Cells of a column: numbers, null if missing; dates by their own unit, since milliseconds may round. */
const arrowCells = ({ DataType: of, DateUnit, Precision }: Arrow, vector: Vector<DataType>): ArrayLike<unknown> => {
  const { type } = vector
  if (vector.nullCount === 0 && (of.isInt(type) || (of.isFloat(type) && type.precision !== Precision.HALF)))
    return vector.toArray() as ArrayLike<unknown>
  const count: ((count: number | bigint) => string) | null = of.isDate(type)
    ? type.unit === DateUnit.DAY
      ? count => day(Number(count))
      : count => moment(BigInt(count), 1_000n)
    : of.isTimestamp(type)
      ? count => moment(BigInt(count), UNITS_PER_SECOND[type.unit])
      : null
  const cells: unknown[] = []
  if (count !== null) {
    for (const data of vector.data) {
      const values = data.values as ArrayLike<number | bigint>
      for (let i = 0; i < data.length; i++) cells.push(data.getValid(i) ? count(values[i]) : null)
    }
    return cells
  }
  const scale = of.isDecimal(type) ? type.scale : null
  for (let i = 0; i < vector.length; i++) {
    const cell: unknown = vector.get(i)
    if (cell === undefined) break
    cells.push(scale !== null && cell instanceof Uint32Array ? Number(`${bigIntOfWords(cell)}e${-scale}`) : cell)
  }
  return cells
}

/** True if the declared number of missing cells is right; a damaged one could hide missing cells or invent values. */
const isValidNullCount = ({ DataType: of }: Arrow, { type, data }: Vector<DataType>): boolean =>
  data.every(({ length, offset, nullCount, nullBitmap }) => {
    // Typed as present, but a column without missing cells has no bitmap.
    const bits = nullBitmap as Uint8Array | undefined
    if (bits === undefined || bits.length === 0) return nullCount === 0 || of.isNull(type) || of.isUnion(type)
    if (8 * bits.length < offset + length) return false
    let missing = 0
    for (let i = offset; i < offset + length; i++) missing += 1 - ((bits[i >> 3] >> (i & 7)) & 1)
    return missing === nullCount
  })

/** Maximum number of rows per byte of a file: LZ4 expands a byte to 255 bytes at most, and a cell takes at least one bit. */
const MAX_ROWS_PER_BYTE = 8 * 255

/**
 * Yields batches of rows of a file or a stream, without empty ones, unless all are empty. Nested columns are read only if `readsNested`.
 */
export async function* batches(
  bytes: AsyncIterable<Uint8Array>,
  { readsNested = false }: ColumnarReadOptions = {}
): AsyncGenerator<Columns> {
  const arrow = await loadArrow()
  await unpacking(arrow)
  let seen = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      seen += piece.length
      yield piece
    }
  }
  const reader = await arrow.RecordBatchReader.from(counted())
  await reader.open()
  const columns = reader.schema.fields.map(({ name, type }) => ({
    name,
    type: arrowType(arrow.DataType, type as DataType)
  }))
  let isAny = false
  for await (const batch of reader) {
    if (batch.numRows === 0) continue
    isAny = true
    if (batch.numRows > MAX_ROWS_PER_BYTE * seen) throw new Error(`${batch.numRows} rows in ${seen} bytes`)
    yield {
      rows: batch.numRows,
      columns: columns.map((column, j): TypedCells => {
        if (column.type === 'nested' && !readsNested) return { ...column, cells: [] }
        const vector = batch.getChildAt<DataType>(j)
        const cells = vector === null || !isValidNullCount(arrow, vector) ? [] : arrowCells(arrow, vector)
        if (cells.length !== batch.numRows)
          throw new Error(`column ${column.name}: its cells are not those of ${batch.numRows} rows`)
        return { ...column, cells }
      })
    }
  }
  if (!isAny) yield { rows: 0, columns: columns.map(column => ({ ...column, cells: [] })) }
}

/**
 * Yields the bytes of an Arrow file or stream, a batch of rows at a time: numbers as doubles, other cells as texts, possibly missing. All
 * parts have the columns of the first.
 */
export async function* arrowOf(parts: AsyncIterable<Columns>, form: 'file' | 'stream'): AsyncGenerator<Uint8Array> {
  const arrow = await loadArrow()
  const { AsyncByteQueue, Field, Float64, RecordBatch, Schema, Struct, Utf8, makeData, vectorFromArray } = arrow
  let written: Uint8Array[] = []
  /** Collects bytes as they are written instead of waiting for a reader. */
  class Taken extends AsyncByteQueue {
    override write(bytes: Uint8Array): void {
      if (bytes.byteLength > 0) written.push(bytes)
    }
  }
  const writer = form === 'file' ? new arrow.RecordBatchFileWriter() : new arrow.RecordBatchStreamWriter()
  writer.reset(new Taken())
  let schema: Schema | null = null
  for await (const { rows, columns } of groupColumns(parts)) {
    const own = (schema ??= new Schema(
      columns.map(({ name, type }) => new Field(name, type === 'numbers' ? new Float64() : new Utf8(), true))
    ))
    const children = columns.map(
      ({ cells }, j) => vectorFromArray(Array.from(cells), own.fields[j].type as DataType).data[0]
    )
    writer.write(new RecordBatch(own, makeData({ type: new Struct(own.fields), length: rows, nullCount: 0, children })))
    yield* written
    written = []
  }
  writer.finish()
  yield* written
}
