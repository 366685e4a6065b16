/** Kernels that fold, scan or rank along axes. Each reads its input as [outer, n, inner], n being what it runs along. */
import * as Elementary from '../numbers/elementary.js'
import {
  axesOf,
  axisOf,
  kernel,
  permute,
  product,
  unwritten,
  type DType,
  type Kernel,
  type KernelTable,
  type Values
} from './dense.js'
import { kernels, room } from '../simd/index.js'
import { larger } from '../simd/plain.js'

interface Fibres {
  readonly outer: number
  readonly n: number
  readonly inner: number
}

const fibres = (shape: ReadonlyArray<number>, axis: number): Fibres => ({
  outer: product(shape.slice(0, axis)),
  n: shape[axis],
  inner: product(shape.slice(axis + 1))
})

/** Folds `x` read as [outer, n, inner] into `out` = [outer, inner]. */
type Fold = (x: Values, out: Values, along: Fibres) => void

interface ReduceAttrs {
  axis?: number | ReadonlyArray<number> | null
  reductionIndices?: number | ReadonlyArray<number> | null
  keepDims?: boolean
}

/** Neighbouring axes fold where they lie; scattered ones are first brought to the end. */
const reduction = (name: string, fold: Fold, dtype: (x: DType) => DType): Kernel =>
  kernel((inputs, { axis, reductionIndices, keepDims }: ReduceAttrs) => {
    const [x] = Object.values(inputs)
    const rank = x.shape.length
    const axes = axesOf(axis ?? reductionIndices, rank, name)
    const kept = x.shape.map((_, i) => i).filter(i => !axes.includes(i))
    const together = axes.every((a, i) => i === 0 || a === axes[i - 1] + 1)
    const first = together ? (axes[0] ?? rank) : kept.length
    const source = together ? x : permute(x, [...kept, ...axes])
    const along = {
      outer: product(source.shape.slice(0, first)),
      n: product(source.shape.slice(first, first + axes.length)),
      inner: product(source.shape.slice(first + axes.length))
    }
    const type = dtype(x.dtype)
    const values = unwritten(along.outer * along.inner, type)
    fold(source.values, values, along)
    return {
      shape:
        keepDims === true ? x.shape.map((length, i) => (axes.includes(i) ? 1 : length)) : kept.map(i => x.shape[i]),
      dtype: type,
      values
    }
  })

const sum: Fold = (x, out, { outer, n, inner }) => {
  if (n === 0) {
    out.fill(0)
    return
  }
  const doubles = x instanceof Float64Array ? x : Float64Array.from(x)
  const sums = out instanceof Float64Array ? out : new Float64Array(out.length)
  if (inner === 1) kernels().rowSums(doubles, outer, n, sums)
  else kernels().columnSums(doubles, outer, n, inner, sums)
  if (sums !== out) out.set(sums)
}

const mean: Fold = (x, out, along) => {
  sum(x, out, along)
  for (let i = 0; i < out.length; i++) out[i] /= along.n
}

const folding =
  (start: number, f: (sum: number, x: number) => number): Fold =>
  (x, out, { outer, n, inner }) => {
    out.fill(start)
    for (let i = 0, p = 0; i < outer; i++)
      for (let j = 0; j < n; j++) for (let k = 0, o = i * inner; k < inner; k++, p++, o++) out[o] = f(out[o], x[p])
  }

// a NaN wins and stays
const smaller = (m: number, v: number): number => (v < m || Number.isNaN(v) ? v : m)

const isFirstNaN = (v: number, best: number): boolean => Number.isNaN(v) && !Number.isNaN(best)

/** Where the best of each fibre stands, the first among equals. A NaN wins and stays, as in `max`. */
const winner = (name: string, beats: (v: number, best: number) => boolean): Kernel =>
  kernel(({ x }, { axis }: { axis: number | ReadonlyArray<number> }) => {
    const at = axisOf(typeof axis === 'number' ? axis : axis[0], x.shape.length, name)
    const { outer, n, inner } = fibres(x.shape, at)
    if (n === 0) throw new Error(`${name}: axis ${at} is empty`)
    const values = new Int32Array(outer * inner)
    for (let i = 0; i < outer; i++)
      for (let k = 0; k < inner; k++) {
        const from = i * n * inner + k
        let best = 0
        for (let j = 1; j < n; j++) if (beats(x.values[from + j * inner], x.values[from + best * inner])) best = j
        values[i * inner + k] = best
      }
    return { shape: x.shape.filter((_, i) => i !== at), dtype: 'int32', values }
  })

/** Along one axis (the last unless told), shifted by the maximum so that nothing overflows; rows of -∞ only give NaN. */
const normalized = (name: string, logarithm: boolean): Kernel =>
  kernel((inputs, { dim, axis }: { dim?: number; axis?: number }) => {
    const [x] = Object.values(inputs)
    const { outer, n, inner } = fibres(x.shape, axisOf(dim ?? axis ?? -1, x.shape.length, name))
    if (!logarithm && inner === 1 && x.values instanceof Float64Array) {
      const values = room(x.values.length)
      kernels().softmaxRows(x.values, outer, n, values)
      return { shape: x.shape, dtype: 'float32', values }
    }
    const shifted = room(x.values.length)
    const visit = (fibre: (from: number, to: number) => void): void => {
      for (let i = 0; i < outer; i++) for (let k = 0; k < inner; k++) fibre(i * n * inner + k, (i + 1) * n * inner + k)
    }
    visit((from, to) => {
      let top = -Infinity
      for (let p = from; p < to; p += inner) top = larger(top, x.values[p])
      for (let p = from; p < to; p += inner) shifted[p] = x.values[p] - top
    })
    const values = kernels().exp(shifted, room(shifted.length))
    visit((from, to) => {
      let total = 0
      for (let p = from; p < to; p += inner) total += values[p]
      const log = Elementary.log(total)
      if (logarithm) for (let p = from; p < to; p += inner) values[p] = shifted[p] - log
      else for (let p = from; p < to; p += inner) values[p] /= total
    })
    return { shape: x.shape, dtype: 'float32', values }
  })

const numeric = (x: DType): DType => (x === 'bool' ? 'int32' : x)

export const reduce: KernelTable = {
  All: reduction(
    'all',
    folding(1, (a, x) => (a !== 0 && x !== 0 ? 1 : 0)),
    () => 'bool'
  ),
  Any: reduction(
    'any',
    folding(0, (a, x) => (a !== 0 || x !== 0 ? 1 : 0)),
    () => 'bool'
  ),
  ArgMax: winner('argMax', (v, best) => v > best || isFirstNaN(v, best)),
  LogSoftmax: normalized('logSoftmax', true),
  Max: reduction('max', folding(-Infinity, larger), numeric),
  Mean: reduction('mean', mean, () => 'float32'),
  Min: reduction('min', folding(Infinity, smaller), numeric),
  Softmax: normalized('softmax', false),
  Sum: reduction('sum', sum, numeric)
}
