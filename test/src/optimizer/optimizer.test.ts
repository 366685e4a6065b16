/** Optimizers: each against a scalar one written out, second-order ones on problems with known minima, and refused where it makes no sense. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Params,
  Pipeline,
  Problem,
  Rate,
  Region,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Optimizer from '../../../src/optimizer/index.js'
import { golden } from '../../golden/golden.js'
import { sharpnessAware } from './own.js'
import { distance, problems, type Objective as Function } from './problems.js'

type O = Optimizer.Optimizer
type X = Params.Params<'x'>
const { chain, scale } = Optimizer
const x = (...values: ReadonlyArray<number>): X => Params.of({ x: values })
const near = (values: ReadonlyArray<number>, digits = 14): ReadonlyArray<unknown> =>
  values.map((value): unknown => expect.closeTo(value, digits))
const bowl: Function<'x'> = params => ({ value: Params.norm(params) ** 2 / 2, gradient: params })
/** The iterates of an optimizer: the start, and so many steps. */
const take = (
  optimizer: O,
  objective: Function<'x'>,
  start: X,
  steps: number
): ReadonlyArray<Optimizer.Iterate<'x'>> => {
  const found: Optimizer.Iterate<'x'>[] = []
  for (const iterate of Optimizer.iterates<'x', O>(optimizer, objective)(start)) if (found.push(iterate) > steps) break
  return found
}

/** Steps, parameters and memory after each gradient, without an objective unless one is given. */
const follow = (
  optimizer: O,
  start: number,
  gradients: ReadonlyArray<number | ((at: number) => number)>,
  values: ReadonlyArray<number> = []
) => {
  const { init, update } = Optimizer.anyInterpret<'x'>(optimizer)
  let params = x(start)
  let state = init(x(start))
  return gradients.map((of, i) => {
    const gradient = x(typeof of === 'number' ? of : of(params.x.values[0]))
    const context =
      i in values ? { value: values[i], gradient, evaluate: () => ({ value: values[i], gradient }) } : undefined
    const [step, after] = update(gradient, state, params, context)
    ;[params, state] = [Params.zipWith((a, b) => a + b)(params, step), after]
    return {
      step: step.x.values[0],
      at: params.x.values[0],
      estimate: Optimizer.estimate<'x', O>(optimizer, params, state).x.values[0]
    }
  })
}

// —— one number, one loop: the next parameter from the n-th gradient, with what `s` remembers, all 0 at first ——

type Naive = (g: number, w: number, s: Record<'m' | 'v' | 'u', number>, n: number) => number
const rate = 0.1
const b1 = 0.9
const b2 = 0.999
const eps = 1e-8
const { sqrt, sign, min, max } = Math
const mix = (b: number, old: number, now: number): number => b * old + (1 - b) * now
const clipped: Naive = (g, w) => w - min(1.5, max(-1.5, g))
/** Moving means of g and g², corrected for their start. */
const moments = (g: number, s: Record<'m' | 'v', number>, n: number, b = b2): readonly [number, number] => [
  (s.m = mix(b1, s.m, g)) / (1 - b1 ** n),
  (s.v = mix(b, s.v, g * g)) / (1 - b ** n)
]
const adam: Naive = (g, w, s, n) => {
  const [m, v] = moments(g, s, n)
  return w - (rate * m) / (sqrt(v) + eps)
}
const rAdam: Naive = (g, w, s, n) => {
  const [m, v] = moments(g, s, n)
  const most = 2 / (1 - b2) - 1
  const rho = most - (2 * n * b2 ** n) / (1 - b2 ** n)
  const r = sqrt(((rho - 4) * (rho - 2) * most) / ((most - 4) * (most - 2) * rho))
  return rho < 5 ? w - rate * m : w - (rate * r * m) / (sqrt(v) + eps)
}
const adadelta: Naive = (g, w, s) => {
  s.v = mix(0.9, s.v, g * g)
  const step = (sqrt(s.u + 1e-6) / sqrt(s.v + 1e-6)) * g
  s.u = mix(0.9, s.u, step * step)
  return w - step
}
const halved = Rate.step({ rate: 0.4, factor: 0.5, every: 3 })
const descent = Optimizer.gradientDescent({ rate })

