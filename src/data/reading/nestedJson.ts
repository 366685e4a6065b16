/** Tables inside JSON: lists of records, and records of equally long lists, at a depth of at most four. */
import type * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { parseJson } from '../../../lib/plain/jsonText.js'
import * as Limits from '../../core/limits.js'
import { isRecord } from '../../core/record.js'
import { fail } from '../dataProblems.js'
import type { DataError } from '../points.js'
import { chooseTable, type ContainerTable } from './containers.js'

/** Maximum number of keys on the path to a table. */
const MAX_TABLE_DEPTH = 4

type JsonRecord = Readonly<Record<string, unknown>>

const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object'

/** Cell of a scalar, empty for null; a list is written as JSON. */
const scalarText = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)

/** Entries of a record by name; those of records inside it are called `outer.inner`. */
const flattenRecord = (record: JsonRecord, depth = MAX_TABLE_DEPTH): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(record).flatMap(([name, value]) =>
    isRecord(value) && depth > 0
      ? flattenRecord(value, depth - 1).map(([inner, cell]) => [`${name}.${inner}`, cell] as const)
      : [[name, value] as const]
  )

const recordsOfList = (list: ReadonlyArray<JsonRecord>): ReadonlyArray<ReadonlyArray<string>> => {
  const rows = list.map(record => new Map(flattenRecord(record)))
  const names = [...new Set(rows.flatMap(row => [...row.keys()]))]
  return [names, ...rows.map(row => names.map(name => scalarText(row.get(name))))]
}

const recordsOfLists = (
  columns: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]>
): ReadonlyArray<ReadonlyArray<string>> => [
  columns.map(([name]) => name),
  ...columns[0][1].map((_, i) => columns.map(([, cells]) => scalarText(cells[i])))
]

/** Lists of a record, if all have the same length, at least two, and hold scalars; otherwise none. */
const equallyLongLists = (record: JsonRecord): ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> => {
  const lists = Object.entries(record).flatMap(([name, value]) =>
    Array.isArray(value) && value.every(isScalar) ? [[name, value as ReadonlyArray<unknown>] as const] : []
  )
  return lists.length > 0 && lists.every(([, { length }]) => length > 1 && length === lists[0][1].length) ? lists : []
}

const tablesAt = (value: unknown, path: ReadonlyArray<string>): ReadonlyArray<ContainerTable> => {
  const table = (records: ContainerTable['records']): ReadonlyArray<ContainerTable> => [
    { format: 'json', place: path.join('.'), records }
  ]
  if (Array.isArray(value)) return value.length > 0 && value.every(isRecord) ? table(recordsOfList(value)) : []
  if (!isRecord(value)) return []
  const columns = equallyLongLists(value)
  return [
    ...(columns.length > 0 ? table(recordsOfLists(columns)) : []),
    ...(path.length < MAX_TABLE_DEPTH
      ? Object.entries(value).flatMap(([name, inner]) => tablesAt(inner, [...path, name]))
      : [])
  ]
}

/** True if a text begins as a list or a record of JSON. */
export const beginsAsJson = (text: string): boolean => /^\s*(\{\s*["}]|\[\s*[[{\]])/.test(text)

/** Reads the table at `path` in a text of JSON, or the only one with numbers. */
export const tableOfNestedJson = (text: string, path?: string): Either.Either<DataError, ContainerTable> => {
  const found = parseJson(text, Limits.maxDepth)
  return 'fault' in found
    ? fail('text', `JSON (${found.fault})`, 'whole JSON', 'correct it, or write an object on each line')
    : pipe(tablesAt(found.value, []), chooseTable('path', path))
}
