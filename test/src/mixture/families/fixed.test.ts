/** Components that are known, whole or in part: what is held is held to its bits, and the rest is as likely as it can be. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { Key } from '../../../../lib/index.js'
import {
  Compile,
  Component,
  type Covariance,
  Expectation,
  ExpectationMaximization as EM,
  Initializer,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Problem,
  Recipe,
  Run,
  Schedule,
  Stage,
  NoiseLevels
} from '../../../../src/index.js'
import * as NaturalGradient from '../../../../src/optimizer/natural.js'
import type * as Points from '../../../../src/data/index.js'
import * as Score from '../../../../src/score/score.js'
import * as laws from '../../../../src/laws/index.js'
import * as Reductions from '../../../../lib/rows/reduction.js'
import { inLoops } from '../inLoops.js'
import { eStep } from '../../../../src/mixture/em/eStep.js'
import { rowsInMemory } from '../../../../src/mixture/dataRows.js'
import { step as splitAndMerge } from '../../../../src/mixture/em/splitAndMerge.js'
import { isSlow, spread, once } from '../../../cases.js'
import { compiled, learned } from '../../../learned.js'
import { there } from '../../../there.js'
import { allHold, holds } from '../../../laws/holds.js'
import { familyOf } from './families.js'

type P = Params.Params<string>
type S = Score.Score<string>

/** [a b; b d] */
const symmetric = (a: number, b: number, d: number): ReadonlyArray<ReadonlyArray<number>> => [
  [a, b],
  [b, d]
]

const truth = Mixture.of({
  means: [[0.25, -0.5], [-3, 1], [3, 2]], // prettier-ignore
  weights: [0.3, 0.3, 0.4],
  covariances: [symmetric(4, 1, 3), symmetric(0.5, 0.2, 0.7), symmetric(0.8, -0.3, 0.4)]
})
const points = Mixture.sample(240)(Key.fromSeed(11))(truth)

const known = {
  whole: Component.fixed({ mean: [0.25, -0.5], covariance: [4, 3], weight: 0.3 }),
  mean: Component.fixed({ mean: [0.25, -0.5] }),
  covariance: Component.fixed({ covariance: 1.75 }),
  weight: Component.fixed({ weight: 0.3 }),
  place: Component.fixed({ mean: 0.125, covariance: 2 })
}

const wide = Component.fixed({ mean: [0.25, -0.5], covariance: symmetric(4, 1, 3), weight: 0.3 })

const mixture = (covariance: Covariance.Name, components = 3): S => Score.mixture({ components, covariance })

/** Each with its numbers that are learned: of three components in two columns. */
const cases: ReadonlyArray<readonly [name: string, score: S, held: ReadonlyArray<Component.Fixed>, learned: number]> = [
  ['whole of full', mixture('VVV'), [wide], 4 + 6 + 1],
  ['whole of diagonal', mixture('VVI'), [known.whole], 4 + 4 + 1],
  ['place of spherical', mixture('VII'), [known.place], 4 + 2 + 2],
  ['mean of full', mixture('VVV'), [known.mean], 4 + 9 + 2],
  ['mean of spherical', mixture('VII'), [known.mean], 4 + 3 + 2],
  ['mean of diagonal', mixture('VVI'), [known.mean], 4 + 6 + 2],
  ['covariance of full', mixture('VVV'), [known.covariance], 6 + 6 + 2],
  ['weight of full', mixture('VVV'), [known.weight], 6 + 9 + 1],
  ['mean of one, weight of another', mixture('VVV'), [known.mean, known.weight], 4 + 9 + 1],
  ['all weights', mixture('VVI'), [0.25, 0.25, 0.5].map(weight => Component.fixed({ weight })), 6 + 6],
  ['mean and weight of tied', mixture('EEE'), [Component.fixed({ mean: 0, weight: 0.25 })], 4 + 3 + 1],
  ['mean of VVE', mixture('VVE'), [known.mean], 4 + 7 + 2]
]

