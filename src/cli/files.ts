/** Files and standard input, by Node. */
import { constants as bufferConstants } from 'node:buffer'
import { createReadStream, fstatSync, type Stats } from 'node:fs'
import {
  access,
  constants,
  copyFile,
  link,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rm,
  stat
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { createGunzip, gunzip } from 'node:zlib'
import * as Elementary from '../../lib/elementary.js'
import * as E from '../core/either.js'
import * as Problem from '../core/Problem.js'
import {
  beside,
  begin,
  clear,
  code,
  end,
  identityOf,
  put,
  putBack,
  recover,
  takeBack,
  type Entry,
  type Journal
} from './journal.js'
import { failed, refused, type Failure, type Output, type World } from './World.js'

type Refusal = (...problems: Problem.Problems) => Failure

const reasons: Readonly<Record<string, readonly [domain: string, remedy: string]>> = {
  ENOENT: ['a file that exists', 'check the name and the folder'],
  EISDIR: ['a file but a folder', 'give a file in it'],
  ENOTDIR: ['a path through folders alone', 'check the name'],
  EACCES: ['open to you', 'ask for the right to it'],
  EPERM: ['open to you', 'ask for the right to it'],
  ENOSPC: ['on a disk with room', 'free some space'],
  EROFS: ['on a disk that can be written', 'choose another folder'],
  ENAMETOOLONG: ['of a length the disk takes', 'choose a shorter name'],
  Z_BUF_ERROR: ['a whole gzip archive', 'it was cut short: fetch it again'],
  Z_DATA_ERROR: ['a sound gzip archive', 'it is damaged: fetch it again'],
  ERR_BUFFER_TOO_LARGE: ['an archive of a text that fits in memory', 'give a part of it, such as every tenth line']
}

const problem = (argument: string, path: string, error: unknown): Problem.Problem => {
  const reason = Object.hasOwn(reasons, code(error)) ? reasons[code(error)] : undefined
  const [domain, remedy] = reason ?? [`a file that can be used (${code(error)})`, 'choose another']
  return Problem.of(argument, path, domain, remedy)
}

/** What is no text, by its first bytes, and what to do with it. */
const signatures: ReadonlyArray<readonly [start: ReadonlyArray<number>, domain: string, remedy: string]> = [
  [[0x42, 0x5a, 0x68], 'text but a bzip2 archive', 'unpack it first: bunzip2 -k'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'text but an xz archive', 'unpack it first: unxz -k'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'text but a zstd archive', 'unpack it first: unzstd'],
  [
    [0x50, 0x4b, 0x03, 0x04],
    'text but a spreadsheet (xlsx, ods) or a zip archive',
    'save the sheet as CSV, or unzip it'
  ],
  [[0xd0, 0xcf, 0x11, 0xe0], 'text but an old spreadsheet (xls)', 'save the sheet as CSV'],
  [[0x50, 0x41, 0x52, 0x31], 'text but a Parquet file', 'write it as CSV'],
  [[0x25, 0x50, 0x44, 0x46], 'text but a PDF', 'copy the table into a CSV file'],
  [[0xff, 0xfe], 'text in UTF-8 but in UTF-16', 'save it as UTF-8'],
  [[0xfe, 0xff], 'text in UTF-8 but in UTF-16', 'save it as UTF-8']
]

const signatureOf = (bytes: Uint8Array): (typeof signatures)[number] | undefined =>
  signatures.find(([start]) => start.every((byte, i) => bytes[i] === byte))

/** The text of bytes, or what they are instead. */
const decode = (argument: string, path: string, bytes: Uint8Array): E.Either<Failure, string> => {
  const found = signatureOf(bytes)
  if (found !== undefined) return E.left(refused(Problem.of(argument, path, found[1], found[2])))
  const noText = E.left(refused(Problem.of(argument, path, 'text in UTF-8', 'give a text file, saved as UTF-8')))
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? noText : E.right(text)
  } catch {
    return noText
  }
}

