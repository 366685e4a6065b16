/**
 * A fitted mixture in the data's own units, Σ π_k N(c_k, diag v_k), c_k and v_k of length d. Columns have variances of
 * their own, since a component that is round in standardized data is not round in the data.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/elementary.js'
import { Key } from '../../lib/index.js'
import * as Mixture from '../mixture/Mixture.js'
import * as Points from '../data/index.js'

export interface Fitted {
  /** [K], summing to 1 */
  readonly weights: ReadonlyArray<number>
  /** [K][d] */
  readonly means: ReadonlyArray<ReadonlyArray<number>>
  /** [K][d], positive */
  readonly variances: ReadonlyArray<ReadonlyArray<number>>
}

/** The scaling of data that were left as they are. */
export const unscaled = (dim: number): Points.Scaling => ({
  centre: new Float64Array(dim),
  scale: new Float64Array(dim).fill(1)
})

const compare = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  const j = a.findIndex((x, j) => x !== b[j])
  return j < 0 ? 0 : a[j] - b[j]
}

/** c_k in the units of x = centre + scale · z. */
const meansOf = (
  { centre, scale }: Points.Scaling,
  { means }: Mixture.Description
): ReadonlyArray<ReadonlyArray<number>> => means.map(mean => mean.map((z, j) => centre[j] + scale[j] * z))

/**
 * The components in the order of their means in the data's units, the first column's first, so that the numbering does
 * not depend on the start. All that is said of a component by its number is said of this order.
 */
export const inOrder =
  (scaling: Points.Scaling) =>
  (mixture: Mixture.Mixture): Mixture.Mixture => {
    const { means, weights, variances } = Mixture.toDescription(mixture)
    const own = meansOf(scaling, { means })
    const order = means.map((_, k) => k).sort((k, l) => compare(own[k], own[l]))
    return {
      ...mixture,
      means: {
        shape: mixture.means.shape,
        values: Float64Array.from(order.flatMap(k => means[k]))
      },
      weights: Float64Array.from(order, k => weights[k]),
      variances: Float64Array.from(order, k => variances[k])
    }
  }

/** What was learned from scaled data, x = centre + scale · z, in the units of x, in the order of `inOrder`. */
export const ofMixture =
  (scaling: Points.Scaling) =>
  (mixture: Mixture.Mixture): Fitted => {
    const ordered = Mixture.toDescription(inOrder(scaling)(mixture))
    return {
      weights: ordered.weights,
      means: meansOf(scaling, ordered),
      variances: ordered.means.map((mean, k) =>
        mean.map((_, j) => ordered.variances[k] * Elementary.square(scaling.scale[j]))
      )
    }
  }

/** log π_k + log N(x; c_k, diag v_k) for each row and component, [rows, K] row-major. */
const logJoint = ({ rows, dim, values }: Points.Points, { weights, means, variances }: Fitted): Float64Array => {
  const count = weights.length
  const constant = weights.map(
    (weight, k) =>
      Elementary.log(weight) -
      0.5 * variances[k].reduce((sum, variance) => sum + Elementary.log(2 * Math.PI * variance), 0)
  )
  const joint = new Float64Array(rows * count)
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < count; k++) {
      let energy = 0
      for (let j = 0; j < dim; j++) energy += Elementary.square(values[i * dim + j] - means[k][j]) / variances[k][j]
      joint[i * count + k] = constant[k] - 0.5 * energy
    }
  return joint
}

const logSumExp = (values: Float64Array): number => {
  const top = values.reduce((a, b) => Math.max(a, b), -Infinity)
  return top === -Infinity
    ? top
    : top + Elementary.log(values.reduce((sum, value) => sum + Elementary.exp(value - top), 0))
}

/** log p(x) and p(k | x) for each row. */
const posterior = (
  points: Points.Points,
  fitted: Fitted
): { readonly logDensity: Float64Array; readonly responsibilities: Float64Array } => {
  const count = fitted.weights.length
  const joint = logJoint(points, fitted)
  const logDensity = new Float64Array(points.rows).map((_, i) => logSumExp(joint.subarray(i * count, (i + 1) * count)))
  return {
    logDensity,
    responsibilities: joint.map((value, at) => Elementary.exp(value - logDensity[Math.floor(at / count)]))
  }
}

/** p(k | x) for each row, as points of dimension K. */
export const responsibilities =
  (points: Points.Points) =>
  (fitted: Fitted): Points.Points => ({
    rows: points.rows,
    dim: fitted.weights.length,
    values: posterior(points, fitted).responsibilities
  })

/** The number of each row's most probable component, from 0. */
export const mostProbable =
  (points: Points.Points) =>
  (fitted: Fitted): ReadonlyArray<number> => {
    const { rows, dim, values } = responsibilities(points)(fitted)
    return Array.from({ length: rows }, (_, i) => {
      const row = values.subarray(i * dim, (i + 1) * dim)
      return row.reduce((best, p, k) => (p > row[best] ? k : best), 0)
    })
  }

export interface Statistics {
  readonly rows: number
  /** Mean of log p(x) over the rows, weighted where they carry weights. */
  readonly logLikelihood: number
  /** −2 n · logLikelihood + parameters · log n, n the total weight (Schwarz 1978). Less is better. */
  readonly bic: number
  /** Free parameters of the family; a standardization is counted as part of the data. */
  readonly parameters: number
  /** Σ p(k | x) over the rows, weighted, [K]. */
  readonly sizes: ReadonlyArray<number>
}

/** How well the mixture describes data. */
export const statistics =
  (points: Points.Points, parameters: number) =>
  (fitted: Fitted): Statistics => {
    const { logDensity, responsibilities } = posterior(points, fitted)
    const total = Points.totalWeight(points)
    const weight = (i: number): number => points.weights?.[i] ?? 1
    const logLikelihood = logDensity.reduce((sum, value, i) => sum + weight(i) * value, 0) / total
    const count = fitted.weights.length
    return {
      rows: points.rows,
      logLikelihood,
      bic: -2 * total * logLikelihood + parameters * Elementary.log(total),
      parameters,
      sizes: fitted.weights.map((_, k) => {
        let size = 0
        for (let i = 0; i < points.rows; i++) size += weight(i) * responsibilities[i * count + k]
        return size
      })
    }
  }

/** Independent rows drawn from the mixture. */
export const sample =
  (rows: number) =>
  (key: Key.Key) =>
  ({ weights, means, variances }: Fitted): Points.Points => {
    const { component, noise } = pipe(key, Key.named('component', 'noise'))
    const dim = means[0].length
    const chosen = Key.categorical(weights)(rows)(component)
    const values = Key.normal(rows * dim)(noise).map((z, at) => {
      const [k, j] = [chosen[Math.floor(at / dim)], at % dim]
      return means[k][j] + Math.sqrt(variances[k][j]) * z
    })
    return { rows, dim, values }
  }
