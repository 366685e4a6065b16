/** Tables whose columns have types: what is read is what the same table of text comes to. */
import {
  Bool,
  DateDay,
  Decimal,
  Dictionary,
  Float64,
  Int32,
  Int64,
  makeVector,
  Table,
  tableFromArrays,
  tableToIPC,
  TimestampNanosecond,
  Utf8,
  vectorFromArray
} from 'apache-arrow'
import * as fc from 'fast-check'
import * as Either from 'fp-ts/lib/Either.js'
import { parquetWriteBuffer, type BasicType } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { day, moment, typedRows } from '../../../lib/formats/columns.js'
import { Source } from '../../../src/index.js'
import * as Points from '../../../src/data/index.js'
import { answers } from '../../golden/golden.js'
import { message, right } from './drawn.js'

type Cells = ReadonlyArray<unknown>

const parquet = (
  columns: Readonly<Record<string, Cells>>,
  types: Readonly<Record<string, BasicType>> = {},
  rowGroupSize = 100
): ArrayBuffer =>
  parquetWriteBuffer({
    columnData: Object.entries(columns).map(([name, data]) => ({
      name,
      data: Array.from(data),
      ...(name in types && { type: types[name] })
    })),
    rowGroupSize
  })

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield await Promise.resolve(bytes.slice(from, from + size))
}

/** As text has it, the sign of 0 included. */
const digits = (x: number | null): string => (Object.is(x, -0) ? '-0' : String(x))

const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.constant(null))

