/** Schedules against numbers of 60 digits, against each other, and the laws of every schedule. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Clock,
  Compile,
  Expectation,
  Field,
  Key,
  Mixture,
  Objective,
  Params,
  Problem,
  Schedule,
  Score,
  TimeGrid,
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'
import { compiled } from '../../../src/laws/check.js'
import * as laws from '../../../src/laws/schedule.js'
import type { Law } from '../../../src/laws/law.js'
import { allHold } from '../../laws/holds.js'
import { runs, today } from '../../today.js'

interface Row extends Schedule.Level {
  readonly time: number
  readonly logSnr: number
  readonly drift: number
  readonly diffusion: number
}

/**
 * From the published formulas for α and σ in 60 digits (mpmath), log-SNR, drift and diffusion by their definitions, at
 * the exact doubles given as times; rounded to doubles once.
 */
const reference = JSON.parse(readFileSync(new URL('../../oracle/schedules.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, ReadonlyArray<Row>>
>

const ddpm = Schedule.betas(Schedule.linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))

const published: Readonly<Record<string, Schedule.Schedule>> = {
  ornsteinUhlenbeck: Schedule.ornsteinUhlenbeck,
  vpLinear: Schedule.vpLinear(),
  subVp: Schedule.subVp(),
  cosine: Schedule.cosine(),
  cosineWithoutOffset: Schedule.cosine({ offset: 0 }),
  varianceExploding: Schedule.varianceExploding(),
  edm: Schedule.edm,
  rectifiedFlow: Schedule.rectifiedFlow,
  ddpm
}

const codec = Schedule.codec(Vocabulary.standard)

const throughText = (schedule: Schedule.Schedule): E.Either<unknown, Schedule.Schedule> =>
  codec.decode(JSON.parse(JSON.stringify(codec.encode(schedule))))

const near = (label: string, found: number, wanted: number, relative: number): void => {
  expect(Math.abs(found - wanted), `${label}: ${found} for ${wanted}`).toBeLessThanOrEqual(relative * Math.abs(wanted))
}

describe.each(Object.keys(published))('%s', name => {
  const schedule = published[name]

  it('has the published levels at both ends, to a few ulps of each number', () => {
    for (const { time, alpha, sigma, logSnr, drift, diffusion } of reference[name]) {
      const found = pipe(schedule, Schedule.level(time))
      near(`α at ${time}`, found.alpha, alpha, 4e-15)
      near(`σ at ${time}`, found.sigma, sigma, 4e-15)
      near(`drift at ${time}`, pipe(schedule, Schedule.drift(time)), drift, 4e-15)
      near(`diffusion at ${time}`, pipe(schedule, Schedule.diffusion(time)), diffusion, 4e-15)
      // Near 0 a logarithm is as good as its argument.
      const difference = Math.abs(pipe(schedule, Schedule.logSnr(time)) - logSnr)
      expect(difference, `log-SNR at ${time}`).toBeLessThanOrEqual(4e-15 * (1 + Math.abs(logSnr)))
    }
  })

  it('is found by its log-SNR, as well as that is known', () => {
    for (const { time, logSnr, sigma, diffusion } of reference[name]) {
      // dt = dλ · σ²/g²; half an ulp of λ, and a few of the time itself.
      const tolerance = (4e-15 * (1 + Math.abs(logSnr)) * sigma ** 2) / diffusion + 4e-15 * time
      const found = pipe(schedule, Schedule.timeOfLogSnr(logSnr))
      expect(Math.abs(found - time), `time ${time}, found ${found}`).toBeLessThanOrEqual(tolerance)
    }
  })

  it('survives JSON, and has no problems', () => {
    expect(throughText(schedule)).toEqual(E.right(schedule))
    expect(Schedule.problems(schedule)).toEqual([])
  })
})

it('prints one table of names and levels', () => {
  const times: Readonly<Record<string, ReadonlyArray<number>>> = {
    ornsteinUhlenbeck: [0, 0.5, 2],
    edm: [0, 0.5, 80],
    ddpm: [0, 500, 1000]
  }
  const lines = Object.entries(published).flatMap(([name, schedule]) => [
    `${Schedule.show(schedule)}: ${Schedule.formula(schedule)}`,
    ...(times[name] ?? [0, 0.5, 1]).map(time => {
      const { alpha, sigma } = pipe(schedule, Schedule.level(time))
      return `  ${String(time).padStart(4)}  α ${alpha.toFixed(6)}  σ ${sigma.toFixed(6)}`
    })
  ])
  expect(lines.join('\n')).toBe(`\
Schedule.ornsteinUhlenbeck: α = exp(−t), σ² = 1 − exp(−2t)
     0  α 1.000000  σ 0.000000
   0.5  α 0.606531  σ 0.795060
     2  α 0.135335  σ 0.990800
Schedule.vpLinear({ betaMin: 0.1, betaMax: 20 }): α² = exp(−∫β), σ² = 1 − exp(−∫β), β = 0.1 + 19.9 t
     0  α 1.000000  σ 0.000000
   0.5  α 0.281183  σ 0.959654
     1  α 0.006572  σ 0.999978
Schedule.subVp({ betaMin: 0.1, betaMax: 20 }): α² = exp(−∫β), σ = 1 − exp(−∫β), β = 0.1 + 19.9 t
     0  α 1.000000  σ 0.000000
   0.5  α 0.281183  σ 0.920936
     1  α 0.006572  σ 0.999957
Schedule.cosine({ offset: 0.008 }): α = cos(½π (t + 0.008)/1.008) / cos(½π 0.008/1.008), σ² = 1 − α²
     0  α 1.000000  σ 0.000000
   0.5  α 0.702740  σ 0.711447
     1  α 0.000000  σ 1.000000
Schedule.cosine({ offset: 0 }): α = cos(½π (t + 0)/1) / cos(½π 0/1), σ² = 1 − α²
     0  α 1.000000  σ 0.000000
   0.5  α 0.707107  σ 0.707107
     1  α 0.000000  σ 1.000000
Schedule.varianceExploding({ sigmaMin: 0.01, sigmaMax: 50 }): α = 1, σ = 0.01 · 5000^t
     0  α 1.000000  σ 0.010000
   0.5  α 1.000000  σ 0.707107
     1  α 1.000000  σ 50.000000
Schedule.edm: α = 1, σ = t
     0  α 1.000000  σ 0.000000
   0.5  α 1.000000  σ 0.500000
    80  α 1.000000  σ 80.000000
Schedule.rectifiedFlow: α = 1 − t, σ = t
     0  α 1.000000  σ 0.000000
   0.5  α 0.500000  σ 0.500000
     1  α 0.000000  σ 1.000000
Schedule.betas([0.0001, 0.00011991991991991993, 0.00013983983983983984, …, 0.02]): α² = Π (1 − β_i) over the first t of 1000 steps, σ² = 1 − α²
     0  α 1.000000  σ 0.000000
   500  α 0.280334  σ 0.959902
  1000  α 0.006353  σ 0.999980`)
})

describe('tables of β', () => {
  it('are those of the libraries', () => {
    // Stable Diffusion: √ᾱ and √(1 − ᾱ) at its last step, 0.068265 and 0.997667, as commonly printed.
    const latent = Schedule.betas(Schedule.scaledLinearBetas({ steps: 1000, first: 0.00085, last: 0.012 }))
    const last = pipe(latent, Schedule.level(1000))
    expect(last.alpha).toBeCloseTo(0.068265, 6)
    expect(last.sigma).toBeCloseTo(0.997667, 6)
    // The cosine schedule in 10 steps is itself at every whole step before β is clipped.
    const discrete = Schedule.betas(Schedule.cosineBetas({ steps: 10 }))
    for (const step of [1, 3, 9]) {
      const { alpha, sigma } = pipe(Schedule.cosine(), Schedule.level(step / 10))
      expect(pipe(discrete, Schedule.level(step)).alpha).toBeCloseTo(alpha, 14)
      expect(pipe(discrete, Schedule.level(step)).sigma).toBeCloseTo(sigma, 14)
    }
    expect(Schedule.cosineBetas({ steps: 10 })[9]).toBe(0.999)
    expect(Schedule.linearBetas({ steps: 1, first: 0.1, last: 0.2 })).toEqual([0.1])
  })

  it('keep the log-SNR continuous and falling through whole steps', () => {
    for (const step of [1, 17, 999]) {
      const [before, at, after] = [step - 1e-9, step, step + 1e-9].map(time => pipe(ddpm, Schedule.logSnr(time)))
      expect(before).toBeGreaterThan(at)
      expect(at).toBeGreaterThan(after)
      expect(before - after).toBeLessThan(1e-8)
    }
  })
})

// —— laws ——

const clocks: ReadonlyArray<Schedule.Clock> = [
  Schedule.affine({ scale: 0.5, shift: 0.1 }),
  Schedule.power(2),
  Schedule.evenLogSnr({ from: 6, to: -4 })
]

/** By other clocks; those that are published keep the laws in test/laws/schedule.test.ts. */
const instances: ReadonlyArray<Schedule.Schedule> = [
  ...[Schedule.vpLinear(), Schedule.edm, Schedule.cosine(), Schedule.rectifiedFlow].flatMap(schedule =>
    clocks.map(clock => Schedule.reparametrized(clock)(schedule))
  ),
  Schedule.reparametrized(Schedule.power(0.5))(Schedule.reparametrized(clocks[0])(Schedule.ornsteinUhlenbeck))
]

/** Of the laws, those that fail, each with its own report. */
const hold = (held: ReadonlyArray<Law>): void => {
  allHold(held, ({ property }) => fc.assert(property, { seed: today, numRuns: runs(40) }))
}

it.each(instances.map(schedule => [Schedule.show(schedule), schedule] as const))('%s has the laws', (_, schedule) => {
  hold(laws.schedule(schedule, { variancePreserving: Schedule.preservesVariance(schedule), homogeneous: false }))
})

// Between whole steps, where it has a derivative; steps of differences do not cross one.
it('a table of betas has the laws', () => {
  hold(
    laws
      .schedule(Schedule.betas([0.1, 0.3, 0.05, 0.2]), {
        variancePreserving: true,
        homogeneous: false,
        times: fc.tuple(fc.nat(3), fc.constantFrom(0.3, 0.5, 0.8)).map(([step, part]) => step + part)
      })
      .filter(({ name }) => !name.startsWith('diffusing'))
  )
})

// —— the same noise in other clothes ——

describe('sameNoise', () => {
  // To the next and to the next but three: what is carried is of the level there, whatever the schedule here.
  const all = Object.entries(published)
  const pairs = all.flatMap(([a, from], i) =>
    [1, 4].map(by => {
      const [b, to] = all[(i + by) % all.length]
      return { a, from, b, to }
    })
  )
  it.each(pairs)('carries the exact score from $a to $b', ({ from, to }) => {
    const mixture = Mixture.of({
      means: [
        [1, -0.5],
        [-2, 0.3]
      ],
      weights: [1, 3],
      variances: [0.5, 1.4]
    })
    const x = { rows: 5, dim: 2, values: Key.normal(10)(Key.fromSeed(3)) }
    const scaled = (by: number, { values, ...rest }: typeof x): typeof x => ({
      ...rest,
      values: values.map(value => by * value)
    })
    const scoreAt = (schedule: Schedule.Schedule, time: number, points: typeof x): Float64Array =>
      pipe(mixture, Mixture.diffuse(pipe(schedule, Schedule.level(time))), Mixture.score(points)).values
    for (const logSnr of [4, 0.3, -5]) {
      const time = pipe(from, Schedule.timeOfLogSnr(logSnr))
      const there = pipe(from, Schedule.sameNoise(to)(time))
      const [own, other] = [pipe(from, Schedule.level(time)), pipe(to, Schedule.level(there.time))]
      near('α', there.scale * own.alpha, other.alpha, 1e-12)
      near('σ', there.scale * own.sigma, other.sigma, 1e-12)
      const carried = scoreAt(from, time, scaled(1 / there.scale, x)).map(s => s / there.scale)
      scoreAt(to, there.time, x).forEach((s, i) => {
        expect(Math.abs(s - carried[i])).toBeLessThan(1e-10 * (1 + Math.abs(s)))
      })
    }
  })

  it('has the scale of whichever has not vanished', () => {
    const levels: ReadonlyArray<readonly [Schedule.Level, number, number]> = [
      // Without signal: the end of the straight line, where σ is 1.
      [{ alpha: 0, sigma: 4 }, 1, 0.25],
      // Without noise: its beginning, where α is 1.
      [{ alpha: 5, sigma: 0 }, 0, 0.2]
    ]
    for (const [level, time, scale] of levels) {
      const found = Schedule.equalNoise(Schedule.rectifiedFlow)(level)
      expect([found.time, found.scale]).toEqual([time, scale])
    }
  })

  it('stays at an end where the other schedule has no such noise', () => {
    const few = Schedule.varianceExploding({ sigmaMin: 0.5, sigmaMax: 1 })
    expect(pipe(Schedule.edm, Schedule.sameNoise(few)(0.1)).time).toBe(0)
    expect(pipe(Schedule.edm, Schedule.sameNoise(few)(7)).time).toBe(1)
  })
})

describe('problems', () => {
  /** Its log-SNR falls from 0 to −2. */
  const oneToE = Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: Math.exp(1) })
  const custom = (change: Partial<Parameters<typeof Schedule.custom>[0]>): Schedule.Schedule =>
    Schedule.custom({ name: 'mine', alpha: () => 1, sigma: t => t, until: 1, ...change })
  const messages: ReadonlyArray<readonly [Schedule.Schedule, ReadonlyArray<string>]> = [
    [Schedule.vpLinear({ betaMin: -1 }), ['betaMin: -1 is not ≥ 0 and finite; try 0.1']],
    [Schedule.subVp({ betaMax: 0.05 }), ['betaMax: 0.05 is not ≥ betaMin = 0.1; try 20']],
    [Schedule.cosine({ offset: NaN }), ['offset: NaN is not ≥ 0 and finite; try 0.008']],
    [
      Schedule.varianceExploding({ sigmaMin: 0, sigmaMax: -1 }),
      ['sigmaMin: 0 is not > 0 and finite; try 0.01', 'sigmaMax: -1 is not > 0 and finite; try 50']
    ],
    [Schedule.betas([]), ['betas: [] is not a list with at least one β; try Schedule.linearBetas']],
    [Schedule.betas([0.1, 1]), ['betas[1]: 1 is not in (0, 1); keep some of the signal, and add some noise']],
    [
      Schedule.reparametrized(Schedule.affine({ scale: 0, shift: 2 }))(Schedule.cosine()),
      [
        "clock.shift: 2 is not in [0, 1), the schedule's own times; leave it out",
        'clock.scale: 0 is not > 0 and finite; try 1'
      ]
    ],
    [Schedule.reparametrized(Schedule.power(-1))(Schedule.edm), ['clock.exponent: -1 is not > 0 and finite; try 2']],
    [
      Schedule.reparametrized(Schedule.evenLogSnr({ from: 4, to: 9 }))(
        Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: Math.exp(1) })
      ),
      ['clock.from: 4 is not ≤ 0, the log-SNR at time 0; try 0', 'clock.to: 9 is not < from = 4; let the log-SNR fall']
    ],
    [
      Schedule.reparametrized(Schedule.power(2))(Schedule.cosine({ offset: -1 })),
      ['schedule.offset: -1 is not ≥ 0 and finite; try 0.008']
    ],
    // The very ends of the domains.
    [Schedule.vpLinear({ betaMin: 0, betaMax: 1 }), []],
    [Schedule.vpLinear({ betaMin: 2, betaMax: 2 }), []],
    [
      Schedule.vpLinear({ betaMin: Infinity, betaMax: Infinity }),
      ['betaMin: Infinity is not ≥ 0 and finite; try 0.1', 'betaMax: Infinity is not > 0 and finite; try 20']
    ],
    [Schedule.subVp({ betaMin: 0, betaMax: 0 }), ['betaMax: 0 is not > 0 and finite; try 20']],
    [Schedule.cosine({ offset: 0 }), []],
    [Schedule.cosine({ offset: Infinity }), ['offset: Infinity is not ≥ 0 and finite; try 0.008']],
    [Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: 1 }), ['sigmaMax: 1 is not > sigmaMin = 1; try 50']],
    [
      Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: Infinity }),
      ['sigmaMax: Infinity is not > 0 and finite; try 50']
    ],
    [Schedule.betas([0]), ['betas[0]: 0 is not in (0, 1); keep some of the signal, and add some noise']],
    [Schedule.reparametrized(Schedule.affine({ scale: 1, shift: 0 }))(Schedule.cosine()), []],
    [
      Schedule.reparametrized(Schedule.affine({ scale: 1, shift: 1 }))(Schedule.cosine()),
      ["clock.shift: 1 is not in [0, 1), the schedule's own times; leave it out"]
    ],
    [
      Schedule.reparametrized(Schedule.affine({ scale: 1, shift: -0.1 }))(Schedule.cosine()),
      ['clock.shift: -0.1 is not ≥ 0 and finite; try 0']
    ],
    [Schedule.reparametrized(Schedule.evenLogSnr({ from: 0, to: -2 }))(oneToE), []],
    [
      Schedule.reparametrized(Schedule.evenLogSnr({ from: -1, to: -3 }))(oneToE),
      ['clock.to: -3 is not ≥ -2, the log-SNR at the last time; try -2']
    ],
    [
      Schedule.reparametrized(Schedule.evenLogSnr({ from: -1, to: -1 }))(oneToE),
      ['clock.to: -1 is not < from = -1; let the log-SNR fall']
    ],
    [
      Schedule.reparametrized(Schedule.evenLogSnr({ from: Infinity, to: -Infinity }))(Schedule.edm),
      ['clock.from: Infinity is not finite; try 10', 'clock.to: -Infinity is not finite; try -10']
    ],
    [custom({}), []],
    [custom({ alpha: t => 1 - t }), []],
    // All its times are 0, where nothing falls.
    [custom({ until: 0 }), ['until: 0 is not > 0 and finite; try 1']],
    ...[
      { alpha: (): number => -1, printed: '-1, 0.5' },
      { alpha: (): number => Infinity, printed: 'Infinity, 0.5' },
      { sigma: (t: number): number => (t < 0.5 ? t : -t), printed: '1, -0.5' },
      { sigma: (t: number): number => (t < 0.5 ? t : NaN), printed: '1, NaN' },
      { sigma: (t: number): number => (t < 0.5 ? t : Infinity), printed: '1, Infinity' }
    ].map(({ printed, ...functions }): readonly [Schedule.Schedule, ReadonlyArray<string>] => [
      custom(functions),
      [
        `alpha, sigma of mine at time ${'alpha' in functions ? 0.5 / 4225 : 0.5}: ${
          'alpha' in functions ? printed.replace('0.5', String(0.5 / 4225)) : printed
        } is not ≥ 0 and finite; return a number ≥ 0 for every time in [0, until]`
      ]
    ]),
    // Level at two neighbours of the grid of 65, from ½ on.
    [
      custom({ sigma: t => Math.min(t, 0.5) }),
      [
        `log-SNR of mine at time ${2113.5 / 4225}: ${-2 * Math.log(0.5)} is not falling; let the noise grow relative to the signal as time goes on`
      ]
    ]
  ]
  it('are told with what to do', () => {
    expect(
      messages.map(([schedule]) => [Schedule.show(schedule), Schedule.problems(schedule).map(Problem.show)])
    ).toEqual(messages.map(([schedule, wanted]) => [Schedule.show(schedule), wanted]))
  })
})

