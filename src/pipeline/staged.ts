/**
 * What a stage is: one that takes steps, or one that comes to others; and how one is made. The program asks what is said here, never
 * which stage it is.
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
import type * as Backend from '../data/place.js'
import type * as Points from '../data/points.js'
import type * as Source from '../data/source/source.js'
import type * as Problem from '../core/problem.js'
import type * as Schedule from '../schedule/schedule.js'
import type * as Score from '../score/score.js'

// —— what a stage is ——

/** Parameters of names that are known when it runs. */
type AnyParams = Params.Params<string>
type ProblemList = ReadonlyArray<Problem.Problem>

/** A stage ends after its steps, or before when a rule holds. */
export interface Stopping {
  readonly steps: number
  /** Stop when the Euclidean norm of the gradient falls to this; 0 for never. */
  readonly gradientNorm: number
  /**
   * Stop when a step moves a mixture by this share of its components' standard deviations, of its variances and of its weights:
   * √Σπ_k(|δc_k|²/v_k + (d/2)(δ log v_k)² + (δ log π_k)²) falls to it. Where 0 is, and the unit of the data, do not matter. For a
   * score that is no mixture, when the step's norm falls to this share of the parameters'. 0 for never.
   */
  readonly relativeChange: number
}

/** The loss that a stage asks to be evaluated: an objective, and how its expectation is taken. */
export interface Loss {
  readonly objective: Objective.Objective
  readonly expectation: Expectation.Expectation
  /** How many rows it is taken over, drawn again at each evaluation; null for all of them. */
  readonly batch: number | null
}

/** What a stage is to work on. */
export interface Setting {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<string>
  readonly model: Score.Model<string>
  /** The rows in memory; of a source only how many there are. */
  readonly points: Points.Points
  /** The rows, in memory or not. */
  readonly data: Source.Data
  /** Where sums over them are taken. */
  readonly backend: Backend.Backend
}

/** What a stage is held to before it works. */
export interface Trial extends Setting {
  /** Whether the loss that it asks for may be another function at each step, over all rows: by noise that is drawn, or times. */
  readonly isRandom: () => boolean
}

/** A run of another stage: where it ended. */
export interface Attempt {
  readonly params: AnyParams
  /** The objective where its last step started; null where there was none. */
  readonly value: number | null
  readonly failed: boolean
}

/** A start of the pipeline's initializer. */
export type Start = (key: Key.Key) => AnyParams

type NamedValues<A> = Readonly<Record<string, A>>

/** What sums over rows are made of, for all rows at once. */
export interface Summed {
  /** x_0, [rows, dim] */
  readonly clean: Tensor
  /** What each row counts, [rows, 1], or [1, 1] where all count alike: 1 of all rows together. */
  readonly weight: Tensor
  readonly params: NamedValues<Tensor>
  /** Numbers of the step, each []. */
  readonly numbers: NamedValues<Tensor>
  /** log π_k p(x_0 | k), [rows, K], of the score of a mixture. */
  readonly logJoint: () => Tensor
}

/** Sums over rows, in the vocabulary, by name: without an axis of rows, Σ over rows of what each is. */
export type Sums = (rows: Summed) => NamedValues<Tensor>

/** Over which rows, and with which numbers, sums are taken. */
export interface Summing {
  /** By the names that the sums read. */
  readonly numbers?: NamedValues<number>
  /** So many rows, drawn from the key without replacement; all of them unless given. */
  readonly batch?: { readonly rows: number; readonly key: Key.Key }
}

/** What a stage works with. */
export interface Tools extends Setting {
  readonly start: Start
  /**
   * The loss that it asks for, and its gradient. The same key is the same noise. A loss on batches is taken over rows of the
   * numbers given; where none are, over rows drawn from the key. Constants of its terms, by name, may be others than the objective has:
   * a teacher, or a buffer of rows, that the stage remembers and changes between steps. Their shapes are those of the objective's.
   */
  readonly evaluate: (
    params: AnyParams,
    key: Key.Key,
    rows?: Int32Array,
    constants?: Params.Params<string>
  ) => Optimizer.Evaluation<string>
  /** The sums over rows that it asks for, at parameters. */
  readonly sums: (params: AnyParams, summing?: Summing) => NamedValues<NdArray>
  /** The stages that it attempts, each run whole from some parameters. */
  readonly attempts: ReadonlyArray<(start: AnyParams, key: Key.Key) => Attempt>
  /** Looks on at the parts of an optimizer, where a step is taken again to see why it failed. */
  readonly watch?: Optimizer.Watch
}

