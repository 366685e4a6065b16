/** How gradients of rows, Hessians, losses of populations and samplers are computed, as text. */
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Objective,
  Params,
  Population,
  Problem,
  Sampler,
  Schedule,
  Score,
  TimeGrid,
  NoiseLevels
} from '../../../src/index.js'

const schedule = Schedule.ornsteinUhlenbeck
const points = { rows: 5, dim: 3, values: Key.normal(15)(Key.fromSeed(1)) }
const loss = {
  schedule,
  score: Score.spherical({ components: 4 }),
  objective: Objective.denoising(NoiseLevels.at(0.3)),
  expectation: Expectation.monteCarlo()
}
// Three columns of eight bytes are read of a row, and three numbers drawn.
const ofRows = /\n {4}a row: \d+ operations, 24 bytes read, 3 numbers drawn/

describe('what a loss compiles to is explained', () => {
  it.each([
    ['a value and gradient', Compile.valueAndGrad(loss)(points), /^by compiled: one program over the rows/],
    ['a value', Compile.value(loss)(points), /^by compiled: one program over the rows/],
    [
      'a product with the Hessian',
      Compile.hessianVector(loss)(points),
      /^by compiled: of the derivative along a direction one program/
    ],
    // Four centres of three numbers.
    ['a Hessian', Compile.hessian(loss)(points), /^by compiled: 12 products with unit vectors, of the derivative/],
    [
      'gradients of rows',
      Compile.rowGradients(loss)(points),
      /^by compiled: the derivative of each row along a direction, one program for all 12/
    ]
  ])('%s', (_, compiled, start) => {
    const text = Compile.explain(Problem.orThrow<Compile.Explained>(compiled))
    expect(text).toMatch(start)
    expect(text).toMatch(ofRows)
  })
})

it('a loss of a population is explained by its nodes', () => {
  const truth = Mixture.of({ means: [[-2], [2]] })
  const ofPopulation = Population.loss({
    score: Score.spherical({ components: 2 }),
    objective: Objective.fisherDivergence(truth, NoiseLevels.at(0.1))
  })
  expect(Compile.explain(ofPopulation)).toMatch(/^by compiled: one program.*rows are nodes of the population/)
  expect(Compile.explain(ofPopulation)).toMatch(/\n {2}Objective.fisherDivergence\(/)
})

describe('a sampler is explained', () => {
  const grid = TimeGrid.logSnr({ from: 4, to: 0.01, steps: 7 })
  const how = Sampler.how(Problem.orThrow(Sampler.compile({ sampler: Sampler.heun, grid, schedule })))
  const mixture = Mixture.of({ means: [[-2], [2]] })
  const params = Params.of({ means: [[-2], [2]] })
  it.each([
    ['of a mixture', Sampler.exact(mixture, schedule)],
    ['that was learned', Sampler.learned(Score.spherical({ components: 2 }), schedule, params)]
  ])('along the score %s, by how many points there are', (_, score) => {
    expect(Compile.explain(how(score)(10, 1))).toBe(
      'by interpreted: 7 steps of Sampler.heun; the score: 10 rows are over before it is compiled'
    )
    const text = Compile.explain(how(score)(100_000, 1))
    expect(text).toMatch(/^by compiled: 7 steps of Sampler.heun; the score: one program over the rows/)
    expect(text).toMatch(/\n {2}the score\n {4}a row: \d+ operations, 8 bytes read, 0 numbers drawn/)
  })
  it('along a function of one’s own', () => {
    expect(Compile.explain(how(given => given)(3, 1))).toMatch(/the score: a function of your own$/)
  })
})
