/** Gradients through runs of optimizers: against closed forms, and differences of the runs themselves. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { add, mul, square, sub, sum, valueAndGrad, type Tensor } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Field,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Rate,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw,
  Unrolled
} from '../../../src/index.js'
import { SEED, spread } from '../../cases.js'

const { adam, chain, scaleByRate } = Optimizer
const right = Problem.orThrow
const key = Key.fromSeed(SEED)
const STEPS = 5
/** How far numbers are moved, which lie well within their domains. */
const REACH = 1 / 64

const loss: Compile.Loss<'mean'> = {
  schedule: Schedule.ornsteinUhlenbeck,
  score: Score.symmetricPair,
  objective: Objective.implicit(TimeLaw.at(0.5)),
  expectation: Expectation.monteCarlo()
}
const truth = Mixture.symmetricPair([1.5, 1])
const train = Mixture.sample(40)(Key.fromSeed(SEED + 1))(truth)
const start = Params.of({ mean: [1.1, -0.6] })
const end = valueAndGrad(({ mean }: Params.Tensors<'mean'>) => sum(square(sub(mean, 0.3))))
const unrolled = (step: Optimizer.Optimizer, steps = STEPS) => Unrolled.of(loss, { steps, step, end })(train)

/** Nesterov's momentum of a user's own, said in the tensor vocabulary alone. */
const own = Optimizer.define({
  name: 'ownMomentum',
  about: 'm ← (1 − share) m + share g',
  fields: { share: Field.fraction({ default: 0.4 }) },
  memory: t.type({ count: t.number, mean: Params.codec }),
  init: () => params => ({ count: 0, mean: Params.mapValues(() => 0)(params) }),
  written:
    ({ share }) =>
    (gradient, { count, mean }) => {
      const next = Params.map<Tensor, Tensor>((m, name) => add(mul(sub(1, share), m), mul(share, gradient[name])))(mean)
      return [next, { count: count + 1, mean: next }]
    },
  gain: () => () => 1
})

const optimizers: Readonly<Record<string, Optimizer.Optimizer>> = {
  momentum: Optimizer.momentum({ rate: 0.4, decay: 0.7 }),
  nesterov: Optimizer.nesterov({ rate: 0.3, decay: 0.6 }),
  adam: adam({ rate: 0.1, beta1: 0.8, beta2: 0.95 }),
  adamW: Optimizer.adamW({ rate: 0.1, decay: 0.1 }),
  amsGrad: Optimizer.amsGrad({ rate: 0.1 }),
  nAdam: Optimizer.nAdam({ rate: 0.1, beta1: 0.7 }),
  rAdam: Optimizer.rAdam({ rate: 0.2, beta2: 0.9 }),
  rmsProp: Optimizer.rmsProp({ rate: 0.1 }),
  centredRmsProp: Optimizer.centredRmsProp({ rate: 0.05, decay: 0.5, epsilon: 0.1 }),
  adagrad: Optimizer.adagrad({ rate: 0.3 }),
  adadelta: Optimizer.adadelta({ rate: 0.5, epsilon: 1e-2 }),
  clipped: chain(Optimizer.clipByGlobalNorm(0.2), Optimizer.clipByNorm(3), Optimizer.scale(0.5), scaleByRate(1)),
  byName: Optimizer.partition({ mean: chain(Optimizer.clipByValue(0.15), scaleByRate(0.7)) }),
  averaged: chain(adam({ rate: 0.1 }), Optimizer.movingAverage({ decay: 0.8 })),
  mean: chain(scaleByRate(0.5), Optimizer.average({ after: 1 })),
  ahead: chain(scaleByRate(0.5), Optimizer.lookahead({ every: 2, share: 0.3 })),
  own: chain(own({ share: 0.3 }), scaleByRate(0.4)),
  linear: Optimizer.gradientDescent({ rate: Rate.linear({ rate: 0.8, final: 0.2, steps: 3 }) }),
  staircase: Optimizer.gradientDescent({ rate: Rate.step({ rate: 0.8, factor: 0.7, every: 2.5 }) }),
  exponential: Optimizer.gradientDescent({ rate: Rate.exponential({ rate: 0.8, factor: 0.7, every: 3 }) }),
  cosine: Optimizer.gradientDescent({ rate: Rate.cosine({ rate: 0.8, steps: 4, warmUp: 1.5, final: 0.1 }) }),
  plainCosine: Optimizer.gradientDescent({ rate: Rate.cosine({ rate: 0.8, steps: 9 }) }),
  oneCycle: Optimizer.gradientDescent({ rate: Rate.oneCycle({ rate: 0.8, steps: 6, start: 0.1, final: 0.05 }) }),
  inverseRoot: Optimizer.gradientDescent({ rate: Rate.inverseSquareRoot({ rate: 0.8, after: 2 }) }),
  piecewise: Optimizer.gradientDescent({
    rate: Rate.piecewise(Rate.linear({ rate: 0.1, final: 0.8, steps: 2 }), [{ from: 2, rate: 0.5 }])
  })
}

