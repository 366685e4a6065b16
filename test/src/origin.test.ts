/** No loss, start, stage, recipe or stop rule of ours knows where 0 is, nor the unit where the family has one of its own. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import {
  Case,
  Compile,
  Expectation,
  Field,
  Key,
  Mixture,
  Objective,
  Optimizer,
  type Params,
  Pipeline,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  type Points
} from '../../src/index.js'
import * as Initializer from '../../src/pipeline/initializer.js'
import type { NdArray } from '../../lib/index.js'
import { flattenParams } from '../../src/laws/check.js'
import type { Law } from '../../src/laws/law.js'
import { ofRow } from '../../src/laws/lawRows.js'
import { roundToGrid, shiftPoints, translationOf, translationLaw, offsets } from '../../src/laws/origin.js'
import { SEED, spread } from '../cases.js'
import { holdsAndSpeaks } from '../laws/holds.js'

type Any = Score.Score<string>
// The names of the parameters are forgotten, so that one table holds all.
const scores = {
  spherical: Score.spherical({ components: 3 }) as unknown as Any,
  isotropic: Score.isotropic({ components: 3 }) as unknown as Any,
  tiedIsotropic: Score.tiedIsotropic({ components: 3 }) as unknown as Any,
  diagonal: Score.diagonal({ components: 3 }) as unknown as Any,
  tiedDiagonal: Score.tiedDiagonal({ components: 3 }) as unknown as Any,
  tied: Score.tied({ components: 3 }) as unknown as Any,
  full: Score.full({ components: 3 }) as unknown as Any,
  lowRank: Score.lowRank({ components: 3, rank: 1 }) as unknown as Any
}
/** In general position: which of two rows is nearer must not hang on a rounding. */
const plain: Points.Points = { rows: 7, dim: 2, values: Key.normal(14)(Key.fromSeed(4)).map(z => 2 * z) }
const weighted: Points.Points = { ...plain, weights: Float64Array.of(0, 1, 2, 3, 0.5, 1, 1) }
const schedule = Schedule.ornsteinUhlenbeck

const objectives: Readonly<Record<string, Objective.Objective>> = {
  denoising: Objective.denoising(NoiseLevels.at(0.3)),
  'denoising over times': Objective.denoising(NoiseLevels.stratified(NoiseLevels.uniform(0.2, 1))),
  implicit: Objective.implicit(NoiseLevels.at(0.5)),
  'implicit by directions': Objective.implicit(NoiseLevels.at(0.5), { divergence: 'hutchinson' }),
  likelihood: Objective.likelihood
}
const plainNoise = { 'plain noise': Expectation.monteCarlo({ antithetic: true }) }
const expectations = (score: Any): Readonly<Record<string, Expectation.Expectation>> => {
  const projects = Score.interpret(score).family?.projection !== undefined
  return projects ? { ...plainNoise, 'projected noise': Expectation.projected() } : plainNoise
}

const centres = [[1, 1], [-1, 0.5], [2, -2]] // prettier-ignore
const initializers: Readonly<Record<string, Initializer.Initializer>> = {
  gaussian: Initializer.gaussian({ scale: 1 }),
  onSphere: Initializer.onSphere({ radius: 1 }),
  fromData: Initializer.fromData,
  kMeansPlusPlus: Initializer.kMeansPlusPlus,
  kMeans: Initializer.kMeans({ steps: 5 }),
  spectral: Initializer.spectral,
  hierarchical: Initializer.hierarchical(),
  momentsMatched: Initializer.momentsMatched,
  warmStart: Initializer.warmStart({ centres, radius: 0.5 }),
  values: Initializer.values(centres),
  bestOf: Initializer.bestOf(3)(Initializer.fromData),
  perturbed: Initializer.perturbed(0.1)(Initializer.fromData)
}

const descent = (objective: Objective.Objective, rules: object = {}): Stage.Stage =>
  Stage.descend({ objective, optimizer: Optimizer.gradientDescent({ rate: 0.2 }), steps: 20, ...rules })
