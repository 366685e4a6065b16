/** An optimizer of a user's own. */
import * as t from 'io-ts'
import { Field, Optimizer, Params } from '../../../src/index.js'

/** The gradient at the worst point nearby (Foret et al. 2021). */
export const sharpnessAware = Optimizer.define({
  name: 'sharpnessAware',
  about: 'the gradient at the worst point nearby (Foret et al. 2021)',
  fields: { radius: Field.positive({ default: 0.05 }) },
  formula: ({ radius }) => `∇f(θ + ${radius} ∇f/|∇f|)`,
  memory: t.type({ steps: t.number }),
  init: () => () => ({ steps: 0 }),
  update:
    ({ radius }) =>
    (gradient, { steps }, { params, evaluate }) => {
      const norm = Params.norm(gradient)
      const worst = Params.zipWith((p, g) => (norm === 0 ? p : p + (radius * g) / norm))(params, gradient)
      return [evaluate(worst).gradient, { steps: steps + 1 }]
    }
})
