/**
 * Files of Parquet and Arrow, read by other people's code in a thread of its own, which can be ended: a damaged file may keep it busy
 * without end, or have it take all memory.
 */
import { totalmem } from 'node:os'
import { Worker } from 'node:worker_threads'
import { batches } from '../../lib/formats/arrow.js'
import { Absent, type Columns } from '../../lib/formats/columns.js'
import { groups, type Slices } from '../../lib/formats/parquet.js'

/** What is read: a file of Parquet, any bytes of which may be had, or bytes of Arrow as they come. */
export type Asked =
  | { readonly format: 'Parquet'; readonly file: Slices }
  | { readonly format: 'Arrow'; readonly bytes: AsyncIterable<Uint8Array>; readonly length: number | null }

/** What the thread is told at its start. */
export interface Task {
  readonly format: Asked['format']
  /** Of a file of Parquet. */
  readonly byteLength: number
  readonly readsNested: boolean
}

/** What the thread says: which bytes it needs, or what it has read. */
export type Said =
  | { readonly _tag: 'Needs'; readonly id: number; readonly from: number; readonly to: number }
  | { readonly _tag: 'Part'; readonly part: Columns }
  | { readonly _tag: 'End' }
  | { readonly _tag: 'Failed'; readonly error: Failed }

/** Bytes that it needs, none after the last; or that the next part is wanted. */
export type Told =
  | { readonly _tag: 'Bytes'; readonly id: number; readonly bytes: Uint8Array | null }
  | { readonly _tag: 'Next' }

/** An error as it comes from another thread. */
export interface Failed {
  readonly name: string
  readonly message: string
  /** The package that is not installed. */
  readonly library: string | null
}

/** Looks after the thread that often, in milliseconds. */
const LOOK = 100
/** It may work on a part for so long, in seconds, and longer by the millions of bytes that it was given for it. */
const SECONDS = 10
const PER_MILLION = 1
/** It may hold so many megabytes, and more by the megabytes of the file: what is packed grows. */
const MEGABYTES = 1024
const PER_MEGABYTE = 100

/** Half of the memory that there is, in megabytes. */
const half = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity) / (1 << 21)

const megabytesFor = (length: number | null): number =>
  Math.floor(length === null ? half() : Math.min(half(), MEGABYTES + PER_MEGABYTE * (length / (1 << 20))))

// A test runner loads the source as it is: the thread then runs what was built of it.
const entry = new URL(/\.ts$/.test(import.meta.url) ? '../../dist/src/cli/reading.js' : './reading.js', import.meta.url)

const errorOf = ({ name, message, library }: Failed): Error =>
  library === null ? Object.assign(new Error(message), { name }) : new Absent(library)

/** The parts of a file; an error where its reader takes too long, or too much memory. */
export async function* apart(
  asked: Asked,
  readsNested: boolean,
  limits: { readonly seconds?: number; readonly megabytes?: number } = {}
): AsyncGenerator<Columns> {
  // Without `node --permission` there is nobody to ask, whatever the types say.
  if ((process as Partial<typeof process>).permission?.has('worker') === false) {
    yield* asked.format === 'Arrow' ? batches(asked.bytes, readsNested) : groups(asked.file, readsNested)
    return
  }
  const length = asked.format === 'Parquet' ? asked.file.byteLength : asked.length
  const { seconds = SECONDS, megabytes = megabytesFor(length) } = limits
  const workerData: Task = { format: asked.format, byteLength: length ?? 0, readsNested }
  const thread = new Worker(entry, { workerData, resourceLimits: { maxOldGenerationSizeMb: megabytes } })
  const tell = (told: Told): void => {
    thread.postMessage(told, told._tag === 'Bytes' && told.bytes !== null ? [told.bytes.buffer as ArrayBuffer] : [])
  }
  const pieces = asked.format === 'Arrow' ? asked.bytes[Symbol.asyncIterator]() : null
  /** Bytes in a buffer of their own, as it goes to the other thread. */
  const needed = async (from: number, to: number): Promise<Uint8Array | null> => {
    if (asked.format === 'Parquet') {
      // a damaged file may name any
      const [first, end] = [from, to].map(at => Math.min(Math.max(at, 0), asked.file.byteLength))
      return new Uint8Array(await asked.file.slice(first, Math.max(first, end)))
    }
    const next = await pieces?.next()
    return next === undefined || next.done === true ? null : Uint8Array.from(next.value)
  }
  let [busy, given, waits] = [0, 0, 0]
  let ended: { readonly error: unknown } | null = null
  let resolve: (said: Columns | null) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const fail = (error: unknown): void => {
    ended = { error }
    reject(error)
  }
  thread.on('message', (said: Said) => {
    switch (said._tag) {
      case 'Needs':
        waits += 1
        needed(said.from, said.to).then(bytes => {
          waits -= 1
          given += bytes?.length ?? 0
          if (ended === null) tell({ _tag: 'Bytes', id: said.id, bytes })
        }, fail)
        return
      case 'Part':
        resolve(said.part)
        return
      case 'End':
        resolve(null)
        return
      case 'Failed':
        fail(errorOf(said.error))
    }
  })
  thread.on('error', (error: unknown) => {
    const isMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    fail(isMemory ? new Error(`reading it took more than ${megabytes} MB of memory`) : error)
  })
  const most = (): number => seconds + PER_MILLION * (given / 1e6)
  const looking = setInterval(() => {
    // while it waits for bytes it is not busy
    if (waits === 0) busy += LOOK
    if (busy > 1000 * most()) fail(new Error(`reading it had no end after ${Math.floor(most())} seconds`))
  }, LOOK)
  try {
    for (;;) {
      ;[busy, given] = [0, 0]
      const part = await new Promise<Columns | null>((...heard) => {
        ;[resolve, reject] = heard
        if (ended === null) tell({ _tag: 'Next' })
        else reject(ended.error)
      })
      if (part === null) return
      yield part
    }
  } finally {
    ended ??= { error: null }
    clearInterval(looking)
    await thread.terminate()
    // not waited for: the next piece may never come
    pieces?.return?.().catch(() => undefined)
  }
}
