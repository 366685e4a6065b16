/** Compression by gzip, by Node. */
import { pipeline } from 'node:stream'
import { createGzip } from 'node:zlib'

/** Compresses text or bytes. An error of `pieces` is thrown at the result's iteration. */
export const gzip = (pieces: AsyncIterable<string | Uint8Array>): AsyncIterable<Uint8Array> =>
  // a stream without an encoding gives bytes
  pipeline(pieces, createGzip(), () => undefined) as AsyncIterable<Uint8Array>
