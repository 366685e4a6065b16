/** Linear algebra outside autodiff. Sums have a fixed order, so results have equal bits everywhere. */
import type { NdArray } from './ndarray.js'

/** Largest |x_i|; 0 if there are no entries. */
export const largestEntry = (values: Float64Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)

/** Inner product of n entries of a, from index `a0` on, and of b, from `b0` on. */
export const dot = (a: Float64Array, a0: number, b: Float64Array, b0: number, n: number): number => {
  let sum = 0
  for (let j = 0; j < n; j++) sum += a[a0 + j] * b[b0 + j]
  return sum
}

/** a ← a + s·b for n entries of a, from index `a0` on, and of b, from `b0` on. */
const addMultipleTo = (a: Float64Array, a0: number, s: number, b: Float64Array, b0: number, n: number): void => {
  for (let j = 0; j < n; j++) a[a0 + j] += s * b[b0 + j]
}

/**
 * Orthonormal basis [rank, n] of the span of the rows of an [m, n] array; rank 0 if an entry is not finite. By Gram–Schmidt with pivoting
 * by the longest residual and reorthogonalization (Golub & Van Loan, Matrix Computations, §5.2.8 and §5.4.2), while residuals are longer
 * than 4 max(m, n) 2⁻⁵² times the longest row.
 */
export const rowSpace = ({ shape: [m, n], values }: NdArray): NdArray => {
  const scale = largestEntry(values)
  const rest = values.map(x => x / scale)
  const basis = new Float64Array(Math.min(m, n) * n)
  const lengthOf = (of: Float64Array, at: number): number => Math.sqrt(dot(of, at, of, at, n))
  let tolerance = 0
  let rank = 0
  for (; rank < Math.min(m, n); rank++) {
    let longest = 0
    let at = 0
    for (let i = 0; i < m; i++) {
      const length = lengthOf(rest, i * n)
      if (length > longest) [longest, at] = [length, i * n]
    }
    if (rank === 0) tolerance = 4 * Math.max(m, n) * Number.EPSILON * longest
    const next = rank * n
    addMultipleTo(basis, next, 1, rest, at, n)
    for (let twice = 0; twice < 2; twice++)
      for (let k = 0; k < next; k += n) addMultipleTo(basis, next, -dot(basis, next, basis, k, n), basis, k, n)
    const length = lengthOf(basis, next)
    // False for NaN too.
    if (!(length > tolerance)) break
    for (let j = next; j < next + n; j++) basis[j] /= length
    for (let i = 0; i < m * n; i += n) addMultipleTo(rest, i, -dot(rest, i, basis, next, n), basis, next, n)
  }
  return { shape: [rank, n], values: basis.slice(0, rank * n) }
}

/**
 * Writes the Cholesky factor L of S = L Lᵀ, [n, n], to the lower triangle of `l` from index `to` on; reads the lower triangle of `s` from
 * `from` on. Returns false if S is not numerically positive definite.
 */
export const factorSymmetric = (s: Float64Array, from: number, n: number, l: Float64Array, to: number): boolean => {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const rest = s[from + i * n + j] - dot(l, to + i * n, l, to + j * n, j)
      // False for NaN too.
      if (i === j && !(rest > 0 && rest < Infinity)) return false
      l[to + i * n + j] = i === j ? Math.sqrt(rest) : rest / l[to + j * n + j]
    }
  return true
}

/**
 * Writes the Cholesky factor L of AᵀA = L Lᵀ, with a diagonal ≥ 0, to the lower triangle of `l` from index `to` on; A is [m, n], m ≥ n,
 * from `from` on. L is Rᵀ of A = QR by Householder reflections (Golub & Van Loan, §5.2.1), since AᵀA has the square of A's condition
 * number.
 */
