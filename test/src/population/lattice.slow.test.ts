/** Populations by randomly shifted lattices: against closed forms in six dimensions, against quadrature in two, and their own error bars. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { LATTICE_LIMITS, normalLattice } from '../../../lib/numbers/lattice.js'
import {
  Compile,
  Efficiency,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Params,
  Pipeline,
  Population,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import { spread } from '../../cases.js'

const schedule = Schedule.ornsteinUhlenbeck
const at = NoiseLevels.at(0.3)
const { alpha, sigma } = Schedule.level(0.3)(schedule)

/** How many standard errors estimates of so many seeds are off, of each number. */
const offBy = (
  seeds: number,
  of: (population: Population.Population) => ArrayLike<number>,
  truth: Mixture.Mixture,
  lattice: Population.Lattice,
  wanted: ArrayLike<number>
): ReadonlyArray<number> =>
  Array.from({ length: seeds }, (_, seed) => {
    const { values, standardErrors } = Population.estimate(of)(Population.of(truth, { ...lattice, seed }))
    return Array.from(values, (value, j) => (value - wanted[j]) / standardErrors[j])
  }).flat()

/**
 * Errors of m shifts follow Student's distribution of m − 1 = 15 degrees nearly: z² has the mean 15/13. Of 20 independent ones the mean has
 * the standard error √(2 · 15² · 14/(13² · 11 · 20)) = 0.41; numbers of one seed are not independent, so that it is no less. Beyond 6 lies 2e-5.
 */
const isHonest = (off: ReadonlyArray<number>): void => {
  const mean = off.reduce((sum, z) => sum + z * z, 0) / off.length
  expect(mean).toBeGreaterThan(0.25)
  expect(mean).toBeLessThan(15 / 13 + 4 * 0.41)
  expect(Math.max(...off.map(Math.abs))).toBeLessThan(6)
}

it('points are of the lattice: shifted by 0, the first coordinate is a grid, folded', () => {
  // u = i/4, tents 0, 1/2, 1, 1/2: at the ends as far as a coordinate may go, Φ⁻¹(2⁻⁵⁴) = −8.29.
  const [first, , third] = Array.from({ length: 4 }, (_, i) => normalLattice(4, [0, 0])[2 * i])
  expect(normalLattice(4, [0, 0])[2]).toBe(0)
  expect(first).toBeLessThan(-8)
  expect(third).toBeGreaterThan(8)
  const many = normalLattice(4096, Key.uniform(LATTICE_LIMITS.dims)(Key.fromSeed(1)))
  for (let j = 0; j < LATTICE_LIMITS.dims; j++) {
    const column = Array.from({ length: 4096 }, (_, i) => many[i * LATTICE_LIMITS.dims + j])
    // A grid of 4096 in each coordinate, so that its mean and variance are those of a normal to 1e-3.
    expect(Math.abs(column.reduce((s, z) => s + z, 0) / 4096)).toBeLessThan(1e-3)
    expect(Math.abs(column.reduce((s, z) => s + z * z, 0) / 4096 - 1)).toBeLessThan(5e-3)
  }
})

