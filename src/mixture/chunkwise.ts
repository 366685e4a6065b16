/** Sums over rows that are written in the tensor vocabulary: chunk after chunk, the same bits from memory and from a source. */
import { compute, tensor, type Tensor } from '../../lib/index.js'
import * as Chunks from '../../lib/rows/chunks.js'
import { stretch } from '../../lib/rows/stretches.js'
import type * as Source from '../data/source/source.js'
import { rowsOf, weightsOf } from './rows.js'

/** Σ over chunks of `of`, `width` numbers each, from the rows of a chunk, [count, dim], and their weights, [count, 1]. */
export const summed = (data: Source.Data, width: number, of: (x: Tensor, weights: Tensor) => Tensor): Float64Array => {
  const own = rowsOf(data)
  const weights = weightsOf(own)
  const { rows, dim, x } = own
  return Chunks.taken({
    rows,
    width,
    chunks: Chunks.each(rows, width, (first, count, into) => {
      const found = compute(() =>
        of(tensor(stretch(x, dim, first, count), [count, dim]), tensor(stretch(weights, 1, first, count), [count, 1]))
      )
      into.set(found.values)
    }),
    found: sums => sums
  })
}
