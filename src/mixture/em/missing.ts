/**
 * Rows with missing cells, which hold NaN: what is asked of a mixture is asked of the columns that a row has, and
 * expectation–maximization takes the others by their conditional moments (Ghahramani & Jordan 1994). That is the likelihood of what was
 * seen, and is right where cells are missing for no reason in themselves (at random, Rubin 1976).
 *
 * Of a row with columns o and without columns m, component k says N(c_o, Σ_oo) of what there is, and of what is not: its mean is
 * c_m + L_mo y, y = L_oo⁻¹(x_o − c_o), and its covariance L_mm L_mmᵀ, with L the triangle of Σ whose rows o come first. Σ is never formed.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import { hasNaN } from '../../../lib/rows/byColumn.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { iterate, mapped } from '../../../lib/plain/iterate.js'
import * as Key from '../../../lib/random/key.js'
import { refuse } from '../../../lib/plain/refuse.js'
import * as Stretches from '../../../lib/rows/stretches.js'
import { factorsOf } from '../draw.js'
import { widthOf, type Sums } from './moments.js'
import type { Mixture } from '../../family/mixtureData.js'
import type { Second } from '../../family/family.js'
import * as Points from '../../data/points.js'
import * as Source from '../../data/source/source.js'

/** Whether a cell is missing. */
export const has = (data: Source.Data): boolean => (Source.isSource(data) ? data.misses === true : hasNaN(data.values))

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
interface SeenByPattern {
  /** log π − log |L_oo| − (|o|/2) log 2π */
  readonly constant: number
  readonly centre: Float64Array
  /** Of the columns that are there before those that are not. */
  readonly triangle: Float64Array
}

const seenOf = (mixture: Mixture, { observed, missing }: Pattern): ReadonlyArray<SeenByPattern> => {
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
  { centre, triangle }: SeenByPattern,
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
export interface Density {
  /** log π_k N(x_o; c_o, Σ_oo), one list a component, [rows] each. */
  readonly logs: ReadonlyArray<Float64Array>
  /** |L_oo⁻¹(x_o − c_o)|², [rows, K] */
  readonly squared: Float64Array
  /** How many columns each row has, [rows]. */
  readonly columns: Uint32Array
}

/** The same for all rows, pattern by pattern. */
export const asked = (mixture: Mixture, points: Points.Points): Density => {
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

/** log Σ_k exp, row after row. */
export const logSums = (logs: ReadonlyArray<Float64Array>): Float64Array =>
  logs[0].map((_, i) => {
    const top = logs.reduce((most, log) => Math.max(most, log[i]), -Infinity)
    return top + Elementary.log(logs.reduce((sum, log) => sum + Elementary.exp(log[i] - top), 0))
  })

/** p(k | x), [rows, K]. */
export const shares = (logs: ReadonlyArray<Float64Array>): Float64Array => {
  const [count, sums] = [logs.length, logSums(logs)]
  return new Float64Array(sums.length * count).map((_, at) => {
    const i = Math.floor(at / count)
    return Elementary.exp(logs[at % count][i] - sums[i])
  })
}

/** Σ w log p(x), Σ −w log max_k p(k | x) and Σ w p(k | x), [K], by what rows have. */
export const described = (
  mixture: Mixture,
  data: Source.Data
): { readonly density: number; readonly doubt: number; readonly sizes: Float64Array } => {
  const sizes = new Float64Array(mixture.weights.length)
  let [density, doubt] = [0, 0]
  pipe(
    Source.from(data),
    Source.each(points => {
      const { logs } = asked(mixture, points)
      const [densities, all] = [logSums(logs), shares(logs)]
      densities.forEach((log, i) => {
        const weight = points.weights?.[i] ?? 1
        const own = all.subarray(i * sizes.length, (i + 1) * sizes.length)
        density += weight * log
        doubt -= weight * Elementary.log(own.reduce((a, b) => Math.max(a, b)))
        own.forEach((share, k) => {
          sizes[k] += weight * share
        })
      })
    })
  )
  return { density, doubt, sizes }
}

/** Rows whose patterns are looked at together: what they sum is added up block after block, in memory too. */
const BLOCK = 1 << 16

/** Some of the rows, by their patterns. */
interface Block {
  readonly points: Points.Points
  /** Of all rows they sum to 1. */
  readonly weights: Float64Array
  readonly patterns: ReadonlyArray<Pattern>
}

const blocksOf = (data: Source.Data): Iterable<Block> => {
  const source = Source.from(data)
  const { rows, total } = source
  const blocks = mapped(Source.pieces(source, BLOCK), points => ({
    points,
    weights: points.weights?.map(w => w / total) ?? new Float64Array(points.rows).fill(1 / rows),
    patterns: patternsOf(points)
  }))
  // In memory they are the same at every step.
  return Source.isSource(data) ? blocks : [...blocks]
}

const plus = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, at) => x + b[at])

/**
 * The E-step of rows, by weights that sum to 1: −Σ w log p(x_o), and the moments of δ = x − c_k with the cells that are missing by their
 * conditional means and covariances.
 */
