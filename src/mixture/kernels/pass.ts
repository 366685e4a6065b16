/**
 * The closed forms as loops: one pass over the data for all noise levels and draws together, two products of size
 * rows × K × dim whatever their number, nothing of the size of the data allocated. Each is the derivative of what
 * `Components` computes, and is held against autodiff.
 *
 * Notation, for a row x = x_0 and x_t = αx_0 + σz: D_k = |x_0 − c_k|², ζ_k = α⟨x_0 − c_k, z⟩ + σ|z|², Δ_kl = |c_k − c_l|²,
 * u_k = α²v_k + σ², q_k = |x_t − αc_k|² = α²D_k + σ(2α⟨x_0 − c_k, z⟩ + σ|z|²), w = softmax(log π_k − (d/2) log u_k − q_k/(2u_k)),
 * p_k = w_k/u_k, b = Σp_k, s = −Σp_k(x_t − αc_k), |s|² = bΣp_kq_k − ½α²pᵀΔp, div s = Σp_kq_k/u_k − |s|² − db, ⟨s, z⟩ = −Σp_kζ_k.
 * The loss is |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ, which has the same mean for every h. All of it is made of differences from the
 * centres: |x|² − 2⟨x, c⟩ + |c|², as SIMD has it, has lost 2⁻⁵²(|x| + |c|)²/u of a log density.
 */
import * as Elementary from '../../../lib/elementary.js'
import * as Key from '../../../lib/key.js'
import * as Strands from '../../../lib/strands.js'
import { column, constant, each, stretch, type Numbers } from '../../../lib/stretches.js'

/** Data as a pass reads them; what is read a stretch at a time is never held whole. */
export interface Rows<N extends Numbers = Numbers> {
  readonly rows: number
  readonly dim: number
  readonly x: N
  /** Weights that sum to 1; null for equal ones. */
  readonly weights: N | null
  /** Of use for one step, as a batch is: a pass keeps no copy. Absent, it may keep one, and x must not change. */
  readonly passing?: true
}

/** The weight of each row. */
export const weightsOf = ({ rows, weights }: Rows): Numbers => weights ?? constant(rows, 1 / rows)

/** The greatest length of a row. */
export const longest = (numbers: Numbers, dim: number): number => {
  let most = 0
  const look = (values: Float64Array): void => {
    for (let at = 0; at < values.length; at += dim) {
      let squared = 0
      for (let k = 0; k < dim; k++) squared += values[at + k] * values[at + k]
      // NaN stays.
      most = Math.max(most, squared)
    }
  }
  if (numbers instanceof Float64Array) look(numbers)
  else each(numbers, look)
  return Math.sqrt(most)
}

/** A mixture as a pass reads it: centres [K, dim], log weights up to a constant, variances. */
export interface Arrays {
  readonly components: number
  readonly centres: Float64Array
  readonly logits: Float64Array
  readonly variances: Float64Array
  /** Whether logits and variances are parameters; if not, they are equal, and nobody asks for their derivatives. */
  readonly free: boolean
}

/** Derivatives with respect to each of `Arrays`; those of what is not free may be anything. */
export interface Gradient {
  readonly value: number
  readonly centres: Float64Array
  readonly logits: Float64Array
  readonly variances: Float64Array
}

/** Draws by counter: nothing of the size of the data is held. */
export interface SpanNoise {
  readonly _tag: 'Span'
  /** Coordinates in the orthonormal basis: row i, direction j has normal draw i · rank + j. */
  readonly coordinates: Key.Key
  /** Normal draw i for row i, along the part of x_0 − c_k outside the span, the same for all k; null where |x|² does not matter. */
  readonly along: Key.Key | null
  /** |z|² beyond the span and `along`: its mean, or χ² draw i for row i. */
  readonly rest: number | { readonly key: Key.Key; readonly degrees: number }
  /** The opposite of all normals is −1. */
  readonly sign: 1 | -1
}

/** A point of a quadrature in the one direction of a basis of rank ≤ 1, the same for all rows. */
export interface NodeNoise {
  readonly _tag: 'Node'
  readonly coordinate: number
  /** The mean of |z|² beyond the direction. */
  readonly rest: number
}

/** All of the noise, [rows, dim]: given, or normal draws 0, 1, … of a key. */
export interface FullNoise {
  readonly _tag: 'Full'
  readonly values: Numbers | Key.Key
  readonly sign: 1 | -1
  /** Of use for one step, as in `Rows`. */
  readonly passing?: true
}