export const factorGram = (a: Float64Array, from: number, m: number, n: number, l: Float64Array, to: number): void => {
  // Column-major, so every inner loop is contiguous.
  const columns = new Float64Array(m * n)
  for (let j = 0; j < n; j++) for (let i = 0; i < m; i++) columns[j * m + i] = a[from + i * n + j]
  for (let j = 0; j < n; j++) {
    const at = j * m + j
    let longest = 0
    for (let i = 0; i < m - j; i++) longest = Math.max(longest, Math.abs(columns[at + i]))
    // Divided by the largest, so squares do not underflow.
    if (longest > 0) for (let i = 0; i < m - j; i++) columns[at + i] /= longest
    const head = columns[at]
    const others = dot(columns, at + 1, columns, at + 1, m - j - 1)
    const length = Math.sqrt(head * head + others)
    const isReduced = others === 0
    // u = x + sign(x₁)|x| e₁, and Hx = −sign(x₁)|x| e₁
    const signed = head < 0 ? -length : length
    columns[at] = isReduced ? head : head + signed
    const half = length * (length + Math.abs(head))
    const diagonal = isReduced ? head : -signed
    const sign = diagonal < 0 ? -1 : 1
    for (let k = j + 1; k < n; k++) {
      const other = k * m + j
      if (!isReduced) addMultipleTo(columns, other, -dot(columns, at, columns, other, m - j) / half, columns, at, m - j)
      l[to + k * n + j] = sign * columns[other]
    }
    l[to + j * n + j] = longest > 0 ? Math.abs(diagonal) * longest : longest === 0 ? 0 : NaN
  }
}

/** B ← L⁻¹B, for an [n, n] matrix whose lower triangle starts at `at`, and an [n, m] matrix at `to`. */
export const solveLower = (l: Float64Array, at: number, n: number, b: Float64Array, to: number, m: number): void => {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) addMultipleTo(b, to + i * m, -l[at + i * n + j], b, to + j * m, m)
    const pivot = l[at + i * n + i]
    for (let k = 0; k < m; k++) b[to + i * m + k] /= pivot
  }
}

/** B ← L⁻ᵀB, for an [n, n] matrix whose lower triangle starts at `at`, and an [n, m] matrix at `to`. */
export const solveLowerTransposed = (
  l: Float64Array,
  at: number,
  n: number,
  b: Float64Array,
  to: number,
  m: number
): void => {
  for (let i = n - 1; i >= 0; i--) {
    for (let j = n - 1; j > i; j--) addMultipleTo(b, to + i * m, -l[at + j * n + i], b, to + j * m, m)
    const pivot = l[at + i * n + i]
    for (let k = 0; k < m; k++) b[to + i * m + k] /= pivot
  }
}

export interface Eigen {
  readonly values: Float64Array
  /** Orthonormal eigenvectors as rows, [n, n]. */
  readonly vectors: NdArray
}

/** √(x² + y²), without underflow of the squares. */
const hypotenuse = (x: number, y: number): number => {
  const long = Math.max(Math.abs(x), Math.abs(y))
  const short = Math.min(Math.abs(x), Math.abs(y))
  return long === 0 ? 0 : long * Math.sqrt(1 + (short / long) * (short / long))
}

/** Tridiagonal T = Q A Qᵀ by Householder reflections, from the last row up; a is overwritten. */
const tridiagonalize = (
  a: Float64Array,
  n: number
): { readonly diagonal: Float64Array; readonly below: Float64Array; readonly q: Float64Array } => {
  const diagonal = new Float64Array(n)
  /** Off-diagonal entries: between i and i + 1. */
  const below = new Float64Array(n)
  /** ½|u|² of each reflection I − u uᵀ / (½|u|²), which maps row i to a multiple of its last unit vector; u is stored in row i of a. */
  const halves = new Float64Array(n)
  const p = new Float64Array(n)
  for (let i = n - 1; i > 0; i--) {
    const row = i * n
    diagonal[i] = a[row + i]
    const others = dot(a, row, a, row, i - 1)
    const last = a[row + i - 1]
    // A row that is tridiagonal, up to entries negligible compared with the largest one, 1, needs no reflection; one
    // from squares that underflow would not be orthogonal.
    if (others < 1e-280) {
      below[i - 1] = last
      continue
    }
    const square = others + last * last
    const length = last > 0 ? -Math.sqrt(square) : Math.sqrt(square)
    below[i - 1] = length
    a[row + i - 1] = last - length
    const half = square - last * length
    halves[i] = half
    for (let j = 0; j < i; j++) p[j] = dot(a, j * n, a, row, i) / half
    addMultipleTo(p, 0, -dot(p, 0, a, row, i) / (2 * half), a, row, i)
    for (let j = 0; j < i; j++) {
      addMultipleTo(a, j * n, -a[row + j], p, 0, i)
      addMultipleTo(a, j * n, -p[j], a, row, i)
    }
  }
  if (n > 0) diagonal[0] = a[0]
  const q = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    q[i * n + i] = 1
    if (halves[i] > 0)
      for (let j = 0; j < i * n; j += n) addMultipleTo(q, j, -dot(q, j, a, i * n, i) / halves[i], a, i * n, i)
  }
  return { diagonal, below, q }
}

