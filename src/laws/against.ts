/** Published recurrences and formulas to hold an instance to: each names its paper and equation, and where implementations differ. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Points from '../data/points.js'
import {
  Case,
  ExpectationMaximization,
  Key,
  Mixture,
  type Optimizer,
  Sampler,
  Schedule,
  Score,
  TimeGrid,
  Weighting
} from '../index.js'
import * as Arbitrary from './arbitraries.js'
import * as Chance from './chance.js'
import { compiled, greatest, sumOf } from './check.js'
import * as Density from './density.js'
import { jointOf, logSum } from './em.js'
import type { Laws } from './law.js'
import { is, ofRows, over, type Stated } from './lawRows.js'
import { scalarSteps } from './optimizer.js'
import { codeOf, scripted } from './script.js'

/** What is published: an equation of a paper, and the row that holds an instance to it. */
export interface Reference<T> {
  /** Its code, as a script calls it. */
  readonly code: string
  readonly equation: string
  /** Paper and equation. */
  readonly source: string
  /** Where implementations differ from it, or from each other. */
  readonly differs: string
  readonly row: (instance: T) => Stated
}

/**
 * The law that an instance is what is published: from a recurrence or a formula of a paper alone, by no code of the instance.
 *
 * @example
 * import fc from 'fast-check'
 * import { Optimizer } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const mine = Optimizer.adamW({ rate: 0.1, decay: 0.01 })
 * const [law] = laws.against(laws.published.adamW({ rate: 0.1, decay: 0.01 }))(mine)
 * fc.assert(law.property, { seed: 1, numRuns: 20 })
 * laws.check(mine, { also: [law], only: [law.name] })
 */
export const against =
  <T extends Case.AnyValue>({ code, row }: Reference<T>) =>
  (instance: T): Laws =>
    scripted({ by: `against(laws.published.${code})`, of: [instance] }, ofRows(Case.show(instance), [row(instance)]))

type Info = Omit<Reference<never>, 'row' | 'code'>

/** What is published under a name, with options: a row for an instance, from how it is told. */
const reference =
  <Options extends object, T>(
    name: string,
    info: Info,
    defaults: Options,
    rowOf: (
      options: Options,
      told: (tolerance: string) => { readonly name: string; readonly statement: string; readonly source: string }
    ) => (instance: T) => Stated
  ) =>
  (given: Partial<Options> = {}): Reference<T> => {
    const code = Object.keys(given).length === 0 ? `${name}()` : `${name}(${codeOf(given)})`
    const { equation, source, differs } = info
    const told = (tolerance: string) => ({
      name: `it is ${code}`,
      statement: `${equation}. ${tolerance} Implementations differ: ${differs}.`,
      source
    })
    return { ...info, code, row: rowOf({ ...defaults, ...given }, told) }
  }

// —— optimizers ——

type Step<M> = (gradient: number, memory: M, at: { readonly x: number; readonly n: number }) => readonly [number, M]

/** By the recurrence of one entry, from a memory of where it starts; n counts from 1. */
const recurrence = <Options extends object, M>(
  name: string,
  info: Info,
  defaults: Options,
  begin: (start: number, options: Options) => M,
  next: (options: Options) => Step<M>
) =>
  reference<Options, Optimizer.Optimizer>(
    name,
    info,
    defaults,
    (options, told) => optimizer =>
      over(
        fc.record({
          start: Arbitrary.dyadic(-4, 4),
          gradients: fc.array(Arbitrary.dyadic(-8, 8), { minLength: 1, maxLength: 120, size: 'max' })
        })
      )({
        ...told('To 1e-9 of the longest step: sums in another order.'),
        says: ({ start, gradients }) => {
          const step = next(options)
          const { steps } = gradients.reduce<{ readonly x: number; readonly memory: M; readonly steps: number[] }>(
            ({ x, memory, steps }, gradient, i) => {
              const [taken, after] = step(gradient, memory, { x, n: i + 1 })
              return { x: x + taken, memory: after, steps: [...steps, taken] }
            },
            { x: start, memory: begin(start, options), steps: [] }
          )
          return is(scalarSteps(optimizer, gradients, start), steps, 1e-9 * greatest(steps))
        }
      })
  )

const { pow, square, log, exp, expm1 } = Elementary
const ratio = (a: number, b: number): number => (a === 0 ? 0 : a / b)
const moving = (decay: number, mean: number, value: number): number => decay * mean + (1 - decay) * value
const two = (): readonly [number, number] => [0, 0]

