/** Elementwise parts, and parts that limit the size of a gradient. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Entries from '../../lib/arrays/entries.js'
import type { NdArray } from '../../lib/index.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import * as Rate from './rate.js'
import { axpyParams, define, noMemory, scaledParams, ascentGain, zerosLikeParams, type AnyParams } from './part.js'

/** Moving average: decay · m + (1 − decay) g */
export const exponentialAverage = (decay: number): ((m: AnyParams, g: AnyParams) => AnyParams) =>
  Params.zipArrays(Entries.combinations(decay, 1 - decay))

/** Moving average of squares: decay · v + (1 − decay) g² */
export const movingSquare = (decay: number): ((v: AnyParams, g: AnyParams) => AnyParams) =>
  Params.zipArrays(Entries.combinationsOfSquares(decay, 1 - decay))

const decayField = Field.fraction({ suggestion: 0.9 })
const maximumField = Field.positive({ suggestion: 1 })
export const epsilonField = Field.notNegative({ default: 1e-8 })

/** factor · g */
export const scale = define({
  name: 'scale',
  about: 'factor · g',
  fields: {
    /** Factor; negative for descent. */
    factor: Field.finite({ suggestion: -0.1 })
  },
  call: ['factor'],
  ...noMemory,
  update:
    ({ factor }) =>
    gradient => [scaledParams(factor)(gradient), null],
  gain:
    ({ factor }) =>
    () =>
      factor
})

/** Zero step for any gradient. */
export const zero = define({
  name: 'zero',
  about: '0',
  ...noMemory,
  update: () => gradient => [zerosLikeParams(gradient), null],
  gain: () => () => 0
})

/** Factor min(1, most/norm), as a function of an entry; entries of a shorter gradient keep their bits. */
const clipToNorm = (most: number, norm: number): ((g: number) => number) =>
  norm > most ? g => (g / norm) * most : g => g

/** Clips by the norm of all parameters: min(1, most/|g|) g (Pascanu, Mikolov & Bengio 2013). */
export const clipByGlobalNorm = define({
  name: 'clipByGlobalNorm',
  about: 'min(1, most/|g|) g, all parameters together',
  fields: {
    /** Maximum norm of all parameters together. */
    most: maximumField
  },
  call: ['most'],
  ...noMemory,
  update:
    ({ most }) =>
    gradient => [Params.mapValues(clipToNorm(most, Params.norm(gradient)))(gradient), null],
  gain: ascentGain
})

/** sign g */
export const sign = define({
  name: 'sign',
  about: 'sign g',
  ...noMemory,
  update: () => gradient => [Params.mapValues(Math.sign)(gradient), null],
  gain: ascentGain
})

/** Clips every entry to [−most, most]. */
export const clipByValue = define({
  name: 'clipByValue',
  about: 'entries between −most and most',
  fields: {
    /** Maximum absolute value of an entry. */
    most: maximumField
  },
  call: ['most'],
  ...noMemory,
  update:
    ({ most }) =>
    gradient => [Params.mapValues(g => Math.min(Math.max(g, -most), most))(gradient), null],
  gain: ascentGain
})

/** Clips by the norm of each parameter: min(1, most/|g|) g (Pascanu, Mikolov & Bengio 2013). */
export const clipByNorm = define({
  name: 'clipByNorm',
  about: 'min(1, most/|g|) g, each parameter for itself',
  fields: {
    /** Maximum norm of each parameter. */
    most: maximumField
  },
  call: ['most'],
  ...noMemory,
  update: ({ most }) => {
    const clip = Params.map<NdArray, NdArray>(({ shape, values }) => ({
      shape,
      values: values.map(clipToNorm(most, Elementary.norm(values)))
    }))
    return gradient => [clip(gradient), null]
  },
  gain: ascentGain
})

/**
 * g + decay · θ. Before the rate and after rescaling parts, it is decoupled weight decay (Loshchilov & Hutter 2019).
 */
export const weightDecay = define({
  name: 'weightDecay',
  about: 'g + decay · θ',
  fields: {
    /** Fraction of θ that is added to the input. */
    decay: Field.notNegative({ suggestion: 1e-4 })
  },
  call: ['decay'],
  ...noMemory,
  update:
    ({ decay }) =>
    (gradient, _, { params }) => [axpyParams(decay, params, gradient), null],
  gain: ascentGain
})

