/**
 * Parametrizations: what a network says of a noisy point x = α x_0 + σ z. Each is a direction p x_0 + q z in the plane of
 * data and noise, so that any one and x together give every other.
 *
 * | | output | p | q | Δ = αq − σp |
 * |---|---|---|---|---|
 * | score | −ẑ/σ | 0 | −1/σ | −α/σ |
 * | noise | ẑ | 0 | 1 | α |
 * | data | x̂_0 | 1 | 0 | −σ |
 * | velocity | αẑ − σx̂_0 | −σ | α | α² + σ² |
 * | flow | ẑ − x̂_0 | −1 | 1 | α + σ |
 * | edm | (x̂_0 − c_skip x)/c_out | σ/(σ_d √n) | −ασ_d/√n | −√n/σ_d, n = α²σ_d² + σ² |
 *
 * From (p, q) to (p′, q′): y′ = (Δ′/Δ) y + ((p′q − q′p)/Δ) x. An error of y is one of y′ times Δ′/Δ: that is how the
 * losses of two parametrizations differ.
 *
 * What a level does not show is taken as 0: the noise where σ = 0, the data where α = 0. Everywhere else the conversions
 * are isomorphisms, and nothing is divided by zero; velocity, flow and EDM show both ends.
 */
import * as t from 'io-ts'
import * as Elementary from '../../lib/elementary.js'
import { add, div, mul, neg, tensor, toNdArray, type Tensor } from '../../lib/index.js'
import * as Problem from '../core/Problem.js'
import type { Level } from '../schedule/Schedule.js'
import * as Tagged from '../core/Tagged.js'

export interface Score {
  readonly _tag: 'Score'
}

export interface Noise {
  readonly _tag: 'Noise'
}

export interface Data {
  readonly _tag: 'Data'
}

export interface Velocity {
  readonly _tag: 'Velocity'
}

export interface Flow {
  readonly _tag: 'Flow'
}

export interface Edm {
  readonly _tag: 'Edm'
  readonly sigmaData: number
}

export type Parametrization = Score | Noise | Data | Velocity | Flow | Edm

/** s = ∇ log p(x) */
export const score: Parametrization = { _tag: 'Score' }

/** ε = −σ s, the noise expected in x (Ho et al. 2020, arXiv 2006.11239). */
export const noise: Parametrization = { _tag: 'Noise' }

/** x̂_0 = (x + σ² s)/α, the data expected behind x (Tweedie's formula; Efron 2011). */
export const data: Parametrization = { _tag: 'Data' }

/** v = α ε − σ x̂_0, on any schedule (Salimans & Ho 2022, arXiv 2202.00512, where α² + σ² = 1). */
export const velocity: Parametrization = { _tag: 'Velocity' }

/** u = ε − x̂_0, the velocity dx/dt of the straight line x = (1 − t) x_0 + t z (Lipman et al. 2022, arXiv 2210.02747). */
export const flow: Parametrization = { _tag: 'Flow' }

/**
 * EDM's preconditioned network F: x̂_0 = c_skip x + c_out F, for data of standard deviation σ_d. With n = α²σ_d² + σ²,
 * c_skip = ασ_d²/n and c_out = σσ_d/√n (Karras et al. 2022, arXiv 2206.00364, table 1, where α = 1); the error of F has
 * the same size at all levels.
 */
export const edm = ({ sigmaData = 0.5 }: { readonly sigmaData?: number } = {}): Parametrization => ({
  _tag: 'Edm',
  sigmaData
})

export const fold = Tagged.fold<Parametrization>()

/** The output as p x_0 + q z. */
interface Direction {
  readonly p: number
  readonly q: number
}

const direction = ({ alpha, sigma }: Level): ((parametrization: Parametrization) => Direction) =>
  fold<Direction>({
    Score: () => ({ p: 0, q: -1 / sigma }),
    Noise: () => ({ p: 0, q: 1 }),
    Data: () => ({ p: 1, q: 0 }),
    Velocity: () => ({ p: -sigma, q: alpha }),
    Flow: () => ({ p: -1, q: 1 }),
    Edm: ({ sigmaData }) => {
      const size = Elementary.hypot(alpha * sigmaData, sigma)
      return { p: sigma / (sigmaData * size), q: (-alpha * sigmaData) / size }
    }
  })

/** A combination of the output and x: ofOutput · output + ofPoint · x. */
export interface Coefficients {
  readonly ofOutput: number
  readonly ofPoint: number
}

