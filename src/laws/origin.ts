/** Laws of origin and unit: where 0 is, and how long 1 is, are choices of whoever wrote the data down. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, type NdArray } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Loss } from '../compile/loss.js'
import type { Points } from '../data/points.js'
import type { Recipe } from '../pipeline/recipe.js'
import { Case, Compile, Field, Initializer, Params, Pipeline, Run, Score } from '../index.js'
import { compiled, flat, greatest } from './check.js'
import { forAll, ofRows, equals, sameBits, type Stated } from './lawRows.js'
import type { Law, Laws } from './law.js'
import { params as paramsOf, seeds } from './arbitraries.js'
import { mapRows, symmetriesOf } from './symmetries.js'

export interface OriginOptions {
  /** How far 0 is moved, at most. */
  readonly furthest?: number
  /** Multiplies the tolerance. */
  readonly slack?: number
}

export interface TranslationOptions<P extends string> extends OriginOptions {
  /** How many cases are enough, each of which is compiled by every plan; as many as are asked for unless given. */
  readonly maxCases?: number
  /** What evaluates a loss: all of its plans. */
  readonly plans?: typeof Compile.plans
  readonly params?: fc.Arbitrary<Params.Params<P>>
}

export interface RunTranslationOptions extends OriginOptions {
  readonly compile?: typeof Compile.pipeline
}

/** Data and parameters on this grid are moved by whole numbers up to 2²⁷ without being rounded. */
const GRID = 1 / 1048576

const onGrid = (x: number): number => Math.round(x / GRID) * GRID

const gridded = (points: Points): Points => ({ ...points, values: points.values.map(onGrid) })

/** Whole numbers of either sign, near and far. */
const offsets = (furthest: number): fc.Arbitrary<number> =>
  pipe(
    fc.tuple(
      fc.integer({ min: 0, max: String(Math.floor(furthest)).length - 1 }),
      fc.double({ min: 0.1, max: 1, noNaN: true })
    ),
    all => all.map(([digits, share]) => Math.round(Math.min(furthest, Number(`1e${digits + 1}`) * share)))
  ).chain(size => fc.constantFrom(size, -size))

type Move<P extends string> = (by: number) => (params: Params.Params<P>) => Params.Params<P>

/** How parameters follow data that are moved by one number in all columns. */
const moveOf = <P extends string>(score: Score.Score<P>, dim: number): Move<P> => {
  const { translate } = symmetriesOf(score)
  if (translate === undefined)
    return refuse(`${Score.show(score)} means something by 0, and cannot be moved with the data`)
  return by => translate(Array.from({ length: dim }, () => by))
}

const moved =
  (by: number) =>
  (points: Points): Points =>
    mapRows(row => row.map(x => x + by))(points)

/**
 * A loss does not know where 0 is: for the score of a mixture that may be moved.
 *
 * @example
 * import fc from 'fast-check'
 * import { Expectation, Objective, Schedule, Score, TimeLaw } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.denoising(TimeLaw.at(0.5)),
 *   expectation: Expectation.monteCarlo()
 * }
 * const points = { rows: 3, dim: 1, values: Float64Array.of(-2, 1, 2) }
 * laws.translation(loss, points).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 2 })
 * })
 */
export const translation = <P extends string>(
  loss: Loss<P>,
  points: Points,
  options: TranslationOptions<P> = {}
): Laws =>
  ofRows('laws.translation', [
    moves(
      {
        name: 'a loss does not know where 0 is',
        statement:
          '∀ θ, keys, plans, c ≤ 1e8: L(θ + c; x + c) = L(θ; x), and the same of ∇L. To 1e-10 (1 + |L| + |∇L|): data and centres lie on a grid of 2⁻²⁰, so that moving them rounds nothing; taking their differences is a sum of other roundings.'
      },
      loss,
      points,
      options
    )
  ])

/** The law of a loss that is moved, by the name that it is held by. */
export const moves = <P extends string>(
  said: Pick<Law, 'name' | 'statement'>,
  loss: Loss<P>,
  points: Points,
  options: TranslationOptions<P>
): Stated => {
  const {
    furthest = 1e8,
    slack = 1,
    maxCases,
    plans = Compile.plans,
    params = paramsOf(loss.score)(points.dim)
  } = options
  const here = gridded(points)
  const move = moveOf(loss.score, points.dim)
  const cases = fc.record({ params: params.map(Params.mapValues(onGrid)), by: offsets(furthest), seed: seeds })
  return forAll(cases)({
    ...said,
    source: 'a mixture moves with its data',
    ...(maxCases !== undefined && { maxCases }),
    says: ({ params, by, seed }) => {
      const key = Key.fromSeed(seed)
      const all = compiled(plans(loss)(here))
      return compiled(plans(loss)(moved(by)(here))).map(({ engine, evaluate }, i) => {
        const wanted = all[i].evaluate(params, key)
        const found = evaluate(move(by)(params), key)
        const tolerance = slack * 1e-10 * (1 + Math.abs(wanted.value) + greatest(flat(wanted.gradient)))
        return equals(
          { [engine]: [found.value, ...flat(found.gradient)] },
          { [engine]: [wanted.value, ...flat(wanted.gradient)] },
          tolerance
        )
      })
    }
  })
}

