/** Inventions of somebody who knew the pages and the types alone, of those that showed what a law did not see, or saw in what is right. */
import * as t from 'io-ts'
import {
  div,
  exp,
  log1p,
  logSoftmax,
  mul,
  square,
  squaredDistances,
  sub,
  sum,
  type Tensor
} from '../../../lib/index.js'
import {
  Field,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Points,
  Schedule,
  Score,
  TimeLaw
} from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { about, ofConcept, type Held, type Table } from './invention.js'
import { noise, region, velocity } from './mistakes.js'

// —— parametrizations: v = αz − σx₀ and the noise ——

const written = (sign: 1 | -1): Held =>
  velocity({
    written:
      () =>
      ({ alpha, sigma }, { add, mul, neg, of, shown }) => {
        const size = add(mul(alpha, alpha), mul(sigma, sigma))
        return {
          direction: { p: neg(sigma), q: alpha },
          behind: {
            data: { ofPoint: shown(alpha, size), ofOutput: neg(shown(sigma, size)) },
            noise: { ofPoint: shown(sigma, size), ofOutput: mul(of(sign), shown(alpha, size)) }
          }
        }
      }
  })
const determinant =
  (alphas: number): Held =>
  () =>
    laws.of(
      Parametrization.define({
        name: 'ownNoise',
        about,
        meaning: () => () => ({ p: 0, q: 1 }),
        squaredDeterminant: () => ({ alphas, sigmas: 0, above: '', below: '' })
      })
    )

/** Of velocity, what is written above and below the line. */
const asWritten = (above: string, below = ''): Held =>
  velocity({ squaredDeterminant: () => ({ alphas: 0, sigmas: 0, above, below }) })

// —— optimizers ——

/** Steps from the gradient and the count of steps before. */
const counting =
  (step: (gradient: number, count: number, norm: number) => number, gain: number): Held =>
  () =>
    laws.of(
      Optimizer.define({
        name: 'ownSteps',
        about,
        memory: t.type({ count: t.number }),
        init: () => () => ({ count: 0 }),
        update:
          () =>
          (gradient, { count }) => {
            const norm = Params.norm(gradient)
            return [Params.mapValues(g => step(g, count, norm))(gradient), { count: count + 1 }]
          },
        gain: () => () => gain
      })
    )
const averaged =
  (keeps: number): Held =>
  () =>
    laws.of(
      Optimizer.define({
        name: 'ownAverage',
        about,
        memory: t.type({ mean: Params.codec }),
        init: () => params => ({ mean: params }),
        update:
          () =>
          (gradient, { mean }, { params }) => {
            const step = Params.mapValues(g => -0.1 * g)(gradient)
            const next = Params.zipWith((a, b) => a + b)(params, step)
            return [step, { mean: Params.zipWith((m, x) => keeps * m + (1 - keeps) * x)(mean, next) }]
          },
        estimate:
          () =>
          (_, { mean }) =>
            mean
      })
    )
const dampened =
  (closedForm: (gradient: number, count: number) => number): Held =>
  () => {
    const step = Optimizer.chain(Optimizer.trace(0.9), Optimizer.scale(-0.01))
    return laws.of(step, { claims: { constant: closedForm } })
  }

// —— objectives ——

const error = ({ score, target }: Objective.Row): Tensor => sum(square(sub(score, target)), 1, true)
const measured =
  (perRow: (row: Objective.Row) => Tensor, measuredIn: Parametrization.Parametrization): Held =>
  () =>
    laws.of(
      Objective.define({ name: 'measured', about, meaning: () => ({ timeLaw: TimeLaw.at(0.3), perRow, measuredIn }) })
    )
const curved =
  (curvature: number): Held =>
  () =>
    laws.of(
      Objective.define({
        name: 'ownPenalty',
        about,
        meaning: () => ({
          penalty: params => ({ value: Params.norm(params) ** 2, gradient: Params.mapValues(x => 2 * x)(params) }),
          curvature: params => Params.mapValues(() => curvature)(params)
        })
      })
    )

// —— regions, schedules ——

