/**
 * One module over one memory, and worker threads that share it: a job is cut into strands that any of them may take, and
 * the caller takes its part and waits. Where there are no threads the caller runs all strands, with the same result, as
 * strands know nothing of each other.
 */
import { node } from './node.js'
import { compile, type Embedded } from './wasm.js'

/** An export that runs one strand of a job, with a scratch space of its own. */
type Strand = (job: number, strand: number, scratch: number) => void

export interface Crew {
  readonly memory: WebAssembly.Memory
  readonly exports: Readonly<Record<string, (...operands: ReadonlyArray<number>) => number>>
  /** The first address that is free for operands. */
  readonly start: number
  /** How many scratch spaces a job must have: one for each thread that may be awake. */
  readonly spaces: () => number
  /** Runs the strands of a job through the export of this name, by the caller alone if that is asked for. */
  readonly run: (
    name: string,
    job: number,
    strands: number,
    scratch: { readonly at: number; readonly bytes: number },
    alone: boolean
  ) => void
}

/** The most a memory can have, in pages of 64 kB: 4 GB. */
const MOST_PAGES = 65536
const INITIAL_PAGES = 16

/** The words that threads share, at the first free address. */
const enum Word {
  /** Counts jobs; the others sleep on it. */
  Generation,
  /** Strands that nobody has taken; whoever takes one counts down, and below 1 there is none. */
  Remaining,
  Done,
  Name,
  Job,
  Scratch,
  ScratchBytes
}
const WORDS = 16

/** Runs in every other thread. A late riser finds no strand of a job that is over, and may help with the next. */
const source = `
const { module, memory, start, index, names } = require('node:worker_threads').workerData
const { exports } = new WebAssembly.Instance(module, { env: { memory } })
const words = new Int32Array(memory.buffer, start, ${WORDS})
for (let seen = 0; ; seen = Atomics.load(words, ${Word.Generation})) {
  for (let left; (left = Atomics.sub(words, ${Word.Remaining}, 1)) > 0; ) {
    exports[names[words[${Word.Name}]]](
      words[${Word.Job}], left - 1, (words[${Word.Scratch}] >>> 0) + index * words[${Word.ScratchBytes}]
    )
    Atomics.add(words, ${Word.Done}, 1)
    Atomics.notify(words, ${Word.Done})
  }
  Atomics.wait(words, ${Word.Generation}, seen)
}`

let wanted: number | undefined
/** Whether this place lets nobody start a thread, as `node --permission` without --allow-worker. */
let refused = false

/**
 * Sets how many threads large passes may use, the caller's among them: all the machine has unless set, or what the
 * environment's ORNSTEIN_THREADS says. Results do not depend on it, in any bit. Outside Node, and where Node may start
 * none, there is one.
 */
export const useThreads = (count: number): void => {
  wanted = Math.max(1, Math.floor(count))
}

/** How many threads a large pass uses. */
export const threads = (): number => {
  const here = node()
  return here === null || refused ? 1 : (wanted ?? here.threads)
}

/** Throws where the engine has no SIMD, or refuses to compile in this place. */
export const crew = (embedded: Embedded): Crew => {
  const here = node()
  const shared = here !== null
  const module = compile(shared, embedded)
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MOST_PAGES, shared })
  // An instance's exports have no type of their own; the assembly's index is what this module exports.
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Crew['exports']
  const start = exports.start()
  const names = Object.keys(exports)
  const words = shared ? new Int32Array(memory.buffer, start, WORDS) : new Int32Array(WORDS)
  let others = 0

  const alone = (strand: Strand, job: number, strands: number, at: number): void => {
    for (let i = 0; i < strands; i++) strand(job, i, at)
  }

  /** How many threads help, of so many that are asked for: those there are, where no more may be started. */
  const recruited = (helpers: number): number => {
    try {
      if (here !== null && !refused)
        for (; others < helpers; others++) here.spawn(source, { module, memory, start, index: others + 1, names })
    } catch {
      refused = true
    }
    return Math.min(helpers, others)
  }

  return {
    memory,
    exports,
    spaces: () => Math.max(others + 1, threads()),
    start: start + WORDS * Int32Array.BYTES_PER_ELEMENT,
    run: (name, job, strands, { at, bytes }, isAlone) => {
      const strand: Strand = exports[name]
      const helpers = isAlone ? 0 : recruited(Math.min(threads(), strands) - 1)
      if (helpers === 0) {
        alone(strand, job, strands, at)
        return
      }
      words[Word.Name] = names.indexOf(name)
      words[Word.Job] = job
      words[Word.Scratch] = at
      words[Word.ScratchBytes] = bytes
      Atomics.store(words, Word.Done, 0)
      Atomics.store(words, Word.Remaining, strands)
      Atomics.add(words, Word.Generation, 1)
      Atomics.notify(words, Word.Generation, helpers)
      for (let left = Atomics.sub(words, Word.Remaining, 1); left > 0; left = Atomics.sub(words, Word.Remaining, 1)) {
        strand(job, left - 1, at)
        Atomics.add(words, Word.Done, 1)
      }
      for (let done = Atomics.load(words, Word.Done); done < strands; done = Atomics.load(words, Word.Done))
        Atomics.wait(words, Word.Done, done)
    }
  }
}
