/** Directional derivative of an objective in the parameters, as an objective. */
import { add, jvp, mul, reshape, scalar, type NdArray, type Tensor } from '../../lib/index.js'
import { remembered } from '../../lib/plain/remembered.js'
import { Case, Field, Problem } from '../core/index.js'
import * as Params from '../core/params.js'
import { implicit, show } from './objective.js'
import {
  concept,
  define,
  objectiveForm,
  isMatching,
  isPenalty,
  isValidObjective,
  terms,
  type Bare,
  type Form,
  type Objective,
  type Parts,
  type Penalty,
  type Unfit
} from './term.js'
import * as NoiseLevels from './noiseLevels.js'
import { paramsField, penalizedShapeProblems } from './regularizer.js'

type NamedTensors = Readonly<Record<string, Tensor>>

interface IntegrandRow<R> {
  readonly params: NamedTensors
  readonly constants: NamedTensors
  readonly under: (params: NamedTensors, constants: NamedTensors) => R
}

/** Prefix of the direction's names among a row's constants. */
const DIRECTION_PREFIX = 'v.'
/** Prefix of the integrand's own constants, which may have prefixes themselves: derivatives nest. */
const INTEGRAND_PREFIX = 'of.'

const withPrefix = <A>(prefix: string, all: Readonly<Record<string, A>>): ReadonlyArray<readonly [string, A]> =>
  Object.entries(all).map(([name, a]) => [prefix + name, a])

const withoutPrefix = <A>(prefix: string, all: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, a]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), a]] : []))
  )

const directionConstants = (direction: Params.Params<string>, own: Params.Params<string> = {}): Params.Params<string> =>
  Object.fromEntries([...withPrefix(DIRECTION_PREFIX, direction), ...withPrefix(INTEGRAND_PREFIX, own)])

/** d/dε of the integrand at θ + εv, [rows, 1]. */
const integrandDerivative =
  <R extends IntegrandRow<R>>(integrand: (row: R) => Tensor) =>
  (row: R): Tensor => {
    const { params } = row
    const direction = withoutPrefix(DIRECTION_PREFIX, row.constants)
    const own = withoutPrefix(INTEGRAND_PREFIX, row.constants)
    return jvp(step => {
      const moved = Object.entries(direction).map(([name, v]): [string, Tensor] => [
        name,
        add(params[name], mul(step, v))
      ])
      return reshape(integrand(row.under(Object.fromEntries(moved), own)), [-1, 1])
    })(scalar(0), scalar(1))
  }

type Integrand = (row: never) => Tensor

const memoizedDerivative = remembered((integrand: Integrand): Integrand => integrandDerivative(integrand))

/** Derivative of an integrand, memoized, so that all directions share a compiled program. */
const derivativeOf = <R extends IntegrandRow<R>>(integrand: (row: R) => Tensor): ((row: R) => Tensor) =>
  // An integrand is mapped to one with the same row type, which the cache's type cannot express.
  memoizedDerivative(integrand) as (row: R) => Tensor

/** Field for an inner objective. Its random examples are neither sums nor weighted, since all parts of a sum are rarely accepted. */
export const innerObjectiveField: Field.Field<Objective, Objective> = {
  ...Field.of(concept),
  arbitrary: (_, any) => any(concept.name, 3)
}

/** ⟨∇p, v⟩ of a penalty p, with ∇²p v as gradient. */
const penaltyAlong = (direction: Params.Params<string>, { penalty, curvature, ...rest }: Bare<Penalty>): Form => ({
  ...rest,
  penalty: params => ({
    value: Object.entries<NdArray>(penalty(params).gradient).reduce(
      (sum, [name, { values }]) => values.reduce((sum, g, i) => sum + g * direction[name].values[i], sum),
      0
    ),
    gradient: Params.zipWith((a, b) => a * b)(curvature?.(params) ?? Params.mapValues(() => NaN)(params), direction)
  })
})

const alongCase = define({
  name: 'directionalDerivative',
  about: 'the derivative of an objective along a direction of the parameters',
  fields: {
    /** v, in the shapes of the parameters. */
    direction: paramsField,
    /** Objective to differentiate. */
    objective: innerObjectiveField
  },
  call: ['direction'],
  on: 'objective',
  example: { direction: Params.of({ means: [[1], [0]] }), objective: implicit(NoiseLevels.at(0.3)) },
  formula: ({ objective }) => `∂/∂θ · v (${Case.formula(objective)})`,
  check: ({ objective }) =>
    !isValidObjective(objective)
      ? []
      : terms(objective).flatMap(({ term }) =>
          Problem.unless(
            !(isPenalty(term) && term.curvature === undefined) && !(isMatching(term) && term.pairs !== undefined),
            'objective',
            show(term.of),
            'a mean over rows whose gradient is the derivative of its value, or a penalty that says its curvature',
            'leave it out, or take the derivative of another'
          )
        ),
  meaning: ({ direction, objective }): Form | Parts => {
    const form = objectiveForm(objective)
    if ('parts' in form)
      return { parts: form.parts.map(part => ({ ...part, objective: alongCase(direction)(part.objective) })) }
    if ('penalty' in form) return penaltyAlong(direction, form)
    // The direction may leave the centres' span; noise projected on it would bias a second derivative.
    const rest = {
      ...form,
      proper: false,
      ...('supportsProjectedNoise' in form && { supportsProjectedNoise: undefined })
    }
    const constants = directionConstants(direction, rest.constants)
    const unfit: Unfit = (shapes, score, dim) => [
      ...(rest.unfit?.(shapes, score, dim) ?? []),
      ...penalizedShapeProblems({ towards: direction }, 'objective.direction')(shapes, score, dim)
    ]
    if (!('noiseLevels' in rest)) return { ...rest, constants, unfit, perDatum: derivativeOf(rest.perDatum) }
    const { exact, ...own } = rest
    return {
      ...own,
      constants,
      unfit,
      perRow: derivativeOf(rest.perRow),
      ...(exact !== undefined && { exact: alongCase(direction)(exact) })
    }
  }
})

/**
 * Directional derivative of an objective, ℓ′ = Σ ∂ℓ/∂θ · v row by row: its value is ⟨∇L, v⟩ and its gradient ∇²L v, exact to rounding. One
 * compiled program serves all directions.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * // L′ and L″ of the pair's one centre, L″ beside differences of L′.
 * const of = (objective: Objective.Objective) => {
 *   const evaluate = Problem.orThrow(
 *     Compile.valueAndGrad({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.symmetricPair,
 *       objective,
 *       expectation: Expectation.monteCarlo()
 *     })({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
 *   )
 *   return (mean: number) => evaluate(Params.of({ mean: [mean] }), Key.fromSeed(0))
 * }
 * const implicit = Objective.implicit(NoiseLevels.at(0.5))
 * const slope = (mean: number): number => of(implicit)(mean).gradient.mean.values[0]
 * const along = of(Objective.directionalDerivative(Params.of({ mean: [1] }))(implicit))(0.7)
 * assert.ok(Math.abs(along.value - slope(0.7)) < 1e-14)
 * assert.ok(Math.abs(along.gradient.mean.values[0] - (slope(0.701) - slope(0.699)) / 0.002) < 1e-5)
 */
export const directionalDerivative = alongCase
