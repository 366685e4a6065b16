/** Where flows lead: exact courses of quadratics, basins against the sign that decides them, expectation–maximization as a map. */
import { describe, expect, it } from 'vitest'
import { Mixture, Objective, Params, Population, Score, NoiseLevels } from '../../../src/index.js'
import * as Courses from '../../../src/population/courses.js'
import { isSlow, once } from '../../cases.js'

const means = (a: number, b: number): Params.Params<'means'> => Params.of({ means: [[a], [b]] })
const truth = Mixture.of({ means: [[-2], [2]] })
const score = Score.spherical({ components: 2 })
const against = Population.loss({ score, objective: Objective.fisherDivergence(truth, NoiseLevels.at(0.1)) })
const likelihood = Population.loss({ score, objective: Objective.likelihood, data: truth })

describe('a gradient flow', () => {
  once('of a quadratic is x e^{−λt}, whatever the steps', () => {
    const lambda = [3, 1e-3, -0.2]
    const course = Courses.gradientFlow(
      {
        at: x => ({
          value: x.reduce((sum, v, k) => sum + (lambda[k] * v * v) / 2, 0),
          gradient: x.map((v, k) => lambda[k] * v)
        }),
        hessian: () => Float64Array.of(3, 0, 0, 0, 1e-3, 0, 0, 0, -0.2)
      },
      Float64Array.of(1, 2, 1e-3),
      { tolerance: 1e-4, until: { gradientNorm: 0, time: 20, steps: 100 }, left: () => false }
    )
    const { time, x } = course[course.length - 1]
    expect(time).toBe(20)
    expect(course.length).toBeLessThan(10)
    lambda.forEach((l, k) => {
      expect(x[k]).toBeCloseTo([1, 2, 1e-3][k] * Math.exp(-l * 20), 12)
    })
  })
  once('is of order 3: x′ = −x³ from 1 is (1 + 2t)^{−1/2}', () => {
    const error = (tolerance: number): readonly [number, number] => {
      const course = Courses.gradientFlow(
        {
          at: ([x]) => ({ value: x ** 4 / 4, gradient: Float64Array.of(x ** 3) }),
          hessian: ([x]) => Float64Array.of(3 * x * x)
        },
        Float64Array.of(1),
        { tolerance, until: { gradientNorm: 0, time: 4, steps: 10_000 }, left: () => false }
      )
      return [course.length - 1, Math.abs(course[course.length - 1].x[0] - 1 / 3)]
    }
    const [few, coarse] = error(1e-3)
    const [many, fine] = error(1e-5)
    expect(fine).toBeLessThan(1e-6)
    expect(Math.log(coarse / fine) / Math.log(many / few)).toBeGreaterThan(2.5)
  })
})

describe('basins', () => {
  const plane = { origin: means(0.1, 0), across: means(1, 0), up: means(0, 1), reach: 3, count: 5 }
  const sides = (ends: ReadonlyArray<Population.End>): ReadonlyArray<boolean> => ends.map(end => end === 0)
  it.runIf(isSlow)('of two students of two Gaussians are the two sides of a = b, and nothing else', () => {
    const { points, ends, picture } = Population.basin(against, { starts: plane })
    expect(points[0].index).toBe(0)
    expect(points[0].value).toBeLessThan(1e-28)
    // No start has equal centres.
    expect(sides(ends)).toEqual(ends.map(() => true))
    expect(picture()).toBe('AAAAA\nAAAAA\nAAAAA\nAAAAA\nAAAAA')
    expect(points[0].starts).toBe(25)
  })
  once('of expectation–maximization are those of the likelihood', () => {
    const starts = [means(0, 0), means(0.01, 0), means(-3, 1), means(4, 4)]
    const map = Population.expectationMaximization(likelihood)
    const [flow, em] = [{}, { map }].map(options => Population.basin(likelihood, { starts, ...options }))
    expect(em.ends).toEqual(flow.ends)
    expect(em.ends).toEqual([1, 0, 0, 1])
    expect(em.points.map(({ index }) => index)).toEqual([0, 1])
    expect(em.picture()).toBe('BAAB')
    expect(em.table().split('\n')).toHaveLength(3)
  })
  once('tell escapes, and what does not arrive', () => {
    const starts = [means(0, 9), means(0, 30), means(0.3, -0.2)]
    const one = Population.loss({
      score,
      objective: Objective.fisherDivergence(Mixture.of({ means: [[0]] }), NoiseLevels.at(0.1))
    })
    expect(Population.basin(one, { starts }).ends).toEqual(['escaped', 'escaped', 0])
    const { ends, picture } = Population.basin(one, { starts, until: { steps: 1 } })
    expect(ends).toEqual(['escaped', 'escaped', 'unfinished'])
    expect(picture()).toBe('··?')
  })
})

describe('expectation–maximization as a map', () => {
  once('on a pair of means is μ⁺_k = E r_k x / E r_k, by the trapezoidal rule', () => {
    const a = -0.7
    const b = 1.1
    const xs = Array.from({ length: 4001 }, (_, i) => -14 + (28 * i) / 4000)
    const mass = xs.map(x => Math.exp(-((x + 2) ** 2) / 2) + Math.exp(-((x - 2) ** 2) / 2))
    const shares = xs.map(x => 1 / (1 + Math.exp(((x - a) ** 2 - (x - b) ** 2) / 2)))
    const mean = (r: (i: number) => number): number =>
      xs.reduce((sum, x, i) => sum + mass[i] * r(i) * x, 0) / xs.reduce((sum, _, i) => sum + mass[i] * r(i), 0)
    const { params } = Population.expectationMaximization(likelihood)(means(a, b))
    expect(params.means.values[0]).toBeCloseTo(
      mean(i => shares[i]),
      12
    )
    expect(params.means.values[1]).toBeCloseTo(
      mean(i => 1 - shares[i]),
      12
    )
  })
  once('has one level', () => {
    const many = Population.loss({ score, objective: Objective.fisherDivergence(truth, NoiseLevels.uniform(0.1, 1)) })
    expect(() => Population.expectationMaximization(many)).toThrow(/noise levels; take NoiseLevels.at/)
  })
})