/** An initializer that follows the data as they are moved: of itself, or else by its start of the data where they were. */
const movedInitializer = <P extends string>(
  by: number,
  move: Move<P>,
  score: Score.Score<P>
): ((initializer: Initializer.Initializer) => Initializer.Initializer) => {
  // Whether it moves does not depend on what the parameters are called.
  const model = Score.interpret(score) as unknown as Score.Model<string>
  const carried = Initializer.define({
    name: 'carried',
    about: 'the start where the data were, moved with them',
    fields: { initializer: Field.of(Initializer.concept) },
    call: ['initializer'],
    draws: ({ initializer }, model) => Case.meaning(initializer).draws(model),
    starts:
      ({ initializer }) =>
      ({ points }) =>
        pipe(
          Initializer.interpret(score, moved(-by)(points))(initializer),
          E.map(start => key => move(by)(start(key)))
        )
  })
  return initializer => (Case.meaning(initializer).moves(model) ? initializer : carried(initializer))
}

/** Which rules ended the stages of a run, and where it ended. */
const endOf = <P extends string>(
  program: Compile.Program<P>,
  key: Key.Key
): { readonly rules: ReadonlyArray<string>; readonly params: Params.Params<P> } => {
  const states = [...Run.states(program)(key)]
  return {
    rules: states.flatMap(({ status }) =>
      status._tag === 'Running' ? [] : [status._tag === 'Failed' ? 'Failed' : status.rule]
    ),
    params: states[states.length - 1].params
  }
}

/**
 * A run does not know where 0 is, its start and its stop rules included.
 *
 * @example
 * import fc from 'fast-check'
 * import { Recipe, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const points = { rows: 4, dim: 1, values: Float64Array.of(-2, -1.5, 1.5, 2.25) }
 * const recipe = Recipe.expectationMaximization(Score.spherical({ components: 2 }))
 * laws.runTranslation(recipe, points).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 2 })
 * })
 */
export const runTranslation = <P extends string>(
  pipelineOf: (points: Points) => Pipeline.Pipeline<P>,
  points: Points,
  { furthest = 1e8, slack = 1, compile = Compile.pipeline }: RunTranslationOptions = {}
): Laws => {
  const here = gridded(points)
  const first = pipelineOf(here)
  const move = moveOf(first.score, points.dim)
  return ofRows(Pipeline.show(first), [
    forAll(fc.record({ by: offsets(furthest), seed: seeds }))({
      name: 'a run does not know where 0 is',
      statement:
        '∀ keys, c ≤ 1e8: on x + c, from a start that is c further, it ends by the same rules, and at the same parameters except for the means, which are c further. To 1e-7 + 1e3 · 2⁻⁵² c: the means are kept where the data are, and rounded there by 2⁻⁵³ c at each step; a rule of 1e-8 and overlapping components magnify that.',
      source: 'a mixture moves with its data',
      says: ({ by, seed }) => {
        const key = Key.fromSeed(seed)
        const wanted = endOf(compiled(compile(first)(here)), key)
        const there = moved(by)(here)
        const pipeline = pipelineOf(there)
        const initializer = movedInitializer(by, move, pipeline.score)(pipeline.initializer)
        const found = endOf(compiled(compile({ ...pipeline, initializer })(there)), key)
        const tolerance = slack * (1e-7 + 1e3 * Number.EPSILON * Math.abs(by))
        return [
          sameBits(found.rules, wanted.rules),
          equals(flat(move(-by)(found.params)), flat(wanted.params), tolerance)
        ]
      }
    })
  ])
}

/**
 * A recipe for a mixture with variances of its own does not know the unit of the data.
 *
 * @example
 * import fc from 'fast-check'
 * import { Recipe, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const points = { rows: 6, dim: 1, values: Float64Array.of(-2, -1.5, -1, 1, 1.5, 2.25) }
 * laws.unit(Recipe.expectationMaximization, Score.isotropic({ components: 2 }), points).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 2 })
 * })
 */
export const unit = <P extends string>(
  recipe: Recipe,
  score: Score.Score<P>,
  points: Points,
  { slack = 1 }: Pick<OriginOptions, 'slack'> = {}
): Laws => {
  const { family } = Score.interpret(score)
  if (family._tag === 'None' || family.value.unitVariance)
    return refuse(`${Score.show(score)} has a unit of its own, and the data are in it`)
  const inUnit = (by: number): ((params: Params.Params<P>) => Params.Params<P>) =>
    Params.map<NdArray, NdArray>(({ shape, values }, name) => ({
      shape,
      values: values.map(value =>
        name === 'means' ? by * value : name === 'logVariances' ? value + 2 * Elementary.log(by) : value
      )
    }))
  return ofRows(`a recipe for ${Score.show(score)}`, [
    forAll(fc.record({ power: fc.integer({ min: -4, max: 10 }), seed: seeds }))({
      name: 'a fit does not know the unit',
      statement:
        '∀ keys, powers of two u from 2⁻⁴ to 2¹⁰: on u x, while no variance comes to a floor, the recipe ends by the same rules, at means u times as far out, variances u² times as large and the same weights. To 1e-6: the data are not rounded, but log u² is, and what a rule of 1e-8 leaves is magnified.',
      source: 'a mixture scales with its data',
      says: ({ power, seed }) => {
        const key = Key.fromSeed(seed)
        const by = Elementary.powerOfTwo(power)
        const end = (on: Points): ReturnType<typeof endOf<P>> =>
          endOf(compiled(pipe(on, Compile.pipeline(recipe(score)(on)))), key)
        const wanted = end(points)
        const found = end(mapRows(row => row.map(x => by * x))(points))
        return [
          sameBits(found.rules, wanted.rules),
          equals(flat(inUnit(1 / by)(found.params)), flat(wanted.params), slack * 1e-6)
        ]
      }
    })
  ])
}
