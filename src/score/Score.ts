/**
 * Scores: parametrized families s(x) ≈ ∇ log p_t(x), the student networks. Parameters are always those at time 0; at
 * level (α, σ) a component N(c, v I) has become N(αc, (α²v + σ²) I).
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/elementary.js'
import {
  add,
  compute,
  divergence,
  exp,
  fill,
  fromNdArray,
  mul,
  softmax,
  type NdArray,
  type Tensor
} from '../../lib/index.js'
import { size } from '../../lib/ndarray.js'
import * as Components from '../mixture/Components.js'
import * as Pass from '../mixture/kernels/pass.js'
import * as Limits from '../core/Limits.js'
import type * as Mixture from '../mixture/Mixture.js'
import * as Parametrization from './Parametrization.js'
import * as Params from './Params.js'
import type { Points } from '../data/Points.js'
import * as Problem from '../core/Problem.js'
import * as Schedule from '../schedule/Schedule.js'
import * as Tagged from '../core/Tagged.js'

export interface SymmetricPair {
  readonly _tag: 'SymmetricPair'
}

export interface Spherical {
  readonly _tag: 'Spherical'
  readonly components: number
}

export interface Isotropic {
  readonly _tag: 'Isotropic'
  readonly components: number
}

/** α and σ for each row, [rows, 1]. */
export type Level = Parametrization.Levels

export interface Custom<P extends string = string> {
  readonly _tag: 'Custom'
  readonly name: string
  readonly shapes: (dim: number) => Params.Shapes<P>
  readonly apply: (params: Params.Tensors<P>, x: Tensor, level: Level) => Tensor
  /** What the network's output is; the score itself unless given. */
  readonly predicts?: Parametrization.Parametrization
}

type Tags<P extends string> = SymmetricPair | Spherical | Isotropic | Custom<P>

/** A score whose parameters are named `P`. */
export type Score<P extends string> = Tags<P> & {
  /** Never there: it lets the compiler know the names of the parameters. */
  readonly _P?: P
}

/** The family ½N(c, I) + ½N(−c, I): s(x) = tanh(⟨m, x⟩) m − x, m = α · mean. */
export const symmetricPair: Score<'mean'> = { _tag: 'SymmetricPair' }

/** Equal weights and unit variances: s(x) = Σ w_i m_i − x, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α · means_i. */
export const spherical = ({ components }: Omit<Spherical, '_tag'>): Score<'means'> => ({
  _tag: 'Spherical',
  components
})

/**
 * Free weights and one variance a component: s(x) = −Σ w_i (x − m_i)/u_i, u_i = α²v_i + σ²,
 * w = softmax(log π_i − (d/2) log u_i − |x − m_i|²/(2u_i)). Weights are given by `logits` up to a constant, variances by
 * their logarithms.
 */
export const isotropic = ({ components }: Omit<Isotropic, '_tag'>): Score<'means' | 'logits' | 'logVariances'> => ({
  _tag: 'Isotropic',
  components
})

/**
 * A student network of one's own: named parameter shapes, and a row-wise function in the tensor vocabulary,
 * [rows, dim] in and out. The level comes as [rows, 1] tensors, so that each row may have its own noise. The network may
 * predict the noise, the data or another parametrization: `predicts` says which, and the score follows.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { add, matMul, neg } from 'ornstein/float64'
 * import { Params, Schedule, Score } from 'ornstein'
 *
 * const affine = Score.custom({
 *   name: 'affine',
 *   shapes: dim => ({ matrix: [dim, dim], offset: [dim] }),
 *   apply: ({ matrix, offset }, x) => neg(add(matMul(x, matrix), offset))
 * })
 * const params = Params.of({ matrix: [[1, 0], [0, 2]], offset: [0, 1] })
 * const at = Score.evaluate(affine, Schedule.ornsteinUhlenbeck)(params)(0.1)
 * assert.deepEqual([...at({ rows: 1, dim: 2, values: Float64Array.of(3, 4) }).values], [-3, -9])
 */
