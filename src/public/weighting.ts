/**
 * Weightings of noise levels: a function of the time, which multiplies the loss in the parametrization in which it is written. SNR = α²/σ².
 *
 * A published weighting belongs to a published loss, and has another meaning in other parametrizations: min-SNR and EDM's λ are for the
 * loss of the data, the sigmoid for that of the noise, g² for that of the score.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Weighting } from 'ornstein'
 *
 * // A number is a constant weight.
 * assert.deepEqual([Weighting.constant(2), Weighting.snr].map(Weighting.show), ['Weighting.constant(2)', 'Weighting.snr'])
 */
export {
  concept,
  constant,
  define,
  edm,
  field,
  interpret,
  likelihood,
  type Meaning,
  minSnr,
  noiseVariance,
  p2,
  problems,
  type Sees,
  show,
  sigmoid,
  snr,
  softMinSnr,
  truncatedSnr,
  type Weighting
} from '../objective/weighting.js'
