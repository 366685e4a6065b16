/** Kernels driven by a tensor of indices. An index outside its axis is refused, never read. */
import { allocate, axisOf, kernel, product, type Dense, type DType, type KernelTable } from './dense.js'

const within = (index: number, length: number, op: string): number => {
  if (!(index >= 0 && index < length) || !Number.isInteger(index))
    throw new Error(`${op}: index ${index} is not a whole number in [0, ${length})`)
  return index
}

/** out[…, i…, …] = x[…, indices[i…], …] */
const gather = (x: Dense, indices: Dense, axis: number): Dense => {
  const at = axisOf(axis, x.shape.length, 'gather')
  const outer = product(x.shape.slice(0, at))
  const inner = product(x.shape.slice(at + 1))
  const length = x.shape[at]
  const values = allocate(outer * indices.values.length * inner, x.dtype)
  let o = 0
  for (let i = 0; i < outer; i++)
    for (const index of indices.values) {
      const from = (i * length + within(index, length, 'gather')) * inner
      for (let k = 0; k < inner; k++) values[o++] = x.values[from + k]
    }
  return { shape: [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)], dtype: x.dtype, values }
}

/** out[s] = Σ x[i] over segmentIds[i] = s; negative ids are dropped. */
const segmentSum = (x: Dense, ids: Dense, count: number): Dense => {
  const rest = x.shape.slice(ids.shape.length)
  const inner = product(rest)
  const values = allocate(count * inner, x.dtype)
  for (let i = 0; i < ids.values.length; i++) {
    if (ids.values[i] < 0) continue
    const at = within(ids.values[i], count, 'segmentSum') * inner
    for (let k = 0; k < inner; k++) values[at + k] += x.values[i * inner + k]
  }
  return { shape: [count, ...rest], dtype: x.dtype, values }
}

/** Rows that are `on` at their index; an index outside [0, depth) gives a row of `off`. */
const oneHot = (indices: Dense, depth: number, on: number, off: number, dtype: DType): Dense => {
  const values = allocate(indices.values.length * depth, dtype).fill(off)
  for (let i = 0; i < indices.values.length; i++) {
    const at = indices.values[i]
    if (at >= 0 && at < depth) values[i * depth + at] = on
  }
  return { shape: [...indices.shape, depth], dtype, values }
}

export const indexing: KernelTable = {
  GatherV2: kernel(({ x, indices }, { axis }: { axis: number }) => gather(x, indices, axis)),
  OneHot: kernel(
    (
      { indices },
      { depth, onValue, offValue, dtype }: { depth: number; onValue: number; offValue: number; dtype?: DType }
    ) => oneHot(indices, depth, onValue, offValue, dtype ?? 'float32')
  ),
  UnsortedSegmentSum: kernel(({ x, segmentIds }, { numSegments }: { numSegments: number }) =>
    segmentSum(x, segmentIds, numSegments)
  )
}
