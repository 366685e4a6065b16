/** The recipes that others are modelled on: chains of parts. */
import { refuse } from '../../lib/plain/refuse.js'
import { isRecord } from '../core/record.js'
import type * as Rate from './rate.js'
import { chain, type Chain } from './chain.js'
import { scaleByAdam, scaleByRate } from './perParameter.js'

export type ScaleByRate = ReturnType<typeof scaleByRate>
export type ScaleByAdam = ReturnType<typeof scaleByAdam>

export interface WithRate {
  /** The length of a step: a number, or a `Rate` that changes with the steps. */
  readonly rate: number | Rate.Rate
}

/** A rate and options, as one record: errors and hints show what may be given, once. */
export type Rated<A = unknown> = { readonly [K in keyof (WithRate & A)]: (WithRate & A)[K] }

/** The options of a part. */
export type Options<Made> = Made extends (options?: infer O) => unknown ? NonNullable<O> : never

/** A recipe by its name. JavaScript may call it without its rate, or with the rate alone. */
export const recipe =
  <G extends WithRate, Made>(name: string, make: (options: G) => Made): ((options: G) => Made) =>
  options => {
    const given: unknown = options
    if (isRecord(given) && given.rate !== undefined) return make(options)
    const found = given === undefined ? 'it is missing' : 'it is not given by its name'
    const rate = typeof given === 'number' ? given : 0.1
    return refuse(`Optimizer.${name}: rate: ${found}; write Optimizer.${name}({ rate: ${rate} })`)
  }

/** θ ← θ − rate · g */
export const gradientDescent = recipe('gradientDescent', ({ rate }: WithRate): ScaleByRate => scaleByRate(rate))

/**
 * Adam: θ ← θ − rate · m̂/(√v̂ + ε) (Kingma & Ba 2015).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * const { init, update } = Optimizer.interpret(Optimizer.adam({ rate: 0.1 }))<'x'>()
 * const start = Params.of({ x: [1, -2] })
 * const [step, [{ count }]] = update(start, init(start), start)
 * assert.ok(Math.abs(step.x.values[0] + 0.1) < 1e-8) // the first step has the length of the rate in each coordinate
 * assert.equal(count, 1)
 */
export const adam = recipe(
  'adam',
  ({ rate, ...moments }: Rated<Options<typeof scaleByAdam>>): Chain<[ScaleByAdam, ScaleByRate]> =>
    chain(scaleByAdam(moments), scaleByRate(rate))
)
