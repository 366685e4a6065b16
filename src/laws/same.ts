import * as fc from 'fast-check'
import { refuse } from '../../lib/plain/refuse.js'
import type { Points } from '../data/points.js'
import {
  Case,
  Compile,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Pipeline,
  Rate,
  Run,
  Schedule,
  Score,
  TimeGrid,
  Weighting
} from '../index.js'
import * as Expectation from '../objective/expectation.js'
import * as Sampler from '../sampler/sampler.js'
import * as Arbitrary from './arbitraries.js'
import * as Chance from './chance.js'
import { compiledOrThrow, flattenParams, maxAbs } from './check.js'
import { forAll, ofRows, equals, sameBits, type LawBuilder, type LawSource } from './lawRows.js'
import type { Context, Instance } from './conform.js'
import * as Density from './density.js'
import { expectationCases, tileRows, drawNoise, valuesOverKeys } from './expectation.js'
import { sameStartDistribution } from './initializer.js'
import { paramsAlongWalk } from './optimizer.js'
import type { Laws } from './law.js'
import { sameObjective, type UpTo } from './objective.js'
import { codeOf, scripted } from './script.js'

export interface SameOptions extends Context {
  readonly upTo?: UpTo
}

const pair: Score.Score<string> = Score.symmetricPair

const two: Score.Score<string> = Score.spherical({ components: 2 })

type SameRule = (a: unknown, b: unknown, options: SameOptions) => ReadonlyArray<LawSource> | null

const sameRule =
  <T>(is: (u: unknown) => u is T, of: (a: T, b: T, options: SameOptions) => ReadonlyArray<LawSource>): SameRule =>
  (a, b, options) =>
    is(a) && is(b) ? of(a, b, options) : null

const KEYS_PER_MEAN = 200
const COPIES_PER_ROW = 30
/** Points that start at one x, for moments of samplers. */
const POINTS_PER_START = 1500

/** Keys of which noise is compared, each with ROWS_PER_DRAW rows: a mean square has the error √(2 · 2/40000) · 7 = 0.07. */
const NOISE_KEYS = 1000
const ROWS_PER_DRAW = 40
const NOISE_THRESHOLDS = [-1.5, -0.5, 0.5, 1.5]

const isRandomExpectation = (expectation: Expectation.Expectation): boolean => {
  const way = Expectation.interpret(expectation)
  return way.where === 'span' || (way.where === 'everywhere' && way.rows !== 'fixed')
}

/** Features of noise: entries, squares, indicators below each threshold, and products of two entries. */
const noiseFeatures = (z: Density.NumberRow): Density.NumberRow => [
  ...z,
  ...z.map(x => x * x),
  ...z.flatMap(x => NOISE_THRESHOLDS.map(place => (x <= place ? 1 : 0))),
  ...z.flatMap((x, j) => z.slice(j + 1).map(y => x * y))
]

const noiseFeatureMeans = (
  expectation: Expectation.Expectation,
  dim: number,
  seed: number
): ReadonlyArray<Density.NumberRow> => {
  const draw = drawNoise(Expectation.interpret(expectation), { rows: ROWS_PER_DRAW, dim })
  return Key.split(NOISE_KEYS)(Key.fromSeed(seed)).map(key => {
    const draws = draw(key)
    const weights = draws.flatMap(({ weight }) => Array.from({ length: ROWS_PER_DRAW }, () => weight / ROWS_PER_DRAW))
    const seen = draws.flatMap(({ values }) =>
      Density.listRows({ rows: ROWS_PER_DRAW, dim, values }).map(noiseFeatures)
    )
    return Density.weightedRowSum(weights, seen, seen[0].length)
  })
}

const sameNoiseLaw = (a: Expectation.Expectation, b: Expectation.Expectation): LawBuilder =>
  forAll(Arbitrary.ALL_DIMS.map(dim => fc.record({ dim: fc.constant(dim), seed: Arbitrary.seeds })))({
    name: 'the noise is of the same law',
    quantity: 'moment of the noise',
    statement: `∀ dimensions: over ${NOISE_KEYS} keys, ${ROWS_PER_DRAW} rows each, every coordinate has the same mean, mean square and shares below ${NOISE_THRESHOLDS.length} places, and every two of them the same mean product, up to 7 standard errors of their difference, which the samples give. A comparison of the same fails with probability below 1e-9; a shift by 0.1 is missed with probability below 1e-9 too.`,
    source: 'central limit theorem',
    maxCases: 3,
    says: ({ dim, seed }) => {
      const [found, wanted] = [a, b].map((expectation, i) => noiseFeatureMeans(expectation, dim, 2 * seed + i))
      return Chance.sameMeans(found, wanted)
    }
  })

const samePoints: Points = { rows: 6, dim: 1, values: Float64Array.of(-2, -1.5, -1, 1, 1.5, 2.5) }

