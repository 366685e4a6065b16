/** Initializers: where a pipeline starts. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as t from 'io-ts'
import { Key, type NdArray } from '../../lib/index.js'
import { concatenated, shown, size } from '../../lib/arrays/ndarray.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, Field, Vocabulary, words } from '../core/index.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Frame from '../mixture/em/frame.js'
import * as Limits from '../core/limits.js'
import type * as Mixture from '../mixture/mixture.js'
import * as Params from '../core/params.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Problem from '../core/problem.js'
import type { MStep } from '../mixture/family.js'
import * as Score from '../score/score.js'
import * as Seeding from '../mixture/em/seeding.js'

// —— what an initializer is ——

type Problems = ReadonlyArray<Problem.Problem>

/** How an initializer starts a score on data; or why it cannot. */
export type Start<P extends string> = E.Either<Problems, (key: Key.Key) => Params.Params<P>>

/** A score of whatever parameters, and the data that it is to learn from. */
export interface Setting {
  readonly score: Score.Score<string>
  readonly model: Score.Model<string>
  /** The rows in memory; of a source only how many there are. */
  readonly points: Points.Points
  /** The rows, in memory or not. */
  readonly data: Source.Data
}

/** What a start is made with. */
export interface Tools extends Setting {
  /** How an initializer that stands in the fields starts the same score on the same data. */
  readonly start: (inner: Initializer) => Start<string>
}

/** What draws of centres are made with. */
export interface SettingOf extends Setting {
  /** How many centres the score asks for. */
  readonly count: number
}

/** Whether another key gives another start; `sometimes` where different draws may lead to the same. */
export type Draws = 'never' | 'sometimes' | 'always'

/** What is said of all models, or of each. */
type OfModel<A> = A | ((model: Score.Model<string>) => A)

/** What an initializer says of its starts; laws hold it to that. */
interface Claims {
  /** Whether another key is another start. */
  readonly draws: OfModel<Draws>
  /** Capability: it moves with the data: from x + b the centres are those from x, plus b, and the rest is the same. */
  readonly moves?: OfModel<boolean>
  /** Capability: it turns with the data. */
  readonly turns?: OfModel<boolean>
  /** Capability: the dimension of the data that it is for, where its fields say coordinates. */
  readonly dim?: number | undefined
  /** Capability: it looks at rows by `data` alone, never by `points`, and so starts from a source of them too. */
  readonly streams?: true
  /** How many starts it makes of those that stand in its fields, to hand on one; 1 unless given. */
  readonly makes?: number
  /** What stands in its way: a score without what it needs, say. */
  readonly requirements?: (setting: Setting) => Problems
}

export interface Meaning extends Claims {
  /** The start of a score on data that `requirements` has nothing against: as many parameters as the score has, of its shapes. */
  readonly start: (tools: Tools) => Start<string>
}

export interface Initializer extends Case.Value<'Initializer', Meaning> {}

// —— initializers of one's own ——

/**
 * An initializer of one's own: parameters of a score, from the data and a key. It is printed, stored, explained and property-tested
 *  as ours are, and starts what ours start: pipelines, restarts, `bestOf`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Field, Initializer, Key, Params, Score } from 'ornstein'
 *
 * // The mean of several starts.
 * const averaged = Initializer.define({
 *   name: 'averaged',
 *   about: 'the mean of several starts',
 *   fields: { count: Field.count({ default: 4 }), initializer: Field.of(Initializer.concept) },
 *   call: ['count'],
 *   on: 'initializer',
 *   meaning: ({ count, initializer }) => ({
 *     draws: 'sometimes',
 *     makes: count,
 *     start: ({ start }) =>
 *       pipe(
 *         start(initializer),
 *         E.map(start => key => {
 *           const all = Key.split(count)(key).map(start)
 *           return pipe(all.reduce(Params.zipWith((a, b) => a + b)), Params.mapValues(sum => sum / count))
 *         })
 *       )
 *   })
 * })
 * const initializer = averaged(2)(Initializer.warmStart({ centres: [[3]], radius: 1 }))
 * const started = Initializer.interpret(Score.symmetricPair, { rows: 1, dim: 1, values: Float64Array.of(2) })(initializer)
 * assert.ok(E.isRight(started))
 * assert.ok(Math.abs(started.right(Key.fromSeed(1)).mean.values[0] - 3) <= 1)
 */
export const { concept, define, show, formula, problems } = words<Initializer>('Initializer', 'where a pipeline starts')

