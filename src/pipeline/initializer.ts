import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { Key, type NdArray } from '../../lib/index.js'
import { shapeText, shapeSize } from '../../lib/arrays/ndarray.js'
import { Case, Field, Vocabulary } from '../core/index.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Frame from '../mixture/em/frame.js'
import * as Limits from '../core/limits.js'
import type * as Mixture from '../mixture/mixture.js'
import * as Params from '../core/params.js'
import * as Source from '../data/source/source.js'
import * as Problem from '../core/problem.js'
import type { MStep } from '../mixture/family.js'
import * as Score from '../score/score.js'
import * as Seeding from '../mixture/em/seeding.js'
import {
  startFromCentres,
  concept,
  define,
  defineCentres,
  formula,
  makes,
  noCentres,
  show,
  scoreStart,
  withPlaces,
  type StartClaims,
  type Initializer,
  type ProblemList,
  type Setting
} from './start.js'

export {
  concept,
  define,
  defineCentres,
  initializerDim,
  initializerDraws,
  formula,
  interpret,
  startMovesWithData,
  problems,
  show,
  turns
} from './start.js'
export type { Draws, Initializer, Meaning, Setting, SettingOf, Start, Tools } from './start.js'

const isSymmetricModel = ({ family }: Score.Model<string>): boolean => family?.mirrored === true

/**
 * Draws every centre (for a custom score: every parameter) from a normal distribution with standard deviation `scale` about the mean of the
 * data, for the symmetric pair about 0: the random start of the paper.
 */
export const gaussian = define({
  name: 'gaussian',
  about: "every centre normal: the paper's random start",
  fields: {
    /** Standard deviation of every entry. */
    scale: Field.positive({ suggestion: 1 })
  },
  formula: ({ scale }) => `c_i = m + ${scale} z_i, z_i ~ N(0, I), m the mean of the data, or 0 for a pair`,
  meaning: ({ scale }) => ({
    draws: 'always',
    moves: model => !isSymmetricModel(model),
    streams: true,
    start: setting => {
      const { model, points, data } = setting
      const { middle } = Frame.frameOfModel(model, data)
      const drawn = startFromCentres(setting, ({ count }) => key => {
        const { values, shape } = Seeding.drawNormals([count, points.dim], scale)(key)
        return { shape, values: values.map((c, at) => c + (middle === null ? 0 : middle[at % points.dim])) }
      })
      if (drawn !== undefined) return E.right(drawn)
      const normal =
        (key: Key.Key) =>
        (shape: ReadonlyArray<number>, name: string): NdArray =>
          Seeding.drawNormals(shape, scale)(Key.named(name)(key)[name])
      return E.right(key => Params.map(normal(key))(model.shapes(points.dim)))
    }
  })
})

/** Draws almost equal centres next to the mean of the data (for the symmetric pair, 0): the start for annealing from high noise. */
export const nearZero: Initializer = gaussian({ scale: 1e-3 })

/** Draws every centre at distance `radius` from the mean of the data, in a random direction. */
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
      const mean = Source.mean(data)
      const atMean = {
        shape: [count, dim],
        values: Float64Array.from({ length: count * dim }, (_, at) => mean[at % dim])
      }
      return Seeding.displaceCentres(atMean, radius)
    }
  })
})

/** Claims of starts that are rows of the data, or means of rows, drawn by the key. */
const ROW_CLAIMS = { draws: 'sometimes', moves: true, turns: true, streams: true } as const

/** Draws different rows of the data, with probabilities proportional to their weights. */
export const fromData = defineCentres({
  name: 'fromData',
  about: 'rows of the data',
  formula: () => 'c_i rows of the data, none twice',
  meaning: () => ({ ...ROW_CLAIMS, centres: ({ data, count }) => Seeding.differentRows(data, count) })
})

/**
 * Greedy k-means++ (Arthur & Vassilvitskii 2007, §7; Celebi, Kingravi & Vela 2013), as in scikit-learn: for each centre, 2 + ⌊ln K⌋ rows
 * are drawn with probabilities proportional to their weights times their squared distances from earlier centres, and the one with the
 * smallest total distance is chosen.
 */
export const kMeansPlusPlus = defineCentres({
  name: 'kMeansPlusPlus',
  about: 'rows far from each other, the best of a few trials (Arthur & Vassilvitskii 2007)',
  formula: () => 'the best of 2 + ⌊ln K⌋ trials of P(c_i = x) ∝ min |x − c_j|² over j < i',
  meaning: () => ({ ...ROW_CLAIMS, centres: ({ data, count }) => Seeding.greedyKMeansPlusPlus(data, count) })
})

