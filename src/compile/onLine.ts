/**
 * Second derivatives of the pair's quadrature. Its nodes lie along the centre, which a direction of derivatives leaves: so noise is taken in the
 * plane of both. Across the centre what is differentiated twice is at most quadratic in the noise, of which ±1 have the mean; beyond the
 * plane it is constant or odd.
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
import * as NoiseDrawn from './noiseDrawn.js'
import type * as Loss from './loss.js'

/** Rows, each as often as there are nodes, with its noise at each; and how much they count. */
export interface NodeRows {
  readonly weight: number
  readonly data: Points.Points
  readonly expectation: Expectation.Expectation
}

/** So many numbers are met at once. */
const MAX_NUMBERS_AT_ONCE = powerOfTwo(20)

/** More nodes than the gradient has: tanh″ turns faster than tanh. */
const MORE = 8

/** x less its part along a unit vector, in units of its own; 0 where nothing is left. */
const perpendicularUnit = (x: Float64Array, unit: Float64Array): Float64Array => {
  const less = (x: Float64Array): Float64Array => {
    const along = x.reduce((sum, v, i) => sum + v * unit[i], 0)
    return x.map((v, i) => v - along * unit[i])
  }
  const rest = less(x)
  // Twice, since what is left of a first time is not across where it is little.
  return norm(rest) <= 1e-12 * norm(x) ? new Float64Array(x.length) : unitVector(less(rest))
}
const unitVector = (x: Float64Array): Float64Array => {
  const length = norm(x)
  return x.map(v => (length === 0 ? 0 : v / length))
}

/** What a second derivative in a direction meets, of a quadrature on rows in memory; null of another loss. */
export const meetings = <P extends string>(
  loss: Loss.Loss<P>,
  data: Source.Data
): ((params: Params.Params<P>, direction: Params.Params<P>) => ReadonlyArray<NodeRows>) | null => {
  const way = Expectation.interpret(loss.expectation)
  const slope = Score.interpret(loss.score).family?.projection?.slope ?? null
  const isKnown =
    Case.isMadeBy(Score.symmetricPair)(loss.score) &&
    // Times are those of the quadrature.
    (way.where !== 'line' ||
      way.timeNodes === undefined ||
      Objective.terms(loss.objective).every(
        ({ term }) => !Objective.isMatching(term) || NoiseLevels.isDeterministicLaw(term.noiseLevels)
      ))
  if (way.where !== 'line' || slope === null || !isKnown || isSource(data) || Nodes.isNodes(data)) return null
  const { rows, dim } = data
  const levels = NoiseDrawn.lossNoiseLevels(loss)
  const weights = Points.weightsOf(data)
  return (params, direction) => {
    const [centre, towards] = [params, direction].map(Params.packed)
    const at = slope(params)
    const count = Math.max(...levels.map(level => way.rule(at(level)).nodes.length)) + MORE
    const rule = Quadrature.gaussHermite(count)
    // Of a centre of 0 the direction itself is the line.
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