/** −rate(step) · g */
export const scaleByRate = define({
  name: 'scaleByRate',
  about: '−rate · g, with any Rate',
  fields: {
    /** Number, or a `Rate` that changes with the steps. */
    rate: Rate.field
  },
  call: ['rate'],
  memory: t.type({ count: t.number }),
  init: () => () => ({ count: 0 }),
  update:
    ({ rate }) =>
    (gradient, { count }) => [scaledParams(-Rate.at(count)(rate))(gradient), { count: count + 1 }],
  gain:
    ({ rate }) =>
    memory =>
      memory === null ? -1 : -Rate.at(memory.count)(rate),
  brief: ({ rate }) => ({ rates: [rate] })
})

interface MomentumState {
  readonly trace: AnyParams
}

const MOMENTUM_FIELDS = {
  /** Decay of the momentum per step, in [0, 1). */
  decay: decayField
}

const momentumMemorySpec = {
  memory: t.type({ trace: Params.codec }),
  init:
    () =>
    (params: AnyParams): MomentumState => ({ trace: zerosLikeParams(params) })
}

/** Part that returns `step` of the momentum v ← decay · v + g. */
const momentumPart = (step: (decay: number, trace: AnyParams, gradient: AnyParams) => AnyParams) => ({
  fields: MOMENTUM_FIELDS,
  call: ['decay'] as const,
  ...momentumMemorySpec,
  update:
    ({ decay }: Field.Of<typeof MOMENTUM_FIELDS>) =>
    (gradient: AnyParams, before: MomentumState): readonly [AnyParams, MomentumState] => {
      const trace = axpyParams(decay, before.trace, gradient)
      return [step(decay, trace, gradient), { trace }]
    },
  gain: ascentGain
})

/** Momentum v ← decay · v + g (Polyak 1964). */
export const trace = define({
  name: 'trace',
  about: 'v ← decay · v + g',
  ...momentumPart((_, trace) => trace),
  brief: () => ({ methods: ['momentum'] })
})

export const MOMENT_FIELDS = {
  /** Decay of the average of gradients, per step. */
  beta1: Field.fraction({ default: 0.9 }),
  /** Decay of the average of squared gradients, per step. */
  beta2: Field.fraction({ default: 0.999 }),
  /** Added to the root. */
  epsilon: epsilonField
}

const momentsMemory = { count: t.number, first: Params.codec, second: Params.codec }

const momentsMemorySpec = {
  memory: t.type(momentsMemory),
  init:
    () =>
    (params: AnyParams): MomentState => ({ count: 0, first: zerosLikeParams(params), second: zerosLikeParams(params) })
}

interface MomentState {
  readonly count: number
  readonly first: AnyParams
  readonly second: AnyParams
}

/** Moments after an update, and the bias corrections 1 − β_1ⁿ and 1 − β_2ⁿ for their start at 0. */
interface CorrectedMoments extends MomentState {
  readonly correction1: number
  readonly correction2: number
}

/** Returns the moments after a gradient, without and with their bias corrections. */
const momentsAfterGradient = (
  { beta1, beta2 }: Field.Of<typeof MOMENT_FIELDS>,
  gradient: AnyParams,
  { count, first, second }: MomentState
): readonly [memory: MomentState, corrected: CorrectedMoments] => {
  const memory = {
    count: count + 1,
    first: exponentialAverage(beta1)(first, gradient),
    second: movingSquare(beta2)(second, gradient)
  }
  return [
    memory,
    {
      ...memory,
      correction1: 1 - Elementary.pow(beta1, count + 1),
      correction2: 1 - Elementary.pow(beta2, count + 1)
    }
  ]
}

const momentsPart = (
  step: (after: CorrectedMoments, options: Field.Of<typeof MOMENT_FIELDS>, gradient: AnyParams) => AnyParams
) => ({
  fields: MOMENT_FIELDS,
  ...momentsMemorySpec,
  update:
    (options: Field.Of<typeof MOMENT_FIELDS>) =>
    (gradient: AnyParams, before: MomentState): readonly [AnyParams, MomentState] => {
      const [memory, corrected] = momentsAfterGradient(options, gradient, before)
      return [step(corrected, options, gradient), memory]
    },
  gain: ascentGain
})

