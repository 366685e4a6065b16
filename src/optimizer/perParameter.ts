/** The plainest parts, which treat every entry of a gradient alike, and what others like them are made of. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Entries from '../../lib/arrays/entries.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import * as Rate from './rate.js'
import { axpy, define, noMemory, scaled, uphill, zeros, type Arrays } from './part.js'

/** decay · m + (1 − decay) g */
export const moving = (decay: number): ((m: Arrays, g: Arrays) => Arrays) =>
  Params.zipArrays(Entries.combinations(decay, 1 - decay))

/** decay · v + (1 − decay) g² */
export const movingSquare = (decay: number): ((v: Arrays, g: Arrays) => Arrays) =>
  Params.zipArrays(Entries.combinationsOfSquares(decay, 1 - decay))

export const decay = Field.fraction({ suggestion: 0.9 })
export const most = Field.positive({ suggestion: 1 })
export const epsilon = Field.notNegative({ default: 1e-8 })

// —— without memory ——

/** factor · g */
export const scale = define({
  name: 'scale',
  about: 'factor · g',
  fields: {
    /** Below 0 it turns a gradient downhill. */
    factor: Field.finite({ suggestion: -0.1 })
  },
  call: ['factor'],
  ...noMemory,
  update:
    ({ factor }) =>
    gradient => [scaled(factor)(gradient), null],
  gain:
    ({ factor }) =>
    () =>
      factor
})

/** 0, whatever the gradient. */
export const zero = define({
  name: 'zero',
  about: '0',
  ...noMemory,
  update: () => gradient => [zeros(gradient), null],
  gain: () => () => 0
})

/** A gradient longer than `most` is shortened to it; a shorter one keeps its bits. */
export const shortened = (most: number, norm: number): ((g: number) => number) =>
  norm > most ? g => (g / norm) * most : g => g

/** min(1, most/|g|) g, |g| over all names together (Pascanu, Mikolov & Bengio 2013). */
export const clipByGlobalNorm = define({
  name: 'clipByGlobalNorm',
  about: 'min(1, most/|g|) g, all parameters together',
  fields: {
    /** The largest norm of all parameters together. */
    most
  },
  call: ['most'],
  ...noMemory,
  update:
    ({ most }) =>
    gradient => [Params.mapValues(shortened(most, Params.norm(gradient)))(gradient), null],
  gain: uphill
})

// —— with memory ——

/** −rate(step) · g */
export const scaleByRate = define({
  name: 'scaleByRate',
  about: '−rate · g, with any Rate',
  fields: {
    /** A number, or a `Rate` that changes with the steps. */
    rate: Rate.field
  },
  call: ['rate'],
  memory: t.type({ count: t.number }),
  init: () => () => ({ count: 0 }),
  update:
    ({ rate }) =>
    (gradient, { count }) => [scaled(-Rate.at(count)(rate))(gradient), { count: count + 1 }],
  gain:
    ({ rate }) =>
    memory =>
      memory === null ? -1 : -Rate.at(memory.count)(rate),
  brief: ({ rate }) => ({ rates: [rate] })
})

export const traced = {
  memory: t.type({ trace: Params.codec }),
  init:
    () =>
    (params: Arrays): { readonly trace: Arrays } => ({ trace: zeros(params) })
}

/** The decaying sum v ← decay · v + g (Polyak 1964). */
export const trace = define({
  name: 'trace',
  about: 'v ← decay · v + g',
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
      return [trace, { trace }]
    },
  gain: uphill,
  brief: () => ({ methods: ['momentum'] })
})

/** β_1 and β_2, the decays of the moving means of the gradient and its square, and ε, added to the root of the latter. */
export const moments = {
  /** What the mean of gradients keeps of itself from step to step. */
  beta1: Field.fraction({ default: 0.9 }),
  /** What the mean of their squares keeps. */
  beta2: Field.fraction({ default: 0.999 }),
  /** Is added to the root. */
  epsilon
}

export const momentsMemory = { count: t.number, first: Params.codec, second: Params.codec }

/** m and v, of which a step is made. */
export const bothMoments = {
  memory: t.type(momentsMemory),
  init:
    () =>
    (params: Arrays): Moments => ({ count: 0, first: zeros(params), second: zeros(params) })
}

interface Moments {
  readonly count: number
  readonly first: Arrays
  readonly second: Arrays
}

/** After a gradient, with 1 − β_1ⁿ and 1 − β_2ⁿ, which take away the bias of their start at 0. */
export const afterGradient = (
  { beta1, beta2 }: { readonly beta1: number; readonly beta2: number },
  gradient: Arrays,
  { count, first, second }: Moments
): { readonly memory: Moments; readonly correction1: number; readonly correction2: number } => ({
  memory: {
    count: count + 1,
    first: moving(beta1)(first, gradient),
    second: movingSquare(beta2)(second, gradient)
  },
  correction1: 1 - Elementary.pow(beta1, count + 1),
  correction2: 1 - Elementary.pow(beta2, count + 1)
})

/**
 * m̂/(√v̂ + ε), with m ← β_1 m + (1 − β_1) g, m̂ = m/(1 − β_1ⁿ) after n gradients, and v, v̂ likewise of g² with β_2
 * (Kingma & Ba 2015).
 */
export const scaleByAdam = define({
  name: 'scaleByAdam',
  about: 'm̂/(√v̂ + ε)',
  fields: moments,
  ...bothMoments,
  update: options => (gradient, before) => {
    const { memory, correction1, correction2 } = afterGradient(options, gradient, before)
    const step = Params.zipArrays(Entries.overRoots(correction1, correction2, options.epsilon))
    return [step(memory.first, memory.second), memory]
  },
  gain: uphill,
  brief: () => ({ methods: ['Adam'] })
})
