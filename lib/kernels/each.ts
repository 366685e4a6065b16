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

/** Name of the kernel of lib/wasm for each name in tfjs. */
const wasmNames = <N extends string>(names: ReadonlyArray<N>): ReadonlyMap<string, N> =>
  new Map(names.map(name => [name === 'divide' ? 'RealDiv' : `${name[0].toUpperCase()}${name.slice(1)}`, name]))
const MAP_LOOPS = wasmNames(MAPS)
const ZIP_LOOPS = wasmNames(ZIPS)

/** Applies a function of numbers to each entry. */
export const mapDense = (x: Dense, f: Scalar, dtype: DType): Outcome =>
  filledOutcome(x.shape, dtype, out => {
    const from = x.values
    for (let i = 0; i < out.length; i++) out[i] = f(from[i])
  })

/** Entrywise kernel of one operand. The result has `dtype`. Default: integers for integers, otherwise doubles. */
export const mapKernel = (name: string, f: Scalar, dtype?: DType): Kernel => {
  const loop = MAP_LOOPS.get(name)
  return ({ x }) => {
    if (loop === undefined || x.dtype !== 'float32') return mapDense(x, f, dtype ?? commonType(x.dtype))
    return filledReal(x.shape, out => {
      simdOrPlainKernels()[loop](denseDoubles(x), out)
    })
  }
}

/** Calls `visit` with grids of two axes that together cover `shape`; a and b broadcast. The grid object is reused. */
const visitGrids = (a: Dense, b: Dense, shape: ReadonlyArray<number>, visit: (grid: ZipGrid) => void): void => {
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

const zipGrid = (
  f: Scalar2,
  [x, y]: readonly [TypedValues, TypedValues],
  out: TypedValues,
  { rows, columns, ra, ca, rb, cb, pa, pb, at }: ZipGrid
): void => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = f(x[p], y[q])
}

/** True for a scalar 1, by which multiplication needs no copy. */
const isScalarOne = ({ shape, values }: Dense): boolean => shape.length === 0 && values[0] === 1

/** Entrywise kernel of two operands, which broadcast. The result has `dtype`. Default: integers for two integers, otherwise doubles. */
export const zipKernel = (name: string, f: Scalar2, dtype?: DType): Kernel => {
  const loop = ZIP_LOOPS.get(name)
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
        visitGrids(a, b, shape, grid => {
          simdOrPlainKernels()[loop](x, y, out, grid)
        })
      else
        visitGrids(a, b, shape, grid => {
          zipGrid(f, [x, y], out, grid)
        })
      return out
    }
    return { shape, dtype: type, compute }
  }
}

/** Entries of `x` broadcast to `shape`; copied only if the shapes differ in size. */
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
