/** Reading of model files, and of tables with the columns of a model. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { Vocabulary } from '../core/index.js'
import * as json from '../core/json.js'
import * as Problem from '../core/problem.js'
import * as Model from '../fit/model.js'
import * as ScoreModel from '../fit/scoreModel.js'
import type * as Points from '../data/index.js'
import type { OrProblems } from './orProblems.js'
import * as steps from './commandSteps.js'
import * as words from './customVocabulary.js'
import { usageFailure, type CommandFailure, type World } from './world.js'

/** Parses the text of a model file as JSON. */
export const parseModelText = (path: string): ((text: string) => OrProblems<unknown>) =>
  json.parseJsonText('MODEL', path, 'did you swap MODEL and FILE?')

/** Decodes the JSON of a mixture's model file. */
export const modelOfJson = (
  vocabulary: Vocabulary.Vocabulary,
  path: string
): ((value: unknown) => OrProblems<Model.Model>) => Model.readModelJson(vocabulary, path, 'MODEL')

export type MixtureOrScore =
  | { readonly _tag: 'Mixture'; readonly model: Model.Model }
  | { readonly _tag: 'Score'; readonly model: ScoreModel.ScoreModel }

/** Reads a model file with the flags' vocabulary, and decodes it by `decoder`. */
const readModelAs = <A>(
  world: World,
  flags: words.VocabularyFlags,
  path: string,
  decoder: (vocabulary: Vocabulary.Vocabulary) => (value: unknown) => OrProblems<A>
): TE.TaskEither<CommandFailure, A> =>
  pipe(
    world.readText('MODEL', path),
    TE.bindTo('text'),
    TE.bind('vocabulary', () => words.customVocabulary(world, flags)),
    TE.flatMap(({ text, vocabulary }) =>
      steps.fromCheck(pipe(text, parseModelText(path), E.flatMap(decoder(vocabulary))))
    )
  )

/** Reads the model file of a mixture or of another score. */
export const readMixtureOrScore = (
  world: World,
  flags: words.VocabularyFlags,
  path: string
): TE.TaskEither<CommandFailure, MixtureOrScore> =>
  readModelAs(
    world,
    flags,
    path,
    vocabulary =>
      (value): OrProblems<MixtureOrScore> =>
        ScoreModel.claimsScore(value)
          ? pipe(
              ScoreModel.readScoreModel(vocabulary, path)(value),
              E.map(model => ({ _tag: 'Score', model }))
            )
          : pipe(
              modelOfJson(vocabulary, path)(value),
              E.map(model => ({ _tag: 'Mixture', model }))
            )
  )

/** Reads the model file of a mixture. */
export const readModel = (
  world: World,
  flags: words.VocabularyFlags,
  path: string
): TE.TaskEither<CommandFailure, Model.Model> =>
  readModelAs(world, flags, path, vocabulary => modelOfJson(vocabulary, path))

/** CSV options that select a model's columns by name. Columns in `csv` take precedence. */
export const withModelColumns = (
  csv: Points.CsvOptions,
  { columns }: Pick<Model.Model, 'columns'>
): Points.CsvOptions => ({
  columns,
  ...csv
})

/** Rejects a table whose number of columns is not the model's. */
export const requireModelWidth = <T extends Pick<Points.Table, 'columns'>>({
  columns
}: Pick<Model.Model, 'columns'>): ((table: T) => TE.TaskEither<CommandFailure, T>) =>
  TE.fromPredicate(
    table => table.columns.length === columns.length,
    table =>
      usageFailure(
        Problem.of(
          '--columns',
          table.columns.join(','),
          `${columns.length} column${columns.length === 1 ? '' : 's'}, as the model has`,
          `name one for each of ${columns.join(', ')}`
        )
      )
  )

/** Reads the columns of a model from a table. */
export const readTableForModel =
  (world: World) =>
  (
    file: string,
    csv: Points.CsvOptions,
    model: Pick<Model.Model, 'columns'>
  ): TE.TaskEither<CommandFailure, Points.Table> =>
    pipe(steps.readTableFile(world, 'FILE')(file, withModelColumns(csv, model)), TE.flatMap(requireModelWidth(model)))
