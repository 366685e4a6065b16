/** Where does descent on the DDPM objective stop? Three students of one Gaussian, at t = 0.1. */
import { Mixture, Objective, Population, Score, TimeLaw } from 'ornstein'

export const loss = Population.loss({
  score: Score.spherical({ components: 3 }),
  objective: Objective.against(Mixture.of({ means: [[0]] }), TimeLaw.at(0.1))
})
export const found = Population.stationary(loss, { starts: 100, modulo: 'relabelling and reflection' })
console.log(found.table())
console.log(`${found.escaped} starts escaped`)
