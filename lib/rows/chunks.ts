/**
 * Sums over rows. Rows are cut into chunks by their number alone; what a chunk sums is its own, and chunks are added from the
 * first on. So a sum has the same bits whoever takes its chunks, and however many at a time: one thread or many, from memory or
 * from a file, in this process or in others.
 */

export interface Cut {
  readonly rows: number
  /** Rows of a chunk, whole sixty-fours; the last has what is left. */
  readonly chunkRows: number
  readonly chunks: number
}

const TILE = 64
/** Chunks have 512 rows at least: the sums of more would be slow to join. */
const LEAST = 8
/** There are 64 of them, until they have 131 072 rows: whoever takes one holds no more than that. */
const FEW = 64
const MOST = 2048

/** How rows are cut. */
export const cut = (rows: number): Cut => {
  const chunkRows = TILE * Math.min(MOST, Math.max(LEAST, Math.ceil(rows / TILE / FEW)))
  return { rows, chunkRows, chunks: Math.ceil(rows / chunkRows) }
}

/** The rows of chunks [from, to): the first, and how many. */
export const rowsOf = (
  { rows, chunkRows }: Cut,
  from: number,
  to: number
): { readonly first: number; readonly count: number } => {
  const first = Math.min(rows, from * chunkRows)
  return { first, count: Math.min(rows, to * chunkRows) - first }
}

/** A sum over rows: of which data and at which parameters, it knows. Nothing is read before chunks are asked for. */
export interface Sum<A> {
  readonly rows: number
  /** Numbers that a chunk sums. */
  readonly width: number
  /** What chunks [from, to) sum, `width` numbers each, one chunk after another. */
  readonly chunks: (from: number, to: number) => Float64Array
  /** What the numbers come to, added over all chunks from the first on. It looks at no row. */
  readonly found: (sums: Float64Array) => A
  /** What may be computed ahead together with that of other sums. */
  readonly ahead?: ReadonlyArray<Ahead>
}

/** Chunks that are computed before they are asked for, with others of one kind at a time. */
export interface Ahead {
  /** The same object of those that go together. */
  readonly kind: object
  readonly compute: (all: ReadonlyArray<Ahead>) => void
  /** Whether that of so many takes less than each alone, with the beginnings that it costs; so unless said otherwise. */
  readonly isWorth?: (count: number) => boolean
}

/** Adds what chunks have summed, one after another. */
export const add = (sums: Float64Array, numbers: Float64Array): void => {
  const width = sums.length
  for (let at = 0; at < numbers.length; at += width) for (let k = 0; k < width; k++) sums[k] += numbers[at + k]
}

/** Chunks are taken so many at a time: what they sum need not be held for all. */
const AT_ONCE = 64

const here = <A>({ rows, width, chunks, found }: Sum<A>): A => {
  const sums = new Float64Array(width)
  const count = cut(rows).chunks
  for (let from = 0; from < count; from += AT_ONCE) add(sums, chunks(from, Math.min(count, from + AT_ONCE)))
  return found(sums)
}

/** A computation that is begun again with what it has come to so far: what it has kept, and its sums, in the order in which it asks. */
interface Begun {
  /** Of how many it is one. */
  readonly count: number
  readonly kept: unknown[]
  readonly sums: unknown[]
  next: { kept: number; sum: number }
  waitsFor: Sum<unknown> | null
}

/** The one of several that is being computed, if any. */
let begun: Begun | null = null

/** Thrown where a computation waits for a sum. */
const WAITS = { waits: true }
/** One that asks for more sums takes the others itself: each costs a new beginning. */
const MOST_SUMS = 4

/** A sum, in this process. */
export const taken = <A>(sum: Sum<A>): A => {
  if (begun === null) return here(sum)
  const at = begun.next.sum++
  // Its sums are those that it asked for in this order before.
  if (at < begun.sums.length) return begun.sums[at] as A
  const { count } = begun
  if (at >= MOST_SUMS || sum.ahead?.some(({ isWorth }) => isWorth?.(count) ?? true) !== true) {
    const found = here(sum)
    begun.sums.push(found)
    return found
  }
  begun.waitsFor = sum
  throw WAITS // oxlint-disable-line @typescript-eslint/only-throw-error -- no error: it has no stack to be told
}