const naives: ReadonlyArray<readonly [string, O, Naive]> = [
  ['gradient descent', descent, (g, w) => w - rate * g],
  ['momentum', Optimizer.momentum({ rate, decay: 0.8 }), (g, w, s) => w - rate * (s.m = 0.8 * s.m + g)],
  // As Nesterov wrote it: the gradient is that at the point looked ahead to, which is what θ stands for.
  [
    'Nesterov',
    Optimizer.nesterov({ rate, decay: 0.8 }),
    (g, w, s, n) => {
      const before = n === 1 ? w : s.m
      const now = w - rate * g
      s.m = now
      return now + 0.8 * (now - before)
    }
  ],
  ['sign descent', Optimizer.signDescent({ rate }), (g, w) => w - rate * sign(g)],
  ['Adam', Optimizer.adam({ rate }), adam],
  ['AdamW', Optimizer.adamW({ rate, decay: 0.05 }), (g, w, s, n) => adam(g, w, s, n) - rate * 0.05 * w],
  [
    'AMSGrad',
    Optimizer.amsGrad({ rate, beta2: 0.5 }),
    (g, w, s, n) => {
      const [m, v] = moments(g, s, n, 0.5)
      return w - (rate * m) / (sqrt((s.u = max(s.u, v))) + eps)
    }
  ],
  [
    'NAdam',
    Optimizer.nAdam({ rate }),
    (g, w, s, n) => {
      const [, v] = moments(g, s, n)
      return w - (rate * (b1 * (s.m / (1 - b1 ** (n + 1))) + (1 - b1) * (g / (1 - b1 ** n)))) / (sqrt(v) + eps)
    }
  ],
  ['RAdam', Optimizer.rAdam({ rate }), rAdam],
  [
    'RMSProp',
    Optimizer.rmsProp({ rate, decay: 0.7 }),
    (g, w, s) => w - (rate * g) / (sqrt((s.v = mix(0.7, s.v, g * g))) + eps)
  ],
  [
    'centred RMSProp',
    Optimizer.centredRmsProp({ rate, decay: 0.7 }),
    (g, w, s) => w - (rate * g) / (sqrt((s.v = mix(0.7, s.v, g * g)) - (s.m = mix(0.7, s.m, g)) ** 2) + eps)
  ],
  [
    'Adagrad',
    Optimizer.adagrad({ rate, start: 0.25 }),
    (g, w, s) => w - (rate * g) / (sqrt(0.25 + (s.v += g * g)) + 1e-10)
  ],
  ['Adadelta', Optimizer.adadelta(), adadelta],
  [
    'Lion',
    Optimizer.lion({ rate, decay: 0.05 }),
    (g, w, s) => {
      const step = sign(mix(b1, s.m, g))
      s.m = mix(0.99, s.m, g)
      return w - rate * (step + 0.05 * w)
    }
  ],
  ['clipped by value', chain(Optimizer.clipByValue(1.5), scale(-1)), clipped],
  ['clipped by norm', chain(Optimizer.clipByNorm(1.5), scale(-1)), clipped],
  ['clipped by the global norm', chain(Optimizer.clipByGlobalNorm(1.5), scale(-1)), clipped],
  [
    'projected',
    chain(descent, Optimizer.project(Region.box({ least: 0.9, most: 1.1 }))),
    (g, w) => min(1.1, max(0.9, w - rate * g))
  ],
  [
    'Lookahead',
    chain(descent, Optimizer.lookahead({ every: 3, share: 0.25 })),
    (g, w, s, n) => (n % 3 !== 0 ? w - rate * g : (s.m = mix(0.75, n === 3 ? 1 : s.m, w - rate * g)))
  ],
  [
    'a scheduled rate',
    Optimizer.gradientDescent({ rate: halved }),
    (g, w, _, n) => w - (0.4 / 2 ** Math.floor((n - 1) / 3)) * g
  ]
]

/** Large and small, of both signs, and nothing. */
const gradients = [0.5, -2, 3, 0, 1e-3, -0.25, 7, 4, -1e3, 0.5, 0.5, 0.125]

it.each(naives)('%s takes the steps of its naive self', (_, optimizer, naive) => {
  const s = { m: 0, v: 0, u: 0 }
  let w = 1
  follow(optimizer, 1, gradients).forEach(({ at }, i) => {
    w = naive(gradients[i], w, s, i + 1)
    // Twelve steps of some ten roundings each; gradients of 1000 cancel in those without a bound.
    expect(Math.abs(at - w) / max(1, Math.abs(w))).toBeLessThan(1e-12)
  })
})