type Numbers = ReadonlyArray<number> | Float64Array
const lengthOf = (x: Numbers): number => Math.hypot(...x)
const sizeOf = (x: Numbers): number => Array.from(x).reduce((total, each) => total + Math.abs(each), 0)
const times = (x: Float64Array, by: number): Float64Array => x.map(each => by * each)
const ballAfterBox = (x: Float64Array): Float64Array => {
  const inBox = x.map(each => Math.max(-0.8, Math.min(0.8, each)))
  return times(inBox, 1 / Math.max(1, lengthOf(inBox)))
}
/** x less what of it is the same in size in all coordinates, of which Σ|x_i| ≤ 1 leaves so much. */
const softened = (x: Float64Array): Float64Array => {
  const sizes = Array.from(x, Math.abs).sort((a, b) => b - a)
  const least = sizes.reduce(
    ({ sum, threshold }, size, i) => {
      const rest = (sum + size - 1) / (i + 1)
      return { sum: sum + size, threshold: size > rest ? rest : threshold }
    },
    { sum: 0, threshold: 0 }
  )
  return sizeOf(x) <= 1 ? x.slice() : x.map(each => Math.sign(each) * Math.max(0, Math.abs(each) - least.threshold))
}
/** The cone |u| ≤ t of x = (u, t), as it is beside the polar one, of which all comes to 0. */
const cone = (x: Float64Array): Float64Array => {
  const u = x.subarray(0, -1)
  const height = x[x.length - 1]
  const length = lengthOf(u)
  if (length <= height) return x.slice()
  if (length <= -height) return x.map(() => 0)
  const middle = (length + height) / 2
  return Float64Array.from([...times(u, middle / length), middle])
}

const laplaceSchedule: Held = () => {
  const logSnr = (time: number): number => (time < 0.5 ? -0.5 * Math.log(2 * time) : 0.5 * Math.log(2 * (1 - time)))
  const level = (time: number): Schedule.Level => ({
    alpha: 1 / Math.sqrt(1 + Math.exp(-logSnr(time))),
    sigma: 1 / Math.sqrt(1 + Math.exp(logSnr(time)))
  })
  return laws.of(
    Schedule.define({ name: 'laplace', about, meaning: () => ({ until: 1, level, kinks: () => [0.5] }) }),
    { claims: { variancePreserving: true } }
  )
}

// —— initializers ——

const start =
  (
    draws: Initializer.Draws,
    choose: (points: Points.Points) => (key: Key.Key) => ArrayLike<number>,
    equals?: Initializer.Initializer
  ): Held =>
  () =>
    laws.of(
      Initializer.defineCentres({
        name: 'ownStart',
        about,
        meaning: () => ({
          draws,
          centres:
            ({ points, count }) =>
            key => {
              const chosen = choose(points)(key)
              const rows = Array.from({ length: count }, (_, i) => chosen[i % points.rows])
              return { shape: [count, points.dim], values: Points.select(rows)(points).values }
            }
        })
      }),
      { score: Score.isotropic({ components: 2 }), claims: { ...(equals && { equals }) } }
    )
/** Rows of weight 0 come last: they are none. */
const byFirstColumn = ({ rows, dim, values, weights }: Points.Points): ReadonlyArray<number> => {
  const isNone = (i: number): number => Number(weights?.[i] === 0)
  return Array.from({ length: rows }, (_, i) => i).sort(
    (a, b) => isNone(a) - isNone(b) || values[a * dim] - values[b * dim]
  )
}

// —— keys ——

const ofTwelve = (n: number, u: Float64Array): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => u.subarray(12 * i, 12 * i + 12).reduce((sum, each) => sum + each, -6))
const source =
  (changed: Partial<laws.Source>): Held =>
  () =>
    laws.key({ source: { ...Key, ...changed } })
const inOrder = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i)

// —— families of time 0 only ——

const logPi = Math.log(Math.PI)
/** −log of what Cauchy's density of scale 1 is at its centre, in one to three dimensions. */
const peaks: Readonly<Record<number, number>> = { 1: logPi, 2: Math.log(2 * Math.PI), 3: 2 * logPi }
const cauchy =
  (scaled: (logScales: Tensor, dim: number) => Tensor): Held =>
  () => {
    const family = Score.family({
      name: 'cauchy',
      about,
      fields: { components: Field.count({ default: 2 }) },
      parameters:
        ({ components: K }) =>
        dim => ({ means: [K, dim], logits: [K], logScales: [K] }),
      components:
        () =>
        ({ means, logits, logScales }, dim) => ({
          logWeights: logSoftmax(logits),
          centres: means,
          logDensity: x => {
            const distances = div(squaredDistances(x, means), exp(mul(2, logScales)))
            return sub(sub(-peaks[dim], scaled(logScales, dim)), mul((1 + dim) / 2, log1p(distances)))
          }
        }),
      onlyClean: 'its components know of no noise'
    })
    return laws.of(family())
  }

