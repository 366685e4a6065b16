/** List that grows by calls of `add`, which returns the index. */
export interface ListRecorder<A> {
  readonly add: (one: A) => number
  readonly all: () => ReadonlyArray<A>
  readonly count: () => number
}

/** Starts an empty list. */
export const listRecorder = <A>(): ListRecorder<A> => {
  const list: A[] = []
  return { add: one => list.push(one) - 1, all: () => [...list], count: () => list.length }
}
