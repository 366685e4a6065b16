/** The gradient at another point than the parameters. */
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import { axpyParams, define, noMemory } from './part.js'

/**
 * ∇f(θ + radius · g/|g|), the gradient at the worst point nearby, to first order: sharpness-aware minimisation (Foret et al. 2021, arXiv
 * 2010.01412). Evaluates the objective once more at each step, with the same noise. It uses only the direction of its input, so
 * it comes first in a chain.
 */
export const sam = define({
  name: 'sam',
  about: '∇f(θ + radius · g/|g|), the gradient at the worst point nearby',
  fields: {
    /** Distance of the point, in all parameters together. */
    radius: Field.positive({ default: 0.05 })
  },
  formula: ({ radius }) => `∇f(θ + ${radius} g/|g|)`,
  ...noMemory,
  update:
    ({ radius }) =>
    (gradient, _, { params, evaluate }) => {
      const norm = Params.norm(gradient)
      return norm === 0 ? [gradient, null] : [evaluate(axpyParams(radius / norm, gradient, params)).gradient, null]
    },
  needsObjective: true,
  brief: () => ({ methods: ['SAM'] })
})
