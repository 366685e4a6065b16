/**
 * Definition of stages: simple ones, which take steps, and composite ones, which expand to others. The program depends on the properties
 * defined here alone, never on which stage it is.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import type { Key, NdArray, Tensor } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, concept as Concept, type Field } from '../core/index.js'
import type * as Expectation from '../objective/expectation.js'
import type * as Objective from '../objective/objective.js'
import type * as Optimizer from '../optimizer/optimizer.js'
import type * as Params from '../core/params.js'
import type * as Backend from '../data/reductionBackend.js'
import type * as Points from '../data/points.js'
import type * as Source from '../data/source/source.js'
import type * as Problem from '../core/problem.js'
import type * as Schedule from '../schedule/schedule.js'
import type * as Score from '../score/score.js'

type AnyParams = Params.Params<string>
type ProblemList = ReadonlyArray<Problem.Problem>

/** Rules that end a stage: its number of steps, or earlier a threshold. */
export interface Stopping {
  readonly steps: number
  /** Euclidean norm of the gradient at which the stage ends; 0 disables the rule. */
  readonly gradientNorm: number
  /**
   * Change of a mixture by a step at which the stage ends, relative to its components' standard deviations, variances and weights:
   * √Σπ_k(|δc_k|²/v_k + (d/2)(δ log v_k)² + (δ log π_k)²), independent of origin and unit of the data. For other scores: the norm of the
   * step relative to that of the parameters. 0 disables the rule.
   */
  readonly relativeChange: number
}

export interface Loss {
  readonly objective: Objective.Objective
  readonly expectation: Expectation.Expectation
  /** Number of rows in a batch, drawn at each evaluation; null for all rows. */
  readonly batch: number | null
}

export interface Setting {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<string>
  readonly model: Score.Model<string>
  /** Rows in memory; for a source, only their number. */
  readonly points: Points.Points
  readonly data: Source.Data
  readonly backend: Backend.Backend
}

/** Setting in which the requirements of a stage are checked. */
export interface Trial extends Setting {
  /** True if the loss over all rows may differ from step to step, because noise or times are drawn. */
  readonly isRandom: () => boolean
}

/** Result of running an inner stage. */
export interface Attempt {
  readonly params: AnyParams
  /** Objective before its last step; null if it took none. */
  readonly value: number | null
  readonly failed: boolean
}

/** Draws a start of the pipeline's initializer. */
export type Start = (key: Key.Key) => AnyParams

type NamedValues<A> = Readonly<Record<string, A>>

/** Inputs of sums over rows, as tensors for all rows at once. */
export interface Summed {
  /** x_0, [rows, dim] */
  readonly clean: Tensor
  /** Weight of each row, [rows, 1], or [1, 1] if they are equal; the weights of all rows sum to 1. */
  readonly weight: Tensor
  readonly params: NamedValues<Tensor>
  readonly numbers: NamedValues<Tensor>
  /** log π_k p(x_0 | k), [rows, K], for the score of a mixture. */
  readonly logJoint: () => Tensor
}

/** Sums over rows in the tensor vocabulary, by name; results have no row axis. */
export type Sums = (rows: Summed) => NamedValues<Tensor>

export interface Summing {
  /** Numbers by the names that the sums read. */
  readonly numbers?: NamedValues<number>
  /** Number of rows to draw from the key without replacement. Default: all rows. */
  readonly batch?: { readonly rows: number; readonly key: Key.Key }
}

/** Operations available to the steps of a stage. */
export interface Tools extends Setting {
  readonly start: Start
  /**
   * Evaluates the loss of the stage and its gradient; equal keys give equal noise. A loss on batches is evaluated on the rows with the
   * given indices; otherwise on rows drawn from the key. `constants`, by name, replace those of the objective's terms in equal shapes: for
   * example a teacher, or a buffer of rows, that the stage changes between steps.
   */
  readonly evaluate: (
    params: AnyParams,
    key: Key.Key,
    rows?: Int32Array,
    constants?: Params.Params<string>
  ) => Optimizer.Evaluation<string>
  readonly sums: (params: AnyParams, summing?: Summing) => NamedValues<NdArray>
  /** Functions that run its attempted stages, one each, to their end from given parameters. */
  readonly attempts: ReadonlyArray<(start: AnyParams, key: Key.Key) => Attempt>
  /** Callback for the parts of an optimizer, when a failed step is repeated to locate the cause. */
  readonly watch?: Optimizer.Watch
}

export interface Taken<S> {
  /** Objective before the step. */
  readonly value: number
  /** Norm of the gradient before the step. Default: the norm of the step. */
  readonly norm?: number
  readonly params: AnyParams
  readonly memory: S
}

