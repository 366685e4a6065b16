/** Layers, activations and embeddings. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import {
  add,
  atan2,
  clip,
  concat as joined,
  cos,
  div,
  Key,
  log,
  matMul,
  mean,
  mul,
  oneHot,
  relu as rectified,
  reshape,
  gelu as weightedByNormal,
  silu as weightedBySigmoid,
  sin,
  softplus as softened,
  sqrt,
  square,
  sub,
  tanh as tanhOf,
  tensor,
  zeros,
  type Tensor
} from '../../../lib/index.js'
import { Field, Problem } from '../../core/index.js'
import * as Limits from '../../core/limits.js'
import type * as Params from '../../core/params.js'
import type { RowLevel } from '../../mixture/family.js'
import { define, withParameters, type Part } from './netPart.js'

const widthField = Field.count({ suggestion: 64, most: Limits.maxParameters })

/** Mean and standard deviation of initial weights, by scheme, from the number of inputs. */
const INITIAL_WEIGHTS = {
  /** Variance 1/n, which preserves norms (LeCun et al. 1998). */
  lecun: (inputs: number) => ({ mean: 0, deviation: Math.sqrt(1 / inputs) }),
  /** Variance 2/n, which preserves norms if half of the entries are cut off (He et al. 2015, arXiv 1502.01852). */
  kaiming: (inputs: number) => ({ mean: 0, deviation: Math.sqrt(2 / inputs) }),
  /** Zero, for a part that is added to others. */
  zero: () => ({ mean: 0, deviation: 0 })
}

export type Initial = keyof typeof INITIAL_WEIGHTS

const affineLayer = (params: Params.Tensors<'weights' | 'bias'>, x: Tensor): Tensor =>
  add(matMul(x, params.weights), reshape(params.bias, [1, -1]))

const linearPart = (inputs: number, outputs: number, initial: Initial): Part<'weights' | 'bias'> => ({
  width: outputs,
  shapes: { weights: [inputs, outputs], bias: [outputs] },
  starts: { weights: INITIAL_WEIGHTS[initial](inputs) },
  apply: affineLayer
})

/** x W + b, W [width, width′], initially normal with variance 1/width (`lecun`), 2/width (`kaiming`) or 0; b = 0. */
export const linear = define({
  name: 'linear',
  about: 'x W + b',
  fields: {
    /** Number of outputs. */
    width: widthField,
    /** Initialization by LeCun et al., by He et al. (for relu), or zero. Default: `lecun`. */
    initial: Field.oneOf<Initial>(['lecun', 'kaiming', 'zero'])
  },
  call: ['width', '{}'],
  formula: ({ width }) => `x W + b, ${width} wide`,
  meaning:
    ({ width, initial }) =>
    place =>
      linearPart(place.width, width, initial)
})

/** Linear layer as wide as the data. */
export const output = define({
  name: 'output',
  about: 'x W + b, as wide as the data',
  fields: {
    /** Initialization: `zero`, for an initial output of 0, or as in `linear`. Default: `zero`. */
    initial: Field.oneOf<Initial>(['zero', 'lecun', 'kaiming'])
  },
  formula: () => 'x W + b, as wide as the data',
  meaning:
    ({ initial }) =>
    place =>
      linearPart(place.width, place.dim, initial)
})

/** (x − mean)/√(variance + 1e-5) over each row, times a gain, plus an offset (Ba et al. 2016, arXiv 1607.06450). */
export const layerNorm = define({
  name: 'layerNorm',
  about: 'each row at mean 0 and variance 1, times a gain (arXiv 1607.06450)',
  formula: () => 'g (x − mean x)/√(var x + 1e-5) + b',
  meaning:
    () =>
    ({ width }) =>
      withParameters(
        { gain: [width], offset: [width] },
        {
          starts: { gain: { mean: 1, deviation: 0 } },
          apply: ({ gain, offset }, x) => {
            const centred = sub(x, mean(x, 1, true))
            const unit = div(centred, sqrt(add(mean(square(centred), 1, true), 1e-5)))
            return add(mul(unit, reshape(gain, [1, -1])), reshape(offset, [1, -1]))
          }
        }
      )
})