const after = (
  score: S,
  stages: ReadonlyArray<Stage.Stage>,
  initializer: Initializer.Initializer = Initializer.kMeansPlusPlus
): P => learned(7)(score, initializer, stages, points)

const gradientOf = (
  score: S,
  objective: Objective.Objective,
  data: Points.Points = points
): ((params: P, key: Key.Key) => Compile.ValueAndGradient<string>) =>
  Problem.orThrow(
    Compile.valueAndGrad({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      objective,
      expectation: Expectation.monteCarlo()
    })(data)
  )

const mixtureOf = (score: S, params: P): Mixture.Mixture => there(O.toUndefined(Score.toMixture(score)(params)))

const rowsOf = (values: Float64Array): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i], values[2 * i + 1]])

/** The covariances of three components in two columns. */
const matrices = (of: Mixture.Mixture): ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>> => {
  const rows = rowsOf(Mixture.covariances(of).values)
  return [0, 1, 2].map(k => rows.slice(2 * k, 2 * k + 2))
}

/** What is held of the k-th component, as it is to stand in a mixture: bits of means and weights, and of covariances those of their own parameters. */
const isHeld = (score: S, held: ReadonlyArray<Component.Fixed>, params: P, from: P): void => {
  const found = mixtureOf(score, params)
  const before = mixtureOf(score, from)
  held.forEach(({ mean, covariance, weight }, k) => {
    if (mean !== null)
      expect([...found.means.values.subarray(2 * k, 2 * k + 2)]).toEqual(typeof mean === 'number' ? [mean, mean] : mean)
    if (weight !== null) expect(found.weights[k]).toBe(weight)
    if (covariance !== null) {
      const of = (mixture: Mixture.Mixture): ReadonlyArray<number> => matrices(mixture)[k].flat()
      expect(of(found)).toEqual(of(before))
      const wanted = [covariance].flat(2)
      const full =
        wanted.length === 4 ? wanted : wanted.length === 2 ? [wanted[0], 0, 0, wanted[1]] : [wanted[0], 0, 0, wanted[0]]
      of(found).forEach((x, at) => {
        expect(Math.abs(x - full[at])).toBeLessThan(1e-14 * 4)
      })
    }
  })
}

const descend = (optimizer: Optimizer.Optimizer, objective: Objective.Objective = Objective.likelihood): Stage.Stage =>
  Stage.descend({ objective, optimizer, steps: 5, expectation: Expectation.monteCarlo() })

const denoising = Objective.denoising(NoiseLevels.at(0.2))