it('an entry without a gradient stays, even with ε = 0', () => {
  const none = { rate, epsilon: 0 }
  for (const recipe of ['adam', 'amsGrad', 'nAdam', 'rAdam', 'rmsProp', 'centredRmsProp', 'adagrad'] as const)
    expect(
      follow(Optimizer[recipe](none), 1, Array<number>(9).fill(0)).map(({ at }) => at),
      recipe
    ).toEqual(Array(9).fill(1))
})

// —— those that look at the objective, on problems with known minima ——

const least = problems.logistic.objective(x(...problems.logistic.minimum)).value
const steepest = chain(scale(-1), Optimizer.lineSearch({ curvature: 0.1 }))
const polyak = Optimizer.polyak({ largest: Infinity })
const whole = chain(Optimizer.scaleByNewton(), scale(-1))
const plateau = chain(Optimizer.adam({ rate: 0.1 }), Optimizer.reduceOnPlateau())
const averaged = chain(Optimizer.momentum({ rate: 0.01, decay: 0.8 }), Optimizer.ema({ decay: 0.9 }))

const reached: ReadonlyArray<readonly [O, keyof typeof problems, steps: number, within: number]> = [
  [polyak, 'quadratic', 1000, 1e-12],
  [Optimizer.polyak({ lowerBound: least, largest: Infinity }), 'logistic', 300, 1e-6],
  [steepest, 'quadratic', 200, 1e-12],
  [Optimizer.lbfgs(), 'quadratic', 15, 1e-10],
  [Optimizer.lbfgs(), 'rosenbrock', 40, 1e-8],
  [Optimizer.lbfgs(), 'logistic', 15, 1e-10],
  [Optimizer.newton(), 'rosenbrock', 25, 1e-12],
  [Optimizer.newton(), 'logistic', 8, 1e-12],
  // The textbook's: down into the valley, a long way off, and back.
  [whole, 'rosenbrock', 7, 1e-12],
  [plateau, 'quadratic', 500, 1e-2],
  [averaged, 'quadratic', 500, 1e-12],
  [Optimizer.partition({ x: Optimizer.newton() }), 'rosenbrock', 25, 1e-12]
]

it.each(reached)('%j: the minimum of %s in %d steps', (optimizer, problem, steps, within) => {
  const { objective, start } = problems[problem]
  const { params, state } = take(optimizer, objective, start, steps)[steps]
  expect(distance(problems[problem], Optimizer.estimate<'x', O>(optimizer, params, state))).toBeLessThan(within)
})

it.each([
  [Optimizer.lbfgs(), 'rosenbrock', 0.9],
  [Optimizer.lbfgs({ curvature: 0.2 }), 'rosenbrock', 0.2],
  [Optimizer.newton(), 'rosenbrock', 0.9],
  [steepest, 'rosenbrock', 0.1],
  [Optimizer.lbfgs(), 'logistic', 0.9]
] as const)(
  'the line search: %j satisfies the strong Wolfe conditions at each accepted step',
  (optimizer, problem, curvature) => {
    const { objective, start } = problems[problem]
    const iterates = take(optimizer, objective, start, 30).map(({ params }) => ({ params, ...objective(params) }))
    const accepted = iterates.slice(1).filter((after, i) => {
      const before = iterates[i]
      const along = ({ x: g }: X): number =>
        g.values.reduce((sum, v, j) => sum + v * (after.params.x.values[j] - before.params.x.values[j]), 0)
      // Below this the values are rounding, and the slopes have decided.
      if (before.value < 1e-20 || Math.abs(before.value - after.value) < 1e-10 * before.value) return false
      expect(after.value).toBeLessThanOrEqual(before.value + 1e-4 * along(before.gradient) + 1e-15)
      expect(Math.abs(along(after.gradient))).toBeLessThanOrEqual(
        -curvature * along(before.gradient) * (1 + 1e-6) + 1e-15
      )
      return true
    })
    expect(accepted.length).toBeGreaterThanOrEqual(3)
  }
)

it('the line search: asks fewer than 60 times on the way to Rosenbrock’s minimum, and never twice at one place', () => {
  const { objective, start } = problems.rosenbrock
  const asked: string[] = []
  const counting: Function<'x'> = params => (asked.push(params.x.values.join()), objective(params))
  let i = 0
  for (const { params } of Optimizer.iterates(Optimizer.lbfgs(), counting)(start))
    if (distance(problems.rosenbrock, params) < 1e-8 || i++ > 100) break
  expect(asked.length).toBeLessThan(60)
  expect(new Set(asked).size).toBe(asked.length)
})

