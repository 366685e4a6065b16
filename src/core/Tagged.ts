/** Descriptions are tagged data; their interpreters are total tables over the tags. */
import * as t from 'io-ts'

interface Tagged {
  readonly _tag: string
}

/** A rule for every tag: adding a case to `T` does not compile until each table has it. */
export type Rules<T extends Tagged, R> = { readonly [K in T['_tag']]: (value: Extract<T, { readonly _tag: K }>) => R }

/** `fold<Schedule>()` is the eliminator of `Schedule`: a table of rules in, a function of the description out. */
export const fold =
  <T extends Tagged>() =>
  <R>(rules: Rules<T, R>) =>
  (value: T): R =>
    // TypeScript cannot correlate the rule with the tag that selected it; `Rules` guarantees that they match.
    (rules[value._tag as T['_tag']] as (value: T) => R)(value)

/**
 * The codec of a description that holds code. It is written by name, and refused on the way in, since a function does
 * not survive JSON.
 */
export const code = <T extends Tagged & { readonly name: string }>(
  tag: T['_tag'],
  concept: string
): t.Type<T, unknown> =>
  new t.Type<T, unknown>(
    `custom ${concept}`,
    (u): u is T => typeof u === 'object' && u !== null && '_tag' in u && u._tag === tag && 'name' in u,
    (u, context) =>
      t.failure(u, context, `a custom ${concept} is code and does not survive JSON; build the pipeline in TypeScript`),
    ({ _tag, name }) => ({ _tag, name })
  )
