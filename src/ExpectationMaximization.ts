/** Expectation–maximization on the likelihood at time 0 (Dempster, Laird & Rubin 1977), for the scores of mixtures. */
import * as Fused from './fused/index.js'
import { rowsOf } from './Loss.js'
import type * as Params from './Params.js'
import type * as Points from './Points.js'
import type { Family } from './Score.js'

/** One E- and M-step; `value` is the mean negative log-likelihood at the parameters it starts from. */
export const step = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  points: Points.Points
): ((params: Params.Params<P>) => { readonly value: number; readonly params: Params.Params<P> }) => {
  const rows = rowsOf(points)
  return params => {
    const statistics = Fused.expectationPass(rows, family.arrays(params))
    return { value: statistics.value, params: family.maximise(params, statistics, varianceFloor) }
  }
}

/** The mean negative log-likelihood of the data at given parameters. */
export const loss = <P extends string>(
  family: Family<P>,
  points: Points.Points
): ((params: Params.Params<P>) => number) => {
  const rows = rowsOf(points)
  return params => Fused.expectationPass(rows, family.arrays(params)).value
}
