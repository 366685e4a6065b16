/** Schedules of discrete processes, from a table of β. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { unfoldIterable } from '../../lib/plain/iterate.js'
import { Field, Problem, type Vocabulary } from '../core/index.js'
import { preserving, type Accumulated } from './dynamics.js'
import { define, level, type Schedule } from './schedule.js'
import { cosine } from './continuous.js'

/** Index of the last of ascending numbers that is at most x, by bisection of [lo, hi); the first if there is none. */
const lastAtMost = (rising: Float64Array, x: number, lo: number, hi: number): number => {
  const middle = (lo + hi) >> 1
  return hi - lo <= 1 ? lo : rising[middle] <= x ? lastAtMost(rising, x, middle, hi) : lastAtMost(rising, x, lo, middle)
}

/** B(t) of a table: the sum of −log(1 − β_i), linear between whole times. */
const stepwise = (betas: ReadonlyArray<number>): Accumulated => {
  const rates = Float64Array.from(betas, beta => -Elementary.log1p(-beta))
  const sums = Float64Array.from(
    unfoldIterable({ step: 0, total: 0 }, ({ step, total }) =>
      step < rates.length ? { step: step + 1, total: total + rates[step] } : null
    ),
    ({ total }) => total
  )
  const stepAt = (time: number): number => Math.max(0, Math.min(Math.floor(time), rates.length - 1))
  return {
    until: rates.length,
    total: time => {
      const n = stepAt(time)
      return sums[n] + (time - n) * rates[n]
    },
    rate: time => rates[stepAt(time)],
    timeOf: B => {
      const n = lastAtMost(sums, B, 0, rates.length)
      return n + (B - sums[n]) / rates[n]
    }
  }
}

const showList = (values: ReadonlyArray<number>): string =>
  values.length <= 8 ? values.join(', ') : `${values.slice(0, 3).join(', ')}, …, ${values[values.length - 1]}`

const beta = Field.leaf({
  is: (u): u is number => typeof u === 'number',
  holds: beta => beta > 0 && beta < 1,
  domain: 'in (0, 1)',
  remedy: 'keep some of the signal, and add some noise',
  arbitrary: fc => fc.double({ min: 1e-4, max: 0.5, noNaN: true }),
  sample: 0.1
})

const betaListField = Field.array(beta)

const betaTableField: typeof betaListField = {
  ...betaListField,
  problems: (name, given) =>
    Array.isArray(given) && given.length === 0
      ? [Problem.of(name, '[]', 'a list with at least one β', 'try Schedule.linearBetas')]
      : betaListField.problems(name, given),
  show: given => (betaListField.is(given) ? `[${showList(given)}]` : JSON.stringify(given))
}

/**
 * Discrete DDPM with a table β_1 … β_N: after n steps α² = Π_{i ≤ n} (1 − β_i), σ² = 1 − α² (Ho et al. 2020, arXiv 2006.11239). Time counts
 * steps, t in [0, N], with log α linear between whole numbers. (t = 1 is step 0 in libraries that count from 0.)
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * const ddpm = Schedule.betas(Schedule.linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))
 * const { alpha } = pipe(ddpm, Schedule.level(1))
 * assert.ok(Math.abs(alpha ** 2 - (1 - 1e-4)) < 1e-15)
 */
export const betas = define({
  name: 'betas',
  about: 'the discrete DDPM of a table of β (arXiv 2006.11239)',
  fields: {
    /** β of each step of the chain. */
    betas: betaTableField
  },
  call: ['betas'],
  example: { betas: [0.1, 0.2, 0.3] },
  formula: ({ betas }) => `α² = Π (1 − β_i) over the first t of ${betas.length} steps, σ² = 1 − α²`,
  meaning: ({ betas }) => ({
    ...preserving(stepwise(betas)),
    // The rate jumps at whole times.
    kinks: () => betas.slice(1).map((_, i) => i + 1)
  })
})

interface LinearBetas {
  readonly steps: number
  readonly first: number
  readonly last: number
}

const linearlySpaced = ({ steps, first, last }: LinearBetas): ReadonlyArray<number> =>
  Array.from({ length: steps }, (_, i) => (steps === 1 ? first : first + ((last - first) * i) / (steps - 1)))

/** Linearly spaced β, as in DDPM, which has 1000 steps from 1e-4 to 0.02 (Ho et al. 2020). */
export const linearBetas = linearlySpaced

/** Linearly spaced √β, as in latent diffusion, which has 1000 steps from 0.00085 to 0.012 (Rombach et al. 2022). */
export const scaledLinearBetas = ({ steps, first, last }: LinearBetas): ReadonlyArray<number> =>
  linearlySpaced({ steps, first: Math.sqrt(first), last: Math.sqrt(last) }).map(root => root * root)

/** β_i = min(1 − ᾱ_i/ᾱ_{i−1}, 0.999) of the cosine schedule (Nichol & Dhariwal 2021, equation 17). */
export const cosineBetas = ({
  steps,
  offset = 0.008
}: {
  readonly steps: number
  readonly offset?: number
}): ReadonlyArray<number> => {
  const smooth = cosine({ offset })
  const signals = Array.from({ length: steps + 1 }, (_, i) => Elementary.square(pipe(smooth, level(i / steps)).alpha))
  return Array.from({ length: steps }, (_, i) => Math.min(1 - signals[i + 1] / signals[i], 0.999))
}

/** Recipes of tables of β, each computed only when read. */
export const recipes: ReadonlyArray<Vocabulary.Recipe<Schedule>> = [
  {
    name: 'Schedule.linearBetas',
    about: 'a table of β: even, as in DDPM (arXiv 2006.11239)',
    get example() {
      return betas(linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))
    },
    code: 'Schedule.betas(Schedule.linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))'
  },
  {
    name: 'Schedule.scaledLinearBetas',
    about: 'a table of β: even √β, as in latent diffusion (arXiv 2112.10752)',
    get example() {
      return betas(scaledLinearBetas({ steps: 1000, first: 0.00085, last: 0.012 }))
    },
    code: 'Schedule.betas(Schedule.scaledLinearBetas({ steps: 1000, first: 0.00085, last: 0.012 }))'
  },
  {
    name: 'Schedule.cosineBetas',
    about: 'a table of β: that of the cosine schedule, clipped (arXiv 2102.09672)',
    get example() {
      return betas(cosineBetas({ steps: 1000 }))
    },
    code: 'Schedule.betas(Schedule.cosineBetas({ steps: 1000 }))'
  }
]