/** Identity, x. */
export const identity = define({
  name: 'identity',
  about: 'x as it came',
  formula: () => 'x',
  meaning: () => () => ({ apply: (_, x) => x })
})

/** x σ(x), the sigmoid-weighted unit (Elfwing et al. 2017, arXiv 1702.03118). */
export const silu = define({
  name: 'silu',
  about: 'x/(1 + e⁻ˣ) (arXiv 1702.03118)',
  formula: () => 'x/(1 + e⁻ˣ)',
  meaning: () => () => ({ apply: (_, x) => weightedBySigmoid(x) })
})

/** x Φ(x), Φ the normal distribution function (Hendrycks & Gimpel 2016, arXiv 1606.08415). */
export const gelu = define({
  name: 'gelu',
  about: 'x Φ(x) (arXiv 1606.08415)',
  formula: () => 'x Φ(x)',
  meaning: () => () => ({ apply: (_, x) => weightedByNormal(x) })
})

/** tanh x, smooth and within [−1, 1]. */
export const tanh = define({
  name: 'tanh',
  about: 'the hyperbolic tangent',
  formula: () => 'tanh x',
  meaning: () => () => ({ apply: (_, x) => tanhOf(x) })
})

/** log(1 + eˣ), a smooth max(x, 0). */
export const softplus = define({
  name: 'softplus',
  about: 'log(1 + eˣ)',
  formula: () => 'log(1 + eˣ)',
  meaning: () => () => ({ apply: (_, x) => softened(x) })
})

/** max(x, 0). Its score has kinks, which a divergence by differences may miss. */
export const relu = define({
  name: 'relu',
  about: 'max(x, 0)',
  formula: () => 'max(x, 0)',
  meaning: () => () => ({ apply: (_, x) => rectified(x) })
})

/**
 * x/√(α²σ_d² + σ²), of unit variance if the data have standard deviation σ_d: EDM's c_in (Karras et al. 2022, arXiv 2206.00364, table 1, α
 * = 1).
 */
export const standardized = define({
  name: 'standardized',
  about: "x at unit size: EDM's c_in (arXiv 2206.00364)",
  fields: {
    /** Standard deviation σ_d of the data. */
    deviation: Field.positive({ default: 1 })
  },
  formula: ({ deviation }) => `x/√(${deviation}² α² + σ²)`,
  meaning:
    ({ deviation }) =>
    () => ({
      apply: (_, x, { alpha, sigma }) => div(x, sqrt(add(square(mul(deviation, alpha)), square(sigma))))
    })
})

// —— embeddings ——

/** Functions of the level for embeddings, [rows, 1]. */
const EMBEDDING_VIEWS = {
  /** ¼ log(σ/α), EDM's c_noise, −⅛ of the log-SNR, clipped at σ/α = e^∓32 for levels without noise or signal. */
  logSnr: ({ alpha, sigma }: RowLevel): Tensor => mul(0.25, clip(sub(log(sigma), log(alpha)), -32, 32)),
  /** arctan(σ/α)/(π/2) in [0, 1], comparable between schedules. */
  angle: ({ alpha, sigma }: RowLevel): Tensor => mul(2 / Math.PI, atan2(sigma, alpha))
}

export type EmbeddingView = keyof typeof EMBEDDING_VIEWS

/** Layer of the features cos and sin of 2πf times the embedded noise level, for each frequency f. */
const sinusoidFeatures = (frequencies: ReadonlyArray<number>, of: EmbeddingView) => (): Part<never> => ({
  width: 2 * frequencies.length,
  apply: (_, __, level) => {
    const phases = mul(
      EMBEDDING_VIEWS[of](level),
      tensor(
        frequencies.map(f => 2 * Math.PI * f),
        [1, frequencies.length]
      )
    )
    return joined([cos(phases), sin(phases)], 1)
  }
})

