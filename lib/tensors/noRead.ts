/** Permission to read the entries of tensors. */

let sealings = 0

/** Runs f with another number of seals. */
const during =
  (sealing: (now: number) => number) =>
  <R>(f: () => R): R => {
    const before = sealings
    sealings = sealing(before)
    try {
      return f()
    } finally {
      sealings = before
    }
  }

/** Runs f while reading an entry of a tensor throws: a result that depends on read entries has no derivative in them. */
export const sealed = during(() => 1)
/** Runs f while entries may be read, inside `sealed` too. */
export const opened = during(() => 0)

/** True if reading an entry throws now. */
export const isSealed = (): boolean => sealings > 0
