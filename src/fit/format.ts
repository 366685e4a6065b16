/** Format name and version of model files, without imports. */
export const MODEL_FORMAT = 'ornstein-model'
export const MODEL_VERSION = 1
