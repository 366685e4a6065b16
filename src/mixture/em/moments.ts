/**
 * The E-step of Gaussian components in plain loops, a row at a time: for families that say which mixture they are, and rows that are
 * few, or miss cells. In the tensor vocabulary the same takes some ten to a hundred times as long on a few hundred rows; a law holds
 * the two together. Of rows that miss cells the likelihood is that of what was seen, and what was not enters by its conditional moments:
 * right where cells are missing for no reason in themselves (at random, Rubin 1976).
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Strands from '../../../lib/rows/strands.js'
import { stretch } from '../../../lib/rows/stretches.js'
import type { Moments, Second } from '../../family/family.js'
import type { Component } from '../component.js'
import * as Student from '../student.js'
import { weightsOf, type Rows as Data } from '../passRows.js'
import { patternsOf, seenBy, whole, type Pattern, type SeenByPattern } from './patterns.js'

export interface Rows {
  readonly rows: number
  readonly dim: number
  readonly values: Float64Array
}

/** How many numbers the second moments of a component are. */
export const widthOf = (second: Second, dim: number): number =>
  ({ none: 0, trace: 1, diagonal: dim, full: dim * dim })[second]

/** Lower triangles [K, d, d] made whole. */
export const mirror = (matrices: Float64Array, dim: number): void => {
  for (let at = 0; at < matrices.length; at += dim * dim)
    for (let i = 0; i < dim; i++) for (let j = 0; j < i; j++) matrices[at + j * dim + i] = matrices[at + i * dim + j]
}

/** e^−745.2 is 0. */
const VANISHES = -746

export interface Sums extends Moments {
  /** −Σ w log p(x) */
  readonly value: number
}

export interface Doubted extends Sums {
  /** −Σ w log max_k p(k | x) */
  readonly doubt: number
}

/** What is said of each row, by the columns that it has. */
export interface Told {
  /** log π_k N(x; c_k, Σ_k), [rows, K] */
  readonly logs: Float64Array
  /** |L⁻¹(x − c_k)|², [rows, K] */
  readonly squared: Float64Array
  /** p(k | x), [rows, K]; 0 of a row beyond the reach of all */
  readonly shares: Float64Array
  /** log p(x), [rows] */
  readonly logDensity: Float64Array
  /** How many columns there are, [rows]. */
  readonly columns: Uint32Array
}

/** What the patterns of components hold at most: of more, they are made again. */
const HELD = 1 << 22

/** δ of a row's first columns x from the k-th centre, and |L⁻¹δ|². Small functions of the loop are fast sooner than a large one. */
type Whiten = (
  x: Float64Array,
  centres: Float64Array,
  roots: Float64Array,
  delta: Float64Array,
  k: number,
  columns: number,
  dim: number
) => number

const byTriangle: Whiten = (x, centres, roots, delta, k, columns, dim) => {
  const at = k * dim
  for (let j = 0; j < columns; j++) delta[at + j] = x[j] - centres[at + j]
  let squared = 0
  for (let i = 0, from = k * columns * columns; i < columns; i++, from += columns) {
    let y = 0
    for (let j = 0; j <= i; j++) y += roots[from + j] * delta[at + j]
    squared += y * y
  }
  return squared
}

const byColumn: Whiten = (x, centres, roots, delta, k, columns, dim) => {
  const at = k * dim
  let squared = 0
  for (let j = 0; j < columns; j++) {
    delta[at + j] = x[j] - centres[at + j]
    const y = roots[k * columns + j] * delta[at + j]
    squared += y * y
  }
  return squared
}

/** Whether a row's first columns are within a box, of its deviations and the inverse half widths of the k-th component. */
const isWithin = (
  delta: Float64Array,
  roots: Float64Array,
  k: number,
  columns: number,
  dim: number,
  isTriangular: boolean
): boolean => {
  for (let j = 0; j < columns; j++) {
    const root = roots[isTriangular ? (k * columns + j) * columns + j : k * columns + j]
    if (Math.abs(root * delta[k * dim + j]) > 1) return false
  }
  return true
}

/** What rows sum of components that are no Gaussians. */
interface Beyond {
  /** ν, ∞ of Gaussian ones; null where all are. */
  readonly nu: Float64Array | null
  /** The place of a box; −1 for none. */
  readonly box: number
  /** How many components have moments: all but a background. */
  readonly learned: number
}

