/** The lazy list seed, next(seed), next(next(seed)), … until `next` gives null. */
export const unfoldIterable = <A>(seed: A, next: (a: A) => A | null): Iterable<A> => ({
  *[Symbol.iterator]() {
    for (let a: A | null = seed; a !== null; a = next(a)) yield a
  }
})

/** The end of that list, without keeping what comes before. */
export const iterate = <A>(seed: A, next: (a: A) => A | null): A => {
  let last = seed
  for (let a: A | null = seed; a !== null; a = next(a)) last = a
  return last
}

/** Each element of a lazy list, changed. */
export const mapIterable = <A, B>(list: Iterable<A>, change: (a: A) => B): Iterable<B> => ({
  *[Symbol.iterator]() {
    for (const a of list) yield change(a)
  }
})

/** The elements of the lists that those of a lazy list are made to, one list after another. */
export const flatMapped = <A, B>(list: Iterable<A>, f: (a: A) => Iterable<B>): Iterable<B> => ({
  *[Symbol.iterator]() {
    for (const a of list) yield* f(a)
  }
})

/** The last element of a lazy list; null of an empty one. */
export const lastElement = <A>(list: Iterable<A>): A | null => {
  let found: A | null = null
  for (const a of list) found = a
  return found
}

/** What is computed when it is first asked for, and known from then on. */
export const lazy = <A>(compute: () => A): (() => A) => {
  let known: { readonly value: A } | null = null
  return () => (known ??= { value: compute() }).value
}

/** What is computed when it is first asked for under a name, and known until so many others were asked for. */
export const boundedCache = <A>(most: number): ((name: string | number, compute: () => A) => A) => {
  const known = new Map<string | number, { readonly value: A }>()
  return (name, compute) => {
    const found = known.get(name) ?? { value: compute() }
    // The one asked for last is the last.
    known.delete(name)
    known.set(name, found)
    const [oldest] = known.keys()
    if (known.size > most) known.delete(oldest)
    return found.value
  }
}
