/** A law as a test: seeded, so that a failure is the same on every machine; and one that says something. */
import fc from 'fast-check'
import { executedCases } from '../../src/laws/check.js'
import type { Law } from '../../src/laws/law.js'
import { vacuityReason } from '../../src/laws/lawRows.js'
import { SEED } from '../cases.js'

export const holds = ({ property }: Law, numRuns: number): void => {
  fc.assert(property, { seed: SEED, numRuns })
}

export const holdsAndSpeaks = (law: Law, numRuns: number): void => {
  const why = whyVacuous(law, numRuns)
  if (why !== null) throw new Error(`‘${law.name}’ is vacuous: ${why}`)
}

/** Holds all of the laws; a failure names each that fails, and says why. */
export const allHold = (laws: ReadonlyArray<Law>, hold: (law: Law) => void): void => {
  const failures = laws.flatMap(law => {
    try {
      hold(law)
      return []
    } catch (error) {
      return [`‘${law.name}’: ${error instanceof Error ? error.message : String(error)}`]
    }
  })
  if (failures.length > 0) throw new Error(failures.join('\n\n'))
}

/** More cases of which none says anything are no chance. */
const MANY = 60

/** What makes a law vacuous, which holds of so many cases of SEED, or of as many more where these say nothing; null of one that speaks. */
export const whyVacuous = (
  law: Law,
  numRuns: number,
  before: ReadonlyArray<ReturnType<NonNullable<Law['says']>>> = [],
  tried = 0
): string | null => {
  const details = fc.check(law.property, { seed: SEED + tried, numRuns, verbose: fc.VerbosityLevel.VeryVerbose })
  if (details.failed) throw new Error(fc.defaultReportMessage(details))
  const { says } = law
  if (says === undefined) return null
  const said = [...before, ...executedCases(details.executionSummary).map(says)]
  const why = vacuityReason(said)
  const all = tried + numRuns
  return why !== null && all < MANY ? whyVacuous(law, all, said, all) : why
}
