import { pipeline } from 'node:stream'
import { createGzip } from 'node:zlib'

/** Compresses text or bytes. Iterating the result throws any error of `pieces`. */
export const gzip = (pieces: AsyncIterable<string | Uint8Array>): AsyncIterable<Uint8Array> =>
  // A stream without an encoding gives bytes.
  pipeline(pieces, createGzip(), () => undefined) as AsyncIterable<Uint8Array>
