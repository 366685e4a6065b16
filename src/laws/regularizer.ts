/** Laws of regularizers: penalties that see the parameters alone. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import type { ValueAndGradient } from '../compile/loss.js'
import type { Points } from '../data/points.js'
import { Case as Of, Compile, Expectation, Key, Objective, Params, Schedule, Score } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { compiled, flat, greatest } from './check.js'
import { over, ofRows, is, isAtMost } from './lawRows.js'
import type { Laws } from './law.js'
import { objective as ofObjective, type ObjectiveOptions } from './objective.js'

interface Example<P extends string> {
  readonly points: Points
  readonly others: Points
  readonly params: Params.Params<P>
  readonly further: Params.Params<P>
  readonly seed: number
}

/** The names that a regularizer holds, of those of a score. */
const heldBy = (
  { parameters, towards }: Of.MadeBy<typeof Objective.regularizer>,
  names: ReadonlyArray<string>
): ReadonlyArray<string> => parameters ?? (towards === null ? names : Params.names(towards))

/**
 * The laws of a regularizer for a score: those of objectives, and that it is what is written, of the parameters alone.
 *
 * @example
 * import fc from 'fast-check'
 * import { Objective, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const pulled = Objective.regularizer({ norm: 'l1', smoothing: 0.1, parameters: ['means'] })
 * laws.regularizer(pulled, Score.spherical({ components: 2 })).forEach(({ property }) => {
 *   fc.assert(property, { numRuns: 10 })
 * })
 */
export const regularizer = <P extends string>(
  regularizer: Objective.Objective,
  score: Score.Score<P>,
  options: ObjectiveOptions<P> = {}
): Laws => {
  const { params = Arbitrary.params(score), slack = 1, evaluate = Compile.valueAndGrad } = options
  const terms = Objective.terms(regularizer).flatMap(({ weight, term }) =>
    Of.isMadeBy(Objective.regularizer)(term.of) ? [{ weight, term: term.of }] : []
  )
  const cases: fc.Arbitrary<Example<P>> = Arbitrary.dims.chain(dim =>
    fc.record({
      points: Arbitrary.points({ minRows: Arbitrary.minRows(score) })(dim),
      others: Arbitrary.points({ minRows: Arbitrary.minRows(score) })(dim),
      params: params(dim),
      further: params(dim),
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
  /** Σ of the penalty of every entry's distance from where it is pulled to. */
  const written = (params: Params.Params<P>): number => {
    const named: Params.Params<string> = params
    return terms.reduce((total, { weight, term }) => {
      const { norm, smoothing, towards } = term
      const entries = heldBy(term, Params.names(named)).flatMap(name =>
        Array.from(named[name].values, (value, i) => value - (towards?.[name]?.values[i] ?? 0))
      )
      const penalty = (x: number): number => (norm === 'l2' ? x * x : Elementary.hypot(x, smoothing) - smoothing)
      return total + weight * entries.reduce((sum, x) => sum + penalty(x), 0)
    }, 0)
  }
  const tolerance = (...params: ReadonlyArray<Params.Params<P>>): number => {
    const entries = params.flatMap(flat)
    return slack * 1e-14 * entries.length * Elementary.square(4 + greatest(entries))
  }
  /** Of a penalty of one's own nobody knows the formula, nor that it is convex. */
  const isKnown = terms.length === Objective.terms(regularizer).length
  const size = 'To 1e-14 n r², n the number of parameters and r their size: n terms of that size are rounded.'

  const names = Params.names(Score.shapes(1)(score))
  const namesAll = isKnown && names.every(name => terms.some(({ term }) => heldBy(term, names).includes(name)))
  const known = { claim: isKnown, unless: 'of a penalty of one’s own nobody knows the formula' } as const
  const lawOf = over(cases)
  return ofRows(Objective.show(regularizer), [
    ofObjective(regularizer, score, options),
    lawOf({
      name: 'looks at the parameters alone',
      statement: '∀ θ, x, x′, keys, schedules: value and gradient are the same. Exactly.',
      source: 'definition of a regularizer',
      says: ({ params, points, others, seed }) => {
        const [one, other] = [at(params, points, seed), at(params, others, seed + 1, Schedule.edm)]
        return is({ L: other.value, '∇L': flat(other.gradient) }, { L: one.value, '∇L': flat(one.gradient) })
      }
    }),
    lawOf({
      ...known,
      name: 'is the sum that is written',
      statement: `∀ θ: its value is Σ (θ − θ_0)², or Σ √((θ − θ_0)² + ε²) − ε, over what it names. ${size}`,
      source: 'Hoerl & Kennard 1970; Tibshirani 1996',
      says: ({ params, points, seed }) => is(at(params, points, seed).value, written(params), tolerance(params))
    }),
    lawOf({
      ...(namesAll ? { claim: false, unless: 'it names all parameters' } : known),
      name: 'leaves the parameters that it does not name alone',
      statement: '∀ θ: ∂L/∂θ_i = 0 for every parameter that it does not name. Exactly.',
      source: 'definition of a regularizer',
      says: ({ params, points, seed }) => {
        const { gradient } = at(params, points, seed)
        const held = terms.flatMap(({ term }) => heldBy(term, names))
        return names.filter(name => !held.includes(name)).map(name => is(gradient[name].values, 0))
      }
    }),
    lawOf({
      ...known,
      name: 'is convex',
      statement: `∀ θ, θ′: L(½θ + ½θ′) ≤ ½L(θ) + ½L(θ′), and L(θ′) ≥ L(θ) + ⟨∇L(θ), θ′ − θ⟩. ${size}`,
      source: 'a norm is convex',
      says: ({ params, further, points, seed }) => {
        const [here, there] = [at(params, points, seed), at(further, points, seed)]
        const middle = at(Params.zipWith((a, b) => (a + b) / 2)(params, further), points, seed)
        const between = (here.value + there.value) / 2
        const [from, to, slope] = [params, further, here.gradient].map(flat)
        const tangent = here.value + slope.reduce((sum, g, i) => sum + g * (to[i] - from[i]), 0)
        const close = tolerance(params, further)
        return [isAtMost(middle.value, between, close), isAtMost(tangent, there.value, close)]
      }
    })
  ])
}
