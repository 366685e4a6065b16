/** A law as a test: seeded, so that a failure is the same on every machine. */
import fc from 'fast-check'
import type { Law } from '../../src/laws/Law.js'

export const seed = 20230703

export const holds = ({ property }: Law, numRuns: number): void => {
  fc.assert(property, { seed, numRuns })
}

/** Another each day, unless the environment gives one: what a single seed hides comes to light within some days. */
export const today = Number(process.env['LAWS_SEED'] ?? Math.floor(Date.now() / 86_400_000))

export const holdsToday = ({ property }: Law, numRuns: number): void => {
  fc.assert(property, { seed: today, numRuns })
}