/** What is learned of each: all of its numbers, but where a number lies on an edge of its domain. */
const numbersOf: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  momentum: { rate: 0.4, decay: 0.7 },
  nesterov: { rate: 0.3, decay: 0.6 },
  adam: { rate: 0.1, beta1: 0.8, beta2: 0.95 },
  adamW: { rate: 0.1, decay: 0.1, beta1: 0.9 },
  amsGrad: { rate: 0.1, beta1: 0.9, beta2: 0.9 },
  nAdam: { rate: 0.1, beta1: 0.7, beta2: 0.95 },
  rAdam: { rate: 0.2, beta1: 0.9, beta2: 0.9 },
  rmsProp: { rate: 0.1, decay: 0.9 },
  centredRmsProp: { rate: 0.05, decay: 0.5, epsilon: 0.1 },
  adagrad: { rate: 0.3, epsilon: 0.1 },
  adadelta: { rate: 0.5, decay: 0.9, epsilon: 1e-2 },
  clipped: { factor: 0.5, rate: 1 },
  byName: { rate: 0.7, most: 0.15 },
  averaged: { rate: 0.1, decay: 0.8 },
  mean: { rate: 0.5 },
  ahead: { rate: 0.5, share: 0.3 },
  own: { share: 0.3, rate: 0.4 },
  linear: { rate: 0.8, final: 0.2 },
  staircase: { rate: 0.8, factor: 0.7 },
  exponential: { rate: 0.8, factor: 0.7, every: 3 },
  cosine: { rate: 0.8, final: 0.1, warmUp: 1.5 },
  plainCosine: { rate: 0.8 },
  oneCycle: { rate: 0.8, rise: 0.3, start: 0.1, final: 0.05 },
  inverseRoot: { rate: 0.8, after: 2 },
  piecewise: { final: 0.8, 'rate.later[0].rate.rate': 0.5 }
}

