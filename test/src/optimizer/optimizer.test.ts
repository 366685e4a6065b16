/** Optimizers: each against a naive scalar one, on problems with known minima, and refused where it makes no sense. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Rate,
  Region,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'
import { sharpnessAware } from './own.js'
import { distance, problems, type Objective as Function } from './problems.js'

type O = Optimizer.Optimizer
type X = Params.Params<'x'>

const codec = Optimizer.codec(Vocabulary.standard)

const x = (...values: ReadonlyArray<number>): X => Params.of({ x: values })

/** What equals these numbers to so many decimals. */
const near = (values: ReadonlyArray<number>, digits: number): ReadonlyArray<unknown> =>
  values.map((value): unknown => expect.closeTo(value, digits))

/** The iterates of an optimizer, `steps` of them after the start. */
const take = (
  optimizer: O,
  objective: Function<'x'>,
  start: X,
  steps: number
): ReadonlyArray<Optimizer.Iterate<'x'>> => {
  const found: Optimizer.Iterate<'x'>[] = []
  for (const iterate of Optimizer.iterates<'x', O>(optimizer, objective)(start)) {
    found.push(iterate)
    if (found.length > steps) break
  }
  return found
}

/** θ after each of the gradients, an objective with no value in sight. */
const follow = (optimizer: O, start: number, gradients: ReadonlyArray<number>): ReadonlyArray<number> => {
  const { init, update } = Optimizer.anyInterpret<'x'>(optimizer)
  let [params, state] = [x(start), init(x(start))]
  return gradients.map(gradient => {
    const [step, after] = update(x(gradient), state, params)
    ;[params, state] = [Params.zipWith((a, b) => a + b)(params, step), after]
    return params.x.values[0]
  })
}

// —— the naive optimizers: one number, one loop, every quantity a variable ——

interface Naive {
  readonly name: string
  readonly optimizer: O
  /** The parameter after gradient g, with whatever it remembers in its closure. */
  readonly naive: () => (g: number, theta: number) => number
}

const [rate, b1, b2, eps] = [0.1, 0.9, 0.999, 1e-8]

const naives: ReadonlyArray<Naive> = [
  { name: 'gradient descent', optimizer: Optimizer.gradientDescent({ rate }), naive: () => (g, w) => w - rate * g },
  {
    name: 'momentum',
    optimizer: Optimizer.momentum({ rate, decay: 0.8 }),
    naive: () => {
      let v = 0
      return (g, w) => {
        v = 0.8 * v + g
        return w - rate * v
      }
    }
  },
  {
    // As Nesterov wrote it: the gradient is that at the point looked ahead to, which is what θ stands for.
    name: 'Nesterov',
    optimizer: Optimizer.nesterov({ rate, decay: 0.8 }),
    naive: () => {
      let [previous, first] = [0, true]
      return (g, ahead) => {
        const now = ahead - rate * g
        const next = now + 0.8 * (now - (first ? ahead : previous))
        ;[previous, first] = [now, false]
        return next
      }
    }
  },
  { name: 'sign descent', optimizer: Optimizer.signDescent({ rate }), naive: () => (g, w) => w - rate * Math.sign(g) },
  {
    name: 'Adam',
    optimizer: Optimizer.adam({ rate }),
    naive: () => {
      let [m, v, n] = [0, 0, 0]
      return (g, w) => {
        n += 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g ** 2
        return w - (rate * (m / (1 - b1 ** n))) / (Math.sqrt(v / (1 - b2 ** n)) + eps)
      }
    }
  },
  {
    // The efficient form at the end of section 2 of the paper, with ε̂ = ε √(1 − β_2ⁿ).
    name: 'AdamW',
    optimizer: Optimizer.adamW({ rate, decay: 0.05 }),
    naive: () => {
      let [m, v, n] = [0, 0, 0]
      return (g, w) => {
        n += 1
        m += (1 - b1) * (g - m)
        v += (1 - b2) * (g * g - v)
        const corrected = (rate * Math.sqrt(1 - b2 ** n)) / (1 - b1 ** n)
        return (1 - rate * 0.05) * w - (corrected * m) / (Math.sqrt(v) + eps * Math.sqrt(1 - b2 ** n))
      }
    }
  },
  {
    name: 'AMSGrad',
    optimizer: Optimizer.amsGrad({ rate, beta2: 0.5 }),
    naive: () => {
      let [m, v, n, most] = [0, 0, 0, 0]
      return (g, w) => {
        n += 1
        m = b1 * m + (1 - b1) * g
        v = 0.5 * v + 0.5 * g ** 2
        const corrected = v / (1 - 0.5 ** n)
        if (corrected > most) most = corrected
        return w - (rate * m) / (1 - b1 ** n) / (Math.sqrt(most) + eps)
      }
    }
  },
  {
    name: 'NAdam',
    optimizer: Optimizer.nAdam({ rate }),
    naive: () => {
      let [m, v, n] = [0, 0, 0]
      return (g, w) => {
        n += 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g ** 2
        const ahead = b1 * (m / (1 - b1 ** (n + 1))) + (1 - b1) * (g / (1 - b1 ** n))
        return w - (rate * ahead) / (Math.sqrt(v / (1 - b2 ** n)) + eps)
      }
    }
  },
  {
    name: 'RAdam',
    optimizer: Optimizer.rAdam({ rate }),
    naive: () => {
      let [m, v, n] = [0, 0, 0]
      const most = 2 / (1 - b2) - 1
      return (g, w) => {
        n += 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g ** 2
        const length = most - (2 * n * b2 ** n) / (1 - b2 ** n)
        const mean = m / (1 - b1 ** n)
        if (length < 5) return w - rate * mean
        const r = Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length))
        return w - (rate * r * mean) / (Math.sqrt(v / (1 - b2 ** n)) + eps)
      }
    }
  },
  {
    name: 'RMSProp',
    optimizer: Optimizer.rmsProp({ rate, decay: 0.7 }),
    naive: () => {
      let v = 0
      return (g, w) => {
        v = 0.7 * v + 0.3 * g ** 2
        return w - (rate * g) / (Math.sqrt(v) + eps)
      }
    }
  },
  {
    name: 'centred RMSProp',
    optimizer: Optimizer.centredRmsProp({ rate, decay: 0.7 }),
    naive: () => {
      let [m, v] = [0, 0]
      return (g, w) => {
        m = 0.7 * m + 0.3 * g
        v = 0.7 * v + 0.3 * g ** 2
        return w - (rate * g) / (Math.sqrt(v - m ** 2) + eps)
      }
    }
  },
  {
    name: 'Adagrad',
    optimizer: Optimizer.adagrad({ rate, start: 0.25 }),
    naive: () => {
      let s = 0.25
      return (g, w) => {
        s += g ** 2
        return w - (rate * g) / (Math.sqrt(s) + 1e-10)
      }
    }
  },
  {
    name: 'Adadelta',
    optimizer: Optimizer.adadelta(),
    naive: () => {
      let [v, u] = [0, 0]
      return (g, w) => {
        v = 0.9 * v + 0.1 * g ** 2
        const step = (Math.sqrt(u + 1e-6) / Math.sqrt(v + 1e-6)) * g
        u = 0.9 * u + 0.1 * step ** 2
        return w - step
      }
    }
  },
  {
    name: 'Lion',
    optimizer: Optimizer.lion({ rate, decay: 0.05 }),
    naive: () => {
      let m = 0
      return (g, w) => {
        const step = Math.sign(b1 * m + (1 - b1) * g)
        m = 0.99 * m + 0.01 * g
        return w - rate * (step + 0.05 * w)
      }
    }
  },
  {
    name: 'clipped by value',
    optimizer: Optimizer.chain(Optimizer.clipByValue(1.5), Optimizer.scale(-1)),
    naive: () => (g, w) => w - (g > 1.5 ? 1.5 : g < -1.5 ? -1.5 : g)
  },
  {
    name: 'clipped by norm',
    optimizer: Optimizer.chain(Optimizer.clipByNorm(1.5), Optimizer.scale(-1)),
    naive: () => (g, w) => w - (g > 1.5 ? 1.5 : g < -1.5 ? -1.5 : g)
  },
  {
    name: 'clipped by the global norm',
    optimizer: Optimizer.chain(Optimizer.clipByGlobalNorm(1.5), Optimizer.scale(-1)),
    naive: () => (g, w) => w - (g > 1.5 ? 1.5 : g < -1.5 ? -1.5 : g)
  },
  {
    name: 'projected',
    optimizer: Optimizer.chain(
      Optimizer.gradientDescent({ rate }),
      Optimizer.project(Region.box({ least: 0.9, most: 1.1 }))
    ),
    naive: () => (g, w) => Math.min(1.1, Math.max(0.9, w - rate * g))
  },
  {
    name: 'Lookahead',
    optimizer: Optimizer.chain(Optimizer.gradientDescent({ rate }), Optimizer.lookahead({ every: 3, share: 0.25 })),
    naive: () => {
      let [slow, n] = [1, 0]
      return (g, w) => {
        n += 1
        const fast = w - rate * g
        if (n % 3 !== 0) return fast
        slow = 0.75 * slow + 0.25 * fast
        return slow
      }
    }
  },
  {
    name: 'a scheduled rate',
    optimizer: Optimizer.gradientDescent({ rate: Rate.step({ rate: 0.4, factor: 0.5, every: 3 }) }),
    naive: () => {
      let n = 0
      return (g, w) => w - (0.4 / 2 ** Math.floor(n++ / 3)) * g
    }
  }
]

