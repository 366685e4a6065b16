/** Power iteration on Ĉ − I, Ĉ the second moment of the data: descent at high noise in the limit, for the symmetric pair. */
import { compute, matMul, mul, sub, tensor } from '../../lib/index.js'
import type { Taken } from './ExpectationMaximization.js'
import type * as Params from '../score/Params.js'
import * as Points from '../data/Points.js'
import type { Start } from '../score/Score.js'

/** c ← √λ v/|v| with v = (Ĉ − I)c and λ = ⟨c, v⟩/|c|². What it minimises is minus the Rayleigh quotient λ. */
export const step = <P extends string>(
  { centres, fromCentres }: Start<P>,
  points: Points.Points
): ((params: Params.Params<P>) => Taken<P>) => {
  const { rows, dim } = points
  const weights = Points.weightsOf(points)
  return params => {
    const { shape, values: centre } = centres(params)
    // Ĉc − c by two products with the data: Ĉ is dim × dim.
    const { values: moved } = compute(() => {
      const c = tensor(centre, [dim, 1])
      const x = Points.tensor(points)
      return sub(matMul(x, mul(tensor(weights, [rows, 1]), matMul(x, c)), { transposeA: true }), c)
    })
    const squared = (v: Float64Array): number => v.reduce((sum, x) => sum + x * x, 0)
    const along = centre.reduce((sum, c, i) => sum + c * moved[i], 0) / squared(centre)
    const length = Math.sqrt(Math.max(along, 1 / points.rows) / squared(moved))
    return { value: -along, params: fromCentres({ shape, values: moved.map(v => length * v) }, 1) }
  }
}
