/**
 * Mixtures of factor analysers (Ghahramani & Hinton 1996): Σ_k = F_k F_kᵀ + diag ψ_k with F_k of few columns. At level (α, σ)
 * S = AAᵀ + diag D, A = αF, D = α²ψ + σ². With R of [D^{−½}A; I] = QR and B = R⁻¹R⁻ᵀAᵀD⁻¹, [q, d], the mean of the factors is
 * ŷ = B r, and p = S⁻¹r = D⁻¹(r − Aŷ), rᵀp = |D^{−½}(r − Aŷ)|² + |ŷ|²: what is left of r, not Woodbury's difference, which for
 * small ψ has lost its digits. Rows cost d q, and no d × d array is made of them.
 *
 * Where ψ is small in few columns, which the factors then know, p is small beside r/D, and what rounding leaves of r − Aŷ is not. Then
 * Aᵀp = ŷ does not hold, and a step of refinement on Dp + Aŷ = r, Aᵀp = ŷ gives p the digits that S has (Björck 1967).
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import {
  add,
  compute,
  concat,
  diagonal,
  div,
  exp,
  expandDims,
  eye,
  fromNdArray,
  gramCholesky,
  log,
  matMul,
  mul,
  neg,
  ones,
  reciprocal,
  rsqrt,
  solveTriangular,
  square,
  squeeze,
  sub,
  sum,
  transpose,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { symmetricEigen } from '../../../lib/arrays/linalg.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { Field } from '../../core/index.js'
import type { At, RowLevel, Moments } from '../../family/family.js'
import { family } from './define.js'
import { analyse, nearest, type Analysis } from '../em/factorAnalysis.js'
import * as Mixture from '../mixture.js'
import * as Gaussian from './gaussian.js'

/** S of a stack, ready to be asked. */
interface Analysed {
  /** A, [..., d, q] */
  readonly loads: Tensor
  /** D, [..., d] */
  readonly noise: Tensor
  /** Rᵀ, [..., q, q]: its square is I + AᵀD⁻¹A. */
  readonly factor: Tensor
  /** R⁻ᵀAᵀD⁻¹, [..., q, d]: S⁻¹ is D⁻¹ less its square. */
  readonly narrow: Tensor
  /** B, [..., q, d] */
  readonly means: Tensor
  /** (I + AᵀD⁻¹A)⁻¹, [..., q, q] */
  readonly inner: Tensor
}

const analysed = (loads: Tensor, noise: Tensor): Analysed => {
  const [rank] = loads.shape.slice(-1)
  const column = expandDims(noise, noise.rank)
  const identity = mul(eye(rank), ones([...loads.shape.slice(0, -2), 1, 1]))
  const factor = gramCholesky(concat([mul(loads, rsqrt(column)), identity], loads.rank - 2))
  const narrow = solveTriangular(factor, Gaussian.flipped(div(loads, column)))
  const half = solveTriangular(factor, identity)
  return {
    ...{ loads, noise, factor, narrow },
    means: solveTriangular(factor, narrow, { transposed: true }),
    inner: solveTriangular(factor, half, { transposed: true })
  }
}

/** −½ log|S| */
const logRootOf = ({ noise, factor }: Analysed): Tensor =>
  neg(add(mul(0.5, sum(log(noise), -1)), sum(log(diagonal(factor)), -1)))

/** Of so many columns at most, d × d arrays for each row are no more than its other arrays. */
const NARROW = 8

/**
 * tr S⁻¹ = Σ_j |D^{−½}(e_j − A B e_j)|² + |B e_j|²; the difference ΣD⁻¹ − |T|², which has lost digits where the factors know columns
 * of little noise, where there would be a wide d × d array for each row.
 */
const traceOf = ({ loads, noise, narrow, means }: Analysed, isCommon: boolean): Tensor => {
  const [dim] = noise.shape.slice(-1)
  if (!isCommon && dim > NARROW) return sub(sum(reciprocal(noise), -1), sum(square(narrow), [-2, -1]))
  const left = sub(eye(dim), matMul(loads, means))
  return add(sum(div(square(left), expandDims(noise, noise.rank)), [-2, -1]), sum(square(means), [-2, -1]))
}