export type Noise = SpanNoise | NodeNoise | FullNoise

/** One noise level with one draw of noise. */
export interface Part {
  /** Like α and σ, one for all rows, or one a row. */
  readonly weight: Numbers
  readonly alpha: Numbers
  readonly sigma: Numbers
  readonly noise: Noise
  /** 1 − h, the share of the denoising form, one for all rows, or one a row; 0 is the implicit form. */
  readonly denoising: Numbers
  /** Add (1 − h)|z|²/σ² + hd/σ²: the loss is then |s + z/σ|² in the mean, and at h = 0 itself. */
  readonly completed: boolean
}

/** An orthonormal basis [rank, dim] of the span of the centres' differences, and what all centres have outside it. */
export interface Basis {
  readonly rank: number
  readonly vectors: Float64Array
  /** [dim]; full noise does not ask. */
  readonly origin: Float64Array
}

/** Whether noise in full is given, and not drawn. */
export const isGiven = (values: FullNoise['values']): values is Numbers =>
  values instanceof Float64Array || 'read' in values

/** Rows summed before their sum joins the strand's: rounding grows with rows/CHUNK + CHUNK. */
const CHUNK = 256

/** A row nearer to the span than this share of its distance from the origin there has no direction outside it. */
export const OUTSIDE = 1e-9

const dot = (a: Float64Array, i: number, b: Float64Array, j: number, n: number): number => {
  let sum = 0
  for (let k = 0; k < n; k++) sum += a[i + k] * b[j + k]
  return sum
}

/** |a − b|² */
const squaredDistance = (a: Float64Array, i: number, b: Float64Array, j: number, n: number): number => {
  let sum = 0
  for (let k = 0; k < n; k++) sum += Elementary.square(a[i + k] - b[j + k])
  return sum
}

/** ⟨a − b, z⟩ */
const differenceDot = (
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  z: Float64Array,
  l: number,
  n: number
): number => {
  let sum = 0
  for (let k = 0; k < n; k++) sum += (a[i + k] - b[j + k]) * z[l + k]
  return sum
}

const axpy = (c: number, x: Float64Array, i: number, y: Float64Array, j: number, n: number): void => {
  for (let k = 0; k < n; k++) y[j + k] += c * x[i + k]
}

/** Arrays of these sizes, at 0. */
const emptied = <N extends string>(sizes: Readonly<Record<N, number>>): Record<N, Float64Array> =>
  Object.fromEntries(Object.entries<number>(sizes).map(([name, size]) => [name, new Float64Array(size)])) as Record<
    N,
    Float64Array
  >

/** y += each entry of x, and x is emptied for the next chunk. */
const drain = (x: Float64Array, y: Float64Array): void => {
  for (let k = 0; k < x.length; k++) y[k] += x[k]
  x.fill(0)
}

/** |x − o − Σ⟨b_j, x⟩b_j|, by the difference itself: that of the squares would lose the small ones. */
const distanceFromSpan = (
  x: Float64Array,
  at: number,
  dim: number,
  { vectors, origin }: Basis,
  coordinates: Float64Array,
  residual: Float64Array
): number => {
  for (let k = 0; k < dim; k++) residual[k] = x[at + k] - origin[k]
  for (let j = 0; j < coordinates.length; j++) axpy(-coordinates[j], vectors, j * dim, residual, 0, dim)
  return Math.sqrt(dot(residual, 0, residual, 0, dim))
}

const addProduct = (
  scale: number,
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  m: number,
  k: number,
  n: number
): void => {
  for (let i = 0; i < m; i++) for (let p = 0; p < k; p++) axpy(scale * a[i * k + p], b, p * n, out, i * n, n)
}

/** A chunk of a part's noise, row by row, with its sign. */
interface Drawn {
  readonly normals: Float64Array
  readonly along: Float64Array
  readonly rest: Float64Array
  /** Reads the chunk that begins at a row. */
  readonly read: (row: number) => void
}

