/** What was thrown, in its own words. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A number as text that is read as the same number: −0 too. */
export const exactText = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))
