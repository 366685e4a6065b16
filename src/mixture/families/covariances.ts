/** Models of covariances: parameters, Σ_k, and maximum-likelihood fits to moments. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import {
  compute,
  fromNdArray,
  gramCholesky,
  mul,
  reshape,
  sqrt,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import { tabulate } from '../../../lib/arrays/entries.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import type { MStepContext, Capabilities, Second } from '../family.js'
import * as Params from '../../core/params.js'
import { factorsOf } from '../component.js'
import * as FromGradient from '../em/fromGradient.js'
import type { Mixture } from '../mixtureData.js'
import * as Gaussian from './gaussian.js'

export interface CovarianceModel<Q extends string> {
  /** mclust's, or a custom one. */
  readonly name: string
  /** Σ_i, or the common Σ. */
  readonly formula: string
  /** Second moments for `fit`; 'trace' if covariances are multiples of I. */
  readonly second: Exclude<Second, 'none'>
  readonly isShared: boolean
  /** Default: `isShared`. */
  readonly isVolumeShared?: boolean
  /** Present if covariances are diagonal along common axes: see `Learned`. */
  readonly hasCommonAxes?: true
  /** True if rescaling columns leaves the structure valid. */
  readonly isScalable?: boolean
  /** Rows of a component below which its likelihood is unbounded. */
  readonly leastRows: (dim: number) => number
  /** Per-component parameters have the components as first axis. */
  readonly shapes: (components: number, dim: number) => Params.Shapes<Q>
  /** Number of free parameters. Default: the number of entries. */
  readonly freedom?: (components: number, dim: number) => number
  readonly densities: Gaussian.Evaluated<Params.Tensors<'means' | Q> & { readonly logits?: Tensor }>
  readonly factors: (own: Params.Params<Q>, components: number, dim: number) => Pick<Mixture, 'variances' | 'factors'>
  /**
   * Returns the maximum-likelihood parameters above a lower bound, or more likely ones than the old, for masses n [K] and moments W_k [K,
   * …] about the components' means at a level. If `old` is null it takes the best initialization. A component without mass keeps its
   * parameters.
   */
  readonly fit: (n: Float64Array, w: Float64Array, at: MStepContext, old: Params.Params<Q> | null) => Params.Params<Q>
  /** See `MStep`. */
  readonly isGeneralized?: true
  /** Returns the best of several starts: see `MStep`. */
  readonly multistart?: CovarianceModel<Q>['fit']
  /** Parameters on columns times `by`. Default: through `ofMixture` or `fit`. */
  readonly scaled?: (by: Float64Array, own: Params.Params<Q>) => Params.Params<Q>
  /** Nearest parameters to a mixture, from its factors; `fit` would square these, which costs half of the digits. */
  readonly ofMixture?: (mixture: Mixture) => Params.Params<Q>
  readonly projection?: NonNullable<Capabilities<'means' | 'logits' | Q>['projection']>
  /** W_k about the old means from the derivatives of −E log p; only if `fit` is linear in W. */
  readonly ofGradient?: (
    own: Params.Params<Q>,
    gradient: Params.Params<Q>,
    mass: Float64Array,
    dim: number
  ) => Float64Array
}

/** Part k of K equal parts of an array. */
export const kthPart = (values: Float64Array, components: number, k: number): Float64Array => {
  const width = values.length / components
  return values.subarray(k * width, (k + 1) * width)
}

/** Returns Σ_k W_k/Σ_k n_k. */
export const pooled = (n: Float64Array, w: Float64Array): Float64Array => {
  const all = Gaussian.sumValues(n)
  const width = w.length / n.length
  return tabulate(width, e => {
    let sum = 0
    for (let at = e; at < w.length; at += width) sum += w[at]
    return sum / all
  })
}

/** W_k/n_k, [K, …]; W_k if a component has no mass. */
const averagePerComponent = (n: Float64Array, w: Float64Array): Float64Array => {
  const width = w.length / n.length
  const out = new Float64Array(w.length)
  for (let k = 0, at = 0; k < n.length; k++)
    for (let e = 0; e < width; e++, at++) out[at] = n[k] > 0 ? w[at] / n[k] : w[at]
  return out
}

