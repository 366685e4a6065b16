/** Power iteration on Ĉ − I, Ĉ the second moment of the data: descent at high noise in the limit, for the symmetric pair. */
import { matMul, mul, tensor } from '../../../lib/index.js'
import type { Taken } from './expectationMaximization.js'
import { summed } from '../chunkwise.js'
import type * as Params from '../../core/params.js'
import type * as Source from '../../data/source/source.js'
import type { Start } from '../family.js'

/** c ← √λ v/|v| with v = (Ĉ − I)c and λ = ⟨c, v⟩/|c|². What it minimises is minus the Rayleigh quotient λ. */
export const step = <P extends string>(
  { centres, fromCentres }: Start<P>,
  data: Source.Data
): ((params: Params.Params<P>) => Taken<P>) => {
  const { rows, dim } = data
  return params => {
    const { shape, values: centre } = centres(params)
    // Ĉc − c by two products with the data: Ĉ is dim × dim.
    const moved = summed(data, dim, (x, weights) =>
      matMul(x, mul(weights, matMul(x, tensor(centre, [dim, 1]))), { transposeA: true })
    ).map((product, i) => product - centre[i])
    const squared = (v: Float64Array): number => v.reduce((sum, x) => sum + x * x, 0)
    const along = centre.reduce((sum, c, i) => sum + c * moved[i], 0) / squared(centre)
    const length = Math.sqrt(Math.max(along, 1 / rows) / squared(moved))
    return { value: -along, params: fromCentres({ shape, values: moved.map(v => length * v) }, 1) }
  }
}
