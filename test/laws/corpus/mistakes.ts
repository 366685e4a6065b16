/** Inventions of every concept with what their authors say of them, held by `laws.of` as a user would: the mistake of each is one that people make. */
import * as t from 'io-ts'
import { add, exp, log, mul, neg, slice, sqrt, square, sub, sum, type Tensor } from '../../../lib/index.js'
import {
  Clock,
  Expectation,
  type Field,
  Key,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Region,
  Sampler,
  Schedule,
  Stage,
  TimeLaw,
  Weighting
} from '../../../src/index.js'
import type { Spec } from '../../../src/schedule/parametrization.js'
import * as laws from '../../../src/laws/index.js'
import { about, ofConcept, type Held, type Table } from './invention.js'

const squared = (x: Tensor): Tensor => sum(square(x), 1)

// —— schedules and clocks ——

const bell = (time: number): Schedule.Level => ({
  alpha: Math.exp((-time * time) / 2),
  sigma: Math.sqrt(-Math.expm1(-time * time))
})
const schedule =
  (said: Partial<Schedule.Dynamics>): Held =>
  () =>
    laws.of(Schedule.define({ name: 'bell', about, meaning: () => ({ until: Infinity, level: bell, ...said }) }))
const clock =
  (time: (t: number) => number, rate: (t: number) => number, inverse: (time: number) => number): Held =>
  () =>
    laws.of(
      Clock.define({
        name: 'ownClock',
        about,
        meaning: () => ({ ticking: own => ({ until: inverse(own.until), time, rate, inverse }) })
      })
    )
const bent = (kinks?: () => ReadonlyArray<number>): Held => {
  const level = (time: number): Schedule.Level => ({ alpha: 1 - time, sigma: time < 0.5 ? time : 2 * time - 0.5 })
  return () =>
    laws.of(Schedule.define({ name: 'bent', about, meaning: () => ({ until: 1, level, ...(kinks && { kinks }) }) }))
}

// —— time laws and weightings ——

const timeLaw =
  (meaning: TimeLaw.Meaning): Held =>
  () =>
    laws.of(TimeLaw.define({ name: 'ownTimes', about, meaning: () => meaning }))
const rising = (time: number): number => 2 * time
const midpoints = (count: number): ReadonlyArray<TimeLaw.Node> =>
  Array.from({ length: count }, (_, i) => ({ time: (i + 0.5) / count, weight: 1 / count }))
const weighting =
  (sees: Weighting.Sees, weigh: (of: Schedule.Dynamics) => (time: number) => number): Held =>
  () =>
    laws.of(Weighting.define({ name: 'ownWeights', about, meaning: () => ({ sees, weigh }) }))

// —— noise ——

type OfNoise = (z: Float64Array, size: Expectation.Size, key: Key.Key) => Float64Array
export const noise =
  (rows: 'apart' | 'together', of: OfNoise): Held =>
  () =>
    laws.of(
      Expectation.define({
        name: 'ownNoise',
        about,
        meaning: () => ({
          where: 'everywhere',
          rows,
          draws: size => key => [{ weight: 1, noise: of(Key.normal(size.rows * size.dim)(key), size, key) }]
        })
      })
    )

// —— objectives ——

const at = TimeLaw.at(0.3)
const objective =
  (form: Objective.Form): Held =>
  () =>
    laws.of(Objective.define({ name: 'ownLoss', about, meaning: () => form }))

// —— optimizers by their recurrence ——

const memory = t.type({ mean: Params.codec, before: Params.codec, count: t.number })
type Memory = t.TypeOf<typeof memory>
const RATE = 0.1
const optimizer =
  (
    update: (gradient: Params.Params<string>, memory: Memory) => readonly [Params.Params<string>, Memory],
    recurrence: (gradients: ReadonlyArray<number>) => ReadonlyArray<number>
  ): Held =>
  () =>
    laws.of<Optimizer.Optimizer>(
      Optimizer.define({
        name: 'ownSteps',
        about,
        memory,
        init: () => params => {
          const none = Params.zeros(Params.shapes(params))
          return { mean: none, before: none, count: 0 }
        },
        update: () => update
      }),
      { claims: { recurrence } }
    )
