/**
 * What a function of the vocabulary computes from, beside parameters: arrays under names. The interpreter takes them as
 * tensors, a compiled program as its inputs; neither sees anything else of a call.
 */
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import { fromNdArray, Key, type Tensor } from '../../lib/index.js'
import { size } from '../../lib/arrays/ndarray.js'
import { tabulate } from '../../lib/arrays/entries.js'
import { recently } from '../../lib/plain/remembered.js'
import * as ByName from '../../lib/plain/byName.js'
import { sameNumbers } from '../../lib/rows/byColumn.js'
import { stretch, type Numbers } from '../../lib/rows/stretches.js'
import type * as Compiler from '../../lib/compiler/index.js'

type Shape = ReadonlyArray<number>

/** Numbers for each row, of the shape that one row has. */
interface Rows {
  readonly _tag: 'Rows'
  readonly shape: Shape
  readonly values: Numbers
  /** The same array again at the next call, which may be kept where it was copied to. */
  readonly stays: boolean
}

/** Normal numbers for each row: those of the key, row after row; or one of χ² of so many degrees. */
interface Draw {
  readonly _tag: 'Draw'
  readonly shape: Shape
  readonly key: Key.Key
  readonly degrees?: number
}

/** The same for all rows, another at each call. */
interface Constant {
  readonly _tag: 'Constant'
  readonly shape: Shape
  readonly values: Float64Array
  /** So many of them, one after another, each of a version of the program's constants. */
  readonly versions?: number
}

export type Input = Rows | Draw | Constant

/** Values that lie along the rows; `stays`: the same at every evaluation. */
export const rows = (shape: Shape, values: Numbers, stays = false): Input => ({
  _tag: 'Rows',
  shape,
  values,
  stays
})
/** Normal draws of a key. */
export const draw = (shape: Shape, key: Key.Key): Input => ({ _tag: 'Draw', shape, key })
/** χ² draws of a key, one a row. */
export const chiSquared = (degrees: number, key: Key.Key): Input => ({ _tag: 'Draw', shape: [1], key, degrees })
/** Values that all rows share. */
export const constant = (shape: Shape, values: Float64Array): Input => ({ _tag: 'Constant', shape, values })
/** A number that all rows share. */
export const number = (value: number): Input => constant([], Float64Array.of(value))

/** One number for all rows, or one a row. */
export const perRow = (values: Numbers): Input =>
  values instanceof Float64Array && values.length === 1 ? constant([], values) : rows([1], values)

export type Named = Readonly<Record<string, Input>>
export type Tensors = Readonly<Record<string, Tensor>>

const draws = ({ key, degrees }: Draw, first: number, length: number): Float64Array => {
  const out = new Float64Array(length)
  ;(degrees === undefined ? Key.fillNormal(first, out) : Key.fillChiSquared(degrees, first, out))(key)
  return out
}

/** As tensors: what is of rows, for so many of them from the first on, [count, …]. */
export const tensors = (first: number, count: number): ((inputs: Named) => Tensors) =>
  RR.map(inputs =>
    inputs._tag === 'Constant'
      ? fromNdArray(inputs)
      : fromNdArray({
          shape: [count, ...inputs.shape],
          values:
            inputs._tag === 'Draw'
              ? draws(inputs, first * size(inputs.shape), count * size(inputs.shape))
              : stretch(inputs.values, size(inputs.shape), first, count)
        })
  )

/** Whether they are two versions of the same: other numbers alone differ. */
export const isVersion =
  (one: Named) =>
  (other: Named): boolean =>
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

/** Versions as one: numbers in each, all else as in the first. */
export const versions = (all: ReadonlyArray<Named>): Named =>
  ByName.changed((inputs: Input, name): Input => {
    if (inputs._tag !== 'Constant' || inputs.shape.length > 0) return inputs
    const values = tabulate(all.length, i => numberOf(all[i][name]))
    return { _tag: 'Constant', shape: inputs.shape, values, versions: all.length }
  })(all[0])

