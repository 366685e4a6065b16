/** Parts that treat every entry of a gradient alike. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Entries from '../../lib/arrays/entries.js'
import { type NdArray, type Operand, type Tensor } from '../../lib/index.js'
import * as T from '../../lib/tensors/tensor.js'
import { Field } from '../core/index.js'
import * as Params from '../family/params.js'
import * as Rate from './rate.js'
import { axpy, define, noMemory, scaled, uphill, zeros, type Arrays, type Tensed, type Tensors } from './part.js'

const moving = (decay: number): ((m: Arrays, g: Arrays) => Arrays) =>
  Params.zipArrays(Entries.combinations(decay, 1 - decay))

const movingSquare = (decay: number): ((v: Arrays, g: Arrays) => Arrays) =>
  Params.zipArrays(Entries.combinationsOfSquares(decay, 1 - decay))

// —— in the tensor vocabulary ——

/** A function of entries, name by name. */
const each =
  (f: (...xs: ReadonlyArray<Tensor>) => Tensor) =>
  (first: Tensors, ...others: ReadonlyArray<Tensors>): Tensors =>
    Params.map<Tensor, Tensor>((x, name) => f(x, ...others.map(all => all[name])))(first)

/** a x + b y */
const combined = (a: Operand, b: Operand): ((x: Tensors, y: Tensors) => Tensors) =>
  each((x, y) => T.add(T.mul(a, x), T.mul(b, y)))

const meanOf = (decay: Operand): ((m: Tensors, g: Tensors) => Tensors) => combined(decay, T.sub(1, decay))
const squares: (g: Tensors) => Tensors = each(T.square)

/** m/(√v + ε), whose derivative at m = 0 = v is that in m alone, 1/ε. */
const ratioOf = (m: Tensor, v: Tensor, epsilon: Operand): Tensor => {
  const none = T.lessEqual(v, 0)
  const root = T.add(T.where(none, 0, T.sqrt(T.where(none, 1, v))), epsilon)
  return T.div(m, T.where(T.equal(root, 0), 1, root))
}

const decay = Field.fraction({ suggestion: 0.9 })
const most = Field.positive({ suggestion: 1 })
const epsilon = Field.notNegative({ default: 1e-8 })

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
  written:
    ({ factor }) =>
    gradient => [each(g => T.mul(factor, g))(gradient), null],
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
  written: () => gradient => [each(T.zerosLike)(gradient), null],
  gain: () => () => 0
})

/** sign g */
export const sign = define({
  name: 'sign',
  about: 'sign g',
  ...noMemory,
  update: () => gradient => [Params.mapValues(Math.sign)(gradient), null],
  written: () => gradient => [each(T.sign)(gradient), null],
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
  written:
    ({ most }) =>
    gradient => [each(g => T.minimum(T.maximum(g, T.neg(most)), most))(gradient), null],
  gain: uphill
})

/** A gradient longer than `most` is shortened to it; a shorter one keeps its bits. */
const shortened = (most: number, norm: number): ((g: number) => number) =>
  norm > most ? g => (g / norm) * most : g => g

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
  written:
    ({ most }) =>
    gradient => [each(g => T.div(g, T.maximum(1, T.div(T.norm(g), most))))(gradient), null],
  gain: uphill
})

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
  written:
    ({ most }) =>
    gradient => {
      const norm = T.norm(T.concat(Object.values(gradient).map(g => T.reshape(g, [-1]))))
      return [each(g => T.div(g, T.maximum(1, T.div(norm, most))))(gradient), null]
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
  written:
    ({ decay }) =>
    (gradient, _, { params }) => [combined(decay, 1)(params, gradient), null],
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
  written:
    ({ rate }) =>
    (gradient, { count }) => [each(g => T.mul(T.neg(rate(count)), g))(gradient), { count: count + 1 }],
  gain:
    ({ rate }) =>
    memory =>
      memory === null ? -1 : -Rate.at(memory.count)(rate),
  brief: ({ rate }) => ({ rates: [rate] })
})

const traced = {
  memory: t.type({ trace: Params.codec }),
  init: () => (params: Arrays) => ({ trace: zeros(params) })
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
  written:
    ({ decay }) =>
    (gradient, memory) => {
      const trace = combined(decay, 1)(memory.trace, gradient)
      return [trace, { trace }]
    },
  gain: uphill,
  brief: () => ({ methods: ['momentum'] })
})

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
  written:
    ({ decay }) =>
    (gradient, memory) => {
      const trace = combined(decay, 1)(memory.trace, gradient)
      return [combined(decay, 1)(trace, gradient), { trace }]
    },
  gain: uphill
})

/** β_1 and β_2, the decays of the moving means of the gradient and its square, and ε, added to the root of the latter. */
const moments = {
  /** What the mean of gradients keeps of itself from step to step. */
  beta1: Field.fraction({ default: 0.9 }),
  /** What the mean of their squares keeps. */
  beta2: Field.fraction({ default: 0.999 }),
  /** Is added to the root. */
  epsilon
}

