/** Plans are ways to one number, which the key determines. */
import { expect } from 'vitest'
import { Compile, Key, Params, type Points, Problem } from '../../../src/index.js'
import * as Expectation from '../../../src/objective/expectation.js'
import { maxAbs } from '../../../src/laws/check.js'

/** To 1e-12, rounding in another order: the value relative to 1 + |value|, each parameter’s gradient to its largest entry too. */
export const plansAgree = <P extends string>(
  loss: Compile.Loss<P>,
  points: Points.Points,
  label = ''
): ((params: Params.Params<P>, seed: number) => void) => {
  const plans = Problem.orThrow(Compile.plans(loss)(points))
  return (params, seed) => {
    const all = plans.map(({ evaluate }) => evaluate(params, Key.fromSeed(seed)))
    // The interpreter is the last.
    const { value, gradient } = all[all.length - 1]
    all.forEach((found, i) => {
      const by = `${plans[i].engine}, ${label}`
      expect(Math.abs(found.value - value), by).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(value)))
      for (const name of Params.names(gradient)) {
        const wanted = gradient[name].values
        const off = maxAbs(found.gradient[name].values.map((g, j) => g - wanted[j]))
        expect(off, `${by}, ${name}`).toBeLessThanOrEqual(1e-12 * Math.max(1 + Math.abs(value), maxAbs(wanted)))
      }
      expect(plans[i].evaluate(params, Key.fromSeed(seed)), by).toEqual(found)
      if (Expectation.isDeterministicExpectation(loss.expectation))
        expect(plans[i].evaluate(params, Key.fromSeed(seed + 1)), by).toEqual(found)
    })
  }
}
