/**
 * Covariances by volume, shape and orientation (Banfield & Raftery 1993; Celeux & Govaert 1995): Σ_k = D_kᵀ diag(e^{ℓ_k}) D_k, the volume
 * and shape of ℓ_k and the axes D_k each common or own. At a level S_k = D_kᵀ diag(u_k) D_k, u = α²e^ℓ + σ².
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import {
  add,
  concat,
  exp,
  expandDims,
  eye,
  fromNdArray,
  gramCholesky,
  log,
  lowerTriangle,
  matMul,
  mul,
  ones,
  pad,
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
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type { MStepContext, RowLevel } from '../family.js'
import type * as Params from '../../core/params.js'
import * as Axes from './axes.js'
import * as Spectrum from './spectrum.js'
import { kthPart, pooled, type CovarianceModel } from './covariances.js'
import * as Diagonal from './diagonal.js'
import * as Full from './full.js'
import * as Gaussian from './gaussian.js'

/** 'none' is isotropic, or along the columns. */
export interface SpectralParts {
  readonly volume: 'common' | 'own'
  readonly shape: 'none' | 'common' | 'own'
  readonly orientation: 'none' | 'common' | 'own'
}

export type SpectralParameter = 'logVolumes' | 'shapes' | 'turns'

type SpectralTensors = Params.Tensors<'logVolumes'> & Partial<Params.Tensors<'shapes' | 'turns'>>

type SpectralParams = Params.Params<'logVolumes'> & Partial<Params.Params<'shapes' | 'turns'>>

/** ℓ, [K | 1, d]. */
const spectrumOf = ({ logVolumes, shapes }: SpectralTensors, dim: number): Tensor => {
  const volumes = reshape(logVolumes, [-1, 1])
  return shapes === undefined || dim === 1
    ? mul(volumes, ones([1, dim]))
    : add(volumes, matMul(reshape(shapes, [-1, dim - 1]), fromNdArray(Spectrum.contrasts(dim)), { transposeB: true }))
}

/** Axes as rows, (I − A)⁻¹(I + A) = M⁻¹(I + A)², M = I + AᵀA positive definite, [..., d, d] from [..., d(d − 1)/2]. */
const cayleyAxes = (turns: Tensor, dim: number): Tensor => {
  const identity = mul(eye(dim), ones([...turns.shape.slice(0, -1), 1, 1]))
  if (dim === 1) return identity
  const lead = RA.makeBy(turns.rank - 1, () => [0, 0] as const)
  const low = pad(lowerTriangle(turns), [...lead, [1, 0], [0, 1]])
  const a = mul(0.5, sub(low, Gaussian.transposeEach(low)))
  const factor = gramCholesky(concat([identity, a], a.rank - 2))
  const both = add(identity, a)
  return solveTriangular(factor, solveTriangular(factor, matMul(both, both)), { transposed: true })
}

/** `axes` are rows; `u` are variances along them, [rows | 1, K | 1, d]. */
interface AxisAlignedGaussians {
  readonly means: Tensor
  readonly axes: Tensor
  readonly u: Tensor
}

/** Evaluates Gaussians with axes [K, d, d]. */
const evaluateSpectral = (
  { means, axes, u }: AxisAlignedGaussians,
  x: Tensor,
  level: RowLevel
): Gaussian.GaussianEvaluation => {
  if (Gaussian.hasCommonLevel(level)) {
    const there = squeeze(u, 0)
    const root = mul(expandDims(rsqrt(there), 2), axes)
    return Full.evaluateFull(means, { root, logRoot: mul(-0.5, sum(log(there), 1)) }, x, level)
  }
  const turned = (rows: Tensor, { transposeB }: { readonly transposeB: boolean }): Tensor =>
    transpose(matMul(transpose(rows, [1, 0, 2]), axes, { transposeB }), [1, 0, 2])
  const y = turned(Gaussian.residuals(x, means, level), { transposeB: true })
  const pulls = mul(y, reciprocal(u))
  return Gaussian.evaluationOfSeparate(
    Gaussian.logNormalTensor(x.shape[1] ?? 0, sum(mul(y, pulls), 2), mul(-0.5, sum(log(u), 2))),
    turned(pulls, { transposeB: false }),
    sum(reciprocal(u), 2)
  )
}

/** Common axes, [d, d], rotate rows and centres once. */
const evaluateAlongCommonAxes = (
  { means, axes, u }: AxisAlignedGaussians,
  x: Tensor,
  level: RowLevel
): Gaussian.GaussianEvaluation => {
  const turned = (rows: Tensor): Tensor => matMul(rows, axes, { transposeB: true })
  const { pull, ...seen } = Diagonal.evaluateDiagonal(turned(means), u, turned(x), level)
  return { ...seen, pull: shares => matMul(pull(shares), axes) }
}

