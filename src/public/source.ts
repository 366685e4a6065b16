/**
 * Sources of rows. Readers of text and files are separate modules, so that programs that learn from a source do not import them.
 *
 * @example Rows that are read a stretch at a time
 * import { strict as assert } from 'node:assert'
 * import { Points, Problem, Source } from 'ornstein'
 *
 * const points = Problem.orThrow(
 *   Points.fromRows([
 *     [1, 10],
 *     [2, 20],
 *     [6, 30],
 *     [7, 40]
 *   ])
 * )
 * const source = Problem.orThrow(Source.gathered([points, points]))
 * const values = (rows: Source.Source) => [...Source.pieces(rows)].flatMap(({ values }) => [...values])
 *
 * // What is known of the columns, read a stretch at a time.
 * assert.deepEqual([...Source.mean(source)], [4, 25])
 * assert.deepEqual([...Source.variances(source)], [6.5, 125])
 *
 * // Other rows of it: number by number, standardized, a stretch at a time.
 * assert.deepEqual([...Source.mean(Source.map((x, column) => (column === 0 ? 2 * x : x))(source))], [8, 25])
 * assert.deepEqual([...Source.mean(Source.standardize(source).source)], [0, 0])
 * assert.deepEqual(
 *   [...Source.pieces(source, 3)].map(({ rows }) => rows),
 *   [3, 3, 2]
 * )
 * // Written down once, where it is read often.
 * const again = Source.kept()(source)
 * assert.deepEqual(values(again), values(source))
 * for (const each of [again, source]) each.close()
 *
 * @example Rows in memory or not
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key, Points, Problem, Source } from 'ornstein'
 *
 * // Rows in memory and a source of them have equal results.
 * const points = Problem.orThrow(
 *   Points.fromRows([
 *     [1, 10],
 *     [2, 20],
 *     [6, 30],
 *     [7, 40]
 *   ])
 * )
 * for (const data of [points, Source.of(points)]) {
 *   assert.equal(Source.columns([1])(data).dim, 1)
 *
 *   // Random rows without repeats.
 *   assert.equal(pipe(data, Source.batch(2)(Key.fromSeed(1))).points.rows, 2)
 * }
 */
export {
  batch,
  columns,
  coupled,
  type Coupling,
  type Data,
  type Draw,
  drawn,
  fromArrow,
  fromCsv,
  fromParquet,
  gathered,
  gatheredFrom,
  storedSource as kept,
  map,
  mean,
  of,
  optimalTransport,
  pieces,
  type Source,
  type SourceTable,
  standardize,
  variances
} from '../data/source/index.js'
