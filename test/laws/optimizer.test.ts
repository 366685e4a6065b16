/** Every built-in optimizer keeps its laws; a new one is one row. */
import { describe, it } from 'vitest'
import { Optimizer, Rate } from '../../src/index.js'
import { optimizer, type Options } from '../../src/laws/optimizer.js'
import { holds } from './holds.js'

const { chain, scale, scaleByAdam, scaleByRate, trace } = Optimizer
const exponential = Rate.exponential({ rate: 0.5, factor: 0.5, every: 4 })
const cosine = Rate.cosine({ rate: 0.5, steps: 6, warmUp: 2, final: 0.125 })
const inverse = Rate.inverseSquareRoot({ rate: 0.5, after: 3 })
/** What Adam makes of a constant: its moving means, corrected for their start at 0, are that constant. */
const sign = (g: number): number => g / (Math.abs(g) + 1e-8)
/** g + decay·g + … after n steps. */
const geometric = (decay: number, n: number): number => (1 - decay ** (n + 1)) / (1 - decay)

const table: ReadonlyArray<readonly [Optimizer.Optimizer, Partial<Options>]> = [
  [chain(), { scaling: 'linear', constant: g => g }],
  [scale(-0.5), { scaling: 'linear', constant: g => -0.5 * g, descends: 2 }],
  [trace(0.5), { scaling: 'linear', constant: (g, n) => g * geometric(0.5, n) }],
  // ε beside √v̂: v̂ is at least the square of one gradient of 1/64, over the eight of a walk.
  [scaleByAdam(), { scaling: 'invariant', tolerance: 1e-4, constant: sign }],
  [scaleByAdam({ beta1: 0, beta2: 0.5, epsilon: 1e-20 }), { scaling: 'invariant' }],
  [scaleByRate(exponential), { scaling: 'linear', constant: (g, n) => -0.5 * 0.5 ** (n / 4) * g }],
  [scaleByRate(inverse), { scaling: 'linear', constant: (g, n) => (-0.5 * g) / Math.sqrt(1 + n / 3) }],
  [
    scaleByRate(cosine),
    {
      scaling: 'linear',
      constant: (g, n) =>
        -g * (n < 2 ? 0.25 * (n + 1) : n >= 6 ? 0.125 : 0.125 + 0.375 * Math.cos((Math.PI * (n - 2)) / 8) ** 2)
    }
  ],
  [
    Optimizer.gradientDescent({ rate: 0.5 }),
    { scaling: 'linear', constant: g => -0.5 * g, descends: 2, converges: { lo: 0.5, hi: 2, steps: 40, within: 1e-8 } }
  ],
  [
    Optimizer.momentum({ rate: 0.25, decay: 0.5 }),
    {
      scaling: 'linear',
      constant: (g, n) => -0.25 * g * geometric(0.5, n),
      converges: { lo: 0.5, hi: 2, steps: 80, within: 1e-8 }
    }
  ],
  [
    Optimizer.adam({ rate: Rate.exponential({ rate: 0.5, factor: 0.5, every: 25 }) }),
    {
      scaling: 'invariant',
      tolerance: 1e-4,
      constant: (g, n) => -0.5 * 0.5 ** (n / 25) * sign(g),
      converges: { lo: 0.5, hi: 2, steps: 200, within: 1e-2 }
    }
  ]
]

describe.each(table.map(([o, options]) => ({ name: Optimizer.show(o), held: optimizer(o, options) })))(
  '$name',
  ({ held }) => {
    it.each(held)('$name', holds)
  }
)
