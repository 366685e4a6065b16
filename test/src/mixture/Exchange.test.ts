/** Mixtures as scikit-learn and mclust write them: what is written reads back, and says the same by their own formulas. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { Exchange, Key, Mixture, Problem } from '../../../src/index.js'

const mixture = Mixture.of({
  means: [
    [-1, 0, 1],
    [2, 1, -1]
  ],
  covariances: [
    [
      [1, 0.6, 0.2],
      [0.6, 1.2, 0.3],
      [0.2, 0.3, 0.9]
    ],
    [
      [1, -0.4, 0],
      [-0.4, 2, 0.5],
      [0, 0.5, 1]
    ]
  ],
  weights: [0.4, 0.6]
})
const points = Mixture.sample(20)(Key.fromSeed(1))(mixture)

const same = (read: E.Either<Problem.Problems, Mixture.Mixture>): void => {
  if (E.isLeft(read)) throw new Error(read.left.map(Problem.show).join('; '))
  const [found, wanted] = [read.right, mixture].map(Mixture.logDensity(points))
  found.forEach((log, i) => {
    expect(log).toBeCloseTo(wanted[i], 12)
  })
}

describe('scikit-learn', () => {
  it('has the log-densities by its own formula, |xU − cU|² and log det U', () => {
    const { weights_, means_, precisions_cholesky_ } = Exchange.toScikitLearn(mixture)
    const { values } = points
    const logs = Mixture.logDensity(points)(mixture)
    logs.forEach((log, i) => {
      const x = values.subarray(3 * i, 3 * i + 3)
      const density = weights_.reduce((sum, weight, k) => {
        const u = precisions_cholesky_[k]
        const y = [0, 1, 2].map(j => u.reduce((sum, row, l) => sum + (x[l] - means_[k][l]) * row[j], 0))
        const det = u[0][0] * u[1][1] * u[2][2]
        expect([u[1][0], u[2][0], u[2][1]]).toEqual([0, 0, 0])
        return sum + (weight * det * Math.exp(-y.reduce((sum, v) => sum + v * v, 0) / 2)) / (2 * Math.PI) ** 1.5
      }, 0)
      expect(Math.log(density)).toBeCloseTo(log, 12)
    })
  })

  it('reads back, through JSON, and in each covariance type', () => {
    const json: unknown = JSON.parse(JSON.stringify(Exchange.toScikitLearn(mixture)))
    same(Exchange.fromScikitLearn(json))
    const shared = { weights_: [0.5, 0.5], means_: [[0], [1]] }
    const variances = (found: object): ReadonlyArray<number> =>
      pipe(
        Exchange.fromScikitLearn({ ...shared, ...found }),
        E.match(
          () => [],
          ({ variances }) => Array.from(variances)
        )
      )
    expect(variances({ covariance_type: 'tied', covariances_: [[4]] })).toEqual([4, 4])
    expect(variances({ covariance_type: 'diag', covariances_: [[4], [9]] })).toEqual([4, 9])
    expect(variances({ covariance_type: 'spherical', covariances_: [4, 9] })).toEqual([4, 9])
  })
})

it('mclust: reads back, through JSON', () => {
  same(Exchange.fromMclust(JSON.parse(JSON.stringify(Exchange.toMclust(mixture)))))
})

it.each([
  [Exchange.fromScikitLearn, {}, 'covariance_type'],
  [
    Exchange.fromScikitLearn,
    { covariance_type: 'full', weights_: [1], means_: [[0]], covariances_: [[1]] },
    'covariances_'
  ],
  [
    Exchange.fromScikitLearn,
    { covariance_type: 'diag', weights_: [1], means_: [[0]], covariances_: [[-1]] },
    'variances'
  ],
  [Exchange.fromMclust, { pro: [1], mean: [[0]], variance: {} }, 'variance.sigma']
] as const)('refuses what is none', (read, json, field) => {
  const found = read(json)
  expect(E.isLeft(found) && Problem.show(found.left[0])).toContain(field)
})
