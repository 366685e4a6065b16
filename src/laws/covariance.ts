/** Laws of covariances: that the way from moments to parameters is one to the likeliest. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Factor from '../../lib/arrays/factor.js'
import { size } from '../../lib/arrays/ndarray.js'
import { Key, Mixture, Params, Score } from '../index.js'
import * as Covariance from '../mixture/families/covariance.js'
import { factorsOf } from '../mixture/component.js'
import { dims, seeds } from './arbitraries.js'
import { greatest } from './check.js'
import { forAll, ofRows, equals, atMost } from './lawRows.js'
import { maximization } from './maximization.js'
import { freedom } from './freedom.js'
import type { Laws } from './law.js'

interface Example {
  readonly components: number
  readonly dim: number
  readonly seed: number
  readonly level: { readonly alpha: number; readonly sigma: number }
}

const clean = { alpha: 1, sigma: 0 }

/**
 * The laws of covariances: what is likeliest of their own moments are they themselves, and what is fitted is never less likely than what it is
 * fitted from.
 *
 * @example
 * import fc from 'fast-check'
 * import { Covariance } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.covariance(Covariance.named('VEV')).forEach(({ property }) => {
 *   fc.assert(property)
 * })
 */
export const covariance = <Q extends string>(covariance: Covariance.Covariance<Q>): Laws => {
  const { shapes, factors, fit, second } = Covariance.interpret(covariance)
  const code = Covariance.show(covariance)
  const cases: fc.Arbitrary<Example> = fc.record({
    components: fc.integer({ min: 1, max: 3 }),
    dim: dims,
    seed: seeds,
    level: fc.constantFrom(clean, { alpha: 0.8, sigma: 0.6 }, { alpha: 0.3, sigma: 1 })
  })
  const lawOf = forAll(cases)
  const drawn = ({ components, dim, seed }: Example): Params.Params<Q> =>
    Params.map<ReadonlyArray<number>, Params.Params<Q>[Q]>((shape, name) => {
      const key = pipe(Key.fromSeed(seed), Key.named(name))[name]
      return { shape, values: Key.normal(size(shape))(key).map(z => z / 2) }
    })(shapes(components, dim))
  const mixtureOf = (own: Params.Params<Q>, { components, dim }: Example): Mixture.Mixture => ({
    means: { shape: [components, dim], values: new Float64Array(components * dim) },
    weights: new Float64Array(components).fill(1 / components),
    ...factors(own, components, dim)
  })
  const told = (whole: Float64Array, dim: number): Float64Array => {
    const diagonal = whole.filter((_, at) => (at % (dim * dim)) % (dim + 1) === 0)
    return second === 'full'
      ? whole
      : second === 'diagonal'
        ? diagonal
        : new Float64Array(diagonal.length / dim).map((_, k) =>
            diagonal.subarray(k * dim, (k + 1) * dim).reduce((sum, s) => sum + s, 0)
          )
  }
  const masses = ({ components, seed }: Example): Float64Array =>
    Key.uniform(components)(Key.fromSeed(seed)).map(u => 0.1 + u)
  /** Σ n log|S| + tr S⁻¹W */
  const value = (own: Params.Params<Q>, n: Float64Array, w: Float64Array, each: Example): number => {
    const { dim, level } = each
    return factorsOf(Mixture.diffuse(level)(mixtureOf(own, each))).reduce((sum, factor, k) => {
      const half = Factor.solve(factor, dim, w.slice(k * dim * dim, (k + 1) * dim * dim))
      const turned = half.map((_, at) => half[(at % dim) * dim + Math.floor(at / dim)])
      const trace = Factor.solve(factor, dim, turned).reduce((all, x, at) => (at % (dim + 1) === 0 ? all + x : all), 0)
      return sum + 2 * n[k] * Factor.logDeterminant(factor, dim) + trace
    }, 0)
  }

  // What is learned by it: its degrees of freedom, and the moments that it asks for.
  const score = Score.mixture({ components: 2, covariance })
  return ofRows(code, [
    freedom(score),
    maximization(score),
    lawOf({
      name: 'what is likeliest of covariances that they have are these',
      statement:
        '∀ θ, n: of masses n_k and moments n_k Σ_k(θ) at time 0 without a floor, fit is some θ′ with Σ_k(θ′) = Σ_k(θ). To 1e-7 (1 + |Σ|): where n log|Σ| + tr Σ⁻¹W is flat to rounding, Σ is known to its root.',
      source: 'Gibbs’ inequality: log|Σ| + tr Σ⁻¹S is least at Σ = S',
      says: each => {
        const own = drawn(each)
        const n = masses(each)
        const { values: wanted } = Mixture.covariances(mixtureOf(own, each))
        const moments = wanted.map((s, at) => n[Math.floor(at / (each.dim * each.dim))] * s)
        const found = fit(n, told(moments, each.dim), { level: clean, floor: 0, dim: each.dim }, null)
        const { values } = Mixture.covariances(mixtureOf(found, each))
        return equals(values, wanted, 1e-7 * (1 + greatest(wanted)))
      }
    }),
    lawOf({
      name: 'what is fitted is not less likely than what it is fitted from',
      statement:
        '∀ θ, n, W, level: with S = α²Σ + σ², Σ n_k log|S_k| + tr S_k⁻¹W_k is not more at what fit makes of θ than at θ. To 1e-11 (1 + |it|), rounding.',
      source:
        'Dempster, Laird & Rubin 1977, JRSS B 39:1–38: what raises the expected log-likelihood raises the likelihood',
      says: each => {
        const { components, dim, seed, level } = each
        const own = drawn(each)
        const n = masses(each)
        const noise = Key.normal(components * dim * (dim + 3))(Key.fromSeed(seed + 1))
        // W_k = n_k XᵀX of d + 3 rows, and the noise of the level: what a scatter at it is near.
        const w = Float64Array.from(
          RA.makeBy(components, k =>
            RA.makeBy(dim * dim, at => {
              const [i, j] = [Math.floor(at / dim), at % dim]
              const x = (row: number, column: number): number => noise[(k * (dim + 3) + row) * dim + column]
              const own = RA.makeBy(dim + 3, row => x(row, i) * x(row, j)).reduce((sum, s) => sum + s, 0)
              return n[k] * (own / (dim + 3) + (i === j ? level.sigma * level.sigma : 0))
            })
          ).flat()
        )
        const found = fit(n, told(w, dim), { level, floor: 1e-12, dim }, own)
        const [before, after] = [own, found].map(params => value(params, n, w, each))
        return atMost(after, before, 1e-11 * (1 + Math.abs(before)))
      }
    })
  ])
}
