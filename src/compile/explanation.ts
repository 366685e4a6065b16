/** How something is computed, for `Compile.explain`. */
import type { LossPlan } from './loss.js'

/** The engine, why it was chosen, and what its programs do for each row. */
export type Explanation = Pick<LossPlan<string>, 'engine' | 'reason' | 'parts'>

/** Something that can be asked how it is computed. */
export interface Explained {
  /** Describes how it is computed; `Compile.explain` prints it. */
  readonly how: () => Explanation
}

/** A function with its explanation. */
export const explained = <A extends ReadonlyArray<unknown>, R>(
  f: (...args: A) => R,
  how: Explained['how']
): ((...args: A) => R) & Explained => Object.assign((...args: A) => f(...args), { how })
