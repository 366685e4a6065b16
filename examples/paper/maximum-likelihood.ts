/**
 * All noise levels at once are maximum likelihood; what a single level gives away, by its time. The minimisers are found
 * without noise of their own: the mean over z is a quadrature, the optimizer L-BFGS.
 */
import {
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  type Params,
  Picture,
  Pipeline,
  type Points,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { Quadrature } from 'ornstein/float64'
import { compiled, show, studentQuantile, type Budget, type Estimate, type Report } from './frame.js'
import { meeting } from './population.js'

// -- the ratio of two errors -----------------------------------------------------------------------------------------

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

/** √(Σ a²/Σ b²) for errors a and b on the same data; the interval is that of the ratio of two means, to first order. */
export const errorRatio = (ours: ReadonlyArray<number>, theirs: ReadonlyArray<number>): Estimate => {
  const trials = ours.length
  const total = sum(theirs.map(b => b * b))
  const ratio = sum(ours.map(a => a * a)) / total
  const spread = sum(ours.map((a, i) => (a * a - ratio * theirs[i] ** 2) ** 2)) / (trials - 1)
  const half = (studentQuantile(trials - 1) * Math.sqrt(spread * trials)) / total
  return {
    value: Math.sqrt(ratio),
    low: Math.sqrt(Math.max(ratio - half, 0)),
    high: Math.sqrt(ratio + half),
    trials
  }
}

// -- what theory says of the pair ------------------------------------------------------------------------------------

interface Weighted {
  readonly at: number
  readonly weight: number
}

const hermite = (count: number): ReadonlyArray<Weighted> => {
  const { nodes, weights } = Quadrature.gaussHermite(count)
  return Array.from(nodes, (at, i) => ({ at, weight: weights[i] }))
}

const meanOver = (nodes: ReadonlyArray<Weighted>, f: (at: number) => number): number =>
  sum(nodes.map(({ at, weight }) => weight * f(at)))

/**
 * n times the mean square error of the pair's minimiser as n grows: B/A² (Huber 1967) along the centre, and d − 1 times
 * that across it, B the variance of a datum's gradient and A the curvature; both integrals over the coordinate along the
 * centre, as the others are normal and independent of it. At one level the gradient is a mean over the noise first.
 */
const variance = (dim: number, along: readonly [number, number], across: readonly [number, number]): number =>
  along[0] / along[1] ** 2 + (dim - 1) * (across[0] / across[1] ** 2)

const pairNodes = (length: number): ReadonlyArray<Weighted> =>
  hermite(80).flatMap(({ at, weight }) => [1, -1].map(sign => ({ at: at + sign * length, weight: weight / 2 })))

/** Of maximum likelihood. */
export const likelihoodVariance = (dim: number, length: number): number => {
  const nodes = pairNodes(length)
  const tanh = (x: number): number => Math.tanh(length * x)
  // The information: A = B.
  const along = meanOver(nodes, x => (tanh(x) * x - length) ** 2)
  const across = meanOver(nodes, x => tanh(x) ** 2)
  return variance(dim, [along, along], [across, across])
}

/** Of the minimiser at one level. */
export const levelVariance = (dim: number, length: number, time: number): number => {
  const { alpha, sigma } = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
  const m = alpha * length
  const noise = hermite(40)
  // Derivatives of |m|²(1 + T′) − 2uT, u = mx, T = tanh u: along m, twice so; in u alone, twice so.
  const terms = (x: number): Readonly<Record<'slope' | 'curvature' | 'inner' | 'bend', number>> => {
    const u = m * x
    const T = Math.tanh(m * x)
    const T1 = 1 - T * T
    const T2 = -2 * T * T1
    const T3 = -2 * (T1 * T1 + T * T2)
    return {
      slope: 2 * m * (1 + T1) + m * m * x * T2 - 2 * x * T - 2 * u * x * T1,
      curvature: 2 * (1 + T1) + 4 * u * T2 + u * u * T3 - 4 * x * x * T1 - 2 * u * x * x * T2,
      inner: m * m * T2 - 2 * T - 2 * u * T1,
      bend: m * m * T3 - 4 * T1 - 2 * u * T2 + 2 * (1 + T1)
    }
  }
  const data = pairNodes(length)
  const noised =
    (of: 'slope' | 'curvature' | 'inner' | 'bend') =>
    (x: number): number =>
      meanOver(noise, z => terms(alpha * x + sigma * z)[of])
  return variance(
    dim,
    // In the mean at time 0 a gradient is α times, a curvature α² times that in m; across, a datum's x_t is αx_0.
    [meanOver(data, x => (alpha * noised('slope')(x)) ** 2), alpha ** 2 * meanOver(data, noised('curvature'))],
    [meanOver(data, x => (alpha ** 2 * noised('inner')(x)) ** 2), alpha ** 2 * meanOver(data, noised('bend'))]
  )
}

/** The error of the minimiser at one level over that of maximum likelihood, as n grows. */
export const predictedRatio = (dim: number, length: number, time: number): number =>
  Math.sqrt(levelVariance(dim, length, time) / likelihoodVariance(dim, length))

// -- the problems ----------------------------------------------------------------------------------------------------

const TIMES = [0.003, 0.01, 0.03, 0.1, 0.3, 0.7, 1.5, 3]
const ALL = NoiseLevels.likelihood({ until: 8, nodes: 24 })

/** Minimises the implicit objective, whose mean over z is a finite sum, to its stationary point. */
const minimise = (
  noiseLevels: NoiseLevels.NoiseLevels,
  expectation: Expectation.Expectation,
  gradientNorm = 1e-7
): Stage.Stage =>
  Stage.descend({
    objective: Objective.implicit(noiseLevels),
    expectation,
    optimizer: Optimizer.lbfgs(),
    steps: 200,
    gradientNorm
  })

/** At high noise the loss of three sees the turn of their triangle by third moments: its curvature is of order α⁶. */
const minimiseAt = (time: number, expectation: Expectation.Expectation): Stage.Stage => {
  const { alpha } = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
  return minimise(NoiseLevels.at(time), expectation, Math.min(1e-7, 1e-3 * alpha ** 6))
}

const likeliest = Stage.expectationMaximization({ steps: 5000, relativeChange: 1e-10 })

const pairPipeline = (centre: ReadonlyArray<number>, stage: Stage.Stage): Pipeline.Pipeline<'mean'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.symmetricPair,
    initializer: Initializer.values([centre]),
    stages: [stage]
  })

