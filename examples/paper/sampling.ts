/**
 * From a learned score to new data: reverse diffusion by several samplers, and how far what it draws is from data that
 * were held out, beside exact sampling: by the size of the data learned from, and by the steps of the sampler.
 */
import {
  Key,
  Metric,
  Mixture,
  type Params,
  Picture,
  type Points,
  Problem,
  Recipe,
  Run,
  Sampler,
  Schedule,
  Score,
  TimeGrid
} from 'ornstein'
import { compiled, geometricMean, mean, show, type Budget, type Estimate, type Report } from './frame.js'

// -- distances between samples ---------------------------------------------------------------------------------------

/** Σ |a_i − b_j| over pairs; rows of the same sample do not meet themselves, at distance 0. */
const totalDistance = (a: Points.Points, b: Points.Points): number => {
  const { dim } = a
  let total = 0
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++) {
      let square = 0
      for (let k = 0; k < dim; k++) square += (a.values[i * dim + k] - b.values[j * dim + k]) ** 2
      total += Math.sqrt(square)
    }
  return total
}

/**
 * 2 E|X − Y| − E|X − X′| − E|Y − Y′| (Székely & Rizzo 2004), without bias: pairs of different rows. Its mean is 0 for two
 * samples of one law and positive for others, so it can be negative.
 */
export const energyDistance = (a: Points.Points, b: Points.Points): number =>
  (2 * totalDistance(a, b)) / (a.rows * b.rows) -
  totalDistance(a, a) / (a.rows * (a.rows - 1)) -
  totalDistance(b, b) / (b.rows * (b.rows - 1))

/** The points along a direction, in order. */
const along = (direction: Float64Array, { rows, dim, values }: Points.Points): Float64Array =>
  new Float64Array(rows).map((_, i) => direction.reduce((sum, v, k) => sum + v * values[i * dim + k], 0)).sort()

/**
 * √(mean over directions of W₂²), W₂ the Wasserstein distance on the line: that of the points in order (Rabin et al.
 * 2011). For samples of one size; it is positive for two samples of one law.
 */
export const slicedWasserstein = (directions: number, key: Key.Key) => {
  const draws = (dim: number): ReadonlyArray<Float64Array> =>
    Key.split(directions)(key).map(one => {
      const normal = Key.normal(dim)(one)
      const norm = Math.hypot(...normal)
      return normal.map(z => z / norm)
    })
  return (a: Points.Points, b: Points.Points): number => {
    const squares = draws(a.dim).map(direction => {
      const u = along(direction, a)
      const v = along(direction, b)
      return u.reduce((sum, x, i) => sum + (x - v[i]) ** 2, 0) / u.length
    })
    return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / directions)
  }
}

// -- the problem -----------------------------------------------------------------------------------------------------

const schedule = Schedule.ornsteinUhlenbeck
const DIM = 4
const COMPONENTS = 4
const SEPARATION = 4

/** Centres along the axes, SEPARATION apart. */
const truth = Mixture.of({
  means: Array.from({ length: COMPONENTS }, (_, k) =>
    Array.from({ length: DIM }, (_, j) => (j === k ? SEPARATION / Math.SQRT2 : 0))
  )
})

const score = Score.spherical({ components: COMPONENTS })

const learn = (data: Points.Points, key: Key.Key): Params.Params<'means'> =>
  Run.last(compiled(Recipe.twoStage(score)(data))(data))(key).params

/** Draws from a score by a sampler, in steps that are even in (σ/α)^(1/7). */
const drawing = (sampler: Sampler.Sampler, steps: number): ReturnType<typeof Sampler.sample> =>
  Sampler.sample(
    Problem.orThrow(Sampler.compile({ sampler, grid: TimeGrid.karras({ from: 5, to: 1e-3, steps }), schedule }))
  )

// -- by the size of the data -----------------------------------------------------------------------------------------

interface Distances {
  readonly energy: number
  readonly wasserstein: number
}

/** A sample's distances from held-out data, and those of an exact sample of the same size. */
interface Trial {
  readonly error: number
  readonly drawn: Distances
  readonly exact: Distances
}

