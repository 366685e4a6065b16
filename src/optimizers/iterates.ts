/** Parts that look at where a step leads: they stand after the rate. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/elementary.js'
import { type NdArray } from '../../lib/index.js'
import { size } from '../../lib/ndarray.js'
import * as Params from '../Params.js'
import * as Region from '../Region.js'
import type { Counted } from './elementwise.js'
import { afterRate, minus, part, plus, stateless, type Arrays, type Part } from './part.js'

export interface Averaged<A> extends Counted {
  readonly average: A
}

export interface Slow<A> extends Counted {
  readonly slow: A
}

/** Every row of every array, a vector being one row, at its nearest point of the region. */
const nearest = (region: Region.Region): ((params: Arrays) => Arrays) =>
  Params.map<NdArray, NdArray>(({ shape, values }) => {
    const width = shape.at(-1) ?? 1
    const rows = size(shape.slice(0, -1))
    const project = Region.project(region)
    return {
      shape,
      values: Float64Array.from(
        Array.from({ length: rows }, (_, i) => Array.from(project(values.subarray(i * width, (i + 1) * width)))).flat()
      )
    }
  })

export const project = (region: Region.Region, printed: string): Part<unknown> =>
  stateless((step, params) => minus(nearest(region)(plus(params, step)), params), {
    misfits: afterRate(printed)
  })

/** Remembers a mean of the iterates, in which the newest has the weight that its number says. */
const mean = (weight: (count: number) => number, printed: string): Part<unknown> =>
  part<Averaged<Arrays>>({
    init: params => ({ count: 0, average: params }),
    update: (step, state, params) => {
      const count = state.count + 1
      const share = weight(count)
      const average = Params.zipWith((old, next) => (1 - share) * old + share * next)(state.average, plus(params, step))
      return [step, { count, average }]
    },
    state: t.type({ count: t.number, average: Params.codec }),
    estimate: (_, { average }) => average,
    misfits: afterRate(printed)
  })

export const average = (after: number, printed: string): Part<unknown> =>
  mean(count => 1 / Math.max(1, count - after), printed)

export const movingAverage = (decay: number, printed: string): Part<unknown> =>
  mean(count => (1 - decay) / (1 - Elementary.pow(decay, count)), printed)

export const lookahead = (
  { every, share }: { readonly every: number; readonly share: number },
  printed: string
): Part<unknown> =>
  part<Slow<Arrays>>({
    init: params => ({ count: 0, slow: params }),
    update: (step, { count, slow }, params) => {
      if ((count + 1) % every !== 0) return [step, { count: count + 1, slow }]
      const target = Params.zipWith((from, to) => from + share * (to - from))(slow, plus(params, step))
      const back = minus(target, params)
      return [back, { count: count + 1, slow: plus(params, back) }]
    },
    state: t.type({ count: t.number, slow: Params.codec }),
    estimate: (_, { slow }) => slow,
    misfits: afterRate(printed)
  })