/** Large and small, of both signs, and nothing. */
const gradients = [0.5, -2, 3, 0, 1e-3, -0.25, 7, 4, -1e3, 0.5, 0.5, 0.125]

it.each(naives)('$name takes the steps of its naive self', ({ optimizer, naive }) => {
  const next = naive()
  let w = 1
  const wanted = gradients.map(g => (w = next(g, w)))
  const found = follow(optimizer, 1, gradients)
  // Twelve steps of some ten roundings each; gradients of 1000 cancel in those without a bound.
  const most = found.map((value, i) => Math.abs(value - wanted[i]) / Math.max(1, Math.abs(wanted[i])))
  expect(Math.max(...most)).toBeLessThan(1e-12)
})

describe('first steps', () => {
  const first = (optimizer: O, gradient: number): number => follow(optimizer, 0, [gradient])[0]

  it.each<readonly [string, O, number, number]>([
    // m̂ = g and v̂ = g², so the step is the rate.
    ['Adam', Optimizer.adam({ rate, epsilon: 0 }), 3, -0.1],
    ['AMSGrad', Optimizer.amsGrad({ rate, epsilon: 0 }), -3, 0.1],
    // β_1 (1 − β_1)/(1 − β_1²) + 1 = 0.9/1.9 + 1
    ['NAdam', Optimizer.nAdam({ rate, epsilon: 0 }), 3, -0.1 * (0.9 / 1.9 + 1)],
    // ρ_1 = 1: the mean alone.
    ['RAdam', Optimizer.rAdam({ rate }), 3, -0.3],
    // √((1 − decay) g²) = g/√10
    ['RMSProp', Optimizer.rmsProp({ rate, epsilon: 0 }), 3, -0.1 * Math.sqrt(10)],
    // 0.1 g² − 0.01 g² = (0.3 g)²
    ['centred RMSProp', Optimizer.centredRmsProp({ rate, epsilon: 0 }), 3, -1 / 3],
    ['Adagrad', Optimizer.adagrad({ rate, epsilon: 0 }), -3, 0.1],
    // √10⁻⁶/√(0.1 · 9 + 10⁻⁶) · 3
    ['Adadelta', Optimizer.adadelta(), 3, (-3 * 1e-3) / Math.sqrt(0.900001)],
    ['Lion', Optimizer.lion({ rate }), -1e-9, 0.1],
    // g + decay · g
    ['Nesterov', Optimizer.nesterov({ rate, decay: 0.9 }), 1, -0.19]
  ])('%s', (_, optimizer, gradient, step) => {
    expect(first(optimizer, gradient)).toBeCloseTo(step, 14)
  })

  it('RAdam rectifies from the sixth gradient on, where ρ first passes 5', () => {
    const steps = follow(
      Optimizer.rAdam({ rate: 1, epsilon: 0 }),
      0,
      Array.from({ length: 7 }, () => 10)
    )
    const taken = steps.map((step, i) => step - (steps[i - 1] ?? 0))
    taken.slice(0, 5).forEach(step => expect(step).toBeCloseTo(-10, 12))
    // ρ_6 = 1999 − 12 · 0.999⁶/(1 − 0.999⁶) = 5.99416…, so r_6 = 0.0257…
    const rho = 1999 - (12 * 0.999 ** 6) / (1 - 0.999 ** 6)
    expect(rho).toBeGreaterThan(5)
    expect(taken[5]).toBeCloseTo(-Math.sqrt(((rho - 4) * (rho - 2) * 1999) / (1995 * 1997 * rho)), 10)
  })

  it('an entry without a gradient stays, even with ε = 0', () => {
    const still = [
      Optimizer.adam({ rate, epsilon: 0 }),
      Optimizer.amsGrad({ rate, epsilon: 0 }),
      Optimizer.nAdam({ rate, epsilon: 0 }),
      Optimizer.rAdam({ rate, epsilon: 0 }),
      Optimizer.rmsProp({ rate, epsilon: 0 }),
      Optimizer.centredRmsProp({ rate, epsilon: 0 }),
      Optimizer.adagrad({ rate, epsilon: 0 })
    ]
    still.forEach(optimizer =>
      expect(
        follow(
          optimizer,
          1,
          Array.from({ length: 9 }, () => 0)
        )
      ).toEqual(Array(9).fill(1))
    )
  })
})

// —— each optimizer on each problem ——

interface Cell {
  readonly optimizer: O
  readonly steps: number
  /** How near the minimum it is then. */
  readonly within: number
}

const falling = (rate: number, steps: number): Rate.Rate => Rate.cosine({ rate, steps })

/** A recipe whose rate falls to 0 over the steps. */
const annealed = (
  recipe: (options: { readonly rate: Rate.Rate }) => O,
  rate: number,
  steps: number,
  within: number
): Cell => ({ optimizer: recipe({ rate: falling(rate, steps) }), steps, within })

const cell = (optimizer: O, steps: number, within: number): Cell => ({ optimizer, steps, within })

const { chain } = Optimizer
const careful = (recipe: O): O => chain(Optimizer.clipByGlobalNorm(1), recipe)
const least = problems.logistic.objective(Params.of({ x: [...problems.logistic.minimum] })).value
const steepest = chain(Optimizer.scale(-1), Optimizer.lineSearch({ curvature: 0.1 }))

