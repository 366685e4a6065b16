import type * as M from 'fp-ts/lib/Monoid.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as t from 'io-ts'
import { Case, Field, Vocabulary } from '../core/index.js'
import { laidOut } from '../core/lines.js'
import * as Limits from '../core/limits.js'
import type * as Problem from '../core/problem.js'
import * as Schedule from '../schedule/schedule.js'
import {
  descend,
  expectationMaximization,
  guarded,
  onSample,
  powerIteration,
  restart,
  splitAndMerge,
  stageField,
  noisyTimeField
} from './simple.js'
import { concept, defineComposite, type Loss, type Placed, type Simple, type Stage } from './staged.js'

export {
  concept,
  define,
  defineComposite,
  priorOf,
  varianceFloorOf,
  steps,
  type Attempt,
  type By,
  type Composed,
  type Composite,
  type Loss,
  type Meaning,
  type Means,
  type Placed,
  type Setting,
  type Simple,
  type Stage,
  type Start,
  type Stepping,
  type Steps,
  type Stopping,
  type Summed,
  type Summing,
  type Sums,
  type Taken,
  type Tools,
  type Trial
} from './staged.js'
export {
  descend,
  expectationMaximization,
  guarded,
  onSample,
  powerIteration,
  restart,
  splitAndMerge
} from './simple.js'

/** Runs stages one after another. Associative, with `sequence([])` as identity. */
export const sequence = defineComposite({
  name: 'sequence',
  about: 'one after the other: a monoid',
  fields: {
    /** Stages in the order in which they run. */
    stages: Field.list<Stage>(concept)
  },
  call: ['stages'],
  formula: ({ stages }) => stages.map(formula).join('; then '),
  meaning: ({ stages }) => ({ stages })
})

/** Monoid of stages in sequence. */
export const Monoid: M.Monoid<Stage> = { concat: (first, second) => sequence([first, second]), empty: sequence([]) }

/** Repeats a stage; its optimizer starts again each time. `repeat(n)(sequence([a, b]))` alternates. */
export const repeat = defineComposite({
  name: 'repeat',
  about: 'the same several times',
  fields: {
    /** Number of repetitions. */
    times: Field.number({
      holds: times => Number.isSafeInteger(times) && times >= 0 && times <= Limits.stages,
      domain: `a whole number from 0 to ${Limits.stages}`,
      suggestion: 3,
      remedy: 'let a stage take more steps instead',
      arbitrary: fc => fc.nat({ max: 3 })
    }),
    /** Stage that is repeated. */
    stage: stageField
  },
  call: ['times'],
  on: 'stage',
  formula: ({ times, stage }) => `${times} times: ${formula(stage)}`,
  meaning: ({ times, stage }) => ({ stages: [stage], rounds: times })
})

/**
 * Runs a stage at each of the times, which replace those of its objectives and of its expectation–maximization: from high noise, where the
 * loss is smooth and merges the components, to low noise.
 *
 * @example
 * import { Expectation, Objective, Optimizer, Stage, NoiseLevels } from 'ornstein'
 *
 * export const annealed = Stage.anneal([2, 1, 0.5, 0.25, 0.1])(
 *   Stage.descend({
 *     objective: Objective.implicit(NoiseLevels.at(1)),
 *     expectation: Expectation.projected(),
 *     optimizer: Optimizer.gradientDescent({ rate: 0.5 }),
 *     steps: 30
 *   })
 * )
 */
export const anneal = defineComposite({
  name: 'anneal',
  about: 'the same at each noise level in turn',
  fields: {
    /** Times of the noise levels, in order. */
    times: Field.array(noisyTimeField),
    /** Stage that runs at each time. */
    stage: stageField
  },
  call: ['times'],
  on: 'stage',
  example: { times: [0.9, 0.3, 0.1] },
  formula: ({ times, stage }) => `at t = ${times.join(', ')} in turn: ${formula(stage)}`,
  meaning: ({ times, stage }) => ({
    misplaced: schedule => times.flatMap((time, i) => Schedule.timeProblems(`times[${i}]`, time)(schedule)),
    // its own times take precedence
    at: () => ({}),
    stages: [stage],
    rounds: times.length,
    inRound: round => stageAtTime(times[round])
  })
})

