/** Parts that treat every entry of a gradient alike, with what each remembers. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/elementary.js'
import { type NdArray } from '../../lib/index.js'
import * as Params from '../Params.js'
import * as Rate from '../Rate.js'
import { axpy, part, scaled, stateless, zeros, type Arrays, type Part } from './part.js'

export interface Counted {
  readonly count: number
}

export interface Traced<A> {
  readonly trace: A
}

export interface Second<A> {
  readonly second: A
}

export interface Centred<A> extends Second<A> {
  readonly first: A
}

export interface Moments<A> extends Counted, Centred<A> {}

export interface Largest<A> extends Moments<A> {
  readonly largest: A
}

export interface Squares<A> {
  readonly squares: A
}

export interface Lengths<A> extends Squares<A> {
  /** The moving mean of the squared steps. */
  readonly steps: A
}

const moving = (decay: number): (<P extends string>(m: Params.Params<P>, g: Params.Params<P>) => Params.Params<P>) =>
  Params.zipWith((m, g) => decay * m + (1 - decay) * g)

const movingSquare = (
  decay: number
): (<P extends string>(v: Params.Params<P>, g: Params.Params<P>) => Params.Params<P>) =>
  Params.zipWith((v, g) => decay * v + (1 - decay) * g * g)

// —— without memory ——

export const scale = (factor: number): Part<unknown> => stateless(scaled(factor), { gain: () => factor })

export const zero: Part<unknown> = stateless(zeros, { gain: () => 0 })

export const sign: Part<unknown> = stateless(Params.mapValues(Math.sign))

export const clipByValue = (most: number): Part<unknown> =>
  stateless(Params.mapValues(g => Math.min(Math.max(g, -most), most)))

/** A gradient longer than `most` is shortened to it; a shorter one keeps its bits. */
const shortened = (most: number, norm: number): ((g: number) => number) =>
  norm > most ? g => (g / norm) * most : g => g

export const clipByNorm = (most: number): Part<unknown> =>
  stateless(
    Params.map<NdArray, NdArray>(({ shape, values }) => ({
      shape,
      values: values.map(shortened(most, Elementary.norm(values)))
    }))
  )

export const clipByGlobalNorm = (most: number): Part<unknown> =>
  stateless(gradient => Params.mapValues(shortened(most, Params.norm(gradient)))(gradient))

export const weightDecay = (decay: number): Part<unknown> =>
  stateless((gradient, params) => axpy(decay, params, gradient))

// —— with memory ——

export const scaleByRate = (rate: Rate.Rate): Part<unknown> =>
  part<Counted>({
    init: () => ({ count: 0 }),
    update: (gradient, { count }) => [scaled(-Rate.at(count)(rate))(gradient), { count: count + 1 }],
    state: t.type({ count: t.number }),
    gain: state => (state === null ? -1 : -Rate.at(state.count)(rate))
  })

const traced = (decay: number, step: (trace: Arrays, gradient: Arrays) => Arrays): Part<unknown> =>
  part<Traced<Arrays>>({
    init: params => ({ trace: zeros(params) }),
    update: (gradient, state) => {
      const trace = axpy(decay, state.trace, gradient)
      return [step(trace, gradient), { trace }]
    },
    state: t.type({ trace: Params.codec })
  })

export const trace = (decay: number): Part<unknown> => traced(decay, trace => trace)

export const nesterovTrace = (decay: number): Part<unknown> =>
  traced(decay, (trace, gradient) => axpy(decay, trace, gradient))

