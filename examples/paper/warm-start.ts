/**
 * K Gaussians from a warm start: phase diagrams of success over the separation C√log min(K, d) and the radius of the warm
 * start, for descent on the DDPM objective, for gradient expectation–maximization and for expectation–maximization.
 */
import {
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Picture,
  Pipeline,
  Rate,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { compiled, median, share, show, type Budget, type Estimate, type Report } from './frame.js'

const DIM = 16
const ROWS_EACH = 250
const STEPS = 60

/** C√log min(K, d) */
const separationOf = (components: number, constant: number): number =>
  constant * Math.sqrt(Math.log(Math.min(components, DIM)))

/** Corners of a simplex, all `separation` apart; with more components than dimensions, of a cross-polytope. */
const centres = (components: number, separation: number, dim: number = DIM): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: components }, (_, k) =>
    Array.from({ length: dim }, (_, j) => (j === k % dim ? ((k < dim ? 1 : -1) * separation) / Math.SQRT2 : 0))
  )

// -- the pipelines ---------------------------------------------------------------------------------------------------

/** Descent in m = α · mean with the step of expectation–maximization, K/2; falling, it averages the noise of the last steps. */
const descent = (components: number, time = 0.1, share = 1, steps = STEPS): Stage.Stage => {
  const { alpha } = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
  return Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    expectation: Expectation.projected({ antithetic: true }),
    optimizer: Optimizer.gradientDescent({ rate: Rate.cosine({ rate: (share * components) / 2 / alpha ** 2, steps }) }),
    steps
  })
}

/** c ← c + K E[w(x − c)]: a step of expectation–maximization, but divided by 1/K and not by the mean of w. */
const gradientEM = (components: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.likelihood,
    optimizer: Optimizer.gradientDescent({ rate: components }),
    steps: STEPS
  })

const em: Stage.Stage = Stage.expectationMaximization({ steps: STEPS })

const learning = (
  components: number,
  initializer: Initializer.Initializer,
  stage: Stage.Stage
): Pipeline.Pipeline<'means'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components }),
    initializer,
    stages: [stage]
  })

const algorithms = (components: number): ReadonlyArray<readonly [name: string, stage: Stage.Stage]> => [
  ['descent on the DDPM objective', descent(components)],
  ['gradient EM', gradientEM(components)],
  ['EM', em]
]

// -- the phase diagram -----------------------------------------------------------------------------------------------

/** A run succeeds when it ends within so many times the error of maximum likelihood … */
export const CLOSE = 1.25
/** … and within this share of the separation, so that it tells the centres apart. */
export const APART = 1 / 4

interface Problem {
  readonly components: number
  /** C */
  readonly constant: number
  readonly seeds: number
}

export interface Square extends Problem {
  readonly algorithm: string
  /** Of the warm start, in units of the separation. */
  readonly radius: number
  readonly success: Estimate
  /** The median of the error over that of maximum likelihood. */
  readonly median: number
}

/** The share of successes of each algorithm from each radius, on the same data and starts. */
const squares = (
  problem: Problem,
  radii: ReadonlyArray<number>,
  stages: ReadonlyArray<readonly [name: string, stage: Stage.Stage]>
): ReadonlyArray<Square> => {
  const { components, constant, seeds } = problem
  const separation = separationOf(components, constant)
  const means = centres(components, separation)
  const truth = Mixture.of({ means })
  const perSeed = Key.split(seeds)(Key.fromSeed(100 * components + Math.round(10 * constant))).map(key => {
    const { data, run } = Key.named('data', 'run')(key)
    const points = Mixture.sample(ROWS_EACH * components)(data)(truth)
    const error = (initializer: Initializer.Initializer, stage: Stage.Stage): number => {
      const { status, params } = Run.last(compiled(learning(components, initializer, stage))(points))(run)
      return status._tag === 'Failed' ? Infinity : Metric.centreError(params, truth)
    }
    const likeliest = error(
      Initializer.values(means),
      Stage.expectationMaximization({ steps: 300, relativeChange: 1e-4 })
    )
    const most = Math.min(CLOSE, (APART * separation) / likeliest)
    return {
      most,
      ratios: radii.map(radius =>
        stages.map(
          ([, stage]) =>
            error(Initializer.warmStart({ centres: means, radius: radius * separation }), stage) / likeliest
        )
      )
    }
  })
  return radii.flatMap((radius, i) =>
    stages.map(([algorithm], k): Square => ({
      ...problem,
      algorithm,
      radius,
      success: share(perSeed.filter(({ most, ratios }) => ratios[i][k] <= most).length, seeds),
      median: median(perSeed.map(({ ratios }) => ratios[i][k]))
    }))
  )
}

