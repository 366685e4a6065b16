/**
 * Error of a function that cannot be compiled; the message names the operation. It is thrown inside the compiler, whose public functions
 * return it as a value; the caller then uses the interpreter.
 */
export class Refusal extends Error {}

/** Throws a Refusal. */
export const refuseToCompile = (why: string): never => {
  throw new Refusal(why)
}
