/** File operations on files in memory, for pages in a browser. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { copyOfText, gridOfCsv, gridReader } from '../data/csv.js'
import { gridToTable, type CsvOptions, type CellGrid } from '../data/grid.js'
import type { DataError } from '../data/points.js'
import { decodeText, isGzipped, nonTextSignature } from './bytes.js'
import { copyTableParts } from './copies.js'
import { FailureError, workFailure, rejectUsage, type Content, type CommandFailure, type Files } from './world.js'

const MAX_UNPACKED_BYTES = 1 << 30

/** Unpacks gzipped bytes; returns others unchanged. A failure if the archive is damaged or unpacks to more than `most` bytes. */
export const decompress = async (
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  most = MAX_UNPACKED_BYTES
): Promise<E.Either<CommandFailure, Uint8Array<ArrayBuffer>>> => {
  if (!isGzipped(bytes)) return E.right(bytes)
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      pieces.push(value)
      length += value.length
      if (length > most) {
        await reader.cancel()
        return rejectUsage(
          'FILE',
          name,
          `an archive of at most ${Math.round(most / (1 << 20))} MB`,
          'give a part of it, such as every tenth line'
        )
      }
    }
  } catch {
    // Browsers throw a TypeError without details.
    return rejectUsage('FILE', name, 'a sound gzip archive', 'it is damaged or cut short: fetch it again')
  }
  return E.right(new Uint8Array(await new Blob(pieces).arrayBuffer()))
}

type GridResult = E.Either<CommandFailure, E.Either<DataError, CellGrid>>

const contentBytes = async (content: Content): Promise<Uint8Array> => {
  const pieces = typeof content === 'string' || content instanceof Uint8Array ? [content] : content
  const all: Uint8Array<ArrayBuffer>[] = []
  for await (const piece of pieces)
    all.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : Uint8Array.from(piece))
  return new Uint8Array(await new Blob(all).arrayBuffer())
}

const missingFile = (argument: string, path: string): E.Either<CommandFailure, never> =>
  rejectUsage(argument, path, 'a file that is here', 'give it')

/** Reads bytes of CSV by the fast reader, otherwise by the full grammar. */
const gridOfBytes = (argument: string, path: string, bytes: Uint8Array, options: CsvOptions): GridResult => {
  const { push, grid } = gridReader(options, bytes.length)
  const found = !bytes.includes(0) && nonTextSignature(bytes) === undefined && push(bytes) ? grid() : null
  if (found !== null) return E.right(found)
  const text = decodeText(argument, path, bytes)
  return E.isLeft(text) ? text : E.right(gridOfCsv(text.right, options))
}

/** File operations on `given` files; commands write into `written`, which is read first. */
export const memoryFiles = (
  given: ReadonlyMap<string, Uint8Array>,
  written: Map<string, Uint8Array>
): Files & { readonly gridOf: (argument: string, path: string, options: CsvOptions) => GridResult } => {
  const bytesAt = (argument: string, path: string): E.Either<CommandFailure, Uint8Array> => {
    const bytes = written.get(path) ?? given.get(path)
    return bytes === undefined ? missingFile(argument, path) : E.right(bytes)
  }
  const readText = (argument: string, path: string): E.Either<CommandFailure, string> => {
    const bytes = bytesAt(argument, path)
    return E.isLeft(bytes) ? bytes : decodeText(argument, path, bytes.right)
  }
  const gridOf = (argument: string, path: string, options: CsvOptions): GridResult => {
    const bytes = given.get(path)
    return bytes === undefined ? missingFile(argument, path) : gridOfBytes(argument, path, bytes, options)
  }
  const taskOf =
    <A>(value: A): (() => Promise<A>) =>
    () =>
      Promise.resolve(value)
  return {
    gridOf,
    readText: (...args) => taskOf(readText(...args)),
    readBytes: (...args) => taskOf(bytesAt(...args)),
    readTable: (argument, path, options) => {
      const grid = gridOf(argument, path, options)
      return taskOf(
        E.isLeft(grid) ? grid : E.right(E.isLeft(grid.right) ? grid.right : gridToTable(options)(grid.right.right))
      )
    },
    readSource: (argument, path) => taskOf(missingFile(argument, path)),
    readCopies: async function* (argument, path, { csv }) {
      const bytes = given.get(path)
      const text = bytes === undefined ? missingFile(argument, path) : decodeText(argument, path, bytes)
      if (E.isLeft(text)) throw new FailureError(text.left)
      const copied = copyOfText(text.right, csv)
      yield* copyTableParts(csv)(
        (async function* () {
          yield await Promise.resolve(copied)
        })()
      )
    },
    loadModule: (argument, path) => taskOf(missingFile(argument, path)),
    isLarge: () => taskOf(false),
    exists: path => taskOf(written.has(path) || given.has(path)),
    checkOutputs: () => taskOf(E.right(undefined)),
    makeFolder: () => taskOf(E.right(undefined)),
    writeFiles: files => async () => {
      try {
        const all = await Promise.all(files.map(async ({ path, text }) => [path, await contentBytes(text)] as const))
        for (const [path, bytes] of all) written.set(path, bytes)
        return E.right(undefined)
      } catch (error) {
        return E.left(
          error instanceof FailureError ? error.failure : workFailure(Problem.of('', '', String(error), 'try again'))
        )
      }
    }
  }
}
