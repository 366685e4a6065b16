/**
 * Maximum-likelihood factor analysis, Σ_k = F_k F_kᵀ + diag ψ_k (McNicholas & Murphy 2008): by EM (Rubin & Thayer 1982), O(q d²) a step, or
 * directly (Jöreskog 1967; Tipping & Bishop 1999).
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import {
  dot,
  factorGram,
  factorSymmetric,
  solveLower,
  solveLowerTransposed,
  symmetricEigen,
  transposed,
  type Eigen,
  largestEntry
} from '../../../lib/arrays/linalg.js'

export interface AnalyserKind {
  readonly loadings: 'own' | 'common'
  readonly noise: 'own' | 'common'
  /** True if noise is equal in all columns. */
  readonly isotropic: boolean
}

/** F [d, q] and ψ [d] of a component, or A and D at a level. */
export interface Analysis {
  readonly loads: Float64Array
  readonly noise: Float64Array
}

/** Mass > 0, and S = W/n, [d, d]. */
export interface Scatter {
  readonly mass: number
  readonly s: Float64Array
}

/** Relative change of every noise below which EM ends. */
const NOISE_TOLERANCE = 1e-9

/** BS [q, d] and the triangle of Θ = V + BSBᵀ, with LLᵀ = I + FᵀΨ⁻¹F by the QR of [Ψ^{−½}F; I], V = L⁻ᵀL⁻¹ and B = V FᵀΨ⁻¹. */
interface ExpectedFactors {
  readonly across: Float64Array
  readonly spread: Float64Array
}

/** Returns the E-step, which writes to `into` for a scatter S. */
const expectedFactors = (
  d: number,
  q: number
): ((s: Float64Array, { loads, noise }: Analysis, into: ExpectedFactors) => void) => {
  const stack = new Float64Array((d + q) * q)
  const l = new Float64Array(q * q)
  const half = new Float64Array(q * q)
  const b = new Float64Array(q * d)
  for (let k = 0; k < q; k++) stack[(d + k) * q + k] = 1
  return (s, { loads: a, noise }, { across, spread }) => {
    for (let j = 0; j < d; j++)
      for (let k = 0; k < q; k++) {
        stack[j * q + k] = a[j * q + k] / Math.sqrt(noise[j])
        b[k * d + j] = a[j * q + k] / noise[j]
      }
    factorGram(stack, 0, d + q, q, l, 0)
    solveLower(l, 0, q, b, 0, d)
    solveLowerTransposed(l, 0, q, b, 0, d)
    for (let k = 0; k < q; k++) for (let j = 0; j < d; j++) across[k * d + j] = dot(b, k * d, s, j * d, d)
    half.fill(0)
    for (let k = 0; k < q; k++) half[k * q + k] = 1
    solveLower(l, 0, q, half, 0, q)
    for (let k = 0; k < q; k++)
      for (let m = 0; m <= k; m++) {
        let sum = dot(across, k * d, b, m * d, d)
        for (let i = 0; i < q; i++) sum += half[i * q + k] * half[i * q + m]
        for (let i = 0; i < m; i++) sum -= spread[k * q + i] * spread[m * q + i]
        spread[k * q + m] = k === m ? Math.sqrt(sum) : sum / spread[m * q + m]
      }
  }
}

