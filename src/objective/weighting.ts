/** Weightings: factors of the loss by noise level. */
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Case, Field, Vocabulary, conceptModule } from '../core/index.js'
import * as Schedule from '../schedule/schedule.js'

type Weigh = (dynamics: Schedule.Dynamics) => (time: number) => number

/** Quantity on which a weight depends: the SNR, the level (α, σ), or a rate, which scales with a change of clock. */
export type Sees = 'snr' | 'level' | 'rate'

export interface Meaning {
  readonly weigh: Weigh
  /** Capability, checked by laws: the quantity on which the weight depends. */
  readonly sees?: Sees
  /** Capability: a constant weight, which also applies to objectives without levels. */
  readonly everywhere?: number
}

export interface Weighting extends Case.Value<'Weighting', Meaning> {}

/**
 * Defines a custom weighting as a function of time on a schedule.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Field, Schedule, Weighting } from 'ornstein'
 *
 * const late = Weighting.define({
 *   name: 'late',
 *   about: 'only times from `after` on',
 *   fields: { after: Field.notNegative({ default: 1 }) },
 *   meaning: ({ after }) => ({ weigh: () => time => (time >= after ? 1 : 0) })
 * })
 * assert.equal(pipe(late({ after: 2 }), Weighting.interpret(Schedule.edm))(3), 1)
 */
export const { concept, define, show, formula, problems } = conceptModule<Weighting>(
  'Weighting',
  'what a noise level counts, as a function of its SNR = α²/σ²'
)

const ofSnr = (f: (snr: number) => number): Meaning => ({
  sees: 'snr',
  weigh:
    ({ level }) =>
    time => {
      const { alpha, sigma } = level(time)
      return f(Elementary.square(alpha / sigma))
    }
})

/** Constant weight at every level. */
export const constant = define({
  name: 'constant',
  about: 'the same at every level; a plain number does',
  fields: {
    /** Weight. */
    value: Field.finite({ suggestion: 1 })
  },
  call: ['value'],
  formula: ({ value }) => String(value),
  meaning: ({ value }) => ({ sees: 'snr', everywhere: value, weigh: () => () => value })
})

/** Converts a plain number to a constant weighting. */
export const asWeighting = (weight: number | Weighting): Weighting =>
  typeof weight === 'number' ? constant(weight) : weight

/** Field for a weighting; a plain number is a constant weight. */
export const field: Field.Field<Weighting, number | Weighting> = Field.of<Weighting, number>(concept, {
  from: asWeighting,
  show: weighting => (Case.isMadeBy(constant)(weighting) ? String(weighting.value) : null)
})

/** SNR weight: converts the loss of the data to that of the noise. */
export const snr = define({
  name: 'snr',
  about: 'the loss of the data becomes that of the noise',
  formula: () => 'SNR',
  meaning: () => ofSnr(snr => snr)
})

/** max(SNR, floor), for the loss of the data (Salimans & Ho 2022, arXiv 2202.00512, §4, where the floor is 1). */
export const truncatedSnr = define({
  name: 'truncatedSnr',
  about: 'for the loss of the data (arXiv 2202.00512)',
  fields: {
    /** Lower bound on the weight. */
    floor: Field.notNegative({ default: 1 })
  },
  formula: ({ floor }) => `max(SNR, ${floor})`,
  meaning: ({ floor }) => ofSnr(snr => Math.max(snr, floor))
})

/** min(SNR, γ), for the loss of the data (Hang et al. 2023, arXiv 2303.09556, §3.4). */
export const minSnr = define({
  name: 'minSnr',
  about: 'for the loss of the data (arXiv 2303.09556)',
  fields: {
    /** Upper bound γ. */
    gamma: Field.positive({ default: 5 })
  },
  formula: ({ gamma }) => `min(SNR, ${gamma})`,
  meaning: ({ gamma }) => ofSnr(snr => Math.min(snr, gamma))
})

/**
 * 1/(1/SNR + 1/γ), for the loss of the data (Crowson et al. 2024, arXiv 2401.11605, with γ = 4 = 1/σ_d² of their preconditioned network).
 */
export const softMinSnr = define({
  name: 'softMinSnr',
  about: 'for the loss of the data (arXiv 2401.11605)',
  fields: {
    /** γ, the limit of the weight for large SNR. */
    gamma: Field.positive({ default: 4 })
  },
  formula: ({ gamma }) => `1/(1/SNR + 1/${gamma})`,
  meaning: ({ gamma }) => ofSnr(snr => 1 / (1 / snr + 1 / gamma))
})

