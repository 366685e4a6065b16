/**
 * Sums over rows. Rows are cut into strands by their number alone; what a strand sums is its own, and strands are added from the
 * first on. So a sum has the same bits whoever takes its strands, and however many at a time: one thread or many, from memory or
 * from a file, in this process or in others.
 */

export interface Cut {
  readonly rows: number
  /** Rows of a strand, whole sixty-fours; the last has what is left. */
  readonly strandRows: number
  readonly strands: number
}

const TILE = 64
/** Strands have 512 rows at least: the sums of more would be slow to join. */
const LEAST = 8
/** There are 64 of them, until they have 131 072 rows: whoever takes one holds no more than that. */
const FEW = 64
const MOST = 2048

/** How rows are cut. */
export const cut = (rows: number): Cut => {
  const strandRows = TILE * Math.min(MOST, Math.max(LEAST, Math.ceil(rows / TILE / FEW)))
  return { rows, strandRows, strands: Math.ceil(rows / strandRows) }
}

/** The rows of strands [from, to): the first, and how many. */
export const rowsOf = (
  { rows, strandRows }: Cut,
  from: number,
  to: number
): { readonly first: number; readonly count: number } => {
  const first = Math.min(rows, from * strandRows)
  return { first, count: Math.min(rows, to * strandRows) - first }
}

/** A sum over rows: of which data and at which parameters, it knows. Nothing is read before strands are asked for. */
export interface Sum<A> {
  readonly rows: number
  /** Numbers that a strand sums. */
  readonly width: number
  /** What strands [from, to) sum, `width` numbers each, one strand after another. */
  readonly strands: (from: number, to: number) => Float64Array
  /** What the numbers come to, added over all strands from the first on. It looks at no row. */
  readonly found: (sums: Float64Array) => A
}

/** Adds what strands have summed, one after another. */
export const add = (sums: Float64Array, numbers: Float64Array): void => {
  const width = sums.length
  for (let at = 0; at < numbers.length; at += width) for (let k = 0; k < width; k++) sums[k] += numbers[at + k]
}

/** Strands are taken so many at a time: what they sum need not be held for all. */
const AT_ONCE = 64

/** A sum, in this process. */
export const taken = <A>({ rows, width, strands, found }: Sum<A>): A => {
  const sums = new Float64Array(width)
  const count = cut(rows).strands
  for (let from = 0; from < count; from += AT_ONCE) add(sums, strands(from, Math.min(count, from + AT_ONCE)))
  return found(sums)
}

/** What is made of what a sum comes to. */
export const map =
  <A, B>(f: (a: A) => B) =>
  (sum: Sum<A>): Sum<B> => ({ ...sum, found: sums => f(sum.found(sums)) })

/** Several sums over the same rows as one. */
export const all = <A>(rows: number, sums: ReadonlyArray<Sum<A>>): Sum<ReadonlyArray<A>> => {
  const width = sums.reduce((total, one) => total + one.width, 0)
  const places = sums.map((_, i) => sums.slice(0, i).reduce((at, one) => at + one.width, 0))
  return {
    rows,
    width,
    strands: (from, to) => {
      const numbers = new Float64Array((to - from) * width)
      sums.forEach((one, i) => {
        const own = one.strands(from, to)
        for (let s = 0; s < to - from; s++)
          numbers.set(own.subarray(s * one.width, (s + 1) * one.width), s * width + places[i])
      })
      return numbers
    },
    found: numbers => sums.map((one, i) => one.found(numbers.slice(places[i], places[i] + one.width)))
  }
}

/** Strands one by one, each by what sums so many rows from the first on. */
export const each =
  (
    rows: number,
    width: number,
    sum: (first: number, count: number, into: Float64Array) => void
  ): Sum<unknown>['strands'] =>
  (from, to) => {
    const own = cut(rows)
    const numbers = new Float64Array((to - from) * width)
    for (let s = from; s < to; s++) {
      const { first, count } = rowsOf(own, s, s + 1)
      sum(first, count, numbers.subarray((s - from) * width, (s - from + 1) * width))
    }
    return numbers
  }