const momentsMemory = { count: t.number, first: Params.codec, second: Params.codec }

/** m and v, of which a step is made. */
const bothMoments = {
  memory: t.type(momentsMemory),
  init: () => (params: Arrays) => ({ count: 0, first: zeros(params), second: zeros(params) })
}

interface Moments {
  readonly count: number
  readonly first: Arrays
  readonly second: Arrays
}

/** After a gradient, with 1 − β_1ⁿ and 1 − β_2ⁿ, which take away the bias of their start at 0. */
const afterGradient = (
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

/** As `afterGradient`, in the tensor vocabulary. */
const momentsOf = (
  { beta1, beta2 }: { readonly beta1: Operand; readonly beta2: Operand },
  gradient: Tensors,
  { count, first, second }: Tensed<Moments>
) => ({
  memory: {
    count: count + 1,
    first: meanOf(beta1)(first, gradient),
    second: meanOf(beta2)(second, squares(gradient))
  },
  correction1: T.sub(1, T.pow(beta1, count + 1)),
  correction2: T.sub(1, T.pow(beta2, count + 1))
})

/** m/(√v + ε), and 0 for 0/0: an entry whose gradient is always 0 takes no step, even with ε = 0. */
const ratio = (m: number, v: number, epsilon: number): number => (m === 0 ? m : m / (Math.sqrt(v) + epsilon))

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
  written: options => (gradient, before) => {
    const { memory, correction1, correction2 } = momentsOf(options, gradient, before)
    const step = each((m, v) => ratioOf(T.div(m, correction1), T.div(v, correction2), options.epsilon))
    return [step(memory.first, memory.second), memory]
  },
  gain: uphill,
  brief: () => ({ methods: ['Adam'] })
})

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
  written: options => (gradient, before) => {
    const { memory, correction1, correction2 } = momentsOf(options, gradient, before)
    const largest = each((most, v) => T.maximum(most, T.div(v, correction2)))(before.largest, memory.second)
    return [
      each((m, v) => ratioOf(T.div(m, correction1), v, options.epsilon))(memory.first, largest),
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
  written: options => (gradient, before) => {
    const { beta1, epsilon } = options
    const { memory, correction1, correction2 } = momentsOf(options, gradient, before)
    const next = T.sub(1, T.pow(beta1, memory.count + 1))
    const ahead = combined(T.div(beta1, next), T.div(T.sub(1, beta1), correction1))(memory.first, gradient)
    return [each((m, v) => ratioOf(m, T.div(v, correction2), epsilon))(ahead, memory.second), memory]
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
  written: options => (gradient, before) => {
    const { beta2, epsilon } = options
    const { memory, correction1, correction2 } = momentsOf(options, gradient, before)
    const all = T.sub(T.div(2, T.sub(1, beta2)), 1)
    const length = T.sub(all, T.div(T.mul(2 * memory.count, T.pow(beta2, memory.count)), correction2))
    // Below 5, where the plain mean is taken, any root serves.
    const [known, long] = [T.greaterEqual(length, 5), T.maximum(length, 5)]
    const share = (n: number): Tensor => T.div(T.sub(long, n), T.sub(all, n))
    const rectified = T.sqrt(T.mul(T.mul(share(4), share(2)), T.div(all, long)))
    return [
      each((m, v) =>
        T.where(
          known,
          T.mul(rectified, ratioOf(T.div(m, correction1), T.div(v, correction2), epsilon)),
          T.div(m, correction1)
        )
      )(memory.first, memory.second),
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
  written:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const second = meanOf(decay)(memory.second, squares(gradient))
      return [each((g, v) => ratioOf(g, v, epsilon))(gradient, second), { second }]
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
  written:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const first = meanOf(decay)(memory.first, gradient)
      const second = meanOf(decay)(memory.second, squares(gradient))
      const variance = each((v, m) => T.maximum(T.sub(v, T.square(m)), 0))(second, first)
      return [each((g, v) => ratioOf(g, v, epsilon))(gradient, variance), { first, second }]
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
  written:
    ({ epsilon }) =>
    (gradient, memory) => {
      const all = combined(1, 1)(memory.squares, squares(gradient))
      return [each((g, v) => ratioOf(g, v, epsilon))(gradient, all), { squares: all }]
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
  written:
    ({ decay, epsilon }) =>
    (gradient, memory) => {
      const second = meanOf(decay)(memory.squares, squares(gradient))
      const step = each((g, x, v) => T.mul(g, T.sqrt(T.div(T.add(x, epsilon), T.add(v, epsilon)))))(
        gradient,
        memory.steps,
        second
      )
      return [step, { squares: second, steps: meanOf(decay)(memory.steps, squares(step)) }]
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
  written:
    ({ beta1, beta2 }) =>
    (gradient, { trace }) => [each(T.sign)(meanOf(beta1)(trace, gradient)), { trace: meanOf(beta2)(trace, gradient) }],
  gain: uphill
})
