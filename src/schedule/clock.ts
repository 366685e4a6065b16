/** Clocks: a schedule's own time τ as an increasing function of a new time t. */
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Field, Problem, Vocabulary, conceptModule, type Case } from '../core/index.js'
import { logSnrExtremes, type Dynamics } from './dynamics.js'

/** A clock on a schedule: τ(t), its derivative, and t(τ), for t in [0, until]. */
export interface Ticking {
  readonly until: number
  readonly time: (t: number) => number
  readonly rate: (t: number) => number
  readonly inverse: (time: number) => number
  /** Capability: log-SNR at a new time, its derivative, and its inverse, in closed form. */
  readonly logSnr?: {
    readonly at: (t: number) => number
    readonly slope: (t: number) => number
    readonly inverse: (logSnr: number) => number
  }
}

export interface Meaning {
  readonly ticking: (own: Dynamics) => Ticking
  /** Problems on a schedule, by field, if the fields are valid. */
  readonly requirements?: (own: Dynamics) => ReadonlyArray<Problem.Problem>
}

export interface Clock extends Case.Value<'Clock', Meaning> {}

/**
 * Defines a custom clock.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Clock, Field, Schedule } from 'ornstein'
 *
 * // τ = t/(rest + t), so that [0, 1) of a straight line has all the time there is.
 * const endless = Clock.define({
 *   name: 'endless',
 *   about: 'slower and slower',
 *   fields: { rest: Field.positive({ default: 1 }) },
 *   formula: ({ rest }) => `t/(${rest} + t)`,
 *   meaning: ({ rest }) => ({
 *     ticking: () => ({
 *       until: Infinity,
 *       time: t => t / (rest + t),
 *       rate: t => rest / (rest + t) ** 2,
 *       inverse: time => (rest * time) / (1 - time)
 *     })
 *   })
 * })
 * const schedule = pipe(Schedule.rectifiedFlow, Schedule.reparametrized(endless({ rest: 2 })))
 * assert.deepEqual(pipe(schedule, Schedule.level(6)), { alpha: 0.25, sigma: 0.75 })
 */
export const { concept, define, show, formula, problems } = conceptModule<Clock>(
  'Clock',
  'another time for the levels of a schedule'
)

/** τ = scale · t + shift. A shift > 0 starts the schedule later. */
export const affine = define({
  name: 'affine',
  about: 'τ = scale · t + shift',
  fields: {
    /** dτ/dt. */
    scale: Field.positive({ suggestion: 1 }),
    /** τ at t = 0. Default: 0. */
    shift: Field.notNegative({ default: 0 })
  },
  example: { scale: 2, shift: 0.01 },
  formula: ({ scale, shift }) => (shift === 0 ? `${scale} t` : `${scale} t + ${shift}`),
  meaning: ({ scale, shift }) => ({
    requirements: ({ until }) =>
      Problem.unless(!(shift >= until), 'shift', shift, `in [0, ${until}), the schedule's own times`, 'leave it out'),
    ticking: ({ until }) => ({
      until: (until - shift) / scale,
      time: t => scale * t + shift,
      rate: () => scale,
      inverse: time => (time - shift) / scale
    })
  })
})

/** τ = t^exponent. An exponent above 1 spends more time at low noise. */
export const power = define({
  name: 'power',
  about: 'τ = t^exponent: above 1, time dwells where there is little noise',
  fields: {
    /** Exponent of t. */
    exponent: Field.positive({ suggestion: 2 })
  },
  call: ['exponent'],
  formula: ({ exponent }) => `t^${exponent}`,
  meaning: ({ exponent }) => ({
    ticking: ({ until }) => ({
      until: Elementary.pow(until, 1 / exponent),
      time: t => Elementary.pow(t, exponent),
      rate: t => exponent * Elementary.pow(t, exponent - 1),
      inverse: time => Elementary.pow(time, 1 / exponent)
    })
  })
})

const logSnrField = (suggestion: number, min: number, max: number): Field.Field<number> =>
  Field.number({
    holds: Number.isFinite,
    domain: 'finite',
    suggestion,
    arbitrary: fc => fc.double({ min, max, noNaN: true })
  })

/** Log-SNR linear in time, from `from` at t = 0 to `to` at t = 1 (Kingma et al. 2021, arXiv 2107.00630, §3). */
export const evenLogSnr = define({
  name: 'evenLogSnr',
  about: 'the log-SNR falls evenly (arXiv 2107.00630)',
  fields: {
    /** Log-SNR at t = 0. */
    from: logSnrField(10, 0.5, 5),
    /** Log-SNR at t = 1. */
    to: logSnrField(-10, -5, 0)
  },
  example: { from: 5, to: -5 },
  formula: ({ from, to }) => `the time of log-SNR ${from} + ${to - from} t`,
  check: ({ from, to }) => Problem.unless(to < from, 'to', to, `< from = ${from}`, 'let the log-SNR fall'),
  meaning: ({ from, to }) => ({
    requirements: own => {
      const { greatest, least } = logSnrExtremes(own)
      return [
        ...Problem.unless(
          !(from > greatest),
          'from',
          from,
          `≤ ${greatest}, the log-SNR at time 0`,
          `try ${Math.min(10, greatest)}`
        ),
        ...Problem.unless(
          !(to < least),
          'to',
          to,
          `≥ ${least}, the log-SNR at the last time`,
          `try ${Math.max(-10, least)}`
        )
      ]
    },
    ticking: ({ level, diffusion, logSnr, timeOfLogSnr }) => {
      const at = (t: number): number => from + (to - from) * t
      const inverse = (logSnr: number): number => (logSnr - from) / (to - from)
      const time = (t: number): number => timeOfLogSnr(at(t))
      return {
        until: 1,
        time,
        // dλ/dτ = −g²/σ²
        rate: t => ((from - to) * Elementary.square(level(time(t)).sigma)) / diffusion(time(t)),
        inverse: time => inverse(logSnr(time)),
        logSnr: { at, slope: () => to - from, inverse }
      }
    }
  })
})

/** Returns the clock on a schedule. */
export const interpret =
  (own: Dynamics): ((clock: Clock) => Ticking) =>
  clock =>
    concept.meaning(clock).ticking(own)

export const all: ReadonlyArray<Vocabulary.Entry> = [affine, power, evenLogSnr]

/** JSON codec of the clocks in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Clock, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