export const custom = <P extends string>(description: Omit<Custom<P>, '_tag'>): Score<P> => ({
  _tag: 'Custom',
  ...description
})

/** What a score is when it is that of an isotropic mixture. */
export interface Family<P extends string> {
  /** The mixture in the tensor vocabulary. */
  readonly components: (params: Params.Tensors<P>) => Components.Components
  /** The mixture as arrays. */
  readonly arrays: (params: Params.Params<P>) => Pass.Arrays
  /** The derivative with respect to the parameters, from that with respect to `arrays`. */
  readonly pullBack: (params: Params.Params<P>, gradient: Omit<Pass.Gradient, 'value'>) => Params.Params<P>
  /** The parameters that maximise the expected log-likelihood, from the E-step at `params`. */
  readonly maximise: (params: Params.Params<P>, statistics: Pass.Statistics, varianceFloor: number) => Params.Params<P>
  /** Whether |x|² enters the responsibilities, as it does with unequal variances. */
  readonly seesNorm: boolean
  /** Whether the components are ±c with unit variances: noise on the line through them is then all that the loss sees. */
  readonly isPair: boolean
  /** Whether variances are parameters; if not, each is 1. */
  readonly learnsVariances: boolean
  /** Rows that fix a component's mean, and its variance where it has one: fewer leave the likelihood without bound. */
  readonly leastRows: number
  /** How many centres the parameters hold. */
  readonly count: number
  /** The centres that the parameters hold, [count, dim]. */
  readonly centres: (params: Params.Params<P>) => NdArray
  /** The parameters of the mixture shifted by a vector [dim]; null where it is the family's own that 0 is its middle. */
  readonly shifted: ((by: Float64Array) => (params: Params.Params<P>) => Params.Params<P>) | null
  /**
   * How far two parameters are apart, in the unit of the components: √Σπ_k(|δc_k|²/v_k + (d/2)(δ log v_k)² + (δ log π_k)²),
   * to second order √2 times the root of the relative entropy of row and component together (Fisher's metric). It knows
   * neither origin nor unit of the data, and what components without rows do is nothing.
   */
  readonly distance: (from: Params.Params<P>, to: Params.Params<P>) => number
  /** Parameters with given centres [count, dim], and one variance for all components. */
  readonly fromCentres: (centres: NdArray, variance: number) => Params.Params<P>
}

/** What a score means. */
export interface Model<P extends string> {
  readonly shapes: (dim: number) => Params.Shapes<P>
  /** What `output` is. */
  readonly predicts: Parametrization.Parametrization
  /** What the network itself says of x, [rows, dim] */
  readonly output: (params: Params.Tensors<P>, x: Tensor, level: Level) => Tensor
  /** s(x), [rows, dim] */
  readonly score: (params: Params.Tensors<P>, x: Tensor, level: Level) => Tensor
  /** div s(x), [rows, 1] */
  readonly divergence: (params: Params.Tensors<P>, x: Tensor, level: Level) => Tensor
  readonly family: O.Option<Family<P>>
}

const model = <P extends string>(shapes: (dim: number) => Params.Shapes<P>, family: Family<P>): Model<P> => ({
  shapes,
  predicts: Parametrization.score,
  output: (params, x, level) => Components.score(family.components(params), x, level),
  score: (params, x, level) => Components.score(family.components(params), x, level),
  divergence: (params, x, level) => Components.divergence(family.components(params), x, level),
  family: O.some(family)
})

const vector = (values: Float64Array): NdArray => ({ shape: [values.length], values })

/** The mean of each component after an E-step; one without mass stays where it is. */
const means = ({ shape, values }: NdArray, { mass, sums }: Pass.Statistics): NdArray => ({
  shape,
  values: values.map((old, at) => {
    const total = mass[Math.floor(at / shape[1])]
    return total > 0 ? sums[at] / total : old
  })
})

