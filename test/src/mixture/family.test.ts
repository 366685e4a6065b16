/** Families of a user's own: learned, printed, stored and held to laws as ours are; and ours once more, by its log-densities. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import {
  add,
  div,
  exp,
  expandDims,
  log,
  logSoftmax,
  mul,
  neg,
  square,
  sub,
  sum,
  type NdArray
} from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  ExpectationMaximization,
  Field,
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
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'
import * as Params from '../../../src/core/params.js'
import * as laws from '../../../src/laws/index.js'
import { allHold } from '../../laws/holds.js'
import { spread } from '../../cases.js'
import { there } from '../../there.js'

type Names = 'means' | 'logits' | 'logVariances'

const components = Field.count({ suggestion: 2 })

/** Components that share one variance for each column, by the log-densities of its components alone. */
const parts = {
  about: 'one variance for each column, shared by all components',
  fields: { components },
  parameters:
    ({ components }: { readonly components: number }) =>
    (dim: number): Params.Shapes<Names> => ({
      means: [components, dim],
      logits: [components],
      logVariances: [dim]
    }),
  degreesOfFreedom:
    ({ components }: { readonly components: number }) =>
    (dim: number) =>
      components * (dim + 1) - 1 + dim,
  components:
    () =>
    ({ means, logits, logVariances }: Params.Tensors<Names>): Score.ComponentsOf => ({
      logWeights: logSoftmax(logits),
      centres: means,
      logDensity: (x, { alpha, sigma }) => {
        const u = add(mul(square(alpha), expandDims(exp(logVariances), 0)), square(sigma))
        const delta = sub(expandDims(x, 1), mul(expandDims(alpha, 2), expandDims(means, 0)))
        return mul(-0.5, sum(add(div(square(delta), expandDims(u, 1)), expandDims(log(mul(2 * Math.PI, u)), 1)), 2))
      }
    })
}

const plain = Score.family({ name: 'banded', ...parts })

const vector = (values: ArrayLike<number>): NdArray => ({ shape: [values.length], values: Float64Array.from(values) })
const each = <A>(count: number, f: (i: number) => A): ReadonlyArray<A> => Array.from({ length: count }, (_, i) => f(i))

