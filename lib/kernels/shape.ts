/** Kernels that move entries or make new ones, without arithmetic. */
import {
  allocate,
  axesOf,
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
const dropped = (shape: ReadonlyArray<number>, at: number): number[] => shape.filter((_, i) => i !== at)

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

interface StridedSlice {
  begin: ReadonlyArray<number>
  end: ReadonlyArray<number>
  strides?: ReadonlyArray<number>
  beginMask?: number
  endMask?: number
  ellipsisMask?: number
  newAxisMask?: number
  shrinkAxisMask?: number
}

/** NumPy's x[b:e:s, …, None, i]: bit i of a mask speaks of the i-th entry of `begin`. */
const stridedSlice = (x: Dense, attrs: StridedSlice): Dense => {
  const { begin, end, beginMask = 0, endMask = 0, ellipsisMask = 0, newAxisMask = 0, shrinkAxisMask = 0 } = attrs
  const bit = (mask: number, i: number): boolean => ((mask >> i) & 1) === 1
  const strides = stridesOf(x.shape)
  const used = begin.filter((_, i) => !bit(newAxisMask, i) && !bit(ellipsisMask, i)).length
  const shape: number[] = []
  const steps: number[] = []
  let offset = 0
  let axis = 0
  const whole = (count: number): void => {
    for (; count > 0; count--, axis++) {
      shape.push(x.shape[axis])
      steps.push(strides[axis])
    }
  }
  for (let i = 0; i < begin.length; i++) {
    if (bit(ellipsisMask, i)) whole(x.shape.length - used)
    else if (bit(newAxisMask, i)) {
      shape.push(1)
      steps.push(0)
    } else {
      const length = x.shape[axis]
      const step = attrs.strides?.[i] ?? 1
      if (step === 0) throw new Error('stridedSlice: a stride is not 0')
      const [low, high] = step > 0 ? [0, length] : [-1, length - 1]
      const bound = (v: number): number => Math.min(Math.max(v < 0 ? v + length : v, low), high)
      const start = bit(beginMask, i) ? (step > 0 ? low : high) : bound(begin[i])
      if (bit(shrinkAxisMask, i)) offset += (begin[i] < 0 ? begin[i] + length : begin[i]) * strides[axis]
      else {
        const stop = bit(endMask, i) ? (step > 0 ? high : low) : bound(end[i])
        offset += start * strides[axis]
        shape.push(Math.max(0, Math.ceil((stop - start) / step)))
        steps.push(step * strides[axis])
      }
      axis++
    }
  }
  whole(x.shape.length - axis)
  return strided(x, shape, steps, offset)
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

/** One axis at a time: an axis of n is read at |…2 1 | 0 1 2 … n-1 | n-2 …| (reflect) or with the edge doubled (symmetric). */
const mirrorPad = (x: Dense, paddings: Paddings, mode: 'reflect' | 'symmetric'): Dense =>
  paddings.reduce((padded, [before, after], axis) => {
    const n = padded.shape[axis]
    const edge = mode === 'reflect' ? 1 : 0
    const source = Array.from({ length: before + n + after }, (_, i) => {
      const at = i - before
      return at < 0 ? -at - 1 + edge : at >= n ? 2 * n - 1 - at - edge : at
    })
    const strides = stridesOf(padded.shape)
    const shape = replaced(padded.shape, axis, source.length)
    const values = allocate(product(shape), x.dtype)
    const inner = strides[axis]
    for (let o = 0, outer = 0; o < values.length; outer++)
      for (const at of source) for (let k = 0; k < inner; k++) values[o++] = padded.values[(outer * n + at) * inner + k]
    return { shape, dtype: x.dtype, values }
  }, x)

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

const reverse = (x: Dense, axis: number | ReadonlyArray<number>): Dense => {
  const axes = axesOf(axis, x.shape.length, 'reverse')
  const strides = stridesOf(x.shape)
  return strided(
    x,
    x.shape,
    strides.map((step, i) => (axes.includes(i) ? -step : step)),
    axes.reduce((sum, i) => sum + (x.shape[i] - 1) * strides[i], 0)
  )
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

/** Both ends exact. */
const linSpace = (start: number, stop: number, count: number): Dense => {
  const values = new Float64Array(count)
  for (let i = 0; i < count; i++)
    values[i] = i === count - 1 && i > 0 ? stop : start + (count > 1 ? (i * (stop - start)) / (count - 1) : 0)
  return { shape: [count], dtype: 'float32', values }
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
  LinSpace: kernel((_, { start, stop, num }: { start: number; stop: number; num: number }) =>
    linSpace(start, stop, num)
  ),
  MirrorPad: kernel(({ x }, { paddings, mode }: { paddings: Paddings; mode: 'reflect' | 'symmetric' }) =>
    mirrorPad(x, paddings, mode)
  ),
  OnesLike: kernel(({ x }) => filled(x.shape, 1, x.dtype)),
  Pack: kernel((inputs, { axis }: { axis: number }) => {
    const parts = Object.values(inputs)
    const at = axisOf(axis, parts[0].shape.length + 1, 'stack')
    return concat(
      parts.map(part => view(part, inserted(part.shape, at, 1))),
      at
    )
  }),
  PadV2: kernel(({ x }, { paddings, constantValue }: { paddings: Paddings; constantValue: number }) =>
    pad(x, paddings, constantValue)
  ),
  Range: kernel((_, { start, stop, step, dtype }: { start: number; stop: number; step: number; dtype: DType }) =>
    range(start, stop, step, dtype)
  ),
  Reshape: kernel((inputs, { shape }: { shape: ReadonlyArray<number> }) => reshape(Object.values(inputs)[0], shape)),
  Reverse: kernel(({ x }, { dims }: { dims: number | ReadonlyArray<number> }) => reverse(x, dims)),
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
  StridedSlice: kernel(({ x }, attrs: StridedSlice) => stridedSlice(x, attrs)),
  Tile: kernel(({ x }, { reps }: { reps: ReadonlyArray<number> }) => tile(x, reps)),
  Transpose: kernel(({ x }, { perm }: { perm: ReadonlyArray<number> }) => permute(x, perm)),
  Unpack: kernel(({ value }, { axis }: { axis: number }) => {
    const at = axisOf(axis, value.shape.length, 'unstack')
    return split(value, new Array<number>(value.shape[at]).fill(1), at).map(part => view(part, dropped(part.shape, at)))
  }),
  ZerosLike: kernel(({ x }) => filled(x.shape, 0, x.dtype))
}
