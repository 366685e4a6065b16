/** Inventions, wrong and right, as users write them: what the laws are to catch, and what they are to let pass. */
import * as t from 'io-ts'
import { add, mean, mul, neg, square, stopGradient, sub, sum, Key, type Tensor } from '../../../lib/index.js'
import { Field, Objective, Optimizer, Params, Sampler, Schedule, Score, TimeLaw } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { ofConcept, word, type Invention, type Table } from './invention.js'
import { declared } from './declared.js'
import { learning } from './learning.js'
import { made } from './made.js'
import { mistakes } from './mistakes.js'
import { models } from './models.js'
import { noise } from './noise.js'
import { strangers } from './strangers.js'
import { theorems } from './theorems.js'

export { type Invention } from './invention.js'

// —— objectives that claim to be proper ——

type PerRow = Parameters<typeof Objective.custom>[2]
const two = Score.spherical({ components: 2 })
const at = TimeLaw.at(0.3)
const squared = (x: Tensor): Tensor => sum(square(x), 1)
const dim = (x: Tensor): number => x.shape[1] ?? 1

const proper = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.objective(Objective.custom(name, at, perRow), two, { proper: true, isotropic: true })

const wrongObjectives: Table<PerRow> = {
  'the negated objective | the truth is a minimum in population': ({ score, target }) =>
    neg(squared(sub(score, target))),
  'the constant 0 | the truth is a minimum in population': ({ score }) => mul(0, sum(score, 1)),
  'a target of the wrong sign | the truth is stationary in two and three dimensions': ({ score, target }) =>
    squared(add(score, target)),
  'a target a tenth too long | the truth is stationary in population': ({ score, target }) =>
    squared(sub(score, mul(1.1, target))),
  'a target that is wrong for d ≥ 2 | the truth is stationary in two and three dimensions': ({ score, target }) =>
    squared(sub(score, mul(dim(score) > 1 ? 2 : 1, target))),
  'a target divided by √d | the truth is stationary in two and three dimensions': ({ score, target }) =>
    squared(sub(score, mul(1 / Math.sqrt(dim(score)), target))),
  'a stop-gradient on the score | gradient is that of the value': ({ score, target }) =>
    squared(sub(stopGradient(score), target)),
  'a linear term too many | turns with data, noise and centres': ({ score, target }) =>
    add(squared(sub(score, target)), sum(score, 1)),
  'a penalty on the score | the truth is stationary in population': ({ score, target }) =>
    add(squared(sub(score, target)), mul(0.1, squared(score))),
  'a weight of the error, stopped | gradient is that of the value': ({ score, target }) =>
    mul(stopGradient(squared(sub(score, target))), squared(sub(score, target)))
}

const rightObjectives: Table<PerRow> = {
  'denoising by hand': ({ score, target }) => squared(sub(score, target)),
  'its mean over coordinates': ({ score, target }) => mean(square(sub(score, target)), 1),
  'three times denoising': ({ score, target }) => mul(3, squared(sub(score, target))),
  'noise matching': ({ score, noise, level }) => squared(add(mul(level.sigma, score), noise)),
  'data matching': ({ score, clean, noisy, level }) =>
    squared(sub(add(noisy, mul(square(level.sigma), score)), mul(level.alpha, clean))),
  'without the completed square': ({ score, target }) => sub(squared(score), mul(2, sum(mul(score, target), 1))),
  'a constant more': ({ score, target }) => add(squared(sub(score, target)), 7)
}

// —— objectives that claim to be another ——

const stated = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.same(Objective.custom(name, at, perRow), Objective.denoising(at), {
    score: two
  })

const wrongFormulas: Table<PerRow> = {
  'half of it | it is what is stated': ({ score, target }) => mul(0.5, mean(square(sub(score, target)), 1)),
  'the sum for the mean | it is what is stated': ({ score, target }) => mul(1.5, squared(sub(score, target))),
  'a weight σ² too many | it is what is stated': ({ score, target, level }) =>
    sum(square(mul(level.sigma, sub(score, target))), 1)
}

// —— schedules ——

interface Levels {
  readonly alpha: (time: number) => number
  readonly sigma: (time: number) => number
  readonly until?: number
  readonly claims?: laws.ScheduleOptions
  /** What it says of itself in closed form. */
  readonly own?: Partial<Omit<ReturnType<typeof Schedule.interpret>, 'until' | 'level'>>
}
const scheduled = ({ alpha, sigma, until = 1, claims = {}, own }: Levels, name: string): ReadonlyArray<laws.Law> => {
  const level = (t: number): Schedule.Level => ({ alpha: alpha(t), sigma: sigma(t) })
  return laws.schedule(
    own === undefined
      ? Schedule.custom({ name, alpha, sigma, until })
      : Schedule.define({ name: word(name), about: name, meaning: () => ({ until, level, ...own }) }),
    claims
  )
}
const circle = { alpha: (t: number) => Math.cos(1.5 * t), sigma: (t: number) => Math.sin(1.5 * t) }