describe.each(cases)('%s', (_, family, held, learned) => {
  const score = Score.withFixed(held)(family)
  const start = after(score, [])

  once('counts what is learned', () => {
    expect(Score.degreesOfFreedom(2)(score)).toBe(learned)
  })

  it.runIf(isSlow)('is held to its bits by every stage', () => {
    isHeld(score, held, start, start)
    const em = Stage.expectationMaximization({ steps: 5 })
    const stages: ReadonlyArray<Stage.Stage> = [
      em,
      Stage.anneal([0.5, 0.1])(em),
      descend(Optimizer.adam({ rate: 0.05 })),
      descend(Optimizer.adam({ rate: 0.05 }), denoising),
      // It shrinks all parameters, those of which nothing depends too.
      descend(Optimizer.adamW({ rate: 0.05, decay: 0.1 }), denoising),
      Stage.splitAndMerge({ steps: 2, attempts: 4, polish: 3 })
    ]
    for (const stage of stages) isHeld(score, held, after(score, [stage]), start)
    const recipe = Problem.orThrow(Compile.pipeline(Recipe.annealed(score)(points))(points))
    isHeld(score, held, Run.last(recipe)(Key.fromSeed(3)).params, start)
  })

  once('has the gradient 0 where it is held, and its parameters stay', () => {
    const { gradient } = gradientOf(score, denoising)(start, Key.fromSeed(2))
    const moved = after(score, [descend(Optimizer.adam({ rate: 0.05 }), denoising)])
    const stands = (name: string, k: number): void => {
      const width = start[name].values.length / 3
      const of = (params: P): Float64Array => params[name].values.slice(k * width, (k + 1) * width)
      expect(of(gradient).every(g => g === 0)).toBe(true)
      expect(of(moved)).toEqual(of(start))
    }
    held.forEach(({ mean, covariance, weight }, k) => {
      if (mean !== null) stands('means', k)
      if (weight !== null) stands('logits', k)
      if (covariance !== null)
        for (const name of Object.keys(start)) if (name !== 'means' && name !== 'logits') stands(name, k)
    })
    // And of what is learned some is not.
    expect(Params.norm(gradient)).toBeGreaterThan(1e-3)
    expect(Params.norm(Params.zipWith((a, b: number) => a - b)(moved, start))).toBeGreaterThan(1e-3)
  })

  once(
    'keeps the laws of scores: its density is of its mixture, and a step takes what is likeliest, at a level too',
    () => {
      allHold(laws.score(score).filter(({ name }) => /mixture|step/.test(name)), law => holds(law, 2)) // prettier-ignore
    }
  )

  once('has the gradient of its likelihood, and no step under a prior lowers the posterior', () => {
    const params = after(score, [Stage.expectationMaximization({ steps: 1 })])
    const { value, gradient } = gradientOf(score, Objective.likelihood)(params, Key.fromSeed(2))
    const loss = (of: P): number => -Mixture.meanLogDensity(points)(mixtureOf(score, of))
    expect(Math.abs(value - loss(params))).toBeLessThan(1e-12)
    // By differences of plain numbers: the third derivative times h² / 6, and rounding over h.
    const h = 1e-4
    for (const name of Object.keys(params))
      params[name].values.forEach((_, at) => {
        const moved = (by: number): number => {
          const values = params[name].values.map((x, i) => (i === at ? x + by : x))
          return loss({ ...params, [name]: { ...params[name], values } })
        }
        expect(Math.abs(gradient[name].values[at] - (moved(h) - moved(-h)) / (2 * h))).toBeLessThan(1e-6)
      })
    const step = EM.step(familyOf(score), 1e-6, points, 0.05)
    let last = step(start)
    for (let i = 0; i < 10; i++) {
      const next = step(last.params)
      expect(next.value).toBeLessThanOrEqual(last.value + 1e-12)
      last = next
    }
  })
})

once('two components of which only the weights are learned have the weight that is the root of one equation', () => {
  const sample = Mixture.sample(300)(Key.fromSeed(21))(
    Mixture.of({ means: [[0], [1.5]], weights: [0.35, 0.65], variances: [1, 0.25] })
  )
  const score = Score.withFixed([
    Component.fixed({ mean: 0, covariance: 1 }),
    Component.fixed({ mean: [1.5], covariance: 0.25 })
  ])(Score.full({ components: 2 })) as unknown as S
  const densities = Array.from(sample.values, x => [
    Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI),
    Math.exp(-2 * (x - 1.5) ** 2) / Math.sqrt(Math.PI / 2)
  ])
  const slope = (w: number): number => densities.reduce((sum, [a, b]) => sum + (a - b) / (w * a + (1 - w) * b), 0)
  let low = 0
  let high = 1
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (slope(middle) > 0) low = middle
    else high = middle
  }
  const step = EM.step(familyOf(score), 1e-6, sample)
  let params = there(familyOf(score).fromMixture)(Mixture.of({ means: [[0], [1]] }))
  for (let i = 0; i < 500; i++) params = step(params).params
  expect(Math.abs(mixtureOf(score, params).weights[0] - low)).toBeLessThan(1e-10)
  expect(Score.degreesOfFreedom(1)(score)).toBe(1)
  // And so it is by descent, whose gradient there is 0.
  const loss = gradientOf(score, Objective.likelihood, sample)
  expect(Params.norm(loss(params, Key.fromSeed(1)).gradient)).toBeLessThan(1e-10)
})

