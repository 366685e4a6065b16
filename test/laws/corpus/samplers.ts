/** Inventions of samplers, by steps, solvers and moves at a level, and of guidance and posteriors. */
import { Key } from '../../../lib/index.js'
import { Guidance, Sampler, Schedule, Score } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { about, ofConcept, word } from './invention.js'

// —— x̂_0, ε and noise by hand, with something wrong ——

interface Way {
  readonly eta: number
  readonly noise?: number
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
  { eta, noise = 1, z: kind, last = 0, whole = 0, larger = false, moved, claims = {} }: Way,
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
          const clean = (x + from.sigma * from.sigma * s[i]) / from.alpha
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
const walks = ofConcept('sampler', walking, {
  wrong: {
    'no noise | looks at the key only if it draws': { eta: 1, noise: 0 },
    'one z for all rows | has the moments of the law at every time': { eta: 1, z: 'rows' },
    'one z for all coordinates | has the moments of the law at every time': { eta: 1, z: 'coordinates' },
    'uniform noise | has the moments of the law at every time': { eta: 1, z: 'uniform' },
    'noise in the last step | a step to no noise adds none': { eta: 1, last: 0.1 },
    'the whole noise in the last step | a step to no noise adds none': { eta: 1, whole: 1 },
    'second order, it says | a step is of its order': { eta: 0, claims: { order: 2 } },
    'η = ½, it says | takes the steps of the sampler that it equals': { eta: 0.25, claims: ofDdim(0.5) }
  },
  right: {
    'ancestral by hand': { eta: 1, claims: { equals: Sampler.ancestral } },
    'first order': { eta: 0, claims: { order: 1 } },
    'DDPM’s larger variance': { eta: 1, larger: true },
    'DDPM’s larger variance, in the last step too': { eta: 1, larger: true, whole: 1 },
    'Langevin moves after each step': { eta: 1, moved: 2 }
  }
})

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
const memories = ofConcept<Share>('sampler of two steps', twoSteps, {
  wrong: {
    'as if steps were even | a step is of its order': () => 0.5
    // A step is off by ½ (before² − length²), which the next ones take back: over all of them it converges no more slowly.
  },
  right: { 'of any lengths': (length, before) => length / (2 * before) }
})

// —— along the flow, and at a level ——

/** A solver of the flow, and the order that it says it has. */
type Solver = Parameters<typeof Sampler.probabilityFlow>[0]
interface Solved {
  readonly solver: Solver
  readonly order: number
}
const solved = ({ solver, order }: Solved): ReadonlyArray<laws.Law> =>
  laws.of<Sampler.Sampler>(
    Sampler.define({ name: 'ownFlow', about, meaning: () => ({ ...Sampler.probabilityFlow(solver), order }) })
  )
const midpoint =
  (share: number): Solver =>
  field =>
  (from, to, y) => {
    const h = to - from
    const slope = field(from, y)
    const half = field(
      from + h / 2,
      y.map((x, i) => x + share * h * slope[i])
    )
    return y.map((x, i) => x + h * half[i])
  }
const solvers = ofConcept('sampler by its solver', solved, {
  wrong: {
    'the midpoint, a whole step ahead | a step is of its order': { solver: midpoint(1), order: 2 },
    'Euler that writes over its argument | a step leaves alone what it is given': {
      solver: field => (from, to, y) => {
        const slope = field(from, y)
        y.forEach((x, i) => {
          y[i] = x + (to - from) * slope[i]
        })
        return y
      },
      order: 1
    }
  },
  right: { 'the midpoint': { solver: midpoint(0.5), order: 2 } }
})

/**
 * Kutta's third-order method in σ/α, along which x/α changes by ε, with weights (b1, b2, b3): those of order 3 are (1, 4, 1)/6. With (1, 3, 1)/5
 * the conditions Σ b c² = 1/3 and Σ b a c = 1/6 are violated by 1/60 and 1/30; along the flow of a Gaussian these two errors cancel.
 */
const kutta = (weights: readonly [number, number, number], name: string): ReadonlyArray<laws.Law> =>
  laws.sampler(
    Sampler.define({
      name: word(name),
      about: name,
      meaning: () => ({
        draws: false,
        order: 3,
        step: ({ schedule, score, from, to, points }) => {
          const slope = (ratio: number, y: Float64Array): Float64Array => {
            const time = Schedule.timeOfLogSnr(-2 * Math.log(ratio))(schedule)
            const { alpha, sigma } = Schedule.level(time)(schedule)
            return score({ ...points, values: y.map(v => alpha * v) }, time).values.map(s => -sigma * s)
          }
          const h = to.ratio - from.ratio
          const y = points.values.map(x => x / from.alpha)
          const moved = (by: (i: number) => number): Float64Array => y.map((v, i) => v + h * by(i))
          const k1 = slope(from.ratio, y)
          const k2 = slope(
            from.ratio + h / 2,
            moved(i => k1[i] / 2)
          )
          const k3 = slope(
            to.ratio,
            moved(i => 2 * k2[i] - k1[i])
          )
          const [b1, b2, b3] = weights
          const end = moved(i => b1 * k1[i] + b2 * k2[i] + b3 * k3[i])
          return { points: { ...points, values: end.map(v => to.alpha * v) } }
        }
      })
    })
  )
const kuttas = ofConcept('sampler of three stages', kutta, {
  wrong: { 'Kutta’s weights (1, 3, 1)/5 | a step is of its order': [1 / 5, 3 / 5, 1 / 5] },
  right: { 'Kutta’s weights (1, 4, 1)/6': [1 / 6, 4 / 6, 1 / 6] }
})

/** Moves at a level, by the score: their size relative to σ², and what is wrong with them. */
interface Chain {
  readonly size: number
  readonly moves?: number
  readonly noise?: number
  /** Metropolis, by the density (the score along the way), and by how probable the way back is. */
  readonly adjusted?: 'wholly' | 'by the density alone'
}
const chain = ({ size, moves = 1, noise = 2, adjusted }: Chain): ReadonlyArray<laws.Law> =>
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
            const values = at.values.map((x, i) => x + h * s[i] + Math.sqrt(noise * h) * z[i])
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
const chains = ofConcept('sampler at a level', chain, {
  wrong: {
    'Langevin moves of noise √h | has the moments of the law at every time': { size: 0.02, noise: 1 },
    'Metropolis without the way back | has the moments of the law at every time': {
      size: 0.2,
      adjusted: 'by the density alone'
    }
  },
  right: {
    'Langevin moves of a small size': { size: 0.02 },
    'Metropolis-adjusted Langevin moves': { size: 0.2, adjusted: 'wholly' },
    'annealed Langevin moves': { size: 0.05, moves: 3 }
  }
})

// —— guidance, and posteriors of measurements ——

// The names of the parameters are forgotten, so that one table holds all.
const two: Score.Score<string> = Score.spherical({ components: 2 })

const guided = (guide: Partial<laws.Guide>): ReadonlyArray<laws.Law> => [
  ...('classifierFree' in guide ? laws.guidance(two, { guide: { ...Guidance, ...guide } }) : []),
  ...('posterior' in guide ? laws.posterior({ guide: { ...Guidance, ...guide } }) : [])
]
type Free = Parameters<laws.Guide['classifierFree']>[0]
const towards =
  (weightOf: (weight: number) => number): laws.Guide['classifierFree'] =>
  ({ free, given, weight }: Free) =>
    Guidance.classifierFree({ free, given, weight: weightOf(weight) })
const guides = ofConcept('guidance', guided, {
  wrong: {
    'by the square of the weight | it goes along the line from the one to the other': {
      classifierFree: towards(w => w * w)
    },
    'by half of the weight | it goes along the line from the one to the other': { classifierFree: towards(w => w / 2) },
    'by a weight of one more | it goes along the line from the one to the other': {
      classifierFree: towards(w => 1 + w)
    },
    'a sum of both | a label that says nothing changes nothing, whatever the weight': {
      classifierFree: ({ free, given, weight }) => Guidance.combine([1, free], [weight, given])
    },
    'a posterior that takes the covariance for 0 | the score of a posterior tends to that of the exact posterior': {
      posterior: (seen, schedule) => Guidance.posterior(seen, schedule, { spread: 'none' })
    },
    'a posterior by the root of the deviation | the score of a posterior tends to that of the exact posterior': {
      posterior: ({ deviation, ...seen }, schedule) =>
        Guidance.posterior({ ...seen, deviation: [deviation].flat().map(d => Math.sqrt(2 * d)) }, schedule)
    },
    'a posterior of the opposite | the score of a posterior tends to that of the exact posterior': {
      posterior: (seen, schedule) => Guidance.posterior({ ...seen, observed: seen.observed.map(y => -y) }, schedule)
    },
    // (Γ + α V)⁻¹ = (Γ/α + V)⁻¹/α
    'a posterior whose covariance is σ² J, for (σ²/α) J | of normal data the score of a posterior is exact': {
      posterior: ({ deviation, ...seen }, schedule) => {
        const guided =
          (prior: Sampler.Smooth): Sampler.ScoreFunction =>
          (points, time) => {
            const { alpha } = Schedule.level(time)(schedule)
            const narrower = { ...seen, deviation: [deviation].flat().map(d => d / Math.sqrt(alpha)) }
            const inner = Guidance.posterior(narrower, schedule)(prior)
            return Guidance.combine([1 / alpha, inner], [1 - 1 / alpha, prior])(points, time)
          }
        return prior =>
          Object.assign(guided(prior), { field: prior.field, divergence: prior.divergence, vjp: prior.vjp })
      }
    }
  },
  right: {
    'by a sum of two': {
      classifierFree: ({ free, given, weight }) => Guidance.combine([weight, given], [1 - weight, free])
    },
    'a posterior of what is seen in halves': {
      posterior: ({ matrix, observed, deviation }, schedule) =>
        Guidance.posterior(
          {
            matrix: matrix.map(row => row.map(a => a / 2)),
            observed: observed.map(y => y / 2),
            deviation: typeof deviation === 'number' ? deviation / 2 : deviation.map(d => d / 2)
          },
          schedule
        )
    }
  }
})

export const samplers = [...walks, ...memories, ...solvers, ...kuttas, ...chains, ...guides]
