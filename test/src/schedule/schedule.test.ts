/** Schedules against numbers of 60 digits, against each other, and the laws of those on other clocks. What is printed and refused is in test/golden/words.txt. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Field, Key, Mixture, Problem, TimeGrid } from '../../../src/index.js'
import * as Clock from '../../../src/schedule/clock.js'
import * as Schedule from '../../../src/schedule/index.js'
import * as laws from '../../../src/laws/schedule.js'
import { allHold } from '../../laws/holds.js'
import { SEED } from '../../cases.js'

type S = Schedule.Schedule
interface Row extends Schedule.Level {
  readonly time: number
  readonly logSnr: number
  readonly drift: number
  readonly diffusion: number
}

/** From the published formulas for α and σ in 60 digits (mpmath), rounded to doubles once. */
const reference = JSON.parse(readFileSync(new URL('../../oracle/schedules.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, ReadonlyArray<Row>>
>
const ddpm = Schedule.betas(Schedule.linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))
const { ornsteinUhlenbeck, edm, rectifiedFlow, reparametrized } = Schedule
const { affine, power, evenLogSnr } = Clock
const published: Readonly<Record<string, S>> = {
  ornsteinUhlenbeck,
  edm,
  rectifiedFlow,
  ddpm,
  vpLinear: Schedule.vpLinear(),
  subVp: Schedule.subVp(),
  varianceExploding: Schedule.varianceExploding(),
  cosine: Schedule.cosine(),
  cosineWithoutOffset: Schedule.cosine({ offset: 0 })
}
const all = Object.entries(published)
const says = (schedule: S): ReadonlyArray<string> => Schedule.problems(schedule).map(Problem.show)
const near = (label: string, found: number, wanted: number, relative: number, absolute = 0): void => {
  expect(Math.abs(found - wanted), `${label}: ${found} for ${wanted}`).toBeLessThanOrEqual(
    relative * Math.abs(wanted) + absolute
  )
}

it.each(all)('%s has the published levels, rates and times, to a few ulps of each number', (name, schedule) => {
  for (const { time, alpha, sigma, logSnr, drift, diffusion } of reference[name]) {
    const found = Schedule.interpret(schedule)
    const level = found.level(time)
    near(`α at ${time}`, level.alpha, alpha, 4e-15)
    near(`σ at ${time}`, level.sigma, sigma, 4e-15)
    near(`drift at ${time}`, found.drift(time), drift, 4e-15)
    near(`diffusion at ${time}`, found.diffusion(time), diffusion, 4e-15)
    // Near 0 a logarithm is as good as its argument; dt = dλ · σ²/g².
    near(`log-SNR at ${time}`, found.logSnr(time), logSnr, 4e-15, 4e-15)
    const tolerance = (4e-15 * (1 + Math.abs(logSnr)) * sigma ** 2) / diffusion
    near(`time ${time}`, found.timeOfLogSnr(logSnr), time, 4e-15, tolerance)
  }
})

it('tables of β are those of the libraries, and the log-SNR falls through whole steps', () => {
  // Stable Diffusion: √ᾱ and √(1 − ᾱ) at its last step, 0.068265 and 0.997667, as commonly printed.
  const latent = Schedule.betas(Schedule.scaledLinearBetas({ steps: 1000, first: 0.00085, last: 0.012 }))
  const last = pipe(latent, Schedule.level(1000))
  expect([last.alpha.toFixed(6), last.sigma.toFixed(6)]).toEqual(['0.068265', '0.997667'])
  // The cosine schedule in 10 steps is itself at every whole step before β is clipped.
  const discrete = Schedule.betas(Schedule.cosineBetas({ steps: 10 }))
  for (const step of [1, 3, 9])
    near(
      'α',
      pipe(discrete, Schedule.level(step)).alpha,
      pipe(Schedule.cosine(), Schedule.level(step / 10)).alpha,
      1e-13
    )
  expect([Schedule.cosineBetas({ steps: 10 })[9], Schedule.linearBetas({ steps: 1, first: 0.1, last: 0.2 })]).toEqual([
    0.999,
    [0.1]
  ])
  for (const step of [1, 17, 999]) {
    const [before, at, after] = [step - 1e-9, step, step + 1e-9].map(time => pipe(ddpm, Schedule.logSnr(time)))
    expect([before > at, at > after, before - after < 1e-8]).toEqual([true, true, true])
  }
})

// —— one's own ——

/** α = pace/(pace + t), σ = t/(pace + t): all that is said, and all that follows in closed form. */
const fading = Schedule.define({
  name: 'fading',
  about: 'signal and noise in equal measure at t = pace',
  fields: { pace: Field.positive({ default: 1 }) },
  formula: ({ pace }) => `α = ${pace}/(${pace} + t), σ = 1 − α`,
  meaning: ({ pace }) => ({ until: Infinity, level: t => ({ alpha: pace / (pace + t), sigma: t / (pace + t) }) })
})
const own = fading({ pace: 0.7 })
const custom = (change: Partial<Parameters<typeof Schedule.custom>[0]>): S =>
  Schedule.custom({ name: 'mine', alpha: () => 1, sigma: t => t, until: 1, ...change })

/** By other clocks; those that are published keep the laws in test/laws/schedule.test.ts. */
it.each(
  [
    ...[Schedule.vpLinear(), edm, Schedule.cosine(), rectifiedFlow].flatMap(schedule =>
      [affine({ scale: 0.5, shift: 0.1 }), power(2), evenLogSnr({ from: 6, to: -4 })].map(clock =>
        reparametrized(clock)(schedule)
      )
    ),
    reparametrized(power(0.5))(reparametrized(affine({ scale: 0.5, shift: 0.1 }))(ornsteinUhlenbeck))
  ].map(schedule => [Schedule.show(schedule), schedule] as const)
)('%s has the laws', (_, schedule) => {
  const options = { variancePreserving: Schedule.preservesVariance(schedule), homogeneous: false }
  allHold(laws.schedule(schedule, options), ({ property }) => fc.assert(property, { seed: SEED, numRuns: 5 }))
})

describe('the same noise in other clothes', () => {
  // To the next and to the next but three: what is carried is of the level there, whatever the schedule here.
  const pairs = all.flatMap(([a, from], i) => [1, 4].map(by => [a, ...all[(i + by) % all.length], from] as const))
  it.each(pairs)('carries the exact score from %s to %s', (_, __, to, from) => {
    const means = [
      [1, -0.5],
      [-2, 0.3]
    ]
    const mixture = Mixture.of({ means, weights: [1, 3], variances: [0.5, 1.4] })
    const x = { rows: 5, dim: 2, values: Key.normal(10)(Key.fromSeed(3)) }
    const scoreAt = (schedule: S, time: number, by: number): Float64Array =>
      pipe(
        mixture,
        Mixture.diffuse(pipe(schedule, Schedule.level(time))),
        Mixture.score({ ...x, values: x.values.map(value => by * value) })
      ).values
    for (const logSnr of [4, 0.3, -5]) {
      const time = pipe(from, Schedule.timeOfLogSnr(logSnr))
      const there = pipe(from, Schedule.sameNoise(to)(time))
      const here = pipe(from, Schedule.level(time))
      const other = pipe(to, Schedule.level(there.time))
      near('α', there.scale * here.alpha, other.alpha, 1e-12)
      near('σ', there.scale * here.sigma, other.sigma, 1e-12)
      const carried = scoreAt(from, time, 1 / there.scale).map(s => s / there.scale)
      scoreAt(to, there.time, 1).forEach((s, i) => {
        near('score', carried[i], s, 1e-10, 1e-10)
      })
    }
  })

  it('has the scale of whichever has not vanished, and stays at an end where there is no such noise', () => {
    const equal = Schedule.equalNoise(rectifiedFlow)
    expect([equal({ alpha: 0, sigma: 4 }), equal({ alpha: 5, sigma: 0 })]).toEqual([
      expect.objectContaining({ time: 1, scale: 0.25 }),
      expect.objectContaining({ time: 0, scale: 0.2 })
    ])
    const few = Schedule.varianceExploding({ sigmaMin: 0.5, sigmaMax: 1 })
    expect([0.1, 7].map(time => pipe(edm, Schedule.sameNoise(few)(time)).time)).toEqual([0, 1])
    const { greatest, least } = Schedule.logSnrRange(Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: Math.exp(1) }))
    expect([greatest, least]).toEqual([expect.closeTo(0, 14), expect.closeTo(-2, 14)])
    expect(Schedule.logSnrRange(edm)).toEqual({ greatest: Infinity, least: -Infinity })
  })
})