export interface Size {
  readonly rows: number
  /** Of the centres. */
  readonly error: Estimate
  readonly energy: Estimate
  /** The energy distance less that of exact sampling from the same held-out data. */
  readonly excess: Estimate
  readonly wasserstein: Estimate
}

export interface Measured {
  readonly sizes: ReadonlyArray<Size>
  /** Of exact sampling. */
  readonly exact: { readonly energy: Estimate; readonly wasserstein: Estimate }
  readonly samplers: ReadonlyArray<{
    readonly sampler: string
    readonly steps: number
    /** The energy distance less that of exact sampling from the same held-out data. */
    readonly excess: Estimate
    readonly wasserstein: Estimate
  }>
}

const HEUN_STEPS = 30
const DIRECTIONS = 64

/** Measures distances from one held-out sample. */
const from =
  (heldOut: Points.Points, key: Key.Key) =>
  (points: Points.Points): Distances => ({
    energy: energyDistance(points, heldOut),
    wasserstein: slicedWasserstein(DIRECTIONS, key)(points, heldOut)
  })

const trialAt =
  (rows: number, drawnRows: number) =>
  (key: Key.Key): Trial => {
    const keys = Key.named('data', 'held out', 'exact', 'run', 'sample', 'directions')(key)
    const distances = from(Mixture.sample(drawnRows)(keys['held out'])(truth), keys.directions)
    const params = learn(Mixture.sample(rows)(keys.data)(truth), keys.run)
    const learned = Sampler.learned(score, schedule, params)
    return {
      error: Metric.centreError(params, truth),
      drawn: distances(drawing(Sampler.heun, HEUN_STEPS)(learned)(drawnRows, DIM)(keys.sample)),
      exact: distances(Mixture.sample(drawnRows)(keys.exact)(truth))
    }
  }

const samplersTried: ReadonlyArray<readonly [name: string, sampler: Sampler.Sampler]> = [
  ['ancestral', Sampler.ancestral],
  ['DDIM', Sampler.ddim({ eta: 0 })],
  ['Heun', Sampler.heun],
  ['DPM-Solver++(2M)', Sampler.dpmSolver2M],
  ['predictor and corrector', Sampler.predictorCorrector({ predictor: Sampler.ddim({ eta: 0 }) })]
]

const rowsDrawn = (budget: Budget): number => (budget === 'full' ? 2000 : 600)

export const measure = (budget: Budget): Measured => {
  const isFull = budget === 'full'
  const drawnRows = rowsDrawn(budget)
  const sizes = isFull ? [50, 100, 300, 1000, 3000, 10_000] : [30, 1000]
  const steps = isFull ? [5, 10, 20, 40, 80] : [5, 20]
  const seeds = isFull ? 30 : 8
  const keys = Key.named('sizes', 'samplers')(Key.fromSeed(44))
  const trials = sizes.map((rows, i) => Key.split(seeds)(Key.child(i)(keys.sizes)).map(trialAt(rows, drawnRows)))
  const all = trials.flat()
  const learnt = sizes[sizes.length - 1]
  const bySampler = Key.split(isFull ? 10 : 5)(keys.samplers).map(key => {
    const named = Key.named('data', 'held out', 'exact', 'run', 'sample', 'directions')(key)
    const distances = from(Mixture.sample(drawnRows)(named['held out'])(truth), named.directions)
    const params = learn(Mixture.sample(learnt)(named.data)(truth), named.run)
    const learned = Sampler.learned(score, schedule, params)
    const exact = distances(Mixture.sample(drawnRows)(named.exact)(truth))
    return samplersTried.map(([, sampler]) =>
      steps.map(count => {
        const drawn = distances(drawing(sampler, count)(learned)(drawnRows, DIM)(named.sample))
        return { ...drawn, excess: drawn.energy - exact.energy }
      })
    )
  })
  return {
    sizes: sizes.map((rows, i) => ({
      rows,
      error: geometricMean(trials[i].map(({ error }) => error)),
      energy: mean(trials[i].map(({ drawn }) => drawn.energy)),
      excess: mean(trials[i].map(({ drawn, exact }) => drawn.energy - exact.energy)),
      wasserstein: mean(trials[i].map(({ drawn }) => drawn.wasserstein))
    })),
    exact: {
      energy: mean(all.map(({ exact }) => exact.energy)),
      wasserstein: mean(all.map(({ exact }) => exact.wasserstein))
    },
    samplers: samplersTried.flatMap(([sampler], s) =>
      steps.map((count, k) => ({
        sampler,
        steps: count,
        excess: mean(bySampler.map(found => found[s][k].excess)),
        wasserstein: mean(bySampler.map(found => found[s][k].wasserstein))
      }))
    )
  }
}

