/** Law that float32, if declared accurate, differs from float64 by no more than rounding the arguments would change it. */
import * as fc from 'fast-check'
import * as Compiler from '../../lib/compiler/index.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import type { Points } from '../data/points.js'
import {
  Compile,
  Expectation,
  Key,
  Net,
  type Objective,
  Parametrization,
  Params,
  type Schedule,
  Score
} from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { compiledOrThrow, flattenParams, sumNumbers, maxAbs } from './check.js'
import { forAll, equals, type LawBuilder } from './lawRows.js'

/** Assumed number of roundings from a parameter to the loss. */
const ROUNDINGS = 32
/** Relative change of an argument, small enough to be linear. */
const RELATIVE_CHANGE = Elementary.powerOfTwo(-20)
const FLOAT32_ROUNDING = Elementary.powerOfTwo(-24)

/** A network: the cancelling densities of a mixture are inaccurate in float32. */
const precisionNetwork = Score.network(Net.mlp({ hidden: [4] }), { predicts: Parametrization.noise })

interface PrecisionCase {
  readonly schedule: Schedule.Schedule
  readonly points: Points
  readonly params: Params.Params<string>
  readonly seed: number
}

/** Law that losses in float32 and float64 agree, if objective and expectation declare it. */
export const singlePrecisionLaw = (
  objective: Objective.Objective,
  schedules: fc.Arbitrary<Schedule.Schedule>,
  expectation: Expectation.Expectation = Expectation.monteCarlo()
): LawBuilder => {
  const lossIn = lossInPrecision(objective, expectation)
  return forAll(precisionCases(schedules))({
    name: 'floats are enough, as it says',
    quantity: 'value or gradient in single precision',
    statement: `∀ θ of a network, x, keys: in single precision value and gradient are what they are in double, to ${ROUNDINGS} · 2⁻²⁴ times their size and what a relative change of every parameter and coordinate, one by one, comes to in them: so far is the exact result of numbers that are each rounded ${ROUNDINGS} times. A small difference of large numbers is farther off.`,
    source: 'Higham 2002, Accuracy and Stability of Numerical Algorithms, §1.6: backward error times condition',
    maxCases: 10,
    says: each => {
      const { params } = each
      const evaluate = lossIn('float64', each)
      const wanted = evaluate(params)
      const found = lossIn('float32', each)(params)
      const changed = [
        ...singleEntryChanges(params).map(evaluate),
        ...perturbedPoints(each.points).map(points => lossIn('float64', { ...each, points })(params))
      ]
      const sizes = wanted.map(
        (value, k) => Math.abs(value) + sumNumbers(changed.map(row => Math.abs(row[k] - value))) / RELATIVE_CHANGE
      )
      return [
        equals(found[0], wanted[0], ROUNDINGS * FLOAT32_ROUNDING * sizes[0]),
        equals(found.slice(1), wanted.slice(1), ROUNDINGS * FLOAT32_ROUNDING * maxAbs(sizes.slice(1)))
      ]
    }
  })
}

const precisionCases = (schedules: fc.Arbitrary<Schedule.Schedule>): fc.Arbitrary<PrecisionCase> =>
  Arbitrary.dims.chain(dim =>
    schedules.chain(schedule =>
      fc.record({
        schedule: fc.constant(schedule),
        points: Arbitrary.points({ maxRows: 2, extent: 2, far: 1, weights: false })(dim),
        params: Arbitrary.params(precisionNetwork)(dim),
        seed: Arbitrary.seeds
      })
    )
  )

const lossInPrecision = (objective: Objective.Objective, expectation: Expectation.Expectation) => {
  const libraries = { float32: Compiler.library('float32'), float64: Compiler.library() }
  return (
    precision: 'float32' | 'float64',
    { schedule, points, seed }: Omit<PrecisionCase, 'params'>
  ): ((params: Params.Params<string>) => ReadonlyArray<number>) => {
    const loss = { schedule, score: precisionNetwork, objective, expectation }
    const evaluate = compiledOrThrow(Compile.valueAndGrad(loss, { precision, library: libraries[precision] })(points))
    return params => {
      const { value, gradient } = evaluate(params, Key.fromSeed(seed))
      return [value, ...flattenParams(gradient)]
    }
  }
}

const singleEntryChanges = (params: Params.Params<string>): ReadonlyArray<Params.Params<string>> =>
  Params.names(params).flatMap(name =>
    Array.from(params[name].values, (_, at) => {
      const values = params[name].values.map((x, i) => (i === at ? x * (1 + RELATIVE_CHANGE) : x))
      return { ...params, [name]: { ...params[name], values } }
    })
  )

/** The points with each coordinate in turn changed by RELATIVE_CHANGE (1 + |x|). */
const perturbedPoints = (points: Points): ReadonlyArray<Points> =>
  Array.from(points.values, (_, at) => ({
    ...points,
    values: points.values.map((x, i) => (i === at ? x + RELATIVE_CHANGE * (1 + Math.abs(x)) : x))
  }))
