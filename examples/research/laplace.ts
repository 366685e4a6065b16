/**
 * A mixture of Laplace distributions by its own statistics: |δ| ≤ ½(δ²/|δ₀| + |δ₀|) makes each step a weighted mean, whose weights
 * 1/|δ₀| are known at the E-step (Phillips 2002, An EM algorithm for Laplace). Its components know of no noise.
 */
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Field, Initializer, Key, Params, Pipeline, Problem, Run, Schedule, Score, Stage } from 'ornstein'
import { abs, add, div, exp, maximum, neg, square, sub, transpose, type Tensor } from 'ornstein/float64'
import type { Program } from './program.js'

/** |x − c_k|, [rows, K], of points on a line. */
const deviations = (x: Tensor, means: Tensor): Tensor => abs(sub(x, transpose(means)))

export const laplace = Score.family({
  name: 'laplace',
  about: 'Laplace distributions on a line',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components: K }) =>
    () => ({ means: [K, 1], logScales: [K], logits: [K] }),
  logDensities:
    () =>
    ({ means, logScales }, x) =>
      neg(add(div(deviations(x, means), exp(logScales)), add(logScales, Math.log(2)))),
  onlyClean: 'a Laplace variable with noise has another density',
  sufficient: () => ({
    statistics: ({ means }, x) => {
      const size = maximum(deviations(x, means), 1e-9)
      return { size, weight: div(1, size), first: div(x, size), second: div(square(x), size) }
    },
    each: (_, { mass: [mass], size: [size], weight: [weight], first: [first], second: [second] }) => {
      const centre = first / weight
      return { means: centre, logScales: Math.log((second - centre * first + size) / 2 / mass) }
    }
  })
})

// —— check ——

/** Two groups of quantiles: 60 of scale ½ about −2, 40 of scale 1 about 3. */
const quantiles = (count: number, centre: number, scale: number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, i) => (i + 0.5) / count).map(
    u => centre - scale * Math.sign(u - 0.5) * Math.log(1 - 2 * Math.abs(u - 0.5))
  )

export const program: Program = {
  title: 'A mixture of Laplace distributions by its own statistics',
  run: () => {
    const values = Float64Array.from([...quantiles(60, -2, 0.5), ...quantiles(40, 3, 1)])
    const compiled = pipe(
      { rows: 100, dim: 1, values },
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: laplace({ components: 2 }),
          initializer: Initializer.values(Params.of({ means: [[-1], [1]], logScales: [0, 0], logits: [0, 0] })),
          stages: [Stage.expectationMaximization({ steps: 4000, relativeChange: 0 })]
        })
      ),
      Problem.orThrow
    )
    const { value, params } = Run.last(compiled)(Key.fromSeed(0))
    const by = 'scipy 1.17.1: stats.laplace under optimize.minimize'
    return {
      plan: Compile.explain(compiled),
      checks: [
        { what: '−log-likelihood a row', found: value ?? NaN, wanted: 1.8955209046870183, within: 1e-6, by },
        {
          what: 'centre of the left group',
          found: params.means.values[0],
          wanted: -1.9915964408418187,
          within: 1e-2,
          by
        },
        {
          what: 'scale of the left group',
          found: Math.exp(params.logScales.values[0]),
          wanted: 0.5039786326341762,
          within: 1e-3,
          by
        },
        {
          what: 'scale of the right group',
          found: Math.exp(params.logScales.values[1]),
          wanted: 0.9811286795705102,
          within: 1e-3,
          by
        }
      ]
    }
  }
}
