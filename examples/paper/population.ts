/**
 * Means over a law, and over noise, as weighted rows: every row meets every node of a product of Gauss–Hermite rules, so
 * that a loss is a finite sum without sampling error, and its minimiser is found by deterministic methods.
 */
import { type Mixture, type Points } from 'ornstein'
import { Quadrature } from 'ornstein/float64'

export interface Met {
  readonly points: Points.Points
  /** For `Expectation.fixed`: row i of the points meets row i of the noise. */
  readonly noise: Points.Points
}

/** Node `index` of the product rule in `dim` dimensions, coordinate j: digit j of the index in base `count`. */
const digit = (index: number, j: number, count: number): number => Math.floor(index / count ** j) % count

/** The product rule. */
export const product = (dim: number, count: number): Points.Points & { readonly weights: Float64Array } => {
  const { nodes, weights } = Quadrature.gaussHermite(count)
  const rows = count ** dim
  return {
    rows,
    dim,
    values: new Float64Array(rows * dim).map((_, at) => nodes[digit(Math.floor(at / dim), at % dim, count)]),
    weights: new Float64Array(rows).map((_, i) =>
      Array.from({ length: dim }, (_, j) => weights[digit(i, j, count)]).reduce((a, b) => a * b, 1)
    )
  }
}

/** Each row beside each node of the noise, weighted by the node. */
export const meeting = (count: number, { rows, dim, values, weights }: Points.Points): Met => {
  const nodes = product(dim, count)
  const all = rows * nodes.rows
  return {
    points: {
      rows: all,
      dim,
      values: new Float64Array(all * dim).map(
        (_, at) => values[Math.floor(at / (nodes.rows * dim)) * dim + (at % dim)]
      ),
      weights: new Float64Array(all).map(
        (_, i) => (weights?.[Math.floor(i / nodes.rows)] ?? 1) * nodes.weights[i % nodes.rows]
      )
    },
    noise: {
      rows: all,
      dim,
      values: new Float64Array(all * dim).map((_, at) => nodes.values[at % nodes.values.length])
    }
  }
}

/** A mixture itself, without noise: as many rows a component as the product rule has nodes. */
export const lawOf = (count: number, { means, weights, variances }: Mixture.Mixture): Points.Points => {
  const [components, dim] = means.shape
  const nodes = product(dim, count)
  return {
    rows: components * nodes.rows,
    dim,
    values: new Float64Array(components * nodes.values.length).map((_, at) => {
      const k = Math.floor(at / nodes.values.length)
      return means.values[k * dim + (at % dim)] + Math.sqrt(variances[k]) * nodes.values[at % nodes.values.length]
    }),
    weights: new Float64Array(components * nodes.rows).map(
      (_, i) => weights[Math.floor(i / nodes.rows)] * nodes.weights[i % nodes.rows]
    )
  }
}

/** The mixture at time 0 and the noise: what a loss is in population. */
export const population = (count: number, mixture: Mixture.Mixture): Met => meeting(count, lawOf(count, mixture))
