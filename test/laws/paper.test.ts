/** The identities of the paper, of the gradients that are compiled. */
import fc from 'fast-check'
import { it } from 'vitest'
import * as laws from '../../src/laws/paper.js'
import { SEED } from '../cases.js'

fc.configureGlobal({ seed: SEED, numRuns: 7 })

it.each(laws.paper())('$name', ({ property }) => {
  fc.assert(property)
})
