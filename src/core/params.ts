/** Parameters: named arrays in double precision, typed by their names. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { type NdArray, type Tensor } from '../../lib/index.js'
import { allFinite, shapeText, shapeSize } from '../../lib/arrays/ndarray.js'
import { tabulate } from '../../lib/arrays/entries.js'
import { mapRecordValues } from '../../lib/plain/byName.js'
import { refuse } from '../../lib/plain/refuse.js'
import { mistaken } from './order.js'
import { isRecord } from './record.js'
import { recordKey } from './spelling.js'

export type Params<P extends string> = { readonly [K in P]: NdArray }

/** Parameters inside a computation. */
export type Tensors<P extends string> = { readonly [K in P]: Tensor }

export type Shapes<P extends string> = { readonly [K in P]: ReadonlyArray<number> }

/** Numbers nested to any depth, like an array literal. */
export type Nested = number | ReadonlyArray<Nested>

const nestedShape = (nested: Nested): ReadonlyArray<number> =>
  typeof nested === 'number' ? [] : nested.length === 0 ? [0] : [nested.length, ...nestedShape(nested[0])]

const isNumber = (nested: Nested): nested is number => typeof nested === 'number'

const flatten = (nested: Nested): ReadonlyArray<number> =>
  isNumber(nested) ? [nested] : nested.every(isNumber) ? nested : nested.flatMap(flatten)

const isRegular = (nested: Nested, shape: ReadonlyArray<number>): boolean => {
  if (isNumber(nested)) return shape.length === 0
  const rest = shape.slice(1)
  return nested.length === shape[0] && nested.every(inner => isRegular(inner, rest))
}

/** Array from nested numbers; null if the nesting is ragged. */
export const ndArray = (nested: Nested): NdArray | null => {
  const shape = nestedShape(nested)
  return isRegular(nested, shape) ? { shape, values: Float64Array.from(flatten(nested)) } : null
}

/** Nested numbers of an array; the inverse of `ndArray`. */
export const nested = ({ shape, values }: NdArray): Nested => {
  if (shape.length === 0) return values[0]
  const [length, ...rest] = shape
  const stride = shapeSize(rest)
  return Array.from({ length }, (_, i) =>
    nested({ shape: rest, values: values.subarray(i * stride, (i + 1) * stride) })
  )
}

/** Applies a function to every named array, keeping the names. */
export const map =
  <A, B>(f: (a: A, name: string) => B) =>
  <P extends string>(params: { readonly [K in P]: A }): { readonly [K in P]: B } =>
    // The type of a mapped record has lost the literal names.
    mapRecordValues<A, B>(f)(isRecord(params) ? params : mistaken('parameters', params)) as { readonly [K in P]: B }

/** Values of each array. */
export const paramNumbers = <P extends string>(params: Params<P>): { readonly [K in P]: Float64Array } =>
  map<NdArray, Float64Array>(({ values }) => values)(params)

/** Names of the parameters, in order of insertion. */
export const names = <P extends string>(params: { readonly [K in P]: unknown }): ReadonlyArray<P> =>
  // Object.keys loses the literal names.
  Object.keys(params) as ReadonlyArray<string> as ReadonlyArray<P>

/**
 * Parameters from nested numbers.
 *
 * @throws RangeError if the nesting is ragged
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Params } from 'ornstein'
 *
 * const params = Params.of({ means: [[0, 1], [2, 3], [4, 5]] })
 * assert.deepEqual(params.means.shape, [3, 2])
 */
export const of = <P extends string>(values: { readonly [K in P]: Nested }): Params<P> =>
  map<Nested, NdArray>(
    (value, name) =>
      ndArray(value) ?? refuse(`${name}: ${JSON.stringify(value)} is not rectangular; give every row the same length`)
  )(values)

/**
 * Checks that an argument has an array for each name; the message quotes the call.
 *
 * @throws TypeError
 */
export const paramsArgument = <P extends string>(
  params: Params<P>,
  wanted: ReadonlyArray<P>,
  call: string
): Params<P> =>
  isRecord(params) && wanted.every(name => isRecord(params[name]) && 'shape' in params[name])
    ? params
    : mistaken(`parameters: make them by Params.of({ ${wanted.join(', ')} })`, params, call)

/**
 * Checks the names and shapes of parameters.
 *
 * @throws RangeError with the first name that is missing or has another shape
 */
export const checkedParams =
  <P extends string>(wanted: Shapes<P>) =>
  (params: Params<P>): Params<P> => {
    if (!isRecord(params)) return mistaken('parameters', params)
    const found = (name: P): string => (name in params ? `shape ${shapeText(params[name].shape)}` : 'missing')
    const wrong = names(wanted).find(name => found(name) !== `shape ${shapeText(wanted[name])}`)
    return wrong === undefined
      ? params
      : refuse(
          `${wrong}: ${found(wrong)} is not of shape ${shapeText(wanted[wrong])}; give parameters that fit the score and the data`
        )
  }

/** Combines parameters of equal names and shapes elementwise. */
export const zipWith =
  (f: (a: number, b: number) => number) =>
  <P extends string>(a: Params<P>, b: Params<P>): Params<P> =>
    map<NdArray, NdArray>(({ shape, values }, name) => {
      const other = b[name as P].values
      return { shape, values: tabulate(values.length, i => f(values[i], other[i])) }
    })(a)

/** Applies a function to every entry. */
export const mapValues =
  (f: (a: number) => number) =>
  <P extends string>(params: Params<P>): Params<P> =>
    map<NdArray, NdArray>(({ shape, values }) => ({ shape, values: values.map(value => f(value)) }))(params)

