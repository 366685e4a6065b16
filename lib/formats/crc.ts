/** CRC-32 of zip, gzip and Parquet: the remainder by the polynomial 0xEDB88320, eight bytes at a time. */

const STEPS = 8

/** [k * 256 + byte]: what a byte leaves behind with k more after it. */
const tables = new Uint32Array(STEPS * 256)
for (let byte = 0; byte < 256; byte++) {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1
  tables[byte] = rest
}
for (let at = 256; at < tables.length; at++) tables[at] = tables[tables[at - 256] & 255] ^ (tables[at - 256] >>> 8)

/** From 0 to 2³² − 1. */
export const crc32 = (bytes: Uint8Array): number => {
  const table = tables
  let rest = 0xffffffff
  let at = 0
  for (const last = bytes.length - STEPS; at <= last; at += STEPS) {
    rest ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    rest =
      table[1792 + (rest & 255)] ^
      table[1536 + ((rest >>> 8) & 255)] ^
      table[1280 + ((rest >>> 16) & 255)] ^
      table[1024 + (rest >>> 24)] ^
      table[768 + bytes[at + 4]] ^
      table[512 + bytes[at + 5]] ^
      table[256 + bytes[at + 6]] ^
      table[bytes[at + 7]]
  }
  for (; at < bytes.length; at++) rest = table[(rest ^ bytes[at]) & 255] ^ (rest >>> 8)
  return (rest ^ 0xffffffff) >>> 0
}
