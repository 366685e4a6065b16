/**
 * Mixtures of factor analysers (Ghahramani & Hinton 1996; McNicholas & Murphy 2008). At level (α, σ) S = AAᵀ + diag D, A = αF, D = α²ψ +
 * σ². With [D^{−½}A; I] = QR and B = R⁻¹R⁻ᵀAᵀD⁻¹, [q, d], the factors' mean is ŷ = B r, p = S⁻¹r = D⁻¹(r − Aŷ), and rᵀp = |D^{−½}(r − Aŷ)|²
 * + |ŷ|²; Woodbury's difference would lose its digits for small ψ. A step of iterative refinement on Dp + Aŷ = r, Aᵀp = ŷ restores digits
 * that rounding of r − Aŷ costs if ψ is small in a few columns (Björck 1967). A row costs O(d q).
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
  reshape,
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
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { Field } from '../../core/index.js'
import { CLEAN } from '../../schedule/dynamics.js'
import type { MStepContext, RowLevel } from '../family.js'
import type * as Params from '../../core/params.js'
import {
  iterateAnalysis,
  multistartAnalysis,
  isExact,
  likeliestAnalyses,
  nearestAnalyses,
  type Analysis,
  type AnalyserKind,
  type Scatter
} from './factorAnalysis.js'
import * as Mixture from '../mixture.js'
import { averagesByComponent, kthPart, type CovarianceModel } from './covariances.js'
import { family } from './define.js'
import * as Derive from './derive.js'
import * as Gaussian from './gaussian.js'

interface Analysed {
  /** A, [..., d, q] */
  readonly loads: Tensor
  /** D, [..., d] */
  readonly noise: Tensor
  /** Rᵀ, [..., q, q]: its square is I + AᵀD⁻¹A. */
  readonly factor: Tensor
  /** R⁻ᵀAᵀD⁻¹, [..., q, d]: S⁻¹ is D⁻¹ minus its square. */
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
  const narrow = solveTriangular(factor, Gaussian.transposeEach(div(loads, column)))
  const half = solveTriangular(factor, identity)
  return {
    loads,
    noise,
    factor,
    narrow,
    means: solveTriangular(factor, narrow, { transposed: true }),
    inner: solveTriangular(factor, half, { transposed: true })
  }
}

/** −½ log|S| */
const analysedLogRoot = ({ noise, factor }: Analysed): Tensor =>
  neg(add(mul(0.5, sum(log(noise), -1)), sum(log(diagonal(factor)), -1)))

/** Up to this dimension a row has a d × d array. */
const MAX_DIM_OF_ROW_MATRICES = 8

/**
 * tr S⁻¹ = Σ_j |D^{−½}(e_j − A B e_j)|² + |B e_j|². With a level per row and many columns it is ΣD⁻¹ − |narrow|², which loses digits if
 * columns with little noise determine the factors.
 */
const precisionTrace = (
  { loads, noise, narrow, means }: Analysed,
  { isCommon }: { readonly isCommon: boolean }
): Tensor => {
  const [dim] = noise.shape.slice(-1)
  if (!isCommon && dim > MAX_DIM_OF_ROW_MATRICES) return sub(sum(reciprocal(noise), -1), sum(square(narrow), [-2, -1]))
  const left = sub(eye(dim), matMul(loads, means))
  return add(sum(div(square(left), expandDims(noise, noise.rank)), [-2, -1]), sum(square(means), [-2, -1]))
}

type AnalyserTensors = Params.Tensors<'means' | AnalyserParameter>

export type AnalyserParameter = 'factors' | 'logNoise'

