/** Programs: compiled pipelines on their data. */
import type * as t from 'io-ts'
import type { Precision } from '../../lib/compiler/index.js'
import type { Key } from '../../lib/index.js'
import type * as Params from '../core/params.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import type * as Fault from './fault.js'
import type { Means, Stopping } from '../pipeline/stage.js'

export type { Precision } from '../../lib/compiler/index.js'

export interface Plan extends Means {
  readonly stage: string
}

/** State of a stage between steps, which only the stage reads. */
export type Memory = unknown

export interface Step<P extends string> {
  /** Objective at the parameters before the step. */
  readonly value: number
  /** Norm of the gradient before the step; for a stage without gradient, that of the step itself. */
  readonly norm: number
  readonly params: Params.Params<P>
  readonly memory: Memory
}

export interface DivergedParameter {
  readonly what: string
  readonly value: number
  readonly domain: string
}

export interface CompiledStage<P extends string> {
  readonly stopping: Stopping
  /** Size of a step, in the unit of `relativeChange`. */
  readonly change: (before: Params.Params<P>, after: Params.Params<P>) => number
  /** First parameter moved beyond the extent of the data; null if there is none. */
  readonly leaves: (before: Params.Params<P>, after: Params.Params<P>) => DivergedParameter | null
  readonly begin: (params: Params.Params<P>) => Memory
  /** First non-finite value of a step; null if none is found. */
  readonly fault: (params: Params.Params<P>, memory: Memory, key: Key.Key) => Fault.NonFinite | null
  readonly step: (params: Params.Params<P>, memory: Memory, key: Key.Key) => Step<P>
  /** Parameters with which the stage ends: the average of the iterates if its optimizer has one, otherwise the last. */
  readonly finish: (params: Params.Params<P>, memory: Memory) => Params.Params<P>
  readonly memoryCodec: t.Type<Memory, unknown>
}

export interface Program<P extends string> {
  readonly pipeline: Pipeline<P>
  readonly start: (key: Key.Key) => Params.Params<P>
  readonly stages: ReadonlyArray<CompiledStage<P>>
  /** Fingerprint of the data, by which stored states are recognized. */
  readonly data: () => string
  /** Precision of losses; parameters and optimizer states are always doubles. */
  readonly precision: Precision
  readonly plan: ReadonlyArray<Plan>
}