/** Of rows from `first` on. */
const reader = (noise: Noise, first: number, rows: number, width: number): Drawn => {
  const normals = new Float64Array(CHUNK * width)
  const along = new Float64Array(CHUNK)
  const rest = new Float64Array(CHUNK)
  const flip = (values: Float64Array): void => {
    for (let k = 0; k < values.length; k++) values[k] = -values[k]
  }
  const read = (row: number): void => {
    const count = Math.min(CHUNK, rows - row)
    const own = normals.subarray(0, count * width)
    if (noise._tag === 'Node') return
    if (noise._tag === 'Full') {
      if (isGiven(noise.values)) own.set(stretch(noise.values, width, first + row, count))
      else Key.fillNormal((first + row) * width, own)(noise.values)
    } else {
      Key.fillNormal((first + row) * width, own)(noise.coordinates)
      if (noise.along !== null) Key.fillNormal(first + row, along.subarray(0, count))(noise.along)
      if (typeof noise.rest !== 'number')
        Key.fillChiSquared(noise.rest.degrees, first + row, rest.subarray(0, count))(noise.rest.key)
    }
    if (noise.sign < 0) [own, along].forEach(flip)
  }
  if (noise._tag === 'Node') normals.fill(noise.coordinate)
  if (noise._tag === 'Node' || (noise._tag === 'Span' && typeof noise.rest === 'number')) rest.fill(Number(noise.rest))
  return { normals, along, rest, read }
}

/** Rows of a strand, in memory, with the weight of each. */
interface Strand {
  readonly first: number
  readonly rows: number
  readonly x: Float64Array
  readonly weights: Float64Array
}

/** A sum of arrays by their names, one after another. */
const strandwise = <N extends string, A>(
  data: Rows,
  sizes: Readonly<Record<N, number>>,
  sum: (strand: Strand) => Readonly<Record<N, Float64Array>>,
  found: (sums: Readonly<Record<N, Float64Array>>) => A
): Strands.Sum<A> => {
  const { rows, dim, x } = data
  const weights = weightsOf(data)
  // the names of a record are its own
  const names = Object.keys(sizes) as unknown as ReadonlyArray<N>
  const places = names.map((_, i) => names.slice(0, i).reduce((at, name) => at + sizes[name], 0))
  const width = names.reduce((total, name) => total + sizes[name], 0)
  return {
    rows,
    width,
    strands: Strands.each(rows, width, (first, count, into) => {
      const own = stretch(weights, 1, first, count)
      const sums = sum({ first, rows: count, x: stretch(x, dim, first, count), weights: own })
      names.forEach((name, i) => {
        into.set(sums[name], places[i])
      })
    }),
    found: sums =>
      found(
        Object.fromEntries(names.map((name, i) => [name, sums.slice(places[i], places[i] + sizes[name])])) as Record<
          N,
          Float64Array
        >
      )
  }
}