/** What a step found and did. */
export interface Taken<S> {
  /** What the stage lowers, where the step started. */
  readonly value: number
  /** The norm of the gradient there; where there is none, that of the step is taken. */
  readonly norm?: number
  readonly params: AnyParams
  readonly memory: S
}

/** A stage at work, that remembers an S from step to step. */
export interface Steps<S> {
  readonly begin: (params: AnyParams) => S
  readonly step: (params: AnyParams, memory: S, key: Key.Key) => Taken<S>
  /** What it hands on when it has ended; the last parameters unless given. */
  readonly finish?: (params: AnyParams, memory: S) => AnyParams
}

/** How a stage is computed, and why: what a plan says of it. */
export interface Means {
  readonly engine: string
  readonly reason: string
}

/** By which means what it asks for is computed. */
export interface By {
  /** The loss; null where it asks for none. */
  readonly loss: Means | null
  /** The sums over rows; null where it asks for none. */
  readonly sums: Means | null
  /** The stages that it attempts, each by its engine. */
  readonly attempts: string
}

/** A stage in its place in another. */
export interface Placed {
  readonly path: string
  readonly stage: Stage
}

/** It takes steps itself. Its functions take any memory and refuse what is not its own. */
export interface Simple extends StageWork {
  readonly _tag: 'Simple'
  readonly stopping: Stopping
  readonly loss?: Loss | undefined
  readonly sums?: Sums | undefined
  /** The optimizer by which it steps, for those who report. */
  readonly optimizer?: Optimizer.Optimizer | undefined
  readonly attempts: ReadonlyArray<Placed>
  /** Of so many rows, how many its attempts see, drawn again for each; absent: all of them. */
  readonly sample?: ((rows: number) => number) | undefined
  /** The times whose noise it looks at, beside those of its loss. */
  readonly times: ReadonlyArray<number>
  readonly requirements: (setting: Trial) => ProblemList
  /** Whether it asks for rows by `data` alone, which may be a source. */
  readonly streams: boolean
  readonly means: (setting: Setting, by: By) => Means
}

/** It comes to other stages, one after the other, so many rounds of them. */
export interface Composite {
  readonly _tag: 'Composite'
  readonly stages: ReadonlyArray<Placed>
  readonly rounds: number
  /** What stands in the place of each of them in a round. */
  readonly inRound: (round: number) => (stage: Stage) => Stage
}

export interface Meaning {
  readonly form: Simple | Composite
  /** Its problems on a schedule, beside what is wrong in itself. */
  readonly misplaced?: ((schedule: Schedule.Schedule) => ProblemList) | undefined
  /** Its fields that are others at a noise level; absent: those of the stages in it are. */
  readonly at?: ((time: number) => Readonly<Record<string, unknown>>) | undefined
  /** Its fields that are others under a prior whose mean counts as so many rows; absent: those of the stages in it are. */
  readonly under?: ((prior: number) => Readonly<Record<string, unknown>>) | undefined
  /** What no variance falls below where it ends. */
  readonly varianceFloor?: number | null | undefined
  /** The prior to whose mode it leads, by the rows that its mean counts as. */
  readonly prior?: number | null | undefined
}

export interface Stage extends Case.Value<'Stage', Meaning> {}

export const concept = Concept<Stage>('Stage', 'what a pipeline does, one after the other')

/** What no variance falls below where the stage ends: the floor of its last part that has one. */
export const varianceFloorOf = (stage: Stage): O.Option<number> => O.fromNullable(concept.meaning(stage).varianceFloor)

/** The prior to whose mode the stage leads, by the rows that its mean counts as: that of its last part that has one. */
export const priorOf = (stage: Stage): O.Option<number> => O.fromNullable(concept.meaning(stage).prior)

// —— stages of one's own ——