/** Through links that lead to nothing yet, as many as a file system follows. */
const followed = async (path: string, left = 40): Promise<string> => {
  const leads = left > 0 ? await readlink(path).catch(() => null) : null
  return leads === null
    ? join(await realpath(dirname(path)), basename(path))
    : followed(resolve(dirname(path), leads), left - 1)
}

/** The path of a file, through links. */
const realOf = (path: string): Promise<string> => realpath(path).catch(() => followed(path))

const GZIP = [0x1f, 0x8b]

/** What was packed by gzip; of a length that a text may have. */
const unpacked = async (bytes: Uint8Array): Promise<Uint8Array> =>
  GZIP.every((byte, i) => bytes[i] === byte)
    ? promisify(gunzip)(bytes, { maxOutputLength: bufferConstants.MAX_STRING_LENGTH + 1 })
    : bytes

const readText =
  (stdin: AsyncIterable<Uint8Array | string>): World['readText'] =>
  (argument, path) =>
  async () => {
    const read = async (): Promise<Uint8Array> => {
      const chunks: Uint8Array[] = []
      for await (const chunk of stdin) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      return Buffer.concat(chunks)
    }
    try {
      // Without the right to mend what a killed run left, what is there is read.
      if (path !== '-')
        await realOf(path)
          .then(recover)
          .catch(() => undefined)
      const bytes = await unpacked(await (path === '-' ? read() : readFile(path)))
      if (bytes.length <= bufferConstants.MAX_STRING_LENGTH) return decode(argument, path, bytes)
      const most = `a text of less than ${Math.round(bufferConstants.MAX_STRING_LENGTH / Elementary.powerOfTwo(20))} MB`
      return E.left(refused(Problem.of(argument, path, most, 'give a part of it, such as every tenth line')))
    } catch (error) {
      return E.left(refused(problem(argument, path, error)))
    }
  }

/** Bytes of a file are read so many at a time. */
const PIECE = 1 << 20

/** The bytes of a file, unpacked. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const packed = createReadStream(path, { end: 1 })
  const start: Uint8Array[] = []
  for await (const piece of packed) start.push(piece as Uint8Array)
  const file = createReadStream(path, { highWaterMark: PIECE })
  const isPacked = GZIP.every((byte, i) => Buffer.concat(start)[i] === byte)
  const unpacking = isPacked ? file.pipe(createGunzip({ chunkSize: PIECE })) : file
  // `pipe` hands no errors on
  file.on('error', error => unpacking.destroy(error))
  // a stream without an encoding gives bytes
  for await (const piece of unpacking) yield piece as Uint8Array
}

const readTable =
  (stdin: AsyncIterable<Uint8Array | string>): World['readTable'] =>
  (argument, path, options) =>
  async () => {
    const found = path === '-' ? null : await stat(path).catch(() => null)
    const isFile = found?.isFile() === true
    // What comes down a pipe comes once.
    const isPipe = path === '-' || found?.isFIFO() === true
    const kept: Uint8Array[] = []
    const pieces: AsyncIterable<Uint8Array | string> =
      path === '-' ? stdin : isPipe ? createReadStream(path) : bytesOf(path)
    // Not every command reads a table.
    const Points = await import('../data/index.js')
    const { push, table } = Points.csvReader(options, found?.size)
    try {
      if (isFile) await recover(await realOf(path)).catch(() => undefined)
      let isPlain = true
      let isFirst = true
      for await (const piece of pieces) {
        const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
        if (isPipe) kept.push(bytes)
        const isPacked = isPipe && GZIP.every((byte, i) => bytes[i] === byte)
        if (isFirst && (isPacked || signatureOf(bytes) !== undefined)) isPlain = false
        isFirst = false
        isPlain &&= push(bytes)
        if (!isPipe && !isPlain) break
      }
      const read = isPlain ? table() : null
      if (read !== null) return E.right(read)
    } catch {
      // What is wrong is told where the text is read.
    }
    const text = await (isPipe ? readText(Readable.from(kept))(argument, '-') : readText(stdin)(argument, path))()
    return E.isLeft(text) ? text : E.right(Points.readCsv(text.right, options))
  }

/** A table that is kept in a file of doubles (see `Source`). */
const readSource =
  (stdin: AsyncIterable<Uint8Array | string>): World['readSource'] =>
  (argument, path, options) =>
  async () => {
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      if (path === '-') for await (const piece of stdin) yield typeof piece === 'string' ? Buffer.from(piece) : piece
      else yield* bytesOf(path)
    }
    const Source = await import('../data/Source.js')
    try {
      return E.right(await Source.fromCsv(options)(bytes()))
    } catch (error) {
      return E.left(refused(problem(argument, path, error)))
    }
  }