const SAME_RULES: ReadonlyArray<SameRule> = [
  sameRule(Objective.concept.is, (a, b, { score = pair, schedule, upTo }) =>
    sameObjective(a, b, score, {
      ...(schedule && { schedules: fc.constant(schedule) }),
      ...(upTo && { upTo })
    })
  ),
  sameRule(Schedule.concept.is, (a, b) => [
    forAll(fc.record({ time: Arbitrary.timesBeforeEnd(b) }))({
      name: 'the levels are the same',
      statement: '∀ t: α(t) and σ(t) are the same, and times end at the same. To 1e-11 (1 + α + σ).',
      source: 'the stated formula',
      says: ({ time }) => {
        const [found, wanted] = [a, b].map(Schedule.level(time))
        const tolerance = 1e-11 * (1 + wanted.alpha + wanted.sigma)
        return [equals(found, wanted, tolerance), sameBits(Schedule.endTime(a), Schedule.endTime(b))]
      }
    })
  ]),
  sameRule(Weighting.concept.is, (a, b) => [
    forAll(
      Arbitrary.schedules.chain(schedule =>
        fc.record({ schedule: fc.constant(schedule), time: Arbitrary.times(schedule) })
      )
    )({
      name: 'the weights are the same',
      quantity: 'weight',
      statement: '∀ schedules, t: w(t) is the same. To 1e-11 (1 + w).',
      source: 'the stated formula',
      says: ({ schedule, time }) => {
        const [found, wanted] = [a, b].map(weighting => Weighting.interpret(schedule)(weighting)(time))
        return equals(found, wanted, 1e-11 * (1 + Math.abs(wanted)))
      }
    })
  ]),
  sameRule(Rate.concept.is, (a, b) => [
    forAll(fc.record({ step: fc.nat({ max: 200 }) }))({
      name: 'the rates are the same',
      quantity: 'rate',
      statement: '∀ steps n: the rate is the same. To 1e-12 of it.',
      source: 'the stated formula',
      says: ({ step }) => {
        const [found, wanted] = [a, b].map(rate => Rate.at(step)(rate))
        return equals(found, wanted, 1e-12 * (1 + Math.abs(wanted)))
      }
    })
  ]),
  sameRule(Score.concept.is, (a, b) => [
    forAll(
      Arbitrary.dims.chain(dim =>
        fc.record({
          params: Arbitrary.params(b)(dim),
          points: Arbitrary.points({ far: 10 })(dim),
          time: fc.integer({ min: 1, max: 15 }).map(k => k / 10)
        })
      )
    )({
      name: 'the scores are the same',
      statement: '∀ θ, t, x: s(x) is the same. To 1e-11 (1 + r²)(1 + |s|), r the size of points and parameters.',
      source: 'the stated formula',
      says: ({ params, points, time }) => {
        const [found, wanted] = [a, b].map(
          score => Score.evaluate(score, Schedule.ornsteinUhlenbeck)(params)(time)(points).values
        )
        const r = maxAbs([...points.values, ...flattenParams(params)])
        return equals(found, wanted, 1e-11 * (1 + r * r) * (1 + maxAbs(wanted)))
      }
    })
  ]),
  sameRule(Optimizer.concept.is, (a, b) => [
    forAll(fc.record({ walk: Arbitrary.walks }))({
      name: 'the trajectories are the same',
      statement: '∀ starts, gradients: from step to step the parameters are the same. To 1e-9 of the greatest.',
      source: 'the stated formula',
      says: ({ walk }) => {
        const [found, wanted] = [a, b].map(optimizer => paramsAlongWalk(optimizer, walk))
        return equals(found, wanted, 1e-9 * (1e-300 + maxAbs(wanted.flat())))
      }
    })
  ]),
  sameRule(Expectation.concept.is, (a, b, { score = pair }) => [
    isRandomExpectation(a) && isRandomExpectation(b) && sameNoiseLaw(a, b),
    forAll(expectationCases(score, [Objective.denoising, Objective.implicit]))({
      name: 'the means are the same',
      quantity: 'mean',
      statement: `∀ θ, x, t: the means over ${KEYS_PER_MEAN} keys of value and gradient, denoising and implicit, of every row ${COPIES_PER_ROW} times, are the same, up to 7 standard errors of their difference, which the samples give.`,
      source: 'law of large numbers',
      maxCases: 9,
      says: ({ points, seed, ...each }) => {
        const [found, wanted] = [a, b].map((expectation, i) => {
          const many = { ...each, points: tileRows(points, COPIES_PER_ROW), seed: 2 * seed + i }
          return valuesOverKeys(score, expectation, many, KEYS_PER_MEAN)
        })
        return Chance.sameMeans(found, wanted)
      }
    })
  ]),
  sameRule(Sampler.concept.is, (a, b) => [
    forAll(
      fc.record({
        schedule: fc.constantFrom(Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.cosine()),
        start: fc.tuple(Arbitrary.real(2), Arbitrary.real(2)),
        mean: Arbitrary.real(2),
        variance: fc.constantFrom(0.25, 0.5, 2),
        levels: fc.constantFrom([-3, -1, -0.5, 2], [-4, 1, 1.5], [-1, 0, 4]),
        seed: Arbitrary.seeds
      })
    )({
      name: 'the laws are the same',
      statement: `∀ schedules, x, c, v in two dimensions, grids of uneven steps: of ${POINTS_PER_START} points that start at x the first two moments after every step are the same, up to 7 standard errors of their difference.`,
      source: 'the stated formula; law of large numbers',
      maxCases: 20,
      says: ({ schedule, start, mean, variance, levels, seed }) => {
        const times = levels.map(level => Schedule.timeOfLogSnr(level)(schedule))
        const along: Sampler.ScoreFunction = ({ rows, dim, values }, time) => {
          const { alpha, sigma } = Schedule.level(time)(schedule)
          const u = alpha * alpha * variance + sigma * sigma
          return { rows, dim, values: values.map(x => (alpha * mean - x) / u) }
        }
        const from: Points = {
          rows: POINTS_PER_START,
          dim: 2,
          values: Float64Array.from({ length: 2 * POINTS_PER_START }, (_, i) => start[i % 2])
        }
        const [found, wanted] = [a, b].map((sampler, i) => {
          const grid = Sampler.movesAtLevel(sampler)
            ? TimeGrid.constant({ time: times[1], steps: 2 })
            : TimeGrid.listed(times)
          return Array.from(
            Sampler.transport(compiledOrThrow(Sampler.compile({ sampler, grid, schedule })))(along)(from)(
              Key.fromSeed(2 * seed + i)
            )
          ).map(({ points }) => Density.listRows(points))
        })
        return wanted.map((state, n) => {
          const middle = Density.weightedRowSum(
            state.map(() => 1 / state.length),
            state,
            2
          )
          const moments = (row: Density.NumberRow): Density.NumberRow => {
            const [x, y] = Density.subtractRows(row, middle)
            return [x, y, x * x, y * y, x * y]
          }
          return Chance.sameMeans(found[n].map(moments), state.map(moments))
        })
      }
    })
  ]),
  sameRule(Initializer.concept.is, (a, b, { score = two }) => [sameStartDistribution(a, b, score)]),
  sameRule(Pipeline.concept.is, (a, b, { points: given = samePoints }) => [
    forAll(fc.record({ seed: Arbitrary.seeds }))({
      name: 'the ends are the same',
      quantity: 'end points',
      statement: '∀ keys: both end at the same parameters. To 1e-9 of the greatest.',
      source: 'the stated pipeline',
      maxCases: 5,
      says: ({ seed }) => {
        const [found, wanted] = [a, b].map(pipeline =>
          flattenParams(Run.last(compiledOrThrow(Compile.pipeline(pipeline)(given)))(Key.fromSeed(seed)).params)
        )
        return equals(found, wanted, 1e-9 * (1 + maxAbs(wanted)))
      }
    })
  ])
]