/** Σ weight · row loss over rows and parts, and its derivatives; the parts' noise lies in `basis` unless it is full. */
export const scorePass = (
  data: Rows,
  mixture: Arrays,
  basis: Basis,
  parts: ReadonlyArray<Part>
): Strands.Sum<Gradient> => {
  const { dim } = data
  const { components: K, centres, logits, variances } = mixture
  const { rank, vectors } = basis
  const between = new Float64Array(K * K)
  const basisGram = new Float64Array(K * rank)
  for (let i = 0; i < K; i++) {
    for (let j = 0; j < K; j++) between[i * K + j] = squaredDistance(centres, i * dim, centres, j * dim, dim)
    for (let j = 0; j < rank; j++) basisGram[i * rank + j] = dot(centres, i * dim, vectors, j * dim, dim)
  }
  const basisDots = new Float64Array(rank)
  const [D, zeta, q, w, p, P, u, logu] = Array.from({ length: 8 }, () => new Float64Array(K))
  const [onData, onNoise] = [new Float64Array(K), new Float64Array(K)]
  const sizes = { value: 1, F: K * dim, Fb: K * rank, PP: K * K, logits: K, variances: K }
  const seesNorm = parts.some(({ noise }) => noise._tag === 'Span' && noise.along !== null)
  const residual = new Float64Array(dim)
  let outside = 0

  const sum = ({ first, rows, x, weights }: Strand): Record<keyof typeof sizes, Float64Array> => {
    const [chunk, total] = [emptied(sizes), emptied(sizes)]
    const noises = parts.map(({ noise }) => reader(noise, first, rows, noise._tag === 'Full' ? dim : rank))
    const levels = parts.map(({ alpha, sigma, weight, denoising }) => ({
      alpha: column(alpha, first, rows),
      sigma: column(sigma, first, rows),
      weight: column(weight, first, rows),
      denoising: column(denoising, first, rows)
    }))
    for (let i = 0; i < rows; i++) {
      const at = i * dim
      for (let k = 0; k < K; k++) D[k] = squaredDistance(x, at, centres, k * dim, dim)
      for (let j = 0; j < rank; j++) basisDots[j] = dot(vectors, j * dim, x, at, dim)
      if (seesNorm) outside = distanceFromSpan(x, at, dim, basis, basisDots, residual)
      const hasOutside = seesNorm && outside > OUTSIDE * Math.sqrt(squaredDistance(x, at, basis.origin, 0, dim) + 1)
      onData.fill(0)
      const rowWeight = weights[i]
      for (let index = 0; index < parts.length; index++) {
        const part = parts[index]
        const level = levels[index]
        const drawn = noises[index]
        if (i % CHUNK === 0) drawn.read(i)
        const one = level.alpha.length === 1
        const alpha = level.alpha[one ? 0 : i]
        const sigma = level.sigma[one ? 0 : i]
        const c = rowWeight * level.weight[level.weight.length === 1 ? 0 : i]
        const { noise } = part
        const onTarget = level.denoising[level.denoising.length === 1 ? 0 : i]
        const h = 1 - onTarget
        const squaredScoreWeight = 1 - 2 * h
        // The noise: |z|², ⟨x_0 − c_k, z⟩, which then becomes ζ_k, and how much it adds of the part of x_0 − c_k outside the span.
        let alongShare = 0
        let zz = 0
        const offset = (i % CHUNK) * (noise._tag === 'Full' ? dim : rank)
        if (noise._tag === 'Full') {
          zz = dot(drawn.normals, offset, drawn.normals, offset, dim)
          for (let k = 0; k < K; k++) zeta[k] = differenceDot(x, at, centres, k * dim, drawn.normals, offset, dim)
        } else {
          zz = dot(drawn.normals, offset, drawn.normals, offset, rank) + drawn.rest[i % CHUNK]
          for (let k = 0; k < K; k++)
            zeta[k] = differenceDot(basisDots, 0, basisGram, k * rank, drawn.normals, offset, rank)
          if (noise._tag === 'Span' && noise.along !== null) {
            const normal = drawn.along[i % CHUNK]
            zz += normal * normal
            if (hasOutside) {
              alongShare = (sigma * normal) / outside
              for (let k = 0; k < K; k++) zeta[k] += normal * outside
            }
          }
        }
        for (let k = 0; k < K; k++) {
          q[k] = alpha * alpha * D[k] + sigma * (2 * alpha * zeta[k] + sigma * zz)
          zeta[k] = alpha * zeta[k] + sigma * zz
        }
        if (part.completed) chunk.value[0] += (c * (onTarget * zz + h * dim)) / (sigma * sigma)

        // Responsibilities.
        let greatest = -Infinity
        for (let k = 0; k < K; k++) {
          u[k] = alpha * alpha * variances[k] + sigma * sigma
          logu[k] = k > 0 && variances[k] === variances[k - 1] ? logu[k - 1] : Elementary.log(u[k])
          w[k] = logits[k] - (dim / 2) * logu[k] - q[k] / (2 * u[k])
          if (w[k] > greatest) greatest = w[k]
        }
        let mass = 0
        for (let k = 0; k < K; k++) mass += w[k] = Elementary.exp(w[k] - greatest)
        let [b, pq, curvature] = [0, 0, 0]
        for (let k = 0; k < K; k++) {
          w[k] /= mass
          p[k] = w[k] / u[k]
          b += p[k]
          pq += p[k] * q[k]
          curvature += (p[k] * q[k]) / u[k]
        }
        // P = ∂loss/∂p.
        let spread = 0
        let cross = 0
        let mean = 0
        const toNoise = (2 * onTarget) / sigma
        for (let k = 0; k < K; k++) {
          const apart = alpha * alpha * dot(between, k * K, p, 0, K)
          const onCross = -toNoise * zeta[k]
          spread += p[k] * apart
          P[k] = squaredScoreWeight * (pq + b * q[k] - apart) + 2 * h * (q[k] / u[k] - dim) + onCross
          cross += p[k] * onCross
          mean += p[k] * P[k]
        }
        const squaredScore = b * pq - spread / 2
        chunk.value[0] += c * (squaredScoreWeight * squaredScore + 2 * h * (curvature - dim * b) + cross)
        // Back through the softmax, to ⟨c_k, x_t⟩, ⟨c_k, c_l⟩, u and the weights.
        onNoise.fill(0)
        for (let k = 0; k < K; k++) {
          const E = w[k] * (P[k] / u[k] - mean)
          const onQ = (2 * h * p[k]) / u[k] - E / (2 * u[k]) + squaredScoreWeight * b * p[k]
          chunk.logits[k] += c * E
          chunk.variances[k] +=
            c *
            alpha *
            alpha *
            ((-P[k] * p[k]) / u[k] - (2 * h * p[k] * q[k]) / (u[k] * u[k]) + (E / (2 * u[k])) * (q[k] / u[k] - dim))
          for (let j = 0; j <= k; j++) chunk.PP[k * K + j] += c * squaredScoreWeight * alpha * alpha * p[k] * p[j]
          // By x_t − αc_k, and with that by z itself, over σ, as far as it is noise.
          const onPoint = -2 * onQ
          const onNormal = onPoint + (toNoise * p[k]) / sigma
          onData[k] += c * alpha * (onPoint * alpha + onNormal * alongShare)
          onNoise[k] = c * alpha * sigma * onNormal
          if (noise._tag !== 'Full')
            for (let j = 0; j < rank; j++)
              chunk.Fb[k * rank + j] +=
                c *
                alpha *
                onNormal *
                (sigma * drawn.normals[offset + j] - alongShare * (basisDots[j] - basisGram[k * rank + j]))
        }
        if (noise._tag === 'Full')
          for (let k = 0; k < K; k++) axpy(onNoise[k], drawn.normals, offset, chunk.F, k * dim, dim)
      }
      for (let k = 0; k < K; k++)
        for (let j = 0, to = k * dim; j < dim; j++, to++) chunk.F[to] += onData[k] * (x[at + j] - centres[to])
      if (i % CHUNK === CHUNK - 1 || i === rows - 1)
        for (const name of ['value', 'F', 'Fb', 'PP', 'logits', 'variances'] as const) drain(chunk[name], total[name])
    }
    return total
  }

  return strandwise(data, sizes, sum, ({ F, Fb, PP, ...total }): Gradient => {
    // A gradient does not know where 0 is: what multiplies c_k is the opposite of what multiplies all else.
    addProduct(1, Fb, vectors, F, K, rank, dim)
    for (let k = 0; k < K; k++)
      for (let l = 0; l < K; l++) {
        const onDifference = 2 * PP[l < k ? k * K + l : l * K + k]
        for (let j = 0; j < dim; j++) F[k * dim + j] += onDifference * (centres[l * dim + j] - centres[k * dim + j])
      }
    return { value: total.value[0], centres: F, logits: total.logits, variances: total.variances }
  })
}

