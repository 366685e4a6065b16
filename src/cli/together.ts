/**
 * Files that change together or not at all, whenever a run is killed.
 *
 * What is new stands complete in temporary files beside its targets, and a second name keeps each old one. Then a journal
 * is laid beside every target, that of the first target last: from the moment it stands, the new is what holds, and who
 * finds the journal of a dead run puts the rest in place. Without it the old holds, and temporary files are rubbish.
 * When a file cannot be put in place, the first journal is renamed, and from that moment the old is what holds.
 */
import { createHash, randomUUID } from 'node:crypto'
import { type Stats } from 'node:fs'
import { access, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** The code of a file system's error: `ENOENT`. */
export const code = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error)

// -- names -------------------------------------------------------------------------------------------------------------

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)
const run = short(randomUUID())
let made = 0

/**
 * Temporary files stand in the folder of their target, so that renaming moves no bytes. Their names tell whose they are:
 * target, machine, process and run.
 */
const owner = (real: string): string => `.ornstein-${short(basename(real))}-${short(hostname())}-`
const named = (real: string, end: 'tmp' | 'journal'): string =>
  join(dirname(real), `${owner(real)}${process.pid}-${run}-${made++}.${end}`)
export const beside = (real: string): string => named(real, 'tmp')

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return code(error) !== 'ESRCH'
  }
}

/** What runs that were killed left beside a target. */
const leftBeside = async (real: string): Promise<ReadonlyArray<string>> => {
  const own = owner(real)
  const isLeft = (name: string): boolean => {
    const found = name.startsWith(own) ? /^(\d+)-(\w+)-\d+\.(tmp|journal|undo)$/.exec(name.slice(own.length)) : null
    if (found === null) return false
    const [, pid, token] = found
    // In a container every run may have the same number.
    return Number(pid) === process.pid ? token !== run : !isRunning(Number(pid))
  }
  return (await readdir(dirname(real))).filter(isLeft).map(name => join(dirname(real), name))
}

/** The names in a folder, on the disk too; not every system opens folders. */
const syncFolder = async (path: string): Promise<void> => {
  try {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch {
    // Then its names are as safe as the system makes them.
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false
  )

// -- what a journal says -----------------------------------------------------------------------------------------------

/** A target, and what stands beside it. */
export interface Entry {
  readonly real: string
  /** The new. */
  readonly temporary: string
  /** Which file the new is, by device and number: nothing else is removed as such. */
  readonly identity: string
  /** Another name of the old, or null where there was none. */
  readonly backup: string | null
}

export interface Journal {
  readonly entries: ReadonlyArray<Entry>
  /** Journals, in the order of the entries; the first decides. */
  readonly journals: ReadonlyArray<string>
}

export const identityOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`

const undoing = (journal: string): string => journal.replace(/journal$/, 'undo')

const isText = (value: unknown): value is string => typeof value === 'string'
const isBeside = (real: string, path: unknown): path is string =>
  isText(path) && dirname(path) === dirname(real) && basename(path).startsWith(owner(real))

const isEntry = (value: unknown): value is Entry => {
  if (typeof value !== 'object' || value === null) return false
  const { real, temporary, identity, backup } = value as Readonly<Record<string, unknown>>
  return isText(real) && isBeside(real, temporary) && isText(identity) && (backup === null || isBeside(real, backup))
}

const isJournal = (value: unknown): value is Journal => {
  if (typeof value !== 'object' || value === null) return false
  const { entries, journals } = value as Readonly<Record<string, unknown>>
  return (
    Array.isArray(entries) &&
    Array.isArray(journals) &&
    entries.length > 0 &&
    entries.length === journals.length &&
    entries.every(isEntry) &&
    journals.every((path, i) => isBeside(entries[i].real, path))
  )
}

/** What it says; null where it was not written to its end. */
const read = async (path: string): Promise<Journal | null> => {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isJournal(value) ? value : null
  } catch {
    return null
  }
}

const removeAll = async (paths: ReadonlyArray<string>): Promise<void> => {
  for (const path of paths) await rm(path, { force: true })
}

// -- what is done ------------------------------------------------------------------------------------------------------

/** Renames what is there; what is not has been renamed before. */
const moved = (from: string, to: string): Promise<void> =>
  rename(from, to).catch((error: unknown) => {
    if (code(error) !== 'ENOENT') throw error
  })

/** Puts the new in the place of the old. */
export const put = async ({ temporary, real }: Pick<Entry, 'temporary' | 'real'>): Promise<void> => {
  await rename(temporary, real)
  await syncFolder(dirname(real))
}

/** Puts the old back, where the new has taken its place. */
export const putBack = async ({ real, identity, backup }: Omit<Entry, 'temporary'>): Promise<void> => {
  const isNew = await stat(real).then(
    found => identityOf(found) === identity,
    () => false
  )
  if (!isNew) return
  await (backup === null ? rm(real, { force: true }) : moved(backup, real))
  await syncFolder(dirname(real))
}

/** Lays the journals down; when the last of them stands, the new holds. */
export const begin = async (entries: ReadonlyArray<Entry>): Promise<Journal> => {
  const journal: Journal = { entries, journals: entries.map(({ real }) => named(real, 'journal')) }
  const text = JSON.stringify(journal)
  const [decides] = journal.journals
  try {
    for (const [i, { real }] of [...entries.entries()].reverse()) {
      // That of the first stands complete or not at all.
      const path = i === 0 ? beside(real) : journal.journals[i]
      const file = await open(path, 'wx', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      if (i === 0)
        try {
          await rename(path, decides)
        } finally {
          await rm(path, { force: true })
        }
      await syncFolder(dirname(real))
    }
    return journal
  } catch (error) {
    await removeAll(journal.journals).catch(() => undefined)
    throw error
  }
}

/** Removes what is temporary. */
export const clear = ({ temporary, backup }: Pick<Entry, 'temporary' | 'backup'>): Promise<void> =>
  removeAll(backup === null ? [temporary] : [temporary, backup])

/** Takes the journals away, that which decides first, and then what is temporary. */
export const end = async ({ entries, journals }: Journal): Promise<void> => {
  const [decides, ...others] = journals
  await removeAll([decides, undoing(decides)])
  await syncFolder(dirname(decides))
  await removeAll(others)
  for (const entry of entries) await clear(entry)
}

/** From here on the old holds. */
export const takeBack = async ({ entries, journals: [decides] }: Journal): Promise<void> => {
  await moved(decides, undoing(decides))
  await syncFolder(dirname(decides))
  for (const entry of [...entries].reverse()) await putBack(entry)
}

/** Finishes what a killed run had begun to put in the place of a target, or takes it back, and sweeps away the rest. */
export const recover = async (real: string): Promise<void> => {
  const left = await leftBeside(real)
  for (const path of left.filter(name => !name.endsWith('.tmp'))) {
    // Nobody moves files by what another has written.
    const uid = await stat(path).then(
      found => found.uid,
      () => null
    )
    if (uid === null) continue
    if (process.getuid !== undefined && uid !== process.getuid())
      throw Object.assign(new Error('of another user'), { code: 'EPERM' })
    const journal = await read(path)
    if (journal === null) continue
    const [decides] = journal.journals
    if (await exists(undoing(decides))) await takeBack(journal)
    else if (await exists(decides))
      for (const { temporary, real } of journal.entries) {
        await moved(temporary, real)
        await syncFolder(dirname(real))
      }
    else continue
    await end(journal)
  }
  await removeAll(left)
}
