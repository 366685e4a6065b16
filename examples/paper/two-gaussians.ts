/**
 * Two Gaussians from a random start: descent at high noise, then at low noise, learns a centre of length 1/poly(d) as well
 * as maximum likelihood does. Beside it: power iteration, expectation–maximization, and what else one might have done.
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
import {
  compiled,
  geometricMean,
  mean,
  median,
  share,
  show,
  type Budget,
  type Cell,
  type Estimate,
  type Report
} from './frame.js'

// -- the problems ----------------------------------------------------------------------------------------------------

interface Problem {
  readonly dim: number
  /** |μ| */
  readonly length: number
  readonly rows: number
  readonly seeds: number
}

const separations: ReadonlyArray<{ readonly power: number; readonly text: string }> = [
  { power: 1 / 4, text: 'd^(−1/4)' },
  { power: 1 / 8, text: 'd^(−1/8)' },
  { power: 0, text: '1' }
]

/** How many rows, as a multiple of those at which the top eigenvector begins to see the centre: |μ|⁴ n / d = 1. */
const MULTIPLE = 8

/** A problem costs what its numbers cost: larger ones are given fewer seeds, and beyond the most none. */
const NUMBERS = { inAll: 2 ** 25, most: 2 ** 24, seeds: 6 }

const problem = (dim: number, power: number, seeds: number): Problem => {
  const length = dim ** -power
  const rows = Math.ceil((MULTIPLE * dim) / length ** 4)
  return {
    dim,
    length,
    rows,
    seeds: Math.min(seeds, Math.max(NUMBERS.seeds, Math.floor(NUMBERS.inAll / (rows * dim))))
  }
}

const centre = ({ dim, length }: Problem): ReadonlyArray<number> =>
  Array.from({ length: dim }, () => length / Math.sqrt(dim))

const truthOf = (problem: Problem): Mixture.Mixture => Mixture.symmetricPair(centre(problem))

interface Trial {
  readonly points: Points.Points
  readonly run: Key.Key
}

/** Data and the key of a run, for each seed; one at a time, as they are large. */
const trials = function* (problem: Problem): Iterable<Trial> {
  for (const key of Key.split(problem.seeds)(Key.fromSeed(problem.rows))) {
    const { data, run } = Key.named('data', 'run')(key)
    yield { points: Mixture.sample(problem.rows)(data)(truthOf(problem)), run }
  }
}

// -- the pipelines ---------------------------------------------------------------------------------------------------

const exact = Expectation.quadrature()
/** One draw of noise for each row at each step, as in practice. */
const plain = Expectation.monteCarlo()

const alphaAt = (time: number): number => Schedule.level(time)(Schedule.ornsteinUhlenbeck).alpha

const descend = (
  time: number,
  rate: number,
  steps: number,
  expectation: Expectation.Expectation,
  relativeChange = 0
): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    expectation,
    optimizer: Optimizer.gradientDescent({ rate }),
    steps,
    relativeChange
  })

/** The paper's t₁ = O(log d): there α² = 1/d. */
const highOf = ({ dim }: Problem): number => Math.log(dim) / 2
const LOW = 0.1

/** −½∂L ≈ 2α⁴(Ĉ − I − |mean|²) mean at high noise: this rate moves the mean by gain/|μ|² of (Ĉ − I − |mean|²) mean. */
const highRate = (length: number, time: number, gain = 0.5): number => gain / (4 * length ** 2 * alphaAt(time) ** 4)
/** In m = α·mean the step of expectation–maximization is ½. */
const lowRate = (time: number): number => 0.5 / alphaAt(time) ** 2

const learning = (
  initializer: Initializer.Initializer,
  stages: ReadonlyArray<Stage.Stage>
): Pipeline.Pipeline<'mean'> =>
  Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score: Score.symmetricPair, initializer, stages })

/** About as long as the centre, in a random direction: the cosine of its angle to the centre is of order d^(−1/2). */
const randomStart = ({ dim, length }: Problem): Initializer.Initializer =>
  Initializer.gaussian({ scale: length / Math.sqrt(dim) })

const twoStages = (problem: Problem): Pipeline.Pipeline<'mean'> => {
  const high = highOf(problem)
  return learning(randomStart(problem), [
    descend(high, highRate(problem.length, high), 100, exact, 1e-3),
    descend(LOW, lowRate(LOW), 400, exact, 1e-4)
  ])
}