it('reparametrized schedules survive JSON, and print as code', () => {
  const schedule = Schedule.reparametrized(Schedule.evenLogSnr({ from: 6, to: -4 }))(
    Schedule.reparametrized(Schedule.affine({ scale: 2 }))(Schedule.cosine())
  )
  expect(throughText(schedule)).toEqual(E.right(schedule))
  expect(Schedule.show(schedule)).toBe(
    'Schedule.reparametrized(Clock.evenLogSnr({ from: 6, to: -4 }))(Schedule.reparametrized(Clock.affine({ scale: 2, shift: 0 }))(Schedule.cosine({ offset: 0.008 })))'
  )
})

it('ranges over its log-SNR from the first time to the last', () => {
  const range = Schedule.logSnrRange(Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: Math.exp(1) }))
  expect(range.greatest).toBeCloseTo(0, 14)
  expect(range.least).toBeCloseTo(-2, 14)
  expect(Schedule.logSnrRange(Schedule.edm)).toEqual({ greatest: Infinity, least: -Infinity })
})

it('a time has noise and is within the schedule', () => {
  const found = (schedule: Schedule.Schedule, time: number): ReadonlyArray<string> =>
    Schedule.timeProblems('time', time)(schedule).map(Problem.show)
  expect([Number.MIN_VALUE, 1].flatMap(time => found(Schedule.rectifiedFlow, time))).toEqual([])
  expect(found(Schedule.edm, 1e9)).toEqual([])
  expect(found(Schedule.rectifiedFlow, 1.5)).toEqual([
    'time: 1.5 is not a time of Schedule.rectifiedFlow with noise, in (0, 1]; try 0.1'
  ])
  for (const time of [0, -1, NaN, Infinity])
    expect(found(Schedule.edm, time)).toEqual([
      `time: ${time} is not a time of Schedule.edm with noise, in (0, ∞); try 0.1`
    ])
})

