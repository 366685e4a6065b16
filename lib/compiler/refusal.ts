/**
 * What a program may not do, with the operation that stands in the way. It is thrown between the phases of the compiler and
 * becomes a value at its face, where the caller falls back to the interpreter.
 */
export class Refusal extends Error {}

export const refuseToCompile = (why: string): never => {
  throw new Refusal(why)
}