it('the line search: looks again where something has moved the parameters after it', () => {
  const { objective, start } = problems.rosenbrock
  const optimizer = chain(Optimizer.lbfgs(), Optimizer.project(Region.ball({ radius: 1 })))
  for (const iterate of take(optimizer, objective, start, 8))
    expect(Optimizer.step<'x', O>(optimizer, objective)(iterate)).toMatchObject(objective(iterate.params))
})

it('the line search: does not move along a direction that climbs, nor where every trial fails, and comes back from where nothing is finite', () => {
  const { init, update } = Optimizer.interpret(Optimizer.lineSearch({ evaluations: 5 }))<'x'>()
  const [up, { rate }] = update(x(1), init(x(1)), x(1), { ...bowl(x(1)), evaluate: () => expect.unreachable() })
  expect([up, rate]).toEqual([x(0), 0])
  const cliff: Function<'x'> = params => (params.x.values[0] === 1 ? bowl(params) : { value: NaN, gradient: x(NaN) })
  expect(update(x(-1), init(x(1)), x(1), { ...cliff(x(1)), evaluate: cliff })[0]).toEqual(x(0))
  // −log x + x, which ends at 0: the first trial, at −9, is out of its domain.
  const barrier: Function<'x'> = ({ x: { values } }) => ({
    value: values[0] - Math.log(values[0]),
    gradient: x(1 - 1 / values[0])
  })
  const [, { params }] = take(chain(scale(-20), Optimizer.lineSearch()), barrier, x(2), 1)
  expect(barrier(params).value).toBeLessThan(barrier(x(2)).value)
})

it('L-BFGS multiplies by the matrix that BFGS updates from the same steps', () => {
  type Vector = ReadonlyArray<number>
  type Pair = Readonly<Record<'s' | 'y', Vector>>
  const { objective, start } = problems.rosenbrock
  const { init, update } = Optimizer.interpret(Optimizer.scaleByLbfgs({ memory: 4 }))<'x'>()
  const path = take(Optimizer.lbfgs(), objective, start, 12).map(({ params }) => params)
  const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1]
  const minus = (a: X, b: X): Vector => [a.x.values[0] - b.x.values[0], a.x.values[1] - b.x.values[1]]
  /** H v: H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ for one pair after another (Nocedal & Wright 2006, 6.17). */
  const times = (v: Vector, pairs: ReadonlyArray<Pair>, { s, y }: Pair): Vector => {
    const last = pairs.at(-1)
    if (last === undefined) return v.map(entry => (dot(s, y) / dot(y, y)) * entry)
    const by = dot(last.s, v) / dot(last.s, last.y)
    const inner = times([v[0] - by * last.y[0], v[1] - by * last.y[1]], pairs.slice(0, -1), { s, y })
    return inner.map((entry, j) => entry + (by - dot(last.y, inner) / dot(last.s, last.y)) * last.s[j])
  }
  let state = init(start)
  const pairs: Pair[] = []
  path.forEach((at, n) => {
    const { gradient } = objective(at)
    if (n > 0) pairs.push({ s: minus(at, path[n - 1]), y: minus(gradient, objective(path[n - 1]).gradient) })
    const [direction, after] = update(gradient, state, at)
    state = after
    if (n === 0) return
    const wanted = times([...gradient.x.values], pairs.slice(-4), pairs[n - 1])
    expect(Math.hypot(...wanted.map((entry, j) => entry - direction.x.values[j]))).toBeLessThan(
      1e-9 * Math.hypot(...wanted)
    )
  })
  // A pair without curvature is kept out.
  const [, once] = update(x(1), init(x(0)), x(0))
  const [, uphill] = update(x(0.5), once, x(1))
  expect([uphill.pairs.length, update(x(2), uphill, x(2))[1].pairs.length]).toEqual([0, 1])
})

