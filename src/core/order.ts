/**
 * Arguments in a wrong order. Plain JavaScript, and a cast, let a curried function have its data first; what it then reads of them
 * is undefined. A TypeError says instead what was asked for, what was given, and how the call is written.
 */
import { uncalled } from './case.js'
import { isRecord } from './record.js'
import { quotedValue } from './spelling.js'

/** So many names of fields tell what a record is. */
const MAX_NAMED_FIELDS = 4

/** What was given, in a few words: a record by its fields, a list by its length, a number as it is. */
const describeArgument = (u: unknown): string => {
  if (u === undefined) return 'undefined'
  if (Array.isArray(u)) return `a list of ${u.length}`
  if (!isRecord(u)) return quotedValue(u)
  const names = Object.keys(u)
  return typeof u._tag === 'string'
    ? `the value '${u._tag}'`
    : `{ ${names.slice(0, MAX_NAMED_FIELDS).join(', ')}${names.length > MAX_NAMED_FIELDS ? ', …' : ''} }`
}

const ORDER = 'check the order of the arguments: options come first, and what they are applied to comes last'

/** Refuses what was given for what is wanted; `call` is how the call is written. */
export const mistaken = (wanted: string, given: unknown, call: string | null = null): never => {
  const one = uncalled(given)
  if (one !== null) throw new TypeError(`${one.name} was given for ${wanted}: it is what makes one; ${one.remedy}`)
  throw new TypeError(
    `${call === null ? '' : `${call}: `}${describeArgument(given)} was given for ${wanted}; ${call === null ? ORDER : 'give the arguments in this order'}`
  )
}

/** An argument with these fields, a list of names; any other is refused. */
export const argumentWithFields = <A>(argument: A, fields: ReadonlyArray<string>, wanted: string, call: string): A =>
  isRecord(argument) && fields.every(name => name in argument) ? argument : mistaken(wanted, argument, call)

/** A list; anything else is refused. */
export const listGiven = <A>(argument: ReadonlyArray<A>, wanted: string, call: string): ReadonlyArray<A> => {
  // Narrowed by `Array.isArray`, a list forgets what it holds.
  const isList: boolean = Array.isArray(argument)
  return isList ? argument : mistaken(wanted, argument, call)
}
