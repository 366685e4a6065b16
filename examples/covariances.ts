/**
 * Covariances of one's own: banded ones, where each column depends on the few before it (antedependence, Gabriel 1962), as in series, and
 * products of two, A ⊗ B, of rows that are small tables (Dutilleul 1999). A mixture of them is learned by whatever ours are: here by `fit`, which
 * chooses among them and two of the built-in ones.
 */
import { Covariance, Field, fit, Key, Mixture, Score } from 'ornstein'
import {
  eye,
  exp,
  expandDims,
  fromNdArray,
  matMul,
  mul,
  reshape,
  solveTriangular,
  sub,
  type Tensor
} from 'ornstein/float64'

type Matrix = ReadonlyArray<ReadonlyArray<number>>

const matrix = (rows: number, columns: number, entry: (i: number, j: number) => number): Matrix =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => entry(i, j)))
const sum = (count: number, of: (i: number) => number): number =>
  Array.from({ length: count }, (_, i) => of(i)).reduce((all, x) => all + x, 0)
const squareOf = (values: Float64Array, dim: number): Matrix => matrix(dim, dim, (i, j) => values[i * dim + j])

/** L with LLᵀ = S, by Cholesky. */
const cholesky = (s: Matrix): Matrix =>
  s.reduce<Matrix>((rows, _, i) => {
    const row = rows.concat([[]]).reduce<ReadonlyArray<number>>((own, other, j) => {
      const rest = s[i][j] - sum(j, k => own[k] * (j === i ? own[k] : other[k]))
      return [...own, j === i ? Math.sqrt(rest) : rest / other[j]]
    }, [])
    return [...rows, row]
  }, [])

/** S⁻¹b */
const solved = (s: Matrix, b: ReadonlyArray<number>): ReadonlyArray<number> => {
  const l = cholesky(s)
  const y = b.reduce<ReadonlyArray<number>>((y, x, i) => [...y, (x - sum(i, k => l[i][k] * y[k])) / l[i][i]], [])
  return y.reduceRight<ReadonlyArray<number>>(
    (x, value, i) => [(value - sum(x.length, k => l[i + 1 + k][i] * x[k])) / l[i][i], ...x],
    []
  )
}
const inverse = (s: Matrix): Matrix =>
  s.map((_, i) =>
    solved(
      s,
      s.map((_, j) => (i === j ? 1 : 0))
    )
  )

/** Where numbers stand in a matrix: as a matrix [numbers, n · n] of 0 and 1. */
const places = (n: number, at: ReadonlyArray<readonly [i: number, j: number]>): Tensor =>
  fromNdArray({
    shape: [at.length, n * n],
    values: Float64Array.from(
      at.flatMap(([i, j]) => Array.from({ length: n * n }, (_, e) => (e === i * n + j ? 1 : 0)))
    )
  })
const placed = (numbers: Tensor, n: number, at: ReadonlyArray<readonly [number, number]>): Tensor =>
  reshape(matMul(numbers, places(n, at)), [-1, n, n])

/** Below the diagonal, and not farther from it than `band`. */
const below = (n: number, band = n): ReadonlyArray<readonly [number, number]> =>
  Array.from({ length: n }, (_, i) => i).flatMap(i =>
    Array.from({ length: Math.min(i, band) }, (_, k) => [i, i - Math.min(i, band) + k] as const)
  )
const array = (shape: ReadonlyArray<number>, values: ReadonlyArray<number>) => ({
  shape,
  values: Float64Array.from(values)
})

/**
 * Column j is regressed on the `band` before it: x_j = Σ_i c_ji x_i + e_j, so that Σ⁻¹ has zeros beyond the band. The likeliest are the regressions
 * of the scatter, exactly.
 */
export const banded = Covariance.define({
  name: 'banded',
  about: 'each column depends on a few before it (antedependence)',
  fields: { band: Field.count({ default: 1 }) },
  formula: ({ band }) => `Σ_i⁻¹ of bandwidth ${band}`,
  shapes:
    ({ band }) =>
    (components: number, dim: number) => ({
      coefficients: [components, below(dim, band).length],
      logInnovations: [components, dim]
    }),
  triangles:
    ({ band }) =>
    ({ coefficients, logInnovations }, dim) => {
      const unit = sub(eye(dim), placed(coefficients, dim, below(dim, band)))
      return mul(solveTriangular(unit, eye(dim)), expandDims(exp(mul(0.5, logInnovations)), 1))
    },
  fit:
    ({ band }) =>
    ({ scatters, dim }) => {
      const found = scatters.map(scatter => {
        const s = squareOf(scatter, dim)
        return s.map((_, j) => {
          const on = Array.from({ length: Math.min(band, j) }, (_, k) => j - Math.min(band, j) + k)
          const c = solved(
            on.map(r => on.map(k => s[r][k])),
            on.map(r => s[r][j])
          )
          return { c, log: Math.log(s[j][j] - sum(on.length, k => c[k] * s[on[k]][j])) }
        })
      })
      return {
        coefficients: array(
          [scatters.length, below(dim, band).length],
          found.flatMap(one => one.flatMap(({ c }) => c))
        ),
        logInnovations: array(
          [scatters.length, dim],
          found.flatMap(one => one.map(({ log }) => log))
        )
      }
    },
  leastRows:
    ({ band }) =>
    () =>
      band + 2
})