/** Steps of a stage with memory of type S. */
export interface Steps<S> {
  readonly begin: (params: AnyParams) => S
  readonly step: (params: AnyParams, memory: S, key: Key.Key) => Taken<S>
  /** Parameters with which the stage ends. Default: the last ones. */
  readonly finish?: (params: AnyParams, memory: S) => AnyParams
}

/** Computation of a stage with the reason, as printed in a plan. */
export interface Means {
  readonly engine: string
  readonly reason: string
}

/** Computations of the loss and sums of a stage, null if there are none, and engines of its attempts. */
export interface By {
  readonly loss: Means | null
  readonly sums: Means | null
  readonly attempts: string
}

/** Stage with its position in another. */
export interface Placed {
  readonly path: string
  readonly stage: Stage
}

/** Stage that takes steps. Its functions accept any memory and throw if it is not their own. */
export interface Simple extends StageWork {
  readonly _tag: 'Simple'
  readonly stopping: Stopping
  readonly loss?: Loss | undefined
  readonly sums?: Sums | undefined
  readonly optimizer?: Optimizer.Optimizer | undefined
  readonly attempts: ReadonlyArray<Placed>
  readonly sample?: ((rows: number) => number) | undefined
  readonly times: ReadonlyArray<number>
  readonly requirements: (setting: Trial) => ProblemList
  /** True if it reads rows through `data` alone, which may be a source. */
  readonly streams: boolean
  readonly means: (setting: Setting, by: By) => Means
}

/** Stage that expands to rounds of other stages. */
export interface Composite {
  readonly _tag: 'Composite'
  readonly stages: ReadonlyArray<Placed>
  readonly rounds: number
  /** Transformation of each inner stage in a round. */
  readonly inRound: (round: number) => (stage: Stage) => Stage
}

export interface Meaning {
  readonly form: Simple | Composite
  readonly misplaced?: ((schedule: Schedule.Schedule) => ProblemList) | undefined
  /** Fields that change at a noise level. Absent: the inner stages change. */
  readonly at?: ((time: number) => Readonly<Record<string, unknown>>) | undefined
  /** Fields that change under a prior whose mean counts as `prior` rows. Absent: the inner stages change. */
  readonly under?: ((prior: number) => Readonly<Record<string, unknown>>) | undefined
  readonly varianceFloor?: number | null | undefined
  /** Number of rows that the prior mean counts as, if it leads to a posterior mode. */
  readonly prior?: number | null | undefined
}

export interface Stage extends Case.Value<'Stage', Meaning> {}

export const concept = Concept<Stage>('Stage', 'what a pipeline does, one after the other')

/** Returns the lower bound on variances of a stage's last part that has one. */
export const varianceFloorOf = (stage: Stage): O.Option<number> => O.fromNullable(concept.meaning(stage).varianceFloor)

/** Returns the prior of a stage's last part that has one, as the number of rows that its mean counts as. */
export const priorOf = (stage: Stage): O.Option<number> => O.fromNullable(concept.meaning(stage).prior)

/** Claims that any stage can make, given its fields V. */
interface StageClaims<V> {
  /** Problems on a schedule, such as times without noise. */
  readonly misplaced?: (schedule: Schedule.Schedule) => ProblemList
  /** Capability: the fields that change at one noise level, used by `anneal`. Absent: only the stages in its fields are annealed. */
  readonly at?: (time: number) => Partial<V>
  /** Capability: the fields that change under a prior, used by `stageUnderPrior`. Absent: only the stages in its fields change. */
  readonly under?: (prior: number) => Partial<V>
}

/** Steps of a stage, on data without problems in `requirements`, and the codec of its memory. */
interface StageWork {
  readonly memory: t.Type<unknown, unknown>
  readonly on: (tools: Tools) => Steps<unknown>
}

