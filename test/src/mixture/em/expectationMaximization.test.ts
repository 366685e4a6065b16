/** Expectation–maximization on noisy data, against the textbook's loops on the same noisy data. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Initializer, Key, Mixture, Params, Schedule, Score, Stage } from '../../../../src/index.js'
import * as Points from '../../../../src/data/index.js'
import * as ExpectationMaximization from '../../../../src/mixture/em/expectationMaximization.js'
import * as Frame from '../../../../src/mixture/em/frame.js'
import { learned } from '../../../learned.js'
import { there } from '../../../there.js'

const score = Score.isotropic({ components: 2 })
const family = there(Score.interpret(score).family)

/** The M-step for rows x under a mixture, one number at a time, in logarithms of nothing. */
const textbook = (
  x: ReadonlyArray<ReadonlyArray<number>>,
  weights: ReadonlyArray<number>,
  mixture: {
    means: ReadonlyArray<ReadonlyArray<number>>
    weights: ReadonlyArray<number>
    variances: ReadonlyArray<number>
  }
): typeof mixture => {
  const dim = x[0].length
  const squared = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
    a.reduce((sum, value, j) => sum + (value - b[j]) ** 2, 0)
  const r = x.map(row => {
    const joint = mixture.means.map(
      (mean, k) =>
        mixture.weights[k] *
        mixture.variances[k] ** (-dim / 2) *
        Math.exp(-squared(row, mean) / (2 * mixture.variances[k]))
    )
    return joint.map(p => p / joint.reduce((a, b) => a + b))
  })
  const mass = mixture.means.map((_, k) => r.reduce((sum, row, i) => sum + weights[i] * row[k], 0))
  const means = mass.map((m, k) =>
    Array.from({ length: dim }, (_, j) => x.reduce((sum, row, i) => sum + weights[i] * r[i][k] * row[j], 0) / m)
  )
  return {
    means,
    weights: mass.map(m => m / mass.reduce((a, b) => a + b)),
    variances: mass.map(
      (m, k) => x.reduce((sum, row, i) => sum + weights[i] * r[i][k] * squared(row, means[k]), 0) / m / dim
    )
  }
}

describe.each([
  { name: 'the paper’s schedule', schedule: Schedule.ornsteinUhlenbeck, time: 0.7 },
  { name: 'exploding variance', schedule: Schedule.varianceExploding(), time: 0.5 }
])('a step at a time of $name', ({ schedule, time }) => {
  it('is the textbook’s on the noisy data, seen from time 0', () => {
    const level = pipe(schedule, Schedule.level(time))
    const { alpha, sigma } = level
    const params = Params.of({
      means: [[-1, 0], [2, 1]], // prettier-ignore
      logits: [0, 0.5],
      logVariances: [0.1, -0.3]
    })
    const values = Key.normal(80)(Key.fromSeed(2)).map((z, at) => 2 * z + (at % 4 < 2 ? 3 : 0))
    const weights = Array.from({ length: 40 }, (_, i) => (1 + (i % 3)) / 79)
    const points = { rows: 40, dim: 2, values, weights: Float64Array.from(weights, w => 79 * w) }
    const key = Key.fromSeed(9)
    const noise = pipe(key, Key.child(0), Key.normal(80))
    const noisy = Array.from({ length: 40 }, (_, i) =>
      [0, 1].map(j => alpha * values[2 * i + j] + sigma * noise[2 * i + j])
    )
    const prior = [1 / (1 + Math.exp(0.5)), 1 / (1 + Math.exp(-0.5))]
    const expected = textbook(noisy, weights, {
      means: [[-alpha, 0], [2 * alpha, alpha]], // prettier-ignore
      weights: prior,
      variances: [0.1, -0.3].map(v => alpha ** 2 * Math.exp(v) + sigma ** 2)
    })
    const { params: found } = ExpectationMaximization.noisyStep(family, 1e-6, points, level)(params, key)
    expected.means.flat().forEach((mean, at) => {
      expect(found.means.values[at]).toBeCloseTo(mean / alpha, 11)
    })
    expected.weights.forEach((weight, k) => {
      expect(Math.exp(found.logits.values[k])).toBeCloseTo(weight, 12)
    })
    expected.variances.forEach((variance, k) => {
      const atZero = Math.max((variance - sigma ** 2) / alpha ** 2, 1e-6)
      expect(found.logVariances.values[k]).toBeCloseTo(Math.log(atZero), 9)
    })
  })
})

