/** Expectation–maximization (Dempster, Laird & Rubin 1977) for the scores of mixtures, on the data or on noisy ones. */
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../lib/elementary.js'
import { Key } from '../../lib/index.js'
import * as Fused from './kernels/index.js'
import type * as Pass from './kernels/pass.js'
import * as Frame from './Frame.js'
import { rowsOf } from '../compile/Loss.js'
import type * as Params from '../score/Params.js'
import * as Points from '../data/Points.js'
import type { Level } from '../schedule/Schedule.js'
import type { Family } from '../score/Score.js'

/** What a step found and did. */
export interface Taken<P extends string> {
  /** The mean negative log-likelihood at the parameters it starts from. */
  readonly value: number
  readonly params: Params.Params<P>
}

/** One E- and M-step on the likelihood at time 0. */
export const step = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  points: Points.Points
): ((params: Params.Params<P>) => Taken<P>) => {
  const { points: about, enter, leave } = Frame.of(family, points)
  const rows = rowsOf(about)
  return params => {
    const here = enter(params)
    const statistics = Fused.expectationPass(rows, family.arrays(here))
    return { value: statistics.value, params: leave(family.maximise(here, statistics, varianceFloor)) }
  }
}

/** Rows that are given noise at once: the noisy data are never held whole. */
const BLOCK = 65_536

/** Σ w x_t-statistics over blocks of rows, each with noise of its own. */
const noisyPass = (
  { rows, dim, values }: Points.Points,
  weights: Float64Array,
  { alpha, sigma }: Level,
  mixture: Pass.Arrays,
  key: Key.Key
): Pass.Statistics =>
  pipe(
    RA.makeBy(Math.ceil(rows / BLOCK), block => {
      const [from, to] = [block * BLOCK, Math.min(rows, (block + 1) * BLOCK)]
      const noise = pipe(key, Key.child(block), Key.normal((to - from) * dim))
      const x = noise.map((z, at) => alpha * values[from * dim + at] + sigma * z)
      return Fused.expectationPass(
        { rows: to - from, dim, x, weights: weights.subarray(from, to), passing: true },
        mixture
      )
    }),
    blocks =>
      blocks.reduce((sum, next) => ({
        value: sum.value + next.value,
        mass: sum.mass.map((m, k) => m + next.mass[k]),
        sums: sum.sums.map((s, at) => s + next.sums[at]),
        scatter: sum.scatter.map((s, k) => s + next.scatter[k])
      }))
  )

/**
 * One E- and M-step on the likelihood of x_t = αx_0 + σz under the diffused mixture, z drawn anew: at high noise the
 * landscape is smooth, and what it hides are the local maxima. With r the responsibilities at x_t, the mean moves to
 * E[r x_t]/(α E r), and the variance to (E[r|x_t − α·mean|²]/(d E r) − σ²)/α²: the M-step for x_t, at time 0.
 */
export const noisyStep = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  points: Points.Points,
  { alpha, sigma }: Level
): ((params: Params.Params<P>, key: Key.Key) => Taken<P>) => {
  const weights = Points.weightsOf(points)
  const { points: about, enter, leave } = Frame.of(family, points)
  return (params, key) => {
    const here = enter(params)
    const mixture = family.arrays(here)
    const found = noisyPass(
      about,
      weights,
      { alpha, sigma },
      {
        ...mixture,
        centres: mixture.centres.map(c => alpha * c),
        variances: mixture.variances.map(v => Elementary.square(alpha) * v + Elementary.square(sigma))
      },
      key
    )
    const statistics = {
      ...found,
      sums: found.sums.map(sum => sum / alpha),
      scatter: found.scatter.map(
        (sum, k) => (sum - found.mass[k] * points.dim * Elementary.square(sigma)) / Elementary.square(alpha)
      )
    }
    return { value: found.value, params: leave(family.maximise(here, statistics, varianceFloor)) }
  }
}

/** How parameters do on the data. */
export interface Judged {
  /** The mean negative log-likelihood. */
  readonly value: number
  /** What share of the data each component answers for, [K] */
  readonly mass: Float64Array
  /** How many components have fewer rows than fix their parameters. */
  readonly lost: number
}

export const judge = <P extends string>(
  family: Family<P>,
  points: Points.Points
): ((params: Params.Params<P>) => Judged) => {
  const { points: about, enter } = Frame.of(family, points)
  const rows = rowsOf(about)
  return params => {
    const { value, mass } = Fused.expectationPass(rows, family.arrays(enter(params)))
    return { value, mass, lost: mass.filter(share => share * points.rows < family.leastRows).length }
  }
}

/** The mean negative log-likelihood of the data at given parameters. */
export const loss = <P extends string>(
  family: Family<P>,
  points: Points.Points
): ((params: Params.Params<P>) => number) => {
  const judged = judge(family, points)
  return params => judged(params).value
}
