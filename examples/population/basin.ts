/**
 * Which start leads where? Three students of three Gaussians at −6, −2 and 7: the third at 7, the first two anywhere on a grid. Flows of the
 * Fisher divergence, and expectation–maximization on the likelihood.
 */
import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'

const truth = Mixture.of({ means: [[-6], [-2], [7]] })
const score = Score.spherical({ components: 3 })
const means = (a: number, b: number, c: number): Params.Params<'means'> => Params.of({ means: [[a], [b], [c]] })
// Beside the diagonals: students that are equal stay so.
const starts = { origin: means(0, 0.1, 7), across: means(1, 0, 0), up: means(0, 1, 0), reach: 9, count: 7 }

const fisher = Population.loss({ score, objective: Objective.fisherDivergence(truth, NoiseLevels.at(0.1)) })
const likelihood = Population.loss({ score, objective: Objective.likelihood, data: truth })
export const [byFlow, byEM] = [
  Population.basin(fisher, { starts }),
  Population.basin(likelihood, { starts, map: Population.expectationMaximization(likelihood) })
]
for (const { picture, table } of [byFlow, byEM]) console.log(`${picture()}\n${table()}\n`)
