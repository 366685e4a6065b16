/** The identities of the paper, of the gradients that are compiled. */
import fc from 'fast-check'
import { it } from 'vitest'
import * as laws from '../../src/laws/paper.js'
import { runs, today } from '../today.js'

fc.configureGlobal({ seed: today, numRuns: runs(50) })

it.each(laws.paper())('$name', ({ property }) => {
  fc.assert(property)
})
