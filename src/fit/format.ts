/** Format name and version of model files, without imports, so that they are cheap to load. */
export const MODEL_FORMAT = 'ornstein-model'
export const MODEL_VERSION = 1
