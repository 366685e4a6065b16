/** What a run by day leaves to the night, and the seed that changes with the day. */

/** Another each day, unless the environment gives one: what a single seed hides comes to light within some days. */
export const today = Number(process.env['LAWS_SEED'] ?? Math.floor(Date.now() / 86_400_000))

/** `npm run test:nightly` holds all of what `npm test` holds a part of. */
export const isNight = process.env['NIGHTLY'] === 'yes'

if (!isNight) console.log(`a part of the cases, that of LAWS_SEED=${today}`)

/** Of many numerical cases one in `every`, at least one, other ones each day; all at night. Guards of completeness run whole. */
export const sampled =
  (every: number) =>
  <A>(cases: ReadonlyArray<A>): ReadonlyArray<A> => {
    if (isNight) return cases
    // Knuth's multiplicative hash: a stride would meet the same values of a factor whose number it divides.
    const hash = (i: number): number => Math.imul(i + 1 + 7919 * (today % 65_536), 2_654_435_761) >>> 0
    const least = cases.map((_, i) => i).sort((i, j) => hash(i) - hash(j))
    const some = new Set(least.slice(0, Math.max(1, Math.round(cases.length / every))))
    return cases.filter((_, i) => some.has(i))
  }

/** Whether what takes seconds and has no cases is done: by day one day in `every`. */
export const isInTurn = (every: number): boolean => isNight || today % every === 0

/** Cases of a law: an eighth of them by day, by another seed each day. */
export const runs = (count: number): number => (isNight ? count : Math.ceil(count / 8))
