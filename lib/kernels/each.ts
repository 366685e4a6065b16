/** Kernels that treat every entry alone, from functions of numbers: a handful of routines, by lib/wasm where it has the function. */
import {
  broadcastShape,
  broadcastStrides,
  collapse,
  denseDoubles,
  filledOutcome,
  filledReal,
  kernel,
  productOfSizes,
  strided,
  unwritten,
  viewOutcome,
  type Dense,
  type DType,
  type Kernel,
  type Outcome,
  type TypedValues
} from './dense.js'
import { simdOrPlainKernels } from '../wasm/index.js'
import { MAPS, ZIPS, type ZipGrid } from '../wasm/kernels/kernels.js'

export type Scalar = (x: number) => number
export type Scalar2 = (x: number, y: number) => number

const commonType = (...types: ReadonlyArray<DType>): DType => (types.includes('float32') ? 'float32' : 'int32')

/** Kernels of lib/wasm by tfjs's names; one that is absent runs its scalar function. */
const named = <N extends string>(names: ReadonlyArray<N>): ReadonlyMap<string, N> =>
  new Map(names.map(name => [name === 'divide' ? 'RealDiv' : `${name[0].toUpperCase()}${name.slice(1)}`, name]))
const MAP_LOOPS = named(MAPS)
const zips = named(ZIPS)

export const mapDense = (x: Dense, f: Scalar, dtype: DType): Outcome =>
  filledOutcome(x.shape, dtype, out => {
    const from = x.values
    for (let i = 0; i < out.length; i++) out[i] = f(from[i])
  })

/** A kernel of one operand, which gives whole numbers of such, or a type of its own. */
export const mapKernel = (name: string, f: Scalar, dtype?: DType): Kernel => {
  const loop = MAP_LOOPS.get(name)
  return ({ x }) => {
    if (loop === undefined || x.dtype !== 'float32') return mapDense(x, f, dtype ?? commonType(x.dtype))
    return filledReal(x.shape, out => {
      simdOrPlainKernels()[loop](denseDoubles(x), out)
    })
  }
}

/** Calls `visit` with the grids that together cover `shape`, each a stretch two axes deep. */
const overGrids = (a: Dense, b: Dense, shape: ReadonlyArray<number>, visit: (grid: ZipGrid) => void): void => {
  const { shape: sizes, strides } = collapse(shape, [
    broadcastStrides(a.shape, shape),
    broadcastStrides(b.shape, shape)
  ])
  if (productOfSizes(sizes) === 0) return
  const [sa, sb] = strides
  const rank = sizes.length
  const rows = rank > 1 ? sizes[rank - 2] : 1
  const columns = rank > 0 ? sizes[rank - 1] : 1
  const grid: ZipGrid = {
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

const zipGrid = (a: TypedValues, b: TypedValues, out: TypedValues, f: Scalar2, grid: ZipGrid): void => {
  const { rows, columns, ra, ca, rb, cb, pa, pb } = grid
  for (let i = 0, o = grid.at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = f(a[p], b[q])
}

/** A scalar 1: what it multiplies stays as it is. */
const isScalarOne = ({ shape, values }: Dense): boolean => shape.length === 0 && values[0] === 1

/** The same of two operands, which stretch. */
export const zipKernel = (name: string, f: Scalar2, dtype?: DType): Kernel => {
  const loop = zips.get(name)
  return ({ a, b }) => {
    const shape = broadcastShape(a.shape, b.shape, name)
    const type = dtype ?? commonType(a.dtype, b.dtype)
    const compute = (): TypedValues => {
      const size = productOfSizes(shape)
      const x = a.values
      const y = b.values
      if (name === 'Multiply' && type === 'float32') {
        if (isScalarOne(a) && b.dtype === type && y.length === size) return y
        if (isScalarOne(b) && a.dtype === type && x.length === size) return x
      }
      const out = unwritten(size, type)
      if (loop !== undefined && x instanceof Float64Array && y instanceof Float64Array && out instanceof Float64Array)
        overGrids(a, b, shape, grid => {
          simdOrPlainKernels()[loop](x, y, out, grid)
        })
      else
        overGrids(a, b, shape, grid => {
          zipGrid(x, y, out, f, grid)
        })
      return out
    }
    return { shape, dtype: type, compute }
  }
}

/** The entries of `x` read as `shape`, copied only when it has to stretch. */
const broadcastValues = (x: Dense, shape: ReadonlyArray<number>): TypedValues =>
  x.values.length === productOfSizes(shape) ? x.values : strided(x, shape, broadcastStrides(x.shape, shape)).compute()

export const selectKernel = kernel(({ condition, t, e }) => {
  const shape = broadcastShape(broadcastShape(condition.shape, t.shape, 'where'), e.shape, 'where')
  const dtype = t.dtype === e.dtype ? t.dtype : commonType(t.dtype, e.dtype)
  return filledOutcome(shape, dtype, out => {
    const [c, x, y] = [condition, t, e].map(part => broadcastValues(part, shape))
    for (let i = 0; i < out.length; i++) out[i] = c[i] !== 0 ? x[i] : y[i]
  })
})

export const castKernel = kernel(({ x }, { dtype }: { dtype: DType }) =>
  dtype === x.dtype ? viewOutcome(x, x.shape) : mapDense(x, dtype === 'bool' ? v => (v !== 0 ? 1 : 0) : v => v, dtype)
)

export const addNKernel = kernel(inputs => {
  const [first, ...others] = Object.values(inputs)
  return filledOutcome(first.shape, first.dtype, out => {
    out.set(first.values)
    for (const { values } of others) for (let i = 0; i < out.length; i++) out[i] += values[i]
  })
})
