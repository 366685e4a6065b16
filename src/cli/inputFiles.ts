/** Input files, folders of files and standard input, by Node. */
import { constants as bufferConstants } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { readdir, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as E from '../core/either.js'
import { decodeText, decodePieces, isGzipped } from './bytes.js'
import { fileSystemProblem } from './fileProblem.js'
import { FailureError, rejectUsage, usageFailure, type CommandFailure, type World } from './world.js'

/** Resolves at most `linksLeft` links to a missing file. */
const resolveDanglingLinks = async (path: string, linksLeft = 40): Promise<string> => {
  const target = linksLeft > 0 ? await readlink(path).catch(() => null) : null
  return target === null
    ? join(await realpath(dirname(path)), basename(path))
    : resolveDanglingLinks(resolve(dirname(path), target), linksLeft - 1)
}

/** Absolute path of a file with all links resolved; only its folder must exist. */
export const resolveLinks = (path: string): Promise<string> => realpath(path).catch(() => resolveDanglingLinks(path))

/** Unpacks gzipped bytes, and returns others unchanged. Throws if the result exceeds a text's length. */
export const gunzipped = async (bytes: Uint8Array): Promise<Uint8Array> => {
  if (!isGzipped(bytes)) return bytes
  const { gunzip } = await import('node:zlib')
  return promisify(gunzip)(bytes, { maxOutputLength: MAX_TEXT_BYTES + 1 })
}

const MAX_TEXT_BYTES = bufferConstants.MAX_STRING_LENGTH

/** Concatenates the pieces until there are more than `most` bytes. */
export const gatherBytes = async (
  pieces: AsyncIterable<Uint8Array | string>,
  most = MAX_TEXT_BYTES
): Promise<Buffer> => {
  const all: Uint8Array[] = []
  let length = 0
  for await (const piece of pieces) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    all.push(bytes)
    length += bytes.length
    if (length > most) break
  }
  return Buffer.concat(all)
}

const tooLongFailure = (argument: string, path: string): E.Either<CommandFailure, never> =>
  rejectUsage(
    argument,
    path,
    `a text of less than ${Math.round(MAX_TEXT_BYTES / Elementary.powerOfTwo(20))} MB`,
    'give a part of it, such as every tenth line'
  )

/** Reads a file's bytes, unpacked if gzipped; `stdin` for the path `-`. */
export const readBytes =
  (stdin: AsyncIterable<Uint8Array | string>): World['readBytes'] =>
  (argument, path) =>
  async () => {
    try {
      const bytes = await (path === '-' ? gatherBytes(stdin).then(gunzipped) : gatherBytes(unpackedBytes(path)))
      return bytes.length <= MAX_TEXT_BYTES ? E.right(bytes) : tooLongFailure(argument, path)
    } catch (error) {
      return E.left(usageFailure(fileSystemProblem(argument, path, error)))
    }
  }

/** Reads a text file, unpacked if gzipped. Fails at the first piece that is no text: a pipe may never end. */
export const readText =
  (stdin: AsyncIterable<Uint8Array | string>): World['readText'] =>
  (argument, path) =>
  async () => {
    if (path === '-') {
      const bytes = await readBytes(stdin)(argument, path)()
      return E.isLeft(bytes) ? bytes : decodeText(argument, path, bytes.right)
    }
    try {
      const texts: string[] = []
      let length = 0
      for await (const text of decodePieces(argument, path, unpackedBytes(path))) {
        texts.push(text)
        length += text.length
        if (length > MAX_TEXT_BYTES) return tooLongFailure(argument, path)
      }
      return E.right(texts.join(''))
    } catch (error) {
      return E.left(
        error instanceof FailureError ? error.failure : usageFailure(fileSystemProblem(argument, path, error))
      )
    }
  }

const READ_CHUNK_BYTES = 1 << 20

/** Yields the bytes of a file, unpacked if gzipped. */
export async function* unpackedBytes(path: string): AsyncGenerator<Uint8Array> {
  const firstTwoBytes = createReadStream(path, { end: 1 })
  const start: Uint8Array[] = []
  // A stream without an encoding yields bytes.
  for await (const piece of firstTwoBytes) start.push(piece as Uint8Array)
  const zlib = isGzipped(Buffer.concat(start)) ? await import('node:zlib') : null
  const file = createReadStream(path, { highWaterMark: READ_CHUNK_BYTES })
  const unpacked = zlib === null ? file : file.pipe(zlib.createGunzip({ chunkSize: READ_CHUNK_BYTES }))
  // `pipe` does not forward errors
  file.on('error', error => unpacked.destroy(error))
  for await (const piece of unpacked) yield piece as Uint8Array
}

