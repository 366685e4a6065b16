/**
 * Student's t with its degrees of freedom by its own statistics: each row has a precision g, of which the E-step knows
 * E[g | x] = (ν + 1)/(ν + δ²) and E[log g | x]; ν is twice the shape of a Gamma that these say (ECM, Liu & Rubin 1995). `Score.withTails` does this for
 * every covariance; here is how a user would.
 */
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Field, Initializer, Key, Params, Pipeline, Problem, Run, Schedule, Score, Stage } from 'ornstein'
import { add, div, exp, Gamma, log, log1p, logGamma, mul, square, sub, transpose, type Tensor } from 'ornstein/float64'
import type { Program } from './program.js'

/** δ² = (x − c_k)²/σ_k², [rows, K]. */
const distances = (x: Tensor, means: Tensor, logScales: Tensor): Tensor =>
  square(div(sub(x, transpose(means)), exp(logScales)))

export const studentT = Score.family({
  name: 'studentT',
  about: 'Student’s t on a line, with degrees of freedom of its own',
  fields: { components: Field.count({ suggestion: 1 }) },
  parameters:
    ({ components: K }) =>
    () => ({ means: [K, 1], logScales: [K], logNu: [K], logits: [K] }),
  logDensities:
    () =>
    ({ means, logScales, logNu }, x) => {
      const nu = exp(logNu)
      const half = mul(0.5, add(exp(logNu), 1))
      const peak = sub(sub(logGamma(half), logGamma(mul(0.5, nu))), mul(0.5, add(logNu, Math.log(Math.PI))))
      return sub(sub(peak, logScales), mul(half, log1p(div(distances(x, means, logScales), nu))))
    },
  onlyClean: 'the tails of t with noise are another distribution, that of Score.withTails',
  sufficient: () => ({
    statistics: ({ means, logScales, logNu }, x) => {
      const g = div(add(exp(logNu), 1), add(exp(logNu), distances(x, means, logScales)))
      return { g, first: mul(g, x), second: mul(g, square(x)), tails: sub(log(g), g) }
    },
    each: ({ logNu: [old] }, { mass: [mass], g: [g], first: [first], second: [second], tails: [tails] }) => {
      const centre = first / g
      const seen = Gamma.logLessDigamma((Math.exp(old) + 1) / 2)
      // Rows that are equal have no likeliest variance.
      const logScales = Math.log(Math.max(1e-12, (second - centre * first) / mass)) / 2
      return { means: centre, logScales, logNu: Math.log(2 * Gamma.shape(seen - 1 - tails / mass)) }
    }
  })
})

// —— check ——

export const program: Program = {
  title: 'Student’s t with its degrees of freedom by its own statistics (ECM)',
  run: () => {
    // Quantiles of two degrees of freedom, which have a closed form.
    const values = Float64Array.from({ length: 200 }, (_, i) => {
      const u = (i + 0.5) / 200
      return 2 + (1.5 * (2 * u - 1)) / Math.sqrt(2 * u * (1 - u))
    })
    const compiled = pipe(
      { rows: 200, dim: 1, values },
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: studentT({ components: 1 }),
          initializer: Initializer.values(Params.of({ means: [[0]], logScales: [1], logNu: [2], logits: [0] })),
          stages: [Stage.expectationMaximization({ steps: 1000, relativeChange: 0 })]
        })
      ),
      Problem.orThrow
    )
    const { value, params } = Run.last(compiled)(Key.fromSeed(0))
    const by = 'scipy 1.17.1: stats.t under optimize.minimize'
    return {
      plan: Compile.explain(compiled),
      checks: [
        { what: '−log-likelihood a row', found: value ?? NaN, wanted: 2.360509382673925, within: 1e-9, by },
        { what: 'centre', found: params.means.values[0], wanted: 2, within: 1e-6, by },
        { what: 'scale', found: Math.exp(params.logScales.values[0]), wanted: 1.5114692005120476, within: 1e-5, by },
        {
          what: 'degrees of freedom',
          found: Math.exp(params.logNu.values[0]),
          wanted: 2.04655799772423,
          within: 1e-5,
          by
        }
      ]
    }
  }
}