const wrongSchedules: Table<Levels> = {
  'noise that falls | has no problems': { alpha: t => 1 - t / 2, sigma: t => 0.5 * (1 - t) + 0.1 },
  'signal that comes back | has no problems': { alpha: t => 0.5 + (t - 0.5) * (t - 0.5), sigma: t => 0.1 + 0.01 * t },
  'a plateau | has no problems': { alpha: () => 0.5, sigma: t => Math.min(t, 0.3) },
  'variance said to be preserved | variance is preserved': {
    alpha: t => 1 - t,
    sigma: t => t,
    claims: { variancePreserving: true }
  },
  'said to be homogeneous | diffusing for s and then for t is diffusing for s + t': {
    ...circle,
    claims: { homogeneous: true }
  },
  'a drift that is not its own | drift is the slope of log α': { ...circle, own: { drift: () => -1 } },
  'g for g² | diffusion is what the drift leaves of the growth of σ²': {
    ...circle,
    own: { diffusion: t => Math.sqrt(3 * Math.tan(1.5 * t)) }
  },
  'an inverse held off the noisy end | timeOfLogSnr inverts logSnr': {
    ...circle,
    own: { timeOfLogSnr: l => Math.min(0.97, Math.atan(Math.exp(-l / 2)) / 1.5) }
  },
  'variance that is lost in the last thousandth | variance is preserved': {
    alpha: circle.alpha,
    sigma: t => circle.sigma(t) * (t > 0.999 ? 1 + 5 * (t - 0.999) : 1),
    claims: { variancePreserving: true }
  },
  'a diffusion that falls off at the end | diffusion is what the drift leaves of the growth of σ²': {
    ...circle,
    own: { diffusion: t => 3 * Math.tan(1.5 * t) - (t > 0.9 ? 11 * (t - 0.9) : 0) }
  },
  'a staircase, of which a lattice of times sees nothing | goes from its one end to the other': {
    alpha: t => Math.exp(-Math.floor(50 * t) / 50),
    sigma: t => 0.1 + Math.floor(50 * t),
    own: { timeOfLogSnr: () => 0.5 }
  },
  'no signal at first | goes from its one end to the other': {
    alpha: t => Math.min(1, 1e9 * t) * (1 - t / 2),
    sigma: t => 0.1 + t
  },
  'noise that jumps | levels have no jumps': { alpha: () => 1, sigma: t => 0.1 + t + (t > 0.6171 ? 0.05 : 0) },
  'σ² for σ, said to preserve variance | variance is preserved': {
    alpha: t => Math.exp(-t),
    sigma: t => -Math.expm1(-2 * t),
    claims: { variancePreserving: true }
  },
  'log α/σ for log α²/σ² | log-SNR is that of the level': {
    ...circle,
    own: { logSnr: t => -Math.log(Math.tan(1.5 * t)) }
  },
  'both of log α/σ | log-SNR is that of the level': {
    ...circle,
    own: { logSnr: t => -Math.log(Math.tan(1.5 * t)), timeOfLogSnr: l => Math.atan(Math.exp(-l)) / 1.5 }
  },
  'a drift half as long | drift is the slope of log α': { ...circle, own: { drift: t => -0.75 * Math.tan(1.5 * t) } },
  'a diffusion without −2fσ² | diffusion is what the drift leaves of the growth of σ²': {
    ...circle,
    own: { diffusion: t => 1.5 * Math.sin(3 * t) }
  },
  'an inverse off by 1e-6 | timeOfLogSnr inverts logSnr': {
    ...circle,
    own: { timeOfLogSnr: l => Math.atan(Math.exp(-l / 2)) / 1.5 + 1e-6 }
  }
}
/** λ as Laplace has it, of which α and σ have no second derivative in the middle (Hang & Gu 2024, arXiv 2407.03297). */
const laplace = (t: number): number => -Math.sign(t - 0.5) * -Math.log(1 - 2 * Math.abs(t - 0.5) + 1e-9)
const rightSchedules: Table<Levels> = {
  'a log-SNR as Laplace has it': {
    alpha: t => Math.sqrt(1 / (1 + Math.exp(-laplace(t)))),
    sigma: t => Math.sqrt(1 / (1 + Math.exp(laplace(t)))),
    claims: { variancePreserving: true }
  },
  'a flow by sin²': { alpha: t => 1 - Math.sin((Math.PI * t) / 2) ** 2, sigma: t => Math.sin((Math.PI * t) / 2) ** 2 },
  straight: { alpha: t => 1 - t, sigma: t => t },
  circle: { ...circle, claims: { variancePreserving: true } },
  exploding: { alpha: () => 1, sigma: t => 0.1 + 3 * t * t },
  faster: {
    alpha: t => Math.exp(-3 * t),
    sigma: t => Math.sqrt(1 - Math.exp(-6 * t)),
    claims: { variancePreserving: true }
  }
}

