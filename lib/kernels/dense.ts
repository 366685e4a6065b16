/**
 * Dense row-major arrays of doubles, integers or truth values, on which kernels compute. Kernels are pure functions, independent of tfjs.
 */

import { simdOrPlainKernels, allocateDoubles } from '../wasm/index.js'

/** Type of the entries. Doubles are 'float32', the only floating dtype of tfjs. */
export type DType = 'float32' | 'int32' | 'bool'

/** Floating-point type in which a program computes. */
export type Precision = 'float64' | 'float32'
export type TypedValues = Float64Array | Int32Array | Uint8Array

export interface ArrayForm {
  readonly shape: ReadonlyArray<number>
  readonly dtype: DType
}

export interface Dense extends ArrayForm {
  readonly values: TypedValues
}

/** Array whose entries are computed on demand. */
export interface Outcome extends ArrayForm {
  readonly compute: () => TypedValues
}

/** Attributes of an operation as the compiler stores them. */
export type Attrs = Readonly<Record<string, number | boolean | ReadonlyArray<number>>>

export type FoldOperation = 'Sum' | 'Max' | 'Min'

/** Entries as doubles; not copied if they are doubles. */
export const denseDoubles = (x: Dense): Float64Array =>
  x.values instanceof Float64Array ? x.values : Float64Array.from(x.values)

export type KernelInputs = Readonly<Record<string, Dense>>

/**
 * Returns the shape and type of its outputs, whose entries are computed on demand, so a trace has shapes and errors without arithmetic. A
 * kernel never writes to its inputs; an output may share their `values`.
 */
export type Kernel = (inputs: KernelInputs, attrs: object) => Outcome | Outcome[]

/**
 * Kernel from a function with typed attributes: the only cast from tfjs's map of unknowns, since operations pass exactly the attributes of
 * its `kernel_names.ts`.
 */
export const kernel = (f: (inputs: KernelInputs, attrs: never) => Outcome | Outcome[]): Kernel => f as Kernel

/** Allocates zeros. */
export const allocate = (length: number, dtype: DType): TypedValues =>
  dtype === 'float32' ? new Float64Array(length) : dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length)

/** Allocates entries with arbitrary contents. */
export const unwritten = (length: number, dtype: DType): TypedValues =>
  dtype === 'float32' ? allocateDoubles(length) : allocate(length, dtype)

export const productOfSizes = (xs: ReadonlyArray<number>): number => {
  let result = 1
  for (const x of xs) result *= x
  return result
}

/** Array computed by `fill`, which must write all entries. */
export const filledOutcome = (
  shape: ReadonlyArray<number>,
  dtype: DType,
  fill: (out: TypedValues) => void
): Outcome => ({
  shape,
  dtype,
  compute: () => {
    const out = unwritten(productOfSizes(shape), dtype)
    fill(out)
    return out
  }
})

/** Array of doubles computed by `fill`, which must write all entries. */
export const filledReal = (shape: ReadonlyArray<number>, fill: (out: Float64Array) => void): Outcome => ({
  shape,
  dtype: 'float32',
  compute: () => {
    const out = allocateDoubles(productOfSizes(shape))
    fill(out)
    return out
  }
})

/** The entries of x under another shape, not copied. */
export const viewOutcome = (x: Dense, shape: ReadonlyArray<number>): Outcome => ({
  shape,
  dtype: x.dtype,
  compute: () => x.values
})

export const computedDense = ({ shape, dtype, compute }: Outcome): Dense => ({ shape, dtype, values: compute() })

/** Row-major strides: distance in `values` between neighbours along each axis. */
export const stridesOf = (shape: ReadonlyArray<number>): number[] => {
  const strides = new Array<number>(shape.length)
  for (let i = shape.length - 1, step = 1; i >= 0; step *= shape[i], i--) strides[i] = step
  return strides
}

/** Axis counted from the front; throws an error that names the operation if it is out of range. */
export const axisOf = (axis: number, rank: number, op: string): number => {
  const counted = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(counted) || counted < 0 || counted >= rank)
    throw new Error(`${op}: axis ${axis} is outside [${-rank}, ${rank}) for a tensor of rank ${rank}`)
  return counted
}

/** Sorted, distinct axes counted from the front. Default: all axes. */
export const sortedAxes = (
  axis: number | ReadonlyArray<number> | null | undefined,
  rank: number,
  op: string
): number[] =>
  axis === null || axis === undefined
    ? Array.from({ length: rank }, (_, i) => i)
    : [...new Set((typeof axis === 'number' ? [axis] : axis).map(i => axisOf(i, rank, op)))].sort((a, b) => a - b)

