/**
 * A function of rows as its callers see it: arrays in, arrays out. Of many rows it is a program; of few, which are over before
 * one is made, and where none can be made, the interpreter's. How many are many depends on shapes alone, so that the same call
 * gives the same bits whatever was called before.
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import { compute } from '../tensors/autodiff.js'
import { size, type NdArray } from '../arrays/ndarray.js'
import { fromNdArray } from '../tensors/tensor.js'
import { how, library, type Program } from './index.js'
import { type Inputs, type Named } from './trace.js'

type Arrays = Readonly<Record<string, NdArray>>

export interface Given {
  readonly params: Arrays
  /** As many entries along the first axis as there are rows. */
  readonly rows: Arrays
  readonly constants: Arrays
  /** What a row costs whatever is read of it, where the function knows: see below. */
  readonly row?: number
}

/**
 * Numbers, counted as below, from which a program pays: some milliseconds of the interpreter, which a sampler spends at each
 * step; compiling takes tens.
 */
const WORTH = 5e6
/** What a row costs whatever its function reads, counted in numbers read: an op of the interpreter on a row is a dozen. */
const ROW = 1000

const entries = (arrays: Arrays): number => Object.values(arrays).reduce((sum, { shape }) => sum + size(shape), 0)

const mapped = <A, B>(f: (a: A) => B, record: Readonly<Record<string, A>>): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]))

const valuesOf = ({ values }: NdArray): Float64Array => values
const shapeOf = ({ shape }: NdArray): ReadonlyArray<number> => shape

const programs = library()

/** How a row-wise function is computed. */
export interface RowwisePlan {
  /** Null if it is interpreted. */
  readonly program: Program | null
  readonly reason: string
}

type Write = (inputs: Inputs) => Named

const rowCount = (rows: Arrays): number => Object.values(rows).at(0)?.shape.at(0) ?? 0

/** Chooses how a row-wise function is computed on inputs, as `rowwise` does. */
export const rowwisePlan =
  (of: object, write: Write) =>
  ({ params, rows, constants, row = ROW }: Given): RowwisePlan => {
    const count = rowCount(rows)
    const read = entries(params) + entries(constants) + entries(rows) / Math.max(count, 1)
    if (count * (row + read) < WORTH) return { program: null, reason: `${count} rows are over before it is compiled` }
    const program = programs.program(
      of,
      {
        params: mapped(shapeOf, params),
        rows: mapped(({ shape }) => ({ shape: shape.slice(1), from: 'call' as const }), rows),
        constants: mapped(shapeOf, constants)
      },
      inputs => ({ others: write(inputs) }),
      false
    )
    return isLeft(program)
      ? { program: null, reason: `it is not compiled: ${program.left}` }
      : { program: program.right, reason: `one program over the rows${how([program.right], count)}` }
  }

/**
 * What a row-wise function in the vocabulary makes of its inputs, each output of [rows, …]. Its programs are kept with `of`,
 * which stands for the function: the same function for the same object.
 */
export const rowwise =
  (of: object, write: Write) =>
  (given: Given): Arrays => {
    const { params, rows, constants } = given
    const { program } = rowwisePlan(of, write)(given)
    if (program === null)
      return compute(() =>
        write({
          params: mapped(fromNdArray, params),
          rows: mapped(fromNdArray, rows),
          constants: mapped(fromNdArray, constants)
        })
      )
    return program.run({
      rows: rowCount(rows),
      params: mapped(valuesOf, params),
      given: mapped(valuesOf, rows),
      constants: mapped(valuesOf, constants)
    }).others
  }
