/**
 * The file of a model except for its pipeline: its form, what it must hold beyond that, and its mixture. With nothing of the language at
 * hand, so that `sample` starts at once.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { concatenated } from '../../lib/arrays/ndarray.js'
import * as json from '../core/json.js'
import * as Problem from '../core/problem.js'
import type { Mixture } from '../mixture/mixtureData.js'
import { besideOfLists, normalized } from '../mixture/component.js'
import { format, version } from './format.js'

type Numbers = ReadonlyArray<number>
type Rows = ReadonlyArray<Numbers>

const numbers = t.readonlyArray(t.number)
const rows = t.readonlyArray(numbers)

/** Its fields, except for the pipeline. */
export const fields = {
  format: t.literal(format),
  version: t.literal(version),
  family: t.string,
  columns: t.readonlyArray(t.string),
  mixture: t.intersection([
    t.type({ weights: numbers, means: rows, variances: rows }),
    t.partial({
      factors: t.readonlyArray(rows),
      fixed: numbers,
      tails: t.readonlyArray(t.union([t.number, t.null])),
      background: t.type({
        share: t.number,
        shape: t.keyof({ cauchy: null, box: null }),
        centre: numbers,
        scale: numbers
      })
    })
  ]),
  standardization: t.union([t.type({ centre: numbers, scale: numbers }), t.null]),
  seed: t.number,
  recipe: t.string,
  fit: t.union([
    t.null,
    t.intersection([
      t.type({
        rows: t.number,
        logLikelihood: t.number,
        bic: t.number,
        parameters: t.number,
        steps: t.number,
        converged: t.boolean
      }),
      t.partial({ prior: t.number })
    ])
  ])
}

const body = t.type(fields)
export type Body = t.TypeOf<typeof body>

/** Whether JSON claims to be a score that is no mixture. */
export const isScore = t.type({ format: t.literal('ornstein-score') })
const isModel = t.type({ format: t.literal(format), version: t.unknown })

/** Whether JSON claims to be a model, of whatever version. */
export const claims = (value: unknown): boolean => isModel.is(value)

/** A model in a form that has at least these fields. In messages its file is `path`, which is given as `argument`. */
export const decode =
  <A extends Body>(form: t.Type<A, unknown>, path: string, argument: string) =>
  (value: unknown): E.Either<Problem.Problems, A> => {
    if (isScore.is(value))
      return E.left([
        Problem.of(argument, path, 'a mixture, but a score that has no components', 'use ornstein sample or evaluate')
      ])
    if (!isModel.is(value)) {
      const domain = `a model (its format is not ${format})`
      return E.left([Problem.of(argument, path, domain, 'write one with ornstein fit --out')])
    }
    if (value.version !== version)
      return E.left([
        Problem.of(
          `${path}, version`,
          JSON.stringify(value.version),
          `${version}, which this program reads`,
          'use the ornstein that wrote it, or fit again'
        )
      ])
    return pipe(
      value,
      json.decode(form, path),
      E.flatMap(model => Problem.faultless(problems(model).map(Problem.inside(path)), model))
    )
  }

/** The same without a look at how it was learned. */
export const read = (path: string, argument: string): ((value: unknown) => E.Either<Problem.Problems, Body>) =>
  decode(t.type({ ...fields, pipeline: t.UnknownRecord }), path, argument)

/** The mixture of a model that was read, whose lists fit each other. */
export const mixtureOf = ({ columns, mixture: { weights, means, variances, factors, ...beside } }: Body): Mixture => {
  const count = weights.length
  const dim = columns.length
  return {
    means: { shape: [count, dim], values: Float64Array.from(means.flat()) },
    weights: normalized(weights),
    variances: Float64Array.from(variances.flat()),
    factors:
      factors === undefined
        ? null
        : { shape: [count, dim, dim], values: concatenated(factors.map(rows => Float64Array.from(rows.flat()))) },
    ...besideOfLists(beside)
  }
}

const isTriangle = (rows: Rows, dim: number): boolean =>
  rows.length === dim &&
  rows.every(
    (row, i) =>
      row.length === dim &&
      row.every((x, j) => (j < i ? Number.isFinite(x) : j === i ? x > 0 && x < Infinity : x === 0))
  )

