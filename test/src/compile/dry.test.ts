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
  TimeLaw
} from '../../../src/index.js'

const points: Points.Points = { rows: 4, dim: 2, values: Float64Array.of(-2, -1, 1, 2, 0.5, 3, -1, 1) }

type Apply = Score.Custom<'matrix'>['apply']
const network = (apply: Apply, predicts?: Parametrization.Parametrization): Score.Score<'matrix'> =>
  Score.custom({ name: 'own', shapes: dim => ({ matrix: [dim, dim] }), apply, ...(predicts && { predicts }) })

const objective = Objective.denoising(TimeLaw.uniform(0.1, 1))
const custom = (perRow: Objective.Matching['perRow']): Objective.Objective =>
  Objective.custom('own loss', TimeLaw.at(0.5), perRow)

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
const own = 'Score.custom({ name: "own", shapes: …, apply: … })'
const ownLoss = 'Objective.custom("own loss", TimeLaw.at(0.5), …)'

describe('a score of one’s own', () => {
  it('that is a function of rows compiles', () => {
    expect(compiled(network(linear))).toEqual([])
    expect(compiled(network(linear, Parametrization.noise))).toEqual([])
  })

  const shaped: ReadonlyArray<readonly [string, Apply, string]> = [
    ['[n, 1]', (_, x) => sum(x, 1, true), '[3, 1]'],
    ['[n]', (_, x) => sum(x, 1), '[3]'],
    ['a scalar', (_, x) => sum(x), '[]'],
    // JavaScript knows no types.
    ['1', () => 1 as unknown as Tensor, '[]'],
    ['[d, n]', (_, x) => reshape(x, [2, -1]), '[2, 3]']
  ]
  it.each(shaped)('of shape %s is refused, and not broadcast', (_, apply, shape) => {
    expect(compiled(network(apply))).toEqual([
      `stages[0].score: ${own}, which on 3 rows is of shape ${shape}, is not of shape [3, 2]; let it give each row its own numbers`
    ])
  })

  it('that throws is refused with what it says', () => {
    const [message, ...more] = compiled(network(({ matrix }, x) => matMul(x, reshape(matrix, [1, 4]))))
    expect(more).toEqual([])
    expect(message).toMatch(
      /^stages\[0\]\.score: Score.custom.* which on 3 rows throws ".+", is not a function of rows that gives \[3, 2\]; /
    )
  })

  it('that mixes rows is refused', () => {
    const mixed = compiled(network((params, x, level) => sub(linear(params, x, level), mean(x, 0, true))))
    expect(mixed).toEqual([
      `stages[0].score: ${own}, which gives a row other numbers alone than among others, is not a function of each row alone, the same at each call; let it reduce over axis 1 only, and take its randomness from the parameters`
    ])
  })

  it('that is not finite where the run starts is refused', () => {
    const [message] = compiled(network(({ matrix }, x) => mul(x, log(neg(sum(square(matrix)))))))
    expect(message).toBe(
      `stages[0].score: ${own}, which is NaN on a row of the data, is not finite where the run starts; start elsewhere, or keep logarithms, roots and quotients off 0`
    )
  })

  it('is tried without a start too, where nothing need be finite', () => {
    const loss = {
      schedule: Schedule.ornsteinUhlenbeck,
      objective,
      expectation: Expectation.monteCarlo()
    }
    expect(E.isLeft(Compile.valueAndGrad({ ...loss, score: network((_, x) => sum(x, 1, true)) })(points))).toBe(true)
    expect(E.isRight(Compile.valueAndGrad({ ...loss, score: network(linear) })(points))).toBe(true)
  })

  it('whose shapes throw is refused', () => {
    const broken = Score.custom<'matrix'>({
      name: 'own',
      shapes: () => {
        throw new Error('no shape')
      },
      apply: linear
    })
    expect(compiled(broken)[0]).toMatch(
      /^score.shapes: an error, "no shape", is not the shapes of the parameters by name/
    )
  })
})