// —— what is refused, of more than one number ——

const oneToE = Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: Math.exp(1) })
const even = (from: number, to: number, schedule: S = oneToE): S => reparametrized(evenLogSnr({ from, to }))(schedule)
it.each<[S, ReadonlyArray<string>]>([
  [Schedule.betas([]), ['betas: [] is not a list with at least one β; try Schedule.linearBetas']],
  [Schedule.betas([0.1, 1]), ['betas[1]: 1 is not in (0, 1); keep some of the signal, and add some noise']],
  [Schedule.betas([0]), ['betas[0]: 0 is not in (0, 1); keep some of the signal, and add some noise']],
  [Schedule.vpLinear({ betaMin: 2, betaMax: 2 }), []],
  [reparametrized(power(2))(Schedule.cosine({ offset: -1 })), ['schedule.offset: -1 is not ≥ 0 and finite; try 0.008']],
  [
    reparametrized(affine({ scale: 0, shift: 2 }))(Schedule.cosine()),
    [
      "clock.shift: 2 is not in [0, 1), the schedule's own times; leave it out",
      'clock.scale: 0 is not > 0 and finite; try 1'
    ]
  ],
  [
    reparametrized(affine({ scale: 1, shift: 1 }))(Schedule.cosine()),
    ["clock.shift: 1 is not in [0, 1), the schedule's own times; leave it out"]
  ],
  [even(0, -2), []],
  [
    even(4, 9),
    ['clock.from: 4 is not ≤ 0, the log-SNR at time 0; try 0', 'clock.to: 9 is not < from = 4; let the log-SNR fall']
  ],
  [even(-1, -3), ['clock.to: -3 is not ≥ -2, the log-SNR at the last time; try -2']],
  [even(-1, -1), ['clock.to: -1 is not < from = -1; let the log-SNR fall']],
  [
    even(Infinity, -Infinity, edm),
    ['clock.from: Infinity is not finite; try 10', 'clock.to: -Infinity is not finite; try -10']
  ],
  [custom({ alpha: t => 1 - t }), []],
  // All its times are 0, where nothing falls.
  [custom({ until: 0 }), ['until: 0 is not > 0 and finite; try 1']]
])('%j: what is wrong with it', (schedule, wanted) => {
  expect(says(schedule)).toEqual(wanted)
})

