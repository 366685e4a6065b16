/**
 * A function of rows as its callers see it: arrays in, arrays out. Of many rows it is a program; of few, which are over before
 * one is made, and where none can be made, the interpreter's. How many are many depends on shapes alone, so that the same call
 * gives the same bits whatever was called before.
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
  /** As many entries along the first axis as there are rows. */
  readonly rows: ArraysByName
  readonly constants: ArraysByName
  /** What a row costs whatever is read of it, where the function knows: see below. */
  readonly row?: number
}

/**
 * Numbers, counted as below, from which a program pays: some milliseconds of the interpreter, which a sampler spends at each
 * step; compiling takes tens.
 */
const COMPILE_COST = 5e6
/** What a row costs whatever its function reads, counted in numbers read: an op of the interpreter on a row is a dozen. */
const ROW_COST = 1000

const entryCount = (arrays: ArraysByName): number =>
  Object.values(arrays).reduce((sum, { shape }) => sum + shapeSize(shape), 0)

const mapRecord = <A, B>(f: (a: A) => B, record: Readonly<Record<string, A>>): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]))

const arrayValues = ({ values }: NdArray): Float64Array => values
const arrayShape = ({ shape }: NdArray): ReadonlyArray<number> => shape

const rowwisePrograms = library()

/** How a row-wise function is computed. */
export interface RowwisePlan {
  /** Null if it is interpreted. */
  readonly program: Program | null
  readonly reason: string
}

type Write = (inputs: Inputs) => NamedTensorInputs

const rowCount = (rows: ArraysByName): number => Object.values(rows).at(0)?.shape.at(0) ?? 0

/** Chooses how a row-wise function is computed on inputs, as `rowwise` does. */
export const rowwisePlan =
  (of: object, write: Write) =>
  ({ params, rows, constants, row = ROW_COST }: RowwiseInputs): RowwisePlan => {
    const count = rowCount(rows)
    const read = entryCount(params) + entryCount(constants) + entryCount(rows) / Math.max(count, 1)
    if (count * (row + read) < COMPILE_COST)
      return { program: null, reason: `${count} rows are over before it is compiled` }
    const program = rowwisePrograms.program(
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
 * What a row-wise function in the vocabulary makes of its inputs, each output of [rows, …]. Its programs are kept with `of`,
 * which stands for the function: the same function for the same object.
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
