import { createHash } from 'node:crypto'

/** The first 16 digits of SHA-256. */
export const digest = bytes => createHash('sha256').update(bytes).digest('hex').slice(0, 16)