/** Where a cell is not there, the optimizer does not get near in a few thousand steps. */
const table: Readonly<Record<string, { readonly [K in keyof typeof problems]?: Cell }>> = {
  'gradient descent': {
    // (1 − 0.015)¹⁵⁰⁰ = 1.4e-10
    quadratic: cell(Optimizer.gradientDescent({ rate: 0.015 }), 1500, 1e-9),
    rosenbrock: cell(Optimizer.gradientDescent({ rate: 0.0015 }), 20_000, 1e-4),
    logistic: cell(Optimizer.gradientDescent({ rate: 2 }), 300, 1e-12)
  },
  momentum: {
    quadratic: cell(Optimizer.momentum({ rate: 0.01, decay: 0.8 }), 500, 1e-12),
    rosenbrock: cell(Optimizer.momentum({ rate: 0.001 }), 4000, 1e-6),
    logistic: cell(Optimizer.momentum({ rate: 1, decay: 0.7 }), 300, 1e-12)
  },
  Nesterov: {
    quadratic: cell(Optimizer.nesterov({ rate: 0.01, decay: 0.8 }), 500, 1e-12),
    rosenbrock: cell(Optimizer.nesterov({ rate: 0.001, decay: 0.95 }), 4000, 1e-10),
    logistic: cell(Optimizer.nesterov({ rate: 1, decay: 0.7 }), 300, 1e-12)
  },
  'sign descent': {
    quadratic: annealed(Optimizer.signDescent, 0.02, 400, 0.1),
    logistic: annealed(Optimizer.signDescent, 0.02, 300, 1e-4)
  },
  Adam: {
    quadratic: annealed(Optimizer.adam, 0.1, 500, 1e-3),
    rosenbrock: annealed(Optimizer.adam, 0.1, 2000, 1e-2),
    logistic: annealed(Optimizer.adam, 0.1, 500, 1e-8)
  },
  AMSGrad: {
    quadratic: annealed(Optimizer.amsGrad, 1, 1000, 1e-2),
    logistic: annealed(Optimizer.amsGrad, 0.1, 500, 1e-3)
  },
  NAdam: {
    quadratic: annealed(Optimizer.nAdam, 0.1, 500, 1e-5),
    rosenbrock: annealed(Optimizer.nAdam, 0.1, 2000, 1e-3),
    logistic: annealed(Optimizer.nAdam, 0.1, 500, 1e-8)
  },
  // Its first five steps are as long as the gradients: it wants a clip.
  RAdam: {
    quadratic: annealed(options => careful(Optimizer.rAdam(options)), 0.1, 1000, 1e-2),
    rosenbrock: annealed(options => careful(Optimizer.rAdam(options)), 0.1, 3000, 1e-2),
    logistic: annealed(Optimizer.rAdam, 0.1, 500, 1e-2)
  },
  RMSProp: {
    quadratic: annealed(Optimizer.rmsProp, 0.02, 500, 1e-3),
    rosenbrock: annealed(Optimizer.rmsProp, 0.01, 3000, 0.1),
    logistic: annealed(Optimizer.rmsProp, 0.02, 500, 1e-12)
  },
  'centred RMSProp': {
    quadratic: annealed(Optimizer.centredRmsProp, 0.02, 500, 1e-3),
    rosenbrock: annealed(Optimizer.centredRmsProp, 0.01, 3000, 0.1),
    logistic: annealed(Optimizer.centredRmsProp, 0.02, 500, 1e-12)
  },
  Adagrad: {
    quadratic: cell(Optimizer.adagrad({ rate: 0.5 }), 1000, 1e-6),
    rosenbrock: cell(Optimizer.adagrad({ rate: 1 }), 5000, 0.05),
    logistic: cell(Optimizer.adagrad({ rate: 0.5 }), 1000, 1e-12)
  },
  Adadelta: {
    quadratic: cell(Optimizer.adadelta(), 2000, 0.1),
    logistic: cell(Optimizer.adadelta(), 2000, 1e-12)
  },
  Lion: {
    quadratic: annealed(Optimizer.lion, 0.02, 500, 0.05),
    rosenbrock: annealed(Optimizer.lion, 0.005, 3000, 0.01),
    logistic: annealed(Optimizer.lion, 0.02, 500, 0.1)
  },
  Polyak: {
    quadratic: cell(Optimizer.polyak({ largest: Infinity }), 1000, 1e-12),
    rosenbrock: cell(Optimizer.polyak({ largest: Infinity }), 5000, 1e-10),
    logistic: cell(Optimizer.polyak({ lowerBound: least, largest: Infinity }), 300, 1e-6)
  },
  'steepest descent with a line search': {
    quadratic: cell(steepest, 200, 1e-12),
    rosenbrock: cell(steepest, 5000, 0.01),
    logistic: cell(steepest, 200, 1e-12)
  },
  'L-BFGS': {
    quadratic: cell(Optimizer.lbfgs(), 15, 1e-10),
    rosenbrock: cell(Optimizer.lbfgs(), 40, 1e-8),
    logistic: cell(Optimizer.lbfgs(), 15, 1e-10)
  },
  Newton: {
    quadratic: cell(Optimizer.newton(), 2, 1e-12),
    rosenbrock: cell(Optimizer.newton(), 25, 1e-12),
    logistic: cell(Optimizer.newton(), 8, 1e-12)
  },
  'Newton, whole steps': {
    quadratic: cell(chain(Optimizer.scaleByNewton(), Optimizer.scale(-1)), 2, 1e-12),
    // The textbook's: down into the valley, a long way off, and back.
    rosenbrock: cell(chain(Optimizer.scaleByNewton(), Optimizer.scale(-1)), 7, 1e-12),
    logistic: cell(chain(Optimizer.scaleByNewton(), Optimizer.scale(-1)), 8, 1e-12)
  },
  Lookahead: {
    quadratic: annealed(options => chain(Optimizer.adam(options), Optimizer.lookahead()), 0.1, 500, 0.05),
    rosenbrock: annealed(options => chain(Optimizer.adam(options), Optimizer.lookahead()), 0.1, 2000, 0.1),
    logistic: annealed(options => chain(Optimizer.adam(options), Optimizer.lookahead()), 0.1, 500, 1e-7)
  },
  'Adam, reduced on plateau': {
    quadratic: cell(chain(Optimizer.adam({ rate: 0.1 }), Optimizer.reduceOnPlateau()), 500, 1e-2),
    rosenbrock: cell(chain(Optimizer.adam({ rate: 0.05 }), Optimizer.reduceOnPlateau({ patience: 50 })), 3000, 1e-6)
  },
  averaged: {
    quadratic: cell(chain(Optimizer.gradientDescent({ rate: 0.015 }), Optimizer.average({ after: 1000 })), 2000, 1e-6),
    logistic: cell(chain(Optimizer.gradientDescent({ rate: 2 }), Optimizer.average({ after: 100 })), 300, 1e-6)
  },
  'moving average': {
    quadratic: cell(
      chain(Optimizer.momentum({ rate: 0.01, decay: 0.8 }), Optimizer.movingAverage({ decay: 0.9 })),
      500,
      1e-12
    )
  },
  partition: {
    quadratic: cell(Optimizer.partition({ x: Optimizer.lbfgs() }), 15, 1e-10),
    rosenbrock: cell(Optimizer.partition({ x: Optimizer.newton() }), 25, 1e-12)
  }
}

const cells = Object.entries(table).flatMap(([name, row]) =>
  (Object.keys(problems) as ReadonlyArray<keyof typeof problems>).flatMap(problem => {
    const cell = row[problem]
    return cell === undefined ? [] : [{ name, problem, ...cell }]
  })
)

it.each(cells)('$name: $problem to $within in $steps steps', ({ optimizer, problem, steps, within }) => {
  const { objective, start } = problems[problem]
  const last = take(optimizer, objective, start, steps)[steps]
  expect(distance(problems[problem], Optimizer.estimate<'x', O>(optimizer, last.params, last.state))).toBeLessThan(
    within
  )
})

/** Every optimizer of the table, and of the naive ones, once. */
const all: ReadonlyArray<readonly [string, O]> = [
  ...new Map(
    [
      ...cells.map(({ optimizer }) => optimizer),
      ...naives.map(({ optimizer }) => optimizer),
      Optimizer.chain(),
      Optimizer.zero,
      Optimizer.partition({ x: Optimizer.adam({ rate: 0.1 }) }),
      Optimizer.chain(Optimizer.only('x', Optimizer.trace(0.5)), Optimizer.gradientDescent({ rate: 0.001 })),
      Optimizer.chain(Optimizer.adam({ rate: 0.1 }), Optimizer.freeze('x', 'y z')),
      Optimizer.only(['x', 'y'], Optimizer.gradientDescent({ rate: 0.001 })),
      Optimizer.partition({ 'y z': Optimizer.zero })
    ].map(optimizer => [Optimizer.show(optimizer), optimizer])
  )
]

it('every one goes through JSON unchanged, and is in order', () => {
  expect(all.map(([, optimizer]) => codec.decode(JSON.parse(JSON.stringify(codec.encode(optimizer)))))).toEqual(
    all.map(([, optimizer]) => E.right(optimizer))
  )
  expect(all.flatMap(([name, optimizer]) => Optimizer.problems(optimizer).map(problem => [name, problem]))).toEqual([])
})

it.each(all)('%s: stopped anywhere and resumed from JSON takes the same steps, bit for bit', (_, optimizer) => {
  const { objective, start } = problems.rosenbrock
  const codec = Optimizer.stateCodec<'x'>(optimizer)
  const next = Optimizer.step<'x', O>(optimizer, objective)
  const whole = take(optimizer, objective, start, 12)
  const resumed = whole.slice(0, -1).map(({ params, state }, i) => {
    const read = codec.decode(JSON.parse(JSON.stringify(codec.encode(state))))
    if (E.isLeft(read)) throw new Error(`state ${i} is refused`)
    return { state: read.right, next: next({ params, state: read.right }).params }
  })
  expect(resumed).toEqual(whole.slice(0, -1).map(({ state }, i) => ({ state, next: whole[i + 1].params })))
})