export interface Stepping<V = unknown> extends StageClaims<V>, StageWork {
  readonly stops: Pick<Stopping, 'steps'> & Partial<Stopping>
  /** Loss that its steps evaluate, compiled like that of any stage. */
  readonly loss?: Pick<Loss, 'objective' | 'expectation'> & Partial<Loss>
  /**
   * Sums over rows that its steps evaluate, compiled: over all rows or batches, from memory or a source, with equal bits for any number of
   * threads.
   */
  readonly sums?: Sums
  /** Optimizer of its steps, for reports. */
  readonly optimizer?: Optimizer.Optimizer
  /** Stages that its steps run completely. */
  readonly attempts?: ReadonlyArray<Stage>
  /** Number of rows that these stages use, as a function of all rows; drawn without replacement for each attempt. Default: all rows. */
  readonly sample?: (rows: number) => number
  /** Times of noise in addition to those of its loss; they bound how far components may lie outside the data. */
  readonly times?: ReadonlyArray<number>
  /** Problems with a setting, such as a score that lacks a capability. It may be called with invalid data. */
  readonly requirements?: (setting: Trial) => ProblemList
  /** Capability: it reads rows through `data`, its loss and its sums alone, never `points`, so it also fits data from a source. */
  readonly streams?: true
  /** Computation printed in a plan. Default: that of its loss or of its attempts. */
  readonly means?: (setting: Setting, by: By) => Means
  /** Capability: lower bound on every variance at its end. Default: that of the last stage it attempts. */
  readonly varianceFloor?: number
  /**
   * Capability: the prior to whose posterior mode it leads, null if none. Default: that of the last stage it
   * attempts.
   */
  readonly prior?: number | null
}

export interface Composed<V = unknown> extends StageClaims<V> {
  readonly stages: ReadonlyArray<Stage>
  /** Default: 1. */
  readonly rounds?: number
  /** Transformation of each stage in round `round`, from 0; it must expand to the same number of stages. */
  readonly inRound?: (round: number) => (stage: Stage) => Stage
}

/** Stages with their paths in the description `fields`; those that are not in it have an empty path. */
const placedStages = (fields: unknown, stages: ReadonlyArray<Stage>): ReadonlyArray<Placed> => {
  const inner = Case.isValue(fields) ? Case.innerDescriptions(fields) : []
  return stages.map(stage => ({ path: inner.find(({ value }) => value === stage)?.path ?? '', stage }))
}

/** Value of the last stage that has one; null if there is none. */
const valueOfLastStage = (of: (stage: Stage) => O.Option<number>, stages: ReadonlyArray<Stage>): number | null =>
  pipe(stages, RA.findLastMap(of), O.toNullable)

/** Builds the steps of a stage with memory of type S, from the codec of the memory (`t.null` if there is none). */
export const steps = <S>(memory: t.Type<S, unknown>, on: (tools: Tools) => Steps<NoInfer<S>>): StageWork => {
  const own = (u: unknown): S =>
    memory.is(u)
      ? u
      : refuse(`memory: ${JSON.stringify(u)} is not what the stage remembers (${memory.name}); begin it again`)
  return {
    memory: new t.Type(
      memory.name,
      (u): u is unknown => memory.is(u),
      (u, context) => memory.validate(u, context),
      u => memory.encode(own(u))
    ),
    on: tools => {
      const { begin, step, finish } = on(tools)
      return {
        begin,
        step: (params, u, key) => step(params, own(u), key),
        ...(finish !== undefined && { finish: (params, u) => finish(params, own(u)) })
      }
    }
  }
}

/**
 * Defines a custom stage that takes steps. It works in sequences, repeats and restarts, and is planned, printed, stored and resumed like a
 * built-in one. It can read the data, the score and the schedule, and request a loss or sums over rows, which are compiled, or other
 * stages, which are run for it.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import * as t from 'io-ts'
 * import { matMul, mul, softmax, sum } from 'ornstein/float64'
 * import { Compile, Field, Initializer, Key, Params, Pipeline, Run, Schedule, Score, Stage } from 'ornstein'
 *
 * // Every parameter by the mean of where several attempts end.
 * const averaged = Stage.define({
 *   name: 'averaged',
 *   about: 'the mean of the ends of several attempts',
 *   fields: { times: Field.count({ default: 3 }), stage: Field.of(Stage.concept) },
 *   call: ['times'],
 *   on: 'stage',
 *   meaning: ({ times, stage }) => ({
 *     stops: { steps: times },
 *     attempts: [stage],
 *     ...Stage.steps(
 *       t.type({ start: Params.codec, mean: Params.codec, count: t.number }),
 *       ({ attempts: [attempt] }) => ({
 *         begin: params => ({ start: params, mean: params, count: 0 }),
 *         step: (_, { start, mean, count }, key) => {
 *           const { params, value } = attempt(start, key)
 *           const next = Params.zipWith((m, p) => m + (p - m) / (count + 1))(mean, params)
 *           return { value: value ?? 0, params: next, memory: { start, mean: next, count: count + 1 } }
 *         }
 *       })
 *     )
 *   })
 * })
 * const stage = averaged(2)(Stage.expectationMaximization({ steps: 5 }))
 * assert.match(Stage.show(stage), /^Stage.averaged\(2\)\(Stage.expectationMaximization/)
 * const program = Compile.pipeline(
 *   Pipeline.of({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.symmetricPair,
 *     initializer: Initializer.values([[0.5]]),
 *     stages: [stage]
 *   })
 * )({ rows: 4, dim: 1, values: Float64Array.of(-2, -1, 1, 2) })
 * assert.ok(E.isRight(program))
 * assert.equal(Run.last(program.right)(Key.fromSeed(1)).step, 2)
 *
 * // EM whose responsibilities are raised to a power: sums over rows of a function in the vocabulary, compiled.
 * const flattened = Stage.define({
 *   name: 'flattened',
 *   about: 'EM on responsibilities to a power',
 *   fields: { power: Field.fraction({ default: 0.5 }) },
 *   meaning: ({ power }) => ({
 *     stops: { steps: 5 },
 *     sums: ({ clean, weight, logJoint }) => {
 *       const r = mul(weight, softmax(mul(power, logJoint())))
 *       return { mass: sum(r, 0), first: matMul(r, clean, { transposeA: true }) }
 *     },
 *     ...Stage.steps(t.null, ({ sums }) => ({
 *       begin: () => null,
 *       step: params => {
 *         const { mass, first } = sums(params)
 *         const means = { ...first, values: first.values.map((v, k) => v / mass.values[k]) }
 *         return { value: 0, params: { ...params, means }, memory: null }
 *       }
 *     }))
 *   })
 * })
 * const means = Params.of({ means: [[-1], [1]] })
 * const tempered = Compile.pipeline(
 *   Pipeline.of({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.spherical({ components: 2 }),
 *     initializer: Initializer.values(means),
 *     stages: [flattened({})]
 *   })
 * )({ rows: 4, dim: 1, values: Float64Array.of(-2, -1, 1, 2) })
 * assert.ok(E.isRight(tempered))
 * assert.ok(Run.last(tempered.right)(Key.fromSeed(1)).params.means.values[1] < 1.5)
 */
