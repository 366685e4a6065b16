/** Definition of initializers: how they start a score on data, and their claims. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type { Key, NdArray } from '../../lib/index.js'
import { concatenated, shapeText } from '../../lib/arrays/ndarray.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, conceptModule, type Field } from '../core/index.js'
import * as Params from '../core/params.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Problem from '../core/problem.js'
import * as Score from '../score/score.js'
import * as Seeding from '../mixture/em/seeding.js'

export type ProblemList = ReadonlyArray<Problem.Problem>

/** Draws the start of a score on data; or its problems. */
export type Start<P extends string> = E.Either<ProblemList, (key: Key.Key) => Params.Params<P>>

export interface Setting {
  readonly score: Score.Score<string>
  readonly model: Score.Model<string>
  /** Rows in memory; for a source, only their number. */
  readonly points: Points.Points
  readonly data: Source.Data
}

export interface Tools extends Setting {
  /** Start of an inner initializer, for the same score on the same data. */
  readonly start: (inner: Initializer) => Start<string>
}

export interface SettingOf extends Setting {
  /** Number of centres. */
  readonly count: number
}

/** Dependence on the key: `sometimes` if different keys may give equal starts. */
export type Draws = 'never' | 'sometimes' | 'always'

type OfModel<A> = A | ((model: Score.Model<string>) => A)

/** Claims about the starts of an initializer, which the laws test. */
export interface StartClaims {
  readonly draws: OfModel<Draws>
  /** Capability: translation equivariance. Data x + b give centres shifted by b and equal other parameters. */
  readonly moves?: OfModel<boolean>
  /** Capability: it rotates with the data. */
  readonly turns?: OfModel<boolean>
  /** Capability: the number of columns that the data must have, if the fields contain coordinates. */
  readonly dim?: number | undefined
  /** Capability: it reads rows through `data` alone, never `points`, so it can start from a source. */
  readonly streams?: true
  /** Number of starts drawn from inner initializers to return one. Default: 1. */
  readonly makes?: number
  /** Problems with a setting, such as a score that lacks a capability. */
  readonly requirements?: (setting: Setting) => ProblemList
}

export interface Meaning extends StartClaims {
  /** Start of a score on data without problems in `requirements`, with the score's parameters in their shapes. */
  readonly start: (tools: Tools) => Start<string>
}

export interface Initializer extends Case.Value<'Initializer', Meaning> {}

/**
 * Defines custom initializers: parameters of a score, from the data and a key. They are printed, stored, explained and property-tested like
 * built-in ones.
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
export const { concept, define, show, formula, problems } = conceptModule<Initializer>(
  'Initializer',
  'where a pipeline starts'
)

const innerOf = (initializer: Initializer): ReadonlyArray<{ readonly path: string; readonly value: Initializer }> =>
  Case.innerDescriptions(initializer).flatMap(({ path, value }) =>
    concept.is(value) && Case.isSound(value) ? [{ path, value }] : []
  )

/** Problem of an initializer that cannot read a source; a function, since it prints centres, which can be many. */
const sourceProblem = (initializer: Initializer): Problem.Problem =>
  Problem.of(
    '',
    show(initializer),
    'one that reads the rows of a source a stretch at a time',
    'use Initializer.kMeansPlusPlus, or Stage.onSample, whose attempts start by it in memory, or give the rows in memory'
  )

/** Start of an initializer, or its problems; those of an inner initializer have their path. */
const startOrProblems = (initializer: Initializer, setting: Setting): Start<string> => {
  const { streams, requirements, start } = concept.meaning(initializer)
  const found = [
    ...(streams === true || !Source.isSource(setting.data) ? [] : [sourceProblem(initializer)]),
    ...(requirements?.(setting) ?? [])
  ]
  const inner = innerOf(initializer)
  const startWithin = (one: Initializer): Start<string> =>
    pipe(
      startOrProblems(one, setting),
      E.mapLeft(RA.map(Problem.within(inner.find(({ value }) => value === one)?.path ?? '')))
    )
  return found.length > 0 ? E.left(found) : start({ ...setting, start: startWithin })
}

