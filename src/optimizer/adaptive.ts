/** Elementwise parts with other second moments than Adam's, or other averages of the gradient. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import { ascentGain, axpyParams, define, differenceOfArrays, zerosLikeParams } from './part.js'
import { epsilonField, exponentialAverage, MOMENT_FIELDS, momentRatio, movingSquare } from './perEntry.js'

/**
 * m̂/(√ŝ + ε), with s ← β_2 s + (1 − β_2)(g − m)² + ε and m, m̂, ŝ as in Adam: steps are long where gradients are as predicted by their
 * average (Zhuang et al. 2020, arXiv 2010.07468).
 */
export const scaleByBelief = define({
  name: 'scaleByBelief',
  about: 'm̂/(√ŝ + ε), s of (g − m)²',
  fields: {
    ...MOMENT_FIELDS,
    /** Added to s at every step, and to the root. */
    epsilon: Field.notNegative({ default: 1e-16 })
  },
  memory: t.type({ count: t.number, first: Params.codec, second: Params.codec }),
  init: () => params => ({ count: 0, first: zerosLikeParams(params), second: zerosLikeParams(params) }),
  update:
    ({ beta1, beta2, epsilon }) =>
    (gradient, before) => {
      const count = before.count + 1
      const first = exponentialAverage(beta1)(before.first, gradient)
      const surprise = movingSquare(beta2)(before.second, differenceOfArrays(gradient, first))
      const second = Params.mapValues(s => s + epsilon)(surprise)
      const [correction1, correction2] = [beta1, beta2].map(beta => 1 - Elementary.pow(beta, count))
      const step = Params.zipWith((m, s) => momentRatio(m / correction1, s / correction2, epsilon))(first, second)
      return [step, { count, first, second }]
    },
  gain: ascentGain,
  brief: () => ({ methods: ['AdaBelief'] })
})

/**
 * m/(√v + ε), m ← β_1 m + (1 − β_1) g, v ← v − (1 − β_2) sign(v − g²) g² from `start`: v changes by at most (1 − β_2) g², so it does not
 * forget large gradients fast (Zaheer et al. 2018). Without bias corrections, as published.
 */
export const scaleByYogi = define({
  name: 'scaleByYogi',
  about: 'm/(√v + ε), v ← v − (1 − β_2) sign(v − g²) g²',
  fields: {
    /** Decay of the average of gradients, per step. */
    beta1: MOMENT_FIELDS.beta1,
    /** Decay of the average of squared gradients, per step. */
    beta2: MOMENT_FIELDS.beta2,
    /** Added to the root. */
    epsilon: Field.notNegative({ default: 1e-3 }),
    /** Initial value of v. */
    start: Field.notNegative({ default: 1e-6 })
  },
  memory: t.type({ first: Params.codec, second: Params.codec }),
  init:
    ({ start }) =>
    params => ({ first: zerosLikeParams(params), second: Params.mapValues(() => start)(params) }),
  update:
    ({ beta1, beta2, epsilon }) =>
    (gradient, before) => {
      const first = exponentialAverage(beta1)(before.first, gradient)
      const second = Params.zipWith((v, g) => v - (1 - beta2) * Math.sign(v - g * g) * g * g)(before.second, gradient)
      return [Params.zipWith((m, v) => momentRatio(m, v, epsilon))(first, second), { first, second }]
    },
  gain: ascentGain,
  brief: () => ({ methods: ['Yogi'] })
})

/**
 * (m̂ + β_2 d̂)/(√n̂ + ε), with m, d, n the moving averages (β_1, β_2, β_3) of g, of the change Δ = g − g_last, and of (g + β_2 Δ)², which
 * start at 0 and are corrected for it; Δ = 0 at the first step (Xie et al. 2022, arXiv 2208.06677, whose β are one minus these).
 */