// —— samplers: x̂_0, ε and noise by hand, with something wrong ——

interface Way {
  readonly eta: number
  readonly noise?: number
  readonly drift?: number
  readonly z?: 'coordinates' | 'rows' | 'uniform'
  /** In a step to no noise; a share of the noise that there was. */
  readonly last?: number
  readonly whole?: number
  /** DDPM's larger variance, β, of which its smaller one is a share. */
  readonly larger?: boolean
  /** A Langevin move after it, of δ = 2 (0.16 σ)² along the score, with noise √(this δ). */
  readonly moved?: number
  readonly claims?: laws.SamplerOptions
}
const walking = (
  { eta, noise = 1, drift = 1, z: kind, last = 0, whole = 0, larger = false, moved, claims = {} }: Way,
  name: string
): ReadonlyArray<laws.Law> => {
  const own = Sampler.define({
    name: word(name),
    about: name,
    meaning: () => ({
      draws: eta > 0,
      step: ({ score, from, to, points, key }) => {
        const s = score(points, from.time).values
        const kappa = (from.alpha * to.sigma) / (to.alpha * from.sigma)
        const v = eta * eta * (1 - kappa * kappa) * to.sigma * to.sigma
        const normals = Key.normal(points.values.length)(key)
        const uniforms = Key.uniform(points.values.length)(key)
        const drawn = (i: number): number =>
          kind === 'coordinates'
            ? normals[i - (i % points.dim)]
            : kind === 'rows'
              ? normals[i % points.dim]
              : kind === 'uniform'
                ? Math.sqrt(3) * uniforms[i]
                : normals[i]
        const values = points.values.map((x, i) => {
          const clean = (x + drift * from.sigma * from.sigma * s[i]) / from.alpha
          const epsilon = -from.sigma * s[i]
          return (
            to.alpha * clean +
            Math.sqrt(Math.max(to.sigma * to.sigma - v, 0)) * epsilon +
            (to.sigma === 0 ? last + whole * from.sigma : noise * Math.sqrt(v) * (larger ? from.sigma / to.sigma : 1)) *
              drawn(i)
          )
        })
        const led = { ...points, values }
        if (moved === undefined || to.sigma === 0) return { points: led }
        const size = 2 * (0.16 * to.sigma) ** 2
        const slope = score(led, to.time).values
        const z = Key.normal(values.length)(Key.child(1)(key))
        return {
          points: { ...led, values: values.map((x, i) => x + size * slope[i] + Math.sqrt(moved * size) * z[i]) }
        }
      }
    })
  })
  return laws.sampler(own, claims)
}
const ofDdim = (eta: number): laws.SamplerOptions => ({ equals: Sampler.ddim({ eta }) })
const wrongSamplers: Table<Way> = {
  'no noise | looks at the key only if it draws': { eta: 1, noise: 0 },
  'one z for all rows | has the moments of the law at every time': { eta: 1, z: 'rows' },
  'one z for all coordinates | has the moments of the law at every time': { eta: 1, z: 'coordinates' },
  'uniform noise | has the moments of the law at every time': { eta: 1, z: 'uniform' },
  'noise in the last step | a step to no noise adds none': { eta: 1, last: 0.1 },
  'the whole noise in the last step | a step to no noise adds none': { eta: 1, whole: 1 },
  'second order, it says | a step is of its order': { eta: 0, claims: { order: 2 } },
  'η = ½, it says | takes the steps of the sampler that it equals': { eta: 0.25, claims: ofDdim(0.5) }
}
const rightSamplers: Table<Way> = {
  'ancestral by hand': { eta: 1, claims: { equals: Sampler.ancestral } },
  'first order': { eta: 0, claims: { order: 1 } },
  'DDPM’s larger variance': { eta: 1, larger: true },
  'DDPM’s larger variance, in the last step too': { eta: 1, larger: true, whole: 1 },
  'Langevin moves after each step': { eta: 1, moved: 2 }
}

// —— samplers of two steps: x̂_0 carried on by that of the step before ——

