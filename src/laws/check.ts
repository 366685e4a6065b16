/** What laws are made of: cases that print as code, and comparisons that say by how much they fail. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { refuse } from '../../lib/refuse.js'
import type * as Params from '../score/Params.js'
import * as Problem from '../core/Problem.js'
import type { Law } from './Law.js'

/** The arbitrary, with counterexamples printed by `show`. */
export const printed =
  <A extends object>(show: (value: A) => string) =>
  (arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A> =>
    arbitrary.map(value => ({ ...value, [fc.toStringMethod]: () => `\n${show(value)}` }))

/** A law over cases that print as code. Its check returns true, or refuses with what is not as it should be. */
export const law = <A extends object>(
  { name, statement, source }: Omit<Law, 'property'>,
  cases: fc.Arbitrary<A>,
  show: (value: A) => string,
  check: (value: A) => boolean
): Law => ({
  name,
  statement,
  source,
  property: fc.property(printed(show)(cases), check)
})

const print = (x: number): string => String(Number(x.toPrecision(6)))

/** True, or an error that says what does not hold. */
export const holds = (condition: boolean, failure: () => string): boolean => condition || refuse(failure())

/** What was compiled, or an error that says why it was not. */
export const compiled = <A>(either: E.Either<ReadonlyArray<Problem.Problem>, A>): A =>
  pipe(
    either,
    E.getOrElse((problems): A => refuse(`does not compile: ${problems.map(Problem.show).join('; ')}`))
  )

/** |found − wanted| ≤ tolerance, entry by entry; a number that is not finite agrees with nothing. */
export const agree = (
  what: string,
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number
): boolean => {
  const at = Array.from(found).findIndex((value, i) => !(Math.abs(value - wanted[i]) <= tolerance))
  return (
    holds(found.length === wanted.length, () => `${what}: ${found.length} numbers are not ${wanted.length}`) &&
    holds(
      at < 0,
      () =>
        `${what}${found.length > 1 ? `[${at}]` : ''}: ${print(found[at])} is not ${print(wanted[at])}, ` +
        `off by ${print(found[at] - wanted[at])}, which is more than ${print(tolerance)}`
    )
  )
}

/** All entries of parameters, name after name. */
export const flat = <P extends string>(params: Params.Params<P>): ReadonlyArray<number> =>
  Object.values<Params.Params<P>[P]>(params).flatMap(({ values }) => Array.from(values))

/** The greatest absolute value, 0 of none. */
export const greatest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0)
