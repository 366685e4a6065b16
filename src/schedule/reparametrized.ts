/** A schedule on another clock. */
import * as Elementary from '../../lib/numbers/elementary.js'
import { Case, Field, Problem } from '../core/index.js'
import { concept, define, interpret } from './schedule.js'
import * as Clock from './clock.js'

/**
 * Schedule with its time changed by a clock: the level at time t is that of `schedule` at τ(t).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Clock, Schedule } from 'ornstein'
 *
 * const even = pipe(Schedule.cosine(), Schedule.reparametrized(Clock.evenLogSnr({ from: 10, to: -10 })))
 * assert.equal(pipe(even, Schedule.logSnr(0.75)), -5)
 */
export const reparametrized = define({
  name: 'reparametrized',
  about: 'the same levels on another clock: Clock.affine, Clock.power, Clock.evenLogSnr or your own',
  fields: {
    /** Clock τ(t). */
    clock: Field.of(Clock.concept),
    /** Schedule whose time is changed. */
    schedule: Field.of(concept)
  },
  call: ['clock'],
  on: 'schedule',
  example: { clock: Clock.affine({ scale: 2, shift: 0.01 }) },
  formula: ({ clock, schedule }) => `${Case.formula(schedule)}, at ${Clock.formula(clock)} in place of t`,
  check: ({ clock, schedule }) =>
    Case.isSound(clock)
      ? (Case.meaning(clock).requirements?.(interpret(schedule)) ?? []).map(Problem.within('clock'))
      : [],
  meaning: ({ clock, schedule }) => {
    const own = interpret(schedule)
    const { until, time, rate, inverse, logSnr } = Clock.interpret(own)(clock)
    const timeOf = logSnr?.inverse ?? ((logSnr: number): number => inverse(own.timeOfLogSnr(logSnr)))
    return {
      until,
      level: t => own.level(time(t)),
      logSnr: logSnr?.at ?? (t => own.logSnr(time(t))),
      timeOfLogSnr: timeOf,
      drift: t => rate(t) * own.drift(time(t)),
      // dλ/dt = −g²/σ²
      diffusion:
        logSnr === undefined
          ? t => rate(t) * own.diffusion(time(t))
          : t => -logSnr.slope(t) * Elementary.square(own.level(time(t)).sigma),
      kinks: () =>
        own
          .kinks()
          .map(time => timeOf(own.logSnr(time)))
          // The clock may end before the last kink.
          .filter(time => time > 0 && time < until),
      preservesVariance: own.preservesVariance
    }
  }
})
