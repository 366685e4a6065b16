/** What is packed by gzip, by Node. */
import { pipeline } from 'node:stream'
import { createGzip } from 'node:zlib'

/** Whoever takes the bytes is told why they end. */
export const gzip = (pieces: AsyncIterable<string | Uint8Array>): AsyncIterable<Uint8Array> =>
  // a stream without an encoding gives bytes
  pipeline(pieces, createGzip(), () => undefined) as AsyncIterable<Uint8Array>