it('prints as the code that builds it', () => {
  expect(Optimizer.show(Optimizer.nesterov({ rate: 0.1 }))).toBe(
    'Optimizer.chain(Optimizer.nesterovTrace(0.9), Optimizer.scaleByRate(0.1))'
  )
  expect(Optimizer.show(Optimizer.lbfgs({ memory: 3 }))).toBe(
    'Optimizer.chain(Optimizer.scaleByLbfgs({ memory: 3 }), Optimizer.scale(-1), ' +
      'Optimizer.lineSearch({ decrease: 0.0001, curvature: 0.9, evaluations: 25 }))'
  )
  expect(
    Optimizer.show(
      Optimizer.partition({
        means: Optimizer.project(Region.ball({ radius: 2 })),
        'log variances': Optimizer.freeze('a', 'b')
      })
    )
  ).toBe(
    'Optimizer.partition({ means: Optimizer.project(Region.ball({ radius: 2 })), ' +
      "'log variances': Optimizer.freeze('a', 'b') })"
  )
  expect(Optimizer.show(Optimizer.only(['a', 'b'], Optimizer.sign))).toBe("Optimizer.only(['a', 'b'], Optimizer.sign)")
})

// —— line searches ——

describe('the line search', () => {
  it('satisfies the strong Wolfe conditions at each accepted step', () => {
    for (const [optimizer, { objective, start }] of [
      [Optimizer.lbfgs(), problems.rosenbrock],
      [Optimizer.lbfgs({ curvature: 0.2 }), problems.rosenbrock],
      [Optimizer.newton(), problems.rosenbrock],
      [steepest, problems.rosenbrock],
      [Optimizer.lbfgs(), problems.logistic],
      [Optimizer.lbfgs(), problems.quadratic]
    ] as const) {
      const curvature = Optimizer.show(optimizer).includes('0.2') ? 0.2 : optimizer === steepest ? 0.1 : 0.9
      const iterates = take(optimizer, objective, start, 30)
      let accepted = 0
      iterates.slice(1).forEach(({ params }, i) => {
        const [before, after] = [iterates[i].params, params]
        const step = Params.zipWith((a, b) => b - a)(before, after)
        const [f, g] = [objective(before), objective(after)]
        const along = (gradient: X): number => gradient.x.values.reduce((sum, v, j) => sum + v * step.x.values[j], 0)
        // Below this the values are rounding, and the slopes have decided.
        if (f.value < 1e-20 || Math.abs(f.value - g.value) < 1e-10 * f.value) return
        accepted += 1
        expect(g.value).toBeLessThanOrEqual(f.value + 1e-4 * along(f.gradient) + 1e-15)
        // θ + step rounds: the slope is that of the step as taken.
        expect(Math.abs(along(g.gradient))).toBeLessThanOrEqual(-curvature * along(f.gradient) * (1 + 1e-6) + 1e-15)
      })
      expect(accepted).toBeGreaterThanOrEqual(3)
    }
  })

  it('asks for the objective fewer than 60 times on the way to Rosenbrock’s minimum, and never twice at one place', () => {
    const { objective, start } = problems.rosenbrock
    const asked: string[] = []
    const counting: Function<'x'> = params => {
      asked.push(params.x.values.join())
      return objective(params)
    }
    let i = 0
    for (const { params } of Optimizer.iterates(Optimizer.lbfgs(), counting)(start))
      if (distance(problems.rosenbrock, params) < 1e-8 || i++ > 100) break
    expect(asked.length).toBeLessThan(60)
    expect(new Set(asked).size).toBe(asked.length)
  })

  it('looks again where something has moved the parameters after it', () => {
    const { objective, start } = problems.rosenbrock
    const optimizer = chain(Optimizer.lbfgs(), Optimizer.project(Region.ball({ radius: 1 })))
    const next = Optimizer.step<'x', O>(optimizer, objective)
    take(optimizer, objective, start, 8).forEach(iterate => {
      const { value, gradient } = next(iterate)
      expect({ value, gradient }).toEqual(objective(iterate.params))
    })
  })

  it('does not move along a direction that climbs, nor where every trial fails', () => {
    const { init, update } = Optimizer.interpret(Optimizer.lineSearch({ evaluations: 5 }))<'x'>()
    const flat: Function<'x'> = ({ x: { values } }) => ({ value: values[0] ** 2 / 2, gradient: x(values[0]) })
    const unasked = (): never => expect.unreachable()
    const [up, state] = update(x(1), init(x(1)), x(1), { ...flat(x(1)), evaluate: unasked })
    expect(up).toEqual(x(0))
    expect(state.rate).toBe(0)
    const cliff: Function<'x'> = params => (params.x.values[0] === 1 ? flat(params) : { value: NaN, gradient: x(NaN) })
    expect(update(x(-1), init(x(1)), x(1), { ...cliff(x(1)), evaluate: cliff })[0]).toEqual(x(0))
  })

  it('comes back from where the objective is not finite', () => {
    // −log x + x, which ends at 0: the first trial, at −9, is out of its domain.
    const barrier: Function<'x'> = ({ x: { values } }) => ({
      value: values[0] - Math.log(values[0]),
      gradient: x(1 - 1 / values[0])
    })
    const [, { params }] = take(chain(Optimizer.scale(-20), Optimizer.lineSearch()), barrier, x(2), 1)
    expect(params.x.values[0]).toBeGreaterThan(0)
    expect(barrier(params).value).toBeLessThan(barrier(x(2)).value)
  })
})

describe('L-BFGS', () => {
  it('multiplies by the matrix that BFGS updates from the same steps', () => {
    const { objective, start } = problems.rosenbrock
    const part = Optimizer.scaleByLbfgs({ memory: 4 })
    const { init, update } = Optimizer.interpret(part)<'x'>()
    const path = take(Optimizer.lbfgs(), objective, start, 12).map(({ params }) => params)
    let state = init(start)
    const pairs: { s: number[]; y: number[] }[] = []
    path.forEach((params, i) => {
      const { gradient } = objective(params)
      if (i > 0) {
        const before = objective(path[i - 1]).gradient
        pairs.push({
          s: [0, 1].map(j => params.x.values[j] - path[i - 1].x.values[j]),
          y: [0, 1].map(j => gradient.x.values[j] - before.x.values[j])
        })
      }
      const [direction, after] = update(gradient, state, params)
      state = after
      if (pairs.length === 0) return
      const recent = pairs.slice(-4)
      const newest = recent[recent.length - 1]
      const gamma = (newest.s[0] * newest.y[0] + newest.s[1] * newest.y[1]) / (newest.y[0] ** 2 + newest.y[1] ** 2)
      // H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ, entry by entry (Nocedal & Wright 2006, 6.17).
      let h = [
        [gamma, 0],
        [0, gamma]
      ]
      for (const { s, y } of recent) {
        const rho = 1 / (s[0] * y[0] + s[1] * y[1])
        const left = [0, 1].map(a => [0, 1].map(b => (a === b ? 1 : 0) - rho * s[a] * y[b]))
        h = [0, 1].map(a =>
          [0, 1].map(b => {
            let sum = rho * s[a] * s[b]
            for (const c of [0, 1]) for (const d of [0, 1]) sum += left[a][c] * h[c][d] * left[b][d]
            return sum
          })
        )
      }
      const wanted = h.map(row => row[0] * gradient.x.values[0] + row[1] * gradient.x.values[1])
      const size = Math.hypot(...wanted)
      wanted.forEach((entry, j) => expect(Math.abs(direction.x.values[j] - entry)).toBeLessThan(1e-9 * size))
    })
  })

  it('keeps out a pair without curvature', () => {
    const { init, update } = Optimizer.interpret(Optimizer.scaleByLbfgs())<'x'>()
    const [, once] = update(x(1), init(x(0)), x(0))
    const [, uphill] = update(x(0.5), once, x(1))
    expect(uphill.pairs).toEqual([])
    const [, curved] = update(x(2), uphill, x(2))
    expect(curved.pairs).toHaveLength(1)
  })
})

