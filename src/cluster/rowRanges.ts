/** Ranges of rows for workers, each identified by the hash of its rows. */
import { partitionRows, rowsOfChunks } from '../../lib/rows/reduction.js'
import * as Stretches from '../../lib/rows/stretches.js'
import type * as Source from '../data/source/source.js'
import { hashOf } from './messages.js'

const MAX_RANGES_PER_SOURCE = 16
const ROWS_PER_READ = 4096

function* blocksOfRows(rows: Stretches.Stretches, first: number, end: number): Generator<Float64Array> {
  for (let at = first; at < end; at += ROWS_PER_READ)
    yield Stretches.numbersFrom(rows, at, Math.min(ROWS_PER_READ, end - at))
}

/** Yields the numbers, weights, labels and partners of `rows` rows from `firstRow` on. */
function* sourceNumbers(source: Source.Source, firstRow: number, rows: number): Generator<Float64Array> {
  for (const part of [source, source.weights, source.labels, source.partner])
    if (part) yield* blocksOfRows(part, firstRow, firstRow + rows)
}

/** Rows that a worker sums at a time: whole chunks, so that the total has the bits of one process. */
export interface RowRange {
  readonly firstChunk: number
  readonly chunks: number
  readonly firstRow: number
  readonly rows: number
}

/** Splits rows into at most `MAX_RANGES_PER_SOURCE` ranges of whole chunks. */
export const splitIntoRanges = (rows: number): ReadonlyArray<RowRange> => {
  const own = partitionRows(rows)
  const count = Math.min(MAX_RANGES_PER_SOURCE, own.chunks)
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * own.chunks) / count)
    const to = Math.floor(((i + 1) * own.chunks) / count)
    const { first, count: held } = rowsOfChunks(own, from, to)
    return { firstChunk: from, chunks: to - from, firstRow: first, rows: held }
  })
}

/** Hash of the bits of a range's rows. */
export const hashRange = (source: Source.Source, { firstRow, rows }: RowRange): string =>
  hashOf(sourceNumbers(source, firstRow, rows))

/** Name of a range for messages, its rows counted from 1. */
export const rangeName = ({ firstRow, rows }: RowRange): string => `rows ${firstRow + 1} to ${firstRow + rows}`