it('Newton: goes downhill at a saddle, and takes the gradient where second derivatives are not finite, or nothing', () => {
  // ½(x² − y²) + y⁴/4: a saddle at 0, minima at y = ±1.
  const saddle: Function<'x'> = ({
    x: {
      values: [a, b]
    }
  }) => ({ value: (a * a - b * b) / 2 + b ** 4 / 4, gradient: x(a, b ** 3 - b) })
  const { values } = take(Optimizer.newton(), saddle, x(1, 0.01), 20)[20].params.x
  expect(Math.hypot(values[0], values[1] - 1)).toBeLessThan(1e-8)
  const { init, update } = Optimizer.interpret(Optimizer.scaleByNewton())<'x'>()
  for (const gradient of [x(NaN, NaN), x(Infinity, 1), x(0, 0)])
    expect(
      update(x(3, 4), init(x(0, 0)), x(0, 0), {
        value: 0,
        gradient: x(3, 4),
        evaluate: () => ({ value: 0, gradient })
      })[0]
    ).toEqual(x(3, 4))
})

it('Newton: takes parameters of several names and shapes for one', () => {
  // ½ (a + b₁ − 1)² + ½ b₁² + b₂²
  const objective: Function<'a' | 'b'> = ({
    a: {
      values: [p]
    },
    b: {
      values: [q, r]
    }
  }) => ({
    value: (p + q - 1) ** 2 / 2 + q ** 2 / 2 + r ** 2,
    gradient: Params.of({ a: p + q - 1, b: [[p + 2 * q - 1], [2 * r]] })
  })
  const [, , { params }] = Optimizer.iterates(Optimizer.newton(), objective)(Params.of({ a: 3, b: [[4], [5]] }))
  expect([...params.a.values, ...params.b.values]).toEqual(near([1, 0, 0], 10))
  expect(params.b.shape).toEqual([2, 1])
})

// —— tables: what is done with gradients and values, worked out by hand ——

const ones = (n: number): ReadonlyArray<number> => Array<number>(n).fill(1)

// As PyTorch 2.4's ReduceLROnPlateau(patience=2, threshold=1e-4) has it: the third value that fails reduces.
it.each<[Parameters<typeof Optimizer.reduceOnPlateau>[0], ReadonlyArray<number>, ReadonlyArray<number>]>([
  [{ patience: 2 }, [5, 4, 4, 4, 4, 4, 3, 3, 3, 3], [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25]],
  [{ patience: 0 }, [1, 1, 1], [1, 0.5, 0.25]],
  [{ patience: 0, cooldown: 2, factor: 0.1, least: 0.05 }, ones(7), [1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05]],
  [{ patience: 0, tolerance: 0.1 }, [-10, -10.5, -12, -13], [1, 0.5, 0.5, 0.25]],
  [{ patience: 0, tolerance: 0.1 }, [10, 9.5, 8], [1, 0.5, 0.5]],
  [{ patience: 0, window: 2 }, [1, 3, 0, 4, 0, 2, 9, 9], [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]]
])('reduceOnPlateau(%j) of values %j scales by %j', (options, values, wanted) => {
  expect(follow(Optimizer.reduceOnPlateau(options), 0, ones(values.length), values).map(({ step }) => step)).toEqual(
    wanted
  )
})

it.each<[Parameters<typeof Optimizer.polyak>[0], number, number]>([
  [{}, 3, 1.5],
  [{}, 0, 0],
  [{ lowerBound: 100 }, 3, 3],
  [{ lowerBound: -100 }, 1, 0],
  [{ lowerBound: -100, largest: Infinity }, 1, -99.5]
])('polyak(%j) on ½x² goes from %d to %d', (options, from, to) => {
  expect(take(Optimizer.polyak(options), bowl, x(from), 1)[1].params.x.values[0]).toBe(to)
})

/** Estimates on the way to 3, −1, 4, 1, −5. */
it.each<[string, O, ReadonlyArray<number>]>([
  ['means of the iterates', Optimizer.average(), [3, 1, 2, 7 / 4, 2 / 5]],
  ['means after the second', Optimizer.average({ after: 2 }), [3, -1, 4, 5 / 2, 0]],
  ['means of falling weights', Optimizer.ema({ decay: 0.5 }), [3, 1 / 3, 17 / 7, 5 / 3, -55 / 31]],
  // Two steps, then half the way back to 0 from 4; one more, then half the way from there to −5.
  ['slow parameters', Optimizer.lookahead({ every: 2, share: 0.5 }), [0, -0.5, -0.5, 0.25, 0.25]]
])('averages: %s', (_, average, wanted) => {
  const path = [3, -1, 4, 1, -5].map(to => (at: number) => at - to)
  const optimizer = chain(scale(-1), average)
  expect(follow(optimizer, 0, path).map(({ estimate }) => estimate)).toEqual(near(wanted))
  expect(Optimizer.estimate<'x', O>(optimizer, x(7), Optimizer.anyInterpret<'x'>(optimizer).init(x(7)))).toEqual(x(7))
})