describe('Newton', () => {
  it('goes downhill at a saddle', () => {
    // ½(x² − y²) + y⁴/4: a saddle at 0, minima at y = ±1.
    const saddle: Function<'x'> = ({ x: { values } }) => {
      const [a, b] = values
      return { value: (a * a - b * b) / 2 + b ** 4 / 4, gradient: x(a, b ** 3 - b) }
    }
    const last = take(Optimizer.newton(), saddle, x(1, 0.01), 20)[20].params
    expect(Math.hypot(last.x.values[0], last.x.values[1] - 1)).toBeLessThan(1e-8)
  })

  it('takes the gradient for a direction where the second derivatives are not finite, or nothing', () => {
    const { init, update } = Optimizer.interpret(Optimizer.scaleByNewton())<'x'>()
    for (const gradient of [x(NaN, NaN), x(Infinity, 1), x(0, 0)]) {
      const evaluate = (): Optimizer.Evaluation<'x'> => ({ value: 0, gradient })
      const context = { value: 0, gradient: x(3, 4), evaluate }
      expect(update(x(3, 4), init(x(0, 0)), x(0, 0), context)[0]).toEqual(x(3, 4))
    }
  })

  it('takes parameters of several names and shapes for one', () => {
    // ½ (a + b₁ − 1)² + ½ b₁² + b₂²
    const objective: Function<'a' | 'b'> = ({ a, b }) => {
      const [p, [q, r]] = [a.values[0], [...b.values]]
      return {
        value: (p + q - 1) ** 2 / 2 + q ** 2 / 2 + r ** 2,
        gradient: Params.of({ a: p + q - 1, b: [[p + 2 * q - 1], [2 * r]] })
      }
    }
    const iterates = Optimizer.iterates(Optimizer.newton(), objective)(Params.of({ a: 3, b: [[4], [5]] }))
    const [, , { params }] = iterates
    expect(params.a.values[0]).toBeCloseTo(1, 10)
    expect(params.b.shape).toEqual([2, 1])
    params.b.values.forEach(entry => expect(entry).toBeCloseTo(0, 10))
  })
})

// —— value ——

describe('reduce on plateau', () => {
  const scales = (
    options: Parameters<typeof Optimizer.reduceOnPlateau>[0],
    values: ReadonlyArray<number>
  ): ReadonlyArray<number> => {
    const { init, update } = Optimizer.interpret(Optimizer.reduceOnPlateau(options))<'x'>()
    let state = init(x(0))
    return values.map(value => {
      const [step, after] = update(x(1), state, x(0), {
        value,
        gradient: x(1),
        evaluate: () => ({ value, gradient: x(1) })
      })
      state = after
      return step.x.values[0]
    })
  }

  // As PyTorch 2.4's ReduceLROnPlateau(patience=2, threshold=1e-4) has it: the third value that fails reduces.
  it('lets `patience` values in a row fail to improve, and halves the step at the next', () => {
    expect(scales({ patience: 2 }, [5, 4, 4, 4, 4, 4, 3, 3, 3, 3])).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25])
    expect(scales({ patience: 0 }, [1, 1, 1])).toEqual([1, 0.5, 0.25])
  })

  it('passes over `cooldown` values, and stops at the least scale', () => {
    expect(scales({ patience: 0, cooldown: 2, factor: 0.1, least: 0.05 }, [1, 1, 1, 1, 1, 1, 1])).toEqual([
      1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05
    ])
  })

  it('takes an improvement relative to the size of the best, negative or not', () => {
    expect(scales({ patience: 0, tolerance: 0.1 }, [-10, -10.5, -12, -13])).toEqual([1, 0.5, 0.5, 0.25])
    expect(scales({ patience: 0, tolerance: 0.1 }, [10, 9.5, 8])).toEqual([1, 0.5, 0.5])
  })

  it('compares means of `window` values', () => {
    expect(scales({ patience: 0, window: 2 }, [1, 3, 0, 4, 0, 2, 9, 9])).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25])
  })
})

describe('the Polyak step', () => {
  it('halves x on ½x², takes no step at the minimum or below its bound, and no more than the largest', () => {
    const step = (options: Parameters<typeof Optimizer.polyak>[0], at: number): number => {
      const half: Function<'x'> = ({ x: { values } }) => ({ value: values[0] ** 2 / 2, gradient: x(values[0]) })
      return take(Optimizer.polyak(options), half, x(at), 1)[1].params.x.values[0]
    }
    expect(step({}, 3)).toBe(1.5)
    expect(step({}, 0)).toBe(0)
    expect(step({ lowerBound: 100 }, 3)).toBe(3)
    expect(step({ lowerBound: -100 }, 1)).toBe(0)
    expect(step({ lowerBound: -100, largest: Infinity }, 1)).toBe(-99.5)
  })
})

// —— iterates, names ——

describe('averages', () => {
  const path = [3, -1, 4, 1, -5]
  const states = (optimizer: O): ReadonlyArray<number> => {
    const { init, update } = Optimizer.anyInterpret<'x'>(optimizer)
    let [params, state] = [x(0), init(x(0))]
    return path.map(to => {
      const [step, after] = update(x(params.x.values[0] - to), state, params)
      ;[params, state] = [Params.zipWith((a, b) => a + b)(params, step), after]
      return Optimizer.estimate<'x', O>(optimizer, params, state).x.values[0]
    })
  }
  const descent = Optimizer.scale(-1)

  it('are the means of the iterates after the first few', () => {
    expect(states(chain(descent, Optimizer.average()))).toEqual(near([3, 1, 2, 7 / 4, 2 / 5], 14))
    expect(states(chain(descent, Optimizer.average({ after: 2 })))).toEqual(near([3, -1, 4, 5 / 2, 0], 14))
  })

  it('have weights that fall by `decay` and sum to 1', () => {
    const wanted = path.map((_, n) => {
      const weights = path.slice(0, n + 1).map((__, i) => 0.5 ** (n - i))
      return weights.reduce((sum, w, i) => sum + w * path[i], 0) / weights.reduce((a, b) => a + b, 0)
    })
    expect(states(chain(descent, Optimizer.movingAverage({ decay: 0.5 })))).toEqual(near(wanted, 14))
  })

  it('of Lookahead are its slow parameters', () => {
    // Two steps, then half the way back to 0 from 4; one more, then half the way from there to −5.
    const slow = states(chain(descent, Optimizer.lookahead({ every: 2, share: 0.5 })))
    expect(slow).toEqual([0, -0.5, -0.5, 0.25, 0.25])
  })

  it('are the start before any step', () => {
    const optimizer = chain(descent, Optimizer.average())
    const { init } = Optimizer.interpret(optimizer)<'x'>()
    expect(Optimizer.estimate(optimizer, x(7), init(x(7)))).toEqual(x(7))
  })
})

