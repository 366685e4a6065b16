/**
 * Maximum-likelihood spectra of covariances that share volumes or shapes. The log eigenvalues, ℓ_kj = volume_k + Σ_i C_ji shape_ki with
 * Helmert's contrasts C, are linear in the parameters, ℓ = Bθ. For moments ω_kj along given axes the loss is
 *
 *     F(θ) = Σ_kj n_k log u_kj + ω_kj/u_kj,    u = α²e^ℓ + σ²,    ℓ ≥ log φ,
 *
 * a gamma regression with a logarithmic link, convex if σ = 0 (Celeux & Govaert 1995; McCullagh & Nelder 1989, §8).
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import type { NdArray } from '../../../lib/arrays/ndarray.js'
import type { MStepContext } from '../family.js'

/** With shape 'none' the covariance is isotropic. */
export interface SpectrumSharing {
  readonly volume: 'common' | 'own'
  readonly shape: 'none' | 'common' | 'own'
}

/** Volumes, [K] or [1], and shapes, [K, d − 1] or [d − 1] row-major, or empty. */
export interface Spectrum {
  readonly volumes: Float64Array
  readonly shapes: Float64Array
}

export interface MomentsAlongAxes {
  /** Masses, [K] */
  readonly n: Float64Array
  /** Second moments, [K, d] */
  readonly omega: Float64Array
  readonly at: MStepContext
}

/** Helmert's contrasts, [d, d − 1]: orthonormal columns that sum to 0. */
export const contrasts = (dim: number): NdArray => {
  const width = dim - 1
  return {
    shape: [dim, width],
    values: new Float64Array(dim * width).map((_, at) => {
      const i = Math.floor(at / width)
      const j = at % width
      return (i <= j ? 1 : i === j + 1 ? -(j + 1) : 0) / Math.sqrt((j + 1) * (j + 2))
    })
  }
}

/** Layout of θ. */
interface SpectrumLayout {
  /** Number of entries of a shape, of the volumes, and of all. */
  readonly width: number
  readonly volumes: number
  readonly size: number
  readonly volumeOf: (k: number) => number
  readonly shapeOf: (k: number) => number
}

const spectrumLayout = ({ volume, shape }: SpectrumSharing, count: number, dim: number): SpectrumLayout => {
  const width = shape === 'none' ? 0 : dim - 1
  const volumes = volume === 'own' ? count : 1
  return {
    width,
    volumes,
    size: volumes + (shape === 'own' ? count : 1) * width,
    volumeOf: (k: number): number => (volume === 'own' ? k : 0),
    shapeOf: (k: number): number => volumes + (shape === 'own' ? k * width : 0)
  }
}

/** Log eigenvalues ℓ, [K, d]. */
export const logEigenvalues = (
  parts: SpectrumSharing,
  { volumes, shapes }: Spectrum,
  count: number,
  dim: number
): Float64Array => predictedLogs(parts, Float64Array.of(...volumes, ...shapes), count, dim)

/** Bθ, [K, d], by cumulative sums. */
const predictedLogs = (parts: SpectrumSharing, theta: Float64Array, count: number, dim: number): Float64Array => {
  const { width, volumeOf, shapeOf } = spectrumLayout(parts, count, dim)
  const out = new Float64Array(count * dim)
  for (let k = 0; k < count; k++) {
    let after = theta[volumeOf(k)]
    for (let j = dim - 1; j >= 0; j--) {
      const down = j > 0 && width > 0 ? theta[shapeOf(k) + j - 1] / Math.sqrt(j * (j + 1)) : 0
      out[k * dim + j] = after - j * down
      after += down
    }
  }
  return out
}

/** Cᵀℓ, independent of the mean of ℓ. */
const shapeOfLogs = (l: Float64Array): Float64Array => {
  let before = 0
  return new Float64Array(l.length - 1).map((_, i) => {
    before += l[i]
    return (before - (i + 1) * l[i + 1]) / Math.sqrt((i + 1) * (i + 2))
  })
}

const meanOfValues = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length

