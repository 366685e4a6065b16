/**
 * A function cannot be compiled; the message names the operation. Thrown inside the compiler, whose public functions return it as a value;
 * the interpreter is then used.
 */
export class Refusal extends Error {}

/** Throws a Refusal. */
export const refuseToCompile = (why: string): never => {
  throw new Refusal(why)
}
