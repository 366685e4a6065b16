/**
 * Expectation–maximization in longer steps (SQUAREM; Varadhan & Roland 2008): two steps r = θ₁ − θ and θ₂ − θ₁ = r + v, and a third from
 * θ + 2ar + a²v, a = |r|/|v|, which is kept where it is as likely as θ₁. On a slow way, such as that off a saddle where two
 * components are nearly one, these are a third of the steps, or fewer.
 */
import * as Params from '../../core/params.js'

/** What a step leads to, and the mean of −log p before it. */
interface Taken<P extends string> {
  readonly params: Params.Params<P>
  readonly value: number
}

/** Where a leap led: `value` of the parameters before its last step, how far the next may go, and how many steps it took. */
export interface Leap<P extends string> extends Taken<P> {
  readonly reach: number
  readonly steps: number
}

/** A leap that proves good, or bad, lets the next go so many times farther, or less far. */
const FACTOR = 4

const less = Params.zipWith((a, b) => a - b)
const plus = Params.zipWith((a, b) => a + b)

const squared = (values: Float64Array): number => values.reduce((sum, x) => sum + x * x, 0)

/** |r|/|v|, the mean over arrays: so it depends on the unit of none of them. */
const ratio = <P extends string>(along: Params.Params<P>, turn: Params.Params<P>): number => {
  const ratios = Params.names<P>(along).flatMap(name => {
    const length = squared(along[name].values)
    return length > 0 ? [squared(turn[name].values) / length] : []
  })
  return Math.sqrt(ratios.length / ratios.reduce((sum, x) => sum + x, 0))
}

/** Three steps from parameters, or two where a third would go no farther. */
export const leap =
  <P extends string>(step: (params: Params.Params<P>) => Taken<P>) =>
  (params: Params.Params<P>, reach: number): Leap<P> => {
    const first = step(params)
    const second = step(first.params)
    const along = less(first.params, params)
    const turn = less(less(second.params, first.params), along)
    const most = ratio(along, turn)
    const length = Math.min(reach, most)
    const farther = most > reach ? FACTOR * reach : reach
    if (!(length > 1)) return { params: second.params, value: first.value, reach: farther, steps: 2 }
    const move = Params.zipWith((r, v) => 2 * length * r + length * length * v)(along, turn)
    const third = step(plus(params, move))
    return third.value <= first.value && Params.isFinite(third.params)
      ? { ...third, reach: farther, steps: 3 }
      : { params: second.params, value: first.value, reach: Math.max(1, reach / FACTOR), steps: 3 }
  }
