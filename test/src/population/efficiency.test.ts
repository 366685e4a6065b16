/** Efficiency against values of another program, identities of maximum likelihood, and differences. */
import { expect, it } from 'vitest'
import {
  Compile,
  Efficiency,
  Expectation,
  Key,
  Mixture,
  Objective,
  Params,
  Problem,
  Schedule,
  Score,
  NoiseLevels
} from '../../../src/index.js'
import { isSlow, once } from '../../cases.js'

const score = Score.isotropic({ components: 2 })
const pairOf = (apart: number) => {
  const c = apart / 2
  return {
    truth: Mixture.of({ means: [[-c], [c]], weights: [0.3, 0.7] }),
    at: Params.of({ means: [[-c], [c]], logits: [Math.log(0.3), Math.log(0.7)], logVariances: [0, 0] })
  }
}

// √(asymptotic variance / Cramér–Rao) of the weight, variances known: a program in torch with nodes of its own, as it printed them.
once.each([
  [6, 0.003, 9.97, 0.005],
  [6, 0.7, 1.005, 0.001]
])('components %d apart at t = %d: the weight costs %d times the bound', (apart, t, wanted, digits) => {
  const { truth, at } = pairOf(apart)
  const { of } = Efficiency.sandwich({
    score,
    objective: Objective.denoising(NoiseLevels.at(t)),
    known: ['logVariances']
  })(truth)(at)
  expect(Math.abs(of.logits.values[0] - wanted)).toBeLessThan(digits)
  expect(of.logVariances.values.every(Number.isNaN)).toBe(true)
})

once('parameters of another mixture are refused', () => {
  const { truth } = pairOf(2)
  expect(() => Efficiency.sandwich({ score, objective: Objective.likelihood })(truth)(pairOf(3).at)).toThrow(
    /the parameters are not those of the mixture: .*Score\.fromMixture\(score\)\(mixture\)/
  )
})

once(
  'maximum likelihood is efficient: the Hessian of −log p and the square of its gradient, two programs, have one mean',
  () => {
    const { truth, at } = pairOf(2)
    const { worst } = Efficiency.sandwich({ score, objective: Objective.likelihood })(truth)(at)
    expect(Math.abs(worst - 1)).toBeLessThan(1e-9)
  }
)

once('the gradients of rows have the gradient of the loss as their mean, and are those of losses of one row', () => {
  const points = {
    rows: 3,
    dim: 2,
    values: Float64Array.of(-1, 0.5, 2, 1, 0.3, -0.7),
    weights: Float64Array.of(1, 2, 3)
  }
  const loss = {
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.symmetricPair,
    objective: Objective.sum([Objective.implicit(NoiseLevels.at(0.3)), Objective.likelihood]),
    expectation: Expectation.quadrature()
  }
  const at = Params.of({ mean: [0.8, -0.2] })
  const { values } = Problem.orThrow(Compile.rowGradients(loss)(points))(at, Key.fromSeed(0))
  const gradientOf = (own: typeof points): Float64Array =>
    Problem.orThrow(Compile.valueAndGrad(loss)(own))(at, Key.fromSeed(0)).gradient.mean.values
  const whole = gradientOf(points)
  for (const j of [0, 1]) expect(whole[j]).toBeCloseTo((values[j] + 2 * values[2 + j] + 3 * values[4 + j]) / 6, 13)
  const alone = gradientOf({ rows: 1, dim: 2, values: points.values.slice(2, 4), weights: Float64Array.of(1) })
  for (const j of [0, 1]) expect(alone[j]).toBeCloseTo(values[2 + j], 13)
})

once('the error of a mean is that of the data, whatever the model’s variance', () => {
  const points = Mixture.sample(50)(Key.fromSeed(2))(Mixture.of({ means: [[1]], variances: [4] }))
  const mean = points.values.reduce((sum, x) => sum + x, 0) / 50
  const variance = points.values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 50
  const at = Params.of({ means: [[mean]] })
  const { standardErrors, low, high, contains } = Efficiency.confidence({
    score: Score.spherical({ components: 1 }),
    objective: Objective.likelihood
  })(points)(at)
  const error = Math.sqrt(variance / 50)
  expect(standardErrors.means.values[0]).toBeCloseTo(error, 12)
  expect(high.means.values[0] - mean).toBeCloseTo(1.959963984540054 * error, 10)
  expect(contains(low)).toBe(contains(high))
  expect(contains(Params.of({ means: [[mean + 1.9 * error]] }))).toBe(true)
  expect(contains(Params.of({ means: [[mean + 2 * error]] }))).toBe(false)
})

it.runIf(isSlow)(
  'on points, the pair by its quadrature and by nodes of all noise have one variance, whatever the key',
  () => {
    const points = Mixture.sample(60)(Key.fromSeed(4))(Mixture.symmetricPair([1.2]))
    const [byNodes, byQuadrature] = [undefined, Expectation.quadrature()].map(expectation =>
      Efficiency.sandwich({
        score: Score.symmetricPair,
        objective: Objective.implicit(NoiseLevels.at(0.3)),
        ...(expectation && { expectation })
      })(points)(Params.of({ mean: [1.1] }))
    )
    // Two programs: products of the Hessian on rows with all their noise, and differences of a gradient whose noise is integrated.
    expect(byNodes.variance.values[0]).toBeGreaterThan(0)
    expect(Math.abs(byQuadrature.variance.values[0] / byNodes.variance.values[0] - 1)).toBeLessThan(1e-7)
  }
)

it.runIf(isSlow)('a given expectation with too few nodes is refused, with how many are enough', () => {
  const points = Mixture.sample(60)(Key.fromSeed(4))(Mixture.symmetricPair([5]))
  const of = (nodes: number): unknown =>
    Efficiency.sandwich({
      score: Score.symmetricPair,
      objective: Objective.implicit(NoiseLevels.at(0.3)),
      expectation: Expectation.quadrature({ nodes })
    })(points)(Params.of({ mean: [5] }))
  expect(() => of(8)).toThrow(/8 nodes for a centre of length 5, .* is not at least \d+; leave nodes out/)
  expect(() => of(400)).not.toThrow()
})

once('what has no gradient by row, or no nodes for its noise, is refused with the remedy', () => {
  const plane = Mixture.of({ means: [[0, 0]] })
  const at = Params.of({ means: [[0, 0]] })
  const of = (objective: Objective.Objective, expectation?: Expectation.Expectation): unknown =>
    Efficiency.sandwich({
      score: Score.spherical({ components: 1 }),
      objective,
      ...(expectation && { expectation })
    })(plane)(at)
  expect(() => of(Objective.denoising(NoiseLevels.at(0.3)))).toThrow(/give one, such as/)
})