/** log φ; of the smallest positive number without a bound. */
const minLogEigenvalue = ({ floor }: MStepContext): number => Elementary.log(Math.max(floor, Number.MIN_VALUE))

/** F for ω [K, d], of components with mass. */
export const spectrumLoss = (
  n: Float64Array,
  omega: Float64Array,
  { level, dim }: MStepContext,
  l: Float64Array
): number => {
  const a2 = Elementary.square(level.alpha)
  const s2 = Elementary.square(level.sigma)
  let sum = 0
  for (let at = 0; at < l.length; at++) {
    const m = n[Math.floor(at / dim)]
    const u = a2 * Elementary.exp(l[at]) + s2
    if (m > 0) sum += m * Elementary.log(u) + omega[at] / u
  }
  return sum
}

/** 1/u, [K, d]; 0 for components without mass. */
export const spectrumPrecisions = (
  n: Float64Array,
  { level: { alpha, sigma }, dim }: MStepContext,
  l: Float64Array
): Float64Array =>
  l.map((x, at) =>
    n[Math.floor(at / dim)] > 0 ? 1 / (Elementary.square(alpha) * Elementary.exp(x) + Elementary.square(sigma)) : 0
  )

/** Log maximum-likelihood variance at time 0 for one at a level, clipped from below. */
const clippedLogVariance = (at: MStepContext, variance: number): number => {
  const { alpha, sigma } = at.level
  const free = (variance - Elementary.square(sigma)) / Elementary.square(alpha)
  return Math.max(Elementary.log(Math.max(free, Number.MIN_VALUE)), minLogEigenvalue(at))
}

/** Solution for EI, VI, EE and VV, exact at any level: a mean for each parameter, clipped. */
const meanSpectrum = (
  { volume, shape }: SpectrumSharing,
  { n, omega, at }: MomentsAlongAxes,
  old: Spectrum
): Spectrum => {
  const { dim } = at
  const isOwn = volume === 'own'
  const volumes = new Float64Array(isOwn ? n.length : 1)
  const width = shape === 'none' ? 0 : dim - 1
  const shapes = new Float64Array(volumes.length * width)
  for (let g = 0; g < volumes.length; g++) {
    let mass = 0
    const sums = new Float64Array(dim)
    for (let k = isOwn ? g : 0; k < (isOwn ? g + 1 : n.length); k++) {
      if (!(n[k] > 0)) continue
      mass += n[k]
      for (let j = 0; j < dim; j++) sums[j] += omega[k * dim + j]
    }
    if (!(mass > 0)) {
      volumes[g] = old.volumes[g]
      shapes.set(old.shapes.subarray(g * width, (g + 1) * width), g * width)
    } else if (shape === 'none') volumes[g] = clippedLogVariance(at, meanOfValues(sums) / mass)
    else {
      const l = sums.map(sum => clippedLogVariance(at, sum / mass))
      volumes[g] = meanOfValues(l)
      shapes.set(shapeOfLogs(l), g * width)
    }
  }
  return { volumes, shapes }
}

/** Solution for EV without noise: ℓ_j = max(log ω_j − m, log φ), m such that Σ_j ℓ_j = dv for the volume v. */
const fillVolumes = ({ n, omega, at }: MomentsAlongAxes, old: Spectrum): Spectrum => {
  const { dim, level } = at
  const least = minLogEigenvalue(at)
  const width = dim - 1
  const shrink = 2 * Elementary.log(level.alpha)
  const logs = omega.map(x => (x > 0 ? Elementary.log(x) - shrink : -Infinity))
  const present = Array.from(n, (_, k) => k).filter(k => n[k] > 0)
  const sorted = present.map(k =>
    logs
      .slice(k * dim, (k + 1) * dim)
      .sort()
      .reverse()
  )
  const logMass = Elementary.log(present.reduce((sum, k) => sum + n[k], 0))
  const volume = commonVolume(sorted, { least, logMass, start: old.volumes[0] })
  const shapes = old.shapes.slice()
  for (let k = 0; k < n.length; k++) {
    const own = shapes.subarray(k * width, (k + 1) * width)
    const place = present.indexOf(k)
    const { m } = place < 0 ? NOT_FILLED : fillVolume(sorted[place], volume, least)
    if (m > -Infinity) own.set(shapeOfLogs(logs.slice(k * dim, (k + 1) * dim).map(l => Math.max(l - m, least))))
    else {
      const lowest = predictedLogs(SINGLE_COMPONENT_SHARING, Float64Array.of(0, ...own), 1, dim).reduce(
        (a, b) => Math.min(a, b),
        0
      )
      if (volume + lowest < least) own.forEach((x, i) => (own[i] = (x * (volume - least)) / -lowest))
    }
  }
  return { volumes: Float64Array.of(volume), shapes }
}