// -- other levels and rates ------------------------------------------------------------------------------------------

export interface Other {
  readonly name: string
  readonly squares: ReadonlyArray<Square>
}

const OTHER_COMPONENTS = 8
const OTHER_CONSTANT = 3

const others = (seeds: number, radii: ReadonlyArray<number>): ReadonlyArray<Other> => {
  const stages: ReadonlyArray<readonly [string, Stage.Stage]> = [
    ...[0.03, 0.1, 0.3, 0.7, 1.2].map((time): readonly [string, Stage.Stage] => [
      `t = ${time}`,
      descent(OTHER_COMPONENTS, time)
    ]),
    ['t = 0.1, a quarter of the rate, four times the steps', descent(OTHER_COMPONENTS, 0.1, 1 / 4, 4 * STEPS)]
  ]
  const all = squares({ components: OTHER_COMPONENTS, constant: OTHER_CONSTANT, seeds }, radii, stages)
  return stages.map(([name]) => ({ name, squares: all.filter(({ algorithm }) => algorithm === name) }))
}

// -- the report ------------------------------------------------------------------------------------------------------

export interface Measured {
  readonly squares: ReadonlyArray<Square>
  readonly others: ReadonlyArray<Other>
}

const FULL = { constants: [1, 1.5, 2, 3, 4], radii: [0.25, 0.5, 1, 1.5, 2] }
const QUICK = { constants: [1, 3], radii: [0.25, 0.5, 2] }

const measure = (budget: Budget): Measured => {
  const isFull = budget === 'full'
  const { constants, radii } = isFull ? FULL : QUICK
  const sizes = isFull
    ? [
        { components: 4, seeds: 20 },
        { components: 8, seeds: 20 },
        { components: 16, seeds: 8 },
        { components: 32, seeds: 4 }
      ]
    : [
        { components: 4, seeds: 5 },
        { components: 8, seeds: 3 }
      ]
  return {
    squares: sizes.flatMap(({ components, seeds }) =>
      constants.flatMap(constant => squares({ components, constant, seeds }, radii, algorithms(components)))
    ),
    others: isFull ? others(10, radii) : []
  }
}

/** The successes of several squares together. */
export const pooled = (squares: ReadonlyArray<Square>): Estimate =>
  share(
    squares.reduce((sum, { success, seeds }) => sum + Math.round(success.value * seeds), 0),
    squares.reduce((sum, { seeds }) => sum + seeds, 0)
  )

/** Where the theorem is about: C large enough and a radius that is a small enough share of the separation. */
export const isWarm = ({ constant, radius }: Square): boolean => constant >= 2 && radius <= 0.5

const percent = (estimate: Estimate): string => `${(100 * estimate.value).toFixed(0)} %`

