/**
 * Parameters: named arrays in double precision, typed by their names.
 *
 * @example
 * import { strict as assert } from 'node:assert'
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
 * assert.deepEqual([...Params.packed(params)], [1, 2, 3, 4, 2])
 * assert.deepEqual(Params.unpacked(shapes)(Params.packed(params)), params)
 * assert.equal(Params.show(params), 'Params.of({ means: [[1,2],[3,4]], scale: 2 })')
 */
export {
  codec,
  map,
  mapValues,
  names,
  type Nested,
  nested,
  norm,
  of,
  packed,
  type Params,
  shapes,
  type Shapes,
  show,
  type Tensors,
  unpacked,
  zeros,
  zipWith
} from '../core/params.js'
