/**
 * Two Gaussians from a random start: descent at high noise, then at low noise, learns a centre of length 1/poly(d) as well
 * as maximum likelihood does.
 */
import {
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Pipeline,
  type Points,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from 'ornstein'
import { compiled, declared, geometricMean, mean, share, type Budget, type Estimate, type Report } from './frame.js'

/** A dimension, and the separation |μ| = d^{−power}. */
interface Problem {
  readonly dim: number
  readonly power: number
  readonly seeds: number
}

const separations: ReadonlyArray<{ readonly power: number; readonly text: string }> = [
  { power: 1 / 4, text: 'd^(−1/4)' },
  { power: 1 / 8, text: 'd^(−1/8)' },
  { power: 0, text: '1' }
]

/** How many rows, as a multiple of those at which the top eigenvector begins to see the centre, |μ|⁴ n / d = 1. */
const MULTIPLE = 8

const lengthOf = ({ dim, power }: Problem): number => dim ** -power
const rowsOf = (problem: Problem): number => Math.ceil((MULTIPLE * problem.dim) / lengthOf(problem) ** 4)

const LOW = 0.1
/** The paper's t₁ = O(log d): there α² = 1/d. */
const highOf = (dim: number): number => Math.log(dim) / 2

const descend = (time: number, rate: number, steps: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(TimeLaw.at(time)),
    expectation: Expectation.quadrature({ nodes: 8 }),
    optimizer: Optimizer.gradientDescent({ rate }),
    steps,
    relativeChange: 1e-5
  })

/**
 * At high noise −½∂L = 2α⁴(Ĉ − I − |mean|²) mean: this rate moves the mean by half of (Ĉ − I − |mean|²)/|μ|² times itself.
 */
const highNoise = (dim: number, length: number): Stage.Stage => {
  const time = highOf(dim)
  const { alpha } = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
  return descend(time, 1 / (8 * length ** 2 * alpha ** 4), 100)
}

/** The step of expectation–maximization in m = α · mean. */
const lowNoise: Stage.Stage = descend(LOW, 0.5 / Schedule.level(LOW)(Schedule.ornsteinUhlenbeck).alpha ** 2, 400)

const learning = (
  initializer: Initializer.Initializer,
  stages: ReadonlyArray<Stage.Stage>
): Pipeline.Pipeline<'mean'> =>
  Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score: Score.symmetricPair, initializer, stages })

/** About as long as the centre, in a random direction: at an angle of cosine d^{−1/2} to it. */
const randomStart = (dim: number, length: number): Initializer.Initializer =>
  Initializer.gaussian({ scale: length / Math.sqrt(dim) })

const twoStages = (dim: number, length: number): Pipeline.Pipeline<'mean'> =>
  learning(randomStart(dim, length), [highNoise(dim, length), lowNoise])

const centre = (dim: number, length: number): ReadonlyArray<number> =>
  Array.from({ length: dim }, () => length / Math.sqrt(dim))

const fromTruth = (dim: number, length: number): Pipeline.Pipeline<'mean'> =>
  learning(Initializer.values([centre(dim, length)]), [
    Stage.expectationMaximization({ steps: 1000, relativeChange: 1e-5 })
  ])

interface Trial {
  readonly points: Points.Points
  readonly run: Key.Key
}

/** Data and the key of a run, for each seed. */
const trialsOf = function* (problem: Problem): Iterable<Trial> {
  const truth = Mixture.symmetricPair(centre(problem.dim, lengthOf(problem)))
  for (const key of Key.split(problem.seeds)(Key.fromSeed(1000 * problem.dim + Math.round(8 * problem.power)))) {
    const { data, run } = Key.named('data', 'run')(key)
    yield { points: Mixture.sample(rowsOf(problem))(data)(truth), run }
  }
}

/** How far a run succeeds on a problem: beside maximum likelihood on the same rows. */
export interface Outcome {
  readonly dim: number
  readonly power: number
  readonly length: number
  readonly rows: number
  /** The share of runs whose error is at most `CLOSE` times that of maximum likelihood. */
  readonly success: Estimate
  /** The error divided by that of maximum likelihood. */
  readonly ratio: Estimate
  /** The error divided by the length of the centre. */
  readonly relative: Estimate
}

/** A run succeeds when its error is at most this many times that of maximum likelihood. */
export const CLOSE = 1.25

const outcome = (problem: Problem): Outcome => {
  const { dim, power, seeds } = problem
  const length = lengthOf(problem)
  const truth = Mixture.symmetricPair(centre(dim, length))
  const errors = Array.from(trialsOf(problem), ({ points, run }) => {
    const error = (pipeline: Pipeline.Pipeline<'mean'>): number =>
      Metric.centreError(Run.last(compiled(pipeline)(points))(run).params, truth)
    return { ours: error(twoStages(dim, length)), likeliest: error(fromTruth(dim, length)) }
  })
  const ratios = errors.map(({ ours, likeliest }) => ours / likeliest)
  return {
    dim,
    power,
    length,
    rows: rowsOf(problem),
    success: share(ratios.filter(ratio => ratio <= CLOSE).length, seeds),
    ratio: geometricMean(ratios),
    relative: mean(errors.map(({ ours }) => ours / length))
  }
}

export interface Measured {
  readonly outcomes: ReadonlyArray<Outcome>
}

export const main = (budget: Budget): Report<Measured> => {
  const dims = budget === 'full' ? [4, 16, 64, 256] : [4, 16]
  const outcomes = dims.flatMap(dim =>
    separations.map(({ power }) => outcome({ dim, power, seeds: budget === 'full' ? 100 : 20 }))
  )
  return {
    title: 'Two Gaussians from a random start',
    claim: '',
    setting: [],
    findings: [],
    pipelines: [declared('twoStages', twoStages(16, 0.5))],
    tables: [
      {
        caption: 'Success',
        header: ['d', 'separation', 'n', 'success', 'error / maximum likelihood', 'error / separation'],
        rows: outcomes.map(({ dim, power, rows, success, ratio, relative }) => [
          dim,
          separations.find(each => each.power === power)?.text ?? '',
          rows,
          success,
          ratio,
          relative
        ])
      }
    ],
    figures: [],
    measured: { outcomes }
  }
}
