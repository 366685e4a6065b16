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

describe('quantiles of t in the last tail that a double can hold', () => {
  // By bisection of log ½ I(ν/2, ½) with 50 digits (mpmath 1.3).
  it.each([
    [0.5, 1e-154, 1.0284911563163401e307],
    [0.7, 1e-200, 9.7570040181027363e284],
    [1, 1e-290, 3.1830988618379065e289],
    [1, 1.4e-308, 2.2736420441699331e307],
    [1, 2e-309, 1.5915494309189543e308],
    [1, 1e-310, Infinity],
    [1, 5e-324, Infinity],
    [0.5, 1e-200, Infinity],
    [1.5, 1e-300, 5.2194694273446363e199],
    [1.5, 5e-324, 1.7992986474453173e215],
    [2, 1.4e-308, 5.9761430466719678e153],
    [2, 1e-318, 7.0710722366058687e158],
    [3, 1e-310, 2.2257698238224443e103],
    [3, 5e-324, 6.0657619779398583e107],
    [10, 5e-324, 5.4907110967913065e32],
    [300, 1e-318, 195.61874493407584]
  ])('ν = %f has its quantile at p = %d', (nu, p, wanted) => {
    const line = Mixture.of({ means: [[0]], tails: [nu] })
    const x = Mixture.quantile(p)(line)
    // log p has 745 · 2⁻⁵² of rounding, a few times over, divided by ν.
    if (wanted === Infinity) expect(x).toBe(-Infinity)
    else expect(Math.abs(-x / wanted - 1)).toBeLessThan(2e-12)
  })

  it('a narrow t has a quantile where the standard one has none', () => {
    const narrow = Mixture.of({ means: [[0]], variances: [[1e-40]], tails: [1] })
    expect(Math.abs(-Mixture.quantile(1e-310)(narrow) / 3.1830988618379164e289 - 1)).toBeLessThan(2e-12)
  })

  it('two Cauchys as wide as each other have the quantile of one', () => {
    const two = Mixture.of({ means: [[0], [1]], tails: [1, 1] })
    expect(Math.abs(-Mixture.quantile(2e-309)(two) / 1.5915494309189543e308 - 1)).toBeLessThan(1e-12)
    expect(Mixture.quantile(1e-310)(two)).toBe(-Infinity)
  })
})
