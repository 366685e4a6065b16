/** Gradients through short runs: against the closed form of a quadratic, and against differences of ends. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  add,
  minimum,
  mul,
  div,
  norm,
  reshape,
  slice,
  square,
  sub,
  sum,
  valueAndGrad,
  type Tensor
} from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Objective,
  Params,
  Population,
  Problem,
  Schedule,
  Score,
  TimeLaw
} from '../../../src/index.js'
import * as Unrolled from '../../../src/compile/unrolled.js'
import { SEED } from '../../cases.js'

const schedule = Schedule.ornsteinUhlenbeck
const expectation = Expectation.monteCarlo()
const key = Key.fromSeed(SEED)
const right = Problem.orThrow

describe('steps down a quadratic', () => {
  it('end where the closed form says, with its derivatives', () => {
    // −log p = |m − x|²/2 + constant: m_k = x̄ + Π(1 − r)(m_0 − x̄).
    const points = { rows: 3, dim: 1, values: Float64Array.of(-1, 0.5, 2) }
    const rates = [0.3, 1.4, 0.05, 0.8]
    const run = Problem.orThrow(
      Unrolled.of(
        { schedule, score: Score.spherical({ components: 1 }), objective: Objective.likelihood, expectation },
        {
          steps: 4,
          step: Unrolled.descent,
          end: valueAndGrad(({ means }: Params.Tensors<'means'>) => sum(square(means)))
        }
      )(points)
    )
    const { value, params, gradient } = right(run(Params.of({ means: [[4]] }), Params.of({ rates }), key))
    const shrunk = (but: number): number => rates.reduce((all, r, i) => (i === but ? all : all * (1 - r)), 1)
    const last = 0.5 + shrunk(-1) * 3.5
    const close = (found: number, wanted: number): void => {
      expect(Math.abs(found - wanted)).toBeLessThan(1e-14)
    }
    close(params.means.values[0], last)
    close(value, last * last)
    close(gradient.start.means.values[0], 2 * last * shrunk(-1))
    rates.forEach((_, i) => {
      close(gradient.numbers.rates.values[i], -2 * last * shrunk(i) * 3.5)
    })
  })
})

/** Momentum whose rate and decay are learned, one for all steps, and a ball that it stays in. */
const learned = <P extends string>({
  params,
  gradient,
  memory,
  numbers: { own }
}: Unrolled.At<P, 'own', P>): Unrolled.After<P, P> => {
  const entry = (i: number): Tensor => reshape(slice(own, [i], [1]), [])
  const moved = Params.map<Tensor, Tensor>((m, name) => add(mul(entry(1), m), gradient[name as P]))(memory)
  return {
    memory: moved,
    params: Params.map<Tensor, Tensor>((x, name) => {
      const next = sub(x, mul(entry(0), moved[name as P]))
      return mul(next, minimum(1, div(2.1, norm(next))))
    })(params)
  }
}

const truth = Mixture.symmetricPair([1.5, 1])
const train = Mixture.sample(60)(Key.fromSeed(SEED + 1))(truth)
const held = Mixture.sample(40)(Key.fromSeed(SEED + 2))(truth)
const loss: Compile.Loss<'mean'> = {
  schedule,
  score: Score.symmetricPair,
  objective: Objective.denoising(TimeLaw.at(0.5)),
  expectation
}
const start = Params.of({ mean: [1.4, -0.6] })

describe('momentum within a ball', () => {
  it.each([
    ['points', train],
    ['a population', Population.of(truth, { points: 32, shifts: 2 })]
  ] as const)('has the derivatives of its end, a loss of held-out rows: on %s', (_, data) => {
    const objective = Objective.implicit(TimeLaw.at(0.5))
    const own = { ...loss, objective }
    const end = Problem.orThrow(Compile.valueAndGrad(own)(held))
    const run = Problem.orThrow(
      Unrolled.of(own, { steps: 5, step: learned<'mean'>, end, memory: Params.of({ mean: [0.1, -0.2] }) })(data)
    )
    const numbers = Params.of({ own: [0.4, 0.6] })
    const { params, gradient } = right(run(start, numbers, key))
    // It meets the ball on its way.
    const far = right(run(start, Params.of({ own: [-9, 0.9] }), key)).params
    expect(Math.abs(Math.hypot(...far.mean.values) - 2.1)).toBeLessThan(1e-12)
    expect(Math.hypot(...params.mean.values)).toBeGreaterThan(0.5)
    const h = 1e-3
    const check = (found: Float64Array, at: (i: number, by: number) => number): void => {
      found.forEach((slope, i) => {
        const wanted = (8 * (at(i, h) - at(i, -h)) - (at(i, 2 * h) - at(i, -2 * h))) / (12 * h)
        // Off by about h⁴ times a fifth derivative, and by rounding over h.
        expect(Math.abs(slope - wanted)).toBeLessThan(1e-8)
      })
    }
    const moved = (values: Float64Array, i: number, by: number): ReadonlyArray<number> =>
      Array.from(values, (x, j) => (i === j ? x + by : x))
    check(
      gradient.start.mean.values,
      (i, by) => right(run(Params.of({ mean: moved(start.mean.values, i, by) }), numbers, key)).value
    )
    check(
      gradient.numbers.own.values,
      (i, by) => right(run(start, Params.of({ own: moved(numbers.own.values, i, by) }), key)).value
    )
  })
})

describe('what is refused', () => {
  const end = (params: Params.Params<'mean'>) => ({ value: 0, gradient: params })
  const of = (steps: number, own: Compile.Loss<'mean'> = loss) =>
    Unrolled.of(own, { steps, step: Unrolled.descent<'mean'>, end })(train)
  const told = (found: ReturnType<typeof of>): string => (E.isLeft(found) ? Problem.show(found.left[0]) : '')
  it('are steps that keep more than the bytes that are allowed', () => {
    // Two numbers a step: 2²⁸ bytes are 2²⁴ steps.
    expect(told(of(2 ** 24))).toBe('')
    expect(told(of(2 ** 24 + 1))).toBe(
      'steps: 16777217 steps, each of 2 numbers that are kept, 268435472 bytes, is not at most 268435456 bytes; take at most 16777216 steps'
    )
    expect(told(of(-1))).toBe('steps: -1 is not a whole number ≥ 0; try 10')
  })
  it('is noise that has no second derivative', () => {
    expect(told(of(3, { ...loss, expectation: Expectation.projected() }))).toMatch(/use Expectation.monteCarlo/)
  })
  it('is a run that comes to no numbers, with its step', () => {
    const found = Problem.orThrow(of(3))(start, Params.of({ rates: [0.1, 1e300, 1e300] }), key)
    expect(E.isLeft(found) && Problem.show(found.left[0])).toMatch(
      /^step \d: params mean\[\d\] is not finite; try smaller/
    )
  })
  it('is a step of other shapes', () => {
    const run = Problem.orThrow(
      Unrolled.of(loss, {
        steps: 1,
        step: ({ params, memory }: Unrolled.At<'mean', never, never>) => ({
          params: { mean: reshape(params.mean, [1, 2]) },
          memory
        }),
        end
      })(train)
    )
    expect(() => run(start, {}, key)).toThrow(/^step: params mean is of shape \[1,2\] after it, not \[2\]/)
  })
})
