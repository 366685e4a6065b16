/** Regions: closed sets of rows or matrices to which parameters can be restricted. */
import { pipe } from 'fp-ts/lib/function.js'
import * as N from 'fp-ts/lib/number.js'
import * as Ord from 'fp-ts/lib/Ord.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as t from 'io-ts'
import { polar, symmetricPart, symmetricEigen } from '../../lib/arrays/linalg.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Field, Problem, Vocabulary, conceptModule, type Case } from '../core/index.js'

/** Projection to the nearest point of a set; `x` is a row, or a matrix with `columns` columns, row by row. */
type RegionProjection = (x: Float64Array, columns: number) => Float64Array

/** Rows of any length, matrices with at least as many rows as columns, or square matrices. */
export type ArrayKind = 'rows' | 'tall' | 'square'

interface RegionMeaning {
  readonly project: RegionProjection
  /** Capability: a set of tall or square matrices. Default: rows. */
  readonly of?: ArrayKind
  /** True if the set is convex, which the laws test. Default: true. */
  readonly isConvex?: boolean
}

export interface Region extends Case.Value<'Region', RegionMeaning> {}

/**
 * Defines custom regions: `project` returns the point of a closed convex set nearest to a vector or, if `of` is 'tall' or 'square', to a
 * matrix. A set that is not convex has `isConvex: false`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Field, Region } from 'ornstein'
 *
 * const above = Region.define({
 *   name: 'above',
 *   about: 'x_i ≥ least',
 *   fields: { least: Field.finite({ suggestion: 0 }) },
 *   meaning: ({ least }) => ({ project: x => x.map(entry => Math.max(entry, least)) })
 * })
 * assert.deepEqual(pipe(Float64Array.of(-2, 3), Region.project(above({ least: 1 }))), Float64Array.of(1, 3))
 */
export const { concept, define, show, problems } = conceptModule<Region>(
  'Region',
  'where Optimizer.project holds parameters'
)

/** |x| ≤ radius */
export const ball = define({
  name: 'ball',
  about: '|x| ≤ radius',
  fields: {
    /** Maximum norm. */
    radius: Field.positive({ suggestion: 1 })
  },
  example: { radius: 4 },
  meaning: ({ radius }) => ({
    project: x => {
      const norm = Elementary.norm(x)
      return norm > radius ? x.map(entry => (entry / norm) * radius) : x
    }
  })
})

const bound = (fallback: number): Field.WithDefault<number> =>
  Field.number({
    holds: bound => !Number.isNaN(bound),
    domain: 'a number, or infinite',
    suggestion: fallback,
    default: fallback,
    arbitrary: fc => fc.integer({ min: 0, max: 9 }).map(n => (fallback < 0 ? -n : n))
  })

/** least ≤ x_i ≤ most; −Infinity and Infinity leave a side open. */
export const box = define({
  name: 'box',
  about: 'least ≤ x_i ≤ most',
  fields: {
    /** Lower bound of the entries; −Infinity for none. */
    least: bound(-Infinity),
    /** Upper bound of the entries; Infinity for none. */
    most: bound(Infinity)
  },
  check: ({ least, most }) => Problem.unless(least <= most, 'least', least, `≤ most = ${most}`, 'swap the two'),
  example: { least: -3, most: 3 },
  meaning: ({ least, most }) => ({ project: x => x.map(entry => Math.min(Math.max(entry, least), most)) })
})

/** x_i ≥ 0 and Σ x_i = total (default: 1), such as weights. */
export const simplex = define({
  name: 'simplex',
  about: 'x_i ≥ 0, Σ x_i = total',
  fields: {
    /** Sum of the entries. */
    total: Field.positive({ default: 1 })
  },
  meaning: ({ total }) => ({
    project: x => {
      const { threshold } = pipe(
        Array.from(x),
        RA.sort(Ord.reverse(N.Ord)),
        RA.reduceWithIndex({ sum: -total, threshold: -Infinity }, (i, { sum, threshold }, entry) => ({
          sum: sum + entry,
          threshold: Math.max(threshold, (sum + entry) / (i + 1))
        }))
      )
      return x.map(entry => Math.max(entry - threshold, 0))
    }
  })
})

/** x_i ≥ 0 */
export const nonNegative = define({
  name: 'nonNegative',
  about: 'x_i ≥ 0',
  meaning: () => ({ project: x => x.map(entry => Math.max(entry, 0)) })
})

