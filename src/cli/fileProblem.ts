/** Errors of the file system as problems with a domain and a remedy. */
import { reason } from '../../lib/plain/said.js'
import { scratchFolderOf } from '../../lib/rows/scratch.js'
import * as Problem from '../core/problem.js'

/** Code of a file system error, such as `ENOENT`; otherwise its message. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : reason(error)

const ERROR_DESCRIPTIONS: Readonly<Record<string, readonly [domain: string, remedy: string]>> = {
  ENOENT: ['a file that exists', 'check the path'],
  EISDIR: ['a file but a folder', 'give a file in it'],
  ENOTDIR: ['a path through folders alone', 'check the name'],
  EACCES: ['open to you', 'ask for the right to it'],
  EPERM: ['open to you', 'ask for the right to it'],
  ENOSPC: ['on a disk with room', 'free some space'],
  EFBIG: ['of a size that is allowed', 'raise the limit (ulimit -f)'],
  EROFS: ['on a disk that can be written', 'choose another folder'],
  ENAMETOOLONG: ['of a length the disk takes', 'choose a shorter name'],
  Z_BUF_ERROR: ['a whole gzip archive', 'it was cut short: fetch it again'],
  Z_DATA_ERROR: ['a sound gzip archive', 'it is damaged: fetch it again'],
  ERR_BUFFER_TOO_LARGE: ['an archive of a text that fits in memory', 'give a part of it, such as every tenth line']
}

/** Problems attached to a thrown error; null if there are none. */
export const problemsOfError = (error: unknown): Problem.Problems | null =>
  !(error instanceof Error)
    ? null
    : 'problems' in error
      ? // thrown by Problem.orThrow
        (error.problems as Problem.Problems)
      : 'problem' in error
        ? // thrown by refuseWith
          Problem.singleProblem(error.problem as Problem.Problem)
        : null

const scratchProblem = (folder: string, error: unknown): Problem.Problem => {
  const reason = Object.hasOwn(ERROR_DESCRIPTIONS, errorCode(error)) ? ERROR_DESCRIPTIONS[errorCode(error)] : undefined
  return Problem.of(
    'the folder of temporary files',
    folder,
    errorCode(error) === 'ENOENT' ? 'a folder that exists' : (reason?.[0] ?? `usable (${errorCode(error)})`),
    'free some space in it, or name another by the environment variable ORNSTEIN_SCRATCH'
  )
}

/** Problem of a file operation that threw `error`. */
export const fileSystemProblem = (argument: string, path: string, error: unknown): Problem.Problem => {
  const attached = problemsOfError(error)
  if (attached !== null) return attached[0]
  const folder = scratchFolderOf(error)
  if (folder !== null) return scratchProblem(folder, error)
  const reason = Object.hasOwn(ERROR_DESCRIPTIONS, errorCode(error)) ? ERROR_DESCRIPTIONS[errorCode(error)] : undefined
  const [domain, remedy] = reason ?? [`a file that can be used (${errorCode(error)})`, 'choose another']
  return Problem.of(argument, path, domain, remedy, errorCode(error) === 'ENOENT' ? `no such file: ${path}` : undefined)
}
