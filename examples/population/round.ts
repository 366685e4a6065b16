/**
 * What do round students make of components whose variances are others? Students of variance 1, components of variances ½ and 1½, four apart: where
 * the flow of the Fisher divergence leads from the components, by noise level. `node round.js picture.svg` draws how far its centres are off.
 */
import { Mixture, Objective, Params, type Picture, Population, Score, NoiseLevels } from 'ornstein'
import { drawn } from './drawn.js'

const score = Score.spherical({ components: 2 })
const centres = [-2, 2]
const from = Params.of({ means: centres.map(c => [c]) })
const truthOf = (variances: ReadonlyArray<number>): Mixture.Mixture =>
  Mixture.of({ means: centres.map(c => [c]), variances })

/** How far each student is from its component. */
const offOf = ({ means }: Params.Params<'means'>): ReadonlyArray<number> => centres.map((c, k) => means.values[k] - c)

/** The minimum at a level to which the flow from the components leads. */
export const offAt = (variances: ReadonlyArray<number>, time: number): ReadonlyArray<number> => {
  const loss = Population.loss({
    score,
    objective: Objective.fisherDivergence(truthOf(variances), NoiseLevels.at(time))
  })
  const course = Population.flow(loss, { until: { gradientNorm: 1e-9 } })(from)
  return offOf(course[course.length - 1].params)
}
const TIMES = Array.from({ length: 31 }, (_, i) => 0.003 * 10 ** (i / 10))
const byLevel = (variances: ReadonlyArray<number>) => TIMES.map(at => ({ at, off: offAt(variances, at) }))
const likelihood = Population.loss({ score, objective: Objective.likelihood, data: truthOf([0.5, 1.5]) })
export const likeliest = offOf(Population.flow(likelihood)(from).at(-1)?.params ?? from)

export const unequal = byLevel([0.5, 1.5])
export const equal = [0.6, 1.5, 2.5].map(variance => {
  // At high noise a pair of students sees the second moment alone: m² + 1 = D²/4 + v.
  const limit = Math.sqrt(4 + variance - 1) - 2
  return { variance, limit, course: byLevel([variance, variance]) }
})

const shown = (off: ReadonlyArray<number>): string => off.map(b => b.toFixed(4)).join(' ')
console.log(`by likelihood: ${shown(likeliest)}`)
for (const time of [0.003, 0.6, 2]) console.log(`t = ${time}: ${shown(offAt([0.5, 1.5], time))}`)
for (const { variance, limit, course } of equal)
  console.log(`variances ${variance}, t = 3: ${course[course.length - 1].off[1].toFixed(5)}; limit ${limit.toFixed(5)}`)

const x = { title: 't', scale: 'log', domain: [0.003, 3], ticks: [0.003, 0.03, 0.3, 3] } as const
const pictures: ReadonlyArray<Picture.Curves> = [
  {
    title: 'variances ½ and 1½',
    x,
    y: { title: 'student less component', domain: [-0.02, 0.32] },
    series: [0, 1].map(k => ({
      name: k === 0 ? 'the narrow component' : 'the wide component',
      points: unequal.map(({ at, off }) => ({ x: at, y: off[k] }))
    })),
    rules: likeliest.map(b => ({ across: 'y', at: b, text: 'by likelihood' }))
  },
  {
    title: 'equal variances',
    x,
    y: { title: 'outward', domain: [-0.15, 0.4] },
    series: equal.map(({ variance, course }) => ({
      name: `${variance}`,
      points: course.map(({ at, off }) => ({ x: at, y: off[1] }))
    })),
    rules: equal.map(({ limit }) => ({ across: 'y', at: limit, text: 'limit' }))
  }
]
drawn(
  pictures,
  'How far round students are from components of other variances, by noise level',
  'Two components four apart, students of variance 1.'
)
