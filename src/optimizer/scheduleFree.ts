/** Schedule-free averaging: gradients at a point between the last iterate and the mean of all. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import { numberCodec } from '../core/params.js'
import * as Rate from './rate.js'
import { axpyParams, define, differenceOfArrays } from './part.js'

/** (1 − share) · x + share · z */
const mixParams = (share: number): ((x: Params.Params<string>, z: Params.Params<string>) => Params.Params<string>) =>
  Params.zipWith((x, z) => (1 - share) * x + share * z)

/**
 * Steps y′ − y with z′ = z − rate · g, x′ = (1 − c) x + c z′, y′ = beta x′ + (1 − beta) z′, and c the share of rate^power in the sum of all
 * so far: the parameters are y, and the optimizer's `estimate`, with which a stage ends, is x, a mean of z. A constant rate, after a
 * warm-up, then does what a falling one does otherwise (Defazio et al. 2024, arXiv 2405.15682). It has its own rate, since that weights
 * the mean; parts that rescale gradients come before it.
 */
export const scaleByScheduleFree = define({
  name: 'scaleByScheduleFree',
  about: 'gradients between the last iterate and the mean of all',
  fields: {
    /** Number, or a `Rate`, which may warm up but need not fall. */
    rate: Rate.field,
    /** Share of the mean in the point at which gradients are taken. */
    beta: Field.fraction({ default: 0.9 }),
    /** Exponent of the rate in the weights of the mean. */
    power: Field.notNegative({ default: 2 })
  },
  memory: t.type({ count: t.number, weight: numberCodec, last: Params.codec, average: Params.codec }),
  init: () => params => ({ count: 0, weight: 0, last: params, average: params }),
  update:
    ({ rate, beta, power }) =>
    (gradient, before, { params }) => {
      const now = Rate.at(before.count)(rate)
      const own = Elementary.pow(now, power)
      const weight = before.weight + own
      const last = axpyParams(-now, gradient, before.last)
      const average = mixParams(weight === 0 ? 0 : own / weight)(before.average, last)
      const next = mixParams(beta)(last, average)
      return [differenceOfArrays(next, params), { count: before.count + 1, weight, last, average }]
    },
  gain:
    ({ rate }) =>
    memory =>
      memory === null ? -1 : -Rate.at(memory.count)(rate),
  estimate:
    () =>
    (_, { average }) =>
      average,
  brief: ({ rate }) => ({ methods: ['schedule-free'], rates: [rate] })
})
