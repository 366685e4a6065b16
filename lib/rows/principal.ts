/**
 * Principal components of a table without its d × d covariance: from ZZᵀ or ZᵀZ if one is small, otherwise by Lanczos iteration, which
 * takes only products with Z and memory linear in the table's size.
 */
import { powerOfTwo } from '../numbers/elementary.js'
import * as Key from '../random/key.js'
import { dot, symmetricEigen } from '../arrays/linalg.js'
import { visitStretches, ofArray, numbersFrom, stretch, type RowNumbers, type Stretches } from './stretches.js'

/** Rows x_i with weights p_i ≥ 0, in memory or read in blocks, with equal bits. */
export interface WeightedRowTable<N extends RowNumbers = RowNumbers> {
  readonly rows: number
  readonly dim: number
  /** Row-major, [rows, dim] */
  readonly values: N
  readonly weights: N
}

export interface Principal {
  /** Eigenvalues, descending, ≥ 0. */
  readonly values: Float64Array
  /** Orthonormal eigenvectors as rows, [values.length, dim]. */
  readonly vectors: Float64Array
}

/** Size up to which a product and its eigenvectors take less time than Lanczos iteration. */
const MAX_DIRECT_SIZE = 128
/** Number of Lanczos steps beyond twice the number of directions. */
const EXTRA_STEPS = 60
/** Eigenvalues below this share of the largest count as 0. */
const RANK_EIGENVALUE_SHARE = powerOfTwo(-44)

const LANCZOS_KEY = Key.fromSeed(0)

const addMultiple = (c: number, x: Float64Array, i: number, y: Float64Array, j: number, n: number): void => {
  for (let k = 0; k < n; k++) y[j + k] += c * x[i + k]
}

/** √p_i (x_i − centre), [rows, dim], in memory if the rows are. */
const scaledRows = ({ rows, dim, values, weights }: WeightedRowTable, centre: Float64Array): Stretches => {
  const read = (first: number, z: Float64Array): void => {
    const count = z.length / dim
    const x = stretch(values, dim, first, count)
    const p = stretch(weights, 1, first, count)
    for (let i = 0; i < count; i++) {
      const root = Math.sqrt(p[i])
      for (let j = 0; j < dim; j++) z[i * dim + j] = root * (x[i * dim + j] - centre[j])
    }
  }
  const z = { rows, dim, read }
  return values instanceof Float64Array ? ofArray(numbersFrom(z, 0, rows), dim) : z
}

/** Orthogonalizes a vector, twice, to the first `count` rows of an orthonormal basis; returns its norm. */
const orthogonalize = (v: Float64Array, basis: Float64Array, count: number): number => {
  const dim = v.length
  for (let pass = 0; pass < 2; pass++)
    for (let k = 0; k < count; k++) addMultiple(-dot(v, 0, basis, k * dim, dim), basis, k * dim, v, 0, dim)
  return Math.sqrt(dot(v, 0, v, 0, dim))
}

/** Eigenpairs of a small matrix, whose eigenvectors combine the rows of `basis`; arbitrary directions for eigenvalues that count as 0. */
const ritzVectors = (small: Float64Array, basis: Float64Array, dim: number, count: number): Principal => {
  const order = Math.sqrt(small.length)
  const { values, vectors } = symmetricEigen({ shape: [order, order], values: small })
  const wanted = Math.min(count, dim)
  const found = { values: new Float64Array(wanted), vectors: new Float64Array(wanted * dim) }
  for (let k = 0; k < wanted; k++) {
    let v: Float64Array = new Float64Array(dim)
    if (k < order && values[k] > RANK_EIGENVALUE_SHARE * values[0]) {
      found.values[k] = values[k]
      for (let i = 0; i < order; i++) addMultiple(vectors.values[k * order + i], basis, i * dim, v, 0, dim)
    } else v = Key.normal(dim)(Key.child(k)(LANCZOS_KEY))
    const length = orthogonalize(v, found.vectors, k)
    for (let j = 0; j < dim; j++) found.vectors[k * dim + j] = v[j] / length
  }
  return found
}

/** Components from the eigenvectors u of ZZᵀ: v = Zᵀu/√λ. */
const byRows = (z: Float64Array, rows: number, dim: number, count: number): Principal => {
  const gram = new Float64Array(rows * rows)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) gram[i * rows + j] = gram[j * rows + i] = dot(z, i * dim, z, j * dim, dim)
  return ritzVectors(gram, z, dim, count)
}

const byColumns = (z: Stretches, dim: number, count: number): Principal => {
  const product = new Float64Array(dim * dim)
  visitStretches(z, (z, _, count) => {
    for (let i = 0; i < count; i++)
      for (let j = 0; j < dim; j++) addMultiple(z[i * dim + j], z, i * dim, product, j * dim, j + 1)
  })
  const identity = new Float64Array(dim * dim)
  for (let j = 0; j < dim; j++) {
    identity[j * dim + j] = 1
    for (let k = 0; k < j; k++) product[k * dim + j] = product[j * dim + k]
  }
  return ritzVectors(product, identity, dim, count)
}

/**
 * Lanczos iteration (1950) with full reorthogonalization: Rayleigh–Ritz pairs of a Krylov space, continued from another start vector if it
 * is exhausted, so multiple eigenvalues are found.
 */
const byKrylov = (z: Stretches, dim: number, count: number): Principal => {
  const steps = Math.min(z.rows, dim, 2 * count + EXTRA_STEPS)
  const basis = new Float64Array(steps * dim)
  const image = new Float64Array(dim)
  const small = new Float64Array(steps * steps)
  let next = Key.normal(dim)(LANCZOS_KEY)
  let largest = 0
  for (let order = 0; order < steps; order++) {
    let length = orthogonalize(next, basis, order)
    if (!(length > RANK_EIGENVALUE_SHARE * largest)) {
      next = Key.normal(dim)(Key.child(order)(LANCZOS_KEY))
      length = orthogonalize(next, basis, order)
    }
    const at = order * dim
    for (let j = 0; j < dim; j++) basis[at + j] = next[j] / length
    image.fill(0)
    visitStretches(z, (z, _, count) => {
      for (let i = 0; i < count; i++) addMultiple(dot(z, i * dim, basis, at, dim), z, i * dim, image, 0, dim)
    })
    for (let k = 0; k <= order; k++)
      small[k * steps + order] = small[order * steps + k] = dot(basis, k * dim, image, 0, dim)
    largest = Math.max(largest, small[order * steps + order])
    next = image.slice()
  }
  return ritzVectors(small, basis, dim, count)
}

/**
 * The min(count, dim) largest eigenvalues of Σ p_i (x_i − c)(x_i − c)ᵀ about a centre c, and their eigenvectors, in at most 2 · count + 60
 * products with the table.
 */
export const principalComponents = (table: WeightedRowTable, centre: Float64Array, count: number): Principal => {
  const { rows, dim } = table
  const z = scaledRows(table, centre)
  return Math.min(rows, dim) > MAX_DIRECT_SIZE
    ? byKrylov(z, dim, count)
    : rows < dim
      ? byRows(numbersFrom(z, 0, rows), rows, dim, count)
      : byColumns(z, dim, count)
}
