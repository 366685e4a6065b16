/**
 * What a stage is: one that takes steps, or one that comes to others; and how one is made. The program asks what is said here, never
 * which stage it is.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import { type Key } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, concept as Concept, type Field } from '../core/index.js'
import type * as Expectation from '../objective/expectation.js'
import type * as Objective from '../objective/objective.js'
import type * as Optimizer from '../optimizer/optimizer.js'
import type * as Params from '../family/params.js'
import type * as Place from '../data/place.js'
import type * as Points from '../data/points.js'
import type * as Source from '../data/source.js'
import type * as Problem from '../core/problem.js'
import type * as Schedule from '../schedule/schedule.js'
import type * as Score from '../score/score.js'

// —— what a stage is ——

/** Parameters of names that are known when it runs. */
type Arrays = Params.Params<string>
type Problems = ReadonlyArray<Problem.Problem>

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
  readonly place: Place.Place
}

/** What a stage is held to before it works. */
export interface Trial extends Setting {
  /** Whether the loss that it asks for may be another function at each step, over all rows: by noise that is drawn, or times. */
  readonly isRandom: () => boolean
}

/** A run of another stage: where it ended. */
export interface Attempt {
  readonly params: Arrays
  /** The objective where its last step started; null where there was none. */
  readonly value: number | null
  readonly failed: boolean
}

/** A start of the pipeline's initializer. */
export type Start = (key: Key.Key) => Arrays

/** What a stage works with. */
export interface Tools extends Setting {
  readonly start: Start
  /**
   * The loss that it asks for, and its gradient. The same key is the same noise. A loss on batches is taken over rows of the
   * numbers given; where none are, over rows drawn from the key.
   */
  readonly evaluate: (params: Arrays, key: Key.Key, rows?: Int32Array) => Optimizer.Evaluation<string>
  /** The stages that it attempts, each run whole from some parameters. */
  readonly attempts: ReadonlyArray<(start: Arrays, key: Key.Key) => Attempt>
  /** Looks on at the parts of an optimizer, where a step is taken again to see why it failed. */
  readonly watch?: Optimizer.Watch
}

/** What a step found and did. */
export interface Taken<S> {
  /** What the stage lowers, where the step started. */
  readonly value: number
  /** The norm of the gradient there; where there is none, that of the step is taken. */
  readonly norm?: number
  readonly params: Arrays
  readonly memory: S
}

/** A stage at work, that remembers an S from step to step. */
export interface Steps<S> {
  readonly begin: (params: Arrays) => S
  readonly step: (params: Arrays, memory: S, key: Key.Key) => Taken<S>
  /** What it hands on when it has ended; the last parameters unless given. */
  readonly finish?: (params: Arrays, memory: S) => Arrays
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
  /** The stages that it attempts, each by its engine. */
  readonly attempts: string
}

/** A stage in its place in another. */
export interface Placed {
  readonly path: string
  readonly stage: Stage
}

/** It takes steps itself. Its functions take any memory and refuse what is not its own. */
export interface Simple {
  readonly _tag: 'Simple'
  readonly stopping: Stopping
  readonly loss: O.Option<Loss>
  /** The optimizer by which it steps, for those who report. */
  readonly optimizer: O.Option<Optimizer.Optimizer>
  readonly attempts: ReadonlyArray<Placed>
  /** Of so many rows, how many its attempts see, drawn again for each; none: all of them. */
  readonly sample: O.Option<(rows: number) => number>
  /** The times whose noise it looks at, beside those of its loss. */
  readonly times: ReadonlyArray<number>
  readonly misfits: (setting: Trial) => Problems
  /** Whether it asks for rows by `data` alone, which may be a source. */
  readonly streams: boolean
  readonly means: (setting: Setting, by: By) => Means
  readonly memory: t.Type<unknown, unknown>
  readonly on: (tools: Tools) => Steps<unknown>
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
  readonly misplaced: (schedule: Schedule.Schedule) => Problems
  /** Its fields that are others at a noise level; none: those of the stages in it are. */
  readonly at: O.Option<(time: number) => Readonly<Record<string, unknown>>>
  /** What no variance falls below where it ends. */
  readonly varianceFloor: O.Option<number>
  /** Its fields that are others under a prior whose mean counts as so many rows; none: those of the stages in it are. */
  readonly under: O.Option<(prior: number) => Readonly<Record<string, unknown>>>
  /** The prior to whose mode it leads, by the rows that its mean counts as. */
  readonly prior: O.Option<number>
}

export interface Stage extends Case.Value<'Stage', Meaning> {}

export const concept = Concept<Stage>('Stage', 'what a pipeline does, one after the other')

/** What no variance falls below where the stage ends: the floor of its last part that has one. */
export const minimumVariance = (stage: Stage): O.Option<number> => concept.meaning(stage).varianceFloor