const analyserDensities = (
  of: (own: AnalyserTensors) => { readonly loads: Tensor; readonly noise: Tensor }
): CovarianceModel<AnalyserParameter>['densities'] =>
  Gaussian.evaluatedGaussians((own: AnalyserTensors, x, level: RowLevel) => {
    const { alpha, sigma } = Gaussian.appendLevelAxes(level, 2)
    const { loads: f, noise: psi } = of(own)
    const loads = mul(Gaussian.appendLevelAxes(level, 3).alpha, expandDims(f, 0))
    const noise = add(mul(square(alpha), expandDims(psi, 0)), square(sigma))
    const isCommon = Gaussian.hasCommonLevel(level)
    const s = isCommon ? analysed(squeeze(loads, 0), squeeze(noise, 0)) : analysed(loads, noise)
    const r = Gaussian.residuals(x, own.means, level)
    // [K, rows, ·], one product per component; or [rows, K, ·]
    const rows = isCommon ? transpose(r, [1, 0, 2]) : r
    const times = (y: Tensor, matrix: Tensor): Tensor =>
      isCommon ? matMul(y, matrix, { transposeB: true }) : squeeze(matMul(matrix, expandDims(y, 3)), 3)
    const factorMeans = times(rows, s.means)
    const rest = sub(rows, times(factorMeans, s.loads))
    const column = isCommon ? expandDims(s.noise, 1) : s.noise
    const first = div(rest, column)
    const squared = add(sum(mul(rest, first), 2), sum(square(factorMeans), 2))
    const missed = sub(rows, add(mul(column, first), times(factorMeans, s.loads)))
    const apart = sub(factorMeans, times(first, Gaussian.transposeEach(s.loads)))
    const step = sub(times(missed, s.means), times(apart, s.inner))
    const pulls = add(first, div(sub(missed, times(step, s.loads)), column))
    const turned = (of: Tensor): Tensor => (isCommon ? expandDims(of, 0) : of)
    return Gaussian.evaluationOfSeparate(
      Gaussian.logNormalTensor(
        x.shape[1] ?? 0,
        isCommon ? Gaussian.swapAxes(squared) : squared,
        turned(analysedLogRoot(s))
      ),
      isCommon ? transpose(pulls, [1, 0, 2]) : pulls,
      turned(precisionTrace(s, { isCommon }))
    )
  })

/** Inner iterations in one M-step. */
const INNER_STEPS = 10

/** Loadings below this share of the noise count as 0, a saddle that inner iterations cannot leave. */
const SADDLE_SHARE = 1e-12

interface AnalyserStructure extends AnalyserKind {
  readonly rank: number
}

/** Name by McNicholas & Murphy: C (constrained) or U for loadings, noise and its columns, then the rank. */
export const analyserName = ({ loadings, noise, isotropic, rank }: AnalyserStructure): string =>
  [loadings === 'common', noise === 'common', isotropic].map(is => (is ? 'C' : 'U')).join('') + String(rank)

/** Rotations of the factors do not count; at most that of a full covariance (Drton, Sturmfels & Sullivant 2007). */
const analyserFreedom =
  ({ rank, loadings, noise, isotropic }: AnalyserStructure) =>
  (components: number, dim: number): number => {
    const ownLoads = loadings === 'own'
    const ownNoise = noise === 'own'
    const q = Math.min(rank, isotropic && (ownNoise || !ownLoads) ? dim - 1 : dim)
    const whole = (dim * (dim + 1)) / 2
    const loads = dim * q - (q * (q - 1)) / 2
    const noises = (ownNoise ? components : 1) * (isotropic ? 1 : dim)
    if (ownLoads && !ownNoise) return Math.min(components * loads + noises, components * whole)
    if (isotropic) return (ownLoads ? components : 1) * loads + noises
    return ownLoads ? components * Math.min(loads + dim, whole) : Math.min(loads + dim, whole) - dim + noises
  }

const isOwn = (part: 'own' | 'common'): boolean => part === 'own'

const analyserShapes = (
  { rank, loadings, noise, isotropic }: AnalyserStructure,
  components: number,
  dim: number
): Params.Shapes<AnalyserParameter> => ({
  factors: [...(isOwn(loadings) ? [components] : []), dim, rank],
  logNoise: [...(isOwn(noise) ? [components] : []), ...(isotropic ? [] : [dim])]
})

/** Default level: no noise. */
const analysesOfParams = (
  { loadings, noise, isotropic }: AnalyserStructure,
  { factors, logNoise }: Params.Params<AnalyserParameter>,
  { count, dim, level: { alpha, sigma } = CLEAN }: ComponentsAtLevel
): ReadonlyArray<Analysis> =>
  RA.makeBy(count, k => {
    const psi = kthPart(logNoise.values, isOwn(noise) ? count : 1, isOwn(noise) ? k : 0)
    return {
      loads: kthPart(factors.values, isOwn(loadings) ? count : 1, isOwn(loadings) ? k : 0).map(f => alpha * f),
      noise: new Float64Array(dim).map(
        (_, j) => Elementary.square(alpha) * Elementary.exp(psi[isotropic ? 0 : j]) + Elementary.square(sigma)
      )
    }
  })

interface ComponentsAtLevel {
  readonly count: number
  readonly dim: number
  readonly level?: MStepContext['level']
}