/** Updates row j of common loadings in place: F_j Σ_k (n_k/ψ_kj)Θ_k = Σ_k (n_k/ψ_kj)(S_kB_kᵀ)_j. */
const updateCommonLoadings = (
  scatters: ReadonlyArray<Scatter>,
  all: ReadonlyArray<Analysis>,
  expected: ReadonlyArray<ExpectedFactors>,
  q: number
): void => {
  const d = all[0].noise.length
  const gram = new Float64Array(q * q)
  const l = new Float64Array(q * q)
  const row = new Float64Array(q)
  const thetas = expected.map(({ spread }) =>
    spread.map((_, at) =>
      dot(spread, Math.floor(at / q) * q, spread, (at % q) * q, Math.min(Math.floor(at / q), at % q) + 1)
    )
  )
  for (let j = 0; j < d; j++) {
    gram.fill(0)
    row.fill(0)
    for (let k = 0; k < all.length; k++) {
      const weight = scatters[k].mass / all[k].noise[j]
      for (let e = 0; e < q * q; e++) gram[e] += weight * thetas[k][e]
      for (let a = 0; a < q; a++) row[a] += weight * expected[k].across[a * d + j]
    }
    // A singular matrix leaves the row unchanged.
    if (!factorSymmetric(gram, 0, q, l, 0)) continue
    solveLower(l, 0, q, row, 0, 1)
    solveLowerTransposed(l, 0, q, row, 0, 1)
    for (const { loads } of all) loads.set(row, j * q)
  }
}

/** Residual variances, pooled as the structure requires, and at least `least`. */
const pooledNoise = (
  { noise, isotropic }: AnalyserKind,
  scatters: ReadonlyArray<Scatter>,
  left: ReadonlyArray<Float64Array>,
  least: number
): ReadonlyArray<Float64Array> => {
  const all = scatters.reduce((sum, { mass }) => sum + mass, 0)
  const pooled =
    noise === 'own'
      ? left
      : left.map(() =>
          left[0].map((_, j) => left.reduce((sum, each, k) => sum + (scatters[k].mass / all) * each[j], 0))
        )
  return pooled.map(each => {
    const mean = each.reduce((sum, x) => sum + x, 0) / each.length
    return each.map(x => Math.max(isotropic ? mean : x, least))
  })
}

interface IterationLimits {
  readonly least: number
  readonly steps: number
}

/** Iterates EM on `all`, in place. */
const iterateGroup = (
  kind: AnalyserKind,
  scatters: ReadonlyArray<Scatter>,
  all: ReadonlyArray<Analysis>,
  { least, steps }: IterationLimits
): void => {
  const d = all[0].noise.length
  const q = all[0].loads.length / d
  const expected = all.map((): ExpectedFactors => ({
    across: new Float64Array(q * d),
    spread: new Float64Array(q * q)
  }))
  const expect = expectedFactors(d, q)
  const next = new Float64Array(q * d)
  const isApart = kind.loadings === 'own' || all.length === 1
  let moved = true
  for (let step = 0; step < steps && moved; step++) {
    all.forEach((one, k) => {
      expect(scatters[k].s, one, expected[k])
    })
    if (!isApart) updateCommonLoadings(scatters, all, expected, q)
    const left = all.map(({ loads: a }, k) => {
      const { across, spread } = expected[k]
      if (isApart) {
        next.set(across)
        solveLower(spread, 0, q, next, 0, d)
        solveLowerTransposed(spread, 0, q, next, 0, d)
      }
      return new Float64Array(d).map((_, j) => {
        let own = scatters[k].s[j * d + j]
        for (let a0 = 0; a0 < q; a0++) {
          if (isApart) a[j * q + a0] = next[a0 * d + j]
          own -= a[j * q + a0] * across[a0 * d + j]
        }
        if (isApart) return own
        // S_jj − 2F_j(BS)_j + F_jΘF_jᵀ
        for (let a0 = 0; a0 < q; a0++) {
          let along = 0
          for (let b = a0; b < q; b++) along += spread[b * q + a0] * a[j * q + b]
          own += along * along - a[j * q + a0] * across[a0 * d + j]
        }
        return own
      })
    })
    moved = false
    pooledNoise(kind, scatters, left, least).forEach((now, k) => {
      const { noise } = all[k]
      now.forEach((v, j) => {
        moved ||= Math.abs(v - noise[j]) > NOISE_TOLERANCE * noise[j]
      })
      noise.set(now)
    })
  }
}