const innerOf = (initializer: Initializer): ReadonlyArray<{ readonly path: string; readonly value: Initializer }> =>
  Case.inner(initializer).flatMap(({ path, value }) =>
    concept.is(value) && Case.isSound(value) ? [{ path, value }] : []
  )

/** The start of a sound initializer, or why there is none; one that stands in its fields has its problems told with its place. */
const started = (initializer: Initializer, setting: Setting): Start<string> => {
  const { streams, requirements, start } = concept.meaning(initializer)
  const found = [
    ...Problem.unless(
      streams === true || !Source.isSource(setting.data),
      '',
      show(initializer),
      'one that reads the rows of a source a stretch at a time',
      'use Initializer.kMeansPlusPlus, or Stage.onSample, whose attempts start by it in memory, or give the rows in memory'
    ),
    ...(requirements?.(setting) ?? [])
  ]
  const inner = innerOf(initializer)
  const startWithin = (one: Initializer): Start<string> =>
    pipe(started(one, setting), E.mapLeft(RA.map(Problem.within(inner.find(({ value }) => value === one)?.path ?? ''))))
  return found.length > 0 ? E.left(found) : start({ ...setting, start: startWithin })
}

/** How many starts it makes, with those that it makes for each. */
const makes = (initializer: Initializer): number =>
  (concept.meaning(initializer).makes ?? 1) *
  innerOf(initializer).reduce((most, { value }) => Math.max(most, makes(value)), 1)

const said = <A>(claim: OfModel<A>, model: Score.Model<string>): A =>
  typeof claim === 'function' ? (claim as (model: Score.Model<string>) => A)(model) : claim

interface Centres extends Claims {
  /** As many centres as are asked for, [count, dim], of data that `requirements` has nothing against. */
  readonly centres: (asked: SettingOf) => (key: Key.Key) => NdArray
}

/**
 * An initializer of one's own that draws centres, for families of mixtures: weights start equal, and variances at the mean
 * squared distance of the data from the nearest centre, per coordinate; covariances that are learned start at that of the rows about
 * the means of those that share a nearest centre, the same for all components.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Field, Initializer, Key, Params, Points, Score } from 'ornstein'
 *
 * const onDiagonal = Initializer.defineCentres({
 *   name: 'onDiagonal',
 *   about: 'evenly spaced on the diagonal through the mean of the data',
 *   fields: { step: Field.positive({ default: 1 }) },
 *   formula: ({ step }) => `c_i = x̄ + ${step} (i − (K − 1)/2) (1, …, 1)`,
 *   meaning: ({ step }) => ({
 *     draws: 'never',
 *     moves: true,
 *     centres: ({ points, count }) => {
 *       const mean = Points.mean(points)
 *       const values = Array.from({ length: count }, (_, i) => mean.map(m => m + step * (i - (count - 1) / 2)))
 *       return () => Params.of({ centres: values.map(row => Array.from(row)) }).centres
 *     }
 *   })
 * })
 * const points = { rows: 2, dim: 2, values: Float64Array.of(0, 0, 2, 4) }
 * const started = Initializer.interpret(Score.spherical({ components: 2 }), points)(onDiagonal({ step: 2 }))
 * assert.ok(E.isRight(started))
 * assert.deepEqual(Params.nested(started.right(Key.fromSeed(1)).means), [[0, 1], [2, 3]])
 */
export function defineCentres<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>(spec: Case.Spec<N, F, Centres, A, On>): Case.Constructor<Initializer, N, F, A, On> {
  const word = `Initializer.${spec.name}`
  return define<N, Meaning, F, A, On>({
    ...spec,
    meaning: fields => {
      const { centres, ...claims } = spec.meaning(fields)
      return {
        ...claims,
        start: setting => {
          const own = centred(setting, asked => checked(word, asked, centres(asked)))
          return own ? E.right(own) : E.left([noCentres(Case.isValue(fields) ? Case.show(fields) : word, setting)])
        }
      }
    }
  })
}

/** Centres of one's own are as many as were asked for, each with the coordinates of the data. */
const checked =
  (word: string, { count, points: { dim } }: SettingOf, draw: Seeding.Draw): Seeding.Draw =>
  key => {
    const drawn = draw(key)
    const [rows, columns, ...more] = drawn.shape
    return rows === count && columns === dim && more.length === 0 && drawn.values.length === count * dim
      ? drawn
      : refuse(
          `${word}: centres of shape ${shown(drawn.shape)} are not of shape [${count}, ${dim}]; give as many as are asked for`
        )
  }