/** What E[log g | x] has beside log E[g | x] of rows with so many columns. */
const belowOf = (nu: Float64Array | null, columns: number): Float64Array =>
  nu === null ? new Float64Array(0) : nu.map(nu => (nu < Infinity ? Student.logBelow(nu, columns) : 0))

const beyondOf = (components: ReadonlyArray<Component>): Beyond => ({
  nu: components.some(({ nu }) => nu !== undefined) ? Float64Array.from(components, ({ nu = Infinity }) => nu) : null,
  box: components.findIndex(({ background }) => background === 'box'),
  learned: components.filter(({ background }) => background === undefined).length
})

/** Sums of all components, of which the t ones are weighed by their precisions. */
export interface Weighed extends Moments {
  /** Σ r E[g | x], [K] */
  readonly weighed: Float64Array
  /** Σ r (E[log g | x] − E[g | x]), [K] */
  readonly logs: Float64Array
}

/**
 * The moments as Gaussian components would have them whose M-step is that of t ones: with n = Σ r, ω = Σ r g and Δ = Σ r g δ/ω the sums are
 * nΔ and the second moments Σ r g δδᵀ + (n − ω)ΔΔᵀ, so that about the new mean they are Σ r g (δ − Δ)(δ − Δ)ᵀ.
 */
export const asGaussian = (
  second: Second,
  dim: number,
  { mass, sums, second: about, weighed, logs }: Weighed
): Moments => {
  const steps = sums.map((s, at) => {
    const all = weighed[Math.floor(at / dim)]
    return all > 0 ? s / all : 0
  })
  const less = mass.map((m, k) => m - weighed[k])
  const per = about.length / mass.length
  return {
    mass,
    sums: steps.map((step, at) => mass[Math.floor(at / dim)] * step),
    second: about.map((s, at) => {
      const k = Math.floor(at / per)
      const step = (j: number): number => steps[k * dim + j]
      const entry = at % per
      if (second === 'trace') {
        let squared = 0
        for (let j = 0; j < dim; j++) squared += Elementary.square(step(j))
        return s + less[k] * squared
      }
      const [i, j] = second === 'full' ? [Math.floor(entry / dim), entry % dim] : [entry, entry]
      return s + less[k] * step(i) * step(j)
    }),
    tails: logs.map((sum, k) => (mass[k] > 0 ? sum / mass[k] : 0))
  }
}

/** Moments of components, the last of which is a background. */
export const withoutLast = <M extends Moments>(moments: M): M & { readonly beyond: number } => {
  const count = moments.mass.length
  const first = (values: Float64Array): Float64Array => values.slice(0, (values.length / count) * (count - 1))
  return {
    ...moments,
    mass: first(moments.mass),
    sums: first(moments.sums),
    second: first(moments.second),
    beyond: moments.mass[count - 1]
  }
}

/** Moments as an M-step takes them, of sums over all components and what is summed of tails. */
const settled = (
  { nu, learned }: Pick<Beyond, 'nu' | 'learned'>,
  second: Second,
  dim: number,
  all: Moments,
  ofTails: Float64Array
): Moments => {
  const count = all.mass.length
  const own = learned < count ? withoutLast(all) : all
  if (nu === null || nu.subarray(0, learned).every(nu => nu === Infinity)) return own
  const [weighed, logs] = [ofTails.slice(0, learned), ofTails.slice(count, count + learned)]
  return { ...own, ...asGaussian(second, dim, { ...own, weighed, logs }) }
}

/** The E-step over rows in one loop that knows all it needs as numbers. */
interface Expecting {
  /** How many numbers rows sum. */
  readonly width: number
  /** Adds to `into` what the rows of a pattern sum, and writes what is said of each. */
  readonly add: (
    pattern: Pattern,
    values: Float64Array,
    weights: Float64Array,
    told: Told | null,
    into: Float64Array
  ) => void
  readonly found: (sums: Float64Array) => Doubted
}

