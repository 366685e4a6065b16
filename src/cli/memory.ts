/** A world whose files are in memory: those that are given, and those that commands write. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { copyOf, gridOf, gridReader } from '../data/csv.js'
import { tableOf, type CsvOptions, type Grid } from '../data/grid.js'
import type { DataError } from '../data/points.js'
import { decode, isPacked, signatureOf } from './bytes.js'
import { copiesOf } from './copies.js'
import { Ended, failed, refusal, type Content, type Failure, type Files } from './world.js'

/** What gzip packed, unpacked. */
export const unpacked = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  isPacked(bytes)
    ? new Uint8Array(
        await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer()
      )
    : bytes

type Grids = E.Either<Failure, E.Either<DataError, Grid>>

const bytesOf = async (content: Content): Promise<Uint8Array> => {
  const pieces = typeof content === 'string' || content instanceof Uint8Array ? [content] : content
  const all: Uint8Array<ArrayBuffer>[] = []
  for await (const piece of pieces)
    all.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : Uint8Array.from(piece))
  return new Uint8Array(await new Blob(all).arrayBuffer())
}

const none = (argument: string, path: string): E.Either<Failure, never> =>
  refusal(argument, path, 'a file that is here', 'give it')

/** The table of text in bytes, by the fast reader, or by the whole grammar where that gives up. */
const gridOfBytes = (argument: string, path: string, bytes: Uint8Array, options: CsvOptions): Grids => {
  const { push, grid } = gridReader(options, bytes.length)
  const found = !bytes.includes(0) && signatureOf(bytes) === undefined && push(bytes) ? grid() : null
  if (found !== null) return E.right(found)
  const text = decode(argument, path, bytes)
  return E.isLeft(text) ? text : E.right(gridOf(text.right, options))
}

/** Files of names; what is written goes beside what was given, and a name that both have is that of what was written. */
export const memory = (
  given: ReadonlyMap<string, Uint8Array>,
  written: Map<string, Uint8Array>
): Files & { readonly gridOf: (argument: string, path: string, options: CsvOptions) => Grids } => {
  const found = (argument: string, path: string): E.Either<Failure, Uint8Array> => {
    const bytes = written.get(path) ?? given.get(path)
    return bytes === undefined ? none(argument, path) : E.right(bytes)
  }
  const readText = (argument: string, path: string): E.Either<Failure, string> => {
    const bytes = found(argument, path)
    return E.isLeft(bytes) ? bytes : decode(argument, path, bytes.right)
  }
  const grid = (argument: string, path: string, options: CsvOptions): Grids => {
    const bytes = given.get(path)
    return bytes === undefined ? none(argument, path) : gridOfBytes(argument, path, bytes, options)
  }
  const soon =
    <A>(value: A): (() => Promise<A>) =>
    () =>
      Promise.resolve(value)
  return {
    gridOf: grid,
    readText: (...asked) => soon(readText(...asked)),
    readBytes: (...asked) => soon(found(...asked)),
    readTable: (argument, path, options) => {
      const read = grid(argument, path, options)
      return soon(
        E.isLeft(read) ? read : E.right(E.isLeft(read.right) ? read.right : tableOf(options)(read.right.right))
      )
    },
    readSource: (argument, path) => soon(none(argument, path)),
    readCopies: async function* (argument, path, options) {
      const bytes = given.get(path)
      const text = bytes === undefined ? none(argument, path) : decode(argument, path, bytes)
      if (E.isLeft(text)) throw new Ended(text.left)
      const copied = copyOf(text.right, options)
      yield* copiesOf(options)(
        (async function* () {
          yield await Promise.resolve(copied)
        })()
      )
    },
    load: (argument, path) => soon(none(argument, path)),
    isLarge: () => soon(false),
    exists: path => soon(written.has(path) || given.has(path)),
    checkOutputs: () => soon(E.right(undefined)),
    makeFolder: () => soon(E.right(undefined)),
    writeFiles: files => async () => {
      try {
        const all = await Promise.all(files.map(async ({ path, text }) => [path, await bytesOf(text)] as const))
        for (const [path, bytes] of all) written.set(path, bytes)
        return E.right(undefined)
      } catch (error) {
        return E.left(error instanceof Ended ? error.failure : failed(Problem.of('', '', String(error), 'try again')))
      }
    }
  }
}