/** Parameters with the centres that are drawn; undefined of a score that does not start from centres. */
const centred = (
  setting: Setting,
  draw: (asked: SettingOf) => Seeding.Draw
): ((key: Key.Key) => Params.Params<string>) | undefined => {
  const start = startOf(setting)
  if (start === undefined) return undefined
  const centresOf = draw({ ...setting, count: start.count })
  const covarying = withCovariance(setting)
  const placed = withPlaces(setting)
  return key => {
    const centres = centresOf(key)
    return placed(covarying(centres) ?? start.fromCentres(centres, Seeding.varianceAbout(setting.data, centres)))
  }
}

/** At most so many rows of a source say where something is that is not learned. */
const LOOKED_AT = 100_000

/** Parameters with what a family takes from the data and does not learn. */
const withPlaces = ({ model, data }: Setting): ((params: Params.Params<string>) => Params.Params<string>) => {
  const placed = model.family?.placed
  if (placed === undefined) return params => params
  if (!Source.isSource(data)) return placed(data)
  const looked = Math.min(data.rows, LOOKED_AT)
  return placed(Source.chosen(RA.makeBy(looked, i => Math.floor((i * data.rows) / looked)))(data))
}

/**
 * Parameters of equal weights with the covariance that the rows have about the means of those nearest to each centre, common to all
 * components; null for a family that does not learn so much of it, and for rows that do not tell it.
 */
const withCovariance = ({ model, data }: Setting): ((centres: NdArray) => Params.Params<string> | null) => {
  const second = model.family?.mStep?.second
  const fromMixture = model.family?.fromMixture
  if (fromMixture === undefined || (second !== 'diagonal' && second !== 'full')) return () => null
  return centres => {
    const factor = Seeding.factorAbout(data, centres, second === 'diagonal')
    if (factor === null) return null
    const [count, dim] = centres.shape
    const squares = factor.values.map(l => l * l)
    const variances = second === 'diagonal' ? squares : sumsOf(squares, dim)
    return fromMixture({
      means: centres,
      weights: new Float64Array(count).fill(1 / count),
      variances: repeated(count, variances),
      factors: second === 'diagonal' ? null : { shape: [count, dim, dim], values: repeated(count, factor.values) }
    })
  }
}

/** The sum of each row of a [·, width]. */
const sumsOf = (values: Float64Array, width: number): Float64Array =>
  new Float64Array(values.length / width).map((_, i) =>
    values.subarray(i * width, (i + 1) * width).reduce((sum, x) => sum + x, 0)
  )

const repeated = (times: number, values: Float64Array): Float64Array => concatenated(RA.makeBy(times, () => values))

const startOf = ({ model: { family }, points }: Setting): Score.Start<string> | undefined =>
  family && Score.startOf(family, points.dim)

const noCentres = (code: string, { score, model: { family } }: Setting): Problem.Problem =>
  Problem.of(
    '',
    code,
    `one for ${Score.show(score)}, which ${family === undefined ? 'has no centres' : 'does not say how it starts from centres'}`,
    `use Initializer.gaussian, or Initializer.values with all parameters by name${family === undefined ? '' : ', or give the family its start'}`
  )

// —— starts at random ——

const isMirrored = ({ family }: Score.Model<string>): boolean => family?.mirrored === true

/**
 * Every centre (for a custom score: every parameter) normal with standard deviation `scale`: the paper's random start. About the
 * mean of the data; for the pair, whose middle is 0, about 0.
 */
export const gaussian = define({
  name: 'gaussian',
  about: "every centre normal: the paper's random start",
  fields: {
    /** Standard deviation of every number. */
    scale: Field.positive({ suggestion: 1 })
  },
  formula: ({ scale }) => `c_i = m + ${scale} z_i, z_i ~ N(0, I), m the mean of the data, or 0 for a pair`,
  meaning: ({ scale }) => ({
    draws: 'always',
    moves: model => !isMirrored(model),
    streams: true,
    start: setting => {
      const { model, points, data } = setting
      const { middle } = Frame.ofModel(model, data)
      const drawn = centred(setting, ({ count }) => key => {
        const { values, shape } = Seeding.normals([count, points.dim], scale)(key)
        return { shape, values: values.map((c, at) => c + (middle === null ? 0 : middle[at % points.dim])) }
      })
      if (drawn !== undefined) return E.right(drawn)
      const normal =
        (key: Key.Key) =>
        (shape: ReadonlyArray<number>, name: string): NdArray =>
          Seeding.normals(shape, scale)(Key.named(name)(key)[name])
      return E.right(key => Params.map(normal(key))(model.shapes(points.dim)))
    }
  })
})

