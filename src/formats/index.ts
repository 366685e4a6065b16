/**
 * Points, and where they come from: the namespace `Points` of the language.
 *
 * @example Rows in memory
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { compute, sum } from 'ornstein/float64'
 * import { Points, Problem } from 'ornstein'
 *
 * const points = Problem.orThrow(
 *   Points.fromRows([
 *     [1, 10],
 *     [2, 20],
 *     [6, 30]
 *   ])
 * )
 * assert.deepEqual(pipe(points, Points.row(1)), [2, 20])
 * assert.deepEqual([...compute(() => sum(Points.tensor(points), 0)).values], [9, 60])
 * assert.equal(Points.totalWeight(points), 3)
 * // In given units, z = (x − centre)/scale.
 * const scaled = Points.inUnits({ centre: Float64Array.of(1, 10), scale: Float64Array.of(1, 10) })(points)
 * assert.deepEqual([...scaled.values], [0, 0, 1, 1, 5, 2])
 * assert.deepEqual([5, 0.3].map(Points.unitOf), [4, 0.25])
 *
 * // What tells data from others, and a copy that later writes do not reach.
 * const copy = Points.snapshot(points)
 * assert.equal(Points.fingerprint(copy), Points.fingerprint(points))
 * points.values[0] = 7
 * assert.notEqual(Points.fingerprint(copy), Points.fingerprint(points))
 * assert(Points.marked(3, 2, copy.values, null, null, null).includes(copy.values))
 *
 * // Each row may have a partner, such as the row that it was made from.
 * assert.equal(Points.partners(copy), null)
 * assert.deepEqual(Points.partners({ ...copy, partner: scaled.values })?.values, scaled.values)
 *
 * // Missing cells are NaN: refused by `validate`, let through by `validateSeen`.
 * const missing = { rows: 2, dim: 1, values: Float64Array.of(1, NaN) }
 * assert(E.isLeft(Points.validate(missing)) && E.isRight(Points.validateSeen(missing)))
 *
 * @example Parquet and Arrow, a part at a time
 * import { strict as assert } from 'node:assert'
 * import { makeVector, Table, tableToIPC } from 'apache-arrow'
 * import { parquetWriteBuffer } from 'hyparquet-writer'
 * import { Points, Problem, Source } from 'ornstein'
 *
 * // Files of columns, a part at a time: groups of rows of Parquet, batches of Arrow.
 * const file = parquetWriteBuffer({ columnData: [{ name: 'x', data: [1, 2, 6], type: 'DOUBLE' }], rowGroupSize: 2 })
 * const sizes: number[] = []
 * for await (const part of Points.parquetTables()(file)) sizes.push(Problem.orThrow(part).points.rows)
 * assert.deepEqual(sizes, [2, 1])
 *
 * const bytes = tableToIPC(new Table({ x: makeVector(Float64Array.of(1, 2, 6)) }))
 * async function* stream() {
 *   yield bytes
 * }
 * for await (const part of Points.arrowTables()(stream())) assert.deepEqual(Problem.orThrow(part).points.rows, 3)
 *
 * // The same as a source of rows, which are never all in memory.
 * const { source } = Problem.orThrow(await Source.fromArrow()(stream()))
 * const same = Problem.orThrow(await Source.fromTables(Points.parquetTables()(file)))
 * assert.equal(Source.fingerprint(source), Source.fingerprint(same.source))
 * source.close()
 * same.source.close()
 */
export * from '../data/points.js'
export { csvReader, csvTables, fromCsv, readCsv, withColumns, type CsvReader } from './csv.js'
export { type CsvOptions, type Doubtful, type Ignored, type Kept, type Table } from './grid.js'
export { arrowTables, parquetTables, readArrow, readParquet, type Slices } from './typed.js'
export { toCsv } from './write.js'
