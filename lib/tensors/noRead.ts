/** Whether the entries of tensors may be looked at. */

let sealings = 0

/** Whether entries may be looked at, for the time of f. */
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

/** Runs f, in which the entries of tensors are sealed: to look at one throws. What depends on entries has no derivative in them. */
export const sealed = during(() => 1)
/** Runs f, in which they may be looked at, as always but within `sealed`. */
export const opened = during(() => 0)

/** Whether to look at an entry throws, now. */
export const isSealed = (): boolean => sealings > 0
