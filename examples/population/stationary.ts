/** Where does descent on the DDPM objective stop? Three students of one Gaussian, at t = 0.1. */
import { Mixture, Objective, Population, Score, NoiseLevels } from 'ornstein'

export const loss = Population.loss({
  score: Score.spherical({ components: 3 }),
  objective: Objective.fisherDivergence(Mixture.of({ means: [[0]] }), NoiseLevels.at(0.1))
})
export const found = Population.stationary(loss, { starts: 100, modulo: 'relabelling and reflection' })
console.log(found.table())
console.log(`${found.escaped} starts escaped`)
