/** Numbers near the ends of the range of doubles: each right, or refused with the range. */
import { describe, expect, it } from 'vitest'
import { compute, cosh, grad, logGamma, sum, tensor, type Tensor } from '../../../lib/index.js'
import * as Mixture from '../../../src/mixture/index.js'

const line = (...values: ReadonlyArray<number>) => ({ rows: values.length, dim: 1, values: Float64Array.from(values) })
const cauchy = Mixture.of({ means: [[0]], tails: [1] })

describe('a Cauchy distribution', () => {
  it.each([1e-100, 1e-155, 1e-160, 1e-200, 1e-300])('has its quantile at p = %d, where p is 1/π|x|', p => {
    expect(Mixture.quantile(p)(cauchy) * Math.PI * p).toBeCloseTo(-1, 11)
  })

  it.each([1e100, 1e154, 1e155, 1e200, 1e300])('has its distribution function at −%d', x => {
    expect(Mixture.cdf(-x)(cauchy) * Math.PI * x).toBeCloseTo(1, 11)
  })

  it('has its log-density up to 1e150, and is refused beyond 1e154', () => {
    const [found] = Mixture.logDensity(line(1e150))(cauchy)
    expect(found).toBeCloseTo(-Math.log(Math.PI) - 2 * 150 * Math.LN10, 9)
    for (const ask of [Mixture.logDensity, Mixture.score, Mixture.divergence])
      expect(() => ask(line(0, 1e200))(cauchy)).toThrow(/row 1 .*1e150/)
  })
})

it.each([1e-60, 1e-150])(
  'the divergence of a component of scale %d is right; with tails it is that, or refused',
  scale => {
    const narrow = { means: [[0]], variances: [scale * scale] }
    expect(Mixture.divergence(line(scale))(Mixture.of(narrow))[0] * scale * scale).toBeCloseTo(-1, 11)
    const ask = () => Mixture.divergence(line(scale))(Mixture.of({ ...narrow, tails: [3] }))[0] * scale * scale
    // −4(3 − z²)/(3 + z²)² at z = 1
    if (scale > 1e-75) expect(ask()).toBeCloseTo(-0.5, 11)
    else expect(ask).toThrow(/row 0 .*Mixture\.rescaled/)
  }
)

describe('the tensor vocabulary', () => {
  it('has the derivative of cosh as far as cosh is finite', () => {
    const [found] = compute(() => grad((x: Tensor) => sum(cosh(x)))(tensor([710], [1]))).values
    expect(found / Math.sinh(710)).toBeCloseTo(1, 11)
  })

  it.each([1e16, 1e34, 1e36, 1e200, 1e305])('has log Γ and its derivative at %d', x => {
    const { values } = compute(() => logGamma(tensor([x], [1])))
    expect(values[0] / (x * (Math.log(x) - 1))).toBeCloseTo(1, 13)
    const [slope] = compute(() => grad((at: Tensor) => sum(logGamma(at)))(tensor([x], [1]))).values
    expect(slope / Math.log(x)).toBeCloseTo(1, 13)
  })
})
