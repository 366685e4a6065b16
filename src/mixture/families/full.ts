/**
 * Mixtures of Gaussians of any covariance, Σ_k = L_k L_kᵀ, or one for all. The factor of S_k = α²Σ_k + σ²I is that of the stack
 * [αL_kᵀ; σI], whose condition is the root of that of S_k; Σ_k itself, and so its condition, is never formed.
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../../lib/elementary.js'
import * as Factor from '../../../lib/factor.js'
import {
  add,
  compute,
  concat,
  diagonal,
  exp,
  expandDims,
  eye,
  fromNdArray,
  gramCholesky,
  log,
  lowerTriangle,
  matMul,
  mul,
  neg,
  ones,
  pad,
  reshape,
  solveTriangular,
  sqrt,
  square,
  squaredDistances,
  squeeze,
  sum,
  transpose,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import { symmetricEigen } from '../../../lib/linalg.js'
import { Field } from '../../core/index.js'
import { family, type At, type Level, type Moments } from '../../score/family.js'
import type * as Mixture from '../Mixture.js'
import * as FromGradient from '../kernels/fromGradient.js'
import * as Gaussian from './gaussian.js'

// —— factors in the vocabulary ——

/** L, [..., d, d], from the logarithms of its diagonal, [..., d], and what is below, row by row, [..., d(d − 1)/2]. */
const triangle = (logScales: Tensor, lower: Tensor): Tensor => {
  const { shape, rank } = logScales
  const dim = shape[rank - 1]
  const scales = mul(reshape(exp(logScales), [...shape, 1]), eye(dim))
  const lead = RA.makeBy(rank - 1, () => [0, 0] as const)
  return dim === 1 ? scales : add(pad(lowerTriangle(lower), [...lead, [1, 0], [0, 1]]), scales)
}

/** The factor of α²LLᵀ + σ²I, [rows | 1, …, d, d] of L [..., d, d]. */
const at = (l: Tensor, level: Level): Tensor => {
  const { alpha, sigma } = Gaussian.spreadOver(level, l.rank)
  const [dim] = l.shape.slice(-1)
  const noise = mul(mul(sigma, eye(dim)), ones([...l.shape.slice(0, -2), 1, 1]))
  return gramCholesky(concat([mul(alpha, expandDims(Gaussian.flipped(l), 0)), noise], l.rank - 1))
}

/** −log |F| */
const logRootOf = (factor: Tensor): Tensor => neg(sum(log(diagonal(factor)), -1))

/** F⁻¹ */
const inverse = (factor: Tensor): Tensor => solveTriangular(factor, eye(factor.shape[factor.rank - 1]))

/** What is seen where rows have levels, and so factors, of their own: [rows, K | 1, d, d]. */
const perRow = (means: Tensor, factor: Tensor, x: Tensor, level: Level): Gaussian.Seen => {
  const white = solveTriangular(factor, expandDims(Gaussian.residuals(x, means, level), 3))
  return Gaussian.seenApart(
    Gaussian.logNormal(x.shape[1] ?? 0, sum(square(white), [2, 3]), logRootOf(factor)),
    squeeze(solveTriangular(factor, white, { transposed: true }), 3),
    sum(square(inverse(factor)), [2, 3])
  )
}

interface Tensors {
  readonly means: Tensor
  readonly logits: Tensor
  readonly logScales: Tensor
  readonly lower: Tensor
}

/** Of a factor for each component, [K, d, d], at the level of the rows. */
const apart = (means: Tensor, factor: Tensor, x: Tensor, level: Level): Gaussian.Seen => {
  const root = inverse(factor)
  // [K, rows, d]: a product of all rows for each component
  const white = matMul(transpose(Gaussian.residuals(x, means, level), [1, 0, 2]), root, { transposeB: true })
  return Gaussian.seenApart(
    Gaussian.logNormal(x.shape[1] ?? 0, Gaussian.turned(sum(square(white), 2)), expandDims(logRootOf(factor), 0)),
    transpose(matMul(white, root), [1, 0, 2]),
    expandDims(sum(square(root), [1, 2]), 0)
  )
}

