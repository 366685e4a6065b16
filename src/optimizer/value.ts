/** Parts that use the value of the objective. */
import * as t from 'io-ts'
import { Field } from '../core/index.js'
import { numberCodec } from '../core/params.js'
import { define, dotParams, scaledParams } from './part.js'

/**
 * r g with r = (f(θ) − lowerBound)/|g|², clipped to [0, `largest`] (Polyak 1987; Loizou et al. 2021). Uses the
 * value.
 */
export const scaleByPolyak = define({
  name: 'scaleByPolyak',
  about: '(f − lowerBound)/|g|² · g',
  fields: {
    /** Lower bound of the objective. */
    lowerBound: Field.finite({ default: 0 }),
    /** Maximum rate. */
    largest: Field.number({
      holds: largest => largest > 0,
      domain: '> 0',
      suggestion: 1,
      remedy: 'try 1, or Infinity for no limit',
      default: 1,
      arbitrary: fc => fc.oneof(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), fc.constant(Infinity))
    })
  },
  // rate of the last step; 0 before the first
  memory: t.type({ rate: numberCodec }),
  init: () => () => ({ rate: 0 }),
  update:
    ({ lowerBound, largest }) =>
    (gradient, _, { value }) => {
      const square = dotParams(gradient, gradient)
      const rate = square === 0 ? 0 : Math.min(Math.max((value - lowerBound) / square, 0), largest)
      return [scaledParams(rate)(gradient), { rate }]
    },
  gain: () => memory => (memory === null ? 1 : memory.rate),
  needsObjective: true
})

interface Plateau {
  readonly scale: number
  /** Lowest mean of `window` values so far; null before the first. */
  readonly best: number | null
  /** Number of consecutive means without improvement. */
  readonly waited: number
  /** Number of means still ignored after a reduction. */
  readonly resting: number
  /** Sum of the values since the last mean. */
  readonly sum: number
  /** Number of values since the last mean. */
  readonly count: number
}

interface PlateauOptions {
  readonly factor: number
  readonly patience: number
  readonly tolerance: number
  readonly cooldown: number
  readonly least: number
}

const plateauAfterMean =
  ({ factor, patience, tolerance, cooldown, least }: PlateauOptions) =>
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

/**
 * scale · g; the scale starts at 1 and is multiplied by `factor` after more than `patience` consecutive values
 * without improvement. Uses the value.
 */
export const reduceOnPlateau = define({
  name: 'reduceOnPlateau',
  about: 'smaller when the value has not improved for long',
  fields: {
    /** Factor of a reduction. */
    factor: Field.inside({ default: 0.5 }),
    /** Number of consecutive values without improvement that are tolerated. */
    patience: Field.count({ least: 0, default: 10 }),
    /** Relative decrease from the best value that counts as an improvement. */
    tolerance: Field.notNegative({ default: 1e-4 }),
    /** Number of values that are ignored after a reduction. */
    cooldown: Field.count({ least: 0, default: 0 }),
    /** Lower bound of the scale. */
    least: Field.number({
      holds: least => least >= 0 && least <= 1,
      domain: 'in [0, 1]',
      suggestion: 0,
      default: 0,
      arbitrary: fc => fc.double({ min: 0, max: 1, noNaN: true })
    }),
    /** Number of values whose mean counts as one, to reduce noise. */
    window: Field.count({ default: 1 })
  },
  memory: t.type({
    scale: numberCodec,
    best: t.union([numberCodec, t.null]),
    waited: t.number,
    resting: t.number,
    sum: numberCodec,
    count: t.number
  }),
  init: () => () => ({ scale: 1, best: null, waited: 0, resting: 0, sum: 0, count: 0 }),
  update:
    reduction =>
    (gradient, memory, { value }) => {
      const counted = { ...memory, sum: memory.sum + value, count: memory.count + 1 }
      const after =
        counted.count < reduction.window ? counted : plateauAfterMean(reduction)(counted, counted.sum / counted.count)
      return [scaledParams(after.scale)(gradient), after]
    },
  gain: () => memory => (memory === null ? 1 : memory.scale),
  needsObjective: true
})
