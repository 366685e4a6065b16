/** A user's own functions are tried before anything is learned: what is wrong with them has a name, shapes and a remedy. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { add, div, log, matMul, mean, mul, neg, reshape, square, sub, sum, type Tensor } from '../../../lib/index.js'
import {
  Expectation,
  Field,
  Key,
  Compile,
  Initializer,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Pipeline,
  type Points,
  Problem,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import { golden } from '../../golden/golden.js'

const points: Points.Points = { rows: 4, dim: 2, values: Float64Array.of(-2, -1, 1, 2, 0.5, 3, -1, 1) }

type Apply = Score.Custom<'matrix'>['apply']
const network = (apply: Apply, predicts?: Parametrization.Parametrization): Score.Score<'matrix'> =>
  Score.custom({ name: 'own', shapes: dim => ({ matrix: [dim, dim] }), apply, ...(predicts && { predicts }) })

const objective = Objective.denoising(NoiseLevels.uniform(0.1, 1))
const custom = (perRow: Objective.Matching['perRow']): Objective.Objective =>
  Objective.custom('own loss', NoiseLevels.at(0.5), perRow)

const compiled = (score: Score.Score<'matrix'>, of: Objective.Objective = objective): ReadonlyArray<string> => {
  const found = pipe(
    points,
    Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        initializer: Initializer.values(
          Params.of({
            matrix: [
              [1, 0.5],
              [0, 2]
            ]
          })
        ),
        stages: [Stage.descend({ objective: of, optimizer: Optimizer.gradientDescent({ rate: 0.1 }), steps: 1 })]
      })
    )
  )
  return E.isLeft(found) ? found.left.map(Problem.show) : []
}

const linear: Apply = ({ matrix }, x) => neg(matMul(x, matrix))

const error = ({ score, target }: Objective.Row): Tensor => square(sub(score, target))
const mixing = ({ score }: Objective.Row): Tensor => add(sum(square(score), 1), sum(score))
const mixed: Apply = (params, x, level) => sub(linear(params, x, level), mean(x, 0, true))
const ofLoss = (perRow: Objective.Matching['perRow']): ReadonlyArray<string> =>
  compiled(network(linear), custom(perRow))
const broken = (): never => {
  throw new Error('no shape')
}
/** Cases of one's own under names that the library has. */
const denoising = Objective.define({
  name: 'denoising',
  about: 'not what its name says',
  fields: { noiseLevels: NoiseLevels.field },
  meaning: ({ noiseLevels }) => ({ noiseLevels, perRow: mixing })
})
const isotropic = Score.define({
  name: 'isotropic',
  about: 'not what its name says',
  parameters: () => dim => ({ matrix: [dim, dim] }),
  apply: () => mixed
})
const schedule = (change: Partial<Parameters<typeof Schedule.custom>[0]>): ReadonlyArray<string> =>
  Schedule.problems(Schedule.custom({ name: 'own', alpha: t => 1 - t, sigma: t => t, until: 1, ...change })).map(
    Problem.show
  )
/** Between two of 65 times, and wider than the distance of two of 4225. */
const dent =
  (value: number) =>
  (t: number): number =>
    Math.abs(t - 0.5 - 1 / 130) < 1 / 3000 ? value : t

const tried: Readonly<Record<string, () => ReadonlyArray<string>>> = {
  'a score that is a function of rows': () => compiled(network(linear)),
  'one of the noise': () => compiled(network(linear, Parametrization.noise)),
  'a score of shape [n, 1]': () => compiled(network((_, x) => sum(x, 1, true))),
  'a score of shape [n]': () => compiled(network((_, x) => sum(x, 1))),
  'a score that is a scalar': () => compiled(network((_, x) => sum(x))),
  // JavaScript knows no types.
  'a score that is 1': () => compiled(network(() => 1 as unknown as Tensor)),
  'a score of shape [d, n]': () => compiled(network((_, x) => reshape(x, [2, -1]))),
  'a score that throws': () => compiled(network(({ matrix }, x) => matMul(x, reshape(matrix, [1, 4])))),
  'a score that mixes rows': () => compiled(network(mixed)),
  'a score that is not finite where the run starts': () =>
    compiled(network(({ matrix }, x) => mul(x, log(neg(sum(square(matrix))))))),
  'a score whose shapes throw': () => compiled(Score.custom<'matrix'>({ name: 'own', shapes: broken, apply: linear })),
  'a score under a name of the library': () => compiled(isotropic),
  'an objective that gives each row a number': () => ofLoss(row => sum(error(row), 1)),
  'an objective of shape [n, 1]': () => ofLoss(row => sum(error(row), 1, true)),
  'an objective of shape [n, d]': () => ofLoss(error),
  'an objective that is a mean over rows': () => ofLoss(row => mean(error(row))),
  'an objective that mixes rows': () => ofLoss(row => div(sum(error(row), 1), sum(error(row)))),
  'an objective that throws': () => ofLoss(row => sum(matMul(row.noise, row.clean), 1)),
  'an objective that is not finite': () => ofLoss(row => log(neg(add(1, sum(error(row), 1))))),
  'an objective under a name of the library': () =>
    compiled(network(linear), denoising({ noiseLevels: NoiseLevels.at(0.5) })),
  'an objective within others': () =>
    compiled(network(linear), Objective.weight(2)(Objective.sum([objective, custom(mixing)]))),
  'a schedule that is right where α and σ are': () => schedule({}),
  'a schedule with σ < 0 in between': () => schedule({ sigma: dent(-0.1) }).slice(0, 1),
  'a schedule with σ = NaN in between': () => schedule({ sigma: dent(NaN) }).slice(0, 1),
  'a schedule with σ = ∞ in between': () => schedule({ sigma: dent(Infinity) }).slice(0, 1),
  'a schedule with σ < 0 at an end': () => schedule({ sigma: t => (t === 0 ? -1e-9 : t) }).slice(0, 1),
  'a schedule that throws': () => schedule({ alpha: broken }).slice(0, 1),
  // As above.
  'a schedule that gives no number': () => schedule({ sigma: () => undefined as unknown as number }).slice(0, 1)
}

