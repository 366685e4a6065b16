/** Line search for a step that satisfies the strong Wolfe conditions (Nocedal & Wright 2006, 3.5 and 3.6). */
import * as t from 'io-ts'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import {
  define,
  dotParams,
  differenceOfArrays,
  sumArrays,
  scaledParams,
  zerosLikeParams,
  type AnyParams,
  type Evaluation
} from './part.js'

/** Position on the line, the objective there, and the derivative along the line. */
export interface LineTrial {
  readonly rate: number
  readonly value: number
  readonly slope: number
}

export interface Wolfe {
  /** c_1: minimum decrease, relative to that predicted by the slope at the start. */
  readonly decrease: number
  /** c_2: maximum size of the slope, relative to that at the start. */
  readonly curvature: number
  /** Maximum number of evaluations in one search. */
  readonly evaluations: number
}

/** Relative difference below which values may differ by rounding alone; slopes are compared instead. */
const VALUE_ROUNDING = 1e-12

/** Minimum of the cubic with the values and slopes of two trials, kept away from the ends of the interval. */
const cubicMinimum = (a: LineTrial, b: LineTrial): number => {
  const width = b.rate - a.rate
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.rate - b.rate)
  const d2 = Math.sign(width) * Math.sqrt(d1 * d1 - a.slope * b.slope)
  const share = 1 - (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
  return a.rate + width * (Number.isFinite(share) ? Math.min(Math.max(share, 0.1), 0.9) : 0.5)
}

/**
 * Finds a step r that satisfies the strong Wolfe conditions on φ, trying `first` first: φ(r) ≤ φ(0) + c_1 r φ′(0) and |φ′(r)| ≤ c_2
 * |φ′(0)|. If the decrease of φ is below rounding, slopes are used instead (the approximate Wolfe condition of Hager & Zhang 2005). If the
 * evaluations run out, returns the lowest trial; null if none is lower than the start.
 */
export const strongWolfe =
  ({ decrease, curvature, evaluations }: Wolfe) =>
  <A extends LineTrial>(phi: (rate: number) => A, start: LineTrial, first: number): A | null => {
    const slack = VALUE_ROUNDING * Math.abs(start.value)
    const falls = ({ rate, value, slope }: LineTrial): boolean =>
      value <= start.value + decrease * rate * start.slope ||
      (Math.abs(value - start.value) <= slack && slope <= (2 * decrease - 1) * start.slope)
    const accepted = (trial: LineTrial): boolean => falls(trial) && Math.abs(trial.slope) <= -curvature * start.slope
    // `low` has the lowest value with sufficient decrease so far, and its slope points towards `high`
    const zoom = (low: LineTrial, lowest: A | null, high: LineTrial, left: number): A | null => {
      if (left === 0) return lowest
      const trial = phi(cubicMinimum(low, high))
      if (accepted(trial)) return trial
      if (!falls(trial) || trial.value >= low.value) return zoom(low, lowest, trial, left - 1)
      return zoom(trial, trial, trial.slope * (high.rate - low.rate) >= 0 ? low : high, left - 1)
    }
    const reach = (before: LineTrial, lowest: A | null, rate: number, left: number): A | null => {
      if (left === 0) return lowest
      const trial = phi(rate)
      if (accepted(trial)) return trial
      if (!falls(trial) || (lowest !== null && trial.value >= before.value))
        return zoom(before, lowest, trial, left - 1)
      return trial.slope >= 0 ? zoom(trial, trial, before, left - 1) : reach(trial, trial, 2 * rate, left - 1)
    }
    return start.slope < 0 ? reach(start, null, first, evaluations) : null
  }

interface LinePoint extends LineTrial, Evaluation<string> {
  readonly params: AnyParams
}

const isSameParameters = (a: AnyParams, b: AnyParams): boolean =>
  Object.values(differenceOfArrays(a, b)).every(({ values }) => values.every(difference => difference === 0))

/**
 * r d for a direction d, with r satisfying the strong Wolfe conditions f(θ + r d) ≤ f(θ) + c_1 r ⟨∇f, d⟩ (`decrease`) and |⟨∇f(θ + r d),
 * d⟩| ≤ c_2 |⟨∇f, d⟩| (`curvature`); r = 1 is tried first (Nocedal & Wright 2006, algorithms 3.5 and 3.6). The next step reuses the last
 * value and gradient. Needs a deterministic objective.
 */
export const lineSearch = define({
  name: 'lineSearch',
  about: 'as long as the strong Wolfe conditions ask',
  fields: {
    /** c_1: minimum decrease of the value, relative to that predicted by the slope. */
    decrease: Field.number({
      holds: decrease => decrease > 0 && decrease < 0.5,
      domain: 'in (0, 1/2)',
      suggestion: 1e-4,
      default: 1e-4,
      arbitrary: fc => fc.double({ min: 1e-6, max: 0.1, noNaN: true })
    }),
    /** c_2: maximum size of the slope, relative to that at the start. */
    curvature: Field.number({
      holds: curvature => curvature > 0 && curvature < 1,
      domain: 'in (0, 1)',
      suggestion: 0.9,
      default: 0.9,
      arbitrary: fc => fc.double({ min: 0.2, max: 0.99, noNaN: true })
    }),
    /** Maximum number of evaluations in one search. */
    evaluations: Field.count({ default: 25 })
  },
  check: ({ decrease, curvature }) =>
    Problem.unless(curvature > decrease, 'curvature', curvature, `in (${decrease}, 1), above decrease`, 'try 0.9'),
  memory: t.type({
    // rate of the last step; 0 before the first
    rate: Params.numberCodec,
    // end of the search, with the objective there; null before the first
    found: t.union([t.type({ params: Params.codec, value: Params.numberCodec, gradient: Params.codec }), t.null])
  }),
  init: () => () => ({ rate: 0, found: null }),
  update:
    wolfe =>
    (direction, _, { params, value, gradient, evaluate }) => {
      const phi = (rate: number): LinePoint => {
        const at = sumArrays(params, scaledParams(rate)(direction))
        const there = evaluate(at)
        return { ...there, rate, params: at, slope: dotParams(there.gradient, direction) }
      }
      const trial = strongWolfe(wolfe)(phi, { rate: 0, value, slope: dotParams(gradient, direction) }, 1)
      return trial === null
        ? [zerosLikeParams(params), { rate: 0, found: { params, value, gradient } }]
        : [
            scaledParams(trial.rate)(direction),
            { rate: trial.rate, found: { params: trial.params, value: trial.value, gradient: trial.gradient } }
          ]
    },
  gain: () => memory => (memory === null ? 1 : memory.rate),
  recall:
    () =>
    (params, { found }) =>
      found !== null && isSameParameters(found.params, params) ? found : null,
  needsObjective: true,
  needsDeterminism: true,
  afterRate: true
})
