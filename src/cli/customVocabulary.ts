import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { reason } from '../../lib/plain/said.js'
import { Case, Problem, Vocabulary } from '../index.js'
import { rejectUsage, usageFailure, type CommandFailure, type World } from './world.js'

export interface VocabularyFlags {
  readonly vocabulary?: string | undefined
}

const isEntry = (u: unknown): u is Vocabulary.Entry =>
  (typeof u === 'function' || (typeof u === 'object' && u !== null)) && Case.ofCase in u

/** Exported cases and values of cases, also those in exported arrays. */
const exportedEntries = (module: unknown): ReadonlyArray<Vocabulary.Entry> =>
  typeof module === 'object' && module !== null
    ? Object.values(module)
        .flatMap((exported: unknown): ReadonlyArray<unknown> => (Array.isArray(exported) ? exported : [exported]))
        .filter(isEntry)
    : []

/** Returns the standard vocabulary with any module of `--vocabulary`. */
export const customVocabulary = (
  world: World,
  { vocabulary: path }: VocabularyFlags
): TE.TaskEither<CommandFailure, Vocabulary.Vocabulary> =>
  path === undefined
    ? TE.right(Vocabulary.standard)
    : pipe(
        world.loadModule('--vocabulary', path),
        TE.map(exportedEntries),
        TE.flatMapEither(found =>
          found.length === 0
            ? rejectUsage('--vocabulary', path, 'a module that exports cases', 'export what Optimizer.define made, say')
            : E.tryCatch(
                () => Vocabulary.extend(Vocabulary.standard, found),
                error =>
                  usageFailure(
                    Problem.of('--vocabulary', path, `a module of new words (${reason(error)})`, 'correct it')
                  )
              )
        )
      )
