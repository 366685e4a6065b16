/**
 * Throws a RangeError that names the remedy, for wrong literals in a program. Errors in data, files and descriptions are values instead.
 */
export const refuse = (message: string): never => {
  throw new RangeError(message)
}

/** Throws a RangeError with a `problem` field, for errors that appear only when a program runs. */
export const refuseWith = (problem: unknown, message: string): never => {
  throw Object.assign(new RangeError(message), { problem })
}
