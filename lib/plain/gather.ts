/** Folds of pieces that arrive in turn, up to the first problem. */
import type { Either } from 'fp-ts/lib/Either.js'

export interface Gathering<A, E, B> {
  /** Adds a piece to the result of those before, null for the first one. */
  readonly add: (piece: A, before: B | null) => Either<E, B>
  readonly close: () => void
}

interface GatheringState<E, B> {
  readonly take: (piece: Either<E, B>) => boolean
  readonly result: () => Either<E, B | null>
}

/** Holds the latest result of a fold; `take` returns false if that is a problem. */
const newGathering = <E, B>(): GatheringState<E, B> => {
  let result: Either<E, B | null> = { _tag: 'Right', right: null }
  return {
    take: next => {
      result = next
      return next._tag === 'Right'
    },
    result: () => result
  }
}

const resultSoFar = <E, B>({ result }: GatheringState<E, B>): B | null => {
  const found = result()
  return found._tag === 'Right' ? found.right : null
}

/** Result of a fold; calls `close` if it is a problem or null. */
const closeUnlessGathered = <A, E, B>(
  { result }: GatheringState<E, B>,
  { close }: Gathering<A, E, B>
): Either<E, B | null> => {
  const found = result()
  if (found._tag === 'Left' || found.right === null) close()
  return found
}

/** Folds all pieces; returns the result, the first problem, or null if there are no pieces. Calls `close` unless there is a result. */
export const gatherPieces = <A, E, B>(pieces: Iterable<A>, gathering: Gathering<A, E, B>): Either<E, B | null> => {
  const taken = newGathering<E, B>()
  try {
    for (const piece of pieces) if (!taken.take(gathering.add(piece, resultSoFar(taken)))) break
  } catch (error) {
    gathering.close()
    throw error
  }
  return closeUnlessGathered(taken, gathering)
}

/**
 * Folds asynchronous pieces; returns the result, the first problem, or null if there are no pieces. Calls `close` unless there is a result.
 */
export const gatheredAsync = async <A, E, B>(
  pieces: AsyncIterable<A>,
  gathering: Gathering<A, E, B>
): Promise<Either<E, B | null>> => {
  const taken = newGathering<E, B>()
  try {
    for await (const piece of pieces) if (!taken.take(gathering.add(piece, resultSoFar(taken)))) break
  } catch (error) {
    gathering.close()
    throw error
  }
  return closeUnlessGathered(taken, gathering)
}

/** Yields the second part of step(state, piece) for each piece; the first part is the next state. */
export async function* scanned<A, S, B>(
  pieces: AsyncIterable<A>,
  start: S,
  step: (state: S, piece: A) => readonly [S, B]
): AsyncGenerator<B> {
  let state = start
  for await (const piece of pieces) {
    const [next, found] = step(state, piece)
    state = next
    yield found
  }
}

/** Maps each piece. */
export async function* mappedAsync<A, B>(pieces: AsyncIterable<A>, f: (piece: A) => B): AsyncGenerator<B> {
  for await (const piece of pieces) yield f(piece)
}

/** Yields all pieces; after a thrown error also `of(error)`, or rethrows it if that is null. */
export async function* caught<A, B>(pieces: AsyncIterable<A>, of: (error: unknown) => B | null): AsyncGenerator<A | B> {
  try {
    yield* pieces
  } catch (error) {
    const found = of(error)
    if (found === null) throw error
    yield found
  }
}

/** Concatenates sequences; each starts after those before it. */
export async function* chained<A>(parts: Iterable<() => AsyncIterable<A>>): AsyncGenerator<A> {
  for (const part of parts) yield* part()
}

/** Collects all pieces. */
export const collectAsync = async <A>(pieces: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const all: A[] = []
  for await (const piece of pieces) all.push(piece)
  return all
}