/**
 * m̂/(√v̂ + ε), with m ← β_1 m + (1 − β_1) g, m̂ = m/(1 − β_1ⁿ) after n gradients, and v, v̂ likewise of g² with β_2
 * (Kingma & Ba 2015).
 */
export const scaleByAdam = define({
  name: 'scaleByAdam',
  about: 'm̂/(√v̂ + ε)',
  ...momentsPart(({ first, second, correction1, correction2 }, { epsilon }) =>
    Params.zipArrays(Entries.overRoots(correction1, correction2, epsilon))(first, second)
  ),
  brief: () => ({ methods: ['Adam'] })
})

/** g + decay · v after v ← decay · v + g: the momentum one step ahead for the same gradient (Nesterov 1983). */
export const nesterovTrace = define({
  name: 'nesterovTrace',
  about: 'g + decay · v',
  ...momentumPart(axpyParams)
})

/** m/(√v + ε), with 0 for 0/0: an entry whose gradient is always 0 does not move, even if ε = 0. */
export const momentRatio = (m: number, v: number, epsilon: number): number =>
  m === 0 ? m : m / (Math.sqrt(v) + epsilon)

/** m̂/(√w + ε) with w the largest v̂ so far and moments as in Adam (Reddi, Kale & Kumar 2018, with bias correction). */
export const scaleByAmsGrad = define({
  name: 'scaleByAmsGrad',
  about: 'm̂/(√max v̂ + ε)',
  fields: MOMENT_FIELDS,
  memory: t.type({ ...momentsMemory, largest: Params.codec }),
  init: () => params => ({ ...momentsMemorySpec.init()(params), largest: zerosLikeParams(params) }),
  update: options => (gradient, before) => {
    const [memory, { correction1, correction2 }] = momentsAfterGradient(options, gradient, before)
    const largest = Params.zipWith((most, v) => Math.max(most, v / correction2))(before.largest, memory.second)
    const step = Params.zipWith((m, v) => momentRatio(m / correction1, v, options.epsilon))(memory.first, largest)
    return [step, { ...memory, largest }]
  },
  gain: ascentGain
})

/** (β_1 m/(1 − β_1ⁿ⁺¹) + (1 − β_1) g/(1 − β_1ⁿ))/(√v̂ + ε): Adam with the momentum of the next step (Dozat 2016). */
export const scaleByNAdam = define({
  name: 'scaleByNAdam',
  about: 'Adam with the momentum of the next step',
  ...momentsPart(({ count, first, second, correction1, correction2 }, { beta1, epsilon }, gradient) => {
    const next = 1 - Elementary.pow(beta1, count + 1)
    const ahead = Params.zipWith((m, g) => (beta1 * m) / next + ((1 - beta1) * g) / correction1)(first, gradient)
    return Params.zipWith((m, v) => momentRatio(m, v / correction2, epsilon))(ahead, second)
  })
})

/**
 * r m̂/(√v̂ + ε) with r² = (ρ − 4)(ρ − 2)ρ_∞ / ((ρ_∞ − 4)(ρ_∞ − 2)ρ), ρ_∞ = 2/(1 − β_2) − 1 and
 * ρ = ρ_∞ − 2n β_2ⁿ/(1 − β_2ⁿ); m̂ alone while ρ < 5 (Liu et al. 2020).
 */
export const scaleByRAdam = define({
  name: 'scaleByRAdam',
  about: 'r m̂/(√v̂ + ε)',
  ...momentsPart(({ count, first, second, correction1, correction2 }, { beta2, epsilon }) => {
    const all = 2 / (1 - beta2) - 1
    const length = all - (2 * count * Elementary.pow(beta2, count)) / correction2
    // below 5 the variance of 1/√v̂ is too large
    if (length < 5) return Params.mapValues(m => m / correction1)(first)
    const rectified = Math.sqrt((((length - 4) / (all - 4)) * ((length - 2) / (all - 2)) * all) / length)
    return Params.zipWith((m, v) => rectified * momentRatio(m / correction1, v / correction2, epsilon))(first, second)
  })
})