it('a score evaluated on another schedule is that of its level', () => {
  const score = Score.evaluate(Score.symmetricPair, Schedule.rectifiedFlow)
  const { values } = score(Params.of({ mean: [2] }))(0.5)({ rows: 1, dim: 1, values: Float64Array.of(0.5) })
  // m = αc = 1, u = α² + σ² = ½: (tanh(m x/u) m − x)/u
  expect(values[0]).toBeCloseTo((Math.tanh(1) - 0.5) / 0.5, 14)
})

describe('drift and diffusion of a schedule of one’s own are those of its closed form', () => {
  const close = (found: number, wanted: number, tolerance: number, where: string): void => {
    // ε f/h is absolute, and f is up to 1.
    if (Number.isFinite(wanted))
      expect(Math.abs(found - wanted), `${where}: ${found} for ${wanted}`).toBeLessThan(
        tolerance * (1 + Math.abs(wanted))
      )
    else expect(found, where).toBe(wanted)
  }
  // Times over the whole of [0, 1], and crowded at both ends; 2⁻ᵏ from the end is exact, so that 1 − t is.
  const times = [
    ...Array.from({ length: 200 }, (_, i) => (i + 0.37) / 200),
    ...Array.from({ length: 20 }, (_, i) => 2 ** -(i + 1)).flatMap(share => [share, 1 - share]),
    ...[1e-3, 1e-4, 1e-5, 1e-6, 0.999, 0.9985, 0.9999, 1]
  ]
  const quarter = Math.PI / 2
  it.each<[string, Parameters<typeof Schedule.custom>[0], (t: number) => number, (t: number) => number]>([
    [
      'the circle',
      { name: 'circle', alpha: t => Math.cos(quarter * t), sigma: t => Math.sin(quarter * t), until: 1 },
      t => -quarter * Math.tan(quarter * t),
      t => 2 * quarter * Math.tan(quarter * t)
    ],
    [
      'the straight line',
      { name: 'line', alpha: t => 1 - t, sigma: t => t, until: 1 },
      t => -1 / (1 - t),
      t => (2 * t) / (1 - t)
    ],
    [
      'roots at both ends',
      { name: 'roots', alpha: t => Math.sqrt(1 - t), sigma: Math.sqrt, until: 1 },
      t => -0.5 / (1 - t),
      t => 1 / (1 - t)
    ],
    [
      'Ornstein–Uhlenbeck over a long time',
      { name: 'ou', alpha: t => Math.exp(-500 * t), sigma: t => Math.sqrt(-Math.expm1(-1000 * t)), until: 1 },
      () => -500,
      () => 1000
    ]
  ])('%s', (name, description, drift, diffusion) => {
    const own = Schedule.interpret(Schedule.custom(description))
    for (const t of name === 'Ornstein–Uhlenbeck over a long time' ? times.filter(t => t < 0.7) : times) {
      // 1e-8 is the least step: ε f/h is 2e-8 at the ends of what is smooth; nearer than 1e-6 to a root, h⁴ counts.
      if (name === 'roots at both ends' && Math.min(t, 1 - t) < 1e-6) continue
      close(own.drift(t), drift(t), 1e-7, `drift at ${t}`)
      close(own.diffusion(t), diffusion(t), 1e-7, `diffusion at ${t}`)
    }
  })
})

