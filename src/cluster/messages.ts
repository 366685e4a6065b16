/**
 * What travels between a leader and its workers: descriptions as JSON and numbers as bytes, each checked where it arrives. No
 * code does, and nothing that arrives names any: a program of sums is a word that the worker knows, or does not.
 */
import { createHash } from 'node:crypto'
import * as t from 'io-ts'
import { parseJson } from '../../lib/plain/jsonText.js'
import * as E from '../core/either.js'
import * as Limits from '../core/limits.js'

/** Changes where messages do. */
const QUEUE_FORMAT = 'ornstein queue 1'

/** What a worker is told once: what it must be, and which data it must have. */
const sessionCodec = t.strict({
  format: t.literal(QUEUE_FORMAT),
  /** Of the code that computes; a worker of other code is refused. */
  code: t.string,
  data: t.unknown,
  /** How many rows there are, which says how they are cut; and the hash of each range of them. */
  rows: t.number,
  hashes: t.readonlyArray(t.string)
})
export type Session = Omit<t.TypeOf<typeof sessionCodec>, 'format'>

const orderCodec = t.strict({ session: t.string, step: t.number, ranges: t.readonlyArray(t.number) })
/** A job: which ranges of a step. */
export type JobOrder = t.TypeOf<typeof orderCodec>

const problemCodec = t.strict({
  _tag: t.literal('Problem'),
  field: t.string,
  value: t.string,
  domain: t.string,
  remedy: t.string
})

/** Whether something is a problem. */
export const isProblem = problemCodec.is

/** So many letters of a text of others are told. */
const MAX_MESSAGE_LETTERS = 500

/** A text of others as a terminal takes it: what would move its cursor, or hide what is there, is told by its number. */
export const printableMessage = (text: string): string =>
  (text.length > MAX_MESSAGE_LETTERS ? `${text.slice(0, MAX_MESSAGE_LETTERS)}…` : text).replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  )

/** What a worker says of a job beside its sums. */
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

/** A session as a leader writes it down for workers. */
export const writeSession = (of: Session): string => JSON.stringify({ ...of, format: QUEUE_FORMAT })
/** The session that a text says; null of what is none, or of another format. */
export const readSession = (text: string): Session | null => parsedMessage(sessionCodec, text)
/** The order that a job carries; null of what is none. */
export const readOrder = (given: unknown): JobOrder | null => {
  const read = orderCodec.decode(given)
  return E.isRight(read) ? read.right : null
}
/** What a worker writes down beside its sums. */
export const writeNote = (of: Note): string => JSON.stringify(of)
/** The note that a text says, its problem printable; null of what is none. */
export const readNote = (text: string): Note | null => {
  const read = parsedMessage(noteCodec, text)
  return read === null || read._tag === 'Done' ? read : { ...read, problem: printableProblem(read.problem) }
}

/** A problem of others. */
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

/** What is asked of all workers at a step: a program of sums by its description, and the numbers that change. */
export interface SumRequest {
  readonly program: unknown
  readonly numbers: Float64Array
}

export interface StepRequest extends SumRequest {
  readonly step: number
}

const BYTES_PER_DOUBLE = Float64Array.BYTES_PER_ELEMENT
/** The step, and how many numbers there are. */
const HEADER_NUMBERS = 2

/** A step's question under one key: its number, how many numbers, these, and the program as JSON. @internal */
export const writeStepRequest = ({ step, program, numbers }: StepRequest): Buffer =>
  Buffer.concat([
    bytesOfDoubles(Float64Array.of(step, numbers.length)),
    bytesOfDoubles(numbers),
    Buffer.from(JSON.stringify(program))
  ])

/** Null of what is none. @internal */
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

/** Doubles as bytes, without a copy: here no memory is shared. @internal */
export const bytesOfDoubles = ({ buffer, byteOffset, byteLength }: Float64Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)

/** Bytes as doubles of their own; none of bytes that are no doubles. */
export const doublesOfBytes = (bytes: Uint8Array): Float64Array =>
  bytes.length % BYTES_PER_DOUBLE === 0 ? new Float64Array(Uint8Array.from(bytes).buffer) : new Float64Array(0)

/** A hash of doubles, one array after another, bit for bit. */
export const hashOf = (arrays: Iterable<Float64Array>): string => {
  const hash = createHash('sha256')
  for (const values of arrays) hash.update(bytesOfDoubles(values))
  return hash.digest('hex').slice(0, 32)
}
