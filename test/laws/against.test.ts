/** Published recurrences: what is built in is what is published, what is not is caught, and the references themselves are right. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Covariance, Optimizer, Sampler, Schedule, Score, Weighting, type Case } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import type { Reference } from '../../src/laws/against.js'

const { published } = laws

const isHeld = <T extends Case.AnyValue>(reference: Reference<T>, instance: T): boolean => {
  const [{ property }] = laws.against(reference)(instance)
  return !fc.check(property, { seed: 3, numRuns: 12, endOnFailure: true }).failed
}

const rate = 0.1

describe('what is built in is what is published', () => {
  it.each([
    ['adam', published.adam({ rate }), Optimizer.adam({ rate })],
    ['adamW', published.adamW({ rate, decay: 0.05 }), Optimizer.adamW({ rate, decay: 0.05 })],
    ['rmsProp', published.rmsProp({ rate }), Optimizer.rmsProp({ rate })],
    ['lion', published.lion({ rate }), Optimizer.lion({ rate })]
  ] as const)('%s', (_, reference, instance) => {
    expect(isHeld(reference, instance)).toBe(true)
  })

  it.each([
    ['ddpm', published.ddpm(), Sampler.ancestral],
    ['ddim', published.ddim({ eta: 0.5 }), Sampler.ddim({ eta: 0.5 })],
    ['dpmSolver2M', published.dpmSolver2M(), Sampler.dpmSolver2M],
    // Euler’s method in σ/α.
    ['edm', published.edm({ heun: false }), Sampler.ddim()]
  ] as const)('%s', (_, reference, instance) => {
    expect(isHeld(reference, instance)).toBe(true)
  })

  it('schedules and weightings', () => {
    expect(isHeld(published.vp(), Schedule.vpLinear())).toBe(true)
    expect(isHeld(published.subVp(), Schedule.subVp())).toBe(true)
    expect(isHeld(published.ve(), Schedule.varianceExploding())).toBe(true)
    expect(isHeld(published.edmLevels(), Schedule.edm)).toBe(true)
    expect(isHeld(published.cosine(), Schedule.cosine())).toBe(true)
    expect(isHeld(published.minSnr(), Weighting.minSnr())).toBe(true)
    expect(isHeld(published.softMinSnr(), Weighting.softMinSnr())).toBe(true)
    expect(isHeld(published.truncatedSnr(), Weighting.truncatedSnr())).toBe(true)
    expect(isHeld(published.edmWeight(), Weighting.edm())).toBe(true)
    expect(isHeld(published.sigmoid(), Weighting.sigmoid())).toBe(true)
  })
})

describe('M-steps that mclust has in closed form', () => {
  const of = (name: Covariance.Name): Score.Score<string> =>
    Score.mixture({ components: 2, covariance: Covariance.named(name) })
  it.each(['EII', 'VII', 'EEI', 'VVI', 'EEE', 'VVV'] as const)('%s', model => {
    expect(isHeld(published.mclust({ model }), of(model))).toBe(true)
    expect(isHeld(published.mclust({ model }), of(model === 'VVV' ? 'EEE' : 'VVV'))).toBe(false)
  })
})

it('what differs is caught', () => {
  expect(isHeld(published.adamW({ rate, decay: 0.05 }), Optimizer.adam({ rate }))).toBe(false)
  expect(isHeld(published.rmsProp({ rate, insideRoot: true }), Optimizer.rmsProp({ rate }))).toBe(false)
  expect(isHeld(published.lion({ rate, decay: 0.1 }), Optimizer.lion({ rate }))).toBe(false)
  expect(isHeld(published.ddpm({ variance: 'forward' }), Sampler.ancestral)).toBe(false)
  expect(isHeld(published.ddim({ eta: 0.5 }), Sampler.ddim({ eta: 0.6 }))).toBe(false)
  expect(isHeld(published.uniPC(), Sampler.dpmSolver2M)).toBe(false)
  // Heun’s and Euler’s methods in the angle, not in σ/α.
  expect(isHeld(published.edm(), Sampler.heun)).toBe(false)
  expect(isHeld(published.edm({ heun: false }), Sampler.euler)).toBe(false)
  expect(isHeld(published.cosine({ offset: 0 }), Schedule.cosine())).toBe(false)
  expect(isHeld(published.minSnr({ of: 'noise' }), Weighting.minSnr())).toBe(false)
})

/** What a reference wants of a case, whatever the instance does. */
const wanted = <T extends Case.AnyValue>(reference: Reference<T>, instance: T, each: object): ReadonlyArray<number> => {
  const [{ says }] = laws.against(reference)(instance)
  return says?.(each)[0].right as ReadonlyArray<number>
}
const stepsOf = (reference: Reference<Optimizer.Optimizer>, gradients: ReadonlyArray<number>, start = 1.5) =>
  wanted(reference, Optimizer.chain(), { start, gradients })

