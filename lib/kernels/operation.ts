/** Definition of an operation: its kernel, its derivative, and its lowering by the compiler. */
import { type Tensor } from '../arrays/ndarray.js'
import { type FoldOperation, type Kernel } from './dense.js'
import { type Emit } from './instructions.js'
import { type TensorVocabulary } from './tensorVocabulary.js'

export type { FoldOperation } from './dense.js'
export type { TensorVocabulary } from './tensorVocabulary.js'

/**
 * Pullback: cotangent of operand `which`, given the cotangent `dy` of the result, the operands and the attributes. Written in the
 * vocabulary T, so differentiable to any order.
 */
export type Pull = (
  T: TensorVocabulary,
  dy: Tensor,
  operands: ReadonlyArray<Tensor>,
  attrs: never,
  which: number
) => Tensor

export type LoweringKind =
  /**
   * Entry by entry: by instructions, by the function of lib/wasm with this name, or if undefined by the interpreter's kernel on a panel.
   */
  | { readonly kind: 'entries'; readonly code: Emit | string | undefined }
  | { readonly kind: 'fold'; readonly fold: FoldOperation }
  /** Reorders, selects or repeats entries; `pads` if constants are inserted. */
  | { readonly kind: 'move'; readonly pads: boolean }
  /** Equal entries under another shape. */
  | { readonly kind: 'view' }
  /** Kernel along an axis of each row. */
  | { readonly kind: 'axis' }
  /** Kernel on matrices, the last two axes. */
  | { readonly kind: 'matrices' }

export interface KernelOperation {
  /** Names of the operands in tfjs; null for a list of any length. */
  readonly operands: ReadonlyArray<string> | null
  readonly kernel: Kernel
  /** Pullback for each operand, or one for all of a list; undefined if the result is piecewise constant in the operand. */
  readonly pulls: ReadonlyArray<Pull | undefined>
  /** Undefined if `../compiler/lower.ts` has a rule of its own. */
  readonly lowering?: LoweringKind
  /** Present if the pullbacks read no operand. */
  readonly keepsNone?: true
}

export type Operations = Readonly<Record<string, KernelOperation>>

/** Sums dy over the axes along which an operand of this shape was broadcast. */
export const shrink = (T: TensorVocabulary, dy: Tensor, shape: ReadonlyArray<number>): Tensor => {
  const lead = dy.rank - shape.length
  const stretched = dy.shape.map((_, i) => i).filter(i => i < lead || (shape[i - lead] === 1 && dy.shape[i] !== 1))
  return T.reshape(stretched.length === 0 ? dy : T.sum(dy, stretched), shape)
}

/** Pullback of a reshape. */
export const reshapedPull: Pull = (T, dy, operands, _, which) => T.reshape(dy, operands[which].shape)

/** Pullback of the identity. */
export const passed: Pull = (_, dy) => dy
