/** Parts that look at the value of the objective. */
import * as t from 'io-ts'
import { Field } from '../core/index.js'
import { numberCodec } from '../core/params.js'
import { define, dotParams, scaledParams } from './part.js'

/** r g, r = (f(θ) − lowerBound)/|g|², between 0 and `largest` (Polyak 1987; Loizou et al. 2021). Sees the value. */
export const scaleByPolyak = define({
  name: 'scaleByPolyak',
  about: '(f − lowerBound)/|g|² · g',
  fields: {
    /** A number below which the objective does not fall. */
    lowerBound: Field.finite({ default: 0 }),
    /** No rate is above this. */
    largest: Field.number({
      holds: largest => largest > 0,
      domain: '> 0',
      suggestion: 1,
      remedy: 'try 1, or Infinity for no limit',
      default: 1,
      arbitrary: fc => fc.oneof(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), fc.constant(Infinity))
    })
  },
  // The rate of the last step; 0 before the first.
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
  /** The lowest mean of `window` values so far; null before the first. */
  readonly best: number | null
  /** How many means in a row have not improved on it. */
  readonly waited: number
  /** How many means are yet to be passed over. */
  readonly resting: number
  /** The sum and number of the values since the last mean. */
  readonly sum: number
  readonly count: number
}

interface PlateauOptions {
  readonly factor: number
  readonly patience: number
  readonly tolerance: number
  readonly cooldown: number
  readonly least: number
}

/** The state after a mean of `window` values. */
const plateauAfter =
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
 * scale · g; the scale, at first 1, is multiplied by `factor` when more than `patience` values in a row
 * have not improved on the best. Sees the value. */
export const reduceOnPlateau = define({
  name: 'reduceOnPlateau',
  about: 'smaller when the value has not improved for long',
  fields: {
    /** What the scale is multiplied by. */
    factor: Field.inside({ default: 0.5 }),
    /** How many values in a row may fail to improve. */
    patience: Field.count({ least: 0, default: 10 }),
    /** A value improves when it is lower than the best by this share of it. */
    tolerance: Field.notNegative({ default: 1e-4 }),
    /** How many values are passed over after a reduction. */
    cooldown: Field.count({ least: 0, default: 0 }),
    /** The scale does not fall below this. */
    least: Field.number({
      holds: least => least >= 0 && least <= 1,
      domain: 'in [0, 1]',
      suggestion: 0,
      default: 0,
      arbitrary: fc => fc.double({ min: 0, max: 1, noNaN: true })
    }),
    /** The mean of so many values counts as one, against noise. */
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
        counted.count < reduction.window ? counted : plateauAfter(reduction)(counted, counted.sum / counted.count)
      return [scaledParams(after.scale)(gradient), after]
    },
  gain: () => memory => (memory === null ? 1 : memory.scale),
  needsObjective: true
})
