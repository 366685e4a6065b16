/**
 * Which noise level removes a bad minimum? Three students of three Gaussians at −6, −2 and 7: one student between the two near ones and two at
 * the third (one fits many, many fit one: Chen et al. 2024) is a minimum at low noise. It is followed in the level: the two students part at a
 * pitchfork, and where they are apart the minimum ends in a fold. And which objective loses it first? Components at −g/2, g/2 and ρg, which noise
 * only brings nearer, by the Fisher divergence and by likelihood. `node noise.js picture.svg` draws the second.
 */
import { Mixture, Objective, Params, type Picture, Population, Score, NoiseLevels } from 'ornstein'
import { drawn } from './drawn.js'

const score = Score.spherical({ components: 3 })
const students = (a: number, b: number, c: number): Params.Params<'means'> => Params.of({ means: [[a], [b], [c]] })

// —— in the noise level ——

const truth = Mixture.of({ means: [[-6], [-2], [7]] })
const lossAt = (time: number): Population.Loss<'means'> =>
  Population.loss({ score, objective: Objective.fisherDivergence(truth, NoiseLevels.at(time)) })
const follow = (at: number, params: Params.Params<'means'>): Population.Branch<'means'> =>
  Population.follow(lossAt, { from: { at, params }, by: 0.05 })

export const together = follow(0.5, students(-4, 7, 7))
export const apart = follow(0.8, students(-3.9, 6.5, 8))
console.log(`two students coincide until t = ${together.at.toFixed(4)} (${together.end})`)
console.log(`the bad minimum is there until t = ${apart.at.toFixed(4)} (${apart.end})`)

/** Expectation–maximization from the bad minimum: at a level, and then at little noise again. */
const settled = (time: number, from: Params.Params<'means'>): Params.Params<'means'> => {
  const loss = lossAt(time)
  const map = Population.expectationMaximization(loss)
  const course = Population.flow(loss, { until: { gradientNorm: 1e-7, steps: 20_000 }, map })(from)
  return course[course.length - 1].params
}
const bad = settled(0.01, students(-4, 6.5, 7.5))
export const annealed = [0.3, 0.45, 0.55, 1].map(time => {
  const { means } = settled(0.01, settled(time, bad))
  console.log(`annealed at t = ${time}: ${Array.from(means.values, m => m.toFixed(2)).join(' ')}`)
  return { time, students: means.values }
})

// —— in the gap, by objective ——

/** Unit variances: noise of t makes of a gap g one of e^−t g. */
const gapped = (ratio: number, gap: number): Mixture.Mixture =>
  Mixture.of({ means: [[-gap / 2], [gap / 2], [ratio * gap]] })
const losses = {
  fisher: (truth: Mixture.Mixture) =>
    Population.loss({ score, objective: Objective.fisherDivergence(truth, NoiseLevels.clean) }),
  likelihood: (truth: Mixture.Mixture) => Population.loss({ score, objective: Objective.likelihood, data: truth })
}
/** The bad minimum from a gap where it is to where it ends. */
const lost = (by: keyof typeof losses, ratio: number, from: number): Population.Branch<'means'> => {
  const at = (gap: number): Population.Loss<'means'> => losses[by](gapped(ratio, gap))
  const course = Population.flow(at(from))(students(0, ratio * from - 1, ratio * from + 1))
  const { params } = course[course.length - 1]
  return Population.follow(at, { from: { at: from, params }, by: -0.02 * from })
}
export const ends = [
  { ratio: 1.5, fisher: 6.5, likelihood: 12 },
  { ratio: 2, fisher: 3.2, likelihood: 5.5 },
  { ratio: 2.75, fisher: 1.6, likelihood: 3 },
  { ratio: 4, fisher: 0.9, likelihood: 1.6 },
  { ratio: 8, fisher: 0.42, likelihood: 0.72 }
].map(({ ratio, ...from }) => {
  const fisher = lost('fisher', ratio, from.fisher)
  const likelihood = lost('likelihood', ratio, from.likelihood)
  const more = Math.log(likelihood.at / fisher.at)
  console.log(
    `ρ = ${ratio}: until a gap of ${fisher.at.toFixed(3)} (${fisher.end}), by likelihood ${likelihood.at.toFixed(3)} (${likelihood.end}): ${more.toFixed(3)} more t`
  )
  return { ratio, fisher, likelihood, more }
})

const x = { title: 'ρ', scale: 'log', domain: [1.4, 8.6], ticks: ends.map(({ ratio }) => ratio) } as const
const panels: ReadonlyArray<Picture.Curves> = [
  {
    title: 'the gap at which it ends',
    x,
    y: { title: 'noised gap', scale: 'log', domain: [0.3, 12], ticks: [0.3, 1, 3, 10] },
    series: (['fisher', 'likelihood'] as const).map(by => ({
      name: by === 'fisher' ? 'Fisher divergence' : 'likelihood',
      marks: 'both',
      points: ends.map(end => ({ x: end.ratio, y: end[by].at }))
    }))
  },
  {
    title: 'how much more noise descent needs',
    x,
    y: { title: 'more t', domain: [0, 0.7] },
    series: [{ name: 'difference', marks: 'both', points: ends.map(({ ratio, more }) => ({ x: ratio, y: more })) }]
  }
]
drawn(
  panels,
  'Where the minimum with one student for two components and two for the third ends',
  'Components at −g/2, g/2 and ρg of unit variance after noise.'
)