/** The prior to whose mode the stage leads, by the rows that its mean counts as: that of its last part that has one. */
export const priorOf = (stage: Stage): O.Option<number> => concept.meaning(stage).prior

// —— stages of one's own ——

interface Told<N extends string, F extends Field.Fields, A extends Case.Call, On extends string | null> extends Omit<
  Case.Spec<N, F, never, A, On>,
  'meaning'
> {
  /** Its problems on a schedule: times without noise, say. */
  readonly misplaced?: (fields: Field.Of<F>) => (schedule: Schedule.Schedule) => Problems
  /**
   * Capability: the fields that are others at one noise level, which `anneal` puts in their place. Without it, the stages
   * that stand in its fields are annealed, and nothing else.
   */
  readonly at?: (fields: Field.Of<F>) => (time: number) => Partial<Field.Of<F>>
  /** Capability: the fields that are others under a prior, which `underPrior` puts in their place. Without it, as with `at`. */
  readonly under?: (fields: Field.Of<F>) => (prior: number) => Partial<Field.Of<F>>
}

export interface Spec<
  N extends string,
  F extends Field.Fields,
  S,
  A extends Case.Call = null,
  On extends string | null = null
> extends Told<N, F, A, On> {
  readonly stops: (fields: Field.Of<F>) => Pick<Stopping, 'steps'> & Partial<Stopping>
  /** What it remembers from step to step, and how that is stored; `t.null` for nothing. */
  readonly memory: (fields: Field.Of<F>) => t.Type<S, unknown>
  /** What it does, on data that `misfits` has nothing against. */
  readonly steps: (fields: Field.Of<F>) => (tools: Tools) => Steps<NoInfer<S>>
  /** The loss that its steps evaluate, compiled as that of any stage. */
  readonly loss?: (fields: Field.Of<F>) => Pick<Loss, 'objective' | 'expectation'> & Partial<Loss>
  /** The optimizer by which it steps, for those who report. */
  readonly optimizer?: (fields: Field.Of<F>) => Optimizer.Optimizer
  /** The stages that its steps run whole. */
  readonly attempts?: (fields: Field.Of<F>) => ReadonlyArray<Stage>
  /** Of so many rows, how many these stages see, drawn again for each attempt without replacement; all of them unless given. */
  readonly sample?: (fields: Field.Of<F>) => (rows: number) => number
  /** The times whose noise it looks at beside those of its loss: components may be as far out as that takes them. */
  readonly times?: (fields: Field.Of<F>) => ReadonlyArray<number>
  /** What stands in its way: a score without what it needs. It sees data that may themselves be wrong. */
  readonly misfits?: (fields: Field.Of<F>) => (setting: Trial) => Problems
  /** Capability: it looks at rows by `data` and by its loss alone, never by `points`, and so learns from a source of them too. */
  readonly streams?: true
  /** What a plan says of it; unless given, what is said of its loss or its attempts. */
  readonly means?: (fields: Field.Of<F>) => (setting: Setting, by: By) => Means
  /** Capability: what no variance falls below where it ends; unless given, that of the last stage it attempts. */
  readonly varianceFloor?: (fields: Field.Of<F>) => number
  /** Capability: the prior to whose mode it leads, null for none; unless given, that of the last stage it attempts. */
  readonly prior?: (fields: Field.Of<F>) => number | null
}

/** Stages with where each stands in a description; those that stand nowhere in it speak for it as a whole. */
const placed = (fields: unknown, stages: ReadonlyArray<Stage>): ReadonlyArray<Placed> => {
  const inner = Case.isValue(fields) ? Case.inner(fields) : []
  return stages.map(stage => ({ path: inner.find(({ value }) => value === stage)?.path ?? '', stage }))
}

/** What the last stage that has it says. */
const lastOf =
  (of: (stage: Stage) => O.Option<number>) =>
  (stages: ReadonlyArray<Placed>): O.Option<number> =>
    pipe(
      stages,
      RA.findLastMap(({ stage }) => of(stage))
    )

const lastFloor = lastOf(minimumVariance)
const lastPrior = lastOf(priorOf)

/**
 * A stage of one's own that takes steps: in sequences, repeats and restarts, planned, printed, stored and resumed as
 * ours are. It sees the data, the score and the schedule, and may ask for a loss, which is compiled for it, or for other
 * stages, which are run for it.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import * as t from 'io-ts'
 * import { Compile, Field, Initializer, Key, Params, Pipeline, Run, Schedule, Score, Stage } from 'ornstein'
 *
 * // Every parameter by the mean of where several attempts end.
 * const averaged = Stage.define({
 *   name: 'averaged',
 *   about: 'the mean of the ends of several attempts',
 *   fields: { times: Field.count({ default: 3 }), stage: Field.of(Stage.concept) },
 *   call: ['times'],
 *   on: 'stage',
 *   stops: ({ times }) => ({ steps: times }),
 *   attempts: ({ stage }) => [stage],
 *   memory: () => t.type({ start: Params.codec, mean: Params.codec, count: t.number }),
 *   steps:
 *     () =>
 *     ({ attempts: [attempt] }) => ({
 *       begin: params => ({ start: params, mean: params, count: 0 }),
 *       step: (_, { start, mean, count }, key) => {
 *         const { params, value } = attempt(start, key)
 *         const next = Params.zipWith((m, p) => m + (p - m) / (count + 1))(mean, params)
 *         return { value: value ?? 0, params: next, memory: { start, mean: next, count: count + 1 } }
 *       }
 *     })
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
 */
