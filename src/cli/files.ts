/** Files and standard input, by Node. */
import { fstatSync, type Stats } from 'node:fs'
import { access, constants, copyFile, link, mkdir, open, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { reason } from '../../lib/plain/said.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { followed, inputsOf, problem, readBytes, readText, realOf } from './input.js'
import {
  beside,
  begin,
  clear,
  code,
  end,
  identityOf,
  put,
  putBack,
  recover,
  takeBack,
  type Entry,
  type Journal
} from './together.js'
import type * as Tables from './tables.js'
import { Ended, failed, refused, type Content, type Failure, type Files, type Output, type World } from './world.js'

type Refusal = (...problems: Problem.Problems) => Failure

/** Where an output goes: through links, and not by renaming over what is no plain file (`/dev/stdout`). */
interface Target extends Output {
  readonly real: string
  /** Of the file that is there; its rights are those of the new one. */
  readonly old: Stats | null
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
      ? { ...output, real: await realpath(path), old: found, isPlain: true }
      : { ...output, real: path, old: null, isPlain: false }
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error
    return { ...output, real: await followed(path), old: null, isPlain: true }
  }
}

const outputProblem = (refusal: Refusal, { option, path }: Output, error: unknown): Failure =>
  refusal(
    code(error) === 'ENOENT'
      ? Problem.of(option, path, 'in a folder that exists', `create ${dirname(path)} first`)
      : problem(option, path, error)
  )

// -- before the work ---------------------------------------------------------------------------------------------------

/** What a path stands for, whatever the links by which it is reached; null for what is no plain file. */
const identity = (found: Stats | null, real: string): string | null =>
  found === null ? `path ${real}` : found.isFile() ? `file ${found.dev}:${found.ino}` : null

const inputIdentity = async (path: string): Promise<string | null> => {
  try {
    return identity(path === '-' ? fstatSync(0) : await stat(path), path)
  } catch {
    // What cannot be read is told where it is read.
    return null
  }
}

const checkOutputs: World['checkOutputs'] = (inputs, outputs) => async () => {
  const paths = await Promise.all(inputs.map(path => inputsOf('', path)))
  const taken = (
    await Promise.all(
      paths.flatMap(found => (E.isLeft(found) ? [] : found.right)).map(({ path }) => inputIdentity(path))
    )
  ).filter(found => found !== null)
  for (const output of outputs)
    try {
      const before = await target(output)
      if (!before.isPlain) continue
      await recover(before.real)
      const { real, old } = await target(output)
      const own = identity(old, real)
      if (own !== null && taken.includes(own)) {
        const remedy = 'choose another name: this one is read or written already'
        return E.left(refused(Problem.of(output.option, output.path, 'a file of its own', remedy)))
      }
      if (own !== null) taken.push(own)
      const probe = beside(real)
      await (await open(probe, 'wx', 0o600)).close()
      await rm(probe)
    } catch (error) {
      return E.left(outputProblem(refused, output, error))
    }
  return E.right(undefined)
}

// -- after it ----------------------------------------------------------------------------------------------------------

/** An output that is ready to be put in place. */
interface Staged {
  readonly output: Output
  /** Null for what is no plain file, which is written to as it is. */
  readonly entry: Entry | null
  readonly put: () => Promise<void>
}

/** The text on the disk beside its target, with the target's rights from the start, and the old under a second name. */
const stage = async (output: Output & { readonly text: Content }): Promise<Staged> => {
  const { real, old, isPlain } = await target(output)
  if (!isPlain) {
    const write = async (): Promise<void> => {
      const file = await open(real, 'w')
      try {
        await writeFile(file, output.text)
      } finally {
        await file.close()
      }
    }
    return { output, entry: null, put: write }
  }
  const temporary = beside(real)
  const backup = old === null ? null : beside(real)
  try {
    const file = await open(temporary, 'wx', old === null ? 0o666 : old.mode & 0o777)
    try {
      if (old !== null) {
        // Only root may give a file to another; then the new one is the writer's own.
        if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.())
          await file.chown(old.uid, old.gid).catch(() => undefined)
        // Opening it has taken away what the mask forbids.
        await file.chmod(old.mode & 0o7777)
      }
      await writeFile(file, output.text)
      await file.sync()
      if (backup !== null) await link(real, backup).catch(() => copyFile(real, backup))
      const entry = { real, temporary, identity: identityOf(await file.stat()), backup }
      return { output, entry, put: () => put(entry) }
    } finally {
      await file.close()
    }
  } catch (error) {
    await clear({ temporary, backup })
    throw error
  }
}

