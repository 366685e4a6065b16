/**
 * The E-step of rows that were measured with errors, extreme deconvolution (Bovy, Hogg & Roweis 2011): row x_i is x_0 + e_i, x_0 of the mixture and e_i
 * normal with a covariance R_i that is known. With T_ik = Σ_k + R_i a row is N(c_k, T_ik) of component k, and x_0 given it has the mean
 * c_k + K(x − c_k), K = Σ_k T_ik⁻¹, and the covariance Σ_k − KΣ_k. These moments of x_0 are those of rows without errors, of which the M-step at time 0
 * is one here, whatever the covariances. At a level (α, σ) x is αx_0 + αe + σz, T = α²(Σ + R) + σ²I and K = αΣT⁻¹. Of missing cells T has no
 * rows. Each row has triangles of its own, O(K d³), so that there is no program of it.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { dot, factorSymmetric, solveLower } from '../../../lib/arrays/linalg.js'
import { refuse } from '../../../lib/plain/refuse.js'
import * as Strands from '../../../lib/rows/strands.js'
import { stretch, type Numbers } from '../../../lib/rows/stretches.js'
import type { Second } from '../../family/family.js'
import { clean, type Level } from '../../schedule/dynamics.js'
import { logWeight, type Component } from '../component.js'
import { weightsOf, type Rows as Data } from '../passRows.js'
import { mirror, partsOf, untold, widthOf, type Doubted, type Rows, type Told } from './moments.js'

/** Stretches of rows, their weights and the covariances of their errors. */
interface Stretch {
  readonly x: Float64Array
  readonly weights: Float64Array
  readonly errors: Float64Array
}

interface Expecting {
  readonly width: number
  readonly add: (rows: Stretch, told: Told | null, into: Float64Array) => void
  readonly found: (sums: Float64Array) => Doubted
}

const expecting = (
  components: ReadonlyArray<Component>,
  second: Second,
  dim: number,
  { alpha, sigma }: Level
): Expecting => {
  if (components.some(({ nu, background }) => nu !== undefined || background !== undefined))
    return refuse('errors: rows with errors are not learned with tails or beside a background; leave out `robust`')
  const count = components.length
  const per = widthOf(second, dim)
  const width = 2 + count + count * dim + count * per
  const covariances = components.map(({ factor }) => Factor.covariance(factor, dim).values)
  const logWeights = components.map(({ weight }) => logWeight(weight))
  const [t, l] = [new Float64Array(dim * dim), new Float64Array(dim * dim)]
  const [there, r] = [new Int32Array(dim), new Float64Array(dim)]
  /** V = L⁻¹αΣ[o, ·] of each component, so that K r = Vᵀ(L⁻¹r) and what is left of Σ is Σ − VᵀV. */
  const v = components.map(() => new Float64Array(dim * dim))
  const [logs, squares, means] = [new Float64Array(count), new Float64Array(count), new Float64Array(count * dim)]
  const add: Expecting['add'] = ({ x, weights, errors }, told, into) => {
    const rows = weights.length
    for (let row = 0; row < rows; row++) {
      let o = 0
      for (let j = 0; j < dim; j++) if (!Number.isNaN(x[row * dim + j])) there[o++] = j
      const error = row * dim * dim
      let top = -Infinity
      for (let k = 0; k < count; k++) {
        const own = covariances[k]
        for (let i = 0; i < o; i++) {
          r[i] = x[row * dim + there[i]] - alpha * components[k].mean[there[i]]
          for (let j = 0; j <= i; j++) {
            const at = there[i] * dim + there[j]
            t[i * o + j] = Elementary.square(alpha) * (own[at] + errors[error + at])
          }
          t[i * (o + 1)] += Elementary.square(sigma)
          for (let j = 0; j < dim; j++) v[k][i * dim + j] = alpha * own[there[i] * dim + j]
        }
        const isFound = factorSymmetric(t, 0, o, l, 0)
        solveLower(l, 0, o, r, 0, 1, false)
        solveLower(l, 0, o, v[k], 0, dim, false)
        let logRoot = 0
        for (let i = 0; i < o; i++) logRoot += Elementary.log(l[i * (o + 1)])
        squares[k] = dot(r, 0, r, 0, o)
        // A covariance without a triangle is none: then there is no value.
        logs[k] = isFound ? logWeights[k] - logRoot - (o / 2) * Elementary.log(2 * Math.PI) - squares[k] / 2 : NaN
        for (let j = 0; j < dim; j++) {
          let mean = 0
          for (let i = 0; i < o; i++) mean += v[k][i * dim + j] * r[i]
          means[k * dim + j] = mean
        }
        if (!(logs[k] <= top)) top = logs[k]
      }
      if (told !== null) {
        told.logs.set(logs, row * count)
        told.squared.set(squares, row * count)
        told.columns[row] = o
        told.logDensity[row] = top
      }
      if (top === -Infinity) {
        if (weights[row] > 0) into[0] = Infinity
        continue
      }
      let total = 0
      for (let k = 0; k < count; k++) total += Elementary.exp(logs[k] - top)
      const log = Elementary.log(total)
      into[0] -= weights[row] * (top + log)
      into[1] += weights[row] * log
      if (told !== null) told.logDensity[row] = top + log
      for (let k = 0; k < count; k++) {
        const share = Elementary.exp(logs[k] - top) / total
        if (told !== null) told.shares[row * count + k] = share
        const m = weights[row] * share
        if (m === 0) continue
        into[2 + k] += m
        const [sums, out] = [2 + count + k * dim, 2 + count + count * dim + k * per]
        for (let i = 0; i < dim; i++) {
          into[sums + i] += m * means[k * dim + i]
          for (let j = second === 'full' ? 0 : i; second !== 'none' && j <= i; j++) {
            let left = covariances[k][i * dim + j]
            for (let a = 0; a < o; a++) left -= v[k][a * dim + i] * v[k][a * dim + j]
            const at = second === 'full' ? i * dim + j : second === 'diagonal' ? i : 0
            into[out + at] += m * (means[k * dim + i] * means[k * dim + j] + left)
          }
        }
      }
    }
  }
  return {
    width,
    add,
    found: all => {
      const own = partsOf(all.slice(), count, dim)
      if (second === 'full') mirror(own.second, dim)
      return { value: all[0], doubt: all[1], ...own, isDenoised: true }
    }
  }
}

/** −Σ w log p(x), and the moments of x_0 about the centres. */
export const moments = (
  components: ReadonlyArray<Component>,
  second: Second,
  data: Data,
  errors: Numbers,
  level: Level = clean
): Strands.Sum<Doubted> => {
  const { rows, dim, x } = data
  const weights = weightsOf(data)
  const { width, add, found } = expecting(components, second, dim, level)
  return {
    rows,
    width,
    strands: Strands.each(rows, width, (first, count, into) => {
      add(
        {
          x: stretch(x, dim, first, count),
          weights: stretch(weights, 1, first, count),
          errors: stretch(errors, dim * dim, first, count)
        },
        null,
        into
      )
    }),
    found
  }
}

/** What is said of each row in memory. */
export const responsibilities = (
  components: ReadonlyArray<Component>,
  { rows, dim, values }: Rows,
  errors: Float64Array,
  weights: Float64Array
): Doubted & Told => {
  const { width, add, found } = expecting(components, 'none', dim, clean)
  const [told, sums] = [untold(rows, components.length), new Float64Array(width)]
  add({ x: values, weights: weights.subarray(0, rows), errors }, told, sums)
  return { ...found(sums), ...told }
}
