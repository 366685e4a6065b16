/** The recipes by which `ornstein fit` learns, as they are called. */

export const recipes = ['annealed', 'two-stage', 'em', 'maximum-likelihood', 'spectral'] as const
export type RecipeName = (typeof recipes)[number]

/** What learns unless a recipe is asked for: `Fit`, which grows candidates and settles them. */
export const GROWN = 'grown' as const

/** Those that end in expectation–maximization on the data: there a prior leads, and resamples begin. */
export const maximising: ReadonlyArray<RecipeName | typeof GROWN> = [GROWN, 'annealed', 'em', 'spectral']
