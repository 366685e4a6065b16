/**
 * Rows with missing cells, which hold NaN: what is asked of a mixture is asked of the columns that a row has, and
 * expectation–maximization takes the others by their conditional moments (Ghahramani & Jordan 1994). That is the likelihood of what was
 * seen, and is right where cells are missing for no reason in themselves (at random, Rubin 1976).
 *
 * Of a row with columns o and without columns m, component k says N(c_o, Σ_oo) of what there is, and of what is not: its mean is
 * c_m + L_mo y, y = L_oo⁻¹(x_o − c_o), and its covariance L_mm L_mmᵀ, with L the triangle of Σ whose rows o come first. Σ is never formed.
 */
import * as Elementary from '../../../lib/elementary.js'
import { hasNaN } from '../../../lib/byColumn.js'
import * as Factor from '../../../lib/factor.js'
import { iterate } from '../../../lib/iterate.js'
import * as Key from '../../../lib/key.js'
import { factorsOf } from '../draw.js'
import { widthOf, type Found } from './moments.js'
import type * as Mixture from '../Mixture.js'
import type { Second } from '../../score/family.js'
import * as Points from '../../data/Points.js'

/** Whether a cell is missing. */
export const has = ({ values }: Points.Points): boolean => hasNaN(values)

/** Rows that miss the same columns. */
interface Pattern {
  readonly observed: ReadonlyArray<number>
  readonly missing: ReadonlyArray<number>
  readonly rows: ReadonlyArray<number>
}

/** The patterns of the rows, in the order in which they come. */
const patternsOf = ({ rows, dim, values }: Points.Points): ReadonlyArray<Pattern> => {
  const found = new Map<string, { readonly missing: ReadonlyArray<number>; readonly rows: number[] }>()
  for (let i = 0; i < rows; i++) {
    const missing: number[] = []
    for (let j = 0; j < dim; j++) if (Number.isNaN(values[i * dim + j])) missing.push(j)
    const word = missing.join()
    const same = found.get(word)
    if (same === undefined) found.set(word, { missing, rows: [i] })
    else same.rows.push(i)
  }
  const columns = Array.from({ length: dim }, (_, j) => j)
  return [...found.values()].map(({ missing, rows }) => ({
    missing,
    rows,
    observed: columns.filter(j => !missing.includes(j))
  }))
}

/** L of the columns in an order, [d, d]. */
const ordered = (factor: ReturnType<typeof factorsOf>[number], order: ReadonlyArray<number>): Float64Array => {
  const dim = order.length
  const { values } = Factor.triangle(factor, dim)
  const turned = new Float64Array(dim * dim).map((_, at) => values[order[Math.floor(at / dim)] * dim + (at % dim)])
  return Factor.sum([{ shape: [dim, dim], values: turned }], dim).values
}

/** A component as the rows of a pattern see it. */
interface Seen {
  /** log π − log |L_oo| − (|o|/2) log 2π */
  readonly constant: number
  readonly centre: Float64Array
  /** Of the columns that are there before those that are not. */
  readonly triangle: Float64Array
}

const seenOf = (mixture: Mixture.Mixture, { observed, missing }: Pattern): ReadonlyArray<Seen> => {
  const [, dim] = mixture.means.shape
  const order = [...observed, ...missing]
  return factorsOf(mixture).map((factor, k) => {
    const triangle = ordered(factor, order)
    const logRoot = observed.reduce((sum, _, i) => sum + Elementary.log(triangle[i * (dim + 1)]), 0)
    return {
      constant:
        Elementary.log(Math.max(mixture.weights[k], Number.MIN_VALUE)) -
        logRoot -
        (observed.length / 2) * Elementary.log(2 * Math.PI),
      centre: Float64Array.from(order, j => mixture.means.values[k * dim + j]),
      triangle
    }
  })
}

/** y = L_oo⁻¹(x_o − c_o) of a row into `out`, and |y|². */
const whiten = (
  { centre, triangle }: Seen,
  observed: ReadonlyArray<number>,
  { dim, values }: Points.Points,
  row: number,
  out: Float64Array
): number => {
  let squared = 0
  for (let i = 0; i < observed.length; i++) {
    let rest = values[row * dim + observed[i]] - centre[i]
    for (let j = 0; j < i; j++) rest -= triangle[i * dim + j] * out[j]
    const y = rest / triangle[i * (dim + 1)]
    out[i] = y
    squared += y * y
  }
  return squared
}

/** What rows ask of a mixture, of the columns that they have. */
export interface Asked {
  /** log π_k N(x_o; c_o, Σ_oo), one list a component, [rows] each. */
  readonly logs: ReadonlyArray<Float64Array>
  /** |L_oo⁻¹(x_o − c_o)|², [rows, K] */
  readonly squared: Float64Array
  /** How many columns each row has, [rows]. */
  readonly columns: Uint32Array
}