/** `free`: number of eigenvalues above the bound. */
interface FilledVolume {
  readonly m: number
  readonly free: number
}

const NOT_FILLED: FilledVolume = { m: -Infinity, free: 0 }

/** Returns m such that the mean of max(ℓ_j − m, least) is `volume`, for decreasing ℓ; m = −∞ if all are −∞. */
const fillVolume = (l: Float64Array, volume: number, least: number): FilledVolume => {
  const dim = l.length
  let sum = 0
  let filled = NOT_FILLED
  for (let f = 0; f < dim && l[f] > -Infinity; f++) {
    const m = (sum + l[f] + (dim - f - 1) * least - dim * volume) / (f + 1)
    if (f > 0 && l[f] - m < least) break
    sum += l[f]
    filled = { m, free: f + 1 }
  }
  return filled
}

/**
 * Common volume from decreasing log moments. The derivative of F is d(Σ_k n_k − Σ_k e^{m_k}), and log Σ_k e^{m_k} is convex and decreasing,
 * so Newton's method converges from any start.
 */
const commonVolume = (
  sorted: ReadonlyArray<Float64Array>,
  { least, logMass, start }: { readonly least: number; readonly logMass: number; readonly start: number }
): number => {
  let volume = Math.max(least, start)
  for (let step = 0; step < MAX_NEWTON_STEPS; step++) {
    const all = sorted.map(l => fillVolume(l, volume, least))
    const most = all.reduce((most, { m }) => Math.max(most, m), -Infinity)
    if (most === -Infinity) return least
    let sum = 0
    let slope = 0
    all.forEach(({ m, free }, k) => {
      const share = Elementary.exp(m - most)
      sum += share
      if (share > 0) slope += (share * sorted[k].length) / free
    })
    const next = Math.max(least, volume + ((most + Elementary.log(sum) - logMass) * sum) / slope)
    const moved = Math.abs(next - volume)
    volume = next
    if (!(moved > LOG_TOLERANCE * Math.max(1, Math.abs(volume)))) break
  }
  return volume
}

const SINGLE_COMPONENT_SHARING: SpectrumSharing = { volume: 'own', shape: 'own' }

/** B, row-major, [K · d, θ]. */
const designMatrix = (parts: SpectrumSharing, count: number, dim: number): Float64Array => {
  const { width, size, volumeOf, shapeOf } = spectrumLayout(parts, count, dim)
  const c = contrasts(dim).values
  const b = new Float64Array(count * dim * size)
  for (let row = 0; row < count * dim; row++) {
    const k = Math.floor(row / dim)
    const j = row % dim
    b[row * size + volumeOf(k)] = 1
    for (let i = 0; i < width; i++) b[row * size + shapeOf(k) + i] = c[j * width + i]
  }
  return b
}

const MAX_NEWTON_STEPS = 100
const MAX_HILDRETH_SWEEPS = 500
/** A smaller change of all logarithms is the last. */
const LOG_TOLERANCE = 1e-13
/** Share of the Fisher information that bounds the curvature from below if noise makes it negative. */
const MIN_CURVATURE_SHARE = 0.05