interface Tensors {
  readonly means: Tensor
  readonly logits: Tensor
  readonly factors: Tensor
  readonly logNoise: Tensor
}

const seen = Gaussian.evaluated(({ means, factors, logNoise }: Tensors, x, level: RowLevel) => {
  const { alpha, sigma } = Gaussian.spreadOver(level, 2)
  const loads = mul(Gaussian.spreadOver(level, 3).alpha, expandDims(factors, 0))
  const noise = add(mul(square(alpha), expandDims(exp(logNoise), 0)), square(sigma))
  const isCommon = Gaussian.isCommon(level)
  // One S for each component, or one for each row and component.
  const s = isCommon ? analysed(squeeze(loads, 0), squeeze(noise, 0)) : analysed(loads, noise)
  const r = Gaussian.residuals(x, means, level)
  // [K, rows, ·]: a product of all rows for each component; or [rows, K, ·]
  const own = isCommon ? transpose(r, [1, 0, 2]) : r
  const times = (y: Tensor, matrix: Tensor): Tensor =>
    isCommon ? matMul(y, matrix, { transposeB: true }) : squeeze(matMul(matrix, expandDims(y, 3)), 3)
  const factorMeans = times(own, s.means)
  const rest = sub(own, times(factorMeans, s.loads))
  const column = isCommon ? expandDims(s.noise, 1) : s.noise
  const first = div(rest, column)
  const squared = add(sum(mul(rest, first), 2), sum(square(factorMeans), 2))
  // What is left of both equations, and the step that it asks for.
  const missed = sub(own, add(mul(column, first), times(factorMeans, s.loads)))
  const apart = sub(factorMeans, times(first, Gaussian.flipped(s.loads)))
  const step = sub(times(missed, s.means), times(apart, s.inner))
  const pulls = add(first, div(sub(missed, times(step, s.loads)), column))
  const turned = (of: Tensor): Tensor => (isCommon ? expandDims(of, 0) : of)
  return Gaussian.seenApart(
    Gaussian.logNormal(x.shape[1] ?? 0, isCommon ? Gaussian.turned(squared) : squared, turned(logRootOf(s))),
    isCommon ? transpose(pulls, [1, 0, 2]) : pulls,
    turned(traceOf(s, isCommon))
  )
})

type Parameters = Readonly<Record<'means' | 'logits' | 'factors' | 'logNoise', NdArray>>

/** A generalized M-step: so many steps of the factors to one of the components. */
const INNER = 10

const entries = (array: NdArray, of: (x: number) => number): NdArray => ({
  shape: array.shape,
  values: array.values.map(of)
})

/** Σ r δδᵀ/Σ r about the new centres, [K, d, d]; I of a component without mass. */
const scatters = (mass: Float64Array, second: Float64Array, moved: Float64Array, dim: number): NdArray => ({
  shape: [mass.length, dim, dim],
  values: second.map((s, at) => {
    const [row, column] = [Math.floor(at / dim), at % dim]
    const k = Math.floor(row / dim)
    return mass[k] > 0 ? s / mass[k] - moved[row] * moved[k * dim + column] : row % dim === column ? 1 : 0
  })
})

/** Where two arrays of K parts differ by whether the component has mass. */
const where = (mass: Float64Array, found: NdArray, old: NdArray): NdArray => {
  const width = found.values.length / mass.length
  return {
    shape: old.shape,
    values: found.values.map((x, at) => (mass[Math.floor(at / width)] > 0 ? x : old.values[at]))
  }
}

/**
 * What top eigenvectors leave of each column, at least a tenth: these by the root of what their eigenvalues are more than the rest, at
 * least of their half. F = 0 is a saddle.
 */
