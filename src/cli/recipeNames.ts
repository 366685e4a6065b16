/** The recipes by which `ornstein fit` learns, as they are called. */

export const recipeNames = ['annealed', 'two-stage', 'em', 'maximum-likelihood', 'spectral'] as const
export type RecipeName = (typeof recipeNames)[number]

/** What learns unless a recipe is asked for: `Fit`, which grows candidates and settles them. */
export const GROWN = 'grown' as const

/** Those that end in expectation–maximization on the data: there a prior leads, and resamples begin. */
export const EM_RECIPES: ReadonlyArray<RecipeName | typeof GROWN> = [GROWN, 'annealed', 'em', 'spectral']
