/** The derivative of an objective along a direction, and the objective that knows its teacher. */
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  type Points,
  Problem,
  Schedule,
  Score,
  NoiseLevels
} from '../../../src/index.js'
import * as Params from '../../../src/core/params.js'
import * as Objective from '../../../src/objective/index.js'
import { SEED, spread, once } from '../../cases.js'

const schedule = Schedule.ornsteinUhlenbeck
const time = NoiseLevels.at(0.1)

type Any = Score.Score<string>
const scores: ReadonlyArray<readonly [name: string, score: Any]> = [
  ['symmetricPair', Score.symmetricPair],
  ['isotropic', Score.isotropic({ components: 2 })],
  ['diagonal', Score.diagonal({ components: 2 })],
  ['tied', Score.tied({ components: 2 })],
  ['full', Score.full({ components: 2 })],
  ['lowRank', Score.lowRank({ components: 2, rank: 1 })]
]
const round = Mixture.of({
  means: [
    [-2, 0],
    [2, 1]
  ],
  weights: [1, 2],
  variances: [1, 0.7]
})
const general = Mixture.of({
  means: [
    [-2, 0],
    [2, 1]
  ],
  covariances: [
    [
      [1, 0.3],
      [0.3, 0.5]
    ],
    [
      [2, -1],
      [-1, 1]
    ]
  ]
})
const points: Points.Points = Mixture.sample(40)(Key.fromSeed(SEED))(round)
const noise = Expectation.fixed({ rows: 40, dim: 2, values: Key.normal(80)(Key.fromSeed(SEED + 1)) })

const objectives: ReadonlyArray<readonly [name: string, objective: Objective.Objective]> = [
  ['denoising', Objective.denoising(time)],
  ['implicit', Objective.implicit(time)],
  ['likelihood', Objective.likelihood],
  ['against round components', Objective.fisherDivergence(round, time)],
  ['against correlated components', Objective.fisherDivergence(general, time)],
  [
    'a weighted sum',
    Objective.weight(0.3)(Objective.sum([Objective.likelihood, Objective.fisherDivergence(round, time)]))
  ]
]

const gradientOf = (score: Any, objective: Objective.Objective) => {
  const [plan] = Problem.orThrow(Compile.plans({ schedule, score, objective, expectation: noise })(points))
  const unpacked = Params.unpacked(Score.shapes(2)(score))
  return {
    engine: plan.engine,
    at: (x: Float64Array) => {
      const { value, gradient } = plan.evaluate(unpacked(x), Key.fromSeed(0))
      return { value, gradient: Params.packed(gradient) }
    }
  }
}

describe.each(scores)('of %s', (_, score) => {
  const shapes = Score.shapes(2)(score)
  const size = Params.paramsSize(shapes)
  const draw = (seed: number): Float64Array => Key.normal(size)(Key.fromSeed(SEED + seed)).map(z => 0.5 * z)
  it.each(spread(8)(objectives))(
    '%s: its value is ⟨∇L, v⟩ and its gradient that product’s, in one program',
    (_, objective) => {
      const x = draw(2)
      const v = draw(3)
      const plain = gradientOf(score, objective)
      const along = gradientOf(score, Objective.directionalDerivative(Params.unpacked(shapes)(v))(objective))
      expect(along.engine).toBe('compiled')
      const { value, gradient } = along.at(x)
      const dot = (a: Float64Array): number => a.reduce((sum, g, i) => sum + g * v[i], 0)
      const scale = 1 + Math.sqrt(plain.at(x).gradient.reduce((sum, g) => sum + g * g, 0))
      expect(Math.abs(value - dot(plain.at(x).gradient))).toBeLessThan(1e-12 * scale)
      // Differences of sixth order: of functions whose seventh derivative is a million times their value h⁶ f⁽⁷⁾/140 is 1e-14 of it, and 2⁻⁵² f/h 2e-13.
      const h = 1e-3
      const at = (k: number): Float64Array => plain.at(x.map((a, i) => a + k * h * v[i])).gradient
      const [a, b, c, d, e, f] = [1, -1, 2, -2, 3, -3].map(at)
      const most = Math.max(1, ...gradient.map(Math.abs))
      gradient.forEach((g, i) => {
        const difference = (45 * (a[i] - b[i]) - 9 * (c[i] - d[i]) + (e[i] - f[i])) / (60 * h)
        expect(Math.abs(g - difference)).toBeLessThan(1e-8 * most)
      })
    }
  )
})