/** W_k/n_k of each component. */
export const averagesByComponent = (n: Float64Array, w: Float64Array): ReadonlyArray<Float64Array> => {
  const all = averagePerComponent(n, w)
  return Array.from(n, (_, k) => kthPart(all, n.length, k))
}

/** Components without mass get the old parameters. */
const keepWithoutMass = <Q extends string>(
  mass: Float64Array,
  old: Params.Params<Q> | null,
  found: Params.Params<Q>
): Params.Params<Q> =>
  old === null || mass.every(m => m > 0)
    ? found
    : Params.map<NdArray, NdArray>(({ shape, values }, name) => {
        const width = values.length / mass.length
        // `found` has these names alone.
        const before = old[name as Q].values
        return { shape, values: values.map((x, at) => (mass[Math.floor(at / width)] > 0 ? x : before[at])) }
      })(found)

type CovarianceDensities<Q extends string> = Pick<CovarianceModel<Q>, 'densities' | 'projection'>

export interface Variances<Q extends string> extends CovarianceDensities<Q> {
  /** Name of the log variances. */
  readonly name: Q
  readonly isShared: boolean
  readonly isRound: boolean
}

/** One variance or one per column, per component or common: EII, VII, EEI and VVI in mclust. */
export const diagonalModel = <const Q extends string>({
  name,
  isShared,
  isRound,
  ...densitiesAndProjection
}: Variances<Q>): CovarianceModel<Q> => {
  // TypeScript gives an object with a computed name any name.
  const only = <A>(array: A): { readonly [K in Q]: A } => ({ [name]: array }) as { readonly [K in Q]: A }
  const shapeOf = (components: number, dim: number): ReadonlyArray<number> => [
    ...(isShared ? [] : [components]),
    ...(isRound ? [] : [dim])
  ]
  const of = ({ [name]: { values } }: Params.Params<Q>): Float64Array => values.map(Elementary.exp)
  return {
    ...densitiesAndProjection,
    name: (isShared ? 'E' : 'V') + (isRound ? 'I' : isShared ? 'E' : 'V') + 'I',
    formula: `exp(${name}${isShared ? '' : '_i'})${isRound ? ' I' : ' on the diagonal'}`,
    second: isRound ? 'trace' : 'diagonal',
    isShared,
    isScalable: !isRound,
    leastRows: () => (isShared ? 1 : 2),
    shapes: (components, dim) => only(shapeOf(components, dim)),
    factors: (own, components) => {
      const found = of(own)
      return { variances: isShared ? concatenated(RA.makeBy(components, () => found)) : found, factors: null }
    },
    fit: (n, w, at, old) => {
      const columns = isRound ? at.dim : 1
      const ofVariance = Gaussian.varianceAtTimeZero(at)
      const found = isShared ? pooled(n, w) : averagePerComponent(n, w)
      const all = only({
        shape: shapeOf(n.length, at.dim),
        values: tabulate(found.length, e => Elementary.log(ofVariance(found[e] / columns)))
      })
      return isShared ? all : keepWithoutMass(n, old, all)
    },
    ofGradient: (own, { [name]: { values } }, mass, dim) => {
      const found = of(own)
      const [columns, width] = isRound ? [dim, 1] : [1, dim]
      return isShared
        ? FromGradient.sharedByMass(
            mass,
            values.map((g, j) => FromGradient.ofVariance(found[j], g, Gaussian.sumValues(mass), columns))
          )
        : values.map((g, e) => FromGradient.ofVariance(found[e], g, mass[Math.floor(e / width)], columns))
    }
  }
}

type Triangular = 'logScales' | 'lower'

/** L_k, [..., d, d], from its log diagonal, [..., d], and the entries below, row by row, [..., d(d − 1)/2]. */
const triangles = ({ logScales, lower }: Params.Params<Triangular>): NdArray => {
  const { shape, values } = logScales
  const dim = shape[shape.length - 1]
  const all = new Float64Array(values.length * dim)
  for (let row = 0, from = 0; row < values.length; row++) {
    const i = row % dim
    for (let j = 0; j < i; j++, from++) all[row * dim + j] = lower.values[from]
    all[row * dim + i] = Elementary.exp(values[row])
  }
  return { shape: [...shape, dim], values: all }
}

