/** All expectations estimate the same mean. With the seed fixed, none of this is flaky. */
import fc from 'fast-check'
import { it } from 'vitest'
import { Expectation, Score } from '../../src/index.js'
import { noiseOf } from '../../src/laws/arbitraries.js'
import * as laws from '../../src/laws/expectation.js'
import type { Law } from '../../src/laws/law.js'
import { spread } from '../cases.js'
import { allHold } from './holds.js'

fc.configureGlobal({ seed: 2307_01178, numRuns: 1 })

const spherical = Score.spherical({ components: 2 })
const isotropic = Score.isotropic({ components: 2 })
const tiedIsotropic = Score.tiedIsotropic({ components: 2 })
const antithetic = { draws: 2, antithetic: true }
const fresh: laws.Instance = (points, seed) => Expectation.fixed(noiseOf(points, seed))

/** A row for each instance. */
const instances: Readonly<Record<string, ReadonlyArray<Law>>> = {
  'plain, pair': laws.expectation(Expectation.monteCarlo(), Score.symmetricPair),
  'plain, isotropic': laws.expectation(Expectation.monteCarlo(antithetic), isotropic),
  'fixed, spherical': laws.expectation(fresh, spherical),
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
