/** Environment of a command, which tests replace. */
import type * as T from 'fp-ts/lib/Task.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type * as Points from '../data/index.js'
import type { AddedColumns } from '../data/appendedTable.js'
import type { TableSheet } from '../data/tableSheet.js'
import type * as Source from '../data/source/index.js'
import type { Fit } from '../index.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import type { Terminal } from './terminal.js'

export interface CommandFailure {
  /** 1: the work failed; 2: wrong usage or invalid input. */
  readonly exit: 1 | 2
  readonly problems: Problem.Problems
}

export type Signal = 'SIGINT' | 'SIGTERM'

/** Exit code after a signal: 128 plus its number, as in shells. */
export const SIGNAL_EXIT_CODES: Readonly<Record<Signal, 130 | 143>> = { SIGINT: 130, SIGTERM: 143 }

const failureWithExit =
  (exit: CommandFailure['exit']) =>
  (problems: Problem.Problem | Problem.Problems): CommandFailure => ({
    exit,
    problems: '_tag' in problems ? [problems] : problems
  })
/** Failure with exit code 1. */
export const workFailure = failureWithExit(1)
/** Failure with exit code 2. */
export const usageFailure = failureWithExit(2)

/** Returns a failure with exit code 2; arguments as for `Problem.of`. */
export const rejectUsage = (...of: Parameters<typeof Problem.of>): E.Either<CommandFailure, never> =>
  E.left(usageFailure(Problem.of(...of)))

/** Ends an async iteration with a `failure`, which its consumer returns. */
export class FailureError extends Error {
  readonly failure: CommandFailure
  constructor(failure: CommandFailure) {
    super('ended')
    this.failure = failure
  }
}

/** Text, bytes, or a sequence of both, which may end with a `FailureError`. */
export type Content = string | Uint8Array | AsyncIterable<string | Uint8Array>

/** File to be written (`-`: standard output), and the option that names it. */
export interface OutputFile {
  readonly option: string
  readonly path: string
}

/** A table with the text of all its cells, to which columns can be appended; they have a cell for each row of `table`. */
export interface TableCopy {
  readonly table: Points.Table
  readonly withColumns: (added: AddedColumns) => TableSheet
}

export interface CopyOptions {
  readonly csv: Points.CsvOptions
  /** True to read in pieces; false to do so only for large files. */
  readonly inPieces: boolean
}

/** File operations. `argument` is the file's operand or option in messages; the path `-` is standard input. */
export interface Files {
  readonly readText: (argument: string, path: string) => TE.TaskEither<CommandFailure, string>
  /** Bytes of a file, unpacked if it is gzipped. */
  readonly readBytes: (argument: string, path: string) => TE.TaskEither<CommandFailure, Uint8Array>
  /**
   * Reads a table (a file, a folder, or names with `*` and `?`) into memory. A failure if a file cannot be read, a data error if it is no
   * table.
   */
  readonly readTable: (
    argument: string,
    path: string,
    options: Points.CsvOptions
  ) => TE.TaskEither<CommandFailure, E.Either<Points.DataError, Points.Table>>
  /** Reads a table into a temporary file: it need not fit in memory. */
  readonly readSource: (
    argument: string,
    path: string,
    options: Points.CsvOptions
  ) => TE.TaskEither<CommandFailure, E.Either<Points.DataError, Source.SourceTable>>
  /** Reads a table with the text of all cells, whole or in pieces; throws `FailureError` if a file cannot be read. */
  readonly readCopies: (
    argument: string,
    path: string,
    options: CopyOptions
  ) => AsyncIterable<E.Either<Points.DataError, TableCopy>>
  readonly loadModule: (argument: string, path: string) => TE.TaskEither<CommandFailure, unknown>
  /** True if the files of a table are too large for memory. */
  readonly isLarge: (path: string) => T.Task<boolean>
  readonly exists: (path: string) => T.Task<boolean>
  /** Returns a failure for outputs that cannot be written, or name an input or another output. */
  readonly checkOutputs: (
    inputs: ReadonlyArray<string>,
    outputs: ReadonlyArray<OutputFile>
  ) => TE.TaskEither<CommandFailure, void>
  /** Creates parents if needed; messages name `option`. */
  readonly makeFolder: (option: string, path: string) => TE.TaskEither<CommandFailure, void>
  /** Writes each file completely or not at all, and none if one cannot be written. */
  readonly writeFiles: (
    files: ReadonlyArray<OutputFile & { readonly text: Content }>
  ) => TE.TaskEither<CommandFailure, void>
}

export interface World extends Files {
  readonly version: string
  /** Writes to standard output; resolves when the content is handed on, at the reader's speed. */
  readonly stdout: (content: string | Uint8Array) => T.Task<void>
  readonly stderr: (text: string) => void
  readonly isTTY: boolean
  readonly terminal: Terminal
  /**
   * Runs work that a signal may end early. The work calls `pollSignal` periodically, which waits for a turn of the event loop and returns
   * the first signal, or null. A second signal, or one outside this call, ends the process.
   */
  readonly untilSignal: <A>(work: (pollSignal: () => Promise<Signal | null>) => Promise<A>) => Promise<A>
  /** True while the work waits for other processes: a signal then ends the process at once. */
  readonly setWaiting: (isWaiting: boolean) => void
  /** Milliseconds from an arbitrary origin. */
  readonly now: () => number
  /** Receives the fit so far at each state of a search. */
  readonly onFit?: ((found: Fit.State['fit']) => void) | undefined
}