/** Centres next to the mean of the data (for the pair, next to 0), all but equal: where annealing from high noise begins. */
export const nearZero: Initializer = gaussian({ scale: 1e-3 })

/** Every centre at a distance `radius` from the mean of the data, in a random direction. */
export const onSphere = defineCentres({
  name: 'onSphere',
  about: 'at a distance from the mean, in random directions',
  fields: {
    /** Length of each centre. */
    radius: Field.positive({ suggestion: 1 })
  },
  formula: ({ radius }) => `|c_i − x̄| = ${radius}`,
  meaning: ({ radius }) => ({
    streams: true,
    draws: 'always',
    moves: true,
    centres: ({ data, count }) => {
      const { dim } = data
      const mean = Source.middle(data)
      const atMean = {
        shape: [count, dim],
        values: Float64Array.from({ length: count * dim }, (_, at) => mean[at % dim])
      }
      return Seeding.displaced(atMean, radius)
    }
  })
})

// —— starts from the data ——

/** Rows of the data, or means of theirs, drawn by the key: they go where the data go. */
const ofRows = { draws: 'sometimes', moves: true, turns: true, streams: true } as const

/** Different rows of the data, drawn in proportion to their weights. */
export const fromData = defineCentres({
  name: 'fromData',
  about: 'rows of the data',
  formula: () => 'c_i rows of the data, none twice',
  meaning: () => ({ ...ofRows, centres: ({ data, count }) => Seeding.differentRows(data, count) })
})

/**
 * Greedy k-means++ (Arthur & Vassilvitskii 2007, §7; Celebi, Kingravi & Vela 2013), as scikit-learn has it: for each centre 2 + ⌊ln K⌋ rows are
 * drawn in proportion to their weights times their squared distances from the centres before, and the one is taken that leaves the least
 * total distance. `kMeansPlusPlusOf({ trials: 1 })` is k-means++ as published first.
 */
export const kMeansPlusPlus = defineCentres({
  name: 'kMeansPlusPlus',
  about: 'rows far from each other, the best of a few trials (Arthur & Vassilvitskii 2007)',
  formula: () => 'the best of 2 + ⌊ln K⌋ trials of P(c_i = x) ∝ min |x − c_j|² over j < i',
  meaning: () => ({ ...ofRows, centres: ({ data, count }) => Seeding.spread(data, count) })
})

/**
 * k-means++ by so many trials for each centre, of which the one is taken that leaves the least total distance: one (the default) is the
 * algorithm of Arthur & Vassilvitskii 2007, where each row is drawn in proportion to its squared distance from those before.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Initializer, Key, Problem, Score } from 'ornstein'
 *
 * const points = { rows: 4, dim: 1, values: Float64Array.of(0, 0, 5, 5) }
 * const start = Initializer.interpret(Score.spherical({ components: 2 }), points)(Initializer.kMeansPlusPlusOf({ trials: 1 }))
 * const { values } = Problem.orThrow(start)(Key.fromSeed(1)).means
 * // A row at no distance from the first is never taken.
 * assert.deepEqual([...values].sort(), [0, 5])
 */
export const kMeansPlusPlusOf = defineCentres({
  name: 'kMeansPlusPlusOf',
  about: 'rows far from each other, the best of so many trials (Arthur & Vassilvitskii 2007)',
  fields: {
    /** Rows drawn for each centre, of which the best is taken. */
    trials: Field.count({ default: 1, most: Limits.moves })
  },
  formula: ({ trials }) =>
    `${trials === 1 ? '' : `the best of ${trials} trials of `}P(c_i = x) ∝ min |x − c_j|² over j < i`,
  meaning: ({ trials }) => ({ ...ofRows, centres: ({ data, count }) => Seeding.spread(data, count, trials) })
})

