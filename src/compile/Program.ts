/** Programs: pipelines that fit their data, ready to run. `Compile` makes them, `Run` iterates them. */
import type * as t from 'io-ts'
import type { Key } from '../../lib/index.js'
import type { Plan as LossPlan } from './Loss.js'
import type * as Optimizer from '../optimizer/Optimizer.js'
import type * as Params from '../score/Params.js'
import type { Pipeline } from '../pipeline/Pipeline.js'
import type { Stopping } from '../pipeline/Stage.js'

/** How a stage is computed, and why. */
export interface Plan {
  readonly stage: string
  readonly engine: LossPlan<string>['engine'] | 'closed form' | 'restarts' | 'guard'
  readonly reason: string
}

/** The best attempt so far of a restarted stage. */
export interface Best {
  readonly best: number | null
}

/** What a stage remembers from step to step: what its optimizer does, or the `Best` of a restart. */
export type Memory<P extends string> = Optimizer.AnyState<P>

/** What one step of a stage found and did. */
export interface Step<P extends string, M = Memory<P>> {
  /** The objective at the parameters the step started from. */
  readonly value: number
  /** The Euclidean norm of the gradient there; for a step that has none, that of the step itself. */
  readonly norm: number
  readonly params: Params.Params<P>
  readonly memory: M
}

/** A parameter that is beyond what the data can explain. */
export interface Left {
  readonly what: string
  readonly value: number
  readonly domain: string
}

/** A stage ready to run, that remembers an `M`. */
export interface CompiledStage<P extends string, M = Memory<P>> {
  readonly stopping: Stopping
  /** How far a step went, in the unit that `relativeChange` counts. */
  readonly change: (before: Params.Params<P>, after: Params.Params<P>) => number
  /** What of the parameters a step took beyond all that the data can explain, and how far; null for nothing. */
  readonly leaves: (before: Params.Params<P>, after: Params.Params<P>) => Left | null
  readonly begin: (params: Params.Params<P>) => M
  readonly step: (params: Params.Params<P>, memory: M, key: Key.Key) => Step<P, M>
  /** What the stage hands on when it has ended: the average of its iterates, if its optimizer keeps one. */
  readonly finish: (params: Params.Params<P>, memory: M) => Params.Params<P>
  readonly memoryCodec: t.Type<M, unknown>
}

/** Forgets what a stage remembers: memory reaches its `step` only from its own `begin` or codec. */
export const remembering = <P extends string, M extends Memory<P>>(stage: CompiledStage<P, M>): CompiledStage<P> =>
  stage as unknown as CompiledStage<P>

export interface Program<P extends string> {
  readonly pipeline: Pipeline<P>
  readonly start: (key: Key.Key) => Params.Params<P>
  readonly stages: ReadonlyArray<CompiledStage<P>>
  /** Tells the data from others, and a run's states from those on others: `Points.fingerprint`. */
  readonly data: () => string
  /** What was chosen for each stage, and why. */
  readonly plan: ReadonlyArray<Plan>
}