const embeddingViewField = Field.oneOf<EmbeddingView>(['logSnr', 'angle'])

const frequenciesField = Field.count({ suggestion: 16, most: Limits.maxTimes })

/**
 * Random Fourier features cos 2πω_i u and sin 2πω_i u of a function u of the level, ω ~ N(0, scale²), drawn once from `seed` (Tancik et al.
 * 2020, arXiv 2006.10739; Song et al. 2021, arXiv 2011.13456).
 */
export const fourier = define({
  name: 'fourier',
  about: 'cosines and sines of the noise level, at random frequencies (arXiv 2006.10739)',
  fields: {
    /** Number of frequencies, each with a sine and a cosine. */
    frequencies: frequenciesField,
    /** Function of the level that is embedded. */
    of: embeddingViewField,
    /** Standard deviation of the frequencies. */
    scale: Field.positive({ default: 0.5 }),
    /** Seed of the frequencies. */
    seed: Field.count({ default: 0, least: 0 })
  },
  call: ['frequencies', '{}'],
  formula: ({ frequencies, of, scale }) => `cos 2πωu, sin 2πωu of ${of}, ${frequencies} ω ~ N(0, ${scale}²)`,
  meaning: ({ frequencies, of, scale, seed }) =>
    sinusoidFeatures(
      Array.from(pipe(Key.fromSeed(seed), Key.normal(frequencies)), omega => scale * omega),
      of
    )
})

/**
 * Sinusoidal embedding cos 2πω_i u and sin 2πω_i u of a function u of the level, ω geometric from 1/longest to 1/shortest (Vaswani et al.
 * 2017, arXiv 1706.03762, as in DDPM).
 */
export const sinusoidal = define({
  name: 'sinusoidal',
  about: 'cosines and sines of the noise level, at frequencies in equal ratios (arXiv 1706.03762)',
  fields: {
    /** Number of frequencies, each with a sine and a cosine. */
    frequencies: frequenciesField,
    /** Function of the level that is embedded. */
    of: embeddingViewField,
    /** Shortest period. */
    shortest: Field.positive({ default: 0.5 }),
    /** Longest period. */
    longest: Field.positive({ default: 16 })
  },
  call: ['frequencies', '{}'],
  formula: ({ frequencies, of, shortest, longest }) =>
    `cos 2πωu, sin 2πωu of ${of}, ${frequencies} ω from 1/${longest} to 1/${shortest}`,
  check: ({ shortest, longest }) =>
    Problem.unless(shortest <= longest, 'shortest', shortest, `≤ ${longest}, the longest period`, 'swap the two'),
  meaning: ({ frequencies, of, shortest, longest }) => {
    const ratio = Elementary.log(longest / shortest)
    const all = Array.from(
      { length: frequencies },
      (_, i) => Elementary.exp(frequencies === 1 ? 0 : (ratio * i) / (frequencies - 1)) / longest
    )
    return sinusoidFeatures(all, of)
  }
})

/** Class embedding: learned numbers for each class; 0 for a row without a label. */
export const label = define({
  name: 'label',
  about: 'learned numbers for each class, 0 without one',
  fields: {
    /** Number of classes. */
    classes: Field.count({ suggestion: 10, most: Limits.maxParameters }),
    /** Numbers for each class. */
    width: widthField
  },
  formula: ({ classes, width }) => `E[label], ${classes} × ${width}`,
  meaning:
    ({ classes: count, width }) =>
    () =>
      withParameters(
        { classes: [count, width] },
        {
          width,
          starts: { classes: { mean: 0, deviation: 1 } },
          apply: ({ classes }, x, { label }) =>
            label === undefined
              ? zeros([x.shape[0], width])
              : matMul(oneHot(reshape(label, [x.shape[0]]), count), classes)
        }
      )
})