/** Lloyd's algorithm from k-means++ centres: each centre moves to the mean of the rows nearest to it (Lloyd 1982). */
export const kMeans = defineCentres({
  name: 'kMeans',
  about: "Lloyd's algorithm from k-means++ (Lloyd 1982)",
  fields: {
    /** The most steps of Lloyd’s algorithm. */
    steps: Field.count({ least: 0, suggestion: 20, most: Limits.moves })
  },
  example: { steps: 10 },
  formula: ({ steps }) => `k-means++, then ${steps} times c_i ← the mean of the rows nearest to it`,
  meaning: ({ steps }) => ({
    ...ofRows,
    centres:
      ({ data, count }) =>
      key =>
        Array.from({ length: steps }).reduce(Seeding.lloyd(data), Seeding.spread(data, count)(key))
  })
})

/**
 * For the symmetric pair, the top eigenvector of Ĉ − I (Ĉ the second moment), its length from the eigenvalue. For K
 * components, k-means++ among the data projected on the top K − 1 principal directions (Vempala & Wang 2004).
 */
export const spectral = defineCentres({
  name: 'spectral',
  about: 'from the top eigenvectors (Vempala & Wang 2004)',
  formula: () => 'k-means++ on the first K − 1 principal directions; for a pair c = √(λ − 1) v, Ĉv = λv',
  meaning: () => ({
    draws: model => (isMirrored(model) ? 'never' : 'sometimes'),
    moves: model => !isMirrored(model),
    turns: true,
    streams: true,
    centres: ({ model, data, count }) =>
      isMirrored(model)
        ? () => Seeding.topOfSecondMoment(data)
        : Seeding.spread(Seeding.projectedOnTop(data, Math.max(1, count - 1)), count)
  })
})

/**
 * Model-based agglomerative clustering (Banfield & Raftery 1993; Fraley 1998): every row begins as a cluster; the two whose joining
 * raises Σ_k n_k log(|W_k/n_k| + (tr W_k + α)/n_k) least become one, until as many are left as the score has components. W_k is the
 * scatter of cluster k about its mean, n_k its number of rows, α the mean variance of all rows; |W_k/n_k| is left out where n_k ≤ d.
 * That is the criterion of mclust's default start (`hc`, model VVV), −2 times the classification log-likelihood of Gaussians with
 * covariances of their own up to constants, kept finite by the trace. Rows are compared as mclust compares them (`use = "SVD"`): columns
 * in standard units, turned to their principal directions, each divided by the fourth root of its variance.
 *
 * The start is a mixture of the clusters: their shares, means and covariances, these drawn towards their common one as by d + 1 rows.
 * Nothing is random. The order of the rows does not matter, nor do origin and units of the columns, where no two joinings cost the same.
 *
 * Of more than `rows` rows, whole and > 0 (1000 unless given), every so-many-th in the order of their columns is taken, n in all: time
 * is O(n² d³), memory n²/2 numbers, 4 MB of 1000 rows. No more than the first 16 principal directions are looked at. The hierarchy is
 * remembered with the points, so that other families and numbers of components cost a cut. Rows of a source are refused.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Initializer, Key, Score } from 'ornstein'
 *
 * const points = { rows: 6, dim: 2, values: Float64Array.of(0, 0, 9, 9, 1, 0, 8, 9, 0, 1, 9, 8) }
 * const started = Initializer.interpret(Score.spherical({ components: 2 }), points)(Initializer.hierarchical())
 * assert.ok(E.isRight(started))
 * const { values } = started.right(Key.fromSeed(1)).means
 * assert.ok([1 / 3, 1 / 3, 26 / 3, 26 / 3].every((x, at) => Math.abs(values[at] - x) < 1e-12))
 */
export const hierarchical = define({
  name: 'hierarchical',
  about: 'clusters joined two by two by likelihood (Banfield & Raftery 1993)',
  fields: {
    /** Of more rows a sample of so many is merged. */
    rows: Field.count({ default: 1000, most: Limits.joined })
  },
  formula: ({ rows }) => `join i, j that raise Σ n_k log(|W_k/n_k| + (tr W_k + α)/n_k) least, of ${rows} rows at most`,
  meaning: ({ rows }) => ({
    draws: 'never',
    moves: model => !isMirrored(model),
    start: setting => {
      const { model, points } = setting
      const mixture = (count: number, second: MStep<string>['second']): Mixture.Mixture =>
        Seeding.hierarchical(points, rows, count, second)
      const { family } = model
      const fromMixture = family?.fromMixture
      if (family !== undefined && fromMixture !== undefined) {
        const second = family.mStep?.second ?? 'trace'
        return E.right(() => withPlaces(setting)(fromMixture(mixture(family.count(points.dim), second))))
      }
      const merged = centred(
        setting,
        ({ count }) =>
          () =>
            mixture(count, 'none').means
      )
      return merged ? E.right(merged) : E.left([noCentres('Initializer.hierarchical', setting)])
    }
  })
})

