/** Steps that commands share: reading a table, and checks as tasks. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as Points from '../data/index.js'
import type * as Source from '../data/source/index.js'
import type * as Problem from '../core/problem.js'
import type { OrProblems } from './orProblems.js'
import { tableProblemAsOption } from './tableOptions.js'
import { usageFailure, type CommandFailure, type World } from './world.js'

export { checkWritableOutputs, writeOutputs } from './outputs.js'

/** Maps a table's problem to a usage failure that names options. `labels` is the column of `--labels`. */
export const mapReadProblem = (
  path: string,
  labels?: string
): (<A>(read: E.Either<Problem.Problem, A>) => E.Either<CommandFailure, A>) =>
  E.mapLeft(problem => {
    const isLabelsColumn = problem.field === 'keep' && problem.value === labels
    return usageFailure(tableProblemAsOption(path)(isLabelsColumn ? { ...problem, field: 'labels' } : problem))
  })

/** Reads a table into memory. */
export const readTableFile =
  (world: World, argument: string) =>
  (path: string, options: Points.CsvOptions, labels?: string): TE.TaskEither<CommandFailure, Points.Table> =>
    pipe(world.readTable(argument, path, options), TE.flatMapEither(mapReadProblem(inputName(path), labels)))

/** Reads a table that need not fit in memory. */
export const readSourceFile =
  (world: Pick<World, 'readSource'>, argument: string) =>
  (path: string, options: Points.CsvOptions): TE.TaskEither<CommandFailure, Source.SourceTable> =>
    pipe(world.readSource(argument, path, options), TE.flatMapEither(mapReadProblem(inputName(path))))

/** Name of an input file in messages. */
export const inputName = (path: string): string => (path === '-' ? 'standard input' : path)

/** Converts a check to a step; problems are a usage failure. */
export const fromCheck = <A>(check: OrProblems<A>): TE.TaskEither<CommandFailure, A> =>
  TE.fromEither(E.mapLeft(usageFailure)(check))