/** The same for all rows, pattern by pattern. */
export const asked = (mixture: Mixture.Mixture, points: Points.Points): Asked => {
  const count = mixture.weights.length
  const logs = Array.from(mixture.weights, () => new Float64Array(points.rows))
  const squared = new Float64Array(points.rows * count)
  const columns = new Uint32Array(points.rows)
  const y = new Float64Array(points.dim)
  for (const pattern of patternsOf(points)) {
    const seen = seenOf(mixture, pattern)
    for (const row of pattern.rows) {
      columns[row] = pattern.observed.length
      seen.forEach((one, k) => {
        const length = whiten(one, pattern.observed, points, row, y)
        squared[row * count + k] = length
        logs[k][row] = one.constant - length / 2
      })
    }
  }
  return { logs, squared, columns }
}

/**
 * The E-step of rows whose weights sum to 1: −Σ w log p(x_o), and the moments of δ = x − c_k with the cells that are missing by their
 * conditional means and covariances.
 */
export const moments = (
  second: Second,
  points: Points.Points,
  weights: Float64Array
): ((mixture: Mixture.Mixture) => Found) => {
  // They are the same at every step.
  const patterns = patternsOf(points)
  return mixture => momentsOf(mixture, second, points, weights, patterns)
}

const momentsOf = (
  mixture: Mixture.Mixture,
  second: Second,
  points: Points.Points,
  weights: Float64Array,
  patterns: ReadonlyArray<Pattern>
): Found => {
  const { dim } = points
  const count = mixture.weights.length
  const per = widthOf(second, dim)
  const [isFull, isDiagonal, isTrace] = [second === 'full', second === 'diagonal', second === 'trace']
  const mass = new Float64Array(count)
  const sums = new Float64Array(count * dim)
  const out = new Float64Array(count * per)
  const whites = mixture.weights.reduce<ReadonlyArray<Float64Array>>(all => [...all, new Float64Array(dim)], [])
  const logs = new Float64Array(count)
  const delta = new Float64Array(dim)
  let value = 0
  /** A product of deviations of two columns, or of a covariance's entry, i before j or the same. */
  const put = (k: number, i: number, j: number, product: number): void => {
    if (isFull) {
      out[k * per + i * dim + j] += product
      if (i !== j) out[k * per + j * dim + i] += product
    } else if (i === j) {
      if (isDiagonal) out[k * per + i] += product
      else if (isTrace) out[k] += product
    }
  }
  for (const pattern of patterns) {
    const { observed, missing, rows } = pattern
    const seen = seenOf(mixture, pattern)
    const held = new Float64Array(count)
    for (const row of rows) {
      let top = -Infinity
      seen.forEach((one, k) => {
        logs[k] = one.constant - whiten(one, observed, points, row, whites[k]) / 2
        top = Math.max(top, logs[k])
      })
      const total = logs.reduce((sum, log) => sum + Elementary.exp(log - top), 0)
      value -= weights[row] * (top + Elementary.log(total))
      seen.forEach(({ centre, triangle }, k) => {
        const r = (weights[row] * Elementary.exp(logs[k] - top)) / total
        if (r === 0) return
        mass[k] += r
        held[k] += r
        observed.forEach((j, i) => {
          delta[j] = points.values[row * dim + j] - centre[i]
        })
        missing.forEach((j, i) => {
          const from = (observed.length + i) * dim
          let mean = 0
          for (let a = 0; a < observed.length; a++) mean += triangle[from + a] * whites[k][a]
          delta[j] = mean
        })
        for (let i = 0; i < dim; i++) {
          sums[k * dim + i] += r * delta[i]
          if (isFull) for (let j = i; j < dim; j++) put(k, i, j, r * delta[i] * delta[j])
          else put(k, i, i, r * delta[i] * delta[i])
        }
      })
    }
    // The conditional covariance is that of all rows of the pattern.
    seen.forEach(({ triangle }, k) => {
      missing.forEach((column, i) => {
        const from = (observed.length + i) * dim + observed.length
        missing.slice(0, i + 1).forEach((other, j) => {
          const to = (observed.length + j) * dim + observed.length
          let covariance = 0
          for (let a = 0; a <= j; a++) covariance += triangle[from + a] * triangle[to + a]
          put(k, other, column, held[k] * covariance)
        })
      })
    })
  }
  return { value, mass, sums, second: out }
}

/** The columns without a number. */
export const emptyColumns = ({ rows, dim, values }: Points.Points): ReadonlyArray<number> =>
  Array.from({ length: dim }, (_, j) => j).filter(j =>
    new Uint8Array(rows).every((_, i) => Number.isNaN(values[i * dim + j]))
  )

