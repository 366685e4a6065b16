import { isObject } from './object.js'

/** Caches a function's results for the last few forms of its arguments. */
export const recently =
  <K, F>(most: number, formOf: (argument: K) => F, isOfForm: (form: F, argument: K) => boolean) =>
  <A>(f: (argument: K) => A): ((argument: K) => A) => {
    const known: { readonly form: F; readonly value: A }[] = []
    return argument => {
      const found = known.find(({ form }) => isOfForm(form, argument))
      if (found !== undefined) return found.value
      const value = f(argument)
      known.unshift({ form: formOf(argument), value })
      known.length = Math.min(known.length, most)
      return value
    }
  }

/** Memoizes a function by its argument, or by `key` of it; results for objects live as long as the object. */
export const remembered = <K, A>(
  f: (argument: K) => A,
  key: (argument: K) => unknown = argument => argument
): ((argument: K) => A) => {
  const ofObjects = new WeakMap<object, { readonly value: A }>()
  const others = new Map<unknown, { readonly value: A }>()
  return argument => {
    const at = key(argument)
    const isWeak = isObject(at) || typeof at === 'function'
    const found = (isWeak ? ofObjects.get(at) : others.get(at)) ?? { value: f(argument) }
    if (isWeak) ofObjects.set(at, found)
    else others.set(at, found)
    return found.value
  }
}
