/** The natural gradient of a mixture: expectation–maximization from a gradient, at a noise level with the paper's correction. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  ExpectationMaximization,
  Initializer,
  Key,
  Mixture,
  Objective,
  Parametrization,
  Params,
  Pipeline,
  type Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as NaturalGradient from '../../../src/optimizer/natural.js'
import * as Optimizer from '../../../src/optimizer/index.js'
import { ofVocabulary, type Asked } from '../mixture/families/families.js'
import { spread, once } from '../../cases.js'
import { said } from '../../said.js'

const truth = Mixture.of({
  means: [
    [-2, 0, 1],
    [2, 1, 0],
    [0, -3, 1]
  ],
  weights: [0.5, 0.3, 0.2],
  covariances: [
    [
      [1, 0.5, 0.1],
      [0.5, 1, 0.2],
      [0.1, 0.2, 2]
    ],
    [
      [1, -0.3, 0],
      [-0.3, 0.5, 0.1],
      [0, 0.1, 1]
    ],
    [
      [0.3, 0, 0],
      [0, 2, 0.5],
      [0, 0.5, 1]
    ]
  ]
})
const drawn = Mixture.sample(300)(Key.fromSeed(1))(truth)
const points: Points.Points = { ...drawn, weights: Float64Array.from({ length: 300 }, (_, i) => 1 + (i % 3)) }
const components = 3
const floor = 1e-6

/** Those whose M-step a gradient says. */
const told = (count: number): ReadonlyArray<Asked> =>
  ofVocabulary(count).filter(({ family: { mStep } }) => mStep?.fromGradient !== undefined)
const families = told(components)
const [{ score: one }, { score: another }] = families

const start = (score: Score.Score<string>): Params.Params<string> =>
  Problem.orThrow(pipe(Initializer.kMeansPlusPlus, Initializer.interpret(score, points)))(Key.fromSeed(2))

const descent = (
  score: Score.Score<string>,
  rate: number,
  steps: number,
  objective: Objective.Objective = Objective.likelihood,
  expectation?: Expectation.Expectation
): Pipeline.Pipeline<string> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.values(start(score)),
    stages: [
      Stage.descend({
        objective,
        ...(expectation && { expectation }),
        optimizer: Optimizer.chain(
          NaturalGradient.natural({ score, varianceFloor: floor }),
          Optimizer.scaleByRate(rate)
        ),
        steps
      })
    ]
  })

const reached = (pipeline: Pipeline.Pipeline<string>): Params.Params<string> =>
  Run.last(Problem.orThrow(Compile.pipeline(pipeline)(points)))(Key.fromSeed(3)).params