/** Returns the number of starts that an initializer draws, nested ones multiplied. */
export const makes = (initializer: Initializer): number =>
  (concept.meaning(initializer).makes ?? 1) *
  innerOf(initializer).reduce((most, { value }) => Math.max(most, makes(value)), 1)

const claimFor = <A>(claim: OfModel<A>, model: Score.Model<string>): A =>
  typeof claim === 'function' ? (claim as (model: Score.Model<string>) => A)(model) : claim

interface Centres extends StartClaims {
  /** Draws the requested number of centres, [count, dim], for data without problems in `requirements`. */
  readonly centres: (asked: SettingOf) => (key: Key.Key) => NdArray
}

/**
 * Defines a custom initializer that draws centres, for mixture families. Weights start equal, and variances at the mean squared distance of
 * the data from the nearest centre, per coordinate. Learned covariances start at the common covariance of the rows about the means of those
 * that share a nearest centre.
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
          const own = startFromCentres(setting, asked => checkedCentres(word, asked, centres(asked)))
          return own ? E.right(own) : E.left([noCentres(Case.isValue(fields) ? Case.show(fields) : word, setting)])
        }
      }
    }
  })
}

/** Returns `draw` with a check of its results: throws if their shape is not [count, dim]. */
const checkedCentres =
  (word: string, { count, points: { dim } }: SettingOf, draw: Seeding.DrawArray): Seeding.DrawArray =>
  key => {
    const drawn = draw(key)
    const [rows, columns, ...more] = drawn.shape
    if (rows !== count || columns !== dim || more.length > 0)
      return refuse(
        `${word}: centres of shape ${shapeText(drawn.shape)} are not of shape [${count}, ${dim}]; give as many as are asked for`
      )
    const { length } = drawn.values
    return length === count * dim
      ? drawn
      : refuse(`${word}: centres of shape [${count}, ${dim}] have ${length} numbers; give ${count * dim}`)
  }

/** Draws centres and returns the parameters that start there; undefined if the score does not start from centres. */
export const startFromCentres = (
  setting: Setting,
  draw: (asked: SettingOf) => Seeding.DrawArray,
  spread: Seeding.StartingSpread = Seeding.startingSpread(setting.data)
): ((key: Key.Key) => Params.Params<string>) | undefined => {
  const start = scoreStart(setting)
  if (start === undefined) return undefined
  const centresOf = draw({ ...setting, count: start.count })
  const covarying = withCovariance(setting, spread)
  const placed = withPlaces(setting)
  return key => {
    const centres = centresOf(key)
    return placed(covarying(centres) ?? start.fromCentres(centres, spread.variance(centres)))
  }
}

/** Maximum number of rows read from a source for parameters that are not learned. */
const MAX_LOCATING_ROWS = 100_000

/** Adds the parameters that a family takes from the data and does not learn. */
export const withPlaces = ({ model, data }: Setting): ((params: Params.Params<string>) => Params.Params<string>) => {
  const placed = model.family?.placed
  if (placed === undefined) return params => params
  if (!Source.isSource(data)) return placed(data)
  const looked = Math.min(data.rows, MAX_LOCATING_ROWS)
  return placed(Source.selectedRows(RA.makeBy(looked, i => Math.floor((i * data.rows) / looked)))(data))
}

/**
 * Parameters with equal weights and a common covariance, that of the rows about the means of those nearest to each centre; null if the
 * family learns no covariance or the rows do not determine it.
 */