/** Each row of [rows, dim] shifted by a vector. */
const shiftRows = (by: Float64Array, { shape, values }: NdArray): NdArray => ({
  shape,
  values: values.map((c, at) => c + by[at % by.length])
})

/** Σ_k π_k |δ_k|²/v_k of two lists of centres. */
const squaredShift = (
  a: NdArray,
  b: NdArray,
  share: (component: number) => number,
  variance: (component: number) => number
): number => {
  const dim = a.shape[1]
  return a.values.reduce((sum, from, at) => {
    const k = Math.floor(at / dim)
    const [part, delta] = [share(k), b.values[at] - from]
    return part > 0 ? sum + (part * delta * delta) / variance(k) : sum
  }, 0)
}

const logShares = ({ values }: NdArray): Float64Array => {
  const all = Pass.logSumExp(values)
  return values.map(logit => logit - all)
}

const pairModel: Model<'mean'> = model(dim => ({ mean: [dim] }), {
  components: ({ mean }) => Components.pair(mean),
  arrays: ({ mean: { values } }) => ({
    components: 2,
    centres: Float64Array.from([...values, ...values.map(value => -value)]),
    logits: new Float64Array(2),
    variances: Float64Array.of(1, 1),
    free: false
  }),
  pullBack: ({ mean: { shape, values } }, { centres }) => ({
    mean: { shape, values: values.map((_, j) => centres[j] - centres[values.length + j]) }
  }),
  maximise: ({ mean: { shape, values } }, { sums }) => ({
    mean: { shape, values: values.map((_, j) => sums[j] - sums[values.length + j]) }
  }),
  seesNorm: false,
  isPair: true,
  learnsVariances: false,
  leastRows: 1,
  count: 1,
  centres: ({ mean: { values } }) => ({ shape: [1, values.length], values }),
  shifted: null,
  distance: ({ mean: from }, { mean: to }) =>
    Math.sqrt(from.values.reduce((sum, c, j) => sum + (to.values[j] - c) * (to.values[j] - c), 0)),
  fromCentres: ({ shape, values }) => ({ mean: vector(values.slice(0, shape[1])) })
})

const sphericalModel = ({ components }: Spherical): Model<'means'> =>
  model(dim => ({ means: [components, dim] }), {
    components: ({ means }) => ({ centres: means, logits: null, variances: null }),
    arrays: ({ means }) => ({
      components,
      centres: means.values,
      logits: new Float64Array(components),
      variances: new Float64Array(components).fill(1),
      free: false
    }),
    pullBack: ({ means: { shape } }, { centres }) => ({ means: { shape, values: centres } }),
    maximise: ({ means: old }, statistics) => ({ means: means(old, statistics) }),
    seesNorm: false,
    isPair: false,
    learnsVariances: false,
    leastRows: 1,
    count: components,
    centres: ({ means }) => means,
    shifted: by => params => ({ means: shiftRows(by, params.means) }),
    distance: (from, to) =>
      Math.sqrt(
        squaredShift(
          from.means,
          to.means,
          () => 1 / components,
          () => 1
        )
      ),
    fromCentres: centres => ({ means: centres })
  })