it.each<[string, Partial<Parameters<typeof Schedule.custom>[0]>, RegExp]>([
  [
    'signal below 0',
    { alpha: () => -1 },
    /^alpha, sigma of mine at time 0.000118.*: -1, 0.000118.* is not ≥ 0 and finite/
  ],
  ['endless signal', { alpha: () => Infinity }, /: Infinity, 0.0001.* is not ≥ 0 and finite/],
  ['noise below 0', { sigma: t => (t < 0.5 ? t : -t) }, /^alpha, sigma of mine at time 0.5: 1, -0.5 is not ≥ 0/],
  ['no number', { sigma: t => (t < 0.5 ? t : NaN) }, /at time 0.5: 1, NaN is not ≥ 0/],
  // Level at two neighbours of the grid of 65, from ½ on.
  ['a plateau', { sigma: t => Math.min(t, 0.5) }, /^log-SNR of mine at time 0.50.*: 1.386.* is not falling/]
])('levels are looked at: %s', (what, change, wanted) => {
  expect(says(custom(change))).toEqual([expect.stringMatching(wanted)])
  const { alpha = () => 1, sigma = (t: number) => t } = change
  const meaning = { until: 1, level: (t: number) => ({ alpha: alpha(t), sigma: sigma(t) }) }
  const stated = { ...meaning, timeOfLogSnr: (logSnr: number): number => Math.exp(-logSnr / 2) }
  // Where the time of a log-SNR is stated, only whether there are levels.
  for (const meant of what === 'a plateau' ? [meaning] : [meaning, stated])
    expect(says(Schedule.define({ name: 'mine', about: '', meaning: () => meant }))).toHaveLength(1)
})

