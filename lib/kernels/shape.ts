/** Kernels that move entries or make new ones, without arithmetic. */
import {
  allocate,
  axisOf,
  copyStrided,
  kernel,
  permute,
  product,
  strided,
  stridesOf,
  unwritten,
  type Dense,
  type DType,
  type KernelTable
} from './dense.js'
import { shown as list } from '../arrays/ndarray.js'

const view = (x: Dense, shape: ReadonlyArray<number>): Dense => ({ ...x, shape })
const inserted = (shape: ReadonlyArray<number>, at: number, length: number): number[] => [
  ...shape.slice(0, at),
  length,
  ...shape.slice(at)
]
const replaced = (shape: ReadonlyArray<number>, at: number, length: number): number[] =>
  shape.map((size, i) => (i === at ? length : size))

/** `shape` with its one -1 worked out. */
const reshape = (x: Dense, shape: ReadonlyArray<number>): Dense => {
  const unknown = shape.indexOf(-1)
  const known = product(shape.filter(size => size !== -1))
  const full = unknown < 0 ? shape : replaced(shape, unknown, known === 0 ? 0 : x.values.length / known)
  if (product(full) !== x.values.length || shape.indexOf(-1, unknown + 1) > unknown || !full.every(Number.isInteger))
    throw new Error(`reshape: ${list(x.shape)} has ${x.values.length} entries and does not fit ${list(shape)}`)
  return view(x, full)
}

const concat = (parts: ReadonlyArray<Dense>, axis: number): Dense => {
  const [first] = parts
  const shape = replaced(
    first.shape,
    axis,
    parts.reduce((sum, part) => sum + part.shape[axis], 0)
  )
  for (const part of parts)
    if (part.shape.length !== shape.length || part.shape.some((size, i) => i !== axis && size !== shape[i]))
      throw new Error(`concat: ${list(first.shape)} and ${list(part.shape)} differ off axis ${axis}`)
  const dtype = parts.find(part => part.dtype === 'float32')?.dtype ?? first.dtype
  const values = allocate(product(shape), dtype)
  const width = product(shape.slice(axis))
  const outer = product(shape.slice(0, axis))
  let at = 0
  for (const part of parts) {
    const chunk = product(part.shape.slice(axis))
    for (let i = 0; i < outer; i++) values.set(part.values.subarray(i * chunk, (i + 1) * chunk), i * width + at)
    at += chunk
  }
  return { shape, dtype, values }
}

const split = (x: Dense, sizes: ReadonlyArray<number>, axis: number): Dense[] => {
  const strides = stridesOf(x.shape)
  let from = 0
  return sizes.map(size => {
    const part = strided(x, replaced(x.shape, axis, size), strides, from * strides[axis])
    from += size
    return part
  })
}

const splitSizes = (length: number, asked: number | ReadonlyArray<number>): ReadonlyArray<number> => {
  if (typeof asked === 'number') {
    if (length % asked !== 0) throw new Error(`split: an axis of ${length} does not divide into ${asked} equal parts`)
    return new Array<number>(asked).fill(length / asked)
  }
  const known = asked.reduce((sum, size) => sum + Math.max(size, 0), 0)
  const sizes = asked.map(size => (size < 0 ? length - known : size))
  if (sizes.reduce((sum, size) => sum + size, 0) !== length)
    throw new Error(`split: parts ${list(asked)} do not add up to ${length}`)
  return sizes
}

const slice = (x: Dense, begin: number | ReadonlyArray<number>, size?: number | ReadonlyArray<number>): Dense => {
  const begins = typeof begin === 'number' ? [begin] : begin
  const asked = size === undefined ? [] : typeof size === 'number' ? [size] : size
  const from = x.shape.map((_, i) => begins[i] ?? 0)
  const shape = x.shape.map((length, i) => ((asked[i] ?? -1) < 0 ? length - from[i] : asked[i]))
  if (shape.some((length, i) => from[i] < 0 || length < 0 || from[i] + length > x.shape[i]))
    throw new Error(`slice: begin ${list(from)} and size ${list(shape)} leave ${list(x.shape)}`)
  const strides = stridesOf(x.shape)
  return strided(
    x,
    shape,
    strides,
    from.reduce((sum, start, i) => sum + start * strides[i], 0)
  )
}

type Paddings = ReadonlyArray<readonly [number, number]>