export const scaleByAdan = define({
  name: 'scaleByAdan',
  about: '(m̂ + β_2 d̂)/(√n̂ + ε), d of changes of g',
  fields: {
    /** Decay of the average of gradients, per step. */
    beta1: Field.fraction({ default: 0.98 }),
    /** Decay of the average of changes of the gradient, per step. */
    beta2: Field.fraction({ default: 0.92 }),
    /** Decay of the average of squares, per step. */
    beta3: Field.fraction({ default: 0.99 }),
    /** Added to the root. */
    epsilon: epsilonField
  },
  memory: t.type({
    count: t.number,
    first: Params.codec,
    change: Params.codec,
    second: Params.codec,
    last: Params.codec
  }),
  init: () => params => {
    const zeros = zerosLikeParams(params)
    return { count: 0, first: zeros, change: zeros, second: zeros, last: zeros }
  },
  update:
    ({ beta1, beta2, beta3, epsilon }) =>
    (gradient, before) => {
      const count = before.count + 1
      const latest = count === 1 ? zerosLikeParams(gradient) : differenceOfArrays(gradient, before.last)
      const first = exponentialAverage(beta1)(before.first, gradient)
      const change = exponentialAverage(beta2)(before.change, latest)
      const second = movingSquare(beta3)(before.second, axpyParams(beta2, latest, gradient))
      const [correction1, correction2, correction3] = [beta1, beta2, beta3].map(beta => 1 - Elementary.pow(beta, count))
      const ahead = Params.zipWith((m, d) => m / correction1 + (beta2 * d) / correction2)(first, change)
      const step = Params.zipWith((m, n) => momentRatio(m, n / correction3, epsilon))(ahead, second)
      return [step, { count, first, change, second, last: gradient }]
    },
  brief: () => ({ methods: ['Adan'] })
})

/** min(alpha n/warmUp, alpha), and β_3 whose half-life rises linearly from that of β_1 within `warmUp` steps. */
const slowAverage = (
  { alpha, beta1, beta3, warmUp }: Readonly<Record<'alpha' | 'beta1' | 'beta3' | 'warmUp', number>>,
  count: number
): { readonly weight: number; readonly decay: number } => {
  const share = warmUp === 0 ? 1 : Math.min(count / warmUp, 1)
  const [fast, slow] = [beta1, beta3].map(Elementary.log)
  // β_1 = 0 has no half-life, so its average becomes the slow one at once
  const decay =
    share === 1 || beta1 === 0 || beta3 === 0
      ? beta3
      : Elementary.exp((fast * slow) / ((1 - share) * slow + share * fast))
  return { weight: alpha * share, decay: Math.min(decay, beta3) }
}

/**
 * (m̂ + α l)/(√v̂ + ε): Adam with a second, slow average l ← β_3 l + (1 − β_3) g, which is not corrected for its start. With `warmUp`
 * steps, α rises linearly from 0 and the half-life of l from that of m (Pagliardini, Ablin & Grangier 2024, arXiv 2409.03137).
 */
export const scaleByAdemamix = define({
  name: 'scaleByAdemamix',
  about: '(m̂ + α l)/(√v̂ + ε), l a slow average of g',
  fields: {
    ...MOMENT_FIELDS,
    /** Decay of the slow average, per step. */
    beta3: Field.fraction({ default: 0.9999 }),
    /** Weight of the slow average. */
    alpha: Field.notNegative({ default: 5 }),
    /** Number of steps in which weight and half-life of the slow average rise; 0 for none. */
    warmUp: Field.count({ least: 0, default: 0 })
  },
  memory: t.type({ count: t.number, first: Params.codec, slow: Params.codec, second: Params.codec }),
  init: () => params => {
    const zeros = zerosLikeParams(params)
    return { count: 0, first: zeros, slow: zeros, second: zeros }
  },
  update: options => (gradient, before) => {
    const { beta1, beta2, epsilon } = options
    const count = before.count + 1
    const { weight, decay } = slowAverage(options, count)
    const first = exponentialAverage(beta1)(before.first, gradient)
    const slow = exponentialAverage(decay)(before.slow, gradient)
    const second = movingSquare(beta2)(before.second, gradient)
    const [correction1, correction2] = [beta1, beta2].map(beta => 1 - Elementary.pow(beta, count))
    const mixed = Params.zipWith((m, l) => m / correction1 + weight * l)(first, slow)
    const step = Params.zipWith((m, v) => momentRatio(m, v / correction2, epsilon))(mixed, second)
    return [step, { count, first, slow, second }]
  },
  gain: ascentGain,
  brief: () => ({ methods: ['AdEMAMix'] })
})
