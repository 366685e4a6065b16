/** Minibatches by epochs, each of which is all rows in a random order. */
import { child, permutation, type Key } from './key.js'

/**
 * Rows at positions `from`, …, from + size − 1 of an endless sequence, in which positions e n, …, (e + 1) n − 1 are a permutation of all
 * rows by the key's child e. If n is not a multiple of the size, some lists span two epochs. Caches the last two permutations.
 */
export const epochs = (n: number, size: number): ((key: Key, from: number) => Int32Array) => {
  interface CachedEpoch {
    readonly key: Key
    readonly epoch: number
    readonly order: Int32Array
  }
  let held: ReadonlyArray<CachedEpoch> = []
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
      // Rows up to the end of the epoch come from one permutation.
      const order = orderOf(key, Math.floor((from + i) / n))
      for (let at = (from + i) % n; at < n && i < size; at++, i++) rows[i] = order[at]
    }
    return rows
  }
}