/** Stages in the order of the reference. */
export const all: ReadonlyArray<Vocabulary.Entry> = [
  descend,
  expectationMaximization,
  splitAndMerge,
  powerIteration,
  restart,
  guarded,
  onSample,
  sequence,
  repeat,
  anneal
]

/** Applies `change` to the stages directly inside a stage. */
const withInner = (change: (stage: Stage) => Stage): ((stage: Stage) => Stage) =>
  Case.mapInner(inner => (concept.is(inner) ? change(inner) : inner))

/** Sets the time of all objectives of a stage and of its expectation–maximization. */
function stageAtTime(time: number): (stage: Stage) => Stage {
  return stage => {
    const { at } = concept.meaning(stage)
    return at === undefined ? withInner(stageAtTime(time))(stage) : pipe(stage, Case.changed(at(time)))
  }
}

/**
 * Returns the stage under the prior of Fraley & Raftery (2007), whose mean counts as `prior` rows: a stage that maximizes the likelihood
 * then maximizes the posterior. Steps with noise and descent do not support it and are unchanged.
 */
export function stageUnderPrior(prior: number): (stage: Stage) => Stage {
  return stage => {
    const { under } = concept.meaning(stage)
    return under === undefined ? withInner(stageUnderPrior(prior))(stage) : pipe(stage, Case.changed(under(prior)))
  }
}

/** Stage that takes steps, with its position in the description. */
export interface WrittenStage extends Placed {
  readonly simple: Simple
}

/** Expands a stage to those that take steps. */
export const simple = (stage: Stage): ReadonlyArray<WrittenStage> => {
  const { form } = concept.meaning(stage)
  return form._tag === 'Simple'
    ? [{ path: '', stage, simple: form }]
    : RA.makeBy(form.rounds, form.inRound).flatMap(turned =>
        form.stages.flatMap(({ path, stage }) =>
          simple(turned(stage)).map(written => ({ ...written, path: joinedPath(path, written.path) }))
        )
      )
}

const joinedPath = (...path: ReadonlyArray<string>): string => path.filter(part => part !== '').join('.')

/** Problem of a stage with its path from the enclosing description. */
export const insideStage =
  (...path: ReadonlyArray<string>) =>
  (problem: Problem.Problem): Problem.Problem => ({ ...problem, field: joinedPath(...path, problem.field) })

/** Returns the losses of a stage and of the stages inside it. */
export const losses = (stage: Stage): ReadonlyArray<Loss> => {
  const { form } = concept.meaning(stage)
  const inner = (form._tag === 'Simple' ? form.attempts : form.stages).flatMap(({ stage }) => losses(stage))
  return form._tag === 'Simple' && form.loss !== undefined ? [form.loss, ...inner] : inner
}

/** Number of simple stages of an expanded stage, and number of attempts, nested restarts multiplied. */
export interface StageExtent {
  readonly stages: number
  readonly attempts: number
}

/** Returns the size of the expanded stage without expanding it. */
export const stageExtent = (stage: Stage): StageExtent => {
  const { form } = concept.meaning(stage)
  const inner = (form._tag === 'Simple' ? form.attempts : form.stages).map(({ stage }) => stageExtent(stage))
  const stages = inner.reduce((sum, { stages }) => sum + stages, 0)
  const attempts = inner.reduce((most, { attempts }) => Math.max(most, attempts), 1)
  return form._tag === 'Composite'
    ? { stages: form.rounds * stages, attempts }
    : { stages: 1 + stages, attempts: inner.length === 0 ? 1 : form.stopping.steps * attempts }
}

const STAGE_CODE_WIDTH = 100

/** Returns the stage as the code that builds it. */
export const show = (stage: Stage): string => laidOut(Case.show(stage), STAGE_CODE_WIDTH)

/** Returns the stage as a formula. */
export function formula(stage: Stage): string {
  return Case.formula(stage)
}

/** Returns the problems of a stage on a schedule, before any data. */
export const problems =
  (schedule: Schedule.Schedule) =>
  (stage: Stage): ReadonlyArray<Problem.Problem> => [
    ...Case.problems(stage),
    ...(Case.isValue(stage) ? Case.placedDescriptions(stage) : []).flatMap(({ path, value }) =>
      concept.is(value) && Case.isSound(value)
        ? (concept.meaning(value).misplaced?.(schedule) ?? []).map(insideStage(path))
        : []
    )
  ]

/** Returns the JSON codec of stages in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Stage, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
