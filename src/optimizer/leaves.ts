/** What a part remembers, as named arrays: those that stand in its memory, each by where it stands. */
import * as Case from '../core/case.js'
import { isRecord } from '../core/record.js'
import * as Params from '../family/params.js'
import type { NdArray } from '../../lib/index.js'

type Named<A> = Readonly<Record<string, A>>

/** What stands in a list or a record, by its key; nothing of anything else. */
const inside = (u: unknown): ReadonlyArray<readonly [string, unknown]> =>
  Array.isArray(u) || (isRecord(u) && !ArrayBuffer.isView(u)) ? Object.entries(u) : []

const entries = <A>(
  u: unknown,
  is: (u: unknown) => u is A,
  path: ReadonlyArray<string> = []
): ReadonlyArray<readonly [string, A]> =>
  is(u) ? [[JSON.stringify(path), u]] : inside(u).flatMap(([key, one]) => entries(one, is, [...path, key]))

/** The arrays of a memory. */
export const of = (memory: unknown): Params.Params<string> =>
  Object.fromEntries(entries(memory, Params.ndArrayCodec.is))

/** Its numbers, which count steps, say. */
export const numbers = (memory: unknown): Named<number> =>
  Object.fromEntries(
    entries(memory, (u): u is number | NdArray => typeof u === 'number' || Params.ndArrayCodec.is(u)).flatMap(
      ([path, u]) => (typeof u === 'number' ? [[path, u]] : [])
    )
  )

/** The same memory with others where these stand. */
export const filled = (memory: unknown, leaves: Named<unknown>, path: ReadonlyArray<string> = []): unknown => {
  const own = JSON.stringify(path)
  if (own in leaves) return leaves[own]
  const all = inside(memory).map(([key, one]) => [key, filled(one, leaves, [...path, key])] as const)
  return all.length === 0 ? memory : Array.isArray(memory) ? all.map(([, one]) => one) : Object.fromEntries(all)
}

/** What stands in a memory where these stand in another. */
export const at = <A>(leaves: Named<unknown>, memory: unknown): Named<A> =>
  Object.fromEntries(
    Object.keys(leaves).map(path => [
      path,
      // `of` told the path, of a memory of this form.
      (JSON.parse(path) as ReadonlyArray<string>).reduce(Case.field, memory) as A
    ])
  )

/** Named arrays of several kinds as one, each name with its kind before it. */
export const joined = <A>(kinds: Readonly<Record<string, Named<A>>>): Named<A> =>
  Object.fromEntries(
    Object.entries(kinds).flatMap(([kind, all]) => Object.entries(all).map(([name, a]) => [`${kind} ${name}`, a]))
  )

/** Those of a kind. */
export const ofKind = <A>(kind: string, all: Named<A>): Named<A> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, a]) => (name.startsWith(`${kind} `) ? [[name.slice(kind.length + 1), a]] : []))
  )
