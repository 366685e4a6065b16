/**
 * Covariances of a mixture as values: the parameters that they have, the Σ_k that these are (one map), and the parameters that moments
 * are likeliest of (the other). What a mixture with such covariances is, follows: `families/derive.ts`.
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Factor from '../../lib/arrays/factor.js'
import { compute, fromNdArray, gramCholesky, mul, reshape, sqrt, type NdArray } from '../../lib/index.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import type { At, Second } from '../family/family.js'
import type * as Params from '../family/params.js'
import { factorsOf } from './component.js'
import * as Gaussian from './families/gaussian.js'
import * as FromGradient from './em/fromGradient.js'
import type { Mixture } from './mixture.js'

export interface Covariance<Q extends string> {
  /** The second moments that `fit` needs; of a trace covariances are multiples of I. */
  readonly second: Exclude<Second, 'none'>
  /** Whether all components have one. Otherwise the first axis of every parameter is that of the components. */
  readonly isShared: boolean
  readonly shapes: (components: number, dim: number) => Params.Shapes<Q>
  /** Σ_k, as factors of a mixture. */
  readonly factors: (own: Params.Params<Q>, components: number) => Pick<Mixture, 'variances' | 'factors'>
  /**
   * The likeliest, above a floor, of masses n [K] and moments W_k [K, …] about the components' means at a level. Of a component
   * without mass it is anything: whoever asks keeps the old one.
   */
  readonly fit: (n: Float64Array, w: Float64Array, at: At) => Params.Params<Q>
  /** The nearest to those of a mixture, from its factors: `fit` on moments would square them, and lose half of their digits. */
  readonly ofMixture?: (mixture: Mixture) => Params.Params<Q>
  /** W_k about the old means, from the derivatives of −E log p by these parameters. */
  readonly ofGradient: (
    own: Params.Params<Q>,
    gradient: Params.Params<Q>,
    mass: Float64Array,
    dim: number
  ) => Float64Array
}

/** The k-th of K parts of equal length. */
const part = (values: Float64Array, components: number, k: number): Float64Array => {
  const width = values.length / components
  return values.subarray(k * width, (k + 1) * width)
}

/** Σ_k W_k/Σ_k n_k */
const pooled = (n: Float64Array, w: Float64Array): Float64Array => {
  const all = Gaussian.total(n)
  return part(w, n.length, 0).map((_, e) => n.reduce((sum, _, k) => sum + part(w, n.length, k)[e], 0) / all)
}

/** W_k/n_k, and W_k where there is no mass. */
const averaged = (n: Float64Array, w: Float64Array): ReadonlyArray<Float64Array> =>
  Array.from(n, (m, k) => part(w, n.length, k).map(x => (m > 0 ? x / m : x)))

// —— diagonal ones ——

export interface Variances<Q extends string> {
  /** The parameter: the logarithms of the variances. */
  readonly name: Q
  readonly isShared: boolean
  /** Whether all columns have one. */
  readonly isRound: boolean
}

/** Diagonal covariances, one variance for each column or for all, of each component or of all: EII, VII, EEI and VVI of mclust. */
export const variances = <const Q extends string>({ name, isShared, isRound }: Variances<Q>): Covariance<Q> => {
  // An object with a computed name is one with any.
  const only = <A>(array: A): { readonly [K in Q]: A } => ({ [name]: array }) as { readonly [K in Q]: A }
  const shapeOf = (components: number, dim: number): ReadonlyArray<number> => [
    ...(isShared ? [] : [components]),
    ...(isRound ? [] : [dim])
  ]
  const of = ({ [name]: { values } }: Params.Params<Q>): Float64Array => values.map(Elementary.exp)
  return {
    second: isRound ? 'trace' : 'diagonal',
    isShared,
    shapes: (components, dim) => only(shapeOf(components, dim)),
    factors: (own, components) => {
      const found = of(own)
      return { variances: isShared ? concatenated(RA.makeBy(components, () => found)) : found, factors: null }
    },
    fit: (n, w, at) => {
      const columns = isRound ? at.dim : 1
      const ofVariance = Gaussian.varianceOf(at)
      const found = isShared ? pooled(n, w) : concatenated(averaged(n, w))
      return only({
        shape: shapeOf(n.length, at.dim),
        values: found.map(x => Elementary.log(ofVariance(x / columns)))
      })
    },
    ofGradient: (own, { [name]: { values } }, mass, dim) => {
      const found = of(own)
      const [columns, width] = isRound ? [dim, 1] : [1, dim]
      return isShared
        ? FromGradient.shared(
            mass,
            values.map((g, j) => FromGradient.ofVariance(found[j], g, Gaussian.total(mass), columns))
          )
        : values.map((g, e) => FromGradient.ofVariance(found[e], g, mass[Math.floor(e / width)], columns))
    }
  }
}

