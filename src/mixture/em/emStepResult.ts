import type * as Params from '../../core/params.js'
import type * as Problem from '../../core/problem.js'

export interface EMStepResult<P extends string> {
  /** Mean negative log-likelihood before the step; under a prior minus log p(θ) per row (see `Prior`). */
  readonly value: number
  readonly params: Params.Params<P>
  /** Present if no nodes resolve the parameters, which are then unchanged, with the value NaN. */
  readonly problem?: Problem.Problem
}
