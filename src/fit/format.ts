/** The word and the version that the file of a model is known by: asked with nothing of the language at hand. */
export const MODEL_FORMAT = 'ornstein-model'
export const MODEL_VERSION = 1
