/**
 * A mixture by the least kernel Stein discrepancy: E k_p(x, x′) over pairs of rows, which reads the score alone and gives far rows little weight
 * (Liu, Lee & Jordan 2016, arXiv 1602.03253; Barp et al. 2019, arXiv 1906.08283).
 */
import * as O from 'fp-ts/lib/Option.js'
import {
  Compile,
  Expectation,
  fit,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Picture,
  Pipeline,
  Problem,
  Rate,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { add, concat, div, mul, pow, slice, sub, sum, type Tensor } from 'ornstein/float64'
import type { Program } from './program.js'

const schedule = Schedule.ornsteinUhlenbeck
const score = Score.isotropic({ components: 2 })

/** Of k = (1 + |x − x′|²)^−½: ⟨s, s′⟩k + ⟨s, ∇′k⟩ + ⟨s′, ∇k⟩ + tr ∇∇′k, where u = (x, s). */
const stein = (u: Tensor, v: Tensor): Tensor => {
  const d = (u.shape[2] ?? 0) / 2
  const [x, s, y, r] = [u, v].flatMap(w => [0, d].map(from => slice(w, [0, 0, from], [w.shape[0], w.shape[1] ?? 0, d])))
  const dot = (a: Tensor, b: Tensor): Tensor => sum(mul(a, b), 2)
  const apart = sub(x, y)
  const far = dot(apart, apart)
  const k = pow(add(1, far), -0.5)
  const bend = div(k, add(1, far))
  const own = add(mul(k, dot(s, r)), mul(bend, dot(apart, sub(s, r))))
  return add(own, mul(bend, sub(d, div(mul(3, far), add(1, far)))))
}
export const discrepancy = Objective.pairwise(
  'KSD²',
  NoiseLevels.clean,
  ({ clean, score }) => concat([clean, score], 1),
  stein
)

const start = Params.of({ means: [[-1], [1]], logits: [0, 0], logVariances: [0, 0] })
const pipelineOf = (steps: number) => {
  const optimizer = Optimizer.adam({ rate: Rate.cosine({ rate: 0.1, steps }) })
  const stages = [Stage.descend({ objective: discrepancy, optimizer, steps })]
  return Pipeline.of({ schedule, score, initializer: Initializer.values(start), stages })
}

// —— check: SciPy's numbers for two groups of quantiles and two rows far out, which likelihood follows ——

const group = (rows: number, mean: number, deviation: number): ReadonlyArray<number> =>
  Array.from(
    { length: rows },
    (_, i) => mean + deviation * Mixture.quantile((i + 0.5) / rows)(Mixture.of({ means: [[0]] }))
  )
const values = Float64Array.from([...group(60, -2, 0.7), ...group(40, 2, 1), 12, 15])

export const program: Program = {
  title: 'A mixture by the least kernel Stein discrepancy (arXiv 1906.08283)',
  run: effort => {
    const points = { rows: values.length, dim: 1, values }
    const compiled = Problem.orThrow(Compile.pipeline(pipelineOf(Math.max(150, 400 * effort)))(points))
    const { value, params } = Run.last(compiled)(Key.fromSeed(0))
    const loss = { schedule, score, objective: discrepancy, expectation: Expectation.monteCarlo() }
    const first = Problem.orThrow(Compile.value(loss)(points))(start, Key.fromSeed(0))
    const by = 'scipy 1.17.1: sums over all pairs, optimize.minimize'
    const likelier = fit(points, { components: 2, family: 'isotropic' })
    const mixture = O.toNullable(Score.toMixture(score)(params)) ?? Mixture.of({ means: [] })
    return {
      plan: Compile.explain(compiled),
      checks: [
        { what: 'KSD² at the start', found: first, wanted: 0.2757319331366906, within: 1e-12, by },
        {
          what: 'KSD² at the end',
          found: value ?? NaN,
          wanted: -0.019152084696696436,
          within: effort < 1 ? 0.02 : 1e-9,
          by
        },
        {
          what: 'centre of the right group',
          found: mixture.means.values[1],
          wanted: 2.02705507,
          within: effort < 1 ? 0.3 : 1e-4,
          by
        },
        {
          what: 'its standard deviation',
          found: Math.sqrt(mixture.variances[1]),
          wanted: 1.12888325,
          within: effort < 1 ? 0.3 : 1e-4,
          by
        },
        {
          what: 'by likelihood, which two far rows shift',
          found: Math.sqrt(Math.max(...likelier.mixture.variances)),
          wanted: 2.97828762,
          within: 1e-2,
          by: 'scipy 1.17.1: optimize.minimize'
        }
      ],
      picture: Picture.density(mixture, points)
    }
  }
}
