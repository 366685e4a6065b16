/** Parts whose step length follows distances: the norm of the parameters, or how far they have moved. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import type { NdArray } from '../../lib/index.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import { numberCodec } from '../core/params.js'
import * as Rate from './rate.js'
import {
  ascentGain,
  axpyParams,
  define,
  differenceOfArrays,
  dotParams,
  noMemory,
  scaledParams,
  zerosLikeParams
} from './part.js'
import { MOMENT_FIELDS, momentRatio } from './perEntry.js'

/**
 * coefficient · |θ|/|g| · g for each parameter alone: a step that is a fixed fraction of the parameter's length, as in LARS and LAMB
 * (You, Gitman & Ginsburg 2017; You et al. 2020). g itself where |θ| or |g| is 0.
 */
export const scaleByTrustRatio = define({
  name: 'scaleByTrustRatio',
  about: '|θ|/|g| · g, each parameter for itself',
  fields: {
    /** Factor of the ratio. */
    coefficient: Field.positive({ default: 1 })
  },
  ...noMemory,
  update:
    ({ coefficient }) =>
    (gradient, _, { params }) => [
      Params.map<NdArray, NdArray>(({ shape, values }, name) => {
        const [length, size] = [Elementary.norm(params[name].values), Elementary.norm(values)]
        const ratio = length === 0 || size === 0 ? 1 : (coefficient * length) / size
        return { shape, values: values.map(g => ratio * g) }
      })(gradient),
      null
    ],
  gain: ascentGain
})

/**
 * r/√G · g, with r the largest distance from the start so far, at first `start` · (1 + |θ_0|), and G the sum of all |g|², plus ε: needs no
 * rate (DoG: Ivgi, Hinder & Carmon 2023, arXiv 2302.12022). With `partition`, each parameter has its own r and G (L-DoG).
 */
export const scaleByDistanceOverGradients = define({
  name: 'scaleByDistanceOverGradients',
  about: 'max |θ − θ_0|/√Σ|g|² · g',
  fields: {
    /** Length of the first step, relative to 1 + |θ_0|. */
    start: Field.positive({ default: 1e-6 }),
    /** Added to the sum of squares. */
    epsilon: Field.notNegative({ default: 1e-8 })
  },
  memory: t.type({ origin: Params.codec, distance: numberCodec, squares: numberCodec }),
  init:
    ({ start }) =>
    params => ({ origin: params, distance: start * (1 + Params.norm(params)), squares: 0 }),
  update:
    ({ epsilon }) =>
    (gradient, before, { params }) => {
      const distance = Math.max(before.distance, Params.norm(differenceOfArrays(params, before.origin)))
      const squares = before.squares + dotParams(gradient, gradient)
      const root = Math.sqrt(squares + epsilon)
      return [scaledParams(root === 0 ? 0 : distance / root)(gradient), { ...before, distance, squares }]
    },
  gain: ascentGain,
  brief: () => ({ methods: ['DoG'] })
})

/** Σ|x_i| over all parameters. */
const sumOfAbsolutes = (params: Params.Params<string>): number =>
  Object.values<NdArray>(params).reduce((sum, { values }) => values.reduce((s, x) => s + Math.abs(x), sum), 0)

/**
 * −rate · d m/(√v + d ε), with averages m of d g (β_1) and v of d² g² (β_2), and d the largest lower bound so far of the distance from the
 * start to the minimum, ⟨s, θ_0 − θ⟩/|s|_1 in averages (√β_2) of numerator and denominator (Prodigy: Mishchenko & Defazio 2023,
 * arXiv 2306.06101, algorithm 4). A rate of 1 is meant; a `Rate` may warm up and decay.
 */
export const scaleByProdigy = define({
  name: 'scaleByProdigy',
  about: 'Adam with the distance to the minimum, estimated, as its rate',
  fields: {
    /** Factor of the estimated distance: a number, or a `Rate` that changes with the steps. */
    rate: Field.withDefault(Rate.field, Rate.constant(1)),
    ...MOMENT_FIELDS,
    /** Estimate of the distance before the first step. */
    start: Field.positive({ default: 1e-6 })
  },
  memory: t.type({
    count: t.number,
    origin: Params.codec,
    distance: numberCodec,
    numerator: numberCodec,
    denominator: Params.codec,
    first: Params.codec,
    second: Params.codec
  }),
  init:
    ({ start }) =>
    params => {
      const zeros = zerosLikeParams(params)
      return {
        count: 0,
        origin: params,
        distance: start,
        numerator: 0,
        denominator: zeros,
        first: zeros,
        second: zeros
      }
    },
  update:
    ({ rate, beta1, beta2, epsilon }) =>
    (gradient, { count, origin, distance: d, ...before }, { params }) => {
      const now = Rate.at(count)(rate)
      const slow = Math.sqrt(beta2)
      const weight = (1 - slow) * now * d * d
      const first = Params.zipWith((m, g) => beta1 * m + (1 - beta1) * d * g)(before.first, gradient)
      const second = Params.zipWith((v, g) => beta2 * v + (1 - beta2) * d * d * g * g)(before.second, gradient)
      const numerator = slow * before.numerator + weight * dotParams(gradient, differenceOfArrays(origin, params))
      const denominator = axpyParams(weight, gradient, scaledParams(slow)(before.denominator))
      const size = sumOfAbsolutes(denominator)
      return [
        Params.zipWith((m, v) => -now * d * momentRatio(m, v, d * epsilon))(first, second),
        {
          count: count + 1,
          origin,
          distance: size === 0 ? d : Math.max(d, numerator / size),
          numerator,
          denominator,
          first,
          second
        }
      ]
    },
  gain:
    ({ rate }) =>
    memory =>
      memory === null ? -1 : -Rate.at(memory.count)(rate) * memory.distance,
  brief: ({ rate }) => ({ methods: ['Prodigy'], rates: [rate] })
})
