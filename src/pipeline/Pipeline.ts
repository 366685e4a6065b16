/** Pipelines: a schedule, a score, where it starts, and the stages that teach it. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import { isDeeper } from '../../lib/nesting.js'
import type { Vocabulary } from '../core/index.js'
import * as Initializer from './Initializer.js'
import * as Limits from '../core/Limits.js'
import * as Problem from '../core/Problem.js'
import * as Schedule from '../schedule/Schedule.js'
import * as Score from '../score/Score.js'
import * as Stage from './Stage.js'

export interface Pipeline<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<P>
  readonly initializer: Initializer.Initializer
  readonly stages: ReadonlyArray<Stage.Stage>
}

/** A pipeline is its parts; nothing is checked before `Compile` sees the data. */
export const of = <P extends string>(parts: Pipeline<P>): Pipeline<P> => parts

const indent = (text: string): string => text.replaceAll('\n', '\n    ')

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
export const show = <P extends string>({ schedule, score, initializer, stages }: Pipeline<P>): string =>
  [
    'Pipeline.of({',
    `  schedule: ${Schedule.show(schedule)},`,
    `  score: ${Score.show(score)},`,
    `  initializer: ${Initializer.show(initializer)},`,
    `  stages: [${stages.map(stage => `\n    ${indent(Stage.show(stage))}`).join(',')}\n  ]`,
    '})'
  ].join('\n')

/** The pipeline as mathematics. */
export const formula = <P extends string>({ schedule, score, initializer, stages }: Pipeline<P>): string =>
  [
    `x_t = α x_0 + σ z, z ~ N(0, I), ${Schedule.formula(schedule)}`,
    Score.formula(score),
    `start: ${Initializer.show(initializer)}`,
    ...stages.map((stage, i) => `stage ${i + 1}: ${Stage.formula(stage)}`)
  ].join('\n')

/** What no learned variance falls below: the floor of the last stage that has one. See `Mixture.floored`. */
export const varianceFloor = <P extends string>({ score, stages }: Pipeline<P>): O.Option<number> =>
  pipe(
    Score.interpret(score).family,
    O.filter(({ unitVariance }) => !unitVariance),
    O.chain(() => pipe(stages, RA.findLastMap(Stage.varianceFloor)))
  )

/** What is said of a description in which parts stand in parts without end. */
export const tooDeep = (field: string): Problem.Problem =>
  Problem.of(
    field,
    `nested deeper than ${Limits.depth} levels`,
    'readable',
    'put stages in one sequence, not in each other'
  )

/**
 * The pipeline as JSON and back, in the words of a vocabulary. Custom parts are code: they are written by name and refused
 * on the way in, as is JSON that is nested deeper than `Limits.depth`.
 */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Pipeline<string>, unknown> => {
  const written: t.Type<Pipeline<string>, unknown> = t.type({
    schedule: Schedule.codec(vocabulary),
    score: Score.codec(vocabulary),
    initializer: Initializer.codec,
    stages: t.readonlyArray(Stage.codec(vocabulary))
  })
  return new t.ReadonlyType(
    written.name,
    written.is.bind(written),
    (u, context) =>
      isDeeper(u, Limits.depth)
        ? t.failure(u, context, Problem.show(tooDeep('pipeline')))
        : written.validate(u, context),
    written.encode.bind(written),
    // Those who ask which keys it knows see through it.
    written
  )
}
