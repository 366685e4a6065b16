/**
 * Weightings: how much each noise level counts, a function of its time, times the loss in the parametrization in which
 * it is written. SNR = α²/σ².
 *
 * A published weighting belongs to a published loss; in another parametrization the same weighting says another thing.
 * Min-SNR is meant for the loss of the data, EDM's λ too, the sigmoid for that of the noise, g² for that of the score.
 */
import * as t from 'io-ts'
import * as Elementary from '../lib/elementary.js'
import * as Params from './Params.js'
import * as Problem from './Problem.js'
import * as Schedule from './Schedule.js'
import * as Tagged from './Tagged.js'

export interface Constant {
  readonly _tag: 'Constant'
  readonly value: number
}

export interface Snr {
  readonly _tag: 'Snr'
}

export interface TruncatedSnr {
  readonly _tag: 'TruncatedSnr'
  readonly floor: number
}

export interface MinSnr {
  readonly _tag: 'MinSnr'
  readonly gamma: number
}

export interface SoftMinSnr {
  readonly _tag: 'SoftMinSnr'
  readonly gamma: number
}

export interface Edm {
  readonly _tag: 'Edm'
  readonly sigmaData: number
}

export interface Sigmoid {
  readonly _tag: 'Sigmoid'
  readonly bias: number
}

export interface Likelihood {
  readonly _tag: 'Likelihood'
}

export interface NoiseVariance {
  readonly _tag: 'NoiseVariance'
}

export type Weighting = Constant | Snr | TruncatedSnr | MinSnr | SoftMinSnr | Edm | Sigmoid | Likelihood | NoiseVariance

/** The same number at every level. */
export const constant = (value: number): Weighting => ({ _tag: 'Constant', value })

/** SNR: the loss of the data becomes that of the noise. */
export const snr: Weighting = { _tag: 'Snr' }

/** max(SNR, floor), for the loss of the data (Salimans & Ho 2022, arXiv 2202.00512, §4, where the floor is 1). */
export const truncatedSnr = ({ floor = 1 }: Partial<Omit<TruncatedSnr, '_tag'>> = {}): Weighting => ({
  _tag: 'TruncatedSnr',
  floor
})

/** min(SNR, γ), for the loss of the data (Hang et al. 2023, arXiv 2303.09556, §3.4). */
export const minSnr = ({ gamma = 5 }: Partial<Omit<MinSnr, '_tag'>> = {}): Weighting => ({ _tag: 'MinSnr', gamma })

/**
 * 1/(1/SNR + 1/γ), for the loss of the data (Crowson et al. 2024, arXiv 2401.11605, where γ is 4: it is 1/σ_d² of their
 * preconditioned network, whose data have standard deviation σ_d = ½).
 */
export const softMinSnr = ({ gamma = 4 }: Partial<Omit<SoftMinSnr, '_tag'>> = {}): Weighting => ({
  _tag: 'SoftMinSnr',
  gamma
})

/**
 * (σ² + σ_d²)/(σσ_d)² of the noise-to-signal ratio σ/α in place of σ, that is SNR + 1/σ_d², for the loss of the data
 * (Karras et al. 2022, arXiv 2206.00364, table 1: λ(σ)).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule, Weighting } from 'ornstein'
 *
 * const at = pipe(Weighting.edm({ sigmaData: 0.5 }), Weighting.interpret(Schedule.edm))
 * assert.equal(at(2), (2 ** 2 + 0.5 ** 2) / (2 * 0.5) ** 2)
 */
export const edm = ({ sigmaData = 0.5 }: Partial<Omit<Edm, '_tag'>> = {}): Weighting => ({ _tag: 'Edm', sigmaData })

/** 1/(1 + e^{λ − b}), λ = log SNR, for the loss of the noise over an even log-SNR (Kingma & Gao 2023, arXiv 2303.00848). */
export const sigmoid = ({ bias = 2 }: Partial<Omit<Sigmoid, '_tag'>> = {}): Weighting => ({ _tag: 'Sigmoid', bias })

/**
 * g², the diffusion of the forward process, for the loss of the score: with ½ of it, over all times, that of maximum
 * likelihood (Song et al. 2021, arXiv 2101.09258).
 */
export const likelihood: Weighting = { _tag: 'Likelihood' }

/** σ²: the loss of the score becomes that of the noise (Song & Ermon 2019, arXiv 1907.05600, §4.2). */
export const noiseVariance: Weighting = { _tag: 'NoiseVariance' }

