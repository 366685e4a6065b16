/**
 * What a kernel computes on: dense row-major arrays of doubles, integers or truth values. Nothing in this folder knows of
 * tfjs's engine, tensors or tapes; `../tensors/backend.ts` dresses these pure functions as tfjs kernels.
 */

import { simdOrPlainKernels, allocateDoubles } from '../wasm/index.js'

/** Doubles live under tfjs's dtype 'float32', the only floating dtype it has. */
export type DType = 'float32' | 'int32' | 'bool'

/** What kernels compute in. */
export type Precision = 'float64' | 'float32'
export type TypedValues = Float64Array | Int32Array | Uint8Array

/** What is known of an array before its entries are. */
export interface ArrayForm {
  readonly shape: ReadonlyArray<number>
  readonly dtype: DType
}

export interface Dense extends ArrayForm {
  readonly values: TypedValues
}

/** An array whose entries are computed when asked for. */
export interface Outcome extends ArrayForm {
  readonly compute: () => TypedValues
}

/** Its numbers as doubles. */
export const denseDoubles = (x: Dense): Float64Array =>
  x.values instanceof Float64Array ? x.values : Float64Array.from(x.values)

export type KernelInputs = Readonly<Record<string, Dense>>

/**
 * Gives the form of its outputs from that of its inputs, whose values it reads only when those of an output are asked for: so a trace has the
 * shapes, and the errors, of what it does not compute. It never writes to its inputs; an output may share an input's `values` (a reshape), which
 * costs no copy.
 */
export type Kernel = (inputs: KernelInputs, attrs: object) => Outcome | Outcome[]

/**
 * A kernel with its attributes named. tfjs types attributes as a loose map, though every op passes exactly those listed in
 * its `kernel_names.ts`; the cast says so in one place.
 */
export const kernel = (f: (inputs: KernelInputs, attrs: never) => Outcome | Outcome[]): Kernel => f as Kernel

export const allocate = (length: number, dtype: DType): TypedValues =>
  dtype === 'float32' ? new Float64Array(length) : dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length)

/** The same, with anything in it: for what is then written whole. */
export const unwritten = (length: number, dtype: DType): TypedValues =>
  dtype === 'float32' ? allocateDoubles(length) : allocate(length, dtype)

export const productOfSizes = (xs: ReadonlyArray<number>): number => {
  let result = 1
  for (const x of xs) result *= x
  return result
}

/** An array of this form, all of whose entries `fill` writes. */
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

/** The same, of doubles. */
export const filledReal = (shape: ReadonlyArray<number>, fill: (out: Float64Array) => void): Outcome => ({
  shape,
  dtype: 'float32',
  compute: () => {
    const out = allocateDoubles(productOfSizes(shape))
    fill(out)
    return out
  }
})

/** The entries of an array, in the same order, under a shape. */
export const viewOutcome = (x: Dense, shape: ReadonlyArray<number>): Outcome => ({
  shape,
  dtype: x.dtype,
  compute: () => x.values
})

export const computedDense = ({ shape, dtype, compute }: Outcome): Dense => ({ shape, dtype, values: compute() })

/** Row-major strides: how far apart, in `values`, two neighbours along each axis are. */
export const stridesOf = (shape: ReadonlyArray<number>): number[] => {
  const strides = new Array<number>(shape.length)
  for (let i = shape.length - 1, step = 1; i >= 0; step *= shape[i], i--) strides[i] = step
  return strides
}

/** The axis counted from the front, or an error that names the op. */
export const axisOf = (axis: number, rank: number, op: string): number => {
  const counted = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(counted) || counted < 0 || counted >= rank)
    throw new Error(`${op}: axis ${axis} is outside [${-rank}, ${rank}) for a tensor of rank ${rank}`)
  return counted
}

/** Sorted, distinct axes counted from the front; all of them when none are given. */
export const sortedAxes = (
  axis: number | ReadonlyArray<number> | null | undefined,
  rank: number,
  op: string
): number[] =>
  axis === null || axis === undefined
    ? Array.from({ length: rank }, (_, i) => i)
    : [...new Set((typeof axis === 'number' ? [axis] : axis).map(i => axisOf(i, rank, op)))].sort((a, b) => a - b)

/** The shape of `a ∘ b`: sizes aligned from the right, where 1 stretches. */
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

/** Strides with which an array of shape `from` is read as one of shape `to`: 0 along stretched axes. */
export const broadcastStrides = (from: ReadonlyArray<number>, to: ReadonlyArray<number>): number[] => {
  const strides = stridesOf(from)
  const lead = to.length - from.length
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : strides[i - lead]))
}

/** Drop axes of size 1 and join neighbours that every stride list walks in one go: fewer, longer inner loops. */
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

/**
 * The one copy behind transpose, slice, tile, reverse and broadcasting: entry (i₁ … i_r) of `shape` is read at
 * `from + Σ i_k strides_k` of `source`, and entries are written one after another from `at` on.
 */
export const copyStrided = (
  source: TypedValues,
  out: TypedValues,
  shape: ReadonlyArray<number>,
  strides: ReadonlyArray<number>,
  from = 0,
  at = 0
): void => {
  const plan = collapse(shape, [strides])
  const sizes = plan.shape
  const [steps] = plan.strides
  const count = productOfSizes(sizes)
  if (count === 0) return
  const rank = sizes.length
  if (rank === 0) {
    out[at] = source[from]
    return
  }
  const inner = sizes[rank - 1]
  const step = steps[rank - 1]
  if (rank <= 2 && step === 0 && source instanceof Float64Array && out instanceof Float64Array) {
    const [down] = steps
    if (rank === 1) out.fill(source[from], at, at + count)
    else if (down === 1) simdOrPlainKernels().stretch(source, from, out, { at, rows: sizes[0], columns: inner })
    if (rank === 1 || down === 1) return
  }
  const index = new Array<number>(rank).fill(0)
  let p = from
  for (let o = at; o < at + count;) {
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

/** A fresh array of `shape` filled by `copyStrided`. */
export const strided = (x: Dense, shape: ReadonlyArray<number>, strides: ReadonlyArray<number>, from = 0): Outcome =>
  filledOutcome(shape, x.dtype, out => {
    copyStrided(x.values, out, shape, strides, from)
  })

/** The axes of `x` in the order `perm`. */
export const permute = (x: Dense, perm: ReadonlyArray<number>): Outcome => {
  if (perm.every((axis, i) => axis === i)) return viewOutcome(x, x.shape)
  const strides = stridesOf(x.shape)
  return strided(
    x,
    perm.map(i => x.shape[i]),
    perm.map(i => strides[i])
  )
}

/** Which matrix of a stack [..., m, n] each of a stack that it stretches to is. */
export const matricesOf = ({ shape }: ArrayForm, stack: ReadonlyArray<number>): Float64Array => {
  const own = shape.slice(0, -2)
  const which = new Float64Array(productOfSizes(stack))
  const numbers = Float64Array.from({ length: productOfSizes(own) }, (_, i) => i)
  copyStrided(numbers, which, stack, broadcastStrides(own, stack))
  return which
}
