/** A law as a test: seeded, so that a failure is the same on every machine. */
import fc from 'fast-check'
import type { Law } from '../../src/laws/Law.js'

export const runs = { seed: 20230703, numRuns: 100 } as const

export const holds = ({ property }: Law): void => {
  fc.assert(property, runs)
}
