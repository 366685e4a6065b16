/** An invention, wrong or right, and the laws that it is held to: tables of them, by concept. */
import { lazy } from '../../../lib/plain/iterate.js'
import type * as laws from '../../../src/laws/index.js'

export interface Invention {
  readonly concept: string
  readonly name: string
  /** The law that is to catch what is wrong; null of what is right. */
  readonly law: string | null
  /** Its laws, made when they are asked for. */
  readonly held: () => ReadonlyArray<laws.Law>
}

export const about = 'an invention'

/** By name; what is wrong also by the law that is to catch it: `wrong | law`, three of a law at most. */
type Table<A> = Readonly<Record<string, A>>

/** Of one concept, held as its values are: what is wrong, and what is right. */
export const ofConcept = <A>(
  concept: string,
  held: (value: A, name: string) => ReadonlyArray<laws.Law>,
  { wrong, right }: { readonly wrong: Table<A>; readonly right: Table<A> }
): ReadonlyArray<Invention> =>
  [wrong, right].flatMap(table =>
    Object.entries(table).map(([row, value]) => {
      const [name, law = null] = row.split(' | ')
      // Made once: what its laws compile serves every seed.
      return { concept, name, law, held: lazy(() => held(value, name)) }
    })
  )

/** A name as a word of code. */
export const word = (name: string): string => `own${name.replaceAll(/\W/g, '')}`

/** Sums of twelve uniform numbers, which are normal but for their tails. */
export const ofTwelve = (n: number, u: Float64Array): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => u.subarray(12 * i, 12 * i + 12).reduce((sum, each) => sum + each, -6))
