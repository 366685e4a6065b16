/** Outputs of a command: checked before its work, written after it. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { FailureError, type Content, type CommandFailure, type OutputFile, type World } from './world.js'

/** The problems of where outputs go: at most one of them, and nothing else, to standard output (`-`). */
export const stdoutProblems = (asked: ReadonlyArray<OutputFile>, printsJson: boolean): ReadonlyArray<Problem.Problem> =>
  asked
    .filter(({ path }) => path === '-')
    .slice(printsJson ? 0 : 1)
    .map(({ option }) =>
      Problem.of(option, '-', 'free: something else goes to standard output', 'name a file, or leave the other out')
    )

const isFile = ({ path }: OutputFile): boolean => path !== '-'

/** Whether they could be written, as the first thing a command does. */
export const checkWritableOutputs =
  (world: World, inputs: ReadonlyArray<string>) =>
  (asked: ReadonlyArray<OutputFile>): TE.TaskEither<CommandFailure, void> =>
    world.checkOutputs(inputs, asked.filter(isFile))

const contentPieces = (text: Content): Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array> =>
  typeof text === 'string' || text instanceof Uint8Array ? [text] : text

/** Writes the files, then what goes to standard output. */
export const writeOutputs =
  (world: World) =>
  (contents: ReadonlyArray<OutputFile & { readonly text: Content }>): TE.TaskEither<CommandFailure, void> =>
  async () => {
    const written = await world.writeFiles(contents.filter(isFile))()
    if (E.isLeft(written)) return written
    try {
      for (const { text } of contents.filter(output => !isFile(output)))
        for await (const piece of contentPieces(text)) await world.stdout(piece)()
      return E.right(undefined)
    } catch (error) {
      if (error instanceof FailureError) return E.left(error.failure)
      throw error
    }
  }
