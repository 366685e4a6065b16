/**
 * Row-wise functions from arrays to arrays, by a compiled program for many rows, otherwise by the interpreter. The choice depends on shapes
 * alone, so equal calls have equal bits.
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import { compute } from '../tensors/autodiff.js'
import { shapeSize, type NdArray } from '../arrays/ndarray.js'
import { fromNdArray } from '../tensors/tensor.js'
import { how, library, type Program } from './index.js'
import { type Inputs, type NamedTensorInputs } from './trace.js'

type ArraysByName = Readonly<Record<string, NdArray>>

export interface RowwiseInputs {
  readonly params: ArraysByName
  readonly rows: ArraysByName
  readonly constants: ArraysByName
  /** Cost of a row besides its inputs, in numbers read. Default: 1000. */
  readonly row?: number
}

/** Cost of a call, in numbers read, from which a program is compiled, which takes tens of milliseconds. */
const MIN_COST_TO_COMPILE = 5e6
/** In numbers read; one interpreted operation on a row costs as much as reading about a dozen. */
const DEFAULT_ROW_COST = 1000

const entryCount = (arrays: ArraysByName): number =>
  Object.values(arrays).reduce((sum, { shape }) => sum + shapeSize(shape), 0)

const mapRecord = <A, B>(f: (a: A) => B, record: Readonly<Record<string, A>>): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]))

const arrayValues = ({ values }: NdArray): Float64Array => values
const arrayShape = ({ shape }: NdArray): ReadonlyArray<number> => shape

const rowwiseLibrary = library()

export interface RowwisePlan {
  /** Null if the function is interpreted. */
  readonly program: Program | null
  readonly reason: string
}

type Write = (inputs: Inputs) => NamedTensorInputs

const rowCount = (rows: ArraysByName): number => Object.values(rows).at(0)?.shape.at(0) ?? 0

/** Chooses between a program and the interpreter. */
export const rowwisePlan =
  (of: object, write: Write) =>
  ({ params, rows, constants, row = DEFAULT_ROW_COST }: RowwiseInputs): RowwisePlan => {
    const count = rowCount(rows)
    const read = entryCount(params) + entryCount(constants) + entryCount(rows) / Math.max(count, 1)
    if (count * (row + read) < MIN_COST_TO_COMPILE)
      return { program: null, reason: `${count} rows are over before it is compiled` }
    const program = rowwiseLibrary.program(
      of,
      {
        params: mapRecord(arrayShape, params),
        rows: mapRecord(({ shape }) => ({ shape: shape.slice(1), from: 'call' as const }), rows),
        constants: mapRecord(arrayShape, constants)
      },
      inputs => ({ others: write(inputs) }),
      false
    )
    return isLeft(program)
      ? { program: null, reason: `it is not compiled: ${program.left}` }
      : { program: program.right, reason: `one program over the rows${how([program.right], count)}` }
  }

/**
 * Evaluates a row-wise function; each output is [rows, …]. `of` is the cache key of programs, and must always come with the same function.
 */
export const rowwise =
  (of: object, write: Write) =>
  (given: RowwiseInputs): ArraysByName => {
    const { params, rows, constants } = given
    const { program } = rowwisePlan(of, write)(given)
    if (program === null)
      return compute(() =>
        write({
          params: mapRecord(fromNdArray, params),
          rows: mapRecord(fromNdArray, rows),
          constants: mapRecord(fromNdArray, constants)
        })
      )
    return program.run({
      rows: rowCount(rows),
      params: mapRecord(arrayValues, params),
      given: mapRecord(arrayValues, rows),
      constants: mapRecord(arrayValues, constants)
    }).others
  }