describe('a table of Parquet or Arrow', () => {
  it('is the same table of text, whatever its numbers, missing cells and groups of rows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 10 }),
        async (rows, group) => {
          const columns = { x: rows.map(([x]) => x), y: rows.map(([, y]) => y), name: rows.map((_, i) => `no ${i}`) }
          const text = ['x,y,name', ...rows.map(([x, y], i) => `${digits(x)},${digits(y)},no ${i}`)].join('\n')
          const whole = Points.readCsv(text, { header: true, missing: 'drop' })
          const own = await Points.readParquet(parquet(columns, { x: 'DOUBLE', y: 'DOUBLE' }, group), {
            missing: 'drop'
          })
          const table = new Table({
            x: vectorFromArray(columns.x, new Float64()),
            y: vectorFromArray(columns.y, new Float64()),
            name: vectorFromArray(columns.name, new Utf8())
          })
          const arrow = await Points.readArrow(pieces(tableToIPC(table), 64), { missing: 'drop' })
          // a problem may name cells that text writes and types do not
          const seen = (read: typeof whole): unknown => (Either.isLeft(read) ? 'refused' : read.right)
          expect(seen(own)).toEqual(seen(whole))
          expect(seen(arrow)).toEqual(seen(whole))
        }
      ),
      { numRuns: 8 }
    )
  })

  it('takes columns of numbers by their types, and says why others are left out', async () => {
    const table = new Table({
      small: vectorFromArray([1, null, 3], new Int32()),
      large: vectorFromArray([1n, 2n, 3n], new Int64()),
      digits: vectorFromArray(['1', '2', '3'], new Utf8()),
      kind: vectorFromArray(['a', 'b', 'a'], new Dictionary(new Utf8(), new Int32())),
      ok: vectorFromArray([true, false, true], new Bool()),
      on: vectorFromArray([new Date(0), null, new Date(86_400_000)], new DateDay()),
      nested: vectorFromArray([{ a: 1 }, { a: 2 }, { a: 3 }]),
      list: vectorFromArray([[1], [2], [3]]),
      nothing: vectorFromArray([null, null, null], new Float64())
    })
    const read = right(await Points.readArrow(pieces(tableToIPC(table)), { missing: 'drop', exclude: ['nothing'] }))
    expect(read.columns).toEqual(['small', 'large'])
    expect(Array.from(read.points.values)).toEqual([1, 1, 3, 3])
    expect([read.dropped, Array.from(read.rowNumbers)]).toEqual([1, [1, 3]])
    expect(Object.fromEntries(read.ignored.map(({ name, why }) => [name, why]))).toEqual({
      digits: 'text',
      kind: 'text',
      ok: 'text',
      on: 'dates',
      nested: 'nested',
      list: 'nested',
      nothing: 'excluded'
    })
    const file = parquet(
      { x: [1.5, 2, 4], when: [new Date(0), null, new Date(1)], tags: [[1], [2, 3], []] },
      { x: 'DOUBLE', when: 'TIMESTAMP' }
    )
    expect(right(await Points.readParquet(file)).ignored).toContainEqual({ name: 'when', why: 'dates' })
  })

  it('keeps the words of classes', async () => {
    const kind = ['a', 'b', 'a', 'b']
    const read = right(
      await Points.readParquet(parquet({ x: [1, 2, 3, 4.5], kind }, { x: 'DOUBLE' }), {
        keep: { columns: [], classes: 3 }
      })
    )
    expect(read.kept).toEqual([{ name: 'kind', cells: kind }])
  })

  it('is refused by what is wrong and where, with a remedy', async () => {
    const words = { x: [1, 2], name: ['1', '2'] }
    const refused: ReadonlyArray<readonly [Readonly<Record<string, Cells>>, Points.CsvOptions]> = [
      [{ x: [1, 2, null] }, {}],
      [{ x: [1n, 9007199254740993n] }, {}],
      [{ x: [1, Infinity] }, {}],
      [words, { columns: ['name'] }],
      [words, { weights: 'name' }],
      [{ name: ['a', 'b'] }, {}],
      [{ x: [1, 2] }, { delimiter: ';' }],
      [{ x: [1, 2] }, { columns: ['y'] }],
      [{ x: [] }, {}]
    ]
    const kinds: Readonly<Record<string, BasicType>> = { bigint: 'INT64', string: 'STRING' }
    const said = refused.map(async ([columns, options]) => {
      const types = Object.entries(columns).map(([name, [cell]]) => [name, kinds[typeof cell] ?? 'DOUBLE'] as const)
      const file = parquet(columns, Object.fromEntries(types))
      return [[columns, options], message(await Points.readParquet(file, options))] as const
    })
    await answers('typed', await Promise.all(said))
  })

  it('counts a problem of a later group from the first row', async () => {
    const x = Array.from({ length: 25 }, (_, i) => (i === 21 ? null : i + 0.5))
    const file = parquet({ x }, { x: 'DOUBLE' }, 10)
    const problem = 'row 22, column 1 (x): an empty cell'
    expect(message(await Points.readParquet(file))).toContain(problem)
    expect(message(await Source.fromParquet()(file))).toContain(problem)
    const source = right(await Source.fromParquet({ missing: 'drop' })(file))
    expect([source.source.rows, source.dropped]).toEqual([24, 1])
    source.source.close()
  })

  it('takes a number under na for a missing cell', async () => {
    const file = parquet({ x: [1, -999, 3] }, { x: 'DOUBLE' })
    const read = right(await Points.readParquet(file, { na: ['-999.0'], missing: 'drop' }))
    expect(Array.from(read.points.values)).toEqual([1, 3])
  })

  it('is refused where it is cut short or damaged', async () => {
    const file = parquet({ x: [1, 2, 3] }, { x: 'DOUBLE' })
    expect(message(await Points.readParquet(file.slice(0, file.byteLength - 5)))).toMatch(
      /^text: a file of Parquet \(.*\) is not whole and sound; fetch it again/
    )
    const bytes = tableToIPC(tableFromArrays({ x: Float64Array.from({ length: 1000 }, (_, i) => i) }), 'stream')
    expect(message(await Points.readArrow(pieces(bytes.slice(0, 300))))).toMatch(/^text: /)
  })

  it('is refused where a column that it names yields nothing', async () => {
    const file = Buffer.from(parquet({ first: [1, 2, 3], second: [1, 2, 3] }, { first: 'DOUBLE', second: 'DOUBLE' }))
    // the name stands in the schema, and again where its cells are
    const at = file.lastIndexOf('second')
    expect(file.indexOf('second')).toBeLessThan(at)
    file.write('secone', at, 'latin1')
    expect(message(await Points.readParquet(Uint8Array.from(file).buffer))).toContain(
      'a file of Parquet (row group 1, column second: its cells are 0 and not 3) is not whole and sound'
    )
    const table = new Table({
      x: vectorFromArray([1, null, 3], new Float64()),
      y: makeVector(Float64Array.of(1, 2, 3))
    })
    const bytes = Buffer.from(tableToIPC(table))
    // of x, so many rows, and so many of its cells missing
    const node = bytes.indexOf(Buffer.from(BigInt64Array.of(3n, 1n).buffer))
    expect(node).toBeGreaterThan(0)
    expect(right(await Points.readArrow(pieces(bytes), { missing: 'drop' })).points.rows).toBe(2)
    // a count that hides all cells
    bytes.writeBigInt64LE(3n, node + 8)
    expect(message(await Points.readArrow(pieces(bytes), { missing: 'drop' }))).toContain(
      'column x: its cells are not those of 3 rows'
    )
  })

  it('is refused where it says of itself how many cells are missing, and others are', async () => {
    const file = Buffer.from(parquet({ x: [1, null, 3] }, { x: 'DOUBLE' }))
    expect(right(await Points.readParquet(Uint8Array.from(file).buffer, { missing: 'drop' })).points.rows).toBe(2)
    const said = await Promise.all(
      // In the footer a count of one is a byte of 2, and of two one of 4.
      Array.from({ length: file.readUInt32LE(file.length - 8) }, (_, i) => file.length - 9 - i)
        .filter(at => file[at] === 2)
        .map(async at => {
          const other = Uint8Array.from(file)
          other[at] = 4
          const read = await Points.readParquet(other.buffer, { missing: 'drop' })
          return Either.isLeft(read) ? read.left.value : ''
        })
    )
    expect(said.join()).toContain('column x: its missing cells are 1 and not 2')
  })

  it('hands on what the file system says', async () => {
    const gone = Object.assign(new Error('gone'), { code: 'EIO' })
    const file = { byteLength: 100, slice: () => Promise.reject(gone) }
    await expect(Points.readParquet(file)).rejects.toBe(gone)
  })
})