/** The numbers of a column that are there, as points of one column. */
const column = ({ rows, dim, values, weights }: Points.Points, j: number): Points.Points => {
  const there = Array.from({ length: rows }, (_, i) => i).filter(i => !Number.isNaN(values[i * dim + j]))
  return {
    rows: there.length,
    dim: 1,
    values: Float64Array.from(there, i => values[i * dim + j]),
    ...(weights && { weights: Float64Array.from(there, i => weights[i]) })
  }
}

/** `Points.standardize` by the numbers that are there; each column has one. */
export const standardize = (points: Points.Points): Points.Scaling & { readonly points: Points.Points } => {
  const { dim } = points
  const scalings = Array.from({ length: dim }, (_, j) => Points.standardize(column(points, j)))
  const centre = Float64Array.from(scalings, ({ centre }) => centre[0])
  const scale = Float64Array.from(scalings, ({ scale }) => scale[0])
  return { points: Points.inUnits({ centre, scale })(points), centre, scale }
}

/** Steps of a single Gaussian, and the change of its likelihood a row at which they end. */
const STEPS = 200
const STILL = 1e-8

/** Of a standardized column, a variance is no less. */
const LEAST = 1e-6

/** The single Gaussian that is likeliest by standardized points with missing cells. */
const single = (points: Points.Points): Mixture.Mixture => {
  const { dim } = points
  const weights = Points.weightsOf(points)
  const start: Mixture.Mixture = {
    means: { shape: [1, dim], values: new Float64Array(dim) },
    weights: Float64Array.of(1),
    variances: new Float64Array(dim).fill(1),
    factors: null
  }
  const momentsAt = moments('full', points, weights)
  return iterate<{ readonly mixture: Mixture.Mixture; readonly last: number; readonly left: number }>(
    { mixture: start, last: Infinity, left: STEPS },
    ({ mixture, last, left }) => {
      if (left === 0) return null
      const { value, sums, second } = momentsAt(mixture)
      if (last - value < STILL) return null
      const scatter = second.map((s, at) => s - sums[Math.floor(at / dim)] * sums[at % dim])
      const factor = Factor.ofClipped(scatter, dim, { less: 0, above: LEAST })
      return {
        mixture: {
          ...mixture,
          means: { shape: [1, dim], values: mixture.means.values.map((c, j) => c + sums[j]) },
          variances: Factor.covariance(factor, dim).values.filter((_, at) => at % (dim + 1) === 0),
          factors: { shape: [1, dim, dim], values: factor.values }
        },
        last: value,
        left: left - 1
      }
    }
  ).mixture
}

/** Missing cells put where the single Gaussian that is likeliest has their mean given the row, and so much noise about it. */
const filled = (points: Points.Points, noise: ((size: number) => Float64Array) | null): Points.Points => {
  if (!has(points)) return points
  const { dim } = points
  const { points: scaled, centre, scale } = standardize(points)
  const mixture = single(scaled)
  const values = points.values.slice()
  const z = noise?.(values.length) ?? new Float64Array(values.length)
  const y = new Float64Array(dim)
  for (const pattern of patternsOf(scaled)) {
    const { observed, missing, rows } = pattern
    const [{ triangle, centre: means }] = seenOf(mixture, pattern)
    const there = observed.length
    for (const row of rows) {
      whiten({ constant: 0, triangle, centre: means }, observed, scaled, row, y)
      missing.forEach((j, i) => {
        const from = (there + i) * dim
        const mean = observed.reduce((sum, _, a) => sum + triangle[from + a] * y[a], means[there + i])
        const drawn = missing
          .slice(0, i + 1)
          .reduce((sum, other, a) => sum + triangle[from + there + a] * z[row * dim + other], mean)
        values[row * dim + j] = centre[j] + scale[j] * drawn
      })
    }
  }
  return { ...points, values }
}

/**
 * The points with each missing cell at its mean given the rest of its row, under the single Gaussian that is likeliest: for
 * pictures. Learned from as if they had been seen, such cells make components too narrow.
 */
export const completed = (points: Points.Points): Points.Points => filled(points, null)

/** The same with the noise that the single Gaussian has about such means. */
export const drawn =
  (key: Key.Key) =>
  (points: Points.Points): Points.Points =>
    filled(points, size => Key.normal(size)(key))

/** The rows that miss nothing. */
export const wholeRows = ({ rows, dim, values }: Points.Points): ReadonlyArray<number> =>
  Array.from({ length: rows }, (_, i) => i).filter(i => !values.subarray(i * dim, (i + 1) * dim).some(Number.isNaN))