type Tridiagonal = ReturnType<typeof tridiagonalize>

/** End of the block that begins at `low`: an off-diagonal entry that is negligible compared with its neighbours, or with 1. */
const blockEnd = ({ diagonal, below }: Tridiagonal, low: number): number => {
  const last = diagonal.length - 1
  let high = low
  while (
    high < last &&
    Math.abs(below[high]) > Number.EPSILON * (Math.abs(diagonal[high]) + Math.abs(diagonal[high + 1])) + 1e-300
  )
    high++
  return high
}

/** Makes an implicit QL step with Wilkinson's shift on the block from low to high; stops early if the block splits. */
const qlStep = ({ diagonal, below, q }: Tridiagonal, low: number, high: number): void => {
  const n = diagonal.length
  const half = (diagonal[low + 1] - diagonal[low]) / (2 * below[low])
  const root = hypotenuse(half, 1)
  // Shift: the eigenvalue of the block's first 2 × 2 corner that is nearer to its first entry.
  let g = diagonal[high] - diagonal[low] + below[low] / (half < 0 ? half - root : half + root)
  let sine = 1
  let cosine = 1
  let shift = 0
  for (let i = high - 1; i >= low; i--) {
    const f = sine * below[i]
    const b = cosine * below[i]
    const length = hypotenuse(f, g)
    below[i + 1] = length
    if (length === 0) {
      diagonal[i + 1] -= shift
      below[high] = 0
      return
    }
    sine = f / length
    cosine = g / length
    g = diagonal[i + 1] - shift
    const twist = (diagonal[i] - g) * sine + 2 * cosine * b
    shift = sine * twist
    diagonal[i + 1] = g + shift
    g = cosine * twist - b
    for (let [x, y, j] = [i * n, (i + 1) * n, 0]; j < n; x++, y++, j++) {
      const upper = q[y]
      q[y] = sine * q[x] + cosine * upper
      q[x] = cosine * q[x] - sine * upper
    }
  }
  diagonal[low] -= shift
  below[low] = g
  below[high] = 0
}

/**
 * Eigenvalues and eigenvectors of a symmetric [n, n] matrix, the largest first; NaN if an entry is not finite.
 *
 * Errors are a small multiple of n 2⁻⁵² times the largest eigenvalue. By Householder's tridiagonal form and implicit QL steps (Bowdler,
 * Martin, Reinsch & Wilkinson 1968, tred2 and tql2).
 */
export const symmetricEigen = ({ shape: [n], values: symmetric }: NdArray): Eigen => {
  const scale = largestEntry(symmetric)
  if (!Number.isFinite(scale))
    return {
      values: new Float64Array(n).fill(NaN),
      vectors: { shape: [n, n], values: new Float64Array(n * n).fill(NaN) }
    }
  const form = tridiagonalize(
    symmetric.map(x => (scale === 0 ? 0 : x / scale)),
    n
  )
  const { diagonal, q } = form
  for (let low = 0; low < n; low++)
    for (let high = blockEnd(form, low); high > low; high = blockEnd(form, low)) qlStep(form, low, high)
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j] - diagonal[i])
  const vectors = new Float64Array(n * n)
  order.forEach((from, to) => {
    vectors.set(q.subarray(from * n, (from + 1) * n), to * n)
  })
  return { values: Float64Array.from(order, i => scale * diagonal[i]), vectors: { shape: [n, n], values: vectors } }
}

export interface Singular {
  readonly values: Float64Array
  /** Left vectors u_i as rows, A v_i = s_i u_i; 0 if s_i is 0. */
  readonly left: NdArray
  /** Orthonormal right vectors v_i as rows. */
  readonly right: NdArray
}

const rotateRowPair = (
  a: Float64Array,
  length: number,
  [i, j]: readonly [number, number],
  [cosine, sine]: readonly [number, number]
): void => {
  for (let e = 0; e < length; e++) {
    const x = a[i * length + e]
    const y = a[j * length + e]
    a[i * length + e] = cosine * x - sine * y
    a[j * length + e] = sine * x + cosine * y
  }
}

/**
 * Singular value decomposition A = Σ_i s_i u_i v_iᵀ of an [m, n] matrix, m ≥ n, by one-sided Jacobi rotations (Hestenes 1958, Demmel &
 * Veselić 1992): if columns differ in scale only, small singular values have a small relative error too.
 */
