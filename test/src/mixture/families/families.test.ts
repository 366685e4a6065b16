/** What a family says of its mixtures, held to its densities, and these to the definition. */
import { describe, expect, it } from 'vitest'
import {
  add,
  compute,
  fromNdArray,
  grad,
  Key,
  mul,
  square,
  sum,
  valueAndGrad,
  type NdArray,
  type Tensor
} from '../../../../lib/index.js'
import * as Mixture from '../../../../src/mixture/mixture.js'
import * as Params from '../../../../src/core/params.js'
import { at, draw, levels, points, sorts, tensors, type P } from './families.js'
import { isSlow } from '../../../cases.js'
import { there } from '../../../there.js'

const noisy = { alpha: 0.8, sigma: 0.6 }

const close = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void => {
  expect(found.length).toBe(wanted.length)
  const scale = Math.max(1, ...Array.from(wanted, Math.abs))
  Array.from(wanted).forEach((x, i) => expect(Math.abs(found[i] - x)).toBeLessThan(tolerance * scale))
}

/** Σ |s|² + 2 div s over rows x at a level. */
const implicitLoss =
  (model: ReturnType<typeof draw>['model'], x: NdArray, level: ReturnType<typeof levels>) =>
  (own: Params.Tensors<string>): Tensor =>
    add(
      sum(square(model.score(own, fromNdArray(x), tensors(level)))),
      mul(2, sum(model.divergence(own, fromNdArray(x), tensors(level))))
    )