it('draws the noise of a row by its number, however many there are', () => {
  const rows = 65_536 + 3
  const points = { rows, dim: 1, values: new Float64Array(rows) }
  const key = Key.fromSeed(4)
  const noise = pipe(key, Key.child(0), Key.normal(rows))
  const one = there(Score.interpret(Score.isotropic({ components: 1 })).family)
  const params = Params.of({ means: [[0]], logits: [0], logVariances: [0] })
  const step = ExpectationMaximization.noisyStep(one, 1e-6, points, { alpha: 0.5, sigma: 2 })
  const mean = noise.reduce((sum, z) => sum + z, 0) / rows
  expect(step(params, key).params.means.values[0]).toBeCloseTo((2 * mean) / 0.5, 12)
})

describe('a pipeline of it', () => {
  const truth = Mixture.of({ means: [[-2, 0], [2, 0]] }) // prettier-ignore
  const points = Mixture.sample(4000)(Key.fromSeed(1))(truth)
  const centres = Initializer.values([[-2, 0], [2, 0]]) // prettier-ignore
  const run = (stage: Stage.Stage, seed: number) => learned(seed)(score, centres, [stage], points)

  it('has noise of the run’s key, another one at each step', () => {
    const stage = Stage.expectationMaximization({ steps: 2, time: 0.5 })
    expect(run(stage, 1)).toEqual(run(stage, 1))
    expect(run(stage, 1)).not.toEqual(run(stage, 2))
  })

  it('stays at the truth, at every noise level', () => {
    for (const time of [0.1, 0.4]) {
      const params = run(Stage.expectationMaximization({ steps: 10, time }), 1)
      // Means of some 2000 rows whose noise about αc has variance 1, and the ones that overlap count for less.
      params.means.values.forEach((value, at) => {
        expect(Math.abs(value - [-2, 0, 2, 0][at])).toBeLessThan((6 * Math.exp(time)) / Math.sqrt(2000) / 0.5)
      })
    }
  })

  it('is put at the times of an annealing', () => {
    const params = run(Stage.anneal([0.4])(Stage.expectationMaximization({ steps: 3 })), 5)
    expect(params).toEqual(run(Stage.expectationMaximization({ steps: 3, time: 0.4 }), 5))
  })

  it('has a noise level, or is on the data themselves', () => {
    expect(() => run(Stage.expectationMaximization({ steps: 3, time: 0 }), 5)).toThrow('stages[0].time: 0 is not')
  })
})

describe('what a step keeps of its data', () => {
  const start = Params.of({ means: [[0], [4]], logVariances: [0, 0], logits: [0, 0] })
  const rows = (values: ReadonlyArray<number>) => ({ rows: values.length, dim: 1, values: Float64Array.from(values) })
  const before = [1, 2, 3, 9]
  const after = [3, 3, 5, 0]
  const stepOf = (points: ReturnType<typeof rows>) =>
    Params.show(ExpectationMaximization.step(family, 1e-6, points)(start).params)

  it('is found again for the same numbers only: a buffer may be filled with others', () => {
    const points = rows(before)
    const first = stepOf(points)
    points.values.set(after)
    expect([first, stepOf(points)]).toEqual([stepOf(rows(before)), stepOf(rows(after))])
  })

  it('is one copy about their middle, not two', () => {
    const { points } = Frame.of(family, rows(before))
    expect(Points.snapshot(points)).toBe(points)
  })
})