const wrong: Table<Held> = {
  'v whose noise is written with the other sign | its ‘written’ is what it stands for': written(-1),
  'the determinant α for α² | its ‘squaredDeterminant’ is what it stands for': determinant(1),
  'a determinant that is not squared, as written | its ‘squaredDeterminant’ is what it stands for':
    asWritten('(α² + σ²)'),
  'a determinant below the line, as written | its ‘squaredDeterminant’ is what it stands for': asWritten(
    '',
    '(α² + σ²)²'
  ),
  'descent that turns around after three steps | its ‘gain’ is what it stands for': counting(
    (g, count) => (count < 3 ? -g : g),
    -1
  ),
  'descent that climbs where gradients are long | its ‘gain’ is what it stands for': counting(
    (g, _, norm) => (norm < 100 ? -g : g),
    -1
  ),
  'an average that is never advanced | its ‘estimate’ is what it stands for': averaged(1),
  'a closed form counted from 1 | a constant gradient takes the steps of its closed form': dampened(
    (g, count) => -0.1 * g * (1 - 0.9 ** count)
  ),
  'an error of the noise, said to be of the output | its ‘measuredIn’ is what it stands for': measured(
    row => mul(square(row.level.sigma), error(row)),
    Parametrization.data
  ),
  'half of the curvature | its ‘curvature’ is what it stands for': curved(1),
  'the ball after the box | no point of the region is nearer': region(ballAfterBox, x =>
    Math.max(lengthOf(x) - 1, ...Array.from(x, a => Math.abs(a) - 0.8))
  ),
  'Σ|x| ≤ 1 by scaling | no point of the region is nearer': region(
    x => times(x, 1 / Math.max(1, sizeOf(x))),
    x => sizeOf(x) - 1
  ),
  'the first rows | a start does not know the order of the rows': start('never', points => () => inOrder(points.rows)),
  'rows drawn whatever their weights | the starts are of one law': start(
    'sometimes',
    points => Key.permutation(points.rows),
    Initializer.fromData
  ),
  'noise a fiftieth too long | its noise is standard normal': noise('apart', z => times(z, 1.02)),
  'noise of twelve uniforms | its noise is standard normal': noise('apart', (z, _, key) =>
    ofTwelve(z.length, Key.uniform(12 * z.length)(key))
  ),
  'normals of twelve uniforms | normal draws are normal': source({
    normal: n => key => ofTwelve(n, Key.uniform(12 * n)(key))
  }),
  'uniforms of 32 bits | uniform draws are uniform': source({
    uniform: n => key => Key.uniform(n)(key).map(u => Math.floor(u * 2 ** 32) / 2 ** 32)
  }),
  'orders by draws of three bits | every place of a permutation is uniform': source({
    permutation: n => key => {
      const drawn = Key.uniform(n)(key).map(u => Math.floor(8 * u))
      return inOrder(n).sort((a, b) => drawn[a] - drawn[b])
    }
  }),
  'a shuffle that swaps with any | every place of a permutation is uniform': source({
    permutation: n => key => {
      const drawn = Key.uniform(n)(key)
      const order = inOrder(n)
      drawn.forEach((u, i) => {
        const j = Math.floor(n * u)
        const kept = order[i]
        order[i] = order[j]
        order[j] = kept
      })
      return order
    }
  }),
  'normals of which each shares a uniform with the next | a draw knows nothing of the one before': source({
    normal: n => key => {
      const u = Key.uniform(n + 1)(key)
      return Float64Array.from(
        { length: n },
        (_, i) => Math.sqrt(-2 * Math.log(1 - u[i])) * Math.cos(2 * Math.PI * u[i + 1])
      )
    }
  }),
  'Cauchy’s without its scale | its density is one': cauchy(logScales => mul(0, logScales)),
  'Cauchy’s of a line, in a plane | its density is one': cauchy(logScales => logScales)
}

const right: Table<Held> = {
  'v, written': written(1),
  'the determinant of the noise': determinant(2),
  'the determinant of velocity, as written': asWritten('(α² + σ²)²'),
  'descent that says so': counting(g => -g, -1),
  'a moving average': averaged(0.9),
  'a closed form counted from 0': dampened((g, count) => -0.1 * g * (1 - 0.9 ** (count + 1))),
  'an error of the output': measured(
    ({ output, outputTarget }) => sum(square(sub(output, outputTarget)), 1, true),
    Parametrization.data
  ),
  'the curvature': curved(2),
  'Σ|x| ≤ 1': region(softened, x => sizeOf(x) - 1),
  'a cone of second order': region(cone, x => lengthOf(x.slice(0, -1)) - x[x.length - 1]),
  'a log-SNR as Laplace has it, steep at both ends': laplaceSchedule,
  'by the first column': start('never', points => () => byFirstColumn(points)),
  'minus the normals': source({ normal: n => key => Key.normal(n)(key).map(z => -z) }),
  'Cauchy’s, of time 0': cauchy((logScales, dim) => mul(dim, logScales))
}

const held = (laws: Held): ReadonlyArray<laws.Law> => laws()

export const strangers = ofConcept('by strangers', { wrong: wrong, right: right }, held)