/** Inverse of `triangles`. */
const packedTriangles = ({ shape, values }: NdArray): Params.Params<Triangular> => {
  const [dim] = shape.slice(-1)
  const lead = shape.slice(0, -2)
  const below = (dim * (dim - 1)) / 2
  const logScales = new Float64Array(values.length / dim)
  const lower = new Float64Array((logScales.length / dim) * below)
  for (let row = 0, to = 0; row < logScales.length; row++) {
    const i = row % dim
    for (let j = 0; j < i; j++, to++) lower[to] = values[row * dim + j]
    logScales[row] = Elementary.log(values[row * dim + i])
  }
  return { logScales: { shape: [...lead, dim], values: logScales }, lower: { shape: [...lead, below], values: lower } }
}

/** Triangle at time 0 of a scatter at a level, eigenvalues clipped to (max(·, α²φ + σ²) − σ²)/α². */
const clippedTriangle = (scatter: Float64Array, { level, floor, dim }: MStepContext): Float64Array => {
  const { alpha, sigma } = level
  const above = Math.max(Elementary.square(alpha) * floor, Number.MIN_VALUE)
  return Factor.ofClipped(scatter, dim, { less: Elementary.square(sigma), above }).values.map(x => x / alpha)
}

/** L_k L_kᵀ, per component or one for all: VVV and EEE in mclust. */
export const triangular = ({
  isShared,
  ...densitiesAndProjection
}: CovarianceDensities<Triangular> & { readonly isShared: boolean }): CovarianceModel<Triangular> => {
  const lead = (components: number): ReadonlyArray<number> => (isShared ? [] : [components])
  return {
    ...densitiesAndProjection,
    name: isShared ? 'EEE' : 'VVV',
    formula: isShared ? 'L Lᵀ' : 'L_i L_iᵀ',
    second: 'full',
    isShared,
    isScalable: true,
    leastRows: dim => (isShared ? 1 : dim + 1),
    shapes: (components, dim) => ({
      logScales: [...lead(components), dim],
      lower: [...lead(components), (dim * (dim - 1)) / 2]
    }),
    factors: (own, components) => {
      const { shape, values: found } = triangles(own)
      const [dim] = shape.slice(-1)
      const values = isShared ? concatenated(RA.makeBy(components, () => found)) : found
      return { variances: Factor.triangleVariances(values, dim), factors: { shape: [components, dim, dim], values } }
    },
    fit: (n, w, at, old) => {
      const found = (isShared ? [pooled(n, w)] : averagesByComponent(n, w)).map(s => clippedTriangle(s, at))
      const all = packedTriangles({ shape: [...lead(n.length), at.dim, at.dim], values: concatenated(found) })
      return isShared ? all : keepWithoutMass(n, old, all)
    },
    ofMixture: mixture => {
      const [count, dim] = mixture.means.shape
      const each = concatenated(factorsOf(mixture).map(factor => Factor.triangleOfFactor(factor, dim).values))
      if (!isShared) return packedTriangles({ shape: [count, dim, dim], values: each })
      // From the stack of √π_k L_kᵀ.
      const weights = { shape: [count, 1, 1], values: mixture.weights }
      const factors = { shape: [count, dim, dim], values: each }
      return packedTriangles(
        compute(() =>
          gramCholesky(
            reshape(mul(sqrt(fromNdArray(weights)), Gaussian.transposeEach(fromNdArray(factors))), [count * dim, dim])
          )
        )
      )
    },
    ofGradient: (own, { logScales, lower }, mass) => {
      const { values } = triangles(own)
      const of = (all: number, k: number, m: number): Float64Array =>
        FromGradient.ofTriangle(
          kthPart(values, all, k),
          kthPart(logScales.values, all, k),
          kthPart(lower.values, all, k),
          m
        )
      return isShared
        ? FromGradient.sharedByMass(mass, of(1, 0, Gaussian.sumValues(mass)))
        : concatenated(Array.from(mass, (m, k) => of(mass.length, k, m)))
    }
  }
}
