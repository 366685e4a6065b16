/** The value of a loss with its gradient. */
import type * as Params from '../core/params.js'

export type { Evaluation as ValueAndGradient } from '../optimizer/optimizer.js'

/** The gradient where none is asked for. */
export const noGradient = <P extends string>(): Params.Params<P> =>
  // Nobody looks at it, since nobody asked for it.
  ({}) as Params.Params<P>