/** All components together if they share parameters, otherwise single ones. */
const sharingGroups = <A>({ loadings, noise }: AnalyserKind, all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  loadings === 'own' && noise === 'own' ? all.map(one => [one]) : [all]

/** Pools the scatters if all components have the same covariance. */
const poolSharedScatters = (
  { loadings, noise }: AnalyserKind,
  scatters: ReadonlyArray<Scatter>
): ReadonlyArray<Scatter> => (loadings === 'common' && noise === 'common' ? [poolScatters(scatters)] : scatters)

const poolScatters = (scatters: ReadonlyArray<Scatter>): Scatter => {
  const mass = scatters.reduce((sum, one) => sum + one.mass, 0)
  return {
    mass,
    s: scatters[0].s.map((_, at) => scatters.reduce((sum, one) => sum + (one.mass / mass) * one.s[at], 0))
  }
}

const fitSharingGroups =
  (
    found: (
      kind: AnalyserKind,
      scatters: ReadonlyArray<Scatter>,
      from: ReadonlyArray<Analysis>
    ) => ReadonlyArray<Analysis>
  ) =>
  (kind: AnalyserKind, scatters: ReadonlyArray<Scatter>, from: ReadonlyArray<Analysis>): ReadonlyArray<Analysis> =>
    sharingGroups(
      kind,
      scatters.map((_, k) => k)
    ).flatMap(group => {
      const own = poolSharedScatters(
        kind,
        group.map(k => scatters[k])
      )
      const all = found(
        kind,
        own,
        own.map((_, i) => from[group[i]])
      )
      return group.map((_, i) => all[own.length === 1 ? 0 : i])
    })

/** Iterates EM, which never lowers the likelihood, until each noise has converged. */
export const iterateAnalysis = (
  kind: AnalyserKind,
  scatters: ReadonlyArray<Scatter>,
  start: ReadonlyArray<Analysis>,
  limits: IterationLimits
): ReadonlyArray<Analysis> =>
  fitSharingGroups((kind, own, from) => {
    const all = from.map(({ loads, noise }) => ({ loads: loads.slice(), noise: noise.slice() }))
    iterateGroup(kind, own, all, limits)
    return all
  })(kind, scatters, start)

/** −½ (log|Σ| + tr Σ⁻¹S) */
const expectedLog = (s: Float64Array, { loads, noise }: Analysis): number => {
  const d = noise.length
  const q = loads.length / d
  const rows = new Float64Array((q + d) * d)
  for (let j = 0; j < d; j++) {
    for (let a = 0; a < q; a++) rows[a * d + j] = loads[j * q + a]
    rows[(q + j) * d + j] = Math.sqrt(noise[j])
  }
  const root = Factor.triangleOfRows(rows, d)
  const whole = Factor.solve(root, d, transposed(Factor.solve(root, d, s), d))
  let trace = 0
  for (let j = 0; j < d; j++) trace += whole[j * (d + 1)]
  return -Factor.logDeterminant(root, d) - trace / 2
}

/** Returns the most likely of several solutions for each group. */
export const likeliestAnalyses = (
  kind: AnalyserKind,
  scatters: ReadonlyArray<Scatter>,
  all: ReadonlyArray<ReadonlyArray<Analysis>>
): ReadonlyArray<Analysis> => {
  const values = all.map(one => scatters.map(({ mass, s }, k) => mass * expectedLog(s, one[k])))
  return sharingGroups(
    kind,
    scatters.map((_, k) => k)
  ).flatMap(group => {
    const of = (i: number): number => group.reduce((sum, k) => sum + values[i][k], 0)
    const best = values.reduce((best, _, i) => (of(i) > of(best) ? i : best), 0)
    return group.map(k => all[best][k])
  })
}

/** Profile likelihood of a common noise ψ, with optimal factors. */
interface NoiseProfile {
  readonly noise: Float64Array
  /** Eigenvalues and vectors of W = ψ^{−½} S ψ^{−½} = ΩᵀΛΩ; the optimal factors are ψ^½ ω √(λ − 1) for the q largest λ > 1. */
  readonly eigens: ReadonlyArray<Eigen>
  /** Σ (λ − 1 − log λ) over the other eigenvalues, averaged over the components: twice the relative entropy to S. */
  readonly apart: number
  /** Derivative of `apart` by log ψ, [d]: −Σ (λ − 1) ω∘ω */
  readonly gradient: Float64Array
  /** Approximate second derivative, [d, d]: the squared entries of Σ ωωᵀ; exact if the other λ are 1. */
  readonly curvature: Float64Array
}

const isFactor = (j: number, rank: number, value: number): boolean => j < rank && value > 1

const profileNoise = (scatters: ReadonlyArray<Scatter>, rank: number, noise: Float64Array): NoiseProfile => {
  const d = noise.length
  const roots = noise.map(Math.sqrt)
  const whole = scatters.reduce((sum, { mass }) => sum + mass, 0)
  const gradient = new Float64Array(d)
  const curvature = new Float64Array(d * d)
  let apart = 0
  const eigens = scatters.map(({ mass, s }) => {
    const share = mass / whole
    const eigen = symmetricEigen({
      shape: [d, d],
      values: s.map((x, at) => x / (roots[Math.floor(at / d)] * roots[at % d]))
    })
    const vectors = eigen.vectors.values
    const left = new Float64Array(d * d)
    eigen.values.forEach((value, j) => {
      if (isFactor(j, rank, value)) return
      apart += share * (value - 1 - Elementary.log1p(value - 1))
      for (let i = 0; i < d; i++) {
        const w = vectors[j * d + i]
        gradient[i] -= share * (value - 1) * w * w
        for (let l = 0; l < d; l++) left[i * d + l] += w * vectors[j * d + l]
      }
    })
    for (let e = 0; e < d * d; e++) curvature[e] += share * left[e] * left[e]
    return eigen
  })
  return { noise, eigens, apart, gradient, curvature }
}

/** True if all other eigenvalues are 1 up to the rounding of the largest. */
const isReproduced = ({ noise, eigens, apart }: NoiseProfile): boolean =>
  apart <=
  noise.length *
    Elementary.square(noise.length * Number.EPSILON * eigens.reduce((most, { values }) => Math.max(most, values[0]), 1))

/** Number of successive steps that may go up: good ψ may lie along a curved valley, where monotone descent is slow. */
const MAX_UPWARD_STEPS = 4

/** Maximum change of a log noise in one step. */
const MAX_LOG_STEP = 2

/** A smaller relative reduction of `apart` is the last. */
const MIN_RELATIVE_GAIN = 1e-12

const MAX_DESCENT_STEPS = 100

/** Damped Gauss–Newton steps on log ψ, which converge quadratically near a covariance of the family. */
const descendNoise = (
  scatters: ReadonlyArray<Scatter>,
  rank: number,
  start: Float64Array,
  least: Float64Array
): NoiseProfile => {
  const d = start.length
  const l = new Float64Array(d * d)
  let at = profileNoise(scatters, rank, start)
  let best = at
  let damping = 1
  let upwards = 0
  for (let step = 0; step < MAX_DESCENT_STEPS; step++) {
    if (isReproduced(at)) break
    const size = largestEntry(at.gradient)
    const curvature = at.curvature.slice()
    for (let i = 0; i < d; i++) curvature[i * d + i] += Math.max(damping * size, Number.EPSILON)
    if (!factorSymmetric(curvature, 0, d, l, 0)) break
    const change = at.gradient.map(g => -g)
    solveLower(l, 0, d, change, 0, 1)
    solveLowerTransposed(l, 0, d, change, 0, 1)
    const length = largestEntry(change)
    const by = length > MAX_LOG_STEP ? MAX_LOG_STEP / length : 1
    at = profileNoise(
      scatters,
      rank,
      at.noise.map((v, i) => Math.max(v * Elementary.exp(by * change[i]), least[i]))
    )
    if (at.apart < best.apart) {
      const gained = best.apart - at.apart
      best = at
      if (gained < MIN_RELATIVE_GAIN * at.apart) break
      damping = Math.max(damping / 8, 1e-8)
      upwards = 0
    } else if (++upwards > MAX_UPWARD_STEPS) {
      at = best
      damping *= 64
      upwards = 0
    }
  }
  return best
}

/** Lower bound, as a share of the column's variance given the others. */
const MIN_NOISE_SHARE = 1e-12

/** Lower bound for a covariance outside the family, whose nearest noise may be 0, where EM would not move. */
const MIN_NEAREST_NOISE_SHARE = 0.01

/** 1/(S⁻¹)_jj, the variance of each column given the others, [d]. */
const conditionalVariances = (s: Float64Array, d: number): Float64Array => {
  const l = new Float64Array(d * d)
  const inverse = new Float64Array(d * d)
  for (let i = 0; i < d; i++) inverse[i * d + i] = 1
  if (!factorSymmetric(s, 0, d, l, 0)) return new Float64Array(d).map((_, i) => s[i * d + i] * Number.EPSILON)
  solveLower(l, 0, d, inverse, 0, d)
  return new Float64Array(d).map((_, i) => {
    let sum = 0
    for (let k = 0; k < d; k++) sum += inverse[k * d + i] * inverse[k * d + i]
    return 1 / sum
  })
}

/** Maximum number of restarts with a larger noise, after a descent to almost 0. */
const MAX_RESTARTS = 4

/** Optimal common noise for own loadings. */
const nearestNoise = (scatters: ReadonlyArray<Scatter>, rank: number): NoiseProfile => {
  const [{ s }] = scatters
  const d = Math.round(Math.sqrt(s.length))
  const start = pooledNoise(
    { loadings: 'own', noise: 'common', isotropic: false },
    scatters,
    scatters.map(one => principalNoise(one.s, d, rank)),
    0
  )[0]
  const left = scatters.map(one => conditionalVariances(one.s, d)).reduce((a, b) => a.map((x, i) => Math.min(x, b[i])))
  const least = left.map(v => MIN_NOISE_SHARE * v)
  const isNone = (v: number, i: number): boolean => v < 1e-3 * left[i]
  let best = descendNoise(scatters, rank, start, least)
  let last = best
  for (let again = 0; again < MAX_RESTARTS && !isReproduced(best) && last.noise.some(isNone); again++) {
    const from = last.noise.map((v, i) => (isNone(v, i) ? 0.9 : 0.3) * left[i])
    last = descendNoise(scatters, rank, from, least)
    if (last.apart < best.apart) best = last
  }
  return isReproduced(best)
    ? best
    : profileNoise(
        scatters,
        rank,
        best.noise.map((v, i) => Math.max(v, MIN_NEAREST_NOISE_SHARE * left[i]))
      )
}

/**
 * Initial noise: the variance, at least a tenth, that principal loadings leave in each column. An eigenvector is scaled by the root of its
 * eigenvalue's excess over the mean of the others, at least of half of it, since F = 0 is a saddle.
 */
const principalNoise = (s: Float64Array, dim: number, rank: number): Float64Array => {
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: s })
  const rest = values.subarray(rank)
  const below = rest.length === 0 ? 0 : rest.reduce((sum, x) => sum + x, 0) / rest.length
  const loads = values.subarray(0, rank).map(value => Math.max(value - below, value / 2))
  return new Float64Array(dim).map((_, j) => {
    const shared = loads.reduce((sum, load, a) => sum + load * Elementary.square(vectors.values[a * dim + j]), 0)
    return Math.max(s[j * dim + j] - shared, s[j * dim + j] / 10)
  })
}

