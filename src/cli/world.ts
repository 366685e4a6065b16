/** The world as a command sees it: files, streams and a clock. Commands are tested with worlds of their own. */
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

/** Why a command ended early. */
export interface CommandFailure {
  /** 1: the work failed. 2: wrong usage or bad input. */
  readonly exit: 1 | 2
  readonly problems: Problem.Problems
}

/** A signal that asks a command to stop. */
export type Signal = 'SIGINT' | 'SIGTERM'

/** How a command ends that a signal has stopped, as shells have it: 128 and the signal's number. */
export const SIGNAL_EXIT_CODES: Readonly<Record<Signal, 130 | 143>> = { SIGINT: 130, SIGTERM: 143 }

const failureWithExit =
  (exit: CommandFailure['exit']) =>
  (problems: Problem.Problem | Problem.Problems): CommandFailure => ({
    exit,
    problems: '_tag' in problems ? [problems] : problems
  })
export const workFailure = failureWithExit(1)
export const usageFailure = failureWithExit(2)

/** The end of a command by a problem of what it was given. */
export const rejectUsage = (...of: Parameters<typeof Problem.of>): E.Either<CommandFailure, never> =>
  E.left(usageFailure(Problem.of(...of)))

/** How what is read piece after piece ends early: who takes the pieces gives back the failure. */
export class FailureError extends Error {
  readonly failure: CommandFailure
  constructor(failure: CommandFailure) {
    super('ended')
    this.failure = failure
  }
}

/** What is written: text, bytes, or either as it comes piece after piece, and may end with `Ended`. */
export type Content = string | Uint8Array | AsyncIterable<string | Uint8Array>

/** A file to be written, and the option that asked for it. */
export interface OutputFile {
  readonly option: string
  readonly path: string
}

/** Some rows of a table, or all, and all their cells with columns added on the right, a cell for each of these rows. */
export interface TableCopy {
  readonly table: Points.Table
  readonly withColumns: (added: AddedColumns) => TableSheet
}

/** The part of the world that is files. */
export interface Files {
  /** The text of a file, or of standard input for `-`; `argument` is its name in messages. */
  readonly readText: (argument: string, path: string) => TE.TaskEither<CommandFailure, string>
  /** Its bytes, unpacked where gzip packed them. */
  readonly readBytes: (argument: string, path: string) => TE.TaskEither<CommandFailure, Uint8Array>
  /**
   * The table in a file, read as its bytes come, or its problems as a table; a folder, or a pattern of names (`*`, `?`),
   * is one table of several files.
   */
  readonly readTable: (
    argument: string,
    path: string,
    options: Points.CsvOptions
  ) => TE.TaskEither<CommandFailure, E.Either<Points.DataError, Points.Table>>
  /** The same of a table that need not fit in memory. */
  readonly readSource: (
    argument: string,
    path: string,
    options: Points.CsvOptions
  ) => TE.TaskEither<CommandFailure, E.Either<Points.DataError, Source.SourceTable>>
  /**
   * The same with all its cells, to be written again: whole, or piece after piece as they come, as large files do unasked; ends with
   * `Ended` where the file cannot be read.
   */
  readonly readCopies: (
    argument: string,
    path: string,
    options: Points.CsvOptions,
    inPieces: boolean
  ) => AsyncIterable<E.Either<Points.DataError, TableCopy>>
  /** What a module of JavaScript exports; `argument` is its name in messages. */
  readonly loadModule: (argument: string, path: string) => TE.TaskEither<CommandFailure, unknown>
  /** Whether the files of a table are more than fit in memory beside all else. */
  readonly isLarge: (path: string) => T.Task<boolean>
  /** Whether there is a file of this name. */
  readonly exists: (path: string) => T.Task<boolean>
  /** Whether the outputs could be written, and are files of their own, found out before the work starts. */
  readonly checkOutputs: (
    inputs: ReadonlyArray<string>,
    outputs: ReadonlyArray<OutputFile>
  ) => TE.TaskEither<CommandFailure, void>
  /** Makes a folder, and those that it stands in, where there is none; `option` is what asked for it. */
  readonly makeFolder: (option: string, path: string) => TE.TaskEither<CommandFailure, void>
  /** Writes each file whole or not at all, and none where one of them cannot be written. */
  readonly writeFiles: (
    files: ReadonlyArray<OutputFile & { readonly text: Content }>
  ) => TE.TaskEither<CommandFailure, void>
}

export interface World extends Files {
  readonly version: string
  /** Ends when the text has been handed on, so that who reads slowly slows the writing. */
  readonly stdout: (content: string | Uint8Array) => T.Task<void>
  readonly stderr: (text: string) => void
  /** Whether a person watches standard error. */
  readonly isTTY: boolean
  readonly terminal: Terminal
  /**
   * Does work that a signal may end early: it asks `heard` periodically, which waits a moment in which signals arrive, and
   * tells the first that has; null for none. Before and after, and where it is sent a second time, a signal ends the process.
   */
  readonly untilSignal: <A>(work: (heard: () => Promise<Signal | null>) => Promise<A>) => Promise<A>
  /** Told where work waits until others do theirs: a signal ends it then, as it ends a program that does not listen. */
  readonly setWaiting: (isWaiting: boolean) => void
  /** Milliseconds. */
  readonly now: () => number
  /** Is shown, state after state, what a search has found so far; absent where nobody looks at pictures. */
  readonly onFit?: ((found: Fit.State['fit']) => void) | undefined
}
