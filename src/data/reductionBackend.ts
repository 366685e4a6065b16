/**
 * Backends of sums over rows: the threads of this process, or other processes with the same rows. Both add the same chunks in the same
 * order, so bits are equal.
 */
import * as Reductions from '../../lib/rows/reduction.js'
import type { Scaling } from './points.js'

/** JSON description of a sum; `Cluster.requestedReduction` builds the sum from it in the processes that have the rows. Constant during a stage. */
export type Described = { readonly name: string } & Readonly<Record<string, unknown>>

/** Request for a sum: its description, and the numbers of this step. */
export interface EvaluationRequest {
  readonly sum: Described
  readonly numbers: Float64Array
}

export interface Backend {
  /** Evaluates a sum, and blocks until it is there. Throws if the backend fails for good. */
  readonly evaluate: <A>(sum: Reductions.Reduction<A>, request: () => EvaluationRequest) => A
}

/** Backend in this process. */
export const localBackend: Backend = { evaluate: sum => Reductions.evaluate(sum) }

/** Backend for scaled rows, which the processes that have the rows compute. */
export const scaledBackend = ({ centre, scale }: Scaling, backend: Backend): Backend => ({
  evaluate: (sum, request) =>
    backend.evaluate(sum, () => {
      const { sum: of, numbers } = request()
      return { sum: { name: 'scaled', centre: Array.from(centre), scale: Array.from(scale), of }, numbers }
    })
})