/** What any stage may say, of the fields V that it has. */
interface StageClaims<V> {
  /** Its problems on a schedule: times without noise, say. */
  readonly misplaced?: (schedule: Schedule.Schedule) => ProblemList
  /**
   * Capability: the fields that are others at one noise level, which `anneal` puts in their place. Without it, the stages
   * that stand in its fields are annealed, and nothing else.
   */
  readonly at?: (time: number) => Partial<V>
  /** Capability: the fields that are others under a prior, which `underPrior` puts in their place. Without it, as with `at`. */
  readonly under?: (prior: number) => Partial<V>
}

/** What it does, on data that `requirements` has nothing against, and how its memory is stored: `steps` makes both. */
interface StageWork {
  readonly memory: t.Type<unknown, unknown>
  readonly on: (tools: Tools) => Steps<unknown>
}

/** What a stage is that takes steps. */
export interface Stepping<V = unknown> extends StageClaims<V>, StageWork {
  readonly stops: Pick<Stopping, 'steps'> & Partial<Stopping>
  /** The loss that its steps evaluate, compiled as that of any stage. */
  readonly loss?: Pick<Loss, 'objective' | 'expectation'> & Partial<Loss>
  /** The sums over rows that its steps take, compiled: of all rows or of batches, from memory or a source, with the same bits by any threads. */
  readonly sums?: Sums
  /** The optimizer by which it steps, for those who report. */
  readonly optimizer?: Optimizer.Optimizer
  /** The stages that its steps run whole. */
  readonly attempts?: ReadonlyArray<Stage>
  /** Of so many rows, how many these stages see, drawn again for each attempt without replacement; all of them unless given. */
  readonly sample?: (rows: number) => number
  /** The times whose noise it looks at beside those of its loss: components may be as far out as that takes them. */
  readonly times?: ReadonlyArray<number>
  /** What stands in its way: a score without what it needs. It sees data that may themselves be wrong. */
  readonly requirements?: (setting: Trial) => ProblemList
  /** Capability: it looks at rows by `data`, by its loss and by its sums alone, never by `points`, and so learns from a source of them too. */
  readonly streams?: true
  /** What a plan says of it; unless given, what is said of its loss or its attempts. */
  readonly means?: (setting: Setting, by: By) => Means
  /** Capability: what no variance falls below where it ends; unless given, that of the last stage it attempts. */
  readonly varianceFloor?: number
  /** Capability: the prior to whose mode it leads, null for none; unless given, that of the last stage it attempts. */
  readonly prior?: number | null
}

/** What a stage is that is made of others. */
export interface Composed<V = unknown> extends StageClaims<V> {
  /** The stages of a round. */
  readonly stages: ReadonlyArray<Stage>
  /** How many rounds of them; one unless given. */
  readonly rounds?: number
  /** What stands in the place of each of them in a round, from 0: it comes to as many stages as that. */
  readonly inRound?: (round: number) => (stage: Stage) => Stage
}

/** Stages with where each stands in a description; those that stand nowhere in it speak for it as a whole. */
const placedStages = (fields: unknown, stages: ReadonlyArray<Stage>): ReadonlyArray<Placed> => {
  const inner = Case.isValue(fields) ? Case.innerDescriptions(fields) : []
  return stages.map(stage => ({ path: inner.find(({ value }) => value === stage)?.path ?? '', stage }))
}

/** What the last stage that has it says. */
const lastOf = (of: (stage: Stage) => O.Option<number>, stages: ReadonlyArray<Stage>): number | null =>
  pipe(stages, RA.findLastMap(of), O.toNullable)

/**
 * The steps of a stage that remembers an S from one to the next: how that is stored, `t.null` for nothing, and what it does.
 */
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
 * A stage of one's own that takes steps: in sequences, repeats and restarts, planned, printed, stored and resumed as
 * ours are. It sees the data, the score and the schedule, and may ask for a loss, for sums over rows, which are compiled
 * for it, or for other stages, which are run for it.
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
        varianceFloor: said.varianceFloor ?? lastOf(varianceFloorOf, attempts),
        prior: said.prior === undefined ? lastOf(priorOf, attempts) : said.prior
      }
    }
  })
}

/**
 * A stage of one's own that is made of others, one after the other.
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
        varianceFloor: lastOf(varianceFloorOf, stages),
        prior: lastOf(priorOf, stages)
      }
    }
  })
}
