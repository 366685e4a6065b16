/** True for objects, lists included. */
export const isObject = (u: unknown): u is object => typeof u === 'object' && u !== null

/** True for objects that are not lists. */
export const isRecord = (u: unknown): u is Readonly<Record<string, unknown>> => isObject(u) && !Array.isArray(u)
