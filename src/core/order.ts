/** TypeErrors for arguments in the wrong order, such as a curried function's data first in plain JavaScript. */
import { uncalled } from './case.js'
import { isRecord } from './record.js'
import { quotedValue } from './spelling.js'

/** Maximum number of field names in the description of a record. */
const MAX_NAMED_FIELDS = 4

/** Describes a record by its fields, a list by its length, a number by its value. */
const describeArgument = (u: unknown): string => {
  if (u === undefined) return 'undefined'
  if (Array.isArray(u)) return `a list of ${u.length}`
  if (!isRecord(u)) return quotedValue(u)
  const names = Object.keys(u)
  return typeof u._tag === 'string'
    ? `the value '${u._tag}'`
    : `{ ${names.slice(0, MAX_NAMED_FIELDS).join(', ')}${names.length > MAX_NAMED_FIELDS ? ', …' : ''} }`
}

const ORDER_REMEDY = 'check the order of the arguments: options come first, and what they are applied to comes last'

/** Throws a TypeError: `wanted` describes the expected argument, `call` the correct call. */
export const mistaken = (wanted: string, given: unknown, call: string | null = null): never => {
  const where = call === null ? '' : `${call}: `
  const one = uncalled(given)
  if (one !== null) throw new TypeError(`${where}${one.name} was given for ${wanted}; ${one.remedy}`)
  throw new TypeError(
    `${where}${describeArgument(given)} was given for ${wanted}; ${call === null ? ORDER_REMEDY : 'give the arguments in this order'}`
  )
}

/**
 * Checks that an argument has the given fields.
 *
 * @throws TypeError
 */
export const argumentWithFields = <A>(argument: A, fields: ReadonlyArray<string>, wanted: string, call: string): A =>
  isRecord(argument) && fields.every(name => name in argument) ? argument : mistaken(wanted, argument, call)

/**
 * Checks that an argument is a list.
 *
 * @throws TypeError
 */
export const listGiven = <A>(argument: ReadonlyArray<A>, wanted: string, call: string): ReadonlyArray<A> => {
  // Narrowing by `Array.isArray` would lose the element type.
  const isList: boolean = Array.isArray(argument)
  return isList ? argument : mistaken(wanted, argument, call)
}
