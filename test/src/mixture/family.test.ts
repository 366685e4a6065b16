/** Families of a user's own: learned, printed, stored and held to laws as ours are; and ours once more, by its log-densities. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import type { NdArray } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  ExpectationMaximization,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  type Pipeline,
  type Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  Vocabulary
} from '../../../src/index.js'
import * as Params from '../../../src/core/params.js'
import * as laws from '../../../src/laws/index.js'
import { bandedParts, type Banded } from '../../byHand.js'
import { allHold, holds } from '../../laws/holds.js'
import { said } from '../../said.js'
import { there } from '../../there.js'

const plain = Score.family({ name: 'banded', ...bandedParts })

const vector = (values: ArrayLike<number>): NdArray => ({ shape: [values.length], values: Float64Array.from(values) })
const each = <A>(count: number, f: (i: number) => A): ReadonlyArray<A> => Array.from({ length: count }, (_, i) => f(i))

const mStep: Score.MStep<Banded> = {
  second: 'diagonal',
  maximise: ({ means }, { mass, sums, second }, { level: { alpha, sigma }, floor, dim }) => {
    const moved = sums.map((sum, at) => sum / mass[Math.floor(at / dim)])
    const spread = each(dim, j =>
      mass.reduce((sum, m, k) => sum + second[k * dim + j] - m * moved[k * dim + j] ** 2, 0)
    )
    return {
      means: { ...means, values: means.values.map((c, at) => c + moved[at] / alpha) },
      logits: vector(mass.map(Math.log)),
      logVariances: vector(spread.map(v => Math.log(Math.max((v - sigma ** 2) / alpha ** 2, floor))))
    }
  }
}

const able = Score.family({
  name: 'ableBanded',
  ...bandedParts,
  mStep: () => mStep,
  fromMixture: () => mixture => {
    const { means, weights } = mixture
    const [, dim] = means.shape
    const { values } = Mixture.covariances(mixture)
    return {
      means,
      logits: vector(weights.map(Math.log)),
      logVariances: vector(
        each(dim, j => Math.log(weights.reduce((sum, w, k) => sum + w * values[(k * dim + j) * dim + j], 0)))
      )
    }
  },
  toMixture:
    () =>
    ({ means, logits, logVariances }) => {
      const masses = logits.values.map(Math.exp)
      const total = masses.reduce((a, b) => a + b, 0)
      return {
        means,
        weights: masses.map(m => m / total),
        variances: Float64Array.from(each(masses.length, () => Array.from(logVariances.values, Math.exp)).flat()),
        factors: null
      }
    },
  shifted: () => by => params => ({
    ...params,
    means: { ...params.means, values: params.means.values.map((c, at) => c + by[at % by.length]) }
  })
})

const truth = Mixture.of({
  means: [[0, 0], [6, 1], [0, 9]], // prettier-ignore
  weights: [0.5, 0.3, 0.2],
  variances: [[0.25, 4], [0.25, 4], [0.25, 4]] // prettier-ignore
})
const points = Mixture.sample(300)(Key.fromSeed(1))(truth)

const end = <P extends string>(pipeline: Pipeline.Pipeline<P>, on: Points.Points = points): Params.Params<P> =>
  Run.last(Problem.orThrow(Compile.pipeline(pipeline)(on)))(Key.fromSeed(3)).params

const familyOf = <P extends string>(score: Score.Score<P>): Score.Family<P> => there(Score.interpret(score).family)

const lossOf = <P extends string>(score: Score.Score<P>, params: Params.Params<P>): number =>
  ExpectationMaximization.loss(familyOf(score), points)(params)

const entropy = -Mixture.meanLogDensity(points)(truth)

describe('a family given by the log-densities of its components alone', () => {
  const score = plain({ components: 3 })

  it('is printed, stored and read back', () => {
    expect(Score.show(score)).toBe('Score.banded({ components: 3 })')
    const mine = Vocabulary.codec(Vocabulary.extend(Vocabulary.standard, [plain]))(Score.concept)
    expect(mine.encode(score)).toEqual({ _tag: 'banded', components: 3 })
    expect(mine.decode({ _tag: 'banded', components: 3 })).toEqual(E.right(score))
    expect(E.isLeft(Vocabulary.codec(Vocabulary.standard)(Score.concept).decode(mine.encode(score)))).toBe(true)
    expect(Score.degreesOfFreedom(2)(score)).toBe(10)
    expect(Score.problems({ rows: 2, dim: 2 })(score).map(Problem.show)).toEqual([
      'components: 3 exceeds the 2 rows of the table; ask for fewer components or give more data'
    ])
  })

  it('has the loss and the score of the mixture that it is', () => {
    const params = Params.of({
      means: [[0, 0], [6, 1], [0, 9]], // prettier-ignore
      logits: [5, 3, 2].map(Math.log),
      logVariances: [0.25, 4].map(Math.log)
    })
    expect(lossOf(score, params)).toBeCloseTo(entropy, 12)
    const level = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(0.3))
    const found = Score.evaluate(score, Schedule.ornsteinUhlenbeck)(params)(0.3)(points)
    const wanted = pipe(truth, Mixture.diffuse(level), Mixture.score(points))
    found.values.forEach((value, i) => expect(Math.abs(value - wanted.values[i])).toBeLessThan(1e-12))
  })

  it('is learned by one program over the rows, which is the interpreter’s number', () => {
    const plans = Problem.orThrow(
      Compile.plans({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        objective: Objective.sum([Objective.implicit(NoiseLevels.at(0.3)), Objective.likelihood]),
        expectation: Expectation.monteCarlo()
      })(points)
    )
    expect(plans.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
    const params = Params.of({ means: [[0, 0], [5, 1], [0, 8]], logits: [0, 0.1, 0.2], logVariances: [0, 1] }) // prettier-ignore
    const [one, other] = plans.map(({ evaluate }) => evaluate(params, Key.fromSeed(4)))
    expect(Math.abs(one.value - other.value)).toBeLessThan(1e-12 * Math.abs(other.value))
  })

  it('is learned by descent, in every recipe that asks for no more', () => {
    const start = Initializer.values(
      Params.of({ means: [[1, 1], [4, 0], [1, 5]], logits: [0, 0, 0], logVariances: [0, 0] }) // prettier-ignore
    )
    const learned = end({ ...Recipe.maximumLikelihood(score)(points), initializer: start })
    expect(lossOf(score, learned)).toBeLessThan(entropy)
    expect(lossOf(score, end({ ...Recipe.twoStage(score)(points), initializer: start }))).toBeLessThan(entropy + 0.05)
    expect(lossOf(score, end({ ...Recipe.annealed(score)(points), initializer: start }))).toBeLessThan(entropy)
    expect(Params.isFiniteParams(end(Recipe.annealed(score)(points)))).toBe(true)
  })

  it('is refused where a capability is missing, which is named', () => {
    const refusal = <P extends string>(pipeline: Pipeline.Pipeline<P>): string =>
      said(Compile.pipeline(pipeline)(points))
    expect(refusal(Recipe.expectationMaximization(score)(points))).toContain(
      'Score.banded({ components: 3 }) is not that of a family with an M-step, as expectation–maximization needs'
    )
    const pipeline = Recipe.maximumLikelihood(score)(points)
    expect(refusal({ ...pipeline, initializer: Initializer.kMeansPlusPlus })).toContain('give the family its start')
    expect(refusal({ ...pipeline, stages: [Stage.splitAndMerge({ steps: 1 })] })).toContain(
      'give the family its fromMixture, toMixture and mStep'
    )
    const projected = Stage.descend({
      objective: Objective.denoising(NoiseLevels.at(0.3)),
      expectation: Expectation.projected(),
      optimizer: Optimizer.adam({ rate: 0.1 }),
      steps: 3
    })
    expect(refusal({ ...pipeline, stages: [projected] })).toContain('by its projection')
  })
})

describe('with an M-step, and the way from and to mixtures', () => {
  const score = able({ components: 3 })

  it('one component is the mean and the variances of the data, after one step', () => {
    const one = familyOf(able({ components: 1 }))
    const start = Params.of({ means: [[3, -2]], logits: [0], logVariances: [1, 2] }) // prettier-ignore
    const { params } = ExpectationMaximization.step(one, 1e-6, points)(start)
    const mean = each(2, j => points.values.reduce((sum, x, at) => (at % 2 === j ? sum + x / points.rows : sum), 0))
    mean.forEach((m, j) => {
      expect(params.means.values[j]).toBeCloseTo(m, 12)
      const variance = points.values.reduce((sum, x, at) => (at % 2 === j ? sum + (x - m) ** 2 / points.rows : sum), 0)
      expect(Math.exp(params.logVariances.values[j])).toBeCloseTo(variance, 11)
    })
  })

  it('keeps the laws of scores: a step takes what is likeliest, at a level too', () => {
    allHold(laws.score(able({ components: 2 })), law => holds(law, 1))
  })

  it.each([
    ['annealed', Recipe.annealed],
    ['expectationMaximization', Recipe.expectationMaximization],
    ['spectral', Recipe.spectral]
  ])('is learned by Recipe.%s', (_, recipe) => {
    expect(lossOf(score, end(recipe(score)(points)))).toBeLessThan(entropy)
  })
})