/** Where an output goes: through links, and not by renaming over what is no plain file (`/dev/stdout`). */
interface Target extends Output {
  readonly real: string
  /** Of the file that is there; its rights are those of the new one. */
  readonly old: Stats | null
  readonly isPlain: boolean
}

const target = async (output: Output): Promise<Target> => {
  const { path } = output
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    await access(path, constants.W_OK)
    // A pipe may have a path that leads nowhere, so only that of a plain file is asked for.
    return found.isFile()
      ? { ...output, real: await realpath(path), old: found, isPlain: true }
      : { ...output, real: path, old: null, isPlain: false }
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error
    return { ...output, real: await followed(path), old: null, isPlain: true }
  }
}

const outputProblem = (refusal: Refusal, { option, path }: Output, error: unknown): Failure =>
  refusal(
    code(error) === 'ENOENT'
      ? Problem.of(option, path, 'in a folder that exists', `create ${dirname(path)} first`)
      : problem(option, path, error)
  )

// -- before the work ---------------------------------------------------------------------------------------------------

/** What a path stands for, whatever the links by which it is reached; null for what is no plain file. */
const identity = (found: Stats | null, real: string): string | null =>
  found === null ? `path ${real}` : found.isFile() ? `file ${found.dev}:${found.ino}` : null

const inputIdentity = async (path: string): Promise<string | null> => {
  try {
    return identity(path === '-' ? fstatSync(0) : await stat(path), path)
  } catch {
    // What cannot be read is told where it is read.
    return null
  }
}

const checkOutputs: World['checkOutputs'] = (inputs, outputs) => async () => {
  const taken = (await Promise.all(inputs.map(inputIdentity))).filter(found => found !== null)
  for (const output of outputs)
    try {
      const before = await target(output)
      if (!before.isPlain) continue
      await recover(before.real)
      const { real, old } = await target(output)
      const own = identity(old, real)
      if (own !== null && taken.includes(own)) {
        const remedy = 'choose another name: this one is read or written already'
        return E.left(refused(Problem.of(output.option, output.path, 'a file of its own', remedy)))
      }
      if (own !== null) taken.push(own)
      const probe = beside(real)
      await (await open(probe, 'wx', 0o600)).close()
      await rm(probe)
    } catch (error) {
      return E.left(outputProblem(refused, output, error))
    }
  return E.right(undefined)
}

// -- after it ----------------------------------------------------------------------------------------------------------

/** An output that is ready to be put in place. */
interface Staged {
  readonly output: Output
  /** Null for what is no plain file, which is written to as it is. */
  readonly entry: Entry | null
  readonly put: () => Promise<void>
}

