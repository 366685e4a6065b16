/** Whether it is an object, a list being one. */
export const isObject = (u: unknown): u is object => typeof u === 'object' && u !== null

/** Whether it has fields by name: an object, and no list. */
export const isRecord = (u: unknown): u is Readonly<Record<string, unknown>> => isObject(u) && !Array.isArray(u)