/** What a pass that expands |x − c|² sums over rows and parts. */
export interface Sums {
  readonly value: Float64Array
  /** Σ ∂/∂c_k as far as it lies along x_0 or noise that is full, [K, dim] */
  readonly F: Float64Array
  /** The same along the basis, [K, rank] */
  readonly Fb: Float64Array
  /** Σ ∂/∂|c_k|², [K] */
  readonly Q: Float64Array
  /** Σ of half the derivative by the Gram matrix, [K, K]; above the diagonal it may be anything */
  readonly PP: Float64Array
  readonly logits: Float64Array
  readonly variances: Float64Array
}

/** The gradient that sums amount to; uses `F` and `PP` up. */
export const assembled = (
  { dim }: Pick<Rows, 'dim'>,
  { components: K, centres }: Arrays,
  { rank, vectors }: Basis,
  { value, F, Fb, Q, PP, logits, variances }: Sums
): Gradient => {
  addProduct(1, Fb, vectors, F, K, rank, dim)
  for (let k = 0; k < K; k++) {
    for (let j = 0; j < k; j++) PP[j * K + k] = PP[k * K + j]
    axpy(2 * Q[k], centres, k * dim, F, k * dim, dim)
  }
  addProduct(2, PP, centres, F, K, K, dim)
  return { value: value[0], centres: F, logits, variances }
}

/**
 * The symmetric pair under noise in its one direction: with m = αc, a = ⟨m, x⟩, g = |m|², T = tanh(a/u), u = α² + σ²,
 * |s|² + 2 div s = (g(2 − T²) − 2aT + |x|²)/u² − 2d/u. Levels and noise are those of all rows.
 */
