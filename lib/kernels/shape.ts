/** Operations that move or create entries, without arithmetic. */
import {
  axisOf,
  copyStrided,
  filledOutcome,
  kernel,
  permute,
  productOfSizes,
  strided,
  stridesOf,
  viewOutcome,
  type Dense,
  type DType,
  type Outcome
} from './dense.js'
import { shapeText as list } from '../arrays/ndarray.js'
import { passed, reshapedPull, type LoweringKind, type Operations } from './operation.js'

type SizeList = ReadonlyArray<number>

const sameEntries = (x: Dense): Outcome => viewOutcome(x, x.shape)

const withSize = (shape: SizeList, at: number, length: number): SizeList =>
  shape.map((size, i) => (i === at ? length : size))

/** `shape` may contain one −1, whose size is computed. */
const reshapeKernel = kernel(({ x }, { shape }: { shape: SizeList }) => {
  const count = productOfSizes(x.shape)
  const unknown = shape.indexOf(-1)
  const known = productOfSizes(shape.filter(size => size !== -1))
  const full = unknown < 0 ? shape : withSize(shape, unknown, known === 0 ? 0 : count / known)
  if (productOfSizes(full) !== count || shape.indexOf(-1, unknown + 1) > unknown || !full.every(Number.isInteger))
    throw new Error(`reshape: ${list(x.shape)} has ${count} entries and does not fit ${list(shape)}`)
  return viewOutcome(x, full)
})

const expandDimsKernel = kernel(({ input }, { dim }: { dim: number }) => {
  const { shape } = input
  const at = axisOf(dim, shape.length + 1, 'expandDims')
  return viewOutcome(input, [...shape.slice(0, at), 1, ...shape.slice(at)])
})

interface AxisAttribute {
  readonly axis: number
}

const concatKernel = kernel((inputs, attrs: AxisAttribute) => {
  const parts = Object.values(inputs)
  const [first] = parts
  const axis = axisOf(attrs.axis, first.shape.length, 'concat')
  const length = parts.reduce((sum, part) => sum + part.shape[axis], 0)
  const shape = withSize(first.shape, axis, length)
  for (const part of parts)
    if (part.shape.length !== shape.length || part.shape.some((size, i) => i !== axis && size !== shape[i]))
      throw new Error(`concat: ${list(first.shape)} and ${list(part.shape)} differ off axis ${axis}`)
  return filledOutcome(shape, parts.find(part => part.dtype === 'float32')?.dtype ?? first.dtype, out => {
    const width = productOfSizes(shape.slice(axis))
    const outer = productOfSizes(shape.slice(0, axis))
    let at = 0
    for (const { shape, values } of parts) {
      const chunk = productOfSizes(shape.slice(axis))
      for (let i = 0; i < outer; i++) out.set(values.subarray(i * chunk, (i + 1) * chunk), i * width + at)
      at += chunk
    }
  })
})

/** Sizes of equal parts, or of listed ones, of which a negative one takes the rest; throws if they do not add up to `length`. */
const splitSizes = (length: number, parts: number | SizeList): SizeList => {
  if (typeof parts === 'number') {
    if (length % parts !== 0) throw new Error(`split: an axis of ${length} does not divide into ${parts} equal parts`)
    return new Array<number>(parts).fill(length / parts)
  }
  const known = parts.reduce((sum, size) => sum + Math.max(size, 0), 0)
  const sizes = parts.map(size => (size < 0 ? length - known : size))
  if (sizes.reduce((sum, size) => sum + size, 0) !== length)
    throw new Error(`split: parts ${list(parts)} do not add up to ${length}`)
  return sizes
}

const splitKernel = kernel(
  ({ x }, { numOrSizeSplits, axis }: AxisAttribute & { numOrSizeSplits: number | SizeList }) => {
    const at = axisOf(axis, x.shape.length, 'split')
    const strides = stridesOf(x.shape)
    let from = 0
    return splitSizes(x.shape[at], numOrSizeSplits).map(size => {
      const part = strided(x, withSize(x.shape, at, size), strides, from * strides[at])
      from += size
      return part
    })
  }
)

interface Slice {
  readonly begin: number | SizeList
  readonly size?: number | SizeList
}
const sizeList = (sizes: number | SizeList | undefined): SizeList => (typeof sizes === 'object' ? sizes : [sizes ?? -1])

const sliceKernel = kernel(({ x }, { begin, size }: Slice) => {
  const begins = sizeList(begin)
  const asked = sizeList(size)
  const from = x.shape.map((_, i) => begins[i] ?? 0)
  const shape = x.shape.map((length, i) => ((asked[i] ?? -1) < 0 ? length - from[i] : asked[i]))
  if (shape.some((length, i) => from[i] < 0 || length < 0 || from[i] + length > x.shape[i]))
    throw new Error(`slice: begin ${list(from)} and size ${list(shape)} leave ${list(x.shape)}`)
  const strides = stridesOf(x.shape)
  const start = from.reduce((sum, first, i) => sum + first * strides[i], 0)
  return strided(x, shape, strides, start)
})

interface Pad {
  readonly paddings: ReadonlyArray<readonly [number, number]>
  readonly constantValue: number
}

