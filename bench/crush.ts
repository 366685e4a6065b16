/**
 * The draws of keys, without end, as doubles on standard output, for the battery of bench/crush.c, which says how it is built:
 * `npm run bench:crush -- uniform 1 | ./crush uniform`.
 */
import { writeSync } from 'node:fs'
import { Key } from '../lib/index.js'

const [, , stream, seed] = process.argv
const key = Key.fromSeed(Number(seed))
const one =
  (draw: (key: Key.Key) => Float64Array) =>
  (i: number): Float64Array => {
    const of = new Float64Array(16_384)
    for (let j = 0; j < of.length; j++) of[j] = draw(Key.child(i * of.length + j)(key))[0]
    return of
  }

/** Each gives block i of a stream. */
const streams: Readonly<Record<string, (i: number) => Float64Array>> = {
  uniform: i => Key.uniform(1 << 18)(Key.child(i)(key)),
  normal: i => Key.normal(1 << 18)(Key.child(i)(key)),
  // the first draw of each of many children, and of neighbouring seeds
  children: one(Key.uniform(1)),
  normalsOfChildren: one(Key.normal(1)),
  seeds: i => Float64Array.from({ length: 16_384 }, (_, j) => Key.uniform(1)(Key.fromSeed(16_384 * i + j))[0])
}

/** Whether the reader took all: it goes when its tests are done. */
const written = (draws: Float64Array): boolean => {
  const bytes = new Uint8Array(draws.buffer)
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return false
    }
  }
  return true
}
let i = 0
while (written(streams[stream](i))) i++