/**
 * Loadings [d, rank] from scales, eigenvalues minus 1 and eigenvectors, whose signs are those of Σ_i f_i/(i + 1), in which equal and
 * opposite entries do not cancel.
 */
const loadingsOfEigenvectors = (
  rank: number,
  scales: Float64Array,
  { vectors }: Eigen,
  excess: (j: number) => number
): Float64Array => {
  const dim = scales.length
  const columns = Array.from({ length: rank }, (_, j) => {
    const more = j < dim ? excess(j) : 0
    const column = scales.map((v, i) => (more > 0 ? Math.sqrt(v * more) * vectors.values[j * dim + i] : 0))
    return column.reduce((sum, f, i) => sum + f / (i + 1), 0) < 0 ? column.map(f => -f) : column
  })
  return new Float64Array(dim * rank).map((_, entry) => columns[entry % rank][Math.floor(entry / rank)])
}

/**
 * Exact solution for equal noise in all columns (Tipping & Bishop 1999): F_k = U(Λ_k − ψ)^½ for the largest eigenvalues above ψ, the mean
 * of all others: the root of a sum that is convex in ψ, found by monotone steps from above.
 */
const isotropicAnalyses = (scatters: ReadonlyArray<Scatter>, rank: number, least: number): ReadonlyArray<Analysis> => {
  const dim = Math.round(Math.sqrt(scatters[0].s.length))
  // With as many factors as columns, the last eigenvalue of one component is noise; of several, the smallest over all.
  const top = Math.min(rank, scatters.length === 1 ? dim - 1 : dim)
  const eigens = scatters.map(({ s }) => symmetricEigen({ shape: [dim, dim], values: s }))
  const meanBelow = (bound: number): number => {
    let sum = 0
    let count = 0
    eigens.forEach(({ values }, k) => {
      values.forEach((value, j) => {
        if (j < top && value >= bound) return
        sum += scatters[k].mass * value
        count += scatters[k].mass
      })
    })
    return sum / count
  }
  let noise = top < dim ? meanBelow(-Infinity) : Math.min(...eigens.map(({ values }) => values[dim - 1]))
  for (let next = meanBelow(noise); next < noise; next = meanBelow(noise)) noise = next
  const above = Math.max(noise, least)
  const ones = new Float64Array(dim).fill(1)
  return eigens.map(eigen => ({
    loads: loadingsOfEigenvectors(rank, ones, eigen, j => (j < top ? eigen.values[j] - above : 0)),
    noise: ones.map(() => above)
  }))
}

