/** Constructors of fp-ts data without fp-ts, whose CommonJS modules bundlers include as a whole (40 kB). */
import type { Either } from 'fp-ts/lib/Either.js'
import type { None, Option, Some } from 'fp-ts/lib/Option.js'

export type { Either, Option, Some }
export const right = <A>(right: A): Either<never, A> => ({ _tag: 'Right', right })
export const left = <E>(left: E): Either<E, never> => ({ _tag: 'Left', left })
export const none: None = { _tag: 'None' }
export const some = <A>(value: A): Some<A> => ({ _tag: 'Some', value })
export const isLeft = <E>(either: Either<E, unknown>): either is { readonly _tag: 'Left'; readonly left: E } =>
  either._tag === 'Left'
export const isRight = <A>(either: Either<unknown, A>): either is { readonly _tag: 'Right'; readonly right: A } =>
  either._tag === 'Right'