/** Combines two parameters' arrays in pairs by a function of all their entries. */
export const zipArrays =
  (f: (a: Float64Array, b: Float64Array) => Float64Array) =>
  <P extends string>(a: Params<P>, b: Params<P>): Params<P> =>
    map<NdArray, NdArray>(({ shape, values }, name) => ({ shape, values: f(values, b[name as P].values) }))(a)

/** Arrays of zeros, by name. */
export const zeros = <P extends string>(shapes: Shapes<P>): Params<P> =>
  map<ReadonlyArray<number>, NdArray>(shape => ({ shape, values: new Float64Array(shapeSize(shape)) }))(shapes)

/** Shape of each array. */
export const shapes = <P extends string>(params: Params<P>): Shapes<P> =>
  map<NdArray, ReadonlyArray<number>>(({ shape }) => shape)(params)

/** Number of entries in parameters of these shapes. */
export const paramsSize = <P extends string>(shapes: Shapes<P>): number =>
  Object.values<ReadonlyArray<number>>(shapes).reduce((sum, shape) => sum + shapeSize(shape), 0)

/** All entries in one vector, one parameter after another. */
export const packed = <P extends string>(params: Params<P>): Float64Array => {
  const out = new Float64Array(paramsSize(shapes(params)))
  Object.values<NdArray>(params).reduce((at, { values }) => {
    out.set(values, at)
    return at + values.length
  }, 0)
  return out
}

/** Parameters of the given shapes from a vector of entries; the inverse of `packed`. */
export const unpacked =
  <P extends string>(shapes: Shapes<P>) =>
  (numbers: Float64Array): Params<P> => {
    const sizes = Object.values<ReadonlyArray<number>>(shapes).map(shapeSize)
    const order = Object.keys(shapes)
    return map<ReadonlyArray<number>, NdArray>((shape, name) => {
      const at = sizes.slice(0, order.indexOf(name)).reduce((sum, size) => sum + size, 0)
      return { shape, values: numbers.slice(at, at + shapeSize(shape)) }
    })(shapes)
  }

/** Parameters with entry `at` of `packed` equal to 1 and others 0. */
export const unit = <P extends string>(shapes: Shapes<P>, at: number): Params<P> =>
  unpacked(shapes)(Float64Array.from({ length: paramsSize(shapes) }, (_, i) => (i === at ? 1 : 0)))

/** Euclidean norm of all parameters together. */
export const norm = <P extends string>(params: Params<P>): number =>
  Elementary.norm(Object.values<NdArray>(params).map(({ values }) => Elementary.norm(values)))

/** First entry that is not finite, as code: `means[2][0]`; otherwise null. */
export const whereInfinite = <P extends string>(params: Params<P>): string | null =>
  Object.entries<NdArray>(params).reduce<string | null>((found, [name, { shape, values }]) => {
    if (found !== null) return found
    const at = values.findIndex(value => !Number.isFinite(value))
    const index = (dims: ReadonlyArray<number>, rest: number): string =>
      dims.length === 0
        ? ''
        : `${index(dims.slice(0, -1), Math.floor(rest / dims[dims.length - 1]))}[${rest % dims[dims.length - 1]}]`
    return at < 0 ? null : `${name}${index(shape, at)}`
  }, null)

/** True if every entry is finite. */
export const isFiniteParams = <P extends string>(params: Params<P>): boolean =>
  Object.values<NdArray>(params).every(({ values }) => allFinite(values))

const showArray = (array: NdArray): string =>
  // An array whose values do not fill its shape cannot be nested.
  shapeSize(array.shape) === array.values.length
    ? JSON.stringify(nested(array))
    : `{ shape: [${array.shape.join(', ')}], values: [${array.values.join(', ')}] }`

/** Code of the parameters; an array whose number of values contradicts its shape is printed as shape and values. */
export const show = <P extends string>(params: Params<P>): string =>
  `Params.of({ ${names(params)
    .map(name => `${recordKey(name)}: ${showArray(params[name])}`)
    .join(', ')} })`

/** Codec of numbers without rounding: −0, NaN and infinities, which JSON lacks, are strings. */
const exactNumberCodec = new t.Type<number, number | string>(
  'number',
  (u): u is number => typeof u === 'number',
  (u, context) =>
    typeof u === 'number'
      ? t.success(u)
      : u === '-0' || u === 'NaN' || u === 'Infinity' || u === '-Infinity'
        ? t.success(Number(u))
        : t.failure(u, context),
  value => (Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value))
)

const arrayCodec = t.type({ shape: t.readonlyArray(t.number), values: t.readonlyArray(exactNumberCodec) })

/** JSON codec of an array by shape and values, which keeps every bit. */
export const ndArrayCodec: t.Type<NdArray, unknown> = new t.Type<NdArray, unknown>(
  'NdArray',
  (u): u is NdArray =>
    typeof u === 'object' && u !== null && 'shape' in u && 'values' in u && u.values instanceof Float64Array,
  (u, context) =>
    pipe(
      arrayCodec.validate(u, context),
      E.chain(({ shape, values }) =>
        values.length === shapeSize(shape)
          ? t.success({ shape, values: Float64Array.from(values) })
          : t.failure(u, context, `${values.length} values do not fill the shape ${shapeText(shape)}`)
      )
    ),
  ({ shape, values }) => arrayCodec.encode({ shape, values: Array.from(values) })
)

/** JSON codec of named arrays. */
export const codec: t.Type<Params<string>, unknown> = t.record(t.string, ndArrayCodec)
export { exactNumberCodec as numberCodec }
