/**
 * A mixture of von Mises–Fisher distributions on the sphere: the statistic of a row is the row itself, and the concentration κ solves
 * coth κ − 1/κ = |Σ r x|/Σ r (Banerjee et al. 2005).
 */
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Field, Initializer, Key, Params, Pipeline, Problem, Run, Schedule, Score, Stage } from 'ornstein'
import {
  add,
  bisect,
  exp,
  expandDims,
  log,
  log1p,
  matMul,
  mul,
  neg,
  sqrt,
  square,
  sub,
  sum,
  type Tensor
} from 'ornstein/float64'
import type { Program } from './program.js'

/** The κ of a mean length in (0, 1): coth κ − 1/κ rises. */
const concentration = (length: number): number => bisect(k => 1 / Math.tanh(k) - 1 / k < length, 1e-6, 1e6)

/** log of κ/(2π(1 − e^{−2κ})) e^{−κ} */
const constant = (kappa: Tensor): Tensor =>
  sub(sub(log(kappa), add(Math.log(2 * Math.PI), kappa)), log1p(neg(exp(mul(-2, kappa)))))

export const vonMisesFisher = Score.family({
  name: 'vonMisesFisher',
  about: 'von Mises–Fisher distributions on the sphere, κμ in one vector',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components: K }) =>
    () => ({ means: [K, 3], logits: [K] }),
  logDensities:
    () =>
    ({ means }, x) =>
      // At κ = 0, the uniform distribution, its direction has no length.
      add(matMul(x, means, { transposeB: true }), constant(sqrt(add(sum(square(means), 1), 1e-12)))),
  onlyClean: 'its rows lie on a sphere, which noise leaves',
  sufficient: () => ({
    statistics: (_, x) => ({ sum: expandDims(x, 1) }),
    each: (_, { mass: [mass], sum }) => {
      const length = Math.hypot(...sum)
      return { means: sum.map(x => (concentration(length / mass) * x) / length) }
    }
  })
})

// —— check ——

/** Spirals about two poles. */
const cap = (count: number, width: number, along: (z: number, a: number, b: number) => ReadonlyArray<number>) =>
  Array.from({ length: count }, (_, k) => {
    const theta = width * Math.sqrt((k + 0.5) / count)
    const phi = 2.399963229728653 * k
    return along(Math.cos(theta), Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi))
  }).flat()

export const program: Program = {
  title: 'A mixture of von Mises–Fisher distributions by its own statistics',
  run: () => {
    const values = Float64Array.from([...cap(60, 0.8, (z, a, b) => [z, a, b]), ...cap(40, 0.5, (z, a, b) => [a, b, z])])
    const compiled = pipe(
      { rows: 100, dim: 3, values },
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: vonMisesFisher({ components: 2 }),
          initializer: Initializer.values(
            Params.of({
              means: [
                [1, 0.2, 0],
                [0, 0, 2]
              ],
              logits: [0, 0]
            })
          ),
          stages: [Stage.expectationMaximization({ steps: 200, relativeChange: 0 })]
        })
      ),
      Problem.orThrow
    )
    const { value, params } = Run.last(compiled)(Key.fromSeed(0))
    const lengths = [0, 1].map(k => Math.hypot(...params.means.values.subarray(3 * k, 3 * k + 3)))
    const by = 'scipy 1.17.1: optimize.minimize'
    return {
      plan: Compile.explain(compiled),
      checks: [
        { what: '−log-likelihood a row', found: value ?? NaN, wanted: 1.2695698372043187, within: 1e-9, by },
        { what: 'κ of the wide cap', found: lengths[0], wanted: 6.315073533733908, within: 1e-5, by },
        { what: 'κ of the narrow cap', found: lengths[1], wanted: 16.109846457620176, within: 1e-4, by }
      ]
    }
  }
}