const MAX_COMMON_STEPS = 1000

/**
 * Nearest covariances with common loadings and own noise: F from the covariances minus their diagonals, the nearest noise for it, then
 * iterations.
 */
const nearestLoadings = (
  kind: AnalyserKind,
  scatters: ReadonlyArray<Scatter>,
  rank: number
): ReadonlyArray<Analysis> => {
  const { mass, s: pooled } = poolScatters(scatters)
  const dim = Math.round(Math.sqrt(pooled.length))
  const under = pooled.map((x, at) => (at % (dim + 1) === 0 ? Math.min(...scatters.map(({ s }) => s[at])) : x))
  const above = MIN_NOISE_SHARE * under.reduce((most, x, at) => (at % (dim + 1) === 0 ? Math.max(most, x) : most), 0)
  const s = Factor.covarianceOfFactor(Factor.ofClipped(under, dim, { less: 0, above }), dim).values
  const [{ loads, noise }] = nearestAnalyses({ ...kind, noise: 'common' }, [{ mass, s }], rank, 0)
  const left = scatters.map(own =>
    noise.map((v, j) => Math.max(v + own.s[j * (dim + 1)] - under[j * (dim + 1)], above))
  )
  const from = pooledNoise(kind, scatters, left, 0).map(noise => ({ loads: loads.slice(), noise }))
  return iterateAnalysis(kind, scatters, from, { least: above, steps: MAX_COMMON_STEPS })
}

