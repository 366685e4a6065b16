/**
 * Where sums over rows are taken: here, by the threads of this process, or by others who have the same rows. Whoever takes them,
 * the bits are the same, since the chunks of a sum are, and the order in which they are added.
 */
import * as Reductions from '../../lib/rows/reduction.js'
import type { Scaling } from './points.js'

/** What a sum is of, as JSON: the same at all steps of a stage. `Cluster.requestedReduction` makes the sum of it, where the rows are. */
export type Described = { readonly name: string } & Readonly<Record<string, unknown>>

/** What another needs to make the same sum, beside the rows: a description, and the numbers of this step. */
export interface EvaluationRequest {
  readonly sum: Described
  readonly numbers: Float64Array
}

export interface Backend {
  /** What a sum comes to. It is waited for; a place that fails for good throws. */
  readonly evaluate: <A>(sum: Reductions.Reduction<A>, request: () => EvaluationRequest) => A
}

/** In this process. */
export const localBackend: Backend = { evaluate: sum => Reductions.evaluate(sum) }

/** The same place for rows in other units: those who have them bring their own to these. */
export const scaledBackend = ({ centre, scale }: Scaling, backend: Backend): Backend => ({
  evaluate: (sum, request) =>
    backend.evaluate(sum, () => {
      const { sum: of, numbers } = request()
      return { sum: { name: 'scaled', centre: Array.from(centre), scale: Array.from(scale), of }, numbers }
    })
})