describe.each(sorts)('$name', sort => {
  const cases = [1, 2, 4].map(dim => draw(sort, 3, dim, dim))

  it('knows each row at its own level', () => {
    const made = cases[1]
    const x = points(2, made.dim, 4)
    const both = {
      alpha: { shape: [2, 1], values: Float64Array.of(1, 0.3) },
      sigma: { shape: [2, 1], values: Float64Array.of(0.1, 2) }
    }
    const found = compute(() =>
      made.model.score(
        Params.map(fromNdArray)(made.params),
        fromNdArray({ shape: [2, made.dim], values: x }),
        tensors(both)
      )
    ).values
    const alone = [0, 1].flatMap(row => [
      ...at(
        made,
        x.slice(row * made.dim, (row + 1) * made.dim),
        { alpha: both.alpha.values[row], sigma: both.sigma.values[row] },
        'score'
      )
    ])
    close(found, alone, 1e-13)
  })

  it('keeps its digits at a row far from all components', () => {
    for (const made of cases) {
      const near = points(3, made.dim, 5)
      const far = near.map(x => 1e6 * x)
      // Far away one component answers alone, and div s = −tr P of it; Σ w|s|² − |s|² would be of size 1e12.
      const responsibilities = at(made, far, noisy, 'responsibilities')
      expect(responsibilities.every(r => r < 1e-300 || r > 1 - 1e-15)).toBe(true)
      const traces = sort.covariances(made.params).map(covariance => traceOfInverse(covariance, noisy))
      const alone = Array.from({ length: 3 }, (_, row) =>
        traces.reduce((sum, trace, k) => sum - responsibilities[row * traces.length + k] * trace, 0)
      )
      for (const perRow of [false, true]) close(at(made, far, noisy, 'divergence', perRow), alone, 1e-11)
    }
  })

  it.runIf(isSlow)('has second derivatives: of the implicit loss, against differences', () => {
    const made = draw(sort, 2, 3, 8)
    const x = { shape: [6, 3], values: points(6, 3, 9) }
    const level = levels(noisy.alpha, noisy.sigma)
    const loss = implicitLoss(made.model, x, level)
    const direction = Params.map<P[string], P[string]>(({ shape, values }, name) => ({
      shape,
      values: Key.normal(values.length)(Key.fromSeed(name.length))
    }))(made.params)
    const along = (step: number): P => Params.zipWith((a, b) => a + step * b)(made.params, direction)
    const gradient = (step: number): P => valueAndGrad(loss)(along(step)).gradient
    const slope = (own: Params.Tensors<string>): Tensor => {
      const names = Object.keys(own)
      return names
        .map(name =>
          sum(mul(grad((part: Tensor) => loss({ ...own, [name]: part }))(own[name]), fromNdArray(direction[name])))
        )
        .reduce(add)
    }
    const twice = valueAndGrad(slope)(made.params).gradient
    // Differences of the fourth order: h⁴/30 of the fifth derivative, up to 3e5 here, and rounding 1e-16/h of gradients up to 1e2
    const h = 5e-4
    for (const name of Object.keys(made.params)) {
      const [a, b, c, d] = [-2, -1, 1, 2].map(step => gradient(step * h)[name].values)
      const scale = Math.max(1, ...Array.from(twice[name].values, Math.abs))
      twice[name].values.forEach((v, i) =>
        expect(Math.abs(v - (a[i] - 8 * b[i] + 8 * c[i] - d[i]) / (12 * h)) / scale).toBeLessThan(1e-8)
      )
    }
  })

  it('has derivatives where all eigenvalues are equal, where those of eigenvectors have none', () => {
    const made = draw(sort, 2, 3, 12)
    const round = there(made.family.start).fromCentres({ shape: [2, 3], values: points(2, 3, 41) }, 0.7)
    const x = { shape: [6, 3], values: points(6, 3, 42) }
    const level = levels(noisy.alpha, noisy.sigma)
    const loss = implicitLoss(made.model, x, level)
    const direction = Params.map<P[string], P[string]>(({ shape, values }, name) => ({
      shape,
      values: Key.normal(values.length)(Key.fromSeed(50 + name.length))
    }))(round)
    const at = (step: number): number =>
      valueAndGrad(loss)(Params.zipWith((a, b) => a + step * b)(round, direction)).value
    const { value, gradient } = valueAndGrad(loss)(round)
    const along = Object.entries(gradient).reduce(
      (total, [name, { values }]) => values.reduce((sum, g, i) => sum + g * direction[name].values[i], total),
      0
    )
    // Fourth order: h⁴ of the fifth derivative beside rounding, 1e-16/h of the value.
    const h = 2e-4
    const difference = (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h)
    expect(Math.abs(along - difference)).toBeLessThan(1e-8 * (1 + Math.abs(value) + Math.abs(along)))
  })

  it('leaves identical components at a saddle: each gets the same derivative', () => {
    const made = draw(sort, 3, 2, 13)
    const same = Params.map<P[string], P[string]>(({ shape, values }) => {
      const width = shape[0] === 3 ? values.length / 3 : values.length
      return { shape, values: values.map((_, i) => values[i % width]) }
    })(made.params)
    const x = { shape: [7, 2], values: points(7, 2, 14) }
    const { gradient } = valueAndGrad((own: Params.Tensors<string>) =>
      sum(made.family.logDensity(own, fromNdArray(x), tensors(levels(1, 0))))
    )(same)
    for (const { shape, values } of Object.values(gradient))
      if (shape[0] === 3) {
        const width = values.length / 3
        close(values.slice(width, 2 * width), values.slice(0, width), 1e-13)
        close(values.slice(2 * width), values.slice(0, width), 1e-13)
      }
    expect(Math.max(...gradient.means.values.map(Math.abs))).toBeGreaterThan(0.1)
  })

  it('takes of another mixture the nearest of its own', () => {
    const K = 2
    const d = 3
    const other = Mixture.of({
      means: [[0, 0, 1], [2, 1, 0]], // prettier-ignore
      weights: [0.3, 0.7],
      covariances: [
        [
          [2, 0.5, 0.1],
          [0.5, 1, -0.3],
          [0.1, -0.3, 0.8]
        ],
        [
          [1, -0.2, 0.3],
          [-0.2, 0.6, 0.1],
          [0.3, 0.1, 1.5]
        ]
      ]
    })
    const made = draw(sort, K, d, 1)
    const near = there(made.family.fromMixture)(other)
    const truth = Mixture.covariances(other).values
    /** Σ_k π_k KL(N(c_k, Σ_k), N(c_k, Σ̂_k)) but for what does not depend on Σ̂. */
    const distance = (params: P): number =>
      sort.covariances(params).reduce((sum, own, k) => {
        const { trace, logDet } = against(own, k, truth, d)
        return sum + other.weights[k] * (trace + logDet)
      }, 0)
    const best = distance(near)
    for (let trial = 0; trial < 40; trial++) {
      const key = Key.child(trial)(Key.fromSeed(3))
      const moved = Params.map<P[string], P[string]>(({ shape, values }, name) => ({
        shape,
        values:
          name === 'means' || name === 'logits'
            ? values
            : values.map((v, i) => v + 0.05 * Key.normal(values.length)(key)[i])
      }))(near)
      expect(distance(moved)).toBeGreaterThan(best)
    }
  })

  it('measures steps by √2 times the root of the relative entropy', () => {
    const made = draw(sort, 1, 2, 19)
    const direction = Params.map<P[string], P[string]>(({ shape, values }, name) => ({
      shape,
      values: Key.normal(values.length)(Key.fromSeed(100 + name.length))
    }))(made.params)
    const h = 1e-4
    const to = Params.zipWith((a, b) => a + h * b)(made.params, direction)
    const from = sort.covariances(made.params)[0]
    const moved = sort.covariances(to)[0]
    const { trace, logDet } = against(moved, 0, Float64Array.from(from.flat()), 2)
    const own = against(from, 0, Float64Array.from(from.flat()), 2)
    const inverse = inverse2(moved)
    const step = [0, 1].map(j => to.means.values[j] - made.params.means.values[j])
    const shift = step.reduce((sum, a, i) => sum + step.reduce((s, b, j) => s + a * inverse[i][j] * b, 0), 0)
    const entropy = (trace - own.trace + logDet - own.logDet + shift) / 2
    const distance = there(made.family.distance)
    // The third order is h of the second; 1e-16 of entropies of size 1 beside 1e-8.
    expect(distance(made.params, to) / Math.sqrt(2 * entropy)).toBeCloseTo(1, 3)
    expect(distance(made.params, made.params)).toBeLessThan(1e-14)
    // Weights alone: Σπ(δ log π)².
    const two = draw(sort, 2, 2, 20)
    const logits = { shape: [2], values: Float64Array.of(Math.log(0.25), Math.log(0.75)) }
    const later = { shape: [2], values: Float64Array.of(Math.log(0.26), Math.log(0.74)) }
    expect(distance({ ...two.params, logits }, { ...two.params, logits: later })).toBeCloseTo(
      Math.sqrt(0.25 * Math.log(0.26 / 0.25) ** 2 + 0.75 * Math.log(0.74 / 0.75) ** 2),
      14
    )
  })
})