const named = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): Params.Params<'a' | 'b'> => Params.of({ a, b: [b] })
it.each<[string, O, Params.Params<'a' | 'b'>]>([
  ['only one', Optimizer.only('a', Optimizer.clipByGlobalNorm(1)), named([0.6, 0.8], [6, 8])],
  // |(3, 4, 6, 8)| = √125
  ['only both', Optimizer.only(['b', 'a'], Optimizer.clipByGlobalNorm(sqrt(125) / 2)), named([1.5, 2], [3, 4])],
  ['freeze', Optimizer.freeze('b'), named([3, 4], [0, 0])],
  ['partition of one', Optimizer.partition({ a: scale(-1) }), named([-3, -4], [0, 0])],
  [
    'partition',
    Optimizer.partition({ b: scale(-1), a: Optimizer.signDescent({ rate: 0.5 }) }),
    named([-0.5, -0.5], [-6, -8])
  ],
  ['norm of each name', Optimizer.clipByNorm(5), named([3, 4], [3, 4])],
  ['norm of all', Optimizer.clipByGlobalNorm(1e3), named([3, 4], [6, 8])]
])('by name: %s', (_, optimizer, wanted) => {
  const { init, update } = Optimizer.anyInterpret<'a' | 'b'>(optimizer)
  const [step] = update(named([3, 4], [6, 8]), init(wanted), wanted)
  expect([...step.a.values, ...step.b.values]).toEqual(near([...wanted.a.values, ...wanted.b.values]))
})

it('what is frozen stays whatever its gradient, a part that evaluates holds the others, and projections take each row', () => {
  const frozen = Optimizer.interpret(Optimizer.freeze('a'))<'a'>()
  const lost = Params.of({ a: [NaN, Infinity] })
  expect(frozen.update(lost, frozen.init(lost), lost)[0]).toEqual(Params.of({ a: [0, 0] }))
  // ½(a − b)² with b held at 5: the line search brings a to 5.
  const objective: Function<'a' | 'b'> = ({
    a: {
      values: [p]
    },
    b: {
      values: [q]
    }
  }) => ({ value: (p - q) ** 2 / 2, gradient: Params.of({ a: p - q, b: q - p }) })
  const [, , { params }] = Optimizer.iterates(
    Optimizer.partition({ a: Optimizer.newton() }),
    objective
  )(Params.of({ a: 1, b: 5 }))
  expect([params.a.values[0], params.b.values[0]]).toEqual(near([5, 5], 8))
  const rows = Params.of({
    a: [
      [3, 4],
      [0.6, 0],
      [0, -5]
    ]
  })
  const ball = Optimizer.interpret(Optimizer.project(Region.ball({ radius: 1 })))<'a'>()
  const [step] = ball.update(Params.zeros(Params.shapes(rows)), ball.init(rows), rows)
  expect([...Params.zipWith((p, s) => p + s)(rows, step).a.values]).toEqual(near([0.6, 0.8, 0.6, 0, 0, -1], 15))
})

const halving = Rate.step({ rate: 0.8, factor: 0.5, every: 1 })
const { value, gradient } = problems.quadratic.objective(problems.quadratic.start)
const x1 = Optimizer.only('y', scale(0.1))
it.each<[string, O, steps: number, rate: number, name?: string]>([
  ['before the first step', Optimizer.adam({ rate: halving }), 0, 0.8],
  ['for the next step', Optimizer.adam({ rate: halving }), 2, 0.2],
  ['a plain factor', scale(-0.25), 3, 0.25],
  ['factors multiplied', chain(Optimizer.gradientDescent({ rate: halving }), scale(0.5)), 1, 0.2],
  ['none, where nothing moves', chain(descent, Optimizer.zero), 1, 0],
  ['a climb', chain(), 1, -1],
  ['no step yet', Optimizer.lbfgs(), 0, 0],
  ['a whole step of Newton', Optimizer.newton(), 1, 1],
  ['of the first name with a rule', Optimizer.partition({ x: Optimizer.gradientDescent({ rate: halving }) }), 1, 0.4],
  ['of a name', chain(descent, x1), 1, 0.1, 'x'],
  ['of another name', chain(descent, x1), 1, 0.01, 'y'],
  ['of the least', chain(descent, x1), 1, 0.01],
  ['of a Polyak step, f/|g|²', Optimizer.polyak(), 1, value / Params.norm(gradient) ** 2]
])('the rate in force: %s', (_, optimizer, steps, rate, name) => {
  const { state } = take(optimizer, problems.quadratic.objective, problems.quadratic.start, steps)[steps]
  expect(Optimizer.rateInForce(optimizer, state, name)).toBeCloseTo(rate, 15)
})

