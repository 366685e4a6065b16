/** Evaluation of a `Mixture` in the tensor vocabulary. */
import {
  add,
  concat,
  diagonal,
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
  neg,
  ones,
  reshape,
  rowDivergence,
  sub,
  sum,
  where,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { concatenated, scalarArray } from '../../../lib/arrays/ndarray.js'
import { sameNumbers } from '../../../lib/rows/byColumn.js'
import { factorsOf } from '../component.js'
import type { IsotropicComponents } from '../components.js'
import type { Mixture } from '../mixtureData.js'
import { cleanLevel } from '../family.js'
import * as Diagonal from './diagonal.js'
import * as Full from './full.js'
import * as Gaussian from './gaussian.js'
import * as Round from './round.js'
import * as Backgrounds from './backgrounds.js'
import * as Terms from './precisions.js'

/**
 * Means, weights, and variances [K] or [K, dim] or triangles [K, dim, dim], for a program. If `joins`, a common triangle is stored once and
 * rows and centres are whitened separately: faster, but loses digits far from 0. Default: false.
 */
export const mixtureArrays = (
  mixture: Mixture,
  { joins = false }: { readonly joins?: boolean } = {}
): Readonly<Record<string, NdArray>> => {
  const { means, weights, variances, factors, tails, background } = mixture
  const [count, dim] = means.shape
  const first = {
    means,
    weights: { shape: [count], values: weights },
    ...(tails && { tails: { shape: [count], values: tails.map(nu => (nu < Infinity ? nu : 0)) } }),
    ...(background && {
      share: scalarArray(background.share),
      [background.shape]: { shape: [2, dim], values: concatenated([background.centre, background.scale]) }
    })
  }
  const columns = variances.length === count ? [] : [dim]
  if (factors === null) return { ...first, variances: { shape: [count, ...columns], values: variances } }
  const triangles = factorsOf(mixture).map(factor => Factor.triangleOfFactor(factor, dim).values)
  const [own] = triangles
  return joins && triangles.every(one => one === own || sameNumbers(one, own))
    ? { ...first, factor: { shape: [dim, dim], values: own } }
    : { ...first, factors: { shape: [count, dim, dim], values: concatenated(triangles) } }
}

export interface MixtureAtRows {
  /** log π_k p_k(x), [rows, K]; a background is last. */
  readonly joint: Tensor
  /** [K, dim] */
  readonly centres: Tensor
  /** E[g | x], [rows, K], 1 for Gaussians; absent if all are Gaussian. */
  readonly counts?: Tensor
}

/** Functions of rows x [rows, dim], at time 0. */
export interface RowFunctions {
  readonly components: (x: Tensor) => MixtureAtRows
  /** log π_k N(x; c_k, Σ_k), [rows, K] */
  readonly logJoint: (x: Tensor) => Tensor
  /** log p(x), [rows, 1] */
  readonly logDensity: (x: Tensor) => Tensor
  readonly score: (x: Tensor) => Tensor
  readonly divergence: (x: Tensor) => Tensor
}

const functionsOfGaussians = <T>(
  { components, logDensity, score, divergence }: Gaussian.Evaluated<T>,
  mixture: T
): RowFunctions => {
  const logJoint = (x: Tensor): Tensor => {
    const own = components(mixture)
    return add(own.logDensity(x, cleanLevel()), expandDims(own.logWeights, 0))
  }
  return {
    components: x => ({ joint: logJoint(x), centres: components(mixture).centres }),
    logJoint,
    logDensity: x => (logDensity ? logDensity(mixture, x, cleanLevel()) : logSumExp(logJoint(x), 1, true)),
    score: x => score(mixture, x, cleanLevel()),
    divergence: x => divergence(mixture, x, cleanLevel())
  }
}

const isotropicMixtureFunctions = Round.isotropicEvaluated((components: IsotropicComponents) => components)

type MixtureTensors = Readonly<Record<string, Tensor>>

/** Evaluates the mixture given by `mixtureArrays`. */
export const functionsOfArrays = (arrays: MixtureTensors): RowFunctions =>
  'tails' in arrays || 'share' in arrays ? functionsWithTails(arrays) : gaussianMixtureFunctions(arrays)

/** Evaluates a mixture with tails or a background; the score is a derivative. */
const functionsWithTails = ({ tails, share, cauchy, box, ...gaussian }: Partial<MixtureTensors>): RowFunctions => {
  // The remaining arrays are those of the Gaussians.
  const own = gaussian as MixtureTensors
  const { means } = own
  const tailed = (x: Tensor): Omit<MixtureAtRows, 'centres'> => {
    const [, dim] = x.shape
    const joint = gaussianMixtureFunctions(own).logJoint(x)
    if (tails === undefined) return { joint }
    const isTailed = greater(tails, 0)
    const nu = where(isTailed, tails, 1)
    const found = Terms.cleanStudent({ logDensity: () => joint, atCentre: () => peakOf(own, dim) }, nu)(x)
    const ofRows = mul(isTailed, ones(joint.shape))
    return { joint: where(ofRows, found.logDensity, joint), counts: where(ofRows, found.counts, 1) }
  }
  const components = (x: Tensor): MixtureAtRows => {
    const found = { ...tailed(x), centres: means }
    if (share === undefined) return found
    const background = Backgrounds.cleanBackgroundLogDensity({ ...(cauchy && { cauchy }), ...(box && { box }) })(x)
    return { ...found, joint: concat([add(found.joint, log(sub(1, share))), add(background, log(share))], 1) }
  }
  const logJoint = (x: Tensor): Tensor => components(x).joint
  const logDensity = (x: Tensor): Tensor => logSumExp(logJoint(x), 1, true)
  const score = (x: Tensor): Tensor => grad(logDensity)(x)
  return { components, logJoint, logDensity, score, divergence: x => rowDivergence(at => score(at))(x) }
}

/** log π_k; finite for a weight of 0. */
const logOfWeights = (weights: Tensor): Tensor => log(maximum(weights, Number.MIN_VALUE))

/** log π_k N(c_k; c_k, Σ_k), [1, K] */
const peakOf = (own: MixtureTensors, dim: number): Tensor => {
  const logRoot = (): Tensor => {
    if ('factor' in own || 'factors' in own)
      return neg(sum(log(diagonal('factor' in own ? own.factor : own.factors)), -1))
    const logs = log(own.variances)
    return logs.rank === 1 ? mul(-dim / 2, logs) : mul(-0.5, sum(logs, 1))
  }
  return reshape(sub(add(logOfWeights(own.weights), logRoot()), Gaussian.logNormalConstant(dim)), [1, -1])
}

const gaussianMixtureFunctions = ({ means, weights, ...own }: MixtureTensors): RowFunctions => {
  const logits = logOfWeights(weights)
  if ('factor' in own) return functionsOfGaussians(Full.evaluatedCommonFactor, { means, logits, factor: own.factor })
  if ('factors' in own) return functionsOfGaussians(Full.evaluatedFactors, { means, logits, factors: own.factors })
  const { variances } = own
  return variances.rank === 1
    ? functionsOfGaussians(isotropicMixtureFunctions, { centres: means, logits, variances })
    : functionsOfGaussians(Diagonal.evaluatedVariances, { means, logits, variances })
}

/**
 * q = p(k | x), and log p(x) = logs + beyond, from log π_k p_k(x), [rows, K]: `logs` is their maximum, `beyond` −log max_k p(k | x). If all
 * densities have underflowed, q is 0.
 */
export const tensorPosterior = (all: Tensor): Readonly<Record<'q' | 'beyond' | 'logs', Tensor>> => {
  const logs = maximum(max(all, 1, true), -Number.MAX_VALUE)
  const parts = exp(sub(all, logs))
  const whole = sum(parts, 1, true)
  // For other rows it is at least 1.
  return { q: div(parts, maximum(whole, 1)), beyond: log(whole), logs }
}
