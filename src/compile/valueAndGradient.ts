import type * as Params from '../core/params.js'

export type { Evaluation as ValueAndGradient } from '../optimizer/optimizer.js'

/** Returns the gradient of an evaluation that does not compute one. */
export const noGradient = <P extends string>(): Params.Params<P> =>
  // never read, since the caller did not request a gradient
  ({}) as Params.Params<P>
