/** Error of a function that cannot be compiled; the message names the operation. Public functions return it as a value. */
export class Refusal extends Error {}

/** Throws a Refusal. */
export const refuseToCompile = (why: string): never => {
  throw new Refusal(why)
}