/** Centres normal with the mean of the data and the covariance that theirs has beyond the components' own, Ĉov − I. */
export const momentsMatched = defineCentres({
  name: 'momentsMatched',
  about: 'normal with the mean and the excess covariance of the data',
  formula: () => 'c_i ~ N(x̄, (Ĉov − I)₊)',
  meaning: () => ({
    draws: 'sometimes',
    moves: true,
    streams: true,
    centres: ({ data, count }) => Seeding.momentMatchedCentres(data, count)
  })
})

// —— starts that are given ——

/** A list of centres is finite, and as the score and the data ask. */
const fitting =
  (centres: ReadonlyArray<ReadonlyArray<number>>) =>
  (setting: Setting): Problems => {
    const { dim } = setting.points
    const array = Params.ndArray(centres)
    const count = startOf(setting)?.count ?? centres.length
    return array !== null &&
      array.shape.length === 2 &&
      array.shape[0] === count &&
      array.shape[1] === dim &&
      array.values.every(Number.isFinite)
      ? []
      : [
          Problem.of(
            'centres',
            JSON.stringify(centres),
            `${count} finite centre${count === 1 ? '' : 's'} of ${dim} coordinates`,
            'give one list of coordinates for each centre'
          )
        ]
  }

/** Centres that `fitting` has nothing against. */
const asArray = (centres: ReadonlyArray<ReadonlyArray<number>>): NdArray => Params.of({ centres }).centres

const widthOf = (centres: ReadonlyArray<ReadonlyArray<number>>): number | undefined => centres.at(0)?.length

const rowsField = Field.array(
  Field.array(
    Field.number({
      // Whether they are finite and fit the data is what `requirements` says, of all at once.
      holds: () => true,
      domain: 'a number',
      suggestion: 0,
      arbitrary: fc => fc.double({ min: -3, max: 3, noNaN: true })
    })
  )
)

const example = [
  [-1, 0.5],
  [1, -0.5]
]

/** Each centre displaced by `radius` in a random direction: the paper's warm start. */
export const warmStart = defineCentres({
  name: 'warmStart',
  about: "near given centres: the paper's warm start",
  fields: {
    /** About which the start is drawn. */
    centres: rowsField,
    /** How far from them, at most. */
    radius: Field.notNegative({ suggestion: 0.5 })
  },
  example: { centres: example },
  formula: ({ centres, radius }) => `|c_i − ${JSON.stringify(centres)}_i| = ${radius}`,
  meaning: ({ centres, radius }) => ({
    draws: radius === 0 ? 'never' : 'always',
    dim: widthOf(centres),
    requirements: fitting(centres),
    streams: true,
    centres: () => Seeding.displaced(asArray(centres), radius)
  })
})

/** Exactly these centres; other parameters get their usual start. */
export const centres = defineCentres({
  name: 'centres',
  about: 'exactly these centres',
  fields: {
    /** One a component. */
    centres: rowsField
  },
  call: ['centres'],
  example: { centres: example },
  meaning: ({ centres }) => ({
    draws: 'never',
    dim: widthOf(centres),
    requirements: fitting(centres),
    streams: true,
    centres: () => () => asArray(centres)
  })
})

const valuesField: Field.Field<Params.Params<string>> = {
  ...Field.dictionary(
    Field.codec(Params.ndArrayCodec, {
      domain: 'an array { shape, values }',
      remedy: 'give Params.of({ … })',
      arbitrary: fc => fc.constant({ shape: [2], values: Float64Array.of(0, 1) }),
      sample: { shape: [2], values: Float64Array.of(1, 0.5) }
    })
  ),
  show: u => (Params.codec.is(u) ? Params.show(u) : String(u))
}

const exactly = define({
  name: 'values',
  about: 'exactly these parameters, by name',
  fields: {
    /** The numbers, nested as the parameter is. */
    values: valuesField
  },
  call: ['values'],
  example: { values: Params.of({ mean: [1, 0.5] }) },
  meaning: ({ values }) => ({
    draws: 'never',
    // The last axis of centres is that of the coordinates.
    dim: Params.names(values)
      .filter(name => name.startsWith('mean'))
      .flatMap(name => values[name].shape.slice(-1))
      .at(0),
    streams: true,
    requirements: ({ model, points: { dim } }) => parameterProblems(model.shapes(dim), values),
    start: () => E.right(() => values)
  })
})