describe('the references are right', () => {
  const gradients = [1, -0.5, 2, 0.25, -1.5]
  // PyTorch 2.6 in double precision, from 1.5; ε of Adafactor is used otherwise there.
  it.each([
    [
      'adamW',
      published.adamW({ rate, decay: 0.05 }),
      [-0.10749999900000007, -0.03359620363409688, -0.07260567851492938, -0.06632916429092517, -0.018738126441816494]
    ],
    [
      'rmsProp',
      published.rmsProp({ rate }),
      [-0.3162277560168383, 0.14744195180707131, -0.2818579261109322, -0.036884551486352946, 0.18772599151828562]
    ],
    [
      'adafactor',
      published.adafactor(),
      [-0.014999999999999902, 0.009841232028189317, -0.014948412320281879, -0.0031763084729516944, 0.014767165112349545]
    ]
  ] as const)('as PyTorch has them: %s', (_, reference, steps) => {
    stepsOf(reference, gradients).forEach((step, i) => {
      expect(Math.abs(step - steps[i])).toBeLessThan(1e-12)
    })
  })

  it('schedule-free: of a constant gradient the average is that of the first n, with or without the start', () => {
    const [n, beta] = [7, 0.9]
    for (const before of [0, 1]) {
      const steps = stepsOf(
        published.scheduleFree({ rate, beta, before }),
        Array.from({ length: n }, () => 2)
      )
      // z_i = 1.5 − 0.2 i; x is the mean of z_1 … z_n, and of the start.
      const mean = 1.5 - (0.2 * (n * (n + 1))) / 2 / (n + before)
      const end = (1 - beta) * (1.5 - 0.2 * n) + beta * mean
      expect(steps.reduce((sum, step) => sum + step, 1.5)).toBeCloseTo(end, 12)
    }
  })

  it('Adafactor: the first step is its relative rate, as the mean of squares is the square', () => {
    expect(stepsOf(published.adafactor(), [3])[0]).toBeCloseTo(-1.5 * 0.01, 12)
    expect(stepsOf(published.adafactor({ rate }), [-3])[0]).toBeCloseTo(0.1, 12)
  })

  it('Prodigy: from a first distance of 1e-6 it comes to the minimum of |x| that is 1.5 away', () => {
    const gradients = Array.from({ length: 60 }, () => 1)
    const steps = stepsOf(published.prodigy(), gradients)
    expect(Math.abs(steps[0])).toBeLessThan(1e-5)
    expect(Math.abs(steps[59])).toBeGreaterThan(1e-3)
  })

  it.each([
    ['edm', 2, published.edm()],
    ['edm', 1, published.edm({ heun: false })],
    ['dpmSolver2', 2, published.dpmSolver2()],
    ['dpmSolver2M', 2, published.dpmSolver2M()],
    ['uniPC', 3, published.uniPC()],
    ['uniPC', 3, published.uniPC({ variant: 'bh1' })]
  ] as const)('%s converges to the flow with order %i', (_, order, reference) => {
    const schedule = Schedule.ornsteinUhlenbeck
    const errorOf = (steps: number): number => {
      const levels = Array.from({ length: steps + 1 }, (_, i) => -3 + (6 * (i + (i % 2) / 5)) / steps)
      const each = { schedule, mean: 1, variance: 0.5, start: 1.5, levels, seed: 1 }
      const states = wanted(reference, Sampler.ancestral, each)
      const [first, last] = [levels[0], levels[steps]].map(level => {
        const { alpha, sigma } = Schedule.level(Schedule.timeOfLogSnr(level)(schedule))(schedule)
        return { mean: alpha, deviation: Math.sqrt(alpha * alpha * 0.5 + sigma * sigma) }
      })
      return Math.abs(states[steps] - (last.mean + (last.deviation / first.deviation) * (1.5 - first.mean)))
    }
    expect(Math.abs(Math.log2(errorOf(80) / errorOf(160)) - order)).toBeLessThan(0.2)
  })
})

