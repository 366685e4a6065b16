/** Names of the recipes of `ornstein fit`. */

export const recipeNames = ['annealed', 'two-stage', 'em', 'maximum-likelihood', 'spectral'] as const
export type RecipeName = (typeof recipeNames)[number]

/** Default recipe: grows candidates and refines the best (see `Fit`). */
export const GROWN = 'grown' as const

/** Recipes that end with EM on the data, so that a prior and the bootstrap apply. */
export const EM_RECIPES: ReadonlyArray<RecipeName | typeof GROWN> = [GROWN, 'annealed', 'em', 'spectral']
