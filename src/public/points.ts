/**
 * Points: data in memory, and their readers.
 *
 * @example Rows in memory
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Points } from 'ornstein'
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
  type DataError,
  type Doubtful,
  energyDistance,
  fromCsv,
  fromRows,
  type Ignored,
  type Kept,
  labelled,
  mean,
  paired,
  type Points,
  readArrow,
  readCsv,
  readParquet,
  readSpreadsheet,
  type Scaling,
  secondMoment,
  select,
  type Slices,
  standardize,
  type Table,
  toCsv,
  toRows,
  unstandardize,
  validate,
  weighted,
  weightsOf,
  withErrors
} from '../data/index.js'
