/** Covariances of one's own are learned by whatever ours are. */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import * as Factor from '../../../../lib/arrays/factor.js'
import { ExpectationMaximization, Key, Mixture, type Params } from '../../../../src/index.js'
import * as Score from '../../../../src/score/score.js'
import * as laws from '../../../../src/laws/index.js'
import { SEED } from '../../../cases.js'
import { there } from '../../../there.js'

const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
const { banded, chosen, kronecker, truth } = await import('../../../../examples/covariances.js')
log.mockRestore()

const data = Mixture.sample(300)(Key.fromSeed(5))(truth)

it('are chosen where they are right, and have what they promise', () => {
  expect([chosen.family, chosen.components]).toEqual(['banded', 2])
  const { values } = Mixture.covariances(chosen.mixture)
  for (const k of [0, 1]) {
    const factor = there(Factor.ofCovariance(values.slice(k * 36, (k + 1) * 36), 6))
    /** Columns of L⁻¹, one a row. */
    const half = Factor.solve(
      factor,
      6,
      Float64Array.from({ length: 36 }, (_, at) => (at % 7 === 0 ? 1 : 0))
    )
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < i - 1; j++) {
        let precision = 0
        for (let c = 0; c < 6; c++) precision += half[i * 6 + c] * half[j * 6 + c]
        // Beyond the band there is nothing but rounding, times the condition.
        expect(Math.abs(precision)).toBeLessThan(1e-12)
      }
  }
})

describe.each([
  ['banded', Score.mixture({ components: 2, covariance: banded({ band: 2 }) })],
  ['kronecker', Score.mixture({ components: 2, covariance: kronecker({ lines: 2 }) })]
])('%s', (_, given) => {
  const score: Score.Score<string> = given
  const family = there(Score.interpret(score).family)
  const start = there(Score.startOf(family, 6)).fromCentres(
    { shape: [2, 6], values: Float64Array.of(0, 0, 1, 0, 0, 0, 2, 1, 0, 1, 0, 0) },
    2
  )

  it.each([
    ['the data', ExpectationMaximization.step(family, 1e-6, data)],
    ['a prior', ExpectationMaximization.step(family, 1e-6, data, 0.01)],
    [
      'missing cells',
      ExpectationMaximization.step(family, 1e-6, {
        ...data,
        values: data.values.map((x, at) => (at % 7 === 3 ? NaN : x))
      })
    ],
    [
      'a noise level',
      (params: Params.Params<string>) =>
        ExpectationMaximization.noisyStep(family, 1e-6, data, { alpha: 0.8, sigma: 0.6 })(params, Key.fromSeed(7))
    ]
  ])('no step lowers the likelihood: %s', (_, step) => {
    Array.from({ length: 15 }).reduce<{ readonly params: Params.Params<string>; readonly last: number }>(
      ({ params, last }) => {
        const taken = step(params)
        // 300 rows round 1e-15 of it each.
        expect(taken.value).toBeLessThan(last + 1e-12 * (1 + Math.abs(taken.value)))
        return { params: taken.params, last: taken.value }
      },
      { params: start, last: Infinity }
    )
  })
})

it.each([...laws.covariance(banded({ band: 2 })), ...laws.covariance(kronecker({ lines: 1 }))])(
  '$name',
  ({ property }) => {
    fc.assert(property, { seed: SEED, numRuns: 30 })
  }
)
