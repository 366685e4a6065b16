/** Means over the student's own distribution, against reference values of another program, differences, and mathematics. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Mixture,
  Objective,
  Params,
  Population,
  Problem,
  Schedule,
  Score,
  TimeLaw
} from '../../../src/index.js'
import { isSlow } from '../../cases.js'
import { oracle } from './oracle.js'

const schedule = Schedule.ornsteinUhlenbeck
const { alpha } = Schedule.level(0.1)(schedule)
// The reference has ten digits.
const relative = 1e-9

it.each([0.1, 1])('the reverse Fisher divergence at t = %d: value, gradient and Hessian', time => {
  const truth = Mixture.of({ means: [[-2], [0.5], [3]], weights: [0.2, 0.5, 0.3], variances: [1, 0.7, 1.3] })
  const loss = Population.loss({
    score: Score.isotropic({ components: 2 }),
    objective: Expectation.overStudent(Objective.against(truth, TimeLaw.at(time)))
  })
  const at = Params.of({ means: [[-1.2], [2]], logits: [0.3, -0.1], logVariances: [0.2, -0.3] })
  const wanted = oracle.point_p0[`t=${time.toFixed(1)} reverse`]
  const { value, gradient } = loss.evaluate(at)
  expect(Math.abs(value - wanted.value)).toBeLessThan(relative)
  Params.packed(gradient).forEach((g, i) => {
    expect(Math.abs(g - wanted.gradient[i])).toBeLessThan(relative)
  })
  const { matrix } = Population.hessian(loss)(at)
  wanted.H.flat().forEach((h, i) => {
    expect(Math.abs(matrix.values[i] - h)).toBeLessThan(2 * relative)
  })
})

const reverse = (centres: ReadonlyArray<number>, components: number) =>
  Population.loss({
    score: Score.spherical({ components }),
    objective: Expectation.overStudent(
      Objective.against(Mixture.of({ means: centres.map(c => [c / alpha]) }), TimeLaw.at(0.1))
    )
  })

describe('stationary points', () => {
  it.each<readonly [string, number]>([
    ['2 on ±2 reverse, dropped mode', 2],
    ['3 on ±2 reverse minimum', 3]
  ])('%s: a minimum that the forward divergence has not', (name, components) => {
    const { M, value, eig } = oracle.test_values[name]
    const loss = reverse([-2, 2], components)
    const at = Params.of({ means: M.map(c => [c / alpha]) })
    const { value: found, gradient } = loss.evaluate(at)
    expect(Math.abs(found / value - 1)).toBeLessThan(relative)
    // Centres of ten digits, at curvatures of 1.
    expect(Math.max(...gradient.means.values.map(Math.abs))).toBeLessThan(relative * 2)
    Population.hessian(loss)(at).spectrum.forEach((e, i) => {
      expect(Math.abs(e / alpha ** 2 - eig[i])).toBeLessThan(1e-8)
    })
  })
  it.runIf(isSlow)(
    'of two students of two Gaussians are four, and their sum is 1, since it grows in every direction',
    () => {
      const found = Population.stationary(reverse([-2, 2], 2), { starts: 16, modulo: 'relabelling and reflection' })
      const wanted = oracle.stationary['2 teachers 4 apart, 2 students | reverse'].slice(1)
      expect(found.points.map(({ index }) => index)).toEqual(wanted.map(({ index }) => index))
      found.points.forEach(({ value }, i) => {
        expect(Math.abs(value - wanted[i].value)).toBeLessThan(relative * Math.max(1, wanted[i].value))
      })
      expect(found.morse).toBe(1)
      expect(found.escaped).toBe(0)
    }
  )
})

it('beside a mean over the data, each has its own rows', () => {
  const truth = Mixture.of({ means: [[-1], [2]] })
  const forward = Objective.against(truth, TimeLaw.at(0.3))
  const params = Params.of({ means: [[-0.5], [1]] })
  const [one, other, both] = [
    forward,
    Objective.overStudent(forward),
    Objective.sum([forward, Objective.overStudent(forward)])
  ].map(objective => Population.loss({ score: Score.spherical({ components: 2 }), objective }).evaluate(params))
  expect(both.value).toBeCloseTo(one.value + other.value, 13)
  both.gradient.means.values.forEach((g, i) => {
    expect(g).toBeCloseTo(one.gradient.means.values[i] + other.gradient.means.values[i], 13)
  })
})

it('is refused on points, and of what is no function of x_t', () => {
  const said = (objective: Objective.Objective): string => {
    const found = Compile.plans({
      schedule,
      score: Score.spherical({ components: 1 }),
      objective,
      expectation: Expectation.monteCarlo()
    })({ rows: 2, dim: 1, values: Float64Array.of(-1, 1) })
    return E.isLeft(found) ? found.left.map(Problem.show).join('\n') : ''
  }
  const forward = Objective.against(Mixture.of({ means: [[0]] }), TimeLaw.at(0.3))
  expect(said(Objective.overStudent(forward))).toMatch(/on points is not on a population/)
  expect(said(Objective.overStudent(Objective.denoising(TimeLaw.at(0.3))))).toMatch(/is not a function of x_t/)
})