const expecting = (components: ReadonlyArray<Component>, second: Second, dim: number): Expecting => {
  const count = components.length
  const per = widthOf(second, dim)
  const [isFull, isDiagonal, isTrace] = [second === 'full', second === 'diagonal', second === 'trace']
  const x = new Float64Array(dim)
  const delta = new Float64Array(count * dim)
  const squares = new Float64Array(count)
  const logs = new Float64Array(count)
  const [{ nu, box, learned }, plain] = [beyondOf(components), 2 + count + count * dim + count * per]
  const width = plain + (nu === null ? 0 : 2 * count)
  const parts = (all: Float64Array): Moments => ({
    mass: all.subarray(2, 2 + count),
    sums: all.subarray(2 + count, 2 + count + count * dim),
    second: all.subarray(2 + count + count * dim, plain)
  })
  const known = new Map<string, SeenByPattern>()
  let held = 0
  const seenFrom = (pattern: Pattern): SeenByPattern => {
    const word = pattern.observed === dim ? '' : pattern.order.subarray(pattern.observed).join()
    const seen = known.get(word) ?? seenBy(components, pattern)
    if (!known.has(word) && held < HELD) {
      held += seen.centres.length + seen.roots.length + seen.gains.length + seen.rests.length
      known.set(word, seen)
    }
    return seen
  }
  const own = new Float64Array(width)
  const add: Expecting['add'] = (pattern, values, weights, told, into) => {
    const { order, observed: o, rows } = pattern
    const { constants, centres, isTriangular, roots, gains, rests } = seenFrom(pattern)
    const m = dim - o
    own.fill(0)
    delta.fill(0)
    // in the order of the pattern
    const { mass, sums, second: out } = parts(own)
    let [value, doubt] = [0, 0]
    const below = belowOf(nu, o)
    const length = rows === null ? weights.length : rows.length
    for (let each = 0; each < length; each++) {
      const row = rows === null ? each : rows[each]
      for (let j = 0; j < o; j++) x[j] = values[row * dim + order[j]]
      let top = -Infinity
      for (let k = 0; k < count; k++) {
        const squared = (isTriangular ? byTriangle : byColumn)(x, centres, roots, delta, k, o, dim)
        const log =
          constants[k] -
          (k === box
            ? isWithin(delta, roots, k, o, dim, isTriangular)
              ? 0
              : Infinity
            : nu !== null && nu[k] < Infinity
              ? ((nu[k] + o) / 2) * Elementary.log1p(squared / nu[k])
              : squared / 2)
        squares[k] = squared
        logs[k] = log
        if (log > top) top = log
      }
      if (told !== null) {
        told.logs.set(logs, row * count)
        told.squared.set(squares, row * count)
        told.columns[row] = o
      }
      if (top === -Infinity) {
        // Beyond the reach of all components: nobody answers for it.
        if (weights[row] > 0) value = Infinity
        if (told !== null) told.logDensity[row] = -Infinity
        continue
      }
      let total = 0
      for (let k = 0; k < count; k++) {
        const below = logs[k] - top
        total += logs[k] = below === 0 ? 1 : below < VANISHES ? 0 : Elementary.exp(below)
      }
      const log = Elementary.log(total)
      value -= weights[row] * (top + log)
      doubt += weights[row] * log
      if (told !== null) {
        told.logDensity[row] = top + log
        for (let k = 0; k < count; k++) told.shares[row * count + k] = logs[k] / total
      }
      const share = weights[row] / total
      for (let k = 0; k < count; k++) {
        const r = share * logs[k]
        if (r === 0) continue
        mass[k] += r
        if (k >= learned) continue
        let counted = r
        if (nu !== null) {
          const g = nu[k] < Infinity ? (nu[k] + o) / (nu[k] + squares[k]) : 1
          counted = r * g
          own[plain + k] += counted
          own[plain + count + k] += r * (Elementary.log(g) - g + below[k])
        }
        const at = k * dim
        if (isTriangular)
          for (let i = 0; i < m; i++) {
            let mean = 0
            for (let j = 0; j < o; j++) mean += gains[(k * m + i) * o + j] * delta[at + j]
            delta[at + o + i] = mean
          }
        for (let i = 0; i < dim; i++) {
          const pulled = counted * delta[at + i]
          sums[at + i] += pulled
          if (isFull) for (let j = 0, to = (at + i) * dim; j <= i; j++) out[to + j] += pulled * delta[at + j]
          else if (isDiagonal) out[at + i] += pulled * delta[at + i]
          else if (isTrace) out[k] += pulled * delta[at + i]
        }
      }
    }
    // What rows do not tell of the cells that they miss is the same for all of them.
    if (second !== 'none')
      for (let k = 0; k < learned; k++)
        for (let i = 0; i < m; i++)
          for (let j = isFull ? 0 : i; j <= i; j++) {
            let covariance = 0
            for (let a = 0; a <= j; a++) covariance += rests[(k * m + i) * m + a] * rests[(k * m + j) * m + a]
            const at = isFull ? (k * dim + o + i) * dim + o + j : isDiagonal ? k * dim + o + i : k
            out[at] += mass[k] * covariance
          }
    into[0] += value
    into[1] += doubt
    for (let at = plain; at < width; at++) into[at] += own[at]
    const to = parts(into)
    for (let k = 0; k < count; k++) {
      to.mass[k] += mass[k]
      if (isTrace) to.second[k] += out[k]
      for (let i = 0; i < dim; i++) {
        const from = k * dim + i
        const at = k * dim + order[i]
        to.sums[at] += sums[from]
        if (isDiagonal) to.second[at] += out[from]
        else if (isFull)
          for (let j = 0; j <= i; j++) {
            const [above, below] = order[i] < order[j] ? [order[i], order[j]] : [order[j], order[i]]
            to.second[(k * dim + below) * dim + above] += out[from * dim + j]
          }
      }
    }
  }
  return {
    width,
    add,
    found: sums => {
      const { second: out, ...rest } = parts(sums)
      if (isFull) mirror(out, dim)
      const own = settled({ nu, learned }, second, dim, { ...rest, second: out }, sums.subarray(plain))
      return { value: sums[0], doubt: sums[1], ...own }
    }
  }
}

