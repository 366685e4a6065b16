/** What is added, in order: for functions that tell what was asked of them. */
export interface ListRecorder<A> {
  /** Adds one, and says how many there were before. */
  readonly add: (one: A) => number
  readonly all: () => ReadonlyArray<A>
  readonly count: () => number
}

/** A list of its own, empty at first. */
export const listRecorder = <A>(): ListRecorder<A> => {
  const list: A[] = []
  return { add: one => list.push(one) - 1, all: () => [...list], count: () => list.length }
}
