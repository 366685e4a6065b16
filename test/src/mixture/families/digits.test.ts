/** Digits of mixtures that are badly conditioned or seen from far away, against closed forms; and what all noise together is. */
import { describe, expect, it } from 'vitest'
import { add, fromNdArray, mul, Quadrature, square, sum, valueAndGrad, type Tensor } from '../../../../lib/index.js'
import * as Factor from '../../../../lib/arrays/factor.js'
import { Mixture, Params } from '../../../../src/index.js'
import * as Families from '../../../../src/mixture/families/index.js'
import { interpret, type Score } from '../../../../src/mixture/family.js'
import { at, clean, draw, levels, points, sorts, tensors, type Made, type P } from './families.js'
import { spread, once } from '../../../cases.js'
import { there } from '../../../there.js'

const near = (found: number, wanted: number, tolerance: number): void =>
  expect(Math.abs(found / wanted - 1)).toBeLessThan(tolerance)

/** |s|² + 2 div s of rows by weights. */
const implicit =
  (made: Made, x: Float64Array, weights: Float64Array, { alpha, sigma }: { alpha: number; sigma: number }) =>
  (own: Params.Tensors<string>): Tensor => {
    const rows = fromNdArray({ shape: [weights.length, made.dim], values: x })
    const level = tensors(levels(alpha, sigma))
    const losses = add(
      sum(square(made.model.score(own, rows, level)), 1, true),
      mul(2, made.model.divergence(own, rows, level))
    )
    return sum(mul(losses, fromNdArray({ shape: [weights.length, 1], values: weights })))
  }

/** Rows of which the mean over all noise is taken, at a grid of noise each. */
const ROWS = 1
/** Each asks for some 40 000 rows. */
const overAllNoise = spread(12)(sorts)

/** Of each direction; the gradient's features are as narrow as the noise is wide, and no more nodes are needed to the tolerance. */
const NODES = 40
const TOLERANCE = 1e-4

/**
 * L = [1 0; a e], a ≈ 0.7 of 40 bits and e ≈ 0.7 · 2⁻¹⁷ of 20: the condition of LLᵀ is 8e10, x = Lz has no rounding, and a² + e² has one of
 * 1e-6 of e².
 */
const a = Math.round(0.7 * 2 ** 40) / 2 ** 40
const e = Math.round(0.7 * 2 ** 20) / 2 ** 37
const z = [0.75, -1.25]
const logE = Math.log(e)
const triangle = {
  x: [z[0], a * z[0] + e * z[1]],
  logDensity: -(z[0] ** 2 + z[1] ** 2) / 2 - logE - Math.log(2 * Math.PI),
  score: [-(z[0] - (a * z[1]) / e), -z[1] / e],
  divergence: -(1 + (1 + a * a) / (e * e))
}

/** FFᵀ + ψ of F = (1, 1) and ψ = 2⁻²⁷, at s + d and s − d. */
const psi = 2 ** -27
const s = 1.5
const d = 2 ** -14
const thin = {
  x: [s + d, s - d],
  logDensity: -((s * s) / (2 + psi) + (d * d) / psi) - Math.log((2 + psi) * psi) / 2 - Math.log(2 * Math.PI),
  score: [-(s / (2 + psi) + d / psi), -(s / (2 + psi) - d / psi)],
  divergence: -(1 / psi + 1 / (2 + psi))
}

/** Σ = [[1 + ψ, 1], [1, 2]] of ψ = 1e-8, whose inverse is [[2, −1], [−1, 1 + ψ]] / (1 + 2ψ). */
const phi = 1e-8
const det = 1 + 2 * phi
const p = (2 * 0.7 + 1.1) / det
const q = ((1 + phi) * -1.1 - 0.7) / det
const wellConditioned = {
  x: [0.7, -1.1],
  logDensity: -(0.7 * p - 1.1 * q + Math.log(det)) / 2 - Math.log(2 * Math.PI),
  score: [-p, -q],
  divergence: -(3 + phi) / det
}

const one = { means: [[0, 0]], logits: [0] }
const factors = [[[1], [1]]]
const lowRank = Families.lowRank({ components: 1, rank: 1 })

