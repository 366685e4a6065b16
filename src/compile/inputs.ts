/** Named inputs of a function: tensors for the interpreter, launch arguments for a program. */
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import { fromNdArray, Key, type Tensor } from '../../lib/index.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import { tabulate } from '../../lib/arrays/entries.js'
import * as ByName from '../../lib/plain/byName.js'
import { sameNumbers } from '../../lib/rows/byColumn.js'
import { stretch, type RowNumbers } from '../../lib/rows/stretches.js'
import type * as Compiler from '../../lib/compiler/index.js'

type Shape = ReadonlyArray<number>

/** 'once' for a batch that is drawn for one evaluation. */
export type DataReuse = 'often' | 'once'

/** Numbers for each row; `shape` is that of one row. */
interface RowInput {
  readonly _tag: 'Rows'
  readonly shape: Shape
  readonly values: RowNumbers
  /** True if later calls pass the same array, so that it is copied once. */
  readonly isReused: boolean
}

/** Random numbers for each row, drawn from the key row after row: normal, or χ² if `degrees` is given. */
interface DrawInput {
  readonly _tag: 'Draw'
  readonly shape: Shape
  readonly key: Key.Key
  readonly degrees?: number
}

/** Array shared by all rows; values may differ between calls. */
interface Constant {
  readonly _tag: 'Constant'
  readonly shape: Shape
  readonly values: Float64Array
  /** Number of versions, stored one after another, over which a program is summed. */
  readonly versions?: number
}

export type ProgramInput = RowInput | DrawInput | Constant

/** Returns an input with a value for each row. Reused data are copied to the runtime once. */
export const rowInput = (shape: Shape, values: RowNumbers, reuse: DataReuse = 'once'): ProgramInput => ({
  _tag: 'Rows',
  shape,
  values,
  isReused: reuse === 'often'
})
/** Returns an input of normal draws; `shape` is that of one row. */
export const drawInput = (shape: Shape, key: Key.Key): ProgramInput => ({ _tag: 'Draw', shape, key })
/** Returns an input of χ² draws, one for each row. */
export const chiSquaredInput = (degrees: number, key: Key.Key): ProgramInput => ({
  _tag: 'Draw',
  shape: [1],
  key,
  degrees
})
/** Returns an input that is an array shared by all rows. */
export const constantInput = (shape: Shape, values: Float64Array): ProgramInput => ({ _tag: 'Constant', shape, values })
/** Returns an input that is one number shared by all rows. */
export const numberInput = (value: number): ProgramInput => constantInput([], Float64Array.of(value))

/** Returns a shared number if there is one value, otherwise a number for each row. */
export const perRowInput = (values: RowNumbers): ProgramInput =>
  values instanceof Float64Array && values.length === 1 ? constantInput([], values) : rowInput([1], values)

export type NamedInputs = Readonly<Record<string, ProgramInput>>
export type InputTensors = Readonly<Record<string, Tensor>>

const drawnNumbers = ({ key, degrees }: DrawInput, first: number, length: number): Float64Array => {
  const out = new Float64Array(length)
  ;(degrees === undefined ? Key.fillNormal(first, out) : Key.fillChiSquared(degrees, first, out))(key)
  return out
}

/** Returns inputs as tensors; those with a value for each row have `count` rows from `first` on, [count, …]. */
export const inputTensors = (first: number, count: number): ((inputs: NamedInputs) => InputTensors) =>
  RR.map(inputs =>
    inputs._tag === 'Constant'
      ? fromNdArray(inputs)
      : fromNdArray({
          shape: [count, ...inputs.shape],
          values:
            inputs._tag === 'Draw'
              ? drawnNumbers(inputs, first * shapeSize(inputs.shape), count * shapeSize(inputs.shape))
              : stretch(inputs.values, shapeSize(inputs.shape), first, count)
        })
  )