export const moments = (second: Second, data: Source.Data): ((mixture: Mixture) => Sums) => {
  const blocks = blocksOf(data)
  return mixture => {
    let all: Sums | null = null
    for (const { points, weights, patterns } of blocks) {
      const own = momentsOf(mixture, second, points, weights, patterns)
      all =
        all === null
          ? own
          : {
              value: all.value + own.value,
              mass: plus(all.mass, own.mass),
              sums: plus(all.sums, own.sums),
              second: plus(all.second, own.second)
            }
    }
    return all ?? refuse('rows: there are none; give one')
  }
}

const momentsOf = (
  mixture: Mixture,
  second: Second,
  points: Points.Points,
  weights: Float64Array,
  patterns: ReadonlyArray<Pattern>
): Sums => {
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
export const emptyColumns = (data: Source.Data): ReadonlyArray<number> => {
  const { dim } = data
  const seen = new Uint8Array(dim)
  Stretches.each(Stretches.ofNumbers(Source.isSource(data) ? data : data.values, dim), values => {
    values.forEach((x, at) => {
      if (!Number.isNaN(x)) seen[at % dim] = 1
    })
  })
  return Array.from(seen.keys()).filter(j => seen[j] === 0)
}

/** A column, as a source of its own. */
const column = (source: Source.Source, j: number): Source.Source => pipe(source, Source.columns([j]))

/** `Points.standardize` of each column by the numbers that are there; each has one. */
export const scalingOf = (data: Source.Data): Points.Scaling => {
  const source = Source.from(data)
  const scalings = Array.from({ length: data.dim }, (_, j) => {
    const own = column(source, j)
    if (!Source.isSource(data)) {
      const [whole] = Source.pieces(own, source.rows)
      return Points.standardize(Source.chosenBy(isWhole)(whole))
    }
    const there = Source.keptBy(isWhole)(own)
    const { centre, scale } = Source.standardize(there)
    there.close()
    return { centre, scale }
  })
  return {
    centre: Float64Array.from(scalings, ({ centre }) => centre[0]),
    scale: Float64Array.from(scalings, ({ scale }) => scale[0])
  }
}

/** Steps of a single Gaussian, and the change of its likelihood a row at which they end. */
const STEPS = 200
const STILL = 1e-8

/** Of a standardized column, a variance is no less. */
const LEAST = 1e-6

/** The single Gaussian that is likeliest by standardized points with missing cells. */
const single = (data: Source.Data): Mixture => {
  const { dim } = data
  const start: Mixture = {
    means: { shape: [1, dim], values: new Float64Array(dim) },
    weights: Float64Array.of(1),
    variances: new Float64Array(dim).fill(1),
    factors: null
  }
  const momentsAt = moments('full', data)
  return iterate<{ readonly mixture: Mixture; readonly last: number; readonly left: number }>(
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

/**
 * Missing cells put where the single Gaussian that is likeliest has their mean given the row, and so much noise about it: what is to be
 * done with rows from `first` on.
 */
const filling = (
  data: Source.Data,
  noise: ((first: number, out: Float64Array) => void) | null
): ((values: Float64Array, first: number) => void) => {
  const { dim } = data
  const scaling = scalingOf(data)
  const { centre, scale } = scaling
  const mixture = single(Source.rescaled(scaling)(data))
  return (values, first) => {
    const scaled = Points.inUnits(scaling)({ rows: values.length / dim, dim, values })
    const z = new Float64Array(values.length)
    noise?.(first * dim, z)
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
  }
}

const filled = <D extends Source.Data>(data: D, noise: ((first: number, out: Float64Array) => void) | null): D => {
  if (!has(data)) return data
  const fill = filling(data, noise)
  if (!Source.isSource(data)) {
    const values = data.values.slice()
    fill(values, 0)
    return { ...data, values }
  }
  const { rows, dim, weights, labels, total, close } = data
  return {
    ...{ rows, dim, weights, labels, total, close },
    read: (first: number, out: Float64Array): void => {
      data.read(first, out)
      fill(out, first)
    }
  } as D
}

/**
 * The data with each missing cell at its mean given the rest of its row, under the single Gaussian that is likeliest: for
 * pictures. Learned from as if they had been seen, such cells make components too narrow.
 */
export const completed = <D extends Source.Data>(data: D): D => filled(data, null)

/** The same with the noise that the single Gaussian has about such means. */
export const drawn =
  (key: Key.Key) =>
  <D extends Source.Data>(data: D): D =>
    filled(data, (first, out) => {
      pipe(key, Key.fillNormal(first, out))
    })

/** How many cells are missing. */
export const count = (data: Source.Data): number => {
  if (!has(data)) return 0
  let found = 0
  Stretches.each(Source.from(data), values => {
    for (const x of values) if (Number.isNaN(x)) found++
  })
  return found
}

/** How many rows miss nothing. */
export const countWhole = (data: Source.Data): number => {
  let count = 0
  pipe(
    Source.from(data),
    Source.each(points => {
      for (let i = 0; i < points.rows; i++) if (isWhole(points, i)) count++
    })
  )
  return count
}

/** Whether a row misses nothing. */
export const isWhole = ({ dim, values }: Points.Points, row: number): boolean =>
  !hasNaN(values.subarray(row * dim, (row + 1) * dim))