type Matrix = ReadonlyArray<ReadonlyArray<number>>

const inverse2 = (a: Matrix): Matrix => gaussJordan(a).inverse

/** Inverse and log-determinant, by elimination without pivots: the matrix is positive definite. */
function gaussJordan(a: Matrix): { inverse: Matrix; logDet: number } {
  const n = a.length
  const work = a.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))])
  let logDet = 0
  for (let p = 0; p < n; p++) {
    const pivot = work[p][p]
    logDet += Math.log(pivot)
    work[p] = work[p].map(x => x / pivot)
    for (let i = 0; i < n; i++)
      if (i !== p) {
        const factor = work[i][p]
        work[i] = work[i].map((x, j) => x - factor * work[p][j])
      }
  }
  return { inverse: work.map(row => row.slice(n)), logDet }
}

/** tr Σ̂⁻¹Σ_k and log|Σ̂|. */
function against(own: Matrix, k: number, truth: Float64Array, d: number): { trace: number; logDet: number } {
  const { inverse, logDet } = gaussJordan(own)
  return {
    logDet,
    trace: inverse.reduce((sum, row, i) => sum + row.reduce((s, x, j) => s + x * truth[(k * d + j) * d + i], 0), 0)
  }
}

function traceOfInverse(covariance: Matrix, { alpha, sigma }: { alpha: number; sigma: number }): number {
  const { inverse } = gaussJordan(
    covariance.map((row, i) => row.map((v, j) => alpha * alpha * v + (i === j ? sigma * sigma : 0)))
  )
  return inverse.reduce((sum, row, i) => sum + row[i], 0)
}
