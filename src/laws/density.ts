/** Gaussian mixtures by textbook formulas on plain arrays, independent of the library's own. */
import type * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, Quadrature } from '../../lib/index.js'
import type { Points } from '../data/points.js'
import type { Level } from '../schedule/schedule.js'
import { type Params, Score } from '../index.js'
import * as Case from '../core/case.js'
import { sumNumbers, dotProduct } from './check.js'

export type NumberRow = ReadonlyArray<number>

export interface IsotropicGaussian {
  readonly weight: number
  readonly mean: NumberRow
  readonly variance: number
}

export type IsotropicGaussians = ReadonlyArray<IsotropicGaussian>

export const listRows = ({ rows, dim, values }: Pick<Points, 'rows' | 'dim' | 'values'>): ReadonlyArray<NumberRow> =>
  Array.from({ length: rows }, (_, i) => Array.from(values.subarray(i * dim, (i + 1) * dim)))

export const pointsFromRows = (dim: number, rows: ReadonlyArray<NumberRow>, weights?: NumberRow): Points => ({
  rows: rows.length,
  dim,
  values: Float64Array.from(rows.flat()),
  ...(weights === undefined ? {} : { weights: Float64Array.from(weights) })
})

const matrixRows = ({ shape: [rows, dim], values }: Params.Params<string>[string]): ReadonlyArray<NumberRow> =>
  listRows({ rows, dim, values })

export const scaleRow = (factor: number, x: NumberRow): NumberRow => x.map(value => factor * value)
export const addRows = (x: NumberRow, y: NumberRow): NumberRow => x.map((value, j) => value + y[j])
export const subtractRows = (x: NumberRow, y: NumberRow): NumberRow => x.map((value, j) => value - y[j])

/** Σ weight · row */
export const weightedRowSum = (weights: NumberRow, rows: ReadonlyArray<NumberRow>, dim: number): NumberRow =>
  Array.from({ length: dim }, (_, j) => rows.reduce((sum, row, i) => sum + weights[i] * row[j], 0))

type MixtureOf = (params: Params.Params<string>) => IsotropicGaussians

const byTextbook = Case.firstRule<MixtureOf>(
  Case.when(Score.symmetricPair, () => ({ mean }: Params.Params<string>) => {
    const centre = Array.from(mean.values)
    return [centre, scaleRow(-1, centre)].map(mean => ({ weight: 1 / 2, mean, variance: 1 }))
  }),
  Case.when(
    Score.spherical,
    () =>
      ({ means }: Params.Params<string>) =>
        matrixRows(means).map(mean => ({ weight: 1 / means.shape[0], mean, variance: 1 }))
  ),
  Case.when(Score.isotropic, () => ({ means, logits, logVariances }: Params.Params<string>) => {
    const masses = Array.from(logits.values, Elementary.exp)
    const total = sumNumbers(masses)
    return matrixRows(means).map((mean, k) => ({
      weight: masses[k] / total,
      mean,
      variance: Elementary.exp(logVariances.values[k])
    }))
  })
)

/** Isotropic mixture at time 0 with the given parameters; none if the textbook lacks the family. */
export const textbookMixture = <P extends string>(
  score: Score.Score<P>
): O.Option<(params: Params.Params<P>) => IsotropicGaussians> => byTextbook(score)

/** Draws rows from a mixture. */
export const sample =
  (mixture: IsotropicGaussians, rows: number) =>
  (key: Key.Key): Points => {
    const dim = mixture[0].mean.length
    const keys = pipe(key, Key.named('label', 'normal'))
    const shares = mixture.map((_, k) => mixture.slice(0, k + 1).reduce((sum, { weight }) => sum + weight, 0))
    const normals = Key.normal(rows * dim)(keys.normal)
    // The last may be 1 − rounding.
    const labels = Array.from(Key.uniform(rows)(keys.label), u => {
      const label = shares.findIndex(share => u < share)
      return label < 0 ? mixture.length - 1 : label
    })
    return pointsFromRows(
      dim,
      labels.map((k, i) => mixture[k].mean.map((c, j) => c + Math.sqrt(mixture[k].variance) * normals[i * dim + j]))
    )
  }