const isotropicModel = ({ components }: Isotropic): Model<'means' | 'logits' | 'logVariances'> =>
  model(dim => ({ means: [components, dim], logits: [components], logVariances: [components] }), {
    components: ({ means, logits, logVariances }) => ({ centres: means, logits, variances: exp(logVariances) }),
    arrays: ({ means, logits, logVariances }) => ({
      components,
      centres: means.values,
      logits: logits.values,
      variances: logVariances.values.map(Elementary.exp),
      free: true
    }),
    pullBack: ({ means: { shape }, logVariances }, { centres, logits, variances }) => ({
      means: { shape, values: centres },
      logits: vector(logits),
      logVariances: vector(variances.map((g, k) => g * Elementary.exp(logVariances.values[k])))
    }),
    maximise: ({ means: old }, statistics, varianceFloor) => {
      const { mass, scatter } = statistics
      const dim = old.shape[1]
      const moved = means(old, statistics)
      const total = mass.reduce((sum, m) => sum + m, 0)
      const squaredStep = (k: number): number =>
        moved.values
          .subarray(k * dim, (k + 1) * dim)
          .reduce((sum, value, j) => sum + Elementary.square(value - old.values[k * dim + j]), 0)
      return {
        means: moved,
        logits: vector(mass.map(m => Elementary.log(Math.max(m / total, Number.MIN_VALUE)))),
        // Σ r|x − new|² = Σ r|x − old|² − Σr |new − old|²
        logVariances: vector(
          mass.map((m, k) =>
            Elementary.log(Math.max(m > 0 ? (scatter[k] / m - squaredStep(k)) / dim : 0, varianceFloor))
          )
        )
      }
    },
    seesNorm: true,
    isPair: false,
    learnsVariances: true,
    leastRows: 2,
    count: components,
    centres: ({ means }) => means,
    shifted: by => params => ({ ...params, means: shiftRows(by, params.means) }),
    distance: (from, to) => {
      const [logs, next] = [logShares(from.logits), logShares(to.logits)]
      const shares = logs.map(Elementary.exp)
      const moved = squaredShift(
        from.means,
        to.means,
        k => shares[k],
        k => Elementary.exp(from.logVariances.values[k])
      )
      const dim = from.means.shape[1]
      return Math.sqrt(
        shares.reduce((sum, share, k) => {
          const [spread, weight] = [to.logVariances.values[k] - from.logVariances.values[k], next[k] - logs[k]]
          return share > 0 ? sum + share * ((dim / 2) * spread * spread + weight * weight) : sum
        }, moved)
      )
    },
    fromCentres: (centres, variance) => ({
      means: centres,
      logits: vector(new Float64Array(components)),
      logVariances: vector(new Float64Array(components).fill(Elementary.log(variance)))
    })
  })

const customModel = <P extends string>({ shapes, apply, predicts = Parametrization.score }: Custom<P>): Model<P> => {
  const score = (params: Params.Tensors<P>, x: Tensor, level: Level): Tensor =>
    Parametrization.convertTensor(predicts, Parametrization.score)(level)(x, apply(params, x, level))
  return {
    shapes,
    predicts,
    output: apply,
    score,
    divergence: (params, x, level) => divergence(point => score(params, point, level))(x),
    family: O.none
  }
}

/** The meaning of a score. */
export const interpret = <P extends string>(score: Score<P>): Model<P> =>
  // Only the constructors build a `Score<P>`, and each ties its tag to the names of its parameters.
  Tagged.fold<Tags<P>>()<unknown>({
    SymmetricPair: () => pairModel,
    Spherical: sphericalModel,
    Isotropic: isotropicModel,
    Custom: customModel
  })(score) as Model<P>

/** The parameters' names and shapes for data of a dimension. */
export const shapes =
  (dim: number) =>
  <P extends string>(score: Score<P>): Params.Shapes<P> =>
    interpret(score).shapes(dim)

/** The number of free parameters, as information criteria count them: weights sum to one. */
export const degreesOfFreedom =
  (dim: number) =>
  <P extends string>(score: Score<P>): number =>
    Object.values<ReadonlyArray<number>>(shapes(dim)(score)).reduce((total, shape) => total + size(shape), 0) -
    (score._tag === 'Isotropic' ? 1 : 0)

/** Parameters as tensors; for use inside `compute`. */
export const tensors: <P extends string>(params: Params.Params<P>) => Params.Tensors<P> = Params.map(fromNdArray)

/**
 * The score itself at every point, s(x), as points of the same number of rows and dimension.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Params, Schedule, Score } from 'ornstein'
 *
 * // ½N(0, 1) + ½N(0, 1) with noise 1 is N(0, 2).
 * const score = Score.evaluate(Score.symmetricPair, Schedule.edm)
 * const { values } = score(Params.of({ mean: [0] }))(1)({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
 * assert.deepEqual([...values], [0.5, -1])
 */