once('is one program for all directions', () => {
  const identity = (mean: number): unknown => {
    const v = Params.of({
      means: [
        [mean, 0],
        [0, 1]
      ],
      logits: [0, 1],
      logVariances: [1, 0]
    })
    const [{ term }] = Objective.terms(Objective.directionalDerivative(v)(Objective.implicit(time)))
    return Objective.isMatching(term) ? term.perRow : null
  }
  expect(identity(1)).toBe(identity(2))
  expect(identity(1)).not.toBeNull()
})

once('of a direction again is the third derivative', () => {
  const of = (objective: Objective.Objective) => gradientOf(Score.symmetricPair, objective)
  const v = Params.of({ mean: [1, 0.5] })
  const twice = of(
    Objective.directionalDerivative(v)(
      Objective.directionalDerivative(Params.of({ mean: [0, 1] }))(Objective.implicit(time))
    )
  )
  const once = of(Objective.directionalDerivative(Params.of({ mean: [0, 1] }))(Objective.implicit(time)))
  const x = Float64Array.of(0.8, -0.3)
  const { gradient } = once.at(x)
  expect(twice.at(x).value).toBeCloseTo(gradient[0] + 0.5 * gradient[1], 11)
})

once('refuses directions that are not of the parameters, and what is no mean over rows', () => {
  const compiled = (objective: Objective.Objective) =>
    Compile.plans({ schedule, score: Score.symmetricPair, objective, expectation: noise })(points)
  const said = (objective: Objective.Objective): string =>
    compiled(objective)._tag === 'Left'
      ? (compiled(objective) as { left: Problem.Problems }).left.map(Problem.show).join('\n')
      : ''
  expect(said(Objective.directionalDerivative(Params.of({ mean: [1] }))(Objective.implicit(time)))).toBe(
    'objective.direction.mean: shape [1] is not of shape [2]; reshape it to fit the score and the data'
  )
  expect(said(Objective.directionalDerivative(Params.of({ means: [1] }))(Objective.implicit(time)))).toMatch(
    /means is not a parameter/
  )
  expect(said(Objective.fisherDivergence(Mixture.of({ means: [[0]] }), time))).toBe(
    'objective.truth: a mixture in 1 dimensions is not one in 2, as the data are; give the truth as many columns as the data'
  )
})

describe('against a known mixture', () => {
  const loss = (objective: Objective.Objective) => gradientOf(Score.isotropic({ components: 2 }), objective)
  const truth = Params.packed(
    Params.of({
      means: [
        [-2, 0],
        [2, 1]
      ],
      logits: [0, Math.log(2)],
      logVariances: [0, Math.log(0.7)]
    })
  )
  once('is 0 at the truth', () => {
    // Two ways to the same score differ by a few roundings of numbers below 10.
    expect(loss(Objective.fisherDivergence(round, time)).at(truth).value).toBeLessThan(1e-28)
  })
  once('keeps its digits next to the truth: L(θ* + εv) = ½ε²⟨v, Hv⟩ (1 + O(ε))', () => {
    const v = Key.normal(truth.length)(Key.fromSeed(SEED))
    const of = loss(Objective.fisherDivergence(round, time))
    const { gradient } = loss(
      Objective.directionalDerivative(Params.unpacked(Score.shapes(2)(Score.isotropic({ components: 2 })))(v))(
        Objective.fisherDivergence(round, time)
      )
    ).at(truth)
    const curvature = gradient.reduce((sum, g, i) => sum + g * v[i], 0)
    for (const e of [1e-4, 1e-6]) {
      const there = of.at(truth.map((x, i) => x + e * v[i])).value
      // The third derivative adds a share of ε, and rounding one of 2⁻⁵²/ε.
      expect(Math.abs(there / (e * e * curvature) - 0.5)).toBeLessThan(30 * e + 1e-8)
    }
  })
})
