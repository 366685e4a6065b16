/** Every built-in optimizer keeps its laws; a new one is one row. */
import { describe, expect, it } from 'vitest'
import { Rate, Region } from '../../src/index.js'
import * as Optimizer from '../../src/optimizer/index.js'
import * as laws from '../../src/laws/index.js'
import { optimizer, type OptimizerOptions } from '../../src/laws/optimizer.js'
import { sharpnessAware } from '../src/optimizer/own.js'
import { allHold, holdsAndSpeaks } from './holds.js'

const { chain, scale, scaleByRate } = Optimizer
const falling = Rate.exponential({ rate: 0.5, factor: 0.5, every: 25 })
const cosine = Rate.cosine({ rate: 0.5, steps: 6, warmUp: 2, final: 0.125 })
/** Where the minimum is reached at a constant rate, and where the rate must fall first. */
const fast = { lo: 0.5, hi: 2, steps: 80, within: 1e-8 }
const slow = { lo: 0.5, hi: 2, steps: 200, within: 1e-2 }

/** What Adam makes of a constant: its moving means, corrected for their start at 0, are that constant. */
const unit = (g: number): number => g / (Math.abs(g) + 1e-8)
/** 1 + decay + … + decayⁿ */
const geometric = (decay: number, n: number): number => (1 - decay ** (n + 1)) / (1 - decay)

/**
 * ε = 1e-8 stands beside √v̂, which is at least 1/64 of a gradient over the root of the eight of a walk, and for moving
 * means without correction a tenth of that: so scaled gradients take the same steps up to 1e-4.
 */
const invariant = { scaling: 'invariant', tolerance: 1e-4 } as const
const linear = { scaling: 'linear' } as const
/** Each name, or each array, is looked at as a whole. */
const byName = { namesAlike: false }

const table: ReadonlyArray<readonly [Optimizer.Optimizer, Partial<OptimizerOptions>]> = [
  // parts
  [chain(), { ...linear, constant: g => g }],
  [scale(-0.5), { ...linear, constant: g => -0.5 * g, descends: 2 }],
  [Optimizer.zero, { ...linear, constant: () => 0, descends: 2 }],
  [scaleByRate(0.5), { ...linear, constant: g => -0.5 * g, descends: 2, converges: fast }],
  [
    scaleByRate(Rate.exponential({ rate: 0.5, factor: 0.5, every: 4 })),
    { ...linear, constant: (g, n) => -0.5 * 0.5 ** (n / 4) * g }
  ],
  [
    scaleByRate(Rate.inverseSquareRoot({ rate: 0.5, after: 3 })),
    { ...linear, constant: (g, n) => (-0.5 * g) / Math.sqrt(1 + n / 3) }
  ],
  [
    scaleByRate(cosine),
    {
      ...linear,
      constant: (g, n) =>
        -g * (n < 2 ? 0.25 * (n + 1) : n >= 6 ? 0.125 : 0.125 + 0.375 * Math.cos((Math.PI * (n - 2)) / 8) ** 2)
    }
  ],
  [Optimizer.trace(0.5), { ...linear, constant: (g, n) => g * geometric(0.5, n) }],
  [Optimizer.nesterovTrace(0.5), { ...linear, constant: (g, n) => g * (1 + 0.5 * geometric(0.5, n)) }],
  [Optimizer.sign, { scaling: 'invariant', constant: Math.sign }],
  [Optimizer.scaleByAdam(), { ...invariant, constant: unit }],
  [Optimizer.scaleByAdam({ beta1: 0, beta2: 0.5, epsilon: 1e-20 }), { scaling: 'invariant', constant: Math.sign }],
  [Optimizer.scaleByAmsGrad(), { ...invariant, constant: unit }],
  [
    Optimizer.scaleByNAdam({ beta1: 0.5 }),
    {
      ...invariant,
      constant: (g, n) => unit(g) * ((0.5 * (1 - 0.5 ** (n + 1))) / (1 - 0.5 ** (n + 2)) + 0.5 / (1 - 0.5 ** (n + 1)))
    }
  ],
  // At β_2 = 0.5 no gradient is counted on enough to be divided by.
  [Optimizer.scaleByRAdam({ beta2: 0.5 }), { constant: g => g }],
  [
    Optimizer.scaleByRms(),
    { ...invariant, constant: (g, n) => g / (Math.abs(g) * Math.sqrt(1 - 0.9 ** (n + 1)) + 1e-8) }
  ],
  [Optimizer.scaleByStandardDeviation({ epsilon: 0.125 }), {}],
  [Optimizer.scaleByAdagrad(), { ...invariant, constant: (g, n) => Math.sign(g) / Math.sqrt(n + 1) }],
  [Optimizer.scaleByAdadelta(), {}],
  [Optimizer.scaleByLion(), { scaling: 'invariant', constant: Math.sign }],
  [Optimizer.scaleByPolyak({ lowerBound: -100 }), {}],
  [Optimizer.reduceOnPlateau({ patience: 1 }), {}],
  // The memory of curvature is a quotient of sums that may cancel.
  [Optimizer.scaleByLbfgs({ memory: 2 }), { tolerance: 1e-6 }],
  // Differences of gradients are good to half the digits.
  [Optimizer.scaleByNewton(), { tolerance: 1e-6 }],
  [Optimizer.clipByValue(1), { constant: g => Math.min(Math.max(g, -1), 1) }],
  [Optimizer.clipByNorm(1), { ...byName, constant: g => Math.min(Math.max(g, -1), 1) }],
  [Optimizer.clipByGlobalNorm(1), { constant: g => Math.min(Math.max(g, -1), 1) }],
  [Optimizer.weightDecay(0.5), {}],
  [Optimizer.only('means', Optimizer.trace(0.5)), { ...linear, ...byName }],
  [
    Optimizer.partition({ means: Optimizer.gradientDescent({ rate: 0.5 }) }),
    { ...linear, ...byName, frozen: ['logits'] }
  ],
  // recipes
  [
    Optimizer.momentum({ rate: 0.25, decay: 0.5 }),
    { ...linear, constant: (g, n) => -0.25 * g * geometric(0.5, n), converges: fast }
  ],
  [Optimizer.nesterov({ rate: 0.25, decay: 0.5 }), { ...linear, converges: fast }],
  [Optimizer.signDescent({ rate: falling }), { scaling: 'invariant', converges: slow }],
  [
    Optimizer.adam({ rate: falling }),
    { ...invariant, constant: (g, n) => -0.5 * 0.5 ** (n / 25) * unit(g), converges: slow }
  ],
  [Optimizer.adamW({ rate: falling }), { converges: slow }],
  // Its greatest second moment stays that of the start, so its rate must fall more slowly.
  [
    Optimizer.amsGrad({ rate: Rate.exponential({ rate: 0.5, factor: 0.5, every: 50 }) }),
    { ...invariant, converges: slow }
  ],
  [Optimizer.nAdam({ rate: falling }), { ...invariant, converges: slow }],
  [Optimizer.rAdam({ rate: falling, beta2: 0.9 }), { converges: slow }],
  [Optimizer.rmsProp({ rate: falling }), { ...invariant, converges: slow }],
  [Optimizer.adagrad({ rate: 0.5 }), { ...invariant, converges: slow }],
  [Optimizer.lion({ rate: falling, decay: 0.25 }), { converges: slow }],
  [Optimizer.polyak({ largest: Infinity }), { converges: fast }],
  [Optimizer.lbfgs(), { tolerance: 1e-6, descends: 2, converges: { ...fast, steps: 20 } }],
  [Optimizer.newton(), { tolerance: 1e-6, descends: 2, converges: { ...fast, steps: 3 } }],
  // what comes after the rate
  [chain(scaleByRate(0.5), Optimizer.average()), { ...linear, converges: fast }],
  [chain(scaleByRate(0.5), Optimizer.ema()), { ...linear, converges: fast }],
  [chain(scaleByRate(0.5), Optimizer.lookahead({ every: 3 })), { converges: { ...fast, steps: 160 } }],
  [chain(scaleByRate(0.5), Optimizer.project(Region.box({ least: -1, most: 2 }))), { converges: fast }],
  [chain(scaleByRate(0.5), Optimizer.project(Region.ball({ radius: 2 }))), { ...byName, converges: fast }],
  [chain(Optimizer.adam({ rate: 0.1 }), Optimizer.freeze('means')), { ...byName, frozen: ['means'] }],
  // One's own.
  [sharpnessAware({ radius: 0.125 }), {}],
  [
    chain(sharpnessAware({ radius: 0.125 }), scaleByRate(0.5), Optimizer.freeze('means')),
    { ...byName, frozen: ['means'] }
  ]
]

