/**
 * Parameters: named arrays in double precision, typed by their names.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Params } from 'ornstein'
 *
 * const params = Params.of({
 *   means: [
 *     [1, 2],
 *     [3, 4]
 *   ],
 *   scale: 2
 * })
 * // Named arrays: their names and shapes, and the same as one list of numbers and back.
 * assert.deepEqual(Params.names(params), ['means', 'scale'])
 * const shapes = Params.map(({ shape }: { shape: ReadonlyArray<number> }) => shape)(params)
 * assert.deepEqual(shapes, { means: [2, 2], scale: [] })
 * assert.deepEqual([Params.sizeOf(shapes), [...Params.packed(params)]], [5, [1, 2, 3, 4, 2]])
 * assert.deepEqual(Params.unpacked(shapes)(Params.packed(params)), params)
 * assert.deepEqual(
 *   Params.ndArray([
 *     [1, 2],
 *     [3, 4]
 *   ]),
 *   params.means
 * )
 * assert.equal(Params.ndArray([[1, 2], [3]]), null)
 *
 * // Whether all numbers are finite, and how they are printed and kept.
 * const infinite = Params.of({ means: [[1, Infinity]] })
 * assert.deepEqual([params, infinite].map(Params.isFinite), [true, false])
 * assert.equal(Params.show(params), 'Params.of({ means: [[1,2],[3,4]], scale: 2 })')
 * const json: unknown = JSON.parse(JSON.stringify(Params.ndArrayCodec.encode(infinite.means)))
 * assert.deepEqual(Params.ndArrayCodec.decode(json), E.right(infinite.means))
 * assert.deepEqual([-0, NaN, 1].map(Params.numberCodec.encode), ['-0', 'NaN', 1])
 */
export {
  arrays,
  codec,
  isFinite,
  map,
  mapValues,
  names,
  ndArray,
  ndArrayCodec,
  nested,
  type Nested,
  norm,
  numberCodec,
  of,
  packed,
  type Params,
  shapes,
  type Shapes,
  show,
  sizeOf,
  type Tensors,
  unpacked,
  zeros,
  zipWith
} from '../core/params.js'