describe('two Gaussians of any covariances in six dimensions', () => {
  const DIM = 6
  const index = Array.from({ length: DIM }, (_, i) => i)
  const covariance = index.map(i => index.map(j => (i === j ? 1 + 0.2 * i : 0.3 / (1 + Math.abs(i - j)))))
  const mean = index.map(i => 0.5 * i - 1)
  const truth = Mixture.of({ means: [mean], covariances: [covariance] })
  const other = index.map(() => 0.2)
  const params = Params.of({ means: [other], logits: [0], logVariances: [Math.log(1.5)] })
  // s_θ − s* = Mx + c, M = U⁻¹ − I/w, U = α²Σ + σ²I, so the mean of its square is tr(MUMᵀ) + |MαmU + c|², and Mαm + c = α(m_θ − m)/w.
  const inverseOf = (a: ReadonlyArray<ReadonlyArray<number>>): number[][] => {
    const rows = a.map((row, i) => [...row, ...index.map(j => (i === j ? 1 : 0))])
    index.forEach(i => {
      const pivot = rows[i][i]
      rows[i] = rows[i].map(x => x / pivot)
      rows.forEach((row, k) => {
        if (k !== i) rows[k] = row.map((x, j) => x - row[i] * rows[i][j])
      })
    })
    return rows.map(row => row.slice(DIM))
  }
  const u = covariance.map((row, i) => row.map((x, j) => alpha ** 2 * x + (i === j ? sigma ** 2 : 0)))
  const w = alpha ** 2 * 1.5 + sigma ** 2
  const m = inverseOf(u).map((row, i) => row.map((x, j) => x - (i === j ? 1 / w : 0)))
  const trace = index.reduce(
    (sum, i) => sum + index.reduce((s, j) => s + index.reduce((part, k) => part + m[i][j] * u[j][k] * m[i][k], 0), 0),
    0
  )
  const wanted = trace + index.reduce((sum, i) => sum + ((alpha * (other[i] - mean[i])) / w) ** 2, 0)
  // What a score and an objective have compiled, they keep.
  const score = Score.isotropic({ components: 1 })
  const objective = Objective.fisherDivergence(truth, at)
  const lossOf = (data: Population.Population) => Population.loss({ score, objective, data })
  const wantedGradient = index.map(i => (2 * alpha ** 2 * (other[i] - mean[i])) / w ** 2)

  it('values are within their error bars of the closed form, over 20 seeds; gradients, which are linear in x, are exact', () => {
    isHonest(
      Array.from({ length: 20 }, (_, seed) => {
        const loss = lossOf(Population.of(truth, { points: 64, shifts: 16, seed }))
        const { value, gradient } = loss.evaluate(params)
        gradient.means.values.forEach((g, j) => expect(Math.abs(g - wantedGradient[j])).toBeLessThan(1e-13))
        return (value - wanted) / loss.standardErrors(params).value
      })
    )
  })

  it('the error falls faster than n^(−1/2), and an estimate tells the same', () => {
    const errors = [64, 1024, 4096].map(points => {
      const data = Population.of(truth, { points, shifts: 16, seed: 3 })
      return lossOf(data).standardErrors(params).value / wanted
    })
    // Independent draws would be 4 times nearer by 16 times as many points, and 8 by 64 times. Standard errors of 16 are known to 1/√30.
    expect(errors[1]).toBeLessThan(errors[0] / 8)
    expect(errors[2]).toBeLessThan(errors[0] / 24)
    const { standardErrors } = Population.estimate(data => [lossOf(data).evaluate(params).value])(
      Population.of(truth, { points: 64, shifts: 16, seed: 3 })
    )
    expect(standardErrors[0] / wanted).toBe(errors[0])
  })

  it('are refused without a lattice, and with one of no size', () => {
    expect(() => Population.of(truth)).toThrow(
      /take a lattice, whose means have an error bar: Population\.of\(mixture, \{ points: 4096 \}\)/
    )
    for (const [lattice, said] of [
      [{ points: 100 }, /^points: 100 is not a power of two/],
      [{ shifts: 1 }, /^shifts: 1 is not a whole number ≥ 2/],
      [{ points: 2 ** 20, shifts: 8 }, /^population: 8388608 rows in 6 dimensions is not at most 4000000/]
    ] as const) {
      const found = Population.parse(truth, lattice)
      expect(E.isLeft(found) ? Problem.show(found.left) : '').toMatch(said)
    }
  })
})

