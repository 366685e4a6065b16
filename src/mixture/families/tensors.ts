/** What rows see of a mixture as tensors, whatever its covariances: what is asked of a `Mixture` in the vocabulary. */
import {
  add,
  div,
  exp,
  expandDims,
  log,
  logSumExp,
  max,
  maximum,
  ones,
  sub,
  sum,
  zeros,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { factorsOf } from '../component.js'
import type { Components } from '../components.js'
import type { Mixture } from '../../family/mixtureData.js'
import type { RowLevel } from '../../family/family.js'
import * as Diagonal from './diagonal.js'
import * as Full from './full.js'
import type * as Gaussian from './gaussian.js'
import * as Round from './round.js'

/** A mixture as a program is given it: means, weights, and variances [K] or [K, dim] or triangles [K, dim, dim]. */
export const arraysOf = (mixture: Mixture): Readonly<Record<string, NdArray>> => {
  const { means, weights, variances, factors } = mixture
  const [count, dim] = means.shape
  const first = { means, weights: { shape: [count], values: weights } }
  const columns = variances.length === count ? [] : [dim]
  if (factors === null) return { ...first, variances: { shape: [count, ...columns], values: variances } }
  const values = concatenated(factorsOf(mixture).map(factor => Factor.triangle(factor, dim).values))
  return { ...first, factors: { shape: [count, dim, dim], values } }
}

/** The answers to rows x [rows, dim], at time 0. */
export interface Answers {
  /** log π_k N(x; c_k, Σ_k), [rows, K] */
  readonly logJoint: (x: Tensor) => Tensor
  /** log p(x), [rows, 1] */
  readonly logDensity: (x: Tensor) => Tensor
  readonly score: (x: Tensor) => Tensor
  readonly divergence: (x: Tensor) => Tensor
}

const clean = (): RowLevel => ({ alpha: ones([1, 1]), sigma: zeros([1, 1]) })

const seenAs = <T>({ components, logDensity, score, divergence }: Gaussian.Evaluated<T>, mixture: T): Answers => {
  const logJoint = (x: Tensor): Tensor => {
    const own = components(mixture)
    return add(own.logDensity(x, clean()), expandDims(own.logWeights, 0))
  }
  return {
    logJoint,
    logDensity: x => (logDensity ? logDensity(mixture, x, clean()) : logSumExp(logJoint(x), 1, true)),
    score: x => score(mixture, x, clean()),
    divergence: x => divergence(mixture, x, clean())
  }
}

const round = Round.told((components: Components) => components)

/** What rows see of the mixture of `arraysOf`, as tensors. */
export const seenOf = ({ means, weights, ...own }: Readonly<Record<string, Tensor>>): Answers => {
  const logits = log(weights)
  if ('factors' in own) return seenAs(Full.ofFactors, { means, logits, factors: own.factors })
  const { variances } = own
  return variances.rank === 1
    ? seenAs(round, { centres: means, logits, variances })
    : seenAs(Diagonal.ofVariances, { means, logits, variances })
}

/**
 * What log π_k p_k(x), [rows, K], say: p(k | x), and log p(x) = logs + beyond, the greatest of them and −log max_k p(k | x).
 * One e^x a row and component serves all. No component answers for a row beyond the reach of all.
 */
export const posterior = (all: Tensor): Readonly<Record<'q' | 'beyond' | 'logs', Tensor>> => {
  const logs = maximum(max(all, 1, true), -Number.MAX_VALUE)
  const parts = exp(sub(all, logs))
  const whole = sum(parts, 1, true)
  // Of a row in reach it is 1 or more.
  return { q: div(parts, maximum(whole, 1)), beyond: log(whole), logs }
}
