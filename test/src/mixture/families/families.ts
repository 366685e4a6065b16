/** The families under test, parameters drawn for them, their covariances from the definition, and an E-step in plain loops. */
import { pipe } from 'fp-ts/lib/function.js'
import { compute, fromNdArray, Key, type NdArray } from '../../../../lib/index.js'
import { size } from '../../../../lib/arrays/ndarray.js'
import { scores } from '../../../../src/cli/glossary.js'
import { Case } from '../../../../src/index.js'
import * as Families from '../../../../src/mixture/families/index.js'
import type * as Mixture from '../../../../src/mixture/mixture.js'
import {
  interpret,
  type Family,
  type Model,
  type Moments,
  type Score,
  type Second
} from '../../../../src/mixture/family.js'
import type * as Params from '../../../../src/core/params.js'
import * as ParamsOf from '../../../../src/core/params.js'
import { there } from '../../../there.js'

export type P = Params.Params<string>

/** A family, and parameters of it that are, or are near, a mixture. */
export interface Asked {
  readonly name: string
  readonly score: Score<string>
  readonly family: Family<string>
  readonly from: (mixture: Mixture.Mixture) => P
}

/** The families of the vocabulary that say of a mixture which parameters it has, of so many components. */
export const ofVocabulary = (components: number): ReadonlyArray<Asked> =>
  scores.words.flatMap(({ name, example }) => {
    const score = Object.hasOwn(example, 'components') ? pipe(example, Case.changed({ components })) : example
    const { family } = interpret(score)
    return family === undefined || family.mirrored || family.fromMixture === undefined
      ? []
      : [{ name: name.replace('Score.', ''), score, family, from: family.fromMixture }]
  })

export interface Sort {
  readonly name: string
  readonly of: (components: number, rank: number) => Score<string>
  /** Σ_k by its definition, [K, dim, dim]. */
  readonly covariances: (params: P) => ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>
}

const square = (dim: number, entry: (i: number, j: number) => number): number[][] =>
  Array.from({ length: dim }, (_, i) => Array.from({ length: dim }, (_, j) => entry(i, j)))

const each = (params: P, of: (k: number) => number[][]): number[][][] =>
  Array.from({ length: params.means.shape[0] }, (_, k) => of(k))

/** L_k L_kᵀ of packed triangles. */
const ofTriangle = ({ logScales, lower }: P, k: number): number[][] => {
  const [dim] = logScales.shape.slice(-1)
  const below = (dim * (dim - 1)) / 2
  const l = (i: number, j: number): number =>
    i === j ? Math.exp(logScales.values[k * dim + i]) : i > j ? lower.values[k * below + (i * (i - 1)) / 2 + j] : 0
  return square(dim, (i, j) => Array.from({ length: dim }, (_, a) => l(i, a) * l(j, a)).reduce((sum, x) => sum + x, 0))
}

export const sorts: ReadonlyArray<Sort> = [
  {
    name: 'tiedIsotropic',
    of: components => Families.tiedIsotropic({ components }),
    covariances: (params: P): number[][][] =>
      each(params, () =>
        square(params.means.shape[1], (i, j) => (i === j ? Math.exp(params.logVariance.values[0]) : 0))
      )
  },
  {
    name: 'diagonal',
    of: components => Families.diagonal({ components }),
    covariances: (params: P): number[][][] => {
      const [, d] = params.means.shape
      return each(params, k => square(d, (i, j) => (i === j ? Math.exp(params.logVariances.values[k * d + i]) : 0)))
    }
  },
  {
    name: 'tiedDiagonal',
    of: components => Families.tiedDiagonal({ components }),
    covariances: (params: P): number[][][] =>
      each(params, () =>
        square(params.means.shape[1], (i, j) => (i === j ? Math.exp(params.logVariances.values[i]) : 0))
      )
  },
  {
    name: 'tied',
    of: components => Families.tied({ components }),
    covariances: (params: P): number[][][] => each(params, () => ofTriangle(params, 0))
  },
  {
    name: 'full',
    of: components => Families.full({ components }),
    covariances: (params: P): number[][][] => each(params, k => ofTriangle(params, k))
  },
  {
    name: 'lowRank',
    of: (components, rank) => Families.lowRank({ components, rank }),
    covariances: (params: P): number[][][] => {
      const [, d, q] = params.factors.shape
      const f = (k: number, i: number, a: number): number => params.factors.values[(k * d + i) * q + a]
      return each(params, k =>
        square(d, (i, j) =>
          Array.from({ length: q }, (_, a) => f(k, i, a) * f(k, j, a)).reduce(
            (sum, x) => sum + x,
            i === j ? Math.exp(params.logNoise.values[k * d + i]) : 0
          )
        )
      )
    }
  }
]