const own = Gaussian.evaluated(({ means, logScales, lower }: Tensors, x, level) => {
  const factors = at(triangle(logScales, lower), level)
  return Gaussian.isCommon(level) ? apart(means, squeeze(factors, 0), x, level) : perRow(means, factors, x, level)
})

/** The same of factors that are given, [K, d, d], without noise. */
export const ofFactors = Gaussian.evaluated(
  ({ means, factors }: Pick<Tensors, 'means' | 'logits'> & { readonly factors: Tensor }, x, level) =>
    apart(means, factors, x, level)
)

/** Of one covariance: rows and centres are whitened once, and their distances are plain. */
const common = Gaussian.evaluated(({ means, logScales, lower }: Tensors, x, level) => {
  const factors = at(triangle(logScales, lower), level)
  if (!Gaussian.isCommon(level)) return perRow(means, expandDims(factors, 1), x, level)
  const factor = squeeze(factors, 0)
  const root = inverse(factor)
  const [rows, centres] = [x, means].map(points => matMul(points, root, { transposeB: true }))
  return Gaussian.seenTogether(
    Gaussian.logNormal(x.shape[1] ?? 0, squaredDistances(rows, centres, level.alpha), logRootOf(factor)),
    matMul(rows, root),
    mul(level.alpha, matMul(centres, root)),
    sum(square(root))
  )
})

// —— factors as arrays ——

type Parameters = Readonly<Record<'means' | 'logits' | 'logScales' | 'lower', NdArray>>

/** L_k, [..., d, d]: `triangle` on plain numbers, as every step of expectation–maximization asks for it. */
const triangles = ({ logScales, lower }: Parameters): NdArray => {
  const { shape, values } = logScales
  const dim = shape[shape.length - 1]
  const below = (dim * (dim - 1)) / 2
  return {
    shape: [...shape, dim],
    values: new Float64Array(values.length * dim).map((_, at) => {
      const [row, j] = [Math.floor(at / dim), at % dim]
      const [k, i] = [Math.floor(row / dim), row % dim]
      return j === i ? Elementary.exp(values[row]) : j < i ? lower.values[k * below + (i * (i - 1)) / 2 + j] : 0
    })
  }
}

/** The parameters of triangles [..., d, d]. */
const packed = ({ shape, values }: NdArray): Pick<Parameters, 'logScales' | 'lower'> => {
  const [dim] = shape.slice(-1)
  const lead = shape.slice(0, -2)
  const below = RA.makeBy(dim, i => RA.makeBy(i, j => i * dim + j)).flat()
  const count = values.length / (dim * dim)
  return {
    logScales: {
      shape: [...lead, dim],
      values: new Float64Array(count * dim).map((_, at) =>
        Elementary.log(values[Math.floor(at / dim) * dim * dim + (at % dim) * (dim + 1)])
      )
    },
    lower: {
      shape: [...lead, below.length],
      values: new Float64Array(count * below.length).map(
        (_, at) => values[Math.floor(at / below.length) * dim * dim + below[at % below.length]]
      )
    }
  }
}

const joined = (shape: ReadonlyArray<number>, parts: ReadonlyArray<Float64Array>): NdArray => {
  const values = new Float64Array(shape.reduce((product, n) => product * n, 1))
  parts.forEach((part, i) => {
    values.set(part, i * part.length)
  })
  return { shape, values }
}

/** The k-th matrix of [K, d, d]. */
const matrix = ({ shape, values }: NdArray, k: number): Float64Array => {
  const size = shape[1] * shape[2]
  return values.subarray(k * size, (k + 1) * size)
}

