/**
 * The shapes and types that kernels give, as a trace needs them: of the common ones by rule, since a trace of many rows would
 * compute for nothing; of the others, and where a rule has nothing to say, as the kernel has it on zeros.
 */
import { allocate, axesOf, broadcastShape, product, type DType } from '../kernels/dense.js'
import { operations, type Operation } from '../kernels/elementwise.js'
import { kernels } from '../kernels/index.js'

export interface Form {
  readonly shape: ReadonlyArray<number>
  readonly dtype: DType
}

type Rule = (inputs: ReadonlyArray<Form>, attrs: ReadonlyMap<string, unknown>) => Form | undefined

const isReal = (inputs: ReadonlyArray<Form>): boolean => inputs.every(({ dtype }) => dtype === 'float32')

const listOf = (value: unknown): ReadonlyArray<number> | undefined => {
  const all: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
  const numbers = all.filter((x): x is number => typeof x === 'number')
  return numbers.length === all.length ? numbers : undefined
}

/** Of entries: the shape to which the operands stretch. */
const ofEntries =
  ({ isTruth, operands }: Operation): Rule =>
  inputs =>
    isReal(inputs) && inputs.length === operands.length
      ? {
          shape: inputs.reduce<ReadonlyArray<number>>((shape, x) => broadcastShape(shape, x.shape, 'a trace'), []),
          dtype: isTruth ? 'bool' : 'float32'
        }
      : undefined

const folded: Rule = ([x], attrs) => {
  const axes = axesOf(listOf(attrs.get('axis') ?? attrs.get('reductionIndices')), x.shape.length, 'a trace')
  const keeps = attrs.get('keepDims') === true
  return x.dtype === 'float32'
    ? { shape: x.shape.flatMap((n, i) => (axes.includes(i) ? (keeps ? [1] : []) : [n])), dtype: x.dtype }
    : undefined
}

const matrices: Rule = (inputs, attrs) => {
  const [a, b] = inputs
  const [turnA, turnB] = [attrs.get('transposeA') === true, attrs.get('transposeB') === true]
  const [k, m] = turnA ? [-2, -1] : [-1, -2]
  const [q, n] = turnB ? [-1, -2] : [-2, -1]
  if (!isReal(inputs) || a.shape.length < 2 || b.shape.length < 2 || a.shape.at(k) !== b.shape.at(q)) return undefined
  const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2), 'a trace')
  return { shape: [...lead, a.shape.at(m) ?? 1, b.shape.at(n) ?? 1], dtype: 'float32' }
}

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, ofEntries(operation)])),
  Softmax: inputs => (isReal(inputs) ? inputs[0] : undefined),
  ...Object.fromEntries('Max Mean Min Sum'.split(' ').map(name => [name, folded])),
  BatchMatMul: matrices,
  Concat: (inputs, attrs) => {
    const axis = attrs.get('axis')
    if (!isReal(inputs) || typeof axis !== 'number' || axis < 0) return undefined
    const [{ shape }] = inputs
    const isBeside = inputs.every(
      x => x.shape.length === shape.length && x.shape.every((n, i) => i === axis || n === shape[i])
    )
    const length = inputs.reduce((sum, x) => sum + x.shape[axis], 0)
    return isBeside ? { shape: shape.map((n, i) => (i === axis ? length : n)), dtype: 'float32' } : undefined
  },
  Identity: ([x]) => x,
  SquaredDistances: inputs => {
    const [x, centres, scale] = inputs
    const [n, d] = x.shape
    const [k, d2] = centres.shape
    const scales = product(scale.shape)
    const fits = x.shape.length === 2 && centres.shape.length === 2 && d === d2 && (scales === 1 || scales === n)
    return isReal(inputs) && fits ? { shape: [n, k], dtype: 'float32' } : undefined
  },
  WithDerivative: ([value]) => value,
  Slice: ([x], attrs) => {
    const [begin, size] = ['begin', 'size'].map(name => listOf(attrs.get(name)))
    const rank = x.shape.length
    if (begin?.length !== rank || size?.length !== rank) return undefined
    const shape = size.map((n, i) => (n < 0 ? x.shape[i] - begin[i] : n))
    return shape.every((n, i) => n + begin[i] <= x.shape[i]) ? { shape, dtype: x.dtype } : undefined
  },
  ZerosLike: ([x]) => x,
  Reshape: ([x], attrs) => {
    const shape = listOf(attrs.get('shape'))
    return shape !== undefined && product(shape) === product(x.shape) ? { shape, dtype: x.dtype } : undefined
  },
  Tile: ([x], attrs) => {
    const reps = listOf(attrs.get('reps'))
    return reps?.length === x.shape.length ? { shape: x.shape.map((n, i) => n * reps[i]), dtype: x.dtype } : undefined
  },
  Transpose: ([x], attrs) => {
    const perm = listOf(attrs.get('perm'))
    return perm?.length === x.shape.length ? { shape: perm.map(i => x.shape[i]), dtype: x.dtype } : undefined
  }
}

/** What the rules say of a kernel, if they do. */
export const byRule = (kernel: string, inputs: ReadonlyArray<Form>, attrs: object): Form | undefined =>
  kernel in rules ? rules[kernel](inputs, new Map<string, unknown>(Object.entries(attrs))) : undefined

/** What the kernel itself gives. */
export const byKernel = (
  kernel: string,
  inputs: Readonly<Record<string, Form>>,
  attrs: object
): ReadonlyArray<Form> | Form => {
  const dense = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [
      name,
      { shape, dtype, values: allocate(product(shape), dtype) }
    ])
  )
  return kernels[kernel](dense, attrs)
}

/** The shapes and types of a kernel's outputs, or of its one. */
export const formOf = (
  kernel: string,
  inputs: Readonly<Record<string, Form>>,
  attrs: object
): ReadonlyArray<Form> | Form => byRule(kernel, Object.values(inputs), attrs) ?? byKernel(kernel, inputs, attrs)
