/** Kernels driven by a tensor of indices. An index outside its axis is refused, never read. */
import { allocate, axisOf, kernel, product, stridesOf, type Dense, type DType, type KernelTable } from './dense.js'

const within = (index: number, length: number, op: string): number => {
  if (!(index >= 0 && index < length) || !Number.isInteger(index))
    throw new Error(`${op}: index ${index} is not a whole number in [0, ${length})`)
  return index
}

/** out[…, i…, …] = x[…, indices[i…], …]; the first `batchDims` axes of both are walked together. */
const gather = (x: Dense, indices: Dense, axis: number, batchDims: number): Dense => {
  const at = axisOf(axis, x.shape.length, 'gather')
  const batch = product(x.shape.slice(0, batchDims))
  const outer = product(x.shape.slice(batchDims, at))
  const inner = product(x.shape.slice(at + 1))
  const length = x.shape[at]
  const count = product(indices.shape.slice(batchDims))
  const values = allocate(batch * outer * count * inner, x.dtype)
  let o = 0
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < outer; i++)
      for (let j = 0; j < count; j++) {
        const from = ((b * outer + i) * length + within(indices.values[b * count + j], length, 'gather')) * inner
        for (let k = 0; k < inner; k++) values[o++] = x.values[from + k]
      }
  return {
    shape: [...x.shape.slice(0, at), ...indices.shape.slice(batchDims), ...x.shape.slice(at + 1)],
    dtype: x.dtype,
    values
  }
}

/** Where each row of `indices` (its last axis holds coordinates) points in an array of `shape`. */
const offsets = (indices: Dense, shape: ReadonlyArray<number>, op: string): number[] => {
  const depth = indices.shape[indices.shape.length - 1]
  const strides = stridesOf(shape)
  return Array.from({ length: product(indices.shape.slice(0, -1)) }, (_, i) => {
    let at = 0
    for (let k = 0; k < depth; k++) at += within(indices.values[i * depth + k], shape[k], op) * strides[k]
    return at
  })
}

const gatherNd = (x: Dense, indices: Dense): Dense => {
  const depth = indices.shape[indices.shape.length - 1]
  const rest = x.shape.slice(depth)
  const inner = product(rest)
  const from = offsets(indices, x.shape, 'gatherNd')
  const values = allocate(from.length * inner, x.dtype)
  from.forEach((p, i) => {
    values.set(x.values.subarray(p, p + inner), i * inner)
  })
  return { shape: [...indices.shape.slice(0, -1), ...rest], dtype: x.dtype, values }
}

/** Zeros of `shape` with every update added where its index points: repeated indices add up. */
const scatterNd = (indices: Dense, updates: Dense, shape: ReadonlyArray<number>): Dense => {
  const inner = product(shape.slice(indices.shape[indices.shape.length - 1]))
  const values = allocate(product(shape), updates.dtype)
  offsets(indices, shape, 'scatterNd').forEach((p, i) => {
    for (let k = 0; k < inner; k++) values[p + k] += updates.values[i * inner + k]
  })
  return { shape, dtype: updates.dtype, values }
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
  GatherNd: kernel(({ params, indices }) => gatherNd(params, indices)),
  GatherV2: kernel(({ x, indices }, { axis, batchDims }: { axis: number; batchDims?: number }) =>
    gather(x, indices, axis, batchDims ?? 0)
  ),
  OneHot: kernel(
    (
      { indices },
      { depth, onValue, offValue, dtype }: { depth: number; onValue: number; offValue: number; dtype?: DType }
    ) => oneHot(indices, depth, onValue, offValue, dtype ?? 'float32')
  ),
  ScatterNd: kernel(({ indices, updates }, { shape }: { shape: ReadonlyArray<number> }) =>
    scatterNd(indices, updates, shape)
  ),
  UnsortedSegmentSum: kernel(({ x, segmentIds }, { numSegments }: { numSegments: number }) =>
    segmentSum(x, segmentIds, numSegments)
  )
}
