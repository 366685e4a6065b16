/**
 * Files of Parquet and Arrow, read by other people's code in a thread that can be ended: a damaged file may keep it busy without end, or
 * have it take all memory.
 */
import { open } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Worker } from 'node:worker_threads'
import { batches } from '../../lib/formats/arrow.js'
import { Absent, type Columns } from '../../lib/formats/columns.js'
import { rowGroupsOf } from '../../lib/formats/parquet.js'
import { mayThread } from './mayThread.js'

/** What is read: a file of Parquet, by its path or held whole, or bytes of Arrow as they come. */
export type ColumnarReadRequest =
  | { readonly format: 'Parquet'; readonly file: string | ArrayBuffer; readonly size: number }
  | { readonly format: 'Arrow'; readonly bytes: AsyncIterable<Uint8Array>; readonly size: number | null }

/** What the thread is told at its start. */
export interface ColumnarThreadInput {
  /** Without the bytes of Arrow, which come by its standard input. */
  readonly request:
    | Exclude<ColumnarReadRequest, { readonly format: 'Arrow' }>
    | { readonly format: 'Arrow'; readonly size: number | null }
  readonly readsNested: boolean
}

/** A thread may be busy with a part for so many seconds, and longer by the millions of bytes that it has taken for it. */
const MAX_PART_SECONDS = 10
const SECONDS_PER_MILLION_BYTES = 1
/** It is looked after that often, in milliseconds. */
const WATCH_MILLISECONDS = 100
/** It may hold so many megabytes, and more by the megabytes of the file: what is packed grows. */
const MIN_MEMORY_MEGABYTES = 1024
const MEMORY_PER_FILE_MEGABYTE = 100

/** Half of the memory that there is, in megabytes. */
const halfOfMemory = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity) / (1 << 21)

const memoryLimitMegabytes = (size: number | null): number =>
  Math.floor(
    size === null
      ? halfOfMemory()
      : Math.min(halfOfMemory(), MIN_MEMORY_MEGABYTES + MEMORY_PER_FILE_MEGABYTE * (size / (1 << 20)))
  )

// A test runner loads the source as it is: the thread then runs what was built of it.
const THREAD_ENTRY = new URL(
  /\.ts$/.test(import.meta.url) ? '../../dist/src/cli/columnarThread.js' : './columnarThread.js',
  import.meta.url
)

/** Bytes as they are taken. */
async function* countedBytes(
  bytes: AsyncIterable<Uint8Array>,
  took: (bytes: number) => void
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    took(piece.length)
    yield piece
  }
}

/** The parts of a file, in this thread; `took` is told how many bytes were taken. */
export async function* readParts(
  asked: ColumnarReadRequest,
  readsNested: boolean,
  took: (bytes: number) => void = () => undefined
): AsyncGenerator<Columns> {
  if (asked.format === 'Arrow') {
    yield* batches(countedBytes(asked.bytes, took), { readsNested })
    return
  }
  const { file, size } = asked
  if (typeof file !== 'string') {
    took(size)
    yield* rowGroupsOf(file, { readsNested })
    return
  }
  const handle = await open(file)
  try {
    const slice = async (from: number, to = size): Promise<ArrayBuffer> => {
      // a damaged file may name any bytes
      const first = Math.min(Math.max(from, 0), size)
      const part = new Uint8Array(Math.max(Math.min(to, size) - first, 0))
      const { bytesRead } = await handle.read(part, 0, part.length, first)
      took(bytesRead)
      return part.buffer
    }
    yield* rowGroupsOf({ byteLength: size, slice }, { readsNested })
  } finally {
    await handle.close()
  }
}

/** An error as it comes from another thread, which knows no classes. */
const errorFromThread = (error: unknown, megabytes: number): unknown => {
  if (!(error instanceof Error)) return error
  if ('library' in error) return new Absent(String(error.library))
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new Error(`reading it took more than ${megabytes} MB of memory`)
    : error
}

/** The parts of a file; an error where its reader takes too long, or too much memory. */
export async function* readPartsInThread(
  asked: ColumnarReadRequest,
  readsNested: boolean,
  limits: { readonly seconds?: number; readonly megabytes?: number } = {}
): AsyncGenerator<Columns> {
  if (!mayThread()) {
    yield* readParts(asked, readsNested)
    return
  }
  const { seconds = MAX_PART_SECONDS, megabytes = memoryLimitMegabytes(asked.size) } = limits
  const told: ColumnarThreadInput = {
    request: asked.format === 'Arrow' ? { format: 'Arrow', size: asked.size } : asked,
    readsNested
  }
  const thread = new Worker(THREAD_ENTRY, {
    workerData: told,
    stdin: asked.format === 'Arrow',
    resourceLimits: { maxOldGenerationSizeMb: megabytes }
  })
  let taken = 0
  let heard: (part: Columns | null) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const ended = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  // whoever waits for a part is told
  ended.catch(() => undefined)
  thread.on('message', (said: Columns | number | null) => {
    if (typeof said === 'number') taken += said
    else heard(said)
  })
  thread.on('error', error => {
    fail(errorFromThread(error, megabytes))
  })
  thread.on('exit', () => {
    fail(new Error('its reader ended early'))
  })
  // a reader may leave what stands behind the end
  if (asked.format === 'Arrow' && thread.stdin !== null)
    void pipeline(Readable.from(asked.bytes), thread.stdin).catch(fail)
  const busy = (): number => thread.performance.eventLoopUtilization().active / 1000
  let before = 0
  const looking = setInterval(() => {
    const most = seconds + SECONDS_PER_MILLION_BYTES * (taken / 1e6)
    if (busy() - before > most) fail(new Error(`reading it had no end after ${Math.floor(most)} seconds`))
  }, WATCH_MILLISECONDS)
  try {
    for (;;) {
      taken = 0
      before = busy()
      const next = new Promise<Columns | null>(resolve => {
        heard = resolve
      })
      thread.postMessage('next')
      const part = await Promise.race([next, ended])
      if (part === null) return
      yield part
    }
  } finally {
    clearInterval(looking)
    await thread.terminate()
  }
}
