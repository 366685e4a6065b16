/** What breaks programs: classes of awkward cases, recognized in whatever a law is checked on. */
import type { Points } from '../data/points.js'
import type { NdArray } from '../../lib/index.js'
import * as Schedule from '../schedule/schedule.js'

const isRecord = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === 'object' && u !== null && !ArrayBuffer.isView(u) && !Array.isArray(u)

const isPoints = (u: unknown): u is Points =>
  isRecord(u) && typeof u['rows'] === 'number' && typeof u['dim'] === 'number' && u['values'] instanceof Float64Array

const isArray = (u: unknown): u is NdArray =>
  isRecord(u) && Array.isArray(u['shape']) && u['values'] instanceof Float64Array

/** Whether all rows of so many numbers are the same. */
const allEqual = (values: Float64Array, dim: number): boolean =>
  dim > 0 && values.length > dim && values.every((x, i) => x === values[i % dim])

const ofPoints = ({ rows, dim, values, weights }: Points): ReadonlyArray<string> => {
  const most = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return [
    ...(rows === 1 ? ['one row'] : []),
    dim === 1 ? 'one dimension' : 'several dimensions',
    ...(allEqual(values, dim) ? ['equal rows'] : []),
    ...(most > 5 ? ['far tail'] : []),
    ...(most < 1e-4 ? ['tiny or 0'] : []),
    ...(weights === undefined ? [] : ['weighted'])
  ]
}

const ofArray = (name: string, { shape, values }: NdArray): ReadonlyArray<string> => [
  ...(shape.length === 2 && name.startsWith('mean') && allEqual(values, shape[1]) ? ['equal centres'] : []),
  ...(values.length > 0 && values.every(x => x === 0) ? ['all 0'] : [])
]

const ofTime = (time: number, schedule: unknown): ReadonlyArray<string> => {
  if (!Schedule.concept.is(schedule)) return []
  const level = Schedule.logSnr(time)(schedule)
  return level > 3 ? ['clean end'] : level < -3 ? ['noisy end'] : []
}

/** Where a walk through a case is. */
const within = (name: string, value: unknown, around: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  isPoints(value)
    ? ofPoints(value)
    : isArray(value)
      ? ofArray(name, value)
      : typeof value === 'number' && /^(time|s|t)$/.test(name)
        ? ofTime(value, around['schedule'])
        : Array.isArray(value)
          ? value.flatMap(one => within(name, one, around))
          : isRecord(value) && !('_tag' in value)
            ? Object.entries(value).flatMap(([name, inner]) => within(name, inner, value))
            : []

/**
 * The awkward classes that a case belongs to: one row, one dimension, equal rows or centres, far tail, tiny, all 0, weighted, and
 * the clean and the noisy end of a schedule.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Params } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const points = { rows: 1, dim: 1, values: Float64Array.of(30) }
 * assert.deepEqual(laws.awkward({ points, params: Params.of({ means: [[1], [1]] }) }), [
 *   'one row',
 *   'one dimension',
 *   'far tail',
 *   'equal centres'
 * ])
 */
export const awkward = (value: unknown): ReadonlyArray<string> => [...new Set(within('', value, {}))]