describe('a stream of Arrow', () => {
  it('is read batch by batch, as from a source', async () => {
    const [first, ...rest] = [[1, 2], [3], [4, 5]].map(x => makeVector(Float64Array.from(x)))
    const bytes = tableToIPC(new Table({ x: first.concat(...rest) }), 'stream')
    const tables: number[][] = []
    for await (const table of Points.arrowTables()(pieces(bytes, 7)))
      tables.push(Array.from(right(table).points.values))
    expect(tables).toEqual([[1, 2], [3], [4, 5]])
    const source = right(await Source.fromArrow()(pieces(bytes)))
    expect(Array.from(Source.mean(source.source))).toEqual([3])
    source.source.close()
  })

  it('has decimals by their scale', async () => {
    const words = (x: bigint): ReadonlyArray<number> => [0n, 32n, 64n, 96n].map(by => Number((x >> by) & 0xffffffffn))
    const data = Uint32Array.from([12345n, -5n, 10n ** 25n].flatMap(words))
    const type = new Decimal(2, 38, 128)
    const table = new Table({ x: makeVector({ type, data, length: 3, nullCount: 0 }) })
    expect(Array.from(right(await Points.readArrow(pieces(tableToIPC(table)))).points.values)).toEqual([
      123.45, -0.05, 1e23
    ])
  })
})

describe('moments', () => {
  it('are told to the last digit, before 1970 too', () => {
    expect(moment(1n, 1_000_000_000n)).toBe('1970-01-01T00:00:00.000000001')
    expect(moment(-1n, 1_000n)).toBe('1969-12-31T23:59:59.999')
    expect(moment(1_600_000_000n, 1n)).toBe('2020-09-13T12:26:40')
    expect(day(-1)).toBe('1969-12-31')
  })

  it('are a column of dates', async () => {
    const when = vectorFromArray([1_600_000_000_000], new TimestampNanosecond())
    const kept = right(
      await Points.readArrow(pieces(tableToIPC(new Table({ x: makeVector(Float64Array.of(1)), when }))), {
        keep: { columns: ['when'], classes: 0 }
      })
    ).kept
    expect(kept?.[0].cells[0]).toMatch(/^2020-09-13T12:26:40/)
  })
})

it('texts of cells are those of the cells alone', () => {
  const { text, numbers } = typedRows({
    rows: 2,
    columns: [
      { name: 'x', type: 'numbers', cells: [1, 2n ** 60n] },
      { name: 'y', type: 'nested', cells: [{ a: 1n }, [1, 2]] },
      { name: 'z', type: 'text', cells: [Uint8Array.of(255, 1), null] }
    ]
  })
  expect(Array.from(numbers)).toEqual([1, NaN, NaN, NaN, NaN, NaN])
  expect([text(1, 0), text(0, 1), text(1, 1), text(0, 2), text(1, 2)]).toEqual([
    String(2n ** 60n),
    '{"a":"1"}',
    '[1,2]',
    'ff01',
    ''
  ])
})
