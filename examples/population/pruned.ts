/**
 * More components than the truth has, then as many: expectation–maximization and gradient EM on the population of three Gaussians, with three
 * components, and with nine of which the nearest are merged until three are left (over-parameterization and pruning: arXiv 2506.06584).
 */
import { pipe } from 'fp-ts/lib/function.js'
import {
  Compile,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Population,
  Problem,
  Run,
  Schedule,
  Score,
  Stage
} from 'ornstein'

const STARTS = 12
const truth = [-6, -2, 7]
const data = Population.of(Mixture.of({ means: truth.map(c => [c]) }))
type Names = 'means' | 'logits' | 'logVariance'

/** A step of gradient EM is one along the gradient of the likelihood: it moves c_k by E[p(k | x)(x − c_k)]/v, not divided by E p(k | x). */
const ways: Readonly<Record<string, Stage.Stage>> = {
  'expectation–maximization': Stage.expectationMaximization({ steps: 300, relativeChange: 1e-6 }),
  'gradient EM': Stage.descend({
    objective: Objective.likelihood,
    optimizer: Optimizer.gradientDescent({ rate: 1 }),
    steps: 800,
    relativeChange: 1e-8
  })
}

const fitted = (way: Stage.Stage, start: Params.Params<Names>): Params.Params<Names> =>
  Run.last(
    pipe(
      data,
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.tiedIsotropic({ components: start.means.shape[0] }),
          initializer: Initializer.values(start),
          stages: [way]
        })
      ),
      Problem.orThrow
    )
  )(Key.fromSeed(0)).params

const startOf = (components: number, seed: number): Params.Params<Names> => {
  const z = Key.normal(components)(Key.fromSeed(seed))
  const zeros = Array.from(z, () => 0)
  return Params.of({ means: Array.from(z, x => [5 * x]), logits: zeros, logVariance: 0 })
}

interface Component {
  readonly weight: number
  readonly mean: number
  readonly variance: number
}

/** One of two, with their mean and variance. */
const merged = (a: Component, b: Component): Component => {
  const weight = a.weight + b.weight
  const mean = (a.weight * a.mean + b.weight * b.mean) / weight
  const variance =
    (a.weight * (a.variance + (a.mean - mean) ** 2) + b.weight * (b.variance + (b.mean - mean) ** 2)) / weight
  return { weight, mean, variance }
}

/** The pair whose union costs the likelihood least (Runnalls 2007), until so many are left. */
const pruned = (components: ReadonlyArray<Component>, count: number): ReadonlyArray<Component> => {
  if (components.length === count) return components
  const cost = (a: Component, b: Component): number => {
    const { weight, variance } = merged(a, b)
    return weight * Math.log(variance) - a.weight * Math.log(a.variance) - b.weight * Math.log(b.variance)
  }
  const pairs = components.flatMap((a, i) => components.slice(i + 1).map(b => [a, b] as const))
  const [a, b] = pairs.reduce((best, pair) => (cost(...pair) < cost(...best) ? pair : best))
  return pruned([...components.filter(one => one !== a && one !== b), merged(a, b)], count)
}

const isTruth = ({ means }: Params.Params<Names>): boolean =>
  [...means.values].sort((a, b) => a - b).every((c, k) => Math.abs(c - truth[k]) < 0.05)

/** How many starts arrive from three and from nine components, by each way. */
export const success = Object.entries(ways).map(([name, way]) =>
  [3, 9].map(count => {
    const arrived = Array.from({ length: STARTS }, (_, seed) => {
      const { means, logits, logVariance } = fitted(way, startOf(count, seed))
      const total = logits.values.reduce((sum, l) => sum + Math.exp(l), 0)
      const few = pruned(
        Array.from(means.values, (mean, k) => ({
          weight: Math.exp(logits.values[k]) / total,
          mean,
          variance: Math.exp(logVariance.values[0])
        })),
        truth.length
      )
      return isTruth(
        fitted(
          way,
          Params.of({
            means: few.map(({ mean }) => [mean]),
            logits: few.map(({ weight }) => Math.log(weight)),
            logVariance: Math.log(few.reduce((sum, { weight, variance }) => sum + weight * variance, 0))
          })
        )
      )
    }).filter(Boolean).length
    console.log(`${name}, ${count} components, then ${truth.length}: ${arrived} of ${STARTS} starts reach the truth`)
    return arrived
  })
)