const withCovariance = (
  { model }: Setting,
  spread: Seeding.StartingSpread
): ((centres: NdArray) => Params.Params<string> | null) => {
  const second = model.family?.mStep?.second
  const fromMixture = model.family?.fromMixture
  if (fromMixture === undefined || (second !== 'diagonal' && second !== 'full')) return () => null
  return centres => {
    const factor = spread.factor(centres, second)
    if (factor === null) return null
    const [count, dim] = centres.shape
    const squares = factor.values.map(l => l * l)
    const variances = second === 'diagonal' ? squares : rowSums(squares, dim)
    return fromMixture({
      means: centres,
      weights: new Float64Array(count).fill(1 / count),
      variances: repeatValues(count, variances),
      factors: second === 'diagonal' ? null : { shape: [count, dim, dim], values: repeatValues(count, factor.values) }
    })
  }
}

const rowSums = (values: Float64Array, width: number): Float64Array =>
  new Float64Array(values.length / width).map((_, i) =>
    values.subarray(i * width, (i + 1) * width).reduce((sum, x) => sum + x, 0)
  )

const repeatValues = (times: number, values: Float64Array): Float64Array => concatenated(RA.makeBy(times, () => values))

/** Returns the function by which the score's family starts from centres; undefined if there is none. */
export const scoreStart = ({ model: { family }, points }: Setting): Score.CentreConversion<string> | undefined =>
  family && Score.familyStart(family, points.dim)

/** Returns the problem of an initializer that draws centres, for a score that does not start from them. */
export const noCentres = (code: string, { score, model: { family } }: Setting): Problem.Problem =>
  Problem.of(
    '',
    code,
    `one for ${Score.show(score)}, which ${family === undefined ? 'has no centres' : 'does not say how it starts from centres'}`,
    `use Initializer.gaussian, or Initializer.values with all parameters by name${family === undefined ? '' : ', or give the family its start'}`
  )

const makeSetting = <P extends string>(score: Score.Score<P>, data: Source.Data): Setting => ({
  score,
  model: Score.interpret(score),
  points: Source.pointsView(data),
  data
})

/**
 * Returns a function from centres [K, dim] to parameters, without the checks of `Initializer.centres`; null if the score does not start
 * from centres. Scores that start at equal centres can share `spread`.
 */
export const startAtCentres = <P extends string>(
  score: Score.Score<P>,
  data: Source.Data,
  spread: Seeding.StartingSpread
): ((centres: NdArray, key: Key.Key) => Params.Params<string> | null) => {
  const setting = makeSetting(score, data)
  return (centres, key) => startFromCentres(setting, () => () => centres, spread)?.(key) ?? null
}

/** Returns the start of a score on data, or all problems of the initializer with them. */
export const interpret =
  <P extends string>(score: Score.Score<P>, data: Source.Data) =>
  (initializer: Initializer): Start<P> => {
    const model = Score.interpret(score)
    const setting = makeSetting(score, data)
    const isSound = Case.isValue(initializer) && Case.parts(initializer).every(Case.isSound)
    const start: Start<string> = isSound ? startOrProblems(initializer, setting) : E.left([])
    const found = [...(E.isLeft(start) ? start.left : []), ...problems(initializer)]
    if (E.isLeft(start) || found.length > 0) return E.left(found.map(Problem.within('initializer')))
    const check = Params.checkedParams(model.shapes(data.dim))
    return E.right(key => check(start.right(key)))
  }

/** Returns the number of columns that an initializer requires; undefined if any. */
export const initializerDim = (initializer: Initializer): number | undefined => concept.meaning(initializer).dim

/** Returns the dependence of a score's start on the key. */
export const initializerDraws =
  (model: Score.Model<string>) =>
  (initializer: Initializer): Draws =>
    claimFor(concept.meaning(initializer).draws, model)

/** True if the start of a score moves with the data. */
export const startMovesWithData =
  (model: Score.Model<string>) =>
  (initializer: Initializer): boolean =>
    claimFor(concept.meaning(initializer).moves ?? false, model)

/** True if the start of a score rotates with the data. */
export const turns =
  (model: Score.Model<string>) =>
  (initializer: Initializer): boolean =>
    claimFor(concept.meaning(initializer).turns ?? false, model)