/** The triangles of a mixture's covariances, [K, d, d]. */
const factorsOf = (mixture: Mixture.Mixture): NdArray => {
  const [count, dim] = mixture.means.shape
  const variances = Gaussian.diagonalsOf(mixture)
  return (
    mixture.factors ?? {
      shape: [count, dim, dim],
      values: new Float64Array(count * dim * dim).map((_, at) => {
        const [row, column] = [Math.floor(at / dim), at % dim]
        return row % dim === column ? Math.sqrt(variances[row]) : 0
      })
    }
  )
}

/** Σ_j L_ij², the diagonal of LLᵀ, of each row. */
const squaredRows = ({ shape, values }: NdArray): Float64Array => {
  const dim = shape[shape.length - 1]
  return new Float64Array(values.length / dim).map((_, row) =>
    values.subarray(row * dim, (row + 1) * dim).reduce((sum, l) => sum + l * l, 0)
  )
}

const mixtureOf = (params: Parameters, factors: NdArray): Mixture.Mixture => ({
  means: params.means,
  weights: Gaussian.weightsOf(params.logits),
  variances: squaredRows(factors),
  factors
})

/** The triangle at time 0 of a scatter at a level, its eigenvalues clipped from below: max(·, α²φ + σ²) − σ², over α². */
const clipped = (scatter: Float64Array, { level, floor, dim }: At): Float64Array => {
  const { alpha, sigma } = level
  const above = Math.max(Elementary.square(alpha) * floor, Number.MIN_VALUE)
  return Factor.ofClipped(scatter, dim, { less: Elementary.square(sigma), above }).values.map(x => x / alpha)
}

/** Σ r δδᵀ about the new centres, [K, d, d]. */
const scatter = (moments: Moments, dim: number): NdArray => {
  const moved = Gaussian.steps(moments, dim)
  const { mass, second } = moments
  return {
    shape: [mass.length, dim, dim],
    values: second.map((s, at) => {
      const [row, column] = [Math.floor(at / dim), at % dim]
      const k = Math.floor(row / dim)
      return s - mass[k] * moved[row] * moved[k * dim + column]
    })
  }
}

/** Σ_j log² of the eigenvalues of Σ⁻¹Σ′, halved, [K]: to second order ½ tr (Σ⁻¹δΣ)², and the same both ways. */
const spreads = (from: NdArray, to: NdArray): ReadonlyArray<number> => {
  const [count, dim] = from.shape
  return RA.makeBy(count, k => {
    const other = matrix(to, k)
    /** Columns of F⁻¹F′, one a row. */
    const between = Factor.solve(
      { shape: [dim, dim], values: matrix(from, k) },
      dim,
      other.map((_, at) => other[(at % dim) * dim + Math.floor(at / dim)])
    )
    const both = between.map((_, at) => {
      const [i, j] = [Math.floor(at / dim), at % dim]
      return RA.makeBy(dim, c => between[c * dim + i] * between[c * dim + j]).reduce((sum, x) => sum + x, 0)
    })
    return symmetricEigen({ shape: [dim, dim], values: both }).values.reduce(
      (sum, e) => sum + Elementary.square(Elementary.log(e)) / 2,
      0
    )
  })
}

/** ρ of components with triangles [K | 1, d, d]. */
const distance =
  (triangles: (params: Parameters) => NdArray) =>
  (from: Parameters, to: Parameters): number => {
    const [before, after] = [triangles(from), triangles(to)]
    const spread = spreads(before, after)
    const dim = from.means.shape[1]
    const isCommon = spread.length === 1
    const shift = (k: number): number =>
      Factor.solve(
        { shape: [dim, dim], values: matrix(before, isCommon ? 0 : k) },
        dim,
        from.means.values.slice(k * dim, (k + 1) * dim).map((c, j) => to.means.values[k * dim + j] - c)
      ).reduce((sum, y) => sum + y * y, 0)
    return Gaussian.fisher(from.logits, to.logits, k => shift(k) + spread[isCommon ? 0 : k])
  }