/** A triangle, from the logarithms of its diagonal and what is below. */
const triangle = (logs: Tensor, lower: Tensor, n: number): Tensor => {
  const scales = mul(expandDims(exp(logs), 2), eye(n))
  return n === 1 ? scales : sub(scales, placed(mul(-1, lower), n, below(n)))
}

/** A ⊗ B with A [p, p], the first entry of whose triangle is 1: B has the scale. A and B are likeliest in turn. */
export const kronecker = Covariance.define({
  name: 'kronecker',
  about: 'A ⊗ B of rows that are tables with so many lines',
  fields: { lines: Field.count({ suggestion: 2 }) },
  formula: () => 'A_i ⊗ B_i',
  shapes:
    ({ lines: p }) =>
    (components: number, dim: number) => ({
      logA: [components, p],
      lowerA: [components, below(p).length],
      logB: [components, dim / p],
      lowerB: [components, below(dim / p).length]
    }),
  triangles:
    ({ lines: p }) =>
    ({ logA, lowerA, logB, lowerB }, dim) => {
      const q = dim / p
      const [a, b] = [triangle(logA, lowerA, p), triangle(logB, lowerB, q)]
      return reshape(mul(reshape(a, [-1, p, 1, p, 1]), reshape(b, [-1, 1, q, 1, q])), [-1, dim, dim])
    },
  fit:
    ({ lines: p }) =>
    ({ scatters, dim }, old) => {
      const q = dim / p
      /** The old A, so that each step goes on from the last. */
      const starts = scatters.map((_, k) => {
        const l = matrix(p, p, (i, j) => {
          if (old === null || j > i) return i === j ? 1 : 0
          if (i === j) return Math.exp(old.logA.values[k * p + i])
          return old.lowerA.values[k * below(p).length + (i * (i - 1)) / 2 + j]
        })
        return matrix(p, p, (i, j) => sum(p, c => l[i][c] * l[j][c]))
      })
      const found = scatters.map((scatter, k) => {
        const s = squareOf(scatter, dim)
        const turn = ([a]: readonly [Matrix, Matrix]): readonly [Matrix, Matrix] => {
          const overA = inverse(a)
          const b = matrix(q, q, (r, c) => sum(p, i => sum(p, j => overA[i][j] * s[i * q + r][j * q + c])) / p)
          const overB = inverse(b)
          const next = matrix(p, p, (i, j) => sum(q, r => sum(q, c => overB[r][c] * s[i * q + r][j * q + c])) / q)
          return [next, b]
        }
        const [a, b] = Array.from({ length: 5 }).reduce<readonly [Matrix, Matrix]>(turn, [starts[k], []])
        const scale = a[0][0]
        return [a.map(row => row.map(x => x / scale)), b.map(row => row.map(x => scale * x))].map(cholesky)
      })
      const logs = (which: number): ReadonlyArray<number> =>
        found.flatMap(one => one[which].map((row, i) => Math.log(row[i])))
      const lower = (which: number, n: number): ReadonlyArray<number> =>
        found.flatMap(one => below(n).map(([i, j]) => one[which][i][j]))
      const count = scatters.length
      return {
        logA: array([count, p], logs(0)),
        lowerA: array([count, below(p).length], lower(0, p)),
        logB: array([count, q], logs(1)),
        lowerB: array([count, below(q).length], lower(1, q))
      }
    },
  // The scale is counted once.
  freedom:
    ({ lines: p }) =>
    (components, dim) => {
      const q = dim / p
      return components * ((p * (p + 1)) / 2 + (q * (q + 1)) / 2 - 1)
    }
})

// —— rows of six columns, whose clusters are series that remember one step ——

const decay = (rho: number, scale: number): Matrix => matrix(6, 6, (i, j) => scale * rho ** Math.abs(i - j))
export const truth = Mixture.of({
  means: [
    [0, 0, 0, 0, 0, 0],
    [3, 1, 0, 2, 0, 1]
  ],
  weights: [0.4, 0.6],
  covariances: [decay(0.7, 1.5), decay(-0.4, 0.8)]
})
const rows = Mixture.sample(250)(Key.fromSeed(3))(truth)

export const chosen = fit(rows, {
  components: [1, 2],
  family: [
    ({ components }) => Score.mixture({ components, covariance: banded() }),
    ({ components }) => Score.mixture({ components, covariance: kronecker({ lines: 2 }) }),
    'full'
  ],
  criterion: 'bic',
  standardize: false
})
for (const { family, components, statistics } of chosen.candidates.slice(0, 4))
  console.log(`${family} ${components}: BIC ${statistics.bic.toFixed(1)} with ${statistics.parameters} parameters`)
