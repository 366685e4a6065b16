/** Rows by epochs: all of them in a random order, then all of them in another, and so on. */
import { child, permutation, type Key } from './key.js'

/**
 * The rows at places `from`, …, from + size − 1 of an endless order of 0, …, n − 1, in which places e n, …, (e + 1) n − 1
 * hold every row once: epoch e is a uniformly random order, that of the key's child e. Where n is no multiple of the size,
 * some lists hold the end of an epoch and the start of the next. The orders of the last epochs asked for are held: two
 * lists of n row numbers.
 */
export const epochs = (n: number, size: number): ((key: Key, from: number) => Int32Array) => {
  interface Held {
    readonly key: Key
    readonly epoch: number
    readonly order: Int32Array
  }
  let held: ReadonlyArray<Held> = []
  const orderOf = (key: Key, epoch: number): Int32Array => {
    const met = held.find(one => one.epoch === epoch && one.key.k0 === key.k0 && one.key.k1 === key.k1)
    if (met !== undefined) return met.order
    const order = permutation(n)(child(epoch)(key))
    held = [{ key, epoch, order }, ...held.slice(0, 1)]
    return order
  }
  return (key, from) => {
    const rows = new Int32Array(size)
    for (let i = 0; i < size;) {
      // As far as an epoch goes, all are of one order.
      const order = orderOf(key, Math.floor((from + i) / n))
      for (let at = (from + i) % n; at < n && i < size; at++, i++) rows[i] = order[at]
    }
    return rows
  }
}