// —— one's own ——

/** α = pace/(pace + t), σ = t/(pace + t): all that is said, and all that follows in closed form. */
const fading = Schedule.define({
  name: 'fading',
  about: 'signal and noise in equal measure at t = pace',
  fields: { pace: Field.positive({ default: 1 }) },
  formula: ({ pace }) => `α = ${pace}/(${pace} + t), σ = 1 − α`,
  meaning: ({ pace }) => ({
    until: Infinity,
    level: time => ({ alpha: pace / (pace + time), sigma: time / (pace + time) })
  })
})

/** τ = t/(rest + t): the whole of [0, 1) in endless time. */
const endless = Clock.define({
  name: 'endless',
  about: 'slower and slower',
  fields: { rest: Field.positive({ default: 1 }) },
  formula: ({ rest }) => `t/(${rest} + t)`,
  misfits: () => own => Problem.unless(own.until === 1, 'rest', own.until, 'for a schedule on [0, 1]', 'take another'),
  meaning:
    ({ rest }) =>
    () => ({
      until: Infinity,
      time: t => t / (rest + t),
      rate: t => rest / (rest + t) ** 2,
      inverse: time => (rest * time) / (1 - time)
    })
})

describe('a schedule by define', () => {
  const pace = 0.7
  const own = fading({ pace })
  const words = Vocabulary.extend(Vocabulary.standard, [fading, endless])

  it('prints, and has no problems', () => {
    expect(Schedule.show(own)).toBe('Schedule.fading({ pace: 0.7 })')
    expect(Schedule.formula(own)).toBe('α = 0.7/(0.7 + t), σ = 1 − α')
    expect(Schedule.problems(own)).toEqual([])
    expect(Schedule.problems(fading({ pace: -1 })).map(Problem.show)).toEqual(['pace: -1 is not > 0 and finite; try 1'])
    expect([Schedule.until(own), Schedule.preservesVariance(own), Schedule.isHomogeneous(own)]).toEqual([
      Infinity,
      false,
      false
    ])
  })

  it('has the log-SNR, the times, the drift and the diffusion that follow from its levels', () => {
    for (const t of [1e-3, 0.1, 0.7, 2, 50]) {
      const sum = pace + t
      near('log-SNR', pipe(own, Schedule.logSnr(t)), 2 * Math.log(pace / t), 1e-14)
      // 2⁻⁵² of the time, and half of what is off in the log-SNR.
      near('time', pipe(own, Schedule.timeOfLogSnr(2 * Math.log(pace / t))), t, 4e-15 * (1 + Math.abs(Math.log(t))))
      near('drift', pipe(own, Schedule.drift(t)), -1 / sum, 1e-7)
      near('diffusion', pipe(own, Schedule.diffusion(t)), (2 * t) / sum ** 2, 1e-7)
    }
    expect(Schedule.logSnrRange(own)).toEqual({ greatest: Infinity, least: -Infinity })
  })

  it('is read by grids, and by losses as any other with its levels', () => {
    // Equal steps in (σ/α)^{1/7}, σ/α = t/pace.
    const times = TimeGrid.times(own)(TimeGrid.karras({ from: 5, to: 0.1, steps: 8 }))
    times.forEach((time, i) => {
      near(`time ${i}`, time, (5 ** (1 / 7) + ((0.1 ** (1 / 7) - 5 ** (1 / 7)) * i) / 8) ** 7, 1e-13)
    })
    const points = { rows: 4, dim: 2, values: Key.normal(8)(Key.fromSeed(1)) }
    const [found, wanted] = [
      own,
      Schedule.custom({ name: 'same', alpha: t => pace / (pace + t), sigma: t => t / (pace + t), until: 9 })
    ].map(schedule =>
      compiled(
        Compile.valueAndGrad({
          schedule,
          score: Score.symmetricPair,
          objective: Objective.denoising(TimeLaw.likelihood({ until: 2, nodes: 3 })),
          expectation: Expectation.quadrature({ nodes: 4 })
        })(points)
      )(Params.of({ mean: [1, -0.5] }), Key.fromSeed(2))
    )
    near('value', found.value, wanted.value, 1e-7)
  })

  it('survives JSON where the vocabulary has it, by itself and in others', () => {
    const on = Schedule.reparametrized(Schedule.power(2))(own)
    const around = Schedule.reparametrized(endless({ rest: 2 }))(Schedule.rectifiedFlow)
    for (const schedule of [own, on, around]) {
      const json: unknown = JSON.parse(JSON.stringify(Schedule.codec(words).encode(schedule)))
      expect(Schedule.codec(words).decode(json)).toEqual(E.right(schedule))
      expect(E.isLeft(codec.decode(json))).toBe(true)
    }
    expect(Schedule.show(around)).toBe('Schedule.reparametrized(Clock.endless({ rest: 2 }))(Schedule.rectifiedFlow)')
    expect(Schedule.formula(around)).toBe('α = 1 − t, σ = t, at t/(2 + t) in place of t')
  })

  it('may say what it knows, and be made of others', () => {
    const squared = Schedule.define({
      name: 'squared',
      about: 'the noise of another, in a signal that stays',
      fields: { schedule: Field.of(Schedule.concept) },
      call: [],
      on: 'schedule',
      meaning: ({ schedule }) => {
        const { until, level, logSnr, timeOfLogSnr } = Schedule.interpret(schedule)
        return {
          until,
          level: time => ({ alpha: 1, sigma: level(time).sigma / level(time).alpha }),
          logSnr,
          timeOfLogSnr
        }
      }
    })
    const schedule = pipe(Schedule.ornsteinUhlenbeck, squared())
    expect(Schedule.show(schedule)).toBe('Schedule.squared()(Schedule.ornsteinUhlenbeck)')
    expect(pipe(schedule, Schedule.sameNoise(Schedule.ornsteinUhlenbeck)(0.5)).time).toBeCloseTo(0.5, 14)
    // The schedule in it is to be right first.
    expect(Schedule.problems(squared()(Schedule.cosine({ offset: -1 }))).map(Problem.show)).toEqual([
      'schedule.offset: -1 is not ≥ 0 and finite; try 0.008'
    ])
  })

  it('with levels that are none is refused', () => {
    const wrong = (
      until: number,
      sigma: (time: number) => number,
      said: { readonly timeOfLogSnr?: (logSnr: number) => number } = {}
    ): ReadonlyArray<string> =>
      Schedule.problems(
        Schedule.define({
          name: 'wrong',
          about: '',
          meaning: () => ({ until, level: t => ({ alpha: 1, sigma: sigma(t) }), ...said })
        })
      ).map(Problem.show)
    expect(wrong(Infinity, t => t)).toEqual([])
    expect(wrong(0, t => t)).toEqual(['until of wrong: 0 is not > 0; let time end later than it begins'])
    expect(wrong(Infinity, t => Math.min(t, 3))[0]).toMatch(/^log-SNR of wrong at time 3.* is not falling/)
    expect(wrong(Infinity, t => t - 1)[0]).toMatch(
      /^alpha, sigma of wrong at time .*: 1, -0.99.* is not ≥ 0 and finite/
    )
    expect(wrong(2, t => t - 1)[0]).toMatch(/^alpha, sigma of wrong at time .*: 1, -0.99.* is not ≥ 0 and finite/)
    // Where the time of a log-SNR is stated, the levels are looked at all the same.
    const stated = { timeOfLogSnr: (logSnr: number): number => Math.exp(-logSnr / 2) }
    expect(wrong(1, t => t, stated)).toEqual([])
    expect(wrong(1, () => NaN, stated)[0]).toMatch(/^alpha, sigma of wrong at time .*: 1, NaN is not ≥ 0 and finite/)
    expect(wrong(-1, t => t, stated)).toEqual(['until of wrong: -1 is not > 0; let time end later than it begins'])
  })

  it('a clock is read against its schedule, also many deep', () => {
    expect(Schedule.problems(Schedule.reparametrized(endless())(Schedule.edm)).map(Problem.show)).toEqual([
      'clock.rest: Infinity is not for a schedule on [0, 1]; take another'
    ])
    const deep = Array.from({ length: 60 }).reduce<Schedule.Schedule>(
      inner => Schedule.reparametrized(Schedule.affine({ scale: 1 }))(inner),
      Schedule.reparametrized(endless())(Schedule.edm)
    )
    // Each is asked once, not once for each that it stands in.
    expect(Schedule.problems(deep)).toHaveLength(1)
  })

  it('has the laws, and so has one on a clock', () => {
    for (const schedule of [own, Schedule.reparametrized(endless())(Schedule.rectifiedFlow)])
      hold(laws.schedule(schedule))
  })
})

