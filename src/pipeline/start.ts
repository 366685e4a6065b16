/** What an initializer is: how one starts a score on data, what it claims of its starts, and how one is defined. */
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

/** How an initializer starts a score on data; or why it cannot. */
export type Start<P extends string> = E.Either<ProblemList, (key: Key.Key) => Params.Params<P>>

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
export interface StartClaims {
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
  readonly requirements?: (setting: Setting) => ProblemList
}

export interface Meaning extends StartClaims {
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
export const { concept, define, show, formula, problems } = conceptModule<Initializer>(
  'Initializer',
  'where a pipeline starts'
)

const innerOf = (initializer: Initializer): ReadonlyArray<{ readonly path: string; readonly value: Initializer }> =>
  Case.innerDescriptions(initializer).flatMap(({ path, value }) =>
    concept.is(value) && Case.isSound(value) ? [{ path, value }] : []
  )

/** Problem of an initializer that cannot read a source. Built only if there is one: it prints the initializer, and centres in many columns are long. */
const needsRowsInMemory = (initializer: Initializer): Problem.Problem =>
  Problem.of(
    '',
    show(initializer),
    'one that reads the rows of a source a stretch at a time',
    'use Initializer.kMeansPlusPlus, or Stage.onSample, whose attempts start by it in memory, or give the rows in memory'
  )

/** The start of a sound initializer, or why there is none; one that stands in its fields has its problems told with its place. */
const startOrProblems = (initializer: Initializer, setting: Setting): Start<string> => {
  const { streams, requirements, start } = concept.meaning(initializer)
  const found = [
    ...(streams === true || !Source.isSource(setting.data) ? [] : [needsRowsInMemory(initializer)]),
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

/** How many starts it makes, with those that it makes for each. */
export const makes = (initializer: Initializer): number =>
  (concept.meaning(initializer).makes ?? 1) *
  innerOf(initializer).reduce((most, { value }) => Math.max(most, makes(value)), 1)

const claimFor = <A>(claim: OfModel<A>, model: Score.Model<string>): A =>
  typeof claim === 'function' ? (claim as (model: Score.Model<string>) => A)(model) : claim

interface Centres extends StartClaims {
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
          const own = startFromCentres(setting, asked => checkedCentres(word, asked, centres(asked)))
          return own ? E.right(own) : E.left([noCentres(Case.isValue(fields) ? Case.show(fields) : word, setting)])
        }
      }
    }
  })
}

/** Centres of one's own are as many as were asked for, each with the coordinates of the data. */
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

/** Parameters with the centres that are drawn; undefined of a score that does not start from centres. */
export const startFromCentres = (
  setting: Setting,
  draw: (asked: SettingOf) => Seeding.DrawArray
): ((key: Key.Key) => Params.Params<string>) | undefined => {
  const start = scoreStart(setting)
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
export const withPlaces = ({ model, data }: Setting): ((params: Params.Params<string>) => Params.Params<string>) => {
  const placed = model.family?.placed
  if (placed === undefined) return params => params
  if (!Source.isSource(data)) return placed(data)
  const looked = Math.min(data.rows, LOOKED_AT)
  return placed(Source.selectedRows(RA.makeBy(looked, i => Math.floor((i * data.rows) / looked)))(data))
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
    const variances = second === 'diagonal' ? squares : rowSums(squares, dim)
    return fromMixture({
      means: centres,
      weights: new Float64Array(count).fill(1 / count),
      variances: repeatValues(count, variances),
      factors: second === 'diagonal' ? null : { shape: [count, dim, dim], values: repeatValues(count, factor.values) }
    })
  }
}

/** The sum of each row of a [·, width]. */
const rowSums = (values: Float64Array, width: number): Float64Array =>
  new Float64Array(values.length / width).map((_, i) =>
    values.subarray(i * width, (i + 1) * width).reduce((sum, x) => sum + x, 0)
  )

const repeatValues = (times: number, values: Float64Array): Float64Array => concatenated(RA.makeBy(times, () => values))

/** How the family of a score starts from centres; undefined of one that does not. */
export const scoreStart = ({ model: { family }, points }: Setting): Score.CentreConversion<string> | undefined =>
  family && Score.familyStart(family, points.dim)

/** The problem of an initializer that draws centres, for a score that has none or does not start from them. */
export const noCentres = (code: string, { score, model: { family } }: Setting): Problem.Problem =>
  Problem.of(
    '',
    code,
    `one for ${Score.show(score)}, which ${family === undefined ? 'has no centres' : 'does not say how it starts from centres'}`,
    `use Initializer.gaussian, or Initializer.values with all parameters by name${family === undefined ? '' : ', or give the family its start'}`
  )

// —— what is asked of one ——

const makeSetting = <P extends string>(score: Score.Score<P>, data: Source.Data): Setting => ({
  score,
  model: Score.interpret(score),
  points: Source.pointsView(data),
  data
})

/** Returns a function from centres [K, dim] to parameters, like `Initializer.centres` but without lists and checks; null if the score does not start from centres. */
export const startAtCentres = <P extends string>(
  score: Score.Score<P>,
  data: Source.Data
): ((centres: NdArray, key: Key.Key) => Params.Params<string> | null) => {
  const setting = makeSetting(score, data)
  return (centres, key) => startFromCentres(setting, () => () => centres)?.(key) ?? null
}

/** The start of a score on data, or all that is wrong with the initializer for them. */
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

/** The dimension of the data that an initializer is for; undefined where it takes any. */
export const initializerDim = (initializer: Initializer): number | undefined => concept.meaning(initializer).dim

/** Whether another key is another start of such a score. */
export const initializerDraws =
  (model: Score.Model<string>) =>
  (initializer: Initializer): Draws =>
    claimFor(concept.meaning(initializer).draws, model)

/** Whether a start of such a score moves with the data. */
export const startMovesWithData =
  (model: Score.Model<string>) =>
  (initializer: Initializer): boolean =>
    claimFor(concept.meaning(initializer).moves ?? false, model)

/** Whether it turns with the data. */
export const turns =
  (model: Score.Model<string>) =>
  (initializer: Initializer): boolean =>
    claimFor(concept.meaning(initializer).turns ?? false, model)