export const main = (budget: Budget): Report<Measured> => {
  const measured = measure(budget)
  const { squares, others } = measured
  const sizes = [...new Set(squares.map(({ components }) => components))]
  const names = algorithms(4).map(([name]) => name)
  const constants = [...new Set(squares.map(({ constant }) => constant))]
  const radii = [...new Set(squares.map(({ radius }) => radius))]
  const of = (name: string, where: (square: Square) => boolean): Estimate =>
    pooled(squares.filter(square => square.algorithm === name && where(square)))
  const farthest = radii[radii.length - 1]
  const isFar = ({ constant, radius }: Square): boolean => constant >= 2 && radius === farthest
  const [ddpm] = names
  const nearest = (name: string): number =>
    others.find(other => other.name === name)?.squares.find(({ radius }) => radius === radii[0])?.median ?? NaN
  const zones: ReadonlyArray<readonly [string, (square: Square) => boolean]> = [
    ['C ≥ 2, radius ≤ ½', isWarm],
    ...[1, 1.5, 2].map((far): readonly [string, (square: Square) => boolean] => [
      `C ≥ 2, radius ${far}`,
      ({ constant, radius }) => constant >= 2 && radius === far
    ]),
    ['C = 1.5, radius ≤ ½', ({ constant, radius }) => constant === 1.5 && radius <= 0.5],
    ['C = 1', ({ constant }) => constant === 1]
  ]
  const present = zones.filter(([, where]) => squares.some(where))
  return {
    title: 'K Gaussians from a warm start',
    claim:
      'For K spherical Gaussians of equal weights, at least C√log min(K, d) apart, gradient descent on the DDPM objective at a constant noise level learns the centres from a warm start within C′√log min(K, d) of them (the second theorem: mixtures of K Gaussians).',
    findings: [
      `Within the theorem’s reach, C ≥ 2 and a start within half the separation, ${percent(of(ddpm, isWarm))} of the ${of(ddpm, isWarm).trials} runs of descent end at maximum likelihood, with K = ${sizes.join(', ')} (gradient EM: ${percent(of('gradient EM', isWarm))}, EM: ${percent(of('EM', isWarm))}).`,
      `From ${farthest} separations away, in random directions, EM is the sturdiest: ${percent(of('EM', isFar))} against ${percent(of('gradient EM', isFar))} of gradient EM and ${percent(of(ddpm, isFar))} of descent. EM divides by the rows that a centre has; the other two take steps of the same rate whether it has many or none.`,
      `At C = 1 nobody succeeds (${percent(of('EM', ({ constant }) => constant === 1))} of EM’s runs): with ${ROWS_EACH} rows a component, maximum likelihood itself does not tell the centres apart.`,
      ...(others.length === 0
        ? []
        : [
            `More noise widens the basin, up to a point: at C = ${OTHER_CONSTANT}, K = ${OTHER_COMPONENTS}, from one separation away ${others
              .map(({ name, squares }) => `${percent(pooled(squares.filter(({ radius }) => radius === 1)))} at ${name}`)
              .join(
                '; '
              )}. At t = 1.2 near starts do not lose their centres, but end at ${show(nearest('t = 1.2'))} times the error of maximum likelihood (at t = 0.1: ${show(nearest('t = 0.1'))}).`
          ])
    ],
    figures: [
      {
        name: 'phases',
        description:
          'Phase diagrams of success over separation and radius of the warm start, for three algorithms and several numbers of components',
        caption: `Percentages of runs that succeed: ${sizes.map(components => `${squares.find(each => each.components === components)?.seeds ?? 0} seeds a square for K = ${components}`).join(', ')}. d = ${DIM}, ${ROWS_EACH} rows a component. Each centre starts at that radius, in units of the separation, in a random direction.`,
        drawn: Picture.heatMaps(
          sizes.flatMap(components =>
            names.map(name => ({
              title: `K = ${components}: ${name}`,
              x: { title: 'radius / separation', values: radii.map(String) },
              y: { title: 'C', values: [...constants].reverse().map(String) },
              squares: squares
                .filter(square => square.components === components && square.algorithm === name)
                .map(({ constant, radius, success: { value } }) => ({
                  x: String(radius),
                  y: String(constant),
                  value,
                  text: (100 * value).toFixed(0)
                }))
            }))
          ),
          { columns: 3, width: 220, height: 150 }
        )
      }
    ],
    tables: [
      {
        caption: 'Successes, by number of components and zone',
        header: ['K', 'zone', 'runs', ...names],
        rows: sizes.flatMap(components =>
          present.map(([zone, where]) => {
            const here = names.map(name =>
              pooled(squares.filter(each => each.components === components && each.algorithm === name && where(each)))
            )
            return [String(components), zone, here[0].trials, ...here]
          })
        )
      },
      ...(others.length === 0
        ? []
        : [
            {
              caption: `Descent at other noise levels and rates: successes by radius (K = ${OTHER_COMPONENTS}, C = ${OTHER_CONSTANT}), and the median of the error over that of maximum likelihood from the nearest`,
              header: ['', ...radii.map(radius => `radius ${radius}`), `ratio from radius ${radii[0]}`],
              rows: others.map(({ name, squares }) => [name, ...squares.map(({ success }) => success), nearest(name)])
            }
          ])
    ],
    setting: [
      `d = ${DIM}. Up to K = d the centres are the corners of a simplex, each at C√log min(K, d) from every other; for K = 32 those of a cross-polytope. n = ${ROWS_EACH} K rows. A run succeeds when its error is at most ${CLOSE} times that of maximum likelihood on the same rows (EM from the truth) and at most a quarter of the separation. All algorithms take ${STEPS} steps from the same starts; descent is at t = 0.1, where nothing else is said, with projected noise, its rate that of EM at the start and falling as a cosine; C = ${show(2)}, K = 16 is a separation of ${show(separationOf(16, 2))}. Intervals are Wilson’s. Data and starts are keyed by K, C and the seed. In full it takes about 6 minutes of processor time.`
    ],
    measured
  }
}