const isExact = ({ loadings, noise, isotropic }: AnalyserKind): boolean =>
  isotropic && (loadings === 'own' || noise === 'common')

/** True if the nearest covariances are the maximum-likelihood ones above a bound. */
export { isExact }

/**
 * Returns the F and ψ with the least relative entropy to given covariances, with noise of at least `least`. Exact for equal noise in all
 * columns, except with common loadings and own noise. Otherwise covariances of the family are reproduced up to 2⁻⁵² |Σ|/ψ of a noise
 * (rarely not, with the maximum identifiable number of factors and very different noise); of others only the variances, near the optimum.
 */
export const nearestAnalyses = (
  kind: AnalyserKind,
  scatters: ReadonlyArray<Scatter>,
  rank: number,
  least: number
): ReadonlyArray<Analysis> =>
  fitSharingGroups((kind, own) => {
    if (own.length === 1 || kind.loadings === 'own') {
      if (kind.isotropic) return isotropicAnalyses(own, rank, least)
      const { noise, eigens, gradient } = nearestNoise(own, rank)
      // ψ(1 − ∂/∂log ψ) gives the variances of S.
      const all = noise.map((v, i) => Math.max(v * (1 - gradient[i]), least))
      return eigens.map(eigen => ({
        loads: loadingsOfEigenvectors(rank, noise, eigen, j => eigen.values[j] - 1),
        noise: all.slice()
      }))
    }
    return nearestLoadings(kind, own, rank)
  })(
    kind,
    scatters,
    scatters.map(() => EMPTY_ANALYSIS)
  )

