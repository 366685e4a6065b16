/** What is stated of an operation of the vocabulary, a row each: its kernel, which says its shape too, its derivative, and how the compiler takes it. */
import { type Tensor } from '../arrays/ndarray.js'
import type * as Vocabulary from '../tensors/tensor.js'
import { type Kernel } from './dense.js'
import { type Emit } from './instructions.js'

export type TensorVocabulary = typeof Vocabulary

/**
 * The cotangent of an operand, from that of the result, the operands, the attributes and which operand it is. It takes the vocabulary and is
 * written in it, so that it can be differentiated again, to any order.
 */
export type Pull = (
  T: TensorVocabulary,
  dy: Tensor,
  operands: ReadonlyArray<Tensor>,
  attrs: never,
  which: number
) => Tensor

export type FoldOperation = 'Sum' | 'Max' | 'Min'

/** How the compiler takes an operation. */
export type LoweringKind =
  /** Entry by entry: by instructions, or the name of a function of lib/wasm over a panel; without either the kernel runs on a panel. */
  | { readonly kind: 'entries'; readonly code: Emit | string | undefined }
  | { readonly kind: 'fold'; readonly fold: FoldOperation }
  /** Entries in another order, some of them, or some more often; `pads` where numbers are put between them. */
  | { readonly kind: 'move'; readonly pads: boolean }
  /** The same entries under another shape. */
  | { readonly kind: 'view' }
  /** By the kernel, along an axis of each row. */
  | { readonly kind: 'axis' }
  /** By the kernel, of the matrices that the last two axes are. */
  | { readonly kind: 'matrices' }

export interface KernelOperation {
  /** Names of the operands, as tfjs has them; null for a list of any number. */
  readonly operands: ReadonlyArray<string> | null
  readonly kernel: Kernel
  /** For each operand, or one for all of a list. Undefined where the result is flat in it, and zero where tfjs would throw. */
  readonly pulls: ReadonlyArray<Pull | undefined>
  /** By a rule of its own in `../compiler/lower.ts`, unless given. */
  readonly lowering?: LoweringKind
  /** The pulls look at no operand, so none is kept for them. */
  readonly keepsNone?: true
}

export type Operations = Readonly<Record<string, KernelOperation>>

/** dy summed over the axes along which `shape` was stretched. */
export const shrink = (T: TensorVocabulary, dy: Tensor, shape: ReadonlyArray<number>): Tensor => {
  const lead = dy.rank - shape.length
  const stretched = dy.shape.map((_, i) => i).filter(i => i < lead || (shape[i - lead] === 1 && dy.shape[i] !== 1))
  return T.reshape(stretched.length === 0 ? dy : T.sum(dy, stretched), shape)
}

/** dy under the shape of the operand. */
export const reshapedPull: Pull = (T, dy, operands, _, which) => T.reshape(dy, operands[which].shape)

/** dy as it is. */
export const passed: Pull = (_, dy) => dy