const mStep: Score.MStep<Names> = {
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
  ...parts,
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
    const mine = Score.codec(Vocabulary.extend(Vocabulary.standard, [plain]))
    expect(mine.encode(score)).toEqual({ _tag: 'banded', components: 3 })
    expect(mine.decode({ _tag: 'banded', components: 3 })).toEqual(E.right(score))
    expect(E.isLeft(Score.codec(Vocabulary.standard).decode(mine.encode(score)))).toBe(true)
    expect(Score.degreesOfFreedom(2)(score)).toBe(10)
    expect(Score.problems({ rows: 2, dim: 2 })(score).map(Problem.show)).toEqual([
      'components: 3 exceeds the 2 rows of the table; ask for fewer components or give more data'
    ])
  })

  it('keeps the laws of scores', () => {
    allHold(laws.score(plain({ components: 2 })), ({ property }) => fc.assert(property, { seed: 1, numRuns: 1 }))
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
        objective: Objective.sum([Objective.implicit(TimeLaw.at(0.3)), Objective.likelihood]),
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
    expect(Params.isFinite(end(Recipe.annealed(score)(points)))).toBe(true)
  })

  it('is refused where a capability is missing, which is named', () => {
    const refusal = <P extends string>(pipeline: Pipeline.Pipeline<P>): string =>
      pipe(
        Compile.pipeline(pipeline)(points),
        E.fold(
          problems => problems.map(Problem.show).join('\n'),
          () => ''
        )
      )
    expect(refusal(Recipe.expectationMaximization(score)(points))).toContain(
      'Score.banded({ components: 3 }) is not that of a family with an M-step, as expectation–maximization needs'
    )
    const pipeline = Recipe.maximumLikelihood(score)(points)
    expect(refusal({ ...pipeline, initializer: Initializer.kMeansPlusPlus })).toContain('give the family its start')
    expect(refusal({ ...pipeline, stages: [Stage.splitAndMerge({ steps: 1 })] })).toContain(
      'give the family its fromMixture, toMixture and mStep'
    )
    const projected = Stage.descend({
      objective: Objective.denoising(TimeLaw.at(0.3)),
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

  it('no step lowers the likelihood, of the data or of noisy ones', () => {
    const { step, noisyStep } = ExpectationMaximization
    const start = Params.of({ means: [[1, 1], [4, 0], [1, 5]], logits: [0, 0, 0], logVariances: [0, 0] }) // prettier-ignore
    const level = { alpha: 0.8, sigma: 0.6 }
    const steps: ReadonlyArray<(params: Params.Params<Names>) => ExpectationMaximization.Taken<Names>> = [
      step(familyOf(score), 1e-6, points),
      // The same noise at each step: then it is one set of rows.
      params => noisyStep(familyOf(score), 1e-6, points, level)(params, Key.fromSeed(2))
    ]
    steps.forEach(step => {
      const values: number[] = []
      each(20, i => i).reduce(params => {
        const taken = step(params)
        values.push(taken.value)
        return taken.params
      }, start)
      values.slice(1).forEach((value, i) => expect(value).toBeLessThan(values[i] + 1e-13))
    })
  })

  it.each([
    ['annealed', Recipe.annealed],
    ['expectationMaximization', Recipe.expectationMaximization],
    ['spectral', Recipe.spectral]
  ])('is learned by Recipe.%s', (_, recipe) => {
    expect(lossOf(score, end(recipe(score)(points)))).toBeLessThan(entropy)
  })

  it('is moved out of a local maximum by splitting and merging', () => {
    const stuck = Params.of({
      means: [[0, 9], [0.1, 9], [3, 0]], // prettier-ignore
      logits: [0, 0, 1],
      logVariances: [1, 1]
    })
    const pipeline = Recipe.annealed(score)(points)
    const stages = [
      Stage.expectationMaximization({ steps: 50 }),
      Stage.splitAndMerge({ steps: 10 }),
      Stage.expectationMaximization({ steps: 50 })
    ]
    const from = (stages: ReadonlyArray<Stage.Stage>): number =>
      lossOf(score, end({ ...pipeline, initializer: Initializer.values(stuck), stages }))
    expect(from(stages.slice(0, 1))).toBeGreaterThan(entropy + 0.1)
    expect(from(stages)).toBeLessThan(entropy)
  })
})

describe('Score.isotropic once more, by its log-densities', () => {
  const count = 3
  const theirs = Score.isotropic({ components: count })
  const { mStep, start, fromMixture, toMixture, shifted, distance, projection, leastRows } = familyOf(theirs)
  const ours = Score.family({
    name: 'roundOnes',
    about: 'isotropic components, by their log-densities',
    parameters: () => Score.interpret(theirs).shapes,
    degreesOfFreedom: () => Score.interpret(theirs).degreesOfFreedom,
    components:
      () =>
      ({ means, logits, logVariances }, dim) => ({
        logWeights: logSoftmax(logits),
        centres: means,
        logDensity: (x, { alpha, sigma }) => {
          const u = add(mul(square(alpha), expandDims(exp(logVariances), 0)), square(sigma))
          const delta = sub(expandDims(x, 1), mul(expandDims(alpha, 2), expandDims(means, 0)))
          return neg(add(div(sum(square(delta), 2), mul(2, u)), mul(dim / 2, log(mul(2 * Math.PI, u)))))
        }
      }),
    mStep: () => there(mStep),
    start: () => there(start),
    fromMixture: () => there(fromMixture),
    toMixture: () => there(toMixture),
    shifted: () => there(shifted),
    distance: () => there(distance),
    projection: () => there(projection),
    leastRows: () => leastRows
  })
  const params = Params.of({
    means: [[0, 1], [5, 1], [0, 8]], // prettier-ignore
    logits: [0.3, -0.1, 0.2],
    logVariances: [0.5, -0.2, 1]
  })
  const flat = (of: Params.Params<string>): ReadonlyArray<number> =>
    Object.values(of).flatMap(({ values }) => Array.from(values))
  const close = (a: ReadonlyArray<number>, b: ReadonlyArray<number>, tolerance = 1e-12): void => {
    const size = 1 + Math.max(...b.map(Math.abs))
    a.forEach((x, i) => expect(Math.abs(x - b[i]) / size).toBeLessThan(tolerance))
  }

  it.each([
    ['likelihood', Objective.likelihood, Expectation.monteCarlo()],
    ['denoising', Objective.denoising(TimeLaw.at(0.3)), Expectation.monteCarlo({ antithetic: true })],
    ['implicit', Objective.implicit(TimeLaw.at(0.3)), Expectation.monteCarlo()],
    ['projected', Objective.denoising(TimeLaw.uniform(0.1, 1)), Expectation.projected()]
  ])('has the values and gradients: %s', (_, objective, expectation) => {
    const of = (score: Score.Score<Names>): Compile.ValueAndGradient<Names> =>
      Problem.orThrow(
        Compile.valueAndGrad({ schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation })(points)
      )(params, Key.fromSeed(6))
    const found = of(ours)
    const wanted = of(theirs)
    close([found.value, ...flat(found.gradient)], [wanted.value, ...flat(wanted.gradient)])
  })

  it.each(
    spread(4)([
      ['annealed', Recipe.annealed],
      ['expectationMaximization', Recipe.expectationMaximization],
      ['spectral', Recipe.spectral],
      ['twoStage', Recipe.twoStage],
      ['maximumLikelihood', Recipe.maximumLikelihood]
    ] as const)
  )('ends where Recipe.%s ends', (_, recipe) => {
    expect(recipe(ours)(points)).toEqual({ ...recipe(theirs)(points), score: ours })
    close(flat(end(recipe(ours)(points))), flat(end(recipe(theirs)(points))))
  })
})
