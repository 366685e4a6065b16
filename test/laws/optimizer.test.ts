/** What is claimed of optimizers beyond what all of them keep. */
import { describe, expect, it } from 'vitest'
import { Rate, Region } from '../../src/index.js'
import * as Optimizer from '../../src/optimizer/index.js'
import * as laws from '../../src/laws/index.js'
import { optimizer, type OptimizerOptions } from '../../src/laws/optimizer.js'
import { sharpnessAware } from '../src/optimizer/own.js'
import { allHold, holdsAndSpeaks } from './holds.js'

const { chain, scaleByRate } = Optimizer
const falling = Rate.exponential({ rate: 0.5, factor: 0.5, every: 25 })
/** Where the minimum is reached at a constant rate, and where the rate must fall first. */
const fast = { lo: 0.5, hi: 2, steps: 80, within: 1e-8 }
const slow = { lo: 0.5, hi: 2, steps: 200, within: 1e-2 }

/** Their steps are held to arithmetic by test/src/optimizer: here is what else is claimed of some. */
const table: ReadonlyArray<readonly [Optimizer.Optimizer, Partial<OptimizerOptions>]> = [
  [scaleByRate(0.5), { scaling: 'linear', constant: g => -0.5 * g, descends: 2, converges: fast }],
  [Optimizer.trace(0.5), { scaling: 'linear', constant: (g, n) => (g * (1 - 0.5 ** (n + 1))) / 0.5 }],
  // ε = 1e-8 stands beside √v̂, at least 1/64 of a gradient over the root of the eight of a walk: the same steps up to 1e-4.
  [
    Optimizer.adam({ rate: falling }),
    {
      scaling: 'invariant',
      tolerance: 1e-4,
      constant: (g, n) => (-0.5 * 0.5 ** (n / 25) * g) / (Math.abs(g) + 1e-8),
      converges: slow
    }
  ],
  [Optimizer.lion({ rate: falling, decay: 0.25 }), { converges: slow }],
  // The memory of curvature is a quotient of sums that may cancel.
  [Optimizer.lbfgs(), { tolerance: 1e-6, descends: 2, converges: { ...fast, steps: 20 } }],
  [chain(scaleByRate(0.5), Optimizer.project(Region.ball({ radius: 2 }))), { converges: fast }],
  [Optimizer.partition({ means: Optimizer.gradientDescent({ rate: 0.5 }) }), { frozen: ['logits'] }],
  [chain(sharpnessAware({ radius: 0.125 }), scaleByRate(0.5), Optimizer.freeze('means')), { frozen: ['means'] }]
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