const principalNoise = (covariances: NdArray, rank: number): NdArray => {
  const [count, dim] = covariances.shape
  const noise = RA.makeBy(count, k => {
    const own = covariances.values.subarray(k * dim * dim, (k + 1) * dim * dim)
    const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: own })
    const rest = values.subarray(rank)
    const below = rest.length === 0 ? 0 : Gaussian.total(rest) / rest.length
    const loads = values.subarray(0, rank).map(value => Math.max(value - below, value / 2))
    return new Float64Array(dim).map((_, j) => {
      const shared = loads.reduce((sum, load, a) => sum + load * Elementary.square(vectors.values[a * dim + j]), 0)
      return Math.max(own[j * dim + j] - shared, own[j * dim + j] / 10)
    })
  })
  return { shape: [count, dim], values: concatenated(noise) }
}

/** At most so many starts of the factors; and steps after which they are told apart. */
const STARTS = 16
const TOLD = 100

/** Factors that begin as what columns are regressed on: one of every few, and those after it. */
const regressed = (covariances: NdArray, rank: number, first: number): Analysis => {
  const [count, dim] = covariances.shape
  const at = (k: number, i: number, j: number): number => covariances.values[(k * dim + i) * dim + j]
  const part = Math.sqrt(0.9 / rank)
  const loads = {
    shape: [count, dim, rank],
    values: new Float64Array(count * dim * rank).map((_, place) => {
      const [row, a] = [Math.floor(place / rank), place % rank]
      const [k, i, j] = [Math.floor(row / dim), row % dim, (first + a) % dim]
      return (part * at(k, i, j)) / Math.sqrt(at(k, j, j))
    })
  }
  const noise = new Float64Array(count * dim).map((_, row) => {
    const own = covariances.values[row * dim + (row % dim)]
    const shared = loads.values.subarray(row * rank, (row + 1) * rank).reduce((sum, f) => sum + f * f, 0)
    return Math.max(own - shared, own / 10)
  })
  return { loads, noise: { shape: [count, dim], values: noise } }
}

/** −½ (log|Σ_k| + tr Σ_k⁻¹S_k), S_k what the rows say: the expected log-likelihood of a row of each, less (d/2) log 2π. */
const expectedLog = (covariances: NdArray, { loads, noise }: Analysis): ReadonlyArray<number> => {
  const [count, dim] = covariances.shape
  const roots = triangles({ factors: loads, logNoise: entries(noise, Elementary.log) })
  return RA.makeBy(count, k => {
    const of = ({ values }: NdArray): Float64Array => values.subarray(k * dim * dim, (k + 1) * dim * dim)
    const root = { shape: [dim, dim], values: of(roots) }
    const half = Factor.solve(root, dim, of(covariances))
    const turned = half.map((_, at) => half[(at % dim) * dim + Math.floor(at / dim)])
    const whole = Factor.solve(root, dim, turned)
    const trace = RA.makeBy(dim, j => whole[j * (dim + 1)]).reduce((sum, x) => sum + x, 0)
    return -Factor.logDeterminant(root, dim) - trace / 2
  })
}

/** Of several, the likeliest of each component. */
const likeliest = (covariances: NdArray, all: ReadonlyArray<Analysis>): Analysis => {
  const [count] = covariances.shape
  const values = all.map(one => expectedLog(covariances, one))
  const best = RA.makeBy(count, k => values.reduce((best, value, i) => (value[k] > values[best][k] ? i : best), 0))
  const of = (part: (one: Analysis) => NdArray): NdArray => {
    const { shape, values } = part(all[0])
    const width = values.length / count
    return { shape, values: values.map((_, at) => part(all[best[Math.floor(at / width)]]).values[at]) }
  }
  return { loads: of(({ loads }) => loads), noise: of(({ noise }) => noise) }
}

/** L_k of Σ_k, from [Fᵀ; √ψ]. */
const triangles = ({ factors, logNoise }: Pick<Parameters, 'factors' | 'logNoise'>): NdArray =>
  compute(() => {
    const root = exp(mul(0.5, fromNdArray(logNoise)))
    const [dim] = root.shape.slice(-1)
    return gramCholesky(concat([Gaussian.flipped(fromNdArray(factors)), mul(expandDims(root, 2), eye(dim))], 1))
  })