export const evaluate =
  <P extends string>(score: Score<P>, schedule: Schedule.Schedule) =>
  (params: Params.Params<P>) =>
  (time: number) =>
  ({ rows, dim, values }: Points): Points => {
    const { alpha, sigma } = pipe(schedule, Schedule.level(time))
    const result = compute(() =>
      interpret(score).score(tensors(params), fromNdArray({ shape: [rows, dim], values }), {
        alpha: fill([rows, 1], alpha),
        sigma: fill([rows, 1], sigma)
      })
    )
    return { rows, dim, values: result.values }
  }

/**
 * A score trained on one schedule, for use on any other: s′(x′) = s(x′/c)/c, with s at the level of `trained` of equal
 * log-SNR and c = α′/α = σ′/σ. The scores of mixtures know every level, and stay as they are.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { div, neg } from 'ornstein/float64'
 * import { Params, Schedule, Score } from 'ornstein'
 *
 * // The score of N(0, 1) where α² + σ² = 1, and on no other schedule.
 * const trained = Score.custom({
 *   name: 'normal',
 *   shapes: () => ({ scale: [] }),
 *   apply: ({ scale }, x) => neg(div(x, scale))
 * })
 * const score = Score.evaluate(pipe(trained, Score.convert(Schedule.ornsteinUhlenbeck)), Schedule.edm)
 * const { values } = score(Params.of({ scale: 1 }))(2)({ rows: 1, dim: 1, values: Float64Array.of(1) })
 * assert.ok(Math.abs(values[0] + 1 / (1 + 2 ** 2)) < 1e-15)
 */
export const convert =
  (trained: Schedule.Schedule) =>
  <P extends string>(score: Score<P>): Score<P> => {
    if (score._tag !== 'Custom') return score
    const { name, shapes, apply, predicts = Parametrization.score } = score
    const there = Schedule.equalNoise(trained)
    const degree = Parametrization.degree(predicts)
    const relevelled = Parametrization.relevelled(predicts)
    return custom({
      name: `${name} on ${Schedule.show(trained)}`,
      shapes,
      predicts,
      apply: (params, x, level) => {
        const at = (f: (same: Schedule.SameNoise) => number): Tensor =>
          Parametrization.perRow(level, own => f(there(own)))
        const point = mul(
          at(({ scale }) => scale),
          x
        )
        const output = apply(params, point, {
          alpha: at(({ level }) => level.alpha),
          sigma: at(({ level }) => level.sigma)
        })
        return pipe(
          degree,
          O.fold(
            // By the data and the noise behind it.
            () => {
              const here = (pick: (of: Parametrization.Coefficients) => number): Tensor =>
                Parametrization.perRow(level, own => pick(relevelled(there(own).level, own)))
              return add(
                mul(
                  here(({ ofOutput }) => ofOutput),
                  output
                ),
                mul(
                  here(({ ofPoint }) => ofPoint),
                  point
                )
              )
            },
            degree =>
              degree === 0
                ? output
                : mul(
                    at(({ scale }) => Elementary.pow(scale, -degree)),
                    output
                  )
          )
        )
      }
    })
  }

/** The mixture at time 0 that parameters describe; none for a custom score. */
export const mixture =
  <P extends string>(score: Score<P>) =>
  (params: Params.Params<P>): O.Option<Mixture.Mixture> =>
    pipe(
      interpret(score).family,
      O.map(family => {
        const part = (pick: (components: Components.Components) => Tensor): Float64Array =>
          compute(() => pick(family.components(tensors(params)))).values
        const means = compute(() => family.components(tensors(params)).centres)
        const count = means.shape[0]
        return {
          means,
          weights: part(({ logits }) => (logits === null ? fill([count], 1 / count) : softmax(logits))),
          variances: part(({ variances }) => variances ?? fill([count], 1)),
          factors: null
        }
      })
    )

