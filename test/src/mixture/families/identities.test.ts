/** What is known of scores of mixtures in closed form: digits at a bad condition, expectation–maximization in the gradient, all noise. */
import { describe, expect, it } from 'vitest'
import { add, fromNdArray, mul, Quadrature, square, sum, valueAndGrad, type Tensor } from '../../../../lib/index.js'
import * as Families from '../../../../src/mixture/families/index.js'
import { interpret, type Score } from '../../../../src/mixture/family.js'
import * as Params from '../../../../src/core/params.js'
import { at, draw, levels, points, sorts, tensors, type Made, type P } from './families.js'
import { spread } from '../../../cases.js'
import { there } from '../../../there.js'

const clean = { alpha: 1, sigma: 0 }

const of = (score: Score<string>, params: P, dim: number): Made => {
  const model = interpret(score)
  return { model, family: there(model.family), params, dim }
}

const near = (found: number, wanted: number, tolerance: number): void =>
  expect(Math.abs(found / wanted - 1)).toBeLessThan(tolerance)

describe('digits', () => {
  /**
   * L = [1 0; a e], a ≈ 0.7 of 40 bits and e ≈ 0.7 · 2⁻¹⁷ of 20: the condition of LLᵀ is 8e10, x = Lz has no rounding, and a² + e²
   * has one of 1e-6 of e².
   */
  const a = Math.round(0.7 * 2 ** 40) / 2 ** 40
  const e = Math.round(0.7 * 2 ** 20) / 2 ** 37
  const z = [0.75, -1.25]
  const x = Float64Array.of(z[0], a * z[0] + e * z[1])

  it.each([
    [
      'full',
      Families.full({ components: 1 }),
      Params.of({ means: [[0, 0]], logits: [0], logScales: [[0, Math.log(e)]], lower: [[a]] })
    ],
    [
      'tied',
      Families.tied({ components: 1 }),
      Params.of({ means: [[0, 0]], logits: [0], logScales: [0, Math.log(e)], lower: [a] })
    ]
  ] as const)('%s: of a covariance of condition 8e10, which formed would leave seven', (_, score, params) => {
    const made = of(score, params, 2)
    for (const perRow of [false, true]) {
      // Backward stable in L and x: 2⁻⁵² times the condition of L, 2e5, and a few operations.
      near(
        at(made, x, clean, 'logDensity', perRow)[0],
        -(z[0] ** 2 + z[1] ** 2) / 2 - Math.log(e) - Math.log(2 * Math.PI),
        1e-10
      )
      const score = at(made, x, clean, 'score', perRow)
      near(score[0], -(z[0] - (a * z[1]) / e), 1e-10)
      near(score[1], -z[1] / e, 1e-10)
      near(at(made, x, clean, 'divergence', perRow)[0], -(1 + (1 + a * a) / (e * e)), 1e-13)
    }
  })

  it('lowRank: of noise 2⁻²⁷ beside factors of size 1, where a difference would leave eight', () => {
    const psi = 2 ** -27
    const s = 1.5
    const d = 2 ** -14
    const made = of(
      Families.lowRank({ components: 1, rank: 1 }),
      Params.of({
        means: [[0, 0]],
        logits: [0],
        factors: [[[1], [1]]],
        logNoise: [[Math.log(psi), Math.log(psi)]]
      }),
      2
    )
    const x = Float64Array.of(s + d, s - d)
    for (const perRow of [false, true]) {
      near(
        at(made, x, clean, 'logDensity', perRow)[0],
        -((s * s) / (2 + psi) + (d * d) / psi) - Math.log((2 + psi) * psi) / 2 - Math.log(2 * Math.PI),
        1e-11
      )
      const score = at(made, x, clean, 'score', perRow)
      near(score[0], -(s / (2 + psi) + d / psi), 1e-11)
      near(score[1], -(s / (2 + psi) - d / psi), 1e-11)
      near(at(made, x, clean, 'divergence', perRow)[0], -(1 / psi + 1 / (2 + psi)), 1e-11)
    }
  })
})

