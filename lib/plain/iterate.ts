import { isObject } from './object.js'

/** Lazy list seed, next(seed), next(next(seed)), … until `next` returns null. */
export const unfoldIterable = <A>(seed: A, next: (a: A) => A | null): Iterable<A> => ({
  *[Symbol.iterator]() {
    for (let a: A | null = seed; a !== null; a = next(a)) yield a
  }
})

/** Last element of seed, next(seed), …, without storing the others. */
export const iterate = <A>(seed: A, next: (a: A) => A | null): A => {
  let last = seed
  for (let a: A | null = seed; a !== null; a = next(a)) last = a
  return last
}

/** Maps each element of a lazy list. */
export const mapIterable = <A, B>(list: Iterable<A>, change: (a: A) => B): Iterable<B> => ({
  *[Symbol.iterator]() {
    for (const a of list) yield change(a)
  }
})

/** Maps each element of a lazy list to a list and concatenates the lists. */
export const flatMapped = <A, B>(list: Iterable<A>, f: (a: A) => Iterable<B>): Iterable<B> => ({
  *[Symbol.iterator]() {
    for (const a of list) yield* f(a)
  }
})

/** Last element of a lazy list; null if it is empty. */
export const lastElement = <A>(list: Iterable<A>): A | null => {
  let found: A | null = null
  for (const a of list) found = a
  return found
}

/** Computes on first call; returns the stored result afterwards. */
export const lazy = <A>(compute: () => A): (() => A) => {
  let known: { readonly value: A } | null = null
  return () => (known ??= { value: compute() }).value
}

/** Cache of computed values for the `most` most recently used names. */
export const boundedCache = <A>(most: number): ((name: string | number, compute: () => A) => A) => {
  const known = new Map<string | number, { readonly value: A }>()
  return (name, compute) => {
    const found = known.get(name) ?? { value: compute() }
    known.delete(name)
    known.set(name, found)
    const [oldest] = known.keys()
    if (known.size > most) known.delete(oldest)
    return found.value
  }
}

/** True for objects with an iterator. */
export const isIterable = (u: unknown): u is Iterable<unknown> => isObject(u) && Symbol.iterator in u
