/** The laws of the built-in scores, and of a student network that is no mixture. */
import fc from 'fast-check'
import { it } from 'vitest'
import { Score } from '../../src/index.js'
import { student } from './generators.js'
import * as laws from '../../src/laws/score.js'
import type { Law } from '../../src/laws/law.js'
import { SEED, spread } from '../cases.js'
import { allHold } from './holds.js'

fc.configureGlobal({ seed: SEED, numRuns: 3 })

/** A row for each instance. */
const instances: Readonly<Record<string, ReadonlyArray<Law>>> = {
  'Score.symmetricPair': laws.score(Score.symmetricPair),
  'Score.spherical, 1 component': laws.score(Score.spherical({ components: 1 })),
  'Score.spherical, 3 components': laws.score(Score.spherical({ components: 3 })),
  'Score.isotropic, 1 component': laws.score(Score.isotropic({ components: 1 })),
  'Score.isotropic, 3 components': laws.score(Score.isotropic({ components: 3 })),
  'Score.tiedIsotropic, 3 components': laws.score(Score.tiedIsotropic({ components: 3 })),
  'Score.diagonal, 3 components': laws.score(Score.diagonal({ components: 3 })),
  'Score.tiedDiagonal, 3 components': laws.score(Score.tiedDiagonal({ components: 3 })),
  'Score.tied, 3 components': laws.score(Score.tied({ components: 3 })),
  'Score.full, 1 component': laws.score(Score.full({ components: 1 })),
  'Score.full, 3 components': laws.score(Score.full({ components: 3 })),
  'Score.lowRank, 3 components of rank 2': laws.score(Score.lowRank({ components: 3, rank: 2 })),
  'a student network': laws.score(student)
}

it.each(spread(6)(Object.entries(instances)))('%s', (_, instance) => {
  allHold(instance, ({ property }) => fc.assert(property))
})
