/* oxlint-disable no-restricted-globals -- asks whether this is Node, which has files, and does without elsewhere */
/**
 * Storage for numbers that are written once, in order, and read often: a private file, removed when the program ends in any way; in memory
 * if there is no file system.
 */

export interface NumberStore {
  readonly write: (values: Float64Array) => void
  /** Fills `out` with the numbers from `at` on; throws a RangeError if there are fewer. */
  readonly read: (at: number, out: Float64Array) => void
  readonly length: () => number
  /** Frees the storage; nothing may be read afterwards. */
  readonly close: () => void
}

const BYTES_PER_DOUBLE = 8
const SCRATCH_FILE_PATTERN = /^ornstein-(\d+)-[a-z\d]+\.scratch$/

const outOfRangeError = (at: number, count: number, length: number): RangeError =>
  new RangeError(`numbers ${at} to ${at + count} of ${length} were asked for`)

const bytesOfNumbers = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

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

/** Modules of Node; null elsewhere. */
const loadNodeModules = () => {
  // In spite of the types, `process` is missing in browsers and `getBuiltinModule` in Node before 20.16.
  const here = (globalThis as { readonly process?: Partial<typeof process> }).process
  const fs = here?.getBuiltinModule?.('node:fs')
  const path = here?.getBuiltinModule?.('node:path')
  const os = here?.getBuiltinModule?.('node:os')
  const crypto = here?.getBuiltinModule?.('node:crypto')
  return fs && path && os && crypto ? { fs, path, os, crypto } : null
}

type Modules = NonNullable<ReturnType<typeof loadNodeModules>>

/** True if a process may still be running. */
const isRunning = (id: number): boolean => {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    // A process of another user is running too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Removes files that killed programs have left in a folder. */
const removeOrphans = ({ fs, path }: Modules, folder: string): void => {
  for (const name of fs.readdirSync(folder)) {
    const owner = SCRATCH_FILE_PATTERN.exec(name)?.[1]
    if (owner !== undefined && !isRunning(Number(owner))) fs.rmSync(path.join(folder, name), { force: true })
  }
}

/** Folder of the scratch file that caused a file system's error; null for other errors. */
export const scratchFolderOf = (error: unknown): string | null =>
  error instanceof Error && 'scratchFolder' in error && typeof error.scratchFolder === 'string'
    ? error.scratchFolder
    : null

/** Runs work on a scratch file; adds the folder to errors of the file system. */
const inFolder = <A>(folder: string, work: () => A): A => {
  try {
    return work()
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { scratchFolder: folder }) : error
  }
}

/** Storage in a private file of a folder. Throws errors of the file system, which `scratchFolderOf` recognizes. */
const fileStore = (here: Modules, folder: string): NumberStore => {
  const { fs, path, crypto } = here
  inFolder(folder, () => {
    removeOrphans(here, folder)
  })
  const name = path.join(folder, `ornstein-${process.pid}-${crypto.randomBytes(8).toString('hex')}.scratch`)
  const file = inFolder(folder, () => fs.openSync(name, 'wx+', 0o600))
  // An unlinked file is removed with the program. If an open file keeps its name, the next program removes it.
  try {
    fs.rmSync(name)
  } catch {
    // The file keeps its name until it is closed.
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
  unreachableStores.register(place, close)
  return place
}

/** Closes stores once they are unreachable. */
const unreachableStores = new FinalizationRegistry<() => void>(close => {
  close()
})

/**
 * Storage outside memory, or in memory if there is no file system. Default folder: ORNSTEIN_SCRATCH, or that of temporary files, which some
 * systems keep in memory.
 */
export const numberStore = (folder?: string): NumberStore => {
  const here = loadNodeModules()
  return here === null ? memoryStore() : fileStore(here, folder ?? process.env.ORNSTEIN_SCRATCH ?? here.os.tmpdir())
}
