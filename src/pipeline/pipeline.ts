/** Pipelines: a schedule, a score, where it starts, and the stages that teach it. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import { isDeeper } from '../../lib/plain/nesting.js'
import { Case, concept as Concept, Field, argumentWithFields, Vocabulary } from '../core/index.js'
import { laidOut } from '../core/lines.js'
import { tooDeep } from '../core/tooDeep.js'
import * as Initializer from './initializer.js'
import * as Limits from '../core/limits.js'
import * as Problem from '../core/problem.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as Stage from './stage.js'

export { tooDeep }

/** What a pipeline is made of. */
export interface Parts<P extends string> {
  /** How noise grows with time. */
  readonly schedule: Schedule.Schedule
  /** The family that is learned. */
  readonly score: Score.Score<P>
  /** Where it starts. */
  readonly initializer: Initializer.Initializer
  /** What is done, one after the other. */
  readonly stages: ReadonlyArray<Stage.Stage>
}

export interface Pipeline<P extends string> extends Parts<P>, Case.Value<'Pipeline', Parts<string>> {}

export const concept = Concept<Pipeline<string>>('Pipeline', 'a schedule, a score, where it starts, and stages')

const pipelineCase = Case.define('Pipeline', {
  name: 'of',
  about: 'a schedule, a score, where it starts, and the stages that teach it',
  fields: {
    /** How noise grows with time. */
    schedule: Field.of(Schedule.concept),
    /** The family that is learned. */
    score: Field.of(Score.concept),
    /** Where it starts. */
    initializer: Field.of(Initializer.concept),
    /** What is done, one after the other. */
    stages: Field.list(Stage.concept)
  },
  call: null,
  on: null,
  meaning: (parts): Parts<string> => parts
})

const CALL = 'Pipeline.of({ schedule, score, initializer, stages })'

/** A pipeline is its parts; whether they fit each other and the data is what `Compile` says. */
export const of = Case.caseCalledBy(pipelineCase, <P extends string>(parts: Parts<P>): Pipeline<P> => {
  const { schedule, score, initializer, stages } = argumentWithFields(parts, [], 'the parts of a pipeline', CALL)
  // The case forgets the names of the parameters, which are those of the score that was given.
  return pipelineCase({ schedule, score, initializer, stages }) as unknown as Pipeline<P>
})

export const all: ReadonlyArray<Vocabulary.Entry> = [of]

/** The width of its code: a stage in it then has lines as long as when printed alone. */
const PIPELINE_CODE_WIDTH = 104

/**
 * The pipeline as the code that builds it.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Initializer, Pipeline, Schedule, Score, Stage } from 'ornstein'
 *
 * const pipeline = Pipeline.of({
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.spherical({ components: 3 }),
 *   initializer: Initializer.kMeansPlusPlus,
 *   stages: [Stage.expectationMaximization({ steps: 50 })]
 * })
 * assert.match(Pipeline.show(pipeline), /score: Score.spherical\(\{ components: 3 \}\)/)
 */
export const show = <P extends string>(pipeline: Pipeline<P>): string =>
  laidOut(Case.show(pipeline), PIPELINE_CODE_WIDTH)

/** The pipeline as mathematics. */
export const formula = <P extends string>({ schedule, score, initializer, stages }: Pipeline<P>): string =>
  [
    `x_t = α x_0 + σ z, z ~ N(0, I), ${Schedule.formula(schedule)}`,
    Score.formula(score),
    `start: ${Initializer.formula(initializer)}`,
    ...stages.map((stage, i) => `stage ${i + 1}: ${Stage.formula(stage)}`)
  ].join('\n')

/** What no learned variance falls below: the floor of the last stage that has one. */
export const varianceFloor = <P extends string>({ score, stages }: Pipeline<P>): O.Option<number> =>
  Score.interpret(score).family?.unitVariance === false ? pipe(stages, RA.findLastMap(Stage.varianceFloorOf)) : O.none

/** The prior to whose mode the last stage leads that has one, by the rows that its mean counts as. */
export const pipelinePrior = <P extends string>({ stages }: Pipeline<P>): O.Option<number> =>
  pipe(stages, RA.findLastMap(Stage.priorOf))

/** The pipeline with its stages under a prior: see `Stage.stageUnderPrior`. */
export const pipelineUnderPrior =
  (prior: number) =>
  <P extends string>({ stages, ...rest }: Pipeline<P>): Pipeline<P> =>
    of({ ...rest, stages: stages.map(Stage.stageUnderPrior(prior)) })

/** A pipeline's JSON may name the schema from which an editor completes it. */
const withoutSchema = (json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(json).filter(([key]) => key !== '$schema'))

/**
 * The pipeline as JSON and back, in the words of a vocabulary. There is one kind of them, so that no tag is written. Custom
 * parts are code: they are written by name and read if the vocabulary has them. JSON that is nested deeper than `Limits.maxDepth`
 * is refused.
 */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Pipeline<string>, unknown> => {
  const tagged = Vocabulary.codec(vocabulary)(concept)
  return new t.Type<Pipeline<string>, unknown>(
    tagged.name,
    tagged.is.bind(tagged),
    (u, context) =>
      isDeeper(u, Limits.maxDepth)
        ? t.failure(u, context, Problem.show(tooDeep('pipeline')))
        : tagged.validate(t.UnknownRecord.is(u) ? { ...withoutSchema(u), _tag: 'of' } : u, context),
    ({ schedule, score, initializer, stages }) => {
      const written = tagged.encode(of({ schedule, score, initializer, stages }))
      return t.UnknownRecord.is(written) ? Object.fromEntries(Object.entries(written).slice(1)) : written
    }
  )
}