export function define<
  const N extends string,
  S,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>(spec: Spec<N, F, S, A, On>): Case.Constructor<Stage, N, F, A, On> {
  const {
    stops,
    memory,
    steps,
    loss,
    optimizer,
    attempts,
    sample,
    times,
    misfits,
    streams,
    means,
    varianceFloor,
    prior,
    misplaced,
    at,
    under
  } = spec
  return Case.define('Stage', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning => {
      const codec = memory(fields)
      const own = (u: unknown): S =>
        codec.is(u)
          ? u
          : refuse(
              `memory: ${JSON.stringify(u)} is not what Stage.${spec.name} remembers (${codec.name}); begin it again`
            )
      const tried = placed(fields, attempts?.(fields) ?? [])
      return {
        form: {
          _tag: 'Simple',
          stopping: { gradientNorm: 0, relativeChange: 0, ...stops(fields) },
          loss: pipe(
            O.fromNullable(loss?.(fields)),
            O.map(asked => ({ batch: null, ...asked }))
          ),
          optimizer: O.fromNullable(optimizer?.(fields)),
          attempts: tried,
          sample: O.fromNullable(sample?.(fields)),
          times: times?.(fields) ?? [],
          misfits: misfits?.(fields) ?? (() => []),
          streams: streams ?? false,
          means:
            means?.(fields) ??
            ((_, by) =>
              by.loss ??
              (tried.length > 0
                ? { engine: 'attempts', reason: `each by ${by.attempts}` }
                : { engine: 'its own steps', reason: spec.about })),
          memory: new t.Type(
            codec.name,
            (u): u is unknown => codec.is(u),
            (u, context) => codec.validate(u, context),
            u => codec.encode(own(u))
          ),
          on: tools => {
            const { begin, step, finish } = steps(fields)(tools)
            return {
              begin,
              step: (params, u, key) => step(params, own(u), key),
              ...(finish !== undefined && { finish: (params, u) => finish(params, own(u)) })
            }
          }
        },
        misplaced: misplaced?.(fields) ?? (() => []),
        at: O.fromNullable(at?.(fields)),
        varianceFloor: varianceFloor === undefined ? lastFloor(tried) : O.some(varianceFloor(fields)),
        under: O.fromNullable(under?.(fields)),
        prior: prior === undefined ? lastPrior(tried) : O.fromNullable(prior(fields))
      }
    }
  })
}

export interface CompositeSpec<
  N extends string,
  F extends Field.Fields,
  A extends Case.Call = null,
  On extends string | null = null
> extends Told<N, F, A, On> {
  /** The stages of a round. */
  readonly stages: (fields: Field.Of<F>) => ReadonlyArray<Stage>
  /** How many rounds of them; one unless given. */
  readonly rounds?: (fields: Field.Of<F>) => number
  /** What stands in the place of each of them in a round, from 0: it comes to as many stages as that. */
  readonly inRound?: (fields: Field.Of<F>) => (round: number) => (stage: Stage) => Stage
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
 *   stages: ({ stage, steps }) => [stage, Stage.expectationMaximization({ steps })]
 * })
 * const stage = Stage.repeat(2)(polished({ steps: 20 })(Stage.powerIteration({ steps: 3 })))
 * assert.deepEqual(
 *   Stage.simple(stage).map(({ path }) => path),
 *   ['stage.stage', 'stage', 'stage.stage', 'stage']
 * )
 */
export function defineComposite<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>(spec: CompositeSpec<N, F, A, On>): Case.Constructor<Stage, N, F, A, On> {
  const { stages, rounds, inRound, misplaced, at, under } = spec
  return Case.define('Stage', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning => {
      const inner = placed(fields, stages(fields))
      return {
        form: {
          _tag: 'Composite',
          stages: inner,
          rounds: rounds?.(fields) ?? 1,
          inRound: inRound?.(fields) ?? (() => stage => stage)
        },
        misplaced: misplaced?.(fields) ?? (() => []),
        at: O.fromNullable(at?.(fields)),
        varianceFloor: lastFloor(inner),
        under: O.fromNullable(under?.(fields)),
        prior: lastPrior(inner)
      }
    }
  })
}