describe('a run of an optimizer', () => {
  it.each(spread(4)(['adam', 'byName', 'averaged', 'ahead', 'own', 'cosine']))(
    'ends as a pipeline does, to the bit: %s',
    name => {
      const optimizer = optimizers[name]
      const program = right(
        Compile.pipeline(
          Pipeline.of({
            schedule: loss.schedule,
            score: loss.score,
            initializer: Initializer.values(start),
            stages: [
              Stage.descend({ objective: loss.objective, expectation: loss.expectation, optimizer, steps: STEPS })
            ]
          })
        )(train)
      )
      const { params } = right(right(unrolled(optimizer))(start, {}, key))
      expect(params).toEqual(Run.last(program)(key).params)
    }
  )

  it.each(spread(6)(Object.entries(optimizers)))('has the derivatives of its end: %s', (name, optimizer) => {
    const run = right(unrolled(optimizer))
    const numbers = Params.of(numbersOf[name])
    const found = right(run(start, numbers, key)).gradient
    // Along one direction of all of them at once.
    const parts: Params.Params<string> = { ...start, ...numbers }
    const towards = Params.unpacked(Params.shapes(parts))(Key.normal(10)(Key.child(1)(key)))
    const at = (by: number): number => {
      const { mean, ...others } = Params.zipWith((x, v) => x + by * v * REACH)(parts, towards)
      return right(run({ mean }, others, key)).value
    }
    const h = 2 ** -9
    const wanted = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    const slopes: Params.Params<string> = { ...found.start, ...found.numbers }
    const slope = Object.entries(slopes).reduce(
      (sum, [name, { values }]) => values.reduce((sum, x, i) => sum + x * towards[name].values[i] * REACH, sum),
      0
    )
    // Off by about (h/10)⁴ ~ 1e-15 times a fifth derivative, and by rounding over h.
    expect(Math.abs(slope - wanted)).toBeLessThan(1e-9)
  })

  it('has a rate for each step', () => {
    const run = right(unrolled(adam({ rate: 0.1 }), 3))
    const rates = [0.3, 0.1, 0.2]
    const at = (by: number): number =>
      right(run(start, Params.of({ rate: rates.map((r, j) => r + by * (j + 1)) }), key)).value
    const { rate } = right(run(start, Params.of({ rate: rates }), key)).gradient.numbers
    const h = 2 ** -13
    const wanted = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    expect(Math.abs(rate.values.reduce((sum, slope, j) => sum + slope * (j + 1), 0) - wanted)).toBeLessThan(1e-9)
  })

  it('has the derivatives of its end by the quadrature of the pair', () => {
    const own = { ...loss, expectation: Expectation.quadrature() }
    const run = right(Unrolled.of(own, { steps: 10, step: Optimizer.momentum({ rate: 0.2, decay: 0.5 }), end })(train))
    const ended = (by: number) =>
      right(run(Params.of({ mean: [1.1 + by, -0.6 + 2 * by] }), Params.of({ rate: 0.2 + by }), key))
    const { start, numbers } = ended(0).gradient
    const slope = start.mean.values[0] + 2 * start.mean.values[1] + numbers.rate.values[0]
    const at = (by: number): number => ended(by).value
    const h = 2 ** -11
    expect(Math.abs(slope - (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h))).toBeLessThan(1e-8)
  })

  it('goes down a quadratic as the heavy ball does, with the derivatives of its closed form', () => {
    // Of x²/2, with v' = d v + x and x' = x − r v': x_n obeys x_{n+1} = (1 + d − r) x_n − d x_{n−1}, x_1 = (1 − r) x_0.
    const [r, d, steps] = [0.3, 0.2, 4]
    const run = right(
      Unrolled.of(
        { ...loss, score: Score.spherical({ components: 1 }), objective: Objective.likelihood },
        {
          steps,
          step: Optimizer.momentum({ rate: 0.1 }),
          end: valueAndGrad(({ means }: Params.Tensors<'means'>) => sum(means))
        }
      )({ rows: 1, dim: 1, values: Float64Array.of(0) })
    )
    const found = right(run(Params.of({ means: [[1]] }), Params.of({ rate: r, decay: d }), key))
    const a = 1 + d - r
    // x_4 = a³ x_1 − …: with x_0 = 1, x_1 = 1 − r, x_2 = a x_1 − d, x_3 = a x_2 − d x_1, x_4 = a x_3 − d x_2.
    const x = (1 - r) * (a ** 3 - 2 * a * d) - a ** 2 * d + d ** 2
    const byA = (1 - r) * (3 * a ** 2 - 2 * d) - 2 * a * d
    const close = (found: number, wanted: number): void => {
      expect(Math.abs(found - wanted)).toBeLessThan(1e-14)
    }
    close(found.value, x)
    close(found.gradient.start.means.values[0], x)
    close(found.gradient.numbers.rate.values[0], -byA - (a ** 3 - 2 * a * d))
    close(found.gradient.numbers.decay.values[0], byA - 2 * a * (1 - r) - a ** 2 + 2 * d)
  })
})

describe('what is refused of an optimizer', () => {
  const told = (found: E.Either<Problem.Problems, unknown>): string =>
    E.isLeft(found) ? found.left.map(Problem.show).join('\n') : ''
  it('is a part that is not written in the tensor vocabulary', () => {
    expect(told(unrolled(Optimizer.lbfgs()))).toMatch(
      /step: Optimizer.lineSearch\(.*\) is not a part that says its update in the tensor vocabulary/
    )
  })
  it('are numbers that it does not have, or not of these shapes, or out of their domains', () => {
    const run = right(unrolled(adam({ rate: 0.1 })))
    expect(told(run(start, Params.of({ beta3: 0.1 }), key))).toBe(
      'numbers: beta3 is not one of beta1, beta2, epsilon, rate; try beta1'
    )
    expect(told(run(start, Params.of({ rate: [1, 2] }), key))).toBe(
      'numbers.rate: [2] is not one number, or one for each of 5 steps; give a number'
    )
    expect(told(run(start, Params.of({ beta1: 1.5 }), key))).toMatch(/beta1: 1.5 is not in \[0, 1\)/)
    // What it remembers at first is not learned.
    expect(told(right(unrolled(Optimizer.adagrad({ rate: 0.1 })))(start, Params.of({ start: 0.1 }), key))).toMatch(
      /start is not one of epsilon, rate/
    )
    expect(told(right(unrolled(chain(Optimizer.sign, Optimizer.scale(-1))))(start, Params.of({ b: 1 }), key))).toMatch(
      /b is not one of factor/
    )
  })
})
