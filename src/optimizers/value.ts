/** Parts that look at the value of the objective. */
import * as t from 'io-ts'
import { numberCodec } from '../Params.js'
import { dot, part, scaled, type Part } from './part.js'

export interface Rated {
  /** The rate of the last step; 0 before the first. */
  readonly rate: number
}

export interface Plateau {
  readonly scale: number
  /** The least mean of `window` values; null before the first. */
  readonly best: number | null
  /** For how many means it has been the least. */
  readonly waited: number
  /** How many means are yet to be passed over. */
  readonly resting: number
  /** The sum and number of the values since the last mean. */
  readonly sum: number
  readonly count: number
}

export const polyak = ({
  lowerBound,
  largest
}: {
  readonly lowerBound: number
  readonly largest: number
}): Part<unknown> =>
  part<Rated>({
    init: () => ({ rate: 0 }),
    update: (gradient, _, __, { value }) => {
      const square = dot(gradient, gradient)
      const rate = square === 0 ? 0 : Math.min(Math.max((value - lowerBound) / square, 0), largest)
      return [scaled(rate)(gradient), { rate }]
    },
    state: t.type({ rate: numberCodec }),
    gain: state => (state === null ? 1 : state.rate)
  })

interface Reduction {
  readonly factor: number
  readonly patience: number
  readonly tolerance: number
  readonly cooldown: number
  readonly least: number
  readonly window: number
}

/** The state after a mean of `window` values. */
const met =
  ({ factor, patience, tolerance, cooldown, least }: Reduction) =>
  (state: Plateau, mean: number): Plateau => {
    const { best, scale, resting } = state
    const improves = best === null || mean < best - tolerance * Math.abs(best)
    const after = { ...state, best: improves ? mean : best, waited: 0, sum: 0, count: 0 }
    if (resting > 0) return { ...after, resting: resting - 1 }
    const waited = improves ? 0 : state.waited + 1
    return waited <= patience
      ? { ...after, waited }
      : { ...after, scale: Math.max(scale * factor, least), resting: cooldown }
  }

export const reduceOnPlateau = (reduction: Reduction): Part<unknown> =>
  part<Plateau>({
    init: () => ({ scale: 1, best: null, waited: 0, resting: 0, sum: 0, count: 0 }),
    update: (gradient, state, _, { value }) => {
      const counted = { ...state, sum: state.sum + value, count: state.count + 1 }
      const after = counted.count < reduction.window ? counted : met(reduction)(counted, counted.sum / counted.count)
      return [scaled(after.scale)(gradient), after]
    },
    state: t.type({
      scale: numberCodec,
      best: t.union([numberCodec, t.null]),
      waited: t.number,
      resting: t.number,
      sum: numberCodec,
      count: t.number
    }),
    gain: state => (state === null ? 1 : state.scale)
  })