/** Step s that minimizes gᵀs + ½sᵀLLᵀs subject to slack + Bs ≥ 0, if feasible, by coordinate ascent on the dual (Hildreth 1957). */
const constrainedStep = (
  lower: NdArray,
  gradient: Float64Array,
  b: Float64Array,
  slack: Float64Array
): Float64Array => {
  const size = gradient.length
  const { values } = lower
  const back = (y: Float64Array): Float64Array => {
    const out = y.slice()
    for (let i = size - 1; i >= 0; i--) {
      for (let j = i + 1; j < size; j++) out[i] -= values[j * size + i] * out[j]
      out[i] /= values[i * size + i]
    }
    return out
  }
  const free = back(Factor.solve(lower, size, gradient)).map(x => -x)
  const rest = slack.map((s, row) => {
    let sum = s
    for (let i = 0; i < size; i++) sum += b[row * size + i] * free[i]
    return sum
  })
  if (rest.every(s => s >= 0)) return free
  const rows = slack.length
  /** L⁻¹b of each row of B. */
  const z = Factor.solve(lower, size, b)
  const dotted = (row: number, x: Float64Array, from = 0): number => {
    let sum = 0
    for (let i = 0; i < size; i++) sum += z[row * size + i] * x[from + i]
    return sum
  }
  const lambda = new Float64Array(rows)
  const held = new Float64Array(size)
  for (let sweep = 0; sweep < MAX_HILDRETH_SWEEPS; sweep++) {
    let most = 0
    for (let row = 0; row < rows; row++) {
      const own = dotted(row, z, row * size)
      const next = Math.max(0, lambda[row] - (rest[row] + dotted(row, held)) / own)
      const change = next - lambda[row]
      if (change === 0) continue
      for (let i = 0; i < size; i++) held[i] += change * z[row * size + i]
      lambda[row] = next
      most = Math.max(most, Math.abs(change) * Math.sqrt(own))
    }
    if (most < LOG_TOLERANCE) break
  }
  const kept = back(held)
  return free.map((x, i) => x + kept[i])
}

/** Raises volumes in θ until all eigenvalues respect the lower bound. */
const raiseVolumes = (parts: SpectrumSharing, theta: Float64Array, count: number, at: MStepContext): Float64Array => {
  const { volumes, volumeOf } = spectrumLayout(parts, count, at.dim)
  const least = minLogEigenvalue(at)
  const short = new Float64Array(volumes)
  predictedLogs(parts, theta, count, at.dim).forEach((l, row) => {
    const k = volumeOf(Math.floor(row / at.dim))
    short[k] = Math.max(short[k], least - l)
  })
  return theta.map((x, i) => (i < volumes ? x + short[i] : x))
}

/** Solution for VE, and for EV at a level, by constrained Newton steps. */
const newtonSpectrum = (parts: SpectrumSharing, moments: MomentsAlongAxes, old: Spectrum): Spectrum => {
  const { n, omega, at } = moments
  const { dim } = at
  const count = n.length
  const { size, volumes } = spectrumLayout(parts, count, dim)
  const b = designMatrix(parts, count, dim)
  const least = minLogEigenvalue(at)
  let theta = raiseVolumes(parts, Float64Array.of(...old.volumes, ...old.shapes), count, at)
  let l = predictedLogs(parts, theta, count, dim)
  let now = spectrumLoss(n, omega, at, l)
  for (let step = 0; step < MAX_NEWTON_STEPS; step++) {
    const { gradient, hessian } = spectrumDerivatives(moments, l, b, size)
    const lower = Factor.choleskyOfCovariance(hessian, size)
    if (lower === null) break
    const along = constrainedStep(
      lower,
      gradient,
      b,
      l.map(x => x - least)
    )
    // With a tiny mass only vanishing steps show convergence.
    let moved = 0
    for (let t = 1; t > 1e-10; t /= 2) {
      const next = theta.map((x, i) => x + t * along[i])
      const there = predictedLogs(parts, next, count, dim)
      const found = spectrumLoss(n, omega, at, there)
      if (found <= now + 1e-14 * Math.abs(now)) {
        moved = along.reduce((most, x) => Math.max(most, Math.abs(t * x)), 0)
        theta = next
        l = there
        now = found
        break
      }
    }
    if (!(moved > LOG_TOLERANCE)) break
  }
  // Restores the bound after rounding.
  theta = raiseVolumes(parts, theta, count, at)
  return { volumes: theta.slice(0, volumes), shapes: theta.slice(volumes) }
}

