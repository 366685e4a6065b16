type ReadingState = 'open' | 'sealed'

let readingState: ReadingState = 'open'

/** Runs f in a state of reading, and restores the previous one. */
const during =
  (state: ReadingState) =>
  <R>(f: () => R): R => {
    const before = readingState
    readingState = state
    try {
      return f()
    } finally {
      readingState = before
    }
  }

/** Runs f while reading an entry of a tensor throws, since results have no derivative in entries that are read. */
export const sealed = during('sealed')
/** Runs f while entries may be read, inside `sealed` too. */
export const opened = during('open')

/** True if reading an entry throws now. */
export const isSealed = (): boolean => readingState === 'sealed'
