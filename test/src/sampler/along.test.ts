/** Points along a velocity of one's own: against flows with closed forms, forwards and backwards, and with noise on the way. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { Key, Problem, Sampler, type Points } from '../../../src/index.js'
import { SEED } from '../../cases.js'

const line = (...values: ReadonlyArray<number>): Points.Points => ({
  rows: values.length,
  dim: 1,
  values: Float64Array.from(values)
})
const last = (
  along: Sampler.VelocityIntegration,
  velocity: Sampler.VelocityFunction,
  points: Points.Points
): Points.Points => {
  const states = [...Problem.orThrow(Sampler.integrateVelocity(along))(velocity)(points)]
  expect(states.map(({ time }) => time)).toEqual(
    states.map((_, i) => (i === along.steps ? along.to : along.from + ((along.to - along.from) * i) / along.steps))
  )
  return states[along.steps].points
}

describe('the straight flow between noise and a Gaussian', () => {
  /** Of x_t = (1 − t) y + t z, y of N(m, s²): E[z − y | x_t = x]. */
  const m = 1.5
  const s = 0.8
  const velocity: Sampler.VelocityFunction = ({ values }, t) => {
    const slope = (t - (1 - t) * s * s) / ((1 - t) ** 2 * s * s + t * t)
    return { values: values.map(x => slope * (x - (1 - t) * m) - m) }
  }
  const noise = line(-2, -0.3, 0, 1, 2.5)
  const wanted = noise.values.map(z => m + s * z)
  const off = (found: Points.Points, from: Float64Array = wanted): number =>
    Math.max(...found.values.map((x, i) => Math.abs(x - from[i])))
  it('leads quantiles to quantiles, m + s z, and back', () => {
    const by = Sampler.dormandPrince({ tolerance: 1e-10 })
    const there = last({ by, from: 1, to: 0, steps: 1 }, velocity, noise)
    expect(off(there)).toBeLessThan(1e-8)
    expect(off(last({ by, from: 0, to: 1, steps: 3 }, velocity, there), noise.values)).toBeLessThan(1e-8)
  })
})

it('with noise on the way is a diffusion, whose end has mean e⁻¹ x and variance σ²(1 − e⁻²)/2', () => {
  // dx = −x dt + σ dW; by n steps of Euler's the mean is (1 − h)ⁿ x, the variance σ² h Σ (1 − h)^{2i}.
  const rows = 4000
  const steps = 50
  const size = 0.7
  const diffusion = { size: () => size, key: Key.fromSeed(SEED) }
  const along = { by: Sampler.euler, from: 0, to: 1, steps, diffusion }
  const { values } = last(
    along,
    ({ values }) => ({ values: values.map(x => -x) }),
    line(...new Array<number>(rows).fill(2))
  )
  const q = 1 - 1 / steps
  const mean = 2 * q ** steps
  const variance = ((size * size) / steps) * ((1 - q ** (2 * steps)) / (1 - q * q))
  const found = values.reduce((sum, x) => sum + x, 0) / rows
  const spread = values.reduce((sum, x) => sum + (x - found) ** 2, 0) / rows
  // Five standard errors.
  expect(Math.abs(found - mean)).toBeLessThan(5 * Math.sqrt(variance / rows))
  expect(Math.abs(spread - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / rows))
})

it('refuses times and steps that lead nowhere, noise that a solver does not meet, and a velocity that is none', () => {
  const along = { by: Sampler.heun, from: 0, to: 1, steps: 4 }
  const told = (given: Sampler.VelocityIntegration): ReadonlyArray<string> => {
    const found = Sampler.integrateVelocity(given)
    return E.isLeft(found) ? found.left.map(Problem.show) : []
  }
  expect(told({ ...along, to: 0 })).toEqual(['to: 0 is not finite, and not 0; try 1'])
  expect(told({ ...along, steps: 0 })).toEqual(['steps: 0 is not a whole number ≥ 1; try 20'])
  expect(told({ ...along, diffusion: { size: () => 1, key: Key.fromSeed(1) } })).toEqual([
    'by: Sampler.heun is not Sampler.euler, the solver with noise on the way; use it, or leave the diffusion out'
  ])
  const by = (...values: ReadonlyArray<number>) => [
    ...Problem.orThrow(Sampler.integrateVelocity(along))(() => ({ values: Float64Array.from(values) }))(line(1))
  ]
  expect(() => by(NaN)).toThrow('velocity at time 0: NaN is not finite')
  expect(() => by(1, 2)).toThrow(/^velocity at time 0: 1 × 1, 2 numbers/)
})
