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

export interface Parts<P extends string> {
  /** Growth of the noise with time. */
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<P>
  readonly initializer: Initializer.Initializer
  /** In the order in which they run. */
  readonly stages: ReadonlyArray<Stage.Stage>
}

export interface Pipeline<P extends string> extends Parts<P>, Case.Value<'Pipeline', Parts<string>> {}

export const concept = Concept<Pipeline<string>>('Pipeline', 'a schedule, a score, where it starts, and stages')

const pipelineCase = Case.define('Pipeline', {
  name: 'of',
  about: 'a schedule, a score, where it starts, and the stages that teach it',
  fields: {
    /** Growth of the noise with time. */
    schedule: Field.of(Schedule.concept),
    /** Score to be fitted. */
    score: Field.of(Score.concept),
    /** Initial parameters. */
    initializer: Field.of(Initializer.concept),
    /** In the order in which they run. */
    stages: Field.list(Stage.concept)
  },
  call: null,
  on: null,
  meaning: (parts): Parts<string> => parts
})

const CALL = 'Pipeline.of({ schedule, score, initializer, stages })'

/** Pipeline of the given parts; `Compile` reports whether they are compatible with each other and with the data. */
export const of = Case.caseCalledBy(pipelineCase, <P extends string>(parts: Parts<P>): Pipeline<P> => {
  const { schedule, score, initializer, stages } = argumentWithFields(parts, [], 'the parts of a pipeline', CALL)
  // the parameter names are those of the given score, which the case does not keep
  return pipelineCase({ schedule, score, initializer, stages }) as unknown as Pipeline<P>
})

export const all: ReadonlyArray<Vocabulary.Entry> = [of]

/** Line width of a pipeline's code; a stage in it is wrapped as if printed alone. */
const PIPELINE_CODE_WIDTH = 104

/**
 * Returns the pipeline as the code that builds it.
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

/** Returns the pipeline as mathematics. */
export const formula = <P extends string>({ schedule, score, initializer, stages }: Pipeline<P>): string =>
  [
    `x_t = α x_0 + σ z, z ~ N(0, I), ${Schedule.formula(schedule)}`,
    Score.formula(score),
    `start: ${Initializer.formula(initializer)}`,
    ...stages.map((stage, i) => `stage ${i + 1}: ${Stage.formula(stage)}`)
  ].join('\n')

/** Returns the lower bound on learned variances of the last stage that has one. */
export const varianceFloor = <P extends string>({ score, stages }: Pipeline<P>): O.Option<number> =>
  Score.interpret(score).family?.unitVariance === false ? pipe(stages, RA.findLastMap(Stage.varianceFloorOf)) : O.none

/** Returns the prior of the last stage that has one, as the number of rows that its mean counts as. */
export const pipelinePrior = <P extends string>({ stages }: Pipeline<P>): O.Option<number> =>
  pipe(stages, RA.findLastMap(Stage.priorOf))

/** Returns the pipeline with its stages under a prior; see `Stage.stageUnderPrior`. */
export const pipelineUnderPrior =
  (prior: number) =>
  <P extends string>({ stages, ...rest }: Pipeline<P>): Pipeline<P> =>
    of({ ...rest, stages: stages.map(Stage.stageUnderPrior(prior)) })

/** Removes `$schema`, by which JSON can name its schema for an editor. */
const withoutSchema = (json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(json).filter(([key]) => key !== '$schema'))

/**
 * Returns the JSON codec of pipelines in a vocabulary; no tag is written. Custom parts are written by name, and can be read if the
 * vocabulary contains them. JSON nested deeper than `Limits.maxDepth` is rejected.
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
