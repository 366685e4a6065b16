/** A law as a test: seeded, so that a failure is the same on every machine. */
import fc from 'fast-check'
import type { Law } from '../../src/laws/law.js'
import { today } from '../today.js'

export const seed = 20230703

export const holds = ({ property }: Law, numRuns: number): void => {
  fc.assert(property, { seed, numRuns })
}

export const holdsToday = ({ property }: Law, numRuns: number): void => {
  fc.assert(property, { seed: today, numRuns })
}