/**
 * k-means++ with this number of rows drawn for each centre, of which the one with the smallest total distance is chosen. One trial is the
 * algorithm of Arthur & Vassilvitskii 2007.
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
    /** Number of rows drawn for each centre. */
    trials: Field.count({ default: 1, most: Limits.maxMoves })
  },
  formula: ({ trials }) =>
    `${trials === 1 ? '' : `the best of ${trials} trials of `}P(c_i = x) ∝ min |x − c_j|² over j < i`,
  meaning: ({ trials }) => ({
    ...ROW_CLAIMS,
    centres: ({ data, count }) => Seeding.greedyKMeansPlusPlus(data, count, trials)
  })
})

/** Lloyd's algorithm from k-means++ centres: each centre moves to the mean of the rows nearest to it (Lloyd 1982). */
export const kMeans = defineCentres({
  name: 'kMeans',
  about: "Lloyd's algorithm from k-means++ (Lloyd 1982)",
  fields: {
    /** Maximum number of steps. */
    steps: Field.count({ least: 0, suggestion: 20, most: Limits.maxMoves })
  },
  example: { steps: 10 },
  formula: ({ steps }) => `k-means++, then ${steps} times c_i ← the mean of the rows nearest to it`,
  meaning: ({ steps }) => ({
    ...ROW_CLAIMS,
    centres:
      ({ data, count }) =>
      key =>
        Array.from({ length: steps }).reduce(Seeding.lloyd(data), Seeding.greedyKMeansPlusPlus(data, count)(key))
  })
})

/**
 * For the symmetric pair, the top eigenvector of Ĉ − I (Ĉ the second moment), scaled by its eigenvalue. For K components, k-means++ on the
 * data projected on the top K − 1 principal directions (Vempala & Wang 2004).
 */
export const spectral = defineCentres({
  name: 'spectral',
  about: 'from the top eigenvectors (Vempala & Wang 2004)',
  formula: () => 'k-means++ on the first K − 1 principal directions; for a pair c = √(λ − 1) v, Ĉv = λv',
  meaning: () => ({
    draws: model => (isSymmetricModel(model) ? 'never' : 'sometimes'),
    moves: model => !isSymmetricModel(model),
    turns: true,
    streams: true,
    centres: ({ model, data, count }) =>
      isSymmetricModel(model)
        ? () => Seeding.topOfSecondMoment(data)
        : Seeding.greedyKMeansPlusPlus(Seeding.projectOnPrincipal(data, Math.max(1, count - 1)), count)
  })
})

/**
 * Model-based agglomerative clustering (Banfield & Raftery 1993; Fraley 1998). Every row begins as a cluster; the two clusters whose merge
 * raises Σ_k n_k log(|W_k/n_k| + (tr W_k + α)/n_k) least are merged, until as many remain as the score has components. W_k is the scatter
 * of cluster k about its mean, n_k its number of rows, α the mean variance of all rows; |W_k/n_k| is omitted if n_k ≤ d. This is the
 * criterion of mclust's default start (`hc`, model VVV), kept finite by the trace. Rows are transformed as in mclust (`use = "SVD"`):
 * columns in standard units, rotated to their principal directions (at most 16), each divided by the fourth root of its variance.
 * The start is a mixture of the clusters: their shares, means and covariances, shrunk towards the common covariance as by d + 1 rows. It is
 * deterministic and, unless two merges cost the same, independent of the order of the rows and of origin and units of the columns.
 * More than `rows` rows (default: 1000) are sampled systematically in the order of their columns: time is O(n²d³), memory n²/2 numbers, 4
 * MB for 1000 rows. The hierarchy is cached with the points, so other families and numbers of components only cost a cut. Rows of a source
 * are a problem.
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
    /** Maximum number of rows merged; a larger table is sampled. */
    rows: Field.count({ default: 1000, most: Limits.maxJoinedRows })
  },
  formula: ({ rows }) => `join i, j that raise Σ n_k log(|W_k/n_k| + (tr W_k + α)/n_k) least, of ${rows} rows at most`,
  meaning: ({ rows }) => ({
    draws: 'never',
    moves: model => !isSymmetricModel(model),
    start: setting => {
      const { model, points } = setting
      const mixture = (count: number, second: MStep<string>['second']): Mixture.Mixture =>
        Seeding.hierarchicalMixture(points, rows, count, second)
      const { family } = model
      const fromMixture = family?.fromMixture
      if (family !== undefined && fromMixture !== undefined) {
        const second = family.mStep?.second ?? 'trace'
        return E.right(() => withPlaces(setting)(fromMixture(mixture(family.count(points.dim), second))))
      }
      const merged = startFromCentres(
        setting,
        ({ count }) =>
          () =>
            mixture(count, 'none').means
      )
      return merged ? E.right(merged) : E.left([noCentres('Initializer.hierarchical', setting)])
    }
  })
})