describe('an objective of one’s own', () => {
  const error = ({ score, target }: Objective.Row): Tensor => square(sub(score, target))

  it('that gives each row a number compiles', () => {
    expect(
      compiled(
        network(linear),
        custom(row => sum(error(row), 1))
      )
    ).toEqual([])
    expect(
      compiled(
        network(linear),
        custom(row => sum(error(row), 1, true))
      )
    ).toEqual([])
  })

  const shaped: ReadonlyArray<readonly [string, Objective.Matching['perRow'], string]> = [
    ['[n, d]', error, '[3, 2]'],
    ['a mean over rows', row => mean(error(row)), '[]']
  ]
  it.each(shaped)('of shape %s is refused', (_, perRow, shape) => {
    expect(compiled(network(linear), custom(perRow))).toEqual([
      `stages[0].objective: ${ownLoss}, which on 3 rows is of shape ${shape}, is not of shape [3, 1] or [3]; let it give each row its own numbers`
    ])
  })

  it('that mixes rows, throws or is not finite is refused', () => {
    const among = (perRow: Objective.Matching['perRow']): string => compiled(network(linear), custom(perRow)).join()
    expect(among(row => div(sum(error(row), 1), sum(error(row))))).toMatch(/other numbers alone than among others/)
    expect(among(row => sum(matMul(row.noise, row.clean), 1))).toMatch(/throws ".*"/)
    expect(among(row => log(neg(add(1, sum(error(row), 1)))))).toMatch(/which is NaN on a row of the data/)
  })
})

describe('what is tried', () => {
  const mixing = ({ score }: Objective.Row): Tensor => add(sum(square(score), 1), sum(score))

  it('is a case of one’s own, whatever its name', () => {
    const denoising = Objective.define({
      name: 'denoising',
      about: 'not what its name says',
      fields: { timeLaw: TimeLaw.field },
      meaning: ({ timeLaw }) => ({ timeLaw, perRow: mixing })
    })
    expect(compiled(network(linear), denoising({ timeLaw: TimeLaw.at(0.5) })).join()).toMatch(/than among others/)
    const affine = Score.define({
      name: 'isotropic',
      about: 'not what its name says',
      parameters: () => dim => ({ matrix: [dim, dim] }),
      apply: () => (params, x, level) => sub(linear(params, x, level), mean(x, 0, true))
    })
    expect(compiled(affine).join()).toMatch(/than among others/)
  })

  it('is one’s own within what is not', () => {
    const within = Objective.weight(2)(Objective.sum([objective, custom(mixing)]))
    expect(compiled(network(linear), within).join()).toMatch(/than among others/)
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
      objective: Objective.denoising(TimeLaw.at(0.5))
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

describe('a schedule of one’s own', () => {
  const problems = (change: Partial<Parameters<typeof Schedule.custom>[0]>): ReadonlyArray<string> =>
    Schedule.problems(Schedule.custom({ name: 'own', alpha: t => 1 - t, sigma: t => t, until: 1, ...change })).map(
      Problem.show
    )

  it('is right where α and σ are', () => {
    expect(problems({})).toEqual([])
  })

  // Between two of 65 times, and wider than the distance of two of 4225.
  const dent =
    (value: number) =>
    (t: number): number =>
      Math.abs(t - 0.5 - 1 / 130) < 1 / 3000 ? value : t
  it.each([-0.1, NaN, Infinity])('with σ = %d in between is refused', value => {
    expect(problems({ sigma: dent(value) })[0]).toMatch(/^alpha, sigma of own at time 0\.50.* is not ≥ 0 and finite; /)
  })

  it('with σ < 0 at an end is refused', () => {
    expect(problems({ sigma: t => (t === 0 ? -1e-9 : t) })[0]).toMatch(/at time 0: 1, -1e-9 is not ≥ 0/)
  })

  it('that throws, or gives no number, is refused', () => {
    const broken = (): number => {
      throw new Error('no time')
    }
    expect(problems({ alpha: broken })[0]).toMatch(/an error, "no time", is not a number ≥ 0 and finite/)
    // JavaScript knows no types.
    expect(problems({ sigma: () => undefined as unknown as number })[0]).toMatch(
      /1, undefined is not ≥ 0|undefined is not ≥ 0/
    )
  })
})