const MCLUST_LETTERS = { common: 'E', own: 'V', none: 'I' } as const

/** Returns mclust's name, for example VVE for own volumes and shapes and common axes. */
export const mclustName = ({ volume, shape, orientation }: SpectralParts): string =>
  MCLUST_LETTERS[volume] + MCLUST_LETTERS[shape] + MCLUST_LETTERS[orientation]

const joinSpectralParams = <A>(
  logVolumes: A,
  shapes: A | null,
  turns: A | null
): { readonly [K in SpectralParameter]: A } =>
  // Absent arrays are never read: `shapes` lists those that exist.
  ({ logVolumes, ...(shapes !== null && { shapes }), ...(turns !== null && { turns }) }) as {
    readonly [K in SpectralParameter]: A
  }

/** Shapes with smaller entries count as isotropic. */
const ISOTROPIC_TOLERANCE = 1e-9

const spectralShapes = (
  { volume, shape, orientation }: SpectralParts,
  count: number,
  dim: number
): Params.Shapes<SpectralParameter> =>
  joinSpectralParams<ReadonlyArray<number>>(
    volume === 'own' ? [count] : [],
    shape === 'none' ? null : [...(shape === 'own' ? [count] : []), dim - 1],
    orientation === 'none' ? null : [...(orientation === 'own' ? [count] : []), (dim * (dim - 1)) / 2]
  )

const spectrumOfParams = (own: SpectralParams): Spectrum.Spectrum => ({
  volumes: own.logVolumes.values,
  shapes: own.shapes?.values ?? new Float64Array(0)
})

/** Axes as rows; null if they are the columns. */
const axesOfParams = (
  { orientation }: SpectralParts,
  { turns }: SpectralParams,
  count: number,
  dim: number
): ReadonlyArray<Float64Array> | null => {
  if (turns === undefined || orientation === 'none') return null
  const ownAxes = orientation === 'own'
  const found = RA.makeBy(ownAxes ? count : 1, k =>
    Axes.axesOfAngles(kthPart(turns.values, ownAxes ? count : 1, k), dim)
  )
  return RA.makeBy(count, k => found[ownAxes ? k : 0])
}

interface OrientedSpectrum {
  readonly spectrum: Spectrum.Spectrum
  /** Own or one common, [d, d]; empty if they are the columns. */
  readonly axes: ReadonlyArray<Float64Array>
}

const paramsOfSpectrum = (
  parts: SpectralParts,
  { spectrum: { volumes, shapes }, axes }: OrientedSpectrum,
  count: number,
  dim: number
): Params.Params<SpectralParameter> => {
  const as = spectralShapes(parts, count, dim)
  const array = (shape: ReadonlyArray<number>, values: Float64Array): NdArray => ({ shape, values })
  return joinSpectralParams(
    array(as.logVolumes, volumes),
    parts.shape === 'none' ? null : array(as.shapes, shapes),
    parts.orientation === 'none' ? null : array(as.turns, concatenated(axes.map(d => Axes.anglesOfAxes(d, dim))))
  )
}

const spectralFactors =
  (parts: SpectralParts): CovarianceModel<SpectralParameter>['factors'] =>
  (own: SpectralParams, count, dim) => {
    const v = Spectrum.logEigenvalues(parts, spectrumOfParams(own), count, dim).map(Elementary.exp)
    const axes = axesOfParams(parts, own, count, dim)
    if (axes === null)
      return parts.shape === 'none'
        ? { variances: v.filter((_, at) => at % dim === 0), factors: null }
        : { variances: v, factors: null }
    const values = concatenated(
      axes.map(
        (d, k) =>
          Factor.triangleOfRows(
            d.map((x, at) => Math.sqrt(v[k * dim + Math.floor(at / dim)]) * x),
            dim
          ).values
      )
    )
    return { variances: Factor.triangleVariances(values, dim), factors: { shape: [count, dim, dim], values } }
  }

const fitSpectral =
  (parts: SpectralParts): CovarianceModel<SpectralParameter>['fit'] =>
  (n, w, at, old) => {
    const before = old && {
      axes: axesOfParams(parts, old, n.length, at.dim),
      spectrum: spectrumOfParams(old)
    }
    return paramsOfSpectrum(parts, fitOrientedSpectrum(parts, { n, w, at, before }), n.length, at.dim)
  }

interface SpectralMoments {
  /** Masses [K] */
  readonly n: Float64Array
  /** Second moments, [K, …] */
  readonly w: Float64Array
  readonly at: MStepContext
  /** Old axes and spectrum. */
  readonly before: {
    readonly axes: ReadonlyArray<Float64Array> | null
    readonly spectrum: Spectrum.Spectrum
  } | null
}

