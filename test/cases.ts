/** Which cases a test takes: always the same. */
import { it } from 'vitest'

/** The seed of tests that draw. Another by SEED=…: what a single seed hides is looked for by trying others. */
export const SEED = Number(process.env['SEED'] ?? 20_230_703)

/** Whether the file is run by a slow one (`*.slow.test.ts`), which takes all of what `npm test` takes a part of. */
export const isSlow = process.env['SLOW'] === 'yes'

/** A test that takes its time and has no more cases where slow: `npm test` has run it, and the slow suite does not again. */
export const once = it.skipIf(isSlow)

/** Of many numerical cases one in `every`, at least one, always the same ones; all where slow. Guards of completeness run whole. */
export const spread =
  (every: number) =>
  <A>(cases: ReadonlyArray<A>): ReadonlyArray<A> => {
    if (isSlow) return cases
    // Knuth's multiplicative hash: a stride would meet the same values of a factor whose number it divides.
    const hash = (i: number): number => Math.imul(i + 1, 2_654_435_761) >>> 0
    const least = cases.map((_, i) => i).sort((i, j) => hash(i) - hash(j))
    const some = new Set(least.slice(0, Math.max(1, Math.round(cases.length / every))))
    return cases.filter((_, i) => some.has(i))
  }