export const pairPass = (data: Rows, arrays: Arrays, _: Basis, parts: ReadonlyArray<Part>): Strands.Sum<Gradient> => {
  const { dim } = data
  const mean = arrays.centres.subarray(0, dim)
  const nodes = pairNodes(dim, mean, parts)
  const sizes = { value: 1, onMean: 1, onData: dim }
  const sum = ({ rows, x, weights }: Strand): PairSums => {
    const [chunk, total] = [emptied(sizes), emptied(sizes)]
    for (let i = 0; i < rows; i++) {
      const product = dot(mean, 0, x, i * dim, dim)
      const clean = dot(x, i * dim, x, i * dim, dim)
      const rowWeight = weights[i]
      let onData = 0
      for (const { weight, alpha, offset, inverse, g, constant, cross, share } of nodes) {
        const c = rowWeight * weight
        const a = alpha * alpha * product + offset
        const T = Elementary.tanh(a * inverse)
        const slope = 1 - T * T
        const squaredNorm = alpha * alpha * clean + cross * product
        chunk.value[0] += c * (g * (1 + slope) - 2 * a * T + squaredNorm) + rowWeight * constant
        const da = -2 * c * alpha * (T + slope * inverse * (g * T + a))
        onData += alpha * da
        chunk.onMean[0] += 2 * c * alpha * alpha * (1 + slope) + share * da
      }
      axpy(onData, x, i * dim, chunk.onData, 0, dim)
      if (i % CHUNK === CHUNK - 1 || i === rows - 1)
        for (const name of ['value', 'onData', 'onMean'] as const) drain(chunk[name], total[name])
    }
    return total
  }
  return strandwise(data, sizes, sum, total => pairAssembled(mean, total))
}

/** A level and node as the pair's pass reads them; noise moves a point along the mean. */
export interface PairNode {
  /** weight/u² */
  readonly weight: number
  readonly alpha: number
  /** ασz|mean|, what the noise adds to a */
  readonly offset: number
  /** 1/u */
  readonly inverse: number
  readonly g: number
  /** The weighted loss's part that is the same for all rows. */
  readonly constant: number
  /** 2ασz/|mean|: |x_t|² grows by so many ⟨mean, x⟩. */
  readonly cross: number
  /** σz/|mean| */
  readonly share: number
}

export const pairNodes = (dim: number, mean: Float64Array, parts: ReadonlyArray<Part>): ReadonlyArray<PairNode> => {
  const length = Math.sqrt(dot(mean, 0, mean, 0, dim))
  return parts.flatMap(part => {
    const { noise, completed } = part
    if (noise._tag !== 'Node') return []
    const [[weight], [alpha], [sigma]] = [part.weight, part.alpha, part.sigma].map(numbers => column(numbers, 0, 1))
    const u = alpha * alpha + sigma * sigma
    const z = length > 0 ? noise.coordinate : 0
    const share = length > 0 ? (sigma * z) / length : 0
    const constant =
      (sigma * sigma * (z * z + noise.rest)) / (u * u) - (2 * dim) / u + (completed ? dim / (sigma * sigma) : 0)
    return [
      {
        weight: weight / (u * u),
        alpha,
        offset: alpha * sigma * z * length,
        inverse: 1 / u,
        g: alpha * alpha * length * length,
        constant: weight * constant,
        cross: 2 * alpha * share,
        share
      }
    ]
  })
}

export interface PairSums {
  readonly value: Float64Array
  readonly onMean: Float64Array
  readonly onData: Float64Array
}

/** All on the first of the centres ±c: the parameter takes the difference of the two. Uses `onData` up. */
export const pairAssembled = (mean: Float64Array, { value, onMean, onData }: PairSums): Gradient => {
  const dim = mean.length
  axpy(onMean[0], mean, 0, onData, 0, dim)
  const gradient = new Float64Array(2 * dim)
  gradient.set(onData)
  return { value: value[0], centres: gradient, logits: new Float64Array(2), variances: new Float64Array(2) }
}

/** What an E-step leaves of the data. */
export interface Statistics {
  /** −Σ weight · log p(x) */
  readonly value: number
  /** Σ weight · p(k | x), [K] */
  readonly mass: Float64Array
  /** Σ weight · p(k | x) x, [K, dim] */
  readonly sums: Float64Array
  /** Σ weight · p(k | x) |x − c_k|², [K] */
  readonly scatter: Float64Array
}

