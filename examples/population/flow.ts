/** A gradient flow: the loss falls along it, and the distance to the truth falls where the flow arrives. */
import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'

const truth = Mixture.of({ means: [[-4], [4]] })
const loss = Population.loss({
  score: Score.spherical({ components: 2 }),
  objective: Objective.fisherDivergence(truth, NoiseLevels.at(0.1))
})
export const course = Population.flow(loss, { until: { gradientNorm: 1e-9 } })(Params.of({ means: [[-3], [5]] }))
export const distances = course.map(({ params: { means } }) => Math.hypot(means.values[0] + 4, means.values[1] - 4))
course.forEach(({ time, value }, i) => {
  if (i % 20 === 0) console.log(time.toFixed(2), value.toExponential(2), distances[i].toExponential(2))
})