it.each(spread(4)(cases))('%s is in a program over many rows as in plain loops', (_, family, held) => {
  const score = Score.withFixed(held)(family)
  const of = familyOf(score)
  const start = after(score, [])
  const many = rowsInMemory(Mixture.sample(12_000)(Key.fromSeed(9))(truth))
  const mStep = there(of.mStep)
  for (const level of [
    { alpha: 1, sigma: 0 },
    { alpha: 0.8, sigma: 0.6 }
  ]) {
    const [program, loops] = [eStep(of, mStep, 2), inLoops(there(of.toMixture), mStep.second)].map(expected => {
      const { value, ...moments } = Reductions.evaluate(expected(start, level, many))
      return [value, ...Params.packed(mStep.maximise(start, moments, { level, floor: 1e-9, dim: 2 }))]
    })
    expect(program.length).toBe(loops.length)
    program.forEach((x, i) => {
      expect(Math.abs(x - loops[i])).toBeLessThan(1e-10 * (1 + Math.abs(loops[i])))
    })
  }
})

once('split and merge neither takes a known component nor halves it', () => {
  // The rows of the known component are two clusters, of which a free one at hand would gain by half.
  const rows = Mixture.sample(200)(Key.fromSeed(4))(
    Mixture.of({ means: [[-4], [4], [20]], weights: [0.4, 0.4, 0.2], variances: [0.1, 0.1, 0.1] })
  )
  const free = Mixture.of({ means: [[0], [20]], weights: [0.8, 0.2], variances: [16, 0.1] })
  const moved = (score: S): readonly [P, P] => {
    const of = familyOf(score)
    const start = there(of.fromMixture)(free)
    const options = { attempts: 4, polish: 10, varianceFloor: 1e-3, prior: null }
    return [start, splitAndMerge(of, options, rows)(start, Key.fromSeed(1)).params]
  }
  const known = Component.fixed({ mean: 0, covariance: 16 })
  const [start, found] = moved(Score.withFixed([known])(mixture('VII', 2)))
  expect(found).toEqual(start)
})

describe('starts', () => {
  once('put what is known in its place, and the others elsewhere', () => {
    const centres = [[5, 5], [-5, 5], [0.2, -0.4]] // prettier-ignore
    const score = Score.withFixed([known.mean])(mixture('VVV'))
    const { means } = after(score, [], Initializer.centres(centres))
    expect([...means.values]).toEqual([0.25, -0.5, 5, 5, -5, 5])
    // A mixture with them already in place stays in its order, though another mean is as near.
    const given = Mixture.of({
      means: [[0.25, -0.5], [1, 1], [0.25, -0.5]], // prettier-ignore
      variances: [1, 2, 3]
    })
    expect(mixtureOf(score, there(familyOf(score).fromMixture)(given)).means.values).toEqual(given.means.values)
  })

  once('need not have what is known: parameters that are given otherwise are the same mixture', () => {
    const score = Score.withFixed([known.whole])(mixture('VVI'))
    const start = after(score, [])
    const other = Params.map<Params.Params<string>[string], Params.Params<string>[string]>(({ shape, values }) => ({
      shape,
      values: values.map((x, at) => (at < values.length / 3 ? 7 : x))
    }))(start)
    expect(mixtureOf(score, other)).toEqual(mixtureOf(score, start))
  })
})