/** Adan without its second moment: a momentum of gradients, and the difference of the last two. */
const adan = (keptBefore: (gradient: Params.Params<string>, memory: Memory) => Params.Params<string>): Held =>
  optimizer(
    (gradient, memory) => {
      const difference = Params.zipWith((g: number, before: number) => g - before)(gradient, memory.before)
      const mean = Params.zipWith((m: number, g: number) => 0.9 * m + 0.1 * g)(memory.mean, gradient)
      const step = Params.zipWith((m: number, d: number) => -RATE * (m + 0.9 * d))(mean, difference)
      return [step, { mean, before: keptBefore(gradient, memory), count: memory.count + 1 }]
    },
    gradients =>
      gradients.map((g, i) => {
        const mean = gradients.slice(0, i + 1).reduce((m, one) => 0.9 * m + 0.1 * one, 0)
        return -RATE * (mean + 0.9 * (g - (i === 0 ? 0 : gradients[i - 1])))
      })
  )

// —— regions, stages, samplers ——

export const region =
  (project: (x: Float64Array) => Float64Array, excess?: laws.RegionOptions['excess']): Held =>
  () =>
    laws.of(Region.define({ name: 'ownRegion', about, meaning: () => ({ project }) }), {
      claims: { ...(excess && { excess }) }
    })
type Steps = (tools: Stage.Tools) => Stage.Steps<null>
const stage =
  (steps: Steps): Held =>
  () =>
    laws.of(
      Stage.define({
        name: 'ownStage',
        about,
        meaning: () => ({
          stops: { steps: 5 },
          loss: { objective: Objective.implicit(at), expectation: Expectation.monteCarlo() },
          ...Stage.steps(t.null, steps)
        })
      })
    )
/** Descent by a share of the gradient. */
const down = ({ evaluate }: Stage.Tools, share: (value: number) => number): Stage.Steps<null> => ({
  begin: () => null,
  step: (params, memory, key) => {
    const { value, gradient } = evaluate(params, key)
    const by = share(value)
    return { value, params: Params.zipWith((p: number, g: number) => p - by * g)(params, gradient), memory }
  }
})
const flow =
  (order: number, middle: (h: number) => number): Held =>
  () =>
    laws.of<Sampler.Sampler>(
      Sampler.define({
        name: 'ownFlow',
        about,
        meaning: () => ({
          ...Sampler.alongFlow(field => (from, to, y) => {
            const h = to - from
            const slope = field(from, y)
            const half = field(
              from + h / 2,
              y.map((x, i) => x + middle(h) * slope[i])
            )
            return y.map((x, i) => x + h * half[i])
          }),
          order
        })
      })
    )
/** Moves at a level, by the score: their size relative to σ², and what is wrong with them. */
interface Chain {
  readonly size: number
  readonly moves?: number
  readonly noise?: number
  readonly drift?: number
  /** One z for all coordinates of a row. */
  readonly shared?: boolean
  /** Metropolis, by the density (the score along the way), and by how probable the way back is. */
  readonly adjusted?: 'wholly' | 'by the density alone'
}
const chain =
  ({ size, moves = 1, noise = 2, drift = 1, shared = false, adjusted }: Chain): Held =>
  () =>
    laws.of<Sampler.Sampler>(
      Sampler.define({
        name: 'ownChain',
        about,
        meaning: () => ({
          draws: true,
          movesAtLevel: true,
          step: ({ score, to, points, key }) => {
            const h = size * to.sigma * to.sigma
            const { dim } = points
            const moved = (at: typeof points, key: Key.Key): typeof points => {
              const keys = Key.split(2)(key)
              const z = Key.normal(at.values.length)(keys[0])
              const s = score(at, to.time).values
              const values = at.values.map(
                (x, i) => x + h * drift * s[i] + Math.sqrt(noise * h) * z[shared ? i - (i % dim) : i]
              )
              if (adjusted === undefined) return { ...at, values }
              const back = score({ ...at, values }, to.time).values
              const half = score({ ...at, values: values.map((x, i) => (x + at.values[i]) / 2) }, to.time).values
              const u = Key.uniform(at.rows)(keys[1])
              const isTaken = Array.from(u, (u, row) => {
                const log = values.subarray(row * dim, (row + 1) * dim).reduce((sum, x, j) => {
                  const i = row * dim + j
                  const by = x - at.values[i]
                  const density = (by * (s[i] + 4 * half[i] + back[i])) / 6
                  const on = by - h * s[i]
                  const off = -by - h * back[i]
                  return sum + density + (adjusted === 'wholly' ? (on * on - off * off) / (4 * h) : 0)
                }, 0)
                return Math.log(u) < log
              })
              return { ...at, values: values.map((x, i) => (isTaken[Math.floor(i / dim)] ? x : at.values[i])) }
            }
            return { points: Key.split(moves)(key).reduce(moved, points) }
          }
        })
      })
    )