/** The text on the disk beside its target, with the target's rights from the start, and the old under a second name. */
const stage = async (output: Output & { readonly text: string }): Promise<Staged> => {
  const { real, old, isPlain } = await target(output)
  if (!isPlain) {
    const write = async (): Promise<void> => {
      const file = await open(real, 'w')
      await file.writeFile(output.text).finally(() => file.close())
    }
    return { output, entry: null, put: write }
  }
  const temporary = beside(real)
  const backup = old === null ? null : beside(real)
  try {
    const file = await open(temporary, 'wx', old === null ? 0o666 : old.mode & 0o777)
    try {
      if (old !== null) {
        // Only root may give a file to another; then the new one is the writer's own.
        if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.())
          await file.chown(old.uid, old.gid).catch(() => undefined)
        // Opening it has taken away what the mask forbids.
        await file.chmod(old.mode & 0o7777)
      }
      await file.writeFile(output.text)
      await file.sync()
      if (backup !== null) await link(real, backup).catch(() => copyFile(real, backup))
      const entry = { real, temporary, identity: identityOf(await file.stat()), backup }
      return { output, entry, put: () => put(entry) }
    } finally {
      await file.close()
    }
  } catch (error) {
    await clear({ temporary, backup })
    throw error
  }
}

/** All of them change or none does: what has been put in place is taken back when another cannot be. */
const writeFiles: World['writeFiles'] = files => async () => {
  const staged: Staged[] = []
  const done: Staged[] = []
  let journal: Journal | undefined
  let current: Output | undefined
  try {
    for (const file of files) {
      current = file
      staged.push(await stage(file))
    }
    const plain = staged.flatMap(({ entry }) => (entry === null ? [] : [entry]))
    // One file alone changes in one rename.
    if (plain.length > 1) journal = await begin(plain)
    // What goes down a pipe cannot be taken back, so it goes last.
    for (const one of [...staged].sort((a, b) => Number(a.entry === null) - Number(b.entry === null))) {
      current = one.output
      await one.put()
      done.push(one)
    }
    return E.right(undefined)
  } catch (error) {
    try {
      if (journal !== undefined) await takeBack(journal)
      else for (const { entry } of done) if (entry !== null) await putBack(entry)
    } catch {
      // What stands beside the files is then all that can put them back: the next run tries again.
      staged.length = 0
      journal = undefined
    }
    return E.left(current === undefined ? failed(problem('', '', error)) : outputProblem(failed, current, error))
  } finally {
    if (journal !== undefined) await end(journal).catch(() => undefined)
    else for (const { entry } of staged) if (entry !== null) await clear(entry).catch(() => undefined)
  }
}

const makeFolder: World['makeFolder'] = (option, path) => async () => {
  try {
    await mkdir(path, { recursive: true })
    return E.right(undefined)
  } catch (error) {
    return E.left(
      refused(
        code(error) === 'EEXIST'
          ? Problem.of(option, path, 'a folder but a file', 'choose another name')
          : problem(option, path, error)
      )
    )
  }
}

/** A module runs as it is loaded, with all rights of the program: it is the user's own. */
const load: World['load'] = (argument, path) => async () => {
  try {
    await access(path, constants.R_OK)
  } catch (error) {
    return E.left(refused(problem(argument, path, error)))
  }
  try {
    const module: unknown = await import(pathToFileURL(resolve(path)).href)
    return E.right(module)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return E.left(refused(Problem.of(argument, path, `a module that loads (${why})`, 'correct it')))
  }
}

/** What a killed run had begun to put there is put there first. */
const exists: World['exists'] = path => async () => {
  await realOf(path)
    .then(recover)
    .catch(() => undefined)
  return access(path).then(
    () => true,
    () => false
  )
}

/** The part of the world that is files. */
export const files = (
  stdin: AsyncIterable<Uint8Array | string>
): Pick<
  World,
  'exists' | 'readText' | 'readTable' | 'readSource' | 'load' | 'checkOutputs' | 'makeFolder' | 'writeFiles'
> => ({
  exists,
  readText: readText(stdin),
  readTable: readTable(stdin),
  readSource: readSource(stdin),
  load,
  checkOutputs,
  makeFolder,
  writeFiles
})
