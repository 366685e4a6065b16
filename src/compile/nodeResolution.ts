/** Tests whether quadrature nodes along the direction of the symmetric pair resolve the integrand. */
import { norm } from '../../lib/numbers/elementary.js'
import { lazy } from '../../lib/plain/iterate.js'
import * as Limits from '../core/limits.js'
import * as Problem from '../core/problem.js'
import * as Params from '../core/params.js'
import * as Expectation from '../objective/expectation.js'
import * as Score from '../score/score.js'
import * as DrawTerms from './drawTerms.js'
import type * as Loss from './loss.js'

export interface Unresolved extends Expectation.NodeShortage {
  /** Euclidean length of the centre. */
  readonly length: number
}

/** Returns a function of the parameters: the report of too few nodes, or null. */
export const nodeResolutionCheck = <P extends string>(
  loss: Loss.Loss<P>
): ((params: Params.Params<P>) => Unresolved | null) => {
  const shortageAt = Expectation.nodeShortageAt(loss.expectation)
  const levels = lazy(() => DrawTerms.lossNoiseLevels(loss))
  const slope = Score.interpret(loss.score).family?.projection?.slope ?? null
  if (slope === null || Expectation.noiseDomain(loss.expectation) !== 'line') return () => null
  return params => {
    const at = slope(params)
    const found = shortageAt(levels().reduce((most, level) => Math.max(most, at(level)), 0))
    return found === undefined ? null : { ...found, length: norm(Params.packed(params)) }
  }
}

/** Returns the problem of too few nodes. */
export const tooFewNodes = ({ used, needed, error, length }: Unresolved): Problem.Problem =>
  Problem.of(
    'expectation',
    `${used} nodes for a centre of length ${Number(length.toPrecision(3))}${Number.isNaN(error) ? '' : `, which leave means over the noise off by ${error.toPrecision(1)},`}`,
    `at least ${needed}`,
    needed > Limits.maxNodes
      ? `bring the components to variance 1 by a smaller unit: at most ${Limits.maxNodes} are taken`
      : 'leave nodes out, or give so many'
  )