/**
 * ½ tr (Σ⁻¹δΣ)² and δcᵀ Σ⁻¹ δc, [K], in d q²: δΣ = W C Wᵀ + diag e with W = [F′ F] and C = diag(1, −1), and Σ⁻¹ = ψ⁻¹ − TᵀT.
 */
const apart = (from: Parameters, to: Parameters): Float64Array =>
  compute(() => {
    const [f, g] = [from, to].map(({ factors }) => fromNdArray(factors))
    const [psi, phi] = [from, to].map(({ logNoise }) => exp(fromNdArray(logNoise)))
    const { narrow } = analysed(f, psi)
    const column = expandDims(psi, 2)
    const pulled = (x: Tensor): Tensor => sub(div(x, column), matMul(narrow, matMul(narrow, x), { transposeA: true }))
    const e = sub(phi, psi)
    const [rank] = f.shape.slice(-1)
    const both = concat([g, f], 2)
    const signs = concat([ones([rank]), neg(ones([rank]))])
    const z = pulled(both)
    const gram = mul(matMul(both, z, { transposeA: true }), signs)
    const loads = sum(mul(gram, Gaussian.flipped(gram)), [1, 2])
    const mixed = sum(mul(e, sum(mul(square(z), signs), 2)), 1)
    const weighted = matMul(mul(narrow, expandDims(e, 1)), narrow, { transposeB: true })
    const ratio = div(e, psi)
    const noise = add(
      sub(sum(square(ratio), 1), mul(2, sum(mul(mul(ratio, e), sum(square(narrow), 1)), 1))),
      sum(square(weighted), [1, 2])
    )
    const step = expandDims(sub(fromNdArray(to.means), fromNdArray(from.means)), 2)
    const shift = sum(mul(step, pulled(step)), [1, 2])
    return add(shift, mul(0.5, add(add(loads, mul(2, mixed)), noise)))
  }).values

/** An M-step by what makes factors of the rows' covariances, from those there are, above a least noise. */
const maximised =
  (found: (covariances: NdArray, from: Analysis, least: number) => Analysis) =>
  (params: Parameters, moments: Moments, at: At): Parameters => {
    const { alpha, sigma } = at.level
    const { mass, second } = moments
    const { loads, noise } = found(
      scatters(mass, second, Gaussian.steps(moments, at.dim), at.dim),
      {
        loads: entries(params.factors, f => alpha * f),
        noise: entries(params.logNoise, l => Elementary.square(alpha) * Elementary.exp(l) + Elementary.square(sigma))
      },
      Gaussian.leastAt(at)
    )
    const ofVariance = Gaussian.varianceOf(at)
    return {
      ...Gaussian.recentred(params, moments, at),
      factors: where(
        mass,
        entries(loads, a => a / alpha),
        params.factors
      ),
      logNoise: where(
        mass,
        entries(noise, v => Elementary.log(ofVariance(v))),
        params.logNoise
      )
    }
  }

/**
 * Free weights, and for each component `rank` factors that its columns share beside noise of their own: Σ_k = F_k F_kᵀ +
 * diag exp(logNoise_k), F_k [d, rank].
 *
 * s(x) = −Σ w_k S_k⁻¹(x − αc_k), S_k = α²Σ_k + σ²I, w = softmax(log π_k − ½ log|S_k| − ½(x − αc_k)ᵀS_k⁻¹(x − αc_k)). F and F Q mean the same
 * for orthogonal Q. Its M-step is generalized: ten inner steps on the factors, noise clipped from below.
 */