const EMPTY_ANALYSIS: Analysis = { loads: new Float64Array(0), noise: new Float64Array(0) }

const MAX_INITIALIZATIONS = 16

/** Iterations before initializations are compared. */
const COMPARED_AFTER_STEPS = 100

/** Regressions of all columns on a few of them. */
const regressionLoadings = (
  kind: AnalyserKind,
  scatters: ReadonlyArray<Scatter>,
  rank: number,
  first: number
): ReadonlyArray<Analysis> => {
  const [{ s }] = scatters
  const dim = Math.round(Math.sqrt(s.length))
  const share = Math.sqrt(0.9 / rank)
  const loadsOf = (own: Float64Array): Float64Array =>
    new Float64Array(dim * rank).map((_, place) => {
      const i = Math.floor(place / rank)
      const j = ((place % rank) + first) % dim
      return (share * own[i * dim + j]) / Math.sqrt(own[j * (dim + 1)])
    })
  const common = kind.loadings === 'common' ? loadsOf(poolScatters(scatters).s) : null
  const loads = scatters.map(one => common?.slice() ?? loadsOf(one.s))
  const left = scatters.map(({ s }, k) =>
    new Float64Array(dim).map((_, j) => {
      const own = s[j * (dim + 1)]
      const shared = loads[k].subarray(j * rank, (j + 1) * rank).reduce((sum, f) => sum + f * f, 0)
      return Math.max(own - shared, own / 10)
    })
  )
  return pooledNoise(kind, scatters, left, 0).map((noise, k) => ({ loads: loads[k], noise }))
}

/** Returns the best solution from several initializations and `start`. */
export const multistartAnalysis = (
  kind: AnalyserKind,
  scatters: ReadonlyArray<Scatter>,
  from: ReadonlyArray<Analysis>,
  { rank, least }: { readonly rank: number; readonly least: number }
): ReadonlyArray<Analysis> => {
  const dim = Math.round(Math.sqrt(scatters[0].s.length))
  const count = Math.min(dim, MAX_INITIALIZATIONS)
  const starts = Array.from({ length: count }, (_, i) =>
    regressionLoadings(kind, scatters, rank, Math.floor((i * dim) / count))
  )
  return likeliestAnalyses(
    kind,
    scatters,
    [from, ...starts].map(start => iterateAnalysis(kind, scatters, start, { least, steps: COMPARED_AFTER_STEPS }))
  )
}
