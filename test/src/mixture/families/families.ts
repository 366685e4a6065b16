/** The families under test, parameters drawn for them, and an E-step in plain loops. */
import { pipe } from 'fp-ts/lib/function.js'
import { expect } from 'vitest'
import { compute, fromNdArray, Key, type NdArray } from '../../../../lib/index.js'
import * as Factor from '../../../../lib/arrays/factor.js'
import { shapeSize } from '../../../../lib/arrays/ndarray.js'
import { scores } from '../../../../src/cli/glossary.js'
import * as Case from '../../../../src/core/case.js'
import * as Covariance from '../../../../src/mixture/families/covariance.js'
import * as Families from '../../../../src/mixture/families/index.js'
import * as Mixture from '../../../../src/mixture/mixture.js'
import {
  interpret,
  type Family,
  type Model,
  type Moments,
  type Score,
  type Second
} from '../../../../src/mixture/family.js'
import * as Params from '../../../../src/core/params.js'
import { classesOf } from '../../../tables.js'
import { there } from '../../../there.js'

export type P = Params.Params<string>

/** A family, and parameters of it that are, or are near, a mixture. */
export interface Asked {
  readonly name: string
  readonly score: Score<string>
  readonly family: Family<string>
  readonly from: (mixture: Mixture.Mixture) => P
}

/** A description of so many components, or one in which what stands has as many. */
const sized =
  (components: number) =>
  <T extends Case.AnyValue>(value: T): T =>
    Object.hasOwn(value, 'components') ? Case.changed({ components })(value) : Case.mapInner(sized(components))(value)

/** The families of the vocabulary that say of a mixture which parameters it has, of so many components. */
export const ofVocabulary = (components: number): ReadonlyArray<Asked> =>
  scores.words.flatMap(({ name, example }) => {
    const score = sized(components)(example)
    const { family } = interpret(score)
    return family === undefined || family.mirrored || family.fromMixture === undefined
      ? []
      : [{ name: name.replace('Score.', ''), score, family, from: family.fromMixture }]
  })

/** The mixture of covariances that have a name. */
export const mixtureOf = (name: Covariance.Name | Covariance.FactorName, components: number): Score<string> =>
  Families.mixture({ components, covariance: Covariance.named(name) })

export const familyOf = (score: Score<string>): Family<string> => there(interpret(score).family)

/** Σ_k, one after another. */
export const covariancesOf = ({ toMixture }: Family<string>, params: P): Float64Array =>
  Mixture.covariances(there(toMixture)(params)).values

/** The largest difference, of 1 and of what is wanted. */
export const apart = (found: ArrayLike<number>, wanted: ArrayLike<number>): number => {
  expect(found.length).toBe(wanted.length)
  return Array.from(wanted).reduce((most, x, i) => Math.max(most, Math.abs(found[i] - x) / (1 + Math.abs(x))), 0)
}

export const clean = { alpha: 1, sigma: 0 }

type Matrix = ReadonlyArray<ReadonlyArray<number>>

/** Σ n log|S| + tr(S⁻¹W) of covariances S at a level, by Cholesky's triangles. */
export const deviance = (
  n: ReadonlyArray<number>,
  w: ReadonlyArray<Matrix>,
  covariances: Float64Array,
  { alpha, sigma } = clean
): number =>
  n.reduce((sum, m, k) => {
    const dim = w[k].length
    const own = covariances
      .slice(k * dim * dim, (k + 1) * dim * dim)
      .map((s, at) => alpha * alpha * s + (at % (dim + 1) === 0 ? sigma * sigma : 0))
    const factor = there(Factor.choleskyOfCovariance(own, dim))
    const half = Factor.solve(factor, dim, Float64Array.from(w[k].flat()))
    const columns = half.map((_, at) => half[(at % dim) * dim + Math.floor(at / dim)])
    const trace = Factor.solve(factor, dim, columns).reduce((all, x, at) => (at % (dim + 1) === 0 ? all + x : all), 0)
    return sum + 2 * m * Factor.logDeterminant(factor, dim) + trace
  }, 0)

/** Moments of the species of iris about their means, whose masses are 1 in all. */
export const ofSpecies = (rows: Matrix): { readonly means: Matrix; readonly second: ReadonlyArray<Matrix> } => {
  const species = classesOf('iris')
  const groups = ['setosa', 'versicolor', 'virginica'].map(name => rows.filter((_, i) => species[i] === name))
  const means = groups.map(group => group[0].map((_, j) => group.reduce((sum, row) => sum + row[j], 0) / group.length))
  const second = groups.map((group, k) =>
    means[k].map((a, i) =>
      means[k].map((b, j) => group.reduce((sum, row) => sum + (row[i] - a) * (row[j] - b), 0) / rows.length)
    )
  )
  return { means, second }
}

/** What an M-step needs of W [d, d]. */
export const asked = (second: Second, w: Matrix): ReadonlyArray<number> => {
  const diagonal = w.map((row, i) => row[i])
  return second === 'full' ? w.flat() : second === 'diagonal' ? diagonal : [diagonal.reduce((sum, x) => sum + x, 0)]
}

export interface Sort {
  readonly name: string
  readonly of: (components: number, rank: number) => Score<string>
}

export const sorts: ReadonlyArray<Sort> = [
  { name: 'tiedIsotropic', of: components => Families.tiedIsotropic({ components }) },
  { name: 'diagonal', of: components => Families.diagonal({ components }) },
  { name: 'tiedDiagonal', of: components => Families.tiedDiagonal({ components }) },
  { name: 'tied', of: components => Families.tied({ components }) },
  { name: 'full', of: components => Families.full({ components }) },
  { name: 'lowRank', of: (components, rank) => Families.lowRank({ components, rank }) }
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
  const params = Params.map<ReadonlyArray<number>, NdArray>((shape, name) => ({
    shape,
    values: Key.normal(shapeSize(shape))(pipe(key, Key.named(name))[name]).map(
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

const own = (params: P): Params.Tensors<string> => Params.map(fromNdArray)(params)

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
export const momentsOf = (
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
  return maximise(made.params, momentsOf(made, x, weights, level, second), { level, floor, dim: made.dim })
}