describe('rules by name', () => {
  const params = Params.of({ a: [3, 4], b: [[6, 8]] })

  const once = (optimizer: O): Params.Params<'a' | 'b'> => {
    const { init, update } = Optimizer.anyInterpret<'a' | 'b'>(optimizer)
    return update(params, init(params), params)[0]
  }

  it('only: the part sees the named parameters, the others pass', () => {
    expect(once(Optimizer.only('a', Optimizer.clipByGlobalNorm(1)))).toEqual(
      Params.of({ a: [3 / 5, 4 / 5], b: [[6, 8]] })
    )
    // |(3, 4, 6, 8)| = √125
    const halved = once(Optimizer.only(['b', 'a'], Optimizer.clipByGlobalNorm(Math.sqrt(125) / 2)))
    expect([...halved.a.values, ...halved.b.values]).toEqual(near([1.5, 2, 3, 4], 14))
  })

  it('freeze: the named parameters stay, whatever their gradient', () => {
    expect(once(Optimizer.freeze('b'))).toEqual(Params.of({ a: [3, 4], b: [[0, 0]] }))
    const { init, update } = Optimizer.interpret(Optimizer.freeze('a'))<'a'>()
    const lost = Params.of({ a: [NaN, Infinity] })
    expect(update(lost, init(lost), lost)[0]).toEqual(Params.of({ a: [0, 0] }))
  })

  it('partition: each name has its own, and what has none stays', () => {
    expect(once(Optimizer.partition({ a: Optimizer.scale(-1) }))).toEqual(Params.of({ a: [-3, -4], b: [[0, 0]] }))
    expect(once(Optimizer.partition({ b: Optimizer.scale(-1), a: Optimizer.signDescent({ rate: 0.5 }) }))).toEqual(
      Params.of({ a: [-0.5, -0.5], b: [[-6, -8]] })
    )
  })

  it('a part of some names that evaluates holds the others where they are', () => {
    // ½(a − b)² with b held at 5: the line search brings a to 5.
    const objective: Function<'a' | 'b'> = ({ a, b }) => {
      const [p, q] = [a.values[0], b.values[0]]
      return { value: (p - q) ** 2 / 2, gradient: Params.of({ a: p - q, b: q - p }) }
    }
    const iterates = Optimizer.iterates(Optimizer.partition({ a: Optimizer.newton() }), objective)
    const [, , { params }] = iterates(Params.of({ a: 1, b: 5 }))
    expect(params.a.values[0]).toBeCloseTo(5, 8)
    expect(params.b.values[0]).toBe(5)
  })

  it('clip by norm takes each name for itself, by the global norm all together', () => {
    expect(once(Optimizer.clipByNorm(5))).toEqual(Params.of({ a: [3, 4], b: [[3, 4]] }))
    expect(once(Optimizer.clipByGlobalNorm(1e3))).toEqual(params)
  })

  it('projections take every row for itself', () => {
    const rows = Params.of({
      a: [
        [3, 4],
        [0.6, 0],
        [0, -5]
      ]
    })
    const { init, update } = Optimizer.interpret(Optimizer.project(Region.ball({ radius: 1 })))<'a'>()
    const [step] = update(Params.zeros(Params.shapes(rows)), init(rows), rows)
    expect([...Params.zipWith((p, s) => p + s)(rows, step).a.values]).toEqual(near([0.6, 0.8, 0.6, 0, 0, -1], 15))
  })
})

describe('the rate in force', () => {
  const after = (optimizer: O, steps: number, name?: string): number => {
    const { state } = take(optimizer, problems.quadratic.objective, problems.quadratic.start, steps)[steps]
    return Optimizer.rateInForce(optimizer, state, name)
  }
  const halving = Rate.step({ rate: 0.8, factor: 0.5, every: 1 })

  it.each<readonly [string, O, number, number]>([
    ['before the first step', Optimizer.adam({ rate: halving }), 0, 0.8],
    ['for the next step', Optimizer.adam({ rate: halving }), 2, 0.2],
    ['a plain factor', Optimizer.scale(-0.25), 3, 0.25],
    ['factors multiplied', chain(Optimizer.gradientDescent({ rate: halving }), Optimizer.scale(0.5)), 1, 0.2],
    ['none, where nothing moves', chain(Optimizer.gradientDescent({ rate: 1 }), Optimizer.zero), 1, 0],
    ['a climb', chain(), 1, -1],
    ['no step yet', Optimizer.lbfgs(), 0, 0],
    ['a whole step of Newton', Optimizer.newton(), 1, 1],
    [
      'that of the first name with a rule',
      Optimizer.partition({ x: Optimizer.gradientDescent({ rate: halving }) }),
      1,
      0.4
    ]
  ])('%s', (_, optimizer, steps, rate) => {
    expect(after(optimizer, steps)).toBeCloseTo(rate, 15)
  })

  it('is that of a name where it is asked for', () => {
    const optimizer = chain(Optimizer.gradientDescent({ rate: 0.5 }), Optimizer.only('y', Optimizer.scale(0.1)))
    expect([after(optimizer, 1, 'x'), after(optimizer, 1, 'y'), after(optimizer, 1)]).toEqual([0.5, 0.05, 0.05])
  })

  it('of a Polyak step is what it was', () => {
    // f/|g|² at the start.
    const { value, gradient } = problems.quadratic.objective(problems.quadratic.start)
    expect(after(Optimizer.polyak(), 1)).toBeCloseTo(value / Params.norm(gradient) ** 2, 15)
  })

  it('shrinks on a plateau', () => {
    const optimizer = chain(Optimizer.signDescent({ rate: 1 }), Optimizer.reduceOnPlateau({ patience: 0 }))
    const bowl: Function<'x'> = params => ({ value: Params.norm(params) ** 2 / 2, gradient: params })
    // From (1, 1) to 0, where it stays.
    const rates = take(optimizer, bowl, x(1, 1), 4).map(({ state }) => Optimizer.rateInForce(optimizer, state))
    expect(rates).toEqual([1, 1, 1, 0.5, 0.25])
  })
})

// —— in a stage ——

const truth = Mixture.symmetricPair([0.6, 0.8, 0])
const points = Mixture.sample(200)(Key.fromSeed(3))(truth)
const exact = {
  objective: Objective.denoising(TimeLaw.at(0.5)),
  expectation: Expectation.quadrature()
}

const compile = (
  optimizer: O,
  options: Partial<Parameters<typeof Stage.descend>[0]> = {},
  then: ReadonlyArray<Stage.Stage> = []
): ReturnType<ReturnType<typeof Compile.pipeline<'mean'>>> =>
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

const compiled = (...args: Parameters<typeof compile>): Compile.Program<'mean'> => {
  const program = compile(...args)
  if (E.isLeft(program)) throw new Error(program.left.map(Problem.show).join('\n'))
  return program.right
}

const messages = (result: ReturnType<typeof compile>): ReadonlyArray<string> =>
  E.isLeft(result) ? result.left.map(Problem.show) : []

describe('in a stage', () => {
  it('second-order optimizers find what gradient descent finds', () => {
    const end = (optimizer: O, steps: number): ReadonlyArray<number> => [
      ...Run.last(compiled(optimizer, { steps }))(Key.fromSeed(1)).params.mean.values
    ]
    const slow = end(Optimizer.gradientDescent({ rate: 0.5 }), 100)
    for (const optimizer of [Optimizer.lbfgs(), Optimizer.newton()])
      // Near a minimum the value is flat to rounding: the parameters are good to about √2⁻⁵².
      end(optimizer, 12).forEach((entry, i) => expect(Math.abs(entry - slow[i])).toBeLessThan(1e-7))
  })

  it('ends with the average of its iterates, and hands it on', () => {
    const optimizer = chain(Optimizer.gradientDescent({ rate: 0.5 }), Optimizer.average({ after: 4 }))
    const still = Stage.descend({ ...exact, optimizer: Optimizer.zero, steps: 1 })
    const states = [...Run.states(compiled(optimizer, {}, [still]))(Key.fromSeed(1))]
    const plain = [...Run.states(compiled(Optimizer.gradientDescent({ rate: 0.5 })))(Key.fromSeed(1))]
    const iterates = plain.slice(5, 11).map(({ params }) => params.mean.values)
    const mean = [0, 1, 2].map(j => iterates.reduce((sum, values) => sum + values[j], 0) / 6)
    expect(states[9].params).toEqual(plain[9].params)
    expect([...states[10].params.mean.values]).toEqual(near(mean, 14))
    expect(states[10].status._tag).toBe('StageEnded')
    expect(states[11].params).toEqual(states[10].params)
    expect(states[12].params).toEqual(states[10].params)
  })

  it('a warm-up from 0 does not stop at its first step', () => {
    const rate = Rate.linear({ rate: 0, final: 0.5, steps: 5 })
    expect(Run.last(compiled(Optimizer.gradientDescent({ rate })))(Key.fromSeed(1)).step).toBe(10)
  })

  it('one is resumed from JSON with the same bits', () => {
    const program = compiled(chain(Optimizer.lbfgs(), Optimizer.average()))
    const states = [...Run.states(program)(Key.fromSeed(1))]
    const codec = Run.codec(program)
    const read = codec.decode(JSON.parse(JSON.stringify(codec.encode(states[4]))))
    if (E.isLeft(read)) throw new Error('refused')
    expect([...Run.resume(program)(read.right)]).toEqual(states.slice(4))
  })
})