// —— in a stage ——

const points = Mixture.sample(200)(Key.fromSeed(3))(Mixture.symmetricPair([0.6, 0.8, 0]))
const exact = { objective: Objective.denoising(NoiseLevels.at(0.5)), expectation: Expectation.quadrature() }
const compile = (
  optimizer: O,
  options: Partial<Parameters<typeof Stage.descend>[0]> = {},
  then: ReadonlyArray<Stage.Stage> = []
) =>
  pipe(
    points,
    Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score: Score.symmetricPair,
        initializer: Initializer.values([[0.5, 0.2, 0.1]]),
        stages: [Stage.descend({ ...exact, optimizer, steps: 10, ...options }), ...then]
      })
    )
  )
const compiled = (...args: Parameters<typeof compile>): Compile.Program<'mean'> => Problem.orThrow(compile(...args))
const states = (...args: Parameters<typeof compile>): ReadonlyArray<Run.State<'mean'>> => [
  ...Run.states(compiled(...args))(Key.fromSeed(1))
]
it('in a stage: ends with the average of its iterates, and hands it on', () => {
  const half = Optimizer.gradientDescent({ rate: 0.5 })
  const still = Stage.descend({ ...exact, optimizer: Optimizer.zero, steps: 1 })
  const found = states(chain(half, Optimizer.average({ after: 4 })), {}, [still])
  const plain = states(half)
  const iterates = plain.slice(5, 11).map(({ params }) => params.mean.values)
  expect(found[9].params).toEqual(plain[9].params)
  expect([...found[10].params.mean.values]).toEqual(
    near([0, 1, 2].map(j => iterates.reduce((sum, v) => sum + v[j], 0) / 6))
  )
  expect([found[10].status._tag, found[11].params, found[12].params]).toEqual([
    'StageEnded',
    found[10].params,
    found[10].params
  ])
})

it('in a stage: a warm-up from 0 does not stop at its first step', () => {
  expect(states(Optimizer.gradientDescent({ rate: Rate.linear({ rate: 0, final: 0.5, steps: 5 }) })).at(-1)?.step).toBe(
    10
  )
})

it('what makes no sense is refused, with what to do instead', async () => {
  const drawn = { expectation: Expectation.monteCarlo() }
  const { lbfgs, newton, adam, partition } = Optimizer
  const refused: Readonly<Record<string, ReturnType<typeof compile>>> = {
    'L-BFGS where noise is drawn anew': compile(lbfgs(), drawn),
    'Newton, likewise': compile(whole, { expectation: Expectation.projected() }),
    'L-BFGS on the likelihood: never': compile(lbfgs(), { ...drawn, objective: Objective.likelihood }),
    'L-BFGS under common noise: never': compile(lbfgs(), { expectation: Expectation.fixed(points) }),
    'a name that is no parameter': compile(chain(adam({ rate: 1 }), Optimizer.freeze('means'))),
    'rules for names that are no parameters': compile(
      partition({ mean: adam({ rate: 1 }), logits: adam({ rate: 1 }) })
    ),
    'a climb': compile(Optimizer.scaleByAdam()),
    'iterates before the rate': compile(chain(Optimizer.average(), Optimizer.gradientDescent({ rate: 1 }))),
    'numbers out of their domain, each': compile(
      chain(
        partition({ mean: chain(Optimizer.clipByNorm(0), Optimizer.gradientDescent({ rate: -1 })) }),
        Optimizer.only('mean', Optimizer.lookahead({ every: 0, share: 2 }))
      )
    )
  }
  const many = (shape: ReadonlyArray<number>) =>
    Optimizer.optimizerIncompatibilities({ shapes: { means: shape }, random: null })(newton())
  await golden('optimizer', [
    ...Object.entries(refused).flatMap(([what, result]) => [
      what,
      ...(E.isLeft(result) ? result.left.map(p => `  ${Problem.show(p)}`) : [])
    ]),
    ...[
      [13, 5],
      [16, 4]
    ].map(shape => `Newton of ${shape.join(' × ')}: ${many(shape).map(Problem.show).join()}`)
  ])
})