const numberOf = (inputs: Input): number => (inputs._tag === 'Constant' ? inputs.values[0] : NaN)

/** An array without its numbers: all of it that a program depends on. */
interface Form {
  readonly name: string
  readonly shape: Shape
  readonly from: 'constant' | 'key' | 'data' | 'call'
  /** The degrees of χ² draws, or how many versions a constant has; NONE of others. */
  readonly count: number
}

const NONE = -1

const fromOf = (one: Input): Form['from'] =>
  one._tag === 'Constant' ? 'constant' : one._tag === 'Draw' ? 'key' : one.stays ? 'data' : 'call'
const countOf = (one: Input): number =>
  (one._tag === 'Draw' ? one.degrees : one._tag === 'Constant' ? one.versions : undefined) ?? NONE
const formsOf = (inputs: Named): ReadonlyArray<Form> =>
  Object.entries(inputs).map(([name, one]) => ({ name, shape: one.shape, from: fromOf(one), count: countOf(one) }))

const areOfForms = (forms: ReadonlyArray<Form>, inputs: Named): boolean => {
  const names = Object.keys(inputs)
  return (
    names.length === forms.length &&
    forms.every(({ name, shape, from, count }, i) => {
      if (names[i] !== name) return false
      const one = inputs[name]
      return (
        fromOf(one) === from &&
        countOf(one) === count &&
        one.shape.length === shape.length &&
        one.shape.every((n, axis) => n === shape[axis])
      )
    })
  )
}

/** What a program of them takes. */
export const signature = (params: Readonly<Record<string, Shape>>, inputs: Named): Compiler.Signature => {
  const forms = formsOf(inputs)
  const versions = forms.filter(({ from, count }) => from === 'constant' && count !== NONE)
  return {
    ...(versions.length > 0 && { versions: { count: versions[0].count, of: versions.map(({ name }) => name) } }),
    params,
    rows: Object.fromEntries(
      forms.flatMap(({ name, shape, from, count }) =>
        from === 'constant' ? [] : [[name, { shape, from, ...(count !== NONE && { degrees: count }) }]]
      )
    ),
    constants: Object.fromEntries(
      forms.flatMap(({ name, shape, from }) => (from === 'constant' ? [[name, shape]] : []))
    )
  }
}

/** So many are remembered. */
const FORMS = 8

/**
 * Remembers what was made of arrays last, for others of the same signature: it is not made of numbers. A signature as text costs more than
 * all else that is done at a step.
 */
export const bySignature: <A>(make: (inputs: Named) => A) => (inputs: Named) => A = recently(FORMS, formsOf, areOfForms)

type Arrays = Readonly<Record<string, { readonly values: Float64Array }>>

/** And what it is called with: with what is the same at every call, and what is of one. */
export const caller = (stays: Named, count: number): ((params: Arrays, inputs: Named) => Compiler.Call) => {
  const rows = rowsIn(stays)
  const fixed = constantsIn(stays)
  return (params, inputs) => ({
    rows: count,
    params: numbersOf(params),
    given: Object.assign({}, rows, rowsIn(inputs)),
    constants: constantsIn(inputs),
    fixed
  })
}

const numbersOf = ByName.changed(({ values }: Arrays[string]) => values)

const rowsIn = ByName.chosen<Input, Compiler.RowsGiven>(one =>
  one._tag === 'Constant' ? undefined : one._tag === 'Draw' ? one.key : one.values
)

const constantsIn = ByName.chosen<Input, Float64Array>(one => (one._tag === 'Constant' ? one.values : undefined))

/** The same, where nothing is known to stay. */
export const call = (count: number, params: Arrays, inputs: Named): Compiler.Call => ({
  rows: count,
  params: numbersOf(params),
  given: rowsIn(inputs),
  constants: constantsIn(inputs)
})
