/** What a model file must hold, beyond its JSON: asked with nothing of the language at hand. */
import * as Problem from '../core/problem.js'
import type { Written } from '../fit/written.js'

type Numbers = ReadonlyArray<number>
type Rows = ReadonlyArray<Numbers>

/** A model without its pipeline. */
export type Body = Pick<Written<unknown>, 'columns' | 'mixture' | 'standardization' | 'seed'> & {
  readonly fit: Omit<NonNullable<Written<unknown>['fit']>, 'converged'> | null
}

const isTriangle = (rows: Rows, dim: number): boolean =>
  rows.length === dim &&
  rows.every(
    (row, i) =>
      row.length === dim &&
      row.every((x, j) => (j < i ? Number.isFinite(x) : j === i ? x > 0 && x < Infinity : x === 0))
  )

/** What JSON cannot say of a model: that its lists fit each other. */
export const problems = ({
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