const maximumLikelihood = (problem: Problem): Pipeline.Pipeline<'mean'> =>
  learning(Initializer.values([centre(problem)]), [
    Stage.expectationMaximization({ steps: 1000, relativeChange: 1e-4 })
  ])

const lastOf = (pipeline: Pipeline.Pipeline<'mean'>, { points, run }: Trial): Run.State<'mean'> =>
  Run.last(compiled(pipeline)(points))(run)

const errorOf = (problem: Problem, { status, params }: Run.State<'mean'>): number =>
  status._tag === 'Failed' ? Infinity : Metric.centreError(params, truthOf(problem))

// -- success ---------------------------------------------------------------------------------------------------------

/** A run succeeds when its error is at most this many times that of maximum likelihood on the same rows. */
export const CLOSE = 1.25

export interface Outcome extends Problem {
  /** The separation as it is named. */
  readonly text: string
  readonly success: Estimate
  /** The error divided by that of maximum likelihood. */
  readonly ratio: Estimate
  /** The error divided by the length of the centre. */
  readonly relative: Estimate
}

const outcome = (problem: Problem, text: string): Outcome => {
  const errors = Array.from(trials(problem), trial => ({
    ours: errorOf(problem, lastOf(twoStages(problem), trial)),
    likeliest: errorOf(problem, lastOf(maximumLikelihood(problem), trial))
  }))
  const ratios = errors.map(({ ours, likeliest }) => ours / likeliest)
  return {
    ...problem,
    text,
    success: share(ratios.filter(ratio => ratio <= CLOSE).length, problem.seeds),
    ratio: geometricMean(ratios),
    relative: mean(errors.map(({ ours }) => ours / problem.length))
  }
}

// -- step by step ----------------------------------------------------------------------------------------------------

/** The angle between a line and that of the centre, in degrees: from 0 to 90. */
const angle =
  (problem: Problem) =>
  ({ mean: { values } }: Params.Params<'mean'>): number => {
    const wanted = centre(problem)
    const inner = values.reduce((sum, value, j) => sum + value * wanted[j], 0)
    return (Math.acos(Math.min(1, Math.abs(inner) / (Math.hypot(...values) * Math.hypot(...wanted)))) * 180) / Math.PI
  }

/** What a run shows after each step: of its states, the first and those that a step led to. */
const bySteps = (
  pipeline: Pipeline.Pipeline<'mean'>,
  { points, run }: Trial,
  of: (params: Params.Params<'mean'>) => number
): ReadonlyArray<number> =>
  Array.from(Run.states(compiled(pipeline)(points))(run))
    .filter(({ stage, step }) => step > 0 || stage === 0)
    .map(({ params }) => of(params))

/** What runs show after each step, in the mean over the seeds. */
export interface Curve {
  readonly name: string
  readonly steps: ReadonlyArray<Estimate>
}

const curvesOf = (
  problem: Problem,
  named: ReadonlyArray<readonly [name: string, pipeline: Pipeline.Pipeline<'mean'>]>,
  of: (params: Params.Params<'mean'>) => number
): ReadonlyArray<Curve> => {
  const perTrial = Array.from(trials(problem), trial => named.map(([, pipeline]) => bySteps(pipeline, trial, of)))
  return named.map(([name], k) => ({
    name,
    steps: perTrial[0][k].map((_, step) => mean(perTrial.map(runs => runs[k][step])))
  }))
}

/** From so small a start the length does not matter for six steps of a hundredfold each. */
const TINY = 1e-14
const LEAPS = 6

const stageOne = (problem: Problem): ReadonlyArray<readonly [string, Pipeline.Pipeline<'mean'>]> => {
  const high = highOf(problem)
  return [
    ['power iteration', learning(randomStart(problem), [Stage.powerIteration({ steps: 30 })])],
    [
      'descent at high noise, in leaps',
      learning(Initializer.gaussian({ scale: TINY }), [
        descend(high, highRate(problem.length, high, 100), LEAPS, exact)
      ])
    ],
    ['stage one', learning(randomStart(problem), [descend(high, highRate(problem.length, high), 60, exact)])]
  ]
}

const SHORT = 12

