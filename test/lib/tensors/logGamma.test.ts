/** log Γ of tensors beside that of numbers, and its derivatives beside ψ and differences of it. */
import { expect, it } from 'vitest'
import { compute, Gamma, logGamma, sum, tensor, valueAndGrad } from '../../../lib/index.js'

const at = [1e-3, 0.2, 0.5, 1, 1.5, 2, 3.7, 9, 10, 40, 1e3, 1e6]

it('is log Γ', () => {
  const { values } = compute(() => logGamma(tensor(at, [at.length])))
  at.forEach((x, i) => {
    const wanted = Gamma.logGamma(x)
    // Ten products, and a difference of two numbers of its size or of log 10!, 15.
    expect(Math.abs(values[i] - wanted), String(x)).toBeLessThan(20 * 2 ** -52 * Math.max(15, Math.abs(wanted)))
  })
})

it('has the derivative ψ', () => {
  const x = { shape: [at.length], values: Float64Array.from(at) }
  const { gradient } = valueAndGrad<'x'>(({ x }) => sum(logGamma(x)))({ x })
  at.forEach((x, i) => {
    const wanted = Gamma.digamma(x)
    expect(Math.abs(gradient.x.values[i] - wanted), String(x)).toBeLessThan(1e-13 * Math.max(1, Math.abs(wanted)))
  })
})