const parameterProblems = (wanted: Params.Shapes<string>, values: Params.Params<string>): Problems => {
  return [
    ...Params.names(wanted).flatMap(name => {
      const field = `values.${name}`
      if (!(name in values)) return [Problem.of(field, 'missing', `an array of shape ${shown(wanted[name])}`, 'add it')]
      const { shape, values: entries } = values[name]
      return shown(shape) !== shown(wanted[name]) || entries.length !== size(shape)
        ? [Problem.of(field, `shape ${shown(shape)}`, `of shape ${shown(wanted[name])}`, 'reshape it to fit the data')]
        : Problem.unless(entries.every(Number.isFinite), field, 'NaN or infinite somewhere', 'finite', 'correct it')
    }),
    ...Params.names(values).flatMap(name =>
      Problem.unless(
        name in wanted,
        `values.${name}`,
        'given',
        `a parameter of the score, which has ${Object.keys(wanted).join(', ')}`,
        'leave it out'
      )
    )
  ]
}

// Array.isArray alone does not narrow a readonly array.
const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

type Rows = ReadonlyArray<ReadonlyArray<number>>

function given(values: Rows): ReturnType<typeof centres>
function given(values: Params.Params<string>): ReturnType<typeof exactly>
function given(values: Rows | Params.Params<string>): Initializer {
  return isList(values) ? centres(values) : exactly(values)
}

/**
 * Exactly these: a list of centres, as `Initializer.centres` has them, or all parameters by name.
 *
 * @example
 * import { Initializer, Params } from 'ornstein'
 *
 * export const centres = Initializer.values([[0, 0], [3, 4]])
 * export const all = Initializer.values(Params.of({ means: [[0, 0], [3, 4]], logits: [0, 0], logVariances: [0, 1] }))
 */
export const values = Case.called(exactly, given)

/**
 * As a network itself begins: each layer's weights by its own law. A pipeline with it is written without a single weight.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Initializer, Key, Net, Parametrization, Score } from 'ornstein'
 *
 * const net = Net.mlp({ hidden: [8] })
 * const score = Score.network(net, { predicts: Parametrization.noise })
 * const start = Initializer.interpret(score, { rows: 1, dim: 2, values: Float64Array.of(1, 2) })(Initializer.own)
 * const key = Key.fromSeed(1)
 * assert.deepEqual(E.map((start: (key: Key.Key) => unknown) => start(key))(start), E.right(Net.initial(2)(key)(net)))
 */
export const own = define({
  name: 'own',
  about: 'as a network itself begins',
  formula: () => 'θ ~ the law of each layer',
  meaning: () => ({
    draws: 'sometimes',
    streams: true,
    start: ({ score, model, points: { dim } }) =>
      model.initial !== undefined
        ? E.right(model.initial(dim))
        : E.left([
            Problem.of(
              '',
              'Initializer.own',
              `one for ${Score.show(score)}, which does not say how it begins`,
              'use Initializer.gaussian, or Initializer.kMeansPlusPlus for mixtures'
            )
          ])
  })
})

// —— starts that are made of others ——

const initializer = Field.of<Initializer>(concept)

/** What another claims, where one that reads no row itself stands for it. */
const claimsOf = (initializer: Initializer): Pick<Claims, 'draws' | 'moves' | 'turns' | 'dim' | 'streams'> => {
  if (!Case.isSound(initializer)) return { draws: 'sometimes', streams: true }
  const { draws, moves = false, turns = false, dim } = concept.meaning(initializer)
  return { draws, moves, turns, dim, streams: true }
}

/** Of `count` starts, the likeliest on the data; for scores with a density. */
export const bestOf = define({
  name: 'bestOf',
  about: 'the likeliest of several starts',
  fields: {
    /** How many starts are compared, by the likelihood of the data. */
    count: Field.count({ suggestion: 10, most: Limits.attempts }),
    /** What draws each. */
    initializer
  },
  call: ['count'],
  on: 'initializer',
  example: { count: 3, initializer: fromData },
  formula: ({ count, initializer }) => `the likeliest of ${count}: ${formula(initializer)}`,
  check: ({ count, initializer }) => {
    const inner = Case.isSound(initializer) ? makes(initializer) : 1
    return Problem.unless(
      count * inner <= Limits.attempts,
      'count',
      `${count} times ${inner} starts`,
      `at most ${Limits.attempts}`,
      'take the best once, of fewer'
    )
  },
  meaning: ({ count, initializer }) => ({
    // As what it is the best of.
    ...claimsOf(initializer),
    makes: count,
    start: tools => {
      const {
        model: { family },
        data,
        start
      } = tools
      const refused = (): Problems => [noCentres(show(bestOf(count)(initializer)), tools)]
      if (family === undefined) return E.left(refused())
      return pipe(
        start(initializer),
        E.map(start => {
          const loss = ExpectationMaximization.loss(family, data)
          return (key: Key.Key) =>
            Key.split(count)(key)
              .map(start)
              .map(params => ({ params, loss: loss(params) }))
              .reduce((best, next) => (next.loss < best.loss - Seeding.SAME * (1 + Math.abs(best.loss)) ? next : best))
              .params
        })
      )
    }
  })
})

