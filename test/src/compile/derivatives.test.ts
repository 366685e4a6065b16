/** Derivatives beyond the gradient, the value without one, and gradients through short runs: against closed forms, differences and one another. */
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
  Net,
  Objective,
  Parametrization,
  Population,
  Problem,
  Schedule,
  Score,
  NoiseLevels,
  type Points
} from '../../../src/index.js'
import * as Params from '../../../src/core/params.js'
import * as Unrolled from '../../../src/compile/unrolled.js'
import { isSlow, SEED, spread, once } from '../../cases.js'

const schedule = Schedule.ornsteinUhlenbeck
const expectation = Expectation.monteCarlo()
const key = Key.fromSeed(SEED)
const points: Points.Points = {
  rows: 30,
  dim: 2,
  values: Key.normal(60)(Key.fromSeed(SEED + 1)).map(z => 1.5 * z + 0.3)
}
const time = NoiseLevels.uniform(0.2, 1)

const network = Score.network(Net.mlp({ hidden: [3], activation: 'tanh' }), { predicts: Parametrization.noise })
const losses: ReadonlyArray<readonly [string, Score.Score<string>, Objective.Objective]> = [
  ['denoising of isotropic', Score.isotropic({ components: 2 }), Objective.denoising(time)],
  ['implicit of full', Score.full({ components: 2 }), Objective.implicit(time)],
  ['denoising of a network', network, Objective.denoising(time)],
  [
    'likelihood with penalties',
    Score.diagonal({ components: 2 }),
    Objective.sum([
      Objective.likelihood,
      Objective.weight(0.3)(Objective.regularizer({ norm: 'l2' })),
      Objective.weight(0.2)(Objective.regularizer({ norm: 'l1', smoothing: 0.5, parameters: ['means'] }))
    ])
  ]
]

const at = (score: Score.Score<string>): Params.Params<string> =>
  Params.mapValues(x => 0.5 * x)(
    Params.unpacked(Score.shapes(2)(score))(
      Key.normal(Params.paramsSize(Score.shapes(2)(score)))(Key.fromSeed(SEED + 2))
    )
  )

describe.each(spread(4)(losses))('%s', (_, score, objective) => {
  const loss = { schedule, score, objective, expectation }
  const params = at(score)
  const shapes = Params.shapes(params)
  it('has the value of valueAndGrad', () => {
    const own = Problem.orThrow(Compile.value(loss)(points))(params, key)
    const { value } = Problem.orThrow(Compile.valueAndGrad(loss)(points))(params, key)
    expect(Math.abs(own / value - 1)).toBeLessThan(1e-12)
    const plans = Problem.orThrow(Compile.plans(loss)(points))
    expect(plans.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
    plans.forEach(plan => {
      expect(Math.abs(plan.value(params, key) / value - 1)).toBeLessThan(1e-12)
    })
  })
  it.runIf(isSlow)('has a Hessian that is the derivative of its gradient', () => {
    const { values, shape } = Problem.orThrow(Compile.hessian(loss)(points))(params, key)
    const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)(points))
    const n = Params.paramsSize(shapes)
    expect(shape).toEqual([n, n])
    // Four-point differences: an error of order h⁴, of rounding about 2⁻⁵²/h.
    const h = 1e-3
    const moved = (j: number, by: number): Float64Array =>
      Params.packed(evaluate(Params.zipWith((x, u) => x + by * u)(params, Params.unit(shapes, j)), key).gradient)
    const scale = Math.max(...values.map(Math.abs))
    for (let j = 0; j < n; j++) {
      const a = moved(j, -2 * h)
      const b = moved(j, -h)
      const c = moved(j, h)
      const d = moved(j, 2 * h)
      for (let i = 0; i < n; i++)
        expect(Math.abs(values[i * n + j] - (8 * (c[i] - b[i]) - (d[i] - a[i])) / (12 * h)) / scale).toBeLessThan(1e-8)
    }
  })
  it('has products that are those of the matrix', () => {
    const { values } = Problem.orThrow(Compile.hessian(loss)(points))(params, key)
    const n = Params.paramsSize(shapes)
    const v = Key.normal(n)(Key.fromSeed(SEED + 3))
    const product = Params.packed(
      Problem.orThrow(Compile.hessianVector(loss)(points))(params, Params.unpacked(shapes)(v), key)
    )
    const scale = Math.max(...product.map(Math.abs))
    product.forEach((x, i) => {
      const row = v.reduce((sum, w, j) => sum + values[i * n + j] * w, 0)
      expect(Math.abs(x - row) / scale).toBeLessThan(1e-12)
    })
  })
})