describe('is refused', () => {
  const drawn = { expectation: Expectation.monteCarlo() }
  const remedy = 'use Expectation.fixed(noise), Expectation.quadrature() for the symmetric pair, or Optimizer.adam'
  const search = 'Optimizer.lineSearch({ decrease: 0.0001, curvature: 0.9, evaluations: 25 })'

  it.each<readonly [string, ReturnType<typeof compile>, ReadonlyArray<string>]>([
    [
      'L-BFGS where noise is drawn anew',
      compile(Optimizer.lbfgs(), drawn),
      [
        'stages[0].expectation: Expectation.monteCarlo() is not deterministic, as ' +
          `Optimizer.scaleByLbfgs({ memory: 10 }) and ${search} need it; ${remedy}`
      ]
    ],
    [
      'Newton, likewise',
      compile(chain(Optimizer.scaleByNewton(), Optimizer.scale(-1)), { expectation: Expectation.projected() }),
      [
        'stages[0].expectation: Expectation.projected() is not deterministic, as ' +
          `Optimizer.scaleByNewton({ floor: 1e-8 }) needs it; ${remedy}`
      ]
    ],
    ['L-BFGS on the likelihood: never', compile(Optimizer.lbfgs(), { ...drawn, objective: Objective.likelihood }), []],
    ['L-BFGS under common noise: never', compile(Optimizer.lbfgs(), { expectation: Expectation.fixed(points) }), []],
    [
      'a name that is no parameter',
      compile(chain(Optimizer.adam({ rate: 1 }), Optimizer.freeze('means'))),
      ["stages[0].optimizer: 'means' is not the name of a parameter; use one of 'mean'"]
    ],
    [
      'rules for names that are no parameters',
      compile(Optimizer.partition({ mean: Optimizer.adam({ rate: 1 }), logits: Optimizer.adam({ rate: 1 }) })),
      ["stages[0].optimizer: 'logits' is not the name of a parameter; use one of 'mean'"]
    ],
    [
      'a climb',
      compile(Optimizer.scaleByAdam()),
      [
        'stages[0].optimizer: Optimizer.scaleByAdam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }) is not a descent of ' +
          "'mean', whose gradient it leaves uphill; chain a rate: Optimizer.scaleByRate(0.1), or Optimizer.freeze what is to stay"
      ]
    ],
    [
      'a part that speaks of iterates, before the rate',
      compile(chain(Optimizer.average(), Optimizer.gradientDescent({ rate: 1 }))),
      [
        'stages[0].optimizer: Optimizer.average({ after: 0 }) is not after a rate, where gradients have become steps; ' +
          'put it last in the chain'
      ]
    ],
    [
      'numbers out of their domain, each',
      compile(
        chain(
          Optimizer.partition({ mean: chain(Optimizer.clipByNorm(0), Optimizer.gradientDescent({ rate: -1 })) }),
          Optimizer.only('mean', Optimizer.lookahead({ every: 0, share: 2 }))
        )
      ),
      [
        'stages[0].optimizer.parts[0].rules.mean.parts[0].most: 0 is not > 0 and finite; try 1',
        'stages[0].optimizer.parts[0].rules.mean.parts[1].rate: -1 is not > 0 and finite; try 0.1',
        'stages[0].optimizer.parts[1].part.every: 0 is not a whole number ≥ 1; try 5',
        'stages[0].optimizer.parts[1].part.share: 2 is not in (0, 1]; try 0.5'
      ]
    ]
  ])('%s', (_, result, wanted) => {
    expect(messages(result)).toEqual(wanted)
  })

  it('Newton, for many parameters', () => {
    const wide = Optimizer.incompatibilities({ shapes: { means: [13, 5] }, random: null })
    expect(wide(Optimizer.newton()).map(Problem.show)).toEqual([
      'optimizer: Optimizer.scaleByNewton({ floor: 1e-8 }) of 65 parameters is not of ≤ 64 parameters, each of which ' +
        'costs two evaluations a step; use Optimizer.lbfgs()'
    ])
    expect(Optimizer.incompatibilities({ shapes: { means: [16, 4] }, random: null })(Optimizer.newton())).toEqual([])
  })

  it('an update without the objective, where a part needs it', () => {
    const { init, update } = Optimizer.anyInterpret<'x'>(Optimizer.polyak())
    expect(() => update(x(1), init(x(1)), x(1))).toThrow(
      new RangeError(
        'context: undefined is not the objective, which this optimizer needs; give it to `update` as fourth argument'
      )
    )
  })

  const outside: ReadonlyArray<readonly [O, string]> = [
    [Optimizer.scale(NaN), 'factor: NaN is not finite; try -0.1'],
    [Optimizer.trace(1), 'decay: 1 is not in [0, 1); try 0.9'],
    [Optimizer.nesterovTrace(-1), 'decay: -1 is not in [0, 1); try 0.9'],
    [Optimizer.scaleByAmsGrad({ beta1: 1 }), 'beta1: 1 is not in [0, 1); try 0.9'],
    [Optimizer.scaleByNAdam({ beta2: 2 }), 'beta2: 2 is not in [0, 1); try 0.999'],
    [Optimizer.scaleByRAdam({ epsilon: -1 }), 'epsilon: -1 is not ≥ 0 and finite; try 1e-8'],
    [Optimizer.scaleByRms({ decay: 1 }), 'decay: 1 is not in [0, 1); try 0.9'],
    [Optimizer.scaleByStandardDeviation({ epsilon: NaN }), 'epsilon: NaN is not ≥ 0 and finite; try 1e-8'],
    [Optimizer.scaleByAdagrad({ start: -1 }), 'start: -1 is not ≥ 0 and finite; try 0'],
    [Optimizer.scaleByAdadelta({ epsilon: 0 }), 'epsilon: 0 is not > 0 and finite; try 0.000001'],
    [Optimizer.scaleByLion({ beta2: 1 }), 'beta2: 1 is not in [0, 1); try 0.99'],
    [Optimizer.scaleByPolyak({ lowerBound: -Infinity }), 'lowerBound: -Infinity is not finite; try 0'],
    [Optimizer.scaleByPolyak({ largest: 0 }), 'largest: 0 is not > 0; try 1, or Infinity for no limit'],
    [Optimizer.reduceOnPlateau({ factor: 1 }), 'factor: 1 is not in (0, 1); try 0.5'],
    [Optimizer.reduceOnPlateau({ patience: -1 }), 'patience: -1 is not a whole number ≥ 0; try 10'],
    [Optimizer.reduceOnPlateau({ tolerance: -1 }), 'tolerance: -1 is not ≥ 0 and finite; try 0.0001'],
    [Optimizer.reduceOnPlateau({ cooldown: 0.5 }), 'cooldown: 0.5 is not a whole number ≥ 0; try 0'],
    [Optimizer.reduceOnPlateau({ least: 2 }), 'least: 2 is not in [0, 1]; try 0'],
    [Optimizer.reduceOnPlateau({ window: 0 }), 'window: 0 is not a whole number ≥ 1; try 1'],
    [Optimizer.scaleByLbfgs({ memory: 0 }), 'memory: 0 is not a whole number ≥ 1; try 10'],
    [Optimizer.scaleByNewton({ floor: 0 }), 'floor: 0 is not in (0, 1); try 1e-8'],
    [Optimizer.lineSearch({ decrease: 0.5 }), 'decrease: 0.5 is not in (0, 1/2); try 0.0001'],
    [Optimizer.lineSearch({ curvature: 1 }), 'curvature: 1 is not in (0, 1); try 0.9'],
    [
      Optimizer.lineSearch({ decrease: 0.4, curvature: 0.3 }),
      'curvature: 0.3 is not in (0.4, 1), above decrease; try 0.9'
    ],
    [Optimizer.lineSearch({ evaluations: 0 }), 'evaluations: 0 is not a whole number ≥ 1; try 25'],
    [Optimizer.clipByValue(0), 'most: 0 is not > 0 and finite; try 1'],
    [Optimizer.clipByGlobalNorm(Infinity), 'most: Infinity is not > 0 and finite; try 1'],
    [Optimizer.weightDecay(-1), 'decay: -1 is not ≥ 0 and finite; try 0.0001'],
    [Optimizer.project(Region.ball({ radius: -1 })), 'region.radius: -1 is not > 0 and finite; try 1'],
    [Optimizer.average({ after: -1 }), 'after: -1 is not a whole number ≥ 0; try 0'],
    [Optimizer.movingAverage({ decay: 1 }), 'decay: 1 is not in [0, 1); try 0.99'],
    [Optimizer.lookahead({ share: 0 }), 'share: 0 is not in (0, 1]; try 0.5']
  ]
  it('what is outside its domain', () => {
    expect(
      outside.map(([optimizer]) => [Optimizer.show(optimizer), Optimizer.problems(optimizer).map(Problem.show)])
    ).toEqual(outside.map(([optimizer, message]) => [Optimizer.show(optimizer), [message]]))
  })

  it('a state of another optimizer', () => {
    const { init } = Optimizer.interpret(Optimizer.adam({ rate: 1 }))<'x'>()
    const written = JSON.parse(
      JSON.stringify(Optimizer.stateCodec(Optimizer.adam({ rate: 1 })).encode(init(x(1))))
    ) as unknown
    for (const other of [
      Optimizer.momentum({ rate: 1 }),
      Optimizer.scale(1),
      Optimizer.lbfgs(),
      Optimizer.partition({ x: chain() })
    ])
      expect(E.isLeft(Optimizer.stateCodec(other).decode(written))).toBe(true)
  })

  it('only what has reason to be', () => {
    expect(Optimizer.needsDeterminism(Optimizer.lbfgs())).toBe(true)
    expect(Optimizer.needsDeterminism(Optimizer.partition({ x: Optimizer.only('x', Optimizer.newton()) }))).toBe(true)
    expect(Optimizer.needsDeterminism(Optimizer.polyak())).toBe(false)
  })
})

