/**
 * Which noise level removes a bad minimum? Three students of three Gaussians at −6, −2 and 7: one student between the two near ones and two at
 * the third (one fits many, many fit one: Chen et al. 2024) is a minimum at low noise. It is followed in the level: the two students part at a
 * pitchfork, and where they are apart the minimum ends in a fold.
 */
import { Mixture, Objective, Params, Population, Score, TimeLaw } from 'ornstein'

const truth = Mixture.of({ means: [[-6], [-2], [7]] })
const lossAt = (time: number): Population.Loss<'means'> =>
  Population.loss({
    score: Score.spherical({ components: 3 }),
    objective: Objective.against(truth, TimeLaw.at(time))
  })
const follow = (at: number, [a, b, c]: readonly [number, number, number]): Population.Branch<'means'> =>
  Population.follow(lossAt, { from: { at, params: Params.of({ means: [[a], [b], [c]] }) }, by: 0.05 })

export const together = follow(0.5, [-4, 7, 7])
export const apart = follow(0.8, [-3.9, 6.5, 8])
console.log(`two students coincide until t = ${together.at.toFixed(4)} (${together.end})`)
console.log(`the bad minimum is there until t = ${apart.at.toFixed(4)} (${apart.end})`)
