/** The identities of the paper, and the correspondence of the DDPM objective and expectation–maximization, for every family. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Expectation, Score } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import { SEED, spread, once } from '../cases.js'

once.each(laws.paper())('$name', ({ property }) => {
  fc.assert(property, { seed: SEED, numRuns: 7 })
})

/** A row for each instance. */
const instances: Readonly<Record<string, ReadonlyArray<laws.Law>>> = {
  'Score.symmetricPair': [...laws.em(Score.symmetricPair), ...laws.emPair()],
  'Score.spherical': laws.em(Score.spherical({ components: 3 })),
  'Score.isotropic': laws.em(Score.isotropic({ components: 2 })),
  'Expectation.projected': [
    laws.projectedVariance(Score.symmetricPair),
    laws.projectedVariance(Score.spherical({ components: 2 }))
  ],
  'Expectation.quadrature': [laws.quadratureConverges()]
}

describe.each(spread(6)(Object.entries(instances)))('%s', (_, instance) => {
  it.each(instance)('$name', ({ property }) => {
    fc.assert(property, { seed: SEED, numRuns: 2 })
  })
})

once('one plain draw, believed to scatter less than eight, is found out', () => {
  const { property } = laws.projectedVariance(Score.symmetricPair, {
    projected: Expectation.monteCarlo(),
    plain: Expectation.monteCarlo({ draws: 8 })
  })
  expect(fc.check(property, { endOnFailure: true, numRuns: 10 }).failed).toBe(true)
})
