/**
 * Stores evaluated sums in a file. A restarted fit makes equal requests in equal order, so it resumes from the stored answers, bit for bit.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import * as E from '../core/either.js'
import * as GeneratorVersion from '../compile/generatorVersion.js'
import * as Problem from '../core/problem.js'
import type * as Backend from '../data/reductionBackend.js'
import { code } from './codeHash.js'
import { bytesOfDoubles, hashOf, doublesOfBytes } from './messages.js'

const BYTES_PER_DOUBLE = Float64Array.BYTES_PER_ELEMENT
/** In hexadecimal digits. */
const HASH_DIGITS = 32

const textHash = (text: string): string => hashOf([Float64Array.from(Buffer.from(text))])

const requestHash = ({ sum, numbers }: Backend.EvaluationRequest): string =>
  textHash(JSON.stringify([sum, hashOf([numbers])]))

/** Hash of the request, sums, and a hash of both, which reveals a truncated record. */
const answerRecord = (name: string, sums: Float64Array): Buffer => {
  const body = Buffer.concat([Buffer.from(name), bytesOfDoubles(Float64Array.of(sums.length)), bytesOfDoubles(sums)])
  return Buffer.concat([body, Buffer.from(hashOf([Float64Array.from(body)]))])
}

interface StoredAnswer {
  readonly name: string
  readonly sums: Float64Array
  /** Position in the file, in bytes. */
  readonly at: number
}

/** Returns the complete answers of a file and the position after the last, in bytes. */
const readAnswers = (
  bytes: Buffer,
  start: number
): { readonly answers: ReadonlyArray<StoredAnswer>; readonly end: number } => {
  const answers: StoredAnswer[] = []
  let end = start
  for (;;) {
    const name = bytes.toString('latin1', end, end + HASH_DIGITS)
    const [count = NaN] = doublesOfBytes(bytes.subarray(end + HASH_DIGITS, end + HASH_DIGITS + BYTES_PER_DOUBLE))
    const last = end + HASH_DIGITS + (1 + count) * BYTES_PER_DOUBLE
    if (!(last + HASH_DIGITS <= bytes.length)) return { answers, end }
    const sums = doublesOfBytes(bytes.subarray(end + HASH_DIGITS + BYTES_PER_DOUBLE, last))
    if (!answerRecord(name, sums).equals(bytes.subarray(end, last + HASH_DIGITS))) return { answers, end }
    answers.push({ name, sums, at: end })
    end = last + HASH_DIGITS
  }
}

/** Writes all bytes; a single system call may write fewer. */
const writeAll = (file: number, bytes: Buffer, position: number): void => {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, position + done)
}

const rethrow = (error: unknown): never => {
  throw error
}

export interface StoredSumsBackend {
  readonly backend: Backend.Backend
  readonly close: () => void
}

interface OpenRecords {
  /** Descriptor of the open file. */
  readonly file: number
  /** First line of the file, which identifies the fit and the code. */
  readonly head: Buffer
  readonly answers: ReadonlyArray<StoredAnswer>
  /** Position after the last answer, in bytes. */
  readonly end: number
}

/** Opens the file of the fit that `of` identifies; a problem if it belongs to another fit or other code. */
const openRecords = (path: string, of: unknown): E.Either<Problem.Problem, OpenRecords> => {
  const head = Buffer.from(
    `ornstein sums 1 generator ${GeneratorVersion.generatorField.generator} ${textHash(JSON.stringify([code(), of]))}\n`
  )
  const before = existsSync(path) ? readFileSync(path) : head
  const found = /^ornstein sums 1 generator (\d+) /.exec(before.toString('latin1', 0, 64))
  const by = found && { generator: Number(found[1]) }
  if (by !== null && !GeneratorVersion.isCurrentGenerator(by))
    return E.left(GeneratorVersion.generatorProblem(`--checkpoint ${path}`, by, 'remove it, or name another file'))
  if (before.length > 0 && !before.subarray(0, head.length).equals(head))
    return E.left(
      Problem.of(
        '--checkpoint',
        path,
        'a checkpoint of this fit, of the same data by the same version',
        'remove it, or name another file'
      )
    )
  const { answers, end } = readAnswers(before, head.length)
  const file = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600)
  return E.right({ file, head, answers, end })
}

/** Returns a function that runs writes until one fails. It then calls `warn` once and skips all further writes. */
const guardedWriter = (warn: (error: unknown) => void): ((write: () => void) => void) => {
  let isWritable = true
  return write => {
    if (!isWritable) return
    try {
      write()
    } catch (error) {
      isWritable = false
      warn(error)
    }
  }
}

/**
 * Wraps a backend so that its sums are stored in a file. `of` identifies the fit (its data and options, as JSON). A file of the same fit by
 * the same code is resumed; any other is a problem. If the file can no longer be written, for example on a full disk, `warn` is called once
 * and the backend continues without it. Default of `warn`: throws.
 */
export const storeSums =
  (path: string, of: unknown, warn: (error: unknown) => void = rethrow) =>
  (backend: Backend.Backend): E.Either<Problem.Problem, StoredSumsBackend> => {
    const opened = openRecords(path, of)
    if (E.isLeft(opened)) return opened
    const { file, head, answers, end } = opened.right
    let position = end
    const keep = guardedWriter(warn)
    keep(() => {
      if (fstatSync(file).size < head.length) writeAll(file, head, 0)
      ftruncateSync(file, end)
    })
    let next = 0
    return E.right({
      backend: {
        evaluate: (sum, asked) => {
          const name = requestHash(asked())
          const answer = answers.at(next)
          if (answer?.name === name) {
            next += 1
            return sum.finish(Float64Array.from(answer.sums))
          }
          if (answer !== undefined) {
            // The stored answers from here on are to other requests.
            position = answer.at
            keep(() => {
              ftruncateSync(file, position)
            })
            next = answers.length
          }
          return backend.evaluate(
            {
              ...sum,
              finish: sums => {
                const bytes = answerRecord(name, sums)
                keep(() => {
                  writeAll(file, bytes, position)
                  position += bytes.length
                })
                return sum.finish(sums)
              }
            },
            asked
          )
        }
      },
      close: () => {
        closeSync(file)
      }
    })
  }
