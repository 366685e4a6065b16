/** Expectation–maximization under a prior: it ends where likelihood and prior together are flat, and nothing collapses. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Initializer,
  Key,
  Mixture,
  Params,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage
} from '../../../../src/index.js'
import * as Points from '../../../../src/data/index.js'
import type { NdArray } from '../../../../lib/index.js'
import * as ExpectationMaximization from '../../../../src/mixture/em/expectationMaximization.js'
import { there } from '../../../there.js'

const KAPPA = 0.01
const dim = 2
const count = 2
const truth = Mixture.of({
  means: [[-2, 0], [2, 1]], // prettier-ignore
  covariances: [[[1, 0.5], [0.5, 1]], [[1, -0.3], [-0.3, 0.5]]] // prettier-ignore
})
const drawn = Mixture.sample(40)(Key.fromSeed(1))(truth)
/** Rows of weight 2 are two rows. */
const points: Points.Points = { ...drawn, weights: Float64Array.from({ length: 40 }, (_, i) => 1 + (i % 2)) }
const rows = Points.totalWeight(points)
const mean = Points.mean(points)
const cov = Points.covariance(points).map(c => (c * rows) / (rows - 1))
const nu = dim + 2

const det = (s: ReadonlyArray<number>): number => s[0] * s[3] - s[1] * s[2]
/** xᵀ S⁻¹ y and tr(A S⁻¹) of two by two. */
const inverse = (s: ReadonlyArray<number>): ReadonlyArray<number> => [s[3], -s[1], -s[2], s[0]].map(x => x / det(s))
const trace = (a: ArrayLike<number>, b: ReadonlyArray<number>): number =>
  a[0] * b[0] + a[1] * b[2] + a[2] * b[1] + a[3] * b[3]

/** log N(c; μ, Σ/κ) but for constants. */
const ofMean = (c: ReadonlyArray<number>, s: ReadonlyArray<number>): number => {
  const r = c.map((x, j) => x - mean[j])
  const outer = [r[0] * r[0], r[0] * r[1], r[1] * r[0], r[1] * r[1]]
  return -Math.log(det(s)) / 2 - (KAPPA / 2) * trace(outer, inverse(s))
}
const zeta = (cov[0] + cov[3]) / 2 / count
/** Fraley & Raftery's densities of a covariance, but for constants: of any shape, of independent columns, of one variance. */
const wishart = (s: ReadonlyArray<number>): number =>
  (-(nu + dim + 1) / 2) * Math.log(det(s)) -
  trace(
    cov.map(x => x / count),
    inverse(s)
  ) /
    2
const gammas = (s: ReadonlyArray<number>): number =>
  [s[0], s[3]].reduce((sum, v) => sum - (nu / 2 + 1) * Math.log(v) - zeta / (2 * v), 0)
const gamma = ([v]: ReadonlyArray<number>): number => -(nu / 2 + 1) * Math.log(v) - zeta / (2 * v)

const families: ReadonlyArray<
  readonly [score: Score.Score<string>, ofCovariance: (s: ReadonlyArray<number>) => number, isShared: boolean]
> = [
  [Score.full({ components: count }), wishart, false],
  [Score.lowRank({ components: count, rank: 1 }), wishart, false],
  [Score.tied({ components: count }), wishart, true],
  [Score.diagonal({ components: count }), gammas, false],
  [Score.tiedDiagonal({ components: count }), gammas, true],
  [Score.isotropic({ components: count }), gamma, false],
  [Score.tiedIsotropic({ components: count }), gamma, true]
]

describe('under a prior', () => {
  it.each(families.map(([score, ...rest]) => [score._tag, score, ...rest] as const))(
    '%s ends where the posterior is flat in every parameter',
    (_, score, ofCovariance, isShared) => {
      const program = Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score,
          initializer: Initializer.values([
            [-2, 0],
            [2, 0]
          ]),
          stages: [
            Stage.expectationMaximization({ steps: 5000, relativeChange: 1e-13, varianceFloor: 1e-9, prior: KAPPA })
          ]
        })
      )(points)
      const { params } = Run.last(Problem.orThrow(program))(Key.fromSeed(0))
      const posterior = (at: Params.Params<string>): number => {
        const mixture = pipe(
          Score.toMixture(score)(at),
          O.getOrElse((): Mixture.Mixture => truth)
        )
        const { values } = Mixture.covariances(mixture)
        const parts = Array.from({ length: count }, (_, k) => {
          const s = Array.from(values.subarray(4 * k, 4 * k + 4))
          return (
            ofMean(Array.from(mixture.means.values.subarray(2 * k, 2 * k + 2)), s) +
            (isShared && k > 0 ? 0 : ofCovariance(s))
          )
        })
        return rows * Mixture.meanLogDensity(points)(mixture) + parts.reduce((a, b) => a + b)
      }
      // Central differences of a sum of some 200: 2⁻⁵² · 200/h + h² of its third derivatives.
      const h = 1e-4
      const family = there(Score.interpret(score).family)
      const judge = ExpectationMaximization.judge(family, points, KAPPA)
      const away = Params.map(({ shape, values }: NdArray): NdArray => ({
        shape,
        values: values.map((x, i) => x + 0.1 * (i + 1))
      }))(params)
      // What stages compare is −1/n of the posterior, but for a constant: sums of some 200.
      const fallen = rows * (judge(away).value - judge(params).value)
      expect(Math.abs(fallen - (posterior(params) - posterior(away)))).toBeLessThan(1e-10)
      Params.names(params).forEach(name => {
        params[name].values.forEach((x, at) => {
          const moved = (by: number): number =>
            posterior({
              ...params,
              [name]: { shape: params[name].shape, values: params[name].values.map((v, i) => (i === at ? x + by : v)) }
            })
          expect(Math.abs((moved(h) - moved(-h)) / (2 * h))).toBeLessThan(2e-6)
        })
      })
    }
  )

  it('an M-step of no rows is the mode of the prior, and one of many rows that without it', () => {
    const family = there(Score.interpret(Score.full({ components: 1 })).family)
    const many = { ...points, weights: points.weights?.map(w => 1e9 * w) ?? new Float64Array(40) }
    const from = there(family.fromMixture)(Mixture.of({ means: [[0, 0]] }))
    const [under, without] = [KAPPA, null].map(
      prior => ExpectationMaximization.step(family, 1e-9, many, prior)(from).params
    )
    Params.names(without).forEach(name => {
      under[name].values.forEach((x, at) => {
        expect(x).toBeCloseTo(without[name].values[at], 7)
      })
    })
  })
})
