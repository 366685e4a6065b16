/**
 * Sources of rows, and the ways to one. What reads text and files is apart, so that what learns from a source does not bring it.
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
 * const values = (rows: Source.Data) => [...Source.pieces(Source.from(rows))].flatMap(({ values }) => [...values])
 *
 * // What is known of the columns, read a stretch at a time.
 * assert.deepEqual(Source.problems(source), [])
 * assert.deepEqual([...Source.mean(source)], [4, 25])
 * assert.deepEqual([...Source.meanSquares(source)], [22.5, 750])
 * assert.deepEqual([...Source.variances(source)], [6.5, 125])
 * assert.deepEqual([...Source.largest(source)], [7, 40])
 * assert.equal(Source.shares(source), 1 / 8)
 * assert.equal(Source.weightsOf(source), null)
 *
 * // Other rows of it: number by number, moved, in other units, some of them, a stretch at a time.
 * assert.deepEqual([...Source.mean(Source.map((x, column) => (column === 0 ? 2 * x : x))(source))], [8, 25])
 * assert.deepEqual([...Source.mean(Source.shifted(Float64Array.of(4, 25))(source))], [0, 0])
 * const { centre, scale, source: standard } = Source.standardize(source)
 * assert.deepEqual(values(Source.inUnits({ centre, scale })(source)), values(standard))
 * assert.deepEqual([...Source.select([1, 5])(source).values], [2, 20, 2, 20])
 * assert.deepEqual(
 *   [...Source.pieces(source, 3)].map(({ rows }) => rows),
 *   [3, 3, 2]
 * )
 * let visited = 0
 * Source.each(({ rows }) => (visited += rows), 3)(source)
 * assert.equal(visited, 8)
 *
 * // Rows that are kept: those for which a test holds, or those that code writes piece by piece.
 * const isLarge = ({ values, dim }: Points.Points, row: number) => values[row * dim] > 5
 * assert.equal(Source.chosenBy(isLarge)(points).rows, 2)
 * const large = Source.keptBy(isLarge)(source)
 * const again = Source.kept()(large)
 * assert.deepEqual(values(again), values(large))
 * const { add, close } = Source.writing()
 * assert.equal(add(points, add(points, null)).rows, 8)
 * for (const each of [{ close }, again, large]) each.close()
 * source.close()
 *
 * @example Rows in memory or not
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key, Points, Problem, Source } from 'ornstein'
 *
 * // What learns takes rows in memory or a source of them, and does the same with both.
 * const points = Problem.orThrow(
 *   Points.fromRows([
 *     [1, 10],
 *     [2, 20],
 *     [6, 30],
 *     [7, 40]
 *   ])
 * )
 * const source = Source.of(points)
 * assert(Source.isSource(source) && Source.isHeld(points) && !Source.isHeld(source))
 * for (const data of [points, source]) {
 *   assert.equal(Source.fingerprint(data), Points.fingerprint(points))
 *   assert.deepEqual([Source.totalOf(data), ...Source.middle(data)], [4, 4, 25])
 *   assert.deepEqual([...Source.chosen([0, 2])(data).values], [1, 10, 6, 30])
 *   assert.equal(Source.from(Source.columns([1])(data)).dim, 1)
 *
 *   // A batch of a key: rows that are there, none twice.
 *   assert(Source.hasBatch(2, data))
 *   assert.deepEqual(Source.couplingProblems(2, data), [])
 *   const { points: batch, places } = pipe(data, Source.batch(2)(Key.fromSeed(1)))
 *   assert.deepEqual(Source.chosen(places ?? [])(data).values, batch.values)
 *
 *   // To units of its own spread, to given ones, and back.
 *   const { centre, scale, data: standard } = Source.standardized(data)
 *   assert.deepEqual([...Source.middle(standard)], [0, 0])
 *   assert.deepEqual(Source.fingerprint(Source.rescaled({ centre, scale })(data)), Source.fingerprint(standard))
 *   assert.deepEqual([...Source.middle(Source.unscaled({ centre, scale })(standard))].map(Math.round), [4, 25])
 *
 *   // Written down for as long as it is used, and the rows for which a test holds.
 *   const kept = Source.written(data)
 *   const few = Source.filtered(({ values, dim }, row) => values[row * dim] > 5)(kept.points)
 *   assert.equal(few.points.rows, 2)
 *   few.close()
 *   kept.close()
 * }
 * // A row of weight 0 has no part in a fit, and one without cells has none.
 * const weighed = Problem.orThrow(Points.weighted([1, 0, 1, 1])(points))
 * assert(!Source.counts(weighed, 1) && Source.counting(points) === points)
 * assert.deepEqual(Source.fingerprint(Source.counting(Source.of(weighed))), Points.fingerprint(Source.counting(weighed)))
 * assert(!Source.hasCells({ rows: 1, dim: 2, values: Float64Array.of(NaN, NaN) }, 0) && Source.counted(weighed) === 3)
 * // Where points are asked for a source says how many rows it has, and refuses to show them.
 * assert.equal(Source.asPoints(source).rows, 4)
 */
export * from './gathered.js'
export * from '../../data/source.js'
