/** Files and standard input, by Node. */
import { fstatSync } from 'node:fs'
import { access, constants, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { reason } from '../../lib/plain/said.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { errorCode, fileSystemProblem } from './fileProblem.js'
import { tableFiles, readBytes, readText, resolveLinks } from './inputFiles.js'
import type * as Tables from './tables.js'
import {
  FailureError,
  workFailure,
  rejectUsage,
  usageFailure,
  type CommandFailure,
  type Files,
  type OutputFile,
  type World
} from './world.js'

type FailureOfProblem = (problem: Problem.Problem) => CommandFailure

const outputFailure = (refusal: FailureOfProblem, { option, path }: OutputFile, error: unknown): CommandFailure =>
  refusal(
    errorCode(error) === 'ENOENT'
      ? Problem.of(
          option,
          path,
          'in a folder that exists',
          'create it first',
          `the folder ${dirname(path)} does not exist`
        )
      : fileSystemProblem(option, path, error)
  )

/** Device and inode of a regular file, or a missing file's resolved path; null for others. */
const fileIdentity = async (path: string): Promise<string | null> => {
  const found = path === '-' ? fstatSync(0) : await stat(path).catch(() => null)
  return found === null ? resolveLinks(path).catch(() => path) : found.isFile() ? `${found.dev}:${found.ino}` : null
}

const checkOutputPaths: World['checkOutputs'] = (inputs, outputs) => async () => {
  const all = await Promise.all(inputs.map(path => tableFiles('', path)))
  const paths = all.flatMap(found => (E.isLeft(found) ? [] : found.right.map(({ path }) => path)))
  const used = new Set(await Promise.all(paths.map(fileIdentity)))
  for (const output of outputs)
    try {
      const { path } = output
      const found = await stat(path).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error
        return null
      })
      if (found?.isDirectory() === true) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
      await access(found === null ? dirname(await resolveLinks(path)) : path, constants.W_OK)
      const identity = await fileIdentity(path)
      if (identity !== null && used.has(identity)) {
        const remedy = 'choose another name: this one is read or written already'
        return rejectUsage(output.option, path, 'a file of its own', remedy)
      }
      used.add(identity)
    } catch (error) {
      return E.left(outputFailure(usageFailure, output, error))
    }
  return E.right(undefined)
}

/** Writes all files under temporary names in their folders, then renames them. */
const writeFiles: World['writeFiles'] = files => async () => {
  const staged: { readonly temporary: string; readonly real: string }[] = []
  let current: OutputFile | undefined
  try {
    for (const file of files) {
      current = file
      const old = await stat(file.path).catch(() => null)
      // A pipe or a device is written directly: its path may have no folder.
      if (old?.isFile() === false) {
        await writeFile(file.path, file.text)
        continue
      }
      const real = await resolveLinks(file.path)
      const temporary = `${real}.${process.pid}.tmp`
      staged.push({ temporary, real })
      await writeFile(temporary, file.text, { flush: true, ...(old !== null && { mode: old.mode & 0o777 }) })
    }
    for (const { temporary, real } of staged) await rename(temporary, real)
    return E.right(undefined)
  } catch (error) {
    for (const { temporary } of staged) await rm(temporary, { force: true }).catch(() => undefined)
    if (error instanceof FailureError) return E.left(error.failure)
    return E.left(
      current === undefined ? workFailure(fileSystemProblem('', '', error)) : outputFailure(workFailure, current, error)
    )
  }
}

const makeFolder: World['makeFolder'] = (option, path) => async () => {
  try {
    await mkdir(path, { recursive: true })
    return E.right(undefined)
  } catch (error) {
    return E.left(
      usageFailure(
        errorCode(error) === 'EEXIST'
          ? Problem.of(option, path, 'a folder but a file', 'choose another name')
          : fileSystemProblem(option, path, error)
      )
    )
  }
}

/** Imports a user's module, which runs with all permissions of this program. */
const loadModule: World['loadModule'] = (argument, path) => async () => {
  try {
    await access(path, constants.R_OK)
  } catch (error) {
    return E.left(usageFailure(fileSystemProblem(argument, path, error)))
  }
  try {
    const module: unknown = await import(pathToFileURL(resolve(path)).href)
    return E.right(module)
  } catch (error) {
    return rejectUsage(argument, path, `a module that loads (${reason(error)})`, 'correct it')
  }
}

const exists: World['exists'] = path => () =>
  access(path).then(
    () => true,
    () => false
  )

const loadTables = (): Promise<typeof Tables> => import('./tables.js')

/** File operations by Node; `stdin` is read for the path `-`. */
export const nodeFiles = (stdin: AsyncIterable<Uint8Array | string>): Files => ({
  exists,
  readText: readText(stdin),
  readBytes: readBytes(stdin),
  readTable:
    (...args) =>
    async () =>
      (await loadTables()).readTableAt(stdin)(...args)(),
  readSource:
    (...args) =>
    async () =>
      (await loadTables()).readSourceAt(stdin)(...args)(),
  isLarge: path => async () => {
    const { maxInMemoryTextBytes: comfortable, isLarge, PARQUET_GROWTH } = await loadTables()
    return isLarge(path, comfortable(), PARQUET_GROWTH)
  },
  readCopies: async function* (...args) {
    yield* (await loadTables()).readCopies(stdin)(...args)
  },
  loadModule: loadModule,
  checkOutputs: checkOutputPaths,
  makeFolder,
  writeFiles
})
