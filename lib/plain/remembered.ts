/** The same function, which is computed once for each of its arguments. */
export const remembered = <K, A>(f: (argument: K) => A): ((argument: K) => A) => {
  const known = new Map<K, { readonly value: A }>()
  return argument => {
    const found = known.get(argument) ?? { value: f(argument) }
    known.set(argument, found)
    return found.value
  }
}