type Share = (length: number, before: number) => number
interface Remembered {
  readonly predicted: Float64Array
  readonly length: number
}
const isRemembered = (u: unknown): u is Remembered =>
  typeof u === 'object' && u !== null && 'predicted' in u && u.predicted instanceof Float64Array
const twoSteps = (share: Share, name: string): ReadonlyArray<laws.Law> =>
  laws.sampler(
    Sampler.define({
      name: word(name),
      about: name,
      meaning: () => ({
        draws: false,
        order: 2,
        step: ({ score, from, to, points, memory: left }) => {
          const memory = isRemembered(left) ? left : null
          const kappa = to.ratio / from.ratio
          const s = score(points, from.time).values
          const predicted = points.values.map((x, i) => (x + from.sigma * from.sigma * s[i]) / from.alpha)
          const length = -Math.log(kappa)
          const on = memory === null || kappa === 0 ? 0 : share(length, memory.length)
          const values = points.values.map(
            (x, i) =>
              (to.alpha / from.alpha) * kappa * x +
              to.alpha * (1 - kappa) * ((1 + on) * predicted[i] - on * (memory?.predicted ?? predicted)[i])
          )
          return { points: { ...points, values }, memory: { predicted, length } }
        }
      })
    })
  )
const steps: { readonly wrong: Table<Share>; readonly right: Table<Share> } = {
  wrong: {
    'as if steps were even | a step is of its order': () => 0.5
    // A step is off by ½ (before² − length²), which the next ones take back: over all of them it converges no more slowly.
  },
  right: { 'of any lengths': (length, before) => length / (2 * before) }
}

// —— optimizers of one memory, against a recurrence ——

interface Moments {
  readonly step: (g: number, m: number, n: number, x: number) => readonly [step: number, memory: number]
}
const stepping =
  (recurrence: Moments['step']) =>
  ({ step }: Moments, name: string): ReadonlyArray<laws.Law> => {
    const own = Optimizer.define({
      name: word(name),
      about: name,
      fields: { rate: Field.positive({ default: 0.1 }) },
      memory: t.type({ count: t.number, mean: Params.codec }),
      init: () => params => ({ count: 0, mean: Params.mapValues(() => 0)(params) }),
      update:
        () =>
        (gradient, { count, mean }, { params }) => {
          const both = (part: 0 | 1): Params.Params<string> =>
            Params.map<Params.Params<string>[string], Params.Params<string>[string]>((g, key) => ({
              ...g,
              values: g.values.map((value, i) => step(value, mean[key].values[i], count, params[key].values[i])[part])
            }))(gradient)
          return [both(0), { count: count + 1, mean: both(1) }]
        }
    })
    return laws.optimizer(own({ rate: 0.1 }), {
      recurrence: (gradients, start) =>
        gradients.reduce<{ readonly x: number; readonly m: number; readonly steps: ReadonlyArray<number> }>(
          ({ x, m, steps }, g, n) => {
            const [moved, memory] = recurrence(g, m, n, x)
            return { x: x + moved, m: memory, steps: [...steps, moved] }
          },
          { x: start, m: 0, steps: [] }
        ).steps
    })
  }
const momentum: Moments['step'] = (g, m) => [-0.1 * (0.9 * m + g), 0.9 * m + g]
const wrongOptimizers: Table<Moments> = {
  'no step after the twelfth | it takes the steps of its recurrence': {
    step: (g, m, n) => [n < 12 ? -0.1 * (0.9 * m + g) : 0, 0.9 * m + g]
  }
}
const rightOptimizers: Table<Moments> = {
  'momentum by hand': { step: momentum },
  'in another order': { step: (g, m) => [-(0.09 * m + 0.1 * g), g + 0.9 * m] }
}

export const corpus: ReadonlyArray<Invention> = [
  ...ofConcept('objective', { wrong: wrongObjectives, right: rightObjectives }, proper),
  ...ofConcept(
    'stated formula',
    { wrong: wrongFormulas, right: { 'denoising by hand': rightObjectives['denoising by hand'] } },
    stated
  ),
  ...ofConcept('schedule', { wrong: wrongSchedules, right: rightSchedules }, scheduled),
  ...ofConcept('sampler', { wrong: wrongSamplers, right: rightSamplers }, walking),
  ...ofConcept('sampler of two steps', steps, twoSteps),
  ...ofConcept('optimizer of one memory', { wrong: wrongOptimizers, right: rightOptimizers }, stepping(momentum)),
  ...noise,
  ...learning,
  ...models,
  ...made,
  ...mistakes,
  ...strangers,
  ...theorems,
  ...declared
]