it('lowRank: of noise 1e-8 in one column, whose covariance is well conditioned', () => {
  // Σ = [[1 + ψ, 1], [1, 2]], whose inverse is [[2, −1], [−1, 1 + ψ]] / (1 + 2ψ).
  const psi = 1e-8
  const made = of(
    Families.lowRank({ components: 1, rank: 1 }),
    Params.of({ means: [[0, 0]], logits: [0], factors: [[[1], [1]]], logNoise: [[Math.log(psi), 0]] }),
    2
  )
  const x = 0.7
  const y = -1.1
  const det = 1 + 2 * psi
  for (const perRow of [false, true]) {
    const values = Float64Array.of(x, y)
    const p = (2 * x - y) / det
    const q = ((1 + psi) * y - x) / det
    // The logarithm of ψ is known to 2⁻⁵², and so ψ to 18 times that; a few operations more.
    near(
      at(made, values, clean, 'logDensity', perRow)[0],
      -(x * p + y * q + Math.log(det)) / 2 - Math.log(2 * Math.PI),
      1e-13
    )
    const score = at(made, values, clean, 'score', perRow)
    near(score[0], -p, 1e-13)
    near(score[1], -q, 1e-13)
    near(at(made, values, clean, 'divergence', perRow)[0], -(3 + psi) / det, 1e-13)
  }
})

type Matrix = ReadonlyArray<ReadonlyArray<number>>

/** By elimination: positive definite. */
const inverse = (a: Matrix): Matrix => {
  const work = a.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))])
  a.forEach((_, p) => {
    const pivot = work[p][p]
    work[p] = work[p].map(v => v / pivot)
    a.forEach((__, i) => {
      const factor = work[i][p]
      if (i !== p) work[i] = work[i].map((v, j) => v - factor * work[p][j])
    })
  })
  return work.map(row => row.slice(a.length))
}

const times = (a: Matrix, x: ReadonlyArray<number>): ReadonlyArray<number> =>
  a.map(row => row.reduce((sum, v, j) => sum + v * x[j], 0))
const dot = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => a.reduce((sum, v, j) => sum + v * b[j], 0)

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

describe.each(sorts)('the gradient of $name', sort => {
  it('is expectation–maximization and a correction', () => {
    const K = 3
    const dim = 3
    const rows = 8
    const level = { alpha: 0.8, sigma: 0.6 }
    const made = draw(sort, K, dim, 31)
    const x = points(rows, dim, 32)
    const weights = new Float64Array(rows).fill(1 / rows)
    const { means } = valueAndGrad(implicit(made, x, weights, level))(made.params).gradient

    const P = sort
      .covariances(made.params)
      .map(covariance =>
        inverse(covariance.map((row, i) => row.map((v, j) => level.alpha ** 2 * v + (i === j ? level.sigma ** 2 : 0))))
      )
    const w = at(made, x, level, 'responsibilities')
    const centre = (k: number): number[] =>
      Array.from(made.params.means.values.slice(k * dim, (k + 1) * dim), c => level.alpha * c)
    const perRow = Array.from({ length: rows }, (_, row) => {
      const r = P.map((_, k) => centre(k).map((m, j) => x[row * dim + j] - m))
      const s = r.map((one, k) => times(P[k], one).map(v => -v))
      const share = (k: number): number => w[row * K + k]
      const mean = s[0].map((_, j) => s.reduce((sum, one, k) => sum + share(k) * one[j], 0))
      const delta = s.map(one => one.map((v, j) => v - mean[j]))
      const trace = P.map(p => p.reduce((sum, line, i) => sum + line[i], 0))
      const all = delta.reduce((sum, one, k) => sum + share(k) * (dot(one, one) - trace[k]), 0)
      return { r, delta, share, kappa: s.map((one, k) => dot(one, delta[k]) - trace[k] - all) }
    })
    const average = (of: (row: (typeof perRow)[number], j: number) => number): number[] =>
      Array.from({ length: dim }, (_, j) => perRow.reduce((sum, row) => sum + of(row, j), 0) / rows)
    for (let k = 0; k < K; k++) {
      // W(m^EM − m) is E[w r]
      const expectation = times(
        P[k],
        times(
          P[k],
          average(({ r, share }, j) => share(k) * r[k][j])
        )
      )
      const correction = times(
        P[k],
        average(({ r, delta, kappa, share }, j) => share(k) * (delta[k][j] + kappa[k] * r[k][j]))
      )
      expectation.forEach((v, j) => {
        const found = -means.values[k * dim + j] / (2 * level.alpha)
        expect(Math.abs(found - (v - correction[j]))).toBeLessThan(1e-12 * (1 + Math.abs(v)))
      })
    }
  })

  it.runIf(overAllNoise.includes(sort))('over all noise is that of the likelihood', () => {
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

/** Of each direction; the gradient's features are as narrow as the noise is wide, and no more nodes are needed to the tolerance. */
const NODES = 40
const TOLERANCE = 1e-4