it('JSON of the first version is read', () => {
  const wrote: ReadonlyArray<readonly [unknown, Schedule.Schedule]> = [
    [{ _tag: 'OrnsteinUhlenbeck' }, Schedule.ornsteinUhlenbeck],
    [{ _tag: 'VpLinear', betaMin: 0, betaMax: 2 }, Schedule.vpLinear({ betaMin: 0, betaMax: 2 })],
    [{ _tag: 'SubVp', betaMin: '-0', betaMax: 2 }, Schedule.subVp({ betaMin: -0, betaMax: 2 })],
    [{ _tag: 'Cosine', offset: 0.01 }, Schedule.cosine({ offset: 0.01 })],
    [
      { _tag: 'VarianceExploding', sigmaMin: 0.1, sigmaMax: 9 },
      Schedule.varianceExploding({ sigmaMin: 0.1, sigmaMax: 9 })
    ],
    [{ _tag: 'Edm' }, Schedule.edm],
    [{ _tag: 'RectifiedFlow' }, Schedule.rectifiedFlow],
    [{ _tag: 'Betas', betas: [0.1, 0.2] }, Schedule.betas([0.1, 0.2])],
    ...(
      [
        [{ _tag: 'Affine', scale: 2, shift: 0.1 }, Schedule.affine({ scale: 2, shift: 0.1 })],
        [{ _tag: 'Power', exponent: 2 }, Schedule.power(2)],
        [{ _tag: 'LogSnr', from: 5, to: -5 }, Schedule.evenLogSnr({ from: 5, to: -5 })]
      ] as const
    ).map(
      ([clock, wanted]) =>
        [
          { _tag: 'Reparametrized', clock, schedule: { _tag: 'Edm' } },
          Schedule.reparametrized(wanted)(Schedule.edm)
        ] as const
    )
  ]
  for (const [json, wanted] of wrote) expect(codec.decode(json)).toEqual(E.right(wanted))
})