/** Of covariances the L of diag(by) L Lᵀ diag(by). */
const scaled =
  (by: Float64Array) =>
  (params: Parameters): Parameters => {
    const { shape, values } = triangles(params)
    const dim = by.length
    return {
      means: Gaussian.scaleRows(by)(params.means),
      logits: params.logits,
      ...packed({ shape, values: values.map((l, at) => by[Math.floor(at / dim) % dim] * l) })
    }
  }

/** √v I, so many times. */
const round = (
  shape: ReadonlyArray<number>,
  dim: number,
  variance: number
): Pick<Parameters, 'logScales' | 'lower'> => {
  const count = shape.reduce((product, n) => product * n, 1)
  const below = (dim * (dim - 1)) / 2
  return {
    logScales: { shape: [...shape, dim], values: new Float64Array(count * dim).fill(Elementary.log(variance) / 2) },
    lower: { shape: [...shape, below], values: new Float64Array(count * below) }
  }
}

/**
 * Free weights and a covariance of any shape for each component: Σ_k = L_k L_kᵀ, L_k lower triangular with exp(logScales_k) on
 * its diagonal, [K, d], and `lower` below it, row by row, [K, d(d − 1)/2].
 *
 * s(x) = −Σ w_k S_k⁻¹(x − αc_k), S_k = α²Σ_k + σ²I, w = softmax(log π_k − ½ log|S_k| − ½(x − αc_k)ᵀS_k⁻¹(x − αc_k)). Its M-step at a
 * noise level is exact: the eigenvalues of a component's scatter are clipped, max(·, α²φ + σ²), and taken back to time 0.
 */
export const full = family({
  name: 'full',
  about: 'Gaussians with free weights and a covariance of any shape for each',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }: Gaussian.Count) =>
    (dim: number) => ({
      means: [components, dim],
      logits: [components],
      logScales: [components, dim],
      lower: [components, (dim * (dim - 1)) / 2]
    }),
  formula: ({ components }) =>
    `s(x) = −Σ w_i S_i⁻¹(x − m_i) over ${components} components, S_i = α² L_i L_iᵀ + σ²I, ` +
    'w = softmax(logits_i − ½ log|S_i| − ½(x − m_i)ᵀS_i⁻¹(x − m_i)), m_i = α means_i',
  components: () => own.components,
  score: () => own.score,
  divergence: () => own.divergence,
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components - 1 + components * (dim + (dim * (dim + 1)) / 2),
  leastRows: () => dim => dim + 1,
  mStep: () => ({
    second: 'full',
    fromGradient: (params, gradient) => {
      const factors = triangles(params)
      const found = FromGradient.first(mixtureOf(params, factors), gradient)
      const parts = Array.from(found.mass, (m, k) => {
        const of = ({ values }: NdArray): Float64Array => {
          const width = values.length / found.mass.length
          return values.subarray(k * width, (k + 1) * width)
        }
        return FromGradient.ofTriangle(matrix(factors, k), of(gradient.logScales), of(gradient.lower), m)
      })
      return { ...found, second: joined(factors.shape, parts).values }
    },
    maximise: (params, moments, at: At) => {
      const { mass } = moments
      const old = triangles(params)
      const found = scatter(moments, at.dim)
      const factors = Array.from(mass, (m, k) =>
        m > 0
          ? clipped(
              matrix(found, k).map(s => s / m),
              at
            )
          : matrix(old, k)
      )
      return { ...Gaussian.recentred(params, moments, at), ...packed(joined(old.shape, factors)) }
    }
  }),
  start: ({ components }) => ({
    count: components,
    centres: ({ means }) => means,
    fromCentres: (means, variance) => ({
      means,
      logits: Gaussian.vector(new Float64Array(components)),
      ...round([components], means.shape[1], variance)
    })
  }),
  fromMixture: () => mixture => ({
    means: mixture.means,
    logits: Gaussian.logShares(mixture.weights),
    ...packed(factorsOf(mixture))
  }),
  toMixture: () => params => mixtureOf(params, triangles(params)),
  shifted: () => Gaussian.shifted,
  scaled: () => scaled,
  distance: () => distance(triangles),
  // A turn takes triangles to triangles, but not linearly, as a gradient would have to follow.
  symmetries: () => ({ relabel: Gaussian.relabelled })
})