const stages: Readonly<Record<string, Stage.Stage>> = {
  descent: descent(Objective.denoising(NoiseLevels.at(0.5))),
  'descent to a small gradient': descent(Objective.likelihood, { steps: 2000, gradientNorm: 1e-2 }),
  'descent to a small step': descent(Objective.likelihood, { steps: 2000, relativeChange: 1e-3 }),
  'descent with momentum': Stage.descend({
    objective: Objective.implicit(NoiseLevels.at(0.5)),
    optimizer: Optimizer.chain(Optimizer.trace(0.5), Optimizer.scale(-0.1)),
    steps: 20
  }),
  'noisy expectation–maximization': Stage.anneal([1, 0.3])(Stage.expectationMaximization({ steps: 5 })),
  'expectation–maximization': Stage.expectationMaximization({ steps: 500, relativeChange: 1e-4 }),
  restarts: Stage.restart(3)(Stage.expectationMaximization({ steps: 20 }))
}

const groups = (rows: number): Points.Points =>
  Mixture.sample(rows)(Key.fromSeed(5))(
    Mixture.of({
      means: [[0, 0], [4, 1], [1, 5]], // prettier-ignore
      variances: [1, 0.5, 0.7]
    })
  )

/** What asks for plain noise. */
const plainOnly = 'implicit by directions'

const { expectationMaximization, spectral, annealed, maximumLikelihood, twoStage } = Recipe
const recipes: Readonly<Record<string, Recipe.Recipe>> = {
  expectationMaximization,
  spectral,
  annealed,
  maximumLikelihood,
  twoStage,
  warmStart: Recipe.warmStart({ centres, radius: 0.5 })
}

const ofLosses = (score: Any): Readonly<Record<string, Law>> =>
  Object.fromEntries(
    Object.entries(objectives).flatMap(([name, objective]) =>
      Object.entries(name === plainOnly ? plainNoise : expectations(score)).flatMap(([noise, expectation]) =>
        [plain, weighted].map(points => [
          `${name}, ${noise}${points.weights ? ', weighted' : ''}`,
          ofRow(name, translationLaw({ schedule, score, objective, expectation }, points))
        ])
      )
    )
  )

/** Of every family each case; `npm test` takes some of all these, so that what is taken of one family is not what is taken of the next. */
const ofAll = <A>(every: number, of: (score: Any) => Readonly<Record<string, A>>) =>
  spread(every)(
    Object.entries(scores).flatMap(([family, score]) =>
      Object.entries(of(score)).map(([name, one]): readonly [string, string, Any, A] => [family, name, score, one])
    )
  )

/** An initializer that follows the data as they are moved: of itself, or else by its start of the data where they were. */
const movedInitializer = (by: number, score: Any, initializer: Initializer.Initializer): Initializer.Initializer =>
  Initializer.startMovesWithData(Score.interpret(score))(initializer)
    ? initializer
    : Initializer.define({
        name: 'carried',
        about: 'the start where the data were, moved with them',
        fields: { initializer: Field.of(Initializer.concept) },
        call: ['initializer'],
        meaning: ({ initializer }) => ({
          draws: Case.meaning(initializer).draws,
          start: ({ points }) => {
            const start = Problem.orThrow(Initializer.interpret(score, shiftPoints(-by)(points))(initializer))
            return E.right(key => translationOf(score, points.dim)(by)(start(key)))
          }
        })
      })(initializer)

/** Which rules ended the stages of a run, and where it ended. */
const endOf = (pipeline: Pipeline.Pipeline<string>, points: Points.Points, key: Key.Key) => {
  const states = [...Run.states(Problem.orThrow(Compile.pipeline(pipeline)(points)))(key)]
  const rules = states.map(({ status }) => ('rule' in status ? status.rule : status._tag))
  return { rules: rules.filter(rule => rule !== 'Running'), params: states[states.length - 1].params }
}

const isNear = (found: Params.Params<string>, wanted: Params.Params<string>, within: number): void => {
  const all = flattenParams(wanted)
  expect(flattenParams(found).filter((x, i) => !(Math.abs(x - all[i]) <= within))).toEqual([])
}