interface Adam {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

const moments =
  ({ beta1, beta2 }: Adam) =>
  (gradient: Arrays, state: Moments<Arrays>): Moments<Arrays> => ({
    count: state.count + 1,
    first: moving(beta1)(state.first, gradient),
    second: movingSquare(beta2)(state.second, gradient)
  })

/** m/(√v + ε); an entry that stays at 0 takes no step, whatever ε. */
const ratio = (m: number, v: number, epsilon: number): number => (m === 0 ? m : m / (Math.sqrt(v) + epsilon))

const noMoments = (params: Arrays): Moments<Arrays> => ({ count: 0, first: zeros(params), second: zeros(params) })

const momentsCodec = { count: t.number, first: Params.codec, second: Params.codec }

/** A step made of the moments after a gradient, and of the gradient. */
const byMoments = (
  options: Adam,
  step: (moments: Moments<Arrays>, gradient: Arrays, correction2: number) => Arrays
): Part<unknown> =>
  part<Moments<Arrays>>({
    init: noMoments,
    update: (gradient, state) => {
      const after = moments(options)(gradient, state)
      return [step(after, gradient, 1 - Elementary.pow(options.beta2, after.count)), after]
    },
    state: t.type(momentsCodec)
  })

export const adam = (options: Adam): Part<unknown> =>
  byMoments(options, ({ count, first, second }, _, correction2) => {
    const correction1 = 1 - Elementary.pow(options.beta1, count)
    return Params.zipWith((m, v) => ratio(m / correction1, v / correction2, options.epsilon))(first, second)
  })

export const nAdam = (options: Adam): Part<unknown> =>
  byMoments(options, ({ count, first, second }, gradient, correction2) => {
    const { beta1, epsilon } = options
    const [now, next] = [1 - Elementary.pow(beta1, count), 1 - Elementary.pow(beta1, count + 1)]
    const ahead = Params.zipWith((m, g) => (beta1 * m) / next + ((1 - beta1) * g) / now)(first, gradient)
    return Params.zipWith((m, v) => ratio(m, v / correction2, epsilon))(ahead, second)
  })

export const rAdam = (options: Adam): Part<unknown> =>
  byMoments(options, ({ count, first, second }, _, correction2) => {
    const { beta1, beta2, epsilon } = options
    const correction1 = 1 - Elementary.pow(beta1, count)
    const all = 2 / (1 - beta2) - 1
    const length = all - (2 * count * Elementary.pow(beta2, count)) / correction2
    // Below 5 the variance of 1/√v̂ is too large to use it.
    if (length < 5) return Params.mapValues(m => m / correction1)(first)
    const rectified = Math.sqrt((((length - 4) / (all - 4)) * ((length - 2) / (all - 2)) * all) / length)
    return Params.zipWith((m, v) => rectified * ratio(m / correction1, v / correction2, epsilon))(first, second)
  })

export const amsGrad = (options: Adam): Part<unknown> =>
  part<Largest<Arrays>>({
    init: params => ({ ...noMoments(params), largest: zeros(params) }),
    update: (gradient, state) => {
      const after = moments(options)(gradient, state)
      const [correction1, correction2] = [
        1 - Elementary.pow(options.beta1, after.count),
        1 - Elementary.pow(options.beta2, after.count)
      ]
      const largest = Params.zipWith((most, v) => Math.max(most, v / correction2))(state.largest, after.second)
      return [
        Params.zipWith((m, v) => ratio(m / correction1, v, options.epsilon))(after.first, largest),
        { ...after, largest }
      ]
    },
    state: t.type({ ...momentsCodec, largest: Params.codec })
  })

interface Rms {
  readonly decay: number
  readonly epsilon: number
}

const overRoot = (
  epsilon: number
): (<P extends string>(g: Params.Params<P>, v: Params.Params<P>) => Params.Params<P>) =>
  Params.zipWith((g, v) => ratio(g, v, epsilon))

export const rms = ({ decay, epsilon }: Rms): Part<unknown> =>
  part<Second<Arrays>>({
    init: params => ({ second: zeros(params) }),
    update: (gradient, state) => {
      const second = movingSquare(decay)(state.second, gradient)
      return [overRoot(epsilon)(gradient, second), { second }]
    },
    state: t.type({ second: Params.codec })
  })

export const standardDeviation = ({ decay, epsilon }: Rms): Part<unknown> =>
  part<Centred<Arrays>>({
    init: params => ({ first: zeros(params), second: zeros(params) }),
    update: (gradient, state) => {
      const first = moving(decay)(state.first, gradient)
      const second = movingSquare(decay)(state.second, gradient)
      // Rounding alone takes it below 0.
      const variance = Params.zipWith((v, m) => Math.max(v - m * m, 0))(second, first)
      return [overRoot(epsilon)(gradient, variance), { first, second }]
    },
    state: t.type({ first: Params.codec, second: Params.codec })
  })

export const adagrad = ({ start, epsilon }: { readonly start: number; readonly epsilon: number }): Part<unknown> =>
  part<Squares<Arrays>>({
    init: params => ({ squares: Params.mapValues(() => start)(params) }),
    update: (gradient, state) => {
      const squares = Params.zipWith((s, g) => s + g * g)(state.squares, gradient)
      return [overRoot(epsilon)(gradient, squares), { squares }]
    },
    state: t.type({ squares: Params.codec })
  })

export const adadelta = ({ decay, epsilon }: Rms): Part<unknown> =>
  part<Lengths<Arrays>>({
    init: params => ({ squares: zeros(params), steps: zeros(params) }),
    update: (gradient, state) => {
      const squares = movingSquare(decay)(state.squares, gradient)
      const ratio = Params.zipWith((x, g) => Math.sqrt(x + epsilon) / Math.sqrt(g + epsilon))(state.steps, squares)
      const step = Params.zipWith((r, g) => r * g)(ratio, gradient)
      return [step, { squares, steps: movingSquare(decay)(state.steps, step) }]
    },
    state: t.type({ squares: Params.codec, steps: Params.codec })
  })

export const lion = ({ beta1, beta2 }: Omit<Adam, 'epsilon'>): Part<unknown> =>
  part<Traced<Arrays>>({
    init: params => ({ trace: zeros(params) }),
    update: (gradient, { trace }) => [
      Params.mapValues(Math.sign)(moving(beta1)(trace, gradient)),
      { trace: moving(beta2)(trace, gradient) }
    ],
    state: t.type({ trace: Params.codec })
  })
