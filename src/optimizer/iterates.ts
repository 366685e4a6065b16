/** Parts that depend on the result of a step, so they come after the rate. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Entries from '../../lib/arrays/entries.js'
import type { NdArray } from '../../lib/index.js'
import { shapeText, shapeSize } from '../../lib/arrays/ndarray.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import * as Region from './region.js'
import { define, differenceOfArrays, noMemory, sumArrays, ascentGain, type AnyParams } from './part.js'

/** Replaces rows (a vector is one row), or matrices of the last two axes, by the nearest point of the region. */
const nearestInRegion = (region: Region.Region): ((params: AnyParams) => AnyParams) => {
  const axes = Region.regionArrays(region) === 'rows' ? -1 : -2
  const project = Region.project(region)
  return Params.map<NdArray, NdArray>(({ shape, values }) => {
    const columns = shape.at(-1) ?? 1
    const length = shapeSize(shape.slice(axes))
    return {
      shape,
      values: Float64Array.from(
        Array.from({ length: values.length / length }, (_, i) =>
          Array.from(project(values.subarray(i * length, (i + 1) * length), columns))
        ).flat()
      )
    }
  })
}

/**
 * Changes the step to Π(θ + step) − θ, with Π the nearest point of a region, up to the rounding of a sum. A region of rows restricts every
 * row of every array (a vector is one row); a region of matrices the last two axes of every array. If some parameters have another shape,
 * use `Optimizer.only`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params, Region } from 'ornstein'
 *
 * const held = Optimizer.chain(Optimizer.gradientDescent({ rate: 1 }), Optimizer.project(Region.nonNegative))
 * const { init, update } = Optimizer.interpret(held)<'x'>()
 * const start = Params.of({ x: [1, 1] })
 * const [step] = update(Params.of({ x: [0.5, 3] }), init(start), start)
 * assert.deepEqual(step, Params.of({ x: [-0.5, -1] }))
 */
export const project = define({
  name: 'project',
  about: 'to the nearest point of a Region',
  fields: {
    /** Region to which every row, or every matrix, of the parameters is restricted. */
    region: Field.of(Region.concept)
  },
  call: ['region'],
  example: { region: Region.ball({ radius: 4 }) },
  ...noMemory,
  update:
    ({ region }) =>
    (step, _, { params }) => [differenceOfArrays(nearestInRegion(region)(sumArrays(params, step)), params), null],
  requirements:
    ({ region }) =>
    (shapes, printed) => {
      const named = Object.entries(shapes)
      const able = named.filter(([, shape]) => Region.fitsRegion(region)(shape)).map(([name]) => name)
      const remedy =
        able.length === 0 ? 'leave it out' : `hold them alone: Optimizer.only(${JSON.stringify(able)}, ${printed})`
      return named
        .filter(([name]) => !able.includes(name))
        .map(([name, shape]) =>
          Problem.of(
            'optimizer',
            `${printed} on ${name} ${shapeText(shape)}`,
            `on ${Region.regionArrays(region) === 'tall' ? 'matrices of at least as many rows as columns' : 'square matrices'}`,
            remedy
          )
        )
    },
  gain: ascentGain,
  afterRate: true
})

const averagingSpec = {
  memory: t.type({ count: t.number, average: Params.codec }),
  init: () => (params: AnyParams) => ({ count: 0, average: params }),
  gain: ascentGain,
  estimate:
    () =>
    (_: AnyParams, { average }: { readonly average: AnyParams }) =>
      average,
  afterRate: true
}

/** Update that passes the step unchanged and adds the new iterate to the mean, with weight `weight(count)` for the count-th. */
const updateIterateMean =
  (weight: (count: number) => number) =>
  (
    step: AnyParams,
    { count, average }: t.TypeOf<typeof averagingSpec.memory>,
    { params }: { readonly params: AnyParams }
  ): readonly [AnyParams, t.TypeOf<typeof averagingSpec.memory>] => {
    const share = weight(count + 1)
    const next = Params.zipArrays(Entries.combinations(1 - share, share))(average, sumArrays(params, step))
    return [step, { count: count + 1, average: next }]
  }

/**
 * Passes steps unchanged; the optimizer's `estimate`, with which a stage ends, is the mean of the iterates without the first `after`
 * (Polyak & Juditsky 1992).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * const averaged = Optimizer.chain(Optimizer.gradientDescent({ rate: 1 }), Optimizer.average())
 * const { init, update } = Optimizer.interpret(averaged)<'x'>()
 * const start = Params.of({ x: 0 })
 * const [, once] = update(Params.of({ x: -2 }), init(start), start)
 * const [, twice] = update(Params.of({ x: 1 }), once, Params.of({ x: 2 }))
 * assert.deepEqual(Optimizer.estimate(averaged, Params.of({ x: 1 }), twice), Params.of({ x: 1.5 })) // of 2 and 1
 */
export const average = define({
  name: 'average',
  about: 'the mean of the iterates (Polyak & Juditsky 1992)',
  fields: {
    /** Number of iterates at the beginning that are not averaged. */
    after: Field.count({ least: 0, default: 0 })
  },
  ...averagingSpec,
  update: ({ after }) => updateIterateMean(count => 1 / Math.max(1, count - after))
})

/**
 * Passes steps unchanged; the optimizer's `estimate` is the exponential moving average of the iterates: weights fall by `decay` for each
 * step back and sum to 1.
 */
export const ema = define({
  name: 'ema',
  about: 'an exponential moving average of the iterates',
  fields: {
    /** Decay of the weights per step, in (0, 1); the average spans about 1/(1 − decay) steps. */
    decay: Field.fraction({ default: 0.99 })
  },
  ...averagingSpec,
  update: ({ decay }) => updateIterateMean(count => (1 - decay) / (1 - Elementary.pow(decay, count)))
})

/**
 * Lookahead: every `every` steps the slow parameters are updated, φ ← φ + share (θ + step − φ), and the fast ones continue from there
 * (Zhang et al. 2019). The optimizer's `estimate` is φ.
 */
export const lookahead = define({
  name: 'lookahead',
  about: 'slow parameters follow fast ones (Zhang et al. 2019)',
  fields: {
    /** Number of steps between updates of the slow parameters. */
    every: Field.count({ default: 5 }),
    /** Fraction by which the slow parameters move to the fast ones, in (0, 1]. */
    share: Field.number({
      holds: share => share > 0 && share <= 1,
      domain: 'in (0, 1]',
      suggestion: 0.5,
      default: 0.5,
      arbitrary: fc => fc.double({ min: 0.01, max: 1, noNaN: true })
    })
  },
  memory: t.type({ count: t.number, slow: Params.codec }),
  init: () => params => ({ count: 0, slow: params }),
  update:
    ({ every, share }) =>
    (step, { count, slow }, { params }) => {
      if ((count + 1) % every !== 0) return [step, { count: count + 1, slow }]
      const target = Params.zipWith((from, to) => from + share * (to - from))(slow, sumArrays(params, step))
      const back = differenceOfArrays(target, params)
      return [back, { count: count + 1, slow: sumArrays(params, back) }]
    },
  gain: ascentGain,
  estimate:
    () =>
    (_, { slow }) =>
      slow,
  afterRate: true
})
