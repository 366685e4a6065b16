/**
 * Weightings: how much each noise level counts, a function of its time, times the loss in the parametrization in which
 * it is written. SNR = α²/σ².
 *
 * A published weighting belongs to a published loss; in another parametrization the same weighting says another thing.
 * Min-SNR is meant for the loss of the data, EDM's λ too, the sigmoid for that of the noise, g² for that of the score.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Weighting } from 'ornstein'
 *
 * // A number is a constant weight.
 * assert.deepEqual([Weighting.constant(2), Weighting.snr].map(Weighting.show), ['Weighting.constant(2)', 'Weighting.snr'])
 */
export {
  codec,
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
  problems,
  type Sees,
  show,
  sigmoid,
  snr,
  softMinSnr,
  truncatedSnr,
  type Weighting
} from '../objective/weighting.js'