/** v = αz − σx₀, and what is said of it. */
type Says = Partial<Pick<Spec<string, Field.NoFields, null>, 'behind' | 'written' | 'squaredDeterminant'>>
export const velocity =
  (says: Says): Held =>
  () =>
    laws.of(
      Parametrization.define({
        name: 'ownVelocity',
        about,
        meaning:
          () =>
          ({ alpha, sigma }) => ({ p: -sigma, q: alpha }),
        ...says
      })
    )

const wrong: Table<Held> = {
  'said to be homogeneous | diffusing for s and then for t is diffusing for s + t': schedule({ homogeneous: true }),
  'a clock whose rate is constant | drift is the slope of log α': clock(
    time => time * time,
    () => 2,
    Math.sqrt
  ),
  'a clock whose inverse is its square | timeOfLogSnr inverts logSnr': clock(
    time => time * time,
    time => 2 * time,
    time => time * time
  ),
  'a rising density, without its 2 | the density is that of the draws': timeLaw({
    quantile: () => Math.sqrt,
    density: () => ({ at: time => time, support: [0, 1] })
  }),
  'nodes of another law than the draws | its ‘nodes’ is what it stands for': timeLaw({
    quantile: () => Math.sqrt,
    nodes: (_, count) => midpoints(count)
  }),
  'g said to be a rate | another clock changes no weight but a rate': weighting(
    'rate',
    ({ diffusion }) =>
      time =>
        Math.sqrt(Math.max(0, diffusion(time)))
  ),
  'no noise for a row alone | its noise is standard normal': noise('apart', (z, { rows }) =>
    rows === 1 ? z.map(() => 0) : z
  ),
  'the last coordinate without its sign | its mean is that over all noise': noise('together', (z, { dim }) =>
    z.map((x, at) => (at % dim === dim - 1 ? Math.abs(x) : x))
  ),
  'noise to an eighth | nothing is drawn twice': noise('together', z => z.map(x => Math.round(8 * x) / 8)),
  'rows in pairs, said to be apart | nothing is drawn twice': noise('apart', (z, { dim }) =>
    z.map((x, at) => (Math.floor(at / dim) % 2 === 1 ? -z[at - dim] : x))
  ),
  'the first coordinate alone, said to be proper | turns with data, noise and centres': objective({
    timeLaw: at,
    proper: true,
    perRow: ({ score, target }) => squared(slice(sub(score, target), [0, 0], [-1, 1]))
  }),
  'weighed by |x|, said to move | moves with data and mixture of itself': objective({
    timeLaw: at,
    moves: true,
    perRow: ({ score, target, clean }) => mul(squared(sub(score, target)), add(1, squared(clean)))
  }),
  'the density, said to be least at the truth | the truth is a minimum in population': objective({
    proper: true,
    perDatum: ({ logDensity }) => logDensity()
  }),
  'floats, said to be enough, of ten thousand more and less | floats are enough, as it says': objective({
    timeLaw: at,
    float32: true,
    perRow: ({ score, target }) => sub(add(1e4, squared(sub(score, target))), 1e4)
  }),
  'floats, said to be enough, of a square completed far off | floats are enough, as it says': objective({
    timeLaw: at,
    float32: true,
    perRow: ({ score, target }) => {
      const off = sub(score, target)
      return sum(sub(sub(square(add(off, 300)), mul(600, off)), 9e4), 1)
    }
  }),
  'floats, said to be enough, of what is beyond them | is finite on edge cases': objective({
    timeLaw: at,
    float32: true,
    perRow: ({ score, target }) => mul(0.02, log(exp(mul(50, squared(sub(score, target))))))
  }),
  'the difference from the first gradient | it takes the steps of its recurrence': adan((gradient, { before, count }) =>
    count === 0 ? gradient : before
  ),
  'a box that writes over its argument | what is inside stays': region(x => {
    x.forEach((value, i) => {
      x[i] = Math.min(1, Math.max(-1, value))
    })
    return x
  }),
  'a share of the first loss, kept beside the memory | goes on from text with the same bits': stage(tools => {
    const first: { share?: number } = {}
    return down(tools, value => (first.share ??= 0.01 * Math.abs(value)))
  }),
  'the midpoint, a whole step ahead | a step is of its order': flow(2, h => h),
  'Euler that writes over its argument | a step leaves alone what it is given': () =>
    laws.of<Sampler.Sampler>(
      Sampler.define({
        name: 'ownFlow',
        about,
        meaning: () => ({
          ...Sampler.alongFlow(field => (from, to, y) => {
            const slope = field(from, y)
            y.forEach((x, i) => {
              y[i] = x + (to - from) * slope[i]
            })
            return y
          }),
          order: 1
        })
      })
    ),
  'Langevin moves of noise √h | has the moments of the law at every time': chain({ size: 0.02, noise: 1 }),
  'Metropolis without the way back | has the moments of the law at every time': chain({
    size: 0.2,
    adjusted: 'by the density alone'
  }),
  'velocity with the wrong sign behind it | the truth is carried to the truth': velocity({
    behind:
      () =>
      ({ alpha, sigma }) => {
        const size = alpha * alpha + sigma * sigma
        return {
          data: { ofOutput: sigma / size, ofPoint: alpha / size },
          noise: { ofOutput: alpha / size, ofPoint: sigma / size }
        }
      }
  })
}