/**
 * (σ² + σ_d²)/(σσ_d)² with σ/α for σ, that is SNR + 1/σ_d², for the loss of the data (Karras et al. 2022, arXiv 2206.00364, table 1: λ(σ)).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule, Weighting } from 'ornstein'
 *
 * const at = pipe(Weighting.edm({ sigmaData: 0.5 }), Weighting.interpret(Schedule.edm))
 * assert.equal(at(2), (2 ** 2 + 0.5 ** 2) / (2 * 0.5) ** 2)
 */
export const edm = define({
  name: 'edm',
  about: 'for the loss of the data (arXiv 2206.00364)',
  fields: {
    /** Standard deviation of the data. */
    sigmaData: Field.positive({ default: 0.5 })
  },
  formula: ({ sigmaData }) => `(SNR + 1/${sigmaData}²)`,
  meaning: ({ sigmaData }) => ofSnr(snr => snr + Elementary.pow(sigmaData, -2))
})

/** 1/(1 + e^{λ − b}), λ = log SNR, for the loss of the noise with λ uniform (Kingma & Gao 2023, arXiv 2303.00848). */
export const sigmoid = define({
  name: 'sigmoid',
  about: 'for the loss of the noise, over an even log-SNR (arXiv 2303.00848)',
  fields: {
    /** b, the log-SNR at which the weight is ½. */
    bias: Field.finite({ default: 2 })
  },
  formula: ({ bias }) => `1/(1 + SNR exp(${-bias}))`,
  meaning: ({ bias }) => ofSnr(snr => 1 / (1 + snr * Elementary.exp(-bias)))
})

/**
 * 1/(k + SNR)^γ, for the loss of the noise: less weight where noise is low (P2: Choi et al. 2022, arXiv 2204.00227).
 */
export const p2 = define({
  name: 'p2',
  about: 'for the loss of the noise, less at low noise (arXiv 2204.00227)',
  fields: {
    /** Exponent γ. */
    gamma: Field.notNegative({ default: 1 }),
    /** SNR from which the weight falls. */
    k: Field.positive({ default: 1 })
  },
  formula: ({ gamma, k }) => `1/(${k} + SNR)^${gamma}`,
  meaning: ({ gamma, k }) => ofSnr(snr => Elementary.pow(k + snr, -gamma))
})

/**
 * g², the squared diffusion coefficient, for the loss of the score. Half of it, integrated over all times, is maximum likelihood (Song et
 * al. 2021, arXiv 2101.09258).
 */
export const likelihood = define({
  name: 'likelihood',
  about: 'for the loss of the score; half of it, over all times, is maximum likelihood (arXiv 2101.09258)',
  formula: () => 'g²',
  meaning: () => ({ sees: 'rate', weigh: ({ diffusion }) => diffusion })
})

/** σ² weight: converts the loss of the score to that of the noise (Song & Ermon 2019, arXiv 1907.05600, §4.2). */
export const noiseVariance = define({
  name: 'noiseVariance',
  about: 'the loss of the score becomes that of the noise (arXiv 1907.05600)',
  formula: () => 'σ²',
  meaning: () => ({
    sees: 'level',
    weigh:
      ({ level }) =>
      time =>
        Elementary.square(level(time).sigma)
  })
})

/** Returns the weight as a function of time on a schedule. */
export const interpret = (schedule: Schedule.Schedule): ((weighting: Weighting) => (time: number) => number) => {
  const dynamics = Schedule.interpret(schedule)
  return weighting => concept.meaning(weighting).weigh(dynamics)
}

/** Quantity on which a weight depends; undefined if it is not declared. */
export const weightDependsOn = (weighting: Weighting): Sees | undefined => concept.meaning(weighting).sees

/** The constant weight; undefined if it varies with the level. */
export const everywhere = (weighting: Weighting): number | undefined => concept.meaning(weighting).everywhere

export const all: ReadonlyArray<Vocabulary.Entry> = [
  constant,
  snr,
  truncatedSnr,
  minSnr,
  softMinSnr,
  edm,
  sigmoid,
  p2,
  likelihood,
  noiseVariance
]

/** JSON codec of the weightings in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Weighting, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
