/** Noise schedules: x_t = α(t) x_0 + σ(t) z with z standard normal. */
import type { Vocabulary } from '../core/index.js'
import { custom, ornsteinUhlenbeck } from './schedule.js'
import { cosine, edm, rectifiedFlow, subVp, varianceExploding, vpLinear } from './continuous.js'
import { reparametrized } from './reparametrized.js'
import { betas } from './betas.js'

export * from './schedule.js'
export type { Clock } from './clock.js'
export * from './continuous.js'
export * from './reparametrized.js'
export * from './betas.js'

export const all: ReadonlyArray<Vocabulary.Entry> = [
  ornsteinUhlenbeck,
  vpLinear,
  cosine,
  subVp,
  varianceExploding,
  edm,
  rectifiedFlow,
  betas,
  reparametrized,
  custom
]