it('a state of another optimizer is refused, and an update without the objective where a part needs it', () => {
  const { init } = Optimizer.interpret(Optimizer.adam({ rate: 1 }))<'x'>()
  const written: unknown = JSON.parse(
    JSON.stringify(Optimizer.stateCodec(Optimizer.adam({ rate: 1 })).encode(init(x(1))))
  )
  for (const other of [
    Optimizer.momentum({ rate: 1 }),
    scale(1),
    Optimizer.lbfgs(),
    Optimizer.partition({ x: chain() })
  ])
    expect(E.isLeft(Optimizer.stateCodec(other).decode(written))).toBe(true)
  for (const needy of [Optimizer.polyak(), sharpnessAware()]) {
    const { init, update } = Optimizer.anyInterpret<'x'>(needy)
    expect(() => update(x(1), init(x(1)), x(1))).toThrow(
      /^context: undefined is not the objective, which this optimizer needs/
    )
  }
  expect(() => Optimizer.anyInterpret<'x'>(sharpnessAware()).update(x(1), null, x(1))).toThrow(
    /^memory: null is not what Optimizer.sharpnessAware remembers/
  )
  expect(
    [Optimizer.lbfgs(), Optimizer.partition({ x: Optimizer.only('x', Optimizer.newton()) }), Optimizer.polyak()].map(
      Optimizer.needsDeterminism
    )
  ).toEqual([true, true, false])
})

it('an optimizer of one’s own: steps by what it says: (1 − 0.1) x − 0.05 on ½x², from above', () => {
  const [, once, twice] = take(chain(sharpnessAware({ radius: 0.5 }), scale(-0.1)), bowl, x(1), 2)
  expect([once, twice].map(({ params }) => params.x.values[0])).toEqual(near([0.85, 0.9 * 0.85 - 0.05], 15))
  expect(twice.state).toEqual([{ steps: 2 }, null])
  expect(Optimizer.rateInForce(chain(sharpnessAware(), scale(-0.1)), [{ steps: 0 }, null])).toBeNaN()
  expect(Optimizer.rateInForce(chain(sharpnessAware(), Optimizer.freeze('x')), [{ steps: 0 }, null], 'x')).toBe(0)
})

it('an optimizer of one’s own: is held to what it says of itself: a gain uphill, determinism, its place after the rate, and its own demands', () => {
  const careful = Optimizer.define({
    name: 'careful',
    about: 'as it is',
    memory: t.null,
    init: () => () => null,
    update: () => gradient => [gradient, null],
    gain: () => () => 2,
    needsDeterminism: true,
    afterRate: true,
    requirements: () => (shapes, printed) =>
      Problem.unless('mean' in shapes, 'optimizer', printed, 'for this score', 'choose another')
  })
  const said = (name: string, random: string | null, optimizer: O): number =>
    Optimizer.optimizerIncompatibilities({ shapes: { [name]: [3] }, random })(optimizer).length
  expect([
    said('means', 'noise', careful),
    said('mean', null, chain(scale(-1), careful)),
    said('mean', null, sharpnessAware())
  ]).toEqual([4, 0, 0])
  expect(Optimizer.rateInForce(chain(scale(-1), careful), [null, null])).toBe(2)
})

it.each<[O, unknown]>([
  [Optimizer.adam({ rate }), { methods: ['Adam'], rates: [Rate.constant(0.1)], frozen: [] }],
  [
    chain(Optimizer.momentum({ rate }), Optimizer.freeze('logits')),
    { methods: ['momentum'], rates: [Rate.constant(0.1)], frozen: ['logits'] }
  ],
  [
    chain(Optimizer.scaleByRate(0.1), Optimizer.only('logits', scale(0))),
    { methods: [], rates: [Rate.constant(0.1)], frozen: ['logits'] }
  ],
  // A rate before it is not the rate of Adam.
  [chain(Optimizer.scaleByRate(0.1), Optimizer.scaleByAdam()), null],
  [chain(Optimizer.clipByValue(1), Optimizer.adam({ rate })), null]
])('in few words: %j', (optimizer, wanted) => {
  expect(pipe(Optimizer.optimizerBrief(optimizer), O.toNullable)).toEqual(wanted)
})