/** All of them change or none does: what has been put in place is taken back when another cannot be. */
const writeFiles: World['writeFiles'] = files => async () => {
  const staged: Staged[] = []
  const done: Staged[] = []
  let journal: Journal | undefined
  let current: Output | undefined
  try {
    for (const file of files) {
      current = file
      staged.push(await stage(file))
    }
    const plain = staged.flatMap(({ entry }) => (entry === null ? [] : [entry]))
    // One file alone changes in one rename.
    if (plain.length > 1) journal = await begin(plain)
    // What goes down a pipe cannot be taken back, so it goes last.
    for (const one of [...staged].sort((a, b) => Number(a.entry === null) - Number(b.entry === null))) {
      current = one.output
      await one.put()
      done.push(one)
    }
    return E.right(undefined)
  } catch (error) {
    try {
      if (journal !== undefined) await takeBack(journal)
      else for (const { entry } of done) if (entry !== null) await putBack(entry)
    } catch {
      // What stands beside the files is then all that can put them back: the next run tries again.
      staged.length = 0
      journal = undefined
    }
    if (error instanceof Ended) return E.left(error.failure)
    return E.left(current === undefined ? failed(problem('', '', error)) : outputProblem(failed, current, error))
  } finally {
    if (journal !== undefined) await end(journal).catch(() => undefined)
    else for (const { entry } of staged) if (entry !== null) await clear(entry).catch(() => undefined)
  }
}

const makeFolder: World['makeFolder'] = (option, path) => async () => {
  try {
    await mkdir(path, { recursive: true })
    return E.right(undefined)
  } catch (error) {
    return E.left(
      refused(
        code(error) === 'EEXIST'
          ? Problem.of(option, path, 'a folder but a file', 'choose another name')
          : problem(option, path, error)
      )
    )
  }
}

/** A module runs as it is loaded, with all rights of the program: it is the user's own. */
const load: World['load'] = (argument, path) => async () => {
  try {
    await access(path, constants.R_OK)
  } catch (error) {
    return E.left(refused(problem(argument, path, error)))
  }
  try {
    const module: unknown = await import(pathToFileURL(resolve(path)).href)
    return E.right(module)
  } catch (error) {
    const why = reason(error)
    return E.left(refused(Problem.of(argument, path, `a module that loads (${why})`, 'correct it')))
  }
}

/** What a killed run had begun to put there is put there first. */
const exists: World['exists'] = path => async () => {
  await realOf(path)
    .then(recover)
    .catch(() => undefined)
  return access(path).then(
    () => true,
    () => false
  )
}

/** Not every command reads a table. */
const tables = (): Promise<typeof Tables> => import('./tables.js')

/** The part of the world that is files. */
export const files = (stdin: AsyncIterable<Uint8Array | string>): Files => ({
  exists,
  readText: readText(stdin),
  readBytes: readBytes(stdin),
  readTable:
    (...asked) =>
    async () =>
      (await tables()).readTable(stdin)(...asked)(),
  readSource:
    (...asked) =>
    async () =>
      (await tables()).readSource(stdin)(...asked)(),
  isLarge: path => async () => {
    const { comfortable, isLarge, PACKED } = await tables()
    return isLarge(path, comfortable(), PACKED)
  },
  readCopies: async function* (...asked) {
    yield* (await tables()).readCopies(stdin)(...asked)
  },
  load,
  checkOutputs,
  makeFolder,
  writeFiles
})