describe('what is refused', () => {
  const em = Stage.expectationMaximization({ steps: 1 })
  const both = mixture('VVV', 2)
  const of = (score: S): ReadonlyArray<string> =>
    Score.problems(points)(score).map(({ field, domain, remedy }) => `${field}: ${domain}; ${remedy}`)
  const holding = (score: S, ...held: ReadonlyArray<Component.Options>): S =>
    Score.withFixed(held.map(Component.fixed))(score)
  const equal = Score.mixture({ components: 2, covariance: 'VVV', weights: 'equal' }) as unknown as S
  const mean = { mean: [0.25, -0.5] }
  once.each<readonly [string, S, RegExp]>([
    ['a covariance where it is common', holding(mixture('EEE'), { covariance: 1 }), /of its own; take Score.full/],
    ['a covariance whose axes are common', holding(mixture('VVE'), { covariance: 1 }), /covariance of its own/],
    ['a covariance whose volume is common', holding(mixture('EVV'), { covariance: 1 }), /covariance of its own/],
    ['one that the family has not', holding(mixture('VII'), { covariance: [4, 3] }), /known\[0\]\.covariance: .*full/],
    ['a weight where all are equal', holding(equal, { weight: 0.3 }), /weights are learned; take weights: 'free'/],
    ['more than there are', holding(both, mean, mean, mean), /a list of 1 to 2/],
    ['none', holding(both), /a list of 1 to 2/],
    ['weights that leave nothing', holding(both, { weight: 1 }), /below 1 in all/],
    ['weights that are not 1 in all', holding(both, { weight: 0.3 }, { weight: 0.3 }), /1 in all; leave one out/],
    ['nothing known', holding(both, {}), /what is known of a component/],
    ['a mean of other columns', holding(both, { mean: [1, 2, 3] }), /one of 2 columns/],
    [
      'a mean and covariance of other columns',
      holding(both, { mean: [1, 2, 3], covariance: [1, 1] }),
      /as many columns/
    ],
    ['a covariance that is none', holding(both, { covariance: symmetric(1, 2, 1) }), /positive definite/],
    ['one that is not symmetric', holding(both, { covariance: [[1, 0.5], [0, 1]] }), /symmetric/], // prettier-ignore
    ['one that is not finite', holding(both, { mean: NaN }), /finite/],
    ['tails', holding(Score.withTails()(both), mean), /a family of Gaussians/],
    ['tails of it', Score.withTails()(holding(both, mean)), /a family of Gaussians/],
    ['a background beside it', Score.withBackground()(holding(both, mean)), /a family of Gaussians/],
    ['itself twice', holding(holding(both, mean), mean), /a family of Gaussians/]
  ])('%s', (_, score, wanted) => {
    expect(of(score).join('\n')).toMatch(wanted)
    expect(E.isLeft(compiled(score, Initializer.kMeansPlusPlus, [em], points))).toBe(true)
  })

  once('the natural gradient, which is read off a gradient that is not there', () => {
    const score = holding(both, mean)
    const natural = descend(Optimizer.chain(NaturalGradient.natural({ score }), Optimizer.scaleByRate(1)))
    expect(E.isLeft(compiled(score, Initializer.kMeansPlusPlus, [natural], points))).toBe(true)
  })

  once('and not the same without what is held', () => {
    expect(E.isRight(compiled(both, Initializer.kMeansPlusPlus, [em], points))).toBe(true)
  })
})

once('finds two clusters beside a background that is known', () => {
  const score = pipe(
    Score.full({ components: 3 }),
    Score.withFixed([Component.fixed({ mean: [0.25, -0.5], covariance: symmetric(4, 1, 3) })])
  ) as unknown as S
  const program = Problem.orThrow(Compile.pipeline(Recipe.annealed(score)(points))(points))
  const found = mixtureOf(score, Run.last(program)(Key.fromSeed(2)).params)
  const near = (mean: ReadonlyArray<number>): number =>
    Math.min(
      ...rowsOf(found.means.values)
        .slice(1)
        .map(row => Math.hypot(row[0] - mean[0], row[1] - mean[1]))
    )
  expect(Math.max(near([-3, 1]), near([3, 2]))).toBeLessThan(0.3)
  // As likely as the truth at least, which is one of the mixtures.
  expect(Mixture.meanLogDensity(points)(found)).toBeGreaterThan(Mixture.meanLogDensity(points)(truth))
  expect(O.isSome(Score.toMixture(score)(after(score, [])))).toBe(true)
})
