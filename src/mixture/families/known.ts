/** Known parameters of a component, which are not estimated. */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { Field, Problem } from '../../core/index.js'

/** One number for all columns, or one for each. */
export type Place = number | ReadonlyArray<number>

/** A variance v of v I, variances by columns, or a matrix. */
export type Spread = Place | ReadonlyArray<ReadonlyArray<number>>

/** Fixed parameters of a component; null if estimated. */
export interface Fixed {
  readonly mean: Place | null
  readonly covariance: Spread | null
  readonly weight: number | null
}

/** Known parameters; the others are estimated. */
export interface Options {
  /** At time 0: one number per column, or one for all. */
  readonly mean?: Place
  /** At time 0: a matrix, variances by columns, or one variance for all. */
  readonly covariance?: Spread
  /** In (0, 1]; the others share the rest. */
  readonly weight?: number
}

const isList = (u: unknown): u is ReadonlyArray<unknown> => Array.isArray(u)

const isMatrixSpread = (given: Spread): given is ReadonlyArray<ReadonlyArray<number>> =>
  isList(given) && isList(given[0])

/** Frozen copy without −0, which JSON lacks. */
const frozenPlace = (given: Place): Place => (isList(given) ? Object.freeze(given.map(x => x + 0)) : given + 0)

const frozenSpread = (given: Spread): Spread =>
  isMatrixSpread(given) ? Object.freeze(given.map(row => Object.freeze(row.map(x => x + 0)))) : frozenPlace(given)

/**
 * Returns known parameters of a component, for `Score.withFixed`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Component, Score } from 'ornstein'
 *
 * // A third of all rows are known to be wide about 0; of the other two components all is learned.
 * const known = Component.fixed({ mean: 0, covariance: 25, weight: 1 / 3 })
 * const score = Score.withFixed([known])(Score.full({ components: 3 }))
 * // Two means of two numbers, two covariances of three, and how two weights share what is left.
 * assert.equal(Score.degreesOfFreedom(2)(score), 4 + 6 + 1)
 */
export const fixed = ({ mean, covariance, weight }: Options): Fixed =>
  Object.freeze({
    mean: mean === undefined ? null : frozenPlace(mean),
    covariance: covariance === undefined ? null : frozenSpread(covariance),
    weight: weight ?? null
  })

const isPlace = (u: unknown): u is Place =>
  typeof u === 'number' || (isList(u) && u.length > 0 && u.every(x => typeof x === 'number'))

const isSpread = (u: unknown): u is Spread =>
  isPlace(u) || (isList(u) && u.length > 0 && u.every(row => isPlace(row) && isList(row)))

const isFixed = (u: unknown): u is Fixed => {
  if (typeof u !== 'object' || u === null) return false
  const { mean, covariance, weight, ...more } = u as Readonly<Record<string, unknown>>
  return (
    (mean === null || isPlace(mean)) &&
    (covariance === null || isSpread(covariance)) &&
    (weight === null || typeof weight === 'number') &&
    Object.keys(more).length === 0
  )
}

const spreadEntries = (given: Spread): ReadonlyArray<number> => [given].flat(2)

/** null if it fits any number of columns. */
const fixedDim = ({ mean, covariance }: Fixed): number | null =>
  isList(mean) ? mean.length : isList(covariance) ? covariance.length : null

/** Mean as [dim]. */
export const fixedMean = (mean: Place, dim: number): Float64Array =>
  typeof mean === 'number' ? new Float64Array(dim).fill(mean) : Float64Array.from(mean)

/** Triangle, [d, d] row-major; null if not positive definite. */
export const fixedTriangle = (covariance: Spread, dim: number): Float64Array | null => {
  const variances = isMatrixSpread(covariance) ? null : fixedMean(covariance, dim)
  const flat = variances
    ? new Float64Array(dim * dim).map((_, at) => (at % (dim + 1) === 0 ? variances[at % dim] : 0))
    : Float64Array.from(spreadEntries(covariance))
  return Factor.choleskyOfCovariance(flat, dim)?.values ?? null
}

/** Checked since triangles are computed from the lower half alone. */
const isSymmetricSpread = (covariance: Spread): boolean =>
  !isMatrixSpread(covariance) ||
  (covariance.every(row => row.length === covariance.length) &&
    covariance.every((row, i) => row.every((x, j) => x === covariance[j][i])))

