/** A component of weight 0 is none: what a mixture says is what it says without that component. */
import { describe, expect, it } from 'vitest'
import * as Mixture from '../../../src/mixture/index.js'

const rows = { rows: 4, dim: 2, values: Float64Array.of(0, 0, 100, 3, 50, 1, -1, 2) }
const missing = { ...rows, values: Float64Array.of(0, NaN, 100, NaN, 50, 1, NaN, 2) }
const covariance = [[1, 0.3], [0.3, 2]] // prettier-ignore
const cases = [
  ['round', {}, {}],
  ['diagonal', { variances: [[1, 2], [3, 4]] }, { variances: [[1, 2]] }],
  ['full', { covariances: [covariance, covariance] }, { covariances: [covariance] }],
  ['with tails', { tails: [3, 4] }, { tails: [3] }],
  ['tailed beside a Gaussian', { tails: [3, null] }, { tails: [3] }],
  [
    'beside a background',
    { background: { share: 0.1, shape: 'box', centre: [0, 0], scale: [9, 9] } },
    { background: { share: 0.1, shape: 'box', centre: [0, 0], scale: [9, 9] } }
  ]
] as const // prettier-ignore

describe.each(cases)('%s: a component of weight 0', (_, both, alone) => {
  const mixture = Mixture.of({ means: [[0, 0], [100, 3]], weights: [1, 0], ...both }) // prettier-ignore
  const without = Mixture.of({ means: [[0, 0]], ...alone })
  const parts = 'background' in both ? 2 : 1
  const spread = (values: ArrayLike<number>): ReadonlyArray<number> =>
    Array.from(values).flatMap((x, at) => (at % parts === 0 ? [x, 0] : [x]))

  it.each([
    ['rows', rows],
    ['rows that miss cells', missing]
  ] as const)('has no effect on %s', (_, points) => {
    // prettier-ignore
    expect(Mixture.logDensity(points)(mixture)).toEqual(Mixture.logDensity(points)(without))
    expect(Mixture.responsibilities(points)(mixture).values).toEqual(
      Float64Array.from(spread(Mixture.responsibilities(points)(without).values))
    )
    expect(Mixture.assign(points)(mixture)).toEqual(Mixture.assign(points)(without))
    expect(Mixture.memberships(points)(mixture)).toEqual(Mixture.memberships(points)(without))
  })

  it('has no effect on scores and divergences', () => {
    expect(Mixture.score(rows)(mixture).values).toEqual(Mixture.score(rows)(without).values)
    expect(Mixture.divergence(rows)(mixture)).toEqual(Mixture.divergence(rows)(without))
  })
})

it('a component of weight 0 has no effect on posteriors, products and predictions', () => {
  const mixture = Mixture.of({ means: [[0, 0], [100, 3]], weights: [1, 0] }) // prettier-ignore
  const without = Mixture.of({ means: [[0, 0]] })
  const seen = { matrix: [[1, 0]], observed: [100], deviation: 0.1 } // prettier-ignore
  expect([...Mixture.given(seen)(mixture).weights]).toEqual([1, 0])
  // N(100; 0, 1.01): the exponent is −4950.
  expect(Mixture.logEvidence(seen)(mixture)).toBe(Mixture.logEvidence(seen)(without))
  const sharp = Mixture.of({ means: [[100, 3]], variances: [0.01] }) // prettier-ignore
  expect([...Mixture.product(sharp)(mixture).weights]).toEqual([1, 0])
  expect(Mixture.logIntegral(sharp)(mixture)).toBe(Mixture.logIntegral(sharp)(without))
  const other = { rows: 1, dim: 1, values: Float64Array.of(100) }
  expect([...Mixture.predict([1])(other)(mixture).mean.values]).toEqual([0])
  expect(Mixture.predict([1])(other)(mixture).logDensity).toEqual(Mixture.predict([1])(other)(without).logDensity)
})
