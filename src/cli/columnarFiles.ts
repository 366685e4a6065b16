/** Reads Parquet and Arrow files in a thread that can be terminated: on a damaged file the readers may never end, or exhaust memory. */
import { open } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Worker } from 'node:worker_threads'
import { batches } from '../../lib/formats/arrow.js'
import { Absent, type Columns } from '../../lib/formats/columns.js'
import { rowGroupsOf } from '../../lib/formats/parquet.js'
import { mayThread } from './mayThread.js'

/** Parquet file by path or in memory, or Arrow bytes; `size` in bytes, null if unknown. */
export type ColumnarReadRequest =
  | { readonly format: 'Parquet'; readonly file: string | ArrayBuffer; readonly size: number }
  | { readonly format: 'Arrow'; readonly bytes: AsyncIterable<Uint8Array>; readonly size: number | null }

/** `workerData` of the thread. */
export interface ColumnarThreadInput {
  /** Without the bytes of Arrow, which come by standard input. */
  readonly request:
    | Exclude<ColumnarReadRequest, { readonly format: 'Arrow' }>
    | { readonly format: 'Arrow'; readonly size: number | null }
  readonly readsNested: boolean
}

interface ReadOptions {
  /** Reads columns of lists and records too. Default: false. */
  readonly readsNested?: boolean
}

/** Processor seconds per part, and memory. Default: by file size. */
interface ThreadLimits {
  readonly seconds?: number
  readonly megabytes?: number
}

/** Least processor time that a part may take. */
const MIN_PART_SECONDS = 10
const SECONDS_PER_MILLION_BYTES = 1
const LIMIT_CHECK_MILLISECONDS = 100
const MIN_MEMORY_MEGABYTES = 1024
const MEMORY_MEGABYTES_PER_FILE_MEGABYTE = 100

/** Yields the parts of a file, read in a new thread; throws if the reader fails or exceeds its limits. */
export async function* readPartsInThread(
  request: ColumnarReadRequest,
  { readsNested = false, ...limits }: ReadOptions & ThreadLimits = {}
): AsyncGenerator<Columns> {
  if (!mayThread()) {
    yield* readParts(request, { readsNested })
    return
  }
  const { seconds = MIN_PART_SECONDS, megabytes = memoryLimitMegabytes(request.size) } = limits
  const thread = startThread(request, { readsNested, megabytes })
  const messages = listenTo(thread, megabytes)
  // A reader may stop before the end of the stream.
  if (request.format === 'Arrow' && thread.stdin !== null)
    void pipeline(Readable.from(request.bytes), thread.stdin).catch(messages.fail)
  const busySeconds = (): number => thread.performance.eventLoopUtilization().active / 1000
  let busyBefore = 0
  const watch = setInterval(() => {
    const most = seconds + SECONDS_PER_MILLION_BYTES * (messages.bytesRead() / 1e6)
    if (busySeconds() - busyBefore > most)
      messages.fail(new Error(`reading it had no end after ${Math.floor(most)} seconds`))
  }, LIMIT_CHECK_MILLISECONDS)
  try {
    for (;;) {
      busyBefore = busySeconds()
      const part = await messages.nextPart()
      if (part === null) return
      yield part
    }
  } finally {
    clearInterval(watch)
    await thread.terminate()
  }
}

/** Yields the parts of a file, read in this thread; `onBytes` receives the size of each read. */
export async function* readParts(
  request: ColumnarReadRequest,
  { readsNested = false, onBytes = () => undefined }: ReadOptions & { readonly onBytes?: (bytes: number) => void } = {}
): AsyncGenerator<Columns> {
  if (request.format === 'Arrow') {
    yield* batches(countedBytes(request.bytes, onBytes), { readsNested })
    return
  }
  const { file, size } = request
  if (typeof file !== 'string') {
    onBytes(size)
    yield* rowGroupsOf(file, { readsNested })
    return
  }
  const handle = await open(file)
  try {
    const slice = async (from: number, to = size): Promise<ArrayBuffer> => {
      // Offsets in a damaged file may be out of range.
      const first = Math.min(Math.max(from, 0), size)
      const part = new Uint8Array(Math.max(Math.min(to, size) - first, 0))
      const { bytesRead } = await handle.read(part, 0, part.length, first)
      onBytes(bytesRead)
      return part.buffer
    }
    yield* rowGroupsOf({ byteLength: size, slice }, { readsNested })
  } finally {
    await handle.close()
  }
}

async function* countedBytes(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    onBytes(piece.length)
    yield piece
  }
}

const memoryLimitMegabytes = (size: number | null): number =>
  Math.floor(
    size === null
      ? halfOfMemory()
      : Math.min(halfOfMemory(), MIN_MEMORY_MEGABYTES + MEMORY_MEGABYTES_PER_FILE_MEGABYTE * (size / (1 << 20)))
  )

/** Half of the memory of this machine or container, in megabytes. */
const halfOfMemory = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity) / (1 << 21)

// A test runner loads the source; its thread runs the built module.
const THREAD_ENTRY = new URL(
  /\.ts$/.test(import.meta.url) ? '../../dist/src/cli/columnarThread.js' : './columnarThread.js',
  import.meta.url
)

const startThread = (
  request: ColumnarReadRequest,
  { readsNested, megabytes }: { readonly readsNested: boolean; readonly megabytes: number }
): Worker => {
  const workerData: ColumnarThreadInput = {
    request: request.format === 'Arrow' ? { format: 'Arrow', size: request.size } : request,
    readsNested
  }
  return new Worker(THREAD_ENTRY, {
    workerData,
    stdin: request.format === 'Arrow',
    resourceLimits: { maxOldGenerationSizeMb: megabytes }
  })
}

interface ThreadMessages {
  /** Requests a part; resolves to null at the end. Rejects if the thread ends or `fail` is called. */
  readonly nextPart: () => Promise<Columns | null>
  readonly bytesRead: () => number
  readonly fail: (error: unknown) => void
}

const listenTo = (thread: Worker, megabytes: number): ThreadMessages => {
  let bytesRead = 0
  let receive: (part: Columns | null) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const ended = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  // No unhandled rejection if no `nextPart` is pending.
  ended.catch(() => undefined)
  thread.on('message', (message: Columns | number | null) => {
    if (typeof message === 'number') bytesRead += message
    else receive(message)
  })
  thread.on('error', error => {
    fail(errorFromThread(error, megabytes))
  })
  thread.on('exit', () => {
    fail(new Error('its reader ended early'))
  })
  return {
    nextPart: () => {
      bytesRead = 0
      const next = new Promise<Columns | null>(resolve => {
        receive = resolve
      })
      thread.postMessage('next')
      return Promise.race([next, ended])
    },
    bytesRead: () => bytesRead,
    fail: error => {
      fail(error)
    }
  }
}

/** Restores the class of an error, which posting loses; describes memory exhaustion. */
const errorFromThread = (error: unknown, megabytes: number): unknown => {
  if (!(error instanceof Error)) return error
  if ('library' in error) return new Absent(String(error.library))
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new Error(`reading it took more than ${megabytes} MB of memory`)
    : error
}
