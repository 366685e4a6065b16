/** What may be absent and is not: a capability, a field. */
export const there = <A>(value: A | null | undefined): A => {
  if (value === null || value === undefined) throw new Error('it is not there')
  return value
}
