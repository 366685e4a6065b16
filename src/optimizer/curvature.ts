import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import {
  axpyParams,
  define,
  dotParams,
  differenceOfArrays,
  noMemory,
  scaledParams,
  ascentGain,
  type AnyParams,
  type Evaluation
} from './part.js'

/** Step taken, with the change of the gradient along it. */
interface StepAndChange {
  readonly step: AnyParams
  readonly change: AnyParams
}

/** H g by the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4); without pairs, g shortened to length 1 or less. */
const lbfgsDirection = (pairs: ReadonlyArray<StepAndChange>, gradient: AnyParams): AnyParams => {
  const newest = pairs.at(-1)
  if (newest === undefined) return scaledParams(Math.min(1, 1 / Params.norm(gradient)))(gradient)
  const down = pairs.reduceRight<{ readonly q: AnyParams; readonly alphas: ReadonlyArray<number> }>(
    ({ q, alphas }, { step, change }) => {
      const alpha = dotParams(step, q) / dotParams(step, change)
      return { q: axpyParams(-alpha, change, q), alphas: [alpha, ...alphas] }
    },
    { q: gradient, alphas: [] }
  )
  const unit = dotParams(newest.step, newest.change) / dotParams(newest.change, newest.change)
  return pairs.reduce(
    (r, { step, change }, i) => axpyParams(down.alphas[i] - dotParams(change, r) / dotParams(step, change), step, r),
    scaledParams(unit)(down.q)
  )
}

/**
 * H g, with H the approximation of the inverse Hessian from the last `memory` steps (Nocedal 1980); before the first, g shortened to length
 * 1 or less. Needs a deterministic objective.
 */
export const scaleByLbfgs = define({
  name: 'scaleByLbfgs',
  about: 'the inverse Hessian as the last steps tell it, times g',
  fields: {
    /** Number of previous steps used. */
    memory: Field.count({ default: 10 })
  },
  memory: t.type({
    pairs: t.readonlyArray(t.type({ step: Params.codec, change: Params.codec })),
    // at the last update; null before the first
    last: t.union([t.type({ params: Params.codec, gradient: Params.codec }), t.null])
  }),
  init: () => () => ({ pairs: [], last: null }),
  update:
    ({ memory }) =>
    (gradient, { pairs, last }, { params }) => {
      const learn = (last: {
        readonly params: AnyParams
        readonly gradient: AnyParams
      }): ReadonlyArray<StepAndChange> => {
        const pair = {
          step: differenceOfArrays(params, last.params),
          change: differenceOfArrays(gradient, last.gradient)
        }
        // without positive curvature along the step, the direction could be one of ascent
        const curved =
          dotParams(pair.step, pair.change) > Number.EPSILON * Params.norm(pair.step) * Params.norm(pair.change)
        return curved ? [...pairs, pair].slice(-memory) : pairs
      }
      const known = last === null ? pairs : learn(last)
      return [lbfgsDirection(known, gradient), { pairs: known, last: { params, gradient } }]
    },
  gain: ascentGain,
  needsDeterminism: true
})

const MAX_NEWTON_PARAMETERS = 64

/** Relative step of a central difference: the cube root of the machine epsilon. */
const HESSIAN_DIFFERENCE_STEP = Elementary.pow(Number.EPSILON, 1 / 3)

const paramEntries = (params: AnyParams): ReadonlyArray<number> =>
  Object.values(params).flatMap(({ values }) => Array.from(values))

/** Replaces the entries of parameters by those of a vector, in order. */
const withEntries =
  (like: AnyParams) =>
  (values: ReadonlyArray<number>): AnyParams =>
    Object.entries(like).reduce<{ readonly params: AnyParams; readonly at: number }>(
      ({ params, at }, [name, { shape }]) => ({
        params: { ...params, [name]: { shape, values: Float64Array.from(values.slice(at, at + shapeSize(shape))) } },
        at: at + shapeSize(shape)
      }),
      { params: {}, at: 0 }
    ).params

/** Hessian, row by row, by central differences of the gradient. */
const differenceHessian = (params: AnyParams, evaluate: (params: AnyParams) => Evaluation<string>): Float64Array => {
  const theta = paramEntries(params)
  const at = withEntries(params)
  const columns = theta.map((entry, i) => {
    const h = HESSIAN_DIFFERENCE_STEP * Math.max(1, Math.abs(entry))
    const [above, below] = [entry + h, entry - h].map(moved =>
      paramEntries(evaluate(at(theta.map((other, j) => (j === i ? moved : other)))).gradient)
    )
    return above.map((g, j) => (g - below[j]) / (2 * h))
  })
  return Float64Array.from(theta.flatMap((_, i) => theta.map((_, j) => (columns[i][j] + columns[j][i]) / 2)))
}

/**
 * |∇²f|⁻¹ g: the Hessian's eigenvalues in absolute value, so that a step descends at a saddle too (Dauphin et al. 2014), and at least
 * `floor` times the largest. The Hessian is computed by central differences of the exact gradient, two evaluations for each of at most 64
 * parameters. Needs a deterministic objective.
 */
export const scaleByNewton = define({
  name: 'scaleByNewton',
  about: '|∇²f|⁻¹ g',
  fields: {
    /** Lower bound on the eigenvalues, relative to the largest. */
    floor: Field.number({
      holds: floor => floor > 0 && floor < 1,
      domain: 'in (0, 1)',
      suggestion: 1e-8,
      default: 1e-8,
      arbitrary: fc => fc.double({ min: 1e-12, max: 0.5, noNaN: true })
    })
  },
  ...noMemory,
  update:
    ({ floor }) =>
    (gradient, _, { params, evaluate }) => {
      const values = differenceHessian(params, evaluate)
      const count = Math.sqrt(values.length)
      // if second derivatives overflow or vanish, the direction is the gradient itself
      if (!values.every(Number.isFinite) || values.every(value => value === 0)) return [gradient, null]
      const eigen = symmetricEigen({ shape: [count, count], values })
      const g = paramEntries(gradient)
      const least = floor * Math.max(...eigen.values.map(Math.abs))
      const weights = Array.from(eigen.values, (value, k) => {
        const along = g.reduce((sum, entry, j) => sum + entry * eigen.vectors.values[k * count + j], 0)
        return along / Math.max(Math.abs(value), least)
      })
      const direction = g.map((_, j) =>
        weights.reduce((sum, weight, k) => sum + weight * eigen.vectors.values[k * count + j], 0)
      )
      return [withEntries(params)(direction), null]
    },
  gain: ascentGain,
  needsObjective: true,
  needsDeterminism: true,
  requirements: () => (shapes, printed) => {
    const count = Object.values(shapes).reduce((total, shape) => total + shapeSize(shape), 0)
    return Problem.unless(
      count <= MAX_NEWTON_PARAMETERS,
      'optimizer',
      `${printed} of ${count} parameters`,
      `of ≤ ${MAX_NEWTON_PARAMETERS} parameters, each of which costs two evaluations a step`,
      'use Optimizer.lbfgs()'
    )
  }
})
