/**
 * From where does gradient flow reach N(0, 1) with three students? The forward Fisher divergence has stationary points besides, and lets far
 * students go; the reverse one, whose mean is over the students, sees them wherever they are (arXiv 2606.19876).
 */
import { Expectation, Key, Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'

const forward = Objective.fisherDivergence(Mixture.of({ means: [[0]] }), NoiseLevels.at(0.1))
const starts = [2, 4, 8].map(radius =>
  Array.from({ length: 12 }, (_, i) => {
    const z = Key.normal(3)(Key.child(i)(Key.fromSeed(radius)))
    return Params.of({ means: Array.from(z, x => [radius * x]) })
  })
)
/** How many of twelve starts at each radius arrive, judged by their centres: a value near 0 is no arrival. */
export const arrived = [forward, Expectation.underModel(forward)].map(objective => {
  const loss = Population.loss({ score: Score.spherical({ components: 3 }), objective })
  const flow = Population.flow(loss, { until: { gradientNorm: 1e-3, steps: 400 }, tolerance: 1e-2 })
  const counts = starts.map(
    own =>
      own.filter(start => {
        const course = flow(start)
        return course[course.length - 1].params.means.values.every(c => Math.abs(c) < 0.3)
      }).length
  )
  console.log(`${Objective.formula(objective)}: ${counts.join(', ')} of 12 from radius 2, 4, 8`)
  return counts
})
