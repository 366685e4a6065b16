/**
 * Student's t with its degrees of freedom by its own statistics: each row has a precision g, of which the E-step knows
 * E[g | x] = (ν + 1)/(ν + δ²) and E[log g | x]; ν is the root of one equation (ECM, Liu & Rubin 1995). `Score.withTails` does this for
 * every covariance; here is how a user would.
 */
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Field, Initializer, Key, Params, Pipeline, Problem, Run, Schedule, Score, Stage } from 'ornstein'
import {
  add,
  div,
  exp,
  Gamma,
  log,
  log1p,
  logSoftmax,
  mul,
  square,
  sub,
  transpose,
  type Tensor
} from 'ornstein/float64'
import type { Program } from './program.js'

/** δ² = (x − c_k)²/σ_k², [rows, K]. */
const distances = (x: Tensor, means: Tensor, logScales: Tensor): Tensor =>
  square(div(sub(x, transpose(means)), exp(logScales)))

/** log Γ by Stirling's series from z + 8 on, in the vocabulary. */
const logGamma = (z: Tensor): Tensor => {
  const far = add(z, 8)
  const product = Array.from({ length: 8 }, (_, i) => add(z, i)).reduce((all, one) => mul(all, one))
  const series = add(
    div(1 / 12, far),
    add(div(-1 / 360, mul(far, square(far))), div(1 / 1260, mul(far, square(square(far)))))
  )
  return add(sub(sub(mul(sub(far, 0.5), log(far)), far), log(product)), add(series, Math.log(2 * Math.PI) / 2))
}

/** The ν at which log ν/2 − ψ(ν/2) + 1 + mean is 0, by bisection in log ν. */
const freedom = (mean: number): number => {
  const slope = (nu: number): number => Gamma.logLessDigamma(nu / 2) + 1 + mean
  const [low] = Array.from({ length: 60 }).reduce<readonly [number, number]>(
    ([low, high]) => (slope(Math.exp((low + high) / 2)) > 0 ? [(low + high) / 2, high] : [low, (low + high) / 2]),
    [Math.log(0.05), Math.log(1000)]
  )
  return Math.exp(low)
}

export const studentT = Score.family({
  name: 'studentT',
  about: 'Student’s t on a line, with degrees of freedom of its own',
  fields: { components: Field.count({ suggestion: 1 }) },
  parameters:
    ({ components: K }) =>
    () => ({ means: [K, 1], logScales: [K], logNu: [K], logits: [K] }),
  components:
    () =>
    ({ means, logScales, logNu, logits }) => ({
      logWeights: logSoftmax(logits),
      centres: means,
      logDensity: x => {
        const nu = exp(logNu)
        const half = div(add(nu, 1), 2)
        const constant = sub(
          sub(logGamma(half), logGamma(div(nu, 2))),
          add(div(add(logNu, Math.log(Math.PI)), 2), logScales)
        )
        return sub(constant, mul(half, log1p(div(distances(x, means, logScales), nu))))
      }
    }),
  onlyClean: 'the tails of t with noise are another distribution, that of Score.withTails',
  sufficient: () => ({
    statistics: ({ means, logScales, logNu }, x) => {
      const nu = exp(logNu)
      const g = div(add(nu, 1), add(nu, distances(x, means, logScales)))
      return { g, first: mul(g, x), second: mul(g, square(x)), tails: sub(log(g), g) }
    },
    maximise: ({ logNu }, { mass, g, first, second, tails }) => {
      const centre = g.values.map((w, k) => first.values[k] / w)
      const variance = centre.map(
        (c, k) => (second.values[k] - 2 * c * first.values[k] + c * c * g.values[k]) / mass.values[k]
      )
      const nu = logNu.values.map((l, k) =>
        Math.log(freedom(tails.values[k] / mass.values[k] - Gamma.logLessDigamma((Math.exp(l) + 1) / 2)))
      )
      return Params.of({
        means: Array.from(centre, c => [c]),
        logScales: Array.from(variance, v => Math.log(v) / 2),
        logNu: Array.from(nu),
        logits: Array.from(mass.values, Math.log)
      })
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
