/** What comes piece after piece is put together, until one does not fit. */
import type { Either } from 'fp-ts/lib/Either.js'

export interface Gathering<A, E, B> {
  /** With one more piece, after those before; null: it is the first. */
  readonly add: (piece: A, before: B | null) => Either<E, B>
  /** Gives back what was taken, where nothing comes of it. */
  readonly close: () => void
}

interface GatheringState<E, B> {
  readonly take: (piece: Either<E, B>) => boolean
  readonly result: () => Either<E, B | null>
}

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

const before = <E, B>({ result }: GatheringState<E, B>): B | null => {
  const found = result()
  return found._tag === 'Right' ? found.right : null
}

/** What a failed gathering has taken is given back. */
const endGathering = <A, E, B>(
  { result }: GatheringState<E, B>,
  { close }: Gathering<A, E, B>
): Either<E, B | null> => {
  const found = result()
  if (found._tag === 'Left' || found.right === null) close()
  return found
}

/** All pieces, or the first problem; null of none. */
export const gatherPieces = <A, E, B>(pieces: Iterable<A>, gathering: Gathering<A, E, B>): Either<E, B | null> => {
  const taken = newGathering<E, B>()
  try {
    for (const piece of pieces) if (!taken.take(gathering.add(piece, before(taken)))) break
  } catch (error) {
    gathering.close()
    throw error
  }
  return endGathering(taken, gathering)
}

/** The same of pieces that come in time. */
export const gatheredAsync = async <A, E, B>(
  pieces: AsyncIterable<A>,
  gathering: Gathering<A, E, B>
): Promise<Either<E, B | null>> => {
  const taken = newGathering<E, B>()
  try {
    for await (const piece of pieces) if (!taken.take(gathering.add(piece, before(taken)))) break
  } catch (error) {
    gathering.close()
    throw error
  }
  return endGathering(taken, gathering)
}

/** What each piece comes to after those before it. */
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

/** What f makes of each piece. */
export async function* mappedAsync<A, B>(pieces: AsyncIterable<A>, f: (piece: A) => B): AsyncGenerator<B> {
  for await (const piece of pieces) yield f(piece)
}

/** What comes, and what is thrown on the way, as a last piece; what `of` makes nothing of is thrown on. */
export async function* caught<A, B>(pieces: AsyncIterable<A>, of: (error: unknown) => B | null): AsyncGenerator<A | B> {
  try {
    yield* pieces
  } catch (error) {
    const found = of(error)
    if (found === null) throw error
    yield found
  }
}

/** One after another, each begun when those before it have ended. */
export async function* chained<A>(parts: Iterable<() => AsyncIterable<A>>): AsyncGenerator<A> {
  for (const part of parts) yield* part()
}

/** All that comes. */
export const collectAsync = async <A>(pieces: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const all: A[] = []
  for await (const piece of pieces) all.push(piece)
  return all
}
