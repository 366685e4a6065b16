/** The checksum of zip and gzip: CRC-32 of the polynomial 0xedb88320, lowest bit first (RFC 1952, section 8). */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  return rest
})

/** Returns the CRC-32 of all bytes, from 0 to 2³² − 1; 0 if there are none. */
export const crc32 = (bytes: Uint8Array): number => {
  let rest = 0xffffffff
  for (const byte of bytes) rest = TABLE[(rest ^ byte) & 255] ^ (rest >>> 8)
  return (rest ^ 0xffffffff) >>> 0
}
