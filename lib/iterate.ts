/** The lazy list seed, next(seed), next(next(seed)), … until `next` gives null. */
export const unfold = <A>(seed: A, next: (a: A) => A | null): Iterable<A> => ({
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
