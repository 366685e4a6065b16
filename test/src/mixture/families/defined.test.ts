/** Covariances of one's own are learned by whatever ours are. */
import { expect, it, vi } from 'vitest'
import * as Factor from '../../../../lib/arrays/factor.js'
import { ExpectationMaximization, Key, Mixture } from '../../../../src/index.js'
import * as Score from '../../../../src/score/score.js'
import * as laws from '../../../../src/laws/index.js'
import { holds } from '../../../laws/holds.js'
import { there } from '../../../there.js'
import { familyOf } from './families.js'

const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
const { banded, chosen, kronecker, truth } = await import('../../../../examples/covariances.js')
log.mockRestore()

const data = Mixture.sample(300)(Key.fromSeed(5))(truth)

it('are chosen where they are right, and have what they promise', () => {
  expect([chosen.family, chosen.components]).toEqual(['banded', 2])
  const { values } = Mixture.covariances(chosen.mixture)
  for (const k of [0, 1]) {
    const factor = there(Factor.choleskyOfCovariance(values.slice(k * 36, (k + 1) * 36), 6))
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

it.each([
  ['banded', Score.mixture({ components: 2, covariance: banded({ band: 2 }) })],
  ['kronecker', Score.mixture({ components: 2, covariance: kronecker({ lines: 2 }) })]
])('%s: no step lowers the posterior, nor the likelihood of the cells that rows have', (_, given) => {
  const family = familyOf(given)
  const start = there(Score.familyStart(family, 6)).fromCentres(
    { shape: [2, 6], values: Float64Array.of(0, 0, 1, 0, 0, 0, 2, 1, 0, 1, 0, 0) },
    2
  )
  const holes = { ...data, values: data.values.map((x, at) => (at % 7 === 3 ? NaN : x)) }
  for (const step of [
    ExpectationMaximization.step(family, 1e-6, data, 0.01),
    ExpectationMaximization.step(family, 1e-6, holes)
  ]) {
    let taken = step(start)
    for (let i = 0; i < 15; i++) {
      const next = step(taken.params)
      // 300 rows round 1e-15 of it each.
      expect(next.value).toBeLessThan(taken.value + 1e-12 * (1 + Math.abs(taken.value)))
      taken = next
    }
  }
})

// Steps take what is likeliest, at a level too.
it.each([...laws.covariance(banded({ band: 2 })), ...laws.covariance(kronecker({ lines: 1 }))])('$name', law => {
  holds(law, 10)
})
