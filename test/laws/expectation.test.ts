/** All expectations estimate the same mean. With the seed fixed, none of this is flaky. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Expectation, Score } from '../../src/index.js'
import * as laws from '../../src/laws/expectation.js'
import type { Law } from '../../src/laws/law.js'
import { spread } from '../cases.js'
import { allHold } from './holds.js'

fc.configureGlobal({ seed: 2307_01178, numRuns: 1 })

const spherical = Score.spherical({ components: 2 })
const isotropic = Score.isotropic({ components: 2 })
const tiedIsotropic = Score.tiedIsotropic({ components: 2 })
const antithetic = { draws: 2, antithetic: true }

/** A row for each instance. */
const instances: Readonly<Record<string, ReadonlyArray<Law>>> = {
  'plain, pair': laws.expectation(Expectation.monteCarlo(), Score.symmetricPair),
  'plain, isotropic': laws.expectation(Expectation.monteCarlo(antithetic), isotropic),
  'projected, pair': [
    ...laws.expectation(Expectation.projected(), Score.symmetricPair),
    laws.projectedVariance(Score.symmetricPair)
  ],
  'projected, spherical': [
    ...laws.expectation(Expectation.projected(antithetic), spherical),
    laws.projectedVariance(spherical)
  ],
  'projected, isotropic': [...laws.expectation(Expectation.projected(), isotropic), laws.projectedVariance(isotropic)],
  'projected, tied isotropic': [
    ...laws.expectation(Expectation.projected(), tiedIsotropic),
    laws.projectedVariance(tiedIsotropic)
  ],
  'quadrature, pair': [
    ...laws.expectation(Expectation.quadrature({ nodes: 24 }), Score.symmetricPair, { repeats: 2 }),
    laws.quadratureConverges()
  ]
}

it.each(spread(6)(Object.entries(instances)))('%s', (_, instance) => {
  allHold(instance, ({ property }) => fc.assert(property))
})

it('one plain draw, believed to scatter less than eight, is found out', () => {
  const law = laws.projectedVariance(Score.symmetricPair, {
    projected: Expectation.monteCarlo(),
    plain: Expectation.monteCarlo({ draws: 8 })
  })
  expect(fc.check(law.property, { endOnFailure: true, numRuns: 10 }).failed).toBe(true)
})