const known = new WeakMap<Float64Array, Map<number, ReadonlyArray<Pattern>>>()

/** The patterns of a strand; of rows in memory they are the same at every step. */
const patternsIn = ({ dim, x, misses, passing }: Data, first: number, values: Float64Array): ReadonlyArray<Pattern> => {
  if (misses !== true) return [whole(dim)]
  if (!(x instanceof Float64Array) || passing === true) return patternsOf(values, dim)
  const ofRows = known.get(x) ?? new Map<number, ReadonlyArray<Pattern>>()
  const found = ofRows.get(first) ?? patternsOf(values, dim)
  ofRows.set(first, found)
  known.set(x, ofRows)
  return found
}

/** −Σ w log p(x), and the moments of δ = x − c_k. */
export const moments = (components: ReadonlyArray<Component>, second: Second, data: Data): Strands.Sum<Doubted> => {
  const { rows, dim, x } = data
  const weights = weightsOf(data)
  const { width, add, found } = expecting(components, second, dim)
  return {
    rows,
    width,
    strands: Strands.each(rows, width, (first, count, into) => {
      const [values, own] = [stretch(x, dim, first, count), stretch(weights, 1, first, count)]
      for (const pattern of patternsIn(data, first, values)) add(pattern, values, own, null, into)
    }),
    found
  }
}

/** The same of rows in memory without second moments, and what is said of each row. */
export const responsibilities = (
  components: ReadonlyArray<Component>,
  { rows, dim, values }: Rows,
  weights: Float64Array = new Float64Array(rows).fill(1 / rows)
): Sums & Told => {
  const { width, add, found } = expecting(components, 'none', dim)
  const [all, perRow] = [rows * components.length, new Float64Array(rows)]
  const told: Told = {
    logs: new Float64Array(all),
    squared: new Float64Array(all),
    shares: new Float64Array(all),
    logDensity: perRow,
    columns: new Uint32Array(rows)
  }
  const sums = new Float64Array(width)
  for (const pattern of patternsOf(values, dim)) add(pattern, values, weights.subarray(0, rows), told, sums)
  return { ...found(sums), ...told }
}

/** y = R(x − c) of a component, for chosen rows, one after another. */
export const whitened = (component: Component, { dim, values }: Rows, chosen: ReadonlyArray<number>): Float64Array => {
  const { isTriangular, roots } = seenBy([component], whole(dim))
  const { mean } = component
  const out = new Float64Array(chosen.length * dim)
  chosen.forEach((row, i) => {
    for (let a = 0; a < dim; a++) {
      let y = 0
      if (isTriangular) for (let j = 0; j <= a; j++) y += roots[a * dim + j] * (values[row * dim + j] - mean[j])
      else y = roots[a] * (values[row * dim + a] - mean[a])
      out[i * dim + a] = y
    }
  })
  return out
}
