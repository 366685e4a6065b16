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
 *
 * // Each row may have a partner, such as the row that it was made from.
 * assert.equal(Points.partners(points), null)
 * assert.deepEqual(Points.partners({ ...points, partner: scaled.values })?.values, scaled.values)
 *
 * // Missing cells are NaN, which `validate` refuses.
 * const missing = { rows: 2, dim: 1, values: Float64Array.of(1, NaN) }
 * assert(E.isLeft(Points.validate(missing)))
 *
 * @example Arrow, a part at a time
 * import { strict as assert } from 'node:assert'
 * import { makeVector, Table, tableToIPC } from 'apache-arrow'
 * import { Problem, Source } from 'ornstein'
 *
 * // A source of rows, which are never all in memory.
 * const bytes = tableToIPC(new Table({ x: makeVector(Float64Array.of(1, 2, 6)) }))
 * async function* stream() {
 *   yield bytes
 * }
 * const { source } = Problem.orThrow(await Source.fromArrow()(stream()))
 * assert.deepEqual([...Source.mean(source)], [3])
 * source.close()
 */
export {
  covariance,
  type CsvOptions,
  csvReader,
  type CsvReader,
  type DataError,
  type Doubtful,
  energyDistance,
  fromCsv,
  fromRows,
  type Ignored,
  inUnits,
  type Kept,
  labelled,
  mean,
  paired,
  partners,
  type Points,
  readArrow,
  readCsv,
  readParquet,
  row,
  type Scaling,
  secondMoment,
  select,
  type Slices,
  standardize,
  type Table,
  tensor,
  toCsv,
  toRows,
  totalWeight,
  unstandardize,
  validate,
  variances,
  weighted,
  weightsOf,
  withErrors
} from '../data/index.js'