describe('two components in the plane, as quadrature has them', () => {
  const truth = Mixture.of({
    means: [
      [-1.5, 0],
      [1.2, 0.7]
    ],
    weights: [0.4, 0.6],
    variances: [0.8, 1.3]
  })
  const params = Params.of({
    means: [
      [-1, 0.2],
      [1.5, 0.4]
    ],
    logits: [0, 0.3],
    logVariances: [0, 0.2]
  })
  const score = Score.isotropic({ components: 2 })
  const forward = Objective.fisherDivergence(truth, at)
  const reverse = Expectation.underModel(forward)
  const exact = Population.of(truth)
  const cases: ReadonlyArray<readonly [string, (data: Population.Population) => ArrayLike<number>]> = [
    [
      'the forward divergence',
      data => {
        const { value, gradient } = Population.loss({ score, objective: forward, data }).evaluate(params)
        return [value, ...Params.packed(gradient)].slice(0, 4)
      }
    ],
    [
      'the reverse divergence',
      data => {
        const { value, gradient } = Population.loss({ score, objective: reverse, data }).evaluate(params)
        return [value, ...Params.packed(gradient)].slice(0, 4)
      }
    ],
    [
      'a step of expectation–maximization',
      data =>
        Params.packed(
          Population.expectationMaximization(Population.loss({ score, objective: Objective.likelihood, data }))(params)
            .params
        ).slice(0, 4)
    ]
  ]
  it.each(spread(6)(cases))('%s is within its error bar, over 20 seeds', (_, of) => {
    isHonest(offBy(20, of, truth, { points: 128, shifts: 16 }, of(exact)))
  })

  it('the end of a pipeline too', () => {
    const end = (data: Population.Population): ArrayLike<number> =>
      Params.packed(
        Run.last(
          Problem.orThrow(
            Compile.pipeline(
              Pipeline.of({
                schedule,
                score,
                initializer: Initializer.values(params),
                stages: [Stage.expectationMaximization({ steps: 5 })]
              })
            )(data)
          )
        )(Key.fromSeed(0)).params
      ).slice(0, 4)
    isHonest(offBy(6, end, truth, { points: 128, shifts: 16 }, end(exact)))
  })
})

it('stationary points by a lattice say how far their value is known', () => {
  const truth = Mixture.of({ means: [[-2], [2]] })
  const objective = Objective.fisherDivergence(truth, NoiseLevels.at(0.1))
  const [exact, found] = [Population.of(truth), Population.of(truth, { points: 512 })].map(data =>
    Population.stationary(Population.loss({ score: Score.spherical({ components: 1 }), objective, data }), {
      starts: 4
    })
  )
  expect(exact.points.map(({ standardError }) => standardError)).toEqual(exact.points.map(() => 0))
  expect(exact.table()).not.toMatch(/±/)
  expect(found.table()).toMatch(/^value +± error +index/)
  found.points.forEach(({ value, standardError }, i) => {
    expect(standardError).toBeGreaterThan(0)
    // Student's distribution of 7 degrees has 1e-4 beyond 7.9.
    expect(Math.abs(value - exact.points[i].value)).toBeLessThan(8 * standardError)
  })
})

it('efficiency: on the line as quadrature has it, and in two dimensions, where quadrature has none', () => {
  const means = [[-1.5], [1.5]]
  const truth = Mixture.of({ means, weights: [0.3, 0.7] })
  const params = Params.of({ means, logits: [Math.log(0.3), Math.log(0.7)], logVariances: [0, 0] })
  const efficiency = Efficiency.sandwich({
    score: Score.isotropic({ components: 2 }),
    objective: Objective.implicit(NoiseLevels.at(0.1)),
    known: ['logVariances']
  })
  const [wanted, ...rest] = efficiency(Population.of(truth))(params).of.logits.values
  expect(rest).toHaveLength(1)
  const { values, standardErrors } = Population.estimate(data => [efficiency(data)(params).of.logits.values[0]])(
    Population.of(truth, { points: 512 })
  )
  // A ratio of means: beside its error, a bias of the order of its square.
  expect(standardErrors[0] / wanted).toBeLessThan(0.01)
  expect(Math.abs(values[0] - wanted)).toBeLessThan(8 * standardErrors[0])
  // A second coordinate that is alike in both components says nothing more of the weights.
  const wide = Mixture.of({ means: means.map(([c]) => [c, 0]), weights: [0.3, 0.7] })
  const both = Params.of({
    means: means.map(([c]) => [c, 0]),
    logits: [Math.log(0.3), Math.log(0.7)],
    logVariances: [0, 0]
  })
  expect(() => efficiency(Population.of(wide))(both)).toThrow(/or a population by a lattice/)
  const plane = Population.estimate(data => [efficiency(data)(both).of.logits.values[0]])(
    Population.of(wide, { points: 128 })
  )
  expect(Math.abs(plane.values[0] - wanted)).toBeLessThan(8 * plane.standardErrors[0] + 1e-3)
})