describe('functions on plain arrays', () => {
  const torch = (decay: number): Optimizer.Optimizer =>
    laws.ofFunction.torch('mine', {
      state: params => ({ n: 0, m: params.map(() => 0), v: params.map(() => 0) }),
      step: (params, gradients, state) => {
        state.n += 1
        gradients.forEach((g, i) => {
          state.m[i] = 0.9 * state.m[i] + 0.1 * g
          state.v[i] = 0.999 * state.v[i] + 0.001 * g * g
          const [m, v] = [state.m[i] / (1 - 0.9 ** state.n), state.v[i] / (1 - 0.999 ** state.n)]
          params[i] -= rate * ((m === 0 ? 0 : m / (Math.sqrt(v) + 1e-8)) + decay * params[i])
        })
      }
    })

  it('as PyTorch has them are held to laws and to what is published', () => {
    expect(isHeld(published.adamW({ rate, decay: 0.05 }), torch(0.05))).toBe(true)
    expect(isHeld(published.adamW({ rate, decay: 0.05 }), torch(0.1))).toBe(false)
    expect(laws.check(torch(0.05), { claims: { coordinatesAlike: true }, runs: 4 }).passed).toBe(true)
  })

  it('as optax has them: one that forgets its state is caught', () => {
    const lasting = (keeps: boolean): Optimizer.Optimizer =>
      laws.ofFunction.optax('momentum', {
        init: params => params.map(() => 0),
        update: (gradients, trace: ReadonlyArray<number>) => {
          const next = gradients.map((g, i) => g + 0.5 * trace[i])
          return [next.map(x => -rate * x), keeps ? next : trace]
        }
      })
    const closed = (g: number, n: number): number => -rate * g * (2 - 0.5 ** n)
    const failing = (keeps: boolean): ReadonlyArray<string> =>
      laws
        .examine(lasting(keeps), { claims: { constant: closed }, runs: 4 })
        .rows.filter(({ verdict }) => verdict === 'fails')
        .map(({ law }) => law)
    expect(failing(true)).toEqual([])
    expect(failing(false)).toEqual(['a constant gradient takes the steps of its closed form'])
  })

  it('a weight and a step', () => {
    expect(
      isHeld(
        published.p2(),
        laws.ofFunction.weighting('p2', snr => 1 / (1 + snr))
      )
    ).toBe(true)
    const ddim = (sign: number): Sampler.Sampler =>
      laws.ofFunction.sampler('ddim', (rows, { from, to, score }) => {
        const scores = score(rows)
        return rows.map((row, i) =>
          row.map((x, j) => {
            const noise = -sign * from.sigma * scores[i][j]
            return (to.alpha * (x - from.sigma * noise)) / from.alpha + to.sigma * noise
          })
        )
      })
    expect(isHeld(published.ddim(), ddim(1))).toBe(true)
    expect(isHeld(published.ddim(), ddim(-1))).toBe(false)
  })

  it('a loss: its gradient, the order of its rows, and that it is a mean', () => {
    const loss =
      (factor: number, power: number) =>
      (
        params: ReadonlyArray<number>,
        rows: ReadonlyArray<ReadonlyArray<number>>
      ): { readonly value: number; readonly gradient: ReadonlyArray<number> } => {
        const count = rows.length ** power
        const errors = rows.map(([x, y]) => ({ x, off: y - params[0] * x - params[1] }))
        return {
          value: errors.reduce((sum, { off }) => sum + off * off, 0) / count,
          gradient: [
            (-factor * errors.reduce((sum, { x, off }) => sum + x * off, 0)) / count,
            (-2 * errors.reduce((sum, { off }) => sum + off, 0)) / count
          ]
        }
      }
    const failing = (factor: number, power: number): ReadonlyArray<string> =>
      laws.ofFunction
        .loss(loss(factor, power), { parameters: 2, dim: 2 })
        .filter(({ property }) => fc.check(property, { seed: 1, numRuns: 20 }).failed)
        .map(({ name }) => name)
    expect(failing(2, 1)).toEqual([])
    expect(failing(1, 1)).toEqual(['gradient is that of the value'])
    expect(failing(2, 0)).toEqual(['is the mean over the rows'])
  })
})