it('a time has noise and is within the schedule', () => {
  const found = (schedule: S, time: number): ReadonlyArray<string> =>
    Schedule.timeProblems('time', time)(schedule).map(Problem.show)
  expect([...[Number.MIN_VALUE, 1].flatMap(time => found(rectifiedFlow, time)), ...found(edm, 1e9)]).toEqual([])
  expect(found(rectifiedFlow, 1.5)).toEqual([
    'time: 1.5 is not a time of Schedule.rectifiedFlow with noise, in (0, 1]; try 0.1'
  ])
  for (const time of [0, -1, NaN, Infinity])
    expect(found(edm, time)).toEqual([`time: ${time} is not a time of Schedule.edm with noise, in (0, ∞); try 0.1`])
})

// Times over the whole of [0, 1], and crowded at both ends; 2⁻ᵏ from the end is exact, so that 1 − t is.
const times = [
  ...Array.from({ length: 200 }, (_, i) => (i + 0.37) / 200),
  ...Array.from({ length: 20 }, (_, i) => 2 ** -(i + 1)).flatMap(share => [share, 1 - share]),
  ...[1e-3, 1e-4, 1e-5, 1e-6, 0.999, 0.9985, 0.9999, 1]
]
const quarter = Math.PI / 2
type Fn = (t: number) => number
it.each<[string, alpha: Fn, sigma: Fn, drift: Fn, diffusion: Fn, within: readonly [number, number]]>([
  [
    'the circle',
    t => Math.cos(quarter * t),
    t => Math.sin(quarter * t),
    t => -quarter * Math.tan(quarter * t),
    t => 2 * quarter * Math.tan(quarter * t),
    [0, 1]
  ],
  ['the straight line', t => 1 - t, t => t, t => -1 / (1 - t), t => (2 * t) / (1 - t), [0, 1]],
  // Nearer than 1e-6 to a root, h⁴ counts.
  ['roots at both ends', t => Math.sqrt(1 - t), Math.sqrt, t => -0.5 / (1 - t), t => 1 / (1 - t), [1e-6, 1 - 1e-6]],
  ['long', t => Math.exp(-500 * t), t => Math.sqrt(-Math.expm1(-1000 * t)), () => -500, () => 1000, [0, 0.7]]
])(
  'drift and diffusion by differences are those of the closed form: %s',
  (_, alpha, sigma, drift, diffusion, [lo, hi]) => {
    const mine = Schedule.interpret(custom({ alpha, sigma }))
    for (const t of times.filter(t => t >= lo && t <= hi))
      for (const [found, wanted] of [
        [mine.drift(t), drift(t)],
        [mine.diffusion(t), diffusion(t)]
      ])
        // 1e-8 is the least step: ε f/h is 2e-8 at the ends of what is smooth; it is absolute, and f is up to 1.
        if (Number.isFinite(wanted)) near(`at ${t}`, found, wanted, 1e-7, 1e-7)
        else expect(found, `at ${t}`).toBe(wanted)
  }
)

it('of a schedule by define all follows from its levels, also in grids', () => {
  for (const t of [1e-3, 0.1, 0.7, 2, 50]) {
    near('log-SNR', pipe(own, Schedule.logSnr(t)), 2 * Math.log(0.7 / t), 1e-14)
    near('time', pipe(own, Schedule.timeOfLogSnr(2 * Math.log(0.7 / t))), t, 4e-15 * (1 + Math.abs(Math.log(t))))
    near('drift', pipe(own, Schedule.drift(t)), -1 / (0.7 + t), 1e-7)
    near('diffusion', pipe(own, Schedule.diffusion(t)), (2 * t) / (0.7 + t) ** 2, 1e-7)
  }
  // Equal steps in (σ/α)^{1/7}, σ/α = t/pace.
  TimeGrid.times(own)(TimeGrid.karras({ from: 5, to: 0.1, steps: 8 })).forEach((time, i) => {
    near(`time ${i}`, time, (5 ** (1 / 7) + ((0.1 ** (1 / 7) - 5 ** (1 / 7)) * i) / 8) ** 7, 1e-13)
  })
  expect([Schedule.endTime(own), Schedule.preservesVariance(own), Schedule.isHomogeneous(own)]).toEqual([
    Infinity,
    false,
    false
  ])
})

it('a clock is asked once, not once for each that it stands in', () => {
  const deep = Array.from({ length: 60 }).reduce<S>(
    reparametrized(affine({ scale: 1 })),
    reparametrized(power(-1))(edm)
  )
  expect(Schedule.problems(deep)).toHaveLength(1)
})
