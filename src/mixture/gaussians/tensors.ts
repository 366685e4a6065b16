/** What rows see of a mixture as tensors, whatever its covariances: what is asked of a `Mixture` in the vocabulary. */
import {
  add,
  concat,
  div,
  exp,
  expandDims,
  grad,
  greater,
  log,
  logSumExp,
  max,
  maximum,
  mul,
  ones,
  rowDivergence,
  sub,
  sum,
  where,
  zeros,
  zerosLike,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { concatenated, single } from '../../../lib/arrays/ndarray.js'
import { factorsOf } from '../component.js'
import type { Components } from '../components.js'
import type { Mixture } from '../../family/mixtureData.js'
import { cleanRow } from '../../family/family.js'
import * as Diagonal from './diagonal.js'
import * as Full from './full.js'
import type * as Gaussian from './gaussian.js'
import * as Round from './round.js'
import * as Backgrounds from './backgrounds.js'
import * as Terms from './precisions.js'

/** A mixture as a program is given it: means, weights, and variances [K] or [K, dim] or triangles [K, dim, dim]. */
export const arraysOf = (mixture: Mixture): Readonly<Record<string, NdArray>> => {
  const { means, weights, variances, factors, tails, background } = mixture
  const [count, dim] = means.shape
  const first = {
    means,
    weights: { shape: [count], values: weights },
    ...(tails && { tails: { shape: [count], values: tails.map(nu => (nu < Infinity ? nu : 0)) } }),
    ...(background && {
      share: single(background.share),
      [background.shape]: { shape: [2, dim], values: concatenated([background.centre, background.scale]) }
    })
  }
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

const seenAs = <T>({ components, logDensity, score, divergence }: Gaussian.Evaluated<T>, mixture: T): Answers => {
  const logJoint = (x: Tensor): Tensor => {
    const own = components(mixture)
    return add(own.logDensity(x, cleanRow()), expandDims(own.logWeights, 0))
  }
  return {
    logJoint,
    logDensity: x => (logDensity ? logDensity(mixture, x, cleanRow()) : logSumExp(logJoint(x), 1, true)),
    score: x => score(mixture, x, cleanRow()),
    divergence: x => divergence(mixture, x, cleanRow())
  }
}

const round = Round.told((components: Components) => components)

type Arrays = Readonly<Record<string, Tensor>>

/** What rows see of the mixture of `arraysOf`, as tensors. */
export const seenOf = (arrays: Arrays): Answers =>
  'tails' in arrays || 'share' in arrays ? seenBeyond(arrays) : gaussianOf(arrays)

/** The same of tails and of a background, whose slopes are those of the density. */
const seenBeyond = ({ tails, share, cauchy, box, ...gaussian }: Partial<Arrays>): Answers => {
  // The others are those of Gaussians.
  const own = gaussian as Arrays
  const { means } = own
  const joint = (x: Tensor): Tensor => {
    const [, dim] = x.shape
    const ofGaussians = gaussianOf(own).logJoint(x)
    if (tails === undefined) return ofGaussians
    const isTailed = greater(tails, 0)
    const nu = where(isTailed, tails, 1)
    const atCentre = (): Tensor => gaussianOf({ ...own, means: zerosLike(means) }).logJoint(zeros([1, dim]))
    const { logDensity } = Terms.clean({ logDensity: () => ofGaussians, atCentre, least: () => zeros([]) }, nu)(x)
    return where(mul(isTailed, ones(ofGaussians.shape)), logDensity, ofGaussians)
  }
  const logJoint = (x: Tensor): Tensor =>
    share === undefined
      ? joint(x)
      : concat(
          [
            add(joint(x), log(sub(1, share))),
            add(Backgrounds.clean({ ...(cauchy && { cauchy }), ...(box && { box }) })(x), log(share))
          ],
          1
        )
  const logDensity = (x: Tensor): Tensor => logSumExp(logJoint(x), 1, true)
  const score = (x: Tensor): Tensor => grad(logDensity)(x)
  return { logJoint, logDensity, score, divergence: x => rowDivergence(at => score(at))(x) }
}

const gaussianOf = ({ means, weights, ...own }: Arrays): Answers => {
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