/** Draws centres from a normal distribution with the mean of the data and the covariance Ĉov − I, that of the data less the components'. */
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

/** Problem of centres that are not finite, or whose count or length differs from the score or the data. */
const centresProblems =
  (centres: ReadonlyArray<ReadonlyArray<number>>) =>
  (setting: Setting): ProblemList => {
    const { dim } = setting.points
    const array = Params.ndArray(centres)
    const count = scoreStart(setting)?.count ?? centres.length
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

const asArray = (centres: ReadonlyArray<ReadonlyArray<number>>): NdArray => Params.of({ centres }).centres

const centresWidth = (centres: ReadonlyArray<ReadonlyArray<number>>): number | undefined => centres.at(0)?.length

const rowsField = Field.array(
  Field.array(
    Field.number({
      // `requirements` reports values that are not finite or do not fit the data
      holds: () => true,
      domain: 'a number',
      suggestion: 0,
      arbitrary: fc => fc.double({ min: -3, max: 3, noNaN: true })
    })
  )
)

const exampleCentres = [
  [-1, 0.5],
  [1, -0.5]
]

/** Displaces each centre by `radius` in a random direction, the warm start of the paper. */
export const warmStart = defineCentres({
  name: 'warmStart',
  about: "near given centres: the paper's warm start",
  fields: {
    /** Centres that are displaced. */
    centres: rowsField,
    /** Distance by which each is displaced. */
    radius: Field.notNegative({ suggestion: 0.5 })
  },
  example: { centres: exampleCentres },
  formula: ({ centres, radius }) => `|c_i − ${JSON.stringify(centres)}_i| = ${radius}`,
  meaning: ({ centres, radius }) => ({
    draws: radius === 0 ? 'never' : 'always',
    dim: centresWidth(centres),
    requirements: centresProblems(centres),
    streams: true,
    centres: () => Seeding.displaceCentres(asArray(centres), radius)
  })
})

/** Starts exactly at these centres; other parameters have their usual start. */
export const centres = defineCentres({
  name: 'centres',
  about: 'exactly these centres',
  fields: {
    /** One for each component. */
    centres: rowsField
  },
  call: ['centres'],
  example: { centres: exampleCentres },
  meaning: ({ centres }) => ({
    draws: 'never',
    dim: centresWidth(centres),
    requirements: centresProblems(centres),
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

const exactParams = define({
  name: 'values',
  about: 'exactly these parameters, by name',
  fields: {
    /** Values of the parameters, nested according to their shapes. */
    values: valuesField
  },
  call: ['values'],
  example: { values: Params.of({ mean: [1, 0.5] }) },
  meaning: ({ values }) => ({
    draws: 'never',
    // the last axis of centres is the coordinates
    dim: Params.names(values)
      .filter(name => name.startsWith('mean'))
      .flatMap(name => values[name].shape.slice(-1))
      .at(0),
    streams: true,
    requirements: ({ model, points: { dim } }) => parameterProblems(model.shapes(dim), values),
    start: () => E.right(() => values)
  })
})

const parameterProblems = (wanted: Params.Shapes<string>, values: Params.Params<string>): ProblemList => {
  return [
    ...Params.names(wanted).flatMap(name => {
      const field = `values.${name}`
      if (!(name in values))
        return [Problem.of(field, 'missing', `an array of shape ${shapeText(wanted[name])}`, 'add it')]
      const { shape, values: entries } = values[name]
      return shapeText(shape) !== shapeText(wanted[name]) || entries.length !== shapeSize(shape)
        ? [
            Problem.of(
              field,
              `shape ${shapeText(shape)}`,
              `of shape ${shapeText(wanted[name])}`,
              'reshape it to fit the data'
            )
          ]
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

// Array.isArray alone does not narrow a readonly array
const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

type NestedRows = ReadonlyArray<ReadonlyArray<number>>

function givenStart(values: NestedRows): ReturnType<typeof centres>
function givenStart(values: Params.Params<string>): ReturnType<typeof exactParams>
function givenStart(values: NestedRows | Params.Params<string>): Initializer {
  return isList(values) ? centres(values) : exactParams(values)
}

/**
 * Starts exactly at these values: a list of centres, as for `Initializer.centres`, or all parameters by name.
 *
 * @example
 * import { Initializer, Params } from 'ornstein'
 *
 * export const centres = Initializer.values([[0, 0], [3, 4]])
 * export const all = Initializer.values(Params.of({ means: [[0, 0], [3, 4]], logits: [0, 0], logVariances: [0, 1] }))
 */
export const values = Case.caseCalledBy(exactParams, givenStart)

/**
 * Default start of a network: each layer draws its weights from its own distribution.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Initializer, Key, Net, Parametrization, Score } from 'ornstein'
 *
 * const net = Net.mlp({ hidden: [8] })
 * const score = Score.network(net, { predicts: Parametrization.noise })
 * const start = Initializer.interpret(score, { rows: 1, dim: 2, values: Float64Array.of(1, 2) })(Initializer.networkDefault)
 * const key = Key.fromSeed(1)
 * assert.deepEqual(E.map((start: (key: Key.Key) => unknown) => start(key))(start), E.right(Net.initial(2)(key)(net)))
 */
export const networkDefault = define({
  name: 'networkDefault',
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
              'Initializer.networkDefault',
              `one for ${Score.show(score)}, which does not say how it begins`,
              'use Initializer.gaussian, or Initializer.kMeansPlusPlus for mixtures'
            )
          ])
  })
})

const initializerField = Field.of<Initializer>(concept)

/** Claims of an initializer that reads no rows itself: those of the inner one. */
const claimsOfInner = (
  initializer: Initializer
): Pick<StartClaims, 'draws' | 'moves' | 'turns' | 'dim' | 'streams'> => {
  if (!Case.isSound(initializer)) return { draws: 'sometimes', streams: true }
  const { draws, moves = false, turns = false, dim } = concept.meaning(initializer)
  return { draws, moves, turns, dim, streams: true }
}

/** Draws `count` starts and returns the one with the highest likelihood on the data; for scores with a density. */
export const bestOf = define({
  name: 'bestOf',
  about: 'the likeliest of several starts',
  fields: {
    /** Number of starts that are compared by likelihood. */
    count: Field.count({ suggestion: 10, most: Limits.attempts }),
    /** Initializer that draws each start. */
    initializer: initializerField
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
    ...claimsOfInner(initializer),
    makes: count,
    start: tools => {
      const {
        model: { family },
        data,
        start
      } = tools
      const refused = (): ProblemList => [noCentres(show(bestOf(count)(initializer)), tools)]
      if (family === undefined) return E.left(refused())
      return pipe(
        start(initializer),
        E.map(start => {
          const loss = ExpectationMaximization.loss(family, data)
          return (key: Key.Key) =>
            Key.split(count)(key)
              .map(start)
              .map(params => ({ params, loss: loss(params) }))
              .reduce((best, next) =>
                next.loss < best.loss - Seeding.TIE_TOLERANCE * (1 + Math.abs(best.loss)) ? next : best
              ).params
        })
      )
    }
  })
})

/** Adds normal noise of standard deviation `scale` to every parameter of another start, for example to leave a saddle. */
export const perturbed = define({
  name: 'perturbed',
  about: 'another start, moved a little',
  fields: {
    /** Standard deviation of the noise. */
    scale: Field.notNegative({ suggestion: 0.1 }),
    /** Initializer whose starts are perturbed. */
    initializer: initializerField
  },
  call: ['scale'],
  on: 'initializer',
  example: { initializer: spectral },
  formula: ({ scale, initializer }) => `${formula(initializer)}; every parameter + ${scale} z, z ~ N(0, 1)`,
  meaning: ({ scale, initializer }) => {
    const claims = claimsOfInner(initializer)
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

/** Initializers in the order of the reference. */
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
  networkDefault,
  bestOf,
  perturbed
]

/** Initializers that are defined by others. */
export const recipes: ReadonlyArray<Vocabulary.Recipe<Initializer>> = [
  {
    name: 'Initializer.nearZero',
    about: 'next to 0, where annealing from high noise begins',
    example: nearZero,
    code: 'Initializer.nearZero'
  }
]

/** Returns the JSON codec of initializers in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Initializer, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
