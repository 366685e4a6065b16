/**
 * Second derivatives of the symmetric pair's quadrature. Its nodes lie along the centre, whose direction the derivative also changes, so
 * noise is taken in the plane of both. Across the centre the integrand is at most quadratic in the noise, so two nodes ±1 are exact;
 * outside the plane it is constant or odd.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { norm, powerOfTwo } from '../../lib/numbers/elementary.js'
import * as Quadrature from '../../lib/numbers/quadrature.js'
import { Case } from '../core/index.js'
import * as Points from '../data/points.js'
import type * as Source from '../data/source/source.js'
import { isSource } from '../data/source/source.js'
import * as Params from '../core/params.js'
import * as Nodes from '../mixture/nodes.js'
import * as Expectation from '../objective/expectation.js'
import * as Objective from '../objective/objective.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import * as Score from '../score/score.js'
import * as DrawTerms from './drawTerms.js'
import type * as Loss from './loss.js'

/** Rows repeated for each node, with its noise; `weight` is the sum of the nodes' weights. */
export interface HessianNodeRows {
  readonly weight: number
  readonly data: Points.Points
  readonly expectation: Expectation.Expectation
}

/** Maximum number of values evaluated at once. */
const MAX_NUMBERS_AT_ONCE = powerOfTwo(20)

/** Number of nodes beyond those of the gradient, since tanh″ varies faster than tanh. */
const ADDITIONAL_NODES = 8

/** Unit vector along the part of x perpendicular to `unit`; 0 if x is parallel to it. */
const perpendicularUnit = (x: Float64Array, unit: Float64Array): Float64Array => {
  const less = (x: Float64Array): Float64Array => {
    const along = x.reduce((sum, v, i) => sum + v * unit[i], 0)
    return x.map((v, i) => v - along * unit[i])
  }
  const rest = less(x)
  // orthogonalized twice, since after one pass a short remainder is not perpendicular
  return norm(rest) <= 1e-12 * norm(x) ? new Float64Array(x.length) : unitVector(less(rest))
}
const unitVector = (x: Float64Array): Float64Array => {
  const length = norm(x)
  return x.map(v => (length === 0 ? 0 : v / length))
}

/**
 * Returns the rows and noise for a second derivative along a direction; null unless the loss is that of the symmetric pair by quadrature,
 * at fixed times, on rows in memory.
 */
export const hessianNodeRows = <P extends string>(
  loss: Loss.Loss<P>,
  data: Source.Data
): ((params: Params.Params<P>, direction: Params.Params<P>) => ReadonlyArray<HessianNodeRows>) | null => {
  const way = Expectation.interpret(loss.expectation)
  const slope = Score.interpret(loss.score).family?.projection?.slope ?? null
  const isKnown =
    Case.isMadeBy(Score.symmetricPair)(loss.score) &&
    (way.where !== 'line' ||
      way.timeNodes === undefined ||
      Objective.terms(loss.objective).every(
        ({ term }) => !Objective.isMatching(term) || NoiseLevels.isDeterministicLaw(term.noiseLevels)
      ))
  if (way.where !== 'line' || slope === null || !isKnown || isSource(data) || Nodes.isNodes(data)) return null
  const { rows, dim } = data
  const levels = DrawTerms.lossNoiseLevels(loss)
  const weights = Points.weightsOf(data)
  return (params, direction) => {
    const [centre, towards] = [params, direction].map(Params.packed)
    const at = slope(params)
    const count = Math.max(...levels.map(level => way.rule(at(level)).nodes.length)) + ADDITIONAL_NODES
    const rule = Quadrature.gaussHermite(count)
    // if the centre is 0, the line is the direction itself
    const line = unitVector(norm(centre) === 0 ? towards : centre)
    const beside = perpendicularUnit(towards, line)
    const signs = norm(beside) === 0 ? [0] : [1, -1]
    const noises = Array.from(rule.nodes, (r, i) =>
      signs.map(sign => ({
        weight: rule.weights[i] / signs.length,
        noise: line.map((v, k) => r * v + sign * beside[k])
      }))
    ).flat()
    return pipe(
      noises,
      RA.chunksOf(Math.max(1, Math.floor(MAX_NUMBERS_AT_ONCE / (rows * dim)))),
      RA.map(some => {
        const of = (f: (node: number, entry: number) => number, width: number): Float64Array =>
          Float64Array.from({ length: some.length * rows * width }, (_, k) =>
            f(Math.floor(k / (rows * width)), k % (rows * width))
          )
        return {
          weight: some.reduce((sum, { weight }) => sum + weight, 0),
          data: {
            rows: some.length * rows,
            dim,
            values: of((_, at) => data.values[at], dim),
            weights: of((node, row) => some[node].weight * weights[row], 1)
          },
          expectation: Expectation.fixed({
            rows: some.length * rows,
            dim,
            values: of((node, at) => some[node].noise[at % dim], dim)
          })
        }
      })
    )
  }
}
