/** More parts that treat every entry of a gradient alike. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import type { NdArray } from '../../lib/index.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import { axpy, define, noMemory, uphill, zeros, type Arrays } from './part.js'
import {
  afterGradient,
  bothMoments,
  decay,
  epsilon,
  moments,
  momentsMemory,
  most,
  moving,
  movingSquare,
  shortened,
  traced
} from './perParameter.js'

// —— without memory ——

/** sign g */
export const sign = define({
  name: 'sign',
  about: 'sign g',
  ...noMemory,
  update: () => gradient => [Params.mapValues(Math.sign)(gradient), null],
  gain: uphill
})

/** Entries between −most and most. */
export const clipByValue = define({
  name: 'clipByValue',
  about: 'entries between −most and most',
  fields: {
    /** The largest size of an entry. */
    most
  },
  call: ['most'],
  ...noMemory,
  update:
    ({ most }) =>
    gradient => [Params.mapValues(g => Math.min(Math.max(g, -most), most))(gradient), null],
  gain: uphill
})

/** min(1, most/|g|) g, each name for itself (Pascanu, Mikolov & Bengio 2013). */
export const clipByNorm = define({
  name: 'clipByNorm',
  about: 'min(1, most/|g|) g, each parameter for itself',
  fields: {
    /** The largest norm of a parameter. */
    most
  },
  call: ['most'],
  ...noMemory,
  update: ({ most }) => {
    const clip = Params.map<NdArray, NdArray>(({ shape, values }) => ({
      shape,
      values: values.map(shortened(most, Elementary.norm(values)))
    }))
    return gradient => [clip(gradient), null]
  },
  gain: uphill
})

/** g + decay · θ; before the rate, and after what rescales gradients: decoupled decay (Loshchilov & Hutter 2019). */
export const weightDecay = define({
  name: 'weightDecay',
  about: 'g + decay · θ',
  fields: {
    /** The share of θ that is added to what comes in. */
    decay: Field.notNegative({ suggestion: 1e-4 })
  },
  call: ['decay'],
  ...noMemory,
  update:
    ({ decay }) =>
    (gradient, _, { params }) => [axpy(decay, params, gradient), null],
  gain: uphill
})

// —— with memory ——

/** g + decay · v after v ← decay · v + g: the sum one step ahead, if the gradient stayed the same (Nesterov 1983). */
export const nesterovTrace = define({
  name: 'nesterovTrace',
  about: 'g + decay · v',
  fields: {
    /** What is kept of the trace from step to step, in [0, 1). */
    decay
  },
  call: ['decay'],
  ...traced,
  update:
    ({ decay }) =>
    (gradient, memory) => {
      const trace = axpy(decay, memory.trace, gradient)
      return [axpy(decay, trace, gradient), { trace }]
    },
  gain: uphill
})

/** m/(√v + ε), and 0 for 0/0: an entry whose gradient is always 0 takes no step, even with ε = 0. */
const ratio = (m: number, v: number, epsilon: number): number => (m === 0 ? m : m / (Math.sqrt(v) + epsilon))

/** m̂/(√w + ε), w the largest v̂ so far; otherwise as Adam (Reddi, Kale & Kumar 2018, with bias correction). */
export const scaleByAmsGrad = define({
  name: 'scaleByAmsGrad',
  about: 'm̂/(√max v̂ + ε)',
  fields: moments,
  memory: t.type({ ...momentsMemory, largest: Params.codec }),
  init: () => params => ({ ...bothMoments.init()(params), largest: zeros(params) }),
  update: options => (gradient, before) => {
    const { memory, correction1, correction2 } = afterGradient(options, gradient, before)
    const largest = Params.zipWith((most, v) => Math.max(most, v / correction2))(before.largest, memory.second)
    return [
      Params.zipWith((m, v) => ratio(m / correction1, v, options.epsilon))(memory.first, largest),
      { ...memory, largest }
    ]
  },
  gain: uphill
})

/** (β_1 m/(1 − β_1ⁿ⁺¹) + (1 − β_1) g/(1 − β_1ⁿ))/(√v̂ + ε): Adam with the momentum of the next step (Dozat 2016). */
export const scaleByNAdam = define({
  name: 'scaleByNAdam',
  about: 'Adam with the momentum of the next step',
  fields: moments,
  ...bothMoments,
  update: options => (gradient, before) => {
    const { beta1, epsilon } = options
    const { memory, correction1, correction2 } = afterGradient(options, gradient, before)
    const next = 1 - Elementary.pow(beta1, memory.count + 1)
    const ahead = Params.zipWith((m, g) => (beta1 * m) / next + ((1 - beta1) * g) / correction1)(memory.first, gradient)
    return [Params.zipWith((m, v) => ratio(m, v / correction2, epsilon))(ahead, memory.second), memory]
  },
  gain: uphill
})

/**
 * r m̂/(√v̂ + ε) with r² = (ρ − 4)(ρ − 2)ρ_∞ / ((ρ_∞ − 4)(ρ_∞ − 2)ρ), ρ_∞ = 2/(1 − β_2) − 1 and
 * ρ = ρ_∞ − 2n β_2ⁿ/(1 − β_2ⁿ); m̂ alone while ρ < 5 (Liu et al. 2020).
 */
