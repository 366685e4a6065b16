/**
 * One module over one memory, shared by worker threads. Each thread takes the next chunk of a job; the caller takes part and waits. Chunks
 * are independent, so results do not depend on the number of threads.
 */
import { compileKernels, type EncodedModule } from './kernelModule.js'
import { node } from './node.js'

/** Runs a chunk with the scratch space at an address. */
type RunChunk = (chunk: number, scratch: number) => void

/** A job: calls of one exported function, one for each chunk. */
export interface ChunkedJob {
  /** Name of the export, a function of the address of the arguments, the index of a chunk and the address of a scratch space. */
  readonly name: string
  /** Address of the arguments. */
  readonly args: number
  readonly chunks: number
  /** Scratch spaces, one after another, of `bytes` bytes each, as many as `spaces` returns. */
  readonly scratch: { readonly at: number; readonly bytes: number }
  /**
   * Bytes of the arguments and number of chunks of each of several jobs that run as one, with arguments one after another; `chunks` is then
   * the total. Default: a single job.
   */
  readonly each?: { readonly bytes: number; readonly chunks: number }
  /** True if the caller runs all chunks. Default: false. */
  readonly isAlone?: boolean
}

export interface ThreadPool {
  /** @internal Without a type of WebAssembly, since not every user has its types. */
  readonly memory: WebAssembly.Memory
  readonly exports: Readonly<Record<string, (...operands: ReadonlyArray<number>) => number>>
  /** First address that is free for operands. */
  readonly start: number
  /** @internal Loads a module over this memory, which imports the exports of the kernels. */
  readonly load: (module: WebAssembly.Module, imports?: WebAssembly.ModuleImports) => Loaded
  /** Number of scratch spaces: one for each thread that may take part. */
  readonly spaces: () => number
  /** Runs all chunks of a job of the kernels, or of a loaded module. */
  readonly run: (job: ChunkedJob, loaded?: Loaded) => void
}

export interface Loaded {
  readonly id: number
  /** @internal */
  readonly module: WebAssembly.Module
  readonly exports: ThreadPool['exports']
  /** Releases the module in every thread. */
  readonly unload: () => void
}

/** 4 GB, in pages of 64 kB. */
const MAX_MEMORY_PAGES = 65536
const INITIAL_POOL_PAGES = 16

/** Words that the threads share, at the first free address. */
const enum Word {
  /** Counts jobs; idle threads sleep on it. */
  Generation,
  /** Number of chunks not yet taken; a thread decrements it to take one. */
  Remaining,
  /** Number of finished chunks. */
  Done,
  /** Index of the export's name. */
  Name,
  /** Address of the arguments. */
  Job,
  Scratch,
  ScratchBytes,
  /** Identifier of the loaded module; 0 for the kernels. */
  Loaded,
  /** 1 if a chunk failed in another thread. */
  Failed,
  JobBytes,
  JobChunks
}
const WORDS = 16

/** Name of the only export of a loaded module. */
const LOADED_EXPORT = 'chunk'

/** Program of the worker threads. A thread that wakes late finds no chunk left of its job and may take part in the next. */
const workerSource = `
const { workerData, receiveMessageOnPort } = require('node:worker_threads')
const { module, memory, start, index, names, port } = workerData
const { exports } = new WebAssembly.Instance(module, { env: { memory } })
const kernel = () => { throw new Error('a kernel of JavaScript runs in the thread of the caller') }
const loaded = new Map([[0, exports]])
const exportsOf = id => {
  for (let news; !loaded.has(id) && (news = receiveMessageOnPort(port)); ) {
    const { id, module } = news.message
    if (module === null) loaded.delete(id)
    else loaded.set(id, new WebAssembly.Instance(module, { env: { memory, kernel, ...exports } }).exports)
  }
  return loaded.get(id)
}
const words = new Int32Array(memory.buffer, start, ${WORDS})
for (let seen = 0; ; seen = Atomics.load(words, ${Word.Generation})) {
  for (let left; (left = Atomics.sub(words, ${Word.Remaining}, 1)) > 0; ) {
    // A chunk that fails counts as done, since the caller would wait for ever.
    try {
      const i = left - 1
      const own = words[${Word.JobChunks}]
      exportsOf(words[${Word.Loaded}])[names[words[${Word.Name}]]](
        words[${Word.Job}] + Math.floor(i / own) * words[${Word.JobBytes}], i % own, (words[${Word.Scratch}] >>> 0) + index * words[${Word.ScratchBytes}]
      )
    } catch {
      Atomics.store(words, ${Word.Failed}, 1)
    }
    Atomics.add(words, ${Word.Done}, 1)
    Atomics.notify(words, ${Word.Done})
  }
  Atomics.wait(words, ${Word.Generation}, seen)
}`

let requestedThreads: number | undefined
/** True once a thread could not be started, as under `node --permission` without --allow-worker. */
let isThreadingRefused = false

/**
 * Sets the number of threads that large passes may use, the caller's included. Default: the environment's ORNSTEIN_THREADS, otherwise all
 * threads of the machine. At most 64, or all threads if the machine has more. No bit of a result depends on it. There is one thread outside
 * Node, and if Node may not start threads.
 *
 * @throws RangeError if the count is NaN
 */
export const useThreads = (count: number): void => {
  if (Number.isNaN(count)) throw new RangeError(`useThreads: ${count} is not a number of threads; try 1`)
  requestedThreads = Math.max(1, Math.floor(count))
}

/** Number of threads that a large pass uses. */
export const threads = (): number => {
  const here = node()
  return here === null || isThreadingRefused ? 1 : Math.min(here.maxThreads, requestedThreads ?? here.threads)
}