const ROOT_FIELDS = {
  /** Decay of the average of squares, per step. */
  decay: Field.fraction({ default: 0.9 }),
  /** Added to the root. */
  epsilon: epsilonField
}

const overRoot = (epsilon: number): ((g: AnyParams, v: AnyParams) => AnyParams) =>
  Params.zipWith((g, v) => momentRatio(g, v, epsilon))

/** g/(√v + ε), v ← decay · v + (1 − decay) g² (Tieleman & Hinton 2012). */
export const scaleByRms = define({
  name: 'scaleByRms',
  about: 'g/(√v + ε)',
  fields: ROOT_FIELDS,
  memory: t.type({ second: Params.codec }),
  init: () => params => ({ second: zerosLikeParams(params) }),
  update:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const second = movingSquare(decay)(memory.second, gradient)
      return [overRoot(epsilon)(gradient, second), { second }]
    },
  gain: ascentGain
})

/** g/(√(v − m²) + ε), with m and v the moving averages of g and g² (Graves 2013). */
export const scaleByStandardDeviation = define({
  name: 'scaleByStandardDeviation',
  about: 'g/(√(v − m²) + ε)',
  fields: ROOT_FIELDS,
  memory: t.type({ first: Params.codec, second: Params.codec }),
  init: () => params => ({ first: zerosLikeParams(params), second: zerosLikeParams(params) }),
  update:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const first = exponentialAverage(decay)(memory.first, gradient)
      const second = movingSquare(decay)(memory.second, gradient)
      // negative by rounding alone
      const variance = Params.zipWith((v, m) => Math.max(v - m * m, 0))(second, first)
      return [overRoot(epsilon)(gradient, variance), { first, second }]
    },
  gain: ascentGain
})

/** g/(√s + ε), s ← s + g² from `start` (Duchi, Hazan & Singer 2011). */
export const scaleByAdagrad = define({
  name: 'scaleByAdagrad',
  about: 'g/(√Σg² + ε)',
  fields: {
    /** Initial value of the sum of squares. */
    start: Field.notNegative({ default: 0 }),
    /** Added to the root. */
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
  gain: ascentGain
})

/** u = √(x + ε)/√(v + ε) · g, with v the moving average of g² and x that of the earlier u² (Zeiler 2012). */
export const scaleByAdadelta = define({
  name: 'scaleByAdadelta',
  about: '√(x + ε)/√(v + ε) · g',
  fields: {
    /** Decay of the averages of squares per step, in [0, 1). */
    decay: ROOT_FIELDS.decay,
    /** Added under both roots. */
    epsilon: Field.positive({ default: 1e-6 })
  },
  memory: t.type({ squares: Params.codec, steps: Params.codec }),
  init: () => params => ({ squares: zerosLikeParams(params), steps: zerosLikeParams(params) }),
  update:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const squares = movingSquare(decay)(memory.squares, gradient)
      const ratio = Params.zipWith((x, g) => Math.sqrt(x + epsilon) / Math.sqrt(g + epsilon))(memory.steps, squares)
      const step = Params.zipWith((r, g) => r * g)(ratio, gradient)
      return [step, { squares, steps: movingSquare(decay)(memory.steps, step) }]
    },
  gain: ascentGain
})

/** sign(β_1 m + (1 − β_1) g), then m ← β_2 m + (1 − β_2) g (Chen et al. 2023). */
export const scaleByLion = define({
  name: 'scaleByLion',
  about: 'sign(β_1 m + (1 − β_1) g)',
  fields: {
    /** Weight of the average in the direction. */
    beta1: Field.fraction({ default: 0.9 }),
    /** Decay of the average, per step. */
    beta2: Field.fraction({ default: 0.99 })
  },
  ...momentumMemorySpec,
  update:
    ({ beta1, beta2 }) =>
    (gradient, { trace }) => [
      Params.mapValues(Math.sign)(exponentialAverage(beta1)(trace, gradient)),
      { trace: exponentialAverage(beta2)(trace, gradient) }
    ],
  gain: ascentGain
})