/** True if a component's fixed mean, covariance and weight are in their domains and of one dimension. */
const isValidFixed = (given: Fixed): boolean => {
  const { mean, covariance, weight } = given
  const isAny = mean !== null || covariance !== null || weight !== null
  const dim = fixedDim(given) ?? 1
  return (
    isAny &&
    fitsColumns(given, dim) &&
    spreadEntries(mean ?? 0).every(Number.isFinite) &&
    (covariance === null ||
      (spreadEntries(covariance).every(Number.isFinite) &&
        isSymmetricSpread(covariance) &&
        fixedTriangle(covariance, dim) !== null)) &&
    (weight === null || (weight > 0 && weight <= 1))
  )
}

const fitsColumns = ({ mean, covariance }: Fixed, dim: number): boolean =>
  [mean, covariance].every(given => !isList(given) || given.length === dim)

/** Numbers of columns to check: that of `known`, or 1 and 2 if any fits. */
export const possibleDims = (known: ReadonlyArray<Fixed>): ReadonlyArray<number> => {
  const dims = known.flatMap(one => fixedDim(one) ?? [])
  return dims.length > 0 ? dims.slice(0, 1) : [1, 2]
}

/** Problems with `dim` columns. `name` is used in messages. Default: 'known'. */
export const requirements = (
  known: ReadonlyArray<Fixed>,
  dim: number,
  name = 'known'
): ReadonlyArray<Problem.Problem> =>
  known.flatMap((one, k) =>
    Problem.unless(
      fitsColumns(one, dim),
      `${name}[${k}]`,
      show(one),
      `one of ${dim} columns, as the data have`,
      'give a number for each of these, or one for all'
    )
  )

const spreadLiteral = (given: Spread): string =>
  isList(given) ? `[${given.map(x => spreadLiteral(x as Spread)).join(', ')}]` : String(given)

const show = ({ mean, covariance, weight }: Fixed): string => {
  const parts = Object.entries({ mean, covariance, weight }).flatMap(([name, given]) =>
    given === null ? [] : [`${name}: ${spreadLiteral(given)}`]
  )
  return `Component.fixed({ ${parts.join(', ')} })`
}

/** Shows the known components as a formula. */
export const formula = (known: ReadonlyArray<Fixed>): string =>
  known
    .flatMap(({ mean, covariance, weight }, k) =>
      [['means', mean] as const, ['Σ', covariance] as const, ['π', weight] as const].flatMap(([name, given]) =>
        given === null ? [] : [`${name}_${k + 1} = ${spreadLiteral(given)}`]
      )
    )
    .join(', ')

/** Field of one `Component.fixed`. */
export const field: Field.Field<Fixed> = Field.leaf<Fixed>({
  is: isFixed,
  holds: isValidFixed,
  domain:
    'what is known of a component: a finite mean, a covariance that is symmetric and positive definite of as many columns, a weight in (0, 1], or some of these',
  remedy: 'try Component.fixed({ mean: 0, covariance: 1 })',
  show,
  arbitrary: fc =>
    fc
      .record({
        mean: fc.option(fc.integer({ min: -8, max: 8 }).map(n => n / 4)),
        covariance: fc.option(fc.integer({ min: 1, max: 32 }).map(n => n / 4)),
        weight: fc.constantFrom(0.125, 0.25)
      })
      .map(given => Object.freeze(given)),
  sample: fixed({ mean: 0, covariance: 4 })
})

/** True if a covariance [d, d] is that of a triangle up to rounding. */
export const matchesTriangle = (triangle: Float64Array, found: Float64Array, dim: number): boolean => {
  const wanted = Factor.covarianceOfFactor({ shape: [dim, dim], values: triangle }, dim).values
  return wanted.every((x, at) => {
    const i = Math.floor(at / dim)
    const j = at % dim
    const scale = Math.sqrt(wanted[i * dim + i] * wanted[j * dim + j])
    return Math.abs(x - found[at]) <= EXP_LOG_ROUNDING * scale
  })
}

/** Rounding error of a number stored as its logarithm. */
const EXP_LOG_ROUNDING = 1e-12

/** Returns |a − b|². */
export const squaredVectorDistance = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, x, j) => sum + Elementary.square(x - b[j]), 0)
