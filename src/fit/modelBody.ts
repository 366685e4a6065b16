/** Model files without the pipeline. Imports nothing of the modelling language, so that `ornstein sample` starts quickly. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { concatenated } from '../../lib/arrays/ndarray.js'
import * as json from '../core/json.js'
import * as Problem from '../core/problem.js'
import type { Mixture } from '../mixture/mixtureData.js'
import { tailsAndBackgroundOfLists, normalizedWeights } from '../mixture/component.js'
import { MODEL_FORMAT, MODEL_VERSION } from './format.js'

type NestedRows = ReadonlyArray<ReadonlyArray<number>>

/** Codec of numbers that satisfy `is`; `says` completes the message "it is not …". */
const refinedNumber = (is: (x: number) => boolean, says: string) => t.refinement(t.number, is, says)

const finiteCodec = refinedNumber(Number.isFinite, 'a finite number')
const positiveCodec = refinedNumber(x => x > 0 && x < Infinity, '> 0 and finite')
const wholeCodec = refinedNumber(x => Number.isSafeInteger(x) && x >= 0, 'a whole number ≥ 0')
const shareCodec = refinedNumber(x => x >= 0 && x < 1, 'in [0, 1)')
const weightCodec = refinedNumber(x => x >= 0, '≥ 0')

export const BODY_FIELDS = {
  format: t.literal(MODEL_FORMAT),
  version: t.literal(MODEL_VERSION),
  family: t.string,
  columns: t.readonlyArray(t.string),
  mixture: t.intersection([
    t.type({
      weights: t.readonlyArray(weightCodec),
      means: t.readonlyArray(t.readonlyArray(finiteCodec)),
      variances: t.readonlyArray(t.readonlyArray(positiveCodec))
    }),
    t.partial({
      factors: t.readonlyArray(t.readonlyArray(t.readonlyArray(t.number))),
      fixed: t.readonlyArray(t.number),
      tails: t.readonlyArray(t.union([positiveCodec, t.null])),
      background: t.type({
        share: shareCodec,
        shape: t.keyof({ cauchy: null, box: null }),
        centre: t.readonlyArray(finiteCodec),
        scale: t.readonlyArray(positiveCodec)
      })
    })
  ]),
  standardization: t.union([
    t.type({ centre: t.readonlyArray(finiteCodec), scale: t.readonlyArray(positiveCodec) }),
    t.null
  ]),
  seed: wholeCodec,
  recipe: t.string,
  fit: t.union([
    t.null,
    t.intersection([
      t.type({
        rows: wholeCodec,
        logLikelihood: finiteCodec,
        bic: finiteCodec,
        parameters: wholeCodec,
        steps: wholeCodec,
        converged: t.boolean
      }),
      t.partial({ prior: positiveCodec })
    ])
  ])
}

const bodyCodec = t.type(BODY_FIELDS)
export type Body = t.TypeOf<typeof bodyCodec>

/** Codec of the format of a score that is not a mixture. */
export const scoreFormatCodec = t.type({ format: t.literal('ornstein-score') })
const modelFormatCodec = t.type({ format: t.literal(MODEL_FORMAT), version: t.unknown })

/** True if JSON has the format of a model, in any version. */
export const claimsModel = (value: unknown): boolean => modelFormatCodec.is(value)

/** Returns a decoder of models with at least the given fields. Messages name the file `path` and the argument. */
export const decodeModelBody =
  <A extends Body>(form: t.Type<A, unknown>, path: string, argument: string) =>
  (value: unknown): E.Either<Problem.Problems, A> => {
    if (scoreFormatCodec.is(value))
      return E.left([
        Problem.of(argument, path, 'a mixture, but a score that has no components', 'use ornstein sample or evaluate')
      ])
    if (!modelFormatCodec.is(value)) {
      const domain = `a model (its format is not ${MODEL_FORMAT})`
      return E.left([Problem.of(argument, path, domain, 'write one with ornstein fit --out')])
    }
    if (value.version !== MODEL_VERSION)
      return E.left([
        Problem.of(
          `${path}, version`,
          JSON.stringify(value.version),
          `${MODEL_VERSION}, which this program reads`,
          'use the ornstein that wrote it, or fit again'
        )
      ])
    return pipe(
      value,
      json.decodeJson(form, path),
      E.flatMap(model => Problem.faultless(problems(model).map(Problem.problemInside(path)), model))
    )
  }