describe('closed forms', () => {
  once('of a penalty: the curvature 2, and ε²/√(δ² + ε²)³', () => {
    const score = Score.spherical({ components: 1 })
    const of = (objective: Objective.Objective): ReadonlyArray<number> =>
      Array.from(
        Problem.orThrow(Compile.hessian({ schedule, score, objective, expectation })(points))(
          Params.of({ means: [[3, -1]] }),
          key
        ).values
      )
    expect(of(Objective.regularizer({ norm: 'l2' }))).toEqual([2, 0, 0, 2])
    const [a, , , d] = of(Objective.regularizer({ norm: 'l1', smoothing: 4 }))
    expect(a).toBeCloseTo(16 / 125, 15)
    expect(d).toBeCloseTo(16 / 17 ** 1.5, 15)
  })
  once('of a population: that of Population.hessian', () => {
    const truth = Mixture.of({ means: [[-1], [1.5]], variances: [1, 1] })
    const objective = Objective.implicit(NoiseLevels.at(0.4))
    const score = Score.spherical({ components: 2 })
    const params = Params.of({ means: [[-0.5], [1]] })
    const own = Problem.orThrow(Compile.hessian({ schedule, score, objective, expectation })(Population.of(truth)))
    const theirs = Population.hessian(Population.loss({ score, objective, data: Population.of(truth) }))(params)
    own(params, key).values.forEach((x, i) => {
      expect(Math.abs(x - theirs.matrix.values[i])).toBeLessThan(1e-12)
    })
    const loss = { schedule, score, objective, expectation }
    const value = Problem.orThrow(Compile.value(loss)(Population.of(truth)))(params, key)
    expect(value).toBeCloseTo(Problem.orThrow(Compile.valueAndGrad(loss)(Population.of(truth)))(params, key).value, 13)
  })
})

describe('the pair by quadrature', () => {
  const rows: Points.Points = {
    rows: 20,
    dim: 3,
    values: Key.normal(60)(Key.fromSeed(SEED + 3)).map((z, i) => 1.2 * z + 0.4 * (i % 3))
  }
  const line = (of: Points.Points): Points.Points => ({ rows: 60, dim: 1, values: of.values })
  once.each([
    ['implicit', Objective.implicit(time), rows, [0.8, -0.5, 0.3]],
    ['denoising', Objective.denoising(NoiseLevels.at(0.4), Parametrization.noise), rows, [1.2, 0.7, -0.2]],
    [
      'with a penalty',
      Objective.sum([Objective.implicit(NoiseLevels.at(0.3)), Objective.regularizer({ norm: 'l2' })]),
      rows,
      [0.1, 0.2, 0]
    ],
    ['at the saddle', Objective.implicit(NoiseLevels.at(0.5)), rows, [0, 0, 0]],
    ['on a line', Objective.denoising(NoiseLevels.at(0.2)), line(rows), [0.9]]
  ] as const)('is the difference of gradients: %s', (_, objective, data, centre) => {
    const loss = { schedule, score: Score.symmetricPair, objective, expectation: Expectation.quadrature() }
    const gradient = Problem.orThrow(Compile.valueAndGrad(loss)(data))
    const mean = Float64Array.from(centre)
    const at = (by: Float64Array, h: number): Float64Array =>
      gradient({ mean: { shape: [data.dim], values: mean.map((x, i) => x + h * by[i]) } }, key).gradient.mean.values
    const product = Problem.orThrow(Compile.hessianVector(loss)(data))
    const of = (values: Float64Array): Params.Params<'mean'> => ({ mean: { shape: [data.dim], values } })
    for (const seed of [4, 5]) {
      const v = Key.normal(data.dim)(Key.fromSeed(SEED + seed))
      const found = product(of(mean), of(v), key).mean.values
      const h = 2 ** -9
      const [a, b, c, d] = [h, -h, 2 * h, -2 * h].map(step => at(v, step))
      found.forEach((x, i) => {
        const wanted = (8 * (a[i] - b[i]) - (c[i] - d[i])) / (12 * h)
        // The rule of the gradient is right to 1e-7 at worst, differences to about h⁴ and rounding over h.
        expect(Math.abs(x - wanted)).toBeLessThan(1e-8 * Math.max(1, Math.abs(wanted)))
      })
    }
  })
})

