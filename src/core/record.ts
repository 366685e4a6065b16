export { isObject, isRecord } from '../../lib/plain/object.js'

/** True if a field of the case contains code, which JSON cannot represent. */
export const hasCode = ({
  fields
}: {
  readonly fields: Readonly<Record<string, { readonly code: boolean }>>
}): boolean => Object.values(fields).some(({ code }) => code)

type WithoutField<A, K extends PropertyKey> = A extends unknown ? Omit<A, K> : never

/** Copy of a record without one of its fields. */
export const withoutField = <A extends object, K extends keyof A & string>(record: A, name: K): WithoutField<A, K> =>
  // The remaining fields keep their types.
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name)) as WithoutField<A, K>