const moments = { rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
const byAdam =
  (
    options: typeof moments & { readonly decay: number; readonly insideRoot: boolean }
  ): Step<readonly [number, number]> =>
  (g, [m, v], { x, n }) => {
    const { rate, beta1, beta2, epsilon, decay, insideRoot } = options
    const after = [moving(beta1, m, g), moving(beta2, v, g * g)] as const
    const [first, second] = [after[0] / (1 - pow(beta1, n)), after[1] / (1 - pow(beta2, n))]
    const root = insideRoot ? Math.sqrt(second + epsilon) : Math.sqrt(second) + epsilon
    return [-rate * (ratio(first, root) + decay * x), after]
  }

const adamInfo = {
  equation: 'm̂ = m/(1 − β₁ⁿ), v̂ = v/(1 − β₂ⁿ), step −γ (m̂/(√v̂ + ε) + λx)',
  source: 'Kingma & Ba 2015, arXiv 1412.6980, algorithm 1; Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2',
  differs:
    'λ is multiplied by the rate in PyTorch and optax, and by its schedule alone in the paper; ε̂ before the bias is taken away in TensorFlow'
}

const ofOptimizers = {
  adam: recurrence('adam', adamInfo, { ...moments, insideRoot: false }, two, options =>
    byAdam({ ...options, decay: 0 })
  ),
  adamW: recurrence('adamW', adamInfo, { ...moments, decay: 0.01, insideRoot: false }, two, byAdam),
  rmsProp: recurrence(
    'rmsProp',
    {
      equation: 'v ← ρv + (1 − ρ)g², step −γ g/(√v + ε), or −γ g/√(v + ε) `insideRoot`',
      source: 'Tieleman & Hinton 2012, lecture 6.5',
      differs: 'ε stands under the root in TensorFlow, beside it in PyTorch; optax has both'
    },
    { rate: 0.001, decay: 0.9, epsilon: 1e-8, insideRoot: false },
    () => 0,
    ({ rate, decay, epsilon, insideRoot }) =>
      (g, before) => {
        const v = moving(decay, before, g * g)
        return [-rate * ratio(g, insideRoot ? Math.sqrt(v + epsilon) : Math.sqrt(v) + epsilon), v]
      }
  ),
  lion: recurrence(
    'lion',
    {
      equation: 'step −γ (sign(β₁m + (1 − β₁)g) + λx), then m ← β₂m + (1 − β₂)g',
      source: 'Chen et al. 2023, arXiv 2302.06675, algorithm 2',
      differs: 'λ is multiplied by the rate, as in AdamW, or not'
    },
    { rate: 1e-4, beta1: 0.9, beta2: 0.99, decay: 0 },
    () => 0,
    ({ rate, beta1, beta2, decay }) =>
      (g, m, { x }) => [-rate * (Math.sign(moving(beta1, m, g)) + decay * x), moving(beta2, m, g)]
  ),
  adafactor: recurrence(
    'adafactor',
    {
      equation:
        'β = 1 − n^{−0.8}, v ← βv + (1 − β)(g² + ε₁), u = g/√v, step −α u/max(1, |u|/d), α = max(ε₂, |x|) min(10⁻², 1/√n), or the given rate',
      source: 'Shazeer & Stern 2018, arXiv 1804.04235, algorithms 4 and 5, of what is no matrix',
      differs:
        'PyTorch takes the greater of v and ε₁² in place of adding ε₁; many take a given rate for the relative one'
    },
    { rate: NaN, epsilon1: 1e-30, epsilon2: 1e-3, threshold: 1 },
    () => 0,
    ({ rate, epsilon1, epsilon2, threshold }) =>
      (g, before, { x, n }) => {
        const v = moving(1 - pow(n, -0.8), before, g * g + epsilon1)
        const u = g / Math.sqrt(v)
        const alpha = Number.isNaN(rate) ? Math.max(epsilon2, Math.abs(x)) * Math.min(0.01, 1 / Math.sqrt(n)) : rate
        return [(-alpha * u) / Math.max(1, Math.abs(u) / threshold), v]
      }
  ),
  scheduleFree: recurrence(
    'scheduleFree',
    {
      equation: 'z ← z − γg(y), x ← (1 − c)x + cz, c = 1/(n + `before`), y = (1 − β)z + βx; parameters are y',
      source: 'Defazio et al. 2024, arXiv 2405.15682, equations 3–5',
      differs: 'the paper counts the start as an average (`before` 1), its code does not (0)'
    },
    { rate: 0.1, beta: 0.9, before: 1 },
    start => [start, start] as const,
    ({ rate, beta, before }) =>
      (g, [z, x], { x: y, n }) => {
        const after = z - rate * g
        const mean = moving(1 - 1 / (n + before), x, after)
        return [(1 - beta) * after + beta * mean - y, [after, mean] as const]
      }
  ),
  prodigy: recurrence(
    'prodigy',
    {
      equation:
        'm ← β₁m + (1 − β₁)dg, v ← β₂v + (1 − β₂)d²g², r ← √β₂ r + (1 − √β₂)γd²⟨g, x₀ − x⟩, s ← √β₂ s + (1 − √β₂)γd²g, step −γd m/(√v + dε), then d ← max(d, r/|s|₁)',
      source: 'Mishchenko & Defazio 2023, arXiv 2306.06101, algorithm 4',
      differs: 'implementations have a bias correction and a safeguard of warm-up, off here'
    },
    { rate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, first: 1e-6 },
    (start, { first }) => ({ start, d: first, m: 0, v: 0, r: 0, s: 0 }),
    ({ rate, beta1, beta2, epsilon }) =>
      (g, { start, d, ...before }, { x }) => {
        const root = Math.sqrt(beta2)
        const [m, v] = [moving(beta1, before.m, d * g), moving(beta2, before.v, d * d * g * g)]
        const r = moving(root, before.r, rate * d * d * g * (start - x))
        const s = moving(root, before.s, rate * d * d * g)
        const after = { start, d: Math.max(d, ratio(r, Math.abs(s))), m, v, r, s }
        return [-rate * d * ratio(m, Math.sqrt(v) + d * epsilon), after]
      }
  )
}

// —— samplers ——

/** What a method is told of the score: x̂₀ at a level, and the level of a log-SNR. */
interface Denoiser {
  readonly clean: (level: Schedule.Level, x: number) => number
  readonly levelAt: (logSnr: number) => Schedule.Level
}

const lambdaOf = ({ alpha, sigma }: Schedule.Level): number => log(alpha / sigma)

/** Along N(c, vI) on a schedule. */
const samplings = fc.record({
  schedule: fc.constantFrom(Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.cosine()),
  mean: Arbitrary.real(2),
  variance: fc.constantFrom(0.25, 0.5, 2),
  start: Arbitrary.real(2),
  levels: fc.constantFrom([-4, -1], [-1, 1.5, 3], [-3, -2.5, 0, 0.2, 2, 4]),
  seed: Arbitrary.seeds
})

type Sampling = typeof samplings extends fc.Arbitrary<infer A> ? A : never

const settled = (each: Sampling) => {
  const { schedule, mean, variance, levels } = each
  const levelAt = (logSnr: number): Schedule.Level => Schedule.level(Schedule.timeOfLogSnr(logSnr)(schedule))(schedule)
  const slope = ({ alpha, sigma }: Schedule.Level, x: number): number =>
    (alpha * mean - x) / (alpha * alpha * variance + sigma * sigma)
  const denoiser: Denoiser = {
    levelAt,
    clean: (level, x) => (x + square(level.sigma) * slope(level, x)) / level.alpha
  }
  const times = levels.map(level => Schedule.timeOfLogSnr(level)(schedule))
  const run = (sampler: Sampler.Sampler, rows: number, grid = times): ReadonlyArray<Float64Array> => {
    const along: Sampler.ScoreFunction = (points, time) => ({
      ...points,
      values: points.values.map(x => slope(Schedule.level(time)(schedule), x))
    })
    const from: Points.Points = { rows, dim: 1, values: new Float64Array(rows).fill(each.start) }
    const program = compiled(Sampler.compile({ sampler, grid: TimeGrid.listed(grid), schedule }))
    return Array.from(Sampler.transport(program)(along)(from)(Key.fromSeed(each.seed)), ({ points }) => points.values)
  }
  return { denoiser, times, run, levels: times.map(time => Schedule.level(time)(schedule)) }
}

/** A step of mean and noise. */
type Kernel = (
  from: Schedule.Level,
  to: Schedule.Level,
  x: number,
  clean: number
) => { readonly mean: number; readonly deviation: number }

const ROWS = 2000

const kernel = <Options extends object>(
  name: string,
  info: Info,
  defaults: Options,
  step: (options: Options) => Kernel
) =>
  reference<Options, Sampler.Sampler>(
    name,
    info,
    defaults,
    (options, told) => sampler =>
      over(samplings)({
        ...told(
          `Of ${ROWS} rows of one step z is standard normal, another for each, within bounds that a right one fails with probability 1e-9; without noise to 1e-9 (1 + |x|).`
        ),
        enough: 20,
        says: each => {
          const { denoiser, times, run, levels } = settled(each)
          const [from, to] = levels
          const found = run(sampler, ROWS, times.slice(0, 2))[1]
          const { mean, deviation } = step(options)(from, to, each.start, denoiser.clean(from, each.start))
          if (deviation === 0) return is(found, mean, 1e-9 * (1 + Math.abs(mean)))
          const z = found.map(x => (x - mean) / deviation)
          const [some, others] = [0, 1].map(odd => z.filter((_, i) => i % 2 === odd))
          return [Chance.standardNormal(z), Chance.unrelated(some, others)]
        }
      })
  )

/** Where a method without noise leads, state after state. */
type Method = (levels: ReadonlyArray<Schedule.Level>, start: number, denoiser: Denoiser) => ReadonlyArray<number>

const method = <Options extends object>(
  name: string,
  info: Info,
  defaults: Options,
  lead: (options: Options) => Method
) =>
  reference<Options, Sampler.Sampler>(
    name,
    info,
    defaults,
    (options, told) => sampler =>
      over(samplings)({
        ...told('Every state to 1e-9 (1 + |x|).'),
        says: each => {
          const { denoiser, run, levels } = settled(each)
          const wanted = lead(options)(levels, each.start, denoiser)
          const found = run(sampler, 1).map(([x]) => x)
          return is(found, wanted, 1e-9 * (1 + greatest(wanted)))
        }
      })
  )

interface At<M> {
  readonly states: ReadonlyArray<number>
  readonly memory: M
}

/** From state to state, with what a step remembers for the next. */
const inSteps =
  <M>(
    memory: M,
    next: (from: Schedule.Level, to: Schedule.Level, x: number, memory: M, denoiser: Denoiser) => readonly [number, M]
  ): Method =>
  (levels, start, denoiser) =>
    levels.slice(1).reduce<At<M>>(
      ({ states, memory }, to, i) => {
        const [x, after] = next(levels[i], to, states[i], memory, denoiser)
        return { states: [...states, x], memory: after }
      },
      { states: [start], memory }
    ).states

/** dx/dσ of x/α in σ/α: (x − D)/σ. */
const edmSlope = ({ clean }: Denoiser, level: Schedule.Level, scaled: number): number =>
  (scaled - clean(level, level.alpha * scaled)) / (level.sigma / level.alpha)

/** What a multistep method knows of the step before: where it was on the way, and x̂₀ there. */
interface Before {
  readonly lambda: number
  readonly clean: number
}

/** x ← (σ_t/σ_s)x − α_t(e^{−h} − 1)D */
const exponential = (from: Schedule.Level, to: Schedule.Level, x: number, clean: number): number =>
  (to.sigma / from.sigma) * x - to.alpha * expm1(lambdaOf(from) - lambdaOf(to)) * clean

const ofSamplers = {
  ddpm: kernel<{ readonly variance: 'posterior' | 'forward' }>(
    'ddpm',
    {
      equation:
        'x_s ~ N(α_{t|s}σ_s²/σ_t² x + α_sσ²_{t|s}/σ_t² x̂₀, σ²), σ² = σ²_{t|s}σ_s²/σ_t² (`posterior`) or σ²_{t|s} (`forward`), scaled to s',
      source: 'Ho et al. 2020, arXiv 2006.11239, equations 6 and 7, §3.2',
      differs: 'which of the two variances is taken; x̂₀ is clipped to the data by some'
    },
    { variance: 'posterior' },
    ({ variance }) =>
      (from, to, x, clean) => {
        const kept = from.alpha / to.alpha
        const added = square(from.sigma) - square(kept * to.sigma)
        const share = variance === 'posterior' ? square(to.sigma / from.sigma) : 1
        return {
          mean: kept * square(to.sigma / from.sigma) * x + (to.alpha * added * clean) / square(from.sigma),
          deviation: Math.sqrt(added * share)
        }
      }
  ),
  ddim: kernel(
    'ddim',
    {
      equation: 'x_s = α_s x̂₀ + √(σ_s² − η²v) ε + η√v z, v = σ_s²(1 − (α_tσ_s/α_sσ_t)²)',
      source: 'Song, Meng & Ermon 2020, arXiv 2010.02502, equations 12 and 16',
      differs: 'α there is α² here'
    },
    { eta: 0 },
    ({ eta }) =>
      (from, to, x, clean) => {
        const v = square(eta) * square(to.sigma) * (1 - square((from.alpha * to.sigma) / (to.alpha * from.sigma)))
        const noise = (x - from.alpha * clean) / from.sigma
        return { mean: to.alpha * clean + Math.sqrt(square(to.sigma) - v) * noise, deviation: Math.sqrt(v) }
      }
  ),
  edm: method(
    'edm',
    {
      equation:
        'd = (x − D(x; σ))/σ, x′ = x + (σ′ − σ)d, then x + (σ′ − σ)(d + d′)/2 unless σ′ = 0 (`heun`), in x/α and σ/α',
      source: 'Karras et al. 2022, arXiv 2206.00364, algorithm 1',
      differs:
        'others take such steps in t, in log σ, or in the angle atan(σ/α), as Sampler.euler and Sampler.heun do, whose errors differ; Euler’s are Sampler.ddim()'
    },
    { heun: true },
    ({ heun }) =>
      inSteps(null, (from, to, x, _, denoiser) => {
        const scaled = x / from.alpha
        const length = to.sigma / to.alpha - from.sigma / from.alpha
        const d = edmSlope(denoiser, from, scaled)
        const other = heun && to.sigma > 0 ? edmSlope(denoiser, to, scaled + length * d) : d
        return [to.alpha * (scaled + (length * (d + other)) / 2), null]
      })
  ),
  dpmSolver2: method(
    'dpmSolver2',
    {
      equation: 'with ε at λ_s + h/2, reached by a step of first order: x_t = α_t/α_s x − σ_t(e^h − 1)ε(u)',
      source: 'Lu et al. 2022, arXiv 2206.00927, algorithm 1',
      differs: 'the middle is in λ in the paper, in t or log σ in others'
    },
    {},
    () =>
      inSteps(null, (from, to, x, _, { clean, levelAt }) => {
        const noise = (level: Schedule.Level, at: number): number => (at - level.alpha * clean(level, at)) / level.sigma
        const step = (end: Schedule.Level, epsilon: number): number =>
          (end.alpha / from.alpha) * x - end.sigma * expm1(lambdaOf(end) - lambdaOf(from)) * epsilon
        const middle = levelAt(lambdaOf(from) + lambdaOf(to))
        return [step(to, noise(middle, step(middle, noise(from, x)))), null]
      })
  ),
  dpmSolver2M: method(
    'dpmSolver2M',
    {
      equation:
        'D = (1 + 1/2r) x̂₀ − 1/2r x̂₀′, r = h′/h, x_t = (σ_t/σ_s)x − α_t(e^{−h} − 1)D; the first step has D = x̂₀',
      source: 'Lu et al. 2022, arXiv 2211.01095, algorithm 2',
      differs: 'the last step is of first order in some'
    },
    {},
    () =>
      inSteps<Before | null>(null, (from, to, x, before, { clean }) => {
        const [h, now] = [lambdaOf(to) - lambdaOf(from), clean(from, x)]
        const twice = before === null ? Infinity : (2 * (lambdaOf(from) - before.lambda)) / h
        const d = before === null ? now : now + (now - before.clean) / twice
        return [exponential(from, to, x, d), { lambda: lambdaOf(from), clean: now }]
      })
  ),
  uniPC: method<{ readonly variant: 'bh1' | 'bh2' }>(
    'uniPC',
    {
      equation:
        'UniP-2: x_t = (σ_t/σ_s)x − α_t(e^{−h} − 1)x̂₀ − α_tB(h)ρD₁/r; UniC corrects the state by x̂₀ there before the next step, ρ from Rρ = b',
      source: 'Zhao et al. 2023, arXiv 2302.04867, algorithms 5 to 8, in x̂₀',
      differs: 'B(h) is e^{−h} − 1 (`bh2`) or −h (`bh1`); the corrector is left out at the last step, and so it is here'
    },
    { variant: 'bh2' },
    ({ variant }) =>
      (levels, start, { clean }) => {
        interface State {
          readonly states: ReadonlyArray<number>
          readonly cleans: ReadonlyArray<number>
        }
        const of = (i: number): number => lambdaOf(levels[i])
        return levels.slice(1).reduce<State>(
          ({ states, cleans }, to, i) => {
            const [from, x, now] = [levels[i], states[i], cleans[i]]
            const h = of(i + 1) - of(i)
            const b = variant === 'bh1' ? -h : expm1(-h)
            const r = i === 0 ? NaN : (of(i - 1) - of(i)) / h
            const slope = i === 0 ? 0 : (cleans[i - 1] - now) / r
            const first = exponential(from, to, x, now)
            const predicted = first - to.alpha * b * (i === 0 ? 0 : 0.5 * slope)
            const there = clean(to, predicted)
            if (i === levels.length - 2) return { states: [...states, predicted], cleans: [...cleans, there] }
            // R ρ = b: of one equation ρ = ½; of two, ρ₁ + ρ₂ = b₁ and r ρ₁ + ρ₂ = b₂.
            const phi1 = expm1(-h) / -h - 1
            const [b1, b2] = [phi1 / b, (2 * (phi1 / -h - 0.5)) / b]
            const rho1 = i === 0 ? 0 : (b2 - b1) / (r - 1)
            const rho2 = i === 0 ? 0.5 : b1 - rho1
            const corrected = first - to.alpha * b * (rho1 * slope + rho2 * (there - now))
            return { states: [...states, corrected], cleans: [...cleans, there] }
          },
          { states: [start], cleans: [clean(levels[0], start)] }
        ).states
      }
  )
}

// —— schedules and weightings ——

const levels = <Options extends object>(
  name: string,
  info: Info,
  defaults: Options,
  at: (options: Options) => (time: number) => Schedule.Level
) =>
  reference<Options, Schedule.Schedule>(
    name,
    info,
    defaults,
    (options, told) => schedule =>
      over(fc.record({ time: Arbitrary.anyTimes(schedule) }))({
        ...told('To 1e-11 (1 + α + σ).'),
        says: ({ time }) => {
          const wanted = at(options)(time)
          return is(Schedule.level(time)(schedule), wanted, 1e-11 * (1 + wanted.alpha + wanted.sigma))
        }
      })
  )

const betas = { betaMin: 0.1, betaMax: 20 }
const keptOf =
  ({ betaMin, betaMax }: typeof betas) =>
  (t: number): number =>
    exp(-(betaMin * t) / 2 - ((betaMax - betaMin) * t * t) / 4)

const sde = 'Song et al. 2021, arXiv 2011.13456'
const ofSchedules = {
  vp: levels(
    'vp',
    {
      equation: 'α = exp(−½ ∫β), σ² = 1 − α², β from β_min to β_max, linear in t of [0, 1]',
      source: `${sde}, equation 33`,
      differs: 'a thousand steps of β_i = β(i/1000)/1000 are the DDPM, whose products are 1 − β_i'
    },
    betas,
    options => t => ({ alpha: keptOf(options)(t), sigma: Math.sqrt(-expm1(2 * log(keptOf(options)(t)))) })
  ),
  subVp: levels(
    'subVp',
    { equation: 'α = exp(−½ ∫β), σ = 1 − α²', source: `${sde}, equation 35`, differs: 'none is known' },
    betas,
    options => t => ({ alpha: keptOf(options)(t), sigma: -expm1(2 * log(keptOf(options)(t))) })
  ),
  ve: levels(
    've',
    {
      equation: 'α = 1, σ = σ_min (σ_max/σ_min)^t',
      source: `${sde}, equation 31`,
      differs: 'appendix C has √(σ² − σ_min²), of data at t = 0 without noise'
    },
    { sigmaMin: 0.01, sigmaMax: 50 },
    ({ sigmaMin, sigmaMax }) =>
      t => ({ alpha: 1, sigma: sigmaMin * pow(sigmaMax / sigmaMin, t) })
  ),
  edmLevels: levels(
    'edmLevels',
    { equation: 'α = 1, σ = t', source: 'Karras et al. 2022, arXiv 2206.00364, table 1', differs: 'none is known' },
    {},
    () => t => ({ alpha: 1, sigma: t })
  ),
  cosine: levels(
    'cosine',
    {
      equation: 'α = cos(½π (t + s)/(1 + s))/cos(½π s/(1 + s)), σ² = 1 − α²',
      source: 'Nichol & Dhariwal 2021, arXiv 2102.09672, equation 17',
      differs: 'β_i is clipped at 0.999 in the DDPM; others have s = 0'
    },
    { offset: 0.008 },
    ({ offset }) =>
      t => {
        const angle = (time: number): number => (Math.PI / 2) * ((time + offset) / (1 + offset))
        const alpha = Elementary.cos(angle(t)) / Elementary.cos(angle(0))
        return { alpha, sigma: Math.sqrt((1 - alpha) * (1 + alpha)) }
      }
  )
}

const weights = <Options extends object>(
  name: string,
  info: Info,
  defaults: Options,
  of: (options: Options) => (snr: number) => number
) =>
  reference<Options, Weighting.Weighting>(
    name,
    info,
    defaults,
    (options, told) => weighting =>
      over(
        Arbitrary.schedules.chain(schedule =>
          fc.record({ schedule: fc.constant(schedule), time: Arbitrary.times(schedule) })
        )
      )({
        ...told('To 1e-11 of it.'),
        says: ({ schedule, time }) => {
          const wanted = of(options)(exp(Schedule.logSnr(time)(schedule)))
          return is(Weighting.interpret(schedule)(weighting)(time), wanted, 1e-11 * Math.abs(wanted))
        }
      })
  )

const gamma = { gamma: 5, of: 'data' as 'data' | 'noise' | 'velocity' }
/** The weight of the loss of x̂₀ as one of another output’s. */
const instead = ({ of }: typeof gamma, snr: number): number => (of === 'data' ? 1 : of === 'noise' ? snr : snr + 1)

const ofWeightings = {
  minSnr: weights(
    'minSnr',
    {
      equation: 'min(SNR, γ) of x̂₀; over SNR of ε, over SNR + 1 of v',
      source: 'Hang et al. 2023, arXiv 2303.09556, §3.4',
      differs: 'the weight depends on what is predicted, and is often taken for another'
    },
    gamma,
    options => snr => Math.min(snr, options.gamma) / instead(options, snr)
  ),
  softMinSnr: weights(
    'softMinSnr',
    {
      equation: '1/(1/SNR + 1/γ) of x̂₀; over SNR of ε, over SNR + 1 of v',
      source: 'Crowson et al. 2024, arXiv 2401.11605, §3.4',
      differs: 'as of min-SNR'
    },
    { ...gamma, gamma: 4 },
    options => snr => 1 / (1 / snr + 1 / options.gamma) / instead(options, snr)
  ),
  truncatedSnr: weights(
    'truncatedSnr',
    {
      equation: 'max(SNR, floor) of x̂₀',
      source: 'Salimans & Ho 2022, arXiv 2202.00512, §4',
      differs: 'SNR + 1 there too, of v'
    },
    { floor: 1 },
    ({ floor }) =>
      snr =>
        Math.max(snr, floor)
  ),
  p2: weights(
    'p2',
    {
      equation: '(k + SNR)^{−γ} of ε',
      source: 'Choi et al. 2022, arXiv 2204.00227, equation 8',
      differs: 'none is known'
    },
    { k: 1, gamma: 1 },
    ({ k, gamma }) =>
      snr =>
        pow(k + snr, -gamma)
  ),
  edmWeight: weights(
    'edmWeight',
    {
      equation: '(σ² + σ_d²)/(σσ_d)² = SNR + 1/σ_d² of x̂₀',
      source: 'Karras et al. 2022, arXiv 2206.00364, table 1',
      differs: 'none is known'
    },
    { sigmaData: 0.5 },
    ({ sigmaData }) =>
      snr =>
        snr + 1 / square(sigmaData)
  ),
  sigmoid: weights(
    'sigmoid',
    {
      equation: '1/(1 + SNR e^{−b}) of ε',
      source: 'Kingma & Gao 2023, arXiv 2303.00848, appendix D',
      differs: 'none is known'
    },
    { bias: 2 },
    ({ bias }) =>
      snr =>
        1 / (1 + snr * exp(-bias))
  )
}

// —— M-steps ——

/** Those models of mclust whose covariances are closed forms. */
type Model = 'EII' | 'VII' | 'EEI' | 'VVI' | 'EEE' | 'VVV'

/** Σ_k from the scatter W_k about the new means and the mass n_k of each component. */
const covariancesOf = (model: Model, scatters: ReadonlyArray<Density.Row>, masses: Density.Row, dim: number) => {
  const isCommon = model.startsWith('E')
  const together = scatters.reduce(Density.plus)
  const total = sumOf(masses)
  return scatters.map((own, k) => {
    const scatter = Density.scale(1 / (isCommon ? total : masses[k]), isCommon ? together : own)
    const trace = scatter.reduce((sum, x, at) => (at % (dim + 1) === 0 ? sum + x : sum), 0)
    const onDiagonal = (x: number): number => (model.endsWith('II') ? trace / dim : x)
    return scatter.map((x, at) => (at % (dim + 1) === 0 ? onDiagonal(x) : model.endsWith('I') ? 0 : x))
  })
}

const ofFamilies = {
  mclust: reference<{ readonly model: Model }, Score.Score<string>>(
    'mclust',
    {
      equation:
        'π_k = n_k/n, m_k = Σ z_ik x_i/n_k, W_k = Σ z_ik (x_i − m_k)(x_i − m_k)ᵀ; Σ_k is ΣW/n (EEE), W_k/n_k (VVV), their diagonals (EEI, VVI) or the mean of these times I (EII, VII)',
      source: 'Celeux & Govaert 1995, Pattern Recognition 28:781–793, §2; Fraley & Raftery 2002',
      differs: 'mclust has no floor below variances unless it is given a prior; scikit-learn adds 1e-6 to the diagonals'
    },
    { model: 'VVV' },
    ({ model }, told) =>
      score =>
        over(
          Arbitrary.dims.chain(dim =>
            fc.record({
              points: Arbitrary.points({ minRows: 8 * (dim + 1), far: 3 })(dim),
              params: Arbitrary.params(score, { extent: 1, spread: 0.5 })(dim)
            })
          )
        )({
          ...told(
            'To 1e-9 (1 + r²), r the greatest entry, where every component has the mass of two rows and no variance below 1e-3.'
          ),
          enough: 30,
          says: ({ points, params }) => {
            const family = O.toNullable(Score.interpret(score).family)
            if (family === null) return refuse(`${Score.show(score)} is not the score of a mixture`)
            const { dim } = points
            const z = jointOf(score)(points, params).map(logs => logs.map(log => exp(log - logSum(logs))))
            const [x, weights] = [Density.rowsOf(points), Points.weightsOf(points)]
            const over = (k: number, f: (row: Density.Row) => Density.Row): Density.Row =>
              Density.combine(
                z.map((row, i) => points.rows * weights[i] * row[k]),
                x.map(f),
                f(x[0]).length
              )
            const masses = z[0].map((_, k) => over(k, () => [1])[0])
            const means = masses.map((mass, k) =>
              Density.scale(
                1 / mass,
                over(k, row => row)
              )
            )
            const scatters = means.map((mean, k) =>
              over(k, row => {
                const off = Density.minus(row, mean)
                return off.flatMap(a => off.map(b => a * b))
              })
            )
            const covariances = covariancesOf(model, scatters, masses, dim)
            const least = Math.min(...covariances.flatMap(of => of.filter((_, at) => at % (dim + 1) === 0)))
            if (Math.min(...masses) < 2 || least < 1e-3) return []
            const next = Score.toMixture(score)(ExpectationMaximization.step(family, 1e-12, points)(params).params)
            if (O.isNone(next)) return refuse(`${Score.show(score)} does not say its mixture`)
            return is(
              {
                weights: next.value.weights,
                means: next.value.means.values,
                covariances: Mixture.covariances(next.value).values
              },
              {
                weights: Density.scale(1 / sumOf(masses), masses),
                means: means.flat(),
                covariances: covariances.flat()
              },
              1e-9 * (1 + square(greatest(points.values)))
            )
          }
        })
  )
}

/** What is published, by name: recurrences of optimizers, steps of samplers, levels of schedules, weights, and M-steps of families. */
export const published = { ...ofOptimizers, ...ofSamplers, ...ofSchedules, ...ofWeightings, ...ofFamilies }
