/** Time grids: the times at which a sampler stops, from the noisy end `from` down to the clean end `to`. */
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import * as Elementary from '../lib/elementary.js'
import * as Limits from './Limits.js'
import * as Problem from './Problem.js'
import * as Schedule from './Schedule.js'
import * as Tagged from './Tagged.js'

interface Span {
  /** The noisy end, the later time. */
  readonly from: number
  /** The clean end; 0 is the data, where the schedule says so. */
  readonly to: number
  readonly steps: number
}

export interface Uniform extends Span {
  readonly _tag: 'Uniform'
}

export interface LogSnr extends Span {
  readonly _tag: 'LogSnr'
}

export interface Karras extends Span {
  readonly _tag: 'Karras'
  readonly rho: number
}

export interface Listed {
  readonly _tag: 'Listed'
  readonly times: ReadonlyArray<number>
}

export interface Constant {
  readonly _tag: 'Constant'
  readonly time: number
  readonly steps: number
}

export type TimeGrid = Uniform | LogSnr | Karras | Listed | Constant

/**
 * Equal steps in time. Where σ grows like √t, as in Ornstein–Uhlenbeck's, its first steps from σ = 0 are long in σ, and a
 * solver down to 0 loses part of its order: prefer `karras` there.
 */
export const uniform = ({ from, to, steps }: Span): TimeGrid => ({ _tag: 'Uniform', from, to, steps })

/**
 * Equal steps in the log-SNR log(α²/σ²), whatever the schedule (Lu et al. 2022, arXiv 2206.00927). The clean end needs
 * noise: without it the log-SNR is infinite.
 */
export const logSnr = ({ from, to, steps }: Span): TimeGrid => ({ _tag: 'LogSnr', from, to, steps })

/**
 * Equal steps in (σ/α)^{1/ρ}: the larger ρ, the more steps at low noise (Karras et al. 2022, arXiv 2206.00364, eq. 5,
 * where ρ = 7).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule, TimeGrid } from 'ornstein'
 *
 * const exploding = Schedule.custom({ name: 'exploding', alpha: () => 1, sigma: t => t, until: 80 })
 * const times = pipe(TimeGrid.karras({ from: 80, to: 0, steps: 4 }), TimeGrid.times(exploding))
 * assert.deepEqual(Array.from(times, time => time.toPrecision(3)), ['80.0', '10.7', '0.625', '0.00488', '0.00'])
 */
export const karras = ({ from, to, steps, rho = 7 }: Span & { readonly rho?: number }): TimeGrid => ({
  _tag: 'Karras',
  from,
  to,
  steps,
  rho
})

/** The given times, falling. */
export const listed = (times: ReadonlyArray<number>): TimeGrid => ({ _tag: 'Listed', times })

/** One noise level, at which a Langevin sampler makes its moves. */
export const constant = ({ time, steps }: Omit<Constant, '_tag'>): TimeGrid => ({ _tag: 'Constant', time, steps })

export const fold = Tagged.fold<TimeGrid>()

/** σ/α */
const ratio = (schedule: Schedule.Schedule, time: number): number => {
  const { alpha, sigma } = pipe(schedule, Schedule.level(time))
  return sigma / alpha
}

/** Both ends as they are, and between them what lies at the shares 1/steps, 2/steps, …. */
const between = ({ from, to, steps }: Span, at: (share: number) => number): Float64Array =>
  new Float64Array(steps + 1).map((_, i) => (i === 0 ? from : i === steps ? to : at(i / steps)))

const mix = (a: number, b: number, share: number): number => a + (b - a) * share

/** The times, steps + 1 of them, the noisy end first. */
export const times = (schedule: Schedule.Schedule): ((grid: TimeGrid) => Float64Array) =>
  fold<Float64Array>({
    Uniform: span => between(span, share => mix(span.from, span.to, share)),
    LogSnr: span => {
      const [noisy, clean] = [span.from, span.to].map(time => pipe(schedule, Schedule.logSnr(time)))
      return between(span, share => pipe(schedule, Schedule.timeOfLogSnr(mix(noisy, clean, share))))
    },
    Karras: span => {
      const [noisy, clean] = [span.from, span.to].map(time => Elementary.pow(ratio(schedule, time), 1 / span.rho))
      return between(span, share =>
        // log(α²/σ²) = −2 log(σ/α)
        pipe(schedule, Schedule.timeOfLogSnr(-2 * span.rho * Elementary.log(mix(noisy, clean, share))))
      )
    },
    Listed: ({ times }) => Float64Array.from(times),
    Constant: ({ time, steps }) => new Float64Array(steps + 1).fill(time)
  })