const runAlone = (runChunk: RunChunk, chunks: number, scratch: number): void => {
  for (let i = 0; i < chunks; i++) runChunk(i, scratch)
}

/** Posts a job to the other threads, runs chunks until none is left, and waits. */
const runShared = (
  words: Int32Array,
  runChunk: RunChunk,
  { job, numbers, helpers }: { readonly job: ChunkedJob; readonly numbers: JobNumbers; readonly helpers: number }
): void => {
  const { chunks, scratch } = job
  words[Word.Loaded] = numbers.loaded
  words[Word.Name] = numbers.name
  words[Word.Job] = job.args
  words[Word.Scratch] = scratch.at
  words[Word.ScratchBytes] = scratch.bytes
  words[Word.JobBytes] = numbers.bytes
  words[Word.JobChunks] = numbers.chunks
  Atomics.store(words, Word.Failed, 0)
  Atomics.store(words, Word.Done, 0)
  Atomics.store(words, Word.Remaining, chunks)
  Atomics.add(words, Word.Generation, 1)
  Atomics.notify(words, Word.Generation, helpers)
  for (let left = Atomics.sub(words, Word.Remaining, 1); left > 0; left = Atomics.sub(words, Word.Remaining, 1)) {
    runChunk(left - 1, scratch.at)
    Atomics.add(words, Word.Done, 1)
  }
  for (let done = Atomics.load(words, Word.Done); done < chunks; done = Atomics.load(words, Word.Done))
    Atomics.wait(words, Word.Done, done)
  // All chunks run again, so the caller gets the error that another thread had, or the result.
  if (Atomics.load(words, Word.Failed) === 1) runAlone(runChunk, chunks, scratch.at)
}

/** Identifier of a job's module, index of its export, and the bytes and chunks of each part. */
interface JobNumbers {
  readonly loaded: number
  readonly name: number
  readonly bytes: number
  readonly chunks: number
}

interface WorkerThreads {
  readonly count: () => number
  /** Starts threads until there are `wanted`, or no more can start; returns the smaller of their number and `wanted`. */
  readonly recruit: (wanted: number) => number
  /** Sends a module to the threads that have not received it. */
  readonly sendModule: (loaded: Pick<Loaded, 'id' | 'module'>) => void
  readonly releaseModule: (id: number) => void
}

/** Creates a pool without threads; `spawn` starts thread 1, 2, … and returns null outside Node. */
const workerThreads = (spawn: (index: number) => ((message: unknown) => void) | null): WorkerThreads => {
  const posts: ((message: unknown) => void)[] = []
  /** Number of threads, from the first on, that have received each module. */
  const receivers = new Map<number, number>()
  return {
    count: () => posts.length,
    recruit: wanted => {
      try {
        while (!isThreadingRefused && posts.length < wanted) {
          const post = spawn(posts.length + 1)
          if (post === null) break
          posts.push(post)
        }
      } catch {
        isThreadingRefused = true
      }
      return Math.min(wanted, posts.length)
    },
    sendModule: ({ id, module }) => {
      for (const post of posts.slice(receivers.get(id) ?? 0)) post({ id, module })
      receivers.set(id, posts.length)
    },
    releaseModule: id => {
      posts.slice(0, receivers.get(id)).forEach(post => {
        post({ id, module: null })
      })
      receivers.delete(id)
    }
  }
}

/**
 * Instantiates the module; threads start when a job first needs them.
 *
 * @throws if the engine has no SIMD or forbids compilation here
 */
export const threadPool = (encoded: EncodedModule): ThreadPool => {
  const here = node()
  const isShared = here !== null
  const module = compileKernels({ isShared, encoded })
  const memory = new WebAssembly.Memory({ initial: INITIAL_POOL_PAGES, maximum: MAX_MEMORY_PAGES, shared: isShared })
  // Exports have no type of their own; these are those of the assembly's index.
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as ThreadPool['exports']
  const start = exports.start()
  const names = [...Object.keys(exports), LOADED_EXPORT]
  const words = isShared ? new Int32Array(memory.buffer, start, WORDS) : new Int32Array(WORDS)
  const workers = workerThreads(index => here?.spawn(workerSource, { module, memory, start, index, names }) ?? null)
  let lastId = 0

  const load: ThreadPool['load'] = (module, imports = {}) => {
    lastId += 1
    const id = lastId
    const env = { memory, ...exports, ...imports }
    // Exports have no type of their own.
    const own = new WebAssembly.Instance(module, { env }).exports as ThreadPool['exports']
    return {
      id,
      module,
      exports: own,
      unload: () => {
        workers.releaseModule(id)
      }
    }
  }

  return {
    memory,
    exports,
    load,
    spaces: () => Math.max(workers.count() + 1, threads()),
    start: start + WORDS * Int32Array.BYTES_PER_ELEMENT,
    run: (job, loaded) => {
      const { name, args, chunks, scratch, each = { bytes: 0, chunks }, isAlone = false } = job
      const kernel = (loaded?.exports ?? exports)[name]
      const runChunk: RunChunk = (i, at) => {
        kernel(args + Math.floor(i / each.chunks) * each.bytes, i % each.chunks, at)
      }
      const helpers = isAlone ? 0 : workers.recruit(Math.min(threads(), chunks) - 1)
      if (helpers === 0) {
        runAlone(runChunk, chunks, scratch.at)
        return
      }
      if (loaded !== undefined) workers.sendModule(loaded)
      const numbers = { loaded: loaded?.id ?? 0, name: names.indexOf(name), ...each }
      runShared(words, runChunk, { job, numbers, helpers })
    }
  }
}
