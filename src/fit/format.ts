/** The word and the version that the file of a model is known by: asked with nothing of the language at hand. */
export const format = 'ornstein-model'
export const version = 1