/**
 * On x + c, c ≤ 1e8, from a start that is c further, a run ends by the same rules, and at the same parameters except for the means, which are
 * c further. To 1e-7 + 1e3 · 2⁻⁵² c: the means are kept where the data are, and rounded there by 2⁻⁵³ c at each step; a rule of 1e-8 and
 * overlapping components magnify that.
 */
const runMoves = (
  pipelineOf: (points: Points.Points) => Pipeline.Pipeline<string>,
  on: Points.Points,
  numRuns: number
) => {
  const points = roundToGrid(on)
  fc.assert(
    fc.property(offsets(1e8), fc.nat(), (by, seed) => {
      const key = Key.fromSeed(seed)
      const first = pipelineOf(points)
      const wanted = endOf(first, points, key)
      const there = shiftPoints(by)(points)
      const pipeline = pipelineOf(there)
      const initializer = movedInitializer(by, pipeline.score, pipeline.initializer)
      const found = endOf({ ...pipeline, initializer }, there, key)
      expect(found.rules).toEqual(wanted.rules)
      const back = translationOf(first.score, points.dim)(-by)(found.params)
      isNear(back, wanted.params, 1e-7 + 1e3 * Number.EPSILON * Math.abs(by))
    }),
    { seed: SEED, numRuns, endOnFailure: true }
  )
}

it.each(ofAll(32, ofLosses))('of: %s, %s: the loss', (_, __, ___, law) => {
  holdsAndSpeaks(law, 2)
})
it.each(ofAll(16, () => initializers))('of: %s, a start by %s', (_, __, score, initializer) => {
  const pipeline = Pipeline.of({ schedule, score, initializer, stages: [] })
  runMoves(() => pipeline, plain, 2)
})
it.each(ofAll(16, () => stages))('of: %s, %s', (_, __, score, stage) => {
  const pipeline = Pipeline.of({ schedule, score, initializer: Initializer.values(centres), stages: [stage] })
  // So many rows that no component of any family closes in on one: there descent has no limit, and magnifies roundings.
  runMoves(() => pipeline, groups(60), 2)
})
it.each(ofAll(24, () => recipes))('of: %s, the recipe %s', (_, __, score, recipe) => {
  runMoves(recipe(score), groups(150), 2)
})

/**
 * On u x, u a power of two from 2⁻⁴ to 2¹⁰, while no variance comes to a floor, a recipe ends by the same rules, at means u times as far out,
 * variances u² times as large and the same weights. To 1e-6: the data are not rounded, but log u² is, and what a rule of 1e-8 leaves is
 * magnified.
 */
it.each(spread(8)(['expectationMaximization', 'spectral', 'annealed', 'maximumLikelihood', 'twoStage'] as const))(
  'the unit does not matter to %s',
  name => {
    const points = groups(150)
    const pipelineOf = Recipe[name](scores.isotropic)
    // Adam's ε of 1e-8 has the unit of a gradient: where those are some 1e-3 at the end, a step differs by some 1e-5 of itself.
    const within = name === 'maximumLikelihood' || name === 'twoStage' ? 1e-5 : 1e-6
    fc.assert(
      fc.property(fc.integer({ min: -4, max: 10 }), fc.nat(), (power, seed) => {
        const by = 2 ** power
        const key = Key.fromSeed(seed)
        const wanted = endOf(pipelineOf(points), points, key)
        const scaled = { ...points, values: points.values.map(x => by * x) }
        const { rules, params } = endOf(pipelineOf(scaled), scaled, key)
        expect(rules).toEqual(wanted.rules)
        const { means, logVariances, ...rest } = params
        const of = (array: NdArray, change: (x: number) => number): NdArray => ({
          ...array,
          values: array.values.map(change)
        })
        const back = {
          means: of(means, x => x / by),
          logVariances: of(logVariances, x => x - 2 * Math.log(by)),
          ...rest
        }
        Object.entries(back).forEach(([name, array]) => isNear({ it: array }, { it: wanted.params[name] }, within))
      }),
      { seed: SEED, numRuns: 2 }
    )
  }
)