/** The data and the noise behind x, from x and the output; only what may not be shown is divided for. */
const behind = (
  { alpha, sigma }: Level,
  divide: (a: number, b: number) => number
): ((parametrization: Parametrization) => { readonly data: Coefficients; readonly noise: Coefficients }) =>
  fold({
    Score: () => ({
      data: { ofOutput: divide(sigma * sigma, alpha), ofPoint: divide(1, alpha) },
      noise: { ofOutput: -sigma, ofPoint: 0 }
    }),
    Noise: () => ({
      data: { ofOutput: -divide(sigma, alpha), ofPoint: divide(1, alpha) },
      noise: { ofOutput: 1, ofPoint: 0 }
    }),
    Data: () => ({
      data: { ofOutput: 1, ofPoint: 0 },
      noise: { ofOutput: -divide(alpha, sigma), ofPoint: divide(1, sigma) }
    }),
    Velocity: () => {
      const n = alpha * alpha + sigma * sigma
      return {
        data: { ofOutput: -sigma / n, ofPoint: alpha / n },
        noise: { ofOutput: alpha / n, ofPoint: sigma / n }
      }
    },
    Flow: () => {
      const n = alpha + sigma
      return { data: { ofOutput: -sigma / n, ofPoint: 1 / n }, noise: { ofOutput: alpha / n, ofPoint: 1 / n } }
    },
    Edm: ({ sigmaData }) => {
      const size = Elementary.hypot(alpha * sigmaData, sigma)
      const n = size * size
      return {
        data: { ofOutput: (sigma * sigmaData) / size, ofPoint: (alpha * sigmaData * sigmaData) / n },
        noise: { ofOutput: (-alpha * sigmaData) / size, ofPoint: sigma / n }
      }
    }
  })

/** a/b, and 0 where b is: what a level does not show. */
const shown = (a: number, b: number): number => (b === 0 ? 0 : a / b)

const same = (a: Parametrization, b: Parametrization): boolean => show(a) === show(b)

/**
 * How an output is carried from one parametrization to another at a level.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Parametrization } from 'ornstein'
 *
 * // x̂_0 = (x − σ ε)/α
 * const toData = Parametrization.coefficients(Parametrization.noise, Parametrization.data)
 * assert.deepEqual(toData({ alpha: 0.5, sigma: 1 }), { ofOutput: -2, ofPoint: 2 })
 */
export const coefficients =
  (from: Parametrization, to: Parametrization) =>
  (level: Level): Coefficients => {
    if (same(from, to)) return { ofOutput: 1, ofPoint: 0 }
    const { data, noise } = behind(level, shown)(from)
    // s = −ε/σ, once ε is known.
    const { p, q } = to._tag === 'Score' ? { p: 0, q: -shown(1, level.sigma) } : direction(level)(to)
    return {
      ofOutput: p * data.ofOutput + q * noise.ofOutput,
      ofPoint: p * data.ofPoint + q * noise.ofPoint
    }
  }

/** An output carried from one parametrization to another: x and output of the same length. */
export const convert =
  (from: Parametrization, to: Parametrization) =>
  (level: Level) =>
  (x: ArrayLike<number>, output: ArrayLike<number>): Float64Array => {
    const { ofOutput, ofPoint } = coefficients(from, to)(level)
    return Float64Array.from(x, (value, i) => ofOutput * output[i] + ofPoint * value)
  }

/** α and σ for each row, [rows, 1]: constants, through which nothing is differentiated. */
export interface Levels {
  readonly alpha: Tensor
  readonly sigma: Tensor
}

/** A number for each row, from its level. */
export const perRow = ({ alpha, sigma }: Levels, f: (level: Level) => number): Tensor => {
  const sigmas = toNdArray(sigma).values
  const { shape, values } = toNdArray(alpha)
  return tensor(
    values.map((alpha, i) => f({ alpha, sigma: sigmas[i] })),
    shape
  )
}

/** `convert` in the tensor vocabulary: x and output [rows, dim], a level for each row. */
export const convertTensor =
  (from: Parametrization, to: Parametrization) =>
  (levels: Levels) =>
  (x: Tensor, output: Tensor): Tensor => {
    const at = coefficients(from, to)
    return same(from, to)
      ? output
      : add(
          mul(
            perRow(levels, level => at(level).ofOutput),
            output
          ),
          mul(
            perRow(levels, level => at(level).ofPoint),
            x
          )
        )
  }

/** What the output is to match in the mean, p x_0 + q z: x_0 and z [rows, dim], a level for each row. */
export const targetTensor =
  (parametrization: Parametrization) =>
  (levels: Levels) =>
  (clean: Tensor, noise: Tensor): Tensor => {
    const both = (): Tensor =>
      add(
        mul(
          perRow(levels, level => direction(level)(parametrization).p),
          clean
        ),
        mul(
          perRow(levels, level => direction(level)(parametrization).q),
          noise
        )
      )
    return fold<Tensor>({
      Score: () => neg(div(noise, levels.sigma)),
      Noise: () => noise,
      Data: () => clean,
      Velocity: both,
      Flow: both,
      Edm: both
    })(parametrization)
  }

/**
 * The squared error of the output for one of another parametrization: |y′ − target′|² = weight · |y − target|², so
 * (Δ′/Δ)². Infinite where what is asked for is not shown.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Parametrization } from 'ornstein'
 *
 * // σ⁴/α²
 * const weight = Parametrization.weight(Parametrization.score, Parametrization.data)
 * assert.equal(weight({ alpha: 0.5, sigma: 2 }), 64)
 */