// —— those of any shape ——

type Triangular = 'logScales' | 'lower'

/** L_k, [..., d, d], from the logarithms of its diagonal, [..., d], and what is below, row by row, [..., d(d − 1)/2]. */
const triangles = ({ logScales, lower }: Params.Params<Triangular>): NdArray => {
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
const packed = ({ shape, values }: NdArray): Params.Params<Triangular> => {
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

/** The triangle at time 0 of a scatter at a level, its eigenvalues clipped from below: max(·, α²φ + σ²) − σ², over α². */
const clipped = (scatter: Float64Array, { level, floor, dim }: At): Float64Array => {
  const { alpha, sigma } = level
  const above = Math.max(Elementary.square(alpha) * floor, Number.MIN_VALUE)
  return Factor.ofClipped(scatter, dim, { less: Elementary.square(sigma), above }).values.map(x => x / alpha)
}

/** Covariances of any shape, L_k L_kᵀ of each component or one for all: VVV and EEE of mclust. */
export const triangular = (isShared: boolean): Covariance<Triangular> => {
  const lead = (components: number): ReadonlyArray<number> => (isShared ? [] : [components])
  return {
    second: 'full',
    isShared,
    shapes: (components, dim) => ({
      logScales: [...lead(components), dim],
      lower: [...lead(components), (dim * (dim - 1)) / 2]
    }),
    factors: (own, components) => {
      const { shape, values: found } = triangles(own)
      const [dim] = shape.slice(-1)
      const values = isShared ? concatenated(RA.makeBy(components, () => found)) : found
      return { variances: Factor.variances(values, dim), factors: { shape: [components, dim, dim], values } }
    },
    fit: (n, w, at) => {
      const found = (isShared ? [pooled(n, w)] : averaged(n, w)).map(s => clipped(s, at))
      return packed({ shape: [...lead(n.length), at.dim, at.dim], values: concatenated(found) })
    },
    ofMixture: mixture => {
      const [count, dim] = mixture.means.shape
      const each = concatenated(factorsOf(mixture).map(factor => Factor.triangle(factor, dim).values))
      if (!isShared) return packed({ shape: [count, dim, dim], values: each })
      // The triangle of Σ_k π_k L_k L_kᵀ is that of the stack of √π_k L_kᵀ.
      const [weights, factors] = [
        { shape: [count, 1, 1], values: mixture.weights },
        { shape: [count, dim, dim], values: each }
      ]
      return packed(
        compute(() =>
          gramCholesky(
            reshape(mul(sqrt(fromNdArray(weights)), Gaussian.flipped(fromNdArray(factors))), [count * dim, dim])
          )
        )
      )
    },
    ofGradient: (own, { logScales, lower }, mass) => {
      const { values } = triangles(own)
      const of = (all: number, k: number, m: number): Float64Array =>
        FromGradient.ofTriangle(part(values, all, k), part(logScales.values, all, k), part(lower.values, all, k), m)
      return isShared
        ? FromGradient.shared(mass, of(1, 0, Gaussian.total(mass)))
        : concatenated(Array.from(mass, (m, k) => of(mass.length, k, m)))
    }
  }
}