// -- the report ------------------------------------------------------------------------------------------------------

/** A logarithmic axis ends here: an interval that reaches 0 is drawn down to it. */
const LEAST = 1e-4

const dot = (x: number, { value, low, high }: Estimate): ReadonlyArray<Picture.Point> =>
  value <= LEAST ? [] : [{ x, y: value, low: Math.max(low, LEAST), high }]

const bySize = {
  title: 'n, rows learned from',
  domain: [25, 13_000],
  scale: 'log',
  ticks: [100, 1000, 10_000]
} as const

const sizePanels = ({ sizes, exact }: Measured): ReadonlyArray<Picture.Curves> => [
  {
    title: 'Energy distance, above that of exact sampling',
    x: bySize,
    y: { title: 'energy distance', domain: [LEAST, 0.1], scale: 'log', ticks: [1e-4, 1e-3, 1e-2, 1e-1] },
    series: [
      { name: 'learned score, Heun', marks: 'both', points: sizes.flatMap(({ rows, excess }) => dot(rows, excess)) }
    ]
  },
  {
    title: 'Sliced Wasserstein distance',
    x: bySize,
    y: { title: 'distance', domain: [0, 0.4] },
    series: [
      {
        name: 'learned score, Heun',
        marks: 'both',
        points: sizes.map(({ rows, wasserstein: { value, low, high } }) => ({ x: rows, y: value, low, high }))
      },
      {
        name: 'exact sampling',
        points: bySize.domain.map(x => ({
          x,
          y: exact.wasserstein.value,
          low: exact.wasserstein.low,
          high: exact.wasserstein.high
        }))
      }
    ]
  }
]

const stepsPanel = ({ sizes, samplers }: Measured): Picture.Curves => ({
  title: `Energy distance above that of exact sampling, n = ${sizes[sizes.length - 1].rows}`,
  x: {
    title: 'steps',
    domain: [4, 100],
    scale: 'log',
    ticks: [...new Set(samplers.map(({ steps }) => steps))]
  },
  y: { title: 'energy distance', domain: [LEAST, 1], scale: 'log', ticks: [1e-4, 1e-3, 1e-2, 1e-1, 1] },
  series: samplersTried.map(([name]) => ({
    name,
    marks: 'both',
    points: samplers.filter(({ sampler }) => sampler === name).flatMap(({ steps, excess }) => dot(steps, excess))
  }))
})

