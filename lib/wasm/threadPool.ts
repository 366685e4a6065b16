/**
 * One module over one memory, and worker threads that share it: a job is cut into chunks that any of them may take, and
 * the caller takes its part and waits. Where there are no threads the caller runs all chunks, with the same result, as
 * chunks know nothing of each other.
 */
import { node } from './node.js'
import { compileKernels, type Embedded } from './kernels/wasm.js'

/** Runs one chunk of all, with a scratch space of its own. */
type Chunk = (chunk: number, scratch: number) => void

export interface ThreadPool {
  /** @internal What names WebAssembly is no part of the declarations: not every user has its types. */
  readonly memory: WebAssembly.Memory
  readonly exports: Readonly<Record<string, (...operands: ReadonlyArray<number>) => number>>
  /** The first address that is free for operands. */
  readonly start: number
  /** @internal A module over the same memory, whose imports are the exports of the first: all threads may run it. */
  readonly load: (module: WebAssembly.Module, imports?: WebAssembly.ModuleImports) => Loaded
  /** How many scratch spaces a job must have: one for each thread that may be awake. */
  readonly spaces: () => number
  /** Runs the chunks of a job through the export of this name, by the caller alone if that is asked for. */
  readonly run: (
    name: string,
    job: number,
    chunks: number,
    scratch: { readonly at: number; readonly bytes: number },
    alone: boolean,
    loaded?: Loaded,
    /** Of several jobs, one after another in memory, how many bytes and chunks each has; chunks are then those of all. */
    each?: { readonly bytes: number; readonly chunks: number }
  ) => void
}

/** A module that was loaded later. */
export interface Loaded {
  readonly id: number
  /** @internal */
  readonly module: WebAssembly.Module
  readonly exports: ThreadPool['exports']
  /** Lets go of it, in every thread. */
  readonly unload: () => void
}

/** The most a memory can have, in pages of 64 kB: 4 GB. */
const MAX_MEMORY_PAGES = 65536
const INITIAL_PAGES = 16

/** The words that threads share, at the first free address. */
const enum Word {
  /** Counts jobs; the others sleep on it. */
  Generation,
  /** Chunks that nobody has taken; whoever takes one counts down, and below 1 there is none. */
  Remaining,
  Done,
  Name,
  Job,
  Scratch,
  ScratchBytes,
  /** The loaded module whose export it is; 0 for the first. */
  Loaded,
  /** Whether a chunk failed in another thread. */
  Failed,
  JobBytes,
  JobChunks
}
const WORDS = 16

/** What a loaded module exports. */
const STRAND = 'chunk'

/** Runs in every other thread. A late riser finds no chunk of a job that is over, and may help with the next. */
const source = `
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
    // A chunk that fails is over, or the caller would wait for ever.
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

let wantedThreads: number | undefined
/** Whether this place lets nobody start a thread, as `node --permission` without --allow-worker. */
let isThreadingRefused = false

/**
 * Sets how many threads large passes may use, the caller's among them: all the machine has unless set, or what the
 * environment's ORNSTEIN_THREADS says; at most 64, or all the machine has. Results do not depend on it, in any bit. Outside
 * Node, and where Node may start none, there is one.
 *
 * @throws RangeError of NaN
 */
export const useThreads = (count: number): void => {
  if (Number.isNaN(count)) throw new RangeError(`useThreads: ${count} is not a number of threads; try 1`)
  wantedThreads = Math.max(1, Math.floor(count))
}

/** How many threads a large pass uses. */
export const threads = (): number => {
  const here = node()
  return here === null || isThreadingRefused ? 1 : Math.min(here.most, wantedThreads ?? here.threads)
}

/** Throws where the engine has no SIMD, or refuses to compile in this place. */
export const threadPool = (embedded: Embedded): ThreadPool => {
  const here = node()
  const shared = here !== null
  const module = compileKernels(shared, embedded)
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAX_MEMORY_PAGES, shared })
  // An instance's exports have no type of their own; the assembly's index is what this module exports.
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as ThreadPool['exports']
  const start = exports.start()
  // a loaded module has one export
  const names = [...Object.keys(exports), STRAND]
  const words = shared ? new Int32Array(memory.buffer, start, WORDS) : new Int32Array(WORDS)
  const posts: ((message: unknown) => void)[] = []
  /** Loaded modules that the other threads know of. */
  const posted = new Map<number, number>()
  let lastId = 0

  const alone = (chunk: Chunk, chunks: number, at: number): void => {
    for (let i = 0; i < chunks; i++) chunk(i, at)
  }

  /** How many threads help, of so many that are asked for: those there are, where no more may be started. */
  const recruited = (helpers: number): number => {
    try {
      if (here !== null && !isThreadingRefused)
        while (posts.length < helpers)
          posts.push(here.spawn(source, { module, memory, start, index: posts.length + 1, names }))
    } catch {
      isThreadingRefused = true
    }
    return Math.min(helpers, posts.length)
  }

  return {
    memory,
    exports,
    load: (module, imports = {}) => {
      lastId += 1
      const id = lastId
      const env = { memory, ...exports, ...imports }
      // as above
      const own = new WebAssembly.Instance(module, { env }).exports as ThreadPool['exports']
      const unload = (): void => {
        posts.slice(0, posted.get(id)).forEach(post => {
          post({ id, module: null })
        })
        posted.delete(id)
      }
      return { id, module, exports: own, unload }
    },
    spaces: () => Math.max(posts.length + 1, threads()),
    start: start + WORDS * Int32Array.BYTES_PER_ELEMENT,
    run: (name, job, chunks, { at, bytes }, isAlone, loaded, each = { bytes: 0, chunks }) => {
      const ofJob = (loaded?.exports ?? exports)[name]
      const chunk: Chunk = (i, scratch) => {
        ofJob(job + Math.floor(i / each.chunks) * each.bytes, i % each.chunks, scratch)
      }
      const helpers = isAlone ? 0 : recruited(Math.min(threads(), chunks) - 1)
      if (helpers === 0) {
        alone(chunk, chunks, at)
        return
      }
      if (loaded !== undefined) {
        for (const post of posts.slice(posted.get(loaded.id) ?? 0)) post({ id: loaded.id, module: loaded.module })
        posted.set(loaded.id, posts.length)
      }
      words[Word.Loaded] = loaded?.id ?? 0
      words[Word.Name] = names.indexOf(name)
      words[Word.Job] = job
      words[Word.Scratch] = at
      words[Word.ScratchBytes] = bytes
      words[Word.JobBytes] = each.bytes
      words[Word.JobChunks] = each.chunks
      Atomics.store(words, Word.Failed, 0)
      Atomics.store(words, Word.Done, 0)
      Atomics.store(words, Word.Remaining, chunks)
      Atomics.add(words, Word.Generation, 1)
      Atomics.notify(words, Word.Generation, helpers)
      for (let left = Atomics.sub(words, Word.Remaining, 1); left > 0; left = Atomics.sub(words, Word.Remaining, 1)) {
        chunk(left - 1, at)
        Atomics.add(words, Word.Done, 1)
      }
      for (let done = Atomics.load(words, Word.Done); done < chunks; done = Atomics.load(words, Word.Done))
        Atomics.wait(words, Word.Done, done)
      // The caller meets the error itself, or does what the other thread could not.
      if (Atomics.load(words, Word.Failed) === 1) alone(chunk, chunks, at)
    }
  }
}
