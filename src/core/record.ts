export { isObject, isRecord } from '../../lib/plain/object.js'

/** Whether some fields of a case hold code, which JSON does not. */
export const hasCode = ({
  fields
}: {
  readonly fields: Readonly<Record<string, { readonly code: boolean }>>
}): boolean => Object.values(fields).some(({ code }) => code)

/** Of each member of a union what is left without a field. */
type WithoutField<A, K extends PropertyKey> = A extends unknown ? Omit<A, K> : never

/** Less one of its fields. */
export const withoutField = <A extends object, K extends keyof A & string>(record: A, name: K): WithoutField<A, K> =>
  // What is left has the types it had.
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name)) as WithoutField<A, K>