const fitOrientedSpectrum = (parts: SpectralParts, moments: SpectralMoments): OrientedSpectrum => {
  const { n, w, at, before } = moments
  if (parts.orientation === 'common') return fitCommonAxes(parts, moments)
  const spectrumAlong = (omega: Float64Array): Spectrum.Spectrum =>
    Spectrum.likeliestSpectrum(parts, { n, omega, at }, before && before.spectrum)
  if (parts.orientation === 'none')
    return { spectrum: spectrumAlong(parts.shape === 'none' ? spreadEvenly(w, at.dim) : w), axes: [] }
  const found = RA.makeBy(n.length, k => Axes.principalAxes(kthPart(w, n.length, k), at.dim))
  return {
    axes: found.map(({ axes }, k) => (n[k] > 0 ? axes : (before?.axes?.[k] ?? axes))),
    spectrum: spectrumAlong(concatenated(found.map(one => one.moments)))
  }
}

const fitCommonAxes = (parts: SpectralParts, { n, w, at, before }: SpectralMoments): OrientedSpectrum => {
  const { dim } = at
  const count = n.length
  const along = (omega: Float64Array, last: Spectrum.Spectrum | null): Axes.SpectrumAlongAxes<Spectrum.Spectrum> => {
    const found = Spectrum.likeliestSpectrum(parts, { n, omega, at }, last ?? (before && before.spectrum))
    const l = Spectrum.logEigenvalues(parts, found, count, dim)
    return { found, inverse: Spectrum.spectrumPrecisions(n, at, l), value: Spectrum.spectrumLoss(n, omega, at, l) }
  }
  // Isotropic covariances have no axes: those of all rows, and of each component, are tried.
  const isRound = before === null || before.spectrum.shapes.every(x => Math.abs(x) < ISOTROPIC_TOLERANCE)
  const oldAxes = isRound ? null : before.axes
  const starts =
    oldAxes === null
      ? [
          pooled(n, w),
          ...(parts.shape === 'own' ? RA.makeBy(count, k => kthPart(w, count, k)).filter((_, k) => n[k] > 0) : [])
        ].map(one => Axes.principalAxes(one, dim).axes)
      : [oldAxes[0]]
  const { axes, found } = Axes.likeliestAxes(starts, { w, dim, precision: oldAxes === null ? 'whole' : 'step', along })
  return { spectrum: found, axes: [axes] }
}

/** Returns the model of covariances with these parts. */
export const spectralCovariance = (parts: SpectralParts): CovarianceModel<SpectralParameter> => {
  const { volume, shape, orientation } = parts
  const ownVolume = volume === 'own'
  const ownShape = shape === 'own'
  const ownAxes = orientation === 'own'
  const isTurned = orientation !== 'none'
  return {
    name: mclustName(parts),
    formula:
      `${ownVolume ? 'λ_i' : 'λ'} ` +
      (isTurned ? `${ownAxes ? 'D_i' : 'D'} ${ownShape ? 'A_i' : 'A'} ${ownAxes ? 'D_i' : 'D'}ᵀ` : '') +
      (isTurned ? '' : shape === 'none' ? 'I' : ownShape ? 'A_i' : 'A'),
    second: isTurned ? 'full' : shape === 'none' ? 'trace' : 'diagonal',
    isShared: !ownVolume && !ownShape && !ownAxes,
    isVolumeShared: !ownVolume,
    ...(orientation === 'common' && { hasCommonAxes: true }),
    // Scaling columns makes common axes differ, unless all shapes are common, or shapes and axes are own.
    isScalable: shape !== 'none' && (!isTurned || (ownShape ? ownAxes : !ownAxes)),
    leastRows: dim => (ownShape && ownAxes ? dim + 1 : ownVolume || ownShape ? 2 : 1),
    shapes: (count, dim) => spectralShapes(parts, count, dim),
    densities: Gaussian.evaluatedGaussians(
      ({ means, ...own }: SpectralTensors & { readonly means: Tensor }, x, level) => {
        const dim = x.shape[1] ?? 0
        const { alpha, sigma } = Gaussian.appendLevelAxes(level, 2)
        const u = add(mul(square(alpha), expandDims(exp(spectrumOf(own, dim)), 0)), square(sigma))
        if (own.turns === undefined) return Diagonal.evaluateDiagonal(means, u, x, level)
        const gaussians = { means, axes: cayleyAxes(own.turns, dim), u }
        return ownAxes ? evaluateSpectral(gaussians, x, level) : evaluateAlongCommonAxes(gaussians, x, level)
      }
    ),
    factors: spectralFactors(parts),
    fit: fitSpectral(parts)
  }
}

/** Spreads Σ r|δ|² evenly over the columns, as Σ r δ∘δ. */
const spreadEvenly = (w: Float64Array, dim: number): Float64Array =>
  new Float64Array(w.length * dim).map((_, at) => w[Math.floor(at / dim)] / dim)