/** Parameters at time 0 from loadings and noise at a level. Default level: time 0. */
const paramsOfAnalyses = (
  structure: AnalyserStructure,
  all: ReadonlyArray<Analysis>,
  dim: number,
  at?: MStepContext
): Params.Params<AnalyserParameter> => {
  const { loadings, noise, isotropic } = structure
  const as = analyserShapes(structure, all.length, dim)
  const distinct = (part: 'own' | 'common'): ReadonlyArray<Analysis> => (isOwn(part) ? all : all.slice(0, 1))
  const noises = distinct(noise).map(one => (isotropic ? one.noise.slice(0, 1) : one.noise))
  const alpha = at?.level.alpha ?? 1
  const variance = at === undefined ? (v: number): number => v : Gaussian.varianceAtTimeZero(at)
  return {
    factors: {
      shape: as.factors,
      values: concatenated(distinct(loadings).map(({ loads }) => loads.map(a => a / alpha)))
    },
    logNoise: { shape: as.logNoise, values: concatenated(noises).map(v => Elementary.log(variance(v))) }
  }
}

/** Fits scatters from earlier solutions or none, with noise of at least `least`. */
type FitScatters = (
  scatters: ReadonlyArray<Scatter>,
  from: ReadonlyArray<Analysis> | null,
  least: number
) => ReadonlyArray<Analysis>

/** Components without mass keep their parameters. */
const fitComponentsWithMass =
  (structure: AnalyserStructure, fitScatters: FitScatters): CovarianceModel<AnalyserParameter>['fit'] =>
  (n, w, at, old) => {
    const { dim, level } = at
    const count = n.length
    if (old !== null && n.every(m => !(m > 0))) return old
    const there = RA.makeBy(count, k => k).filter(k => n[k] > 0)
    const before = old && analysesOfParams(structure, old, { count, dim, level })
    const s = averagesByComponent(n, w)
    const all = fitScatters(
      there.map(k => ({ mass: n[k], s: s[k] })),
      before && there.map(k => before[k]),
      Gaussian.minVarianceAtLevel(at)
    )
    const of = (k: number): Analysis => all[Math.max(there.indexOf(k), 0)]
    const whole = paramsOfAnalyses(structure, RA.makeBy(count, of), dim, at)
    if (old === null) return whole
    const keepOwn = (now: NdArray, last: NdArray): NdArray => {
      const width = now.values.length / count
      return { ...now, values: now.values.map((x, e) => (n[Math.floor(e / width)] > 0 ? x : last.values[e])) }
    }
    return {
      factors: isOwn(structure.loadings) ? keepOwn(whole.factors, old.factors) : whole.factors,
      logNoise: isOwn(structure.noise) ? keepOwn(whole.logNoise, old.logNoise) : whole.logNoise
    }
  }

const hasNoLoadings = ({ loads, noise }: Analysis): boolean =>
  loads.reduce((sum, f) => sum + f * f, 0) <= SADDLE_SHARE * noise.reduce((sum, v) => sum + v, 0)

/**
 * Fits in closed form if there is one or no earlier solution; otherwise iterates. If all loadings are 0, which iterations cannot leave, the
 * more likely of both.
 */
const fitAnalysers = ({ rank, ...kind }: AnalyserStructure): CovarianceModel<AnalyserParameter>['fit'] =>
  fitComponentsWithMass({ rank, ...kind }, (scatters, from, least) => {
    const direct = (): ReadonlyArray<Analysis> => nearestAnalyses(kind, scatters, rank, least)
    if (from === null || isExact(kind)) return direct()
    const iterated = iterateAnalysis(kind, scatters, from, { least, steps: INNER_STEPS })
    return from.every(hasNoLoadings) ? likeliestAnalyses(kind, scatters, [iterated, direct()]) : iterated
  })

const multistartAnalysers = ({ rank, ...kind }: AnalyserStructure): CovarianceModel<AnalyserParameter>['fit'] =>
  fitComponentsWithMass({ rank, ...kind }, (scatters, from, least) => {
    const start = from ?? nearestAnalyses(kind, scatters, rank, least)
    return multistartAnalysis(kind, scatters, start, { rank, least })
  })

/** Triangles of Σ_k, [K, d, d], from the stacks [Fᵀ; √ψ]. */
const analyserTriangles = (all: ReadonlyArray<Analysis>, dim: number, rank: number): Float64Array =>
  compute(() => {
    const roots = fromNdArray({
      shape: [all.length, dim],
      values: concatenated(all.map(({ noise }) => noise.map(Math.sqrt)))
    })
    const loads = fromNdArray({
      shape: [all.length, dim, rank],
      values: concatenated(all.map(({ loads }) => loads))
    })
    return gramCholesky(concat([Gaussian.transposeEach(loads), mul(expandDims(roots, 2), eye(dim))], 1))
  }).values

