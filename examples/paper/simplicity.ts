/**
 * Simple statistics first: on the way from a small start, students learn the mean of the data, then the covariance, then
 * the fourth cumulant; until they have learned the covariance, data that are a mixture and a Gaussian with the same
 * covariance teach them the same.
 */
import {
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  type Params,
  Picture,
  Pipeline,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { compiled, geometricMean, mean, share, show, type Budget, type Estimate, type Report } from './frame.js'
import { population, type Met } from './population.js'

// -- the problem -----------------------------------------------------------------------------------------------------

type Centres = ReadonlyArray<ReadonlyArray<number>>

const schedule = Schedule.ornsteinUhlenbeck
const OFFSET = [1, 0.5]
const ARM = 2

/** A cross in the plane: the covariance of its centres, ARM²/2 I, is that of a round Gaussian. */
const cross: Centres = [
  [ARM, 0],
  [-ARM, 0],
  [0, ARM],
  [0, -ARM]
].map(centre => centre.map((x, j) => x + OFFSET[j]))

const data = Mixture.of({ means: cross })
const twin = Mixture.of({ means: [OFFSET], variances: [1 + ARM ** 2 / 2] })

const STUDENTS = 8
const SCALE = 0.01

const learning = (time: number, steps: number, { noise }: Met): Pipeline.Pipeline<'means'> => {
  const { alpha } = Schedule.level(time)(schedule)
  return Pipeline.of({
    schedule,
    score: Score.spherical({ components: STUDENTS }),
    initializer: Initializer.gaussian({ scale: SCALE }),
    stages: [
      Stage.descend({
        objective: Objective.denoising(NoiseLevels.at(time)),
        expectation: Expectation.fixed(noise),
        // Half the step of expectation–maximization in m = α · mean.
        optimizer: Optimizer.gradientDescent({ rate: STUDENTS / 4 / alpha ** 2 }),
        steps
      })
    ]
  })
}

// -- moments in closed form ------------------------------------------------------------------------------------------

/** What a mixture of equal weights and unit variances has beyond one of its components: cumulants of its centres. */
export interface Cumulants {
  /** [d] */
  readonly mean: ReadonlyArray<number>
  /** [d, d] */
  readonly covariance: ReadonlyArray<number>
  /** [d, d, d, d] */
  readonly fourth: ReadonlyArray<number>
}

/** Cumulants beyond the second of a normal are 0, and cumulants of independent parts add. */
export const cumulants = (centres: Centres): Cumulants => {
  const axes = centres[0].map((_, j) => j)
  const average = (of: (centre: ReadonlyArray<number>) => number): number =>
    centres.reduce((sum, centre) => sum + of(centre), 0) / centres.length
  const middle = axes.map(j => average(c => c[j]))
  const about = (...indices: ReadonlyArray<number>): number =>
    average(c => indices.reduce((product, j) => product * (c[j] - middle[j]), 1))
  return {
    mean: middle,
    covariance: axes.flatMap(i => axes.map(j => about(i, j))),
    fourth: axes.flatMap(i =>
      axes.flatMap(j =>
        axes.flatMap(k =>
          axes.map(
            l => about(i, j, k, l) - about(i, j) * about(k, l) - about(i, k) * about(j, l) - about(i, l) * about(j, k)
          )
        )
      )
    )
  }
}

const STATISTICS = ['mean', 'covariance', 'fourth'] as const
type Statistic = (typeof STATISTICS)[number]

/** The distance from the data's statistic as a share of what it was at the start. */
type Left = Readonly<Record<Statistic, number>>

const distance = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  Math.hypot(...a.map((x, i) => x - b[i]))

const wanted = cumulants(cross)

const distances = (centres: Centres): Left => {
  const found = cumulants(centres)
  const of = (statistic: Statistic): number => distance(found[statistic], wanted[statistic])
  return { mean: of('mean'), covariance: of('covariance'), fourth: of('fourth') }
}

const centresOf = ({ means: { shape, values } }: Params.Params<'means'>): Centres =>
  Array.from({ length: shape[0] }, (_, k) => Array.from(values.subarray(k * shape[1], (k + 1) * shape[1])))

// -- a run beside its twin -------------------------------------------------------------------------------------------

interface Moment {
  readonly step: number
  readonly left: Left
  /** |θ − θ′|/|θ|, θ′ the parameters of the run on the twin. */
  readonly apart: number
}

export interface Course {
  readonly time: number
  readonly moments: ReadonlyArray<Moment>
  /** The first step at which half of the distance is left. */
  readonly half: Left
  /** How much of the fourth cumulant's distance is left when a tenth of the covariance's is. */
  readonly fourthLeft: number
  /** How far the run is from that on the twin when half of the covariance's distance is left. */
  readonly apart: number
}

const course = (mixture: Met, gaussian: Met, time: number, steps: number, key: Key.Key): Course => {
  const states = (met: Met): ReadonlyArray<Run.State<'means'>> => [
    ...Run.states(compiled(learning(time, steps, met))(met.points))(key)
  ]
  const ours = states(mixture)
  const others = states(gaussian)
  const first = distances(centresOf(ours[0].params))
  const moments = ours.map(({ step, params }, i): Moment => {
    const now = distances(centresOf(params))
    const values = Array.from(params.means.values)
    return {
      step,
      left: {
        mean: now.mean / first.mean,
        covariance: now.covariance / first.covariance,
        fourth: now.fourth / first.fourth
      },
      apart: distance(values, Array.from(others[i].params.means.values)) / Math.hypot(...values)
    }
  })
  // A statistic that is not learned in time counts as learned at the last step: the least that can be said.
  const firstBelow = (statistic: Statistic, level: number): Moment =>
    moments.find(({ left }) => left[statistic] <= level) ?? moments[moments.length - 1]
  return {
    time,
    moments,
    half: {
      mean: firstBelow('mean', 0.5).step,
      covariance: firstBelow('covariance', 0.5).step,
      fourth: firstBelow('fourth', 0.5).step
    },
    fourthLeft: firstBelow('covariance', 0.1).left.fourth,
    apart: firstBelow('covariance', 0.5).apart
  }
}

// -- the report ------------------------------------------------------------------------------------------------------

export interface Outcome {
  readonly time: number
  /** Geometric means of the steps at which half is left. */
  readonly mean: Estimate
  readonly covariance: Estimate
  readonly fourth: Estimate
  /** fourth/covariance. */
  readonly lag: Estimate
  /** The share of starts from which the three are learned in this order. */
  readonly inOrder: Estimate
  readonly fourthLeft: Estimate
  readonly apart: Estimate
}

export interface Measured {
  readonly outcomes: ReadonlyArray<Outcome>
  /** One start at each time. */
  readonly courses: ReadonlyArray<Course>
}

const NODES = 6

/** Times, and steps that are enough there. */
const times = (budget: Budget): ReadonlyArray<readonly [time: number, steps: number]> =>
  budget === 'full'
    ? [
        [0.3, 300],
        [0.8, 1000],
        [1.2, 4000]
      ]
    : [
        [0.3, 40],
        [0.8, 100]
      ]

const starts = (budget: Budget): number => (budget === 'full' ? 20 : 5)

export const measure = (budget: Budget): Measured => {
  const mixture = population(NODES, data)
  const gaussian = population(NODES, twin)
  const keys = Key.split(starts(budget))(Key.fromSeed(33))
  const all = times(budget).map(([time, steps]) => keys.map(key => course(mixture, gaussian, time, steps, key)))
  const outcomes = all.map((courses): Outcome => {
    const half = (statistic: Statistic): Estimate => geometricMean(courses.map(({ half }) => half[statistic]))
    return {
      time: courses[0].time,
      mean: half('mean'),
      covariance: half('covariance'),
      fourth: half('fourth'),
      lag: geometricMean(courses.map(({ half }) => half.fourth / half.covariance)),
      inOrder: share(
        courses.filter(({ half }) => half.mean < half.covariance && half.covariance < half.fourth).length,
        courses.length
      ),
      fourthLeft: mean(courses.map(({ fourthLeft }) => fourthLeft)),
      apart: mean(courses.map(({ apart }) => apart))
    }
  })
  return { outcomes, courses: all.map(([first]) => first) }
}

export const report = (budget: Budget, measured: Measured): Report<Measured> => {
  const { outcomes, courses } = measured
  /** Steps that have a place of their own on the axis of powers, to half a pixel. */
  const isSeen = ({ step }: { readonly step: number }): boolean =>
    step > 0 && Math.floor(50 * Math.log(step)) > Math.floor(50 * Math.log(step - 1))
  const series = ({ moments }: Course): ReadonlyArray<Picture.Series> => [
    ...STATISTICS.map(statistic => ({
      name: statistic === 'fourth' ? 'fourth cumulant' : statistic,
      points: moments.filter(isSeen).map(({ step, left }) => ({ x: step, y: left[statistic] }))
    })),
    {
      name: 'distance from the student of the Gaussian',
      points: moments.filter(isSeen).map(({ step, apart }) => ({ x: step, y: apart }))
    }
  ]
  const first = outcomes[0]
  const last = outcomes[outcomes.length - 1]
  const ordered = outcomes.every(({ inOrder }) => inOrder.value === 1)
  const inOrder = ordered
    ? `all ${outcomes.length * starts(budget)} runs`
    : outcomes.map(o => `${show(100 * o.inOrder.value)} % of the runs at t = ${o.time}`).join(', ')
  return {
    title: 'Simple statistics are learned first',
    claim:
      'At high noise the loss sees second moments alone (the paper’s spectral connection). So descent from a small start learns the mean of the data first, then the covariance, and what tells the mixture from a Gaussian of the same covariance last: a distributional simplicity bias, here of score matching.',
    findings: [
      `In ${inOrder} the mean is half learned before the covariance, and the covariance before the fourth cumulant: after ${outcomes.map(o => `${show(o.mean.value, 2)}, ${show(o.covariance.value, 2)} and ${show(o.fourth.value, 2)} steps (t = ${o.time})`).join('; ')}.`,
      `They are farther apart at higher noise, where the loss sees less beyond second moments: the fourth cumulant takes ${show(first.lag.value, 2)} times the steps of the covariance at t = ${first.time}, ${show(last.lag.value, 2)} times at t = ${last.time}, where ${show(100 * last.fourthLeft.value, 2)} % of the fourth cumulant’s distance is left when 90 % of the covariance’s is gone.`,
      `Until the covariance is half learned, the student of the mixture and that of the Gaussian with the same mean and covariance hardly differ: by ${outcomes.map(({ apart, time }) => `${show(100 * apart.value, 2)} % (t = ${time})`).join(', ')} of the parameters’ norm.`
    ],
    figures: [
      {
        name: 'order',
        description:
          'Share of the distance left by step, for mean, covariance and fourth cumulant, at each noise level',
        caption:
          'Share of the distance from the data’s statistic that is left, from one start, and the distance of the parameters from those of the same run on the Gaussian, relative to their norm.',
        drawn: Picture.curves(
          courses.map((course): Picture.Curves => ({
            title: `t = ${course.time}`,
            x: {
              title: 'step',
              domain: [1, course.moments.length - 1],
              scale: 'log'
            },
            y: { title: 'share left, distance', domain: [0, 1.2] },
            series: series(course)
          })),
          { columns: 3 }
        )
      }
    ],
    tables: [
      {
        caption: 'Steps until half of the distance is left, and what then holds',
        header: [
          't',
          'mean',
          'covariance',
          'fourth cumulant',
          'fourth / covariance',
          'in this order',
          'fourth left at covariance’s last tenth',
          'apart from the Gaussian’s at covariance’s half'
        ],
        rows: outcomes.map(o => [
          String(o.time),
          o.mean,
          o.covariance,
          o.fourth,
          o.lag,
          o.inOrder,
          o.fourthLeft,
          o.apart
        ])
      }
    ],
    setting: [
      `Data: four Gaussians at the ends of a cross of arm ${ARM} about (${OFFSET.join(', ')}), whose covariance is (1 + ${ARM ** 2 / 2})I; beside it the Gaussian with that mean and covariance. The loss is that in population: each component and the noise at ${NODES}² Gauss–Hermite nodes, exact for polynomials up to degree ${2 * NODES - 1} in each coordinate. ${STUDENTS} students of equal weights start at N(0, ${SCALE}² I); ${starts(budget)} starts, Key.fromSeed(33). Runs on mixture and Gaussian begin at the same start.`,
      `The statistics are those of the student’s mixture, in closed form: mean and covariance of its centres, and their fourth cumulant, E[yyyy] less the three products of covariances, compared in the Euclidean norm of all entries. Means are geometric; brackets are 95 % intervals over starts.`
    ],
    measured
  }
}

export const main = (budget: Budget): Report<Measured> => report(budget, measure(budget))