// —— one's own ——

describe('an optimizer of one’s own', () => {
  const mine = Vocabulary.extend(Vocabulary.standard, [sharpnessAware])
  const own = sharpnessAware({ radius: 0.5 })
  const descent = chain(own, Optimizer.scale(-0.1))

  it('is printed, with its formula', () => {
    expect(Optimizer.show(descent)).toBe(
      'Optimizer.chain(Optimizer.sharpnessAware({ radius: 0.5 }), Optimizer.scale(-0.1))'
    )
    expect(Optimizer.formula(own)).toBe('∇f(θ + 0.5 ∇f/|∇f|)')
  })

  it('is checked', () => {
    expect(Optimizer.problems(Optimizer.only('x', sharpnessAware({ radius: -1 }))).map(Problem.show)).toEqual([
      'part.radius: -1 is not > 0 and finite; try 0.05'
    ])
  })

  it('goes through JSON by the vocabulary that holds it', () => {
    const nested = Optimizer.partition({ mean: chain(Optimizer.only('mean', own), Optimizer.adam({ rate: 0.1 })) })
    const json: unknown = JSON.parse(JSON.stringify(Optimizer.codec(mine).encode(nested)))
    expect(Optimizer.codec(mine).decode(json)).toEqual(E.right(nested))
    expect(E.isLeft(codec.decode(json))).toBe(true)
  })

  it('steps by the gradient at the worst point: (1 − 0.1) x − 0.05 on ½x², from above', () => {
    const bowl: Function<'x'> = params => ({ value: Params.norm(params) ** 2 / 2, gradient: params })
    const [, once, twice] = take(descent, bowl, x(1), 2)
    expect(once.params.x.values[0]).toBeCloseTo(0.85, 15)
    expect(twice.params.x.values[0]).toBeCloseTo(0.9 * 0.85 - 0.05, 15)
    expect(twice.state).toEqual([{ steps: 2 }, null])
  })

  it('runs in a compiled pipeline, on noise drawn anew too, and is resumed from JSON with the same bits', () => {
    for (const expectation of [exact.expectation, Expectation.monteCarlo()]) {
      const program = compiled(descent, { expectation })
      const states = [...Run.states(program)(Key.fromSeed(1))]
      const runs = Run.codec(program)
      const read = runs.decode(JSON.parse(JSON.stringify(runs.encode(states[4]))))
      if (E.isLeft(read)) throw new Error('refused')
      expect(read.right).toEqual(states[4])
      expect([...Run.resume(program)(read.right)]).toEqual(states.slice(4))
      expect(states[states.length - 1].status._tag).toBe('Finished')
    }
  })

  it('refuses what it does not remember, in code and in JSON', () => {
    const { update } = Optimizer.anyInterpret<'x'>(own)
    expect(() => update(x(1), null, x(1))).toThrow(/^memory: null is not what Optimizer.sharpnessAware remembers/)
    expect(E.isLeft(Optimizer.stateCodec(descent).decode([{ steps: 'one' }, null]))).toBe(true)
  })

  it('says that it needs the objective only when it is asked of it', () => {
    const { init, update } = Optimizer.anyInterpret<'x'>(own)
    expect(() => update(x(1), init(x(1)), x(1))).toThrow(/^context: undefined is not the objective/)
  })

  it('is not said to climb, nor to have a rate, where it does not say what it puts on a gradient', () => {
    expect(Optimizer.incompatibilities({ shapes: { mean: [3] }, random: null })(own)).toEqual([])
    expect(Optimizer.rateInForce(descent, [{ steps: 0 }, null])).toBeNaN()
    // What is frozen after it stays, whatever it does.
    expect(Optimizer.rateInForce(chain(own, Optimizer.freeze('x')), [{ steps: 0 }, null], 'x')).toBe(0)
  })

  it('is held to what it says of itself: a gain uphill, determinism, its place after the rate, and its own demands', () => {
    const careful = Optimizer.define({
      name: 'careful',
      about: 'as it is',
      memory: t.null,
      init: () => () => null,
      update: () => gradient => [gradient, null],
      gain: () => () => 2,
      needsDeterminism: true,
      afterRate: true,
      misfits: () => (shapes, printed) =>
        Problem.unless('mean' in shapes, 'optimizer', printed, 'for this score', 'choose another')
    })
    expect(
      Optimizer.incompatibilities({ shapes: { means: [3] }, random: 'noise' })(careful)
        .map(Problem.show)
        .map(message => message.replace(/ is not .*/, ''))
    ).toEqual(['expectation: noise', ...Array<string>(3).fill('optimizer: Optimizer.careful')])
    expect(
      Optimizer.incompatibilities({ shapes: { mean: [3] }, random: null })(chain(Optimizer.scale(-1), careful))
    ).toEqual([])
    expect(Optimizer.rateInForce(chain(Optimizer.scale(-1), careful), [null, null])).toBe(2)
  })
})

it('reads the JSON of the first version', () => {
  const json = {
    _tag: 'Chain',
    parts: [
      { _tag: 'ScaleByPolyak', lowerBound: '-0', largest: 'Infinity' },
      { _tag: 'Only', names: ['logits'], part: { _tag: 'Zero' } },
      { _tag: 'Partition', rules: { means: { _tag: 'ScaleByRate', rate: { _tag: 'Constant', rate: 0.1 } } } },
      { _tag: 'Project', region: { _tag: 'Ball', radius: 4 } }
    ]
  }
  expect(codec.decode(json)).toEqual(
    E.right(
      chain(
        Optimizer.scaleByPolyak({ lowerBound: -0, largest: Infinity }),
        Optimizer.only('logits', Optimizer.zero),
        Optimizer.partition({ means: Optimizer.gradientDescent({ rate: 0.1 }) }),
        Optimizer.project(Region.ball({ radius: 4 }))
      )
    )
  )
})

describe('in few words', () => {
  it.each<readonly [O, unknown]>([
    [Optimizer.adam({ rate: 0.1 }), { methods: ['Adam'], rates: [Rate.constant(0.1)], frozen: [] }],
    [
      chain(Optimizer.momentum({ rate: 0.1 }), Optimizer.freeze('logits')),
      { methods: ['momentum'], rates: [Rate.constant(0.1)], frozen: ['logits'] }
    ],
    [
      chain(Optimizer.scaleByRate(0.1), Optimizer.only('logits', Optimizer.scale(0))),
      { methods: [], rates: [Rate.constant(0.1)], frozen: ['logits'] }
    ],
    // A rate before it is not the rate of Adam.
    [chain(Optimizer.scaleByRate(0.1), Optimizer.scaleByAdam()), null],
    [chain(Optimizer.clipByValue(1), Optimizer.adam({ rate: 0.1 })), null]
  ])('%j', (optimizer, wanted) => {
    expect(pipe(Optimizer.brief(optimizer), O.toNullable)).toEqual(wanted)
  })
})