it.each(table.map(([o, options]) => ({ name: Optimizer.show(o), held: optimizer(o, options) })))(
  '$name',
  ({ held }) => {
    allHold(held, law => holdsAndSpeaks(law, 2))
  }
)

describe('functions that are not ours', () => {
  const { optax, torch } = laws.ofFunction
  const failed = (optimizer: Optimizer.Optimizer, claims: Partial<laws.OptimizerOptions>): ReadonlyArray<string> =>
    laws.examine(optimizer, { claims, runs: 30 }).rows.flatMap(({ law, verdict }) => (verdict === 'fails' ? [law] : []))

  it('may take differences of parameters, and have an ε', () => {
    const descent = torch('descent', {
      state: () => null,
      step: (params, gradients) => {
        gradients.forEach((g, i) => {
          params[i] -= 0.1 * g
        })
      }
    })
    const adagrad = optax<ReadonlyArray<number>>('adagrad', {
      init: params => params.map(() => 0),
      update: (gradients, sums) => {
        const after = sums.map((sum, i) => sum + gradients[i] ** 2)
        return [gradients.map((g, i) => (-0.1 * g) / (Math.sqrt(after[i]) + 1e-7)), after]
      }
    })
    expect([failed(descent, { scaling: 'linear' }), failed(adagrad, { scaling: 'invariant' })]).toEqual([[], []])
  })

  it('that change what they are given are not pure', () => {
    const memory = optax<number[]>('memory', {
      init: params => params.map(() => 0),
      update: (gradients, sums) => {
        gradients.forEach((g, i) => {
          sums[i] = 0.9 * sums[i] + g
        })
        return [sums.map(sum => -0.1 * sum), sums]
      }
    })
    const gradient = optax('gradient', {
      init: () => null,
      update: gradients => {
        Array.prototype.fill.call(gradients, 1)
        return [gradients, null]
      }
    })
    expect([memory, gradient].map(optimizer => failed(optimizer, {}))).toEqual([
      expect.arrayContaining(['update is pure']),
      expect.arrayContaining(['update is pure'])
    ])
  })
})