/** Returns the covariance model of factor analysers. */
export const factorAnalysers = (structure: AnalyserStructure): CovarianceModel<AnalyserParameter> => {
  const { rank, ...kind } = structure
  const { isotropic } = kind
  const ownLoads = isOwn(kind.loadings)
  const ownNoise = isOwn(kind.noise)
  return {
    name: analyserName(structure),
    formula: `F${ownLoads ? '_i' : ''} F${ownLoads ? '_i' : ''}ᵀ + ${isotropic ? `exp(logNoise${ownNoise ? '_i' : ''}) I` : `diag exp(logNoise${ownNoise ? '_i' : ''})`} of rank ${rank}`,
    second: 'full',
    isShared: !ownLoads && !ownNoise,
    isScalable: !isotropic,
    // With fewer rows factors explain them without noise, and the likelihood is unbounded.
    leastRows: dim => (ownNoise ? Math.min(rank + 2, dim + 1) : 1),
    shapes: (components, dim) => analyserShapes(structure, components, dim),
    freedom: analyserFreedom(structure),
    densities: analyserDensities(({ means, factors, logNoise }) => {
      const [count, dim] = means.shape
      const own = exp(logNoise)
      return {
        loads: ownLoads ? factors : mul(expandDims(factors, 0), ones([count, 1, 1])),
        noise:
          ownNoise && !isotropic
            ? own
            : mul(reshape(own, [ownNoise ? count : 1, isotropic ? 1 : dim]), ones([count, dim]))
      }
    }),
    factors: (own, components, dim) => {
      const values = analyserTriangles(analysesOfParams(structure, own, { count: components, dim }), dim, rank)
      return { variances: Factor.triangleVariances(values, dim), factors: { shape: [components, dim, dim], values } }
    },
    fit: fitAnalysers(structure),
    ...(!isExact(kind) && { isGeneralized: true, multistart: multistartAnalysers(structure) }),
    ofMixture: mixture => {
      const { shape, values } = Mixture.covariances(mixture)
      const [count, dim] = shape
      const scatters = RA.makeBy(count, k => ({
        mass: Math.max(mixture.weights[k], Number.MIN_VALUE),
        s: kthPart(values, count, k)
      }))
      return paramsOfAnalyses(structure, nearestAnalyses(kind, scatters, rank, Number.MIN_VALUE), dim)
    },
    ...(!isotropic && {
      scaled: (by, { factors, logNoise }) => ({
        factors: { ...factors, values: factors.values.map((f, at) => f * by[Math.floor(at / rank) % by.length]) },
        logNoise: Gaussian.scaleLogVariances(by)(logNoise)
      })
    })
  }
}

const analyserFields = {
  /** Number of components. */
  components: Field.count({ suggestion: 2 }),
  /** Number of factors per component. */
  rank: Field.count({ suggestion: 1 })
}

/**
 * A mixture with free weights and `rank` factors in each component: Σ_k = F_k F_kᵀ + diag exp(logNoise_k), F_k [d, rank]. F and F Q
 * describe the same covariance for orthogonal Q. `Covariance.factors` has variants with common loadings, common noise, or equal noise in
 * all columns.
 *
 * s(x) = −Σ w_k S_k⁻¹(x − αc_k), S_k = α²Σ_k + σ²I, w = softmax(log π_k − ½ log|S_k| − ½(x − αc_k)ᵀS_k⁻¹(x − αc_k)). The M-step is
 * generalized: ten inner iterations on the factors.
 */
export const lowRank = family<'lowRank', Derive.MixtureParameter<AnalyserParameter>, typeof analyserFields>({
  name: 'lowRank',
  about: 'factor analysers with free weights: Gaussians whose columns share a few factors beside noise of their own',
  fields: analyserFields,
  formula: ({ components, rank }) =>
    `s(x) = −Σ w_i S_i⁻¹(x − m_i) over ${components} components, S_i = α²(F_i F_iᵀ + diag exp(logNoise_i)) + σ²I of rank ${rank}, ` +
    'w = softmax(logits_i − ½ log|S_i| − ½(x − m_i)ᵀS_i⁻¹(x − m_i)), m_i = α means_i',
  made: ({ components, rank }) =>
    Derive.deriveFamily({
      components,
      covariance: factorAnalysers({ rank, loadings: 'own', noise: 'own', isotropic: false }),
      weights: 'free'
    })
})
