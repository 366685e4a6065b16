/** Laws of regularizers: penalties that see the parameters alone. */
import * as fc from 'fast-check'
import type { ValueAndGradient } from '../compile/loss.js'
import type { Points } from '../data/points.js'
import { Compile, Expectation, Key, Objective, type Params, Schedule, type Score } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { compiled, flat } from './check.js'
import { forAll, ofRows, equals } from './lawRows.js'
import type { Laws } from './law.js'
import { objective as ofObjective, type ObjectiveOptions } from './objective.js'

interface Example<P extends string> {
  readonly points: Points
  readonly others: Points
  readonly params: Params.Params<P>
  readonly seed: number
}

/**
 * The laws of a regularizer for a score: those of objectives, and that it looks at the parameters alone.
 *
 * @example
 * import fc from 'fast-check'
 * import { Objective, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const pulled = Objective.regularizer({ norm: 'l1', smoothing: 0.1, parameters: ['means'] })
 * laws.regularizer(pulled, Score.spherical({ components: 2 })).forEach(({ property }) => {
 *   fc.assert(property, { numRuns: 3 })
 * })
 */
export const regularizer = <P extends string>(
  regularizer: Objective.Objective,
  score: Score.Score<P>,
  options: ObjectiveOptions<P> = {}
): Laws => {
  const { params = Arbitrary.params(score), evaluate = Compile.valueAndGrad } = options
  const cases: fc.Arbitrary<Example<P>> = Arbitrary.dimsFor(score).chain(dim =>
    fc.record({
      points: Arbitrary.points({ minRows: Arbitrary.minRows(score) })(dim),
      others: Arbitrary.points({ minRows: Arbitrary.minRows(score) })(dim),
      params: params(dim),
      seed: Arbitrary.seeds
    })
  )
  const at = (
    params: Params.Params<P>,
    points: Points,
    seed: number,
    schedule: Schedule.Schedule = Schedule.ornsteinUhlenbeck
  ): ValueAndGradient<P> =>
    compiled(evaluate({ schedule, score, objective: regularizer, expectation: Expectation.monteCarlo() })(points))(
      params,
      Key.fromSeed(seed)
    )
  const lawOf = forAll(cases)
  return ofRows(Objective.show(regularizer), [
    ofObjective(regularizer, score, options),
    lawOf({
      name: 'looks at the parameters alone',
      statement: '∀ θ, x, x′, keys, schedules: value and gradient are the same. Exactly.',
      source: 'definition of a regularizer',
      says: ({ params, points, others, seed }) => {
        const [one, other] = [at(params, points, seed), at(params, others, seed + 1, Schedule.edm)]
        return equals({ L: other.value, '∇L': flat(other.gradient) }, { L: one.value, '∇L': flat(one.gradient) })
      }
    })
  ])
}
