/** Programs: pipelines that fit their data, ready to run. `Compile` makes them, `Run` iterates them. */
import type * as t from 'io-ts'
import type { Precision } from '../../lib/compiler/index.js'
import type { Key } from '../../lib/index.js'
import type * as Params from '../core/params.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import type * as Fault from './fault.js'
import type { Means, Stopping } from '../pipeline/stage.js'

export type { Precision } from '../../lib/compiler/index.js'

/** How a stage is computed, and why. */
export interface Plan extends Means {
  readonly stage: string
}

/** What a stage remembers from step to step: nobody but the stage looks at it. */
export type Memory = unknown

/** What one step of a stage found and did. */
export interface Step<P extends string> {
  /** The objective at the parameters the step started from. */
  readonly value: number
  /** The Euclidean norm of the gradient there; for a step that has none, that of the step itself. */
  readonly norm: number
  readonly params: Params.Params<P>
  readonly memory: Memory
}

/** A parameter that is beyond what the data can explain. */
export interface Left {
  readonly what: string
  readonly value: number
  readonly domain: string
}

/** A stage ready to run. */
export interface CompiledStage<P extends string> {
  readonly stopping: Stopping
  /** How far a step went, in the unit that `relativeChange` counts. */
  readonly change: (before: Params.Params<P>, after: Params.Params<P>) => number
  /** What of the parameters a step took beyond all that the data can explain, and how far; null for nothing. */
  readonly leaves: (before: Params.Params<P>, after: Params.Params<P>) => Left | null
  readonly begin: (params: Params.Params<P>) => Memory
  /** Of a step that is not finite, the first thing that is not; null where none is found. */
  readonly fault: (params: Params.Params<P>, memory: Memory, key: Key.Key) => Fault.NonFinite | null
  readonly step: (params: Params.Params<P>, memory: Memory, key: Key.Key) => Step<P>
  /** What the stage hands on when it has ended: the average of its iterates, if its optimizer keeps one. */
  readonly finish: (params: Params.Params<P>, memory: Memory) => Params.Params<P>
  readonly memoryCodec: t.Type<Memory, unknown>
}

export interface Program<P extends string> {
  readonly pipeline: Pipeline<P>
  readonly start: (key: Key.Key) => Params.Params<P>
  readonly stages: ReadonlyArray<CompiledStage<P>>
  /** Tells the data from others, and a run's states from those on others: a fingerprint of the points. */
  readonly data: () => string
  /** Of the losses of its stages; parameters, and what optimizers do with them, are doubles. */
  readonly precision: Precision
  /** What was chosen for each stage, and why. */
  readonly plan: ReadonlyArray<Plan>
}
