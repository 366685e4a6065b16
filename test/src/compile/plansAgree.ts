/** Plans are ways to one number, which the key determines. */
import { expect } from 'vitest'
import { Compile, Key, type Params, type Points, Problem } from '../../../src/index.js'
import * as Expectation from '../../../src/objective/expectation.js'
import { flat, greatest } from '../../../src/laws/check.js'

/** To 1e-12, rounding in another order: the value relative to 1 + |value|, the gradient to its largest entry too. */
export const plansAgree = <P extends string>(
  loss: Compile.Loss<P>,
  points: Points.Points
): ((params: Params.Params<P>, seed: number) => void) => {
  const plans = Problem.orThrow(Compile.plans(loss)(points))
  return (params, seed) => {
    const all = plans.map(({ evaluate }) => evaluate(params, Key.fromSeed(seed)))
    const [{ value, gradient }] = all
    const wanted = flat(gradient)
    all.forEach((found, i) => {
      expect(Math.abs(found.value - value)).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(value)))
      const off = greatest(flat(found.gradient).map((g, j) => g - wanted[j]))
      expect(off).toBeLessThanOrEqual(1e-12 * Math.max(1 + Math.abs(value), greatest(wanted)))
      expect(plans[i].evaluate(params, Key.fromSeed(seed))).toEqual(found)
      if (Expectation.isDeterministic(loss.expectation))
        expect(plans[i].evaluate(params, Key.fromSeed(seed + 1))).toEqual(found)
    })
  }
}