const right: Table<Held> = {
  'floats, which are enough for a root of squares': () =>
    laws.of(
      Objective.custom('ownLoss', at, ({ score, target }) => sqrt(add(1, squared(sub(score, target)))), {
        float32: true
      })
    ),
  'floats, which are enough for noise': objective({
    timeLaw: at,
    float32: true,
    perRow: ({ score, noise, level }) => squared(add(mul(level.sigma, score), noise))
  }),
  'Langevin moves of a small size': chain({ size: 0.02 }),
  'Metropolis-adjusted Langevin moves': chain({ size: 0.2, adjusted: 'wholly' }),
  'annealed Langevin moves': chain({ size: 0.05, moves: 3 }),
  'in closed form': schedule({ drift: time => -time, diffusion: rising, preservesVariance: true }),
  'with a kink that is said': bent(() => [0.5]),
  'a clock that cubes': clock(
    time => time * time * time,
    time => 3 * time * time,
    Math.cbrt
  ),
  'a clock that grows fast': clock(Math.sinh, Math.cosh, Math.asinh),
  'a rising density': timeLaw({ quantile: () => Math.sqrt, density: () => ({ at: rising, support: [0, 1] }) }),
  'midpoints, as many as are asked for': timeLaw({ nodes: (_, count) => midpoints(count) }),
  'P2, of the SNR': weighting(
    'snr',
    ({ logSnr }) =>
      time =>
        1 / (1 + Math.exp(logSnr(time)))
  ),
  'half of g², a rate': weighting(
    'rate',
    ({ diffusion }) =>
      time =>
        diffusion(time) / 2
  ),
  'rows in pairs, with a view to each other': noise('together', (z, { dim }) =>
    z.map((x, at) => (Math.floor(at / dim) % 2 === 1 ? -z[at - dim] : x))
  ),
  'the likelihood': objective({ proper: true, moves: true, perDatum: ({ logDensity }) => neg(logDensity()) }),
  'denoising that says that it moves': objective({
    timeLaw: at,
    proper: true,
    moves: true,
    perRow: ({ score, target }) => squared(sub(score, target))
  }),
  'the difference from the last gradient': adan(gradient => gradient),
  'what sums to 1 at most': region(x => {
    const over = x.reduce((total, value) => total + value, 0) - 1
    return over > 0 ? x.map(value => value - over / x.length) : x
  }),
  'descent by hand': stage(tools => down(tools, () => 0.05)),
  'the midpoint': flow(2, h => h / 2)
}

const held = (laws: Held): ReadonlyArray<laws.Law> => laws()

export const mistakes = ofConcept('as said', { wrong: wrong, right: right }, held)
