/** Flows that fall, and those that do not. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mixture, Objective, Params, Population, Score, TimeLaw } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import { SEED } from '../cases.js'

const truth = Mixture.of({ means: [[-2], [2]], weights: [0.3, 0.7] })
const against = {
  score: Score.spherical({ components: 2 }),
  objective: Objective.against(truth, TimeLaw.at(0.3))
}
const likelihood = { score: Score.isotropic({ components: 2 }), objective: Objective.likelihood, data: truth }
const [falls, asFast, raises] = [
  'the loss falls along its gradient flow',
  'the loss falls as fast as its gradient is long',
  'the map never raises its value'
]
const fails = (name: string, held: laws.Laws): boolean =>
  fc.check(laws.named(name)(held).property, { seed: 1, numRuns: 6, endOnFailure: true }).failed

describe('laws.lyapunov', () => {
  it.each([falls, asFast, raises])('%s: of losses on a population and of expectation–maximization', name => {
    for (const of of [laws.lyapunov(against), laws.lyapunov(likelihood)])
      fc.assert(laws.named(name)(of).property, { seed: SEED, numRuns: 1 })
  })
  const made = Population.loss(against)
  it('is not held by a gradient that is not that of the loss', () => {
    const evaluate =
      (factor: number): typeof made.evaluate =>
      params => {
        const { value, gradient } = made.evaluate(params)
        return { value, gradient: Params.mapValues(g => factor * g)(gradient) }
      }
    expect(fails(falls, laws.lyapunov(against, { evaluate: evaluate(-1) }))).toBe(true)
    expect(fails(asFast, laws.lyapunov(against, { evaluate: evaluate(1.05) }))).toBe(true)
  })
  it('is not held by a step of EM that goes too far, nor by one that lowers what it should raise', () => {
    const em = Population.expectationMaximization(made)
    const step =
      (factor: number): Population.Step<'means'> =>
      params => {
        const { value, params: next } = em(params)
        return { value, params: Params.zipWith((a: number, b: number) => a + factor * (b - a))(params, next) }
      }
    expect(fails(raises, laws.lyapunov(against, { map: step(2.6) }))).toBe(true)
    expect(fails(raises, laws.lyapunov(against, { map: step(-0.1) }))).toBe(true)
  })
  it('says why no map is held', () => {
    const { notApplicable } = laws.lyapunov({
      ...against,
      objective: Objective.against(truth, TimeLaw.uniform(0.1, 1))
    })
    expect(notApplicable[0].why).toMatch(/noise levels/)
  })
})
