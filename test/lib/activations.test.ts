/** Activations of the vocabulary, by another program and by differences. */
import { describe, expect, it } from 'vitest'
import { compute, gelu, silu, sum, tensor, valueAndGrad, type Tensor } from '../../lib/index.js'

describe('activations', () => {
  // By Python's math.exp and math.erf.
  const x = [-3, -0.5, 0, 1, 2.5]
  it.each([
    ['silu', silu, [-0.14227761953270035, -0.1887703343990727, 0, 0.7310585786300049, 2.3103545499468914]],
    ['gelu', gelu, [-0.00404969409489031, -0.15426876936299344, 0, 0.8413447460685429, 2.4844758366855597]]
  ] as const)('%s', (_, f, values) => {
    compute(() => f(tensor(x, [5]))).values.forEach((y, i) => {
      expect(Math.abs(y - values[i])).toBeLessThan(1e-15)
    })
    const { gradient } = valueAndGrad(({ x }: { readonly x: Tensor }) => sum(f(x)))({
      x: { shape: [5], values: Float64Array.from(x) }
    })
    const h = 1e-5
    const at = (by: number): Float64Array =>
      compute(() =>
        f(
          tensor(
            x.map(x => x + by),
            [5]
          )
        )
      ).values
    const up = at(h)
    const down = at(-h)
    gradient.x.values.forEach((g, i) => {
      expect(Math.abs(g - (up[i] - down[i]) / (2 * h))).toBeLessThan(1e-9)
    })
  })
})