export const logSumExp = (values: Float64Array): number => {
  const greatest = values.reduce((a, b) => Math.max(a, b), -Infinity)
  return greatest + Elementary.log(values.reduce((sum, value) => sum + Elementary.exp(value - greatest), 0))
}

/** log π_k − (d/2) log 2πv_k, the π_k up to a factor. */
const logOffsets = (logits: Float64Array, variances: Float64Array, dim: number): Float64Array =>
  logits.map((logit, k) => logit - (dim / 2) * Elementary.log(2 * Math.PI * variances[k]))

/** q_k = |x − c_k|² and w_k = p(x, k)/max, for the row of x that begins at `at`; gives log max. */
const joint = (
  x: Float64Array,
  at: number,
  dim: number,
  { components: K, centres, variances }: Arrays,
  offsets: Float64Array,
  q: Float64Array,
  w: Float64Array
): number => {
  let greatest = -Infinity
  for (let k = 0; k < K; k++) {
    let distance = 0
    for (let j = 0, c = k * dim; j < dim; j++, c++) distance += Elementary.square(x[at + j] - centres[c])
    q[k] = distance
    w[k] = offsets[k] - distance / (2 * variances[k])
    if (w[k] > greatest) greatest = w[k]
  }
  for (let k = 0; k < K; k++) w[k] = Elementary.exp(w[k] - greatest)
  return greatest
}

/** p(k | x), [rows, K] */
export const responsibilities = ({ rows, dim, x }: Rows<Float64Array>, mixture: Arrays): Float64Array => {
  const K = mixture.components
  const found = new Float64Array(rows * K)
  const [q, w] = [new Float64Array(K), new Float64Array(K)]
  const offsets = logOffsets(mixture.logits, mixture.variances, dim)
  for (let i = 0; i < rows; i++) {
    joint(x, i * dim, dim, mixture, offsets, q, w)
    let mass = 0
    for (let k = 0; k < K; k++) mass += w[k]
    for (let k = 0; k < K; k++) found[i * K + k] = w[k] / mass
  }
  return found
}

/** The E-step of expectation–maximization at time 0; the gradient of the likelihood follows from it. */
export const expectationPass = (data: Rows, mixture: Arrays): Strands.Sum<Statistics> => {
  const { dim } = data
  const { components: K, logits, variances } = mixture
  const sizes = { value: 1, mass: K, sums: K * dim, scatter: K }
  const [q, w] = [new Float64Array(K), new Float64Array(K)]
  const offsets = logOffsets(logits, variances, dim)
  const logMass = logSumExp(logits)
  const sum = ({ rows, x, weights }: Strand): Record<keyof typeof sizes, Float64Array> => {
    const [chunk, total] = [emptied(sizes), emptied(sizes)]
    for (let i = 0; i < rows; i++) {
      const at = i * dim
      const greatest = joint(x, at, dim, mixture, offsets, q, w)
      let mass = 0
      for (let k = 0; k < K; k++) mass += w[k]
      chunk.value[0] -= weights[i] * (greatest + Elementary.log(mass) - logMass)
      for (let k = 0; k < K; k++) {
        const r = (weights[i] * w[k]) / mass
        chunk.mass[k] += r
        chunk.scatter[k] += r * q[k]
        axpy(r, x, at, chunk.sums, k * dim, dim)
      }
      if (i % CHUNK === CHUNK - 1 || i === rows - 1)
        for (const name of ['value', 'mass', 'sums', 'scatter'] as const) drain(chunk[name], total[name])
    }
    return total
  }
  return strandwise(data, sizes, sum, total => ({ ...total, value: total.value[0] }))
}

/** The gradient of −Σ weight · log p(x), from the E-step at the same mixture. */
export const likelihoodGradient = (
  { components: K, centres, logits, variances }: Arrays,
  { value, mass, sums, scatter }: Statistics,
  dim: number
): Gradient => {
  const greatest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const prior = logits.map(logit => Elementary.exp(logit - greatest))
  const total = prior.reduce((sum, p) => sum + p, 0)
  return {
    value,
    centres: sums.map((sum, at) => {
      const k = Math.floor(at / dim)
      return (mass[k] * centres[at] - sum) / variances[k]
    }),
    logits: prior.map((p, k) => p / total - mass[k]),
    variances: Float64Array.from(
      { length: K },
      (_, k) => (mass[k] * dim - scatter[k] / variances[k]) / (2 * variances[k])
    )
  }
}
