/** Functions of records as plain loops, since fp-ts sorts the names and makes a pair for each. */

/** Maps each value; names keep their order. */
export const mapRecordValues =
  <A, B>(f: (a: A, name: string) => B) =>
  (record: Readonly<Record<string, A>>): Readonly<Record<string, B>> => {
    const out: Record<string, B> = {}
    for (const name of Object.keys(record)) out[name] = f(record[name], name)
    return out
  }

/** Merges records, later ones over earlier ones; skips null, undefined and false. A spread takes microseconds for each name. */
export const mergeRecords = <A>(
  ...records: ReadonlyArray<Readonly<Record<string, A>> | null | undefined | false>
): Readonly<Record<string, A>> => {
  const out: Record<string, A> = {}
  for (const record of records) if (record) Object.assign(out, record)
  return out
}

/** Maps each value; leaves out those for which f returns undefined. */
export const filterMapValues =
  <A, B>(f: (a: A, name: string) => B | undefined) =>
  (record: Readonly<Record<string, A>>): Readonly<Record<string, B>> => {
    const out: Record<string, B> = {}
    for (const name of Object.keys(record)) {
      const found = f(record[name], name)
      if (found !== undefined) out[name] = found
    }
    return out
  }