export const lowRank = family({
  name: 'lowRank',
  about: 'factor analysers with free weights: Gaussians whose columns share a few factors beside noise of their own',
  fields: { components: Field.count({ suggestion: 2 }), rank: Field.count({ suggestion: 1 }) },
  parameters:
    ({ components, rank }: Gaussian.Count & { readonly rank: number }) =>
    (dim: number) => ({
      means: [components, dim],
      logits: [components],
      factors: [components, dim, rank],
      logNoise: [components, dim]
    }),
  formula: ({ components, rank }) =>
    `s(x) = −Σ w_i S_i⁻¹(x − m_i) over ${components} components, S_i = α²(F_i F_iᵀ + diag exp(logNoise_i)) + σ²I of rank ${rank}, ` +
    'w = softmax(logits_i − ½ log|S_i| − ½(x − m_i)ᵀS_i⁻¹(x − m_i)), m_i = α means_i',
  count:
    ({ components }) =>
    () =>
      components,
  components: () => seen.components,
  score: () => seen.score,
  divergence: () => seen.divergence,
  // Up to rotations of the factors, and never more than a covariance has (Drton, Sturmfels & Sullivant 2007).
  degreesOfFreedom:
    ({ components, rank }) =>
    dim => {
      const factors = Math.min(rank, dim)
      const covariance = dim + dim * factors - (factors * (factors - 1)) / 2
      return components - 1 + components * (dim + Math.min(covariance, (dim * (dim + 1)) / 2))
    },
  // On fewer the factors leave no noise.
  leastRows:
    ({ rank }) =>
    dim =>
      Math.min(rank + 2, dim + 1),
  mStep: ({ rank }) => ({
    second: 'full',
    isGeneralized: true,
    maximise: maximised((covariances, from, least) => analyse(covariances, from, least, INNER)),
    anew: maximised((covariances, from, least) => {
      const [, dim] = covariances.shape
      const count = Math.min(dim, STARTS)
      const starts = RA.makeBy(count, i => regressed(covariances, rank, Math.floor((i * dim) / count)))
      const led = [from, ...starts].map(start => analyse(covariances, start, least, TOLD))
      return likeliest(covariances, led)
    })
  }),
  start: ({ components, rank }) => ({
    count: components,
    centres: ({ means }) => means,
    // Half of the variance of as many columns as there are factors is theirs: together they are round, and F is not at its saddle 0.
    fromCentres: (means, variance) => {
      const [, dim] = means.shape
      return {
        means,
        logits: Gaussian.vector(new Float64Array(components)),
        factors: {
          shape: [components, dim, rank],
          values: new Float64Array(components * dim * rank).map((_, at) =>
            Math.floor(at / rank) % dim === at % rank ? Math.sqrt(variance / 2) : 0
          )
        },
        logNoise: {
          shape: means.shape,
          values: means.values.map((_, at) => Elementary.log(at % dim < rank ? variance / 2 : variance))
        }
      }
    }
  }),
  fromMixture:
    ({ rank }) =>
    mixture => {
      const covariances = Mixture.covariances(mixture)
      const found = nearest(covariances, rank, principalNoise(covariances, rank))
      return {
        means: mixture.means,
        logits: Gaussian.logShares(mixture.weights),
        factors: found.loads,
        logNoise: entries(found.noise, Elementary.log)
      }
    },
  toMixture: () => params => {
    const factors = triangles(params)
    return {
      means: params.means,
      weights: Gaussian.weightsOf(params.logits),
      variances: compute(() => sum(square(fromNdArray(factors)), 2)).values,
      factors
    }
  },
  shifted: () => Gaussian.shifted,
  scaled: () => by => params => {
    const [, dim, rank] = params.factors.shape
    return {
      ...params,
      means: Gaussian.scaleRows(by)(params.means),
      factors: {
        shape: params.factors.shape,
        values: params.factors.values.map((f, at) => f * by[Math.floor(at / rank) % dim])
      },
      logNoise: Gaussian.scaleLogVariances(by)(params.logNoise)
    }
  },
  distance: () => (from, to) => {
    const steps = apart(from, to)
    return Gaussian.fisher(from.logits, to.logits, k => Math.max(steps[k], 0))
  },
  symmetries: () => ({ relabel: Gaussian.relabelled })
})