export function define<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>(spec: Case.Spec<N, F, Stepping<Field.Of<F>>, A, On>): Case.Constructor<Stage, N, F, A, On> {
  const byItself: Means = { engine: 'its own steps', reason: spec.about }
  return Case.define('Stage', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning => {
      const {
        stops,
        loss,
        attempts = [],
        times = [],
        requirements = () => [],
        streams = false,
        ...said
      } = spec.meaning(fields)
      const byOthers = ({ loss, sums, attempts: each }: By): Means =>
        loss ?? sums ?? (attempts.length > 0 ? { engine: 'attempts', reason: `each by ${each}` } : byItself)
      return {
        form: {
          _tag: 'Simple',
          stopping: { gradientNorm: 0, relativeChange: 0, ...stops },
          loss: loss && { batch: null, ...loss },
          sums: said.sums,
          optimizer: said.optimizer,
          attempts: placedStages(fields, attempts),
          sample: said.sample,
          times,
          requirements,
          streams,
          means: said.means ?? ((_, by) => byOthers(by)),
          memory: said.memory,
          on: said.on
        },
        misplaced: said.misplaced,
        at: said.at,
        under: said.under,
        varianceFloor: said.varianceFloor ?? valueOfLastStage(varianceFloorOf, attempts),
        prior: said.prior === undefined ? valueOfLastStage(priorOf, attempts) : said.prior
      }
    }
  })
}

/**
 * Defines a custom stage that runs others one after another.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Field, Stage } from 'ornstein'
 *
 * const polished = Stage.defineComposite({
 *   name: 'polished',
 *   about: 'a stage, and expectation–maximization after it',
 *   fields: { steps: Field.count({ default: 50 }), stage: Field.of(Stage.concept) },
 *   on: 'stage',
 *   meaning: ({ stage, steps }) => ({ stages: [stage, Stage.expectationMaximization({ steps })] })
 * })
 * const stage = Stage.repeat(2)(polished({ steps: 20 })(Stage.powerIteration({ steps: 3 })))
 * assert.equal(Stage.show(stage), 'Stage.repeat(2)(Stage.polished({ steps: 20 })(Stage.powerIteration({ steps: 3 })))')
 */
export function defineComposite<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>(spec: Case.Spec<N, F, Composed<Field.Of<F>>, A, On>): Case.Constructor<Stage, N, F, A, On> {
  return Case.define('Stage', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning => {
      const { stages, rounds = 1, inRound = () => stage => stage, ...said } = spec.meaning(fields)
      return {
        ...said,
        form: { _tag: 'Composite', stages: placedStages(fields, stages), rounds, inRound },
        varianceFloor: valueOfLastStage(varianceFloorOf, stages),
        prior: valueOfLastStage(priorOf, stages)
      }
    }
  })
}
