/**
 * Rows grouped by their missing cells (NaN), and Gaussians conditioned on the observed ones. With L the Cholesky factor of Σ, columns
 * observed (o) first, x_o is N(c_o, Σ_oo), and x_m given x_o has the mean c_m + G(x_o − c_o), G = L_mo L_oo⁻¹, and the covariance L_mm
 * L_mmᵀ (Ghahramani & Jordan 1994).
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import type { NdArray } from '../../../lib/arrays/ndarray.js'
import { boundedCache } from '../../../lib/plain/iterate.js'
import { logWeight, type Component } from '../component.js'
import * as Student from '../student.js'

export interface Pattern {
  /** The observed columns, then the missing ones, each rising. */
  readonly order: Int32Array
  /** Number of observed columns. */
  readonly observed: number
  /** null for all rows */
  readonly rows: Int32Array | null
}

const completePatterns = boundedCache<Pattern>(16)

/** Returns the pattern without missing cells. */
export const completePattern = (dim: number): Pattern =>
  completePatterns(dim, () => ({ order: new Int32Array(dim).map((_, j) => j), observed: dim, rows: null }))

/** Patterns of rows [rows, dim], in order of first occurrence. */
export const patternsOf = (values: Float64Array, dim: number): ReadonlyArray<Pattern> => {
  const rows = values.length / dim
  const found = new Map<string, { readonly missing: ReadonlyArray<number>; readonly rows: number[] }>()
  for (let i = 0; i < rows; i++) {
    const missing: number[] = []
    for (let j = 0; j < dim; j++) if (Number.isNaN(values[i * dim + j])) missing.push(j)
    const word = missing.join()
    const same = found.get(word)
    if (same === undefined) found.set(word, { missing, rows: [i] })
    else same.rows.push(i)
  }
  if (rows > 0 && found.size === 1 && found.has('')) return [completePattern(dim)]
  const { order } = completePattern(dim)
  return [...found.values()].map(({ missing, rows }) => ({
    order: Int32Array.of(...order.filter(j => !missing.includes(j)), ...missing),
    observed: dim - missing.length,
    rows: Int32Array.from(rows)
  }))
}

/** Columns are in the pattern's order. */
export interface ConditionedComponents {
  /** log π − log |L_oo| − (|o|/2) log 2π, and for a t `Student.logPeakRatio`. */
  readonly constants: Float64Array
  /** [K, d] */
  readonly centres: Float64Array
  /** False if `roots` are diagonals, and missing cells have their unconditional mean. */
  readonly isTriangular: boolean
  /** L_oo⁻¹: [K, o, o], or [K, o] if diagonal. */
  readonly roots: Float64Array
  /** G, [K, m, o]; empty if diagonal. */
  readonly gains: Float64Array
  /** L_mm, [K, m, m] */
  readonly rests: Float64Array
}

const isTriangularFactor = ({ shape }: NdArray, dim: number): boolean => dim > 1 && shape.length === 2

const invertTriangle = (factor: Float64Array, dim: number, out: Float64Array, at: number): void => {
  for (let column = 0; column < dim; column++)
    for (let i = column; i < dim; i++) {
      let rest = i === column ? 1 : 0
      for (let j = column; j < i; j++) rest -= factor[i * dim + j] * out[at + j * dim + column]
      out[at + i * dim + column] = rest / factor[i * dim + i]
    }
}

const leadingFactor = (factor: NdArray, dim: number, o: number): NdArray => {
  const { shape, values } = factor
  if (o === dim || shape.length === 0) return factor
  if (shape.length === 1) return { shape: [o], values: values.subarray(0, o) }
  return {
    shape: [o, o],
    values: new Float64Array(o * o).map((_, at) => values[Math.floor(at / o) * dim + (at % o)])
  }
}

const isRising = (order: Int32Array): boolean => {
  for (let i = 0; i < order.length; i++) if (order[i] !== i) return false
  return true
}

const permutedFactor = (factor: NdArray, order: Int32Array): NdArray => {
  const dim = order.length
  const { shape, values } = factor
  if (shape.length === 0 || isRising(order)) return factor
  if (shape.length === 1) return { shape, values: Float64Array.from(order, j => values[j]) }
  const turned = new Float64Array(dim * dim).map((_, at) => values[order[Math.floor(at / dim)] * dim + (at % dim)])
  return Factor.sumOfFactors([{ shape: [dim, dim], values: turned }], dim)
}

/** Conditions components on a pattern's observed columns. */
export const conditionOnPattern = (
  components: ReadonlyArray<Component>,
  { order, observed: o }: Omit<Pattern, 'rows'>
): ConditionedComponents => {
  const count = components.length
  const dim = order.length
  const m = dim - o
  const isTriangular = components.some(({ factor }) => isTriangularFactor(factor, dim))
  const width = isTriangular ? o * o : o
  const constants = new Float64Array(count)
  const centres = new Float64Array(count * dim)
  const roots = new Float64Array(count * width)
  const gains = new Float64Array(isTriangular ? count * m * o : 0)
  const rests = new Float64Array(count * m * m)
  for (let k = 0; k < count; k++) {
    const { weight, mean, factor, nu, background } = components[k]
    const own = permutedFactor(factor, order)
    const seen = leadingFactor(own, dim, o)
    const { values } = own
    constants[k] =
      background === 'box'
        ? logWeight(weight) - Factor.logDeterminant(seen, o) - o * Elementary.log(2)
        : Factor.logNormalDensity(seen, o, logWeight(weight)) + (nu === undefined ? 0 : Student.logPeakRatio(nu, o))
    for (let i = 0; i < dim; i++) centres[k * dim + i] = mean[order[i]]
    if (!isTriangularFactor(factor, dim)) {
      const stride = values.length === 1 ? 0 : 1
      for (let i = 0; i < o; i++) roots[k * width + (isTriangular ? i * (o + 1) : i)] = 1 / values[stride * i]
      for (let i = 0; i < m; i++) rests[k * m * m + i * (m + 1)] = values[stride * (o + i)]
      continue
    }
    invertTriangle(seen.values, o, roots, k * width)
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < o; j++) {
        let gain = 0
        for (let a = j; a < o; a++) gain += values[(o + i) * dim + a] * roots[k * width + a * o + j]
        gains[(k * m + i) * o + j] = gain
      }
      for (let j = 0; j <= i; j++) rests[(k * m + i) * m + j] = values[(o + i) * dim + o + j]
    }
  }
  return { constants, centres, isTriangular, roots, gains, rests }
}
