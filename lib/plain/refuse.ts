/**
 * For a literal that a programmer wrote wrongly, where the signature promises a value and leaves no room for an error:
 * throws a RangeError that names the remedy. Data, files and descriptions never come here; they get errors as values.
 */
export const refuse = (message: string): never => {
  throw new RangeError(message)
}

/** The same for what only shows when it runs, with what is wrong as a value beside the words: the error's `problem`. */
export const refuseWith = (problem: unknown, message: string): never => {
  throw Object.assign(new RangeError(message), { problem })
}
