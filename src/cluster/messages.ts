/**
 * Messages between a leader and its workers: descriptions as JSON and numbers as bytes, each validated on arrival. A program of sums is
 * identified by a word that the worker knows; no code is sent.
 */
import { createHash } from 'node:crypto'
import * as t from 'io-ts'
import { parseJson } from '../../lib/plain/jsonText.js'
import * as E from '../core/either.js'
import * as Limits from '../core/limits.js'

/** Changed whenever a message changes. */
const QUEUE_FORMAT = 'ornstein queue 1'

/** Message of a leader to all workers: hash of its code, description of the data, and hashes of its ranges. */
const sessionCodec = t.strict({
  format: t.literal(QUEUE_FORMAT),
  code: t.string,
  data: t.unknown,
  /** Number of rows, which determines the ranges, and the hash of each range. */
  rows: t.number,
  hashes: t.readonlyArray(t.string)
})
export type Session = Omit<t.TypeOf<typeof sessionCodec>, 'format'>

/** Ranges of a step, by index, that a worker sums. */
const orderCodec = t.strict({ session: t.string, step: t.number, ranges: t.readonlyArray(t.number) })
export type JobOrder = t.TypeOf<typeof orderCodec>

const problemCodec = t.strict({
  _tag: t.literal('Problem'),
  field: t.string,
  value: t.string,
  domain: t.string,
  remedy: t.string
})

export const isProblem = problemCodec.is

/** Received texts are shown up to this length. */
const MAX_MESSAGE_CHARACTERS = 500

/** Truncates a received text, and replaces characters that move the cursor or hide text by their codes. */
export const printableMessage = (text: string): string =>
  (text.length > MAX_MESSAGE_CHARACTERS ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}…` : text).replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  )

/** Report of a worker about a job, in addition to its sums. */
const noteCodec = t.intersection([
  t.strict({ worker: t.string }),
  t.union([
    t.strict({ _tag: t.literal('Done'), range: t.number }),
    t.strict({ _tag: t.literal('Failed'), range: t.number, problem: problemCodec }),
    t.strict({ _tag: t.literal('Refused'), problem: problemCodec })
  ])
])
export type Note = t.TypeOf<typeof noteCodec>

const parsedMessage = <A>(codec: t.Type<A, unknown>, text: string): A | null => {
  const json = parseJson(text, Limits.messageDepth)
  const read = 'fault' in json ? null : codec.decode(json.value)
  return read !== null && E.isRight(read) ? read.right : null
}

/** Serializes a session for the workers. */
export const writeSession = (of: Session): string => JSON.stringify({ ...of, format: QUEUE_FORMAT })
/** Parses a session; null if the text has another format. */
export const readSession = (text: string): Session | null => parsedMessage(sessionCodec, text)
/** Parses the order of a job; null if it is not one. */
export const readOrder = (given: unknown): JobOrder | null => {
  const read = orderCodec.decode(given)
  return E.isRight(read) ? read.right : null
}
/** Serializes a note. */
export const writeNote = (of: Note): string => JSON.stringify(of)
/** Parses a note, with its problem printable; null if the text is not a note. */
export const readNote = (text: string): Note | null => {
  const read = parsedMessage(noteCodec, text)
  return read === null || read._tag === 'Done' ? read : { ...read, problem: printableProblem(read.problem) }
}

const printableProblem = ({
  field,
  value,
  domain,
  remedy
}: t.TypeOf<typeof problemCodec>): t.TypeOf<typeof problemCodec> => ({
  _tag: 'Problem',
  field: printableMessage(field),
  value: printableMessage(value),
  domain: printableMessage(domain),
  remedy: printableMessage(remedy)
})

/** Request to all workers: description of a program of sums, and the numbers that change. */
export interface SumRequest {
  readonly program: unknown
  readonly numbers: Float64Array
}

export interface StepRequest extends SumRequest {
  readonly step: number
}

const BYTES_PER_DOUBLE = Float64Array.BYTES_PER_ELEMENT
/** Step and count of numbers. */
const HEADER_NUMBERS = 2

/** Serializes the request of a step: its number, the count of numbers, the numbers, the program as JSON. @internal */
export const writeStepRequest = ({ step, program, numbers }: StepRequest): Buffer =>
  Buffer.concat([
    bytesOfDoubles(Float64Array.of(step, numbers.length)),
    bytesOfDoubles(numbers),
    Buffer.from(JSON.stringify(program))
  ])

/** Parses the request of a step; null if the bytes are not one. @internal */
export const readStepRequest = (bytes: Buffer): StepRequest | null => {
  const [step, count] = doublesOfBytes(bytes.subarray(0, HEADER_NUMBERS * BYTES_PER_DOUBLE))
  const end = (HEADER_NUMBERS + count) * BYTES_PER_DOUBLE
  if (
    bytes.length < HEADER_NUMBERS * BYTES_PER_DOUBLE ||
    !Number.isSafeInteger(count) ||
    count < 0 ||
    end > bytes.length
  )
    return null
  const program = parsedMessage(t.unknown, bytes.toString('utf8', end))
  return { step, program, numbers: doublesOfBytes(bytes.subarray(HEADER_NUMBERS * BYTES_PER_DOUBLE, end)) }
}

/** Views doubles as bytes, without a copy; the memory must not be shared between threads. @internal */
export const bytesOfDoubles = ({ buffer, byteOffset, byteLength }: Float64Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)

/** Copies bytes into doubles; empty if the length is not that of doubles. */
export const doublesOfBytes = (bytes: Uint8Array): Float64Array =>
  bytes.length % BYTES_PER_DOUBLE === 0 ? new Float64Array(Uint8Array.from(bytes).buffer) : new Float64Array(0)

/** Returns a hash of the bits of doubles, one array after another. */
export const hashOf = (arrays: Iterable<Float64Array>): string => {
  const hash = createHash('sha256')
  for (const values of arrays) hash.update(bytesOfDoubles(values))
  return hash.digest('hex').slice(0, 32)
}
