/**
 * From data to new data: learn a mixture by score matching, then sample the learned score by several samplers, and ask of
 * each how far its points are from data that were held out.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { Compile, Key, Mixture, Problem, Recipe, Run, Sampler, Schedule, Score, TimeGrid, type Points } from 'ornstein'

const schedule = Schedule.ornsteinUhlenbeck
const truth = Mixture.of({
  means: [
    [-4, 0],
    [0, 3],
    [4, -1]
  ]
})
const keys = pipe(Key.fromSeed(5), Key.named('data', 'held out', 'run', 'sample'))
const data = Mixture.sample(2000)(keys.data)(truth)
const heldOut = Mixture.sample(1000)(keys['held out'])(truth)

/** The mean of |a − b| over points a of one and b of the other, in the plane. */
const meanDistance = ({ rows: n, values: a }: Points.Points, { rows: m, values: b }: Points.Points): number => {
  let total = 0
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) total += Math.sqrt((a[2 * i] - b[2 * j]) ** 2 + (a[2 * i + 1] - b[2 * j + 1]) ** 2)
  return total / (n * m)
}

/** 2 E|X − Y| − E|X − X′| − E|Y − Y′|: 0 for one law, positive for two (Székely & Rizzo 2004). */
export const energyDistance = (a: Points.Points, b: Points.Points): number =>
  2 * meanDistance(a, b) - meanDistance(a, a) - meanDistance(b, b)

const grid = TimeGrid.karras({ from: 5, to: 0.001, steps: 30 })

export const samplers = [
  Sampler.ancestral,
  Sampler.heun,
  Sampler.dpmSolver2M,
  Sampler.predictorCorrector({ predictor: Sampler.ddim({ eta: 0 }) })
]

/** The distance from held-out data of what each sampler draws from the learned score. */
export const distances = pipe(
  E.Do,
  E.apS('program', pipe(data, Compile.pipeline(Recipe.twoStage(Score.spherical({ components: 3 }))(data)))),
  E.apS('ways', E.traverseArray((sampler: Sampler.Sampler) => Sampler.compile({ sampler, grid, schedule }))(samplers)),
  E.map(({ program, ways }) => {
    const { params } = Run.last(program)(keys.run)
    const learned = Sampler.learned(Score.spherical({ components: 3 }), schedule, params)
    return ways.map(way => ({
      sampler: Sampler.show(way.sampler),
      distance: energyDistance(Sampler.sample(way)(learned)(1000, 2)(keys.sample), heldOut)
    }))
  })
)

/** What two samples of the truth are apart. */
export const truthDistance = energyDistance(Mixture.sample(1000)(keys.sample)(truth), heldOut)

pipe(
  distances,
  E.match(
    problems => {
      console.error(problems.map(Problem.show).join('\n'))
    },
    rows => {
      console.log('energy distance to held-out data')
      ;[...rows, { sampler: 'the truth itself', distance: truthDistance }].forEach(({ sampler, distance }) => {
        console.log(`  ${distance.toFixed(4)}  ${sampler}`)
      })
    }
  )
)