/** Distribution of αx + σz. */
export const noisedMixture =
  ({ alpha, sigma }: Level) =>
  (mixture: IsotropicGaussians): IsotropicGaussians =>
    mixture.map(({ weight, mean, variance }) => ({
      weight,
      mean: scaleRow(alpha, mean),
      variance: Elementary.square(alpha) * variance + Elementary.square(sigma)
    }))

/** log(weight · density) of each component at x. */
export const logJointDensities =
  (x: NumberRow) =>
  (mixture: IsotropicGaussians): NumberRow =>
    mixture.map(({ weight, mean, variance }) => {
      const off = subtractRows(x, mean)
      return (
        Elementary.log(weight) -
        (x.length * Elementary.log(2 * Math.PI * variance) + dotProduct(off, off) / variance) / 2
      )
    })

const maxOfRow = (values: NumberRow): number => values.reduce((a, b) => Math.max(a, b), -Infinity)

export const textbookLogDensity =
  (x: NumberRow) =>
  (mixture: IsotropicGaussians): number => {
    const logs = logJointDensities(x)(mixture)
    const most = maxOfRow(logs)
    return most + Elementary.log(logs.reduce((sum, value) => sum + Elementary.exp(value - most), 0))
  }

/** p(k | x) */
export const textbookResponsibilities =
  (x: NumberRow) =>
  (mixture: IsotropicGaussians): NumberRow => {
    const logs = logJointDensities(x)(mixture)
    const most = maxOfRow(logs)
    const masses = logs.map(value => Elementary.exp(value - most))
    const total = sumNumbers(masses)
    return masses.map(mass => mass / total)
  }

export type NormalRule = Quadrature.Rule

/** Gauss–Hermite rule, exact for polynomials of degree ≤ 2 nodes − 1. */
export const hermiteRule: (nodes: number) => NormalRule = Quadrature.gaussHermite

/** Equal steps h over [−7.5, 7.5] (mass outside: 6e-14). For f analytic within d of the real line the error is exp(−2πd/h). */
export const equalStepRule = (nodes: number): NormalRule => {
  const grid = Float64Array.from({ length: nodes }, (_, i) => 15 * ((i + 0.5) / nodes - 0.5))
  const densities = grid.map(x => Elementary.exp((-x * x) / 2))
  const total = sumNumbers(densities)
  return { nodes: grid, weights: densities.map(density => density / total) }
}

/** Product rule of nodes^dim points of N(0, I). */
const normalRule = (
  { nodes, weights }: NormalRule,
  dim: number
): ReadonlyArray<{ readonly z: NumberRow; readonly weight: number }> =>
  Array.from({ length: dim }).reduce<ReadonlyArray<{ readonly z: NumberRow; readonly weight: number }>>(
    grid =>
      grid.flatMap(({ z, weight }) =>
        Array.from(nodes, (node, i) => ({ z: [...z, node], weight: weight * weights[i] }))
      ),
    [{ z: [], weight: 1 }]
  )

/** The mixture as weighted points, by a product rule. */
export const quadraturePoints = (mixture: IsotropicGaussians, of: NormalRule): Points => {
  const dim = mixture[0].mean.length
  const rule = normalRule(of, dim)
  const rows = mixture.flatMap(({ weight, mean, variance }) =>
    rule.map(({ z, weight: w }) => ({ x: addRows(mean, scaleRow(Math.sqrt(variance), z)), weight: weight * w }))
  )
  return pointsFromRows(
    dim,
    rows.map(({ x }) => x),
    rows.map(({ weight }) => weight)
  )
}

/** Weighted pairs of every row with every node of z. */
export const pairWithNoiseNodes = (
  data: Points,
  of: NormalRule
): { readonly points: Points; readonly noise: Points } => {
  const rule = normalRule(of, data.dim)
  const rows = listRows(data).flatMap((x, i) =>
    rule.map(({ z, weight }) => ({ x, z, weight: (data.weights?.[i] ?? 1) * weight }))
  )
  return {
    points: pointsFromRows(
      data.dim,
      rows.map(({ x }) => x),
      rows.map(({ weight }) => weight)
    ),
    noise: pointsFromRows(
      data.dim,
      rows.map(({ z }) => z)
    )
  }
}
