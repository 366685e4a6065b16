/**
 * What sums came to, written down one after another: a fit that is begun again asks the same questions in the same order, and those
 * that are answered in the file are not asked again. So it goes on where it was killed, bit for bit.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import * as E from '../core/either.js'
import * as Generator from '../compile/generator.js'
import * as Problem from '../core/problem.js'
import type * as Place from '../data/place.js'
import { code } from './codeHash.js'
import { bytesOf, hashOf, numbersOf } from './messages.js'

const DOUBLE = Float64Array.BYTES_PER_ELEMENT
/** Hexadecimal digits of a hash. */
const HASH = 32

const textHash = (text: string): string => hashOf([Float64Array.from(Buffer.from(text))])

/** A question, by its hash. */
const nameOf = ({ sum, numbers }: Place.Asked): string => textHash(JSON.stringify([sum, hashOf([numbers])]))

/** An answer with its question before it, and a hash of both at the end: half of one is none. */
const written = (name: string, sums: Float64Array): Buffer => {
  const body = Buffer.concat([Buffer.from(name), bytesOf(Float64Array.of(sums.length)), bytesOf(sums)])
  return Buffer.concat([body, Buffer.from(hashOf([Float64Array.from(body)]))])
}

interface Answer {
  readonly name: string
  readonly sums: Float64Array
  /** Where it begins in the file. */
  readonly at: number
}

/** The answers of a file, and where the last whole one ends. */
const read = (bytes: Buffer, start: number): { readonly answers: ReadonlyArray<Answer>; readonly end: number } => {
  const answers: Answer[] = []
  let end = start
  for (;;) {
    const name = bytes.toString('latin1', end, end + HASH)
    const [count = NaN] = numbersOf(bytes.subarray(end + HASH, end + HASH + DOUBLE))
    const last = end + HASH + (1 + count) * DOUBLE
    if (!(last + HASH <= bytes.length)) return { answers, end }
    const sums = numbersOf(bytes.subarray(end + HASH + DOUBLE, last))
    if (!written(name, sums).equals(bytes.subarray(end, last + HASH))) return { answers, end }
    answers.push({ name, sums, at: end })
    end = last + HASH
  }
}

/** All of the bytes at a position: what the system writes at once may be less. */
const writeAll = (file: number, bytes: Buffer, position: number): void => {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, position + done)
}

const thrown = (error: unknown): never => {
  throw error
}

export interface Kept {
  readonly place: Place.Place
  readonly close: () => void
}

/**
 * A place whose answers are kept in a file. `of` tells the fit from others, as JSON: its data and options. A file that is there is
 * gone on from if it is of the same fit, by the same code, and refused else. Where the file can no longer be written, as on a full disk,
 * `warn` is told once, and the place answers without it; unless given it throws.
 */
export const kept =
  (path: string, of: unknown, warn: (error: unknown) => void = thrown) =>
  (place: Place.Place): E.Either<Problem.Problem, Kept> => {
    const head = Buffer.from(
      `ornstein sums 1 generator ${Generator.written.generator} ${textHash(JSON.stringify([code(), of]))}\n`
    )
    const before = existsSync(path) ? readFileSync(path) : head
    const [isSums, generator = 1] =
      /^ornstein sums 1 (?:generator (\d+) )?/.exec(before.toString('latin1', 0, 64)) ?? []
    const by = { generator: Number(generator) }
    if (isSums !== undefined && !Generator.isOurs(by))
      return E.left(Generator.refusal(`--checkpoint ${path}`, by, 'remove it, or name another file'))
    if (before.length > 0 && !before.subarray(0, head.length).equals(head))
      return E.left(
        Problem.of(
          '--checkpoint',
          path,
          'a checkpoint of this fit, of the same data by the same version',
          'remove it, or name another file'
        )
      )
    const { answers, end } = read(before, head.length)
    const file = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600)
    let position = end
    let isKept = true
    const keep = (write: () => void): void => {
      if (!isKept) return
      try {
        write()
      } catch (error) {
        isKept = false
        warn(error)
      }
    }
    keep(() => {
      if (fstatSync(file).size < head.length) writeAll(file, head, 0)
      ftruncateSync(file, end)
    })
    let next = 0
    return E.right({
      place: {
        taken: (sum, asked) => {
          const name = nameOf(asked())
          const answer = answers.at(next)
          if (answer?.name === name) {
            next += 1
            return sum.found(Float64Array.from(answer.sums))
          }
          if (answer !== undefined) {
            // From here on its answers are to other questions.
            position = answer.at
            keep(() => {
              ftruncateSync(file, position)
            })
            next = answers.length
          }
          return place.taken(
            {
              ...sum,
              found: sums => {
                const bytes = written(name, sums)
                keep(() => {
                  writeAll(file, bytes, position)
                  position += bytes.length
                })
                return sum.found(sums)
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