const pad = (x: Dense, paddings: Paddings, constant: number): Dense => {
  if (paddings.length !== x.shape.length)
    throw new Error(`pad: ${paddings.length} pairs of paddings for a tensor of rank ${x.shape.length}`)
  const shape = x.shape.map((length, i) => length + paddings[i][0] + paddings[i][1])
  const values = allocate(product(shape), x.dtype)
  if (constant !== 0) values.fill(constant)
  if (x.values.length === 0) return { shape, dtype: x.dtype, values }
  // write row by row: the last axis is contiguous on both sides
  const strides = stridesOf(shape)
  const rank = shape.length
  const row = x.shape[rank - 1] ?? 1
  const index = new Array<number>(rank).fill(0)
  for (let p = 0; p < x.values.length; p += row) {
    const at = index.reduce((sum, v, i) => sum + (v + paddings[i][0]) * strides[i], 0)
    values.set(x.values.subarray(p, p + row), at)
    for (let k = rank - 2; k >= 0; k--) {
      if (++index[k] < x.shape[k]) break
      index[k] = 0
    }
  }
  return { shape, dtype: x.dtype, values }
}

const tile = (x: Dense, reps: ReadonlyArray<number>): Dense => {
  const strides = stridesOf(x.shape)
  const values = unwritten(product(x.shape) * product(reps), x.dtype)
  copyStrided(
    x.values,
    values,
    x.shape.flatMap((length, i) => [reps[i], length]),
    strides.flatMap(step => [0, step])
  )
  return { shape: x.shape.map((length, i) => length * reps[i]), dtype: x.dtype, values }
}

const filled = (shape: ReadonlyArray<number>, value: number, dtype: DType): Dense => {
  const values = unwritten(product(shape), dtype)
  values.fill(value)
  return { shape, dtype, values }
}

const range = (start: number, stop: number, step: number, dtype: DType): Dense => {
  const values = allocate(Math.max(0, Math.ceil((stop - start) / step)), dtype)
  for (let i = 0; i < values.length; i++) values[i] = start + i * step
  return { shape: [values.length], dtype, values }
}

export const shape: KernelTable = {
  Concat: kernel((inputs, { axis }: { axis: number }) => {
    const parts = Object.values(inputs)
    return concat(parts, axisOf(axis, parts[0].shape.length, 'concat'))
  }),
  ExpandDims: kernel((inputs, { dim }: { dim: number }) => {
    const [x] = Object.values(inputs)
    return view(x, inserted(x.shape, axisOf(dim, x.shape.length + 1, 'expandDims'), 1))
  }),
  Fill: kernel((_, { shape, value, dtype }: { shape: ReadonlyArray<number>; value: number; dtype?: DType }) =>
    filled(shape, value, dtype ?? 'float32')
  ),
  Identity: kernel(({ x }) => x),
  WithDerivative: kernel(({ value, x }) => {
    if (value.shape.join() !== x.shape.join())
      throw new Error(
        `withDerivativeOf: shapes [${value.shape.join(', ')}] and [${x.shape.join(', ')}] are not the same`
      )
    return value
  }),
  PadV2: kernel(({ x }, { paddings, constantValue }: { paddings: Paddings; constantValue: number }) =>
    pad(x, paddings, constantValue)
  ),
  Range: kernel((_, { start, stop, step, dtype }: { start: number; stop: number; step: number; dtype: DType }) =>
    range(start, stop, step, dtype)
  ),
  Reshape: kernel((inputs, { shape }: { shape: ReadonlyArray<number> }) => reshape(Object.values(inputs)[0], shape)),
  Slice: kernel(
    ({ x }, { begin, size }: { begin: number | ReadonlyArray<number>; size?: number | ReadonlyArray<number> }) =>
      slice(x, begin, size)
  ),
  SplitV: kernel(
    ({ x }, { numOrSizeSplits, axis }: { numOrSizeSplits: number | ReadonlyArray<number>; axis: number }) => {
      const at = axisOf(axis, x.shape.length, 'split')
      return split(x, splitSizes(x.shape[at], numOrSizeSplits), at)
    }
  ),
  Tile: kernel(({ x }, { reps }: { reps: ReadonlyArray<number> }) => tile(x, reps)),
  Transpose: kernel(({ x }, { perm }: { perm: ReadonlyArray<number> }) => permute(x, perm)),
  ZerosLike: kernel(({ x }) => filled(x.shape, 0, x.dtype))
}