export const fold = Tagged.fold<Weighting>()

/** The weight at a time of a schedule. */
export const interpret = (schedule: Schedule.Schedule): ((weighting: Weighting) => (time: number) => number) => {
  const { level, diffusion } = Schedule.interpret(schedule)
  const ofSnr =
    (f: (snr: number) => number) =>
    (time: number): number => {
      const { alpha, sigma } = level(time)
      return f(Elementary.square(alpha / sigma))
    }
  return fold<(time: number) => number>({
    Constant:
      ({ value }) =>
      () =>
        value,
    Snr: () => ofSnr(snr => snr),
    TruncatedSnr: ({ floor }) => ofSnr(snr => Math.max(snr, floor)),
    MinSnr: ({ gamma }) => ofSnr(snr => Math.min(snr, gamma)),
    SoftMinSnr: ({ gamma }) => ofSnr(snr => 1 / (1 / snr + 1 / gamma)),
    Edm: ({ sigmaData }) => ofSnr(snr => snr + Elementary.pow(sigmaData, -2)),
    Sigmoid: ({ bias }) => ofSnr(snr => 1 / (1 + snr * Elementary.exp(-bias))),
    Likelihood: () => diffusion,
    NoiseVariance: () => time => Elementary.square(level(time).sigma)
  })
}

const options = (name: string, option: string, value: number): string => `Weighting.${name}({ ${option}: ${value} })`

export const show = fold<string>({
  Constant: ({ value }) => `Weighting.constant(${value})`,
  Snr: () => 'Weighting.snr',
  TruncatedSnr: ({ floor }) => options('truncatedSnr', 'floor', floor),
  MinSnr: ({ gamma }) => options('minSnr', 'gamma', gamma),
  SoftMinSnr: ({ gamma }) => options('softMinSnr', 'gamma', gamma),
  Edm: ({ sigmaData }) => options('edm', 'sigmaData', sigmaData),
  Sigmoid: ({ bias }) => options('sigmoid', 'bias', bias),
  Likelihood: () => 'Weighting.likelihood',
  NoiseVariance: () => 'Weighting.noiseVariance'
})

export const formula = fold<string>({
  Constant: ({ value }) => String(value),
  Snr: () => 'SNR',
  TruncatedSnr: ({ floor }) => `max(SNR, ${floor})`,
  MinSnr: ({ gamma }) => `min(SNR, ${gamma})`,
  SoftMinSnr: ({ gamma }) => `1/(1/SNR + 1/${gamma})`,
  Edm: ({ sigmaData }) => `(SNR + 1/${sigmaData}²)`,
  Sigmoid: ({ bias }) => `1/(1 + SNR exp(${-bias}))`,
  Likelihood: () => 'g²',
  NoiseVariance: () => 'σ²'
})

export const problems = fold<ReadonlyArray<Problem.Problem>>({
  Constant: ({ value }) => Problem.unless(Number.isFinite(value), 'value', value, 'finite', 'try 1'),
  Snr: () => [],
  TruncatedSnr: ({ floor }) =>
    Problem.unless(floor >= 0 && floor < Infinity, 'floor', floor, '≥ 0 and finite', 'try 1'),
  MinSnr: ({ gamma }) => Problem.positive('gamma', gamma, 5),
  SoftMinSnr: ({ gamma }) => Problem.positive('gamma', gamma, 5),
  Edm: ({ sigmaData }) => Problem.positive('sigmaData', sigmaData, 0.5),
  Sigmoid: ({ bias }) => Problem.unless(Number.isFinite(bias), 'bias', bias, 'finite', 'try 2'),
  Likelihood: () => [],
  NoiseVariance: () => []
})

export const codec: t.Type<Weighting, unknown> = t.union([
  t.type({ _tag: t.literal('Constant'), value: Params.numberCodec }),
  t.type({ _tag: t.literal('Snr') }),
  t.type({ _tag: t.literal('TruncatedSnr'), floor: Params.numberCodec }),
  t.type({ _tag: t.literal('MinSnr'), gamma: t.number }),
  t.type({ _tag: t.literal('SoftMinSnr'), gamma: t.number }),
  t.type({ _tag: t.literal('Edm'), sigmaData: t.number }),
  t.type({ _tag: t.literal('Sigmoid'), bias: Params.numberCodec }),
  t.type({ _tag: t.literal('Likelihood') }),
  t.type({ _tag: t.literal('NoiseVariance') })
])