/** Gradient of F, [size], and the lower triangle of its Hessian, made positive definite; `b` is the design matrix. */
const spectrumDerivatives = (
  { n, omega, at: { dim, level } }: MomentsAlongAxes,
  l: Float64Array,
  b: Float64Array,
  size: number
): { readonly gradient: Float64Array; readonly hessian: Float64Array } => {
  const a2 = Elementary.square(level.alpha)
  const s2 = Elementary.square(level.sigma)
  const gradient = new Float64Array(size)
  const hessian = new Float64Array(size * size)
  for (let row = 0; row < l.length; row++) {
    const m = n[Math.floor(row / dim)]
    if (!(m > 0)) continue
    const v = a2 * Elementary.exp(l[row])
    const u = v + s2
    const slope = v * (m / u - omega[row] / (u * u))
    const curvature = v * v * ((2 * omega[row]) / (u * u * u) - m / (u * u)) + slope
    const safe = Math.max(curvature, MIN_CURVATURE_SHARE * m * Elementary.square(v / u))
    for (let i = 0; i < size; i++) {
      const bi = b[row * size + i]
      if (bi === 0) continue
      gradient[i] += bi * slope
      for (let j = 0; j <= i; j++) hessian[i * size + j] += safe * bi * b[row * size + j]
    }
  }
  // Parameters without mass move only with the bound.
  for (let i = 0; i < size; i++) {
    const own = hessian[i * (size + 1)]
    hessian[i * (size + 1)] = own > 0 ? own * (1 + 1e-12) : 1
  }
  return { gradient, hessian }
}

const initialSpectrum = (
  { volume, shape }: SpectrumSharing,
  { n, omega, at: { dim, floor } }: MomentsAlongAxes
): Spectrum => {
  const positive = omega.map((x, at) => Math.max(x, n[Math.floor(at / dim)] * floor, Number.MIN_VALUE))
  const one = (k: number): Float64Array => positive.subarray(k * dim, (k + 1) * dim)
  const all = Array.from(n, (_, k) => k)
  const known = all.filter(k => n[k] > 0)
  const pooled = new Float64Array(dim).map((_, j) => known.reduce((sum, k) => sum + positive[k * dim + j], 0))
  const mass = known.reduce((sum, k) => sum + n[k], 0)
  const pooledVolume = Elementary.log(meanOfValues(pooled) / mass)
  const shapeOf = (l: Float64Array): Float64Array => shapeOfLogs(l.map(Elementary.log))
  return {
    volumes: Float64Array.from(volume === 'own' ? all : [0], k =>
      volume === 'own' && n[k] > 0 ? Elementary.log(meanOfValues(one(k)) / n[k]) : pooledVolume
    ),
    shapes:
      shape === 'none'
        ? new Float64Array(0)
        : shape === 'common'
          ? shapeOf(pooled)
          : Float64Array.from(all.flatMap(k => Array.from(shapeOf(n[k] > 0 ? one(k) : pooled))))
  }
}

/**
 * Returns the maximum-likelihood spectrum for moments along given axes, with a lower bound. Exact at time 0, and at any level for EI, VI,
 * EE and VV; otherwise at least as likely as the old one. A component without mass keeps its parameters, unless common ones take it below
 * the bound.
 */
export const likeliestSpectrum = (
  parts: SpectrumSharing,
  moments: MomentsAlongAxes,
  old: Spectrum | null
): Spectrum => {
  const { dim, level } = moments.at
  const from = old ?? initialSpectrum(parts, moments)
  if (parts.shape === 'none' || parts.shape === parts.volume || dim === 1)
    return meanSpectrum(dim === 1 ? { ...parts, shape: 'none' } : parts, moments, from)
  return level.sigma === 0 && parts.shape === 'own' ? fillVolumes(moments, from) : newtonSpectrum(parts, moments, from)
}
