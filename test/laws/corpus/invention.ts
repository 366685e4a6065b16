/** An invention, wrong or right, and the laws that it is held to: tables of them, by concept. */
import { lazy } from '../../../lib/plain/iterate.js'
import type * as laws from '../../../src/laws/index.js'

export interface Invention {
  readonly concept: string
  readonly name: string
  readonly wrong: boolean
  readonly held: () => ReadonlyArray<laws.Law>
}

/** Laws, made when they are asked for. */
export type Held = () => ReadonlyArray<laws.Law>

export const about = 'an invention'

export type Table<A> = Readonly<Record<string, A>>

export const inventions = <A>(
  concept: string,
  wrong: boolean,
  table: Table<A>,
  held: (value: A, name: string) => ReadonlyArray<laws.Law>
): ReadonlyArray<Invention> =>
  // Made once: what its laws compile serves every seed.
  Object.entries(table).map(([name, value]) => ({ concept, name, wrong, held: lazy(() => held(value, name)) }))

/** Of one concept: what is wrong, and what is right. */
export const ofConcept = <A>(
  concept: string,
  { wrong, right }: { readonly wrong: Table<A>; readonly right: Table<A> },
  held: (value: A, name: string) => ReadonlyArray<laws.Law>
): ReadonlyArray<Invention> => [...inventions(concept, true, wrong, held), ...inventions(concept, false, right, held)]

/** A name as a word of code. */
export const word = (name: string): string => `own${name.replaceAll(/\W/g, '')}`