export interface Made {
  readonly model: Model<string>
  readonly family: Family<string>
  readonly params: P
  readonly dim: number
}

const spread: Readonly<Record<string, number>> = { means: 2, lower: 0.6, factors: 0.8 }
const middle: Readonly<Record<string, number>> = {
  logNoise: -1,
  logScales: -0.3,
  logVariance: -0.5,
  logVariances: -0.5
}

/** Parameters at random: components overlap, none is round. */
export const draw = ({ of }: Sort, components: number, dim: number, seed: number): Made => {
  const model = interpret(of(components, 2))
  const key = Key.fromSeed(seed)
  const params = ParamsOf.map<ReadonlyArray<number>, NdArray>((shape, name) => ({
    shape,
    values: Key.normal(size(shape))(pipe(key, Key.named(name))[name]).map(
      z => (middle[name] ?? 0) + (spread[name] ?? 0.5) * z
    )
  }))(model.shapes(dim))
  return { model, family: there(model.family), params, dim }
}

export const points = (rows: number, dim: number, seed: number, width = 2): Float64Array =>
  Key.normal(rows * dim)(Key.fromSeed(seed)).map(z => width * z)

const column = (rows: number, x: number): NdArray => ({ shape: [rows, 1], values: new Float64Array(rows).fill(x) })

/** One level for all rows, or the same one a row. */
export const levels = (
  alpha: number,
  sigma: number,
  rows = 1
): { readonly alpha: NdArray; readonly sigma: NdArray } => ({
  alpha: column(rows, alpha),
  sigma: column(rows, sigma)
})

export const tensors = ({ alpha, sigma }: ReturnType<typeof levels>): Parameters<Model<string>['score']>[2] => ({
  alpha: fromNdArray(alpha),
  sigma: fromNdArray(sigma)
})

const own = (params: P): Params.Tensors<string> => ParamsOf.map(fromNdArray)(params)

const asRows = (x: Float64Array, dim: number): NdArray => ({ shape: [x.length / dim, dim], values: x })

type What = 'score' | 'divergence' | 'logDensity' | 'responsibilities'

/** What a model says at the rows of x. */
export const at = (
  { model, family, params, dim }: Made,
  x: Float64Array,
  { alpha, sigma }: { readonly alpha: number; readonly sigma: number },
  what: What,
  perRow = false
): Float64Array =>
  compute(() =>
    (what === 'score' || what === 'divergence' ? model[what] : family[what])(
      own(params),
      fromNdArray(asRows(x, dim)),
      tensors(levels(alpha, sigma, perRow ? x.length / dim : 1))
    )
  ).values

/** An E-step at rows x of their weights, in plain loops. */
export const expect = (
  made: Made,
  x: Float64Array,
  weights: Float64Array,
  level: { readonly alpha: number; readonly sigma: number },
  second: Second
): Moments => {
  const { params, dim } = made
  const [K] = params.means.shape
  const r = at(made, x, level, 'responsibilities')
  const mass = new Float64Array(K)
  const sums = new Float64Array(K * dim)
  const width = { none: 0, trace: 1, diagonal: dim, full: dim * dim }[second]
  const out = new Float64Array(K * width)
  weights.forEach((weight, row) => {
    for (let k = 0; k < K; k++) {
      const share = weight * r[row * K + k]
      const delta = Array.from(
        { length: dim },
        (_, j) => x[row * dim + j] - level.alpha * params.means.values[k * dim + j]
      )
      mass[k] += share
      for (let i = 0; i < dim; i++) {
        sums[k * dim + i] += share * delta[i]
        if (second === 'trace') out[k] += share * delta[i] * delta[i]
        if (second === 'diagonal') out[k * dim + i] += share * delta[i] * delta[i]
        if (second === 'full') for (let j = 0; j < dim; j++) out[(k * dim + i) * dim + j] += share * delta[i] * delta[j]
      }
    }
  })
  return { mass, sums, second: out }
}

/** One E- and M-step at a level. */
export const emStep = (
  made: Made,
  x: Float64Array,
  weights: Float64Array,
  level: { readonly alpha: number; readonly sigma: number },
  floor: number
): P => {
  const { second, maximise } = there(made.family.mStep)
  return maximise(made.params, expect(made, x, weights, level, second), { level, floor, dim: made.dim })
}