describe('what has no such derivative', () => {
  once('is refused of noise that turns with the centres', () => {
    const given = Expectation.projected()
    // Noise in the span of the centres has another mean of a second derivative; differences of gradients show it.
    const loss = { schedule, score: Score.symmetricPair, objective: Objective.implicit(time), expectation: given }
    const found = Compile.hessian(loss)(points)
    expect(E.isLeft(found) && Problem.show(found.left[0])).toMatch(/^expectation: .* use Expectation.monteCarlo\(\)/)
    expect(E.isRight(Compile.value(loss)(points))).toBe(true)
  })
})

// —— gradients through short runs ——

const right = Problem.orThrow

describe('steps down a quadratic', () => {
  once('end where the closed form says, with its derivatives', () => {
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
const pairLoss: Compile.Loss<'mean'> = {
  schedule,
  score: Score.symmetricPair,
  objective: Objective.denoising(NoiseLevels.at(0.5)),
  expectation
}
const start = Params.of({ mean: [1.4, -0.6] })

describe('momentum within a ball', () => {
  once.each([
    ['points', train],
    ['a population', Population.of(truth, { points: 32, shifts: 2 })]
  ] as const)('has the derivatives of its end, a loss of held-out rows: on %s', (_, data) => {
    const objective = Objective.implicit(NoiseLevels.at(0.5))
    const own = { ...pairLoss, objective }
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
  const of = (steps: number, own: Compile.Loss<'mean'> = pairLoss) =>
    Unrolled.of(own, { steps, step: Unrolled.descent<'mean'>, end })(train)
  const told = (found: ReturnType<typeof of>): string => (E.isLeft(found) ? Problem.show(found.left[0]) : '')
  once('are steps that keep more than the bytes that are allowed', () => {
    // Two numbers a step: 2²⁸ bytes are 2²⁴ steps.
    expect([told(of(0)), told(of(2 ** 24))]).toEqual(['', ''])
    expect(told(of(2 ** 24 + 1))).toBe(
      'steps: 16777217 steps, each of 2 numbers that are kept, 268435472 bytes, is not at most 268435456 bytes; take at most 16777216 steps'
    )
    expect(told(of(-1))).toBe('steps: -1 is not a whole number ≥ 0; try 10')
  })
  once('is noise that has no second derivative', () => {
    expect(told(of(3, { ...pairLoss, expectation: Expectation.projected() }))).toMatch(/use Expectation.monteCarlo/)
  })
  once('is a run that comes to no numbers, with its step', () => {
    const found = Problem.orThrow(of(3))(start, Params.of({ rates: [0.1, 1e300, 1e300] }), key)
    expect(E.isLeft(found) && Problem.show(found.left[0])).toMatch(
      /^step \d: params mean\[\d\] is not finite; try smaller/
    )
  })
  once('is a step of other shapes', () => {
    const run = Problem.orThrow(
      Unrolled.of(pairLoss, {
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