const stageTwo = (problem: Problem): ReadonlyArray<readonly [string, Pipeline.Pipeline<'mean'>]> => {
  const high = highOf(problem)
  const short = descend(high, highRate(problem.length, high), SHORT, exact)
  const after = (stage: Stage.Stage): Pipeline.Pipeline<'mean'> => learning(randomStart(problem), [short, stage])
  return [
    ['stage two', after(descend(LOW, lowRate(LOW), 60, exact))],
    ['expectation–maximization', after(Stage.expectationMaximization({ steps: 60 }))]
  ]
}

// -- other ways ------------------------------------------------------------------------------------------------------

/** A way to spend 100 steps. */
interface Way {
  readonly name: string
  readonly start: Initializer.Initializer
  readonly stages: (expectation: Expectation.Expectation) => ReadonlyArray<Stage.Stage>
}

const waysOf = (problem: Problem): ReadonlyArray<Way> => {
  const t1 = highOf(problem)
  const high =
    (time: number, steps: number) =>
    (expectation: Expectation.Expectation): Stage.Stage =>
      descend(time, highRate(problem.length, time), steps, expectation)
  const low =
    (time: number, steps: number) =>
    (expectation: Expectation.Expectation): Stage.Stage =>
      descend(time, lowRate(time), steps, expectation)
  const way = (
    name: string,
    stages: ReadonlyArray<(expectation: Expectation.Expectation) => Stage.Stage>,
    start = randomStart(problem)
  ): Way => ({ name, start, stages: expectation => stages.map(stage => stage(expectation)) })
  return [
    way('t₁, then t₂: the two stages', [high(t1, 50), low(LOW, 50)]),
    way('t₁ alone', [high(t1, 100)]),
    way('t₂ alone', [low(LOW, 100)]),
    way('t₂, then t₁', [low(LOW, 50), high(t1, 50)]),
    way('t₁ + 1, then t₂', [high(t1 + 1, 50), low(LOW, 50)]),
    way('t₁, then 0.5', [high(t1, 50), low(0.5, 50)]),
    way('t₁, then 0.01', [high(t1, 50), low(0.01, 50)]),
    way('t₂ alone, from N(0, I)', [low(LOW, 100)], Initializer.gaussian({ scale: 1 }))
  ]
}

/** How runs that go one way end: the share that succeeds, and the median of the error over that of maximum likelihood. */
export interface Ending {
  readonly success: Estimate
  readonly median: number
}

const endings = (problem: Problem, expectation: Expectation.Expectation): ReadonlyArray<Ending> => {
  const ways = waysOf(problem)
  const ratios = Array.from(trials(problem), trial => {
    const likeliest = errorOf(problem, lastOf(maximumLikelihood(problem), trial))
    return ways.map(
      ({ start, stages }) => errorOf(problem, lastOf(learning(start, stages(expectation)), trial)) / likeliest
    )
  })
  return ways.map((_, k) => {
    const mine = ratios.map(row => row[k])
    return { success: share(mine.filter(ratio => ratio <= CLOSE).length, problem.seeds), median: median(mine) }
  })
}

export interface Other {
  readonly name: string
  /** At a small separation, the mean over the noise exact. */
  readonly exact: Ending
  /** The same with one draw of noise a row. */
  readonly plain: Ending
  /** At a large separation, exact. */
  readonly apart: Ending
}

// -- the report ------------------------------------------------------------------------------------------------------

export interface Measured {
  readonly outcomes: ReadonlyArray<Outcome>
  /** Degrees to the centre. */
  readonly stageOne: ReadonlyArray<Curve>
  /** The error divided by the length of the centre; after a stage one of `SHORT` steps. */
  readonly stageTwo: ReadonlyArray<Curve>
  readonly others: ReadonlyArray<Other>
}

const APART = 5

/** Where the mean over the noise is exact, seeds differ little. */
const SEEDS = { exact: 10, apart: 6 }

const measure = (budget: Budget): Measured & { readonly shown: Problem; readonly small: Problem } => {
  const isFull = budget === 'full'
  const dims = isFull ? [4, 16, 64, 256] : [4, 16]
  const shown = problem(isFull ? 64 : 16, 1 / 4, isFull ? 6 : 5)
  const small = problem(16, 1 / 4, isFull ? 40 : 5)
  const exactly = endings({ ...small, seeds: Math.min(small.seeds, SEEDS.exact) }, exact)
  const plainly = endings(small, plain)
  const apart = endings({ ...small, length: APART, seeds: Math.min(small.seeds, SEEDS.apart) }, exact)
  return {
    outcomes: dims.flatMap(dim =>
      separations.flatMap(({ power, text }) => {
        const own = problem(dim, power, isFull ? 40 : 10)
        return own.rows * dim >= NUMBERS.most ? [] : [outcome(own, text)]
      })
    ),
    stageOne: curvesOf(shown, stageOne(shown), angle(shown)),
    stageTwo: curvesOf(shown, stageTwo(shown), params => Metric.centreError(params, truthOf(shown)) / shown.length),
    others: waysOf(small).map(({ name }, k) => ({
      name,
      exact: exactly[k],
      plain: plainly[k],
      apart: apart[k]
    })),
    shown,
    small
  }
}

