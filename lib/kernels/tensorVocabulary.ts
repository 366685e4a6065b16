/** Functions of the tensor vocabulary in which derivatives are written; `lib/tensors/tensor.ts` has them. */
import { type Tensor } from '../arrays/ndarray.js'

/** A tensor, or an exact number. */
export type Operand = Tensor | number

/** One axis or several; negative axes count from the end. */
export type Axes = number | ReadonlyArray<number>

/** Sizes of the axes, outermost first; [] for a scalar. */
export type Shape = ReadonlyArray<number>

/** Type of the entries: doubles (named 'float32' by tfjs), integers or truth values. */
export type EntryType = 'float64' | 'int32' | 'bool'

/** Number of entries before and after, per axis. */
export type Paddings = ReadonlyArray<readonly [number, number]>

export type UnaryOperation = (x: Operand) => Tensor
export type BinaryOperation = (a: Operand, b: Operand) => Tensor
export type ReduceAxes = (x: Operand, axis?: Axes, keepDims?: boolean) => Tensor

type UnaryName =
  | 'neg'
  | 'exp'
  | 'log'
  | 'tanh'
  | 'sigmoid'
  | 'sqrt'
  | 'rsqrt'
  | 'square'
  | 'sin'
  | 'cos'
  | 'sign'
  | 'isNaN'
type BinaryName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'maximum'
  | 'greater'
  | 'greaterEqual'
  | 'less'
  | 'lessEqual'
  | 'equal'
  | 'logicalAnd'
  | 'logicalOr'

export interface TensorVocabulary
  extends Readonly<Record<UnaryName, UnaryOperation>>, Readonly<Record<BinaryName, BinaryOperation>> {
  readonly tensor: (values: ArrayLike<number>, shape: Shape) => Tensor
  readonly zeros: (shape: Shape) => Tensor
  readonly eye: (n: number) => Tensor
  readonly step: (x: Operand, below?: number) => Tensor
  readonly where: (condition: Operand, a: Operand, b: Operand) => Tensor
  readonly cast: (x: Operand, type: EntryType) => Tensor
  readonly sum: ReduceAxes
  readonly max: ReduceAxes
  readonly min: ReduceAxes
  readonly softmax: (x: Operand, axis?: number) => Tensor
  readonly matMul: (
    a: Tensor,
    b: Tensor,
    options?: { readonly transposeA?: boolean; readonly transposeB?: boolean }
  ) => Tensor
  readonly cholesky: (s: Tensor) => Tensor
  readonly gramCholesky: (a: Tensor) => Tensor
  readonly solveTriangular: (l: Tensor, b: Tensor, options?: { readonly transposed?: boolean }) => Tensor
  readonly eigh: (s: Tensor) => Readonly<Record<'values' | 'vectors', Tensor>>
  readonly lowerTriangle: (x: Tensor) => Tensor
  readonly packTriangle: (x: Tensor) => Tensor
  readonly reshape: (x: Operand, shape: Shape) => Tensor
  readonly expandDims: (x: Operand, axis?: number) => Tensor
  readonly transpose: (x: Operand, perm?: ReadonlyArray<number>) => Tensor
  readonly slice: (x: Operand, begin: Axes, size?: Axes) => Tensor
  readonly concat: (xs: ReadonlyArray<Tensor>, axis?: number) => Tensor
  readonly split: (x: Tensor, parts: Axes, axis?: number) => Tensor[]
  readonly broadcastTo: (x: Operand, shape: Shape) => Tensor
  readonly pad: (x: Operand, paddings: Paddings, constant?: number) => Tensor
  readonly gather: (x: Tensor, indices: Operand, axis?: number) => Tensor
  readonly segmentSum: (x: Tensor, ids: Tensor, segments: number) => Tensor
}