export const report = (budget: Budget, measured: Measured): Report<Measured> => {
  const { sizes, exact, samplers } = measured
  const first = sizes[0]
  const last = sizes[sizes.length - 1]
  const seeds = first.energy.trials
  const drawnRows = rowsDrawn(budget)
  const apart = sizes.filter(({ excess }) => excess.low > 0)
  const lastApart = apart.at(-1) ?? last
  const power = (of: (size: Size) => number): string =>
    `n^(${(Math.log(of(lastApart) / of(first)) / Math.log(lastApart.rows / first.rows)).toFixed(2).replace('-', '−')})`
  const enough = samplersTried.map(([name]) => {
    const own = samplers.filter(({ sampler }) => sampler === name)
    const found = own.find(({ steps }) => own.every(other => other.steps < steps || other.excess.low <= 0))
    return found === undefined ? `${name} not in ${own[own.length - 1].steps}` : `${name} ${found.steps}`
  })
  const few = samplers.filter(({ steps }) => steps === samplers[0].steps)
  return {
    title: 'Sampling with what was learned',
    claim:
      'A score that is learned well generates: reverse diffusion along it draws from nearly the law of the data. (What a score is learned for: past the paper.)',
    findings: [
      `By reverse diffusion (Heun, ${HEUN_STEPS} steps) the learned score draws points as near to held-out data as exact sampling does, once it has learned from enough rows: the energy distance above that of exact sampling falls from ${show(first.excess.value)} at n = ${first.rows} to ${show(last.excess.value)} at n = ${last.rows} [${show(last.excess.low)}, ${show(last.excess.high)}].`,
      `From n = ${first.rows} to ${lastApart.rows}, where it is above 0 beyond doubt, it falls as ${power(({ excess }) => excess.value)}, about as the square of the centres’ error, ${power(({ error }) => error.value ** 2)}: the law is as wrong as the centres are, and nothing is seen that the sampler adds.`,
      `Few steps tell samplers apart: at ${few[0].steps} they are ${few.map(({ sampler, excess }) => `${show(excess.value, 2)} (${sampler})`).join(', ')} above exact sampling. Steps from which on no difference from exact sampling is seen, among those tried: ${enough.join(', ')}. (One number of steps may be good by luck, as errors of opposite sign cancel.)`
    ],
    figures: [
      {
        name: 'size',
        description: 'Energy and sliced Wasserstein distance of generated from held-out data, by the rows learned from',
        caption: `Heun in ${HEUN_STEPS} steps along the learned score; bars and the band are 95 % intervals over seeds. A mean below ${LEAST} is not on the logarithmic axis.`,
        drawn: Picture.curves(sizePanels(measured), { columns: 2, width: 300, height: 210 })
      },
      {
        name: 'steps',
        description: 'Energy distance of generated from held-out data by the steps of five samplers',
        caption: `Five samplers along the score learned from ${last.rows} rows; bars are 95 % intervals over seeds. A mean below ${LEAST} is not on the logarithmic axis.`,
        drawn: Picture.curves([stepsPanel(measured)], { columns: 1, width: 460, height: 260 })
      }
    ],
    tables: [
      {
        caption: `${drawnRows} generated against ${drawnRows} held-out points, Heun in ${HEUN_STEPS} steps`,
        header: ['n', 'error of the centres', 'energy distance', 'above exact sampling', 'sliced Wasserstein'],
        rows: [
          ...sizes.map(({ rows, error, energy, excess, wasserstein }) => [
            String(rows),
            error,
            energy,
            excess,
            wasserstein
          ]),
          ['exact sampling', '', exact.energy, '', exact.wasserstein]
        ]
      },
      {
        caption: `Energy distance above that of exact sampling, learned from ${last.rows} rows`,
        header: ['steps', ...samplersTried.map(([name]) => name)],
        rows: [...new Set(samplers.map(({ steps }) => steps))].map(steps => [
          String(steps),
          ...samplers.filter(sampler => sampler.steps === steps).map(({ excess }) => excess)
        ])
      }
    ],
    setting: [
      `${COMPONENTS} Gaussians in d = ${DIM}, ${SEPARATION} apart; ${seeds} seeds for each n, ${samplers[0].excess.trials} for the samplers, each with data, held-out points and exact points of its own. Key.fromSeed(44). Grids from t = 5 to 0.001, even in (σ/α)^(1/7).`,
      `Energy distance: 2 E|X − Y| − E|X − X′| − E|Y − Y′| over pairs of different rows, whose mean is 0 where the laws are one. Sliced Wasserstein: the root mean square of W₂ over ${DIRECTIONS} directions; of two samples of one law it is not 0. Samplers: ${samplersTried.map(([, sampler]) => Sampler.show(sampler)).join(', ')}.`
    ],
    measured
  }
}

export const main = (budget: Budget): Report<Measured> => report(budget, measure(budget))