/** The score as the code that builds it. */
export const show = <P extends string>(score: Score<P>): string =>
  Tagged.fold<Tags<P>>()<string>({
    SymmetricPair: () => 'Score.symmetricPair',
    Spherical: ({ components }) => `Score.spherical({ components: ${components} })`,
    Isotropic: ({ components }) => `Score.isotropic({ components: ${components} })`,
    Custom: ({ name, predicts }) =>
      `Score.custom({ name: ${JSON.stringify(name)}, …${predicts === undefined ? '' : `, predicts: ${Parametrization.show(predicts)}`} })`
  })(score)

/** The score as mathematics. */
export const formula = <P extends string>(score: Score<P>): string =>
  Tagged.fold<Tags<P>>()<string>({
    SymmetricPair: () => 's(x) = tanh(⟨m, x⟩) m − x, m = α mean',
    Spherical: ({ components }) =>
      `s(x) = Σ w_i m_i − x over ${components} components, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α means_i`,
    Isotropic: ({ components }) =>
      `s(x) = −Σ w_i (x − m_i)/u_i over ${components} components, u_i = α² exp(logVariances_i) + σ², ` +
      'w = softmax(logits_i − (d/2) log u_i − |x − m_i|²/(2u_i)), m_i = α means_i',
    Custom: ({ name, predicts = Parametrization.score }) => `${Parametrization.formula(predicts)} = ${name}(x)`
  })(score)

/** What is wrong with a score for data of so many rows. */
export const problems =
  ({ rows, dim }: { readonly rows: number; readonly dim: number }) =>
  <P extends string>(score: Score<P>): ReadonlyArray<Problem.Problem> => {
    const componentProblems = ({ components }: { readonly components: number }): ReadonlyArray<Problem.Problem> => [
      ...Problem.count('components', components, 1, 2),
      ...Problem.unless(
        !(components > rows),
        'components',
        components,
        `≤ ${rows}, the number of rows`,
        'ask for fewer components or give more data'
      )
    ]
    return Tagged.fold<Tags<P>>()<ReadonlyArray<Problem.Problem>>({
      SymmetricPair: () => [],
      Spherical: componentProblems,
      Isotropic: componentProblems,
      Custom: ({ shapes, predicts = Parametrization.score }) => [
        ...Parametrization.problems(predicts).map(Problem.within('predicts')),
        ...pipe(
          E.tryCatch(
            () => Object.entries<ReadonlyArray<number>>(shapes(dim)),
            error => [
              Problem.of(
                'shapes',
                `an error, "${error instanceof Error ? error.message : String(error)}",`,
                'the shapes of the parameters by name',
                `return them for data of dimension ${dim}`
              )
            ]
          ),
          E.map(named => [
            ...named.flatMap(([name, shape]) =>
              Problem.unless(
                shape.every(length => Number.isSafeInteger(length) && length >= 0),
                `shapes.${name}`,
                `[${shape.join(', ')}]`,
                'a list of whole numbers ≥ 0',
                'give the length of each axis'
              )
            ),
            ...Problem.unless(
              !(named.reduce((sum, [, shape]) => sum + size(shape), 0) > Limits.parameters),
              'shapes',
              `${named.reduce((sum, [, shape]) => sum + size(shape), 0)} numbers`,
              `at most ${Limits.parameters}`,
              'make the network smaller'
            )
          ]),
          E.fold(
            problems => problems,
            problems => problems
          )
        )
      ]
    })(score)
  }

export const codec: t.Type<Score<string>, unknown> = t.union([
  t.type({ _tag: t.literal('SymmetricPair') }),
  t.type({ _tag: t.literal('Spherical'), components: t.number }),
  t.type({ _tag: t.literal('Isotropic'), components: t.number }),
  Tagged.code<Custom>('Custom', 'score')
])
