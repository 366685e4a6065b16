/** Decoding of text, and recognition of other formats by their first bytes. */
import * as E from '../core/either.js'
import { FailureError, rejectUsage, type CommandFailure } from './world.js'

/** First bytes of files that are not UTF-8 text, with the problem's domain and remedy. */
const NON_TEXT_SIGNATURES: ReadonlyArray<readonly [start: ReadonlyArray<number>, domain: string, remedy: string]> = [
  [[0x42, 0x5a, 0x68], 'text but a bzip2 archive', 'unpack it first: bunzip2 -k'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'text but an xz archive', 'unpack it first: unxz -k'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'text but a zstd archive', 'unpack it first: unzstd'],
  [
    [0x50, 0x4b, 0x03, 0x04],
    'text but a spreadsheet (xlsx, ods) or a zip archive',
    'save the sheet as CSV, or unzip it'
  ],
  [[0xd0, 0xcf, 0x11, 0xe0], 'text but an old spreadsheet (xls)', 'save the sheet as CSV'],
  [[0x50, 0x41, 0x52, 0x31], 'text but a Parquet file', 'give one of text'],
  [[0x25, 0x50, 0x44, 0x46], 'text but a PDF', 'copy the table into a CSV file'],
  [[0xff, 0xfe], 'text in UTF-8 but in UTF-16', 'save it as UTF-8'],
  [[0xfe, 0xff], 'text in UTF-8 but in UTF-16', 'save it as UTF-8']
]

/** True if `bytes` begins with `start`. */
export const startsWithBytes = (bytes: Uint8Array, start: ReadonlyArray<number>): boolean =>
  start.every((byte, i) => bytes[i] === byte)

/** Returns the signature of a known binary format; undefined if there is none. */
export const nonTextSignature = (bytes: Uint8Array): (typeof NON_TEXT_SIGNATURES)[number] | undefined =>
  NON_TEXT_SIGNATURES.find(([start]) => startsWithBytes(bytes, start))

/** Decodes pieces of UTF-8 in order (`stream: false` for the last). */
const textDecoder = (
  argument: string,
  path: string
): ((bytes: Uint8Array, options: { readonly stream: boolean }) => E.Either<CommandFailure, string>) => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const notText = rejectUsage(argument, path, 'text in UTF-8', 'give a text file, saved as UTF-8')
  let isFirst = true
  return (bytes, { stream }) => {
    const signature = isFirst ? nonTextSignature(bytes) : undefined
    if (signature !== undefined) return rejectUsage(argument, path, signature[1], signature[2])
    isFirst = false
    try {
      const text = decoder.decode(bytes, { stream })
      return text.includes('\0') ? notText : E.right(text)
    } catch {
      return notText
    }
  }
}

/** Decodes UTF-8, or returns a failure. */
export const decodeText = (argument: string, path: string, bytes: Uint8Array): E.Either<CommandFailure, string> =>
  textDecoder(argument, path)(bytes, { stream: false })

/** Decodes the pieces of a UTF-8 file; throws `FailureError` if they are not text. */
export async function* decodePieces(
  argument: string,
  path: string,
  bytes: AsyncIterable<Uint8Array>
): AsyncGenerator<string> {
  const decode = textDecoder(argument, path)
  const orThrow = (text: E.Either<CommandFailure, string>): string => {
    if (E.isLeft(text)) throw new FailureError(text.left)
    return text.right
  }
  for await (const piece of bytes) yield orThrow(decode(piece, { stream: true }))
  yield orThrow(decode(new Uint8Array(0), { stream: false }))
}

/** True if the first bytes are those of a gzip archive. */
export const isGzipped = (bytes: Uint8Array): boolean => startsWithBytes(bytes, [0x1f, 0x8b])