describe('Optimizer.natural', () => {
  once.each(families)('$name: at rate 1 it is expectation–maximization', ({ score, family }) => {
    const step = ExpectationMaximization.step(family, floor, points)
    const em = Array.from({ length: 10 }).reduce<Params.Params<string>>(params => step(params).params, start(score))
    const natural = reached(descent(score, 1, 10))
    Params.names(em).forEach(name => {
      // Logits say the same whatever is added to all of them.
      const shift = name === 'logits' ? natural[name].values[0] - em[name].values[0] : 0
      em[name].values.forEach((x, at) => {
        // Sums of 300 rows, and ten steps that hand their rounding on.
        expect(Math.abs(natural[name].values[at] - shift - x)).toBeLessThan(1e-10 * Math.max(1, Math.abs(x)))
      })
    })
  })

  it.each(spread(6)(families))('$name: a smaller rate goes that part of the way, and there', ({ score, family }) => {
    const from = start(score)
    const [whole, half] = [1, 0.5].map(rate => reached(descent(score, rate, 1)))
    Params.names(from).forEach(name => {
      from[name].values.forEach((x, at) => {
        expect(half[name].values[at]).toBeCloseTo((x + whole[name].values[at]) / 2, 12)
      })
    })
    const loss = ExpectationMaximization.loss(family, points)
    const path = [0, 1, 2, 4, 8, 200].map(steps => loss(reached(descent(score, 0.5, steps))))
    path.slice(1).forEach((value, i) => {
      expect(value).toBeLessThanOrEqual(path[i] + 1e-12)
    })
    // Half the rate is about twice the steps: 200 of them are further than 50 whole ones, and no further than 200.
    const [some, most] = [50, 200].map(steps => loss(reached(descent(score, 1, steps))))
    expect(path[5]).toBeLessThanOrEqual(some + 1e-9)
    expect(path[5]).toBeGreaterThanOrEqual(most - 1e-9)
  })

  const TIME = 0.3
  const noisyLevel = Schedule.level(TIME)(Schedule.ornsteinUhlenbeck)
  const noise: Points.Points = { rows: 300, dim: 3, values: Key.normal(900)(Key.fromSeed(5)) }
  const matching = Objective.implicit(NoiseLevels.at(TIME))

  once.each(told(1))(
    '$name: of one component, at a noise level it goes to the moments of the noisy rows',
    ({ score: alone, family: { mStep } }) => {
      const second = mStep?.second
      const found = reached(descent(alone, 1, 1, matching, Expectation.fixed(noise)))
      const mixture = pipe(found, Score.toMixture(alone), O.toNullable)
      const { alpha, sigma } = noisyLevel
      const weights = drawn.values.map((_, i) => (1 + (i % 3)) / 600).subarray(0, 300)
      const at = (i: number, j: number): number => alpha * drawn.values[3 * i + j] + sigma * noise.values[3 * i + j]
      const mean = [0, 1, 2].map(j => weights.reduce((sum, w, i) => sum + w * at(i, j), 0))
      const scatter = (a: number, b: number): number =>
        weights.reduce((sum, w, i) => sum + w * (at(i, a) - mean[a]) * (at(i, b) - mean[b]), 0)
      const round = (scatter(0, 0) + scatter(1, 1) + scatter(2, 2)) / 3
      const wanted = (a: number, b: number): number => {
        const own = a !== b && second !== 'full' ? 0 : second === 'trace' ? round : scatter(a, b)
        return (own - (a === b ? sigma * sigma : 0)) / (alpha * alpha)
      }
      const covariances = mixture === null ? [] : Array.from(Mixture.covariances(mixture).values)
      mean.forEach((m, j) => expect(found.means.values[j]).toBeCloseTo(m / alpha, 10))
      covariances.forEach((c, entry) => expect(c).toBeCloseTo(wanted(Math.floor(entry / 3), entry % 3), 10))
      expect(covariances).toHaveLength(9)
    }
  )

  once.each(families)(
    '$name: where components are apart, at a noise level it is expectation–maximization there, but for weights',
    ({ score }) => {
      const from = start(score)
      const apart = {
        ...from,
        means: { shape: [3, 3], values: drawn.values.map((_, at) => 60 * (at % 4)).slice(0, 9) }
      }
      const rows = {
        ...points,
        values: points.values.map((x, at) => x / 3 + apart.means.values[3 * (Math.floor(at / 3) % 3) + (at % 3)])
      }
      const pipeline = {
        ...descent(score, 1, 1, matching, Expectation.fixed(noise)),
        initializer: Initializer.values(apart)
      }
      const natural = Run.last(Problem.orThrow(Compile.pipeline(pipeline)(rows)))(Key.fromSeed(3)).params
      // Of the noisy rows as they are, whose maximiser is that at the level brought back to time 0.
      const { alpha, sigma } = noisyLevel
      const noisy = { ...rows, values: rows.values.map((x, at) => alpha * x + sigma * noise.values[at]) }
      const members = [0, 1, 2].map(k => noisy.values.filter((_, at) => Math.floor(at / 3) % 3 === k))
      members.forEach((values, k) => {
        const own = Array.from({ length: 100 }, (_, i) => i)
        const w = own.map(i => 1 + ((3 * i + k) % 3))
        const total = w.reduce((sum, x) => sum + x, 0)
        // Its step is W/π of the way from centre to mean, as weights are held.
        const held = total / 600 / (1 / 3)
        ;[0, 1, 2].forEach(j => {
          const mean = own.reduce((sum, i) => sum + w[i] * values[3 * i + j], 0) / total
          const old = apart.means.values[3 * k + j]
          expect(natural.means.values[3 * k + j]).toBeCloseTo(old + held * (mean / alpha - old), 8)
        })
      })
      expect(natural.logits.values.map(l => l - natural.logits.values[0])).toEqual(new Float64Array(3))
    }
  )

  once('is refused for an objective whose natural gradient it does not know', () => {
    const refused = (objective: Objective.Objective): string =>
      said(Compile.pipeline(descent(one, 1, 1, objective))(points))
    const at = NoiseLevels.at(TIME)
    const known = [Objective.denoising(at), Objective.implicit(at), Objective.likelihood]
    expect(known.map(refused)).toEqual(['', '', ''])
    const unknown = [
      Objective.denoising(NoiseLevels.uniform(0.1, 1)),
      Objective.denoising(at, Parametrization.noise),
      Objective.weight(2)(Objective.likelihood),
      Objective.sum([Objective.likelihood, Objective.denoising(at)])
    ]
    unknown.forEach(objective => expect(refused(objective)).toMatch(/for the likelihood, or for score matching at one/))
  })

  once('is refused for a family that a gradient does not say, and for parameters of another score', () => {
    const refused = (score: Score.Score<string>, of: Score.Score<string>): string =>
      said(
        Compile.pipeline({
          ...descent(score, 1, 1),
          stages: [
            Stage.descend({
              objective: Objective.likelihood,
              optimizer: Optimizer.chain(NaturalGradient.natural({ score: of }), Optimizer.scaleByRate(1)),
              steps: 1
            })
          ]
        })(points)
      )
    const lowRank = Score.lowRank({ components, rank: 1 })
    expect(refused(lowRank, lowRank)).toMatch(/of a family with a natural gradient/)
    expect(refused(one, another)).toMatch(/of the score that is learned; give it the same score/)
  })

  once('by hand it is told what the gradient is of, and takes nothing for granted', () => {
    const score = one
    const optimizer = Optimizer.chain(
      NaturalGradient.natural({ score, varianceFloor: floor }),
      Optimizer.scaleByRate(1)
    )
    const loss = {
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      objective: Objective.likelihood,
      expectation: Expectation.monteCarlo({})
    }
    const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)(points))
    const stepped = (subject?: Optimizer.Subject): Params.Params<string> =>
      Optimizer.step(
        optimizer,
        params => evaluate(params, Key.fromSeed(1)),
        subject
      )({ params: start(score), state: Optimizer.interpret(optimizer)<string>().init(start(score)) }).params
    const once = reached(descent(score, 1, 1))
    const given = stepped('likelihood')
    // Sums over rows may be taken in another order.
    Params.names(once).forEach(name =>
      once[name].values.forEach((x, at) => expect(given[name].values[at]).toBeCloseTo(x, 12))
    )
    expect(() => stepped()).toThrow(
      /subject: Optimizer\.step is not told what the gradient is of; give it 'likelihood'/
    )
    const use = { shapes: Score.shapes(points.dim)(score), random: null }
    expect(Optimizer.optimizerIncompatibilities({ ...use, subject: 'likelihood' })(optimizer)).toEqual([])
    expect(Optimizer.optimizerIncompatibilities(use)(optimizer)).toHaveLength(1)
  })
})