/**
 * Returns the laws that two instances are the same: objectives by value and gradient (`upTo` a factor or a constant), scores, schedules,
 * weightings and rates by value, optimizers by trajectory, expectations in mean, samplers and initializers in distribution, pipelines by
 * parameters.
 *
 * @example
 * import fc from 'fast-check'
 * import { Objective, Optimizer, NoiseLevels } from 'ornstein'
 * import { square, sub, sum } from 'ornstein/float64'
 * import * as laws from 'ornstein/laws'
 *
 * const twice = Objective.custom('twice', NoiseLevels.at(0.3), ({ score, target }) => sum(square(sub(score, target)), 1))
 * laws.same(twice, Objective.denoising(NoiseLevels.at(0.3)), { upTo: { factor: 'any' } }).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 3 })
 * })
 * const [trajectories] = laws.same(Optimizer.adam({ rate: 0.1 }), Optimizer.chain(Optimizer.scaleByAdam(), Optimizer.scale(-0.1)))
 * fc.assert(trajectories.property, { seed: 1 })
 */
export const same = (a: Instance, b: Instance, options: SameOptions = {}): Laws => {
  const laws = ofRows(
    `${codeOf(a)} and ${codeOf(b)}`,
    SAME_RULES.flatMap(of => of(a, b, options) ?? [])
  )
  return laws.length > 0
    ? scripted({ by: 'same', of: [a, b, ...(Object.keys(options).length > 0 ? [options] : [])] }, laws)
    : refuse(
        `${Case.isValue(a) ? Case.show(a) : codeOf(a)}: two of its kind are not compared; give objectives, scores, schedules, weightings, rates, expectations, optimizers, samplers, initializers or pipelines`
      )
}
