/** Files and standard input, by Node. */
import { constants as bufferConstants } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { access, chmod, constants, open, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Problem } from '../index.js'
import { failed, refused, type Failure, type Output, type World } from './World.js'

/** The code of a file system's error: `ENOENT`. */
const code = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error)

const reasons: Readonly<Record<string, readonly [domain: string, remedy: string]>> = {
  ENOENT: ['a file that exists', 'check the name and the folder'],
  EISDIR: ['a file but a folder', 'give a file in it'],
  ENOTDIR: ['a path through folders alone', 'check the name'],
  EACCES: ['open to you', 'ask for the right to it'],
  EPERM: ['open to you', 'ask for the right to it'],
  ENOSPC: ['on a disk with room', 'free some space'],
  EROFS: ['on a disk that can be written', 'choose another folder'],
  ENAMETOOLONG: ['of a length the disk takes', 'choose a shorter name']
}

const problem = (argument: string, path: string, error: unknown): Problem.Problem => {
  const reason = Object.hasOwn(reasons, code(error)) ? reasons[code(error)] : undefined
  const [domain, remedy] = reason ?? [`a file that can be used (${code(error)})`, 'choose another']
  return Problem.of(argument, path, domain, remedy)
}

/** The text of bytes; throws where they hold none. */
const decode = (bytes: Uint8Array): string => {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  if (text.includes('\0')) throw new TypeError('binary')
  return text
}

const readText =
  (stdin: AsyncIterable<Uint8Array | string>): World['readText'] =>
  (argument, path) =>
    pipe(
      TE.tryCatch(
        async () => {
          if (path !== '-') return await readFile(path)
          const chunks: Uint8Array[] = []
          for await (const chunk of stdin) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
          return Buffer.concat(chunks)
        },
        error => refused(problem(argument, path, error))
      ),
      TE.filterOrElse(
        bytes => bytes.length <= bufferConstants.MAX_STRING_LENGTH,
        () => {
          const most = `a text of less than ${Math.round(bufferConstants.MAX_STRING_LENGTH / 2 ** 20)} MB`
          return refused(Problem.of(argument, path, most, 'give a part of it, such as every tenth line'))
        }
      ),
      TE.flatMapEither(bytes =>
        E.tryCatch(
          () => decode(bytes),
          () => refused(Problem.of(argument, path, 'text in UTF-8', 'give a text file, saved as UTF-8'))
        )
      )
    )

/** Where an output goes: through links, and not by renaming over what is no plain file (`/dev/stdout`). */
interface Target extends Output {
  readonly real: string
  readonly mode: number | null
  readonly isPlain: boolean
}

const target = async (output: Output): Promise<Target> => {
  const { path } = output
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    await access(path, constants.W_OK)
    // A pipe may have a path that leads nowhere, so only that of a plain file is asked for.
    return found.isFile()
      ? { ...output, real: await realpath(path), mode: found.mode & 0o7777, isPlain: true }
      : { ...output, real: path, mode: null, isPlain: false }
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error
    const leads = await readlink(path).catch(() => path)
    return {
      ...output,
      real: resolve(dirname(path), leads === path ? basename(path) : leads),
      mode: null,
      isPlain: true
    }
  }
}

/** A name in the same folder, so that renaming it moves no bytes. */
const beside = (real: string): string => join(dirname(real), `.${basename(real)}.${randomUUID()}.tmp`)

const outputProblem = ({ option, path }: Output, error: unknown): Failure =>
  failed(
    code(error) === 'ENOENT'
      ? Problem.of(option, path, 'in a folder that exists', `create ${dirname(path)} first`)
      : problem(option, path, error)
  )

const inTurn =
  <A, B>(f: (a: A) => TE.TaskEither<Failure, B>) =>
  (as: ReadonlyArray<A>): TE.TaskEither<Failure, ReadonlyArray<B>> =>
    pipe(as, TE.traverseSeqArray(f))

const checkOutput = (output: Output): TE.TaskEither<Failure, void> =>
  TE.tryCatch(
    async () => {
      const { real, isPlain } = await target(output)
      if (!isPlain) return
      const probe = beside(real)
      await (await open(probe, 'wx')).close()
      await rm(probe)
    },
    error => outputProblem(output, error)
  )

interface Staged {
  readonly commit: TE.TaskEither<Failure, void>
  readonly discard: () => Promise<void>
}

/** Writes the text beside its target; to commit is then to rename. */
const stage = (output: Output & { readonly text: string }): TE.TaskEither<Failure, Staged> => {
  const attempt = <A>(f: () => Promise<A>): TE.TaskEither<Failure, A> =>
    TE.tryCatch(f, error => outputProblem(output, error))
  const write = async (path: string, flags: string, mode: number | null): Promise<void> => {
    const file = await open(path, flags)
    try {
      await file.writeFile(output.text)
      if (mode !== null) await chmod(path, mode)
    } finally {
      await file.close()
    }
  }
  return attempt(async () => {
    const { real, mode, isPlain } = await target(output)
    if (!isPlain) return { commit: attempt(() => write(real, 'w', null)), discard: () => Promise.resolve() }
    const temporary = beside(real)
    const discard = (): Promise<void> => rm(temporary, { force: true })
    try {
      await write(temporary, 'wx', mode)
    } catch (error) {
      await discard()
      throw error
    }
    return { commit: attempt(() => rename(temporary, real)), discard }
  })
}

const writeFiles: World['writeFiles'] = files => async () => {
  const staged: Staged[] = []
  const result = await pipe(
    files,
    inTurn(file =>
      pipe(
        stage(file),
        TE.map(one => {
          staged.push(one)
        })
      )
    ),
    TE.flatMap(() =>
      pipe(
        staged,
        inTurn(({ commit }) => commit)
      )
    ),
    TE.map(() => undefined)
  )()
  // What has been renamed is no longer there to be discarded.
  await Promise.all(staged.map(({ discard }) => discard()))
  return result
}

/** The part of the world that is files. */
export const files = (
  stdin: AsyncIterable<Uint8Array | string>
): Pick<World, 'readText' | 'checkOutputs' | 'writeFiles'> => ({
  readText: readText(stdin),
  checkOutputs: outputs =>
    pipe(
      outputs,
      inTurn(checkOutput),
      TE.map(() => undefined)
    ),
  writeFiles
})
