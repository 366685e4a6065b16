/**
 * What `ornstein sample` asks of a model, read without the language. What is not plainly as it should be is left to
 * `Model.read`, which reports its problems. How the model was learned, its pipeline, is not looked at.
 */
import { concatenated } from '../../lib/arrays/ndarray.js'
import { normalized } from '../mixture/component.js'
import type { Mixture } from '../family/mixtureData.js'
import { format, version } from '../fit/format.js'
import { problems, type Body } from './modelFaults.js'

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isText = (value: unknown): value is string => typeof value === 'string'
const isList =
  <A>(is: (value: unknown) => value is A) =>
  (value: unknown): value is ReadonlyArray<A> =>
    Array.isArray(value) && value.every(is)
const isNumbers = isList(isNumber)
const isRows = isList(isNumbers)
const isMatrices = isList(isRows)

/** Whether the keys are those named, and their values as asked. */
const isOf = (value: unknown, fields: Readonly<Record<string, (value: unknown) => boolean>>): boolean =>
  isObject(value) &&
  Object.keys(value).every(key => Object.hasOwn(fields, key)) &&
  Object.entries(fields).every(([key, is]) => is(value[key]))

const isBody = (value: unknown): value is Body =>
  isOf(value, {
    format: value => value === format,
    version: value => value === version,
    family: isText,
    columns: isList(isText),
    mixture: value =>
      isOf(value, {
        weights: isNumbers,
        means: isRows,
        variances: isRows,
        factors: value => value === undefined || isMatrices(value)
      }),
    standardization: value => value === null || isOf(value, { centre: isNumbers, scale: isNumbers }),
    seed: isNumber,
    recipe: isText,
    pipeline: isObject,
    fit: value =>
      value === null ||
      isOf(value, {
        rows: isNumber,
        logLikelihood: isNumber,
        bic: isNumber,
        parameters: isNumber,
        steps: isNumber,
        converged: value => typeof value === 'boolean',
        prior: value => value === undefined || isNumber(value)
      })
  })

export interface Model {
  readonly columns: ReadonlyArray<string>
  readonly mixture: Mixture
}

/** The mixture in a text, or null where another must say what is wrong. */
export const read = (text: string): Model | null => {
  try {
    const value: unknown = JSON.parse(text)
    if (!isBody(value) || problems(value).length > 0) return null
    const {
      columns,
      mixture: { weights, means, variances, factors }
    } = value
    const [count, dim] = [weights.length, columns.length]
    return {
      columns,
      mixture: {
        means: { shape: [count, dim], values: Float64Array.from(means.flat()) },
        weights: normalized(weights),
        variances: Float64Array.from(variances.flat()),
        factors:
          factors === undefined
            ? null
            : { shape: [count, dim, dim], values: concatenated(factors.map(rows => Float64Array.from(rows.flat()))) }
      }
    }
  } catch {
    return null
  }
}