const numbers = (fields: Readonly<Record<string, number>>): string =>
  `{ ${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')} }`

export const show = fold<string>({
  Uniform: ({ from, to, steps }) => `TimeGrid.uniform(${numbers({ from, to, steps })})`,
  LogSnr: ({ from, to, steps }) => `TimeGrid.logSnr(${numbers({ from, to, steps })})`,
  Karras: ({ from, to, steps, rho }) => `TimeGrid.karras(${numbers({ from, to, steps, rho })})`,
  Listed: ({ times }) => `TimeGrid.listed([${times.join(', ')}])`,
  Constant: ({ time, steps }) => `TimeGrid.constant(${numbers({ time, steps })})`
})

export const formula = fold<string>({
  Uniform: ({ from, to, steps }) => `t from ${from} to ${to} in ${steps} equal steps`,
  LogSnr: ({ from, to, steps }) => `t from ${from} to ${to} in ${steps} equal steps of log(α²/σ²)`,
  Karras: ({ from, to, steps, rho }) => `t from ${from} to ${to} in ${steps} equal steps of (σ/α)^(1/${rho})`,
  Listed: ({ times }) => `t = ${times.join(', ')}`,
  Constant: ({ time, steps }) => `t = ${time} for ${steps} steps`
})

/** What is wrong with a grid on a schedule: outside it, rising, without a step, or where a level has no signal. */
export const problems = (schedule: Schedule.Schedule): ((grid: TimeGrid) => ReadonlyArray<Problem.Problem>) => {
  const last = Schedule.until(schedule)
  const noisy = (field: string, time: number): ReadonlyArray<Problem.Problem> => {
    const outside = pipe(schedule, Schedule.timeProblems(field, time))
    return outside.length > 0
      ? outside
      : Problem.unless(
          ratio(schedule, time) < Infinity,
          field,
          time,
          'a time with signal left: alpha is 0 there, and a score says nothing of the data',
          `try ${0.999 * time}`
        )
  }
  const clean = (field: string, time: number, before: number): ReadonlyArray<Problem.Problem> => [
    ...Problem.unless(time >= 0 && time <= last, field, time, `a time of ${Schedule.show(schedule)}, ≥ 0`, 'try 0.001'),
    ...Problem.unless(!(time >= before), field, time, `< ${before}: times fall from noise to data`, 'swap the two')
  ]
  const steps = (steps: number): ReadonlyArray<Problem.Problem> => Problem.count('steps', steps, 1, 100, Limits.times)
  const span = ({ from, to, steps: count }: Span): ReadonlyArray<Problem.Problem> => [
    ...noisy('from', from),
    ...clean('to', to, from),
    ...steps(count)
  ]
  return fold<ReadonlyArray<Problem.Problem>>({
    Uniform: span,
    LogSnr: grid => [
      ...span(grid),
      ...Problem.unless(
        !(ratio(schedule, grid.to) <= 0),
        'to',
        grid.to,
        'a time with noise, where the log-SNR is finite',
        'try 0.001, or TimeGrid.karras'
      )
    ],
    Karras: grid => [...span(grid), ...Problem.positive('rho', grid.rho, 7)],
    Listed: ({ times }) => [
      ...Problem.unless(
        times.length > 1,
        'times',
        `a list of ${times.length}`,
        'at least two times',
        'add the clean end'
      ),
      ...times.flatMap((time, i) => (i === 0 ? noisy('times[0]', time) : clean(`times[${i}]`, time, times[i - 1])))
    ],
    Constant: ({ time, steps: count }) => [...noisy('time', time), ...steps(count)]
  })
}

const spanCodec = t.type({ from: t.number, to: t.number, steps: t.number })

export const codec: t.Type<TimeGrid, unknown> = t.union([
  t.intersection([t.type({ _tag: t.literal('Uniform') }), spanCodec]),
  t.intersection([t.type({ _tag: t.literal('LogSnr') }), spanCodec]),
  t.intersection([t.type({ _tag: t.literal('Karras'), rho: t.number }), spanCodec]),
  t.type({ _tag: t.literal('Listed'), times: t.readonlyArray(t.number) }),
  t.type({ _tag: t.literal('Constant'), time: t.number, steps: t.number })
])
