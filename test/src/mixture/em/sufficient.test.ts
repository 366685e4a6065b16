/** Families by statistics of their own: weights count as repeated rows, and what noises rows is refused. Laws hold their steps, in `research/parts`. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { add, div, Elementary, log, neg, transpose } from '../../../../lib/index.js'
import { laplace } from '../../../../examples/research/laplace.js'
import { studentT } from '../../../../examples/research/student-t.js'
import { vonMisesFisher } from '../../../../examples/research/von-mises-fisher.js'
import {
  Field,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Params,
  Problem,
  Run,
  Score,
  Stage,
  NoiseLevels,
  type Points
} from '../../../../src/index.js'
import { SEED } from '../../../cases.js'
import { compiled } from '../../../learned.js'
import { said } from '../../../said.js'

const numbers = Key.normal(30)(Key.fromSeed(SEED))
const line: Points.Points = { rows: 30, dim: 1, values: numbers.map((z, i) => 2 * z + (i % 3)) }
const sphere: Points.Points = {
  rows: 30,
  dim: 3,
  values: Float64Array.from(
    Array.from({ length: 30 }, (_, i) => Array.from(Key.normal(3)(Key.child(i)(Key.fromSeed(SEED))))).flatMap(x =>
      x.map(v => v / Math.hypot(...x))
    )
  )
}

const cases: ReadonlyArray<readonly [string, Score.Score<string>, Params.Params<string>, Points.Points]> = [
  ['laplace', laplace({ components: 2 }), Params.of({ means: [[-1], [2.1]], logScales: [0, 0], logits: [0, 0] }), line],
  [
    'studentT',
    studentT({ components: 2 }),
    Params.of({ means: [[-1], [2.1]], logScales: [0, 0], logNu: [1, 1], logits: [0, 0] }),
    line
  ],
  [
    'vonMisesFisher',
    vonMisesFisher({ components: 2 }),
    Params.of({ means: [[1, 0, 0.1], [0, -1, 0]], logits: [0, 0] }), // prettier-ignore
    sphere
  ]
]

const program = (
  score: Score.Score<string>,
  start: Params.Params<string>,
  points: Points.Points,
  stage: Stage.Stage
): ReturnType<typeof compiled<string>> => compiled(score, Initializer.values(start), [stage], points)

describe.each(cases)('%s', (_, score, start, points) => {
  const em = Stage.expectationMaximization({ steps: 40 })
  const run = (points: Points.Points): ReadonlyArray<Run.State<string>> => [
    ...Run.states(Problem.orThrow(program(score, start, points, em)))(Key.fromSeed(0))
  ]
  it('counts a row of twice the weight as two rows', () => {
    const twice = { ...points, weights: Float64Array.from({ length: points.rows }, (_, i) => (i === 4 ? 2 : 1)) }
    const repeated = {
      rows: points.rows + 1,
      dim: points.dim,
      values: Float64Array.from([...points.values, ...points.values.subarray(4 * points.dim, 5 * points.dim)])
    }
    const [a, b] = [run(twice), run(repeated)].map(states => Params.packed(states[3].params))
    a.forEach((x, i) => {
      expect(Math.abs(x - b[i])).toBeLessThan(1e-10 * (1 + Math.abs(x)))
    })
  })
  it('refuses noise, by its reason', () => {
    const descend = Stage.descend({
      objective: Objective.denoising(NoiseLevels.at(0.3)),
      optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
      steps: 1
    })
    expect(said(program(score, start, points, descend))).toMatch(
      /objective: Objective.denoising\(.*\) of Score\.\w+\(.*\) is not without noise, since .*; use Objective.likelihood/
    )
    expect(said(program(score, start, points, Stage.expectationMaximization({ steps: 1, time: 0.3 })))).toMatch(
      /a family with an M-step on rows with noise/
    )
    // By the likelihood, which noises nothing, it descends.
    const likelihood = Stage.descend({
      objective: Objective.likelihood,
      optimizer: Optimizer.gradientDescent({ rate: 0.01 }),
      steps: 3
    })
    expect(E.isRight(program(score, start, points, likelihood))).toBe(true)
  })
})

describe('a family of exponential distributions', () => {
  const four = { rows: 4, dim: 1, values: Float64Array.of(0.5, 1, 2, 4.5) }
  const of = (sufficient: Score.Sufficient<'means' | 'logits'>) =>
    Score.family({
      name: 'exponential',
      about: 'x ≥ 0 of mean c_k',
      fields: { components: Field.count({ suggestion: 1 }) },
      parameters:
        ({ components: K }) =>
        () => ({ means: [K, 1], logits: [K] }),
      logDensities:
        () =>
        ({ means }, x) =>
          neg(add(div(x, transpose(means)), log(transpose(means)))),
      onlyClean: 'noise goes below 0',
      sufficient: () => sufficient
    })({ components: 2 })
  const statistics: Score.Sufficient<'means' | 'logits'>['statistics'] = (_, x) => ({ sum: x })
  const end = (sufficient: Score.Sufficient<'means' | 'logits'>): Params.Params<string> => {
    const start = Params.of({ means: [[1], [3]], logits: [0, 0] })
    const asked = program(of(sufficient), start, four, Stage.expectationMaximization({ steps: 5 }))
    return Run.last(Problem.orThrow(asked))(Key.fromSeed(1)).params
  }
  it('is learned component by component as all at once', () => {
    const all = end({
      statistics,
      maximise: (_, { mass, sum }) =>
        Params.of({
          means: Array.from(mass.values, (m, k) => [sum.values[k] / m]),
          logits: Array.from(mass.values, Elementary.log)
        })
    })
    const each = end({ statistics, each: (_, { mass: [mass], sum: [sum] }) => ({ means: sum / mass }) })
    expect(each).toEqual(all)
    // Five steps climb to where the mean is that of the rows.
    const shares = all.logits.values.map(Math.exp)
    expect(Math.abs(shares[0] * all.means.values[0] + shares[1] * all.means.values[1] - 2)).toBeLessThan(1e-14)
  })
  it('refuses numbers that are not as many', () => {
    expect(() => end({ statistics, each: () => ({ means: [1, 2] }) })).toThrow(
      'each: means of shape [2, 1] is given 4 numbers by 2 components; give those of a component, or say `maximise` of all'
    )
  })
})