/**
 * MᵀM = I: matrices with orthonormal columns (the Stiefel manifold), with at least as many rows as columns. The nearest point is the
 * orthogonal factor of the polar decomposition, so a step followed by it is the polar retraction (Absil, Mahony & Sepulchre 2008, example
 * 4.1.3). It is not unique if the columns are linearly dependent.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params, Region } from 'ornstein'
 *
 * // Principal directions of variances 1, 5 and 4: of Σ v_j |m_j|², m_j the rows of M, the largest on the region.
 * const variances = [1, 1, 5, 5, 4, 4]
 * const optimizer = Optimizer.chain(Optimizer.gradientDescent({ rate: 0.1 }), Optimizer.project(Region.orthonormal))
 * const { init, update } = Optimizer.interpret(optimizer)<'factors'>()
 * let params = Params.of({ factors: [[1, 0], [0.5, 0.1], [0, 1]] })
 * for (let i = 0; i < 100; i++) {
 *   const { shape, values } = params.factors
 *   const gradient = { factors: { shape, values: values.map((m, i) => -2 * variances[i] * m) } }
 *   const [step] = update(gradient, init(params), params)
 *   params = Params.zipWith((a, b) => a + b)(params, step)
 * }
 * const spread = params.factors.values.reduce((sum, m, i) => sum + variances[i] * m * m, 0)
 * assert.ok(Math.abs(spread - 9) < 1e-9)
 */
export const orthonormal = define({
  name: 'orthonormal',
  about: 'MᵀM = I, of matrices of at least as many rows as columns',
  meaning: () => ({
    of: 'tall',
    isConvex: false,
    project: (x, columns) => polar({ shape: [x.length / columns, columns], values: x })
  })
})

/**
 * M = Mᵀ with all eigenvalues at least `least`, such as covariances and their inverses. The nearest point has the
 * eigenvectors of ½(M + Mᵀ), with smaller eigenvalues raised to `least` (Higham 1988).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Region } from 'ornstein'
 *
 * // Eigenvalues 3 and −1, along (1, ±1).
 * const nearest = Region.project(Region.positiveDefinite({ least: 0.5 }))(Float64Array.of(1, 2, 2, 1))
 * assert.ok([1.75, 1.25, 1.25, 1.75].every((m, i) => Math.abs(nearest[i] - m) < 1e-14))
 */
export const positiveDefinite = define({
  name: 'positiveDefinite',
  about: 'M = Mᵀ, no eigenvalue below least',
  fields: {
    /** Smallest eigenvalue. */
    least: Field.positive({ default: 1e-6 })
  },
  meaning: ({ least }) => ({
    of: 'square',
    project: (x, n) => {
      const half = symmetricPart(Array.from({ length: n }, (_, j) => x.filter((_, at) => at % n === j)))
      const { values, vectors } = symmetricEigen(half)
      // a matrix in the region is returned to the last bit
      if (values.every(value => value >= least)) return half.values
      const raised = values.map(value => Math.max(value, least))
      return half.values.map((_, at) =>
        raised.reduce(
          (sum, value, k) =>
            sum + value * vectors.values[k * n + Math.floor(at / n)] * vectors.values[k * n + (at % n)],
          0
        )
      )
    }
  })
})

/** Default number of columns: the length for rows, 1 for a tall matrix, √length for a square one. */
const regionColumns = (of: ArrayKind, length: number): number =>
  of === 'rows' ? length : of === 'tall' ? 1 : Math.round(Math.sqrt(length))

/** True if arrays with the last axes [m, n] can be in a region. */
export const fitsRegion =
  (region: Region) =>
  (shape: ReadonlyArray<number>): boolean => {
    const of = regionArrays(region)
    if (of === 'rows') return true
    const [m, n] = shape.slice(-2)
    return shape.length >= 2 && (of === 'tall' ? m >= n : m === n)
  }

/** Returns the arrays of the region. */
export const regionArrays = (region: Region): ArrayKind => concept.meaning(region).of ?? 'rows'

/** True if the region is convex. */
export const isConvex = (region: Region): boolean => concept.meaning(region).isConvex ?? true

/**
 * Projects a vector, or a matrix given row by row, to the nearest point of the region. Default of `columns`: 1 for a tall matrix, √length
 * for a square one. For the simplex the result is max(x_i − τ, 0) with τ = max_k (Σ of the k largest − total)/k (Held, Wolfe & Crowder
 * 1974).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Region } from 'ornstein'
 *
 * assert.deepEqual(pipe(Float64Array.of(1, 0.5, -1), Region.project(Region.simplex())), Float64Array.of(0.75, 0.25, 0))
 */
export const project = (region: Region): ((x: Float64Array, columns?: number) => Float64Array) => {
  const { project, of = 'rows' } = concept.meaning(region)
  return (x, columns = regionColumns(of, x.length)) =>
    of === 'rows' || fitsRegion(region)([x.length / columns, columns])
      ? project(x, columns)
      : refuse(
          `Region.project: ${x.length} numbers in ${columns} columns are no ${of} matrix, as ${show(region)} asks; say its columns`
        )
}

export const all: ReadonlyArray<Vocabulary.Entry> = [ball, box, simplex, nonNegative, orthonormal, positiveDefinite]

/** Returns the JSON codec of regions in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Region, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