once.each<readonly [string, Score<string>, P, typeof triangle, tolerance: number]>([
  // Backward stable in L and x: 2⁻⁵² times the condition of L, 2e5, and a few operations.
  ['full, of condition 8e10', Families.full({ components: 1 }), Params.of({ ...one, logScales: [[0, logE]], lower: [[a]] }), triangle, 1e-10], // prettier-ignore
  ['tied, of condition 8e10', Families.tied({ components: 1 }), Params.of({ ...one, logScales: [0, logE], lower: [a] }), triangle, 1e-10], // prettier-ignore
  ['lowRank, of noise 2⁻²⁷ beside factors of size 1', lowRank, Params.of({ ...one, factors, logNoise: [[Math.log(psi), Math.log(psi)]] }), thin, 1e-11], // prettier-ignore
  // The logarithm of ψ is known to 2⁻⁵², and so ψ to 18 times that; a few operations more.
  ['lowRank, of noise 1e-8 in one column', lowRank, Params.of({ ...one, factors, logNoise: [[Math.log(phi), 0]] }), wellConditioned, 1e-13] // prettier-ignore
])('%s: keeps what a covariance that is formed would lose', (_, score, params, wanted, tolerance) => {
  const model = interpret(score)
  const made: Made = { model, family: there(model.family), params, dim: 2 }
  const x = Float64Array.from(wanted.x)
  for (const perRow of [false, true]) {
    near(at(made, x, clean, 'logDensity', perRow)[0], wanted.logDensity, tolerance)
    at(made, x, clean, 'score', perRow).forEach((found, j) => {
      near(found, wanted.score[j], tolerance)
    })
    near(at(made, x, clean, 'divergence', perRow)[0], wanted.divergence, tolerance)
  }
})

/** tr (α²Σ + σ²I)⁻¹ of each component. */
const traces = ({ family, params, dim }: Made, level: { alpha: number; sigma: number }): ReadonlyArray<number> => {
  const { values } = Mixture.covariances(Mixture.diffuse(level)(there(family.toMixture)(params)))
  return Array.from(params.means.values.subarray(0, params.means.shape[0]), (_, k) => {
    const factor = there(Factor.choleskyOfCovariance(values.slice(k * dim * dim, (k + 1) * dim * dim), dim))
    const unit = new Float64Array(dim * dim).map((__, at) => (at % (dim + 1) === 0 ? 1 : 0))
    return Factor.solve(factor, dim, unit).reduce((all, x) => all + x * x, 0)
  })
}

describe.each(sorts)('$name', sort => {
  once('keeps its digits at a row far from all components', () => {
    const noisy = { alpha: 0.8, sigma: 0.6 }
    for (const dim of [1, 2, 4]) {
      const made = draw(sort, 3, dim, dim)
      const far = points(3, dim, 5, 2e6)
      // Far away one component answers alone, and div s = −tr P of it; Σ w|s|² − |s|² would be of size 1e12.
      const shares = at(made, far, noisy, 'responsibilities')
      expect(shares.every(r => r < 1e-300 || r > 1 - 1e-15)).toBe(true)
      const of = traces(made, noisy)
      for (const perRow of [false, true])
        at(made, far, noisy, 'divergence', perRow).forEach((found, row) => {
          near(found, -of[shares.subarray(3 * row, 3 * row + 3).indexOf(1)], 1e-11)
        })
    }
  })

  it.runIf(overAllNoise.includes(sort))('has over all noise the gradient of the likelihood', () => {
    const dim = 2
    const made = draw(sort, 2, dim, 33)
    const clean = points(ROWS, dim, 34, 1.5)
    const { nodes, weights } = Quadrature.gaussHermite(NODES)
    const grid = Array.from(nodes, (u, i) =>
      Array.from(nodes, (v, j) => [u, v, weights[i] * weights[j]] as const)
    ).flat()
    const rowsAt = (alpha: number, sigma: number): Float64Array =>
      Float64Array.from(
        Array.from({ length: ROWS }).flatMap((_, row) =>
          grid.flatMap(([u, v]) => [alpha * clean[row * dim] + sigma * u, alpha * clean[row * dim + 1] + sigma * v])
        )
      )
    const shares = Float64Array.from(
      Array.from({ length: ROWS }).flatMap(() => grid.map(([, , weight]) => weight / ROWS))
    )
    // t = t_0(e^{Ar} − 1) keeps to the time scale of the smallest variance, some 0.1.
    const first = 0.01
    const until = 12
    const scale = Math.log(1 + until / first)
    const times = Quadrature.gaussLegendre(24)(0, 1)
    const zero = Params.zeros(Params.shapes(made.params))
    const integral = Array.from(times.nodes).reduce((total, r, i) => {
      const t = first * Math.expm1(scale * r)
      const level = { alpha: Math.exp(-t), sigma: Math.sqrt(-Math.expm1(-2 * t)) }
      const { gradient } = valueAndGrad(implicit(made, rowsAt(level.alpha, level.sigma), shares, level))(made.params)
      const weight = times.weights[i] * scale * (t + first)
      return Params.zipWith((sum, g) => sum + weight * g)(total, gradient)
    }, zero)
    const likelihood = valueAndGrad((own: Params.Tensors<string>) =>
      mul(
        -1 / ROWS,
        sum(made.family.logDensity(own, fromNdArray({ shape: [ROWS, dim], values: clean }), tensors(levels(1, 0))))
      )
    )(made.params).gradient
    for (const [name, { values }] of Object.entries(likelihood)) {
      const size = Math.max(...values.map(Math.abs))
      values.forEach((g, i) => expect(Math.abs(integral[name].values[i] - g)).toBeLessThan(TOLERANCE * size))
    }
  })
})