const points = (steps: ReadonlyArray<Estimate>, from = 0): ReadonlyArray<Picture.Point> =>
  steps.slice(from).map(({ value, low, high }, x) => ({ x: x + from, y: value, low, high }))

const drawn = ({ name, steps }: Curve, from = 0): Picture.Series => ({
  name,
  points: points(steps, from),
  marks: steps.length <= LEAPS + 1 ? 'both' : 'line'
})

const medianCell = (median: number): Cell => (median > 100 ? 'diverged' : median)

export const main = (budget: Budget): Report<Measured> => {
  const { shown, small, ...measured } = measure(budget)
  const { outcomes, others } = measured
  const trialsInAll = outcomes.reduce((sum, { seeds }) => sum + seeds, 0)
  const successes = outcomes.reduce((sum, { success, seeds }) => sum + Math.round(success.value * seeds), 0)
  const worst = Math.max(...outcomes.map(({ ratio }) => ratio.value))
  const at = (name: string): Other => others.find(other => other.name.startsWith(name)) ?? others[0]
  const [paper, highOnly, lowOnly, quieter] = ['t₁, then t₂', 't₁ alone', 't₂ alone', 't₁, then 0.01'].map(at)
  const [power, leaps, steady] = measured.stageOne
  const [descent, em] = measured.stageTwo
  const end = (curve: Curve): string => show(curve.steps[curve.steps.length - 1].value)
  const sizes = [...new Set(outcomes.map(({ dim }) => dim))]
  return {
    title: 'Two Gaussians from a random start',
    claim:
      'For ½N(μ, I) + ½N(−μ, I) with |μ| at least 1/poly(d), gradient descent on the DDPM objective from a random start, first at a high noise level t₁ = O(log d), where it does what power iteration does, then at a constant one t₂, where it does what expectation–maximization does, learns μ (the first theorem: two Gaussians, random initialization).',
    findings: [
      `${successes} of ${trialsInAll} runs end within ${CLOSE} times the error of maximum likelihood on the same rows; the mean ratio is at most ${show(worst)}.`,
      `Stage one is power iteration: in leaps from next to 0 descent is at ${show(leaps.steps[LEAPS].value)}° from the centre after ${LEAPS} steps, power iteration at ${show(power.steps[LEAPS].value)}°. The steady steps of stage one end at ${end(steady)}°, power iteration at ${end(power)}°.`,
      `Stage two goes as expectation–maximization: after ${descent.steps.length - 1} steps the error is ${end(descent)} |μ| beside ${end(em)} |μ|.`,
      `With the mean over the noise taken exactly, either stage alone does as well (t₁ alone: ${show(highOnly.exact.median)}, t₂ alone: ${show(lowOnly.exact.median)} times maximum likelihood; at |μ| = ${APART} ${show(highOnly.apart.median)} and ${show(lowOnly.apart.median)}, both stages ${show(paper.apart.median)}), and low noise finds its way from N(0, I) too: here the order of the stages serves the proof.`,
      `With one draw of noise a row and step, the noise level matters: ${show(paper.plain.success.value)} of the runs succeed at t₂ = ${LOW}, ${show(at('t₁, then 0.5').plain.success.value)} at 0.5 and ${show(quieter.plain.success.value)} at 0.01, where the gradient’s variance is large; a t₁ higher by 1 makes the first stage diverge at the rate that its signal asks for.`
    ],
    figures: [
      {
        name: 'steps',
        description:
          'Angle to the centre in stage one beside power iteration, error in stage two beside expectation–maximization',
        caption: `d = ${shown.dim}, |μ| = d^(−1/4), n = ${shown.rows}: means over ${shown.seeds} seeds with their 95 % bands. In leaps: six steps that each multiply the mean by about a hundred, from 1e-14. Stage two follows a stage one cut short after ${SHORT} steps.`,
        drawn: Picture.curves(
          [
            {
              title: 'Stage one',
              x: { title: 'step', domain: [0, 60] },
              y: { title: 'angle to the centre, degrees', domain: [0, 90], ticks: [0, 15, 30, 45, 60, 75, 90] },
              series: measured.stageOne.map(curve => drawn(curve))
            },
            {
              title: 'Stage two',
              x: { title: 'step', domain: [0, 72] },
              y: { title: 'error / |μ|', domain: [0, 1.2] },
              series: measured.stageTwo.map(curve => drawn(curve)),
              rules: [{ across: 'x', at: SHORT, text: 'stage two begins' }]
            }
          ],
          { columns: 2, width: 300, height: 230 }
        )
      },
      {
        name: 'success',
        description: 'Share of successes and error beside maximum likelihood by dimension, for three separations',
        caption: 'Over dimensions, for each separation; bars are 95 % intervals.',
        drawn: Picture.curves(
          [
            {
              title: 'Share of runs that succeed',
              x: { title: 'd', domain: [3, 340], scale: 'log', ticks: sizes },
              y: { title: '', domain: [0, 1.05] },
              series: bySeparation(outcomes, ({ success }) => success)
            },
            {
              title: 'Error / that of maximum likelihood',
              x: { title: 'd', domain: [3, 340], scale: 'log', ticks: sizes },
              y: { title: '', domain: [0.9, 1.25] },
              series: bySeparation(outcomes, ({ ratio }) => ratio),
              rules: [{ across: 'y', at: 1, text: '' }]
            },
            {
              title: 'Error / |μ|',
              x: { title: 'd', domain: [3, 340], scale: 'log', ticks: sizes },
              y: { title: '', domain: [0, 0.8] },
              series: bySeparation(outcomes, ({ relative }) => relative)
            }
          ],
          { columns: 3, width: 220, height: 200 }
        )
      }
    ],
    tables: [
      {
        caption: 'Two stages from a random start',
        header: ['d', 'separation', 'n', 'seeds', 'success', 'error / maximum likelihood', 'error / separation'],
        rows: outcomes.map(({ dim, text, rows, seeds, success, ratio, relative }) => [
          dim,
          text,
          rows,
          seeds,
          success,
          ratio,
          relative
        ])
      },
      {
        caption: `Other ways to spend 100 steps: d = ${small.dim}, n = ${small.rows}; ${SEEDS.exact}, ${small.seeds} and ${SEEDS.apart} seeds; t₁ = ${show(highOf(small))}, t₂ = ${LOW}; the ratio is the median of the error over that of maximum likelihood`,
        header: [
          'way',
          'success, exact',
          'ratio',
          'success, one draw',
          'ratio',
          `success, exact, separation ${APART}`,
          'ratio'
        ],
        rows: others.map(({ name, exact, plain, apart }) => [
          name,
          ...[exact, plain, apart].flatMap(({ success, median }): ReadonlyArray<Cell> => [success, medianCell(median)])
        ])
      }
    ],
    setting: [
      `The separation is |μ|, half the distance of the centres. n = ${MULTIPLE} d/|μ|⁴ rows, ${MULTIPLE} times those at which the top eigenvector of the second moment begins to see μ (the fourth program). A run succeeds when its error is at most ${CLOSE} times that of maximum likelihood, expectation–maximization started at the truth, on the same rows. Shares have the interval of Wilson, mean ratios Student’s of their logarithms, other means Student’s. Data and starts are keyed by the number of rows and the seed. Problems of many numbers have fewer seeds, and d = 256 at d^(−1/4), of 134 million, has none. In full it takes about 3 minutes of processor time.`,
      `The mean over the noise is taken by quadrature where nothing else is said. The rate of stage one knows the order of |μ|, as the theorem’s constants do; that of stage two is the step of expectation–maximization.`
    ],
    measured
  }
}

const bySeparation = (
  outcomes: ReadonlyArray<Outcome>,
  of: (outcome: Outcome) => Estimate
): ReadonlyArray<Picture.Series> =>
  separations.map(({ text }, k) => ({
    // Side by side, so that bars do not hide each other.
    name: `|μ| = ${text}`,
    marks: 'both',
    points: outcomes
      .filter(each => each.text === text)
      .map(each => ({ x: each.dim * 1.06 ** (k - 1), y: of(each).value, low: of(each).low, high: of(each).high }))
  }))
