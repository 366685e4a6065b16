/** Models as commands read them, and tables for them. */
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
import * as options from './commandSteps.js'
import * as words from './customVocabulary.js'
import { usageFailure, type CommandFailure, type World } from './world.js'

/** The JSON of a text that was given as a model. */
export const parseModelText = (path: string): ((text: string) => OrProblems<unknown>) =>
  json.parseJsonText('MODEL', path, 'did you swap MODEL and FILE?')

/** The model that the JSON of a file is. */
export const modelOfJson = (
  vocabulary: Vocabulary.Vocabulary,
  path: string
): ((value: unknown) => OrProblems<Model.Model>) => Model.readModelJson(vocabulary, path, 'MODEL')

/** What is learned of a mixture, or of a score that is none. */
export type MixtureOrScore =
  | { readonly _tag: 'Mixture'; readonly model: Model.Model }
  | { readonly _tag: 'Score'; readonly model: ScoreModel.ScoreModel }

/** What the file at a path is, in the words of a vocabulary. */
const readModelAs = <A>(
  world: World,
  flags: words.VocabularyFlags,
  path: string,
  of: (vocabulary: Vocabulary.Vocabulary) => (value: unknown) => OrProblems<A>
): TE.TaskEither<CommandFailure, A> =>
  pipe(
    world.readText('MODEL', path),
    TE.bindTo('text'),
    TE.bind('vocabulary', () => words.customVocabulary(world, flags)),
    TE.flatMap(({ text, vocabulary }) => options.fromCheck(pipe(text, parseModelText(path), E.flatMap(of(vocabulary)))))
  )

/** Either of them in a file. */
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

/** The model of a mixture in a file. */
export const readModel = (
  world: World,
  flags: words.VocabularyFlags,
  path: string
): TE.TaskEither<CommandFailure, Model.Model> =>
  readModelAs(world, flags, path, vocabulary => modelOfJson(vocabulary, path))

/** How a table is read for a model: its own columns, by name, unless others are asked for. */
export const withModelColumns = (
  chosen: Points.CsvOptions,
  { columns }: Pick<Model.Model, 'columns'>
): Points.CsvOptions => ({
  columns,
  ...chosen
})

/** A table of as many columns as the model has. */
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

/** A table read for a model. */
export const readTableForModel =
  (world: World) =>
  (
    file: string,
    chosen: Points.CsvOptions,
    model: Pick<Model.Model, 'columns'>
  ): TE.TaskEither<CommandFailure, Points.Table> =>
    pipe(
      options.readTableFile(world, 'FILE')(file, withModelColumns(chosen, model)),
      TE.flatMap(requireModelWidth(model))
    )