it('what is wrong is told as in dry.txt, where what is right has a line —', async () => {
  const told = (found: ReadonlyArray<string>): ReadonlyArray<string> => (found.length === 0 ? ['—'] : found)
  await golden(
    'dry',
    Object.entries(tried).flatMap(([name, of]) => [name, ...told(of()).map(line => `    ${line}`)])
  )
})

describe('what is tried', () => {
  it('needs no start, where nothing need be finite', () => {
    const loss = { schedule: Schedule.ornsteinUhlenbeck, objective, expectation: Expectation.monteCarlo() }
    expect(E.isLeft(Compile.valueAndGrad({ ...loss, score: network((_, x) => sum(x, 1, true)) })(points))).toBe(true)
    expect(E.isRight(Compile.valueAndGrad({ ...loss, score: network(linear) })(points))).toBe(true)
  })

  it('is tried once, whatever the rows', () => {
    const seen: Array<number> = []
    const loss = {
      schedule: Schedule.ornsteinUhlenbeck,
      expectation: Expectation.monteCarlo(),
      score: network(linear),
      objective: custom(({ score }) => {
        seen.push(score.shape[0] ?? 0)
        return sum(square(score), 1)
      })
    }
    // Alone a row is looked at by trials only.
    const isTried = (of: typeof loss, on: Points.Points): boolean => {
      const before = seen.length
      Problem.orThrow(Compile.valueAndGrad(of)(on))
      return seen.slice(before).includes(1)
    }
    const others = { ...points, values: points.values.map(x => x + 1) }
    const wider = { rows: 2, dim: 3, values: Float64Array.of(1, 2, 3, 4, 5, 6) }
    expect([points, points, others, wider].map(on => isTried(loss, on))).toEqual([true, false, false, true])
    expect(isTried({ ...loss, score: network(linear) }, points)).toBe(true)
  })

  it('is an equal description no second time, and neither is its program made again', () => {
    const asked: Record<string, number> = {}
    const mine = (label: string) =>
      Score.define({
        name: 'mine',
        about: 'linear in x',
        fields: { gain: Field.count({ suggestion: 1 }) },
        parameters: () => dim => ({ matrix: [dim, dim] }),
        apply:
          ({ gain }) =>
          (params, x, level) => {
            asked[label] = (asked[label] ?? 0) + 1
            return mul(gain, linear(params, x, level))
          }
      })
    const loss = (score: Score.Score<'matrix'>) => ({
      schedule: Schedule.ornsteinUhlenbeck,
      expectation: Expectation.monteCarlo(),
      score,
      objective: Objective.denoising(NoiseLevels.at(0.5))
    })
    const one = mine('one')
    const other = mine('other')
    const value = (score: Score.Score<'matrix'>): number =>
      Problem.orThrow(Compile.valueAndGrad(loss(score))(points))(
        Params.of({
          matrix: [
            [1, 0],
            [0, 1]
          ]
        }),
        Key.fromSeed(1)
      ).value
    const first = value(one({ gain: 1 }))
    const { one: before } = asked
    expect(value(one({ gain: 1 }))).toBe(first)
    expect(asked).toEqual({ one: before })
    expect(value(one({ gain: 2 }))).not.toBe(first)
    // A case of the same name is another.
    expect(value(other({ gain: 1 }))).toBe(first)
    expect(asked.other).toBeGreaterThan(0)
  })

  it('is other code under one name a second time, and has a program of its own', () => {
    const value = (factor: number): number => {
      const objective = custom(({ score }) => mul(factor, sum(square(score), 1)))
      const loss = { schedule: Schedule.ornsteinUhlenbeck, expectation: Expectation.monteCarlo(), objective }
      const evaluate = Problem.orThrow(Compile.valueAndGrad({ ...loss, score: network(linear) })(points))
      return evaluate(Params.of({ matrix: [[1, 0], [0, 1]] }), Key.fromSeed(1)).value // prettier-ignore
    }
    expect(value(2) / value(1)).toBeCloseTo(2, 12)
  })

  it('is where a run starts, of what is not one’s own too', () => {
    const start = Params.of({ means: [[0, 0]], logits: [0], logVariances: [800] })
    const found = pipe(
      points,
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.isotropic({ components: 1 }),
          initializer: Initializer.values(start),
          stages: [Stage.descend({ objective, optimizer: Optimizer.gradientDescent({ rate: 0.1 }), steps: 1 })]
        })
      )
    )
    expect(E.isLeft(found) && found.left.map(Problem.show).join()).toMatch(/^stages\[0\].score: .*where the run starts/)
  })
})
