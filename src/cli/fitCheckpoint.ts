/** Checkpoints of a fit, and the message after an interruption. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { printableText } from '../fit/text.js'
import { Problem } from '../index.js'
import type { CandidateChoice, Findings } from '../report/findings.js'
import type { CheckpointOptions } from './fitChoices.js'
import type { CheckpointWriter } from './tracedRun.js'
import { colourMessages } from './terminal.js'
import { usageFailure, type CommandFailure, type Signal, type World } from './world.js'

/** True if there is a checkpoint to resume from; a failure if it exists without `--resume`. */
export const checkpointExists = (
  world: World,
  { path, resume }: CheckpointOptions
): TE.TaskEither<CommandFailure, boolean> =>
  pipe(
    TE.fromTask(world.exists(path)),
    TE.filterOrElse(
      isThere => resume || !isThere,
      () =>
        usageFailure(
          Problem.of(
            '--checkpoint',
            path,
            'a new file',
            'add --resume to continue from it, or remove it to start again'
          )
        )
    )
  )

/** Warns that a checkpoint cannot be written. */
export const warnUnwritable = (world: World, ...problems: ReadonlyArray<Problem.Problem>): void => {
  const text = printableText(problems.map(Problem.show).join('; '))
  world.stderr(colourMessages(world.terminal)(`warning: ${text}; the run goes on without it\n`))
}

/** Reads the checkpoint to resume from, and returns the writer of the next; null without `--checkpoint`. */
export const openCheckpoint = (
  world: World,
  options: CheckpointOptions | null
): TE.TaskEither<CommandFailure, CheckpointWriter | null> => {
  if (options === null) return TE.right(null)
  const { path, every } = options
  const option = '--checkpoint'
  // One warning, until a checkpoint can be written again.
  let isWarned = false
  return pipe(
    checkpointExists(world, options),
    TE.flatMap(isThere => (isThere ? world.readText(option, path) : TE.right(null))),
    TE.map(resumeFrom => ({
      path,
      writer: `ornstein ${world.version}`,
      resumeFrom,
      every,
      write: async text => {
        const done = await world.writeFiles([{ option, path, text }])()
        const wasWarned = isWarned
        isWarned = E.isLeft(done)
        if (E.isRight(done) || wasWarned) return
        warnUnwritable(world, ...done.left.problems)
      }
    }))
  )
}

interface InterruptedFit {
  readonly stages: Findings['stages']
  /** Null if there is no checkpoint. */
  readonly checkpoint: Pick<CheckpointOptions, 'path'> | null
  /** Candidates so far if the signal ended a search; otherwise null. */
  readonly choice: CandidateChoice | null
  /** True if its model, report or checkpoint was written. */
  readonly isSaved: boolean
}

/** Message after a signal: the progress of the fit, and how to resume it. */
export const interruptionMessage = (
  signal: Signal,
  { stages, checkpoint, choice, isSaved }: InterruptedFit
): string => {
  const at = stages.findIndex(({ rule }) => rule === null)
  const where =
    at < 0 ? '' : ` in stage ${at + 1} of ${stages.length}, after ${stages[at].taken} of ${stages[at].limit} steps`
  const among = choice === null ? '' : ` with ${choice.candidates.length} candidates learned`
  const unsaved = ` and was not saved; use --out${choice === null ? ' or --checkpoint' : ''}`
  return (
    `interrupted by ${signal}${where}${among}: the result is provisional${isSaved ? '' : unsaved}.` +
    `${checkpoint === null ? '' : ` To resume, run the same command with --resume: the checkpoint is in ${checkpoint.path}.`}\n`
  )
}
