/** A buffer that is filled again: whatever has been compiled keeps the data it saw, and what is compiled next sees the new. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Params,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Points from '../../../src/data/index.js'
import { compiled } from '../../learned.js'

const fit = (points: Points.Points): (() => ReadonlyArray<number>) => {
  const em = Stage.expectationMaximization({ steps: 50 })
  const program = Problem.orThrow(
    compiled(Score.isotropic({ components: 2 }), Initializer.kMeansPlusPlus, [em], points)
  )
  return () => [...Run.last(program)(Key.fromSeed(1)).params.means.values].sort((a, b) => a - b)
}

/** Two groups of rows, at a and b, 0.02 apart: EM ends at them, as their distance is 500 deviations. */
const groups = (a: number, b: number): Float64Array =>
  Float64Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b) + (i % 4 < 2 ? -0.01 : 0.01))

const near = (found: ReadonlyArray<number>, wanted: ReadonlyArray<number>): void => {
  wanted.forEach((value, i) => {
    // Rounding of means of 20 numbers of this size.
    expect(Math.abs(found[i] - value)).toBeLessThan(1e-12)
  })
}

describe('points whose buffer is filled again', () => {
  it('are what they were to what has been compiled, and fitted anew when compiled anew', () => {
    const points = { rows: 40, dim: 1, values: groups(0, 10) }
    const first = fit(points)
    near(fit(points)(), [0, 10])
    points.values.set(groups(10, 20))
    near(first(), [0, 10])
    near(fit(points)(), [10, 20])
  })

  it('weigh what their weights say when they are compiled', () => {
    const points = { rows: 2, dim: 1, values: Float64Array.of(0, 1), weights: Float64Array.of(1, 1) }
    const loss = {
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.symmetricPair,
      objective: Objective.likelihood,
      expectation: Expectation.monteCarlo()
    }
    const at = Params.of({ mean: [0] })
    // −log N(x; 0, 1)
    const of = (x: number): number => Math.log(2 * Math.PI) / 2 + (x * x) / 2
    for (const share of [0.5, 0.25]) {
      points.weights.set([1 - share, share])
      for (const plan of Problem.orThrow(Compile.plans(loss)(points)))
        expect(plan.evaluate(at, Key.fromSeed(0)).value).toBeCloseTo((1 - share) * of(0) + share * of(1), 13)
    }
  })

  it('and noise that is given are not looked at again', () => {
    const points = { rows: 3, dim: 1, values: Float64Array.of(-1, 0.5, 2) }
    const noise = { rows: 3, dim: 1, values: Float64Array.of(0.3, -1, 1.5) }
    const expectation = Expectation.fixed(noise)
    const plans = Problem.orThrow(
      Compile.plans({
        schedule: Schedule.ornsteinUhlenbeck,
        score: Score.symmetricPair,
        objective: Objective.denoising(NoiseLevels.at(0.5)),
        expectation
      })(points)
    )
    const values = (): ReadonlyArray<number> =>
      plans.map(({ evaluate }) => evaluate(Params.of({ mean: [1] }), Key.fromSeed(0)).value)
    const before = values()
    noise.values.fill(7)
    points.values.fill(9)
    expect(values()).toEqual(before)
  })
})

describe('Points.snapshot', () => {
  const points = (): Points.Points => ({ rows: 2, dim: 1, values: Float64Array.of(1, 2) })

  it('is the same while the data are', () => {
    const given = points()
    const first = Points.snapshot(given)
    expect(first).toEqual(given)
    expect(first.values).not.toBe(given.values)
    expect(Points.snapshot(given)).toBe(first)
    expect(Points.snapshot(first)).toBe(first)
  })

  it.each([
    ['a value', (p: Points.Points) => pipe(p.values, values => values.fill(3, 1)), points()],
    ['0 for −0', (p: Points.Points) => p.values.fill(0), { ...points(), values: Float64Array.of(-0, -0) }],
    ['a weight', (p: Points.Points) => p.weights?.fill(2, 1), { ...points(), weights: Float64Array.of(1, 1) }]
  ])('is another once %s has changed', (_, change, given) => {
    const first = Points.snapshot(given)
    change(given)
    expect(Points.snapshot(given)).not.toBe(first)
    expect(Points.snapshot(given)).toEqual(given)
  })
})

describe('Points.fingerprint', () => {
  const base: Points.Points = { rows: 2, dim: 2, values: Float64Array.of(1, 2, 3, 4) }
  it('is that of the numbers, and knows −0', () => {
    const first = (x: number): string => Points.pointsFingerprint({ ...base, values: Float64Array.of(x, 2, 3, 4) })
    expect(first(1)).toBe(Points.pointsFingerprint(base))
    expect(first(0)).toBe(first(-0))
  })

  it('tells data apart that differ in one bit, in order, shape or weights', () => {
    const others: ReadonlyArray<Points.Points> = [
      base,
      { ...base, values: Float64Array.of(1 + Number.EPSILON, 2, 3, 4) },
      { ...base, values: Float64Array.of(2, 1, 3, 4) },
      { ...base, rows: 4, dim: 1 },
      { ...base, rows: 1, dim: 4 },
      { ...base, weights: Float64Array.of(1, 1) },
      { ...base, weights: Float64Array.of(1, 2) },
      // One bit each of 4 numbers.
      ...Array.from({ length: 208 }, (_, i) => ({
        ...base,
        values: base.values.map((x, j) => (j === i % 4 ? x * (1 + 2 ** -(1 + Math.floor(i / 4))) : x))
      }))
    ]
    expect(new Set(others.map(Points.pointsFingerprint)).size).toBe(others.length - 1)
  })
})