export const weight =
  (from: Parametrization, to: Parametrization) =>
  (level: Level): number => {
    if (same(from, to)) return 1
    const { data, noise } = behind(level, (a, b) => a / b)(from)
    const { p, q } = direction(level)(to)
    return Elementary.square((p === 0 ? 0 : p * data.ofOutput) + (q === 0 ? 0 : q * noise.ofOutput))
  }

/** How an output grows with its level: at (cα, cσ) that of cx is c^degree times that of x. */
export const degree = fold<number>({
  Score: () => -1,
  Noise: () => 0,
  Data: () => 0,
  Velocity: () => 1,
  Flow: () => 0,
  Edm: () => 0
})

/** Δ² as a product of powers of α and σ and of what stands above and below. */
interface SquaredDeterminant {
  readonly alphas: number
  readonly sigmas: number
  readonly above: string
  readonly below: string
}

const squaredDeterminant = fold<SquaredDeterminant>({
  Score: () => ({ alphas: 2, sigmas: -2, above: '', below: '' }),
  Noise: () => ({ alphas: 2, sigmas: 0, above: '', below: '' }),
  Data: () => ({ alphas: 0, sigmas: 2, above: '', below: '' }),
  Velocity: () => ({ alphas: 0, sigmas: 0, above: '(α² + σ²)²', below: '' }),
  Flow: () => ({ alphas: 0, sigmas: 0, above: '(α + σ)²', below: '' }),
  Edm: ({ sigmaData }) => ({
    alphas: 0,
    sigmas: 0,
    above: `(${Elementary.square(sigmaData)} α² + σ²)`,
    below: String(Elementary.square(sigmaData))
  })
})

const superscript = (name: string, exponent: number): string =>
  exponent === 0 ? '' : `${name}${exponent === 2 ? '²' : '⁴'}`

/** `weight` as it is written. */
export const weightFormula = (from: Parametrization, to: Parametrization): string => {
  if (same(from, to)) return '1'
  const [a, b] = [squaredDeterminant(from), squaredDeterminant(to)]
  const [alphas, sigmas] = [b.alphas - a.alphas, b.sigmas - a.sigmas]
  const factors = (...parts: ReadonlyArray<string>): string => parts.filter(part => part !== '').join(' ')
  const powers = (sign: 1 | -1): ReadonlyArray<string> => [
    superscript('σ', Math.max(0, sign * sigmas)),
    superscript('α', Math.max(0, sign * alphas))
  ]
  const above = factors(a.below, ...powers(1), b.above)
  const below = factors(b.below, ...powers(-1), a.above)
  return below === '' ? above || '1' : `${above || '1'} / ${below.includes(' ') ? `(${below})` : below}`
}

export const show = fold<string>({
  Score: () => 'Parametrization.score',
  Noise: () => 'Parametrization.noise',
  Data: () => 'Parametrization.data',
  Velocity: () => 'Parametrization.velocity',
  Flow: () => 'Parametrization.flow',
  Edm: ({ sigmaData }) => `Parametrization.edm({ sigmaData: ${sigmaData} })`
})

export const formula = fold<string>({
  Score: () => 's(x)',
  Noise: () => 'ε(x) = −σ s(x)',
  Data: () => 'x̂_0(x) = (x + σ² s(x))/α',
  Velocity: () => 'v(x) = α ε(x) − σ x̂_0(x)',
  Flow: () => 'u(x) = ε(x) − x̂_0(x)',
  Edm: ({ sigmaData }) => `F(x) = (x̂_0(x) − c_skip x)/c_out, σ_d = ${sigmaData}`
})

/** The denoising loss written in a parametrization, before the mean is taken. */
export const lossFormula = fold<string>({
  Score: () => '|s(x_t) + z/σ|²',
  Noise: () => '|ε(x_t) − z|²',
  Data: () => '|x̂_0(x_t) − x_0|²',
  Velocity: () => '|v(x_t) − (αz − σx_0)|²',
  Flow: () => '|u(x_t) − (z − x_0)|²',
  Edm: () => '|F(x_t) − (x_0 − c_skip x_t)/c_out|²'
})

export const problems = fold<ReadonlyArray<Problem.Problem>>({
  Score: () => [],
  Noise: () => [],
  Data: () => [],
  Velocity: () => [],
  Flow: () => [],
  Edm: ({ sigmaData }) => Problem.positive('sigmaData', sigmaData, 0.5)
})

export const codec: t.Type<Parametrization, unknown> = t.union([
  t.type({ _tag: t.literal('Score') }),
  t.type({ _tag: t.literal('Noise') }),
  t.type({ _tag: t.literal('Data') }),
  t.type({ _tag: t.literal('Velocity') }),
  t.type({ _tag: t.literal('Flow') }),
  t.type({ _tag: t.literal('Edm'), sigmaData: t.number })
])
