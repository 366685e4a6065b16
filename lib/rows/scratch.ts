/* oxlint-disable no-restricted-globals -- asks whether this is Node, which has files, and does without elsewhere */
/**
 * A place beside memory for numbers that are written once, one after another, and read often: a file where there are files, which
 * nobody else sees and which is gone when the program is, however it ends; memory elsewhere.
 */

export interface NumberStore {
  /** Adds numbers at the end. */
  readonly write: (values: Float64Array) => void
  /** Fills `out` with the numbers from `at` on; what was never written is a RangeError. */
  readonly read: (at: number, out: Float64Array) => void
  /** How many numbers there are. */
  readonly length: () => number
  /** Gives the place back; nothing is read after it. */
  readonly close: () => void
}

const BYTES_PER_DOUBLE = 8
const SCRATCH_FILE_NAME = /^ornstein-(\d+)-[a-z\d]+\.scratch$/

const outOfRangeError = (at: number, count: number, length: number): RangeError =>
  new RangeError(`numbers ${at} to ${at + count} of ${length} were asked for`)

const bytesOfNumbers = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Numbers in memory. */
const memoryStore = (): NumberStore => {
  let values = new Float64Array(0)
  let length = 0
  return {
    write: more => {
      if (length + more.length > values.length) {
        const larger = new Float64Array(Math.max(length + more.length, 2 * values.length))
        larger.set(values.subarray(0, length))
        values = larger
      }
      values.set(more, length)
      length += more.length
    },
    read: (at, out) => {
      if (at < 0 || at + out.length > length) throw outOfRangeError(at, out.length, length)
      out.set(values.subarray(at, at + out.length))
    },
    length: () => length,
    close: () => {
      values = new Float64Array(0)
      length = 0
    }
  }
}

const modules = () => {
  // In browsers, and in Node before 20.16, one or the other is missing, whatever the types say.
  const here = (globalThis as { readonly process?: Partial<typeof process> }).process
  const fs = here?.getBuiltinModule?.('node:fs')
  const path = here?.getBuiltinModule?.('node:path')
  const os = here?.getBuiltinModule?.('node:os')
  const crypto = here?.getBuiltinModule?.('node:crypto')
  return fs && path && os && crypto ? { fs, path, os, crypto } : null
}

type Modules = NonNullable<ReturnType<typeof modules>>

/** Whether a process may still be there. */
const lives = (id: number): boolean => {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    // one of another user lives too
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Removes what programs that were killed have left in a folder. */
const removeOrphans = ({ fs, path }: Modules, folder: string): void => {
  for (const name of fs.readdirSync(folder)) {
    const owner = SCRATCH_FILE_NAME.exec(name)?.[1]
    if (owner !== undefined && !lives(Number(owner))) fs.rmSync(path.join(folder, name), { force: true })
  }
}

/** The folder of scratch files of which a file system's error tells; null of any other error. */
export const scratchFolderOf = (error: unknown): string | null =>
  error instanceof Error && 'scratchFolder' in error && typeof error.scratchFolder === 'string'
    ? error.scratchFolder
    : null

/** Runs work on a scratch file; what the file system throws names the folder, which no caller has given. */
const inFolder = <A>(folder: string, work: () => A): A => {
  try {
    return work()
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { scratchFolder: folder }) : error
  }
}

/**
 * A file in a folder: that of temporary files, or what the environment's ORNSTEIN_SCRATCH names, as where temporary files are
 * kept in memory. Throws what the file system throws, as where the disk is full; `scratchFolderOf` tells such an error from others.
 */
const fileStore = (here: Modules, folder: string): NumberStore => {
  const { fs, path, crypto } = here
  inFolder(folder, () => {
    removeOrphans(here, folder)
  })
  const name = path.join(folder, `ornstein-${process.pid}-${crypto.randomBytes(8).toString('hex')}.scratch`)
  const file = inFolder(folder, () => fs.openSync(name, 'wx+', 0o600))
  // Without a name it goes with the program. Where an open file keeps its name, the next one sweeps it up.
  try {
    fs.rmSync(name)
  } catch {
    // It has its name until it is closed.
  }
  let length = 0
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    fs.closeSync(file)
    fs.rmSync(name, { force: true })
  }
  const whole = (work: (rest: Uint8Array, position: number) => number, values: Float64Array, at: number): void => {
    const all = bytesOfNumbers(values)
    for (let done = 0; done < all.length;) {
      const count = work(all.subarray(done), at * BYTES_PER_DOUBLE + done)
      if (count === 0) throw outOfRangeError(at, values.length, length)
      done += count
    }
  }
  const place: NumberStore = {
    write: values => {
      inFolder(folder, () => {
        whole((rest, position) => fs.writeSync(file, rest, 0, rest.length, position), values, length)
      })
      length += values.length
    },
    read: (at, out) => {
      if (at < 0 || at + out.length > length) throw outOfRangeError(at, out.length, length)
      whole((rest, position) => fs.readSync(file, rest, 0, rest.length, position), out, at)
    },
    length: () => length,
    close
  }
  forgotten.register(place, close)
  return place
}

/** Closes what nobody can ask any more. */
const forgotten = new FinalizationRegistry<() => void>(close => {
  close()
})

/** A place for numbers beside memory, or in it where there is none. */
export const numberStore = (folder?: string): NumberStore => {
  const here = modules()
  return here === null ? memoryStore() : fileStore(here, folder ?? process.env.ORNSTEIN_SCRATCH ?? here.os.tmpdir())
}