// -- tables of several files -------------------------------------------------------------------------------------------

/** File of a table; `name` is its path in the folder, null for a single file. */
export interface TableFile {
  readonly path: string
  readonly name: string | null
}

/** True for hidden files and markers such as `_SUCCESS`. */
const isHidden = (name: string): boolean => /^[._]/.test(name)

/** Returns a predicate for names that match `*` and `?`, in time ≤ the product of lengths. */
export const matchesPattern = (pattern: string): ((name: string) => boolean) => {
  const parts = pattern.split('*').map(part => Array.from(part))
  const first = parts[0]
  const last = parts[parts.length - 1]
  return name => {
    const letters = Array.from(name)
    const isAt = (part: ReadonlyArray<string>, at: number): boolean =>
      at >= 0 && part.every((sign, i) => at + i < letters.length && (sign === '?' || sign === letters[at + i]))
    if (parts.length === 1) return letters.length === first.length && isAt(first, 0)
    if (letters.length < first.length + last.length) return false
    const end = letters.length - last.length
    if (!isAt(first, 0) || !isAt(last, end)) return false
    let at = first.length
    for (const part of parts.slice(1, -1)) {
      while (at + part.length <= end && !isAt(part, at)) at += 1
      at += part.length
      if (at > end) return false
    }
    return true
  }
}

/** Returns the sorted paths that match a pattern of `*` and `?`. */
const matchingPaths = async (pattern: string): Promise<ReadonlyArray<string>> => {
  const parts = pattern.split('/')
  let found = [parts[0] === '' ? '/' : '']
  for (const part of parts[0] === '' ? parts.slice(1) : parts) {
    const next: string[] = []
    const matches = matchesPattern(part)
    for (const folder of found) {
      const names = /[*?]/.test(part)
        ? (await readdir(folder === '' ? '.' : folder).catch(() => [])).filter(
            name => matches(name) && (!isHidden(name) || isHidden(part))
          )
        : [part]
      next.push(...names.map(name => join(folder, name)))
    }
    found = next
  }
  const stats = await Promise.all(found.map(path => stat(path).catch(() => null)))
  return found.filter((_, i) => stats[i]?.isFile() === true).sort()
}

/** Returns the files of a table: itself, those in a folder, or those that match a pattern. */
export const tableFiles = async (
  argument: string,
  path: string
): Promise<E.Either<CommandFailure, ReadonlyArray<TableFile>>> => {
  const reject = (domain: string, remedy: string): E.Either<CommandFailure, never> =>
    rejectUsage(argument, path, domain, remedy)
  const filesOf = (paths: ReadonlyArray<string>, from: string): E.Either<CommandFailure, ReadonlyArray<TableFile>> =>
    E.right(paths.map(path => ({ path, name: relative(from, path) })))
  const found = path === '-' ? null : await stat(path).catch(() => null)
  if (found?.isDirectory() === true) {
    const entries = (await readdir(path, { withFileTypes: true })).filter(({ name }) => !isHidden(name))
    const folder = entries.find(entry => entry.isDirectory())
    const pipe = entries.find(entry => entry.isFIFO() || entry.isSocket())
    const names = entries.map(({ name }) => name).sort()
    return folder !== undefined
      ? reject(
          `a folder of files alone (it holds the folder ${folder.name})`,
          `name the files: '${join(path, '*', '*')}'`
        )
      : pipe !== undefined
        ? reject(`a folder of files alone (it holds the pipe ${pipe.name})`, 'name the files, or remove it')
        : names.length === 0
          ? reject('a folder with files', 'give one that has some')
          : filesOf(
              names.map(name => join(path, name)),
              path
            )
  }
  if (found !== null || path === '-' || !/[*?]/.test(path)) return E.right([{ path, name: null }])
  const paths = await matchingPaths(path)
  return paths.length === 0
    ? reject('a pattern that files match', 'check the names and the folder')
    : filesOf(
        paths,
        path
          .split('/')
          .filter((_, i, all) => !/[*?]/.test(all.slice(0, i + 1).join('/')))
          .join('/') || '.'
      )
}