export const scaleByRAdam = define({
  name: 'scaleByRAdam',
  about: 'r m̂/(√v̂ + ε)',
  fields: moments,
  ...bothMoments,
  update: options => (gradient, before) => {
    const { beta2, epsilon } = options
    const { memory, correction1, correction2 } = afterGradient(options, gradient, before)
    const { count, first, second } = memory
    const all = 2 / (1 - beta2) - 1
    const length = all - (2 * count * Elementary.pow(beta2, count)) / correction2
    // Below 5 the variance of 1/√v̂ is too large to use it.
    if (length < 5) return [Params.mapValues(m => m / correction1)(first), memory]
    const rectified = Math.sqrt((((length - 4) / (all - 4)) * ((length - 2) / (all - 2)) * all) / length)
    return [
      Params.zipWith((m, v) => rectified * ratio(m / correction1, v / correction2, epsilon))(first, second),
      memory
    ]
  },
  gain: uphill
})

/** The decay of the moving means, and ε, added to a root. */
const root = {
  /** What the mean of squares keeps of itself from step to step. */
  decay: Field.fraction({ default: 0.9 }),
  /** Is added to the root. */
  epsilon
}

const overRoot = (epsilon: number): ((g: Arrays, v: Arrays) => Arrays) => Params.zipWith((g, v) => ratio(g, v, epsilon))

/** g/(√v + ε), v ← decay · v + (1 − decay) g² (Tieleman & Hinton 2012). */
export const scaleByRms = define({
  name: 'scaleByRms',
  about: 'g/(√v + ε)',
  fields: root,
  memory: t.type({ second: Params.codec }),
  init: () => params => ({ second: zeros(params) }),
  update:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const second = movingSquare(decay)(memory.second, gradient)
      return [overRoot(epsilon)(gradient, second), { second }]
    },
  gain: uphill
})

/** g/(√(v − m²) + ε), with m and v the moving means of g and g² (Graves 2013). */
export const scaleByStandardDeviation = define({
  name: 'scaleByStandardDeviation',
  about: 'g/(√(v − m²) + ε)',
  fields: root,
  memory: t.type({ first: Params.codec, second: Params.codec }),
  init: () => params => ({ first: zeros(params), second: zeros(params) }),
  update:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const first = moving(decay)(memory.first, gradient)
      const second = movingSquare(decay)(memory.second, gradient)
      // Rounding alone takes it below 0.
      const variance = Params.zipWith((v, m) => Math.max(v - m * m, 0))(second, first)
      return [overRoot(epsilon)(gradient, variance), { first, second }]
    },
  gain: uphill
})

/** g/(√s + ε), s ← s + g² from `start` (Duchi, Hazan & Singer 2011). */
export const scaleByAdagrad = define({
  name: 'scaleByAdagrad',
  about: 'g/(√Σg² + ε)',
  fields: {
    /** What the sum of squares starts from. */
    start: Field.notNegative({ default: 0 }),
    /** Is added to the root. */
    epsilon: Field.notNegative({ default: 1e-10 })
  },
  memory: t.type({ squares: Params.codec }),
  init:
    ({ start }) =>
    params => ({ squares: Params.mapValues(() => start)(params) }),
  update:
    ({ epsilon }) =>
    (gradient, memory) => {
      const squares = Params.zipWith((s, g) => s + g * g)(memory.squares, gradient)
      return [overRoot(epsilon)(gradient, squares), { squares }]
    },
  gain: uphill
})

/** u = √(x + ε)/√(v + ε) · g, with v the moving mean of g², and x that of the u² before (Zeiler 2012). */
export const scaleByAdadelta = define({
  name: 'scaleByAdadelta',
  about: '√(x + ε)/√(v + ε) · g',
  fields: {
    /** What is kept of the means of squares from step to step, in [0, 1). */
    decay: root.decay,
    /** Is added under both roots. */
    epsilon: Field.positive({ default: 1e-6 })
  },
  memory: t.type({ squares: Params.codec, steps: Params.codec }),
  init: () => params => ({ squares: zeros(params), steps: zeros(params) }),
  update:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const squares = movingSquare(decay)(memory.squares, gradient)
      const ratio = Params.zipWith((x, g) => Math.sqrt(x + epsilon) / Math.sqrt(g + epsilon))(memory.steps, squares)
      const step = Params.zipWith((r, g) => r * g)(ratio, gradient)
      return [step, { squares, steps: movingSquare(decay)(memory.steps, step) }]
    },
  gain: uphill
})

/** sign(β_1 m + (1 − β_1) g), and then m ← β_2 m + (1 − β_2) g (Chen et al. 2023). */
export const scaleByLion = define({
  name: 'scaleByLion',
  about: 'sign(β_1 m + (1 − β_1) g)',
  fields: {
    /** The share of the memory in the direction. */
    beta1: Field.fraction({ default: 0.9 }),
    /** What is kept of the memory from step to step. */
    beta2: Field.fraction({ default: 0.99 })
  },
  ...traced,
  update:
    ({ beta1, beta2 }) =>
    (gradient, { trace }) => [
      Params.mapValues(Math.sign)(moving(beta1)(trace, gradient)),
      { trace: moving(beta2)(trace, gradient) }
    ],
  gain: uphill
})