const kPipeline = (centres: ReadonlyArray<ReadonlyArray<number>>, stage: Stage.Stage): Pipeline.Pipeline<'means'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: centres.length }),
    initializer: Initializer.values(centres),
    stages: [stage]
  })

/** What a run ends with; one that does not reach its stationary point is a mistake of ours. */
const minimiser = <P extends string>(pipeline: Pipeline.Pipeline<P>, points: Points.Points): Params.Params<P> => {
  const { status, params } = Run.last(compiled(pipeline)(points))(Key.fromSeed(0))
  if (status._tag !== 'Finished' || status.rule === 'steps')
    throw new Error(`not at a stationary point: ${status._tag}`)
  return params
}

interface Problem {
  readonly name: string
  readonly truth: Mixture.Mixture
  readonly rows: number
  readonly seeds: number
  /** On how many of the seeds all levels at once are tried: they cost 24 times as much and vary little. */
  readonly few: number
  readonly errors: (points: Points.Points, all: boolean) => Errors
  /** The ratio as n grows, where it is known. */
  readonly predicted: ((time: number) => number) | null
}

/** Of the minimisers on one sample. */
interface Errors {
  readonly likelihood: number
  readonly levels: ReadonlyArray<number>
  readonly all: number | null
}

const DIM = 16

const pairProblem = (length: number, rows: number, seeds: number, few: number): Problem => {
  const centre = Array.from({ length: DIM }, () => length / Math.sqrt(DIM))
  const truth = Mixture.symmetricPair(centre)
  const exact = Expectation.quadrature()
  return {
    name: `Two Gaussians, |μ| = ${length}`,
    truth,
    rows,
    seeds,
    few,
    errors: (points, all) => {
      const error = (stage: Stage.Stage): number =>
        Metric.centreError(minimiser(pairPipeline(centre, stage), points), truth)
      return {
        likelihood: error(likeliest),
        levels: TIMES.map(time => error(minimiseAt(time, exact))),
        all: all ? error(minimise(ALL, exact)) : null
      }
    },
    predicted: time => predictedRatio(DIM, length, time)
  }
}

/** Nodes of the noise in each of two directions: 64 for each row. */
const NODES = 8

