/** Explanations of how something is computed. */
import type { LossPlan } from './loss.js'

/** Engine, the reason for choosing it, and the cost of its programs for a row. */
export type Explanation = Pick<LossPlan<string>, 'engine' | 'reason' | 'parts'>

export interface Explained {
  readonly how: () => Explanation
}

/** Attaches an explanation to a function. */
export const explained = <A extends ReadonlyArray<unknown>, R>(
  f: (...args: A) => R,
  how: Explained['how']
): ((...args: A) => R) & Explained => Object.assign((...args: A) => f(...args), { how })
