/** Output files of a command: checked before its work, written after it. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { FailureError, type Content, type CommandFailure, type OutputFile, type World } from './world.js'

/** Rejects all but one use of standard output (`-`); `printsResult` if the result is one. */
export const stdoutProblems = (
  outputs: ReadonlyArray<OutputFile>,
  { printsResult }: { readonly printsResult: boolean }
): ReadonlyArray<Problem.Problem> =>
  outputs
    .filter(({ path }) => path === '-')
    .slice(printsResult ? 0 : 1)
    .map(({ option }) =>
      Problem.of(option, '-', 'free: something else goes to standard output', 'name a file, or leave the other out')
    )

const isNamedFile = ({ path }: OutputFile): boolean => path !== '-'

/** Checks before the work that each output file can be written. */
export const checkWritableOutputs =
  (world: World, inputs: ReadonlyArray<string>) =>
  (outputs: ReadonlyArray<OutputFile>): TE.TaskEither<CommandFailure, void> =>
    world.checkOutputs(inputs, outputs.filter(isNamedFile))

const contentPieces = (text: Content): Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array> =>
  typeof text === 'string' || text instanceof Uint8Array ? [text] : text

/** Writes the files, then the content for standard output. */
export const writeOutputs =
  (world: World) =>
  (contents: ReadonlyArray<OutputFile & { readonly text: Content }>): TE.TaskEither<CommandFailure, void> =>
  async () => {
    const written = await world.writeFiles(contents.filter(isNamedFile))()
    if (E.isLeft(written)) return written
    try {
      for (const { text } of contents.filter(output => !isNamedFile(output)))
        for await (const piece of contentPieces(text)) await world.stdout(piece)()
      return E.right(undefined)
    } catch (error) {
      if (error instanceof FailureError) return E.left(error.failure)
      throw error
    }
  }
