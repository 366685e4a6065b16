/** `ornstein explain`: prints a pipeline as code and mathematics, and its plan. */
import * as E from 'fp-ts/lib/Either.js'
import * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Key, Pipeline, Points, type Vocabulary } from '../../index.js'
import * as Case from '../../core/case.js'
import * as Expectation from '../../objective/expectation.js'
import * as Initializer from '../../pipeline/initializer.js'
import * as Stage from '../../pipeline/stage.js'
import { problemInside, type OrProblems } from '../orProblems.js'
import * as json from '../../core/json.js'
import * as Model from '../../fit/model.js'
import * as ScoreModel from '../../fit/scoreModel.js'
import { modelOfJson } from '../models.js'
import * as steps from '../commandSteps.js'
import { csvOptions } from '../tableOptions.js'
import type { ExplainFlags } from '../commandOptions.js'
import * as words from '../customVocabulary.js'
import { paragraphs } from '../../fit/text.js'
import { usageFailure, type CommandFailure, type World } from '../world.js'

const readPipeline =
  (path: string, vocabulary: Vocabulary.Vocabulary) =>
  (text: string): OrProblems<Pipeline.Pipeline<string>> =>
    pipe(
      text,
      json.parseJsonText('PIPELINE', path),
      E.flatMap((value): OrProblems<Pipeline.Pipeline<string>> => {
        const model: OrProblems<{ readonly pipeline: Pipeline.Pipeline<string> }> | null = ScoreModel.claimsScore(value)
          ? ScoreModel.readScoreModel(vocabulary, path)(value)
          : Model.claimsModel(value)
            ? modelOfJson(vocabulary, path)(value)
            : null
        return model === null
          ? pipe(value, json.decodeJson(Pipeline.codec(vocabulary), path))
          : pipe(
              model,
              E.map(({ pipeline }) => pipeline)
            )
      })
    )

/** Random data of the shape that a pipeline needs, to find problems that do not depend on data. */
const standInPoints = ({ score, initializer, stages }: Pipeline.Pipeline<string>): Points.Points => {
  const noise = stages.flatMap(Stage.losses).flatMap(({ expectation }) => Expectation.fixedNoiseSize(expectation) ?? [])
  const components = Case.field(score, 'components') ?? 1
  const knownDim = [...noise.map(({ dim }) => dim), Initializer.initializerDim(initializer)].find(isPlausibleCount)
  const batches = stages.flatMap(Stage.losses).map(({ batch }) => batch ?? 1)
  const rows = noise.at(0)?.rows ?? Math.max(isPlausibleCount(components) ? components : 1, 2, ...batches)
  const pointsOfDim = (dim: number): Points.Points => ({ rows, dim, values: Key.normal(rows * dim)(Key.fromSeed(0)) })
  // The shapes of a network's parameters imply the number of columns.
  const fits = (dim: number): boolean => E.isRight(Initializer.interpret(score, pointsOfDim(dim))(initializer))
  return pointsOfDim(knownDim ?? [2, ...RA.makeBy(MAX_TRIED_COLUMNS, i => i + 1)].find(fits) ?? 2)
}

const MAX_TRIED_COLUMNS = 64

const isPlausibleCount = (n: unknown): n is number =>
  typeof n === 'number' && Number.isSafeInteger(n) && n > 0 && n < 1e6

const loadPoints = (
  world: World,
  { data, standardize, ...flags }: ExplainFlags
): TE.TaskEither<CommandFailure, Points.Points | null> =>
  data === undefined
    ? TE.right(null)
    : pipe(
        steps.readTableFile(world, '--data')(data, csvOptions(flags)),
        TE.map(({ points }) => (standardize ? Points.standardize(points).points : points))
      )

/** Runs `ornstein explain`. */
export const runExplain =
  (file: string, flags: ExplainFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> =>
    pipe(
      words.customVocabulary(world, flags),
      TE.bindTo('vocabulary'),
      TE.bind('text', () => world.readText('PIPELINE', file)),
      TE.bind('pipeline', ({ text, vocabulary }) => steps.fromCheck(readPipeline(file, vocabulary)(text))),
      TE.bind('points', () => loadPoints(world, flags)),
      TE.bind('plan', ({ pipeline, points }) =>
        TE.fromEither(
          pipe(
            Compile.pipeline(pipeline)(points ?? standInPoints(pipeline)),
            E.bimap(
              problems => usageFailure(NEA.map(problemInside(file))(problems)),
              program => Compile.explain(program)
            )
          )
        )
      ),
      TE.flatMapTask(({ pipeline, points, plan }) =>
        world.stdout(
          paragraphs([
            `In code:\n\n${Pipeline.show(pipeline)}`,
            `In mathematics:\n\n${Pipeline.formula(pipeline)}`,
            points === null
              ? 'Add --data FILE to check it against data and to see how it would be computed.'
              : `How it would be computed on ${points.rows} rows of ${points.dim} columns:\n\n${plan}`
          ])
        )
      )
    )
