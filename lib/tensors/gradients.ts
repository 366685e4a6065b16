/**
 * Derivatives of all kernels in the form of tfjs, from the pullbacks of `../kernels`.
 *
 * The rules of tfjs save *outputs* of exp, tanh, softmax, …, and so lose the second derivative. These save inputs, so each is
 * differentiable to any order.
 */
import { operations } from '../kernels/index.js'
import { type KernelOperation } from '../kernels/operation.js'
import { type Tensor } from '../arrays/ndarray.js'
import { type Attributes } from './backend.js'
import * as T from './tensor.js'

/** Configuration of a gradient in tfjs. */
export interface GradientRule {
  readonly inputsToSave?: string[]
  readonly saveAllInputs?: boolean
  readonly gradFunc: (dy: Tensor | Tensor[], saved: Tensor[], attrs: Attributes) => Record<string, () => Tensor>
}

const gradientRule = ({ operands, pulls, keepsNone }: KernelOperation): GradientRule => ({
  ...(operands === null ? { saveAllInputs: true } : { inputsToSave: keepsNone ? [] : [...operands] }),
  gradFunc: (dy, saved, attrs) => {
    const names = operands ?? saved.map((_, i) => String(i))
    return Object.fromEntries(
      names.map((name, i) => {
        const pull = operands === null ? pulls[0] : pulls[i]
        // tfjs passes the attributes that each pull declares, and one cotangent for one output, in spite of its loose types.
        const pulled = (): Tensor => pull?.(T, dy as Tensor, saved, attrs as never, i) ?? T.zeros(saved[i].shape)
        return [name, pulled]
      })
    )
  }
})

/** Rules of all kernels with operands, by kernel name. */
export const gradientRules: Readonly<Record<string, GradientRule>> = Object.fromEntries(
  Object.entries(operations)
    .filter(([, { operands }]) => operands?.length !== 0)
    .map(([name, operation]) => [name, gradientRule(operation)])
)