/** What a computation comes to on its way to a sum, and need not compute again when it is begun again; no sum is asked for in it. */
export const kept = <A>(compute: () => A): A => {
  if (begun === null) return compute()
  const at = begun.next.kept++
  if (at >= begun.kept.length) begun.kept.push(compute())
  // Its values are those that it kept in this order before.
  return begun.kept[at] as A
}

const waits = ({ waitsFor }: Begun): boolean => waitsFor !== null

/** Computes what it can; false where it waits, also where it caught what was thrown and went on without the sum. */
const goesOn = <A>(own: Begun, compute: () => A, tell: (found: A) => void): boolean => {
  const before = begun
  begun = own
  own.next = { kept: 0, sum: 0 }
  own.waitsFor = null
  try {
    const found = compute()
    if (waits(own)) return false
    tell(found)
    return true
  } catch (error) {
    if (error !== WAITS) throw error
    return false
  } finally {
    begun = before
  }
}

/**
 * Several computations without effects, each with the result that it has alone: they go on side by side from sum to sum, and sums over
 * rows by one program are taken as one. Each is begun again after a sum.
 */
export const together = <A>(computations: ReadonlyArray<() => A>): ReadonlyArray<A> => {
  const results = new Array<A>(computations.length)
  let left = computations.map((compute, i) => ({
    i,
    compute,
    own: { count: computations.length, kept: [], sums: [], next: { kept: 0, sum: 0 }, waitsFor: null } as Begun
  }))
  while (left.length > 0) {
    left = left.filter(
      ({ i, own, compute }) =>
        !goesOn(own, compute, found => {
          results[i] = found
        })
    )
    const kinds = new Map<object, Ahead[]>()
    for (const { own } of left)
      for (const ahead of own.waitsFor?.ahead ?? []) {
        const found = kinds.get(ahead.kind)
        if (found === undefined) kinds.set(ahead.kind, [ahead])
        else found.push(ahead)
      }
    for (const all of kinds.values()) if (all.length > 1) all[0].compute(all)
    for (const { own } of left) if (own.waitsFor !== null) own.sums.push(here(own.waitsFor))
  }
  return results
}

/** What is made of what a sum comes to. */
export const map =
  <A, B>(f: (a: A) => B) =>
  (sum: Sum<A>): Sum<B> => ({ ...sum, found: sums => f(sum.found(sums)) })

/** Several sums over the same rows as one. */
export const all = <A>(rows: number, sums: ReadonlyArray<Sum<A>>): Sum<ReadonlyArray<A>> => {
  const width = sums.reduce((total, one) => total + one.width, 0)
  const places = sums.map((_, i) => sums.slice(0, i).reduce((at, one) => at + one.width, 0))
  const ahead = sums.flatMap(one => one.ahead ?? [])
  return {
    rows,
    width,
    ...(ahead.length > 0 && { ahead }),
    chunks: (from, to) => {
      const numbers = new Float64Array((to - from) * width)
      sums.forEach((one, i) => {
        const own = one.chunks(from, to)
        for (let s = 0; s < to - from; s++)
          numbers.set(own.subarray(s * one.width, (s + 1) * one.width), s * width + places[i])
      })
      return numbers
    },
    found: numbers => sums.map((one, i) => one.found(numbers.subarray(places[i], places[i] + one.width)))
  }
}

/** Chunks one by one, each by what sums so many rows from the first on. */
export const each =
  (
    rows: number,
    width: number,
    sum: (first: number, count: number, into: Float64Array) => void
  ): Sum<unknown>['chunks'] =>
  (from, to) => {
    const own = cut(rows)
    const numbers = new Float64Array((to - from) * width)
    for (let s = from; s < to; s++) {
      const { first, count } = rowsOf(own, s, s + 1)
      sum(first, count, numbers.subarray((s - from) * width, (s - from + 1) * width))
    }
    return numbers
  }