export const singular = ({ shape: [m, n], values }: NdArray): Singular => {
  // Column-major, so every inner loop is contiguous.
  const columns = new Float64Array(n * m)
  const v = new Float64Array(n * n)
  for (let j = 0; j < n; j++) {
    v[j * n + j] = 1
    for (let i = 0; i < m; i++) columns[j * m + i] = values[i * n + j]
  }
  for (let sweep = 0, isRotated = true; isRotated && sweep < 60; sweep++) {
    isRotated = false
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        const a = dot(columns, i * m, columns, i * m, m)
        const b = dot(columns, j * m, columns, j * m, m)
        const c = dot(columns, i * m, columns, j * m, m)
        if (!(Math.abs(c) > 2 * Number.EPSILON * Math.sqrt(a * b))) continue
        isRotated = true
        const half = (b - a) / (2 * c)
        const tangent = (half < 0 ? -1 : 1) / (Math.abs(half) + hypotenuse(half, 1))
        const cosine = 1 / hypotenuse(1, tangent)
        rotateRowPair(columns, m, [i, j], [cosine, cosine * tangent])
        rotateRowPair(v, n, [i, j], [cosine, cosine * tangent])
      }
  }
  const lengths = Float64Array.from({ length: n }, (_, j) => Math.sqrt(dot(columns, j * m, columns, j * m, m)))
  const order = Array.from(lengths.keys()).sort((i, j) => lengths[j] - lengths[i])
  const left = new Float64Array(n * m)
  const right = new Float64Array(n * n)
  order.forEach((from, to) => {
    const length = lengths[from]
    for (let e = 0; e < m; e++) left[to * m + e] = length === 0 ? 0 : columns[from * m + e] / length
    right.set(v.subarray(from * n, (from + 1) * n), to * n)
  })
  return {
    values: Float64Array.from(order, j => lengths[j]),
    left: { shape: [n, m], values: left },
    right: { shape: [n, n], values: right }
  }
}

/**
 * Orthonormal polar factor Σ_i u_i v_iᵀ of A = Σ_i s_i u_i v_iᵀ, [m, n], m ≥ n: the nearest matrix with orthonormal columns (Fan & Hoffman
 * 1955). Not unique if columns are linearly dependent.
 */
export const polar = ({ shape: [m, n], values }: NdArray): Float64Array => {
  const scale = largestEntry(values)
  if (!Number.isFinite(scale)) return new Float64Array(m * n).fill(NaN)
  const {
    values: sizes,
    left,
    right
  } = singular({ shape: [m, n], values: scale === 0 ? values : values.map(x => x / scale) })
  const out = new Float64Array(m * n)
  for (let k = 0; k < n; k++) {
    const u = left.values.subarray(k * m, (k + 1) * m)
    if (sizes[k] === 0) u.set(orthogonalUnit(left.values, m, k))
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[i * n + j] += u[i] * right.values[k * n + j]
  }
  return out
}

/** Unit vector orthogonal to the first k rows, which are orthonormal: the normalized residual of the axis with the largest residual. */
const orthogonalUnit = (rows: Float64Array, m: number, k: number): Float64Array => {
  const over = (x: Float64Array): Float64Array => {
    for (let row = 0; row < k; row++) {
      const share = dot(rows, row * m, x, 0, m)
      for (let e = 0; e < m; e++) x[e] -= share * rows[row * m + e]
    }
    return x
  }
  const left = Array.from({ length: m }, (_, axis) => over(new Float64Array(m).fill(1, axis, axis + 1)))
  const most = left.reduce((a, b) => (dot(b, 0, b, 0, m) > dot(a, 0, a, 0, m) ? b : a))
  // Repeated, to remove rounding errors.
  const again = over(most)
  const length = Math.sqrt(dot(again, 0, again, 0, m))
  return again.map(x => x / length)
}

/** Transpose of a square matrix. */
export const transposed = (values: Float64Array, n: number): Float64Array =>
  values.map((_, at) => values[(at % n) * n + Math.floor(at / n)])

/** Product of square matrices. */
export const multiplySquare = (a: Float64Array, b: Float64Array, n: number): Float64Array =>
  a.map((_, at) => {
    const i = Math.floor(at / n)
    const j = at % n
    let sum = 0
    for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j]
    return sum
  })

/** ½(A + Aᵀ) of a square matrix given by its columns. */
export const symmetricPart = (columns: ReadonlyArray<Float64Array>): NdArray => {
  const n = columns.length
  const values = new Float64Array(n * n).map((_, at) => {
    const i = Math.floor(at / n)
    const j = at % n
    return (columns[i][j] + columns[j][i]) / 2
  })
  return { shape: [n, n], values }
}