/** [d, d] → [1, d, d] */
const single = (params: Parameters): NdArray => {
  const { shape, values } = triangles(params)
  return { shape: [1, ...shape], values }
}

/** Every component has the same triangle. */
const commonMixture = (params: Parameters): Mixture.Mixture => {
  const [count, dim] = params.means.shape
  const { values } = triangles(params)
  return mixtureOf(
    params,
    joined(
      [count, dim, dim],
      RA.makeBy(count, () => values)
    )
  )
}

/**
 * Free weights and one covariance of any shape for all components: Σ = LLᵀ, L lower triangular with exp(logScales) on its
 * diagonal, [d], and `lower` below it, row by row, [d(d − 1)/2].
 *
 * s(x) = S⁻¹(Σ w_k αc_k − x), S = α²Σ + σ²I, w = softmax(log π_k − ½(x − αc_k)ᵀS⁻¹(x − αc_k)). Its M-step at a noise level is exact:
 * the eigenvalues of the pooled scatter are clipped, max(·, α²φ + σ²), and taken back to time 0.
 */
export const tied = family({
  name: 'tied',
  about: 'Gaussians with free weights and one covariance of any shape, common to them',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }: Gaussian.Count) =>
    (dim: number) => ({
      means: [components, dim],
      logits: [components],
      logScales: [dim],
      lower: [(dim * (dim - 1)) / 2]
    }),
  formula: ({ components }) =>
    `s(x) = S⁻¹(Σ w_i m_i − x) over ${components} components, S = α² L Lᵀ + σ²I, ` +
    'w = softmax(logits_i − ½(x − m_i)ᵀS⁻¹(x − m_i)), m_i = α means_i',
  components: () => common.components,
  score: () => common.score,
  divergence: () => common.divergence,
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components - 1 + components * dim + (dim * (dim + 1)) / 2,
  mStep: () => ({
    second: 'full',
    isShared: true,
    fromGradient: (params, gradient) => {
      const found = FromGradient.first(commonMixture(params), gradient)
      const { logScales, lower } = gradient
      const whole = FromGradient.ofTriangle(
        triangles(params).values,
        logScales.values,
        lower.values,
        Gaussian.total(found.mass)
      )
      return { ...found, second: FromGradient.shared(found.mass, whole) }
    },
    maximise: (params, moments, at: At) => {
      const { dim } = at
      const all = Gaussian.total(moments.mass)
      const found = scatter(moments, dim)
      const pooled = new Float64Array(dim * dim).map(
        (_, entry) => moments.mass.reduce((sum, __, k) => sum + matrix(found, k)[entry], 0) / all
      )
      return {
        ...Gaussian.recentred(params, moments, at),
        ...packed({ shape: [dim, dim], values: clipped(pooled, at) })
      }
    }
  }),
  start: ({ components }) => ({
    count: components,
    centres: ({ means }) => means,
    fromCentres: (means, variance) => ({
      means,
      logits: Gaussian.vector(new Float64Array(components)),
      ...round([], means.shape[1], variance)
    })
  }),
  fromMixture: () => mixture => {
    const factors = factorsOf(mixture)
    const [count, dim] = mixture.means.shape
    const weights: NdArray = { shape: [count, 1, 1], values: mixture.weights }
    return {
      means: mixture.means,
      logits: Gaussian.logShares(mixture.weights),
      // Σ_k π_k L_k L_kᵀ
      ...packed(
        compute(() =>
          gramCholesky(
            reshape(mul(sqrt(fromNdArray(weights)), Gaussian.flipped(fromNdArray(factors))), [count * dim, dim])
          )
        )
      )
    }
  },
  toMixture: () => commonMixture,
  shifted: () => Gaussian.shifted,
  scaled: () => scaled,
  distance: () => distance(single),
  symmetries: () => ({ relabel: Gaussian.relabelledCentres })
})