/** What JSON cannot say of a model: that its lists fit each other. */
const problems = ({
  columns,
  mixture: { weights, means, variances, factors, tails, background },
  standardization,
  seed,
  fit
}: Body): ReadonlyArray<Problem.Problem> => {
  const dim = columns.length
  const list = (field: string, found: number, wanted: number): ReadonlyArray<Problem.Problem> =>
    Problem.unless(found === wanted, field, `a list of ${found}`, `a list of ${wanted}`, 'write the model again')
  const all = (
    field: string,
    values: ReadonlyArray<number>,
    holds: (x: number) => boolean,
    domain: string
  ): ReadonlyArray<Problem.Problem> =>
    values.flatMap((value, i) =>
      Problem.unless(
        holds(value),
        field.startsWith('fit.') ? field : `${field}[${i}]`,
        value,
        domain,
        'write the model again'
      )
    )
  const isFinite = (x: number): boolean => Number.isFinite(x)
  const isPositive = (x: number): boolean => x > 0 && x < Infinity
  const whole = (field: string, value: number): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      Number.isSafeInteger(value) && value >= 0,
      field,
      value,
      'a whole number ≥ 0',
      'write the model again'
    )
  const ofFit = (fit: NonNullable<Body['fit']>): ReadonlyArray<Problem.Problem> => [
    ...(['rows', 'parameters', 'steps'] as const).flatMap(name => whole(`fit.${name}`, fit[name])),
    ...(['logLikelihood', 'bic'] as const).flatMap(name =>
      all(`fit.${name}`, [fit[name]], isFinite, 'a finite number')
    ),
    ...all('fit.prior', fit.prior === undefined ? [] : [fit.prior], isPositive, '> 0 and finite')
  ]
  const repeated = columns.filter((name, j) => columns.indexOf(name) < j)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return [
    ...Problem.unless(dim > 0, 'columns', '[]', 'a list of at least one', 'write the model again'),
    ...Problem.unless(weights.length > 0, 'mixture.weights', '[]', 'a list of at least one', 'write the model again'),
    ...list('mixture.means', means.length, weights.length),
    ...list('mixture.variances', variances.length, weights.length),
    ...means.flatMap((mean, k) => list(`mixture.means[${k}]`, mean.length, dim)),
    ...variances.flatMap((variance, k) => list(`mixture.variances[${k}]`, variance.length, dim)),
    ...(factors === undefined
      ? []
      : [
          ...list('mixture.factors', factors.length, weights.length),
          ...factors.flatMap((factor, k) =>
            Problem.unless(
              isTriangle(factor, dim),
              `mixture.factors[${k}]`,
              'a list',
              `a lower triangular ${dim} × ${dim} matrix of finite numbers with a positive diagonal`,
              'write the model again'
            )
          )
        ]),
    ...(tails === undefined
      ? []
      : [
          ...list('mixture.tails', tails.length, weights.length),
          ...all(
            'mixture.tails',
            tails.filter(nu => nu !== null),
            isPositive,
            '> 0 and finite'
          )
        ]),
    ...(background === undefined
      ? []
      : [
          ...all('mixture.background.share', [background.share], share => share >= 0 && share < 1, 'in [0, 1)'),
          ...list('mixture.background.centre', background.centre.length, dim),
          ...list('mixture.background.scale', background.scale.length, dim),
          ...all('mixture.background.centre', background.centre, isFinite, 'a finite number'),
          ...all('mixture.background.scale', background.scale, isPositive, '> 0 and finite')
        ]),
    ...all('mixture.weights', weights, weight => weight >= 0, '≥ 0'),
    // Each of K weights is rounded to 2⁻⁵³ of itself at most, and so are the K sums.
    ...Problem.unless(!(Math.abs(total - 1) > 1e-9), 'mixture.weights', `a sum of ${total}`, '1', 'scale them'),
    ...means.flatMap((mean, k) => all(`mixture.means[${k}]`, mean, isFinite, 'a finite number')),
    ...variances.flatMap((variance, k) => all(`mixture.variances[${k}]`, variance, isPositive, '> 0 and finite')),
    ...repeated.map(name => Problem.of('columns', name, 'a name of its own', 'name each column once')),
    ...whole('seed', seed),
    ...(fit === null ? [] : ofFit(fit)),
    ...(standardization === null
      ? []
      : [
          ...list('standardization.centre', standardization.centre.length, dim),
          ...list('standardization.scale', standardization.scale.length, dim),
          ...all('standardization.centre', standardization.centre, isFinite, 'a finite number'),
          ...all('standardization.scale', standardization.scale, isPositive, '> 0 and finite')
        ])
  ]
}