/** Broadcast shape: sizes align from the right, 1 broadcasts; throws if they do not broadcast. */
export const broadcastShape = (a: ReadonlyArray<number>, b: ReadonlyArray<number>, op: string): number[] => {
  const rank = Math.max(a.length, b.length)
  const shape = new Array<number>(rank)
  for (let i = 0, j = a.length - rank, k = b.length - rank; i < rank; i++, j++, k++) {
    const x = j < 0 ? 1 : a[j]
    const y = k < 0 ? 1 : b[k]
    if (x !== y && x !== 1 && y !== 1)
      throw new Error(`${op}: shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast together`)
    shape[i] = x === 1 ? y : x
  }
  return shape
}

/** Strides with which an array of shape `from` is read as one of shape `to`: 0 along broadcast axes. */
export const broadcastStrides = (from: ReadonlyArray<number>, to: ReadonlyArray<number>): number[] => {
  const strides = stridesOf(from)
  const lead = to.length - from.length
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : strides[i - lead]))
}

/** Drops axes of size 1 and joins neighbouring axes that are contiguous in every list of strides, for fewer and longer inner loops. */
export const collapse = (
  shape: ReadonlyArray<number>,
  strides: ReadonlyArray<ReadonlyArray<number>>
): { readonly shape: number[]; readonly strides: number[][] } => {
  const sizes: number[] = []
  const steps: number[][] = strides.map(() => [])
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue
    const last = sizes.length - 1
    if (last >= 0 && strides.every((s, k) => steps[k][last] === s[i] * shape[i])) {
      sizes[last] *= shape[i]
      strides.forEach((s, k) => (steps[k][last] = s[i]))
    } else {
      sizes.push(shape[i])
      strides.forEach((s, k) => steps[k].push(s[i]))
    }
  }
  return { shape: sizes, strides: steps }
}

/** Copies entry (i₁ … i_r) of `shape`, at `from + Σ i_k strides_k` of `source`, to `out` in row-major order. Default: from 0. */
export const copyStrided = (
  source: TypedValues,
  out: TypedValues,
  shape: ReadonlyArray<number>,
  { strides, from = 0 }: { readonly strides: ReadonlyArray<number>; readonly from?: number }
): void => {
  const plan = collapse(shape, [strides])
  const sizes = plan.shape
  const [steps] = plan.strides
  const count = productOfSizes(sizes)
  if (count === 0) return
  const rank = sizes.length
  if (rank === 0) {
    out[0] = source[from]
    return
  }
  const inner = sizes[rank - 1]
  const step = steps[rank - 1]
  if (rank <= 2 && step === 0 && source instanceof Float64Array && out instanceof Float64Array) {
    const [down] = steps
    if (rank === 1) out.fill(source[from], 0, count)
    else if (down === 1) simdOrPlainKernels().stretch(source, from, out, { at: 0, rows: sizes[0], columns: inner })
    if (rank === 1 || down === 1) return
  }
  const index = new Array<number>(rank).fill(0)
  let p = from
  for (let o = 0; o < count;) {
    if (step === 1 && inner > 16) {
      out.set(source.subarray(p, p + inner), o)
      o += inner
    } else for (let j = 0, q = p; j < inner; j++, q += step) out[o++] = source[q]
    for (let k = rank - 2; k >= 0; k--) {
      p += steps[k]
      if (++index[k] < sizes[k]) break
      p -= steps[k] * sizes[k]
      index[k] = 0
    }
  }
}

/** Array of `shape` computed by `copyStrided`. */
export const strided = (x: Dense, shape: ReadonlyArray<number>, strides: ReadonlyArray<number>, from = 0): Outcome =>
  filledOutcome(shape, x.dtype, out => {
    copyStrided(x.values, out, shape, { strides, from })
  })

/** Transposes x: its axes in the order `perm`. */
export const permute = (x: Dense, perm: ReadonlyArray<number>): Outcome => {
  if (perm.every((axis, i) => axis === i)) return viewOutcome(x, x.shape)
  const strides = stridesOf(x.shape)
  return strided(
    x,
    perm.map(i => x.shape[i]),
    perm.map(i => strides[i])
  )
}

/** For each matrix of `stack`, the index of the matrix of [..., m, n] that broadcasts to it. */
export const matricesOf = ({ shape }: ArrayForm, stack: ReadonlyArray<number>): Float64Array => {
  const own = shape.slice(0, -2)
  const which = new Float64Array(productOfSizes(stack))
  const numbers = Float64Array.from({ length: productOfSizes(own) }, (_, i) => i)
  copyStrided(numbers, which, stack, { strides: broadcastStrides(own, stack) })
  return which
}
