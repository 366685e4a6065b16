/** Lyapunov's laws of a population: a loss falls along its gradient flow, as fast as its gradient says, and EM's map never raises −E log p. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { type Params, Population } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { greatest, sumOf } from './check.js'
import { equals, atMost, ofRows, forAll } from './lawRows.js'
import type { Laws } from './law.js'
import { codeOf, scripted } from './script.js'

export interface LyapunovOptions<P extends string> {
  /** What is repeated and never raises its value, in the place of `Population.expectationMaximization(loss)`; null for no map. */
  readonly map?: Population.Step<P> | null
  /** What is believed to compute value and gradient; by default what is compiled. */
  readonly evaluate?: Population.Loss<P>['evaluate']
  /** What is believed to be the gradient flow; by default `Population.flow`. */
  readonly flow?: typeof Population.flow
  /** From where it flows; by default parameters within the reach of the truth. */
  readonly starts?: fc.Arbitrary<Params.Params<P>>
  /** The time of a flow; 2 unless given. */
  readonly time?: number
}

/** Steps of a map. */
const STEPS = 12
/** Steps of a flow: of a right one tens. */
const MOST = 500
/** The error of a step of the flow, as a share of its length. */
const TOLERANCE = 1e-4

/**
 * The laws of the flows of a population's loss.
 *
 * @example
 * import fc from 'fast-check'
 * import { Mixture, Objective, Score, TimeLaw } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws
 *   .lyapunov({
 *     score: Score.spherical({ components: 2 }),
 *     objective: Objective.against(Mixture.of({ means: [[-2], [2]] }), TimeLaw.at(0.1))
 *   })
 *   .forEach(({ property }) => {
 *     fc.assert(property, { seed: 1, numRuns: 2 })
 *   })
 */
export const lyapunov = <P extends string>(
  description: Population.Description<P>,
  { flow = Population.flow, time = 2, ...options }: LyapunovOptions<P> = {}
): Laws => {
  const made = Population.loss(description)
  const loss = { ...made, evaluate: options.evaluate ?? made.evaluate }
  const { score, objective, schedule, data } = loss
  const starts = options.starts ?? Arbitrary.params(score, { extent: 4 })(data.dim)
  const map =
    options.map === undefined
      ? E.tryCatch(() => Population.expectationMaximization(loss), String)
      : E.fromNullable('no map is given')(options.map)
  const lawOf = forAll(fc.record({ start: starts }))
  const stated = { score, objective, schedule, data: data.mixture }
  return scripted(
    { by: 'lyapunov', of: [stated, { time }] },
    ofRows(`laws.lyapunov(${codeOf(stated)})`, [
      lawOf({
        name: 'the loss falls along its gradient flow',
        statement: `∀ θ_0: L(θ(t)) never rises, θ′ = −∇L, at every moment of the flow until t = ${time}. To 1e-13 (1 + |L(θ_0)|), its rounding.`,
        source: 'Lyapunov 1892: dL/dt = −|∇L|²',
        maxCases: 20,
        says: ({ start }) => {
          const values = flow(loss, { until: { time, steps: MOST } })(start).map(({ value }) => value)
          return values.length > 1 && atMost(values.slice(1), values.slice(0, -1), 1e-13 * (1 + Math.abs(values[0])))
        }
      }),
      lawOf({
        name: 'the loss falls as fast as its gradient is long',
        statement: `∀ θ_0: L(θ_0) − L(θ(${time})) = ∫ |∇L|² dt, by the trapezoidal rule on the moments of the flow. To what every second moment alone says otherwise, and to ${20 * TOLERANCE} of the integral and 1e-13 (1 + |L|), the errors of the steps and of rounding.`,
        source: 'Lyapunov 1892: dL/dt = −|∇L|²',
        maxCases: 20,
        says: ({ start }) => {
          const course = flow(loss, { until: { time, steps: MOST }, tolerance: TOLERANCE / 10 })(start)
          const integral = (moments: typeof course): number =>
            sumOf(
              moments.slice(1).map((after, i) => {
                const [a, b] = [moments[i], after]
                return ((b.time - a.time) * (Elementary.square(a.gradientNorm) + Elementary.square(b.gradientNorm))) / 2
              })
            )
          const whole = integral(course)
          const half = integral(course.filter((_, i) => i % 2 === 0 || i === course.length - 1))
          const [first, last] = [course[0].value, course[course.length - 1].value]
          return (
            course.length > 4 &&
            equals(
              first - last,
              whole,
              Math.abs(whole - half) + 20 * TOLERANCE * whole + 1e-13 * (1 + greatest([first, last]))
            )
          )
        }
      }),
      lawOf({
        claim: E.isRight(map) && map.right,
        option: 'map',
        ...(E.isLeft(map) && { reason: map.left }),
        name: 'the map never raises its value',
        statement: `∀ θ_0: −E log p_t(x_t; θ_i) does not rise over ${STEPS} steps θ_{i+1} = M(θ_i), of expectation–maximization unless another map is given. To 1e-12 (1 + |value|), its rounding.`,
        source: 'Dempster, Laird & Rubin 1977, JRSS B 39:1–38',
        maxCases: 20,
        says: ({ start }, map) => {
          const course = Population.flow(loss, { map, until: { steps: STEPS } })(start)
          const values = course.map(({ value }) => value)
          return values.length > 1 && atMost(values.slice(1), values.slice(0, -1), 1e-12 * (1 + Math.abs(values[0])))
        }
      })
    ])
  )
}
