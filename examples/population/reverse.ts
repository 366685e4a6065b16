/** Forward and reverse Fisher divergence: which has minima beside the truth? Two students of two Gaussians 4 apart, at t = 0.1. */
import { Expectation, Mixture, Objective, Population, Score, NoiseLevels } from 'ornstein'

const forward = Objective.fisherDivergence(Mixture.of({ means: [[-2], [2]] }), NoiseLevels.at(0.1))
export const found = [forward, Expectation.underModel(forward)].map(objective => {
  const loss = Population.loss({ score: Score.spherical({ components: 2 }), objective })
  const points = Population.stationary(loss, { starts: 40, modulo: 'relabelling and reflection' })
  console.log(`${Objective.formula(objective)}; sum ${points.morse}\n${points.table()}`)
  return points
})
