/** Split and merge moves (Ueda, Nakano, Ghahramani & Hinton 2000): out of the local maxima of a mixture's likelihood. */
import { pipe } from 'fp-ts/lib/function.js'
import * as N from 'fp-ts/lib/number.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Ord from 'fp-ts/lib/Ord.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as ExpectationMaximization from './ExpectationMaximization.js'
import * as Frame from './Frame.js'
import * as Split from './kernels/split.js'
import { rowsOf } from '../compile/Loss.js'
import type * as Params from '../score/Params.js'
import type * as Points from '../data/Points.js'
import type { Family } from '../score/Score.js'

export interface Options {
  /** How many moves are tried before the mixture is left as it is. */
  readonly attempts: number
  /** Steps of expectation–maximization after which a move is judged. */
  readonly polish: number
  readonly varianceFloor: number
}

/** A move that gains less than this of the mean log-likelihood is not one out of a local maximum. */
const LEAST_GAIN = 1e-5

/**
 * The first of the most promising moves that raises the likelihood; the parameters as they are, when none does. A move
 * takes the component whose loss costs least and puts it to halve the one whose halves gain most.
 */
export const step = <P extends string>(
  family: Family<P>,
  { attempts, polish, varianceFloor }: Options,
  points: Points.Points
): ((params: Params.Params<P>) => ExpectationMaximization.Taken<P>) => {
  const { points: about, enter, leave } = Frame.of(family, points)
  const rows = rowsOf(about)
  const { leastRows } = family
  const judge = ExpectationMaximization.judge(family, points)
  const em = ExpectationMaximization.step(family, varianceFloor, points)
  return params => {
    const here = enter(params)
    const mixture = family.arrays(here)
    const { value, lost } = judge(params)
    const { mass, cost, splits } = Split.survey(rows, mixture, varianceFloor, leastRows)
    const moves = pipe(
      Array.from(cost, (cost, removed) =>
        splits.flatMap((found, split) =>
          found === null || split === removed ? [] : [{ removed, split, ...found, promise: found.gain - cost }]
        )
      ).flat(),
      RA.sort(
        pipe(
          N.Ord,
          Ord.reverse,
          Ord.contramap(({ promise }: { readonly promise: number }) => promise)
        )
      )
    )
    return pipe(
      moves.slice(0, attempts),
      RA.findFirstMap(({ removed, split, halves }) => {
        const start = family.maximise(here, Split.moved({ mass }, mixture, removed, split, halves), varianceFloor)
        const polished = Array.from({ length: polish }).reduce<Params.Params<P>>(
          params => em(params).params,
          leave(start)
        )
        const found = judge(polished)
        const isFixed = (k: number): boolean => found.mass[k] * points.rows >= leastRows
        const holds = isFixed(removed) && isFixed(split) && found.lost <= lost
        return found.value < value - LEAST_GAIN && holds ? O.some(polished) : O.none
      }),
      O.getOrElse(() => params),
      params => ({ value, params })
    )
  }
}
