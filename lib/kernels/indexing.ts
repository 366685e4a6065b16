/** Operations with a tensor of indices. An index outside its axis throws. */
import { axisOf, filledOutcome, kernel, productOfSizes, type DType } from './dense.js'
import { type Operations } from './operation.js'

const checkedIndex = (index: number, length: number, op: string): number => {
  if (!(index >= 0 && index < length) || !Number.isInteger(index))
    throw new Error(`${op}: index ${index} is not a whole number in [0, ${length})`)
  return index
}

/** out[…, i…, …] = x[…, indices[i…], …] */
const gatherKernel = kernel(({ x, indices }, { axis }: { axis: number }) => {
  const at = axisOf(axis, x.shape.length, 'gather')
  const length = x.shape[at]
  const lead = x.shape.slice(0, at)
  const rest = x.shape.slice(at + 1)
  return filledOutcome([...lead, ...indices.shape, ...rest], x.dtype, out => {
    const inner = productOfSizes(rest)
    const outer = productOfSizes(lead)
    let o = 0
    for (let i = 0; i < outer; i++)
      for (const index of indices.values) {
        const from = (i * length + checkedIndex(index, length, 'gather')) * inner
        for (let k = 0; k < inner; k++) out[o++] = x.values[from + k]
      }
  })
})

/** out[s] = Σ x[i] over segmentIds[i] = s; negative ids are dropped. */
const segmentSumKernel = kernel(({ x, segmentIds: ids }, { numSegments }: { numSegments: number }) => {
  const rest = x.shape.slice(ids.shape.length)
  return filledOutcome([numSegments, ...rest], x.dtype, out => {
    const inner = productOfSizes(rest)
    out.fill(0)
    for (let i = 0; i < ids.values.length; i++) {
      if (ids.values[i] < 0) continue
      const at = checkedIndex(ids.values[i], numSegments, 'segmentSum') * inner
      for (let k = 0; k < inner; k++) out[at + k] += x.values[i * inner + k]
    }
  })
})

interface OneHot {
  readonly depth: number
  readonly onValue: number
  readonly offValue: number
  readonly dtype?: DType
}

/** Rows that are `onValue` at their index; an index outside [0, depth) gives a row of `offValue`. */
const oneHotKernel = kernel(({ indices }, { depth, onValue, offValue, dtype = 'float32' }: OneHot) =>
  filledOutcome([...indices.shape, depth], dtype, out => {
    out.fill(offValue)
    indices.values.forEach((at, i) => {
      if (at >= 0 && at < depth) out[i * depth + at] = onValue
    })
  })
)

export const indexing: Operations = {
  GatherV2: {
    operands: ['x', 'indices'],
    kernel: gatherKernel,
    pulls: [
      // Segment sums along the axis, which is first for them and is moved back.
      (T, dy, [x, indices], { axis }: { axis: number }) => {
        const at = axisOf(axis, x.rank, 'gather')
        const own = dy.shape.map((_, i) => i)
        const along = own.splice(at, indices.rank)
        const sums = T.segmentSum(T.transpose(dy, [...along, ...own]), indices, x.shape[at])
        const back = x.shape.map((_, i) => (i < at ? i + 1 : i === at ? 0 : i))
        return T.transpose(sums, back)
      },
      undefined
    ]
  },
  OneHot: { operands: ['indices'], kernel: oneHotKernel, pulls: [undefined] },
  UnsortedSegmentSum: {
    operands: ['x', 'segmentIds'],
    kernel: segmentSumKernel,
    pulls: [
      (T, dy, [, ids]) => {
        const rows = T.gather(dy, T.maximum(ids, 0))
        const counted = T.reshape(T.greaterEqual(ids, 0), [...ids.shape, ...dy.shape.slice(1).map(() => 1)])
        return T.where(counted, rows, 0)
      },
      undefined
    ]
  }
}
