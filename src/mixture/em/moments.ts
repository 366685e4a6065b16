/**
 * The E-step of Gaussian components in plain loops, a row at a time: for families that say which mixture they are. In the
 * tensor vocabulary the same takes some ten to a hundred times as long on a few hundred rows; a law holds the two together.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Strands from '../../../lib/rows/strands.js'
import { stretch } from '../../../lib/rows/stretches.js'
import type { Moments, Second } from '../../family/family.js'
import { weightsOf, type Rows as Data } from '../passRows.js'

/** N(c_k, F_k F_kᵀ): `factor` is a number, a diagonal [d], or a lower triangle [d·d], as its length says. */
export interface Component {
  /** log π_k − log |F_k| − (d/2) log 2π */
  readonly constant: number
  readonly centre: Float64Array
  readonly factor: Float64Array
}

export interface Rows {
  readonly rows: number
  readonly dim: number
  readonly values: Float64Array
}

/** F_k⁻¹ of all components, one after another: rows of triangles where one of them is a triangle, else diagonals. */
export interface Roots {
  readonly isTriangular: boolean
  readonly values: Float64Array
}

const isTriangle = (factor: Float64Array, dim: number): boolean => dim > 1 && factor.length === dim * dim

/** R = F⁻¹, lower triangular, by forward substitution of the columns of I. */
const invert = (factor: Float64Array, dim: number, out: Float64Array, at: number): void => {
  for (let column = 0; column < dim; column++)
    for (let i = column; i < dim; i++) {
      let rest = i === column ? 1 : 0
      for (let j = column; j < i; j++) rest -= factor[i * dim + j] * out[at + j * dim + column]
      out[at + i * dim + column] = rest / factor[i * dim + i]
    }
}

export const rootsOf = (components: ReadonlyArray<Component>, dim: number): Roots => {
  const isTriangular = components.some(({ factor }) => isTriangle(factor, dim))
  const width = isTriangular ? dim * dim : dim
  const values = new Float64Array(components.length * width)
  components.forEach(({ factor }, k) => {
    if (isTriangle(factor, dim)) invert(factor, dim, values, k * width)
    else
      for (let j = 0; j < dim; j++)
        values[k * width + (isTriangular ? j * (dim + 1) : j)] = 1 / factor[factor.length === 1 ? 0 : j]
  })
  return { isTriangular, values }
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

/** The E-step over rows in one loop that knows all it needs as numbers. */
interface Expecting {
  /** How many numbers rows sum. */
  readonly width: number
  /** Adds to `into` what rows sum. Where `shares` is given, [rows, K], p(k | x) are left in it. */
  readonly add: (values: Float64Array, weights: Float64Array, shares: Float64Array | null, into: Float64Array) => void
  readonly found: (sums: Float64Array) => Doubted
}

const expecting = (components: ReadonlyArray<Component>, second: Second, dim: number): Expecting => {
  const count = components.length
  const per = widthOf(second, dim)
  const { isTriangular, values: root } = rootsOf(components, dim)
  const constants = Float64Array.from(components, ({ constant }) => constant)
  const centres = new Float64Array(count * dim)
  components.forEach(({ centre }, k) => {
    centres.set(centre, k * dim)
  })
  const [isFull, isDiagonal, isTrace] = [second === 'full', second === 'diagonal', second === 'trace']
  const delta = new Float64Array(count * dim)
  const logs = new Float64Array(count)
  const parts = (all: Float64Array): Moments => ({
    mass: all.subarray(2, 2 + count),
    sums: all.subarray(2 + count, 2 + count + count * dim),
    second: all.subarray(2 + count + count * dim)
  })
  const add: Expecting['add'] = (values, weights, shares, into) => {
    const { mass, sums, second: out } = parts(into)
    let [value, doubt] = into
    for (let row = 0; row < weights.length; row++) {
      let top = -Infinity
      for (let k = 0; k < count; k++) {
        const at = k * dim
        for (let j = 0; j < dim; j++) delta[at + j] = values[row * dim + j] - centres[at + j]
        let squared = 0
        if (isTriangular)
          for (let i = 0, from = at * dim; i < dim; i++, from += dim) {
            let y = 0
            for (let j = 0; j <= i; j++) y += root[from + j] * delta[at + j]
            squared += y * y
          }
        else
          for (let j = at; j < at + dim; j++) {
            const y = root[j] * delta[j]
            squared += y * y
          }
        const log = constants[k] - squared / 2
        logs[k] = log
        if (log > top) top = log
      }
      if (top === -Infinity) {
        // Beyond the reach of all components: nobody answers for it.
        if (weights[row] > 0) value = Infinity
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
      if (shares !== null) for (let k = 0; k < count; k++) shares[row * count + k] = logs[k] / total
      const share = weights[row] / total
      for (let k = 0; k < count; k++) {
        const r = share * logs[k]
        if (r === 0) continue
        mass[k] += r
        const at = k * dim
        for (let i = 0; i < dim; i++) {
          const pulled = r * delta[at + i]
          sums[at + i] += pulled
          if (isFull) for (let j = 0, to = (at + i) * dim; j <= i; j++) out[to + j] += pulled * delta[at + j]
          else if (isDiagonal) out[at + i] += pulled * delta[at + i]
          else if (isTrace) out[k] += pulled * delta[at + i]
        }
      }
    }
    into[0] = value
    into[1] = doubt
  }
  return {
    width: 2 + count + count * dim + count * per,
    add,
    found: sums => {
      const { second: out, ...rest } = parts(sums)
      if (isFull) mirror(out, dim)
      return { value: sums[0], doubt: sums[1], ...rest, second: out }
    }
  }
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
      add(stretch(x, dim, first, count), stretch(weights, 1, first, count), null, into)
    }),
    found
  }
}

/** The same without second moments, and p(k | x), [rows, K]. */
export const responsibilities = (
  components: ReadonlyArray<Component>,
  { rows, dim, values }: Rows,
  weights: Float64Array
): Sums & { readonly shares: Float64Array } => {
  const { width, add, found } = expecting(components, 'none', dim)
  const [shares, sums] = [new Float64Array(rows * components.length), new Float64Array(width)]
  add(values, weights.subarray(0, rows), shares, sums)
  return { ...found(sums), shares }
}

/** y = R(x − c) of the k-th component, for chosen rows, one after another. */
export const whitened = (component: Component, { dim, values }: Rows, chosen: ReadonlyArray<number>): Float64Array => {
  const { isTriangular, values: root } = rootsOf([component], dim)
  const out = new Float64Array(chosen.length * dim)
  chosen.forEach((row, i) => {
    for (let a = 0; a < dim; a++) {
      let y = 0
      if (isTriangular)
        for (let j = 0; j <= a; j++) y += root[a * dim + j] * (values[row * dim + j] - component.centre[j])
      else y = root[a] * (values[row * dim + a] - component.centre[a])
      out[i * dim + a] = y
    }
  })
  return out
}