/** An equilateral triangle in the plane. */
const triangle = (side: number): ReadonlyArray<ReadonlyArray<number>> =>
  [0, 1, 2].map(k => [Math.cos, Math.sin].map(f => (side / Math.sqrt(3)) * f((2 * Math.PI * k) / 3)))

const triangleProblem = (side: number, rows: number, seeds: number, few: number): Problem => {
  const centres = triangle(side)
  const truth = Mixture.of({ means: centres })
  return {
    name: `Three Gaussians, ${side} apart`,
    truth,
    rows,
    seeds,
    few,
    errors: (points, all) => {
      const met = meeting(NODES, points)
      const error = (stage: Stage.Stage, rows: Points.Points): number =>
        Metric.centreError(minimiser(kPipeline(centres, stage), rows), truth)
      const noise = Expectation.fixed(met.noise)
      return {
        likelihood: error(likeliest, points),
        levels: TIMES.map(time => error(minimiseAt(time, noise), met.points)),
        all: all ? error(minimise(ALL, noise), met.points) : null
      }
    },
    predicted: null
  }
}

// -- the measurement -------------------------------------------------------------------------------------------------

export interface Level {
  readonly time: number
  /** The root mean square error over that of maximum likelihood on the same data. */
  readonly ratio: Estimate
  /** As n grows; null where it is not known. */
  readonly predicted: number | null
}

export interface Outcome {
  readonly name: string
  readonly rows: number
  readonly levels: ReadonlyArray<Level>
  /** Of all levels at once. */
  readonly all: Estimate
}

export interface Measured {
  readonly outcomes: ReadonlyArray<Outcome>
}

const outcome = ({ name, truth, rows, seeds, few, errors, predicted }: Problem): Outcome => {
  const found = Key.split(seeds)(Key.fromSeed(11)).map((key, i) => errors(Mixture.sample(rows)(key)(truth), i < few))
  const together = found.flatMap(({ likelihood, all }) => (all === null ? [] : [[all, likelihood] as const]))
  return {
    name,
    rows,
    levels: TIMES.map((time, k) => ({
      time,
      ratio: errorRatio(
        found.map(({ levels }) => levels[k]),
        found.map(({ likelihood }) => likelihood)
      ),
      predicted: predicted?.(time) ?? null
    })),
    all: errorRatio(
      together.map(([all]) => all),
      together.map(([, likelihood]) => likelihood)
    )
  }
}

const problemsOf = (budget: Budget): ReadonlyArray<Problem> =>
  budget === 'full'
    ? [
        pairProblem(0.5, 20_000, 100, 10),
        pairProblem(1, 5000, 200, 20),
        pairProblem(2, 5000, 200, 20),
        triangleProblem(3, 1000, 100, 10),
        triangleProblem(4.5, 1000, 100, 10)
      ]
    : [pairProblem(1, 1000, 30, 3), triangleProblem(3, 150, 3, 3)]

// -- the report ------------------------------------------------------------------------------------------------------

/** Times on a grid, for theory's curve. */
const fine = Array.from({ length: 61 }, (_, i) => 0.003 * 1000 ** (i / 60))

/** A single level counts as nearly as good within this much of maximum likelihood's error. */
const NEARLY = 1.02

/** A problem's name inside a sentence. */
const inner = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

const lengthOf = (name: string): number => Number(name.split('= ')[1])

const range = (length: number): string => {
  const near = fine.filter(time => predictedRatio(DIM, length, time) <= NEARLY)
  const from = Math.min(...near)
  const to = Math.max(...near)
  return near.length === 0 ? 'nowhere' : `for ${from === fine[0] ? 'all t ≤' : `${show(from, 2)} ≤ t ≤`} ${show(to, 2)}`
}

const panel = ({ name, levels, all }: Outcome): Picture.Curves => ({
  title: name,
  x: { title: 't', domain: [0.0025, 4], scale: 'log', ticks: [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3] },
  y: { title: 'ratio of errors', domain: levels[0].predicted === null ? [0.9, 1.7] : [0.95, 1.15] },
  series: [
    {
      name: 'one level',
      marks: 'both',
      points: levels.map(({ time, ratio: { value, low, high } }) => ({ x: time, y: value, low, high }))
    },
    ...(levels[0].predicted === null
      ? []
      : [
          {
            name: 'one level, theory for large n',
            points: fine.map(time => ({ x: time, y: predictedRatio(DIM, lengthOf(name), time) }))
          }
        ]),
    {
      name: 'all levels at once',
      points: [0.0025, 4].map(x => ({ x, y: all.value, low: all.low, high: all.high }))
    }
  ]
})

