/** Orthogonalised momentum: all singular values of a matrix brought near 1. */
import type { NdArray } from '../../lib/index.js'
import { shapeText } from '../../lib/arrays/ndarray.js'
import { Field } from '../core/index.js'
import * as Params from '../core/params.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Problem from '../core/problem.js'
import { define, noMemory } from './part.js'

/** Quintic a s + b s³ + c s⁵ of Jordan et al. (2024), steep at 0, with s near 1 after five applications. */
const QUINTIC = { a: 3.4445, b: -4.775, c: 2.0315 } as const

/** Product A Bᵀ of A [m, n] and B [k, n]. */
const timesTransposed = (a: Float64Array, b: Float64Array, n: number): Float64Array => {
  const k = b.length / n
  return Float64Array.from({ length: (a.length / n) * k }, (_, at) => {
    const [i, j] = [Math.floor(at / k) * n, (at % k) * n]
    return a.subarray(i, i + n).reduce((sum, x, e) => sum + x * b[j + e], 0)
  })
}

const transposeRows = (values: Float64Array, columns: number): Float64Array => {
  const rows = values.length / columns
  return Float64Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)])
}

/** X ← a X + (b A + c A²) X with A = X Xᵀ, for X [m, n] of norm 1, m ≤ n: the quintic of its singular values. */
const quinticStep = (x: Float64Array, n: number): Float64Array => {
  const m = x.length / n
  const gram = timesTransposed(x, x, n)
  // A is symmetric, so A Aᵀ is its square
  const square = timesTransposed(gram, gram, m)
  const polynomial = gram.map((entry, i) => QUINTIC.b * entry + QUINTIC.c * square[i])
  const product = timesTransposed(polynomial, transposeRows(x, n), m)
  return x.map((entry, i) => QUINTIC.a * entry + product[i])
}

/** Newton–Schulz iteration on one matrix [m, n]; on the transpose if it is tall. */
const orthogonalizeMatrix = (values: Float64Array, n: number, steps: number): Float64Array => {
  const m = values.length / n
  const norm = Elementary.norm(values)
  if (norm === 0) return values
  const isTall = m > n
  const unit = (isTall ? transposeRows(values, n) : values).map(entry => entry / norm)
  const columns = isTall ? m : n
  const near = Array.from({ length: steps }).reduce<Float64Array>(x => quinticStep(x, columns), unit)
  return isTall ? transposeRows(near, m) : near
}

/**
 * U p(S) Vᵀ of every matrix U S Vᵀ, the last two axes of an array, with p the `steps`-fold quintic 3.4445 s − 4.775 s³ + 2.0315 s⁵ after
 * division by the Frobenius norm, times √max(1, m/n): five steps bring singular values above 1 % of the norm into [0.68, 1.14], so the result is
 * near the closest matrix with orthonormal rows or columns (Newton–Schulz iteration; Muon, Jordan et al. 2024). Needs matrices: give it
 * their names by `partition` or `only`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * // Means by Muon, logits by Adam.
 * const optimizer = Optimizer.partition({ means: Optimizer.muon({ rate: 0.1 }), logits: Optimizer.adam({ rate: 0.1 }) })
 * const params = Params.of({ means: [[3, 0], [0, 1e-1]], logits: [1, 1] })
 * const { init, update } = Optimizer.interpret(optimizer)<'means' | 'logits'>()
 * const [step] = update(params, init(params), params)
 * // The small direction takes a step about as long as the large one.
 * assert.ok(step.means.values[3] / step.means.values[0] > 0.6)
 */
export const orthogonalize = define({
  name: 'orthogonalize',
  about: 'U Vᵀ of matrices U S Vᵀ, about (Newton–Schulz)',
  fields: {
    /** Number of Newton–Schulz steps. */
    steps: Field.count({ default: 5, most: 100 })
  },
  ...noMemory,
  update: ({ steps }) => {
    const all = Params.map<NdArray, NdArray>(({ shape, values }) => {
      const n = shape.at(-1) ?? 1
      const [m] = shape.length < 2 ? [1] : shape.slice(-2)
      const [size, factor] = [m * n, Math.sqrt(Math.max(1, m / n))]
      const near = Array.from({ length: values.length / size }, (_, i) =>
        Array.from(orthogonalizeMatrix(values.subarray(i * size, (i + 1) * size), n, steps), x => factor * x)
      )
      return { shape, values: Float64Array.from(near.flat()) }
    })
    return gradient => [all(gradient), null]
  },
  requirements: () => (shapes, printed) =>
    Object.entries(shapes)
      .filter(([, shape]) => shape.length < 2)
      .map(([name, shape]) =>
        Problem.of(
          'optimizer',
          `${printed} on ${name} ${shapeText(shape)}`,
          'on matrices',
          `give ${name} a rule of its own: Optimizer.partition({ means: Optimizer.muon({ rate: 0.1 }), ${name}: Optimizer.adam({ rate: 0.1 }) })`
        )
      ),
  brief: () => ({ methods: ['Muon'] })
})