/** Every parameter of another start moved by a normal of standard deviation `scale`: off a saddle, say. */
export const perturbed = define({
  name: 'perturbed',
  about: 'another start, moved a little',
  fields: {
    /** Standard deviation of what is added. */
    scale: Field.notNegative({ suggestion: 0.1 }),
    /** What it is added to. */
    initializer
  },
  call: ['scale'],
  on: 'initializer',
  example: { initializer: spectral },
  formula: ({ scale, initializer }) => `${formula(initializer)}; every parameter + ${scale} z, z ~ N(0, 1)`,
  meaning: ({ scale, initializer }) => {
    const claims = claimsOf(initializer)
    return {
      ...claims,
      turns: false,
      draws: scale === 0 ? claims.draws : 'always',
      start: ({ start }) =>
        pipe(
          start(initializer),
          E.map(start => key => {
            const keys = pipe(key, Key.named('start', 'noise'))
            return pipe(
              start(keys.start),
              Params.map(({ shape, values }: NdArray, name) => {
                const noise = Key.normal(values.length)(Key.named(name)(keys.noise)[name])
                return { shape, values: values.map((value, i) => value + scale * noise[i]) }
              })
            )
          })
        )
    }
  }
})

/** The initializers, in the order of the reference. */
export const all: ReadonlyArray<Vocabulary.Entry> = [
  gaussian,
  onSphere,
  fromData,
  kMeansPlusPlus,
  kMeansPlusPlusOf,
  kMeans,
  spectral,
  hierarchical,
  momentsMatched,
  warmStart,
  values,
  centres,
  own,
  bestOf,
  perturbed
]

/** Names of initializers that are others with numbers. */
export const recipes: ReadonlyArray<Vocabulary.Recipe<Initializer>> = [
  {
    name: 'Initializer.nearZero',
    about: 'next to 0, where annealing from high noise begins',
    example: nearZero,
    code: 'Initializer.nearZero'
  }
]

// —— what is asked of initializers ——

/** The start of a score on data, or all that is wrong with the initializer for them. */
export const interpret =
  <P extends string>(score: Score.Score<P>, data: Source.Data) =>
  (initializer: Initializer): Start<P> => {
    const model = Score.interpret(score)
    // Initializers work with whatever names the parameters have; that a start has those of the score is checked.
    const setting = { score, model, points: Source.asPoints(data), data } as unknown as Setting
    const isSound = Case.isValue(initializer) && Case.parts(initializer).every(Case.isSound)
    const start: Start<string> = isSound ? started(initializer, setting) : E.left([])
    const found = [...(E.isLeft(start) ? start.left : []), ...problems(initializer)]
    if (E.isLeft(start) || found.length > 0) return E.left(found.map(Problem.within('initializer')))
    const check = Params.checked(model.shapes(data.dim))
    return E.right(key => check(start.right(key)))
  }

/** The dimension of the data that an initializer is for; none where it takes any. */
export const dim = (initializer: Initializer): O.Option<number> => O.fromNullable(concept.meaning(initializer).dim)

/** Whether another key is another start of such a score. */
export const draws =
  (model: Score.Model<string>) =>
  (initializer: Initializer): Draws =>
    said(concept.meaning(initializer).draws, model)

/**
 * Whether a start of such a score moves with the data.
 */
export const moves =
  (model: Score.Model<string>) =>
  (initializer: Initializer): boolean =>
    said(concept.meaning(initializer).moves ?? false, model)

/** Whether it turns with the data. */
export const turns =
  (model: Score.Model<string>) =>
  (initializer: Initializer): boolean =>
    said(concept.meaning(initializer).turns ?? false, model)

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Initializer, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
