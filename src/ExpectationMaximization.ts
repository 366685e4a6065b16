/** Expectation–maximization on the likelihood at time 0 (Dempster, Laird & Rubin 1977), for the scores of mixtures. */
import { compute, matMul, mul, neg, reshape, sum, tensor, type Tensor } from '../lib/index.js'
import * as Components from './Components.js'
import type * as Params from './Params.js'
import * as Points from './Points.js'
import { tensors, type Family } from './Score.js'

const clean = { alpha: 1, sigma: 0 }

/** One E- and M-step; `value` is the mean negative log-likelihood at the parameters it starts from. */
export const step =
  <P extends string>(family: Family<P>, varianceFloor: number, points: Points.Points) =>
  (params: Params.Params<P>): { readonly value: number; readonly params: Params.Params<P> } => {
    const { value, ...next } = compute(() => {
      const components = family.components(tensors(params))
      const x = Points.tensor(points)
      const weights = tensor(Points.weightsOf(points), [points.rows, 1])
      const responsibilities = mul(weights, Components.responsibilities(components, x, clean))
      const scatter = mul(responsibilities, Components.squaredDistances(components, x, clean))
      const column = (columns: Tensor): Tensor => reshape(sum(columns, 0), [-1, 1])
      return {
        ...family.maximise({
          mass: column(responsibilities),
          sums: matMul(responsibilities, x, { transposeA: true }),
          scatter: column(scatter),
          centres: components.centres,
          varianceFloor
        }),
        value: neg(sum(mul(weights, Components.logDensity(components, x, clean))))
      }
    })
    // What remains beside `value` has the names of the score's parameters.
    return { value: value.values[0], params: next as unknown as Params.Params<P> }
  }
