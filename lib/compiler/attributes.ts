/** Attributes of an operation, an object of unknown fields. */
import { type Attrs } from './graph.js'

const attributeOf = (attrs: object, name: string): unknown => new Map<string, unknown>(Object.entries(attrs)).get(name)

/** Returns the numbers of the first attribute that is present; empty if none is. */
export const numbersAttribute = (attrs: object, ...names: ReadonlyArray<string>): ReadonlyArray<number> => {
  const found = names.map(name => attributeOf(attrs, name)).find(value => value !== undefined && value !== null)
  const all: ReadonlyArray<unknown> = Array.isArray(found) ? found : [found]
  return all.filter((x): x is number => typeof x === 'number')
}
/** Returns the number of an attribute; `otherwise` if it is absent. */
export const numberAttribute = (attrs: object, name: string, otherwise: number): number =>
  numbersAttribute(attrs, name)[0] ?? otherwise
export const flagAttribute = (attrs: object, name: string): boolean => attributeOf(attrs, name) === true

/** Returns [before, after] for each axis. */
export const paddingsOf = (attrs: object): ReadonlyArray<ReadonlyArray<number>> => {
  const found = attributeOf(attrs, 'paddings')
  const all: ReadonlyArray<unknown> = Array.isArray(found) ? found : []
  return all.map(pair => numbersAttribute({ pair }, 'pair'))
}

/** Returns the numbers, booleans and lists among the attributes. */
export const plainAttrs = (attrs: object): Attrs =>
  Object.fromEntries(
    Object.entries(attrs).filter((entry): entry is [string, number | boolean | ReadonlyArray<number>] =>
      ['number', 'boolean', 'object'].includes(typeof entry[1])
    )
  )