/** Decodes a model without its pipeline. */
export const readModelBody = (path: string, argument: string): ((value: unknown) => E.Either<Problem.Problems, Body>) =>
  decodeModelBody(t.type({ ...BODY_FIELDS, pipeline: t.UnknownRecord }), path, argument)

/** Returns the mixture of a decoded model; its lists must have matching lengths. */
export const mixtureOf = ({ columns, mixture: { weights, means, variances, factors, ...beside } }: Body): Mixture => {
  const count = weights.length
  const dim = columns.length
  return {
    means: { shape: [count, dim], values: Float64Array.from(means.flat()) },
    weights: normalizedWeights(weights),
    variances: Float64Array.from(variances.flat()),
    factors:
      factors === undefined
        ? null
        : { shape: [count, dim, dim], values: concatenated(factors.map(rows => Float64Array.from(rows.flat()))) },
    ...tailsAndBackgroundOfLists(beside)
  }
}

const isLowerTriangle = (rows: NestedRows, dim: number): boolean =>
  rows.length === dim &&
  rows.every(
    (row, i) =>
      row.length === dim &&
      row.every((x, j) => (j < i ? Number.isFinite(x) : j === i ? x > 0 && x < Infinity : x === 0))
  )

/** Checks lengths of lists, and that weights sum to 1. */
const problems = ({
  columns,
  mixture: { weights, means, variances, factors, tails, background },
  standardization
}: Body): ReadonlyArray<Problem.Problem> => {
  const dim = columns.length
  const list = (field: string, list: ReadonlyArray<unknown>, wanted: number): ReadonlyArray<Problem.Problem> =>
    Problem.unless(list.length === wanted, field, `a list of ${list.length}`, `a list of ${wanted}`, WRITE_AGAIN_REMEDY)
  const repeated = columns.filter((name, j) => columns.indexOf(name) < j)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return [
    ...Problem.unless(dim > 0, 'columns', '[]', 'a list of at least one', WRITE_AGAIN_REMEDY),
    ...Problem.unless(weights.length > 0, 'mixture.weights', '[]', 'a list of at least one', WRITE_AGAIN_REMEDY),
    ...list('mixture.means', means, weights.length),
    ...list('mixture.variances', variances, weights.length),
    ...means.flatMap((mean, k) => list(`mixture.means[${k}]`, mean, dim)),
    ...variances.flatMap((variance, k) => list(`mixture.variances[${k}]`, variance, dim)),
    ...(factors === undefined ? [] : list('mixture.factors', factors, weights.length)),
    ...(factors ?? []).flatMap((factor, k) =>
      Problem.unless(
        isLowerTriangle(factor, dim),
        `mixture.factors[${k}]`,
        'a list',
        `a lower triangular ${dim} × ${dim} matrix of finite numbers with a positive diagonal`,
        WRITE_AGAIN_REMEDY
      )
    ),
    ...(tails === undefined ? [] : list('mixture.tails', tails, weights.length)),
    ...(background === undefined
      ? []
      : [
          ...list('mixture.background.centre', background.centre, dim),
          ...list('mixture.background.scale', background.scale, dim)
        ]),
    // Rounding: each of K weights and K partial sums by at most 2⁻⁵³, relative.
    ...Problem.unless(!(Math.abs(total - 1) > 1e-9), 'mixture.weights', `a sum of ${total}`, '1', 'scale them'),
    ...repeated.map(name => Problem.of('columns', name, 'a name of its own', 'name each column once')),
    ...(standardization === null
      ? []
      : [
          ...list('standardization.centre', standardization.centre, dim),
          ...list('standardization.scale', standardization.scale, dim)
        ])
  ]
}

const WRITE_AGAIN_REMEDY = 'write the model again'