/** True if inputs differ in shared numbers alone, so both can be versions in one call. */
export const isVersion =
  (one: NamedInputs) =>
  (other: NamedInputs): boolean =>
    Object.keys(one).length === Object.keys(other).length &&
    Object.keys(one).every(name => {
      if (!(name in other)) return false
      const a = one[name]
      const b = other[name]
      if (a._tag === 'Constant')
        return b._tag === 'Constant' && (a.shape.length === 0 || sameNumbers(a.values, b.values))
      return a._tag === 'Rows'
        ? b._tag === 'Rows' && a.values === b.values
        : b._tag === 'Draw' && a.key === b.key && a.degrees === b.degrees
    })

/** Merges inputs: their shared numbers become versions, everything else is that of the first. */
export const versions = (all: ReadonlyArray<NamedInputs>): NamedInputs =>
  ByName.mapRecordValues((inputs: ProgramInput, name): ProgramInput => {
    if (inputs._tag !== 'Constant' || inputs.shape.length > 0) return inputs
    const values = tabulate(all.length, i => sharedNumber(all[i][name]))
    return { _tag: 'Constant', shape: inputs.shape, values, versions: all.length }
  })(all[0])

/** Number of an input that all rows share; NaN for other inputs. */
const sharedNumber = (inputs: ProgramInput): number => (inputs._tag === 'Constant' ? inputs.values[0] : NaN)

/** Returns the signature of a program; not text, since it is compared at every step. */
export const signature = (params: Readonly<Record<string, Shape>>, inputs: NamedInputs): Compiler.Signature => {
  const versioned = ByName.filterMapValues<ProgramInput, number>(input =>
    input._tag === 'Constant' ? input.versions : undefined
  )(inputs)
  const names = Object.keys(versioned)
  return {
    ...(names.length > 0 && { versions: { count: versioned[names[0]], of: names } }),
    params,
    rows: rowSignatures(inputs),
    constants: constantShapes(inputs)
  }
}

const constantShapes = ByName.filterMapValues<ProgramInput, Shape>(input =>
  input._tag === 'Constant' ? input.shape : undefined
)

const rowSignatures = ByName.filterMapValues<ProgramInput, Compiler.Signature['rows'][string]>(input =>
  input._tag === 'Constant'
    ? undefined
    : input._tag === 'Rows'
      ? { shape: input.shape, from: input.isReused ? 'data' : 'call' }
      : { shape: input.shape, from: 'key', ...(input.degrees !== undefined && { degrees: input.degrees }) }
)

type ValuesByName = Readonly<Record<string, { readonly values: Float64Array }>>

/** Returns launch arguments from parameters and changing inputs; the repeated inputs are prepared once. */
export const repeatedLaunchArgs = (
  repeated: NamedInputs,
  count: number
): ((params: ValuesByName, inputs: NamedInputs) => Compiler.Call) => {
  const rows = givenRows(repeated)
  const fixed = sharedArrays(repeated)
  return (params, inputs) => ({
    rows: count,
    params: paramValues(params),
    given: Object.assign({}, rows, givenRows(inputs)),
    constants: sharedArrays(inputs),
    fixed
  })
}

const paramValues = ByName.mapRecordValues(({ values }: ValuesByName[string]) => values)

/** Values or key of the inputs with a value for each row, by name. */
const givenRows = ByName.filterMapValues<ProgramInput, Compiler.RowsGiven>(one =>
  one._tag === 'Constant' ? undefined : one._tag === 'Draw' ? one.key : one.values
)

/** Values of the inputs that all rows share, by name. */
const sharedArrays = ByName.filterMapValues<ProgramInput, Float64Array>(one =>
  one._tag === 'Constant' ? one.values : undefined
)

/** Returns launch arguments, assuming that no input repeats. */
export const launchArgs = (count: number, params: ValuesByName, inputs: NamedInputs): Compiler.Call => ({
  rows: count,
  params: paramValues(params),
  given: givenRows(inputs),
  constants: sharedArrays(inputs)
})
