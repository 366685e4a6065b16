export const isObject = (u: unknown): u is object => typeof u === 'object' && u !== null

/** Whether it has fields by name: an object, and no list. */
export const isRecord = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === 'object' && u !== null && !Array.isArray(u)

/** Of each member of a union what is left without a field. */
type Without<A, K extends PropertyKey> = A extends unknown ? Omit<A, K> : never

/** Less one of its fields. */
export const without = <A extends object, K extends keyof A & string>(record: A, name: K): Without<A, K> =>
  // What is left has the types it had.
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name)) as Without<A, K>