export const measure = (budget: Budget): Measured => ({ outcomes: problemsOf(budget).map(outcome) })

export const report = (budget: Budget, measured: Measured): Report<Measured> => {
  const { outcomes } = measured
  const pairs = outcomes.filter(({ levels }) => levels[0].predicted !== null)
  const worst = outcomes.flatMap(({ name, levels }) => levels.map(level => ({ name, ...level })))
  const costliest = worst.reduce((most, next) => (next.ratio.value > most.ratio.value ? next : most))
  const best = outcomes.map(({ name, levels }) => {
    const { time, ratio } = levels.reduce((least, next) => (next.ratio.value < least.ratio.value ? next : least))
    return `${show(ratio.value, 4)} (${inner(name)}, t = ${time})`
  })
  const gap = Math.max(...outcomes.map(({ all }) => Math.abs(all.value - 1)))
  return {
    title: 'All noise levels at once are maximum likelihood',
    claim:
      'At one noise level the minimiser of the DDPM objective is consistent but not efficient; the objective over all levels, weighted by ½g², has the gradient of the log-likelihood on any sample, so that its minimiser is that of maximum likelihood. (The identity is that of Song et al. 2021, arXiv 2101.09258; the paper’s algorithms use single levels.)',
    findings: [
      `All levels at once end where maximum likelihood does: the ratio of the errors is 1 to within ${show(gap, 2)} on every problem (24 nodes, t up to 8).`,
      `The best single level of those tried is nearly as good: ${best.join('; ')}. By the theory for large n, the error is within ${Math.round(100 * (NEARLY - 1))} % of maximum likelihood’s ${pairs.map(({ name }) => `${range(lengthOf(name))} at |μ| = ${lengthOf(name)}`).join(', ')}.`,
      `The wrong level costs little for two Gaussians and more for three: the most is ${show(costliest.ratio.value)} times the error of maximum likelihood (${inner(costliest.name)}, t = ${costliest.time}). Too low a level costs as the gradient varies more, too high a one as it sees little but second moments.`
    ],
    figures: [
      {
        name: 'ratio',
        description:
          'Error of the minimiser at one noise level over that of maximum likelihood, by time; all levels at once are at 1',
        caption: `Root mean square error over that of maximum likelihood on the same data; bars are 95 % intervals${budget === 'full' ? ' over 100 or 200 samples' : ''}.`,
        drawn: Picture.curves(outcomes.map(panel), { columns: 3 })
      }
    ],
    tables: [
      {
        caption: 'Error over that of maximum likelihood: measured and, for two Gaussians, as n grows (th.)',
        header: [
          't',
          ...outcomes.flatMap(({ name, levels }) => [name, ...(levels[0].predicted === null ? [] : ['th.'])])
        ],
        rows: [
          ...TIMES.map((time, k) => [
            String(time),
            ...outcomes.flatMap(({ levels }) => {
              const { ratio, predicted } = levels[k]
              return predicted === null ? [ratio] : [ratio, predicted]
            })
          ]),
          ['all', ...outcomes.flatMap(({ all, levels }) => (levels[0].predicted === null ? [all] : [all, 1]))]
        ]
      }
    ],
    setting: [
      `Two Gaussians in d = ${DIM}; three in the plane, at the corners of a triangle. Rows: ${outcomes.map(({ name, rows }) => `${rows} (${inner(name)})`).join(', ')}. Samples: ${outcomes.map(({ levels }) => levels[0].ratio.trials).join(', ')}; all levels at once on ${outcomes.map(({ all }) => all.trials).join(', ')} of them, as they vary little. Key.fromSeed(11).`,
      `Maximum likelihood is expectation–maximization from the truth. Every minimiser starts at the truth and is reached by L-BFGS to a gradient of 10⁻⁷ (10⁻³ α⁶ at high noise), the mean over the noise being a sum: 16 Gauss–Hermite nodes for the pair, a product of ${NODES} × ${NODES} for three in the plane. Theory is B/A², the variance of a datum’s gradient over the square of the curvature, by quadrature.`
    ],
    measured
  }
}

export const main = (budget: Budget): Report<Measured> => report(budget, measure(budget))