const padKernel = kernel(({ x }, { paddings, constantValue }: Pad) => {
  if (paddings.length !== x.shape.length)
    throw new Error(`pad: ${paddings.length} pairs of paddings for a tensor of rank ${x.shape.length}`)
  const shape = x.shape.map((length, i) => length + paddings[i][0] + paddings[i][1])
  return filledOutcome(shape, x.dtype, out => {
    out.fill(constantValue)
    // Copied row by row, since the last axis is contiguous on both sides.
    const strides = stridesOf(shape)
    const rank = shape.length
    const row = x.shape[rank - 1] ?? 1
    const index = new Array<number>(rank).fill(0)
    for (let p = 0; p < x.values.length; p += row) {
      const at = index.reduce((sum, v, i) => sum + (v + paddings[i][0]) * strides[i], 0)
      out.set(x.values.subarray(p, p + row), at)
      for (let k = rank - 2; k >= 0; k--) {
        if (++index[k] < x.shape[k]) break
        index[k] = 0
      }
    }
  })
})

interface Tile {
  readonly reps: SizeList
}

const tileKernel = kernel(({ x }, { reps }: Tile) => {
  const shape = x.shape.map((length, i) => length * reps[i])
  return filledOutcome(shape, x.dtype, out => {
    const apart = x.shape.flatMap((length, i) => [reps[i], length])
    const steps = stridesOf(x.shape).flatMap(step => [0, step])
    copyStrided(x.values, out, apart, { strides: steps })
  })
})

const constantOutcome = (shape: SizeList, value: number, dtype: DType): Outcome =>
  filledOutcome(shape, dtype, out => {
    out.fill(value)
  })

const fillKernel = kernel((_, { shape, value, dtype }: { shape: SizeList; value: number; dtype?: DType }) =>
  constantOutcome(shape, value, dtype ?? 'float32')
)

const rangeKernel = kernel(
  (_, { start, stop, step, dtype }: { start: number; stop: number; step: number; dtype: DType }) =>
    filledOutcome([Math.max(0, Math.ceil((stop - start) / step))], dtype, out => {
      for (let i = 0; i < out.length; i++) out[i] = start + i * step
    })
)

const withDerivative = kernel(({ value, x }) => {
  if (value.shape.join() !== x.shape.join())
    throw new Error(`withDerivativeOf: shapes ${list(value.shape)} and ${list(x.shape)} are not the same`)
  return sameEntries(value)
})

const MOVE_LOWERING: LoweringKind = { kind: 'move', pads: false }
const VIEW_LOWERING: LoweringKind = { kind: 'view' }

export const shapeOperations: Operations = {
  Concat: {
    operands: null,
    kernel: concatKernel,
    pulls: [
      (T, dy, xs, { axis }: AxisAttribute, which) => {
        const at = axisOf(axis, dy.rank, 'concat')
        const from = xs.slice(0, which).reduce((sum, x) => sum + x.shape[at], 0)
        const begin = dy.shape.map((_, i) => (i === at ? from : 0))
        return T.slice(dy, begin, xs[which].shape)
      }
    ],
    lowering: MOVE_LOWERING
  },
  ExpandDims: { operands: ['input'], kernel: expandDimsKernel, pulls: [reshapedPull], lowering: VIEW_LOWERING },
  Fill: { operands: [], kernel: fillKernel, pulls: [] },
  Identity: { operands: ['x'], kernel: kernel(({ x }) => sameEntries(x)), pulls: [passed], keepsNone: true },
  PadV2: {
    operands: ['x'],
    kernel: padKernel,
    pulls: [
      (T, dy, [x], { paddings }: Pad) => {
        const begin = paddings.map(([before]) => before)
        return T.slice(dy, begin, x.shape)
      }
    ],
    lowering: { kind: 'move', pads: true }
  },
  Range: { operands: [], kernel: rangeKernel, pulls: [] },
  Reshape: { operands: ['x'], kernel: reshapeKernel, pulls: [reshapedPull], lowering: VIEW_LOWERING },
  Slice: {
    operands: ['x'],
    kernel: sliceKernel,
    pulls: [
      (T, dy, [x], { begin }: Slice) => {
        const from = sizeList(begin)
        const paddings = x.shape.map((length, i) => {
          const before = from[i] ?? 0
          return [before, length - before - dy.shape[i]] as const
        })
        return T.pad(dy, paddings)
      }
    ],
    lowering: MOVE_LOWERING
  },
  SplitV: {
    operands: ['x'],
    kernel: splitKernel,
    // tfjs passes a list of cotangents, or a single one.
    pulls: [(T, dy, _, { axis }: AxisAttribute) => T.concat([dy].flat(), axis)],
    lowering: MOVE_LOWERING,
    keepsNone: true
  },
  Tile: {
    operands: ['x'],
    kernel: tileKernel,
    pulls: [
      (T, dy, [x], { reps }: Tile) => {
        const apart = x.shape.flatMap((length, i) => [reps[i], length])
        const repeats = reps.map((_, i) => 2 * i)
        return T.reshape(T.sum(T.reshape(dy, apart), repeats), x.shape)
      }
    ]
  },
  Transpose: {
    operands: ['x'],
    kernel: kernel(({ x }, { perm }: { perm: SizeList }) => permute(x, perm)),
    pulls: [
      (T, dy, _, { perm }: { perm: SizeList }) => {
        const back = perm.map((_, i) => perm.indexOf(i))
        return T.transpose(dy, back)
      }
    ],
    keepsNone: true
  },
  // `value` is detached, so it has no pullback.
  WithDerivative: { operands: ['value', 'x'], kernel: withDerivative, pulls: [undefined, passed], keepsNone: true },
  ZerosLike: { operands: ['x'], kernel: kernel(({ x }) => constantOutcome(x.shape, 0, x.dtype)), pulls: [undefined] }
}
