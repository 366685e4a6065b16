/** Kernels that treat every entry alone, from functions of numbers: a handful of routines, by lib/simd where it has the function. */
import {
  broadcastShape,
  broadcastStrides,
  collapse,
  kernel,
  product,
  strided,
  unwritten,
  type Dense,
  type DType,
  type Kernel,
  type Values
} from './dense.js'
import { kernels, room } from '../simd/index.js'
import { MAPS, ZIPS, type Grid } from '../simd/kernels.js'

export type Scalar = (x: number) => number
export type Scalar2 = (x: number, y: number) => number

export const numericType = (...types: ReadonlyArray<DType>): DType => (types.includes('float32') ? 'float32' : 'int32')

/** The first input, whatever the op calls it. */
const only = (inputs: Readonly<Record<string, Dense>>): Dense => Object.values(inputs)[0]

/** Kernels of lib/simd by tfjs's names; one that is absent runs its scalar function. */
const named = <N extends string>(names: ReadonlyArray<N>): ReadonlyMap<string, N> =>
  new Map(names.map(name => [name === 'divide' ? 'RealDiv' : `${name[0].toUpperCase()}${name.slice(1)}`, name]))
const maps = named(MAPS)
const zips = named(ZIPS)

export const map = (x: Dense, f: Scalar, dtype: DType): Dense => {
  const values = unwritten(x.values.length, dtype)
  const from = x.values
  for (let i = 0; i < values.length; i++) values[i] = f(from[i])
  return { shape: x.shape, dtype, values }
}

/** A kernel of one operand. */
export const mapped =
  (name: string, f: Scalar, dtype: (x: DType) => DType): Kernel =>
  inputs => {
    const x = only(inputs)
    const loop = maps.get(name)
    if (loop === undefined || !(x.values instanceof Float64Array)) return map(x, f, dtype(x.dtype))
    return { shape: x.shape, dtype: 'float32', values: kernels()[loop](x.values, room(x.values.length)) }
  }

/** Calls `visit` with the grids that together cover `shape`, each a stretch two axes deep. */
const overGrids = (a: Dense, b: Dense, shape: ReadonlyArray<number>, visit: (grid: Grid) => void): void => {
  const { shape: sizes, strides } = collapse(shape, [
    broadcastStrides(a.shape, shape),
    broadcastStrides(b.shape, shape)
  ])
  if (product(sizes) === 0) return
  const [sa, sb] = strides
  const rank = sizes.length
  const rows = rank > 1 ? sizes[rank - 2] : 1
  const columns = rank > 0 ? sizes[rank - 1] : 1
  const grid: Grid = {
    rows,
    columns,
    ra: rank > 1 ? sa[rank - 2] : 0,
    ca: rank > 0 ? sa[rank - 1] : 0,
    rb: rank > 1 ? sb[rank - 2] : 0,
    cb: rank > 0 ? sb[rank - 1] : 0,
    pa: 0,
    pb: 0,
    at: 0
  }
  const index = new Array<number>(rank).fill(0)
  for (;;) {
    visit(grid)
    let k = rank - 3
    for (; k >= 0; k--) {
      grid.pa += sa[k]
      grid.pb += sb[k]
      if (++index[k] < sizes[k]) break
      grid.pa -= sa[k] * sizes[k]
      grid.pb -= sb[k] * sizes[k]
      index[k] = 0
    }
    if (k < 0) return
    grid.at += rows * columns
  }
}

const zipGrid = (a: Values, b: Values, out: Values, f: Scalar2, grid: Grid): void => {
  const { rows, columns, ra, ca, rb, cb, pa, pb } = grid
  for (let i = 0, o = grid.at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = f(a[p], b[q])
}

/** A scalar 1: what it multiplies stays as it is. */
const isOne = ({ shape, values }: Dense): boolean => shape.length === 0 && values[0] === 1

/** A kernel of two operands, which stretch. */
export const zipped =
  (name: string, f: Scalar2, dtype: (a: DType, b: DType) => DType): Kernel =>
  inputs => {
    const [a, b] = Object.values(inputs)
    const shape = broadcastShape(a.shape, b.shape, name)
    const type = dtype(a.dtype, b.dtype)
    const size = product(shape)
    if (name === 'Multiply' && type === 'float32') {
      if (isOne(a) && b.dtype === type && b.values.length === size) return { ...b, shape }
      if (isOne(b) && a.dtype === type && a.values.length === size) return { ...a, shape }
    }
    const out = unwritten(size, type)
    const loop = zips.get(name)
    const x = a.values
    const y = b.values
    if (loop !== undefined && x instanceof Float64Array && y instanceof Float64Array && out instanceof Float64Array)
      overGrids(a, b, shape, grid => {
        kernels()[loop](x, y, out, grid)
      })
    else
      overGrids(a, b, shape, grid => {
        zipGrid(x, y, out, f, grid)
      })
    return { shape, dtype: type, values: out }
  }

/** Read as `shape`, copied only when it has to stretch. */
const stretched = (x: Dense, shape: ReadonlyArray<number>): Dense =>
  x.values.length === product(shape) ? { ...x, shape } : strided(x, shape, broadcastStrides(x.shape, shape))

export const select = kernel(({ condition, t, e }) => {
  const shape = broadcastShape(broadcastShape(condition.shape, t.shape, 'where'), e.shape, 'where')
  const dtype = t.dtype === e.dtype ? t.dtype : numericType(t.dtype, e.dtype)
  const out = unwritten(product(shape), dtype)
  const [c, x, y] = [condition, t, e].map(part => stretched(part, shape).values)
  for (let i = 0; i < out.length; i++) out[i] = c[i] !== 0 ? x[i] : y[i]
  return { shape, dtype, values: out }
})

export const cast = kernel(({ x }, { dtype }: { dtype: DType }) =>
  dtype === x.dtype ? x : map(x, dtype === 'bool' ? v => (v !== 0 ? 1 : 0) : v => v, dtype)
)

export const addN = kernel(inputs => {
  const [first, ...others] = Object.values(inputs)
  const out = unwritten(first.values.length, first.dtype)
  out.set(first.values)
  for (const { values } of others) for (let i = 0; i < out.length; i++) out[i] += values[i]
  return { ...first, values: out }
})
